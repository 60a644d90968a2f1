# SPDX-License-Identifier: Apache-2.0
# Faults at every system call.  The tracer knows the registers of one architecture.
if X86_64
check_PROGRAMS += tests/fault-sweep
tests_fault_sweep_SOURCES = %D%/sweep.c %D%/sweep.h %D%/commands.c %D%/limits.c %D%/tracer.c %D%/verdict.c
tests_fault_sweep_CFLAGS = -std=gnu11 -Wall -Wextra
TESTS += %D%/faults.sh %D%/update.sh
endif
TESTS += %D%/conditions.sh
dist_check_SCRIPTS += %D%/conditions.sh %D%/faults.sh %D%/update.sh
EXTRA_DIST += %D%/lib.sh
