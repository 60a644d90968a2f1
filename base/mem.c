// SPDX-License-Identifier: Apache-2.0
/* Memory and descriptor ownership: see the header. */
#include "base/mem.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/sys.h"

/* Engines read stderr, and a log file may not be open yet: one line that needs no formatting. */
static _Noreturn void out_of_memory(void)
{
	static const char text[] = "ringwall: out of memory\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)written;
	_exit(1);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc_array(void *p, size_t count, size_t size)
{
	void *grown = reallocarray(p, count ? count : 1, size ? size : 1);

	if (!grown)
		out_of_memory();
	return grown;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, SIZE_MAX);
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = n == SIZE_MAX ? strlen(s) : strnlen(s, n);
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *out;

	if (vasprintf(&out, fmt, ap) < 0)
		out_of_memory();
	return out;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *out;

	va_start(ap, fmt);
	out = xvasprintf(fmt, ap);
	va_end(ap);
	return out;
}

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd); /* never retried: the descriptor is gone even on EINTR */
	*fd = FD_NONE;
	errno = saved;
}

/* Outer seccomp filters may refuse close_range(2): then one by one, up to what may be open. */
static void close_span(int first, int last)
{
	if (sys_close_range((unsigned int)first, (unsigned int)last, 0) == 0)
		return;
	if (last == INT_MAX) {
		long max = sysconf(_SC_OPEN_MAX);

		last = max > 0 && max < INT_MAX ? (int)max : 65536;
	}
	for (int fd = first; fd <= last; fd++)
		close(fd);
}

void fd_close_others(int first, const int *keep, size_t count)
{
	int sorted[FD_KEEP_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		size_t at;

		if (keep[i] < first)
			continue;
		if (n == FD_KEEP_MAX)
			BUG("too many descriptors to keep");
		for (at = n; at > 0 && sorted[at - 1] > keep[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = keep[i];
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] > first)
			close_span(first, sorted[i] - 1);
		first = sorted[i] + 1;
	}
	close_span(first, INT_MAX);
}
