// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's init for tests of shared trees and the network: loads the modules that the initramfs has,
 * mounts the tree "root" and, when it is there, "volume" on /volume in it, and runs the command RUN with
 * that tree as its root and the port "agent" as its standard streams.  RUN is the kernel's parameter of
 * that name, its words separated by "_".  Then the machine is turned off.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, const char *of)
{
	printf("share: %s %s: %s\n", what, of, strerror(errno));
	fflush(stdout);
}

static void load_modules(void)
{
	struct dirent **list;
	int n = scandir("/m", &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		int fd;

		if (list[i]->d_name[0] == '.' || chdir("/m") < 0)
			continue;
		fd = open(list[i]->d_name, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
			say("load", list[i]->d_name);
		close(fd);
	}
	if (chdir("/") < 0)
		say("chdir", "/");
}

static void open_port(void)
{
	for (int tries = 0; tries < 500; tries++) {
		int fd = open("/dev/vport0p1", O_RDWR);

		if (fd < 0) {
			usleep(10000);
			continue;
		}
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		return;
	}
}

static void mount_at(const char *source, const char *type, const char *where)
{
	if (mkdir(where, 0755) < 0 && errno != EEXIST)
		say("mkdir", where);
	if (mount(source, where, type, 0, NULL) < 0)
		say("mount", where);
}

static void run(void)
{
	char *argv[16], *rest = getenv("RUN");
	size_t argc = 0;

	while (rest && argc < 15)
		argv[argc++] = strsep(&rest, "_");
	argv[argc] = NULL;
	setenv("PATH", "/bin:/usr/bin:/sbin:/usr/sbin", 1);
	if (chroot("/r") < 0 || chdir("/") < 0)
		say("chroot", "/r");
	if (argc > 0)
		execv(argv[0], argv);
	say("execute", argc > 0 ? argv[0] : "nothing");
	_exit(127);
}

int main(void)
{
	int status = 0;
	pid_t pid;

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	load_modules();
	open_port();
	mount_at("root", "virtiofs", "/r");
	mkdir("/r/volume", 0755);
	if (mount("volume", "/r/volume", "virtiofs", 0, NULL) < 0 && errno != EINVAL)
		say("mount", "volume");
	mount_at("proc", "proc", "/r/proc");
	mount_at("sys", "sysfs", "/r/sys");
	mount_at("dev", "devtmpfs", "/r/dev");
	pid = fork();
	if (pid == 0)
		run();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	printf("share: ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
