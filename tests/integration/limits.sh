#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# linux.resources in cgroup v2: each property is read back from the kernel's file and, where it can be seen, its
# effect is; update, events and the statistics.  Needs the controllers in the v2 hierarchy: tests/vm/run has them.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../lib/cgroups.sh
. "$(dirname "$0")/../lib/cgroups.sh"

if ! has_controller memory; then
	echo "1..0 # SKIP the cgroup v2 hierarchy of this machine has no controllers"
	exit 0
fi

# Loads modules, makes swap and huge pages: not on a machine that others use.
need_own_machine() {
	[ "$(uname -n)" = ringwall-vm ] || skip "changes the machine: only in the test VM"
}

# need_disk: /dev/nullb0 is a block device of our own, $major and $minor are its numbers
need_disk() {
	need_own_machine
	[ -b /dev/nullb0 ] || modprobe null_blk nr_devices=1 gb=1 || skip "the kernel has no null_blk"
	major=$(cut -d: -f1 /sys/block/nullb0/dev)
	minor=$(cut -d: -f2 /sys/block/nullb0/dev)
}

# limited PATH JSON: a container that waits, with linux.resources.PATH, started
limited() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	config set "linux.resources.$1" "$2"
	start_container
}

value_of() {
	cat "$cgroups$path/$1"
}

# file_is FILE VALUE
file_is() {
	[ "$(value_of "$1")" = "$2" ] || fail "$1 is \"$(value_of "$1")\", expected \"$2\""
}

# The number after a key of a file
number_of() {
	sed -n "s/^$2 //p" "$cgroups$path/$1"
}

# update JSON: with the resources on standard input; $status, out and err
update() {
	status=0
	printf '%s' "$1" | ringwall update -r - "$id" >"$case/out" 2>"$case/err" || status=$?
}

# in_cgroup COMMAND...: a program of the machine in the container's cgroup
in_cgroup() {
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'echo $$ >"$0"; exec "$@"' "$cgroups$path/cgroup.procs" "$@"
}

milliseconds() {
	began=$(date +%s%N)
	"$@"
	echo $((($(date +%s%N) - began) / 1000000))
}

# ---- the files ----

# sets CONTROLLER PATH JSON FILE VALUE: the property is found in the cgroup's file
sets() {
	need_controller "$1"
	new_container
	config set linux.cgroupsPath "\"$path\""
	config set "linux.resources.$2" "$3"
	call create --bundle "$bundle" "$id"
	expect_status 0
	file_is "$4" "$5"
}
check "memory.limit" sets memory memory '{"limit": 67108864}' memory.max 67108864
check "memory.limit -1" sets memory memory '{"limit": -1}' memory.max max
check "memory.limit 0 is not set" sets memory memory '{"limit": 0}' memory.max max
check "memory.reservation" sets memory memory '{"reservation": 33554432}' memory.low 33554432
check "memory.swap is memory and swap" sets memory memory '{"limit": 67108864, "swap": 100663296}' \
	memory.swap.max 33554432
check "memory.swap -1" sets memory memory '{"limit": 67108864, "swap": -1}' memory.swap.max max
check "memory.swap as large as the limit" sets memory memory '{"limit": 67108864, "swap": 67108864}' \
	memory.swap.max 0
check "what v1 alone had, at its default" sets memory memory \
	'{"limit": 67108864, "kernel": -1, "kernelTCP": -1, "disableOOMKiller": false, "useHierarchy": true}' \
	memory.max 67108864
check "pids.limit" sets pids pids '{"limit": 17}' pids.max 17
# the container's first process is cloned into the cgroup, so 1 is the least that lets it live
check "pids.limit 0 is the least limit" sets pids pids '{"limit": 0}' pids.max 1
check "pids.limit -1" sets pids pids '{"limit": -1}' pids.max max
check "cpu.shares, the least" sets cpu cpu '{"shares": 2}' cpu.weight 1
check "cpu.shares, the most" sets cpu cpu '{"shares": 262144}' cpu.weight 10000
check "cpu.shares, the default" sets cpu cpu '{"shares": 1024}' cpu.weight 100
check "cpu.shares in between" sets cpu cpu '{"shares": 3333}' cpu.weight 256
check "cpu.quota and period" sets cpu cpu '{"quota": 50000, "period": 200000}' cpu.max "50000 200000"
check "cpu.quota alone" sets cpu cpu '{"quota": 50000}' cpu.max "50000 100000"
check "cpu.quota -1" sets cpu cpu '{"quota": -1}' cpu.max "max 100000"
check "cpu.period alone" sets cpu cpu '{"period": 200000}' cpu.max "max 200000"
check "cpu.burst" sets cpu cpu '{"quota": 50000, "burst": 20000}' cpu.max.burst 20000
check "cpu.quota, the most" sets cpu cpu '{"quota": 17592186044415}' cpu.max "17592186044415 100000"
check "cpu.idle" sets cpu cpu '{"idle": 1}' cpu.idle 1
check "cpu.idle and shares" sets cpu cpu '{"idle": 1, "shares": 512}' cpu.idle 1
check "cpu.cpus" sets cpuset cpu '{"cpus": "0"}' cpuset.cpus 0
check "cpu.mems" sets cpuset cpu '{"mems": "0"}' cpuset.mems 0
check "realtime 0 asks for nothing" sets cpu cpu '{"realtimeRuntime": 0, "realtimePeriod": 0, "shares": 2}' \
	cpu.weight 1
check "hugepageLimits: reservations" sets hugetlb hugepageLimits '[{"pageSize": "2MB", "limit": 4194304}]' \
	hugetlb.2MB.rsvd.max 4194304
check "hugepageLimits: faults" sets hugetlb hugepageLimits '[{"pageSize": "2MB", "limit": 4194304}]' \
	hugetlb.2MB.max 4194304
check "hugepageLimits of another size" sets hugetlb hugepageLimits '[{"pageSize": "1GB", "limit": 0}]' \
	hugetlb.1GB.rsvd.max 0
check "blockIO.weight" sets io blockIO '{"weight": 500}' io.weight "default 4950"
check "blockIO.weight, the most" sets io blockIO '{"weight": 1000}' io.weight "default 10000"
check "unified: memory.high" sets memory unified '{"memory.high": "67108864"}' memory.high 67108864
check "unified: memory.min" sets memory unified '{"memory.min": "1048576"}' memory.min 1048576
check "unified: memory.oom.group" sets memory unified '{"memory.oom.group": "1"}' memory.oom.group 1
check "unified: memory.zswap.max" sets memory unified '{"memory.zswap.max": "0"}' memory.zswap.max 0
check "unified: hugetlb" sets hugetlb unified '{"hugetlb.2MB.max": "4194304"}' hugetlb.2MB.max 4194304
check "unified: cpuset.cpus" sets cpuset unified '{"cpuset.cpus": "1"}' cpuset.cpus 1

# What the machine does not have.
cpuset_unknown() {
	need_controller cpuset
	new_container
	config set linux.resources.cpu "{\"$1\": \"1000\"}"
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "linux.resources.cpu.$1: write \"1000\" to \"cpuset.$1\""
	expect_error "hint: a list such as 0-2,5; this machine's $2 are in"
}
check "cpu.cpus that the machine has not" cpuset_unknown cpus CPUs
check "cpu.mems that the machine has not" cpuset_unknown mems nodes

bad_values() {
	new_container
	while IFS='|' read -r property json text; do
		config set "linux.resources" "{\"$property\": $json}"
		call create --bundle "$bundle" "$id"
		expect_status 1
		grep -qF "$text" "$case/err" || fail "$json: the error does not say \"$text\""
		nothing_is_left
	done <<-END
		hugepageLimits|[{"pageSize": "3MB", "limit": 0}]|linux.resources.hugepageLimits[0]: open "hugetlb.3MB.max"
		hugepageLimits|[{"pageSize": "../x", "limit": 0}]|"../x" is not a page size
		blockIO|{"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 10}]}|leafWeight: cgroup v2 has no such control
		blockIO|{"throttleReadBpsDevice": [{"major": 999, "minor": 0, "rate": 1}]}|throttleReadBpsDevice[0]: write
		cpu|{"quota": 5000, "burst": 5001}|linux.resources.cpu.burst: larger than the quota
		cpu|{"cpus": "77"}|linux.resources.cpu.cpus
		cpu|{"cpus": "zero"}|linux.resources.cpu.cpus: "zero" is not a list
		memory|{"swap": 100000}|linux.resources.memory.swap: a limit of memory and swap together needs
		rdma|{"nothing0": {"hcaHandles": 1}}|linux.resources.rdma["nothing0"]: write
	END
}
check "values that the kernel or we refuse leave nothing behind" bad_values

overridden() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources '{"memory": {"limit": 33554432}, "cpu": {"shares": 3333, "quota": 40000, "period": 100000},
		"pids": {"limit": 9}, "unified": {"memory.max": "10485760", "pids.max": "42", "cpu.max": "5000 50000",
		"cpu.weight": "42", "memory.swap.max": "20971520"}}'
	start_container
	file_is memory.max 10485760
	file_is memory.swap.max 20971520
	file_is pids.max 42
	file_is cpu.max "5000 50000"
	file_is cpu.weight 42
}
check "unified is last" overridden

# ---- controllers ----

nested_controllers() {
	need_controller hugetlb
	new_container
	config set linux.cgroupsPath "\"/$id-a/b/c\""
	config set linux.resources '{"unified": {"hugetlb.2MB.max": "4194304"}, "cpu": {"cpus": "0"}}'
	path=/$id-a/b/c
	start_container
	file_is hugetlb.2MB.max 4194304
	file_is cpuset.cpus 0
	# those that nobody asked for come along where we make the parents: statistics do not depend on depth
	test -e "$cgroups$path/memory.current"
	test -e "$cgroups$path/pids.current"
	ringwall delete --force "$id"
	rmdir "$cgroups/$id-a/b" "$cgroups/$id-a"
}
check "controllers are enabled all the way down" nested_controllers

internal_processes() {
	new_container
	mkdir "$cgroups/$id-a"
	path=/$id-a/b
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources.memory.limit 67108864
	sleep 60 &
	sleeper=$!
	echo "$sleeper" >"$cgroups/$id-a/cgroup.procs"
	call create --bundle "$bundle" "$id"
	kill "$sleeper"
	wait "$sleeper" || true
	expect_status 1
	expect_error 'linux.resources.memory.limit: cgroup "'"/$id-a"'": write "+memory" to "cgroup.subtree_control"'
	expect_error '("no internal processes"): choose another linux.cgroupsPath'
	[ ! -e "$cgroups$path" ] || fail "the container's cgroup was made"
	rmdir "$cgroups/$id-a"
}
check "processes in the parent: no internal processes" internal_processes

dividing_cgroup() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	mkdir "$cgroups$path" "$cgroups$path/child"
	echo +memory >"$cgroups$path/cgroup.subtree_control"
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "cgroup \"$path\" cannot take a new container: it divides \"memory\" among its children"
	expect_error "choose a linux.cgroupsPath below it"
	test -d "$cgroups$path/child" # nothing of others is removed
	# the processor can be divided beside processes
	echo "-memory +cpu" >"$cgroups$path/cgroup.subtree_control"
	call create --bundle "$bundle" "$id"
	expect_status 0
	ringwall delete "$id"
	nothing_is_left
	# what is left of another container's path: nobody is there any more
	config set linux.cgroupsPath "\"$path/below\""
	call create --bundle "$bundle" "$id"
	expect_status 0
	ringwall delete "$id"
	grep -qw memory "$cgroups$path/cgroup.subtree_control"
	config set linux.cgroupsPath "\"$path\""
	call create --bundle "$bundle" "$id"
	expect_status 0
	ringwall delete "$id"
	nothing_is_left
}
check "a cgroup that divides memory among its children is refused" dividing_cgroup

threaded_cgroups() {
	new_container
	top=$id-t
	mkdir "$cgroups/$top" "$cgroups/$top/thread"
	echo threaded >"$cgroups/$top/thread/cgroup.type"
	config set linux.cgroupsPath "\"/$top/thread/box\""
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "cannot take a new container: the cgroup above it is threaded"
	expect_error "hint: choose a linux.cgroupsPath outside of it"
	[ ! -e "$cgroups/$top/thread/box" ] || fail "the container's cgroup was made"
	config set linux.cgroupsPath "\"/$top/thread\""
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "cannot take a new container: it is threaded"
	test -d "$cgroups/$top/thread"
	config set linux.cgroupsPath "\"/$top/thread/box\""
	config set linux.resources.memory.limit 67108864
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'write "+memory" to "cgroup.subtree_control"'
	expect_error "threaded"
	# the root of the threads is a domain like any other
	rmdir "$cgroups/$top/thread"
	mkdir "$cgroups/$top/thread"
	echo threaded >"$cgroups/$top/thread/cgroup.type"
	config del linux.resources.memory
	config set linux.cgroupsPath "\"/$top\""
	call create --bundle "$bundle" "$id"
	expect_status 0
	ringwall delete "$id"
	nothing_is_left
}
check "threaded cgroups are refused, the root of one is not" threaded_cgroups

threaded_children() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	mkdir "$cgroups$path/t1" "$cgroups$path/t1/t2"
	echo threaded >"$cgroups$path/t1/cgroup.type"
	echo threaded >"$cgroups$path/t1/t2/cgroup.type"
	state_of pid >"$cgroups$path/t1/t2/cgroup.threads"
	call ps --format json "$id"
	expect_output "[$(state_of pid)]"
	ringwall pause "$id"
	is paused
	ringwall delete --force "$id"
	nothing_is_left
}
check "threaded cgroups in the container are removed" threaded_children

many_children() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	mkdir -p "$cgroups$path/a/b/c/d" "$cgroups$path/e/f"
	for child in a/b/c/d e/f a/b/c; do
		sleep 100 &
		echo $! >"$cgroups$path/$child/cgroup.procs"
	done
	echo 1 >"$cgroups$path/a/b/cgroup.freeze"
	ringwall delete --force "$id"
	nothing_is_left
}
check "processes in frozen cgroups below do not stop delete" many_children

# As podman --cgroups=split and quadlet: a service with Delegate=yes whose main process has moved itself below.
split_service() {
	command -v systemd-run >/dev/null || skip "no systemd-run"
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	new_container
	unit=$id-split.service
	cat >"$case/service" <<-'END'
		set -eu
		own=$(sed -n 's/^0:://p' /proc/self/cgroup)
		mkdir "$cgroups$own/runtime"
		echo $$ >"$cgroups$own/runtime/cgroup.procs"
		path=$own/libpod-payload-$id
		"$JSONEDIT" "$bundle/config.json" set linux.cgroupsPath "\"$path\""
		for dir in / /system.slice "$own"; do cat "$cgroups$dir/cgroup.subtree_control"; done >"$case/before"
		"$RINGWALL" --root "$case/state" create --bundle "$bundle" "$id"
		"$RINGWALL" --root "$case/state" start "$id"
		cat "$cgroups$path/memory.max" "$cgroups$path/pids.max"
		"$RINGWALL" --root "$case/state" delete --force "$id"
		ls -d "$cgroups$own"/*/
		for dir in / /system.slice; do cat "$cgroups$dir/cgroup.subtree_control"; done >"$case/after"
	END
	config set linux.resources '{"memory": {"limit": 67108864}, "pids": {"limit": 12}}'
	export cgroups id JSONEDIT RINGWALL case bundle
	systemd-run --quiet --wait --pipe --unit "$unit" -p "Delegate=memory pids" \
		-E cgroups -E id -E JSONEDIT -E RINGWALL -E case -E bundle \
		sh "$case/service" >"$case/out" 2>"$case/err" </dev/null
	expect_line 67108864
	expect_line 12
	expect_line "$cgroups/system.slice/$unit/runtime/"
	expect_equal "$(grep -c "^$cgroups" "$case/out")" 1
	expect_equal "$(head -n 2 "$case/before")" "$(cat "$case/after")"
}
check "a container below a delegated service" split_service

# delegated_unit: $unit is a cgroup with systemd's mark, and the one above it does not divide anything
delegated_unit() {
	new_container
	unit=$id.service
	mkdir "$cgroups/$id.slice" "$cgroups/$id.slice/$unit"
	"$TOOLS/init" setxattr "$cgroups/$id.slice/$unit" trusted.delegate 1
	path=/$id.slice/$unit/box
	config set linux.cgroupsPath "\"$path\""
}

boundary() {
	delegated_unit
	config set linux.resources.memory.limit 67108864
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'the controller "memory" is not available in cgroup "'"/$id.slice/$unit"'"'
	expect_error "hint: put Delegate=yes into the unit \"$unit\" (systemctl edit), then restart it"
	expect_equal "$(cat "$cgroups/$id.slice/cgroup.subtree_control")" ""
	# a user's session: the file that root has to change
	mkdir -p "$cgroups/user.slice/user-77.slice/user@77.service/app"
	"$TOOLS/init" setxattr "$cgroups/user.slice/user-77.slice/user@77.service" user.delegate 1
	echo -memory >"$cgroups/user.slice/user-77.slice/cgroup.subtree_control"
	config set linux.cgroupsPath '"/user.slice/user-77.slice/user@77.service/app/box"'
	call create --bundle "$bundle" "$id"
	rmdir "$cgroups/user.slice/user-77.slice/user@77.service/app" "$cgroups/user.slice/user-77.slice/user@77.service" \
		"$cgroups/user.slice/user-77.slice"
	expect_status 1
	expect_error "linux.resources.memory.limit: "
	expect_error "/etc/systemd/system/user@.service.d/delegate.conf"
	# systemd does not know hugetlb, and does not mind
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	call create --bundle "$bundle" "$id"
	expect_status 0
	file_is hugetlb.2MB.max 4194304
	ringwall delete "$id"
	expect_equal "$(ls -d "$cgroups/$id.slice/$unit"/*/ 2>/dev/null)" ""
	rmdir "$cgroups/$id.slice/$unit" "$cgroups/$id.slice"
}
check "what systemd did not delegate is not taken from it" boundary

# ---- who owns it ----

owned_cgroup() {
	new_container mkdir /sys/fs/cgroup/a -- write /sys/fs/cgroup/a/cgroup.procs 1 -- \
		set /sys/fs/cgroup/memory.max 1000 -- pause
	use_user_namespace
	writable_cgroup
	config set linux.resources.memory.limit 67108864
	config set mounts '[{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/sys", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]'
	start_container
	wait_until grep -q memory.max "$case/container.log"
	grep -qx "mkdir /sys/fs/cgroup/a: ok" "$case/container.log"
	grep -qx "write /sys/fs/cgroup/memory.max: EACCES" "$case/container.log"
	expect_equal "$(stat -c %u:%g "$cgroups$path")" 100000:100000
	for file in "$cgroups$path"/*; do
		[ -f "$file" ] || continue
		owner=0:0
		! grep -qx "${file##*/}" /sys/kernel/cgroup/delegate || owner=100000:100000
		expect_equal "${file##*/} $(stat -c %u:%g "$file")" "${file##*/} $owner"
	done
	file_is memory.max 67108864
}
check "the container's root owns what the kernel lists, and no limit" owned_cgroup

not_owned_cgroup() {
	new_container
	use_user_namespace
	writable_cgroup
	config set mounts '[{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/sys", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
	start_container
	expect_equal "$(stat -c %u "$cgroups$path" "$cgroups$path/cgroup.procs" | tr '\n' ' ')" "0 0 "
}
check "a read-only cgroup mount gives nothing away" not_owned_cgroup

# ---- what limits do ----

pids_limit_works() {
	new_container fork 20
	config set linux.resources.pids.limit 8
	run
	expect_line "fork: 7 of 20: EAGAIN"
}
check "pids.limit stops forks" pids_limit_works

full_cgroup() {
	limited pids '{"limit": 1}'
	call exec "$id" /init true
	expect_status 255
	expect_error "resource temporarily unavailable"
	expect_error "hint: a limit of processes is reached: pids.max of the cgroup"
	ringwall update --pids-limit 2 "$id"
	call exec "$id" /init true
	expect_status 0
}
check "pids.limit stops exec, and the error says so" full_cgroup

memory_limit_works() {
	new_container allocate 134217728
	config set linux.resources.memory '{"limit": 33554432, "swap": 33554432}'
	run
	expect_status 137
}
check "memory.limit kills" memory_limit_works

swap_works() {
	need_own_machine
	new_container allocate 41943040
	swap=/var/tmp/swap-$id
	dd if=/dev/zero of="$swap" bs=1M count=96 status=none
	chmod 0600 "$swap"
	mkswap -q "$swap"
	swapon "$swap"
	trap 'swapoff "$swap"; rm "$swap"' EXIT
	config set linux.resources.memory '{"limit": 25165824, "swap": 67108864}'
	run
	expect_status 0
	expect_line "allocate 41943040: ok"
	args allocate 100663296
	run
	expect_status 137
	args allocate 41943040
	config set linux.resources.memory '{"limit": 25165824, "swap": 25165824}'
	run
	expect_status 137
}
check "memory.swap is what goes beyond the memory" swap_works

quota_works() {
	limited cpu '{"quota": 20000, "period": 100000}'
	ringwall exec -d "$id" /init spin 60000 </dev/null >/dev/null 2>&1
	sleep 1
	before=$(number_of cpu.stat usage_usec)
	spent=$(milliseconds sleep 3)
	used=$((($(number_of cpu.stat usage_usec) - before) / 1000))
	[ "$used" -gt $((spent / 10)) ] || fail "$used of $spent ms are less than a tenth"
	[ "$used" -lt $((spent * 3 / 10)) ] || fail "$used of $spent ms are more than three tenths"
	[ "$(number_of cpu.stat nr_throttled)" -gt 10 ]
}
check "cpu.quota: a busy loop gets its fifth" quota_works

# race JSON JSON: two busy loops on one processor; $first and $second, what they got
race() {
	new_container
	first_id=$id-1 second_id=$id-2
	for n in 1 2; do
		config set linux.cgroupsPath "\"/$id-$n\""
		config set linux.resources.cpu "$1"
		config set linux.resources.cpu.cpus '"0"'
		ringwall create --bundle "$bundle" "$id-$n" >"$case/container.log" 2>&1 </dev/null
		ringwall start "$id-$n"
		shift
	done
	for n in 1 2; do
		ringwall exec -d "$id-$n" /init spin 60000 </dev/null >/dev/null 2>&1
	done
	sleep 1
	first=$(path=/$first_id number_of cpu.stat usage_usec)
	second=$(path=/$second_id number_of cpu.stat usage_usec)
	sleep 4
	first=$(($(path=/$first_id number_of cpu.stat usage_usec) - first))
	second=$(($(path=/$second_id number_of cpu.stat usage_usec) - second))
}

shares_work() {
	race '{"shares": 1024}' '{"shares": 102}' # weights 100 and 17
	[ "$first" -gt $((second * 3)) ] || fail "$first us against $second us"
	[ "$second" -gt $((first / 20)) ] || fail "$first us against $second us"
}
check "cpu.shares: processor time by weight" shares_work

idle_works() {
	race '{}' '{"idle": 1}'
	[ "$first" -gt $((second * 9)) ] || fail "$first us against $second us"
}
check "cpu.idle: only what nobody else wants" idle_works

cpus_work() {
	new_container affinity
	config set linux.resources.cpu.cpus '"1"'
	run
	expect_status 0
	expect_output "cpus: 1"
}
check "cpu.cpus are the processors of the process" cpus_work

disk_rules() {
	config set linux.resources.devices "[{\"allow\": false, \"access\": \"rwm\"},
		{\"allow\": true, \"type\": \"b\", \"major\": $major, \"minor\": $minor, \"access\": \"rw\"}]"
}

# throttled PROPERTY RATE KEY DD...: what dd does in the container's cgroup takes its time
throttled() {
	need_disk
	property=$1 rate=$2 key=$3
	shift 3
	new_container
	config set linux.cgroupsPath "\"$path\""
	disk_rules
	config set linux.resources.blockIO "{\"$property\": [{\"major\": $major, \"minor\": $minor, \"rate\": $rate}]}"
	start_container
	grep -q "^$major:$minor .*$key=$rate" "$cgroups$path/io.max" || fail "io.max: $(value_of io.max)"
	free=$(milliseconds dd status=none "$@")
	slow=$(milliseconds in_cgroup dd status=none "$@")
	[ "$free" -lt 1000 ] || fail "without a limit $free ms"
	[ "$slow" -gt 1500 ] || fail "with the limit $slow ms"
}
check "blockIO.throttleReadBpsDevice" throttled throttleReadBpsDevice 1048576 rbps \
	if=/dev/nullb0 of=/dev/null bs=64k count=40 iflag=direct
check "blockIO.throttleWriteBpsDevice" throttled throttleWriteBpsDevice 1048576 wbps \
	if=/dev/zero of=/dev/nullb0 bs=64k count=40 oflag=direct
check "blockIO.throttleReadIOPSDevice" throttled throttleReadIOPSDevice 20 riops \
	if=/dev/nullb0 of=/dev/null bs=4k count=50 iflag=direct
check "blockIO.throttleWriteIOPSDevice" throttled throttleWriteIOPSDevice 20 wiops \
	if=/dev/zero of=/dev/nullb0 bs=4k count=50 oflag=direct

all_throttles() {
	need_disk
	numbers="\"major\": $major, \"minor\": $minor"
	limited blockIO "{\"throttleReadBpsDevice\": [{$numbers, \"rate\": 100000}],
		\"throttleWriteBpsDevice\": [{$numbers, \"rate\": 200000}],
		\"throttleReadIOPSDevice\": [{$numbers, \"rate\": 300}],
		\"throttleWriteIOPSDevice\": [{$numbers, \"rate\": 400}]}"
	file_is io.max "$major:$minor rbps=100000 wbps=200000 riops=300 wiops=400"
	update "{\"blockIO\": {\"throttleReadBpsDevice\": [{$numbers, \"rate\": 0}]}}"
	expect_status 0
	file_is io.max "$major:$minor rbps=max wbps=200000 riops=300 wiops=400"
	update "{\"blockIO\": {\"throttleReadBpsDevice\": [{$numbers, \"rate\": 7}]}, \"unified\": {\"cgroup.max.depth\": \"x\"}}"
	expect_status 1
	file_is io.max "$major:$minor rbps=max wbps=200000 riops=300 wiops=400"
	update "{\"unified\": {\"io.max\": \"$major:$minor wbps=max\\n$major:$minor riops=max wiops=max\"}}"
	expect_status 0
	file_is io.max ""
	update "{\"unified\": {\"io.max\": \"$major:$minor wbps=9\", \"cgroup.max.depth\": \"x\"}}"
	expect_status 1
	file_is io.max ""
}
check "blockIO: all four in one line, an update of one, and back" all_throttles

device_weight() {
	need_disk
	weight="{\"weightDevice\": [{\"major\": $major, \"minor\": $minor, \"weight\": 300}]}"
	new_container
	config set linux.resources.blockIO "$weight"
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'linux.resources.blockIO.weightDevice[0]: write "'"$major:$minor"' 2930" to "io.weight"'
	expect_error "hint: a device takes weights with the bfq scheduler, or where io.cost.qos of the root cgroup enables it"
	echo "$major:$minor enable=1" >"$cgroups/io.cost.qos"
	trap 'echo "$major:$minor enable=0" >"$cgroups/io.cost.qos"' EXIT
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources.blockIO.weight 100
	start_container
	file_is io.weight "default 910
$major:$minor 2930"
	update "{\"blockIO\": {\"weight\": 10, \"weightDevice\": [{\"major\": $major, \"minor\": $minor, \"weight\": 10}]},
		\"unified\": {\"cgroup.max.depth\": \"x\"}}"
	expect_status 1
	file_is io.weight "default 910
$major:$minor 2930"
}
check "blockIO.weightDevice" device_weight

bfq_weight() {
	need_disk
	modprobe bfq || skip "the kernel has no bfq"
	echo bfq >/sys/block/nullb0/queue/scheduler
	trap 'echo none >/sys/block/nullb0/queue/scheduler; modprobe -r bfq' EXIT
	limited blockIO "{\"weight\": 750, \"weightDevice\": [{\"major\": $major, \"minor\": $minor, \"weight\": 300}]}"
	file_is io.bfq.weight "default 750
$major:$minor 300"
	file_is io.weight "default 100"
	ringwall update --blkio-weight 20 "$id"
	expect_equal "$(head -n 1 "$cgroups$path/io.bfq.weight")" "default 20"
	ringwall delete --force "$id"
}
check "blockIO.weight with bfq keeps its scale" bfq_weight

# stat_of PATH: of the statistics in the file stats
stat_of() {
	"$JSONEDIT" "$case/stats" get "data.$1" || fail "the statistics have no $1: $(cat "$case/stats")"
}

# stat_above PATH N
stat_above() {
	[ "$(stat_of "$1")" -gt "$2" ] || fail "$1 is $(stat_of "$1"), not above $2"
}

hugepages_work() {
	need_own_machine
	echo 20 >/proc/sys/vm/nr_hugepages
	trap 'echo 0 >/proc/sys/vm/nr_hugepages' EXIT
	new_container hugepages 2 -- hugepages 3
	config set linux.resources.hugepageLimits '[{"pageSize": "2MB", "limit": 8388608}]'
	run
	expect_status 0
	expect_line "hugepages 2: ok"
	expect_line "hugepages 3: ENOMEM" # at mmap, and no SIGBUS at the first use
	args hugepages 2 -- pause
	start_container
	wait_until grep -q hugepages "$case/container.log"
	ringwall events --stats "$id" >"$case/stats"
	expect_equal "$(stat_of hugetlb.2MB.usage)" 4194304
	ringwall delete --force "$id"
}
check "hugepageLimits: a reservation beyond it fails" hugepages_work

rdma_works() {
	need_own_machine
	modprobe rdma_rxe || skip "the kernel has no rdma_rxe"
	ip link add rwt0 type dummy
	rdma link add rwtrxe type rxe netdev rwt0
	trap 'rdma link delete rwtrxe; ip link delete rwt0; modprobe -r rdma_rxe || :' EXIT
	limited rdma '{"rwtrxe": {"hcaHandles": 3, "hcaObjects": 200}}'
	file_is rdma.max "rwtrxe hca_handle=3 hca_object=200 "
	update '{"rdma": {"rwtrxe": {"hcaObjects": 100}}}'
	expect_status 0
	file_is rdma.max "rwtrxe hca_handle=3 hca_object=100 "
	update '{"rdma": {"rwtrxe": {"hcaHandles": 1}}, "unified": {"cgroup.max.depth": "x"}}'
	expect_status 1
	file_is rdma.max "rwtrxe hca_handle=3 hca_object=100 "
	ringwall delete --force "$id"
}
check "rdma" rdma_works

# ---- devices ----

# The nodes of the table: TYPE MAJOR MINOR.  Numbers without a driver answer ENXIO when the rules let them pass.
table='c 1 3
c 1 11
c 5 1
c 10 229
c 200 0
c 200 1
b 7 0
b 200 0
b 200 1'

# rules_to_model RULES: awk prints "TYPE MAJOR MINOR ACCESS: verdict" as config-linux.md has it.  A rule is
# "allow|deny TYPE MAJOR MINOR ACCESS", with * for any.
model() {
	printf '%s\n' "$table" | awk -v rules="$1" '
		function base(t, ma, mi, a) {
			return a == "m" || (t == "c" && ((ma == 1 && (mi == 3 || mi == 5 || mi == 7 || mi == 8 || mi == 9)) ||
				(ma == 5 && (mi == 0 || mi == 2)) || ma == 136))
		}
		function one(t, ma, mi, a,    i, r, ok) {
			ok = base(t, ma, mi, a)
			for (i = 1; i <= n; i++) {
				split(rule[i], r, " ")
				if (rule[i] == "deny a * * rwm")
					ok = base(t, ma, mi, a)
				else if ((r[2] == "a" || r[2] == t) && (r[3] == "*" || r[3] == ma) &&
					(r[4] == "*" || r[4] == mi) && index(r[5], a))
					ok = r[1] == "allow"
			}
			return ok
		}
		BEGIN { n = split(rules, rule, ";") }
		{
			m = one($1, $2, $3, "m")
			r = one($1, $2, $3, "r")
			w = one($1, $2, $3, "w")
			print "mknod", $1 $2 "." $3, m ? "passes" : "EPERM"
			print "r", $1 $2 "." $3, r ? "passes" : "EPERM"
			print "w", $1 $2 "." $3, w ? "passes" : "EPERM"
			print "rw", $1 $2 "." $3, r && w ? "passes" : "EPERM"
		}' | sort
}

# What the kernel says: the words of init as those of the model.
observed() {
	sed -n -e 's/^mknod \/tmp\/new-\([^ ]*\) [cb]: /mknod \1 /p' -e 's/^open \/tmp\/\([^ ]*\) \([rw]*\): /\2 \1 /p' "$1" |
		sed '/ EPERM$/!s/[^ ]*$/passes/' | sort
}

device_table() {
	new_container
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_MKNOD", "CAP_SYSLOG", "CAP_SYS_RAWIO"]'
	done
	config set root.readonly false
	add_mount /tmp bind "$bundle/rootfs/tmp" bind dev
	start_container
	printf '%s\n' "$table" | while read -r type major minor; do
		mknod "$bundle/rootfs/tmp/$type$major.$minor" "$type" "$major" "$minor"
	done
	# shellcheck disable=SC2046 # words
	set -- $(printf '%s\n' "$table" | while read -r type major minor; do
		name=$type$major.$minor
		printf 'mknod /tmp/new-%s %s %s %s -- unlink /tmp/new-%s -- ' "$name" "$type" "$major" "$minor" "$name"
		printf 'open /tmp/%s r -- open /tmp/%s w -- open /tmp/%s rw -- ' "$name" "$name" "$name"
	done) true
	while read -r rules; do
		json=$(printf '%s' "$rules" | tr ';' '\n' | awk '
			{ printf "%s{\"allow\": %s", (NR > 1) ? ", " : "", ($1 == "allow") ? "true" : "false" }
			$2 != "a" { printf ", \"type\": \"%s\"", $2 }
			$3 != "*" { printf ", \"major\": %s", $3 }
			$4 != "*" { printf ", \"minor\": %s", $4 }
			{ printf ", \"access\": \"%s\"}", $5 }')
		update "{\"devices\": [$json]}"
		expect_status 0
		ringwall exec --cap CAP_MKNOD --cap CAP_SYSLOG --cap CAP_SYS_RAWIO "$id" /init "$@" >"$case/verdicts" 2>"$case/err" </dev/null
		model "$rules" >"$case/model"
		observed "$case/verdicts" >"$case/observed"
		cmp -s "$case/model" "$case/observed" || {
			echo "rules: $rules"
			diff "$case/model" "$case/observed" || true
			fail "the kernel's verdicts are not the model's"
		}
		expect_equal "$(wc -l <"$case/observed")" 36
	done <<-END
		deny a * * rwm
		allow a * * rwm
		deny a * * rwm;allow c 200 * r
		deny a * * rwm;allow c 200 * rw;deny c 200 1 w
		deny a * * rwm;allow c 200 * rwm;deny c 200 1 rwm;allow c 200 1 r
		allow a * * rwm;deny b * * w
		allow a * * rwm;deny b 200 * m;deny c * 1 r
		deny c 1 3 rwm
		deny c 1 3 w;allow c 1 11 r
		allow b 7 0 rwm;deny a * * rwm;allow b 200 1 rw
		deny a * * m
		allow c * 0 r;allow b * 0 w;deny a 200 * r
		allow a * * rw;deny a * 1 rw;allow c 5 1 w
	END
}
check "devices: the kernel's verdicts are those of the specification, over type, number and access" device_table

# ---- update ----

check_before_update() {
	new_container allocate 33554432 -- pause
	config set linux.resources.memory.limit 134217728
	config set linux.cgroupsPath "\"$path\""
	start_container
	wait_until grep -q allocate "$case/container.log"
	update '{"memory": {"limit": 1048576, "checkBeforeUpdate": true}}'
	expect_status 1
	expect_error "linux.resources.memory.limit"
	file_is memory.max 134217728
	is running
}
check "memory.checkBeforeUpdate refuses a limit below the usage" check_before_update

update_options() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	ringwall update --pids-limit 33 --memory 64m --memory-swap 64m --cpu-quota 50000 --cpu-share 2 "$id"
	file_is pids.max 33
	file_is memory.max 67108864
	file_is memory.swap.max 0
	file_is cpu.max "50000 100000"
	file_is cpu.weight 1
	ringwall update --cpu-period 200000 --cpu-burst 1000 --cpuset-cpus 0 --cpuset-mems 0 --memory-reservation 1m \
		--blkio-weight 1000 "$id"
	file_is cpu.max "50000 200000"
	file_is cpu.max.burst 1000
	file_is cpuset.cpus 0
	file_is cpuset.mems 0
	file_is memory.low 1048576
	file_is io.weight "default 10000"
	ringwall update --cpu-idle 1 "$id"
	file_is cpu.idle 1
	call update --cpu-share 100 "$id"
	expect_status 1
	expect_error "a weight cannot be set while cpu.idle is 1"
	ringwall update --cpu-idle 0 --cpu-share 100 "$id"
	file_is cpu.weight 17
	ringwall update --memory -1 --cpu-quota -1 --pids-limit -1 "$id"
	file_is memory.max max
	file_is memory.swap.max max
	file_is cpu.max "max 200000"
	file_is pids.max max
	call update --kernel-memory 1m "$id"
	expect_status 1
	expect_error "linux.resources.memory.kernel: cgroup v2 has no such control"
}
check "update by options" update_options

update_v2_options() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	start_container
	ringwall update --memory-high 64m --memory-min 1m --memory-oom-group 1 --memory-zswap-max 0 "$id"
	file_is memory.high 67108864
	file_is memory.min 1048576
	file_is memory.oom.group 1
	file_is memory.zswap.max 0
	ringwall update --memory-high -1 --memory-min 0 --memory-zswap-max -1 "$id"
	file_is memory.high max
	file_is memory.min 0
	file_is memory.zswap.max max
	ringwall update --unified cpu.weight=7 --unified "cpu.max=3000 50000" "$id"
	file_is cpu.weight 7
	file_is cpu.max "3000 50000"
	call update --unified cpu.weight "$id"
	expect_status 64
	expect_error '--unified: "cpu.weight" is not KEY=VALUE'
	call update --memory-reclaim 1g "$id" # more than there is
	expect_status 1
	expect_error 'write "1073741824" to "memory.reclaim"'
	expect_error "hint: less could be reclaimed"
}
check "update by options: what only v2 has" update_v2_options

reclaimed() {
	new_container allocate 20971520 -- write /tmp/x 1 -- pause
	config set linux.cgroupsPath "\"$path\""
	config set root.readonly false
	start_container
	wait_until grep -q allocate "$case/container.log"
	in_cgroup dd if=/dev/zero of="/var/tmp/$id" bs=1M count=40 conv=fsync status=none
	before=$(value_of memory.current)
	ringwall update --memory-reclaim 16m "$id" || true # all of it or as much as there was
	[ "$(value_of memory.current)" -lt $((before - 4000000)) ] || fail "$before, now $(value_of memory.current)"
	rm "/var/tmp/$id"
}
check "update --memory-reclaim takes memory back" reclaimed

burst_and_quota() {
	limited cpu '{"quota": 20000, "burst": 15000}'
	update '{"cpu": {"quota": 10000}}'
	expect_status 1
	expect_error "linux.resources.cpu.quota: 10000 microseconds are less than the burst of 15000"
	expect_error "hint: set linux.resources.cpu.burst (--cpu-burst) too"
	for want in "10000 5000" "40000 30000" "50000 0" "-1 60000" "9000 9000" "30000 9000"; do
		update "{\"cpu\": {\"quota\": ${want% *}, \"burst\": ${want#* }}}"
		expect_status 0
		file_is cpu.max.burst "${want#* }"
		expect_equal "$(cut -d' ' -f1 "$cgroups$path/cpu.max" | sed 's/max/-1/')" "${want% *}"
	done
	for want in "1000 1000" "90000 80000" "-1 70000"; do
		update "{\"cpu\": {\"quota\": ${want% *}, \"burst\": ${want#* }}, \"unified\": {\"cgroup.max.depth\": \"x\"}}"
		expect_status 1
		file_is cpu.max "30000 100000"
		file_is cpu.max.burst 9000
	done
}
check "update: every valid pair of quota and burst is reached, and taken back" burst_and_quota

all_or_nothing() {
	new_container allocate 20971520 -- pause
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources '{"memory": {"limit": 67108864, "swap": 100663296, "reservation": 1048576},
		"cpu": {"shares": 512, "quota": 50000, "cpus": "0-1"}, "pids": {"limit": 20}, "blockIO": {"weight": 100}}'
	start_container
	wait_until grep -q allocate "$case/container.log"
	snapshot >"$case/before"
	# the kernel refuses the last write; memory.max has not been lowered meanwhile: it would have killed
	update '{"memory": {"limit": 1048576, "swap": 1048576, "reservation": 4096},
		"cpu": {"idle": 1, "quota": 10000, "cpus": "0", "mems": "0"}, "pids": {"limit": 5}, "blockIO": {"weight": 10},
		"hugepageLimits": [{"pageSize": "2MB", "limit": 0}],
		"devices": [{"allow": true, "access": "rwm"}],
		"unified": {"memory.high": "2097152", "cgroup.max.depth": "deep"}}'
	expect_status 1
	expect_error 'linux.resources.unified["cgroup.max.depth"]: write "deep" to "cgroup.max.depth": invalid argument'
	snapshot >"$case/after"
	diff "$case/before" "$case/after" || fail "not everything was put back"
	expect_equal "$(number_of memory.events oom_kill)" 0
	is running
	# the same, valid: it works
	update '{"memory": {"limit": 50331648, "swap": 50331648, "reservation": 4096},
		"cpu": {"idle": 1, "quota": 10000, "cpus": "0", "mems": "0"}, "pids": {"limit": 5}, "blockIO": {"weight": 10},
		"hugepageLimits": [{"pageSize": "2MB", "limit": 0}], "unified": {"cgroup.max.depth": "3"}}'
	expect_status 0
	file_is memory.max 50331648
	file_is memory.swap.max 0
	file_is cpu.idle 1
	file_is pids.max 5
	file_is hugetlb.2MB.rsvd.max 0
	file_is cgroup.max.depth 3
}

snapshot() {
	for file in memory.max memory.low memory.high memory.swap.max cpu.weight cpu.idle cpu.max cpuset.cpus cpuset.mems \
		pids.max io.weight hugetlb.2MB.max hugetlb.2MB.rsvd.max cgroup.max.depth; do
		[ ! -e "$cgroups$path/$file" ] || echo "$file: $(value_of "$file")"
	done
}
check "update: all or nothing" all_or_nothing

update_stopped() {
	limited pids '{"limit": 20}'
	ringwall kill "$id" KILL
	wait_until is stopped
	update '{"pids": {"limit": 5}}'
	expect_status 1
	expect_error "container not running"
	call update --pids-limit 5 nobody
	expect_status 1
	expect_error "does not exist"
}
check "update needs a container that lives" update_stopped

update_created_and_paused() {
	new_container
	config set linux.cgroupsPath "\"$path\""
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall update --pids-limit 5 "$id"
	file_is pids.max 5
	ringwall start "$id"
	ringwall pause "$id"
	ringwall update --pids-limit 7 "$id"
	file_is pids.max 7
	is paused
	ringwall resume "$id"
}
check "update of a created and of a paused container" update_created_and_paused

# ---- events ----

oom_event() {
	new_container signal-wait USR1 -- allocate 134217728
	config set linux.resources.memory '{"limit": 33554432, "swap": 33554432}'
	start_container
	wait_until grep -qx ready "$case/container.log"
	ringwall events --interval 100ms "$id" >"$case/out" 2>"$case/err" &
	events=$!
	wait_until grep -q '"type":"stats"' "$case/out"
	ringwall kill "$id" USR1
	wait "$events"
	grep -qx "{\"type\":\"oom\",\"id\":\"$id\"}" "$case/out"
}
check "an OOM kill is an event" oom_event

oom_group_event() {
	new_container fork 2 keep -- signal-wait USR1 -- allocate 134217728
	config set linux.cgroupsPath "\"$path\""
	config set linux.resources '{"memory": {"limit": 33554432, "swap": 33554432}, "unified": {"memory.oom.group": "1"}}'
	start_container
	wait_until grep -qx ready "$case/container.log"
	ringwall events --interval 1h "$id" >"$case/out" 2>"$case/err" &
	events=$!
	sleep 0.5
	ringwall kill "$id" USR1
	wait "$events"
	grep -qx "{\"type\":\"oom\",\"id\":\"$id\"}" "$case/out"
	expect_equal "$(number_of memory.events oom_group_kill)" 1
	wait_until is_empty
}
check "an OOM kill of the whole container is an event" oom_group_event

# A process of the container is killed, and the container lives on.
oom_of_exec() {
	limited memory '{"limit": 33554432, "swap": 33554432}'
	ringwall events --interval 1h "$id" >"$case/out" 2>"$case/err" &
	events=$!
	sleep 0.5
	status=0
	ringwall exec "$id" /init allocate 134217728 >"$case/exec" 2>&1 </dev/null || status=$?
	expect_status 137
	wait_until test -s "$case/out"
	expect_equal "$(cat "$case/out")" "{\"type\":\"oom\",\"id\":\"$id\"}"
	is running
	status=0
	ringwall exec "$id" /init allocate 134217728 >"$case/exec" 2>&1 </dev/null || status=$?
	wait_until test "$(wc -l <"$case/out")" = 2
	ringwall kill "$id" KILL
	wait "$events" # ends with the container
}
check "OOM kills are events one by one, until the container ends" oom_of_exec

statistics() {
	need_disk
	new_container allocate 8388608 -- fork 2 keep -- spin 300 -- pause
	config set linux.cgroupsPath "\"$path\""
	disk_rules
	config set linux.resources.memory '{"limit": 67108864, "swap": 100663296}'
	config set linux.resources.pids.limit 20
	config set linux.resources.cpu '{"quota": 50000, "cpus": "0-1"}'
	config set linux.resources.hugepageLimits '[{"pageSize": "2MB", "limit": 8388608}]'
	start_container
	wait_until grep -q '2 of 2' "$case/container.log"
	in_cgroup dd if=/dev/nullb0 of=/dev/null bs=64k count=16 iflag=direct status=none
	sleep 1
	ringwall events --stats "$id" >"$case/stats"
	expect_equal "$(wc -l <"$case/stats")" 1
	expect_equal "$("$JSONEDIT" "$case/stats" get type)" stats
	expect_equal "$("$JSONEDIT" "$case/stats" get id)" "$id"
	stat_above cpu.usage.total 300000000
	stat_above cpu.usage.user 0 # which ticks sample
	stat_above cpu.usage.kernel 0
	stat_above cpu.throttling.periods 0
	stat_above cpu.throttling.throttledPeriods 0
	stat_above cpu.throttling.throttledTime 0
	expect_equal "$(stat_of cpuset.cpus | tr -d ' \n')" "[0,1]"
	expect_equal "$(stat_of cpuset.mems | tr -d ' \n')" "[0]"
	expect_equal "$(stat_of memory.usage.limit)" 67108864
	stat_above memory.usage.usage 8388608
	stat_above memory.usage.max 8388608
	expect_equal "$(stat_of memory.usage.failcnt)" 0
	expect_equal "$(stat_of memory.swap.limit)" 100663296
	stat_above memory.raw.anon 8388608
	expect_equal "$(stat_of pids.current)" 3
	expect_equal "$(stat_of pids.limit)" 20
	expect_equal "$(stat_of 'hugetlb.2MB.failcnt')" 0
	grep -q "{\"major\":$major,\"minor\":$minor,\"op\":\"Read\",\"value\":1048576}" "$case/stats"
	grep -q "{\"major\":$major,\"minor\":$minor,\"op\":\"Read\",\"value\":16}" "$case/stats"
	if [ -e "$cgroups$path/cpu.pressure" ] && cat "$cgroups$path/cpu.pressure" >/dev/null 2>&1; then
		for what in cpu memory blkio; do
			for kind in some full; do
				stat_of "$what.psi.$kind.avg10" | grep -qE '^[0-9]+\.[0-9]+$'
				stat_of "$what.psi.$kind.total" | grep -qE '^[0-9]+$'
			done
		done
		stat_above cpu.psi.some.total 0
	else
		echo "no PSI in this kernel"
	fi
}
check "statistics: every number is the kernel's" statistics

event_counts() {
	limited memory '{"limit": 33554432, "swap": 33554432}'
	ringwall exec "$id" /init allocate 134217728 >"$case/exec" 2>&1 </dev/null || true
	ringwall events --stats "$id" >"$case/stats"
	expect_equal "$(stat_of memory.event_count.oom_kill)" 1
	stat_above memory.event_count.max 0
	stat_above memory.usage.failcnt 0
}
check "statistics: the counts of memory events" event_counts

intervals() {
	new_container
	start_container
	for interval in 200ms 0.2s 0m0.2s; do
		timeout 10 "$RINGWALL" --root "$case/state" events --interval="$interval" "$id" >"$case/out" 2>"$case/err" &
		events=$!
		wait_until lines_are_at_least 3
		kill "$events"
		wait "$events" || true
	done
	for bad in 0s -1s later ""; do
		call events "--interval=$bad" "$id"
		expect_failure
		expect_error interval
	done
	ringwall kill "$id" KILL
	wait_until is stopped
	call events --stats "$id"
	expect_status 1
	expect_error "container not running"
	call events "$id"
	expect_status 1
}

lines_are_at_least() {
	[ "$(wc -l <"$case/out")" -ge "$1" ]
}
check "events --interval" intervals

# ---- ps ----

ps_options() {
	command -v ps >/dev/null || skip "no ps"
	new_container fork 2 keep -- pause
	start_container
	wait_until grep -q '2 of 2' "$case/container.log"
	call ps "$id"
	expect_status 0
	expect_equal "$(wc -l <"$case/out")" 4
	head -n 1 "$case/out" | grep -qw UID
	call ps "$id" -o pid,ppid,args
	expect_equal "$(head -n 1 "$case/out" | tr -s ' ' | sed 's/^ //; s/ $//')" "PID PPID COMMAND"
	call ps "$id" "-eo pid,comm" # one word, as go-runc passes them
	expect_status 0
	expect_equal "$(wc -l <"$case/out")" 4
	call ps "$id" -eo comm
	expect_failure
	expect_error 'no column "PID"'
	call ps --format=json "$id"
	grep -qx '\[[0-9]*,[0-9]*,[0-9]*\]' "$case/out"
}
check "ps passes its options on" ps_options

case $(uname -n) in
ringwall-vm) rmmod null_blk 2>/dev/null || : ;;
esac
finish
