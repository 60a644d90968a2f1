#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian's kernels as the guest's of --isolation kvm: each that is installed here, or those that KERNELS names, runs a
# container with its modules, by --kernel, and by the bundle with parameters of its own.  A kernel that was only unpacked
# (dpkg -x, and depmod -b) is named by its path: its modules are looked for beside /boot, in ../lib/modules.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
: "${WAIT_SECONDS:=90}"
. "$(dirname "$0")/lib.sh"
all_need_root
{ [ -w /dev/kvm ] && grep -qwE 'svm|vmx' /proc/cpuinfo; } || {
	echo "1..0 # SKIP no /dev/kvm of the processor's own"
	exit 0
}
: "${KERNELS:=$(ls /boot/vmlinuz-*-amd64 /usr/lib/modules/*/vmlinuz 2>/dev/null)}"
[ -n "$KERNELS" ] || {
	echo "1..0 # SKIP there is no kernel in /boot or /usr/lib/modules"
	exit 0
}

# run_kernel OPTION...
run_kernel() {
	status=0
	ringwall --isolation=kvm "$@" run --bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
}

# release_of KERNEL: as the image tells it
release_of() {
	file -b "$1" | sed -n 's/.*, version \([^ ]*\) .*/\1/p'
}

one_kernel() {
	new_bundle
	mkdir volume
	echo from the host >volume/file
	add_mount /volume bind "$case/volume" rbind
	args cat /proc/sys/kernel/osrelease /volume/file /proc/modules -- exit 7
	run_kernel --kernel "$kernel"
	expect_status 7
	expect_equal "$(head -n 1 "$case/out")" "$(release_of "$kernel")"
	expect_line "from the host"
	for module in virtio_net virtio_balloon virtio_rng overlay; do
		grep -q "^$module " "$case/out" || fail "no $module"
	done
	# The bundle's own choice comes first.
	config set vm "{\"kernel\": {\"path\": \"$kernel\", \"parameters\": [\"ringwall.test=1\"]}}"
	config set linux.maskedPaths '[]'
	args cat /proc/sys/kernel/osrelease /proc/cmdline
	run_kernel --kernel /nosuch
	expect_status 0
	expect_equal "$(head -n 1 "$case/out")" "$(release_of "$kernel")"
	grep -q 'ringwall\.test=1' "$case/out" || fail "the parameter is missing"
}

for kernel in $KERNELS; do
	check "$(basename "$(dirname "$kernel")")/$(basename "$kernel")" one_kernel
done
finish
