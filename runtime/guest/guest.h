/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's half of the kvm mode: this program as the first process of the guest's kernel.  It
 * prepares the guest and serves the requests of the monitor (runtime/kvm/frame.h) by the ordinary
 * functions of runtime/, with its state below /run of the guest.  Used by cmd/main.c.
 */
#pragma once

#include <stdbool.h>
#include <stdnoreturn.h>

#include "base/err.h"

/* Whether this process is the first of a guest: pid 1, started by the kernel as /init. */
bool guest_is_init(char **argv);

/* Prepares the guest and serves; turns the machine off when it can go on no more. */
noreturn void guest_main(void);

/*
 * Serves requests from @port, a non-blocking stream, until its end; then returns 0.  Wants the
 * directory AGENT_DIR (worker.h).  Apart from guest_main() for tests.
 */
int guest_serve(int port, struct err *err) MUST_USE;
