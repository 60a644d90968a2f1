/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are made once and kept: see kvm/guest.h.  For the files of kvm/ only. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * What a cached file was made from, in a name.  Not cryptographic: all that goes into it is the
 * user's own or root's.
 */
struct cache_key {
	uint64_t a, b;
};

#define CACHE_KEY_INIT                                       \
	{                                                    \
		0xcbf29ce484222325ull, 0x84222325cbf29ce4ull \
	}
#define CACHE_KEY_TEXT 33

void cache_key_add(struct cache_key *key, const void *data, size_t len);
/* Which file it is and when it changed. */
void cache_key_add_stat(struct cache_key *key, const struct stat *st);
void cache_key_format(const struct cache_key *key, char out[CACHE_KEY_TEXT]);

/*
 * The folder @name of the cache @base (NULL: the default of kvm/guest.h), made when it is missing.
 * Returns a descriptor; *out_path is its path (heap).  -EPERM when it is another user's or others
 * may write to it.
 */
int cache_open(const char *base, const char *name, char **out_path, struct err *err) MUST_USE;

/* Opens file @name of the folder for reading.  -ENOENT when it is not there; -EPERM when it is
 * another user's or others may write to it. */
int cache_find(int folder, const char *name, struct err *err) MUST_USE;

/*
 * Puts @len bytes there as @name, atomically and on the disk, and returns the file opened for
 * reading.  Of the files whose names end like @name's, from its last dot on, the @keep newest stay.
 */
int cache_store(int folder, const char *name, const void *data, size_t len, unsigned int keep,
	struct err *err) MUST_USE;
