#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Containers of a user without privileges, and of "root" in a user namespace, as engines without privileges call
# the runtime.
#
# The user exists in this file's own mount namespace only: /etc/passwd, /etc/subuid and /etc/subgid are covered there.

uid=54321
ranges="0 $uid 1
1 1000000 65536"

unable() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || unable "needs root to become another user"
	command -v newuidmap >/dev/null || unable "no newuidmap"
	setpriv --reuid "$uid" --clear-groups unshare -U true 2>/dev/null ||
		unable "users may not make user namespaces here"
	# lib.sh would start this file once more, and the covers with it
	TESTS_IN_UTS=1 exec unshare -m --uts --propagation private sh "$0" inside
fi

covers=$(mktemp -d /tmp/ringwall-covers.XXXXXX)
cp /etc/passwd /etc/group "$covers"
echo "rwtuser:x:$uid:$uid::/nonexistent:/bin/sh" >>"$covers/passwd"
echo "rwtuser:1000000:65536" >"$covers/subid"
: >"$covers/empty"
mount --bind "$covers/passwd" /etc/passwd
mount --bind "$covers/subid" /etc/subuid
mount --bind "$covers/subid" /etc/subgid

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
trap 'cleanup; umount /etc/subgid /etc/subuid /etc/passwd; rm -r "$covers"' EXIT
chmod 0711 "$work"

# as_user COMMAND...: as the user, with its runtime directory and nothing else
as_user() {
	# shellcheck disable=SC2086 # options
	setpriv --reuid "$uid" --regid "$uid" ${groups:---clear-groups} --inh-caps -all \
		env -i PATH="$PATH" ${runtime_dir:+XDG_RUNTIME_DIR="$runtime_dir"} "$@"
}

# user_call ARG...: the program as the user, its state below the case's folder; $status, out and err
user_call() {
	status=0
	# shellcheck disable=SC2086
	as_user "$RINGWALL" --root "$case/state" ${manager:-} "$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

user_run() {
	user_call run --bundle "$bundle" "$id"
}

user_state() {
	as_user "$RINGWALL" --root "$case/state" state "$id" | "$JSONEDIT" - get "$1"
}

# A bundle of the user's own, as `ringwall spec --rootless` makes it.
user_bundle() {
	new_bundle
	rm "$bundle/config.json"
	runtime_dir=$case/run
	mkdir -p "$runtime_dir" "$case/state"
	chmod 0700 "$runtime_dir"
	chown -R "$uid:$uid" "$case"
	as_user "$RINGWALL" spec --rootless --bundle "$bundle"
	config set process.terminal false
}

# The maps of $ranges.
with_ranges() {
	for map in uidMappings gidMappings; do
		config set "linux.$map" "[
			{\"containerID\": 0, \"hostID\": $uid, \"size\": 1},
			{\"containerID\": 1, \"hostID\": 1000000, \"size\": 65536}]"
	done
}

expect_map() {
	expect_equal "$(sed 's/^ *//; s/  */ /g' "$1")" "$2"
}

refused() {
	user_run
	expect_failure
	expect_error "$1"
	[ ! -e "$case/state/$id" ] || fail "a state is left"
}

# ---- run ----

runs() {
	user_bundle
	args id -- cat /proc/self/setgroups -- stat /init
	for manager in '' '--cgroup-manager=disabled' '--cgroup-manager=cgroupfs'; do
		user_run
		expect_status 0
		[ ! -s "$case/err" ] || fail "there is a message"
		expect_output "uid: 0 0 0
gid: 0 0 0
groups:
deny
/init: file 0755 0:0 size=$(stat -c %s "$bundle/rootfs/init")"
	done
	args cat /proc/self/uid_map
	user_run
	expect_map "$case/out" "0 $uid 1"
}
check "the configuration of spec --rootless runs" runs

life() {
	user_bundle
	args pause
	user_call create --bundle "$bundle" --pid-file "$case/run/pid" "$id"
	expect_status 0
	expect_equal "$(user_state status)" created
	expect_equal "$(user_state pid)" "$(cat "$case/run/pid")"
	user_call start "$id"
	expect_status 0
	user_call exec "$id" /init id
	expect_line "uid: 0 0 0"
	user_call list --quiet
	expect_line "$id"
	user_call ps --format json "$id"
	user_call delete "$id"
	expect_failure
	expect_error "is not stopped"
	user_call kill "$id" KILL
	expect_status 0
	wait_until is_stopped
	user_call delete "$id"
	expect_status 0
	[ -z "$(ls -A "$case/state")" ] || fail "a state is left"
}

is_stopped() {
	[ "$(user_state status)" = stopped ]
}
check "create, start, exec, list, kill and delete" life

other_users() {
	user_bundle
	args id
	config set process.user '{"uid": 1, "gid": 0}'
	refused 'user 1 is not mapped in the container'
	config set process.user '{"uid": 0, "gid": 0, "additionalGids": [5]}'
	refused 'process.user.additionalGids'
	with_ranges
	config set process.user '{"uid": 1000, "gid": 1001, "additionalGids": [5, 65536]}'
	user_run
	expect_status 0
	expect_output "uid: 1000 1000 1000
gid: 1001 1001 1001
groups: 5 65536"
}
check "other users need ranges" other_users

groups_of_the_caller() {
	user_bundle
	args id
	groups="--groups 44,45"
	# they cannot be given up in a namespace where setgroups is denied
	refused 'setgroups'
	expect_error 'operation not permitted'
	with_ranges
	user_run
	expect_status 0
	expect_line "groups:"
}
check "groups of the caller do not get in" groups_of_the_caller

# ---- maps ----

ranges_are_mapped() {
	user_bundle
	with_ranges
	args cat /proc/self/uid_map
	user_run
	expect_map "$case/out" "$ranges"
	args cat /proc/self/gid_map
	user_run
	expect_map "$case/out" "$ranges"
	args cat /proc/self/setgroups
	user_run
	expect_output allow
}
check "ranges go through newuidmap and newgidmap" ranges_are_mapped

maps_by_default() {
	user_bundle
	config del linux.uidMappings
	config del linux.gidMappings
	args cat /proc/self/uid_map
	user_run
	expect_status 0
	expect_map "$case/out" "$ranges"
	mount --bind "$covers/empty" /etc/subuid
	mount --bind "$covers/empty" /etc/subgid
	user_run
	umount /etc/subgid /etc/subuid
	expect_status 0
	expect_map "$case/out" "0 $uid 1"
	expect_error '/etc/subuid has no range for user rwtuser (54321): only its own id is mapped'
}
check "without maps: the user, and the ranges of subuid(5)" maps_by_default

maps_not_granted() {
	user_bundle
	args id
	with_ranges
	config set 'linux.uidMappings[1].hostID' 3000000
	refused 'newuidmap: '
	expect_error 'not allowed'
	expect_error '/etc/subuid'
	with_ranges
	config set 'linux.gidMappings[1].size' 65537
	refused 'newgidmap: '
	with_ranges
	config set 'linux.uidMappings[0].hostID' 0
	refused 'newuidmap: '
}
check "ranges that are not granted are errors" maps_not_granted

no_user_namespace() {
	user_bundle
	args id
	config set linux.namespaces '[{"type": "mount"}, {"type": "pid"}, {"type": "uts"}]'
	config del linux.uidMappings
	config del linux.gidMappings
	refused 'operation not permitted'
	expect_error 'user namespace'
}
check "without a user namespace the error names it" no_user_namespace

# ---- state root ----

# default_root [COMMAND...]: `list` without --root
default_root() {
	status=0
	as_user "$RINGWALL" "$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

state_root() {
	user_bundle
	args pause
	default_root run --detach --bundle "$bundle" "$id"
	expect_status 0
	expect_equal "$(stat -c '%a %u' "$runtime_dir/ringwall")" "700 $uid"
	[ -d "$runtime_dir/ringwall/$id" ] || fail "no state there"
	default_root delete --force "$id"
	expect_status 0
	[ ! -e "$runtime_dir/ringwall/$id" ] || fail "the state is left"
}
check "states are kept below XDG_RUNTIME_DIR" state_root

state_root_refused() {
	user_bundle
	chmod 0755 "$runtime_dir"
	default_root list
	expect_failure
	expect_error "\$XDG_RUNTIME_DIR: \"$runtime_dir\" is not a directory of the user's own with mode 0700"
	expect_error '--root'
	chmod 0700 "$runtime_dir"
	chown 0 "$runtime_dir"
	default_root list
	expect_failure
	expect_error "is not a directory of the user's own"
	runtime_dir=$case/absent
	default_root list
	expect_failure
	expect_error "\$XDG_RUNTIME_DIR: \"$case/absent\" does not exist"
	runtime_dir=
	default_root list
	expect_failure
	expect_error "\$XDG_RUNTIME_DIR is not set"
	expect_error '--root'
}
check "an XDG_RUNTIME_DIR that others can reach is refused" state_root_refused

# ---- mounts ----

locked_flags() {
	user_bundle
	mkdir "$case/volume"
	mount -t tmpfs -o nosuid,nodev,noexec,noatime tmpfs "$case/volume"
	cp "$TOOLS/init" "$case/volume/tool"
	config append mounts "{\"destination\": \"/tmp\", \"type\": \"bind\", \"source\": \"$case/volume\", \"options\": [\"rbind\", \"ro\"]}"
	args mounts /tmp
	user_run
	umount_later=$(cat "$case/out")
	config set process.args '["/tmp/tool"]'
	user_run
	cp "$case/err" "$case/err.exec"
	config set 'mounts[7].options' '["rbind", "exec"]'
	user_run
	umount "$case/volume"
	case $umount_later in
	*options=ro,nosuid,nodev,noexec,noatime*) ;;
	*) fail "the mount is $umount_later" ;;
	esac
	grep -q 'permission denied' "$case/err.exec" || fail "a program ran from a mount with noexec"
	expect_failure
}
check "flags of a mount that are locked stay" locked_flags

sys_is_read_only() {
	user_bundle
	args open /sys/kernel/mm w -- write /sys/fs/cgroup/cgroup.procs 1 -- open /proc/sys/kernel/hostname w
	user_run
	expect_status 0
	expect_no_line "write /sys/fs/cgroup/cgroup.procs: ok"
	expect_no_line "open /proc/sys/kernel/hostname w: ok"
}
check "the host's /sys is read-only" sys_is_read_only

devices_are_there() {
	user_bundle
	args write /dev/null x -- stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty -- open /dev/ptmx rw
	user_run
	expect_status 0
	expect_line "write /dev/null: ok"
	for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		grep -q "^/dev/${node%%:*}: char .* ${node#*:}\$" "$case/out" || fail "no /dev/${node%%:*}"
	done
	expect_line "open /dev/ptmx rw: ok"
}
check "the default devices are there" devices_are_there

# ---- what needs privileges ----

limits_without_delegation() {
	user_bundle
	args id
	config set linux.resources '{"memory": {"limit": 100000000}}'
	refused 'linux.resources'
	expect_error 'Delegate=yes'
	expect_error /etc/systemd/system/user@.service.d/delegate.conf
	config set linux.resources '{"pids": {"limit": 100}}'
	refused 'linux.resources'
	# what engines write always, and what mknod's absence keeps anyway
	config set linux.resources '{"devices": [{"allow": false, "access": "rwm"}]}'
	user_run
	expect_status 0
}
check "limits without a delegated cgroup are errors" limits_without_delegation

# in_delegated CGROUP COMMAND...: the program as the user, called from CGROUP/caller; $status, out and err
in_delegated() {
	from=$1/caller
	shift
	status=0
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'echo $$ >"$1"; shift; exec "$@"' - "$from/cgroup.procs" \
		setpriv --reuid "$uid" --regid "$uid" --clear-groups \
		"$RINGWALL" --root "$case/state" "$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# delegate CGROUP: what systemd gives a user, and the caller's own cgroup below it
delegate() {
	mkdir "$1" "$1/caller"
	for file in . cgroup.procs cgroup.subtree_control cgroup.threads caller caller/cgroup.procs; do
		chown "$uid" "$1/$file"
	done
}

delegated() {
	unified=/sys/fs/cgroup
	[ -f $unified/cgroup.controllers ] || unified=/sys/fs/cgroup/unified
	[ -f $unified/cgroup.controllers ] || skip "no cgroup v2"
	user_bundle
	own=$unified/rwt-$$-$count
	trap 'rmdir "$own"/*/ "$own" 2>/dev/null || :' EXIT
	delegate "$own"
	args cgroup -- pause
	in_delegated "$own" run --detach --bundle "$bundle" "$id"
	expect_status 0
	within=$(sed -n 's/^0:://p' "/proc/$(user_state pid)/cgroup")
	case $within in
	"/rwt-$$-$count"/?*) [ "$within" != "/rwt-$$-$count/caller" ] || fail "no cgroup of its own" ;;
	*) fail "it is in $within" ;;
	esac
	user_call delete --force "$id"
	expect_status 0
	[ ! -e "$unified$within" ] || fail "the cgroup is left"
}
check "a delegated cgroup is used" delegated

delegated_limits() {
	need_controller memory
	user_bundle
	own=/sys/fs/cgroup/rwt-$$-$count
	trap 'rmdir "$own"/*/ "$own" 2>/dev/null || :' EXIT
	echo "+memory +pids" >/sys/fs/cgroup/cgroup.subtree_control
	delegate "$own"
	args pause
	config set linux.resources '{"memory": {"limit": 67108864}, "pids": {"limit": 20}}'
	in_delegated "$own" run --detach --bundle "$bundle" "$id"
	expect_status 0
	within=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(user_state pid)/cgroup")
	expect_equal "$(cat "$within/memory.max" "$within/pids.max" | tr '\n' ' ')" "67108864 20 "
	in_delegated "$own" update --pids-limit 30 "$id"
	expect_equal "$(cat "$within/pids.max")" 30
	in_delegated "$own" pause "$id"
	in_delegated "$own" events --stats "$id"
	expect_status 0
	in_delegated "$own" resume "$id"
	# what containerd always sends; a user has no device program, and needs none
	echo '{"pids": {"limit": 31}, "devices": [{"allow": false, "access": "rwm"}]}' >"$case/r.json"
	in_delegated "$own" update --resources "$case/r.json" "$id"
	expect_status 0
	expect_equal "$(cat "$within/pids.max")" 31
	in_delegated "$own" delete --force "$id"
	expect_status 0
	[ ! -e "$within" ] || fail "the cgroup is left"
	# from outside: the processes of the caller's cgroup may not move here
	config set linux.cgroupsPath "\"/${own##*/}/box\""
	user_call run --bundle "$bundle" "$id"
	expect_failure
	expect_error "cgroup.procs of it and of the parent that it shares with the caller must be writable"
	[ ! -e "$own/box" ] || fail "the cgroup is left"
}
check "limits in a delegated cgroup" delegated_limits

limits_not_delegated() {
	need_controller memory
	user_bundle
	above=/sys/fs/cgroup/rwt-$$-$count
	own=$above/user
	trap 'rmdir "$own"/*/ "$own" "$above" 2>/dev/null || :' EXIT
	mkdir "$above"
	delegate "$own"
	args pause
	config set linux.resources '{"memory": {"limit": 67108864}}'
	in_delegated "$own" run --detach --bundle "$bundle" "$id"
	expect_failure
	expect_error "linux.resources.memory.limit: cgroup \"/${above##*/}\": "
	expect_error '"cgroup.subtree_control": permission denied'
	expect_error "hint: root must enable it in cgroup.subtree_control of the cgroups above"
	expect_equal "$(ls -d "$own"/*/)" "$own/caller/"
	config del linux.resources
	in_delegated "$own" run --detach --bundle "$bundle" "$id"
	expect_status 0
	in_delegated "$own" delete --force "$id"
}
check "limits whose controller is not delegated name the file to change" limits_not_delegated

oom_and_limits() {
	user_bundle
	args oom
	config set process.oomScoreAdj -100
	user_run
	expect_status 0
	expect_output "oom_score_adj: 0"
	expect_error 'process.oomScoreAdj: no permission to set -100'
	config set process.oomScoreAdj 100
	user_run
	expect_output "oom_score_adj: 100"
	config set process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 900000000}]'
	refused 'prlimit of process.rlimits RLIMIT_NOFILE'
	expect_error 'CAP_SYS_RESOURCE'
}
check "what a user may not raise" oom_and_limits

network_of_its_own() {
	user_bundle
	config append linux.namespaces '{"type": "network"}'
	config append mounts '{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}'
	args cat /sys/class/net/lo/flags
	user_run
	expect_status 0
	expect_output 0x9
}
check "a network namespace of its own" network_of_its_own

terminal_and_sockets() {
	user_bundle
	config set process.terminal true
	args isatty
	as_user "$TOOLS/recvtty" "$case/run/tty" >"$case/tty.out" 2>&1 &
	wait_until [ -S "$case/run/tty" ]
	user_call create --bundle "$bundle" --console-socket "$case/run/tty" "$id"
	expect_status 0
	user_call start "$id"
	expect_status 0
	wait
	grep -q 'fd 0: /dev/' "$case/tty.out" || fail "no terminal"
}
check "a terminal" terminal_and_sockets

# ---- root of a user namespace ----

# userns_run [UNSHARE-OPTION...]: ringwall as root of a user namespace that the user has made
userns_run() {
	status=0
	as_user unshare -U -r "$@" "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
}

inside_userns() {
	user_bundle
	rm "$bundle/config.json"
	as_user "$RINGWALL" spec --bundle "$bundle"
	config set process.terminal false
	# as an engine without privileges: no user namespace in the configuration
	args id -- ns user
	userns_run -m
	expect_status 0
	expect_line "uid: 0 0 0"
	userns_run
	expect_status 0
	expect_line "uid: 0 0 0"
	# one inside the other
	config append linux.namespaces '{"type": "user"}'
	args id
	userns_run -m
	expect_status 0
	expect_line "uid: 0 0 0"
	config set linux.uidMappings '[{"containerID": 0, "hostID": 0, "size": 1}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 0, "size": 1}]'
	userns_run -m
	expect_status 0
	expect_line "uid: 0 0 0"
	config set linux.uidMappings '[{"containerID": 0, "hostID": 1, "size": 1}]'
	userns_run -m
	expect_failure
	expect_error 'every id must be mapped in the user namespace of the caller'
}
check "root in a user namespace" inside_userns

inside_userns_life() {
	user_bundle
	rm "$bundle/config.json"
	as_user "$RINGWALL" spec --bundle "$bundle"
	config set process.terminal false
	args pause
	# the namespaces stay while their first process does, as podman's pause process keeps them
	as_user unshare -U -r -m --fork --kill-child=KILL "$TOOLS/init" pause &
	holder=$!
	held= # unshare itself, for $holder is the shell of the function
	trap 'kill -KILL $held "$holder" 2>/dev/null; wait "$holder" 2>/dev/null || :' EXIT
	wait_until holds
	inside="nsenter -U -m --preserve-credentials -t $held --"
	# shellcheck disable=SC2086 # words
	{
		as_user $inside "$RINGWALL" create --bundle "$bundle" "$id" >"$case/container.log" 2>&1
		as_user $inside "$RINGWALL" start "$id"
		[ -d "$runtime_dir/ringwall/$id" ] || fail "the state is not in XDG_RUNTIME_DIR"
		expect_equal "$(as_user $inside "$RINGWALL" exec "$id" /init echo there)" there
		as_user $inside "$RINGWALL" kill "$id" KILL
		wait_until gone $inside
		as_user $inside "$RINGWALL" delete "$id"
	}
	[ ! -e "$runtime_dir/ringwall/$id" ] || fail "the state is left"
}

holds() {
	held=$(pgrep -P "$holder")
}

gone() {
	[ "$(as_user "$@" "$RINGWALL" state "$id" | "$JSONEDIT" - get status)" = stopped ]
}
check "the life of a container of root in a user namespace" inside_userns_life

finish
