#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Faults at the system calls of `update`, which changes all limits or none: see tests/fault/lib.sh.  In the test
# machine, for it needs the controllers in the v2 hierarchy.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# What fault-sweep changes from and to: one of each kind of value, so that there are many places to fail at.
documents() {
	cat >earlier.json <<-EOF
		{"pids": {"limit": 50}, "memory": {"limit": 67108864}, "unified": {"memory.high": "60000000"},
		 "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0"},
		 "devices": [{"allow": false, "access": "rwm"}]}
	EOF
	cat >later.json <<-EOF
		{"pids": {"limit": 100}, "memory": {"limit": 134217728}, "unified": {"memory.high": "120000000"},
		 "cpu": {"shares": 2048, "quota": 80000, "period": 200000, "cpus": "0-1"},
		 "devices": [{"allow": false, "access": "rwm"},
			{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]}
	EOF
}

limited() {
	for controller in pids memory cpu cpuset; do
		need_controller "$controller"
	done
	[ "$(nproc)" -gt 1 ] || skip "needs two processors"
	new_bundle
	args pause
	documents
}

plain() {
	limited
	sweep update
}

by_systemd() {
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	limited
	sweep update --manager systemd --cgroup "system.slice/ringwall-$id.scope"
}

check "update" plain
check "update, with systemd as the manager" by_systemd

finish
