// SPDX-License-Identifier: Apache-2.0
/* Error values: see the header.  The texts of errnos are ours because strerror() is translated
 * and capitalised, while engines match the lower-case words (for example "no such file or
 * directory"). */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Of the kernel. */
#define MAX_ERRNO 4095

static const struct {
	int num;
	const char *name;
	const char *text;
} errnos[] = {
#define E(name, text)             \
	{                         \
		name, #name, text \
	}
	E(EPERM, "operation not permitted"),
	E(ENOENT, "no such file or directory"),
	E(ESRCH, "no such process"),
	E(EINTR, "interrupted system call"),
	E(EIO, "input/output error"),
	E(ENXIO, "no such device or address"),
	E(E2BIG, "argument list too long"),
	E(ENOEXEC, "exec format error"),
	E(EBADF, "bad file descriptor"),
	E(ECHILD, "no child processes"),
	E(EAGAIN, "resource temporarily unavailable"),
	E(ENOMEM, "cannot allocate memory"),
	E(EACCES, "permission denied"),
	E(EFAULT, "bad address"),
	E(ENOTBLK, "block device required"),
	E(EBUSY, "device or resource busy"),
	E(EEXIST, "file exists"),
	E(EXDEV, "invalid cross-device link"),
	E(ENODEV, "no such device"),
	E(ENOTDIR, "not a directory"),
	E(EISDIR, "is a directory"),
	E(EINVAL, "invalid argument"),
	E(ENFILE, "too many open files in system"),
	E(EMFILE, "too many open files"),
	E(ENOTTY, "inappropriate ioctl for device"),
	E(ETXTBSY, "text file busy"),
	E(EFBIG, "file too large"),
	E(ENOSPC, "no space left on device"),
	E(ESPIPE, "illegal seek"),
	E(EROFS, "read-only file system"),
	E(EMLINK, "too many links"),
	E(EPIPE, "broken pipe"),
	E(EDOM, "numerical argument out of domain"),
	E(ERANGE, "numerical result out of range"),
	E(EDEADLK, "resource deadlock avoided"),
	E(ENAMETOOLONG, "file name too long"),
	E(ENOSYS, "function not implemented"),
	E(ENOTEMPTY, "directory not empty"),
	E(ELOOP, "too many levels of symbolic links"),
	E(ENODATA, "no data available"),
	E(ETIME, "timer expired"),
	E(EPROTO, "protocol error"),
	E(EBADMSG, "bad message"),
	E(EOVERFLOW, "value too large for defined data type"),
	E(EILSEQ, "invalid or incomplete multibyte or wide character"),
	E(EUSERS, "too many users"),
	E(ENOTSOCK, "socket operation on non-socket"),
	E(EMSGSIZE, "message too long"),
	E(EPROTOTYPE, "protocol wrong type for socket"),
	E(EOPNOTSUPP, "operation not supported"),
	E(EAFNOSUPPORT, "address family not supported by protocol"),
	E(EADDRINUSE, "address already in use"),
	E(EADDRNOTAVAIL, "cannot assign requested address"),
	E(ENETDOWN, "network is down"),
	E(ENETUNREACH, "network is unreachable"),
	E(ECONNABORTED, "software caused connection abort"),
	E(ECONNRESET, "connection reset by peer"),
	E(ENOBUFS, "no buffer space available"),
	E(EISCONN, "transport endpoint is already connected"),
	E(ENOTCONN, "transport endpoint is not connected"),
	E(ETIMEDOUT, "connection timed out"),
	E(ECONNREFUSED, "connection refused"),
	E(EHOSTUNREACH, "no route to host"),
	E(EALREADY, "operation already in progress"),
	E(EINPROGRESS, "operation now in progress"),
	E(ESTALE, "stale file handle"),
	E(EDQUOT, "disk quota exceeded"),
	E(ECANCELED, "operation canceled"),
	E(ENOKEY, "required key not available"),
	E(EKEYREJECTED, "key was rejected by service"),
	E(EKEYEXPIRED, "key has expired"),
	E(EKEYREVOKED, "key has been revoked"),
	E(ENOLCK, "no locks available"),
	E(ENONET, "machine is not on the network"),
	E(ENOTUNIQ, "name not unique on network"),
	E(EBADFD, "file descriptor in bad state"),
	E(EDESTADDRREQ, "destination address required"),
	E(ENOPROTOOPT, "protocol not available"),
	E(EPROTONOSUPPORT, "protocol not supported"),
	E(ESOCKTNOSUPPORT, "socket type not supported"),
	E(EPFNOSUPPORT, "protocol family not supported"),
	E(ENETRESET, "network dropped connection on reset"),
	E(ESHUTDOWN, "cannot send after transport endpoint shutdown"),
	E(EHOSTDOWN, "host is down"),
	E(EUCLEAN, "structure needs cleaning"),
	E(EREMOTEIO, "remote I/O error"),
	E(ENOMEDIUM, "no medium found"),
	E(EOWNERDEAD, "owner died"),
	E(ENOTRECOVERABLE, "state not recoverable"),
	E(EHWPOISON, "memory page has hardware error"),
#undef E
};

/* Who relies on a phrase is written in docs/errors.md; tests/unit/test_base_err.c matches them. */
static const struct err_kind_info kinds[] = {
	{ ERR_OTHER, EINVAL, NULL },
	{ ERR_SYSTEM, EIO, NULL },
	{ ERR_CONFIG, EINVAL, NULL },
	{ ERR_USAGE, EINVAL, NULL },
	{ ERR_NO_CONTAINER, ENOENT, "container does not exist" },
	{ ERR_EXISTS, EEXIST, "container with given ID already exists" },
	{ ERR_NOT_RUNNING, ESRCH, "container not running: no such process" },
	{ ERR_STATE, EINVAL, NULL },
	{ ERR_NO_EXECUTABLE, ENOENT,
		"executable file not found in $PATH: no such file or directory" },
	{ ERR_NOT_EXECUTABLE, EACCES, "permission denied" },
	{ ERR_TIMEOUT, ETIMEDOUT, NULL },
};
_Static_assert(ARRAY_SIZE(kinds) == ERR_KIND_COUNT, "one row a kind");

const char *err_name(int errnum)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].num == errnum)
			return errnos[i].name;
	return "E?";
}

const char *err_text(int errnum)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].num == errnum)
			return errnos[i].text;
	return "unknown error";
}

const struct err_kind_info *err_kind_info(enum err_kind kind)
{
	return &kinds[kind];
}

/* What is an error has a number; the header promises a negative result. */
static int number(int errnum)
{
	return errnum > 0 && errnum <= MAX_ERRNO ? errnum : EIO;
}

/* Truncation is accepted: a cut message is better than none. */
static void append(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s", text);
}

int(err_sys)(struct err *e, int errnum, const char *fmt, ...)
{
	char op[32];
	const char *hint;
	va_list ap;

	errnum = number(errnum);
	e->num = errnum;
	e->kind = ERR_SYSTEM;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg) - 64, fmt, ap); /* room for the cause */
	va_end(ap);
	append(e->msg, sizeof(e->msg), ": ");
	append(e->msg, sizeof(e->msg), err_text(errnum));
	if (strcmp(err_name(errnum), "E?") == 0) { /* the kernel's own, such as 524 */
		snprintf(op, sizeof(op), " %d", errnum);
		append(e->msg, sizeof(e->msg), op);
	}
	snprintf(op, sizeof(op), "%.*s", (int)strcspn(e->msg, " :"), e->msg);
	hint = hint_find(op, errnum);
	if (hint)
		err_hint(e, "%s", hint);
	return -errnum;
}

int(err_result)(const struct err *e)
{
	return -number(e->num);
}

__attribute__((format(printf, 4, 0))) static int bad(
	struct err *e, enum err_kind kind, int errnum, const char *fmt, va_list ap)
{
	const char *phrase = kinds[kind].phrase;

	e->num = number(errnum);
	e->kind = (int)kind;
	e->hint[0] = '\0';
	vsnprintf(e->msg, sizeof(e->msg) - 96, fmt, ap); /* room for the phrase */
	if (phrase && !strstr(e->msg, phrase)) {
		append(e->msg, sizeof(e->msg), ": ");
		append(e->msg, sizeof(e->msg), phrase);
	}
	return err_result(e);
}

int(err_bad)(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = bad(e, kind, kinds[kind].num, fmt, ap);
	va_end(ap);
	return r;
}

int(err_bad_errno)(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = bad(e, kind, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int(err_in)(struct err *e, const char *fmt, ...)
{
	char context[512];
	size_t context_len, msg_len = strlen(e->msg);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context) - 2, fmt, ap);
	va_end(ap);
	append(context, sizeof(context), ": ");
	context_len = strlen(context);
	if (context_len + msg_len < sizeof(e->msg)) {
		memmove(e->msg + context_len, e->msg, msg_len + 1);
		memcpy(e->msg, context, context_len);
	}
	return err_result(e);
}

void err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

void err_mend(struct err *e)
{
	e->num = number(e->num);
	if (e->kind < 0 || e->kind >= ERR_KIND_COUNT)
		e->kind = ERR_OTHER;
	e->msg[sizeof(e->msg) - 1] = '\0';
	e->hint[sizeof(e->hint) - 1] = '\0';
}

void err_drop(struct err *e)
{
	e->num = 0;
	e->kind = ERR_OTHER;
	e->msg[0] = '\0';
	e->hint[0] = '\0';
}

void bug_at(const char *file, int line, const char *text)
{
	dprintf(STDERR_FILENO, "ringwall: bug at %s:%d: %s\n", file, line, text);
	abort();
}
