// SPDX-License-Identifier: Apache-2.0
/*
 * The lock-in of a machine's process: see the header.
 *
 * It has namespaces and a cgroup of its own and the exported tree as its root by then.  Of root's
 * capabilities those stay that a file server needs to act for any user of the guest, within that
 * tree; what a guest that has taken the process over could do with them, it can do to its own files
 * by asking.
 */
#include "runtime/kvm/jail.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define CAP(name) (1ull << CAP_##name)

static const uint64_t file_server = CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) |
	CAP(FOWNER) | CAP(FSETID) | CAP(SETUID) | CAP(SETGID) | CAP(SETFCAP);

static int drop(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (!(keep & 1ull << cap) && prctl(PR_CAPBSET_DROP, cap) < 0 && errno != EPERM)
			return err_sys(err, errno, "prctl PR_CAPBSET_DROP %d", cap);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_CAP_AMBIENT");
	if (capget(&header, data) < 0)
		return err_sys(err, errno, "capget");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (capset(&header, data) < 0)
		return err_sys(err, errno, "capset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_DUMPABLE");
	return 0;
}

int jail_drop_all(struct err *err)
{
	return drop(0, err);
}

int jail_enter(struct err *err)
{
	return drop(file_server, err);
}
