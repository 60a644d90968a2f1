#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Devices", "Default Devices", "Allowed Device list"; runtime-linux.md, "Dev symbolic
# links".

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root

default_devices="null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0"

# device PATH TYPE MAJOR MINOR [MEMBER JSON]...: in linux.devices
device() {
	device_json="{\"path\": \"$1\", \"type\": \"$2\""
	[ -z "$3" ] || device_json="$device_json, \"major\": $3, \"minor\": $4"
	shift 4
	while [ $# -gt 1 ]; do
		device_json="$device_json, \"$1\": $2"
		shift 2
	done
	config append linux.devices "$device_json}"
}

may_make_nodes() {
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_MKNOD"]'
	done
}

# Whether programs for devices can be attached to cgroups here: that of the default configuration denies.
need_device_rules() {
	new_bundle probe
	may_make_nodes
	args mknod /dev/probe c 10 229 -- open /dev/probe rw
	run
	if grep -q '^open /dev/probe rw: E\(NXIO\|NODEV\)' "$case/out" || [ "$status" != 0 ]; then
		skip "the kernel attaches no device program to the cgroup v2 hierarchy"
	fi
}

# ---- what is always there ----

defaults() {
	new_bundle
	args stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/console -- \
		open /dev/null rw -- open /dev/zero r -- open /dev/urandom r -- open /dev/full w
	# The modes are exact, whatever the caller's umask is.
	for mask in 022 077; do
		(
			umask "$mask"
			run
		)
		for i in $default_devices; do
			numbers=${i#*:}
			expect_line "/dev/${i%%:*}: char 0666 0:0 $numbers"
		done
		expect_line "/dev/console: ENOENT"
		expect_line "open /dev/null rw: ok"
		expect_line "open /dev/zero r: ok"
		expect_line "open /dev/urandom r: ok"
		expect_line "open /dev/full w: ok"
	done
}
check "the default devices" defaults

# ... also on a /dev that belongs to the image.
defaults_in_the_image() {
	new_bundle
	config set mounts '[{"destination": "/proc", "type": "proc"}]'
	config set root.readonly false
	args stat /dev/null /dev/tty /dev/fd /dev/ptmx -- open /dev/null rw
	run
	expect_status 0
	expect_line "/dev/null: char 0666 0:0 1:3"
	expect_line "open /dev/null rw: ok"
	# a second time: the same are there already
	run
	expect_status 0
	expect_line "/dev/tty: char 0666 0:0 5:0"
	expect_line "/dev/ptmx: link 0777 0:0 -> pts/ptmx"
}
check "the default devices without a mount on /dev" defaults_in_the_image

links() {
	new_bundle
	args stat /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx /dev/core -- \
		open /dev/ptmx rw -- open /dev/stdout w
	run
	expect_status 0
	expect_line "/dev/fd: link 0777 0:0 -> /proc/self/fd"
	expect_line "/dev/stdin: link 0777 0:0 -> /proc/self/fd/0"
	expect_line "/dev/stdout: link 0777 0:0 -> /proc/self/fd/1"
	expect_line "/dev/stderr: link 0777 0:0 -> /proc/self/fd/2"
	expect_line "/dev/ptmx: link 0777 0:0 -> pts/ptmx"
	expect_line "open /dev/ptmx rw: ok"
	[ ! -e /proc/kcore ] || expect_line "/dev/core: link 0777 0:0 -> /proc/kcore"
}
check "the links of /dev" links

# runtime-linux.md: "if the source file exists after processing the mounts"
no_links_without_proc() {
	new_bundle
	config del 'mounts[0]'
	args stat /dev/fd /dev/stdin /dev/ptmx
	run
	expect_status 0
	expect_line "/dev/fd: ENOENT"
	expect_line "/dev/stdin: ENOENT"
	expect_line "/dev/ptmx: link 0777 0:0 -> pts/ptmx"
}
check "no links into a procfs that is not there" no_links_without_proc

# ptmx is that of the container's devpts, whatever the image has there.
ptmx_of_the_image() {
	new_bundle
	config set mounts '[{"destination": "/proc", "type": "proc"},
		{"destination": "/dev/pts", "type": "devpts", "options": ["newinstance", "ptmxmode=0666"]}]'
	config set root.readonly false
	args stat /dev/ptmx
	ln -s /etc "$bundle/rootfs/dev/ptmx"
	run
	expect_status 0
	expect_line "/dev/ptmx: link 0777 0:0 -> pts/ptmx"
	rm "$bundle/rootfs/dev/ptmx"
	echo file >"$bundle/rootfs/dev/ptmx"
	run
	expect_status 0
	expect_line "/dev/ptmx: link 0777 0:0 -> pts/ptmx"
	[ -d "$bundle/rootfs/etc" ] || fail "/etc is gone"
}
check "/dev/ptmx in place of what the image has there" ptmx_of_the_image

# podman run --privileged lists every device of the host
ptmx_listed() {
	new_bundle
	config set linux.devices '[{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2}]'
	args stat /dev/ptmx
	run
	expect_status 0
	expect_line "/dev/ptmx: link 0777 0:0 -> pts/ptmx"
}
check "/dev/ptmx in linux.devices is the container's own" ptmx_listed

console() {
	new_bundle
	config set process.terminal true
	args stat /dev/console -- isatty -- mounts /dev/console
	"$TOOLS/recvtty" "$case/socket" --timeout "$WAIT_SECONDS" >out 2>err &
	recvtty=$!
	wait_until test -S "$case/socket"
	ringwall create --bundle "$bundle" --console-socket "$case/socket" "$id" >log 2>&1 </dev/null
	ringwall start "$id"
	wait "$recvtty" || fail "no end of the terminal"
	tr -d '\r' <out >lines
	grep -q '^/dev/console: char 0[0-7]* 0:[05] 136:0$' lines || fail "no console: $(cat lines)"
	grep -qx 'fd 0: /dev/\(console\|pts/0\)' lines || fail "no terminal: $(cat lines)"
	grep -q '^/dev/console type=devpts' lines || fail "the console is no mount: $(cat lines)"
}
check "/dev/console is there with a terminal" console

# ---- linux.devices ----

each_type() {
	new_bundle
	device /dev/char c 10 229 fileMode 416 uid 12 gid 34
	device /dev/unbuffered u 10 200
	device /dev/block b 7 0 fileMode 384
	device /dev/pipe p "" ""
	device /dev/pipe2 p 0 0 fileMode 438 uid 7
	device /dev/pipe3 p 1 3
	device /dev/sub/deeper c 1 3
	device /dev/null c 1 3 fileMode 292
	args stat /dev/char /dev/unbuffered /dev/block /dev/pipe /dev/pipe2 /dev/pipe3 \
		/dev/sub/deeper /dev/null
	run
	expect_status 0
	expect_line "/dev/char: char 0640 12:34 10:229"
	expect_line "/dev/unbuffered: char 0666 0:0 10:200"
	expect_line "/dev/block: block 0600 0:0 7:0"
	expect_line "/dev/pipe: fifo 0666 0:0"
	expect_line "/dev/pipe2: fifo 0666 7:0"
	expect_line "/dev/pipe3: fifo 0666 0:0"
	expect_line "/dev/sub/deeper: char 0666 0:0 1:3"
	# that of the configuration in place of the default
	expect_line "/dev/null: char 0444 0:0 1:3"
}
check "linux.devices: types, modes, owners" each_type

outside_of_dev() {
	new_bundle
	config set root.readonly false
	device /made/here/null c 1 3 fileMode 438
	device /etc/fifo p "" ""
	args stat /made /made/here/null /etc/fifo
	run
	expect_status 0
	expect_line "/made: dir 0755 0:0"
	expect_line "/made/here/null: char 0666 0:0 1:3"
	expect_line "/etc/fifo: fifo 0666 0:0"
}
check "linux.devices: paths outside of /dev" outside_of_dev

# config-linux.md: "If a file already exists at path that does not match the requested device, the
# runtime MUST generate an error."
existing() {
	new_bundle
	config set root.readonly false
	echo text >"$bundle/rootfs/etc/passwd"
	device /etc/passwd c 1 3
	run
	expect_failure
	expect_error 'linux.devices[0] "/etc/passwd": mknod "passwd" (another file is there): file exists'
	expect_equal "$(cat "$bundle/rootfs/etc/passwd")" text
	rm "$bundle/rootfs/etc/passwd"
	for other in "c 1 5" "b 1 3" p; do
		# shellcheck disable=SC2086 # type and numbers
		mknod "$bundle/rootfs/etc/passwd" $other
		run
		expect_failure
		expect_error "(another file is there)"
		rm "$bundle/rootfs/etc/passwd"
	done
	ln -s /dev/null "$bundle/rootfs/etc/passwd"
	run
	expect_failure
	expect_error "(another file is there)"
	rm "$bundle/rootfs/etc/passwd"
	mkdir "$bundle/rootfs/etc/passwd"
	run
	expect_failure
	expect_error "(another file is there)"
	rmdir "$bundle/rootfs/etc/passwd"
	# the very same, with another owner and mode, becomes what is asked for
	mknod -m 600 "$bundle/rootfs/etc/passwd" c 1 3
	chown 5:6 "$bundle/rootfs/etc/passwd"
	config set 'linux.devices[0].fileMode' 420
	config set 'linux.devices[0].uid' 0
	config set 'linux.devices[0].gid' 0
	args stat /etc/passwd
	run
	expect_status 0
	expect_line "/etc/passwd: char 0644 0:0 1:3"
}
check "linux.devices: another file at the path is an error, the same is none" existing

wrong_devices() {
	new_bundle
	device /dev/x x 1 3
	run
	expect_failure
	expect_error 'linux.devices[0].type'
	config del linux.devices
	device dev/x c 1 3
	run
	expect_failure
	expect_error 'linux.devices[0].path'
	expect_error absolute
	config set linux.devices '[{"path": "/dev/x", "type": "c"}]'
	run
	expect_failure
	expect_error 'linux.devices[0]'
	expect_error major
	config set linux.devices '[{"type": "p"}]'
	run
	expect_failure
	expect_error 'linux.devices[0]: required property "path" is missing'
	config set linux.devices '[{"path": "/dev/.."}, {"type": "p"}]'
	run
	expect_failure
	expect_error 'linux.devices[0]'
}
check "linux.devices: what is wrong is named" wrong_devices

# Nothing is made in a /dev that is the host's.
bound_dev() {
	new_bundle
	ls /dev >before
	config set 'mounts[1]' '{"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]}'
	config del 'mounts[4]'
	config del 'mounts[3]'
	config del 'mounts[2]'
	device /dev/ringwall-test c 1 3
	args stat /dev/null /dev/ringwall-test -- open /dev/null rw
	run
	ls /dev >after
	diff before after
	expect_status 0
	expect_line "open /dev/null rw: ok"
	expect_line "/dev/ringwall-test: ENOENT"
}
check "a /dev that is the host's" bound_dev

# ---- in a user namespace: the host's nodes, mounted ----

user_namespace() {
	new_bundle
	use_user_namespace
	device /dev/some c 1 3
	config set 'linux.devices[0].path' '"/dev/zero"'
	config set 'linux.devices[0].minor' 5
	args stat /dev/null /dev/tty -- open /dev/null rw -- open /dev/zero r -- mounts
	run
	expect_status 0
	for i in $default_devices; do
		grep "^/dev/${i%%:*} type=" "$case/out" >line || fail "no mount: $i"
		grep -q nosuid line || fail "set-id: $(cat line)"
		grep -q noexec line || fail "executable: $(cat line)"
	done
	# nobody's, but for a guest, where each id maps to itself
	owner=65534:65534
	[ "$ISOLATION" = native ] || owner=0:0
	expect_line "/dev/null: char 0666 $owner 1:3"
	expect_line "open /dev/null rw: ok"
	expect_line "open /dev/zero r: ok"
}
check "in a user namespace the host's devices are mounted" user_namespace

user_namespace_errors() {
	new_bundle
	use_user_namespace
	device /dev/nowhere c 1 3
	run
	expect_failure
	expect_error 'linux.devices[0] "/dev/nowhere"'
	expect_error 'open "/dev/nowhere" of the host'
	expect_error "no node can be made here: the host's is mounted instead"
	config set 'linux.devices[0].path' '"/dev/full"'
	run
	expect_failure
	expect_error "the host's \"/dev/full\" is not device 1:3, and no node can be made here"
	config set root.readonly false
	config set 'linux.devices[0].path' '"/etc/null"'
	echo text >"$bundle/rootfs/etc/null"
	run
	expect_failure
	expect_error '(another file is there)'
	config set 'linux.devices[0]' '{"path": "/dev/pipe", "type": "p"}'
	args stat /dev/pipe
	run
	expect_status 0
	expect_line "/dev/pipe: fifo 0666 0:0"
}
check "in a user namespace: a device that the host has not" user_namespace_errors

# ---- what may be opened ----

# R14: without rules, and without any resources at all, only the defaults can be opened.
default_deny() {
	need_device_rules
	new_bundle
	may_make_nodes
	args mknod /dev/fuse c 10 229 -- mknod /dev/kvm c 10 232 -- mknod /dev/mem c 1 1 -- \
		mknod /dev/disk b 259 0 -- open /dev/fuse rw -- open /dev/kvm rw -- \
		open /dev/mem r -- open /dev/disk r -- mknod /dev/null2 c 1 3 -- \
		open /dev/null2 rw -- open /dev/ptmx rw
	for resources in keep '{}' '{"devices": []}' none; do
		case $resources in
		keep) ;;
		none) config del linux.resources ;;
		*) config set linux.resources "$resources" ;;
		esac
		run
		expect_status 0
		expect_line "mknod /dev/fuse c: ok"
		expect_line "open /dev/fuse rw: EPERM"
		expect_line "open /dev/kvm rw: EPERM"
		expect_line "open /dev/mem r: EPERM"
		expect_line "open /dev/disk r: EPERM"
		expect_line "open /dev/null2 rw: ok"
		expect_line "open /dev/ptmx rw: ok"
	done
}
check "devices that are not listed cannot be opened" default_deny

# Also by a process that joins later.
deny_in_exec() {
	need_device_rules
	new_bundle
	may_make_nodes
	args mknod /dev/fuse c 10 229 -- pause
	start_container
	ringwall exec "$id" /init open /dev/fuse rw >out 2>&1
	expect_line "open /dev/fuse rw: EPERM"
}
check "the same for exec" deny_in_exec

# Without rules, linux.devices are what may be used.
listed_devices() {
	need_device_rules
	new_bundle
	config del linux.resources
	[ -c /dev/fuse ] || skip "this machine has no /dev/fuse"
	device /dev/fuse c 10 229
	args open /dev/fuse rw
	run
	expect_status 0
	expect_line "open /dev/fuse rw: ok"
}
check "without rules the devices of linux.devices can be opened" listed_devices

# config-linux.md: "The runtime MUST apply entries in the listed order."
rules_in_order() {
	need_device_rules
	new_bundle
	device /dev/zero2 c 1 5
	device /dev/full2 c 1 7
	device /dev/fuse c 10 229
	args open /dev/zero2 r -- open /dev/zero2 w -- open /dev/full2 r
	config set linux.resources.devices '[
		{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "access": "rwm"},
		{"allow": false, "type": "c", "major": 1, "minor": 5, "access": "w"}]'
	run
	expect_status 0
	expect_line "open /dev/zero2 r: ok"
	expect_line "open /dev/zero2 w: EPERM"
	expect_line "open /dev/full2 r: ok"
	# turned round, the last one counts
	config set linux.resources.devices '[
		{"allow": false, "access": "rwm"},
		{"allow": false, "type": "c", "major": 1, "minor": 5, "access": "w"},
		{"allow": true, "type": "c", "major": 1, "access": "rwm"}]'
	run
	expect_line "open /dev/zero2 w: ok"
	# a denial of everything at the end takes all before it back
	config append linux.resources.devices '{"allow": false, "type": "c", "major": 1, "minor": 7, "access": "r"}'
	run
	expect_line "open /dev/zero2 r: ok"
	expect_line "open /dev/full2 r: EPERM"
}
check "resources.devices: rules act in their order" rules_in_order

node_rules() {
	need_device_rules
	new_bundle
	may_make_nodes
	config set linux.resources.devices '[
		{"allow": false, "access": "rwm"},
		{"allow": true, "type": "b", "access": "rm"},
		{"allow": false, "type": "c", "major": 10, "access": "m"}]'
	args mknod /dev/misc c 10 229 -- mknod /dev/loop b 7 0 -- open /dev/loop w
	run
	expect_status 0
	expect_line "mknod /dev/misc c: EPERM"
	expect_line "mknod /dev/loop b: ok"
	expect_line "open /dev/loop w: EPERM"
}
check "resources.devices: making nodes" node_rules

everything() {
	need_device_rules
	[ -c /dev/fuse ] || skip "this machine has no /dev/fuse"
	new_bundle
	may_make_nodes
	config set linux.resources.devices '[{"allow": true, "access": "rwm"}]'
	args mknod /dev/fuse c 10 229 -- open /dev/fuse rw
	run
	expect_status 0
	expect_line "open /dev/fuse rw: ok"
}
check "resources.devices: everything allowed" everything

finish
