# SPDX-License-Identifier: Apache-2.0
# Programs that the shell tests use.  tests/init is the only file of their containers: static, plain,
# and never built with sanitizers.
noinst_PROGRAMS += tests/jsonedit
check_PROGRAMS += tests/exchange tests/fuse-silent tests/init tests/notify-listen tests/recvtty tests/seccomp-agent

tests_init_SOURCES = \
	%D%/init/files.c \
	%D%/init/init.h \
	%D%/init/kernel.c \
	%D%/init/main.c \
	%D%/init/process.c \
	%D%/init/signals.c
tests_init_CPPFLAGS = -include config.h
tests_init_CFLAGS = -std=gnu11 -Wall -Wextra
tests_init_LDFLAGS = -static

tests_exchange_SOURCES = %D%/exchange.c

tests_fuse_silent_SOURCES = %D%/fuse-silent.c

tests_jsonedit_SOURCES = %D%/jsonedit.c
tests_jsonedit_LDADD = $(OCI_LIBS)

tests_notify_listen_SOURCES = %D%/notify-listen.c %D%/listen.c %D%/listen.h

tests_recvtty_SOURCES = %D%/recvtty.c %D%/listen.c %D%/listen.h

tests_seccomp_agent_SOURCES = %D%/seccomp-agent.c %D%/listen.c %D%/listen.h
