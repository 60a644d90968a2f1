// SPDX-License-Identifier: Apache-2.0
/*
 * From the command line to the verb: global options, the verb's options and arguments, protection
 * of the program, the log, the call, and the one place where an error is printed.
 *
 * Parsing touches memory only.  Nothing is opened before self_protect().
 */
#include "cmd/commands.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/descriptors.h"
#include "runtime/self.h"

/* One run of the program. */
struct command_line {
	char **argv;
	struct global_options globals;
	const struct verb *verb; /* NULL: none yet */
	struct invocation in;
	char *options; /* owned; in.options */
	char **args; /* owned; all positional arguments, the verb first */
	char **verb_args; /* owned; in.args */
	char *root; /* owned */
	bool log_tried; /* log_open() was called */
};

static const char *visible_verb(const void *arg, size_t i)
{
	(void)arg;
	return verbs[i]->flags & VERB_HIDDEN ? "" : verbs[i]->name;
}

static int find_verb(const char *name, const struct verb **out_verb, struct err *err)
{
	const struct verb *verb = verb_find(name);
	const char *near;

	if (verb) {
		*out_verb = verb;
		return 0;
	}
	near = spelling_nearest(name, visible_verb, NULL, verb_count);
	err_bad(err, ERR_USAGE, "unknown command \"%s\"", name);
	if (near && *near)
		err_hint(err, "did you mean \"%s\"? \"ringwall --help\" lists the commands", near);
	else
		err_hint(err, "\"ringwall --help\" lists the commands");
	return err_result(err);
}

/* What the outcomes of options_parse() print. */
static int print_outcome(int outcome, const struct verb *verb, struct err *err)
{
	auto_free char *text = NULL;

	if (outcome == OPTIONS_VERSION)
		text = help_version();
	else if (outcome == OPTIONS_USAGE)
		text = help_usage(verb);
	else
		text = verb ? help_verb(verb) : help_program();
	return output_write(text, strlen(text), err);
}

static int check_arg_count(const struct verb *verb, size_t count, struct err *err)
{
	if (count >= verb->args_min && count <= verb->args_max)
		return 0;
	err_bad(err, ERR_USAGE, "%s: %s arguments", verb->name,
		count < verb->args_min ? "missing" : "too many");
	err_hint(err, "ringwall %s [OPTIONS]%s%s", verb->name, *verb->args ? " " : "", verb->args);
	return err_result(err);
}

static int parse_verb(struct command_line *cl, struct err *err)
{
	const struct verb *verb = cl->verb;
	int r;

	cl->options = xcalloc(1, verb->options_size);
	if (verb->defaults)
		memcpy(cl->options, verb->defaults, verb->options_size);
	r = options_parse(
		&verb->options, cl->args + 1, cl->options, cl->verb_args, &cl->in.arg_count, err);
	if (r < 0) {
		err_in(err, "%s", verb->name);
		err_hint(err, "see \"ringwall %s --help\"", verb->name);
		return r;
	}
	cl->in.globals = &cl->globals;
	cl->in.options = cl->options;
	cl->in.args = cl->verb_args;
	return r ? r : check_arg_count(verb, cl->in.arg_count, err);
}

/* Returns > 0 for the outcomes of options_parse(). */
static int parse(struct command_line *cl, struct err *err)
{
	size_t argc = 0, count;
	int r;

	while (cl->argv[argc])
		argc++;
	cl->args = xcalloc(argc + 1, sizeof(char *));
	cl->verb_args = xcalloc(argc + 1, sizeof(char *));
	r = options_parse(
		&global_options, cl->argv + (argc > 0), &cl->globals, cl->args, &count, err);
	if (r < 0)
		err_hint(err, "see \"ringwall --help\"");
	if (r)
		return r;
	if (count == 0) {
		err_bad(err, ERR_USAGE, "no command given");
		err_hint(err, "\"ringwall --help\" lists the commands");
		return err_result(err);
	}
	r = find_verb(cl->args[0], &cl->verb, err);
	return r < 0 ? r : parse_verb(cl, err);
}

static int open_log(struct command_line *cl, struct err *err)
{
	const struct global_options *globals = &cl->globals;
	struct log_options options = {
		.file = globals->log,
		.json = globals->log_format == 1,
		.level = globals->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
		.level_set = globals->debug || globals->log_level >= 0,
	};

	if (!globals->debug && globals->log_level >= 0)
		options.level = (enum log_level)globals->log_level;
	cl->log_tried = true;
	return log_open(&options, err);
}

static int run(struct command_line *cl, struct err *err)
{
	const struct verb *verb = cl->verb;
	int r;

	if (verb->flags & VERB_PROTECT) {
		r = self_protect(cl->argv, err);
		if (r < 0)
			return r;
	}
	/* After self_protect(), which may execute the program again and must hand on what it
	 * got. */
	r = descriptors_close_on_exec(
		verb->preserved_fds ? verb->preserved_fds(cl->options) : 0, err);
	if (r < 0)
		return r;
	r = open_log(cl, err);
	if (r < 0)
		return r;
	if (verb->flags & VERB_RUNTIME) {
		r = global_runtime(&cl->globals, &cl->in.runtime, &cl->root, err);
		if (r < 0)
			return r;
	}
	return verb->run(&cl->in, err);
}

/* The errors of the command line itself belong into the log file as well: engines read only
 * that. */
static void report(struct command_line *cl, const struct err *err)
{
	struct err log_err;

	/* when the log cannot be opened either, standard error has to do */
	if (!cl->log_tried && open_log(cl, &log_err) < 0)
		err_drop(&log_err);
	log_error(err);
}

static int failure_status(const struct verb *verb, const struct err *err)
{
	if (err->kind == ERR_USAGE)
		return EXIT_WRONG_USAGE;
	return verb ? verb->failure_status : EXIT_FAILED;
}

static bool called_as(char **argv, const char *name)
{
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;

	return argv[0] && strcmp(slash ? slash + 1 : argv[0], name) == 0;
}

int cli_main(char **argv)
{
	struct command_line cl = { .argv = argv, .globals = global_defaults };
	struct err err = { 0 };
	int status = 0, r;

	cl.globals.called_kvm = called_as(argv, "ringwall-kvm");
	r = parse(&cl, &err);
	if (r > 0)
		r = print_outcome(r, cl.verb, &err);
	else if (r == 0)
		r = run(&cl, &err);
	if (r < 0) {
		report(&cl, &err);
		status = failure_status(cl.verb, &err);
	} else {
		status = cl.in.status;
	}
	if (cl.options)
		options_release(&cl.verb->options, cl.options);
	free(cl.options);
	free(cl.args);
	free(cl.verb_args);
	free(cl.root);
	return status;
}
