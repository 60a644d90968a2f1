#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# contrib/systemd/ringwall@.service under real systemd: readiness, stop, exit status, journal, limits, socket
# activation, and what is left after a kill.  The unit is the installed one but for its folders.  Out of scope with
# another RUNTIME: the unit calls ringwall with ringwall's options.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
unit_file=$(cd "$(dirname "$0")/../../contrib/systemd" && pwd)/ringwall@.service
all_need_root
all_need_systemd
all_need systemctl
is_ringwall || {
	echo "1..0 # SKIP the unit is for ringwall"
	exit 0
}

units=/run/systemd/system
template=rwt-$$
state=/run/rwt-$$-units
unit_of() {
	printf '%s@%s.service\n' "$template" "$id"
}

# install_unit FOLDER STATE-ROOT BUNDLES
install_unit() {
	sed "s|=ringwall --root %t/ringwall-units|=$RINGWALL --root $2|; s|%S/ringwall/|$3/|" \
		"$unit_file" >"$1/$template@.service"
}
chmod 0755 "$work"
install_unit "$units" "$state" "$work/bundles"

end() {
	systemctl stop "$template@*.service" "$template@*.socket" 2>/dev/null
	rm -rf "$units/$template@"* "$state"
	systemctl daemon-reload
	systemctl reset-failed "$template@*" 2>/dev/null
	cleanup
}
trap end EXIT

# new_unit [WORD...]: a bundle whose program is /init WORD..., and its unit
new_unit() {
	rm -rf "$case/bundle"
	new_bundle
	args "$@"
	config set root.readonly false
	mkdir -p "$work/bundles"
	ln -sfn "$bundle" "$work/bundles/$id"
	unit=$(unit_of)
}

# drop_in LINE...: of [Service]
drop_in() {
	mkdir -p "$units/$unit.d"
	{
		echo "[Service]"
		printf '%s\n' "$@"
	} >"$units/$unit.d/test.conf"
	systemctl daemon-reload
}

show() {
	systemctl show --property "$1" --value "$unit"
}

journal() {
	journalctl --sync >/dev/null 2>&1 || :
	journalctl -q -o cat -u "$unit"
}

in_journal() {
	journal | grep -qF -- "$1"
}

is_gone() {
	[ ! -e "$state/$id" ] && [ ! -e "/sys/fs/cgroup$(dirname "$cgroup")" ]
}

# The container's cgroup, below the unit's.
cgroup_of_container() {
	sed -n 's/^0:://p' "/proc/$("$RINGWALL" --root "$state" state "$id" | "$JSONEDIT" - get pid)/cgroup"
}

life() {
	new_unit echo hello from the container -- signal-wait TERM -- echo good bye
	systemctl start "$unit"
	expect_equal "$(show ActiveState)" active
	expect_equal "$("$RINGWALL" --root "$state" state "$id" | "$JSONEDIT" - get status)" running
	expect_equal "$(cat "/proc/$(show MainPID)/comm")" "$(basename "$RINGWALL")"
	"$RINGWALL" --root "$state" exec "$id" /init true
	cgroup=$(cgroup_of_container)
	expect_equal "$cgroup" "$(show ControlGroup)/ringwall-$id"
	wait_until in_journal "hello from the container"
	wait_until in_journal ready
	systemctl stop "$unit"
	expect_equal "$(show Result)" success
	wait_until in_journal "good bye"
	is_gone
}
check "start, output in the journal, graceful stop" life

ready_by_container() {
	new_unit signal-wait USR1 -- sd-notify STATUS=warm -- sd-notify READY=1 -- pause
	drop_in Environment=SDNOTIFY=container
	systemctl start --no-block "$unit"
	wait_until in_journal ready
	expect_equal "$(show ActiveState)" activating
	"$RINGWALL" --root "$state" kill "$id" USR1
	wait_until is_active
	expect_equal "$(show StatusText)" warm
	expect_equal "$(cat "/proc/$(show MainPID)/comm")" "$(basename "$RINGWALL")"
	cgroup=$(cgroup_of_container)
	systemctl stop "$unit"
	expect_equal "$(show Result)" success
	is_gone
}

is_active() {
	[ "$(show ActiveState)" = active ]
}

is_failed() {
	[ "$(show ActiveState)" = failed ]
}
check "ready when the container says so" ready_by_container

exit_status() {
	new_unit exit 7
	drop_in Restart=no
	systemctl start "$unit" || :
	wait_until is_failed
	expect_equal "$(show ExecMainStatus)" 7
	expect_equal "$(show Result)" exit-code
	# one that cannot be made says why
	config set process.args '["/nosuch"]'
	systemctl stop "$unit"
	! systemctl start "$unit" 2>/dev/null || fail "it has started"
	wait_until in_journal 'exec "/nosuch": no such file or directory'
	wait_until in_journal 'hint: '
	[ ! -e "$state/$id" ] || fail "a state is left"
}
check "the exit status is the program's; a failure is in the journal" exit_status

killed() {
	new_unit pause
	drop_in RestartSec=0
	systemctl start "$unit"
	pid=$(show MainPID)
	inner=$("$RINGWALL" --root "$state" state "$id" | "$JSONEDIT" - get pid)
	kill -KILL "$pid"
	wait_until is_restarted
	[ ! -d "/proc/$inner" ] || fail "the container has outlived ringwall"
	cgroup=$(cgroup_of_container)
	systemctl stop "$unit"
	is_gone
}

is_restarted() {
	is_active && [ "$(show MainPID)" != "$pid" ] && [ "$(show MainPID)" != 0 ]
}
check "ringwall is killed: the container goes, and comes back" killed

leftovers() {
	new_unit pause
	# a machine that has crashed, with the states on a disk: a record whose process is another one's by now
	"$RINGWALL" --root "$state" --cgroup-manager=disabled run --detach --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1
	kill -KILL "$("$RINGWALL" --root "$state" state "$id" | "$JSONEDIT" - get pid)"
	systemctl start "$unit"
	is_active
	cgroup=$(cgroup_of_container)
	systemctl stop "$unit"
	is_gone
}
check "what an earlier run has left is no hindrance" leftovers

stubborn() {
	new_unit signal-wait USR1
	drop_in TimeoutStopSec=1
	systemctl start "$unit"
	cgroup=$(cgroup_of_container)
	systemctl stop "$unit"
	expect_equal "$(show Result)" timeout
	is_gone
}
check "a container that ignores TERM is killed after TimeoutStopSec" stubborn

# As with systemds that know no DelegateSubgroup: ringwall itself leaves the unit's cgroup.
limits() {
	for subgroup in supervisor ''; do
		new_unit echo up -- pause
		config set linux.resources '{"memory": {"limit": 33554432}, "pids": {"limit": 20}}'
		drop_in "DelegateSubgroup=$subgroup" MemoryMax=64M
		systemctl start "$unit"
		cgroup=$(cgroup_of_container)
		expect_equal "$cgroup" "$(show ControlGroup)/ringwall-$id"
		expect_equal "$(cat "/sys/fs/cgroup$cgroup/memory.max")" 33554432
		expect_equal "$(cat "/sys/fs/cgroup$cgroup/pids.max")" 20
		expect_equal "$(cat "/sys/fs/cgroup$(dirname "$cgroup")/memory.max")" 67108864
		systemctl daemon-reload
		expect_equal "$(cat "/sys/fs/cgroup$cgroup/memory.max")" 33554432
		"$RINGWALL" --root "$state" exec "$id" /init true
		systemctl stop "$unit"
		expect_equal "$(show Result)" success
		is_gone
	done
}
check "limits of the bundle within those of the unit, with and without DelegateSubgroup" limits

sockets() {
	new_unit env LISTEN_FDS -- env LISTEN_FDNAMES -- fds -- pause
	cat >"$units/$template@$id.socket" <<-END
		[Socket]
		ListenStream=$work/s
		FileDescriptorName=web
	END
	systemctl daemon-reload
	systemctl start "$template@$id.socket"
	expect_equal "$(show ActiveState)" inactive
	"$TOOLS/init" connect "$work/s"
	wait_until is_active
	wait_until in_journal LISTEN_FDS=1
	wait_until in_journal LISTEN_FDNAMES=web
	journal | grep -q '^fd 3: socket' || fail "descriptor 3 is no socket: $(journal)"
	systemctl stop "$template@$id.socket" "$unit"
}
check "socket activation" sockets

run_in_scope() {
	new_bundle
	args cgroup
	expect_says "0::/" systemd-run --quiet --wait --pipe -p Delegate=yes --unit "$id.service" \
		"$RINGWALL" --root "$state" run --bundle "$bundle" "$id"
	# a terminal that systemd-run makes
	config set process.terminal true
	args isatty
	script -qec "systemd-run --quiet --wait --pty -p Delegate=yes --unit $id.service \
		$RINGWALL --root $state run --bundle $bundle $id" /dev/null >"$case/out" </dev/null || fail "exit status $?"
	grep -q 'fd 0: /dev/pts/0' "$case/out" || fail "no terminal"
	# limits in a scope, where ringwall is the only process
	config set process.terminal false
	args cat /sys/fs/cgroup/pids.max
	config set linux.resources '{"pids": {"limit": 21}}'
	config append mounts '{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}'
	expect_says 21 systemd-run --quiet --scope -p Delegate=yes --unit "$id.scope" \
		"$RINGWALL" --root "$state" run --bundle "$bundle" "$id"
}
check "systemd-run: a service, a terminal, a scope" run_in_scope

# ---- for a user ----

user_units() {
	getent passwd lab >/dev/null || skip "there is no user lab"
	uid=$(id -u lab)
	[ -S "/run/user/$uid/bus" ] || skip "the user lab has no manager"
	new_bundle
	(cd "$bundle" && rm config.json && "$RINGWALL" spec --rootless)
	# All of his ids: who has further groups can give them up only so.
	for kind in uid gid; do
		first=$(sed -n 's/^lab:\([0-9]*\):.*/\1/p' "/etc/sub$kind")
		config set "linux.${kind}Mappings" "[{\"containerID\": 0, \"hostID\": $(id "-${kind%id}" lab), \"size\": 1},
			{\"containerID\": 1, \"hostID\": ${first:?}, \"size\": 1000}]"
	done
	config set process.terminal false
	args echo hello of lab -- signal-wait TERM -- echo good bye
	home=$(getent passwd lab | cut -d : -f 6)
	mkdir -p "$home/.config/systemd/user" "$home/rwt"
	rm -rf "$home/rwt/${id:?}"
	cp -a "$bundle" "$home/rwt/$id"
	cp "$RINGWALL" "$home/rwt/ringwall"
	(
		RINGWALL=$home/rwt/ringwall
		install_unit "$home/.config/systemd/user" %t/rwt-units "$home/rwt"
	)
	chown -R lab: "$home/.config" "$home/rwt"
	unit=$(unit_of)
	as_lab systemctl --user daemon-reload
	as_lab systemctl --user start "$unit"
	expect_equal "$(as_lab systemctl --user show -P ActiveState "$unit")" active
	cgroup=$(sed -n 's/^0:://p' "/proc/$(as_lab "$home/rwt/ringwall" --root "/run/user/$uid/rwt-units" state "$id" |
		"$JSONEDIT" - get pid)/cgroup")
	expect_equal "$cgroup" "$(as_lab systemctl --user show -P ControlGroup "$unit")/ringwall-$id"
	as_lab systemctl --user stop "$unit"
	expect_equal "$(as_lab systemctl --user show -P Result "$unit")" success
	[ ! -e "/run/user/$uid/rwt-units/$id" ]
	config set linux.resources '{"pids": {"limit": 22}}'
	config set process.args '["/init", "true"]'
	cp "$bundle/config.json" "$home/rwt/$id/config.json"
	as_lab systemd-run --user --quiet --wait --pipe -p Delegate=yes "$home/rwt/ringwall" run --bundle "$home/rwt/$id" "$id"
	rm -rf "$home/rwt" "$home/.config/systemd/user/$template@.service"
}

as_lab() {
	setpriv --reuid "$uid" --regid "$(id -g lab)" --init-groups env HOME="$home" XDG_RUNTIME_DIR="/run/user/$uid" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}
check "a user's unit, and systemd-run --user" user_units

finish
