// SPDX-License-Identifier: Apache-2.0
/*
 * The back door: linked with the program's own objects and "--wrap" of two functions
 * (tests/kvm/local.mk) it makes tests/ringwall-backdoor, which is the program but for what a thread of
 * a machine does once it is caged.  $BACKDOOR chooses it: "KIND ATTACK", by the names below and those
 * of attacks.c.  The kind "request" is a thread of the file server that serves a request which names
 * "attack-now".  Without $BACKDOOR, and after an attack that the thread survives, all goes on as in
 * the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/fs.h"
#include "runtime/kvm/cage.h"
#include "tests/kvm/attacks.h"

static const char *const kinds[VM_THREAD_COUNT] = {
	[VM_THREAD_CONTROL] = "control",
	[VM_THREAD_VCPU] = "vcpu",
	[VM_THREAD_IO] = "io",
	[VM_THREAD_FS] = "fs",
};

int __real_cage_enter(const struct cage *cage, enum vm_thread kind, struct err *err);
int __wrap_cage_enter(const struct cage *cage, enum vm_thread kind, struct err *err);
size_t __real_fs_serve(struct fs_worker *worker, const struct iovec *in, size_t in_count,
	const struct iovec *out, size_t out_count);
size_t __wrap_fs_serve(struct fs_worker *worker, const struct iovec *in, size_t in_count,
	const struct iovec *out, size_t out_count);

/* The attack that is ordered for @kind; NULL: none. */
static const struct attack *ordered(const char *kind)
{
	const char *order = getenv("BACKDOOR");
	const struct attack *attack;
	size_t len = strlen(kind);

	if (!order || strncmp(order, kind, len) != 0 || order[len] != ' ')
		return NULL;
	attack = attack_find(order + len + 1);
	if (!attack)
		BUG("an attack that there is not");
	return attack;
}

int __wrap_cage_enter(const struct cage *cage, enum vm_thread kind, struct err *err)
{
	const struct attack *attack = ordered(kinds[kind]);
	int r;

	attack_prepare();
	r = __real_cage_enter(cage, kind, err);
	if (r == 0 && attack && attack->run())
		r = err_bad(err, ERR_OTHER, "TAKEN OVER: %s", attack->name);
	return r;
}

size_t __wrap_fs_serve(struct fs_worker *worker, const struct iovec *in, size_t in_count,
	const struct iovec *out, size_t out_count)
{
	static const char word[] = "attack-now";
	const struct attack *attack = ordered("request");

	for (size_t i = 0; attack && i < in_count; i++)
		if (memmem(in[i].iov_base, in[i].iov_len, word, sizeof(word) - 1))
			attack->run();
	return __real_fs_serve(worker, in, in_count, out, out_count);
}
