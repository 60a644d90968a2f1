// SPDX-License-Identifier: Apache-2.0
/* The documents in a state directory: state.json, read by a table and written member by member,
 * and the configuration's copy.  Both are trusted (the directory is ours, 0700), and must
 * survive a full disk and a crash: they are replaced by rename. */
#include "runtime/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/hostfile.h"
#include "oci/fields.h"
#include "oci/json.h"
#include "oci/jsonw.h"

#define STATE_SIZE_MAX (1u << 20)

DEFINE_NAMES(state_phases, "phase", { "creating", STATE_CREATING }, { "created", STATE_CREATED },
	{ "running", STATE_RUNNING });

static const struct field rows[] = {
	FIELD_STR("id", struct state, id),
	FIELD_NAME("phase", struct state, phase, &state_phases, .flags = FIELD_REQUIRED),
	FIELD_NAME("isolation", struct state, isolation, &isolation_names, .flags = FIELD_REQUIRED),
	FIELD_INT32("pid", struct state, pid),
	FIELD_STR("mark", struct state, mark),
	FIELD_STR("bundle", struct state, bundle),
	FIELD_STR("rootfs", struct state, rootfs),
	FIELD_STR("created", struct state, created),
	FIELD_STR("owner", struct state, owner),
	FIELD_NAME("cgroupManager", struct state, cgroup_manager, &cgroup_manager_names,
		.flags = FIELD_REQUIRED),
	FIELD_STR("cgroupPath", struct state, cgroup_path),
	FIELD_STR("cgroupUnit", struct state, cgroup_unit),
	FIELD_BOOLEAN("sharedPidNamespace", struct state, shared_pid_namespace),
	FIELD_UINT64("memoryLimit", struct state, memory_limit),
	FIELD_BOOLEAN("hasProcess", struct state, has_process),
	FIELD_BOOLEAN("hasKeyring", struct state, has_keyring),
	FIELD_BOOLEAN("hasNotify", struct state, has_notify),
	FIELD_BOOLEAN("hasPoststart", struct state, has_poststart),
	FIELD_BOOLEAN("hasPoststop", struct state, has_poststop),
	FIELD_BOOLEAN("hooksBegun", struct state, hooks_begun),
	FIELD_BOOLEAN("poststopBegun", struct state, poststop_begun),
	FIELD_MAP("annotations", struct state, annotations),
};
static const struct fields state_fields = FIELDS(rows, struct state, NULL);

static void write_text(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_string(w, key, value);
}

/* The same table that reads it. */
static void write_row(struct jsonw *w, const struct field *row, const struct state *state)
{
	const char *at = (const char *)state + row->offset;
	const spec_pairs *pairs;
	unsigned int number;

	switch ((int)row->kind) {
	case FIELD_STRING:
		write_text(w, row->key, *(const char *const *)(const void *)at);
		break;
	case FIELD_BOOL:
		jsonw_bool(w, row->key, *(const bool *)(const void *)at);
		break;
	case FIELD_I32:
		jsonw_i64(w, row->key, *(const int32_t *)(const void *)at);
		break;
	case FIELD_U64:
		jsonw_u64(w, row->key, *(const uint64_t *)(const void *)at);
		break;
	case FIELD_ENUM:
		memcpy(&number, at, sizeof(number));
		jsonw_string(w, row->key, names_of(row->names, number));
		break;
	case FIELD_STRING_MAP:
		pairs = (const void *)at;
		jsonw_object(w, row->key);
		list_foreach (pair, pairs)
			jsonw_string(w, pair->key, pair->value);
		jsonw_end(w);
		break;
	default:
		BUG("a kind of field that the state does not write");
	}
}

int state_write(const struct state_dir *dir, const struct state *state, struct err *err)
{
	struct jsonw *w = jsonw_new(false);
	auto_free char *text = NULL;
	int r;

	jsonw_object(w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		write_row(w, &rows[i], state);
	jsonw_end(w);
	r = jsonw_finish(w, &text, err);
	if (r == 0)
		r = host_replace(dir->fd, STATE_FILE, text, strlen(text), 0600, err);
	return r < 0 ? err_in(err, "write the state of container \"%s\"", dir->id) : 0;
}

int state_read(const struct state_dir *dir, struct state *out_state, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	auto_free char *text = NULL;
	struct state state = { 0 };
	size_t len;
	int r = host_read(dir->fd, STATE_FILE, STATE_SIZE_MAX, &text, &len, err);

	if (r == -ENOENT) {
		err_drop(err); /* its creator died before it wrote one */
		return 1;
	}
	if (r == 0)
		r = json_parse(text, len, STATE_SIZE_MAX, &doc, err);
	if (r == 0)
		r = fields_read(doc, json_root(doc), &state_fields, &state, err);
	if (r < 0)
		return err_in(err, "the state of container \"%s\" (%s/" STATE_FILE ")", dir->id,
			dir->path);
	json_seal(doc);
	state.doc = take_ptr(&doc);
	*out_state = state;
	return 0;
}

void state_release(struct state *state)
{
	json_free(state->doc);
	state->doc = NULL;
}

int state_save_config(const struct state_dir *dir, const char *text, size_t len, struct err *err)
{
	int r = host_replace(dir->fd, STATE_CONFIG, text, len, 0600, err);

	return r < 0 ? err_in(err, "save the configuration of container \"%s\"", dir->id) : 0;
}

int state_load_config(const struct state_dir *dir, struct spec **out_spec, struct err *err)
{
	auto_free char *text = NULL;
	size_t len;
	int r = host_read(dir->fd, STATE_CONFIG, SPEC_SIZE_MAX, &text, &len, err);

	if (r == 0)
		r = spec_parse(text, len, STATE_CONFIG, out_spec, err);
	return r < 0 ? err_in(err, "the configuration of container \"%s\"", dir->id) : 0;
}
