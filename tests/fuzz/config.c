// SPDX-License-Identifier: Apache-2.0
/* config.json.  What is accepted keeps the promises that everything behind the reader relies on, and
 * a process can be planned from it. */
#include "tests/fuzz/fuzz.h"

#include "base/log.h"
#include "oci/spec.h"
#include "runtime/process/process.h"

static void no_log(enum log_level level, const char *text, void *arg)
{
	(void)level;
	(void)text;
	(void)arg;
}

static void check_maps(const spec_idmaps *maps)
{
	list_foreach (map, maps) {
		FUZZ_CHECK(map->size > 0);
		FUZZ_CHECK(map->container_id <= UINT32_MAX - map->size);
		FUZZ_CHECK(map->host_id <= UINT32_MAX - map->size);
	}
}

static void plan_process(const struct spec *spec)
{
	struct process_options options = { .umask = 022 };
	struct process_plan plan = { 0 };
	struct err err = { 0 };

	fuzz_check_outcome(process_plan_init(spec, spec->process, &options, &plan, &err), &err);
	process_plan_release(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct spec *spec = NULL;
	struct err err = { 0 };
	int r = spec_parse(text, size, "config.json", &spec, &err);

	log_set_sink(no_log, NULL);
	fuzz_check_outcome(r, &err);
	free(text); /* a document does not hold on to its text */
	if (r < 0)
		return 0;
	FUZZ_CHECK(spec->root && spec->root->path[0] != '\0');
	FUZZ_CHECK(spec->linux_);
	check_maps(&spec->linux_->uid_mappings);
	check_maps(&spec->linux_->gid_mappings);
	list_foreach (mount, &spec->mounts) {
		FUZZ_CHECK(mount->destination[0] != '\0');
		check_maps(&mount->uid_mappings);
	}
	if (spec->process)
		plan_process(spec);
	spec_free(spec);
	return 0;
}
