/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of the seccomp compiler share: filter.c makes matches, verdicts and ranges of
 * the document, filter_code.c makes a program of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "oci/spec.h"
#include "runtime/process/bpf.h"

/* One check of an argument. */
struct condition {
	unsigned int arg;
	int op; /* enum scmp_compare, as given */
	uint64_t mask; /* of MASKED_EQ; else all ones of the machine's word */
	uint64_t value; /* masked */
};

/* One rule for one number. */
struct match {
	uint32_t nr;
	uint32_t action; /* with data */
	size_t first_condition; /* in compiler.conditions */
	size_t condition_count; /* 0: unconditional */
};

/* What is done with a number: an action, or a chain of matches ending in the default action. */
struct verdict {
	uint32_t action;
	uint32_t arch; /* of a chain: the one whose words are compared */
	size_t first_link; /* in compiler.chains: indices of matches, in the order of checking */
	size_t link_count; /* 0: just the action */
	size_t label; /* of a chain that is written */
};

struct range {
	uint32_t first; /* up to the next range's first */
	size_t verdict; /* index */
	uint32_t weight;
};

struct compiler {
	const struct spec_seccomp *seccomp;
	uint32_t default_action; /* with data */
	bool enosys; /* newer calls get ENOSYS */
	bool notify;
	bool *known; /* by rule and name, counted through; only while debugging */
	LIST_OF(uint32_t) archs; /* SCMP_ARCH_*, the native one first */
	LIST_OF(struct match) matches;
	LIST_OF(uint64_t) order; /* number and index of match: sorted by number, then by rule */
	LIST_OF(struct condition) conditions;
	LIST_OF(size_t) chains;
	LIST_OF(struct verdict) verdicts;
	LIST_OF(struct range) ranges;
	size_t match_size, order_size, condition_size, chain_size, verdict_size, range_size;
	struct bpf bpf;
};

/* Writes the search tree over compiler.ranges, which begins with loading the number. */
size_t compile_ranges(struct compiler *c);
