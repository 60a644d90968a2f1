// SPDX-License-Identifier: Apache-2.0
/* Terminals and the foreground loop, with pairs of pseudo-terminals.  Expectations from termios(3),
 * the console socket's contract (one message: a name and the master) and shells' 128 + n. */
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
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/sys.h"
#include "runtime/foreground.h"
#include "runtime/process/process.h"

struct pty {
	int master, slave;
};

static struct pty pty_open(void)
{
	struct pty pty;
	unsigned int number, unlock = 0;
	char name[32];

	pty.master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(pty.master >= 0);
	assert_int_equal(ioctl(pty.master, TIOCSPTLCK, &unlock), 0);
	assert_int_equal(ioctl(pty.master, TIOCGPTN, &number), 0);
	snprintf(name, sizeof(name), "/dev/pts/%u", number);
	pty.slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(pty.slave >= 0);
	return pty;
}

static void pty_close(struct pty *pty)
{
	close(pty->master);
	close(pty->slave);
}

/* A process as a container has one: @body in a session of its own, with the terminal @slave. */
static int child(void (*body)(void), int slave)
{
	pid_t pid = fork();
	int pidfd;

	if (pid == 0) {
		process_reset_signals();
		setsid();
		if (slave >= 0 &&
			(ioctl(slave, TIOCSCTTY, 0) < 0 || dup2(slave, 0) < 0 ||
				dup2(slave, 1) < 0))
			_exit(99);
		sys_close_range(3, ~0u, 0);
		body();
		_exit(0);
	}
	assert_true(pid > 0);
	pidfd = sys_pidfd_open(pid);
	assert_true(pidfd >= 0);
	return pidfd;
}

/* Waits for the child and returns its status. */
static int wait_for(const struct foreground_options *options)
{
	struct err err = { 0 };
	struct foreground fg;
	int status = -1;

	assert_int_equal(foreground_open(&fg, &err), 0);
	if (foreground_wait(&fg, options, &status, &err) < 0)
		fail_msg("%s", err.msg);
	foreground_release(&fg);
	return status;
}

static struct foreground_options plain(int pidfd)
{
	return (struct foreground_options){
		.pidfd = pidfd, .terminal = FD_NONE, .in = FD_NONE, .out = FD_NONE, .extra = FD_NONE
	};
}

/* ---- terminals ---- */

static void the_master_is_sent_with_a_name(void **state)
{
	struct pty pty = pty_open();
	unsigned int number;
	char name[64] = "", wanted[64];
	int ends[2], fd = -1, same;
	size_t count = 1;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(terminal_send(ends[0], pty.master, &err), 0);
	assert_true(channel_recv(ends[1], name, sizeof(name) - 1, &fd, &count, &err) > 0);
	assert_int_equal(ioctl(pty.master, TIOCGPTN, &number), 0);
	snprintf(wanted, sizeof(wanted), "/dev/pts/%u", number);
	assert_string_equal(name, wanted);
	assert_int_equal(count, 1);
	assert_int_equal(ioctl(fd, TIOCGPTN, &same), 0);
	assert_int_equal(same, number);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	pty_close(&pty);
}

static void a_pidfd_is_sent_likewise(void **state)
{
	int ends[2], fd = -1, pidfd = sys_pidfd_open(getpid());
	size_t count = 1;
	char name[64];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(terminal_send_pidfd(ends[0], pidfd, &err), 0);
	assert_true(channel_recv(ends[1], name, sizeof(name), &fd, &count, &err) > 0);
	assert_int_equal(sys_pidfd_send_signal(fd, 0), 0);
	close(fd);
	close(pidfd);
	close(ends[1]);
	/* Nobody listens: no SIGPIPE. */
	assert_true(terminal_send_pidfd(ends[0], ends[0], &err) < 0);
	close(ends[0]);
}

static void raw_and_back(void **state)
{
	struct pty pty = pty_open();
	struct termios before, raw, after;
	struct terminal_mode mode;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(tcgetattr(pty.slave, &before), 0);
	assert_int_equal(terminal_raw(pty.slave, &mode, &err), 0);
	assert_int_equal(tcgetattr(pty.slave, &raw), 0);
	assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(raw.c_oflag, before.c_oflag);
	terminal_restore(&mode);
	assert_int_equal(tcgetattr(pty.slave, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	terminal_restore(&mode);
	pty_close(&pty);
}

static void raw_needs_a_terminal(void **state)
{
	struct terminal_mode mode = { .fd = FD_NONE };
	struct err err = { 0 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(terminal_raw(fd, &mode, &err), -ENOTTY);
	assert_int_equal(mode.fd, FD_NONE);
	close(fd);
}

static void sizes_are_copied(void **state)
{
	struct pty from = pty_open(), to = pty_open();
	struct winsize size = { .ws_row = 33, .ws_col = 111 }, is;

	(void)state;
	assert_int_equal(ioctl(from.slave, TIOCSWINSZ, &size), 0);
	terminal_copy_size(from.slave, to.master);
	assert_int_equal(ioctl(to.slave, TIOCGWINSZ, &is), 0);
	assert_int_equal(is.ws_row, 33);
	assert_int_equal(is.ws_col, 111);
	pty_close(&from);
	from = pty_open(); /* has no size */
	terminal_copy_size(from.slave, to.master);
	assert_int_equal(ioctl(to.slave, TIOCGWINSZ, &is), 0);
	assert_int_equal(is.ws_row, 33);
	pty_close(&from);
	pty_close(&to);
}

/* ---- waiting ---- */

static void exit_seven(void)
{
	_exit(7);
}

static void die_by_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void wait_forever(void)
{
	for (;;)
		pause();
}

static void statuses(void **state)
{
	struct foreground_options options = plain(child(exit_seven, FD_NONE));

	(void)state;
	assert_int_equal(wait_for(&options), 7);
	close(options.pidfd);
	options = plain(child(die_by_kill, FD_NONE));
	assert_int_equal(wait_for(&options), 128 + SIGKILL);
	close(options.pidfd);
}

static void signals_are_passed_on(void **state)
{
	struct err err = { 0 };
	struct foreground_options options;
	struct foreground fg;
	sigset_t before, after;
	int status;

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(foreground_open(&fg, &err), 0);
	options = plain(child(wait_forever, FD_NONE));
	raise(SIGWINCH); /* ignored by default */
	raise(SIGTERM); /* would end us as well */
	assert_int_equal(foreground_wait(&fg, &options, &status, &err), 0);
	assert_int_equal(status, 128 + SIGTERM);
	foreground_release(&fg);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int sig = 1; sig < _NSIG; sig++)
		assert_int_equal(sigismember(&before, sig), sigismember(&after, sig));
	close(options.pidfd);
}

static int called;

static int extra(void *arg, struct err *err)
{
	char c;

	(void)err;
	called++;
	assert_int_equal(read(*(int *)arg, &c, 1), 1);
	raise(SIGTERM);
	return 1;
}

static void another_descriptor_is_watched(void **state)
{
	struct err err = { 0 };
	struct foreground_options options;
	struct foreground fg;
	int ends[2], status;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "ab", 2), 2); /* the second byte is not asked for */
	assert_int_equal(foreground_open(&fg, &err), 0);
	options = plain(child(wait_forever, FD_NONE));
	options.extra = ends[0];
	options.on_extra = extra;
	options.arg = &ends[0];
	called = 0;
	assert_int_equal(foreground_wait(&fg, &options, &status, &err), 0);
	assert_int_equal(called, 1);
	foreground_release(&fg);
	close(options.pidfd);
	close(ends[0]);
	close(ends[1]);
}

/* ---- the relay ---- */

#define LINES 5000

static void print_much(void)
{
	for (int i = 0; i < LINES; i++)
		dprintf(1, "line %d\n", i);
}

static void all_output_arrives_as_it_is(void **state)
{
	struct pty pty = pty_open();
	int out = memfd_create("out", MFD_CLOEXEC);
	struct foreground_options options;
	char line[32], *text;
	struct err err = { 0 };
	struct stat st;
	size_t at = 0;

	(void)state;
	assert_int_equal(terminal_prepare(pty.master, FD_NONE, out, &err), 0);
	options = plain(child(print_much, pty.slave));
	close(pty.slave);
	options.terminal = pty.master;
	options.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	options.out = out;
	assert_int_equal(wait_for(&options), 0);
	assert_int_equal(fstat(out, &st), 0);
	text = mmap(NULL, (size_t)st.st_size + 1, PROT_READ, MAP_PRIVATE, out, 0);
	assert_true(text != MAP_FAILED);
	for (int i = 0; i < LINES; i++) {
		int len = snprintf(line, sizeof(line), "line %d", i);

		assert_memory_equal(text + at, line, len);
		at += (size_t)len;
		assert_int_equal(text[at++], '\n');
	}
	assert_int_equal(at, st.st_size);
	munmap(text, (size_t)st.st_size + 1);
	close(options.in);
	close(options.pidfd);
	close(out);
	close(pty.master);
}

#define SOME_BYTES 12000 /* more than one read, less than the kernel's buffer */

static void print_some(void)
{
	char data[1000];

	memset(data, 'x', sizeof(data));
	for (int i = 0; i < SOME_BYTES; i += (int)sizeof(data))
		if (write(1, data, sizeof(data)) != (ssize_t)sizeof(data))
			_exit(1);
}

/* Copies its terminal line by line, with a mark, until the end of the input. */
static void echo_lines(void)
{
	char data[256];
	ssize_t n;

	while ((n = read(0, data, sizeof(data))) > 0)
		dprintf(1, "[%.*s]", (int)n, data);
	_exit(n == 0 ? 5 : 6);
}

static void input_of_a_pipe_ends(const char *input, const char *output)
{
	struct pty pty = pty_open();
	int ends[2], out = memfd_create("out", MFD_CLOEXEC);
	struct foreground_options options;
	struct termios mode;
	char text[256];
	ssize_t n;

	assert_int_equal(tcgetattr(pty.slave, &mode), 0);
	mode.c_lflag &= ~(tcflag_t)ECHO;
	mode.c_oflag &= ~(tcflag_t)ONLCR;
	assert_int_equal(tcsetattr(pty.slave, TCSANOW, &mode), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], input, strlen(input)), strlen(input));
	close(ends[1]);
	options = plain(child(echo_lines, pty.slave));
	close(pty.slave);
	options.terminal = pty.master;
	options.in = ends[0];
	options.out = out;
	assert_int_equal(wait_for(&options), 5);
	n = pread(out, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, output);
	close(ends[0]);
	close(options.pidfd);
	close(out);
	close(pty.master);
}

static void the_end_of_the_input_is_passed_on(void **state)
{
	(void)state;
	input_of_a_pipe_ends("one\n", "[one\n]");
	input_of_a_pipe_ends("unfinished", "[unfinished]");
	input_of_a_pipe_ends("", "");
}

/* Output that was written before anybody read, by a process that has ended. */
static void late_readers_get_everything(void **state)
{
	struct pty pty = pty_open();
	int out = memfd_create("out", MFD_CLOEXEC);
	struct foreground_options options = plain(child(print_some, pty.slave));
	struct pollfd ended = { .fd = options.pidfd, .events = POLLIN };
	struct stat st;

	(void)state;
	close(pty.slave);
	assert_int_equal(poll(&ended, 1, 5000), 1);
	options.terminal = pty.master;
	options.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	options.out = out;
	assert_int_equal(wait_for(&options), 0);
	assert_int_equal(fstat(out, &st), 0);
	assert_int_equal(st.st_size, SOME_BYTES);
	close(options.in);
	close(options.pidfd);
	close(out);
	close(pty.master);
}

static char terminal_name[64];

/* Another session has the terminal and ends: the kernel hangs it up.  Then it is taken again. */
static void hang_up_and_reopen(void)
{
	pid_t pid = fork();
	int fd;

	if (pid == 0) {
		setsid();
		fd = open(terminal_name, O_RDWR);
		dprintf(fd, "before.");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	usleep(5000); /* time for the relay to see the end of the terminal */
	fd = open(terminal_name, O_RDWR | O_NOCTTY);
	dprintf(fd, "after.");
	_exit(4);
}

static void a_terminal_that_is_hung_up_comes_back(void **state)
{
	struct pty pty = pty_open();
	int out = memfd_create("out", MFD_CLOEXEC);
	struct foreground_options options;
	char text[64] = "";

	(void)state;
	assert_int_equal(ttyname_r(pty.slave, terminal_name, sizeof(terminal_name)), 0);
	options = plain(child(hang_up_and_reopen, FD_NONE));
	close(pty.slave);
	options.terminal = pty.master;
	options.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	options.out = out;
	assert_int_equal(wait_for(&options), 4);
	assert_true(pread(out, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "before.after.");
	close(options.in);
	close(options.pidfd);
	close(out);
	close(pty.master);
}

/* Waits for a new size of its terminal and exits with the number of rows. */
static void wait_for_size(void)
{
	struct winsize size = { 0 };

	for (int i = 0; i < 5000 && size.ws_row != 42; i++) {
		ioctl(0, TIOCGWINSZ, &size);
		if (size.ws_row == 41)
			dprintf(1, "!"); /* the first size is there */
		usleep(1000);
	}
	_exit(size.ws_row);
}

/* Reads what the relay shows on the caller's terminal; at "!" the window changes. */
static void change_window(const struct pty *host, pid_t relay)
{
	struct winsize size = { .ws_row = 42, .ws_col = 10 };
	char c = 0;

	while (c != '!' && read(host->master, &c, 1) == 1)
		;
	ioctl(host->master, TIOCSWINSZ, &size);
	kill(relay, SIGWINCH);
	_exit(0);
}

static void the_callers_terminal_is_raw_meanwhile_and_resized(void **state)
{
	struct pty pty = pty_open(), host = pty_open();
	struct winsize size = { .ws_row = 41, .ws_col = 10 };
	struct foreground_options options;
	struct termios before, after;
	struct err err = { 0 };
	struct foreground fg;
	pid_t relay = getpid(), window;
	int status = -1;

	(void)state;
	assert_int_equal(ioctl(host.slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(tcgetattr(host.slave, &before), 0);
	assert_int_equal(foreground_open(&fg, &err), 0);
	assert_int_equal(terminal_prepare(pty.master, host.slave, host.slave, &err), 0);
	options = plain(child(wait_for_size, pty.slave));
	window = fork();
	if (window == 0)
		change_window(&host, relay);
	options.terminal = pty.master;
	options.in = options.out = host.slave;
	assert_int_equal(foreground_wait(&fg, &options, &status, &err), 0);
	assert_int_equal(status, 42);
	assert_int_equal(tcgetattr(host.slave, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	foreground_release(&fg);
	assert_int_equal(waitpid(window, NULL, 0), window);
	close(options.pidfd);
	pty_close(&pty);
	pty_close(&host);
}

/* A reader of the output that has gone must not stop the container. */
static void output_that_nobody_wants(void **state)
{
	struct pty pty = pty_open();
	struct foreground_options options = plain(child(print_much, pty.slave));
	int ends[2];

	(void)state;
	close(pty.slave);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	options.terminal = pty.master;
	options.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	options.out = ends[1];
	assert_int_equal(wait_for(&options), 0);
	close(options.in);
	close(options.pidfd);
	close(ends[1]);
	close(pty.master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_master_is_sent_with_a_name),
		cmocka_unit_test(a_pidfd_is_sent_likewise),
		cmocka_unit_test(raw_and_back),
		cmocka_unit_test(raw_needs_a_terminal),
		cmocka_unit_test(sizes_are_copied),
		cmocka_unit_test(statuses),
		cmocka_unit_test(signals_are_passed_on),
		cmocka_unit_test(another_descriptor_is_watched),
		cmocka_unit_test(all_output_arrives_as_it_is),
		cmocka_unit_test(the_end_of_the_input_is_passed_on),
		cmocka_unit_test(late_readers_get_everything),
		cmocka_unit_test(a_terminal_that_is_hung_up_comes_back),
		cmocka_unit_test(the_callers_terminal_is_raw_meanwhile_and_resized),
		cmocka_unit_test(output_that_nobody_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
