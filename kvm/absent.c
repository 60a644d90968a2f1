/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of kvm/ when the program is configured with --disable-kvm: says so. */
#include <errno.h>

#include "kvm/guest.h"
#include "kvm/vm.h"

const bool vm_is_built = false;

static int absent(struct err *err)
{
	err_bad_errno(err, ERR_CONFIG, ENOSYS, "this program was built without the KVM mode");
	err_hint(err, "configure it without --disable-kvm");
	return err_result(err);
}

int vm_probe(struct err *err)
{
	return absent(err);
}

int guest_prepare(
	const struct guest_request *request, struct guest_files *out_files, struct err *err)
{
	(void)request, (void)out_files;
	return absent(err);
}

void guest_files_release(struct guest_files *files)
{
	(void)files; /* never filled */
}

/* What follows vm_probe() is not reached. */

int vm_create(const struct vm_config *config, struct vm **out_vm, struct err *err)
{
	(void)config, (void)out_vm;
	return absent(err);
}

int vm_attach_fs(struct vm *vm, const struct vm_fs_config *config, struct err *err)
{
	(void)vm, (void)config;
	return absent(err);
}

int vm_attach_net(struct vm *vm, const struct vm_net_config *config, struct err *err)
{
	(void)vm, (void)config;
	return absent(err);
}

int vm_boot(struct vm *vm, struct err *err)
{
	(void)vm;
	return absent(err);
}

int vm_start(struct vm *vm, struct err *err)
{
	(void)vm;
	return absent(err);
}

int vm_pause(struct vm *vm, struct err *err)
{
	(void)vm;
	return absent(err);
}

int vm_resume(struct vm *vm, struct err *err)
{
	(void)vm;
	return absent(err);
}

int vm_end_fd(const struct vm *vm)
{
	(void)vm;
	return FD_NONE;
}

void vm_stop(struct vm *vm)
{
	(void)vm;
}

void vm_result(struct vm *vm, struct vm_result *out_result)
{
	(void)vm;
	*out_result = (struct vm_result){ .end = VM_END_NONE };
}

const char *vm_end_name(enum vm_end end)
{
	(void)end;
	return "not built";
}

size_t vm_console_tail(struct vm *vm, char *buf, size_t size)
{
	(void)vm;
	if (size)
		buf[0] = '\0';
	return 0;
}

void vm_stats(struct vm *vm, struct vm_stats *out_stats)
{
	(void)vm;
	*out_stats = (struct vm_stats){ 0 };
}
