# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = \
	%D%/container-internal.h %D%/container.c %D%/container.h \
	%D%/create.c \
	%D%/events.c \
	%D%/exec.c \
	%D%/foreground.c %D%/foreground.h \
	%D%/hook.c %D%/hook.h \
	%D%/init.c %D%/init.h \
	%D%/launch.c %D%/launch.h \
	%D%/notify.c %D%/notify.h \
	%D%/self.c %D%/self.h \
	%D%/state-file.c %D%/state.c %D%/state.h \
	%D%/sync.c %D%/sync.h \
	%D%/terminal.c %D%/terminal.h
include %D%/process/local.mk
