// SPDX-License-Identifier: Apache-2.0
/*
 * The monitor's end of the agent's port: what the guest says, each frame handed to whom it
 * concerns.
 *
 * The guest is not trusted, and neither is what it says about itself: frames have a fixed largest
 * size, a message of several frames has another; an answer must be to a question that was asked,
 * data for a session that exists and within its window; anything else ends the machine.  Text of
 * the guest is made printable; nothing the guest says becomes a path, an id or a size of memory
 * here.
 */
#include "runtime/kvm/monitor-internal.h"

#include <errno.h>
#include <string.h>

#include "base/channel.h"
#include "base/log.h"
#include "runtime/notify.h"

/* Frames at a time, and log messages altogether: a guest that says ever more must neither hold up the
 * commands on it nor fill the caller's log. */
#define FRAMES_MAX 64
#define LOGS_MAX 1000

static int take_hello(struct monitor *m, const struct frame *frame, struct err *err)
{
	uint32_t version = 0;

	if (frame->len == sizeof(version))
		memcpy(&version, frame->payload, sizeof(version));
	if (m->greeted || version != FRAME_VERSION)
		return err_bad_errno(err, ERR_OTHER, EPROTO,
			"the agent greets with version %u, not %u", version, FRAME_VERSION);
	m->greeted = true;
	return 0;
}

static int take_oom(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct control_msg msg = { .type = CONTROL_OOM };

	if (frame->len != sizeof(m->oom_count))
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "an OOM count of %u bytes", frame->len);
	memcpy(&m->oom_count, frame->payload, sizeof(m->oom_count));
	msg.count = m->oom_count;
	for (struct peer *peer = m->peers.first; peer; peer = peer->next)
		if (peer->wants_oom)
			peer_tell(peer, &msg);
	return 0;
}

/* As it is: who listens knows what a container may say (runtime/notify.c). */
static int take_notify(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct err lost;

	if (frame->len > NOTIFY_MESSAGE_MAX)
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "a notify message of %u bytes", frame->len);
	/* A listener that has gone, or takes nothing, misses it, as with a socket of its own. */
	if (m->notify >= 0 &&
		channel_send(m->notify, frame->payload, frame->len, NULL, 0, &lost) < 0)
		err_drop(&lost);
	return 0;
}

static int take_log(struct monitor *m, const struct frame *frame, struct err *err)
{
	char text[513];
	size_t len = frame->len - 4;

	if (frame->len < 4 || len >= sizeof(text))
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "a log message of %u bytes", frame->len);
	if (m->guest_logs > LOGS_MAX)
		return 0;
	if (m->guest_logs++ == LOGS_MAX) {
		log_warn("the guest has sent %d messages; what else it sends is dropped", LOGS_MAX);
		return 0;
	}
	memcpy(text, frame->payload + 4, len);
	text[len] = '\0';
	frame_clean_text(text);
	if (frame->payload[0] >= LOG_LEVEL_DEBUG)
		log_debug("guest: %s", text);
	else
		log_warn("guest: %s", text);
	return 0;
}

static int take_frame(struct monitor *m, const struct frame *frame, struct err *err)
{
	if (!m->greeted && frame->type != FRAME_HELLO)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "\"%s\" before the greeting",
			frame_name(frame->type));
	switch (frame->type) {
	case FRAME_HELLO:
		return take_hello(m, frame, err);
	case FRAME_DONE:
	case FRAME_FAILED:
		return request_take_answer(&m->requests, frame, err);
	case FRAME_DATA:
		return session_take_data(&m->sessions, frame, err);
	case FRAME_END:
		return session_take_end(&m->sessions, frame, err);
	case FRAME_CREDIT:
		return session_take_credit(&m->sessions, frame, err);
	case FRAME_EXITED:
		return session_take_exit(&m->sessions, frame, err);
	case FRAME_OOM:
		return take_oom(m, frame, err);
	case FRAME_NOTIFY:
		return take_notify(m, frame, err);
	case FRAME_LOG:
		return take_log(m, frame, err);
	default:
		return err_bad_errno(err, ERR_OTHER, EPROTO, "\"%s\" is not the guest's to say",
			frame_name(frame->type));
	}
}

int port_hear(struct monitor *m, struct err *err)
{
	struct frame frame;
	int r;

	m->unheard = false;
	for (int i = 0; i < FRAMES_MAX; i++) {
		r = frame_read(&m->reader, m->config.port, &frame, err);
		if (r <= 0)
			return r;
		r = take_frame(m, &frame, err);
		if (r < 0)
			return err_in(err, "the guest broke the protocol");
	}
	m->unheard = true;
	return 0;
}
