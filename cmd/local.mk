# SPDX-License-Identifier: Apache-2.0
# The command line is a library so that its unit test can link it with another runtime.
noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = \
	%D%/cli.c \
	%D%/commands.c %D%/commands.h \
	%D%/create.c %D%/create_options.h \
	%D%/delete.c \
	%D%/descriptors.c %D%/descriptors.h \
	%D%/dump_tables.c \
	%D%/events.c \
	%D%/exec.c \
	%D%/features.c \
	%D%/globals.c \
	%D%/help.c \
	%D%/help_verb.c \
	%D%/kill.c \
	%D%/kvm.c \
	%D%/list.c \
	%D%/match.c %D%/match.h \
	%D%/options.c %D%/options.h \
	%D%/output.c \
	%D%/pause.c \
	%D%/ps.c \
	%D%/resume.c \
	%D%/run.c \
	%D%/spec.c \
	%D%/start.c \
	%D%/state.c \
	%D%/tables.c \
	%D%/update.c

bin_PROGRAMS += ringwall
ringwall_SOURCES = %D%/main.c
ringwall_LDADD = libcmd.a libruntime.a libkvm.a librootfs.a libnamespaces.a libcgroups.a liboci.a libbase.a \
	$(YAJL_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(NL_LIBS) -lm $(COMPRESSION_LIBS)
if EARLY_ENTRY
ringwall_LDADD += libentry.a
endif
ringwall_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)

# The program called by this name asks for --isolation kvm, so that an engine can name it as a second
# runtime.
install-exec-hook:
	cd $(DESTDIR)$(bindir) && rm -f ringwall-kvm && $(LN_S) ringwall ringwall-kvm
uninstall-hook:
	rm -f $(DESTDIR)$(bindir)/ringwall-kvm

dist_man_MANS += man/ringwall.1
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/completions/ringwall.bash
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = contrib/completions/_ringwall
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = contrib/completions/ringwall.fish

# One template for the system's manager and those of users.
systemunitdir = $(prefix)/lib/systemd/system
dist_systemunit_DATA = contrib/systemd/ringwall@.service
userunitdir = $(prefix)/lib/systemd/user
dist_userunit_DATA = contrib/systemd/ringwall@.service
EXTRA_DIST += contrib/podman/ringwall.conf contrib/docker/daemon.json contrib/containerd/config.toml \
	contrib/kubernetes/runtimeclass.yaml
