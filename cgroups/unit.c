// SPDX-License-Identifier: Apache-2.0
/*
 * Names of systemd's units and where they lie: see the header.
 *
 * A slice's name is its path: the dashes are where its parents' names end (systemd.slice(5)).  What
 * a unit may be called is in systemd.unit(5): letters, digits and :-_.\ (and @, which would make it
 * a template's instance), at most 255 characters.
 */
#include "cgroups/unit.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/path.h"
#include "base/strbuf.h"

#define UNIT_NAME_MAX 255
#define PROPERTY "linux.cgroupsPath"
#define SUBGROUP "run.oci.systemd.subgroup"
#define UNIT_OBJECTS "/org/freedesktop/systemd1/unit/"

void unit_release(struct unit *unit)
{
	free(unit->name);
	free(unit->slice);
	free(unit->path);
	free(unit->subgroup);
	*unit = (struct unit){ 0 };
}

static bool ends_in(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len > n && strcmp(s + len - n, end) == 0;
}

bool unit_is_slice(const char *name)
{
	return ends_in(name, ".slice");
}

static bool is_unit_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(":-_.\\", c));
}

static int name_check(const char *name, struct err *err)
{
	for (const char *c = name; *c; c++)
		if (!is_unit_char(*c))
			return err_bad(err, ERR_CONFIG,
				PROPERTY
				": \"%s\" cannot be the name of a systemd unit, because of \"%c\"",
				name, isprint((unsigned char)*c) ? *c : '?');
	if (strlen(name) > UNIT_NAME_MAX)
		return err_bad_errno(err, ERR_CONFIG, ENAMETOOLONG,
			PROPERTY ": a systemd unit's name of %zu characters (at most %d)",
			strlen(name), UNIT_NAME_MAX);
	return 0;
}

int unit_slice_path(const char *slice, char **out_path, struct err *err)
{
	auto_(strbuf) struct strbuf path = STRBUF_INIT;
	size_t len;

	if (strcmp(slice, "-.slice") == 0) {
		*out_path = xstrdup("");
		return 0;
	}
	if (!unit_is_slice(slice) || strchr(slice, '/'))
		return err_bad(err, ERR_CONFIG,
			PROPERTY
			": \"%s\" is no slice: its name ends in \".slice\" and has no \"/\"",
			slice);
	if (name_check(slice, err) < 0)
		return err_result(err);
	len = strlen(slice) - strlen(".slice");
	for (size_t end = 1; end <= len; end++) {
		if (end < len && slice[end] != '-')
			continue;
		if (slice[end - 1] == '-')
			return err_bad(err, ERR_CONFIG,
				PROPERTY ": \"%s\" is no slice: a part of its name is empty",
				slice);
		strbuf_addf(&path, "/%.*s.slice", (int)end, slice);
	}
	if (slice[0] == '-')
		return err_bad(err, ERR_CONFIG,
			PROPERTY ": \"%s\" is no slice: a part of its name is empty", slice);
	*out_path = strbuf_take(&path);
	return 0;
}

/* An id is a name on its own, and may have what no unit may: "+". */
static char *escape(const char *id)
{
	auto_(strbuf) struct strbuf name = STRBUF_INIT;

	for (; *id; id++) {
		if (is_unit_char(*id) && *id != '\\')
			strbuf_add(&name, id, 1);
		else
			strbuf_addf(&name, "\\x%02x", (unsigned char)*id);
	}
	return strbuf_take(&name);
}

static int no_form(const char *path, struct err *err)
{
	err_bad(err, ERR_CONFIG,
		PROPERTY ": \"%s\" is not of the form \"slice:prefix:name\", as the systemd cgroup "
			 "manager needs it",
		path);
	err_hint(err, "use --cgroup-manager=cgroupfs for paths of cgroups");
	return err_result(err);
}

/* "slice:prefix:name" to its parts.  Heap strings. */
static int split(
	const char *path, char **out_slice, char **out_prefix, char **out_name, struct err *err)
{
	const char *first = strchr(path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || strchr(second + 1, ':') || second[1] == '\0')
		return no_form(path, err);
	*out_slice = xstrndup(path, (size_t)(first - path));
	*out_prefix = xstrndup(first + 1, (size_t)(second - first - 1));
	*out_name = xstrdup(second + 1);
	return 0;
}

static int subgroup_plan(const struct cgroup_where *where, struct unit *unit, struct err *err)
{
	const char *name = NULL;

	for (size_t i = 0; where->annotations && i < where->annotations->count; i++)
		if (strcmp(where->annotations->items[i].key, SUBGROUP) == 0)
			name = where->annotations->items[i].value;
	if (!name || !*name)
		return 0;
	if (!path_is_name(name) || strncmp(name, "cgroup.", 7) == 0)
		return err_bad(err, ERR_CONFIG,
			"annotation " SUBGROUP ": \"%s\" cannot be the name of a cgroup", name);
	if (unit_is_slice(unit->name))
		return err_bad(err, ERR_CONFIG,
			"annotation " SUBGROUP ": \"%s\" is a slice, whose cgroups are systemd's",
			unit->name);
	unit->subgroup = xstrdup(name);
	return 0;
}

/* The names that are meant, from what is given. */
static int names_plan(const struct cgroup_where *where, struct unit *unit, struct err *err)
{
	const char *path = where->cgroups_path;
	auto_free char *slice = NULL, *prefix = NULL, *name = NULL;

	if (path && *path) {
		if (split(path, &slice, &prefix, &name, err) < 0)
			return err_result(err);
	} else {
		slice = xstrdup("");
		prefix = xstrdup(PACKAGE_NAME);
		name = escape(where->id);
	}
	unit->slice = xstrdup(*slice	  ? strcmp(slice, "-") == 0 ? "-.slice" : slice
			: where->rootless ? "user.slice"
					  : "system.slice");
	unit->name = path && *path && unit_is_slice(name)
		? take_ptr(&name)
		: xasprintf("%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	return name_check(unit->name, err);
}

int unit_plan(const struct cgroup_where *where, struct unit *out_unit, struct err *err)
{
	auto_(unit) struct unit unit = { 0 };
	auto_free char *parent = NULL;
	int r = names_plan(where, &unit, err);

	if (r == 0)
		r = unit_slice_path(unit.slice, &parent, err);
	if (r == 0 && unit_is_slice(unit.name))
		r = unit_slice_path(unit.name, &unit.path, err); /* its name says where it is */
	else if (r == 0)
		unit.path = xasprintf("%s/%s", parent, unit.name);
	if (r == 0 && !*unit.path)
		r = err_bad(
			err, ERR_CONFIG, PROPERTY ": \"%s\" is the root of all cgroups", unit.name);
	if (r == 0)
		r = subgroup_plan(where, &unit, err);
	if (r < 0)
		return r;
	*out_unit = unit;
	unit = (struct unit){ 0 };
	return 0;
}

char *unit_object(const char *name)
{
	auto_(strbuf) struct strbuf object = STRBUF_INIT;

	strbuf_adds(&object, UNIT_OBJECTS);
	for (const char *c = name; *c; c++) {
		if (isalpha((unsigned char)*c) || (isdigit((unsigned char)*c) && c > name))
			strbuf_add(&object, c, 1);
		else
			strbuf_addf(&object, "_%02x", (unsigned char)*c);
	}
	return strbuf_take(&object);
}

bool unit_user_of(const char *path, uint32_t *out_uid)
{
	for (const char *p = strstr(path, "/user@"); p; p = strstr(p + 1, "/user@")) {
		const char *start = p + strlen("/user@");
		size_t len = strspn(start, "0123456789");
		auto_free char *digits = xstrndup(start, len);

		if (strncmp(start + len, ".service/", 9) == 0 && num_id(digits, out_uid) == 0)
			return true;
	}
	return false;
}
