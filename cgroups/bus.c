// SPDX-License-Identifier: Apache-2.0
/*
 * A small client of D-Bus: see the header.
 *
 * Authentication is EXTERNAL with an empty identity: the other end takes the one that the kernel
 * tells it, which is right in user namespaces as well.  It is sent in one piece, as sd-bus does;
 * our first message follows when the answer is there.
 *
 * The socket blocks for sending, with a time limit of its own (a call fits into any socket buffer),
 * and is polled for receiving.
 */
#include "cgroups/bus.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/log.h"
#include "cgroups/internal.h"

#define HEADER_SIZE 16 /* up to the fields */
#define AUTH_LINE_MAX 1024
#define NO_REPLY_EXPECTED 1
#define PROTOCOL_VERSION 1
#define DBUS "org.freedesktop.DBus"

static const char host_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';

enum field {
	PATH = 1,
	INTERFACE,
	MEMBER,
	ERROR_NAME,
	REPLY_SERIAL,
	DESTINATION,
	SENDER,
	SIGNATURE
};

struct bus {
	int fd;
	bool direct;
	uint32_t serial;
	struct strbuf in; /* received and not yet read */
	bus_on_signal *handler;
	void *arg;
};

/* ---- messages ---- */

static void put_field(struct strbuf *b, enum field field, const char *type, const char *value)
{
	wire_pad(b, 8);
	wire_number(b, 1, field);
	wire_signature(b, type);
	if (*type == 'g')
		wire_signature(b, value);
	else
		wire_string(b, value);
}

void bus_call_format(const struct bus_method *method, const struct strbuf *args, uint32_t serial,
	bool no_reply, struct strbuf *out)
{
	struct wire_array fields;

	strbuf_add(out, &host_order, 1);
	wire_number(out, 1, BUS_CALL);
	wire_number(out, 1, no_reply ? NO_REPLY_EXPECTED : 0);
	wire_number(out, 1, PROTOCOL_VERSION);
	wire_number(out, 4, args ? args->len : 0);
	wire_number(out, 4, serial);
	fields = wire_array_begin(out, 8);
	put_field(out, PATH, "o", method->path);
	put_field(out, INTERFACE, "s", method->interface);
	put_field(out, MEMBER, "s", method->member);
	put_field(out, DESTINATION, "s", method->destination);
	if (*method->signature)
		put_field(out, SIGNATURE, "g", method->signature);
	wire_array_end(out, fields);
	wire_pad(out, 8);
	if (args)
		strbuf_add(out, args->data, args->len);
}

void bus_message_release(struct bus_message *message)
{
	free(message->data);
	*message = (struct bus_message){ 0 };
}

/* One of the header's fields: (yv). */
static void read_field(struct wire_reader *r, struct bus_message *m)
{
	const char **const texts[] = { [PATH] = &m->path,
		[INTERFACE] = &m->interface,
		[MEMBER] = &m->member,
		[ERROR_NAME] = &m->error,
		[DESTINATION] = &m->destination,
		[SIGNATURE] = &m->signature };
	uint64_t field;
	const char *type, *text = "";

	wire_read_pad(r, 8);
	field = wire_read_number(r, 1);
	type = wire_read_signature(r);
	if (strcmp(type, "u") == 0) {
		uint32_t number = (uint32_t)wire_read_number(r, 4);

		if (field == REPLY_SERIAL)
			m->reply_serial = number;
		return;
	}
	if (strcmp(type, "g") == 0)
		text = wire_read_signature(r);
	else if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0)
		text = wire_read_string(r);
	else
		r->bad = true;
	if (field < ARRAY_SIZE(texts) && texts[field])
		*texts[field] = text;
}

static int no_message(struct err *err)
{
	return err_bad_errno(err, ERR_OTHER, EBADMSG, "what came is no D-Bus message");
}

int bus_message_parse(const char *data, size_t len, struct bus_message *out_message,
	size_t *out_size, struct err *err)
{
	auto_(bus_message) struct bus_message m = { .path = "",
		.interface = "",
		.member = "",
		.error = "",
		.destination = "",
		.signature = "" };
	struct wire_reader r = { .data = data, .size = HEADER_SIZE };
	uint64_t body, fields, start;

	if (len < HEADER_SIZE)
		return 0;
	if (*data != host_order)
		return no_message(err);
	r.at = 1;
	m.type = (uint8_t)wire_read_number(&r, 1);
	r.at = 4;
	body = wire_read_number(&r, 4);
	r.at = 12;
	fields = wire_read_number(&r, 4);
	start = (HEADER_SIZE + fields + 7) / 8 * 8;
	if (start + body > BUS_MESSAGE_MAX)
		return no_message(err);
	if (len < start + body)
		return 0;
	m.data = xmalloc(start + body + 1);
	memcpy(m.data, data, start + body);
	r = (struct wire_reader){ .data = m.data, .size = HEADER_SIZE + fields, .at = HEADER_SIZE };
	while (!r.bad && r.at < r.size)
		read_field(&r, &m);
	if (r.bad)
		return no_message(err);
	m.body = (struct wire_reader){ .data = m.data + start, .size = body };
	*out_size = start + body;
	*out_message = m;
	m.data = NULL;
	return 1;
}

/* ---- addresses ---- */

/* "%2f" to "/": out of an address.  False: too long, or no such text. */
static bool unescape(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char hex[3] = "", *end;

		if (n + 1 >= size)
			return false;
		if (text[i] != '%') {
			out[n++] = text[i];
			continue;
		}
		if (i + 2 >= len)
			return false;
		memcpy(hex, text + i + 1, 2);
		out[n] = (char)strtoul(hex, &end, 16);
		if (end != hex + 2 || out[n++] == '\0')
			return false;
		i += 2;
	}
	out[n] = '\0';
	return n > 0;
}

/* The value of @key in "key=value,key=value". */
static bool address_key(const char *text, size_t len, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);

	for (const char *end = text + len; text < end;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t part = (size_t)((comma ? comma : end) - text);

		if (part > n && strncmp(text, key, n) == 0)
			return unescape(text + n, part - n, out, size);
		text += part + 1;
	}
	return false;
}

bool bus_address_next(const char **text, struct bus_address *out_address)
{
	while (**text) {
		const char *one = *text;
		size_t len = strcspn(one, ";");
		struct bus_address a = { 0 };

		*text += len + (one[len] == ';');
		if (len <= 5 || strncmp(one, "unix:", 5) != 0)
			continue;
		one += 5;
		len -= 5;
		a.abstract = address_key(one, len, "abstract=", a.path + 1, sizeof(a.path) - 1);
		if (a.abstract)
			a.path[0] = '@';
		if (a.abstract || address_key(one, len, "path=", a.path, sizeof(a.path))) {
			*out_address = a;
			return true;
		}
	}
	return false;
}

/* ---- the connection ---- */

void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	fd_close(&bus->fd);
	strbuf_release(&bus->in);
	free(bus);
}

static int send_all(struct bus *bus, const char *data, size_t len, struct err *err)
{
	while (len > 0) {
		ssize_t n = send(bus->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno == EAGAIN ? ETIMEDOUT : errno, "send to the bus");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Waits for bytes and appends them.  1: the deadline passed. */
static int receive(struct bus *bus, int64_t deadline_ms, struct err *err)
{
	struct pollfd p = { .fd = bus->fd, .events = POLLIN };
	char buf[4096];
	ssize_t n;

	for (;;) {
		int r = poll(&p, 1, clock_left(deadline_ms));

		if (r == 0)
			return 1;
		if (r < 0 && errno != EINTR)
			return err_sys(err, errno, "poll the bus");
		n = r < 0 ? -1 : recv(bus->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(err, errno, "receive from the bus");
		if (n == 0)
			return err_bad_errno(
				err, ERR_OTHER, ECONNRESET, "the bus has closed the connection");
		strbuf_add(&bus->in, buf, (size_t)n);
		return 0;
	}
}

static int too_late(const char *what, struct err *err)
{
	return err_bad(err, ERR_TIMEOUT, "%s: no answer within the time limit", what);
}

static void drop_read(struct bus *bus, size_t size)
{
	memmove(bus->in.data, bus->in.data + size, bus->in.len - size);
	bus->in.len -= size;
}

/* One line of the authentication, without its end. */
static int auth_line(
	struct bus *bus, int64_t deadline_ms, char line[AUTH_LINE_MAX], struct err *err)
{
	for (;;) {
		const char *end = bus->in.len ? memmem(bus->in.data, bus->in.len, "\r\n", 2) : NULL;
		size_t len = end ? (size_t)(end - bus->in.data) : 0;
		int r;

		if (end && len < AUTH_LINE_MAX) {
			memcpy(line, bus->in.data, len);
			line[len] = '\0';
			drop_read(bus, len + 2);
			return 0;
		}
		if (bus->in.len >= AUTH_LINE_MAX)
			return no_message(err);
		r = receive(bus, deadline_ms, err);
		if (r != 0)
			return r < 0 ? r : too_late("authentication", err);
	}
}

static int authenticate(struct bus *bus, int64_t deadline_ms, struct err *err)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char line[AUTH_LINE_MAX];
	int r = send_all(bus, hello, sizeof(hello) - 1, err);

	/* "DATA" asks for the identity, "OK <guid>" answers that there was none. */
	for (int i = 0; r == 0 && i < 2; i++) {
		r = auth_line(bus, deadline_ms, line, err);
		if (r == 0 && strncmp(line, "OK ", 3) == 0)
			return 0;
		if (r == 0 && strcmp(line, "DATA") != 0 && strcmp(line, "DATA ") != 0)
			break;
	}
	if (r < 0)
		return r;
	return err_bad_errno(
		err, ERR_OTHER, EACCES, "the bus does not let us in: it says \"%.100s\"", line);
}

static int connect_to(
	struct bus *bus, const struct bus_address *address, int64_t deadline_ms, struct err *err)
{
	/* host_connect_unix() knows no abstract names, and no deadline but its own. */
	struct sockaddr_un /* path: a bus's address */ un = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(sizeof(sa_family_t) + strlen(address->path));
	struct timeval limit = { .tv_sec = clock_left(deadline_ms) / 1000, .tv_usec = 1000 };

	bus->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bus->fd < 0)
		return err_sys(err, errno, "socket for the bus");
	/* Also of connect, while the other end's queue is full. */
	if (setsockopt(bus->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return err_sys(err, errno, "setsockopt SO_SNDTIMEO");
	memcpy(un.sun_path, address->path, strlen(address->path));
	if (address->abstract)
		un.sun_path[0] = '\0';
	else
		len++;
	if (connect(bus->fd, (struct sockaddr *)&un, len) < 0)
		return err_sys(err, errno == EAGAIN ? ETIMEDOUT : errno,
			"connect to the bus at \"%s\"", address->path);
	return 0;
}

static int hello(struct bus *bus, int64_t deadline_ms, struct err *err)
{
	static const struct bus_method method = { DBUS, "/org/freedesktop/DBus", DBUS, "Hello",
		"" };
	auto_(bus_message) struct bus_message reply = { 0 };
	int r = bus_call(bus, &method, NULL, deadline_ms, &reply, err);

	if (r > 0)
		return err_bad_errno(err, ERR_OTHER, EACCES, "the bus does not take us: %s: %s",
			reply.error, wire_read_string(&reply.body));
	return r;
}

int bus_connect(const struct bus_address *address, bool direct, int64_t deadline_ms,
	struct bus **out_bus, struct err *err)
{
	auto_(bus) struct bus *bus = xcalloc(1, sizeof(*bus));
	int r;

	bus->fd = FD_NONE;
	bus->direct = direct;
	r = connect_to(bus, address, deadline_ms, err);
	if (r == 0) {
		r = authenticate(bus, deadline_ms, err);
		if (r == 0 && !direct)
			r = hello(bus, deadline_ms, err);
		if (r < 0)
			err_in(err, "the bus at \"%s\"", address->path);
	}
	if (r < 0)
		return r;
	*out_bus = take_ptr(&bus);
	return 0;
}

void bus_set_handler(struct bus *bus, bus_on_signal *handler, void *arg)
{
	bus->handler = handler;
	bus->arg = arg;
}

static int send_call(struct bus *bus, const struct bus_method *method, const struct strbuf *args,
	bool no_reply, struct err *err)
{
	auto_(strbuf) struct strbuf message = STRBUF_INIT;

	bus_call_format(method, args, ++bus->serial, no_reply, &message);
	return send_all(bus, message.data, message.len, err);
}

int bus_add_match(struct bus *bus, const char *rule, struct err *err)
{
	static const struct bus_method method = { DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch",
		"s" };
	auto_(strbuf) struct strbuf args = STRBUF_INIT;

	if (bus->direct)
		return 0;
	wire_string(&args, rule);
	return send_call(bus, &method, &args, true, err);
}

/* The next message, whatever it is.  1: the deadline passed. */
static int next_message(
	struct bus *bus, int64_t deadline_ms, struct bus_message *out_message, struct err *err)
{
	for (;;) {
		size_t size;
		int r = bus_message_parse(
			strbuf_str(&bus->in), bus->in.len, out_message, &size, err);

		if (r > 0) {
			drop_read(bus, size);
			return 0;
		}
		if (r == 0)
			r = receive(bus, deadline_ms, err);
		if (r != 0)
			return r;
	}
}

static void handle_signal(struct bus *bus, struct bus_message *m)
{
	if (m->type == BUS_SIGNAL && !*m->destination && bus->handler)
		bus->handler(bus->arg, m);
}

int bus_process(struct bus *bus, int64_t deadline_ms, struct err *err)
{
	auto_(bus_message) struct bus_message m = { 0 };
	int r = next_message(bus, deadline_ms, &m, err);

	if (r == 0)
		handle_signal(bus, &m);
	return r;
}

int bus_call(struct bus *bus, const struct bus_method *method, const struct strbuf *args,
	int64_t deadline_ms, struct bus_message *out_reply, struct err *err)
{
	int r = send_call(bus, method, args, false, err);
	uint32_t serial = bus->serial;

	while (r == 0) {
		auto_(bus_message) struct bus_message m = { 0 };

		r = next_message(bus, deadline_ms, &m, err);
		if (r > 0)
			return too_late(method->member, err);
		if (r == 0 && (m.type == BUS_REPLY || m.type == BUS_ERROR) &&
			m.reply_serial == serial) {
			log_debug("bus: %s %s%s", method->member,
				m.type == BUS_ERROR ? "failed: " : "done", m.error);
			*out_reply = m;
			m = (struct bus_message){ 0 };
			return out_reply->type == BUS_ERROR;
		}
		if (r == 0)
			handle_signal(bus, &m);
	}
	return r;
}
