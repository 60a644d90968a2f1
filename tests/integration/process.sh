#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config.md, "Process" and "POSIX process", and the process part of config-linux.md: identity, program,
# limits, credentials, scheduling.  Everything is observed by the container's program itself.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# run_under PREFIX...: as run, the program started by another one: `setpriv ... ringwall run`.
run_under() {
	status=0
	"$@" "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
}

# exec_process PROCESS-MEMBERS [WORD...]: a second process in the running container; the members are those of
# --process's document besides args, cwd and user.
exec_process() {
	members=$1
	shift
	words=
	for word in "$@"; do
		words="$words, \"$word\""
	done
	printf '{"cwd": "/", "user": {"uid": 0, "gid": 0}, "args": ["/init"%s]%s}\n' \
		"$words" "${members:+, $members}" >"$case/process.json"
	call exec --process "$case/process.json" "$id"
}

# A container that waits, for exec.
start_pause() {
	args pause
	start_container
}

expect_quiet() {
	[ ! -s "$case/err" ] || fail "there is a message on standard error"
}

# refused PATH JSON TEXT: the default configuration with this value is an error that says TEXT
refused() {
	kept=${bundle:-}
	new_bundle refused
	config set "$1" "$2"
	call run --bundle "$bundle" "$id-refused"
	expect_failure
	expect_error "$3"
	[ ! -e "$case/state/$id-refused" ] || fail "a state is left"
	rm -rf "$bundle"
	bundle=$kept
}

# ---- user ----

user_is_set() {
	new_bundle
	config set process.user '{"uid": 1000, "gid": 1001, "additionalGids": [7, 5, 1003]}'
	args id
	run
	expect_status 0
	expect_output "uid: 1000 1000 1000
gid: 1001 1001 1001
groups: 5 7 1003"
}
check "uid, gid and exactly the additional groups" user_is_set

groups_of_the_caller() {
	need_root
	new_bundle
	args id
	run_under setpriv --groups 33,44
	expect_status 0
	expect_line "groups:"
}
check "without additionalGids there are none, whatever the caller has" groups_of_the_caller

# podman run --group-add keep-groups
groups_kept() {
	need_root
	new_bundle
	args id
	config set annotations '{"run.oci.keep_original_groups": "1"}'
	run_under setpriv --groups 33,44
	expect_status 0
	expect_line "groups: 33 44"
	config set annotations '{"run.oci.keep_original_groups": "0"}'
	run_under setpriv --groups 33,44
	expect_line "groups:"
	# in a user namespace they are there, and nobody's
	config set annotations '{"run.oci.keep_original_groups": "1"}'
	use_user_namespace
	run_under setpriv --groups 33,44
	expect_line "groups: 65534 65534"
	args pause
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	ringwall start "$id"
	status=0
	setpriv --groups 33 "$RINGWALL" --root "$case/state" exec "$id" /init id >"$case/out" 2>"$case/err" || status=$?
	expect_status 0
	expect_line "groups: 65534"
}
check "with run.oci.keep_original_groups the caller's stay" groups_kept

user_of_exec() {
	new_bundle
	config set process.user '{"uid": 1000, "gid": 1001, "additionalGids": [7]}'
	start_pause
	call exec "$id" /init id
	expect_output "uid: 1000 1000 1000
gid: 1001 1001 1001
groups: 7"
	call exec --user 5:6 --additional-gids 8 "$id" /init id
	expect_line "uid: 5 5 5"
	expect_line "gid: 6 6 6"
	expect_line "groups: 7 8"
	exec_process '' id
	expect_output "uid: 0 0 0
gid: 0 0 0
groups:"
}
check "exec takes the container's user, --user, or that of --process" user_of_exec

ids_are_exact() {
	refused process.user '{"uid": 4294967295, "gid": 0}' 'process.user.uid'
	refused process.user '{"uid": -1, "gid": 0}' 'process.user.uid'
	refused process.user '{"uid": "0", "gid": 0}' 'process.user.uid: expected integer, got string'
	refused process.user '{"uid": 1.5, "gid": 0}' 'process.user.uid'
	refused process.user '{"uid": 0, "gid": 4294967296}' 'process.user.gid'
	refused process.user '{"gid": 0}' 'required property "uid" is missing'
	refused process.user '{"uid": 0}' 'required property "gid" is missing'
	refused process.user '{"uid": 0, "gid": 0, "additionalGids": [4294967295]}' 'process.user.additionalGids[0]'
	new_bundle
	config set process.user '{"uid": 4294967294, "gid": 4294967294}'
	args id
	run
	expect_line "uid: 4294967294 4294967294 4294967294"
	start_pause
	for user in root 1x '' 0: :0 -1 +1 0x1 4294967295 1:4294967295; do
		call exec --user "$user" "$id" /init true
		expect_failure
		expect_error "is not uid[:gid]"
	done
}
check "an id is a number from 0 to 4294967294, and nothing else" ids_are_exact

umask_is_set() {
	new_bundle
	config set process.user.umask 63
	args umask
	run
	expect_output "umask: 0077"
	config set process.user.umask 0
	run
	expect_output "umask: 0000"
	start_pause
	call exec "$id" /init umask
	expect_output "umask: 0000"
	refused process.user.umask 512 'process.user.umask'
}
check "the umask is set, 0 as well" umask_is_set

umask_of_the_caller() {
	new_bundle
	args umask
	(umask 0027 && run && cp "$case/out" "$case/out.027")
	(umask 0002 && run && cp "$case/out" "$case/out.002")
	expect_equal "$(cat "$case/out.027")" "umask: 0027"
	expect_equal "$(cat "$case/out.002")" "umask: 0002"
	start_pause
	(umask 0007 && call exec "$id" /init umask && cp "$case/out" "$case/out.007")
	expect_equal "$(cat "$case/out.007")" "umask: 0007"
}
check "an unset umask is the caller's" umask_of_the_caller

# ---- cwd ----

cwd_is_entered() {
	new_bundle
	mkdir "$bundle/rootfs/etc/deep"
	ln -s /etc/deep "$bundle/rootfs/link"
	config set process.cwd '"/link/../deep"'
	args cwd
	run
	expect_output /etc/deep
	start_pause
	call exec --cwd /proc "$id" /init cwd
	expect_output /proc
	call exec "$id" /init cwd
	expect_output /etc/deep
	call exec --cwd tmp "$id" /init cwd
	expect_failure
	expect_error '--cwd "tmp" is not an absolute path'
	call exec --cwd /nowhere "$id" /init cwd
	expect_failure
	expect_error 'process.cwd "/nowhere"'
	expect_error 'no such file or directory'
}
check "the working directory is entered" cwd_is_entered

cwd_is_made() {
	new_bundle
	config set process.cwd '"/work/here"'
	config set root.readonly false
	args cwd -- stat /work/here
	(umask 0077 && run && cp "$case/out" "$case/out.made")
	expect_equal "$(cat "$case/out.made")" "/work/here
/work/here: dir 0755 0:0"
	rm -r "$bundle/rootfs/work"
	config set root.readonly true
	run
	expect_status 0
	expect_line /work/here
}
check "a missing working directory is made, in a read-only root too" cwd_is_made

cwd_of_the_user() {
	new_bundle
	config set process.user '{"uid": 1000, "gid": 1000}'
	mkdir -p "$bundle/rootfs/home/own"
	chown 1000:1000 "$bundle/rootfs/home/own"
	chmod 0700 "$bundle/rootfs/home/own"
	config set process.cwd '"/home/own"'
	args cwd
	run
	expect_output /home/own
}
check "a working directory that only the user may enter" cwd_of_the_user

cwd_refused() {
	refused process.cwd '"tmp"' 'process.cwd: "tmp" is not an absolute path'
	refused process.cwd '""' 'process.cwd'
	refused process.cwd '"/init"' 'process.cwd "/init"'
	expect_error 'not a directory'
	new_bundle
	config del process.cwd
	run
	expect_failure
	expect_error 'required property "cwd" is missing'
	expect_nothing
}
check "the working directory is required, absolute, and a directory" cwd_refused

# ---- env, HOME ----

environment_is_exact() {
	new_bundle
	config set process.env '["B=2", "A=", "HOME=/h", "C=x=y"]'
	args env
	LEAK=1 run
	expect_output "B=2
A=
HOME=/h
C=x=y"
	start_pause
	call exec --env D=4 "$id" /init env
	expect_output "B=2
A=
HOME=/h
C=x=y
D=4"
	refused process.env '["NOVALUE"]' 'process.env[0]: "NOVALUE" is not of the form NAME=value'
	refused process.env '["=x"]' 'process.env[0]'
}
check "the environment is the configured one, in its order" environment_is_exact

# home_is UID EXPECTED
home_is() {
	config set process.user "{\"uid\": $1, \"gid\": 0}"
	run
	expect_status 0
	expect_output "HOME=$2"
}

home_from_passwd() {
	new_bundle
	printf '%s\n' 'root:x:0:0:root:/var/root:/bin/sh' 'broken' 'other:x:1000:1000::/home/other:/init' \
		'later:x:1000:1000::/home/later:/init' 'rel:x:7:7::home:/init' >"$bundle/rootfs/etc/passwd"
	args env HOME
	home_is 0 /var/root
	home_is 1000 /home/other
	home_is 7 /
	home_is 4000 /
	rm "$bundle/rootfs/etc/passwd"
	home_is 1000 /
	home_is 0 /root
	ln -s /etc/shadow-of-nothing "$bundle/rootfs/etc/passwd"
	home_is 1000 /
}
check "HOME comes from the container's /etc/passwd" home_from_passwd

home_from_no_file() {
	new_bundle
	args env HOME
	mkfifo "$bundle/rootfs/etc/passwd"
	home_is 1000 /
	rm "$bundle/rootfs/etc/passwd"
	truncate -s 2M "$bundle/rootfs/etc/passwd"
	home_is 1000 /
	rm "$bundle/rootfs/etc/passwd"
	mkfifo "$bundle/rootfs/etc/passwd"
	start_pause
	call exec "$id" /init env HOME
	expect_output "HOME=/"
}
check "a FIFO or an endless file as /etc/passwd holds nothing up" home_from_no_file

# ---- args ----

program_by_path() {
	new_bundle
	mkdir -p "$bundle/rootfs/a" "$bundle/rootfs/b" "$bundle/rootfs/c/init"
	cp "$bundle/rootfs/init" "$bundle/rootfs/a/init"
	chmod 0644 "$bundle/rootfs/a/init"
	cp "$bundle/rootfs/init" "$bundle/rootfs/b/tool"
	config set process.args '["tool", "echo", "found"]'
	config set process.env '["PATH=/nowhere:/init:/a:/c:/b"]'
	run
	expect_output found
	# what may not be executed is passed over, as execvp(3) does
	mv "$bundle/rootfs/b/tool" "$bundle/rootfs/b/init"
	config set process.args '["init", "echo", "found"]'
	run
	expect_output found
	config set process.env '["PATH=/a:/nowhere"]'
	run
	expect_failure
	expect_error 'exec "/a/init": permission denied'
	config set process.env '[]'
	config set process.args '["init", "echo", "found"]'
	mkdir "$bundle/rootfs/bin"
	cp "$bundle/rootfs/init" "$bundle/rootfs/bin/init"
	run
	expect_output found
	config set process.env '["PATH=:"]'
	run
	expect_output found
	config set process.env '["PATH=/bin"]'
	config set process.args '["absent"]'
	run
	expect_failure
	expect_error 'exec "absent": executable file not found in $PATH'
	expect_error 'no such file or directory'
	expect_nothing
}
check "a program without a slash is searched for in the container's PATH" program_by_path

program_relative() {
	new_bundle
	mkdir "$bundle/rootfs/sub"
	cp "$bundle/rootfs/init" "$bundle/rootfs/sub/tool"
	config set process.cwd '"/sub"'
	config set process.args '["./tool", "echo", "relative"]'
	run
	expect_output relative
	config set process.args '["../init", "echo", "above"]'
	run
	expect_output above
	start_pause
	call exec --cwd / "$id" sub/tool echo again
	expect_output again
}
check "a program with a slash is a path from the working directory" program_relative

# no_program TEXT [TEXT]: create fails with these, and leaves nothing
no_program() {
	call create --bundle "$bundle" "$id"
	expect_failure
	expect_error "$1"
	[ $# = 1 ] || expect_error "$2"
	expect_nothing
}

program_unusable() {
	new_bundle
	config set process.args '["/absent"]'
	no_program 'exec "/absent"' 'no such file or directory'
	config set process.args '["/init/x"]'
	no_program 'exec "/init/x"' 'not a directory'
	config set process.args '["/etc"]'
	no_program 'exec "/etc": is a directory' 'permission denied'
	mkfifo "$bundle/rootfs/fifo"
	config set process.args '["/fifo"]'
	no_program 'exec "/fifo": not a regular file' 'permission denied'
	cp "$bundle/rootfs/init" "$bundle/rootfs/plain"
	chmod 0640 "$bundle/rootfs/plain"
	config set process.args '["/plain"]'
	no_program 'exec "/plain": permission denied' 'mode 0640 does not let user 0:0 execute it'
	chmod 0700 "$bundle/rootfs/plain"
	config set process.user '{"uid": 1000, "gid": 1000}'
	no_program 'exec "/plain": permission denied' 'mode 0700 does not let user 1000:1000 execute it'
	config set process.args '["/loop"]'
	ln -s loop "$bundle/rootfs/loop"
	no_program 'exec "/loop"' 'a circle of links'
	config set process.args '["/proc/self/exe"]'
	no_program 'exec "/proc/self/exe"' 'a link of /proc'
	config set process.args '[""]'
	no_program 'process.args'
	config set process.args '[]'
	no_program 'process: "args" needs at least one entry'
	config del process.args
	no_program 'process: "args" needs at least one entry'
}
check "a program that cannot be executed is an error of create" program_unusable

program_noexec() {
	new_bundle
	mkdir "$case/files"
	cp "$TOOLS/init" "$case/files/tool"
	config append mounts "{\"destination\": \"/tmp\", \"type\": \"bind\", \"source\": \"$case/files\", \"options\": [\"bind\", \"noexec\"]}"
	config set process.args '["/tmp/tool"]'
	no_program 'exec "/tmp/tool": permission denied' 'it lies on a mount with the option noexec'
}
check "a program on a mount without exec" program_noexec

scripts() {
	new_bundle
	printf '#! /init env\n' >"$bundle/rootfs/script"
	chmod 0755 "$bundle/rootfs/script"
	config set process.args '["/script"]'
	run
	expect_status 0
	expect_output "/script: unset"
	printf '#!/bin/absent -x\n' >"$bundle/rootfs/script"
	no_program 'exec "/script": its interpreter "/bin/absent": no such file or directory' \
		'the file exists, but what it needs to run is not in the image'
	printf '#!/init\r\n' >"$bundle/rootfs/script"
	no_program 'exec "/script": its interpreter' 'DOS line ends'
	printf 'echo no first line\n' >"$bundle/rootfs/script"
	call run --bundle "$bundle" "$id"
	expect_failure
	expect_error 'exec "/script": exec format error'
	expect_error 'a script without a "#!" line'
	expect_nothing
	printf '#!/proc/self/exe\n' >"$bundle/rootfs/script"
	no_program 'exec "/script": its interpreter "/proc/self/exe"'
}
check "scripts run; what is wrong with one is told" scripts

dynamic_loader() {
	loader=$(readelf -l /bin/true 2>/dev/null | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	[ -n "$loader" ] || skip "no dynamic /bin/true, or no readelf"
	new_bundle
	cp /bin/true "$bundle/rootfs/true"
	config set process.args '["/true"]'
	no_program "exec \"/true\": its dynamic loader \"$loader\": no such file or directory" \
		'the file exists, but what it needs to run is not in the image'
}
check "a dynamic program without its loader" dynamic_loader

exec_unusable() {
	new_bundle
	start_pause
	call exec "$id" /absent
	expect_failure
	expect_error 'no such file or directory'
	call exec --pid-file "$case/pid" "$id" absent
	expect_failure
	expect_error 'executable file not found in $PATH'
	[ ! -e "$case/pid" ] || fail "a pid file of a process that never was"
	call exec "$id" /etc
	expect_failure
	expect_error 'is a directory'
}
check "exec of a program that cannot be executed" exec_unusable

# ---- rlimits ----

limits_are_exact() {
	new_bundle
	config set process.rlimits '[
		{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 1000},
		{"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615},
		{"type": "RLIMIT_CPU", "soft": 18446744073709551615, "hard": 18446744073709551615},
		{"type": "RLIMIT_RTTIME", "soft": 5, "hard": 6},
		{"type": "RLIMIT_NICE", "soft": 0, "hard": 0}]'
	args rlimits
	run
	expect_status 0
	expect_line "RLIMIT_NOFILE: 100 1000"
	expect_line "RLIMIT_CORE: 0 unlimited"
	expect_line "RLIMIT_CPU: unlimited unlimited"
	expect_line "RLIMIT_RTTIME: 5 6"
	expect_line "RLIMIT_NICE: 0 0"
	start_pause
	call exec "$id" /init rlimits NOFILE
	expect_output "RLIMIT_NOFILE: 100 1000"
	exec_process '"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 78}]' rlimits NOFILE
	expect_output "RLIMIT_NOFILE: 77 78"
}
check "resource limits are exactly soft and hard" limits_are_exact

limits_untouched() {
	new_bundle
	config del process.rlimits
	args rlimits
	run_under prlimit --nofile=321:654 --fsize=1000000:unlimited
	expect_line "RLIMIT_NOFILE: 321 654"
	expect_line "RLIMIT_FSIZE: 1000000 unlimited"
}
check "what is not configured is the caller's" limits_untouched

need_cap_sys_resource() {
	setpriv --dump | grep 'Capability bounding set' | grep -qw sys_resource || skip "needs CAP_SYS_RESOURCE"
}

limits_above_the_caller() {
	need_cap_sys_resource
	new_bundle
	config set process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 900, "hard": 900}]'
	args rlimits NOFILE
	run_under prlimit --nofile=200:200
	expect_status 0
	expect_output "RLIMIT_NOFILE: 900 900"
	refused process.rlimits '[{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1000000000000}]' \
		'/proc/sys/fs/nr_open'
	expect_error 'process.rlimits RLIMIT_NOFILE'
}
check "a hard limit above the caller's" limits_above_the_caller

limits_that_hurt() {
	new_bundle
	config set process.rlimits '[
		{"type": "RLIMIT_NOFILE", "soft": 3, "hard": 3},
		{"type": "RLIMIT_FSIZE", "soft": 200, "hard": 200},
		{"type": "RLIMIT_NPROC", "soft": 1, "hard": 1},
		{"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
		{"type": "RLIMIT_DATA", "soft": 1000000, "hard": 1000000}]'
	args rlimits NOFILE
	run
	expect_status 0
	expect_output "RLIMIT_NOFILE: 3 3"
	ringwall create --bundle "$bundle" "$id" >"$case/container.log" 2>&1 </dev/null
	call start "$id"
	expect_status 0
	wait_until grep -qx "RLIMIT_NOFILE: 3 3" "$case/container.log"
}
check "limits too small for the runtime's own work do not hurt it" limits_that_hurt

limits_refused() {
	refused process.rlimits '[{"type": "RLIMIT_CPU", "soft": 1, "hard": 2}, {"type": "RLIMIT_CPU", "soft": 1, "hard": 2}]' \
		'process.rlimits[1]: RLIMIT_CPU is given twice'
	refused process.rlimits '[{"type": "RLIMIT_FOO", "soft": 1, "hard": 2}]' 'process.rlimits[0].type'
	expect_error '"RLIMIT_FOO"'
	refused process.rlimits '[{"type": "NOFILE", "soft": 1, "hard": 2}]' 'process.rlimits[0].type'
	refused process.rlimits '[{"type": "RLIMIT_CPU", "soft": 3, "hard": 2}]' \
		'process.rlimits[0]: the soft limit is above the hard limit'
	refused process.rlimits '[{"type": "RLIMIT_CPU", "soft": 3}]' 'required property "hard" is missing'
	refused process.rlimits '[{"type": "RLIMIT_CPU", "hard": 3}]' 'required property "soft" is missing'
	refused process.rlimits '[{"type": "RLIMIT_CPU", "soft": 3, "hard": 18446744073709551616}]' 'process.rlimits[0].hard'
}
check "wrong limits are errors" limits_refused

# ---- oomScoreAdj ----

oom_score_of_the_caller() {
	new_bundle
	args oom
	run_under choom -n 250 --
	expect_output "oom_score_adj: 250"
}
check "an unset oom_score_adj is the caller's" oom_score_of_the_caller

oom_score() {
	new_bundle
	args oom
	config set process.oomScoreAdj 0
	run_under choom -n 250 --
	expect_output "oom_score_adj: 0"
	config set process.oomScoreAdj 3
	run
	expect_output "oom_score_adj: 3"
	start_pause
	call exec "$id" /init oom
	expect_output "oom_score_adj: 3"
	exec_process '"oomScoreAdj": 17' oom
	expect_output "oom_score_adj: 17"
	refused process.oomScoreAdj 1001 'process.oomScoreAdj'
	refused process.oomScoreAdj -1001 'process.oomScoreAdj'
}
check "oom_score_adj is set, 0 as well" oom_score

oom_score_lower() {
	need_cap_sys_resource
	new_bundle
	args oom
	config set process.oomScoreAdj -3
	run
	expect_output "oom_score_adj: -3"
}
check "oom_score_adj below the caller's" oom_score_lower

oom_score_not_permitted() {
	new_bundle
	args oom
	config set process.oomScoreAdj -3
	run_under setpriv --bounding-set -sys_resource --inh-caps -sys_resource
	expect_status 0
	expect_output "oom_score_adj: 0"
	expect_error 'process.oomScoreAdj: no permission to set -3: it stays at 0'
}
check "an oom_score_adj that may not be set is a warning" oom_score_not_permitted

# ---- capabilities ----
# CAP_CHOWN 1, CAP_KILL 20, CAP_SETPCAP 100, CAP_NET_BIND_SERVICE 400, CAP_AUDIT_WRITE 20000000 as hex masks

expect_caps() {
	expect_status 0
	expect_output "inheritable: $(printf %016x "0x$1")
permitted: $(printf %016x "0x$2")
effective: $(printf %016x "0x$3")
bounding: $(printf %016x "0x$4")
ambient: $(printf %016x "0x$5")"
}

caps_of_root() {
	new_bundle
	args caps
	config set process.capabilities '{
		"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_AUDIT_WRITE"],
		"permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"]}'
	run
	expect_caps 0 1 1 20000021 0
	expect_quiet
	config set process.noNewPrivileges false
	run
	# execve gives root what the bounding set allows (capabilities(7))
	expect_caps 0 20000021 20000021 20000021 0
	config set process.capabilities '{"bounding": ["CAP_KILL"], "inheritable": ["CAP_KILL"],
		"permitted": ["CAP_KILL"], "effective": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
	run
	expect_caps 20 20 20 20 20
	expect_quiet
}
check "capabilities of root" caps_of_root

caps_absent() {
	new_bundle
	args caps
	for capabilities in null '{}' '{"bounding": [], "effective": null}'; do
		config set process.capabilities "$capabilities"
		run
		expect_caps 0 0 0 0 0
	done
	config del process.capabilities
	run
	expect_caps 0 0 0 0 0
}
check "an absent or empty set has no capabilities, for root as well" caps_absent

caps_of_a_user() {
	new_bundle
	args caps
	config set process.user '{"uid": 1000, "gid": 1000}'
	config set process.capabilities '{
		"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"effective": ["CAP_CHOWN", "CAP_KILL"]}'
	run
	expect_caps 0 0 0 421 0
	config set process.capabilities.inheritable '["CAP_CHOWN", "CAP_KILL"]'
	run
	expect_caps 21 0 0 421 0
	config set process.capabilities.ambient '["CAP_KILL"]'
	run
	expect_caps 21 20 20 421 20
	expect_quiet
}
check "a user keeps what is ambient" caps_of_a_user

caps_of_exec() {
	new_bundle
	config set process.user '{"uid": 1000, "gid": 1000}'
	config set process.capabilities '{"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_KILL"],
		"effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
	start_pause
	call exec "$id" /init caps
	expect_caps 20 20 20 21 20
	# CVE-2022-29162: what --cap adds is not inheritable
	call exec --cap CAP_NET_BIND_SERVICE --user 0 "$id" /init caps
	expect_caps 20 420 420 421 20
	exec_process '"capabilities": {"bounding": ["CAP_AUDIT_WRITE"]}' caps
	expect_caps 0 0 0 20000000 0
	exec_process '' caps
	expect_caps 0 0 0 0 0
	call exec --cap CAP_NOTHING "$id" /init caps
	expect_failure
	expect_error '--cap "CAP_NOTHING": no such capability'
}
check "capabilities of exec" caps_of_exec

caps_unknown() {
	new_bundle
	args caps
	config set process.capabilities '{"bounding": ["CAP_TELEPORT", "CAP_KILL", "cap_kill"]}'
	run
	expect_caps 0 0 0 20 0
	expect_error 'process.capabilities: unknown capability "CAP_TELEPORT" is left out'
	expect_error 'unknown capability "cap_kill"'
	refused process.capabilities '{"bounding": "CAP_KILL"}' 'process.capabilities.bounding: expected array'
	refused process.capabilities '{"bounding": [5]}' 'process.capabilities.bounding[0]: expected string'
}
check "an unknown capability is a warning" caps_unknown

caps_ungrantable() {
	need_root
	new_bundle
	args caps
	config set process.capabilities '{"bounding": ["CAP_KILL", "CAP_SYS_BOOT"],
		"permitted": ["CAP_KILL", "CAP_SYS_BOOT"], "effective": ["CAP_KILL", "CAP_SYS_BOOT"]}'
	run_under setpriv --bounding-set -sys_boot
	expect_caps 0 20 20 20 0
	expect_error 'CAP_SYS_BOOT'
	expect_error 'left out: the runtime may not grant them here'
}
check "a capability that cannot be granted is a warning" caps_ungrantable

caps_rules() {
	new_bundle
	config set process.user '{"uid": 1000, "gid": 1000}'
	args caps
	# as `runc spec` of Debian 12 writes it
	config set process.capabilities '{"bounding": ["CAP_KILL", "CAP_CHOWN"],
		"permitted": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL", "CAP_CHOWN"],
		"ambient": ["CAP_KILL", "CAP_CHOWN"]}'
	run
	expect_caps 0 0 0 21 0
	expect_error 'process.capabilities.ambient: CAP_CHOWN, CAP_KILL left out: they are not both permitted and inheritable'
	expect_equal "$(wc -l <"$case/err")" 1
	# root has them all the same
	config set process.user '{"uid": 0, "gid": 0}'
	run
	expect_caps 0 21 21 21 0
	expect_equal "$(wc -l <"$case/err")" 0
	config set process.user '{"uid": 1000, "gid": 1000}'
	config set process.capabilities '{"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"],
		"effective": ["CAP_KILL", "CAP_CHOWN"], "inheritable": ["CAP_KILL"]}'
	run
	expect_caps 20 0 0 20 0
	expect_error 'process.capabilities.effective: CAP_CHOWN left out: they are not permitted too'
}
check "a set that contradicts another one: the warning says so" caps_rules

# ---- noNewPrivileges ----

filter='{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chroot"], "action": "SCMP_ACT_ERRNO"}]}'

# privileges JSON EXPECTED: as root and as a user, with and without a filter
privileges() {
	new_bundle "privileges-$2-$1"
	args prctl
	config set process.noNewPrivileges "$1"
	for user in 0 1000; do
		config set process.user "{\"uid\": $user, \"gid\": $user}"
		config del linux.seccomp
		run
		expect_status 0
		expect_line "no_new_privs: $2"
		expect_line "seccomp: 0"
		config set linux.seccomp "$filter"
		run
		expect_status 0
		expect_line "no_new_privs: $2"
		expect_line "seccomp: 2"
		config set process.args '["/init", "caps"]'
		run
		expect_line "ambient: 0000000000000000"
		[ "$user" = 0 ] || expect_line "permitted: 0000000000000000"
		expect_no_line "bounding: 0000000000200000"
		args prctl
	done
}

no_new_privileges() {
	privileges true 1
	privileges false 0
	privileges null 0
}
check "noNewPrivileges, for root and a user, with a filter and without" no_new_privileges

no_new_privileges_of_exec() {
	new_bundle
	start_pause # `spec` sets it
	call exec "$id" /init prctl
	expect_line "no_new_privs: 1"
	exec_process '' prctl # Go leaves a false out
	expect_line "no_new_privs: 1"
	exec_process '"noNewPrivileges": false' prctl
	expect_line "no_new_privs: 0"
	ringwall delete --force "$id"
	config set process.noNewPrivileges false
	start_pause
	call exec "$id" /init prctl
	expect_line "no_new_privs: 0"
	call exec --no-new-privs "$id" /init prctl
	expect_line "no_new_privs: 1"
}
check "noNewPrivileges of exec" no_new_privileges_of_exec

# ---- scheduling ----

scheduler() {
	new_bundle
	args sched
	config set process.scheduler '{"policy": "SCHED_OTHER", "nice": 5}'
	run
	expect_line "policy: 0"
	expect_line "nice: 5"
	config set process.scheduler '{"policy": "SCHED_BATCH", "nice": -3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}'
	run
	expect_line "policy: 3"
	expect_line "flags: 1"
	expect_line "nice: -3"
	config set process.scheduler '{"policy": "SCHED_IDLE"}'
	run
	expect_line "policy: 5"
	start_pause
	call exec "$id" /init sched
	expect_line "policy: 5"
	exec_process '"scheduler": {"policy": "SCHED_BATCH"}' sched
	expect_line "policy: 3"
}
check "the scheduling policies of everybody" scheduler

scheduler_real_time() {
	chrt -f 1 true 2>/dev/null || skip "real-time scheduling is not permitted here"
	new_bundle
	args sched
	config set process.scheduler '{"policy": "SCHED_FIFO", "priority": 10}'
	run
	expect_line "policy: 1"
	expect_line "priority: 10"
	config set process.scheduler '{"policy": "SCHED_RR", "priority": 99}'
	run
	expect_line "policy: 2"
	expect_line "priority: 99"
}
check "the real-time scheduling policies" scheduler_real_time

scheduler_deadline() {
	chrt -d -T 1000000 -D 5000000 -P 10000000 0 true 2>/dev/null ||
		skip "deadline scheduling is not permitted here"
	new_bundle
	args sched
	config set process.scheduler '{"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 5000000, "period": 10000000}'
	run
	expect_line "policy: 6"
	expect_line "runtime: 1000000"
	expect_line "deadline: 5000000"
	expect_line "period: 10000000"
}
check "the deadline scheduling policy" scheduler_deadline

scheduler_refused() {
	refused process.scheduler '{"policy": "SCHED_NEVER"}' 'process.scheduler.policy'
	refused process.scheduler '{"nice": 3}' 'required property "policy" is missing'
	refused process.scheduler '{"policy": "SCHED_OTHER", "nice": 20}' 'process.scheduler.nice'
	refused process.scheduler '{"policy": "SCHED_FIFO"}' 'need a priority from 1 to 99'
	refused process.scheduler '{"policy": "SCHED_OTHER", "priority": 1}' 'have a priority'
	refused process.scheduler '{"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_FAST"]}' 'process.scheduler.flags[0]'
	refused process.scheduler '{"policy": "SCHED_DEADLINE", "runtime": 10000, "deadline": 5000}' \
		'1024 <= runtime <= deadline <= period'
}
check "wrong scheduling is an error" scheduler_refused

io_priority() {
	new_bundle
	args ioprio
	config set process.ioPriority '{"class": "IOPRIO_CLASS_BE", "priority": 7}'
	run
	expect_output "ioprio: class=2 priority=7"
	config set process.ioPriority '{"class": "IOPRIO_CLASS_IDLE", "priority": 0}'
	run
	expect_output "ioprio: class=3 priority=0"
	config set process.ioPriority '{"class": "IOPRIO_CLASS_RT", "priority": 3}'
	run
	expect_output "ioprio: class=1 priority=3"
	start_pause
	call exec "$id" /init ioprio
	expect_output "ioprio: class=1 priority=3"
	refused process.ioPriority '{"class": "IOPRIO_CLASS_BE", "priority": 8}' 'process.ioPriority.priority'
	refused process.ioPriority '{"class": "IOPRIO_CLASS_NONE", "priority": 0}' 'process.ioPriority.class'
	refused process.ioPriority '{"class": "IOPRIO_CLASS_BE"}' 'required property "priority" is missing'
}
check "ioPriority" io_priority

exec_affinity() {
	[ "$(nproc)" -ge 2 ] || skip "one CPU only"
	new_bundle
	config set process.execCPUAffinity '{"initial": "0", "final": "1"}'
	start_pause
	all=$("$TOOLS/init" affinity)
	exec_process '"execCPUAffinity": {"initial": "0", "final": "1"}' affinity
	expect_output "cpus: 1"
	exec_process '"execCPUAffinity": {"final": "0"}' affinity
	expect_output "cpus: 0"
	# config.md: without "final" it is the container's default
	exec_process '"execCPUAffinity": {"initial": "0"}' affinity
	expect_output "$all"
	exec_process '' affinity
	expect_output "$all"
	call exec "$id" /init affinity
	expect_output "cpus: 1"
	exec_process '"execCPUAffinity": {"final": "1-0"}' affinity
	expect_failure
	expect_error 'execCPUAffinity.final: "1-0" is not a list such as "0-3,7"'
	exec_process '"execCPUAffinity": {"initial": "x"}' affinity
	expect_failure
	expect_error 'execCPUAffinity.initial: "x"'
	exec_process '"execCPUAffinity": {"final": "1000"}' affinity
	expect_failure
	expect_error 'none of these CPUs is online'
}
check "execCPUAffinity" exec_affinity

exec_affinity_not_of_init() {
	[ "$(nproc)" -ge 2 ] || skip "one CPU only"
	new_bundle
	args affinity
	config set process.execCPUAffinity '{"initial": "0", "final": "0"}'
	run
	expect_output "$("$TOOLS/init" affinity)"
}
check "execCPUAffinity is not for the container's first process" exec_affinity_not_of_init

memory_policy() {
	"$TOOLS/init" mempolicy | grep -q ENOSYS && skip "the kernel has no memory policies"
	new_bundle
	args mempolicy
	config set linux.memoryPolicy '{"mode": "MPOL_INTERLEAVE", "nodes": "0"}'
	run
	expect_output "mempolicy: mode=3 flags=0 nodes=0x1"
	config set linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}'
	run
	expect_output "mempolicy: mode=2 flags=0x8000 nodes=0x1"
	config set linux.memoryPolicy '{"mode": "MPOL_DEFAULT"}'
	run
	expect_output "mempolicy: mode=0 flags=0 nodes=0"
	config set linux.memoryPolicy '{"mode": "MPOL_PREFERRED", "nodes": "0"}'
	start_pause
	call exec "$id" /init mempolicy
	expect_output "mempolicy: mode=1 flags=0 nodes=0x1"
	refused linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "1023"}' 'linux.memoryPolicy'
}
check "memoryPolicy" memory_policy

memory_policy_refused() {
	refused linux.memoryPolicy '{"mode": "MPOL_SOMEWHERE"}' 'linux.memoryPolicy.mode'
	refused linux.memoryPolicy '{"nodes": "0"}' 'required property "mode" is missing'
	refused linux.memoryPolicy '{"mode": "MPOL_BIND"}' 'linux.memoryPolicy: the mode needs nodes'
	refused linux.memoryPolicy '{"mode": "MPOL_DEFAULT", "nodes": "0"}' 'linux.memoryPolicy: the mode takes no nodes'
	refused linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "a"}' 'linux.memoryPolicy.nodes'
	refused linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}' \
		'exclude each other'
	refused linux.memoryPolicy '{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_FOO"]}' 'linux.memoryPolicy.flags[0]'
}
check "a wrong memory policy is an error" memory_policy_refused

# ---- personality ----

personality() {
	new_bundle
	args personality -- uname
	config set linux.personality '{"domain": "LINUX32"}'
	run
	expect_line "personality: 0x8"
	case $(uname -m) in x86_64) expect_line "machine: i686" ;; esac
	start_pause
	call exec "$id" /init personality
	expect_output "personality: 0x8"
	ringwall delete --force "$id"
	args personality
	config set linux.personality '{"domain": "LINUX", "flags": []}'
	run_under setarch -R
	expect_output "personality: 0"
	refused linux.personality '{"domain": "SOLARIS"}' 'linux.personality.domain'
	refused linux.personality '{}' 'required property "domain" is missing'
	refused linux.personality '{"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}' 'linux.personality.flags: no flag is supported'
}
check "personality" personality

# ---- the rest ----

console_size_ignored() {
	new_bundle
	config set process.consoleSize '{"height": "tall", "width": -4}'
	args winsize
	run
	expect_status 0
	expect_output "winsize: ENOTTY"
	config del process.terminal
	run
	expect_status 0
}
check "consoleSize is ignored without a terminal" console_size_ignored

label_needs_its_module() {
	grep -qw apparmor /sys/kernel/security/lsm 2>/dev/null ||
		{ [ -r /sys/module/apparmor/parameters/enabled ] &&
			grep -q Y /sys/module/apparmor/parameters/enabled; } && skip "AppArmor is active"
	[ ! -d /sys/fs/selinux/class ] || skip "SELinux is active"
	# engines recognise it by the path in backquotes that ends in /exec
	refused process.apparmorProfile '"some-profile"' '/exec`'
	expect_error 'process.apparmorProfile "some-profile"'
	expect_error 'AppArmor may not be active'
	refused process.selinuxLabel '"system_u:system_r:container_t:s0"' '`/proc/self/attr/exec`'
	expect_error 'SELinux may not be active'
	new_bundle
	config set process.apparmorProfile '"unconfined"'
	config set process.selinuxLabel '""'
	run
	expect_status 0
	start_pause
	call exec --apparmor some-profile "$id" /init true
	expect_failure
	expect_error '/exec`'
}
check "a label whose security module is absent is an error" label_needs_its_module

keyring_name() {
	sed -n 's/^keyring: [0-9]* [^;]*;[^;]*;[^;]*;[^;]*;//p' "$case/out"
}

keyring_serial() {
	sed -n 's/^keyring: \([0-9]*\) .*/\1/p' "$1"
}

keyring() {
	"$TOOLS/init" keyring >"$case/own"
	[ -n "$(keyring_serial "$case/own")" ] || skip "the kernel has no keyrings"
	new_bundle
	args keyring -- pause
	start_container
	wait_until grep -q ^keyring "$case/container.log"
	[ "$(keyring_serial "$case/container.log")" != "$(keyring_serial "$case/own")" ] ||
		fail "the container has the caller's keyring"
	call exec "$id" /init keyring
	expect_equal "$(keyring_name)" "_ses.$id"
	expect_equal "$(keyring_serial "$case/out")" "$(keyring_serial "$case/container.log")"
}
check "a session keyring of its own, which exec joins" keyring

keyring_of_the_caller() {
	"$TOOLS/init" keyring >"$case/own"
	[ -n "$(keyring_serial "$case/own")" ] || skip "the kernel has no keyrings"
	new_bundle
	args keyring -- pause
	start_container --no-new-keyring
	wait_until grep -q ^keyring "$case/container.log"
	expect_equal "$(keyring_serial "$case/container.log")" "$(keyring_serial "$case/own")"
	call exec "$id" /init keyring
	expect_equal "$(keyring_serial "$case/out")" "$(keyring_serial "$case/own")"
}
check "--no-new-keyring leaves the caller's, for exec too" keyring_of_the_caller

finish
