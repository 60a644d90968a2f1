#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian's kernels in the machine of kvm/: each that is installed here, cloud and generic, comes to its first process,
# which speaks on the agent's port; one of them does more.  KERNELS names others.
#
# A processor whose virtualization is somebody else's program runs a kernel for hours: then it is skipped.
: "${abs_top_builddir:=$(cd "$(dirname "$0")/../../build" && pwd)}"
tools=$abs_top_builddir/tests
work=$(mktemp -d /tmp/ringwall-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
count=0 status=0

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$work/out" "$work/err"
		status=1
	fi
}

[ -w /dev/kvm ] || skip "no /dev/kvm"
grep -qwE 'svm|vmx' /proc/cpuinfo || skip "/dev/kvm is not the processor's"
: "${KERNELS:=$(ls /boot/vmlinuz-*-amd64 2>/dev/null)}"
[ -n "$KERNELS" ] || skip "no kernel in /boot"

# boot KERNEL DEED OPTION...: status of the machine, output in $work/out, its end in $work/err
boot() {
	kernel=$1 deed=$2
	shift 2
	# An emulated processor does not let KVM see what the guest enables of its state.
	timeout 120 "$tools/vmboot" -v -a "$tools/kvm-init" "$@" \
		-p "${PARAMETERS:-noxsave} test=$deed" "$kernel" <"${input:-/dev/null}" >"$work/out" 2>"$work/err"
}

# expect PATTERN FILE
expect() {
	grep -q "$1" "$work/$2"
}

for kernel in $KERNELS; do
	boot "$kernel" none && expect '^HELLO$' out && expect 'powered off' err
	result $? "boot: $(basename "$kernel")"
	main=$kernel
	case $kernel in *cloud*) cloud=$kernel ;; esac
done
main=${cloud:-$main}

boot "$main" info -c 2 && expect '^cpus 0-1$' out && expect '^clock kvm-clock$' out &&
	expect '^rng virtio_rng' out && expect '^consoles hvc0$' out && expect '^balloon 0x0005$' out
result $? "two vCPUs, kvmclock, entropy, console, balloon"

boot "$main" info -c 4 -m 3328 && expect '^cpus 0-3$' out
result $? "four vCPUs, memory on both sides of the hole"

boot "$main" none -b && expect '^HELLO$' out
result $? "the bzImage itself, by the 64-bit protocol"

boot "$main" bulk && [ "$(wc -c <"$work/out")" -eq $((6 + 256 * 65536)) ]
result $? "16 MiB over the port"

{
	seq 100
	echo end
} >"$work/lines"
input=$work/lines
boot "$main" echo -P && { echo HELLO && cat "$work/lines"; } | cmp -s - "$work/out"
result $? "lines to the guest and back, with a pause after each byte"
input=

boot "$main" memory -m 512 && given=$(sed -n 's/.* \([0-9]*\) KiB given back.*/\1/p' "$work/err") && [ "$given" -gt 120000 ]
result $? "free memory goes back to the host"

boot "$main" panic
[ $? = 2 ] && expect 'kernel panic: Kernel panic - not syncing: sysrq' err
result $? "a panic is told with its message"

boot "$main" reset && expect 'reset: the guest reset the machine' err
result $? "a reset"

boot "$main" none -m 64
[ $? = 1 ] && expect 'does\? not fit into the guest' err
result $? "a guest that is too small for its kernel"

echo "1..$count"
exit "$status"
