// SPDX-License-Identifier: Apache-2.0
/* `events`: statistics and OOM notices of a container as lines of JSON, in runc's form. */
#include "cmd/commands.h"

#include "base/mem.h"

struct events_options {
	bool stats;
	int interval_ms;
};

static const struct events_options defaults = { .interval_ms = 5000 };

#define O(member) offsetof(struct events_options, member)

static const struct option rows[] = {
	{ "stats", '\0', '\0', NULL, OPTION_FLAG, O(stats), "print the statistics once and end" },
	{ "interval", '\0', '\0', "DURATION", OPTION_DURATION, O(interval_ms),
		"how often to print statistics: 100ms, 5s, 1m30s, a plain number of seconds "
		"(default: 5s)" },
};

static int print_line(void *arg, const char *line, struct err *err)
{
	(void)arg;
	return output_line(line, err);
}

static int events_run(struct invocation *in, struct err *err)
{
	const struct events_options *options = in->options;

	return container_events(&in->runtime, in->args[0], options->stats, options->interval_ms,
		print_line, NULL, err);
}

const struct verb verb_events = {
	.name = "events",
	.args = "ID",
	.summary = "print statistics and events of a container",
	.about = "Prints, until the container ID ends, a JSON object a line: {\"type\":\"stats\"} "
		 "at the interval and {\"type\":\"oom\"} when the kernel killed a process for "
		 "want of memory.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.defaults = &defaults,
	.options_size = sizeof(struct events_options),
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = events_run,
};
