// SPDX-License-Identifier: Apache-2.0
/* What files hold, and since when: mapped, past the cache, sparse. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kvm/posix.h"

static sigjmp_buf jump;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

void mapping(void)
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

void direct(void)
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

void space(void)
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

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

void stamps(void)
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
