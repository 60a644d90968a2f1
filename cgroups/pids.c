// SPDX-License-Identifier: Apache-2.0
/*
 * Which processes are in a cgroup and below it.  A cgroup that disappears while we look is an empty
 * one.
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/strbuf.h"

#define PROCS_MAX (64u << 20)
#define DEPTH_MAX 128
#define DESCRIBED 8 /* processes that a message names */

struct pid_list {
	pid_t *items;
	size_t count;
	size_t size;
};

static void list_add(struct pid_list *list, pid_t pid)
{
	if (list->count == list->size) {
		list->size = list->size ? list->size * 2 : 32;
		list->items = xrealloc_array(list->items, list->size, sizeof(*list->items));
	}
	list->items[list->count++] = pid;
}

/* One number a line; 0 is a process that our pid namespace does not see. */
static void list_parse(struct pid_list *list, const char *text)
{
	while (*text) {
		char *end;
		long pid = strtol(text, &end, 10);

		if (pid > 0)
			list_add(list, (pid_t)pid);
		text = end + strcspn(end, "\n");
		if (*text == '\n')
			text++;
	}
}

int cgroup_list(int dirfd, DIR **out_dir, struct err *err)
{
	int fd = host_open(dirfd, ".", O_RDONLY | O_DIRECTORY, 0, err), r;

	if (fd < 0)
		return fd;
	*out_dir = fdopendir(fd);
	if (*out_dir)
		return 0;
	r = err_sys(err, errno, "fdopendir of a cgroup");
	close(fd);
	return r;
}

struct dirent *cgroup_next_child(DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			break;
	return entry;
}

static int collect(int dirfd, unsigned int depth, struct pid_list *list, struct err *err);

static int collect_children(int dirfd, unsigned int depth, struct pid_list *list, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	int r = cgroup_list(dirfd, &dir, err);

	while (r == 0 && (entry = cgroup_next_child(dir))) {
		auto_close int child = FD_NONE;

		child = host_open(
			dirfd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
		r = child < 0 ? child : collect(child, depth + 1, list, err);
		if (cgroup_is_gone(r)) {
			err_drop(err); /* removed meanwhile */
			r = 0;
		}
	}
	return r;
}

static int collect(int dirfd, unsigned int depth, struct pid_list *list, struct err *err)
{
	auto_free char *text = NULL;
	int r = host_read(dirfd, "cgroup.procs", PROCS_MAX, &text, NULL, err);

	if (r == -EOPNOTSUPP) {
		err_drop(err); /* a threaded cgroup: its processes are listed further up */
	} else if (r < 0) {
		return r;
	} else {
		list_parse(list, text);
	}
	return depth < DEPTH_MAX ? collect_children(dirfd, depth, list, err) : 0;
}

int pids_collect(int dirfd, pid_t **out_pids, size_t *out_count, struct err *err)
{
	struct pid_list list = { 0 };
	int r = collect(dirfd, 0, &list, err);

	if (r < 0 && !cgroup_is_gone(r)) {
		free(list.items);
		return r;
	}
	if (r < 0)
		err_drop(err);
	*out_pids = list.items;
	*out_count = list.count;
	return 0;
}

/* What stands in /proc/<pid>/<file>, up to the first newline; "?" when it cannot be read. */
static char *proc_text(pid_t pid, const char *file)
{
	auto_free char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	struct err ignored;
	char *text;

	if (host_read(AT_FDCWD, path, 4096, &text, NULL, &ignored) < 0)
		return xstrdup("?");
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* "12 (sleep, S, do_nanosleep)", without the last where it waits in nothing: its name may hold ")"
 * and is the container's choice. */
static void describe(struct strbuf *out, pid_t pid)
{
	auto_free char *stat = proc_text(pid, "stat"), *wchan = proc_text(pid, "wchan");
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
	char state = (char)(close && close[1] == ' ' ? close[2] : '?');
	size_t len = open && close > open ? (size_t)(close - open - 1) : 0;

	bool waits = strcmp(wchan, "0") != 0 && strcmp(wchan, "?") != 0;

	strbuf_addf(out, "%s%d (%.*s, %c%s%s)", out->len ? ", " : "", (int)pid, (int)len,
		open ? open + 1 : "", state, waits ? ", " : "", waits ? wchan : "");
}

char *pids_describe(int dirfd)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	struct err ignored;

	if (pids_collect(dirfd, &pids, &count, &ignored) < 0 || count == 0)
		return xstrdup("no process that can be seen from here");
	for (size_t i = 0; i < count && i < DESCRIBED; i++)
		describe(&out, pids[i]);
	if (count > DESCRIBED)
		strbuf_addf(&out, " and %zu more", count - DESCRIBED);
	return strbuf_take(&out);
}

int cgroup_pids(struct cgroup *cgroup, pid_t **out_pids, size_t *out_count, struct err *err)
{
	int fd = cgroup->absence ? -ENOENT : cgroup_dirfd(cgroup, err);

	if (cgroup_is_gone(fd)) {
		err_drop(err); /* no cgroup, no processes */
		*out_pids = NULL;
		*out_count = 0;
		return 0;
	}
	return fd < 0 ? fd : pids_collect(fd, out_pids, out_count, err);
}

int cgroup_populated(struct cgroup *cgroup, struct err *err)
{
	struct cgroup_events events;
	int r = cgroup->absence ? -ENOENT : cgroup_dirfd(cgroup, err);

	if (r >= 0)
		r = events_read(r, &events, err);
	if (cgroup_is_gone(r)) {
		err_drop(err); /* likewise */
		return 0;
	}
	return r < 0 ? r : events.populated;
}
