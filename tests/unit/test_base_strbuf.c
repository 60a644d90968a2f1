// SPDX-License-Identifier: Apache-2.0
/* base/strbuf.c: growth, termination, hand-over. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/strbuf.h"

static void an_empty_one_is_a_string(void **state)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;
	auto_free char *taken = NULL;

	(void)state;
	assert_string_equal(strbuf_str(&b), "");
	strbuf_add(&b, NULL, 0);
	assert_string_equal(strbuf_str(&b), "");
	strbuf_addf(&b, "%s", "");
	assert_int_equal(b.len, 0);
	strbuf_release(&b);
	taken = strbuf_take(&b);
	assert_string_equal(taken, "");
}

static void pieces_join(void **state)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;

	(void)state;
	strbuf_adds(&b, "a");
	strbuf_addf(&b, "-%d-%s", 42, "b");
	strbuf_add(&b, "cdef", 2);
	assert_string_equal(strbuf_str(&b), "a-42-bcd");
	assert_int_equal(b.len, 8);
}

/* Across every boundary of growth, byte by byte and in one piece. */
static void growth_keeps_the_content(void **state)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		char c = (char)('a' + i % 26);

		strbuf_add(&b, &c, 1);
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.data[b.len], '\0');
	}
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	strbuf_addf(&b, "%5000s|", "x");
	assert_int_equal(b.len, 8001);
	assert_int_equal(strlen(strbuf_str(&b)), 8001);
	assert_string_equal(strbuf_str(&b) + 7998, " x|");
}

static void zero_bytes_are_content(void **state)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;

	(void)state;
	strbuf_add(&b, "a\0b", 3);
	strbuf_adds(&b, "c");
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0bc", 5);
}

static void taking_empties(void **state)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;
	auto_free char *first = NULL, *second = NULL;

	(void)state;
	strbuf_adds(&b, "one");
	first = strbuf_take(&b);
	assert_null(b.data);
	strbuf_adds(&b, "two");
	second = strbuf_take(&b);
	assert_string_equal(first, "one");
	assert_string_equal(second, "two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_is_a_string),
		cmocka_unit_test(pieces_join),
		cmocka_unit_test(growth_keeps_the_content),
		cmocka_unit_test(zero_bytes_are_content),
		cmocka_unit_test(taking_empties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
