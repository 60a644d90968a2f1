# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash completion for ringwall, made by: ringwall dump-tables bash

_ringwall_commands=" create start run exec kill delete state list ps pause resume update events spec features kvm help"
_ringwall_with_id=" start exec kill delete state ps pause resume update events"

# the options of command $1, of the program for ""
_ringwall_options() {
	case $1 in
	"") echo " --root --log --log-format --log-level --debug --cgroup-manager --systemd-cgroup --rootless --isolation --kernel --version -v --help -h --usage" ;;
	create) echo " --bundle -b --config -f --console-socket --pidfd-socket --pid-file --isolation --no-pivot --no-new-keyring --preserve-fds --no-subreaper --detach -d --help -h --usage" ;;
	start) echo " --help -h --usage" ;;
	run) echo " --bundle -b --config -f --console-socket --pidfd-socket --pid-file --isolation --no-pivot --no-new-keyring --preserve-fds --no-subreaper --detach -d --sdnotify --keep --help -h --usage" ;;
	exec) echo " --process -p --tty -t --user -u --additional-gids -g --cwd --env -e --cap -c --no-new-privs --apparmor --process-label --cgroup --detach -d --pid-file --console-socket --pidfd-socket --preserve-fds --ignore-paused --help -h --usage" ;;
	kill) echo " --all -a --regex -r --help -h --usage" ;;
	delete) echo " --force -f --strict --regex -r --help -h --usage" ;;
	state) echo " --help -h --usage" ;;
	list) echo " --format -f --quiet -q --help -h --usage" ;;
	ps) echo " --format -f --help -h --usage" ;;
	pause) echo " --help -h --usage" ;;
	resume) echo " --help -h --usage" ;;
	update) echo " --resources -r --memory --memory-reservation --memory-swap --kernel-memory --kernel-memory-tcp --cpu-share --cpu-quota --cpu-period --cpu-burst --cpu-rt-runtime --cpu-rt-period --cpu-idle --cpuset-cpus --cpuset-mems --pids-limit --blkio-weight --memory-high --memory-min --memory-oom-group --memory-zswap-max --memory-reclaim --unified --help -h --usage" ;;
	events) echo " --stats --interval --help -h --usage" ;;
	spec) echo " --bundle -b --file -f --rootless --help -h --usage" ;;
	features) echo " --help -h --usage" ;;
	kvm) echo " --kernel -k --cache --force -f --quiet -q --help -h --usage" ;;
	help) echo " --help -h --usage" ;;
	esac
}

# what to offer for the argument of "command option"; nothing for a flag
_ringwall_argument() {
	case $1 in
	" --root") echo "directories" ;;
	" --log") echo "files" ;;
	" --log-format") echo "words text json" ;;
	" --log-level") echo "words error warning info debug" ;;
	" --cgroup-manager") echo "words cgroupfs systemd disabled" ;;
	" --rootless") echo "words true false auto" ;;
	" --isolation") echo "words native kvm" ;;
	" --kernel") echo "files" ;;
	"create --bundle" | "create -b") echo "directories" ;;
	"create --config" | "create -f") echo "files" ;;
	"create --console-socket") echo "files" ;;
	"create --pidfd-socket") echo "files" ;;
	"create --pid-file") echo "files" ;;
	"create --isolation") echo "words native kvm" ;;
	"create --preserve-fds") echo "nothing" ;;
	"run --bundle" | "run -b") echo "directories" ;;
	"run --config" | "run -f") echo "files" ;;
	"run --console-socket") echo "files" ;;
	"run --pidfd-socket") echo "files" ;;
	"run --pid-file") echo "files" ;;
	"run --isolation") echo "words native kvm" ;;
	"run --preserve-fds") echo "nothing" ;;
	"run --sdnotify") echo "words container runtime" ;;
	"exec --process" | "exec -p") echo "files" ;;
	"exec --user" | "exec -u") echo "nothing" ;;
	"exec --additional-gids" | "exec -g") echo "nothing" ;;
	"exec --cwd") echo "nothing" ;;
	"exec --env" | "exec -e") echo "nothing" ;;
	"exec --cap" | "exec -c") echo "nothing" ;;
	"exec --apparmor") echo "nothing" ;;
	"exec --process-label") echo "nothing" ;;
	"exec --cgroup") echo "nothing" ;;
	"exec --pid-file") echo "files" ;;
	"exec --console-socket") echo "files" ;;
	"exec --pidfd-socket") echo "files" ;;
	"exec --preserve-fds") echo "nothing" ;;
	"list --format" | "list -f") echo "words table json" ;;
	"ps --format" | "ps -f") echo "words table json" ;;
	"update --resources" | "update -r") echo "files" ;;
	"update --memory") echo "nothing" ;;
	"update --memory-reservation") echo "nothing" ;;
	"update --memory-swap") echo "nothing" ;;
	"update --kernel-memory") echo "nothing" ;;
	"update --kernel-memory-tcp") echo "nothing" ;;
	"update --cpu-share") echo "nothing" ;;
	"update --cpu-quota") echo "nothing" ;;
	"update --cpu-period") echo "nothing" ;;
	"update --cpu-burst") echo "nothing" ;;
	"update --cpu-rt-runtime") echo "nothing" ;;
	"update --cpu-rt-period") echo "nothing" ;;
	"update --cpu-idle") echo "words 0 1" ;;
	"update --cpuset-cpus") echo "nothing" ;;
	"update --cpuset-mems") echo "nothing" ;;
	"update --pids-limit") echo "nothing" ;;
	"update --blkio-weight") echo "nothing" ;;
	"update --memory-high") echo "nothing" ;;
	"update --memory-min") echo "nothing" ;;
	"update --memory-oom-group") echo "words 0 1" ;;
	"update --memory-zswap-max") echo "nothing" ;;
	"update --memory-reclaim") echo "nothing" ;;
	"update --unified") echo "nothing" ;;
	"events --interval") echo "nothing" ;;
	"spec --bundle" | "spec -b") echo "directories" ;;
	"spec --file" | "spec -f") echo "files" ;;
	"kvm --kernel" | "kvm -k") echo "files" ;;
	"kvm --cache") echo "directories" ;;
	esac
}

_ringwall() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' root=() offer='' i word ids=0

	COMPREPLY=()
	# "--name=value" comes as three words
	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -* ]]; then
			offer=$(_ringwall_argument "$verb $word")
			if [[ -n $offer ]]; then
				[[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
				((i++))
				[[ $word == --root ]] && root=(--root "${COMP_WORDS[i]}")
			fi
		elif [[ -z $verb ]]; then
			verb=$word
		else
			ids=1
		fi
	done
	offer=$(_ringwall_argument "$verb $prev")
	case $offer in
	nothing) return ;;
	files) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	directories) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	words*) mapfile -t COMPREPLY < <(compgen -W "${offer#words }" -- "$cur") ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_ringwall_options "$verb")" -- "$cur")
		elif [[ -z $verb || $verb == help ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$_ringwall_commands" -- "$cur")
		elif [[ $ids == 0 && " $_ringwall_with_id " == *" $verb "* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(ringwall "${root[@]}" list -q 2>/dev/null)" -- "$cur")
		fi
		;;
	esac
}

complete -F _ringwall ringwall
