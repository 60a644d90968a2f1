#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Published vulnerabilities of container runtimes that need no race, as images and configurations that
# try them.  Each attack must fail, with the host untouched; beside it stands what looks alike and must work.
#
# The host that must stay untouched is $case/outside; links lead there by absolute and by relative paths.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root

# new_victim: a bundle, and the folder that attacks aim at
new_victim() {
	new_bundle
	mkdir -p outside/dir
	echo canary >outside/file
	mknod outside/null c 1 3
	mkdir -m 755 outside/pts
	up=$(printf '%s' "$bundle/rootfs" | sed 's|[^/]\{1,\}|..|g; s|^/||')
	look >outside.before
}

# What somebody on the host would see; times, too.
look() {
	find outside -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
	cat outside/file
}

# Nothing outside has changed, whether the container has run or not.
untouched() {
	look >outside.after
	diff outside.before outside.after || fail "the host was changed"
	! grep -q -e canary out || fail "the container has seen the host"
}

# The ways that lead out of an image.
links() {
	echo "$case/outside"
	echo "$up$case/outside"
	echo "../../../../../../../../../../../../../../../../..$case/outside"
	echo "/proc/self/root$case/outside"
	echo "/proc/1/root$case/outside"
	echo "/proc/self/cwd/outside"
	echo "/proc/self/fd/3"
}

# attempt: runs, with a limit of time: an attack may also try to keep the runtime.
attempt() {
	status=0
	timeout $((WAIT_SECONDS * 2)) "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >out 2>err </dev/null ||
		status=$?
	[ "$status" != 124 ] || fail "it hangs"
}

# ---- directories of the image that are links ----

# CVE-2026-41579 (runc), CVE-2026-47766 (crun): /dev of the image is a link, devices are made on the host
dev_is_a_link() {
	new_victim
	config set root.readonly false
	for mounts in "$(config get mounts)" '[{"destination": "/proc", "type": "proc"}]'; do
		config set mounts "$mounts"
		for link in $(links); do
			rm -rf "$bundle/rootfs/dev"
			ln -s "$link" "$bundle/rootfs/dev"
			attempt
			untouched
		done
	done
	# A link to another directory of the image is nothing bad.
	rm -rf "$bundle/rootfs/dev"
	mkdir "$bundle/rootfs/real"
	ln -s /real "$bundle/rootfs/dev"
	config set mounts '[{"destination": "/proc", "type": "proc"}]'
	args stat /real/null -- open /dev/null rw
	attempt
	expect_status 0
	expect_line "/real/null: char 0666 0:0 1:3"
	expect_line "open /dev/null rw: ok"
}
check "/dev of the image is a link" dev_is_a_link

# CVE-2019-19921, CVE-2023-27561, CVE-2023-28642 (runc), CVE-2025-54867 (youki)
proc_or_sys_is_a_link() {
	new_victim
	mkdir "$bundle/rootfs/tmp/proc"
	for dir in proc sys; do
		for link in $(links) /tmp/proc tmp/proc; do
			rmdir "$bundle/rootfs/$dir" 2>/dev/null || rm "$bundle/rootfs/$dir"
			ln -s "$link" "$bundle/rootfs/$dir"
			attempt
			expect_failure
			expect_error "\"/$dir\""
			expect_error "it must be a directory of the image, not a symbolic link"
			untouched
		done
		rm "$bundle/rootfs/$dir"
		mkdir "$bundle/rootfs/$dir"
	done
	attempt
	expect_status 0
}
check "/proc or /sys of the image is a link" proc_or_sys_is_a_link

# CVE-2019-16884 (runc, crun), CVE-2015-3631: labels are written to a file of the container
proc_is_a_volume() {
	new_victim
	mkdir -p volume/self/attr volume/sys/kernel
	touch volume/self/attr/exec
	config append mounts "{\"destination\": \"/proc\", \"type\": \"bind\", \"source\": \"$case/volume\",
		\"options\": [\"rbind\"]}"
	attempt
	expect_failure
	expect_error "only a procfs can be mounted on /proc"
	# by a detour through a link of the image
	ln -s proc "$bundle/rootfs/p"
	for at in /p /p/self/attr /p/sys/kernel; do
		config set 'mounts[7].destination' "\"$at\""
		attempt
		expect_failure
		untouched
	done
	config set 'mounts[7].destination' '"/volume"'
	attempt
	expect_status 0
}
check "a volume on /proc, or in it by a link" proc_is_a_volume

# CVE-2015-3629, CVE-2015-1335, CVE-2019-18837, CVE-2024-5154, CVE-2026-87766: mount targets through links
targets_through_links() {
	new_victim
	config set root.readonly false
	mkdir volume
	echo volume >volume/file
	for link in $(links); do
		rm -f "$bundle/rootfs/link"
		ln -s "$link" "$bundle/rootfs/link"
		for at in /link /link/dir /link/new/deeper /link/../link/dir; do
			add_mount "$at" bind "$case/volume" rbind
			attempt
			untouched
			config set 'mounts[7]' "{\"destination\": \"$at\", \"type\": \"tmpfs\",
				\"options\": [\"tmpcopyup\"]}"
			attempt
			untouched
			config del 'mounts[7]'
		done
		for at in /link /link/file /link/newfile; do
			add_mount "$at" bind "$case/volume/file" bind
			attempt
			untouched
			config del 'mounts[7]'
		done
	done
	# inside of the image links are followed
	rm "$bundle/rootfs/link"
	mkdir "$bundle/rootfs/real"
	ln -s /tmp/../real "$bundle/rootfs/link"
	add_mount /link/made bind "$case/volume" rbind
	args cat /real/made/file
	attempt
	expect_status 0
	expect_output volume
}
check "destinations of mounts that lead out of the image" targets_through_links

# CVE-2021-30465 without its race: an earlier mount brings the link.
link_in_a_volume() {
	new_victim
	mkdir volume
	for link in $(links); do
		rm -f volume/link
		ln -s "$link" volume/link
		add_mount /volume bind "$case/volume" rbind
		add_mount /volume/link/dir tmpfs tmpfs
		args open "$case/outside/file" r -- ls /
		attempt
		untouched
		config del 'mounts[8]'
		config del 'mounts[7]'
	done
	rm volume/link
	mkdir volume/link
	add_mount /volume bind "$case/volume" rbind
	add_mount /volume/link/dir tmpfs tmpfs
	args mounts /volume/link/dir
	attempt
	expect_status 0
	grep -q '^/volume/link/dir type=tmpfs' out || fail "the harmless one does not work"
}
check "a link that an earlier mount brings" link_in_a_volume

# linux.devices, maskedPaths and readonlyPaths through links
other_paths_through_links() {
	new_victim
	config set root.readonly false
	for link in $(links); do
		rm -f "$bundle/rootfs/link"
		ln -s "$link" "$bundle/rootfs/link"
		config set linux.devices '[{"path": "/link/device", "type": "c", "major": 1, "minor": 3},
			{"path": "/link/new/device", "type": "p"}]'
		attempt
		untouched
		config del linux.devices
		config set linux.maskedPaths '["/link", "/link/file", "/link/dir"]'
		config set linux.readonlyPaths '["/link", "/link/file", "/link/dir"]'
		attempt
		untouched
		config del linux.maskedPaths
		config del linux.readonlyPaths
	done
	rm "$bundle/rootfs/link"
	mkdir "$bundle/rootfs/tmp/dir"
	ln -s tmp "$bundle/rootfs/link"
	config set linux.maskedPaths '["/link/dir"]'
	args write /tmp/dir/x x
	attempt
	expect_status 0
	expect_line "write /tmp/dir/x: EROFS"
}
check "devices, masked and read-only paths that lead out" other_paths_through_links

# ---- files of the image's /dev ----

# CVE-2025-31133 (runc), CVE-2025-62161 (youki): what masks are made of is the image's /dev/null;
# CVE-2026-88265 (crun): a regular file has the device number of a pipe and becomes a standard stream
null_is_something_else() {
	new_victim
	config set root.readonly false
	default_mounts=$(config get mounts)
	config set mounts '[{"destination": "/proc", "type": "proc"}]'
	echo secret >"$bundle/rootfs/etc/secret"
	config set linux.maskedPaths '["/etc/secret"]'
	args cat /etc/secret
	for link in "$case/outside/file" "$up$case/outside/file" /etc/secret /proc/self/fd/0; do
		rm -f "$bundle/rootfs/dev/null"
		ln -s "$link" "$bundle/rootfs/dev/null"
		attempt
		expect_failure
		expect_error 'device "/dev/null"'
		untouched
	done
	rm "$bundle/rootfs/dev/null"
	echo secret >"$bundle/rootfs/dev/null"
	attempt
	expect_failure
	expect_error 'device "/dev/null"'
	expect_equal "$(cat "$bundle/rootfs/dev/null")" secret
	rm "$bundle/rootfs/dev/null"
	mknod -m 666 "$bundle/rootfs/dev/null" c 1 3
	attempt
	expect_status 0
	expect_output ""
	# a tmpfs that hides it
	rm "$bundle/rootfs/dev/null"
	ln -s "$case/outside/file" "$bundle/rootfs/dev/null"
	config set mounts "$default_mounts"
	attempt
	expect_status 0
	expect_output ""
	untouched
}
check "/dev/null of the image is a link or a file" null_is_something_else

# CVE-2025-52565 (runc), CVE-2026-88264 (crun): /dev/console, /dev/pts, ptmx
terminal_is_something_else() {
	new_victim
	config set root.readonly false
	config set process.terminal true
	config set mounts '[{"destination": "/proc", "type": "proc"}, {"destination": "/dev/pts",
		"type": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620"]}]'
	args isatty
	for entry in console pts ptmx; do
		for link in "$case/outside/file" "$up$case/outside/new" "$case/outside/pts" /etc/new; do
			rm -rf "$bundle/rootfs/dev"
			mkdir "$bundle/rootfs/dev"
			ln -s "$link" "$bundle/rootfs/dev/$entry"
			with_terminal
			untouched
		done
	done
	rm -rf "$bundle/rootfs/dev"
	mkdir -p "$bundle/rootfs/dev/pts"
	# What is below the devpts is not asked.
	ln -s /etc/new "$bundle/rootfs/dev/pts/0"
	touch "$bundle/rootfs/dev/console"
	with_terminal
	expect_status 0
	grep -q '^fd 0: /dev/pts/0' terminal || fail "no terminal: $(cat terminal)"
	untouched
}

# Creates and starts with a console socket; what the terminal gives is in the file terminal.
with_terminal() {
	rm -f socket
	"$TOOLS/recvtty" "$case/socket" --timeout "$WAIT_SECONDS" >terminal 2>recvtty.err &
	recvtty=$!
	wait_until test -S socket
	status=0
	ringwall create --bundle "$bundle" --console-socket "$case/socket" "$id" >out 2>err </dev/null ||
		status=$?
	if [ "$status" = 0 ]; then
		ringwall start "$id"
		wait "$recvtty" || true
		ringwall delete --force "$id"
	else
		kill "$recvtty" || true # create may have got as far as the socket
		wait "$recvtty" || true
	fi
}
check "/dev/console, /dev/pts and /dev/ptmx of the image are links" terminal_is_something_else

# ---- the working directory ----

# CVE-2026-55686 (podman): a missing WORKDIR is made through a link
cwd_through_a_link() {
	new_victim
	config set root.readonly false
	args cwd -- ls . -- write ./made x
	for link in $(links); do
		rm -f "$bundle/rootfs/link"
		ln -s "$link" "$bundle/rootfs/link"
		for cwd in /link /link/dir /link/new/deeper; do
			config set process.cwd "\"$cwd\""
			attempt
			untouched
			if [ "$status" = 0 ] && ! head -n 1 out | grep -q '^/'; then
				fail "the working directory is $(head -n 1 out)"
			fi
		done
	done
	rm "$bundle/rootfs/link"
	ln -s tmp "$bundle/rootfs/link"
	config set process.cwd '"/link/new"'
	attempt
	expect_status 0
	expect_line /tmp/new
}
check "a working directory that leads out" cwd_through_a_link

# CVE-2024-21626 (runc): a descriptor of the host is left open, and is the working directory
leaked_descriptors() {
	new_victim
	args fds
	status=0
	ringwall run --bundle "$bundle" "$id" >out 2>err </dev/null 7<outside 9<outside/file 8>other ||
		status=$?
	expect_status 0
	expect_equal "$(cut -d : -f 1 out | tr '\n' ' ')" "fd 0 fd 1 fd 2 "
	args cwd -- ls . -- cat ../file
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		config set process.cwd "\"/proc/self/fd/$fd\""
		status=0
		ringwall run --bundle "$bundle" "$id" >out 2>err </dev/null 7<outside 9<outside/dir ||
			status=$?
		expect_failure
		untouched
	done
	# the same for exec
	args pause
	config set process.cwd '"/"'
	start_container
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		status=0
		ringwall exec --cwd "/proc/self/fd/$fd" "$id" /init ls . >out 2>err 7<outside 9<outside/dir ||
			status=$?
		expect_failure
		untouched
	done
	ringwall exec "$id" /init fds >out 2>err </dev/null 7<outside 8>other
	expect_equal "$(cut -d : -f 1 out | tr '\n' ' ')" "fd 0 fd 1 fd 2 "
}
check "descriptors of the caller, and working directories behind them" leaked_descriptors

wanted_descriptors() {
	new_bundle
	args pause
	start_container
	ringwall exec --preserve-fds 1 "$id" /init readfd 3 >out 2>err </dev/null 3<"$bundle/config.json" \
		4<"$bundle/config.json"
	cmp out "$bundle/config.json"
	ringwall exec --preserve-fds 1 "$id" /init fds >out 2>err </dev/null 3<"$bundle/config.json" \
		4<"$bundle/config.json"
	expect_equal "$(cut -d : -f 1 out | tr '\n' ' ')" "fd 0 fd 1 fd 2 fd 3 "
}
check "exec passes on the descriptors that are asked for" wanted_descriptors

# ---- the runtime's own binary ----

# CVE-2019-5736 (runc, crun, lxc)
own_binary() {
	new_victim
	sum=$(cksum <"$RINGWALL")
	printf '#!/proc/self/exe\n' >"$bundle/rootfs/script"
	chmod 755 "$bundle/rootfs/script"
	for program in /proc/self/exe /script /proc/1/exe; do
		config set process.args "[\"$program\", \"--version\"]"
		attempt
		expect_failure
		expect_equal "$(cksum <"$RINGWALL")" "$sum"
	done
	# What waits for start is protected as well, against root of the host.
	args true
	ringwall create --bundle "$bundle" "$id" >out 2>err </dev/null
	pid=$(state_of pid)
	[ "$(stat -Lc %d:%i "/proc/$pid/exe")" != "$(stat -Lc %d:%i "$RINGWALL")" ] ||
		fail "the runtime's own file is executed in the container"
	! sh -c ": >>/proc/$pid/exe" 2>/dev/null || fail "it can be opened for writing"
	expect_equal "$(cksum <"$RINGWALL")" "$sum"
}
check "the runtime's binary cannot be written from the container" own_binary

# One container can look at every process, and another one, in the same pid namespace, waits for its start: that is still
# the runtime.
binary_of_another() {
	new_victim
	sum=$(cksum <"$RINGWALL")
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_KILL"]'
	done
	args steal-exe
	start_container
	pid=$(state_of pid)
	config set 'linux.namespaces[0]' "{\"type\": \"pid\", \"path\": \"/proc/$pid/ns/pid\"}"
	args true
	ringwall create --bundle "$bundle" "$id-b" >out 2>err </dev/null || cat err
	wait_until grep -q '^steal: ' container.log
	grep -q -e '^steal: EROFS' -e '^steal: EPERM' container.log || fail "$(cat container.log)"
	expect_equal "$(cksum <"$RINGWALL")" "$sum"
}
check "the binary of a runtime that waits in the same pid namespace cannot be written" binary_of_another

# ---- files of the image that are read ----

# CVE-2024-9676 and others: a FIFO, a device or an endless file as /etc/passwd
odd_user_files() {
	new_victim
	config set process.user '{"uid": 33, "gid": 33}'
	args env HOME
	for file in passwd group; do
		mkfifo "$bundle/rootfs/etc/$file"
		attempt # must not hang
		rm "$bundle/rootfs/etc/$file"
		mknod "$bundle/rootfs/etc/$file" c 1 5
		attempt
		rm "$bundle/rootfs/etc/$file"
		truncate -s 100G "$bundle/rootfs/etc/$file"
		attempt
		rm "$bundle/rootfs/etc/$file"
		ln -s "$case/outside/file" "$bundle/rootfs/etc/$file"
		attempt
		untouched
		rm "$bundle/rootfs/etc/$file"
	done
	echo "www:x:33:33::/var/www:/bin/sh" >"$bundle/rootfs/etc/passwd"
	attempt
	expect_status 0
	expect_output HOME=/var/www
}
check "/etc/passwd and /etc/group that are no plain files" odd_user_files

# ---- names ----

# crun before 1.20: `delete --force ../x` removes a foreign directory
ids_are_names() {
	new_victim
	mkdir -p state/real victim
	echo '{}' >victim/state.json
	for bad in ../victim ../../victim /victim . .. a/../../victim "$case/victim" "" 'a b' 'a
b'; do
		for command in "delete --force" delete state "kill --all" start pause ps; do
			# shellcheck disable=SC2086 # one or two words
			call $command "$bad"
			expect_failure
		done
		call create --bundle "$bundle" "$bad"
		expect_failure
		[ -f victim/state.json ] || fail "\"$bad\" has removed the folder"
		[ "$(ls state)" = real ] || fail "\"$bad\" has made $(ls state)"
	done
	rmdir state/real
	call delete --force unknown
	expect_status 0
	untouched
}
check "ids are names and no paths" ids_are_names

# runc GHSA-5g49-rx9x-qfc6 and the like: ".." in names that become files
dots_in_names() {
	new_victim
	config set linux.resources.hugepageLimits '[{"pageSize": "../../x/2MB", "limit": 0}]'
	attempt
	expect_failure
	expect_error "linux.resources.hugepageLimits[0].pageSize"
	config del linux.resources.hugepageLimits
	for key in kernel/../../../etc/x kernel...x net/../../self/mem ../x kernel..shmmax .kernel kernel. ""; do
		config set linux.sysctl "{\"$key\": \"1\"}"
		attempt
		expect_failure
		expect_error linux.sysctl
	done
	config set linux.sysctl '{"net/ipv4/conf/lo/../../../ip_forward": "1"}'
	attempt
	expect_failure
	config del linux.sysctl
	for path in ../x /../x /x/../../y x/./y /x/..; do
		config set linux.cgroupsPath "\"$path\""
		attempt
		expect_failure
		expect_error linux.cgroupsPath
	done
	config del linux.cgroupsPath
	config set linux.resources.unified '{"../cgroup.procs": "1"}'
	attempt
	expect_failure
	expect_error linux.resources.unified
	config set linux.resources.unified '{"sub/cgroup.procs": "1"}'
	attempt
	expect_failure
	config del linux.resources.unified
	untouched
	config set linux.sysctl '{"kernel.msgmax": "8192", "net/ipv4/ip_forward": "1"}'
	args cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward
	attempt
	expect_status 0
	expect_output "8192
1"
}
check "no way out by names in the configuration" dots_in_names

# CVE-2023-25809 (runc): writable cgroups below a read-only /sys
cgroups_below_sys() {
	new_victim
	use_user_namespace
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "user"}, {"type": "ipc"},
		{"type": "uts"}]'
	for set in bounding effective permitted; do
		config set "process.capabilities.$set" '["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]'
	done
	config set mounts '[{"destination": "/proc", "type": "proc"},
		{"destination": "/sys", "type": "sysfs", "options": ["ro", "nosuid", "nodev", "noexec"]}]'
	args mounts
	attempt
	expect_status 0
	! grep '^/sys' out | grep -q 'options=rw' || fail "something below /sys is writable"
}
check "a /sys that stands in is read-only with everything below" cgroups_below_sys

# Without a mount namespace of its own the container's root is a chroot, which setns(2) does not lead into.
ns_differs() {
	[ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}
exec_stays_inside() {
	need_root
	new_victim
	config del mounts
	config del linux.maskedPaths
	config del linux.readonlyPaths
	config set root.readonly false
	mkdir -p "$bundle/rootfs$case/outside"
	echo "the container's" >"$bundle/rootfs$case/outside/file"
	args pause
	sleep 1000 &
	holder=$!
	[ "$1" = none ] || {
		unshare -m --propagation private sleep 1000 &
		kill "$holder"
		holder=$!
		wait_until ns_differs "$holder"
	}
	config set linux.namespaces '[{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}]'
	[ "$1" = none ] ||
		config append linux.namespaces "{\"type\": \"mount\", \"path\": \"/proc/$holder/ns/mnt\"}"
	start_container
	call exec "$id" /init cat "$case/outside/file"
	kill "$holder"
	expect_status 0
	expect_output "the container's"
	call exec "$id" /bin/sh -c true
	expect_failure
	ringwall delete --force "$id"
	untouched
}
check "exec without a mount namespace of the container is in the container's root" exec_stays_inside none
check "exec in a joined mount namespace is in the container's root" exec_stays_inside joined

# What a create leaves that was killed before it made the cgroup: a record that names one of somebody else.
foreign_cgroup() {
	need_root
	new_bundle
	mkdir -p "$case/state/$id"
	cat >"$case/state/$id/state.json" <<-END
		{"id": "$id", "phase": "creating", "isolation": "native", "pid": 0, "cgroupManager": "cgroupfs",
		 "cgroupPath": "/$id-foreign"}
	END
	cat >"$case/inside" <<-'END'
		set -e
		program=$1 state=$2 id=$3 group=/sys/fs/cgroup/$3-foreign
		[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup || exit 77
		mkdir "$group" || exit 77
		sh -c 'echo $$ >"$0/cgroup.procs"; exec sleep 1000' "$group" &
		victim=$!
		until grep -q . "$group/cgroup.procs"; do sleep 0.1; done
		rc=0
		"$program" --root "$state" delete $4 "$id" || rc=$?
		[ -n "$(cat "$group/cgroup.procs")" ] || rc=99
		kill "$victim" || rc=98
		wait "$victim" || true
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			! rmdir "$group" || break
			sleep 0.1
		done
		exit $rc
	END
	rc=0
	unshare -m --propagation private sh "$case/inside" "$RINGWALL" "$case/state" "$id" "${1-}" || rc=$?
	[ "$rc" != 77 ] || skip "no cgroup2 file system can be mounted"
	expect_equal "$rc" 0
	[ ! -e "$case/state/$id" ] || fail "the state is left"
}
check "delete of a creation that died leaves somebody else's cgroup alone" foreign_cgroup
check "delete --force likewise" foreign_cgroup --force

finish
