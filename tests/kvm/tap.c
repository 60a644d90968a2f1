/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kvm/tap.h"

#include <stdio.h>

static int cases, failures;

void tap_report(bool good, const char *subject, const char *what)
{
	printf("%s %d - %s: %s\n", good ? "ok" : "not ok", ++cases, subject, what);
	fflush(stdout);
	failures += !good;
}

int tap_finish(void)
{
	printf("1..%d\n", cases);
	return failures ? 1 : 0;
}
