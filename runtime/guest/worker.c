// SPDX-License-Identifier: Apache-2.0
/*
 * One request, one process: see the header.  Runs in the guest.
 *
 * What comes from the host is trusted here as config.json is: the host owns the guest.
 */
#include "runtime/guest/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/sys.h"
#include "namespaces/namespace.h"
#include "runtime/container-internal.h"
#include "runtime/isolation.h"
#include "runtime/kvm/config.h"
#include "runtime/kvm/message.h"

#define HEAD offsetof(struct worker_msg, err)

char *guest_container_id;

static struct runtime guest_runtime(mode_t mask)
{
	return (struct runtime){
		.root = AGENT_STATE,
		.cgroup_manager = CGROUP_MANAGER_CGROUPFS,
		.umask = mask,
	};
}

/* ---- talking to the agent ---- */

/* An agent that is gone has taken the guest along. */
static void tell(const struct worker *worker, const struct worker_msg *msg, size_t len, int fd)
{
	struct err lost;

	if (channel_send(worker->channel, msg, len, &fd, fd >= 0, &lost) < 0)
		err_drop(&lost);
}

static void on_log(enum log_level level, const char *text, void *arg)
{
	struct worker_msg msg = { .type = WORKER_LOG, .value = (int32_t)level };

	snprintf(msg.text, sizeof(msg.text), "%s", text);
	tell(arg, &msg, HEAD + strlen(msg.text) + 1, FD_NONE);
}

/* ---- the process that was made ---- */

static int read_pid(const char *path, pid_t *out_pid, struct err *err)
{
	auto_free char *text = NULL;
	int64_t pid;
	int r = host_read(AT_FDCWD, path, 32, &text, NULL, err);

	if (r < 0)
		return r;
	if (num_i64(text, 2, INT32_MAX, &pid) < 0)
		return err_bad(err, ERR_OTHER, "\"%s\" holds no pid", path);
	*out_pid = (pid_t)pid;
	r = host_unlink(AT_FDCWD, path, 0, err);
	return r < 0 ? r : 0;
}

/* The streams are the process's now: that they end must show when it closes them. */
static void drop_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup3(null, fd, 0) < 0)
			close(fd);
	fd_close(&null);
}

static void pass_signal(const struct worker *worker, pid_t pid)
{
	struct worker_msg msg;
	struct err err;
	int r = channel_recv(worker->channel, &msg, sizeof(msg), NULL, NULL, &err);

	if (r <= 0)
		_exit(1);
	if (msg.type == WORKER_SIGNAL)
		kill(pid, msg.value); /* it is our child: its pid is its own until we wait */
}

/* Until @pid has ended.  Signals for it come by the channel, so none can hit a later process. */
static void stay(const struct worker *worker, pid_t pid)
{
	sigset_t child;
	auto_close int signals = FD_NONE;
	siginfo_t info = { 0 };
	struct worker_msg msg = { .type = WORKER_EXITED };

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, NULL);
	signals = signalfd(-1, &child, SFD_CLOEXEC);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) {
		struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
			{ .fd = worker->channel, .events = POLLIN } };
		struct signalfd_siginfo lost;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[1].revents)
			pass_signal(worker, pid);
		if (fds[0].revents && read(signals, &lost, sizeof(lost)) < 0)
			break;
	}
	msg.exit = (struct wire_exit){ info.si_code, info.si_status };
	tell(worker, &msg, sizeof(msg), FD_NONE);
}

/* ---- terminals ---- */

/* The socket at which the runtime will hand its terminal over. */
static int console_listen(const struct worker *worker, char **out_path, struct err *err)
{
	auto_free char *path = xasprintf(AGENT_DIR "/console.%u", worker->session);
	int sock = host_bind_unix(AT_FDCWD, path, SOCK_STREAM, err);

	if (sock >= 0)
		*out_path = take_ptr(&path);
	return sock;
}

static int console_take(const struct worker *worker, int sock, struct err *err)
{
	auto_close int conn = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	struct worker_msg msg = { .type = WORKER_TERMINAL };
	char name[64];
	int master = FD_NONE, r;
	size_t count = 1;

	if (conn < 0)
		return err_sys(err, errno, "accept4 of the terminal");
	r = channel_recv(conn, name, sizeof(name), &master, &count, err);
	if (r < 0)
		return r;
	if (count != 1)
		return err_bad(err, ERR_OTHER, "no terminal was handed over");
	tell(worker, &msg, HEAD, master);
	close(master);
	return 0;
}

/* ---- requests that make a process ---- */

/* The container's root begins with the flags of the image's mount. */
static int set_root_flags(uint32_t host_flags, struct err *err)
{
	struct mount_attr attr = { 0 };
	int r;

	for (const struct rootfs_flag *f = rootfs_flags; f->option; f++)
		if (host_flags & f->flag)
			attr.attr_set |= f->attr;
	r = sys_mount_setattr(AT_FDCWD, GUEST_IMAGE /* path: a literal */, 0, &attr);
	return r < 0 ? err_sys(err, -r, "set the flags of the image's mount") : 0;
}

static int do_create(struct worker *worker, pid_t *out_pid, struct err *err)
{
	static const char config[] = AGENT_DIR "/config.json", pid_file[] = AGENT_DIR "/pid";
	auto_(message_create) struct message_create message = { 0 };
	struct container_create_options options = {
		.isolation = ISOLATION_NATIVE,
		.config_file = config,
		.pid_file = pid_file,
	};
	auto_close int console = FD_NONE;
	auto_free char *console_path = NULL;
	struct runtime rt;
	const struct log_options debug = { .level_set = true, .level = LOG_LEVEL_DEBUG };
	int r = message_create_parse(worker->body, worker->len, &message, err);

	if (r == 0 && message.debug)
		r = log_open(&debug, err);
	if (r == 0)
		r = set_root_flags(message.root_flags, err);
	if (r == 0)
		r = host_mkdir_parents(message.bundle, 0755, err);
	if (r == 0)
		r = host_replace(
			AT_FDCWD, config, message.config, strlen(message.config), 0600, err);
	if (r == 0 && message.terminal) {
		console = console_listen(worker, &console_path, err);
		r = console < 0 ? console : 0;
	}
	if (r < 0)
		return r;
	options.id = message.id;
	options.bundle = message.bundle;
	options.console_socket = console_path;
	options.plain_output = message.plain_output;
	options.no_new_keyring = message.no_new_keyring;
	/* The agent listens, and start does not wait: that is for the host to do. */
	options.notify_socket = message.notify ? "" : NULL;
	rt = guest_runtime(message.umask);
	r = container_create(&rt, &options, err);
	if (r == 0 && console >= 0)
		r = console_take(worker, console, err);
	return r < 0 ? r : read_pid(pid_file, out_pid, err);
}

static int write_process(
	const struct worker *worker, const char *text, char **out_path, struct err *err)
{
	auto_free char *path = xasprintf(AGENT_DIR "/process.%u", worker->session);
	int r = host_replace(AT_FDCWD, path, text, strlen(text), 0600, err);

	if (r == 0)
		*out_path = take_ptr(&path);
	return r;
}

static int do_exec(struct worker *worker, pid_t *out_pid, struct err *err)
{
	auto_(message_exec) struct message_exec message = { 0 };
	struct container_exec_options options = { .id = guest_container_id, .detach = true };
	auto_free char *process = NULL, *console_path = NULL;
	auto_free char *pid_file = xasprintf(AGENT_DIR "/pid.%u", worker->session);
	auto_close int console = FD_NONE;
	struct runtime rt;
	int status, r = message_exec_parse(worker->body, worker->len, &message, err);

	if (r == 0 && message.process)
		r = write_process(worker, message.process, &process, err);
	if (r == 0 && message.terminal) {
		console = console_listen(worker, &console_path, err);
		r = console < 0 ? console : 0;
	}
	if (r < 0)
		return r;
	options.process_file = process;
	options.console_socket = console_path;
	options.plain_output = message.plain_output;
	options.pid_file = pid_file;
	options.tty = message.terminal;
	if (message.window.height || message.window.width)
		options.window = &message.window;
	options.no_new_privs = message.no_new_privs;
	options.ignore_paused = message.ignore_paused;
	options.user = message.user;
	options.cwd = message.cwd;
	options.cgroup = message.cgroup;
	options.env = message.env.items;
	options.env_count = message.env.count;
	options.caps = message.caps.items;
	options.cap_count = message.caps.count;
	options.additional_gids = message.gids.items;
	options.gid_count = message.gids.count;
	options.rlimits = message.rlimits.items;
	options.rlimit_count = message.rlimits.count;
	options.args = (char *const *)(uintptr_t)message.args.items;
	options.arg_count = message.args.count;
	rt = guest_runtime(message.umask);
	r = container_exec(&rt, &options, &status, err);
	if (process && unlink(process /* path: a file of ours below /run */) < 0)
		log_debug("unlink \"%s\": %s", process, err_text(errno));
	if (r == 0)
		r = read_pid(pid_file, out_pid, err);
	if (r == 0 && console >= 0)
		r = console_take(worker, console, err);
	if (console_path && unlink(console_path /* path: a socket of ours below /run */) < 0)
		log_debug("unlink \"%s\": %s", console_path, err_text(errno));
	if (r < 0 && *out_pid > 0)
		kill(*out_pid, SIGKILL); /* it runs, and nobody would know of it */
	return r;
}

/* ---- other requests ---- */

static int answer(const struct worker *worker, const void *data, size_t len, struct err *err)
{
	if (write(worker->output, data, len) != (ssize_t)len)
		return err_sys(err, errno, "write the answer");
	return 0;
}

/*
 * Engines write some volumes (/etc/resolv.conf) between create and start.  Create has looked at them, and the kernel
 * would believe for a second what it has seen.
 */
static void refresh_volumes(void)
{
	auto_closedir DIR *dir = opendir(GUEST_VOLUMES /* path: a literal */);
	const struct dirent *entry;
	struct statx st;

	if (!dir)
		return; /* without volumes there is none */
	while ((entry = readdir(dir)))
		if (statx(dirfd(dir), entry->d_name /* path: as our monitor has named it */,
			    AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) < 0)
			log_warn("statx \"" GUEST_VOLUMES "/%s\": %s", entry->d_name,
				err_text(errno));
}

static int do_start(struct worker *worker, pid_t *out_pid, struct err *err)
{
	struct runtime rt = guest_runtime(022);

	(void)worker, (void)out_pid;
	refresh_volumes();
	return container_start(&rt, guest_container_id, NULL, err);
}

static int do_signal_all(struct worker *worker, pid_t *out_pid, struct err *err)
{
	struct runtime rt = guest_runtime(022);
	struct wire_signal wire;

	(void)out_pid;
	if (worker->len != sizeof(wire))
		return err_bad(err, ERR_OTHER, "a signal of %zu bytes", worker->len);
	memcpy(&wire, worker->body, sizeof(wire));
	return container_kill(&rt, guest_container_id, wire.signal, wire.all, err);
}

static int do_ps(struct worker *worker, pid_t *out_pid, struct err *err)
{
	struct runtime rt = guest_runtime(022);
	auto_free pid_t *pids = NULL;
	auto_free char *text = NULL;
	size_t count = 0;
	int r = container_pids(&rt, guest_container_id, &pids, &count, err);

	(void)out_pid;
	if (r < 0)
		return r;
	r = guest_process_table(pids, count, &text, err);
	return r < 0 ? r : answer(worker, text, strlen(text), err);
}

static int do_stats(struct worker *worker, pid_t *out_pid, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	struct runtime rt = guest_runtime(022);
	auto_free char *text = NULL;
	int r = container_open(&rt, guest_container_id, STATE_UNLOCKED, &c, err);

	(void)out_pid;
	if (r < 0)
		return r;
	r = c.isolation->stats(&c, &text, err);
	return r < 0 ? r : answer(worker, text, strlen(text), err);
}

static int do_update(struct worker *worker, pid_t *out_pid, struct err *err)
{
	struct runtime rt = guest_runtime(022);

	(void)out_pid;
	return container_update(&rt, guest_container_id, worker->body, worker->len, err);
}

/* Devices that were added to the machine while it runs are found when the kernel looks again. */
static int rescan(struct err *err)
{
	static const char file[] = "/sys/bus/pci/rescan";
	auto_close int fd = host_open(AT_FDCWD, file, O_WRONLY, 0, err);

	if (fd < 0)
		return fd;
	return write(fd, "1", 1) == 1 ? 0 : err_sys(err, errno, "write to \"%s\"", file);
}

static int do_network(struct worker *worker, pid_t *out_pid, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	struct runtime rt = guest_runtime(022);
	int r = container_open(&rt, guest_container_id, STATE_UNLOCKED, &c, err);

	(void)out_pid;
	if (r == 0)
		r = ns_guest_give(worker->body, worker->len, c.pidfd, err);
	if (r != -ENODEV)
		return r;
	err_drop(err); /* not yet */
	r = rescan(err);
	return r < 0 ? r : ns_guest_give(worker->body, worker->len, c.pidfd, err);
}

/* ---- the table ---- */

static const struct {
	enum frame_type request;
	bool makes_process;
	int (*serve)(struct worker *worker, pid_t *out_pid, struct err *err);
} requests[] = {
	{ FRAME_CREATE, true, do_create },
	{ FRAME_EXEC, true, do_exec },
	{ FRAME_NETWORK, false, do_network },
	{ FRAME_START, false, do_start },
	{ FRAME_SIGNAL, false, do_signal_all },
	{ FRAME_PS, false, do_ps },
	{ FRAME_STATS, false, do_stats },
	{ FRAME_UPDATE, false, do_update },
};

bool worker_makes_process(enum frame_type request)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].request == request)
			return requests[i].makes_process;
	return false;
}

static int serve(struct worker *worker, pid_t *out_pid, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].request == worker->request)
			return requests[i].serve(worker, out_pid, err);
	return err_bad_errno(err, ERR_OTHER, EPROTO, "an unexpected request \"%s\"",
		frame_name((uint16_t)worker->request));
}

noreturn void worker_main(struct worker *worker)
{
	struct worker_msg msg = { .type = WORKER_DONE };
	struct err err = { 0 };
	pid_t pid = 0;

	log_set_sink(on_log, worker);
	if (serve(worker, &pid, &err) < 0) {
		msg.type = WORKER_FAILED;
		msg.err = err;
	}
	/* Before the agent is told, so that it finds what was made closed everywhere else. */
	drop_streams();
	tell(worker, &msg, sizeof(msg), FD_NONE);
	if (pid > 0)
		stay(worker, pid);
	_exit(0);
}
