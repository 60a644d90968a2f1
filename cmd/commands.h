/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands ("verbs") of the command line: one table, one file a verb, and what a verb is given.
 * Included by cmd/ only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cmd/options.h"
#include "runtime/container.h"

/* Exit statuses; the manual page documents them. */
enum {
	EXIT_FAILED = 1, /* the operation failed */
	EXIT_WRONG_USAGE = 64, /* EX_USAGE: the command line is wrong */
	EXIT_EXEC_FAILED =
		255, /* `exec` could not run the program: as runc, apart from its own codes */
};

/* The options before the verb. */
struct global_options {
	const char *root; /* NULL: the default */
	const char *log;
	int log_format; /* 0: text, 1: json */
	int log_level; /* enum log_level; -1: not given */
	bool debug;
	bool systemd_cgroup;
	int cgroup_manager; /* enum cgroup_manager; -1: not given */
	int rootless; /* ROOTLESS_* */
	int isolation; /* enum isolation_mode */
	const char *kernel;
	bool called_kvm; /* the program was called by the name that means --isolation=kvm */
};

enum { ROOTLESS_TRUE, ROOTLESS_FALSE, ROOTLESS_AUTO };

/* The same option before and behind the verb. */
#define ISOLATION_OPTION(offset)                                                             \
	{                                                                                    \
		"isolation", '\0', '\0', "native|kvm", OPTION_CHOICE, offset,                \
			"run a new container on the host's kernel, or on one of its own in " \
			"a virtual machine (default: native, unless config.json asks for "   \
			"kvm)"                                                               \
	}

extern const struct option_table global_options;
extern const struct global_options global_defaults;

/* Fills *out_runtime from the global options: root directory, cgroup manager, privilege.  @storage
 * holds the root when it had to be made; the caller frees it. */
int global_runtime(const struct global_options *globals, struct runtime *out_runtime,
	char **out_storage, struct err *err) MUST_USE;

/*
 * What the command line asks for: the global option, the verb's own (@verb_choice, as the global
 * one) and the program's name, which must agree.
 */
int global_isolation(const struct global_options *globals, int verb_choice,
	enum isolation_mode *out_mode, struct err *err) MUST_USE;

/* One use of a verb. */
struct invocation {
	const struct global_options *globals;
	struct runtime runtime; /* only for verbs with VERB_RUNTIME */
	void *options; /* the verb's options struct */
	char **args; /* positional, NULL-terminated */
	size_t arg_count;
	int status; /* out: the exit status of success */
};

#define VERB_RUNTIME 1u /* works on containers: wants struct runtime */
#define VERB_PROTECT 2u /* a container's process may see this one: runtime/self.h */
#define VERB_HIDDEN 4u /* not in help, manual page and completions */

struct verb {
	const char *name;
	const char *args; /* synopsis of the positional arguments: "ID [SIGNAL]" */
	const char *summary; /* one line */
	const char *about; /* a paragraph for --help and the manual page */
	struct option_table options;
	const void *defaults; /* the initial options struct; NULL: zeroes */
	size_t options_size;
	size_t args_min;
	size_t args_max;
	unsigned int flags; /* VERB_* */
	int failure_status;
	/* How many inherited descriptors, from 3 on, are for the container; NULL: none. */
	unsigned int (*preserved_fds)(void *options);
	int (*run)(struct invocation *in, struct err *err);
};

extern const struct verb *const verbs[];
extern const size_t verb_count;
const struct verb *verb_find(const char *name);

extern const struct verb verb_create, verb_delete, verb_dump_tables, verb_events, verb_exec,
	verb_features, verb_help, verb_kill, verb_kvm, verb_list, verb_pause, verb_ps, verb_resume,
	verb_run, verb_spec, verb_start, verb_state, verb_update;

/* ---- output (cmd/output.c) ---- */

/* Writes all of @text to standard output. */
int output_write(const char *text, size_t len, struct err *err) MUST_USE;
/* The same for a string, with a newline added. */
int output_line(const char *text, struct err *err) MUST_USE;

/* ---- help (cmd/help.c), heap strings ---- */

char *help_program(void);
char *help_verb(const struct verb *verb);
char *help_usage(const struct verb *verb); /* NULL: the program's */
char *help_version(void);

/* ---- the tables as documents (cmd/tables.c): "man", "bash", "zsh", "fish", "markdown" ---- */

char *tables_man(void);
char *tables_markdown(void);
char *tables_bash(void);
char *tables_zsh(void);
char *tables_fish(void);

/* Does everything between the program's set-up and its exit: returns the exit status. */
int cli_main(char **argv);
