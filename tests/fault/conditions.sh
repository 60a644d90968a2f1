#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A machine that is hostile: no memory, fork bombs, processes that are stopped or frozen, file systems that do not
# answer, clocks that jump.  A command ends within a bound, says what is wrong, and delete --force leaves nothing.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=../lib/cgroups.sh
. "$(dirname "$0")/../lib/cgroups.sh"
CASE_SECONDS=300
# What delete --force allows processes to be gone, and another command for its lock, is ten seconds.
BOUND=60

# within_bound WORD...: the program, with this case's state root; $status, out and err
within_bound() {
	status=0
	timeout --kill-after=5 "$BOUND" "$RINGWALL" --root "$case/state" "$@" >"$case/out" 2>"$case/err" </dev/null ||
		status=$?
	[ "$status" != 124 ] && [ "$status" != 137 ] || fail "after $BOUND seconds it still runs: $*"
}

expect_deleted() {
	within_bound delete --force "$id"
	expect_status 0
	expect_nothing
}

# container [WORD...]: as new_container(), and $path is where its cgroup is
container() {
	new_container "$@"
	config set linux.cgroupsPath "\"$path\""
}

# All processes of the container
signal_members() {
	for pid in $(cat "$cgroups$path/cgroup.procs"); do
		kill "-$1" "$pid"
	done
}

in_state() {
	[ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" = "$2" ]
}

gone() {
	[ ! -d "/proc/$1" ]
}

# ---- memory ----

# However small the limit is, create either works or says that it is the memory.
no_memory() {
	need_controller memory
	refused=0
	container
	for kib in 4 64 128 256 384 512 768 1024 2048; do
		config set linux.resources.memory "{\"limit\": $((kib * 1024)), \"swap\": $((kib * 1024))}"
		within_bound create --bundle "$bundle" "$id"
		if [ "$status" != 0 ]; then
			refused=$((refused + 1))
			expect_error "the memory limit is too small"
			expect_nothing
			continue
		fi
		within_bound start "$id"
		[ "$status" = 0 ] || expect_error "the memory limit is too small"
		expect_deleted
	done
	[ "$refused" -gt 0 ] || fail "no limit was too small"
}
check "a memory limit that is too small: create says so and leaves nothing" no_memory

# The limit is in a cgroup above, which this container's does not tell of.
no_memory_above() {
	need_controller memory
	parent=$cgroups/rwt-$$-above
	mkdir "$parent"
	echo +memory >"$cgroups/cgroup.subtree_control"
	echo +memory >"$parent/cgroup.subtree_control"
	echo 65536 >"$parent/memory.max"
	[ ! -e "$parent/memory.swap.max" ] || echo 0 >"$parent/memory.swap.max"
	container
	config set linux.cgroupsPath "\"/rwt-$$-above/$id\""
	within_bound create --bundle "$bundle" "$id"
	rmdir "$parent/$id" 2>/dev/null && fail "its cgroup is left"
	rmdir "$parent"
	expect_failure
	expect_error "the memory limit is too small"
	expect_nothing
}
check "a memory limit above the container that is too small" no_memory_above

# ---- processes ----

bomb() {
	need_controller pids
	container bomb
	[ "$1" = own ] || config set linux.namespaces '[{"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]'
	config set linux.resources.pids '{"limit": 60}'
	config set linux.resources.cpu '{"shares": 2}'
	start_container
	wait_until grep -qx 60 "$cgroups$path/pids.current"
	# The namespace's end would do without --all.
	if [ "$2" = kill ]; then
		within_bound kill --all "$id" KILL
		expect_status 0
		wait_until is stopped
		wait_until is_empty
		within_bound delete "$id"
		expect_status 0
		expect_nothing
	else
		expect_deleted
	fi
}
check "a fork bomb: kill --all ends it" bomb own kill
check "a fork bomb: delete --force ends it" bomb own delete
check "a fork bomb in the host's pid namespace: kill --all ends it" bomb host kill
check "a fork bomb in the host's pid namespace: delete --force ends it" bomb host delete

stopped_container() {
	container fork 3 keep -- pause
	start_container
	signal_members STOP
	wait_until in_state "$(state_of pid)" T
	within_bound kill "$id" TERM
	expect_status 0
	within_bound state "$id"
	expect_status 0
	expect_deleted
}
check "stopped processes: delete --force ends them" stopped_container

# Its init does not answer at the gate.
stopped_created() {
	container
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	pid=$(state_of pid)
	kill -STOP "$pid"
	wait_until in_state "$pid" T
	"$RINGWALL" --root "$case/state" start "$id" >"$case/start.out" 2>&1 </dev/null &
	starter=$!
	sleep 1
	within_bound state "$id"
	expect_status 0
	expect_deleted
	wait "$starter" && fail "start succeeded"
	grep -q "died before it executed the program" "$case/start.out" || fail "start: $(cat "$case/start.out")"
}
check "a stopped init of a created container: delete --force ends it, and the start that waits" stopped_created

# A create that is stopped while its hook runs, with the container's lock; $creator is its process.
stop_creator() {
	container
	config set hooks.createRuntime "[{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
		\"echo \$\$ >$case/in-hook; exec sleep 600\"]}]"
	"$RINGWALL" --root "$case/state" create --bundle "$bundle" "$id" >"$case/create.out" 2>&1 </dev/null &
	creator=$!
	wait_until test -e "$case/in-hook"
	kill -STOP "$creator"
	wait_until in_state "$creator" T
}

stopped_creator() {
	stop_creator
	within_bound state "$id"
	expect_status 0
	within_bound delete --force "$id"
	expect_failure
	expect_error "another command has held its lock for 10 seconds"
	kill -CONT "$creator"
	wait "$creator" && fail "create succeeded"
	expect_deleted
}
check "a stopped create: delete --force says who is in the way, and works when it goes on" stopped_creator

killed_creator() {
	stop_creator
	kill -KILL "$creator"
	wait "$creator" || true
	kill -KILL "$(cat "$case/in-hook")" # the hook, which nobody waits for
	expect_deleted
}
check "a create that was stopped and killed" killed_creator

stopped_exec() {
	container
	start_container
	"$RINGWALL" --root "$case/state" exec "$id" /init echo up -- sleep 600 >"$case/exec.out" 2>&1 </dev/null &
	runner=$!
	wait_until grep -qx up "$case/exec.out"
	kill -STOP "$runner"
	wait_until in_state "$runner" T
	# The kernel keeps a pid namespace until each of its processes has been waited for.
	within_bound delete --force "$id"
	expect_failure
	expect_error "its process $(state_of pid) has been killed and is not gone after 10 seconds"
	expect_error "a process of exec whose command is stopped"
	kill -CONT "$runner"
	status=0
	wait "$runner" || status=$?
	expect_status 137
	expect_deleted
}
check "a stopped exec: delete --force says so, and works when it goes on" stopped_exec

# ---- frozen ----

frozen_by() {
	container
	mkdir -p "$cgroups/rwt-$$-frozen"
	config set linux.cgroupsPath "\"/rwt-$$-frozen/$id\""
	path=/rwt-$$-frozen/$id
	start_container
	if [ "$1" = itself ]; then
		ringwall pause "$id"
	else
		echo 1 >"$cgroups/rwt-$$-frozen/cgroup.freeze"
	fi
	wait_until grep -qx 'frozen 1' "$cgroups$path/cgroup.events"
	within_bound state "$id"
	expect_status 0
	within_bound kill "$id" TERM
	expect_status 0
	if [ "$2" = kill ]; then
		within_bound kill "$id" KILL
		expect_status 0
		wait_until is stopped
		within_bound delete "$id"
		expect_status 0
		expect_nothing
	else
		expect_deleted
	fi
	rmdir "$cgroups/rwt-$$-frozen"
}
check "a paused container: kill" frozen_by itself kill
check "a paused container: delete --force" frozen_by itself delete
check "a container below a frozen cgroup: kill" frozen_by above kill
check "a container below a frozen cgroup: delete --force" frozen_by above delete

# ---- file systems ----

# need_silence MODE: a file system at $case/silent; see tests/tools/fuse-silent.c
need_silence() {
	[ -c /dev/fuse ] || modprobe fuse 2>/dev/null || skip "the kernel has no FUSE"
	mkdir "$case/silent"
	"$TOOLS/fuse-silent" "$1" "$case/silent" >"$case/fuse.out" 2>"$case/fuse.err" &
	silence=$!
	trap end_silence EXIT
	tries=0
	until grep -q ready "$case/fuse.out"; do
		gone "$silence" && skip "FUSE: $(cat "$case/fuse.err")"
		tries=$((tries + 1))
		[ "$tries" -lt 500 ] || fail "fuse-silent does not mount"
		sleep 0.02
	done
}

end_silence() {
	kill -KILL "$silence" 2>/dev/null || true
	wait "$silence" 2>/dev/null || true
	umount -l "$case/silent" 2>/dev/null || true
}

# beside COMMAND...: the program in the background; $beside
beside() {
	"$RINGWALL" --root "$case/state" "$@" >"$case/beside.out" 2>&1 </dev/null &
	beside=$!
}

# A process that waits for an answer of the file system
waits_for_fuse() {
	for pid in "$@"; do
		! grep -q "request_wait_answer\|fuse" "/proc/$pid/wchan" 2>/dev/null || return 0
	done
	return 1
}

creator_waits() {
	# shellcheck disable=SC2046 # a list of pids
	waits_for_fuse "$beside" $(descendants "$beside")
}

uses_silence() {
	case $1 in
	source) add_mount /tmp bind "$case/silent/folder" rbind ;;
	root) config set root.path "\"$case/silent/folder\"" ;;
	esac
}

# Whoever waits for a request that nobody has taken can be killed.
deaf() {
	container
	need_silence deaf
	uses_silence "$1"
	beside create --bundle "$bundle" "$id"
	wait_until creator_waits
	kill -TERM "$beside"
	wait_until gone "$beside"
	expect_deleted
}
check "a bind source on a file system that is not served: create can be ended" deaf source
check "a root on a file system that is not served: create can be ended" deaf root

# Nobody can end it but the file system.
mute() {
	container
	need_silence mute
	uses_silence "$1"
	beside create --bundle "$bundle" "$id"
	wait_until creator_waits
	within_bound delete --force "$id"
	if [ "$status" != 0 ]; then
		expect_error "$id"
		[ "$(wc -l <"$case/err")" -le 2 ] || fail "more than an error and a hint"
	fi
	kill -KILL "$silence"
	wait "$beside" && fail "create succeeded"
	expect_deleted
}
check "a bind source on a file system that does not answer: delete --force ends, and works when that is gone" mute source
check "a root on a file system that does not answer: delete --force ends, and works when that is gone" mute root

unkillable() {
	container cat /data/file
	need_silence unread
	add_mount /data bind "$case/silent" rbind
	start_container
	pid=$(state_of pid)
	wait_until waits_for_fuse "$pid"
	within_bound kill "$id" KILL
	expect_status 0
	wait_until in_state "$pid" D
	within_bound state "$id"
	expect_status 0
	within_bound exec "$id" /init true
	within_bound delete --force "$id"
	expect_failure
	expect_error "is still in use 10000 ms after its processes were killed: $pid (init, D"
	expect_error "hint: processes in state D cannot be killed before the kernel lets them go"
	kill -KILL "$silence"
	expect_deleted
}
check "a process in state D: delete --force says so within its bound, and works later" unkillable

unkillable_without_cgroup() {
	container cat /data/file
	need_silence unread
	add_mount /data bind "$case/silent" rbind
	"$RINGWALL" --root "$case/state" --cgroup-manager disabled create --bundle "$bundle" "$id" \
		>"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	pid=$(state_of pid)
	wait_until waits_for_fuse "$pid"
	within_bound delete --force "$id"
	expect_failure
	expect_error "its process $pid has been killed and is not gone after 10 seconds"
	kill -KILL "$silence"
	expect_deleted
}
check "the same without a cgroup" unkillable_without_cgroup

# ---- clocks ----

uptime_seconds() {
	cut -d. -f1 /proc/uptime
}

# jump SECONDS: of the machine's clock, which goes back after the case.  Nobody else's machine.
jump() {
	date -s "@$(($(date +%s) + $1))" >/dev/null
}

need_own_clock() {
	[ "$(uname -n)" = ringwall-vm ] || skip "changes the machine's clock: only in the test VM"
	offset=$(($(date +%s) - $(uptime_seconds)))
	trap 'date -s "@$((offset + $(uptime_seconds)))" >/dev/null' EXIT
	touch -d '10 days' "$work/now" # the bound of the case would be over at once
}

# hook_taking SECONDS: a hook with a time-out of 5 seconds, which takes so long
hook_taking() {
	config set hooks.createRuntime "[{\"path\": \"/bin/sh\", \"timeout\": 5,
		\"args\": [\"sh\", \"-c\", \"echo >$case/in-hook; exec sleep $1\"]}]"
}

clock_in_hook() {
	need_own_clock
	container
	hook_taking 2
	beside create --bundle "$bundle" "$id"
	wait_until test -e "$case/in-hook"
	jump 86400
	wait "$beside" || fail "a hook within its time: $(cat "$case/beside.out")"
	ringwall start "$id"
	expect_deleted
	rm "$case/in-hook"
	hook_taking 100
	began=$(uptime_seconds)
	beside create --bundle "$bundle" "$id"
	wait_until test -e "$case/in-hook"
	jump -172800
	wait "$beside" && fail "a hook beyond its time"
	grep -q "timeout" "$case/beside.out" || fail "$(cat "$case/beside.out")"
	[ "$(($(uptime_seconds) - began))" -lt 50 ] || fail "the time-out followed the clock"
	expect_nothing
}
check "the clock jumps while a hook runs: its time-out does not" clock_in_hook

clock_in_exec() {
	need_own_clock
	container
	start_container
	created=$(state_of created)
	for seconds in 86400 -172800 86400; do
		beside exec "$id" /init sleep 1
		jump "$seconds"
		wait "$beside" || fail "exec: $(cat "$case/beside.out")"
		is running || fail "it is $(state_of status)"
		expect_equal "$(state_of created)" "$created"
		within_bound ps "$id"
		expect_status 0
		within_bound list
		expect_status 0
	done
	expect_deleted
}
check "the clock jumps while a container runs: its process is known, and when it was made" clock_in_exec

clock_in_delete() {
	need_own_clock
	for seconds in 86400 -86400; do
		container cat /data/file
		need_silence unread
		trap 'end_silence; date -s "@$((offset + $(uptime_seconds)))" >/dev/null' EXIT
		add_mount /data bind "$case/silent" rbind
		start_container
		wait_until waits_for_fuse "$(state_of pid)"
		began=$(uptime_seconds)
		beside delete --force "$id"
		sleep 2
		jump "$seconds"
		wait "$beside" && fail "delete --force succeeded"
		took=$(($(uptime_seconds) - began))
		[ "$took" -ge 9 ] || fail "delete --force has given up after $took seconds"
		[ "$took" -lt "$BOUND" ] || fail "delete --force took $took seconds"
		end_silence
		expect_deleted
		rm -r "$bundle" "$case/silent"
	done
}
check "the clock jumps while delete --force waits: its bound does not" clock_in_delete

# A container that was made at a time when the clock had not been set yet.
clock_not_set() {
	need_own_clock
	date -s 1971-01-01 >/dev/null # the kernel has no 1970 for who has been up for hours
	container
	start_container
	expect_equal "$(state_of created | cut -c 1-11)" "1971-01-01T"
	date -s "@$((offset + $(uptime_seconds)))" >/dev/null
	is running || fail "it is $(state_of status)"
	within_bound exec "$id" /init true
	expect_status 0
	expect_deleted
}
check "a container made before the clock was set" clock_not_set

finish
