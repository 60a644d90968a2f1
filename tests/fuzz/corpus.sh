#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Plays the corpus of each fuzz target back: what was found once stays found.  TAP.
set -u
: "${abs_top_builddir:=$(cd "$(dirname "$0")/../../build" && pwd)}"
corpora=$(cd "$(dirname "$0")/corpus" && pwd)
count=0 status=0

for folder in "$corpora"/*/; do
	name=$(basename "$folder")
	program=$abs_top_builddir/tests/fuzz-$name
	count=$((count + 1))
	if [ ! -x "$program" ]; then
		echo "ok $count - $name # SKIP the target is not built"
	elif output=$(timeout 120 "$program" -runs=0 "$folder" 2>&1 </dev/null); then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "$output" | tail -n 40 | sed 's/^/# /'
		status=1
	fi
done
echo "1..$count"
exit "$status"
