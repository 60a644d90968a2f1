/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp filters: emitted by us as a search tree by system call number, with libseccomp as the
 * resolver of names (and as the reference of tests/unit/test_filter_differential.c).
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "oci/spec.h"

struct filter {
	struct sock_filter *insns; /* owned */
	size_t count; /* 0: no filter */
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
	bool notify; /* an action of it is SECCOMP_RET_USER_NOTIF: a listener is wanted */
};

/*
 * Compiles linux.seccomp.  Names that no architecture of the list knows are ignored (with a debug
 * message), as engines expect of one profile for all machines; system calls newer than the profile
 * get ENOSYS instead of the default errno, as runc and crun do.  x32 is refused unless listed (R14).
 */
int filter_compile(const struct spec_seccomp *seccomp, struct filter *out_filter,
	struct err *err) MUST_USE;
void filter_release(struct filter *filter);

/* A readable listing (pseudo BPF), for --debug and tests.  Heap string. */
char *filter_format(const struct filter *filter);
