// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp compiler against what runtime/process/filter.h says: order of rules, architectures,
 * newer calls, multiplexed calls, sizes, errors and flags.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/filter_machine.h"
#include "runtime/process/filter_arch.h"

/* ---- against the document ---- */

static bool condition_holds(const struct spec_seccomp_arg *arg, uint32_t arch, const uint64_t *args)
{
	uint64_t word = arch_has_32_bits(arch) ? UINT32_MAX : UINT64_MAX;
	uint64_t x = args[arg->index] & word, v = arg->value & word, two = arg->value_two & word;

	switch (arg->op) {
	case SCMP_CMP_NE:
		return x != v;
	case SCMP_CMP_LT:
		return x < v;
	case SCMP_CMP_LE:
		return x <= v;
	case SCMP_CMP_EQ:
		return x == v;
	case SCMP_CMP_GE:
		return x >= v;
	case SCMP_CMP_GT:
		return x > v;
	default:
		return (x & v) == (two & v);
	}
}

static bool rule_holds(const struct spec_seccomp_rule *rule, uint32_t arch, const uint64_t *args)
{
	for (size_t i = 0; i < rule->args.count; i++)
		if (!condition_holds(&rule->args.items[i], arch, args))
			return false;
	return true;
}

/* True when @got is the action of a rule that holds, or the default action when none does. */
static bool document_permits(
	const struct spec_seccomp *seccomp, uint32_t arch, const uint64_t *args, uint32_t got)
{
	uint32_t base = complete(seccomp->default_action, &seccomp->default_errno_ret);
	bool any = false;

	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->syscalls.items[i];
		uint32_t action = complete(rule->action, &rule->errno_ret);

		if (action == base || !rule_holds(rule, arch, args))
			continue;
		any = true;
		if (action == got)
			return true;
	}
	return !any && got == base;
}

/* Any number of rules with any conditions, on every architecture. */
static void test_rules_by_the_document(void **state)
{
	(void)state;
	random_state = 88172645463325255ull;
	for (size_t i = 0; i < 200 * ALL_ARCHS; i++) {
		uint32_t arch = all_archs[i % ALL_ARCHS];
		uint32_t nr = (uint32_t)seccomp_syscall_resolve_name_arch(arch, "ioctl");
		struct program ours;
		struct profile p;

		profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
		for (size_t j = 1 + random_below(RULE_MAX); j > 0; j--)
			rule_add_random(profile_add(&p, "ioctl", some_actions[random_below(4)]),
				1 + random_below(3), all_ops, ALL_OPS);
		/* a mask of 0 is no condition, and a rule without conditions decides alone */
		for (size_t j = 0; j < p.seccomp.syscalls.count; j++)
			for (size_t k = 0; k < p.rules[j].args.count; k++)
				if (p.args[j][k].op == SCMP_CMP_MASKED_EQ)
					p.args[j][k].value |= 1;
		ours = compile(&p.seccomp);
		for (size_t j = 0; j < 40; j++) {
			uint64_t args[6] = { random_edge(), random_edge(), random_edge(), 0, 0, 0 };
			struct call call = call_make(arch, nr, args);

			assert_true(document_permits(
				&p.seccomp, arch, args, program_run(&ours, &call, NULL)));
		}
		free(ours.insns);
	}
}

static uint32_t verdict_of(const struct spec_seccomp *seccomp, uint32_t arch, uint32_t nr,
	uint64_t arg0, uint64_t arg1)
{
	uint64_t args[6] = { arg0, arg1, 0, 0, 0, 0 };
	struct call call = call_make(arch, nr, args);
	struct program ours = compile(seccomp);
	uint32_t verdict = program_run(&ours, &call, NULL);

	free(ours.insns);
	return verdict;
}

/* The order of filter.h, 2, case by case, with 64-bit words. */
static void test_order_of_rules(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	struct {
		uint32_t index_a;
		int op_a;
		uint64_t value_a;
		uint32_t index_b;
		int op_b;
		uint64_t value_b;
		bool second; /* for the arguments 7, 7 the second rule decides */
	} cases[] = {
		{ 0, SCMP_CMP_EQ, 7, 1, SCMP_CMP_EQ, 7, true }, /* the higher index */
		{ 0, SCMP_CMP_GT, 1, 0, SCMP_CMP_EQ, 7, true }, /* equality before a range */
		{ 0, SCMP_CMP_LT, 9, 0, SCMP_CMP_NE, 1, true },
		{ 0, SCMP_CMP_GT, 1, 0, SCMP_CMP_GT, 3, true }, /* the narrower range */
		{ 0, SCMP_CMP_LE, 0x100000000, 0, SCMP_CMP_LE, 8, true },
		{ 0, SCMP_CMP_GT, 3, 0, SCMP_CMP_GT, 1, false },
		{ 0, SCMP_CMP_NE, 1, 0, SCMP_CMP_NE, 3, true }, /* the greater value */
		{ 0, SCMP_CMP_EQ, 7, 0, SCMP_CMP_EQ, 7, false }, /* the first of the document */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct profile p;

		profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
		rule_add_arg(profile_add(&p, "ioctl", SECCOMP_RET_ALLOW), cases[i].index_a,
			cases[i].op_a, cases[i].value_a, 0);
		rule_add_arg(profile_add(&p, "ioctl", SECCOMP_RET_TRAP), cases[i].index_b,
			cases[i].op_b, cases[i].value_b, 0);
		assert_int_equal(verdict_of(&p.seccomp, arch, 16, 7, 7),
			cases[i].second ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW);
	}
}

static void test_unconditional_rules(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	struct profile p;

	(void)state;
	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	rule_add_arg(profile_add(&p, "ioctl", SECCOMP_RET_TRAP), 0, SCMP_CMP_EQ, 7, 0);
	profile_add(&p, "ioctl", SECCOMP_RET_ALLOW);
	profile_add(&p, "ioctl", SECCOMP_RET_LOG);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 7, 0), SECCOMP_RET_ALLOW);

	/* a rule with the default action does not count */
	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	profile_add(&p, "ioctl", SECCOMP_RET_ERRNO);
	rule_add_arg(profile_add(&p, "ioctl", SECCOMP_RET_ALLOW), 0, SCMP_CMP_EQ, 7, 0);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 7, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 8, 0), SECCOMP_RET_ERRNO | EPERM);

	/* one argument twice: either is enough */
	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	profile_add(&p, "ioctl", SECCOMP_RET_ALLOW);
	rule_add_arg(&p.rules[0], 0, SCMP_CMP_EQ, 7, 0);
	rule_add_arg(&p.rules[0], 0, SCMP_CMP_EQ, 9, 0);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 7, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 9, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 8, 0), SECCOMP_RET_ERRNO | EPERM);
}

static void test_errno_and_trace_data(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	struct profile p;

	(void)state;
	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	p.seccomp.default_errno_ret = (struct opt_u32){ true, EACCES };
	profile_add(&p, "ioctl", SECCOMP_RET_ERRNO);
	profile_add(&p, "read", SECCOMP_RET_ERRNO)->errno_ret = (struct opt_u32){ true, 0 };
	profile_add(&p, "write", SECCOMP_RET_TRACE)->errno_ret = (struct opt_u32){ true, 65535 };
	profile_add(&p, "open", SECCOMP_RET_TRACE);
	assert_int_equal(verdict_of(&p.seccomp, arch, 16, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict_of(&p.seccomp, arch, 0, 0, 0), SECCOMP_RET_ERRNO);
	assert_int_equal(verdict_of(&p.seccomp, arch, 1, 0, 0), SECCOMP_RET_TRACE | 65535);
	assert_int_equal(verdict_of(&p.seccomp, arch, 2, 0, 0), SECCOMP_RET_TRACE | EPERM);
	assert_int_equal(verdict_of(&p.seccomp, arch, 3, 0, 0), SECCOMP_RET_ERRNO | EACCES);
}

/* filter.h, 1: what is not listed kills, x32 too, but never the number -1 of tracers. */
static void test_foreign_architectures(void **state)
{
	static const uint32_t native = SCMP_ARCH_X86_64, x86 = SCMP_ARCH_X86;
	struct profile p;

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		return;
	profile_init(&p, SECCOMP_RET_ALLOW, &native, 0); /* an empty list: the native one */
	profile_add(&p, "mount", SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, native, 165, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, native, 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, x86, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict_of(&p.seccomp, native, X32, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict_of(&p.seccomp, native, X32 | 165, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(
		verdict_of(&p.seccomp, native, 0xfffffffe, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict_of(&p.seccomp, native, UINT32_MAX, 0, 0), SECCOMP_RET_ALLOW);

	/* the native one is in the list always (R14) */
	p.archs[0] = SCMP_ARCH_X86;
	p.seccomp.architectures.count = 1;
	assert_int_equal(verdict_of(&p.seccomp, native, 165, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, x86, 21, 0, 0), SECCOMP_RET_TRAP);
	p.archs[0] = SCMP_ARCH_X32;
	assert_int_equal(verdict_of(&p.seccomp, native, 165, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, native, X32 | 165, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, native, X32 | 1, 0, 0), SECCOMP_RET_ALLOW);
}

/* filter.h, 3: numbers newer than the profile. */
static void test_newer_calls(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	static const struct {
		uint32_t action;
		bool enosys;
	} cases[] = {
		{ SECCOMP_RET_ERRNO, true },
		{ SECCOMP_RET_KILL_PROCESS, true },
		{ SECCOMP_RET_KILL_THREAD, true },
		{ SECCOMP_RET_TRAP, true },
		{ SECCOMP_RET_ALLOW, false },
		{ SECCOMP_RET_LOG, false },
		{ SECCOMP_RET_TRACE, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t base = complete(cases[i].action, &(struct opt_u32){ 0 });
		struct profile p;

		profile_init(&p, cases[i].action, &arch, 1);
		profile_add(&p, "read", SECCOMP_RET_KILL_THREAD);
		profile_add(&p, "clone3", cases[i].action); /* 435; known, though it does nothing */
		assert_int_equal(verdict_of(&p.seccomp, arch, 434, 0, 0), base);
		assert_int_equal(verdict_of(&p.seccomp, arch, 435, 0, 0), base);
		assert_int_equal(verdict_of(&p.seccomp, arch, 436, 0, 0),
			cases[i].enosys ? ENOSYS_RET : base);
		assert_int_equal(verdict_of(&p.seccomp, arch, X32 - 1, 0, 0),
			cases[i].enosys ? ENOSYS_RET : base);
		/* nothing is newer than an empty profile */
		p.seccomp.syscalls.count = 0;
		assert_int_equal(verdict_of(&p.seccomp, arch, 436, 0, 0), base);
	}
}

static const char *const multiplexed[] = {
	"socket",
	"bind",
	"connect",
	"listen",
	"accept",
	"getsockname",
	"getpeername",
	"socketpair",
	"send",
	"recv",
	"sendto",
	"recvfrom",
	"shutdown",
	"setsockopt",
	"getsockopt",
	"sendmsg",
	"recvmsg",
	"accept4",
	"recvmmsg",
	"sendmmsg",
	"semop",
	"semget",
	"semctl",
	"semtimedop",
	"msgsnd",
	"msgrcv",
	"msgget",
	"msgctl",
	"shmat",
	"shmdt",
	"shmget",
	"shmctl",
};
#define MULTIPLEXED (sizeof(multiplexed) / sizeof(multiplexed[0]))

static int number_by_search(uint32_t arch, const char *name)
{
	uint32_t first = arch_first_number(arch);

	for (uint32_t nr = first; nr < first + 470; nr++) {
		char *found = seccomp_syscall_resolve_num_arch(arch, (int)nr);
		bool same = found && strcmp(found, name) == 0;

		free(found);
		if (same)
			return (int)nr;
	}
	return -1;
}

/* Our table of direct numbers against libseccomp's tables. */
static void test_multiplexed_table(void **state)
{
	static const uint32_t archs[] = { SCMP_ARCH_X86, SCMP_ARCH_S390, SCMP_ARCH_S390X,
		SCMP_ARCH_PPC, SCMP_ARCH_PPC64LE, SCMP_ARCH_MIPS };

	(void)state;
	for (size_t a = 0; a < sizeof(archs) / sizeof(archs[0]); a++) {
		for (size_t i = 0; i < MULTIPLEXED; i++) {
			int pseudo = seccomp_syscall_resolve_name_arch(archs[a], multiplexed[i]);
			struct arch_multiplexed call;

			assert_true(pseudo <= -100);
			assert_true(arch_multiplexed_find(archs[a], pseudo, &call));
			assert_int_equal(call.through,
				seccomp_syscall_resolve_name_rewrite(archs[a], multiplexed[i]));
			assert_int_equal(call.direct, number_by_search(archs[a], multiplexed[i]));
		}
	}
}

/* The kernel ignores the version in ipc's first argument, and the upper half of an int. */
static void test_multiplexed_arguments(void **state)
{
	static const uint32_t x86 = SCMP_ARCH_X86, s390x = SCMP_ARCH_S390X;
	struct profile p;

	(void)state;
	profile_init(&p, SECCOMP_RET_ALLOW, &x86, 1);
	profile_add(&p, "shmat", SECCOMP_RET_TRAP); /* 21 */
	profile_add(&p, "socket", SECCOMP_RET_TRAP); /* 1 */
	assert_int_equal(verdict_of(&p.seccomp, x86, 117, 21, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, x86, 117, 0x10015, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, x86, 117, 22, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, x86, 397, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, x86, 102, 1, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict_of(&p.seccomp, x86, 102, 0x10001, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, x86, 102, 2, 0), SECCOMP_RET_ALLOW);
	p.archs[0] = s390x;
	assert_int_equal(verdict_of(&p.seccomp, s390x, 102, 0x700000001, 0), SECCOMP_RET_TRAP);

	/* the call's number takes the place of argument 0 only */
	profile_init(&p, SECCOMP_RET_ERRNO, &x86, 1);
	profile_add(&p, "socket", SECCOMP_RET_ALLOW);
	rule_add_arg(&p.rules[0], 0, SCMP_CMP_EQ, 16, 0);
	rule_add_arg(&p.rules[0], 1, SCMP_CMP_EQ, 3, 0);
	assert_int_equal(verdict_of(&p.seccomp, x86, 102, 1, 3), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, x86, 102, 1, 4), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict_of(&p.seccomp, x86, 359, 16, 3), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of(&p.seccomp, x86, 359, 1, 3), SECCOMP_RET_ERRNO | EPERM);
}

/* ---- size ---- */

/* Many rules with arguments for many calls: jumps over more than 255 instructions. */
static void make_large(struct spec_seccomp *seccomp, struct spec_seccomp_rule *rules,
	struct spec_seccomp_arg *args, const char **names, size_t count)
{
	memset(seccomp, 0, sizeof(*seccomp));
	seccomp->default_action = SECCOMP_RET_ERRNO;
	seccomp->syscalls.items = rules;
	seccomp->syscalls.count = count;
	for (size_t i = 0; i < count; i++) {
		args[i] = (struct spec_seccomp_arg){ .index = 0, .value = i, .op = SCMP_CMP_EQ };
		rules[i] = (struct spec_seccomp_rule){
			.names = { &names[i % 200], 1 },
			.action = SECCOMP_RET_ALLOW,
			.args = { &args[i], 1 },
		};
	}
}

static void check_large(const struct spec_seccomp *seccomp, const char **names, uint32_t step)
{
	size_t count = seccomp->syscalls.count;
	struct program ours = compile(seccomp);

	for (uint32_t nr = 0; nr < 200; nr++) {
		for (uint32_t arg = nr % step; arg < 800; arg += step) {
			uint64_t values[6] = { arg, 0, 0, 0, 0, 0 };
			struct call call = call_make(seccomp_arch_native(), nr, values);
			uint32_t verdict = program_run(&ours, &call, NULL);

			if (names[nr] && arg < count && arg % 200 == nr)
				assert_int_equal(verdict, SECCOMP_RET_ALLOW);
			else
				assert_true(verdict == (SECCOMP_RET_ERRNO | EPERM) ||
					(nr >= count && verdict == ENOSYS_RET));
		}
	}
	free(ours.insns);
}

static void test_long_jumps(void **state)
{
	static struct spec_seccomp_rule rules[1200];
	static struct spec_seccomp_arg args[1200];
	struct filter filter = { 0 };
	struct err err = { 0 };
	const char *names[200];
	struct spec_seccomp seccomp;

	(void)state;
	for (int i = 0; i < 200; i++)
		names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
	/* every length from short to long, so that some jump has each distance around 255 */
	for (size_t count = 30; count < 200; count++) {
		make_large(&seccomp, rules, args, names, count);
		check_large(&seccomp, names, 200);
	}
	make_large(&seccomp, rules, args, names, 600);
	check_large(&seccomp, names, 5);

	/* and one that the kernel would refuse */
	make_large(&seccomp, rules, args, names, 1200);
	assert_true(filter_compile(&seccomp, &filter, &err) < 0);
	assert_non_null(strstr(err.msg, "linux.seccomp: the profile of 1200 rules takes"));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_null(filter.insns);
	for (int i = 0; i < 200; i++)
		free((void *)(uintptr_t)names[i]);
}

/* ---- what is refused, flags ---- */

static void assert_refused(const struct spec_seccomp *seccomp, const char *text)
{
	struct filter filter = { 0 };
	struct err err = { 0 };

	assert_true(filter_compile(seccomp, &filter, &err) < 0);
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strncmp(err.msg, text, strlen(text)) != 0)
		fail_msg("expected \"%s\", got \"%s\"", text, err.msg);
}

static void test_refusals(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	struct profile p;

	(void)state;
	profile_init(&p, SECCOMP_RET_USER_NOTIF, &arch, 1);
	assert_refused(&p.seccomp, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY");

	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	profile_add(&p, "read", SECCOMP_RET_ALLOW);
	profile_add(&p, "mount", SECCOMP_RET_USER_NOTIF);
	p.names[1][1] = "write";
	p.rules[1].names.count = 2;
	assert_refused(&p.seccomp, "linux.seccomp.syscalls[1].names[1]: SCMP_ACT_NOTIFY");
}

static unsigned int flags_of(const struct spec_seccomp *seccomp, bool *out_notify)
{
	struct filter filter = { 0 };
	struct err err = { 0 };
	unsigned int flags;

	assert_int_equal(filter_compile(seccomp, &filter, &err), 0);
	flags = filter.flags;
	*out_notify = filter.notify;
	filter_release(&filter);
	assert_null(filter.insns);
	return flags;
}

static void test_flags(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	const unsigned int killable = 1u << 5;
	struct profile p;
	bool notify = true;

	(void)state;
	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	profile_add(&p, "read", SECCOMP_RET_ALLOW);
	assert_int_equal(flags_of(&p.seccomp, &notify), SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_false(notify);
	p.seccomp.flags_given = true;
	assert_int_equal(flags_of(&p.seccomp, &notify), 0);
	p.seccomp.flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC | killable;
	assert_int_equal(flags_of(&p.seccomp, &notify), SECCOMP_FILTER_FLAG_LOG);

	profile_add(&p, "mount", SECCOMP_RET_USER_NOTIF);
	assert_int_equal(flags_of(&p.seccomp, &notify),
		SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_NEW_LISTENER | killable);
	assert_true(notify);
	/* a call of other machines brings no listener */
	p.names[1][0] = "no_such_call";
	flags_of(&p.seccomp, &notify);
	assert_false(notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_by_the_document),
		cmocka_unit_test(test_order_of_rules),
		cmocka_unit_test(test_unconditional_rules),
		cmocka_unit_test(test_errno_and_trace_data),
		cmocka_unit_test(test_foreign_architectures),
		cmocka_unit_test(test_newer_calls),
		cmocka_unit_test(test_multiplexed_table),
		cmocka_unit_test(test_multiplexed_arguments),
		cmocka_unit_test(test_long_jumps),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
