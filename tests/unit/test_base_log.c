// SPDX-License-Identifier: Apache-2.0
/*
 * base/log.c: what engines read back.  podman decodes the whole file as one JSON value, containerd
 * each line, with "time" as RFC 3339; both read msg.  The JSON is checked with yajl, which base/
 * itself does not use.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "base/log.h"
#include "base/mem.h"

#define RFC3339 "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z"

static struct err err;
static char dir[64], file[96], captured[96];

static char *slurp(const char *path)
{
	static char data[65536];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, data, sizeof(data) - 1);

	assert_true(n >= 0);
	data[n] = '\0';
	return data;
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ringwall-log-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/log", dir);
	snprintf(captured, sizeof(captured), "%s/stderr", dir);
	return 0;
}

static int teardown(void **state)
{
	struct log_options none = { 0 };

	(void)state;
	log_set_sink(NULL, NULL);
	assert_int_equal(log_open(&none, &err), 0);
	unlink(file);
	unlink(captured);
	rmdir(dir);
	return 0;
}

static void open_log(bool with_file, bool json)
{
	struct log_options options = { .file = with_file ? file : NULL, .json = json };

	assert_int_equal(log_open(&options, &err), 0);
}

static void open_log_at(bool with_file, bool json, enum log_level level)
{
	struct log_options options = {
		.file = with_file ? file : NULL, .json = json, .level = level, .level_set = true
	};

	assert_int_equal(log_open(&options, &err), 0);
}

/* What @fn writes to stderr. */
static char *stderr_of(void (*fn)(void))
{
	auto_close int saved = dup(STDERR_FILENO);
	auto_close int fd = open(captured, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	fn();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	return slurp(captured);
}

static void say_all(void)
{
	log_warn("a %s", "warning");
	log_info("an info");
	log_debug("a debug");
}

static void say_error(void)
{
	struct err e = { 0 };

	err_sys(&e, EPERM, "open \"%s\"", "/x");
	err_hint(&e, "ask root");
	log_error(&e);
}

static void without_a_file(void **state)
{
	(void)state;
	open_log(false, false);
	assert_string_equal(stderr_of(say_all), "ringwall: warning: a warning\n");
	assert_string_equal(stderr_of(say_error),
		"ringwall: open \"/x\": operation not permitted\nhint: ask root\n");
	assert_false(log_debugging());
}

static void levels_on_stderr(void **state)
{
	(void)state;
	open_log_at(false, false, LOG_LEVEL_ERROR);
	assert_string_equal(stderr_of(say_all), "");
	open_log_at(false, false, LOG_LEVEL_INFO);
	assert_string_equal(
		stderr_of(say_all), "ringwall: warning: a warning\nringwall: info: an info\n");
	assert_false(log_debugging());
	open_log_at(false, false, LOG_LEVEL_DEBUG);
	assert_string_equal(stderr_of(say_all),
		"ringwall: warning: a warning\nringwall: info: an info\n"
		"ringwall: debug: a debug\n");
	assert_true(log_debugging());
}

static const char *field(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };
	yajl_val value = yajl_tree_get(tree, path, yajl_t_string);

	assert_non_null(value);
	return YAJL_GET_STRING(value);
}

static yajl_val parse(const char *text)
{
	char problem[256] = "";
	yajl_val tree = yajl_tree_parse(text, problem, sizeof(problem));

	if (!tree)
		fail_msg("%s in: %s", problem, text);
	assert_true(YAJL_IS_OBJECT(tree));
	return tree;
}

static void is_now(const char *text)
{
	struct tm tm = { 0 };
	time_t then, now = time(NULL);
	regex_t re;

	assert_int_equal(regcomp(&re, "^" RFC3339 "$", REG_EXTENDED | REG_NOSUB), 0);
	assert_int_equal(regexec(&re, text, 0, NULL, 0), 0);
	regfree(&re);
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
	then = timegm(&tm);
	assert_true(then <= now && now - then < 10);
}

/* podman: at the default level the file is one JSON value, whatever was warned of. */
static void a_json_file_is_one_object(void **state)
{
	char *text;
	yajl_val tree;

	(void)state;
	open_log(true, true);
	assert_string_equal(stderr_of(say_all), "");
	/* stderr carries the error, too: CRI-O and conmon read that. */
	assert_string_equal(stderr_of(say_error),
		"ringwall: open \"/x\": operation not permitted\nhint: ask root\n");
	text = slurp(file);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	tree = parse(text);
	assert_int_equal(YAJL_GET_OBJECT(tree)->len, 5);
	assert_string_equal(field(tree, "level"), "error");
	assert_string_equal(field(tree, "msg"), "open \"/x\": operation not permitted (ask root)");
	assert_string_equal(field(tree, "errno"), "EPERM");
	assert_string_equal(field(tree, "hint"), "ask root");
	is_now(field(tree, "time"));
	yajl_tree_free(tree);
}

static void an_error_without_a_hint(void)
{
	struct err e = { 0 };

	err_bad(&e, ERR_CONFIG, "nothing to run");
	log_error(&e);
}

static void absent_fields_are_left_out(void **state)
{
	yajl_val tree;

	(void)state;
	open_log(true, true);
	assert_string_equal(stderr_of(an_error_without_a_hint), "ringwall: nothing to run\n");
	tree = parse(slurp(file));
	assert_int_equal(YAJL_GET_OBJECT(tree)->len, 4);
	assert_string_equal(field(tree, "errno"), "EINVAL");
	yajl_tree_free(tree);
}

/* With a file and --debug everything goes there, and stderr stays clean: engines read the standard
 * streams of `state` together. */
static void a_debug_file_has_a_line_each(void **state)
{
	static const char *const levels[] = { "warning", "info", "debug" };
	char *line, *saved = NULL;
	size_t i = 0;

	(void)state;
	open_log_at(true, true, LOG_LEVEL_DEBUG);
	assert_string_equal(stderr_of(say_all), "");
	for (line = strtok_r(slurp(file), "\n", &saved); line;
		line = strtok_r(NULL, "\n", &saved)) {
		yajl_val tree = parse(line);

		assert_true(i < ARRAY_SIZE(levels));
		assert_string_equal(field(tree, "level"), levels[i++]);
		is_now(field(tree, "time"));
		yajl_tree_free(tree);
	}
	assert_int_equal(i, ARRAY_SIZE(levels));
}

static void a_text_file(void **state)
{
	regex_t re;

	(void)state;
	open_log_at(true, false, LOG_LEVEL_WARNING);
	log_warn("say \"%s\"\n", "hello");
	assert_int_equal(regcomp(&re,
				 "^time=\"" RFC3339 "\" level=warning "
				 "msg=\"say \\\\\"hello\\\\\"\\\\n\"\n$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	assert_int_equal(regexec(&re, slurp(file), 0, NULL, 0), 0);
	regfree(&re);
}

/* Names of images reach messages: every byte must come out as valid JSON in one line. */
static void any_byte_is_valid_json(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "plain" },
		{ "quote\" back\\slash /", "quote\" back\\slash /" },
		{ "line\nfeed\ttab\rreturn\x01\x1b[31m\x7f",
			"line\nfeed\ttab\rreturn\x01\x1b[31m\x7f" },
		{ "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb3",
			"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb3" },
		/* invalid UTF-8: U+FFFD for each byte */
		{ "\xff", "\xef\xbf\xbd" },
		{ "a\x80z", "a\xef\xbf\xbdz" },
		{ "cut\xe2\x82", "cut\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" }, /* overlong "/" */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2(\xa1", "\xef\xbf\xbd(\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text;
		yajl_val tree;

		unlink(file);
		open_log_at(true, true, LOG_LEVEL_WARNING);
		log_warn("%s", rows[i].in);
		text = slurp(file);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		tree = parse(text);
		assert_string_equal(field(tree, "msg"), rows[i].out);
		yajl_tree_free(tree);
	}
}

static void say_escape(void)
{
	log_warn("name \"%s\"", "\x1b[2J\nfake: line\x7f");
}

static void terminals_are_safe(void **state)
{
	(void)state;
	open_log(false, false);
	assert_string_equal(
		stderr_of(say_escape), "ringwall: warning: name \"\\x1b[2J\\nfake: line\\x7f\"\n");
}

/* The longest error and message, with every byte escaped. */
static void nothing_is_too_long(void **state)
{
	char text[5000];
	struct err e = { .num = ENOENT };
	char *line, *saved = NULL;
	size_t lines = 0;

	(void)state;
	memset(text, '\x01', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(e.msg, '\x02', sizeof(e.msg) - 1);
	memset(e.hint, '\x03', sizeof(e.hint) - 1);
	open_log_at(true, true, LOG_LEVEL_WARNING);
	log_warn("%s", text);
	memset(text, '\xff', sizeof(text) - 1);
	log_warn("%s", text);
	/* Its copy on stderr is not of interest here. */
	{
		auto_close int old = dup(STDERR_FILENO),
			       null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		log_error(&e);
		dup2(old, STDERR_FILENO);
	}
	for (line = strtok_r(slurp(file), "\n", &saved); line;
		line = strtok_r(NULL, "\n", &saved)) {
		yajl_tree_free(parse(line));
		lines++;
	}
	assert_int_equal(lines, 3);
}

static void the_file_is_private_and_appended(void **state)
{
	struct stat st;
	mode_t saved = umask(0);

	(void)state;
	open_log_at(true, false, LOG_LEVEL_WARNING);
	umask(saved);
	log_warn("one");
	open_log_at(true, false, LOG_LEVEL_WARNING);
	log_warn("two");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_non_null(strstr(slurp(file), "one"));
	assert_non_null(strstr(slurp(file), "two"));
}

static void a_log_that_cannot_be_opened(void **state)
{
	struct log_options options = { .file = "/nonexistent/directory/log" };

	(void)state;
	assert_int_equal(log_open(&options, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/directory/log"));
}

static void remember(enum log_level level, const char *text, void *arg)
{
	snprintf(arg, 64, "%d %s", (int)level, text);
}

/* The init's warnings go to its parent instead, by the same rule of levels. */
static void a_sink_takes_messages(void **state)
{
	char seen[64] = "";

	(void)state;
	open_log(false, false);
	log_set_sink(remember, seen);
	assert_string_equal(stderr_of(say_all), "");
	assert_string_equal(seen, "1 a warning");
	log_set_sink(NULL, NULL);
	seen[0] = '\0';
	assert_string_equal(stderr_of(say_all), "ringwall: warning: a warning\n");
	assert_string_equal(seen, "");
	open_log(true, true);
	log_set_sink(remember, seen);
	assert_string_equal(stderr_of(say_all), "");
	assert_string_equal(seen, ""); /* errors only, with a file */
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(without_a_file),
		WITH_DIR(levels_on_stderr),
		WITH_DIR(a_json_file_is_one_object),
		WITH_DIR(absent_fields_are_left_out),
		WITH_DIR(a_debug_file_has_a_line_each),
		WITH_DIR(a_text_file),
		WITH_DIR(any_byte_is_valid_json),
		WITH_DIR(terminals_are_safe),
		WITH_DIR(nothing_is_too_long),
		WITH_DIR(the_file_is_private_and_appended),
		WITH_DIR(a_log_that_cannot_be_opened),
		WITH_DIR(a_sink_takes_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
