#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# runtime.md, "State", "Lifecycle" and "Operations": which command may do what in which state, and what a failure or a
# killed command leaves.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016,SC2086 # texts for other shells; commands as lists of words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# ---- the states ----

is() {
	[ "$(state_of status)" = "$1" ]
}

new_paused_program() {
	new_bundle
	args pause
}

make_running() {
	new_paused_program
	start_container
}

# Process 1 of a pid namespace gets TERM only once it waits for it.
make_waiting_for_term() {
	new_bundle
	args signal-wait TERM
	start_container
	wait_until grep -qx ready "$case/container.log"
}

make_stopped() {
	make_running
	ringwall kill "$id" KILL
	wait_until is stopped
}

# A hook of the runtime that says that it is there, and stays until it is told to go on.
block_in_hook() {
	mkfifo "$case/entered" "$case/go"
	config append "hooks.$1" "{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
		\"echo x >$case/entered; read -r _ <$case/go\"]}"
}

make_creating() {
	new_paused_program
	block_in_hook createRuntime
	ringwall create --bundle "$bundle" --pid-file "$case/pid" "$id" >"$case/creator" 2>&1 </dev/null &
	creator=$!
	read -r _ <"$case/entered"
	expect_equal "$(state_of status)" creating
}

# refused TEXT COMMAND...: with this text, and without effect on the state
refused() {
	text=$1
	shift
	before=$(state_of status 2>/dev/null || true)
	call "$@"
	expect_status 1
	expect_error "$text"
	[ ! -s "$case/out" ] || fail "it wrote to standard output"
	expect_equal "$(state_of status 2>/dev/null || true)" "$before"
}

refused_exec() {
	text=$1
	shift
	call exec "$id" /init true
	expect_status 255
	expect_error "$text"
}

update() {
	echo '{}' >"$case/resources"
	echo "update --resources $case/resources $id"
}

cgroup_dirs() {
	cgroups_named "*$id"
}

has_no_process() {
	[ "$(ringwall ps --format json "$id")" = "[]" ]
}

has_processes() {
	[ "$(ringwall ps --format json "$id" | tr ',' '\n' | wc -l)" = "$1" ]
}

has_command() {
	ringwall ps "$id" | grep -q "$1\$"
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

# ---- what each state allows ----

created_then_running() {
	new_paused_program
	ringwall create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_equal "$(state_of status)" created
	expect_equal "$(state_of pid)" "$(cat "$case/pid")"
	ringwall start "$id"
	expect_equal "$(state_of status)" running
	ringwall kill "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
	refused "container does not exist" state "$id"
	expect_nothing
}
check "create, start, kill and delete" created_then_running

exit_status_is_passed_on() {
	new_bundle
	args exit 7
	run
	expect_status 7
	expect_nothing
}
check "run returns the exit status of the program" exit_status_is_passed_on

signal_is_passed_on() {
	new_bundle
	args raise KILL
	config del 'linux.namespaces[0]' # the first process of a pid namespace cannot kill itself
	run
	expect_status 137
	expect_nothing
}
check "run returns 128 + n for a program that signal n has ended" signal_is_passed_on

unknown_container() {
	id=rwt-$$-unknown
	mkdir "$case/state"
	for command in "start $id" "kill $id" "kill --all $id KILL" "delete $id" "state $id" "pause $id" \
		"resume $id" "ps $id" "$(update)"; do
		refused "container \"$id\": container does not exist" $command
	done
	refused_exec "container does not exist"
	call delete --force "$id"
	expect_status 0
	[ ! -s "$case/err" ] || fail "delete --force of an unknown container is not silent"
	call kill --regex '^nobody' KILL
	expect_failure
	expect_error "does not exist"
}
check "unknown: everything but delete --force is refused" unknown_container

creating_refuses() {
	make_creating
	for command in "start $id" "kill $id KILL" "kill --all $id KILL" "delete $id" "pause $id" "resume $id" \
		"$(update)"; do
		refused "container \"$id\" is still being created" $command
	done
	refused_exec "is still being created"
	refused "container with given ID already exists" create --bundle "$bundle" "$id"
	[ ! -e "$case/pid" ] || fail "the pid file is there before the container is"
	ringwall list | grep -q "^$id .* creating " || fail "list does not show it"
	echo >"$case/go"
	wait "$creator"
	expect_equal "$(state_of status)" created
	expect_equal "$(cat "$case/pid")" "$(state_of pid)"
	ringwall delete "$id"
	expect_nothing
}
check "creating: everything but state, list and delete --force is refused, at once" creating_refuses

creating_is_deleted_by_force() {
	make_creating
	ringwall delete --force "$id"
	expect_nothing
	! wait "$creator" || fail "create succeeded, and its container was deleted meanwhile"
	grep -qF 'hooks.createRuntime[0] "/bin/sh": killed, because the container'"'"'s process has ended' \
		"$case/creator" || fail "create says: $(cat "$case/creator")"
	[ ! -e "$case/pid" ] || fail "a pid file is left"
}
check "creating: delete --force ends the creation, however long its hook takes" creating_is_deleted_by_force

created_allows() {
	new_paused_program
	ringwall create --bundle "$bundle" "$id"
	refused "container \"$id\" cannot be resumed: it is created and does not run yet" resume "$id"
	refused "already exists" create --bundle "$bundle" "$id"
	call exec "$id" /init echo hello
	expect_status 0
	expect_output hello
	refused "container \"$id\" cannot be paused: it is created and does not run yet" pause "$id"
	expect_equal "$(ringwall ps --format json "$id")" "[$(state_of pid)]"
	# shellcheck disable=SC2046
	call $(update)
	expect_status 0
	expect_equal "$(state_of status)" created
	ringwall kill "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
	expect_nothing
	# containerd deletes created containers so
	ringwall create --bundle "$bundle" "$id"
	refused "cannot delete container \"$id\" that is not stopped: created" delete --strict "$id"
	expect_equal "$(state_of status)" created
	ringwall delete "$id"
	expect_nothing
	ringwall create --bundle "$bundle" "$id"
	ringwall delete --force "$id"
	expect_nothing
}
check "created: pause and resume are refused" created_allows

running_allows() {
	make_waiting_for_term
	refused "cannot start an already running container" start "$id"
	refused "cannot delete container \"$id\" that is not stopped: running" delete "$id"
	expect_error "hint: kill it first, or use delete --force"
	refused "is not paused" resume "$id"
	refused "container with given ID already exists" create --bundle "$bundle" "$id"
	# shellcheck disable=SC2046
	call $(update)
	expect_status 0
	call exec "$id" /init echo hello
	expect_output hello
	call ps "$id"
	expect_status 0
	head -n 1 "$case/out" | grep -qw PID || fail "ps has no header with PID"
	expect_equal "$(wc -l <"$case/out")" 2
	grep -q '/init signal-wait TERM$' "$case/out"
	ringwall kill "$id" # TERM
	wait_until is stopped
}
check "running: start, delete and resume are refused" running_allows

ps_options() {
	make_waiting_for_term
	call ps "$id" -o pid,args
	expect_status 0
	expect_equal "$(sed 1d "$case/out" | tr -s ' ' | sed 's/^ //')" "$(state_of pid) /init signal-wait TERM"
}
check "ps takes options of the host's ps" ps_options

paused_refuses() {
	make_waiting_for_term
	ringwall pause "$id"
	expect_equal "$(state_of status)" paused
	ringwall list | grep -q "^$id .* paused " || fail "list does not show that it is paused"
	refused "is paused already" pause "$id"
	refused "cannot start an already running container" start "$id"
	refused "cannot delete container \"$id\" that is not stopped: paused" delete "$id"
	refused_exec "cannot exec in a paused container (use --ignore-paused to override)"
	# shellcheck disable=SC2046
	call $(update)
	expect_status 0
	expect_equal "$(ringwall ps --format json "$id")" "[$(state_of pid)]"
	ringwall kill "$id" TERM # is taken when it goes on
	expect_equal "$(state_of status)" paused
	ringwall resume "$id"
	wait_until is stopped
	refused "is stopped: container not running" resume "$id"
}
check "paused: start, pause, delete and exec are refused" paused_refuses

paused_is_killed() {
	make_running
	ringwall pause "$id"
	ringwall kill "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
	expect_nothing
	start_container
	ringwall pause "$id"
	ringwall delete --force "$id"
	expect_nothing
}
check "paused: kill KILL and delete --force do not need resume" paused_is_killed

exec_in_a_paused_container_waits() {
	make_running
	ringwall pause "$id"
	ringwall exec --ignore-paused "$id" /init echo hello >"$case/out" 2>"$case/err" &
	exec_pid=$!
	wait_until has_processes 2
	ringwall resume "$id"
	wait "$exec_pid"
	expect_output hello
}
check "paused: exec --ignore-paused waits" exec_in_a_paused_container_waits

stopped_refuses() {
	make_stopped
	for command in "start $id" "kill $id TERM" "kill $id KILL" "pause $id" "resume $id" "$(update)"; do
		refused "container \"$id\" is stopped: container not running: no such process" $command
	done
	refused_exec "container not running: no such process"
	refused "container with given ID already exists" create --bundle "$bundle" "$id"
	call kill --all "$id" KILL
	expect_status 0
	call kill -a "$id" 9
	expect_status 0
	call ps --format json "$id"
	expect_status 0
	expect_output "[]"
	call state "$id"
	expect_status 0
	[ ! -s "$case/err" ] || fail "engines read both streams of state"
	! state_of pid || fail "a stopped container has a pid"
	ringwall delete "$id"
	expect_nothing
	refused "does not exist" delete "$id"
}
check "stopped: everything but state, list, ps, kill --all and delete is refused" stopped_refuses

count_signals() {
	[ "$(grep -c ^signal: "$case/container.log")" = "$1" ]
}

kill_knows_signals() {
	new_bundle
	args signal-wait TERM
	for signal in USR1 SIGUSR2 10 RTMIN+1 WINCH; do
		echo "$signal"
	done >"$case/sent"
	start_container
	wait_until grep -qx ready "$case/container.log"
	n=0
	while read -r signal; do
		n=$((n + 1))
		ringwall kill "$id" "$signal"
		wait_until count_signals "$n"
	done <"$case/sent"
	ringwall kill "$id" 15
	wait_until is stopped
	expect_equal "$(tr '\n' ' ' <"$case/container.log")" \
		"ready signal: USR1 signal: USR2 signal: USR1 signal: 35 signal: WINCH signal: TERM "
}
check "kill sends signals by name and number" kill_knows_signals

kill_refuses_nonsense() {
	make_running
	for signal in NONSENSE 0x9 -1 65 "9 " ""; do
		call kill -- "$id" "$signal"
		expect_failure
		expect_error "signal"
	done
	expect_equal "$(state_of status)" running
}
check "kill refuses what is no signal" kill_refuses_nonsense

regex_takes_many() {
	new_paused_program
	base=$id
	for n in 1 2 3; do
		ringwall create --bundle "$bundle" "$base-$n"
	done
	ringwall kill --regex "^$base-[12]\$" KILL
	for n in 1 2; do
		id=$base-$n
		wait_until is stopped
	done
	id=$base-3
	expect_equal "$(state_of status)" created
	ringwall delete --force --regex "^$base-"
	expect_equal "$(ls -A "$case/state")" ""
	id=$base
}
check "kill and delete --regex" regex_takes_many

# ---- the documents ----

state_document() {
	new_paused_program
	config set annotations '{"org.example.key": "value", "empty": ""}'
	(cd "$bundle" && ringwall create "$id")
	ringwall start "$id"
	ringwall state "$id" >"$case/document"
	document() {
		"$JSONEDIT" "$case/document" get "$1"
	}
	document ociVersion | grep -qxE '1\.[0-9]+\.[0-9]+' || fail "ociVersion $(document ociVersion)"
	expect_equal "$(document id)" "$id"
	expect_equal "$(document status)" running
	expect_equal "$(document pid)" "$("$JSONEDIT" "$case/state/$id/state.json" get pid)"
	expect_equal "$(document bundle)" "$bundle"
	expect_equal "$(document rootfs)" "$bundle/rootfs"
	expect_equal "$(document owner)" root
	expect_equal "$(document 'annotations["org.example.key"]')" value
	expect_equal "$(document 'annotations["empty"]')" ""
	document created | grep -qxE \
		'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})' ||
		fail "created is not RFC 3339: $(document created)"
	age=$(($(date +%s) - $(date -d "$(document created)" +%s)))
	case $age in
	[0-9] | [1-5][0-9]) ;;
	*) fail "it was created $age seconds ago" ;;
	esac
}
check "the state document" state_document

state_pid() {
	make_running
	expect_equal "$(readlink "/proc/$(state_of pid)/exe" | sed 's,.*/,,')" init
}
check "the state's pid is that of the program" state_pid

list_formats() {
	new_paused_program
	first=$id-a second=$id-b
	mkdir "$case/state"
	call list
	expect_status 0
	expect_equal "$(cat "$case/out")" "ID   PID   STATUS   BUNDLE   CREATED   OWNER"
	call list --format json
	expect_output "[]"
	call list -q
	expect_output ""
	ringwall create --bundle "$bundle" "$second"
	ringwall create --bundle "$bundle" "$first"
	ringwall kill "$first" KILL
	id=$first
	wait_until is stopped
	call list --quiet
	expect_output "$first
$second"
	call list
	expect_equal "$(sed -n 2p "$case/out" | tr -s ' ' | cut -d' ' -f1-4,6)" "$first 0 stopped $bundle root"
	id=$second
	expect_equal "$(sed -n 3p "$case/out" | tr -s ' ' | cut -d' ' -f1-4,6)" \
		"$second $(state_of pid) created $bundle root"
	call list -f json
	expect_status 0
	expect_equal "$("$JSONEDIT" "$case/out" get '[0].status')" stopped
	expect_equal "$("$JSONEDIT" "$case/out" get '[1].id')" "$second"
	! "$JSONEDIT" "$case/out" get '[2]' || fail "a third one is listed"
	ringwall delete --force "$first"
	ringwall delete --force "$second"
}
check "list: table, json and quiet" list_formats

ids() {
	new_paused_program
	long=$(printf '%0200d' 0)
	# A component of a path has at most 255 bytes.
	for id in a A9 _x +y -- x.y-z_ rwt-$$-a..b "$long"; do
		[ "$id" != -- ] || id=-dash
		ringwall create --bundle "$bundle" -- "$id"
		ringwall delete -- "$id"
		expect_equal "$(ls -A "$case/state")" ""
		# In full: a short one is a part of many a name on the machine.
		expect_equal "$(cgroups_named "ringwall-$id")" ""
	done
	for id in "" . .. .hidden a/b ../x "a b" "$(printf 'a\nb')" 'a*' 'ä' "$(printf '%01025d' 0)"; do
		for command in create state "delete --force"; do
			call $command -- "$id"
			expect_failure
			expect_error "container id"
		done
	done
	expect_equal "$(ls -A "$case/state")" ""
	id=rwt-$$-$count
}
check "valid and invalid ids" ids

long_id() {
	new_paused_program
	id=$(printf '%0256d' 0)
	call create --bundle "$bundle" "$id"
	expect_failure
	expect_error "file name too long"
	id=rwt-$$-$count
}
check "an id that no directory can have is refused" long_id

config_edits_have_no_effect() {
	new_bundle
	args echo before
	config append hooks.poststop "{\"path\": \"/bin/touch\", \"args\": [\"touch\", \"$case/poststop\"]}"
	ringwall create --bundle "$bundle" "$id" >"$case/container.log"
	args echo after
	config set hooks.poststop '[]'
	config append hooks.poststart '{"path": "/bin/false"}'
	config set linux.resources '{"devices": [{"allow": true, "access": "rwm"}]}'
	ringwall start "$id"
	wait_until is stopped
	expect_equal "$(cat "$case/container.log")" before
	rm "$bundle/config.json"
	ringwall delete "$id"
	[ -e "$case/poststop" ] || fail "the poststop hook of create's configuration has not run"
}
check "edits of config.json after create have no effect" config_edits_have_no_effect

process_is_absent() {
	new_bundle
	config del process
	ringwall create --bundle "$bundle" "$id"
	expect_equal "$(state_of status)" created
	refused "config.json has no process: there is nothing to start" start "$id"
	expect_equal "$(state_of status)" created
	refused_exec "config.json has no process to take environment and user from: use --process"
	ringwall kill "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
	expect_nothing
	run
	expect_status 1
	expect_error "config.json has no process: there is nothing to run"
	expect_nothing
}
check "without process create succeeds, and start fails and changes nothing" process_is_absent

program_is_missing_at_create() {
	new_bundle
	config set process.args '["/missing"]'
	call create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_status 1
	expect_error 'exec "/missing"'
	expect_error 'no such file or directory'
	[ ! -e "$case/pid" ] || fail "a pid file is left"
	expect_nothing
}
check "a missing program is create's failure" program_is_missing_at_create

program_goes_away_before_start() {
	new_bundle
	ringwall create --bundle "$bundle" "$id"
	rm "$bundle/rootfs/init"
	call start "$id"
	expect_status 1
	expect_error 'exec "/init": no such file or directory'
	wait_until is stopped
	ringwall delete "$id"
	expect_nothing
}
check "a program that goes away before start: start fails, the container is stopped" \
	program_goes_away_before_start

# ---- pid file and sockets ----

pid_file() {
	new_paused_program
	mkdir "$case/elsewhere"
	(cd "$case/elsewhere" && ringwall create --bundle "$bundle" --pid-file relative.pid "$id")
	[ ! -e "$bundle/relative.pid" ] || fail "relative to the bundle instead of the working directory"
	expect_equal "$(od -An -c "$case/elsewhere/relative.pid" | tr -d ' \n')" "$(state_of pid)"
	ringwall delete "$id"
	echo precious >"$case/elsewhere/relative.pid"
	(cd "$case/elsewhere" && ringwall create --bundle "$bundle" --pid-file relative.pid "$id")
	expect_equal "$(cat "$case/elsewhere/relative.pid")" "$(state_of pid)"
	expect_equal "$(ls -A "$case/elsewhere")" relative.pid
	ringwall delete "$id"
}
check "the pid file: no end of line, relative to the working directory, replaced" pid_file

pid_file_of_a_failed_create() {
	new_paused_program
	config append hooks.createRuntime '{"path": "/bin/false"}'
	echo precious >"$case/pid"
	call create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_status 1
	expect_equal "$(cat "$case/pid")" precious
	config set hooks '{}'
	call create --bundle "$bundle" --pid-file "$case/missing/pid" "$id"
	expect_status 1
	expect_error "--pid-file"
	expect_error "$case/missing/pid"
	expect_nothing
}
check "a failed create writes no pid file, and one that cannot be written fails it" pid_file_of_a_failed_create

pidfd_socket() {
	new_paused_program
	"$TOOLS/recvtty" "$case/sock" --pidfd >"$case/received" 2>"$case/peer" &
	peer=$!
	wait_until test -S "$case/sock"
	ringwall create --bundle "$bundle" --pidfd-socket "$case/sock" "$id"
	wait_until grep -q pid: "$case/received"
	expect_equal "$(cat "$case/received")" "pid: $(state_of pid)"
	grep -qx "fds: 1" "$case/peer" || fail "not one descriptor: $(cat "$case/peer")"
	kill -0 "$peer" || fail "the descriptor tells of an exit too early"
	ringwall delete "$id"
	wait "$peer"
	call create --bundle "$bundle" --pidfd-socket "$case/nobody" "$id"
	expect_status 1
	expect_error "--pidfd-socket: connect to the socket \"$case/nobody\": no such file or directory"
	expect_nothing
}
check "--pidfd-socket gets a pidfd of the container's process" pidfd_socket

# ---- failures leave nothing ----

failed_create_leaves_nothing() {
	new_bundle
	failing() {
		mounts=$(mounts)
		call create --bundle "$bundle" --pid-file "$case/pid" "$id"
		expect_status 1
		expect_error "$1"
		expect_nothing
		[ ! -e "$case/pid" ] || fail "a pid file is left"
		expect_equal "$(mounts)" "$mounts"
		config set mounts "$mounts_json"
	}
	mounts_json=$(config get mounts)
	config append mounts '{"destination": "/x", "type": "nonesuch", "source": "none"}'
	failing 'nonesuch'
	config append mounts "{\"destination\": \"/x\", \"type\": \"bind\", \"source\": \"$case/none\",
		\"options\": [\"bind\"]}"
	failing "$case/none"
	config set process.cwd '"relative"'
	failing 'process.cwd'
	config set process.cwd '"/init"'
	failing 'process.cwd "/init"'
	config set process.cwd '"/"'
	config set root.path '"missing"'
	failing 'missing'
	config set root.path '"rootfs"'
	config set linux.resources.unified '{"nonesuch.max": "1"}'
	failing 'nonesuch'
	config del linux.resources.unified
	config append hooks.createContainer '{"path": "/bin/false"}'
	failing 'hooks.createContainer[0] "/bin/false": exited with status 1'
	rm "$bundle/config.json"
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'config.json": no such file or directory'
	expect_error 'hint: '
	call create --bundle "$case/none" "$id"
	expect_status 1
	expect_error "the bundle: resolve \"$case/none\": no such file or directory"
	expect_nothing
}
check "a failed create leaves nothing" failed_create_leaves_nothing

second_create_harms_nobody() {
	make_running
	pid=$(state_of pid)
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error "container \"$id\": container with given ID already exists"
	cgroup=$(cgroup_dirs)
	config set linux.cgroupsPath "\"/${cgroup##*/}\""
	call create "$id-b" --bundle "$bundle"
	expect_status 1
	name=init
	[ "$ISOLATION" = native ] || name=ringwall-kvm
	expect_error "cannot take a new container: it holds processes: $pid ($name"
	expect_error "hint: every container needs a linux.cgroupsPath of its own"
	expect_equal "$(state_of pid)" "$pid"
	expect_equal "$(state_of status)" running
	kill -0 "$pid" || fail "the first container's process is gone"
	[ ! -e "$case/state/$id-b" ] || fail "the second one's state is left"
}
check "a second create with the id, or the cgroup, of a container does not touch it" second_create_harms_nobody

# kill -9 $PPID in a hook of the runtime: dead in the middle, without a chance to undo anything.
creator_is_killed() {
	new_paused_program
	config append "hooks.$1" "{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
		\"cat >$case/hook; kill -9 \$PPID\"]}"
	config append hooks.poststop "{\"path\": \"/bin/touch\", \"args\": [\"touch\", \"$case/poststop\"]}"
	call create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_status 137
	pid=$("$JSONEDIT" "$case/hook" get pid)
	wait_until is_gone "$pid"
	expect_equal "$(state_of status)" stopped
	! state_of pid || fail "a stopped container has a pid"
	[ ! -e "$case/pid" ] || fail "there is a pid file"
	refused "container not running" start "$id"
	refused "container not running" kill "$id" KILL
	refused "already exists" create --bundle "$bundle" "$id"
	ringwall list | grep -q "^$id .* stopped " || fail "list does not show it"
	ringwall delete ${2-} "$id"
	expect_nothing
	[ -e "$case/poststop" ] || fail "hooks of create have run, and those of poststop have not"
	config set hooks '{}'
	call create --bundle "$bundle" "$id"
	expect_status 0
}
check "create killed in a prestart hook: delete removes all" creator_is_killed prestart
check "create killed in a createRuntime hook: delete --force removes all" creator_is_killed createRuntime --force

init_is_killed() {
	new_paused_program
	config del 'linux.namespaces[0]'
	# Its parent is the container's init.
	config append hooks.createContainer '{"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}'
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'init: killed by signal 9 during "hooks"'
	expect_nothing
}
check "init killed during create: create says in which phase, and leaves nothing" init_is_killed

start_is_killed() {
	new_paused_program
	config append hooks.poststart '{"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}'
	ringwall create --bundle "$bundle" "$id"
	call start "$id"
	expect_status 137
	expect_equal "$(state_of status)" running
	refused "cannot start an already running container" start "$id"
	ringwall delete --force "$id"
	expect_nothing
}
check "start killed after the program runs: the container is running" start_is_killed

# Wherever the signal hits, delete --force removes all that there is.
killed_anywhere() {
	new_paused_program
	for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 14 16 20; do
		for verb in create run; do
			"$RINGWALL" --root "$case/state" $verb --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 &
			victim=$!
			sleep "0.$(printf '%03d' "$n")"
			kill -9 "$victim" 2>/dev/null || true
			wait "$victim" 2>/dev/null || true
			call delete --force "$id"
			expect_status 0
			expect_nothing
		done
	done
}
check "create and run killed at any time: delete --force removes all" killed_anywhere

# ---- states that lie ----

pid_of_another() {
	make_stopped
	sleep 100 &
	bystander=$!
	"$JSONEDIT" "$case/state/$id/state.json" set pid "$bystander"
	expect_equal "$(state_of status)" stopped
	refused "container not running" kill "$id" KILL
	call kill --all "$id" KILL
	refused_exec "container not running"
	ringwall delete --force "$id"
	expect_nothing
	kill -0 "$bystander" || fail "the stranger with the container's pid is dead"
	kill "$bystander"
}
check "a pid that is another process by now is not touched" pid_of_another

mark_of_another_boot() {
	make_running
	mark=$("$JSONEDIT" "$case/state/$id/state.json" get mark)
	"$JSONEDIT" "$case/state/$id/state.json" set mark "\"00000000-0000-0000-0000-000000000000${mark#* }\""
	expect_equal "$(state_of status)" stopped
	refused "container not running" kill "$id" KILL
	ringwall delete "$id" # by its cgroup
	expect_nothing
}
check "a record of another boot is of no process" mark_of_another_boot

pids_that_are_none() {
	make_stopped
	for pid in 0 1 -1; do
		"$JSONEDIT" "$case/state/$id/state.json" set pid $pid
		expect_equal "$(state_of status)" stopped
		refused "container not running" kill "$id" KILL
	done
	ringwall delete --force "$id"
	expect_nothing
}
check "pids 0, 1 and -1 are nobody's" pids_that_are_none

empty_state() {
	new_paused_program
	mkdir -p "$case/state/$id"
	expect_equal "$(state_of status)" stopped
	ringwall list | grep -q "^$id " || fail "list does not show it"
	refused "container not running" start "$id"
	refused "already exists" create --bundle "$bundle" "$id"
	ringwall delete "$id"
	expect_nothing
	mkdir -p "$case/state/$id"
	: >"$case/state/$id/config.json"
	ringwall delete --force "$id"
	expect_nothing
	ringwall create --bundle "$bundle" "$id"
}
check "a state directory without a record is removed by delete" empty_state

damaged_state() {
	make_running
	pid=$(state_of pid)
	for text in '{"id": "x", "pha' '' '[]' '{}' 'null'; do
		printf '%s' "$text" >"$case/state/$id/state.json"
		for command in "state $id" "start $id" "kill $id KILL" "delete $id" "ps $id"; do
			call $command
			expect_status 1
			expect_error "the state of container \"$id\" ($case/state/$id/state.json)"
			expect_error "hint: delete --force removes it"
		done
	done
	call list
	expect_status 0
	kill -0 "$pid" || fail "the container's process has been killed"
	call delete --force "$id"
	expect_status 0
	expect_nothing
	wait_until is_gone "$pid"
}
check "a damaged record is an error; delete --force finds the cgroup all the same" damaged_state

state_root() {
	new_paused_program
	call state "$id"
	expect_error "does not exist"
	call list
	expect_status 1
	expect_error "the root directory \"$case/state\" does not exist"
	[ ! -e "$case/state" ] || fail "reading has made the root"
	RINGWALL_ROOT=$case/a/b/c
	"$RINGWALL" --root "$RINGWALL_ROOT" create --bundle "$bundle" "$id"
	expect_equal "$(stat -c %a "$RINGWALL_ROOT" "$RINGWALL_ROOT/$id" | tr '\n' ' ')" "700 700 "
	"$RINGWALL" --root "$RINGWALL_ROOT" delete "$id"
	(cd "$case" && "$RINGWALL" --root relative create --bundle "$bundle" "$id" &&
		"$RINGWALL" --root relative delete "$id")
	: >"$case/file"
	status=0
	"$RINGWALL" --root "$case/file" create --bundle "$bundle" "$id" 2>"$case/err" || status=$?
	expect_status 1
	expect_error "the state root: "
	expect_error "not a directory"
}
check "the state root is made when missing, closed to others; reading does not make it" state_root

read_only_root() {
	new_paused_program
	mkdir "$case/ro"
	status=0
	unshare -m --propagation private sh -c 'mount -t tmpfs -o ro none "$1/ro" &&
		exec "$2" --root "$1/ro" create --bundle "$3" "$4"' sh "$case" "$RINGWALL" "$bundle" "$id" \
		2>"$case/err" || status=$?
	expect_status 1
	expect_error "in the state root \"$case/ro\": mkdir \"$id\": read-only file system"
	expect_nothing
	status=0
	unshare -m --propagation private sh -c 'mount -t tmpfs -o ro none "$1/ro" &&
		exec "$2" --root "$1/ro/below" create --bundle "$3" "$4"' sh "$case" "$RINGWALL" "$bundle" "$id" \
		2>"$case/err" || status=$?
	expect_status 1
	expect_error "the state root: mkdir \"$case/ro/below\": read-only file system"
}
check "a read-only state root: create says so" read_only_root

full_disk() {
	new_paused_program
	mkdir "$case/small"
	unshare -m --propagation private sh -ec '
		mount -t tmpfs -o size=64k none "$1/small"
		"$2" --root "$1/small" create --bundle "$3" "$4"
		"$2" --root "$1/small" start "$4"
		dd if=/dev/zero of="$1/small/fill" bs=4k 2>/dev/null || true
		"$2" --root "$1/small" state "$4" >/dev/null
		"$2" --root "$1/small" kill "$4" KILL
		"$2" --root "$1/small" delete --force "$4"
		test ! -e "$1/small/$4"
		if "$2" --root "$1/small" create --bundle "$3" "$4"; then exit 3; fi
		ls -A "$1/small"
		test ! -e "$1/small/$4"' sh "$case" "$RINGWALL" "$bundle" "$id" \
		</dev/null >"$case/out" 2>"$case/err"
	expect_error "no space left on device"
	expect_nothing
}
check "a full disk: state, kill and delete work, create fails and leaves nothing" full_disk

# A start that is killed between the gate and its record: the container runs, whatever the record says.
started_behind_the_record() {
	new_paused_program
	ringwall create --bundle "$bundle" "$id" >"$case/log.create" 2>&1 </dev/null
	cp "$case/state/$id/state.json" "$case/state.json"
	ringwall start "$id"
	cp "$case/state.json" "$case/state/$id/state.json"
	call delete "$id"
	expect_failure
	expect_error "that is not stopped: running"
	call start "$id"
	expect_error "cannot start an already running container"
	ringwall delete --force "$id"
	expect_nothing
}
check "delete without --force spares a container whose start was killed" started_behind_the_record

# ---- many at a time ----

one_creator_wins() {
	new_paused_program
	for n in 1 2 3 4 5 6 7 8; do
		(
			rc=0
			ringwall create --bundle "$bundle" "$id" >"$case/log.$n" 2>&1 </dev/null || rc=$?
			echo $rc >"$case/rc.$n"
		) &
	done
	wait
	expect_equal "$(cat "$case"/rc.* | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 1 0; 7 1;"
	expect_equal "$(cat "$case"/log.* | grep -c 'container with given ID already exists')" 7
	expect_equal "$(state_of status)" created
	ringwall start "$id"
	ringwall delete --force "$id"
	expect_nothing
}
check "eight creates of one id: exactly one wins" one_creator_wins

# Between a creator's mkdir and its lock the directory looks abandoned: it is deleted, and made again by another.
creator_is_overtaken() {
	need_root
	need_strace
	new_paused_program
	mkdir -p "$case/state"
	strace -o "$case/trace" -e trace=mkdirat -e inject=mkdirat:delay_exit=1500000 \
		"$RINGWALL" --root "$case/state" create --bundle "$bundle" "$id" >"$case/slow" 2>&1 </dev/null &
	slow=$!
	wait_until [ -d "$case/state/$id" ]
	ringwall delete --force "$id"
	ringwall create --bundle "$bundle" "$id" >"$case/fast" 2>&1 </dev/null
	rc=0
	wait "$slow" || rc=$?
	expect_equal "$rc" 1
	grep -qF 'container with given ID already exists' "$case/slow" || fail "$(cat "$case/slow")"
	expect_equal "$(state_of status)" created
	ringwall start "$id"
	ringwall delete --force "$id"
	expect_nothing
}
check "a creator that was overtaken leaves the winner alone" creator_is_overtaken

everybody_at_once() {
	new_paused_program
	for n in 1 2 3 4; do
		(
			for _ in 1 2 3 4 5 6; do
				ringwall create --bundle "$bundle" "$id" || true
				ringwall start "$id" || true
				ringwall exec "$id" /init true || true
				ringwall state "$id" || true
				ringwall kill "$id" KILL || true
				ringwall delete --force "$id" || true
			done
		) >"$case/log.$n" 2>&1 </dev/null &
	done
	wait
	! grep -E 'AddressSanitizer|bug at|held its lock' "$case"/log.* || fail "see above"
	ringwall delete --force "$id"
	expect_nothing
	args exit 3
	run # the id is free, and the place clean
	expect_status 3
	expect_nothing
}
check "create, start, exec, state, kill and delete of one id, four at a time" everybody_at_once

many_processes_die() {
	new_bundle
	args churn 20 -- pause
	start_container
	wait_until grep -q 'churn: ok' "$case/container.log"
	ringwall delete --force "$id"
	expect_nothing
	args fork 300 keep -- pause
	start_container
	wait_until grep -q 'fork: ' "$case/container.log"
	ringwall kill "$id" KILL
	wait_until has_no_process
	wait_until is stopped
	ringwall delete "$id"
	expect_nothing
}
check "processes that multiply do not outlive delete --force" many_processes_die

shared_pid_namespace() {
	new_bundle
	config del 'linux.namespaces[0]'
	args fork 5 keep -- churn 5 -- pause
	start_container
	wait_until grep -q 'churn: ok' "$case/container.log"
	ringwall kill "$id" KILL
	wait_until has_no_process
	expect_equal "$(state_of status)" stopped
	refused "container not running" kill "$id" KILL
	ringwall delete "$id"
	expect_nothing
	start_container
	wait_until grep -q 'churn: ok' "$case/container.log"
	ringwall kill "$id" TERM # ends the first process only
	wait_until is stopped
	! has_no_process || fail "the others are gone, too"
	ringwall kill --all "$id" KILL
	wait_until has_no_process
	ringwall delete "$id"
	expect_nothing
	start_container
	wait_until grep -q 'churn: ok' "$case/container.log"
	ringwall delete --force "$id"
	expect_nothing
}
check "without a pid namespace kill KILL and delete reach all by the cgroup" shared_pid_namespace

start_hook_hangs() {
	new_paused_program
	config append hooks.startContainer '{"path": "/init", "args": ["init", "sleep", "1000"]}'
	for command in "kill $id KILL" "delete --force $id"; do
		ringwall create --bundle "$bundle" "$id"
		ringwall start "$id" >"$case/starter" 2>&1 &
		starter=$!
		wait_until has_command "sleep 1000"
		expect_equal "$(state_of status)" created
		ringwall $command
		! wait "$starter" || fail "start succeeded"
		ringwall delete --force "$id"
		expect_nothing
	done
}
check "a startContainer hook that hangs does not keep kill and delete --force out" start_hook_hangs

poststart_hook_hangs() {
	new_paused_program
	block_in_hook poststart
	ringwall create --bundle "$bundle" "$id"
	ringwall start "$id" >"$case/starter" 2>&1 &
	starter=$!
	read -r _ <"$case/entered"
	expect_equal "$(state_of status)" running
	ringwall exec "$id" /init true
	ringwall delete --force "$id"
	expect_nothing
	echo >"$case/go"
	wait "$starter" || fail "start: $(cat "$case/starter")"
}
check "a poststart hook that hangs does not keep exec and delete --force out" poststart_hook_hangs

# The creator gets ready between the reading of its record and the look at its lock.
state_of_a_creation_that_ends() {
	need_root
	need_strace
	new_paused_program
	config append hooks.prestart '{"path": "/bin/sleep", "args": ["sleep", "1"]}'
	ringwall create --bundle "$bundle" "$id" >"$case/creator" 2>&1 </dev/null &
	creator=$!
	wait_until grep -q creating "$case/state/$id/state.json"
	# after which the creator is ready, in microseconds
	delay=2500000
	[ "$ISOLATION" = native ] || delay=30000000
	strace -o "$case/trace" -e trace=flock -e inject=flock:delay_enter=$delay \
		"$RINGWALL" --root "$case/state" state "$id" >"$case/document"
	wait "$creator"
	expect_equal "$("$JSONEDIT" "$case/document" get status)" created
	ringwall delete --force "$id"
	expect_nothing
}
check "state during the end of a creation does not say stopped" state_of_a_creation_that_ends

# Whichever open fails, for want of descriptors: nothing is left.
create_without_descriptors() {
	need_root
	need_strace
	new_paused_program
	mkdir -p "$case/state"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		strace -o "$case/trace" -e trace=openat -e "inject=openat:error=EMFILE:when=$n" \
			"$RINGWALL" --root "$case/state" create --bundle "$bundle" "$id" \
			>"$case/log.$n" 2>&1 </dev/null && ringwall delete --force "$id"
		expect_nothing
	done
}
check "create that cannot open a file leaves nothing" create_without_descriptors

# The time-out for the lock is a signal, which the caller may have blocked.
lock_with_blocked_signals() {
	new_paused_program
	ringwall create --bundle "$bundle" "$id"
	flock -F "$case/state/$id" sleep 25 &
	holder=$!
	sleep 0.5
	status=0
	timeout 20 env --block-signal=ALRM "$RINGWALL" --root "$case/state" start "$id" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
	kill "$holder"
	expect_status 1
	expect_error "has held its lock for 10 seconds"
	wait "$holder" || true
	wait_until ringwall delete --force "$id"
}
check "the wait for a lock ends, also with all signals blocked" lock_with_blocked_signals

finish
