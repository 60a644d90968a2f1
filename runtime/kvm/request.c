// SPDX-License-Identifier: Apache-2.0
/* Requests of the monitor to the guest: see the header. */
#include "runtime/kvm/request.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

struct request *request_new(
	struct requests *all, enum frame_type type, uint32_t stream, const void *body, size_t len)
{
	struct request *q = xcalloc(1, sizeof(*q));

	*q = (struct request){
		.next = all->first,
		.number = ++all->last_number,
		.output = FD_NONE,
		.starter = FD_NONE,
	};
	all->first = q;
	frame_put_long(all->writer, type, stream, q->number, body, len);
	return q;
}

void request_free(struct requests *all, struct request *q)
{
	struct request **at = &all->first;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	fd_close(&q->output);
	fd_close(&q->starter);
	frame_parts_release(&q->answer);
	free(q);
}

void request_signal(struct requests *all, uint32_t session, int signal)
{
	const struct wire_signal wire = { .signal = signal };

	request_new(all, FRAME_SIGNAL, session, &wire, sizeof(wire));
}

static void answered(struct requests *all, struct request *q, const struct err *error)
{
	if (q->on_answer)
		q->on_answer(all->monitor, q, error);
	q->done = true;
	if (error)
		q->err = *error;
	if (!q->keep)
		request_free(all, q);
}

int request_take_answer(struct requests *all, const struct frame *frame, struct err *err)
{
	struct request *q = all->first;
	struct err error;
	int r;

	while (q && (q->number != frame->number || q->done))
		q = q->next;
	if (!q)
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "an answer to a question that nobody asked");
	if (frame->type == FRAME_FAILED) {
		frame_get_err(frame, &error);
		answered(all, q, &error);
		return 0;
	}
	r = frame_collect(&q->answer, frame, FRAME_ANSWER_MAX, err);
	if (r > 0)
		answered(all, q, NULL);
	return r < 0 ? r : 0;
}
