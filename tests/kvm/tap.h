/* SPDX-License-Identifier: Apache-2.0 */
/* What a test program says in the Test Anything Protocol, which automake's driver reads. */
#pragma once

#include <stdbool.h>

/* One case: "ok N - SUBJECT: WHAT", or "not ok ...". */
void tap_report(bool good, const char *subject, const char *what);

/* The plan, at the end.  The program's exit status: 1 if a case has failed. */
int tap_finish(void);
