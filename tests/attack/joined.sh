#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Published vulnerabilities in which a process of a running container lies in wait for what joins it, and a few
# that need nothing but a name.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
all_need_root

# CVE-2016-9962 (runc), CVE-2016-8649 (lxc): a joining process can be traced, or its descriptors opened, before
# it has become the container's.  With CAP_SYS_PTRACE only a user namespace stands between.
ambush_by_default() {
	new_bundle
	[ "$1" != user ] || use_user_namespace
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" "$2"
	done
	args ambush
	start_container
	wait_until grep -q waiting container.log
	round=0
	while [ "$round" -lt 40 ]; do
		ringwall exec "$id" /init true </dev/null
		round=$((round + 1))
	done
	! grep '^got' container.log || fail "the container got hold of the runtime"
	grep -q "somebody came" container.log || fail "nobody was seen: nothing is shown by that"
}
check "who joins a container cannot be traced or opened" ambush_by_default none '["CAP_KILL", "CAP_DAC_OVERRIDE"]'
check "nor by CAP_SYS_PTRACE in a user namespace" ambush_by_default user \
	'["CAP_SYS_PTRACE", "CAP_KILL", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"]'

# CVE-2015-1334 (lxc), CVE-2025-52881: exec trusts the /proc that the container has made
false_proc() {
	new_bundle
	config set root.readonly false
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_SYS_ADMIN"]'
	done
	config set process.noNewPrivileges false
	mkdir -p "$bundle/rootfs/false/self/attr" "$bundle/rootfs/false/self/fd" "$bundle/rootfs/false/1"
	echo nothing >"$bundle/rootfs/false/self/attr/exec"
	config del linux.maskedPaths
	config del linux.readonlyPaths
	args mount /false /proc none 4096 -- pause
	start_container
	wait_until grep -q "^mount" container.log
	grep -q "^mount.*ok" container.log || fail "$(cat container.log)"
	call exec --user 7:8 --cap CAP_KILL "$id" /init id
	expect_status 0
	grep -q "uid.*7" out || fail "$(cat out)"
	call exec "$id" /init ls /proc
	expect_output "1
self"
	call ps "$id"
	expect_status 0
	expect_equal "$(cat "$bundle/rootfs/false/self/attr/exec")" nothing
}
check "exec and ps do not believe what the container has mounted on /proc" false_proc

# CVE-2016-10124 (lxc), CVE-2017-5226 (bubblewrap): characters are pushed into the caller's terminal
terminal_of_the_caller() {
	new_bundle
	args open /dev/tty rw -- syscall 16 0 0x5412 0
	status=0
	# script(1) gives the runtime a terminal, which the container gets as its standard input only.
	command -v script >/dev/null || skip "script(1) is not installed"
	script -qec "'$RINGWALL' --root '$case/state' run --bundle '$bundle' '$id'" /dev/null >out 2>err </dev/null ||
		status=$?
	expect_status 0
	tr -d '\r' <out >lines
	grep -q "^open /dev/tty rw: E" lines || fail "the caller's terminal is the container's: $(cat lines)"
	grep -q "^syscall.*E" lines || fail "TIOCSTI works: $(cat lines)"
}
check "the caller's terminal does not become the controlling one" terminal_of_the_caller

# CVE-2021-41103, CVE-2024-25621 (containerd), CVE-2015-1331 (lxc): directories that others can enter
closed_state() {
	new_bundle
	args pause
	umask 0
	start_container
	umask 022
	expect_equal "$(stat -c %a state "state/$id" "state/$id/state.json" "state/$id/config.json" | tr '\n' ' ')" \
		"700 700 600 600 "
	! setpriv --reuid 1000 --clear-groups ls state 2>/dev/null || fail "others can look into it"
	ringwall state "$id" >out
}
check "the state directory is closed to others, whatever the caller's umask" closed_state

# CVE-2023-6476, CVE-2024-3154 (CRI-O), CVE-2026-24834 (Kata): annotations change what isolates
annotations() {
	new_bundle
	args cgroup -- fds -- ns
	run
	expect_status 0
	sed 's/:\[[0-9]*\]//' out >plain
	config set annotations '{"io.kubernetes.cri-o.userns-mode": "host", "run.oci.delegate-cgroup": "/../..",
		"io.katacontainers.config.hypervisor.path": "/bin/sh", "module.wasm.image/variant": "compat",
		"run.oci.mount_context_type": "context"}'
	run
	expect_status 0
	unchanged
	# An error where systemd makes the cgroup, and nobody's business elsewhere.
	config set annotations '{"org.systemd.property.ExecStart": "x"}'
	run
	[ "$status" != 0 ] || unchanged
}

unchanged() {
	sed 's/:\[[0-9]*\]//' out >annotated
	diff plain annotated || fail "an annotation has changed the container"
}
check "annotations do not change what isolates" annotations

# CVE-2022-0811 (CRI-O): a value with separators sets a second sysctl
sysctl_values() {
	new_bundle
	before=$(cat /proc/sys/kernel/core_pattern)
	config set linux.sysctl '{"kernel.msgmax": "8192+kernel.core_pattern=|/bin/false"}'
	run
	expect_failure
	config set linux.sysctl '{"kernel.msgmax": "8192\nkernel.core_pattern=x"}'
	run
	expect_equal "$(cat /proc/sys/kernel/core_pattern)" "$before"
	config set linux.sysctl '{"kernel.msgmax": "8192"}'
	run
	expect_status 0
}
check "a sysctl's value sets nothing else" sysctl_values

# CVE-2025-23266 (NVIDIA): the image's environment reaches hooks, which load a library of the image
hook_environment() {
	new_bundle
	config append process.env '"LD_PRELOAD=/evil.so"'
	config append process.env '"LD_AUDIT=/evil.so"'
	args env LD_PRELOAD
	for kind in createRuntime createContainer poststart poststop; do
		printf 'env >"%s/env.%s"\n' "$case" "$kind" >"$case/$kind.sh"
		config set "hooks.$kind" "[{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"$case/$kind.sh\"],
			\"env\": [\"PATH=/usr/bin:/bin\"]}]"
	done
	run
	expect_status 0
	expect_output LD_PRELOAD=/evil.so # its own program may have it
	for kind in createRuntime createContainer poststart poststop; do
		[ -s "env.$kind" ] || fail "the hook $kind has not run"
		! grep LD_ "env.$kind" || fail "the image's environment has reached the hook $kind"
	done
}
check "the environment of an image does not reach hooks" hook_environment

# GHSA-g54h-m393-cpwq (runc): a list of devices without a first "deny all" takes devices away only
devices_without_deny() {
	new_bundle
	config set root.readonly false
	config set linux.resources.devices '[{"allow": true, "type": "c", "major": 10, "minor": 229, "access": "r"}]'
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_MKNOD"]'
	done
	args mknod /tmp/kmsg c 1 11 -- open /tmp/kmsg r -- open /dev/null rw
	run
	expect_status 0
	expect_line "open /dev/null rw: ok"
	expect_line "open /tmp/kmsg r: EPERM"
}
check "a list of devices that denies nothing still allows only what it lists" devices_without_deny

finish
