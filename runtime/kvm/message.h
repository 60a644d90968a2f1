/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests of frame.h that are documents (JSON), as structures.  Written on the host, read in
 * the guest; only what the host says is read here.  Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/json.h"
#include "oci/jsonw.h"
#include "oci/spec.h"

/* FRAME_CREATE */
struct message_create {
	struct json_doc *doc; /* owns the strings of one that was read */
	const char *id;
	const char *bundle; /* what hooks are told; made in the guest */
	const char *config; /* the text of config.json */
	uint32_t umask;
	uint32_t root_flags; /* ST_..., of the host's mount that the image lies on */
	bool terminal;
	bool plain_output; /* a terminal's "\n" stays one: the caller's own makes "\r\n" of it */
	bool no_new_keyring;
	bool notify; /* the process gets a NOTIFY_SOCKET */
	bool debug; /* messages for debugging are wanted */
};

char *message_create_format(const struct message_create *message);
int message_create_parse(
	const char *text, size_t len, struct message_create *out_message, struct err *err) MUST_USE;
void message_create_release(struct message_create *message);
DEFINE_AUTO(message_create, message_create_release);

/* One of the list "rlimits". */
void message_put_rlimit(struct jsonw *w, const struct spec_rlimit *limit);

/* FRAME_EXEC: container_exec_options */
struct message_exec {
	struct json_doc *doc;
	const char
		*process; /* text of a process object; NULL: the container's, changed by the rest */
	bool terminal;
	bool plain_output;
	bool no_new_privs;
	bool ignore_paused;
	const char *user, *cwd, *cgroup;
	spec_strings args, env, caps;
	LIST_OF(uint32_t) gids;
	LIST_OF(struct spec_rlimit) rlimits; /* all of them, where there is no process object */
	uint32_t umask;
	struct spec_console_size window; /* of the caller's terminal; zeros: unknown */
};

char *message_exec_format(const struct message_exec *message);
int message_exec_parse(
	const char *text, size_t len, struct message_exec *out_message, struct err *err) MUST_USE;
void message_exec_release(struct message_exec *message);
DEFINE_AUTO(message_exec, message_exec_release);
