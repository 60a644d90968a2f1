/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the seccomp compiler share: a machine that runs filters, profiles made by hand,
 * and numbers at every border that a comparison in two halves has.
 */
#pragma once

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
#include <stdlib.h>
#include <string.h>

#include "oci/spec.h"
#include "runtime/process/filter.h"

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

static inline struct call call_make(uint32_t arch, uint32_t nr, const uint64_t *args)
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

static inline bool jump_taken(const struct sock_filter *insn, uint32_t a)
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
static inline uint32_t program_run(const struct program *p, const struct call *call, size_t *steps)
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

static inline void profile_init(
	struct profile *p, uint32_t action, const uint32_t *archs, size_t count)
{
	memset(p, 0, sizeof(*p));
	p->seccomp.default_action = action;
	p->seccomp.syscalls.items = p->rules;
	memcpy(p->archs, archs, count * sizeof(*archs));
	p->seccomp.architectures.items = p->archs;
	p->seccomp.architectures.count = count;
}

static inline struct spec_seccomp_rule *profile_add(
	struct profile *p, const char *name, uint32_t action)
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

static inline void rule_add_arg(
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

static inline uint32_t complete(uint32_t action, const struct opt_u32 *data)
{
	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
		return action;
	return action | (data->set ? data->v : EPERM);
}

/* ---- sources of numbers ---- */

static __attribute__((unused)) uint64_t random_state;

static inline uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16) % n;
}

/* Both sides of every border. */
static const __attribute__((unused)) uint64_t edges[] = {
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

static inline uint64_t random_edge(void)
{
	return edges[random_below(sizeof(edges) / sizeof(edges[0]))];
}

static const __attribute__((unused)) uint32_t all_archs[] = {
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

static const __attribute__((unused)) int all_ops[] = {
	SCMP_CMP_NE,
	SCMP_CMP_LT,
	SCMP_CMP_LE,
	SCMP_CMP_EQ,
	SCMP_CMP_GE,
	SCMP_CMP_GT,
	SCMP_CMP_MASKED_EQ,
};
#define ALL_OPS 7

static const __attribute__((unused)) uint32_t some_actions[] = {
	SECCOMP_RET_ALLOW,
	SECCOMP_RET_KILL_PROCESS,
	SECCOMP_RET_TRAP,
	SECCOMP_RET_LOG,
};

static inline bool arch_has_32_bits(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 || arch == SCMP_ARCH_MIPSEL64N32 ||
		!(arch & __AUDIT_ARCH_64BIT);
}

static inline struct program compile(const struct spec_seccomp *seccomp)
{
	struct filter filter = { 0 };
	struct err err = { 0 };

	if (filter_compile(seccomp, &filter, &err) < 0)
		fail_msg("%s", err.msg);
	return (struct program){ filter.insns, filter.count };
}

static inline uint32_t arch_first_number(uint32_t arch)
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

static inline void rule_add_random(
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
