// SPDX-License-Identifier: Apache-2.0
/* Operations on all containers whose ids match: see the header. */
#include "cmd/match.h"

#include <regex.h>

#include "base/log.h"

int match_each(const struct runtime *rt, const char *pattern,
	int (*act)(const struct runtime *rt, const char *id, void *arg, struct err *err), void *arg,
	size_t *out_matched, struct err *err)
{
	struct container_info *list;
	size_t count, matched = 0;
	struct err each;
	regex_t regex;
	char text[128];
	int r, failed = 0;

	r = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (r) {
		regerror(r, &regex, text, sizeof(text));
		return err_bad(err, ERR_USAGE, "option \"--regex\": \"%s\": %s", pattern, text);
	}
	r = container_list(rt, &list, &count, err);
	if (r < 0) {
		regfree(&regex);
		return r;
	}
	for (size_t i = 0; i < count; i++) {
		if (regexec(&regex, list[i].id, 0, NULL, 0))
			continue;
		matched++;
		if (act(rt, list[i].id, arg, &each) >= 0)
			continue;
		if (failed++)
			log_warn("%s", each.msg);
		else
			*err = each;
	}
	container_list_free(list, count);
	regfree(&regex);
	*out_matched = matched;
	return failed ? err_result(err) : 0;
}
