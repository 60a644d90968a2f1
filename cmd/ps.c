// SPDX-License-Identifier: Apache-2.0
/*
 * `ps`: the processes of a container, as pids or as those rows of the host's ps(1) whose PID is one
 * of them.
 */
#include "cmd/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strbuf.h"

#define PS_OUTPUT_MAX (64u << 20)

struct ps_options {
	int format; /* 0: table, 1: json */
};

#define O(member) offsetof(struct ps_options, member)

static const struct option rows[] = {
	{ "format", 'f', '\0', "table|json", OPTION_CHOICE, O(format),
		"the form of the output: a table, or an array of pids (default: table)" },
};

struct pids {
	pid_t *items;
	size_t count;
};

static void format_json(const struct pids *pids, struct strbuf *out)
{
	strbuf_adds(out, "[");
	for (size_t i = 0; i < pids->count; i++)
		strbuf_addf(out, "%s%d", i ? "," : "", pids->items[i]);
	strbuf_adds(out, "]\n");
}

/* ---- the host's ps ---- */

/* Engines call with an empty environment: posix_spawnp() then searches /bin and /usr/bin.  SIGPIPE,
 * which we ignore, is ps's own business. */
static int ps_spawn(char **argv, int output, pid_t *out_pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int r;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return err_sys(err, r, "posix_spawn_file_actions_init");
	r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnattr_init(&attr);
	if (r == 0) {
		posix_spawnattr_setsigdefault(&attr, &defaults);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
		r = posix_spawnp(out_pid, argv[0], &actions, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	if (r) {
		err_sys(err, r, "execute \"%s\"", argv[0]);
		err_hint(err,
			"the table is made by the host's ps (package procps); --format json needs "
			"none");
	}
	return r ? err_result(err) : 0;
}

static int ps_wait(pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for ps");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_bad(err, ERR_OTHER, "ps was ended by signal %d", WTERMSIG(status));
	return err_bad(err, ERR_OTHER, "ps failed with exit status %d", WEXITSTATUS(status));
}

static int ps_output(char **argv, char **out_text, struct err *err)
{
	auto_close int reader = FD_NONE, writer = FD_NONE;
	auto_free char *text = NULL;
	struct err wait_err;
	int ends[2], r, waited;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	reader = ends[0];
	writer = ends[1];
	r = ps_spawn(argv, writer, &pid, err);
	if (r < 0)
		return r;
	fd_close(&writer);
	r = host_read_fd(reader, "the output of ps", PS_OUTPUT_MAX, &text, NULL, err);
	fd_close(&reader); /* a ps that still writes must not block for ever */
	waited = ps_wait(pid, r < 0 ? &wait_err : err);
	if (r < 0)
		return r;
	if (waited < 0)
		return waited;
	*out_text = take_ptr(&text);
	return 0;
}

/* ---- its rows ---- */

static const char blanks[] = " \t";

/* The @n-th field (from 0) of a line that ends at '\n' or NUL; its length, 0: there is none. */
static size_t field(const char *line, size_t n, const char **out_start)
{
	for (;; n--) {
		size_t len;

		line += strspn(line, blanks);
		len = strcspn(line, " \t\n");
		*out_start = line;
		if (n == 0 || len == 0)
			return len;
		line += len;
	}
}

static int find_pid_column(const char *header, size_t *out_column, struct err *err)
{
	const char *start;
	size_t len;

	for (size_t column = 0; (len = field(header, column, &start)) > 0; column++) {
		if (len == 3 && strncmp(start, "PID", 3) == 0) {
			*out_column = column;
			return 0;
		}
	}
	err_bad(err, ERR_OTHER, "the output of ps has no column \"PID\"");
	err_hint(err, "choose options of ps that print one, for example -o pid,user,args");
	return err_result(err);
}

static bool is_listed(const char *line, size_t column, const struct pids *pids)
{
	char number[12];
	const char *start;
	size_t len = field(line, column, &start);
	uint64_t pid;

	if (len == 0 || len >= sizeof(number))
		return false;
	memcpy(number, start, len);
	number[len] = '\0';
	if (num_u64(number, INT32_MAX, &pid) < 0)
		return false;
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == (pid_t)pid)
			return true;
	return false;
}

static int filter_rows(
	const char *text, const struct pids *pids, struct strbuf *out, struct err *err)
{
	bool header = true;
	size_t column = 0;
	int r = find_pid_column(text, &column, err);

	if (r < 0)
		return r;
	for (size_t len; *text; text += len, header = false) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		if (header || is_listed(text, column, pids))
			strbuf_add(out, text, len);
	}
	return 0;
}

static int format_table(char *const *ps_args, size_t count, const struct pids *pids,
	struct strbuf *out, struct err *err)
{
	static char program[] = "ps", all[] = "-ef";
	/* go-runc passes all options as one word, whose parts are at most half of it */
	auto_free char *words = count == 1 ? xstrdup(ps_args[0]) : NULL;
	auto_free char **argv = xcalloc(count + 3 + (words ? strlen(words) / 2 : 0), sizeof(*argv));
	auto_free char *text = NULL;
	size_t n = 0;
	char *rest = NULL;
	int r;

	argv[n++] = program;
	for (char *word = words ? strtok_r(words, blanks, &rest) : NULL; word;
		word = strtok_r(NULL, blanks, &rest))
		argv[n++] = word;
	for (size_t i = 0; !words && i < count; i++)
		argv[n++] = ps_args[i];
	if (n == 1)
		argv[n] = all;
	r = ps_output(argv, &text, err);
	return r < 0 ? r : filter_rows(text, pids, out, err);
}

/* Processes of a guest are none of the host's ps: its options say nothing to us, but that for the form
 * that the table has anyway. */
static int refuse_ps_options(const struct invocation *in, struct err *err)
{
	if (in->arg_count == 1 || (in->arg_count == 2 && strcmp(in->args[1], "-ef") == 0))
		return 0;
	err_bad_errno(err, ERR_USAGE, EOPNOTSUPP,
		"\"%s\": the processes of container \"%s\" are those of a virtual machine, which "
		"the host's ps does not see",
		in->args[1], in->args[0]);
	err_hint(err, "leave the options of ps out: the table has the form of -ef");
	return err_result(err);
}

static int ps_run(struct invocation *in, struct err *err)
{
	const struct ps_options *options = in->options;
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	auto_free pid_t *items = NULL;
	auto_free char *table = NULL;
	struct pids pids;
	int r = 1;

	if (options->format == 0)
		r = container_ps_table(&in->runtime, in->args[0], &table, err);
	if (r == 0)
		r = refuse_ps_options(in, err);
	if (r <= 0)
		return r < 0 ? r : output_write(table, strlen(table), err);
	r = container_pids(&in->runtime, in->args[0], &items, &pids.count, err);

	if (r < 0)
		return r;
	pids.items = items;
	if (options->format == 1)
		format_json(&pids, &out);
	else
		r = format_table(in->args + 1, in->arg_count - 1, &pids, &out, err);
	return r < 0 ? r : output_write(strbuf_str(&out), out.len, err);
}

const struct verb verb_ps = {
	.name = "ps",
	.args = "ID [PS-OPTION...]",
	.summary = "list the processes of a container",
	.about = "Lists the processes of the container ID: the rows of the host's ps(1) with "
		 "their pids on the host.  PS-OPTIONs (default: -ef) are passed to ps and must "
		 "print a column PID.  Options of ringwall end at ID.  Of a container in a virtual "
		 "machine the table has its processes as `ps -ef` shows them there, and no "
		 "options, while json has what stands for them on the host: the machine, and one "
		 "process for each exec.",
	.options = { rows, ARRAY_SIZE(rows), true },
	.options_size = sizeof(struct ps_options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.flags = VERB_RUNTIME,
	.failure_status = EXIT_FAILED,
	.run = ps_run,
};
