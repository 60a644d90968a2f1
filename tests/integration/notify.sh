#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# NOTIFY_SOCKET: what the container says about itself reaches the service manager, and start waits for it
# (sd_notify(3); the manual page, "Readiness").
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016,SC2086 # texts for other shells; commands as lists of words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

is() {
	[ "$(state_of status)" = "$1" ]
}

# manager [SOCKET]: a service manager; its messages in the file received
manager() {
	NOTIFY_SOCKET=${1:-$case/manager.sock}
	"$TOOLS/notify-listen" "$NOTIFY_SOCKET" --timeout $((WAIT_SECONDS * 3)) >"$case/received" 2>&1 &
	manager=$!
	wait_until grep -qx listening "$case/received"
	export NOTIFY_SOCKET
}

# What it has received, in one line.
received() {
	sed 1d "$case/received" | tr '\n' ' '
}

stop_manager() {
	kill "$manager"
	wait "$manager" 2>/dev/null || true
}

ready() {
	new_bundle
	args sd-notify READY=1 -- pause
	manager "$@"
	ringwall create --bundle "$bundle" "$id"
	expect_equal "$(received)" ""
	ringwall start "$id"
	expect_equal "$(received)" "READY=1 MAINPID=$(state_of pid) BARRIER=1 "
	stop_manager
}
check "READY=1 is passed on, with MAINPID and BARRIER, before start returns" ready

abstract() {
	ready "@rwt-$$-notify"
}
check "an abstract socket" abstract

start_waits() {
	new_bundle
	args echo up -- signal-wait USR1 -- sd-notify READY=1 -- pause
	manager
	ringwall create --bundle "$bundle" "$id" >"$case/container.log"
	ringwall start "$id" &
	starter=$!
	wait_until grep -qx ready "$case/container.log"
	expect_equal "$(state_of status)" running
	kill -0 "$starter" || fail "start has not waited"
	# It holds nothing up.
	ringwall exec "$id" /init true
	expect_equal "$(received)" ""
	ringwall kill "$id" USR1
	wait "$starter"
	expect_equal "$(received)" "READY=1 MAINPID=$(state_of pid) BARRIER=1 "
	stop_manager
}
check "start waits for READY=1, and the container can be used meanwhile" start_waits

ends_without_ready() {
	new_bundle
	args sd-notify STATUS=trying -- exit 3
	manager
	ringwall create --bundle "$bundle" "$id"
	call start "$id"
	expect_status 0
	wait_until grep -qx STATUS=trying "$case/received" # no barrier has been waited for
	expect_equal "$(received)" "STATUS=trying "
	wait_until is stopped
	stop_manager
}
check "start does not wait for a container that has ended" ends_without_ready

only_its_own_state() {
	new_bundle
	args sd-notify MAINPID=1 -- sd-notify FDSTORE=1 -- sd-notify NOTIFYACCESS=all -- sd-notify READY=12 -- \
		sd-notify WATCHDOG=trigger -- sd-notify BARRIER=1 -- sd-notify STATUS=fine -- sd-notify WATCHDOG=1 -- \
		sd-notify READY=1 -- pause
	manager
	start_container
	expect_equal "$(received)" "STATUS=fine WATCHDOG=1 READY=1 MAINPID=$(state_of pid) BARRIER=1 "
	stop_manager
}
check "only what a container may say about itself is passed on" only_its_own_state

foreground() {
	new_bundle
	args sd-notify READY=1 -- sd-notify STATUS=one -- signal-wait USR1 -- sd-notify STOPPING=1 -- sd-notify STATUS=two
	manager
	"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null &
	run_pid=$!
	wait_until grep -qx STATUS=one "$case/received"
	wait_until grep -qx ready "$case/out" # only now is the signal not ignored
	kill -USR1 "$run_pid"
	wait "$run_pid"
	wait_until grep -qx STATUS=two "$case/received"
	# no MAINPID: whoever waits for the container is the one to be watched
	expect_equal "$(received)" "READY=1 BARRIER=1 STATUS=one STOPPING=1 STATUS=two "
	stop_manager
}
check "run passes on as long as it runs, to the last word" foreground

detached() {
	new_bundle
	args sd-notify READY=1 -- pause
	manager
	run --detach
	expect_status 0
	expect_equal "$(received)" "READY=1 MAINPID=$(state_of pid) BARRIER=1 "
	stop_manager
}
check "run --detach waits for READY=1" detached

by_the_runtime() {
	new_bundle
	args env NOTIFY_SOCKET -- stat /run/notify -- exit 3
	manager
	run --sdnotify runtime
	expect_status 3
	expect_output "NOTIFY_SOCKET: unset
/run/notify: ENOENT"
	expect_equal "$(received)" "READY=1 BARRIER=1 "
	args pause
	run --sdnotify=runtime --detach
	expect_status 0
	ready="READY=1 BARRIER=1 READY=1 MAINPID=$(state_of pid) BARRIER=1 "
	expect_equal "$(received)" "$ready"
	# one that cannot be run is never ready
	new_bundle other
	id=$id-other
	config set process.args '["/nosuch"]'
	run --sdnotify=runtime
	expect_status 1
	expect_equal "$(received)" "$ready"
	stop_manager
}
check "--sdnotify=runtime: ready when the process runs, which knows nothing of it" by_the_runtime

inside() {
	new_bundle
	args env NOTIFY_SOCKET -- stat /run/notify /run/notify/notify.sock -- mounts /run/notify -- \
		write /run/notify/x y -- unlink /run/notify/notify.sock -- sd-notify READY=1
	config set process.user '{"uid": 1000, "gid": 1000}'
	manager
	run
	expect_status 0
	expect_line NOTIFY_SOCKET=/run/notify/notify.sock
	expect_line "/run/notify: dir 0755 0:0"
	expect_line "/run/notify/notify.sock: socket 0777 0:0"
	expect_line "write /run/notify/x: EROFS"
	expect_line "unlink /run/notify/notify.sock: EROFS"
	expect_line "sd-notify: ok"
	grep '^/run/notify ' "$case/out" | grep -qE 'options=([a-z]*,)*ro(,| )' || fail "the mount is not read-only"
	wait_until grep -qx READY=1 "$case/received"
	# The configuration's own value is not the container's way to the manager.
	config append process.env '"NOTIFY_SOCKET=/elsewhere"'
	args env
	run
	expect_equal "$(grep -c NOTIFY_SOCKET "$case/out")" 1
	expect_line NOTIFY_SOCKET=/run/notify/notify.sock
	stop_manager
}
check "in the container: the variable, and a socket in a read-only directory" inside

not_asked() {
	new_bundle
	unset NOTIFY_SOCKET
	args env NOTIFY_SOCKET -- stat /run/notify
	run
	expect_output "NOTIFY_SOCKET: unset
/run/notify: ENOENT"
	# The engine proxies itself.
	config append process.env '"NOTIFY_SOCKET=/run/own.sock"'
	run
	expect_line NOTIFY_SOCKET=/run/own.sock
}
check "without NOTIFY_SOCKET there is nothing" not_asked

start_without_it() {
	new_bundle
	args sd-notify READY=1 -- pause
	manager
	ringwall create --bundle "$bundle" "$id" >"$case/container.log"
	unset NOTIFY_SOCKET
	ringwall start "$id"
	wait_until grep -q '^sd-notify' "$case/container.log"
	answer=ENOENT
	[ "$ISOLATION" = native ] || answer=ok # a guest has its socket in any case, and what comes is dropped
	expect_equal "$(cat "$case/container.log")" "sd-notify: $answer"
	expect_equal "$(received)" ""
	ringwall delete --force "$id"
	# Nor does a variable at start alone do anything.
	ringwall create --bundle "$bundle" "$id" >"$case/container.log"
	NOTIFY_SOCKET=$case/manager.sock ringwall start "$id"
	wait_until grep -q '^sd-notify' "$case/container.log"
	expect_equal "$(cat "$case/container.log")" "sd-notify: no socket"
	stop_manager
}
check "create and start both need it" start_without_it

nobody_listens() {
	new_bundle
	args true
	for value in "$case/missing" relative "@rwt-$$-nobody"; do
		export NOTIFY_SOCKET="$value"
		ringwall create --bundle "$bundle" "$id"
		call start "$id"
		expect_status 1
		expect_error "NOTIFY_SOCKET: "
		expect_error "$value"
		expect_equal "$(state_of status)" created
		ringwall delete "$id"
		run
		expect_status 1
		expect_error "NOTIFY_SOCKET: "
		[ ! -e "$case/state/$id" ] || fail "the state is left"
	done
}
check "a socket that nobody listens at is an error" nobody_listens

without_process() {
	new_bundle
	config del process
	manager
	ringwall create --bundle "$bundle" "$id"
	ringwall delete "$id"
	stop_manager
}
check "a container without a process has no use for it" without_process

in_a_user_namespace() {
	new_bundle
	use_user_namespace
	args sd-notify READY=1 -- pause
	manager
	start_container
	expect_equal "$(received)" "READY=1 MAINPID=$(state_of pid) BARRIER=1 "
	stop_manager
}
check "in a user namespace" in_a_user_namespace

finish
