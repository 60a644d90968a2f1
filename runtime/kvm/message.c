// SPDX-License-Identifier: Apache-2.0
/* Requests to the guest as documents: see the header. */
#include "runtime/kvm/message.h"

#include "oci/fields.h"
#include "oci/jsonw.h"
#include "runtime/kvm/frame.h"

static void put_text(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_string(w, key, value);
}

static void put_list(struct jsonw *w, const char *key, const spec_strings *list)
{
	jsonw_array(w, key);
	list_foreach (item, list)
		jsonw_string(w, NULL, *item);
	jsonw_end(w);
}

static int parse(const char *text, size_t len, const struct fields *fields, void *message,
	struct json_doc **out_doc, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	int r = json_parse(text, len, FRAME_REQUEST_MAX, &doc, err);

	if (r == 0)
		r = fields_read(doc, json_root(doc), fields, message, err);
	if (r < 0)
		return r;
	json_seal(doc);
	*out_doc = take_ptr(&doc);
	return 0;
}

static const struct field create_rows[] = {
	FIELD_STR("id", struct message_create, id, .flags = FIELD_REQUIRED),
	FIELD_STR("bundle", struct message_create, bundle, .flags = FIELD_REQUIRED),
	FIELD_STR("config", struct message_create, config, .flags = FIELD_REQUIRED),
	FIELD_UINT32("umask", struct message_create, umask),
	FIELD_UINT32("rootFlags", struct message_create, root_flags),
	FIELD_BOOLEAN("terminal", struct message_create, terminal),
	FIELD_BOOLEAN("plainOutput", struct message_create, plain_output),
	FIELD_BOOLEAN("noNewKeyring", struct message_create, no_new_keyring),
	FIELD_BOOLEAN("notify", struct message_create, notify),
	FIELD_BOOLEAN("debug", struct message_create, debug),
};
static const struct fields create_fields = FIELDS(create_rows, struct message_create, NULL);

char *message_create_format(const struct message_create *message)
{
	struct jsonw *w = jsonw_new(false);

	jsonw_object(w, NULL);
	jsonw_string(w, "id", message->id);
	jsonw_string(w, "bundle", message->bundle);
	jsonw_string(w, "config", message->config);
	jsonw_u64(w, "umask", message->umask);
	jsonw_u64(w, "rootFlags", message->root_flags);
	jsonw_bool(w, "terminal", message->terminal);
	jsonw_bool(w, "plainOutput", message->plain_output);
	jsonw_bool(w, "noNewKeyring", message->no_new_keyring);
	jsonw_bool(w, "notify", message->notify);
	jsonw_bool(w, "debug", message->debug);
	jsonw_end(w);
	return jsonw_take(w);
}

int message_create_parse(
	const char *text, size_t len, struct message_create *out_message, struct err *err)
{
	struct message_create message = { 0 };
	int r = parse(text, len, &create_fields, &message, &message.doc, err);

	if (r < 0)
		return err_in(err, "request \"create\"");
	*out_message = message;
	return 0;
}

void message_create_release(struct message_create *message)
{
	json_free(message->doc);
	message->doc = NULL;
}

void message_put_rlimit(struct jsonw *w, const struct spec_rlimit *limit)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "type", names_of(&rlimit_names, limit->type));
	jsonw_u64(w, "soft", limit->soft);
	jsonw_u64(w, "hard", limit->hard);
	jsonw_end(w);
}

static const struct field exec_rows[] = {
	FIELD_STR("process", struct message_exec, process),
	FIELD_BOOLEAN("terminal", struct message_exec, terminal),
	FIELD_BOOLEAN("plainOutput", struct message_exec, plain_output),
	FIELD_BOOLEAN("noNewPrivs", struct message_exec, no_new_privs),
	FIELD_BOOLEAN("ignorePaused", struct message_exec, ignore_paused),
	FIELD_STR("user", struct message_exec, user),
	FIELD_STR("cwd", struct message_exec, cwd),
	FIELD_STR("cgroup", struct message_exec, cgroup),
	FIELD_TEXTS("args", struct message_exec, args),
	FIELD_TEXTS("env", struct message_exec, env),
	FIELD_TEXTS("caps", struct message_exec, caps),
	FIELD_NUMBERS("gids", struct message_exec, gids),
	FIELD_STRUCTS(
		"rlimits", struct message_exec, rlimits, struct spec_rlimit, &spec_rlimit_fields),
	FIELD_UINT32("umask", struct message_exec, umask),
	FIELD_UINT16("rows", struct message_exec, window.height),
	FIELD_UINT16("columns", struct message_exec, window.width),
};
static const struct fields exec_fields = FIELDS(exec_rows, struct message_exec, NULL);

char *message_exec_format(const struct message_exec *message)
{
	struct jsonw *w = jsonw_new(false);

	jsonw_object(w, NULL);
	put_text(w, "process", message->process);
	jsonw_bool(w, "terminal", message->terminal);
	jsonw_bool(w, "plainOutput", message->plain_output);
	jsonw_bool(w, "noNewPrivs", message->no_new_privs);
	jsonw_bool(w, "ignorePaused", message->ignore_paused);
	put_text(w, "user", message->user);
	put_text(w, "cwd", message->cwd);
	put_text(w, "cgroup", message->cgroup);
	put_list(w, "args", &message->args);
	put_list(w, "env", &message->env);
	put_list(w, "caps", &message->caps);
	jsonw_array(w, "gids");
	list_foreach (gid, &message->gids)
		jsonw_u64(w, NULL, *gid);
	jsonw_end(w);
	jsonw_array(w, "rlimits");
	list_foreach (limit, &message->rlimits)
		message_put_rlimit(w, limit);
	jsonw_end(w);
	jsonw_u64(w, "umask", message->umask);
	jsonw_u64(w, "rows", message->window.height);
	jsonw_u64(w, "columns", message->window.width);
	jsonw_end(w);
	return jsonw_take(w);
}

int message_exec_parse(
	const char *text, size_t len, struct message_exec *out_message, struct err *err)
{
	struct message_exec message = { 0 };
	int r = parse(text, len, &exec_fields, &message, &message.doc, err);

	if (r < 0)
		return err_in(err, "request \"exec\"");
	*out_message = message;
	return 0;
}

void message_exec_release(struct message_exec *message)
{
	json_free(message->doc);
	message->doc = NULL;
}
