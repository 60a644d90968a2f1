// SPDX-License-Identifier: Apache-2.0
/* base/num.c: the one parser of numbers takes nothing but numbers, and all of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/num.h"

/* What is not a decimal number, whatever strtoul() makes of it. */
static const char *const nonsense[] = { "", " ", "+1", " 1", "1 ", "1\n", "0x10", "1e3", "1.0", "a",
	"1a", "--1", "-", "1-", "99999999999999999999999x", "\xd9\xa1", ":", "/" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void unsigned_numbers(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(num_u64("0", UINT64_MAX, &v), 0);
	assert_true(v == 0);
	assert_int_equal(num_u64("007", UINT64_MAX, &v), 0);
	assert_true(v == 7);
	assert_int_equal(num_u64("18446744073709551615", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(num_u64("100", 100, &v), 0);
	assert_true(v == 100);
	/* A refused number leaves the variable alone. */
	assert_int_equal(num_u64("101", 100, &v), -ERANGE);
	assert_int_equal(num_u64("18446744073709551616", UINT64_MAX, &v), -ERANGE);
	assert_int_equal(num_u64("184467440737095516150", UINT64_MAX, &v), -ERANGE);
	assert_int_equal(num_u64("-1", UINT64_MAX, &v), -EINVAL);
	for (size_t i = 0; i < COUNT(nonsense); i++)
		assert_int_equal(num_u64(nonsense[i], UINT64_MAX, &v), -EINVAL);
	assert_true(v == 100);
}

static void signed_numbers(void **state)
{
	int64_t v = 7;

	(void)state;
	assert_int_equal(num_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(num_i64("9223372036854775807", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(num_i64("-0", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == 0);
	assert_int_equal(num_i64("-1000", -1000, 1000, &v), 0);
	assert_true(v == -1000);
	assert_int_equal(num_i64("-1001", -1000, 1000, &v), -ERANGE);
	assert_int_equal(num_i64("1001", -1000, 1000, &v), -ERANGE);
	assert_int_equal(num_i64("9223372036854775808", INT64_MIN, INT64_MAX, &v), -ERANGE);
	assert_int_equal(num_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &v), -ERANGE);
	for (size_t i = 0; i < COUNT(nonsense); i++)
		assert_int_equal(num_i64(nonsense[i], INT64_MIN, INT64_MAX, &v), -EINVAL);
	assert_true(v == -1000);
}

/* CVE-2026-30892, CVE-2024-40635: an id that does not fit must never become 0. */
static void ids(void **state)
{
	uint32_t id = 1000;

	(void)state;
	assert_int_equal(num_id("4294967295", &id), -ERANGE); /* (uid_t)-1: "no change" */
	assert_int_equal(num_id("4294967296", &id), -ERANGE);
	assert_int_equal(num_id("-1", &id), -EINVAL);
	assert_int_equal(num_id("root", &id), -EINVAL);
	assert_int_equal(num_id("1:0", &id), -EINVAL);
	assert_int_equal(id, 1000);
	assert_int_equal(num_id("4294967294", &id), 0);
	assert_true(id == 4294967294u);
	assert_int_equal(num_id("0", &id), 0);
	assert_int_equal(id, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
