// SPDX-License-Identifier: Apache-2.0
/*
 * The table of linux.resources: which property becomes which cgroup v2 file, in which form.
 *
 * The rows stand in the order of writing.  A row's function gets the property's value and adds
 * writes to the list, or explains why cgroup v2 has no way to say it (config-linux.md, "Unified":
 * "If the conversion is not possible the runtime MUST generate an error").  Nothing here looks at
 * the machine.
 *
 * 0 means "not set" where the kernel has no use for a 0 and engines write it so: memory.limit and
 * swap (podman run --memory 0), shares, quota, period, weights (docker writes blockIO.weight 0).
 */
#include "cgroups/limits.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/path.h"

/* sched(7) and kernel/sched/core.c: a period lies in 1 ms .. 1 s, a quota is at least 1 ms */
#define CPU_TIME_MIN 1000
#define CPU_PERIOD_MAX 1000000
#define CPU_QUOTA_MAX ((1ull << 44) - 1)
#define CPU_PERIOD_DEFAULT 100000

#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MAX 10000
#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000

struct planner {
	const struct spec_resources *resources;
	const struct limits_present *present; /* NULL: a new cgroup */
	struct limits *limits;
};

struct key {
	struct cgroup_key_info info;
	size_t section; /* offset of the object's pointer in spec_resources, or DIRECT */
	size_t member; /* offset of the value in the object */
	int (*plan)(struct planner *p, const struct cgroup_key_info *key, const void *value,
		struct err *err);
};

#define DIRECT SIZE_MAX

/* ---- adding ---- */

static struct limit *add_named(struct planner *p, const char *property, const char *controller,
	const char *file, char *value_taken)
{
	struct limits *list = p->limits;
	struct limit *limit;

	list->items = xrealloc_array(list->items, list->count + 1, sizeof(*list->items));
	limit = &list->items[list->count++];
	*limit = (struct limit){
		.property = xstrdup(property),
		.controller = controller ? xstrdup(controller) : NULL,
		.file = xstrdup(file),
		.value = value_taken,
	};
	return limit;
}

static struct limit *add(struct planner *p, const struct cgroup_key_info *key, char *value_taken)
{
	return add_named(p, key->property, key->controller, key->file, value_taken);
}

/* A size in bytes, or "max" for -1. */
static char *size_text(int64_t size)
{
	return size < 0 ? xstrdup("max") : xasprintf("%" PRId64, size);
}

static int size_check(const struct cgroup_key_info *key, int64_t size, struct err *err)
{
	if (size < -1)
		return err_bad(err, ERR_CONFIG,
			"%s: %" PRId64 " is neither a size in bytes nor -1 (unlimited)",
			key->property, size);
	return 0;
}

static int not_in_v2(const struct cgroup_key_info *key, struct err *err)
{
	return err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP, "%s: cgroup v2 has no such control (%s)",
		key->property, key->doc);
}

/* ---- memory ---- */

static int64_t memory_max(const struct planner *p)
{
	const struct opt_i64 *limit = &p->resources->memory->limit;

	if (limit->set && limit->v != 0)
		return limit->v;
	return p->present ? p->present->memory_max : -1;
}

static int plan_memory_limit(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *limit = value;
	const struct spec_memory *memory = p->resources->memory;

	if (!limit->set || limit->v == 0)
		return 0;
	if (size_check(key, limit->v, err) < 0)
		return err_result(err);
	add(p, key, size_text(limit->v));
	if (memory->check_before_update.v && limit->v > 0)
		p->limits->usage_max = (struct opt_u64){ true, (uint64_t)limit->v };
	/* As with cgroup v1, where swap is part of the sum: no limit of memory, none of swap. */
	if (p->present && limit->v == -1 && (!memory->swap.set || memory->swap.v == 0))
		add_named(p, key->property, key->controller, "memory.swap.max", xstrdup("max"))
			->optional = true;
	return 0;
}

static int plan_memory_low(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *reservation = value;

	if (!reservation->set)
		return 0;
	if (size_check(key, reservation->v, err) < 0)
		return err_result(err);
	add(p, key, size_text(reservation->v));
	return 0;
}

/* The property limits memory and swap together, the file swap alone. */
static int plan_memory_swap(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *swap = value;
	int64_t max;

	if (!swap->set || swap->v == 0)
		return 0;
	if (size_check(key, swap->v, err) < 0)
		return err_result(err);
	if (swap->v == -1) {
		add(p, key, xstrdup("max"))->optional = true;
		return 0;
	}
	max = memory_max(p);
	if (max < 0)
		return err_bad(err, ERR_CONFIG,
			"%s: a limit of memory and swap together needs "
			"linux.resources.memory.limit",
			key->property);
	if (swap->v < max)
		return err_bad(err, ERR_CONFIG,
			"%s: %" PRId64 " bytes of memory and swap are less than the %" PRId64
			" of memory alone",
			key->property, swap->v, max);
	/* Without swap in the kernel the file is missing, and no swap is what was asked for. */
	add(p, key, size_text(swap->v - max))->optional = swap->v == max;
	return 0;
}

/* kernel, kernelTCP: "unlimited" is what v2 does; it counts them as memory. */
static int plan_memory_kernel(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *limit = value;

	(void)p;
	if (!limit->set || limit->v == -1 || limit->v == 0)
		return 0;
	return not_in_v2(key, err);
}

static int plan_swappiness(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	(void)p;
	return ((const struct opt_u64 *)value)->set ? not_in_v2(key, err) : 0;
}

static int plan_oom_killer(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_bool *disable = value;

	(void)p;
	return disable->set && disable->v ? not_in_v2(key, err) : 0;
}

static int plan_hierarchy(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_bool *use = value;

	(void)p;
	return use->set && !use->v ? not_in_v2(key, err) : 0;
}

/* ---- cpu ---- */

uint64_t limits_cpu_weight(uint64_t shares)
{
	double l;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	/* A parabola in log2(shares) through (2, 1), (1024, 100) and (262144, 10000): the ends and
	 * the defaults of both scales.  The tiny term keeps 1024 from becoming 101. */
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0) - 1e-9);
}

static int plan_shares(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_u64 *shares = value;
	const struct opt_i64 *idle = &p->resources->cpu->idle;

	(void)err;
	/* SCHED_IDLE has a weight of its own and the kernel refuses another (EINVAL). */
	if (shares->set && shares->v != 0 && !(idle->set && idle->v == 1))
		add(p, key, xasprintf("%" PRIu64, limits_cpu_weight(shares->v)));
	return 0;
}

static int plan_idle(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *idle = value;

	if (!idle->set)
		return 0;
	if (idle->v != 0 && idle->v != 1)
		return err_bad(err, ERR_CONFIG, "%s: %" PRId64 " is neither 0 nor 1", key->property,
			idle->v);
	add(p, key, xasprintf("%" PRId64, idle->v));
	return 0;
}

static void add_burst(struct planner *p, const struct cgroup_key_info *key)
{
	add_named(p, "linux.resources.cpu.burst", key->controller, "cpu.max.burst",
		xasprintf("%" PRIu64, p->resources->cpu->burst.v));
}

static int cpu_time_check(const char *property, uint64_t us, uint64_t max, struct err *err)
{
	if (us < CPU_TIME_MIN || us > max)
		return err_bad(err, ERR_CONFIG,
			"%s: %" PRIu64
			" microseconds is not in the range of the kernel, %d to %" PRIu64,
			property, us, CPU_TIME_MIN, max);
	return 0;
}

/* The kernel would say EINVAL. */
static int burst_too_large(
	const struct cgroup_key_info *key, int64_t quota, uint64_t burst, struct err *err)
{
	err_bad(err, ERR_CONFIG,
		"%s: %" PRId64 " microseconds are less than the burst of %" PRIu64
		" that the container has",
		key->property, quota, burst);
	err_hint(err, "set linux.resources.cpu.burst (--cpu-burst) too");
	return err_result(err);
}

/* The text of cpu.max, NULL when neither quota nor period is given. */
static char *cpu_max_text(const struct planner *p, int64_t *out_quota)
{
	const struct spec_cpu *cpu = p->resources->cpu;
	bool quota_set = cpu->quota.set && cpu->quota.v != 0;
	bool period_set = cpu->period.set && cpu->period.v != 0;
	uint64_t period = period_set ? cpu->period.v
		: p->present	     ? p->present->cpu_period
				     : CPU_PERIOD_DEFAULT;
	int64_t quota = quota_set ? cpu->quota.v : p->present ? p->present->cpu_quota : -1;

	*out_quota = quota;
	if (!quota_set && !period_set)
		return NULL;
	if (quota < 0)
		return xasprintf("max %" PRIu64, period);
	return xasprintf("%" PRId64 " %" PRIu64, quota, period);
}

/*
 * quota, period and burst in one, because their order matters: the kernel never lets the burst
 * exceed the quota, not even between two writes.
 */
static int plan_cpu_max(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct spec_cpu *cpu = p->resources->cpu;
	bool burst_first;
	int64_t quota;
	auto_free char *text = cpu_max_text(p, &quota);

	(void)value;
	if (cpu->quota.set && cpu->quota.v > 0 &&
		cpu_time_check(key->property, (uint64_t)cpu->quota.v, CPU_QUOTA_MAX, err) < 0)
		return err_result(err);
	if (cpu->period.set && cpu->period.v != 0 &&
		cpu_time_check("linux.resources.cpu.period", cpu->period.v, CPU_PERIOD_MAX, err) <
			0)
		return err_result(err);
	if (cpu->burst.set && quota > 0 && cpu->burst.v > (uint64_t)quota)
		return err_bad(err, ERR_CONFIG,
			"linux.resources.cpu.burst: %" PRIu64
			" microseconds is more than the quota of %" PRId64,
			cpu->burst.v, quota);
	if (!cpu->burst.set && quota > 0 && p->present && p->present->cpu_burst > (uint64_t)quota)
		return burst_too_large(key, quota, p->present->cpu_burst, err);
	/* Running: a burst that the old quota allows goes first, the quota may shrink below the
	 * old burst; otherwise the quota grows first. */
	burst_first = cpu->burst.set && p->present &&
		(p->present->cpu_quota < 0 || cpu->burst.v <= (uint64_t)p->present->cpu_quota);
	if (burst_first)
		add_burst(p, key);
	if (text) /* named after what was asked for, not after the file's first number */
		add_named(p, cpu->quota.set ? key->property : "linux.resources.cpu.period",
			key->controller, key->file, take_ptr(&text));
	if (cpu->burst.set && !burst_first)
		add_burst(p, key);
	return 0;
}

/* Rows that document a property which another row writes. */
static int plan_elsewhere(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	(void)p, (void)key, (void)value, (void)err;
	return 0;
}

static int plan_rt_runtime(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *v = value;

	(void)p;
	return v->set && v->v != 0 ? not_in_v2(key, err) : 0;
}

static int plan_rt_period(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_u64 *v = value;

	(void)p;
	return v->set && v->v != 0 ? not_in_v2(key, err) : 0;
}

static int plan_text(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const char *text = *(const char *const *)value;

	(void)err;
	if (text && *text)
		add(p, key, xstrdup(text));
	return 0;
}

/* ---- pids ---- */

static int plan_pids(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_i64 *limit = value;

	if (!limit->set)
		return 0;
	if (limit->v < -1)
		return err_bad(err, ERR_CONFIG,
			"%s: %" PRId64 " is neither a number of tasks nor -1 (unlimited)",
			key->property, limit->v);
	/*
	 * 0 and 1 are the same to a container, no fork at all; but the container's first process
	 * is cloned into the cgroup, and 0 would forbid that as well.
	 */
	add(p, key, limit->v == 0 ? xstrdup("1") : size_text(limit->v));
	return 0;
}

/* ---- blockIO ---- */

static int weight_check(const char *property, uint32_t weight, struct err *err)
{
	if (weight < BLKIO_WEIGHT_MIN || weight > BLKIO_WEIGHT_MAX)
		return err_bad(err, ERR_CONFIG, "%s: %" PRIu32 " is not in the range %d to %d",
			property, weight, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX);
	return 0;
}

/* blkio.weight (10 .. 1000) to io.weight (1 .. 10000), linearly. */
static uint32_t io_weight(uint32_t weight)
{
	return 1 +
		(weight - BLKIO_WEIGHT_MIN) * (WEIGHT_MAX - 1) /
		(BLKIO_WEIGHT_MAX - BLKIO_WEIGHT_MIN);
}

/* The bfq scheduler keeps the scale of v1; without it io.weight (iocost) is what there is. */
static int plan_weight(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_u32 *weight = value;
	struct limit *limit;

	if (!weight->set || weight->v == 0)
		return 0;
	if (weight_check(key->property, weight->v, err) < 0)
		return err_result(err);
	limit = add(p, key, xasprintf("%" PRIu32, weight->v));
	limit->or_file = xstrdup("io.weight");
	limit->or_value = xasprintf("%" PRIu32, io_weight(weight->v));
	return 0;
}

static int plan_leaf_weight(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_u32 *weight = value;

	(void)p;
	return weight->set && weight->v != 0 ? not_in_v2(key, err) : 0;
}

static int device_check(const char *property, int64_t major, int64_t minor, struct err *err)
{
	if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
		return err_bad(err, ERR_CONFIG,
			"%s: %" PRId64 ":%" PRId64 " is not a device number", property, major,
			minor);
	return 0;
}

static int plan_weight_device(struct planner *p, const char *property,
	const struct cgroup_key_info *key, const struct spec_weight_device *device, struct err *err)
{
	struct limit *limit;

	if (device_check(property, device->major, device->minor, err) < 0)
		return err_result(err);
	if (device->leaf_weight.set && device->leaf_weight.v != 0)
		return err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
			"%s.leafWeight: cgroup v2 has no such control", property);
	if (!device->weight.set || device->weight.v == 0)
		return 0;
	if (weight_check(property, device->weight.v, err) < 0)
		return err_result(err);
	limit = add_named(p, property, key->controller, key->file,
		xasprintf("%" PRId64 ":%" PRId64 " %" PRIu32, device->major, device->minor,
			device->weight.v));
	limit->or_file = xstrdup("io.weight");
	limit->or_value = xasprintf("%" PRId64 ":%" PRId64 " %" PRIu32, device->major,
		device->minor, io_weight(device->weight.v));
	return 0;
}

static int plan_weight_devices(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct spec_block_io *io = value;

	for (size_t i = 0; i < io->weight_device.count; i++) {
		auto_free char *property = xasprintf("%s[%zu]", key->property, i);
		int r = plan_weight_device(p, property, key, &io->weight_device.items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_throttle(struct planner *p, const struct cgroup_key_info *key, const void *value,
	const char *word, struct err *err)
{
	const spec_throttle_devices *devices = value;

	for (size_t i = 0; i < devices->count; i++) {
		const struct spec_throttle_device *d = &devices->items[i];
		auto_free char *property = xasprintf("%s[%zu]", key->property, i);
		auto_free char *rate = NULL;

		if (device_check(property, d->major, d->minor, err) < 0)
			return err_result(err);
		/* A rate of 0 lifts the limit in v1; io.max calls that "max" and refuses 0. */
		rate = d->rate == 0 ? xstrdup("max") : xasprintf("%" PRIu64, d->rate);
		add_named(p, property, key->controller, key->file,
			xasprintf("%" PRId64 ":%" PRId64 " %s=%s", d->major, d->minor, word, rate));
	}
	return 0;
}

#define THROTTLE(word)                                                               \
	static int plan_##word(struct planner *p, const struct cgroup_key_info *key, \
		const void *value, struct err *err)                                  \
	{                                                                            \
		return plan_throttle(p, key, value, #word, err);                     \
	}
THROTTLE(rbps)
THROTTLE(wbps)
THROTTLE(riops)
THROTTLE(wiops)

/* ---- hugetlb, rdma, network ---- */

static int plan_hugepages(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct spec_resources *resources = value;

	for (size_t i = 0; i < resources->hugepage_limits.count; i++) {
		const struct spec_hugepage_limit *huge = &resources->hugepage_limits.items[i];
		auto_free char *property = xasprintf("%s[%zu]", key->property, i);
		auto_free char *reserve = xasprintf("hugetlb.%s.rsvd.max", huge->page_size);
		auto_free char *fault = xasprintf("hugetlb.%s.max", huge->page_size);

		if (!path_is_name(fault)) /* CVE class of GHSA-5g49-rx9x-qfc6 */
			return err_bad(err, ERR_CONFIG, "%s.pageSize: \"%s\" is not a page size",
				property, huge->page_size);
		/* Reservations first, which fail at mmap where a fault ends in SIGBUS.  The limit
		 * of faults as well, as runc does it: people look for the number there. */
		add_named(p, property, key->controller, reserve, xasprintf("%" PRIu64, huge->limit))
			->optional = true;
		add_named(p, property, key->controller, fault, xasprintf("%" PRIu64, huge->limit));
	}
	return 0;
}

static int plan_rdma(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct spec_resources *resources = value;

	for (size_t i = 0; i < resources->rdma.count; i++) {
		const struct spec_rdma *rdma = &resources->rdma.items[i];
		auto_free char *property = xasprintf("%s[\"%s\"]", key->property, rdma->device);
		auto_free char *handles = NULL, *objects = NULL;

		if (!path_is_name(rdma->device) || strpbrk(rdma->device, " \t\n"))
			return err_bad(err, ERR_CONFIG, "%s: not a device name", property);
		handles = rdma->hca_handles.set
			? xasprintf(" hca_handle=%" PRIu32, rdma->hca_handles.v)
			: xstrdup("");
		objects = rdma->hca_objects.set
			? xasprintf(" hca_object=%" PRIu32, rdma->hca_objects.v)
			: xstrdup("");
		if (*handles || *objects)
			add_named(p, property, key->controller, key->file,
				xasprintf("%s%s%s", rdma->device, handles, objects));
	}
	return 0;
}

static int plan_class_id(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct opt_u32 *id = value;

	(void)p;
	return id->set && id->v != 0 ? not_in_v2(key, err) : 0;
}

static int plan_priorities(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	(void)p;
	return ((const struct spec_network *)value)->priorities.count ? not_in_v2(key, err) : 0;
}

/* ---- unified ---- */

/* Files of the cgroup core that a configuration may set; the others are how we run the container.
 */
static bool is_ours(const char *file)
{
	return strncmp(file, "cgroup.", 7) == 0 && strncmp(file, "cgroup.max.", 11) != 0 &&
		strcmp(file, "cgroup.pressure") != 0;
}

static int plan_unified(
	struct planner *p, const struct cgroup_key_info *key, const void *value, struct err *err)
{
	const struct spec_resources *resources = value;

	for (size_t i = 0; i < resources->unified.count; i++) {
		const struct spec_pair *pair = &resources->unified.items[i];
		auto_free char *property = xasprintf("%s[\"%s\"]", key->property, pair->key);
		auto_free char *controller = NULL;
		const char *dot = strchr(pair->key, '.');

		if (!path_is_name(pair->key) || !dot || dot == pair->key)
			return err_bad(err, ERR_CONFIG,
				"%s: not the name of a cgroup file (\"controller.what\")",
				property);
		if (is_ours(pair->key))
			return err_bad(err, ERR_CONFIG,
				"%s: this file belongs to the runtime and cannot be configured",
				property);
		controller = xstrndup(pair->key, (size_t)(dot - pair->key));
		add_named(p, property, strcmp(controller, "cgroup") == 0 ? NULL : controller,
			pair->key, xstrdup(pair->value));
	}
	return 0;
}

/* ---- the table ---- */

#define R "linux.resources."
#define ROW(property, file, controller, section, type, member, plan, doc)                        \
	{                                                                                        \
		{ R property, file, controller, doc }, offsetof(struct spec_resources, section), \
			offsetof(struct type, member), plan                                      \
	}
#define MEMORY(property, file, member, plan, doc) \
	ROW("memory." property, file, "memory", memory, spec_memory, member, plan, doc)
#define CPU(property, file, member, plan, doc) \
	ROW("cpu." property, file, "cpu", cpu, spec_cpu, member, plan, doc)
#define CPUSET(property, file, member, plan, doc) \
	ROW("cpu." property, file, "cpuset", cpu, spec_cpu, member, plan, doc)
#define IO(property, file, member, plan, doc) \
	ROW("blockIO." property, file, "io", block_io, spec_block_io, member, plan, doc)
#define TOP(property, file, controller, offset, plan, doc)                  \
	{                                                                   \
		{ R property, file, controller, doc }, DIRECT, offset, plan \
	}

static const struct key keys[] = {
	MEMORY("limit", "memory.max", limit, plan_memory_limit,
		"-1: max, in an update without swap memory.swap.max too; 0: not set"),
	MEMORY("reservation", "memory.low", reservation, plan_memory_low, "-1: max"),
	MEMORY("swap", "memory.swap.max", swap, plan_memory_swap,
		"less memory.limit, which it includes; -1: max; 0: not set"),
	MEMORY("kernel", NULL, kernel, plan_memory_kernel,
		"memory.max counts kernel memory too; only -1 and 0 are accepted"),
	MEMORY("kernelTCP", NULL, kernel_tcp, plan_memory_kernel,
		"memory.max counts TCP buffers too; only -1 and 0 are accepted"),
	MEMORY("swappiness", NULL, swappiness, plan_swappiness, "it was part of cgroup v1"),
	MEMORY("disableOOMKiller", NULL, disable_oom_killer, plan_oom_killer,
		"it was part of cgroup v1; only false is accepted"),
	MEMORY("useHierarchy", NULL, use_hierarchy, plan_hierarchy,
		"v2 is always hierarchical; only true is accepted"),
	MEMORY("checkBeforeUpdate", "memory.current", check_before_update, plan_elsewhere,
		"a memory.limit below the usage is refused"),
	/* Leaving SCHED_IDLE comes before setting a weight. */
	CPU("idle", "cpu.idle", idle, plan_idle, "0 or 1; 1 has a weight of its own"),
	CPU("shares", "cpu.weight", shares, plan_shares,
		"10^((l^2 + 125 l) / 612 - 7/34) with l = log2(shares), rounded up; 0: not set"),
	CPU("quota", "cpu.max", quota, plan_cpu_max,
		"the first number of cpu.max; negative: max; 0: not set"),
	CPU("period", "cpu.max", period, plan_elsewhere, "the second number of cpu.max"),
	CPU("burst", "cpu.max.burst", burst, plan_elsewhere, "at most the quota"),
	CPU("realtimeRuntime", NULL, realtime_runtime, plan_rt_runtime,
		"it was part of cgroup v1; only 0 is accepted"),
	CPU("realtimePeriod", NULL, realtime_period, plan_rt_period,
		"it was part of cgroup v1; only 0 is accepted"),
	CPUSET("cpus", "cpuset.cpus", cpus, plan_text, "as it is"),
	CPUSET("mems", "cpuset.mems", mems, plan_text, "as it is"),
	TOP("pids.limit", "pids.max", "pids", offsetof(struct spec_resources, pids_limit),
		plan_pids,
		"-1: max; 0 becomes 1, which forbids every fork and still lets the first process "
		"in"),
	IO("weight", "io.bfq.weight", weight, plan_weight,
		"without bfq io.weight, 1 + (weight - 10) * 9999 / 990; 0: not set"),
	IO("leafWeight", NULL, leaf_weight, plan_leaf_weight,
		"it went with the CFQ scheduler in Linux 5.0"),
	/* The lists are reached through their object, which the function gets. */
	{ { R "blockIO.weightDevice", "io.bfq.weight", "io", "as weight, after the device" },
		offsetof(struct spec_resources, block_io), 0, plan_weight_devices },
	IO("throttleReadBpsDevice", "io.max", throttle_read_bps_device, plan_rbps, "rbps=; 0: max"),
	IO("throttleWriteBpsDevice", "io.max", throttle_write_bps_device, plan_wbps,
		"wbps=; 0: max"),
	IO("throttleReadIOPSDevice", "io.max", throttle_read_iops_device, plan_riops,
		"riops=; 0: max"),
	IO("throttleWriteIOPSDevice", "io.max", throttle_write_iops_device, plan_wiops,
		"wiops=; 0: max"),
	TOP("hugepageLimits", "hugetlb.<size>.max", "hugetlb", 0, plan_hugepages,
		"first hugetlb.<size>.rsvd.max, where the kernel has it"),
	TOP("rdma", "rdma.max", "rdma", 0, plan_rdma, "hca_handle=, hca_object="),
	ROW("network.classID", NULL, NULL, network, spec_network, class_id, plan_class_id,
		"it was part of cgroup v1; only 0 is accepted"),
	{ { R "network.priorities", NULL, NULL, "it was part of cgroup v1" },
		offsetof(struct spec_resources, network), 0, plan_priorities },
	/* Last: what is said in the words of v2 overrides what was converted. */
	TOP("unified", "<key>", "its first word", 0, plan_unified,
		"as it is, one write a line; its controller is enabled, unknown keys too"),
	TOP("devices", "an eBPF program", NULL, 0, plan_elsewhere,
		"the last rule that speaks of a device and an access decides; a denial of "
		"everything leaves the default devices; without rules those and linux.devices"),
};

const struct cgroup_key_info *cgroup_key_info(size_t index)
{
	return index < ARRAY_SIZE(keys) ? &keys[index].info : NULL;
}

int limits_plan(const struct spec_resources *resources, const struct limits_present *present,
	struct limits *out_limits, struct err *err)
{
	auto_(limits) struct limits limits = { 0 };
	struct planner p = { resources, present, &limits };

	for (size_t i = 0; resources && i < ARRAY_SIZE(keys); i++) {
		const struct key *key = &keys[i];
		const char *object = (const char *)resources;
		int r;

		if (key->section != DIRECT)
			object = *(const char *const *)(const void *)(object + key->section);
		if (!object)
			continue;
		r = key->plan(&p, &key->info, object + key->member, err);
		if (r < 0)
			return r;
	}
	*out_limits = limits;
	limits = (struct limits){ 0 };
	return 0;
}

static void limit_release(struct limit *limit)
{
	free(limit->property);
	free(limit->controller);
	free(limit->file);
	free(limit->value);
	free(limit->or_file);
	free(limit->or_value);
}

void limits_release(struct limits *limits)
{
	for (size_t i = 0; i < limits->count; i++)
		limit_release(&limits->items[i]);
	free(limits->items);
	*limits = (struct limits){ 0 };
}

void limits_saved_release(struct limits_saved *saved)
{
	for (size_t i = 0; i < saved->count; i++)
		limit_release(&saved->items[i]);
	free(saved->items);
	*saved = (struct limits_saved){ 0 };
}
