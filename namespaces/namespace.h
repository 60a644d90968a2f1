/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of namespaces/: which namespaces a container's process gets, how it gets into them,
 * and their configuration (id maps, time offsets, host name, network links, sysctls). Knows nothing
 * of mounts, cgroups or life cycles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/*
 * Everything ns_clone() needs: made in the parent, pure data and open descriptors.
 *
 * "Own" namespace is decided by inode (security rule R10): a listed namespace whose path is the
 * runtime's own namespace counts as inherited.
 */
struct ns_plan {
	uint64_t new_flags; /* CLONE_NEW* that the container's process gets anew */
	int join_fds[NS_COUNT]; /* namespaces to join by path, FD_NONE: none; owned */
	const char *join_paths[NS_COUNT]; /* their paths, for messages; borrowed from the spec */
	uint64_t join_flags; /* CLONE_NEW* to join from the process @join_pidfd (exec) */
	int join_pidfd; /* borrowed; FD_NONE: none */
	bool own[NS_COUNT]; /* true: differs from the runtime's namespace (new or joined) */
	bool new_[NS_COUNT]; /* true: made for this container */
	spec_idmaps
		uid_mappings; /* of a new user namespace; borrowed from the spec or @map_storage */
	spec_idmaps gid_mappings;
	struct spec_idmap *map_storage[2]; /* the default maps when none were given; owned */
	const struct spec_time_offset *time_monotonic; /* of a new time namespace; NULL: none */
	const struct spec_time_offset *time_boottime;
	const char *hostname; /* the spec's, which a sysctl must not contradict; borrowed */
	const char *domainname;
	bool keep_groups; /* the caller's supplementary groups stay; set by the caller */
	/* The caller is not root, or lacks CAP_SYS_ADMIN in its user namespace, or its mount
	 * namespace belongs to a user namespace above its own, so that it may not clone mounts. */
	bool unprivileged;
	/* A PROCFS_PIDS descriptor that the caller may lend after ns_plan_create() to save opening
	 * another one; FD_NONE: one is opened when it is needed.  Borrowed. */
	int procfd;
	/*
	 * The descriptors that a child which joins a pid namespace keeps, beside those below
	 * @keep_from; all others are closed before it is visible there (R7).  NULL: all are kept.
	 * Borrowed.
	 */
	const int *keep_fds;
	size_t keep_count;
	int keep_from;
};

/* The host name that a container with @plan begins with: of the UTS namespace that it joins by path, or
 * the caller's.  The caller has one thread, and is in that namespace for a moment. */
int ns_hostname(const struct ns_plan *plan, char *buf, size_t size, struct err *err) MUST_USE;

/*
 * Plans the namespaces of @spec: opens and verifies those by path (type must match, config-linux.md
 * "Namespaces").  A user namespace without mappings maps all ids of the caller's user namespace to
 * themselves for a caller that may do so; for others container root is the caller's id, followed by
 * its /etc/subuid and /etc/subgid ranges (none: a warning, and only that id is mapped).
 */
int ns_plan_create(const struct spec *spec, struct ns_plan *out_plan, struct err *err) MUST_USE;

/*
 * Plans to join every namespace of the process @pid, which @pidfd holds, that differs from ours
 * (exec).  @procfd and @pidfd are borrowed by the plan.  ERR_NOT_RUNNING when the process has
 * ended.
 */
int ns_plan_join(
	int procfd, pid_t pid, int pidfd, struct ns_plan *out_plan, struct err *err) MUST_USE;

void ns_plan_release(struct ns_plan *plan);
DEFINE_AUTO(ns_plan, ns_plan_release);

struct ns_child {
	pid_t pid; /* in the caller's pid namespace */
	int pidfd; /* owned by the caller */
};

/*
 * Makes the container's process: clone3 straight into @cgroup_fd (FD_NONE: the caller's cgroup) and
 * the planned namespaces.  In the child it returns 0 once every namespace is joined or made (but a
 * new cgroup namespace: see ns_cgroup_unshare()), the id maps are written and the child is root
 * (uid and gid 0 when mapped, else unchanged) in its user namespace.  In the parent it returns the
 * pid (> 0), the maps written.  When the parent dies before that, the child exits.
 *
 * The child is always a child of the caller.  Where one clone3 is not enough (a pid namespace is
 * joined, or namespaces are joined besides a new user namespace, or a new pid namespace is wanted
 * in a user namespace that is joined) a first stage joins and makes it with CLONE_PARENT; so
 * nothing of ours is visible in a joined pid namespace before all else is joined (security rule
 * R7).
 *
 * All signals are blocked in the child, handlers reset, no memory is shared; the caller must be
 * single-threaded.  The child is non-dumpable, from before it joins anything, with one exception:
 * the child of an unprivileged caller that joins nothing, for the caller could not write its
 * /proc/<pid>/ files (uid_map) otherwise.  It makes itself so when the caller is done with it.
 */
pid_t ns_clone(const struct ns_plan *plan, int cgroup_fd, struct ns_child *out_child,
	struct err *err) MUST_USE;

/*
 * A descriptor of a user namespace with these maps, for id-mapped mounts (mount_setattr(2),
 * MOUNT_ATTR_IDMAP).  Needs privilege over the caller's user namespace.
 */
int ns_idmap_userns(const spec_idmaps *uid, const spec_idmaps *gid, struct err *err) MUST_USE;

/* ---- in the child, after ns_clone() ---- */

/*
 * Makes the planned new cgroup namespace; does nothing without one.  To be called once the child is
 * in its cgroup (at once with a cgroup_fd, after the move with the systemd manager): the root of a
 * cgroup namespace is the cgroup that its maker is in, and with clone3(CLONE_INTO_CGROUP |
 * CLONE_NEWCGROUP) that would be the parent's.
 */
int ns_cgroup_unshare(const struct ns_plan *plan, struct err *err) MUST_USE;

/* sethostname, setdomainname; NULL: leave. */
int ns_set_names(const char *hostname, const char *domainname, struct err *err) MUST_USE;

/* Brings "lo" up in the current network namespace. */
int ns_loopback_up(struct err *err) MUST_USE;

/*
 * Checks that each sysctl acts on a namespace of the container alone (R10: by @plan->own); an error
 * names "linux.sysctl.<key>".  Pure.
 */
int ns_sysctl_check(const spec_pairs *sysctl, const struct ns_plan *plan, struct err *err) MUST_USE;

/* Whether one of them is @path ("kernel/hostname"), in either spelling. */
bool ns_sysctl_has(const spec_pairs *sysctl, const char *path);

/* Writes them through @procfd, a PROCFS_FULL descriptor. */
int ns_sysctl_apply(const spec_pairs *sysctl, int procfd, struct err *err) MUST_USE;

/* ---- in the parent ---- */

struct ns_net_devices; /* those that were moved; holds both network namespaces */

/*
 * Moves the network devices of linux.netDevices into the network namespace of the process @pidfd
 * (config-linux.md, "Network Devices"): renamed (%d allowed), their permanent global addresses
 * kept, set up.  On failure those already moved are moved back.
 */
int ns_net_devices_move(const struct spec *spec, int pidfd, struct ns_net_devices **out_moved,
	struct err *err) MUST_USE;

/* For a create that fails afterwards ("as if it were never attempted", runtime.md, "Errors"): puts
 * them where they were, with name, addresses and state; virtual ones would die with the namespace.
 * What fails is a warning.  The process need not live any more; NULL: none were moved. */
void ns_net_devices_put_back(struct ns_net_devices *moved);

void ns_net_devices_free(struct ns_net_devices *moved);
DEFINE_AUTO_PTR(ns_net_devices, ns_net_devices_free);

/* ---- the network of a container that runs on a kernel of its own ---- */

#define NS_GUEST_LINKS_MAX 8

struct ns_guest_link {
	int tap_fd; /* IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, non-blocking; owned */
	uint8_t mac[6];
	uint32_t mtu;
};

struct ns_guest_network {
	struct ns_guest_link links[NS_GUEST_LINKS_MAX];
	size_t count;
	char *text; /* @len bytes for ns_guest_give(); owned; NULL without links */
	size_t len;
};

/*
 * On the host, in the container's network namespace: each Ethernet device that is up gets a tap
 * beside it, and all that arrives at one of the two leaves at the other.  Their hardware addresses,
 * names, sizes, addresses, routes and permanent neighbours go into @out_network->text.  Wants
 * CAP_NET_ADMIN there, /dev/net/tun, and the kernel's ingress, matchall and mirred.  -EBUSY: they
 * belong to another machine already.  @out_network is to be released also after an error.
 */
int ns_guest_take(struct ns_guest_network *out_network, struct err *err) MUST_USE;

/*
 * The same for what has appeared since, from outside: in the network namespace of the process
 * @pidfd, from which the calling process, of one thread, comes back.  Without anything new,
 * @out_network->count is 0.
 */
int ns_guest_take_new(int pidfd, struct ns_guest_network *out_network, struct err *err) MUST_USE;
void ns_guest_network_init(struct ns_guest_network *network); /* none */
void ns_guest_network_release(struct ns_guest_network *network);

/*
 * In the guest: moves the devices with those hardware addresses into the network namespace of the
 * process @pidfd and gives them all of this again.  The calling process stays in that namespace.
 * -ENODEV, with nothing done: one of the devices is not there.
 */
int ns_guest_give(const void *text, size_t len, int pidfd, struct err *err) MUST_USE;
