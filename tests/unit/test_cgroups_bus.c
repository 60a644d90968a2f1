// SPDX-License-Identifier: Apache-2.0
/* D-Bus messages and addresses as bytes and text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cgroups/bus.h"

static const struct bus_method method = { "org.example", "/org/example", "org.example.Thing", "Do",
	"su" };

static void format(struct strbuf *out)
{
	auto_(strbuf) struct strbuf args = STRBUF_INIT;

	wire_string(&args, "hello");
	wire_number(&args, 4, 42);
	bus_call_format(&method, &args, 7, false, out);
}

/* What we write we read. */
static void test_round_trip(void **state)
{
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
	auto_(bus_message) struct bus_message m = { 0 };
	struct err err = { 0 };
	size_t size;

	(void)state;
	format(&bytes);
	strbuf_adds(&bytes, "the next one");
	assert_int_equal(bus_message_parse(bytes.data, bytes.len, &m, &size, &err), 1);
	assert_int_equal(size, bytes.len - strlen("the next one"));
	assert_int_equal(m.type, BUS_CALL);
	assert_string_equal(m.path, method.path);
	assert_string_equal(m.interface, method.interface);
	assert_string_equal(m.member, method.member);
	assert_string_equal(m.destination, method.destination);
	assert_string_equal(m.signature, "su");
	assert_string_equal(m.error, "");
	assert_string_equal(wire_read_string(&m.body), "hello");
	assert_int_equal(wire_read_number(&m.body, 4), 42);
	assert_false(m.body.bad);
}

/* The specification's alignments: the body of a call without arguments is empty, and the header
 * ends at a multiple of 8. */
static void test_no_arguments(void **state)
{
	const struct bus_method hello = { "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
		"Hello", "" };
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
	auto_(bus_message) struct bus_message m = { 0 };
	struct err err = { 0 };
	size_t size;

	(void)state;
	bus_call_format(&hello, NULL, 1, true, &bytes);
	assert_int_equal(bytes.len % 8, 0);
	assert_int_equal(bytes.data[2], 1);
	assert_int_equal(bus_message_parse(bytes.data, bytes.len, &m, &size, &err), 1);
	assert_int_equal(m.body.size, 0);
	assert_string_equal(m.signature, "");
	assert_string_equal(wire_read_string(&m.body), "");
	assert_true(m.body.bad);
}

/* Half a message is no error. */
static void test_truncated(void **state)
{
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct bus_message m = { 0 };
	struct err err = { 0 };
	size_t size;

	(void)state;
	format(&bytes);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(bus_message_parse(bytes.data, len, &m, &size, &err), 0);
}

/* Any byte may be wrong: nothing is read outside (the sanitizers watch), nothing crashes. */
static void test_damaged(void **state)
{
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;

	(void)state;
	format(&bytes);
	for (size_t i = 0; i < bytes.len; i++)
		for (int value = 0; value < 256; value += 5) {
			auto_free char *copy = xmalloc(bytes.len);
			auto_(bus_message) struct bus_message m = { 0 };
			struct err err = { 0 };
			size_t size;

			memcpy(copy, bytes.data, bytes.len);
			copy[i] = (char)value;
			if (bus_message_parse(copy, bytes.len, &m, &size, &err) > 0)
				wire_read_string(&m.body);
		}
}

static void test_refused(void **state)
{
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct bus_message m = { 0 };
	struct err err = { 0 };
	uint32_t huge = BUS_MESSAGE_MAX;
	size_t size;

	(void)state;
	format(&bytes);
	bytes.data[0] = 'x';
	assert_true(bus_message_parse(bytes.data, bytes.len, &m, &size, &err) < 0);
	assert_string_equal(err.msg, "what came is no D-Bus message");
	strbuf_release(&bytes);
	format(&bytes);
	memcpy(bytes.data + 4, &huge, 4);
	assert_true(bus_message_parse(bytes.data, bytes.len, &m, &size, &err) < 0);
}

static void test_addresses(void **state)
{
	const char *list =
		"tcp:host=a;unix:path=/run/user/1000/bus,guid=ab;unix:guid=ab;"
		"unix:abstract=/tmp/dbus%2dX;unix:path=%2;unix:path=;unixexec:path=/bin/sh";
	struct bus_address a;

	(void)state;
	assert_true(bus_address_next(&list, &a));
	assert_string_equal(a.path, "/run/user/1000/bus");
	assert_false(a.abstract);
	assert_true(bus_address_next(&list, &a));
	assert_string_equal(a.path, "@/tmp/dbus-X");
	assert_true(a.abstract);
	assert_false(bus_address_next(&list, &a));
}

static void test_long_address(void **state)
{
	char text[200] = "unix:path=/";
	const char *list = text;
	struct bus_address a;

	(void)state;
	memset(text + 11, 'a', 107);
	assert_false(bus_address_next(&list, &a));
	text[11 + 106] = '\0';
	list = text;
	assert_true(bus_address_next(&list, &a));
	assert_int_equal(strlen(a.path), 107);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_arguments),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_long_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
