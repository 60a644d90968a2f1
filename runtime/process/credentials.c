// SPDX-License-Identifier: Apache-2.0
/*
 * Identity and credentials (security rule R8).
 *
 * The order is dictated by the kernel: the LSM attributes and the bounding set need privileges, the
 * groups go before the user, KEEPCAPS carries the permitted set over setresuid, which empties the
 * ambient one, so that comes after it.  no_new_privs is last: it changes nothing for this process.
 *
 * Runs in the child.  All ids are numbers; nobody is looked up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/sys.h"
#include "runtime/process/internal.h"

/* ---- groups ---- */

static int gid_compare(const void *a, const void *b)
{
	const gid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Whether each of @a is in the sorted @b, or is the process's own group anyhow. */
static bool are_among(const gid_t *a, size_t count_a, const gid_t *b, size_t count_b, gid_t own)
{
	for (size_t i = 0; i < count_a; i++)
		if (a[i] != own && !bsearch(&a[i], b, count_b, sizeof(*b), gid_compare))
			return false;
	return true;
}

/* Compared as sets: a login puts a user's primary group among the others as well. */
static bool groups_are(const struct process_plan *plan)
{
	size_t wanted_count = plan->gid_count;
	auto_free gid_t *wanted = NULL, *is = NULL;
	int count = getgroups(0, NULL);

	if (count <= 0)
		return count == 0 && wanted_count == 0;
	wanted = xcalloc(wanted_count + 1, sizeof(*wanted));
	is = xcalloc((size_t)count, sizeof(*is));
	for (size_t i = 0; i < wanted_count; i++)
		wanted[i] = plan->gids[i];
	count = getgroups(count, is);
	if (count < 0)
		return false;
	qsort(wanted, wanted_count, sizeof(*wanted), gid_compare);
	qsort(is, (size_t)count, sizeof(*is), gid_compare);
	return are_among(is, (size_t)count, wanted, wanted_count, plan->gid) &&
		are_among(wanted, wanted_count, is, (size_t)count, plan->gid);
}

/*
 * Always, also with an empty list, unless the annotation says otherwise: the groups of whoever
 * called us are not the container's (CVE-2022-2990).  Where setgroups is denied (a user namespace mapped without privileges) that is
 * acceptable only if there is nothing to change.
 */
static int groups_set(const struct process_plan *plan, struct err *err)
{
	int r = sys_setgroups(plan->gid_count, plan->gids);

	if (r == -EPERM && groups_are(plan))
		return 0;
	if (r == -EINVAL) {
		r = err_sys(err, EINVAL, "setgroups for process.user.additionalGids");
		err_hint(err,
			"a group is not mapped in the container's user namespace "
			"(linux.gidMappings)");
		return r;
	}
	if (r < 0)
		return err_sys(err, -r, "setgroups for process.user.additionalGids");
	return 0;
}

/* ---- user ---- */

static int ids_set(const struct process_plan *plan, struct err *err)
{
	int r = sys_setresgid(plan->gid, plan->gid, plan->gid);

	if (r < 0) {
		r = err_sys(err, -r, "setresgid to process.user.gid %u", plan->gid);
		if (r == -EINVAL)
			err_hint(err,
				"group %u is not mapped in the container's user namespace "
				"(linux.gidMappings)",
				plan->gid);
		return r;
	}
	if (plan->uid != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_KEEPCAPS");
	r = sys_setresuid(plan->uid, plan->uid, plan->uid);
	if (r < 0) {
		r = err_sys(err, -r, "setresuid to process.user.uid %u", plan->uid);
		if (r == -EINVAL)
			err_hint(err,
				"user %u is not mapped in the container's user namespace "
				"(linux.uidMappings)",
				plan->uid);
		return r;
	}
	/* fs.suid_dumpable may make us dumpable again, and processes of this user may watch (R7).
	 *  */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_DUMPABLE");
	return 0;
}

static int identity_compare(const struct process_plan *plan, struct err *err)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return err_sys(err, errno, "getresuid");
	for (int i = 0; i < 3; i++)
		if (uid[i] != plan->uid || gid[i] != plan->gid)
			return err_bad_errno(err, ERR_OTHER, EPERM,
				"the identity reads back as %u:%u instead of %u:%u: operation not "
				"permitted",
				uid[i], gid[i], plan->uid, plan->gid);
	if (!plan->keep_groups && !groups_are(plan))
		return err_bad_errno(err, ERR_OTHER, EPERM,
			"the groups read back differ from process.user.additionalGids: operation "
			"not permitted");
	return 0;
}

static int identity_set(const struct process_plan *plan, struct err *err)
{
	int r = plan->keep_groups ? 0 : groups_set(plan, err);

	if (r == 0)
		r = ids_set(plan, err);
	if (r == 0)
		r = identity_compare(plan, err);
	return r;
}

/* ---- the whole ---- */

static int no_new_privs_set(const struct process_plan *plan, struct err *err)
{
	if (!plan->no_new_privileges)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_NO_NEW_PRIVS");
	return 0;
}

/* seccomp(2) without no_new_privs wants CAP_SYS_ADMIN in force. */
static uint64_t retained(const struct process_plan *plan)
{
	if (plan->no_new_privileges || !plan->filter)
		return 0;
	return UINT64_C(1) << CAP_SYS_ADMIN;
}

static int credentials_set(const struct process_plan *plan, int procfd, struct err *err)
{
	int r = labels_apply(plan, procfd, err);

	if (r == 0)
		r = caps_drop_bounding(plan, err);
	if (r == 0)
		r = identity_set(plan, err);
	if (r == 0)
		r = caps_apply(plan, retained(plan), err);
	/* Not left to execve, which would clear it too: programs of ours between here and there. */
	if (r == 0 && plan->uid != 0 && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		r = err_sys(err, errno, "prctl PR_SET_KEEPCAPS");
	if (r == 0)
		r = no_new_privs_set(plan, err);
	return r;
}

int process_credentials(struct process_plan *plan, int procfd, struct err *err)
{
	int r = credentials_set(plan, procfd, err);

	if (r == 0 && plan->cwd_pending)
		r = cwd_enter_pending(plan, err);
	if (r == 0)
		r = program_find(plan, err);
	return r;
}
