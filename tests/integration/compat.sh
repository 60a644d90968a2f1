#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bundles as podman and docker write them (tests/data/config-*.json), handled by the engines' own command lines: conmon
# and podman, the containerd shim, buildkit, CRI-O.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

data=$(cd "$(dirname "$0")/../data" && pwd)

# engine_bundle NAME: the bundle of that engine, with what it puts beside the configuration
engine_bundle() {
	need_root
	new_bundle
	mkdir -p "$bundle/userdata/shm" "$bundle/rootfs/run"
	for name in resolv.conf hosts hostname containerenv; do
		echo "of $name" >"$bundle/userdata/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$bundle/rootfs/etc/passwd"
	cat >"$bundle/hook" <<-END
		#!/bin/sh
		cat >"$bundle/hook.\$3"
		readlink "/proc/\$(sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p' "$bundle/hook.\$3")/ns/net" >>"$bundle/hook.net"
	END
	chmod 0755 "$bundle/hook"
	sed "s|@BUNDLE@|$bundle|g; s|@CGROUP@|/engine/$id|g; s|@NETNS@|${netns:-}|g" "$data/config-$1.json" \
		>"$bundle/config.json"
	config set linux.seccomp "$("$JSONEDIT" "$data/seccomp-podman.json" get linux.seccomp)"
	(need_controller pids) >/dev/null || config del linux.resources.pids.limit
	# an engine asks for no more than it has itself, which may be less than this one had
	[ "$1" != podman ] || config set process.rlimits "[
		{\"type\": \"RLIMIT_NOFILE\", \"soft\": 64, \"hard\": 128}]"
}

# The folder that the engines' cgroups lie in stays, as that of an engine does: the test made it.
drop_parent() {
	find /sys/fs/cgroup -maxdepth 2 -type d -name engine -exec rmdir {} + 2>/dev/null || :
}

# A network namespace as the engine makes it beforehand; sets $netns.
hold_network() {
	unshare -n --fork --kill-child=KILL "$TOOLS/init" pause &
	holder=$!
	trap 'kill -KILL "$holder" 2>/dev/null; wait "$holder" 2>/dev/null || :' EXIT
	wait_until holds
	netns=/proc/$held/ns/net
}

holds() {
	held=$(pgrep -P "$holder")
}

# The process document of exec; program and arguments are the words.
process_file() {
	config get process >"$case/process.json"
	for edit in "set args [\"/init\"]" "$@"; do
		case $edit in
		"set "*) "$JSONEDIT" "$case/process.json" set args '["/init"]' ;;
		*) "$JSONEDIT" "$case/process.json" append args "\"$edit\"" ;;
		esac
	done
}

is_stopped() {
	[ "$(state_of status)" = stopped ]
}

log_is_empty() {
	[ ! -s "$1" ] || {
		cat "$1"
		fail "the log is not empty"
	}
}

# log_has_error FILE TEXT: what podman and the containerd shim can decode: exactly one object, on one line
log_has_error() {
	expect_equal "$(wc -l <"$1")" 1
	expect_equal "$("$JSONEDIT" - get level <"$1")" error
	"$JSONEDIT" - get msg <"$1" | grep -qF -- "$2" || fail "the log says: $(cat "$1")"
	"$JSONEDIT" - get time <"$1" |
		grep -qxE '[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})' ||
		fail "the time is not RFC 3339"
}

# ---- podman ----

# conmon ARG...: its global options
conmon() {
	status=0
	"$RINGWALL" --root "$case/state" --log-format=json --log "$case/oci-log" "$@" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
}

# podman ARG...: without conmon, and with nearly no environment
podman() {
	status=0
	env -i XDG_RUNTIME_DIR="$case" "$RINGWALL" --root "$case/state" "$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

podman_life() {
	hold_network
	engine_bundle podman
	conmon create --bundle "$bundle" --pid-file "$case/pidfile" "$id"
	expect_status 0
	expect_equal "$(cat "$case/pidfile")" "$(state_of pid)"
	podman start "$id"
	expect_status 0
	expect_equal "$(readlink "/proc/$(state_of pid)/ns/net")" "$(readlink "$netns")"
	process_file id -- caps -- uname -- umask -- env container -- cat /etc/resolv.conf /run/.containerenv \
		-- open /proc/kcore r -- write /proc/sys/kernel/msgmax 1 -- stat /dev/shm -- prctl -- ls /sys/firmware
	conmon exec --pid-file "$case/exec-pid" --process "$case/process.json" --detach "$id"
	expect_status 0
	[ -s "$case/exec-pid" ] || fail "no pid file of exec"
	wait_until grep -q ^pdeathsig "$case/out"
	expect_line "uid: 0 0 0"
	expect_line "groups: 0 1 2 3 4 6 10 11 20 26 27"
	expect_line "permitted: 00000000800405fb"
	expect_line "bounding: 00000000800405fb"
	expect_line "hostname: 8f1e7e0e9d3a"
	expect_line "umask: 0022"
	expect_line "container=podman"
	expect_line "of resolv.conf"
	expect_line "of containerenv"
	expect_line "write /proc/sys/kernel/msgmax: EROFS"
	expect_line "seccomp: 2"
	expect_line "no_new_privs: 0"
	podman kill "$id" 15
	expect_status 0
	wait_until is_stopped
	podman delete --force "$id"
	expect_status 0
	podman delete --force "$id"
	expect_status 0
	log_is_empty "$case/oci-log"
	drop_parent
}
check "podman: create, start, exec, kill, delete" podman_life

podman_pause() {
	hold_network
	engine_bundle podman
	conmon create --bundle "$bundle" --pid-file "$case/pidfile" "$id"
	podman start "$id"
	podman pause "$id"
	expect_status 0
	expect_equal "$(state_of status)" paused
	podman resume "$id"
	expect_status 0
	expect_equal "$(state_of status)" running
	echo '{}' >"$case/resources"
	podman update --resources="$case/resources" "$id"
	expect_status 0
	podman kill --all "$id" 9
	expect_status 0
	wait_until is_stopped
	podman kill "$id" 9
	expect_failure
	expect_error "container not running"
	expect_error "no such process"
	podman delete --force "$id"
	expect_status 0
	drop_parent
}
check "podman: pause, resume, update, kill --all" podman_pause

podman_failures() {
	hold_network
	engine_bundle podman
	# with warnings on the way
	config append process.capabilities.bounding '"CAP_OF_TOMORROW"'
	config set process.args '["absent"]'
	conmon create --bundle "$bundle" --pid-file "$case/pidfile" "$id"
	expect_failure
	[ ! -e "$case/pidfile" ] || fail "a pid file is left"
	expect_error 'executable file not found in $PATH'
	log_has_error "$case/oci-log" 'executable file not found in $PATH'
	rm "$case/oci-log"
	config set process.args '["/etc"]'
	conmon create --bundle "$bundle" "$id"
	log_has_error "$case/oci-log" 'permission denied'
	rm "$case/oci-log"
	config set 'mounts[5].source' "\"$bundle/userdata/absent\""
	conmon create --bundle "$bundle" "$id"
	log_has_error "$case/oci-log" 'no such file or directory'
	rm "$case/oci-log"
	config set 'mounts[5].source' "\"$bundle/userdata/hosts\""
	config set linux.seccomp.defaultAction '"SCMP_ACT_NEVER"'
	conmon create --bundle "$bundle" "$id"
	log_has_error "$case/oci-log" 'linux.seccomp.defaultAction'
	rm "$case/oci-log"
	config set linux.seccomp null
	config set process.args '["/init", "pause"]'
	conmon create --bundle "$bundle" "$id"
	expect_status 0
	# what the runtime prints comes into the container's own log: no warnings at this level
	log_is_empty "$case/oci-log"
	log_is_empty "$case/err"
	ringwall start "$id"
	process_file true
	"$JSONEDIT" "$case/process.json" set args '["/absent"]'
	conmon exec --pid-file "$case/exec-pid" --process "$case/process.json" --detach "$id"
	expect_failure
	[ ! -e "$case/exec-pid" ] || fail "a pid file of a process that is none"
	log_has_error "$case/oci-log" 'no such file or directory'
	ringwall delete --force "$id"
	drop_parent
}
check "podman: a failure is one line in the log" podman_failures

# ---- containerd's shim ----

shim() {
	status=0
	env -u NOTIFY_SOCKET "$RINGWALL" --root "$case/state" --log "$bundle/log.json" --log-format json "$@" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
}

shim_life() {
	engine_bundle docker
	shim create --bundle "$bundle" --pid-file "$bundle/init.pid" "$id"
	expect_status 0
	pid=$(cat "$bundle/init.pid")
	expect_equal "$("$JSONEDIT" "$bundle/hook.prestart" get pid)" "$pid"
	expect_equal "$("$JSONEDIT" "$bundle/hook.createRuntime" get bundle)" "$bundle"
	expect_equal "$("$JSONEDIT" "$bundle/hook.createRuntime" get status)" creating
	expect_equal "$(sort -u "$bundle/hook.net")" "$(readlink "/proc/$pid/ns/net")"
	shim start "$id"
	expect_status 0
	process_file caps -- id -- cat /proc/sys/net/ipv4/ip_unprivileged_port_start -- oom -- mknod /dev/fuse c 10 229 \
		-- mknod /dev/ours c 1 3 -- write /dev/null x -- cat /etc/hostname
	shim exec --process "$case/process.json" --detach --pid-file "$bundle/x.pid" "$id"
	expect_status 0
	wait_until grep -qx 'of hostname' "$case/out"
	expect_line "permitted: 00000000a80425fb"
	expect_line "groups: 0 10"
	expect_line "0"
	expect_line "oom_score_adj: 0"
	expect_line "mknod /dev/fuse c: EPERM"
	expect_line "mknod /dev/ours c: ok"
	expect_line "write /dev/null: ok"
	shim ps --format json "$id"
	expect_status 0
	"$JSONEDIT" - get '[0]' <"$case/out" | grep -qx "$pid"
	shim pause "$id"
	expect_status 0
	shim resume "$id"
	expect_status 0
	echo '{}' | "$RINGWALL" --root "$case/state" update --resources=- "$id"
	shim kill "$id" 15
	expect_status 0
	wait_until is_stopped
	shim kill --all "$id" 9
	expect_status 0
	shim delete "$id"
	expect_status 0
	log_is_empty "$bundle/log.json"
	shim delete "$id"
	expect_failure
	log_has_error "$bundle/log.json" 'does not exist'
	drop_parent
}
check "containerd: create, start, exec, ps, pause, kill, delete" shim_life

# Whoever has adopted the process reaps it in its own time.
ended() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

shim_created() {
	engine_bundle docker
	shim create --bundle "$bundle" --pid-file "$bundle/init.pid" "$id"
	shim delete "$id" # a task that was never started, without --force
	expect_status 0
	wait_until ended "$(cat "$bundle/init.pid")"
	shim delete --force "$id"
	expect_status 0
	log_is_empty "$bundle/log.json"
	drop_parent
}
check "containerd: delete of a created container" shim_created

hook_fails() {
	engine_bundle docker
	config set hooks.prestart '[{"path": "/bin/false"}]'
	shim create --bundle "$bundle" --pid-file "$bundle/init.pid" "$id"
	expect_failure
	log_has_error "$bundle/log.json" 'prestart'
	[ ! -e "$case/state/$id" ] || fail "a state is left"
	[ ! -e "$bundle/init.pid" ] || fail "a pid file is left"
	drop_parent
}
check "docker: a prestart hook that fails" hook_fails

# ---- others ----

buildkit() {
	engine_bundle docker
	config del hooks
	"$RINGWALL" --root "$case/state" --log "$case/runc-log.json" --log-format json run --bundle "$bundle" --keep "$id" \
		>"$case/run.out" 2>&1 </dev/null &
	runner=$!
	wait_until is_running
	process_file exit 7
	call exec --process "$case/process.json" --pid-file "$case/exec.pid" "$id"
	expect_status 7
	call kill "$id" 9
	expect_status 0
	status=0
	wait "$runner" || status=$?
	expect_status 137
	expect_equal "$(state_of status)" stopped # --keep
	call delete "$id"
	expect_status 0
	log_is_empty "$case/runc-log.json"
	drop_parent
}

is_running() {
	[ "$(state_of status 2>/dev/null)" = running ]
}
check "buildkit: run --keep, exec in the foreground, kill, delete" buildkit

crio() {
	engine_bundle docker
	config del hooks
	start_container
	process_file exit 3
	call exec --process "$case/process.json" "$id"
	expect_status 3
	call kill -a "$id" 9
	expect_status 0
	wait_until is_stopped
	call state "$id"
	expect_status 0
	"$JSONEDIT" - get status <"$case/out" | grep -qx stopped
	call kill "$id" 15
	expect_failure
	expect_error 'container not running'
	call delete --force "$id"
	expect_status 0
	call features
	expect_status 0
	"$JSONEDIT" - get ociVersionMax <"$case/out" | grep -q '^1\.'
	drop_parent
}
check "CRI-O: exec in the foreground, kill -a, state, features" crio

finish
