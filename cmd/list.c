// SPDX-License-Identifier: Apache-2.0
/* `list`: all containers of the state directory. */
#include "cmd/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/strbuf.h"

struct list_options {
	int format; /* 0: table, 1: json */
	bool quiet;
};

#define O(member) offsetof(struct list_options, member)

static const struct option rows[] = {
	{ "format", 'f', '\0', "table|json", OPTION_CHOICE, O(format),
		"the form of the output: a table, or an array of state documents (default: "
		"table)" },
	{ "quiet", 'q', '\0', NULL, OPTION_FLAG, O(quiet), "print the ids only" },
};

static void format_json(const struct container_info *list, size_t count, struct strbuf *out)
{
	strbuf_adds(out, "[");
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, "%s%s", i ? ",\n" : "", list[i].json);
	strbuf_adds(out, "]\n");
}

static void format_ids(const struct container_info *list, size_t count, struct strbuf *out)
{
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, "%s\n", list[i].id);
}

#define COLUMNS 6

static const char *cell(const struct container_info *info, unsigned int column, char *pid)
{
	const char *const texts[COLUMNS] = { info->id, pid, info->status, info->bundle,
		info->created, info->owner };

	snprintf(pid, 12, "%d", info->pid);
	return texts[column] ? texts[column] : "";
}

/* Columns as wide as their widest cell, three blanks between them, nothing after the last. */
static void format_table(const struct container_info *list, size_t count, struct strbuf *out)
{
	static const char *const titles[COLUMNS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED",
		"OWNER" };
	size_t widths[COLUMNS];
	char pid[12];

	for (unsigned int c = 0; c < COLUMNS; c++) {
		widths[c] = strlen(titles[c]);
		for (size_t i = 0; i < count; i++) {
			size_t len = strlen(cell(&list[i], c, pid));

			widths[c] = len > widths[c] ? len : widths[c];
		}
	}
	for (size_t line = 0; line <= count; line++)
		for (unsigned int c = 0; c < COLUMNS; c++) {
			const char *text = line ? cell(&list[line - 1], c, pid) : titles[c];

			if (c < COLUMNS - 1)
				strbuf_addf(out, "%-*s", (int)widths[c] + 3, text);
			else
				strbuf_addf(out, "%s\n", text);
		}
}

/* A default root that is not there means that no container was made yet; one that is given is a
 * mistake (runc says so too). */
static int check_root(const struct invocation *in, struct err *err)
{
	struct stat st;
	int r;

	if (!in->globals->root)
		return 0;
	r = host_stat(AT_FDCWD, in->runtime.root, &st, 0, err);
	if (r < 0)
		err_drop(err); /* opening it says why */
	return r <= 0 ? 0
		      : err_bad_errno(err, ERR_OTHER, ENOENT,
				"the root directory \"%s\" does not exist", in->runtime.root);
}

static int list_run(struct invocation *in, struct err *err)
{
	const struct list_options *options = in->options;
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	struct container_info *list;
	size_t count;
	int r = check_root(in, err);

	if (r == 0)
		r = container_list(&in->runtime, &list, &count, err);
	if (r < 0)
		return r;
	if (options->quiet)
		format_ids(list, count, &out);
	else if (options->format == 1)
		format_json(list, count, &out);
	else
		format_table(list, count, &out);
	container_list_free(list, count);
	return output_write(strbuf_str(&out), out.len, err);
}

const struct verb verb_list = {
	.name = "list",
	.args = "",
	.summary = "list the containers",
	.about = "Lists all containers below the root directory, sorted by id.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.options_size = sizeof(struct list_options),
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = list_run,
};
