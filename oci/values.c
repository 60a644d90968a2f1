// SPDX-License-Identifier: Apache-2.0
/* Forms of texts: see the header. */
#include "oci/values.h"

#include <limits.h>
#include <linux/if.h>
#include <string.h>

#include "base/mem.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SPACES " \t\n\v\f\r"

const char *value_refuse_empty(const char *text)
{
	return *text ? NULL : "is empty";
}

const char *value_refuse_relative(const char *text)
{
	return *text == '/' ? NULL : "is not an absolute path";
}

/* ---- versions ---- */

/* Skips a number without leading zeros; NULL when there is none. */
static const char *skip_number(const char *text)
{
	size_t len = strspn(text, DIGITS);

	return len == 0 || (len > 1 && *text == '0') ? NULL : text + len;
}

/* Skips dot-separated identifiers; those of a pre-release (@strict) that are numbers have no
 * leading zeros. */
static const char *skip_identifiers(const char *text, bool strict)
{
	for (;; text++) {
		size_t len = strspn(text, DIGITS LETTERS "-");

		if (len == 0 || (strict && strspn(text, DIGITS) == len && !skip_number(text)))
			return NULL;
		text += len;
		if (*text != '.')
			return text;
	}
}

static bool is_semantic_version(const char *text)
{
	for (int part = 0; part < 3; part++) {
		text = skip_number(text);
		if (!text || (part < 2 && *text++ != '.'))
			return false;
	}
	if (*text == '-')
		text = skip_identifiers(text + 1, true);
	if (text && *text == '+')
		text = skip_identifiers(text + 1, false);
	return text && !*text;
}

/* SemVer keeps 1.x compatible in both directions as far as unknown properties are ignored, so a
 * minor version above ours is accepted; pre-releases ("1.0.2-dev", engines write them) as well. */
const char *value_refuse_version(const char *text)
{
	if (!is_semantic_version(text))
		return "is not a semantic version (MAJOR.MINOR.PATCH)";
	return strncmp(text, "1.", 2) == 0
		? NULL
		: "is not supported: only versions 1.x of the specification are";
}

/* ---- process ---- */

const char *value_refuse_environment(const char *text)
{
	const char *equals = strchr(text, '=');

	return equals && equals != text ? NULL : "is not of the form NAME=value";
}

const char *value_refuse_host_name(const char *text)
{
	return strlen(text) <= 64 ? NULL : "is longer than 64 bytes";
}

/* ---- lists of CPUs ---- */

/* Skips a number of at most 5 digits: far above NR_CPUS and MAX_NUMNODES. */
static const char *skip_cpu(const char *text, unsigned int *out_number)
{
	size_t len = strspn(text, DIGITS);

	if (len == 0 || len > 5)
		return NULL;
	*out_number = 0;
	for (; len > 0; len--)
		*out_number = *out_number * 10 + (unsigned int)(*text++ - '0');
	return text;
}

const char *value_refuse_cpu_list(const char *text)
{
	static const char why[] = "is not a list such as \"0-3,7\"";
	unsigned int first, last;

	for (;; text++) {
		text = skip_cpu(text, &first);
		if (text && *text == '-') {
			text = skip_cpu(text + 1, &last);
			if (text && last < first)
				return why;
		}
		if (!text || (*text && *text != ','))
			return why;
		if (!*text)
			return NULL;
	}
}

/* ---- cgroups ---- */

const char *value_refuse_page_size(const char *text)
{
	size_t len = strspn(text, DIGITS);

	if (len == 0 || *text == '0' || !text[len] || !strchr("KMG", text[len]) ||
		strcmp(text + len + 1, "B") != 0)
		return "is not a page size such as \"64KB\", \"2MB\" or \"1GB\"";
	return NULL;
}

const char *value_refuse_cgroup_file(const char *text)
{
	if (!*text || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ||
		strpbrk(text, "/" SPACES) || strlen(text) > NAME_MAX)
		return "is not the name of a cgroup file";
	return NULL;
}

const char *value_refuse_word(const char *text)
{
	return *text && !strpbrk(text, "/" SPACES) ? NULL : "is not a device name";
}

/* ---- linux ---- */

/* "." and "/" both separate components (sysctl(8)); an empty one would be "..", "//" or the
 * like. */
const char *value_refuse_sysctl(const char *text)
{
	for (;; text++) {
		size_t len = strcspn(text, "./" SPACES);

		text += len;
		if (len == 0 || (*text && strchr(SPACES, *text)))
			return "is not the name of a kernel parameter";
		if (!*text)
			return NULL;
	}
}

/* The kernel's dev_valid_name(). */
const char *value_refuse_interface(const char *text)
{
	if (!*text || strlen(text) >= IFNAMSIZ || strcmp(text, ".") == 0 ||
		strcmp(text, "..") == 0 || strpbrk(text, "/:" SPACES))
		return "is not the name of a network interface";
	return NULL;
}

/* The kernel fills in a number for one "%d". */
const char *value_refuse_interface_template(const char *text)
{
	const char *percent = strchr(text, '%');

	if (percent && (percent[1] != 'd' || strchr(percent + 2, '%')))
		return "may hold one \"%d\" and no other \"%\"";
	return value_refuse_interface(text);
}

const char *value_refuse_clos(const char *text)
{
	if (strcmp(text, "/") == 0)
		return NULL;
	if (!*text || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strpbrk(text, "/\n"))
		return "is not the name of a resctrl directory";
	return NULL;
}

const char *value_refuse_mb_schema(const char *text)
{
	return strncmp(text, "MB:", 3) == 0 && !strchr(text, '\n')
		? NULL
		: "is not one line that starts with \"MB:\"";
}

const char *value_refuse_lines(const char *text)
{
	return strchr(text, '\n') ? "is more than one line" : NULL;
}

const char *value_refuse_image_format(const char *text)
{
	static const char *const formats[] = { "raw", "qcow2", "vdi", "vmdk", "vhd" };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(text, formats[i]) == 0)
			return NULL;
	return "is not an image format (raw, qcow2, vdi, vmdk, vhd)";
}
