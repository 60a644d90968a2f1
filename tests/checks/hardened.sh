#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The built program is hardened as docs/security.md says: looked up in the file itself and in what the
# compiler has recorded of how each of our files was compiled.

# shellcheck disable=SC1091 # the checks lie beside each other
. "$(dirname "$0")/lib.sh"

: "${abs_top_builddir:=$PWD/build}"
program=${RINGWALL:-$abs_top_builddir/ringwall}
status=0

missing() {
	echo "hardened: $program: $1"
	status=1
}

# expect TEXT WHAT [OPTION...]: readelf with these options says so
expect() {
	text=$1 what=$2
	shift 2
	readelf -W "$@" "$program" | grep -q -- "$text" || missing "$what"
}

refuse() {
	text=$1 what=$2
	shift 2
	! readelf -W "$@" "$program" | grep -q -- "$text" || missing "$what"
}

command -v readelf >/dev/null 2>&1 || {
	lacks "readelf is not installed"
}
if readelf -sW "$program" | grep -q __asan_init; then
	lacks "a build with sanitizers is another program"
fi

expect 'DYN (Position-Independent Executable' "it has a fixed address (PIE)" -h
expect GNU_RELRO "relocations stay writable (RELRO)" -l
expect 'BIND_NOW\|Flags:.* NOW' "relocations are made late (-z now)" -d
expect 'GNU_STACK .* RW  ' "the stack is executable" -l
refuse 'LOAD .* RWE' "a segment is writable and executable" -l
refuse 'TEXTREL' "code is relocated" -d
refuse 'RPATH\|RUNPATH' "it has a search path for libraries" -d
expect '__stack_chk_fail' "no stack protector" -s
expect '__[a-z]*printf_chk' "no checked functions (FORTIFY)" -s
# The tests' own build of the program (tests/kvm/backdoor.c) is another one.
! grep -q -e BACKDOOR -e "TAKEN OVER" "$program" || missing "it has the tests' back door"
# The default of configure; with --disable-static-program an interpreter is right.
if grep -q "PROGRAM_LDFLAGS = .*-static-pie" "$abs_top_builddir/Makefile"; then
	refuse INTERP "it loads an interpreter, and so could an image's library be loaded (R6)" -l
	refuse NEEDED "it loads shared libraries" -d
fi

# flags: what each of our C files must have been compiled with
flags="-fPIE -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing
	-fno-delete-null-pointer-checks"
case $(uname -m) in x86_64) flags="$flags -fcf-protection=full" ;; esac
unrecorded=
for library in base oci cgroups namespaces rootfs kvm runtime cmd; do
	file=$abs_top_builddir/lib$library.a
	[ -f "$file" ] || continue
	producers=$(readelf --debug-dump=info "$file" 2>/dev/null | sed -n 's/.*DW_AT_producer.*: GNU C/GNU C/p')
	[ -n "$producers" ] || {
		unrecorded="lib$library.a does not record how its files were compiled: it takes gcc, and -g"
		continue
	}
	for flag in $flags; do
		! echo "$producers" | grep -qv -- "$flag" || missing "a file of $library/ lacks $flag"
	done
	# Known to the compilers that configure says take it:
	flag=-ftrivial-auto-var-init=zero
	! grep -q -- "^AM_CFLAGS.*$flag\|^BASE_CFLAGS.*$flag" "$abs_top_builddir/Makefile" ||
		! echo "$producers" | grep -qv -- "$flag" || missing "a file of $library/ lacks $flag"
done
# gcc can do level 3 since 12, clang since 9.
fortify=3
version=$(sed -n 's/^CC = //p' "$abs_top_builddir/Makefile" | xargs -I CC sh -c 'CC -dumpfullversion 2>/dev/null')
[ -z "$version" ] || [ "${version%%.*}" -ge 12 ] || fortify=2
for flag in "-D_FORTIFY_SOURCE=$fortify" -Wl,-z,relro,-z,now; do
	grep -q -- "$flag" "$abs_top_builddir/Makefile" || missing "the build lacks $flag"
done

# Half a look is none.
if [ -n "$unrecorded" ]; then
	[ -z "${TESTS_MUST_RUN:-}" ] || missing "$unrecorded"
	[ "$status" != 0 ] || lacks "$unrecorded"
fi
exit "$status"
