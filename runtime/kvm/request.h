/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests: what the monitor has asked the guest (frame.h) and has no answer to yet.  An answer must
 * be to a question that was asked.  Private to the monitor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "runtime/kvm/frame.h"

struct monitor;
struct peer;

struct request {
	struct request *next;
	uint32_t number;
	/* What is to be done at the answer: @error, or NULL and the parts in @answer.  NULL: nobody
	 * wants to know. */
	void (*on_answer)(struct monitor *m, struct request *q, const struct err *error);
	uint32_t session; /* EXEC */
	struct peer *peer; /* who is told; NULL: nobody, or it has gone */
	int output; /* file for the answer; owned */
	int starter; /* START: a channel of runtime/sync.h; owned */
	struct frame_parts answer;
	bool done; /* of monitor_request(): the owner looks at it */
	bool keep;
	struct err err;
};

struct requests {
	struct monitor *monitor; /* for on_answer() */
	struct frame_writer *writer; /* to the guest; borrowed */
	struct request *first;
	uint32_t last_number;
};

/* Queues a request for the guest.  Freed after its answer, or with @keep by its owner. */
struct request *request_new(
	struct requests *all, enum frame_type type, uint32_t stream, const void *body, size_t len);
void request_free(struct requests *all, struct request *q);

/* A signal for a session's process, whose answer nobody waits for. */
void request_signal(struct requests *all, uint32_t session, int signal);

/* DONE or FAILED of the guest.  -EPROTO when nobody asked. */
int request_take_answer(struct requests *all, const struct frame *frame, struct err *err) MUST_USE;
