#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What programs do to a file system (posix.c) comes out the same natively and in a guest, over a shared tree of
# each kind.  Wants root, and a machine whose /dev/kvm runs a kernel of the distribution that is installed on it.
tests=${abs_top_builddir:?}/tests
ringwall=${RINGWALL:-$abs_top_builddir/ringwall}

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "not root"
[ -c /dev/kvm ] || skip "there is no /dev/kvm"
"$ringwall" kvm prepare --quiet >/dev/null 2>&1 || skip "no kernel for a guest: $("$ringwall" kvm prepare --quiet 2>&1 | head -n 1)"
kernel=$("$ringwall" kvm prepare | sed -n 's/^kernel *//p')

work=$(mktemp -d) || exit 1
trap 'umount "$work/native" "$work/shared" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# fill FOLDER: an empty tmpfs there, with the program.
fill() {
	mkdir -p "$work/$1"
	umount "$work/$1" 2>/dev/null
	mount -t tmpfs test "$work/$1" || exit 1
	chmod 755 "$work/$1"
	mkdir "$work/$1/bin" "$work/$1/work" "$work/$1/proc" "$work/$1/sys" "$work/$1/dev"
	cp "$tests/kvm-posix" "$work/$1/bin/posix"
}

number=0
# same NAME OPTIONS: in a guest whose root is shared with these options
same() {
	number=$((number + 1))
	fill shared
	timeout 900 "$tests/vmboot" -v -a "$tests/kvm-share" -d "root=$work/shared$2" -p RUN=/bin/posix_/work_60 \
		"$kernel" </dev/null >"$work/out" 2>"$work/err"
	grep -v '^share: ended with 0' "$work/out" >"$work/guest"
	if diff "$work/expected" "$work/guest" >"$work/diff"; then
		echo "ok $number - $1"
	else
		sed 's/^/# /' "$work/diff" "$work/err"
		echo "not ok $number - $1"
	fi
}

chmod 755 "$work"
fill native
# In a mount namespace of its own, with a /proc as the guest has it.
# shellcheck disable=SC2016 # for the inner shell
unshare -m sh -c 'mount -t proc proc "$1/proc" && exec chroot "$1" /bin/posix /work 60' sh "$work/native" \
	>"$work/expected" 2>&1 </dev/null || {
	echo "Bail out! natively it fails: $(tail -n 1 "$work/expected")"
	exit 1
}
echo 1..3
same "a shared tree" ""
same "a private tree" ",private"
same "a shared tree with the host's locks" ",locks"
