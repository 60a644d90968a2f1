// SPDX-License-Identifier: Apache-2.0
/* `kill`: sends a signal. */
#include "cmd/commands.h"

#include <signal.h>

#include "base/mem.h"
#include "cmd/match.h"
#include "oci/spec.h"

struct kill_options {
	bool all;
	bool regex;
	int signal; /* not an option: the second argument */
};

#define O(member) offsetof(struct kill_options, member)

static const struct option rows[] = {
	{ "all", 'a', '\0', NULL, OPTION_FLAG, O(all),
		"send it to every process of the container; no error when it has ended" },
	{ "regex", 'r', '\0', NULL, OPTION_FLAG, O(regex),
		"ID is an extended regular expression: signal all containers that match" },
};

static int kill_one(const struct runtime *rt, const char *id, void *arg, struct err *err)
{
	const struct kill_options *options = arg;

	return container_kill(rt, id, options->signal, options->all, err);
}

static int kill_run(struct invocation *in, struct err *err)
{
	struct kill_options *options = in->options;
	size_t matched;
	int r;

	options->signal = SIGTERM;
	if (in->arg_count > 1) {
		r = signal_parse(in->args[1], &options->signal, err);
		if (r < 0)
			return r;
	}
	if (!options->regex)
		return kill_one(&in->runtime, in->args[0], options, err);
	r = match_each(&in->runtime, in->args[0], kill_one, options, &matched, err);
	if (r == 0 && matched == 0)
		r = err_bad(err, ERR_NO_CONTAINER, "no container matches \"%s\"", in->args[0]);
	return r;
}

const struct verb verb_kill = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.summary = "send a signal to a container",
	.about = "Sends SIGNAL (a name such as TERM or SIGTERM, RTMIN+1, or a number; default: "
		 "TERM) to the first process of the container ID.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.options_size = sizeof(struct kill_options),
	.args_min = 1,
	.args_max = 2,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = kill_run,
};
