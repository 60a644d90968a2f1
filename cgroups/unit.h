/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which systemd unit a container becomes, and where systemd puts it: the form slice:prefix:name of
 * linux.cgroupsPath, names of units, and the properties a unit gets.  Pure.  Private to cgroups/.
 */
#pragma once

#include "base/strbuf.h"
#include "cgroups/cgroup.h"
#include "cgroups/limits.h"

struct unit {
	char *name; /* "libpod-1234.scope" */
	char *slice; /* "machine.slice", "-.slice" */
	char *path; /* below the manager's own cgroup: "/machine.slice/libpod-1234.scope" */
	char *subgroup; /* the cgroup below it in which the container lives; NULL: none */
};
void unit_release(struct unit *unit);
DEFINE_AUTO(unit, unit_release);

/*
 * From linux.cgroupsPath and the annotation run.oci.systemd.subgroup.  "slice:prefix:name" is
 * <prefix>-<name>.scope in slice; an empty prefix leaves its "-" out; an empty slice is
 * system.slice, @rootless user.slice; "-" is the root slice; a name that ends in ".slice" is that
 * slice itself.  Without a cgroupsPath: ":ringwall:<id>", where what no unit may be called is
 * escaped as systemd-escape does.
 */
int unit_plan(const struct cgroup_where *where, struct unit *out_unit, struct err *err) MUST_USE;

/* "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "".  Heap string. */
int unit_slice_path(const char *slice, char **out_path, struct err *err) MUST_USE;

bool unit_is_slice(const char *name);

/* The object of a unit on the bus: "/org/freedesktop/systemd1/unit/a_2eslice".  Heap string. */
char *unit_object(const char *name);

/* True when @path is below the manager of a user ("/.../user@1000.service/..."), whose id goes to
 * *out_uid. */
bool unit_user_of(const char *path, uint32_t *out_uid);

/* ---- properties ---- */

/* One property, its value in GVariant's text form (gvariant.h). */
struct unit_property {
	char *name;
	char *value;
	bool needed; /* else systemd may refuse it: the cgroup's file has the value as well */
};

struct unit_properties {
	struct unit_property *items;
	size_t count;
};
void unit_properties_release(struct unit_properties *list);
DEFINE_AUTO(unit_properties, unit_properties_release);

/* Appends a copy; @value_taken belongs to the list. */
void unit_properties_add(
	struct unit_properties *list, const char *name, char *value_taken, bool needed);

/* What makes the unit a container's: Description, Slice, Delegate, PIDs ...  @pid: the first
 * process of a scope. */
void unit_properties_basic(
	const struct unit *unit, const char *id, pid_t pid, struct unit_properties *list);

/*
 * What systemd is to know of @limits, so that it does not undo them: by the cgroup's files, those
 * of linux.resources.unified too.  Files that no property stands for are passed over, and so are
 * values that systemd's cannot express.
 */
void unit_properties_limits(const struct limits *limits, struct unit_properties *list);

/*
 * The annotations org.systemd.property.*.  A name of less than 3 characters or with others than
 * letters, and a value that is no GVariant text, are errors; ...Sec becomes ...USec, in
 * microseconds.
 */
int unit_properties_annotations(
	const spec_pairs *pairs, struct unit_properties *list, struct err *err) MUST_USE;

/* Removes the first property that is not needed and whose name is a word of @text, which is what
 * systemd said when it refused them.  False: there is none. */
bool unit_properties_drop_named(struct unit_properties *list, const char *text);

/* Appends the list as the bytes of "a(sv)". */
int unit_properties_put(
	const struct unit_properties *list, struct strbuf *b, struct err *err) MUST_USE;
