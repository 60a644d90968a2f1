/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: points of CLOCK_MONOTONIC, in milliseconds. */
#pragma once

#include <stdint.h>

/* Now. */
int64_t clock_ms(void);
/* Milliseconds until @deadline as poll(2) takes them: 0 when it has passed, at most INT_MAX. */
int clock_left(int64_t deadline);
