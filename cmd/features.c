// SPDX-License-Identifier: Apache-2.0
/* `features`: what this build supports. */
#include "cmd/commands.h"

#include "base/mem.h"
#include "kvm/vm.h"
#include "oci/spec.h"

static int features_run(struct invocation *in, struct err *err)
{
	enum isolation_mode mode;
	int r = global_isolation(in->globals, ISOLATION_UNSPECIFIED, &mode, err);
	const struct features_options options = {
		.version = PACKAGE_VERSION,
		.commit = BUILD_COMMIT,
		.has_kvm = vm_is_built,
		.kvm = mode == ISOLATION_KVM,
	};
	auto_free char *json = r < 0 ? NULL : spec_features_format(&options);

	return r < 0 ? r : output_line(json, err);
}

const struct verb verb_features = {
	.name = "features",
	.args = "",
	.summary = "print what this program supports",
	.about =
		"Prints the features document of the OCI runtime specification (JSON): versions, "
		"hooks, mount options, namespaces, capabilities, seccomp and so on.  With "
		"--isolation kvm, or called as ringwall-kvm: what works in a virtual machine.  The "
		"annotation run.ringwall.isolation.modes names the modes of this program.",
	.failure_status = EXIT_FAILED,
	.run = features_run,
};
