/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What whoever has taken over a thread of a machine would try next.  For cage.c, which cages threads
 * of its own, and backdoor.c, which is in the threads of the program itself.
 */
#pragma once

#include <stdbool.h>

struct attack {
	const char *name;
	/*
	 * Tries it.  Where the thread's filter does not have the call this does not return: the
	 * process ends by SIGSYS.  Else true when it worked.
	 */
	bool (*run)(void);
	/* For the file server alone, which may make the call: there it has to fail. */
	bool server_may_call;
};

extern const struct attack attacks[];
extern const unsigned int attack_count;

/* NULL: there is none. */
const struct attack *attack_find(const char *name);

/*
 * A file of the host that no thread may reach: $CANARY, its path.  To be read before the thread is
 * caged.
 */
void attack_prepare(void);
