// SPDX-License-Identifier: Apache-2.0
/*
 * The child's surroundings: session, keyring, personality, memory policy, umask, signals.
 * Runs before the child has a terminal, and before anything is known to be the container's user's.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "runtime/process/internal.h"

/* The caller's terminal must not be the container's (security rule R16). */
static int session_new(struct err *err)
{
	if (setsid() < 0 && getsid(0) != getpid())
		return err_sys(err, errno, "setsid");
	return 0;
}

/* As the kernel makes it (KEY_POS_ALL, KEY_USR_VIEW, _READ, _LINK), and KEY_USR_SEARCH: without
 * it nobody who does not possess the keyring yet finds it by its name. */
#define KEYRING_PERMISSIONS 0x3f1b0000u

/*
 * The caller's keys must not be the container's.  The name is runc's, so that a second process of
 * the container joins the same one.  Where keyrings are missing, forbidden or used up (a user may
 * have 200) the start goes on with the caller's, as with --no-new-keyring.
 */
static void keyring_join(const char *id)
{
	char name[1100];
	int r;

	snprintf(name, sizeof(name), "_ses.%s", id);
	r = sys_keyctl_join_session(name);
	if (r >= 0)
		r = sys_keyctl_setperm(r, KEYRING_PERMISSIONS);
	if (r < 0)
		log_debug("keyctl: join the session keyring \"%s\": %s", name, err_text(-r));
}

static int personality_set(const struct spec *spec, struct err *err)
{
	const struct spec_personality *wanted = spec->linux_->personality;

	if (wanted && personality(wanted->domain) < 0)
		return err_sys(err, errno, "personality to linux.personality");
	return 0;
}

void process_reset_signals(void)
{
	sigset_t none;

	/* Refused for SIGKILL and SIGSTOP, which nobody can have ignored. */
	for (int sig = 1; sig < _NSIG; sig++)
		sys_signal_default(sig);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

int process_prepare(const struct process_plan *plan, const char *id, struct err *err)
{
	int r = session_new(err);

	if (r < 0)
		return r;
	if (plan->new_session_keyring)
		keyring_join(id);
	r = personality_set(plan->spec, err);
	if (r == 0)
		r = schedule_apply_inside(plan, err);
	if (r < 0)
		return r;
	umask(plan->umask);
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_PDEATHSIG");
	process_reset_signals();
	return 0;
}

int process_before_clone(struct process_plan *plan, int procfd, struct err *err)
{
	int r = schedule_before_clone(plan, err);

	return r < 0 ? r : oom_score_before_clone(plan, procfd, err);
}

void process_after_clone(struct process_plan *plan, int procfd)
{
	oom_score_after_clone(plan, procfd);
}

int process_apply_outside(const struct process_plan *plan, pid_t pid, struct err *err)
{
	int r = limits_apply_outside(plan, pid, err);

	return r < 0 ? r : schedule_apply_outside(plan, pid, err);
}
