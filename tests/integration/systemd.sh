#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The systemd cgroup manager against a real systemd: units and where they are, limits as properties and as files, also
# after a daemon-reload, annotations, deletion, and a user's own systemd.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
[ -d /run/systemd/system ] || {
	echo "1..0 # SKIP systemd does not run here"
	exit 0
}
grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || {
	echo "1..0 # SKIP the machine has no cgroup v2 with controllers"
	exit 0
}
# Everything takes longer where the processor is emulated, and a daemon-reload takes seconds.
CASE_SECONDS=300
cgroups=/sys/fs/cgroup

# new_container [WORD...]: its program is /init WORD..., by default one that waits; without a cgroup namespace, so
# that it sees where it is
new_container() {
	new_bundle
	[ $# -gt 0 ] || set -- pause
	args "$@"
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]'
	unit=ringwall-$id.scope
	folder=$cgroups/system.slice/$unit
}

# create and start with the systemd manager
started() {
	ringwall --systemd-cgroup create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null ||
		fail "create: $(cat "$case/container.log")"
	ringwall start "$id"
}

run_systemd() {
	status=0
	ringwall --systemd-cgroup run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# property NAME: of $unit
property() {
	systemctl show --value -p "$1" "$unit"
}

expect_property() {
	expect_equal "$1=$(property "$1")" "$1=$2"
}

expect_file() {
	expect_equal "$1: $(cat "$folder/$1")" "$1: $2"
}

nothing_is_left() {
	expect_nothing
	left=$(systemctl list-units --all --plain --no-legend "*$id*")
	[ -z "$left" ] || fail "units are left: $left"
}

# refused TEXT...: run fails, and says so
refused() {
	run_systemd
	expect_failure
	for text in "$@"; do
		expect_error "$text"
	done
	nothing_is_left
}

# ---- where ----

at() {
	run_systemd
	[ "$status" = 0 ] || cat "$case/err"
	expect_status 0
	expect_line "0::$1"
	nothing_is_left
}

path_is_absent() {
	new_container cgroup
	at "/system.slice/$unit"
}
check "without a cgroupsPath: ringwall-<id>.scope in system.slice" path_is_absent

path_is_given() {
	new_container cgroup
	config set linux.cgroupsPath "\":libpod:$id\""
	at "/system.slice/libpod-$id.scope"
	config set linux.cgroupsPath "\"-:libpod:$id\""
	at "/libpod-$id.scope"
	config set linux.cgroupsPath "\"machine.slice::$id\""
	at "/machine.slice/$id.scope"
	config set linux.cgroupsPath "\"rwtest-inner.slice:p:$id\""
	at "/rwtest.slice/rwtest-inner.slice/p-$id.scope"
	systemctl stop rwtest.slice
}
check "slice:prefix:name: empty, root, nested slices" path_is_given

slice_as_unit() {
	new_container
	config set linux.cgroupsPath "\"::rwtest-$count.slice\""
	unit=rwtest-$count.slice
	folder=$cgroups/rwtest.slice/$unit
	config set linux.resources '{"pids": {"limit": 30}}'
	started
	expect_equal "$(state_of status)" running
	expect_property ActiveState active
	expect_property TasksMax 30
	expect_file pids.max 30
	expect_file cgroup.procs "$(state_of pid)"
	ringwall delete --force "$id"
	[ ! -e "$folder" ] || fail "$folder is left"
	expect_property ActiveState inactive
	systemctl stop rwtest.slice
}
check "a name that ends in .slice is that slice" slice_as_unit

bad_paths() {
	new_container
	while read -r path text; do
		config set linux.cgroupsPath "\"$path\""
		refused "linux.cgroupsPath: " "$text"
	done <<-'PATHS'
		/a/b is not of the form "slice:prefix:name"
		a.slice:b is not of the form "slice:prefix:name"
		a.slice:b: is not of the form "slice:prefix:name"
		a:b:c is no slice
		/a.slice:b:c is no slice
		a--b.slice:b:c a part of its name is empty
		a.slice:b:c+d cannot be the name of a systemd unit
	PATHS
}
check "a cgroupsPath of another form is refused" bad_paths

subgroup() {
	new_container
	config set annotations '{"run.oci.systemd.subgroup": "inner"}'
	config set linux.resources '{"memory": {"limit": 33554432}, "cpu": {"shares": 512, "quota": 25500, "period": 100000}}'
	started
	expect_equal "$(sed -n 's/^0:://p' "/proc/$(state_of pid)/cgroup")" "/system.slice/$unit/inner"
	expect_file memory.max 33554432
	expect_file inner/memory.max 33554432
	expect_file cpu.weight 59
	ringwall exec "$id" /init cgroup >"$case/out"
	expect_line "0::/system.slice/$unit/inner"
	systemctl daemon-reload
	expect_file inner/cpu.max "25500 100000"
	ringwall update --cpu-share 1024 --memory 50331648 "$id"
	expect_file cpu.weight 100
	expect_file cpu.max "25500 100000"
	expect_file inner/memory.max 50331648
	expect_file memory.max 50331648
	expect_property MemoryMax 50331648
	ringwall pause "$id"
	expect_equal "$(state_of status)" paused
	ringwall resume "$id"
	ringwall delete --force "$id"
	nothing_is_left
	config set annotations '{"run.oci.systemd.subgroup": "../x"}'
	refused "run.oci.systemd.subgroup"
	config set annotations '{"run.oci.systemd.subgroup": ""}'
	args cgroup
	at "/system.slice/$unit"
}
check "run.oci.systemd.subgroup: a cgroup below the unit" subgroup

namespace_root() {
	new_container cgroup
	config append linux.namespaces '{"type": "cgroup"}'
	at /
}
check "a cgroup namespace begins at the unit" namespace_root

# ---- what the unit is ----

unit_is_ours() {
	new_container
	started
	expect_property ActiveState active
	expect_property Delegate yes
	expect_property DefaultDependencies no
	expect_property CollectMode inactive-or-failed
	expect_property Slice system.slice
	expect_property Description "ringwall container $id"
	expect_property DevicePolicy auto
	for name in CPU Memory IO Tasks; do
		[ "$(property "${name}Accounting")" != no ] || fail "no accounting of $name"
	done
	expect_file cgroup.procs "$(state_of pid)"
	# No option of the command line is needed any more.
	ringwall exec "$id" /init cgroup >"$case/out"
	expect_line "0::/system.slice/$unit"
	ringwall ps --format json "$id" | grep -q "$(state_of pid)"
	ringwall events --stats "$id" | grep -q '"memory"'
	ringwall pause "$id"
	expect_equal "$(state_of status)" paused
	expect_file cgroup.freeze 1
	ringwall resume "$id"
	expect_equal "$(state_of status)" running
	ringwall kill "$id" KILL
	wait_until [ "$(state_of status)" = stopped ]
	ringwall delete "$id"
	nothing_is_left
}
check "the unit: its properties, its process; later commands" unit_is_ours

# ---- limits ----

# What a machine's files and systemd say, for comparison.
limits_text() {
	for file in memory.max memory.low memory.swap.max cpu.weight cpu.max cpuset.cpus cpuset.mems pids.max io.weight \
		cpu.max.burst memory.high; do
		printf '%s: %s\n' "$file" "$(cat "$folder/$file" 2>&1)"
	done
	systemctl show -p MemoryMax -p MemoryLow -p MemorySwapMax -p CPUWeight -p CPUQuotaPerSecUSec \
		-p CPUQuotaPeriodUSec -p AllowedCPUs -p AllowedMemoryNodes -p TasksMax -p IOWeight -p MemoryHigh "$unit"
}

limits() {
	new_container
	config set linux.resources '{
		"memory": {"limit": 67108864, "swap": 100663296, "reservation": 1048576},
		"cpu": {"shares": 512, "quota": 50000, "period": 200000, "burst": 1000, "cpus": "0", "mems": "0"},
		"pids": {"limit": 20}, "blockIO": {"weight": 200}, "unified": {"memory.high": "62914560"}}'
	started
	expect_property MemoryMax 67108864
	expect_property MemoryLow 1048576
	expect_property MemoryHigh 62914560
	expect_property MemorySwapMax 33554432
	expect_property CPUWeight 59
	expect_property CPUQuotaPerSecUSec 250ms
	expect_property CPUQuotaPeriodUSec 200ms
	expect_property AllowedCPUs 0
	expect_property AllowedMemoryNodes 0
	expect_property TasksMax 20
	expect_property IOWeight 1920
	expect_file memory.max 67108864
	expect_file memory.high 62914560
	expect_file cpu.max "50000 200000"
	expect_file cpu.max.burst 1000
	expect_file cpuset.cpus 0
	limits_text >"$case/before"
	systemctl daemon-reload
	limits_text | diff "$case/before" -
	systemctl set-property --runtime "$unit" CPUWeight=59 # writes the attributes once more
	limits_text | diff "$case/before" -
}
check "limits are properties and files, and a daemon-reload does not undo them" limits

cpu_idle() {
	new_container
	config set linux.resources '{"cpu": {"idle": 1}}'
	started
	expect_file cpu.idle 1
	systemctl daemon-reload
	expect_file cpu.idle 1
	expect_property CPUWeight idle
}
check "cpu.idle is systemd's weight \"idle\"" cpu_idle


throttle() {
	device=$(awk '$3 ~ /^(vd|sd|nvme)/ && $3 !~ /[0-9]$/ {print $1 ":" $2; exit}' /proc/diskstats)
	[ -n "$device" ] || skip "the machine has no disk"
	new_container
	config set linux.resources "{\"blockIO\": {
		\"throttleReadBpsDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 1048576}],
		\"throttleWriteIOPSDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 100}]}}"
	started
	expect_file io.max "$device rbps=1048576 wbps=max riops=max wiops=100"
	expect_property IOReadBandwidthMax "/dev/block/$device 1048576"
	systemctl daemon-reload
	expect_file io.max "$device rbps=1048576 wbps=max riops=max wiops=100"
}
check "limits of a device" throttle

update() {
	new_container
	config set linux.resources '{"memory": {"limit": 67108864}, "cpu": {"quota": 25500, "period": 100000}}'
	started
	ringwall update --memory 50331648 --pids-limit 33 --cpu-share 1024 "$id"
	expect_property MemoryMax 50331648
	expect_property TasksMax 33
	expect_property CPUWeight 100
	expect_file memory.max 50331648
	expect_file pids.max 33
	expect_file cpu.max "25500 100000" # and not what systemd makes of it
	limits_text >"$case/before"
	systemctl daemon-reload
	limits_text | grep -v '^cpu.max:' >"$case/after"
	grep -v '^cpu.max:' "$case/before" | diff - "$case/after"
	# All or nothing: no such CPU.
	limits_text >"$case/before"
	call update --cpuset-cpus 999 --memory 40000000 "$id"
	expect_failure
	limits_text | diff "$case/before" -
	ringwall update --memory -1 "$id"
	expect_property MemoryMax infinity
	expect_file memory.max max
}
check "update changes property and file, all or nothing" update

devices() {
	new_container
	config set linux.namespaces '[{"type": "pid"}, {"type": "uts"}, {"type": "mount"}]'
	started
	# The log of the kernel: a device that every machine has, and no container by default.
	ringwall exec "$id" /init mknod /dev/kmsg2 c 1 11 -- open /dev/kmsg2 r -- open /dev/zero r >"$case/out" 2>&1 || true
	cat "$case/out"
	before=$(cat "$case/out")
	systemctl daemon-reload
	ringwall exec "$id" /init unlink /dev/kmsg2 -- mknod /dev/kmsg2 c 1 11 -- open /dev/kmsg2 r -- open /dev/zero r \
		>"$case/out" 2>&1 || true
	expect_equal "$(grep -v unlink "$case/out" | tail -n 3)" "$(printf '%s\n' "$before" | tail -n 3)"
	grep -q "EPERM\|not permitted" "$case/out" || fail "the device is not denied"
}
check "the device rules stay through a daemon-reload" devices

# ---- annotations ----

annotations() {
	new_container
	config set annotations "{\"org.systemd.property.TimeoutStopSec\": \"1.5\",
		\"org.systemd.property.CollectMode\": \"'inactive'\",
		\"org.systemd.property.After\": \"['basic.target', 'dbus.service']\",
		\"org.systemd.property.MemoryMin\": \"uint64 4096\",
		\"org.systemd.property.SendSIGHUP\": \"true\"}"
	started
	expect_property TimeoutStopUSec 1.500000s
	expect_property CollectMode inactive
	expect_property MemoryMin 4096
	expect_property SendSIGHUP yes
	property After | grep -qw dbus.service
}
check "annotations are properties of the unit" annotations

bad_annotations() {
	new_container
	while read -r name value text; do
		config set annotations "{\"org.systemd.property.$name\": \"$value\"}"
		refused "$text"
	done <<-'ANNOTATIONS'
		Ab true at least 3 characters
		Abc1 true letters only
		MemoryMax true refuses to start
		NoSuchProperty true NoSuchProperty
		MemoryMax uint99 annotation org.systemd.property.MemoryMax
		TimeoutStopSec 'x' no number of seconds
	ANNOTATIONS
	"$RINGWALL" features | grep -q '"org.systemd.property."'
}
check "annotations that are no properties are refused" bad_annotations

# ---- failures ----

unit_exists() {
	new_container
	systemd-run --quiet --unit "$unit" --scope sleep 300 &
	wait_until systemctl is-active --quiet "$unit"
	status=0
	ringwall --systemd-cgroup run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_failure
	expect_error "$unit"
	systemctl is-active --quiet "$unit" || fail "the other's unit was stopped"
	systemctl stop "$unit"
	nothing_is_left
}
check "a unit of that name is somebody else's" unit_exists

failed_unit() {
	new_container
	systemd-run --quiet --scope --unit "$unit" -p CollectMode=inactive -p RuntimeMaxSec=1 sleep 300 || true
	expect_property ActiveState failed
	run_systemd_ok
}
run_systemd_ok() {
	args true
	run_systemd
	[ "$status" = 0 ] || cat "$case/err"
	expect_status 0
	nothing_is_left
}
check "a failed unit of that name is in nobody's way" failed_unit

failed_create() {
	new_container
	config set process.args '["/nothing"]'
	refused "/nothing"
	args pause
	config set linux.resources '{"cpu": {"cpus": "0-999"}}'
	refused "linux.resources.cpu.cpus"
}
check "a failed create leaves no unit" failed_create

no_bus() {
	new_container
	status=0
	unshare -m --propagation private sh -ec 'mount -t tmpfs none /run; exec "$@"' sh "$RINGWALL" --root "$case/state" \
		--cgroup-manager=systemd run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_failure
	expect_error "the systemd cgroup manager: "
	expect_error "--cgroup-manager=cgroupfs"
	nothing_is_left
}
check "without a bus: an error that says what to do" no_bus

# No message bus, but systemd: its own socket.
private_socket() {
	new_container cgroup
	config set linux.resources '{"pids": {"limit": 20}}'
	status=0
	unshare -m --propagation private sh -ec 'mount -t tmpfs none /run/dbus; exec "$@"' sh "$RINGWALL" \
		--root "$case/state" --cgroup-manager=systemd run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" \
		</dev/null || status=$?
	expect_status 0
	expect_line "0::/system.slice/$unit"
	nothing_is_left
}
check "without a message bus systemd's own socket does" private_socket

# ---- the end ----

ended_by_systemd() {
	new_container
	started
	systemctl stop "$unit"
	wait_until [ "$(state_of status)" = stopped ]
	ringwall delete "$id"
	nothing_is_left
}
check "a unit that systemd has stopped can be deleted" ended_by_systemd

deleted_without_bus() {
	new_container
	started
	unshare -m --propagation private sh -ec 'mount -t tmpfs none /run/dbus; mount -t tmpfs none /run/systemd
		exec "$@"' sh "$RINGWALL" --root "$case/state" delete --force "$id"
	wait_until unit_is_gone
	nothing_is_left
}
unit_is_gone() {
	[ -z "$(systemctl list-units --all --plain --no-legend "*$id*")" ]
}
check "a container can be deleted without a bus" deleted_without_bus

others_unit() {
	new_container
	started
	systemctl stop "$unit"
	systemd-run --quiet --unit "$unit" --slice rwtest.slice --scope sleep 300 &
	wait_until systemctl is-active --quiet "$unit"
	ringwall delete --force "$id"
	systemctl is-active --quiet "$unit" || fail "the other's unit was stopped"
	systemctl stop "$unit" rwtest.slice
	nothing_is_left
}
check "delete does not stop another's unit of the same name" others_unit

reexec() {
	new_container
	config set linux.resources '{"memory": {"limit": 67108864}}'
	systemctl daemon-reexec &
	started
	wait
	expect_property MemoryMax 67108864
	systemctl daemon-reexec &
	ringwall update --memory 50331648 "$id"
	ringwall delete --force "$id"
	wait
	nothing_is_left
}
check "systemd is re-executed meanwhile" reexec

many() {
	new_container
	for n in 1 2 3 4 5 6; do
		ringwall --systemd-cgroup run --detach --bundle "$bundle" "$id-$n" >"$case/log.$n" 2>&1 </dev/null &
	done
	wait
	for n in 1 2 3 4 5 6; do
		id=${id%-?}-$n
		expect_equal "$(state_of status)" running
		ringwall delete --force "$id" &
	done
	wait
	id=${id%-?}
	nothing_is_left
}
check "several at once" many

# ---- a user's own systemd ----

user=rwtuser uid=54321

as_user() {
	setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps -all \
		env -i PATH="$PATH" XDG_RUNTIME_DIR="/run/user/$uid" "$@"
}

if ! command -v useradd >/dev/null || ! command -v loginctl >/dev/null || ! command -v newuidmap >/dev/null; then
	need_user() {
		skip "needs useradd, loginctl and newuidmap"
	}
else
	# As systemd does it where nobody says otherwise, whatever this machine delegates.
	drop_in=/run/systemd/system/user@$uid.service.d
	mkdir -p "$drop_in"
	printf '[Service]\nDelegate=\nDelegate=cpu memory pids\n' >"$drop_in/zz-ringwall-test.conf"
	systemctl daemon-reload
	useradd --uid "$uid" --create-home --shell /bin/sh "$user" >/dev/null 2>&1
	end_user() {
		loginctl disable-linger "$user"
		systemctl stop "user@$uid.service" "user-runtime-dir@$uid.service" "user-$uid.slice"
		userdel -r "$user" 2>/dev/null
		rm -r "$drop_in"
		systemctl daemon-reload
		user=
	}
	trap '[ -z "$user" ] || end_user; cleanup' EXIT
	loginctl enable-linger "$user"
	systemctl start "user@$uid.service"
	need_user() {
		systemctl is-active --quiet "user@$uid.service" || skip "the user's systemd does not start"
	}
	chmod 0711 "$work"
fi

# user_call ARG...: the program as the user
user_call() {
	status=0
	as_user "$RINGWALL" --root "$case/state" "$@" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

user_bundle() {
	need_user
	new_container "$@"
	mkdir -p "$case/state"
	rm "$bundle/config.json"
	chown -R "$uid:$uid" "$case"
	as_user "$RINGWALL" spec --rootless --bundle "$bundle"
	config set process.terminal false
	[ $# -gt 0 ] || set -- pause
	args "$@"
	folder=$cgroups/user.slice/user-$uid.slice/user@$uid.service/user.slice/$unit
}

user_property() {
	as_user systemctl --user show --value -p "$1" "$unit"
}

user_runs() {
	user_bundle
	config set linux.resources '{"memory": {"limit": 67108864}, "pids": {"limit": 20}}'
	user_call --systemd-cgroup run --detach --bundle "$bundle" "$id"
	[ "$status" = 0 ] || cat "$case/err"
	expect_status 0
	expect_file memory.max 67108864
	expect_file pids.max 20
	expect_equal "$(user_property MemoryMax)" 67108864
	expect_equal "$(user_property Slice)" user.slice
	expect_equal "$(wc -l <"$folder/cgroup.procs")" 1
	as_user systemctl --user daemon-reload
	expect_file memory.max 67108864
	user_call update --memory 50331648 "$id"
	expect_status 0
	expect_file memory.max 50331648
	expect_equal "$(user_property MemoryMax)" 50331648
	# The caller is outside of what is delegated: systemd moves the process.
	user_call exec "$id" /init cgroup
	[ "$status" = 0 ] || cat "$case/err"
	expect_status 0
	grep -q "0::/" "$case/out"
	user_call exec --detach "$id" /init pause
	expect_equal "$(wc -l <"$folder/cgroup.procs")" 2
	user_call pause "$id"
	expect_status 0
	expect_file cgroup.freeze 1
	user_call resume "$id"
	user_call delete --force "$id"
	expect_status 0
	nothing_is_left
	left=$(as_user systemctl --user list-units --all --plain --no-legend "*$id*")
	[ -z "$left" ] || fail "units are left: $left"
}
check "a user's container is a unit of the user's systemd" user_runs

user_delegated() {
	user_bundle
	as_user systemd-run --user --quiet --scope -p Delegate=yes "$RINGWALL" --root "$case/state" --systemd-cgroup \
		run --detach --bundle "$bundle" "$id" </dev/null
	as_user systemd-run --user --quiet --scope -p Delegate=yes "$RINGWALL" --root "$case/state" \
		exec "$id" /init true </dev/null
	user_call delete --force "$id"
	expect_status 0
	nothing_is_left
}
check "a user within a delegated cgroup" user_delegated

user_not_delegated() {
	user_bundle
	grep -qw io "$cgroups/user.slice/user-$uid.slice/user@$uid.service/cgroup.controllers" &&
		skip "all controllers are delegated to users here"
	config set linux.resources '{"blockIO": {"weight": 200}}'
	user_call --systemd-cgroup run --bundle "$bundle" "$id"
	expect_failure
	expect_error "linux.resources.blockIO.weight"
	expect_error "user@.service.d"
	user_call --cgroup-manager=disabled run --detach --bundle "$bundle" "$id"
	expect_status 0
	user_call delete --force "$id"
	nothing_is_left
}
check "a controller that users do not have: an error that says what to change" user_not_delegated

user_without_systemd() {
	user_bundle
	status=0
	as_user env XDG_RUNTIME_DIR="$case/state" "$RINGWALL" --root "$case/state" --systemd-cgroup run \
		--bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_failure
	expect_error "the systemd cgroup manager: "
	expect_error "loginctl enable-linger"
	nothing_is_left
}
check "a user without a systemd: an error that says what to do" user_without_systemd

[ -z "$user" ] || ! id "$user" >/dev/null 2>&1 || end_user
finish
