// SPDX-License-Identifier: Apache-2.0
/* Tables of names and values: see the header. */
#include "base/names.h"

#include <string.h>

const struct name *names_find(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->rows[i].name, name) == 0)
			return &names->rows[i];
	return NULL;
}

const char *names_of(const struct names *names, int64_t value)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->rows[i].value == value)
			return names->rows[i].name;
	return NULL;
}
