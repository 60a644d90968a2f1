// SPDX-License-Identifier: Apache-2.0
/* The native mode: the container's process is one of the host's kernel, held by a pidfd and a
 * cgroup. */
#include "runtime/isolation.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "runtime/creation.h"
#include "runtime/execution.h"
#include "runtime/notify.h"

/* ---- create and run ---- */

static const char *const notify_env[] = { NOTIFY_CONTAINER_ENV, NULL };

static int native_plan(struct creation *c, struct err *err)
{
	struct process_options options = {
		.new_session_keyring = !c->options->no_new_keyring,
		.listen_fds = c->options->listen_fds,
		.preserved_fds = c->options->listen_fds + c->options->preserve_fds,
		.extra_env = c->notify ? notify_env : NULL,
		.umask = c->rt->umask,
	};

	if (!c->spec->process)
		return 0;
	c->launch.init.process = &c->process;
	return process_plan_init(c->spec, c->spec->process, &options, &c->process, err);
}

static int native_clone(struct creation *c, struct err *err)
{
	int r = creation_clone(c, err);

	/* Meanwhile init makes its mounts. */
	return r == 0 && c->spec->process ? process_compile_filter(&c->process, err) : r;
}

static int native_apply(struct creation *c, struct err *err)
{
	return c->spec->process ? process_apply_outside(&c->process, c->launch.child.pid, err) : 0;
}

static int native_notify_listen(struct container *c, struct err *err)
{
	return notify_bind(c->dir.fd, err);
}

/* ---- commands ---- */

static int kill_init(const struct container *c, int signal, struct err *err)
{
	int r = container_require_process(c, err);

	if (r < 0)
		return r;
	r = sys_pidfd_send_signal(c->pidfd, signal);
	if (r == -ESRCH)
		return err_bad(err, ERR_NOT_RUNNING, "container \"%s\"", c->dir.id);
	return r < 0 ? err_sys(err, -r, "kill container \"%s\" with signal %d", c->dir.id, signal)
		     : 0;
}

/* A container without a pid namespace of its own may have processes that outlive its first.
 * That one dies before the lock is waited for: it may be what keeps a start from giving it back. */
static int kill_shared(struct container *c, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r = kill_init(c, SIGKILL, err);

	if (r == 0)
		r = state_relock(&c->dir, STATE_EXCLUSIVE, err);
	if (r < 0 && err->kind == ERR_NO_CONTAINER) {
		err_drop(err); /* deleted meanwhile, with all its processes */
		return 0;
	}
	if (r == 0)
		r = container_cgroup(c, &cgroup, err);
	if (r == 0)
		r = cgroup_kill(cgroup, err);
	return r < 0 ? r : 0;
}

static int native_kill(struct container *c, int signal, bool all, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r;

	if (!all && signal == SIGKILL && c->state.shared_pid_namespace)
		return kill_shared(c, err);
	if (!all || c->state.phase == STATE_CREATING)
		return kill_init(c, signal, err);
	r = container_cgroup(c, &cgroup, err);
	if (r == 0)
		r = signal == SIGKILL ? cgroup_kill(cgroup, err)
				      : cgroup_signal(cgroup, signal, err);
	if (r <= 0 || container_status(c) == CONTAINER_STOPPED)
		return r < 0 ? r : 0; /* as runc: --all of a stopped container is no error */
	return kill_init(c, signal, err); /* it has no cgroup of its own */
}

static int native_freeze(struct container *c, bool freeze, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r = container_cgroup(c, &cgroup, err);

	return r < 0 ? r : cgroup_freeze(cgroup, freeze, err);
}

static int native_update(struct container *c, const struct spec_resources *resources,
	const char *json, size_t len, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r = container_cgroup(c, &cgroup, err);

	(void)json, (void)len;
	return r < 0 ? r : cgroup_update(cgroup, resources, c->rootless, NULL, err);
}

static int native_stats(struct container *c, char **out_json, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r = container_cgroup(c, &cgroup, err);

	return r < 0 ? r : cgroup_stats_format(cgroup, out_json, err);
}

static int native_oom_watch(struct container *c, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r = container_cgroup(c, &cgroup, err);

	return r < 0 ? r : cgroup_watch_memory(cgroup, err);
}

static int native_oom_count(struct container *c, int watch, uint64_t *io_count, struct err *err)
{
	struct cgroup *cgroup = NULL;
	int r = container_cgroup(c, &cgroup, err);
	char lost[4096];

	if (r == 0 && read(watch, lost, sizeof(lost)) < 0 && errno != EAGAIN)
		r = err_sys(err, errno, "read the watch of memory.events");
	return r < 0 ? r : cgroup_oom_count(cgroup, io_count, err);
}

/* ---- exec ---- */

/* Only a mount namespace that was made for the container has its tree as the root. */
static int find_root(struct execution *e, struct err *err)
{
	const struct spec_namespace *mount = &e->spec->linux_->namespaces[NS_MOUNT];

	if (mount->listed && !(mount->path && mount->path[0]))
		return 0;
	e->launch.init.chroot = e->container.state.rootfs;
	return e->launch.init.chroot
		? 0
		: err_bad(err, ERR_STATE, "the state of container \"%s\" does not name its root",
			  e->options->id);
}

static int native_exec_plan(struct execution *e, const struct runtime *rt, struct err *err)
{
	struct process_options options = {
		.is_exec = true,
		.new_session_keyring = e->container.state.has_keyring,
		.preserved_fds = e->options->preserve_fds,
		.extra_env = e->env,
		.umask = rt->umask,
	};
	int r = ns_plan_join(e->procfd, e->container.state.pid, e->container.pidfd, &e->ns, err);

	e->ns.keep_groups = spec_keeps_groups(e->spec);
	if (r == 0)
		r = process_plan_init(e->spec, &e->process, &options, &e->plan, err);
	if (r == 0)
		r = find_root(e, err);
	e->launch.init.process = &e->plan;
	return r == 0 ? execution_find_cgroup(e, e->options->cgroup, err) : r;
}

static int native_exec_clone(struct execution *e, struct err *err)
{
	int r = process_before_clone(&e->plan, e->procfd, err);

	if (r == 0)
		r = launch_clone(&e->launch, err);
	process_after_clone(&e->plan, e->procfd);
	return r == 0 ? process_compile_filter(&e->plan, err) : r;
}

static int native_exec_apply(struct execution *e, struct err *err)
{
	return process_apply_outside(&e->plan, e->launch.child.pid, err);
}

const struct isolation isolation_native = {
	.mode = ISOLATION_NATIVE,
	.phases = INIT_NATIVE,
	.plan = native_plan,
	.clone = native_clone,
	.apply = native_apply,
	.notify_listen = native_notify_listen,
	.kill = native_kill,
	.freeze = native_freeze,
	.update = native_update,
	.stats = native_stats,
	.oom_watch = native_oom_watch,
	.oom_count = native_oom_count,
	.exec_plan = native_exec_plan,
	.exec_clone = native_exec_clone,
	.exec_apply = native_exec_apply,
};
