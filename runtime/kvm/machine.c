// SPDX-License-Identifier: Apache-2.0
/*
 * Init's phases of the kvm mode: where the native mode makes the container's process of itself, this
 * one makes a machine of itself, locks itself in, and serves.
 *
 * The descriptors that need the host's paths (/dev/kvm, kernel, initramfs, control socket) come from
 * the parent.  What opens something by a path here has the exported tree as its root.
 */
#include "runtime/kvm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/kvm/cage.h"
#include "runtime/kvm/jail.h"
#include "runtime/kvm/monitor.h"
#include "runtime/sync.h"

/* How long the guest may be silent while it comes up, may come up at all on a slow host, and then may
 * take to make the container.  Mounts and hooks may take their time; a guest that hangs must not keep
 * a create for ever. */
#define SILENT_SECONDS 60
#define BOOT_SECONDS 600
#define CREATE_SECONDS 120

static struct monitor *monitor; /* of this process; kept from boot to serve */

int machine_network(const struct init_plan *plan, struct err *err)
{
	struct ns_guest_network *network = &plan->machine->network;

	ns_guest_network_init(network);
	return annotations_say_sandbox(&plan->spec->annotations) ? 0 : ns_guest_take(network, err);
}

int machine_export(const struct init_plan *plan, int procfd, struct err *err)
{
	struct machine *m = plan->machine;
	int r = rootfs_export(plan->rootfs, procfd, &m->descriptors_fd, err);
	int keep[10 + NS_GUEST_LINKS_MAX] = { procfd, m->descriptors_fd, m->kvm_fd,
		m->files.vmlinux_fd, m->files.initramfs_fd, m->initrd_fd, m->control_fd,
		m->terminal, plan->sync_fd, plan->gate_fd };

	for (size_t i = 0; i < NS_GUEST_LINKS_MAX; i++)
		keep[10 + i] = m->network.links[i].tap_fd;

	/* No directory of the host is held from here on (R7). */
	fd_close_others(3, keep, ARRAY_SIZE(keep));
	return r;
}

/* A session of its own, with the terminal as its streams and as what tells of its size. */
static int take_streams(const struct machine *m, struct err *err)
{
	if (setsid() < 0)
		return err_sys(err, errno, "setsid");
	if (m->terminal < 0)
		return 0;
	if (ioctl(m->terminal, TIOCSCTTY, 0) < 0)
		return err_sys(err, errno, "ioctl TIOCSCTTY");
	for (int fd = 0; fd <= 2; fd++)
		if (dup3(m->terminal, fd, 0) < 0)
			return err_sys(err, errno, "dup3 of the terminal");
	return 0;
}

static int attach_tree(
	struct machine *m, const char *tag, const char *path, bool private_tree, struct err *err)
{
	struct vm_fs_config config = {
		.tag = tag,
		.tree_fd = host_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err),
		.descriptors_fd = m->descriptors_fd,
		.private_tree = private_tree,
	};

	return config.tree_fd < 0 ? config.tree_fd : vm_attach_fs(m->vm, &config, err);
}

static int attach_link(struct machine *m, struct ns_guest_link *link, struct err *err)
{
	struct vm_net_config config = { .tap_fd = take_fd(&link->tap_fd),
		.mtu = (uint16_t)link->mtu };

	memcpy(config.mac, link->mac, sizeof(config.mac));
	return vm_attach_net(m->vm, &config, err);
}

static int attach(struct machine *m, struct err *err)
{
	int r = attach_tree(m, GUEST_IMAGE_TAG, "/" ROOTFS_EXPORT_IMAGE, true, err);

	if (r == 0 && m->has_volumes)
		r = attach_tree(m, GUEST_VOLUMES_TAG, "/" ROOTFS_EXPORT_VOLUMES, false, err);
	for (size_t i = 0; r == 0 && i < m->network.count; i++)
		r = attach_link(m, &m->network.links[i], err);
	return r;
}

static int enter_thread(enum vm_thread kind, void *arg, struct err *err)
{
	const struct machine *m = arg;

	return cage_enter(m->cage, kind, err);
}

/* The trees are held by descriptors: the root holds nothing from here on. */
static int enter_empty(struct err *err)
{
	if (chroot("/" ROOTFS_EXPORT_EMPTY) < 0 || chdir("/") < 0) /* path: of our own tree */
		return err_sys(err, errno, "chroot \"/%s\"", ROOTFS_EXPORT_EMPTY);
	return 0;
}

int machine_make(const struct init_plan *plan, struct err *err)
{
	struct machine *m = plan->machine;
	struct vm_config config = {
		.cpus = m->size.cpus,
		.memory = m->size.memory,
		.kvm_fd = m->kvm_fd,
		.kernel_fd = m->files.vmlinux_fd,
		.parameters = m->parameters,
		.console_fd = FD_NONE,
		.port_count = 1,
		.thread_enter = enter_thread,
		.thread_arg = m,
	};
	int ends[2], r = take_streams(m, err);

	if (r < 0)
		return r;
	/* Of two files of a name the later counts, and /init must be ours: most have one. */
	if (m->initrd_fd >= 0)
		config.initrd_fds[config.initrd_count++] = m->initrd_fd;
	config.initrd_fds[config.initrd_count++] = m->files.initramfs_fd;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return err_sys(err, errno, "socketpair");
	m->port = ends[0];
	config.ports[0] = (struct vm_port){ GUEST_PORT, ends[1] };
	r = vm_create(&config, &m->vm, err);
	if (r == 0)
		r = attach(m, err);
	if (r == 0)
		r = vm_boot(m->vm, err);
	fd_close(&m->descriptors_fd);
	fd_close(&m->kvm_fd);
	fd_close(&m->files.vmlinux_fd);
	fd_close(&m->files.initramfs_fd);
	fd_close(&m->initrd_fd);
	fd_close(&m->terminal);
	if (r == 0)
		r = enter_empty(err);
	return r < 0 ? r : jail_enter(err);
}

int machine_boot(const struct init_plan *plan, struct err *err)
{
	struct machine *m = plan->machine;
	struct monitor_config config = {
		.vm = m->vm,
		.port = m->port,
		.control_fd = m->control_fd,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.terminal = plan->terminal,
		.start_hooks = plan->spec->hooks[HOOK_START_CONTAINER].count > 0,
	};
	int r = cage_new(&m->cage, err);

	if (r == 0)
		r = vm_start(m->vm, err);
	if (r < 0)
		return r;
	/* The other threads have entered theirs. */
	r = monitor_new(&config, &monitor, err);
	if (r == 0)
		r = cage_enter(m->cage, VM_THREAD_CONTROL, err);
	cage_free(take_ptr(&m->cage));
	if (r == 0)
		r = monitor_greet(monitor, SILENT_SECONDS, BOOT_SECONDS, err);
	if (r == 0)
		r = monitor_request(
			monitor, FRAME_CREATE, m->request, strlen(m->request), CREATE_SECONDS, err);
	if (r == 0 && m->network.count)
		r = monitor_request(monitor, FRAME_NETWORK, m->network.text, m->network.len,
			CREATE_SECONDS, err);
	return r;
}

static void drop_log(enum log_level level, const char *text, void *arg)
{
	(void)level, (void)text, (void)arg;
}

int machine_serve(const struct init_plan *plan, struct err *err)
{
	struct wire_exit exit = { 0 };
	struct err failed = { 0 };
	int gate = plan->gate_fd, starter = FD_NONE, r;

	/* A run starts by the channel that made us; a create is done with it. */
	if (gate < 0)
		starter = plan->sync_fd;
	else
		close(plan->sync_fd);
	/* From here on the streams are the container's alone. */
	log_set_sink(drop_log, NULL);
	r = monitor_serve(monitor, gate, starter, &exit, &failed);
	vm_stop(plan->machine->vm);
	if (r < 0) {
		/* Nobody but the container's own log is there to be told. */
		dprintf(STDERR_FILENO, "ringwall: %s\n", failed.msg);
		_exit(255);
	}
	(void)err;
	_exit(exit.code == CLD_EXITED ? exit.status : 128 + exit.status);
}
