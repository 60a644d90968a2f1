// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the container's process in its namespaces.
 *
 * shape.c says how.  In the common case it is one clone3 and nothing else.  When something has to
 * happen between clone and the caller's own code (namespaces are joined, id maps written, time
 * offsets set), parent and child talk over a socket pair:
 *
 *   caller                      first stage (if any)              the child
 *     clone3 ------------------> joins
 *     <------------- PID, pidfd - clone3(CLONE_PARENT) -----------> (joins, without a first stage)
 *     writes the maps            exits
 *     GO (new user namespace) -----------------------------------> becomes root, unshares,
 *     <--------------------------------------------- DONE, or ERROR from either    time offsets
 *
 * A stage that finds the caller gone (end of file, EPIPE) exits: PR_SET_PDEATHSIG would not do, it
 * is cleared when credentials change.  Between clone and the end of ns_clone() the child uses no heap.
 */
#include "namespaces/namespace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/channel.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "namespaces/internal.h"

enum stage_msg_type {
	STAGE_PID, /* the first stage: the child's pid, with its pidfd */
	STAGE_GO, /* the caller: the maps are written */
	STAGE_DONE, /* the child */
	STAGE_ERROR, /* either: err */
};

struct stage_msg {
	enum stage_msg_type type;
	pid_t pid;
	struct err err; /* sent for STAGE_ERROR only */
};

#define STAGE_MSG_HEAD offsetof(struct stage_msg, err)

/* What the processes of one ns_clone() have in common. */
struct stage {
	const struct ns_plan *plan;
	struct ns_shape shape;
	int channel; /* our end; FD_NONE when nobody talks */
	int procfd; /* for maps and offsets; FD_NONE when neither is needed */
	int cgroup_fd;
};

static int stage_send(int channel, enum stage_msg_type type, pid_t pid, const int *fds,
	size_t fd_count, struct err *err)
{
	struct stage_msg msg = { .type = type, .pid = pid };

	return channel_send(channel, &msg, STAGE_MSG_HEAD, fds, fd_count, err);
}

/* ---- in the child and the first stage ---- */

_Noreturn static void stage_fail(int channel, const struct err *cause)
{
	struct stage_msg msg = { .type = STAGE_ERROR, .err = *cause };
	struct err ignored;

	/* The caller may be gone: nobody is left to be told. */
	if (channel_send(channel, &msg, sizeof(msg), NULL, 0, &ignored) < 0)
		_exit(2);
	_exit(1);
}

static int join_error(int num, struct err *err)
{
	if (num == EPERM)
		err_hint(err,
			"joining needs CAP_SYS_ADMIN in the user namespace that owns it: run as "
			"root, or join that user namespace too");
	return -num;
}

static int join_path(const struct ns_plan *plan, enum ns_type type, struct err *err)
{
	if (plan->join_fds[type] < 0)
		return 0;
	if (setns(plan->join_fds[type], (int)ns_kinds[type].clone_flag) == 0)
		return 0;
	err_sys(err, errno, "setns to the %s namespace \"%s\"", names_of(&ns_names, (int64_t)type),
		plan->join_paths[type]);
	return join_error(err->num, err);
}

static int join_process(const struct ns_plan *plan, struct err *err)
{
	char text[128];

	if (!plan->join_flags || setns(plan->join_pidfd, (int)plan->join_flags) == 0)
		return 0;
	if (errno == ESRCH)
		return err_bad(err, ERR_NOT_RUNNING, "setns to the process's namespaces");
	err_sys(err, errno, "setns to the process's namespaces (%s)",
		ns_flags_text(plan->join_flags, text, sizeof(text)));
	return join_error(err->num, err);
}

/*
 * Where the user namespace stands in the order: root can join the others, whoever owns them, only
 * before it gives up its rights by joining it; another caller gets the right by joining it.  For
 * join_process() the kernel sorts this out.
 */
static int join_all(const struct ns_plan *plan, struct err *err)
{
	int r = join_process(plan, err);

	if (r == 0 && plan->unprivileged)
		r = join_path(plan, NS_USER, err);
	for (size_t type = NS_USER + 1; r == 0 && type < NS_COUNT; type++)
		r = join_path(plan, (enum ns_type)type, err);
	if (r == 0 && !plan->unprivileged)
		r = join_path(plan, NS_USER, err);
	return r;
}

static int wait_for_go(int channel, struct err *err)
{
	struct stage_msg msg;
	int r = channel_recv(channel, &msg, sizeof(msg), NULL, NULL, err);

	if (r == 0)
		_exit(1); /* the caller has ended, or given up */
	if (r > 0 && msg.type != STAGE_GO)
		r = err_bad_errno(err, ERR_OTHER, EPROTO, "unexpected message %d", msg.type);
	return r < 0 ? r : 0;
}

/*
 * Groups of the caller go away, unless they are to be kept, where the namespace lets us; whether they had to is judged with the
 * credentials of the process (R8).  EINVAL: id 0 is not mapped.
 */
static int become_root(bool keep_groups, struct err *err)
{
	int r = keep_groups ? 0 : sys_setgroups(0, NULL);

	if (r < 0 && r != -EPERM && r != -EINVAL)
		return err_sys(err, -r, "setgroups to none");
	r = sys_setresgid(0, 0, 0);
	if (r < 0 && r != -EINVAL)
		return err_sys(err, -r, "setresgid to 0");
	r = sys_setresuid(0, 0, 0);
	if (r < 0 && r != -EINVAL)
		return err_sys(err, -r, "setresuid to 0");
	return 0;
}

static int write_offsets(const struct stage *stage, struct err *err)
{
	const struct spec_time_offset *monotonic = stage->plan->time_monotonic;
	const struct spec_time_offset *boottime = stage->plan->time_boottime;
	char text[128];
	int len = 0, r;

	if (monotonic)
		len = snprintf(text, sizeof(text), "monotonic %lld %u\n",
			(long long)monotonic->secs, monotonic->nanosecs);
	if (boottime)
		snprintf(text + len, sizeof(text) - (size_t)len, "boottime %lld %u\n",
			(long long)boottime->secs, boottime->nanosecs);
	r = procfs_write(stage->procfd, "self/timens_offsets", text, err);
	if (r == -ERANGE)
		err_hint(err,
			"a clock must not become negative, nor reach half of its range: "
			"see time_namespaces(7)");
	return r < 0 ? err_in(err, "linux.timeOffsets") : 0;
}

static int unshare_error(int num, uint64_t flags, struct err *err)
{
	char text[128];

	err_sys(err, num, "unshare (%s)", ns_flags_text(flags, text, sizeof(text)));
	if (num == ENOSPC)
		err_hint(err,
			"a limit of namespaces is reached: see user.max_*_namespaces in "
			"/proc/sys/user");
	return -num;
}

static int unshare_late(const struct stage *stage, struct err *err)
{
	uint64_t flags = stage->shape.unshare_flags;

	if (!flags || unshare((int)flags) == 0)
		return 0;
	return unshare_error(errno, flags, err);
}

/* unshare(CLONE_NEWTIME) is for later children; this process enters it by setns. */
static int enter_time(const struct stage *stage, struct err *err)
{
	auto_close int nsdir = FD_NONE;
	auto_close int fd = FD_NONE;
	int r;

	if (unshare(CLONE_NEWTIME) < 0)
		return unshare_error(errno, CLONE_NEWTIME, err);
	r = write_offsets(stage, err);
	if (r < 0)
		return r;
	nsdir = nsdir_open(stage->procfd, 0, err);
	if (nsdir < 0)
		return nsdir;
	fd = nsdir_take(nsdir, "time_for_children", err);
	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWTIME) < 0)
		return err_sys(err, errno, "setns to the new time namespace");
	return 0;
}

/* Nobody may trace a process of ours in a container, nor read its /proc/<pid>/root (R7). */
static void hide(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/*
 * The rest of the way of the child, after joining.  The offsets come before root's ids: a change of
 * ids makes a process non-dumpable, and then /proc/self/timens_offsets belongs to the host's root.
 * (It is also what the child can do while the caller writes the maps.)
 */
static int child_settle(const struct stage *stage, struct err *err)
{
	bool new_user = stage->plan->new_flags & CLONE_NEWUSER;
	bool joins_user =
		stage->plan->join_fds[NS_USER] >= 0 || (stage->plan->join_flags & CLONE_NEWUSER);
	int r = 0;

	if (stage->shape.offsets)
		r = enter_time(stage, err);
	if (r == 0 && new_user)
		r = wait_for_go(stage->channel, err);
	if (r == 0 && (new_user || joins_user))
		r = become_root(stage->plan->keep_groups, err);
	/* Joining a user namespace and other ids make dumpable again, where fs.suid_dumpable is
	 * 1. */
	if (r == 0 && stage->shape.joins)
		hide();
	if (r == 0)
		r = unshare_late(stage, err);
	if (r == 0)
		r = stage_send(stage->channel, STAGE_DONE, 0, NULL, 0, err);
	return r;
}

/* Returns in the child that is to be the container's process, and nowhere else. */
static void child_run(const struct stage *stage)
{
	struct err err = { 0 };

	/* Who joins has hidden before. */
	if (!stage->plan->unprivileged && !stage->shape.joins)
		hide();
	if (stage->shape.talks && child_settle(stage, &err) < 0)
		stage_fail(stage->channel, &err);
}

static int clone_error(int num, uint64_t flags, bool into_cgroup, struct err *err)
{
	char text[128];

	if (flags)
		err_sys(err, num, "clone3 a process in new namespaces (%s)",
			ns_flags_text(flags, text, sizeof(text)));
	else
		err_sys(err, num, "clone3 a process");
	if (into_cgroup && (num == EACCES || num == EOPNOTSUPP || num == ENODEV))
		err_hint(err,
			"the process cannot start in its cgroup: it is threaded, being removed, or "
			"not delegated to this user (cgroup.procs of it and of the parent that it "
			"shares with the caller must be writable)");
	if (into_cgroup && num == EBUSY)
		err_hint(err,
			"its cgroup divides memory, io or the like among its children, and so can "
			"hold "
			"no process (\"no internal processes\")");
	if (num == ENOSYS)
		err_hint(err,
			"the kernel is older than 5.10, or an outer seccomp filter hides "
			"clone3");
	return -num;
}

/* clone3 with this plan's habits: the result is 0 in the child. */
static pid_t stage_clone(
	const struct stage *stage, uint64_t flags, bool into_cgroup, int *out_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)out_pidfd,
		/* With CLONE_PARENT the kernel takes the first stage's. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (into_cgroup && stage->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)stage->cgroup_fd;
	}
	return sys_clone3(&args);
}

/* What the child, visible in the container from its birth, is not to hold (R7). */
static void drop_descriptors(const struct stage *stage)
{
	const struct ns_plan *plan = stage->plan;
	int keep[FD_KEEP_MAX] = { stage->channel, stage->cgroup_fd };
	size_t count = 2;

	if (!plan->keep_fds)
		return;
	for (size_t i = 0; i < plan->keep_count && count < FD_KEEP_MAX; i++)
		keep[count++] = plan->keep_fds[i];
	fd_close_others(plan->keep_from, keep, count);
}

/* Joins, and makes the child.  Returns in the child. */
static void first_stage_run(const struct stage *stage)
{
	struct err err = { 0 };
	int pidfd = FD_NONE;
	pid_t pid;

	hide();
	if (join_all(stage->plan, &err) < 0)
		stage_fail(stage->channel, &err);
	hide(); /* again: see child_settle() */
	drop_descriptors(stage);
	pid = stage_clone(
		stage, stage->shape.clone_flags | CLONE_PARENT, stage->shape.cgroup_late, &pidfd);
	if (pid == 0) {
		child_run(stage);
		return;
	}
	if (pid < 0) {
		clone_error(-pid, stage->shape.clone_flags, stage->shape.cgroup_late, &err);
		stage_fail(stage->channel, &err);
	}
	if (stage_send(stage->channel, STAGE_PID, pid, &pidfd, 1, &err) < 0)
		_exit(2);
	_exit(0);
}

static void only_stage_run(const struct stage *stage)
{
	struct err err = { 0 };

	if (stage->shape.joins) {
		hide();
		if (join_all(stage->plan, &err) < 0)
			stage_fail(stage->channel, &err);
	}
	child_run(stage);
}

/* ---- in the caller ---- */

/* The caller's side of one ns_clone(). */
struct birth {
	struct ns_child first; /* the first stage; pid 0 without one, or when it was reaped */
	struct ns_child child; /* pid 0: not known yet */
	bool done; /* the child said so */
};

static int send_maps(const struct stage *stage, pid_t pid, struct err *err)
{
	struct idmap_caller caller;
	int r;

	if (!(stage->plan->new_flags & CLONE_NEWUSER))
		return 0;
	idmap_caller_init(&caller);
	r = idmap_write(&caller, stage->procfd, pid, &stage->plan->uid_mappings,
		&stage->plan->gid_mappings, err);
	if (r < 0)
		return r;
	r = stage_send(stage->channel, STAGE_GO, 0, NULL, 0, err);
	if (r == -EPIPE) {
		err_drop(err); /* the child has failed; its own word is next to be read */
		r = 0;
	}
	return r;
}

static int stage_died(struct birth *birth, struct err *err)
{
	struct ns_child *child = birth->child.pid ? &birth->child : &birth->first;
	siginfo_t info;

	if (sys_pidfd_wait(child->pidfd, &info, 0) < 0)
		return err_bad_errno(err, ERR_OTHER, ECHILD, "the new process is gone");
	child->pid = 0;
	err_bad_errno(err, ERR_OTHER, ECHILD, "the new process %s %d",
		info.si_code == CLD_EXITED ? "exited with status" : "was killed by signal",
		info.si_status);
	if (info.si_code != CLD_EXITED && info.si_status == SIGKILL)
		err_hint(err, "the memory limit may be too low even to start");
	return -ECHILD;
}

/* Takes one message.  @fds: what came with it. */
static int birth_step(const struct stage *stage, struct birth *birth, struct err *err)
{
	struct stage_msg msg;
	size_t fd_count = 1;
	auto_close int fd = FD_NONE;
	int r = channel_recv(stage->channel, &msg, sizeof(msg), &fd, &fd_count, err);

	if (r < 0)
		return r;
	if (r == 0)
		return stage_died(birth, err);
	if ((size_t)r < (msg.type == STAGE_ERROR ? sizeof(msg) : STAGE_MSG_HEAD))
		return err_bad_errno(err, ERR_OTHER, EPROTO, "short message of %d bytes", r);
	switch (msg.type) {
	case STAGE_PID:
		birth->child.pid = msg.pid;
		birth->child.pidfd = take_fd(&fd);
		return send_maps(stage, msg.pid, err);
	case STAGE_DONE:
		birth->done = true;
		return 0;
	case STAGE_ERROR:
		*err = msg.err;
		return err_result(err);
	case STAGE_GO:
		break;
	}
	return err_bad_errno(err, ERR_OTHER, EPROTO, "unexpected message %d", msg.type);
}

static void birth_reap(struct ns_child *child, bool kill)
{
	siginfo_t info;

	if (child->pid > 0) {
		if (kill)
			sys_pidfd_send_signal(child->pidfd, SIGKILL);
		sys_pidfd_wait(child->pidfd, &info, 0);
		child->pid = 0;
	}
	fd_close(&child->pidfd);
}

/* Speaks with the new processes until the child is where it shall be. */
static int birth_attend(const struct stage *stage, struct birth *birth, struct err *err)
{
	int r = 0;

	if (birth->child.pid)
		r = send_maps(stage, birth->child.pid, err);
	while (r == 0 && !(birth->done && birth->child.pid))
		r = birth_step(stage, birth, err);
	birth_reap(&birth->first, r < 0);
	if (r < 0)
		birth_reap(&birth->child, true);
	return r;
}

/* Opens what the shape needs; *out_child_end is the child's end of the channel. */
static int stage_prepare(struct stage *stage, int *out_child_end, struct err *err)
{
	int ends[2], r;

	if (!stage->shape.talks)
		return 0;
	r = channel_pair(ends, err);
	if (r < 0)
		return r;
	stage->channel = ends[0];
	*out_child_end = ends[1];
	stage->procfd = stage->plan->procfd;
	if (stage->procfd >= 0 ||
		!(stage->shape.offsets || (stage->plan->new_flags & CLONE_NEWUSER)))
		return 0;
	stage->procfd = procfs_open(PROCFS_PIDS, err);
	return stage->procfd < 0 ? stage->procfd : 0;
}

static void stage_close(struct stage *stage)
{
	fd_close(&stage->channel);
	if (stage->procfd != stage->plan->procfd)
		fd_close(&stage->procfd);
}

/* The child's half: returns 0 in the container's process. */
static pid_t run_in_child(struct stage *stage, int *child_end)
{
	fd_close(&stage->channel); /* so that the end of the caller is seen as end of file */
	stage->channel = take_fd(child_end);
	if (stage->shape.two_stages)
		first_stage_run(stage);
	else
		only_stage_run(stage);
	stage_close(stage);
	return 0;
}

static pid_t run_in_parent(
	struct stage *stage, pid_t pid, int pidfd, struct ns_child *out_child, struct err *err)
{
	struct birth birth = { { 0, FD_NONE }, { 0, FD_NONE }, false };
	struct ns_child *made = stage->shape.two_stages ? &birth.first : &birth.child;
	int r;

	*made = (struct ns_child){ pid, pidfd };
	if (stage->shape.talks) {
		r = birth_attend(stage, &birth, err);
		if (r < 0)
			return r;
	}
	*out_child = birth.child;
	return birth.child.pid;
}

pid_t ns_clone(
	const struct ns_plan *plan, int cgroup_fd, struct ns_child *out_child, struct err *err)
{
	struct stage stage = {
		.plan = plan,
		.shape = ns_shape_of(plan),
		.channel = FD_NONE,
		.procfd = FD_NONE,
		.cgroup_fd = cgroup_fd,
	};
	uint64_t flags = stage.shape.two_stages ? 0 : stage.shape.clone_flags;
	auto_close int child_end = FD_NONE;
	sigset_t all, old;
	int pidfd = FD_NONE;
	pid_t pid;

	pid = stage_prepare(&stage, &child_end, err);
	if (pid < 0)
		goto out;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = stage_clone(&stage, flags, !stage.shape.cgroup_late, &pidfd);
	if (pid == 0)
		return run_in_child(&stage, &child_end);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	fd_close(&child_end);
	if (pid > 0)
		pid = run_in_parent(&stage, pid, pidfd, out_child, err);
	else
		clone_error(-pid, flags, !stage.shape.cgroup_late && cgroup_fd >= 0, err);
out:
	stage_close(&stage);
	return pid;
}

int ns_cgroup_unshare(const struct ns_plan *plan, struct err *err)
{
	if (!(plan->new_flags & CLONE_NEWCGROUP) || unshare(CLONE_NEWCGROUP) == 0)
		return 0;
	return unshare_error(errno, CLONE_NEWCGROUP, err);
}
