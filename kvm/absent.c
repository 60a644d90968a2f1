/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of kvm/ when the program is configured with --disable-kvm: says so. */
#include "kvm/vm.h"

int vm_probe(struct err *err)
{
	err_bad_errno(err, ERR_CONFIG, ENOSYS, "this program was built without the KVM mode");
	err_hint(err, "configure it without --disable-kvm");
	return -err->num;
}
