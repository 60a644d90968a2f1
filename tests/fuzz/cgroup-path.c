// SPDX-License-Identifier: Apache-2.0
/* Paths of cgroups: the first line is the base, the second linux.cgroupsPath; all of the input is a
 * mountinfo and a /proc/<pid>/cgroup as well. */
#include "tests/fuzz/fuzz.h"

#include "cgroups/where.h"

/* No component leads up or away (R9). */
static void check_path(const char *path)
{
	FUZZ_CHECK(path[0] == '/');
	for (const char *name = path; *name;) {
		size_t len = strcspn(++name, "/");

		FUZZ_CHECK(len > 0 && len <= 255);
		FUZZ_CHECK(!(len == 1 && name[0] == '.'));
		FUZZ_CHECK(!(len == 2 && name[0] == '.' && name[1] == '.'));
		name += len;
	}
}

static void check_join(const uint8_t *data, size_t size)
{
	char *base = fuzz_line(&data, &size), *path = fuzz_line(&data, &size), *joined = NULL;
	struct cgroup_where where = { .id = "c1", .cgroups_path = path };
	struct err err = { 0 };
	int r;

	if (base && path) {
		r = where_join("", base, "base", &joined, &err);
		fuzz_check_outcome(r, &err);
		if (r == 0) {
			char *whole = NULL, *parent;

			check_path(joined);
			r = where_path(&where, joined, &whole, &err);
			fuzz_check_outcome(r, &err);
			if (r == 0) {
				check_path(whole);
				parent = where_parent(whole);
				FUZZ_CHECK(strncmp(parent, whole, strlen(parent)) == 0);
				free(parent);
				free(whole);
			}
			free(joined);
		}
	}
	free(base);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *found = where_mountinfo_find(text);

	FUZZ_CHECK(!found || strlen(found) <= size);
	free(found);
	found = where_own_path(text);
	FUZZ_CHECK(!found || strlen(found) <= size);
	free(found);
	free(text);
	check_join(data, size);
	return 0;
}
