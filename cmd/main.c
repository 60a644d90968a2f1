// SPDX-License-Identifier: Apache-2.0
/* The program: what the process inherited is put in order, then the command line runs. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/descriptors.h"
#include "runtime/guest/guest.h"

/*
 * SIGCHLD ignored by the caller would make waiting for our children fail.  A hook or a reader that
 * goes away must be an error (EPIPE) that is cleaned up after, not our end half-way: SIGPIPE is
 * ignored here and set back to its default in every process that we start.
 */
static int reset_signals(struct err *err)
{
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_sys(err, errno, "sigaction");
	return 0;
}

int main(int argc, char **argv)
{
	struct err err;

	(void)argc;
	if (guest_is_init(argv))
		guest_main();
	if (descriptors_open_stdio(&err) < 0 || reset_signals(&err) < 0) {
		log_error(&err);
		return EXIT_FAILED;
	}
	return cli_main(argv);
}
