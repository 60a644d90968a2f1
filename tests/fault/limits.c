// SPDX-License-Identifier: Apache-2.0
/* The limits that an update changes: all that was asked for, or none. */
#include "tests/fault/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* One of each: a value, several in a file, what is written late, and what the other two change. */
static const char *const limit_files[] = { "pids.max", "memory.max", "memory.high", "cpu.max",
	"cpu.weight", "cpuset.cpus" };

#define LIMITS (sizeof(limit_files) / sizeof(limit_files[0]))

struct limits {
	char values[LIMITS][64];
	uint32_t programs[8]; /* the numbers of those that decide on devices */
	uint32_t program_count;
};

static struct limits limits_before, limits_after; /* without a fault */
static bool limits_are_before; /* those of the container that lasts */

static void read_limits(struct limits *out)
{
	union bpf_attr attr = { .query = { .attach_type = BPF_CGROUP_DEVICE } };
	char path[512];
	int fd;

	*out = (struct limits){ 0 };
	attr.query.prog_ids = (uintptr_t)out->programs;
	attr.query.prog_cnt = sizeof(out->programs) / sizeof(uint32_t);
	for (size_t i = 0; i < LIMITS; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", sweep.cgroup, limit_files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, out->values[i], sizeof(out->values[i]) - 1);
		if (n < 0)
			die(path);
		close(fd);
		out->values[i][n] = '\0';
		out->values[i][strcspn(out->values[i], "\n")] = '\0';
	}
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", sweep.cgroup);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr.query.target_fd = (uint32_t)fd;
	if (fd < 0 || syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		die("BPF_PROG_QUERY");
	close(fd);
	out->program_count = attr.query.prog_cnt;
}

/* @wanted: what holds then; NULL: for each limit either will do. */
static void judge_limits(const struct round *r, const struct limits *wanted)
{
	struct limits now;
	char what[256];
	bool same_rules;

	read_limits(&now);
	for (size_t i = 0; i < LIMITS; i++) {
		if (wanted ? strcmp(now.values[i], wanted->values[i]) == 0
			   : strcmp(now.values[i], limits_before.values[i]) == 0 ||
					strcmp(now.values[i], limits_after.values[i]) == 0)
			continue;
		snprintf(what, sizeof(what), "exit status %d, and %s is \"%s\"",
			WEXITSTATUS(r->status), limit_files[i], now.values[i]);
		report(r, what);
	}
	same_rules = memcmp(now.programs, limits_before.programs, sizeof(now.programs)) == 0;
	if (now.program_count != limits_before.program_count)
		report(r, "another number of programs decides on devices");
	else if (wanted && same_rules != (wanted == &limits_before))
		report(r, "the device rules are not those of the other limits");
}

void set_limits(void)
{
	if (limits_are_before)
		return;
	must(sweep.verb->limits);
	if (!limits_after.program_count) {
		must(sweep.verb->command);
		read_limits(&limits_after);
		must(sweep.verb->limits);
		read_limits(&limits_before);
		for (size_t i = 0; i < LIMITS; i++)
			if (strcmp(limits_before.values[i], limits_after.values[i]) == 0) {
				errno = EINVAL;
				die(limit_files[i]); /* nothing could be told from it */
			}
	}
	read_limits(&limits_before);
}

void judge_update(const struct round *r)
{
	unsigned long earlier = sweep.failures;
	bool killed = WIFSIGNALED(r->status), error = !killed && WEXITSTATUS(r->status) != 0;

	judge_limits(r, killed ? NULL : error ? &limits_before : &limits_after);
	limits_are_before = error && sweep.failures == earlier;
}

void forget_limits(void)
{
	limits_are_before = false;
}
