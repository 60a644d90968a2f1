// SPDX-License-Identifier: Apache-2.0
/*
 * The façade: a container's cgroup from its plan to its limits.
 *
 * The path is decided before anything is made, so that the state can name it first (rule R13).  A
 * cgroup may be absent (disabled, no cgroup2 file system, not delegated): its path is "" then, now
 * and in the state, and no function ever touches the cgroup that the caller happens to live in.
 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/clock.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/path.h"
#include "base/procfs.h"
#include "cgroups/devices.h"
#include "cgroups/internal.h"
#include "cgroups/where.h"

#define DELEGATE_MAX 4096
#define PROC_CGROUP_MAX (1u << 20)
#define ORPHAN_TIMEOUT_MS 1000 /* an init without a parent ends by itself within moments */
#define ID_ATTRIBUTE "trusted.oci.id" /* the container's id, on the directory */

DEFINE_NAMES(cgroup_manager_names, "cgroup manager", { "cgroupfs", CGROUP_MANAGER_CGROUPFS },
	{ "systemd", CGROUP_MANAGER_SYSTEMD }, { "disabled", CGROUP_MANAGER_DISABLED });

/* Ordered as enum cgroup_manager. */
static const struct cgroup_manager_ops *const managers[] = {
	[CGROUP_MANAGER_CGROUPFS] = &cgroupfs_ops,
	[CGROUP_MANAGER_SYSTEMD] = &systemd_ops,
	[CGROUP_MANAGER_DISABLED] = NULL,
};

/* config-linux.md, "Cgroup ownership": when the kernel does not list them */
static const char delegate_fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

const struct cgroup_manager_ops *cgroup_manager_of(const struct cgroup *cgroup)
{
	return managers[cgroup->manager];
}

static struct cgroup *cgroup_new(enum cgroup_manager manager)
{
	struct cgroup *cgroup = xcalloc(1, sizeof(*cgroup));

	cgroup->manager = manager;
	cgroup->rootfd = FD_NONE;
	cgroup->fd = FD_NONE;
	return cgroup;
}

void cgroup_free(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	fd_close(&cgroup->rootfd);
	fd_close(&cgroup->fd);
	free(cgroup->id);
	free(cgroup->path);
	free(cgroup->unit);
	free(cgroup->own);
	systemd_free(cgroup->systemd);
	free(cgroup);
}

int cgroup_plan(const struct cgroup_where *where, struct cgroup **out_cgroup, struct err *err)
{
	auto_(cgroup) struct cgroup *cgroup = cgroup_new(where->manager);
	int r;

	cgroup->rootless = where->rootless;
	cgroup->id = xstrdup(where->id);
	if (where->manager == CGROUP_MANAGER_DISABLED) {
		cgroup->absence = CGROUP_DISABLED;
	} else {
		r = managers[where->manager]->plan(where, cgroup, err);
		if (r < 0)
			return r;
	}
	if (!cgroup->absence)
		cgroup->absence = CGROUP_NOT_MADE;
	if (!cgroup->path)
		cgroup->path = xstrdup("");
	*out_cgroup = take_ptr(&cgroup);
	return 0;
}

int cgroup_open(enum cgroup_manager manager, const char *path, const char *unit,
	struct cgroup **out_cgroup, struct err *err)
{
	auto_(cgroup) struct cgroup *cgroup = cgroup_new(manager);
	int r = 0;

	if (manager == CGROUP_MANAGER_DISABLED || !*path) {
		cgroup->absence = CGROUP_DISABLED;
		cgroup->path = xstrdup("");
	} else {
		r = where_join("", path, "the recorded cgroup", &cgroup->path, err);
	}
	if (r < 0)
		return r;
	cgroup->unit = unit ? xstrdup(unit) : NULL;
	*out_cgroup = take_ptr(&cgroup);
	return 0;
}

static int is_foreign(struct cgroup *cgroup, const char *why)
{
	log_warn("cgroup \"%s\" %s: it is left alone", cgroup->path, why);
	cgroup->absence = CGROUP_FOREIGN;
	fd_close(&cgroup->fd);
	return 1;
}

/*
 * A crash between the record and the directory leaves a record that may name another container's
 * cgroup, or a service's: then nothing in it is ours to kill.  Only root can write this mark, so no
 * container can forge one.  Who cannot write it has none either; but until its process is recorded
 * a container has none that would stay.
 */
int cgroup_verify(struct cgroup *cgroup, const char *id, bool used, struct err *err)
{
	char owner[1025] = "";
	auto_free char *why = NULL;
	ssize_t len;
	int r = 0;
	int fd = cgroup->absence ? -ENOENT : cgroup_dirfd(cgroup, err);

	if (cgroup_is_gone(fd)) {
		err_drop(err); /* nothing there, nobody's */
		return 0;
	}
	if (fd < 0)
		return fd;
	len = fgetxattr(fd, ID_ATTRIBUTE, owner, sizeof(owner) - 1);
	if (len <= 0) {
		if (!used)
			r = events_wait(
				fd, EVENT_POPULATED, false, clock_ms() + ORPHAN_TIMEOUT_MS, err);
		if (cgroup_is_gone(r)) {
			err_drop(err); /* removed meanwhile */
			return 0;
		}
		return r > 0 ? is_foreign(cgroup, "holds processes that are not the container's")
			     : r;
	}
	if (strcmp(owner, id) == 0)
		return 0;
	why = xasprintf("belongs to container \"%s\" and not to \"%s\"", owner, id);
	return is_foreign(cgroup, why);
}

const char *cgroup_path(const struct cgroup *cgroup)
{
	return cgroup->path;
}

const char *cgroup_unit(const struct cgroup *cgroup)
{
	return cgroup->unit;
}

bool cgroup_is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

int cgroup_rootfd(struct cgroup *cgroup, struct err *err)
{
	if (cgroup->rootfd < 0) {
		int fd = where_root_open(err);

		if (fd < 0)
			return fd;
		cgroup->rootfd = fd;
	}
	return cgroup->rootfd;
}

int cgroup_dirfd(struct cgroup *cgroup, struct err *err)
{
	int fd;

	if (cgroup->absence)
		BUG("a cgroup that is absent has no directory");
	if (cgroup->fd >= 0)
		return cgroup->fd;
	fd = cgroup_rootfd(cgroup, err);
	if (fd < 0)
		return fd;
	fd = where_openat(cgroup->rootfd, cgroup->path, 0, err);
	if (fd >= 0)
		cgroup->fd = fd;
	return fd;
}

int cgroup_fd(struct cgroup *cgroup, struct err *err)
{
	/* FD_NONE is the answer and no failure: err stays untouched. */
	return cgroup->absence ? FD_NONE : cgroup_dirfd(cgroup, err);
}

int cgroup_absent(const struct cgroup *cgroup, const char *what, struct err *err)
{
	static const struct {
		const char *why, *hint;
	} reasons[] = {
		[CGROUP_PRESENT] = { "", "" },
		[CGROUP_DISABLED] = { "the container has none",
			"it was created with --cgroup-manager=disabled, or where none could be "
			"made" },
		[CGROUP_NO_HIERARCHY] = { "no cgroup2 file system is mounted",
			"cgroup v1 alone is not supported: boot with "
			"systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2" },
		[CGROUP_NOT_DELEGATED] = { "none is delegated to this user",
			"start from a unit with Delegate=yes: systemd-run --user --scope -p "
			"Delegate=yes ...; the controllers of users are in "
			"/etc/systemd/system/user@.service.d/delegate.conf (Delegate=cpu cpuset io "
			"memory pids)" },
		[CGROUP_NOT_MADE] = { "it was not made", "the container was not created" },
		[CGROUP_FOREIGN] = { "the recorded one belongs to another container",
			"delete this container" },
	};

	err_bad_errno(err, ERR_STATE, EOPNOTSUPP, "%s needs a cgroup: %s", what,
		reasons[cgroup->absence].why);
	err_hint(err, "%s", reasons[cgroup->absence].hint);
	return err_result(err);
}

/* ---- create ---- */

/* Without a cgroup a container may run if nothing was asked that needs one.  Without privileges the
 * device list is not lost: no device can be made and mounts are nodev (docs/security.md). */
static int create_absent(const struct cgroup *cgroup, const struct spec_resources *resources,
	const struct limits *limits, struct err *err)
{
	if (cgroup->absence == CGROUP_DISABLED)
		return 0;
	if (limits->count > 0)
		return cgroup_absent(cgroup, limits->items[0].property, err);
	if (resources && resources->devices.count > 0 && !cgroup->rootless)
		return cgroup_absent(cgroup, "linux.resources.devices", err);
	if (cgroup->absence == CGROUP_NO_HIERARCHY)
		log_warn("no cgroup2 file system is mounted: the container runs without a cgroup");
	else
		log_debug("no cgroup is delegated: the container stays in the caller's");
	return 0;
}

/* *out_prog: the loaded program; FD_NONE where the kernel does not let a user have one. */
static int devices_prepare(const struct cgroup *cgroup, const struct spec_resources *resources,
	const spec_devices *nodes, int *out_prog, struct err *err)
{
	auto_(devices_program) struct devices_program program = { 0 };
	int r;

	devices_program_build(resources ? resources->devices.items : NULL,
		resources ? resources->devices.count : 0, nodes ? nodes->items : NULL,
		nodes ? nodes->count : 0, &program);
	r = devices_load(&program, err);
	if (r == -EPERM && cgroup->rootless) {
		log_debug("device rules are not loaded: %s", err->msg);
		err_drop(err); /* see create_absent() */
		r = FD_NONE;
	} else if (r < 0) {
		return r;
	}
	*out_prog = r;
	return 0;
}

static int devices_set(struct cgroup *cgroup, bool replace, const struct spec_resources *resources,
	const spec_devices *nodes, struct err *err)
{
	auto_close int prog = FD_NONE;
	int r = devices_prepare(cgroup, resources, nodes, &prog, err);

	return r < 0 || prog < 0 ? r : devices_attach(cgroup->fd, replace, prog, err);
}

/* For cgroup_verify(), and for people who find a cgroup without a container.  Best effort: only
 * root may. */
static void id_record(const struct cgroup *cgroup)
{
	if (cgroup->id && !cgroup->rootless &&
		fsetxattr(cgroup->fd, ID_ATTRIBUTE, cgroup->id, strlen(cgroup->id), 0) < 0)
		log_debug(ID_ATTRIBUTE " of cgroup \"%s\": %s", cgroup->path, err_text(errno));
}

static int create(struct cgroup *cgroup, pid_t pid, const struct spec_resources *resources,
	const spec_devices *nodes, struct err *err)
{
	auto_(limits) struct limits limits = { 0 };
	unsigned int made = 0;
	int r;

	/* Disabled means that the engine looks after limits: they are not even read. */
	if (cgroup->absence == CGROUP_DISABLED)
		return 0;
	r = limits_plan(resources, NULL, &limits, err);
	if (r < 0)
		return r;
	if (cgroup->absence != CGROUP_NOT_MADE)
		return create_absent(cgroup, resources, &limits, err);
	r = managers[cgroup->manager]->make(cgroup, pid, &limits, &made, err);
	if (r < 0)
		return r;
	r = limits_apply(cgroup->fd, &limits, err);
	if (r == 0)
		r = devices_set(cgroup, made == 0, resources, nodes, err);
	if (r < 0) {
		fd_close(&cgroup->fd);
		managers[cgroup->manager]->unmake(cgroup, made);
		return err_in(err, "cgroup \"%s\"", cgroup->path);
	}
	id_record(cgroup);
	cgroup->absence = CGROUP_PRESENT;
	cgroup->made = made;
	return 0;
}

void cgroup_unmake_parents(struct cgroup *cgroup)
{
	if (cgroup->made > 1)
		managers[cgroup->manager]->unmake(cgroup, cgroup->made);
	cgroup->made = 0;
}

int cgroup_create(struct cgroup *cgroup, const struct spec_resources *resources,
	const spec_devices *nodes, struct err *err)
{
	return create(cgroup, 0, resources, nodes, err);
}

bool cgroup_needs_process(const struct cgroup *cgroup)
{
	return cgroup->absence == CGROUP_NOT_MADE && managers[cgroup->manager]->needs_process;
}

int cgroup_adopt(struct cgroup *cgroup, pid_t pid, const struct spec_resources *resources,
	const spec_devices *nodes, struct err *err)
{
	if (!cgroup_needs_process(cgroup))
		BUG("cgroup_adopt() is for managers that need a process");
	return create(cgroup, pid, resources, nodes, err);
}

bool cgroup_needs_attach(struct cgroup *cgroup)
{
	const struct cgroup_manager_ops *ops = cgroup_manager_of(cgroup);
	struct err ignored; /* the move will say why */

	return !cgroup->absence && ops->attach && cgroup_rootfd(cgroup, &ignored) >= 0 &&
		!where_is_reachable(cgroup->rootfd, cgroup->path);
}

int cgroup_attach(struct cgroup *cgroup, pid_t pid, struct err *err)
{
	return cgroup_manager_of(cgroup)->attach(cgroup, pid, err);
}

/* ---- update ---- */

static int update_absent(const struct cgroup *cgroup, const struct limits *limits, struct err *err)
{
	return limits->count ? cgroup_absent(cgroup, limits->items[0].property, err) : 0;
}

/* Tells the manager as well, when there is one to be told. */
static int manager_update(struct cgroup *cgroup, const struct limits *limits, struct err *err)
{
	const struct cgroup_manager_ops *ops = cgroup_manager_of(cgroup);

	return ops->update ? ops->update(cgroup, limits, err) : 0;
}

static void restore(struct cgroup *cgroup, const struct limits_saved *saved)
{
	struct limits earlier = { .items = saved->items, .count = saved->count };
	struct err err;

	limits_restore(cgroup->fd, saved);
	if (manager_update(cgroup, &earlier, &err) < 0)
		log_warn("putting back the limits of cgroup \"%s\": %s", cgroup->path, err.msg);
}

static int change_along(const struct cgroup_along *along, struct err *err)
{
	return along ? along->change(along->arg, err) : 0;
}

/* The result @r of what was done to the cgroup itself. */
static int named(const struct cgroup *cgroup, int r, struct err *err)
{
	return r < 0 ? err_in(err, "cgroup \"%s\"", cgroup->path) : r;
}

/* Device rules come last: they cannot be put back. */
static int update_present(struct cgroup *cgroup, const struct limits *limits, int prog,
	const struct cgroup_along *along, struct err *err)
{
	auto_(limits_saved) struct limits_saved saved = { 0 };
	int r = controllers_enable(cgroup_rootfd(cgroup, err), cgroup->path, limits, err);

	if (r == 0)
		r = limits_change(cgroup->fd, limits, &saved, err);
	if (r < 0)
		return named(cgroup, r, err);
	r = named(cgroup, manager_update(cgroup, limits, err), err);
	if (r == 0)
		r = change_along(along, err);
	if (r == 0 && prog >= 0)
		r = named(cgroup, devices_attach(cgroup->fd, true, prog, err), err);
	if (r < 0)
		restore(cgroup, &saved);
	return r;
}

int cgroup_update(struct cgroup *cgroup, const struct spec_resources *resources, bool rootless,
	const struct cgroup_along *along, struct err *err)
{
	auto_(limits) struct limits limits = { 0 };
	struct limits_present present = { -1, -1, 0, 0 };
	auto_close int prog = FD_NONE;
	int r = cgroup->absence ? 0 : cgroup_dirfd(cgroup, err);

	if (r >= 0 && !cgroup->absence)
		r = limits_present(cgroup->fd, resources, &present, err);
	if (r >= 0)
		r = limits_plan(resources, &present, &limits, err);
	if (r >= 0 && cgroup->absence) {
		r = update_absent(cgroup, &limits, err);
		return r < 0 ? r : change_along(along, err);
	}
	cgroup->rootless = rootless;
	if (r >= 0 && resources->devices.count > 0)
		r = named(cgroup, devices_prepare(cgroup, resources, NULL, &prog, err), err);
	return r < 0 ? r : update_present(cgroup, &limits, prog, along, err);
}

/* ---- ownership ---- */

static int chown_files(int dirfd, char *names, uid_t uid, gid_t gid, struct err *err)
{
	char *rest = NULL;

	for (char *name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		if (!path_is_name(name))
			continue;
		if (fchownat(dirfd, name /* path: a checked name */, uid, gid,
			    AT_SYMLINK_NOFOLLOW) < 0 &&
			errno != ENOENT)
			return err_sys(err, errno, "chown \"%s\"", name);
	}
	return 0;
}

int cgroup_chown(struct cgroup *cgroup, uid_t uid, gid_t gid, struct err *err)
{
	auto_free char *names = NULL;
	int fd, r;

	if (cgroup->absence)
		return 0;
	fd = cgroup_dirfd(cgroup, err);
	if (fd < 0)
		return fd;
	r = host_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", DELEGATE_MAX, &names, NULL, err);
	if (r < 0) {
		err_drop(err); /* the specification says what to do without it */
		names = xstrdup(delegate_fallback);
	}
	if (fchown(fd, uid, gid) < 0)
		r = err_sys(err, errno, "chown to %u:%u", uid, gid);
	else
		r = chown_files(fd, names, uid, gid, err);
	return r < 0 ? err_in(err, "cgroup \"%s\"", cgroup->path) : 0;
}

/* ---- processes ---- */

int cgroup_of_process(int procfd, pid_t pid, char **out_path, struct err *err)
{
	auto_free char *text = NULL, *file = xasprintf("%d/cgroup", (int)pid);
	char *path;
	int r = procfs_read(procfd, file, PROC_CGROUP_MAX, &text, err);

	if (r < 0)
		return r;
	path = where_own_path(text);
	if (!path)
		return err_bad_errno(err, ERR_OTHER, ENOENT,
			"process %d is in no cgroup v2: no cgroup2 file system is mounted",
			(int)pid);
	*out_path = path;
	return 0;
}
