/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ways to run a container: on the host's kernel (native), or on a kernel of its own in a
 * small virtual machine (kvm).  Everything that differs between them is a function here, so that
 * nothing else asks in which mode it is.  The mode is recorded in the state: a command on a
 * container that exists goes by the record and by nothing else.
 *
 * Private to runtime/.
 */
#pragma once

#include "base/err.h"
#include "runtime/container-internal.h"

struct creation;
struct execution;

struct isolation {
	enum isolation_mode mode;
	unsigned int phases; /* INIT_*: its rows of init's table (init.h) */
	bool own_terminals; /* the host's pass all on as it is: their line discipline is the guest's */
	bool own_notify; /* the socket for NOTIFY_SOCKET is none of the host's, in its tree */

	/* ---- create and run, in this order ---- */

	/* Refuses what the mode cannot do, before anything is made; NULL: nothing. */
	int (*check)(const struct creation *c, struct err *err);
	/* Decides what is the mode's own: the process, the machine.  Namespaces and tree are
	 * planned. */
	int (*plan)(struct creation *c, struct err *err);
	/* Clones init, and does what can be done while init works. */
	int (*clone)(struct creation *c, struct err *err);
	/* Init is ready: what has to be applied to it from outside; NULL: nothing. */
	int (*apply)(struct creation *c, struct err *err);
	void (*release)(struct creation *c); /* NULL: nothing */

	/* Before start: a socket at which comes what the process says to NOTIFY_SOCKET; the
	 * caller's. */
	int (*notify_listen)(struct container *c, struct err *err);

	/* ---- commands on a container that exists ---- */

	/* Before its program starts: what has changed around it since its creation; NULL: nothing. */
	int (*starting)(struct container *c, struct err *err);
	/* A signal for its process, with @all for every process of it. */
	int (*kill)(struct container *c, int signal, bool all, struct err *err);
	/* Its processes as ps -ef shows them, where the host's ps cannot; NULL: it can. */
	int (*ps_table)(struct container *c, char **out_text, struct err *err);
	int (*freeze)(struct container *c, bool freeze, struct err *err);
	/* @json: the resources as text, @resources: as they were read from it. */
	int (*update)(struct container *c, const struct spec_resources *resources, const char *json,
		size_t len, struct err *err);
	/* The "data" of a line of statistics; heap string. */
	int (*stats)(struct container *c, char **out_json, struct err *err);
	/* A descriptor that polls when oom_count() may have changed; the caller's. */
	int (*oom_watch)(struct container *c, struct err *err);
	/* Takes what @watch has told: 0 with the count, if it is known by now; 1 with it when nothing
	 * more is to come. */
	int (*oom_count)(struct container *c, int watch, uint64_t *io_count, struct err *err);

	/* ---- exec, in this order; as for create ---- */

	int (*exec_plan)(struct execution *e, const struct runtime *rt, struct err *err);
	int (*exec_clone)(struct execution *e, struct err *err);
	int (*exec_apply)(struct execution *e, struct err *err); /* NULL: nothing */
	void (*exec_release)(struct execution *e); /* NULL: nothing */
};

extern const struct isolation isolation_native, isolation_kvm;

/* The table of the modes; never NULL for a mode that was read from a state. */
const struct isolation *isolation_of(enum isolation_mode mode);

/*
 * The mode of a new container: what @requested (the command line and the program's name), the
 * annotations and a "vm" object ask for must agree; native when nothing asks.
 */
int isolation_choose(enum isolation_mode requested, const struct spec *spec,
	const struct isolation **out_isolation, struct err *err) MUST_USE;
