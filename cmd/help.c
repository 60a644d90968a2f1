// SPDX-License-Identifier: Apache-2.0
/* Help texts, made from the tables. */
#include "cmd/commands.h"

#include <seccomp.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "oci/spec.h"

#define HELP_COLUMN 30
#define HELP_WIDTH 90

/* Adds words up to the width; every further line begins at @indent.  @column: where we are. */
static void add_wrapped(struct strbuf *out, const char *text, size_t indent, size_t column)
{
	bool line_start = true;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (!line_start && column + 1 + len > HELP_WIDTH) {
			strbuf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
			line_start = true;
		}
		strbuf_addf(out, "%s%.*s", line_start ? "" : " ", (int)len, text);
		column += len + !line_start;
		line_start = false;
		text += len;
		text += strspn(text, " ");
	}
	strbuf_adds(out, "\n");
}

static void add_option(struct strbuf *out, const struct option *row)
{
	size_t start = out->len, column;

	strbuf_adds(out, "  ");
	if (row->short_name)
		strbuf_addf(out, "-%c, ", row->short_name);
	else
		strbuf_adds(out, "    ");
	if (row->alias)
		strbuf_addf(out, "-%c, ", row->alias);
	strbuf_addf(out, "--%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");
	column = out->len - start;
	if (column + 2 > HELP_COLUMN) {
		strbuf_adds(out, "\n");
		column = 0;
	}
	strbuf_addf(out, "%*s", (int)(HELP_COLUMN - column), "");
	add_wrapped(out, row->help, HELP_COLUMN, HELP_COLUMN);
}

static void add_options(struct strbuf *out, const char *title, const struct option_table *table)
{
	strbuf_addf(out, "\n%s:\n", title);
	for (size_t i = 0; i < table->count; i++)
		add_option(out, &table->rows[i]);
	for (size_t i = 0; i < options_common.count; i++)
		add_option(out, &options_common.rows[i]);
}

char *help_usage(const struct verb *verb)
{
	if (!verb)
		return xstrdup("Usage: ringwall [OPTIONS] COMMAND [OPTIONS] [ARGUMENT...]\n");
	return xasprintf("Usage: ringwall [GLOBAL OPTIONS] %s [OPTIONS]%s%s\n", verb->name,
		*verb->args ? " " : "", verb->args);
}

char *help_program(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	auto_free char *usage = help_usage(NULL);

	strbuf_addf(&out, "%s\nRuns containers described by OCI bundles.\n\nCommands:\n", usage);
	for (size_t i = 0; i < verb_count; i++)
		if (!(verbs[i]->flags & VERB_HIDDEN))
			strbuf_addf(&out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	add_options(&out, "Options", &global_options);
	strbuf_adds(&out, "\n\"ringwall COMMAND --help\" says more about a command.\n");
	return strbuf_take(&out);
}

char *help_verb(const struct verb *verb)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	auto_free char *usage = help_usage(verb);

	strbuf_addf(&out, "%s\n", usage);
	add_wrapped(&out, verb->about, 0, 0);
	add_options(&out, "Options", &verb->options);
	return strbuf_take(&out);
}

/* The first line and the "commit:" and "spec:" lines are what engines read. */
char *help_version(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	const struct scmp_version *seccomp = seccomp_version();

	strbuf_adds(&out, "ringwall version " PACKAGE_VERSION "\n");
	if (*BUILD_COMMIT)
		strbuf_adds(&out, "commit: " BUILD_COMMIT "\n");
	strbuf_adds(&out, "spec: " OCI_VERSION_MAX "\n");
	if (seccomp)
		strbuf_addf(&out, "libseccomp: %u.%u.%u\n", seccomp->major, seccomp->minor,
			seccomp->micro);
	return strbuf_take(&out);
}
