// SPDX-License-Identifier: Apache-2.0
/*
 * The log: see the header.
 *
 * Each message is built in a fixed buffer and written with one write(2), so that lines of several
 * processes do not mix and the init may log after clone.  Names from images reach messages: control
 * characters never reach a terminal or break a line.
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/stamp.h"

#define TEXT_MAX 2048 /* a message and its context */
#define LINE_MAX_BYTES (6 * (TEXT_MAX + 1024) + 256) /* every byte escaped, and the frame */

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* The log sink: the only state of its kind in the program. */
static struct {
	int fd;
	bool json;
	enum log_level level;
	void (*sink)(enum log_level level, const char *text, void *arg);
	void *sink_arg;
} sink = { .fd = FD_NONE, .level = LOG_LEVEL_WARNING };

/* ---- a line under construction ---- */

struct line {
	char data[LINE_MAX_BYTES];
	size_t len;
};

static void put(struct line *line, const char *s, size_t len)
{
	if (len > sizeof(line->data) - line->len)
		BUG("a log line is longer than its parts can be");
	memcpy(line->data + line->len, s, len);
	line->len += len;
}

static void puts_raw(struct line *line, const char *s)
{
	put(line, s, strlen(s));
}

/* The length of the valid UTF-8 sequence at @s (RFC 3629: shortest form, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80) /* the final NUL stops here as well */
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static bool is_control(unsigned char c)
{
	return c < ' ' || c == 0x7f;
}

/* A JSON string with its quotes; also what logrus and people expect after msg= in a text file. */
static void put_json(struct line *line, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	puts_raw(line, "\"");
	while (*s) {
		size_t len = utf8_length(s);
		char escape[8];

		if (*s == '"' || *s == '\\') {
			snprintf(escape, sizeof(escape), "\\%c", *s);
			puts_raw(line, escape);
		} else if (*s == '\n') {
			puts_raw(line, "\\n");
		} else if (*s == '\t') {
			puts_raw(line, "\\t");
		} else if (is_control(*s)) {
			snprintf(escape, sizeof(escape), "\\u%04x", *s);
			puts_raw(line, escape);
		} else if (len == 0) {
			puts_raw(line, "\\ufffd");
		} else {
			put(line, (const char *)s, len);
		}
		s += len ? len : 1;
	}
	puts_raw(line, "\"");
}

/* Text for a terminal: as it is, control characters made visible. */
static void put_plain(struct line *line, const char *text)
{
	for (const char *s = text; *s; s++) {
		char escape[8];

		if (!is_control((unsigned char)*s)) {
			put(line, s, 1);
			continue;
		}
		snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)*s);
		puts_raw(line, *s == '\n' ? "\\n" : *s == '\t' ? "\\t" : escape);
	}
}

static void put_time(struct line *line)
{
	char text[STAMP_SIZE];

	stamp_now(text);
	puts_raw(line, text);
}

/* A log that cannot be written must not stop the work: nobody is left to be told. */
static void flush(int fd, const struct line *line)
{
	ssize_t written = write(fd, line->data, line->len);

	(void)written;
}

/* ---- the two forms ---- */

static void put_field(struct line *line, const char *key, const char *value)
{
	puts_raw(line, ",\"");
	puts_raw(line, key);
	puts_raw(line, "\":");
	put_json(line, value);
}

/* @err: NULL, or the error whose own fields are added. */
static void write_file(enum log_level level, const char *text, const struct err *err)
{
	struct line line = { .len = 0 };

	if (sink.json) {
		char whole[TEXT_MAX + sizeof(err->hint)];

		/* engines show the message, and no other member */
		if (err && err->hint[0]) {
			snprintf(whole, sizeof(whole), "%s (%s)", text, err->hint);
			text = whole;
		}
		puts_raw(&line, "{\"level\":\"");
		puts_raw(&line, level_names[level]);
		puts_raw(&line, "\"");
		put_field(&line, "msg", text);
		puts_raw(&line, ",\"time\":\"");
		put_time(&line);
		puts_raw(&line, "\"");
		if (err && err->num)
			put_field(&line, "errno", err_name(err->num));
		if (err && err->hint[0])
			put_field(&line, "hint", err->hint);
		puts_raw(&line, "}\n");
	} else {
		puts_raw(&line, "time=\"");
		put_time(&line);
		puts_raw(&line, "\" level=");
		puts_raw(&line, level_names[level]);
		puts_raw(&line, " msg=");
		put_json(&line, text);
		if (err && err->hint[0]) {
			puts_raw(&line, " hint=");
			put_json(&line, err->hint);
		}
		puts_raw(&line, "\n");
	}
	flush(sink.fd, &line);
}

static void write_stderr(enum log_level level, const char *text, const char *hint)
{
	struct line line = { .len = 0 };

	puts_raw(&line, "ringwall: ");
	if (level != LOG_LEVEL_ERROR) {
		puts_raw(&line, level_names[level]);
		puts_raw(&line, ": ");
	}
	put_plain(&line, text);
	puts_raw(&line, "\n");
	if (hint && hint[0]) {
		puts_raw(&line, "hint: ");
		put_plain(&line, hint);
		puts_raw(&line, "\n");
	}
	flush(STDERR_FILENO, &line);
}

__attribute__((format(printf, 2, 0))) static void message(
	enum log_level level, const char *fmt, va_list ap)
{
	char text[TEXT_MAX];

	if (level > sink.level)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (sink.sink)
		sink.sink(level, text, sink.sink_arg);
	else if (sink.fd >= 0)
		write_file(level, text, NULL);
	else
		write_stderr(level, text, NULL);
}

int log_open(const struct log_options *options, struct err *err)
{
	int fd = FD_NONE;

	if (options->file) {
		fd = host_open(AT_FDCWD, options->file, O_WRONLY | O_APPEND | O_CREAT, 0600, err);
		if (fd < 0)
			return err_in(err, "log file");
	}
	fd_close(&sink.fd);
	sink.fd = fd;
	sink.json = options->json;
	if (options->level_set)
		sink.level = options->level;
	else
		sink.level = options->file ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
	return 0;
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(LOG_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

bool log_debugging(void)
{
	return sink.level >= LOG_LEVEL_DEBUG;
}

void log_error(const struct err *err)
{
	if (sink.fd >= 0)
		write_file(LOG_LEVEL_ERROR, err->msg, err);
	write_stderr(LOG_LEVEL_ERROR, err->msg, err->hint);
}

void log_set_sink(void (*fn)(enum log_level level, const char *text, void *arg), void *arg)
{
	sink.sink = fn;
	sink.sink_arg = arg;
}
