// SPDX-License-Identifier: Apache-2.0
/* The cache of kernels and initramfs: see the headers. */
#include "kvm/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"

#define TEMPORARY ".tmp"
/* No creator takes this long: it has died. */
#define TEMPORARY_AGE 3600
#define LISTED_MAX 256

/* ---- keys ---- */

void cache_key_add(struct cache_key *key, const void *data, size_t len)
{
	/* FNV-1a, twice with different beginnings. */
	for (size_t i = 0; i < len; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): it does not see the bytes of numbers */
		key->a = (key->a ^ ((const uint8_t *)data)[i]) * 0x100000001b3ull;
		key->b = ((key->b ^ ((const uint8_t *)data)[i]) + i) * 0x100000001b3ull;
	}
}

void cache_key_add_stat(struct cache_key *key, const struct stat *st)
{
	const uint64_t values[] = { st->st_dev, st->st_ino, (uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
		(uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec };

	cache_key_add(key, values, sizeof(values));
}

void cache_key_format(const struct cache_key *key, char out[CACHE_KEY_TEXT])
{
	snprintf(out, CACHE_KEY_TEXT, "%016llx%016llx", (unsigned long long)key->a,
		(unsigned long long)key->b);
}

/* ---- the folder ---- */

/* Root, and not of a user namespace, which does not own the host's folders. */
static bool is_root(void)
{
	struct stat st;
	struct err lost;

	return geteuid() == 0 &&
		(host_stat(AT_FDCWD, "/var", &st, 0, &lost) != 0 || st.st_uid == 0);
}

static char *default_base(struct err *err)
{
	const char *home;

	if (is_root())
		return xstrdup("/var/cache/ringwall");
	home = getenv("XDG_CACHE_HOME");
	if (home && home[0] == '/')
		return xasprintf("%s/ringwall", home);
	home = getenv("HOME");
	if (home && home[0] == '/')
		return xasprintf("%s/.cache/ringwall", home);
	err_bad(err, ERR_CONFIG, "there is no place to keep the guest's kernel");
	err_hint(err, "set HOME or XDG_CACHE_HOME");
	return NULL;
}

/* A file that others could change would let them run their kernel as this user's guest. */
static int check_owner(int fd, const char *name, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", name);
	if ((st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & 022))
		return 0;
	err_bad_errno(err, ERR_OTHER, EPERM,
		"\"%s\" of the cache is another user's, or others may write to it", name);
	err_hint(err, "remove it; it is made anew when it is needed");
	return -EPERM;
}

int cache_open(const char *base, const char *name, char **out_path, struct err *err)
{
	auto_free char *found = base ? xstrdup(base) : default_base(err);
	auto_free char *path = NULL;
	auto_close int fd = FD_NONE;
	int r;

	if (!found)
		return err_result(err);
	path = xasprintf("%s/%s", found, name);
	r = host_mkdir_parents(path, 0755, err);
	if (r < 0) {
		err_hint(err,
			"the guest's kernel is kept there; \"ringwall kvm prepare\" as its "
			"owner makes it");
		return r;
	}
	fd = host_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	r = check_owner(fd, path, err);
	if (r < 0)
		return r;
	*out_path = take_ptr(&path);
	return take_fd(&fd);
}

int cache_find(int folder, const char *name, struct err *err)
{
	auto_close int fd = host_open(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	int r;

	if (fd < 0)
		return fd;
	r = check_owner(fd, name, err);
	return r < 0 ? r : take_fd(&fd);
}

/* ---- storing ---- */

struct listed {
	char name[NAME_MAX + 1];
	struct timespec time;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct listed *)a)->time;
	const struct timespec *y = &((const struct listed *)b)->time;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* Whoever has one of them open keeps it.  @name stays, whatever time the clock gave it: who made it
 * wants to find it again. */
static void prune(int folder, const char *name, const char *end, unsigned int keep)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	auto_free struct listed *files = xcalloc(LISTED_MAX, sizeof(*files));
	const struct dirent *entry;
	struct stat st;
	size_t count = 0;

	while (dir && count < LISTED_MAX && (entry = readdir(dir))) {
		bool temporary = ends_with(entry->d_name, TEMPORARY);

		if ((!temporary && !ends_with(entry->d_name, end)) ||
			strcmp(entry->d_name, name) == 0 ||
			fstatat(folder, entry->d_name /* path: of readdir */, &st,
				AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!temporary) {
			snprintf(files[count].name, sizeof(files[count].name), "%s", entry->d_name);
			files[count++].time = st.st_mtim;
		} else if (st.st_mtim.tv_sec + TEMPORARY_AGE < time(NULL)) {
			unlinkat(folder, entry->d_name /* path: of readdir */, 0);
		}
	}
	qsort(files, count, sizeof(*files), newest_first);
	for (size_t i = keep > 0 ? keep - 1 : 0; i < count; i++)
		unlinkat(folder, files[i].name /* path: of readdir */, 0);
}

static int write_file(int fd, const char *name, const char *data, size_t len, struct err *err)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len < 1u << 30 ? len : 1u << 30);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "write \"%s\"", name);
		data += n;
		len -= (size_t)n;
	}
	/* A file that is there under its name after a crash is whole. */
	if (fchmod(fd, 0644) < 0 || fsync(fd) < 0)
		return err_sys(err, errno, "write \"%s\"", name);
	return 0;
}

int cache_store(int folder, const char *name, const void *data, size_t len, unsigned int keep,
	struct err *err)
{
	const char *end = strrchr(name, '.');
	auto_free char *temporary = NULL;
	auto_close int fd = FD_NONE, found = FD_NONE;
	uint64_t random;
	int r;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, errno, "getrandom");
	temporary = xasprintf("%016llx" TEMPORARY, (unsigned long long)random);
	fd = host_open(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, err);
	if (fd < 0) {
		err_hint(err, "\"ringwall kvm prepare\" as the owner of the cache makes the file");
		return fd;
	}
	r = write_file(fd, name, data, len, err);
	/* Anew: who gets it must not be able to write to it.  By this name: under the other one another
	 * creator may take it for too old. */
	if (r == 0)
		r = found = cache_find(folder, temporary, err);
	if (r >= 0 && renameat(folder, temporary, folder, name /* path: names of ours */) < 0)
		r = err_sys(err, errno, "rename \"%s\" to \"%s\"", temporary, name);
	if (r < 0) {
		unlinkat(folder, temporary /* path: a name of ours */, 0);
		return r;
	}
	fsync(folder);
	prune(folder, name, end ? end : name, keep);
	return take_fd(&found);
}
