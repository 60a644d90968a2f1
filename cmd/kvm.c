// SPDX-License-Identifier: Apache-2.0
/* `kvm prepare`: makes what a guest boots, before the first container needs it. */
#include "cmd/commands.h"

#include <fcntl.h>
#include <string.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "kvm/guest.h"

struct kvm_options {
	const char *kernel;
	const char *cache;
	bool force;
	bool quiet;
};

#define O(member) offsetof(struct kvm_options, member)

static const struct option rows[] = {
	{ "kernel", 'k', '\0', "FILE", OPTION_STRING, O(kernel),
		"the guest's kernel: a vmlinuz or an ELF vmlinux (default: /etc/ringwall/kernel if "
		"that is there, else the newest one of this host, of equal ones the cloud "
		"flavour)" },
	{ "cache", '\0', '\0', "DIR", OPTION_STRING, O(cache),
		"where to keep the files (default: /var/cache/ringwall, or ringwall in the user's "
		"own cache)" },
	{ "force", 'f', '\0', NULL, OPTION_FLAG, O(force), "make the files anew" },
	{ "quiet", 'q', '\0', NULL, OPTION_FLAG, O(quiet), "print nothing" },
};

static void say(const char *text, void *arg)
{
	const struct kvm_options *options = arg;
	struct err err;

	/* What it is about to do is no result: without a reader it does it all the same. */
	if (!options->quiet && output_line(text, &err) < 0)
		err_drop(&err);
}

static int show(const struct kvm_options *options, const struct guest_files *files, struct err *err)
{
	auto_free char *text = xasprintf("kernel     %s\n"
					 "release    %s\n"
					 "image      %s%s\n"
					 "initramfs  %s%s",
		files->kernel, *files->release ? files->release : "unknown", files->vmlinux,
		files->made_vmlinux ? " (new)" : "", files->initramfs,
		files->made_initramfs ? " (new)" : "");

	return options->quiet ? 0 : output_line(text, err);
}

static int kvm_run(struct invocation *in, struct err *err)
{
	struct kvm_options *options = in->options;
	auto_close int self = host_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, err);
	auto_(guest_files) struct guest_files files = GUEST_FILES_INIT;
	struct guest_request request = {
		.kernel = options->kernel ? options->kernel : in->globals->kernel,
		.agent_fd = self,
		.cache = options->cache,
		.force = options->force,
		.progress = say,
		.progress_arg = options,
	};
	int r;

	if (strcmp(in->args[0], "prepare") != 0) {
		err_bad(err, ERR_USAGE, "unknown action \"%s\"", in->args[0]);
		err_hint(err, "there is \"ringwall kvm prepare\"");
		return err_result(err);
	}
	if (self < 0)
		return self;
	r = guest_prepare(&request, &files, err);
	return r < 0 ? r : show(options, &files, err);
}

const struct verb verb_kvm = {
	.name = "kvm",
	.args = "prepare",
	.summary = "prepare the KVM mode",
	.about =
		"Makes the files that a guest of the KVM mode boots, and keeps them: its kernel, "
		"unpacked, and an initramfs of this program and the modules that the kernel needs. "
		"The first container would make them by itself; a package's installation or an "
		"administrator who calls this spares it the wait, and sees what is missing.",
	.options = { rows, ARRAY_SIZE(rows), false },
	.options_size = sizeof(struct kvm_options),
	.args_min = 1,
	.args_max = 1,
	.failure_status = EXIT_FAILED,
	.run = kvm_run,
};
