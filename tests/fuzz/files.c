// SPDX-License-Identifier: Apache-2.0
/* Small texts that are read while privileged: numbers, sysctl keys, CPU lists, the image's
 * /etc/passwd. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "base/num.h"
#include "namespaces/internal.h"
#include "runtime/process/internal.h"

/* Against libc: exactly the strings of digits are numbers (CVE-2026-30892, CVE-2024-40635). */
static void check_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	bool number = digits > 0 && text[digits] == '\0';
	uint32_t id = 12345;
	uint64_t value = 12345;
	unsigned long long reference;

	errno = 0;
	reference = strtoull(text, NULL, 10);
	if (num_id(text, &id) == 0)
		FUZZ_CHECK(number && errno == 0 && reference == id && id != UINT32_MAX);
	else
		FUZZ_CHECK(id == 12345 && (!number || errno || reference >= UINT32_MAX));
	if (num_u64(text, UINT64_MAX, &value) == 0)
		FUZZ_CHECK(number && errno == 0 && reference == value);
	else
		FUZZ_CHECK(value == 12345 && (!number || errno));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *copy = fuzz_string(data, size);
	unsigned long mask[1024 / (8 * sizeof(unsigned long))] = { 0 };
	char path[SYSCTL_PATH_SIZE], home[64];
	struct err err = { 0 };

	check_number(text);
	if (sysctl_path(text, path) == 0) {
		FUZZ_CHECK(memchr(path, '\0', sizeof(path)));
		FUZZ_CHECK(strncmp(path, "sys/", 4) == 0 && path[4] != '\0');
		FUZZ_CHECK(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./"));
		FUZZ_CHECK(strcmp(strrchr(path, '/'), "/..") != 0);
	}
	fuzz_check_outcome(schedule_parse_list(text, mask, 1024, "cpus", &err), &err);
	home_find(copy, 1000, home, sizeof(home));
	FUZZ_CHECK(memchr(home, '\0', sizeof(home)) && home[0] == '/');
	free(copy);
	free(text);
	return 0;
}
