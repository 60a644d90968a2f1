/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boots a kernel in the machine of kvm/ and shows what comes out: the tool of the tests and
 * benchmarks of kvm/, and of whoever looks for what a kernel does.
 *
 *	vmboot [-c CPUS] [-m MIB] [-i INITRD]... [-a PROGRAM] [-d TAG=DIR[,OPTION]...]...
 *		[-n TAP]... [-p PARAMETERS] [-blsfPv] KERNEL
 *
 * The port "agent" is joined to the standard streams; it ends when the guest closes the machine.
 * With -v, a line on stderr tells how the machine ended and what it took.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kvm/guest.h"
#include "kvm/vm.h"

#define SHARES_MAX 4
#define TAPS_MAX 4

struct options {
	struct vm_config config;
	bool verbose, pause, packed;
	const char *kernel, *agent;
	char *shares[SHARES_MAX]; /* TAG=DIR,... */
	const char *taps[TAPS_MAX];
	unsigned int share_count, tap_count;
};

static const char usage[] =
	"usage: vmboot [-c CPUS] [-m MIB] [-i INITRD]... [-a PROGRAM] [-d TAG=DIR[,OPTION]...]...\n"
	"              [-n TAP]... [-p PARAMETERS] [-blsfPv] KERNEL\n"
	"  -a  make an initramfs of PROGRAM and the kernel's modules; KERNEL may be packed\n"
	"  -b  boot the packed kernel itself all the same, which unpacks itself\n"
	"  -d  share DIR; options: private, ro, locks\n"
	"  -n  a network interface on the tap TAP, made if it is not there\n"
	"  -l  copy the kernel's log to stderr\n"
	"  -s  with a serial port: the log from its first line\n"
	"  -f  boot in full, without leaving initcalls out\n"
	"  -P  pause and resume the machine for every byte that the agent sends\n"
	"  -v  tell how it ended, and what it took\n";

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "vmboot: open %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static void parse(int argc, char **argv, struct options *o)
{
	struct vm_config *c = &o->config;
	int opt;

	*c = (struct vm_config){ .cpus = 1,
		.memory = 256ull << 20,
		.kvm_fd = FD_NONE,
		.kernel_fd = FD_NONE,
		.console_fd = FD_NONE };
	while ((opt = getopt(argc, argv, "a:c:d:m:i:n:p:lsfPvb")) != -1) {
		if (opt == 'c')
			c->cpus = strtoul(optarg, NULL, 10);
		else if (opt == 'm')
			c->memory = strtoull(optarg, NULL, 10) << 20;
		else if (opt == 'i' && c->initrd_count < VM_INITRDS_MAX)
			c->initrd_fds[c->initrd_count++] = open_file(optarg);
		else if (opt == 'a')
			o->agent = optarg;
		else if (opt == 'd' && o->share_count < SHARES_MAX)
			o->shares[o->share_count++] = optarg;
		else if (opt == 'n' && o->tap_count < TAPS_MAX)
			o->taps[o->tap_count++] = optarg;
		else if (opt == 'p')
			c->parameters = optarg;
		else if (opt == 'l')
			c->console_fd = 2;
		else if (opt == 's')
			c->serial = true;
		else if (opt == 'f')
			c->full_boot = true;
		else if (opt == 'P')
			o->pause = true;
		else if (opt == 'b')
			o->packed = true;
		else if (opt == 'v')
			o->verbose = true;
		else
			optind = argc + 1;
	}
	if (optind != argc - 1) {
		fputs(usage, stderr);
		exit(64);
	}
	o->kernel = argv[optind];
}

static void check(int r, const struct err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "vmboot: %s\n", err->msg);
	if (*err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
	exit(1);
}

/* Copies what is there; false: end of file. */
static bool copy(int from, int to, ssize_t *out_n)
{
	char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf));

	*out_n = n;
	for (ssize_t done = 0; done < n;) {
		ssize_t w = write(to, buf + done, n - done);

		if (w < 0)
			return false;
		done += w;
	}
	return n > 0;
}

static void serve(const struct options *o, struct vm *vm, int agent, uint64_t began)
{
	struct pollfd fds[] = {
		{ agent, POLLIN, 0 },
		{ 0, POLLIN, 0 },
		{ vm_end_fd(vm), POLLIN, 0 },
	};
	bool heard = false;
	struct err err;
	ssize_t n;

	while (poll(fds, 3, -1) > 0) {
		if (fds[0].revents) {
			if (!heard && o->verbose)
				fprintf(stderr, "vmboot: first byte after %.3f ms\n",
					(now() - began) / 1e6);
			heard = true;
			if (!copy(agent, 1, &n))
				fds[0].fd = -1;
			for (; o->pause && n > 0; n--) {
				check(vm_pause(vm, &err), &err);
				check(vm_resume(vm, &err), &err);
			}
		}
		if (fds[1].revents && !copy(0, agent, &n))
			fds[1].fd = -1;
		if (fds[2].revents)
			return;
	}
}

static void add_share(struct vm *vm, char *text)
{
	struct vm_fs_config share = { .tag = text, .descriptors_fd = FD_NONE };
	char *dir = strchr(text, '='), *option;
	struct err err;

	if (!dir) {
		fputs(usage, stderr);
		exit(64);
	}
	*dir++ = '\0';
	option = strchr(dir, ',');
	while (option) {
		*option++ = '\0';
		share.private_tree |= strncmp(option, "private", 7) == 0;
		share.read_only |= strncmp(option, "ro", 2) == 0;
		share.locks |= strncmp(option, "locks", 5) == 0;
		option = strchr(option, ',');
	}
	share.tree_fd = open_file(dir);
	check(vm_attach_fs(vm, &share, &err), &err);
}

static void add_tap(struct vm *vm, const char *name, unsigned int number)
{
	struct vm_net_config net = { .mac = { 2, 0, 0, 0, 0, (uint8_t)number }, .mtu = 1500 };
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	struct err err;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	net.tap_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (net.tap_fd < 0 || ioctl(net.tap_fd, TUNSETIFF, &request) < 0) {
		fprintf(stderr, "vmboot: tap %s: %s\n", name, strerror(errno));
		exit(1);
	}
	check(vm_attach_net(vm, &net, &err), &err);
}

/* The kernel, and the initramfs when one is to be made. */
static void open_kernel(struct options *o)
{
	struct guest_request request = { .kernel = o->kernel, .agent_fd = FD_NONE };
	struct guest_files files;
	struct err err;

	if (!o->agent) {
		o->config.kernel_fd = open_file(o->kernel);
		return;
	}
	request.agent_fd = open_file(o->agent);
	check(guest_prepare(&request, &files, &err), &err);
	o->config.kernel_fd = o->packed ? open_file(o->kernel) : files.vmlinux_fd;
	o->config.initrd_fds[o->config.initrd_count++] = files.initramfs_fd;
}

int main(int argc, char **argv)
{
	uint64_t began = now();
	struct options o = { 0 };
	struct vm_result result;
	struct vm_stats stats;
	struct err err = { 0 };
	struct vm *vm = NULL;
	int pair[2];
	ssize_t n;

	parse(argc, argv, &o);
	open_kernel(&o);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	o.config.ports[o.config.port_count++] = (struct vm_port){ "agent", pair[1] };
	check(vm_create(&o.config, &vm, &err), &err);
	for (unsigned int i = 0; i < o.share_count; i++)
		add_share(vm, o.shares[i]);
	for (unsigned int i = 0; i < o.tap_count; i++)
		add_tap(vm, o.taps[i], i + 1);
	check(vm_boot(vm, &err), &err);
	if (o.verbose)
		fprintf(stderr, "vmboot: booted after %.3f ms\n", (now() - began) / 1e6);
	check(vm_start(vm, &err), &err);
	serve(&o, vm, pair[0], began);
	vm_stop(vm);
	vm_stats(vm, &stats);
	while (copy(pair[0], 1, &n))
		;
	vm_result(vm, &result);
	if (o.verbose)
		fprintf(stderr,
			"vmboot: %s: %s; %.3f ms, %llu exits, %llu KiB given back, guest %llu of "
			"%llu KiB\n",
			vm_end_name(result.end), result.text, (now() - began) / 1e6,
			(unsigned long long)stats.exits,
			(unsigned long long)stats.memory_given_back >> 10,
			(unsigned long long)stats.guest_available >> 10,
			(unsigned long long)stats.guest_total >> 10);
	vm_free(vm);
	return result.end == VM_END_POWEROFF || result.end == VM_END_RESET ? 0 : 2;
}
