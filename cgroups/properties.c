// SPDX-License-Identifier: Apache-2.0
/*
 * The properties of a container's unit: see unit.h.
 *
 * What systemd does not know of it undoes, sooner or later: a daemon-reload writes every attribute
 * of a unit's cgroup as the unit's properties have it.  So each limit is told to systemd, and
 * written to the file as well, which is exact where a property is not.  The table goes by files,
 * because files are what all of linux.resources, unified included, ends in (keys.c).
 */
#include "cgroups/unit.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "cgroups/gvariant.h"
#include "cgroups/wire.h"

#define ANNOTATION "org.systemd.property."
#define SET_MAX 8192 /* CPUs of the largest machines; memory nodes are fewer */
#define USEC_PER_SEC 1000000
#define CPU_PERIOD_DEFAULT 100000
/* systemd keeps a quota as a whole percentage: rounded up, as runc does, for the file is exact. */
#define PERCENT (USEC_PER_SEC / 100)

void unit_properties_release(struct unit_properties *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].value);
	}
	free(list->items);
	*list = (struct unit_properties){ 0 };
}

void unit_properties_add(
	struct unit_properties *list, const char *name, char *value_taken, bool needed)
{
	list->items = xrealloc_array(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct unit_property){ xstrdup(name), value_taken, needed };
}

/* ---- what makes it a container's unit ---- */

static void add_text(struct unit_properties *list, const char *name, const char *value, bool needed)
{
	unit_properties_add(list, name, gvariant_quote(value), needed);
}

static void add_bool(struct unit_properties *list, const char *name, bool value)
{
	unit_properties_add(list, name, xstrdup(value ? "true" : "false"), false);
}

void unit_properties_basic(
	const struct unit *unit, const char *id, pid_t pid, struct unit_properties *list)
{
	static const char *const accounting[] = { "CPUAccounting", "MemoryAccounting",
		"IOAccounting", "TasksAccounting" };
	auto_free char *description = xasprintf(PACKAGE_NAME " container %s", id);

	add_text(list, "Description", description, false);
	if (unit_is_slice(unit->name)) {
		auto_free char *slice = gvariant_quote(unit->slice);

		unit_properties_add(list, "Wants", xasprintf("[%s]", slice), true);
	} else {
		add_text(list, "Slice", unit->slice, true);
		/* What is below is ours, and systemd enables the controllers above. */
		unit_properties_add(list, "Delegate", xstrdup("true"), true);
		unit_properties_add(list, "PIDs", xasprintf("[uint32 %d]", (int)pid), true);
	}
	/* At shutdown whoever manages the container stops it first, not systemd. */
	add_bool(list, "DefaultDependencies", false);
	/* Forgotten when it has failed as well: the same name is free for the next container. */
	add_text(list, "CollectMode", "inactive-or-failed", false);
	for (size_t i = 0; i < ARRAY_SIZE(accounting); i++)
		add_bool(list, accounting[i], true);
}

/* ---- limits ---- */

struct file_property {
	const char *file;
	const char *property; /* what the documentation says */
	void (*add)(
		const struct file_property *row, const char *value, struct unit_properties *list);
};

/* A whole number or "max", which systemd calls the largest one. */
static bool number_parse(const char *text, uint64_t *out)
{
	if (strcmp(text, "max") == 0) {
		*out = UINT64_MAX;
		return true;
	}
	return num_u64(text, UINT64_MAX, out) == 0;
}

static void add_u64(struct unit_properties *list, const char *name, uint64_t value)
{
	unit_properties_add(list, name, xasprintf("uint64 %" PRIu64, value), false);
}

static void add_number(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	uint64_t number;

	if (number_parse(value, &number))
		add_u64(list, row->property, number);
}

/* 0 is systemd's word for idle, since 252; leaving idle needs a weight again. */
static void add_idle(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	(void)row;
	if (strcmp(value, "1") == 0)
		add_u64(list, "CPUWeight", 0);
}

static void add_cpu_max(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	auto_free char *first = xstrndup(value, strcspn(value, " "));
	const char *rest = value + strcspn(value, " ");
	uint64_t quota, period = CPU_PERIOD_DEFAULT, per_second;

	(void)row;
	rest += strspn(rest, " ");
	if (!number_parse(first, &quota) ||
		(*rest && (num_u64(rest, UINT32_MAX, &period) < 0 || period == 0)))
		return;
	if (quota == UINT64_MAX) {
		per_second = UINT64_MAX;
	} else {
		if (quota > UINT64_MAX / USEC_PER_SEC)
			return;
		per_second = quota * USEC_PER_SEC / period;
		per_second = (per_second + PERCENT - 1) / PERCENT * PERCENT;
	}
	add_u64(list, "CPUQuotaPerSecUSec", per_second);
	add_u64(list, "CPUQuotaPeriodUSec", period);
}

/* "0-3,7" to bits; false: no such list. */
static bool set_parse(const char *text, uint8_t bits[SET_MAX / CHAR_BIT], size_t *out_bytes)
{
	*out_bytes = 0;
	while (*text) {
		size_t len = strcspn(text, ","), digits = strspn(text, "0123456789");
		auto_free char *from = xstrndup(text, digits);
		auto_free char *to = NULL;
		uint64_t low, high;

		if (num_u64(from, SET_MAX - 1, &low) < 0)
			return false;
		high = low;
		if (digits < len) {
			if (text[digits] != '-')
				return false;
			to = xstrndup(text + digits + 1, len - digits - 1);
			if (num_u64(to, SET_MAX - 1, &high) < 0 || high < low)
				return false;
		}
		for (; low <= high; low++)
			bits[low / CHAR_BIT] |= (uint8_t)(1u << low % CHAR_BIT);
		if (high / CHAR_BIT + 1 > *out_bytes)
			*out_bytes = high / CHAR_BIT + 1;
		text += len;
		text += *text == ',';
	}
	return true;
}

static void add_set(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	uint8_t bits[SET_MAX / CHAR_BIT] = { 0 };
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	size_t bytes;

	if (!set_parse(value, bits, &bytes))
		return;
	strbuf_adds(&text, "@ay [");
	for (size_t i = 0; i < bytes; i++)
		strbuf_addf(&text, "%s%u", i ? ", " : "", bits[i]);
	strbuf_adds(&text, "]");
	unit_properties_add(list, row->property, strbuf_take(&text), false);
}

/* "8:0 ..." to the path by which systemd finds the device; NULL: the line names none. */
static char *device_path(const char *line, size_t *out_len)
{
	size_t major = strspn(line, "0123456789"), minor;

	if (major == 0 || line[major] != ':')
		return NULL;
	minor = strspn(line + major + 1, "0123456789");
	if (minor == 0 || line[major + 1 + minor] != ' ')
		return NULL;
	*out_len = major + 1 + minor + 1;
	return xasprintf("/dev/block/%.*s", (int)(*out_len - 1), line);
}

static void add_device_number(
	struct unit_properties *list, const char *name, const char *path, const char *text)
{
	uint64_t number;

	if (number_parse(text, &number))
		unit_properties_add(
			list, name, xasprintf("[('%s', uint64 %" PRIu64 ")]", path, number), false);
}

/* Without a device, or for "default": the cgroup's weight. */
static void add_io_weight(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	size_t len;
	auto_free char *path = device_path(value, &len);

	if (path)
		add_device_number(list, "IODeviceWeight", path, value + len);
	else
		add_number(&(struct file_property){ row->file, "IOWeight", NULL },
			strncmp(value, "default ", 8) == 0 ? value + 8 : value, list);
}

/* "8:0 rbps=1 wiops=max" */
static void add_io_max(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	static const struct {
		const char *word, *property;
	} words[] = {
		{ "rbps=", "IOReadBandwidthMax" },
		{ "wbps=", "IOWriteBandwidthMax" },
		{ "riops=", "IOReadIOPSMax" },
		{ "wiops=", "IOWriteIOPSMax" },
	};
	size_t at;
	auto_free char *path = device_path(value, &at);

	(void)row;
	while (path && value[at]) {
		size_t len = strcspn(value + at, " ");

		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			size_t n = strlen(words[i].word);
			auto_free char *number = NULL;

			if (strncmp(value + at, words[i].word, n) != 0)
				continue;
			number = xstrndup(value + at + n, len - n);
			add_device_number(list, words[i].property, path, number);
		}
		at += len;
		at += strspn(value + at, " ");
	}
}

static void add_io_latency(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	size_t len;
	auto_free char *path = device_path(value, &len);

	if (path && strncmp(value + len, "target=", 7) == 0)
		add_device_number(list, row->property, path, value + len + 7);
}

static void add_switch(
	const struct file_property *row, const char *value, struct unit_properties *list)
{
	if (strcmp(value, "0") == 0 || strcmp(value, "1") == 0)
		add_bool(list, row->property, *value == '1');
}

/* systemd.resource-control(5).  io.bfq.weight is told as the io.weight that stands for it. */
static const struct file_property files[] = {
	{ "memory.min", "MemoryMin", add_number },
	{ "memory.low", "MemoryLow", add_number },
	{ "memory.high", "MemoryHigh", add_number },
	{ "memory.max", "MemoryMax", add_number },
	{ "memory.swap.max", "MemorySwapMax", add_number },
	{ "memory.zswap.max", "MemoryZSwapMax", add_number },
	{ "memory.zswap.writeback", "MemoryZSwapWriteback", add_switch },
	{ "pids.max", "TasksMax", add_number },
	{ "cpu.weight", "CPUWeight", add_number },
	{ "cpu.idle", "CPUWeight", add_idle },
	{ "cpu.max", "CPUQuotaPerSecUSec, CPUQuotaPeriodUSec", add_cpu_max },
	{ "cpuset.cpus", "AllowedCPUs", add_set },
	{ "cpuset.mems", "AllowedMemoryNodes", add_set },
	{ "io.weight", "IOWeight, IODeviceWeight", add_io_weight },
	{ "io.bfq.weight", "IOWeight, IODeviceWeight", add_io_weight },
	{ "io.max", "IOReadBandwidthMax, IOWriteBandwidthMax, IOReadIOPSMax, IOWriteIOPSMax",
		add_io_max },
	{ "io.latency", "IODeviceLatencyTargetUSec", add_io_latency },
};

static const struct file_property *file_find(const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(files[i].file, file) == 0)
			return &files[i];
	return NULL;
}

const char *cgroup_file_property(const char *file)
{
	const struct file_property *row = file_find(file);

	return row ? row->property : NULL;
}

void unit_properties_limits(const struct limits *limits, struct unit_properties *list)
{
	for (size_t i = 0; i < limits->count; i++) {
		const struct limit *limit = &limits->items[i];
		bool other = limit->or_file != NULL; /* io.weight for io.bfq.weight */
		const struct file_property *row = file_find(other ? limit->or_file : limit->file);
		auto_free char *lines = xstrdup(other ? limit->or_value : limit->value);
		char *rest = NULL;

		for (char *line = row ? strtok_r(lines, "\n", &rest) : NULL; line;
			line = strtok_r(NULL, "\n", &rest))
			row->add(row, line, list);
	}
}

/* ---- annotations ---- */

static int annotation_name(const char *key, const char *name, struct err *err)
{
	size_t letters = 0;

	while (isalpha((unsigned char)name[letters]))
		letters++;
	if (name[letters] || letters < 3)
		return err_bad(err, ERR_CONFIG,
			"annotation %s: the name of a systemd property has at least 3 characters, "
			"and letters only",
			key);
	return 0;
}

/* "TimeoutStopSec", as unit files have it; on the bus it is TimeoutStopUSec.  What runc does. */
static bool is_seconds(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, "Sec") == 0 &&
		islower((unsigned char)name[len - 4]);
}

static int annotation_add(
	const struct spec_pair *pair, struct unit_properties *list, struct err *err)
{
	const char *name = pair->key + strlen(ANNOTATION);
	auto_free char *value = NULL, *type = NULL, *bus_name = NULL;

	if (annotation_name(pair->key, name, err) < 0)
		return err_result(err);
	if (is_seconds(name)) {
		bus_name = xasprintf("%.*sUSec", (int)strlen(name) - 3, name);
		if (gvariant_seconds(pair->value, &value, err) < 0)
			return err_in(err, "annotation %s", pair->key);
	} else if (gvariant_type(pair->value, &type, err) < 0) {
		err_hint(err,
			"values are GVariant text: true, uint64 5, 'a string', ['a', 'b'] ...");
		return err_in(err, "annotation %s", pair->key);
	}
	unit_properties_add(list, bus_name ? bus_name : name,
		value ? take_ptr(&value) : xstrdup(pair->value), true);
	return 0;
}

int unit_properties_annotations(
	const spec_pairs *pairs, struct unit_properties *list, struct err *err)
{
	for (size_t i = 0; pairs && i < pairs->count; i++) {
		const struct spec_pair *pair = &pairs->items[i];

		if (strncmp(pair->key, ANNOTATION, strlen(ANNOTATION)) == 0 &&
			annotation_add(pair, list, err) < 0)
			return err_result(err);
	}
	return 0;
}

/* ---- sending ---- */

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !isalnum((unsigned char)at[-1])) &&
			!isalnum((unsigned char)at[len]))
			return true;
	return false;
}

bool unit_properties_drop_named(struct unit_properties *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		struct unit_property *item = &list->items[i];

		if (item->needed || !has_word(text, item->name))
			continue;
		free(item->name);
		free(item->value);
		list->count--;
		memmove(item, item + 1, (list->count - i) * sizeof(*item));
		return true;
	}
	return false;
}

int unit_properties_put(const struct unit_properties *list, struct strbuf *b, struct err *err)
{
	struct wire_array array = wire_array_begin(b, 8);

	for (size_t i = 0; i < list->count; i++) {
		wire_pad(b, 8);
		wire_string(b, list->items[i].name);
		if (gvariant_put(b, list->items[i].value, err) < 0)
			return err_in(err, "property %s", list->items[i].name);
	}
	wire_array_end(b, array);
	return 0;
}
