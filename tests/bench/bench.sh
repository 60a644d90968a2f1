#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bench.sh [-n N] [SCENARIO...]: ringwall against the other runtimes of this machine and against the
# floor, with podman's default bundle.  See README.md.
#
# RINGWALL, CRUN, RUNC name the programs ("" leaves one out); CC the compiler of the tools.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${abs_top_srcdir:=$(cd "$here/../.." && pwd)}"
: "${abs_top_builddir:=$abs_top_srcdir/build}"
: "${RINGWALL=$abs_top_builddir/ringwall}"
: "${CRUN=$(command -v crun || true)}"
: "${RUNC=$(command -v runc || true)}"
: "${CC:=gcc}"

n=50
while getopts n: option; do
	case $option in
	n) n=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- run create start state list exec kill delete cold syscalls

[ "$(id -u)" = 0 ] || {
	echo "bench.sh: needs root: the floor makes namespaces without a user namespace" >&2
	exit 77
}

# crun refuses hybrid cgroups and runc makes a directory in each hierarchy of v1: on such machines all of
# them see the v2 hierarchy alone, in a mount namespace of this script's own.
if [ -z "${BENCH_PRIVATE:-}" ]; then
	export RINGWALL CRUN RUNC BENCH_PRIVATE=1
	# shellcheck disable=SC2016 # for the shell that it starts
	exec unshare --mount --propagation private sh -c '
		[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
		exec "$@"' sh sh "$here/bench.sh" -n "$n" "$@"
fi

# On a tmpfs, as runtimes keep their states (/run); it goes with the namespace.
work=$(mktemp -d /tmp/ringwall-bench.XXXXXX)
mount -t tmpfs -o mode=0700 tmpfs "$work"

# ---- the runtimes: name, command line ----

# Each with its own root; no cgroups where they can be switched off, so that all do the same work on
# machines with any layout of cgroups.
runtimes=
[ -z "$RINGWALL" ] || [ ! -x "$RINGWALL" ] || runtimes="$runtimes ringwall"
[ -z "$CRUN" ] || runtimes="$runtimes crun"
[ -z "$RUNC" ] || runtimes="$runtimes runc"

runtime() {
	case $1 in
	ringwall) echo "$RINGWALL --root $work/state-ringwall --cgroup-manager disabled" ;;
	crun) echo "$CRUN --root $work/state-crun --cgroup-manager=disabled" ;;
	runc) echo "$RUNC --root $work/state-runc" ;;
	esac
}

cleanup() {
	for name in $runtimes; do
		for state in "$work/state-$name"/*; do
			[ ! -d "$state" ] || $(runtime "$name") delete --force "${state##*/}" || true
		done
	done
	umount -l "$work"
	rmdir "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# ---- the tools and bundles ----

flags="-std=gnu11 -O2 -D_GNU_SOURCE -static"
# shellcheck disable=SC2086 # flags are words
{
	$CC $flags -o "$work/bench" "$here/bench.c"
	$CC $flags -o "$work/floor" "$here/floor.c"
	$CC $flags -fno-stack-protector -nostartfiles -o "$work/true" "$here/tiny.c"
	$CC $flags -fno-stack-protector -nostartfiles -DWAIT -o "$work/wait" "$here/tiny.c"
}

caps='["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_NET_BIND_SERVICE",
	"CAP_SETFCAP","CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYS_CHROOT"]'

# config PROGRAM SECCOMP: podman's default config.json
config() {
	cat <<END
{ "ociVersion": "1.0.2",
  "process": {
	"terminal": false, "user": { "uid": 0, "gid": 0 }, "args": ["$1"], "cwd": "/",
	"env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"],
	"capabilities": { "bounding": $caps, "effective": $caps, "permitted": $caps },
	"rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
	"oomScoreAdj": 0 },
  "root": { "path": "rootfs", "readonly": false },
  "hostname": "bench",
  "mounts": [
	{ "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid","noexec","nodev"] },
	{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
	  "options": ["nosuid","strictatime","mode=755","size=65536k"] },
	{ "destination": "/sys", "type": "sysfs", "source": "sysfs",
	  "options": ["nosuid","noexec","nodev","ro"] },
	{ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
	  "options": ["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"] },
	{ "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
	  "options": ["nosuid","noexec","nodev"] },
	{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
	  "options": ["nosuid","noexec","nodev","mode=1777","size=64000k"] },
	{ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
	  "options": ["rprivate","nosuid","noexec","nodev","relatime","ro"] }
  ],
  "linux": {
	"namespaces": [ {"type":"pid"}, {"type":"network"}, {"type":"ipc"}, {"type":"uts"},
		{"type":"mount"}, {"type":"cgroup"} ],
	"maskedPaths": [ "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
		"/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux" ],
	"readonlyPaths": [ "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger" ],
	"seccomp": $2
  }
}
END
}

# The data file is a whole config.json: its seccomp object, without the last newline.
profile=$(awk '/^\t\t"seccomp": \{/ { print "{"; inside = 1; next }
	inside { print }
	/^\t\t\}/ { inside = 0 }' "$abs_top_srcdir/tests/data/seccomp-podman.json" | sed '$s/,$//')
for bundle in true wait cold; do
	mkdir -p "$work/$bundle.bundle/rootfs/proc" "$work/$bundle.bundle/rootfs/sys" \
		"$work/$bundle.bundle/rootfs/dev"
	cp "$work/true" "$work/wait" "$work/$bundle.bundle/rootfs"
done
config /true "$profile" >"$work/true.bundle/config.json"
config /wait "$profile" >"$work/wait.bundle/config.json"

# cold.sh ROUND: a profile that no runtime has seen: a value of one more rule is the round.
rule='{ "names": ["getpriority"], "action": "SCMP_ACT_ALLOW",
	"args": [{ "index": 1, "value": ROUND, "op": "SCMP_CMP_EQ" }] },'
awk -v rule="$rule" '{ print } /"syscalls": \[/ { print rule }' "$work/true.bundle/config.json" \
	>"$work/cold.template"
cat >"$work/cold.sh" <<END
sed "s/ROUND/\$1/" $work/cold.template >$work/cold.bundle/config.json
END

# ---- the scenarios ----

tab=$(printf '\t')

# candidate NAME BEFORE COMMAND AFTER
candidate() {
	printf '%s%s%s%s%s%s%s\n' "$1" "$tab" "$2" "$tab" "$3" "$tab" "$4"
}

# lines SCENARIO RUNTIME-NAME COMMAND-LINE
lines() {
	name=$2 rt=$3
	create="$rt create --bundle $work/wait.bundle --pid-file $work/pid.$2"
	case $1 in
	run) candidate "$name" "" "$rt run --bundle $work/true.bundle b@" "" ;;
	cold) candidate "$name" "sh $work/cold.sh @" "$rt run --bundle $work/cold.bundle b@" "" ;;
	create) candidate "$name" "" "$create b@" "$rt delete --force b@" ;;
	start) candidate "$name" "$create b@" "$rt start b@" "$rt delete --force b@" ;;
	state) candidate "$name" "" "$rt state up" "" ;;
	list) candidate "$name" "" "$rt list" "" ;;
	exec) candidate "$name" "" "$rt exec up /true" "" ;;
	kill)
		candidate "$name" "$create b@;$rt start b@" "$rt kill b@ KILL" \
			"wait-pid $work/pid.$2;$rt delete --force b@"
		;;
	delete)
		candidate "$name" "$create b@;$rt start b@;$rt kill b@ KILL;wait-pid $work/pid.$2" \
			"$rt delete b@" ""
		;;
	esac
}

# The container "up" runs while these are measured.
needs_running() {
	case $1 in
	state | list | exec) return 0 ;;
	esac
	return 1
}

scenario() {
	if needs_running "$1"; then
		for name in $runtimes; do
			$(runtime "$name") run --detach --bundle "$work/wait.bundle" up >/dev/null </dev/null
		done
	fi
	{
		for name in $runtimes; do
			lines "$1" "$name" "$(runtime "$name")"
		done
		case $1 in
		run | cold)
			candidate floor "" "$work/floor $work/true.bundle/rootfs /true" ""
			candidate "floor --bare" "" "$work/floor --bare $work/true.bundle/rootfs /true" ""
			;;
		esac
	} >"$work/lines"
	echo
	echo "$1"
	"$work/bench" -n "$n" <"$work/lines"
	if needs_running "$1"; then
		for name in $runtimes; do
			$(runtime "$name") delete --force up
		done
	fi
}

# strace's own count of all processes, without a word about time.
syscalls() {
	echo
	echo "system calls of run (strace -f)"
	for name in $runtimes floor; do
		if [ "$name" = floor ]; then
			set -- "$work/floor" "$work/true.bundle/rootfs" /true
		else
			# shellcheck disable=SC2046 # words of a command line
			set -- $(runtime "$name") run --bundle "$work/true.bundle" counted
		fi
		strace -f -c -o "$work/strace" "$@" </dev/null >/dev/null
		awk -v name="$name" '$NF == "total" { printf "%-22s %9d\n", name, $4 }' "$work/strace"
	done
}

echo "n = $n; $(uname -sr), $(nproc) CPUs"
for name in $runtimes; do
	printf '%s: ' "$name"
	$(runtime "$name") --version | head -n 1
done
for scenario; do
	case $scenario in
	syscalls)
		if command -v strace >/dev/null; then
			syscalls
		else
			echo "system calls: strace is not installed"
		fi
		;;
	run | cold | create | start | state | list | exec | kill | delete) scenario "$scenario" ;;
	*)
		echo "bench.sh: unknown scenario \"$scenario\"" >&2
		exit 2
		;;
	esac
done
