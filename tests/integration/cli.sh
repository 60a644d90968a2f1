#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line: what engines call, in exactly their words, and what they read back
# (docs/errors.md; the callers are containerd, podman, conmon, CRI-O, Docker, BuildKit and buildah).
# shellcheck disable=SC2317,SC2119,SC2016 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

is() {
	[ "$(state_of status)" = "$1" ]
}

# new_container [WORD...]: a bundle whose program is /init WORD..., by default one that waits
new_container() {
	new_bundle
	[ $# -gt 0 ] || set -- pause
	args "$@"
}

process_file() {
	cat >"$case/process.json" <<-'END'
		{"cwd": "/", "args": ["/init", "echo", "from exec"], "user": {"uid": 0, "gid": 0}}
	END
}

# No word on standard error, where engines read both streams as one.
expect_quiet() {
	[ ! -s "$case/err" ] || fail "standard error is not empty"
}

json() {
	"$JSONEDIT" - get "$1" <"$case/out"
}

# ---- the engines' calls ----

containerd() {
	new_container
	process_file
	log=$bundle/log.json
	# the global part that stands before every command
	set -- --root "$case/state" --log "$log" --log-format json
	"$RINGWALL" "$@" create --bundle "$bundle" --pid-file "$bundle/init.pid" --no-pivot --no-new-keyring "$id" \
		>"$case/container.log" 2>&1 </dev/null
	"$RINGWALL" "$@" start "$id"
	"$RINGWALL" "$@" state "$id" >"$case/out" 2>&1
	expect_equal "$(json status)" running
	expect_equal "$(json pid)" "$(cat "$bundle/init.pid")"
	"$RINGWALL" "$@" ps --format json "$id" >"$case/out" 2>&1
	expect_equal "$(json '[0]')" "$(cat "$bundle/init.pid")"
	"$RINGWALL" "$@" exec --process "$case/process.json" --detach --pid-file "$bundle/e1.pid" "$id" \
		>"$case/exec.log" 2>&1 </dev/null
	wait_until grep -qx "from exec" "$case/exec.log"
	echo '{}' | "$RINGWALL" "$@" update --resources=- "$id"
	"$RINGWALL" "$@" pause "$id"
	is paused
	"$RINGWALL" "$@" resume "$id"
	"$RINGWALL" "$@" kill "$id" 15
	wait_until is stopped
	"$RINGWALL" "$@" kill --all "$id" 9
	"$RINGWALL" "$@" delete "$id"
	"$RINGWALL" "$@" delete --force "$id"
	[ ! -s "$log" ] || fail "the log is not empty: $(cat "$log")"
}
check "containerd's calls" containerd

containerd_created() {
	new_container
	ringwall create --bundle "$bundle" --pid-file "$bundle/init.pid" "$id"
	ringwall delete "$id"
	call state "$id"
	expect_error "does not exist"
}
check "delete of a created container, without --force" containerd_created

go_runc() {
	new_container
	start_container
	call list --format=json
	expect_equal "$(json '[0].id')" "$id"
	call events --stats "$id"
	expect_equal "$(json type)" stats
	call --debug --rootless=false kill "$id" KILL
	expect_status 0
	wait_until is stopped
	call ps --format json "$id"
	expect_status 0
	expect_output '[]'
}
check "go-runc's calls" go_runc

conmon() {
	new_container
	mkdir "$case/run"
	set -- --root "$case/state" --log-format=json --log "$case/run/oci-log"
	"$RINGWALL" "$@" create --bundle "$bundle" --pid-file "$case/run/pidfile" --preserve-fds 1 "$id" \
		>"$case/container.log" 2>&1 </dev/null 3</dev/null
	# podman runs these with next to nothing in the environment
	env -i "XDG_RUNTIME_DIR=$case/run" "$RINGWALL" --root "$case/state" start "$id"
	"$RINGWALL" "$@" exec --pid-file "$case/run/exec.pid" --process "$case/process.json" --detach \
		--preserve-fds 1 "$id" >"$case/exec.log" 2>&1 </dev/null 3</dev/null
	env -i "XDG_RUNTIME_DIR=$case/run" "$RINGWALL" --root "$case/state" pause "$id"
	env -i "XDG_RUNTIME_DIR=$case/run" "$RINGWALL" --root "$case/state" resume "$id"
	echo '{}' >"$case/resources.json"
	env -i "XDG_RUNTIME_DIR=$case/run" "$RINGWALL" --root "$case/state" update --resources="$case/resources.json" "$id"
	env -i "XDG_RUNTIME_DIR=$case/run" "$RINGWALL" --root "$case/state" kill --all "$id" 9
	wait_until is stopped
	env -i "XDG_RUNTIME_DIR=$case/run" "$RINGWALL" --root "$case/state" delete --force "$id"
	[ ! -s "$case/run/oci-log" ] || fail "the log is not empty: $(cat "$case/run/oci-log")"
	# decimal digits and no newline: read by strconv.Atoi
	expect_equal "$(tr -d 0-9 <"$case/run/pidfile" | wc -c)" 0
}
conmon_calls() {
	process_file
	conmon
}
check "podman's and conmon's calls" conmon_calls

cri_o() {
	new_container signal-wait TERM
	process_file
	ringwall create --bundle "$bundle" --pid-file "$case/pid" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	wait_until grep -qx ready "$case/container.log"
	call exec --process "$case/process.json" "$id"
	expect_status 0
	expect_output "from exec"
	echo '{}' | ringwall update --resources - "$id"
	ringwall kill -a "$id" 15
	wait_until is stopped
	ringwall delete --force "$id"
}
check "CRI-O's calls" cri_o

buildkit() {
	new_container exit 3
	status=0
	"$RINGWALL" --root "$case/state" --log "$case/runc-log.json" --log-format json run --bundle "$bundle" --keep \
		"$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_status 3
	is stopped
	ringwall delete "$id"
}
check "BuildKit's calls" buildkit

buildah() {
	new_container signal-wait TERM
	cd "$bundle"
	ringwall create --bundle "$bundle" --pid-file "$bundle/pid" --no-new-keyring --no-pivot "$id" \
		>"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	is running
	wait_until grep -qx ready "$case/container.log"
	ringwall kill "$id"
	wait_until is stopped
	ringwall delete "$id"
	# a relative pid file is the caller's, and the bundle is the working directory by default
	cd "$bundle"
	mkdir elsewhere
	ringwall create --pid-file elsewhere/pid "$id"
	expect_equal "$(cat elsewhere/pid)" "$(state_of pid)"
	cd elsewhere
	ringwall delete "$id"
	ringwall create --bundle .. --pid-file relative.pid "$id"
	expect_equal "$(cat relative.pid)" "$(state_of pid)"
}
check "buildah's calls" buildah

# ---- the forms of options ----

forms() {
	new_container
	set -- "-root=$case/state" -log "$case/log" -log-format=text
	"$RINGWALL" "$@" create -bundle "$bundle" -pid-file="$case/pid" -no-subreaper "$id"
	"$RINGWALL" "$@" start "$id"
	"$RINGWALL" "$@" kill -all "$id" KILL
	wait_until is stopped
	"$RINGWALL" "$@" delete -force "$id"
	# options after the arguments, and the short forms
	ringwall create "$id" -b"$bundle"
	ringwall delete "$id" -f
	ringwall create -b "$bundle" -- "$id"
	ringwall list -q -f json
	ringwall kill -a "$id" 9
	ringwall delete -f "$id"
	# the last one counts
	ringwall create --bundle /nowhere --bundle "$bundle" "$id"
}
check "one dash or two, = or a word, before or after the arguments" forms

words_of_others() {
	new_container
	ringwall --log-level debug --cgroup-manager cgroupfs create --no-subreaper --config "$bundle/config.json" \
		--bundle "$bundle" "$id" 2>/dev/null
	ringwall start "$id"
	ringwall exec --cwd /tmp --env A=b --user 0:0 --additional-gids 5 --cap CAP_KILL --no-new-privs "$id" \
		/init true
	ringwall exec -u 0 -e A=b -g 5 -c CAP_KILL -t=false "$id" /init true
	ringwall exec --ignore-paused "$id" -- /init true
	ringwall kill --regex "^$id\$" KILL
	wait_until is stopped
	ringwall delete --regex "^$id\$"
	ringwall list >"$case/out"
	expect_equal "$(wc -l <"$case/out")" 1
	for word in '-?' --help -h --usage; do
		ringwall "$word" >"$case/out"
		grep -q '^Usage: ringwall ' "$case/out"
	done
	for word in -v -V --version -version; do
		ringwall "$word" >"$case/out"
		grep -q '^ringwall version ' "$case/out"
	done
}
check "options of crun and runc" words_of_others

# ---- help and usage ----

all_verbs() {
	"$RINGWALL" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

help_everywhere() {
	for verb in $(all_verbs); do
		for word in --help -h '-?'; do
			status=0
			"$RINGWALL" "$verb" "$word" >"$case/out" 2>"$case/err" || status=$?
			expect_status 0
			expect_quiet
			grep -q "^Usage: ringwall \[GLOBAL OPTIONS\] $verb " "$case/out" || fail "no usage of $verb"
		done
		"$RINGWALL" help "$verb" >"$case/help"
		cmp -s "$case/help" "$case/out" || fail "help $verb differs from $verb --help"
	done
	for verb in create start run exec kill delete state list ps pause resume update events spec features; do
		all_verbs | grep -qx "$verb" || fail "$verb is not listed"
	done
}
check "--help of every command" help_everywhere

# wrong TEXT WORD...: refused as a misuse, with this text, and with a hint
wrong() {
	text=$1
	shift
	call "$@"
	expect_status 64
	expect_error "$text"
	expect_error "hint: "
	[ ! -s "$case/out" ] || fail "something was printed"
}

misuse() {
	mkdir "$case/state"
	wrong 'unknown option "--bogus"' --bogus state x
	wrong 'kill: unknown option "--bogus"' kill --bogus x
	wrong 'kill: unknown option "--bogus"' kill --bogus=1 x
	wrong 'create: option "--bundle" requires an argument' create --bundle
	wrong 'option "--log-format": "xml" is not one of text|json' --log-format xml state x
	wrong 'option "--rootless": "perhaps" is not one of true|false|auto' --rootless=perhaps state x
	wrong 'option "--cgroup-manager": "hand" is not one of' --cgroup-manager hand state x
	wrong 'list: option "--format": "yaml" is not one of table|json' list --format yaml
	wrong 'delete: option "--force": "7"' delete --force=7 x
	wrong 'create: option "--preserve-fds"' create --preserve-fds -1 x
	wrong 'create: option "--preserve-fds"' create --preserve-fds many x
	wrong 'events: option "--interval"' events --interval=x x
	wrong 'update: option "--memory": "1q" is not a size' update --memory 1q x
	wrong 'update: no limit given' update x
	wrong 'state: missing arguments' state
	wrong 'state: too many arguments' state a b
	wrong 'exec: no command given' exec x
	wrong 'unknown signal "SIGFOO"' kill x SIGFOO
	wrong 'unknown signal "0"' kill x 0
	wrong 'unknown signal "65"' kill x 65
	wrong 'unknown signal "-9"' kill x -- -9
	wrong 'unknown signal "RTMIN+31"' kill x RTMIN+31
	wrong 'unknown command "kil"' kil x
	expect_error 'did you mean "kill"?'
	wrong 'unknown command "containers"' containers
	wrong 'unknown option "--bundel"' create --bundel /x y
	expect_error 'did you mean "--bundle"?'
	wrong 'no command given'
}
check "misuse: exit status 64, what is wrong, and a hint" misuse

bad_ids() {
	new_container
	for bad in '' ../x a/b .x 'a b' "$(printf '%01025d' 0)" "$(printf 'a\nb')"; do
		call create --bundle "$bundle" "$bad"
		expect_failure
		expect_error "container id"
		[ ! -d "$case/state" ] || [ -z "$(ls -A "$case/state")" ] || fail "a state was made for \"$bad\""
	done
}
check "ids that are none" bad_ids

version() {
	"$RINGWALL" --version >"$case/out" 2>"$case/err"
	expect_quiet
	head -n 1 "$case/out" | grep -qE '^ringwall version [0-9]+\.[0-9]+\.[0-9]+' || fail "line 1"
	grep -qE '^spec: [0-9]+\.[0-9]+\.[0-9]+$' "$case/out" || fail "no spec line"
}
check "--version is in the engines' form" version

# ---- features ----

features_document() {
	"$RINGWALL" features >"$case/out" 2>"$case/err" </dev/null
	expect_quiet
	expect_equal "$(json ociVersionMin)" 1.0.0
	expect_equal "$(json ociVersionMax)" 1.3.0
	for hook in prestart createRuntime createContainer startContainer poststart poststop; do
		json hooks | grep -q "\"$hook\"" || fail "$hook is missing"
	done
	for ns in pid network mount ipc uts user cgroup time; do
		json linux.namespaces | grep -q "\"$ns\"" || fail "$ns is missing"
	done
	json mountOptions | grep -q '"rro"'
	expect_equal "$(json linux.mountExtensions.idmap.enabled)" true
	expect_equal "$(json linux.cgroup.v2)" true
	expect_equal "$(json linux.cgroup.v1)" false
	expect_equal "$(json linux.netDevices.enabled)" true
	"$RINGWALL" features extra >"$case/out" 2>"$case/err" || status=$?
	expect_status 64
}
check "the features document" features_document

# Each name alone would be data for the file system if it were not known: tmpfs takes none of them.
mount_options_are_true() {
	need_root
	new_container true
	config set mounts '[]'
	mkdir "$case/source"
	ids='[{"containerID": 0, "hostID": 0, "size": 1000}]'
	ringwall features >"$case/features"
	for option in $("$JSONEDIT" "$case/features" get mountOptions | tr -d '[]", '); do
		mkdir "$bundle/rootfs/tmp/$option"
		case $option in
		idmap | ridmap)
			config append mounts "{\"destination\": \"/tmp/$option\", \"source\": \"$case/source\",
				\"options\": [\"bind\", \"$option\"], \"uidMappings\": $ids, \"gidMappings\": $ids}"
			;;
		bind | rbind | copy-symlink | src-nofollow | dest-nofollow)
			config append mounts "{\"destination\": \"/tmp/$option\", \"source\": \"$case/source\",
				\"options\": [\"bind\", \"$option\"]}"
			;;
		remount)
			config append mounts '{"destination": "/tmp/remount", "type": "tmpfs"}'
			config append mounts '{"destination": "/tmp/remount", "options": ["remount", "ro"]}'
			;;
		*)
			config append mounts "{\"destination\": \"/tmp/$option\", \"type\": \"tmpfs\",
				\"source\": \"tmpfs\", \"options\": [\"$option\"]}"
			;;
		esac
	done
	run
	expect_status 0
	config set mounts '[{"destination": "/tmp", "type": "tmpfs", "source": "x", "options": ["bogus"]}]'
	run
	expect_failure
	expect_error 'bogus'
}
check "every listed mount option is accepted" mount_options_are_true

# seccomp's names as the library of this build knows them
seccomp_names_are_true() {
	new_container true
	ringwall features >"$case/features"
	for action in $("$JSONEDIT" "$case/features" get linux.seccomp.actions | tr -d '[]", '); do
		[ "$action" != SCMP_ACT_NOTIFY ] || continue # needs a listener
		config append linux.seccomp.syscalls "{\"names\": [\"acct\"], \"action\": \"$action\",
			\"args\": [{\"index\": 0, \"value\": 9, \"op\": \"SCMP_CMP_EQ\"}]}"
		config set linux.seccomp.defaultAction '"SCMP_ACT_ALLOW"'
		run
		expect_status 0
		config del linux.seccomp
	done
	for operator in $("$JSONEDIT" "$case/features" get linux.seccomp.operators | tr -d '[]", '); do
		config append linux.seccomp.syscalls "{\"names\": [\"acct\"], \"action\": \"SCMP_ACT_ERRNO\",
			\"args\": [{\"index\": 0, \"value\": 9, \"valueTwo\": 1, \"op\": \"$operator\"}]}"
	done
	config set linux.seccomp.defaultAction '"SCMP_ACT_ALLOW"'
	config set linux.seccomp.architectures "$("$JSONEDIT" "$case/features" get linux.seccomp.archs)"
	run
	expect_status 0
}
check "every listed seccomp action, operator and architecture is accepted" seccomp_names_are_true

# What is not built is not promised.
unsafe_annotations_are_true() {
	"$RINGWALL" features >"$case/out"
	expect_equal "$(json potentiallyUnsafeConfigAnnotations | tr -d ' \n')" \
		'["run.oci.keep_original_groups","org.systemd.property.","run.oci.systemd.subgroup"]'
	expect_equal "$(json linux.cgroup.systemd)" true
	expect_equal "$(json linux.intelRdt.enabled)" false
}
check "only what is honoured is listed as unsafe or enabled" unsafe_annotations_are_true

# ---- spec ----

spec_runs() {
	new_bundle
	rm "$bundle/config.json"
	cd "$bundle"
	"$RINGWALL" spec "$@"
	expect_equal "$(config get process.args[0])" sh
	config set process.terminal false
	config set process.args '["/init", "echo", "it runs"]'
	run
	expect_status 0
	expect_output "it runs"
}
check "a bundle of spec runs" spec_runs
check "a bundle of spec --rootless runs" spec_runs --rootless

spec_overwrites_nothing() {
	mkdir "$case/b"
	echo precious >"$case/b/config.json"
	call spec --bundle "$case/b"
	expect_status 1
	expect_error 'file "config.json" exists'
	expect_error "hint: remove it first, or write another one with --file"
	expect_equal "$(cat "$case/b/config.json")" precious
	call spec -b "$case/b" --file other.json
	expect_status 0
	grep -q ociVersion "$case/b/other.json"
	call spec --file -
	expect_equal "$(json ociVersion)" 1.3.0
	call spec --bundle "$case/nowhere"
	expect_status 1
	expect_error "\"$case/nowhere\": no such file or directory"
}
check "spec leaves existing files alone" spec_overwrites_nothing

# ---- state, list, ps ----

state_form() {
	new_container
	config set annotations '{"a.b": "c \"quoted\""}'
	call state "$id"
	expect_status 1
	expect_error "container does not exist"
	start_container
	call state "$id"
	expect_status 0
	expect_quiet
	expect_equal "$(json id)" "$id"
	expect_equal "$(json status)" running
	expect_equal "$(json bundle)" "$bundle"
	expect_equal "$(json rootfs)" "$bundle/rootfs"
	expect_equal "$(json annotations.a\\.b 2>/dev/null || json 'annotations["a.b"]')" 'c "quoted"'
	json ociVersion | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+$'
	json created | grep -qE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$'
	json owner | grep -q .
	kill -0 "$(json pid)"
}
check "state prints the specification's document and nothing else" state_form

list_forms() {
	mkdir "$case/state"
	call list
	expect_status 0
	expect_output "ID   PID   STATUS   BUNDLE   CREATED   OWNER"
	call list -f json
	expect_output "[]"
	call list -q
	expect_output ""
	new_container
	start_container
	ringwall create --bundle "$bundle" "$id-b"
	call list --quiet
	expect_output "$id
$id-b"
	call list --format table
	expect_equal "$(awk 'NR > 1 { print $1, $3, $4 }' "$case/out")" "$id running $bundle
$id-b created $bundle"
	call list --format json
	expect_quiet
	expect_equal "$(json '[1].status')" created
	expect_equal "$(json '[0].pid')" "$(state_of pid)"
	json '[0].created' | grep -q T
	# a damaged container does not hide the others, nor does its warning stand between them
	mkdir "$case/state/damaged"
	echo '{' >"$case/state/damaged/state.json"
	call list -f json
	expect_status 0
	expect_equal "$(json '[1].id')" "$id-b"
	expect_error 'container "damaged"'
	ringwall delete --force damaged || rm -r "$case/state/damaged"
}
check "list: table, JSON and ids" list_forms

no_root_no_list() {
	call list
	expect_status 1
	expect_error "the root directory \"$case/state\" does not exist"
}
check "list of a root that does not exist is an error" no_root_no_list

ps_forms() {
	new_container
	start_container
	ringwall exec --detach "$id" /init pause </dev/null >/dev/null 2>&1
	call ps "$id"
	expect_status 0
	head -n 1 "$case/out" | grep -qw PID
	expect_equal "$(grep -c '/init pause' "$case/out")" 2
	call ps --format json "$id"
	expect_equal "$(json '[0]')" "$(state_of pid)"
	json '[1]' | grep -qE '^[0-9]+$'
}
check "ps: table and JSON" ps_forms

ps_options() {
	new_container
	start_container
	# as go-runc calls it
	call ps --format table "$id" -ef
	grep -q 'PID' "$case/out"
	grep -q '/init pause' "$case/out"
	call ps --format table "$id" -opid,comm
	expect_equal "$(tail -n 1 "$case/out" | awk '{ print $1 }')" "$(state_of pid)"
	call ps "$id" -o user,pid,args
	expect_equal "$(head -n 1 "$case/out" | awk '{ print $2 }')" PID
	call ps "$id" -o user
	expect_status 1
	expect_error 'no column "PID"'
	expect_error "hint: choose options of ps that print one"
}
check "ps: options of ps" ps_options

# ---- kill ----

signals() {
	new_container signal-wait HUP USR1 RTMIN RTMAX USR2 TERM
	start_container
	wait_until grep -qx ready "$case/container.log"
	for signal in HUP sigusr1 SIGRTMIN+0 RTMAX 12 15; do
		number=$(grep -c . "$case/container.log" || true)
		ringwall kill "$id" "$signal"
		[ "$signal" = 15 ] || wait_until more_lines_than "$number"
	done
	wait_until is stopped
	expect_equal "$(tail -n +2 "$case/container.log" | tr '\n' ' ')" \
		"signal: HUP signal: USR1 signal: 34 signal: 64 signal: USR2 signal: TERM "
	call kill "$id" KILL
	expect_status 1
	expect_error "container not running"
	call kill --all "$id" KILL
	expect_status 0
}

more_lines_than() {
	[ "$(grep -c . "$case/container.log")" -gt "$1" ]
}
check "kill: names, numbers and real-time signals" signals

regular_expressions() {
	new_container
	for n in 1 2 3; do
		ringwall create --bundle "$bundle" "$id-$n"
	done
	call kill --regex "^rwt-.*-[12]\$" KILL
	expect_status 0
	id=$id-1
	wait_until is stopped
	id=${id%-1}-3
	is created
	call kill --regex "nothing like it" KILL
	expect_status 1
	expect_error 'no container matches "nothing like it"'
	call kill --regex "(" KILL
	expect_failure
	expect_error '"("'
	call delete --force --regex "^rwt-.*-[123]\$"
	expect_status 0
	call list -q
	expect_output ""
	call delete --regex "nothing like it"
	expect_failure
}
check "kill and delete by regular expression" regular_expressions

# ---- update ----

# Without the controller, the error names the property that the option became; with it, it works.
update_options() {
	new_container
	start_container
	while read -r option value property; do
		[ -n "$option" ] || continue
		call update "--$option" "$value" "$id"
		[ "$status" = 0 ] || expect_error "$property"
		[ "$status" = 0 ] || expect_status 1
	done <<-END
		memory 64m linux.resources.memory.limit
		memory-reservation 32m linux.resources.memory.reservation
		pids-limit 10 linux.resources.pids.limit
		cpu-share 512 linux.resources.cpu.shares
		cpu-quota 50000 linux.resources.cpu.quota
		cpu-period 100000 linux.resources.cpu.period
		cpu-burst 10000 linux.resources.cpu.burst
		cpu-idle 0 linux.resources.cpu.idle
		cpuset-cpus 0 linux.resources.cpu.cpus
		cpuset-mems 0 linux.resources.cpu.mems
		blkio-weight 100 linux.resources.blockIO.weight
	END
	# what cgroup v2 has no control for is an error everywhere
	call update --cpu-rt-runtime 100 "$id"
	expect_status 1
	expect_error "linux.resources.cpu.realtimeRuntime: cgroup v2 has no such control"
	call update --kernel-memory 1m "$id"
	expect_error "linux.resources.memory.kernel: cgroup v2 has no such control"
	call update --cpuset-cpus 0-x "$id"
	expect_status 1
	expect_error '"0-x" is not a list such as'
	echo '{"memory": {"limit": "1G"}}' >"$case/resources.json"
	call update --resources "$case/resources.json" "$id"
	expect_status 1
	expect_error 'line 1: memory.limit: expected integer, got string'
	call update --resources "$case/resources.json" --memory 1g "$id"
	expect_status 64
	expect_error "--resources excludes the options for single limits"
	call update --resources "$case/none.json" "$id"
	expect_status 1
	expect_error "open \"$case/none.json\": no such file or directory"
	call update --memory 64m nosuch
	expect_status 1
	expect_error "does not exist"
}
check "update's options become the specification's properties" update_options

# ---- events ----

events_stats() {
	new_container
	start_container
	call events --stats "$id"
	expect_status 0
	expect_quiet
	expect_equal "$(wc -l <"$case/out")" 1
	expect_equal "$(json type)" stats
	expect_equal "$(json id)" "$id"
	json data.cpu.usage.total | grep -qE '^[0-9]+$'
	for part in cpuset memory pids blkio hugetlb intel_rdt; do
		json "data.$part" >/dev/null || fail "data.$part is missing"
	done
}
check "events --stats prints one line in runc's form" events_stats

events_end() {
	new_container
	start_container
	ringwall events --interval=20ms "$id" >"$case/out" 2>"$case/err" &
	events=$!
	wait_until grep -q '"type":"stats"' "$case/out"
	ringwall kill "$id" KILL
	wait "$events"
	expect_quiet
	while read -r line; do
		echo "$line" | "$JSONEDIT" - get type >/dev/null
	done <"$case/out"
	call events --stats "$id"
	expect_status 1
	expect_error "container not running"
}
check "the stream of events ends with the container" events_end

# ---- messages and where they go ----

log_json() {
	call --log "$case/log" --log-format json state nosuch
	expect_status 1
	expect_error "does not exist"
	expect_equal "$(wc -l <"$case/log")" 1
	expect_equal "$("$JSONEDIT" "$case/log" get level)" error
	"$JSONEDIT" "$case/log" get msg | grep -q 'does not exist'
	"$JSONEDIT" "$case/log" get time | grep -qE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z$'
	rm "$case/log"
	# misuse is told there as well
	call --log "$case/log" --log-format json state --bogus
	expect_status 64
	expect_equal "$(wc -l <"$case/log")" 1
	"$JSONEDIT" "$case/log" get msg | grep -q -e '--bogus'
	# text
	call --log "$case/text" --log-format text state nosuch
	grep -q 'does not exist' "$case/text"
	# a second message goes behind the first
	call --log "$case/text" state nosuch
	expect_equal "$(grep -c 'does not exist' "$case/text")" 2
}
check "--log: one line of JSON, or text" log_json

log_unwritable() {
	call --log /proc/nowhere/log state nosuch
	expect_status 1
	expect_error 'log file: open "/proc/nowhere/log": no such file or directory'
	new_container
	call --log "$case/nowhere/log" create --bundle "$bundle" "$id"
	expect_status 1
	[ ! -e "$case/state/$id" ] || fail "the container was made"
}
check "a log that cannot be written" log_unwritable

# With a log file, and unless they are asked for, there are none: podman reads the file as one object.
warnings() {
	new_container true
	config set process.capabilities.bounding '["CAP_FLY"]'
	call --log "$case/log" --log-format json run --bundle "$bundle" "$id"
	expect_status 0
	expect_output ""
	expect_quiet # engines read state's streams as one
	[ ! -s "$case/log" ] || fail "the warning is in the log file"
	call run --bundle "$bundle" "$id"
	expect_status 0
	expect_error "ringwall: warning: "
	expect_error CAP_FLY
	call --log "$case/warnings" --log-level warning run --bundle "$bundle" "$id"
	grep -q CAP_FLY "$case/warnings"
	call --log "$case/log" --log-format json --debug run --bundle "$bundle" "$id"
	expect_status 0
	[ "$(wc -l <"$case/log")" -gt 1 ] || fail "--debug is silent"
	while read -r line; do
		echo "$line" | "$JSONEDIT" - get msg >/dev/null
	done <"$case/log"
}
check "warnings and debug messages" warnings

debug_stream() {
	new_container true
	call --debug run --bundle "$bundle" "$id"
	expect_status 0
	expect_output ""
	[ -s "$case/err" ] || fail "--debug is silent"
	call --log-level error run --bundle "$bundle" "$id"
	expect_quiet
}
check "debug messages go to standard error" debug_stream

full_output() {
	call_full list
	call_full --help
	call_full features
}

call_full() {
	status=0
	mkdir -p "$case/state"
	ringwall "$@" >/dev/full 2>"$case/err" || status=$?
	expect_status 1
	expect_error "no space left on device"
}
check "output that cannot be written is an error" full_output

# ---- the root directory ----

relative_root() {
	new_container
	"$RINGWALL" --root ./relative create --bundle "$bundle" "$id"
	mkdir sub
	cd sub
	"$RINGWALL" --root ../relative state "$id" >"$case/out"
	expect_equal "$(json status)" created
	"$RINGWALL" --root ../relative delete "$id"
	call_root "" 'option "--root": the directory is empty'
	: >"$case/file"
	call_root "$case/file" "not a directory"
}

call_root() {
	status=0
	"$RINGWALL" --root "$1" create --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" || status=$?
	expect_failure
	expect_error "$2"
}
check "--root: relative, empty, a file" relative_root

default_root() {
	need_root
	new_container true
	# a mount namespace of our own: the machine's /run/ringwall is not for tests
	unshare -m sh -euc '
		mount -t tmpfs tmpfs /run
		"$1" create --bundle "$2" "$3"
		test -d "/run/ringwall/$3"
		test "$(stat -c %a:%u /run/ringwall)" = 700:0
		"$1" delete "$3"' sh "$RINGWALL" "$bundle" "$id"
}
check "the default root" default_root

unprivileged_root() {
	need_root
	mkdir -m 0700 "$case/run"
	chown 65534:65534 "$case/run"
	chmod 0755 "$work" "$case"
	set -- setpriv --reuid 65534 --regid 65534 --clear-groups
	"$@" true 2>/dev/null || skip "no setpriv"
	status=0
	env "XDG_RUNTIME_DIR=$case/run" "$@" "$RINGWALL" state nosuch >"$case/out" 2>"$case/err" || status=$?
	expect_status 1
	expect_error "does not exist"
	status=0
	env -u XDG_RUNTIME_DIR "$@" "$RINGWALL" list >"$case/out" 2>"$case/err" || status=$?
	expect_status 1
	expect_error '$XDG_RUNTIME_DIR is not set'
	expect_error "hint: set XDG_RUNTIME_DIR, or give a directory with --root"
	# somebody else's directory is not used
	status=0
	env XDG_RUNTIME_DIR=/tmp "$@" "$RINGWALL" list >"$case/out" 2>"$case/err" || status=$?
	expect_status 1
	expect_error "is not a directory of the user's own"
}
check "the root of an unprivileged user" unprivileged_root

# ---- documents ----

every_option_is_documented() {
	: "${abs_top_srcdir:=$(cd "$(dirname "$JSONEDIT")/../source" && pwd)}"
	page=$abs_top_srcdir/man/ringwall.1
	[ -e "$page" ] || page=$abs_top_builddir/source/man/ringwall.1
	for verb in "" $(all_verbs); do
		# shellcheck disable=SC2086 # no word for the program itself
		"$RINGWALL" $verb --help | grep -oE -e '--[a-z][a-z-]*' | sort -u
	done | sort -u | while read -r option; do
		sed 's/\\//g' "$page" | grep -qF -e "$option" || fail "$option is not in the manual page"
	done
}
check "the manual page has every option" every_option_is_documented

finish
