#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The checked-in .clang-format is binding.  Needs clang-format 14 or later (CLANG_FORMAT names another).

# shellcheck disable=SC1091 # the checks lie beside each other
. "$(dirname "$0")/lib.sh"

tool=${CLANG_FORMAT:-clang-format}
if ! command -v "$tool" >/dev/null 2>&1; then
	lacks "$tool is not installed (Debian, Fedora: clang-format, clang-tools-extra)"
fi
if [ ! -f .clang-format ]; then
	echo "format: no .clang-format in $PWD"
	exit 1
fi

# The files under version control; in a tarball, those of the folders.
files=$(git ls-files '*.c' '*.h' 2>/dev/null)
if [ -z "$files" ]; then
	# shellcheck disable=SC2046 # names of our folders hold no blanks
	files=$(sources '[ch]' $(program_folders) tests)
fi

# shellcheck disable=SC2086 # nor do those of our files
"$tool" --dry-run -Werror --style=file $files
