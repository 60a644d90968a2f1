// SPDX-License-Identifier: Apache-2.0
/*
 * The LSM labels that the next execve takes on: process.apparmorProfile, process.selinuxLabel; or the
 * process itself, for one that executes nothing (a machine's).
 *
 * A label that cannot be set is an error (security rule R12), except "unconfined" where there is no
 * AppArmor.  Labels are written through a private procfs (R4: CVE-2019-16884, CVE-2025-52881) and
 * read back.  Engines recognise the failure by the path in backquotes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/procfs.h"
#include "runtime/process/internal.h"

#define LABEL_MAX 4096

/* When a label comes into force: the files, and AppArmor's word for it. */
struct moment {
	const char *file;
	const char *apparmor_file; /* since Linux 5.8 */
	const char *apparmor_verb;
};

static const struct moment at_exec = { "self/attr/exec", "self/attr/apparmor/exec", "exec" };
static const struct moment at_once = { "self/attr/current", "self/attr/apparmor/current",
	"changeprofile" };

/* Whether @text, as read, is the profile @name: "name (enforce)\n", "unconfined\n". */
static bool profile_is(const char *text, const char *name)
{
	size_t len = strlen(name);

	/* A stack or a namespace is printed in the kernel's own order and view. */
	if (strstr(name, "//&") || name[0] == ':' || name[0] == '&')
		return text[0] != '\0' && text[0] != '\n';
	return strncmp(text, name, len) == 0 &&
		(text[len] == '\0' || text[len] == '\n' || text[len] == ' ');
}

static bool label_is(const char *text, const char *label)
{
	size_t len = strlen(label);

	return strncmp(text, label, len) == 0 && (text[len] == '\0' || text[len] == '\n');
}

static int read_back(int procfd, const char *file, const char *label,
	bool (*is)(const char *text, const char *label), struct err *err)
{
	auto_free char *text = NULL;
	int r = procfs_read(procfd, file, LABEL_MAX, &text, err);

	if (r < 0)
		return r;
	if (!is(text, label))
		return err_bad_errno(err, ERR_OTHER, EACCES,
			"`/proc/%s` reads back as \"%s\" instead of \"%s\": permission denied",
			file, text, label);
	return 0;
}

/* The kernel says EINVAL when no security module takes the attribute. */
static int refused(struct err *err, const char *property, const char *label, const char *module)
{
	if (err->num == EINVAL || err->num == ENOENT)
		err_hint(err, "%s may not be active on this host, or does not know this label",
			module);
	return err_in(err, "%s \"%s\"", property, label);
}

static const char *apparmor_file(int procfd, const struct moment *when)
{
	struct err lost;
	auto_close int fd = procfs_file(procfd, when->apparmor_file, O_PATH, &lost);

	return fd >= 0 ? when->apparmor_file : when->file;
}

/* True when AppArmor is there: its file answers reads. */
static bool apparmor_active(int procfd, const char *file)
{
	auto_free char *text = NULL;
	struct err lost;

	return procfs_read(procfd, file, LABEL_MAX, &text, &lost) == 0;
}

static int apparmor_apply(
	const char *profile, const struct moment *when, int procfd, struct err *err)
{
	const char *file = apparmor_file(procfd, when);
	char command[LABEL_MAX];
	int r;

	if (strcmp(profile, "unconfined") == 0 && !apparmor_active(procfd, file))
		return 0;
	if (snprintf(command, sizeof(command), "%s %s", when->apparmor_verb, profile) >=
		(int)sizeof(command))
		return err_bad(err, ERR_CONFIG, "process.apparmorProfile: too long");
	r = procfs_write(procfd, file, command, err);
	if (r == 0)
		r = read_back(procfd, file, profile, profile_is, err);
	return r < 0 ? refused(err, "process.apparmorProfile", profile, "AppArmor") : 0;
}

static int selinux_apply(const char *label, const struct moment *when, int procfd, struct err *err)
{
	int r = procfs_write(procfd, when->file, label, err);

	if (r == 0)
		r = read_back(procfd, when->file, label, label_is, err);
	return r < 0 ? refused(err, "process.selinuxLabel", label, "SELinux") : 0;
}

static int apply(
	const struct spec_process *process, const struct moment *when, int procfd, struct err *err)
{
	const char *profile = process->apparmor_profile;
	const char *label = process->selinux_label;
	int r = 0;

	if (label && *label)
		r = selinux_apply(label, when, procfd, err);
	if (r == 0 && profile && *profile)
		r = apparmor_apply(profile, when, procfd, err);
	return r;
}

int labels_apply(const struct process_plan *plan, int procfd, struct err *err)
{
	return apply(plan->process, &at_exec, procfd, err);
}

/* What cannot be had is told as for any other container, by the file that engines look for. */
int process_label_self(const struct spec_process *process, int procfd, struct err *err)
{
	int r = apply(process, &at_exec, procfd, err);

	return r == 0 ? apply(process, &at_once, procfd, err) : r;
}
