#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config.md, "process.terminal" and "consoleSize": a terminal of the container's own, sent to an engine or relayed to the
# caller's.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016,SC2086 # texts for other shells; commands as lists of words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

is() {
	[ "$(state_of status)" = "$1" ]
}

new_terminal_bundle() {
	new_bundle
	config set process.terminal true
	args "$@"
}

# receive [OPTION...]: an engine at the console socket; its $peer, files received and peer
receive() {
	"$TOOLS/recvtty" "$case/sock" "$@" >"$case/received" 2>"$case/peer" &
	peer=$!
	wait_until test -S "$case/sock"
}

# on_terminal COMMANDS: in a shell whose terminal is a new pty; the output goes to the file typescript
on_terminal() {
	printf '%s\n' "$1" >"$case/driver"
	status=0
	export RINGWALL case bundle id
	script -qec "sh -u $case/driver" "$case/typescript" >/dev/null 2>&1 </dev/null || status=$?
}

need_script() {
	command -v script >/dev/null || skip "needs script(1)"
}

# ---- the console socket ----

console_socket() {
	new_terminal_bundle isatty -- echo hello -- stat /dev/console -- open /dev/tty rw -- pids
	receive
	ringwall create --bundle "$bundle" --console-socket "$case/sock" "$id"
	ringwall start "$id"
	wait "$peer"
	grep -qx "payload: /dev/pts/[0-9]*" "$case/peer" || fail "no name: $(cat "$case/peer")"
	grep -qx "fds: 1" "$case/peer" || fail "not one descriptor: $(cat "$case/peer")"
	tr -d '\r' <"$case/received" >"$case/out"
	for fd in 0 1 2; do
		expect_line "fd $fd: /dev/pts/0"
	done
	expect_line hello
	expect_line "open /dev/tty rw: ok"
	grep -q "^/dev/console: char 0620 0:" "$case/out" || fail "no /dev/console"
	expect_line "sid: 1"
	wait_until is stopped
}
check "create sends the terminal's master to the console socket" console_socket

console_socket_input() {
	new_terminal_bundle cat -
	receive --input 'typed line
'
	ringwall create --bundle "$bundle" --console-socket "$case/sock" "$id"
	ringwall start "$id"
	# The terminal's echo, and the program's answer.
	twice() {
		[ "$(grep -c 'typed line' "$case/received")" = 2 ]
	}
	wait_until twice
	ringwall delete --force "$id"
	wait "$peer"
}
check "what the engine writes is the program's input" console_socket_input

console_size() {
	new_terminal_bundle winsize
	config set process.consoleSize '{"height": 40, "width": 100}'
	receive
	ringwall create --bundle "$bundle" --console-socket "$case/sock" "$id"
	ringwall start "$id"
	wait "$peer"
	expect_equal "$(tr -d '\r' <"$case/received")" "winsize: 40x100"
	ringwall delete --force "$id"
	run
	expect_output "winsize: 40x100"
	config set process.terminal false
	run
	expect_status 0
	expect_output "winsize: ENOTTY"
	config set process.terminal true
	config set process.consoleSize '{"height": 70000, "width": 1}'
	run
	expect_status 1
	expect_error "process.consoleSize"
}
check "consoleSize, ignored without a terminal" console_size

console_socket_errors() {
	new_terminal_bundle true
	call create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_status 1
	expect_error "process.terminal is true, and nobody is to get the terminal"
	expect_error "hint: give --console-socket, or run without --detach"
	expect_nothing
	run --detach
	expect_status 1
	expect_error "nobody is to get the terminal"
	expect_nothing
	call create --bundle "$bundle" --console-socket "$case/missing" "$id"
	expect_status 1
	expect_error "--console-socket: connect to the socket \"$case/missing\": no such file or directory"
	expect_nothing
	: >"$case/plain"
	call create --bundle "$bundle" --console-socket "$case/plain" "$id"
	expect_status 1
	expect_error "--console-socket: connect to the socket \"$case/plain\": connection refused"
	expect_nothing
	config set process.terminal false
	receive --timeout 5
	call create --bundle "$bundle" --console-socket "$case/sock" "$id"
	expect_status 1
	expect_error "--console-socket is given, and process.terminal is false: there is no terminal to send"
	kill "$peer"
	expect_nothing
}
check "terminals that nobody gets are errors" console_socket_errors

peer_goes_away() {
	new_terminal_bundle echo ready -- sleep 100
	config del 'linux.namespaces[0]' # process 1 would ignore the hangup
	receive
	ringwall create --bundle "$bundle" --console-socket "$case/sock" "$id"
	ringwall start "$id"
	wait_until grep -q ready "$case/received"
	kill -KILL "$peer"
	wait "$peer" 2>/dev/null || true
	wait_until is stopped # SIGHUP
	ringwall delete "$id"
	expect_nothing
}
check "an engine that dies with the terminal hangs it up" peer_goes_away

# ---- the foreground, without a terminal of the caller ----

without_callers_terminal() {
	new_terminal_bundle isatty -- echo line -- exit 7
	run
	expect_status 7
	expect_output "fd 0: /dev/pts/0
fd 1: /dev/pts/0
fd 2: /dev/pts/0
line"
	! grep -q "$(printf '\r')" "$case/out" || fail "ONLCR is on: the output has carriage returns"
	expect_equal "$(cat "$case/err")" ""
}
check "run with streams that are no terminal: plain output, the exit status" without_callers_terminal

input_ends() {
	new_terminal_bundle cat - -- echo after the end
	status=0
	printf 'one\ntwo' | ringwall run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" || status=$?
	expect_status 0
	grep -q "after the end" "$case/out" || fail "the program has not seen the end of the input"
	grep -q "one" "$case/out" || fail "the input is lost"
}
check "the end of the input is the program's end of file" input_ends

much_output() {
	new_terminal_bundle cat /data
	seq 100000 >"$bundle/rootfs/data"
	run
	expect_status 0
	cmp "$case/out" "$bundle/rootfs/data"
}
check "all output comes through, however much and however late" much_output

output_is_closed() {
	new_terminal_bundle cat /data -- write /dev/shm/x y -- exit 3
	seq 100000 >"$bundle/rootfs/data"
	rc=$(
		{
			{
				rc=0
				ringwall run --bundle "$bundle" "$id" 2>"$case/err" </dev/null || rc=$?
				echo "$rc" >&3
			} | head -n 1 >/dev/null
		} 3>&1
	)
	expect_equal "$rc" 3
	expect_nothing
}
check "a reader that goes away does not stop the container" output_is_closed

signals() {
	new_terminal_bundle signal-wait TERM
	"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null &
	run_pid=$!
	wait_until grep -qx ready "$case/out"
	kill -USR1 "$run_pid"
	wait_until grep -qx "signal: USR1" "$case/out"
	kill -TERM "$run_pid"
	wait "$run_pid"
	expect_line "signal: TERM"
}
check "signals are passed on" signals

no_terminal_at_all() {
	need_script
	new_bundle
	args isatty -- open /dev/tty rw -- stat /dev/console
	run
	expect_output "fd 0: no tty
fd 1: no tty
fd 2: no tty
open /dev/tty rw: ENXIO
/dev/console: ENOENT"
	# The caller's terminal is not the controlling one of the container either.
	on_terminal '"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out"'
	expect_status 0
	expect_line "open /dev/tty rw: ENXIO"
	expect_line "fd 1: no tty"
	expect_no_line "fd 0: no tty"
}
check "without process.terminal: the caller's streams, and no controlling terminal" no_terminal_at_all

# ---- the foreground, on a terminal ----

on_a_terminal() {
	need_script
	new_terminal_bundle isatty -- winsize -- exit 9
	on_terminal 'stty rows 33 cols 77
		stty -g >"$case/before"
		rc=0
		"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" || rc=$?
		stty -g >"$case/after"
		exit $rc'
	expect_status 9
	for text in "fd 0: /dev/pts/0" "winsize: 33x77"; do
		grep -q "$text" "$case/typescript" || fail "no $text: $(cat "$case/typescript")"
	done
	cmp "$case/before" "$case/after" || fail "the caller's terminal is left in another mode"
	# The caller's terminal adds the carriage return, once.
	grep -q "winsize: 33x77$(printf '\r')\$" "$case/typescript" || fail "no carriage return on a terminal"
	! grep -q "$(printf '\r\r')" "$case/typescript" || fail "two of them"
}
check "run on a terminal: its size, its mode restored" on_a_terminal

raw_while_it_runs() {
	need_script
	new_terminal_bundle signal-wait TERM
	on_terminal 'stty -g >"$case/before"
		"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out" &
		run_pid=$!
		until grep -q ready "$case/out" 2>/dev/null; do sleep 0.02; done
		stty -a </dev/tty >"$case/during"
		kill -TERM $run_pid
		wait $run_pid
		stty -g >"$case/after"'
	expect_status 0
	grep -qw -e -icanon "$case/during" || fail "the terminal is not raw: $(cat "$case/during")"
	grep -qw -e -echo "$case/during" || fail "the terminal echoes"
	grep -qw -e -isig "$case/during" || fail "the terminal makes signals of its own"
	cmp "$case/before" "$case/after"
}
# In a script a background job's input is /dev/null: the terminal is then found by another stream.
raw_by_redirection() {
	need_script
	new_terminal_bundle signal-wait TERM
	on_terminal 'stty -g >"$case/before"
		"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out" </dev/tty &
		run_pid=$!
		until grep -q ready "$case/out" 2>/dev/null; do sleep 0.02; done
		stty -a </dev/tty >"$case/during"
		kill -TERM $run_pid
		wait $run_pid
		stty -g >"$case/after"
		exit 0'
	expect_status 0
	grep -qw -e -icanon "$case/during" || fail "the terminal is not raw: $(cat "$case/during")"
	cmp "$case/before" "$case/after"
}
check "the caller's terminal is raw while it runs, whatever else is redirected" raw_while_it_runs
check "likewise with its input given" raw_by_redirection

window_changes() {
	need_script
	# One size changes: stty sets each by a call of its own, and the program may look between the two.
	new_terminal_bundle signal-wait WINCH -- winsize
	on_terminal 'stty rows 20 cols 60
		(
			until grep -q ready "$case/out" 2>/dev/null; do sleep 0.02; done
			stty rows 50 </dev/tty
		) &
		"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out"'
	expect_status 0
	expect_line "winsize: 50x60"
}
check "a change of the window's size reaches the program" window_changes

typed_signals() {
	need_script
	new_terminal_bundle echo ready -- sleep 100
	config del 'linux.namespaces[0]' # process 1 would ignore it
	on_terminal '(
			until grep -q ready "$case/out" 2>/dev/null; do sleep 0.02; done
			"$RINGWALL" --root "$case/state" kill "$id" INT
		) &
		"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out"'
	expect_status 130
	expect_nothing
	# The interrupt character is the container's terminal's.
	status=0
	printf '\003' | ringwall run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" || status=$?
	expect_status 130
	expect_nothing
}
check "the interrupt character ends the program, not the runtime" typed_signals

# ---- exec ----

exec_terminal() {
	new_bundle
	args pause
	start_container
	call exec --tty "$id" /init isatty -- open /dev/tty rw -- exit 5
	expect_status 5
	expect_output "fd 0: /dev/pts/0
fd 1: /dev/pts/0
fd 2: /dev/pts/0
open /dev/tty rw: ok"
	call exec "$id" /init isatty
	expect_line "fd 0: no tty"
	call exec -t -d "$id" /init isatty
	expect_status 64
	expect_error "a terminal is asked for, and with --detach only --console-socket can give it to somebody"
	call exec --console-socket "$case/sock" "$id" /init isatty
	expect_status 64
	expect_error "--console-socket is given, and the process has no terminal to send"
	call exec -t -d --console-socket "$case/missing" --pid-file "$case/pid" "$id" /init isatty
	expect_status 255
	expect_error "--console-socket: connect to the socket"
	[ ! -e "$case/pid" ] || fail "a pid file is written"
	receive
	ringwall exec -t -d --console-socket "$case/sock" "$id" /init isatty -- winsize
	wait "$peer"
	grep -q "fd 1: /dev/pts/0" "$case/received" || fail "no terminal"
	echo '{"terminal": true, "consoleSize": {"height": 11, "width": 22}, "args": ["/init", "winsize"],
		"user": {"uid": 1000, "gid": 1000}, "cwd": "/"}' >"$case/process"
	receive
	ringwall exec --process "$case/process" --detach --console-socket "$case/sock" "$id"
	wait "$peer"
	expect_equal "$(tr -d '\r' <"$case/received")" "winsize: 11x22"
}
check "exec with a terminal" exec_terminal

exec_on_a_terminal() {
	need_script
	new_bundle
	args pause
	start_container
	on_terminal 'stty rows 12 cols 34
		stty -g >"$case/before"
		rc=0
		"$RINGWALL" --root "$case/state" exec -t "$id" /init winsize -- exit 3 || rc=$?
		stty -g >"$case/after"
		exit $rc'
	expect_status 3
	grep -q "winsize: 12x34" "$case/typescript" || fail "another size: $(cat "$case/typescript")"
	cmp "$case/before" "$case/after"
}
check "exec on a terminal" exec_on_a_terminal

user_can_open_it() {
	new_terminal_bundle stat /dev/pts/0 -- open /dev/pts/0 rw -- open /dev/console rw -- id
	config set process.user '{"uid": 1000, "gid": 1000}'
	run
	expect_status 0
	grep -q "^/dev/pts/0: char 0620 1000:" "$case/out" || fail "the terminal is not its user's"
	expect_line "open /dev/pts/0 rw: ok"
	expect_line "open /dev/console rw: ok"
}
check "the terminal belongs to the process's user" user_can_open_it

in_a_user_namespace() {
	new_terminal_bundle isatty -- stat /dev/pts/0 -- open /dev/tty rw
	use_user_namespace
	run
	expect_status 0
	expect_line "fd 0: /dev/pts/0"
	expect_line "open /dev/tty rw: ok"
	grep -q "^/dev/pts/0: char 0620 0:5" "$case/out" || fail "another owner"
}
check "in a user namespace" in_a_user_namespace

finish
