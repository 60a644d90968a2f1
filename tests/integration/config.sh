#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config.md and config-linux.md: which configurations are refused, with which words, and which are not.
# config.md, "Valid values": "Runtimes MUST generate an error when invalid or unsupported values are
# encountered"; "Extensibility": unknown properties are ignored.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# One bundle for all cases: each starts from its configuration anew.
case=$work
new_bundle
args echo it runs
base=$work/base.json
cp "$bundle/config.json" "$base"

# fresh [PATH JSON]...: the configuration with these changes; "-" for JSON takes PATH away.
fresh() {
	id=rwt-$$-$count
	cp "$base" "$bundle/config.json"
	while [ $# -gt 0 ]; do
		if [ "$2" = - ]; then config del "$1"; else config set "$1" "$2"; fi
		shift 2
	done
}

# What is wrong is told in one line: where in which file, and what.
told() {
	expect_status 1
	expect_error "$1"
	[ "$(grep -c '^ringwall: ' "$case/err")" = 1 ] || fail "the error is not told exactly once"
	[ ! -s "$case/out" ] || fail "something was printed"
	expect_nothing
}

refuses() {
	text=$1
	shift
	fresh "$@"
	call create --bundle "$bundle" "$id"
	told "$text"
	grep -qE '^ringwall: config\.json: line [0-9]+: ' "$case/err" || fail "no line is named"
}

# Judgements that are not about the text: of the machine, or of the image.
refuses_later() {
	text=$1
	shift
	fresh "$@"
	call create --bundle "$bundle" "$id"
	told "$text"
}

accepts() {
	fresh "$@"
	run
	expect_status 0
	expect_line "it runs"
	expect_nothing
}

# bad TEXT [PATH JSON]...: TEXT is what the error says after the line, path first
bad() {
	check "refused: $1" refuses "$@"
}

good() {
	name=$1
	shift
	check "accepted: $name" accepts "$@"
}

# ---- the top level ----

bad 'required property "ociVersion" is missing' ociVersion -
bad 'ociVersion: "" is not a semantic version' ociVersion '""'
bad 'ociVersion: "invalid" is not a semantic version' ociVersion '"invalid"'
bad 'ociVersion: "1.0" is not a semantic version' ociVersion '"1.0"'
bad 'ociVersion: "01.0.0" is not a semantic version' ociVersion '"01.0.0"'
bad 'ociVersion: "2.0.0" is not supported' ociVersion '"2.0.0"'
bad 'ociVersion: "0.9.0" is not supported' ociVersion '"0.9.0"'
bad 'ociVersion: expected string, got number 1' ociVersion 1
good "ociVersion 1.0.0" ociVersion '"1.0.0"'
good "a pre-release as ociVersion" ociVersion '"1.2.1-rc.1+build.7"'
good "a later minor version" ociVersion '"1.99.0"'

bad 'required property "root" is missing' root -
bad 'required property "root" is missing' root null
bad 'root: required property "path" is missing' root '{}'
bad 'root.path: "" is empty' root.path '""'
bad 'root.path: expected string, got array' root.path '["rootfs"]'
bad 'root: expected object, got string' root '"rootfs"'
bad 'root.readonly: expected boolean, got string' root.readonly '"true"'
check "refused: root.path does not exist" refuses_later '/nowhere"' root.path '"nowhere"'
check "refused: root.path is a file" refuses_later 'not a directory' root.path '"config.json"'

bad 'hostname: "'"$(printf '%065d' 0)"'" is longer than 64 bytes' hostname "\"$(printf '%065d' 0)\""
bad 'domainname: expected string, got object' domainname '{}'
bad 'annotations.a: expected string, got number 1' annotations '{"a": 1}'
bad 'annotations: expected object, got array' annotations '["a"]'
bad 'annotations: the name "" is empty' annotations '{"": "x"}'
good "an empty and an unknown annotation" annotations '{"org.example.x": "", "org.example.y": "z"}'
good "unknown properties everywhere" futureThing '{"a": [1, {"b": null}]}' process.future 1 \
	linux.future true linux.namespaces[0].future '"x"' mounts[0].future '[]' root.future 2
good "names are case-sensitive: another case is unknown" OCIVERSION 7 linux.Resources 7
good "null is absent" hostname null domainname null hooks null annotations null vm null \
	process.rlimits null process.capabilities null process.user.umask null linux.seccomp null \
	linux.resources null linux.maskedPaths null process.oomScoreAdj null
good "solaris, windows and zos sections are not ours" solaris '{"x": 1}' windows '[]' zos 7

# ---- mounts ----

bad 'mounts: expected array, got object' mounts '{}'
bad 'mounts[0]: expected object, got string' mounts '["x"]'
bad 'mounts[0]: required property "destination" is missing' mounts[0].destination -
bad 'mounts[0].destination: "" is empty' mounts[0].destination '""'
bad 'mounts[1].type: expected string, got number 7' mounts[1].type 7
bad 'mounts[0].options: expected array, got string' mounts[0].options '"ro"'
bad 'mounts[0].options[1]: expected string, got null' mounts[0].options '["ro", null]'
bad 'mounts[0]: "uidMappings" and "gidMappings" are only allowed together' \
	mounts[0].uidMappings '[{"containerID": 0, "hostID": 0, "size": 1}]'
bad 'mounts[0].uidMappings[0]: the range is empty' \
	mounts[0].uidMappings '[{"containerID": 0, "hostID": 0, "size": 0}]' \
	mounts[0].gidMappings '[{"containerID": 0, "hostID": 0, "size": 1}]'
bad 'mounts[0]: an id-mapped mount needs "uidMappings" and "gidMappings", or a user namespace' \
	mounts '[{"destination": "/tmp", "source": "/tmp", "options": ["bind", "idmap"]}]'
bad 'mounts[0]: a bind mount needs a "source"' \
	mounts '[{"destination": "/tmp", "options": ["rbind"]}]'
bad "mounts[0]: the file system's \"type\" is missing" mounts '[{"destination": "/tmp"}]'
check "refused: an unknown file system" refuses_later 'mounts[0] "/tmp"' \
	mounts '[{"destination": "/tmp", "type": "nosuchfs", "source": "x"}]'
good "a relative destination is taken from /" \
	mounts '[{"destination": "tmp", "type": "tmpfs", "source": "tmpfs"}]'

# ---- process ----

bad 'process: required property "cwd" is missing' process.cwd -
bad 'process.cwd: "tmp" is not an absolute path' process.cwd '"tmp"'
bad 'process.cwd: "" is not an absolute path' process.cwd '""'
bad 'process: "args" needs at least one entry' process.args -
bad 'process: "args" needs at least one entry' process.args '[]'
bad 'process.args: expected array, got string' process.args '"/init"'
bad 'process.args[1]: expected string, got number 1' process.args '["/init", 1]'
bad 'process.env[0]: "NOVALUE" is not of the form NAME=value' process.env '["NOVALUE"]'
bad 'process.env[0]: "=x" is not of the form NAME=value' process.env '["=x"]'
bad 'process.terminal: expected boolean, got number 1' process.terminal 1
bad 'process.user: required property "uid" is missing' process.user '{"gid": 0}'
bad 'process.user: required property "gid" is missing' process.user '{"uid": 0}'
bad 'process.user.uid: 4294967295 is out of range (0 to 4294967294)' process.user.uid 4294967295
bad 'process.user.uid: -1 is out of range' process.user.uid -1
bad 'process.user.uid: expected integer, got number 1.5' process.user.uid 1.5
bad 'process.user.uid: expected integer, got number 1e3' process.user.uid 1e3
bad 'process.user.uid: expected integer, got string' process.user.uid '"0"'
bad 'process.user.uid: 99999999999999999999999 is out of range' process.user.uid 99999999999999999999999
bad 'process.user.gid: 4294967295 is out of range' process.user.gid 4294967295
bad 'process.user.umask: 512 is out of range (0 to 511)' process.user.umask 512
bad 'process.user.additionalGids[0]: -5 is out of range' process.user.additionalGids '[-5]'
bad 'process.rlimits[1]: RLIMIT_NOFILE is given twice' process.rlimits \
	'[{"type": "RLIMIT_NOFILE", "soft": 64, "hard": 64}, {"type": "RLIMIT_NOFILE", "soft": 64, "hard": 64}]'
bad 'process.rlimits[0].type: unknown resource limit "RLIMIT_BEER"' \
	process.rlimits '[{"type": "RLIMIT_BEER", "soft": 1, "hard": 1}]'
bad 'process.rlimits[0]: the soft limit is above the hard limit' \
	process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 65, "hard": 64}]'
bad 'process.rlimits[0]: required property "hard" is missing' \
	process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 65}]'
bad 'process.capabilities.bounding: expected array, got string' process.capabilities.bounding '"CAP_KILL"'
bad 'process.oomScoreAdj: 1001 is out of range (-1000 to 1000)' process.oomScoreAdj 1001
bad 'process.scheduler: required property "policy" is missing' process.scheduler '{"nice": 1}'
bad 'process.scheduler.policy: unknown scheduling policy "SCHED_FAST"' process.scheduler '{"policy": "SCHED_FAST"}'
bad 'process.scheduler.nice: 20 is out of range (-20 to 19)' \
	process.scheduler '{"policy": "SCHED_OTHER", "nice": 20}'
bad 'process.scheduler: only SCHED_FIFO and SCHED_RR have a priority' \
	process.scheduler '{"policy": "SCHED_BATCH", "priority": 3}'
bad 'process.scheduler: SCHED_DEADLINE needs' process.scheduler '{"policy": "SCHED_DEADLINE"}'
bad 'process.ioPriority.priority: 9 is out of range (0 to 7)' \
	process.ioPriority '{"class": "IOPRIO_CLASS_BE", "priority": 9}'
bad 'process.ioPriority.class: unknown I/O scheduling class "IOPRIO_CLASS_VIP"' \
	process.ioPriority '{"class": "IOPRIO_CLASS_VIP", "priority": 1}'
bad 'process.execCPUAffinity.initial: "a-b" is not a list such as "0-3,7"' \
	process.execCPUAffinity '{"initial": "a-b"}'
good "a duplicate free list of limits, and the highest" process.rlimits \
	'[{"type": "RLIMIT_CORE", "soft": 18446744073709551615, "hard": 18446744073709551615}, {"type": "RLIMIT_CPU", "soft": 1000, "hard": 2000}]'
good "consoleSize without a terminal, whatever it says" process.consoleSize '{"height": -1}'
good "minus zero and long zeros of numbers" process.user.uid -0
good "commandLine and username are for Windows" process.commandLine '"x"' process.user.username '"joe"'

unknown_capability() {
	fresh process.capabilities.bounding '["CAP_KILL", "CAP_FLY"]'
	run
	expect_status 0
	expect_line "it runs"
	expect_error CAP_FLY
}
check "an unknown capability is a warning" unknown_capability

no_process() {
	fresh process -
	ringwall create --bundle "$bundle" "$id"
	expect_equal "$(state_of status)" created
	call start "$id"
	told_of_start 'config.json has no process'
	ringwall delete "$id"
	expect_nothing
	call run --bundle "$bundle" "$id"
	told 'config.json has no process'
}

told_of_start() {
	expect_status 1
	expect_error "$1"
	expect_equal "$(state_of status)" created
}
check "process may be absent at create and not at start" no_process

# ---- hooks ----

for kind in prestart createRuntime createContainer startContainer poststart poststop; do
	bad "hooks.${kind}[0].path: \"bin/x\" is not an absolute path" hooks "{\"$kind\": [{\"path\": \"bin/x\"}]}"
done
bad 'hooks.poststop[0]: required property "path" is missing' hooks '{"poststop": [{}]}'
bad 'hooks.poststop[0].timeout: 0 is out of range (1 to' hooks '{"poststop": [{"path": "/x", "timeout": 0}]}'
bad 'hooks.poststop[0].timeout: -3 is out of range (1 to' hooks '{"poststop": [{"path": "/x", "timeout": -3}]}'
bad 'hooks.poststop[0].env[0]: "A" is not of the form NAME=value' \
	hooks '{"poststop": [{"path": "/x", "env": ["A"]}]}'
bad 'hooks.prestart: expected array, got object' hooks '{"prestart": {"path": "/x"}}'
good "an unknown kind of hook" hooks '{"midnight": [{"path": "x"}]}'

# ---- linux ----

bad 'linux.namespaces[0].type: unknown namespace type "moon"' linux.namespaces[0].type '"moon"'
bad 'linux.namespaces[0]: required property "type" is missing' linux.namespaces[0].type -
bad 'linux.namespaces[2]: the namespace "pid" is given twice' \
	linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "pid"}]'
bad 'linux.namespaces[1].path: "ns/net" is not an absolute path' \
	linux.namespaces '[{"type": "mount"}, {"type": "network", "path": "ns/net"}]'
check "refused: a namespace of another kind" refuses_later \
	'linux.namespaces (network): "/proc/self/ns/uts" is a uts namespace' \
	linux.namespaces '[{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}, {"type": "network", "path": "/proc/self/ns/uts"}]'
check "refused: a namespace that is not there" refuses_later '/nowhere/net"' \
	linux.namespaces '[{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}, {"type": "network", "path": "/nowhere/net"}]'
bad 'linux.uidMappings: needs a user namespace' \
	linux.uidMappings '[{"containerID": 0, "hostID": 0, "size": 1}]'
bad 'linux.uidMappings[1]: ids of the container are mapped twice' \
	linux.uidMappings '[{"containerID": 0, "hostID": 0, "size": 9}, {"containerID": 8, "hostID": 100, "size": 9}]'
bad 'linux.gidMappings[0]: the range ends above the highest id' \
	linux.gidMappings '[{"containerID": 0, "hostID": 4294967290, "size": 9}]'
bad 'linux.uidMappings[0]: required property "size" is missing' \
	linux.uidMappings '[{"containerID": 0, "hostID": 0}]'
bad 'linux.timeOffsets.realtime: unknown clock' linux.timeOffsets '{"realtime": {"secs": 1}}'
bad 'linux.timeOffsets: needs a time namespace' linux.timeOffsets '{"monotonic": {"secs": 1}}'
bad 'linux.timeOffsets.monotonic.nanosecs: 1000000000 is out of range' \
	linux.timeOffsets '{"monotonic": {"nanosecs": 1000000000}}'
bad 'linux.devices[0].type: "x" is not a device type (c, b, u, p)' \
	linux.devices '[{"type": "x", "path": "/dev/x"}]'
bad 'linux.devices[0].path: "dev/x" is not an absolute path' \
	linux.devices '[{"type": "p", "path": "dev/x"}]'
bad 'linux.devices[0]: required property "major" is missing' \
	linux.devices '[{"type": "c", "path": "/dev/x", "minor": 3}]'
bad 'linux.devices[0].minor: -1 is out of range' \
	linux.devices '[{"type": "c", "path": "/dev/x", "major": 1, "minor": -1}]'
bad 'linux.netDevices: needs a network namespace' \
	linux.namespaces '[{"type": "mount"}]' linux.netDevices '{"eth7": {}}'
bad 'linux.netDevices: the name "a/b" is not the name of a network interface' linux.netDevices '{"a/b": {}}'
bad 'linux.netDevices.eth7.name: "x%s" may hold one "%d"' linux.netDevices '{"eth7": {"name": "x%s"}}'
bad 'linux.rootfsPropagation: unknown' linux.rootfsPropagation '"bogus"'
bad 'linux.maskedPaths[1]: "proc/kcore" is not an absolute path' linux.maskedPaths '["/x", "proc/kcore"]'
bad 'linux.readonlyPaths[0]: "proc" is not an absolute path' linux.readonlyPaths '["proc"]'
bad 'linux.personality.flags: no flag is supported' \
	linux.personality '{"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}'
bad 'linux.personality.domain: unknown' linux.personality '{"domain": "PLAN9"}'
bad 'linux.memoryPolicy.mode: unknown' linux.memoryPolicy '{"mode": "MPOL_NEAR"}'
bad 'linux.memoryPolicy: the mode needs nodes' linux.memoryPolicy '{"mode": "MPOL_BIND"}'
bad 'linux.memoryPolicy: the mode takes no nodes' linux.memoryPolicy '{"mode": "MPOL_DEFAULT", "nodes": "0"}'
bad 'linux.memoryPolicy.nodes: "0-" is not a list' linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "0-"}'
bad 'linux.memoryPolicy.flags[0]: unknown' \
	linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_X"]}'
bad 'linux.sysctl: the name "kernel..x" is not the name of a kernel parameter' linux.sysctl '{"kernel..x": "1"}'
bad 'linux.sysctl["kernel.msgmax"]: expected string, got number 1' linux.sysctl '{"kernel.msgmax": 1}'
bad 'linux.intelRdt.closID: "a/b" is not the name of a resctrl directory' linux.intelRdt '{"closID": "a/b"}'
bad 'linux.intelRdt.memBwSchema: "L3:0=f" is not one line that starts with "MB:"' \
	linux.intelRdt '{"memBwSchema": "L3:0=f"}'
check "refused: a sysctl of the host" refuses_later 'vm.swappiness' linux.sysctl '{"vm.swappiness": "1"}'
echo root >"$bundle/rootfs/etc/passwd"
check "refused: a device where another file is" refuses_later '/etc/passwd' \
	linux.devices '[{"type": "c", "path": "/etc/passwd", "major": 1, "minor": 3}]'
good "a fifo with device numbers" \
	linux.devices '[{"type": "p", "path": "/dev/pipe", "major": 1, "minor": 3, "fileMode": 438}]'
good "the domain LINUX without flags" linux.personality '{"domain": "LINUX", "flags": []}'
good "ids of the time namespace" linux.namespaces \
	'[{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}, {"type": "network"}, {"type": "time"}]' \
	linux.timeOffsets '{"boottime": {"secs": -1, "nanosecs": 5}}'

without_mount_namespace() {
	refuses "$1: needs a mount namespace in linux.namespaces" linux.namespaces '[{"type": "pid"}]' \
		mounts '[]' linux.maskedPaths '[]' linux.readonlyPaths '[]' root.readonly false "$1" "$2"
	expect_error 'hint: without one it would act on the host'
}
for change in 'mounts=[{"destination": "/tmp", "type": "tmpfs"}]' 'root.readonly=true' \
	'linux.maskedPaths=["/x"]' 'linux.readonlyPaths=["/x"]' 'linux.rootfsPropagation="slave"'; do
	check "refused: ${change%%=*} without a mount namespace" \
		without_mount_namespace "${change%%=*}" "${change#*=}"
done

# ---- linux.resources ----

bad 'linux.resources.memory.limit: expected integer, got string' linux.resources.memory '{"limit": "1G"}'
bad 'linux.resources.memory.limit: -2 is out of range' linux.resources.memory '{"limit": -2}'
bad 'linux.resources.memory.swappiness: 101 is out of range (0 to 100)' \
	linux.resources.memory '{"swappiness": 101}'
bad 'linux.resources.pids.limit: expected integer, got string' linux.resources.pids '{"limit": "max"}'
bad 'linux.resources.cpu.burst: larger than the quota' linux.resources.cpu '{"quota": 1000, "burst": 1001}'
bad 'linux.resources.cpu.shares: -1 is out of range' linux.resources.cpu '{"shares": -1}'
bad 'linux.resources.cpu.idle: 2 is out of range (0 to 1)' linux.resources.cpu '{"idle": 2}'
bad 'linux.resources.cpu.cpus: "3-1" is not a list such as' linux.resources.cpu '{"cpus": "3-1"}'
bad 'linux.resources.devices[0]: required property "allow" is missing' linux.resources.devices '[{"type": "a"}]'
bad 'linux.resources.devices[0].type: "u" is not a device type (a, b, c)' \
	linux.resources.devices '[{"allow": true, "type": "u"}]'
bad 'linux.resources.devices[0].access: "rx" is not made of r, w and m' \
	linux.resources.devices '[{"allow": true, "access": "rx"}]'
bad 'linux.resources.hugepageLimits[0].pageSize: "../x" is not a page size' \
	linux.resources.hugepageLimits '[{"pageSize": "../x", "limit": 1}]'
bad 'linux.resources.hugepageLimits[0]: required property "limit" is missing' \
	linux.resources.hugepageLimits '[{"pageSize": "2MB"}]'
bad 'linux.resources.unified: the name "../memory.max" is not the name of a cgroup file' \
	linux.resources.unified '{"../memory.max": "1"}'
bad 'linux.resources.unified["memory.max"]: expected string, got number 1' \
	linux.resources.unified '{"memory.max": 1}'
bad 'linux.resources.rdma.mlx5_0: "hcaHandles" or "hcaObjects" is needed' linux.resources.rdma '{"mlx5_0": {}}'
bad 'linux.resources.blockIO.throttleReadBpsDevice[0]: required property "rate" is missing' \
	linux.resources.blockIO '{"throttleReadBpsDevice": [{"major": 8, "minor": 0}]}'
bad 'linux.resources.blockIO.weightDevice[0]: "weight" or "leafWeight" is needed' \
	linux.resources.blockIO '{"weightDevice": [{"major": 8, "minor": 0}]}'
check "refused: cgroupsPath with .." refuses_later \
	'linux.cgroupsPath: "/../../x" has a component ".."' linux.cgroupsPath '"/../../x"'

# ---- linux.seccomp ----

seccomp() {
	printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"%s}]%s}' \
		"$1" "$2"
}
rule='linux.seccomp.syscalls[0]'
bad 'linux.seccomp: required property "defaultAction" is missing' linux.seccomp '{}'
bad 'linux.seccomp.defaultAction: unknown' linux.seccomp '{"defaultAction": "SCMP_ACT_HUG"}'
bad "$rule: \"names\" needs at least one entry" linux.seccomp "$(seccomp '' '')" "$rule.names" '[]'
bad "$rule: required property \"names\" is missing" linux.seccomp "$(seccomp '' '')" "$rule.names" -
bad "$rule.errnoRet: the action SCMP_ACT_KILL takes no errno" \
	linux.seccomp "$(seccomp ', "errnoRet": 1' '')" "$rule.action" '"SCMP_ACT_KILL"'
bad "$rule.errnoRet: the action SCMP_ACT_LOG takes no errno" \
	linux.seccomp "$(seccomp ', "errnoRet": 1' '')" "$rule.action" '"SCMP_ACT_LOG"'
bad 'linux.seccomp.defaultErrnoRet: the action SCMP_ACT_ALLOW takes no errno' \
	linux.seccomp "$(seccomp '' ', "defaultErrnoRet": 1')"
bad "$rule.errnoRet: 5000 is no errno" linux.seccomp "$(seccomp ', "errnoRet": 5000' '')"
bad 'linux.seccomp.listenerMetadata: only allowed with "listenerPath"' \
	linux.seccomp "$(seccomp '' ', "listenerMetadata": "x"')"
bad 'linux.seccomp: SCMP_ACT_NOTIFY needs "listenerPath"' \
	linux.seccomp "$(seccomp '' '')" "$rule.action" '"SCMP_ACT_NOTIFY"'
bad 'linux.seccomp.architectures[0]: unknown' linux.seccomp "$(seccomp '' ', "architectures": ["SCMP_ARCH_Z80"]')"
bad 'linux.seccomp.flags[0]: unknown' linux.seccomp "$(seccomp '' ', "flags": ["SECCOMP_FILTER_FLAG_X"]')"
bad "$rule.args[0].index: 6 is out of range (0 to 5)" \
	linux.seccomp "$(seccomp ', "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]' '')"
bad "$rule.args[0].op: unknown" \
	linux.seccomp "$(seccomp ', "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_X"}]' '')"
good "an unknown system call in a rule" linux.seccomp "$(seccomp '' '')" "$rule.names" '["acct", "teleport"]'
good "a value of 64 bits" \
	linux.seccomp "$(seccomp ', "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]' '')"

# ---- vm ----

bad 'vm: required property "kernel" is missing' vm '{}'
bad 'vm.kernel: required property "path" is missing' vm '{"kernel": {}}'
bad 'vm.kernel.path: "vmlinux" is not an absolute path' vm '{"kernel": {"path": "vmlinux"}}'
bad 'vm.kernel.initrd: "initrd" is not an absolute path' vm '{"kernel": {"path": "/k", "initrd": "initrd"}}'
bad 'vm.hypervisor.path: "kvm" is not an absolute path' \
	vm '{"kernel": {"path": "/k"}, "hypervisor": {"path": "kvm"}}'
bad 'vm.image.format: "iso" is not an image format' \
	vm '{"kernel": {"path": "/k"}, "image": {"path": "/i", "format": "iso"}}'

# ---- the text of the file ----

# text BYTES...: config.json holds what printf makes of this
text() {
	id=rwt-$$-$count
	# shellcheck disable=SC2059 # the format is what the case is about
	printf "$@" >"$bundle/config.json"
}

unreadable() {
	expected=$1
	shift
	text "$@"
	call create --bundle "$bundle" "$id"
	told "config.json: $expected"
}

malformed() {
	check "the text '$2': ${1%: }" unreadable "$@"
}

malformed 'line 1: ' ''
malformed 'line 2: not valid JSON' ' \n' # white space alone
malformed 'line 1: not valid JSON' 'hello\n'
malformed 'line 2: not valid JSON' '{\n"ociVersion": "1.0.0",,}'
malformed 'line 3: ' '{\n"ociVersion": "1.0.0",\n"root": {"path": "roo'
malformed 'line 3: ' '{\n"ociVersion": "1.0.0"\n'
malformed 'line 1: not valid JSON' '{"a": 01}'
malformed 'line 1: not valid JSON' "{'a': 1}"
malformed 'line 1: not valid JSON' '{"a": 1,}'
malformed 'line 1: not valid JSON' '{"a": 1} // no comments'
malformed 'line 1: not valid JSON' '/* no comments */ {"a": 1}'
malformed 'line 1: not valid JSON' '{"a": NaN}'
malformed 'line 1: not valid JSON' '{"a": "\001"}'
malformed 'line 1: not valid JSON' '{"a": "\377\376"}'
malformed 'line 1: not valid JSON' '{"a": "\\x"}'
malformed 'line 1: ' '{"a": 1}\000'
malformed 'line 2: not valid JSON' '{"a": 1}\n{"b": 2}\n'
malformed 'line 1: ' '\357\273\277{"a": 1}' # a byte order mark
malformed 'line 1: ' '\377\376{\000}\000' # UTF-16
malformed 'line 1: expected object, got array' '[]'
malformed 'line 1: expected object, got null' 'null'
malformed 'line 1: expected object, got string' '"x"'
malformed 'line 2: a: the string holds a NUL character' '{\n"a": "x\\u0000y"}'
malformed 'line 1: a property name holds a NUL character' '{"a\\u0000b": 1}'
malformed 'line 3: a.b: the property is given twice' '{"a": {\n"b": 1,\n"b": 2}}'
malformed 'line 1: ociVersion: the property is given twice' '{"ociVersion": "1.0.0", "ociVersion": "1.0.0"}'

nested() {
	text '{"a": %s%s}' "$(printf '%01000d' 0 | tr 0 '[')" "$(printf '%01000d' 0 | tr 0 ']')"
	call create --bundle "$bundle" "$id"
	told 'nested deeper than 32 levels'
	# 1 million levels without an end: crashed parsers that free by recursion
	head -c 1000000 /dev/zero | tr '\000' '[' >"$bundle/config.json"
	call create --bundle "$bundle" "$id"
	told 'nested deeper than 32 levels'
}
check "nesting is bounded" nested

too_large() {
	id=rwt-$$-$count
	{
		printf '{"ociVersion": "1.0.0", "annotations": {"a": "'
		head -c 20000000 /dev/zero | tr '\000' x
		printf '"}}'
	} >"$bundle/config.json"
	call create --bundle "$bundle" "$id"
	told 'config.json" (limit: '
}
check "a file of 20 MB is refused" too_large

many_names() {
	fresh annotations '{"k": "v"}'
	awk '/"k": "v"/ { for (i = 0; i < 20000; i++) printf "\"k%d\":\"v\",\n", i } { print }' \
		"$bundle/config.json" >"$bundle/new.json"
	mv "$bundle/new.json" "$bundle/config.json"
	run
	expect_status 0
	expect_line "it runs"
}
check "20000 annotations are read" many_names

no_crlf_trouble() {
	fresh
	sed 's/$/\r/' "$bundle/config.json" >"$bundle/new.json"
	mv "$bundle/new.json" "$bundle/config.json"
	run
	expect_status 0
	expect_line "it runs"
}
check "line ends of other systems are white space" no_crlf_trouble

# ---- the file itself ----

no_config() {
	id=rwt-$$-$count
	rm -f "$bundle/config.json"
	call create --bundle "$bundle" "$id"
	told 'config.json": no such file or directory'
	expect_error "hint: \"$bundle\" is no bundle"
	expect_error 'ringwall spec'
}
check "a missing config.json is told with what to do" no_config

directory_as_config() {
	id=rwt-$$-$count
	mkdir "$case/b" "$case/b/config.json"
	call create --bundle "$case/b" "$id"
	told 'config.json" is a directory'
}
check "a directory as config.json" directory_as_config

fifo_as_config() {
	id=rwt-$$-$count
	mkdir "$case/b"
	mkfifo "$case/b/config.json"
	call create --bundle "$case/b" "$id"
	told 'config.json" is a fifo and not a regular file'
}
check "a fifo as config.json is not waited for" fifo_as_config

device_as_config() {
	id=rwt-$$-$count
	mkdir "$case/b"
	ln -s /dev/zero "$case/b/config.json"
	call create --bundle "$case/b" "$id"
	told 'config.json" is a device and not a regular file'
}
check "a device as config.json is not read" device_as_config

config_option() {
	fresh
	mv "$bundle/config.json" "$case/other.json"
	call run --bundle "$bundle" --config "$case/other.json" "$id"
	expect_status 0
	expect_line "it runs"
	# a pipe that is given is read to its end
	status=0
	# shellcheck disable=SC2002 # a pipe is what this is about
	cat "$case/other.json" | ringwall run --bundle "$bundle" --config /dev/stdin "$id" >"$case/out" 2>"$case/err" || status=$?
	expect_status 0
	expect_line "it runs"
	call run --bundle "$bundle" --config "$case/none.json" "$id"
	told "open \"$case/none.json\": no such file or directory"
}
check "--config reads another file, or a pipe" config_option

not_a_bundle() {
	id=rwt-$$-$count
	call create --bundle "$case/nowhere" "$id"
	told "the bundle: resolve \"$case/nowhere\": no such file or directory"
	: >"$case/file"
	call create --bundle "$case/file" "$id"
	told "the bundle: open \"$case/file\": not a directory"
}
check "a bundle that is none" not_a_bundle

no_effect_after_create() {
	fresh
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1
	echo '{' >"$bundle/config.json"
	ringwall start "$id"
	wait_until grep -q "it runs" "$case/container.log"
}
check "changes after create have no effect" no_effect_after_create

finish
