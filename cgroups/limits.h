/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: from linux.resources to a list of {file, value}, and from there into a cgroup.  The list
 * is made without looking at the machine (limits_plan, keys.c) and is what the unit tests compare.
 * Private to cgroups/.
 */
#pragma once

#include "cgroups/cgroup.h"

/* One write.  All strings are heap and belong to the list. */
struct limit {
	char *property; /* "linux.resources.memory.limit": for messages */
	char *controller; /* "memory"; NULL: needs none */
	char *file; /* a single name below the cgroup */
	char *value; /* several lines are several writes */
	char *or_file; /* used with @or_value where @file does not exist; NULL: none */
	char *or_value;
	bool optional; /* a file that does not exist is no error */
};

struct limits {
	struct limit *items;
	size_t count;
	/* linux.resources.memory.checkBeforeUpdate: refuse a limit below what is in use */
	struct opt_u64 usage_max;
};

/* What a running cgroup has now: some values depend on it.  Read by limits_present(). */
struct limits_present {
	int64_t memory_max; /* -1: max */
	int64_t cpu_quota; /* -1: max */
	uint64_t cpu_period;
	uint64_t cpu_burst;
};

/*
 * Decides what is to be written, in order.  @present: NULL for a new cgroup.  Values that cgroup
 * v2 cannot express are errors that name the property.
 */
int limits_plan(const struct spec_resources *resources, const struct limits_present *present,
	struct limits *out_limits, struct err *err) MUST_USE;
void limits_release(struct limits *limits);
DEFINE_AUTO(limits, limits_release);

/* cpu.shares (2 .. 262144) to cpu.weight (1 .. 10000), as runc 1.3.2 and crun 1.23 convert. */
uint64_t limits_cpu_weight(uint64_t shares);

/* Reads what limits_plan() will need for @resources, and only that. */
int limits_present(int dirfd, const struct spec_resources *resources,
	struct limits_present *out_present, struct err *err) MUST_USE;

/* Writes them all into cgroup @dirfd. */
int limits_apply(int dirfd, const struct limits *limits, struct err *err) MUST_USE;

/* What limits_change() replaced. */
struct limits_saved {
	struct limit *items;
	size_t count;
};
void limits_saved_release(struct limits_saved *saved);
DEFINE_AUTO(limits_saved, limits_saved_release);

/* As limits_apply(), on a cgroup in use; when a write fails the earlier ones are taken back, so
 * what cannot be taken back goes last: a lower memory.max kills, a cpuset stays.  A file that
 * exists and cannot be read is an error before anything is written.  *out_saved: for
 * limits_restore(), when something later fails. */
int limits_change(int dirfd, const struct limits *limits, struct limits_saved *out_saved,
	struct err *err) MUST_USE;
void limits_restore(int dirfd, const struct limits_saved *saved);
