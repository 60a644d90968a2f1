// SPDX-License-Identifier: Apache-2.0
/*
 * How long the monitor waits for an agent.  Expectations from runtime/kvm/monitor.h; the agent is the
 * other end of a socket here, and there is no machine that could show a sign of life.
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

#include "runtime/kvm/monitor.h"

#define FOR_EVER 3600

/* What monitor_greet() says of an agent that greets with @version, or of a silent one (0). */
static int greet(uint32_t version, int silent_seconds, int most_seconds, struct err *out_err)
{
	auto_(frame_writer) struct frame_writer agent = { 0 };
	struct monitor_config config = {
		.control_fd = FD_NONE, .in = FD_NONE, .out = FD_NONE, .err = FD_NONE
	};
	struct monitor *monitor = NULL;
	sigset_t before;
	int ends[2], r;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	config.port = ends[0];
	if (version) {
		frame_put(&agent, FRAME_HELLO, 0, 0, 0, &version, sizeof(version));
		assert_int_equal(frame_flush(&agent, ends[1], out_err), 0);
	}
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
	assert_int_equal(monitor_new(&config, &monitor, out_err), 0);
	r = monitor_greet(monitor, silent_seconds, most_seconds, out_err);
	monitor_free(monitor);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	close(ends[0]);
	close(ends[1]);
	return r;
}

static void test_greets(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(greet(FRAME_VERSION, FOR_EVER, FOR_EVER, &err), 0);
}

static void test_other_version(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(greet(FRAME_VERSION + 1, FOR_EVER, FOR_EVER, &err), -EPROTO);
}

static void test_silence(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_true(greet(0, 1, FOR_EVER, &err) < 0);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_non_null(strstr(err.msg, "within 1 seconds: for the last 1 of them"));
}

static void test_most(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_true(greet(0, FOR_EVER, 2, &err) < 0);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_non_null(strstr(err.msg, "within 2 seconds"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greets),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
