// SPDX-License-Identifier: Apache-2.0
/*
 * Finding a container, telling its state, and the commands on one that exists: state, list, kill,
 * delete, ps, pause, resume, update.  create and start are in create.c, exec in exec.c, events in
 * events.c.
 */
#include "runtime/container.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/container-internal.h"
#include "runtime/hook.h"
#include "runtime/isolation.h"

/* How long a killed container may take to be gone, in milliseconds. */
#define DESTROY_TIMEOUT_MS 10000

static const char *const status_names[] = {
	[CONTAINER_CREATING] = "creating",
	[CONTAINER_CREATED] = "created",
	[CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",
	[CONTAINER_STOPPED] = "stopped",
};

const char *container_status_name(enum container_status status)
{
	return status_names[status];
}

static bool exited(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Holds the recorded process, if it is still that process (never trust a pid alone) and alive. */
static int pin_process(const struct state *state, int *out_pidfd, struct err *err)
{
	char mark[PROCESS_MARK_SIZE];
	auto_close int pidfd = FD_NONE;

	if (state->pid <= 1 || !state->mark)
		return 0;
	pidfd = sys_pidfd_open(state->pid);
	if (pidfd < 0) {
		/* EINVAL: the number is a thread's by now (pidfd_open(2)). */
		if (pidfd == -ESRCH || pidfd == -EINVAL)
			return 0;
		return err_sys(err, -pidfd, "pidfd_open %d", (int)state->pid);
	}
	if (exited(pidfd))
		return 0;
	if (process_mark(state->pid, pidfd, mark, err) < 0) {
		if (err->num != ESRCH && err->num != ENOENT)
			return err_result(err);
		err_drop(err); /* it went away while we looked */
		return 0;
	}
	if (strcmp(mark, state->mark) == 0)
		*out_pidfd = take_fd(&pidfd);
	return 0;
}

static int still_being_created(const struct container *c, struct err *err)
{
	return err_bad(err, ERR_STATE, "container \"%s\" is still being created", c->dir.id);
}

/* A creator holds the lock for as long as its hooks take.  Nobody waits for that: until it is
 * done the container is in no state in which anything but delete --force is allowed. */
static int refuse_creating(struct container *c, struct err *err)
{
	struct state state = { 0 };
	int r = 0;

	if (state_try_lock(&c->dir))
		return 0;
	if (state_read(&c->dir, &state, err) < 0)
		err_drop(err); /* to be told by who has the lock */
	else if (state.phase == STATE_CREATING)
		r = still_being_created(c, err);
	state_release(&state);
	return r;
}

#define OPEN_PATIENT 1u /* waits for a creator, too */
#define OPEN_DAMAGED 2u /* goes on when the state cannot be read */

/* What create had decided is derived once more from its copy of the configuration. */
static int recover_cgroup(const struct runtime *rt, struct container *c, struct err *err)
{
	auto_(spec) struct spec *spec = NULL;
	struct cgroup *planned = NULL;
	int r = state_load_config(&c->dir, &spec, err);

	if (r == 0) {
		struct cgroup_where where = {
			.manager = rt->cgroup_manager,
			.id = c->dir.id,
			.cgroups_path = spec->linux_->cgroups_path,
			.annotations = &spec->annotations,
			.rootless = rt->rootless,
		};

		r = cgroup_plan(&where, &planned, err);
	}
	if (r == 0 && cgroup_path(planned))
		r = cgroup_open(rt->cgroup_manager, cgroup_path(planned), cgroup_unit(planned),
			&c->cgroup, err);
	if (r == 0 && c->cgroup)
		r = cgroup_verify(c->cgroup, c->dir.id, true, err);
	cgroup_free(planned);
	return r < 0 ? r : 0;
}

static int read_damaged(const struct runtime *rt, struct container *c, struct err *err)
{
	log_warn("%s", err->msg);
	err_drop(err);
	if (recover_cgroup(rt, c, err) < 0) {
		log_warn("%s: if it has a cgroup, that is left alone", err->msg);
		err_drop(err); /* there is no other way to find it */
	}
	return 1;
}

static int open_and_read(const struct runtime *rt, const char *id, enum state_lock lock,
	unsigned int flags, struct container *c, struct err *err)
{
	int r = state_open(rt, id, STATE_UNLOCKED, &c->dir, err);

	if (r == 0 && lock != STATE_UNLOCKED && !(flags & OPEN_PATIENT))
		r = refuse_creating(c, err);
	if (r == 0)
		r = state_relock(&c->dir, lock, err);
	if (r < 0)
		return r;
	r = state_read(&c->dir, &c->state, err);
	/* Nobody creates it: the creator has died, or has got ready since it was read. */
	if (r >= 0 && lock == STATE_UNLOCKED && c->state.phase == STATE_CREATING &&
		state_try_lock(&c->dir)) {
		state_release(&c->state);
		c->state = (struct state){ 0 };
		r = state_read(&c->dir, &c->state, err);
		c->abandoned = r >= 0 && c->state.phase == STATE_CREATING;
	}
	c->isolation = isolation_of(c->state.isolation);
	if (r < 0 && (flags & OPEN_DAMAGED))
		r = read_damaged(rt, c, err);
	else if (r < 0)
		err_hint(err, "delete --force removes it, and the processes of its cgroup");
	/* Whoever creates holds the lock: if we have it, nobody does. */
	if (lock != STATE_UNLOCKED && c->state.phase == STATE_CREATING)
		c->abandoned = true;
	return r;
}

static int open_container(const struct runtime *rt, const char *id, enum state_lock lock,
	unsigned int flags, struct container *out_container, struct err *err)
{
	struct container c = { .dir = STATE_DIR_INIT, .rootless = rt->rootless, .pidfd = FD_NONE };
	int r = open_and_read(rt, id, lock, flags, &c, err);

	if (r == 0)
		r = pin_process(&c.state, &c.pidfd, err);
	if (r < 0) {
		container_release(&c);
		return r;
	}
	*out_container = c;
	return 0;
}

int container_open(const struct runtime *rt, const char *id, enum state_lock lock,
	struct container *out_container, struct err *err)
{
	return open_container(rt, id, lock, 0, out_container, err);
}

void container_release(struct container *c)
{
	state_dir_release(&c->dir);
	state_release(&c->state);
	fd_close(&c->pidfd);
	cgroup_free(c->cgroup);
	c->cgroup = NULL;
}

enum container_status container_status(const struct container *c)
{
	if (c->state.phase == STATE_CREATING)
		return c->abandoned ? CONTAINER_STOPPED : CONTAINER_CREATING;
	if (c->pidfd < 0)
		return CONTAINER_STOPPED;
	return c->state.phase == STATE_CREATED ? CONTAINER_CREATED : CONTAINER_RUNNING;
}

int container_cgroup(struct container *c, struct cgroup **out_cgroup, struct err *err)
{
	const struct state *state = &c->state;
	int r = 0;

	if (!c->cgroup) {
		bool decided = state->cgroup_path != NULL;

		r = cgroup_open(decided ? state->cgroup_manager : CGROUP_MANAGER_DISABLED,
			decided ? state->cgroup_path : "", state->cgroup_unit, &c->cgroup, err);
		/* The record is older than the directory: what lies there may be another
		 * container's by now, and is then left alone. */
		if (r == 0)
			r = cgroup_verify(c->cgroup, c->dir.id, state->pid > 0, err);
	}
	*out_cgroup = c->cgroup;
	return r < 0 ? r : 0;
}

int container_status_full(struct container *c, enum container_status *out_status, struct err *err)
{
	enum container_status status = container_status(c);
	struct cgroup *cgroup = NULL;
	int r;

	if (status == CONTAINER_RUNNING) {
		r = container_cgroup(c, &cgroup, err);
		if (r == 0)
			r = cgroup_is_frozen(cgroup, err);
		if (r < 0)
			return r;
		if (r > 0)
			status = CONTAINER_PAUSED;
	}
	*out_status = status;
	return 0;
}

int container_require_process(const struct container *c, struct err *err)
{
	enum container_status status = container_status(c);

	if (status == CONTAINER_CREATED || status == CONTAINER_RUNNING)
		return 0;
	if (status == CONTAINER_CREATING)
		return still_being_created(c, err);
	return err_bad(err, ERR_NOT_RUNNING, "container \"%s\" is stopped", c->dir.id);
}

struct spec_state container_describe(const struct container *c, enum container_status status)
{
	return (struct spec_state){
		.id = c->dir.id,
		.status = container_status_name(status),
		.pid = status == CONTAINER_STOPPED ? 0 : c->state.pid,
		.bundle = c->state.bundle ? c->state.bundle : "",
		.rootfs = c->state.rootfs,
		.created = c->state.created,
		.owner = c->state.owner,
		.annotations = &c->state.annotations,
	};
}

int container_run_hooks(struct container *c, const struct spec *spec, enum hook_kind kind,
	enum container_status status, struct err *err)
{
	struct hook_where where = { .cwd = c->state.bundle, .go_on = kind == HOOK_POSTSTOP };
	struct spec_state state = container_describe(c, status);
	auto_free char *text = NULL;

	if (spec->hooks[kind].count == 0)
		return 0;
	if (status == CONTAINER_CREATING)
		where.pidfd = c->pidfd;
	if (kind != HOOK_POSTSTOP)
		where.interrupt_fd = c->interrupt_fd;
	text = spec_state_format(&state, false);
	return hook_run(&spec->hooks[kind], kind, text, &where, err);
}

/* config.md: "poststop": after the container is deleted, before delete returns; a failure is a
 * warning. They run once, whatever happens to us meanwhile. */
static int run_poststop(struct container *c, struct err *err)
{
	auto_(spec) struct spec *spec = NULL;
	int r;

	if (!c->state.has_poststop || c->state.poststop_begun ||
		(c->state.phase == STATE_CREATING && !c->state.hooks_begun))
		return 0;
	c->state.poststop_begun = true;
	r = state_write(&c->dir, &c->state, err);
	if (r < 0) {
		log_warn("%s: the poststop hooks may run again", err->msg);
		err_drop(err); /* a full disk must not keep a container from being deleted */
	}
	/* Nothing but the state is left, and a hook that hangs must not keep another delete out. */
	state_unlock(&c->dir);
	r = state_load_config(&c->dir, &spec, err);
	if (r == 0)
		r = container_run_hooks(c, spec, HOOK_POSTSTOP, CONTAINER_STOPPED, err);
	if (r < 0) {
		log_warn("%s", err->msg);
		err_drop(err); /* a warning, says the specification */
	}
	return state_relock(&c->dir, STATE_EXCLUSIVE, err);
}

static int wait_gone(struct container *c, struct err *err)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	int r;

	do {
		r = poll(&p, 1, DESTROY_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r > 0)
		return 0;
	err_bad(err, ERR_TIMEOUT,
		"container \"%s\": its process %d has been killed and is not gone after %d seconds",
		c->dir.id, (int)c->state.pid, DESTROY_TIMEOUT_MS / 1000);
	/* pid_namespaces(7): its first process ends when all others have been waited for. */
	err_hint(err,
		"it waits in the kernel (state D), or for a process of exec whose command is "
		"stopped "
		"(state T): end what it waits for, then delete the container again");
	return err_result(err);
}

int container_destroy(struct container *c, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r;

	if (c->pidfd >= 0)
		sys_pidfd_send_signal(c->pidfd, SIGKILL); /* gone already is what we want */
	r = container_cgroup(c, &cgroup, err);
	if (r == 0)
		r = cgroup_destroy(cgroup, DESTROY_TIMEOUT_MS, err);
	if (r == 0 && c->pidfd >= 0)
		r = wait_gone(c, err);
	if (r == 0)
		r = run_poststop(c, err);
	if (r < 0 && err->kind == ERR_NO_CONTAINER) {
		err_drop(err); /* removed by another delete while the hooks ran */
		return 0;
	}
	return r < 0 ? r : state_remove(&c->dir, err);
}

int container_kill(const struct runtime *rt, const char *id, int signal, bool all, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	/* One signal by a pidfd needs no lock, and must reach a process whose start hangs in a
	 * hook. */
	int r = container_open(rt, id, all ? STATE_EXCLUSIVE : STATE_UNLOCKED, &c, err);

	return r < 0 ? r : c.isolation->kill(&c, signal, all, err);
}

/* Before the lock is waited for: a creation that finds its init dead, and a start whose hook
 * inside hangs, give up. */
static void kill_unlocked(const struct runtime *rt, const char *id)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	struct err err;

	if (container_open(rt, id, STATE_UNLOCKED, &c, &err) == 0 && c.pidfd >= 0)
		sys_pidfd_send_signal(c.pidfd, SIGKILL);
}

/* A start that was killed right after it had opened the gate has left the record behind the truth:
 * nobody listens at the gate any more. */
static bool has_started(const struct container *c)
{
	struct err err;
	int fd = host_connect_unix(c->dir.fd, STATE_GATE, SOCK_SEQPACKET, &err);

	if (fd >= 0)
		close(fd);
	return fd == -ECONNREFUSED || fd == -ENOENT;
}

int container_delete(const struct runtime *rt, const char *id, unsigned int flags, struct err *err)
{
	bool force = flags & CONTAINER_DELETE_FORCE, strict = flags & CONTAINER_DELETE_STRICT;
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	enum container_status status = CONTAINER_STOPPED;
	int r;

	if (force)
		kill_unlocked(rt, id);
	r = open_container(
		rt, id, STATE_EXCLUSIVE, force ? OPEN_PATIENT | OPEN_DAMAGED : 0, &c, err);
	if (r == -ENOENT && force && err->kind == ERR_NO_CONTAINER) {
		err_drop(err); /* engines call delete --force to be sure */
		return 0;
	}
	if (r < 0)
		return r;
	status = container_status(&c);
	if (!force && status == CONTAINER_CREATED && has_started(&c)) {
		status = CONTAINER_RUNNING;
		c.state.phase = STATE_RUNNING;
	}
	if (!force && (status == CONTAINER_RUNNING || (strict && status == CONTAINER_CREATED))) {
		r = container_status_full(&c, &status, err);
		if (r < 0)
			return r;
		err_bad(err, ERR_STATE, "cannot delete container \"%s\" that is not stopped: %s",
			id, container_status_name(status));
		err_hint(err, "kill it first, or use delete --force");
		return err_result(err);
	}
	return container_destroy(&c, err);
}

int container_state(const struct runtime *rt, const char *id, char **out_json, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	enum container_status status = CONTAINER_STOPPED;
	struct spec_state state;
	int r = container_open(rt, id, STATE_UNLOCKED, &c, err);

	if (r == 0)
		r = container_status_full(&c, &status, err);
	if (r < 0)
		return r;
	state = container_describe(&c, status);
	*out_json = spec_state_format(&state, true);
	return 0;
}

static char *copy_or_empty(const char *s)
{
	return xstrdup(s ? s : "");
}

int container_list(const struct runtime *rt, struct container_info **out_list, size_t *out_count,
	struct err *err)
{
	char **ids;
	size_t id_count, count = 0;
	struct container_info *list;
	int r = state_ids(rt, &ids, &id_count, err);

	if (r < 0)
		return r;
	list = xcalloc(id_count, sizeof(*list));
	for (size_t i = 0; i < id_count; i++) {
		auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
		enum container_status status = CONTAINER_STOPPED;
		struct spec_state state;
		struct err one = { 0 };

		r = container_open(rt, ids[i], STATE_UNLOCKED, &c, &one);
		if (r == 0)
			r = container_status_full(&c, &status, &one);
		if (r < 0) {
			/* Deleted since the directory was read, or damaged: the others are still
			 * to be seen. */
			if (one.kind != ERR_NO_CONTAINER)
				log_warn("container \"%s\": %s", ids[i], one.msg);
			continue;
		}
		state = container_describe(&c, status);
		list[count++] = (struct container_info){
			.id = xstrdup(ids[i]),
			.status = state.status,
			.pid = state.pid,
			.bundle = copy_or_empty(state.bundle),
			.created = copy_or_empty(state.created),
			.owner = copy_or_empty(state.owner),
			.json = spec_state_format(&state, true),
		};
	}
	for (size_t i = 0; i < id_count; i++)
		free(ids[i]);
	free(ids);
	*out_list = list;
	*out_count = count;
	return 0;
}

void container_list_free(struct container_info *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].id);
		free(list[i].bundle);
		free(list[i].created);
		free(list[i].owner);
		free(list[i].json);
	}
	free(list);
}

int container_pids(const struct runtime *rt, const char *id, pid_t **out_pids, size_t *out_count,
	struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	struct cgroup *cgroup = NULL;
	int r = container_open(rt, id, STATE_UNLOCKED, &c, err);

	if (r == 0)
		r = container_cgroup(&c, &cgroup, err);
	if (r < 0)
		return r;
	if (c.state.cgroup_manager != CGROUP_MANAGER_DISABLED)
		return cgroup_pids(cgroup, out_pids, out_count, err);
	*out_pids = xcalloc(1, sizeof(**out_pids));
	*out_count = c.pidfd >= 0;
	(*out_pids)[0] = c.state.pid;
	return 0;
}

int container_ps_table(const struct runtime *rt, const char *id, char **out_text, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	int r = container_open(rt, id, STATE_UNLOCKED, &c, err);

	if (r < 0)
		return r;
	return c.isolation->ps_table ? c.isolation->ps_table(&c, out_text, err) : 1;
}

static int set_frozen(const struct runtime *rt, const char *id, bool freeze, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	enum container_status status = CONTAINER_STOPPED;
	int r = container_open(rt, id, STATE_EXCLUSIVE, &c, err);

	if (r == 0)
		r = container_status_full(&c, &status, err);
	if (r == 0)
		r = container_require_process(&c, err);
	if (r < 0)
		return r;
	/* It would hold up a start, which waits for its init. */
	if (status == CONTAINER_CREATED)
		return err_bad(err, ERR_STATE,
			"container \"%s\" cannot be %s: it is created and does not run yet", id,
			freeze ? "paused" : "resumed");
	if (freeze == (status == CONTAINER_PAUSED))
		return err_bad(err, ERR_STATE, "container \"%s\" is %s", id,
			freeze ? "paused already" : "not paused");
	return c.isolation->freeze(&c, freeze, err);
}

int container_pause(const struct runtime *rt, const char *id, struct err *err)
{
	return set_frozen(rt, id, true, err);
}

int container_resume(const struct runtime *rt, const char *id, struct err *err)
{
	return set_frozen(rt, id, false, err);
}

int container_update(
	const struct runtime *rt, const char *id, const char *json, size_t len, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	auto_(spec_resources_doc) struct spec_resources_doc *resources = NULL;
	int r = spec_resources_parse(json, len, "resources", &resources, err);

	if (r == 0)
		r = container_open(rt, id, STATE_EXCLUSIVE, &c, err);
	if (r == 0)
		r = container_require_process(&c, err);
	if (r == 0)
		r = c.isolation->update(&c, &resources->resources, json, len, err);
	return r;
}
