// SPDX-License-Identifier: Apache-2.0
/*
 * The generated device program, run by a small interpreter of eBPF, against a model of the rules
 * that walks the list forwards, one access at a time: another algorithm for the same words of
 * config-linux.md. The interpreter also refuses what the kernel's verifier refuses (code that
 * nothing reaches, jumps out of the program, running off its end).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroups/devices.h"

#define R DEVICE_ACCESS_READ
#define W DEVICE_ACCESS_WRITE
#define M DEVICE_ACCESS_MKNOD
#define RWM (R | W | M)

/* ---- interpreter ---- */

static uint32_t load(const struct bpf_cgroup_dev_ctx *ctx, int offset)
{
	uint32_t v;

	assert_true(offset >= 0 && offset % 4 == 0 && (size_t)offset + 4 <= sizeof(*ctx));
	memcpy(&v, (const char *)ctx + offset, 4);
	return v;
}

static bool jumps(const struct bpf_insn *insn, uint32_t dst)
{
	uint32_t imm = (uint32_t)insn->imm;

	switch (BPF_OP(insn->code)) {
	case BPF_JNE:
		return dst != imm;
	case BPF_JEQ:
		return dst == imm;
	case BPF_JSET:
		return dst & imm;
	default:
		fail_msg("jump %#x", insn->code);
		return false;
	}
}

static uint64_t alu(const struct bpf_insn *insn, uint64_t dst, uint64_t src)
{
	uint64_t operand = BPF_SRC(insn->code) == BPF_X ? src : (uint64_t)(int64_t)insn->imm;
	uint64_t result = 0;

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		result = operand;
		break;
	case BPF_AND:
		result = dst & operand;
		break;
	case BPF_RSH:
		result = (uint32_t)dst >> operand;
		break;
	default:
		fail_msg("alu %#x", insn->code);
	}
	return BPF_CLASS(insn->code) == BPF_ALU ? (uint32_t)result : result;
}

static int run(const struct devices_program *p, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t r[11] = { 0 };

	for (size_t pc = 0; pc < p->count; pc++) {
		const struct bpf_insn *insn = &p->insns[pc];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LDX:
			assert_int_equal(insn->code, BPF_LDX | BPF_MEM | BPF_W);
			assert_int_equal(insn->src_reg, BPF_REG_1);
			r[insn->dst_reg] = load(ctx, insn->off);
			break;
		case BPF_ALU:
		case BPF_ALU64:
			r[insn->dst_reg] = alu(insn, r[insn->dst_reg], r[insn->src_reg]);
			break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_EXIT)
				return (int)r[0];
			assert_int_equal(insn->code, BPF_JMP | BPF_JA);
			pc += (size_t)insn->off;
			break;
		case BPF_JMP32:
			if (jumps(insn, (uint32_t)r[insn->dst_reg]))
				pc += (size_t)insn->off;
			break;
		default:
			fail_msg("instruction %#x", insn->code);
		}
	}
	fail_msg("the program runs off its end");
	return -1;
}

/* As the verifier's check of the control flow. */
static void verify(const struct devices_program *p)
{
	char *reached = calloc(p->count + 1, 1);

	reached[0] = 1;
	for (size_t pc = 0; pc < p->count; pc++) {
		const struct bpf_insn *insn = &p->insns[pc];
		int class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
		bool jump = class == BPF_JMP32 || (class == BPF_JMP && op != BPF_EXIT);

		if (!reached[pc])
			fail_msg("instruction %zu is unreachable", pc);
		if (jump) {
			assert_true(insn->off >= 0 && pc + 1 + (size_t)insn->off < p->count);
			reached[pc + 1 + (size_t)insn->off] = 1;
		}
		if (!(class == BPF_JMP && (op == BPF_EXIT || op == BPF_JA)))
			reached[pc + 1] = 1;
	}
	assert_false(reached[p->count]);
	free(reached);
}

static bool allowed_by(const struct devices_program *p, char type, uint32_t major, uint32_t minor,
	unsigned int access)
{
	uint32_t bits = ((access & R) ? BPF_DEVCG_ACC_READ : 0u) |
		((access & W) ? BPF_DEVCG_ACC_WRITE : 0u) |
		((access & M) ? BPF_DEVCG_ACC_MKNOD : 0u);
	struct bpf_cgroup_dev_ctx ctx = {
		.access_type =
			bits << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	int r = run(p, &ctx);

	assert_true(r == 0 || r == 1);
	return r;
}

/* ---- model ---- */

static bool is_default(char type, int64_t major, int64_t minor, unsigned int bit)
{
	if (bit == M)
		return true;
	if (type != 'c')
		return false;
	return (major == 1 &&
		       (minor == 3 || minor == 5 || minor == 7 || minor == 8 || minor == 9)) ||
		(major == 5 && (minor == 0 || minor == 2)) || major == 136;
}

static bool model_bit(const struct spec_device_rule *rules, size_t count, char type, int64_t major,
	int64_t minor, unsigned int bit)
{
	bool allow = is_default(type, major, minor, bit);

	for (size_t i = 0; i < count; i++) {
		const struct spec_device_rule *rule = &rules[i];

		if (rule->type == 'a' && rule->major == -1 && rule->minor == -1 &&
			rule->access == RWM && !rule->allow)
			allow = is_default(type, major, minor, bit);
		else if ((rule->type == 'a' || rule->type == type) &&
			(rule->major == -1 || rule->major == major) &&
			(rule->minor == -1 || rule->minor == minor) && (rule->access & bit))
			allow = rule->allow;
	}
	return allow;
}

static bool model(const struct spec_device_rule *rules, size_t count, char type, int64_t major,
	int64_t minor, unsigned int access)
{
	bool allow = true;

	if (access == 0)
		access = R | W;
	for (unsigned int bit = R; bit <= M; bit <<= 1)
		if (access & bit)
			allow = allow && model_bit(rules, count, type, major, minor, bit);
	return allow;
}

/* ---- tests ---- */

static const int64_t majors[] = { 0, 1, 5, 8, 10, 136, 4294967295 };
static const int64_t minors[] = { 0, 2, 3, 5, 229, 4294967295 };

static void compare(const struct spec_device_rule *rules, size_t count)
{
	auto_(devices_program) struct devices_program p = { 0 };

	devices_program_build(rules, count, NULL, 0, &p);
	verify(&p);
	for (size_t i = 0; i < ARRAY_SIZE(majors); i++)
		for (size_t j = 0; j < ARRAY_SIZE(minors); j++)
			for (unsigned int n = 0; n < 16; n++) {
				char type = n & 8 ? 'b' : 'c';
				bool wanted =
					model(rules, count, type, majors[i], minors[j], n & 7);

				if (allowed_by(&p, type, (uint32_t)majors[i], (uint32_t)minors[j],
					    n & 7) != wanted)
					fail_msg("%c %lld:%lld access %u: wanted %d", type,
						(long long)majors[i], (long long)minors[j], n & 7,
						wanted);
			}
}

static void test_no_rules(void **state)
{
	auto_(devices_program) struct devices_program p = { 0 };

	(void)state;
	compare(NULL, 0);
	devices_program_build(NULL, 0, NULL, 0, &p);
	assert_true(allowed_by(&p, 'c', 1, 3, R | W)); /* null */
	assert_true(allowed_by(&p, 'c', 136, 77, R | W)); /* pts */
	assert_true(allowed_by(&p, 'b', 8, 0, M)); /* mknod gives no access */
	assert_false(allowed_by(&p, 'b', 8, 0, R));
	assert_false(allowed_by(&p, 'c', 10, 229, R)); /* fuse: R14 */
	assert_false(allowed_by(&p, 'c', 10, 232, R | W)); /* kvm */
	assert_false(allowed_by(&p, 'c', 5, 1, R | W)); /* the host's console */
	assert_false(allowed_by(&p, 'b', 1, 3, R)); /* the type counts */
}

/* What podman, docker and containerd write. */
static void test_engines(void **state)
{
	const struct spec_device_rule rules[] = {
		{ false, 'a', -1, -1, RWM },
		{ true, 'c', 10, 229, R | W },
		{ true, 'b', 8, 0, R },
	};
	auto_(devices_program) struct devices_program p = { 0 };

	(void)state;
	compare(rules, ARRAY_SIZE(rules));
	devices_program_build(rules, ARRAY_SIZE(rules), NULL, 0, &p);
	assert_true(allowed_by(&p, 'c', 1, 3, R | W));
	assert_true(allowed_by(&p, 'c', 10, 229, R | W));
	assert_true(allowed_by(&p, 'c', 10, 229, M | R)); /* mknod is allowed for every device */
	assert_true(allowed_by(&p, 'b', 8, 0, R));
	assert_false(allowed_by(&p, 'b', 8, 0, R | W));
	assert_false(allowed_by(&p, 'b', 8, 1, R));
}

/* The last rule that speaks of an access decides it. */
static void test_order(void **state)
{
	const struct spec_device_rule deny_write[] = { { true, 'b', 8, -1, R | W },
		{ false, 'b', 8, 0, W } };
	const struct spec_device_rule again[] = { { false, 'c', 1, 3, RWM },
		{ true, 'c', 1, 3, R } };
	const struct spec_device_rule all[] = { { false, 'c', 1, 3, RWM },
		{ true, 'a', -1, -1, RWM } };
	const struct spec_device_rule only[] = { { true, 'a', -1, -1, RWM },
		{ false, 'c', 1, 3, RWM } };
	auto_(devices_program) struct devices_program p = { 0 }, q = { 0 }, s = { 0 }, t = { 0 };

	(void)state;
	compare(deny_write, 2);
	devices_program_build(deny_write, 2, NULL, 0, &p);
	assert_true(allowed_by(&p, 'b', 8, 0, R));
	assert_false(allowed_by(&p, 'b', 8, 0, R | W));
	assert_false(allowed_by(&p, 'b', 8, 0, W));
	assert_true(allowed_by(&p, 'b', 8, 1, R | W));
	compare(again, 2);
	devices_program_build(again, 2, NULL, 0, &q);
	assert_true(allowed_by(&q, 'c', 1, 3, R)); /* a default device, denied by number */
	assert_false(allowed_by(&q, 'c', 1, 3, W));
	assert_false(allowed_by(&q, 'c', 1, 3, 0)); /* neither: counts as both */
	compare(all, 2);
	devices_program_build(all, 2, NULL, 0, &s);
	assert_true(allowed_by(&s, 'b', 259, 0, RWM));
	compare(only, 2);
	devices_program_build(only, 2, NULL, 0, &t);
	assert_false(allowed_by(&t, 'c', 1, 3, R));
	assert_true(allowed_by(&t, 'c', 1, 4, R));
}

static void test_nodes(void **state)
{
	const struct spec_device nodes[] = {
		{ .path = "/dev/fuse", .type = S_IFCHR, .major = 10, .minor = 229 },
		{ .path = "/dev/fifo", .type = S_IFIFO },
		{ .path = "/dev/sda", .type = S_IFBLK, .major = 8, .minor = 0 },
	};
	const struct spec_device_rule rules[] = { { false, 'a', -1, -1, RWM },
		{ true, 'b', 8, 0, R } };
	auto_(devices_program) struct devices_program p = { 0 }, q = { 0 };

	(void)state;
	devices_program_build(NULL, 0, nodes, ARRAY_SIZE(nodes), &p);
	verify(&p);
	assert_true(allowed_by(&p, 'c', 10, 229, R | W));
	assert_true(allowed_by(&p, 'b', 8, 0, R | W));
	assert_false(allowed_by(&p, 'c', 8, 0, R));
	assert_false(allowed_by(&p, 'c', 0, 0, R)); /* not the fifo's numbers */
	/* --device /dev/sda:r: the rule and not the node says how much */
	devices_program_build(rules, 2, nodes, ARRAY_SIZE(nodes), &q);
	assert_true(allowed_by(&q, 'b', 8, 0, R));
	assert_false(allowed_by(&q, 'b', 8, 0, R | W));
	assert_false(allowed_by(&q, 'c', 10, 229, R));
}

/* 2^32 + 1 is no device; cut to 32 bits it would be the memory devices. */
static void test_large_numbers(void **state)
{
	const struct spec_device_rule rules[] = { { true, 'c', (1LL << 32) + 1, 1, RWM },
		{ true, 'c', 1, (1LL << 32) + 1, RWM } };
	auto_(devices_program) struct devices_program p = { 0 };

	(void)state;
	compare(rules, 2);
	devices_program_build(rules, 2, NULL, 0, &p);
	assert_false(allowed_by(&p, 'c', 1, 1, R)); /* /dev/mem */
}

static uint32_t next(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void test_random_lists(void **state)
{
	uint32_t seed = 20260101;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		struct spec_device_rule rules[12];
		size_t count = next(&seed, ARRAY_SIZE(rules) + 1);

		for (size_t i = 0; i < count; i++)
			rules[i] = (struct spec_device_rule){
				.allow = next(&seed, 2),
				.type = "abc"[next(&seed, 3)],
				.major = next(&seed, 3) ? majors[next(&seed, ARRAY_SIZE(majors))]
							: -1,
				.minor = next(&seed, 2) ? minors[next(&seed, ARRAY_SIZE(minors))]
							: -1,
				.access = next(&seed, 3) ? next(&seed, 7) + 1 : RWM,
			};
		compare(rules, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_random_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
