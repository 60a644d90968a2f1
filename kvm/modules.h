/* SPDX-License-Identifier: Apache-2.0 */
/* Which modules a kernel needs before it can use the machine's devices.  For the files of kvm/
 * only. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

/* The files in the initramfs are numbered, and sorted as names: two digits. */
#define MODULES_MAX 100

struct module_list {
	char **paths; /* below the kernel's folder of modules: "kernel/drivers/net/virtio_net.ko.xz" */
	size_t count;
};

void module_list_release(struct module_list *list);
DEFINE_AUTO(module_list, module_list_release);

/* A module that is wanted, by its name as lsmod has it ("virtio_net"). */
struct module_wanted {
	const char *name;
	bool required; /* no guest without it */
};

/* What the machine's devices and a container need; ended by a NULL name. */
extern const struct module_wanted modules_wanted[];

/*
 * The modules to load for @wanted, each after those it needs, none twice; @dep and @builtin are the
 * texts of modules.dep and modules.builtin.  What is built in needs nothing; what is missing
 * is passed over, unless it is required: -ENOENT.  -ELOOP when modules need each other; -E2BIG when
 * they are more than MODULES_MAX.
 */
int modules_resolve(const char *dep, const char *builtin, const struct module_wanted *wanted,
	struct module_list *out_list, struct err *err) MUST_USE;

/* The name of the module in file @path: without folders, ".ko" and what follows; "-" is "_".
 * Heap string. */
char *module_name(const char *path);
