/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the filter compiler knows of machines: word size, byte order, and the system calls of the
 * 32-bit world that can be made in two ways.  Private to runtime/process/filter*.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The bit that x32's system call numbers have. */
#define X32_BIT 0x40000000u

static inline bool arch_is_64(uint32_t arch)
{
	/* 0x20000000: MIPS n32, 32-bit words in a 64-bit personality */
	return (arch & 0x80000000u) && !(arch & 0x20000000u);
}

/* Where the low and the high half of argument @arg lie in struct seccomp_data. */
uint32_t arch_low_offset(uint32_t arch, unsigned int arg);
uint32_t arch_high_offset(uint32_t arch, unsigned int arg);

/* The value of seccomp_data.arch for a SCMP_ARCH_ value: they differ for x32 only. */
uint32_t arch_audit(uint32_t arch);

/* A system call that a machine has twice: behind socketcall(2) or ipc(2), and (newer) directly. */
struct arch_multiplexed {
	int through; /* number of socketcall or ipc */
	uint32_t call; /* their first argument */
	uint32_t mask; /* the bits of it that the kernel looks at */
	int direct; /* own number; -1: none */
};

/*
 * libseccomp answers names of such calls with a pseudo number (-101 .. -120 and -201 .. -224).
 * False when @number is no such thing on @arch.
 */
bool arch_multiplexed_find(uint32_t arch, int number, struct arch_multiplexed *out_call);
