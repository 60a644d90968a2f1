// SPDX-License-Identifier: Apache-2.0
/*
 * Statistics in the form of runc's `events --stats` (its types/events.go names every member), and
 * what became of the memory limit.
 *
 * A file that is missing (controller not enabled, older kernel) leaves its members out; consumers
 * read that as 0.  All numbers go from the kernel's text into ours; JSON needs nothing else here,
 * and the few names are checked.
 */
#include "cgroups/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/hostfile.h"
#include "base/num.h"
#include "base/strbuf.h"

#define STAT_MAX (4u << 20) /* io.stat of a machine with very many disks */

/* ---- reading ---- */

/* The text of a file; "" when it cannot be read. */
static char *stat_text(int dirfd, const char *file)
{
	struct err ignored;
	char *text;

	return host_read(dirfd, file, STAT_MAX, &text, NULL, &ignored) < 0 ? xstrdup("") : text;
}

/* The number that @text begins with: UINT64_MAX for "max", 0 when there is none. */
static uint64_t leading_number(const char *text)
{
	auto_free char *word = xstrndup(text, strcspn(text, " \n"));
	uint64_t v;

	if (strcmp(word, "max") == 0)
		return UINT64_MAX;
	return num_u64(word, UINT64_MAX, &v) == 0 ? v : 0;
}

static uint64_t file_number(int dirfd, const char *file)
{
	auto_free char *text = stat_text(dirfd, file);

	return leading_number(text);
}

/* The value of a line "key value"; 0 without one. */
static uint64_t flat_number(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return leading_number(line + len + 1);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return 0;
}

/* ---- writing JSON ---- */

static void put_comma(struct strbuf *out)
{
	if (out->len > 0 && !strchr("{[:", out->data[out->len - 1]))
		strbuf_add(out, ",", 1);
}

static void put_key(struct strbuf *out, const char *key)
{
	put_comma(out);
	strbuf_addf(out, "\"%s\":", key);
}

static void put_open(struct strbuf *out, const char *key)
{
	put_key(out, key);
	strbuf_add(out, "{", 1);
}

static void put_close(struct strbuf *out)
{
	strbuf_add(out, "}", 1);
}

static void put_number(struct strbuf *out, const char *key, uint64_t value)
{
	put_key(out, key);
	strbuf_addf(out, "%" PRIu64, value);
}

/* Members that Go leaves out when they are 0. */
static void put_nonzero(struct strbuf *out, const char *key, uint64_t value)
{
	if (value)
		put_number(out, key, value);
}

static bool is_word(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	return len > 0;
}

/* ---- pressure ---- */

/* " avg10=0.12": puts "avg10":0.12 */
static void put_average(struct strbuf *out, const char *line, size_t len, const char *name)
{
	auto_free char *wanted = xasprintf(" %s=", name);
	const char *at = memmem(line, len, wanted, strlen(wanted));
	size_t digits = 0;

	if (at) {
		at += strlen(wanted);
		digits = strspn(at, "0123456789.");
	}
	if (digits) {
		put_key(out, name);
		strbuf_add(out, at, digits);
	}
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", then "full ..." */
static void put_pressure(struct strbuf *out, int dirfd, const char *file)
{
	static const char *const members[] = { "avg10", "avg60", "avg300", "total" };
	auto_free char *text = stat_text(dirfd, file);

	if (!*text)
		return;
	put_open(out, "psi");
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		auto_free char *kind = xstrndup(line, strcspn(line, " \n"));

		if (is_word(kind, strlen(kind))) {
			put_open(out, kind);
			for (size_t i = 0; i < ARRAY_SIZE(members); i++)
				put_average(out, line, len, members[i]);
			put_close(out);
		}
		line += len + (line[len] == '\n');
	}
	put_close(out);
}

/* ---- the objects, in runc's order ---- */

/* cpu.stat counts microseconds, the form has nanoseconds. */
static void put_cpu(struct strbuf *out, int dirfd)
{
	auto_free char *stat = stat_text(dirfd, "cpu.stat");

	put_open(out, "cpu");
	put_open(out, "usage");
	put_nonzero(out, "total", flat_number(stat, "usage_usec") * 1000);
	put_number(out, "kernel", flat_number(stat, "system_usec") * 1000);
	put_number(out, "user", flat_number(stat, "user_usec") * 1000);
	put_close(out);
	put_open(out, "throttling");
	put_nonzero(out, "periods", flat_number(stat, "nr_periods"));
	put_nonzero(out, "throttledPeriods", flat_number(stat, "nr_throttled"));
	put_nonzero(out, "throttledTime", flat_number(stat, "throttled_usec") * 1000);
	put_close(out);
	put_pressure(out, dirfd, "cpu.pressure");
	put_close(out);
}

/* "0-2,7" as [0,1,2,7] */
static void put_set(struct strbuf *out, int dirfd, const char *key, const char *file)
{
	auto_free char *text = stat_text(dirfd, file);
	char *at = text;

	if (!isdigit((unsigned char)*text))
		return;
	put_key(out, key);
	strbuf_add(out, "[", 1);
	while (isdigit((unsigned char)*at)) {
		unsigned long first = strtoul(at, &at, 10), last = first;

		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && last < 65536; first++) {
			put_comma(out);
			strbuf_addf(out, "%lu", first);
		}
		at += *at == ',';
	}
	strbuf_add(out, "]", 1);
}

static void put_memory_entry(struct strbuf *out, const char *key, uint64_t limit, uint64_t usage,
	uint64_t max, uint64_t failures)
{
	put_open(out, key);
	put_number(out, "limit", limit);
	put_nonzero(out, "usage", usage);
	put_nonzero(out, "max", max);
	put_number(out, "failcnt", failures);
	put_close(out);
}

/* memory.stat as it is */
static void put_raw(struct strbuf *out, const char *stat)
{
	put_open(out, "raw");
	for (const char *line = stat; *line;) {
		size_t len = strcspn(line, " \n");

		if (line[len] == ' ' && is_word(line, len)) {
			auto_free char *key = xstrndup(line, len);

			put_number(out, key, leading_number(line + len + 1));
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	put_close(out);
}

static void put_memory(struct strbuf *out, int dirfd)
{
	static const char *const counts[] = { "low", "high", "max", "oom", "oom_kill",
		"oom_group_kill" };
	auto_free char *stat = stat_text(dirfd, "memory.stat");
	auto_free char *events = stat_text(dirfd, "memory.events");
	auto_free char *swap_events = stat_text(dirfd, "memory.swap.events");
	uint64_t limit = file_number(dirfd, "memory.max");
	uint64_t usage = file_number(dirfd, "memory.current");
	uint64_t swap_limit = file_number(dirfd, "memory.swap.max");
	uint64_t swap = file_number(dirfd, "memory.swap.current");

	put_open(out, "memory");
	if (*stat) { /* the controller is enabled */
		put_nonzero(out, "cache", flat_number(stat, "file"));
		put_memory_entry(out, "usage", limit, usage, file_number(dirfd, "memory.peak"),
			flat_number(events, "max"));
		/* The form is v1's: memory and swap together. */
		if (swap_limit != UINT64_MAX)
			swap_limit = limit == UINT64_MAX ? limit : swap_limit + limit;
		put_memory_entry(
			out, "swap", swap_limit, usage + swap, 0, flat_number(swap_events, "fail"));
		put_raw(out, stat);
		put_open(out, "event_count");
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
			put_nonzero(out, counts[i], flat_number(events, counts[i]));
		put_close(out);
	}
	put_pressure(out, dirfd, "memory.pressure");
	put_close(out);
}

static void put_pids(struct strbuf *out, int dirfd)
{
	uint64_t limit = file_number(dirfd, "pids.max");

	put_open(out, "pids");
	put_nonzero(out, "current", file_number(dirfd, "pids.current"));
	put_nonzero(out, "limit", limit == UINT64_MAX ? 0 : limit); /* 0: none */
	put_close(out);
}

struct io_word {
	const char *word; /* of io.stat */
	const char *op;
};

/* One list: an entry for each device and word of io.stat ("8:0 rbytes=1 wbytes=2 ..."). */
static void put_io_list(struct strbuf *out, const char *key, const char *stat,
	const struct io_word *words, size_t count)
{
	put_key(out, key);
	strbuf_add(out, "[", 1);
	for (const char *line = stat; *line;) {
		size_t len = strcspn(line, "\n");
		char *end;
		unsigned long major = strtoul(line, &end, 10);
		unsigned long minor = *end == ':' ? strtoul(end + 1, &end, 10) : 0;

		for (size_t i = 0; i < count && *end == ' '; i++) {
			const char *at = memmem(line, len, words[i].word, strlen(words[i].word));

			if (!at)
				continue;
			put_comma(out);
			strbuf_addf(out,
				"{\"major\":%lu,\"minor\":%lu,\"op\":\"%s\",\"value\":%" PRIu64 "}",
				major, minor, words[i].op,
				leading_number(at + strlen(words[i].word)));
		}
		line += len + (line[len] == '\n');
	}
	strbuf_add(out, "]", 1);
}

static void put_io(struct strbuf *out, int dirfd)
{
	static const struct io_word bytes[] = { { " rbytes=", "Read" }, { " wbytes=", "Write" },
		{ " dbytes=", "Discard" } };
	static const struct io_word ios[] = { { " rios=", "Read" }, { " wios=", "Write" },
		{ " dios=", "Discard" } };
	auto_free char *stat = stat_text(dirfd, "io.stat");

	put_open(out, "blkio");
	if (*stat) {
		put_io_list(out, "ioServiceBytesRecursive", stat, bytes, ARRAY_SIZE(bytes));
		put_io_list(out, "ioServicedRecursive", stat, ios, ARRAY_SIZE(ios));
	}
	put_pressure(out, dirfd, "io.pressure");
	put_close(out);
}

/* "hugetlb.2MB.current": the page size in between; 0 for every other file. */
static size_t page_size_len(const char *file)
{
	size_t len = strncmp(file, "hugetlb.", 8) == 0 ? strcspn(file + 8, ".") : 0;

	return len && strcmp(file + 8 + len, ".current") == 0 && is_word(file + 8, len) ? len : 0;
}

/* Reserved pages, which are what the limit is about, where the kernel counts them (5.7). */
static void put_page_size(struct strbuf *out, int dirfd, const char *size)
{
	auto_free char *reserved_file = xasprintf("hugetlb.%s.rsvd.current", size);
	auto_free char *used_file = xasprintf("hugetlb.%s.current", size);
	auto_free char *events_file = xasprintf("hugetlb.%s.events", size);
	auto_free char *reserved = stat_text(dirfd, reserved_file);
	auto_free char *events = stat_text(dirfd, events_file);

	put_open(out, size);
	put_nonzero(
		out, "usage", *reserved ? leading_number(reserved) : file_number(dirfd, used_file));
	put_number(out, "failcnt", flat_number(events, "max"));
	put_close(out);
}

static void put_hugetlb(struct strbuf *out, int dirfd)
{
	struct err ignored; /* no directory, no entries */
	int fd = host_open(dirfd, ".", O_RDONLY | O_DIRECTORY, 0, &ignored);
	auto_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	put_open(out, "hugetlb");
	while (dir && (entry = readdir(dir))) {
		size_t len = page_size_len(entry->d_name);
		auto_free char *size = len ? xstrndup(entry->d_name + 8, len) : NULL;

		if (len)
			put_page_size(out, dirfd, size);
	}
	put_close(out);
}

int cgroup_stats_format(struct cgroup *cgroup, char **out_json, struct err *err)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	int fd;

	if (cgroup->absence)
		return cgroup_absent(cgroup, "measuring", err);
	fd = cgroup_dirfd(cgroup, err);
	if (fd < 0)
		return fd;
	strbuf_add(&out, "{", 1);
	put_cpu(&out, fd);
	put_open(&out, "cpuset");
	put_set(&out, fd, "cpus", "cpuset.cpus.effective");
	put_set(&out, fd, "mems", "cpuset.mems.effective");
	put_close(&out);
	put_memory(&out, fd);
	put_pids(&out, fd);
	put_io(&out, fd);
	put_hugetlb(&out, fd);
	/* Not of cgroups, but members that consumers expect to be there. */
	strbuf_adds(&out, ",\"intel_rdt\":{},\"network_interfaces\":null}");
	*out_json = strbuf_take(&out);
	return 0;
}

/* ---- out of memory ---- */

int cgroup_watch_memory(struct cgroup *cgroup, struct err *err)
{
	auto_close int watch = FD_NONE;
	char path[64];
	int fd;

	if (cgroup->absence)
		return cgroup_absent(cgroup, "watching memory", err);
	fd = cgroup_dirfd(cgroup, err);
	if (fd < 0)
		return fd;
	watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch < 0)
		return err_sys(err, errno, "inotify_init1");
	/* inotify takes paths only; this one means our directory, whatever is mounted where. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/memory.events", fd);
	if (inotify_add_watch(watch, path /* path: our descriptor's */, IN_MODIFY) < 0) {
		err_sys(err, errno, "watch \"memory.events\" of cgroup \"%s\"", cgroup->path);
		if (err->num == ENOENT)
			err_hint(err,
				"the memory controller is not enabled for it: set "
				"linux.resources.memory.limit");
		return err_result(err);
	}
	return take_fd(&watch);
}

int cgroup_oom_count(struct cgroup *cgroup, uint64_t *out_count, struct err *err)
{
	auto_free char *text = NULL;
	int r = cgroup->absence ? -ENOENT : cgroup_dirfd(cgroup, err);

	if (r >= 0)
		r = host_read(r, "memory.events", STAT_MAX, &text, NULL, err);
	if (cgroup_is_gone(r)) {
		err_drop(err); /* nobody counts: no cgroup, or no memory controller */
		*out_count = 0;
		return 0;
	}
	if (r < 0)
		return r;
	*out_count = flat_number(text, "oom_kill");
	return 0;
}
