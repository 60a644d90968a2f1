// SPDX-License-Identifier: Apache-2.0
/*
 * The plan of a container's file tree: made in the parent from the configuration alone, then
 * applied by the child (enter.c, mount.c, devices.c, seal.c).
 *
 * What belongs to the host is pinned here by descriptor: the rootfs and the sources of bind mounts
 * are detached clones, so the child, which may be another user in another user namespace, needs no
 * path of the host.  A caller without privilege over its mount namespace cannot clone; then the
 * child does it in rootfs_enter(), inside its own namespaces.
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"

#define MAGIC_SELINUX 0xf97cff8c

static const struct fs_kind fs_kinds[] = {
	{ "proc", "proc", "proc", MAGIC_PROC, .plain_dir = true },
	{ "sysfs", "sysfs", "sys", MAGIC_SYSFS, .plain_dir = true },
	{ "mqueue", "mqueue", "dev/mqueue", 0x19800202 },
	{ "tmpfs", "tmpfs", .labelled = true, .late_readonly = true },
	{ "devpts", "devpts", .labelled = true },
	/* One type for both versions in the configuration; we know version 2 alone. */
	{ "cgroup", "cgroup2", "sys/fs/cgroup", MAGIC_CGROUP2 },
	{ "cgroup2", "cgroup2", "sys/fs/cgroup", MAGIC_CGROUP2 },
	{ "ramfs", "ramfs", .labelled = true },
	/* all others */
	{ NULL, NULL, .labelled = true, .names_files = true },
};

/* What may be mounted inside /proc: files that lxcfs emulates, and two that programs probe. */
static const char *const proc_targets[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
};

const struct fs_kind *fs_kind_of(const char *type)
{
	const struct fs_kind *kind = fs_kinds;

	while (kind->type && strcmp(kind->type, type) != 0)
		kind++;
	return kind;
}

int mount_err_in(const struct mount_plan *m, struct err *err)
{
	return err_in(err, "%s \"%s\"", m->label, m->destination);
}

static bool is_proc_target(const char *clean)
{
	for (size_t i = 0; i < ARRAY_SIZE(proc_targets); i++)
		if (strcmp(clean, proc_targets[i]) == 0)
			return true;
	return false;
}

int mount_check_destination(const struct mount_plan *m, struct err *err)
{
	if (strcmp(m->clean, "/") == 0)
		return err_bad(err, ERR_CONFIG, "a mount cannot replace the root: see root.path");
	if (strcmp(m->clean, "/proc") == 0) {
		/* A bind mount may be one of a procfs: mount_check_target() looks at it. */
		bool is_proc = m->fs && strcmp(m->fs->name ? m->fs->name : "", "proc") == 0;

		if (!is_proc && m->kind != MOUNT_BIND && m->kind != MOUNT_REMOUNT)
			return err_bad(err, ERR_CONFIG, "only a procfs can be mounted on /proc");
	} else if (strncmp(m->clean, "/proc/", 6) == 0 && !is_proc_target(m->clean)) {
		return err_bad(err, ERR_CONFIG, "nothing can be mounted there inside /proc");
	}
	return 0;
}

/* ---- one mount ---- */

/* Relative sources of bind mounts are below the bundle (config.md, "Mounts"). */
static char *host_path(const char *bundle, const char *path)
{
	return path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", bundle, path);
}

/* The parameters as one string, when one of them is too long for fsconfig(2). */
static char *long_data(const struct mount_request *request)
{
	auto_(strbuf) struct strbuf data = STRBUF_INIT;
	bool needed = false;

	for (size_t i = 0; i < request->param_count; i++) {
		const struct fs_param *param = &request->params[i];

		if (param->value && strlen(param->value) > FS_VALUE_MAX)
			needed = true;
		strbuf_addf(&data, "%s%s", i ? "," : "", param->key);
		if (param->value)
			strbuf_addf(&data, "=%s", param->value);
	}
	return needed ? strbuf_take(&data) : NULL;
}

/* A source that is a link is made again as one; any other is bind mounted as usual. */
static int plan_symlink(struct mount_plan *m, struct err *err)
{
	auto_close int fd = host_open(AT_FDCWD, m->source, O_PATH | O_NOFOLLOW, 0, err);
	char text[4096];
	ssize_t len;

	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", text, sizeof(text) - 1);
	if (len < 0)
		return 0; /* no link: ENOENT for an empty path, EINVAL */
	m->kind = MOUNT_SYMLINK;
	m->link = xstrndup(text, (size_t)len);
	return 0;
}

static int plan_bind(const struct rootfs_plan *plan, const char *bundle, const char *source,
	struct mount_plan *m, struct err *err)
{
	int r;

	m->kind = MOUNT_BIND;
	if (!source || source[0] == '\0')
		return err_bad(err, ERR_CONFIG, "a bind mount needs a source");
	m->source = host_path(bundle, source);
	if (m->request.copy_symlink) {
		r = plan_symlink(m, err);
		if (r < 0 || m->kind == MOUNT_SYMLINK)
			return r;
	}
	if (!m->request.recursive)
		mount_request_flatten(&m->request);
	return plan->unprivileged ? 0 : bind_open(m, err);
}

/*
 * In a user namespace sysfs can only be mounted by the owner of the network namespace that it
 * shows.  cgroup2 without a cgroup namespace is the runtime's whole hierarchy: mounting it anew
 * would set the options of the host's (nsdelegate, memory_recursiveprot) back, and takes the kernel
 * milliseconds.
 */
static bool is_foreign(const struct rootfs_options *options, const struct fs_kind *fs)
{
	if (!fs->name)
		return false;
	if (strcmp(fs->name, "cgroup2") == 0)
		return !options->own_cgroup_ns;
	return strcmp(fs->name, "sysfs") == 0 && options->own_user_ns && !options->own_network_ns;
}

/* The container's cgroup may forbid it to open the device, and its user namespace to mount it. */
static bool is_on_block_device(const struct mount_plan *m)
{
	struct stat st;
	struct err ignored;

	return m->fs->names_files && m->source && m->source[0] == '/' &&
		host_stat(AT_FDCWD, m->source, &st, 0, &ignored) == 0 && S_ISBLK(st.st_mode);
}

static int plan_fs(const struct rootfs_plan *plan, const struct rootfs_options *options,
	const struct spec_mount *mount, struct mount_plan *m, struct err *err)
{
	if (!mount->type || strcmp(mount->type, "none") == 0)
		return err_bad(
			err, ERR_CONFIG, "no type, and neither bind nor rbind in the options");
	m->type = mount->type;
	m->fs = fs_kind_of(mount->type);
	m->kind = is_foreign(options, m->fs) ? MOUNT_HOST : MOUNT_FS;
	if (mount->source)
		m->source = xstrdup(mount->source);
	if (m->request.tmpcopyup && strcmp(mount->type, "tmpfs") != 0)
		return err_bad(
			err, ERR_CONFIG, "tmpcopyup is for a tmpfs, not for \"%s\"", m->type);
	mount_request_flatten(&m->request);
	m->data = long_data(&m->request);
	if (!m->data && !plan->unprivileged && is_on_block_device(m))
		return fs_open_device(plan, m, err);
	/* The container's user may map ids only through user namespaces below its own. */
	if (m->request.idmap && options->own_user_ns)
		return err_bad(err, ERR_CONFIG,
			"idmap is for bind mounts in a container with a user namespace");
	return 0;
}

static int plan_idmap(const struct rootfs_options *options, const struct spec_mount *mount,
	struct mount_plan *m, struct err *err)
{
	bool maps = mount->uid_mappings.count > 0 && mount->gid_mappings.count > 0;

	if (!m->request.idmap && !maps)
		return 0;
	m->request.idmap = true;
	if (!maps && !options->own_user_ns)
		return err_bad(err, ERR_CONFIG,
			"idmap without uidMappings and gidMappings needs a user namespace");
	if (!options->idmap_userns)
		return err_bad(err, ERR_CONFIG, "id-mapped mounts are not possible here");
	m->idmap_fd = options->idmap_userns(options->idmap_arg, maps ? &mount->uid_mappings : NULL,
		maps ? &mount->gid_mappings : NULL, err);
	return m->idmap_fd < 0 ? err_in(err, "id map") : 0;
}

static bool is_bind(const struct spec_mount *mount, const struct mount_request *request)
{
	return request->bind || (mount->type && strcmp(mount->type, "bind") == 0);
}

/* As mount(2) has it: no file system, only another propagation for what is there. */
static bool is_only_propagation(const struct spec_mount *mount, const struct mount_request *request)
{
	return !mount->type && !request->bind && request->propagation_count > 0;
}

/* The specification gives unknown options to the file system; a bind mount has none that would
 * refuse what may be a misspelt "nosuid". */
static void warn_without_effect(const struct spec_mount *mount, const struct mount_request *request)
{
	for (size_t i = 0; i < request->param_count; i++)
		log_warn("mount \"%s\": the option \"%s\" is unknown, and without effect on a bind "
			 "mount",
			mount->destination, request->params[i].key);
}

static int plan_mount(const struct rootfs_plan *plan, const struct rootfs_options *options,
	const struct spec_mount *mount, struct mount_plan *m, struct err *err)
{
	auto_free char *absolute = xasprintf("/%s", mount->destination);
	int r;

	m->clean = path_clean(absolute);
	r = mount_request_parse(&mount->options, &m->request, err);
	if (r < 0)
		return r;
	r = plan_idmap(options, mount, m, err);
	if (r < 0)
		return r;
	if (m->request.remount || is_only_propagation(mount, &m->request)) {
		m->kind = MOUNT_REMOUNT;
		mount_request_flatten(&m->request);
	} else if (is_bind(mount, &m->request)) {
		warn_without_effect(mount, &m->request);
		r = plan_bind(plan, options->bundle, mount->source, m, err);
	} else {
		r = plan_fs(plan, options, mount, m, err);
	}
	return r < 0 ? r : mount_check_destination(m, err);
}

/* ---- all mounts ---- */

static struct mount_plan *mount_next(struct rootfs_plan *plan, char *label, const char *destination)
{
	struct mount_plan *m = &plan->mounts[plan->mount_count++];

	m->label = label;
	m->destination = destination;
	m->source_fd = FD_NONE;
	m->idmap_fd = FD_NONE;
	m->late_fd = FD_NONE;
	return m;
}

/* What is made in such a /dev would be made on the host; there is one devtmpfs for all. */
static bool is_host_dev(const struct mount_plan *m)
{
	return m->kind == MOUNT_BIND || (m->kind == MOUNT_FS && strcmp(m->type, "devtmpfs") == 0);
}

static int plan_mounts(struct rootfs_plan *plan, const struct spec *spec,
	const struct rootfs_options *options, struct err *err)
{
	size_t count = spec->mounts.count + options->bind_count;

	plan->mounts = xcalloc(count ? count : 1, sizeof(*plan->mounts));
	for (size_t i = 0; i < spec->mounts.count; i++) {
		const struct spec_mount *mount = &spec->mounts.items[i];
		struct mount_plan *m =
			mount_next(plan, xasprintf("mounts[%zu]", i), mount->destination);
		int r = plan_mount(plan, options, mount, m, err);

		if (r < 0)
			return mount_err_in(m, err);
		if (strcmp(m->clean, "/dev") == 0 && is_host_dev(m))
			plan->host_dev = true;
	}
	for (size_t i = 0; i < options->bind_count; i++) {
		const struct rootfs_bind *bind = &options->binds[i];
		struct mount_plan *m = mount_next(plan, xstrdup("mount"), bind->destination);
		int r;

		m->clean = path_clean(bind->destination);
		m->request.bind = true;
		m->request.attr_set = bind->readonly ? MOUNT_ATTR_RDONLY : 0;
		r = plan_bind(plan, options->bundle, bind->source, m, err);
		if (r < 0)
			return mount_err_in(m, err);
	}
	return 0;
}

/* ---- the rest ---- */

/* R12: a label that is asked for and cannot be set is an error. */
static int plan_label(struct rootfs_plan *plan, struct err *err)
{
	const char *label = plan->linux_->mount_label;
	struct statfs fs;

	if (!label || label[0] == '\0')
		return 0;
	if (statfs("/sys/fs/selinux", &fs) < 0 || (unsigned long)fs.f_type != MAGIC_SELINUX)
		return err_bad(err, ERR_CONFIG, "linux.mountLabel: SELinux is not enabled");
	plan->mount_label = label;
	return 0;
}

/* Without a mount namespace every mount would be one of the host (R14). */
static int check_no_ns(
	const struct spec *spec, const struct rootfs_options *options, struct err *err)
{
	const struct {
		bool given;
		const char *name;
	} needs_ns[] = {
		{ spec->mounts.count > 0, "mounts" },
		{ options->bind_count > 0, "NOTIFY_SOCKET" },
		{ spec->root->readonly, "root.readonly" },
		{ spec->linux_->devices.count > 0, "linux.devices" },
		{ spec->linux_->masked_paths.count > 0, "linux.maskedPaths" },
		{ spec->linux_->readonly_paths.count > 0, "linux.readonlyPaths" },
		{ spec->linux_->rootfs_propagation != 0, "linux.rootfsPropagation" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs_ns); i++)
		if (needs_ns[i].given)
			return err_bad(err, ERR_CONFIG,
				"%s: not possible without a mount namespace", needs_ns[i].name);
	return 0;
}

/* Clones the rootfs while its path can be reached: a container's user often cannot. */
static int pin_root(struct rootfs_plan *plan, struct err *err)
{
	struct stat st;

	plan->root_fd =
		sys_open_tree(AT_FDCWD, plan->path /* path: the host's, of the configuration */,
			OPEN_TREE_CLONE | AT_RECURSIVE);
	if (plan->root_fd < 0)
		return err_sys(err, -plan->root_fd, "open_tree \"%s\"", plan->path);
	if (fstat(plan->root_fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", plan->path);
	return S_ISDIR(st.st_mode) ? 0 : err_sys(err, ENOTDIR, "open_tree \"%s\"", plan->path);
}

/* Looks at it at least, so that a wrong path is found before anything is made. */
static int look_at_root(const struct rootfs_plan *plan, struct err *err)
{
	auto_close int fd = host_open(AT_FDCWD, plan->path, O_PATH | O_DIRECTORY, 0, err);

	return fd < 0 ? fd : 0;
}

static int plan_root(struct rootfs_plan *plan, const struct spec *spec,
	const struct rootfs_options *options, struct err *err)
{
	int r;

	plan->path = host_path(options->bundle, spec->root->path);
	if (plan->joined_ns)
		return 0; /* it is a path of that namespace */
	r = plan->has_ns && !plan->unprivileged ? pin_root(plan, err) : look_at_root(plan, err);
	if (r == -ENOENT)
		err_hint(err, "the root file system must exist before the container is created");
	return r < 0 ? err_in(err, "root.path") : 0;
}

/* R5: the terminal comes from a devpts mounted for the container, not from what an image has. */
static int check_terminal(const struct rootfs_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		const char *at = plan->mounts[i].clean;

		if (strcmp(at, "/dev/pts") == 0 || (plan->host_dev && strcmp(at, "/dev") == 0))
			return 0;
	}
	(void)err_bad(err, ERR_CONFIG, "process.terminal: nothing is mounted on /dev/pts");
	err_hint(err, "add a mount of type devpts with destination /dev/pts");
	return err_result(err);
}

static int plan_fill(struct rootfs_plan *plan, const struct spec *spec,
	const struct rootfs_options *options, struct err *err)
{
	int r;

	if (!plan->has_ns) {
		r = check_no_ns(spec, options, err);
		return r < 0 ? r : plan_root(plan, spec, options, err);
	}
	r = plan_label(plan, err);
	if (r < 0)
		return r;
	r = plan_root(plan, spec, options, err);
	if (r == 0)
		r = plan_mounts(plan, spec, options, err);
	return r == 0 && options->terminal ? check_terminal(plan, err) : r;
}

int rootfs_plan_new(const struct spec *spec, const struct rootfs_options *options,
	struct rootfs_plan **out_plan, struct err *err)
{
	auto_(rootfs_plan) struct rootfs_plan *plan = xcalloc(1, sizeof(*plan));
	int r;

	plan->has_ns = options->new_mount_ns;
	plan->joined_ns = options->new_mount_ns && spec->linux_->namespaces[NS_MOUNT].path;
	plan->no_pivot = options->no_pivot;
	plan->user_ns = options->own_user_ns;
	plan->unprivileged = options->unprivileged;
	plan->linux_ = spec->linux_;
	plan->readonly = spec->root->readonly;
	plan->propagation = spec->linux_->rootfs_propagation;
	plan->root_fd = FD_NONE;
	plan->old_root_fd = FD_NONE;
	plan->null_fd = FD_NONE;
	r = plan_fill(plan, spec, options, err);
	if (r < 0)
		return r;
	*out_plan = take_ptr(&plan);
	return 0;
}

static void mount_plan_release(struct mount_plan *m)
{
	fd_close(&m->source_fd);
	fd_close(&m->idmap_fd);
	fd_close(&m->late_fd);
	mount_request_release(&m->request);
	free(m->label);
	free(m->clean);
	free(m->source);
	free(m->link);
	free(m->data);
}

void rootfs_plan_free(struct rootfs_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->mount_count; i++)
		mount_plan_release(&plan->mounts[i]);
	fd_close(&plan->root_fd);
	fd_close(&plan->old_root_fd);
	fd_close(&plan->null_fd);
	free(plan->mounts);
	free(plan->path);
	free(plan);
}

const char *rootfs_path(const struct rootfs_plan *plan)
{
	return plan->path;
}

int rootfs_fd(const struct rootfs_plan *plan)
{
	return plan->root_fd;
}
