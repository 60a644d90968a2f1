// SPDX-License-Identifier: Apache-2.0
/*
 * linux.seccomp as JSON, compiled.  The program is one that the kernel takes, and decides as the
 * document says: exactly for system calls whose rules have no conditions, and by one of the rules'
 * actions for the others (tests/unit/test_filter_differential.c is exact there, too).
 */
#include "tests/unit/filter_machine.h"
#include "tests/fuzz/fuzz.h"

#include "base/mem.h"

#define HEAD "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"linux\":{\"seccomp\":"
#define NUMBERS 480

/* seccomp_check_filter() and bpf_check_classic() of the kernel. */
static void check_program(const struct filter *filter)
{
	FUZZ_CHECK(filter->count > 0 && filter->count <= BPF_MAXINSNS);
	for (size_t pc = 0; pc < filter->count; pc++) {
		const struct sock_filter *insn = &filter->insns[pc];

		if (insn->code == (BPF_JMP | BPF_JA))
			FUZZ_CHECK(insn->k < filter->count - pc - 1);
		else if (BPF_CLASS(insn->code) == BPF_JMP)
			FUZZ_CHECK(pc + insn->jt + 1 < filter->count &&
				pc + insn->jf + 1 < filter->count);
		else if (BPF_CLASS(insn->code) == BPF_LD)
			FUZZ_CHECK(insn->code == (BPF_LD | BPF_W | BPF_ABS) && insn->k % 4 == 0 &&
				insn->k < sizeof(struct seccomp_data));
	}
	FUZZ_CHECK(BPF_CLASS(filter->insns[filter->count - 1].code) == BPF_RET);
}

static bool rule_names(const struct spec_seccomp_rule *rule, int nr)
{
	list_foreach (name, &rule->names)
		if (seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, *name) == nr)
			return true;
	return false;
}

/* Masked as the compiler does: the kernel takes 16 bits of data. */
static uint32_t verdict_of(uint32_t action, const struct opt_u32 *data)
{
	struct opt_u32 masked = { data->set, data->v & SECCOMP_RET_DATA };

	return complete(action, &masked);
}

static void check_verdict(const struct spec_seccomp *seccomp, int nr, uint32_t got)
{
	uint32_t base = verdict_of(seccomp->default_action, &seccomp->default_errno_ret);
	bool named = false, possible = got == base || got == ENOSYS_RET;

	list_foreach (rule, &seccomp->syscalls) {
		uint32_t action = verdict_of(rule->action, &rule->errno_ret);

		if (action == base || !rule_names(rule, nr))
			continue;
		named = true;
		if (rule->args.count == 0) {
			FUZZ_CHECK(got == action);
			return;
		}
		possible |= got == action;
	}
	FUZZ_CHECK(possible);
	FUZZ_CHECK(named || got == base || got == ENOSYS_RET);
}

static void check_decisions(const struct spec_seccomp *seccomp, const struct filter *filter)
{
	const struct program program = { filter->insns, filter->count };

	random_state = 88172645463325252ull;
	for (uint32_t nr = 0; nr < NUMBERS; nr++) {
		uint64_t args[6] = { random_edge(), random_edge(), random_edge(), random_edge() };
		struct call call = call_make(SCMP_ARCH_X86_64, nr, args);

		check_verdict(seccomp, (int)nr, program_run(&program, &call, NULL));
		call = call_make(all_archs[nr % ALL_ARCHS], nr, args);
		program_run(&program, &call, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *json = fuzz_string(data, size);
	char *text = xasprintf(HEAD "%s}}", json);
	struct filter filter = { 0 };
	struct spec *spec = NULL;
	struct err err = { 0 };

	fuzz_check_outcome(spec_parse(text, strlen(text), "config.json", &spec, &err), &err);
	if (err.num == 0 && spec->linux_->seccomp) {
		fuzz_check_outcome(filter_compile(spec->linux_->seccomp, &filter, &err), &err);
		if (err.num == 0 && filter.count > 0) {
			check_program(&filter);
			if (seccomp_arch_native() == SCMP_ARCH_X86_64)
				check_decisions(spec->linux_->seccomp, &filter);
		}
	}
	filter_release(&filter);
	spec_free(spec);
	free(text);
	free(json);
	return 0;
}
