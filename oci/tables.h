/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of properties, one file a chapter of the specification.  Private to oci/. */
#pragma once

#include "oci/fields.h"

extern const struct fields spec_fields; /* config.json: oci/spec.c */
extern const struct fields process_fields; /* oci/spec-process.c */
extern const struct fields
	hooks_fields; /* into spec_hook_list[HOOK_KIND_COUNT]: oci/spec-hooks.c */
extern const struct fields linux_fields; /* oci/spec-linux.c */
extern const struct fields idmap_fields;
extern const struct fields resources_fields; /* oci/spec-resources.c */
extern const struct fields seccomp_fields; /* oci/spec-seccomp.c */
extern const struct fields vm_fields; /* oci/spec-vm.c */

/* Two ranges of one side overlap, or a range is empty or too long: the rules of user_namespaces(7).
 * @node is the list. */
int idmaps_check(const struct json_doc *doc, const struct json_node *node, const spec_idmaps *maps,
	struct err *err) MUST_USE;

/* Device numbers as the kernel encodes them: what does not fit would silently name another
 * device. */
#define DEVICE_MAJOR_MAX 0xfff
#define DEVICE_MINOR_MAX 0xfffff
