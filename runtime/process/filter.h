/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp filters: linux.seccomp compiled by us into a search tree by system call number, with
 * libseccomp as the resolver of names (and as the reference of
 * tests/unit/test_filter_differential.c).  Private to runtime/.
 *
 * What a filter decides, in this order:
 *  1. The architecture.  The native one is always in the list; calls of any other that is not in
 *     the list kill the process (libseccomp kills the thread, which leaves the others hanging).
 *     x32 calls (bit 30 of the number on x86_64) count as an architecture of their own.
 *  2. The rules that name the system call.  A rule whose action equals the default action does not
 *     count.  A rule without arguments beats rules with arguments; of several without, the first in
 *     the document decides.  All arguments of a rule must match; a rule that names one argument
 *     twice counts as one rule for each of its arguments, as in runc.  Of several matching rules
 *     the more specific one decides, by libseccomp's order: the higher argument index first,
 *     equality before ranges, the narrower range and the greater value first; else the first in
 *     the document.
 *     32-bit machines (x32 and MIPS n32 too) compare the low 32 bits only.
 *  3. Numbers above the greatest one that any rule of the document names on that architecture: they
 *     are newer than the profile and get ENOSYS, so that programs fall back to what the profile
 *     knows (CVE-2021-41133).  Not when the default action is ALLOW, LOG or TRACE.  As runc does;
 *     crun does not.
 *  4. The default action.
 *
 * Calls of the sockets and System V IPC of 32-bit machines exist directly and behind socketcall(2)
 * and ipc(2); a rule for one covers both.  The kernel hides the arguments behind socketcall in
 * memory, so there the number of the call takes the place of argument 0, as in libseccomp.  Unlike
 * there, only the bits of it count that the kernel looks at: 32, and 16 of ipc's.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "oci/spec.h"

struct filter {
	struct sock_filter *insns; /* owned */
	size_t count; /* 0: no filter */
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2), NEW_LISTENER included */
	bool notify; /* an action of it is SECCOMP_RET_USER_NOTIF: a listener is wanted */
};

/*
 * Compiles linux.seccomp.  Names that no architecture of the list knows are ignored (with a debug
 * message), as engines expect of one profile for all machines.
 *
 * Flags: an absent list means SPEC_ALLOW (runc, crun).  TSYNC is dropped, since the process has one
 * thread when the filter is loaded, and WAIT_KILLABLE_RECV when there is no listener to wait for.
 *
 * Errors: NOTIFY as the default action or for write(2); a program over the kernel's limit of 4096
 * instructions.
 */
int filter_compile(
	const struct spec_seccomp *seccomp, struct filter *out_filter, struct err *err) MUST_USE;
void filter_release(struct filter *filter);
DEFINE_AUTO(filter, filter_release);
