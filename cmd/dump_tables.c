// SPDX-License-Identifier: Apache-2.0
/* `dump-tables`: prints the tables as documents; the build's checks compare them with the
 * committed ones (tests/checks/docs.sh). */
#include "cmd/commands.h"

#include <string.h>

#include "base/mem.h"

static const struct {
	const char *name;
	char *(*format)(void);
} formats[] = {
	{ "man", tables_man },
	{ "markdown", tables_markdown },
	{ "bash", tables_bash },
	{ "zsh", tables_zsh },
	{ "fish", tables_fish },
};

static int dump_tables_run(struct invocation *in, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		auto_free char *text = NULL;

		if (strcmp(formats[i].name, in->args[0]) != 0)
			continue;
		text = formats[i].format();
		return output_write(text, strlen(text), err);
	}
	return err_bad(err, ERR_USAGE, "dump-tables: unknown format \"%s\"", in->args[0]);
}

const struct verb verb_dump_tables = {
	.name = "dump-tables",
	.args = "man|markdown|bash|zsh|fish",
	.summary = "print the option tables as a document",
	.about = "Prints the tables of commands and options as a part of the manual page, as "
		 "Markdown, or as completions for a shell.",
	.args_min = 1,
	.args_max = 1,
	.flags = VERB_HIDDEN,
	.failure_status = EXIT_FAILED,
	.run = dump_tables_run,
};
