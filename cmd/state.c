// SPDX-License-Identifier: Apache-2.0
/* `state`: the state document of a container. */
#include "cmd/commands.h"

#include "base/mem.h"

static int state_run(struct invocation *in, struct err *err)
{
	auto_free char *json = NULL;
	int r = container_state(&in->runtime, in->args[0], &json, err);

	return r < 0 ? r : output_line(json, err);
}

const struct verb verb_state = {
	.name = "state",
	.args = "ID",
	.summary = "print the state of a container",
	.about = "Prints the state of the container ID as the JSON object of the OCI runtime "
		 "specification.  Its status is creating, created, running, paused or stopped.",
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = state_run,
};
