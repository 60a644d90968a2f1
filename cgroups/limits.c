// SPDX-License-Identifier: Apache-2.0
/*
 * Writing limits into a cgroup, and taking them back when one of several does not work.
 *
 * The list was made by keys.c.  A cgroup that is being made is simply removed when a write fails;
 * one that is in use (update) gets back what stood there before.
 */
#include "cgroups/limits.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/num.h"

#define FILE_MAX 65536
#define RANK_LAST 2

/* What a person can do, where the errno says less than we know. */
static void hint_limit(const char *file, int errnum, struct err *err)
{
	if (errnum == EBUSY && strncmp(file, "cpuset.", 7) == 0)
		err_hint(err, "processes in the cgroup still use the CPUs or nodes");
	else if ((errnum == ERANGE || errnum == EINVAL) && strcmp(file, "cpuset.cpus") == 0)
		err_hint(err,
			"a list such as 0-2,5; this machine's CPUs are in "
			"/sys/devices/system/cpu/online");
	else if ((errnum == ERANGE || errnum == EINVAL) && strcmp(file, "cpuset.mems") == 0)
		err_hint(err,
			"a list such as 0-2,5; this machine's nodes are in "
			"/sys/devices/system/node/online");
	else if (errnum == EINVAL && strcmp(file, "cpu.weight") == 0)
		err_hint(err, "a weight cannot be set while cpu.idle is 1");
	else if (errnum == EINVAL && strncmp(file, "cpu.max", 7) == 0)
		err_hint(err, "quota and period are 1000 us at least, the burst at most the quota");
	else if (errnum == EAGAIN && strcmp(file, "memory.reclaim") == 0)
		err_hint(err, "less could be reclaimed than was asked for");
	else if (errnum == ENODEV && strncmp(file, "io.", 3) == 0)
		err_hint(err, "no block device has this number; partitions cannot be limited");
	else if (errnum == EOPNOTSUPP && strncmp(file, "io.", 3) == 0)
		err_hint(err,
			"a device takes weights with the bfq scheduler, or where io.cost.qos of "
			"the "
			"root cgroup enables it");
	else if (errnum == ENOENT && strcmp(file, "memory.swap.max") == 0)
		err_hint(err, "the kernel has no swap, or swapaccount=0 on its command line");
	else if (errnum == ENOENT && strcmp(file, "io.weight") == 0)
		err_hint(err, "weights need the bfq scheduler or blk-iocost in the kernel");
	else if (errnum == ENOENT && strncmp(file, "hugetlb.", 8) == 0)
		err_hint(err, "the kernel's huge page sizes are in /sys/kernel/mm/hugepages");
	else if (errnum == EACCES || errnum == EPERM)
		err_hint(err, "the cgroup is not delegated to this user");
}

/* The kernel takes one entry a write: a value of several lines is several writes. */
static int write_lines(int dirfd, const char *file, const char *value, struct err *err)
{
	size_t len = strlen(value);
	int r;

	while (len > 0 && value[len - 1] == '\n')
		len--;
	if (!memchr(value, '\n', len))
		return host_write(dirfd, file, len ? value : "\n", len ? len : 1, err);
	for (const char *end = value + len; value < end;) {
		const char *line_end = memchr(value, '\n', (size_t)(end - value));
		size_t n = (size_t)((line_end ? line_end : end) - value);

		r = n ? host_write(dirfd, file, value, n, err) : 0;
		if (r < 0)
			return r;
		value += n + 1;
	}
	return 0;
}

/* *out_file: which of the two files it was; NULL: an optional one that does not exist. */
static int limit_write(int dirfd, const struct limit *limit, const char **out_file, struct err *err)
{
	int r = write_lines(dirfd, limit->file, limit->value, err);

	*out_file = limit->file;
	if (r == -ENOENT && limit->or_file) {
		err_drop(err); /* the other file is as good */
		*out_file = limit->or_file;
		r = write_lines(dirfd, limit->or_file, limit->or_value, err);
	}
	if (r == -ENOENT && limit->optional) {
		err_drop(err); /* without the file, its value is what the kernel does anyway */
		*out_file = NULL;
		return 0;
	}
	if (r < 0) {
		hint_limit(*out_file, -r, err);
		return err_in(err, "%s", limit->property);
	}
	return 0;
}

static int usage_check(int dirfd, const struct limits *limits, struct err *err)
{
	auto_free char *text = NULL;
	uint64_t usage;
	int r;

	if (!limits->usage_max.set)
		return 0;
	r = host_read(dirfd, "memory.current", FILE_MAX, &text, NULL, err);
	if (r < 0)
		return err_in(err, "linux.resources.memory.checkBeforeUpdate");
	text[strcspn(text, "\n")] = '\0';
	if (num_u64(text, UINT64_MAX, &usage) < 0 || usage <= limits->usage_max.v)
		return 0;
	return err_bad_errno(err, ERR_CONFIG, EBUSY,
		"linux.resources.memory.limit: %" PRIu64 " is below the current usage of %" PRIu64
		" bytes, and checkBeforeUpdate is set",
		limits->usage_max.v, usage);
}

int limits_apply(int dirfd, const struct limits *limits, struct err *err)
{
	const char *file;
	int r = usage_check(dirfd, limits, err);

	for (size_t i = 0; r == 0 && i < limits->count; i++)
		r = limit_write(dirfd, &limits->items[i], &file, err);
	return r;
}

/* ---- update ---- */

/* The first word of a line such as "8:0 rbps=1" or "mlx4_0 hca_handle=2"; 0 when the file holds one
 * value and not a line for each device. */
static size_t device_len(const char *file, const char *value)
{
	size_t len = strcspn(value, " \n");

	if (strcmp(file, "rdma.max") == 0)
		return len;
	return strncmp(file, "io.", 3) == 0 && isdigit((unsigned char)*value) &&
			memchr(value, ':', len)
		? len
		: 0;
}

/* What to write when a device had no line: the absence of a limit. */
static char *device_default(const char *file, const char *device, size_t len)
{
	static const struct {
		const char *file, *rest;
	} defaults[] = {
		{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
		{ "io.latency", "target=0" },
		{ "rdma.max", "hca_handle=max hca_object=max" },
	};
	const char *rest = "default";

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (strcmp(defaults[i].file, file) == 0)
			rest = defaults[i].rest;
	return xasprintf("%.*s %s", (int)len, device, rest);
}

/* The text that puts back what @value replaces in a file that holds @before. */
static char *restore_text(const char *file, const char *value, const char *before)
{
	size_t len = device_len(file, value);

	if (len == 0)
		return xstrdup(before);
	for (const char *line = before; *line;) {
		size_t n = strcspn(line, "\n");

		if (n > len && strncmp(line, value, len) == 0 && line[len] == ' ')
			return xstrndup(line, n);
		line += n + (line[n] == '\n');
	}
	return device_default(file, value, len);
}

static void save_text(const char *file, char *text_taken, struct limits_saved *saved)
{
	saved->items = xrealloc_array(saved->items, saved->count + 1, sizeof(*saved->items));
	saved->items[saved->count++] = (struct limit){ .file = xstrdup(file), .value = text_taken };
}

/* *out_text: heap; NULL: there is nothing to put back, for the file does not exist, or nobody can
 * read it (an action such as memory.reclaim).  Any other failure is one: what was not saved could
 * not be put back. */
static int read_earlier(int dirfd, const char *file, char **out_text, struct err *err)
{
	char *text = NULL;
	struct err absent;
	struct stat st;
	int r = host_read(dirfd, file, FILE_MAX, &text, NULL, err);

	if (r < 0 &&
		(r == -ENOENT ||
			(host_stat(dirfd, file, &st, 0, &absent) == 0 &&
				!(st.st_mode & (S_IRUSR | S_IRGRP | S_IROTH))))) {
		err_drop(err);
		r = 0;
	}
	if (r < 0) {
		err_hint(err, "a failed update puts back what it replaced; nothing was changed");
		return r;
	}
	*out_text = text;
	return 0;
}

/* Leaving SCHED_IDLE the kernel sets the default weight: the earlier one comes after it. */
static int save_weight(int dirfd, const char *idle, struct limits_saved *saved, struct err *err)
{
	char *weight = NULL;
	int r = *idle == '0' ? read_earlier(dirfd, "cpu.weight", &weight, err) : 0;

	if (weight)
		save_text("cpu.weight", weight, saved);
	return r;
}

static bool is_empty_cpuset(const char *file, const char *text)
{
	return strncmp(file, "cpuset.", 7) == 0 && strspn(text, "\n") == strlen(text);
}

/* A cpuset with processes cannot become empty again; what it stood for is the same. */
static int save_cpuset(int dirfd, const char *file, struct limits_saved *saved, struct err *err)
{
	auto_free char *name = xasprintf("%s.effective", file);
	char *effective = NULL;
	int r = read_earlier(dirfd, name, &effective, err);

	if (effective)
		save_text(file, effective, saved);
	return r;
}

/* Remembers @file as it is before the lines @value are written. */
static int save(
	int dirfd, const char *file, const char *value, struct limits_saved *saved, struct err *err)
{
	auto_free char *before = NULL;
	int r = read_earlier(dirfd, file, &before, err);

	if (r == 0 && before && strcmp(file, "cpu.idle") == 0)
		r = save_weight(dirfd, before, saved, err);
	if (r < 0 || !before)
		return r;
	if (is_empty_cpuset(file, before))
		return save_cpuset(dirfd, file, saved, err);
	for (const char *line = value; *line;) {
		save_text(file, restore_text(file, line, before), saved);
		if (device_len(file, line) == 0)
			break; /* one value: it is saved whole */
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return 0;
}

void limits_restore(int dirfd, const struct limits_saved *saved)
{
	for (size_t i = saved->count; i-- > 0;) {
		const struct limit *item = &saved->items[i];
		auto_free char *now = NULL;
		struct err err;

		/* It was not written, and goes on to follow its parent. */
		if (host_read(dirfd, item->file, FILE_MAX, &now, NULL, &err) == 0 &&
			is_empty_cpuset(item->file, now))
			continue;
		if (write_lines(dirfd, item->file, item->value, &err) < 0)
			log_warn("putting back \"%s\" of \"%s\" failed: %s", item->value,
				item->file, err.msg);
	}
}

static int save_limit(
	int dirfd, const struct limit *limit, struct limits_saved *saved, struct err *err)
{
	int r = save(dirfd, limit->file, limit->value, saved, err);

	if (r == 0 && limit->or_file)
		r = save(dirfd, limit->or_file, limit->or_value, saved, err);
	return r < 0 ? err_in(err, "%s", limit->property) : r;
}

/* The order of writing: what cannot quite be put back is written when little can fail any more. */
static int rank(const struct limit *limit)
{
	static const struct {
		const char *file;
		int rank;
	} late[] = {
		{ "cpuset.cpus", 1 }, /* see save_cpuset() */
		{ "cpuset.mems", 1 },
		{ "memory.max", RANK_LAST }, /* when it shrinks it kills */
		{ "memory.reclaim", RANK_LAST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		if (strcmp(late[i].file, limit->file) == 0)
			return late[i].rank;
	return 0;
}

/* One of them, with what is saved when its turn comes. */
struct step {
	const struct limit *limit;
	size_t saved;
};

static struct step *steps_new(const struct limits *limits)
{
	struct step *steps = xrealloc_array(NULL, limits->count + 1, sizeof(*steps));
	size_t n = 0;

	for (int now = 0; now <= RANK_LAST; now++)
		for (size_t i = 0; i < limits->count; i++)
			if (rank(&limits->items[i]) == now)
				steps[n++] = (struct step){ &limits->items[i], 0 };
	return steps;
}

/* Everything is read before anything is written: a file that cannot be read changes nothing. */
int limits_change(
	int dirfd, const struct limits *limits, struct limits_saved *out_saved, struct err *err)
{
	auto_(limits_saved) struct limits_saved saved = { 0 };
	auto_free struct step *steps = steps_new(limits);
	struct limits_saved written = { 0 };
	const char *file;
	int r = usage_check(dirfd, limits, err);

	for (size_t i = 0; r == 0 && i < limits->count; i++) {
		r = save_limit(dirfd, steps[i].limit, &saved, err);
		steps[i].saved = saved.count;
	}
	written.items = saved.items;
	for (size_t i = 0; r == 0 && i < limits->count; i++) {
		written.count = steps[i].saved;
		r = limit_write(dirfd, steps[i].limit, &file, err);
	}
	if (r < 0) {
		limits_restore(dirfd, &written);
		return r;
	}
	*out_saved = saved;
	saved = (struct limits_saved){ 0 };
	return 0;
}

/* A number or "max" (-1) at the start of @text. */
static int64_t number_or_max(const char *text)
{
	auto_free char *word = xstrndup(text, strcspn(text, " \n"));
	int64_t v;

	return num_i64(word, 0, INT64_MAX, &v) == 0 ? v : -1;
}

int limits_present(int dirfd, const struct spec_resources *resources,
	struct limits_present *out_present, struct err *err)
{
	struct limits_present present = { -1, -1, 100000, 0 };
	const struct spec_memory *memory = resources->memory;
	const struct spec_cpu *cpu = resources->cpu;
	auto_free char *max = NULL, *bandwidth = NULL, *burst = NULL;
	int r;

	if (memory && memory->swap.set && !(memory->limit.set && memory->limit.v != 0)) {
		r = host_read(dirfd, "memory.max", FILE_MAX, &max, NULL, err);
		if (r == 0)
			present.memory_max = number_or_max(max);
		else if (r != -ENOENT)
			return r;
	}
	if (cpu && (cpu->quota.set || cpu->period.set || cpu->burst.set)) {
		r = host_read(dirfd, "cpu.max", FILE_MAX, &bandwidth, NULL, err);
		if (r == 0) {
			present.cpu_quota = number_or_max(bandwidth);
			present.cpu_period = (uint64_t)number_or_max(
				bandwidth + strcspn(bandwidth, " ") + (*bandwidth != '\0'));
		} else if (r != -ENOENT) {
			return r;
		}
		r = host_read(dirfd, "cpu.max.burst", FILE_MAX, &burst, NULL, err);
		if (r == 0)
			present.cpu_burst = (uint64_t)number_or_max(burst);
		else if (r != -ENOENT) /* since 5.14 */
			return r;
	}
	err_drop(err); /* a missing file: its controller is not enabled, which the write will say */
	*out_present = present;
	return 0;
}
