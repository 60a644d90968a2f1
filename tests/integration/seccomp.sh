#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Seccomp".  The container's program makes system calls by their numbers (x86-64) and says what
# the kernel answers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

sources=$(cd "$(dirname "$0")/../.." && pwd)
getppid=110 # takes no arguments: they are free for conditions
x32=$((0x40000000))
killed=$((128 + 31)) # SIGSYS

on_x86_64() {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"
}

seccomp_bundle() {
	on_x86_64
	new_bundle
}

# seccomp MEMBERS: linux.seccomp with SCMP_ACT_ALLOW as default; a defaultAction in MEMBERS replaces it
seccomp() {
	case $1 in
	*'"defaultAction"'*) config set linux.seccomp "{$1}" ;;
	*) config set linux.seccomp "{\"defaultAction\": \"SCMP_ACT_ALLOW\", $1}" ;;
	esac
}

# rule MEMBERS: one rule for getppid
rule() {
	seccomp "\"syscalls\": [{\"names\": [\"getppid\"], $1}]"
}

# Everything that the program itself needs, besides what is given, as names of a rule.
needed='"execve", "exit_group", "write", "brk", "mprotect", "arch_prctl", "set_tid_address", "set_robust_list",
	"rseq", "prlimit64", "readlink", "readlinkat", "getrandom", "newfstatat", "fstat", "ioctl"'

# ---- actions ----

errnos() {
	seccomp_bundle
	args syscall "$getppid"
	rule '"action": "SCMP_ACT_ERRNO"'
	run
	expect_output "syscall $getppid: EPERM"
	rule '"action": "SCMP_ACT_ERRNO", "errnoRet": 13'
	run
	expect_output "syscall $getppid: EACCES"
	rule '"action": "SCMP_ACT_ERRNO", "errnoRet": 4095'
	run
	expect_output "syscall $getppid: E?"
	args syscall 161 0 # chroot
	seccomp '"syscalls": [{"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0}]'
	run
	expect_output "syscall 161: ok"
}
check "SCMP_ACT_ERRNO, with errnoRet" errnos

errnos_by_default() {
	seccomp_bundle
	args syscall "$getppid"
	seccomp "\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [$needed], \"action\": \"SCMP_ACT_ALLOW\"}]"
	run
	expect_output "syscall $getppid: EPERM"
	config set linux.seccomp.defaultErrnoRet 22
	run
	expect_output "syscall $getppid: EINVAL"
}
check "SCMP_ACT_ERRNO as default, with defaultErrnoRet" errnos_by_default

kills() {
	seccomp_bundle
	args echo before -- syscall "$getppid" -- echo after
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_THREAD SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
		rule "\"action\": \"$action\""
		run
		expect_status "$killed"
		expect_output before
	done
}
check "SCMP_ACT_KILL, _THREAD, _PROCESS and _TRAP" kills

allows() {
	seccomp_bundle
	args syscall "$getppid"
	for action in SCMP_ACT_ALLOW SCMP_ACT_LOG; do
		rule "\"action\": \"$action\""
		run
		expect_output "syscall $getppid: ok"
	done
	rule '"action": "SCMP_ACT_TRACE"' # nobody traces
	run
	expect_output "syscall $getppid: ENOSYS"
	rule '"action": "SCMP_ACT_TRACE", "errnoRet": 7'
	run
	expect_output "syscall $getppid: ENOSYS"
	# as a default it leaves everything alone
	seccomp '"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO"}]'
	run
	expect_output "syscall $getppid: EPERM"
}
check "SCMP_ACT_ALLOW, _LOG and _TRACE" allows

# ---- conditions ----

# matches OP VALUE [VALUETWO] -- EXPECTED: which of the arguments 4, 5, 6, 4294967301 (2^32 + 5) match
matches() {
	two=
	[ "$3" = -- ] || two=", \"valueTwo\": $3"
	rule "\"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, \"value\": $2, \"op\": \"SCMP_CMP_$1\"$two}]"
	[ "$3" = -- ] || shift
	run
	expect_status 0
	expect_equal "$1 $2: $(sed 's/.*: ok/-/; s/.*: EPERM/x/' "$case/out" | tr -d '\n')" "$1 $2: $4"
}

operators() {
	seccomp_bundle
	args syscall "$getppid" 4 -- syscall "$getppid" 5 -- syscall "$getppid" 6 -- syscall "$getppid" 4294967301
	matches EQ 5 -- -x--
	matches NE 5 -- x-xx
	matches LT 5 -- x---
	matches LE 5 -- xx--
	matches GE 5 -- -xxx
	matches GT 5 -- --xx
	matches EQ 4294967301 -- ---x
	matches LT 4294967301 -- xxx-
	matches GT 4294967295 -- ---x
}
check "the operators compare all 64 bits" operators

masked() {
	seccomp_bundle
	args syscall "$getppid" 4 -- syscall "$getppid" 5 -- syscall "$getppid" 6 -- syscall "$getppid" 4294967301
	for row in '1 1 -x-x' '4294967295 5 -x-x' '4294967296 4294967296 ---x' '6 4 xx-x' '2 2 --x-'; do
		# shellcheck disable=SC2086 # words
		set -- $row
		rule "\"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, \"value\": $1, \"valueTwo\": $2, \"op\": \"SCMP_CMP_MASKED_EQ\"}]"
		run
		expect_equal "$row: $(sed 's/.*: ok/-/; s/.*: EPERM/x/' "$case/out" | tr -d '\n')" "$row: $3"
	done
}
check "SCMP_CMP_MASKED_EQ: value is the mask, valueTwo is compared" masked

conditions_together() {
	seccomp_bundle
	args syscall "$getppid" 1 0 0 0 0 2 -- syscall "$getppid" 1 -- syscall "$getppid" 0 0 0 0 0 2
	rule '"action": "SCMP_ACT_ERRNO", "args": [
		{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 5, "value": 2, "op": "SCMP_CMP_EQ"}]'
	run
	expect_output "syscall $getppid: EPERM
syscall $getppid: ok
syscall $getppid: ok"
	# several rules of one name: the one that matches
	args syscall "$getppid" 1 -- syscall "$getppid" 2 -- syscall "$getppid" 3
	seccomp '"syscalls": [
		{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]},
		{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]'
	run
	expect_output "syscall $getppid: EPERM
syscall $getppid: ENOENT
syscall $getppid: ok"
	# conditions on the same argument: any of them, as in every profile of the engines
	rule '"action": "SCMP_ACT_ERRNO", "args": [
		{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]'
	run
	expect_output "syscall $getppid: EPERM
syscall $getppid: EPERM
syscall $getppid: ok"
}
check "all conditions of a rule, any rule of a name" conditions_together

# ---- profiles ----

podman_profile() {
	on_x86_64
	new_bundle
	data=$sources/tests/data/seccomp-podman.json
	config set linux.seccomp "$("$JSONEDIT" "$data" get linux.seccomp)"
	# kexec_load, userfaultfd; what the profile does not name
	args syscall 246 -- syscall 323 -- syscall 1000 -- socket 1 -- prctl -- id
	run
	expect_status 0
	expect_line "syscall 246: EPERM"
	expect_line "syscall 323: EPERM"
	expect_line "syscall 1000: ENOSYS"
	expect_line "socket 1: ok"
	expect_line "seccomp: 2"
	expect_line "uid: 0 0 0"
	args pause
	start_container
	call exec "$id" /init syscall 246 -- id
	expect_line "syscall 246: EPERM"
	expect_line "uid: 0 0 0"
}
check "podman's default profile" podman_profile

enosys_for_newer() {
	seccomp_bundle
	# rseq is 334, the newest that this profile knows
	seccomp "\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [$needed], \"action\": \"SCMP_ACT_ALLOW\"}]"
	args syscall 83 -- syscall 333 -- syscall 400 -- syscall 439 -- syscall 1000
	run
	expect_output "syscall 83: EPERM
syscall 333: EPERM
syscall 400: ENOSYS
syscall 439: ENOSYS
syscall 1000: ENOSYS"
	# a rule with the default's action makes the profile newer
	config append linux.seccomp.syscalls '{"names": ["faccessat2"], "action": "SCMP_ACT_ERRNO"}'
	run
	expect_output "syscall 83: EPERM
syscall 333: EPERM
syscall 400: EPERM
syscall 439: EPERM
syscall 1000: ENOSYS"
}
check "what is newer than the profile is ENOSYS" enosys_for_newer

nothing_after_the_filter() {
	seccomp_bundle
	# what allows the program, and nothing that a runtime would need: the default kills
	seccomp "\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"syscalls\": [{\"names\": [$needed], \"action\": \"SCMP_ACT_ALLOW\"}]"
	args echo alive
	run
	expect_status 0
	expect_output alive
	call create --bundle "$bundle" "$id"
	call start "$id"
	expect_status 0
	wait_until is_stopped
	# execve itself: an error of start
	ringwall delete "$id"
	seccomp '"syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ERRNO"}]'
	run
	expect_failure
	expect_error 'exec "/init": operation not permitted'
	expect_error 'linux.seccomp'
	# getcwd after the filter is loaded is runc's mistake
	seccomp '"syscalls": [{"names": ["getcwd", "close", "close_range", "fcntl", "sendmsg", "sendto", "wait4", "prctl"], "action": "SCMP_ACT_ERRNO"}]'
	args cwd
	run
	expect_output "cwd: EPERM"
}

is_stopped() {
	[ "$(state_of status)" = stopped ]
}
check "the runtime makes no call but execve under the filter" nothing_after_the_filter

unknown_names() {
	seccomp_bundle
	seccomp '"syscalls": [{"names": ["no_such_call", "getppid", "_llseek"], "action": "SCMP_ACT_ERRNO"},
		{"names": ["another_one"], "action": "SCMP_ACT_KILL"}]'
	args syscall "$getppid"
	run
	expect_status 0
	expect_output "syscall $getppid: EPERM"
	[ ! -s "$case/err" ] || fail "there is a message"
}
check "unknown names are ignored" unknown_names

empty_profile() {
	seccomp_bundle
	args syscall "$getppid" -- prctl
	seccomp '"syscalls": []'
	run
	expect_line "syscall $getppid: ok"
	config set linux.seccomp '{"defaultAction": "SCMP_ACT_ALLOW"}'
	run
	expect_line "syscall $getppid: ok"
	expect_line "seccomp: 2"
	config set linux.seccomp null
	run
	expect_line "seccomp: 0"
}
check "a profile without rules, and none" empty_profile

# ---- architectures ----

architectures() {
	seccomp_bundle
	"$TOOLS/init" int80 64 | grep -qx 'int80 64: ok' || skip "the kernel has no 32-bit system calls"
	args int80 64 -- syscall "$getppid"
	rule '"action": "SCMP_ACT_ERRNO"'
	run # not listed: no way around the filter
	expect_status "$killed"
	config set linux.seccomp.architectures '["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]'
	run
	expect_output "int80 64: EPERM
syscall $getppid: EPERM"
	# each with its own numbers: 110 is iopl there, 64 is semget here
	args int80 110 -- syscall 64
	run
	expect_equal "$(cut -d : -f 1 "$case/out" | tr '\n' ' ')" "int80 110 syscall 64 "
	expect_no_line "int80 110: EPERM"
	expect_no_line "syscall 64: EPERM"
	# the native one is in force although only another one is listed
	config set linux.seccomp.architectures '["SCMP_ARCH_X86"]'
	args int80 64 -- syscall "$getppid"
	run
	expect_output "int80 64: EPERM
syscall $getppid: EPERM"
	# multiplexed: socket is socketcall(SYS_SOCKET) too
	seccomp '"architectures": ["SCMP_ARCH_X86"], "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]'
	args int80 102 1 0 -- int80 359 1 2 -- socket 1
	run
	expect_output "int80 102: EACCES
int80 359: EACCES
socket 1: EACCES"
}
check "32-bit calls: killed unless listed, then under the same rules" architectures

architecture_x32() {
	seccomp_bundle
	args syscall $((x32 + getppid))
	rule '"action": "SCMP_ACT_ERRNO", "errnoRet": 13'
	run
	expect_status "$killed"
	config set linux.seccomp.architectures '["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"]'
	run
	expect_output "syscall $((x32 + getppid)): EACCES"
	config set linux.seccomp.architectures '["SCMP_ARCH_AARCH64", "SCMP_ARCH_RISCV64"]'
	args syscall "$getppid"
	run
	expect_output "syscall $getppid: EACCES"
}
check "x32 calls and foreign machines" architecture_x32

# ---- flags ----

flags() {
	seccomp_bundle
	args syscall "$getppid" -- prctl
	rule '"action": "SCMP_ACT_ERRNO"'
	for flags in '[]' '["SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_TSYNC"]' \
		'["SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG"]' \
		'["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'; do
		config set linux.seccomp.flags "$flags"
		run
		expect_line "syscall $getppid: EPERM"
	done
}
check "flags are accepted" flags

# ---- refused ----

refused() {
	run
	expect_failure
	expect_error "$1"
	[ ! -e "$case/state/$id" ] || fail "a state is left"
}

wrong_profiles() {
	new_bundle
	rule '"action": "SCMP_ACT_KILL", "errnoRet": 1'
	refused 'linux.seccomp.syscalls[0].errnoRet: the action SCMP_ACT_KILL takes no errno'
	rule '"action": "SCMP_ACT_ALLOW", "errnoRet": 1'
	refused 'takes no errno'
	rule '"action": "SCMP_ACT_ERRNO", "errnoRet": 4096'
	refused 'linux.seccomp.syscalls[0].errnoRet: 4096 is no errno'
	seccomp '"defaultErrnoRet": 1'
	refused 'linux.seccomp.defaultErrnoRet: the action SCMP_ACT_ALLOW takes no errno'
	seccomp '"syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]'
	refused 'linux.seccomp.syscalls[0]: "names" needs at least one entry'
	seccomp '"syscalls": [{"action": "SCMP_ACT_ERRNO"}]'
	refused 'required property "names" is missing'
	seccomp '"syscalls": [{"names": [""], "action": "SCMP_ACT_ERRNO"}]'
	refused 'linux.seccomp.syscalls[0].names[0]'
	seccomp '"syscalls": [{"names": ["getppid"]}]'
	refused 'required property "action" is missing'
	rule '"action": "SCMP_ACT_DENY"'
	refused 'linux.seccomp.syscalls[0].action'
	expect_error '"SCMP_ACT_DENY"'
	config set linux.seccomp '{"syscalls": []}'
	refused 'required property "defaultAction" is missing'
	seccomp '"defaultAction": "SCMP_ACT_SOMETIMES"'
	refused 'linux.seccomp.defaultAction'
	seccomp '"architectures": ["SCMP_ARCH_PDP11"]'
	refused 'linux.seccomp.architectures[0]'
	seccomp '"flags": ["SECCOMP_FILTER_FLAG_FAST"]'
	refused 'linux.seccomp.flags[0]'
	seccomp '"listenerMetadata": "x"'
	refused 'linux.seccomp.listenerMetadata: only allowed with "listenerPath"'
	for arg in '"index": 6, "value": 0, "op": "SCMP_CMP_EQ"' '"index": -1, "value": 0, "op": "SCMP_CMP_EQ"' \
		'"index": 0, "value": -1, "op": "SCMP_CMP_EQ"' '"index": 0, "value": 0, "op": "SCMP_CMP_LIKE"' \
		'"index": 0, "value": 0' '"index": 0, "op": "SCMP_CMP_EQ"' '"value": 0, "op": "SCMP_CMP_EQ"'; do
		rule "\"action\": \"SCMP_ACT_ERRNO\", \"args\": [{$arg}]"
		refused 'linux.seccomp.syscalls[0].args[0]'
	done
}
check "wrong profiles are errors" wrong_profiles

# agent NAME OPTION...: listens at the socket NAME, writes to NAME.out; sets $agent
agent() {
	name=$1
	shift
	"$TOOLS/seccomp-agent" "$@" "$case/$name" >"$case/$name.out" 2>&1 &
	agent=$!
	wait_until [ -S "$case/$name" ]
}

wrong_listeners() {
	new_bundle
	rule '"action": "SCMP_ACT_NOTIFY"'
	refused 'linux.seccomp: SCMP_ACT_NOTIFY needs "listenerPath"'
	seccomp "\"defaultAction\": \"SCMP_ACT_NOTIFY\", \"listenerPath\": \"$case/sock\""
	refused 'SCMP_ACT_NOTIFY cannot be the default'
	seccomp "\"listenerPath\": \"$case/sock\", \"syscalls\": [{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_NOTIFY\"}]"
	agent sock
	refused 'linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for "write"'
	for call in write wait4; do
		wait "$agent" || true # it removes its socket, by its name
		seccomp "\"listenerPath\": \"$case/sock\", \"syscalls\": [{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_NOTIFY\"},
			{\"names\": [\"$call\"], \"action\": \"SCMP_ACT_TRAP\"}]"
		agent sock
		refused "linux.seccomp: with SCMP_ACT_NOTIFY \"$call\" cannot be SCMP_ACT_TRAP"
	done
	seccomp "\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"listenerPath\": \"$case/sock\", \"syscalls\": [
		{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_NOTIFY\"}, {\"names\": [$needed], \"action\": \"SCMP_ACT_ALLOW\"}]"
	wait "$agent" || true
	agent sock
	refused 'linux.seccomp: with SCMP_ACT_NOTIFY "wait4" cannot be SCMP_ACT_KILL_PROCESS'
	rule '"action": "SCMP_ACT_NOTIFY"'
	config set linux.seccomp.listenerPath "\"$case/absent\""
	refused "linux.seccomp.listenerPath"
	expect_error 'no such file or directory'
	expect_error "$case/absent"
	touch "$case/file"
	config set linux.seccomp.listenerPath "\"$case/file\""
	refused "linux.seccomp.listenerPath"
	expect_error 'connection refused'
}
check "listeners that cannot be are errors" wrong_listeners

# ---- listener ----

notify_rule() {
	seccomp "\"listenerPath\": \"$case/agent\", \"syscalls\": [{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_NOTIFY\"}]"
}

# agent_state NAME PATH: from the document that the agent NAME received
agent_state() {
	grep '^{' "$case/$1.out" | "$JSONEDIT" - get "$2"
}

listener() {
	seccomp_bundle
	notify_rule
	config set linux.seccomp.listenerMetadata '"for the agent"'
	config set annotations '{"k": "v"}'
	args syscall "$getppid" -- syscall "$getppid" -- pause
	agent agent --errno 13 --count 2
	start_container
	wait "$agent"
	wait_until grep -c "$getppid: EACCES" "$case/container.log"
	expect_equal "$(head -n 1 "$case/agent.out")" "fds: 1"
	expect_equal "$(grep -c "^syscall: $getppid\$" "$case/agent.out")" 2
	expect_equal "$(agent_state agent 'fds[0]')" seccompFd
	[ -z "$(agent_state agent 'fds[1]' || :)" ] || fail "more descriptors are named"
	expect_equal "$(agent_state agent pid)" "$(state_of pid)"
	expect_equal "$(agent_state agent metadata)" "for the agent"
	expect_equal "$(agent_state agent state.id)" "$id"
	expect_equal "$(agent_state agent state.pid)" "$(state_of pid)"
	expect_equal "$(agent_state agent state.bundle)" "$bundle"
	expect_equal "$(agent_state agent state.annotations.k)" v
	expect_equal "$(agent_state agent state.status)" created
	agent_state agent ociVersion | grep -qx '1\.[0-9]*\.[0-9]*'
	expect_equal "$(agent_state agent state.ociVersion)" "$(agent_state agent ociVersion)"
}
check "a listener gets the descriptor and the state, and answers" listener

listener_of_run() {
	seccomp_bundle
	notify_rule
	args syscall "$getppid"
	agent agent --value 0
	run
	wait "$agent"
	expect_output "syscall $getppid: ok"
	agent agent --continue
	run
	wait "$agent"
	expect_output "syscall $getppid: ok"
	[ -z "$(agent_state agent metadata || :)" ] || fail "metadata without being configured"
}
check "a listener of run" listener_of_run

listener_of_exec() {
	seccomp_bundle
	notify_rule
	args pause
	agent agent
	start_container
	agent second --errno 13
	mv "$case/second" "$case/agent"
	call exec --pid-file "$case/pid" "$id" /init syscall "$getppid" -- pids
	wait "$agent"
	expect_status 0
	expect_line "syscall $getppid: EACCES"
	expect_equal "$(agent_state second pid)" "$(cat "$case/pid")"
	expect_equal "$(agent_state second state.pid)" "$(state_of pid)"
	expect_equal "$(agent_state second state.status)" running
	# nobody listens any more
	call exec "$id" /init true
	expect_failure
	expect_error 'linux.seccomp.listenerPath'
}
check "a listener of exec" listener_of_exec

# hands_over CALL ACTION STATUS OUTPUT [OPTION...]: with a rule for a call that the hand-over or what follows it may make
hands_over() {
	call=$1 action=$2 wanted=$3 output=$4
	shift 4
	seccomp "\"listenerPath\": \"$case/agent\", \"syscalls\": [{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_NOTIFY\"},
		{\"names\": [\"$call\"], \"action\": \"$action\"}]"
	agent agent --count 100 "$@"
	run
	wait "$agent"
	[ "$status" = "$wanted" ] || fail "$call $action $*: exit status $status"
	expect_output "$output"
	grep -q "^syscall: $getppid\$" "$case/agent.out" || [ -z "$output" ] || fail "$call $action: the agent was not asked"
}

# Whether the agent or the kernel refuses it or lets it be: nobody waits for ever.
listener_hand_over() {
	seccomp_bundle
	args syscall "$getppid"
	for call in sendmsg recvmsg read close close_range wait4 exit_group execve; do
		hands_over "$call" SCMP_ACT_NOTIFY 0 "syscall $getppid: ok" --continue
	done
	for call in sendmsg recvmsg read close close_range wait4; do
		hands_over "$call" SCMP_ACT_NOTIFY 0 "syscall $getppid: EPERM" --errno 1
		hands_over "$call" SCMP_ACT_ERRNO 0 "syscall $getppid: ok"
	done
	for call in sendmsg recvmsg read close close_range; do
		hands_over "$call" SCMP_ACT_TRAP 0 "syscall $getppid: ok"
	done
	hands_over execve SCMP_ACT_NOTIFY 1 '' --errno 1
	expect_error 'exec "/init": operation not permitted'
	hands_over execve SCMP_ACT_TRAP "$killed" ''
}
check "a listener is handed over whatever else the filter forbids" listener_hand_over

listener_gone() {
	seccomp_bundle
	notify_rule
	args syscall "$getppid"
	agent agent --count 0
	run
	expect_status 0
	expect_output "syscall $getppid: ENOSYS"
}
check "a listener that has gone away" listener_gone

listener_unused() {
	seccomp_bundle
	rule '"action": "SCMP_ACT_ERRNO"'
	config set linux.seccomp.listenerPath "\"$case/absent\""
	config set linux.seccomp.listenerMetadata '"x"'
	args syscall "$getppid"
	run
	expect_status 0
	expect_output "syscall $getppid: EPERM"
}
check "without SCMP_ACT_NOTIFY the listener is ignored" listener_unused

# ---- exec ----

filter_of_exec() {
	seccomp_bundle
	rule '"action": "SCMP_ACT_ERRNO"'
	args pause
	start_container
	call exec "$id" /init syscall "$getppid" -- prctl
	expect_line "syscall $getppid: EPERM"
	expect_line "seccomp: 2"
	printf '{"cwd": "/", "user": {"uid": 1000, "gid": 1000}, "noNewPrivileges": false, "args": ["/init", "syscall", "%s"]}' \
		"$getppid" >"$case/process.json"
	call exec --process "$case/process.json" "$id"
	expect_line "syscall $getppid: EPERM"
}
check "the filter is in force for exec" filter_of_exec

finish
