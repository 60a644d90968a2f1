/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the systemd manager reads: messages of the bus (an input whose first byte is the byte order),
 * else a bus address, the text of a property's value, linux.cgroupsPath and lines of cgroup files.
 */
#include "tests/fuzz/fuzz.h"

#include "base/strbuf.h"
#include "cgroups/bus.h"
#include "cgroups/gvariant.h"
#include "cgroups/unit.h"
#include "cgroups/wire.h"

static void message(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct bus_message m = { 0 };
	struct err err = { 0 };
	size_t used = 0;
	int r;

	FUZZ_CHECK(copy);
	memcpy(copy, data, size);
	r = bus_message_parse(copy, size, &m, &used, &err);
	fuzz_check_outcome(r, &err);
	free(copy); /* the message is a copy */
	if (r <= 0)
		return;
	FUZZ_CHECK(used > 0 && used <= size);
	FUZZ_CHECK(
		strlen(m.path) + strlen(m.member) + strlen(m.error) + strlen(m.signature) <= size);
	while (!m.body.bad) {
		FUZZ_CHECK(strlen(wire_read_string(&m.body)) <= size);
		wire_read_number(&m.body, 8);
		wire_read_signature(&m.body);
	}
	FUZZ_CHECK(m.body.at <= m.body.size);
	bus_message_release(&m);
}

/* What has a type has a value of it, and in the array of itself still the same one. */
static void value(const char *text)
{
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
	auto_free char *type = NULL, *seconds = NULL, *quoted = gvariant_quote(text);
	struct err err = { 0 }, other = { 0 }, ignored = { 0 };
	int r = gvariant_type(text, &type, &err);

	fuzz_check_outcome(r, &err);
	if (r == 0) {
		struct wire_reader reader;

		FUZZ_CHECK(gvariant_put(&bytes, text, &other) == 0);
		reader = (struct wire_reader){ .data = bytes.data, .size = bytes.len };
		FUZZ_CHECK(strcmp(wire_read_signature(&reader), type) == 0);
	}
	if (gvariant_seconds(text, &seconds, &ignored) == 0)
		FUZZ_CHECK(strncmp(seconds, "uint64 ", 7) == 0);
	strbuf_release(&bytes);
	other = (struct err){ 0 };
	FUZZ_CHECK(gvariant_put(&bytes, quoted, &other) == 0);
	FUZZ_CHECK(bytes.data[1] == 's');
	FUZZ_CHECK(strcmp(bytes.data + bytes.len - strlen(text) - 1, text) == 0);
}

static void path(char *text)
{
	const struct cgroup_where where = { .id = "c1", .cgroups_path = text };
	struct unit unit = { 0 };
	struct err err = { 0 };
	int r = unit_plan(&where, &unit, &err);

	fuzz_check_outcome(r, &err);
	if (r == 0) {
		free(unit_object(unit.name));
		FUZZ_CHECK(unit.path[0] == '/' && !strstr(unit.path, "//"));
		FUZZ_CHECK(!strstr(unit.path, "/../") && !strchr(unit.name, '/'));
		FUZZ_CHECK(strlen(unit.name) <= 255);
	}
	unit_release(&unit);
}

/* Whatever a file's value is, what becomes of it can be sent. */
static void limits(char *text)
{
	static const char *const files[] = { "memory.max", "cpu.max", "cpu.idle", "cpuset.cpus",
		"io.weight", "io.max", "io.latency", "memory.zswap.writeback" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct limit limit = { .file = (char *)(uintptr_t)files[i], .value = text };
		const struct limits list = { .items = &limit, .count = 1 };
		auto_(unit_properties) struct unit_properties properties = { 0 };
		auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
		struct err err = { 0 };

		unit_properties_limits(&list, &properties);
		FUZZ_CHECK(unit_properties_put(&properties, &bytes, &err) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bus_address address;
	const char *rest;
	char *text;

	if (size > 0 && (*data == 'l' || *data == 'B')) {
		message(data, size);
		return 0;
	}
	text = fuzz_string(data, size);
	rest = text;
	while (bus_address_next(&rest, &address))
		FUZZ_CHECK(memchr(address.path, '\0', sizeof(address.path)));
	value(text);
	path(text);
	limits(text);
	free(text);
	return 0;
}
