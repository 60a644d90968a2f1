// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp compiler against libseccomp: the same rules go through both, and both programs are run
 * in an interpreter for every system call number and many arguments.  Where we differ on purpose
 * (runtime/process/filter.h, 1 and 3) the expectation is computed here from the document.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oci/spec.h"
#include "runtime/process/filter.h"
#include "runtime/process/filter_arch.h"

#define ENOSYS_RET (SECCOMP_RET_ERRNO | ENOSYS)
#define X32 0x40000000u

/* ---- the machine ---- */

struct program {
	struct sock_filter *insns;
	size_t count;
};

/* What struct seccomp_data holds, as 32-bit words in the byte order of @arch. */
struct call {
	uint32_t words[16];
};

static struct call call_make(uint32_t arch, uint32_t nr, const uint64_t *args)
{
	struct call call = { { 0 } };
	bool little = arch & __AUDIT_ARCH_LE;

	call.words[0] = nr;
	call.words[1] = arch == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
	for (int i = 0; i < 6; i++) {
		call.words[4 + 2 * i] = (uint32_t)(little ? args[i] : args[i] >> 32);
		call.words[5 + 2 * i] = (uint32_t)(little ? args[i] >> 32 : args[i]);
	}
	return call;
}

static bool jump_taken(const struct sock_filter *insn, uint32_t a)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == insn->k;
	case BPF_JGT:
		return a > insn->k;
	case BPF_JGE:
		return a >= insn->k;
	case BPF_JSET:
		return a & insn->k;
	default:
		fail_msg("unknown jump 0x%x", insn->code);
		return false;
	}
}

/* The verdict; *steps, when given, counts the instructions executed. */
static uint32_t program_run(const struct program *p, const struct call *call, size_t *steps)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < p->count; pc++) {
		const struct sock_filter *insn = &p->insns[pc];

		if (steps)
			(*steps)++;
		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(insn->k < 64 && insn->k % 4 == 0);
			a = call->words[insn->k / 4];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		case BPF_RET | BPF_K:
			return insn->k;
		default:
			assert_int_equal(BPF_CLASS(insn->code), BPF_JMP);
			pc += jump_taken(insn, a) ? insn->jt : insn->jf;
			break;
		}
	}
	fail_msg("the program runs over its end");
	return 0;
}

/* ---- profiles ---- */

#define RULE_MAX 16
#define ARG_MAX 4

struct profile {
	struct spec_seccomp seccomp;
	struct spec_seccomp_rule rules[RULE_MAX];
	const char *names[RULE_MAX][4];
	struct spec_seccomp_arg args[RULE_MAX][ARG_MAX];
	uint32_t archs[4];
};

static void profile_init(struct profile *p, uint32_t action, const uint32_t *archs, size_t count)
{
	memset(p, 0, sizeof(*p));
	p->seccomp.default_action = action;
	p->seccomp.syscalls.items = p->rules;
	memcpy(p->archs, archs, count * sizeof(*archs));
	p->seccomp.architectures.items = p->archs;
	p->seccomp.architectures.count = count;
}

static struct spec_seccomp_rule *profile_add(struct profile *p, const char *name, uint32_t action)
{
	size_t i = p->seccomp.syscalls.count++;
	struct spec_seccomp_rule *rule = &p->rules[i];

	assert_true(i < RULE_MAX);
	memset(rule, 0, sizeof(*rule));
	p->names[i][0] = name;
	rule->names.items = p->names[i];
	rule->names.count = 1;
	rule->action = action;
	rule->args.items = p->args[i];
	return rule;
}

static void rule_add_arg(
	struct spec_seccomp_rule *rule, uint32_t index, int op, uint64_t value, uint64_t value_two)
{
	assert_true(rule->args.count < ARG_MAX);
	rule->args.items[rule->args.count++] = (struct spec_seccomp_arg){
		.index = index,
		.op = op,
		.value = value,
		.value_two = value_two,
	};
}

static uint32_t complete(uint32_t action, const struct opt_u32 *data)
{
	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
		return action;
	return action | (data->set ? data->v : EPERM);
}

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

/* ---- sources of numbers ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16) % n;
}

/* Both sides of every border that a comparison in two halves has. */
static const uint64_t edges[] = {
	0,
	1,
	2,
	7,
	8,
	0x7fffffff,
	0x80000000,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x100000007,
	0x700000007,
	0xffffffff00000000,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};

static uint64_t random_edge(void)
{
	return edges[random_below(sizeof(edges) / sizeof(edges[0]))];
}

static const uint32_t all_archs[] = {
	SCMP_ARCH_X86_64,
	SCMP_ARCH_X86,
	SCMP_ARCH_X32,
	SCMP_ARCH_AARCH64,
	SCMP_ARCH_ARM,
	SCMP_ARCH_MIPS,
	SCMP_ARCH_MIPSEL64,
	SCMP_ARCH_MIPSEL64N32,
	SCMP_ARCH_PPC,
	SCMP_ARCH_PPC64,
	SCMP_ARCH_PPC64LE,
	SCMP_ARCH_S390,
	SCMP_ARCH_S390X,
	SCMP_ARCH_PARISC,
	SCMP_ARCH_RISCV64,
};
#define ALL_ARCHS (sizeof(all_archs) / sizeof(all_archs[0]))

static const int all_ops[] = {
	SCMP_CMP_NE,
	SCMP_CMP_LT,
	SCMP_CMP_LE,
	SCMP_CMP_EQ,
	SCMP_CMP_GE,
	SCMP_CMP_GT,
	SCMP_CMP_MASKED_EQ,
};
#define ALL_OPS 7

static const uint32_t some_actions[] = {
	SECCOMP_RET_ALLOW,
	SECCOMP_RET_KILL_PROCESS,
	SECCOMP_RET_TRAP,
	SECCOMP_RET_LOG,
};

static bool arch_has_32_bits(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 || arch == SCMP_ARCH_MIPSEL64N32 ||
		!(arch & __AUDIT_ARCH_64BIT);
}

static struct program compile(const struct spec_seccomp *seccomp)
{
	struct filter filter = { 0 };
	struct err err = { 0 };

	if (filter_compile(seccomp, &filter, &err) < 0)
		fail_msg("%s", err.msg);
	return (struct program){ filter.insns, filter.count };
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

static void rule_add_random(
	struct spec_seccomp_rule *rule, size_t args, const int *ops, uint32_t op_count)
{
	unsigned int used = 0;

	while (args > 0) {
		uint32_t index = random_below(3);

		args--;
		if (used & (1u << index))
			continue;
		used |= 1u << index;
		rule_add_arg(
			rule, index, ops[random_below(op_count)], random_edge(), random_edge());
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

static uint32_t arch_first_number(uint32_t arch)
{
	switch (arch) {
	case SCMP_ARCH_X32:
		return X32;
	case SCMP_ARCH_MIPS:
		return 4000;
	case SCMP_ARCH_MIPSEL64:
		return 5000;
	case SCMP_ARCH_MIPSEL64N32:
		return 6000;
	default:
		return 0;
	}
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

static void test_listing(void **state)
{
	static const uint32_t arch = SCMP_ARCH_X86_64;
	struct filter filter = { 0 };
	struct err err = { 0 };
	struct profile p;
	char *text;

	(void)state;
	profile_init(&p, SECCOMP_RET_ERRNO, &arch, 1);
	rule_add_arg(profile_add(&p, "ioctl", SECCOMP_RET_ALLOW), 1, SCMP_CMP_MASKED_EQ, 0xff, 2);
	assert_int_equal(filter_compile(&p.seccomp, &filter, &err), 0);
	text = filter_format(&filter);
	assert_non_null(strstr(text, "   0  a = arch\n"));
	assert_non_null(strstr(text, "a = nr\n"));
	assert_non_null(strstr(text, "a = args[1] bytes 0-3\n"));
	assert_non_null(strstr(text, "a &= 0xff\n"));
	assert_non_null(strstr(text, "return 0x7fff0000\n"));
	free(text);
	filter_release(&filter);
}

/* libseccomp loses memory when it refuses a rule. */
const char *__lsan_default_suppressions(void);
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
		cmocka_unit_test(test_listing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
