// SPDX-License-Identifier: Apache-2.0
/* What names are: making and opening, links, renaming, directories, files without one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kvm/posix.h"

void opening(void)
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

void linking(void)
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

void renaming(void)
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

void removed_but_open(void)
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

void directories(void)
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

void temporary(void)
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
