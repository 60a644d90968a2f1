/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of bits to take away or set, and the leaves that tell a processor from the next.  What is
 * taken away is what the machine does not keep up: counters, waiting on memory, thermal control,
 * virtualization.
 */
#include "kvm/cpuid.h"

#include <string.h>

#include "base/mem.h"

enum reg { EAX, EBX, ECX, EDX };

static uint32_t *reg_of(struct kvm_cpuid_entry2 *e, enum reg reg)
{
	switch (reg) {
	case EAX:
		return &e->eax;
	case EBX:
		return &e->ebx;
	case ECX:
		return &e->ecx;
	case EDX:
	default:
		return &e->edx;
	}
}

enum when { ALWAYS, UNLESS_NESTED, IF_DEADLINE, IF_SEVERAL };

static const struct {
	uint32_t leaf;
	enum reg reg;
	uint32_t keep; /* of the bits that KVM supports */
	uint32_t set;
	enum when when;
} bits[] = {
	{ 0x1, ECX, ~(1u << 2), 0, ALWAYS }, /* DTES64: what DS stores, in its 64-bit form */
	{ 0x1, ECX, ~(1u << 3), 0, ALWAYS }, /* MONITOR, MWAIT */
	{ 0x1, ECX, ~(1u << 5), 0, UNLESS_NESTED }, /* VMX */
	{ 0x1, ECX, ~(1u << 15), 0, ALWAYS }, /* PDCM: the PMU's capabilities */
	{ 0x1, ECX, ~0u, 1u << 31, ALWAYS }, /* a hypervisor is there */
	{ 0x1, ECX, ~0u, 1u << 24, IF_DEADLINE }, /* the local APIC's TSC deadline mode */
	{ 0x1, EDX, ~(1u << 21), 0, ALWAYS }, /* DS: the PMU's stores of branches and events */
	{ 0x1, EDX, ~(1u << 28), 0, ALWAYS }, /* HTT: several in the socket */
	{ 0x1, EDX, ~0u, 1u << 28, IF_SEVERAL },
	{ 0x6, EAX, 1u << 2, 0, ALWAYS }, /* of power management: the APIC timer always runs */
	{ 0x6, EBX, 0, 0, ALWAYS }, { 0x6, ECX, 0, 0, ALWAYS },
	{ 0x80000001, ECX, ~(1u << 2), 0, UNLESS_NESTED }, /* SVM */
	{ 0x80000001, ECX, ~(1u << 23 | 1u << 24 | 1u << 28), 0, ALWAYS }, /* AMD's counters */
};

/* Leaves that read as zero. */
static const struct {
	uint32_t leaf;
	enum when when;
} blank[] = {
	{ 0x5, ALWAYS }, /* MWAIT */
	{ 0xa, ALWAYS }, /* the PMU */
	{ 0x8000000a, UNLESS_NESTED }, /* SVM */
	/*
	 * Encrypted memory, of which KVM tells what its host can make guests of: this is none.  A
	 * kernel that sees it reads the MSR that says whether it is on before it can take a fault,
	 * and KVM answers with one.
	 */
	{ 0x8000001f, ALWAYS }, /* SME, SEV */
	{ 0x80000022, ALWAYS }, /* AMD's PMU */
	{ 0x80000026, ALWAYS }, /* AMD's topology in detail: leaf 0xb tells it */
};

static bool holds(enum when when, const struct cpuid_options *o)
{
	switch (when) {
	case UNLESS_NESTED:
		return !o->nested;
	case IF_DEADLINE:
		return o->tsc_deadline;
	case IF_SEVERAL:
		return o->cpus > 1;
	case ALWAYS:
	default:
		return true;
	}
}

/* Bits of the APIC id that tell cores of the socket apart. */
static unsigned int core_bits(unsigned int cpus)
{
	unsigned int n = 0;

	while (1u << n < cpus)
		n++;
	return n;
}

/* Leaves 0xb and 0x1f: threads of a core, then cores of the socket, then the end. */
static void topology(struct kvm_cpuid_entry2 *e, const struct cpuid_options *o, unsigned int index)
{
	e->eax = e->ebx = 0;
	e->ecx = e->index & 0xff;
	e->edx = index;
	if (e->index == 0) {
		e->ebx = 1;
		e->ecx |= 1 << 8;
	} else if (e->index == 1) {
		e->eax = core_bits(o->cpus);
		e->ebx = o->cpus;
		e->ecx |= 2 << 8;
	}
}

/* Leaf 4 and 0x8000001d: caches; the last level belongs to all cores, the others to one. */
static void cache(struct kvm_cpuid_entry2 *e, const struct cpuid_options *o)
{
	unsigned int level = e->eax >> 5 & 7;
	unsigned int sharing = level >= 3 ? 1u << core_bits(o->cpus) : 1;

	if (!(e->eax & 0x1f))
		return;
	e->eax = (e->eax & 0x3fff) | (sharing - 1) << 14;
	if (e->function == 4)
		e->eax |= ((1u << core_bits(o->cpus)) - 1) << 26;
}

static void identity(struct kvm_cpuid_entry2 *e, const struct cpuid_options *o, unsigned int index)
{
	switch (e->function) {
	case 0x1:
		e->ebx = (e->ebx & 0xffff) | index << 24 | (1u << core_bits(o->cpus)) << 16;
		break;
	case 0xb:
	case 0x1f:
		topology(e, o, index);
		break;
	case 0x4:
	case 0x8000001d:
		cache(e, o);
		break;
	case 0x80000008:
		/* Cores of the socket, and the bits of the APIC id that tell them apart. */
		e->ecx = (e->ecx & ~0xf0ffu) | (o->cpus - 1) | core_bits(o->cpus) << 12;
		break;
	case 0x8000001e:
		e->eax = index;
		e->ebx = index & 0xff;
		e->ecx = 0;
		break;
	default:
		break;
	}
}

/* The entry of a leaf and subleaf, made if it is not there and there is room. */
static void ensure(struct cpuid *c, uint32_t leaf, uint32_t index)
{
	struct kvm_cpuid_entry2 *e;

	for (uint32_t i = 0; i < c->count; i++)
		if (c->entries[i].function == leaf && c->entries[i].index == index)
			return;
	if (c->count == CPUID_ENTRIES_MAX)
		return;
	e = &c->entries[c->count++];
	memset(e, 0, sizeof(*e));
	e->function = leaf;
	e->index = index;
	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
}

/* What leaf 0 says is the last leaf. */
static uint32_t last_leaf(const struct cpuid *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (!c->entries[i].function)
			return c->entries[i].eax;
	return 0;
}

/* Is there any leaf of topology that @c has, 0xb or 0x1f?  Both need their first two subleaves. */
static void complete_topology(struct cpuid *c)
{
	static const uint32_t leaves[] = { 0xb, 0x1f };

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++)
		for (uint32_t sub = 0; sub < 3 && last_leaf(c) >= leaves[i]; sub++)
			ensure(c, leaves[i], sub);
}

void cpuid_filter(struct cpuid *c, const struct cpuid_options *o, unsigned int index)
{
	complete_topology(c);
	for (uint32_t i = 0; i < c->count; i++) {
		struct kvm_cpuid_entry2 *e = &c->entries[i];

		for (size_t k = 0; k < ARRAY_SIZE(bits); k++) {
			uint32_t *reg = reg_of(e, bits[k].reg);

			if (e->function == bits[k].leaf && holds(bits[k].when, o))
				*reg = (*reg & bits[k].keep) | bits[k].set;
		}
		for (size_t k = 0; k < ARRAY_SIZE(blank); k++)
			if (e->function == blank[k].leaf && holds(blank[k].when, o))
				e->eax = e->ebx = e->ecx = e->edx = 0;
		identity(e, o, index);
	}
}
