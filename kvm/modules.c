// SPDX-License-Identifier: Apache-2.0
/* Resolving modules.dep (modules.dep(5)): see the header. */
#include "kvm/modules.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define DEPTH_MAX 16

const struct module_wanted modules_wanted[] = {
	{ "virtio_pci", true },
	{ "virtio_console", true },
	{ "virtiofs", true },
	{ "virtio_rng", false },
	{ "virtio_balloon", false },
	{ "virtio_net", false },
	{ "overlay", false },
	{ NULL, false },
};

void module_list_release(struct module_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct module_list){ NULL, 0 };
}

char *module_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *end = strstr(base, ".ko");
	char *name = end ? xstrndup(base, (size_t)(end - base)) : xstrdup(base);

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/* The line of @text (of paths, with or without ": ...") that begins with the module @name, or
 * NULL; up to its end. */
static const char *find_line(const char *text, const char *name, size_t *out_len)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), path_len = strcspn(line, ":\n");
		auto_free char *path = xstrndup(line, path_len);
		auto_free char *found = module_name(path);

		if (strcmp(found, name) == 0) {
			*out_len = len;
			return line;
		}
		line += len;
		line += *line == '\n';
	}
	return NULL;
}

struct resolver {
	const char *dep;
	struct module_list *list;
};

static bool is_listed(const struct module_list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->paths[i], path) == 0)
			return true;
	return false;
}

/* Adds what the line names: first the modules that it needs, then its own.  1: the line is not
 * there. */
static int add(struct resolver *r, const char *name, unsigned int depth, struct err *err)
{
	size_t len;
	const char *line = find_line(r->dep, name, &len);
	auto_free char *copy = NULL, *path = NULL;
	char *word, *rest;

	if (!line)
		return 1;
	if (depth > DEPTH_MAX)
		return err_bad_errno(err, ERR_CONFIG, ELOOP, "module \"%s\" needs itself", name);
	copy = xstrndup(line, len);
	path = xstrndup(copy, strcspn(copy, ":"));
	if (is_listed(r->list, path))
		return 0;
	rest = copy + strcspn(copy, ":");
	rest += *rest == ':';
	while ((word = strsep(&rest, " \t"))) {
		auto_free char *needed = module_name(word);
		int found = *word ? add(r, needed, depth + 1, err) : 0;

		if (found < 0)
			return found;
	}
	if (is_listed(r->list, path))
		return 0;
	if (r->list->count == MODULES_MAX)
		return err_bad_errno(err, ERR_CONFIG, E2BIG,
			"more than %d modules are to be loaded", MODULES_MAX);
	r->list->paths = xrealloc_array(r->list->paths, r->list->count + 1, sizeof(char *));
	r->list->paths[r->list->count++] = take_ptr(&path);
	return 0;
}

int modules_resolve(const char *dep, const char *builtin, const struct module_wanted *wanted,
	struct module_list *out_list, struct err *err)
{
	auto_(module_list) struct module_list list = { NULL, 0 };
	struct resolver resolver = { dep, &list };
	size_t len;

	for (; wanted->name; wanted++) {
		int r = find_line(builtin, wanted->name, &len)
			? 0
			: add(&resolver, wanted->name, 0, err);

		if (r < 0)
			return r;
		if (r == 1 && wanted->required) {
			err_bad_errno(err, ERR_CONFIG, ENOENT,
				"the kernel has no \"%s\", neither built in nor as a module",
				wanted->name);
			err_hint(err, "another kernel is needed (Debian: linux-image-cloud-amd64)");
			return err_result(err);
		}
	}
	*out_list = list;
	list = (struct module_list){ NULL, 0 };
	return 0;
}
