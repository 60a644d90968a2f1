// SPDX-License-Identifier: Apache-2.0
/* Standard output: whole texts, written at once, with failures told (a full disk, a closed
 * pipe). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "cmd/commands.h"

int output_write(const char *text, size_t len, struct err *err)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "write to standard output");
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int output_line(const char *text, struct err *err)
{
	auto_(strbuf) struct strbuf line = STRBUF_INIT;

	strbuf_adds(&line, text);
	strbuf_add(&line, "\n", 1);
	return output_write(line.data, line.len, err);
}
