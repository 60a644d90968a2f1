# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libcgroups.a
libcgroups_a_SOURCES = \
	%D%/cgroup.c %D%/cgroup.h %D%/internal.h \
	%D%/cgroupfs.c \
	%D%/destroy.c \
	%D%/devices.c %D%/devices.h \
	%D%/enable.c \
	%D%/events.c \
	%D%/freeze.c \
	%D%/keys.c %D%/limits.c %D%/limits.h \
	%D%/kill.c \
	%D%/pids.c \
	%D%/stats.c \
	%D%/where.c %D%/where.h
