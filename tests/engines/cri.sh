#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CRI: what a kubelet asks of containerd, with contrib's configuration and the runtime under test behind its handlers.
# The client is curl, since a call of gRPC is an HTTP/2 request; protoc makes and reads the messages of CRI's api.proto.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016 # texts for other shells
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
all_need containerd ctr curl protoc busybox ip
all_need_systemd
: "${CRI_PROTO:=/usr/share/gocode/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto}" "${CNI_BIN:=/usr/lib/cni}"
for file in "$CRI_PROTO" "$CNI_BIN/bridge"; do
	[ -e "$file" ] || {
		echo "1..0 # SKIP there is no $file"
		exit 0
	}
done

# ---- a containerd of our own ----

socket=$work/containerd.sock
image=localhost/rwt:1
slice=rwt$$.slice
bridge=rwt$(($$ % 100000))

# contrib's tables, in the places of the test.
make_config() {
	cat <<-END
		root = "$work/root"
		state = "$work/state"
		disabled_plugins = ["io.containerd.internal.v1.opt"]
	END
	contrib containerd/config.toml
	cat <<-END
		[grpc]
		  address = "$socket"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "$image"
		[plugins."io.containerd.grpc.v1.cri".cni]
		  bin_dir = "$CNI_BIN"
		  conf_dir = "$work/cni"
	END
}

make_network() {
	mkdir "$work/cni"
	cat >"$work/cni/10-test.conflist" <<-END
		{
			"cniVersion": "1.0.0", "name": "rwt-$$", "plugins": [ {
				"type": "bridge", "bridge": "$bridge", "isGateway": true,
				"ipam": { "type": "host-local", "dataDir": "$work/addresses", "ranges": [[{ "subnet": "10.77.77.0/24" }]] }
			} ]
		}
	END
}

# One image for sandboxes, which run its program, and for containers.
make_image() {
	mkdir -p "$work/image/root/bin" "$work/image/root/tmp" "$work/image/root/proc" "$work/image/root/sys" \
		"$work/image/root/dev" "$work/image/root/etc"
	cp "$TOOLS/init" "$work/image/root/init"
	cp "$(command -v busybox)" "$work/image/root/bin/busybox"
	for applet in sh cat echo id sleep httpd readlink hostname true touch ps head; do
		ln -s busybox "$work/image/root/bin/$applet"
	done
	tar -C "$work/image/root" -cf "$work/image/layer.tar" .
	rm -r "$work/image/root"
	cat >"$work/image/config.json" <<-END
		{
			"architecture": "amd64", "os": "linux", "config": { "Cmd": ["/init", "pause"] },
			"rootfs": { "type": "layers", "diff_ids": ["sha256:$(sha256sum <"$work/image/layer.tar" | cut -c 1-64)"] }
		}
	END
	echo "[{ \"Config\": \"config.json\", \"RepoTags\": [\"$image\"], \"Layers\": [\"layer.tar\"] }]" \
		>"$work/image/manifest.json"
	tar -C "$work/image" -cf "$work/image.tar" manifest.json config.json layer.tar
	ctr --address "$socket" --namespace k8s.io images import "$work/image.tar" >/dev/null
}

serves() {
	ctr --address "$socket" version >/dev/null 2>&1
}

end() {
	case=$work/end
	mkdir -p "$case"
	for pod in $(cri ListPodSandbox '' && sed -n 's/^  id: "\(.*\)"/\1/p' "$case/answer"); do
		remove_sandbox
	done
	kill "$containerd"
	wait "$containerd"
	ip link delete "$bridge" 2>/dev/null
	systemctl stop "$slice" 2>/dev/null
	cleanup
}

# ---- calls ----

# What is gogoproto's is for a generator of Go.
mkdir "$work/proto"
sed '/gogoproto/d' "$CRI_PROTO" >"$work/proto/api.proto"

# cri METHOD TEXT: a request in protobuf's text form; the answer in the same form goes to the file answer, an error's
# text to err.
cri() {
	service=RuntimeService
	case $1 in *Image*) service=ImageService ;; esac
	printf '%s' "$2" | protoc -I "$work/proto" --encode="runtime.v1.$1Request" api.proto >"$case/request" || return
	size=$(stat -c %s "$case/request")
	# gRPC's frame: not compressed, the size in four bytes
	# shellcheck disable=SC2059 # octal numbers
	{
		printf "$(printf '\\0\\0\\0\\%03o\\%03o' $((size / 256)) $((size % 256)))"
		cat "$case/request"
	} >"$case/frame"
	curl -sS -m 200 --http2-prior-knowledge --unix-socket "$socket" -H 'content-type: application/grpc' -H 'te: trailers' \
		--data-binary "@$case/frame" -D "$case/headers" -o "$case/reply" \
		"http://localhost/runtime.v1.$service/$1" || return
	sed -n 's/^grpc-message: //p' "$case/headers" >"$case/err"
	grep -q '^grpc-status: 0' "$case/headers" || {
		echo "$1: $(cat "$case/err")"
		return 1
	}
	tail -c +6 "$case/reply" | protoc -I "$work/proto" --decode="runtime.v1.$1Response" api.proto >"$case/answer"
}

# answer FIELD: its first value; strings as protobuf's text form has them
answer() {
	sed -n "s/^ *$1: *\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$case/answer" | head -n 1
}

# run_sandbox NAME HANDLER [TEXT]: $pod; the text is of its LinuxSandboxSecurityContext
run_sandbox() {
	mkdir -p "$work/logs/$1"
	hostname="hostname: '$1'"
	# as a kubelet: the host's name is not the pod's to set
	case ${3:-} in *'network: NODE'*) hostname= ;; esac
	sandbox="metadata { name: '$1' uid: 'rwt-$$' namespace: 'default' } $hostname log_directory: '$work/logs/$1'
		linux { cgroup_parent: '$slice' security_context { ${3:-} } }"
	cri RunPodSandbox "config { $sandbox } runtime_handler: '$2'"
	pod=$(answer pod_sandbox_id)
}

remove_sandbox() {
	cri StopPodSandbox "pod_sandbox_id: '$pod'"
	cri RemovePodSandbox "pod_sandbox_id: '$pod'"
}

# What a kubelet asks of each container.
kubelet_paths="masked_paths: '/proc/kcore' masked_paths: '/proc/keys' masked_paths: '/sys/firmware'
	readonly_paths: '/proc/bus' readonly_paths: '/proc/sys' readonly_paths: '/proc/sysrq-trigger'"

# words FIELD WORD...: as values of this repeated field
words() {
	field=$1
	shift
	for word in "$@"; do
		printf "%s: '%s' " "$field" "$word"
	done
}

# create_container NAME RESOURCES SECURITY WORD...: $container, in $pod; texts of LinuxContainerResources and of
# LinuxContainerSecurityContext
create_container() {
	name=$1 resources=$2 security=$3
	shift 3
	cri CreateContainer "pod_sandbox_id: '$pod' sandbox_config { $sandbox } config { metadata { name: '$name' }
		image { image: '$image' } log_path: '$name.log' $(words command "$@")
		linux { resources { $resources } security_context { $kubelet_paths $security } } }"
	container=$(answer container_id)
}

run_container() {
	create_container "$@"
	cri StartContainer "container_id: '$container'"
}

# executes STATUS OUTPUT WORD...: in $container
executes() {
	expected="$1 $2"
	shift 2
	cri ExecSync "container_id: '$container' $(words cmd "$@") timeout: 100"
	exit_code=$(answer exit_code)
	expect_equal "${exit_code:-0} $(answer stdout)" "$expected"
}

status_of_container() {
	cri ContainerStatus "container_id: '$container'"
}

has_exited() {
	status_of_container && [ "$(answer state)" = CONTAINER_EXITED ]
}

is_oom_killed() {
	status_of_container && [ "$(answer reason)" = OOMKilled ]
}

has_image() {
	cri ImageStatus "image { image: '$image' }" && [ -n "$(answer id)" ]
}

served() {
	[ "$(curl -s -m 5 "http://$1:8000/")" = served ]
}

# ---- cases ----

make_config >"$work/config.toml"
make_network
containerd --config "$work/config.toml" >"$work/containerd.log" 2>&1 &
containerd=$!
case=$work
trap end EXIT
if ! (slowly serves && make_image && slowly has_image); then
	cat "$work/containerd.log"
	exit 1
fi >&2

loaded() {
	cri Status 'verbose: true'
	for condition in RuntimeReady NetworkReady; do
		grep -A 1 "type: \"$condition\"" "$case/answer" | grep -q 'status: true' || fail "no $condition"
	done
	handlers=$(contrib kubernetes/runtimeclass.yaml | sed -n 's/^handler: //p')
	for handler in $handlers; do
		grep -qF "\\\"$handler\\\":{" "$case/answer" || fail "no handler $handler"
	done
	expect_equal "$handler" ringwall-kvm
}
check "the handlers of contrib's runtime classes are contrib's runtimes" loaded

sandbox() {
	run_sandbox box ringwall
	cri PodSandboxStatus "pod_sandbox_id: '$pod'"
	# SANDBOX_READY is 0, which the text form leaves out
	expect_equal "$(answer state) $(answer runtime_handler)" " ringwall"
	address=$(answer ip)
	# containerd's shim has it from the runtime
	"$RUNTIME" --root /run/containerd/runc/k8s.io state "$pod" | grep -q '"running"'
	run_container server '' '' sh -c 'cd /tmp; echo served >index.html; exec httpd -f -p 8000'
	slowly served "$address"
	executes 0 'box\n' hostname
	remove_sandbox
	! cri PodSandboxStatus "pod_sandbox_id: '$pod'" || fail "the sandbox is still there"
	! "$RUNTIME" --root /run/containerd/runc/k8s.io state "$pod" 2>/dev/null || fail "the runtime still has it"
}
check "a sandbox on a network, and a server in it" sandbox

container() {
	run_sandbox life ''
	run_container main 'memory_limit_in_bytes: 67108864 cpu_quota: 50000 cpu_period: 100000 oom_score_adj: 500' '' \
		/init echo up -- oom -- stderr oops -- signal-wait USR1 TERM -- exit 4
	status_of_container
	expect_equal "$(answer state)" CONTAINER_RUNNING
	executes 7 '67108864\n50000 100000\nread-only\n' \
		sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max; echo 1 2>/dev/null >/proc/sys/kernel/sysrq || echo read-only; exit 7'
	! cri ExecSync "container_id: '$container' $(words cmd /nosuch) timeout: 100" || fail "no error"
	expect_error 'o such file or directory'
	! cri ExecSync "container_id: '$container' $(words cmd sleep 1000) timeout: 1" || fail "no time-out"
	cri ContainerStats "container_id: '$container'"
	grep -A 3 usage_core_nano_seconds "$case/answer" | grep -q 'value: [1-9]'
	grep -A 3 working_set_bytes "$case/answer" | grep -q 'value: [1-9]'
	cri UpdateContainerResources "container_id: '$container' linux { memory_limit_in_bytes: 100663296 }"
	executes 0 '100663296\n' cat /sys/fs/cgroup/memory.max
	cri StopContainer "container_id: '$container' timeout: 60"
	status_of_container
	expect_equal "$(answer state) $(answer exit_code)" "CONTAINER_EXITED 4"
	# time, stream, whole line, text
	grep -q '^[^ ]* stdout F up$' "$work/logs/life/main.log"
	grep -q '^[^ ]* stderr F oops$' "$work/logs/life/main.log"
	grep -q '^[^ ]* stdout [FP] .*500$' "$work/logs/life/main.log"
	grep -q '^[^ ]* stdout F .*TERM' "$work/logs/life/main.log"
	cri RemoveContainer "container_id: '$container'"
	! status_of_container || fail "it is still there"
	remove_sandbox
}
check "a container: limits, exec, statistics, update, stop, log" container

ends() {
	run_sandbox ends ''
	run_container stubborn '' '' sh -c 'trap : TERM; while :; do sleep 1; done'
	cri StopContainer "container_id: '$container' timeout: 2"
	status_of_container
	expect_equal "$(answer exit_code)" 137
	create_container wrong '' '' nosuch
	! cri StartContainer "container_id: '$container'" || fail "it started"
	expect_error 'not found in $PATH'
	remove_sandbox
}
check "stop's time-out, no such program" ends

# Again and again: the shim watches some time after the start only, and no longer when the cgroup has gone.
out_of_memory() {
	run_sandbox hungry ''
	run_container main 'memory_limit_in_bytes: 16777216' '' \
		sh -c 'end() { exit $code; }; trap end TERM; while sleep 1; do /init allocate 100000000; code=$?; done'
	slowly is_oom_killed
	cri StopContainer "container_id: '$container' timeout: 60"
	slowly has_exited
	is_oom_killed
	expect_equal "$(answer exit_code)" 137
	remove_sandbox
}
check "out of memory" out_of_memory

security() {
	run_sandbox safe ringwall "seccomp { profile_type: RuntimeDefault }"
	run_container main '' "run_as_user { value: 1000 } run_as_group { value: 1001 } supplemental_groups: 1002
		readonly_rootfs: true no_new_privs: true seccomp { profile_type: RuntimeDefault }
		capabilities { drop_capabilities: 'ALL' add_capabilities: 'NET_RAW' }" /init pause
	executes 0 'uid=1000 gid=1001 groups=1001,1002\n' id
	executes 1 '' sh -c 'touch /x 2>/dev/null'
	executes 0 'CapBnd:\t0000000000002000\nNoNewPrivs:\t1\nSeccomp:\t2\n' \
		/init status CapBnd NoNewPrivs Seccomp
	remove_sandbox
}
check "the security context of a pod" security

# same NAMESPACE OTHER: that of $container and of the process OTHER
same() {
	executes 0 "$(readlink "/proc/$2/ns/$1")\\n" readlink "/proc/self/ns/$1"
}

namespaces() {
	run_sandbox host '' 'namespace_options { network: NODE pid: NODE ipc: NODE }'
	run_container main '' 'namespace_options { network: NODE pid: NODE ipc: NODE }' /init pause
	for namespace in net pid ipc; do
		same "$namespace" self
	done
	remove_sandbox
	run_sandbox shared '' 'namespace_options { pid: POD }'
	run_container main '' 'namespace_options { pid: POD }' /init pause
	first=$("$RUNTIME" --root /run/containerd/runc/k8s.io state "$pod" | tr -d ' ,' | sed -n 's/^"pid"://p')
	for namespace in net pid ipc uts; do
		same "$namespace" "$first"
	done
	remove_sandbox
}
check "namespaces of the host, and of the pod" namespaces

user_namespace() {
	options='namespace_options { userns_options { mode: POD
		uids { host_id: 700000 container_id: 0 length: 65536 } gids { host_id: 700000 container_id: 0 length: 65536 } } }'
	run_sandbox user '' "$options"
	run_container main '' "$options" /init pause
	executes 0 '         0     700000      65536\nuid=0 gid=0 groups=0\n' sh -c 'cat /proc/self/uid_map; id'
	remove_sandbox
}
check "a user namespace for the pod" user_namespace

machine() {
	is_ringwall || skip "the KVM mode is ringwall's"
	[ -e /dev/kvm ] || skip "there is no /dev/kvm"
	# as a kubelet, which says so unless a pod shares its processes
	own='namespace_options { pid: CONTAINER }'
	run_sandbox machine ringwall-kvm "$own"
	cri PodSandboxStatus "pod_sandbox_id: '$pod'"
	expect_equal "$(answer state) $(answer runtime_handler)" " ringwall-kvm"
	"$RUNTIME" --root /run/containerd/runc/k8s.io state "$pod" | grep -q '"running"'
	address=$(answer ip)
	# The pod's network and name are this container's.
	run_container server '' "$own" sh -c 'cd /tmp; echo served >index.html; exec httpd -f -p 8000'
	executes 0 'machine\n' hostname
	cri ExecSync "container_id: '$container' $(words cmd cat /proc/sys/kernel/osrelease) timeout: 100"
	[ "$(answer stdout)" != "$(uname -r)\\n" ] || fail "it is the host's kernel"
	slowly served "$address"
	# There is one: the next would share them with it.
	! run_container second '' "$own" /init pause || fail "a second machine in a pod"
	remove_sandbox
}
check "a pod in machines of its own" machine

finish
