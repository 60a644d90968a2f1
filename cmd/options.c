// SPDX-License-Identifier: Apache-2.0
/*
 * The parser of the command line: see the header.  It reads and writes memory only, so that it can
 * run before anything is opened, and never changes argv, which the runtime may need to execute
 * itself again.
 */
#include "cmd/options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "oci/spec.h"

static const struct option common_rows[] = {
	{ "help", 'h', '?', NULL, OPTION_HELP, 0, "print this help" },
	{ "usage", '\0', '\0', NULL, OPTION_USAGE, 0, "print a one-line synopsis" },
};
const struct option_table options_common = { common_rows, ARRAY_SIZE(common_rows), false };

/* One option as written: its row, the dashes and name for messages, the value after '='. */
struct occurrence {
	const struct option *row;
	const char *text; /* "--bundle" or "-b": points into argv, @text_len bytes */
	int text_len;
	bool given; /* there is a value */
	const char *value; /* "" when none is given */
};

static const struct option *find_long(
	const struct option_table *table, const char *name, size_t len)
{
	for (size_t i = 0; i < table->count; i++)
		if (strncmp(table->rows[i].name, name, len) == 0 &&
			table->rows[i].name[len] == '\0')
			return &table->rows[i];
	return table == &options_common ? NULL : find_long(&options_common, name, len);
}

static const struct option *find_short(const struct option_table *table, char c)
{
	for (size_t i = 0; i < table->count; i++)
		if (c && (table->rows[i].short_name == c || table->rows[i].alias == c))
			return &table->rows[i];
	return table == &options_common ? NULL : find_short(&options_common, c);
}

const struct option *option_find(const struct option_table *table, const char *name)
{
	return find_long(table, name, strlen(name));
}

/* ---- values ---- */

static int bad_value(const struct occurrence *o, struct err *err, const char *expected)
{
	return err_bad(err, ERR_USAGE, "option \"%.*s\": \"%s\" is not %s", o->text_len, o->text,
		o->value, expected);
}

static int parse_flag(const struct occurrence *o, bool *member, struct err *err)
{
	static const char *const words[] = { "false", "true", "0", "1", "f", "t" };

	if (!o->given) {
		*member = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(o->value, words[i]) == 0) {
			*member = i & 1;
			return 0;
		}
	}
	return bad_value(o, err, "true or false");
}

static int parse_choice(const struct occurrence *o, int *member, struct err *err)
{
	size_t len = strlen(o->value);
	int index = 0;

	for (const char *word = o->row->arg; *word; index++) {
		size_t word_len = strcspn(word, "|");

		if (word_len == len && strncmp(word, o->value, len) == 0) {
			*member = index;
			return 0;
		}
		word += word_len + (word[word_len] == '|');
	}
	return err_bad(err, ERR_USAGE, "option \"%.*s\": \"%s\" is not one of %s", o->text_len,
		o->text, o->value, o->row->arg);
}

static int parse_ids(const struct occurrence *o, struct option_ids *member, struct err *err)
{
	auto_free char *copy = xstrdup(o->value);
	char *rest = copy;

	for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ",")) {
		uint32_t id;

		if (num_id(word, &id) < 0)
			return bad_value(o, err, "a list of numeric ids");
		member->items = xrealloc_array(member->items, member->count + 1, sizeof(id));
		member->items[member->count++] = id;
	}
	return 0;
}

/* "512m", "512M", "512MB", "512MiB" are all 512 * 2^20, as in runc and docker. */
static int parse_size(const struct occurrence *o, struct opt_i64 *member, struct err *err)
{
	static const char units[] = "bkmgtp";
	size_t digits = strspn(o->value, "0123456789");
	const char *suffix = o->value + digits;
	auto_free char *number = xstrndup(o->value, digits);
	const char *unit;
	int64_t value;

	if (strcmp(o->value, "-1") == 0) {
		*member = (struct opt_i64){ true, -1 };
		return 0;
	}
	if (num_i64(number, 0, INT64_MAX, &value) < 0)
		return bad_value(o, err, "a size such as 1048576, 512m, 2g or -1");
	if (*suffix) {
		unit = strchr(units, *suffix | 0x20);
		if (!unit ||
			(suffix[1] && strcasecmp(suffix + 1, "b") != 0 &&
				strcasecmp(suffix + 1, "ib") != 0))
			return bad_value(o, err, "a size such as 1048576, 512m, 2g or -1");
		if (__builtin_mul_overflow(value, INT64_C(1) << (10 * (unit - units)), &value))
			return bad_value(o, err, "a size that fits into 63 bits");
	}
	*member = (struct opt_i64){ true, value };
	return 0;
}

/* The unit's length in microseconds, and how many characters it has. */
static int64_t duration_unit(const char *s, size_t *out_len)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "ms", 1000 },
		{ "us", 1 },
		{ "s", 1000000 },
		{ "m", 60000000 },
		{ "h", INT64_C(3600000000) },
		{ "", 1000000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].name);

		if (len ? strncmp(s, units[i].name, len) == 0 : *s == '\0') {
			*out_len = len;
			return units[i].us;
		}
	}
	return 0;
}

static int parse_duration(const struct occurrence *o, int *member, struct err *err)
{
	static const char expected[] = "a duration such as 5s, 100ms or 1m30s";
	const char *s = o->value;
	int64_t total = 0;

	do {
		int64_t number = 0, fraction = 0, scale = 1, unit;
		size_t digits = strspn(s, "0123456789"), len = 0;

		if (digits == 0 || digits > 9)
			return bad_value(o, err, expected);
		for (; digits; digits--)
			number = number * 10 + (*s++ - '0');
		if (*s == '.')
			for (s++; *s >= '0' && *s <= '9' && scale < 1000000; s++) {
				fraction = fraction * 10 + (*s - '0');
				scale *= 10;
			}
		unit = duration_unit(s, &len);
		if (!unit)
			return bad_value(o, err, expected);
		s += len;
		total += number * unit + fraction * unit / scale;
		if (total / 1000 > INT_MAX)
			return bad_value(o, err, "a duration of less than 24 days");
	} while (*s);
	if (total < 1000)
		return bad_value(o, err, "a duration of at least 1ms");
	*member = (int)(total / 1000);
	return 0;
}

static void add_string(const struct occurrence *o, struct option_strings *member)
{
	member->items = xrealloc_array(member->items, member->count + 1, sizeof(*member->items));
	member->items[member->count++] = o->value;
}

static int parse_number(const struct occurrence *o, void *member, struct err *err)
{
	struct opt_i64 i64 = { true, 0 };
	struct opt_u64 u64 = { true, 0 };

	if (o->row->kind == OPTION_I64) {
		if (num_i64(o->value, INT64_MIN, INT64_MAX, &i64.v) < 0)
			return bad_value(o, err, "a whole number");
		*(struct opt_i64 *)member = i64;
		return 0;
	}
	if (num_u64(o->value, o->row->kind == OPTION_COUNT ? OPTION_COUNT_MAX : UINT64_MAX,
		    &u64.v) < 0)
		return bad_value(o, err, "a whole number that is not negative");
	if (o->row->kind == OPTION_COUNT)
		*(unsigned int *)member = (unsigned int)u64.v;
	else
		*(struct opt_u64 *)member = u64;
	return 0;
}

/* Stores one occurrence; > 0 for an option that ends the parsing. */
static int store(const struct occurrence *o, void *target, struct err *err)
{
	void *member = (char *)target + o->row->offset;

	switch (o->row->kind) {
	case OPTION_FLAG:
		return parse_flag(o, member, err);
	case OPTION_STRING:
		*(const char **)member = o->value;
		return 0;
	case OPTION_STRINGS:
		add_string(o, member);
		return 0;
	case OPTION_CHOICE:
		return parse_choice(o, member, err);
	case OPTION_IDS:
		return parse_ids(o, member, err);
	case OPTION_COUNT:
	case OPTION_I64:
	case OPTION_U64:
		return parse_number(o, member, err);
	case OPTION_SIZE:
		return parse_size(o, member, err);
	case OPTION_DURATION:
		return parse_duration(o, member, err);
	case OPTION_HELP:
		return OPTIONS_HELP;
	case OPTION_USAGE:
		return OPTIONS_USAGE;
	case OPTION_VERSION:
		return OPTIONS_VERSION;
	}
	BUG("option kind");
}

/* ---- the command line ---- */

static const char *row_name(const void *arg, size_t i)
{
	const struct option_table *table = arg;

	return i < table->count ? table->rows[i].name : common_rows[i - table->count].name;
}

static int unknown_option(
	const struct option_table *table, const char *text, int len, struct err *err)
{
	auto_free char *word = xstrndup(text + strspn(text, "-"), (size_t)len - strspn(text, "-"));
	const char *near =
		spelling_nearest(word, row_name, table, table->count + ARRAY_SIZE(common_rows));
	int r = err_bad(err, ERR_USAGE, "unknown option \"%.*s\"", len, text);

	if (near)
		err_hint(err, "did you mean \"--%s\"?", near);
	return r;
}

/* Takes the next word as the value when the option wants one and has none yet. */
static int take_value(struct occurrence *o, char *const **argv, struct err *err)
{
	if (!o->row->arg || o->given)
		return 0;
	if (!(*argv)[1])
		return err_bad(err, ERR_USAGE, "option \"%.*s\" requires an argument", o->text_len,
			o->text);
	o->given = true;
	o->value = *++*argv;
	return 0;
}

static int parse_one(struct occurrence *o, char *const **argv, void *target, struct err *err)
{
	int r = take_value(o, argv, err);

	if (r < 0)
		return r;
	if (!o->row->arg && o->row->kind != OPTION_FLAG && o->given)
		return err_bad(
			err, ERR_USAGE, "option \"%.*s\" takes no argument", o->text_len, o->text);
	return store(o, target, err);
}

/* "-dk", "-bDIR", "-b=DIR": flags, the last of which may have a value. */
static int parse_bundle(
	const struct option_table *table, char *const **argv, void *target, struct err *err)
{
	const char *word = **argv;

	for (const char *p = word + 1; *p; p++) {
		char text[3] = { '-', *p, '\0' };
		struct occurrence o = { find_short(table, *p), text, 2, .value = "" };
		bool last;
		int r;

		if (!o.row) /* "-bundel" is a misspelt long name, "-xf" a wrong letter */
			return unknown_option(table, word, (int)strcspn(word, "="), err);
		if (p[1] == '=')
			o.value = p + 2;
		else if (o.row->arg && p[1])
			o.value = p + 1;
		o.given = last = *o.value || p[1] == '=';
		r = parse_one(&o, argv, target, err);
		if (r)
			return r;
		if (last)
			break;
	}
	return 0;
}

static int parse_word(
	const struct option_table *table, char *const **argv, void *target, struct err *err)
{
	const char *word = **argv, *name = word + strspn(word, "-");
	size_t dashes = (size_t)(name - word), len = strcspn(name, "=");
	struct occurrence o = {
		.row = dashes > 2 || len < 2 ? NULL : find_long(table, name, len),
		.text = word,
		.text_len = (int)(dashes + len),
		.given = name[len] == '=',
		.value = name + len + (name[len] == '='),
	};

	if (o.row)
		return parse_one(&o, argv, target, err);
	if (dashes == 1)
		return parse_bundle(table, argv, target, err);
	return unknown_option(table, word, o.text_len, err);
}

int options_parse(const struct option_table *table, char *const *argv, void *target,
	char **out_args, size_t *out_count, struct err *err)
{
	bool options = true;
	size_t count = 0;

	for (; *argv; argv++) {
		if (!options || (*argv)[0] != '-' || (*argv)[1] == '\0') {
			out_args[count++] = *argv;
			if (table->in_order)
				options = false;
		} else if (strcmp(*argv, "--") == 0) {
			options = false;
		} else {
			int r = parse_word(table, &argv, target, err);

			if (r)
				return r;
		}
	}
	out_args[count] = NULL;
	*out_count = count;
	return 0;
}

void options_release(const struct option_table *table, void *target)
{
	for (size_t i = 0; i < table->count; i++) {
		void *member = (char *)target + table->rows[i].offset;

		if (table->rows[i].kind == OPTION_STRINGS)
			free(((struct option_strings *)member)->items);
		else if (table->rows[i].kind == OPTION_IDS)
			free(((struct option_ids *)member)->items);
	}
}

/* ---- misspellings ---- */

#define SPELLING_MAX 32

/* Edits that turn @a into @b: insert, remove, replace (Levenshtein); longer words are never
 * near. */
static size_t edits(const char *a, const char *b)
{
	size_t row[SPELLING_MAX + 1], a_len = strlen(a), b_len = strlen(b);

	if (a_len > SPELLING_MAX || b_len > SPELLING_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

const char *spelling_nearest(const char *word, const char *(*candidate)(const void *arg, size_t i),
	const void *arg, size_t count)
{
	size_t len = strlen(word), best_edits = len / 3 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const char *name = candidate(arg, i);
		/* a beginning counts as a near miss: "del", "feat" */
		size_t n = len >= 2 && strncmp(name, word, len) == 0 ? 0 : edits(word, name);

		if (n < best_edits || (n == best_edits && !best)) {
			best = name;
			best_edits = n;
		}
	}
	return best;
}
