// SPDX-License-Identifier: Apache-2.0
/* `spec`: writes a config.json to begin with. */
#include "cmd/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "oci/spec.h"

struct spec_options {
	const char *bundle;
	const char *file;
	bool rootless;
};

static const struct spec_options defaults = { .bundle = ".", .file = "config.json" };

#define O(member) offsetof(struct spec_options, member)

static const struct option rows[] = {
	{ "bundle", 'b', '\0', "DIR", OPTION_STRING, O(bundle),
		"the directory to write to (default: the working directory)" },
	{ "file", 'f', '\0', "FILE", OPTION_STRING, O(file),
		"write FILE instead of config.json; - is standard output" },
	{ "rootless", '\0', '\0', NULL, OPTION_FLAG, O(rootless),
		"a container that an unprivileged user can run: with a user namespace" },
};

/* Never over an existing file: it may be hours of somebody's work. */
static int write_new(int dirfd, const char *name, const char *text, struct err *err)
{
	auto_close int fd = host_open(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0666, err);
	size_t len = strlen(text);

	if (fd == -EEXIST) {
		err_bad_errno(err, ERR_OTHER, EEXIST, "file \"%s\" exists", name);
		err_hint(err, "remove it first, or write another one with --file");
	}
	if (fd < 0)
		return fd;
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "write to \"%s\"", name);
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int spec_run(struct invocation *in, struct err *err)
{
	const struct spec_options *options = in->options;
	auto_free char *json = NULL, *text = NULL;
	auto_close int dirfd = FD_NONE;
	enum isolation_mode mode;
	int r = global_isolation(in->globals, ISOLATION_UNSPECIFIED, &mode, err);

	if (r < 0)
		return r;
	json = spec_default_format(options->rootless, mode == ISOLATION_KVM, getuid(), getgid());
	text = xasprintf("%s\n", json);
	if (strcmp(options->file, "-") == 0)
		return output_write(text, strlen(text), err);
	dirfd = host_open(AT_FDCWD, options->bundle, O_RDONLY | O_DIRECTORY, 0, err);
	if (dirfd < 0)
		return dirfd;
	return write_new(dirfd, options->file, text, err);
}

const struct verb verb_spec = {
	.name = "spec",
	.args = "",
	.summary = "write a config.json to begin with",
	.about = "Writes a new config.json that runs a shell in the directory rootfs of the "
		 "bundle.  An existing file is left alone.  Called as ringwall-kvm, or with "
		 "--isolation kvm, it is one that the KVM mode can run.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.defaults = &defaults,
	.options_size = sizeof(struct spec_options),
	.failure_status = EXIT_FAILED,
	.run = spec_run,
};
