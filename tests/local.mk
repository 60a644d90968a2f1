# SPDX-License-Identifier: Apache-2.0
# Unit tests link the layer they test and those below it: a call upwards does not link.

TEST_EXTENSIONS = .sh
SH_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	RINGWALL='$(abs_top_builddir)/ringwall'; export RINGWALL; \
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;

BASE_LIBS = libbase.a
KVM_LIBS = libkvm.a $(BASE_LIBS) $(COMPRESSION_LIBS)
OCI_LIBS = liboci.a $(BASE_LIBS) $(YAJL_LIBS) $(SECCOMP_LIBS)

RUNTIME_LIBS = libruntime.a libkvm.a librootfs.a libnamespaces.a libcgroups.a $(OCI_LIBS) $(CAP_LIBS) $(NL_LIBS) -lm \
	$(COMPRESSION_LIBS)
CHECKS = %D%/checks/banned.sh %D%/checks/docs.sh %D%/checks/format.sh %D%/checks/hardened.sh %D%/checks/headers.sh %D%/checks/layers.sh %D%/checks/shell.sh
INTEGRATION_TESTS = %D%/integration/lifecycle.sh \
	%D%/integration/messages.sh \
	%D%/integration/cgroups.sh \
	%D%/integration/limits.sh \
	%D%/integration/cli.sh \
	%D%/integration/config.sh \
	%D%/integration/attack.sh \
	%D%/integration/cage.sh \
	%D%/integration/debian.sh \
	%D%/integration/devices.sh \
	%D%/integration/mounts.sh \
	%D%/integration/rootfs.sh \
	%D%/integration/compat.sh \
	%D%/integration/namespaces.sh \
	%D%/integration/process.sh \
	%D%/integration/rootless.sh \
	%D%/integration/seccomp.sh \
	%D%/integration/systemd.sh \
	%D%/integration/descriptors.sh \
	%D%/integration/exec.sh \
	%D%/integration/kernels.sh \
	%D%/integration/kvm.sh \
	%D%/integration/hooks.sh \
	%D%/integration/notify.sh \
	%D%/integration/terminal.sh

# In the test machine, with the engines: see tests/engines/lib.sh.
ENGINE_TESTS = %D%/engines/podman.sh %D%/engines/podman-rootless.sh %D%/engines/containerd.sh %D%/engines/docker.sh %D%/engines/buildah.sh \
	%D%/engines/cri.sh %D%/engines/kvm.sh %D%/engines/messages.sh %D%/engines/systemd.sh

include %D%/unit/local.mk
include %D%/tools/local.mk
include %D%/kvm/local.mk
include %D%/fuzz/local.mk
include %D%/fault/local.mk
include %D%/load/local.mk
include %D%/attack/local.mk

dist_check_SCRIPTS += $(CHECKS) $(INTEGRATION_TESTS) $(ENGINE_TESTS)
TESTS += $(CHECKS) $(INTEGRATION_TESTS)
EXTRA_DIST += %D%/integration/lib.sh %D%/integration/kvm-cases %D%/lib/cgroups.sh \
	%D%/analysis/run %D%/analysis/cppcheck.txt %D%/engines/lib.sh %D%/lib/setup.sh %D%/checks/lib.sh %D%/checks/banned.awk \
	%D%/vm/build %D%/vm/down %D%/vm/exec %D%/vm/lib.sh %D%/vm/run %D%/vm/suite %D%/vm/up \
	%D%/vm/guest/vm-init %D%/vm/guest/vm-prepare %D%/vm/guest/vm-scope \
	%D%/data/config-docker.json %D%/data/config-podman.json %D%/data/seccomp-podman.json
include %D%/bench/local.mk
