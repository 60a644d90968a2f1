// SPDX-License-Identifier: Apache-2.0
/* Id maps: the texts of subuid(5), passwd(5) and /proc/self/uid_map. */
#include "tests/fuzz/fuzz.h"

#include "base/strbuf.h"
#include "namespaces/internal.h"

/* What the kernel would take: no id twice, none over the end; and its text is read back as it is. */
static void check_maps(const struct spec_idmap *maps, size_t count, bool subid)
{
	spec_idmaps list = { (struct spec_idmap *)(uintptr_t)maps, count };
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(maps[i].size > 0);
		FUZZ_CHECK(maps[i].container_id <= UINT32_MAX - maps[i].size);
		FUZZ_CHECK(maps[i].host_id <= UINT32_MAX - maps[i].size);
		for (size_t j = 0; subid && j < i; j++) {
			FUZZ_CHECK(maps[j].container_id + maps[j].size <= maps[i].container_id);
			FUZZ_CHECK(maps[j].host_id + maps[j].size <= maps[i].host_id ||
				maps[i].host_id + maps[i].size <= maps[j].host_id);
		}
	}
	idmap_format(&list, &text);
	if (text.data)
		FUZZ_CHECK(idmap_equals(&list, text.data));
	strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *name = subid_user_name(text, 1000);
	struct spec_idmap *maps = NULL;
	size_t count = subid_map(text, "user", 1000, 1000, &maps);
	spec_idmaps none = { NULL, 0 };

	check_maps(maps, count, true);
	free(maps);
	maps = NULL;
	count = subid_identity(text, &maps);
	check_maps(maps, count, false);
	free(maps);
	FUZZ_CHECK(idmap_equals(&none, text) == (*text == '\0'));
	free(name);
	free(text);
	return 0;
}
