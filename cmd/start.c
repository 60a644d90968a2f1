// SPDX-License-Identifier: Apache-2.0
/* `start`: executes the program of a created container. */
#include "cmd/commands.h"

#include <stdlib.h>

static int start_run(struct invocation *in, struct err *err)
{
	return container_start(&in->runtime, in->args[0], getenv("NOTIFY_SOCKET"), err);
}

const struct verb verb_start = {
	.name = "start",
	.args = "ID",
	.summary = "start a container's program",
	.about = "Starts the program of the created container ID, and returns when it has been "
		 "executed and the poststart hooks have run.",
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = start_run,
};
