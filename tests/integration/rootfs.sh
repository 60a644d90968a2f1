#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config.md, "Root"; config-linux.md, "Masked Paths", "Readonly Paths"; and that nothing of the host's tree
# is left in the container.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root

mount_points() {
	sed -n 's/^\(\/[^ ]*\) type=.*/\1/p' "$case/out"
}

# The options for each way into the root, each behind a "pivot": a machine's guest has one way.
ways="pivot pivot--no-pivot"
[ "$ISOLATION" = native ] || ways=pivot

# ---- root.path ----

root_paths() {
	new_bundle
	echo here >"$bundle/rootfs/etc/mark"
	ln -s rootfs "$bundle/link"
	ln -s "$bundle/rootfs" absolute
	args cat /etc/mark
	for path in rootfs ./rootfs/ ../bundle/rootfs "$bundle/rootfs" link "$case/absolute"; do
		config set root.path "\"$path\""
		run
		expect_status 0
		expect_output here
	done
	# It is the configuration's and the bundle's, whatever the caller's directory is.
	config set root.path '"rootfs"'
	mkdir -p elsewhere/rootfs
	cd elsewhere
	run
	expect_output here
	cd ..
	status=0
	ringwall run --bundle bundle "$id" >out 2>err || status=$?
	expect_status 0
	expect_output here
	cd bundle
	status=0
	ringwall run "$id" >"$case/out" 2>"$case/err" || status=$?
	expect_status 0
	expect_output here
}
check "root.path: relative, absolute, through links" root_paths

root_errors() {
	new_bundle
	config set root.path '"nowhere"'
	run
	expect_failure
	expect_error "root.path: open_tree \"$bundle/nowhere\": no such file or directory"
	expect_error "hint: the root file system must exist before the container is created"
	touch "$bundle/file"
	config set root.path '"file"'
	run
	expect_failure
	expect_error "root.path: open_tree \"$bundle/file\": not a directory"
	config set root.path '""'
	run
	expect_failure
	expect_error root.path
	config del root.path
	run
	expect_failure
	expect_error 'root: required property "path" is missing'
	config del root
	run
	expect_failure
	expect_error 'required property "root" is missing'
}
check "root.path: missing, a file, not given" root_errors

bundle_errors() {
	call create --bundle "$case/nowhere" x
	expect_failure
	expect_error "$case/nowhere"
	expect_error "no such file or directory"
	mkdir empty
	call create --bundle "$case/empty" x
	expect_failure
	expect_error config.json
	expect_error "no such file or directory"
	[ ! -e state/x ] || fail "a state is left"
}
check "a bundle that is none" bundle_errors

readonly_root() {
	new_bundle
	config set root.readonly true
	args write /etc/x x -- write /tmp/x x -- mkdir /x -- write /dev/x x
	run
	expect_status 0
	expect_line "write /etc/x: EROFS"
	expect_line "write /tmp/x: EROFS"
	expect_line "mkdir /x: EROFS"
	expect_line "write /dev/x: ok"
	config set root.readonly false
	run
	expect_status 0
	expect_line "write /etc/x: ok"
	expect_equal "$(cat "$bundle/rootfs/etc/x")" x
	config del root.readonly
	run
	expect_status 0
	expect_line "write /etc/x: ok"
}
check "root.readonly" readonly_root

# A mount below the rootfs comes along ...
mounts_below_the_root() {
	new_bundle
	config set root.readonly false
	mkdir "$bundle/rootfs/volume"
	args cat /volume/file -- write /volume/x x
	run_after "mount -t tmpfs volume '$bundle/rootfs/volume'; echo here >'$bundle/rootfs/volume/file'"
	expect_status 0
	expect_line here
	expect_line "write /volume/x: ok"
	expect_equal "$(ls "$bundle/rootfs/volume")" ""
}
check "what the host has mounted below the rootfs" mounts_below_the_root

# ... and "readonly" is for the root alone.
mounts_below_a_readonly_root() {
	new_bundle
	mkdir "$bundle/rootfs/volume"
	args write /volume/x x -- mounts
	run_after "mount -t tmpfs volume '$bundle/rootfs/volume'"
	expect_status 0
	expect_line "write /volume/x: ok"
	mount_points | grep -qx /volume || fail "/volume is not mounted"
}
check "root.readonly leaves mounts below the rootfs alone" mounts_below_a_readonly_root

root_on_tmpfs() {
	new_bundle
	cp -a "$bundle" kept
	args write /etc/x x -- mounts /
	mkdir on
	for way in $ways; do
		# shellcheck disable=SC2086 # one or none
		run_after "mount -t tmpfs t '$case/on'; cp -a '$case/kept/rootfs' '$case/on'" ${way#pivot}
		expect_status 0
	done
	config set root.path "\"$case/on/rootfs\""
	config set root.readonly false
	run_after "mount -t tmpfs t '$case/on'; cp -a '$case/kept/rootfs' '$case/on'"
	expect_status 0
	expect_line "write /etc/x: ok"
	[ "$ISOLATION" = kvm ] || grep -q '^/ type=tmpfs' "$case/out" || fail "the root is no tmpfs"
	# the mount itself, too
	config set root.path "\"$case/on\""
	run_after "mount -t tmpfs t '$case/on'; cp -a '$case/kept/rootfs'/. '$case/on'"
	expect_status 0
	expect_line "write /etc/x: ok"
}
check "a rootfs on a tmpfs" root_on_tmpfs

# ---- names and lengths ----

odd_names() {
	new_bundle 'a bundle "with" blanks:and	more\040'
	args cat /etc/mark -- mounts /
	echo here >"$bundle/rootfs/etc/mark"
	mkdir "a source"
	add_mount /data/x bind "$case/a source" bind
	for way in $ways; do
		# shellcheck disable=SC2086 # one or none
		run ${way#pivot}
		expect_status 0
		expect_line here
	done
}
check "blanks and other signs in paths" odd_names

# sun_path of a Unix socket holds 107 bytes, and the gate of start is one.
long_paths() {
	long=$(printf '%060d/%060d/%060d/%060d' 1 2 3 4)
	mkdir -p "$long"
	new_bundle "$long/bundle"
	root=$case/$long/state
	args pause
	"$RINGWALL" --root "$root" create --bundle "$bundle" "$id" >log 2>&1 </dev/null
	"$RINGWALL" --root "$root" start "$id"
	"$RINGWALL" --root "$root" exec "$id" /init echo here >out
	"$RINGWALL" --root "$root" delete --force "$id"
	expect_equal "$(cat out)" here
	[ -z "$(ls -A "$root")" ] || fail "a state is left"
}
check "paths longer than a socket's" long_paths

# ---- the working directory ----

working_directory() {
	new_bundle
	config set process.cwd '"/made/for/this"'
	args cwd -- stat .
	config set root.readonly true
	run
	expect_status 0
	expect_line "/made/for/this"
	expect_line ".: dir 0755 0:0"
	config set process.cwd '"/etc/../made"'
	run
	expect_status 0
	expect_line "/made"
	config set process.cwd '"made"'
	run
	expect_failure
	expect_error "process.cwd"
	touch "$bundle/rootfs/etc/file"
	config set process.cwd '"/etc/file"'
	run
	expect_failure
	expect_error "/etc/file"
	expect_error "not a directory"
}
check "process.cwd is made when it is not there" working_directory

# ---- the host's tree ----

only_its_own_mounts() {
	new_bundle
	args mounts -- ls / -- fds
	mkdir -p mnt
	for way in $ways; do
		# shellcheck disable=SC2086 # one or none
		run_after "mount -t tmpfs host-secret '$case/mnt'" ${way#pivot}
		expect_status 0
		! grep -q host-secret "$case/out" || fail "a mount of the host is in the container"
		mount_points | sort -u >points
		sort -u >expected <<-END
			/
			/proc
			/dev
			/dev/pts
			/dev/shm
			/dev/mqueue
			/sys
			/sys/fs/cgroup
		END
		# and what the masks and read-only paths of the configuration have put there
		config get linux.maskedPaths >paths
		config get linux.readonlyPaths >>paths
		grep -o '/[^"]*' paths | sort -u >masks
		left=$(comm -23 points expected | comm -23 - masks)
		[ -z "$left" ] || fail "unexpected mounts ($way): $left"
		[ -z "$(comm -13 points expected)" ] || fail "missing: $(comm -13 points expected)"
	done
}
check "mountinfo holds the container's mounts and nothing of the host" only_its_own_mounts

# Root of the container with every right over its mounts finds nothing of the host above its own root.
nothing_above() {
	new_bundle
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"]'
	done
	args umount / -- ls / -- ls /.. -- open /../../../../../../init r -- cwd -- \
		stat /proc/1/root
	run
	expect_status 0
	expect_line "open /../../../../../../init r: ok"
	expect_no_line "work"
	expect_equal "$(grep -cx init "$case/out")" 2
	! grep -qx -e home -e usr -e var "$case/out" || fail "the host's root is there"
}
check "nothing lies above or below the root" nothing_above

no_pivot() {
	new_bundle
	args mounts / -- write /tmp/x x -- ls /
	run --no-pivot
	expect_status 0
	expect_line "write /tmp/x: EROFS"
	expect_line init
}
check "--no-pivot" no_pivot

# A complete procfs among the host's mounts would make the kernel let the container mount one as well.
no_procfs_of_the_host() {
	new_bundle
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_SYS_ADMIN"]'
	done
	use_user_namespace
	args mkdir /dev/p -- mount proc /dev/p proc
	run
	expect_status 0
	expect_line "mount /dev/p: ok" # beside its own
	config del 'mounts[0]'
	run
	expect_status 0
	expect_line "mount /dev/p: EPERM"
}
check "without a procfs of its own a user namespace gets none" no_procfs_of_the_host

two_at_once() {
	new_bundle
	config set root.readonly false
	config set process.args '["/init", "write", "/dev/mine", "1", "--", "pause"]'
	mkdir -p "$bundle/rootfs/data"
	add_mount /data tmpfs tmpfs
	for i in a b; do
		ringwall create --bundle "$bundle" "$id-$i" >"log-$i" 2>&1 </dev/null
	done
	for i in a b; do
		ringwall start "$id-$i"
	done
	ringwall exec "$id-a" /init write /data/x a -- write /etc/shared a >log 2>&1
	ringwall exec "$id-b" /init open /data/x r -- cat /etc/shared >out 2>&1
	expect_line "open /data/x r: ENOENT"
	expect_line a
	ringwall delete --force "$id-a"
	ringwall exec "$id-b" /init stat /etc/shared >out 2>&1
	grep -q '^/etc/shared: file' out || fail "the other container has lost its root"
	ringwall delete --force "$id-b"
	expect_equal "$(cat "$bundle/rootfs/etc/shared")" a
}
check "two containers on one rootfs at once" two_at_once

# ---- masked and read-only paths ----

masked_paths() {
	new_bundle
	config set root.readonly false
	mkdir -p "$bundle/rootfs/secret/sub" "$bundle/rootfs/target"
	echo text >"$bundle/rootfs/secret/file"
	echo text >"$bundle/rootfs/etc/file"
	echo text >"$bundle/rootfs/etc/behind"
	echo text >"$bundle/rootfs/target/file"
	mkfifo "$bundle/rootfs/etc/fifo"
	ln -s behind "$bundle/rootfs/etc/link"
	ln -s /target "$bundle/rootfs/linked"
	config set linux.maskedPaths '["/secret", "/etc/file", "/etc/fifo", "/etc/link", "/linked/file",
		"/missing", "/etc/missing/too", "/etc/file/below", "/etc/file"]'
	args ls /secret -- cat /etc/file /etc/fifo /etc/behind /target/file -- echo end -- \
		write /secret/x x -- write /etc/file x -- stat /missing /etc/missing -- mounts
	run
	expect_status 0
	expect_equal "$(sed '/^end$/,$d' "$case/out")" ""
	expect_line "write /secret/x: EROFS"
	expect_line "write /etc/file: ok" # to the null device
	expect_line "/missing: ENOENT"
	expect_line "/etc/missing: ENOENT"
	expect_equal "$(cat "$bundle/rootfs/etc/file")" text
	grep -q '^/secret type=tmpfs.* options=ro,' "$case/out" || fail "/secret is not covered"
	grep -q '^/etc/file type=devtmpfs.* root=/null ' "$case/out" ||
		skip "the host's /dev/null is not on a devtmpfs"
}
check "masked paths: files, directories, links, and what is not there" masked_paths

masked_by_default() {
	new_bundle
	verbs=
	for file in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do
		[ ! -e "$file" ] || verbs="$verbs -- cat $file"
	done
	# shellcheck disable=SC2086 # a list of words
	args ls /sys/firmware $verbs
	run
	expect_status 0
	expect_output ""
}
check "the default configuration masks what tells of the host" masked_by_default

readonly_paths() {
	new_bundle
	config set root.readonly false
	mkdir -p "$bundle/rootfs/data" "$bundle/rootfs/target"
	echo text >"$bundle/rootfs/etc/file"
	ln -s /target "$bundle/rootfs/link"
	add_mount /data/sub tmpfs tmpfs
	add_mount /data/sub/deeper tmpfs tmpfs
	config set linux.readonlyPaths '["/data", "/etc/file", "/link", "/missing", "/etc/file/below",
		"/proc/sys"]'
	args write /data/x x -- write /data/sub/x x -- write /data/sub/deeper/x x -- \
		open /etc/file w -- cat /etc/file -- write /target/x x -- write /etc/x x -- \
		set /proc/sys/kernel/msgmax 1
	run
	expect_status 0
	expect_line "write /data/x: EROFS"
	expect_line "write /data/sub/x: EROFS"
	expect_line "write /data/sub/deeper/x: EROFS"
	expect_line "open /etc/file w: EROFS"
	expect_line text
	expect_line "write /target/x: EROFS"
	expect_line "write /etc/x: ok"
	expect_line "write /proc/sys/kernel/msgmax: EROFS"
}
check "read-only paths, with everything below" readonly_paths

both_at_once() {
	new_bundle
	mkdir -p "$bundle/rootfs/data/secret"
	echo text >"$bundle/rootfs/data/file"
	config set linux.readonlyPaths '["/data"]'
	config set linux.maskedPaths '["/data/secret", "/data/file"]'
	args ls /data/secret -- cat /data/file -- write /data/x x
	run
	expect_status 0
	expect_output "write /data/x: EROFS"
	# in a user namespace, where nodes cannot be made
	use_user_namespace
	run
	expect_status 0
	expect_output "write /data/x: EROFS"
}
check "masked paths in a read-only one, also in a user namespace" both_at_once

relative_paths() {
	for key in maskedPaths readonlyPaths; do
		new_bundle "$key"
		config set "linux.$key" '["/proc/kcore", "etc"]'
		run
		expect_failure
		expect_error "linux.${key}[1]: \"etc\""
		expect_error absolute
	done
}
check "masked and read-only paths are absolute" relative_paths

# ---- with a user namespace ----

user_namespace() {
	new_bundle
	use_user_namespace
	config set root.readonly false
	config set process.cwd '"/made"'
	args id -- write /etc/x x -- stat /etc/x /made -- mounts /
	for way in $ways; do
		# shellcheck disable=SC2086 # one or none
		run ${way#pivot}
		expect_status 0
		expect_line "uid: 0 0 0"
		expect_line "write /etc/x: ok"
		expect_line "/etc/x: file 0644 0:0 size=1"
	done
	expect_equal "$(stat -c %u:%g "$bundle/rootfs/etc/x" "$bundle/rootfs/made" | sort -u)" \
		100000:100000
}
check "in a user namespace the root is the container's" user_namespace

# The container's root may not search the directories that lead to the bundle.
closed_directories() {
	mkdir -m 700 closed
	new_bundle closed/bundle
	use_user_namespace
	args ls / -- mounts /
	for way in $ways; do
		# shellcheck disable=SC2086 # one or none
		run ${way#pivot}
		expect_status 0
		expect_line init
	done
}
check "a bundle in a directory that is closed to the container's root" closed_directories

finish
