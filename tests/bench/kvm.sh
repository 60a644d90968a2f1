#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times the machine of kvm/ against QEMU's microvm, both with Debian's cloud kernel: from the start of the program to
# the first word of the guest's first process, and the memory besides the guest's.
#
#   tests/bench/kvm.sh [-n RUNS] [FILE...]
#
# It boots the test machine's image (tests/vm) with a processor whose clock counts instructions: a nanosecond is one
# instruction, so a run says the same on every host, within 2 %.  FILEs (other vmlinux) are measured as well.
# Needs a build (make check) and root; takes some minutes.
# shellcheck source-path=SCRIPTDIR source=../vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"
: "${BUILD:=$top/build}"
runs=3
if [ "${1:-}" = -n ]; then
	runs=$2
	shift 2
fi
[ -x "$BUILD/tests/vmboot" ] || vm_die "$BUILD holds no build with its tests: run make check there"
# Its saved state is not needed.
[ -e "$image/made" ] || "$top/tests/vm/build" || exit "$VM_FAILED"
need cpio zstd >&2

work=$(mktemp -d "${TMPDIR:-/tmp}/ringwall-bench.XXXXXX")
qemu=
trap '[ -z "$qemu" ] || { kill "$qemu"; wait "$qemu"; }; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

archive() {
	(cd "$1" && find . | cpio --quiet -o -H newc)
}

mkdir -p "$work/guest" "$work/over/bench"
cc -O2 -static -o "$work/guest/init" "$top/tests/bench/kvm-guest.c" &&
	cc -O2 -static -D_GNU_SOURCE -o "$work/over/bench/kvm-first" "$top/tests/bench/kvm-first.c" ||
	vm_die "the programs of the benchmark do not compile"
archive "$work/guest" >"$work/over/bench/initrd"
cp "$BUILD/tests/vmboot" "$work/over/bench/"
for file; do
	cp "$file" "$work/over/bench/vmlinux-$(basename "$file" | sed 's/^vmlinux-//')" || exit 1
done

# Everything lies in memory; the disk is only looked at once.
cat >"$work/over/init" <<INIT
#!/bin/busybox sh
b=/bin/busybox
\$b mkdir -p /proc /sys /dev /root
\$b mount -t proc proc /proc
\$b mount -t sysfs sysfs /sys
\$b mount -t devtmpfs dev /dev
exec >/dev/ttyS1 2>&1 </dev/null
\$b stty raw -echo </dev/ttyS1
for module in \$(\$b cat /modules); do
	\$b insmod "/lib/\$module"
done
until [ -b /dev/vda ]; do
	\$b sleep 0.1
done
\$b mount -t ext4 /dev/vda /root
for folder in proc sys dev; do
	\$b mount --move /\$folder /root/\$folder
done
\$b mount -t tmpfs tmpfs /root/tmp
\$b mv /bench /root/tmp/bench
\$b chroot /root /bin/sh /tmp/bench/run
echo "status \$?"
\$b poweroff -f
INIT
chmod 755 "$work/over/init"
cat >"$work/over/bench/run" <<RUN
cd /tmp/bench || exit 1
modprobe -q kvm_amd
kernel=\$(ls /boot/vmlinuz-*cloud*)
cp "\$kernel" bzImage
tuned=\$(sed -n 's/^parameters=//p' settings)
runs=$runs
RUN
cat >>"$work/over/bench/run" <<'RUN'
# QEMU and its libraries, warm.
mkdir qemu
for file in $(ldd /usr/bin/qemu-system-x86_64 | sed -n 's|^.* => \(/[^ ]*\) .*|\1|p'); do
	cp -L "$file" qemu/
done
cp /usr/bin/qemu-system-x86_64 /usr/lib/x86_64-linux-gnu/qemu/accel-*.so qemu/ 2>/dev/null
cp -RL /usr/share/qemu /usr/share/seabios qemu/
export LD_LIBRARY_PATH=$PWD/qemu QEMU_MODULE_DIR=$PWD/qemu
# Nearly as it comes (with timer and interrupt controller it does not come to an end here), and without both, which this
# kernel can do without.
usual=microvm,pic=off
least=microvm,pit=off,pic=off,rtc=on,isa-serial=on
microvm() {
	name=$1 board=$2 kernel=$3 parameters=$4
	./kvm-first "$runs" "$name" ./qemu/qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-L qemu/qemu -L qemu/seabios -M "$board" \
		-accel kvm -cpu host -m 256 -smp 1 -kernel "$kernel" -initrd initrd -append "$parameters" -serial stdio
}
own() {
	name=$1
	shift
	./kvm-first "$runs" "$name" ./vmboot -m 256 -i initrd "$@"
}
printf '%-28s %9s %9s %9s %9s %9s\n' '' least median 'KiB RSS' private guest
for kernel in vmlinux-*; do
	label=${kernel#vmlinux-}
	label=${label%-amd64}
	own "vmboot $label" "$kernel"
	own "vmboot 2 CPUs" -c 2 "$kernel"
	own "vmboot, full boot" -f "$kernel"
	microvm "microvm $label" "$usual" "$kernel" "$tuned"
	microvm "microvm, least devices" "$least" "$kernel" "$tuned"
done
own "vmboot bzImage" bzImage
microvm "microvm bzImage" "$usual" bzImage "$tuned"
microvm "microvm bzImage, full boot" "$least" bzImage "console=ttyS0 quiet reboot=k panic=-1"
RUN
# The same command line as ours, with the port that the microvm has.
sed -n '/^#define INITCALLS/,/^$/p' "$top/kvm/boot.c" | tr -d '\n\\' |
	sed 's/.*INITCALLS//; s/"[^"]*"/&\n/g' | sed -n 's/.*"\(.*\)".*/\1/p' | tr -d '\n' >"$work/initcalls"
echo "parameters=console=ttyS0 quiet reboot=k panic=-1 no_timer_check tsc=reliable nowatchdog audit=0" \
	"cryptomgr.notests $(cat "$work/initcalls")" >"$work/over/bench/settings"

# The kernel of the image, decompressed: what kvm/ boots.
kernel=$(debugfs -R 'ls -p /boot' "$image/disk" 2>/dev/null | sed -n 's|^.*/\(vmlinuz-[^/]*cloud[^/]*\)/.*|\1|p' | head -n 1)
debugfs -R "dump /boot/$kernel $work/vmlinuz" "$image/disk" 2>/dev/null
number() {
	od -An -t "u$2" -j "$1" -N "$2" "$work/vmlinuz" | tr -d ' '
}
tail -c "+$((($(number 497 1) + 1) * 512 + $(number 584 4) + 1))" "$work/vmlinuz" | head -c "$(number 588 4)" |
	zstd -qdc 2>/dev/null >"$work/over/bench/vmlinux-${kernel#vmlinuz-}"
[ -s "$work/over/bench/vmlinux-${kernel#vmlinuz-}" ] || vm_die "the image's cloud kernel is not to be decompressed"

{ cat "$image/initrd" && archive "$work/over"; } >"$work/initrd"
# shellcheck disable=SC2086 # words
timeout "${VM_SECONDS:-1800}" $loader "$image/tools/bin/qemu-system-x86_64" \
	-accel tcg,thread=single -icount shift=0,sleep=off -cpu EPYC-Rome,+svm,+npt,-rdseed -smp 1 -m 3072 \
	-machine pc -nodefaults -no-user-config -display none -no-reboot \
	-L "$image/tools/share/qemu" -L "$image/tools/share/seabios" \
	-kernel "$image/vmlinuz" -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1 mitigations=off" \
	-drive "file=$image/disk,format=raw,if=virtio,snapshot=on" -device virtio-rng-pci \
	-serial "file:$work/console" -serial "file:$work/out" </dev/null 2>"$work/log" &
qemu=$!
wait "$qemu"
qemu=
tr -d '\r' <"$work/out" | grep -v '^status'
grep -q '^status 0' "$work/out" || {
	tail -n 20 "$work/console" "$work/log" >&2
	exit 1
}
