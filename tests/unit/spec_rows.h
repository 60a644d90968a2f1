/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of oci/spec*.c and oci/check.c share: configurations of which a test writes only
 * what it is about, rows of rules, and the reader of what is accepted.
 *
 * JSON is written with ' for ".
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "oci/spec.h"

/* clang-format off */
#define CONF(members) "{'ociVersion': '1.3.0', 'root': {'path': 'rootfs'}, " members "}"
#define PROCESS(members) CONF("'process': {'cwd': '/', 'args': ['sh'], " members "}")
#define LINUX(members) CONF("'linux': {" members "}")
#define RESOURCES(members) LINUX("'resources': {" members "}")
#define SECCOMP(members) LINUX("'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', " members "}")
#define RULE(members) SECCOMP("'syscalls': [{'names': ['read'], " members "}]")
#define MOUNTED(members) CONF("'linux': {'namespaces': [{'type': 'mount'}]}, 'mounts': [" members "]")
#define VM(members) CONF("'vm': {" members "}")
#define HOOK(members) CONF("'hooks': {'poststop': [{" members "}]}")
#define AT "config.json: line 1: "
/* clang-format on */

struct row {
	const char *rule;
	const char *json;
	const char *error; /* NULL: accepted */
};

static inline char *quotes(const char *json)
{
	char *text = xstrdup(json);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

static inline void run_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *text = quotes(rows[i].json);
		auto_(spec) struct spec *spec = NULL;
		struct err err = { 0 };
		int r = spec_parse(text, strlen(text), "config.json", &spec, &err);

		if (!rows[i].error && r < 0)
			fail_msg("%s: refused: %s", rows[i].rule, err.msg);
		if (rows[i].error && r == 0)
			fail_msg("%s: accepted: %s", rows[i].rule, text);
		if (rows[i].error && strcmp(err.msg, rows[i].error) != 0)
			fail_msg("%s:\n got      %s\n expected %s", rows[i].rule, err.msg,
				rows[i].error);
		if (rows[i].error)
			assert_int_equal(err.kind, ERR_CONFIG);
	}
}

#define RUN(rows) run_rows(rows, ARRAY_SIZE(rows))

static inline struct spec *read_spec(const char *json)
{
	auto_free char *text = quotes(json);
	struct spec *spec = NULL;
	struct err err = { 0 };

	if (spec_parse(text, strlen(text), "config.json", &spec, &err) < 0)
		fail_msg("%s", err.msg);
	return spec;
}
