/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands on the host for a process that exec has made in a guest: its pid, its exit status, the
 * signals that are sent to it.  Init's last phase for exec in the kvm mode.  Private to runtime/.
 */
#pragma once

#include "base/err.h"
#include "runtime/init.h"

struct stub {
	int control; /* connected to the monitor */
	int body; /* the text of the request */
	int terminal; /* the slave of the host's terminal; FD_NONE: none */
};

void stub_close(struct stub *stub);

/* A session of its own, and no privilege. */
int stub_prepare(const struct init_plan *plan, struct err *err) MUST_USE;

/* Asks the monitor for the process, says so to the parent, and is that process until it ends: does
 * not return but for an error. */
int stub_serve(const struct init_plan *plan, struct err *err) MUST_USE;
