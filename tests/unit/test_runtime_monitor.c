// SPDX-License-Identifier: Apache-2.0
/*
 * The monitor and an agent, here the other end of a socket, behind which is no machine: how long it is
 * waited for (runtime/kvm/monitor.h), and one that says more than it should: the monitor must go on
 * serving its other callers, and keep nothing for it (docs/security.md, "The guest").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/kvm/monitor-internal.h"

#define FRAMES 1000
#define FOR_EVER 3600

struct fixture {
	struct monitor *m;
	int guest; /* the guest's end of the port */
	struct frame_writer writer; /* the guest's */
	sigset_t signals; /* of the process, before the monitor took them over */
	struct err err;
};

static unsigned int logged;

static void on_log(enum log_level level, const char *text, void *arg)
{
	(void)level, (void)text, (void)arg;
	logged++;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct monitor_config config = {
		.control_fd = FD_NONE, .in = FD_NONE, .out = FD_NONE, .err = FD_NONE
	};
	int ends[2];

	logged = 0;
	log_set_sink(on_log, NULL);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	config.port = ends[0];
	f->guest = ends[1];
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &f->signals), 0);
	assert_int_equal(monitor_new(&config, &f->m, &f->err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fd_close(&f->m->config.port);
	monitor_free(f->m);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &f->signals, NULL), 0);
	frame_writer_release(&f->writer);
	fd_close(&f->guest);
	free(f);
	return 0;
}

/* ---- the greeting ---- */

static void send_hello(struct fixture *f, uint32_t version)
{
	frame_put(&f->writer, FRAME_HELLO, 0, 0, 0, &version, sizeof(version));
	assert_int_equal(frame_flush(&f->writer, f->guest, &f->err), 0);
}

static void test_greets(void **state)
{
	struct fixture *f = *state;

	send_hello(f, FRAME_VERSION);
	assert_int_equal(monitor_greet(f->m, FOR_EVER, FOR_EVER, &f->err), 0);
}

static void test_other_version(void **state)
{
	struct fixture *f = *state;

	send_hello(f, FRAME_VERSION + 1);
	assert_int_equal(monitor_greet(f->m, FOR_EVER, FOR_EVER, &f->err), -EPROTO);
}

static void test_silence(void **state)
{
	struct fixture *f = *state;

	assert_true(monitor_greet(f->m, 1, FOR_EVER, &f->err) < 0);
	assert_int_equal(f->err.kind, ERR_TIMEOUT);
	assert_string_equal(f->err.msg,
		"the guest's agent has not greeted within 1 seconds: its vCPUs "
		"have exited 0 times, and for the last 1 seconds not once");
	assert_non_null(strstr(f->err.hint, "--debug"));
}

static void test_most(void **state)
{
	struct fixture *f = *state;

	assert_true(monitor_greet(f->m, FOR_EVER, 2, &f->err) < 0);
	assert_int_equal(f->err.kind, ERR_TIMEOUT);
	assert_non_null(strstr(f->err.msg, "within 2 seconds"));
}

/* ---- one that says too much ---- */

static int setup_greeted(void **state)
{
	int r = setup(state);

	((struct fixture *)*state)->m->greeted = true;
	return r;
}

static void send_counts(struct fixture *f)
{
	for (uint64_t i = 1; i <= FRAMES; i++)
		frame_put(&f->writer, FRAME_OOM, 0, 0, 0, &i, sizeof(i));
}

/* All of them are in its buffer at once, and more could come for ever. */
static void test_turns(void **state)
{
	struct fixture *f = *state;
	uint64_t before = 0;

	send_counts(f);
	assert_int_equal(frame_flush(&f->writer, f->guest, &f->err), 0);
	assert_int_equal(frame_pending(&f->writer), 0);
	while (before < FRAMES) {
		assert_int_equal(port_hear(f->m, &f->err), 0);
		assert_true(f->m->oom_count > before);
		assert_true(f->m->oom_count - before <= FRAMES / 10);
		assert_true(f->m->unheard || f->m->oom_count == FRAMES);
		before = f->m->oom_count;
	}
}

/* What is left in the buffer is taken though nothing new makes the port readable. */
static void test_goes_on(void **state)
{
	struct fixture *f = *state;

	send_counts(f);
	frame_put(&f->writer, FRAME_DONE, 0, 0, 1, NULL, 0);
	assert_int_equal(frame_flush(&f->writer, f->guest, &f->err), 0);
	assert_int_equal(monitor_request(f->m, FRAME_PS, NULL, 0, 60, &f->err), 0);
	assert_int_equal(f->m->oom_count, FRAMES);
}

static void test_logs(void **state)
{
	static const uint8_t text[] = { LOG_LEVEL_WARNING, 0, 0, 0, 'x' };
	struct fixture *f = *state;

	for (int i = 0; i < 3 * FRAMES; i++) {
		frame_put(&f->writer, FRAME_LOG, 0, 0, 0, text, sizeof(text));
		assert_int_equal(frame_flush(&f->writer, f->guest, &f->err), 0);
		assert_int_equal(port_hear(f->m, &f->err), 0);
	}
	assert_int_equal(logged, FRAMES + 1); /* that the rest is dropped is said, once */
}

#define TEST(name, begin) cmocka_unit_test_setup_teardown(name, begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_greets, setup),
		TEST(test_other_version, setup),
		TEST(test_silence, setup),
		TEST(test_most, setup),
		TEST(test_turns, setup_greeted),
		TEST(test_goes_on, setup_greeted),
		TEST(test_logs, setup_greeted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
