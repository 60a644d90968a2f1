// SPDX-License-Identifier: Apache-2.0
/*
 * Which mode a container runs in: see the header.
 *
 * Whoever asks for a virtual machine must get one: a request that cannot be met, or that another one
 * contradicts, is an error and never a container on the host's kernel (R12).
 */
#include "runtime/isolation.h"

#include <string.h>

#include "base/names.h"
#include "oci/spec.h"

DEFINE_NAMES(
	isolation_names, "isolation", { "native", ISOLATION_NATIVE }, { "kvm", ISOLATION_KVM });

static const struct isolation *const modes[ISOLATION_COUNT] = {
	[ISOLATION_NATIVE] = &isolation_native,
	[ISOLATION_KVM] = &isolation_kvm,
};

const struct isolation *isolation_of(enum isolation_mode mode)
{
	return modes[mode];
}

/* One source of a request, and what it says. */
struct request {
	const char *source; /* NULL: nobody has asked yet */
	enum isolation_mode mode;
};

static int ask(struct request *r, const char *source, enum isolation_mode mode, struct err *err)
{
	if (!r->source) {
		*r = (struct request){ source, mode };
		return 0;
	}
	if (r->mode == mode)
		return 0;
	err_bad(err, ERR_CONFIG, "%s asks for the isolation \"%s\", and %s for \"%s\"", r->source,
		names_of(&isolation_names, r->mode), source, names_of(&isolation_names, mode));
	err_hint(err, "a container has one isolation: take one of the two away");
	return err_result(err);
}

static int ask_annotation(struct request *request, const struct spec *spec, struct err *err)
{
	const char *value = spec_annotation(spec, ANNOTATION_ISOLATION);
	const char *handler = spec_annotation(spec, ANNOTATION_HANDLER);
	const struct name *name = value ? names_find(&isolation_names, value) : NULL;
	int r = 0;

	if (value && !name)
		return err_bad(err, ERR_CONFIG,
			"annotations[\"" ANNOTATION_ISOLATION
			"\"]: \"%s\" is neither \"native\" nor \"kvm\"",
			value);
	if (name)
		r = ask(request, "annotations[\"" ANNOTATION_ISOLATION "\"]",
			(enum isolation_mode)name->value, err);
	/* Other handlers of crun (wasm ...) are not for us: the annotation is then unknown. */
	if (r == 0 && handler && strcmp(handler, "krun") == 0)
		r = ask(request, "annotations[\"" ANNOTATION_HANDLER "\"]", ISOLATION_KVM, err);
	return r;
}

int isolation_choose(enum isolation_mode requested, const struct spec *spec,
	const struct isolation **out_isolation, struct err *err)
{
	struct request request = { NULL, ISOLATION_NATIVE };
	int r = 0;

	if (requested != ISOLATION_UNSPECIFIED)
		r = ask(&request, "the command line", requested, err);
	if (r == 0)
		r = ask_annotation(&request, spec, err);
	if (r == 0 && spec->vm)
		r = ask(&request, "vm in config.json", ISOLATION_KVM, err);
	if (r < 0)
		return r;
	*out_isolation = modes[request.mode];
	return 0;
}
