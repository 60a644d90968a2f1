#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# podman, containerd and docker with ringwall-kvm as a second runtime beside another default: what people do with
# containers, each on a kernel of its own.  A machine takes its time to start under emulation, so most cases share
# one container.  ENGINES_LONG=1 adds a user's own podman.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016 # texts for other shells
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
all_need podman
is_ringwall || {
	echo "1..0 # SKIP $runtime_name has no such mode"
	exit 0
}
{ [ -w /dev/kvm ] && grep -qwE 'svm|vmx' /proc/cpuinfo; } || {
	echo "1..0 # SKIP no /dev/kvm of the processor's own"
	exit 0
}
"$RINGWALL" kvm prepare --quiet 2>"$work/prepare" || {
	echo "1..0 # SKIP no kernel for a guest: $(head -n 1 "$work/prepare")"
	exit 0
}
: "${IMAGE:=localhost/busybox}"
chmod 755 "$work"
runtime=$work/ringwall-kvm
ln -s "$RINGWALL" "$runtime"

podman() {
	command podman --runtime "$runtime" "$@"
}

net=rwt-$$-net
life=rwt-$$-life
end() {
	podman rm -f -t 0 --filter "name=rwt-$$-" >/dev/null 2>&1
	for pod in $(podman pod ps -q --filter "name=rwt-$$-"); do
		podman pod rm -f -t 0 "$pod" >/dev/null 2>&1
	done
	podman network rm -f "$net" >/dev/null 2>&1
	for id in $(ctr containers ls -q 2>/dev/null | grep "^rwt-$$-"); do
		ctr task kill --signal KILL "$id" 2>/dev/null
		ctr task delete --force "$id" >/dev/null 2>&1
		ctr containers delete "$id"
	done
	[ -z "${docker_used:-}" ] || {
		docker ps -aq --filter "name=rwt-$$-" | xargs -r docker rm -f >/dev/null 2>&1
		docker network rm "$net" >/dev/null 2>&1
		leave_docker
	}
	cleanup
}
trap end EXIT

engine_traces() {
	podman ps -a --format '{{.Names}}' | grep "^rwt-$$-"
	command -v ctr >/dev/null && ctr containers ls -q 2>/dev/null | grep "^rwt-$$-"
}

inspect() {
	podman inspect --type container --format "$1" "$id"
}

is_status() {
	[ "$(inspect '{{.State.Status}}')" = "$1" ]
}

has_logged() {
	podman logs "$id" 2>&1 | grep -qx "$1"
}

guest_kernel=$("$RINGWALL" kvm prepare | sed -n 's/^release *//p')

# ---- podman: one container through its life ----

begin() {
	id=$life
	mkdir -p "$work/ro" "$work/rw"
	echo outside >"$work/ro/file"
	pass_docker -I
	podman network create "$net" >/dev/null
	podman run -d --name "$id" --read-only --memory 96m --cpus 1 --pids-limit 50 --env A=b --hostname box \
		--network "$net" -p 127.0.0.1:18090:8000 -v "$work/ro:/ro:ro" -v "$work/rw:/rw" \
		--health-cmd 'test -e /rw/healthy' --health-interval disable "$IMAGE" sh -c '
			trap "echo got USR1" USR1
			trap "echo bye; exit 4" TERM
			echo "started on $(uname -r)"
			echo served >/tmp/index.html
			httpd -f -p 8000 -h /tmp &
			while :; do wait; done' >/dev/null
	is_status running
	slowly has_logged "started on $guest_kernel"
	expect_says "$runtime" inspect '{{.OCIRuntime}}'
}

# docker, where it has run, drops what passes between the containers of others.
pass_docker() {
	! iptables -S DOCKER-USER >/dev/null 2>&1 || iptables "$1" DOCKER-USER -j ACCEPT
}
check "podman run -d, on the guest's kernel" begin

executing() {
	id=$life
	try podman exec "$id" sh -c 'echo out; echo err >&2; exit 7'
	expect_status 7
	expect_output out
	grep -qx err "$case/err"
	expect_says "b c /tmp 1000 box" podman exec -e C=c -w /tmp -u 1000 "$id" sh -c 'echo $A $C $(pwd) $(id -u) $(hostname)'
	said=$(echo fed | podman exec -i "$id" cat)
	expect_equal "$said" fed
	script -qec "command podman exec -it $id sh -c 'tty; exit 6'" /dev/null </dev/null >"$case/out" || status=$?
	expect_equal "$status" 6
	grep -q /dev/pts/ "$case/out"
	try podman exec "$id" /not/there
	expect_status 127
	expect_says "100663296 50" podman exec "$id" sh -c 'cd /sys/fs/cgroup; echo $(cat memory.max pids.max)'
	expect_says "1" podman exec "$id" nproc
}
check "exec: streams, status, user, terminal; limits" executing

files() {
	id=$life
	expect_says outside podman exec "$id" cat /ro/file
	try podman exec "$id" touch /ro/new
	expect_failure
	grep -qi 'read-only' "$case/err"
	try podman exec "$id" touch /new
	expect_failure
	podman exec "$id" sh -c 'echo inside >/rw/new'
	expect_equal "$(cat "$work/rw/new")" inside
	echo more >>"$work/rw/new"
	slowly has_more
	echo copied >"$case/file"
	podman cp "$case/file" "$id:/rw/copied"
	expect_says copied podman exec "$id" cat /rw/copied
	podman cp "$id:/etc/passwd" "$case/passwd"
	grep -q ^root: "$case/passwd"
	# What is the guest's alone nobody outside can write to.
	try podman cp "$case/file" "$id:/tmp/copied"
	expect_failure
}

has_more() {
	[ "$(podman exec "$id" cat /rw/new | tr '\n' ' ')" = "inside more " ]
}
check "volumes, read-only root, cp" files

watched() {
	id=$life
	podman exec "$id" ps -o pid,args >"$case/out"
	grep -q '^ *1 sh -c' "$case/out"
	# podman looks at the host's processes, of which there is one
	podman top "$id" -o pid,args >"$case/out"
	grep -q '^ *1 .*ringwall-kvm' "$case/out"
	podman stats --no-stream --format '{{.MemUsage}}' "$id" >"$case/out"
	grep -q '^[1-9]' "$case/out"
	try podman healthcheck run "$id"
	expect_status 1
	touch "$work/rw/healthy"
	slowly podman healthcheck run "$id"
	podman pause "$id" >/dev/null
	is_status paused
	podman unpause "$id" >/dev/null
	is_status running
	podman kill --signal USR1 "$id" >/dev/null
	slowly has_logged "got USR1"
}
check "top, stats, health check, pause, kill" watched

networks() {
	id=$life
	slowly served curl -s -m 10 http://127.0.0.1:18090/
	# A second one, on a terminal.  It asks again: the first packets of a slow machine may be late.
	cat >"$case/session" <<-END
		stty rows 33 cols 77
		podman --runtime $runtime run --rm -it --cap-add net_raw --network $net --name $id-client $IMAGE sh -c \
			'tty; stty size; until ping -c 1 -W 20 $id >/dev/null; do sleep 1; done; echo pong
			until wget -q -T 20 -O - http://$id:8000/; do sleep 1; done
			read line; echo "got \$line"; exit 5'
		echo "status \$?"
	END
	{
		slowly grep -q '^served' "$case/out"
		echo typed
		slowly grep -q '^status' "$case/out"
	} | script -qec "sh $case/session" /dev/null >"$case/out" 2>&1
	tr -d '\r' <"$case/out" >"$case/text"
	for line in /dev/pts/0 '33 77' pong served 'got typed' 'status 5'; do
		grep -qx "$line" "$case/text" || fail "no line of the output is \"$line\""
	done
}

served() {
	[ "$("$@" </dev/null 2>/dev/null)" = served ]
}
check "a published port; names and packets between two of them; run -it" networks

stopped() {
	id=$life
	podman stop -t 60 "$id" >/dev/null
	expect_says "exited 4" inspect '{{.State.Status}} {{.State.ExitCode}}'
	has_logged bye
	podman rm "$id" >/dev/null
	podman network rm "$net" >/dev/null
	pass_docker -D
}
check "stop with TERM" stopped

has_copied() {
	[ "$(podman exec "$id" cat /new 2>/dev/null)" = copied ]
}

alone() {
	id=rwt-$$-$count
	podman run -d --name "$id" --network none "$IMAGE" sh -c 'trap "" TERM; while :; do sleep 1000; done' >/dev/null
	expect_says "lo" podman exec "$id" ls /sys/class/net
	# What is copied into the image in use, and was not there before.
	try podman exec "$id" cat /new
	expect_failure
	echo copied >"$case/file"
	podman cp "$case/file" "$id:/new"
	slowly has_copied
	before=$(date +%s)
	podman stop -t 2 "$id" >/dev/null 2>&1
	[ $(($(date +%s) - before)) -ge 2 ]
	expect_says 137 inspect '{{.State.ExitCode}}'
	podman rm "$id" >/dev/null
}
check "--network none; cp into the image; stop with its time-out" alone

# refused PROPERTY OPTION...: at create, by its path
refused() {
	property=$1
	shift
	try podman run --rm "$@" "$IMAGE" true
	expect_failure
	expect_error "$property: not possible with --isolation kvm: "
}

refusals() {
	refused 'linux.namespaces (no network)' --network host
	refused 'linux.namespaces (no pid)' --pid host
	refused 'linux.namespaces (no ipc)' --ipc host
	refused 'linux.devices[0] "/dev/rtc0"' --device /dev/loop-control:/dev/rtc0
}
check "what a machine cannot do is refused" refusals

pods() {
	id=rwt-$$-$count
	# Its infra container is on the host's kernel, and leaves the devices alone.
	command podman pod create --name "$id" --share net -p 127.0.0.1:18091:8000 >/dev/null
	podman run -d --pod "$id" --name "$id-server" "$IMAGE" \
		sh -c 'echo served >/tmp/index.html; exec httpd -f -p 8000 -h /tmp' >/dev/null
	slowly served curl -s -m 10 http://127.0.0.1:18091/
	try podman run --rm --pod "$id" --name "$id-second" "$IMAGE" true
	expect_failure
	expect_error 'belongs to the machine of another container'
	served curl -s -m 10 http://127.0.0.1:18091/
	podman pod rm -f -t 0 "$id" >/dev/null
}
check "a pod's network is that of its container; a second one is refused" pods

# ---- containerd ----

containerd() {
	command -v ctr >/dev/null || skip "there is no containerd"
	[ ! -d /run/systemd/system ] || systemctl start containerd 2>/dev/null
	image=$(ctr images ls -q 2>/dev/null | grep busybox | head -n 1)
	[ -n "$image" ] || skip "containerd does not run, or has no image of busybox"
	id=rwt-$$-$count
	ctr run -d --runtime io.containerd.runc.v2 --runc-binary "$runtime" --memory-limit 100663296 "$image" "$id" \
		sh -c 'trap "exit 9" TERM; while :; do sleep 1000 & wait; done'
	task_is RUNNING
	try ctr task exec --exec-id x1 "$id" sh -c 'uname -r; exit 7'
	expect_status 7
	expect_output "$guest_kernel"
	script -qec "ctr task exec -t --exec-id x2 $id tty" /dev/null </dev/null >"$case/out"
	grep -q /dev/pts/ "$case/out"
	ctr task metrics --format json "$id" >"$case/metrics"
	grep -q '"usage_usec": *[1-9]\|"usage_usec":"[1-9]' "$case/metrics"
	ctr task pause "$id"
	task_is PAUSED
	ctr task resume "$id"
	ctr task kill --signal TERM "$id"
	slowly task_is STOPPED
	try ctr task delete "$id"
	expect_error 'exit code 9'
	ctr containers delete "$id"
}

task_is() {
	[ "$(ctr task ls | awk -v id="$id" '$1 == id { print $3 }')" = "$1" ]
}
check "containerd: run, exec, metrics, pause, kill" containerd

# ---- docker ----

dockers() {
	use_docker || skip "docker does not run, or is configured already"
	docker image inspect "$IMAGE" >/dev/null 2>&1 || skip "docker has no image $IMAGE"
	id=rwt-$$-$count
	docker network create "$net" >/dev/null
	docker run -d --runtime ringwall-kvm --name "$id" --network "$net" -p 127.0.0.1:18092:8000 --init --memory 96m \
		"$IMAGE" sh -c 'echo served >/tmp/index.html; exec httpd -f -p 8000 -h /tmp' >/dev/null
	try docker exec "$id" sh -c 'uname -r; exit 7'
	expect_status 7
	expect_output "$guest_kernel"
	script -qec "docker exec -it $id tty" /dev/null </dev/null >"$case/out"
	grep -q /dev/pts/ "$case/out"
	slowly served curl -s -m 10 http://127.0.0.1:18092/
	# from one on the host's kernel
	slowly served docker run --rm --network "$net" "$IMAGE" wget -q -T 20 -O - "http://$id:8000/"
	docker stop -t 60 "$id" >/dev/null
	expect_says "exited 143" docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$id"
	docker rm "$id" >/dev/null
	docker network rm "$net" >/dev/null
}
docker_used=y
check "docker: a second runtime; run, exec, network, stop" dockers

# ---- a user's own podman ----

rootless() {
	long
	user=lab
	uid=$(id -u "$user" 2>/dev/null) || uid=none
	[ -S "/run/user/$uid/bus" ] || skip "there is no user lab with a manager of his own"
	try runuser -u "$user" -- env HOME="$(getent passwd "$user" | cut -d : -f 6)" XDG_RUNTIME_DIR="/run/user/$uid" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" \
		podman --runtime "$runtime" run --rm "$IMAGE" sh -c 'uname -r; id -u; exit 3'
	expect_status 3
	expect_output "$guest_kernel
0"
}
check "podman of a user" rootless

finish
