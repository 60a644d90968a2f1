// SPDX-License-Identifier: Apache-2.0
/*
 * The systemd manager: the container's cgroup is that of a transient unit, which systemd makes when
 * it is asked to over the bus.  Root asks the system's manager, others their own.
 *
 *   cgroup_plan()     connects, and asks where the manager's own cgroup is: the path is known then
 *   cgroup_adopt()    StartTransientUnit with the container's first process, waits for the job
 *   cgroup_update()   SetUnitProperties, after the files took the values
 *   cgroup_destroy()  StopUnit and ResetFailedUnit, once all processes are gone
 *
 * A unit that somebody else runs under the same name is never touched: before it is stopped its
 * cgroup is compared with ours.
 *
 * systemd may be re-executed at any time (an upgrade does it).  It is away from the bus then for a
 * moment: the bus says when it is back, and we ask again.  All of it within one time limit.
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "cgroups/bus.h"
#include "cgroups/unit.h"
#include "cgroups/where.h"

#define START_TIMEOUT_MS 30000
#define CALL_TIMEOUT_MS 25000 /* libdbus and sd-bus wait as long for an answer */
#define TRIES_MAX 8 /* each ended by systemd going away */
#define JOBS_MAX 16
#define PROC_CGROUP_MAX (1u << 20)
#define CPU_MAX_SIZE 128

#define SYSTEM_BUS "/run/dbus/system_bus_socket"
#define SYSTEM_PRIVATE "/run/systemd/private"
#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define DBUS "org.freedesktop.DBus"

struct job {
	char *path;
	char *result;
};

struct systemd {
	struct bus *bus;
	bool back; /* systemd has come (back) to the bus */
	struct job jobs[JOBS_MAX]; /* those of our unit that have ended */
	size_t job_count;
	struct unit unit;
	struct unit_properties annotated;
};

void systemd_free(struct systemd *systemd)
{
	if (!systemd)
		return;
	bus_free(systemd->bus);
	for (size_t i = 0; i < systemd->job_count; i++) {
		free(systemd->jobs[i].path);
		free(systemd->jobs[i].result);
	}
	unit_release(&systemd->unit);
	unit_properties_release(&systemd->annotated);
	free(systemd);
}

static const struct bus_method *method(
	struct bus_method *storage, const char *member, const char *signature)
{
	*storage = (struct bus_method){ SYSTEMD, SYSTEMD_PATH, MANAGER, member, signature };
	return storage;
}

/* ---- signals ---- */

static void on_signal(void *arg, struct bus_message *m)
{
	struct systemd *systemd = arg;

	if (strcmp(m->interface, MANAGER) == 0 && strcmp(m->member, "JobRemoved") == 0 &&
		strcmp(m->signature, "uoss") == 0) {
		const char *path, *unit, *result;

		wire_read_number(&m->body, 4);
		path = wire_read_string(&m->body);
		unit = wire_read_string(&m->body);
		result = wire_read_string(&m->body);
		if (!m->body.bad && strcmp(unit, systemd->unit.name) == 0 &&
			systemd->job_count < JOBS_MAX)
			systemd->jobs[systemd->job_count++] =
				(struct job){ xstrdup(path), xstrdup(result) };
	} else if (strcmp(m->interface, DBUS) == 0 && strcmp(m->member, "NameOwnerChanged") == 0 &&
		strcmp(m->signature, "sss") == 0) {
		bool ours = strcmp(wire_read_string(&m->body), SYSTEMD) == 0;

		wire_read_string(&m->body);
		if (ours && *wire_read_string(&m->body))
			systemd->back = true;
	}
}

/* ---- the connection ---- */

static bool nobody_there(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

/* The sockets of a user's bus, and where that user's manager itself listens. */
static int connect_user(uint32_t uid, int64_t deadline_ms, struct bus **out_bus, struct err *err)
{
	bool own = uid == geteuid();
	const char *list = own ? getenv("DBUS_SESSION_BUS_ADDRESS") : NULL;
	const char *given = own ? getenv("XDG_RUNTIME_DIR") : NULL;
	auto_free char *dir =
		given && *given == '/' ? xstrdup(given) : xasprintf("/run/user/%u", uid);
	auto_free char *usual = xasprintf("unix:path=%s/bus", dir);
	struct bus_address address;
	int r = -ENOENT;

	for (int i = 0; i < 2 && nobody_there(r); i++) {
		const char *rest = i == 0 && list ? list : usual;

		while (nobody_there(r) && bus_address_next(&rest, &address))
			r = bus_connect(&address, false, deadline_ms, out_bus, err);
	}
	if (nobody_there(r)) {
		auto_free char *private = xasprintf("unix:path=%s/systemd/private", dir);
		const char *rest = private;
		struct err ignored; /* the bus is what is missing */

		if (bus_address_next(&rest, &address))
			r = bus_connect(&address, true, deadline_ms, out_bus, &ignored);
	}
	return r;
}

static int connect_system(int64_t deadline_ms, struct bus **out_bus, struct err *err)
{
	static const struct bus_address bus = { .path = SYSTEM_BUS };
	static const struct bus_address private = { .path = SYSTEM_PRIVATE };
	struct err ignored; /* the bus is what is missing */
	int r = bus_connect(&bus, false, deadline_ms, out_bus, err);

	/* Where no message bus runs (a small system, early at boot) systemd listens itself. */
	if (nobody_there(r) && bus_connect(&private, true, deadline_ms, out_bus, &ignored) == 0)
		r = 0;
	return r;
}

static int no_systemd(bool user, uint32_t uid, struct err *err)
{
	if (user)
		err_hint(err,
			"use --cgroup-manager=cgroupfs, or give user %u a systemd of its own: "
			"loginctl enable-linger %u, and XDG_RUNTIME_DIR=/run/user/%u (package "
			"dbus-user-session)",
			uid, uid, uid);
	else
		err_hint(err,
			"use --cgroup-manager=cgroupfs: systemd does not run here, or its "
			"bus (package dbus) does not");
	return err_in(err, "the systemd cgroup manager");
}

static int listen_to_signals(struct systemd *systemd, struct err *err)
{
	int r;

	bus_set_handler(systemd->bus, on_signal, systemd);
	r = bus_add_match(systemd->bus,
		"type='signal',sender='" SYSTEMD "',interface='" MANAGER
		"',member='JobRemoved',path='" SYSTEMD_PATH "'",
		err);
	if (r == 0)
		r = bus_add_match(systemd->bus,
			"type='signal',sender='" DBUS "',member='NameOwnerChanged',arg0='" SYSTEMD
			"'",
			err);
	return r;
}

/* @user: the manager of @uid. */
static int systemd_connect(
	struct systemd *systemd, bool user, uint32_t uid, int64_t deadline_ms, struct err *err)
{
	int r;

	if (systemd->bus)
		return 0;
	r = user ? connect_user(uid, deadline_ms, &systemd->bus, err)
		 : connect_system(deadline_ms, &systemd->bus, err);
	if (r < 0)
		return no_systemd(user, uid, err);
	return listen_to_signals(systemd, err);
}

/* ---- calls ---- */

static bool is_error(const struct bus_message *m, const char *name)
{
	return strcmp(m->error, name) == 0;
}

/* systemd is being re-executed, or its answer got lost so. */
static bool is_away(const struct bus_message *m)
{
	static const char *const names[] = { DBUS ".Error.NoReply", DBUS ".Error.Disconnected",
		DBUS ".Error.NameHasNoOwner", DBUS ".Error.ServiceUnknown" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is_error(m, names[i]))
			return true;
	return strncmp(m->error, DBUS ".Error.Spawn.", strlen(DBUS ".Error.Spawn.")) == 0;
}

/* Waits until systemd is on the bus: 1 when it does not come.  A bus without systemd is told from
 * one that waits for it by whether it has ever been there. */
static int wait_back(struct systemd *systemd, int64_t deadline_ms, struct err *err)
{
	static const struct bus_method owner = { DBUS, "/org/freedesktop/DBus", DBUS,
		"NameHasOwner", "s" };
	auto_(strbuf) struct strbuf args = STRBUF_INIT;
	auto_(bus_message) struct bus_message reply = { 0 };
	int r;

	systemd->back = false;
	wire_string(&args, SYSTEMD);
	r = bus_call(systemd->bus, &owner, &args, deadline_ms, &reply, err);
	if (r != 0 || wire_read_number(&reply.body, 4))
		return r;
	if (access("/run/systemd/system" /* path: what sd_booted(3) looks for */, F_OK) < 0)
		return 1;
	while (r == 0 && !systemd->back)
		r = bus_process(systemd->bus, deadline_ms, err);
	return r;
}

/* bus_call(), again when systemd was away. */
static int call(struct systemd *systemd, const struct bus_method *m, const struct strbuf *args,
	int64_t deadline_ms, struct bus_message *out_reply, struct err *err)
{
	int r = bus_call(systemd->bus, m, args, deadline_ms, out_reply, err);

	for (int i = 0; r > 0 && is_away(out_reply) && i < TRIES_MAX; i++) {
		int back = wait_back(systemd, deadline_ms, err);

		if (back != 0)
			return back < 0 ? back : r;
		bus_message_release(out_reply);
		r = bus_call(systemd->bus, m, args, deadline_ms, out_reply, err);
	}
	return r;
}

static int refused(const char *what, const char *unit, struct bus_message *reply, struct err *err)
{
	bool denied = is_error(reply, DBUS ".Error.AccessDenied") ||
		is_error(reply, DBUS ".Error.InteractiveAuthorizationRequired");
	const char *text = reply->signature[0] == 's' ? wire_read_string(&reply->body) : "";

	err_bad_errno(err, denied ? ERR_SYSTEM : ERR_OTHER, denied ? EACCES : EREMOTEIO,
		"systemd refuses to %s \"%s\": %s%s%s", what, unit, reply->error, *text ? ": " : "",
		text);
	return err_result(err);
}

/* A property of an object, of type string; heap string.  1: there is no such object. */
static int get_string(struct systemd *systemd, const char *object, const char *interface,
	const char *name, int64_t deadline_ms, char **out_value, struct err *err)
{
	const struct bus_method get = { SYSTEMD, object, DBUS ".Properties", "Get", "ss" };
	auto_(strbuf) struct strbuf args = STRBUF_INIT;
	auto_(bus_message) struct bus_message reply = { 0 };
	const char *value;
	int r;

	wire_string(&args, interface);
	wire_string(&args, name);
	r = call(systemd, &get, &args, deadline_ms, &reply, err);
	if (r > 0 &&
		(is_error(&reply, DBUS ".Error.UnknownObject") ||
			is_error(&reply, SYSTEMD ".NoSuchUnit")))
		return 1;
	if (r > 0)
		return refused("tell about", object, &reply, err);
	if (r < 0)
		return r;
	if (strcmp(wire_read_signature(&reply.body), "s") != 0)
		reply.body.bad = true;
	value = wire_read_string(&reply.body);
	if (reply.body.bad)
		return err_bad_errno(
			err, ERR_OTHER, EBADMSG, "systemd's property %s is no string", name);
	*out_value = xstrdup(value);
	return 0;
}

/* A call with a unit's name (and, for StopUnit, a mode). */
static int call_unit(struct systemd *systemd, const char *member, const char *mode,
	int64_t deadline_ms, struct bus_message *out_reply, struct err *err)
{
	auto_(strbuf) struct strbuf args = STRBUF_INIT;
	struct bus_method m;

	wire_string(&args, systemd->unit.name);
	if (mode)
		wire_string(&args, mode);
	return call(
		systemd, method(&m, member, mode ? "ss" : "s"), &args, deadline_ms, out_reply, err);
}

/* A unit that has failed keeps its name until this.  That there is none is as good. */
static int reset_failed(struct systemd *systemd, int64_t deadline_ms, struct err *err)
{
	auto_(bus_message) struct bus_message reply = { 0 };
	int r = call_unit(systemd, "ResetFailedUnit", NULL, deadline_ms, &reply, err);

	if (r > 0)
		log_debug("ResetFailedUnit \"%s\": %s", systemd->unit.name, reply.error);
	return r < 0 ? r : 0;
}

/* ---- jobs ---- */

static const char *job_result(const struct systemd *systemd, const char *path)
{
	for (size_t i = 0; i < systemd->job_count; i++)
		if (strcmp(systemd->jobs[i].path, path) == 0)
			return systemd->jobs[i].result;
	return NULL;
}

/* After systemd was away: has the job ended without our hearing it? */
static int job_is_gone(
	struct systemd *systemd, const char *path, int64_t deadline_ms, struct err *err)
{
	auto_free char *state = NULL;

	return get_string(systemd, path, SYSTEMD ".Job", "State", deadline_ms, &state, err);
}

static int wait_job(struct systemd *systemd, const char *what, const char *path,
	int64_t deadline_ms, struct err *err)
{
	const char *result;
	int r = 0;

	systemd->back = false;
	while (!(result = job_result(systemd, path))) {
		r = bus_process(systemd->bus, deadline_ms, err);
		if (r > 0) {
			err_bad(err, ERR_TIMEOUT, "systemd did not %s unit \"%s\" in time", what,
				systemd->unit.name);
			err_hint(err, "systemctl list-jobs shows what it is waiting for");
			return err_result(err);
		}
		if (r == 0 && systemd->back) {
			systemd->back = false;
			r = job_is_gone(systemd, path, deadline_ms, err);
		}
		if (r != 0)
			return r < 0 ? r : 0; /* what became of it is seen by what it did */
	}
	if (strcmp(result, "done") == 0)
		return 0;
	err_bad_errno(err, ERR_OTHER, EREMOTEIO,
		"systemd could not %s unit \"%s\": the job's result is \"%s\"", what,
		systemd->unit.name, result);
	err_hint(err, "see journalctl -u %s", systemd->unit.name);
	return err_result(err);
}

/* ---- plan ---- */

static int systemd_plan(const struct cgroup_where *where, struct cgroup *cgroup, struct err *err)
{
	int64_t deadline = clock_ms() + CALL_TIMEOUT_MS;
	struct systemd *systemd = xcalloc(1, sizeof(*systemd));
	auto_free char *base = NULL, *path = NULL;
	int r = unit_plan(where, &systemd->unit, err);

	cgroup->systemd = systemd;
	if (r == 0)
		r = unit_properties_annotations(where->annotations, &systemd->annotated, err);
	if (r == 0)
		r = cgroup_rootfd(cgroup, err);
	if (r == -ENOENT) {
		err_drop(err); /* whether that matters depends on the limits: cgroup_create() */
		cgroup->absence = CGROUP_NO_HIERARCHY;
		return 0;
	}
	if (r >= 0)
		r = systemd_connect(systemd, where->rootless, geteuid(), deadline, err);
	if (r == 0) {
		r = get_string(
			systemd, SYSTEMD_PATH, MANAGER, "ControlGroup", deadline, &base, err);
		if (r > 0)
			r = err_bad_errno(err, ERR_OTHER, ENOENT, "no systemd is on the bus");
		if (r < 0)
			return no_systemd(where->rootless, geteuid(), err);
	}
	if (r < 0)
		return r;
	path = xasprintf("%s%s%s", systemd->unit.path, systemd->unit.subgroup ? "/" : "",
		systemd->unit.subgroup ? systemd->unit.subgroup : "");
	cgroup->unit = xstrdup(systemd->unit.name);
	return where_join(base, path, "linux.cgroupsPath", &cgroup->path, err);
}

/* ---- make ---- */

/* The cgroup of the unit itself: the path without the sub-cgroup. */
static char *unit_path(const struct cgroup *cgroup)
{
	auto_free char *parent = where_parent(cgroup->path);
	const char *name = strrchr(parent, '/') + 1;

	if (cgroup->unit && strcmp(name, cgroup->unit) == 0 &&
		strcmp(strrchr(cgroup->path, '/') + 1, cgroup->unit) != 0)
		return take_ptr(&parent);
	return xstrdup(cgroup->path);
}

static int unit_exists(const struct systemd *systemd, struct bus_message *reply, struct err *err)
{
	refused("start", systemd->unit.name, reply, err);
	err_hint(err,
		"another container, or something else, runs under this name: see systemctl status "
		"%s; every container needs a linux.cgroupsPath of its own",
		systemd->unit.name);
	return err_result(err);
}

/* One StartTransientUnit: 0 and the job's path, or 1 and the reply. */
static int start_once(struct systemd *systemd, const struct unit_properties *properties,
	int64_t deadline_ms, struct bus_message *out_reply, struct err *err)
{
	auto_(strbuf) struct strbuf args = STRBUF_INIT;
	struct bus_method m;
	int r;

	wire_string(&args, systemd->unit.name);
	wire_string(&args, "fail"); /* no job of anybody else's is replaced */
	r = unit_properties_put(properties, &args, err);
	if (r < 0)
		return r;
	wire_array_end(&args, wire_array_begin(&args, 8)); /* no further units */
	return call(systemd, method(&m, "StartTransientUnit", "ssa(sv)a(sa(sv))"), &args,
		deadline_ms, out_reply, err);
}

/* Where the process really is: systemd's word is good, the kernel's is better. */
static int place_check(const struct cgroup *cgroup, pid_t pid, struct err *err)
{
	auto_free char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	auto_free char *text = NULL, *own = NULL, *expected = unit_path(cgroup);
	int r = host_read(AT_FDCWD, file, PROC_CGROUP_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	own = where_own_path(text);
	if (own && strcmp(own, expected) == 0)
		return 0;
	return err_bad_errno(err, ERR_OTHER, EREMOTEIO,
		"systemd has put the process into cgroup \"%s\" instead of \"%s\"", own ? own : "",
		expected);
}

/*
 * What this systemd does not know is found out by using it: a property that only repeats what a
 * file of the cgroup says is left out when it is refused.
 */
static int start_unit(struct cgroup *cgroup, pid_t pid, struct unit_properties *properties,
	int64_t deadline_ms, struct err *err)
{
	struct systemd *systemd = cgroup->systemd;
	bool was_reset = false;

	for (;;) {
		auto_(bus_message) struct bus_message reply = { 0 };
		struct wire_reader text;
		const char *why;
		int r = start_once(systemd, properties, deadline_ms, &reply, err);

		if (r < 0)
			return r;
		if (r == 0) {
			const char *job = wire_read_string(&reply.body);

			return wait_job(systemd, "start", job, deadline_ms, err);
		}
		if (is_error(&reply, SYSTEMD ".UnitExists")) {
			/* An earlier try, whose answer was lost when systemd was re-executed. */
			if (place_check(cgroup, pid, err) == 0)
				return 0;
			err_drop(err);
			if (was_reset)
				return unit_exists(systemd, &reply, err);
			was_reset = true;
			if (reset_failed(systemd, deadline_ms, err) < 0)
				return err_result(err);
			continue;
		}
		text = reply.body;
		why = wire_read_string(&text);
		if (!unit_properties_drop_named(properties, why))
			return refused("start", systemd->unit.name, &reply, err);
		log_debug("systemd: %s", why);
		was_reset = false; /* the refused unit may linger for a moment */
	}
}

/* The directory of the unit itself. */
static int unit_open(struct cgroup *cgroup, struct err *err)
{
	auto_free char *path = unit_path(cgroup);
	int rootfd = cgroup_rootfd(cgroup, err);

	return rootfd < 0 ? rootfd : where_openat(rootfd, path, 0, err);
}

/* systemd does not look whether anybody lives where it puts a new unit. */
static int unit_fitness_check(struct cgroup *cgroup, struct err *err)
{
	auto_free char *path = unit_path(cgroup);
	auto_close int fd = unit_open(cgroup, err);

	if (fd >= 0)
		return cgroup_fitness_check(&(struct cgroup){ .path = path, .fd = fd }, true, err);
	if (fd != -ENOENT)
		return fd;
	err_drop(err); /* the usual case */
	return 0;
}

/* The limits of a sub-cgroup are those of its unit: there the weights count, and there they stay
 * exact (cpu.max) whatever systemd has rounded. */
static int unit_limit(struct cgroup *cgroup, const struct limits *limits, struct err *err)
{
	auto_close int fd = unit_open(cgroup, err);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; r == 0 && i < limits->count; i++) {
		const struct limits one = { .items = &limits->items[i], .count = 1 };

		if (strcmp(one.items->file, "memory.reclaim") != 0) /* an action, and done */
			r = limits_apply(fd, &one, err);
	}
	return r;
}

static int attach(int dirfd, pid_t pid, struct err *err)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)pid);

	return host_write(dirfd, "cgroup.procs", text, (size_t)len, err);
}

/* A new process in a frozen cgroup would never run, and we would wait for it. */
static int frozen_check(const struct cgroup *cgroup, struct err *err)
{
	struct cgroup_events events;
	int r = events_read(cgroup->fd, &events, err);

	if (r < 0 || !events.frozen)
		return r;
	err_bad_errno(err, ERR_STATE, EBUSY,
		"cgroup \"%s\" cannot take a new container: it is "
		"frozen",
		cgroup->path);
	err_hint(err, "a slice above it is frozen: systemctl thaw %s", cgroup->systemd->unit.slice);
	return err_result(err);
}

/* The unit runs: goes to the cgroup that the container is to have, and opens it. */
static int settle(struct cgroup *cgroup, pid_t pid, struct err *err)
{
	struct unit *unit = &cgroup->systemd->unit;
	auto_close int fd = unit_open(cgroup, err);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && !unit_is_slice(unit->name))
		r = place_check(cgroup, pid, err);
	if (r == 0 && unit->subgroup)
		r = host_mkdir(fd, unit->subgroup, 0755, err);
	if (r >= 0)
		r = where_openat(cgroup->rootfd, cgroup->path, 0, err);
	if (r < 0)
		return r;
	cgroup->fd = r;
	if (unit->subgroup || unit_is_slice(unit->name))
		r = attach(cgroup->fd, pid, err);
	return r < 0 ? r : frozen_check(cgroup, err);
}

static int stop_unit(struct cgroup *cgroup, int64_t deadline_ms, struct err *err);

static void systemd_unmake(struct cgroup *cgroup, unsigned int made)
{
	int64_t deadline = clock_ms() + START_TIMEOUT_MS;
	struct err err = { 0 };
	auto_close int fd = unit_open(cgroup, &err);

	(void)made;
	/* Killed by us: init has no handler for systemd's SIGTERM, and would make it wait. */
	if (fd < 0 || kill_all(fd, deadline, &err) < 0 ||
		events_wait(fd, EVENT_POPULATED, false, deadline, &err) < 0)
		err_drop(&err); /* the unit is stopped anyhow */
	if (stop_unit(cgroup, deadline, &err) < 0)
		log_warn("%s", err.msg);
}

static int systemd_make(struct cgroup *cgroup, pid_t pid, const struct limits *limits,
	unsigned int *out_made, struct err *err)
{
	int64_t deadline = clock_ms() + START_TIMEOUT_MS;
	struct systemd *systemd = cgroup->systemd;
	auto_(unit_properties) struct unit_properties properties = { 0 };
	int r = cgroup_rootfd(cgroup, err);

	unit_properties_basic(&systemd->unit, cgroup->id, pid, &properties);
	unit_properties_limits(limits, &properties);
	for (size_t i = 0; i < systemd->annotated.count; i++) {
		const struct unit_property *item = &systemd->annotated.items[i];

		unit_properties_add(&properties, item->name, xstrdup(item->value), true);
	}
	if (r >= 0 && !unit_is_slice(systemd->unit.name))
		r = unit_fitness_check(cgroup, err);
	if (r >= 0)
		r = start_unit(cgroup, pid, &properties, deadline, err);
	if (r < 0)
		return r;
	r = settle(cgroup, pid, err);
	if (r == 0)
		r = controllers_enable(cgroup->rootfd, cgroup->path, limits, err);
	if (r == 0 && systemd->unit.subgroup)
		r = unit_limit(cgroup, limits, err);
	if (r < 0) {
		fd_close(&cgroup->fd);
		systemd_unmake(cgroup, 1);
		return r;
	}
	*out_made = 1;
	return 0;
}

/* ---- what a recorded container needs ---- */

static int reconnect(struct cgroup *cgroup, int64_t deadline_ms, struct err *err)
{
	uint32_t uid = 0;
	bool user = unit_user_of(cgroup->path, &uid);

	if (!cgroup->systemd)
		cgroup->systemd = xcalloc(1, sizeof(*cgroup->systemd));
	if (!cgroup->systemd->unit.name)
		cgroup->systemd->unit.name = xstrdup(cgroup->unit);
	return systemd_connect(cgroup->systemd, user, uid, deadline_ms, err);
}

/* ---- attach ---- */

/* What of the path is below the unit's cgroup: "/", "/inner"; NULL: it is not. */
static const char *below_unit(const struct cgroup *cgroup)
{
	size_t len = strlen(cgroup->unit);

	for (const char *at = strstr(cgroup->path, cgroup->unit); at;
		at = strstr(at + 1, cgroup->unit))
		if (at[-1] == '/' && (at[len] == '/' || at[len] == '\0'))
			return at[len] ? at + len : "/";
	return NULL;
}

static int systemd_attach(struct cgroup *cgroup, pid_t pid, struct err *err)
{
	int64_t deadline = clock_ms() + CALL_TIMEOUT_MS;
	const char *below = cgroup->unit ? below_unit(cgroup) : NULL;
	auto_(strbuf) struct strbuf args = STRBUF_INIT;
	auto_(bus_message) struct bus_message reply = { 0 };
	struct wire_array pids;
	struct bus_method m;
	int r;

	if (!below)
		return err_bad_errno(err, ERR_SYSTEM, EACCES,
			"cgroup \"%s\" is not of the container's systemd unit, and not delegated "
			"to "
			"this user",
			cgroup->path);
	wire_string(&args, cgroup->unit);
	wire_string(&args, below);
	pids = wire_array_begin(&args, 4);
	wire_number(&args, 4, (uint64_t)pid);
	wire_array_end(&args, pids);
	r = reconnect(cgroup, deadline, err);
	if (r == 0)
		r = call(cgroup->systemd, method(&m, "AttachProcessesToUnit", "ssau"), &args,
			deadline, &reply, err);
	return r > 0 ? refused("put a process into", cgroup->unit, &reply, err) : r;
}

/* ---- update ---- */

/*
 * systemd answers first and writes afterwards, before it reads the next message: the answer to one
 * more question is the sign that it is done.
 */
static int wait_applied(struct systemd *systemd, int64_t deadline_ms, struct err *err)
{
	auto_free char *ignored = NULL;

	return get_string(
		systemd, SYSTEMD_PATH, MANAGER, "ControlGroup", deadline_ms, &ignored, err);
}

static int set_properties(struct systemd *systemd, struct unit_properties *properties,
	int64_t deadline_ms, struct err *err)
{
	while (properties->count > 0) {
		auto_(strbuf) struct strbuf args = STRBUF_INIT;
		auto_(bus_message) struct bus_message reply = { 0 };
		struct wire_reader text;
		struct bus_method m;
		int r;

		wire_string(&args, systemd->unit.name);
		wire_number(&args, 4, true); /* until the unit ends, and not on disk */
		r = unit_properties_put(properties, &args, err);
		if (r == 0)
			r = call(systemd, method(&m, "SetUnitProperties", "sba(sv)"), &args,
				deadline_ms, &reply, err);
		if (r == 0)
			r = wait_applied(systemd, deadline_ms, err);
		if (r <= 0)
			return r;
		text = reply.body;
		if (!unit_properties_drop_named(properties, wire_read_string(&text)))
			return refused("change", systemd->unit.name, &reply, err);
	}
	return 0;
}

/* Whatever is told about the CPU, systemd writes its own idea of cpu.max as well, a whole
 * percentage. */
static int set_exactly(struct cgroup *cgroup, struct unit_properties *properties,
	int64_t deadline_ms, struct err *err)
{
	auto_close int fd = unit_open(cgroup, err);
	auto_free char *cpu_max = NULL;
	int r = fd < 0 ? fd : host_read(fd, "cpu.max", CPU_MAX_SIZE, &cpu_max, NULL, err);

	if (r == -ENOENT && fd >= 0) {
		err_drop(err); /* without the controller there is nothing to keep */
		r = 0;
	}
	if (r == 0)
		r = reconnect(cgroup, deadline_ms, err);
	if (r == 0)
		r = set_properties(cgroup->systemd, properties, deadline_ms, err);
	if (r == 0 && cpu_max)
		r = host_write(fd, "cpu.max", cpu_max, strlen(cpu_max), err);
	return r;
}

static int systemd_update(struct cgroup *cgroup, const struct limits *limits, struct err *err)
{
	int64_t deadline = clock_ms() + CALL_TIMEOUT_MS;
	auto_(unit_properties) struct unit_properties properties = { 0 };
	int r = 0;

	if (!cgroup->unit)
		return 0;
	unit_properties_limits(limits, &properties);
	if (properties.count > 0)
		r = set_exactly(cgroup, &properties, deadline, err);
	return r < 0 ? r : unit_limit(cgroup, limits, err);
}

/* ---- stop ---- */

/* 1: there is no unit of this name, or it is another's. */
static int find_own(struct cgroup *cgroup, int64_t deadline_ms, struct err *err)
{
	struct systemd *systemd = cgroup->systemd;
	auto_free char *object = unit_object(systemd->unit.name);
	auto_free char *own = unit_path(cgroup), *has = NULL;
	const char *interface =
		unit_is_slice(systemd->unit.name) ? SYSTEMD ".Slice" : SYSTEMD ".Scope";
	int r = get_string(systemd, object, interface, "ControlGroup", deadline_ms, &has, err);

	if (!has)
		return r;
	return *has && strcmp(has, own) != 0; /* "": it has ended, or failed */
}

static int stop_unit(struct cgroup *cgroup, int64_t deadline_ms, struct err *err)
{
	struct systemd *systemd = cgroup->systemd;
	auto_(bus_message) struct bus_message reply = { 0 };
	int r = find_own(cgroup, deadline_ms, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = call_unit(systemd, "StopUnit", "replace", deadline_ms, &reply, err);
	if (r > 0 && is_error(&reply, SYSTEMD ".NoSuchUnit"))
		return 0;
	if (r > 0)
		return refused("stop", systemd->unit.name, &reply, err);
	if (r == 0)
		r = wait_job(systemd, "stop", wire_read_string(&reply.body), deadline_ms, err);
	return r < 0 ? r : reset_failed(systemd, deadline_ms, err);
}

/* With a time limit of its own: a systemd that is being re-executed takes longer than processes
 * that were killed. */
static int systemd_stop(struct cgroup *cgroup, struct err *err)
{
	int64_t deadline = clock_ms() + CALL_TIMEOUT_MS;
	int r = cgroup->unit ? reconnect(cgroup, deadline, err) : 0;

	if (r == 0 && cgroup->unit)
		r = stop_unit(cgroup, deadline, err);
	return r;
}

const struct cgroup_manager_ops systemd_ops = {
	.plan = systemd_plan,
	.make = systemd_make,
	.unmake = systemd_unmake,
	.attach = systemd_attach,
	.update = systemd_update,
	.stop = systemd_stop,
	.needs_process = true,
};
