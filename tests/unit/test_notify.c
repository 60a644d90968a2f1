// SPDX-License-Identifier: Apache-2.0
/* The sd_notify proxy, with this test as the service manager and as the container.  Expectations
 * from sd_notify(3): READY=1, MAINPID=, BARRIER=1 with the write end of a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/hostfile.h"
#include "base/sys.h"
#include "runtime/notify.h"

struct fixture {
	char dir[64];
	int state_fd;
	int host; /* the service manager's socket */
	struct notify notify;
	struct err err;
};

/* Both ends, as start has them. */
static void open_both(struct fixture *f, const char *host_socket, pid_t pid)
{
	assert_int_equal(notify_open(&f->notify, host_socket, pid, &f->err), 0);
	f->notify.sock = notify_bind(f->state_fd, &f->err);
	assert_true(f->notify.sock >= 0);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char path[96];

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_notify.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->state_fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/host.sock", f->dir);
	f->host = host_bind_unix(AT_FDCWD, path, SOCK_DGRAM | SOCK_NONBLOCK, &f->err);
	assert_true(f->state_fd >= 0 && f->host >= 0);
	assert_int_equal(notify_prepare(f->state_fd, &f->err), 0);
	open_both(f, path, 4711);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[100];

	notify_release(&f->notify);
	close(f->host);
	close(f->state_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	free(f);
	return system(command);
}

/* What the container sends. */
static void send_text(const struct fixture *f, const char *text)
{
	struct err err = { 0 };
	int sock = host_connect_unix(f->state_fd, "notify/notify.sock", SOCK_DGRAM, &err);

	assert_true(sock >= 0);
	assert_int_equal(send(sock, text, strlen(text), 0), strlen(text));
	close(sock);
}

/* What the service manager gets next; NULL: nothing.  A descriptor that comes with it is closed. */
static const char *host_next(const struct fixture *f)
{
	static char text[8192];
	int fd = -1;
	size_t count = 1;
	struct err err = { 0 };
	int n = channel_recv(f->host, text, sizeof(text) - 1, &fd, &count, &err);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	if (count)
		close(fd);
	return text;
}

/* A service manager: takes messages until BARRIER=1, writes them to a pipe. */
static pid_t manager(const struct fixture *f, int *out_log)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		for (;;) {
			struct pollfd fd = { .fd = f->host, .events = POLLIN };
			const char *text;

			poll(&fd, 1, 5000);
			text = host_next(f);
			if (!text)
				_exit(1);
			dprintf(ends[1], "<%s>", text);
			if (strstr(text, "BARRIER=1"))
				_exit(0);
		}
	}
	close(ends[1]);
	*out_log = ends[0];
	return pid;
}

static void the_socket_is_for_everybody_in_the_container(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(fstatat(f->state_fd, "notify", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(fstatat(f->state_fd, "notify/notify.sock", &st, 0), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0777);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/host.sock", f->dir);
	notify_release(&f->notify);
	assert_int_equal(notify_prepare(f->state_fd, &f->err), 0);
	open_both(f, path, 1);
}

static void only_the_containers_own_state_is_passed_on(void **state)
{
	struct fixture *f = *state;

	send_text(f, "STATUS=half way\nMAINPID=1\nFDSTORE=1\nSTOPPING=1\nNOTIFYACCESS=all");
	send_text(f, "MAINPID=1\n");
	send_text(f, "BARRIER=1");
	send_text(f, "READY=0\nREADYX\nREADY=11\n");
	send_text(f, "WATCHDOG=1\n");
	assert_int_equal(notify_dispatch(&f->notify, &f->err), 0);
	assert_string_equal(host_next(f), "STATUS=half way\nSTOPPING=1\n");
	assert_string_equal(host_next(f), "WATCHDOG=1\n");
	assert_null(host_next(f));
	assert_false(f->notify.ready);
}

static void an_oversized_message_is_ignored(void **state)
{
	struct fixture *f = *state;
	auto_free char *text = xmalloc(8000);

	memset(text, 'x', 8000);
	memcpy(text, "READY=1\nSTATUS=", 15);
	text[7999] = '\0';
	send_text(f, text);
	send_text(f, "STATUS=next");
	assert_int_equal(notify_dispatch(&f->notify, &f->err), 0);
	assert_string_equal(host_next(f), "STATUS=next\n");
	assert_false(f->notify.ready);
}

static void ready_is_followed_by_pid_and_barrier(void **state)
{
	struct fixture *f = *state;
	char text[256] = "";
	int log, status;
	pid_t pid = manager(f, &log);

	send_text(f, "STATUS=up\nREADY=1");
	assert_int_equal(notify_wait(&f->notify, FD_NONE, &f->err), 0);
	assert_true(f->notify.ready);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(read(log, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "<STATUS=up\nREADY=1\n><MAINPID=4711><BARRIER=1>");
	close(log);
	/* Once is enough. */
	send_text(f, "READY=1");
	assert_int_equal(notify_dispatch(&f->notify, &f->err), 0);
	assert_string_equal(host_next(f), "READY=1\n");
	assert_null(host_next(f));
}

static void a_process_that_ends_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int pidfd;

	if (pid == 0)
		_exit(0);
	pidfd = sys_pidfd_open(pid);
	assert_int_equal(notify_wait(&f->notify, pidfd, &f->err), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(pidfd);
}

static void abstract_addresses_work(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[64], text[32] = "";
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len;

	len = (size_t)snprintf(name, sizeof(name), "@test_notify.%d", (int)getpid());
	memcpy(addr.sun_path + 1, name + 1, len - 1);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
	notify_release(&f->notify);
	open_both(f, name, 1);
	send_text(f, "STATUS=x");
	assert_int_equal(notify_dispatch(&f->notify, &f->err), 0);
	assert_int_equal(recv(sock, text, sizeof(text) - 1, MSG_DONTWAIT), 9);
	assert_string_equal(text, "STATUS=x\n");
	close(sock);
}

static void other_addresses_are_refused(void **state)
{
	struct fixture *f = *state;
	struct notify notify;

	assert_int_equal(notify_open(&notify, "vsock:2:1", 1, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.msg, "NOTIFY_SOCKET"));
	assert_int_equal(notify.sock, FD_NONE);
	assert_int_equal(notify_open(&notify, "/none/here", 1, &f->err), -ENOENT);
	assert_int_equal(notify.host < 0, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_socket_is_for_everybody_in_the_container),
		TEST(a_stale_socket_is_replaced),
		TEST(only_the_containers_own_state_is_passed_on),
		TEST(an_oversized_message_is_ignored),
		TEST(ready_is_followed_by_pid_and_barrier),
		TEST(a_process_that_ends_is_not_waited_for),
		TEST(abstract_addresses_work),
		TEST(other_addresses_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
