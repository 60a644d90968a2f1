# SPDX-License-Identifier: Apache-2.0
# Shared by the checks: goes to the root of the sources, and says which files they are.  Sourced, not run.
# shellcheck shell=sh

# Byte-wise everywhere: sorting and awk's substr() must not depend on the caller's locale.
LC_ALL=C
export LC_ALL

# The files themselves: a build directory may hold links to them only, which find and git take for nothing to check.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
[ -f cmd/main.c ] && [ ! -L cmd/main.c ] || {
	echo "not ok 1 - $(basename "$0" .sh): no sources in $PWD"
	echo 1..1
	exit 1
}

# program_folders: the program's folders; build directories below the root are none of them.
program_folders() {
	echo base oci cgroups namespaces rootfs kvm runtime cmd
}

# sources SUFFIX FOLDER...: the files of these folders with that suffix, sorted.
sources() {
	suffix=$1
	shift
	for folder; do
		find "$folder" -name "*.$suffix" -type f
	done | sort
}

# lacks WHAT: ends a check as skipped
lacks() {
	why=$1
	exit 77
}

# The checks are tests too: a result in TAP for the test driver.
report() {
	status=$?
	case $status in
	0) echo "ok 1 - $(basename "$0" .sh)" ;;
	77) echo "ok 1 - $(basename "$0" .sh) # SKIP $why" ;;
	*) echo "not ok 1 - $(basename "$0" .sh)" ;;
	esac
	echo 1..1
	[ "$status" != 77 ] || exit 0
}
trap report EXIT
