// SPDX-License-Identifier: Apache-2.0
/*
 * What the monitor takes of a guest's sessions and answers.  Expectations from runtime/kvm/frame.h: a
 * side sends on a stream what the other has allowed, FRAME_WINDOW at first, and answers what was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "runtime/kvm/request.h"
#include "runtime/kvm/session.h"

struct fixture {
	struct frame_writer writer;
	struct sessions sessions;
	struct requests requests;
	struct session *s;
	int reader; /* of its output */
	struct err err;
};

static const uint8_t data[FRAME_PAYLOAD_MAX];

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int ends[2], fds[3] = { FD_NONE, FD_NONE, FD_NONE };

	f->sessions.writer = f->requests.writer = &f->writer;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	f->reader = ends[0];
	fds[1] = ends[1];
	f->s = session_new(&f->sessions, fds, false, true);
	assert_int_equal(f->s->id, SESSION_CONTAINER);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	while (f->sessions.first)
		session_free(&f->sessions, f->sessions.first);
	while (f->requests.first)
		request_free(&f->requests, f->requests.first);
	fd_close(&f->reader);
	frame_writer_release(&f->writer);
	free(f);
	return 0;
}

/* A frame of the guest's on a stream of the container's session. */
static struct frame frame(enum frame_type type, uint32_t which, const void *payload, size_t len)
{
	return (struct frame){
		.len = (uint32_t)len,
		.type = (uint16_t)type,
		.stream = type == FRAME_EXITED ? SESSION_CONTAINER
					       : FRAME_STREAM(SESSION_CONTAINER, which),
		.payload = payload,
	};
}

static int send_data(struct fixture *f, uint32_t which, size_t len)
{
	const struct frame sent = frame(FRAME_DATA, which, data, len);

	return session_take_data(&f->sessions, &sent, &f->err);
}

/* One round of the loop in which output can be written. */
static void serve(struct fixture *f)
{
	struct pollfd p[SESSION_STREAMS];

	session_watch(f->s, p);
	p[SESSION_OUT].revents = POLLOUT;
	p[SESSION_IN].revents = p[SESSION_ERR].revents = 0;
	session_serve(f->s, p);
}

static void test_window(void **state)
{
	struct fixture *f = *state;

	for (size_t sent = 0; sent < FRAME_WINDOW; sent += sizeof(data))
		assert_int_equal(send_data(f, SESSION_OUT, sizeof(data)), 0);
	assert_int_equal(send_data(f, SESSION_OUT, 1), -EPROTO);
	/* What was written may come again, and is told. */
	assert_int_equal(frame_pending(&f->writer), 0);
	serve(f);
	assert_true(frame_pending(&f->writer) > 0);
	assert_int_equal(send_data(f, SESSION_OUT, 4096), 0);
	assert_int_equal(send_data(f, SESSION_OUT, 1), -EPROTO);
}

static void test_no_such_stream(void **state)
{
	struct fixture *f = *state;
	struct frame sent = frame(FRAME_DATA, SESSION_OUT, data, 1);

	assert_int_equal(send_data(f, SESSION_IN, 1), -EPROTO);
	assert_int_equal(send_data(f, SESSION_STREAMS, 1), -EPROTO);
	sent.stream = FRAME_STREAM(2, SESSION_OUT);
	assert_int_equal(session_take_data(&f->sessions, &sent, &f->err), -EPROTO);
	assert_int_equal(session_take_end(&f->sessions, &sent, &f->err), -EPROTO);
	sent = frame(FRAME_END, SESSION_OUT, NULL, 0);
	assert_int_equal(session_take_end(&f->sessions, &sent, &f->err), 0);
	assert_int_equal(send_data(f, SESSION_OUT, 1), -EPROTO);
	assert_false(session_is_mute(f->s));
}

/* A guest that does not listen must not be able to make the host keep answers for it. */
static void test_nobody_reads(void **state)
{
	struct fixture *f = *state;
	size_t pending;

	fd_close(&f->reader);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(send_data(f, SESSION_OUT, 100), 0);
	serve(f);
	assert_int_equal(f->s->out[0].fd, FD_NONE);
	pending = frame_pending(&f->writer);
	assert_true(pending > 0); /* END */
	for (int i = 0; i < 100000; i++)
		assert_int_equal(send_data(f, SESSION_OUT, 0), 0);
	for (size_t sent = 0; sent < FRAME_WINDOW; sent += sizeof(data))
		assert_int_equal(send_data(f, SESSION_OUT, sizeof(data)), 0);
	assert_int_equal(send_data(f, SESSION_OUT, 1), -EPROTO);
	assert_int_equal(frame_pending(&f->writer), pending);
}

/* Nor to keep what it may send again, told for each byte. */
static void test_guest_does_not_listen(void **state)
{
	struct fixture *f = *state;
	size_t sent = 0;
	char byte;

	while (sent < 4u << 20 && send_data(f, SESSION_OUT, 1) == 0) {
		serve(f);
		assert_int_equal(read(f->reader, &byte, 1), 1);
		sent++;
	}
	assert_true(sent >= FRAME_WINDOW);
	assert_true(sent < 4u << 20); /* it had been told less */
	assert_true(frame_pending(&f->writer) < 1u << 20);
	/* When it listens after all, it is told of the rest, and may send that. */
	f->writer.done = f->writer.len;
	session_settle(f->s);
	assert_true(frame_pending(&f->writer) > 0);
	assert_int_equal(send_data(f, SESSION_OUT, 1), 0);
}

static int give(struct fixture *f, uint32_t which, uint32_t credit, size_t len)
{
	const struct frame sent = frame(FRAME_CREDIT, which, &credit, len);

	return session_take_credit(&f->sessions, &sent, &f->err);
}

static void test_credit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(give(f, SESSION_IN, 1, 4), -EPROTO);
	f->s->credit = FRAME_WINDOW - 10;
	assert_int_equal(give(f, SESSION_IN, 11, 4), -EPROTO);
	assert_int_equal(give(f, SESSION_IN, 10, 3), -EPROTO);
	assert_int_equal(give(f, SESSION_OUT, 10, 4), -EPROTO);
	assert_int_equal(give(f, SESSION_IN, 10, 4), 0);
	assert_int_equal(f->s->credit, FRAME_WINDOW);
}

static int end(struct fixture *f, int32_t code, int32_t status)
{
	const struct wire_exit wire = { code, status };
	const struct frame sent = frame(FRAME_EXITED, 0, &wire, sizeof(wire));

	f->s->exited = false;
	return session_take_exit(&f->sessions, &sent, &f->err);
}

static void test_exit(void **state)
{
	struct fixture *f = *state;
	const struct frame again = frame(FRAME_EXITED, 0, &f->s->exit, sizeof(f->s->exit));
	const struct frame cut = frame(FRAME_EXITED, 0, &f->s->exit, sizeof(f->s->exit) - 1);

	assert_int_equal(session_take_exit(&f->sessions, &cut, &f->err), -EPROTO);
	assert_int_equal(end(f, CLD_EXITED, 0x1203), 0);
	assert_int_equal(f->s->exit.status, 3);
	assert_int_equal(end(f, 77, -1), 0);
	assert_int_equal(f->s->exit.code, CLD_KILLED);
	assert_int_equal(f->s->exit.status, 0x7f);
	assert_int_equal(session_take_exit(&f->sessions, &again, &f->err), -EPROTO);
}

static int answers;

static void on_answer(struct monitor *m, struct request *q, const struct err *error)
{
	assert_null(m);
	assert_null(error);
	assert_int_equal(q->answer.len, 2 * sizeof(data));
	answers++;
}

static void test_answers(void **state)
{
	struct fixture *f = *state;
	struct frame sent = frame(FRAME_DONE, 0, data, sizeof(data));
	struct request *q = request_new(&f->requests, FRAME_PS, 0, NULL, 0);

	q->on_answer = on_answer;
	sent.number = q->number + 1;
	assert_int_equal(request_take_answer(&f->requests, &sent, &f->err), -EPROTO);
	sent.number = q->number;
	sent.flags = FRAME_MORE;
	assert_int_equal(request_take_answer(&f->requests, &sent, &f->err), 0);
	assert_int_equal(answers, 0);
	sent.flags = 0;
	assert_int_equal(request_take_answer(&f->requests, &sent, &f->err), 0);
	assert_int_equal(answers, 1);
	/* Once. */
	assert_int_equal(request_take_answer(&f->requests, &sent, &f->err), -EPROTO);
}

static void test_long_answer(void **state)
{
	struct fixture *f = *state;
	struct frame sent = frame(FRAME_DONE, 0, data, sizeof(data));
	size_t taken = 0;

	sent.number = request_new(&f->requests, FRAME_PS, 0, NULL, 0)->number;
	sent.flags = FRAME_MORE;
	for (; taken < FRAME_ANSWER_MAX; taken += sizeof(data))
		assert_int_equal(request_take_answer(&f->requests, &sent, &f->err), 0);
	assert_int_equal(request_take_answer(&f->requests, &sent, &f->err), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guest_does_not_listen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_credit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_answer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
