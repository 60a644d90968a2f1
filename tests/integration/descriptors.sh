#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the caller has, and the container must not get: descriptors, signals, umask, environment, working directory; and
# what is passed on because it was asked for.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016,SC2086 # texts for other shells; commands as lists of words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# called_by SHELL-COMMANDS: they end in `exec "$@"`, whose words are the program and its global options
called_by() {
	status=0
	sh -c "$1" sh "$RINGWALL" --root "$case/state" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

only_three() {
	new_bundle
	export bundle id
	echo data >"$case/data"
	args fds
	run 3<"$case/data" 4<"$case/data" 9<"$bundle"
	expect_status 0
	expect_equal "$(sed 's/:.*//' "$case/out" | tr '\n' ' ')" "fd 0 fd 1 fd 2 "
	args pause
	start_container 3<"$case/data" 9<"$bundle"
	call exec "$id" /init fds 3<"$case/data" 9<"$bundle"
	expect_equal "$(sed 's/:.*//' "$case/out" | tr '\n' ' ')" "fd 0 fd 1 fd 2 "
}
check "descriptors 0 to 2, and no other" only_three

# Nor does the process that waits for start hold a directory of the host.
waiting() {
	new_bundle
	ringwall create --bundle "$bundle" "$id" 9</etc </dev/null >/dev/null 2>&1
	pid=$(state_of pid)
	for fd in "/proc/$pid/fd"/*; do
		case $(readlink "$fd") in
		/dev/null | "socket:"* | "pipe:"* | "anon_inode:"* | /) ;;
		# a machine's process serves what is in the image
		/rootfs | /rootfs/*) [ "$ISOLATION" = kvm ] || fail "init holds the image" ;;
		*) fail "init holds $(readlink "$fd") as ${fd##*/}" ;;
		esac
	done
}
check "what waits for start holds nothing of the host" waiting

preserved() {
	new_bundle
	for n in 3 4 5 6; do
		echo "data $n" >"$case/$n"
	done
	args readfd 3 -- readfd 4 -- fds -- env LISTEN_FDS
	run --preserve-fds 2 3<"$case/3" 4<"$case/4" 5<"$case/5" 9<"$case/6"
	expect_status 0
	expect_line "data 3"
	expect_line "data 4"
	expect_equal "$(grep -c ^fd "$case/out")" 5
	expect_line "LISTEN_FDS: unset"
	run --preserve-fds 2 3<"$case/3"
	expect_status 64
	expect_error "descriptor 4 is to be passed on, and is not open"
	expect_error "hint: --preserve-fds and LISTEN_FDS count the open descriptors from 3 on"
	expect_nothing
	for bad in -1 x 99999999999 1.5 ''; do
		run --preserve-fds="$bad"
		expect_status 64
		expect_error preserve-fds
	done
}
check "--preserve-fds passes on as many as it says" preserved

listen_fds() {
	new_bundle
	for n in 3 4 5 6; do
		echo "data $n" >"$case/$n"
	done
	args readfd 3 -- readfd 4 -- env LISTEN_FDS -- env LISTEN_PID -- env LISTEN_FDNAMES -- fds
	export LISTEN_FDS=2 LISTEN_PID=12345 LISTEN_FDNAMES=web:admin
	run 3<"$case/3" 4<"$case/4" 5<"$case/5"
	expect_status 0
	for line in "data 3" "data 4" LISTEN_FDS=2 LISTEN_PID=1 LISTEN_FDNAMES=web:admin; do
		expect_line "$line"
	done
	expect_equal "$(grep -c ^fd "$case/out")" 5
	# --preserve-fds counts after them.
	args readfd 5 -- env LISTEN_FDS -- fds
	run --preserve-fds 1 3<"$case/3" 4<"$case/4" 5<"$case/5" 6<"$case/6"
	expect_status 0
	expect_line "data 5"
	expect_line LISTEN_FDS=2
	expect_equal "$(grep -c ^fd "$case/out")" 6
	# podman counts them twice.
	args readfd 4 -- env LISTEN_FDS -- fds
	for count in 1 2; do
		run --preserve-fds "$count" 3<"$case/3" 4<"$case/4" 9<"$case/6"
		expect_status 0
		expect_line "data 4"
		expect_line LISTEN_FDS=2
		expect_equal "$(grep -c ^fd "$case/out")" 5
	done
	run --preserve-fds 2 3<"$case/3" 4<"$case/4" 5<"$case/5"
	expect_status 64
	expect_error "descriptor 6 is to be passed on, and is not open"
	run 3<"$case/3"
	expect_status 64
	expect_error "descriptor 4 is to be passed on, and is not open"
	expect_nothing
	args readfd 4 -- env LISTEN_FDS
	ringwall create --bundle "$bundle" "$id" 3<"$case/3" 4<"$case/4" >"$case/container.log"
	ringwall start "$id"
	wait_until grep -qx LISTEN_FDS=2 "$case/container.log"
	grep -qx "data 4" "$case/container.log" || fail "create has lost the descriptor"
	for value in "" 0 x -1; do
		ringwall delete --force "$id"
		export LISTEN_FDS="$value"
		args env LISTEN_FDS -- env LISTEN_PID -- fds
		run 3<"$case/3"
		expect_status 0
		expect_line "LISTEN_FDS: unset"
		expect_line "LISTEN_PID: unset"
		expect_equal "$(grep -c ^fd "$case/out")" 3
	done
}
check "LISTEN_FDS: socket activation" listen_fds

# The output of a container whose descriptor 1 is closed goes nowhere: only the status tells.
closed_streams() {
	new_bundle
	args readfd 0 -- fds -- exit 5
	export bundle id
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		called_by 'exec "$@" run --bundle "$bundle" "$id" '"$closed"
		expect_status 5
		expect_nothing
	done
	called_by 'exec "$@" run --bundle "$bundle" "$id" <&-'
	# A machine's streams are pipes to the monitor, whatever is at their other end.
	[ "$ISOLATION" = kvm ] || expect_line "fd 0: /dev/null"
	expect_equal "$(grep -c ^fd "$case/out")" 3
	args pause
	called_by '"$@" create --bundle "$bundle" "$id" <&- >&- 2>&-; exec "$@" start "$id" <&- >&- 2>&-'
	expect_status 0
	for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		called_by 'exec "$@" exec "$id" /init fds -- exit 6 '"$closed"
		expect_status 6
	done
	called_by 'exec "$@" state "$id" >&-'
	called_by 'exec "$@" delete --force "$id" <&- >&- 2>&-'
	expect_status 0
	expect_nothing
}
check "closed standard streams become the null device" closed_streams

ignored_signals() {
	new_bundle
	args status SigIgn SigBlk -- exit 4
	export bundle id
	called_by 'trap "" CHLD PIPE HUP INT USR1 TERM ALRM; exec "$@" run --bundle "$bundle" "$id"'
	expect_status 4
	expect_line "SigIgn:	0000000000000000"
	expect_line "SigBlk:	0000000000000000"
	if env --block-signal=USR1 true 2>/dev/null; then
		called_by 'exec env --block-signal=USR1,TERM,CHLD,ALRM "$@" run --bundle "$bundle" "$id"'
		expect_status 4
		expect_line "SigBlk:	0000000000000000"
	fi
	args pause
	start_container
	called_by 'trap "" CHLD PIPE HUP INT USR1 TERM; exec "$@" exec "$id" /init status SigIgn SigBlk -- exit 4'
	expect_status 4
	expect_line "SigIgn:	0000000000000000"
	expect_line "SigBlk:	0000000000000000"
	called_by 'trap "" CHLD PIPE; "$@" kill "$id" KILL; exec "$@" delete --force "$id"'
	expect_status 0
	expect_nothing
}
check "signals that the caller ignores or blocks" ignored_signals

umasks() {
	new_bundle
	args umask -- write /dev/shm/file x -- stat /dev/shm/file
	export bundle id
	for mask in 0000 0077 0777; do
		called_by "umask $mask; "'exec "$@" run --bundle "$bundle" "$id"'
		expect_status 0
		expect_line "umask: $mask"
		expect_nothing
		called_by "umask $mask; "'exec "$@" create --bundle "$bundle" --pid-file "'"$case/pid"'" "$id"'
		expect_status 0
		expect_equal "$(stat -c %a "$case/state/$id" "$case/state/$id/state.json" | tr '\n' ' ')" "700 600 "
		[ -r "$case/pid" ] || fail "no pid file"
		ringwall delete "$id"
		rm -rf "$case/pid" "$case/state"
	done
	config set process.user.umask 23 # 027
	called_by 'umask 0; exec "$@" run --bundle "$bundle" "$id"'
	expect_line "umask: 0027"
	grep -q '^/dev/shm/file: file 0640' "$case/out" || fail "it is not in force"
	# What the runtime makes in the container has the modes of the specification.
	config del process.user.umask
	args stat /dev/null /dev/ptmx /proc /dev /dev/shm
	called_by 'umask 0; exec "$@" run --bundle "$bundle" "$id"' && mv "$case/out" "$case/open"
	called_by 'umask 0777; exec "$@" run --bundle "$bundle" "$id"'
	expect_status 0
	cmp "$case/open" "$case/out" || fail "modes in the container depend on the caller's umask"
}
check "the caller's umask is the process's unless it is given, and changes nothing else" umasks

working_directory_is_gone() {
	new_bundle
	args echo hello
	export bundle id
	mkdir "$case/gone"
	called_by 'cd "'"$case/gone"'"; rmdir "'"$case/gone"'"; exec "$@" run --bundle "$bundle" "$id"'
	expect_status 0
	expect_output hello
	mkdir "$case/gone"
	called_by 'cd "'"$case/gone"'"; rmdir "'"$case/gone"'"; exec "$@" run "$id"'
	expect_status 1
	expect_error "the bundle: "
	expect_nothing
	args pause
	start_container
	mkdir "$case/gone"
	called_by 'cd "'"$case/gone"'"; rmdir "'"$case/gone"'"; "$@" exec "$id" /init cwd; exec "$@" delete --force "$id"'
	expect_status 0
	expect_output /
}
check "a working directory that has been deleted" working_directory_is_gone

environment() {
	new_bundle
	args env
	export bundle id
	called_by 'LEAK=1 HOME=/leak LD_PRELOAD= exec "$@" run --bundle "$bundle" "$id"'
	expect_status 0
	expect_equal "$(sort "$case/out" | tr '\n' ' ')" "HOME=/root $(config get process.env | tr -d '[]"' |
		tr ',' '\n' | tr -d ' ' | sed '/^$/d' | sort | tr '\n' ' ')"
	# Engines call with next to nothing.
	for with in "env -i" "env -i XDG_RUNTIME_DIR=/run" "env -u HOME" "env -u PATH"; do
		called_by "exec $(command -v env)${with#env} "'"$@" run --bundle "'"$bundle"'" "'"$id"'"'
		expect_status 0
		expect_line HOME=/root
	done
	args pause
	start_container
	for command in "state $id" "pause $id" "resume $id" "ps $id" "exec $id /init true" "kill $id KILL" \
		"delete --force $id"; do
		called_by "exec $(command -v env) -i "'"$@" '"$command"
		expect_status 0
	done
}
check "the environment: none of the caller's, and none is needed" environment

small_limits() {
	new_bundle
	args echo hello
	export bundle id
	for limit in "-n 32" "-f 100" "-c 0" "-s 256"; do
		called_by "ulimit -S $limit; "'exec "$@" run --bundle "$bundle" "$id"'
		expect_status 0
		expect_output hello
	done
	for limit in 3 4 5 6 7 8 10 12 16; do
		called_by "ulimit -S -n $limit; "'exec "$@" run --bundle "$bundle" "$id"'
		# It may work or not, but it says so, and leaves nothing.
		# (The dynamic loader of a sanitizer build: "Error 24".)
		[ "$status" = 0 ] || grep -qE 'too many open files|Error 24' "$case/err" || fail "no reason is given"
		expect_nothing
	done
}
check "small limits of the caller" small_limits

output_goes_away() {
	new_bundle
	# The program gets SIGPIPE as everybody does.
	config del 'linux.namespaces[0]'
	args cat /data
	seq 200000 >"$bundle/rootfs/data"
	mkfifo "$case/pipe"
	head -n 1 <"$case/pipe" >/dev/null &
	status=0
	ringwall run --bundle "$bundle" "$id" >"$case/pipe" 2>"$case/err" </dev/null || status=$?
	expect_status 141
	expect_nothing
}
check "a reader that goes away is the program's SIGPIPE" output_goes_away

finish
