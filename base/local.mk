# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	%D%/channel.c %D%/channel.h \
	%D%/clock.c %D%/clock.h \
	%D%/err.c %D%/err.h %D%/hints.c \
	%D%/hostfile.c %D%/hostfile.h \
	%D%/log.c %D%/log.h \
	%D%/mem.c %D%/mem.h \
	%D%/names.c %D%/names.h \
	%D%/num.c %D%/num.h \
	%D%/path.c %D%/path.h \
	%D%/poll.h \
	%D%/procfs.c %D%/procfs.h \
	%D%/stamp.c %D%/stamp.h \
	%D%/strbuf.c %D%/strbuf.h \
	%D%/sys.c %D%/sys.h
