// SPDX-License-Identifier: Apache-2.0
/* `pause`: freezes a container. */
#include "cmd/commands.h"

static int pause_run(struct invocation *in, struct err *err)
{
	return container_pause(&in->runtime, in->args[0], err);
}

const struct verb verb_pause = {
	.name = "pause",
	.args = "ID",
	.summary = "freeze all processes of a container",
	.about = "Freezes all processes of the container ID by its cgroup, and returns when the "
		 "kernel has confirmed it.",
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = pause_run,
};
