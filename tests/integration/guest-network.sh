#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The network of a container with --isolation kvm: what is in its network namespace is in the guest, also what comes
# there between create and start.  Wants a machine whose /dev/kvm runs a kernel of the distribution.
# shellcheck disable=SC2317,SC2119 # check calls the cases
export ISOLATION=kvm
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
busybox=$(command -v busybox)
{ [ -w /dev/kvm ] && grep -qwE 'svm|vmx' /proc/cpuinfo; } || {
	echo "1..0 # SKIP no /dev/kvm of the processor's own"
	exit 0
}
{ [ -n "$busybox" ] && command -v ip >/dev/null; } || {
	echo "1..0 # SKIP there is no busybox or no ip"
	exit 0
}
"$RINGWALL" kvm prepare --quiet 2>"$work/prepare" || {
	echo "1..0 # SKIP no kernel for a guest: $(head -n 1 "$work/prepare")"
	exit 0
}

# Namespaces: that of a container, and that of the other ends.
ours=rwt-$$-ours
far=rwt-$$-far
end() {
	ip netns del "$ours" 2>/dev/null
	ip netns del "$far" 2>/dev/null
	cleanup
}
trap end EXIT
ip netns add "$far"
ip -n "$far" link set lo up

# wire NAME MAC NETNS: NAME in NETNS (a name, or a pid's) is joined to NAME in $far
wire() {
	ip -n "$far" link add "$1" type veth peer name "$1" address "$2" netns "$3"
	ip -n "$far" link set "$1" up
}

# new_guest [NAMESPACE [FOLDER]]: a bundle whose program sleeps; ip(8) and others are busybox's
new_guest() {
	new_bundle "${2:-bundle}"
	cp "$busybox" "$bundle/rootfs/busybox"
	args pause
	config set process.capabilities.effective '["CAP_NET_RAW", "CAP_NET_ADMIN"]'
	config set process.capabilities.permitted '["CAP_NET_RAW", "CAP_NET_ADMIN"]'
	config set process.capabilities.bounding '["CAP_NET_RAW", "CAP_NET_ADMIN"]'
	[ -z "${1:-}" ] || {
		config set linux.namespaces '[{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]'
		config append linux.namespaces "{\"type\": \"network\", \"path\": \"/run/netns/$1\"}"
	}
}

# guest WORD...: busybox's in the container; the output in out
guest() {
	ringwall exec "$id" /busybox "$@" >"$case/out" 2>"$case/err" </dev/null
}

# has TEXT: a line of out, with single blanks, holds it
has() {
	tr -s ' \t' ' ' <"$case/out" | grep -qF -- "$1" || fail "no line of the output holds \"$1\""
}

# is_up NAME MTU: with a carrier, which the flags may tell a second late as NO-CARRIER
is_up() {
	grep -q " $1: <[A-Z,-]*,UP,LOWER_UP> mtu $2 " "$case/out" || fail "$1 is not up with an MTU of $2"
}

has_not() {
	! grep -qF -- "$1" "$case/out" || fail "a line of the output holds \"$1\""
}

everything() {
	ip netns add "$ours"
	wire one 02:00:00:00:01:02 "$ours"
	ip -n "$ours" link set one mtu 1400 up
	ip -n "$far" address add 10.77.1.1/24 dev one
	ip -n "$far" address add fd77:1::1/64 nodad dev one
	ip -n "$ours" address add 10.77.1.2/24 brd + dev one
	ip -n "$ours" address add 10.77.1.3/32 dev one
	ip -n "$ours" address add fd77:1::2/64 dev one
	ip -n "$ours" route add default via 10.77.1.1
	ip -n "$ours" route add 10.99.0.0/16 via 10.77.1.1 metric 7 mtu 1300
	ip -n "$ours" route add 192.0.2.1 dev one
	ip -n "$ours" route add 198.51.100.0/24 via 192.0.2.1 dev one onlink
	ip -n "$ours" -6 route add fd99::/32 via fd77:1::1
	ip -n "$ours" neighbour add 10.77.1.9 lladdr 02:00:00:00:00:99 dev one nud permanent
	ip -n "$ours" neighbour add fd77:1::9 lladdr 02:00:00:00:00:99 dev one nud permanent
	wire two 02:00:00:00:02:02 "$ours"
	ip -n "$ours" link set two up
	ip -n "$far" address add 10.77.2.1/24 dev two
	ip -n "$ours" address add 10.77.2.2/24 dev two
	# nobody has set it up
	wire idle 02:00:00:00:03:02 "$ours"

	new_guest "$ours"
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null

	# Some engines make the network now.
	wire late 02:00:00:00:04:02 "$ours"
	ip -n "$ours" link set late mtu 9000 up
	ip -n "$far" link set late mtu 9000
	ip -n "$far" address add 10.77.4.1/24 dev late
	ip -n "$ours" address add 10.77.4.2/24 dev late
	ip -n "$ours" route add 203.0.113.0/24 via 10.77.4.1
	wire later 02:00:00:00:05:02 "$ours"
	ip -n "$ours" link set later up
	ip -n "$ours" address add fd77:5::2/64 dev later
	ip -n "$far" address add fd77:5::1/64 nodad dev later

	ringwall start "$id"
	guest ip address
	is_up one 1400
	has "link/ether 02:00:00:00:01:02"
	has "inet 10.77.1.2/24 brd 10.77.1.255 scope global one"
	has "inet 10.77.1.3/32 scope global one"
	has "inet6 fd77:1::2/64 scope global"
	is_up two 1500
	has "inet 10.77.2.2/24 scope global two"
	is_up late 9000
	has "link/ether 02:00:00:00:04:02"
	has "inet6 fd77:5::2/64 scope global"
	has_not "idle"
	has_not "tap"
	has_not "global tentative"
	guest ip route
	has "default via 10.77.1.1 dev one"
	has "10.99.0.0/16 via 10.77.1.1 dev one metric 7"
	has "198.51.100.0/24 via 192.0.2.1 dev one onlink"
	has "203.0.113.0/24 via 10.77.4.1 dev late"
	guest ip -6 route
	has "fd99::/32 via fd77:1::1 dev one"
	guest ip neigh
	has "10.77.1.9 dev one lladdr 02:00:00:00:00:99"
	has "fd77:1::9 dev one lladdr 02:00:00:00:00:99"
	has PERMANENT
	# frames go both ways, on each of them
	for address in 10.77.1.1 10.77.2.1 10.77.4.1 fd77:1::1 fd77:5::1; do
		guest ping -c 1 -W 20 "$address"
	done
	for address in 10.77.1.2 10.77.1.3 10.77.2.2 10.77.4.2 fd77:1::2 fd77:5::2; do
		ip netns exec "$far" "$busybox" ping -c 1 -W 20 "$address" >"$case/out"
	done
	guest ping -c 1 -W 20 -s 8000 10.77.4.1

	# A second machine would take them away from the first.
	new_guest "$ours" second
	id=$id-second
	call create --bundle "$bundle" "$id"
	expect_failure
	expect_error 'the network device "one" belongs to the machine of another container'
	id=${id%-second}
	guest ping -c 1 -W 20 10.77.2.1
	ringwall delete --force "$id"

	# The namespace can be used again.
	new_guest "$ours" third
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	guest ping -c 1 -W 20 10.77.2.1
	guest ping -c 1 -W 20 10.77.4.1
	ringwall delete --force "$id"
}
check "devices, addresses, routes and neighbours, before and after create" everything

moved() {
	new_guest
	# with its address from the beginning: udev gives others one of its own
	ip link add "rwt$$" address 02:00:00:00:06:02 mtu 1280 type veth peer name moved netns "$far"
	ip -n "$far" link set moved up
	ip -n "$far" address add 10.77.6.1/24 dev moved
	ip address add 10.77.6.2/24 dev "rwt$$"
	config set linux.netDevices "{\"rwt$$\": {\"name\": \"net%d\"}}"
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	pid=$(state_of pid)
	wire eth0 02:00:00:00:07:02 "$pid"
	nsenter -t "$pid" -n ip link set eth0 up
	nsenter -t "$pid" -n ip address add 10.77.7.2/24 dev eth0
	ip -n "$far" address add 10.77.7.1/24 dev eth0
	ringwall start "$id"
	guest ip address
	is_up net0 1280
	has "link/ether 02:00:00:00:06:02"
	has "inet 10.77.6.2/24 scope global net0"
	has "inet 10.77.7.2/24 scope global eth0"
	guest ping -c 1 -W 20 10.77.6.1
	guest ping -c 1 -W 20 10.77.7.1
	ringwall delete --force "$id"
}
check "netDevices in a namespace of its own, and a device that comes later" moved

finish
