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
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "tests/unit/filter_machine.h"

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

static struct program reference(const struct spec_seccomp *s)
{
	uint32_t base = complete(s->default_action, &s->default_errno_ret);
	scmp_filter_ctx ctx = seccomp_init(base);
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	struct program p;
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

			if (nr != __NR_SCMP_ERROR && complete(r->action, &r->errno_ret) != base)
				assert_int_equal(seccomp_rule_add_array(ctx,
							 complete(r->action, &r->errno_ret), nr,
							 (unsigned int)r->args.count, cmp),
					0);
		}
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	p.insns = malloc((size_t)size);
	p.count = (size_t)size / sizeof(*p.insns);
	assert_int_equal(pread(fd, p.insns, (size_t)size, 0), size);
	close(fd);
	seccomp_release(ctx);
	return p;
}

/* Its default action is ENOSYS already, so newer system calls make no difference. */
static void test_same_verdicts(void **state)
{
	static const struct {
		uint32_t arch;
		uint32_t first;
	} parts[] = { { SCMP_ARCH_X86_64, 0 }, { SCMP_ARCH_X86, 0 }, { SCMP_ARCH_X32, X32 },
		{ SCMP_ARCH_X32, X32 - 300 }, { SCMP_ARCH_X32, UINT32_MAX - 300 },
		{ SCMP_ARCH_AARCH64, 0 } };
	static const uint64_t values[] = { 0, 1, 2, 3, 8, 9, 16, 40, 0x20000, 0x20008, 0xffffffff,
		0x100000000, 0x100000010, 0x7e020000, 0xffffffffffffffff };
	const size_t count = sizeof(values) / sizeof(values[0]);
	const struct spec *spec = *state;
	struct program ours = compile(spec->linux_->seccomp);
	struct program expected = reference(spec->linux_->seccomp);

	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
		for (size_t i = 0; i < 600 * count; i++) {
			uint64_t args[6] = { values[i % count], values[(i * 7) % count],
				values[(i * 4 + i / count) % count], 0, 0, 0 };
			struct call call = call_make(
				parts[p].arch, parts[p].first + (uint32_t)(i / count), args);

			assert_int_equal(program_run(&ours, &call, NULL),
				program_run(&expected, &call, NULL));
		}
	}
	free(expected.insns);
	free(ours.insns);
}

static void test_known_answers(void **state)
{
	static const struct {
		uint32_t nr;
		uint64_t arg0, arg2;
		uint32_t verdict;
	} cases[] = {
		{ 0, 0, 0, SECCOMP_RET_ALLOW }, /* read */
		{ 16, 0, 0, SECCOMP_RET_ALLOW }, /* ioctl */
		{ 250, 0, 0, SECCOMP_RET_ALLOW }, /* keyctl */
		{ 246, 0, 0, SECCOMP_RET_ERRNO | EPERM }, /* kexec_load */
		{ 321, 0, 0, SECCOMP_RET_ERRNO | EPERM }, /* bpf */
		{ 135, 8, 0, SECCOMP_RET_ALLOW }, /* personality */
		{ 135, 0x100000008, 0, ENOSYS_RET },
		{ 135, 7, 0, ENOSYS_RET },
		{ 41, 16, 9, SECCOMP_RET_ERRNO | EINVAL }, /* socket(AF_NETLINK, NETLINK_AUDIT) */
		{ 41, 16, 0, SECCOMP_RET_ALLOW },
		{ 41, 2, 9, SECCOMP_RET_ALLOW },
		{ 999, 0, 0, ENOSYS_RET },
	};
	const struct spec *spec = *state;
	struct program ours = compile(spec->linux_->seccomp);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t args[6] = { cases[i].arg0, 0, cases[i].arg2, 0, 0, 0 };
		struct call call = call_make(SCMP_ARCH_X86_64, cases[i].nr, args);

		assert_int_equal(program_run(&ours, &call, NULL), cases[i].verdict);
	}
	free(ours.insns);
}

/* libseccomp needs 1144 instructions, and runs 276 of them for a call on average. */
static void test_size(void **state)
{
	const struct spec *spec = *state;
	struct program ours = compile(spec->linux_->seccomp);
	size_t steps = 0;

	assert_in_range(ours.count, 1, 400);
	for (uint32_t nr = 0; nr < 470; nr++) {
		uint64_t args[6] = { 0 };
		struct call call = call_make(SCMP_ARCH_X86_64, nr, args);

		program_run(&ours, &call, &steps);
	}
	assert_in_range(steps / 470, 1, 12);
	free(ours.insns);
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
