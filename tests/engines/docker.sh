#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docker with the runtime under test as its default: run, exec, build, networks, live restore, a swarm service.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016 # texts for other shells
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
all_need docker dockerd
all_need_systemd
: "${IMAGE:=localhost/busybox}"

use_docker || {
	echo "1..0 # SKIP docker does not run, or is configured already"
	exit 0
}

end() {
	docker ps -aq --filter "name=rwt-$$-" | xargs -r docker rm -f >/dev/null 2>&1
	docker swarm leave --force >/dev/null 2>&1
	leave_docker
	cleanup
}
trap end EXIT

docker image inspect "$IMAGE" >/dev/null 2>&1 || {
	echo "1..0 # SKIP docker has no image $IMAGE"
	exit 0
}

engine_traces() {
	docker ps -a --format '{{.Names}}' | grep "^rwt-$$-"
}

is_default() {
	expect_says "ringwall $RUNTIME" docker info --format '{{.DefaultRuntime}} {{(index .Runtimes .DefaultRuntime).Path}}'
}
check "docker with contrib's configuration: the default is the runtime under test" is_default

simple() {
	try docker run --rm "$IMAGE" sh -c 'echo out; echo err >&2; exit 3'
	expect_status 3
	expect_output out
	grep -qx err "$case/err"
	script -qec "docker run --rm -it $IMAGE tty" /dev/null </dev/null >"$case/out"
	grep -q /dev/pts/0 "$case/out"
}
check "run, and on a terminal" simple

life() {
	id=rwt-$$-$count
	mkdir "$case/v"
	docker run -d --name "$id" --init --memory 64m --cpus 0.5 --pids-limit 50 --read-only --tmpfs /tmp -v "$case/v:/v" \
		--health-cmd true --health-interval 5s "$IMAGE" sh -c 'trap "exit 9" TERM; echo up; sleep 100000 & while :; do wait; done' >/dev/null
	expect_says "67108864 50 50000 100000" docker exec "$id" \
		sh -c 'cd /sys/fs/cgroup; echo $(cat memory.max pids.max cpu.max)'
	try docker exec "$id" sh -c 'touch /x 2>/dev/null || touch /v/x; exit 7'
	expect_status 7
	[ -e "$case/v/x" ]
	docker top "$id" | grep -q sleep || docker top "$id" | grep -q sh
	docker stats --no-stream --format '{{.MemUsage}}' "$id" | grep -q '/ 64MiB'
	docker update --memory 96m --memory-swap 96m "$id" >/dev/null
	expect_says 100663296 docker exec "$id" cat /sys/fs/cgroup/memory.max
	docker pause "$id" >/dev/null
	docker unpause "$id" >/dev/null
	slowly is_healthy
	docker stop -t 20 "$id" >/dev/null
	docker logs "$id" | grep -qx up
	expect_says "exited 9" docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$id"
	docker rm "$id" >/dev/null
}

is_healthy() {
	[ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ]
}
check "limits, exec, top, stats, update, pause, health, stop, logs" life

# build WORD...: a docker build with these words
build() {
	mkdir "$case/context"
	cat >"$case/context/Dockerfile" <<-END
		FROM $IMAGE
		RUN echo built >/file && id -u >>/file
		USER 1000
		RUN id -u >/tmp/user
		CMD ["cat", "/file", "/tmp/user"]
	END
	docker "$@" -q -t "rwt-$$" "$case/context" >/dev/null 2>"$case/err"
	expect_says "built
0
1000" docker run --rm "rwt-$$"
	docker rmi "rwt-$$" >/dev/null
	printf 'FROM %s\nRUN echo oh no; exit 9\n' "$IMAGE" >"$case/context/Dockerfile"
	try docker "$@" "$case/context"
	expect_failure
	cat "$case/out" >>"$case/err"
	expect_error 'oh no'
	expect_error 9
}

classic() {
	export DOCKER_BUILDKIT=0
	build build
}
check "build with RUN steps" classic

# buildkit, which is in the daemon
buildkit() {
	docker buildx version >/dev/null 2>&1 || skip "docker has no buildx"
	build buildx build
}
check "build with RUN steps by buildkit" buildkit

networks() {
	id=rwt-$$-$count
	docker network create "$id" >/dev/null
	docker run -d --name "$id" --network "$id" -p 127.0.0.1:18081:8000 "$IMAGE" \
		sh -c 'mkdir /tmp/w; echo served >/tmp/w/index.html; exec httpd -f -p 8000 -h /tmp/w' >/dev/null
	slowly served docker run --rm --network "$id" "$IMAGE" wget -q -T 5 -O - "http://$id:8000/"
	slowly served curl -s -m 5 http://127.0.0.1:18081/
	docker rm -f "$id" >/dev/null
	docker network rm "$id" >/dev/null
}

served() {
	[ "$("$@" </dev/null 2>/dev/null)" = served ]
}
check "two containers on a network, a published port" networks

live_restore() {
	id=rwt-$$-$count
	docker run -d --name "$id" "$IMAGE" sh -c 'trap "exit 5" TERM; sleep 100000 & while :; do wait; done' >/dev/null
	pid=$(docker inspect --format '{{.State.Pid}}' "$id")
	systemctl restart docker.service
	expect_says "running $pid" docker inspect --format '{{.State.Status}} {{.State.Pid}}' "$id"
	docker exec "$id" true
	docker stop -t 20 "$id" >/dev/null
	expect_says 5 docker inspect --format '{{.State.ExitCode}}' "$id"
	docker rm "$id" >/dev/null
}
check "live restore: a container outlives its daemon" live_restore

swarm() {
	long
	# swarm and live restore exclude each other
	sed -i 's/"live-restore": true/"live-restore": false/' "$docker_config"
	systemctl restart docker.service
	docker swarm init --advertise-addr 127.0.0.1 >/dev/null
	docker service create --quiet --detach --name "rwt-$$" --replicas 2 --no-resolve-image --restart-delay 1s \
		"$IMAGE" sleep 100000 >/dev/null
	slowly replicas 2
	killed=$(docker ps -q --filter "label=com.docker.swarm.service.name=rwt-$$" | head -n 1)
	kill -KILL "$(docker inspect --format '{{.State.Pid}}' "$killed")"
	slowly replaced
	docker service rm "rwt-$$" >/dev/null
	slowly replicas 0
	docker swarm leave --force >/dev/null
}

replicas() {
	[ "$(docker ps -q --filter "label=com.docker.swarm.service.name=rwt-$$" | wc -l)" = "$1" ]
}

replaced() {
	! docker ps -q | grep -q "$killed" && replicas 2
}
check "a swarm service survives a killed container" swarm

finish
