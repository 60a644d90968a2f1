/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvm-first RUNS NAME COMMAND...: from the start of a command to the word HELLO on its standard
 * output, in millions of nanoseconds (in kvm.sh's machine: instructions), and the memory that the
 * process has then besides its guest's: what is mapped in pieces of less than 128 MiB.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* KiB: resident, private and written, and of the guest. */
static void memory(pid_t pid, long *rss, long *private, long *guest)
{
	char path[64], line[512];
	long size = 0, kib;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "r");
	*rss = *private = *guest = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Size: %ld", &kib) == 1)
			size = kib;
		else if (sscanf(line, "Rss: %ld", &kib) == 1)
			*(size < 128 * 1024 ? rss : guest) += kib;
		else if (sscanf(line, "Private_Dirty: %ld", &kib) == 1 && size < 128 * 1024)
			*private += kib;
	}
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	int runs = argc > 3 ? atoi(argv[1]) : 0;
	double ms[100];
	long rss = 0, private = 0, guest = 0;

	if (runs < 1 || runs > 100)
		return 64;
	for (int i = 0; i < runs; i++) {
		posix_spawn_file_actions_t actions;
		char buf[4096] = "";
		size_t len = 0;
		uint64_t began;
		int out[2];
		pid_t pid;
		ssize_t n;

		if (pipe2(out, O_CLOEXEC) < 0)
			return 1;
		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&actions, out[1], 1);
		began = now();
		if (posix_spawn(&pid, argv[3], &actions, NULL, argv + 3, environ) != 0) {
			fprintf(stderr, "kvm-first: cannot start %s\n", argv[3]);
			return 1;
		}
		close(out[1]);
		while (!memmem(buf, len, "HELLO", 5)) {
			if (len > sizeof(buf) / 2)
				len = 0;
			n = read(out[0], buf + len, sizeof(buf) - len);
			if (n <= 0) {
				fprintf(stderr, "kvm-first: %s ended without a word\n", argv[2]);
				return 1;
			}
			len += n;
		}
		ms[i] = (now() - began) / 1e6;
		memory(pid, &rss, &private, &guest);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(out[0]);
	}
	qsort(ms, runs, sizeof(ms[0]), compare);
	printf("%-28s %9.1f %9.1f %9ld %9ld %9ld\n", argv[2], ms[0], ms[runs / 2], rss, private,
		guest);
	return 0;
}
