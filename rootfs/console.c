// SPDX-License-Identifier: Apache-2.0
/*
 * The container's terminal.  Runs in the child, inside the container's root.
 *
 * The multiplexer is opened in a directory that is a devpts (whatever name the image gave it), the
 * other end is asked from the multiplexer itself (TIOCGPTPEER), and /dev/console is a mount of that
 * descriptor: no path of a terminal is ever looked up (rule R5; CVE-2025-52565, CVE-2026-88264).
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/path.h"

static int open_devpts(int root_fd, struct err *err)
{
	auto_close int fd = path_open_in(root_fd, "/dev/pts", O_PATH | O_DIRECTORY, err);
	struct statfs fs;

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == MAGIC_DEVPTS)
		return take_fd(&fd);
	(void)err_bad(err, ERR_CONFIG, "a terminal needs a devpts on /dev/pts of the container");
	err_hint(err, "add a mount of type devpts with destination /dev/pts");
	return err_result(err);
}

int rootfs_open_terminal(int root_fd, int *out_master, int *out_slave, struct err *err)
{
	auto_close int pts = open_devpts(root_fd, err);
	auto_close int master = FD_NONE;
	int unlock = 0, slave;

	if (pts < 0)
		return pts;
	master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (master < 0)
		return err_sys(err, errno, "open \"/dev/pts/ptmx\"");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, errno, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, errno, "open the terminal");
	*out_master = take_fd(&master);
	*out_slave = slave;
	return 0;
}

int rootfs_console(struct rootfs_plan *plan, int slave, struct err *err)
{
	const struct path_node node = { .type = S_IFDIR, .mode = 0755 };
	auto_close int dev = FD_NONE, target = FD_NONE, clone = FD_NONE;
	struct stat st;
	int r;

	if (!plan->has_ns)
		return 0;
	dev = path_make_in(plan->root_fd, "/dev", &node, NULL, err);
	if (dev < 0)
		return dev;
	target = node_target(dev, "console", &st, err);
	if (target < 0)
		return err_in(err, "/dev/console");
	clone = sys_open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (clone < 0)
		return err_sys(err, -clone, "open_tree the terminal");
	r = mount_place(clone, target, err);
	return r < 0 ? err_in(err, "/dev/console") : 0;
}
