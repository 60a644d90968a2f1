// SPDX-License-Identifier: Apache-2.0
/*
 * rtnetlink requests: one request, its answers, its acknowledgement.
 *
 * Runs in the parent (libnl uses the heap).  libnl frames, numbers and reads the messages; errors
 * are taken from the kernel's own message, because libnl translates errno into numbers of its own.
 */
#include "namespaces/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/handlers.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* One netlink_call() under way. */
struct call {
	void (*each)(struct nlmsghdr *answer, void *arg);
	void *arg;
	struct netlink_reason *reason;
	int error; /* negative errno */
	bool done;
};

int netlink_open(struct nl_sock **out_sk, struct err *err)
{
	struct nl_sock *sk = nl_socket_alloc();
	int on = 1, r;

	if (!sk)
		return err_sys(err, ENOMEM, "allocate a netlink socket");
	r = nl_connect(sk, NETLINK_ROUTE);
	if (r < 0) {
		nl_socket_free(sk);
		return err_bad_errno(
			err, ERR_SYSTEM, EIO, "open a netlink socket: %s", nl_geterror(r));
	}
	/* Kernels before 4.12 give no reasons: nothing but the reasons is lost. */
	(void)setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	*out_sk = sk;
	return 0;
}

void netlink_close(struct nl_sock **sk)
{
	nl_socket_free(*sk);
	*sk = NULL;
}

struct netlink_request netlink_begin(int type, int flags, const void *header, size_t size)
{
	struct netlink_request request = { nlmsg_alloc_simple(type, NLM_F_REQUEST | flags), false };
	void *room = request.msg ? nlmsg_reserve(request.msg, size, NLMSG_ALIGNTO) : NULL;

	if (room)
		memcpy(room, header, size);
	else
		request.incomplete = true;
	return request;
}

void netlink_put(struct netlink_request *request, int attribute, const void *data, size_t size)
{
	if (!request->incomplete && nla_put(request->msg, attribute, (int)size, data) < 0)
		request->incomplete = true;
}

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	if (call->each)
		call->each(nlmsg_hdr(msg), call->arg);
	return NL_OK;
}

/* The acknowledgement of a request, the end of a dump. */
static int on_end(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	(void)msg;
	call->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct call *call = arg;
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)error - NLMSG_HDRLEN);
	size_t skip = sizeof(*error);
	struct nlattr *text = NULL;

	(void)from;
	call->done = true;
	call->error = error->error;
	/* The refused request is quoted before the attributes, unless it is left out. */
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		text = nlmsg_find_attr(header, (int)skip, NLMSGERR_ATTR_MSG);
	if (text)
		snprintf(call->reason->text, sizeof(call->reason->text), "%.*s", nla_len(text),
			(const char *)nla_data(text));
	return NL_STOP;
}

static int receive(struct nl_sock *sk, struct call *call)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int r = 0;

	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, call);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, call);
	while (!call->done && r >= 0)
		r = nl_recvmsgs(sk, cb);
	nl_cb_put(cb);
	if (call->error)
		return call->error;
	if (r == -NLE_DUMP_INTR)
		return -EAGAIN;
	if (r < 0 && !call->done) {
		snprintf(call->reason->text, sizeof(call->reason->text), "%s", nl_geterror(r));
		return -EIO;
	}
	return 0;
}

int netlink_call(struct nl_sock *sk, struct netlink_request *request,
	void (*each)(struct nlmsghdr *answer, void *arg), void *arg,
	struct netlink_reason *out_reason)
{
	struct call call = { .each = each, .arg = arg, .reason = out_reason };
	int r = -ENOMEM;

	out_reason->text[0] = '\0';
	if (!request->incomplete) {
		r = nl_send_auto(sk, request->msg);
		if (r < 0)
			snprintf(out_reason->text, sizeof(out_reason->text), "%s", nl_geterror(r));
		r = r < 0 ? -EIO : receive(sk, &call);
	}
	nlmsg_free(request->msg);
	request->msg = NULL;
	return r;
}

uint32_t netlink_address_flags(struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = nlmsg_data(message);
	struct nlattr *flags = nlmsg_find_attr(message, sizeof(*info), IFA_FLAGS);

	return flags ? nla_get_u32(flags) : info->ifa_flags;
}
