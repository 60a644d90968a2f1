// SPDX-License-Identifier: Apache-2.0
/* kvm/cpuid.c: what is taken away, what is set, and how processors tell one from the other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kvm/cpuid.h"

static struct cpuid c;

static struct kvm_cpuid_entry2 *find(uint32_t leaf, uint32_t index)
{
	for (uint32_t i = 0; i < c.count; i++)
		if (c.entries[i].function == leaf && c.entries[i].index == index)
			return &c.entries[i];
	fail_msg("no leaf 0x%x, %u", leaf, index);
	return NULL;
}

/* A processor that can everything. */
static void everything(void)
{
	static const uint32_t leaves[] = { 1, 4, 5, 6, 7, 0xa, 0xb, 0xd, 0x80000001, 0x80000008,
		0x8000000a, 0x8000001d, 0x8000001e, 0x8000001f, 0x80000022, 0x80000026 };

	memset(&c, 0, sizeof(c));
	c.entries[c.count++] = (struct kvm_cpuid_entry2){ .function = 0, .eax = 0x1f };
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		c.entries[c.count++] = (struct kvm_cpuid_entry2){
			.function = leaves[i], .eax = ~0u, .ebx = ~0u, .ecx = ~0u, .edx = ~0u
		};
	/* A data cache of level 1, and one of level 3. */
	find(4, 0)->eax = 0xffffc121;
	find(0x8000001d, 0)->eax = 0xffffc163;
}

static void taken_away(void **state)
{
	const struct cpuid_options o = { .cpus = 1 };

	(void)state;
	everything();
	cpuid_filter(&c, &o, 0);
	assert_false(find(1, 0)->ecx & (1 << 2 | 1 << 3 | 1 << 5 | 1 << 15));
	assert_true(find(1, 0)->ecx & 1u << 31);
	assert_false(find(1, 0)->edx & (1 << 21 | 1 << 28));
	assert_false(find(0x80000001, 0)->ecx & 1 << 2);
	assert_int_equal(find(0xa, 0)->eax | find(5, 0)->eax | find(0x8000000a, 0)->edx, 0);
	assert_int_equal(find(6, 0)->eax, 4);
	/* A guest with encrypted memory is what this one is not. */
	assert_int_equal(find(0x8000001f, 0)->eax | find(0x8000001f, 0)->ebx, 0);
	/* And nothing else. */
	assert_int_equal(find(7, 0)->ebx, ~0u);
	assert_int_equal(find(0xd, 0)->eax, ~0u);
	assert_int_equal(find(1, 0)->edx, ~(1u << 21 | 1u << 28));
}

static void kept(void **state)
{
	const struct cpuid_options o = { .cpus = 1, .nested = true, .tsc_deadline = true };

	(void)state;
	everything();
	find(1, 0)->ecx = 1 << 5;
	cpuid_filter(&c, &o, 0);
	assert_int_equal(find(1, 0)->ecx, 1u << 31 | 1 << 24 | 1 << 5);
	assert_true(find(0x80000001, 0)->ecx & 1 << 2);
	assert_int_equal(find(0x8000000a, 0)->edx, ~0u);
}

static void topology(void **state)
{
	const struct cpuid_options o = { .cpus = 6 };

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		everything();
		cpuid_filter(&c, &o, i);
		assert_int_equal(find(1, 0)->ebx >> 24, i);
		assert_int_equal(find(1, 0)->ebx >> 16 & 0xff, 8);
		assert_true(find(1, 0)->edx & 1 << 28);
		assert_int_equal(find(0xb, 0)->ebx, 1);
		assert_int_equal(find(0xb, 0)->ecx, 1 << 8);
		assert_int_equal(find(0xb, 1)->eax, 3);
		assert_int_equal(find(0xb, 1)->ebx, 6);
		assert_int_equal(find(0xb, 1)->ecx, 2 << 8 | 1);
		assert_int_equal(find(0xb, 2)->ebx, 0);
		assert_int_equal(find(0xb, 1)->edx, i);
		assert_int_equal(find(0x1f, 1)->edx, i);
		assert_int_equal(find(0x80000008, 0)->ecx & 0xf0ff, 3 << 12 | 5);
		assert_int_equal(find(0x8000001e, 0)->eax, i);
		/* Level 1 is a core's own, level 3 all cores'. */
		assert_int_equal(find(4, 0)->eax, 0x1c000121);
		assert_int_equal(find(0x8000001d, 0)->eax, 7 << 14 | 0x163);
	}
}

/* The table is full: nothing is written behind it. */
static void full(void **state)
{
	const struct cpuid_options o = { .cpus = 2 };

	(void)state;
	everything();
	for (; c.count < CPUID_ENTRIES_MAX; c.count++)
		c.entries[c.count].function = 0x40000000 + c.count;
	cpuid_filter(&c, &o, 1);
	assert_int_equal(c.count, CPUID_ENTRIES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken_away),
		cmocka_unit_test(kept),
		cmocka_unit_test(topology),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
