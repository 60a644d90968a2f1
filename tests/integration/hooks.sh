#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config.md, "POSIX-platform Hooks", and the steps of runtime.md, "Lifecycle": when, where and with what each kind of
# hook runs, and what its failure does.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck disable=SC2016,SC2086 # texts for other shells; commands as lists of words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

host_kinds="prestart createRuntime createContainer poststart poststop"

# hook KIND SHELL-COMMANDS: on the host's files; with $case in its environment
hook() {
	script=$case/$1.$(find "$case" -name "$1.*.sh" | wc -l).sh
	printf '%s\n' "$2" >"$script"
	config append "hooks.$1" "{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"$script\"],
		\"env\": [\"case=$case\", \"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"]}"
}

# inner_hook WORD...: a startContainer hook, /init WORD...
inner_hook() {
	words='"init"'
	for word in "$@"; do
		words="$words, \"$word\""
	done
	config append hooks.startContainer "{\"path\": \"/init\", \"args\": [$words]}"
}

# A bundle whose container can write to /shared, which is $case/shared.
new_sharing_bundle() {
	new_bundle
	mkdir "$case/shared"
	add_mount /shared bind "$case/shared" bind
	args pause
}

is() {
	[ "$(state_of status)" = "$1" ]
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

order() {
	new_sharing_bundle
	order=$case/shared/order
	: >"$order"
	for kind in $host_kinds; do
		hook $kind "echo $kind 0 >>$order"
		hook $kind "echo $kind 1 >>$order"
	done
	inner_hook append /shared/order "startContainer 0"
	inner_hook append /shared/order "startContainer 1"
	args append /shared/order program -- pause
	ringwall create --bundle "$bundle" "$id"
	expect_equal "$(tr '\n' ',' <"$order")" \
		"prestart 0,prestart 1,createRuntime 0,createRuntime 1,createContainer 0,createContainer 1,"
	: >"$order"
	ringwall start "$id"
	expect_equal "$(grep -v program "$order" | tr '\n' ',')" \
		"startContainer 0,startContainer 1,poststart 0,poststart 1,"
	wait_until grep -qx program "$order"
	expect_equal "$(grep -v poststart "$order" | tail -n 1)" program
	ringwall kill "$id" KILL
	wait_until is stopped
	: >"$order"
	ringwall delete "$id"
	expect_equal "$(tr '\n' ',' <"$order")" "poststop 0,poststop 1,"
}
check "all kinds run in order, in the order of their lists" order

run_has_hooks_too() {
	new_sharing_bundle
	order=$case/shared/order
	: >"$order"
	for kind in $host_kinds; do
		hook $kind "echo $kind >>$order"
	done
	inner_hook append /shared/order startContainer
	args append /shared/order program
	run
	expect_status 0
	expect_equal "$(grep -v program "$order" | tr '\n' ',')" \
		"prestart,createRuntime,createContainer,startContainer,poststart,poststop,"
	expect_equal "$(grep -c program "$order")" 1
}
check "run runs them as well" run_has_hooks_too

# runtime.md, "State": running is what has executed the program.
killed_before_the_program() {
	new_sharing_bundle
	inner_hook append /shared/order hook -- pause
	"$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null &
	runner=$!
	wait_until grep -sqx hook "$case/shared/order"
	expect_equal "$(state_of status)" created
	ringwall kill "$id" KILL
	status=0
	wait "$runner" || status=$?
	expect_status 1
	expect_error "died before it executed the program"
	expect_nothing
}
check "run: killed in a startContainer hook, the container was not running" killed_before_the_program

state_on_stdin() {
	new_sharing_bundle
	config set annotations '{"a.b": "c"}'
	for kind in $host_kinds; do
		hook $kind "cat >$case/state.$kind"
	done
	inner_hook save /shared/state
	ringwall create --bundle "$bundle" "$id"
	pid=$(state_of pid)
	ringwall start "$id"
	cp "$case/shared/state" "$case/state.startContainer"
	ringwall kill "$id" KILL
	wait_until is stopped
	ringwall delete "$id"
	for row in "prestart creating $pid" "createRuntime creating $pid" "createContainer creating 1" \
		"startContainer created 1" "poststart running $pid" "poststop stopped "; do
		set -- $row
		document=$case/state.$1
		expect_equal "$1 $("$JSONEDIT" "$document" get status) $("$JSONEDIT" "$document" get pid)" "$row"
		expect_equal "$("$JSONEDIT" "$document" get id)" "$id"
		expect_equal "$("$JSONEDIT" "$document" get bundle)" "$bundle"
		expect_equal "$("$JSONEDIT" "$document" get 'annotations["a.b"]')" c
		"$JSONEDIT" "$document" get ociVersion | grep -qx '1\.[0-9]*\.[0-9]*' || fail "no ociVersion"
	done
}
check "the state comes on stdin, with the status and the pid as seen where the hook runs" state_on_stdin

state_command_agrees() {
	new_bundle
	args pause
	for kind in prestart createRuntime poststart; do
		hook $kind "'$RINGWALL' --root '$case/state' state '$id' >$case/state.$kind; cat >$case/in.$kind"
	done
	start_container
	for kind in prestart createRuntime poststart; do
		expect_equal "$("$JSONEDIT" "$case/state.$kind" get status)" "$("$JSONEDIT" "$case/in.$kind" get status)"
		expect_equal "$("$JSONEDIT" "$case/state.$kind" get pid)" "$("$JSONEDIT" "$case/in.$kind" get pid)"
	done
}
check "a hook can ask for the state" state_command_agrees

environment_and_arguments() {
	new_bundle
	args pause
	config append hooks.createRuntime "{\"path\": \"/bin/cp\", \"args\": [\"cp\", \"/proc/self/environ\",
		\"$case/environ\"], \"env\": [\"A=1\", \"EMPTY=\", \"B=x y=z\"]}"
	config append hooks.createRuntime "{\"path\": \"/bin/cp\", \"args\": [\"other name\",
		\"/proc/self/cmdline\", \"$case/cmdline\"], \"env\": []}"
	config append hooks.createRuntime "{\"path\": \"/bin/cp\", \"args\": [\"cp\", \"/proc/self/environ\",
		\"$case/none\"]}"
	config append hooks.createContainer "{\"path\": \"/bin/cp\", \"args\": [\"cp\", \"/proc/self/environ\",
		\"$case/inner\"]}"
	config append hooks.poststart '{"path": "/bin/true"}'
	LEAK=1 ringwall create --bundle "$bundle" "$id"
	expect_equal "$(tr '\0' ';' <"$case/environ")" "A=1;EMPTY=;B=x y=z;"
	expect_equal "$(tr '\0' ';' <"$case/cmdline")" "other name;/proc/self/cmdline;$case/cmdline;"
	expect_equal "$(tr '\0' ';' <"$case/none")" ""
	expect_equal "$(tr '\0' ';' <"$case/inner")" ""
	ringwall start "$id"
}
check "env and args are exactly those given" environment_and_arguments

surroundings() {
	new_bundle
	args pause
	for kind in $host_kinds; do
		hook $kind "pwd >$case/cwd.$kind; ls /proc/self/fd | tr '\n' ' ' >$case/fds.$kind"
		config append hooks.$kind "{\"path\": \"/bin/cp\",
			\"args\": [\"cp\", \"/proc/self/status\", \"$case/status.$kind\"]}"
	done
	(
		trap '' PIPE USR1
		exec 5</etc/hostname
		exec "$RINGWALL" --root "$case/state" create --bundle "$bundle" "$id"
	)
	ringwall start "$id"
	ringwall delete --force "$id"
	for kind in $host_kinds; do
		expect_equal "$(cat "$case/cwd.$kind")" "$bundle"
		expect_equal "$(cat "$case/fds.$kind")" "0 1 2 3 " # 3 is the directory
		expect_equal "$(grep -cE '^Sig(Ign|Blk):.0*$' "$case/status.$kind")" 2
	done
}
check "a hook has descriptors 0 to 2 and default signals" surroundings

namespaces_of() {
	for ns in cgroup ipc mnt net pid uts; do
		readlink "/proc/$1/ns/$ns"
	done
}

namespaces() {
	new_bundle
	args pause
	for kind in $host_kinds; do
		hook $kind "for ns in cgroup ipc mnt net pid uts; do readlink /proc/\$\$/ns/\$ns; done >$case/ns.$kind
			hostname >$case/hostname.$kind"
	done
	# The shell of createContainer has another pid in its own namespace than its /proc knows.
	sed -i 's,\$\$,self,' "$case/createContainer.0.sh"
	config set hostname '"inside"'
	start_container
	namespaces_of "$(state_of pid)" >"$case/ns.container"
	namespaces_of self >"$case/ns.host"
	ringwall delete --force "$id"
	for kind in prestart createRuntime poststart poststop; do
		cmp "$case/ns.$kind" "$case/ns.host" || fail "$kind does not run in the runtime's namespaces"
		expect_equal "$(cat "$case/hostname.$kind")" "$(hostname)"
	done
	cmp "$case/ns.createContainer" "$case/ns.container" || fail "createContainer does not run in the container's"
	expect_equal "$(cat "$case/hostname.createContainer")" inside
}
check "createContainer runs in the container's namespaces, the others of the host in the runtime's" namespaces

create_runtime_can_join() {
	new_bundle
	args stat /sys/class/net/lo
	hook createRuntime 'pid=$(sed "s/.*\"pid\":\([0-9]*\).*/\1/")
		readlink /proc/$pid/ns/net >$case/theirs; readlink /proc/self/ns/net >$case/ours
		nsenter -t "$pid" -n readlink /proc/self/ns/net >$case/joined'
	run
	expect_status 0
	cmp "$case/theirs" "$case/joined"
	! cmp -s "$case/theirs" "$case/ours" || fail "the network namespace is not there yet"
}
check "createRuntime finds the container's namespaces made" create_runtime_can_join

create_container_sees_mounts() {
	new_sharing_bundle
	echo secret >"$case/shared/file"
	echo image >"$bundle/rootfs/etc/from-image"
	hook createContainer "cat $bundle/rootfs/shared/file $bundle/rootfs/etc/from-image >$case/seen
		stat -f -c %T $bundle/rootfs/proc $bundle/rootfs/dev $bundle/rootfs/dev/pts >>$case/seen
		echo hook >$bundle/rootfs/dev/from-hook"
	args cat /dev/from-hook
	run
	expect_status 0
	expect_output hook
	expect_equal "$(tr '\n' ' ' <"$case/seen")" "secret image proc tmpfs devpts "
	stat -f -c %T "$bundle/rootfs/proc" | grep -qvx proc || fail "the mounts have reached the host"
}
check "createContainer finds the container's mounts below root.path" create_container_sees_mounts

paths_are_resolved_where_they_belong() {
	new_bundle
	config append hooks.createContainer '{"path": "/init", "args": ["init", "true"]}'
	run
	expect_status 1
	expect_error 'hooks: hooks.createContainer[0] "/init": exec: no such file or directory'
	expect_nothing
	config set hooks '{}'
	config append hooks.startContainer '{"path": "/bin/sh", "args": ["sh", "-c", "true"]}'
	run
	expect_status 1
	expect_error 'startContainer hooks: hooks.startContainer[0] "/bin/sh": exec: no such file or directory'
	expect_nothing
}
check "createContainer's path is the runtime's, startContainer's the container's" paths_are_resolved_where_they_belong

start_container_is_inside() {
	new_sharing_bundle
	config append mounts '{"destination": "/etc", "type": "tmpfs", "source": "none"}'
	inner_hook append /shared/out hook -- write /etc/x from-hook
	args cat /etc/x -- echo -- cwd
	ringwall create --bundle "$bundle" "$id" >"$case/container.log"
	[ ! -e "$case/shared/out" ] || fail "it has run before start"
	ringwall start "$id"
	wait_until is stopped
	expect_equal "$(tr '\n' ' ' <"$case/container.log")" "from-hook / "
}
check "startContainer runs in the container, at start, before the program" start_container_is_inside

in_a_user_namespace() {
	new_bundle
	use_user_namespace
	hook createRuntime "id -u >$case/runtime; cat /proc/self/uid_map >>$case/runtime"
	config append hooks.createContainer "{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
		\"test \$(id -u) = 0 && grep -q 100000 /proc/self/uid_map\"], \"env\": [\"PATH=/usr/bin:/bin\"]}"
	inner_hook id
	args echo hello
	run
	expect_status 0
	expect_output hello
	grep -q 4294967295 "$case/runtime" || fail "createRuntime runs in the container's user namespace"
}
check "hooks of a container with a user namespace" in_a_user_namespace

# ---- failures ----

create_fails() {
	new_bundle
	args pause
	hook "$1" 'echo "all went
	wrong" >&2; exit 3'
	hook "$1" 'touch $case/second'
	hook poststart 'touch $case/later'
	hook poststop 'echo x >>$case/poststop'
	call create --bundle "$bundle" --pid-file "$case/pid" "$id"
	expect_status 1
	expect_error "hooks.$1[0] \"/bin/sh\": exited with status 3: all went|"
	expect_error "wrong"
	[ ! -e "$case/second" ] || fail "the next hook has run"
	[ ! -e "$case/later" ] || fail "a poststart hook has run"
	[ ! -e "$case/pid" ] || fail "a pid file is left"
	expect_nothing
	expect_equal "$(cat "$case/poststop")" x
	run
	expect_status 1
	expect_error "hooks.$1[0]"
	expect_nothing
}
check "a failed prestart hook fails create" create_fails prestart
check "a failed createRuntime hook fails create" create_fails createRuntime
check "a failed createContainer hook fails create" create_fails createContainer

start_container_fails() {
	new_bundle
	args write /dev/shm/x y -- echo program
	inner_hook stderr "no luck" -- exit 4
	inner_hook true
	hook poststart 'touch $case/later'
	hook poststop 'echo x >>$case/poststop'
	ringwall create --bundle "$bundle" "$id" >"$case/container.log"
	pid=$(state_of pid)
	call start "$id"
	expect_status 1
	expect_error 'hooks.startContainer[0] "/init": exited with status 4: no luck'
	expect_nothing
	wait_until is_gone "$pid"
	[ ! -s "$case/container.log" ] || fail "the program has run"
	[ ! -e "$case/later" ] || fail "a poststart hook has run"
	expect_equal "$(cat "$case/poststop")" x
	run
	expect_status 1
	expect_error 'hooks.startContainer[0]'
	expect_nothing
}
check "a failed startContainer hook fails start, and the container is destroyed" start_container_fails

poststart_fails() {
	new_bundle
	args pause
	hook poststart 'exit 5'
	hook poststart 'touch $case/second'
	hook poststop 'echo x >>$case/poststop'
	ringwall create --bundle "$bundle" "$id"
	pid=$(state_of pid)
	call start "$id"
	expect_status 1
	expect_error 'hooks.poststart[0] "/bin/sh": exited with status 5'
	expect_nothing
	wait_until is_gone "$pid"
	[ ! -e "$case/second" ] || fail "the next hook has run"
	expect_equal "$(cat "$case/poststop")" x
	for option in --keep --detach; do
		rm "$case/poststop"
		run $option
		expect_status 1
		expect_error 'hooks.poststart[0]'
		expect_nothing
		expect_equal "$(cat "$case/poststop")" x
	done
}
check "a failed poststart hook fails start, and the container is destroyed" poststart_fails

poststop_fails() {
	new_bundle
	hook poststop 'echo 1 >>$case/ran; echo gone >&2; exit 6'
	hook poststop 'echo 2 >>$case/ran; kill -9 $$'
	hook poststop 'echo 3 >>$case/ran'
	config append hooks.poststop '{"path": "/missing"}'
	run
	expect_status 0
	expect_error 'hooks.poststop[0] "/bin/sh": exited with status 6: gone'
	expect_error 'hooks.poststop[1] "/bin/sh": killed by SIGKILL'
	expect_error 'hooks.poststop[3] "/missing": exec: no such file or directory'
	expect_equal "$(tr '\n' ' ' <"$case/ran")" "1 2 3 "
	expect_nothing
	ringwall create --bundle "$bundle" "$id"
	call delete --force "$id"
	expect_status 0
	expect_error 'hooks.poststop[0]'
	expect_nothing
}
check "a failed poststop hook is a warning, and the next ones run" poststop_fails

poststop_runs_once() {
	new_bundle
	# The container is being deleted, and its deleter dies.
	hook poststop 'echo x >>$case/ran; kill -9 $PPID'
	ringwall create --bundle "$bundle" "$id"
	call delete "$id"
	expect_status 137
	expect_equal "$(state_of status)" stopped
	call delete "$id"
	expect_status 0
	expect_equal "$(cat "$case/ran")" x
	expect_nothing
}
check "poststop hooks run once, also when delete has been killed" poststop_runs_once

no_poststop_without_creation() {
	new_bundle
	config set root.path '"missing"'
	hook poststop 'touch $case/ran'
	call create --bundle "$bundle" "$id"
	expect_status 1
	[ ! -e "$case/ran" ] || fail "they undo what has not been done"
	expect_nothing
}
check "a create that fails before any hook runs no poststop hook" no_poststop_without_creation

timeouts() {
	new_bundle
	args pause
	config append hooks.createRuntime "{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
		\"echo \$\$ >$case/pid; sleep 100 & echo \$! >>$case/pid; echo slow; wait\"], \"timeout\": 1}"
	call create --bundle "$bundle" "$id"
	expect_status 1
	expect_error 'hooks.createRuntime[0] "/bin/sh": still running after its timeout of 1 s, killed: slow'
	expect_nothing
	while read -r pid; do
		wait_until is_gone "$pid"
	done <"$case/pid"
	config set 'hooks.createRuntime[0]' '{"path": "/bin/true", "timeout": 1}'
	run --detach
	expect_status 0
	ringwall delete --force "$id"
}
check "timeout kills a hook, and what it has started" timeouts

start_container_timeout() {
	new_bundle
	config append hooks.startContainer \
		'{"path": "/init", "args": ["init", "sleep", "100"], "timeout": 1}'
	run
	expect_status 1
	expect_error 'hooks.startContainer[0] "/init": still running after its timeout of 1 s, killed'
	expect_nothing
}
check "timeout of a startContainer hook" start_container_timeout

bad_hooks() {
	new_bundle
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		bad() {
			config set hooks "{\"$kind\": [$1]}"
			call create --bundle "$bundle" "$id"
			expect_status 1
			expect_error "hooks.${kind}[0]$2"
			expect_nothing
		}
		bad '{"path": "bin/true"}' .path
		bad '{"args": ["true"]}' ': required property "path" is missing'
		bad '{"path": "/bin/true", "timeout": 0}' .timeout
		bad '{"path": "/bin/true", "timeout": -1}' .timeout
		bad '{"path": "/bin/true", "args": "x"}' .args
		bad '{"path": ""}' .path
	done
}
check "a relative path and a timeout of 0 are refused at create" bad_hooks

killed_hook() {
	new_bundle
	hook prestart 'kill -TERM $$'
	run
	expect_status 1
	expect_error 'hooks.prestart[0] "/bin/sh": killed by SIGTERM'
	config set hooks '{}'
	config append hooks.prestart "{\"path\": \"$case/script\"}"
	printf '#!/missing/interpreter\n' >"$case/script"
	run
	expect_status 1
	expect_error "hooks.prestart[0] \"$case/script\": exec: permission denied"
	chmod +x "$case/script"
	run
	expect_error "hooks.prestart[0] \"$case/script\": exec: no such file or directory"
	expect_nothing
}
check "a hook that is killed, is not executable, or lacks its interpreter" killed_hook

# ---- hooks that behave oddly ----

stdin_is_not_read() {
	new_bundle
	args pause
	config set annotations "{\"big\": \"$(head -c 100000 /dev/zero | tr '\0' x)\"}"
	for kind in $host_kinds; do
		config append "hooks.$kind" '{"path": "/bin/true"}'
		hook $kind 'exec <&-; exit 0'
		hook $kind 'head -c 1 >/dev/null'
		hook $kind 'cat >/dev/null; cat >/dev/null'
	done
	inner_hook true
	start_container
	ringwall delete --force "$id"
	run --detach
	expect_status 0
}
check "a hook need not read its stdin" stdin_is_not_read

much_output() {
	new_bundle
	hook createRuntime 'head -c 10000000 /dev/zero | tr "\0" x; echo; echo the last word'
	hook createContainer 'head -c 10000000 /dev/zero | tr "\0" y; exit 9'
	run
	expect_status 1
	expect_error 'hooks.createContainer[0] "/bin/sh": exited with status 9: yyy'
	[ "$(wc -c <"$case/err")" -lt 4096 ] || fail "the error is as long as the output"
	expect_equal "$(cat "$case/out")" ""
}
check "any amount of output is taken, its end is told" much_output

daemon_is_left_behind() {
	new_bundle
	args echo hello
	for kind in $host_kinds; do
		hook $kind 'sleep 60 & echo $! >>$case/daemons'
	done
	run
	expect_status 0
	expect_output hello
	# In the container's pid namespace the number is another one; that process has died with the container.
	while read -r pid; do
		[ "$pid" -lt 10 ] || kill "$pid" 2>/dev/null || true
	done <"$case/daemons"
}
check "a daemon that keeps the hook's output open is not waited for" daemon_is_left_behind

hook_uses_the_container() {
	new_bundle
	args pause
	hook poststart "'$RINGWALL' --root '$case/state' exec '$id' /init echo from exec >$case/exec"
	start_container
	expect_equal "$(cat "$case/exec")" "from exec"
}
check "a poststart hook may use exec" hook_uses_the_container

# ---- hooks that do not end ----

# run_and_interrupt SIGNAL: run in the background; the signal comes when the file "begun" is there.
run_and_interrupt() {
	rm -f begun
	status=0
	# A shell without job control lets its children ignore SIGINT.
	env --default-signal=INT timeout 30 "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" \
		>out 2>err </dev/null &
	waited=$!
	wait_until test -e begun
	kill -s "$1" "$(pgrep -P "$waited")"
	wait "$waited" || status=$?
	[ "$status" != 124 ] || fail "it hangs"
	expect_failure
	[ ! -e "state/$id" ] || fail "a state is left"
}

interrupt_before_start() {
	for kind in createRuntime createContainer startContainer; do
		new_bundle
		case $kind in
		startContainer)
			mkdir "$bundle/rootfs/begun"
			add_mount /begun bind "$case" rbind
			config set hooks.startContainer '[{"path": "/init", "args": ["/init", "write", "/begun/begun",
				"x", "--", "pause"]}]'
			;;
		*) hook $kind "touch $case/begun; sleep 1000" ;;
		esac
		for signal in INT TERM HUP; do
			run_and_interrupt $signal
		done
		rm -rf "$bundle"
	done
}
check "a signal ends a run whose hook does not end" interrupt_before_start

poststop_lets_others_delete() {
	new_bundle
	args true
	hook poststop "echo \$\$ >$case/begun; exec sleep 1000"
	ringwall create --bundle "$bundle" "$id"
	timeout 60 "$RINGWALL" --root "$case/state" delete --force "$id" >out 2>err </dev/null &
	first=$!
	wait_until test -s begun
	timeout 5 "$RINGWALL" --root "$case/state" delete --force "$id" </dev/null
	[ ! -e "state/$id" ] || fail "a state is left"
	kill "$(cat begun)"
	wait "$first"
}
check "a poststop hook that does not end keeps no other delete out" poststop_lets_others_delete

finish
