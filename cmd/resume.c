// SPDX-License-Identifier: Apache-2.0
/* `resume`: thaws a container. */
#include "cmd/commands.h"

static int resume_run(struct invocation *in, struct err *err)
{
	return container_resume(&in->runtime, in->args[0], err);
}

const struct verb verb_resume = {
	.name = "resume",
	.args = "ID",
	.summary = "let a paused container go on",
	.about = "Thaws all processes of the paused container ID.",
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = resume_run,
};
