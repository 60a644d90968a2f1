# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = \
	%D%/container-internal.h %D%/container.c %D%/container.h \
	%D%/create.c %D%/creation.h \
	%D%/events.c \
	%D%/exec.c %D%/execution.h \
	%D%/foreground.c %D%/foreground.h \
	%D%/hook.c %D%/hook.h \
	%D%/init.c %D%/init.h \
	%D%/isolation.c %D%/isolation.h \
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
