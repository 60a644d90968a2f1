// SPDX-License-Identifier: Apache-2.0
/* Connections of commands to the monitor: see the header. */
#include "runtime/kvm/peer.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/mem.h"

#define PEERS_MAX 1024

void peer_accept(struct peers *all, int fd)
{
	/* A command that does not listen must not hold up the container. */
	auto_close int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer;

	if (conn < 0 || all->count >= PEERS_MAX)
		return;
	peer = xcalloc(1, sizeof(*peer));
	*peer = (struct peer){ .next = all->first, .fd = take_fd(&conn) };
	all->first = peer;
	all->count++;
}

struct peer *peer_take_closed(struct peers *all)
{
	for (struct peer **at = &all->first; *at; at = &(*at)->next) {
		struct peer *peer = *at;

		if (peer->closed) {
			*at = peer->next;
			all->count--;
			return peer;
		}
	}
	return NULL;
}

void peer_free(struct peer *peer)
{
	close(peer->fd);
	free(peer);
}

void peer_tell(struct peer *peer, const struct control_msg *msg)
{
	struct err lost;

	if (peer && channel_send(peer->fd, msg, sizeof(*msg), NULL, 0, &lost) < 0)
		peer->closed = true;
}

void peer_tell_done(struct peer *peer)
{
	const struct control_msg msg = { .type = CONTROL_DONE };

	peer_tell(peer, &msg);
}

void peer_tell_failed(struct peer *peer, const struct err *error)
{
	const struct control_msg msg = { .type = CONTROL_FAILED, .err = *error };

	peer_tell(peer, &msg);
}
