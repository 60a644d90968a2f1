// SPDX-License-Identifier: Apache-2.0
/*
 *   exchange A B
 *
 * Exchanges two names as fast as it can until it is killed: what a hostile process does in a volume
 * that a starting container shares (CVE-2021-30465).
 */
#include <fcntl.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	while (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
		continue;
	perror("exchange");
	return 1;
}
