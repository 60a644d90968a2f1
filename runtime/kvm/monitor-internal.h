/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor (monitor.h) of the guest's sessions, the requests to it and the peers at the control
 * socket.  Shared by the files that implement it: port.c hears the guest, command.c the peers,
 * start.c the gate; monitor.c has the loop that calls them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "runtime/kvm/frame.h"
#include "runtime/kvm/monitor.h"
#include "runtime/kvm/peer.h"
#include "runtime/kvm/request.h"
#include "runtime/kvm/session.h"

struct monitor {
	struct monitor_config config;
	int signals;
	int gate;
	int caller; /* has come through the gate and not spoken yet; owned */
	int starter; /* who waits for the start (runtime/sync.h), until it is begun; owned */
	int notify; /* takes what the process says to NOTIFY_SOCKET; owned; FD_NONE: nobody */
	struct frame_reader reader;
	struct frame_writer writer;
	struct peers peers;
	struct requests requests;
	struct sessions sessions;
	bool greeted;
	bool unheard; /* the guest may have sent more than port_hear() has taken */
	unsigned int guest_logs; /* how many messages of the guest have been handed on */
	uint64_t oom_count;
	int64_t kill_at; /* milliseconds of the monotonic clock; 0: no SIGKILL is under way */
	bool failed_start; /* the container cannot be started any more */
};

/* How long the guest may take over a SIGKILL before the machine itself is ended. */
#define MONITOR_KILL_SECONDS 10

/* port.c: takes frames that the guest has sent; m->unheard says whether there may be more. */
int port_hear(struct monitor *m, struct err *err) MUST_USE;

/* command.c: takes one message of a peer, answers it or queues what it asks for. */
void command_hear(struct monitor *m, struct peer *peer);

/* command.c: frees the peers that have gone, and ends what was run for them. */
void command_free_closed(struct monitor *m);

/* start.c: START, when it is wanted and the commands that came before it have been taken. */
void start_in_turn(struct monitor *m);

/* start.c: a connection at the gate, or what it says. */
void start_hear(struct monitor *m);
