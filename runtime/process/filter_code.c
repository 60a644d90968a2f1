// SPDX-License-Identifier: Apache-2.0
/*
 * The second half of the seccomp compiler: from ranges of numbers to a program.  64-bit words are
 * compared in two halves, since classic BPF has 32-bit registers.
 */
#include "runtime/process/filter_compiler.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include "runtime/process/filter.h"
#include "runtime/process/filter_arch.h"

/* ---- conditions ---- */

/* One half of a 64-bit word, or the whole of a 32-bit one. */
struct word {
	uint32_t offset;
	uint32_t mask;
	uint32_t value;
};

static size_t word_compare(
	struct bpf *b, const struct word *w, uint16_t op, size_t if_true, size_t if_false)
{
	size_t label = bpf_branch(b, op, w->value, if_true, if_false);

	if (label == if_true && if_true == if_false)
		return label;
	if (w->mask != UINT32_MAX)
		label = bpf_and(b, w->mask, label);
	return bpf_load(b, w->offset, label);
}

/* arg & mask == value: halves that the mask leaves out are not looked at. */
static size_t compile_equal(struct bpf *b, const struct word *high, const struct word *low,
	size_t if_true, size_t if_false)
{
	size_t label = if_true;

	if (low->mask)
		label = word_compare(b, low, BPF_JEQ, label, if_false);
	if (high && high->mask)
		label = word_compare(b, high, BPF_JEQ, label, if_false);
	return label;
}

/* arg > value or arg >= value (@op of the low half): high halves decide unless they are equal. */
static size_t compile_greater(struct bpf *b, const struct word *high, const struct word *low,
	uint16_t op, size_t if_true, size_t if_false)
{
	size_t label = word_compare(b, low, op, if_true, if_false);

	if (!high)
		return label;
	label = bpf_branch(b, BPF_JEQ, high->value, label, if_false);
	label = bpf_branch(b, BPF_JGT, high->value, if_true, label);
	return bpf_load(b, high->offset, label);
}

static size_t compile_condition(struct bpf *b, uint32_t arch, const struct condition *condition,
	size_t if_true, size_t if_false)
{
	bool wide = arch_is_64(arch);
	struct word low = {
		.offset = arch_low_offset(arch, condition->arg),
		.mask = (uint32_t)condition->mask,
		.value = (uint32_t)condition->value,
	};
	struct word half = {
		.offset = arch_high_offset(arch, condition->arg),
		.mask = (uint32_t)(condition->mask >> 32),
		.value = (uint32_t)(condition->value >> 32),
	};
	const struct word *high = wide ? &half : NULL;

	/* NOLINTBEGIN(readability-suspicious-call-argument): the opposite swaps them */
	switch ((enum scmp_compare)condition->op) {
	case SCMP_CMP_EQ:
	case SCMP_CMP_MASKED_EQ:
		return compile_equal(b, high, &low, if_true, if_false);
	case SCMP_CMP_NE:
		return compile_equal(b, high, &low, if_false, if_true);
	case SCMP_CMP_GT:
		return compile_greater(b, high, &low, BPF_JGT, if_true, if_false);
	case SCMP_CMP_LE:
		return compile_greater(b, high, &low, BPF_JGT, if_false, if_true);
	case SCMP_CMP_GE:
		return compile_greater(b, high, &low, BPF_JGE, if_true, if_false);
	case SCMP_CMP_LT:
		return compile_greater(b, high, &low, BPF_JGE, if_false, if_true);
	case _SCMP_CMP_MIN:
	case _SCMP_CMP_MAX:
		break;
	}
	/* NOLINTEND(readability-suspicious-call-argument) */
	BUG("seccomp operator outside of its table");
}

/* ---- verdicts ---- */

/* Match after match, all conditions of each; the default action when none fits. */
static size_t compile_chain(struct compiler *c, const struct verdict *v)
{
	size_t next = bpf_return(&c->bpf, v->action);

	for (size_t i = v->link_count; i-- > 0;) {
		const struct match *m = &c->matches.items[c->chains.items[v->first_link + i]];
		size_t label = bpf_return(&c->bpf, m->action);

		for (size_t j = m->condition_count; j-- > 0;)
			label = compile_condition(&c->bpf, v->arch,
				&c->conditions.items[m->first_condition + j], label, next);
		next = label;
	}
	return next;
}

static size_t compile_verdict(struct compiler *c, size_t index)
{
	struct verdict *v = &c->verdicts.items[index];

	if (!v->link_count)
		return bpf_return(&c->bpf, v->action);
	if (v->label == BPF_NO_LABEL)
		v->label = compile_chain(c, v);
	return v->label;
}

/* ---- the tree ---- */

static uint32_t range_last(const struct compiler *c, size_t i)
{
	return i + 1 < c->ranges.count ? c->ranges.items[i + 1].first - 1 : UINT32_MAX;
}

/*
 * How often a range is asked for: when the filter is loaded, once for each number that the kernel
 * has.  It never asks for x32 then; and of the endless range after the last number it has few.
 */
static void compiler_weigh(struct compiler *c)
{
	for (size_t i = 0; i < c->ranges.count; i++) {
		struct range *range = &c->ranges.items[i];
		uint32_t width = range_last(c, i) - range->first;

		range->weight = width < 64 ? width + 1 : 64;
		range->weight = range->first < X32_BIT ? range->weight * 16 : 1;
	}
}

/* Where to cut ranges[from .. to) so that both sides weigh about the same. */
static size_t compiler_cut(const struct compiler *c, size_t from, size_t to)
{
	uint64_t total = 0, left = 0;
	size_t i;

	for (i = from; i < to; i++)
		total += c->ranges.items[i].weight;
	for (i = from; i < to - 2; i++) {
		uint64_t weight = c->ranges.items[i].weight;

		if (2 * left + weight > total)
			break;
		left += weight;
	}
	return i > from ? i : from + 1;
}

static size_t compile_tree(struct compiler *c, size_t from, size_t to)
{
	const struct range *ranges = c->ranges.items;
	size_t cut, left, right;

	if (to - from == 1)
		return compile_verdict(c, ranges[from].verdict);
	if (to - from == 3 && ranges[from].verdict == ranges[from + 2].verdict &&
		range_last(c, from + 1) == ranges[from + 1].first) {
		left = compile_verdict(c, ranges[from].verdict);
		right = compile_verdict(c, ranges[from + 1].verdict);
		return bpf_branch(&c->bpf, BPF_JEQ, ranges[from + 1].first, right, left);
	}
	cut = compiler_cut(c, from, to);
	right = compile_tree(c, cut, to);
	left = compile_tree(c, from, cut);
	return bpf_branch(&c->bpf, BPF_JGE, ranges[cut].first, right, left);
}

size_t compile_ranges(struct compiler *c)
{
	size_t label;

	compiler_weigh(c);
	label = compile_tree(c, 0, c->ranges.count);
	if (c->ranges.count == 1)
		return label;
	return bpf_load(&c->bpf, offsetof(struct seccomp_data, nr), label);
}
