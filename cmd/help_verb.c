// SPDX-License-Identifier: Apache-2.0
/* `help`: the same texts as --help. */
#include "cmd/commands.h"

#include <string.h>

#include "base/mem.h"

static int help_run(struct invocation *in, struct err *err)
{
	const struct verb *verb = in->arg_count ? verb_find(in->args[0]) : NULL;
	auto_free char *text = NULL;

	if (in->arg_count && !verb)
		return err_bad(err, ERR_USAGE, "unknown command \"%s\"", in->args[0]);
	text = verb ? help_verb(verb) : help_program();
	return output_write(text, strlen(text), err);
}

const struct verb verb_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "print help on the program or one command",
	.about = "Prints what --help of the program or of COMMAND prints.",
	.args_max = 1,
	.failure_status = EXIT_FAILED,
	.run = help_run,
};
