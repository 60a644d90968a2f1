# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/load.sh
dist_check_SCRIPTS += %D%/load.sh
