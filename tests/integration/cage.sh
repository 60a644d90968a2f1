#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine's process of a container with --isolation kvm, taken over.  tests/ringwall-backdoor is the program
# with a back door (tests/kvm/backdoor.c): one of its caged threads makes an attack of tests/kvm/attacks.c.  It must
# reach nothing, and a person must be told.  Beside it the same without an attack, which must work.
#
# The guest of most cases is tests/kvm/guest, which any /dev/kvm runs; the last ones want a kernel of Debian.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root
[ -w /dev/kvm ] || {
	echo "1..0 # SKIP there is no /dev/kvm"
	exit 0
}
BACKDOOR_PROGRAM=$TOOLS/ringwall-backdoor
[ -x "$BACKDOOR_PROGRAM" ] || {
	echo "1..0 # SKIP the program is built without the KVM mode"
	exit 0
}

# new_machine: a bundle whose guest turns itself off at once.
new_machine() {
	new_bundle
	config set vm "{\"kernel\": {\"path\": \"$TOOLS/kvm-guest\"}}"
}

# run_machine PROGRAM [ORDER]: with a cache of kernels that goes with it; $status, out, err.
run_machine() {
	status=0
	# shellcheck disable=SC2016 # for the inner shell
	BACKDOOR=${2:-} CANARY=${canary:-/nothing} unshare -m --propagation private sh -ec '
		mount -t tmpfs cache /var/cache
		exec "$@"' sh timeout 60 "$1" --root "$case/state" --isolation kvm run --bundle "$bundle" "$id" \
		>out 2>err </dev/null || status=$?
}

# attempt PROGRAM [ORDER]: that does not work
attempt() {
	run_machine "$@"
	! grep -q "TAKEN OVER" err || fail "${2:-} worked"
}

# The guest has run, as far as it goes: it has no agent.
expect_ran() {
	expect_status 1
	expect_error "the machine has ended: powered off"
	expect_nothing
}

# The thread's process was killed for what it called, and that is told.
expect_killed() {
	expect_status 1
	expect_error 'init: killed by signal 31 during "guest"'
	expect_error "a system call that it never makes by itself"
	expect_error "type=1326"
	expect_nothing
}

# taken_over KIND: by an attack of each sort; what the machine's own test has tried of the others is not repeated.
taken_over() {
	new_machine
	attempt "$BACKDOOR_PROGRAM"
	expect_ran
	for attack in execute fork connect-inet connect-unix signal trace map-code guest-memory; do
		attempt "$BACKDOOR_PROGRAM" "$1 $attack"
		expect_killed
	done
	case $1 in fs) return ;; esac
	for attack in open capabilities; do
		attempt "$BACKDOOR_PROGRAM" "$1 $attack"
		expect_killed
	done
}

server_opens_nothing() {
	new_machine
	mkdir outside
	canary=$case/outside/canary
	echo canary >"$canary"
	# A volume is another mount beside the image.
	mkdir volume
	add_mount /volume bind "$case/volume" rbind
	attempt "$BACKDOOR_PROGRAM" "fs open"
	expect_ran
	attempt "$BACKDOOR_PROGRAM" "fs procfs"
	expect_ran
	attempt "$BACKDOOR_PROGRAM" "fs link"
	expect_ran
	attempt "$BACKDOOR_PROGRAM" "fs capabilities"
	expect_ran
	# The same attack finds what is the guest's own.
	mkdir -p "$bundle/rootfs$case/outside"
	cp "$canary" "$bundle/rootfs$canary"
	run_machine "$BACKDOOR_PROGRAM" "fs open"
	expect_error "TAKEN OVER: open"
}

no_back_door() {
	new_machine
	attempt "$RINGWALL" "vcpu execute"
	expect_ran
	! grep -q -e BACKDOOR "$RINGWALL" || fail "the program knows the variable"
	grep -q -e BACKDOOR "$BACKDOOR_PROGRAM" || fail "the test's program does not know it"
}

# ---- with a guest that runs a container ----

need_kernel() {
	grep -qwE 'svm|vmx' /proc/cpuinfo || skip "/dev/kvm is not the processor's: no kernel of Debian runs on it"
	"$RINGWALL" kvm prepare --quiet >/dev/null 2>&1 || skip "there is no kernel for a guest"
}

# status_of THREAD MEMBER: of /proc/PID/task/THREAD/status
status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$pid/task/$1/status"
}

# What the host sees of the threads and their descriptors.
seen_from_outside() {
	need_kernel
	new_bundle
	mkdir volume
	add_mount /volume bind "$case/volume" rbind
	args sleep 1000
	start_container --isolation kvm
	pid=$(state_of pid)
	for thread in "/proc/$pid/task"/*; do
		thread=${thread##*/}
		name=$(cat "/proc/$pid/task/$thread/comm")
		echo "$thread $name" | tee -a threads
		expect_equal "$(status_of "$thread" Seccomp)" 2
		expect_equal "$(status_of "$thread" NoNewPrivs)" 1
		case $name in
		# chown, dac_override, dac_read_search, fowner, fsetid, setgid, setuid, setfcap
		fs*) rights=00000000800000df ;;
		*) rights=0000000000000000 ;;
		esac
		expect_equal "$(status_of "$thread" CapPrm)" "$rights"
		expect_equal "$(status_of "$thread" CapEff)" "$rights"
		expect_equal "$(status_of "$thread" CapInh)" 0000000000000000
		expect_equal "$(status_of "$thread" CapAmb)" 0000000000000000
		expect_equal "$(ls -A "/proc/$pid/task/$thread/root/")" ""
	done
	for kind in vcpu io fs; do
		grep -q " $kind" threads || fail "there is no thread \"$kind\""
	done
	# Nothing by name but the trees that the guest has, and what the caller gave as streams.
	for fd in "/proc/$pid/fd"/*; do
		to=$(readlink "$fd")
		case ${fd##*/} in [012]) continue ;; esac
		case $to in
		socket:* | anon_inode:* | /rootfs | /rootfs/* | /vol | /vol/*) ;;
		/) # its descriptors, and nothing above them
			expect_equal "$(stat -f -c %T "$fd/")" proc
			[ -e "$fd/${fd##*/}" ] && [ ! -e "$fd/../environ" ] || fail "descriptor ${fd##*/} leads on"
			;;
		*) fail "descriptor ${fd##*/} is $to" ;;
		esac
	done
	# No way to the network but what the guest has: nothing was asked for.
	expect_equal "$(sed 1,2d "/proc/$pid/net/dev" | tr -d ' ' | cut -d: -f1)" lo
	call exec "$id" /init true
	expect_status 0
}

# A request of the guest makes the server do what it never does; the container's end tells it.
killed_while_it_runs() {
	need_kernel
	new_bundle
	args cat /attack-now
	run_machine "$BACKDOOR_PROGRAM" "request connect-inet"
	expect_status 159
	expect_error "a system call that it never makes by itself"
	expect_nothing
	# Its twin: there is no such file.
	run_machine "$BACKDOOR_PROGRAM"
	expect_failure
	[ "$status" != 159 ] || fail "it was killed"
}

check "a control thread that was taken over reaches nothing" taken_over control
check "a vCPU that was taken over reaches nothing" taken_over vcpu
check "an I/O thread that was taken over reaches nothing" taken_over io
check "a file server that was taken over reaches nothing" taken_over fs
check "a file server that was taken over opens nothing outside" server_opens_nothing
check "the program has no back door" no_back_door
check "what the host sees of the threads of a machine" seen_from_outside
check "a machine that is killed for a system call tells it" killed_while_it_runs
finish
