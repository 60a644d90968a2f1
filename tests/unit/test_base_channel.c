// SPDX-License-Identifier: Apache-2.0
/* base/channel.c: whole messages, descriptors that are neither lost nor leaked, the last words of a
 * peer that dies. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/mem.h"

static struct err err;

static int setup(void **state)
{
	static int pair[2];

	*state = pair;
	return channel_pair(pair, &err);
}

static int teardown(void **state)
{
	int *pair = *state;

	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return 0;
}

static unsigned int open_count(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			count++;
	return count;
}

static void the_pair_is_close_on_exec(void **state)
{
	int *pair = *state, type;
	socklen_t len = sizeof(type);

	assert_true(fcntl(pair[0], F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(pair[1], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_SEQPACKET);
}

static void messages_keep_their_bounds(void **state)
{
	int *pair = *state;
	char buf[64];

	assert_int_equal(channel_send(pair[0], "first", 5, NULL, 0, &err), 0);
	assert_int_equal(channel_send(pair[0], "second!", 7, NULL, 0, &err), 0);
	assert_int_equal(channel_recv(pair[1], buf, sizeof(buf), NULL, NULL, &err), 5);
	assert_memory_equal(buf, "first", 5);
	assert_int_equal(channel_recv(pair[1], buf, sizeof(buf), NULL, NULL, &err), 7);
	assert_memory_equal(buf, "second!", 7);
	assert_int_equal(channel_send(pair[1], "answer", 6, NULL, 0, &err), 0);
	assert_int_equal(channel_recv(pair[0], buf, 6, NULL, NULL, &err), 6);
}

static void too_long_a_message_is_an_error(void **state)
{
	int *pair = *state, fds[2] = { STDIN_FILENO, STDOUT_FILENO };
	char buf[4];
	unsigned int before;

	assert_int_equal(channel_send(pair[0], "12345", 5, fds, 2, &err), 0);
	assert_int_equal(channel_send(pair[0], "1234", 4, NULL, 0, &err), 0);
	before = open_count();
	assert_int_equal(channel_recv(pair[1], buf, sizeof(buf), NULL, NULL, &err), -EMSGSIZE);
	assert_int_equal(open_count(), before);
	assert_int_equal(channel_recv(pair[1], buf, sizeof(buf), NULL, NULL, &err), 4);
}

static void the_end_is_zero(void **state)
{
	int *pair = *state;
	char c;

	assert_int_equal(channel_send(pair[0], "x", 1, NULL, 0, &err), 0);
	fd_close(&pair[0]);
	assert_int_equal(channel_recv(pair[1], &c, 1, NULL, NULL, &err), 1);
	assert_int_equal(channel_recv(pair[1], &c, 1, NULL, NULL, &err), 0);
	assert_int_equal(channel_recv(pair[1], &c, 1, NULL, NULL, &err), 0);
}

/* SIGPIPE would end the test. */
static void sending_to_nobody(void **state)
{
	int *pair = *state;

	fd_close(&pair[1]);
	assert_int_equal(channel_send(pair[0], "x", 1, NULL, 0, &err), -EPIPE);
	assert_string_equal(err.msg, "send a message: broken pipe");
}

/* The peer dies with a message of ours unread: what it said before must still arrive. */
static void last_words_arrive(void **state)
{
	int *pair = *state;
	char buf[16];

	assert_int_equal(channel_send(pair[0], "unread", 6, NULL, 0, &err), 0);
	assert_int_equal(channel_send(pair[1], "last words", 10, NULL, 0, &err), 0);
	fd_close(&pair[1]);
	assert_int_equal(channel_recv(pair[0], buf, sizeof(buf), NULL, NULL, &err), 10);
	assert_memory_equal(buf, "last words", 10);
	assert_int_equal(channel_recv(pair[0], buf, sizeof(buf), NULL, NULL, &err), 0);
}

static void sending_to_the_dead_with_unread(void **state)
{
	int *pair = *state;

	assert_int_equal(channel_send(pair[0], "unread", 6, NULL, 0, &err), 0);
	fd_close(&pair[1]);
	assert_int_equal(channel_send(pair[0], "x", 1, NULL, 0, &err), -EPIPE);
}

static void same_file(int a, int b)
{
	struct stat one, two;

	assert_int_equal(fstat(a, &one), 0);
	assert_int_equal(fstat(b, &two), 0);
	assert_true(one.st_dev == two.st_dev && one.st_ino == two.st_ino);
}

static void descriptors_pass(void **state)
{
	int *pair = *state, pipes[2], got[4] = { -1, -1, -1, -1 };
	size_t count = 4;
	char c;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(channel_send(pair[0], "x", 1, pipes, 2, &err), 0);
	assert_int_equal(channel_recv(pair[1], &c, 1, got, &count, &err), 1);
	assert_int_equal(count, 2);
	same_file(got[0], pipes[0]);
	same_file(got[1], pipes[1]);
	assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(got[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	for (int i = 0; i < 2; i++) {
		fd_close(&pipes[i]);
		fd_close(&got[i]);
	}
	/* None with the next message: the count says so. */
	count = 4;
	assert_int_equal(channel_send(pair[0], "x", 1, NULL, 0, &err), 0);
	assert_int_equal(channel_recv(pair[1], &c, 1, got, &count, &err), 1);
	assert_int_equal(count, 0);
}

static void as_many_as_promised(void **state)
{
	int *pair = *state, fds[CHANNEL_FDS], got[CHANNEL_FDS];
	size_t count = CHANNEL_FDS;
	char c;

	for (int i = 0; i < CHANNEL_FDS; i++)
		fds[i] = pair[i % 2];
	assert_int_equal(channel_send(pair[0], "x", 1, fds, CHANNEL_FDS, &err), 0);
	assert_int_equal(channel_recv(pair[1], &c, 1, got, &count, &err), 1);
	assert_int_equal(count, CHANNEL_FDS);
	for (int i = 0; i < CHANNEL_FDS; i++) {
		same_file(got[i], fds[i]);
		fd_close(&got[i]);
	}
}

static void more_than_fit_are_closed(void **state)
{
	int *pair = *state, fds[3], got[1];
	size_t count = 1;
	unsigned int before = open_count();
	char c;

	fds[0] = fds[1] = fds[2] = pair[0];
	assert_int_equal(channel_send(pair[0], "x", 1, fds, 3, &err), 0);
	assert_int_equal(channel_recv(pair[1], &c, 1, got, &count, &err), 1);
	assert_int_equal(count, 1);
	fd_close(&got[0]);
	assert_int_equal(open_count(), before);
	assert_int_equal(channel_send(pair[0], "x", 1, fds, 3, &err), 0);
	assert_int_equal(channel_recv(pair[1], &c, 1, NULL, NULL, &err), 1);
	assert_int_equal(open_count(), before);
}

/* With no room in the table of descriptors the kernel drops them: never in silence. */
static void lost_descriptors_are_an_error(void **state)
{
	int *pair = *state, fds[2], got[2];
	struct rlimit saved, tight;
	size_t count = 2;
	unsigned int before = open_count();
	char c;
	int r;

	fds[0] = fds[1] = pair[0];
	assert_int_equal(channel_send(pair[0], "x", 1, fds, 2, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	tight = saved;
	tight.rlim_cur = (rlim_t)(pair[1] > pair[0] ? pair[1] : pair[0]) + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	r = channel_recv(pair[1], &c, 1, got, &count, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(open_count(), before);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A signal during the wait is no answer. */
static void interruptions_are_survived(void **state)
{
	int *pair = *state, status;
	struct sigaction action = { .sa_handler = on_alarm }, saved; /* without SA_RESTART */
	pid_t parent = getpid(), child;
	char buf[8];

	assert_int_equal(sigaction(SIGUSR1, &action, &saved), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err e;

		for (int i = 0; i < 20; i++) {
			kill(parent, SIGUSR1);
			usleep(1000);
		}
		_exit(channel_send(pair[1], "done", 4, NULL, 0, &e) == 0 ? 0 : 1);
	}
	assert_int_equal(channel_recv(pair[0], buf, sizeof(buf), NULL, NULL, &err), 4);
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
	assert_int_equal(sigaction(SIGUSR1, &saved, NULL), 0);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(the_pair_is_close_on_exec),
		WITH_PAIR(messages_keep_their_bounds),
		WITH_PAIR(too_long_a_message_is_an_error),
		WITH_PAIR(the_end_is_zero),
		WITH_PAIR(sending_to_nobody),
		WITH_PAIR(last_words_arrive),
		WITH_PAIR(sending_to_the_dead_with_unread),
		WITH_PAIR(descriptors_pass),
		WITH_PAIR(as_many_as_promised),
		WITH_PAIR(more_than_fit_are_closed),
		WITH_PAIR(lost_descriptors_are_an_error),
		WITH_PAIR(interruptions_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
