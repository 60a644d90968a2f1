#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every system call of the runtime and of the container's process before its program fails once, and is a
# place of death once; tests/fault/sweep.c says what must hold then.  A run takes every fifth call; all of
# them, with every error that fits, are tried by
#
#   FAULT_ALL=1 sh tests/fault/faults.sh
#
# FAULT_STEP=n takes every n-th call, FAULT_OFFSET=n begins with another one.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
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

# sweep VERB: all four kinds of fault
sweep() {
	failed=0
	for fault in error kill; do
		for role in runtime child; do
			# shellcheck disable=SC2086 # options
			timeout 3000 unshare --mount --propagation private "$TOOLS/fault-sweep" $selection \
				"$RINGWALL" "$case/state" "$id" "$bundle" "$1" "$fault" "$role" \
				</dev/null || failed=1
		done
	done
	[ "$failed" = 0 ] || fail "see above"
}

# What a bundle can ask for that makes the runtime do more.
rich_bundle() {
	new_bundle
	use_user_namespace
	args "$@"
	for hook in createRuntime createContainer poststop; do
		config set "hooks.$hook" "[{\"path\": \"/bin/true\"}]"
	done
	config set linux.sysctl '{"kernel.msgmax": "8192"}'
	config set linux.seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace"],
		"action": "SCMP_ACT_ERRNO"}]}'
	config set linux.readonlyPaths '["/proc/sys", "/tmp"]'
	config set process.oomScoreAdj 100
	config set process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 100}]'
	mkdir volume
	add_mount /volume bind "$case/volume" rbind rro rslave
	add_mount /scratch tmpfs tmpfs nosuid size=64k
}

plain() {
	new_bundle
	# shellcheck disable=SC2086 # words
	args $2
	sweep "$1"
}

rich() {
	# shellcheck disable=SC2086 # words
	rich_bundle $2
	sweep "$1"
}

check "create" plain create pause
check "create with hooks, a user namespace, seccomp and mounts" rich create pause
check "run" plain run true
check "start" plain start pause
check "start with hooks, a user namespace, seccomp and mounts" rich start pause
check "exec" plain exec pause
check "exec in a container with a user namespace and seccomp" rich exec pause
check "kill" plain kill pause
check "delete" rich delete pause
check "delete --force" rich delete-force pause
check "pause" plain pause pause
check "resume" plain resume pause

limits() {
	need_controller pids
	plain update pause
}
check "update" limits

finish
