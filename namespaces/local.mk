# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libnamespaces.a
libnamespaces_a_SOURCES = \
	%D%/clone.c \
	%D%/guest.c \
	%D%/helper.c \
	%D%/idmap.c \
	%D%/internal.h \
	%D%/namespace.h \
	%D%/netlink.c %D%/netlink.h \
	%D%/network.c \
	%D%/nsdir.c \
	%D%/plan.c \
	%D%/shape.c \
	%D%/subid.c \
	%D%/sysctl.c \
	%D%/uts.c
libnamespaces_a_CPPFLAGS = $(AM_CPPFLAGS) $(NL_CFLAGS)
