// SPDX-License-Identifier: Apache-2.0
/*
 * The backward assembler: see the header.
 *
 * A label is an index in the reversed array, so it stays valid while the program grows in front of
 * it.  An instruction about to be written has the index b->count; its jump to label L skips
 * b->count - L - 1 instructions.
 */
#include "runtime/process/bpf.h"

#define JUMP_MAX 255u

static size_t bpf_add(struct bpf *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (b->count == b->size) {
		b->size = b->size ? b->size * 2 : 512;
		b->code = xrealloc_array(b->code, b->size, sizeof(*b->code));
	}
	b->code[b->count] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
	return b->count++;
}

static size_t bpf_distance(const struct bpf *b, size_t label)
{
	return b->count - label - 1;
}

size_t bpf_return(struct bpf *b, uint32_t value)
{
	struct bpf_return *known = NULL;

	list_foreach (r, &b->returns)
		if (r->value == value)
			known = r;
	/* One to spare, since the other branch of the jump may put an instruction in between. */
	if (known && bpf_distance(b, known->label) < JUMP_MAX)
		return known->label;
	if (!known) {
		b->returns.items =
			xrealloc_array(b->returns.items, b->returns.count + 1, sizeof(*known));
		known = &b->returns.items[b->returns.count++];
		known->value = value;
	}
	known->label = bpf_add(b, BPF_RET | BPF_K, 0, 0, value);
	return known->label;
}

/* A label for @label that a jump reaches even when @more instructions are written before it. */
static size_t bpf_reach(struct bpf *b, size_t label, size_t more)
{
	if (bpf_distance(b, label) + more <= JUMP_MAX)
		return label;
	if (b->code[label].code == (BPF_RET | BPF_K))
		return bpf_return(b, b->code[label].k);
	return bpf_add(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)bpf_distance(b, label));
}

/* Statements fall through to the instruction written before them. */
static void bpf_fall_to(struct bpf *b, size_t next)
{
	if (next != b->count - 1)
		bpf_add(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)bpf_distance(b, next));
}

size_t bpf_load(struct bpf *b, uint32_t offset, size_t next)
{
	bpf_fall_to(b, next);
	return bpf_add(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

size_t bpf_and(struct bpf *b, uint32_t mask, size_t next)
{
	bpf_fall_to(b, next);
	return bpf_add(b, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
}

size_t bpf_branch(struct bpf *b, uint16_t op, uint32_t value, size_t if_true, size_t if_false)
{
	if (if_true == if_false)
		return if_true;
	if_true = bpf_reach(b, if_true, 1);
	if_false = bpf_reach(b, if_false, 0);
	return bpf_add(b, BPF_JMP | op | BPF_K, (uint8_t)bpf_distance(b, if_true),
		(uint8_t)bpf_distance(b, if_false), value);
}

struct sock_filter *bpf_take(struct bpf *b, size_t *out_count)
{
	for (size_t i = 0; i < b->count / 2; i++) {
		struct sock_filter first = b->code[i];

		b->code[i] = b->code[b->count - 1 - i];
		b->code[b->count - 1 - i] = first;
	}
	*out_count = b->count;
	b->count = 0;
	b->size = 0;
	b->returns.count = 0;
	return take_ptr(&b->code);
}

void bpf_release(struct bpf *b)
{
	free(b->code);
	free(b->returns.items);
	*b = (struct bpf)BPF_INIT;
}
