/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU is a thread that enters KVM_RUN and answers what makes it leave.  Everything that is set
 * here before the first entry is plain state that KVM can also be asked for.
 *
 * Leaving on demand: who wants it sets vm->wanted, then run->immediate_exit, then signals.  The
 * thread clears immediate_exit before it looks at vm->wanted, so that it sees the wish, or
 * KVM_RUN returns at once, or the signal interrupts it; none is lost.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "kvm/machine.h"

#define CR0_PE 0x1
#define CR0_ET 0x10
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define EFER_LME 0x100
#define EFER_LMA 0x400
#define RFLAGS_FIXED 2

/* As firmware leaves them: string instructions are fast, memory is cached unless said otherwise. */
static const struct {
	uint32_t index;
	uint64_t value;
} msrs[] = {
	{ 0x1a0, 1 }, /* IA32_MISC_ENABLE: fast strings */
	{ 0x2ff, 1 << 11 | 6 }, /* IA32_MTRR_DEF_TYPE: enabled, write-back */
};

static int set_cpuid(struct vcpu *v, const struct cpuid *supported, struct err *err)
{
	const struct cpuid_options options = {
		.cpus = v->vm->config.cpus,
		.nested = v->vm->config.nested,
		.tsc_deadline = v->vm->tsc_deadline,
	};
	auto_free struct cpuid *c = xmalloc(sizeof(*c));

	*c = *supported;
	cpuid_filter(c, &options, v->index);
	if (ioctl(v->fd, KVM_SET_CPUID2, c) < 0)
		return err_sys(err, errno, "KVM_SET_CPUID2 of vCPU %u", v->index);
	return 0;
}

static int set_msrs(struct vcpu *v, struct err *err)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entries[ARRAY_SIZE(msrs)];
	} m = { .header.nmsrs = ARRAY_SIZE(msrs) };

	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		m.entries[i] =
			(struct kvm_msr_entry){ .index = msrs[i].index, .data = msrs[i].value };
	if (ioctl(v->fd, KVM_SET_MSRS, &m) != (int)ARRAY_SIZE(msrs))
		return err_sys(err, errno, "KVM_SET_MSRS of vCPU %u", v->index);
	return 0;
}

int vcpu_init(struct vcpu *v, struct vm *vm, unsigned int index, const struct cpuid *supported,
	int mmap_size, struct err *err)
{
	int r;

	v->vm = vm;
	v->index = index;
	v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
	if (v->fd < 0) {
		v->fd = FD_NONE;
		return err_sys(err, errno, "KVM_CREATE_VCPU %u", index);
	}
	v->run = mmap(NULL, mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED) {
		v->run = NULL;
		return err_sys(err, errno, "mmap vCPU %u", index);
	}
	v->run_size = mmap_size;
	r = set_cpuid(v, supported, err);
	return r < 0 ? r : set_msrs(v, err);
}

void vcpu_release(struct vcpu *v)
{
	if (v->run)
		munmap(v->run, v->run_size);
	v->run = NULL;
	fd_close(&v->fd);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool system, bool long_mode)
{
	return (struct kvm_segment){
		.base = 0,
		.limit = system ? 0x67 : 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = !system && !long_mode,
		.s = !system,
		.l = long_mode,
		.g = !system,
	};
}

int vcpu_set_entry(struct vcpu *v, const struct boot_entry *entry, struct err *err)
{
	bool long_mode = entry->mode == BOOT_LONG_MODE;
	struct kvm_regs regs = { .rip = entry->ip, .rflags = RFLAGS_FIXED };
	struct kvm_sregs sregs;

	if (ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return err_sys(err, errno, "KVM_GET_SREGS");
	/* Flat segments; no descriptor table is there to reload them from, kernels load their own. */
	sregs.cs = segment(0x10, 0xb, false, long_mode);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(0x18, 0x3, false, false);
	sregs.tr = segment(0x20, 0xb, true, false);
	sregs.cr0 = CR0_PE | CR0_ET;
	if (long_mode) {
		sregs.cr0 |= CR0_PG;
		sregs.cr3 = BOOT_PAGE_TABLES;
		sregs.cr4 = CR4_PAE;
		sregs.efer = EFER_LME | EFER_LMA;
		regs.rsi = entry->info;
	} else {
		regs.rbx = entry->info;
	}
	if (ioctl(v->fd, KVM_SET_SREGS, &sregs) < 0)
		return err_sys(err, errno, "KVM_SET_SREGS");
	if (ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return err_sys(err, errno, "KVM_SET_REGS");
	return 0;
}

void vcpu_kick(struct vcpu *v)
{
	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(v->thread, VCPU_SIGNAL);
}

/* KVM says in which of its reasons it gave up; a person reads it. */
static void internal_error(struct vcpu *v)
{
	struct kvm_regs regs = { 0 };

	(void)ioctl(v->fd, KVM_GET_REGS, &regs);
	vm_ended(v->vm, VM_END_FAILED,
		"KVM could not go on with vCPU %u: internal error %u at rip 0x%llx", v->index,
		v->run->internal.suberror, (unsigned long long)regs.rip);
}

static void port_exit(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size)
		bus_port(v->vm, run->io.port, data, run->io.size,
			run->io.direction == KVM_EXIT_IO_OUT);
}

static void memory_exit(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	bus_memory(v->vm, run->mmio.phys_addr, run->mmio.data, run->mmio.len, run->mmio.is_write);
}

static void handle_exit(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		port_exit(v);
		break;
	case KVM_EXIT_MMIO:
		memory_exit(v);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_SHUTDOWN:
		vm_ended(v->vm, VM_END_TRIPLE_FAULT, "vCPU %u: triple fault", v->index);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		vm_ended(v->vm, VM_END_FAILED,
			"the processor refused to enter vCPU %u: reason 0x%llx", v->index,
			(unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		internal_error(v);
		break;
	default:
		vm_ended(v->vm, VM_END_FAILED, "vCPU %u left for an unknown reason %u", v->index,
			run->exit_reason);
		break;
	}
}

/* For who asks what the others did when one of them fell. */
static void note_place(struct vcpu *v)
{
	struct kvm_regs regs = { 0 };

	(void)ioctl(v->fd, KVM_GET_REGS, &regs);
	v->last_ip = regs.rip;
}

void vcpu_thread(void *arg)
{
	struct vcpu *v = arg;

	for (;;) {
		__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
		if (!vm_may_run(v->vm)) {
			note_place(v);
			return;
		}
		if (ioctl(v->fd, KVM_RUN, 0) == 0) {
			__atomic_fetch_add(&v->exits, 1, __ATOMIC_RELAXED);
			handle_exit(v);
		} else if (errno != EINTR && errno != EAGAIN) {
			vm_ended(v->vm, VM_END_FAILED, "KVM_RUN of vCPU %u: %s", v->index,
				err_text(errno));
		}
	}
}
