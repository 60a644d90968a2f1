# SPDX-License-Identifier: Apache-2.0
# The machine of kvm/: a guest of our own that runs wherever there is a /dev/kvm, and a tool that boots a
# kernel.  Static, so that they run in a machine that holds nothing else.
if KVM
check_PROGRAMS += tests/kvm-cage tests/kvm-guest tests/kvm-init tests/kvm-machine tests/kvm-posix tests/kvm-share tests/ringwall-backdoor tests/vmboot

# A kernel: no libc, no hardening, and nothing of the flags that the program is built with.
tests_kvm_guest_SOURCES = %D%/guest.c
tests_kvm_guest_CPPFLAGS = -U_FORTIFY_SOURCE
tests_kvm_guest_CFLAGS = -std=gnu11 -O2 -ffreestanding -fno-pie -fno-stack-protector -fcf-protection=none \
	-mno-red-zone -mgeneral-regs-only -fno-asynchronous-unwind-tables -Wall -Wextra
tests_kvm_guest_LDFLAGS = -nostdlib -static -no-pie -Wl,-e,start -Wl,-Ttext-segment=0x1000000 \
	-Wl,--build-id=none

tests_kvm_init_SOURCES = %D%/init.c
tests_kvm_init_CPPFLAGS = -include config.h
tests_kvm_init_CFLAGS = -std=gnu11 -Wall -Wextra
tests_kvm_init_LDFLAGS = -static

tests_kvm_machine_SOURCES = %D%/machine.c %D%/tap.c %D%/tap.h
tests_kvm_machine_LDADD = $(KVM_LIBS)
# Static: they run in a guest that has nothing else.
tests_kvm_posix_SOURCES = %D%/posix.c %D%/posix.h %D%/posix-content.c %D%/posix-names.c %D%/posix-owners.c \
	%D%/posix-processes.c
tests_kvm_posix_CPPFLAGS = -include config.h
tests_kvm_posix_CFLAGS = -std=gnu11 -Wall -Wextra
tests_kvm_posix_LDFLAGS = -static
tests_kvm_share_SOURCES = %D%/share.c
tests_kvm_share_CPPFLAGS = -include config.h
tests_kvm_share_CFLAGS = -std=gnu11 -Wall -Wextra
tests_kvm_share_LDFLAGS = -static

# Threads of a machine that were taken over: in a machine of the test's own, and in the program itself.
tests_kvm_cage_SOURCES = %D%/cage.c %D%/attacks.c %D%/attacks.h %D%/tap.c %D%/tap.h
tests_kvm_cage_LDADD = $(RUNTIME_LIBS)
tests_ringwall_backdoor_SOURCES = cmd/main.c %D%/backdoor.c %D%/attacks.c %D%/attacks.h
tests_ringwall_backdoor_LDADD = $(ringwall_LDADD)
tests_ringwall_backdoor_LDFLAGS = $(ringwall_LDFLAGS) -Wl,--wrap=cage_enter -Wl,--wrap=fs_serve

tests_vmboot_SOURCES = %D%/vmboot.c
tests_vmboot_LDADD = $(KVM_LIBS)
if STATIC_PROGRAM
tests_kvm_cage_LDFLAGS = $(AM_LDFLAGS) -static-pie
tests_kvm_machine_LDFLAGS = $(AM_LDFLAGS) -static-pie
tests_vmboot_LDFLAGS = $(AM_LDFLAGS) -static-pie
endif

dist_check_SCRIPTS += %D%/boot.sh %D%/cage.sh %D%/machine.sh %D%/share.sh
TESTS += %D%/boot.sh %D%/cage.sh %D%/machine.sh %D%/share.sh
endif
