/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An assembler of classic BPF that writes the program from its end to its start.  Jumps of classic
 * BPF only go forward, so when an instruction is written, everything it can jump to exists already:
 * one pass, no fix-ups.  A conditional jump reaches 255 instructions; the assembler puts a long
 * jump, or a copy of a return, in between where that is not enough.  Used by the filter compiler.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct bpf_return {
	uint32_t value;
	size_t label;
};

struct bpf {
	struct sock_filter *code; /* the last instruction of the program comes first; owned */
	size_t count;
	size_t size;
	LIST_OF(struct bpf_return) returns; /* the nearest return of each value; owned */
};

#define BPF_INIT                \
	{                       \
		NULL, 0, 0,     \
		{               \
			NULL, 0 \
		}               \
	}

/* The place of an instruction that is written, for jumps to it. */
#define BPF_NO_LABEL ((size_t)-1)

/* "return @value"; an equal one that is near enough is used again. */
size_t bpf_return(struct bpf *b, uint32_t value);
/* Loads the 32-bit word at @offset of struct seccomp_data and goes on at @next. */
size_t bpf_load(struct bpf *b, uint32_t offset, size_t next);
/* Ands the accumulator with @mask and goes on at @next. */
size_t bpf_and(struct bpf *b, uint32_t mask, size_t next);
/* Compares the accumulator with @value (@op: BPF_JEQ, BPF_JGT, BPF_JGE). */
size_t bpf_branch(struct bpf *b, uint16_t op, uint32_t value, size_t if_true, size_t if_false);

/* The program in the order of execution, beginning with what was written last: *out_count
 * instructions, heap.  Empties @b. */
struct sock_filter *bpf_take(struct bpf *b, size_t *out_count);
void bpf_release(struct bpf *b);
DEFINE_AUTO(bpf, bpf_release);
