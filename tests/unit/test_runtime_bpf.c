// SPDX-License-Identifier: Apache-2.0
/* The backward assembler: jumps of every distance around what a conditional jump can reach. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "runtime/process/bpf.h"

/* Runs a program whose only input is the word @word; the jumps must stay inside of it. */
static uint32_t run(const struct sock_filter *insns, size_t count, uint32_t word)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < count; pc++) {
		switch (insns[pc].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = word;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insns[pc].k;
			break;
		case BPF_JMP | BPF_JA:
			pc += insns[pc].k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == insns[pc].k ? insns[pc].jt : insns[pc].jf;
			break;
		case BPF_RET | BPF_K:
			return insns[pc].k;
		default:
			fail_msg("unexpected instruction 0x%x", insns[pc].code);
		}
	}
	fail_msg("the program runs over its end");
	return 0;
}

static void fill(struct bpf *b, size_t count)
{
	size_t label = bpf_return(b, 99);

	while (count-- > 0)
		label = bpf_and(b, 0, label);
}

/* Two targets, @between instructions, then the branch: both sides must arrive. */
static void check_branch(size_t before, size_t between, bool returns)
{
	struct bpf b = BPF_INIT;
	struct sock_filter *insns;
	size_t first, second, count;

	first = bpf_return(&b, 1);
	if (!returns)
		first = bpf_and(&b, 0xff, first);
	fill(&b, before);
	second = bpf_return(&b, 2);
	if (!returns)
		second = bpf_and(&b, 0xff, second);
	fill(&b, between);
	bpf_load(&b, 0, bpf_branch(&b, BPF_JEQ, 7, first, second));
	insns = bpf_take(&b, &count);
	assert_int_equal(run(insns, count, 7), 1);
	assert_int_equal(run(insns, count, 8), 2);
	free(insns);
	bpf_release(&b);

	b = (struct bpf)BPF_INIT;
	second = bpf_and(&b, 0xff, bpf_return(&b, 2));
	fill(&b, before);
	first = bpf_and(&b, 0xff, bpf_return(&b, 1));
	fill(&b, between);
	bpf_load(&b, 0, bpf_branch(&b, BPF_JEQ, 7, first, second));
	insns = bpf_take(&b, &count);
	assert_int_equal(run(insns, count, 7), 1);
	assert_int_equal(run(insns, count, 8), 2);
	free(insns);
	bpf_release(&b);
}

static void test_distances(void **state)
{
	(void)state;
	for (size_t between = 245; between < 262; between++) {
		for (size_t before = 0; before < 4; before++) {
			check_branch(before, between, true);
			check_branch(before, between, false);
		}
		check_branch(between, 0, true);
		check_branch(between, 0, false);
		check_branch(between, between, false);
	}
}

static void test_statements_fall_where_they_are_told(void **state)
{
	struct bpf b = BPF_INIT;
	size_t one = bpf_return(&b, 1), count;
	struct sock_filter *insns;

	(void)state;
	bpf_return(&b, 2);
	bpf_load(&b, 0, one);
	insns = bpf_take(&b, &count);
	assert_int_equal(run(insns, count, 0), 1);
	free(insns);
	bpf_release(&b);
}

static void test_equal_branches_need_no_test(void **state)
{
	auto_(bpf) struct bpf b = BPF_INIT;
	size_t label = bpf_return(&b, 5);

	(void)state;
	assert_int_equal(bpf_branch(&b, BPF_JEQ, 7, label, label), label);
	assert_int_equal(b.count, 1);
}

static void test_returns_are_shared(void **state)
{
	auto_(bpf) struct bpf b = BPF_INIT;
	size_t one = bpf_return(&b, 1);
	size_t two = bpf_return(&b, 2);

	(void)state;
	assert_int_not_equal(one, two);
	assert_int_equal(bpf_return(&b, 1), one);
	assert_int_equal(bpf_return(&b, 2), two);
	fill(&b, 300);
	assert_int_not_equal(bpf_return(&b, 1), one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_statements_fall_where_they_are_told),
		cmocka_unit_test(test_equal_branches_need_no_test),
		cmocka_unit_test(test_returns_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
