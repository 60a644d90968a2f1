/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cage of a machine's threads: each kind keeps the system calls and the capabilities that its
 * work takes.  Whatever else it calls ends the whole process at once, by SIGSYS: nothing but a
 * thread that was taken over calls it.
 *
 * The threads share memory and descriptors, so one that was taken over can in the end do what any
 * of them can: what the process has given up before (jail.h) is the outer wall.
 *
 * Private to runtime/.
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "kvm/vm.h"
#include "runtime/process/filter.h"

struct cage;

/* Makes the filters, in the process whose threads are to be caged: they may signal no other. */
int cage_new(struct cage **out_cage, struct err *err) MUST_USE;
void cage_free(struct cage *cage);
DEFINE_AUTO_PTR(cage, cage_free);

/* The filter of a kind of threads; borrowed. */
const struct filter *cage_filter(const struct cage *cage, enum vm_thread kind);

/* Cages the calling thread, for good.  The process has no_new_privs and is locked in. */
int cage_enter(const struct cage *cage, enum vm_thread kind, struct err *err) MUST_USE;

/* What it means for a person that @signal has ended the machine's process; NULL: nothing. */
const char *cage_explain(int signal);
