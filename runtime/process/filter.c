// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp compiler.  Runs in the parent while the plan is made; touches no file and no kernel.
 *
 * Theory of operation.  Every (architecture, name) pair of the document becomes a match: a number,
 * an action, perhaps conditions.  Matches are sorted by number; those of one number make a verdict,
 * which is an action or a chain of checks; neighbouring numbers with the same verdict make a range.
 * The ranges of one seccomp_data.arch cover all 2^32 numbers, and a binary search tree over them is
 * the program.  The kernel runs a new filter for every system call number to build its table of
 * calls that are always allowed, and calls outside of that table run it each time: so the tree is
 * balanced by how many real numbers a range holds, and single numbers are tested for equality.
 */
#include "runtime/process/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "base/log.h"
#include "runtime/process/filter_arch.h"
#include "runtime/process/filter_compiler.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define ACTION_ENOSYS (SECCOMP_RET_ERRNO | ENOSYS)
#define ACTION_FOREIGN SECCOMP_RET_KILL_PROCESS
/* A skipped system call; tracers set it.  Not an x32 call, although bit 30 is set. */
#define NR_NONE UINT32_MAX

/* Room for one more element; amortised. */
#define list_grow(list, size)                                                                   \
	do {                                                                                    \
		if ((list)->count == *(size)) {                                                 \
			*(size) = *(size) ? *(size)*2 : 64;                                     \
			(list)->items =                                                         \
				xrealloc_array((list)->items, *(size), sizeof(*(list)->items)); \
		}                                                                               \
	} while (0)

/* ---- actions ---- */

static bool action_takes_errno(uint32_t action)
{
	return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
}

/* The action with its data: EPERM unless told otherwise (config-linux.md, errnoRet). */
static uint32_t action_complete(uint32_t action, const struct opt_u32 *errno_ret)
{
	if (!action_takes_errno(action))
		return action;
	return action | (errno_ret->set ? errno_ret->v & SECCOMP_RET_DATA : EPERM);
}

/* What becomes of a call whatever its arguments are. */
static uint32_t action_of(const struct spec_seccomp *seccomp, const char *name)
{
	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->syscalls.items[i];

		for (size_t j = 0; rule->args.count == 0 && j < rule->names.count; j++)
			if (strcmp(rule->names.items[j], name) == 0)
				return rule->action;
	}
	return seccomp->default_action;
}

/* The process has its filter when it hands the listener over (runtime/init.c), and could not even
 * say what has ended it. */
static int check_hand_over(const struct spec_seccomp *seccomp, struct err *err)
{
	static const char *const calls[] = { "write", "wait4" };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t action = action_of(seccomp, calls[i]);

		if (action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD ||
			action == SECCOMP_RET_TRAP)
			return err_bad(err, ERR_CONFIG,
				"linux.seccomp: with SCMP_ACT_NOTIFY \"%s\" cannot be %s: it hands "
				"the listener over",
				calls[i], names_of(&seccomp_action_names, action));
	}
	return 0;
}

static int check_notify(const struct spec_seccomp *seccomp, struct err *err)
{
	bool wants_listener = false;

	if (seccomp->default_action == SECCOMP_RET_USER_NOTIF)
		return err_bad(err, ERR_CONFIG,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default, since "
			"nobody could answer before the listener is handed over");
	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->syscalls.items[i];

		if (rule->action != SECCOMP_RET_USER_NOTIF)
			continue;
		wants_listener = true;
		for (size_t j = 0; j < rule->names.count; j++)
			if (strcmp(rule->names.items[j], "write") == 0)
				return err_bad(err, ERR_CONFIG,
					"linux.seccomp.syscalls[%zu].names[%zu]: SCMP_ACT_NOTIFY "
					"cannot be used for \"write\", which hands the listener "
					"over",
					i, j);
	}
	return wants_listener ? check_hand_over(seccomp, err) : 0;
}

/* ---- from rules to matches ---- */

/* Brings a check to the machine's word.  False when it is always true. */
static bool condition_init(const struct spec_seccomp_arg *arg, uint32_t arch, struct condition *out)
{
	uint64_t word = arch_is_64(arch) ? UINT64_MAX : UINT32_MAX;
	bool masked = arg->op == SCMP_CMP_MASKED_EQ;

	out->arg = arg->index;
	out->op = arg->op;
	out->mask = (masked ? arg->value : UINT64_MAX) & word;
	out->value = (masked ? arg->value_two : arg->value) & out->mask;
	return out->mask != 0;
}

static void compiler_add_condition(
	struct compiler *c, struct match *m, const struct condition *condition)
{
	list_grow(&c->conditions, &c->condition_size);
	c->conditions.items[c->conditions.count++] = *condition;
	m->condition_count++;
}

static void compiler_add_match(struct compiler *c, const struct match *m)
{
	list_grow(&c->matches, &c->match_size);
	c->matches.items[c->matches.count++] = *m;
	if (m->action == SECCOMP_RET_USER_NOTIF)
		c->notify = true;
}

static int condition_compare_arg(const void *a, const void *b)
{
	const struct condition *x = a, *y = b;

	return (x->arg > y->arg) - (x->arg < y->arg);
}

/* All conditions of one rule must match. */
static void compiler_add_and(struct compiler *c, const struct spec_seccomp_rule *rule,
	uint32_t arch, uint32_t nr, uint32_t action, const struct arch_multiplexed *through)
{
	struct match m = {
		.nr = nr,
		.action = action,
		.first_condition = c->conditions.count,
	};
	struct condition condition;

	if (through) {
		condition =
			(struct condition){ 0, SCMP_CMP_MASKED_EQ, through->mask, through->call };
		compiler_add_condition(c, &m, &condition);
	}
	for (size_t i = 0; i < rule->args.count; i++) {
		if (through && rule->args.items[i].index == 0)
			continue;
		if (condition_init(&rule->args.items[i], arch, &condition))
			compiler_add_condition(c, &m, &condition);
	}
	if (m.condition_count > 1)
		qsort(c->conditions.items + m.first_condition, m.condition_count,
			sizeof(struct condition), condition_compare_arg);
	compiler_add_match(c, &m);
}

static bool rule_repeats_argument(const struct spec_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->args.count; i++) {
		if (seen & (1u << rule->args.items[i].index))
			return true;
		seen |= 1u << rule->args.items[i].index;
	}
	return false;
}

static void compiler_add_number(struct compiler *c, const struct spec_seccomp_rule *rule,
	uint32_t arch, uint32_t nr, uint32_t action, const struct arch_multiplexed *through)
{
	struct spec_seccomp_rule one = *rule;

	if (!rule->args.count && !through) {
		compiler_add_match(c, &(struct match){ .nr = nr, .action = action });
		return;
	}
	if (!rule_repeats_argument(rule)) {
		compiler_add_and(c, rule, arch, nr, action, through);
		return;
	}
	one.args.count = 1;
	for (size_t i = 0; i < rule->args.count; i++) {
		one.args.items = &rule->args.items[i];
		compiler_add_and(c, &one, arch, nr, action, through);
	}
}

/*
 * Adds a rule's matches for one of its names, and raises *greatest.  @count: false for a rule with
 * the default action, which only says what the profile knows.  Returns false for an unknown name.
 */
static bool compiler_add_name(struct compiler *c, const struct spec_seccomp_rule *rule,
	const char *name, uint32_t arch, uint32_t action, bool count, int64_t *greatest)
{
	struct arch_multiplexed call = { .through = -1, .direct = -1 };
	int nr = seccomp_syscall_resolve_name_arch(arch, name);

	if (nr >= 0)
		call.direct = nr;
	else if (nr > -100 || !arch_multiplexed_find(arch, nr, &call))
		return false; /* a name of other machines */
	if (call.direct > *greatest)
		*greatest = call.direct;
	if (call.through > *greatest)
		*greatest = call.through;
	if (!count)
		return true;
	if (call.through >= 0)
		compiler_add_number(c, rule, arch, (uint32_t)call.through, action, &call);
	if (call.direct >= 0)
		compiler_add_number(c, rule, arch, (uint32_t)call.direct, action, NULL);
	return true;
}

/* All matches of one architecture.  Returns the newest number of the document; -1: none. */
static int64_t compiler_add_rules(struct compiler *c, uint32_t arch)
{
	int64_t greatest = -1;
	size_t position = 0;

	for (size_t i = 0; i < c->seccomp->syscalls.count; i++) {
		const struct spec_seccomp_rule *rule = &c->seccomp->syscalls.items[i];
		uint32_t action = action_complete(rule->action, &rule->errno_ret);

		for (size_t j = 0; j < rule->names.count; j++, position++) {
			bool known = compiler_add_name(c, rule, rule->names.items[j], arch, action,
				action != c->default_action, &greatest);

			if (known && c->known)
				c->known[position] = true;
		}
	}
	return greatest;
}

/* ---- from matches to verdicts ---- */

/* libseccomp's order of comparisons on one argument: the more specific kind first. */
static int op_rank(int op)
{
	switch (op) {
	case SCMP_CMP_GT:
	case SCMP_CMP_GE:
		return 1;
	case SCMP_CMP_LT:
	case SCMP_CMP_LE:
		return 2;
	default:
		return 3;
	}
}

/* < 0: @a is checked before @b. */
static int condition_compare(const struct condition *a, const struct condition *b)
{
	int sign = op_rank(a->op) == 2 ? -1 : 1;

	if (a->arg != b->arg)
		return a->arg > b->arg ? -1 : 1;
	if (op_rank(a->op) != op_rank(b->op))
		return op_rank(b->op) - op_rank(a->op);
	if (a->value == b->value)
		return 0;
	return a->value > b->value ? -sign : sign;
}

static bool match_goes_before(
	const struct compiler *c, const struct match *a, const struct match *b)
{
	for (size_t i = 0; i < a->condition_count && i < b->condition_count; i++) {
		int order = condition_compare(&c->conditions.items[a->first_condition + i],
			&c->conditions.items[b->first_condition + i]);

		if (order != 0)
			return order < 0;
	}
	return false; /* the order of the document */
}

static size_t compiler_add_verdict(struct compiler *c, const struct verdict *verdict)
{
	list_grow(&c->verdicts, &c->verdict_size);
	c->verdicts.items[c->verdicts.count] = *verdict;
	return c->verdicts.count++;
}

static size_t compiler_action_verdict(struct compiler *c, uint32_t action)
{
	for (size_t i = 0; i < c->verdicts.count; i++)
		if (!c->verdicts.items[i].link_count && c->verdicts.items[i].action == action)
			return i;
	return compiler_add_verdict(c, &(struct verdict){ .action = action });
}

static bool matches_are_alike(const struct compiler *c, size_t x, size_t y)
{
	const struct match *a = &c->matches.items[x], *b = &c->matches.items[y];

	if (a->action != b->action || a->condition_count != b->condition_count)
		return false;
	for (size_t i = 0; i < a->condition_count; i++) {
		const struct condition *p = &c->conditions.items[a->first_condition + i];
		const struct condition *q = &c->conditions.items[b->first_condition + i];

		if (p->arg != q->arg || p->op != q->op || p->mask != q->mask ||
			p->value != q->value)
			return false;
	}
	return true;
}

/* The verdict of the chain that was added last: an older one when it checks the same. */
static size_t compiler_chain_verdict(struct compiler *c, uint32_t arch, size_t first_link)
{
	size_t count = c->chains.count - first_link;

	for (size_t i = 0; i < c->verdicts.count; i++) {
		const struct verdict *v = &c->verdicts.items[i];
		size_t same = 0;

		if (v->arch != arch || v->link_count != count)
			continue;
		while (same < count &&
			matches_are_alike(c, c->chains.items[v->first_link + same],
				c->chains.items[first_link + same]))
			same++;
		if (same < count)
			continue;
		c->chains.count = first_link;
		return i;
	}
	return compiler_add_verdict(c,
		&(struct verdict){
			.action = c->default_action,
			.arch = arch,
			.first_link = first_link,
			.link_count = count,
			.label = BPF_NO_LABEL,
		});
}

/* Puts a match into the chain that begins at @first_link, before the first less specific one. */
static void compiler_add_link(struct compiler *c, size_t first_link, size_t index)
{
	const struct match *m = &c->matches.items[index];
	size_t at = c->chains.count;
	size_t *links;

	list_grow(&c->chains, &c->chain_size);
	links = c->chains.items;
	c->chains.count++;
	for (; at > first_link && match_goes_before(c, m, &c->matches.items[links[at - 1]]); at--)
		links[at] = links[at - 1];
	links[at] = index;
}

/* The verdict of one number, whose matches stand at order[from .. to). */
static size_t compiler_verdict(struct compiler *c, uint32_t arch, size_t from, size_t to)
{
	size_t first_link = c->chains.count;

	for (size_t i = from; i < to; i++) {
		size_t index = (uint32_t)c->order.items[i];

		if (!c->matches.items[index].condition_count)
			return compiler_action_verdict(c, c->matches.items[index].action);
	}
	for (size_t i = from; i < to; i++)
		compiler_add_link(c, first_link, (uint32_t)c->order.items[i]);
	return compiler_chain_verdict(c, arch, first_link);
}

/* ---- from verdicts to ranges ---- */

static void compiler_add_range(struct compiler *c, uint32_t first, size_t verdict)
{
	if (c->ranges.count) {
		struct range *last = &c->ranges.items[c->ranges.count - 1];

		if (last->verdict == verdict)
			return;
		if (last->first == first) {
			last->verdict = verdict;
			return;
		}
	}
	list_grow(&c->ranges, &c->range_size);
	c->ranges.items[c->ranges.count++] = (struct range){ .first = first, .verdict = verdict };
}

static int order_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The matches from @first_match on by number, rules in the order of the document. */
static void compiler_sort(struct compiler *c, size_t first_match)
{
	c->order.count = 0;
	for (size_t i = first_match; i < c->matches.count; i++) {
		list_grow(&c->order, &c->order_size);
		c->order.items[c->order.count++] = (uint64_t)c->matches.items[i].nr << 32 | i;
	}
	if (c->order.count)
		qsort(c->order.items, c->order.count, sizeof(uint64_t), order_compare);
}

/* The ranges from the sorted matches of one architecture; returns the number after the last. */
static uint32_t compiler_add_matched(struct compiler *c, uint32_t arch, uint32_t next)
{
	size_t missing = compiler_action_verdict(c, c->default_action);

	for (size_t i = 0, end; i < c->order.count; i = end) {
		uint32_t nr = (uint32_t)(c->order.items[i] >> 32);

		for (end = i + 1; end < c->order.count; end++)
			if (c->order.items[end] >> 32 != nr)
				break;
		if (nr > next)
			compiler_add_range(c, next, missing);
		compiler_add_range(c, nr, compiler_verdict(c, arch, i, end));
		next = nr + 1;
	}
	return next;
}

/* The ranges of one architecture of the list; its numbers begin with @base. */
static void compiler_add_arch(struct compiler *c, uint32_t arch, uint32_t base)
{
	size_t first_match = c->matches.count;
	int64_t greatest = compiler_add_rules(c, arch);
	bool enosys = c->enosys && greatest >= 0;
	uint32_t next = base;

	compiler_sort(c, first_match);
	/* Numbers that the kernel does not know arrive there as 0, setup(2) of old. */
	if (enosys && (arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X))
		compiler_add_range(c, next++, compiler_action_verdict(c, ACTION_ENOSYS));
	next = compiler_add_matched(c, arch, next);
	if (!enosys || greatest >= next)
		compiler_add_range(c, next, compiler_action_verdict(c, c->default_action));
	if (enosys)
		compiler_add_range(
			c, (uint32_t)greatest + 1, compiler_action_verdict(c, ACTION_ENOSYS));
}

static bool compiler_lists(const struct compiler *c, uint32_t arch)
{
	for (size_t i = 0; i < c->archs.count; i++)
		if (c->archs.items[i] == arch)
			return true;
	return false;
}

/* An architecture that is listed, or one whose calls kill. */
static void compiler_add_part(struct compiler *c, uint32_t arch, uint32_t base)
{
	if (compiler_lists(c, arch))
		compiler_add_arch(c, arch, base);
	else
		compiler_add_range(c, base, compiler_action_verdict(c, ACTION_FOREIGN));
}

/* The tree of all calls with one value of seccomp_data.arch. */
static size_t compile_audit(struct compiler *c, uint32_t audit)
{
	c->ranges.count = 0;
	compiler_add_part(c, audit, 0);
	if (audit == SCMP_ARCH_X86_64) {
		compiler_add_part(c, SCMP_ARCH_X32, X32_BIT);
		compiler_add_range(c, NR_NONE,
			compiler_action_verdict(c, c->enosys ? ACTION_ENOSYS : c->default_action));
	}
	return compile_ranges(c);
}

/* ---- the whole ---- */

#define ARCH_MAX 32u

/* The different values of seccomp_data.arch, the native one first. */
static size_t compiler_audits(const struct compiler *c, uint32_t *out_audits)
{
	size_t count = 0;

	for (size_t i = 0; i < c->archs.count; i++) {
		uint32_t audit = arch_audit(c->archs.items[i]);
		size_t j = 0;

		while (j < count && out_audits[j] != audit)
			j++;
		if (j == count && count < ARCH_MAX)
			out_audits[count++] = audit;
	}
	return count;
}

static void compile_program(struct compiler *c)
{
	uint32_t audits[ARCH_MAX];
	size_t labels[ARCH_MAX];
	size_t count = compiler_audits(c, audits);
	size_t label;

	for (size_t i = count; i-- > 0;)
		labels[i] = compile_audit(c, audits[i]);
	label = bpf_return(&c->bpf, ACTION_FOREIGN);
	for (size_t i = count; i-- > 0;)
		label = bpf_branch(&c->bpf, BPF_JEQ, audits[i], labels[i], label);
	bpf_load(&c->bpf, offsetof(struct seccomp_data, arch), label);
}

static void compiler_list_archs(struct compiler *c)
{
	const struct spec_seccomp *seccomp = c->seccomp;

	c->archs.items = xcalloc(seccomp->architectures.count + 1, sizeof(uint32_t));
	c->archs.items[c->archs.count++] = seccomp_arch_native();
	for (size_t i = 0; i < seccomp->architectures.count; i++)
		c->archs.items[c->archs.count++] = seccomp->architectures.items[i];
}

static size_t seccomp_count_names(const struct spec_seccomp *seccomp)
{
	size_t count = 0;

	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		count += seccomp->syscalls.items[i].names.count;
	return count;
}

static void compiler_log_unknown(const struct compiler *c)
{
	size_t position = 0;

	if (!c->known)
		return;
	for (size_t i = 0; i < c->seccomp->syscalls.count; i++) {
		const spec_strings *names = &c->seccomp->syscalls.items[i].names;

		for (size_t j = 0; j < names->count; j++)
			if (!c->known[position++])
				log_debug(
					"linux.seccomp.syscalls[%zu].names[%zu]: \"%s\" is unknown "
					"on all listed architectures; ignored",
					i, j, names->items[j]);
	}
}

static void compiler_release(struct compiler *c)
{
	free(c->known);
	free(c->archs.items);
	free(c->matches.items);
	free(c->order.items);
	free(c->conditions.items);
	free(c->chains.items);
	free(c->verdicts.items);
	free(c->ranges.items);
	bpf_release(&c->bpf);
}
DEFINE_AUTO(compiler, compiler_release);

static unsigned int filter_flags(const struct spec_seccomp *seccomp, bool notify)
{
	unsigned int flags = seccomp->flags;

	if (!seccomp->flags_given)
		flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_TSYNC;
	if (notify)
		return flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return flags & ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

static bool action_refuses(uint32_t action)
{
	return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG &&
		action != SECCOMP_RET_TRACE;
}

int filter_compile(const struct spec_seccomp *seccomp, struct filter *out_filter, struct err *err)
{
	auto_(compiler) struct compiler c = {
		.seccomp = seccomp,
		.enosys = action_refuses(seccomp->default_action),
		.bpf = BPF_INIT,
	};
	int r;

	r = check_notify(seccomp, err);
	if (r < 0)
		return r;
	c.default_action = action_complete(seccomp->default_action, &seccomp->default_errno_ret);
	if (log_debugging())
		c.known = xcalloc(seccomp_count_names(seccomp) + 1, sizeof(bool));
	compiler_list_archs(&c);
	compile_program(&c);
	if (c.bpf.count > BPF_MAXINSNS) {
		r = err_bad(err, ERR_CONFIG,
			"linux.seccomp: the profile of %zu rules takes %zu instructions, the "
			"kernel "
			"takes at most %d",
			seccomp->syscalls.count, c.bpf.count, BPF_MAXINSNS);
		err_hint(err, "list fewer architectures or use fewer rules with arguments");
		return r;
	}
	compiler_log_unknown(&c);
	out_filter->insns = bpf_take(&c.bpf, &out_filter->count);
	out_filter->flags = filter_flags(seccomp, c.notify);
	out_filter->notify = c.notify;
	return 0;
}

void filter_release(struct filter *filter)
{
	free(filter->insns);
	*filter = (struct filter){ 0 };
}
