// SPDX-License-Identifier: Apache-2.0
/* The smallest payload: ends at once, or (built with -DWAIT) never.  Without libc's start-up
 * code, so nothing may fail: errno has no place yet. */
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void _start(void);

void _start(void)
{
#ifdef WAIT
	syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
#endif
	_exit(0);
}
