# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += librootfs.a
librootfs_a_SOURCES = \
	%D%/bind.c \
	%D%/console.c \
	%D%/copyup.c \
	%D%/devices.c \
	%D%/enter.c \
	%D%/export.c \
	%D%/fs.c \
	%D%/internal.h \
	%D%/mount.c \
	%D%/node.c \
	%D%/options.c \
	%D%/plan.c \
	%D%/rootfs.h \
	%D%/seal.c
