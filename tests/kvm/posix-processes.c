// SPDX-License-Identifier: Apache-2.0
/* What processes do with files among themselves: locks, fifos, sockets, programs, all at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kvm/posix.h"

static void lock_child(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 5, .l_len = 10 };
	int fd = open("k", O_RDWR);

	DO(fcntl(fd, F_SETLK, &lock));
	DO(fcntl(fd, F_GETLK, &lock));
	printf("%s: type %d start %ld len %ld\n", section, lock.l_type, (long)lock.l_start,
		(long)lock.l_len);
	lock = (struct flock){ .l_type = F_WRLCK, .l_start = 100, .l_len = 1 };
	DO(fcntl(fd, F_SETLK, &lock));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	DO(flock(fd, LOCK_SH | LOCK_NB));
}

void locks(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 0, .l_len = 50 };
	int fd, other;

	put("k", "0123456789");
	fd = open("k", O_RDWR);
	other = open("k", O_RDWR);
	DO(fcntl(fd, F_SETLK, &lock));
	as(0, 0, 0, lock_child);
	DO(flock(fd, LOCK_SH));
	as(0, 0, 0, lock_child);
	DO(flock(fd, LOCK_EX | LOCK_NB));
	DO(flock(other, LOCK_EX | LOCK_NB));
	close(other); /* releases the process's POSIX locks, not flock's */
	as(0, 0, 0, lock_child);
	close(fd);
	as(0, 0, 0, lock_child);
}

static void fifo_child(void)
{
	int fd = open("p", O_WRONLY);

	(void)!write(fd, "through", 7);
}

void talking(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	char text[16] = "";

	DO(mkfifo("p", 0600));
	fd = open("p", O_RDONLY | O_NONBLOCK);
	fcntl(fd, F_SETFL, 0);
	as(0, 0, 0, fifo_child);
	DO(read(fd, text, sizeof(text)));
	puts(text);
	close(fd);
	DO(bind(s, (struct sockaddr *)&name, sizeof(name)));
	DO(bind(c, (struct sockaddr *)&name, sizeof(name)));
	DO(listen(s, 1));
	DO(connect(c, (struct sockaddr *)&name, sizeof(name)));
	show("sock");
	close(s);
	close(c);
}

void executing(void)
{
	char self[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open("program", O_WRONLY | O_CREAT, 0755);
	ssize_t n;
	pid_t pid;
	int status;

	while ((n = read(in, self, sizeof(self))) > 0)
		(void)!write(out, self, (size_t)n);
	close(in);
	say("write", n);
	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		execl("program", "program", "--nothing", NULL);
		_exit(errno == ETXTBSY ? 26 : 127);
	}
	waitpid(pid, &status, 0);
	printf("%s: while it is being written: %d\n", section, WEXITSTATUS(status));
	close(out);
	pid = vfork();
	if (pid == 0) {
		execl("program", "program", "--nothing", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("%s: %d\n", section, WEXITSTATUS(status));
	DO(chmod("program", 0644));
	DO(access("program", X_OK));
	pid = vfork();
	if (pid == 0) {
		execl("program", "program", "--nothing", NULL);
		_exit(errno == EACCES ? 13 : 127);
	}
	waitpid(pid, &status, 0);
	printf("%s: not executable: %d\n", section, WEXITSTATUS(status));
}

void devices(void)
{
	struct statfs fs;

	DO(statfs(".", &fs));
	printf("%s: names of %ld, blocks %d\n", section, (long)fs.f_namelen, fs.f_blocks > 0);
	DO(fpathconf(open(".", O_RDONLY), _PC_NAME_MAX));
	DO(fpathconf(open(".", O_RDONLY), _PC_LINK_MAX) > 1);
}

static void parallel_child(void)
{
	char name[64];
	int bad = 0;

	for (int round = 0; round < 40; round++) {
		char text[32], back[32] = "";
		int fd;

		snprintf(name, sizeof(name), "w%d-%d", getpid(), round);
		snprintf(text, sizeof(text), "%d/%d", getpid(), round);
		fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
		bad += fd < 0 || write(fd, text, sizeof(text)) != sizeof(text);
		bad += pread(fd, back, sizeof(back), 0) != sizeof(back) || strcmp(text, back) != 0;
		close(fd);
		if (round % 2)
			bad += unlink(name) < 0;
		else
			bad += rename(name, round % 4 ? "common" : "common2") < 0;
	}
	if (bad)
		printf("%s: %d bad\n", section, bad);
}

void parallel(void)
{
	pid_t pids[8];

	fflush(stdout);
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			parallel_child();
			fflush(stdout);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++)
		waitpid(pids[i], NULL, 0);
	printf("%s: done\n", section);
}
