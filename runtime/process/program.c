// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the program by execvp's rules: a name with a slash is a path, another is searched for in
 * the PATH of process.env.
 *
 * Runs as the container's user with its capabilities, so that create, not start, tells what execve
 * would: the same permissions, mount flags and links decide.  The file is looked at through the one
 * resolver, which follows no link of /proc to our own binary (CVE-2019-5736).
 *
 * What is executed later is the path, not the descriptor: execveat would leave "/dev/fd/7" in
 * AT_EXECFN and (before Linux 6.14) "7" as the process's name, keep binfmt_misc from working, and
 * be missing from seccomp profiles that know execve.  Nothing is lost: the kernel checks again.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/path.h"
#include "base/sys.h"
#include "runtime/process/internal.h"

/* Where PATH is not given: as runc and the shells have it. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define HEAD_SIZE 1024 /* of a file: ELF's headers and, usually, the loader's name */

/* Our own ELF header: the architecture without a list of them. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* Opens @path, which may be relative to the working directory, inside the root. */
static int open_inside(
	const struct process_plan *plan, const char *path, int flags, struct err *err)
{
	char full[2 * PATH_MAX];
	int r;

	if (path[0] == '/')
		return path_open_in(plan->root_fd, path, flags, err);
	r = sys_getcwd(full, PATH_MAX);
	if (r < 0)
		return err_sys(err, -r, "getcwd");
	if (snprintf(full + r - 1, sizeof(full) - (size_t)r, "/%s", path) >= PATH_MAX)
		return err_sys(err, ENAMETOOLONG, "open \"%s\"", path);
	return path_open_in(plan->root_fd, full, flags, err);
}

/* ---- is it executable? ---- */

static int not_executable(
	const struct process_plan *plan, const char *path, int fd, mode_t mode, struct err *err)
{
	struct statvfs fs;
	int r = err_bad(err, ERR_NOT_EXECUTABLE, "exec \"%s\": permission denied", path);

	if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC))
		err_hint(err, "it lies on a mount with the option noexec");
	else
		err_hint(err, "mode %04o does not let user %u:%u execute it", mode & 07777,
			plan->uid, plan->gid);
	return r;
}

static int check_file(
	const struct process_plan *plan, const char *path, int fd, struct stat *st, struct err *err)
{
	if (fstat(fd, st) < 0)
		return err_sys(err, errno, "stat \"%s\"", path);
	if (S_ISDIR(st->st_mode))
		return err_bad(err, ERR_NOT_EXECUTABLE,
			"exec \"%s\": is a directory: permission denied", path);
	if (!S_ISREG(st->st_mode))
		return err_bad(err, ERR_NOT_EXECUTABLE,
			"exec \"%s\": not a regular file: permission denied", path);
	if (faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0)
		return 0;
	if (errno == EACCES)
		return not_executable(plan, path, fd, st->st_mode, err);
	return err_sys(err, errno, "exec \"%s\"", path);
}

/* ---- is what it needs there? ---- */

/* The interpreter of a script, cut out of @head; NULL: not a script. */
static char *script_interpreter(char *head)
{
	char *name;

	if (head[0] != '#' || head[1] != '!')
		return NULL;
	name = head + 2 + strspn(head + 2, " \t");
	name[strcspn(name, " \t\n")] = '\0';
	return name;
}

/* The loader of a dynamic program of our own architecture (others may have a helper of their own);
 * NULL: none, or beyond @len. */
static char *elf_loader(char *head, size_t len)
{
	const ElfW(Ehdr) *elf = (const void *)head;

	if (len < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
		elf->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
		elf->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
		elf->e_machine != __ehdr_start.e_machine ||
		elf->e_phentsize != sizeof(ElfW(Phdr)) || elf->e_phoff > len)
		return NULL;
	for (size_t i = 0; i < elf->e_phnum; i++) {
		size_t at = elf->e_phoff + i * sizeof(ElfW(Phdr));
		ElfW(Phdr) segment;

		if (at + sizeof(segment) > len)
			return NULL;
		memcpy(&segment, head + at, sizeof(segment));
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_offset >= len || segment.p_filesz > len - segment.p_offset)
			return NULL;
		return head + segment.p_offset; /* the buffer ends in a NUL */
	}
	return NULL;
}

static int unusable(
	struct err *err, int errnum, const char *path, const char *what, const char *name)
{
	size_t len = strlen(name);
	int r = err_sys(err, errnum, "exec \"%s\": its %s \"%s\"", path, what, name);

	err->kind = errnum == ENOENT ? ERR_NO_EXECUTABLE : ERR_NOT_EXECUTABLE;
	if (len > 0 && name[len - 1] == '\r')
		err_hint(err, "the script has DOS line ends (CR LF): convert it");
	else if (errnum == ENOENT)
		err_hint(err, "the file exists, but what it needs to run is not in the image");
	else
		err_hint(err, "a circle of links, or a link of /proc");
	return r;
}

/*
 * The most puzzling failure of all, ENOENT for a file that is there, is told at once.  So is a
 * script that wants "/proc/self/exe", which is us (CVE-2019-5736; the kernel would run our
 * protected copy). What cannot be read or understood is the kernel's to judge.
 */
static int check_needs(
	const struct process_plan *plan, const char *path, const struct stat *st, struct err *err)
{
	_Alignas(ElfW(Ehdr)) char head[HEAD_SIZE + 1];
	struct err lost;
	auto_close int fd = open_inside(plan, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &lost);
	auto_close int needed = FD_NONE;
	const char *what = "interpreter", *name;
	struct stat now;
	ssize_t len;

	if (fd < 0 || fstat(fd, &now) < 0 || now.st_dev != st->st_dev || now.st_ino != st->st_ino)
		return 0;
	len = read(fd, head, HEAD_SIZE);
	if (len < 0)
		return 0;
	head[len] = '\0';
	name = script_interpreter(head);
	if (!name) {
		what = "dynamic loader";
		name = elf_loader(head, (size_t)len);
	}
	if (!name || !*name)
		return 0;
	needed = open_inside(plan, name, O_PATH, &lost);
	if (needed == -ENOENT || needed == -ELOOP)
		return unusable(err, -needed, path, what, name);
	return 0;
}

/* ---- search ---- */

/* Checks the candidate exe_path.  *out_there: it is a file that may be executed, and if it fails
 * nevertheless it is the one that was meant. */
static int candidate_check(struct process_plan *plan, bool *out_there, struct err *err)
{
	const char *path = plan->exe_path;
	auto_close int fd = open_inside(plan, path, O_PATH, err);
	struct stat st;
	int r;

	*out_there = false;
	if (fd < 0) {
		r = err_sys(err, -fd, "exec \"%s\"", path);
		if (fd == -ENOENT || fd == -ENOTDIR) {
			err->kind = ERR_NO_EXECUTABLE;
			err_hint(err, "programs are looked for in the image and not on the host");
		}
		if (fd == -EACCES)
			err->kind = ERR_NOT_EXECUTABLE;
		if (fd == -ELOOP)
			err_hint(err, "a circle of links, or a link of /proc");
		return r;
	}
	r = check_file(plan, path, fd, &st, err);
	if (r < 0)
		return r;
	*out_there = true;
	return check_needs(plan, path, &st, err);
}

static const char *search_path(const struct process_plan *plan)
{
	for (char **e = plan->envp; *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			return *e + 5;
	return DEFAULT_PATH;
}

/* Makes exe_path of the first @len bytes of @dir ("": the working directory) and @name. */
static bool candidate_set(struct process_plan *plan, const char *dir, size_t len, const char *name)
{
	int n = snprintf(plan->exe_path, sizeof(plan->exe_path), "%.*s%s%s", (int)len, dir,
		len ? "/" : "./", name);

	return len < sizeof(plan->exe_path) && n < (int)sizeof(plan->exe_path);
}

/* execvp(3) looks further after these. */
static bool look_further(const struct err *err)
{
	return err->num == ENOENT || err->num == ENOTDIR || err->num == EACCES ||
		err->num == ENAMETOOLONG || err->num == ESTALE || err->num == ENODEV ||
		err->num == ETIMEDOUT;
}

static int search(struct process_plan *plan, const char *name, struct err *err)
{
	const char *dir = search_path(plan);
	struct err denied = { 0 };

	for (;;) {
		size_t len = strcspn(dir, ":");

		if (candidate_set(plan, dir, len, name)) {
			bool there;
			int r = candidate_check(plan, &there, err);

			if (r == 0 || there || !look_further(err))
				return r;
			if (err->num == EACCES && denied.num == 0)
				denied = *err;
		}
		if (dir[len] == '\0')
			break;
		dir += len + 1;
	}
	plan->exe_path[0] = '\0';
	if (denied.num) {
		*err = denied;
		return -denied.num;
	}
	err_drop(err);
	err_bad(err, ERR_NO_EXECUTABLE,
		"exec \"%s\": executable file not found in $PATH: no such file or directory", name);
	err_hint(err, "searched in the image: %.200s", search_path(plan));
	return err_result(err);
}

int program_find(struct process_plan *plan, struct err *err)
{
	const char *name = plan->argv[0];
	bool there;

	if (!strchr(name, '/'))
		return search(plan, name, err);
	if (strlen(name) >= sizeof(plan->exe_path))
		return err_sys(err, ENAMETOOLONG, "exec \"%.64s...\"", name);
	memcpy(plan->exe_path, name, strlen(name) + 1);
	return candidate_check(plan, &there, err);
}
