#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Control groups": where the cgroup is, who is in it, what becomes of it, and what is said
# without the controllers.  What limits do is in limits.sh.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=../lib/cgroups.sh
. "$(dirname "$0")/../lib/cgroups.sh"

# Where the caller is: the cgroup under which relative paths start is the root, or below it in a container.
own_cgroup() {
	sed -n 's/^0:://p' /proc/self/cgroup
}

# ---- the path ----

path_is_absolute() {
	new_container cgroup
	config set linux.cgroupsPath "\"$path\""
	run
	expect_status 0
	expect_line "0::$path"
	nothing_is_left
}
check "an absolute cgroupsPath is from the mount point" path_is_absolute

path_is_relative() {
	new_container cgroup
	config set linux.cgroupsPath "\"$id\""
	run
	expect_status 0
	grep -q "^0::/.*$id\$" "$case/out" || grep -qx "0::/$id" "$case/out"
	cp "$case/out" "$case/first"
	run # the same path, the same place
	cmp "$case/first" "$case/out"
	nothing_is_left
}
check "a relative cgroupsPath is in the same place each time" path_is_relative

path_is_absent() {
	new_container cgroup
	run
	expect_status 0
	grep -q "^0::.*/ringwall-$id\$" "$case/out"
	nothing_is_left
}
check "without a cgroupsPath the id makes the name" path_is_absent

path_in_namespace() {
	new_container cgroup
	config append linux.namespaces '{"type": "cgroup"}'
	config set linux.cgroupsPath "\"$path\""
	run
	expect_status 0
	expect_line "0::/"
}
check "with a cgroup namespace the process is at its root" path_in_namespace

deep_path() {
	new_container cgroup
	config set linux.cgroupsPath "\"/$id-a/b//c/\""
	run
	expect_status 0
	expect_line "0::/$id-a/b/c"
	nothing_is_left
	config set process.args '["/nowhere"]'
	run
	expect_failure
	nothing_is_left
	# those of a created container stay: another may be about to use them
	args true
	ringwall create --bundle "$bundle" "$id"
	ringwall delete "$id"
	rmdir "$cgroups/$id-a/b" "$cgroups/$id-a"
	mkdir "$cgroups/$id-a"
	run
	expect_status 0
	rmdir "$cgroups/$id-a"
}
check "parents are made" deep_path

# bad_path JSON TEXT
bad_path() {
	config set linux.cgroupsPath "$1"
	call create --bundle "$bundle" "$id"
	expect_status 1
	grep -F "linux.cgroupsPath: " "$case/err" | grep -qF "$2" || fail "the error does not say \"$2\""
	nothing_is_left
}

bad_paths() {
	new_container
	bad_path "\"/../$id\"" "\"/../$id\" has a component \"..\""
	bad_path "\"$id/../$id\"" 'has a component ".."'
	bad_path "\"/$id/./x\"" 'has a component "."'
	bad_path '"/"' '"/" names the root of the cgroup hierarchy'
	bad_path "\"/$id\\n\"" 'a control character in the path'
	bad_path "\"/$id/$(printf '%0300d' 0)\"" 'a component of 300 bytes'
	bad_path "\"/$id/$(printf '%04000d' 0 | sed 's|0000000000|0000000000/|g')\"" 'the path is too long'
}
check "paths that are refused" bad_paths

# ---- who is in it ----

everybody_is_in_it() {
	new_container fork 3 keep -- pause
	config set linux.cgroupsPath "\"$path\""
	start_container
	wait_until grep -q '3 of 3' "$case/container.log"
	ringwall exec "$id" /init cgroup >"$case/out" </dev/null
	expect_line "0::$path"
	call ps --format json "$id"
	expect_equal "$(tr -d '[]' <"$case/out" | tr ',' '\n' | sort -n | tr '\n' ' ')" "$(members)"
	expect_equal "$(members | wc -w)" 4
	members | grep -qw "$(state_of pid)"
}
check "the process, its children and exec's are in the cgroup" everybody_is_in_it

nested_by_the_container() {
	new_container mkdir /sys/fs/cgroup/a -- mkdir /sys/fs/cgroup/a/b -- mkdir /sys/fs/cgroup/c -- \
		set /sys/fs/cgroup/a/b/cgroup.procs 1 -- fork 2 keep -- pause
	config set mounts '[{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}]'
	writable_cgroup
	start_container
	wait_until grep -q '2 of 2' "$case/container.log"
	test -d "$cgroups$path/a/b"
	expect_equal "$(wc -l <"$cgroups$path/cgroup.procs")" 0
	expect_equal "$(wc -l <"$cgroups$path/a/b/cgroup.procs")" 3
	call ps --format json "$id"
	expect_equal "$(tr ',' '\n' <"$case/out" | wc -l)" 3
	# exec joins the cgroup where the process is now
	ringwall exec -d "$id" /init pause </dev/null >/dev/null 2>&1
	expect_equal "$(wc -l <"$cgroups$path/a/b/cgroup.procs")" 4
	ringwall pause "$id"
	is paused
	ringwall resume "$id"
	ringwall delete --force "$id"
	nothing_is_left
}
check "cgroups that the container made are used and removed" nested_by_the_container

exec_in_a_cgroup_below() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	mkdir "$cgroups$path/sub"
	call exec --cgroup sub "$id" /init cgroup
	expect_status 0
	expect_line "0::$path/sub"
	call exec --cgroup nowhere "$id" /init true
	expect_failure
	expect_error nowhere
	call exec --cgroup ../.. "$id" /init true
	expect_failure
	expect_error '".."'
}
check "exec --cgroup" exec_in_a_cgroup_below

# ---- the end ----

stragglers() {
	new_container fork 3 keep
	config set linux.namespaces '[{"type": "mount"}, {"type": "uts"}]' # no pid namespace ends them
	config set linux.cgroupsPath "\"$path\""
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	wait_until is stopped
	expect_equal "$(members | wc -w)" 3
	pids=$(members)
	ringwall delete "$id"
	for pid in $pids; do
		! kill -0 "$pid" 2>/dev/null || grep -q 'State:.*Z' "/proc/$pid/status" || fail "$pid is alive"
	done
	nothing_is_left
}
check "delete kills what outlived the process" stragglers

stragglers_of_kill() {
	new_container fork 3 keep -- pause
	config set linux.namespaces '[{"type": "mount"}, {"type": "uts"}]'
	config set linux.cgroupsPath "\"$path\""
	start_container
	wait_until grep -q '3 of 3' "$case/container.log"
	ringwall kill --all "$id" KILL
	wait_until is_empty
	is stopped
	ringwall delete "$id"
}

check "kill --all reaches everybody" stragglers_of_kill

# ---- pause ----

pausing() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	ringwall pause "$id"
	is paused
	grep -qx 'frozen 1' "$cgroups$path/cgroup.events"
	call pause "$id"
	expect_status 1
	expect_error "container \"$id\" is paused already"
	call exec "$id" /init true
	expect_status 255
	expect_error "cannot exec in a paused container (use --ignore-paused to override)"
	call delete "$id"
	expect_status 1
	expect_error "cannot delete container \"$id\" that is not stopped: paused"
	ringwall list | grep -w "$id" | grep -qw paused
	ringwall resume "$id"
	is running
	grep -qx 'frozen 0' "$cgroups$path/cgroup.events"
	call resume "$id"
	expect_status 1
	expect_error "container \"$id\" is not paused"
	ringwall exec "$id" /init true
	ringwall pause "$id"
	ringwall kill "$id" KILL # reaches frozen processes
	wait_until is stopped
	call pause "$id"
	expect_status 1
	expect_error "container not running"
}
check "pause and resume" pausing

delete_paused() {
	new_container fork 2 keep -- pause
	config set linux.cgroupsPath "\"$path\""
	start_container
	ringwall pause "$id"
	ringwall delete --force "$id"
	nothing_is_left
}
check "delete --force of a paused container" delete_paused

# ---- cgroups that do not fit ----

frozen_cgroup() {
	new_container
	config set linux.cgroupsPath "\"$path/child\""
	mkdir "$cgroups$path"
	echo 1 >"$cgroups$path/cgroup.freeze"
	call create --bundle "$bundle" "$id" # a hang ends the file
	rc=$status
	echo 0 >"$cgroups$path/cgroup.freeze"
	expect_equal "$rc" 1
	expect_error "cgroup \"$path/child\" cannot take a new container: it is frozen"
	expect_error "hint: "
	rmdir "$cgroups$path"
	nothing_is_left
}
check "a frozen cgroup is refused" frozen_cgroup

populated_cgroup() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	call create --bundle "$bundle" "$id-2"
	expect_status 1
	expect_error "cgroup \"$path\" cannot take a new container: it holds processes: $(state_of pid)"
	expect_error "hint: every container needs a linux.cgroupsPath of its own"
	# and nothing has happened to the one that was there
	is running
	expect_equal "$(ringwall list -q)" "$id"
	members | grep -qw "$(state_of pid)"
	call delete --force "$id-2"
	is running
}
check "a cgroup with processes is refused, and they live on" populated_cgroup

empty_cgroup() {
	new_container cgroup
	config set linux.cgroupsPath "\"$path\""
	mkdir "$cgroups$path"
	run
	expect_status 0
	expect_line "0::$path"
	nothing_is_left
}
check "an empty cgroup that exists is used" empty_cgroup

vanished_cgroup() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	ringwall kill "$id" KILL
	wait_until is_empty
	rmdir "$cgroups$path"
	is stopped
	call ps --format json "$id"
	expect_output "[]"
	call kill --all "$id" KILL
	expect_status 0
	ringwall delete "$id"
}
check "a cgroup that somebody removed" vanished_cgroup

# ---- without the controllers ----

# lacks CONTROLLER PROPERTY JSON
lacks() {
	new_container
	! has_controller "$1" || skip "the machine has the controller $1"
	config set "linux.resources.$2" "$3"
	property=linux.resources.$2
	[ "$2" = unified ] || property=$(echo "$property" | sed 's/\[.*//')
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "$property"
	expect_error "the cgroup v2 controller \"$1\" is not available: "
	nothing_is_left
}
check "memory.limit without the controller" lacks memory memory.limit 67108864
check "pids.limit without the controller" lacks pids pids.limit 10
check "cpu.shares without the controller" lacks cpu cpu.shares 512
check "cpu.quota without the controller" lacks cpu cpu.quota 50000
check "cpu.period without the controller" lacks cpu cpu.period 50000
check "cpu.cpus without the controller" lacks cpuset cpu.cpus '"0"'
check "blockIO.weight without the controller" lacks io blockIO.weight 100
check "rdma without the controller" lacks rdma rdma '{"mlx5_0": {"hcaHandles": 3}}'
check "unified: a key without the controller" lacks memory unified '{"memory.high": "1000000"}'

# refused PROPERTY JSON TEXT: cgroup v2 cannot do it
not_in_v2() {
	new_container
	config set "linux.resources.$1" "$2"
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "linux.resources.$1: $3"
	nothing_is_left
}
check "no such control in v2: realtimeRuntime" not_in_v2 cpu.realtimeRuntime 1000 "cgroup v2 has no such control"
check "no such control in v2: kernel memory" not_in_v2 memory.kernel 1000 "cgroup v2 has no such control"
check "no such control in v2: swappiness" not_in_v2 memory.swappiness 60 "cgroup v2 has no such control"
check "no such control in v2: disableOOMKiller" not_in_v2 memory.disableOOMKiller true "cgroup v2 has no such control"
check "no such control in v2: leafWeight" not_in_v2 blockIO.leafWeight 10 "cgroup v2 has no such control"
check "no such control in v2: network.classID" not_in_v2 network.classID 10 "cgroup v2 has no such control"

nothing_asked() {
	new_container true
	config set linux.resources '{"memory": {"limit": -1, "swap": -1}, "pids": {"limit": -1}, "cpu": {}}'
	if ! has_controller memory || ! has_controller pids; then
		config set linux.resources '{"memory": {}, "cpu": {}}'
	fi
	run
	expect_status 0
}
check "empty objects ask for nothing" nothing_asked

# ---- unified ----

unified_keys() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources.unified '{"cgroup.max.descendants": "7", "cgroup.max.depth": "3"}'
	start_container
	expect_equal "$(cat "$cgroups$path/cgroup.max.descendants")" 7
	expect_equal "$(cat "$cgroups$path/cgroup.max.depth")" 3
}
check "unified: files of the cgroup itself are written" unified_keys

unified_unknown() {
	new_container
	config set linux.resources.unified '{"cgroup.nosuch": "1"}'
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'linux.resources.unified["cgroup.nosuch"]'
	nothing_is_left
	config set linux.resources.unified '{"nosuch.max": "1"}'
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'linux.resources.unified["nosuch.max"]'
	nothing_is_left
	config set linux.resources.unified '{"cgroup.max.depth": "deep"}'
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'write "deep" to "cgroup.max.depth": invalid argument'
	nothing_is_left
}
check "unified: a key that does not exist, a value that is none" unified_unknown

# ---- update ----

update_all_or_nothing() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources.unified '{"cgroup.max.descendants": "7"}'
	start_container
	echo '{"unified": {"cgroup.max.descendants": "9"}}' | ringwall update -r - "$id"
	expect_equal "$(cat "$cgroups$path/cgroup.max.descendants")" 9
	echo '{"unified": {"cgroup.max.descendants": "11", "cgroup.max.depth": "deep"}}' >"$case/r.json"
	call update --resources "$case/r.json" "$id"
	expect_status 1
	expect_error 'linux.resources.unified["cgroup.max.depth"]'
	expect_equal "$(cat "$cgroups$path/cgroup.max.descendants")" 9
	echo '{' >"$case/r.json"
	call update --resources "$case/r.json" "$id"
	expect_status 1
	expect_error 'not valid JSON'
}
check "update changes all or nothing" update_all_or_nothing

# ---- devices ----

# The log of the kernel: a device that every machine has, and no container by default.  The machine's
# /tmp, and so the image, may be a mount without devices.
device_container() {
	new_container "$@"
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_MKNOD", "CAP_SYSLOG"]'
	done
	config set root.readonly false
	add_mount /tmp bind "$bundle/rootfs/tmp" bind dev
}

# What is not listed in linux.devices and not allowed by a rule is denied, also without any rule.
devices_denied() {
	device_container mknod /tmp/kmsg c 1 11 -- open /tmp/kmsg r -- open /dev/null rw -- open /dev/zero r \
		-- open /dev/urandom r -- open /dev/full w
	config del linux.resources
	run
	expect_line "mknod /tmp/kmsg c: ok"
	expect_line "open /tmp/kmsg r: EPERM"
	for ok in '/dev/null rw' '/dev/zero r' '/dev/urandom r' '/dev/full w'; do
		expect_line "open $ok: ok"
	done
}
check "devices: the defaults are allowed, others are not" devices_denied

devices_in_order() {
	device_container mknod /tmp/kmsg c 1 11 -- open /tmp/kmsg r -- open /tmp/kmsg w
	config set linux.resources.devices '[{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "access": "rwm"},
		{"allow": false, "type": "c", "major": 1, "minor": 11, "access": "w"}]'
	run
	expect_line "open /tmp/kmsg r: ok"
	expect_line "open /tmp/kmsg w: EPERM"
	config append linux.resources.devices '{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "w"}'
	run
	expect_line "open /tmp/kmsg w: ok"
	config append linux.resources.devices '{"allow": false, "type": "a"}'
	run
	expect_line "open /tmp/kmsg r: EPERM"
}
check "devices: rules apply in order" devices_in_order

devices_updated() {
	device_container
	start_container
	ringwall exec --cap CAP_MKNOD "$id" /init mknod /tmp/kmsg c 1 11 -- open /tmp/kmsg r >"$case/out" 2>&1
	expect_line "open /tmp/kmsg r: EPERM"
	echo '{"devices": [{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}' |
		ringwall update -r - "$id"
	ringwall exec "$id" /init open /tmp/kmsg r -- open /tmp/kmsg w -- open /dev/null w >"$case/out" 2>&1
	expect_line "open /tmp/kmsg r: ok"
	expect_line "open /tmp/kmsg w: EPERM"
	expect_line "open /dev/null w: ok"
}
check "devices: rules of a running container are replaced" devices_updated

# ---- managers ----

disabled() {
	need_strace
	new_container cgroup
	config set linux.resources.memory.limit 1000000 # the caller looks after limits
	config set linux.cgroupsPath "\"$path\""
	config set mounts '[{"destination": "/proc", "type": "proc", "source": "proc"}]'
	strace -f -qq -e trace=%file,%desc -o "$case/trace" "$RINGWALL" --root "$case/state" --cgroup-manager=disabled \
		run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err"
	expect_line "0::$(own_cgroup)"
	! grep -E '/sys/fs/cgroup|cgroup\.(procs|freeze|kill)|CLONE_INTO_CGROUP' "$case/trace" ||
		fail "cgroups were touched"
}
check "--cgroup-manager disabled touches no cgroup" disabled

disabled_commands() {
	new_container
	ringwall --cgroup-manager disabled create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	nothing=$(find "$cgroups" -type d -name "*$id*" 2>/dev/null || true)
	expect_equal "$nothing" ""
	call ps --format json "$id"
	expect_output "[$(state_of pid)]"
	call pause "$id"
	expect_status 1
	expect_error "pausing needs a cgroup: the container has none"
	expect_error "hint: it was created with --cgroup-manager=disabled"
	call update --memory 100m "$id"
	expect_status 1
	expect_error "linux.resources.memory.limit needs a cgroup: the container has none"
	ringwall exec "$id" /init true
	ringwall kill --all "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
}
check "commands on a container without a cgroup" disabled_commands

systemd_manager() {
	[ ! -S /run/dbus/system_bus_socket ] || skip "systemd runs here"
	new_container
	call --systemd-cgroup create --bundle "$bundle" "$id"
	expect_failure
	expect_error "the systemd cgroup manager: connect to the bus"
	expect_error "hint: use --cgroup-manager=cgroupfs"
	nothing_is_left
	# the more exact option counts
	call --systemd-cgroup --cgroup-manager cgroupfs create --bundle "$bundle" "$id"
	expect_status 0
}
check "--systemd-cgroup says that systemd does not run here" systemd_manager

finish
