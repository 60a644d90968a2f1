/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small client of D-Bus: method calls over a Unix socket, one at a time, and the signals that
 * come meanwhile (D-Bus Specification 0.43: authentication, messages, message bus).
 *
 * Why not a library: docs/decisions/0007.  What it leaves out: serving methods, passing
 * descriptors, transports other than Unix sockets, other byte orders than this machine's.
 *
 * Every wait ends at a deadline (clock_ms()).  Messages over BUS_MESSAGE_MAX are an error.  Private
 * to cgroups/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cgroups/wire.h"

#define BUS_MESSAGE_MAX (1u << 20)

enum bus_message_type { BUS_CALL = 1, BUS_REPLY = 2, BUS_ERROR = 3, BUS_SIGNAL = 4 };

/* One message that came.  The strings are "" where it has none, and live as long as it. */
struct bus_message {
	char *data; /* owned */
	uint8_t type;
	uint32_t reply_serial;
	const char *path, *interface, *member, *error, *destination, *signature;
	struct wire_reader body;
};
void bus_message_release(struct bus_message *message);
DEFINE_AUTO(bus_message, bus_message_release);

/*
 * Reads the message at the start of @data: 1 and *out_message (a copy), *out_size the bytes it
 * took; 0 when more bytes are needed; < 0 when it is no message.  Pure.
 */
int bus_message_parse(const char *data, size_t len, struct bus_message *out_message,
	size_t *out_size, struct err *err) MUST_USE;

struct bus_method {
	const char *destination, *path, *interface, *member;
	const char *signature; /* of the arguments, "" without */
};

/* The bytes of a call.  @no_reply: nobody is to answer.  Pure. */
void bus_call_format(const struct bus_method *method, const struct strbuf *args, uint32_t serial,
	bool no_reply, struct strbuf *out);

/* A socket of a D-Bus address list ("unix:path=/run/user/1000/bus;..."). */
struct bus_address {
	char path[108]; /* of sun_path; with a leading '@' for an abstract one */
	bool abstract;
};
/* The next Unix socket of the list at *@text, which moves on; false: there is no other.  Pure. */
bool bus_address_next(const char **text, struct bus_address *out_address);

struct bus; /* a connection */

/*
 * Connects, says who we are, and on a message bus (not @direct: a service itself at the other end)
 * gets a name.  -ENOENT and -ECONNREFUSED: nobody is there.
 */
int bus_connect(const struct bus_address *address, bool direct, int64_t deadline_ms,
	struct bus **out_bus, struct err *err) MUST_USE;
void bus_free(struct bus *bus);
DEFINE_AUTO_PTR(bus, bus_free);

/* Who is told of signals, whenever messages are read.  Those that are meant for us alone are
 * dropped: anybody may send them. */
typedef void bus_on_signal(void *arg, struct bus_message *signal);
void bus_set_handler(struct bus *bus, bus_on_signal *handler, void *arg);

/* Asks the message bus for the signals of a match rule.  Not waited for: whatever is called later
 * comes after it.  Nothing to be asked on a direct connection. */
int bus_add_match(struct bus *bus, const char *rule, struct err *err) MUST_USE;

/* Calls and waits for the answer: 0, or 1 when it is an error (its name is ->error, its text the
 * body's first string).  @args: NULL without. */
int bus_call(struct bus *bus, const struct bus_method *method, const struct strbuf *args,
	int64_t deadline_ms, struct bus_message *out_reply, struct err *err) MUST_USE;

/* Reads one message, for the handler.  1: the deadline passed. */
int bus_process(struct bus *bus, int64_t deadline_ms, struct err *err) MUST_USE;
