# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboci.a
liboci_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS) $(SECCOMP_CFLAGS)
liboci_a_SOURCES = \
	%D%/annotations.c \
	%D%/check.c \
	%D%/default.c \
	%D%/features.c \
	%D%/fields.c %D%/fields.h \
	%D%/json.c %D%/json.h \
	%D%/jsonw.c %D%/jsonw.h \
	%D%/mount-options.c \
	%D%/names.c \
	%D%/reference.c \
	%D%/signals.c \
	%D%/spec.c %D%/spec.h \
	%D%/spec-hooks.c \
	%D%/spec-linux.c \
	%D%/spec-process.c \
	%D%/spec-resources.c \
	%D%/spec-seccomp.c \
	%D%/spec-vm.c \
	%D%/state.c \
	%D%/tables.h \
	%D%/values.c %D%/values.h
