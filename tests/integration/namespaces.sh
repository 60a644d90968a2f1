#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config-linux.md: "Namespaces", "User namespace mappings", "Offset for Time Namespace", "Network Devices",
# "Sysctl"; config.md: "Hostname", "Domainname".
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# hold UNSHARE-OPTION...: namespaces with a process in them, until the case ends; sets $held to its pid
hold() {
	unshare "$@" --fork --kill-child=KILL "$TOOLS/init" pause &
	holder=$!
	trap 'kill -KILL "$holder" 2>/dev/null; wait "$holder" 2>/dev/null || :' EXIT
	wait_until holds
}

holds() {
	held=$(pgrep -P "$holder")
}

# The namespace of a kind ("net") as /proc shows it: "net:[4026531840]"
ns_of() {
	readlink "/proc/$1/ns/$2"
}

# run_under PREFIX...: as run, the program started by another one
run_under() {
	status=0
	"$@" "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
}

# namespaces TYPE[=PATH]...
namespaces() {
	config set linux.namespaces '[]'
	for entry in "$@"; do
		case $entry in
		*=*) config append linux.namespaces "{\"type\": \"${entry%%=*}\", \"path\": \"${entry#*=}\"}" ;;
		*) config append linux.namespaces "{\"type\": \"$entry\"}" ;;
		esac
	done
}

# refused TEXT: the configuration is an error that says TEXT, and nothing of it is left
refused() {
	call run --bundle "$bundle" "$id"
	expect_failure
	expect_error "$1"
	[ ! -e "$case/state/$id" ] || fail "a state is left"
}

# Root of a user namespace of the tests is not the owner of the bundle's folders.
let_everybody_pass() {
	chmod 0711 "$work" "$case"
	chmod 0755 "$bundle" "$bundle/rootfs"
}

# ---- new and inherited ----

kinds="cgroup ipc mnt net pid time user uts"

new_ones() {
	new_bundle
	namespaces pid network ipc uts mount user cgroup time
	args ns
	run
	expect_status 0
	for kind in $kinds; do
		grep -q "^$kind: $kind:\[" "$case/out" || fail "no $kind namespace is printed"
		expect_no_line "$kind: $(ns_of self "$kind")"
	done
}
check "all eight kinds, new" new_ones

inherited_ones() {
	new_bundle
	namespaces mount
	config del hostname
	args ns
	run
	expect_status 0
	for kind in $kinds; do
		if [ "$kind" = mnt ]; then
			expect_no_line "$kind: $(ns_of self "$kind")"
		else
			expect_line "$kind: $(ns_of self "$kind")"
		fi
	done
}
check "a namespace that is not listed is the runtime's" inherited_ones

of_exec() {
	new_bundle
	namespaces pid network ipc uts mount user cgroup time
	args ns -- pause
	start_container
	wait_until grep -q ^uts "$case/container.log"
	call exec "$id" /init ns
	expect_status 0
	expect_output "$(cat "$case/container.log")"
}
check "exec is in all of them" of_exec

# ---- by path ----

joined() {
	hold -m -u -i -n -p -C -T
	for entry in network:net ipc:ipc uts:uts cgroup:cgroup time:time pid:pid; do
		type=${entry%%:*} kind=${entry#*:}
		new_bundle "$type"
		namespaces "$type=/proc/$held/ns/$kind" mount
		[ "$type" = pid ] || config append linux.namespaces '{"type": "pid"}'
		config del hostname
		args ns "$kind"
		run
		expect_status 0
		expect_output "$kind: $(ns_of "$held" "$kind")"
	done
}
check "each kind by its path" joined

is_stopped() {
	[ "$(state_of status)" = stopped ]
}

joined_together() {
	hold -u -i -n -p -C -T
	new_bundle
	namespaces "pid=/proc/$held/ns/pid" "network=/proc/$held/ns/net" "ipc=/proc/$held/ns/ipc" \
		"uts=/proc/$held/ns/uts" "cgroup=/proc/$held/ns/cgroup" "time=/proc/$held/ns/time" mount
	config set hostname '"of-the-pod"'
	args ns -- pause
	start_container
	wait_until grep -q ^uts "$case/container.log"
	for kind in cgroup ipc net pid time uts; do
		grep -qxF "$kind: $(ns_of "$held" "$kind")" "$case/container.log" || fail "$kind is another one"
	done
	expect_equal "$(nsenter -u -t "$held" hostname)" of-the-pod
	ringwall kill "$id" KILL
	wait_until is_stopped
	ringwall delete "$id"
	kill -0 "$held" || fail "the other process of the pid namespace is gone"
}
check "as a member of a pod" joined_together

mount_by_path() {
	hold -m --propagation private
	new_bundle
	nsenter -m -t "$held" mount -t tmpfs tmpfs "$bundle/rootfs/tmp"
	nsenter -m -t "$held" sh -c "echo there >'$bundle/rootfs/tmp/file'"
	namespaces "mount=/proc/$held/ns/mnt" pid
	config del hostname
	config set mounts '[]'
	config del linux.maskedPaths
	config del linux.readonlyPaths
	args cat /tmp/file
	run
	expect_status 0
	expect_output there
}
check "a mount namespace by its path, with what is mounted there" mount_by_path

by_wrong_path() {
	new_bundle
	config del hostname
	namespaces mount network=/proc/self/ns/uts
	refused 'linux.namespaces (network): "/proc/self/ns/uts" is a uts namespace'
	namespaces mount pid=/proc/self/ns/net
	refused 'linux.namespaces (pid): "/proc/self/ns/net" is a network namespace'
	touch "$case/file"
	namespaces mount "ipc=$case/file"
	refused "linux.namespaces (ipc): \"$case/file\" is not a namespace"
	mkfifo "$case/fifo"
	namespaces mount "ipc=$case/fifo"
	refused "linux.namespaces (ipc): \"$case/fifo\" is not a namespace"
	namespaces mount "ipc=$case"
	refused "linux.namespaces (ipc): \"$case\" is not a namespace"
	namespaces mount "ipc=$case/absent"
	refused 'no such file or directory'
	expect_error "linux.namespaces (ipc)"
	namespaces mount ipc=proc/self/ns/ipc
	refused 'linux.namespaces[1].path: "proc/self/ns/ipc" is not an absolute path'
}
check "a path that is no namespace, or of another type, is an error" by_wrong_path

wrong_lists() {
	new_bundle
	namespaces mount ipc ipc
	refused 'linux.namespaces[2]: the namespace "ipc" is given twice'
	namespaces mount ipc ipc=/proc/self/ns/ipc
	refused 'linux.namespaces[2]: the namespace "ipc" is given twice'
	namespaces mount dream
	refused 'linux.namespaces[1].type'
	expect_error '"dream"'
	config set linux.namespaces '[{"path": "/proc/self/ns/ipc"}]'
	refused 'required property "type" is missing'
}
check "a type twice, unknown or missing is an error" wrong_lists

# ---- user namespaces ----

mapped() {
	need_root
	new_bundle
	let_everybody_pass
	namespaces pid network ipc uts mount user cgroup
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}, {"containerID": 1000, "hostID": 300000, "size": 10}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 200000, "size": 2000}]'
	config set process.user '{"uid": 0, "gid": 0, "additionalGids": [5, 1999]}'
	config append mounts '{"destination": "/tmp", "type": "tmpfs", "options": ["mode=1777"]}'
	args id -- cat /proc/self/uid_map /proc/self/gid_map -- write /tmp/f x -- stat /tmp/f -- pause
	start_container
	wait_until grep -q 'f: file' "$case/container.log"
	sed 's/  */ /g' "$case/container.log" >"$case/out"
	expect_line "uid: 0 0 0"
	expect_line "groups: 5 1999"
	expect_line " 0 100000 1000"
	expect_line " 1000 300000 10"
	expect_line " 0 200000 2000"
	expect_line "/tmp/f: file 0644 0:0 size=1"
	pid=$(state_of pid)
	expect_equal "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" 100000
	expect_equal "$(sed -n 's/^Gid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" 200000
	call exec --user 1000:1999 "$id" /init id
	expect_line "uid: 1000 1000 1000"
	call exec --user 1010 "$id" /init id
	expect_failure
	expect_error 'user 1010 is not mapped in the container'
	call exec --user 0:2000 "$id" /init id
	expect_failure
	expect_error 'group 2000 is not mapped in the container'
	call exec --additional-gids 2000 "$id" /init id
	expect_failure
	expect_error 'a group is not mapped in the container'
}
check "a user namespace with maps" mapped

private_bundle() {
	need_root
	new_bundle # below a folder of mode 0700
	namespaces pid network ipc uts mount user cgroup
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	args id
	run
	expect_status 0
	expect_line "uid: 0 0 0"
}
check "the bundle may lie where the container's root has no access" private_bundle

identity_map() {
	need_root
	new_bundle
	namespaces pid network ipc uts mount user cgroup
	args cat /proc/self/uid_map -- id
	config set process.user '{"uid": 1234, "gid": 77}'
	run
	expect_status 0
	expect_line "uid: 1234 1234 1234"
	expect_equal "$(head -n 1 "$case/out" | tr -s ' ')" "$(tr -s ' ' </proc/self/uid_map)"
}
check "without maps every id is itself" identity_map

wrong_maps() {
	new_bundle
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	refused 'linux.uidMappings: needs a user namespace'
	namespaces pid network ipc uts mount user cgroup
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 0}]'
	refused 'linux.uidMappings[0]: the range is empty'
	config set linux.uidMappings '[{"containerID": 0, "hostID": 4294967295, "size": 1}]'
	refused 'linux.uidMappings[0]: the range ends above the highest id'
	config set linux.uidMappings '[{"containerID": 0, "hostID": 1, "size": 10}, {"containerID": 9, "hostID": 50, "size": 10}]'
	refused 'linux.uidMappings[1]: ids of the container are mapped twice'
	config set linux.uidMappings '[{"containerID": 0, "hostID": 1, "size": 10}, {"containerID": 20, "hostID": 10, "size": 10}]'
	refused 'linux.uidMappings[1]: ids of the host are mapped twice'
	config set linux.uidMappings '[{"containerID": 0, "size": 10}]'
	refused 'required property "hostID" is missing'
	config set linux.uidMappings '[{"containerID": 5, "hostID": 100000, "size": 10}]'
	config set linux.gidMappings '[{"containerID": 5, "hostID": 100000, "size": 10}]'
	refused 'linux.uidMappings: no range holds id 0'
	config set linux.uidMappings '[{"containerID": 5, "hostID": 100000, "size": 10}, {"containerID": 0, "hostID": 5, "size": 1}]'
	refused 'linux.gidMappings: no range holds id 0'
}
check "wrong maps are errors" wrong_maps

user_by_path() {
	need_root
	hold -U
	echo "0 100000 1000" >"/proc/$held/uid_map"
	echo "0 100000 1000" >"/proc/$held/gid_map"
	new_bundle
	let_everybody_pass
	namespaces pid network ipc uts mount cgroup "user=/proc/$held/ns/user"
	args ns user -- id -- pause
	start_container
	wait_until grep -q ^groups "$case/container.log"
	grep -qxF "user: $(ns_of "$held" user)" "$case/container.log" || fail "another user namespace"
	grep -qxF "uid: 0 0 0" "$case/container.log" || fail "not its root"
	pid=$(state_of pid)
	expect_equal "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" 100000
	call exec "$id" /init ns user
	expect_output "user: $(ns_of "$held" user)"
}
check "a user namespace by its path" user_by_path

# ---- time ----

time_offsets() {
	new_bundle
	namespaces pid network ipc uts mount cgroup time
	config set linux.timeOffsets '{"monotonic": {"secs": 100000, "nanosecs": 5}, "boottime": {"secs": 200000}}'
	args timens -- pause
	uptime=$(cut -d. -f1 /proc/uptime)
	[ "$ISOLATION" = native ] || uptime=0 # its own kernel's
	start_container
	wait_until grep -q ^boottime.*200000 "$case/container.log"
	tr -s ' \t' ' ' <"$case/container.log" >"$case/out"
	expect_line "monotonic 100000 5"
	expect_line "boottime 200000 0"
	inside=$(sed -n 's/^boottime: //p' "$case/out")
	[ "$inside" -ge $((uptime + 200000)) ] || fail "the clock shows $inside"
	call exec "$id" /init timens
	tr -s ' \t' ' ' <"$case/out" >"$case/exec"
	grep -qxF "monotonic 100000 5" "$case/exec" || fail "exec has another time namespace"
}
check "time offsets" time_offsets

time_offsets_in_userns() {
	need_root
	new_bundle
	let_everybody_pass
	namespaces pid network ipc uts mount cgroup time user
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	config set linux.timeOffsets '{"boottime": {"secs": 200000}}'
	args timens
	run
	expect_status 0
	tr -s ' \t' ' ' <"$case/out" >"$case/offsets"
	grep -qxF "boottime 200000 0" "$case/offsets" || fail "no offset"
}
check "time offsets with a user namespace" time_offsets_in_userns

wrong_offsets() {
	new_bundle
	config set linux.timeOffsets '{"boottime": {"secs": 5}}'
	refused 'linux.timeOffsets: needs a time namespace'
	namespaces mount pid time=/proc/self/ns/time
	config del hostname
	refused 'linux.timeOffsets: only a new time namespace has offsets'
	namespaces mount pid uts time
	config set linux.timeOffsets '{"realtime": {"secs": 5}}'
	refused 'linux.timeOffsets.realtime: unknown clock (known are: monotonic, boottime)'
	config set linux.timeOffsets '{"boottime": {"secs": 5, "nanosecs": 1000000000}}'
	refused 'linux.timeOffsets.boottime.nanosecs'
	config set linux.timeOffsets '{"boottime": {"secs": -900000000}}'
	refused 'linux.timeOffsets'
	expect_error 'a clock must not become negative'
}
check "wrong time offsets are errors" wrong_offsets

# ---- names ----

names() {
	new_bundle
	config set hostname '"box.example"'
	config set domainname '"nis.example"'
	before=$(uname -n)
	args uname
	run
	expect_line "hostname: box.example"
	expect_line "domainname: nis.example"
	expect_equal "$(uname -n)" "$before"
	config del hostname
	config del domainname
	run
	expect_line "hostname: $before"
	config set hostname "\"$(printf %064d 0)\""
	run
	expect_line "hostname: $(printf %064d 0)"
	config set hostname "\"$(printf %065d 0)\""
	refused 'is longer than 64 bytes'
	config set hostname '5'
	refused 'hostname: expected string'
}
check "host name and domain name" names

names_of_the_host() {
	new_bundle
	before=$(uname -n)
	namespaces mount pid
	config del hostname
	for name in hostname domainname; do
		config set $name '"of-the-host"'
		refused "$name: needs a uts namespace"
		expect_equal "$(uname -n)" "$before"
		config del $name
	done
}
check "without a namespace there is no host name" names_of_the_host

# ---- sysctl ----

# sysctl NAME VALUE [FILE]: it is set, as FILE (from NAME) shows
sysctl() {
	config set linux.sysctl "{\"$1\": \"$2\"}"
	args cat "/proc/sys/${3:-$(echo "$1" | tr . /)}"
	run
	expect_status 0
	expect_output "$2"
}

sysctls() {
	new_bundle
	config del hostname
	sysctl net.ipv4.ip_forward 1
	sysctl net/ipv4/ip_forward 1 net/ipv4/ip_forward
	sysctl net.ipv4.conf.lo.forwarding 1
	sysctl net/ipv4/conf/lo/forwarding 1
	sysctl kernel.shm_rmid_forced 1
	sysctl kernel.msgmax 4096
	sysctl kernel.domainname nis.example
	sysctl kernel.hostname by-sysctl
	[ ! -e /proc/sys/fs/mqueue/msg_max ] || sysctl fs.mqueue.msg_max 7
	config set linux.sysctl '{"net.ipv4.ip_forward": "1", "kernel.msgmax": "5000", "net.ipv4.ip_default_ttl": "33"}'
	args cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_default_ttl
	run
	expect_output "1
5000
33"
}
check "sysctls of the container's namespaces, in both spellings" sysctls

sysctls_of_userns() {
	need_root
	new_bundle
	let_everybody_pass
	namespaces pid network ipc uts mount user cgroup
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	sysctl net.ipv4.ip_forward 1
	sysctl user.max_uts_namespaces 9
	config set linux.sysctl '{"net.ipv4.ping_group_range": "0 5000"}'
	refused 'both group ids must be mapped'
}
check "sysctls with a user namespace" sysctls_of_userns

sysctls_of_the_host() {
	new_bundle
	for key in kernel.panic vm.swappiness kernel.core_pattern fs.file-max kernel.shm_rmid_forced_ \
		kernel.pid_max kernel kernel.yama.ptrace_scope fs.mqueue netx.a; do
		config set linux.sysctl "{\"$key\": \"1\"}"
		refused "linux.sysctl.$key: belongs to no namespace and would change the host"
	done
	for key in net..ipv4 .net net. net/../kernel/panic 'net. x' ''; do
		config set linux.sysctl "{\"$key\": \"1\"}"
		refused 'is not the name of a kernel parameter'
	done
	config set linux.sysctl '{"net.ipv4.no_such_setting": "1"}'
	refused 'linux.sysctl.net.ipv4.no_such_setting'
	expect_error 'this kernel has no such setting here'
	config set linux.sysctl '{"net.ipv4.ip_default_ttl": "many"}'
	refused 'linux.sysctl.net.ipv4.ip_default_ttl'
	expect_error 'invalid argument'
	config set linux.sysctl '{"kernel.msgmax": 5}'
	refused 'linux.sysctl["kernel.msgmax"]: expected string'
	config set hostname '"box"'
	config set linux.sysctl '{"kernel.hostname": "other"}'
	refused 'linux.sysctl.kernel.hostname: conflicts with the property hostname'
}
check "sysctls that are not the container's are errors" sysctls_of_the_host

# sysctl_needs NAME TYPE: refused without that namespace, and with the runtime's own by its path (R10)
sysctl_needs() {
	config set linux.sysctl "{\"$1\": \"1\"}"
	namespaces mount pid
	refused "linux.sysctl.$1: the container shares the $2 namespace of the runtime"
	expect_error "give the container a $2 namespace of its own"
	namespaces mount pid "$2=/proc/self/ns/$3"
	refused "linux.sysctl.$1: the container shares the $2 namespace of the runtime"
	ln -sf "/proc/self/ns/$3" "$case/link"
	namespaces mount pid "$2=$case/link"
	refused "linux.sysctl.$1: the container shares the $2 namespace of the runtime"
}

sysctls_without_namespace() {
	new_bundle
	config del hostname
	sysctl_needs kernel.shm_rmid_forced ipc ipc
	sysctl_needs net.ipv4.ip_forward network net
	sysctl_needs kernel.domainname uts uts
	sysctl_needs user.max_uts_namespaces user user
}
check "the runtime's own namespace, by its path too, takes no sysctl" sysctls_without_namespace

sysctl_of_joined() {
	hold -i -n
	new_bundle
	namespaces mount pid uts "ipc=/proc/$held/ns/ipc" "network=/proc/$held/ns/net"
	sysctl kernel.shm_rmid_forced 1
	sysctl net.ipv4.ip_forward 1
	expect_equal "$(nsenter -n -t "$held" cat /proc/sys/net/ipv4/ip_forward)" 1
}
check "a namespace of others, by its path, takes sysctls" sysctl_of_joined

# ---- network ----

loopback() {
	new_bundle
	args cat /sys/class/net/lo/flags -- cat /proc/net/dev
	run
	expect_status 0
	expect_line 0x9 # IFF_UP | IFF_LOOPBACK
	expect_equal "$(grep -c : "$case/out")" 1
}
check "a new network namespace has lo, up" loopback

# A network namespace that stands for the host's, with the pair v0 - v1; needs ip and veth.
scratch_net() {
	need_root
	command -v ip >/dev/null || skip "no ip(8)"
	hold -n
	nsenter -n -t "$held" ip link add v0 type veth peer name v1 2>/dev/null ||
		skip "the kernel makes no veth pairs"
	host="nsenter -n -t $held"
}

# start_in_net: start_container with the scratch network as the runtime's
start_in_net() {
	$host "$RINGWALL" --root "$case/state" create --bundle "$bundle" "$id" \
		>"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	inside="nsenter -n -t $(state_of pid)"
}

# links COMMAND...: the names of the links it lists
links() {
	"$@" ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort | tr '\n' ' '
}

addresses() {
	"$@" ip -o addr show scope global | awk '{ print $2, $3, $4 }' | sort
}

# net_devices JSON TEXT: an error that says TEXT; the links are where they were
net_devices_refused() {
	config set linux.netDevices "$1"
	# shellcheck disable=SC2086 # a command
	run_under $host
	expect_failure
	expect_error "$2"
	[ ! -e "$case/state/$id" ] || fail "a state is left"
	# shellcheck disable=SC2086
	expect_equal "$(links $host)" "lo v0 v1 "
}

device_moves() {
	scratch_net
	$host ip addr add 10.1.2.3/24 dev v0
	$host ip addr add 10.1.2.4/24 dev v0
	$host ip addr add 169.254.7.7/16 dev v0 scope link
	$host ip addr add fd00::1/64 dev v0 nodad
	new_bundle
	config set linux.netDevices '{"v0": {}}'
	args pause
	start_in_net
	# shellcheck disable=SC2086
	{
		expect_equal "$(links $host)" "lo v1 "
		expect_equal "$(links $inside)" "lo v0 "
		expect_equal "$(addresses $inside)" "v0 inet 10.1.2.3/24
v0 inet 10.1.2.4/24
v0 inet6 fd00::1/64"
	}
	$inside ip link show v0 | grep -q '[<,]UP[,>]' || fail "it is not up"
}
check "a network device moves with its global addresses, and is up" device_moves

device_renamed() {
	scratch_net
	$host ip addr add 10.1.2.3/24 dev v0
	new_bundle
	config set linux.netDevices '{"v0": {"name": "eth%d"}, "v1": {"name": "eth%d"}}'
	args pause
	start_in_net
	# shellcheck disable=SC2086
	{
		expect_equal "$(links $host)" "lo "
		expect_equal "$(links $inside)" "eth0 eth1 lo "
		expect_equal "$(addresses $inside)" "eth0 inet 10.1.2.3/24"
	}
}
check "a network device takes another name, or the next one" device_renamed

device_conflicts() {
	scratch_net
	$host ip addr add 10.1.2.3/24 dev v0
	$host ip link set v0 up
	new_bundle
	net_devices_refused '{"v0": {"name": "lo"}}' 'linux.netDevices.v0: the container has a network device "lo" already'
	expect_error 'give it another name'
	net_devices_refused '{"absent": {}}' 'linux.netDevices.absent: find the device: no such device'
	# the first has moved when the second fails
	net_devices_refused '{"v0": {"name": "eth0"}, "v1": {"name": "eth0"}}' \
		'linux.netDevices.v1: the container has a network device "eth0" already'
	# shellcheck disable=SC2086
	expect_equal "$(addresses $host)" "v0 inet 10.1.2.3/24"
	$host ip link show v0 | grep -q '[<,]UP[,>]' || fail "v0 is not up any more"
	net_devices_refused '{"v0": {}, "absent": {}}' 'linux.netDevices.absent'
	# shellcheck disable=SC2086
	expect_equal "$(addresses $host)" "v0 inet 10.1.2.3/24"
}
check "a device that cannot move is an error, and the others go back" device_conflicts

device_of_failed_create() {
	scratch_net
	$host ip addr add 10.1.2.3/24 dev v0
	$host ip link set v0 up
	new_bundle
	config set hooks.createRuntime '[{"path": "/bin/false"}]'
	net_devices_refused '{"v0": {"name": "eth0"}}' 'createRuntime'
	# shellcheck disable=SC2086
	expect_equal "$(addresses $host)" "v0 inet 10.1.2.3/24"
	$host ip link show v0 | grep -q '[<,]UP[,>]' || fail "v0 is not up any more"
	config del hooks
	config set process.args '["/nowhere"]'
	net_devices_refused '{"v0": {"name": "eth0"}, "v1": {}}' '/nowhere'
	# shellcheck disable=SC2086
	expect_equal "$(addresses $host)" "v0 inet 10.1.2.3/24"
}
check "network devices go back when the create fails later" device_of_failed_create

device_into_joined() {
	scratch_net
	unshare -n --fork --kill-child=KILL "$TOOLS/init" pause &
	pod=$!
	trap 'kill -KILL "$holder" "$pod" 2>/dev/null; wait 2>/dev/null || :' EXIT
	wait_until pgrep -P "$pod" >/dev/null
	inside="nsenter -n -t $(pgrep -P "$pod")"
	$inside ip link add v0 type veth peer name eth7
	new_bundle
	namespaces mount pid uts "network=/proc/$(pgrep -P "$pod")/ns/net"
	net_devices_refused '{"v0": {}}' 'the container has a network device "v0" already'
	# shellcheck disable=SC2086
	expect_equal "$(links $inside)" "eth7 lo v0 "
	config set linux.netDevices '{"v0": {"name": "v%d"}}'
	# shellcheck disable=SC2086
	run_under $host
	expect_status 0
	# shellcheck disable=SC2086
	expect_equal "$(links $inside)" "eth7 lo v0 v1 "
	# "The runtime MUST NOT move it back": the joined namespace keeps it
	# shellcheck disable=SC2086
	expect_equal "$(links $host)" "lo v1 "
}
check "a device moves into a network namespace that is joined, and stays" device_into_joined

devices_need_namespace() {
	new_bundle
	config set linux.netDevices '{"v0": {}}'
	namespaces mount pid uts
	refused 'linux.netDevices: needs a network namespace'
	namespaces mount pid uts network=/proc/self/ns/net
	refused 'linux.netDevices'
	expect_error "shares the runtime's network namespace"
	namespaces mount pid uts network
	for name in 'a/b' '' . .. 'a b' 'a:b' sixteen-letters-; do
		config set linux.netDevices "{\"v0\": {\"name\": \"$name\"}}"
		[ -z "$name" ] || refused 'linux.netDevices.v0.name'
		config set linux.netDevices "{\"$name\": {}}"
		refused 'is not the name of a network interface'
	done
	config set linux.netDevices '{"v0": {"name": "a%d%d"}}'
	refused 'may hold one "%d"'
	config set linux.netDevices '{"v0": {"name": "a%s"}}'
	refused 'may hold one "%d"'
}
check "network devices need a network namespace and a proper name" devices_need_namespace

# ---- what depends on a mount namespace ----

mounts_need_namespace() {
	new_bundle
	namespaces pid uts
	refused 'mounts: needs a mount namespace in linux.namespaces'
	expect_error "without one it would act on the host's"
	config set mounts '[]'
	refused 'root.readonly: needs a mount namespace'
	config set root.readonly false
	refused 'linux.maskedPaths: needs a mount namespace'
	config del linux.maskedPaths
	refused 'linux.readonlyPaths: needs a mount namespace'
	config del linux.readonlyPaths
	args echo chroot
	run
	expect_status 0
	expect_output chroot
}
check "what mounts needs a mount namespace" mounts_need_namespace

finish
