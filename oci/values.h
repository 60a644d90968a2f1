/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms that texts of a configuration must have.  Each function says why a text is refused, in
 * words that follow it in a message, or returns NULL when it is acceptable.  Pure.  Private to
 * oci/.
 */
#pragma once

#include "oci/fields.h"

value_refuse_fn value_refuse_empty;
value_refuse_fn value_refuse_relative; /* must be an absolute path */
value_refuse_fn value_refuse_version; /* SemVer 2.0.0, and a major version that we know */
value_refuse_fn value_refuse_environment; /* NAME=value */
value_refuse_fn value_refuse_host_name; /* the kernel's limit of 64 bytes */
value_refuse_fn value_refuse_cpu_list; /* "0-3,7": CPUs or memory nodes */
value_refuse_fn value_refuse_page_size; /* "64KB", "2MB", "1GB" */
value_refuse_fn value_refuse_sysctl; /* a key of linux.sysctl */
value_refuse_fn value_refuse_cgroup_file; /* a key of linux.resources.unified */
value_refuse_fn value_refuse_interface; /* a network interface's name */
value_refuse_fn value_refuse_interface_template; /* the same, or with one %d */
value_refuse_fn value_refuse_word; /* not empty, no white space, no "/" */
value_refuse_fn value_refuse_clos; /* a resctrl directory: a name, or "/" */
value_refuse_fn value_refuse_mb_schema; /* "MB:...", one line */
value_refuse_fn value_refuse_lines; /* one line */
value_refuse_fn value_refuse_image_format; /* config-vm.md, "Image Object" */
