// SPDX-License-Identifier: Apache-2.0
/* Strict numbers: see the header. */
#include "base/num.h"

#include <errno.h>

static int parse(const char *s, uint64_t max, uint64_t *out_value)
{
	uint64_t value = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(unsigned char)*s - '0';

		if (digit > 9)
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value) || value > max) {
			for (; *s; s++) /* "12x" is no number, however large */
				if ((unsigned int)(unsigned char)*s - '0' > 9)
					return -EINVAL;
			return -ERANGE;
		}
	}
	*out_value = value;
	return 0;
}

int num_u64(const char *s, uint64_t max, uint64_t *out_value)
{
	return parse(s, max, out_value);
}

int num_i64(const char *s, int64_t min, int64_t max, int64_t *out_value)
{
	bool negative = *s == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	uint64_t magnitude;
	int64_t value;
	int r = parse(s + negative, limit, &magnitude);

	if (r < 0)
		return r;
	value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (value < min || value > max)
		return -ERANGE;
	*out_value = value;
	return 0;
}

int num_id(const char *s, uint32_t *out_id)
{
	uint64_t value;
	int r = parse(s, UINT32_MAX - 1, &value);

	if (r == 0)
		*out_id = (uint32_t)value;
	return r;
}
