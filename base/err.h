/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error model: an error is a value that gathers context on its way up.  It holds no heap
 * memory, so it works after clone and when memory is short, and it is itself the message that the
 * container's init sends to its parent.
 *
 * A fallible function returns < 0 (a negative errno) with err set, 0 when done, > 0 for a
 * documented outcome with err untouched.  It never prints.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE __attribute__((warn_unused_result))

/* What an engine or a person needs to tell apart; phrases and exit codes are in err.c's table. */
enum err_kind {
	ERR_OTHER,
	ERR_SYSTEM, /* a system call failed */
	ERR_CONFIG, /* the configuration is not acceptable */
	ERR_USAGE, /* the command line is not acceptable */
	ERR_NO_CONTAINER, /* the container does not exist */
	ERR_EXISTS, /* a container of that id exists */
	ERR_NOT_RUNNING, /* the container or process has ended */
	ERR_STATE, /* the operation does not fit the container's state */
	ERR_NO_EXECUTABLE, /* the program to execute was not found */
	ERR_NOT_EXECUTABLE, /* it was found and cannot be executed */
	ERR_TIMEOUT, /* a bounded wait ran out */
	ERR_KIND_COUNT
};

struct err {
	int num; /* a positive errno; 0: no error */
	int kind; /* enum err_kind */
	char msg[1024];
	char hint[256];
};

/* One row of the table of kinds: what must stand in the message and who relies on it. */
struct err_kind_info {
	enum err_kind kind;
	int num; /* the errno that err_bad() gives it */
	const char *phrase; /* appended to the message when it is not in it; NULL: none */
};

/*
 * A system call failed with @errnum (positive): the formatted text, ": ", the text of the errno.
 * Also sets the hint that base/hints.c knows for (first word of the text, errno).
 * Returns -errnum (-EIO for 0).
 */
int err_sys(struct err *e, int errnum, const char *fmt, ...) PRINTF(3, 4);

/* Our own judgement.  Returns the negative errno of the kind. */
int err_bad(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);

/* As err_bad(), with an errno of the caller's choice (positive). */
int err_bad_errno(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...) PRINTF(4, 5);

/* Puts "context: " before the message.  When the buffer is full the context is dropped, the cause
 * kept.  Returns -e->num. */
int err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* What a function returns whose error is in @e already: -e->num (-EIO for 0). */
int err_result(const struct err *e);

/*
 * That these return what is negative is said in the header, so that compilers and analysers, which see one source
 * file at a time, do not follow a failure into what comes after success.
 */
#define err_negative_(call)                      \
	({                                       \
		int negative_ = (call);          \
		if (negative_ >= 0)              \
			__builtin_unreachable(); \
		negative_;                       \
	})
#define err_sys(...) err_negative_(err_sys(__VA_ARGS__))
#define err_bad(...) err_negative_(err_bad(__VA_ARGS__))
#define err_bad_errno(...) err_negative_(err_bad_errno(__VA_ARGS__))
#define err_in(...) err_negative_(err_in(__VA_ARGS__))
#define err_result(e) err_negative_(err_result(e))

/* Sets what a person can do about it, unless a hint is set already. */
void err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* For an error that another process has sent: its texts end, its number and kind are such that there are. */
void err_mend(struct err *e);

/* Forgets an error on purpose; say why in a comment where it is called. */
void err_drop(struct err *e);

/* "EPERM" for 1; "E?" for an unknown number. */
const char *err_name(int errnum);

/* "operation not permitted" for EPERM: lower case, in no locale. */
const char *err_text(int errnum);

/* The row of a kind; never NULL. */
const struct err_kind_info *err_kind_info(enum err_kind kind);

/* The hint known for operation @op failing with @errnum (base/hints.c), or NULL. */
const char *hint_find(const char *op, int errnum);

/* A programmer's error: prints and aborts. */
#define BUG(text) bug_at(__FILE__, __LINE__, text)
_Noreturn void bug_at(const char *file, int line, const char *text);
