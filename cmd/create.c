// SPDX-License-Identifier: Apache-2.0
/* `create`: makes a container whose program waits for `start`. */
#include "cmd/create_options.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/descriptors.h"

static const struct option rows[] = {
	CREATE_OPTIONS,
	{ "detach", 'd', '\0', NULL, OPTION_FLAG, CREATE_O(ignored_detach),
		"accepted without effect: create always returns" },
};

unsigned int create_preserved_fds(void *options)
{
	struct container_create_options *o = &((struct create_options *)options)->create;

	o->listen_fds = descriptors_listen_fds();
	/* podman has --preserve-fds count those of LISTEN_FDS, too; none is behind them then */
	if (o->listen_fds && o->preserve_fds) {
		unsigned int more =
			o->preserve_fds > o->listen_fds ? o->preserve_fds - o->listen_fds : 0;

		if (!descriptors_is_open(STDERR_FILENO + 1 + o->listen_fds + more))
			o->preserve_fds = more;
	}
	return o->listen_fds + o->preserve_fds;
}

const struct create_options create_defaults = { .isolation = ISOLATION_UNSPECIFIED };

int create_complete(const struct invocation *in, struct err *err)
{
	struct create_options *options = in->options;

	options->create.id = in->args[0];
	options->create.notify_socket = getenv("NOTIFY_SOCKET");
	return global_isolation(in->globals, options->isolation, &options->create.isolation, err);
}

static int create_run(struct invocation *in, struct err *err)
{
	struct create_options *options = in->options;
	int r = create_complete(in, err);

	return r < 0 ? r : container_create(&in->runtime, &options->create, err);
}

const struct verb verb_create = {
	.name = "create",
	.args = "ID",
	.summary = "make a container",
	.about = "Makes the container ID from a bundle: a directory with a config.json and, as a "
		 "rule, the root file system.  Everything that can fail fails here; the program "
		 "itself waits for the start command.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.defaults = &create_defaults,
	.options_size = sizeof(struct create_options),
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME | VERB_PROTECT,
	.failure_status = EXIT_FAILED,
	.preserved_fds = create_preserved_fds,
	.run = create_run,
};
