// SPDX-License-Identifier: Apache-2.0
/* `delete`: removes a stopped container and all that it held. */
#include "cmd/commands.h"

#include "base/mem.h"
#include "cmd/match.h"

struct delete_options {
	bool force;
	bool strict;
	bool regex;
};

#define O(member) offsetof(struct delete_options, member)

static const struct option rows[] = {
	{ "force", 'f', '\0', NULL, OPTION_FLAG, O(force),
		"kill it first when it runs; no error when there is no such container" },
	{ "strict", '\0', '\0', NULL, OPTION_FLAG, O(strict),
		"refuse a created container as well, as the specification wants it" },
	{ "regex", 'r', '\0', NULL, OPTION_FLAG, O(regex),
		"ID is an extended regular expression: delete all containers that match" },
};

static int delete_one(const struct runtime *rt, const char *id, void *arg, struct err *err)
{
	const struct delete_options *options = arg;

	return container_delete(rt, id,
		(options->force ? CONTAINER_DELETE_FORCE : 0u) |
			(options->strict ? CONTAINER_DELETE_STRICT : 0u),
		err);
}

static int delete_run(struct invocation *in, struct err *err)
{
	struct delete_options *options = in->options;
	size_t matched;
	int r;

	if (!options->regex)
		return delete_one(&in->runtime, in->args[0], options, err);
	r = match_each(&in->runtime, in->args[0], delete_one, options, &matched, err);
	if (r == 0 && matched == 0 && !options->force)
		r = err_bad(err, ERR_NO_CONTAINER, "no container matches \"%s\"", in->args[0]);
	return r;
}

const struct verb verb_delete = {
	.name = "delete",
	.args = "ID",
	.summary = "remove a container",
	.about = "Removes the container ID, which must not be running: its state, its cgroup and "
		 "what else was made for it.  The bundle stays.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.options_size = sizeof(struct delete_options),
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = delete_run,
};
