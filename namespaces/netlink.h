/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink requests on libnl-3 (core only), with the kernel's errno and reason kept, which
 * libnl's own error numbers lose.  Private to namespaces/. */
#pragma once

#include <linux/if_addr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What the kernel says about a refusal ("extended ack"), "" when it says nothing. */
struct netlink_reason {
	char text[160];
};

struct netlink_request {
	struct nl_msg *msg;
	bool incomplete; /* something did not fit: sending fails with ENOMEM */
};

/* A NETLINK_ROUTE socket of the current network namespace. */
int netlink_open(struct nl_sock **out_sk, struct err *err) MUST_USE;
void netlink_close(struct nl_sock **sk);

/* @header: struct ifinfomsg, struct ifaddrmsg ... */
struct netlink_request netlink_begin(int type, int flags, const void *header, size_t size);
void netlink_put(struct netlink_request *request, int attribute, const void *data, size_t size);

/*
 * Sends the request, which is released, and calls @each (may be NULL) for every answer until the
 * kernel's acknowledgement or the end of the dump.  Returns 0 or the kernel's -errno, with
 * *out_reason; -EAGAIN for a dump that changed under way.
 */
int netlink_call(struct nl_sock *sk, struct netlink_request *request,
	void (*each)(struct nlmsghdr *answer, void *arg), void *arg,
	struct netlink_reason *out_reason) MUST_USE;

/* What an address had from its owner; the rest of its flags is the kernel's. */
#define ADDRESS_FLAGS_KEPT                                                              \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | \
		IFA_F_MCAUTOJOIN)

/* All flags of an RTM_NEWADDR message, of which its header has room for some. */
uint32_t netlink_address_flags(struct nlmsghdr *message);
