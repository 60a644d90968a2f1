// SPDX-License-Identifier: Apache-2.0
/*
 * The maps of a user namespace that the document gives none for.
 *
 * A caller with the capabilities to map ids gets all ids of its own user namespace mapped to
 * themselves.  Another one becomes root inside, followed by the ranges that subuid(5) grants it, by
 * name or by number.  The name is read from /etc/passwd itself: a static program has no name
 * service, and newuidmap, which has, checks the result anyway.
 */
#include "namespaces/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/num.h"
#include "base/procfs.h"

#define TEXT_MAX (1u << 20)
#define ID_MAX 4294967294u /* 4294967295 is no id */
#define FIELDS_MAX 8

/* Copies the next line of *text without its newline into a heap string; NULL at the end. */
static char *next_line(const char **text)
{
	size_t len = strcspn(*text, "\n");
	char *line;

	if (!**text)
		return NULL;
	line = xstrndup(*text, len);
	*text += len + ((*text)[len] == '\n');
	return line;
}

/* Splits @line at ':' in place; how many fields there are (at most FIELDS_MAX are stored). */
static size_t split(char *line, char *fields[FIELDS_MAX])
{
	size_t count = 0;

	for (char *field = line; field; count++) {
		char *colon = strchr(field, ':');

		if (colon)
			*colon++ = '\0';
		if (count < FIELDS_MAX)
			fields[count] = field;
		field = colon;
	}
	return count;
}

char *subid_user_name(const char *passwd, uid_t uid)
{
	for (;;) {
		auto_free char *line = next_line(&passwd);
		char *fields[FIELDS_MAX];
		uint32_t id;

		if (!line)
			return NULL;
		/* name:password:uid:gid:gecos:home:shell */
		if (split(line, fields) >= 4 && fields[0][0] && num_id(fields[2], &id) == 0 &&
			id == uid)
			return xstrdup(fields[0]);
	}
}

struct map_list {
	struct spec_idmap *items;
	size_t count;
	uint64_t next; /* container id of the next range */
};

static void list_add(struct map_list *list, uint32_t container, uint32_t host, uint32_t size)
{
	list->items = xrealloc_array(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct spec_idmap){ container, host, size };
}

static bool overlaps(const struct map_list *list, uint64_t host, uint64_t size)
{
	for (size_t i = 0; i < list->count; i++)
		if (host < (uint64_t)list->items[i].host_id + list->items[i].size &&
			list->items[i].host_id < host + size)
			return true;
	return false;
}

/* Adds the range of one line, "owner:start:count", when it belongs to the user and makes sense. */
static void add_range(struct map_list *list, char *line, const char *name, uid_t uid)
{
	char *fields[FIELDS_MAX] = { NULL };
	uint64_t start, size;
	uint32_t owner;

	if (split(line, fields) != 3)
		return;
	if (!(name && strcmp(fields[0], name) == 0) &&
		!(num_id(fields[0], &owner) == 0 && owner == uid))
		return;
	if (num_u64(fields[1], ID_MAX, &start) < 0 || num_u64(fields[2], ID_MAX, &size) < 0 ||
		size == 0 || start + size > ID_MAX + 1ull || overlaps(list, start, size))
		return;
	list_add(list, (uint32_t)list->next, (uint32_t)start, (uint32_t)size);
	list->next += size;
}

size_t subid_map(
	const char *text, const char *name, uid_t uid, uint32_t id, struct spec_idmap **out_maps)
{
	struct map_list list = { .next = 1 };

	list_add(&list, 0, id, 1);
	while (text) {
		auto_free char *line = next_line(&text);

		if (!line)
			break;
		add_range(&list, line, name, uid);
	}
	*out_maps = list.items;
	return list.count;
}

size_t subid_identity(const char *text, struct spec_idmap **out_maps)
{
	struct map_list list = { 0 };
	unsigned int inside, outside, size;

	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n')
		/* NOLINTNEXTLINE(cert-err34-c): numbers of the kernel, which fit */
		if (sscanf(text, "%u %u %u", &inside, &outside, &size) == 3 && size &&
			inside <= UINT32_MAX - size)
			list_add(&list, inside, inside, size);
	*out_maps = list.items;
	return list.count;
}

/* A file that is missing or cannot be read grants nothing. */
static char *read_optional(const char *path)
{
	struct err ignored = { 0 };
	char *text = NULL;
	size_t len;

	if (host_read(AT_FDCWD, path, TEXT_MAX, &text, &len, &ignored) < 0)
		err_drop(&ignored);
	return text;
}

static int set_identity(
	struct spec_idmap **storage, spec_idmaps *maps, const char *file, struct err *err)
{
	auto_close int procfd = procfs_open(PROCFS_PIDS, err);
	auto_free char *text = NULL;
	char path[32];
	int r;

	if (procfd < 0)
		return procfd;
	snprintf(path, sizeof(path), "self/%s", file);
	r = procfs_read(procfd, path, TEXT_MAX, &text, err);
	if (r < 0)
		return r;
	maps->count = subid_identity(text, storage);
	maps->items = *storage;
	return 0;
}

static void set_ranges(struct spec_idmap **storage, spec_idmaps *maps, const char *path,
	const char *name, uid_t uid, uint32_t id)
{
	auto_free char *text = read_optional(path);

	maps->count = subid_map(text, name, uid, id, storage);
	maps->items = *storage;
	if (maps->count == 1)
		log_warn("%s has no range for user %s (%u): only its own id is mapped, see "
			 "subuid(5)",
			path, name ? name : "without a name", uid);
}

int subid_default_maps(const struct idmap_caller *caller, struct ns_plan *plan, struct err *err)
{
	auto_free char *name = NULL;
	int r = 0;

	if (!caller->may_map_uids || !caller->may_map_gids) {
		auto_free char *passwd = read_optional("/etc/passwd");

		name = passwd ? subid_user_name(passwd, caller->uid) : NULL;
	}
	if (!plan->uid_mappings.count && caller->may_map_uids)
		r = set_identity(&plan->map_storage[0], &plan->uid_mappings, "uid_map", err);
	else if (!plan->uid_mappings.count)
		set_ranges(&plan->map_storage[0], &plan->uid_mappings, "/etc/subuid", name,
			caller->uid, caller->uid);
	if (r == 0 && !plan->gid_mappings.count && caller->may_map_gids)
		r = set_identity(&plan->map_storage[1], &plan->gid_mappings, "gid_map", err);
	else if (r == 0 && !plan->gid_mappings.count)
		set_ranges(&plan->map_storage[1], &plan->gid_mappings, "/etc/subgid", name,
			caller->uid, caller->gid);
	return r;
}
