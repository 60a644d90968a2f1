/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of namespaces/ share.  Private to the folder. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "namespaces/namespace.h"
#include "oci/spec.h"

/* ---- nsdir.c: /proc/<pid>/ns ---- */

/* What tells one namespace from another: the identity of its nsfs inode. */
struct ns_id {
	dev_t dev;
	ino_t ino;
};

/* Opens the directory of @pid's namespaces (0: our own) below @procfd. */
int nsdir_open(int procfd, pid_t pid, struct err *err) MUST_USE;
/* The identity of one of them; 1 when the kernel has no such namespaces. */
int nsdir_id(int dirfd, enum ns_type type, struct ns_id *out_id, struct err *err) MUST_USE;
/* A descriptor of the namespace called @name there ("net", "time_for_children"), for setns(2). */
int nsdir_take(int dirfd, const char *name, struct err *err) MUST_USE;

/* ---- shape.c: how many stages a plan needs.  Pure. ---- */

struct ns_shape {
	bool two_stages; /* a first stage joins, and clones the child with CLONE_PARENT */
	bool talks; /* parent and child speak while the child is made */
	bool cgroup_late; /* the second clone3 goes into the cgroup, not the first */
	bool joins; /* there is something to join */
	bool offsets; /* a new time namespace with offsets is made by the child itself */
	uint64_t clone_flags; /* CLONE_NEW* of the clone3 that makes the container's process */
	uint64_t unshare_flags; /* CLONE_NEW* that the child makes after joining */
};

struct ns_shape ns_shape_of(const struct ns_plan *plan);

/* "user, pid, network" of CLONE_NEW* flags, into @buf; for messages. */
const char *ns_flags_text(uint64_t flags, char *buf, size_t size);

/* ---- idmap.c: the text of id maps, and how it gets into the kernel ---- */

/* What the caller may do about ids in its user namespace. */
struct idmap_caller {
	uid_t uid; /* effective */
	gid_t gid;
	bool may_map_uids; /* CAP_SETUID: maps are written directly */
	bool may_map_gids; /* CAP_SETGID */
};

void idmap_caller_init(struct idmap_caller *out_caller);
/* "container host size\n" a line, as /proc/<pid>/uid_map takes them. */
void idmap_format(const spec_idmaps *maps, struct strbuf *out);
/* True when @text, as read from uid_map, holds exactly these, in any order. */
bool idmap_equals(const spec_idmaps *maps, const char *text);
/* Writes both maps of the user namespace of @pid, a child of ours: directly where the kernel allows
 * that, else by newuidmap and newgidmap. */
int idmap_write(const struct idmap_caller *caller, int procfd, pid_t pid, const spec_idmaps *uid,
	const spec_idmaps *gid, struct err *err) MUST_USE;

/* ---- subid.c: the maps of a user namespace that the document gives none for ---- */

/* The name of @uid in the text of a passwd(5) file: heap string, NULL when it is not there. */
char *subid_user_name(const char *passwd, uid_t uid);
/*
 * The default map of an unprivileged user: container id 0 is @id, and from 1 on follow the ranges
 * that @text (subuid(5), may be NULL) gives to @name (may be NULL) or @uid.  Lines that make no
 * sense and ranges that overlap earlier ones are left out.  *out_maps is a heap array.
 */
size_t subid_map(
	const char *text, const char *name, uid_t uid, uint32_t id, struct spec_idmap **out_maps);
/* The map of each line of @text (/proc/self/uid_map) to itself. */
size_t subid_identity(const char *text, struct spec_idmap **out_maps);
/* Gives @plan the default for each of its maps that is empty. */
int subid_default_maps(
	const struct idmap_caller *caller, struct ns_plan *plan, struct err *err) MUST_USE;

/* ---- helper.c: newuidmap and newgidmap ---- */

struct idmap_helper {
	const char *name; /* "newuidmap" */
	pid_t pid; /* 0: not running */
	int pidfd;
	int output; /* what it says, for the error */
};

#define IDMAP_HELPER(name_)                \
	{                                  \
		name_, 0, FD_NONE, FD_NONE \
	}

int idmap_helper_start(
	struct idmap_helper *helper, pid_t pid, const spec_idmaps *maps, struct err *err) MUST_USE;
/* Waits for it, bounded, and judges its exit. */
int idmap_helper_finish(struct idmap_helper *helper, struct err *err) MUST_USE;
/* Ends it when it runs still. */
void idmap_helper_release(struct idmap_helper *helper);
DEFINE_AUTO(idmap_helper, idmap_helper_release);

/* ---- sysctl.c ---- */

/* Room for "sys/" and any key that the kernel can have. */
#define SYSCTL_PATH_SIZE 256

/*
 * The path of a sysctl below /proc ("sys/net/ipv4/ip_forward").  As sysctl(8): the first separator
 * says whether "." or "/" separates components, and the other one stands for ".".  -EINVAL for
 * components that are empty, "." or "..", -ENAMETOOLONG.
 */
int sysctl_path(const char *key, char *out_path);
