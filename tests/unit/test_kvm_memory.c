// SPDX-License-Identifier: Apache-2.0
/* kvm/memory.c: the one check of guest addresses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "kvm/memory.h"

#define GIB (1ull << 30)

static void sizes(void **state)
{
	struct memory m;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(memory_init(&m, MEMORY_MIN - 1, &err), -EINVAL);
	assert_int_equal(memory_init(&m, MEMORY_MAX + 1, &err), -EINVAL);
	assert_int_equal(memory_init(&m, 0, &err), -EINVAL);
	memory_release(&m);
	assert_int_equal(memory_init(&m, MEMORY_MIN + 1, &err), 0);
	assert_true(m.size == MEMORY_MIN + (2 << 20));
	assert_int_equal(m.count, 1);
	assert_int_equal((uintptr_t)m.regions[0].host % (2 << 20), 0);
	memory_release(&m);
}

static void ranges(void **state)
{
	struct memory m;
	struct err err = { 0 };
	uint8_t *low;

	(void)state;
	/* Nothing of it is touched. */
	assert_int_equal(memory_init(&m, 5 * GIB, &err), 0);
	assert_int_equal(m.count, 2);
	assert_true(m.regions[0].size == MEMORY_LOW_END);
	assert_true(m.regions[1].gpa == MEMORY_HIGH && m.regions[1].size == 2 * GIB);
	low = memory_ptr(&m, 0, 1);
	const struct {
		uint64_t gpa, len;
		bool good;
	} rows[] = {
		{ 0, 0, true },
		{ 0, MEMORY_LOW_END, true },
		{ 0, MEMORY_LOW_END + 1, false },
		{ 1, MEMORY_LOW_END, false },
		{ MEMORY_LOW_END - 1, 1, true },
		{ MEMORY_LOW_END - 1, 2, false },
		{ MEMORY_LOW_END, 0, false },
		{ MEMORY_LOW_END, 1, false },
		{ MEMORY_HIGH - 1, 2, false },
		{ MEMORY_HIGH, 2 * GIB, true },
		{ MEMORY_HIGH, 2 * GIB + 1, false },
		{ MEMORY_HIGH + 2 * GIB, 0, false },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX, UINT64_MAX, false },
		{ 16, UINT64_MAX, false },
		{ 16, UINT64_MAX - 15, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(!!memory_ptr(&m, rows[i].gpa, rows[i].len), rows[i].good);
	assert_ptr_equal(memory_ptr(&m, MEMORY_HIGH, 1), low + MEMORY_LOW_END);
	memory_release(&m);
}

static void discarding(void **state)
{
	struct memory m;
	struct err err = { 0 };
	uint8_t *p;

	(void)state;
	assert_int_equal(memory_init(&m, MEMORY_MIN, &err), 0);
	p = memory_ptr(&m, 0, 4 * 4096);
	memset(p, 1, 4 * 4096);
	assert_int_equal(memory_discard(&m, 100, 2 * 4096), 0);
	assert_int_equal(p[4095], 1);
	assert_int_equal(p[4096], 0);
	assert_int_equal(p[2 * 4096 - 1], 0);
	assert_int_equal(p[2 * 4096], 1);
	assert_int_equal(memory_discard(&m, 100, 4095), 0);
	assert_int_equal(p[100], 1);
	assert_int_equal(memory_discard(&m, MEMORY_MIN, 4096), -EFAULT);
	assert_int_equal(memory_discard(&m, 0, UINT64_MAX), -EFAULT);
	memory_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(ranges),
		cmocka_unit_test(discarding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
