/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of the guests of boot.sh: loads the modules of its initramfs, opens the port
 * "agent", and does what "test=" of the kernel's command line says.  It speaks on the port and ends
 * by turning the machine off.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int port = -1;

/* The first line of a file, "" without one. */
static const char *line_of(const char *path)
{
	static char line[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	return line;
}

static void load_modules(void)
{
	struct dirent **names;
	int count = scandir("/m", &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "/m/%s", names[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (*names[i]->d_name != '.' && syscall(SYS_finit_module, fd, "", 0) < 0)
			perror(path);
		close(fd);
	}
}

/* Modules make the port a little later than they are loaded. */
static int open_port(void)
{
	for (int i = 0; i < 1000; i++) {
		if (!strcmp(line_of("/sys/class/virtio-ports/vport0p1/name"), "agent")) {
			int fd = open("/dev/vport0p1", O_RDWR | O_CLOEXEC);

			if (fd >= 0)
				return fd;
		}
		usleep(5000);
	}
	return -1;
}

static void send_all(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(port, data, len);

		if (n < 0) {
			struct pollfd p = { port, POLLOUT, 0 };

			poll(&p, 1, 1000);
			continue;
		}
		data += n;
		len -= n;
	}
}

static void do_info(void)
{
	dprintf(port, "release %.5s\n", line_of("/proc/sys/kernel/osrelease"));
	dprintf(port, "cpus %s\n", line_of("/sys/devices/system/cpu/online"));
	dprintf(port, "clock %s\n",
		line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
	dprintf(port, "rng %s\n", line_of("/sys/class/misc/hw_random/rng_current"));
	dprintf(port, "consoles %s\n", line_of("/sys/class/tty/console/active"));
	dprintf(port, "balloon %s\n", line_of("/sys/bus/virtio/devices/virtio2/device"));
}

/* What comes goes back, until it says "end". */
static void do_echo(void)
{
	char buf[4096];

	for (;;) {
		struct pollfd p = { port, POLLIN, 0 };
		ssize_t n;

		poll(&p, 1, -1);
		n = read(port, buf, sizeof(buf));
		if (n <= 0)
			return;
		send_all(buf, n);
		if (memmem(buf, n, "end", 3))
			return;
	}
}

static void do_bulk(void)
{
	static char block[65536];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = 'a' + i % 26;
	for (int i = 0; i < 256; i++)
		send_all(block, sizeof(block));
}

/* Uses memory, gives it back, and leaves the kernel time to report it: it waits two seconds. */
static void do_memory(void)
{
	const size_t size = 128 << 20;
	char *p = malloc(size);

	memset(p, 1, size);
	free(p);
	sleep(6);
}

static void do_panic(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	(void)!write(fd, "c", 1);
}

static void do_reset(void)
{
	reboot(RB_AUTOBOOT);
}

static const struct {
	const char *word;
	void (*run)(void);
} deeds[] = {
	{ "info", do_info },
	{ "echo", do_echo },
	{ "bulk", do_bulk },
	{ "memory", do_memory },
	{ "panic", do_panic },
	{ "reset", do_reset },
};

int main(void)
{
	const char *word;

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	load_modules();
	port = open_port();
	if (port < 0)
		fprintf(stderr, "no port\n");
	send_all("HELLO\n", 6);
	word = strstr(line_of("/proc/cmdline"), "test=");
	for (size_t i = 0; word && i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (!strcmp(word + 5, deeds[i].word)) {
			deeds[i].run();
			break;
		}
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
