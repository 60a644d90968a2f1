/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of kvm/ when the program is configured with --disable-kvm: says so. */
#include "kvm/guest.h"
#include "kvm/vm.h"

static int absent(struct err *err)
{
	err_bad_errno(err, ERR_CONFIG, ENOSYS, "this program was built without the KVM mode");
	err_hint(err, "configure it without --disable-kvm");
	return -err->num;
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
