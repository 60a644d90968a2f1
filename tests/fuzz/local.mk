# SPDX-License-Identifier: Apache-2.0
# Fuzz targets.  A target NAME is tests/fuzz/NAME.c and tests/fuzz/corpus/NAME/; its program is
# tests/fuzz-NAME.  It is added to FUZZ_TARGETS, with what it links in the same pattern.  Without
# --enable-fuzzing they play their corpus back (tests/fuzz/corpus.sh); with it libFuzzer drives them
# (tests/fuzz/run).
FUZZ_TARGETS = \
	tests/fuzz-bus \
	tests/fuzz-cgroup-path \
	tests/fuzz-command-line \
	tests/fuzz-config \
	tests/fuzz-files \
	tests/fuzz-idmap \
	tests/fuzz-messages \
	tests/fuzz-mount-options \
	tests/fuzz-process \
	tests/fuzz-state
if CMOCKA
FUZZ_TARGETS += tests/fuzz-seccomp
endif
if KVM
FUZZ_TARGETS += tests/fuzz-kvm-devices tests/fuzz-kvm-kernel
endif

if KVM
FUZZ_TARGETS += tests/fuzz-fuse
endif

check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += %D%/corpus.sh
dist_check_SCRIPTS += %D%/corpus.sh
EXTRA_DIST += %D%/run %D%/corpus

if FUZZING
FUZZ_DRIVER =
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
check_LIBRARIES += tests/fuzz/libdriver.a
tests_fuzz_libdriver_a_SOURCES = %D%/driver.c
FUZZ_DRIVER = tests/fuzz/libdriver.a
FUZZ_LINK = $(AM_LDFLAGS)
endif

tests_fuzz_bus_SOURCES = %D%/bus.c %D%/fuzz.h
tests_fuzz_bus_LDADD = $(FUZZ_DRIVER) libcgroups.a $(OCI_LIBS) -lm
tests_fuzz_bus_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_cgroup_path_SOURCES = %D%/cgroup-path.c %D%/fuzz.h
tests_fuzz_cgroup_path_LDADD = $(FUZZ_DRIVER) libcgroups.a $(OCI_LIBS) -lm
tests_fuzz_cgroup_path_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_command_line_SOURCES = %D%/command-line.c %D%/fuzz.h
tests_fuzz_command_line_LDADD = $(FUZZ_DRIVER) libcmd.a $(RUNTIME_LIBS)
tests_fuzz_command_line_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_config_SOURCES = %D%/config.c %D%/fuzz.h
tests_fuzz_config_LDADD = $(FUZZ_DRIVER) $(RUNTIME_LIBS)
tests_fuzz_config_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_files_SOURCES = %D%/files.c %D%/fuzz.h
tests_fuzz_files_LDADD = $(FUZZ_DRIVER) $(RUNTIME_LIBS)
tests_fuzz_files_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_fuse_SOURCES = %D%/fuse.c %D%/fuzz.h
tests_fuzz_fuse_LDADD = $(FUZZ_DRIVER) $(KVM_LIBS)
tests_fuzz_fuse_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_idmap_SOURCES = %D%/idmap.c %D%/fuzz.h
tests_fuzz_idmap_LDADD = $(FUZZ_DRIVER) libnamespaces.a $(OCI_LIBS) $(NL_LIBS)
tests_fuzz_idmap_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_kvm_devices_SOURCES = %D%/kvm-devices.c %D%/fuzz.h tests/unit/kvm_driver.h
tests_fuzz_kvm_devices_LDADD = $(FUZZ_DRIVER) $(KVM_LIBS)
tests_fuzz_kvm_devices_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_kvm_kernel_SOURCES = %D%/kvm-kernel.c %D%/fuzz.h
tests_fuzz_kvm_kernel_LDADD = $(FUZZ_DRIVER) $(KVM_LIBS)
tests_fuzz_kvm_kernel_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_messages_SOURCES = %D%/messages.c %D%/fuzz.h
tests_fuzz_messages_LDADD = $(FUZZ_DRIVER) $(RUNTIME_LIBS)
tests_fuzz_messages_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_mount_options_SOURCES = %D%/mount-options.c %D%/fuzz.h
tests_fuzz_mount_options_LDADD = $(FUZZ_DRIVER) librootfs.a $(OCI_LIBS)
tests_fuzz_mount_options_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_process_SOURCES = %D%/process.c %D%/fuzz.h
tests_fuzz_process_LDADD = $(FUZZ_DRIVER) $(OCI_LIBS)
tests_fuzz_process_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_seccomp_SOURCES = %D%/seccomp.c %D%/fuzz.h tests/unit/filter_machine.h
tests_fuzz_seccomp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_fuzz_seccomp_LDADD = $(FUZZ_DRIVER) $(RUNTIME_LIBS) $(CMOCKA_LIBS)
tests_fuzz_seccomp_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_state_SOURCES = %D%/state.c %D%/fuzz.h
tests_fuzz_state_LDADD = $(FUZZ_DRIVER) $(RUNTIME_LIBS)
tests_fuzz_state_LDFLAGS = $(FUZZ_LINK)

.PHONY: print-fuzz-targets
print-fuzz-targets:
	@echo $(FUZZ_TARGETS)
