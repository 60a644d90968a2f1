// SPDX-License-Identifier: Apache-2.0
/* Inherited descriptors: see the header. */
#include "cmd/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/sys.h"

int descriptors_open_stdio(struct err *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* the lowest free number is this one: those below are open by now */
		if (open("/dev/null", O_RDWR) < 0)
			return err_sys(err, errno, "open \"/dev/null\"");
	}
	return 0;
}

/* For kernels before 5.11 and outer seccomp filters that refuse close_range. */
static int mark_one_by_one(unsigned int first, struct err *err)
{
	auto_closedir DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		return err_sys(err, errno, "open \"/proc/self/fd\"");
	while ((errno = 0, entry = readdir(dir))) {
		uint64_t fd;

		if (num_u64(entry->d_name, INT_MAX, &fd) == 0 && fd >= first &&
			fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
			return err_sys(err, errno, "fcntl of descriptor %d", (int)fd);
	}
	return errno ? err_sys(err, errno, "read \"/proc/self/fd\"") : 0;
}

unsigned int descriptors_listen_fds(void)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t count = 0;

	if (!text || num_u64(text, 1024, &count) < 0)
		return 0;
	return (unsigned int)count;
}

bool descriptors_is_open(unsigned int fd)
{
	return fcntl((int)fd, F_GETFD) >= 0;
}

int descriptors_close_on_exec(unsigned int preserved, struct err *err)
{
	unsigned int first = STDERR_FILENO + 1 + preserved;

	for (unsigned int fd = STDERR_FILENO + 1; fd < first; fd++) {
		if (descriptors_is_open(fd))
			continue;
		err_bad(err, ERR_USAGE, "descriptor %u is to be passed on, and is not open", fd);
		err_hint(err, "--preserve-fds and LISTEN_FDS count the open descriptors from 3 on");
		return err_result(err);
	}
	if (sys_close_range(first, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	return mark_one_by_one(first, err);
}
