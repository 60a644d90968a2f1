// SPDX-License-Identifier: Apache-2.0
/* `features`: what this build supports. */
#include "cmd/commands.h"

#include "base/mem.h"
#include "oci/spec.h"

static int features_run(struct invocation *in, struct err *err)
{
	auto_free char *json = spec_features_format(PACKAGE_VERSION, BUILD_COMMIT);

	(void)in;
	return output_line(json, err);
}

const struct verb verb_features = {
	.name = "features",
	.args = "",
	.summary = "print what this program supports",
	.about = "Prints the features document of the OCI runtime specification (JSON): versions, "
		 "hooks, mount options, namespaces, capabilities, seccomp and so on.",
	.failure_status = EXIT_FAILED,
	.run = features_run,
};
