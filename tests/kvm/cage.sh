#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Attacks from inside the caged threads of a machine, on this host's /dev/kvm.
tests=${abs_top_builddir:?}/tests
exec timeout 300 "$tests/kvm-cage" "$tests/kvm-guest" </dev/null
