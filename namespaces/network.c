// SPDX-License-Identifier: Apache-2.0
/*
 * Network links: "lo" of a new network namespace, and linux.netDevices, which moves links of the
 * host into the container (config-linux.md, "Network Devices").
 *
 * ns_loopback_up() runs in the child.  The rest runs in the parent, which enters the container's
 * network namespace only to open a netlink socket there, and works through that socket from
 * outside.
 *
 * The kernel drops the addresses of a link that changes its namespace; they are read before and
 * added again after.  When a device fails, it and those before it go back to the host, with their
 * names, addresses and state.
 */
#include "namespaces/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "namespaces/internal.h"
#include "namespaces/netlink.h"

#define TEMPLATE "%d"
#define TEMPLATE_NUMBERS 10000 /* more devices than that are no use in a container */
#define DUMP_TRIES 16 /* of a dump that changes while it is read */

int ns_loopback_up(struct err *err)
{
	/* Any socket takes the ioctl; a UNIX one is the cheapest, and is there without IPv4. */
	auto_close int sk = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (sk < 0)
		return err_sys(err, errno, "socket to bring \"lo\" up");
	if (ioctl(sk, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, errno, "ioctl (SIOCSIFFLAGS) to bring \"lo\" up");
	return 0;
}

/* ---- one network namespace and one link in it ---- */

struct net {
	int ns; /* its descriptor */
	struct nl_sock *sk; /* a socket in it */
};

struct link {
	int index;
	bool up;
};

struct addresses {
	struct nlmsghdr **items; /* RTM_NEWADDR messages as dumped */
	size_t count;
	int index; /* of the link whose addresses these are */
};

static int net_error(
	struct err *err, int num, const struct netlink_reason *reason, const char *what)
{
	err_sys(err, -num, "%s", what);
	if (reason->text[0])
		err_hint(err, "the kernel says: %s", reason->text);
	return num;
}

static void take_link(struct nlmsghdr *answer, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(answer);
	struct link *link = arg;

	if (answer->nlmsg_type == RTM_NEWLINK)
		*link = (struct link){ info->ifi_index, info->ifi_flags & IFF_UP };
}

/* 0, or -ENODEV with err set. */
static int link_find(
	const struct net *net, const char *name, struct link *out_link, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct netlink_request request = netlink_begin(RTM_GETLINK, 0, &info, sizeof(info));
	struct netlink_reason reason;
	int r;

	netlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	r = netlink_call(net->sk, &request, take_link, out_link, &reason);
	if (r < 0)
		return net_error(err, r, &reason, "find the device");
	return 0;
}

static int link_up(const struct net *net, int index, struct err *err)
{
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct netlink_request request = netlink_begin(RTM_NEWLINK, 0, &info, sizeof(info));
	struct netlink_reason reason;
	int r = netlink_call(net->sk, &request, NULL, NULL, &reason);

	return r < 0 ? net_error(err, r, &reason, "set the device up") : 0;
}

static int link_move(
	const struct net *from, const struct net *to, int index, const char *name, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct netlink_request request = netlink_begin(RTM_NEWLINK, 0, &info, sizeof(info));
	struct netlink_reason reason;
	int r;

	netlink_put(&request, IFLA_NET_NS_FD, &to->ns, sizeof(to->ns));
	netlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	r = netlink_call(from->sk, &request, NULL, NULL, &reason);
	return r < 0 ? net_error(err, r, &reason, "move the device") : 0;
}

/* ---- addresses ---- */

/* config-linux.md: permanent addresses (IFA_F_PERMANENT) of any family with global scope. */
static void take_address(struct nlmsghdr *answer, void *arg)
{
	const struct ifaddrmsg *info = nlmsg_data(answer);
	struct addresses *list = arg;
	struct nlmsghdr *copy;

	if (answer->nlmsg_type != RTM_NEWADDR || (int)info->ifa_index != list->index ||
		info->ifa_scope != RT_SCOPE_UNIVERSE ||
		!(netlink_address_flags(answer) & IFA_F_PERMANENT))
		return;
	copy = xmalloc(answer->nlmsg_len);
	memcpy(copy, answer, answer->nlmsg_len);
	list->items = xrealloc_array(list->items, list->count + 1, sizeof(struct nlmsghdr *));
	list->items[list->count++] = copy;
}

static void addresses_release(struct addresses *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct addresses){ 0 };
}

static int addresses_read(
	const struct net *net, int index, struct addresses *out_list, struct err *err)
{
	struct netlink_reason reason;
	int r = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
		struct netlink_request request =
			netlink_begin(RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));

		addresses_release(out_list);
		out_list->index = index;
		r = netlink_call(net->sk, &request, take_address, out_list, &reason);
	}
	return r < 0 ? net_error(err, r, &reason, "read the addresses") : 0;
}

static void put_copy(struct netlink_request *request, struct nlmsghdr *from, int attribute)
{
	struct nlattr *found = nlmsg_find_attr(from, sizeof(struct ifaddrmsg), attribute);

	if (found)
		netlink_put(request, attribute, nla_data(found), (size_t)nla_len(found));
}

/* Without a label IPv4 takes the device's name, which may have changed; "eth0:1" is a name of
 * the old days and belongs to the old name. */
static int address_add(const struct net *net, int index, struct nlmsghdr *address, bool keep_label,
	struct err *err)
{
	static const int copied[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY,
		IFA_PROTO };
	struct ifaddrmsg info = *(const struct ifaddrmsg *)nlmsg_data(address);
	uint32_t flags = netlink_address_flags(address) & ADDRESS_FLAGS_KEPT;
	struct netlink_request request;
	struct netlink_reason reason;
	int r;

	info.ifa_index = (unsigned int)index;
	info.ifa_flags = 0; /* all of them are in IFA_FLAGS */
	request = netlink_begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		put_copy(&request, address, copied[i]);
	if (keep_label)
		put_copy(&request, address, IFA_LABEL);
	netlink_put(&request, IFA_FLAGS, &flags, sizeof(flags));
	r = netlink_call(net->sk, &request, NULL, NULL, &reason);
	return r < 0 ? net_error(err, r, &reason, "add an address again") : 0;
}

static bool is_ipv6(struct nlmsghdr *address)
{
	const struct ifaddrmsg *info = nlmsg_data(address);

	return info->ifa_family == AF_INET6;
}

/* The order decides which address is used first; IPv6 puts the latest first, the others last. */
static int addresses_add(const struct net *net, int index, const struct addresses *list,
	bool keep_labels, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++)
		if (!is_ipv6(list->items[i]))
			r = address_add(net, index, list->items[i], keep_labels, err);
	for (size_t i = list->count; r == 0 && i-- > 0;)
		if (is_ipv6(list->items[i]))
			r = address_add(net, index, list->items[i], keep_labels, err);
	return r;
}

/* ---- one device of linux.netDevices ---- */

struct device {
	const char *host_name;
	char name[IF_NAMESIZE]; /* in the container */
	struct link link; /* as it was on the host */
	struct addresses addresses;
};

static int name_taken(const struct net *net, const char *name, struct err *err)
{
	struct link link;
	int r = link_find(net, name, &link, err);

	if (r == -ENODEV) {
		err_drop(err); /* that is the answer */
		return 0;
	}
	return r < 0 ? r : 1;
}

/* The kernel's rule (dev_valid_name), so that the error can say more than "invalid argument". */
static int check_name(const char *name, struct err *err)
{
	if (strlen(name) >= IF_NAMESIZE)
		return err_bad(err, ERR_CONFIG, "the name \"%s\" is longer than %d bytes", name,
			IF_NAMESIZE - 1);
	if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		strpbrk(name, "/:% \t\n\v\f\r"))
		return err_bad(
			err, ERR_CONFIG, "\"%s\" cannot be the name of a network device", name);
	return 0;
}

/* The kernel would choose the same name, but not tell which. */
static int choose_name(
	const struct net *net, const char *template, const char *mark, char *name, struct err *err)
{
	for (int number = 0; number < TEMPLATE_NUMBERS; number++) {
		int len = snprintf(name, IF_NAMESIZE, "%.*s%d%s", (int)(mark - template), template,
			number, mark + strlen(TEMPLATE));
		int r;

		if (len >= IF_NAMESIZE)
			break;
		r = check_name(name, err);
		if (r == 0)
			r = name_taken(net, name, err);
		if (r <= 0)
			return r;
	}
	return err_bad_errno(err, ERR_CONFIG, ENFILE, "no name of \"%s\" is free", template);
}

static int device_name(struct device *device, const struct spec_net_device *wanted,
	const struct net *net, struct err *err)
{
	const char *name = wanted->name && wanted->name[0] ? wanted->name : wanted->host_name;
	const char *mark = strstr(name, TEMPLATE);
	int r;

	if (mark)
		return choose_name(net, name, mark, device->name, err);
	r = check_name(name, err);
	if (r < 0)
		return r;
	snprintf(device->name, sizeof(device->name), "%s", name);
	r = name_taken(net, device->name, err);
	if (r <= 0)
		return r;
	err_bad_errno(err, ERR_CONFIG, EEXIST, "the container has a network device \"%s\" already",
		device->name);
	err_hint(err, "give it another name; one with %%d takes the next free number");
	return -EEXIST;
}

/* What must be done where a link has arrived.  @old_name: before the move. */
static int device_settle(const struct device *device, const struct net *net, const char *name,
	const char *old_name, bool up, struct err *err)
{
	bool same_name = strcmp(name, old_name) == 0;
	struct link link;
	int r = link_find(net, name, &link, err); /* the move may have changed its index */

	if (r == 0)
		r = addresses_add(net, link.index, &device->addresses, same_name, err);
	if (r == 0 && up)
		r = link_up(net, link.index, err);
	return r;
}

static int try_put_back(const struct device *device, const struct net *host,
	const struct net *container, struct err *err)
{
	const char *name = device->name;
	struct link link;
	int r = name_taken(host, device->host_name, err);

	if (r != 0)
		return r < 0 ? r : 0; /* it has not left */
	r = link_find(container, name, &link, err);
	if (r == -ENODEV) {
		/* Moved, but not renamed. */
		name = device->host_name;
		r = link_find(container, name, &link, err);
	}
	if (r == 0)
		r = link_move(container, host, link.index, device->host_name, err);
	if (r == 0)
		r = device_settle(device, host, device->host_name, name, device->link.up, err);
	return r;
}

static void device_put_back(
	const struct device *device, const struct net *host, const struct net *container)
{
	struct err err = { 0 };

	if (try_put_back(device, host, container, &err) < 0)
		log_warn("network device \"%s\" could not be put back: %s", device->host_name,
			err.msg);
}

static int device_move(struct device *device, const struct spec_net_device *wanted,
	const struct net *host, const struct net *container, struct err *err)
{
	int r;

	device->host_name = wanted->host_name;
	r = check_name(wanted->host_name, err);
	if (r == 0)
		r = link_find(host, wanted->host_name, &device->link, err);
	if (r == 0)
		r = device_name(device, wanted, container, err);
	if (r == 0)
		r = addresses_read(host, device->link.index, &device->addresses, err);
	if (r < 0)
		return r;
	r = link_move(host, container, device->link.index, device->name, err);
	if (r == 0)
		r = device_settle(device, container, device->name, wanted->host_name, true, err);
	if (r < 0)
		device_put_back(device, host, container);
	return r;
}

static int move_all(const struct spec_linux *linux_, const struct net *host,
	const struct net *container, struct device *devices, struct err *err)
{
	size_t count = linux_->net_devices.count;

	for (size_t i = 0; i < count; i++) {
		const struct spec_net_device *wanted = &linux_->net_devices.items[i];

		if (device_move(&devices[i], wanted, host, container, err) == 0)
			continue;
		while (i-- > 0)
			device_put_back(&devices[i], host, container);
		return err_in(err, "linux.netDevices.%s", wanted->host_name);
	}
	return 0;
}

/* ---- the two network namespaces ---- */

static void net_close(struct net *net)
{
	netlink_close(&net->sk);
	fd_close(&net->ns);
}

/* The namespace that we are in now. */
static int net_open(struct net *net, int nsdir, struct err *err)
{
	net->ns = nsdir_take(nsdir, "net", err);
	if (net->ns < 0)
		return net->ns;
	return netlink_open(&net->sk, err);
}

static int net_open_of(
	struct net *net, int pidfd, const struct net *home, int nsdir, struct err *err)
{
	struct stat ours, theirs;
	int r;

	if (setns(pidfd, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "setns to the container's network namespace");
	r = net_open(net, nsdir, err);
	if (setns(home->ns, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "setns back to the runtime's network namespace");
	if (r < 0)
		return r;
	if (fstat(home->ns, &ours) < 0 || fstat(net->ns, &theirs) < 0)
		return err_sys(err, errno, "fstat a network namespace");
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return err_bad(
			err, ERR_CONFIG, "the container shares the runtime's network namespace");
	return 0;
}

static int nets_open(struct net *host, struct net *container, int pidfd, struct err *err)
{
	auto_close int procfd = procfs_open(PROCFS_PIDS, err);
	auto_close int nsdir = FD_NONE;
	int r;

	if (procfd < 0)
		return procfd;
	nsdir = nsdir_open(procfd, 0, err);
	if (nsdir < 0)
		return nsdir;
	r = net_open(host, nsdir, err);
	if (r == 0)
		r = net_open_of(container, pidfd, host, nsdir, err);
	return r < 0 ? err_in(err, "linux.netDevices") : 0;
}

struct ns_net_devices {
	struct net host, container;
	struct device *items;
	size_t count;
};

int ns_net_devices_move(
	const struct spec *spec, int pidfd, struct ns_net_devices **out_moved, struct err *err)
{
	auto_(ns_net_devices) struct ns_net_devices *moved = xcalloc(1, sizeof(*moved));
	int r;

	moved->host.ns = moved->container.ns = FD_NONE;
	moved->count = spec->linux_->net_devices.count;
	moved->items = xcalloc(moved->count, sizeof(*moved->items));
	r = nets_open(&moved->host, &moved->container, pidfd, err);
	if (r == 0)
		r = move_all(spec->linux_, &moved->host, &moved->container, moved->items, err);
	if (r == 0)
		*out_moved = take_ptr(&moved);
	return r;
}

void ns_net_devices_put_back(struct ns_net_devices *moved)
{
	for (size_t i = moved ? moved->count : 0; i-- > 0;)
		device_put_back(&moved->items[i], &moved->host, &moved->container);
}

void ns_net_devices_free(struct ns_net_devices *moved)
{
	if (!moved)
		return;
	for (size_t i = 0; i < moved->count; i++)
		addresses_release(&moved->items[i].addresses);
	free(moved->items);
	net_close(&moved->container);
	net_close(&moved->host);
	free(moved);
}
