# SPDX-License-Identifier: Apache-2.0
# Not part of `make check`: bench.sh builds its own small programs.
EXTRA_DIST += \
	%D%/README.md \
	%D%/bench.c \
	%D%/bench.sh \
	%D%/floor.c \
	%D%/kvm-first.c \
	%D%/kvm-guest.c \
	%D%/kvm.sh \
	%D%/tiny.c
