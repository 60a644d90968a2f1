# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # used by and set by those who source it
#
# Sweeps of faults over the system calls of a command; sourced after the frame of the integration tests.
# tests/fault/sweep.c says what must hold.  A run takes every fifth call; all of them, with every error that
# fits, are tried by
#
#   FAULT_ALL=1 sh tests/fault/faults.sh
#
# FAULT_STEP=n takes every n-th call, FAULT_OFFSET=n begins with another one.

all_need_root

# A tracer is not given to everybody.
"$TOOLS/fault-sweep" --can-trace || {
	echo "1..0 # SKIP ptrace(2) is not permitted here"
	exit 0
}
if grep -q __asan_init "$RINGWALL"; then
	echo "1..0 # SKIP the calls of the sanitizers themselves must not fail"
	exit 0
fi
CASE_SECONDS=3600
: "${FAULT_OFFSET:=0}"
if [ -n "${FAULT_ALL:-}" ]; then
	selection="--all"
else
	selection="--step ${FAULT_STEP:-5} --offset $FAULT_OFFSET"
fi

# sweep VERB [OPTION...]: all four kinds of fault.  The files that a machine needs are made in a cache of its own.  Mounts of
# others would vanish from this namespace, too, when they remove what is mounted on.
sweep() {
	verb=$1 failed=0
	shift
	for fault in error kill; do
		for role in runtime child; do
			# shellcheck disable=SC2086 # options
			timeout 3000 unshare --mount --propagation private sh -ec '
				awk -v work="$1" "$2 { print \$5 }" /proc/self/mountinfo | sort -r |
					xargs -r umount -l || true
				mount -t tmpfs cache /var/cache
				shift 2
				exec "$@"' sh "$work" "$others_mounts" "$TOOLS/fault-sweep" $selection "$@" \
				"$RINGWALL" "$case/state" "$id" "$bundle" "$verb" "$fault" "$role" \
				</dev/null || failed=1
		done
	done
	[ "$failed" = 0 ] || fail "see above"
}
