// SPDX-License-Identifier: Apache-2.0
/*
 * Signals by name, as kill's argument and images' stop signals give them.
 *
 * Real-time signals are counted as engines count them: RTMIN is 34 (the two below are libc's own)
 * and RTMAX is 64, whatever libc this program was linked with.
 */
#include "oci/spec.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "oci/json.h"

#define RT_MIN 34
#define RT_MAX 64

/* clang-format off */
#define ROW(name) { #name, name }

DEFINE_NAMES(signal_names, "signal",
	ROW(SIGHUP),
	ROW(SIGINT),
	ROW(SIGQUIT),
	ROW(SIGILL),
	ROW(SIGTRAP),
	ROW(SIGABRT),
	ROW(SIGBUS),
	ROW(SIGFPE),
	ROW(SIGKILL),
	ROW(SIGUSR1),
	ROW(SIGSEGV),
	ROW(SIGUSR2),
	ROW(SIGPIPE),
	ROW(SIGALRM),
	ROW(SIGTERM),
	ROW(SIGSTKFLT),
	ROW(SIGCHLD),
	ROW(SIGCONT),
	ROW(SIGSTOP),
	ROW(SIGTSTP),
	ROW(SIGTTIN),
	ROW(SIGTTOU),
	ROW(SIGURG),
	ROW(SIGXCPU),
	ROW(SIGXFSZ),
	ROW(SIGVTALRM),
	ROW(SIGPROF),
	ROW(SIGWINCH),
	ROW(SIGIO),
	ROW(SIGPWR),
	ROW(SIGSYS),
	{ "SIGIOT", SIGABRT },
	{ "SIGCLD", SIGCHLD },
	{ "SIGPOLL", SIGIO },
	{ "SIGUNUSED", SIGSYS });
/* clang-format on */

/* "RTMIN", "RTMIN+3", "RTMAX-2"; 0 for anything else. */
static int real_time(const char *name)
{
	bool from_max = strncasecmp(name, "RTMAX", 5) == 0;
	uint64_t distance = 0;

	if (!from_max && strncasecmp(name, "RTMIN", 5) != 0)
		return 0;
	name += 5;
	if (*name &&
		(*name != (from_max ? '-' : '+') ||
			num_u64(name + 1, RT_MAX - RT_MIN, &distance) < 0))
		return 0;
	return from_max ? RT_MAX - (int)distance : RT_MIN + (int)distance;
}

static int by_name(const char *text)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

	for (size_t i = 0; i < signal_names.count; i++)
		if (strcasecmp(signal_names.rows[i].name + 3, name) == 0)
			return (int)signal_names.rows[i].value;
	return real_time(name);
}

int signal_parse(const char *text, int *out_signal, struct err *err)
{
	char shown[64];
	uint64_t number;
	int sig;

	if (num_u64(text, RT_MAX, &number) == 0)
		sig = (int)number;
	else
		sig = by_name(text);
	if (sig > 0) {
		*out_signal = sig;
		return 0;
	}
	err_bad(err, ERR_USAGE, "unknown signal \"%s\"",
		json_printable(text, shown, sizeof(shown)));
	err_hint(err, "give a name such as TERM or SIGRTMIN+3, or a number from 1 to %d", RT_MAX);
	return err_result(err);
}
