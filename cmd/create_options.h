/* SPDX-License-Identifier: Apache-2.0 */
/* What `create` and `run` have in common on the command line. */
#pragma once

#include "cmd/commands.h"

struct create_options {
	struct container_create_options create; /* what the runtime takes */
	bool no_subreaper; /* accepted: no subreaper is used */
	int isolation; /* enum isolation_mode: the verb's own option */
	bool ignored_detach; /* create always returns */
};

extern const struct create_options create_defaults;

/* For struct verb: settles listen_fds and preserve_fds of the options, too. */
unsigned int create_preserved_fds(void *options);

/* The id, the isolation, and what comes from the environment. */
int create_complete(const struct invocation *in, struct err *err) MUST_USE;

#define CREATE_O(member) offsetof(struct create_options, member)

/* clang-format off: it knows no lists in macros */
#define CREATE_OPTIONS                                                                           \
	{ "bundle", 'b', '\0', "DIR", OPTION_STRING, CREATE_O(create.bundle),                    \
		"the directory with config.json (default: the working directory)" },             \
		{ "config", 'f', '\0', "FILE", OPTION_STRING, CREATE_O(create.config_file),      \
			"read FILE instead of the bundle's config.json" },                       \
		{ "console-socket", '\0', '\0', "SOCKET", OPTION_STRING,                         \
			CREATE_O(create.console_socket),                                         \
			"send the master end of the container's terminal to this Unix socket" }, \
		{ "pidfd-socket", '\0', '\0', "SOCKET", OPTION_STRING,                           \
			CREATE_O(create.pidfd_socket),                                           \
			"send a pidfd of the container's process to this Unix socket" },         \
		{ "pid-file", '\0', '\0', "FILE", OPTION_STRING, CREATE_O(create.pid_file),      \
			"write the pid of the container's process to FILE" },                    \
		ISOLATION_OPTION(CREATE_O(isolation)),                                           \
		{ "no-pivot", '\0', '\0', NULL, OPTION_FLAG, CREATE_O(create.no_pivot),          \
			"do not use pivot_root; for hosts whose root is an initramfs" },         \
		{ "no-new-keyring", '\0', '\0', NULL, OPTION_FLAG,                               \
			CREATE_O(create.no_new_keyring),                                         \
			"leave the container in the caller's session keyring" },                 \
		{ "preserve-fds", '\0', '\0', "N", OPTION_COUNT, CREATE_O(create.preserve_fds),  \
			"pass N more descriptors on, those after standard error and "            \
			"$LISTEN_FDS" },                                                         \
	{                                                                                        \
		"no-subreaper", '\0', '\0', NULL, OPTION_FLAG, CREATE_O(no_subreaper),           \
			"accepted without effect: no subreaper is used"                          \
	}
/* clang-format on */
