// SPDX-License-Identifier: Apache-2.0
/* The options of a mount, one a line. */
#include "tests/fuzz/fuzz.h"

#include "rootfs/internal.h"

#define OPTIONS_MAX 64

static void check(const struct mount_request *request)
{
	/* An attribute is set or cleared; only an access time is both, as it replaces a field. */
	FUZZ_CHECK(!(request->attr_set & request->attr_clear & ~(uint64_t)MOUNT_ATTR__ATIME));
	FUZZ_CHECK(!(request->tree_set & request->tree_clear & ~(uint64_t)MOUNT_ATTR__ATIME));
	FUZZ_CHECK(request->propagation_count <= MOUNT_PROPAGATIONS);
	for (size_t i = 0; i < request->param_count; i++)
		FUZZ_CHECK(request->params[i].key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mount_request request = { 0 };
	const char *items[OPTIONS_MAX];
	char *lines[OPTIONS_MAX];
	spec_strings options = { items, 0 };
	struct err err = { 0 };
	int r;

	while (options.count < OPTIONS_MAX && (lines[options.count] = fuzz_line(&data, &size))) {
		items[options.count] = lines[options.count];
		options.count++;
	}
	r = mount_request_parse(&options, &request, &err);
	fuzz_check_outcome(r, &err);
	if (r == 0) {
		check(&request);
		mount_request_flatten(&request);
		check(&request);
	}
	mount_request_release(&request);
	for (size_t i = 0; i < options.count; i++)
		free(lines[i]);
	return 0;
}
