// SPDX-License-Identifier: Apache-2.0
/*
 * Does to a directory what programs do to file systems and prints what came of it, a line a step, free
 * of what may differ (inode numbers, times of day): run natively and on another file system, the two
 * outputs are to be the same.  As root; some steps are done as another user.
 *
 *	posix DIRECTORY [LARGE]
 *
 * LARGE is how many entries the large directory has (3000).
 */
#include "tests/kvm/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *section;
unsigned int large = 3000;

long say(const char *what, long r)
{
	if (r < 0)
		printf("%s: %s: %s\n", section, what, strerrorname_np(errno));
	else
		printf("%s: %s: %ld\n", section, what, r);
	return r;
}

void show(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		say(path, -1);
		return;
	}
	printf("%s: %s: mode %o uid %u gid %u links %lu", section, path, st.st_mode, st.st_uid,
		st.st_gid, S_ISDIR(st.st_mode) ? 0 : (unsigned long)st.st_nlink);
	if (S_ISREG(st.st_mode))
		printf(" size %lld", (long long)st.st_size);
	putchar('\n');
}

void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		say(path, -1);
	close(fd);
}

void get(const char *path)
{
	char text[128] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		say(path, -1);
	else
		printf("%s: %s holds \"%s\"\n", section, path, text);
	close(fd);
}

void as(uid_t uid, gid_t gid, gid_t extra, void (*fn)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setgroups(extra ? 1 : 0, &extra) < 0 || setresgid(gid, gid, gid) < 0 ||
			setresuid(uid, uid, uid) < 0)
			say("become another user", -1);
		fn();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		printf("%s: child ended with %d\n", section, status);
}

static const struct {
	const char *name;
	void (*run)(void);
} sections[] = {
	{ "opening", opening },
	{ "making", making },
	{ "privileged bits", privileged_bits },
	{ "linking", linking },
	{ "renaming", renaming },
	{ "removed but open", removed_but_open },
	{ "mapping", mapping },
	{ "direct", direct },
	{ "space", space },
	{ "attributes", attributes },
	{ "acls", acls },
	{ "times", stamps },
	{ "locks", locks },
	{ "directories", directories },
	{ "temporary", temporary },
	{ "talking", talking },
	{ "executing", executing },
	{ "devices", devices },
	{ "parallel", parallel },
};

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--nothing") == 0)
		return 7;
	if (argc < 2 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: posix DIRECTORY [LARGE]\n");
		return 64;
	}
	if (argc > 2)
		large = (unsigned int)strtoul(argv[2], NULL, 10);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		char name[16];

		snprintf(name, sizeof(name), "%zu", i);
		umask(022);
		section = sections[i].name;
		if (mkdir(name, 0777) < 0 || chmod(name, 0777) < 0 || chdir(name) < 0) {
			say(name, -1);
			return 1;
		}
		sections[i].run();
		fflush(stdout);
		if (chdir("..") < 0)
			return 1;
	}
	return 0;
}
