#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Each header compiles alone (twice, for its guard), and each source file begins with its licence.

# shellcheck disable=SC1091 # the checks lie beside each other
. "$(dirname "$0")/lib.sh"

cc=${CC:-cc}
status=0

# shellcheck disable=SC2046 # names of our files and folders hold no blanks
for file in $(sources '[ch]' $(program_folders) tests) $(sources sh tests contrib) \
	$(sources awk tests) $(sources mk $(program_folders) tests) Makefile.am configure.ac; do
	[ -f "$file" ] || continue
	if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2\.0'; then
		echo "$file:1: no SPDX-License-Identifier: Apache-2.0 in the first two lines"
		status=1
	fi
done

# shellcheck disable=SC2086 # CC may carry options
if ! echo 'int x;' | $cc -x c -fsyntax-only - 2>/dev/null; then
	echo "headers: no C compiler ($cc): set CC"
	[ "$status" -ne 0 ] || status=77
	exit "$status"
fi
# The libraries' headers, where they are not in the compiler's own path.
flags=$(pkg-config --cflags libnl-3.0 yajl libseccomp libcap 2>/dev/null)

# shellcheck disable=SC2046,SC2086
for header in $(sources h $(program_folders) tests); do
	if ! printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		$cc -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. $flags -Wall -Wextra -Werror \
			-x c -fsyntax-only -; then
		echo "$header: does not compile alone"
		status=1
	fi
done

exit "$status"
