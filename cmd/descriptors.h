/* SPDX-License-Identifier: Apache-2.0 */
/* The program's inherited descriptors, put in order before anything is opened. */
#pragma once

#include "base/err.h"

/* Opens /dev/null for those of 0, 1 and 2 that are closed, lest a file of ours takes their
 * place. */
int descriptors_open_stdio(struct err *err) MUST_USE;

/* How many descriptors from 3 on a service manager has passed: LISTEN_FDS (sd_listen_fds(3)).
 * Anything but a number counts as none. */
unsigned int descriptors_listen_fds(void);

/* Whether somebody has opened this number. */
bool descriptors_is_open(unsigned int fd);

/*
 * Marks everything behind the first @preserved ones (from 3 on) close-on-exec: nothing that a
 * caller leaked reaches a container (CVE-2024-21626).  The preserved ones must be open: a number
 * that is free would be taken by a descriptor of ours.
 */
int descriptors_close_on_exec(unsigned int preserved, struct err *err) MUST_USE;
