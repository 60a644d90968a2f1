/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's processes of a machine give up.  Private to runtime/. */
#pragma once

#include "base/err.h"

/* No capability, no way to gain one, out of reach of debuggers. */
int jail_drop_all(struct err *err) MUST_USE;

/* The same, but for the capabilities by which the file server acts for the guest's users. */
int jail_enter(struct err *err) MUST_USE;
