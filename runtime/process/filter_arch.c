// SPDX-License-Identifier: Apache-2.0
/*
 * Machines: see the header.  The numbers are the kernel's (asm/unistd.h of each machine); the unit
 * test compares every one of them with libseccomp's tables.
 */
#include "runtime/process/filter_arch.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include "base/mem.h"

uint32_t arch_low_offset(uint32_t arch, unsigned int arg)
{
	uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + arg * 8;

	return arch & __AUDIT_ARCH_LE ? offset : offset + 4;
}

uint32_t arch_high_offset(uint32_t arch, unsigned int arg)
{
	uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + arg * 8;

	return arch & __AUDIT_ARCH_LE ? offset + 4 : offset;
}

uint32_t arch_audit(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch;
}

/* Direct numbers by machine; 0: none.  MIPS means o32 and counts from 4000. */
struct direct {
	int pseudo;
	short x86, s390, s390x, ppc, ppc64, mips;
};

static const struct direct directs[] = {
	{ -101, 359, 359, 359, 326, 326, 183 }, /* socket */
	{ -102, 361, 361, 361, 327, 327, 169 }, /* bind */
	{ -103, 362, 362, 362, 328, 328, 170 }, /* connect */
	{ -104, 363, 363, 363, 329, 329, 174 }, /* listen */
	{ -105, 0, 0, 0, 330, 330, 168 }, /* accept */
	{ -106, 367, 367, 367, 331, 331, 172 }, /* getsockname */
	{ -107, 368, 368, 368, 332, 332, 171 }, /* getpeername */
	{ -108, 360, 360, 360, 333, 333, 184 }, /* socketpair */
	{ -109, 0, 0, 0, 334, 334, 178 }, /* send */
	{ -110, 0, 0, 0, 336, 336, 175 }, /* recv */
	{ -111, 369, 369, 369, 335, 335, 180 }, /* sendto */
	{ -112, 371, 371, 371, 337, 337, 176 }, /* recvfrom */
	{ -113, 373, 373, 373, 338, 338, 182 }, /* shutdown */
	{ -114, 366, 366, 366, 339, 339, 181 }, /* setsockopt */
	{ -115, 365, 365, 365, 340, 340, 173 }, /* getsockopt */
	{ -116, 370, 370, 370, 341, 341, 179 }, /* sendmsg */
	{ -117, 372, 372, 372, 342, 342, 177 }, /* recvmsg */
	{ -118, 364, 364, 364, 344, 344, 334 }, /* accept4 */
	{ -119, 337, 357, 357, 343, 343, 335 }, /* recvmmsg */
	{ -120, 345, 358, 358, 349, 349, 343 }, /* sendmmsg */
	{ -201, 0, 0, 0, 0, 0, 0 }, /* semop */
	{ -202, 393, 393, 393, 393, 393, 393 }, /* semget */
	{ -203, 394, 394, 394, 394, 394, 394 }, /* semctl */
	{ -204, 0, 0, 392, 0, 392, 0 }, /* semtimedop */
	{ -211, 400, 400, 400, 400, 400, 400 }, /* msgsnd */
	{ -212, 401, 401, 401, 401, 401, 401 }, /* msgrcv */
	{ -213, 399, 399, 399, 399, 399, 399 }, /* msgget */
	{ -214, 402, 402, 402, 402, 402, 402 }, /* msgctl */
	{ -221, 397, 397, 397, 397, 397, 397 }, /* shmat */
	{ -222, 398, 398, 398, 398, 398, 398 }, /* shmdt */
	{ -223, 395, 395, 395, 395, 395, 395 }, /* shmget */
	{ -224, 396, 396, 396, 396, 396, 396 }, /* shmctl */
};

static int direct_of(const struct direct *row, uint32_t arch)
{
	short number;

	switch (arch) {
	case SCMP_ARCH_X86:
		number = row->x86;
		break;
	case SCMP_ARCH_S390:
		number = row->s390;
		break;
	case SCMP_ARCH_S390X:
		number = row->s390x;
		break;
	case SCMP_ARCH_PPC:
		number = row->ppc;
		break;
	case SCMP_ARCH_PPC64:
	case SCMP_ARCH_PPC64LE:
		number = row->ppc64;
		break;
	case SCMP_ARCH_MIPS:
	case SCMP_ARCH_MIPSEL:
		return row->mips ? 4000 + row->mips : -1;
	default:
		return -1;
	}
	return number ? number : -1;
}

/* Both take an int, whose upper half ipc(2) uses for a version that it ignores. */
#define SOCKETCALL_MASK 0xffffffffu
#define IPC_MASK 0xffffu

bool arch_multiplexed_find(uint32_t arch, int number, struct arch_multiplexed *out_call)
{
	bool socket = number > -200;
	int through;

	for (size_t i = 0; i < ARRAY_SIZE(directs); i++) {
		if (directs[i].pseudo != number)
			continue;
		through = seccomp_syscall_resolve_name_arch(arch, socket ? "socketcall" : "ipc");
		if (through < 0)
			return false;
		*out_call = (struct arch_multiplexed){
			.through = through,
			.call = (uint32_t)(socket ? -number - 100 : -number - 200),
			.mask = socket ? SOCKETCALL_MASK : IPC_MASK,
			.direct = direct_of(&directs[i], arch),
		};
		return true;
	}
	return false;
}
