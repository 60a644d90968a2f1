// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp compiler against libseccomp: the same rules go through both, and both programs run in
 * an interpreter for every system call number and many arguments.  Where we differ on purpose
 * (runtime/process/filter.h, 1 and 3) the expectation is computed here from the document.
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
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/filter_machine.h"
#include "runtime/process/filter_arch.h"

/* ---- the reference ---- */

static struct program program_export(scmp_filter_ctx ctx, bool swap)
{
	struct program p = { NULL, 0 };
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	off_t size;

	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	assert_true(size > 0);
	p.insns = malloc((size_t)size);
	p.count = (size_t)size / sizeof(*p.insns);
	assert_int_equal(pread(fd, p.insns, (size_t)size, 0), size);
	close(fd);
	for (size_t i = 0; swap && i < p.count; i++) {
		p.insns[i].code = __builtin_bswap16(p.insns[i].code);
		p.insns[i].k = __builtin_bswap32(p.insns[i].k);
	}
	return p;
}

/* Adds one rule as runc does: native names, an argument used twice splits the rule. */
static int reference_add(
	scmp_filter_ctx ctx, uint32_t action, int nr, const struct spec_seccomp_rule *rule)
{
	struct scmp_arg_cmp cmp[ARG_MAX];
	unsigned int seen = 0;
	bool split = false;
	int r = 0;

	for (size_t i = 0; i < rule->args.count; i++) {
		const struct spec_seccomp_arg *arg = &rule->args.items[i];

		cmp[i] = (struct scmp_arg_cmp){
			.arg = arg->index,
			.op = (enum scmp_compare)arg->op,
			.datum_a = arg->value,
			.datum_b = arg->value_two,
		};
		split |= seen & (1u << arg->index);
		seen |= 1u << arg->index;
	}
	if (!split)
		return seccomp_rule_add_array(ctx, action, nr, (unsigned int)rule->args.count, cmp);
	for (size_t i = 0; i < rule->args.count && r == 0; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &cmp[i]);
	return r;
}

/*
 * What libseccomp makes of a profile for the listed architectures.  A rule that it refuses (it
 * calls some contradictions EEXIST) is taken out of the profile when @drop, else fails the test.
 */
static struct program reference_build(struct spec_seccomp *seccomp, bool drop)
{
	uint32_t base = complete(seccomp->default_action, &seccomp->default_errno_ret);
	scmp_filter_ctx ctx = seccomp_init(base);
	bool big = !(seccomp->architectures.items[0] & __AUDIT_ARCH_LE);
	struct program p;

	assert_non_null(ctx);
	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), 0);
	if (big)
		assert_int_equal(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), 0);
	for (size_t i = 0; i < seccomp->architectures.count; i++) {
		int r = seccomp_arch_add(ctx, seccomp->architectures.items[i]);

		assert_true(r == 0 || r == -EEXIST);
	}
	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		struct spec_seccomp_rule *rule = &seccomp->syscalls.items[i];
		uint32_t action = complete(rule->action, &rule->errno_ret);

		if (action == base)
			continue;
		for (size_t j = 0; j < rule->names.count; j++) {
			int nr = seccomp_syscall_resolve_name(rule->names.items[j]);
			int r = nr == __NR_SCMP_ERROR ? 0 : reference_add(ctx, action, nr, rule);

			if (r == 0)
				continue;
			assert_true(drop);
			rule->names.count = 0;
		}
	}
	p = program_export(ctx, big);
	seccomp_release(ctx);
	return p;
}

/* ---- comparing ---- */

/* The greatest number that the profile names on @arch; -1: none (the ENOSYS rule). */
static int64_t greatest_number(const struct spec_seccomp *seccomp, uint32_t arch)
{
	int64_t greatest = -1;

	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->syscalls.items[i];

		for (size_t j = 0; j < rule->names.count; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, rule->names.items[j]);
			int rewritten =
				seccomp_syscall_resolve_name_rewrite(arch, rule->names.items[j]);
			struct arch_multiplexed call;

			if (nr < -1 && arch_multiplexed_find(arch, nr, &call))
				nr = call.direct;
			greatest = nr > greatest ? nr : greatest;
			greatest = rewritten > greatest ? rewritten : greatest;
		}
	}
	return greatest;
}

static bool refuses(uint32_t action)
{
	return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG &&
		action != SECCOMP_RET_TRACE;
}

struct comparison {
	const struct spec_seccomp *seccomp;
	struct program ours;
	struct program reference;
	uint32_t arch;
	int64_t greatest;
	int64_t greatest_x86_64;
	size_t calls;
};

/* The greatest number of the architecture that @nr belongs to; x86_64 is always in the list. */
static int64_t greatest_for(const struct comparison *c, uint32_t nr)
{
	bool x86_64 = c->arch == SCMP_ARCH_X86_64 || c->arch == SCMP_ARCH_X32;

	if (x86_64 && nr < X32)
		return c->greatest_x86_64;
	return c->arch == SCMP_ARCH_X86_64 ? INT64_MAX : c->greatest;
}

static uint32_t expected(const struct comparison *c, const struct call *call)
{
	uint32_t nr = call->words[0];
	int64_t greatest = greatest_for(c, nr);

	if (refuses(c->seccomp->default_action) && greatest >= 0) {
		if (nr == UINT32_MAX || nr > greatest)
			return ENOSYS_RET;
		if ((c->arch == SCMP_ARCH_S390 || c->arch == SCMP_ARCH_S390X) && nr == 0)
			return ENOSYS_RET;
	}
	return program_run(&c->reference, call, NULL);
}

static void compare_call(struct comparison *c, uint32_t nr, const uint64_t *args)
{
	struct call call = call_make(c->arch, nr, args);
	uint32_t want = expected(c, &call);
	uint32_t got = program_run(&c->ours, &call, NULL);

	c->calls++;
	if (want != got)
		fail_msg("arch 0x%x nr %d args %llx %llx %llx %llx: expected 0x%x, got 0x%x",
			c->arch, (int)nr, (unsigned long long)args[0], (unsigned long long)args[1],
			(unsigned long long)args[2], (unsigned long long)args[3], want, got);
}

static void compare_begin(
	struct comparison *c, struct spec_seccomp *seccomp, uint32_t arch, bool drop)
{
	*c = (struct comparison){
		.seccomp = seccomp,
		.reference = reference_build(seccomp, drop),
		.arch = arch,
	};
	c->ours = compile(seccomp);
	c->greatest = greatest_number(seccomp, arch);
	c->greatest_x86_64 = greatest_number(seccomp, SCMP_ARCH_X86_64);
}

static void compare_end(struct comparison *c)
{
	assert_true(c->calls > 0);
	free(c->ours.insns);
	free(c->reference.insns);
}

/* ---- against libseccomp ---- */

/* One condition: every operator, every edge as value and as argument, on every architecture. */
static void test_conditions(void **state)
{
	(void)state;
	for (size_t a = 0; a < ALL_ARCHS; a++) {
		uint32_t nr = (uint32_t)seccomp_syscall_resolve_name_arch(all_archs[a], "ioctl");

		for (size_t i = 0; i < ALL_OPS * (sizeof(edges) / sizeof(edges[0])); i++) {
			struct comparison c;
			struct profile p;

			profile_init(&p, SECCOMP_RET_ERRNO, &all_archs[a], 1);
			rule_add_arg(profile_add(&p, "ioctl", SECCOMP_RET_ALLOW), i % 6,
				all_ops[i % ALL_OPS], edges[i / ALL_OPS], edges[(i + 5) % 16]);
			compare_begin(&c, &p.seccomp, all_archs[a], false);
			for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++) {
				uint64_t args[6] = { 3, 3, 3, 3, 3, 3 };

				args[i % 6] = edges[j];
				compare_call(&c, nr, args);
			}
			compare_end(&c);
		}
	}
}

static void compare_random_calls(struct comparison *c, uint32_t nr, size_t count)
{
	while (count-- > 0) {
		uint64_t args[6] = { random_edge(), random_edge(), random_edge(), 0, 0, 0 };

		compare_call(c, nr, args);
	}
}

/* One rule with up to three arguments, all of which must match. */
static void test_conjunctions(void **state)
{
	(void)state;
	random_state = 88172645463325252ull;
	for (size_t i = 0; i < 40 * ALL_ARCHS; i++) {
		uint32_t arch = all_archs[i % ALL_ARCHS];
		struct comparison c;
		struct profile p;

		profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
		rule_add_random(profile_add(&p, "ioctl", SECCOMP_RET_TRAP), 3, all_ops, ALL_OPS);
		compare_begin(&c, &p.seccomp, arch, false);
		compare_random_calls(
			&c, (uint32_t)seccomp_syscall_resolve_name_arch(arch, "ioctl"), 60);
		compare_end(&c);
	}
}

/*
 * Several rules with different actions for one call: who decides.  libseccomp is a sound reference
 * only where its merging of rules is: for equality on all machines, for the rest with 32-bit words
 * (it shares the nodes of high halves between rules, and loops for ever over some lists of NE).
 */
static void test_precedence(void **state)
{
	static const int equal[] = { SCMP_CMP_EQ };

	(void)state;
	random_state = 88172645463325253ull;
	for (size_t i = 0; i < 40 * ALL_ARCHS; i++) {
		uint32_t arch = all_archs[i % ALL_ARCHS];
		bool narrow = arch_has_32_bits(arch) && arch != SCMP_ARCH_X32;
		struct comparison c;
		struct profile p;

		profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
		for (size_t j = 2 + random_below(3); j > 0; j--)
			rule_add_random(profile_add(&p, "ioctl", some_actions[random_below(4)]),
				narrow ? 1 : 1 + random_below(2), narrow ? all_ops : equal,
				narrow ? ALL_OPS : 1);
		compare_begin(&c, &p.seccomp, arch, true);
		compare_random_calls(
			&c, (uint32_t)seccomp_syscall_resolve_name_arch(arch, "ioctl"), 60);
		compare_end(&c);
	}
}

/* Names of calls: those of the native machine, those of 32-bit machines, and no names. */
static const char *const other_names[] = {
	"socketcall",
	"ipc",
	"send",
	"recv",
	"mmap2",
	"stat64",
	"chown32",
	"clock_gettime64",
	"arm_fadvise64_64",
	"cacheflush",
	"breakpoint",
	"set_tls",
	"s390_pci_mmio_read",
	"spu_run",
	"riscv_flush_icache",
	"sync_file_range2",
	"semtimedop_time64",
	"waitpid",
	"olduname",
	"no_such_call",
	"",
};
#define OTHER_NAMES (sizeof(other_names) / sizeof(other_names[0]))

static size_t collect_names(const char **names, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < OTHER_NAMES; i++)
		names[count++] = other_names[i];
	for (int nr = 0; nr < 460 && count < max; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

		if (name)
			names[count++] = name;
	}
	return count;
}

static void free_names(const char **names, size_t count)
{
	for (size_t i = OTHER_NAMES; i < count; i++)
		free((void *)(uintptr_t)names[i]);
}

/* Every number that could mean something, plus the borders of the ranges that cannot. */
static void compare_numbers(struct comparison *c, const uint64_t *args)
{
	static const uint32_t special[] = { 0, 0xf0000, 0xf0001, 0xf0002, 0xf0003, 0xf0004, 0xf0005,
		0xf0006, 0x3fffffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	uint32_t first = arch_first_number(c->arch);

	for (uint32_t nr = first; nr < first + 600; nr++)
		compare_call(c, nr, args);
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		compare_call(c, special[i], args);
}

/*
 * A rule for a random part of the names each; some names are in both lists, but none of a
 * multiplexed call, where libseccomp calls it EEXIST.
 */
static void choose_names(
	struct profile *p, const char **names, size_t count, const char *chosen[2][512])
{
	struct spec_seccomp_rule *first = profile_add(p, "read", SECCOMP_RET_KILL_THREAD);
	struct spec_seccomp_rule *second = profile_add(p, "read", SECCOMP_RET_TRACE);

	first->names.items = chosen[0];
	second->names.items = chosen[1];
	first->names.count = 0;
	second->names.count = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t dice = random_below(6);
		int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, names[i]);

		if (dice == 0 || dice == 2)
			chosen[0][first->names.count++] = names[i];
		if (dice == 1 || (dice == 2 && nr >= 0))
			chosen[1][second->names.count++] = names[i];
	}
}

static void compare_all_numbers(struct comparison *c)
{
	static const char *const through[] = { "socketcall", "ipc" };

	for (uint32_t call = 0; call < 32; call++) {
		uint64_t args[6] = { call, 0, 0, 0, 0, 0 };

		if (call < 2)
			compare_numbers(c, args);
		for (size_t i = 0; i < 2; i++) {
			int nr = seccomp_syscall_resolve_name_arch(c->arch, through[i]);

			if (nr >= 0)
				compare_call(c, (uint32_t)nr, args);
		}
	}
}

/* Random lists of names: every number on every architecture, multiplexed calls included. */
static void test_numbers(void **state)
{
	const char *names[512], *chosen[2][512];
	size_t count = collect_names(names, 500);

	(void)state;
	assert_true(count > 300);
	random_state = 88172645463325254ull;
	for (size_t i = 0; i < 3 * ALL_ARCHS; i++) {
		uint32_t arch = all_archs[i % ALL_ARCHS];
		struct comparison c;
		struct profile p;

		profile_init(&p, i % 2 ? SECCOMP_RET_ERRNO : SECCOMP_RET_ALLOW, &arch, 1);
		choose_names(&p, names, count, chosen);
		compare_begin(&c, &p.seccomp, arch, false);
		compare_all_numbers(&c);
		compare_end(&c);
	}
	free_names(names, count);
}

/* libseccomp loses memory when it refuses a rule.  The sanitizer's library, which is a shared one with
 * gcc, must see it. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_conjunctions),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
