#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A guest of our own in the machine of kvm/, on this host's /dev/kvm.
tests=${abs_top_builddir:?}/tests
exec timeout 300 "$tests/kvm-machine" "$tests/kvm-guest" </dev/null
