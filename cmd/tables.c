// SPDX-License-Identifier: Apache-2.0
/*
 * The tables as documents: commands, options and limits for the manual page, the same and the
 * documents' properties as Markdown, and completions for shells.  The results are committed;
 * tests/checks/docs.sh compares them.
 */
#include "cmd/commands.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "cgroups/cgroup.h"
#include "oci/spec.h"

/* What a shell can offer for an option's argument, by what the table calls it. */
enum offer { OFFER_NOTHING, OFFER_FILES, OFFER_DIRECTORIES, OFFER_WORDS };

static enum offer offer_of(const struct option *row)
{
	if (strcmp(row->arg, "DIR") == 0)
		return OFFER_DIRECTORIES;
	if (strcmp(row->arg, "FILE") == 0 || strcmp(row->arg, "SOCKET") == 0)
		return OFFER_FILES;
	return strchr(row->arg, '|') ? OFFER_WORDS : OFFER_NOTHING;
}

static bool takes_id(const struct verb *verb)
{
	return strncmp(verb->args, "ID", 2) == 0;
}

/* "table|json" as "table json". */
static void add_words(struct strbuf *out, const char *words)
{
	for (; *words; words++)
		strbuf_add(out, *words == '|' ? " " : words, 1);
}

/* Calls @add for the verb's options and those that all verbs have. */
static void each_option(struct strbuf *out, const struct verb *verb,
	const struct option_table *table,
	void (*add)(struct strbuf *out, const struct verb *verb, const struct option *row))
{
	for (size_t i = 0; i < table->count; i++)
		add(out, verb, &table->rows[i]);
	for (size_t i = 0; i < options_common.count; i++)
		add(out, verb, &options_common.rows[i]);
}

static void each_verb(struct strbuf *out, void (*add)(struct strbuf *out, const struct verb *verb))
{
	for (size_t i = 0; i < verb_count; i++)
		if (!(verbs[i]->flags & VERB_HIDDEN))
			add(out, verbs[i]);
}

/* ---- the manual page ---- */

/* Text for troff: in words that begin with '-' every hyphen is a minus, to be searched and
 * copied. */
static void man_text(struct strbuf *out, const char *text)
{
	bool word_start = true, option = false;

	for (; *text; text++) {
		if (word_start)
			option = *text == '-';
		word_start = strchr(" (\"", *text);
		if (*text == '-' && option)
			strbuf_adds(out, "\\-");
		else if (*text == '\\')
			strbuf_adds(out, "\\e");
		else
			strbuf_add(out, text, 1);
	}
}

static void man_option(struct strbuf *out, const struct verb *verb, const struct option *row)
{
	(void)verb;
	strbuf_adds(out, ".TP\n");
	if (row->short_name)
		strbuf_addf(out, "\\fB\\-%c\\fR, ", row->short_name);
	if (row->alias)
		strbuf_addf(out, "\\fB\\-%c\\fR, ", row->alias);
	strbuf_adds(out, "\\fB\\-\\-");
	for (const char *c = row->name; *c; c++)
		strbuf_addf(out, *c == '-' ? "\\%c" : "%c", *c);
	strbuf_adds(out, "\\fR");
	if (row->arg)
		strbuf_addf(out, " \\fI%s\\fR", row->arg);
	strbuf_adds(out, "\n");
	man_text(out, row->help);
	strbuf_adds(out, "\n");
}

static void man_verb(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, ".SS ringwall %s [\\fIoptions\\fR]", verb->name);
	if (*verb->args)
		strbuf_addf(out, " \\fI%s\\fR", verb->args);
	strbuf_adds(out, "\n");
	man_text(out, verb->about);
	strbuf_adds(out, "\n");
	for (size_t i = 0; i < verb->options.count; i++)
		man_option(out, verb, &verb->options.rows[i]);
}

static void man_limit(struct strbuf *out, const struct cgroup_key_info *key)
{
	strbuf_addf(out, ".TP\n\\fB%s\\fR", key->property);
	if (key->file)
		strbuf_addf(out, ": \\fI%s\\fR", key->file);
	strbuf_adds(out, key->file ? "\n" : ": an error\n");
	man_text(out, key->doc);
	if (key->file && cgroup_file_property(key->file))
		strbuf_addf(out, " (systemd: %s)", cgroup_file_property(key->file));
	strbuf_adds(out, "\n");
}

char *tables_man(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	const struct cgroup_key_info *key;

	strbuf_adds(&out, ".SH GLOBAL OPTIONS\nThese stand before the command.\n");
	for (size_t i = 0; i < global_options.count; i++)
		man_option(&out, NULL, &global_options.rows[i]);
	strbuf_adds(&out, ".PP\nThe program and every command take:\n");
	for (size_t i = 0; i < options_common.count; i++)
		man_option(&out, NULL, &options_common.rows[i]);
	strbuf_adds(&out, ".SH COMMANDS\n");
	each_verb(&out, man_verb);
	strbuf_adds(
		&out, ".SH LIMITS\nWhat the properties of linux.resources become in cgroup v2.\n");
	for (size_t i = 0; (key = cgroup_key_info(i)); i++)
		man_limit(&out, key);
	return strbuf_take(&out);
}

/* ---- Markdown ---- */

static void markdown_option(struct strbuf *out, const struct verb *verb, const struct option *row)
{
	(void)verb;
	strbuf_adds(out, "| ");
	if (row->short_name)
		strbuf_addf(out, "`-%c`, ", row->short_name);
	if (row->alias)
		strbuf_addf(out, "`-%c`, ", row->alias);
	strbuf_addf(out, "`--%s`", row->name);
	if (row->arg) {
		strbuf_adds(out, " *");
		for (const char *c = row->arg; *c; c++)
			strbuf_addf(out, *c == '|' ? "\\%c" : "%c", *c);
		strbuf_adds(out, "*");
	}
	strbuf_addf(out, " | %s |\n", row->help);
}

static void markdown_verb(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, "\n### ringwall %s [*options*] %s\n\n%s\n", verb->name, verb->args,
		verb->about);
	if (verb->options.count)
		strbuf_adds(out, "\n| option | |\n|---|---|\n");
	for (size_t i = 0; i < verb->options.count; i++)
		markdown_option(out, verb, &verb->options.rows[i]);
}

static void markdown_limits(struct strbuf *out)
{
	const struct cgroup_key_info *key;

	strbuf_adds(out,
		"\n## Limits\n\nWhat the properties of `linux.resources` become in cgroup v2, in "
		"the "
		"order of writing.\n\n"
		"| property | file | controller | value | systemd |\n|---|---|---|---|---|\n");
	for (size_t i = 0; (key = cgroup_key_info(i)); i++) {
		const char *unit = key->file ? cgroup_file_property(key->file) : NULL;

		strbuf_addf(out, "| `%s` | ", key->property);
		strbuf_addf(out, key->file ? "`%s`" : "%s", key->file ? key->file : "an error");
		strbuf_addf(out, " | %s | %s | %s |\n", key->controller ? key->controller : "",
			key->doc, unit ? unit : "");
	}
}

char *tables_markdown(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	auto_free char *documents = spec_reference_format();

	strbuf_adds(&out,
		"# Reference\n\nMade from the program's tables by `ringwall dump-tables "
		"markdown`.\n\n"
		"## The command line\n\nGlobal options, before the command:\n\n"
		"| option | |\n|---|---|\n");
	each_option(&out, NULL, &global_options, markdown_option);
	each_verb(&out, markdown_verb);
	strbuf_addf(&out, "\n%s", documents);
	markdown_limits(&out);
	return strbuf_take(&out);
}

/* ---- bash ---- */

static void bash_name(struct strbuf *out, const struct verb *verb, const struct option *row)
{
	(void)verb;
	strbuf_addf(out, " --%s", row->name);
	if (row->short_name)
		strbuf_addf(out, " -%c", row->short_name);
}

static void bash_offer(struct strbuf *out, const struct verb *verb, const struct option *row)
{
	static const char *const offers[] = { "nothing", "files", "directories", "words" };
	const char *name = verb ? verb->name : "";

	if (!row->arg)
		return;
	strbuf_addf(out, "\t\"%s --%s\"", name, row->name);
	if (row->short_name)
		strbuf_addf(out, " | \"%s -%c\"", name, row->short_name);
	strbuf_addf(out, ") echo \"%s", offers[offer_of(row)]);
	if (offer_of(row) == OFFER_WORDS) {
		strbuf_adds(out, " ");
		add_words(out, row->arg);
	}
	strbuf_adds(out, "\" ;;\n");
}

static void bash_verb_options(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, "\t%s) echo \"", verb->name);
	each_option(out, verb, &verb->options, bash_name);
	strbuf_adds(out, "\" ;;\n");
}

static void bash_verb_offers(struct strbuf *out, const struct verb *verb)
{
	each_option(out, verb, &verb->options, bash_offer);
}

static void bash_verb_name(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, " %s", verb->name);
}

static void bash_verb_with_id(struct strbuf *out, const struct verb *verb)
{
	if (takes_id(verb) && strcmp(verb->name, "create") != 0 && strcmp(verb->name, "run") != 0)
		strbuf_addf(out, " %s", verb->name);
}

static const char bash_function[] =
	"_ringwall() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal verb='' root=() offer='' i word ids=0\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\t# \"--name=value\" comes as three words\n"
	"\tif [[ $cur == '=' ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == '=' ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\toffer=$(_ringwall_argument \"$verb $word\")\n"
	"\t\t\tif [[ -n $offer ]]; then\n"
	"\t\t\t\t[[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))\n"
	"\t\t\t\t((i++))\n"
	"\t\t\t\t[[ $word == --root ]] && root=(--root \"${COMP_WORDS[i]}\")\n"
	"\t\t\tfi\n"
	"\t\telif [[ -z $verb ]]; then\n"
	"\t\t\tverb=$word\n"
	"\t\telse\n"
	"\t\t\tids=1\n"
	"\t\tfi\n"
	"\tdone\n"
	"\toffer=$(_ringwall_argument \"$verb $prev\")\n"
	"\tcase $offer in\n"
	"\tnothing) return ;;\n"
	"\tfiles) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tdirectories) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\twords*) mapfile -t COMPREPLY < <(compgen -W \"${offer#words }\" -- \"$cur\") ;;\n"
	"\t*)\n"
	"\t\tif [[ $cur == -* ]]; then\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$(_ringwall_options \"$verb\")\" -- "
	"\"$cur\")\n"
	"\t\telif [[ -z $verb || $verb == help ]]; then\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$_ringwall_commands\" -- \"$cur\")\n"
	"\t\telif [[ $ids == 0 && \" $_ringwall_with_id \" == *\" $verb \"* ]]; then\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -W "
	"\"$(ringwall \"${root[@]}\" list -q 2>/dev/null)\" -- \"$cur\")\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"complete -F _ringwall ringwall\n";

char *tables_bash(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;

	strbuf_adds(&out,
		"# SPDX-License-Identifier: Apache-2.0\n# shellcheck shell=bash\n"
		"# bash completion for ringwall, made by: ringwall dump-tables bash\n\n"
		"_ringwall_commands=\"");
	each_verb(&out, bash_verb_name);
	strbuf_adds(&out, "\"\n_ringwall_with_id=\"");
	each_verb(&out, bash_verb_with_id);
	strbuf_adds(&out,
		"\"\n\n# the options of command $1, of the program for \"\"\n"
		"_ringwall_options() {\n\tcase $1 in\n\t\"\") echo \"");
	each_option(&out, NULL, &global_options, bash_name);
	strbuf_adds(&out, "\" ;;\n");
	each_verb(&out, bash_verb_options);
	strbuf_adds(&out,
		"\tesac\n}\n\n# what to offer for the argument of \"command option\"; "
		"nothing for a flag\n_ringwall_argument() {\n\tcase $1 in\n");
	each_option(&out, NULL, &global_options, bash_offer);
	each_verb(&out, bash_verb_offers);
	strbuf_adds(&out, "\tesac\n}\n\n");
	strbuf_adds(&out, bash_function);
	return strbuf_take(&out);
}

/* ---- zsh ---- */

/* Inside single quotes and inside _arguments' brackets. */
static void zsh_text(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_adds(out, "'\\''");
		else if (strchr("[]:\\", *text))
			strbuf_addf(out, "\\%c", *text);
		else
			strbuf_add(out, text, 1);
	}
}

static void zsh_option(struct strbuf *out, const struct verb *verb, const struct option *row)
{
	(void)verb;
	strbuf_adds(out, "\t\t");
	if (row->kind == OPTION_STRINGS || row->kind == OPTION_IDS)
		strbuf_adds(out, "'*'");
	else if (row->short_name)
		strbuf_addf(out, "'(-%c --%s)'", row->short_name, row->name);
	if (row->short_name)
		strbuf_addf(out, "{-%c,--%s}'[", row->short_name, row->name);
	else
		strbuf_addf(out, "'--%s[", row->name);
	zsh_text(out, row->help);
	strbuf_adds(out, "]");
	if (row->arg) {
		strbuf_adds(out, ":");
		zsh_text(out, row->arg);
		strbuf_adds(out, ":");
		switch (offer_of(row)) {
		case OFFER_NOTHING:
			strbuf_adds(out, " ");
			break;
		case OFFER_FILES:
			strbuf_adds(out, "_files");
			break;
		case OFFER_DIRECTORIES:
			strbuf_adds(out, "_files -/");
			break;
		case OFFER_WORDS:
			strbuf_adds(out, "(");
			add_words(out, row->arg);
			strbuf_adds(out, ")");
			break;
		}
	}
	strbuf_adds(out, "' \\\n");
}

static void zsh_command(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, "\t'%s:", verb->name);
	zsh_text(out, verb->summary);
	strbuf_adds(out, "'\n");
}

static void zsh_verb(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, "\t%s)\n\t\t_arguments -s \\\n", verb->name);
	each_option(out, verb, &verb->options, zsh_option);
	if (strcmp(verb->name, "help") == 0)
		strbuf_adds(out, "\t\t'1:command:_ringwall_commands'\n");
	else if (takes_id(verb))
		strbuf_adds(out, "\t\t'1:container:_ringwall_ids' '*:argument: '\n");
	else
		strbuf_adds(out, "\t\t'*:: :'\n");
	strbuf_adds(out, "\t\t;;\n");
}

char *tables_zsh(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;

	strbuf_adds(&out,
		"#compdef ringwall\n# SPDX-License-Identifier: Apache-2.0\n"
		"# zsh completion for ringwall, made by: ringwall dump-tables zsh\n\n"
		"_ringwall_commands() {\n\tlocal -a commands\n\tcommands=(\n");
	each_verb(&out, zsh_command);
	strbuf_adds(&out,
		"\t)\n\t_describe command commands\n}\n\n_ringwall_ids() {\n"
		"\tlocal -a ids\n\tids=(${(f)\"$(ringwall list -q 2>/dev/null)\"})\n"
		"\tcompadd -a ids\n}\n\n_ringwall() {\n\tlocal curcontext=$curcontext state line\n"
		"\ttypeset -A opt_args\n\n\t_arguments -C -s \\\n");
	each_option(&out, NULL, &global_options, zsh_option);
	strbuf_adds(&out,
		"\t\t'1:command:_ringwall_commands' '*::argument:->arguments'\n"
		"\t[[ $state == arguments ]] || return\n\tcase $words[1] in\n");
	each_verb(&out, zsh_verb);
	strbuf_adds(&out, "\tesac\n}\n\n_ringwall \"$@\"\n");
	return strbuf_take(&out);
}

/* ---- fish ---- */

static void fish_text(struct strbuf *out, const char *text)
{
	strbuf_adds(out, "'");
	for (; *text; text++)
		strbuf_addf(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
	strbuf_adds(out, "'");
}

static void fish_option(struct strbuf *out, const struct verb *verb, const struct option *row)
{
	strbuf_adds(out, "complete -c ringwall -n ");
	if (verb)
		strbuf_addf(out, "'__fish_seen_subcommand_from %s'", verb->name);
	else
		strbuf_adds(out, "__fish_use_subcommand");
	if (row->short_name)
		strbuf_addf(out, " -s %c", row->short_name);
	strbuf_addf(out, " -l %s", row->name);
	if (row->arg) {
		switch (offer_of(row)) {
		case OFFER_NOTHING:
			strbuf_adds(out, " -x");
			break;
		case OFFER_FILES:
			strbuf_adds(out, " -r -F");
			break;
		case OFFER_DIRECTORIES:
			strbuf_adds(out, " -x -a '(__fish_complete_directories)'");
			break;
		case OFFER_WORDS:
			strbuf_adds(out, " -x -a '");
			add_words(out, row->arg);
			strbuf_adds(out, "'");
			break;
		}
	}
	strbuf_adds(out, " -d ");
	fish_text(out, row->help);
	strbuf_adds(out, "\n");
}

static void fish_verb(struct strbuf *out, const struct verb *verb)
{
	strbuf_addf(out, "\ncomplete -c ringwall -n __fish_use_subcommand -a %s -d ", verb->name);
	fish_text(out, verb->summary);
	strbuf_adds(out, "\n");
	if (takes_id(verb))
		strbuf_addf(out,
			"complete -c ringwall -n '__fish_seen_subcommand_from %s' "
			"-a '(ringwall list -q 2>/dev/null)'\n",
			verb->name);
	each_option(out, verb, &verb->options, fish_option);
}

char *tables_fish(void)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;

	strbuf_adds(&out,
		"# SPDX-License-Identifier: Apache-2.0\n"
		"# fish completion for ringwall, made by: ringwall dump-tables fish\n\n"
		"complete -c ringwall -f\n");
	each_option(&out, NULL, &global_options, fish_option);
	each_verb(&out, fish_verb);
	return strbuf_take(&out);
}
