# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# The frame of the integration tests: the real binary against bundles whose root filesystem holds one
# static program (tests/tools/init.c).  Output is TAP.
#
#   . "$(dirname "$0")/lib.sh"
#   hostname_is_set() {
#           new_bundle
#           config set hostname '"box"'
#           args hostname
#           run
#           expect_status 0
#           expect_output box
#   }
#   check "the host name is set" hostname_is_set
#   finish
#
# A case is a function; it runs in a subshell under `set -e`, in a folder of its own ($case), and fails
# with the first command that does.  ONLY=TEXT runs the cases whose name holds it.  `skip "what the machine lacks"` ends it as skipped.
# Whatever a case leaves running is deleted after it; a file fails when mounts, cgroups or processes remain.

set -u
# A configuration without a UTS namespace sets the name of the runtime's: a namespace of the tests', not the machine's.
if [ -z "${TESTS_IN_UTS:-}" ] && [ "$(id -u)" = 0 ]; then
	TESTS_IN_UTS=1 exec unshare --uts sh "$0" "$@"
fi
: "${abs_top_builddir:=$(cd "$(dirname "$0")/../../build" 2>/dev/null && pwd)}"
: "${RINGWALL:=$abs_top_builddir/ringwall}"
JSONEDIT=$abs_top_builddir/tests/jsonedit
TOOLS=$abs_top_builddir/tests
# Short: sockets below it must fit into sun_path even for peers that know no better.
work=$(mktemp -d /tmp/ringwall-test.XXXXXX)
count=0 failures=0

# ISOLATION=kvm runs the file in the KVM mode: by the name that means it, which also holds for cases that call
# the program themselves.  The file "kvm-cases" says which cases are not for a machine; with KVM_ALWAYS=1 only those run
# that it says are always run.
: "${ISOLATION:=native}"
: >"$work/listed"
if [ "$ISOLATION" = kvm ]; then
	[ -w /dev/kvm ] || {
		echo "1..0 # SKIP needs /dev/kvm"
		rm -r "$work"
		exit 0
	}
	ln -s "$RINGWALL" "$work/ringwall-kvm"
	RINGWALL=$work/ringwall-kvm
	sed -n "s/^${0##*/} | //p" "$(dirname "$0")/../integration/kvm-cases" >"$work/listed"
	if why=$(grep '^\* | ' "$work/listed"); then
		echo "1..0 # SKIP ${why#* | }"
		rm -r "$work"
		exit 0
	fi
fi
export LC_ALL=C

# The machine's mounts, without those that other test files, and systemd for logins and services, make meanwhile.
others_mounts='$5 ~ "^/run/(netns|user|credentials)" || $5 == "/proc/sys/fs/binfmt_misc" ||
	$5 ~ "^/tmp/ringwall-test" && index($5, work) != 1'
mounts() {
	awk -v work="$work" "$others_mounts { next } { print \$5 }" /proc/self/mountinfo | sort
}

mounts >"$work/mounts"

cleanup() {
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null
	for root in "$work"/*/state; do
		[ -d "$root" ] || continue
		for container in "$root"/*; do
			[ -d "$container" ] && "$RINGWALL" --root "$root" delete --force "${container##*/}"
		done
	done
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# A case that hangs is killed with all its descendants, and fails: its bound in seconds.  A machine takes seconds to
# start, and some cases start dozens of containers.
[ "$ISOLATION" = native ] || : "${CASE_SECONDS:=1200}" "${WAIT_SECONDS:=90}"
: "${CASE_SECONDS:=90}" "${WAIT_SECONDS:=10}"

descendants() {
	for child in $(ps -o pid= --ppid "$1"); do
		descendants "$child"
	done
	printf '%s ' "$1"
}

watch_cases() {
	while sleep 2; do
		[ -f "$work/now" ] || continue
		pid=$(cat "$work/now")
		age=$(($(date +%s) - $(stat -c %Y "$work/now")))
		[ "$age" -ge "$(cat "$work/bound")" ] || continue
		[ -d "/proc/$pid" ] || continue
		# shellcheck disable=SC2046 # a list of pids
		kill -KILL $(descendants "$pid")
	done
}
watch_cases >/dev/null 2>&1 3>&- &
watcher=$!

# ---- the result of a case ----

# What a sanitizer has found counts, though the case was content: with a failure that it expected, or with
# what it did not look at.
reports() {
	find "$case" -maxdepth 1 -type f -exec \
		grep -lsE 'ERROR: (Address|Leak)Sanitizer|: runtime error: ' '{}' + || true
}

check() {
	why=$(awk -F ' [|] ' -v name="$1" '$1 == name { print $2 }' "$work/listed")
	[ -z "$why" ] || printf '%s\n' "$1" >>"$work/met"
	case $why in
	always | '') [ -z "${KVM_ALWAYS:-}" ] || [ "$why" = always ] || return ;;
	*)
		[ -z "${KVM_ALWAYS:-}" ] || return
		count=$((count + 1))
		printf 'ok %d - %s # SKIP %s\n' "$count" "$1" "$why"
		return
		;;
	esac
	run_case "$@"
}

run_case() {
	name=$1
	shift
	count=$((count + 1))
	case $name in *"${ONLY:-}"*) ;; *) return ;; esac
	case=$work/$count
	mkdir -p "$case"
	(
		set -e
		cd "$case"
		"$@"
	) >"$case/log" 2>&1 &
	echo "$CASE_SECONDS" >"$work/bound" # a file's own, which it sets after this one
	printf '%s\n' "$!" >"$work/now"
	wait $!
	rc=$?
	report=$(reports)
	if [ -n "$report" ]; then
		# shellcheck disable=SC2086 # names of ours
		cat $report >"$case/report"
		mv "$case/report" "$case/log"
		rc=1
	fi
	case $rc in
	0) printf 'ok %d - %s\n' "$count" "$name" ;;
	77) printf 'ok %d - %s # SKIP %s\n' "$count" "$name" "$(tail -n 1 "$case/log")" ;;
	*)
		failures=$((failures + 1))
		printf 'not ok %d - %s\n' "$count" "$name"
		sed 's/^/# /' "$case/log"
		[ ! -f "$case/out" ] || sed 's/^/# stdout: /' "$case/out"
		[ ! -f "$case/err" ] || sed 's/^/# stderr: /' "$case/err"
		[ ! -f "$case/typescript" ] || sed 's/^/# terminal: /' "$case/typescript"
		[ ! -f "$case/container.log" ] || sed 's/^/# container: /' "$case/container.log"
		;;
	esac
	if [ -d "$case/state" ]; then
		for container in "$case/state"/*; do
			[ -d "$container" ] && "$RINGWALL" --root "$case/state" delete --force "${container##*/}"
		done
	fi
}

skip() {
	echo "$1"
	exit 77
}

fail() {
	echo "$*"
	exit 1
}

# Before strace(1) of the program.  The leak sanitizer, which traces it itself at its end, is not for this case.
need_strace() {
	command -v strace >/dev/null 2>&1 || skip "strace is not installed"
	export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
}

# The last case of each file, and its end.
finish() {
	run_case "nothing is left behind" nothing_left
	[ ! -s "$work/listed" ] || run_case "what is listed as not for a machine exists" listed_exist
	printf '1..%d\n' "$count"
	exit "$([ "$failures" = 0 ] && echo 0 || echo 1)"
}

listed_exist() {
	cut -d'|' -f1 "$work/listed" | sed 's/ $//' | while read -r name; do
		grep -qxF -- "$name" "$work/met" || fail "tests/integration/kvm-cases lists \"$name\""
	done
}

nothing_left() {
	left=$(mounts | comm -13 "$work/mounts" -)
	[ -z "$left" ] || fail "mounts are left: $left"
	# Other test files run beside this one: only what carries our containers' names counts.
	left=$(cgroups_named "*rwt-$$-*")
	[ -z "$left" ] || fail "cgroups are left: $left"
	left=$(pgrep -a -f -- "$work/|rwt-$$-" || true)
	[ -z "$left" ] || fail "processes are left: $left"
	for root in "$work"/*/state; do
		[ -d "$root" ] || continue
		left=$(ls -A "$root")
		[ -z "$left" ] || fail "states are left in $root: $left"
	done
}

# ---- bundles ----

# new_bundle [FOLDER]: a bundle with the default configuration (`ringwall spec`), no terminal; its program is
# /init with what args() says.  Sets $bundle and $id.
new_bundle() {
	bundle=$case/${1:-bundle}
	id=rwt-$$-$count
	mkdir -p "$bundle/rootfs/etc" "$bundle/rootfs/tmp" "$bundle/rootfs/dev" "$bundle/rootfs/proc" \
		"$bundle/rootfs/sys"
	cp "$TOOLS/init" "$bundle/rootfs/init"
	(cd "$bundle" && "$RINGWALL" spec)
	config set process.terminal false
	config set process.args '["/init", "true"]'
}

# config set PATH JSON | del PATH | append PATH JSON | get PATH
config() {
	"$JSONEDIT" "$bundle/config.json" "$@"
}

# args WORD...: the container's program is /init WORD...
args() {
	config set process.args '["/init"]'
	for word in "$@"; do
		config append process.args "\"$word\""
	done
}

# add_mount DESTINATION TYPE SOURCE [OPTION...]: at the end of mounts; TYPE bind is one.
add_mount() {
	mount_json="{\"destination\": \"$1\", \"type\": \"$2\", \"source\": \"$3\", \"options\": ["
	shift 3
	comma=
	for option in "$@"; do
		mount_json="$mount_json$comma\"$option\""
		comma=", "
	done
	config append mounts "$mount_json]}"
}

# use_user_namespace [ID]: root of the container is ID of the host (100000), and 65535 more likewise; the
# image belongs to it.
use_user_namespace() {
	first_id=${1:-100000}
	config append linux.namespaces '{"type": "user"}'
	config set linux.uidMappings "[{\"containerID\": 0, \"hostID\": $first_id, \"size\": 65536}]"
	config set linux.gidMappings "[{\"containerID\": 0, \"hostID\": $first_id, \"size\": 65536}]"
	chown -R "$first_id:$first_id" "$bundle/rootfs"
}

# ---- running ----

# ringwall ARG...: the program, with this case's state root.
ringwall() {
	"$RINGWALL" --root "$case/state" "$@"
}

# run [OPTION...]: runs the container in the foreground; $status, files out and err.
run() {
	status=0
	ringwall run --bundle "$bundle" "$@" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# run_after COMMANDS [OPTION...]: runs it in a copy of the machine's mounts, after the commands have changed
# the copy.
run_after() {
	commands=$1
	shift
	status=0
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m --propagation private sh -ec "$commands"'
		exec "$@"' sh "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$@" "$id" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
}

# Any command of the program likewise.
call() {
	status=0
	ringwall "$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# start_container [OPTION...]: create and start, detached; its output goes to the file container.log.
start_container() {
	ringwall create --bundle "$bundle" "$@" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
}

# cgroups_named PATTERN: their directories.  Other tests remove theirs meanwhile, which find takes for an error.
cgroups_named() {
	find /sys/fs/cgroup -type d -name "$1" 2>/dev/null || true
}

# state_of MEMBER: of $id
state_of() {
	ringwall state "$id" | "$JSONEDIT" - get "$1"
}

# ---- expectations ----

expect_status() {
	[ "$status" = "$1" ] || fail "exit status $status, expected $1"
}

expect_failure() {
	[ "$status" != 0 ] || fail "it succeeded, and should not have"
}

# Of the case's containers nothing is left.
expect_nothing() {
	left=$(ls -A "$case/state" 2>/dev/null || true)
	[ -z "$left" ] || fail "the state root holds: $left"
	left=$(cgroups_named "*$id*")
	[ -z "$left" ] || fail "cgroups are left: $left"
}

# The whole standard output.
expect_output() {
	[ "$(cat "$case/out")" = "$1" ] || fail "the output is not \"$1\""
}

# A line of standard output that is exactly this.
expect_line() {
	grep -qxF -- "$1" "$case/out" || fail "no line of the output is \"$1\""
}

expect_no_line() {
	! grep -qxF -- "$1" "$case/out" || fail "a line of the output is \"$1\""
}

# A part of standard error.
expect_error() {
	grep -qF -- "$1" "$case/err" || fail "the error does not say \"$1\""
}

expect_equal() {
	[ "$1" = "$2" ] || fail "got \"$1\", expected \"$2\""
}

# wait_until COMMAND...: until it succeeds, bounded by $WAIT_SECONDS; for what another process does in its own time.
wait_until() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt $((WAIT_SECONDS * 50)) ] || fail "still not after $WAIT_SECONDS seconds: $*"
		sleep 0.02
	done
}

# ---- what the machine has ----

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# For a whole file, at its beginning.
all_need_root() {
	[ "$(id -u)" = 0 ] || {
		echo "1..0 # SKIP needs root"
		exit 0
	}
}

# need_controller NAME: cgroup v2 with this controller
need_controller() {
	for file in /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers; do
		[ ! -e "$file" ] || grep -qw "$1" "$file" && [ -e "$file" ] && return 0
	done
	skip "the cgroup v2 hierarchy of this machine has no controller \"$1\""
}
