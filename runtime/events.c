// SPDX-License-Identifier: Apache-2.0
/* events: statistics and OOM kills of a running container, as lines of JSON in runc's form. */
#include "runtime/container.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/container-internal.h"
#include "runtime/isolation.h"

struct printer {
	int (*print)(void *arg, const char *line, struct err *err);
	void *arg;
	struct container *c; /* its id is checked: no character of it needs escaping in JSON */
};

static int print_stats(const struct printer *p, struct err *err)
{
	auto_free char *data = NULL;
	auto_free char *line = NULL;
	int r = p->c->isolation->stats(p->c, &data, err);

	if (r < 0)
		return r;
	line = xasprintf("{\"type\":\"stats\",\"id\":\"%s\",\"data\":%s}", p->c->dir.id, data);
	return p->print(p->arg, line, err);
}

#define OOM_UNKNOWN UINT64_MAX /* how many there were before we looked */

/* Closes @watch when it has nothing more to tell. */
static int print_oom(const struct printer *p, int *watch, uint64_t *seen, struct err *err)
{
	auto_free char *line = NULL;
	uint64_t count = *seen;
	bool is_first = count == OOM_UNKNOWN;
	int r = p->c->isolation->oom_count(p->c, *watch, &count, err);

	if (r > 0)
		fd_close(watch);
	/* A cgroup that is gone counts nothing any more. */
	if (r < 0 || (!is_first && count <= *seen))
		return r < 0 ? r : 0;
	*seen = count;
	if (is_first)
		return 0;
	line = xasprintf("{\"type\":\"oom\",\"id\":\"%s\"}", p->c->dir.id);
	return p->print(p->arg, line, err);
}

static int make_timer(int interval_ms, struct err *err)
{
	struct timespec ts = { .tv_sec = interval_ms / 1000,
		.tv_nsec = (long)(interval_ms % 1000) * 1000000 };
	struct itimerspec spec = { .it_interval = ts, .it_value = ts };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "timerfd_create");
	if (timerfd_settime(fd, 0, &spec, NULL) < 0) {
		int r = err_sys(err, errno, "timerfd_settime");

		close(fd);
		return r;
	}
	return fd;
}

static void drain(int fd)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)n; /* what was read does not matter: that there was something does */
}

static int follow(const struct printer *p, int interval_ms, struct err *err)
{
	auto_close int timer = make_timer(interval_ms, err);
	auto_close int memory = FD_NONE;
	uint64_t oom_seen = OOM_UNKNOWN;
	int r;

	if (timer < 0)
		return timer;
	memory = p->c->isolation->oom_watch(p->c, err);
	if (memory < 0) {
		err_drop(err); /* no memory controller here: statistics are still wanted */
		memory = FD_NONE;
	} else {
		r = print_oom(p, &memory, &oom_seen, err);
		if (r < 0)
			return r;
	}
	for (;;) {
		struct pollfd polls[] = {
			{ .fd = p->c->pidfd, .events = POLLIN },
			{ .fd = timer, .events = POLLIN },
			{ .fd = memory, .events = POLLIN | POLLPRI },
		};

		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		r = 0;
		/*
		 * The kernel may tell of a change of memory.events some milliseconds late: what
		 * killed the last process is counted before that process has ended.
		 */
		if (polls[2].revents || (polls[0].revents && memory >= 0))
			r = print_oom(p, &memory, &oom_seen, err);
		if (r == 0 && polls[0].revents)
			return 0;
		if (r == 0 && polls[1].revents) {
			drain(timer);
			r = print_stats(p, err);
			if (r < 0 && err->kind == ERR_NOT_RUNNING) {
				err_drop(err); /* it has just ended, which the pidfd tells */
				r = 0;
			}
		}
		if (r < 0)
			return r;
	}
}

int container_events(const struct runtime *rt, const char *id, bool once, int interval_ms,
	int (*print)(void *arg, const char *line, struct err *err), void *arg, struct err *err)
{
	auto_(container) struct container c = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE };
	const struct printer printer = { print, arg, &c };
	int r = container_open(rt, id, STATE_UNLOCKED, &c, err);

	if (r == 0)
		r = container_require_process(&c, err);
	if (r < 0)
		return r;
	return once ? print_stats(&printer, err) : follow(&printer, interval_ms, err);
}
