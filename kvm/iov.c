// SPDX-License-Identifier: Apache-2.0
#include "kvm/iov.h"

#include <string.h>

uint64_t iov_len(const struct iovec *iov, size_t count)
{
	uint64_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += iov[i].iov_len;
	return len;
}

size_t iov_part(const struct iovec *iov, size_t count, uint64_t offset, uint64_t len,
	struct iovec *out, size_t max)
{
	size_t used = 0;

	for (size_t i = 0; i < count && len > 0 && used < max; i++) {
		size_t n = iov[i].iov_len;

		if (offset >= n) {
			offset -= n;
			continue;
		}
		n -= offset;
		if (n > len)
			n = len;
		out[used++] = (struct iovec){ (char *)iov[i].iov_base + offset, n };
		len -= n;
		offset = 0;
	}
	return used;
}

/* Copies into @to, or from @from when that is NULL. */
static size_t copy(const struct iovec *iov, size_t count, uint64_t offset, char *to,
	const char *from, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < count && done < len; i++) {
		struct iovec piece;

		if (iov_part(&iov[i], 1, offset, len - done, &piece, 1) == 0) {
			offset -= iov[i].iov_len;
			continue;
		}
		if (to)
			memcpy(to + done, piece.iov_base, piece.iov_len);
		else if (from)
			memcpy(piece.iov_base, from + done, piece.iov_len);
		done += piece.iov_len;
		offset = 0;
	}
	return done;
}

size_t iov_read(const struct iovec *iov, size_t count, uint64_t offset, void *buf, size_t len)
{
	return copy(iov, count, offset, buf, NULL, len);
}

size_t iov_write(
	const struct iovec *iov, size_t count, uint64_t offset, const void *buf, size_t len)
{
	return copy(iov, count, offset, NULL, buf, len);
}
