// SPDX-License-Identifier: Apache-2.0
/* Whose files are, and who may: other users, set-id bits, access control lists, extended attributes. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/kvm/posix.h"

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

void making(void)
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

void privileged_bits(void)
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

void attributes(void)
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

void acls(void)
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
