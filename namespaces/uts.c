// SPDX-License-Identifier: Apache-2.0
/* The names of a UTS namespace.  Runs in the child; whether the namespace is the container's own
 * was checked with the configuration. */
#include "namespaces/namespace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int ns_set_names(const char *hostname, const char *domainname, struct err *err)
{
	if (hostname && sethostname(hostname, strlen(hostname)) < 0)
		return err_sys(err, errno, "sethostname \"%s\"", hostname);
	if (domainname && setdomainname(domainname, strlen(domainname)) < 0)
		return err_sys(err, errno, "setdomainname \"%s\"", domainname);
	return 0;
}
