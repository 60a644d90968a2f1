#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A whole distribution.  TESTS_ROOTFS names a Debian root file system, or TESTS_MMDEBSTRAP=1 lets this make one
# (which takes most of a minute and needs a mirror).

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root

tree=${TESTS_ROOTFS:-}

make_tree() {
	if [ -n "$tree" ]; then
		[ -x "$tree/bin/bash" ] || fail "TESTS_ROOTFS=$tree holds no /bin/bash"
		return
	fi
	[ "${TESTS_MMDEBSTRAP:-}" = 1 ] || skip "neither TESTS_ROOTFS nor TESTS_MMDEBSTRAP=1 is set"
	command -v mmdebstrap >/dev/null 2>&1 || skip "mmdebstrap is not installed"
	mmdebstrap --quiet --variant=minbase "${TESTS_SUITE:-bookworm}" "$work/debian" ||
		fail "mmdebstrap failed"
}
check "a Debian root file system" make_tree
[ -n "$tree" ] || tree=$work/debian

new_debian() {
	[ -d "$tree" ] || skip "there is no Debian root file system"
	new_bundle
	config set root.path "\"$tree\""
	config set process.env '["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "LC_ALL=C"]'
}

apt() {
	new_debian
	config set process.args '["apt-get", "--version"]'
	run
	expect_status 0
	grep -q '^apt [0-9]' "$case/out" || fail "this is not apt-get's version"
}
check "a program with its libraries" apt

shell() {
	new_debian
	# shellcheck disable=SC2016 # for the shell inside
	config set process.args \
		'["bash", "-c", "for i in 1 2 3; do (exit $i) || echo $?; done | sort -r; id -u; ls -d /proc/1/ns"]'
	run
	expect_status 0
	expect_output "3
2
1
0
/proc/1/ns"
}
check "a shell, pipes, children" shell

terminal() {
	new_debian
	config set process.terminal true
	# shellcheck disable=SC2016 # for the shell inside
	config set process.args '["bash", "-ic", "test -t 0 && test -t 1 && tty; stty size; echo $((6 * 7)); exit 3"]'
	config set process.consoleSize '{"height": 33, "width": 99}'
	"$TOOLS/recvtty" "$case/socket" --timeout "$WAIT_SECONDS" >tty.out 2>tty.err &
	recvtty=$!
	wait_until test -S "$case/socket"
	ringwall create --bundle "$bundle" --console-socket "$case/socket" "$id" >log 2>&1 </dev/null
	ringwall start "$id"
	wait "$recvtty" || fail "$(cat tty.err)"
	tr -d '\r' <tty.out >out
	grep -q '/dev/\(pts/0\|console\)' out || fail "no terminal: $(cat out)"
	grep -qx 42 out || fail "no arithmetic: $(cat out)"
	grep -qx '33 99' out || fail "another size: $(cat out)"
	wait_until stopped
	ringwall delete "$id"
}

stopped() {
	[ "$(state_of status)" = stopped ]
}
check "bash on a terminal" terminal

users() {
	new_debian
	# shellcheck disable=SC2016 # for the shell inside
	config set process.args '["bash", "-c", "id -un; echo $HOME"]'
	config set process.user '{"uid": 65534, "gid": 65534}'
	run
	expect_status 0
	expect_output "nobody
/nonexistent"
}
check "the home directory of a user of the image" users

finish
