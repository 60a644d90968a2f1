// SPDX-License-Identifier: Apache-2.0
/*
 * GVariant text to bytes: see the header.
 *
 * A value is parsed with the type that its place demands, or with none.  Without one the text is
 * first walked for its type alone (the same functions, writing nothing); of an array's elements the
 * first that says its type decides, as in "[1, uint64 2]".
 */
#include "cgroups/gvariant.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cgroups/wire.h"

#define DEPTH_MAX 16
#define TYPE_MAX 255 /* of a signature */
#define TOKEN_MAX 64 /* longer than any number */

struct parser {
	const char *text;
	const char *at;
	struct strbuf *out; /* NULL: only the type is wanted */
	unsigned int depth;
	struct err *err;
};

struct number_kind {
	const char *word;
	char type;
	unsigned int size;
	bool is_signed;
};

static const struct number_kind numbers[] = {
	{ "byte", 'y', 1, false },
	{ "int16", 'n', 2, true },
	{ "uint16", 'q', 2, false },
	{ "int32", 'i', 4, true },
	{ "uint32", 'u', 4, false },
	{ "int64", 'x', 8, true },
	{ "uint64", 't', 8, false },
	{ "double", 'd', 8, true },
};

static const struct {
	const char *word;
	char type;
} texts[] = { { "objectpath", 'o' }, { "signature", 'g' } };

static int wrong(struct parser *p, const char *what)
{
	return err_bad(p->err, ERR_CONFIG, "%s at \"%.20s\" in \"%.100s\"", what,
		*p->at ? p->at : "end", p->text);
}

static void skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* The length of the word at the cursor, 0 when there is none. */
static size_t word_len(struct parser *p)
{
	size_t len = 0;

	skip_blanks(p);
	while (isalnum((unsigned char)p->at[len]))
		len++;
	return isalpha((unsigned char)*p->at) ? len : 0;
}

static bool is_word(const struct parser *p, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(p->at, word, len) == 0;
}

/* ---- types ---- */

/* The length of the first whole type of @type; 0: not one of ours. */
static size_t type_len(const char *type, unsigned int depth)
{
	size_t len = 1, n;

	if (*type && strchr("ynqiuxtdbsog", *type))
		return 1;
	if (depth == 0)
		return 0;
	if (*type == 'a') {
		n = type_len(type + 1, depth - 1);
		return n ? n + 1 : 0;
	}
	if (*type != '(' || type[1] == ')')
		return 0;
	for (; type[len] != ')'; len += n) {
		n = type_len(type + len, depth - 1);
		if (n == 0)
			return 0;
	}
	return len + 1;
}

static size_t type_align(char type)
{
	if (strchr("yg", type))
		return 1;
	if (strchr("nq", type))
		return 2;
	return strchr("xtd(", type) ? 8 : 4;
}

/* The type that was found, as a part of what is being collected. */
struct type {
	char text[TYPE_MAX + 1];
	bool definite; /* said by the text, not by default */
};

static int value_parse(struct parser *p, const char *want, struct type *out_type);

static int type_add(struct parser *p, struct type *type, const char *more)
{
	size_t len = strlen(type->text), n = strlen(more);

	if (len + n > TYPE_MAX)
		return wrong(p, "a type that is too long");
	memcpy(type->text + len, more, n + 1);
	return 0;
}

static int type_is(struct parser *p, const char *want, const char *found)
{
	if (!want || strcmp(want, found) == 0)
		return 0;
	return err_bad(p->err, ERR_CONFIG,
		"a value of type \"%s\" where \"%s\" belongs, in \"%.100s\"", found, want, p->text);
}

/* ---- numbers ---- */

static int number_out_of_range(struct parser *p, const char *token, const char *word)
{
	return err_bad(p->err, ERR_CONFIG, "\"%s\" is no number of type %s, in \"%.100s\"", token,
		word, p->text);
}

/* Decimal, or hexadecimal after 0x as GVariant prints bytes. */
static int magnitude_parse(const char *digits, uint64_t max, uint64_t *out)
{
	char *end;

	if (strncmp(digits, "0x", 2) != 0)
		return num_u64(digits, max, out);
	if (!isxdigit((unsigned char)digits[2]))
		return -EINVAL;
	errno = 0;
	*out = strtoull(digits, &end, 16);
	return errno || *end || *out > max ? -EINVAL : 0;
}

static int double_put(struct parser *p, const char *token)
{
	char *end;
	double value = strtod(token, &end);
	uint64_t bits;

	if (*end || end == token || !isfinite(value))
		return number_out_of_range(p, token, "double");
	memcpy(&bits, &value, sizeof(bits));
	if (p->out)
		wire_number(p->out, 8, bits);
	return 0;
}

static int number_put(struct parser *p, const struct number_kind *kind, const char *token)
{
	bool negative = *token == '-';
	uint64_t max = UINT64_MAX >> (64 - 8 * kind->size), value;

	if (kind->type == 'd')
		return double_put(p, token);
	if (kind->is_signed)
		max = (max >> 1) + negative;
	if ((negative && !kind->is_signed) ||
		magnitude_parse(token + (negative || *token == '+'), max, &value) < 0)
		return number_out_of_range(p, token, kind->word);
	if (p->out)
		wire_number(p->out, kind->size, negative ? 0 - value : value);
	return 0;
}

static const struct number_kind *number_of_type(char type)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].type == type)
			return &numbers[i];
	return NULL;
}

/* @kind: NULL when the text does not say it. */
static int number_parse(
	struct parser *p, const struct number_kind *kind, const char *want, struct type *out_type)
{
	char token[TOKEN_MAX];
	size_t len;

	skip_blanks(p);
	len = strcspn(p->at, " \t\r\n,])");
	if (len == 0 || len >= sizeof(token))
		return wrong(p, "no number");
	memcpy(token, p->at, len);
	token[len] = '\0';
	out_type->definite = kind != NULL;
	if (!kind && want)
		kind = want[1] == '\0' ? number_of_type(*want) : NULL;
	if (!kind && strncmp(token, "0x", 2) != 0 && strpbrk(token, ".eE"))
		kind = number_of_type('d');
	if (!kind)
		kind = number_of_type('i');
	if (type_add(p, out_type, (char[]){ kind->type, '\0' }) < 0 ||
		type_is(p, want, out_type->text) < 0)
		return err_result(p->err);
	if (number_put(p, kind, token) < 0)
		return err_result(p->err);
	p->at += len;
	return 0;
}

/* ---- strings ---- */

static int unicode_parse(struct parser *p, size_t digits, struct strbuf *out)
{
	uint32_t c = 0;

	for (size_t i = 0; i < digits; i++, p->at++) {
		unsigned char h = (unsigned char)*p->at;

		if (!isxdigit(h))
			return wrong(p, "no Unicode escape");
		c = c << 4 | (uint32_t)(isdigit(h) ? h - '0' : (h | 0x20) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return wrong(p, "no Unicode character");
	if (c < 0x80)
		strbuf_addf(out, "%c", (int)c);
	else if (c < 0x800)
		strbuf_addf(out, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		strbuf_addf(out, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)),
			(int)(0x80 | (c & 0x3f)));
	else
		strbuf_addf(out, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)),
			(int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	return 0;
}

/* What follows a backslash. */
static int escape_parse(struct parser *p, struct strbuf *out)
{
	static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
	char c = *p->at;
	const char *name = c ? strchr(names, c) : NULL;

	if (!c)
		return wrong(p, "a string without an end");
	p->at++;
	if (c == 'u' || c == 'U')
		return unicode_parse(p, c == 'u' ? 4 : 8, out);
	strbuf_add(out, name ? &values[name - names] : &c, 1);
	return 0;
}

static int text_parse(struct parser *p, char **out_text)
{
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	char quote;
	int r;

	skip_blanks(p);
	quote = *p->at;
	if (quote != '\'' && quote != '"')
		return wrong(p, "no string");
	for (p->at++; *p->at != quote;) {
		char c = *p->at;

		if (!c)
			return wrong(p, "a string without an end");
		p->at++;
		r = 0;
		if (c != '\\')
			strbuf_add(&text, &c, 1);
		else
			r = escape_parse(p, &text);
		if (r < 0)
			return r;
	}
	p->at++;
	*out_text = strbuf_take(&text);
	return 0;
}

static bool is_object_path(const char *s)
{
	if (*s != '/')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_' &&
			(*s != '/' || s[1] == '/' || s[1] == '\0'))
			return false;
	return true;
}

static bool is_signature(const char *s)
{
	size_t len = strlen(s), n;

	if (len > TYPE_MAX)
		return false;
	for (; *s; s += n) {
		n = type_len(s, DEPTH_MAX);
		if (n == 0)
			return false;
	}
	return true;
}

static int string_parse(struct parser *p, char type, const char *want, struct type *out_type)
{
	auto_free char *text = NULL;
	int r = text_parse(p, &text);

	if (r < 0 || !text) /* never 0 without: for gcc's analyser, which forgets it */
		return r;
	if (type == 's' && want && (strcmp(want, "o") == 0 || strcmp(want, "g") == 0))
		type = *want;
	if ((type == 'o' && strcmp(text, "/") != 0 && !is_object_path(text)) ||
		(type == 'g' && !is_signature(text)))
		return err_bad(p->err, ERR_CONFIG, "\"%.100s\" is no %s", text,
			type == 'o' ? "object path" : "signature");
	out_type->definite = true;
	if (type_add(p, out_type, (char[]){ type, '\0' }) < 0 ||
		type_is(p, want, out_type->text) < 0)
		return err_result(p->err);
	if (p->out && type == 'g')
		wire_signature(p->out, text);
	else if (p->out)
		wire_string(p->out, text);
	return 0;
}

/* ---- arrays and tuples ---- */

/* Walks the elements up to "]" once, each as @want (NULL: to find out). */
static int elements_parse(struct parser *p, const char *want, struct type *out_element)
{
	for (bool first = true; !take(p, ']'); first = false) {
		struct type element = { 0 };

		if (!first && !take(p, ','))
			return wrong(p, "neither \",\" nor \"]\"");
		if (value_parse(p, want, &element) < 0)
			return err_result(p->err);
		if (first || (element.definite && !out_element->definite))
			*out_element = element;
	}
	return 0;
}

static int array_parse(struct parser *p, const char *want, struct type *out_type)
{
	const char *start = p->at;
	struct strbuf *out = p->out;
	struct wire_array array = { 0 };
	struct type element = { 0 }, again = { 0 };

	if (want && *want != 'a')
		return type_is(p, want, "a...");
	if (want) {
		memcpy(element.text, want + 1, strlen(want + 1) + 1);
	} else {
		p->out = NULL;
		if (elements_parse(p, NULL, &element) < 0)
			return err_result(p->err);
		p->out = out;
		if (!*element.text)
			return wrong(p, "an empty array without a type (@as [])");
	}
	if (type_add(p, out_type, "a") < 0 || type_add(p, out_type, element.text) < 0)
		return err_result(p->err);
	out_type->definite = want || element.definite;
	p->at = start;
	if (out)
		array = wire_array_begin(out, type_align(*element.text));
	if (elements_parse(p, element.text, &again) < 0)
		return err_result(p->err);
	if (out)
		wire_array_end(out, array);
	return 0;
}

static int tuple_parse(struct parser *p, const char *want, struct type *out_type)
{
	const char *rest = want ? want + 1 : NULL;
	bool definite = true;

	if (want && *want != '(')
		return type_is(p, want, "(...)");
	if (p->out)
		wire_pad(p->out, 8);
	if (type_add(p, out_type, "(") < 0)
		return err_result(p->err);
	for (bool first = true; !take(p, ')'); first = false) {
		struct type element = { 0 };
		char element_want[TYPE_MAX + 1] = "";
		size_t n = rest ? type_len(rest, DEPTH_MAX) : 0;

		if (!first && !take(p, ','))
			return wrong(p, "neither \",\" nor \")\"");
		if (!first && take(p, ')'))
			break; /* "(1,)" */
		if (want && n == 0)
			return wrong(p, "more elements than the type has");
		if (want) {
			memcpy(element_want, rest, n);
			rest += n;
		}
		if (value_parse(p, want ? element_want : NULL, &element) < 0 ||
			type_add(p, out_type, element.text) < 0)
			return err_result(p->err);
		definite = definite && element.definite;
	}
	if (want && *rest != ')')
		return wrong(p, "fewer elements than the type has");
	if (!want && strcmp(out_type->text, "(") == 0)
		return wrong(p, "an empty tuple, which D-Bus does not have,");
	out_type->definite = definite;
	return type_add(p, out_type, ")");
}

/* ---- any value ---- */

/* "@as": the type of the value that follows. */
static int annotated_parse(struct parser *p, const char *want, struct type *out_type)
{
	size_t len = type_len(p->at, DEPTH_MAX);
	auto_free char *type = xstrndup(p->at, len);
	struct type found = { 0 };

	if (len == 0 || len > TYPE_MAX)
		return wrong(p, "no type that is known here");
	p->at += len;
	if (type_is(p, want, type) < 0 || value_parse(p, type, &found) < 0 ||
		type_add(p, out_type, type) < 0)
		return err_result(p->err);
	out_type->definite = true;
	return 0;
}

static int word_parse(struct parser *p, size_t len, const char *want, struct type *out_type)
{
	bool is_true = is_word(p, len, "true");

	if (is_true || is_word(p, len, "false")) {
		p->at += len;
		out_type->definite = true;
		if (p->out)
			wire_number(p->out, 4, is_true);
		return type_add(p, out_type, "b") < 0 ? err_result(p->err) : type_is(p, want, "b");
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (is_word(p, len, numbers[i].word)) {
			p->at += len;
			return number_parse(p, &numbers[i], want, out_type);
		}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (is_word(p, len, texts[i].word)) {
			p->at += len;
			return string_parse(p, texts[i].type, want, out_type);
		}
	return wrong(p, "an unknown word");
}

static int one_value(struct parser *p, const char *want, struct type *out_type)
{
	size_t len = word_len(p);

	if (len > 0)
		return word_parse(p, len, want, out_type);
	if (take(p, '@'))
		return annotated_parse(p, want, out_type);
	if (take(p, '['))
		return array_parse(p, want, out_type);
	if (take(p, '('))
		return tuple_parse(p, want, out_type);
	if (*p->at == '\'' || *p->at == '"')
		return string_parse(p, 's', want, out_type);
	if (*p->at && (isdigit((unsigned char)*p->at) || strchr("+-.", *p->at)))
		return number_parse(p, NULL, want, out_type);
	return wrong(p, "no value");
}

static int value_parse(struct parser *p, const char *want, struct type *out_type)
{
	int r;

	if (p->depth == DEPTH_MAX)
		return wrong(p, "more levels than systemd has");
	p->depth++;
	r = one_value(p, want, out_type);
	p->depth--;
	return r;
}

static int whole_parse(const char *text, struct strbuf *out, const char *want,
	struct type *out_type, struct err *err)
{
	struct parser p = { .text = text, .at = text, .out = out, .err = err };

	if (value_parse(&p, want, out_type) < 0)
		return err_result(err);
	skip_blanks(&p);
	return *p.at ? wrong(&p, "something after the value") : 0;
}

int gvariant_type(const char *text, char **out_type, struct err *err)
{
	struct type type = { 0 };
	int r = whole_parse(text, NULL, NULL, &type, err);

	if (r == 0)
		*out_type = xstrdup(type.text);
	return r;
}

int gvariant_put(struct strbuf *b, const char *text, struct err *err)
{
	struct type type = { 0 }, again = { 0 };
	int r = whole_parse(text, NULL, NULL, &type, err);

	if (r < 0)
		return r;
	wire_signature(b, type.text);
	return whole_parse(text, b, type.text, &again, err);
}

char *gvariant_quote(const char *s)
{
	auto_(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "'");
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			strbuf_adds(&text, "\\");
		strbuf_add(&text, s, 1);
	}
	strbuf_adds(&text, "'");
	return strbuf_take(&text);
}

int gvariant_seconds(const char *text, char **out_text, struct err *err)
{
	auto_free char *type = NULL;
	const char *number = text + strspn(text, " \t");
	double seconds;
	int r = gvariant_type(text, &type, err);

	if (r < 0)
		return r;
	if (type[1] != '\0' || !number_of_type(*type))
		return err_bad(err, ERR_CONFIG, "\"%.100s\" is no number of seconds", text);
	if (*number == '@')
		number += strcspn(number, " \t");
	number += strspn(number, " \t");
	if (isalpha((unsigned char)*number))
		number += strcspn(number, " \t");
	seconds = strtod(number, NULL);
	if (!(seconds >= 0 && seconds <= (double)INT64_MAX / 1000000))
		return err_bad(err, ERR_CONFIG, "\"%.100s\" is no number of seconds", text);
	*out_text = xasprintf("uint64 %" PRIu64, (uint64_t)llround(seconds * 1000000));
	return 0;
}
