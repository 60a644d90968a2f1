/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers: the commands that are connected to the control socket (control.h), as the monitor holds
 * them.  What they ask for is command.c's.  Private to the monitor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "runtime/kvm/control.h"

struct peer {
	struct peer *next;
	int fd;
	uint32_t session; /* of its EXEC; else 0 */
	bool wants_oom;
	bool closed; /* to be freed */
};

struct peers {
	struct peer *first;
	size_t count;
};

/* The next connection at the listening @fd, if it is there and not one too many. */
void peer_accept(struct peers *all, int fd);

/* Takes the first peer that is closed out of the list; NULL: none is.  For peer_free(). */
struct peer *peer_take_closed(struct peers *all);
void peer_free(struct peer *peer);

/* Messages; a peer that has gone (NULL) needs none, and who goes now is closed. */
void peer_tell(struct peer *peer, const struct control_msg *msg);
void peer_tell_done(struct peer *peer);
void peer_tell_failed(struct peer *peer, const struct err *error);
