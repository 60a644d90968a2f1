/* SPDX-License-Identifier: Apache-2.0 */
/* The compressions of kernels and their modules, told apart by their first bytes.  For the files of
 * kvm/ only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Its name ("zstd", "xz", "lz4", "gzip", "lzma"), or NULL when @in does not begin like any. */
const char *decompress_format(const void *in, size_t in_len);

/*
 * Decompresses one stream, behind which other bytes may follow, into @out.  -EFBIG when it holds
 * more than @out_max bytes; -EINVAL when it is damaged, cut off or of no known format.
 */
int decompress(const void *in, size_t in_len, void *out, size_t out_max, size_t *out_len,
	struct err *err) MUST_USE;
