// SPDX-License-Identifier: Apache-2.0
/*
 * The cgroupfs manager: directories made by us, directly in the cgroup2 mount.
 *
 * What is made is counted, so that a failed create removes exactly that and never a directory that
 * was there before: it may be another container's, made a moment ago.
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/hostfile.h"
#include "base/strbuf.h"
#include "cgroups/where.h"

#define FILE_MAX 4096
#define MAKE_TRIES 8 /* each time somebody removed a parent in between */

static int cgroupfs_plan(const struct cgroup_where *where, struct cgroup *cgroup, struct err *err)
{
	bool absolute = where->cgroups_path && where->cgroups_path[0] == '/';
	auto_free char *base = NULL;
	int r = cgroup_rootfd(cgroup, err);

	if (r == -ENOENT) {
		err_drop(err); /* whether that matters depends on the limits: cgroup_create() */
		cgroup->absence = CGROUP_NO_HIERARCHY;
		return 0;
	}
	if (r < 0)
		return r;
	if (!(where->cgroups_path && *where->cgroups_path)) {
		bool inside = false;

		r = where_unit(cgroup->rootfd, &base, &inside, err);
		if (r < 0)
			return r;
		cgroup->own = inside ? xstrdup(base) : NULL;
	}
	if (where->rootless && !absolute && !base) {
		r = where_delegated(cgroup->rootfd, &base, err);
		if (r < 0)
			return r;
		if (r > 0 && !(where->cgroups_path && *where->cgroups_path)) {
			cgroup->absence = CGROUP_NOT_DELEGATED;
			return 0;
		}
	}
	return where_path(where, base ? base : "", &cgroup->path, err);
}

/* Removes @path and what is above it, @made directories in all.  Best effort: one that somebody
 * else uses by now stays, and so do those above it. */
static void remove_up(int rootfd, const char *path, unsigned int made)
{
	auto_free char *rest = xstrdup(path);
	struct err ignored;

	for (; made > 0; made--) {
		auto_free char *parent = where_parent(rest);
		auto_close int fd = where_openat(rootfd, parent, O_PATH, &ignored);

		if (fd < 0 || host_unlink(fd, strrchr(rest, '/') + 1, AT_REMOVEDIR, &ignored) < 0)
			return;
		*strrchr(rest, '/') = '\0';
	}
}

static void cgroupfs_unmake(struct cgroup *cgroup, unsigned int made)
{
	remove_up(cgroup->rootfd, cgroup->path, made);
}

/*
 * A cgroup that we make between others passes on what it has: statistics of a container must not
 * depend on how deep its path is.  Best effort: what limits need, controllers_enable() insists on.
 */
static void pass_on(int rootfd, const char *path)
{
	auto_(strbuf) struct strbuf add = STRBUF_INIT;
	auto_free char *have = NULL;
	struct err ignored;
	auto_close int fd = where_openat(rootfd, path, O_PATH, &ignored);

	if (fd < 0 || host_read(fd, "cgroup.controllers", FILE_MAX, &have, NULL, &ignored) < 0)
		return;
	for (const char *name = have; *name && *name != '\n';) {
		size_t len = strcspn(name, " \n");

		strbuf_addf(&add, "%s+%.*s", add.len ? " " : "", (int)len, name);
		name += len;
		name += strspn(name, " ");
	}
	if (add.len > 0)
		(void)!host_write(fd, "cgroup.subtree_control", add.data, add.len, &ignored);
}

/*
 * Makes the components before the last one that are missing; *out_made counts them.  0, or -ENOENT
 * when a parent vanished meanwhile.
 */
static int parents_make(int rootfd, const char *parent, unsigned int *out_made, struct err *err)
{
	auto_free char *path = xstrdup(parent);

	for (char *end = path + 1; *path && path[1]; end++) {
		auto_free char *above = NULL;
		auto_close int fd = FD_NONE;
		char saved = *end;
		int r;

		if (saved != '/' && saved != '\0')
			continue;
		*end = '\0';
		above = where_parent(path);
		fd = where_openat(rootfd, above, O_PATH, err);
		r = fd < 0 ? fd : host_mkdir(fd, strrchr(path, '/') + 1, 0755, err);
		if (r < 0)
			return r;
		if (r == 0) {
			(*out_made)++;
			pass_on(rootfd, path);
		}
		if (saved == '\0')
			break;
		*end = saved;
	}
	return 0;
}

static int unfit(const struct cgroup *cgroup, const char *why, const char *hint, struct err *err)
{
	err_bad_errno(err, ERR_STATE, EBUSY, "cgroup \"%s\" cannot take a new container: %s",
		cgroup->path, why);
	err_hint(err, "%s", hint);
	return err_result(err);
}

/* cgroups(7), "Thread mode": what is below a threaded cgroup takes no process from outside. */
static int type_check(const struct cgroup *cgroup, struct err *err)
{
	auto_free char *type = NULL;
	int r = host_read(cgroup->fd, "cgroup.type", FILE_MAX, &type, NULL, err);

	if (r == -ENOENT) {
		err_drop(err); /* before 4.14: there were no others */
		return 0;
	}
	if (r < 0)
		return r;
	type[strcspn(type, "\n")] = '\0';
	if (strcmp(type, "domain invalid") == 0)
		return unfit(cgroup, "the cgroup above it is threaded",
			"choose a linux.cgroupsPath outside of it: only its own threads can live "
			"there",
			err);
	if (strcmp(type, "threaded") == 0)
		return unfit(cgroup, "it is threaded",
			"only threads of processes in the cgroup above it can live there", err);
	return 0;
}

/* cgroups(7), "no internal processes": the controllers that may be enabled for the children of a
 * cgroup that holds processes. */
static bool is_threaded_controller(const char *name, size_t len)
{
	static const char *const threaded[] = { "cpu", "cpuset", "perf_event", "pids" };

	for (size_t i = 0; i < ARRAY_SIZE(threaded); i++)
		if (strlen(threaded[i]) == len && strncmp(threaded[i], name, len) == 0)
			return true;
	return false;
}

static int has_children(const struct cgroup *cgroup, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	int r = cgroup_list(cgroup->fd, &dir, err);

	return r < 0 ? r : cgroup_next_child(dir) != NULL;
}

/* An empty cgroup that divided resources among children which are gone need not any more. */
static int stop_dividing(const struct cgroup *cgroup, const char *name, size_t len, struct err *err)
{
	auto_free char *word = xasprintf("-%.*s", (int)len, name);
	auto_free char *why = NULL;
	int r = has_children(cgroup, err);

	if (r == 0)
		return host_write(cgroup->fd, "cgroup.subtree_control", word, len + 1, err);
	if (r < 0)
		return r;
	why = xasprintf("it divides \"%.*s\" among its children and so can hold no process",
		(int)len, name);
	return unfit(cgroup, why,
		"choose a linux.cgroupsPath below it, or empty its cgroup.subtree_control", err);
}

static int children_check(const struct cgroup *cgroup, struct err *err)
{
	auto_free char *enabled = NULL;
	int r = host_read(cgroup->fd, "cgroup.subtree_control", FILE_MAX, &enabled, NULL, err);

	for (const char *name = enabled; r == 0 && *name;) {
		size_t len = strcspn(name, " \n");

		if (len > 0 && !is_threaded_controller(name, len))
			r = stop_dividing(cgroup, name, len, err);
		name += len;
		name += strspn(name, " \n");
	}
	return r;
}

/* config-linux.md, "Control groups": a frozen or, for create, a non-empty cgroup is an error.  A
 * new process in a frozen cgroup would never run, and we would wait for it. */
int cgroup_fitness_check(const struct cgroup *cgroup, bool existed, struct err *err)
{
	struct cgroup_events events;
	int r = events_read(cgroup->fd, &events, err);

	if (r == 0)
		r = type_check(cgroup, err);
	if (r == 0 && existed)
		r = children_check(cgroup, err);
	if (r < 0)
		return r;
	if (events.populated) {
		auto_free char *pids = pids_describe(cgroup->fd);
		auto_free char *why = xasprintf("it holds processes: %s", pids);

		return unfit(
			cgroup, why, "every container needs a linux.cgroupsPath of its own", err);
	}
	if (events.frozen)
		return unfit(cgroup, "it is frozen",
			"it or a cgroup above it has 1 in cgroup.freeze: thaw that one first", err);
	return 0;
}

static void hint_make(int errnum, struct err *err)
{
	if (errnum == EACCES || errnum == EPERM)
		err_hint(err,
			"a user without privileges needs a delegated cgroup (systemd: "
			"Delegate=yes, for "
			"example systemd-run --user --scope -p Delegate=yes ...)");
	else if (errnum == EROFS)
		err_hint(err, "the cgroup file system is mounted read-only");
	else if (errnum == EAGAIN)
		err_hint(err, "cgroup.max.descendants or cgroup.max.depth above it is reached");
}

/* Makes or finds the last component and opens it.  *out_existed: found. */
static int leaf_make(struct cgroup *cgroup, const char *parent, bool *out_existed, struct err *err)
{
	bool nested = parent[1] != '\0';
	auto_close int parentfd =
		nested ? where_openat(cgroup->rootfd, parent, O_PATH, err) : FD_NONE;
	int r;

	if (nested && parentfd < 0)
		return parentfd;
	r = host_mkdir(
		nested ? parentfd : cgroup->rootfd, strrchr(cgroup->path, '/') + 1, 0755, err);
	if (r < 0)
		return r;
	*out_existed = r == 1;
	r = where_openat(cgroup->rootfd, cgroup->path, 0, err);
	if (r < 0) {
		if (!*out_existed)
			remove_up(cgroup->rootfd, cgroup->path, 1);
		return r;
	}
	cgroup->fd = r;
	return 0;
}

/* One try: 0, or -ENOENT when a directory vanished while we were using it. */
static int make_once(struct cgroup *cgroup, const char *parent, const struct limits *limits,
	unsigned int *out_made, struct err *err)
{
	bool nested = parent[1] != '\0', existed = false;
	unsigned int parents = 0;
	int r = nested ? parents_make(cgroup->rootfd, parent, &parents, err) : 0;

	if (r == 0)
		r = controllers_enable(cgroup->rootfd, cgroup->path, limits, err);
	if (r == 0)
		r = leaf_make(cgroup, parent, &existed, err);
	if (r < 0) {
		remove_up(cgroup->rootfd, parent, parents);
		return r;
	}
	*out_made = existed ? 0 : parents + 1;
	/* A new directory below the root holds nothing, and nothing above it is frozen or threaded. */
	if (existed || nested)
		r = cgroup_fitness_check(cgroup, existed, err);
	if (r < 0) {
		fd_close(&cgroup->fd);
		remove_up(cgroup->rootfd, cgroup->path, *out_made);
	}
	return r;
}

#define SUPERVISOR "supervisor" /* the name in systemd's documentation */

/* A cgroup with processes cannot divide its resources ("no internal processes"). */
static int leave_own(const struct cgroup *cgroup, struct err *err)
{
	auto_close int own = where_openat(cgroup->rootfd, cgroup->own, O_PATH, err);
	int r = own < 0 ? own : host_mkdir(own, SUPERVISOR, 0755, err);

	if (r >= 0)
		r = host_write(own, SUPERVISOR "/cgroup.procs", "0", 1, err);
	return r < 0 ? err_in(err, "move from cgroup \"%s\" into one below it", cgroup->own) : 0;
}

static int cgroupfs_make(struct cgroup *cgroup, pid_t pid, const struct limits *limits,
	unsigned int *out_made, struct err *err)
{
	auto_free char *parent = where_parent(cgroup->path);
	int r = cgroup_rootfd(cgroup, err);

	(void)pid;
	if (r >= 0 && cgroup->own)
		r = leave_own(cgroup, err);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (int i = 0; i < MAKE_TRIES && cgroup_is_gone(r); i++)
		r = make_once(cgroup, parent, limits, out_made, err);
	if (r < 0)
		hint_make(-r, err);
	return r;
}

const struct cgroup_manager_ops cgroupfs_ops = {
	.plan = cgroupfs_plan,
	.make = cgroupfs_make,
	.unmake = cgroupfs_unmake,
	.needs_process = false,
};
