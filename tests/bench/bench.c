// SPDX-License-Identifier: Apache-2.0
/*
 * bench [-n N] [-w WARM-UPS] <LINES
 *
 * Times commands against each other.  Each line of standard input is one candidate, four fields
 * separated by tabs:
 *
 * NAME    BEFORE  COMMAND AFTER
 *
 * COMMAND is timed from posix_spawn() to the end of the process, BEFORE and AFTER (several commands
 * separated by ';') are not.  Words are separated by blanks, '@' stands for the number of the
 * round. No shell.  The word "wait-pid FILE" instead of a command waits for the end of the process
 * in a pid file, which need not be our child.
 *
 * The candidates take turns, so that what else the machine does falls upon all of them alike, and
 * each waits for an empty run queue first.  Printed are p10, median and minimum of the wall time,
 * the ratio of p10 to the first candidate's, the CPU time and the largest resident set that
 * wait4(2) tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANDIDATES_MAX 32
#define WORDS_MAX 128
#define QUEUE_WAIT_MS 8000

extern char **environ;

struct candidate {
	char *name, *before, *command, *after;
	double *wall; /* ms, one a round */
	double cpu; /* ms, sum */
	long max_rss; /* KB */
};

static posix_spawn_file_actions_t quiet; /* standard input and output are /dev/null */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The text with '@' replaced; the caller frees it. */
static char *expand(const char *text, int round)
{
	char number[16];
	size_t size = strlen(text) * sizeof(number) + 1;
	char *out = malloc(size), *p = out;

	if (!out)
		die("malloc");
	snprintf(number, sizeof(number), "%d", round);
	for (; *text; text++) {
		if (*text != '@') {
			*p++ = *text;
			continue;
		}
		memcpy(p, number, strlen(number));
		p += strlen(number);
	}
	*p = '\0';
	return out;
}

static void wait_pid_file(const char *file)
{
	char text[32] = "";
	struct pollfd poll_fd = { .events = POLLIN };
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(file);
	close(fd);
	poll_fd.fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(text, NULL, 10), 0);
	if (poll_fd.fd < 0 && errno == ESRCH)
		return;
	if (poll_fd.fd < 0 || poll(&poll_fd, 1, 10000) != 1)
		die("wait-pid");
	close(poll_fd.fd);
}

/* Runs one command; its time and usage when @usage is given.  A failure ends the program. */
static double run(char *text, struct rusage *usage)
{
	char *argv[WORDS_MAX], *save, *word;
	int argc = 0, status, r;
	double start, end;
	pid_t pid;

	for (word = strtok_r(text, " ", &save); word && argc < WORDS_MAX - 1;
		word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (argc == 0)
		return 0;
	if (strcmp(argv[0], "wait-pid") == 0 && argc == 2) {
		wait_pid_file(argv[1]);
		return 0;
	}
	start = now_ms();
	r = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
	if (r) {
		errno = r;
		die(argv[0]);
	}
	while (wait4(pid, &status, 0, usage) < 0)
		if (errno != EINTR)
			die("wait4");
	end = now_ms();
	if (status != 0) {
		fprintf(stderr, "bench: failed (status %#x):", status);
		for (int i = 0; i < argc; i++)
			fprintf(stderr, " %s", argv[i]);
		fprintf(stderr, "\n");
		exit(1);
	}
	return end - start;
}

static void run_list(const char *list, int round)
{
	char *text = expand(list, round), *save;

	for (char *one = strtok_r(text, ";", &save); one; one = strtok_r(NULL, ";", &save))
		run(one, NULL);
	free(text);
}

/* Until nothing but this process wants to run, or the bound: then the measurement says so
 * itself. */
static void wait_for_quiet(void)
{
	const struct timespec pause_time = { 0, 2000000 };

	for (double end = now_ms() + QUEUE_WAIT_MS; now_ms() < end; nanosleep(&pause_time, NULL)) {
		char text[64] = "";
		int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
		ssize_t len = read(fd, text, sizeof(text) - 1);
		char *running = text;

		close(fd);
		if (len <= 0)
			return;
		for (int i = 0; i < 3 && running; i++) {
			running = strchr(running, ' ');
			running += running != NULL;
		}
		if (!running || strtol(running, NULL, 10) <= 1)
			return;
	}
}

static double ms_of(const struct timeval *t)
{
	return (double)t->tv_sec * 1e3 + (double)t->tv_usec / 1e3;
}

static void measure(struct candidate *c, int round, int sample)
{
	struct rusage usage;
	char *command = expand(c->command, round);
	double wall;

	run_list(c->before, round);
	wait_for_quiet();
	wall = run(command, &usage);
	free(command);
	run_list(c->after, round);
	while (waitpid(-1, NULL, WNOHANG) > 0) /* orphans: we are their reaper */
		;
	if (sample < 0)
		return;
	c->wall[sample] = wall;
	c->cpu += ms_of(&usage.ru_utime) + ms_of(&usage.ru_stime);
	if (usage.ru_maxrss > c->max_rss)
		c->max_rss = usage.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(struct candidate *candidates, size_t count, int n)
{
	double first = 0;

	printf("%-22s %9s %9s %9s %8s %9s %9s\n", "", "p10 ms", "median", "min", "ratio", "CPU ms",
		"RSS KB");
	for (size_t i = 0; i < count; i++) {
		struct candidate *c = &candidates[i];
		double p10;

		qsort(c->wall, (size_t)n, sizeof(double), compare);
		p10 = c->wall[n / 10];
		if (i == 0)
			first = p10;
		printf("%-22s %9.2f %9.2f %9.2f %8.2f %9.2f %9ld\n", c->name, p10, c->wall[n / 2],
			c->wall[0], p10 / first, c->cpu / n, c->max_rss);
	}
}

static char *field(char **line)
{
	char *start = strsep(line, "\t\n");

	if (!start) {
		fprintf(stderr, "bench: a line needs four fields separated by tabs\n");
		exit(2);
	}
	start = strdup(start);
	if (!start)
		die("strdup");
	return start;
}

static size_t read_candidates(struct candidate *candidates, int n)
{
	char line[8192];
	size_t count = 0;

	while (count < CANDIDATES_MAX && fgets(line, sizeof(line), stdin)) {
		struct candidate *c = &candidates[count];
		char *rest = line;

		if (*line == '\n')
			continue;
		c->name = field(&rest);
		c->before = field(&rest);
		c->command = field(&rest);
		c->after = field(&rest);
		c->wall = calloc((size_t)n, sizeof(double));
		if (!c->wall)
			die("calloc");
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct candidate candidates[CANDIDATES_MAX];
	int n = 50, warm = 2, option, r;
	size_t count;

	while ((option = getopt(argc, argv, "n:w:")) >= 0) {
		int value = optarg ? (int)strtol(optarg, NULL, 10) : 0;

		if (option == 'n' && value > 0)
			n = value;
		else if (option == 'w' && value >= 0)
			warm = value;
		else
			return 2;
	}
	count = read_candidates(candidates, n);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		die("prctl");
	r = posix_spawn_file_actions_init(&quiet);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
			&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
			&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r) {
		errno = r;
		die("posix_spawn_file_actions");
	}
	for (int round = 0; round < warm + n; round++)
		for (size_t i = 0; i < count; i++)
			measure(&candidates[i], round, round - warm);
	print(candidates, count, n);
	return 0;
}
