// SPDX-License-Identifier: Apache-2.0
/* namespaces/sysctl.c: which sysctls a container may have, by the namespaces that are its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "namespaces/internal.h"
#include "namespaces/namespace.h"

static int check(const char *key, const struct ns_plan *plan, struct err *err)
{
	struct spec_pair pair = { key, "1" };
	const spec_pairs pairs = { &pair, 1 };

	return ns_sysctl_check(&pairs, plan, err);
}

/* Keys and the one namespace type whose ownership allows them (NS_COUNT: none does). */
static const struct {
	const char *key;
	int type;
} keys[] = {
	{ "kernel.shmmax", NS_IPC },
	{ "kernel.shmall", NS_IPC },
	{ "kernel.shmmni", NS_IPC },
	{ "kernel.shm_rmid_forced", NS_IPC },
	{ "kernel.shm_next_id", NS_IPC },
	{ "kernel.msgmax", NS_IPC },
	{ "kernel.msgmnb", NS_IPC },
	{ "kernel.msgmni", NS_IPC },
	{ "kernel.msg_next_id", NS_IPC },
	{ "kernel.sem", NS_IPC },
	{ "kernel.sem_next_id", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "fs.mqueue.msg_max", NS_IPC },
	{ "fs/mqueue/queues_max", NS_IPC },
	{ "net.ipv4.ip_forward", NS_NETWORK },
	{ "net/ipv4/ip_forward", NS_NETWORK },
	{ "net.ipv4.conf.eth0/100.forwarding", NS_NETWORK },
	{ "net/ipv4/conf/eth0.100/forwarding", NS_NETWORK },
	{ "kernel.hostname", NS_UTS },
	{ "kernel.domainname", NS_UTS },
	{ "user.max_user_namespaces", NS_USER },
	{ "kernel.core_pattern", NS_COUNT },
	{ "kernel.modprobe", NS_COUNT },
	{ "kernel.sem2", NS_COUNT },
	{ "kernel.shm", NS_COUNT },
	{ "kernel.sched_rt_runtime_us", NS_COUNT },
	{ "kernel.seccomp.actions_logged", NS_COUNT },
	{ "kernel.hostname.x", NS_COUNT },
	{ "vm.swappiness", NS_COUNT },
	{ "fs.file-max", NS_COUNT },
	{ "fs.mqueue", NS_COUNT },
	{ "net", NS_COUNT },
	{ "netx.ipv4", NS_COUNT },
	{ "NET.ipv4.ip_forward", NS_COUNT },
	{ "x", NS_COUNT },
};

static void test_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		for (int type = 0; type < NS_COUNT; type++) {
			struct ns_plan plan = { 0 };
			struct err err = { 0 };

			plan.own[type] = true;
			if (type == keys[i].type) {
				assert_int_equal(check(keys[i].key, &plan, &err), 0);
				continue;
			}
			assert_int_equal(check(keys[i].key, &plan, &err), -EINVAL);
			assert_int_equal(err.kind, ERR_CONFIG);
			assert_non_null(strstr(err.msg, keys[i].key));
		}
	}
}

static struct ns_plan plan_owning_all(void)
{
	struct ns_plan plan = { 0 };

	memset(plan.own, true, sizeof(plan.own));
	return plan;
}

static void assert_refused(const char *key, const struct ns_plan *plan, const char *text)
{
	struct err err = { 0 };

	assert_int_equal(check(key, plan, &err), -EINVAL);
	assert_string_equal(err.msg, text);
}

static void test_texts(void **state)
{
	struct ns_plan all = plan_owning_all(), none = { 0 };

	(void)state;
	assert_refused("vm.swappiness", &all,
		"linux.sysctl.vm.swappiness: belongs to no namespace and would change the host");
	assert_refused("net.core.somaxconn", &none,
		"linux.sysctl.net.core.somaxconn: the container shares the network namespace of "
		"the "
		"runtime");
	assert_refused("kernel.msgmax", &none,
		"linux.sysctl.kernel.msgmax: the container shares the ipc namespace of the "
		"runtime");
}

/* R9: nothing leaves the directory that its prefix names. */
static void test_components(void **state)
{
	static const char *const bad[] = { "", ".", "/", "net.", ".net", "/net/x", "net..ipv4",
		"net//ipv4", "net/", "net/../kernel/core_pattern", "net/./x", "net/..",
		"net.//.kernel", "net./.x", "..", "net/ipv4/.." };
	struct ns_plan all = plan_owning_all();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(check(bad[i], &all, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "a component is empty, \".\" or \"..\""));
	}
}

static void test_too_long(void **state)
{
	struct ns_plan all = plan_owning_all();
	char key[SYSCTL_PATH_SIZE * 2] = "net.";
	struct err err = { 0 };

	(void)state;
	memset(key + 4, 'a', sizeof(key) - 5);
	assert_int_equal(check(key, &all, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "the name is too long"));
}

static void assert_path(const char *key, const char *expected)
{
	char path[SYSCTL_PATH_SIZE];

	assert_int_equal(sysctl_path(key, path), 0);
	assert_string_equal(path, expected);
}

/* As sysctl(8): the first separator decides. */
static void test_path(void **state)
{
	char path[SYSCTL_PATH_SIZE], key[SYSCTL_PATH_SIZE];

	(void)state;
	assert_path("net.ipv4.ip_forward", "sys/net/ipv4/ip_forward");
	assert_path("net/ipv4/ip_forward", "sys/net/ipv4/ip_forward");
	assert_path("net.ipv4.conf.eth0/100.forwarding", "sys/net/ipv4/conf/eth0.100/forwarding");
	assert_path("net/ipv4/conf/eth0.100/forwarding", "sys/net/ipv4/conf/eth0.100/forwarding");
	/* The longest that fits: "sys/", the key and the end. */
	memset(key, 'a', sizeof(key));
	key[SYSCTL_PATH_SIZE - 5] = '\0';
	assert_int_equal(sysctl_path(key, path), 0);
	assert_int_equal(strlen(path), SYSCTL_PATH_SIZE - 1);
	key[SYSCTL_PATH_SIZE - 5] = 'a';
	key[SYSCTL_PATH_SIZE - 4] = '\0';
	assert_int_equal(sysctl_path(key, path), -ENAMETOOLONG);
}

static void test_names_conflict(void **state)
{
	struct ns_plan all = plan_owning_all();

	(void)state;
	all.hostname = "h";
	assert_refused("kernel.hostname", &all,
		"linux.sysctl.kernel.hostname: conflicts with the property hostname");
	assert_refused("kernel/hostname", &all,
		"linux.sysctl.kernel/hostname: conflicts with the property hostname");
	assert_int_equal(check("kernel.domainname", &all, &(struct err){ 0 }), 0);
	all.domainname = "d";
	assert_refused("kernel.domainname", &all,
		"linux.sysctl.kernel.domainname: conflicts with the property domainname");
}

static void test_first_bad_of_many(void **state)
{
	struct spec_pair pairs[] = { { "net.ipv4.ip_forward", "1" }, { "kernel.panic", "1" },
		{ "vm.swappiness", "1" } };
	const spec_pairs list = { pairs, 3 }, none = { NULL, 0 };
	struct ns_plan all = plan_owning_all();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ns_sysctl_check(&none, &all, &err), 0);
	assert_int_equal(ns_sysctl_check(&list, &all, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "linux.sysctl.kernel.panic: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_names_conflict),
		cmocka_unit_test(test_first_bad_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
