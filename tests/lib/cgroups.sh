# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # used by and set by those who source it
#
# What the tests of cgroups share; sourced after lib.sh.  Sets $cgroups, the mount of cgroup v2, or ends the file
# as skipped.

cgroups=
for folder in /sys/fs/cgroup /sys/fs/cgroup/unified; do
	[ ! -e $folder/cgroup.procs ] || [ ! -e $folder/cgroup.controllers ] || cgroups=$folder
done
if [ -z "$cgroups" ] || [ ! -w "$cgroups/cgroup.procs" ]; then
	echo "1..0 # SKIP needs root and a cgroup2 file system"
	exit 0
fi

is() {
	[ "$(state_of status)" = "$1" ]
}

# new_container [WORD...]: its program is /init WORD..., by default one that waits; no cgroup namespace, so
# that it sees where it is.  Sets $path, where its cgroup can be.
new_container() {
	new_bundle
	[ $# -gt 0 ] || set -- pause
	args "$@"
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]'
	path=/$id
}

# The container can make cgroups of its own.
writable_cgroup() {
	config append linux.namespaces '{"type": "cgroup"}'
	config append mounts '{"destination": "/sys/fs/cgroup", "type": "cgroup2", "source": "cgroup2",
		"options": ["rw", "nosuid", "nodev", "noexec"]}'
	config set linux.cgroupsPath "\"$path\""
	config set linux.maskedPaths '[]'
	config set linux.readonlyPaths '[]'
}

# The processes of the container's cgroup, in one line
members() {
	sort -n "$cgroups$path/cgroup.procs" | tr '\n' ' '
}

is_empty() {
	grep -qx 'populated 0' "$cgroups$path/cgroup.events"
}

has_controller() {
	grep -qw "$1" "$cgroups/cgroup.controllers"
}

nothing_is_left() {
	left=$(ls -A "$case/state" 2>/dev/null || true)
	[ -z "$left" ] || fail "the state root holds: $left"
	left=$(find "$cgroups" -type d -name "*$id*" 2>/dev/null || true)
	[ -z "$left" ] || fail "cgroups are left: $left"
}
