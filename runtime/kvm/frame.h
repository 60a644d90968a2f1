/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the monitor on the host and the agent in the guest say to each other, and its form: frames
 * over a byte stream (the agent's port).  One codec for both sides.  Private to runtime/.
 *
 * A frame is a header of 16 bytes, little endian, and at most FRAME_PAYLOAD_MAX bytes of payload:
 *
 *	u32 length of the payload   u16 type   u16 flags   u32 stream   u32 number
 *
 *   host                                        guest
 *     |  <- HELLO                                |  protocol version; once, first
 *     |  NETWORK, CREATE, START, EXEC, SIGNAL    |  requests, each with a number of its own
 *     |  WINDOW, PS, STATS, UPDATE ->            |
 *     |  <- DONE or FAILED                       |  the answer to that number
 *     |  DATA, END, CREDIT <->                   |  streams of a session
 *     |  <- EXITED                               |  a session's process has ended
 *     |  <- OOM, LOG, NOTIFY                     |
 *
 * A session is a process with its streams: number 1 is the container's, the others come from EXEC;
 * the host chooses the numbers.  Requests and answers longer than a frame are cut into several with
 * FRAME_MORE on all but the last.  Neither side sends more on a stream than the other has
 * allowed: FRAME_WINDOW bytes at first, then what CREDIT adds.
 *
 * The host takes nothing of this for granted: docs/security.md, "The guest".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define FRAME_VERSION 1u
#define FRAME_HEAD 16u
#define FRAME_PAYLOAD_MAX 65536u
#define FRAME_WINDOW (256u << 10) /* bytes under way on one stream */
#define FRAME_REQUEST_MAX (17u << 20) /* a config.json and its wrapping */
#define FRAME_ANSWER_MAX (1u << 20)

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_NETWORK,
	FRAME_CREATE,
	FRAME_START,
	FRAME_EXEC,
	FRAME_SIGNAL, /* struct wire_signal; the session in @stream */
	FRAME_WINDOW_SIZE, /* struct wire_window; the session in @stream; no answer */
	FRAME_PS,
	FRAME_STATS,
	FRAME_UPDATE,
	FRAME_DONE,
	FRAME_FAILED, /* struct wire_err */
	FRAME_DATA,
	FRAME_END, /* no more data on this stream */
	FRAME_CREDIT, /* u32 */
	FRAME_EXITED, /* struct wire_exit; the session in @stream */
	FRAME_OOM, /* u64: how many kills there have been */
	FRAME_LOG, /* u32 level, text */
	FRAME_NOTIFY, /* what the container's process says to NOTIFY_SOCKET */
	FRAME_TYPE_COUNT
};

#define FRAME_MORE 1u

/* The streams of a session. */
enum session_stream { SESSION_IN, SESSION_OUT, SESSION_ERR, SESSION_STREAMS };
#define SESSION_CONTAINER 1u
#define FRAME_STREAM(session, which) ((session)*4u + (uint32_t)(which))
#define FRAME_SESSION(stream) ((stream) / 4u)
#define FRAME_WHICH(stream) ((stream) % 4u)

/* Payloads.  Both sides are the same program on the same machine: no swapping, no padding. */
struct wire_err {
	int32_t num, kind;
	char msg[1024];
	char hint[256];
};

struct wire_exit {
	int32_t code; /* CLD_EXITED, CLD_KILLED or CLD_DUMPED */
	int32_t status; /* exit status or signal */
};

struct wire_signal {
	int32_t signal;
	uint32_t all; /* every process of the container */
};

struct wire_window {
	uint16_t rows, columns;
};

struct frame {
	uint32_t len;
	uint16_t type;
	uint16_t flags;
	uint32_t stream;
	uint32_t number;
	const uint8_t *payload; /* @len bytes; until the next read */
};

/* "create" for FRAME_CREATE: for messages. */
const char *frame_name(uint16_t type);

/* ---- reading ---- */

struct frame_reader {
	size_t have; /* bytes in @buf */
	size_t used; /* of them, those of the frame handed out last */
	uint8_t buf[FRAME_HEAD + FRAME_PAYLOAD_MAX];
};

/*
 * The next frame from the non-blocking @fd: 1 with *out_frame; 0 when it is not there yet; -EPIPE at
 * the end of the stream, -EPROTO for what is no frame.  After an error the stream is of no use.
 */
int frame_read(
	struct frame_reader *reader, int fd, struct frame *out_frame, struct err *err) MUST_USE;

/* ---- writing ---- */

struct frame_writer {
	uint8_t *buf; /* owned */
	size_t len, done, size;
};

/* Queues a frame; @len at most FRAME_PAYLOAD_MAX.  Never blocks. */
void frame_put(struct frame_writer *writer, enum frame_type type, uint16_t flags, uint32_t stream,
	uint32_t number, const void *payload, size_t len);

/* Queues a request or an answer of any length, in as many frames as it takes. */
void frame_put_long(struct frame_writer *writer, enum frame_type type, uint32_t stream,
	uint32_t number, const void *payload, size_t len);

/* Queues a FAILED with @error. */
void frame_put_err(struct frame_writer *writer, uint32_t number, const struct err *error);

/* Bytes that wait. */
size_t frame_pending(const struct frame_writer *writer);

/* Writes what @fd takes: 0, or -EPIPE when nobody reads. */
int frame_flush(struct frame_writer *writer, int fd, struct err *err) MUST_USE;

void frame_writer_release(struct frame_writer *writer);
DEFINE_AUTO(frame_writer, frame_writer_release);

/* ---- parts of messages ---- */

/* A request or an answer that comes in several frames. */
struct frame_parts {
	char *data; /* owned; NUL-terminated when complete */
	size_t len;
};

/* Adds a frame's payload: 1 when the message is complete, 0 when more is to come; -EMSGSIZE above
 * @max bytes. */
int frame_collect(
	struct frame_parts *parts, const struct frame *frame, size_t max, struct err *err) MUST_USE;
void frame_parts_release(struct frame_parts *parts);
DEFINE_AUTO(frame_parts, frame_parts_release);

/*
 * The error that a FAILED carries, as the host may show it: bounded, of a kind that exists, each
 * byte that is not printable made '?'.  Returns its negative number; -EPROTO for a payload of
 * another size.
 */
int frame_get_err(const struct frame *frame, struct err *out_err);

/* Makes the text of the guest printable in place: one line of ASCII, or several. */
void frame_clean_text(char *text);
void frame_clean_lines(char *text);
