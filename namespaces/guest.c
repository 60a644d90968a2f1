// SPDX-License-Identifier: Apache-2.0
/*
 * The network of a container that runs on a kernel of its own: see the header.
 *
 * On the host, ns_guest_take() runs in the container's network namespace when whoever makes its
 * network has done so.  Each Ethernet device there gets a tap beside it, and what arrives at one is
 * sent out at the other (tc: qdisc "ingress", filter "matchall", action "mirred"), so the host's own
 * stack sees none of it.  The addresses, routes and neighbours are kept as the kernel dumps them.
 *
 * The filters are also the record of what was taken: a device whose filter leads to a tap that is
 * there belongs to a machine, this container's (ns_guest_take_new() passes over it) or another one's.
 *
 * In the guest, ns_guest_give() finds the devices by their hardware addresses, moves them into the
 * container's network namespace, and says to the kernel there what the host's kernel had said, with
 * the devices' numbers changed.
 */
#include "namespaces/namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "namespaces/netlink.h"

#define DUMP_TRIES 16

/* One device in the text that goes to the guest; the messages follow behind the last one. */
struct record {
	int32_t index; /* the host's */
	uint32_t mtu;
	uint8_t mac[6];
	char name[IF_NAMESIZE];
};

static int call(
	struct nl_sock *sk, struct netlink_request *request, const char *what, struct err *err)
{
	struct netlink_reason reason;
	int r = netlink_call(sk, request, NULL, NULL, &reason);

	if (r == 0)
		return 0;
	err_sys(err, -r, "%s", what);
	if (reason.text[0])
		err_hint(err, "the kernel says: %s", reason.text);
	return r;
}

static int dump(struct nl_sock *sk, int type, const void *head, size_t size,
	void (*each)(struct nlmsghdr *answer, void *arg), void *arg, const char *what,
	struct err *err)
{
	struct netlink_reason reason;
	int r = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		struct netlink_request request = netlink_begin(type, NLM_F_DUMP, head, size);

		each(NULL, arg); /* begin again */
		r = netlink_call(sk, &request, each, arg, &reason);
	}
	return r < 0 ? err_sys(err, -r, "%s", what) : 0;
}

/* ---- the host: what there is ---- */

/* With the taps of those that were taken before. */
#define FOUND_MAX (3ul * NS_GUEST_LINKS_MAX)

struct found {
	struct record records[FOUND_MAX];
	size_t count, more; /* more: those that are too many */
};

static void take_link(struct nlmsghdr *answer, void *arg)
{
	struct found *found = arg;
	const struct ifinfomsg *info;
	struct nlattr *mac, *name, *mtu;
	struct record *record;

	if (!answer) {
		*found = (struct found){ 0 };
		return;
	}
	info = nlmsg_data(answer);
	mac = nlmsg_find_attr(answer, sizeof(*info), IFLA_ADDRESS);
	name = nlmsg_find_attr(answer, sizeof(*info), IFLA_IFNAME);
	mtu = nlmsg_find_attr(answer, sizeof(*info), IFLA_MTU);
	if (answer->nlmsg_type != RTM_NEWLINK || info->ifi_type != ARPHRD_ETHER ||
		!(info->ifi_flags & IFF_UP) || !mac || nla_len(mac) != 6 || !name || !mtu)
		return;
	if (found->count == FOUND_MAX) {
		found->more++;
		return;
	}
	record = &found->records[found->count++];
	record->index = info->ifi_index;
	record->mtu = nla_get_u32(mtu);
	memcpy(record->mac, nla_data(mac), 6);
	snprintf(record->name, sizeof(record->name), "%.*s", nla_len(name),
		(const char *)nla_data(name));
}

struct messages {
	const struct found *found;
	struct strbuf *out;
	size_t begin; /* length of @out before this dump */
};

static bool is_ours(const struct found *found, int index)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->records[i].index == index)
			return true;
	return false;
}

static void keep(struct messages *m, const struct nlmsghdr *answer)
{
	static const char zero[NLMSG_ALIGNTO];

	strbuf_add(m->out, (const char *)answer, answer->nlmsg_len);
	strbuf_add(m->out, zero, NLMSG_ALIGN(answer->nlmsg_len) - answer->nlmsg_len);
}

static void restart(struct messages *m)
{
	m->out->len = m->begin;
}

/* Link-local addresses of IPv6 are made anew from the hardware address. */
static void take_address(struct nlmsghdr *answer, void *arg)
{
	struct messages *m = arg;
	const struct ifaddrmsg *info = answer ? nlmsg_data(answer) : NULL;

	if (!answer)
		restart(m);
	else if (answer->nlmsg_type == RTM_NEWADDR && is_ours(m->found, (int)info->ifa_index) &&
		!(info->ifa_family == AF_INET6 && info->ifa_scope == RT_SCOPE_LINK))
		keep(m, answer);
}

/* Those that the kernel makes of addresses it will make again. */
static void take_route(struct nlmsghdr *answer, void *arg)
{
	struct messages *m = arg;
	const struct rtmsg *info = answer ? nlmsg_data(answer) : NULL;
	struct nlattr *device;

	if (!answer) {
		restart(m);
		return;
	}
	device = nlmsg_find_attr(answer, sizeof(*info), RTA_OIF);
	if (answer->nlmsg_type == RTM_NEWROUTE && info->rtm_table == RT_TABLE_MAIN &&
		info->rtm_protocol != RTPROT_KERNEL && info->rtm_type == RTN_UNICAST &&
		!(info->rtm_flags & RTM_F_CLONED) && device &&
		is_ours(m->found, (int)nla_get_u32(device)))
		keep(m, answer);
}

static void take_neighbour(struct nlmsghdr *answer, void *arg)
{
	struct messages *m = arg;
	const struct ndmsg *info = answer ? nlmsg_data(answer) : NULL;

	if (!answer)
		restart(m);
	else if (answer->nlmsg_type == RTM_NEWNEIGH && (info->ndm_state & NUD_PERMANENT) &&
		is_ours(m->found, info->ndm_ifindex))
		keep(m, answer);
}

static int take_messages(
	struct nl_sock *sk, const struct found *found, struct strbuf *out, struct err *err)
{
	const struct ifaddrmsg address = { .ifa_family = AF_UNSPEC };
	const struct rtmsg route = { .rtm_family = AF_UNSPEC };
	const struct ndmsg neighbour = { .ndm_family = AF_UNSPEC };
	struct messages m = { found, out, out->len };
	int r = dump(sk, RTM_GETADDR, &address, sizeof(address), take_address, &m,
		"read the addresses", err);

	m.begin = out->len;
	if (r == 0)
		r = dump(sk, RTM_GETROUTE, &route, sizeof(route), take_route, &m, "read the routes",
			err);
	m.begin = out->len;
	if (r == 0)
		r = dump(sk, RTM_GETNEIGH, &neighbour, sizeof(neighbour), take_neighbour, &m,
			"read the neighbours", err);
	return r;
}

/* ---- the host: taps ---- */

static struct tcmsg filter_of(int index)
{
	return (struct tcmsg){
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = index,
		.tcm_handle = 1,
		.tcm_parent = TC_H_MAKE(TC_H_INGRESS, 0),
		.tcm_info = TC_H_MAKE(1u << 16, htons(ETH_P_ALL)),
	};
}

static struct nlattr *nested(struct nlattr *in, int type)
{
	return in ? nla_find(nla_data(in), nla_len(in), type) : NULL;
}

/* The device to which a filter of ours leads: *arg. */
static void take_partner(struct nlmsghdr *answer, void *arg)
{
	struct nlattr *at;
	struct tc_mirred mirred;

	if (answer->nlmsg_type != RTM_NEWTFILTER)
		return;
	at = nlmsg_find_attr(answer, sizeof(struct tcmsg), TCA_OPTIONS);
	at = nested(nested(nested(at, TCA_MATCHALL_ACT), 1), TCA_ACT_OPTIONS);
	at = nested(at, TCA_MIRRED_PARMS);
	if (!at || nla_len(at) < (int)sizeof(mirred))
		return;
	memcpy(&mirred, nla_data(at), sizeof(mirred));
	*(unsigned int *)arg = mirred.ifindex;
}

static void take_any(struct nlmsghdr *answer, void *arg)
{
	*(bool *)arg |= answer->nlmsg_type == RTM_NEWLINK;
}

/* Whether the device is one end of what redirect() makes.  When the other one has gone, it is what an
 * earlier container has left. */
static bool is_joined(struct nl_sock *sk, int index)
{
	const struct tcmsg tc = filter_of(index);
	struct netlink_request request = netlink_begin(RTM_GETTFILTER, 0, &tc, sizeof(tc));
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct netlink_reason none;
	unsigned int partner = 0;
	bool there = false;

	netlink_put(&request, TCA_KIND, "matchall", sizeof("matchall"));
	/* It says no in several ways: no such qdisc, no such filter. */
	if (netlink_call(sk, &request, take_partner, &partner, &none) < 0 || partner == 0)
		return false;
	info.ifi_index = (int)partner;
	request = netlink_begin(RTM_GETLINK, 0, &info, sizeof(info));
	return netlink_call(sk, &request, take_any, &there, &none) == 0 && there;
}

static int tap_open(struct err *err)
{
	int fd = host_open(AT_FDCWD, "/dev/net/tun", O_RDWR | O_NONBLOCK, 0, err);

	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		err_hint(err, "the host's kernel needs the module tun: modprobe tun");
	return fd;
}

static int tap_make(
	struct nl_sock *sk, unsigned int mtu, int *out_fd, int *out_index, struct err *err)
{
	auto_close int fd = tap_open(err);
	struct ifreq request = { .ifr_name = "tap%d",
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	struct netlink_request up;
	int r;

	if (fd < 0)
		return fd;
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return err_sys(err, errno, "ioctl TUNSETIFF");
	info.ifi_index = (int)if_nametoindex(request.ifr_name);
	if (info.ifi_index == 0)
		return err_sys(err, errno, "find the tap \"%s\"", request.ifr_name);
	up = netlink_begin(RTM_NEWLINK, 0, &info, sizeof(info));
	netlink_put(&up, IFLA_MTU, &mtu, sizeof(mtu));
	r = call(sk, &up, "set the tap up", err);
	if (r < 0)
		return r;
	*out_index = info.ifi_index;
	*out_fd = take_fd(&fd);
	return 0;
}

static int add_qdisc(struct nl_sock *sk, int index, struct err *err)
{
	const struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = index,
		.tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0),
		.tcm_parent = TC_H_INGRESS,
	};
	struct netlink_request request =
		netlink_begin(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tc, sizeof(tc));
	int r;

	netlink_put(&request, TCA_KIND, "ingress", sizeof("ingress"));
	r = call(sk, &request, "add the qdisc \"ingress\"", err);
	if (r == -EEXIST) {
		err_drop(err); /* of an earlier container in this namespace, perhaps */
		return 0;
	}
	if (r == -ENOENT)
		err_hint(err, "the host's kernel needs the module sch_ingress");
	return r;
}

/* A filter of an earlier container in this namespace, whose tap has gone. */
static void forget_filter(struct nl_sock *sk, int index)
{
	const struct tcmsg tc = filter_of(index);
	struct netlink_request request = netlink_begin(RTM_DELTFILTER, 0, &tc, sizeof(tc));
	struct netlink_reason none;

	netlink_put(&request, TCA_KIND, "matchall", sizeof("matchall"));
	/* As a rule there is none.  One that stays makes adding ours fail, and that is said. */
	if (netlink_call(sk, &request, NULL, NULL, &none) < 0)
		return;
}

/* Everything that arrives at @from is sent out at @to. */
static int redirect(struct nl_sock *sk, int from, int to, struct err *err)
{
	const struct tcmsg tc = filter_of(from);
	const struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN,
		.eaction = TCA_EGRESS_REDIR,
		.ifindex = (unsigned int)to,
	};
	struct netlink_request request =
		netlink_begin(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &tc, sizeof(tc));
	struct nlattr *options, *actions, *first, *parameters;
	int r;

	netlink_put(&request, TCA_KIND, "matchall", sizeof("matchall"));
	options = nla_nest_start(request.msg, TCA_OPTIONS);
	actions = nla_nest_start(request.msg, TCA_MATCHALL_ACT);
	first = nla_nest_start(request.msg, 1);
	netlink_put(&request, TCA_ACT_KIND, "mirred", sizeof("mirred"));
	parameters = nla_nest_start(request.msg, TCA_ACT_OPTIONS);
	netlink_put(&request, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	if (!options || !actions || !first || !parameters) {
		request.incomplete = true;
	} else {
		nla_nest_end(request.msg, parameters);
		nla_nest_end(request.msg, first);
		nla_nest_end(request.msg, actions);
		nla_nest_end(request.msg, options);
	}
	r = call(sk, &request, "add the filter \"matchall\"", err);
	if (r == -ENOENT)
		err_hint(err, "the host's kernel needs the modules cls_matchall and act_mirred");
	return r;
}

static int join(struct nl_sock *sk, const struct record *record, struct ns_guest_link *out_link,
	struct err *err)
{
	auto_close int fd = FD_NONE;
	int tap, r = tap_make(sk, record->mtu, &fd, &tap, err);

	if (r == 0)
		r = add_qdisc(sk, record->index, err);
	if (r == 0)
		r = add_qdisc(sk, tap, err);
	if (r == 0) {
		forget_filter(sk, record->index);
		r = redirect(sk, record->index, tap, err);
	}
	if (r == 0)
		r = redirect(sk, tap, record->index, err);
	if (r < 0)
		return err_in(err, "the network device \"%s\"", record->name);
	out_link->tap_fd = take_fd(&fd);
	out_link->mtu = record->mtu;
	memcpy(out_link->mac, record->mac, sizeof(out_link->mac));
	return 0;
}

/* Leaves those in @found that are to be taken now. */
static int choose(struct nl_sock *sk, bool only_new, struct found *found, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < found->count; i++) {
		if (!is_joined(sk, found->records[i].index)) {
			found->records[count++] = found->records[i];
		} else if (!only_new) {
			err_bad_errno(err, ERR_CONFIG, EBUSY,
				"the network device \"%s\" belongs to the machine of another "
				"container in this network namespace",
				found->records[i].name);
			err_hint(err,
				"containers in machines cannot share their network yet: give "
				"each a network namespace of its own");
			return -EBUSY;
		}
	}
	found->count = count;
	if (found->count + found->more > NS_GUEST_LINKS_MAX)
		return err_bad_errno(err, ERR_OTHER, E2BIG,
			"%zu network devices are more than the %d that a machine can have",
			found->count + found->more, NS_GUEST_LINKS_MAX);
	return 0;
}

static int take(
	struct nl_sock *sk, bool only_new, struct ns_guest_network *network, struct err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct strbuf text = STRBUF_INIT;
	struct found found;
	uint32_t count;
	int r = dump(sk, RTM_GETLINK, &info, sizeof(info), take_link, &found,
		"read the network devices", err);

	if (r == 0)
		r = choose(sk, only_new, &found, err);
	if (r < 0 || found.count == 0)
		return r;
	count = (uint32_t)found.count;
	strbuf_add(&text, (const char *)&count, sizeof(count));
	strbuf_add(&text, (const char *)found.records, count * sizeof(struct record));
	r = take_messages(sk, &found, &text, err);
	for (size_t i = 0; r == 0 && i < found.count; i++) {
		r = join(sk, &found.records[i], &network->links[i], err);
		network->count += r == 0;
	}
	network->len = text.len;
	network->text = strbuf_take(&text);
	return r;
}

void ns_guest_network_init(struct ns_guest_network *network)
{
	*network = (struct ns_guest_network){ 0 };
	for (size_t i = 0; i < NS_GUEST_LINKS_MAX; i++)
		network->links[i].tap_fd = FD_NONE;
}

static int take_here(bool only_new, struct ns_guest_network *out_network, struct err *err)
{
	struct nl_sock *sk = NULL;
	int r;

	ns_guest_network_init(out_network);
	r = netlink_open(&sk, err);
	if (r == 0)
		r = take(sk, only_new, out_network, err);
	netlink_close(&sk);
	return r;
}

int ns_guest_take(struct ns_guest_network *out_network, struct err *err)
{
	return take_here(false, out_network, err);
}

int ns_guest_take_new(int pidfd, struct ns_guest_network *out_network, struct err *err)
{
	auto_close int home = host_open(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0, err);
	int r;

	ns_guest_network_init(out_network);
	if (home < 0)
		return home;
	if (setns(pidfd, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "setns to the container's network namespace");
	r = take_here(true, out_network, err);
	if (setns(home, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "setns back to the runtime's network namespace");
	return r;
}

void ns_guest_network_release(struct ns_guest_network *network)
{
	for (size_t i = 0; i < network->count; i++)
		fd_close(&network->links[i].tap_fd);
	free(network->text);
	network->text = NULL;
	network->count = 0;
}

/* ---- the guest ---- */

/* A device of the host and the same one here. */
struct pair {
	struct record record;
	int index;
};

struct pairs {
	struct pair items[NS_GUEST_LINKS_MAX];
	size_t count;
};

static void match_link(struct nlmsghdr *answer, void *arg)
{
	struct pairs *pairs = arg;
	const struct ifinfomsg *info;
	struct nlattr *mac;

	if (!answer || answer->nlmsg_type != RTM_NEWLINK)
		return;
	info = nlmsg_data(answer);
	mac = nlmsg_find_attr(answer, sizeof(*info), IFLA_ADDRESS);
	for (size_t i = 0; i < pairs->count && mac && nla_len(mac) == 6; i++)
		if (memcmp(pairs->items[i].record.mac, nla_data(mac), 6) == 0)
			pairs->items[i].index = info->ifi_index;
}

static int index_here(const struct pairs *pairs, int index)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].record.index == index)
			return pairs->items[i].index;
	return 0;
}

static int find_all(const struct pairs *pairs, struct err *err)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].index == 0)
			return err_bad_errno(err, ERR_OTHER, ENODEV,
				"the guest has no network device for \"%s\"",
				pairs->items[i].record.name);
	return 0;
}

/* Into the namespace @ns, with its name; the number may change there. */
static int move_link(struct nl_sock *sk, const struct pair *pair, int ns, struct err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = pair->index };
	struct netlink_request request = netlink_begin(RTM_NEWLINK, 0, &info, sizeof(info));

	netlink_put(&request, IFLA_NET_NS_FD, &ns, sizeof(ns));
	netlink_put(&request, IFLA_IFNAME, pair->record.name, strlen(pair->record.name) + 1);
	return call(sk, &request, "move the network device", err);
}

static int set_up(struct nl_sock *sk, const struct pair *pair, struct err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
		.ifi_index = pair->index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP };
	struct netlink_request request = netlink_begin(RTM_NEWLINK, 0, &info, sizeof(info));

	netlink_put(&request, IFLA_MTU, &pair->record.mtu, sizeof(pair->record.mtu));
	return call(sk, &request, "set the network device up", err);
}

/* What the kernel wants to hear of its own words: not what it counted and decided itself. */
static bool is_kept(int type, int attribute)
{
	if (type == RTM_NEWADDR)
		return attribute != IFA_CACHEINFO && attribute != IFA_LABEL &&
			attribute != IFA_FLAGS;
	if (type == RTM_NEWROUTE)
		return attribute != RTA_CACHEINFO && attribute != RTA_OIF && attribute != RTA_PREF;
	return attribute == NDA_DST || attribute == NDA_LLADDR;
}

static int say_again(
	struct nl_sock *sk, struct nlmsghdr *message, const struct pairs *pairs, struct err *err)
{
	union {
		struct ifaddrmsg address;
		struct rtmsg route;
		struct ndmsg neighbour;
	} head;
	int type = message->nlmsg_type, index = 0, rest;
	size_t size = type == RTM_NEWADDR ? sizeof(head.address)
		: type == RTM_NEWROUTE	  ? sizeof(head.route)
					  : sizeof(head.neighbour);
	struct netlink_request request;
	struct nlattr *attribute;
	uint32_t flags = 0;

	memcpy(&head, nlmsg_data(message), size);
	if (type == RTM_NEWADDR) {
		head.address.ifa_index =
			(unsigned int)index_here(pairs, (int)head.address.ifa_index);
		head.address.ifa_flags = 0; /* all of them are in IFA_FLAGS */
		/* Whoever gave it has waited for the check, or did not want one. */
		flags = (netlink_address_flags(message) & ADDRESS_FLAGS_KEPT) | IFA_F_NODAD;
	} else if (type == RTM_NEWROUTE) {
		head.route.rtm_flags &= RTNH_F_ONLINK;
		attribute = nlmsg_find_attr(message, (int)size, RTA_OIF);
		index = attribute ? index_here(pairs, (int)nla_get_u32(attribute)) : 0;
	} else {
		head.neighbour.ndm_ifindex = index_here(pairs, head.neighbour.ndm_ifindex);
	}
	request = netlink_begin(type, NLM_F_CREATE | NLM_F_REPLACE, &head, size);
	nlmsg_for_each_attr(attribute, message, (int)size,
		rest) if (is_kept(type, nla_type(attribute))) netlink_put(&request,
		nla_type(attribute), nla_data(attribute), (size_t)nla_len(attribute));
	if (type == RTM_NEWADDR)
		netlink_put(&request, IFA_FLAGS, &flags, sizeof(flags));
	if (index)
		netlink_put(&request, RTA_OIF, &index, sizeof(index));
	return call(sk, &request,
		type == RTM_NEWADDR	       ? "add an address"
			: type == RTM_NEWROUTE ? "add a route"
					       : "add a neighbour",
		err);
}

/* Routes need the addresses, and a route through a gateway the one that leads there; so the order of
 * the dumps is kept, and a route that cannot be added yet is tried again after the others. */
static int say_all(struct nl_sock *sk, char *text, size_t len, const struct pairs *pairs,
	bool again, struct err *err)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)text;
	int rest = (int)len, r;

	for (; nlmsg_ok(message, rest); message = nlmsg_next(message, &rest)) {
		if (again && message->nlmsg_type != RTM_NEWROUTE)
			continue;
		r = say_again(sk, message, pairs, err);
		if (r == -ENETUNREACH && !again)
			err_drop(err); /* the second time */
		else if (r < 0)
			return r;
	}
	return 0;
}

static int give_inside(struct pairs *pairs, char *text, size_t len, struct err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_sock *sk = NULL;
	int r = netlink_open(&sk, err);

	if (r == 0)
		r = dump(sk, RTM_GETLINK, &info, sizeof(info), match_link, pairs,
			"read the network devices", err);
	for (size_t i = 0; r == 0 && i < pairs->count; i++)
		r = set_up(sk, &pairs->items[i], err);
	if (r == 0)
		r = say_all(sk, text, len, pairs, false, err);
	if (r == 0)
		r = say_all(sk, text, len, pairs, true, err);
	netlink_close(&sk);
	return r;
}

static int give(struct pairs *pairs, char *text, size_t len, int pidfd, struct err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_sock *sk = NULL;
	auto_close int ns = FD_NONE,
		       own = host_open(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0, err);
	int r = own < 0 ? own : netlink_open(&sk, err);

	if (r == 0)
		r = dump(sk, RTM_GETLINK, &info, sizeof(info), match_link, pairs,
			"read the network devices", err);
	if (r == 0)
		r = find_all(pairs, err);
	if (r == 0 && setns(pidfd, CLONE_NEWNET) < 0)
		r = err_sys(err, errno, "setns to the container's network namespace");
	if (r == 0)
		r = ns = host_open(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY, 0, err);
	for (size_t i = 0; r >= 0 && i < pairs->count; i++)
		r = move_link(sk, &pairs->items[i], ns, err);
	netlink_close(&sk);
	return r < 0 ? r : give_inside(pairs, text, len, err);
}

int ns_guest_give(const void *text, size_t len, int pidfd, struct err *err)
{
	struct pairs pairs = { .count = 0 };
	auto_free char *messages = NULL;
	uint32_t count = 0;
	size_t head;

	if (len >= sizeof(count))
		memcpy(&count, text, sizeof(count));
	head = sizeof(count) + count * sizeof(struct record);
	if (count == 0 || count > NS_GUEST_LINKS_MAX || len < head)
		return err_bad(err, ERR_OTHER, "a network of %zu bytes", len);
	pairs.count = count;
	for (size_t i = 0; i < count; i++)
		memcpy(&pairs.items[i].record,
			(const char *)text + sizeof(count) + i * sizeof(struct record),
			sizeof(struct record));
	/* Aligned, and ours to walk. */
	messages = xmalloc(len - head + 1);
	memcpy(messages, (const char *)text + head, len - head);
	return give(&pairs, messages, len - head, pidfd, err);
}
