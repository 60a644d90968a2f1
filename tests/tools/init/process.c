// SPDX-License-Identifier: Apache-2.0
/* Verbs about the process itself: identity, credentials, limits, environment. */
#include "init.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int verb_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int verb_exit(int argc, char **argv)
{
	(void)argc;
	fflush(stdout);
	_exit((int)number(argv[1]));
}

static int print_words(FILE *f, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		fprintf(f, "%s%s", i > 1 ? " " : "", argv[i]);
	fprintf(f, "\n");
	return 0;
}

static int verb_echo(int argc, char **argv)
{
	return print_words(stdout, argc, argv);
}

static int verb_stderr(int argc, char **argv)
{
	return print_words(stderr, argc, argv);
}

static int verb_env(int argc, char **argv)
{
	if (argc > 1) {
		const char *value = getenv(argv[1]);

		printf("%s%s%s\n", argv[1], value ? "=" : ": unset", value ? value : "");
		return 0;
	}
	for (char **e = environ; *e; e++)
		puts(*e);
	return 0;
}

static int verb_id(int argc, char **argv)
{
	gid_t groups[NGROUPS_MAX];
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	int count = getgroups(NGROUPS_MAX, groups);

	(void)argc;
	(void)argv;
	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0 || count < 0)
		return failed("id");
	printf("uid: %u %u %u\ngid: %u %u %u\ngroups:", ruid, euid, suid, rgid, egid, sgid);
	for (int i = 0; i < count; i++)
		printf(" %u", groups[i]);
	printf("\n");
	return 0;
}

/* The masks as in /proc/<pid>/status, without needing /proc. */
static int verb_caps(int argc, char **argv)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t bounding = 0, ambient = 0;

	(void)argc;
	(void)argv;
	if (syscall(SYS_capget, &header, data) < 0)
		return failed("capget");
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			bounding |= UINT64_C(1) << cap;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			ambient |= UINT64_C(1) << cap;
	}
#define MASK(set) ((unsigned long long)data[1].set << 32 | data[0].set)
	printf("inheritable: %016llx\npermitted: %016llx\neffective: %016llx\n", MASK(inheritable),
		MASK(permitted), MASK(effective));
	printf("bounding: %016llx\nambient: %016llx\n", (unsigned long long)bounding,
		(unsigned long long)ambient);
	return 0;
}

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "CPU", RLIMIT_CPU },
	{ "FSIZE", RLIMIT_FSIZE },
	{ "DATA", RLIMIT_DATA },
	{ "STACK", RLIMIT_STACK },
	{ "CORE", RLIMIT_CORE },
	{ "RSS", RLIMIT_RSS },
	{ "NPROC", RLIMIT_NPROC },
	{ "NOFILE", RLIMIT_NOFILE },
	{ "MEMLOCK", RLIMIT_MEMLOCK },
	{ "AS", RLIMIT_AS },
	{ "LOCKS", RLIMIT_LOCKS },
	{ "SIGPENDING", RLIMIT_SIGPENDING },
	{ "MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "NICE", RLIMIT_NICE },
	{ "RTPRIO", RLIMIT_RTPRIO },
	{ "RTTIME", RLIMIT_RTTIME },
};

static void print_limit(rlim_t value)
{
	if (value == RLIM_INFINITY)
		printf(" unlimited");
	else
		printf(" %llu", (unsigned long long)value);
}

static int verb_rlimits(int argc, char **argv)
{
	for (size_t i = 0; i < VERB_COUNT(limits); i++) {
		struct rlimit limit;

		if (argc > 1 && strcmp(argv[1], limits[i].name) != 0)
			continue;
		if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
			return failed(limits[i].name);
		printf("RLIMIT_%s:", limits[i].name);
		print_limit(limit.rlim_cur);
		print_limit(limit.rlim_max);
		printf("\n");
	}
	return 0;
}

int print_lines(const char *file, char **keys, int key_count)
{
	FILE *f = fopen(file, "re");
	char line[4096];

	if (!f)
		return failed(file);
	while (fgets(line, sizeof(line), f)) {
		int wanted = key_count == 0;

		for (int i = 0; i < key_count; i++)
			wanted |= strncmp(line, keys[i], strlen(keys[i])) == 0 &&
				line[strlen(keys[i])] == ':';
		if (wanted)
			fputs(line, stdout);
	}
	fclose(f);
	return 0;
}

static int verb_status(int argc, char **argv)
{
	return print_lines("/proc/self/status", argv + 1, argc - 1);
}

static int verb_cwd(int argc, char **argv)
{
	char cwd[PATH_MAX];

	(void)argc;
	(void)argv;
	if (!getcwd(cwd, sizeof(cwd)))
		return answer(-1, "cwd");
	puts(cwd);
	return 0;
}

static int verb_pids(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("pid: %d\nppid: %d\npgid: %d\nsid: %d\n", getpid(), getppid(), getpgrp(), getsid(0));
	return 0;
}

static int verb_umask(int argc, char **argv)
{
	mode_t mask = umask(0);

	(void)argc;
	(void)argv;
	umask(mask);
	printf("umask: %04o\n", mask);
	return 0;
}

static int verb_prctl(int argc, char **argv)
{
	int death_signal = 0;

	(void)argc;
	(void)argv;
	prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);
	printf("no_new_privs: %d\nseccomp: %d\ndumpable: %d\nsecurebits: %d\npdeathsig: %d\n",
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP, 0, 0, 0, 0),
		prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), prctl(PR_GET_SECUREBITS, 0, 0, 0, 0),
		death_signal);
	return 0;
}

static int verb_oom(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("oom_score_adj: ");
	return print_lines("/proc/self/oom_score_adj", NULL, 0);
}

static int verb_setuid(int argc, char **argv)
{
	(void)argc;
	return answer(setuid((uid_t)number(argv[1])), "setuid %s", argv[1]);
}

const struct verb process_verbs[] = {
	{ "true", "", "nothing", 0, 0, verb_true },
	{ "exit", "N", "end with status N", 1, 1, verb_exit },
	{ "echo", "TEXT...", "print words", 0, ANY, verb_echo },
	{ "stderr", "TEXT...", "print words to standard error", 0, ANY, verb_stderr },
	{ "env", "[NAME]", "the environment, or one variable", 0, 1, verb_env },
	{ "id", "", "real, effective and saved ids, and groups", 0, 0, verb_id },
	{ "caps", "", "the five capability sets", 0, 0, verb_caps },
	{ "rlimits", "[NAME]", "soft and hard limits", 0, 1, verb_rlimits },
	{ "status", "[KEY...]", "lines of /proc/self/status", 0, ANY, verb_status },
	{ "cwd", "", "the working directory", 0, 0, verb_cwd },
	{ "pids", "", "pid, parent, process group, session", 0, 0, verb_pids },
	{ "umask", "", "the file mode creation mask", 0, 0, verb_umask },
	{ "prctl", "", "no_new_privs, seccomp mode, dumpable and so on", 0, 0, verb_prctl },
	{ "oom", "", "oom_score_adj", 0, 0, verb_oom },
	{ "setuid", "UID", "change the user", 1, 1, verb_setuid },
};
const size_t process_verb_count = VERB_COUNT(process_verbs);
