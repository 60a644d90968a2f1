// SPDX-License-Identifier: Apache-2.0
/* The table of verbs, in the order of the life cycle: help, manual page and completions follow
 * it. */
#include "cmd/commands.h"

#include <string.h>

#include "base/mem.h"

const struct verb *const verbs[] = {
	&verb_create,
	&verb_start,
	&verb_run,
	&verb_exec,
	&verb_kill,
	&verb_delete,
	&verb_state,
	&verb_list,
	&verb_ps,
	&verb_pause,
	&verb_resume,
	&verb_update,
	&verb_events,
	&verb_spec,
	&verb_features,
	&verb_kvm,
	&verb_help,
	&verb_dump_tables,
};
const size_t verb_count = ARRAY_SIZE(verbs);

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}
