// SPDX-License-Identifier: Apache-2.0
/* The documents of `exec --process` and of `update --resources`: the same bytes are given to both. */
#include "tests/fuzz/fuzz.h"

#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct spec_resources_doc *resources = NULL;
	struct spec_process_doc *process = NULL;
	struct err err = { 0 };
	int r = spec_process_parse(text, size, "process.json", &process, &err);

	fuzz_check_outcome(r, &err);
	if (r == 0) {
		FUZZ_CHECK(process->process.cwd && process->process.cwd[0] == '/');
		FUZZ_CHECK(!process->process.user.uid.set ||
			process->process.user.uid.v != UINT32_MAX);
		FUZZ_CHECK(!process->process.user.gid.set ||
			process->process.user.gid.v != UINT32_MAX);
		spec_process_free(process);
	}
	err = (struct err){ 0 };
	r = spec_resources_parse(text, size, "resources.json", &resources, &err);
	fuzz_check_outcome(r, &err);
	if (r == 0)
		spec_resources_free(resources);
	free(text);
	return 0;
}
