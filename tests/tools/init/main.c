// SPDX-License-Identifier: Apache-2.0
/*
 * init VERB [ARGUMENT...] [-- VERB [ARGUMENT...]]...
 *
 * The only file of the root file systems of integration tests: static, without a shell.  Verbs run
 * one after the other until one fails; without a verb it does nothing and ends with 0.
 */
#include "init.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *title;
	const struct verb *verbs;
	const size_t *count;
} groups[] = {
	{ "files", file_verbs, &file_verb_count },
	{ "the process", process_verbs, &process_verb_count },
	{ "the kernel", kernel_verbs, &kernel_verb_count },
	{ "signals and waiting", signal_verbs, &signal_verb_count },
};

int failed(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "init: %s: %s\n", what, strerrorname_np(errno));
	return 1;
}

int answer(long result, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	if (result < 0)
		printf(": %s\n", strerrorname_np(saved) ? strerrorname_np(saved) : "E?");
	else
		printf(": ok\n");
	return 0;
}

long long number(const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno || *end || end == text) {
		fflush(stdout);
		fprintf(stderr, "init: \"%s\" is not a number\n", text);
		exit(2);
	}
	return value;
}

static int usage(void)
{
	printf("usage: init VERB [ARGUMENT...] [-- VERB [ARGUMENT...]]...\n");
	for (size_t g = 0; g < VERB_COUNT(groups); g++) {
		printf("\n%s:\n", groups[g].title);
		for (size_t i = 0; i < *groups[g].count; i++) {
			const struct verb *verb = &groups[g].verbs[i];

			printf("  %-14s %-24s %s\n", verb->name, verb->args, verb->help);
		}
	}
	return 0;
}

static const struct verb *find(const char *name)
{
	for (size_t g = 0; g < VERB_COUNT(groups); g++)
		for (size_t i = 0; i < *groups[g].count; i++)
			if (strcmp(groups[g].verbs[i].name, name) == 0)
				return &groups[g].verbs[i];
	return NULL;
}

static int run(int argc, char **argv)
{
	const struct verb *verb = find(argv[0]);

	if (strcmp(argv[0], "--help") == 0)
		return usage();
	if (!verb || argc - 1 < verb->args_min || argc - 1 > verb->args_max) {
		fprintf(stderr, "init: %s \"%s\"; see init --help\n",
			verb ? "wrong arguments for" : "unknown verb", argv[0]);
		return 2;
	}
	return verb->run(argc, argv);
}

int main(int argc, char **argv)
{
	int status = 0;

	setvbuf(stdout, NULL, _IOLBF, 0); /* a test reads each fact as soon as it is known */
	argc--;
	argv++;
	while (argc > 0 && status == 0) {
		int n = 0;

		while (n < argc && strcmp(argv[n], "--") != 0)
			n++;
		if (n > 0)
			status = run(n, argv);
		n += n < argc; /* the "--" */
		argc -= n;
		argv += n;
	}
	fflush(stdout);
	return status;
}
