// SPDX-License-Identifier: Apache-2.0
/* base/names.c: exact names, first name of a value. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/names.h"

/* As signals have them: two names of one value, and a value beyond 32 bits. */
extern const struct names colours;
DEFINE_NAMES(colours, "colour", { "grey", 3 }, { "gray", 3 }, { "deep", INT64_C(1) << 40 },
	{ "none", -1 });

static void finding(void **state)
{
	(void)state;
	assert_int_equal(colours.count, 4);
	assert_string_equal(colours.noun, "colour");
	assert_int_equal(names_find(&colours, "gray")->value, 3);
	assert_true(names_find(&colours, "deep")->value == INT64_C(1) << 40);
	assert_int_equal(names_find(&colours, "none")->value, -1);
	assert_null(names_find(&colours, "Grey"));
	assert_null(names_find(&colours, "gre"));
	assert_null(names_find(&colours, "greyish"));
	assert_null(names_find(&colours, ""));
}

static void naming(void **state)
{
	(void)state;
	assert_string_equal(names_of(&colours, 3), "grey");
	assert_string_equal(names_of(&colours, INT64_C(1) << 40), "deep");
	assert_null(names_of(&colours, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finding),
		cmocka_unit_test(naming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
