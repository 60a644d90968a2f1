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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BIG 65536

static const char *section;

/* Prints the outcome of a call; errno by its name. */
static long say(const char *what, long r)
{
	if (r < 0)
		printf("%s: %s: %s\n", section, what, strerrorname_np(errno));
	else
		printf("%s: %s: %ld\n", section, what, r);
	return r;
}

#define DO(call) say(#call, (long)(call))
/* A call that gives a descriptor, whose number is nobody's business. */
#define OPEN(call)                             \
	({                                     \
		int fd_ = (call);              \
		say(#call, fd_ < 0 ? fd_ : 0); \
		fd_;                           \
	})

static void show(const char *path)
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

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		say(path, -1);
	close(fd);
}

static void get(const char *path)
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

/* Runs @fn in a child as user @uid, group @gid and one supplementary group (0: none). */
static void as(uid_t uid, gid_t gid, gid_t extra, void (*fn)(void))
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

static void opening(void)
{
	char name[300];
	int fd;

	put("f", "0123456789");
	mkdir("d", 0755);
	symlink("f", "l");
	symlink("loop", "loop");
	symlink("nowhere", "dangling");
	close(OPEN(open("f", O_RDONLY)));
	close(OPEN(open("f", O_CREAT | O_EXCL | O_RDWR, 0600)));
	close(OPEN(open("f", O_DIRECTORY)));
	close(OPEN(open("d", O_RDWR)));
	close(OPEN(open("d", O_DIRECTORY)));
	close(OPEN(open("l", O_NOFOLLOW)));
	close(OPEN(open("l", O_RDONLY)));
	close(OPEN(open("loop", O_RDONLY)));
	close(OPEN(open("dangling", O_RDONLY)));
	close(OPEN(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644)));
	close(OPEN(open("dangling", O_CREAT | O_WRONLY, 0644)));
	show("nowhere");
	close(OPEN(open("f/x", O_RDONLY)));
	close(OPEN(open("none/x", O_CREAT | O_WRONLY, 0644)));
	close(OPEN(open("", O_RDONLY)));
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	say("a name of 255", open(name, O_CREAT | O_WRONLY, 0644) < 0 ? -1 : 0);
	name[255] = 'n';
	name[256] = '\0';
	say("a name of 256", open(name, O_CREAT | O_WRONLY, 0644) < 0 ? -1 : 0);
	fd = OPEN(open("f", O_WRONLY | O_APPEND));
	DO(lseek(fd, 0, SEEK_SET));
	DO(write(fd, "ab", 2));
	DO(pwrite(fd, "cd", 2, 0));
	close(fd);
	get("f");
	close(OPEN(open("f", O_WRONLY | O_TRUNC)));
	show("f");
	fd = OPEN(open("f", O_WRONLY));
	DO(read(fd, name, 1));
	close(fd);
	fd = OPEN(open("f", O_RDONLY));
	DO(write(fd, "x", 1));
	DO(ftruncate(fd, 0));
	close(fd);
	fd = OPEN(open("f", O_PATH));
	DO(read(fd, name, 1));
	close(fd);
}

static void making_as_user(void)
{
	umask(027);
	close(OPEN(open("open/u", O_CREAT | O_WRONLY, 0666)));
	DO(mkdir("open/ud", 0777));
	DO(symlink("t", "open/ul"));
	DO(mkfifo("open/up", 0666));
	close(OPEN(open("closed/u", O_CREAT | O_WRONLY, 0666)));
	close(OPEN(open("group/u", O_CREAT | O_WRONLY, 0666)));
	close(OPEN(open("group/s", O_CREAT | O_WRONLY, 02775)));
	close(OPEN(open("secret", O_RDONLY)));
	DO(access("secret", R_OK));
	DO(chmod("secret", 0777));
	DO(chown("secret", 1000, 1000));
	DO(unlink("sticky/theirs"));
	DO(rename("sticky/theirs", "sticky/mine"));
	DO(truncate("secret", 0));
}

static void making(void)
{
	umask(022);
	DO(mkdir("open", 0777));
	DO(chmod("open", 0777));
	DO(mkdir("closed", 0755));
	DO(mkdir("group", 0775));
	DO(chown("group", 0, 2000));
	DO(chmod("group", 02775));
	DO(mkdir("sticky", 0777));
	DO(chmod("sticky", 01777));
	put("sticky/theirs", "x");
	put("secret", "secret");
	chmod("secret", 0600);
	umask(027);
	close(OPEN(open("a", O_CREAT | O_WRONLY, 07777)));
	show("a");
	DO(mkdir("b", 07777));
	show("b");
	DO(mkfifo("p", 0666));
	show("p");
	DO(mknod("s", S_IFSOCK | 0666, 0));
	show("s");
	DO(mknod("r", S_IFREG | 0666, 0));
	show("r");
	umask(022);
	DO(mkdir("group/sub", 0755));
	show("group/sub");
	as(1000, 1000, 0, making_as_user);
	show("open/u"), show("open/ud"), show("open/ul"), show("open/up");
	show("group/u"), show("sticky/theirs");
	section = "with a group";
	as(1000, 1000, 2000, making_as_user);
	show("group/u"), show("group/s");
	section = "in the group";
	unlink("group/s");
	as(1000, 2000, 0, making_as_user);
	show("group/s");
}

static void privileged_write(void)
{
	int fd = open("suid", O_WRONLY);

	DO(write(fd, "x", 1));
	close(fd);
	fd = open("suid2", O_WRONLY | O_TRUNC);
	close(fd);
	DO(truncate("suid3", 1));
	fd = open("suid4", O_RDWR);
	if (fd >= 0) {
		char *p = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0);

		if (p != MAP_FAILED)
			p[0] = 'm';
		DO(fallocate(fd, 0, 0, 100));
		close(fd);
	}
	DO(chmod("owned", 06755));
	DO(chmod("owned-other-group", 02755));
	DO(chown("owned", -1, 1000));
	DO(chown("owned", 0, -1));
	DO(chown("owned", -1, 55));
}

static void privileged_bits(void)
{
	static const char *const names[] = { "suid", "suid2", "suid3", "suid4" };

	umask(022);
	for (size_t i = 0; i < 4; i++) {
		put(names[i], "0123456789");
		chmod(names[i], 06777);
	}
	put("owned", "x");
	chown("owned", 1000, 1000);
	put("owned-other-group", "x");
	chown("owned-other-group", 1000, 2000);
	as(1000, 1000, 0, privileged_write);
	for (size_t i = 0; i < 4; i++)
		show(names[i]);
	show("owned"), show("owned-other-group");
	put("byroot", "x");
	chmod("byroot", 06755);
	put("byroot", "y");
	show("byroot");
	DO(chown("byroot", 1, 1));
	show("byroot");
	chmod("byroot", 02644);
	DO(chown("byroot", 2, 2));
	show("byroot");
	/* A chown of nothing (-1, -1) takes them away natively; the FUSE protocol cannot say it. */
}

static void linking(void)
{
	char long_target[4096], back[8192];

	umask(022);
	put("f", "text");
	mkdir("d", 0755);
	DO(link("f", "g"));
	show("f");
	DO(link("f", "g"));
	DO(link("d", "e"));
	DO(link("none", "x"));
	DO(symlink("f", "l"));
	DO(link("l", "m"));
	show("m");
	DO(linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW));
	show("n");
	DO(symlink("f", "l"));
	DO(symlink("", "empty"));
	memset(long_target, 'x', sizeof(long_target));
	long_target[4095] = '\0';
	DO(symlink(long_target, "long"));
	DO(readlink("long", back, sizeof(back)));
	DO(readlink("long", back, 10));
	DO(readlink("f", back, sizeof(back)));
	DO(readlink("d", back, sizeof(back)));
	DO(unlink("f"));
	show("g");
	DO(unlink("d"));
	DO(rmdir("g"));
	DO(rmdir("d/."));
	DO(rmdir("d/.."));
	put("d/x", "");
	DO(rmdir("d"));
	DO(unlink("d/x"));
	DO(rmdir("d"));
	DO(unlink("none"));
	DO(unlink("g/x"));
}

static void renaming(void)
{
	int fd;

	put("a", "a");
	put("b", "b");
	mkdir("d", 0755);
	mkdir("e", 0755);
	mkdir("full", 0755);
	put("full/x", "");
	DO(rename("a", "c"));
	show("a");
	DO(rename("c", "b"));
	get("b");
	DO(rename("b", "d"));
	DO(rename("d", "b"));
	DO(rename("d", "full"));
	DO(rename("d", "e"));
	DO(rename("e", "e/inside"));
	DO(rename("full/x", "x"));
	DO(rename("none", "y"));
	DO(rename("x", "x"));
	put("a", "a");
	DO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	DO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE));
	get("a"), get("b");
	DO(renameat2(AT_FDCWD, "a", AT_FDCWD, "full", RENAME_EXCHANGE));
	show("a"), show("full");
	DO(renameat2(AT_FDCWD, "a", AT_FDCWD, "none", RENAME_EXCHANGE));
	link("b", "b2");
	DO(rename("b", "b2"));
	show("b"), show("b2");
	fd = open("x", O_RDWR);
	DO(rename("b", "x"));
	DO(write(fd, "still", 5));
	get("x");
	close(fd);
}

static void removed_but_open(void)
{
	struct stat st;
	char text[16] = "";
	int fd, dir;

	put("f", "0123456789");
	fd = OPEN(open("f", O_RDWR));
	DO(unlink("f"));
	DO(fstat(fd, &st));
	printf("%s: links %lu size %lld\n", section, (unsigned long)st.st_nlink,
		(long long)st.st_size);
	DO(pwrite(fd, "AB", 2, 4));
	DO(pread(fd, text, 10, 0));
	puts(text);
	DO(ftruncate(fd, 3));
	DO(fchmod(fd, 0600));
	DO(fchown(fd, 5, 6));
	DO(fstat(fd, &st));
	printf("%s: mode %o uid %u size %lld\n", section, st.st_mode, st.st_uid,
		(long long)st.st_size);
	put("f", "new");
	DO(pread(fd, text, 10, 0));
	close(fd);
	mkdir("d", 0755);
	dir = OPEN(open("d", O_DIRECTORY));
	DO(rmdir("d"));
	close(OPEN(openat(dir, "x", O_CREAT | O_WRONLY, 0644)));
	close(dir);
}

static sigjmp_buf jump;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

static void mapping(void)
{
	static char page[BIG];
	int fd = open("m", O_RDWR | O_CREAT, 0644);
	char *p, *q, c = 0;

	DO(ftruncate(fd, 3 * 4096 + 10));
	p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	say("shared", p == MAP_FAILED ? -1 : 0);
	say("private", q == MAP_FAILED ? -1 : 0);
	if (p == MAP_FAILED || q == MAP_FAILED)
		return;
	p[1] = 'x';
	DO(pread(fd, &c, 1, 1));
	printf("%s: read '%c', private has '%c'\n", section, c, q[1]);
	q[2] = 'y';
	DO(pread(fd, &c, 1, 2));
	printf("%s: read %d\n", section, c);
	DO(pwrite(fd, "w", 1, 5000));
	printf("%s: mapped '%c'\n", section, p[5000]);
	DO(msync(p, 4 * 4096, MS_SYNC));
	p[3 * 4096 + 9] = 'e';
	p[3 * 4096 + 20] = 'z'; /* beyond the end, in the same page */
	DO(msync(p, 4 * 4096, MS_SYNC));
	DO(pread(fd, page, BIG, 0));
	signal(SIGBUS, on_bus);
	DO(ftruncate(fd, 4096));
	if (sigsetjmp(jump, 1) == 0) {
		p[2 * 4096] = 'b';
		puts("no SIGBUS");
	} else {
		puts("SIGBUS");
	}
	DO(ftruncate(fd, 3 * 4096));
	printf("%s: after growing %d\n", section, p[2 * 4096]);
	p[2 * 4096] = 'k';
	DO(close(fd));
	munmap(p, 4 * 4096);
	fd = open("m", O_RDONLY);
	DO(pread(fd, &c, 1, 2 * 4096));
	printf("%s: kept '%c'\n", section, c);
	say("writable of read-only",
		mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
	close(fd);
}

static void direct(void)
{
	char *buf = aligned_alloc(4096, BIG), c;
	int fd = OPEN(open("direct", O_RDWR | O_CREAT | O_DIRECT, 0644)), plain;

	memset(buf, 'd', BIG);
	DO(pwrite(fd, buf, BIG, 0));
	memset(buf, 0, BIG);
	DO(pread(fd, buf, BIG, 0));
	printf("%s: %d %d\n", section, buf[0], buf[BIG - 1]);
	plain = open("direct", O_RDWR);
	DO(pwrite(plain, "P", 1, 4096));
	DO(pread(fd, buf, 4096, 4096));
	printf("%s: %c\n", section, buf[0]);
	memset(buf, 'D', 4096);
	DO(pwrite(fd, buf, 4096, 8192));
	DO(pread(plain, &c, 1, 8192));
	printf("%s: %c\n", section, c);
	DO(pread(fd, buf, BIG, BIG));
	close(plain);
	close(fd);
	free(buf);
}

static void space(void)
{
	int fd = open("s", O_RDWR | O_CREAT, 0644), out;
	struct stat st;
	char c = 1;
	off_t in_at = 0, out_at = 3;
	static char block[BIG];

	memset(block, 's', sizeof(block));
	DO(fallocate(fd, 0, 0, BIG));
	show("s");
	DO(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 * BIG));
	show("s");
	DO(pwrite(fd, block, BIG, 0));
	DO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 16384, 16384));
	DO(pread(fd, &c, 1, 20000));
	printf("%s: %d\n", section, c);
	DO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
	DO(fallocate(fd, 0, -1, 5));
	DO(fallocate(fd, 0, 0, 0));
	DO(ftruncate(fd, 1 << 20));
	DO(fsync(fd));
	DO(lseek(fd, 0, SEEK_DATA));
	DO(lseek(fd, 0, SEEK_END));
	DO(lseek(fd, -1, SEEK_SET));
	DO(lseek(fd, 2 << 20, SEEK_DATA));
	DO(ftruncate(fd, -1));
	DO(truncate(".", 0));
	DO(truncate("none", 0));
	out = open("s2", O_RDWR | O_CREAT, 0644);
	DO(copy_file_range(fd, &in_at, out, &out_at, 10000, 0));
	DO(fstat(out, &st));
	DO(sendfile(out, fd, &in_at, 5000));
	show("s2");
	DO(pwrite(out, "x", 1, 1ll << 40));
	DO(fdatasync(out));
	DO(syncfs(out));
	show("s2");
	DO(pread(out, &c, 1, (1ll << 40) - 5));
	close(out);
	close(fd);
}

static void attributes(void)
{
	char value[128];
	ssize_t n;

	put("f", "x");
	symlink("f", "l");
	DO(setxattr("f", "user.a", "1234", 4, 0));
	DO(setxattr("f", "user.a", "5", 1, XATTR_CREATE));
	DO(setxattr("f", "user.b", "5", 1, XATTR_REPLACE));
	DO(setxattr("f", "user.b", "", 0, 0));
	DO(getxattr("f", "user.a", value, sizeof(value)));
	DO(getxattr("f", "user.a", value, 0));
	DO(getxattr("f", "user.a", value, 2));
	DO(getxattr("f", "user.b", value, sizeof(value)));
	DO(getxattr("f", "user.none", value, sizeof(value)));
	n = DO(listxattr("f", NULL, 0));
	DO(listxattr("f", value, (size_t)n));
	DO(lsetxattr("l", "user.a", "1", 1, 0));
	DO(lgetxattr("l", "user.a", value, sizeof(value)));
	DO(setxattr("f", "nonsense", "1", 1, 0));
	DO(setxattr(".", "user.dir", "1", 1, 0));
	DO(removexattr("f", "user.a"));
	DO(removexattr("f", "user.a"));
	DO(getxattr("f", "system.posix_acl_access", value, sizeof(value)));
	/* File capabilities go when the file is written. */
	DO(setxattr("f", "security.capability", "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		20, 0));
	DO(getxattr("f", "security.capability", value, sizeof(value)));
	put("f", "y");
	DO(getxattr("f", "security.capability", value, sizeof(value)));
}

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static void acl_user(void)
{
	close(OPEN(open("granted", O_RDONLY)));
	close(OPEN(open("granted", O_RDWR)));
}

static void acls(void)
{
	/* user::rw-, user:1000:r--, group::---, mask::r--, other::--- */
	struct {
		uint32_t version;
		struct acl_entry entries[5];
	} acl = { 2,
		{ { 1, 6, ~0u }, { 2, 4, 1000 }, { 4, 0, ~0u }, { 16, 4, ~0u }, { 32, 0, ~0u } } };
	char value[256];

	umask(022);
	put("granted", "x");
	DO(setxattr("granted", "system.posix_acl_access", &acl, sizeof(acl), 0));
	show("granted");
	DO(getxattr("granted", "system.posix_acl_access", value, sizeof(value)));
	as(1000, 1000, 0, acl_user);
	section = "acl of another";
	as(1001, 1001, 0, acl_user);
	DO(chmod("granted", 0600));
	section = "acl masked";
	as(1000, 1000, 0, acl_user);
	/* Inherited, and then the mask of the process does not count. */
	mkdir("d", 0755);
	acl.entries[3].perm = 6;
	DO(setxattr("d", "system.posix_acl_default", &acl, sizeof(acl), 0));
	umask(077);
	close(OPEN(open("d/f", O_CREAT | O_WRONLY, 0666)));
	DO(mkdir("d/sub", 0777));
	umask(022);
	show("d/f"), show("d/sub");
	DO(getxattr("d/f", "system.posix_acl_access", value, sizeof(value)));
	DO(getxattr("d/sub", "system.posix_acl_default", value, sizeof(value)));
	DO(removexattr("d", "system.posix_acl_default"));
	close(OPEN(open("d/g", O_CREAT | O_WRONLY, 0666)));
	show("d/g");
	acl.entries[0].tag = 99;
	DO(setxattr("granted", "system.posix_acl_access", &acl, sizeof(acl), 0));
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void times(void)
{
	struct timespec set[2] = { { 1000, 123456789 }, { 2000, 987654321 } };
	struct stat st, was;
	int fd;

	put("t", "x");
	DO(utimensat(AT_FDCWD, "t", set, 0));
	stat("t", &st);
	printf("%s: %lld.%09ld %lld.%09ld\n", section, (long long)st.st_atim.tv_sec,
		st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_sec = 3000;
	DO(utimensat(AT_FDCWD, "t", set, 0));
	stat("t", &st);
	printf("%s: %lld %lld\n", section, (long long)st.st_atim.tv_sec,
		(long long)st.st_mtim.tv_sec);
	set[1].tv_nsec = UTIME_NOW;
	DO(utimensat(AT_FDCWD, "t", set, 0));
	was = st;
	stat("t", &st);
	printf("%s: now %d\n", section, later(st.st_mtim, was.st_mtim));
	symlink("t", "tl");
	set[0] = set[1] = (struct timespec){ 77, 0 };
	DO(utimensat(AT_FDCWD, "tl", set, AT_SYMLINK_NOFOLLOW));
	lstat("tl", &st);
	printf("%s: link %lld\n", section, (long long)st.st_mtim.tv_sec);
	set[0] = set[1] = (struct timespec){ -5, 0 };
	DO(utimensat(AT_FDCWD, "t", set, 0));
	stat("t", &st);
	printf("%s: before 1970 %lld\n", section, (long long)st.st_mtim.tv_sec);
	stat("t", &was);
	usleep(20000);
	fd = open("t", O_WRONLY);
	DO(write(fd, "y", 1));
	close(fd);
	stat("t", &st);
	printf("%s: written later %d %d\n", section, later(st.st_mtim, was.st_mtim),
		later(st.st_ctim, was.st_ctim));
	was = st;
	usleep(20000);
	DO(chmod("t", 0600));
	stat("t", &st);
	printf("%s: changed later %d %d\n", section, later(st.st_mtim, was.st_mtim),
		later(st.st_ctim, was.st_ctim));
	stat(".", &was);
	usleep(20000);
	put("t2", "");
	stat(".", &st);
	printf("%s: directory later %d\n", section, later(st.st_mtim, was.st_mtim));
}

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

static void locks(void)
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

static unsigned int large = 3000;

static void directories(void)
{
	char name[64], deep[8192] = "";
	size_t length = 0;
	unsigned int seen = 0, dots = 0;
	struct dirent *e;
	struct stat st;
	long where = 0;
	char at[256] = "";
	bool same = true;
	DIR *d;

	mkdir("many", 0755);
	for (unsigned int i = 0; i < large; i++) {
		snprintf(name, sizeof(name), "many/entry-%u", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	d = opendir("many");
	while ((e = readdir(d))) {
		dots += e->d_name[0] == '.';
		seen++;
		if (seen == large / 2)
			where = telldir(d);
		if (seen == large / 2 + 1)
			snprintf(at, sizeof(at), "%s", e->d_name);
		if (seen % 500 == 7 && e->d_name[0] != '.') {
			fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW);
			same = same && st.st_ino == e->d_ino;
		}
	}
	printf("%s: %u entries, %u of them dots, inode numbers %d\n", section, seen, dots, same);
	seekdir(d, where);
	e = readdir(d);
	printf("%s: back at the place: %d\n", section, e && strcmp(e->d_name, at) == 0);
	rewinddir(d);
	seen = 0;
	while ((e = readdir(d))) {
		seen++;
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	}
	printf("%s: %u seen while removing\n", section, seen);
	closedir(d);
	DO(rmdir("many"));
	for (int i = 0; i < 60; i++) {
		length += (size_t)snprintf(
			deep + length, sizeof(deep) - length, i ? "/level" : "level");
		mkdir(deep, 0755);
	}
	DO(chdir(deep));
	say("getcwd", getcwd(deep, sizeof(deep)) ? (long)strlen(strstr(deep, "level")) : -1);
	DO(stat("../../..", &st));
	for (int i = 0; i < 60; i++)
		chdir("..");
}

static void temporary(void)
{
	int fd = OPEN(open(".", O_TMPFILE | O_RDWR, 0640)), excl;
	char path[64];

	DO(write(fd, "temporary", 9));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	say("link", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	get("named");
	show("named");
	close(fd);
	excl = OPEN(open(".", O_TMPFILE | O_EXCL | O_RDWR, 0640));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", excl);
	say("link exclusive", linkat(AT_FDCWD, path, AT_FDCWD, "named2", AT_SYMLINK_FOLLOW));
	close(excl);
}

static void fifo_child(void)
{
	int fd = open("p", O_WRONLY);

	(void)!write(fd, "through", 7);
}

static void talking(void)
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

static void executing(void)
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

static void devices(void)
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

static void parallel(void)
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
	{ "times", times },
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
