// SPDX-License-Identifier: Apache-2.0
/*
 * Controllers: which there are, and enabling those that a container's limits need in the cgroups
 * above it (cgroup.subtree_control), from the root downwards.  No others: each one costs time in
 * every process of the tree.  Above a cgroup that systemd has delegated (podman --cgroups=split, a
 * user's session) its controllers are left as they are.
 *
 * That a controller is missing has one of a few reasons, and the error names it (rule R12).
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/hostfile.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "cgroups/where.h"

#define LIST_MAX 4096

bool controllers_hold(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (*list) {
		size_t len = strcspn(list, " \n");

		if (len == n && memcmp(list, name, n) == 0)
			return true;
		list += len;
		list += strspn(list, " \n");
	}
	return false;
}

/* The first limit whose controller is not in @list, or NULL. */
static const struct limit *first_missing(const struct limits *limits, const char *list)
{
	for (size_t i = 0; i < limits->count; i++) {
		const char *name = limits->items[i].controller;

		if (name && !controllers_hold(list, name))
			return &limits->items[i];
	}
	return NULL;
}

/* "#subsys_name hierarchy num_cgroups enabled": why the v2 root does not have it. */
static const char *reason(const char *proc_cgroups, const char *controller)
{
	const char *v1_name = strcmp(controller, "io") == 0 ? "blkio" : controller;
	size_t len = strlen(v1_name);

	for (const char *line = proc_cgroups; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, v1_name, len) != 0 || line[len] != '\t')
			continue;
		if (line[len + 1] != '0')
			return "it is in use by a cgroup v1 hierarchy";
		line += strcspn(line, "\n");
		return line[-1] == '0' ? "it is disabled on the kernel command line"
				       : "the cgroup that is mounted here does not have it";
	}
	return "the kernel does not have it";
}

static int missing_at_root(const struct limit *limit, struct err *err)
{
	auto_free char *text = NULL;
	struct err ignored;
	const char *why = "it is not among cgroup.controllers";

	if (host_read(AT_FDCWD, "/proc/cgroups", LIST_MAX, &text, NULL, &ignored) == 0)
		why = reason(text, limit->controller);
	err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
		"%s: the cgroup v2 controller \"%s\" is not available: %s", limit->property,
		limit->controller, why);
	if (strstr(why, "v1"))
		err_hint(err, "boot with systemd.unified_cgroup_hierarchy=1, or do without %s",
			limit->property);
	return err_result(err);
}

/* The unit of systemd, the last component that is one, in which @path lies; NULL: none. */
static char *unit_of(const char *path)
{
	static const char *const kinds[] = { ".service", ".scope" };
	const char *unit = NULL;

	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");

		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (len > strlen(kinds[i]) &&
				strncmp(p + len - strlen(kinds[i]), kinds[i], strlen(kinds[i])) ==
					0)
				unit = p;
		p += len;
		p += strspn(p, "/");
	}
	return unit ? xstrndup(unit, strcspn(unit, "/")) : NULL;
}

/* Who can give what @path lacks, and in which file. */
static void hint_delegation(const char *path, struct err *err)
{
	auto_free char *unit = unit_of(path);

	if (unit && (strstr(path, "/user@") || strncmp(path, "/user.slice", 11) == 0))
		err_hint(err,
			"put \"[Service]\" and \"Delegate=cpu cpuset io memory pids\" into "
			"/etc/systemd/system/user@.service.d/delegate.conf, log in again, and "
			"start from "
			"a unit with Delegate=yes (systemd-run --user --scope -p Delegate=yes "
			"...)");
	else if (unit)
		err_hint(err,
			"put Delegate=yes into the unit \"%s\" (systemctl edit), then restart it",
			unit);
	else
		err_hint(err,
			"root must enable it in cgroup.subtree_control of the cgroups above, and "
			"give the "
			"user \"%s\" with its cgroup.procs and cgroup.subtree_control",
			path);
}

static void hint_enable(int errnum, const char *path, struct err *err)
{
	if (errnum == EBUSY)
		err_hint(err,
			"processes live in \"%s\", so it cannot divide resources among children "
			"(\"no internal processes\"): choose another linux.cgroupsPath",
			path);
	else if (errnum == EOPNOTSUPP)
		err_hint(err,
			"\"%s\" or one above it is threaded, and divides cpu, cpuset and pids at "
			"most",
			path);
	else if (errnum == EACCES || errnum == EPERM)
		hint_delegation(path, err);
	else if (errnum == EROFS)
		err_hint(err, "the cgroup file system is mounted read-only");
}

/*
 * systemd has exactly one writer for each cgroup: above a unit with Delegate= that is systemd, and
 * it would take back what we enable there.  It does not know the other controllers.
 */
static bool is_of_systemd(const char *controller)
{
	static const char *const known[] = { "cpu", "cpuset", "io", "memory", "pids" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i], controller) == 0)
			return true;
	return false;
}

static bool is_boundary(int rootfd, const char *path)
{
	static const char *const marks[] = { "trusted.delegate", "user.delegate" };
	struct err ignored; /* what cannot be opened is not marked either */
	auto_close int fd = where_openat(rootfd, path, 0, &ignored);
	char value;

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(marks); i++)
		if (fgetxattr(fd, marks[i], &value, 1) == 1 && value == '1')
			return true;
	return false;
}

/* The length of the part of @path that is the deepest cgroup which systemd has delegated; 0: none.
 */
static size_t boundary_of(int rootfd, const char *path)
{
	auto_free char *rest = xstrdup(path);

	while (rest[1]) {
		char *parent;

		if (is_boundary(rootfd, rest))
			return strlen(rest);
		parent = where_parent(rest);
		free(rest);
		rest = parent;
	}
	return 0;
}

/* "+memory +pids": each once, however many limits need it. */
static void add_controller(struct strbuf *add, const char *name)
{
	auto_free char *word = xasprintf("+%s", name);

	if (!controllers_hold(strbuf_str(add), word))
		strbuf_addf(add, "%s%s", add->len ? " " : "", word);
}

static int not_available(const struct limit *limit, const char *path, struct err *err)
{
	err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
		"%s: the controller \"%s\" is not available in cgroup \"%s\"", limit->property,
		limit->controller, path);
	hint_delegation(path, err);
	return err_result(err);
}

/* One cgroup: adds what is missing to its subtree_control.  @above: it is systemd's. */
static int enable_at(
	int dirfd, const char *path, bool above, const struct limits *limits, struct err *err)
{
	auto_free char *have = NULL, *enabled = NULL;
	auto_(strbuf) struct strbuf add = STRBUF_INIT;
	const struct limit *first;
	int r = host_read(dirfd, "cgroup.subtree_control", LIST_MAX, &enabled, NULL, err);

	if (r < 0)
		return err_in(err, "cgroup \"%s\"", path);
	first = first_missing(limits, enabled);
	if (!first)
		return 0;
	r = host_read(dirfd, "cgroup.controllers", LIST_MAX, &have, NULL, err);
	if (r < 0)
		return err_in(err, "cgroup \"%s\"", path);
	for (size_t i = 0; i < limits->count; i++) {
		const struct limit *limit = &limits->items[i];
		const char *name = limit->controller;

		if (!name || controllers_hold(enabled, name) || (above && is_of_systemd(name)))
			continue;
		if (!controllers_hold(have, name))
			return not_available(limit, path, err);
		add_controller(&add, name);
	}
	if (add.len == 0)
		return 0; /* the next one below says what it lacks */
	r = host_write(dirfd, "cgroup.subtree_control", add.data, add.len, err);
	if (r < 0) {
		hint_enable(-r, path, err);
		return err_in(err, "%s: cgroup \"%s\"", first->property, path);
	}
	return 0;
}

/* The usual case, one read: an earlier container of the same parent has enabled them. */
static int is_enabled(int dirfd, const struct limits *limits, struct err *err)
{
	auto_free char *enabled = NULL;
	int r = host_read(dirfd, "cgroup.subtree_control", LIST_MAX, &enabled, NULL, err);

	return r < 0 ? r : !first_missing(limits, enabled);
}

static int root_check(int rootfd, const struct limits *limits, struct err *err)
{
	auto_free char *have = NULL;
	const struct limit *missing;
	int r = host_read(rootfd, "cgroup.controllers", LIST_MAX, &have, NULL, err);

	if (r < 0)
		return r;
	missing = first_missing(limits, have);
	return missing ? missing_at_root(missing, err) : 0;
}

int controllers_enable(int rootfd, const char *path, const struct limits *limits, struct err *err)
{
	auto_free char *parent = where_parent(path), *prefix = NULL;
	auto_close int parentfd = FD_NONE;
	size_t boundary;
	int r;

	if (!first_missing(limits, ""))
		return 0;
	parentfd = where_openat(rootfd, parent, O_PATH, err);
	if (parentfd < 0)
		return parentfd;
	r = is_enabled(parentfd, limits, err);
	if (r != 0)
		return r < 0 ? r : 0;
	boundary = boundary_of(rootfd, parent);
	r = root_check(rootfd, limits, err);
	if (r == 0)
		r = enable_at(rootfd, "/", boundary > 0, limits, err);
	prefix = xstrdup(parent);
	for (size_t end = 1; r == 0 && parent[1] && end <= strlen(parent); end++) {
		auto_close int fd = FD_NONE;

		if (parent[end] != '/' && parent[end] != '\0')
			continue;
		prefix[end] = '\0';
		fd = where_openat(rootfd, prefix, O_PATH, err);
		r = fd < 0 ? fd : enable_at(fd, prefix, end < boundary, limits, err);
		prefix[end] = parent[end];
	}
	return r;
}
