# SPDX-License-Identifier: Apache-2.0
libruntime_a_SOURCES += \
	%D%/bpf.c %D%/bpf.h \
	%D%/caps.c \
	%D%/credentials.c \
	%D%/execute.c \
	%D%/filter.c %D%/filter.h \
	%D%/filter_arch.c %D%/filter_arch.h \
	%D%/filter_code.c %D%/filter_compiler.h \
	%D%/internal.h \
	%D%/labels.c \
	%D%/limits.c \
	%D%/plan.c \
	%D%/prepare.c \
	%D%/process.h \
	%D%/program.c \
	%D%/resolve.c \
	%D%/schedule.c
