// SPDX-License-Identifier: Apache-2.0
/* What a person can do about a failed operation: {operation, errno, advice}.  The operation is the
 * first word of the error's text. */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *op;
	int num;
	const char *text;
} hints[] = {
	{ "mount", ENOSPC, "the mount namespace is full: see /proc/sys/fs/mount-max" },
	{ "clone3", ENOSPC,
		"a limit of namespaces is reached: see user.max_*_namespaces in /proc/sys/user" },
	{ "clone3", EPERM,
		"creating namespaces needs root or a user namespace; unprivileged user namespaces "
		"may be switched off (kernel.unprivileged_userns_clone, "
		"kernel.apparmor_restrict_unprivileged_userns)" },
	{ "clone3", EAGAIN,
		"a limit of processes is reached: pids.max of the cgroup or ulimit -u" },
	{ "clone3", EBUSY,
		"the cgroup has child cgroups with controllers, or is threaded, and cannot hold "
		"processes" },
	{ "clone3", EINVAL,
		"this kernel may lack one of the namespaces asked for: see /proc/self/ns" },
	{ "pivot_root", EINVAL,
		"the host's root may be an initramfs, which cannot be pivoted: use --no-pivot" },
	{ "fsopen", ENODEV, "the kernel does not know this file system: see /proc/filesystems" },
	{ "sethostname", EPERM,
		"the host name belongs to the uts namespace: let linux.namespaces have a new one" },
	{ "setdomainname", EPERM,
		"the domain name belongs to the uts namespace: let linux.namespaces have a new "
		"one" },
	{ "setgroups", EPERM,
		"setgroups is denied in this user namespace: map more than one id (newgidmap) or "
		"ask for no additional groups" },
	{ "openat2", ENOSYS,
		"the kernel is older than 5.6, or an outer seccomp filter hides openat2" },
};

const char *hint_find(const char *op, int errnum)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].num == errnum && strcmp(hints[i].op, op) == 0)
			return hints[i].text;
	return NULL;
}
