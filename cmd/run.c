// SPDX-License-Identifier: Apache-2.0
/* `run`: create, start, wait and delete in one. */
#include "cmd/create_options.h"

#include "base/mem.h"

static const struct option rows[] = {
	CREATE_OPTIONS,
	{ "detach", 'd', '\0', NULL, OPTION_FLAG, CREATE_O(create.detach),
		"return once the program runs, and leave the container to start, kill and delete" },
	{ "sdnotify", '\0', '\0', "container|runtime", OPTION_CHOICE, CREATE_O(create.notify),
		"who tells the service manager ($NOTIFY_SOCKET) that the container is ready: its "
		"own process, or the runtime as soon as that runs (default: container)" },
	{ "keep", '\0', '\0', NULL, OPTION_FLAG, CREATE_O(create.keep),
		"do not delete the container when its program has ended" },
};

_Static_assert(NOTIFY_BY_CONTAINER == 0 && NOTIFY_BY_RUNTIME == 1, "--sdnotify");
_Static_assert(sizeof(enum container_notify) == sizeof(int), "OPTION_CHOICE");

static int run_run(struct invocation *in, struct err *err)
{
	struct create_options *options = in->options;
	int r = create_complete(in, err);

	return r < 0 ? r : container_run(&in->runtime, &options->create, &in->status, err);
}

const struct verb verb_run = {
	.name = "run",
	.args = "ID",
	.summary = "make and start a container, and wait for its end",
	.about = "Makes and starts the container ID.  Unless detached, signals and the terminal "
		 "are passed on until its program ends; then the container is deleted, and the "
		 "exit status is the program's, or 128 plus the number of the signal that ended "
		 "it.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.defaults = &create_defaults,
	.options_size = sizeof(struct create_options),
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME | VERB_PROTECT,
	.failure_status = EXIT_FAILED,
	.preserved_fds = create_preserved_fds,
	.run = run_run,
};
