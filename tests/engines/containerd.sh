#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# containerd with the runtime under test behind its runc shim: ctr's commands.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016 # texts for other shells
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
all_need containerd ctr
[ ! -d /run/systemd/system ] || systemctl start containerd 2>/dev/null
image=$(ctr images ls -q 2>/dev/null | grep busybox | head -n 1)
[ -n "$image" ] || {
	echo "1..0 # SKIP containerd does not run, or has no image of busybox"
	exit 0
}

end() {
	for id in $(ctr containers ls -q | grep "^rwt-$$-"); do
		ctr task kill --signal KILL "$id" 2>/dev/null
		ctr task delete --force "$id" >/dev/null 2>&1
		ctr containers delete "$id"
	done
	cleanup
}
trap end EXIT

engine_traces() {
	ctr containers ls -q | grep "^rwt-$$-"
	find /run/containerd/runc/default -name "rwt-$$-*" 2>/dev/null
}

# ctr_run [OPTION...] WORD...: the container $id; options end with --
ctr_run() {
	ctr run --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" "$@"
}

pid_of() {
	ctr task ls | awk -v id="$id" '$1 == id { print $2 }'
}

task_is() {
	[ "$(ctr task ls | awk -v id="$id" '$1 == id { print $3 }')" = "$1" ]
}

gone() {
	ctr task delete "$id" >/dev/null 2>&1 || :
	ctr containers delete "$id"
}

foreground() {
	id=rwt-$$-$count
	try ctr_run --rm "$image" "$id" sh -c 'echo out; echo err >&2; exit 3'
	expect_status 3
	expect_output out
	grep -qx err "$case/err"
	script -qec "ctr run --rm -t --runtime io.containerd.runc.v2 --runc-binary $RUNTIME $image $id tty" /dev/null \
		</dev/null >"$case/out"
	grep -q /dev/pts/0 "$case/out"
}
check "run in the foreground, and on a terminal" foreground

life() {
	id=rwt-$$-$count
	ctr events >"$case/events" 2>&1 &
	events=$!
	ctr_run -d --memory-limit 67108864 --cpus 0.5 "$image" "$id" \
		sh -c 'trap "exit 9" TERM; sleep 100000 & while :; do wait; done'
	task_is RUNNING
	try ctr task exec --exec-id x1 "$id" sh -c 'echo in; exit 7'
	expect_status 7
	expect_output in
	cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
	expect_equal "$(cat "$cgroup/memory.max" "$cgroup/cpu.max")" "67108864
50000 100000"
	script -qec "ctr task exec -t --exec-id x2 $id tty" /dev/null </dev/null >"$case/out"
	grep -q /dev/pts/ "$case/out"
	ctr task metrics --format json "$id" >"$case/metrics"
	expect_equal "$(tr ',' '\n' <"$case/metrics" | sed -n 's/.*"usage_limit": *"*\([0-9]*\).*/\1/p' | head -n 1)" 67108864
	ctr task ps "$id" >"$case/out"
	grep -q "^$(pid_of)" "$case/out"
	ctr task pause "$id"
	task_is PAUSED
	ctr task resume "$id"
	task_is RUNNING
	ctr task kill --signal TERM "$id"
	slowly task_is STOPPED
	try ctr task delete "$id"
	expect_error 'exit code 9'
	ctr containers delete "$id"
	slowly has_event /tasks/exit
	kill "$events"
	for event in /tasks/create /tasks/start /tasks/exec-added /tasks/exec-started /tasks/paused /tasks/resumed /tasks/delete; do
		has_event "$event" || fail "no event $event"
	done
}

has_event() {
	grep -q "$1" "$case/events"
}
check "exec, limits, metrics, ps, pause, kill, delete, events" life

# Again and again: the shim begins to watch some time after the start.
out_of_memory() {
	id=rwt-$$-$count
	ctr events >"$case/events" 2>&1 &
	events=$!
	ctr_run -d --memory-limit 16777216 --mount type=bind,src="$TOOLS/init",dst=/init,options=rbind:ro "$image" "$id" \
		sh -c 'while sleep 1; do /init allocate 100000000; done'
	slowly has_event /tasks/oom
	kill "$events"
	ctr task kill --signal KILL "$id"
	slowly task_is STOPPED
	gone
}
check "out of memory is an event" out_of_memory

dies() {
	id=rwt-$$-$count
	ctr_run -d "$image" "$id" sleep 1000
	task_is RUNNING
	# the runtime's process is killed behind containerd's back
	kill -KILL "$(pid_of)"
	slowly task_is STOPPED
	gone
}
check "the process dies behind its back" dies

systemd_cgroup() {
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	id=rwt-$$-$count
	ctr_run -d --runc-systemd-cgroup --cgroup "system.slice:rwt:$id" "$image" "$id" sleep 1000
	expect_says active systemctl is-active "rwt-$id.scope"
	ctr task kill --signal KILL "$id"
	slowly task_is STOPPED
	gone
	slowly scope_is_gone
}

scope_is_gone() {
	! systemctl is-active --quiet "rwt-$id.scope"
}
check "systemd's cgroups" systemd_cgroup

finish
