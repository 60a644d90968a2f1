// SPDX-License-Identifier: Apache-2.0
/* oci/signals.c: every form in which engines and people write a signal.  Numbers: signal(7), of
 * x86, ARM and most others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "oci/spec.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		int signal;
	} rows[] = {
		{ "SIGHUP", 1 },
		{ "SIGINT", 2 },
		{ "SIGQUIT", 3 },
		{ "SIGILL", 4 },
		{ "SIGTRAP", 5 },
		{ "SIGABRT", 6 },
		{ "SIGIOT", 6 },
		{ "SIGBUS", 7 },
		{ "SIGFPE", 8 },
		{ "SIGKILL", 9 },
		{ "SIGUSR1", 10 },
		{ "SIGSEGV", 11 },
		{ "SIGUSR2", 12 },
		{ "SIGPIPE", 13 },
		{ "SIGALRM", 14 },
		{ "SIGTERM", 15 },
		{ "SIGSTKFLT", 16 },
		{ "SIGCHLD", 17 },
		{ "SIGCLD", 17 },
		{ "SIGCONT", 18 },
		{ "SIGSTOP", 19 },
		{ "SIGTSTP", 20 },
		{ "SIGTTIN", 21 },
		{ "SIGTTOU", 22 },
		{ "SIGURG", 23 },
		{ "SIGXCPU", 24 },
		{ "SIGXFSZ", 25 },
		{ "SIGVTALRM", 26 },
		{ "SIGPROF", 27 },
		{ "SIGWINCH", 28 },
		{ "SIGIO", 29 },
		{ "SIGPOLL", 29 },
		{ "SIGPWR", 30 },
		{ "SIGSYS", 31 },
		{ "SIGUNUSED", 31 },
		{ "KILL", 9 },
		{ "term", 15 },
		{ "sigterm", 15 },
		{ "SigUsr1", 10 },
		{ "1", 1 },
		{ "9", 9 },
		{ "32", 32 },
		{ "64", 64 },
		{ "009", 9 },
		{ "RTMIN", 34 },
		{ "SIGRTMIN", 34 },
		{ "RTMIN+0", 34 },
		{ "SIGRTMIN+3", 37 },
		{ "rtmin+15", 49 },
		{ "RTMIN+30", 64 },
		{ "RTMAX", 64 },
		{ "SIGRTMAX-1", 63 },
		{ "RTMAX-14", 50 },
		{ "RTMAX-30", 34 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };
		int sig = -1;

		if (signal_parse(rows[i].text, &sig, &err) != 0)
			fail_msg("%s: %s", rows[i].text, err.msg);
		if (sig != rows[i].signal)
			fail_msg("%s is %d", rows[i].text, sig);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = { "", "0", "65", "-9", "+9", " 9", "9 ", "9x", "0x9",
		"1.0", "SIG", "SIGFOO", "SIGSIGKILL", "KILL ", "RTMIN-1", "RTMIN+31", "RTMAX+1",
		"RTMAX-31", "RTMIN+", "RTMIN+x", "RTMIN3", "RTMI", "18446744073709551625", "SIG9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };
		int sig = -1;

		if (signal_parse(rows[i], &sig, &err) != -EINVAL)
			fail_msg("accepted: %s", rows[i]);
		assert_int_equal(sig, -1); /* written only on success */
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.msg, "unknown signal \""));
		assert_true(*err.hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
