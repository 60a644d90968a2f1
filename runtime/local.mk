# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = \
	%D%/container-internal.h %D%/container.c %D%/container.h \
	%D%/create.c %D%/creation.h \
	%D%/events.c \
	%D%/exec.c %D%/execution.h \
	%D%/foreground.c %D%/foreground.h \
	%D%/guest/agent.c %D%/guest/guest.h \
	%D%/guest/boot.c \
	%D%/guest/ps.c \
	%D%/guest/worker.c %D%/guest/worker.h \
	%D%/hook.c %D%/hook.h \
	%D%/init.c %D%/init.h \
	%D%/isolation.c %D%/isolation.h \
	%D%/kvm/cage.c %D%/kvm/cage.h \
	%D%/kvm/command.c \
	%D%/kvm/config.c %D%/kvm/config.h \
	%D%/kvm/control.c %D%/kvm/control.h \
	%D%/kvm/frame.c %D%/kvm/frame.h \
	%D%/kvm/jail.c %D%/kvm/jail.h \
	%D%/kvm/machine.c %D%/kvm/machine.h \
	%D%/kvm/message.c %D%/kvm/message.h \
	%D%/kvm/mode.c \
	%D%/kvm/monitor.c %D%/kvm/monitor.h %D%/kvm/monitor-internal.h \
	%D%/kvm/peer.c %D%/kvm/peer.h \
	%D%/kvm/port.c \
	%D%/kvm/request.c %D%/kvm/request.h \
	%D%/kvm/session.c %D%/kvm/session.h \
	%D%/kvm/start.c \
	%D%/kvm/stub.c %D%/kvm/stub.h \
	%D%/launch.c %D%/launch.h \
	%D%/native.c \
	%D%/notify.c %D%/notify.h \
	%D%/self.c %D%/self.h \
	%D%/state-file.c %D%/state.c %D%/state.h \
	%D%/sync.c %D%/sync.h \
	%D%/terminal.c %D%/terminal.h
# Runs before libc is set up: without what compilers add that needs it.
if EARLY_ENTRY
noinst_LIBRARIES += libentry.a
libentry_a_SOURCES = %D%/entry.c
libentry_a_CFLAGS = -std=gnu11 -O2 -fPIE -ffreestanding -fno-stack-protector \
	-fno-tree-loop-distribute-patterns -fcf-protection=full -Wall -Wextra
endif
include %D%/process/local.mk
