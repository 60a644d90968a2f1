// SPDX-License-Identifier: Apache-2.0
/*
 * The global options and what follows from them: where the states live, who manages cgroups, and
 * whether the caller is privileged.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/commands.h"

#define O(member) offsetof(struct global_options, member)

static const struct option rows[] = {
	{ "root", '\0', '\0', "DIR", OPTION_STRING, O(root),
		"keep the state of containers below DIR, which should be on a tmpfs "
		"(default: /run/ringwall, for others than root $XDG_RUNTIME_DIR/ringwall)" },
	{ "log", '\0', '\0', "FILE", OPTION_STRING, O(log),
		"append messages to FILE as well as to standard error" },
	{ "log-format", '\0', '\0', "text|json", OPTION_CHOICE, O(log_format),
		"the form of the log file: lines of text, or one JSON object a line (default: "
		"text)" },
	{ "log-level", '\0', '\0', "error|warning|info|debug", OPTION_CHOICE, O(log_level),
		"log messages of this level and above" },
	{ "debug", '\0', '\0', NULL, OPTION_FLAG, O(debug), "the same as --log-level debug" },
	{ "cgroup-manager", '\0', '\0', "cgroupfs|systemd|disabled", OPTION_CHOICE,
		O(cgroup_manager),
		"who makes the cgroups: this program, systemd, or nobody (default: cgroupfs)" },
	{ "systemd-cgroup", '\0', '\0', NULL, OPTION_FLAG, O(systemd_cgroup),
		"the same as --cgroup-manager systemd, unless that option is given too" },
	{ "rootless", '\0', '\0', "true|false|auto", OPTION_CHOICE, O(rootless),
		"behave as for an unprivileged caller (default: auto, from the user and its "
		"namespace)" },
	ISOLATION_OPTION(O(isolation)),
	{ "kernel", '\0', '\0', "FILE", OPTION_STRING, O(kernel),
		"the kernel of a virtual machine whose bundle names none (default: "
		"/etc/ringwall/kernel if that is there, else the newest one of this host)" },
	{ "version", 'v', 'V', NULL, OPTION_VERSION, 0, "print the version" },
};
const struct option_table global_options = { rows, ARRAY_SIZE(rows), true };
const struct global_options global_defaults = {
	.log_level = -1,
	.cgroup_manager = -1,
	.rootless = ROOTLESS_AUTO,
	.isolation = ISOLATION_UNSPECIFIED,
};

/* The words of the rows stand in the order of the enums. */
_Static_assert(LOG_LEVEL_ERROR == 0 && LOG_LEVEL_WARNING == 1 && LOG_LEVEL_INFO == 2 &&
		LOG_LEVEL_DEBUG == 3,
	"--log-level");
_Static_assert(
	CGROUP_MANAGER_CGROUPFS == 0 && CGROUP_MANAGER_SYSTEMD == 1 && CGROUP_MANAGER_DISABLED == 2,
	"--cgroup-manager");
_Static_assert(ISOLATION_NATIVE == 0 && ISOLATION_KVM == 1, "--isolation");

/* True when not every id of the host is mapped: root here is then not root there. */
static bool in_user_namespace(void)
{
	auto_free char *map = NULL;
	struct err ignored;

	/* without /proc nothing speaks for a user namespace */
	if (host_read(AT_FDCWD, "/proc/self/uid_map", 64 << 10, &map, NULL, &ignored) < 0)
		return false;
	return !strstr(map, " 4294967295\n");
}

/* $XDG_RUNTIME_DIR must be what the XDG base directory specification says: ours, and ours alone. */
static int check_xdg_runtime_dir(const char *dir, struct err *err)
{
	struct stat st;
	int r = host_stat(AT_FDCWD, dir, &st, 0, err);

	if (r < 0)
		return err_in(err, "$XDG_RUNTIME_DIR");
	if (r > 0)
		r = err_bad_errno(
			err, ERR_OTHER, ENOENT, "$XDG_RUNTIME_DIR: \"%s\" does not exist", dir);
	else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		r = err_bad_errno(err, ERR_OTHER, EACCES,
			"$XDG_RUNTIME_DIR: \"%s\" is not a directory of the user's own with mode "
			"0700",
			dir);
	if (r < 0)
		err_hint(err, "give the directory of the states with --root");
	return r;
}

static int default_root(bool unprivileged, char **out_root, struct err *err)
{
	const char *dir = unprivileged ? getenv("XDG_RUNTIME_DIR") : NULL;

	if (dir && *dir) {
		int r = check_xdg_runtime_dir(dir, err);

		if (r < 0)
			return r;
		*out_root = xasprintf("%s/ringwall", dir);
		return 0;
	}
	if (geteuid() != 0) {
		err_bad(err, ERR_OTHER,
			"no directory for the states of containers: "
			"$XDG_RUNTIME_DIR is not set");
		err_hint(err, "set XDG_RUNTIME_DIR, or give a directory with --root");
		return err_result(err);
	}
	*out_root = xstrdup("/run/ringwall");
	return 0;
}

static int absolute_root(const char *root, char **out_root, struct err *err)
{
	char cwd[PATH_MAX];

	if (*root == '\0')
		return err_bad(err, ERR_USAGE, "option \"--root\": the directory is empty");
	if (*root == '/') {
		*out_root = xstrdup(root);
		return 0;
	}
	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(err, errno, "getcwd for --root \"%s\"", root);
	*out_root = xasprintf("%s/%s", cwd, root);
	return 0;
}

int global_runtime(const struct global_options *globals, struct runtime *out_runtime,
	char **out_storage, struct err *err)
{
	enum cgroup_manager manager = CGROUP_MANAGER_CGROUPFS;
	bool unprivileged = geteuid() != 0 || in_user_namespace();
	char *root = NULL;
	int r;

	/* conmon adds --systemd-cgroup, podman --cgroup-manager disabled: the more exact one
	 * counts */
	if (globals->cgroup_manager >= 0)
		manager = (enum cgroup_manager)globals->cgroup_manager;
	else if (globals->systemd_cgroup)
		manager = CGROUP_MANAGER_SYSTEMD;
	/* --rootless does not move the root: a container must be found again without the option */
	if (globals->root)
		r = absolute_root(globals->root, &root, err);
	else
		r = default_root(unprivileged, &root, err);
	if (r < 0)
		return r;
	*out_runtime = (struct runtime){
		.root = root,
		.cgroup_manager = manager,
		.rootless = globals->rootless == ROOTLESS_AUTO ? unprivileged
							       : globals->rootless == ROOTLESS_TRUE,
		/* From here on what we make does not depend on the caller. */
		.umask = umask(022),
		.kernel = globals->kernel,
	};
	*out_storage = root;
	return 0;
}

int global_isolation(const struct global_options *globals, int verb_choice,
	enum isolation_mode *out_mode, struct err *err)
{
	int asked[] = { globals->isolation, verb_choice,
		globals->called_kvm ? ISOLATION_KVM : ISOLATION_UNSPECIFIED };
	int mode = ISOLATION_UNSPECIFIED;

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		if (asked[i] == ISOLATION_UNSPECIFIED)
			continue;
		if (mode != ISOLATION_UNSPECIFIED && mode != asked[i])
			return err_bad(err, ERR_USAGE,
				globals->called_kvm
					? "--isolation native: the program was called as "
					  "ringwall-kvm"
					: "--isolation is given twice, with different values");
		mode = asked[i];
	}
	*out_mode = (enum isolation_mode)mode;
	return 0;
}
