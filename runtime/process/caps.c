// SPDX-License-Identifier: Apache-2.0
/*
 * Capabilities (config.md, "Linux Process").
 *
 * A capability that the kernel does not know, or that this host cannot grant, is left out with a
 * warning: less privilege is safe, and the specification asks for it.  Everything else is exact and
 * read back (security rule R8).  Ambient and inheritable capabilities exist only when configured
 * (CVE-2016-8867, CVE-2022-29162).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "oci/spec.h"
#include "runtime/process/internal.h"

#define BIT(n) (UINT64_C(1) << (n))
#define CAP_COUNT_MAX 64 /* of the two 32-bit words of capset(2) */

struct sets {
	uint64_t effective, permitted, inheritable;
};

/* Warns once of all capabilities in @mask.  @set: "" or the one of the five, with a dot. */
static void warn_of(const char *set, uint64_t mask, const char *why)
{
	char list[1024];
	size_t len = 0;

	if (mask == 0)
		return;
	list[0] = '\0';
	for (int n = 0; n < CAP_COUNT_MAX; n++) {
		const char *name = mask & BIT(n) ? names_of(&capability_names, n) : NULL;

		if (name && len + strlen(name) + 3 < sizeof(list))
			len += (size_t)snprintf(
				list + len, sizeof(list) - len, "%s%s", len ? ", " : "", name);
	}
	log_warn("process.capabilities%s: %s %s", set, list, why);
}

/* ---- plan ---- */

static uint64_t known_by_kernel(void)
{
	uint64_t known = 0;

	for (int n = 0; n < CAP_COUNT_MAX && prctl(PR_CAPBSET_READ, n, 0, 0, 0) >= 0; n++)
		known |= BIT(n);
	return known;
}

/* capset(2), PR_CAP_AMBIENT(2const): a set that has what another one lacks cannot be granted on
 * any host. */
static uint64_t take_fitting(const char *set, uint64_t mask, uint64_t other, const char *why)
{
	warn_of(set, mask & ~other, why);
	return mask & other;
}

/* Root has them after execve(2) whatever the ambient set says: buildah lists them there for each RUN
 * step, and who builds an image need not read of it. */
static uint64_t gained_by_execve(const struct process_plan *plan)
{
	return plan->uid == 0 ? plan->caps_bounding : 0;
}

void caps_plan(const struct spec_capabilities *config, struct process_plan *plan)
{
	uint64_t known = known_by_kernel();

	plan->caps_known = known;
	if (!config)
		return; /* an absent object is five empty sets */
	for (size_t i = 0; i < config->unknown.count; i++)
		log_warn("process.capabilities: unknown capability \"%s\" is left out",
			config->unknown.items[i]);
	warn_of("",
		(config->bounding | config->effective | config->permitted | config->inheritable |
			config->ambient) &
			~known,
		"left out: this kernel does not know them");
	plan->caps_bounding = config->bounding & known;
	plan->caps_permitted = config->permitted & known;
	plan->caps_effective = take_fitting(".effective", config->effective & known,
		plan->caps_permitted, "left out: they are not permitted too");
	plan->caps_inheritable = take_fitting(".inheritable", config->inheritable & known,
		plan->caps_bounding, "left out: they are not bounding too");
	plan->caps_ambient =
		config->ambient & known & plan->caps_permitted & plan->caps_inheritable;
	warn_of(".ambient", config->ambient & known & ~plan->caps_ambient & ~gained_by_execve(plan),
		"left out: they are not both permitted and inheritable too");
}

/* ---- apply ---- */

static uint64_t join(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

static int sets_get(struct sets *sets, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (capget(&header, data) < 0)
		return err_sys(err, errno, "capget");
	sets->effective = join(data[0].effective, data[1].effective);
	sets->permitted = join(data[0].permitted, data[1].permitted);
	sets->inheritable = join(data[0].inheritable, data[1].inheritable);
	return 0;
}

static int sets_put(const struct sets *sets, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
		data[word].effective = (uint32_t)(sets->effective >> (32 * word));
		data[word].permitted = (uint32_t)(sets->permitted >> (32 * word));
		data[word].inheritable = (uint32_t)(sets->inheritable >> (32 * word));
	}
	if (capset(&header, data) < 0)
		return err_sys(err, errno, "capset for process.capabilities");
	return 0;
}

static uint64_t bounding_get(uint64_t known)
{
	uint64_t set = 0;

	for (int n = 0; n < CAP_COUNT_MAX && (known & BIT(n)); n++)
		if (prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 1)
			set |= BIT(n);
	return set;
}

static uint64_t ambient_get(uint64_t known)
{
	uint64_t set = 0;

	for (int n = 0; n < CAP_COUNT_MAX && (known & BIT(n)); n++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, n, 0, 0) == 1)
			set |= BIT(n);
	return set;
}

static int drop_failed(struct err *err, int n)
{
	int r = err_sys(err, EPERM, "drop %s from the bounding set",
		names_of(&capability_names, n) ?: "a capability");

	err_hint(err, "it needs CAP_SETPCAP: root, or a user namespace of the container's own");
	return r;
}

int caps_drop_bounding(const struct process_plan *plan, struct err *err)
{
	for (int n = 0; n < CAP_COUNT_MAX && (plan->caps_known & BIT(n)); n++) {
		if (plan->caps_bounding & BIT(n))
			continue;
		if (prctl(PR_CAPBSET_DROP, n, 0, 0, 0) == 0)
			continue;
		/* Without CAP_SETPCAP nothing can be dropped; it may be gone already. */
		if (prctl(PR_CAPBSET_READ, n, 0, 0, 0) != 0)
			return drop_failed(err, n);
	}
	return 0;
}

/* Raises @wanted; returns what was granted.  Securebits may forbid it (EPERM). */
static uint64_t ambient_set(uint64_t wanted)
{
	uint64_t granted = 0;

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* checked when read back */
	for (int n = 0; n < CAP_COUNT_MAX && wanted >> n; n++)
		if ((wanted & BIT(n)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) == 0)
			granted |= BIT(n);
	return granted;
}

static int differ(struct err *err, const char *set, uint64_t is, uint64_t wanted)
{
	return err_bad_errno(err, ERR_OTHER, EPERM,
		"the %s capabilities read back as %#llx instead of %#llx: operation not permitted",
		set, (unsigned long long)is, (unsigned long long)wanted);
}

static int sets_compare(const struct process_plan *plan, const struct sets *wanted,
	uint64_t ambient, struct err *err)
{
	uint64_t is_ambient = ambient_get(plan->caps_known);
	struct sets is;
	int r = sets_get(&is, err);

	if (r < 0)
		return r;
	if (is.effective != wanted->effective)
		return differ(err, "effective", is.effective, wanted->effective);
	if (is.permitted != wanted->permitted)
		return differ(err, "permitted", is.permitted, wanted->permitted);
	if (is.inheritable != wanted->inheritable)
		return differ(err, "inheritable", is.inheritable, wanted->inheritable);
	if (is_ambient != ambient)
		return differ(err, "ambient", is_ambient, ambient);
	return 0;
}

int caps_apply(const struct process_plan *plan, uint64_t retain, struct err *err)
{
	uint64_t bounding = bounding_get(plan->caps_known);
	uint64_t ambient, missing;
	struct sets now, set;
	int r = sets_get(&now, err);

	if (r < 0)
		return r;
	if (bounding & ~plan->caps_bounding)
		return differ(err, "bounding", bounding, plan->caps_bounding);
	/* The sets agree with each other; what this host does not give is missing in each. */
	set.permitted = plan->caps_permitted & now.permitted;
	set.effective = plan->caps_effective & set.permitted;
	set.inheritable = plan->caps_inheritable & bounding & (now.permitted | now.inheritable);
	ambient = plan->caps_ambient & set.permitted & set.inheritable;
	missing = (plan->caps_bounding & ~bounding) | (plan->caps_permitted & ~set.permitted) |
		(plan->caps_effective & ~set.effective) |
		(plan->caps_inheritable & ~set.inheritable);
	set.permitted |= retain & now.permitted;
	set.effective |= retain & now.permitted;
	r = sets_put(&set, err);
	if (r < 0)
		return r;
	ambient = ambient_set(ambient);
	warn_of("", missing | (plan->caps_ambient & ~ambient),
		"left out: the runtime may not grant them here");
	return sets_compare(plan, &set, ambient, err);
}
