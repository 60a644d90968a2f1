# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034
# What the scripts of the test machine share: where its image, its saved states and its running instances are, and how
# QEMU is called.  Sourced; sets $top.
#
#   $vms/KEY/              an image; KEY is the hash of what makes it, so trees with other scripts have other images
#     disk, vmlinuz, initrd, ssh-key, tools/ (QEMU with its libraries, from the image's own packages)
#     saved-ACCEL/         the booted machine: memory, and what its boot has written to the disk
#   $state/                a running instance: one for a source tree, or one for a tests/vm/run

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/setup.sh"

vms=${RINGWALL_VM_DIR:-${XDG_CACHE_HOME:-/var/cache}/ringwall-vm}
suite=${RINGWALL_VM_SUITE:-trixie}
key=$({ cat "$top/tests/vm/build" "$top/tests/vm/lib.sh" "$top/tests/vm/guest/"*; echo "$suite $BUILD_PACKAGES"; } |
	sha256sum | cut -c 1-12)
image=$vms/$key

states=${XDG_RUNTIME_DIR:-/run}/ringwall-vm
state=${RINGWALL_VM_STATE:-$states/$(printf '%s' "$top" | sha256sum | cut -c 1-12)}

# The status of the scripts when the machine at hand, and not the command, is the reason.
VM_FAILED=125

vm_die() {
	echo "error: $*" >&2
	exit "$VM_FAILED"
}

# The image's QEMU runs with its own libraries; its folder names hold no blanks that matter to "set".
loader="$image/tools/lib/loader --library-path $image/tools/lib"
export QEMU_MODULE_DIR="$image/tools/lib"

qemu_img() {
	$loader "$image/tools/bin/qemu-img" "$@"
}

# The virtual processor: one that has virtualization itself.  RDSEED is slow and fails under emulation.
qemu_cpu() {
	case $1 in
	kvm) echo "-accel kvm -cpu host" ;;
	tcg) echo "-accel tcg,thread=multi -cpu EPYC-Rome,+svm,+npt,-rdseed" ;;
	esac
}

# qemu_machine ACCEL DISK FOLDER ARGUMENT...: becomes the machine, so it is called in the background.  Its control channel
# and console are in FOLDER.  A saved state fits no other devices than these.
qemu_machine() {
	accel=$1 disk=$2 folder=$3
	shift 3
	# shellcheck disable=SC2046,SC2086 # words
	exec $loader "$image/tools/bin/qemu-system-x86_64" $(qemu_cpu "$accel") \
		-machine pc -smp 2 -m 2560 -nodefaults -no-user-config -display none -no-reboot \
		-L "$image/tools/share/qemu" -L "$image/tools/share/seabios" \
		-chardev "file,id=qmp,path=$folder/qmp.out,input-path=$folder/qmp.in" -mon chardev=qmp,mode=control \
		-kernel "$image/vmlinuz" -initrd "$image/initrd" -serial "file:$folder/console" \
		-drive "file=$disk,format=qcow2,if=virtio,cache=unsafe" \
		-netdev user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=net,romfile= \
		-device virtio-rng-pci "$@" </dev/null >"$folder/log" 2>&1
}

# qmp FOLDER JSON: a command to the QEMU whose control channel is FOLDER/qmp.in, FOLDER/qmp.out.
qmp() {
	printf '%s\n' "$2" >"$1/qmp.in"
}

# How the memory is saved: each page at its place in the file, by several threads.
qmp_capabilities='{"execute":"migrate-set-capabilities","arguments":{"capabilities":[
	{"capability":"mapped-ram","state":true},{"capability":"multifd","state":true}]}}'

# wait_line FILE PATTERN SECONDS: until FILE has such a line.
wait_line() {
	end=$(($(date +%s) + $3))
	until grep -q "$2" "$1" 2>/dev/null; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# write_ssh FOLDER: asks QEMU for the port of the machine's ssh, and writes FOLDER/ssh, with which "ssh -F FOLDER/ssh USER"
# reaches the machine.  The first opens the connection that the others share.
write_ssh() {
	qmp "$1" '{"execute":"human-monitor-command","arguments":{"command-line":"info usernet"}}'
	wait_line "$1/qmp.out" HOST_FORWARD 30 || return 1
	port=$(sed -n 's/.*TCP\[HOST_FORWARD\] *[0-9]* *127\.0\.0\.1 *\([0-9]*\).*/\1/p' "$1/qmp.out")
	[ -n "$port" ] || return 1
	cat >"$1/ssh" <<SSH
HostName 127.0.0.1
Port $port
IdentityFile $image/ssh-key
IdentitiesOnly yes
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
KexAlgorithms curve25519-sha256
Ciphers aes128-gcm@openssh.com
ServerAliveInterval 60
ControlMaster auto
ControlPersist yes
ControlPath $1/ssh-%r
Host root
User root
Host lab
User lab
SSH
}

probe_kvm() {
	timeout 20 $loader "$image/tools/bin/qemu-system-x86_64" -accel kvm -cpu host -m 256 -nodefaults -display none -no-reboot \
		-L "$image/tools/share/qemu" -L "$image/tools/share/seabios" \
		-kernel "$image/vmlinuz" -initrd "$image/initrd" -serial stdio \
		-append "console=ttyS0 panic=-1 vm-probe" </dev/null
	: # keeps the subshell
}

# vm_accel: "kvm" where it runs a kernel, which an open of /dev/kvm does not tell; else "tcg".  The answer is kept until
# the machine at hand boots again.
vm_accel() {
	if [ -n "${VM_ACCEL:-}" ]; then
		echo "$VM_ACCEL"
		return
	fi
	mkdir -p "$states"
	probe=$states/accel-$(cat /proc/cpuinfo /proc/sys/kernel/osrelease | grep -v MHz | sha256sum | cut -c 1-12)-$key
	if [ ! -s "$probe" ]; then
		accel=tcg
		# QEMU may die on a signal, of which the shell would tell.
		if [ -w /dev/kvm ] && (probe_kvm) 2>/dev/null | grep -q "the test machine runs"; then
			accel=kvm
		fi
		echo "$accel" >"$probe.$$"
		mv "$probe.$$" "$probe"
	fi
	cat "$probe"
}
