// SPDX-License-Identifier: Apache-2.0
/* The command line: a word a line, global options first, then a verb with its own. */
#include "tests/fuzz/fuzz.h"

#include "base/mem.h"
#include "cmd/commands.h"

#define WORDS_MAX 64

static void parse_verb(char **words)
{
	const struct verb *verb = verb_find(words[0]);
	char *args[WORDS_MAX + 1];
	struct err err = { 0 };
	size_t count = 0;
	void *options;
	int r;

	if (!verb)
		return;
	options = xcalloc(1, verb->options_size + 1);
	if (verb->defaults)
		memcpy(options, verb->defaults, verb->options_size);
	r = options_parse(&verb->options, words + 1, options, args, &count, &err);
	fuzz_check_outcome(r, &err);
	FUZZ_CHECK(r < 0 || r <= OPTIONS_VERSION);
	if (r == 0)
		FUZZ_CHECK(args[count] == NULL);
	options_release(&verb->options, options);
	free(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct global_options globals = global_defaults;
	char *words[WORDS_MAX + 1], *args[WORDS_MAX + 1];
	struct err err = { 0 };
	size_t count = 0, arg_count = 0;
	int r;

	while (count < WORDS_MAX && (words[count] = fuzz_line(&data, &size)))
		count++;
	words[count] = NULL;
	r = options_parse(&global_options, words, &globals, args, &arg_count, &err);
	fuzz_check_outcome(r, &err);
	if (r == 0 && arg_count > 0)
		parse_verb(args);
	while (count > 0)
		free(words[--count]);
	return 0;
}
