#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: another process in a container, by options or with an engine's --process, and what it must not bring along.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016,SC2086 # texts for other shells; commands as lists of words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

is() {
	[ "$(state_of status)" = "$1" ]
}

has_processes() {
	[ "$(ringwall ps --format json "$id" | tr ',' '\n' | wc -l)" = "$1" ]
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

make_running() {
	new_bundle
	args pause
	start_container
}

# inside VERB...: /init VERB... in it
inside() {
	call exec "$id" /init "$@"
}

# exec_with "OPTION..." WORD...: with options
exec_with() {
	options=$1
	shift
	call exec $options "$id" /init "$@"
}

# ---- by options ----

arguments() {
	make_running
	inside echo "two words" '' '$HOME' -- echo -x
	expect_status 0
	expect_output "two words  \$HOME
-x"
	call exec "$id" -- /init echo --help
	expect_output --help
	call exec -- "$id" /init echo hello
	expect_output hello
	call exec "$id"
	expect_status 64
	expect_error "exec: no command given"
	call exec "$id" ""
	expect_status 255
	expect_error "the name of a program is missing"
}
check "arguments reach the program as they are" arguments

environment() {
	new_bundle
	mkdir "$bundle/rootfs/root"
	config set process.env '["PATH=/", "A=1", "B=2"]'
	args pause
	start_container
	LEAK=x call exec --env B=3 -e C= "$id" /init env
	expect_status 0
	for line in PATH=/ A=1 B=3 C= HOME=/root; do
		expect_line "$line"
	done
	expect_equal "$(grep -vc ^LEAK "$case/out")" 5
	call exec --env HOME=/elsewhere "$id" /init env HOME
	expect_output HOME=/elsewhere
	call exec "$id" init echo "found by PATH"
	expect_output "found by PATH"
	call exec --env PATH=/bin "$id" init true
	expect_status 255
	expect_error 'exec "init": executable file not found in $PATH: no such file or directory'
}
check "the environment is the container's, changed by --env" environment

home() {
	new_bundle
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$bundle/rootfs/etc/passwd"
	args pause
	start_container
	exec_with "--user 1000" env HOME
	expect_output HOME=/home/user
	exec_with "--user 1234" env HOME
	expect_output HOME=/
	inside env HOME
	expect_output HOME=/root
}
check "HOME is looked up in the container's passwd" home

working_directory() {
	new_bundle
	mkdir -p "$bundle/rootfs/a/b"
	ln -s a/b "$bundle/rootfs/link"
	config set process.cwd '"/a"'
	args pause
	start_container
	inside cwd
	expect_output /a
	exec_with "--cwd /tmp" cwd
	expect_output /tmp
	exec_with "--cwd /link" cwd
	expect_output /a/b
	exec_with "--cwd=relative" cwd
	expect_status 64
	expect_error '--cwd "relative" is not an absolute path'
	exec_with "--cwd /missing" cwd
	expect_status 255
	expect_error 'process.cwd "/missing"'
	expect_error "no such file or directory"
	expect_error "hint: exec makes no working directory"
	exec_with "--cwd /init" cwd
	expect_status 255
	expect_error "not a directory"
	# Not made by exec, and nothing made on the host.
	[ ! -e "$bundle/rootfs/missing" ] || fail "exec has made the directory"
}
check "the working directory" working_directory

# CVE-2024-21626: a directory of the host by a descriptor that was left open.
directory_by_descriptor() {
	new_bundle
	args cwd
	for n in 3 4 5 6 7 8 9 10 11 12 15 20 30; do
		config set process.cwd "\"/proc/self/fd/$n\""
		run
		expect_status 1
		expect_error "process.cwd \"/proc/self/fd/$n\""
		expect_output ""
	done
	config set process.cwd '"/proc/self/fd/7/../../../.."'
	run
	expect_status 1
	ln -s /proc/self/fd/7 "$bundle/rootfs/link"
	ln -s /proc/self/cwd "$bundle/rootfs/own"
	config set process.cwd '"/link"'
	run
	expect_status 1
	config set process.cwd '"/"'
	args pause
	start_container
	for n in 3 4 5 6 7 8 9 10 11 12 15 20 30; do
		exec_with "--cwd /proc/self/fd/$n" cwd
		expect_status 255
		expect_error "process.cwd \"/proc/self/fd/$n\""
		expect_output ""
	done
	for path in /link /own /proc/self/cwd /proc/1/cwd /proc/1/root /proc/self/fd/7/../../..; do
		exec_with "--cwd $path" cwd
		expect_status 255
		expect_error "process.cwd \"$path\""
		expect_output ""
	done
}
check "CVE-2024-21626: no working directory by a descriptor" directory_by_descriptor

user() {
	new_bundle
	config set process.user '{"uid": 10, "gid": 20, "additionalGids": [30, 31]}'
	args pause
	start_container
	ids() {
		expect_status 0
		expect_output "uid: $1 $1 $1
gid: $2 $2 $2
groups:$3"
	}
	inside id
	ids 10 20 " 30 31"
	exec_with "--user 1000:1001" id
	ids 1000 1001 " 30 31"
	exec_with "-u 0:0 -g 5 --additional-gids 6" id
	ids 0 0 " 5 6 30 31"
	exec_with "--user 4294967294:4294967294" id
	ids 4294967294 4294967294 " 30 31"
	for bad in root : 1: :1 -1 1:-1 4294967295 1:4294967295 0x1 "1 " 18446744073709551616 1:2:3; do
		call exec --user "$bad" "$id" /init id
		expect_status 64
		expect_error "--user \"$bad\" is not uid[:gid]"
		expect_output ""
	done
	# CVE-2026-30892: "-u 1" must not be 0:0
	exec_with "-u 1" status Uid
	expect_output "Uid:	1	1	1	1"
}
check "the user is numbers, exactly" user

capabilities() {
	make_running
	# CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE
	inside caps
	expect_output "inheritable: 0000000000000000
permitted: 0000000020000420
effective: 0000000020000420
bounding: 0000000020000420
ambient: 0000000000000000"
	# CVE-2022-29162: never inheritable
	exec_with "--cap CAP_NET_RAW -c CAP_CHOWN" caps
	expect_output "inheritable: 0000000000000000
permitted: 0000000020002421
effective: 0000000020002421
bounding: 0000000020002421
ambient: 0000000000000000"
	exec_with "--cap CAP_NONESUCH" caps
	expect_status 64
	expect_error '--cap "CAP_NONESUCH": no such capability'
	exec_with "--user 1000" caps
	expect_line "inheritable: 0000000000000000"
	expect_line "bounding: 0000000020000420"
	expect_line "ambient: 0000000000000000"
	expect_line "effective: 0000000000000000"
}
check "capabilities: --cap adds to three sets" capabilities

no_new_privileges() {
	new_bundle
	config set process.noNewPrivileges false
	args pause
	start_container
	inside prctl
	expect_line "no_new_privs: 0"
	exec_with --no-new-privs prctl
	expect_line "no_new_privs: 1"
	ringwall delete --force "$id"
	config set process.noNewPrivileges true
	start_container
	inside prctl
	expect_line "no_new_privs: 1"
	# Go leaves a false out: not a way around it.
	echo '{"args": ["/init", "prctl"], "cwd": "/", "user": {"uid": 0, "gid": 0}}' >"$case/process"
	call exec --process "$case/process" "$id"
	expect_line "no_new_privs: 1"
}
check "noNewPrivileges: by option, and inherited from the container" no_new_privileges

same_surroundings() {
	new_bundle
	config set process.oomScoreAdj 123
	config set process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 111, "hard": 222}]'
	config set process.user.umask 23
	args ns -- cgroup -- oom -- rlimits NOFILE -- umask -- uname -- pause
	start_container
	wait_until grep -q machine: "$case/container.log"
	inside ns -- cgroup -- oom -- rlimits NOFILE -- umask -- uname
	expect_status 0
	cmp "$case/out" "$case/container.log"
	expect_line "oom_score_adj: 123"
	expect_line "umask: 0027"
}
check "namespaces, cgroup, limits, oom_score_adj and umask are the container's" same_surroundings

callers_limits() {
	new_bundle
	config set process.rlimits '[{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}]'
	args pause
	start_container
	status=0
	prlimit --nofile=321:654 --core=9:9 "$RINGWALL" --root "$case/state" exec "$id" /init rlimits \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_status 0
	expect_line "RLIMIT_NOFILE: 321 654"
	expect_line "RLIMIT_CORE: 1 2"
}
check "limits that are not configured are those of exec's caller" callers_limits

seccomp() {
	new_bundle
	config set linux.seccomp '{"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdirat", "mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71}]}'
	args pause
	start_container
	inside mkdir /tmp/x -- prctl
	expect_line "mkdir /tmp/x: EPROTO"
	expect_line "seccomp: 2"
	echo '{"args": ["/init", "mkdir", "/tmp/x"], "cwd": "/", "user": {"uid": 0, "gid": 0}}' >"$case/process"
	call exec --process "$case/process" "$id"
	expect_line "mkdir /tmp/x: EPROTO"
}
check "the container's seccomp filter holds for exec" seccomp

apparmor() {
	make_running
	apparmor=AppArmor selinux=SELinux
	[ ! -d /sys/kernel/security/apparmor ] || apparmor=attr
	if [ "$ISOLATION" = kvm ]; then
		apparmor='process.apparmorProfile "nonesuch-profile": not possible with --isolation kvm'
		selinux='process.selinuxLabel "a_u:b_r:c_t:s0": not possible with --isolation kvm'
	fi
	exec_with "--apparmor nonesuch-profile" true
	expect_status 255
	expect_error "$apparmor"
	if [ ! -d /sys/fs/selinux/booleans ]; then
		exec_with "--process-label a_u:b_r:c_t:s0" true
		expect_status 255
		expect_error "$selinux"
	fi
	has_processes 1 || fail "a process is left"
}
check "a label that cannot be set is an error" apparmor

# ---- with --process, as engines do ----

process_file() {
	make_running
	cat >"$case/process" <<-'END'
		{"terminal": false, "user": {"uid": 7, "gid": 8, "umask": 63, "additionalGids": [9]},
		"args": ["/init", "id", "--", "env", "--", "cwd", "--", "umask", "--", "rlimits", "NOFILE", "--",
			"caps", "--", "oom", "--", "prctl"],
		"env": ["ONLY=this", "HOME=/x"], "cwd": "/tmp",
		"capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"],
			"permitted": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
		"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}],
		"oomScoreAdj": 77, "noNewPrivileges": true, "apparmorProfile": "", "selinuxLabel": ""}
	END
	call exec --process "$case/process" "$id"
	expect_status 0
	expect_equal "$(head -n 7 "$case/out")" "uid: 7 7 7
gid: 8 8 8
groups: 9
ONLY=this
HOME=/x
/tmp
umask: 0077"
	for line in "RLIMIT_NOFILE: 100 200" "effective: 0000000000000020" "ambient: 0000000000000020" \
		"inheritable: 0000000000000020" "bounding: 0000000000000021" "oom_score_adj: 77" \
		"no_new_privs: 1"; do
		expect_line "$line"
	done
}
check "--process: all of it" process_file

bad_process_files() {
	make_running
	bad() {
		echo "$1" >"$case/process"
		call exec --process "$case/process" --pid-file "$case/pid" "$id"
		expect_status 255
		expect_error "$2"
		expect_output ""
		[ ! -e "$case/pid" ] || fail "a pid file is written"
	}
	bad '{"args": ["/init"], "user": {"uid": 0, "gid": 0}, "cwd": "tmp"}' cwd
	bad '{"args": [], "user": {"uid": 0, "gid": 0}, "cwd": "/"}' args
	bad '{"args": "x", "user": {"uid": 0, "gid": 0}, "cwd": "/"}' 'args: expected'
	bad '{"args": ["/init"], "user": {"uid": -1, "gid": 0}, "cwd": "/"}' user.uid
	bad '{"args": ["/init"], "user": {"uid": 0, "gid": 0}, "cwd": "/", "rlimits": [{"type": "X"}]}' rlimits
	bad '{"args": ["/init"]' "$case/process"
	bad '[]' "$case/process"
	call exec --process "$case/missing" "$id"
	expect_status 255
	expect_error "--process: open \"$case/missing\": no such file or directory"
	has_processes 1 || fail "a process is left"
}
check "--process: errors name the property" bad_process_files

# ---- its end ----

exit_statuses() {
	make_running
	for n in 0 1 7 126 127 255; do
		inside exit $n
		expect_status $n
	done
	inside raise KILL
	expect_status 137
	inside raise TERM
	expect_status 143
	inside raise SEGV
	expect_status 139
}
check "the exit status, 128 + n for signal n" exit_statuses

failures() {
	new_bundle
	: >"$bundle/rootfs/plain"
	mkdir "$bundle/rootfs/dir"
	printf '#!/missing\n' >"$bundle/rootfs/script"
	printf 'garbage' >"$bundle/rootfs/garbage"
	cp "$TOOLS/init" "$bundle/rootfs/noexec"
	chmod +x "$bundle/rootfs/script" "$bundle/rootfs/garbage"
	chmod 600 "$bundle/rootfs/noexec"
	args pause
	start_container
	fails() {
		program=$1
		shift
		call exec --pid-file "$case/pid" "$id" "$program"
		expect_status 255
		for text; do
			expect_error "$text"
		done
		[ ! -e "$case/pid" ] || fail "a pid file is written for \"$program\""
		call exec --detach --pid-file "$case/pid" "$id" "$program"
		expect_status 255
		[ ! -e "$case/pid" ] || fail "a pid file is written for \"$program\""
	}
	fails nonesuch 'exec "nonesuch": executable file not found in $PATH: no such file or directory'
	fails /nonesuch 'exec "/nonesuch": no such file or directory'
	fails /plain 'exec "/plain": permission denied' 'hint: mode 0644 does not let user 0:0 execute it'
	fails /noexec 'exec "/noexec": permission denied'
	fails /dir 'exec "/dir": is a directory' 'permission denied'
	fails /init/x 'not a directory'
	fails /script 'exec "/script": its interpreter "/missing": no such file or directory'
	fails /garbage 'exec "/garbage": exec format error'
	fails /dev/null 'exec "/dev/null": not a regular file: permission denied'
	wait_until has_processes 1
	expect_equal "$(state_of status)" running
}
check "programs that cannot be run: 255 and the engines' words" failures

detached() {
	make_running
	ringwall exec --detach --pid-file "$case/pid" "$id" /init pause >"$case/out" 2>&1 </dev/null
	pid=$(cat "$case/pid")
	expect_equal "$(od -An -c "$case/pid" | tr -d ' \n')" "$pid"
	ringwall ps --format json "$id" | grep -qw "$pid" || fail "ps does not show it"
	kill "$pid"
	wait_until has_processes 1
	expect_equal "$(state_of status)" running
	(cd "$case" && ringwall exec -d --pid-file relative "$id" /init pause)
	kill "$(cat "$case/relative")"
	call exec --detach --pid-file "$case/missing/pid" "$id" /init pause
	expect_status 255
	expect_error "--pid-file"
	wait_until has_processes 1
}
check "--detach returns when the program runs; the pid file is its sign" detached

detached_pid() {
	make_running
	ringwall exec --detach --pid-file "$case/pid" "$id" /init pause >"$case/out" 2>&1 </dev/null
	expect_equal "$(tr '\0' ' ' <"/proc/$(cat "$case/pid")/cmdline")" "/init pause "
}
check "the pid file of --detach has the program's pid" detached_pid

pidfd_socket() {
	make_running
	"$TOOLS/recvtty" "$case/sock" --pidfd >"$case/received" 2>"$case/peer" &
	peer=$!
	wait_until test -S "$case/sock"
	ringwall exec -d --pidfd-socket "$case/sock" --pid-file "$case/pid" "$id" /init pause
	wait_until grep -q pid: "$case/received"
	expect_equal "$(cat "$case/received")" "pid: $(cat "$case/pid")"
	kill "$(cat "$case/pid")"
	wait "$peer"
}
check "--pidfd-socket" pidfd_socket

signals_are_passed_on() {
	make_running
	"$RINGWALL" --root "$case/state" exec "$id" /init signal-wait TERM >"$case/out" 2>"$case/err" </dev/null &
	exec_pid=$!
	wait_until grep -qx ready "$case/out"
	for signal in USR1 HUP WINCH; do
		kill -$signal "$exec_pid"
		wait_until grep -qx "signal: $signal" "$case/out"
	done
	kill -TERM "$exec_pid"
	wait "$exec_pid"
	expect_line "signal: TERM"
	# One that ends the program ends exec likewise.
	"$RINGWALL" --root "$case/state" exec "$id" /init echo up -- sleep 100 >"$case/out" </dev/null &
	exec_pid=$!
	wait_until grep -qx up "$case/out"
	kill -INT "$exec_pid"
	status=0
	wait "$exec_pid" || status=$?
	expect_status 130
	wait_until has_processes 1
}
check "signals to exec go to the program" signals_are_passed_on

runtime_dies() {
	make_running
	"$RINGWALL" --root "$case/state" exec "$id" /init echo up -- pause >"$case/out" </dev/null &
	exec_pid=$!
	wait_until grep -qx up "$case/out"
	kill -9 "$exec_pid"
	wait "$exec_pid" 2>/dev/null || true
	has_processes 2 || fail "the program has died with exec"
	ringwall delete --force "$id"
	expect_nothing
}
check "what a killed exec leaves is deleted with the container" runtime_dies

container_ends() {
	make_running
	"$RINGWALL" --root "$case/state" exec "$id" /init echo up -- sleep 100 >"$case/out" </dev/null &
	exec_pid=$!
	wait_until grep -qx up "$case/out"
	ringwall kill "$id" KILL
	status=0
	wait "$exec_pid" || status=$?
	expect_status 137
}
check "exec ends when the container does" container_ends

# ---- streams and descriptors ----

streams() {
	make_running
	status=0
	printf 'line 1\nline 2' | ringwall exec "$id" /init cat - >"$case/out" || status=$?
	expect_status 0
	expect_output "line 1
line 2"
	ringwall exec "$id" /init echo out -- stderr err >"$case/out" 2>"$case/err" </dev/null
	expect_output out
	expect_equal "$(cat "$case/err")" err
	head -c 3000000 /dev/urandom >"$case/data"
	cp "$case/data" "$bundle/rootfs/data"
	ringwall exec "$id" /init cat - <"$case/data" >"$case/copy"
	cmp "$case/data" "$case/copy"
	ringwall exec "$id" /init cat /data | ringwall exec "$id" /init cat - >"$case/copy"
	cmp "$case/data" "$case/copy"
}
check "standard streams pass through unchanged" streams

slow_input() {
	make_running
	mkfifo "$case/in"
	ringwall exec "$id" /init cat - <"$case/in" >"$case/out" &
	exec_pid=$!
	exec 7>"$case/in"
	echo first >&7
	wait_until grep -qx first "$case/out"
	echo second >&7
	wait_until grep -qx second "$case/out"
	exec 7>&-
	wait "$exec_pid"
}
check "input is streamed, and ends when its writer does" slow_input

descriptors() {
	make_running
	echo three >"$case/three"
	echo four >"$case/four"
	call exec "$id" /init fds 3<"$case/three" 4<"$case/four" 9<"$case/four"
	expect_equal "$(grep -c ^fd "$case/out")" 3
	call exec --preserve-fds 2 "$id" /init readfd 3 -- readfd 4 -- fds 3<"$case/three" 4<"$case/four" 9<"$case/four"
	expect_status 0
	expect_line three
	expect_line four
	expect_equal "$(grep -c ^fd "$case/out")" 5
	call exec --preserve-fds 3 "$id" /init fds 3<"$case/three" 4<"$case/four"
	expect_status 64
	expect_error "descriptor 5 is to be passed on, and is not open"
	LISTEN_FDS=2 call exec "$id" /init fds -- env LISTEN_FDS 3<"$case/three" 4<"$case/four"
	expect_status 0
	expect_equal "$(grep -c ^fd "$case/out")" 3
	expect_line "LISTEN_FDS: unset"
}
check "only descriptors 0 to 2 and those of --preserve-fds" descriptors

# ---- where it goes ----

user_namespace() {
	new_bundle
	use_user_namespace
	args pause
	start_container
	inside id -- cat /proc/self/uid_map -- ns user
	expect_status 0
	expect_line "uid: 0 0 0"
	grep -q 100000 "$case/out" || fail "it is not in the user namespace"
	expect_equal "$(sed -n 's/^user: *//p' "$case/out")" "$(readlink "/proc/$(state_of pid)/ns/user")"
	ringwall exec -d --pid-file "$case/pid" "$id" /init pause
	expect_equal "$(awk '/^Uid/ {print $2}' "/proc/$(cat "$case/pid")/status")" 100000
	exec_with "--user 65536" id
	expect_status 255
	expect_error "user 65536 is not mapped in the container's user namespace (linux.uidMappings)"
}
check "into a user namespace" user_namespace

shared_pid_namespace() {
	new_bundle
	config del 'linux.namespaces[0]'
	args pause
	start_container
	inside ns pid -- ns mnt
	expect_status 0
	grep -qF "$(readlink /proc/self/ns/pid)" "$case/out" || fail "not in the host's pid namespace"
	grep -qF "$(readlink "/proc/$(state_of pid)/ns/mnt")" "$case/out" || fail "not in the mount namespace"
	ringwall exec -d "$id" /init pause
	ringwall kill "$id" KILL
	wait_until has_processes 1 # "[]"
	wait_until is stopped
}
check "into a container in the host's pid namespace" shared_pid_namespace

parentage() {
	make_running
	inside pids
	expect_status 0
	expect_line "ppid: 0" # no process of ours is to be seen inside
	pid=$(sed -n 's/^pid: //p' "$case/out")
	expect_line "sid: $pid"
	expect_line "pgid: $pid"
	[ "$pid" != 1 ] || fail "it is process 1"
}
check "a session of its own, and no parent in the container" parentage

many_at_once() {
	make_running
	n=0
	while [ $n -lt 20 ]; do
		n=$((n + 1))
		(
			rc=0
			ringwall exec "$id" /init echo "number $n" -- exit $n >"$case/out.$n" 2>&1 </dev/null || rc=$?
			echo $rc >>"$case/out.$n"
		) &
	done
	wait
	while [ $n -gt 0 ]; do
		expect_equal "$(tr '\n' ' ' <"$case/out.$n")" "number $n $n "
		n=$((n - 1))
	done
	has_processes 1 || fail "processes are left"
}
check "twenty at once" many_at_once

cgroup_below() {
	make_running
	dir=$(cgroups_named "*$id")
	mkdir "$dir/below"
	exec_with "--cgroup below" cgroup
	expect_status 0
	grep -q '^0::/.*below$' "$case/out" || fail "not in the cgroup below: $(cat "$case/out")"
	exec_with "--cgroup missing" cgroup
	expect_status 255
	expect_error "the cgroup of container \"$id\""
	for path in ../x .. below/../..; do
		exec_with "--cgroup $path" cgroup
		expect_failure
		expect_output ""
	done
	# Where init is now, not where it was made.
	pid=$(state_of pid)
	echo "$pid" >"$dir/below/cgroup.procs"
	inside cgroup
	grep -q '^0::/.*below$' "$case/out" || fail "it does not follow the first process"
	ringwall delete --force "$id"
	[ ! -d "$dir" ] || fail "the cgroup is left"
}
check "--cgroup, and the cgroup that init is in now" cgroup_below

finish
