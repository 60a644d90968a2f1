// SPDX-License-Identifier: Apache-2.0
/*
 * Podman's default profile for a default container on x86_64 (tests/data/seccomp-podman.json), read
 * by our reader and compiled by us and by libseccomp: same verdicts, and a bound on the size, which
 * is what the start of a container pays for.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "oci/spec.h"
#include "runtime/process/filter.h"

#define X32 0x40000000u

static uint32_t run(const struct sock_filter *insns, const struct seccomp_data *data, size_t *steps)
{
	uint32_t a = 0;

	for (const struct sock_filter *i = insns;; i++) {
		if (steps)
			(*steps)++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			i += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			i += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("unexpected instruction 0x%x", i->code);
		}
	}
}

static char *read_profile(size_t *out_len)
{
	const char *srcdir = getenv("abs_top_srcdir");
	char path[4096], *text;
	struct strbuf content = STRBUF_INIT;
	char buf[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/seccomp-podman.json", srcdir ? srcdir : ".");
	f = fopen(path, "re");
	if (!f)
		fail_msg("cannot open %s (is abs_top_srcdir set?)", path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(&content, buf, n);
	fclose(f);
	*out_len = content.len;
	text = strbuf_take(&content);
	return text;
}

static int load_profile(void **state)
{
	struct spec *spec = NULL;
	struct err err = { 0 };
	size_t len;
	char *text = read_profile(&len);

	if (spec_parse(text, len, "seccomp-podman.json", &spec, &err) < 0)
		fail_msg("%s", err.msg);
	free(text);
	*state = spec;
	return 0;
}

static int free_profile(void **state)
{
	spec_free(*state);
	return 0;
}

static uint32_t action(uint32_t action, const struct opt_u32 *errno_ret)
{
	if (action != SECCOMP_RET_ERRNO)
		return action;
	return action | (errno_ret->set ? errno_ret->v : EPERM);
}

static struct sock_filter *reference(const struct spec_seccomp *s)
{
	uint32_t base = action(s->default_action, &s->default_errno_ret);
	scmp_filter_ctx ctx = seccomp_init(base);
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	struct sock_filter *insns;
	struct scmp_arg_cmp cmp[6];
	off_t size;

	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), 0);
	for (size_t i = 0; i < s->architectures.count; i++)
		seccomp_arch_add(ctx, s->architectures.items[i]);
	for (size_t i = 0; i < s->syscalls.count; i++) {
		const struct spec_seccomp_rule *r = &s->syscalls.items[i];

		for (size_t j = 0; j < r->args.count; j++)
			cmp[j] = (struct scmp_arg_cmp){ r->args.items[j].index,
				(enum scmp_compare)r->args.items[j].op, r->args.items[j].value,
				r->args.items[j].value_two };
		for (size_t j = 0; j < r->names.count; j++) {
			int nr = seccomp_syscall_resolve_name(r->names.items[j]);

			if (nr != __NR_SCMP_ERROR && action(r->action, &r->errno_ret) != base)
				assert_int_equal(seccomp_rule_add_array(ctx,
							 action(r->action, &r->errno_ret), nr,
							 (unsigned int)r->args.count, cmp),
					0);
		}
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	insns = malloc((size_t)size);
	assert_int_equal(pread(fd, insns, (size_t)size, 0), size);
	close(fd);
	seccomp_release(ctx);
	return insns;
}

/* Its default action is ENOSYS already, so newer system calls make no difference. */
static void test_same_verdicts(void **state)
{
	static const struct {
		uint32_t audit;
		uint32_t first;
	} parts[] = { { AUDIT_ARCH_X86_64, 0 }, { AUDIT_ARCH_I386, 0 }, { AUDIT_ARCH_X86_64, X32 },
		{ AUDIT_ARCH_X86_64, X32 - 300 }, { AUDIT_ARCH_X86_64, UINT32_MAX - 300 },
		{ AUDIT_ARCH_AARCH64, 0 } };
	static const uint64_t values[] = { 0, 1, 2, 3, 8, 9, 16, 40, 0x20000, 0x20008, 0xffffffff,
		0x100000000, 0x100000010, 0x7e020000, 0xffffffffffffffff };
	const size_t count = sizeof(values) / sizeof(values[0]);
	const struct spec *spec = *state;
	struct filter filter = { 0 };
	struct err err = { 0 };
	struct sock_filter *expected = reference(spec->linux_->seccomp);

	assert_int_equal(filter_compile(spec->linux_->seccomp, &filter, &err), 0);
	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
		for (uint32_t i = 0; i < 600; i++) {
			for (size_t j = 0; j < count; j++) {
				struct seccomp_data data = {
					.nr = (int)(parts[p].first + i),
					.arch = parts[p].audit,
					.args = { values[j], values[(j * 7 + i) % count],
						values[(j * 4 + 1) % count] },
				};

				assert_int_equal(
					run(filter.insns, &data, NULL), run(expected, &data, NULL));
			}
		}
	}
	free(expected);
	filter_release(&filter);
}

static void test_known_answers(void **state)
{
	static const struct {
		int nr;
		uint64_t arg0, arg2;
		uint32_t verdict;
	} cases[] = {
		{ 0, 0, 0, SECCOMP_RET_ALLOW }, /* read */
		{ 16, 0, 0, SECCOMP_RET_ALLOW }, /* ioctl */
		{ 250, 0, 0, SECCOMP_RET_ALLOW }, /* keyctl */
		{ 246, 0, 0, SECCOMP_RET_ERRNO | EPERM }, /* kexec_load */
		{ 321, 0, 0, SECCOMP_RET_ERRNO | EPERM }, /* bpf */
		{ 135, 8, 0, SECCOMP_RET_ALLOW }, /* personality */
		{ 135, 0x100000008, 0, SECCOMP_RET_ERRNO | ENOSYS },
		{ 135, 7, 0, SECCOMP_RET_ERRNO | ENOSYS },
		{ 41, 16, 9, SECCOMP_RET_ERRNO | EINVAL }, /* socket(AF_NETLINK, NETLINK_AUDIT) */
		{ 41, 16, 0, SECCOMP_RET_ALLOW },
		{ 41, 2, 9, SECCOMP_RET_ALLOW },
		{ 999, 0, 0, SECCOMP_RET_ERRNO | ENOSYS },
	};
	const struct spec *spec = *state;
	struct filter filter = { 0 };
	struct err err = { 0 };

	assert_int_equal(filter_compile(spec->linux_->seccomp, &filter, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seccomp_data data = {
			.nr = cases[i].nr,
			.arch = AUDIT_ARCH_X86_64,
			.args = { cases[i].arg0, 0, cases[i].arg2 },
		};

		assert_int_equal(run(filter.insns, &data, NULL), cases[i].verdict);
	}
	filter_release(&filter);
}

/* libseccomp needs 1144 instructions, and runs 276 of them for a call on average. */
static void test_size(void **state)
{
	const struct spec *spec = *state;
	struct filter filter = { 0 };
	struct err err = { 0 };
	size_t steps = 0;

	assert_int_equal(filter_compile(spec->linux_->seccomp, &filter, &err), 0);
	assert_in_range(filter.count, 1, 400);
	for (int nr = 0; nr < 470; nr++) {
		struct seccomp_data data = { .nr = nr, .arch = AUDIT_ARCH_X86_64 };

		run(filter.insns, &data, &steps);
	}
	assert_in_range(steps / 470, 1, 12);
	filter_release(&filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_verdicts),
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, load_profile, free_profile);
}
