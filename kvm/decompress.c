// SPDX-License-Identifier: Apache-2.0
/* Decompression by the formats' own libraries: see the header. */
#include "kvm/decompress.h"

#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

/* What a decoder may take for its tables: xz files of kernels want up to 128 MiB. */
#define DECODER_MEMORY (256u << 20)
#define LZ4_BLOCK_MAX (8 << 20)

/* Each returns 0, -EFBIG or -EINVAL. */

static int run_zstd(const uint8_t *in, size_t in_len, uint8_t *out, size_t max, size_t *out_len)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer source = { in, in_len, 0 };
	ZSTD_outBuffer target = { out, max, 0 };
	size_t left = 1;

	if (!context)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27); /* kernels: 128 MiB */
	while (left != 0) {
		size_t before = source.pos + target.pos;

		left = ZSTD_decompressStream(context, &target, &source);
		if (ZSTD_isError(left) || source.pos + target.pos == before)
			break;
	}
	ZSTD_freeDCtx(context);
	*out_len = target.pos;
	if (left == 0)
		return 0;
	return !ZSTD_isError(left) && target.pos == max ? -EFBIG : -EINVAL;
}

static int run_lzma(lzma_stream *stream, const uint8_t *in, size_t in_len, uint8_t *out, size_t max,
	size_t *out_len)
{
	lzma_ret r;

	stream->next_in = in;
	stream->avail_in = in_len;
	stream->next_out = out;
	stream->avail_out = max;
	do {
		r = lzma_code(stream, LZMA_RUN);
	} while (r == LZMA_OK);
	*out_len = max - stream->avail_out;
	max = stream->avail_out;
	lzma_end(stream);
	if (r == LZMA_STREAM_END)
		return 0;
	return r == LZMA_MEM_ERROR ? -ENOMEM : r == LZMA_BUF_ERROR && max == 0 ? -EFBIG : -EINVAL;
}

static int run_xz(const uint8_t *in, size_t in_len, uint8_t *out, size_t max, size_t *out_len)
{
	lzma_stream stream = LZMA_STREAM_INIT;

	if (lzma_stream_decoder(&stream, DECODER_MEMORY, 0) != LZMA_OK)
		return -ENOMEM;
	return run_lzma(&stream, in, in_len, out, max, out_len);
}

static int run_lzma_alone(
	const uint8_t *in, size_t in_len, uint8_t *out, size_t max, size_t *out_len)
{
	lzma_stream stream = LZMA_STREAM_INIT;

	if (lzma_alone_decoder(&stream, DECODER_MEMORY) != LZMA_OK)
		return -ENOMEM;
	return run_lzma(&stream, in, in_len, out, max, out_len);
}

static int run_gzip(const uint8_t *in, size_t in_len, uint8_t *out, size_t max, size_t *out_len)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)in, .next_out = out };
	int r;

	if (in_len > UINT32_MAX || max > UINT32_MAX)
		return -EFBIG;
	stream.avail_in = (uInt)in_len;
	stream.avail_out = (uInt)max;
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	r = inflate(&stream, Z_FINISH);
	*out_len = max - stream.avail_out;
	max = stream.avail_out;
	inflateEnd(&stream);
	if (r == Z_STREAM_END)
		return 0;
	return r == Z_BUF_ERROR && max == 0 ? -EFBIG : -EINVAL;
}

/*
 * The old frame format, which Linux uses: blocks with their length before, until the end of the
 * input; in a kernel a word follows that is no length of a block.
 */
static int run_lz4(const uint8_t *in, size_t in_len, uint8_t *out, size_t max, size_t *out_len)
{
	size_t at = 4, done = 0;

	while (in_len - at >= 4) {
		uint32_t size = (uint32_t)in[at] | (uint32_t)in[at + 1] << 8 |
			(uint32_t)in[at + 2] << 16 | (uint32_t)in[at + 3] << 24;
		int room = max - done < LZ4_BLOCK_MAX ? (int)(max - done) : LZ4_BLOCK_MAX, got;

		at += 4;
		if (size > in_len - at)
			break;
		if (done == max)
			return -EFBIG;
		got = LZ4_decompress_safe(
			(const char *)in + at, (char *)out + done, (int)size, room);
		if (got < 0)
			return room < LZ4_BLOCK_MAX ? -EFBIG : -EINVAL;
		done += (size_t)got;
		at += size;
	}
	*out_len = done;
	/* Anything but that word is a cut. */
	return at == in_len ? 0 : -EINVAL;
}

static const struct format {
	const char *name;
	const char *magic;
	size_t magic_len;
	int (*run)(const uint8_t *in, size_t in_len, uint8_t *out, size_t max, size_t *out_len);
} formats[] = {
	{ "zstd", "\x28\xb5\x2f\xfd", 4, run_zstd },
	{ "xz", "\xfd\x37\x7a\x58\x5a\x00", 6, run_xz },
	{ "lz4", "\x02\x21\x4c\x18", 4, run_lz4 },
	{ "gzip", "\x1f\x8b\x08", 3, run_gzip },
	{ "lzma", "\x5d\x00\x00", 3, run_lzma_alone },
};

static const struct format *find_format(const void *in, size_t in_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (in_len >= formats[i].magic_len &&
			memcmp(in, formats[i].magic, formats[i].magic_len) == 0)
			return &formats[i];
	return NULL;
}

const char *decompress_format(const void *in, size_t in_len)
{
	const struct format *format = find_format(in, in_len);

	return format ? format->name : NULL;
}

int decompress(
	const void *in, size_t in_len, void *out, size_t out_max, size_t *out_len, struct err *err)
{
	const struct format *format = find_format(in, in_len);
	int r;

	if (!format) {
		err_bad_errno(err, ERR_OTHER, EINVAL, "the compression is not known");
		err_hint(err, "zstd, xz, lz4, gzip and lzma are");
		return -EINVAL;
	}
	r = format->run(in, in_len, out, out_max, out_len);
	if (r == -EFBIG)
		return err_bad_errno(err, ERR_OTHER, EFBIG, "the %s data hold more than %zu bytes",
			format->name, out_max);
	if (r == -EINVAL)
		return err_bad_errno(
			err, ERR_OTHER, EINVAL, "the %s data are damaged or cut off", format->name);
	return r < 0 ? err_sys(err, -r, "decompress %s data", format->name) : 0;
}
