#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is said when something fails: the words that engines look for (docs/errors.md), and everyday
# mistakes as a newcomer meets them: what, on what, why, and what to do; once, on standard error and in
# the log.
# shellcheck disable=SC2317,SC2119,SC2016 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

is() {
	[ "$(state_of status)" = "$1" ]
}

# new_container [WORD...]: its program is /init WORD..., by default one that waits
new_container() {
	new_bundle
	[ $# -gt 0 ] || set -- pause
	args "$@"
}

# says STATUS TEXT [HINT] -- ARG...: the program called with ARG... fails so.  TEXT stands in one line of
# standard error and in the one line of the log, HINT below it and beside it.
says() {
	expected=$1 text=$2 hint=
	[ "$3" = -- ] || {
		hint=$3
		shift
	}
	shift 3
	rm -f "$case/log.json"
	call --log "$case/log.json" --log-format json "$@"
	expect_status "$expected"
	expect_error "$text"
	[ "$(grep -c '^ringwall: ' "$case/err")" = 1 ] || fail "it is not said exactly once"
	expect_equal "$(wc -l <"$case/log.json")" 1
	expect_equal "$("$JSONEDIT" "$case/log.json" get level)" error
	"$JSONEDIT" "$case/log.json" get msg >"$case/msg"
	grep -qF -- "$text" "$case/msg" || fail "the log says: $(cat "$case/msg")"
	# engines show no other member: what to do comes with it
	advice=$(sed -n 's/^hint: \(.*\)/ (\1)/p' "$case/err")
	expect_equal "ringwall: $(cat "$case/msg")" "$(head -n 1 "$case/err")$advice"
	[ -z "$hint" ] || {
		grep '^hint: ' "$case/err" | grep -qF -- "$hint" || fail "no hint says \"$hint\""
		"$JSONEDIT" "$case/log.json" get hint | grep -qF -- "$hint" || fail "the log has no such hint"
	}
}

# run_says TEXT [HINT]: `run` of the bundle, which leaves nothing behind
run_says() {
	says 1 "$@" -- run --bundle "$bundle" "$id"
	expect_nothing
}

# ---- what engines match ----

unknown_container() {
	mkdir "$case/state"
	for verb in state start kill delete pause resume ps events update exec; do
		set -- "$verb" nosuch
		expected=1
		case $verb in
		exec)
			set -- exec nosuch /init true
			expected=255
			;;
		update) set -- update --memory 1m nosuch ;;
		esac
		says "$expected" 'container "nosuch": container does not exist' "ringwall --root $case/state list" -- "$@"
	done
	call delete --force nosuch
	expect_status 0
	[ ! -s "$case/err" ] || fail "delete --force of nothing is not silent"
	# also when there is no state root at all
	rmdir "$case/state"
	says 1 'container does not exist' -- state nosuch
	call delete --force nosuch
	expect_status 0
}
check "an unknown container" unknown_container

dead_container() {
	new_container
	start_container
	ringwall kill "$id" KILL
	wait_until is stopped
	# containerd and CRI-O each look for one of the two
	says 1 'container not running: no such process' -- kill "$id" KILL
	says 255 'container not running' -- exec "$id" /init true
	says 1 'container not running' -- pause "$id"
	says 1 'container not running' -- start "$id"
	call kill --all "$id" KILL
	expect_status 0
}
check "a dead container" dead_container

live_container() {
	new_container
	start_container
	says 1 'container with given ID already exists' -- create --bundle "$bundle" "$id"
	says 1 'container with given ID already exists' -- run --bundle "$bundle" "$id"
	is running
	says 1 'cannot start an already running container' -- start "$id"
	says 1 "cannot delete container \"$id\" that is not stopped: running" 'kill it first' -- delete "$id"
	is running
	ringwall pause "$id"
	says 255 'cannot exec in a paused container (use --ignore-paused to override)' -- exec "$id" /init true
	ringwall resume "$id"
}
check "a living container" live_container

# Docker and podman make 127 and 126 of these.
missing_program() {
	new_container
	config set process.args '["nosuch"]'
	run_says 'exec "nosuch": executable file not found in $PATH: no such file or directory' \
		'searched in the image: /'
	config set process.args '["/bin/nosuch"]'
	run_says 'exec "/bin/nosuch": no such file or directory' 'programs are looked for in the image'
	config set process.args '["./nosuch"]'
	run_says 'exec "./nosuch": no such file or directory'
	config set process.args '["/init/nosuch"]'
	run_says 'exec "/init/nosuch": not a directory'
	config set process.args '[""]'
	run_says 'process.args: the name of a program is missing'
}
check "the program is not there" missing_program

forbidden_program() {
	new_container
	echo text >"$bundle/rootfs/text"
	config set process.args '["/text"]'
	run_says 'exec "/text": permission denied' 'mode 0644 does not let user 0:0 execute it'
	config set process.args '["/tmp"]'
	run_says 'exec "/tmp": is a directory'
	mkfifo "$bundle/rootfs/fifo"
	config set process.args '["/fifo"]'
	run_says 'exec "/fifo": not a regular file: permission denied'
	chmod 0700 "$bundle/rootfs/init"
	config set process.user '{"uid": 1000, "gid": 1000}'
	config set process.args '["/init", "true"]'
	config set process.capabilities '{}'
	run_says 'exec "/init": permission denied' 'mode 0700 does not let user 1000:1000 execute it'
}
check "the program may not be executed" forbidden_program

label_text() {
	[ ! -e /sys/kernel/security/apparmor/profiles ] || skip "AppArmor is active"
	new_container
	config set process.apparmorProfile '"nosuch"'
	# podman looks for a path in backquotes
	run_says '/attr/exec`'
	grep -qE '`/proc/[^`]*/attr/[^`]*exec`' "$case/err"
	expect_error 'process.apparmorProfile "nosuch"'
	config del process.apparmorProfile
	config set process.selinuxLabel '"a:b:c:d"'
	run_says 'process.selinuxLabel "a:b:c:d"'
}
check "a label that cannot be set" label_text

same_for_exec() {
	new_container
	echo text >"$bundle/rootfs/text"
	start_container
	says 255 'exec "nosuch": executable file not found in $PATH' -- exec "$id" nosuch
	says 255 'exec "/nosuch": no such file or directory' -- exec "$id" /nosuch
	says 255 'exec "/text": permission denied' -- exec "$id" /text
	says 255 'exec "/tmp": is a directory' -- exec "$id" /tmp
	says 64 '--user "joe" is not uid[:gid]' 'numbers from 0 to 4294967294' -- exec --user joe "$id" /init true
	says 255 'process.cwd "/nowhere": open "/nowhere" in the container: no such file or directory' \
		-- exec --cwd /nowhere "$id" /init true
	says 64 '--cap "CAP_FLY"' -- exec --cap CAP_FLY "$id" /init true
	says 255 "--process: open \"$case/none.json\": no such file or directory" \
		-- exec --process "$case/none.json" "$id"
	echo '{"args": ["/init"], "cwd": "/", "user": {"uid": "0", "gid": 0}}' >"$case/p.json"
	says 255 'line 1: user.uid: expected integer, got string' -- exec --process "$case/p.json" "$id"
	is running
}
check "the same of exec" same_for_exec

# ---- programs of another kind ----

wrong_architecture() {
	new_container
	# an ELF header for a machine that this one is not: EM_AARCH64, or EM_X86_64 there
	machine='\267\000'
	[ "$(uname -m)" != aarch64 ] || machine='\076\000'
	{
		# shellcheck disable=SC2059 # octal
		printf "\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000$machine\001\000\000\000"
		head -c 200 /dev/zero
	} >"$bundle/rootfs/foreign"
	chmod 0755 "$bundle/rootfs/foreign"
	config set process.args '["/foreign"]'
	run_says 'exec "/foreign": exec format error' 'it was built for another architecture'
	echo 'echo hello' >"$bundle/rootfs/noline"
	chmod 0755 "$bundle/rootfs/noline"
	config set process.args '["/noline"]'
	run_says 'exec "/noline": exec format error' 'or is a script without a "#!" line'
}
check "a program of another architecture, a script without its first line" wrong_architecture

script_without_interpreter() {
	new_container
	printf '#!/bin/nosuch\necho hello\n' >"$bundle/rootfs/script"
	chmod 0755 "$bundle/rootfs/script"
	config set process.args '["/script"]'
	run_says 'exec "/script": its interpreter "/bin/nosuch": no such file or directory' \
		'the file exists, but what it needs to run is not in the image'
}
check "a script without its interpreter" script_without_interpreter

# ---- files ----

missing_files() {
	new_container
	config append mounts '{"destination": "/mnt", "source": "/nowhere/a", "options": ["bind"]}'
	run_says '"/mnt": open_tree "/nowhere/a": no such file or directory' \
		'the source of a bind mount must exist on the host'
	config set "mounts[$(last_mount)].source" '"volume"'
	run_says "\"/mnt\": open_tree \"$bundle/volume\": no such file or directory"
	config del "mounts[$(last_mount)]"
	config set process.cwd '"/init"'
	run_says 'process.cwd "/init"'
	expect_error 'not a directory'
	config set process.cwd '"/"'
	config set root.path '"nowhere"'
	run_says "root.path: open_tree \"$bundle/nowhere\": no such file or directory" \
		'the root file system must exist before the container is created'
	config set root.path '"config.json"'
	run_says 'root.path'
	expect_error 'not a directory'
	rm "$bundle/config.json"
	run_says 'open "config.json": no such file or directory' "\"$bundle\" is no bundle"
	says 1 "the bundle: resolve \"$case/none\": no such file or directory" -- run --bundle "$case/none" "$id"
	says 1 "the bundle: open \"$bundle/rootfs/init\": not a directory" \
		-- run --bundle "$bundle/rootfs/init" "$id"
}

last_mount() {
	n=0
	while config get "mounts[$((n + 1))]" >/dev/null; do
		n=$((n + 1))
	done
	echo "$n"
}
check "what is missing is named" missing_files

# ---- mounts ----

mounts() {
	new_container
	config set mounts '[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosiud"]}]'
	run_says 'mounts[0] "/tmp"'
	expect_error "nosiud"
	config set mounts '[{"destination": "/init", "source": "/tmp", "options": ["bind"]}]'
	run_says 'mounts[0] "/init"'
	expect_error 'not a directory'
	config set mounts '[{"destination": "/tmp", "source": "/etc/hostname", "options": ["bind"]}]'
	run_says 'mounts[0] "/tmp": mount a file on a directory: not a directory' \
		'source and destination must both be directories, or both be files'
}
check "mounts that fail" mounts

unknown_file_system() {
	new_container
	config set mounts '[{"destination": "/tmp", "type": "tmfps", "source": "tmpfs"}]'
	run_says 'mounts[0] "/tmp": fsopen "tmfps": no such device' \
		'the kernel does not know this file system: see /proc/filesystems'
}
check "a file system that the kernel does not know" unknown_file_system

# The specification passes unknown options on; a bind mount has nobody to refuse them.
option_of_bind() {
	new_container true
	config append mounts '{"destination": "/tmp", "source": "/tmp", "options": ["bind", "nosiud"]}'
	run
	expect_status 0
	expect_error 'ringwall: warning: mount "/tmp": the option "nosiud" is unknown, and without effect'
}
check "a misspelt option of a bind mount is a warning" option_of_bind

# ---- the rest of the configuration ----

others() {
	new_container
	config set linux.sysctl '{"net.nosuch": "1"}'
	run_says 'linux.sysctl.net.nosuch: this kernel has no such setting here' \
		'it may belong to the host only'
	config set linux.sysctl '{"vm.overcommit_memory": "1"}'
	run_says 'linux.sysctl.vm.overcommit_memory: belongs to no namespace and would change the host' \
		'allowed are net.*'
	config del linux.sysctl
	config set hooks '{"createRuntime": [{"path": "/nowhere/hook"}]}'
	run_says 'hooks.createRuntime[0] "/nowhere/hook": exec: no such file or directory'
	config set hooks '{"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "echo oh no >&2; exit 3"]}]}'
	run_says 'hooks.createRuntime[0] "/bin/sh": exited with status 3: oh no'
	config del hooks
	config set linux.devices '[{"path": "/init", "type": "c", "major": 1, "minor": 3}]'
	run_says 'linux.devices[0] "/init"'
	expect_error 'another file is there'
	config del linux.devices
	config set process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 99999999999, "hard": 99999999999}]'
	run_says 'RLIMIT_NOFILE to 99999999999:99999999999: operation not permitted' '/proc/sys/fs/nr_open'
	config del process.rlimits
	config set linux.intelRdt '{"l3CacheSchema": "L3:0=f"}'
	run_says 'linux.intelRdt: not supported by this build' 'remove it from config.json'
	config del linux.intelRdt
	config set vm '{"kernel": {"path": "/nowhere/vmlinuz"}}'
	if [ -e /dev/kvm ]; then
		run_says 'open "/nowhere/vmlinuz": no such file or directory'
	else
		run_says '/dev/kvm'
	fi
	config del vm
	own='{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}'
	config set linux.namespaces "[$own, {\"type\": \"network\", \"path\": \"/nowhere/net\"}]"
	run_says 'linux.namespaces (network): open "/nowhere/net": no such file or directory'
	config set linux.namespaces "[$own, {\"type\": \"network\"}]"
	config set linux.netDevices '{"nosuch0": {}}'
	run_says 'linux.netDevices.nosuch0: find the device: no such device'
}
check "other failures name the property" others

terminals() {
	new_container true
	config set process.terminal true
	says 1 'process.terminal is true, and nobody is to get the terminal' \
		'give --console-socket, or run without --detach' -- create --bundle "$bundle" "$id"
	says 1 "console" -- create --bundle "$bundle" --console-socket "$case/none" "$id"
	expect_error "\"$case/none\": no such file or directory"
	config set process.terminal false
	says 1 '--console-socket is given, and process.terminal is false' \
		-- create --bundle "$bundle" --console-socket "$case/none" "$id"
	[ -z "$(ls -A "$case/state")" ] || fail "a state is left"
}
check "terminals" terminals

# ---- the command line ----

signal_names() {
	new_container
	start_container
	says 64 'unknown signal "SIGKIL"' 'give a name such as TERM or SIGRTMIN+3, or a number from 1 to 64' \
		-- kill "$id" SIGKIL
	is running
}
check "an unknown signal" signal_names

permissions() {
	need_root
	set -- setpriv --reuid 65534 --regid 65534 --clear-groups
	"$@" true 2>/dev/null || skip "no setpriv"
	new_container
	start_container
	chmod 0755 "$work" "$case"
	for call in "state $id" "list" "run --bundle $bundle other"; do
		status=0
		# shellcheck disable=SC2086 # words
		"$@" "$RINGWALL" --root "$case/state" $call >"$case/out" 2>"$case/err" || status=$?
		expect_status 1
		expect_error "the state root: open \"$case/state\": permission denied"
		expect_error "hint: be the user whose containers these are, or choose another directory with --root"
	done
	status=0
	"$@" "$RINGWALL" --root "$case/new" run --bundle "$bundle" other >"$case/out" 2>"$case/err" || status=$?
	expect_status 1
	expect_error "the state root: mkdir \"$case/new\": permission denied"
	is running
}
check "a state root of somebody else" permissions

host_name() {
	need_root
	new_container
	config set linux.namespaces '[{"type": "mount"}, {"type": "user"}, {"type": "uts", "path": "/proc/self/ns/uts"}]'
	config set linux.uidMappings '[{"containerID": 0, "hostID": 0, "size": 65536}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 0, "size": 65536}]'
	run_says 'sethostname "ringwall": operation not permitted' 'the host name belongs to the uts namespace'
}
check "a host name in a user namespace that does not own it" host_name

finish
