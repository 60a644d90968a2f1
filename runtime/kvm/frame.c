// SPDX-License-Identifier: Apache-2.0
/* Frames between monitor and agent: see the header.  Used on both sides. */
#include "runtime/kvm/frame.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"

DEFINE_NAMES(frame_types, "frame", { "hello", FRAME_HELLO }, { "network", FRAME_NETWORK },
	{ "create", FRAME_CREATE }, { "start", FRAME_START }, { "exec", FRAME_EXEC },
	{ "signal", FRAME_SIGNAL }, { "window size", FRAME_WINDOW_SIZE }, { "ps", FRAME_PS },
	{ "stats", FRAME_STATS }, { "update", FRAME_UPDATE }, { "done", FRAME_DONE },
	{ "failed", FRAME_FAILED }, { "data", FRAME_DATA }, { "end", FRAME_END },
	{ "credit", FRAME_CREDIT }, { "exited", FRAME_EXITED }, { "oom", FRAME_OOM },
	{ "log", FRAME_LOG }, { "notify", FRAME_NOTIFY });

const char *frame_name(uint16_t type)
{
	const char *name = names_of(&frame_types, type);

	return name ? name : "unknown";
}

/* ---- the header ---- */

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static int parse_head(const uint8_t *p, struct frame *out_frame, struct err *err)
{
	struct frame frame = {
		.len = get_u32(p),
		.type = get_u16(p + 4),
		.flags = get_u16(p + 6),
		.stream = get_u32(p + 8),
		.number = get_u32(p + 12),
		.payload = p + FRAME_HEAD,
	};

	if (frame.len > FRAME_PAYLOAD_MAX)
		return err_bad_errno(err, ERR_OTHER, EPROTO,
			"a frame of %u bytes is over the limit of %u", frame.len,
			FRAME_PAYLOAD_MAX);
	if (frame.type == 0 || frame.type >= FRAME_TYPE_COUNT || (frame.flags & ~FRAME_MORE))
		return err_bad_errno(err, ERR_OTHER, EPROTO, "a frame of type %u, flags %u",
			frame.type, frame.flags);
	*out_frame = frame;
	return 0;
}

/* ---- reading ---- */

/* The frame at the beginning of the buffer, if it is complete: 1. */
static int take(struct frame_reader *reader, struct frame *out_frame, struct err *err)
{
	struct frame frame;
	int r;

	if (reader->have < FRAME_HEAD)
		return 0;
	r = parse_head(reader->buf, &frame, err);
	if (r < 0 || reader->have < FRAME_HEAD + frame.len)
		return r;
	reader->used = FRAME_HEAD + frame.len;
	*out_frame = frame;
	return 1;
}

int frame_read(struct frame_reader *reader, int fd, struct frame *out_frame, struct err *err)
{
	reader->have -= reader->used;
	memmove(reader->buf, reader->buf + reader->used, reader->have);
	reader->used = 0;
	for (;;) {
		int r = take(reader, out_frame, err);
		ssize_t n;

		if (r != 0)
			return r;
		n = read(fd, reader->buf + reader->have, sizeof(reader->buf) - reader->have);
		if (n == 0)
			return err_bad_errno(err, ERR_OTHER, EPIPE, "the other side is gone");
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "read from the agent's port");
		if (n > 0)
			reader->have += (size_t)n;
	}
}

/* ---- writing ---- */

static void make_room(struct frame_writer *writer, size_t more)
{
	if (writer->done == writer->len)
		writer->done = writer->len = 0;
	if (writer->len + more <= writer->size)
		return;
	if (writer->done)
		memmove(writer->buf, writer->buf + writer->done, writer->len - writer->done);
	writer->len -= writer->done;
	writer->done = 0;
	if (writer->len + more > writer->size) {
		writer->size = 2 * (writer->len + more);
		writer->buf = xrealloc_array(writer->buf, writer->size, 1);
	}
}

static void put(struct frame_writer *writer, const struct frame *frame)
{
	uint8_t *p;

	make_room(writer, FRAME_HEAD + frame->len);
	p = writer->buf + writer->len;
	put_u32(p, frame->len);
	put_u16(p + 4, frame->type);
	put_u16(p + 6, frame->flags);
	put_u32(p + 8, frame->stream);
	put_u32(p + 12, frame->number);
	if (frame->len)
		memcpy(p + FRAME_HEAD, frame->payload, frame->len);
	writer->len += FRAME_HEAD + frame->len;
}

void frame_put(struct frame_writer *writer, enum frame_type type, uint16_t flags, uint32_t stream,
	uint32_t number, const void *payload, size_t len)
{
	const struct frame frame = {
		.len = (uint32_t)len,
		.type = (uint16_t)type,
		.flags = flags,
		.stream = stream,
		.number = number,
		.payload = payload,
	};

	assert(len <= FRAME_PAYLOAD_MAX);
	put(writer, &frame);
}

void frame_put_long(struct frame_writer *writer, enum frame_type type, uint32_t stream,
	uint32_t number, const void *payload, size_t len)
{
	const uint8_t *p = payload;

	for (; len > FRAME_PAYLOAD_MAX; len -= FRAME_PAYLOAD_MAX, p += FRAME_PAYLOAD_MAX)
		frame_put(writer, type, FRAME_MORE, stream, number, p, FRAME_PAYLOAD_MAX);
	frame_put(writer, type, 0, stream, number, p, len);
}

void frame_put_err(struct frame_writer *writer, uint32_t number, const struct err *error)
{
	struct wire_err wire = { .num = error->num, .kind = error->kind };

	memcpy(wire.msg, error->msg, sizeof(wire.msg));
	memcpy(wire.hint, error->hint, sizeof(wire.hint));
	frame_put(writer, FRAME_FAILED, 0, 0, number, &wire, sizeof(wire));
}

size_t frame_pending(const struct frame_writer *writer)
{
	return writer->len - writer->done;
}

int frame_flush(struct frame_writer *writer, int fd, struct err *err)
{
	while (frame_pending(writer) > 0) {
		ssize_t n = write(fd, writer->buf + writer->done, frame_pending(writer));

		if (n >= 0)
			writer->done += (size_t)n;
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return err_sys(err, errno, "write to the agent's port");
	}
	return 0;
}

void frame_writer_release(struct frame_writer *writer)
{
	free(writer->buf);
	*writer = (struct frame_writer){ 0 };
}

/* ---- parts ---- */

int frame_collect(struct frame_parts *parts, const struct frame *frame, size_t max, struct err *err)
{
	if (frame->len > max - parts->len)
		return err_bad_errno(err, ERR_OTHER, EMSGSIZE,
			"a message \"%s\" of more than %zu bytes", frame_name(frame->type), max);
	parts->data = xrealloc_array(parts->data, parts->len + frame->len + 1, 1);
	if (frame->len)
		memcpy(parts->data + parts->len, frame->payload, frame->len);
	parts->len += frame->len;
	parts->data[parts->len] = '\0';
	return !(frame->flags & FRAME_MORE);
}

void frame_parts_release(struct frame_parts *parts)
{
	free(parts->data);
	*parts = (struct frame_parts){ 0 };
}

/* ---- what the guest says ---- */

/* Above 0x7f as well: there are control characters, too, alone and as UTF-8. */
static void clean(char *text, char kept)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != kept) || (unsigned char)*text >= 0x7f)
			*text = '?';
}

void frame_clean_text(char *text)
{
	clean(text, '\0');
}

void frame_clean_lines(char *text)
{
	clean(text, '\n');
}

int frame_get_err(const struct frame *frame, struct err *out_err)
{
	struct wire_err wire;

	_Static_assert(sizeof(wire.msg) == sizeof(out_err->msg) &&
			sizeof(wire.hint) == sizeof(out_err->hint),
		"struct wire_err carries a struct err");
	if (frame->len != sizeof(wire))
		return err_bad_errno(out_err, ERR_OTHER, EPROTO,
			"the guest sent an error of %u bytes", frame->len);
	memcpy(&wire, frame->payload, sizeof(wire));
	*out_err = (struct err){ .num = wire.num, .kind = wire.kind };
	memcpy(out_err->msg, wire.msg, sizeof(wire.msg));
	memcpy(out_err->hint, wire.hint, sizeof(wire.hint));
	err_mend(out_err);
	frame_clean_text(out_err->msg);
	frame_clean_text(out_err->hint);
	return err_result(out_err);
}
