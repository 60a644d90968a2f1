// SPDX-License-Identifier: Apache-2.0
/*
 * The agent: the first process of the guest, which serves the monitor on the host.
 *
 * One thread and one poll(2) over the port, SIGCHLD, and for each job its worker's channel and its
 * streams.  A job is a request that is being served, or the process that it made ("session").
 * Nothing here waits for anything else: what takes time is a worker's (worker.c).
 *
 * A session's EXITED is sent when its process has ended and what that wrote before has been sent;
 * the container's comes last of all, after the other sessions', and after the files that were
 * written have reached the host, because the machine ends with it.
 */
#include "runtime/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/poll.h"
#include "base/sys.h"
#include "runtime/container-internal.h"
#include "runtime/guest/worker.h"
#include "runtime/kvm/config.h"
#include "runtime/kvm/message.h"
#include "runtime/notify.h"
#include "runtime/process/process.h"

#define WRITER_FULL (1u << 20) /* bytes that wait for the host: no more is read until they went */
#define OUTPUT_PIECE 32768u

struct job {
	struct job *next;
	enum frame_type request;
	uint32_t number; /* of the request, until it is answered; then 0 */
	uint32_t session; /* 0: makes no process */
	pid_t worker;
	int channel; /* FD_NONE: the worker has gone */
	int output; /* the file for the answer; FD_NONE: none */

	/* The agent's ends of the streams, non-blocking. */
	int in, out[2]; /* out[0] also for a terminal */
	uint64_t credit[2]; /* what the host takes of them */
	uint8_t *in_data; /* FRAME_WINDOW bytes, what is to be written to @in; owned */
	size_t in_len;
	bool in_end; /* nothing comes after it */
	bool terminal;

	bool exited, exit_sent;
	struct wire_exit exit;
};

struct agent {
	int port;
	int signals;
	int memory_events; /* of the container's cgroup; FD_NONE: none */
	int notify; /* the container's NOTIFY_SOCKET; FD_NONE: it has none */
	uint64_t oom_seen;
	bool hello_sent;
	struct frame_reader reader;
	struct frame_writer writer;
	struct frame_parts parts; /* of the request that is being received */
	struct job *jobs;
};

/* ---- jobs ---- */

static struct job *find_session(struct agent *agent, uint32_t session)
{
	for (struct job *job = agent->jobs; job; job = job->next)
		if (job->session == session && session != 0)
			return job;
	return NULL;
}

static void job_close(struct job *job)
{
	fd_close(&job->channel);
	fd_close(&job->output);
	fd_close(&job->in);
	fd_close(&job->out[0]);
	fd_close(&job->out[1]);
	free(job->in_data);
	job->in_data = NULL;
}

static void job_free(struct agent *agent, struct job *job)
{
	struct job **at = &agent->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job_close(job);
	free(job);
}

/* ---- making a worker ---- */

struct streams {
	int child[3]; /* become 0, 1, 2 of the worker */
};

static int make_pipe(int *out_mine, int *out_child, bool child_reads, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2");
	*out_mine = ends[child_reads];
	*out_child = ends[!child_reads];
	if (fcntl(*out_mine, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, errno, "fcntl O_NONBLOCK");
	return 0;
}

static int make_streams(struct job *job, struct streams *streams, struct err *err)
{
	int r = 0;

	if (job->session && !job->terminal) {
		r = make_pipe(&job->in, &streams->child[0], true, err);
		for (int i = 0; r == 0 && i < 2; i++)
			r = make_pipe(&job->out[i], &streams->child[i + 1], false, err);
		return r;
	}
	for (int i = 0; i < 3 && r >= 0; i++)
		r = streams->child[i] = host_open(AT_FDCWD, "/dev/null", O_RDWR, 0, err);
	return r < 0 ? r : 0;
}

static noreturn void worker_start(struct worker *worker, const struct streams *streams)
{
	int keep[] = { worker->channel, worker->output };

	process_reset_signals();
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 3; i++)
		if (dup3(streams->child[i], i, 0) < 0)
			_exit(1);
	fd_close_others(3, keep, ARRAY_SIZE(keep));
	worker_main(worker);
}

static int job_launch(
	struct job *job, const char *body, size_t len, struct streams *streams, struct err *err)
{
	int ends[2], r = make_streams(job, streams, err);

	if (r == 0 && !job->session) {
		job->output = memfd_create("answer", MFD_CLOEXEC);
		if (job->output < 0)
			return err_sys(err, errno, "memfd_create");
	}
	if (r == 0)
		r = channel_pair(ends, err);
	if (r < 0)
		return r;
	job->worker = fork();
	if (job->worker < 0)
		r = err_sys(err, errno, "fork");
	if (job->worker == 0) {
		struct worker worker = {
			.request = job->request,
			.session = job->session,
			.body = body,
			.len = len,
			.channel = ends[1],
			.output = job->output,
		};

		worker_start(&worker, streams);
	}
	close(ends[1]);
	job->channel = ends[0];
	return r;
}

static void serve_request(struct agent *agent, const struct frame *frame, uint32_t session,
	bool terminal, const char *body, size_t len)
{
	struct streams streams = { { FD_NONE, FD_NONE, FD_NONE } };
	struct job *job = xcalloc(1, sizeof(*job));
	struct err err = { 0 };

	*job = (struct job){
		.next = agent->jobs,
		.request = (enum frame_type)frame->type,
		.number = frame->number,
		.session = session,
		.channel = FD_NONE,
		.output = FD_NONE,
		.in = FD_NONE,
		.out = { FD_NONE, FD_NONE },
		.credit = { FRAME_WINDOW, FRAME_WINDOW },
		.terminal = terminal,
	};
	if (session)
		job->in_data = xmalloc(FRAME_WINDOW);
	agent->jobs = job;
	if (job_launch(job, body, len, &streams, &err) < 0) {
		frame_put_err(&agent->writer, job->number, &err);
		job_free(agent, job);
	}
	for (int i = 0; i < 3; i++)
		fd_close(&streams.child[i]);
}

/* ---- what a worker says ---- */

static void put_done(struct agent *agent, struct job *job)
{
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t len = 0;

	if (job->output >= 0 &&
		(lseek(job->output, 0, SEEK_SET) < 0 ||
			host_read_fd(job->output, "the answer", FRAME_ANSWER_MAX, &text, &len,
				&err) < 0)) {
		frame_put_err(&agent->writer, job->number, &err);
		return;
	}
	frame_put_long(&agent->writer, FRAME_DONE, 0, job->number, text, len);
}

/* From now on the kernel's kills in the container's cgroup are told. */
static void watch_memory(struct agent *agent)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	const struct runtime rt = { .root = AGENT_STATE };
	struct cgroup *cgroup = NULL;
	struct err err = { 0 };
	int r = container_open(&rt, guest_container_id, STATE_UNLOCKED, &c, &err);

	if (r == 0)
		r = container_cgroup(&c, &cgroup, &err);
	if (r == 0)
		r = agent->memory_events = cgroup_watch_memory(cgroup, &err);
	if (r < 0) {
		agent->memory_events = FD_NONE;
		log_debug("%s", err.msg); /* no memory controller in this guest's kernel */
	}
}

/* From now on what the container's process says of itself is passed on. */
static void watch_notify(struct agent *agent)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	const struct runtime rt = { .root = AGENT_STATE };
	struct err err = { 0 };
	int r = container_open(&rt, guest_container_id, STATE_UNLOCKED, &c, &err);

	if (r == 0 && c.state.has_notify)
		r = agent->notify = notify_bind(c.dir.fd, &err);
	if (r < 0) {
		agent->notify = FD_NONE;
		log_warn("%s", err.msg);
	}
}

static void take_terminal(struct job *job, int *master)
{
	if (*master < 0 || fcntl(*master, F_SETFL, O_NONBLOCK) < 0)
		return;
	job->in = fcntl(*master, F_DUPFD_CLOEXEC, 3);
	job->out[0] = take_fd(master);
}

static void put_log(struct agent *agent, const struct worker_msg *msg)
{
	uint8_t payload[4 + sizeof(msg->text)] = { (uint8_t)msg->value };
	size_t len = strnlen(msg->text, sizeof(msg->text));

	memcpy(payload + 4, msg->text, len);
	frame_put(&agent->writer, FRAME_LOG, 0, 0, 0, payload, 4 + len);
}

static void answer(struct agent *agent, struct job *job, const struct worker_msg *msg)
{
	if (msg->type == WORKER_DONE)
		put_done(agent, job);
	else
		frame_put_err(&agent->writer, job->number, &msg->err);
	job->number = 0;
	if (msg->type == WORKER_DONE && job->request == FRAME_CREATE) {
		watch_memory(agent);
		watch_notify(agent);
	}
}

/* A worker that goes without a word has died. */
static void worker_gone(struct agent *agent, struct job *job)
{
	struct worker_msg msg = { .type = WORKER_FAILED };

	fd_close(&job->channel);
	if (job->number) {
		err_bad(&msg.err, ERR_OTHER, "the agent's worker for \"%s\" died",
			frame_name((uint16_t)job->request));
		answer(agent, job, &msg);
		job->session = 0; /* nothing was made */
	} else if (job->session && !job->exited) {
		job->exited = true;
		job->exit = (struct wire_exit){ CLD_KILLED, SIGKILL };
	}
}

static void hear_worker(struct agent *agent, struct job *job)
{
	struct worker_msg msg = { 0 };
	auto_close int master = FD_NONE;
	struct err err;
	size_t count = 1;
	int r = channel_recv(job->channel, &msg, sizeof(msg), &master, &count, &err);

	if (r <= 0) {
		worker_gone(agent, job);
		return;
	}
	switch (msg.type) {
	case WORKER_TERMINAL:
		take_terminal(job, &master);
		break;
	case WORKER_DONE:
		answer(agent, job, &msg);
		break;
	case WORKER_FAILED:
		answer(agent, job, &msg);
		job->session = 0;
		break;
	case WORKER_EXITED:
		job->exited = true;
		job->exit = msg.exit;
		break;
	case WORKER_LOG:
		put_log(agent, &msg);
		break;
	default:
		break;
	}
}

/* ---- streams ---- */

static void input_written(struct agent *agent, struct job *job, size_t n)
{
	uint32_t credit = (uint32_t)n;

	memmove(job->in_data, job->in_data + n, job->in_len - n);
	job->in_len -= n;
	frame_put(&agent->writer, FRAME_CREDIT, 0, FRAME_STREAM(job->session, SESSION_IN), 0,
		&credit, sizeof(credit));
}

/* Nobody reads any more: what is sent is thrown away, and the host may send it. */
static void input_broken(struct agent *agent, struct job *job)
{
	fd_close(&job->in);
	if (job->in_len)
		input_written(agent, job, job->in_len);
}

static void write_input(struct agent *agent, struct job *job)
{
	ssize_t n = write(job->in, job->in_data, job->in_len);

	if (n > 0)
		input_written(agent, job, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		input_broken(agent, job);
}

/* The end is passed on when all before it has been written.  That of a terminal is its hang-up. */
static void end_input(struct job *job)
{
	if (job->in_end && job->in_len == 0 && (!job->terminal || job->out[0] < 0))
		fd_close(&job->in);
}

static void end_output(struct agent *agent, struct job *job, int which)
{
	fd_close(&job->out[which]);
	frame_put(&agent->writer, FRAME_END, 0, FRAME_STREAM(job->session, SESSION_OUT + which), 0,
		NULL, 0);
}

static void read_output(struct agent *agent, struct job *job, int which)
{
	uint8_t data[OUTPUT_PIECE];
	size_t most = job->credit[which] < sizeof(data) ? job->credit[which] : sizeof(data);
	ssize_t n = read(job->out[which], data, most);

	if (n > 0) {
		job->credit[which] -= (size_t)n;
		frame_put(&agent->writer, FRAME_DATA, 0,
			FRAME_STREAM(job->session, SESSION_OUT + which), 0, data, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		end_output(agent, job, which); /* a terminal says EIO when all have closed it */
	}
}

static void receive_input(struct agent *agent, const struct frame *frame)
{
	struct job *job = find_session(agent, FRAME_SESSION(frame->stream));

	if (!job || FRAME_WHICH(frame->stream) != SESSION_IN)
		return; /* it has ended meanwhile */
	if (frame->len > FRAME_WINDOW - job->in_len)
		return; /* the host keeps to the window */
	memcpy(job->in_data + job->in_len, frame->payload, frame->len);
	job->in_len += frame->len;
	if (job->in < 0 && !(job->terminal && job->number))
		input_broken(agent, job);
}

/* ---- what the host says ---- */

static void set_window(struct agent *agent, const struct frame *frame)
{
	struct job *job = find_session(agent, frame->stream);
	struct wire_window wire;
	struct winsize size = { 0 };

	if (!job || !job->terminal || job->out[0] < 0 || frame->len != sizeof(wire))
		return;
	memcpy(&wire, frame->payload, sizeof(wire));
	size.ws_row = wire.rows;
	size.ws_col = wire.columns;
	ioctl(job->out[0], TIOCSWINSZ, &size);
}

/* To the process of a session: its worker does it. */
static void signal_session(struct agent *agent, const struct frame *frame, int signal)
{
	struct job *job = find_session(agent, frame->stream);
	struct worker_msg msg = { .type = WORKER_SIGNAL, .value = signal };
	struct err err = { 0 };
	int r;

	if (!job || job->exited || job->channel < 0)
		r = err_bad(&err, ERR_NOT_RUNNING, "the process has ended");
	else
		r = channel_send(job->channel, &msg, sizeof(msg), NULL, 0, &err);
	if (r < 0)
		frame_put_err(&agent->writer, frame->number, &err);
	else
		frame_put(&agent->writer, FRAME_DONE, 0, 0, frame->number, NULL, 0);
}

/* What the agent itself must know of a request that makes a process. */
static int look_into(const struct frame *frame, const struct frame_parts *parts, bool *out_terminal,
	struct err *err)
{
	auto_(message_create) struct message_create create = { 0 };
	auto_(message_exec) struct message_exec exec = { 0 };
	int r;

	if (frame->type == FRAME_EXEC) {
		r = message_exec_parse(parts->data, parts->len, &exec, err);
		*out_terminal = exec.terminal;
		return r;
	}
	r = message_create_parse(parts->data, parts->len, &create, err);
	if (r < 0)
		return r;
	free(guest_container_id);
	guest_container_id = xstrdup(create.id);
	*out_terminal = create.terminal;
	return 0;
}

static void request_complete(struct agent *agent, const struct frame *frame)
{
	const struct frame_parts *parts = &agent->parts;
	uint32_t session = 0;
	struct wire_signal wire = { 0 };
	struct err err = { 0 };
	bool terminal = false;

	if (frame->type == FRAME_SIGNAL && parts->len == sizeof(wire)) {
		memcpy(&wire, parts->data, sizeof(wire));
		if (!wire.all) {
			signal_session(agent, frame, wire.signal);
			return;
		}
	}
	if (worker_makes_process((enum frame_type)frame->type)) {
		session = frame->type == FRAME_CREATE ? SESSION_CONTAINER : frame->stream;
		if (look_into(frame, parts, &terminal, &err) < 0) {
			frame_put_err(&agent->writer, frame->number, &err);
			return;
		}
	}
	serve_request(agent, frame, session, terminal, parts->data, parts->len);
}

static int receive(struct agent *agent, const struct frame *frame, struct err *err)
{
	struct job *job;
	uint32_t credit;
	int r;

	switch (frame->type) {
	case FRAME_DATA:
		receive_input(agent, frame);
		return 0;
	case FRAME_END:
		job = find_session(agent, FRAME_SESSION(frame->stream));
		if (job && FRAME_WHICH(frame->stream) == SESSION_IN)
			job->in_end = true;
		else if (job && FRAME_WHICH(frame->stream) <= SESSION_ERR)
			/* Nobody reads it any more: who writes is to notice. */
			fd_close(&job->out[FRAME_WHICH(frame->stream) - SESSION_OUT]);
		if (job)
			end_input(job); /* nothing else may come to pass that wakes us */
		return 0;
	case FRAME_CREDIT:
		job = find_session(agent, FRAME_SESSION(frame->stream));
		if (job && frame->len == sizeof(credit) &&
			FRAME_WHICH(frame->stream) >= SESSION_OUT &&
			FRAME_WHICH(frame->stream) <= SESSION_ERR) {
			memcpy(&credit, frame->payload, sizeof(credit));
			job->credit[FRAME_WHICH(frame->stream) - SESSION_OUT] += credit;
		}
		return 0;
	case FRAME_WINDOW_SIZE:
		set_window(agent, frame);
		return 0;
	default:
		break;
	}
	r = frame_collect(&agent->parts, frame, FRAME_REQUEST_MAX, err);
	if (r > 0) {
		request_complete(agent, frame);
		frame_parts_release(&agent->parts);
	}
	return r < 0 ? r : 0;
}

static int hear_host(struct agent *agent, struct err *err)
{
	struct frame frame;
	int r;

	while ((r = frame_read(&agent->reader, agent->port, &frame, err)) > 0) {
		r = receive(agent, &frame, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- NOTIFY_SOCKET ---- */

#define NOTIFY_MESSAGES_MAX 64 /* at a time: who floods us must not hold up the rest */

static void hear_notify(struct agent *agent)
{
	char text[NOTIFY_MESSAGE_MAX];

	for (int i = 0; agent->notify >= 0 && i < NOTIFY_MESSAGES_MAX; i++) {
		ssize_t n = recv(agent->notify, text, sizeof(text), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return;
		if ((size_t)n <= sizeof(text))
			frame_put(&agent->writer, FRAME_NOTIFY, 0, 0, 0, text, (size_t)n);
	}
}

/* ---- the end of processes ---- */

static void reap(struct agent *agent)
{
	struct signalfd_siginfo lost;

	while (read(agent->signals, &lost, sizeof(lost)) > 0)
		;
	/* Workers tell their outcome by the channel; all others are orphans of the container. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static bool has_output(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&p, 1, 0) > 0;
}

/* A start is answered first, however soon the process ends. */
static bool others_run(const struct agent *agent, const struct job *job)
{
	for (const struct job *other = agent->jobs; other; other = other->next)
		if (other != job &&
			((other->session && !other->exit_sent) ||
				(other->request == FRAME_START && other->number)))
			return true;
	return false;
}

/* What was written to the shared trees must have reached the host. */
static void sync_trees(void)
{
	static const char *const trees[] = { GUEST_IMAGE, GUEST_VOLUMES };

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		struct err ignored;
		auto_close int fd =
			host_open(AT_FDCWD, trees[i], O_RDONLY | O_DIRECTORY, 0, &ignored);

		if (fd >= 0 && syncfs(fd) < 0)
			log_warn("syncfs \"%s\": %s", trees[i], err_text(errno));
	}
}

/* Sends EXITED when it is time; true when there is nothing left of the job. */
static bool finish(struct agent *agent, struct job *job)
{
	if (job->session && job->exited && !job->exit_sent && !job->number) {
		if (has_output(job->out[0]) || has_output(job->out[1]))
			return false;
		if (job->session == SESSION_CONTAINER) {
			if (others_run(agent, job))
				return false;
			hear_notify(agent); /* to the last word */
			sync_trees();
		}
		frame_put(&agent->writer, FRAME_EXITED, 0, job->session, 0, &job->exit,
			sizeof(job->exit));
		job->exit_sent = true;
	}
	if (job->session && !(job->exit_sent && job->out[0] < 0 && job->out[1] < 0))
		return false;
	return job->number == 0 && (job->channel < 0 || !job->session);
}

/* ---- the loop ---- */

static void tell_oom(struct agent *agent)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	const struct runtime rt = { .root = AGENT_STATE };
	struct cgroup *cgroup = NULL;
	uint64_t count = 0;
	char lost[4096];
	struct err err;

	if (read(agent->memory_events, lost, sizeof(lost)) < 0 && errno != EAGAIN)
		fd_close(&agent->memory_events);
	if (container_open(&rt, guest_container_id, STATE_UNLOCKED, &c, &err) < 0 ||
		container_cgroup(&c, &cgroup, &err) < 0 ||
		cgroup_oom_count(cgroup, &count, &err) < 0 || count <= agent->oom_seen)
		return;
	agent->oom_seen = count;
	frame_put(&agent->writer, FRAME_OOM, 0, 0, 0, &count, sizeof(count));
}

#define POLLS_FIXED 4
#define POLLS_JOB 4

static void watch_job(const struct agent *agent, const struct job *job, struct pollfd *p)
{
	bool room = frame_pending(&agent->writer) < WRITER_FULL;

	p[0] = poll_entry(job->channel, POLLIN);
	p[1] = poll_entry(job->in, job->in_len ? POLLOUT : 0);
	for (int i = 0; i < 2; i++)
		p[2 + i] = poll_entry(job->out[i], room && job->credit[i] ? POLLIN : 0);
}

static void serve_job(struct agent *agent, struct job *job, const struct pollfd *p)
{
	if (p[1].revents)
		write_input(agent, job);
	for (int i = 0; i < 2; i++)
		if (p[2 + i].revents)
			read_output(agent, job, i);
	if (p[0].revents)
		hear_worker(agent, job);
	end_input(job);
}

static int step(struct agent *agent, struct err *err)
{
	size_t count = 0, at = POLLS_FIXED;
	auto_free struct pollfd *p = NULL;
	struct job *job, *next;
	int r;

	for (job = agent->jobs; job; job = job->next)
		count++;
	p = xcalloc(POLLS_FIXED + POLLS_JOB * count, sizeof(*p));
	p[0] = poll_entry(agent->port, frame_pending(&agent->writer) ? POLLIN | POLLOUT : POLLIN);
	p[1] = poll_entry(agent->signals, POLLIN);
	p[2] = poll_entry(agent->memory_events, POLLIN);
	p[3] = poll_entry(agent->notify, frame_pending(&agent->writer) < WRITER_FULL ? POLLIN : 0);
	for (job = agent->jobs; job; job = job->next, at += POLLS_JOB)
		watch_job(agent, job, &p[at]);
	if (poll(p, at, -1) < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "poll");
	at = POLLS_FIXED;
	for (job = agent->jobs; job; job = job->next, at += POLLS_JOB)
		serve_job(agent, job, &p[at]);
	if (p[2].revents)
		tell_oom(agent);
	if (p[3].revents)
		hear_notify(agent);
	if (p[1].revents)
		reap(agent);
	for (job = agent->jobs; job; job = next) {
		next = job->next;
		if (finish(agent, job))
			job_free(agent, job);
	}
	r = p[0].revents & (POLLIN | POLLHUP) ? hear_host(agent, err) : 0;
	return r < 0 ? r : frame_flush(&agent->writer, agent->port, err);
}

static int open_signals(struct err *err)
{
	sigset_t all;
	int fd, r;

	/* Nobody in the guest has anything to say to us by a signal. */
	sigfillset(&all);
	r = pthread_sigmask(SIG_BLOCK, &all, NULL);
	if (r)
		return err_sys(err, r, "pthread_sigmask");
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "signalfd") : fd;
}

int guest_serve(int port, struct err *err)
{
	const uint32_t version = FRAME_VERSION;
	struct agent *agent = xcalloc(1, sizeof(*agent));
	int r;

	agent->port = port;
	agent->memory_events = agent->notify = FD_NONE;
	r = agent->signals = open_signals(err);
	if (r >= 0) {
		frame_put(&agent->writer, FRAME_HELLO, 0, 0, 0, &version, sizeof(version));
		r = frame_flush(&agent->writer, port, err);
	}
	while (r == 0)
		r = step(agent, err);
	if (r == -EPIPE) {
		err_drop(err); /* the host is done with us */
		r = 0;
	}
	while (agent->jobs)
		job_free(agent, agent->jobs);
	fd_close(&agent->signals);
	fd_close(&agent->memory_events);
	fd_close(&agent->notify);
	frame_writer_release(&agent->writer);
	frame_parts_release(&agent->parts);
	free(agent);
	return r;
}
