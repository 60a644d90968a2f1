#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every shell script passes shellcheck.

# shellcheck disable=SC1091 # the checks lie beside each other
. "$(dirname "$0")/lib.sh"

if ! command -v shellcheck >/dev/null 2>&1; then
	lacks "shellcheck is not installed"
fi

# make runs tests by their names.
idle=$(find tests -name '*.sh' -type f ! -perm -u+x -exec grep -l '^#!' '{}' +)
if [ -n "$idle" ]; then
	echo "shell: not executable: $idle"
	exit 1
fi

# shellcheck disable=SC2046 # names of our scripts hold no blanks
shellcheck -x -S warning quickstart runtests tests/analysis/run tests/fuzz/run \
	$(find tests/vm -type f ! -name '*.sh' | sort) $(find tests -name '*.sh' -type f | sort)
