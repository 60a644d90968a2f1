// SPDX-License-Identifier: Apache-2.0
/* Points in time as text: see the header. */
#include "base/stamp.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DAY 86400
#define YEAR_10000 INT64_C(253402300800) /* seconds */

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

void stamp_format(const struct timespec *time, char out[STAMP_SIZE])
{
	int64_t seconds = time->tv_sec;
	int day, second, year = 1970, month = 1;
	char text[96]; /* gcc assumes the longest numbers there are */

	assert(seconds >= 0 && seconds < YEAR_10000);
	day = (int)(seconds / DAY);
	second = (int)(seconds % DAY);
	for (; day >= 365 + is_leap(year); year++)
		day -= 365 + is_leap(year);
	for (; day >= days_of_month(year, month); month++)
		day -= days_of_month(year, month);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", year, month, day + 1,
		second / 3600, second / 60 % 60, second % 60, time->tv_nsec);
	snprintf(out, STAMP_SIZE, "%.*s", (int)STAMP_SIZE - 1, text);
}

void stamp_now(char out[STAMP_SIZE])
{
	struct timespec now;

	/* The clock of a machine without a battery may stand before 1970. */
	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || now.tv_sec < 0 || now.tv_sec >= YEAR_10000)
		now = (struct timespec){ 0 };
	stamp_format(&now, out);
}
