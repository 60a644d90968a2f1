/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops around poll(2) have in common. */
#pragma once

#include <poll.h>

/* Waits for @events of @fd; for nothing where there are none, not even for a hang-up, or no fd. */
static inline struct pollfd poll_entry(int fd, short events)
{
	return (struct pollfd){ .fd = events ? fd : -1, .events = events };
}
