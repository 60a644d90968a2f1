# SPDX-License-Identifier: Apache-2.0
# Attacks that need a process which races or lies in wait; those that do not are in tests/integration/attack.sh.
TESTS += %D%/joined.sh %D%/races.sh
dist_check_SCRIPTS += %D%/joined.sh %D%/races.sh
