// SPDX-License-Identifier: Apache-2.0
/* The guest's processes as a table like that of `ps -ef`: the guest has no ps(1) of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "runtime/guest/worker.h"

struct process_row {
	pid_t pid, ppid;
	uid_t uid;
	unsigned long long ticks; /* of CPU time */
	unsigned long long start; /* ticks after boot */
	char name[64];
};

/* /proc/<pid>/stat: "pid (name) state ppid ... utime(14) stime(15) ... start(22)"; the name may hold
 * anything, so it ends at the last ')'. */
static bool parse_stat(char *text, struct process_row *row)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long user, system;

	if (!open || !close || close < open)
		return false;
	*close = '\0';
	snprintf(row->name, sizeof(row->name), "%s", open + 1);
	/* NOLINTNEXTLINE(cert-err34-c): numbers of the kernel, which fit */
	if (sscanf(close + 2,
		    "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d "
		    "%*d %llu",
		    &row->ppid, &user, &system, &row->start) != 4)
		return false;
	row->ticks = user + system;
	return true;
}

static char *command_line(int dir, const struct process_row *row)
{
	auto_free char *text = NULL;
	struct err ignored;
	size_t len = 0;

	if (host_read(dir, "cmdline", 1u << 17, &text, &len, &ignored) < 0 || len == 0)
		return xasprintf("[%s]", row->name);
	for (size_t i = 0; i + 1 < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = text[i] == '\0' ? ' ' : '?';
	return take_ptr(&text);
}

static void add_row(struct strbuf *out, int dir, const struct process_row *row, time_t boot)
{
	auto_free char *command = command_line(dir, row);
	long hz = sysconf(_SC_CLK_TCK);
	time_t started = boot + (time_t)(row->start / (unsigned long long)hz);
	unsigned long long seconds = row->ticks / (unsigned long long)hz;

	strbuf_addf(out, "%-8u %7d %7d  0 %02lld:%02lld ?        %02llu:%02llu:%02llu %s\n",
		row->uid, row->pid, row->ppid, (long long)started / 3600 % 24,
		(long long)started / 60 % 60, seconds / 3600, seconds / 60 % 60, seconds % 60,
		command);
}

int guest_process_table(const pid_t *pids, size_t count, char **out_text, struct err *err)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	struct timespec now, up;
	time_t boot;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return err_sys(err, errno, "clock_gettime");
	boot = now.tv_sec - up.tv_sec;
	strbuf_adds(&out, "UID          PID    PPID  C STIME TTY          TIME CMD\n");
	for (size_t i = 0; i < count; i++) {
		struct process_row row = { .pid = pids[i] };
		auto_free char *stat_text = NULL;
		auto_close int dir = FD_NONE;
		char path[32];
		struct err gone;
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d", pids[i]);
		dir = host_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, &gone);
		if (dir < 0 || fstat(dir, &st) < 0 ||
			host_read(dir, "stat", 4096, &stat_text, NULL, &gone) < 0 ||
			!parse_stat(stat_text, &row))
			continue; /* it has ended meanwhile */
		row.uid = st.st_uid;
		add_row(&out, dir, &row, boot);
	}
	*out_text = strbuf_take(&out);
	return 0;
}
