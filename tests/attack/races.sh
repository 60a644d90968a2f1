#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Published vulnerabilities that need a race: while containers start, another process exchanges names in a
# volume or in the image.  Whether a start then succeeds is open; the host must stay as it was, and unseen.
# RACE_ROUNDS=n tries each n times.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
all_need_root
: "${RACE_ROUNDS:=10}"
# A case runs up to 180 containers.
CASE_SECONDS=300

# new_victim: a bundle, what attacks aim at (outside/), and a volume in which somebody is at work
new_victim() {
	new_bundle
	config set root.readonly false
	mkdir -p outside/dir volume
	echo canary >outside/file
	echo canary >outside/dir/file
	look >outside.before
}

look() {
	find outside -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
}

# race A B: runs the container again and again while A and B are exchanged; counts the successes
race() {
	"$TOOLS/exchange" "$1" "$2" &
	racer=$!
	round=0 worked=0
	while [ "$round" -lt "$RACE_ROUNDS" ]; do
		status=0
		timeout 20 "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >out 2>err </dev/null ||
			status=$?
		look >outside.after
		if [ "$status" = 124 ] || ! cmp -s outside.before outside.after || grep -q canary out; then
			kill "$racer"
			diff outside.before outside.after || fail "the host was changed in round $round"
			fail "exit status $status, the container says: $(cat out)"
		fi
		[ "$status" != 0 ] || worked=$((worked + 1))
		round=$((round + 1))
	done
	kill "$racer" || fail "nobody raced: $(cat err)"
	wait "$racer" || true
}

# Where nobody is at work the same bundle does.
twin() {
	run
	[ "$status" = 0 ] || fail "the harmless twin fails: $(cat err)"
}

# CVE-2021-30465 (runc): a directory becomes a link between its check and the mount on it
# CVE-2024-45310 (runc): a missing mount point is made through the link
mounts_into_a_volume() {
	new_victim
	mkdir volume/a other
	add_mount /volume bind "$case/volume" rbind
	for kind in tmpfs bind; do
		for below in "" /new/deeper /dir; do
			if [ $kind = bind ]; then
				add_mount "/volume/a$below" bind "$case/other" rbind
			else
				add_mount "/volume/a$below" tmpfs tmpfs
			fi
			args ls "/volume/a$below" -- cat /volume/a/file
			for link in "$case/outside" "../../../../../../../../../../../../..$case/outside" \
				"/proc/self/root$case/outside"; do
				ln -s "$link" volume/b
				race volume/a volume/b
				rm -rf volume/a volume/b
				mkdir volume/a
			done
			args true
			twin
			rm -rf volume/a
			mkdir volume/a
			config del 'mounts[8]'
		done
	done
}
check "mounts into a volume in which directories become links" mounts_into_a_volume

# CVE-2024-45310 (runc), files: the target of a bind mount of a file
files_into_a_volume() {
	new_victim
	mkdir volume/a
	echo harmless >other
	add_mount /volume bind "$case/volume" rbind
	add_mount /volume/a/file bind "$case/other" bind
	args true
	ln -s "$case/outside" volume/b
	race volume/a volume/b
	rm -rf volume/a volume/b
	mkdir volume/a
	args cat /volume/a/file
	twin
	expect_output harmless
}
check "files mounted into a volume in which directories become links" files_into_a_volume

# CVE-2025-31133, GHSA-3q8j-pf29-vwv8 (youki): what is to be masked or read-only is exchanged meanwhile
masks_in_a_volume() {
	new_victim
	mkdir volume/a
	echo secret >volume/a/file
	add_mount /volume bind "$case/volume" rbind
	config set linux.maskedPaths '["/volume/a/file", "/volume/a/dir"]'
	config set linux.readonlyPaths '["/volume/a"]'
	config set linux.devices '[{"path": "/volume/a/device", "type": "c", "major": 1, "minor": 3}]'
	args true
	ln -s "$case/outside" volume/b
	race volume/a volume/b
	rm -rf volume/a volume/b
	mkdir volume/a
	echo secret >volume/a/file
	args cat /volume/a/file -- write /volume/a/new x
	twin
	! grep -q secret out || fail "the mask does not cover"
	grep -q EROFS out || fail "the path is writable"
}
check "masks, read-only paths and devices in such a volume" masks_in_a_volume

# CVE-2026-55686 (podman), CVE-2024-21626: the working directory
cwd_in_a_volume() {
	new_victim
	mkdir volume/a
	add_mount /volume bind "$case/volume" rbind
	config set process.cwd '"/volume/a/new"'
	args cwd -- cat ../file -- cat file
	ln -s "$case/outside" volume/b
	race volume/a volume/b
	rm -rf volume/a volume/b
	mkdir volume/a
	args cwd
	twin
	expect_line /volume/a/new
}
check "a working directory in such a volume" cwd_in_a_volume

# CVE-2019-19921, CVE-2023-27561 (runc), CVE-2025-54867 (youki): /proc of the image
# CVE-2026-41579 (runc), CVE-2026-47766 (crun): /dev of the image
directories_of_the_image() {
	new_victim
	for dir in proc sys dev; do
		ln -s "$case/outside" "$bundle/rootfs/link"
		args true
		race "$bundle/rootfs/$dir" "$bundle/rootfs/link"
		rm -rf "$bundle/rootfs/$dir" "$bundle/rootfs/link"
		mkdir "$bundle/rootfs/$dir"
		twin
	done
}
check "/proc, /sys and /dev of an image become links" directories_of_the_image

# CVE-2024-23652 (BuildKit): what is taken down deletes through links
deletion() {
	new_victim
	mkdir volume/a
	touch volume/a/file
	add_mount /volume bind "$case/volume" rbind
	add_mount /volume/a/made tmpfs tmpfs
	args true
	ln -s "$case/outside" volume/b
	race volume/a volume/b
	[ -e volume/a/file ] || [ -e volume/b/file ] || fail "a file of the volume is gone"
}
check "nothing is deleted by way of a volume" deletion

finish
