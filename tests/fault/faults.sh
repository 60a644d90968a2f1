#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every system call of the runtime and of the container's process before its program fails once, and is a
# place of death once: see tests/fault/lib.sh.  Those of `update` are in tests/fault/update.sh.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

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
	propagation=rslave
	[ "$ISOLATION" = native ] || propagation=rprivate
	add_mount /volume bind "$case/volume" rbind rro $propagation
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

# Its guest is the tests' own, which any /dev/kvm runs.  It has no agent, so that all of it comes to an error in the end.
machine() {
	[ -w /dev/kvm ] || skip "there is no /dev/kvm"
	[ -e "$TOOLS/kvm-guest" ] || skip "the program is built without the KVM mode"
	new_bundle
	config set vm "{\"kernel\": {\"path\": \"$TOOLS/kvm-guest\"}}"
	sweep machine
}
check "run of a machine" machine

finish
