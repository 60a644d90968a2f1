// SPDX-License-Identifier: Apache-2.0
/*
 * The device program: see the header.
 *
 * The kernel runs it at each open and mknod of a device by a process of the cgroup, with type,
 * access wanted, major and minor; 1 allows, 0 is EPERM.  Theory: r3 holds the accesses that are not
 * decided yet.  The rules are tested from the last to the first.  A denial that matches and has an
 * undecided access ends in 0; an allowance that matches removes its accesses from r3, and ends in 1
 * when none is left.  At the end 0: what no rule allowed is denied.  So "deny w" after "allow rw"
 * stops an open for reading and writing, which a comparison of the whole access word would not.
 *
 * Code after a rule for everything would be unreachable, which the kernel's verifier refuses.
 */
#include "cgroups/devices.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sys.h"

#define PROGRAM_NAME "ringwall_dev" /* at most 15 characters; how our program is found again */
#define PROGRAMS_MAX 64 /* the kernel's limit of programs on one cgroup (BPF_CGROUP_MAX_PROGS) */
#define ACCESS_ALL (DEVICE_ACCESS_READ | DEVICE_ACCESS_WRITE | DEVICE_ACCESS_MKNOD)
#define MEMLOCK_ENOUGH (64u << 20)

/*
 * Always allowed, for reading and writing: config-linux.md "Default Devices", and the
 * pseudoterminals behind /dev/console.  All are character devices; rows of one major stand
 * together.  Making a node is allowed for every device: it gives no access to it.
 */
static const struct {
	uint32_t major;
	int64_t minor; /* -1: any */
} defaults[] = {
	{ 1, 3 }, /* null */
	{ 1, 5 }, /* zero */
	{ 1, 7 }, /* full */
	{ 1, 8 }, /* random */
	{ 1, 9 }, /* urandom */
	{ 5, 0 }, /* tty */
	{ 5, 2 }, /* ptmx */
	{ 136, -1 }, /* pts/0 ... */
};

/* ---- instructions ---- */

static void emit(struct devices_program *p, uint8_t code, int dst, int src, int off, uint32_t imm)
{
	if (p->count == p->size) {
		p->size = p->size ? p->size * 2 : 64;
		p->insns = xrealloc_array(p->insns, p->size, sizeof(*p->insns));
	}
	p->insns[p->count++] = (struct bpf_insn){
		.code = code,
		.dst_reg = (uint8_t)(dst & 15),
		.src_reg = (uint8_t)(src & 15),
		.off = (int16_t)off,
		.imm = (int32_t)imm,
	};
}

static void emit_load(struct devices_program *p, int dst, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, (int)offset, 0);
}

static void emit_alu(struct devices_program *p, uint8_t op, int dst, uint32_t imm)
{
	emit(p, (uint8_t)(BPF_ALU | BPF_K | op), dst, 0, 0, imm);
}

/* Jumps over @skip instructions when "dst op imm". */
static void emit_jump(struct devices_program *p, uint8_t op, int dst, uint32_t imm, int skip)
{
	emit(p, (uint8_t)(BPF_JMP32 | BPF_K | op), dst, 0, skip, imm);
}

static void emit_return(struct devices_program *p, uint32_t verdict)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* r2 type, r3 access wanted, r4 major, r5 minor */
static void emit_prologue(struct devices_program *p)
{
	emit_load(p, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(p, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	emit_alu(p, BPF_AND, BPF_REG_2, 0xffff);
	emit_alu(p, BPF_RSH, BPF_REG_3, 16);
	emit_load(p, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(p, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* Neither read nor write (a descriptor for ioctl only) counts as both, as in open(2). */
	emit_jump(p, BPF_JNE, BPF_REG_3, 0, 1);
	emit_alu(p, BPF_MOV, BPF_REG_3, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE);
}

static uint32_t bpf_access(unsigned int access)
{
	return ((access & DEVICE_ACCESS_READ) ? BPF_DEVCG_ACC_READ : 0u) |
		((access & DEVICE_ACCESS_WRITE) ? BPF_DEVCG_ACC_WRITE : 0u) |
		((access & DEVICE_ACCESS_MKNOD) ? BPF_DEVCG_ACC_MKNOD : 0u);
}

/* How many instructions the verdict of a rule takes. */
static int verdict_length(const struct spec_device_rule *rule)
{
	return (rule->access & ACCESS_ALL) == ACCESS_ALL ? 2 : 4;
}

static void emit_verdict(struct devices_program *p, const struct spec_device_rule *rule)
{
	uint32_t access = bpf_access(rule->access);

	if ((rule->access & ACCESS_ALL) == ACCESS_ALL) {
		emit_return(p, rule->allow);
	} else if (rule->allow) {
		emit_alu(p, BPF_AND, BPF_REG_3, ~access);
		emit_jump(p, BPF_JNE, BPF_REG_3, 0, 2);
		emit_return(p, 1);
	} else {
		emit_alu(p, BPF_MOV, BPF_REG_0, 0);
		emit_jump(p, BPF_JSET, BPF_REG_3, access, 1);
		emit(p, BPF_JMP | BPF_JA, 0, 0, 1, 0);
		emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
}

static void emit_rule(struct devices_program *p, const struct spec_device_rule *rule)
{
	bool type = rule->type != 'a', major = rule->major >= 0, minor = rule->minor >= 0;
	int skip = verdict_length(rule) + type + major + minor;

	if (type)
		emit_jump(p, BPF_JNE, BPF_REG_2,
			rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, --skip);
	if (major)
		emit_jump(p, BPF_JNE, BPF_REG_4, (uint32_t)rule->major, --skip);
	if (minor)
		emit_jump(p, BPF_JNE, BPF_REG_5, (uint32_t)rule->minor, --skip);
	emit_verdict(p, rule);
}

static bool is_everything(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 &&
		(rule->access & ACCESS_ALL) == ACCESS_ALL;
}

/* A number that no device has matches nothing; cut to 32 bits it might. */
static bool can_match(const struct spec_device_rule *rule)
{
	return rule->major <= UINT32_MAX && rule->minor <= UINT32_MAX;
}

/* The default devices of one major, rows @first .. @end. */
static void emit_major(struct devices_program *p, size_t first, size_t end)
{
	/* cppcheck-suppress arrayIndexOutOfBounds ; the caller is done when there is no further row */
	bool any = defaults[first].minor < 0;
	int minors = any ? 0 : (int)(end - first);

	emit_jump(p, BPF_JNE, BPF_REG_4, defaults[first].major, minors + (any ? 2 : 4));
	for (int i = 0; i < minors; i++) /* to the second return */
		emit_jump(p, BPF_JEQ, BPF_REG_5, (uint32_t)defaults[first + (size_t)i].minor,
			minors - i - 1 + 2);
	if (!any)
		emit_return(p, 0);
	emit_return(p, 1);
}

/*
 * What holds where no rule speaks.  A tree and not a list of rules, because the verifier's time
 * grows with the paths: as rules this alone took 0.4 ms of every container's start.
 */
static void emit_base(struct devices_program *p)
{
	size_t first = 0;

	emit_alu(p, BPF_AND, BPF_REG_3, ~(uint32_t)BPF_DEVCG_ACC_MKNOD);
	emit_jump(p, BPF_JNE, BPF_REG_3, 0, 2);
	emit_return(p, 1);
	emit_jump(p, BPF_JEQ, BPF_REG_2, BPF_DEVCG_DEV_CHAR, 2);
	emit_return(p, 0);
	for (size_t i = 1; i <= ARRAY_SIZE(defaults); i++) {
		if (i < ARRAY_SIZE(defaults) && defaults[i].major == defaults[first].major)
			continue;
		emit_major(p, first, i);
		first = i;
	}
	emit_return(p, 0);
}

/* Allows nothing that the base does not allow: most of an engine's list. */
static bool is_base(const struct spec_device_rule *rule)
{
	if (!rule->allow)
		return false;
	if ((rule->access & ACCESS_ALL) == DEVICE_ACCESS_MKNOD)
		return true;
	for (size_t i = 0; rule->type == 'c' && i < ARRAY_SIZE(defaults); i++)
		if (rule->major == (int64_t)defaults[i].major &&
			(defaults[i].minor < 0 || rule->minor == defaults[i].minor))
			return true;
	return false;
}

static void emit_nodes(struct devices_program *p, const struct spec_device *nodes, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		struct spec_device_rule rule = { true, S_ISBLK(nodes[i].type) ? 'b' : 'c',
			nodes[i].major, nodes[i].minor, ACCESS_ALL };

		if (!S_ISFIFO(nodes[i].type) && rule.major >= 0 && rule.minor >= 0 &&
			can_match(&rule) && !is_base(&rule))
			emit_rule(p, &rule);
	}
}

/* The rules that count: those after the last denial of everything.  *out_denial: the first of them
 * that denies; before it all are allowances, whose order means nothing. */
static size_t rules_start(const struct spec_device_rule *rules, size_t count, size_t *out_denial)
{
	size_t start = count;

	*out_denial = count;
	while (start > 0 && !(is_everything(&rules[start - 1]) && !rules[start - 1].allow)) {
		start--;
		if (!rules[start].allow)
			*out_denial = start;
	}
	return start;
}

void devices_program_build(const struct spec_device_rule *rules, size_t rule_count,
	const struct spec_device *nodes, size_t node_count, struct devices_program *out_program)
{
	size_t denial, start = rules_start(rules, rule_count, &denial);

	*out_program = (struct devices_program){ 0 };
	emit_prologue(out_program);
	for (size_t i = rule_count; i-- > start;) {
		if (!can_match(&rules[i]) || (i < denial && is_base(&rules[i])))
			continue;
		emit_rule(out_program, &rules[i]);
		if (is_everything(&rules[i]))
			return; /* allowed: nothing before it is reached */
	}
	if (rule_count == 0)
		emit_nodes(out_program, nodes, node_count);
	emit_base(out_program);
}

void devices_program_release(struct devices_program *program)
{
	free(program->insns);
	*program = (struct devices_program){ 0 };
}

/* ---- loading ---- */

static int load_once(const struct devices_program *program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)program->insns;
	attr.insn_cnt = (uint32_t)program->count;
	attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* Before Linux 5.11 programs count against RLIMIT_MEMLOCK, often 64 kB, and the answer is EPERM. */
static int load_unlimited(const struct devices_program *program)
{
	struct rlimit old, more;
	int fd;

	if (getrlimit(RLIMIT_MEMLOCK, &old) < 0 || old.rlim_cur >= MEMLOCK_ENOUGH)
		return -EPERM;
	more.rlim_cur = MEMLOCK_ENOUGH;
	more.rlim_max = old.rlim_max > MEMLOCK_ENOUGH ? old.rlim_max : MEMLOCK_ENOUGH;
	if (setrlimit(RLIMIT_MEMLOCK, &more) < 0)
		return -EPERM;
	fd = load_once(program);
	/* The container inherits our limits. */
	if (setrlimit(RLIMIT_MEMLOCK, &old) < 0 && fd >= 0)
		fd_close(&fd);
	return fd == FD_NONE ? -EPERM : fd;
}

int devices_load(const struct devices_program *program, struct err *err)
{
	int fd = load_once(program);

	if (fd == -EPERM)
		fd = load_unlimited(program);
	if (fd >= 0)
		return fd;
	err_sys(err, -fd, "bpf: load the device program (%zu instructions)", program->count);
	if (fd == -EPERM)
		err_hint(err, "device rules need CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN");
	else if (fd == -EINVAL || fd == -ENOSYS)
		err_hint(err, "the kernel needs CONFIG_CGROUP_BPF and CONFIG_BPF_SYSCALL");
	return fd;
}

/* 1: program @id is ours, and *@out_prog holds it; 0: another's, or gone meanwhile. */
static int program_is_ours(uint32_t id, int *out_prog)
{
	auto_close int prog = FD_NONE;
	struct bpf_prog_info info;
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	prog = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
	if (prog < 0)
		return prog == -ENOENT ? 0 : prog;
	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.info.bpf_fd = (uint32_t)prog;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	r = sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	if (r < 0 || strcmp(info.name, PROGRAM_NAME) != 0)
		return r < 0 ? r : 0;
	*out_prog = take_fd(&prog);
	return 1;
}

/* Our program among those attached to cgroup @fd; FD_NONE: there is none.  One that is there and is
 * not found would go on to decide beside its successor, so an error is one. */
static int program_find(int fd, int *out_prog, struct err *err)
{
	uint32_t ids[PROGRAMS_MAX] = { 0 };
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_SIZE(ids);
	r = sys_bpf(BPF_PROG_QUERY, &attr, sizeof(attr));
	for (uint32_t i = 0; r == 0 && i < attr.query.prog_cnt; i++)
		r = program_is_ours(ids[i], out_prog);
	return r < 0 ? err_sys(err, -r, "bpf: find the device program to replace") : 0;
}

int devices_attach(int fd, bool replace, int prog, struct err *err)
{
	auto_close int old = FD_NONE;
	union bpf_attr attr;
	int r = replace ? program_find(fd, &old, err) : 0;

	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)fd;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI; /* the rules of the cgroups above hold as well */
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
	}
	r = sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
	if (r < 0)
		return err_sys(err, -r, "bpf: attach the device program");
	return 0;
}
