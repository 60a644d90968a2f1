#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What only the KVM mode has: the machine's size, kernel and cgroup, and what is refused since a guest cannot do it
# (the manual page, "Virtual machines").  All else of this mode is tested by the other files, with ISOLATION=kvm.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
: "${WAIT_SECONDS:=90}" # a machine takes seconds to start
. "$(dirname "$0")/lib.sh"
all_need_root

# A machine, whichever way the file is run.
machine() {
	ringwall --isolation=kvm "$@"
}

need_machine() {
	[ -w /dev/kvm ] || skip "needs /dev/kvm"
	for kernel in /boot/vmlinuz-*-cloud-amd64 /usr/lib/modules/*/vmlinuz; do
		[ ! -e "$kernel" ] || return 0
	done
	skip "needs a Debian kernel for the guest"
}

# One to name, as $kernel.
need_cloud_kernel() {
	kernel=$(find /boot -name 'vmlinuz-*-cloud-amd64' | sort | tail -n 1)
	[ -n "$kernel" ] || skip "needs a cloud kernel in /boot"
}

run_machine() {
	status=0
	machine run --bundle "$bundle" "$@" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# A container that waits, in a machine; $pid is the machine's process, $cgroup its cgroup.
start_machine() {
	machine create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	pid=$(state_of pid)
	cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
}

is_stopped() {
	[ "$(state_of status)" = stopped ]
}

# inside WORD...: /init WORD... in the container; its output in $case/out
inside() {
	call exec "$id" /init "$@"
	expect_status 0
}

# update JSON
update() {
	status=0
	printf '%s' "$1" | ringwall update -r - "$id" >"$case/out" 2>"$case/err" || status=$?
}

# ---- what is refused, before anything is made ----

# refused PROPERTY PATH JSON
refused() {
	refused=$((${refused:-0} + 1))
	new_bundle "bundle$refused"
	config "$2" "$3" "$4"
	run_machine
	expect_status 1
	expect_error "$1"
	expect_error "not possible with --isolation kvm"
	expect_nothing
}

refusals() {
	ns='[{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "mount"}]'
	for type in pid network ipc; do
		refused "linux.namespaces (no $type)" set linux.namespaces \
			"$(echo "$ns" | sed "s/{\"type\": \"$type\"}/{\"type\": \"uts\"}/")"
	done
	for type in pid ipc mount; do
		refused "linux.namespaces ($type)" set linux.namespaces "$(echo "$ns" | sed 's/}]/}, {"type": "uts"}]/;
			s|"type": "'"$type"'"|"type": "'"$type"'", "path": "/proc/self/ns/'"${type%ount}"'"|; s|ns/m"|ns/mnt"|')"
	done
	refused 'linux.devices[0] "/dev/disk"' append linux.devices \
		'{"path": "/dev/disk", "type": "b", "major": 8, "minor": 0}'
	refused 'linux.seccomp.listenerPath' set linux.seccomp \
		'{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent",
		"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	refused 'linux.memoryPolicy' set linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "0"}'
	refused 'linux.rootfsPropagation' set linux.rootfsPropagation '"rshared"'
	refused '"/data": not possible' append mounts \
		'{"destination": "/data", "type": "ext4", "source": "/dev/sda1"}'
	refused '"/data": not possible' append mounts \
		'{"destination": "/data", "type": "bind", "source": "/etc", "options": ["rbind", "rslave"]}'
	refused 'vm.hypervisor' set vm '{"hypervisor": {"path": "/bin/q"}, "kernel": {"path": "/k"}}'
}
check "what a machine cannot do is refused by the property's name" refusals

refused_options() {
	new_bundle
	for option in --no-pivot --preserve-fds=1; do
		run_machine "$option" 3</dev/null
		expect_status 1
		expect_error "${option%=*}: not possible with --isolation kvm"
	done
	expect_nothing
}
check "options that mean things of the host are refused" refused_options

# ---- the machine ----

# The device rules are for the guest's cgroup.
no_cgroup() {
	need_machine
	new_bundle
	config set linux.resources '{"devices": [{"allow": false, "access": "rwm"}]}'
	args echo runs
	status=0
	unshare -m sh -c 'umount -l /sys/fs/cgroup && exec "$@"' - \
		"$RINGWALL" --root "$case/state" --isolation kvm run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null ||
		status=$?
	expect_status 0
	expect_output runs
	expect_error "no cgroup2 file system is mounted"
}
check "a host without cgroups" no_cgroup

of_its_own_size() {
	need_machine
	need_cloud_kernel
	new_bundle
	config set vm '{"kernel": {"path": "", "parameters": ["ringwall.test=1"]},
		"hwConfig": {"vcpus": 8, "memory": 402653184}}'
	config set vm.kernel.path "\"$kernel\""
	config set linux.maskedPaths '[]'
	args cat /proc/cmdline -- cat /proc/cpuinfo -- cat /proc/meminfo -- affinity
	run_machine
	expect_status 0
	grep -q 'ringwall\.test=1' "$case/out" || fail "the kernel's parameter is missing"
	expect_equal "$(grep -c '^processor' "$case/out")" 8
	expect_line "cpus: 0 1 2 3 4 5 6 7"
	total=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' "$case/out")
	[ "$total" -gt 262144 ] && [ "$total" -lt 393216 ] || fail "the guest has $total kB"
}
check "vm.kernel and vm.hwConfig" of_its_own_size

# It may be one that boots a machine by itself; its modules are loaded, too.
initial_disk() {
	need_machine
	need_cloud_kernel
	command -v cpio >/dev/null || skip "there is no cpio"
	new_bundle
	module=$(find "/lib/modules/${kernel#*/vmlinuz-}" -name 'nlmon.ko*')
	mkdir -p disk/m
	case $module in
	*.xz) busybox xzcat "$module" ;;
	*) cat "$module" ;;
	esac >disk/m/nlmon.ko
	printf '#!/bin/sh\necho another first process\n' >disk/init
	chmod 755 disk/init
	(cd disk && find . | cpio --quiet -o -H newc) >disk.img
	config set vm "{\"kernel\": {\"path\": \"$kernel\", \"initrd\": \"$case/disk.img\"}}"
	args cat /proc/modules
	run_machine
	expect_status 0
	grep -q '^nlmon ' "$case/out" || fail "the module is not loaded"

	echo "no archive" >disk.img
	run_machine
	expect_status 1
	expect_error "the machine has ended: kernel panic: Kernel panic - not syncing: VFS: Unable to mount root fs"
	rm disk.img
	run_machine
	expect_status 1
	expect_error "$case/disk.img"
	expect_nothing
}
check "vm.kernel.initrd" initial_disk

# As the containers of a pod do: they have its name, and each machine IPC objects of its own.
of_a_pod() {
	need_machine
	new_bundle
	unshare --uts --ipc sh -c 'echo box >/proc/sys/kernel/hostname; exec sleep 1000' &
	sandbox=$!
	wait_until grep -qx sleep "/proc/$sandbox/comm"
	config set linux.namespaces "[{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"mount\"},
		{\"type\": \"ipc\", \"path\": \"/proc/$sandbox/ns/ipc\"}, {\"type\": \"uts\", \"path\": \"/proc/$sandbox/ns/uts\"}]"
	run_machine
	expect_status 1
	expect_error "linux.namespaces (ipc): not possible with --isolation kvm"
	config del hostname
	config set annotations '{"io.kubernetes.cri.container-type": "container"}'
	args cat /proc/sys/kernel/hostname
	run_machine
	kill "$sandbox"
	expect_status 0
	expect_output box
	expect_error "IPC objects of other containers of the pod are not in it"
}
check "the name and the IPC namespace of a pod" of_a_pod

# The file server is in the user namespace: what the container's root makes is the mapped user's on the host.
user_namespace() {
	need_machine
	new_bundle
	use_user_namespace
	config set root.readonly false
	args id -- write /tmp/made 1 -- stat /tmp/made
	run_machine
	expect_status 0
	expect_line "/tmp/made: file 0644 0:0 size=1"
	expect_equal "$(stat -c %u:%g "$bundle/rootfs/tmp/made")" 100000:100000
}
check "a user namespace" user_namespace

# As podman does with /etc/resolv.conf: the guest has looked at it already.
written_before_start() {
	need_machine
	new_bundle
	touch volume
	add_mount /tmp/volume bind "$case/volume" rbind
	args cat /tmp/volume
	machine create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	echo written >volume
	ringwall start "$id"
	wait_until is_stopped
	expect_equal "$(cat "$case/container.log")" written
	ringwall delete "$id"
}
check "a volume that is written between create and start" written_before_start

# As a start that is stopped between two of its system calls.
silent_starter() {
	need_machine
	command -v socat >/dev/null || skip "there is no socat"
	new_bundle
	args pause
	machine create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	socat "UNIX-CONNECT:$case/state/$id/gate,socktype=5" "SYSTEM:touch $case/connected; exec cat" &
	caller=$!
	wait_until test -e connected
	timeout 60 "$RINGWALL" --root "$case/state" kill "$id" USR1
	timeout 60 "$RINGWALL" --root "$case/state" kill "$id" KILL
	wait_until is_stopped
	kill "$caller" 2>/dev/null || : # the gate's end may have ended it
	ringwall delete "$id"
	expect_nothing
}
check "who says nothing at the gate holds nobody up" silent_starter

killed_from_outside() {
	need_machine
	new_bundle
	args pause
	machine run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null &
	runner=$!
	wait_until is_running
	ringwall kill "$id" KILL
	status=0
	wait "$runner" || status=$?
	expect_status 137
	expect_nothing
}

is_running() {
	[ "$(state_of status 2>/dev/null)" = running ]
}
check "run returns 137 for a container that is killed" killed_from_outside

# ---- limits ----

limits() {
	need_machine
	need_controller memory
	new_bundle
	args pause
	config set linux.resources '{"pids": {"limit": 20}, "memory": {"limit": 67108864}, "cpu": {"shares": 500}}'
	config set process.oomScoreAdj 300
	start_machine
	inside cat /sys/fs/cgroup/pids.max -- cat /sys/fs/cgroup/memory.max
	expect_output "20
67108864"
	# The machine has room for the guest's kernel and its own threads.
	expect_equal "$(cat "$cgroup/pids.max")" 118
	expect_equal "$(cat "$cgroup/memory.max")" $((67108864 + (96 + 16) * 1048576))
	weight=$(cat "$cgroup/cpu.weight")
	[ "$weight" -lt 100 ] || fail "cpu.weight is $weight"
	expect_equal "$(cat "/proc/$pid/oom_score_adj")" 300
	# both or neither
	update '{"cpu": {"shares": 900}, "pids": {"limit": 30}, "unified": {"nosuch.key": "1"}}'
	expect_status 1
	expect_error nosuch
	expect_equal "$(cat "$cgroup/pids.max" "$cgroup/cpu.weight")" "118
$weight"
	update '{"pids": {"limit": 30}, "cpu": {"cpus": "4000"}}'
	expect_status 1
	inside cat /sys/fs/cgroup/pids.max
	expect_output 20
	update '{"cpu": {"shares": 900}, "pids": {"limit": 30}, "memory": {"limit": 50331648}}'
	expect_status 0
	expect_equal "$(cat "$cgroup/pids.max")" 128
	[ "$(cat "$cgroup/cpu.weight")" -gt "$weight" ]
	inside cat /sys/fs/cgroup/pids.max -- cat /sys/fs/cgroup/memory.max
	expect_output "30
50331648"
	update '{"memory": {"limit": 268435456}}'
	expect_status 1
	expect_error "resources.memory.limit"
	expect_error "hint: a machine cannot grow yet"
}
check "limits hold inside and for the machine; update changes both or neither" limits

statistics() {
	need_machine
	need_controller memory
	new_bundle
	args pause
	config set linux.resources '{"memory": {"limit": 67108864}}'
	start_machine
	call events --stats "$id"
	expect_status 0
	expect_equal "$("$JSONEDIT" - get data.memory.usage.limit <"$case/out")" 67108864
	expect_equal "$("$JSONEDIT" - get data.machine.memory.usage.limit <"$case/out")" "$(cat "$cgroup/memory.max")"
	# what stands still answers nothing, and holds nobody up
	ringwall pause "$id"
	call events --stats "$id"
	expect_status 0
	"$JSONEDIT" - get data.machine.cpu.usage.total <"$case/out" | grep -q '^[1-9]'
	call ps "$id"
	expect_status 1
	expect_error "is paused"
	update '{"pids": {"limit": 30}}'
	expect_status 1
	expect_error "is paused"
	ringwall resume "$id"
	call ps "$id"
	expect_status 0
	expect_equal "$(grep -c '/init pause' "$case/out")" 1
	call ps "$id" -o pid
	expect_status 64
	expect_error '"-o": the processes of container'
}
check "statistics, processes and updates, also of a paused machine" statistics

oom() {
	need_machine
	need_controller memory
	new_bundle
	config set linux.resources '{"memory": {"limit": 33554432}}'
	args pause
	start_machine
	ringwall events --interval 1h "$id" >"$case/events" 2>"$case/err" &
	events=$!
	wait_until grep -q . "/proc/$events/comm"
	call exec "$id" /init allocate 52428800
	expect_status 137
	wait_until grep -qx "{\"type\":\"oom\",\"id\":\"$id\"}" "$case/events"
	expect_equal "$(state_of status)" running
	ringwall kill "$id" KILL
	wait "$events"
}
check "a kill for want of memory inside is an event" oom

by_systemd() {
	need_machine
	[ -d /run/systemd/system ] || skip "needs systemd"
	new_bundle
	args pause
	config set linux.cgroupsPath "\"system.slice:rwt:$id\""
	config set linux.resources '{"pids": {"limit": 20}}'
	machine --systemd-cgroup create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	grep -q "/system.slice/rwt-$id.scope\$" "/proc/$(state_of pid)/cgroup"
	expect_equal "$(systemctl show -p TasksMax --value "rwt-$id.scope")" 118
	inside cat /sys/fs/cgroup/pids.max
	expect_output 20
	ringwall kill "$id" KILL
	wait_until is_stopped
	ringwall delete "$id"
	expect_nothing
}
check "in a scope of systemd" by_systemd

finish
