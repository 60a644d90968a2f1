// SPDX-License-Identifier: Apache-2.0
/*
 * The container's process before it becomes the container's program: see the header.
 *
 * Runs in the child, after the clone, in the new namespaces.  The order of the phases is security:
 * the root is entered before anything is made in it (R2), descriptors of the host are gone before
 * the gate, identity and credentials are dropped before anything of the image is trusted, the
 * filter is last.
 */
#include "runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "runtime/hook.h"
#include "runtime/kvm/machine.h"
#include "runtime/kvm/stub.h"
#include "runtime/sync.h"

struct init {
	struct init_plan *plan;
	int procfd; /* private procfs; FD_NONE when nothing needs it */
	int sysctl_procfd; /* the whole procfs, while sysctls are to be written */
	int root_fd; /* the container's root */
	int terminal; /* slave; FD_NONE: none */
	pid_t runtime_pid; /* this process as the runtime sees it */
};

/* The cgroup namespace and the mounts are to be made in the cgroup that systemd makes around us. */
static int init_cgroup(struct init *init, struct err *err)
{
	struct sync_msg msg;

	return init->plan->wait_first ? sync_expect(init->plan->sync_fd, SYNC_GO, &msg, err) : 0;
}

static int init_namespaces(struct init *init, struct err *err)
{
	const struct spec *spec = init->plan->spec;
	int r;

	r = ns_cgroup_unshare(init->plan->ns, err);
	if (r == 0)
		r = ns_set_names(spec->hostname, spec->domainname, err);
	if (r == 0 && init->plan->ns->new_[NS_NETWORK])
		r = ns_loopback_up(err);
	return r;
}

/* Before the tree is entered: in a user namespace a procfs can be made only while one is visible. */
static int init_sysctl_procfs(struct init *init, struct err *err)
{
	if (init->plan->spec->linux_->sysctl.count == 0)
		return 0;
	init->sysctl_procfd = procfs_open(PROCFS_FULL, err);
	return init->sysctl_procfd < 0 ? init->sysctl_procfd : 0;
}

static int init_procfs(struct init *init, struct err *err)
{
	const struct process_plan *process = init->plan->process;
	bool serves_files = init->plan->machine != NULL;

	if (!serves_files && !(process && process_needs_procfs(process)))
		return 0;
	init->procfd = procfs_open(PROCFS_PIDS, err);
	return init->procfd < 0 ? init->procfd : 0;
}

static int init_rootfs(struct init *init, struct err *err)
{
	struct rootfs_plan *rootfs = init->plan->rootfs;
	int r = rootfs_enter(rootfs, err);

	if (r == 0)
		r = rootfs_mount(rootfs, err);
	if (r == 0)
		r = rootfs_devices(rootfs, err);
	return r;
}

static int init_join_root(struct init *init, struct err *err)
{
	const char *root = init->plan->chroot;
	int r = root ? rootfs_join(root, err) : 0;

	if (r < 0)
		return r;
	init->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (init->root_fd < 0)
		return err_sys(err, errno, "open \"/\" of the container");
	return 0;
}

static int init_session(struct init *init, struct err *err)
{
	return process_prepare(init->plan->process, init->plan->id, err);
}

static int init_terminal(struct init *init, struct err *err)
{
	const struct init_plan *plan = init->plan;
	const struct spec_console_size *size = plan->process->process->console_size;
	auto_close int master = FD_NONE;
	auto_close int slave = FD_NONE;
	int r;

	if (!plan->terminal)
		return 0;
	r = rootfs_open_terminal(
		plan->rootfs ? rootfs_fd(plan->rootfs) : init->root_fd, &master, &slave, err);
	if (r < 0)
		return r;
	if (size && (size->height || size->width)) {
		struct winsize ws = { .ws_row = size->height, .ws_col = size->width };

		if (ioctl(master, TIOCSWINSZ, &ws) < 0)
			return err_sys(err, errno, "ioctl TIOCSWINSZ");
	}
	if (plan->rootfs) {
		r = rootfs_console(plan->rootfs, slave, err);
		if (r < 0)
			return r;
	}
	r = sync_send(plan->sync_fd, SYNC_TERMINAL, 0, master, err);
	if (r < 0)
		return err_in(err, "send the terminal to the parent");
	init->terminal = take_fd(&slave);
	return 0;
}

/*
 * The streams become the terminal, or stay as they are and are given to the process's user, so that
 * it can reopen /dev/stdout.  The null device belongs to everybody and keeps its owner (R5:
 * identity by type and number).
 */
static int init_streams(struct init *init, struct err *err)
{
	const struct process_plan *process = init->plan->process;

	if (init->terminal >= 0) {
		if (ioctl(init->terminal, TIOCSCTTY, 0) < 0)
			return err_sys(err, errno, "ioctl TIOCSCTTY");
		for (int fd = 0; fd <= 2; fd++)
			if (dup3(init->terminal, fd, 0) < 0)
				return err_sys(err, errno, "dup3 of the terminal");
		fd_close(&init->terminal);
	}
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			return err_sys(err, errno, "fstat of standard stream %d", fd);
		if (st.st_uid == process->uid ||
			(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
			continue;
		/* A stream that may not be given away (an unmapped owner, a read-only file
		 * system, a socket) is still usable through its descriptor. */
		if (fchown(fd, process->uid, (gid_t)-1) < 0)
			log_debug("fchown of standard stream %d: %s", fd, err_text(errno));
	}
	return 0;
}

static int init_enter_runtime_tree(void *arg, struct err *err)
{
	return rootfs_leave(arg, err);
}

static int init_run_hooks(struct init *init, enum hook_kind kind, struct err *err)
{
	const struct init_plan *plan = init->plan;
	const spec_hook_list *hooks = &plan->spec->hooks[kind];
	struct hook_where where = { .cwd = "/" };
	struct spec_state state = plan->state;
	auto_free char *text = NULL;

	if (hooks->count == 0)
		return 0;
	if (kind == HOOK_CREATE_CONTAINER) {
		where.enter = init_enter_runtime_tree;
		where.arg = plan->rootfs;
		where.cwd = plan->state.bundle;
	}
	state.status = kind == HOOK_START_CONTAINER ? "created" : "creating";
	state.pid = getpid(); /* as seen where the hook runs */
	text = spec_state_format(&state, false);
	return hook_run(hooks, kind, text, &where, err);
}

static int init_hooks(struct init *init, struct err *err)
{
	const struct init_plan *plan = init->plan;
	struct sync_msg msg;
	int r;

	if (plan->ask_parent) {
		r = sync_send(plan->sync_fd, SYNC_HOOKS, 0, FD_NONE, err);
		if (r == 0)
			r = sync_expect(plan->sync_fd, SYNC_GO, &msg, err);
		if (r < 0)
			return r;
	}
	return init_run_hooks(init, HOOK_CREATE_CONTAINER, err);
}

void init_keep_fds(const struct init_plan *plan, int out_fds[INIT_KEEP_FDS])
{
	out_fds[0] = plan->sync_fd;
	out_fds[1] = plan->gate_fd;
	out_fds[2] = plan->listener_fd;
}

static int init_pivot(struct init *init, struct err *err)
{
	int r = rootfs_pivot(init->plan->rootfs, err);

	init->root_fd = rootfs_fd(init->plan->rootfs);
	return r;
}

static int init_sysctl(struct init *init, struct err *err)
{
	int r = 0;

	if (init->sysctl_procfd >= 0)
		r = ns_sysctl_apply(&init->plan->spec->linux_->sysctl, init->sysctl_procfd, err);
	fd_close(&init->sysctl_procfd); /* it reaches all of /proc/sys (R4) */
	return r;
}

/* Whatever else the parent had open, its lock on the state directory and the log among it, ends
 * here: no directory of the host is held from here on (R7). */
static void drop_descriptors(struct init *init)
{
	int keep[INIT_KEEP_FDS + 3] = { init->root_fd, init->procfd, init->terminal };

	init_keep_fds(init->plan, keep + 3);
	fd_close_others(3 + (int)init->plan->preserved_fds, keep, ARRAY_SIZE(keep));
}

static int init_seal(struct init *init, struct err *err)
{
	const struct init_plan *plan = init->plan;
	int r = plan->process ? process_make_cwd(plan->process, init->root_fd, err) : 0;

	if (r == 0)
		r = rootfs_seal(plan->rootfs, err);
	drop_descriptors(init);
	return r;
}

static int init_identity(struct init *init, struct err *err)
{
	struct process_plan *process = init->plan->process;
	int r = process_resolve(process, init->root_fd, init->procfd, err);

	if (r == 0)
		r = process_credentials(process, init->procfd, err);
	fd_close(&init->procfd);
	return r;
}

/* The parent has recorded us, applied limits, written the pid file; whatever fails from now on
 * is start's. */
static int init_ready(struct init *init, struct err *err)
{
	struct init_plan *plan = init->plan;
	struct sync_msg msg;
	int r = sync_send(plan->sync_fd, SYNC_READY, 0, FD_NONE, err);

	if (r < 0)
		return r;
	r = sync_expect(plan->sync_fd, plan->gate_fd >= 0 ? SYNC_GO : SYNC_START, &msg, err);
	if (r < 0)
		return r;
	init->runtime_pid = msg.value;
	/* Nobody in the container may attach to us (R7).  The child of a parent without
	 * privileges had to be dumpable while that wrote the id maps. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_DUMPABLE");
	return 0;
}

/* Waits for start.  A start that dies before it has said so leaves us waiting for the next one. */
static int init_gate(struct init *init, struct err *err)
{
	struct init_plan *plan = init->plan;
	struct sync_msg msg = { 0 };

	if (plan->gate_fd < 0)
		return 0;
	fd_close(&plan->sync_fd);
	while (msg.type != SYNC_START) {
		struct err lost;

		fd_close(&plan->sync_fd);
		plan->sync_fd = accept4(plan->gate_fd, NULL, NULL, SOCK_CLOEXEC);
		if (plan->sync_fd < 0 && errno != EINTR)
			return err_sys(err, errno, "accept4 at the gate");
		if (plan->sync_fd >= 0 && sync_recv(plan->sync_fd, &msg, NULL, &lost) <= 0)
			msg.type = 0;
	}
	init->runtime_pid = msg.value;
	fd_close(&plan->gate_fd);
	if (!plan->process)
		return err_bad(err, ERR_STATE,
			"config.json has no process: there is nothing to start (runtime.md, "
			"\"Start\")");
	return 0;
}

static int init_start_hooks(struct init *init, struct err *err)
{
	return init_run_hooks(init, HOOK_START_CONTAINER, err);
}

/*
 * Hands the notification descriptor to the seccomp agent.  After the filter is loaded this process
 * may not be able to send anything, so a process with the same descriptor table, made before, does
 * it.
 */
static noreturn void listener_sender(struct init *init, const int pipe_fds[2], pid_t parent)
{
	const struct init_plan *plan = init->plan;
	auto_free char *text = NULL;
	struct err err = { 0 };
	int listener, r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0); /* it has failed already, and we hold both ends of the pipe */
	if (read(pipe_fds[0], &listener, sizeof(listener)) != sizeof(listener))
		_exit(0);
	text = spec_seccomp_state_format(
		&plan->state, init->runtime_pid, plan->spec->linux_->seccomp->listener_metadata);
	r = channel_send(plan->listener_fd, text, strlen(text), &listener, 1, &err);
	if (r < 0) {
		err_in(&err, "linux.seccomp.listenerPath \"%s\": send the listener",
			plan->spec->linux_->seccomp->listener_path);
		sync_send_error(plan->sync_fd, &err);
	}
	close(plan->listener_fd);
	close(listener);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int init_seccomp_notify(struct init *init, struct err *err)
{
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	int pipe_fds[2], listener, status = 0, r;
	pid_t sender, own = getpid();

	/* The state is the container's: for exec not this process, and complete already. */
	if (!init->plan->is_exec) {
		init->plan->state.pid = init->runtime_pid;
		init->plan->state.status = "created";
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2");
	sender = sys_clone3(&args);
	if (sender < 0)
		return err_sys(err, -sender, "clone3 of the sender of the seccomp listener");
	if (sender == 0)
		listener_sender(init, pipe_fds, own);
	r = process_load_filter(init->plan->process, &listener, err);
	if (r < 0)
		return r;
	if (write(pipe_fds[1], &listener, sizeof(listener)) != sizeof(listener))
		return err_sys(err, errno, "write to the sender of the seccomp listener");
	if (waitpid(sender, &status, 0) == sender && status != 0)
		_exit(1); /* the sender has said why */
	return 0;
}

static int init_seccomp(struct init *init, struct err *err)
{
	struct process_plan *process = init->plan->process;
	int listener;

	/* The last message before execve: the end of file after it means success. */
	int r = sync_send_text(init->plan->sync_fd, SYNC_STEP, 0, "execute", err);

	if (r < 0)
		return r;
	if (process->filter && process->filter->notify && init->plan->listener_fd >= 0)
		return init_seccomp_notify(init, err);
	return process_load_filter(process, &listener, err);
}

static int init_execute(struct init *init, struct err *err)
{
	return process_execute(init->plan->process, err);
}

static int init_export(struct init *init, struct err *err)
{
	return machine_export(init->plan, init->procfd, err);
}

/* The guest's kernel knows no labels of the host: what confines the container is on the process
 * that holds the machine, before it has threads. */
static int init_label(struct init *init, struct err *err)
{
	const struct spec_process *process = init->plan->spec->process;

	return process ? process_label_self(process, init->procfd, err) : 0;
}

static int init_network(struct init *init, struct err *err)
{
	return machine_network(init->plan, err);
}

static int init_machine(struct init *init, struct err *err)
{
	fd_close(&init->procfd);
	return machine_make(init->plan, err);
}

static int init_guest(struct init *init, struct err *err)
{
	return machine_boot(init->plan, err);
}

static int init_serve(struct init *init, struct err *err)
{
	return machine_serve(init->plan, err);
}

static int init_stub(struct init *init, struct err *err)
{
	return stub_prepare(init->plan, err);
}

static int init_stub_serve(struct init *init, struct err *err)
{
	return stub_serve(init->plan, err);
}

#define NATIVE INIT_NATIVE
#define KVM INIT_KVM
#define CREATE 1u /* the first process of a container */
#define EXEC 2u /* another one */
#define PROGRAM 4u /* only when there is a process to execute */

static const struct phase {
	const char *name;
	int (*run)(struct init *init, struct err *err);
	unsigned int when;
} phases[] = {
	{ "cgroup", init_cgroup, CREATE | EXEC | NATIVE | KVM },
	{ "namespaces", init_namespaces, CREATE | NATIVE | KVM },
	{ "stub", init_stub, EXEC | KVM },
	{ "sysctl procfs", init_sysctl_procfs, CREATE | NATIVE },
	{ "procfs", init_procfs, CREATE | EXEC | PROGRAM | NATIVE },
	/* From here on the container's tree is our root: no name leads to the host (R2). */
	{ "rootfs", init_rootfs, CREATE | NATIVE },
	{ "join", init_join_root, EXEC | NATIVE },
	/* A session of its own before it can get a terminal (R16). */
	{ "session", init_session, CREATE | EXEC | PROGRAM | NATIVE },
	{ "terminal", init_terminal, CREATE | EXEC | PROGRAM | NATIVE },
	/* config.md: prestart, createRuntime, createContainer run before pivot_root. */
	{ "hooks", init_hooks, CREATE | NATIVE | KVM },
	{ "network", init_network, CREATE | KVM },
	/* While one is visible, as above: for the label, and the file server. */
	{ "procfs", init_procfs, CREATE | KVM },
	/* The tree that the guest will share becomes our root: no name leads to the host (R2). */
	{ "export", init_export, CREATE | KVM },
	{ "label", init_label, CREATE | KVM },
	{ "machine", init_machine, CREATE | KVM },
	{ "guest", init_guest, CREATE | KVM },
	{ "pivot", init_pivot, CREATE | NATIVE },
	{ "sysctl", init_sysctl, CREATE | NATIVE },
	/* After the hooks, which may still write to what becomes read-only. */
	{ "seal", init_seal, CREATE | NATIVE },
	{ "streams", init_streams, CREATE | EXEC | PROGRAM | NATIVE },
	{ "process", init_identity, CREATE | EXEC | PROGRAM | NATIVE },
	{ "ready", init_ready, CREATE | EXEC | NATIVE | KVM },
	{ "serve", init_serve, CREATE | KVM },
	{ "process of the guest", init_stub_serve, EXEC | KVM },
	{ "gate", init_gate, CREATE | NATIVE },
	{ "startContainer hooks", init_start_hooks, CREATE | NATIVE },
	{ "seccomp", init_seccomp, CREATE | EXEC | NATIVE },
	{ "execute", init_execute, CREATE | EXEC | NATIVE },
};

const char *init_phase_at(unsigned int index)
{
	return index < ARRAY_SIZE(phases) ? phases[index].name : NULL;
}

const char *init_phase_name(const struct init_progress *progress)
{
	const char *name = init_phase_at(progress->phase);

	return name ? name : "clone";
}

static void init_log(enum log_level level, const char *text, void *arg)
{
	const struct init_plan *plan = arg;
	struct err lost;

	if (sync_send_text(plan->sync_fd, SYNC_LOG, (int32_t)level, text, &lost) < 0)
		err_drop(&lost); /* nobody is there to read the log */
}

noreturn void init_main(struct init_plan *plan)
{
	struct init init = {
		.plan = plan,
		.procfd = FD_NONE,
		.sysctl_procfd = FD_NONE,
		.root_fd = FD_NONE,
		.terminal = FD_NONE,
	};
	unsigned int when = plan->is_exec ? EXEC : CREATE;
	struct err err = { 0 };

	log_set_sink(init_log, plan);
	for (unsigned int i = 0; i < ARRAY_SIZE(phases); i++) {
		const struct phase *phase = &phases[i];

		if (!(phase->when & when) || !(phase->when & plan->mode) ||
			((phase->when & PROGRAM) && !plan->process))
			continue;
		plan->progress->phase = i;
		if (phase->run(&init, &err) < 0) {
			err_in(&err, "%s", phase->name);
			sync_send_error(plan->sync_fd, &err);
			_exit(1);
		}
	}
	_exit(1); /* not reached: the last phase executes or fails */
}
