# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libcgroups.a
libcgroups_a_SOURCES = \
	%D%/cgroup.c %D%/cgroup.h %D%/internal.h \
	%D%/bus.c %D%/bus.h \
	%D%/cgroupfs.c \
	%D%/destroy.c \
	%D%/devices.c %D%/devices.h \
	%D%/enable.c \
	%D%/events.c \
	%D%/freeze.c \
	%D%/gvariant.c %D%/gvariant.h \
	%D%/keys.c %D%/limits.c %D%/limits.h \
	%D%/kill.c \
	%D%/pids.c \
	%D%/properties.c \
	%D%/stats.c \
	%D%/systemd.c \
	%D%/unit.c %D%/unit.h \
	%D%/where.c %D%/where.h \
	%D%/wire.c %D%/wire.h
