// SPDX-License-Identifier: Apache-2.0
/* The frames between monitor and agent.  Expectations from the layout in runtime/kvm/frame.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/kvm/frame.h"

struct pipe_ends {
	int mine, theirs;
	struct frame_reader reader;
	struct frame_writer writer;
	struct err err;
};

static int setup(void **state)
{
	struct pipe_ends *f = xcalloc(1, sizeof(*f));
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	f->mine = ends[0];
	f->theirs = ends[1];
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct pipe_ends *f = *state;

	fd_close(&f->mine);
	fd_close(&f->theirs);
	frame_writer_release(&f->writer);
	free(f);
	return 0;
}

static void send_bytes(const struct pipe_ends *f, const void *data, size_t len)
{
	assert_int_equal(write(f->theirs, data, len), len);
}

static int receive(struct pipe_ends *f, struct frame *frame)
{
	return frame_read(&f->reader, f->mine, frame, &f->err);
}

static void test_layout(void **state)
{
	static const uint8_t expected[] = { 3, 0, 0, 0, 13, 0, 1, 0, 5, 0, 0, 0, 0x78, 0x56, 0x34,
		0x12, 'a', 'b', 'c' };
	struct pipe_ends *f = *state;
	uint8_t got[64];

	frame_put(&f->writer, FRAME_DATA, FRAME_MORE, 5, 0x12345678, "abc", 3);
	assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
	assert_int_equal(FRAME_DATA, 13);
	assert_int_equal(read(f->mine, got, sizeof(got)), sizeof(expected));
	assert_memory_equal(got, expected, sizeof(expected));
}

static void test_a_byte_at_a_time(void **state)
{
	struct pipe_ends *f = *state;
	struct frame frame;
	uint8_t bytes[64];
	ssize_t len;

	frame_put(&f->writer, FRAME_EXITED, 0, 1, 7, "12345678", 8);
	assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
	len = read(f->mine, bytes, sizeof(bytes));
	assert_int_equal(len, 24);
	for (ssize_t i = 0; i < len; i++) {
		assert_int_equal(receive(f, &frame), 0);
		send_bytes(f, bytes + i, 1);
	}
	assert_int_equal(receive(f, &frame), 1);
	assert_int_equal(frame.type, FRAME_EXITED);
	assert_int_equal(frame.number, 7);
	assert_memory_equal(frame.payload, "12345678", 8);
	assert_int_equal(receive(f, &frame), 0);
}

static void test_many_in_one_read(void **state)
{
	struct pipe_ends *f = *state;
	struct frame frame;

	for (uint32_t i = 0; i < 100; i++)
		frame_put(&f->writer, FRAME_DATA, 0, i, 0, &i, sizeof(i));
	assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(receive(f, &frame), 1);
		assert_int_equal(frame.stream, i);
		assert_memory_equal(frame.payload, &i, sizeof(i));
	}
	assert_int_equal(receive(f, &frame), 0);
	fd_close(&f->theirs);
	assert_int_equal(receive(f, &frame), -EPIPE);
}

static void test_largest(void **state)
{
	struct pipe_ends *f = *state;
	uint8_t *data = xcalloc(1, FRAME_PAYLOAD_MAX);
	struct frame frame;
	int r;

	data[0] = 1;
	data[FRAME_PAYLOAD_MAX - 1] = 2;
	frame_put(&f->writer, FRAME_DATA, 0, 0, 0, data, FRAME_PAYLOAD_MAX);
	frame_put(&f->writer, FRAME_DATA, 0, 9, 0, NULL, 0);
	do {
		assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
		r = receive(f, &frame);
	} while (r == 0);
	assert_int_equal(r, 1);
	assert_int_equal(frame.len, FRAME_PAYLOAD_MAX);
	assert_memory_equal(frame.payload, data, FRAME_PAYLOAD_MAX);
	assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
	assert_int_equal(receive(f, &frame), 1);
	assert_int_equal(frame.stream, 9);
	assert_int_equal(frame.len, 0);
	free(data);
}

static void test_refused(void **state)
{
	static const struct {
		uint32_t len;
		uint16_t type, flags;
	} bad[] = {
		{ FRAME_PAYLOAD_MAX + 1, FRAME_DATA, 0 },
		{ UINT32_MAX, FRAME_DATA, 0 },
		{ 0, 0, 0 },
		{ 0, FRAME_TYPE_COUNT, 0 },
		{ 0, UINT16_MAX, 0 },
		{ 0, FRAME_DATA, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pipe_ends *f;
		uint8_t head[FRAME_HEAD] = { 0 };
		struct frame frame;
		void *fresh = NULL;

		setup(&fresh);
		f = fresh;
		memcpy(head, &bad[i].len, 4);
		memcpy(head + 4, &bad[i].type, 2);
		memcpy(head + 6, &bad[i].flags, 2);
		send_bytes(f, head, sizeof(head));
		assert_int_equal(receive(f, &frame), -EPROTO);
		teardown(&fresh);
	}
	(void)state;
}

/* Whatever bytes come: frames within the limits, or an error; never more than the buffer. */
static void test_noise(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct pipe_ends *f;
		struct frame frame;
		uint8_t noise[300];
		void *fresh = NULL;
		int r;

		setup(&fresh);
		f = fresh;
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)(rand_r(&seed) >> 7);
		/* Most would fail at the length: make half of them plausible. */
		if (round % 2)
			noise[1] = noise[2] = noise[3] = noise[5] = noise[6] = noise[7] = 0;
		send_bytes(f, noise, sizeof(noise));
		while ((r = receive(f, &frame)) > 0) {
			assert_in_range(frame.type, 1, FRAME_TYPE_COUNT - 1);
			assert_true(frame.len <= FRAME_PAYLOAD_MAX);
		}
		assert_true(r == 0 || r == -EPROTO);
		teardown(&fresh);
	}
}

static void test_long_messages(void **state)
{
	struct pipe_ends *f = *state;
	size_t size = 3 * FRAME_PAYLOAD_MAX + 5;
	char *data = xmalloc(size);
	struct frame_parts parts = { 0 };
	struct frame frame;
	int r = 0;

	memset(data, 'x', size);
	frame_put_long(&f->writer, FRAME_CREATE, 0, 4, data, size);
	while (r == 0) {
		assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
		while (r == 0 && receive(f, &frame) > 0)
			r = frame_collect(&parts, &frame, FRAME_REQUEST_MAX, &f->err);
	}
	assert_int_equal(r, 1);
	assert_int_equal(parts.len, size);
	assert_memory_equal(parts.data, data, size);
	assert_int_equal(parts.data[size], '\0');
	frame_parts_release(&parts);
	free(data);
}

static void test_message_limit(void **state)
{
	struct frame_parts parts = { 0 };
	const struct frame frame = { .len = 60,
		.type = FRAME_DONE,
		.flags = FRAME_MORE,
		.payload = (const uint8_t[60]){ 0 } };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(frame_collect(&parts, &frame, 100, &err), 0);
	assert_int_equal(frame_collect(&parts, &frame, 100, &err), -EMSGSIZE);
	frame_parts_release(&parts);
}

static int pass_error(struct pipe_ends *f, const struct wire_err *wire, size_t len, struct err *out)
{
	struct frame frame;

	frame_put(&f->writer, FRAME_FAILED, 0, 0, 1, wire, len);
	assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
	assert_int_equal(receive(f, &frame), 1);
	return frame_get_err(&frame, out);
}

static void test_errors_come_as_they_were(void **state)
{
	struct pipe_ends *f = *state;
	struct err sent = { 0 }, got;
	struct frame frame;

	err_bad(&sent, ERR_NO_EXECUTABLE, "\"nosuch\"");
	err_hint(&sent, "look");
	frame_put_err(&f->writer, 3, &sent);
	assert_int_equal(frame_flush(&f->writer, f->theirs, &f->err), 0);
	assert_int_equal(receive(f, &frame), 1);
	assert_int_equal(frame.number, 3);
	assert_int_equal(frame_get_err(&frame, &got), -sent.num);
	assert_int_equal(got.kind, ERR_NO_EXECUTABLE);
	assert_string_equal(got.msg, sent.msg);
	assert_string_equal(got.hint, "look");
}

static void test_hostile_errors(void **state)
{
	struct pipe_ends *f = *state;
	struct wire_err wire = { .num = -5, .kind = 4711 };
	struct err got;

	memset(wire.msg, '\033', sizeof(wire.msg));
	memset(wire.hint, '\n', sizeof(wire.hint));
	assert_int_equal(pass_error(f, &wire, sizeof(wire), &got), -EIO);
	assert_int_equal(got.kind, ERR_OTHER);
	assert_int_equal(strlen(got.msg), sizeof(got.msg) - 1);
	assert_int_equal(strspn(got.msg, "?"), sizeof(got.msg) - 1);
	assert_int_equal(strspn(got.hint, "?"), sizeof(got.hint) - 1);
	assert_int_equal(pass_error(f, &wire, sizeof(wire) - 1, &got), -EPROTO);
}

/* 0x9b, alone or as UTF-8, begins a terminal's command as "ESC [" does. */
static void test_clean_text(void **state)
{
	char line[] = "a\n\x1b[2J\x9b\xc2\x9b\x7f\tz", lines[] = "a\n\x1b[2J\x9b\xc2\x9b\x7f\tz";

	(void)state;
	frame_clean_text(line);
	assert_string_equal(line, "a??[2J?????z");
	frame_clean_lines(lines);
	assert_string_equal(lines, "a\n?[2J?????z");
}

static void test_names(void **state)
{
	(void)state;
	for (uint16_t type = 1; type < FRAME_TYPE_COUNT; type++)
		assert_string_not_equal(frame_name(type), "unknown");
	assert_string_equal(frame_name(FRAME_TYPE_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_byte_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_in_one_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_largest, setup, teardown),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_noise),
		cmocka_unit_test_setup_teardown(test_long_messages, setup, teardown),
		cmocka_unit_test(test_message_limit),
		cmocka_unit_test_setup_teardown(test_errors_come_as_they_were, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_errors, setup, teardown),
		cmocka_unit_test(test_clean_text),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
