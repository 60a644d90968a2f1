/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of tests/kvm/posix.c share.  Each prints a line, with the section before it. */
#pragma once

#include <sys/types.h>

#define BIG 65536

/* Of the steps that run now; they may divide it. */
extern const char *section;
/* How many entries the large directory has. */
extern unsigned int large;

/* Prints the outcome of a call; errno by its name. */
long say(const char *what, long r);

#define DO(call) say(#call, (long)(call))
/* A call that gives a descriptor, whose number is nobody's business. */
#define OPEN(call)                             \
	({                                     \
		int fd_ = (call);              \
		say(#call, fd_ < 0 ? fd_ : 0); \
		fd_;                           \
	})

/* What lstat(2) tells of it. */
void show(const char *path);
/* Makes it hold @text. */
void put(const char *path, const char *text);
/* Prints what it holds. */
void get(const char *path);

/* Runs @fn in a child as user @uid, group @gid and one supplementary group (0: none). */
void as(uid_t uid, gid_t gid, gid_t extra, void (*fn)(void));

/* posix-names.c */
void opening(void);
void linking(void);
void renaming(void);
void removed_but_open(void);
void directories(void);
void temporary(void);

/* posix-owners.c */
void making(void);
void privileged_bits(void);
void attributes(void);
void acls(void);

/* posix-content.c */
void mapping(void);
void direct(void);
void space(void);
void stamps(void);

/* posix-processes.c */
void locks(void);
void talking(void);
void executing(void);
void devices(void);
void parallel(void);
