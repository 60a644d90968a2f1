// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup.events: whether a cgroup holds processes and whether all of them are frozen, and waiting
 * for a change.  The kernel wakes a poll for POLLPRI when the file changes after it was read; there
 * is no other way to wait here, and no wait without a deadline.
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hostfile.h"

#define EVENTS_MAX 256

static bool has_line(const char *text, const char *wanted)
{
	const char *at = strstr(text, wanted);

	return at && (at == text || at[-1] == '\n');
}

struct cgroup_events events_parse(const char *text)
{
	return (struct cgroup_events){
		.populated = has_line(text, "populated 1"),
		.frozen = has_line(text, "frozen 1"),
	};
}

int events_read(int dirfd, struct cgroup_events *out_events, struct err *err)
{
	auto_free char *text = NULL;
	int r = host_read(dirfd, "cgroup.events", EVENTS_MAX, &text, NULL, err);

	if (r == 0)
		*out_events = events_parse(text);
	return r;
}

/* 1: as wanted, 0: not yet, or an error. */
static int look(int fd, enum cgroup_event event, bool value, struct err *err)
{
	char text[EVENTS_MAX];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	struct cgroup_events events;

	if (n < 0 && errno == ENODEV)
		return value == false;
	if (n < 0)
		return err_sys(err, errno, "read \"cgroup.events\"");
	text[n] = '\0';
	events = events_parse(text);
	return (event == EVENT_POPULATED ? events.populated : events.frozen) == value;
}

int events_wait(
	int dirfd, enum cgroup_event event, bool value, int64_t deadline_ms, struct err *err)
{
	auto_close int fd = host_open(dirfd, "cgroup.events", O_RDONLY, 0, err);

	if (cgroup_is_gone(fd)) {
		err_drop(err); /* gone: see the header */
		return value == false ? 0 : 1;
	}
	if (fd < 0)
		return fd;
	for (;;) {
		struct pollfd poller = { .fd = fd, .events = POLLPRI };
		int r = look(fd, event, value, err);
		int left = clock_left(deadline_ms);

		if (r != 0)
			return r < 0 ? r : 0;
		if (left == 0)
			return 1;
		if (poll(&poller, 1, left) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll \"cgroup.events\"");
	}
}
