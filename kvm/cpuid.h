/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest's processors say they are.  For the files of kvm/ only. */
#pragma once

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#define CPUID_ENTRIES_MAX 256

/* struct kvm_cpuid2 with its entries. */
struct cpuid {
	uint32_t count;
	uint32_t padding;
	struct kvm_cpuid_entry2 entries[CPUID_ENTRIES_MAX];
};

struct cpuid_options {
	unsigned int cpus; /* one socket of that many cores with one thread each */
	bool nested; /* keep VMX and SVM */
	bool tsc_deadline; /* KVM has the timer (it is not part of what KVM says it supports) */
};

/*
 * Makes of what KVM supports (@c) what processor @index shows: without a PMU, MWAIT and power
 * management, and, unless asked for, without virtualization; with the topology of @options.
 */
void cpuid_filter(struct cpuid *c, const struct cpuid_options *options, unsigned int index);
