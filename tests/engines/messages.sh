#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The texts of docs/errors.md through podman, docker and containerd: each engine must understand what the runtime says,
# and do the right thing.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016 # texts of others
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
: "${IMAGE:=localhost/busybox}"
id=rwt-$$
docker=

# expect_exit STATUS TEXT COMMAND...: it fails so, and says TEXT
expect_exit() {
	expected=$1 text=$2
	shift 2
	try "$@"
	[ "$status" = "$expected" ] || {
		cat "$case/err"
		fail "exit status $status, expected $expected: $*"
	}
	expect_error "$text"
}

# What a failed case has left.
end() {
	podman rm -f -t 0 "$id" >/dev/null 2>&1
	if [ -n "$docker" ]; then
		docker rm -f "$id" >/dev/null 2>&1
		leave_docker
	fi
	for name in "$id" "$id-2"; do
		ctr task delete --force "$name" >/dev/null 2>&1
		ctr container delete "$name" >/dev/null 2>&1
	done
	cleanup
}
trap end EXIT

# ---- podman ----

use_podman cgroupfs

podman_has() {
	command -v podman >/dev/null || skip "there is no podman"
	podman image exists "$IMAGE" || skip "podman has no image $IMAGE"
}

podman_run() {
	podman_has
	echo text >"$case/text"
	chmod 644 "$case/text"
	expect_exit 127 'command that was not found' podman run --rm --network none "$IMAGE" nosuch
	ours 'executable file not found in $PATH'
	expect_exit 126 'ermission denied' podman run --rm --network none -v "$case/text:/text" "$IMAGE" /text
	expect_exit 126 'ermission denied' podman run --rm --network none "$IMAGE" /etc
}
check "podman run: not found is 127, not executable is 126" podman_run

podman_exec() {
	podman_has
	podman run -d --name "$id" --network none "$IMAGE" sleep 1000 >/dev/null
	expect_exit 127 'command that was not found' podman exec "$id" nosuch
	ours 'executable file not found in $PATH'
	expect_exit 126 'ermission denied' podman exec "$id" /etc/passwd
	expect_exit 127 'o such file or directory' podman exec "$id" /nosuch
	# the process is gone, and podman has not noticed yet
	kill -KILL "$(podman inspect --format '{{.State.Pid}}' "$id")"
	try podman kill "$id"
	try podman stop -t 1 "$id"
	expect_status 0
	try podman rm -f "$id"
	expect_status 0
}
check "podman exec: likewise; a container whose process is gone" podman_exec

# A newcomer sees one line of podman: it must say what to do.
podman_advice() {
	podman_has
	is_ringwall || skip "the advice is ringwall's"
	expect_exit 126 'source and destination must both be directories, or both be files' \
		podman run --rm --network none -v /etc/hostname:/tmp "$IMAGE" true
	expect_exit 126 'this kernel has no such setting here' \
		podman run --rm --network none --sysctl net.ipv4.nosuch=1 "$IMAGE" true
	podman run -d --name "$id" --network none "$IMAGE" sleep 1000 >/dev/null
	expect_exit 127 'exec makes no working directory' podman exec --workdir /nosuch "$id" true
	podman rm -f -t 0 "$id" >/dev/null
}
check "podman shows what to do" podman_advice

# ---- docker ----

! use_docker || docker=y

docker_has() {
	[ -n "$docker" ] || skip "docker does not run, or is configured already"
	docker image inspect "$IMAGE" >/dev/null 2>&1 || skip "docker has no image $IMAGE"
}

docker_run() {
	docker_has
	echo text >"$case/text"
	set -- docker run --rm --network none
	differs crun "docker does not know a program that is missing or cannot be run by its texts, and exits with 125"
	expect_exit 127 'executable file not found' "$@" "$IMAGE" nosuch
	expect_exit 126 'ermission denied' "$@" -v "$case/text:/text" "$IMAGE" /text
	expect_exit 126 '' "$@" "$IMAGE" /etc
}
check "docker run: 127, 126" docker_run

docker_exec() {
	docker_has
	docker run -d --name "$id" --network none "$IMAGE" sleep 1000 >/dev/null
	try docker exec "$id" nosuch
	[ "$status" = 126 ] || [ "$status" = 127 ] || fail "exit status $status"
	try docker exec "$id" /etc/passwd
	expect_status 126
	kill -KILL "$(docker inspect --format '{{.State.Pid}}' "$id")"
	try docker kill "$id"
	docker rm -f "$id" >/dev/null
}
check "docker exec: likewise" docker_exec

# ---- containerd ----

ctr_has() {
	ctr version >/dev/null 2>&1 || skip "containerd does not run"
	image=docker.io/library/busybox
	ctr images ls -q | grep -q busybox || skip "containerd has no image"
	image=$(ctr images ls -q | grep busybox | head -n 1)
}

containerd() {
	ctr_has
	set -- ctr run --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME"
	expect_exit 1 'not found in $PATH' "$@" --rm "$image" "$id" nosuch
	ours 'executable file not found in $PATH'
	"$@" -d "$image" "$id" sleep 1000
	expect_exit 1 'o such file or directory' ctr task exec --exec-id x1 "$id" /nosuch
	ctr task kill --signal KILL "$id"
	slowly task_is STOPPED
	# the runtime says that the process is gone, and containerd that it has already finished
	expect_exit 1 'process already finished: not found' ctr task kill --signal TERM "$id"
	try ctr task delete "$id"
	ctr container delete "$id" 2>/dev/null || :
	differs crun "its delete does not say that the container is unknown, and containerd keeps the task"
	# deleting what the runtime no longer knows is no error
	ctr run -d --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" "$image" "$id-2" sleep 1000
	"$RUNTIME" --root /run/containerd/runc/default delete --force "$id-2"
	slowly task_is STOPPED -2
	ctr task delete "$id-2"
	ctr container delete "$id-2"
}

task_is() {
	[ "$(ctr task ls | awk -v id="$id${2:-}" '$1 == id { print $3 }')" = "$1" ]
}
check "containerd: not found, already finished, deleted" containerd

finish
