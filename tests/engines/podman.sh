#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# podman with the runtime under test, for root and for a user: what people do with containers every day.
# PODMAN_OPTIONS are given to each call; CGROUP_MANAGER is cgroupfs or systemd.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016 # texts for other shells
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need podman
: "${IMAGE:=localhost/busybox}" "${CGROUP_MANAGER:=systemd}"

use_podman "$CGROUP_MANAGER"
# Health checks are started by systemd's timers, with systemd's environment.
if [ "$(id -u)" = 0 ]; then systemctl=systemctl; else systemctl="systemctl --user"; fi
$systemctl set-environment CONTAINERS_CONF_OVERRIDE="$CONTAINERS_CONF_OVERRIDE" 2>/dev/null
# The tests' program, for what busybox has not.
cp "$TOOLS/init" "$work/init"
chmod 755 "$work" "$work/init"

podman() {
	# shellcheck disable=SC2086 # words
	command podman ${PODMAN_OPTIONS:-} "$@"
}

podman image exists "$IMAGE" || {
	echo "1..0 # SKIP there is no image $IMAGE"
	exit 0
}

# For --userns=auto of root: podman's own name of ids that nobody else has.
if [ "$(id -u)" = 0 ] && ! grep -q '^containers:' /etc/subuid; then
	echo containers:2000000:100000 | tee -a /etc/subuid >>/etc/subgid
	ids_added=y
fi

end() {
	[ -z "${ids_added:-}" ] || sed -i /^containers:2000000:100000$/d /etc/subuid /etc/subgid
	podman rm -f -t 0 --filter "name=rwt-$$-" >/dev/null 2>&1
	for pod in $(podman pod ps -q --filter "name=rwt-$$-"); do
		podman pod rm -f -t 0 "$pod" >/dev/null 2>&1
	done
	$systemctl unset-environment CONTAINERS_CONF_OVERRIDE 2>/dev/null
	cleanup
}
trap end EXIT

engine_traces() {
	podman ps -a --format '{{.Names}}' | grep "^rwt-$$-"
}

# name [SUFFIX]: $id, of this case
name() {
	id=rwt-$$-$count${1:+-$1}
}

# in_user_session: rootless calls that need systemd
is_rootless() {
	[ "$(id -u)" != 0 ]
}

# inspect FORMAT: of $id
inspect() {
	podman inspect --type container --format "$1" "$id"
}

is_status() {
	[ "$(inspect '{{.State.Status}}')" = "$1" ]
}

remove() {
	podman rm -f -t 0 "$id" >/dev/null
}

# ---- run ----

used_runtime() {
	expect_says "$RUNTIME" podman info --format '{{.Host.OCIRuntime.Path}}'
}
check "podman with contrib's configuration uses the runtime under test" used_runtime

simple() {
	try podman run --rm "$IMAGE" sh -c 'echo out; echo err >&2; cat /etc/hostname; exit 3'
	expect_status 3
	expect_line out
	grep -qx err "$case/err"
	# standard input
	said=$(echo from outside | podman run --rm -i "$IMAGE" cat)
	expect_equal "$said" "from outside"
	try podman run --rm "$IMAGE" sh -c 'kill -KILL $$; sleep 1'
	[ "$status" = 137 ] || [ "$status" = 0 ] # an init cannot be killed from inside
	try podman run --rm --stop-signal USR1 --env A=b --workdir /tmp --user 1000:1000 --hostname box "$IMAGE" \
		sh -c 'id -u; id -g; pwd; echo $A; hostname; umask'
	expect_status 0
	expect_output "1000
1000
/tmp
b
box
0022"
}
check "run: output, input, exit status, user, folder, environment" simple

terminal() {
	name
	# on a terminal of 33 rows and 77 columns, which is changed while it runs
	cat >"$case/session" <<-END
		stty rows 33 cols 77
		podman ${PODMAN_OPTIONS:-} run --rm -it --name $id $IMAGE sh -c 'tty; stty size; read line; echo "got \$line"; exit 5'
		echo "status \$?"
	END
	{
		sleep 1
		slowly grep -q '^33 77' "$case/out"
		echo typed
		sleep 5
	} | script -qec "sh $case/session" /dev/null >"$case/out" 2>&1
	tr -d '\r' <"$case/out" >"$case/text"
	grep -qx '/dev/pts/0' "$case/text"
	grep -qx '33 77' "$case/text"
	grep -qx 'got typed' "$case/text"
	grep -qx 'status 5' "$case/text"
}
check "run -it on a terminal" terminal

# ---- one container through its life ----

# The limit in the kernel, as the container sees it.
limit_of() {
	value=$(podman exec "$id" cat "/sys/fs/cgroup/$1")
	case $1 in
	memory.max) echo "$((value / 1048576)).00MiB" ;;
	*) echo "$value" ;;
	esac
}

has_logged() {
	podman logs "$id" 2>&1 | grep -qx "$1"
}
id=rwt-$$-life
life() {
	podman run -d --name "$id" --memory 64m --cpus 0.5 --pids-limit 50 -v "$work/init:/init:ro" "$IMAGE" \
		sh -c 'trap "echo got USR1" USR1; trap "echo bye; exit 0" TERM; echo started; sleep 100000 & while :; do wait; done' >/dev/null
	is_status running
	expect_says "64.00MiB" limit_of memory.max
	expect_says 50 limit_of pids.max
	expect_says "50000 100000" limit_of cpu.max
	try podman exec "$id" sh -c 'echo in; exit 7'
	expect_status 7
	expect_output in
	expect_says "b /tmp 1000" podman exec -e A=b -w /tmp -u 1000 "$id" sh -c 'echo $A $(pwd) $(id -u)'
	said=$(echo fed | podman exec -i "$id" cat)
	expect_equal "$said" fed
	script -qec "podman ${PODMAN_OPTIONS:-} exec -it $id tty" /dev/null </dev/null >"$case/out"
	grep -q /dev/pts/ "$case/out"
	podman exec -d "$id" touch /tmp/detached
	slowly podman exec "$id" test -e /tmp/detached
}
check "limits, exec" life

watched() {
	podman top "$id" pid,comm >"$case/out"
	grep -q '^1 *sh' "$case/out"
	podman stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' "$id" >"$case/out"
	grep -q '/ 67.11MB [1-9]' "$case/out"
	echo copied >"$case/file"
	podman cp "$case/file" "$id:/tmp/file"
	expect_says copied podman exec "$id" cat /tmp/file
	podman cp "$id:/etc/passwd" "$case/passwd"
	grep -q ^root: "$case/passwd"
	podman kill --signal USR1 "$id" >/dev/null
	slowly has_logged "got USR1"
	podman pause "$id" >/dev/null
	is_status paused
	podman unpause "$id" >/dev/null
	is_status running
	podman update --memory 96m "$id" >/dev/null
	expect_says "96.00MiB" limit_of memory.max
	podman stop -t 20 "$id" >/dev/null
	is_status exited
	expect_says 0 inspect '{{.State.ExitCode}}'
	has_logged started
	has_logged bye
	podman start "$id" >/dev/null
	is_status running
	remove
}

check "top, stats, cp, kill, pause, update, stop, logs, start" watched

stop_timeout() {
	name
	podman run -d --name "$id" "$IMAGE" sh -c 'trap "" TERM; sleep 100000 & while :; do wait; done' >/dev/null
	before=$(date +%s)
	podman stop -t 2 "$id" >/dev/null 2>&1
	[ $(($(date +%s) - before)) -ge 2 ]
	expect_says 137 inspect '{{.State.ExitCode}}'
	remove
	# conmon looks when it has ended: sleep keeps the cgroup until then
	podman run -d --name "$id" --pid host --memory 16m --memory-swap 16m -v "$work/init:/init:ro" "$IMAGE" \
		sh -c 'sleep 100000 >/dev/null 2>&1 & exec /init allocate 100000000' >/dev/null
	slowly is_status exited
	expect_says "137 true" inspect '{{.State.ExitCode}} {{.State.OOMKilled}}'
	remove
}
check "stop with its time-out; a container that is out of memory" stop_timeout

# ---- files ----

volumes() {
	mkdir "$case/v" "$case/w"
	chmod 777 "$case/v" "$case/w"
	echo data >"$case/v/file"
	try podman run --rm -v "$case/v:/v:ro" -v "$case/w:/w" --tmpfs /t:size=1m --mount type=bind,src="$case/v/file",dst=/f \
		"$IMAGE" sh -c 'cat /v/file /f; touch /v/x 2>/dev/null || echo read-only; echo new >/w/y; df /t | tail -n 1 | cut -c 1-5'
	expect_status 0
	expect_output "data
data
read-only
tmpfs"
	expect_equal "$(cat "$case/w/y")" new
	try podman run --rm --read-only "$IMAGE" sh -c 'touch /x 2>/dev/null || echo read-only; touch /tmp/x && echo tmp'
	expect_output "read-only
tmp"
	podman run --rm -v "rwt-$$-volume:/data" "$IMAGE" sh -c 'echo kept >/data/file'
	expect_says kept podman run --rm -v "rwt-$$-volume:/data" "$IMAGE" cat /data/file
	podman volume rm "rwt-$$-volume" >/dev/null
}
check "volumes, read-only, tmpfs" volumes

user_namespaces() {
	mkdir "$case/v"
	chmod 777 "$case/v"
	if is_rootless; then
		expect_says "$(id -u) $(id -g)" podman run --rm --userns keep-id "$IMAGE" sh -c 'echo $(id -u) $(id -g)'
		podman run --rm --userns keep-id -v "$case/v:/v" "$IMAGE" touch /v/mine
		expect_equal "$(stat -c %u "$case/v/mine")" "$(id -u)"
		skip_auto=$(grep -c "^$(id -un):" /etc/subuid)
		[ "$skip_auto" != 0 ]
	else
		echo owned >"$case/v/file"
		chown 0:0 "$case/v/file"
		# root of the container owns it by the mount's own map
		expect_says "0 owned" podman run --rm --userns auto:size=4096 -v "$case/v:/v:idmap" "$IMAGE" \
			sh -c 'echo $(stat -c %u /v/file) $(cat /v/file)'
		expect_says "0 100000 1000" podman run --rm --uidmap 0:100000:1000 --gidmap 0:100000:1000 "$IMAGE" \
			sh -c 'echo $(cat /proc/self/uid_map)'
	fi
	said=$(podman run --rm --userns auto:size=4096 "$IMAGE" cat /proc/self/uid_map | awk '{ n += $3 } END { print n }')
	expect_equal "$said" 4096
}
check "user namespaces: auto, keep-id, id-mapped volumes" user_namespaces

# ---- how a container is run ----

init_process() {
	name
	podman run -d --init --name "$id" --health-cmd 'test -e /tmp/healthy' --health-interval disable "$IMAGE" sleep 1000 >/dev/null
	expect_says /run/podman-init podman exec "$id" readlink /proc/1/exe || :
	try podman healthcheck run "$id"
	expect_status 1
	podman exec "$id" touch /tmp/healthy
	try podman healthcheck run "$id"
	expect_status 0
	podman stop -t 10 "$id" >/dev/null
	expect_says 143 inspect '{{.State.ExitCode}}'
	remove
}
check "--init, health checks" init_process

privileged() {
	try podman run --rm --privileged "$IMAGE" sh -c 'readlink /dev/ptmx; grep CapBnd /proc/self/status; test -e /dev/kmsg && echo kmsg'
	expect_status 0
	expect_line pts/ptmx
	try podman run --rm --cap-drop all --cap-add net_raw --security-opt no-new-privileges "$IMAGE" \
		sh -c 'grep -E "CapEff|NoNewPrivs" /proc/self/status'
	expect_line "$(printf 'CapEff:\t0000000000002000')"
	expect_line "$(printf 'NoNewPrivs:\t1')"
	try podman run --rm --ulimit nofile=100:200 --sysctl net.ipv4.ip_unprivileged_port_start=80 --device /dev/null:/dev/nothing \
		--shm-size 2m --pid host --ipc private "$IMAGE" sh -c 'ulimit -n; cat /proc/sys/net/ipv4/ip_unprivileged_port_start
			echo x >/dev/nothing && echo written; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2'
	expect_output "100
80
written
2048"
	echo kept >"$case/file"
	exec 3<"$case/file"
	expect_says kept podman run --rm --preserve-fds 1 "$IMAGE" head -n 1 /proc/self/fd/3
	exec 3<"$case/file"
	expect_says "1 kept" env LISTEN_FDS=1 LISTEN_PID=1 podman run --rm "$IMAGE" \
		sh -c 'echo "$LISTEN_FDS $(head -n 1 <&3)"'
	exec 3<&-
	! is_rootless || expect_says yes podman run --rm --group-add keep-groups "$IMAGE" sh -c 'id -G >/dev/null && echo yes'
}
check "--privileged, capabilities, ulimit, sysctl, devices, --preserve-fds, LISTEN_FDS" privileged

cgroup_modes() {
	podman run --rm --cgroups disabled "$IMAGE" true
	podman run --rm --cgroups no-conmon "$IMAGE" true
	long
	other=cgroupfs
	[ "$CGROUP_MANAGER" != cgroupfs ] || other=systemd
	expect_says 30 podman --cgroup-manager "$other" run --rm --pids-limit 30 "$IMAGE" cat /sys/fs/cgroup/pids.max
	expect_says "0::/" podman run --rm --cgroupns private "$IMAGE" cat /proc/self/cgroup
	podman run --rm --cgroupns host "$IMAGE" grep -q libpod /proc/self/cgroup
}
check "cgroup managers and --cgroups" cgroup_modes

restart() {
	name
	podman run -d --name "$id" --restart on-failure:2 "$IMAGE" sh -c 'echo try; exit 1' >/dev/null
	slowly has_restarted
	expect_equal "$(podman logs "$id" | grep -c try)" 3
	remove
}

has_restarted() {
	[ "$(inspect '{{.RestartCount}} {{.State.Status}}')" = "2 exited" ]
}
check "restart policy" restart

# ---- several containers ----

server='mkdir /tmp/www; echo served >/tmp/www/index.html; exec httpd -f -p 8000 -h /tmp/www'

pods() {
	name pod
	podman pod create --name "$id" >/dev/null
	podman run -d --pod "$id" --name "$id-server" "$IMAGE" sh -c "$server" >/dev/null
	slowly served podman run --rm --pod "$id" --name "$id-client" "$IMAGE" wget -q -T 5 -O - http://127.0.0.1:8000/
	# they share IPC and host name as well
	expect_says "$id" podman exec "$id-server" hostname
	podman pod stop -t 1 "$id" >/dev/null 2>&1
	podman pod rm -f "$id" >/dev/null
}

served() {
	[ "$("$@" </dev/null 2>/dev/null)" = served ]
}
check "a pod" pods

# docker, where it has run, drops what passes between the containers of others.
pass_docker() {
	[ "$(id -u)" != 0 ] || ! iptables -S DOCKER-USER >/dev/null 2>&1 || iptables "$1" DOCKER-USER -j ACCEPT
}

networks() {
	name net
	pass_docker -I
	trap 'pass_docker -D' EXIT
	podman network create "$id" >/dev/null
	podman run -d --network "$id" -p 127.0.0.1:18080:8000 --name "$id-server" "$IMAGE" \
		sh -c "$server" >/dev/null
	slowly served podman run --rm --network "$id" --name "$id-client" "$IMAGE" wget -q -T 5 -O - "http://$id-server:8000/"
	slowly served curl -s -m 5 http://127.0.0.1:18080/
	podman rm -f -t 0 "$id-server" >/dev/null
	podman network rm "$id" >/dev/null
}
check "a network: names, published ports" networks

# ---- systemd ----

# manager: a service manager; what it gets is in the file received
manager() {
	NOTIFY_SOCKET=$case/manager.sock
	export NOTIFY_SOCKET
	"$TOOLS/notify-listen" "$NOTIFY_SOCKET" --timeout 600 >"$case/received" 2>&1 &
	manager=$!
	wait_until grep -qx listening "$case/received"
}

notify() {
	manager
	for by in conmon container healthy; do
		name "$by"
		: >"$case/received"
		set -- --health-cmd true --health-interval 1s
		[ "$by" = healthy ] || set --
		podman run -d --name "$id" --sdnotify "$by" "$@" -v "$work/init:/init:ro" "$IMAGE" \
			/init echo up -- sleep 2 -- sd-notify READY=1 -- pause >/dev/null
		slowly grep -qx READY=1 "$case/received"
		slowly grep -q MAINPID= "$case/received"
		remove
	done
	kill "$manager"
}
check "sdnotify: by conmon, by the container, when healthy" notify

quadlet() {
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	name unit
	if is_rootless; then
		folder=${XDG_CONFIG_HOME:-$HOME/.config}/containers/systemd user=--user
	else
		folder=/run/containers/systemd user=--system
	fi
	mkdir -p "$folder"
	cat >"$folder/$id.container" <<-END
		[Container]
		Image=$IMAGE
		ContainerName=$id
		PodmanArgs=--pids-limit=40
		GlobalArgs=--runtime=$RUNTIME
		Notify=true
		Volume=$work/init:/init:ro
		Exec=/init echo hello -- sd-notify READY=1 -- signal-wait TERM
		StopTimeout=5
	END
	systemctl "$user" daemon-reload
	systemctl "$user" start "$id" || {
		journalctl -q -n 30 "$user" -u "$id"
		fail "it does not start"
	}
	expect_says active systemctl "$user" is-active "$id"
	expect_says "$RUNTIME" inspect '{{.OCIRuntime}}'
	# --cgroups=split: inside the unit
	inspect '{{.State.CgroupPath}}' | grep -q "$id.service/libpod-payload-"
	# a kill of the main process is a failure of the unit
	systemctl "$user" stop "$id"
	expect_says success systemctl "$user" show -P Result "$id"
	! podman container exists "$id" || fail "the container is left"
	rm "$folder/$id.container"
	systemctl "$user" daemon-reload
}
check "a quadlet unit" quadlet

# ---- the API ----

api() {
	name
	socket=$case/api.sock
	# shellcheck disable=SC2086 # words
	command podman ${PODMAN_OPTIONS:-} system service --time 60 "unix://$socket" >"$case/service.log" 2>&1 &
	service=$!
	wait_until test -S "$socket"
	rest() {
		curl -sS --unix-socket "$socket" -H 'Content-Type: application/json' "$@"
	}
	rest -X POST "http://d/v4.0.0/libpod/containers/create" \
		-d "{\"name\": \"$id\", \"image\": \"$IMAGE\", \"command\": [\"sh\", \"-c\", \"echo by API; exit 4\"]}" >"$case/out"
	grep -q '"Id"' "$case/out"
	rest -X POST "http://d/v4.0.0/libpod/containers/$id/start"
	expect_says 4 rest -X POST "http://d/v4.0.0/libpod/containers/$id/wait"
	rest "http://d/v4.0.0/libpod/containers/$id/logs?stdout=true" >"$case/out"
	grep -qa 'by API' "$case/out"
	rest -X DELETE "http://d/v4.0.0/libpod/containers/$id?force=true" >/dev/null
	kill "$service"
	wait "$service" || :
}
check "the API service" api

finish
