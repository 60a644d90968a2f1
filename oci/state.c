// SPDX-License-Identifier: Apache-2.0
/*
 * The state document (runtime.md, "State"), as `state` prints it and hooks read it, and the seccomp
 * listener's (config-linux.md, "The Container Process State").  The container's init calls it too,
 * for hooks that run inside.
 */
#include "oci/spec.h"

#include "oci/jsonw.h"

static void write_optional(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_string(w, key, value);
}

static void write_annotations(struct jsonw *w, const spec_pairs *pairs)
{
	if (!pairs || pairs->count == 0)
		return;
	jsonw_object(w, "annotations");
	for (size_t i = 0; i < pairs->count; i++)
		jsonw_string(w, pairs->items[i].key, pairs->items[i].value);
	jsonw_end(w);
}

static void write_state(struct jsonw *w, const char *key, const struct spec_state *state)
{
	jsonw_object(w, key);
	jsonw_string(w, "ociVersion", OCI_STATE_VERSION);
	jsonw_string(w, "id", state->id);
	if (state->pid > 0)
		jsonw_i64(w, "pid", state->pid);
	jsonw_string(w, "status", state->status);
	/* Unknown when the creator died before it wrote its state; the property is required. */
	jsonw_string(w, "bundle", state->bundle ? state->bundle : "");
	write_optional(w, "rootfs", state->rootfs);
	write_optional(w, "created", state->created);
	write_annotations(w, state->annotations);
	write_optional(w, "owner", state->owner);
	jsonw_end(w);
}

char *spec_state_format(const struct spec_state *state, bool pretty)
{
	struct jsonw *w = jsonw_new(pretty);

	write_state(w, NULL, state);
	return jsonw_take(w);
}

char *spec_seccomp_state_format(const struct spec_state *state, pid_t pid, const char *metadata)
{
	struct jsonw *w = jsonw_new(false);

	jsonw_object(w, NULL);
	jsonw_string(w, "ociVersion", OCI_STATE_VERSION);
	jsonw_array(w, "fds"); /* in the order of the descriptors in the message */
	jsonw_string(w, NULL, "seccompFd");
	jsonw_end(w);
	jsonw_i64(w, "pid", pid);
	write_optional(w, "metadata", metadata);
	write_state(w, "state", state);
	jsonw_end(w);
	return jsonw_take(w);
}
