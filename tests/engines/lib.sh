# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# The frame of the engine suites: that of the integration tests, and the runtime under test.
#
#   RUNTIME=/usr/bin/crun sh tests/engines/podman.sh
#
# RUNTIME (default: the program of the build) is what the engines are told to use: each suite must pass with another
# OCI runtime as well, or it tests itself.  What only another runtime fails says `differs`, what are ringwall's own words
# says `ours`.  ENGINES_LONG=1 runs what takes long, too.
: "${CASE_SECONDS:=300}" # engines take their time, under emulation more
TESTS_IN_UTS=1 # the engines are outside of it anyhow
# shellcheck source=../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
: "${RUNTIME:=$RINGWALL}"
RUNTIME=$(command -v "$RUNTIME") || { echo "1..0 # SKIP there is no $RUNTIME"; exit 0; }
runtime_name=$(basename "$RUNTIME")

is_ringwall() {
	[ "$runtime_name" = ringwall ]
}

# differs RUNTIME WHY: ends the case as skipped with this runtime, which does otherwise; never with ringwall.  It stands
# behind everything that this runtime does as well, and WHY says what it does instead.
differs() {
	[ "$runtime_name" != "$1" ] || skip "$1 differs: $2"
}

# ours TEXT: the error says so, in ringwall's words; that the engine has understood is what the case looks at by itself.
ours() {
	! is_ringwall || expect_error "$1"
}

# For a whole file, at its beginning.
all_need() {
	for command in "$@"; do
		command -v "$command" >/dev/null 2>&1 || {
			echo "1..0 # SKIP there is no $command"
			exit 0
		}
	done
}

all_need_systemd() {
	[ -d /run/systemd/system ] || {
		echo "1..0 # SKIP systemd does not run here"
		exit 0
	}
}

all_need_controllers() {
	grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || {
		echo "1..0 # SKIP the machine has no cgroup v2 with controllers"
		exit 0
	}
}

# For what takes long.
long() {
	[ -n "${ENGINES_LONG:-}" ] || skip "takes long: set ENGINES_LONG=1"
}

# try COMMAND...: $status, files out and err
try() {
	status=0
	"$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# says COMMAND... : it succeeds, and its output is in $said
says() {
	said=$("$@" </dev/null) || fail "exit status $?: $*"
}

expect_says() {
	expected=$1
	shift
	says "$@"
	expect_equal "$said" "$expected"
}

# slowly COMMAND...: as wait_until, for what engines do in their own time: 60 seconds
slowly() {
	for _ in $(seq 240); do
		! "$@" || return 0
		sleep 0.25
	done
	fail "still not after 60 seconds: $*"
}

# ---- contrib ----

contrib=$(cd "$(dirname "$0")/../../contrib" && pwd)

# contrib FILE: an example of contrib/, with the runtime under test in ringwall's place
contrib() {
	[ -e "$work/ringwall-kvm" ] || ln -s "$RUNTIME" "$work/ringwall-kvm"
	sed "s|/usr/local/bin/ringwall\"|$RUNTIME\"|; s|/usr/local/bin/ringwall-kvm\"|$work/ringwall-kvm\"|" \
		"$contrib/$1"
}

# use_podman MANAGER: podman and buildah with contrib's configuration, and this manager of cgroups
use_podman() {
	contrib podman/ringwall.conf | sed "s/^\[engine\]\$/&\ncgroup_manager = \"$1\"/" >"$work/containers.conf"
	export CONTAINERS_CONF_OVERRIDE="$work/containers.conf"
}

# ---- docker ----

docker_config=/etc/docker/daemon.json

# use_docker: docker's service with contrib's configuration, whose second runtime is ringwall-kvm; containers outlive it
use_docker() {
	command -v dockerd >/dev/null && [ -d /run/systemd/system ] && [ ! -e "$docker_config" ] || return 1
	mkdir -p /etc/docker
	contrib docker/daemon.json | sed '1s/{/{ "live-restore": true,/' >"$docker_config"
	systemctl restart docker.service && return
	leave_docker
	return 1
}

leave_docker() {
	systemctl stop docker.service 2>/dev/null
	rm -f "$docker_config"
	systemctl reset-failed docker.service 2>/dev/null
}

# ---- what the machine must look like afterwards ----

# Each suite has its own: what it could leave.
engine_traces() {
	:
}

# The engines keep mounts and cgroups of their own.
nothing_left() {
	left=$(engine_traces || true)
	[ -z "$left" ] || fail "left: $left"
	left=$(cgroups_named "*rwt-$$-*")
	[ -z "$left" ] || fail "cgroups are left: $left"
}
