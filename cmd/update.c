// SPDX-License-Identifier: Apache-2.0
/*
 * `update`: changes the limits of a container, by a resources object (JSON) or by one option a
 * limit, which are turned into such an object.
 */
#include "cmd/commands.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "oci/spec.h"

/* X(member, option, kind, argument, property of linux.resources, help); rows of one object stand
 * together. */
#define LIMITS(X)                                                                                  \
	X(memory, "memory", SIZE, "BYTES", "memory", "limit", "the memory limit; -1: none")        \
	X(memory_reservation, "memory-reservation", SIZE, "BYTES", "memory", "reservation",        \
		"the soft memory limit")                                                           \
	X(memory_swap, "memory-swap", SIZE, "BYTES", "memory", "swap",                             \
		"the limit of memory and swap together; -1: none")                                 \
	X(kernel_memory, "kernel-memory", SIZE, "BYTES", "memory", "kernel",                       \
		"the limit of kernel memory (no longer known to kernels)")                         \
	X(kernel_memory_tcp, "kernel-memory-tcp", SIZE, "BYTES", "memory", "kernelTCP",            \
		"the limit of TCP buffers (no longer known to kernels)")                           \
	X(cpu_share, "cpu-share", U64, "N", "cpu", "shares",                                       \
		"the CPU shares, against other cgroups")                                           \
	X(cpu_quota, "cpu-quota", I64, "USEC", "cpu", "quota",                                     \
		"CPU time in microseconds a period; -1: no limit")                                 \
	X(cpu_period, "cpu-period", U64, "USEC", "cpu", "period", "the period of --cpu-quota")     \
	X(cpu_burst, "cpu-burst", U64, "USEC", "cpu", "burst",                                     \
		"CPU time that may be saved up for later periods")                                 \
	X(cpu_rt_runtime, "cpu-rt-runtime", I64, "USEC", "cpu", "realtimeRuntime",                 \
		"real-time CPU time a period (cgroup v1)")                                         \
	X(cpu_rt_period, "cpu-rt-period", U64, "USEC", "cpu", "realtimePeriod",                    \
		"the period of --cpu-rt-runtime (cgroup v1)")                                      \
	X(cpu_idle, "cpu-idle", I64, "0|1", "cpu", "idle",                                         \
		"1: run only when nothing else wants to")                                          \
	X(cpuset_cpus, "cpuset-cpus", STRING, "LIST", "cpu", "cpus", "the CPUs to use: 0-2,7")     \
	X(cpuset_mems, "cpuset-mems", STRING, "LIST", "cpu", "mems", "the memory nodes to use")    \
	X(pids_limit, "pids-limit", I64, "N", "pids", "limit", "how many processes; -1: no limit") \
	X(blkio_weight, "blkio-weight", U64, "N", "blockIO", "weight",                             \
		"the I/O weight, 10 to 1000")                                                      \
	X(memory_high, "memory-high", SIZE, "BYTES", "unified", "memory.high",                     \
		"memory beyond which the container is slowed down and reclaimed from; -1: none")   \
	X(memory_min, "memory-min", SIZE, "BYTES", "unified", "memory.min",                        \
		"memory that is never reclaimed")                                                  \
	X(memory_oom_group, "memory-oom-group", I64, "0|1", "unified", "memory.oom.group",         \
		"1: out of memory, the whole container is killed and not one process")             \
	X(memory_zswap_max, "memory-zswap-max", SIZE, "BYTES", "unified", "memory.zswap.max",      \
		"the limit of compressed swap in memory; -1: none")                                \
	X(memory_reclaim, "memory-reclaim", SIZE, "BYTES", "unified", "memory.reclaim",            \
		"reclaim that much memory now; an error when there is less")

#define MEMBER_SIZE struct opt_i64
#define MEMBER_I64 struct opt_i64
#define MEMBER_U64 struct opt_u64
#define MEMBER_STRING const char *

struct update_options {
	const char *resources;
#define X(member, name, kind, arg, object, key, help) MEMBER_##kind member;
	LIMITS(X)
#undef X
	struct option_strings unified;
};

#define O(member) offsetof(struct update_options, member)

static const struct option rows[] = {
	{ "resources", 'r', '\0', "FILE", OPTION_STRING, O(resources),
		"take the limits from the resources object (JSON) in FILE; - is standard input" },
#define X(member, name, kind, arg, object, key, help) \
	{ name, '\0', '\0', arg, OPTION_##kind, O(member), help },
	LIMITS(X)
#undef X
		{ "unified", '\0', '\0', "KEY=VALUE", OPTION_STRINGS, O(unified),
			"write VALUE to the cgroup's file KEY, as it is; may be repeated" },
};

static const struct limit {
	const char *object;
	const char *key;
	enum option_kind kind;
	size_t offset;
} limits[] = {
#define X(member, name, kind, arg, object, key, help) { object, key, OPTION_##kind, O(member) },
	LIMITS(X)
#undef X
};

static void add_json_string(struct strbuf *out, const char *text)
{
	strbuf_add(out, "\"", 1);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20)
			strbuf_addf(out, "\\u%04x", (unsigned int)*text);
		else if (*text == '"' || *text == '\\')
			strbuf_addf(out, "\\%c", *text);
		else
			strbuf_add(out, text, 1);
	}
	strbuf_add(out, "\"", 1);
}

/* Appends the value when the option was given; false when not. */
static bool add_value(struct strbuf *out, const struct limit *limit, const void *options)
{
	const void *member = (const char *)options + limit->offset;

	if (limit->kind == OPTION_STRING) {
		const char *text = *(const char *const *)member;

		if (text)
			add_json_string(out, text);
		return text;
	}
	if (limit->kind == OPTION_U64) {
		const struct opt_u64 *number = member;

		if (number->set)
			strbuf_addf(out, "%" PRIu64, number->v);
		return number->set;
	}
	if (((const struct opt_i64 *)member)->set)
		strbuf_addf(out, "%" PRId64, ((const struct opt_i64 *)member)->v);
	return ((const struct opt_i64 *)member)->set;
}

/* Opens @object unless it is open already. */
static void open_object(struct strbuf *out, const char **open, const char *object)
{
	if (!*open || strcmp(*open, object) != 0)
		strbuf_addf(out, "%s\"%s\":{", *open ? "}," : "", object);
	else
		strbuf_adds(out, ",");
	*open = object;
}

static int add_unified(
	struct strbuf *out, const char **open, const struct option_strings *pairs, struct err *err)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const char *text = pairs->items[i], *equals = strchr(text, '=');
		auto_free char *key = equals ? xstrndup(text, (size_t)(equals - text)) : NULL;

		if (!equals)
			return err_bad(err, ERR_USAGE, "--unified: \"%s\" is not KEY=VALUE", text);
		open_object(out, open, "unified");
		add_json_string(out, key);
		strbuf_adds(out, ":");
		add_json_string(out, equals + 1);
	}
	return 0;
}

/* {"memory":{"limit":1048576},"unified":{"memory.high":"5"}}; "{}" when no limit was given. */
static int format_limits(struct strbuf *out, const struct update_options *options, struct err *err)
{
	const char *open = NULL;
	int r;

	strbuf_adds(out, "{");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		auto_(strbuf) struct strbuf value = STRBUF_INIT;

		if (!add_value(&value, &limits[i], options))
			continue;
		open_object(out, &open, limits[i].object);
		if (strcmp(open, "unified") != 0)
			strbuf_addf(out, "\"%s\":%s", limits[i].key, strbuf_str(&value));
		else /* the words of the kernel's files */
			strbuf_addf(out, "\"%s\":\"%s\"", limits[i].key,
				strcmp(strbuf_str(&value), "-1") == 0 ? "max" : strbuf_str(&value));
	}
	r = add_unified(out, &open, &options->unified, err);
	strbuf_adds(out, open ? "}}" : "}");
	return r;
}

static int read_resources(const char *file, char **out_json, size_t *out_len, struct err *err)
{
	if (strcmp(file, "-") == 0)
		return host_read_fd(
			STDIN_FILENO, "standard input", SPEC_SIZE_MAX, out_json, out_len, err);
	return host_read(AT_FDCWD, file, SPEC_SIZE_MAX, out_json, out_len, err);
}

static int update_run(struct invocation *in, struct err *err)
{
	const struct update_options *options = in->options;
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	auto_free char *file = NULL;
	size_t len;
	int r = format_limits(&text, options, err);

	if (r < 0)
		return r;
	if (options->resources && strcmp(text.data, "{}") != 0)
		return err_bad(err, ERR_USAGE,
			"update: --resources excludes the options for single limits");
	if (options->resources) {
		r = read_resources(options->resources, &file, &len, err);
		return r < 0 ? r : container_update(&in->runtime, in->args[0], file, len, err);
	}
	if (strcmp(text.data, "{}") == 0) {
		err_bad(err, ERR_USAGE, "update: no limit given");
		err_hint(err,
			"give --resources FILE or an option such as --memory; see \"ringwall "
			"update --help\"");
		return err_result(err);
	}
	return container_update(&in->runtime, in->args[0], text.data, text.len, err);
}

const struct verb verb_update = {
	.name = "update",
	.args = "ID",
	.summary = "change the limits of a container",
	.about = "Changes the resource limits of the container ID; what is not named stays.  "
		 "BYTES take the suffixes k, m, g and t.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.options_size = sizeof(struct update_options),
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = update_run,
};
