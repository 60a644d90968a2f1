// SPDX-License-Identifier: Apache-2.0
/*
 * create, run and start: the parent's side of a container's making.
 *
 * The order: read and check the bundle; take the id; plan everything; record; make the cgroup;
 * clone init; serve it until it is ready; record again.  Whatever fails undoes what was done by
 * container_destroy(), which knows only what the record names.
 */
#include "runtime/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/procfs.h"
#include "base/stamp.h"
#include "base/sys.h"
#include "namespaces/namespace.h"
#include "oci/spec.h"
#include "rootfs/rootfs.h"
#include "runtime/creation.h"
#include "runtime/foreground.h"
#include "runtime/isolation.h"
#include "runtime/notify.h"

static void forget_net_devices(struct creation *c)
{
	ns_net_devices_free(c->net_devices);
	c->net_devices = NULL;
}

static void creation_release(struct creation *c)
{
	forget_net_devices(c);
	launch_release(&c->launch);
	process_plan_release(&c->process);
	rootfs_plan_free(c->rootfs);
	ns_plan_release(&c->ns);
	if (c->container.isolation && c->container.isolation->release)
		c->container.isolation->release(c);
	container_release(&c->container);
	spec_free(c->spec);
	free(c->rootfs_path);
	free(c->config);
	free(c->bundle);
}
DEFINE_AUTO(creation, creation_release);

static void creation_init(struct creation *c, const struct runtime *rt,
	const struct container_create_options *options, bool gated)
{
	*c = (struct creation){
		.rt = rt,
		.options = options,
		.gated = gated,
		.container = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE },
		.launch = LAUNCH_INIT,
	};
	for (unsigned int i = 0; i < NS_COUNT; i++)
		c->ns.join_fds[i] = FD_NONE;
}

/* How the container's terminal reaches its user: exactly one way, decided before anything is
 * made. */
static int check_terminal(const struct creation *c, struct err *err)
{
	bool terminal = c->spec->process && c->spec->process->terminal;
	bool returns = c->gated || c->options->detach;

	if (terminal && returns && !c->options->console_socket) {
		err_bad(err, ERR_CONFIG,
			"process.terminal is true, and nobody is to get the terminal");
		err_hint(err, "give --console-socket, or run without --detach");
		return err_result(err);
	}
	if (!terminal && c->options->console_socket)
		return err_bad(err, ERR_CONFIG,
			"--console-socket is given, and process.terminal is false: there is no "
			"terminal to send");
	return 0;
}

/* What confines, and is not built, must not be left out in silence (security rule R12). */
static int check_supported(const struct spec *spec, struct err *err)
{
	if (!spec->linux_->intel_rdt)
		return 0;
	err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP, "linux.intelRdt: not supported by this build");
	err_hint(err, "remove it from config.json to run without what it asks for");
	return err_result(err);
}

static int read_bundle(struct creation *c, struct err *err)
{
	const char *bundle = c->options->bundle ? c->options->bundle : ".";
	const char *name = c->options->config_file ? c->options->config_file : "config.json";
	auto_close int dir = FD_NONE;
	int r = host_realpath(bundle, &c->bundle, err);

	if (r == 0) {
		dir = host_open(AT_FDCWD, c->bundle, O_PATH | O_DIRECTORY, 0, err);
		r = dir < 0 ? dir : 0;
	}
	if (r < 0)
		return err_in(err, "the bundle");
	/* --config may name a pipe: its user knows */
	if (c->options->config_file)
		r = host_read(AT_FDCWD, name, SPEC_SIZE_MAX, &c->config, &c->config_len, err);
	else
		r = host_read_regular(dir, name, SPEC_SIZE_MAX, &c->config, &c->config_len, err);
	if (r == -ENOENT)
		err_hint(err,
			"\"%s\" is no bundle; `ringwall spec` writes a config.json to start from",
			c->bundle);
	if (r < 0)
		return r;
	r = spec_parse(c->config, c->config_len, name, &c->spec, err);
	if (r == 0)
		r = check_supported(c->spec, err);
	if (r == 0)
		r = isolation_choose(c->options->isolation, c->spec, &c->container.isolation, err);
	if (r == 0)
		r = check_terminal(c, err);
	return r == 0 && c->container.isolation->check ? c->container.isolation->check(c, err) : r;
}

/* What the record says before anything else exists. */
static void describe(struct creation *c)
{
	const struct spec *spec = c->spec;
	struct state *state = &c->container.state;

	stamp_now(c->created);
	if (geteuid() == 0)
		snprintf(c->owner, sizeof(c->owner), "root");
	else
		snprintf(c->owner, sizeof(c->owner), "%u", geteuid());
	state->id = c->container.dir.id;
	state->phase = STATE_CREATING;
	state->isolation = c->container.isolation->mode;
	state->bundle = c->bundle;
	state->created = c->created;
	state->owner = c->owner;
	state->annotations = spec->annotations;
	state->cgroup_manager = c->rt->cgroup_manager;
	state->shared_pid_namespace = !c->ns.new_[NS_PID];
	state->has_process = spec->process != NULL;
	state->has_keyring = !c->options->no_new_keyring;
	state->has_notify = c->notify;
	state->has_poststart = spec->hooks[HOOK_POSTSTART].count > 0;
	state->has_poststop = spec->hooks[HOOK_POSTSTOP].count > 0;
}

static int idmap_userns(void *arg, const spec_idmaps *uid, const spec_idmaps *gid, struct err *err)
{
	const struct creation *c = arg;

	if (!uid && c->ns.join_fds[NS_USER] >= 0) {
		int fd = fcntl(c->ns.join_fds[NS_USER], F_DUPFD_CLOEXEC, 3);

		return fd < 0 ? err_sys(err, errno, "fcntl F_DUPFD_CLOEXEC") : fd;
	}
	return ns_idmap_userns(
		uid ? uid : &c->ns.uid_mappings, gid ? gid : &c->ns.gid_mappings, err);
}

static int plan_rootfs(struct creation *c, struct err *err)
{
	auto_free char *notify = xasprintf("%s/" STATE_NOTIFY, c->container.dir.path);
	const struct rootfs_bind bind = { notify, NOTIFY_CONTAINER_DIR, true };
	struct rootfs_options options = {
		.bundle = c->bundle,
		.no_pivot = c->options->no_pivot,
		.new_mount_ns = c->ns.own[NS_MOUNT],
		.own_user_ns = c->ns.own[NS_USER],
		.own_cgroup_ns = c->ns.own[NS_CGROUP],
		.own_network_ns = c->ns.own[NS_NETWORK],
		.unprivileged = c->ns.unprivileged,
		.terminal = c->spec->process && c->spec->process->terminal,
		.idmap_userns = idmap_userns,
		.idmap_arg = c,
		.binds = &bind,
		.bind_count = c->notify && !c->container.isolation->own_notify,
	};

	return rootfs_plan_new(c->spec, &options, &c->rootfs, err);
}

static int plan(struct creation *c, struct err *err)
{
	int r = ns_plan_create(c->spec, &c->ns, err);

	c->resources = c->spec->linux_->resources;
	c->devices = &c->spec->linux_->devices;
	c->notify = c->spec->process && c->options->notify_socket && c->ns.new_[NS_MOUNT] &&
		c->options->notify == NOTIFY_BY_CONTAINER;
	if (r == 0 && c->notify && !c->container.isolation->own_notify)
		r = notify_prepare(c->container.dir.fd, err);
	if (r == 0)
		r = ns_sysctl_check(&c->spec->linux_->sysctl, &c->ns, err);
	if (r == 0)
		r = plan_rootfs(c, err);
	if (r == 0)
		r = c->container.isolation->plan(c, err);
	if (r == 0) {
		struct cgroup_where where = {
			.manager = c->rt->cgroup_manager,
			.id = c->options->id,
			.cgroups_path = c->spec->linux_->cgroups_path,
			.annotations = &c->spec->annotations,
			.rootless = c->rt->rootless,
		};

		r = cgroup_plan(&where, &c->container.cgroup, err);
	}
	return r;
}

static int record(struct creation *c, struct err *err)
{
	return state_write(&c->container.dir, &c->container.state, err);
}

/* The host id that a container's root has, or UINT32_MAX. */
static uint32_t root_of(const spec_idmaps *maps)
{
	list_foreach (map, maps)
		if (map->container_id == 0 && map->size > 0)
			return map->host_id;
	return UINT32_MAX;
}

/* config-linux.md, "Cgroup ownership": only with namespaces of its own and a writable cgroup
 * mount. */
static bool may_own_cgroup(const struct creation *c)
{
	if (!c->ns.new_[NS_USER] || !c->ns.own[NS_CGROUP])
		return false;
	list_foreach (mount, &c->spec->mounts) {
		bool writable = true;

		if (!mount->type || strncmp(mount->type, "cgroup", 6) != 0)
			continue;
		list_foreach (option, &mount->options)
			writable = writable && strcmp(*option, "ro") != 0 &&
				strcmp(*option, "rro") != 0;
		return writable;
	}
	return false;
}

static int give_cgroup(const struct creation *c, struct err *err)
{
	uint32_t uid = root_of(&c->ns.uid_mappings), gid = root_of(&c->ns.gid_mappings);

	if (!may_own_cgroup(c) || uid == UINT32_MAX || gid == UINT32_MAX)
		return 0;
	return cgroup_chown(c->container.cgroup, uid, gid, err);
}

/* With a manager that needs a process: on init, which waits for it. */
static int adopt(void *arg, pid_t pid, struct err *err)
{
	struct creation *c = arg;
	int r = cgroup_adopt(c->container.cgroup, pid, c->resources, c->devices, err);

	return r < 0 ? r : give_cgroup(c, err);
}

static int make_cgroup(struct creation *c, struct err *err)
{
	struct cgroup *cgroup = c->container.cgroup;
	int r;

	if (cgroup_needs_process(cgroup)) {
		c->launch.on_clone = adopt;
		return 0;
	}
	r = cgroup_create(cgroup, c->resources, c->devices, err);
	if (r == 0)
		r = give_cgroup(c, err);
	if (r == 0 && c->rt->cgroup_manager != CGROUP_MANAGER_DISABLED) {
		r = cgroup_fd(cgroup, err);
		c->launch.cgroup_fd = r < 0 ? FD_NONE : r;
		r = r == FD_NONE || r >= 0 ? 0 : r;
	}
	return r;
}

static int open_gate_socket(struct creation *c, struct err *err)
{
	int r = host_bind_unix(c->container.dir.fd, STATE_GATE, SOCK_SEQPACKET, err);

	if (r < 0)
		return err_in(err, "the gate of container \"%s\"", c->options->id);
	c->launch.init.gate_fd = r;
	return 0;
}

static bool has_hooks_before_start(const struct spec *spec)
{
	return spec->hooks[HOOK_PRESTART].count || spec->hooks[HOOK_CREATE_RUNTIME].count ||
		spec->hooks[HOOK_CREATE_CONTAINER].count;
}

/* On init's request: its namespaces and mounts are there, it has not pivoted. */
static int on_hooks(void *arg, struct err *err)
{
	struct creation *c = arg;
	int r = 0;

	if (c->spec->linux_->net_devices.count)
		r = ns_net_devices_move(c->spec, c->launch.child.pidfd, &c->net_devices, err);
	if (r == 0)
		r = container_run_hooks(
			&c->container, c->spec, HOOK_PRESTART, CONTAINER_CREATING, err);
	if (r == 0)
		r = container_run_hooks(
			&c->container, c->spec, HOOK_CREATE_RUNTIME, CONTAINER_CREATING, err);
	return r;
}

static void prepare_init(struct creation *c)
{
	struct init_plan *init = &c->launch.init;

	init->id = c->container.dir.id;
	init->spec = c->spec;
	init->rootfs = c->rootfs;
	init->mode = c->container.isolation->phases;
	init->state = container_describe(&c->container, CONTAINER_CREATING);
	init->preserved_fds = c->options->listen_fds + c->options->preserve_fds;
	init->terminal = c->spec->process && c->spec->process->terminal;
	init->ask_parent = c->spec->hooks[HOOK_PRESTART].count ||
		c->spec->hooks[HOOK_CREATE_RUNTIME].count || c->spec->linux_->net_devices.count;
	c->launch.console_socket = c->options->console_socket;
	c->launch.plain_output = c->options->plain_output;
	c->launch.pidfd_socket = c->options->pidfd_socket;
	c->launch.pid_file = c->options->pid_file;
	c->launch.ns = &c->ns;
	c->launch.on_hooks = on_hooks;
	c->launch.arg = c;
}

/* The process is known: by pid and by what no later process of that pid has. */
static int identify(struct creation *c, struct err *err)
{
	struct state *state = &c->container.state;
	int r = process_mark(c->launch.child.pid, c->launch.child.pidfd, c->mark, err);

	if (r < 0)
		return r;
	state->pid = c->launch.child.pid;
	state->mark = c->mark;
	c->container.pidfd = fcntl(c->launch.child.pidfd, F_DUPFD_CLOEXEC, 3);
	return c->container.pidfd < 0 ? err_sys(err, errno, "fcntl F_DUPFD_CLOEXEC") : 0;
}

int creation_clone(struct creation *c, struct err *err)
{
	auto_close int procfd = FD_NONE;
	int r = 0;

	if (c->spec->process && c->spec->process->oom_score_adj.set)
		r = procfd = procfs_open(PROCFS_PIDS, err);
	if (r >= 0 && c->spec->process)
		r = process_before_clone(&c->process, procfd, err);
	if (r >= 0)
		r = launch_clone(&c->launch, err);
	process_after_clone(&c->process, procfd);
	return r < 0 ? r : 0;
}

static int launch(struct creation *c, struct err *err)
{
	const struct isolation *isolation = c->container.isolation;
	int r = isolation->clone(c, err);

	if (r == 0)
		r = state_save_config(&c->container.dir, c->config, c->config_len, err);
	if (r == 0)
		r = identify(c, err);
	if (r == 0 && has_hooks_before_start(c->spec)) {
		/* A hook may ask for the state; and should we die, delete must know that hooks
		 * ran. */
		c->container.state.hooks_begun = true;
		r = record(c, err);
	}
	if (r == 0)
		r = launch_wait_ready(&c->launch, err);
	if (r == 0 && isolation->apply)
		r = isolation->apply(c, err);
	if (r == 0)
		r = launch_hand_over(&c->launch, err);
	return r;
}

/* Everything up to an init that is ready, and recorded. */
static int make(struct creation *c, struct err *err)
{
	int r = plan(c, err);

	if (r < 0)
		return r;
	describe(c);
	c->rootfs_path = xstrdup(rootfs_path(c->rootfs));
	c->container.state.rootfs = c->rootfs_path;
	c->container.state.cgroup_path = cgroup_path(c->container.cgroup);
	c->container.state.cgroup_unit = cgroup_unit(c->container.cgroup);
	r = record(c, err);
	if (r == 0) {
		prepare_init(c);
		r = launch_connect(&c->launch, err);
	}
	if (r == 0 && c->gated)
		r = open_gate_socket(c, err);
	if (r == 0)
		r = make_cgroup(c, err);
	if (r == 0)
		r = launch(c, err);
	if (r < 0)
		return r;
	c->container.state.phase = STATE_CREATED;
	return record(c, err);
}

static int write_pid_file(struct creation *c, struct err *err)
{
	int r = launch_write_pid_file(&c->launch, err);

	c->pid_file_written = r == 0 && c->options->pid_file;
	return r;
}

/* The first error is the one that is told. */
static void destroy_after_failure(struct container *c)
{
	struct err err = { 0 };
	int r = state_relock(&c->dir, STATE_EXCLUSIVE, &err);

	if (r == 0)
		r = container_destroy(c, &err);
	if (r < 0 && err.kind != ERR_NO_CONTAINER) /* else somebody has deleted it */
		log_warn("container \"%s\": %s", c->dir.id, err.msg);
}

/* Undoes a creation. */
static void undo(struct creation *c)
{
	struct err err = { 0 };

	launch_abort(&c->launch);
	ns_net_devices_put_back(c->net_devices);
	forget_net_devices(c);
	/* Descriptors may be what we have run out of. */
	launch_release(&c->launch);
	ns_plan_release(&c->ns);
	rootfs_plan_free(c->rootfs);
	c->rootfs = NULL;
	if (c->pid_file_written && host_unlink(AT_FDCWD, c->options->pid_file, 0, &err) < 0)
		err_drop(&err); /* somebody took it */
	destroy_after_failure(&c->container);
}

static int creation_begin(struct creation *c, struct err *err)
{
	int r = state_check_id(c->options->id, err);

	if (r == 0)
		r = read_bundle(c, err);
	return r < 0 ? r : state_create(c->rt, c->options->id, &c->container.dir, err);
}

int container_create(
	const struct runtime *rt, const struct container_create_options *options, struct err *err)
{
	auto_(creation) struct creation c;
	int r;

	creation_init(&c, rt, options, true);
	r = creation_begin(&c, err);
	if (r < 0)
		return r;
	r = make(&c, err);
	if (r == 0)
		r = write_pid_file(&c, err);
	if (r == 0)
		r = launch_go(&c.launch, err);
	if (r < 0)
		undo(&c);
	return r;
}

/* config.md, "poststart": after the program runs, before start returns; since 1.3.0 a failure
 * stops and destroys the container. */
static int run_poststart(struct container *c, struct err *err)
{
	auto_(spec) struct spec *spec = NULL;
	int r;

	if (!c->state.has_poststart)
		return 0;
	r = state_load_config(&c->dir, &spec, err);
	return r < 0 ? r : container_run_hooks(c, spec, HOOK_POSTSTART, CONTAINER_RUNNING, err);
}

static int open_gate(struct container *c, int *out_fd, struct err *err)
{
	enum container_status status = container_status(c);
	int r;

	if (status == CONTAINER_RUNNING)
		return err_bad(err, ERR_STATE, "cannot start an already running container");
	if (status != CONTAINER_CREATED)
		return container_require_process(c, err);
	if (!c->state.has_process)
		return err_bad(err, ERR_STATE,
			"config.json has no process: there is nothing to start (runtime.md, "
			"\"Start\")");
	/* Before the connection, which init waits at for the word. */
	r = c->isolation->starting ? c->isolation->starting(c, err) : 0;
	if (r < 0)
		return r;
	r = host_connect_unix(c->dir.fd, STATE_GATE, SOCK_SEQPACKET, err);
	if (r == -ECONNREFUSED || r == -ENOENT) {
		/* A start that was killed right after it had opened the gate. */
		c->state.phase = STATE_RUNNING;
		r = state_write(&c->dir, &c->state, err);
		return r < 0 ? r
			     : err_bad(err, ERR_STATE, "cannot start an already running container");
	}
	if (r < 0)
		return err_in(err, "the gate of container \"%s\"", c->dir.id);
	*out_fd = r;
	return 0;
}

static int open_notify(struct container *c, struct notify *notify, const char *socket,
	pid_t main_pid, struct err *err)
{
	int r = notify_open(notify, socket, main_pid, err);

	if (r == 0)
		r = c->isolation->notify_listen(c, err);
	if (r < 0)
		return r;
	notify->sock = r;
	return 0;
}

/* From the open gate on: what start and run have in common.  @main_pid: the pid that the service
 * manager is told, or 0. */
static int start_program(struct container *c, int sync_fd, struct notify *notify,
	const char *notify_socket, pid_t main_pid, bool *out_hooks_done, struct err *err)
{
	int r = notify_socket ? open_notify(c, notify, notify_socket, main_pid, err) : 0;

	if (r == 0)
		r = launch_start(sync_fd, c->interrupt_fd, c->state.pid, out_hooks_done, err);
	if (r < 0)
		return r;
	c->state.phase = STATE_RUNNING;
	return 0;
}

/* Without the lock: it runs, and may be killed and deleted, however long the hooks take. */
static int after_start(struct container *c, struct err *err)
{
	state_unlock(&c->dir);
	return run_poststart(c, err);
}

int container_start(
	const struct runtime *rt, const char *id, const char *notify_socket, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	auto_(notify) struct notify notify = { .sock = FD_NONE, .host = FD_NONE };
	auto_close int gate = FD_NONE;
	bool hooks_done = true;
	int r = container_open(rt, id, STATE_EXCLUSIVE, &c, err);

	if (r == 0)
		r = open_gate(&c, &gate, err);
	if (r == 0)
		r = start_program(&c, gate, &notify, c.state.has_notify ? notify_socket : NULL,
			c.state.pid, &hooks_done, err);
	/* runtime.md, "Lifecycle" 7: a failed startContainer hook stops and destroys.  A program
	 * that cannot be executed leaves a stopped container, which the engine deletes. */
	if (r < 0 && !hooks_done)
		destroy_after_failure(&c);
	if (r == 0)
		r = state_write(&c.dir, &c.state, err);
	if (r == 0)
		r = host_unlink(c.dir.fd, STATE_GATE, 0, err);
	if (r < 0)
		return r;
	r = after_start(&c, err);
	if (r < 0)
		destroy_after_failure(&c);
	if (r < 0 || notify.sock < 0)
		return r;
	/* The service manager is told that it is ready when the container says so. */
	r = notify_wait(&notify, c.pidfd, err);
	return r < 0 ? r : 0;
}

static int on_notify(void *arg, struct err *err)
{
	return notify_dispatch(arg, err);
}

static int wait_foreground(struct creation *c, struct foreground *fg, struct notify *notify,
	int *out_status, struct err *err)
{
	struct foreground_options options = {
		.pidfd = c->launch.child.pidfd,
		.terminal = c->launch.terminal,
		.raw_terminal = c->container.isolation->own_terminals,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.extra = notify->sock,
		.on_extra = on_notify,
		.arg = notify,
		.explain = c->launch.explain,
	};

	return foreground_wait(fg, &options, out_status, err);
}

/* Deletes what has ended, unless somebody else has done so meanwhile. */
static int finish_run(struct creation *c, struct err *err)
{
	struct container *container = &c->container;
	int r;

	fd_close(&container->pidfd); /* it has been waited for */
	if (c->options->keep)
		return 0;
	r = state_relock(&container->dir, STATE_EXCLUSIVE, err);
	if (r < 0 && err->kind == ERR_NO_CONTAINER) {
		err_drop(err);
		return 0;
	}
	return r < 0 ? r : container_destroy(container, err);
}

static int run_foreground(struct creation *c, struct foreground *fg, struct notify *notify,
	int *out_status, struct err *err)
{
	struct err later = { 0 };
	int r;

	launch_drop_parent_half(&c->launch);
	r = wait_foreground(c, fg, notify, out_status, err);
	if (finish_run(c, &later) < 0 && r == 0) {
		*err = later;
		r = -later.num;
	}
	return r;
}

/* In the foreground we remain what the service manager watches: the process is our child, and only
 * we learn its exit status. */
static pid_t main_pid(const struct creation *c)
{
	return c->options->detach ? c->container.state.pid : 0;
}

int container_run(const struct runtime *rt, const struct container_create_options *options,
	int *out_status, struct err *err)
{
	auto_(creation) struct creation c;
	auto_(notify) struct notify notify = { .sock = FD_NONE, .host = FD_NONE };
	auto_(foreground) struct foreground fg = FOREGROUND_INIT;
	bool hooks_done = false;
	int r;

	creation_init(&c, rt, options, false);
	r = creation_begin(&c, err);
	if (r == 0 && !c.spec->process)
		r = err_bad(err, ERR_STATE,
			"config.json has no process: there is nothing to run (runtime.md, "
			"\"Start\")");
	/* Signals wait from here on: one that ended us would leave the container alone. */
	if (r == 0 && !options->detach)
		r = foreground_open(&fg, err);
	c.launch.interrupt_fd = fg.interrupt;
	c.container.interrupt_fd = fg.interrupt;
	if (r == 0)
		r = make(&c, err);
	if (r == 0)
		r = write_pid_file(&c, err);
	if (r == 0) {
		r = start_program(&c.container, c.launch.sync_fd, &notify,
			c.notify ? options->notify_socket : NULL, main_pid(&c), &hooks_done, err);
		if (r == -ECONNRESET && !hooks_done)
			launch_explain(&c.launch, err);
	}
	/* runtime.md, "State": not before the program was executed.  Who kills what is running
	 * is told so by our exit status. */
	if (r == 0)
		r = record(&c, err);
	if (r == 0)
		r = after_start(&c.container, err);
	if (r == 0 && options->notify_socket && options->notify == NOTIFY_BY_RUNTIME)
		r = notify_ready(options->notify_socket, main_pid(&c), err);
	if (r < 0) {
		if (c.container.dir.fd >= 0)
			undo(&c);
		return r;
	}
	forget_net_devices(&c); /* we may stay as long as the container */
	*out_status = 0;
	if (options->detach)
		return notify.sock < 0 ? 0 : notify_wait(&notify, c.container.pidfd, err);
	return run_foreground(&c, &fg, &notify, out_status, err);
}
