/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of memory that are meant as one: parts of a chain, of a request, of a reply. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* The bytes in all pieces. */
uint64_t iov_len(const struct iovec *iov, size_t count);
/*
 * Copies up to @len bytes from @offset on, or to there.  Returns the bytes copied: less than @len at
 * the end of the pieces.
 */
size_t iov_read(const struct iovec *iov, size_t count, uint64_t offset, void *buf, size_t len);
size_t iov_write(
	const struct iovec *iov, size_t count, uint64_t offset, const void *buf, size_t len);
/* The pieces of @len bytes from @offset on in @out, at most @max of them; their count. */
size_t iov_part(const struct iovec *iov, size_t count, uint64_t offset, uint64_t len,
	struct iovec *out, size_t max);
