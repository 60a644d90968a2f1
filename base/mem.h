/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership of memory and descriptors by attribute.  An auto_ variable is declared first,
 * initialised at once and never freed by hand.  An unset descriptor is FD_NONE.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Not -1: close(-1) and *at(-1) must fail loudly in strace, and AT_FDCWD is -100. */
#define FD_NONE (-EBADF)

/* These end the process with a constant message when memory is out; results are never NULL. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc_array(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* Closes *fd if it is set and makes it FD_NONE; keeps errno. */
void fd_close(int *fd);

/*
 * Closes every descriptor from @first on but those in @keep (up to 16; unset ones are passed over).
 * For a child that is to hold nothing of its parent's.
 */
#define FD_KEEP_MAX 16
void fd_close_others(int first, const int *keep, size_t count);

static inline void free_ptr_(void *p)
{
	free(*(void **)p);
}

static inline void fclose_ptr_(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void closedir_ptr_(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define auto_free __attribute__((cleanup(free_ptr_)))
#define auto_close __attribute__((cleanup(fd_close)))
#define auto_fclose __attribute__((cleanup(fclose_ptr_)))
#define auto_closedir __attribute__((cleanup(closedir_ptr_)))
#define auto_(type) __attribute__((cleanup(type##_auto_)))

/* DEFINE_AUTO(strbuf, strbuf_release): auto_(strbuf) struct strbuf b = ... */
#define DEFINE_AUTO(type, fn)                           \
	static inline void type##_auto_(struct type *p) \
	{                                               \
		fn(p);                                  \
	}                                               \
	struct type

/* DEFINE_AUTO_PTR(spec, spec_free): auto_(spec) struct spec *s = ... */
#define DEFINE_AUTO_PTR(type, fn)                        \
	static inline void type##_auto_(struct type **p) \
	{                                                \
		if (*p)                                  \
			fn(*p);                          \
	}                                                \
	struct type

/* Moves ownership out of a variable. */
#define take_ptr(p)                             \
	({                                      \
		__typeof__(*(p)) taken_ = *(p); \
		*(p) = NULL;                    \
		taken_;                         \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = FD_NONE;
	return taken;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A list in a document: @items has @count elements.  Borrowed from its owner. */
#define LIST_OF(type)         \
	struct {              \
		type *items;  \
		size_t count; \
	}

/* for each element pointer @p of the list @list */
#define list_foreach(p, list)                                                                    \
	for (__typeof__((list)->items + 0) p = (list)->items; p < (list)->items + (list)->count; \
		p++)
