// SPDX-License-Identifier: Apache-2.0
/*
 * linux.sysctl: which settings belong to which namespace, and writing them.
 *
 * Checked in the parent (pure), written in the child.  A setting is accepted only when it belongs
 * to a namespace that is not the runtime's own (security rules R9, R10): everything else would
 * change the host.
 */
#include "namespaces/internal.h"

#include <errno.h>
#include <string.h>

#include "base/procfs.h"

#define PROC_SYS "sys/"

/* A path that ends in "/" stands for all below it. */
static const struct {
	const char *path;
	enum ns_type type;
} rules[] = {
	{ "fs/mqueue/", NS_IPC },
	{ "kernel/domainname", NS_UTS },
	{ "kernel/hostname", NS_UTS },
	{ "kernel/auto_msgmni", NS_IPC },
	{ "kernel/msg_next_id", NS_IPC },
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/sem_next_id", NS_IPC },
	{ "kernel/shm_next_id", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "net/", NS_NETWORK },
	{ "user/", NS_USER },
};

static bool is_component(const char *start, size_t len)
{
	return len && !(len == 1 && start[0] == '.') && !(len == 2 && memcmp(start, "..", 2) == 0);
}

static bool has_good_components(const char *path)
{
	for (const char *start = path;; start++) {
		size_t len = strcspn(start, "/");

		if (!is_component(start, len))
			return false;
		start += len;
		if (!*start)
			return true;
	}
}

int sysctl_path(const char *key, char *out_path)
{
	char *path = out_path + strlen(PROC_SYS);
	bool dots = key[strcspn(key, "./")] != '/';
	size_t len = strlen(key);

	if (len >= SYSCTL_PATH_SIZE - strlen(PROC_SYS))
		return -ENAMETOOLONG;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the key ends it */
	memcpy(out_path, PROC_SYS, strlen(PROC_SYS));
	for (size_t i = 0; i <= len; i++) {
		if (dots && (key[i] == '.' || key[i] == '/'))
			path[i] = key[i] == '.' ? '/' : '.';
		else
			path[i] = key[i];
	}
	return has_good_components(path) ? 0 : -EINVAL;
}

/* The namespace type that @path (below /proc/sys) belongs to; -1: none. */
static int path_type(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		size_t len = strlen(rules[i].path);

		if (rules[i].path[len - 1] == '/' ? strncmp(path, rules[i].path, len) == 0
						  : strcmp(path, rules[i].path) == 0)
			return (int)rules[i].type;
	}
	return -1;
}

/* Two properties for one thing: the sysctl is written after the property was applied. */
static int check_name(const char *path, const struct ns_plan *plan, struct err *err)
{
	if (plan->hostname && strcmp(path, "kernel/hostname") == 0)
		return err_bad(err, ERR_CONFIG, "conflicts with the property hostname");
	if (plan->domainname && strcmp(path, "kernel/domainname") == 0)
		return err_bad(err, ERR_CONFIG, "conflicts with the property domainname");
	return 0;
}

static int check_key(const char *key, const struct ns_plan *plan, struct err *err)
{
	char buf[SYSCTL_PATH_SIZE];
	const char *path = buf + strlen(PROC_SYS), *name;
	int r = sysctl_path(key, buf), type;

	if (r == -ENAMETOOLONG)
		return err_bad(err, ERR_CONFIG, "the name is too long");
	if (r < 0)
		return err_bad(err, ERR_CONFIG, "a component is empty, \".\" or \"..\"");
	type = path_type(path);
	if (type < 0) {
		err_bad(err, ERR_CONFIG, "belongs to no namespace and would change the host");
		err_hint(err,
			"allowed are net.*, user.*, fs.mqueue.*, the message queue, semaphore "
			"and shared memory settings of kernel.*, kernel.hostname and "
			"kernel.domainname");
		return err_result(err);
	}
	if (plan->own[type])
		return check_name(path, plan, err);
	name = names_of(&ns_names, type);
	err_bad(err, ERR_CONFIG, "the container shares the %s namespace of the runtime", name);
	err_hint(err, "give the container a %s namespace of its own in linux.namespaces", name);
	return err_result(err);
}

int ns_sysctl_check(const spec_pairs *sysctl, const struct ns_plan *plan, struct err *err)
{
	for (size_t i = 0; i < sysctl->count; i++)
		if (check_key(sysctl->items[i].key, plan, err) < 0)
			return err_in(err, "linux.sysctl.%s", sysctl->items[i].key);
	return 0;
}

bool ns_sysctl_has(const spec_pairs *sysctl, const char *path)
{
	char buf[SYSCTL_PATH_SIZE];

	for (size_t i = 0; i < sysctl->count; i++)
		if (sysctl_path(sysctl->items[i].key, buf) >= 0 &&
			strcmp(buf + strlen(PROC_SYS), path) == 0)
			return true;
	return false;
}

static int write_key(const struct spec_pair *pair, int procfd, struct err *err)
{
	char path[SYSCTL_PATH_SIZE];
	int r = sysctl_path(pair->key, path);

	if (r < 0)
		return err_sys(err, -r, "translate the name");
	r = procfs_write(procfd, path, pair->value, err);
	if (r == -EINVAL && strcmp(path, PROC_SYS "net/ipv4/ping_group_range") == 0)
		err_hint(err, "both group ids must be mapped in the container's user namespace");
	if (r != -ENOENT)
		return r;
	/* Not in the words of ENOENT, which make engines think of a missing program. */
	err_bad(err, ERR_CONFIG, "this kernel has no such setting here");
	err_hint(err, "it may belong to the host only, or to a module that is not loaded");
	return err_result(err);
}

int ns_sysctl_apply(const spec_pairs *sysctl, int procfd, struct err *err)
{
	for (size_t i = 0; i < sysctl->count; i++)
		if (write_key(&sysctl->items[i], procfd, err) < 0)
			return err_in(err, "linux.sysctl.%s", sysctl->items[i].key);
	return 0;
}
