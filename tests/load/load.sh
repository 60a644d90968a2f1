#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many containers and many execs at a time; list and state tell the truth meanwhile, and nothing fails or is
# left.  The figures are printed.  A run is small; 1,000 containers by 50 workers and 200 execs at a time are
#
#   LOAD_ALL=1 sh tests/load/load.sh

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
all_need_root

CASE_SECONDS=1800
if [ -n "${LOAD_ALL:-}" ]; then
	containers=1000 workers=50 execs=200
else
	containers=60 workers=10 execs=30
fi

# The life of one container; what does not go well goes to the file failures.
live() {
	{
		ringwall create --bundle "$bundle" "$1" </dev/null &&
			ringwall state "$1" | grep -q '"status": "created"' &&
			ringwall start "$1" &&
			ringwall kill "$1" KILL &&
			ringwall delete --force "$1"
	} >"$case/life-$1" 2>&1 || {
		echo "$1:"
		cat "$case/life-$1"
	} >>"$case/failures"
	rm -f "$case/life-$1"
}

work() {
	n=$1
	while [ "$n" -le "$containers" ]; do
		live "$id-$n"
		n=$((n + workers))
	done
}

# As long as the file busy is there: the bystander runs, and each line of list is one of a container of ours.
observe() {
	looks=0
	while [ -e busy ]; do
		ringwall list >list 2>list.err || echo "list fails: $(cat list.err)" >>failures
		grep -q "^$id *[0-9]* *running " list || echo "list without the bystander: $(cat list)" >>failures
		! grep -v -e "^ID " -e "^$id\(-[0-9]*\)\{0,1\} " list >odd ||
			echo "list has lines of nobody: $(cat odd)" >>failures
		ringwall state "$id" 2>&1 | grep -q '"status": "running"' || echo "state is wrong" >>failures
		looks=$((looks + 1))
	done
	echo "$looks" >looks
}

# figures WHAT COUNT SECONDS
figures() {
	awk -v what="$1" -v count="$2" -v seconds="$3" -v looks="$(cat looks)" 'BEGIN {
		printf "# %d %s in %.1f s: %.0f a second, 0 failures, 0 leaks, %d looks at list and state\n",
			count, what, seconds, count / seconds, looks }' >&4
}

now() {
	cut -d ' ' -f 1 /proc/uptime
}

since() {
	awk -v from="$1" -v to="$(now)" 'BEGIN { print to - from + 0.001 }'
}

# under_observation COMMAND...: it leaves background processes, which are waited for; sets $seconds.
under_observation() {
	touch busy
	: >failures
	observe &
	observer=$!
	begun=$(now)
	pids=
	"$@"
	for pid in $pids; do
		wait "$pid" || echo "a worker has failed" >>failures
	done
	seconds=$(since "$begun")
	rm busy
	wait "$observer"
	[ "$(cat looks)" -gt 0 ] || fail "nobody has looked"
	[ ! -s failures ] || fail "$(head -n 40 failures)"
}

start_workers() {
	i=1
	while [ "$i" -le "$workers" ]; do
		work "$i" &
		pids="$pids $!"
		i=$((i + 1))
	done
}

many_containers() {
	new_bundle
	args pause
	start_container
	under_observation start_workers
	expect_equal "$(ls state)" "$id"
	left=$(find /sys/fs/cgroup -type d -name "*$id-*")
	[ -z "$left" ] || fail "cgroups are left: $left"
	! pgrep -f -- "--root $case/state" || fail "processes are left"
	figures "containers by $workers workers" "$containers" "$seconds"
}

one_exec() {
	out=$(ringwall exec "$id" /init echo "$1" 2>&1 </dev/null) && [ "$out" = "$1" ] ||
		echo "exec $1: $out" >>"$case/failures"
}

start_execs() {
	i=1
	while [ "$i" -le "$execs" ]; do
		one_exec "word-$i" &
		pids="$pids $!"
		i=$((i + 1))
	done
}

many_execs() {
	new_bundle
	args pause
	start_container
	under_observation start_execs
	expect_equal "$(ringwall ps --format json "$id" 2>/dev/null | tr -d ' \n')" "[$(state_of pid)]"
	figures "execs at a time" "$execs" "$seconds"
}

exec 4>&1
check "$containers containers, $workers at a time" many_containers
check "$execs execs at a time" many_execs
finish
