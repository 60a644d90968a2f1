// SPDX-License-Identifier: Apache-2.0
/* base/stamp.c: RFC 3339 of known moments, and agreement with libc over two centuries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/stamp.h"

/* From RFC 3339's rules and `date -u -d @N`. */
static void known_moments(void **state)
{
	static const struct {
		int64_t seconds;
		long nanoseconds;
		const char *text;
	} rows[] = {
		{ 0, 0, "1970-01-01T00:00:00.000000000Z" },
		{ 951782399, 999999999, "2000-02-28T23:59:59.999999999Z" },
		{ 951782400, 1, "2000-02-29T00:00:00.000000001Z" },
		{ 1234567890, 5000, "2009-02-13T23:31:30.000005000Z" },
		{ 1709251199, 0, "2024-02-29T23:59:59.000000000Z" },
		{ 1735689599, 0, "2024-12-31T23:59:59.000000000Z" },
		{ 1735689600, 0, "2025-01-01T00:00:00.000000000Z" },
		{ 2147483648, 0, "2038-01-19T03:14:08.000000000Z" },
		{ 4107542400, 0, "2100-03-01T00:00:00.000000000Z" }, /* 2100 is no leap year */
		{ 253402300799, 0, "9999-12-31T23:59:59.000000000Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timespec time = { .tv_sec = rows[i].seconds,
			.tv_nsec = rows[i].nanoseconds };
		char text[STAMP_SIZE];

		stamp_format(&time, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void agreement_with_libc(void **state)
{
	(void)state;
	for (int64_t seconds = 0; seconds < INT64_C(6311433600); seconds += 86399 * 3) {
		struct timespec time = { .tv_sec = seconds };
		char text[STAMP_SIZE], want[64];
		struct tm tm;

		stamp_format(&time, text);
		assert_non_null(gmtime_r(&time.tv_sec, &tm));
		assert_int_equal(
			strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm), 30);
		assert_string_equal(text, want);
	}
}

static void now_is_now(void **state)
{
	char before[STAMP_SIZE], now[STAMP_SIZE], after[STAMP_SIZE];
	struct timespec time;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &time), 0);
	stamp_format(&time, before);
	stamp_now(now);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &time), 0);
	stamp_format(&time, after);
	assert_true(strcmp(before, now) <= 0 && strcmp(now, after) <= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_moments),
		cmocka_unit_test(agreement_with_libc),
		cmocka_unit_test(now_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
