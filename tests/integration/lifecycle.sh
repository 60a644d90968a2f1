#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# runtime.md, "Lifecycle" and "Operations": which command may do what in which state.
. "$(dirname "$0")/lib.sh"

created_then_running() {
	new_bundle
	args pause
	ringwall create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_equal "$(state_of status)" created
	expect_equal "$(state_of pid)" "$(cat "$case/pid")"
	ringwall start "$id"
	expect_equal "$(state_of status)" running
	ringwall kill "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
	call state "$id"
	expect_failure
	expect_error "container does not exist"
}

is() {
	[ "$(state_of status)" = "$1" ]
}
check "create, start, kill and delete" created_then_running

exit_status_is_passed_on() {
	new_bundle
	args exit 7
	run
	expect_status 7
}
check "run returns the exit status of the program" exit_status_is_passed_on

finish
