// SPDX-License-Identifier: Apache-2.0
/*
 * jsonedit: edits and reads JSON files for the shell tests, with our own reader.
 *
 *   jsonedit FILE set PATH JSON      puts JSON at PATH; objects missing on the way are made
 *   jsonedit FILE append PATH JSON   adds an element to the array at PATH; made when missing
 *   jsonedit FILE del PATH           takes PATH away; nothing happens when it is not there
 *   jsonedit FILE get PATH           prints a string as it is, other values as JSON; status 1 and no
 *                                    output when it is not there
 *   jsonedit - get PATH              the same from standard input
 *
 * PATH: a.b[0].c, a["key.with.dots"].c, [2], and "." for the whole document.  An index one past the
 * end of an array appends.  Files are replaced atomically and keep their mode.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "oci/json.h"

#define SIZE_LIMIT (64u << 20)

/* ---- a tree that can be changed; it lives as long as the program ---- */

/* Which the leak sanitizer is told: nothing of it is freed. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

struct value {
	enum json_type type;
	char *key; /* in an object */
	char *text; /* string, number */
	bool boolean;
	struct value *first; /* array, object */
	struct value *next;
};

static struct value *value_new(enum json_type type)
{
	struct value *value = xcalloc(1, sizeof(*value));

	value->type = type;
	return value;
}

static struct value *value_copy(const struct json_node *node)
{
	struct value *value = value_new(node->type);
	struct value **end = &value->first;

	if (node->type == JSON_STRING || node->type == JSON_NUMBER)
		value->text = xstrdup(node->text);
	if (node->type == JSON_BOOL)
		value->boolean = node->boolean;
	json_foreach (child, node) {
		*end = value_copy(child);
		(*end)->key = child->key ? xstrdup(child->key) : NULL;
		end = &(*end)->next;
	}
	return value;
}

static int value_parse(const char *text, size_t len, struct value **out_value, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	int r = json_parse(text, len, SIZE_LIMIT, &doc, err);

	if (r == 0)
		*out_value = value_copy(json_root(doc));
	return r;
}

/* ---- writing ---- */

static void write_string(struct strbuf *out, const char *text)
{
	strbuf_adds(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_addf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			strbuf_addf(out, "\\u%04x", (unsigned int)*text);
		else
			strbuf_add(out, text, 1);
	}
	strbuf_adds(out, "\"");
}

static void write_value(struct strbuf *out, const struct value *value, int indent);

static void write_children(struct strbuf *out, const struct value *value, int indent)
{
	for (const struct value *child = value->first; child; child = child->next) {
		strbuf_addf(out, "\n%*s", indent + 2, "");
		if (child->key) {
			write_string(out, child->key);
			strbuf_adds(out, ": ");
		}
		write_value(out, child, indent + 2);
		if (child->next)
			strbuf_adds(out, ",");
	}
	if (value->first)
		strbuf_addf(out, "\n%*s", indent, "");
}

static void write_value(struct strbuf *out, const struct value *value, int indent)
{
	switch (value->type) {
	case JSON_NULL:
		strbuf_adds(out, "null");
		break;
	case JSON_BOOL:
		strbuf_adds(out, value->boolean ? "true" : "false");
		break;
	case JSON_NUMBER:
		strbuf_adds(out, value->text);
		break;
	case JSON_STRING:
		write_string(out, value->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		strbuf_adds(out, value->type == JSON_ARRAY ? "[" : "{");
		write_children(out, value, indent);
		strbuf_adds(out, value->type == JSON_ARRAY ? "]" : "}");
		break;
	}
}

/* ---- paths ---- */

struct step {
	char *key; /* NULL: an index */
	uint64_t index;
};

/* Takes the first step off *@path. */
static int step_take(const char **path, struct step *out_step, struct err *err)
{
	const char *p = *path, *end;
	auto_free char *number = NULL;

	*out_step = (struct step){ 0 };
	if (*p == '[' && p[1] == '"') {
		end = strstr(p, "\"]");
		if (!end)
			return err_bad(err, ERR_USAGE, "\"%s\" lacks \"]", p);
		out_step->key = xstrndup(p + 2, (size_t)(end - p) - 2);
		*path = end + 2;
	} else if (*p == '[') {
		end = p + strcspn(p, "]");
		number = xstrndup(p + 1, (size_t)(end - p) - 1);
		if (!*end || num_u64(number, UINT32_MAX, &out_step->index) < 0)
			return err_bad(err, ERR_USAGE, "\"%s\" does not start with an index", p);
		*path = end + 1;
	} else {
		end = p + strcspn(p, ".[");
		if (end == p)
			return err_bad(err, ERR_USAGE, "\"%s\" does not start with a name", p);
		out_step->key = xstrndup(p, (size_t)(end - p));
		*path = end;
	}
	if (**path == '.')
		(*path)++;
	return 0;
}

/* The link that holds the child @step of @parent, or the link behind the last child. */
static struct value **child_link(struct value *parent, const struct step *step, uint64_t *out_index)
{
	struct value **link = &parent->first;

	for (*out_index = 0; *link; link = &(*link)->next, (*out_index)++)
		if (step->key ? strcmp((*link)->key, step->key) == 0 : *out_index == step->index)
			break;
	return link;
}

/* Goes one step down from *@link.  With @make what is missing is made: an object or array at
 * *@link as the step needs it, and room for the child.  1: not there. */
static int step_down(struct value ***link, const struct step *step, bool make, struct err *err)
{
	enum json_type type = step->key ? JSON_OBJECT : JSON_ARRAY;
	struct value *parent = **link;
	uint64_t index;

	if (!parent && !make)
		return 1;
	if (!parent)
		parent = **link = value_new(type);
	if (parent->type != type)
		return make ? err_bad(err, ERR_USAGE, "the path does not fit the document") : 1;
	*link = child_link(parent, step, &index);
	if (**link)
		return 0;
	if (!make)
		return 1;
	if (!step->key && index != step->index)
		return err_bad(err, ERR_USAGE, "the array has only %llu elements",
			(unsigned long long)index);
	return 0;
}

/* The link that holds, or with @make will hold, the value at @path.  *@out_key is its key.  1:
 * not there. */
static int find(struct value **root, const char *path, bool make, struct value ***out_link,
	char **out_key, struct err *err)
{
	struct value **link = root;
	char *key = NULL;

	if (strcmp(path, ".") == 0)
		path = "";
	while (*path) {
		struct step step;
		int r = step_take(&path, &step, err);

		if (r == 0 && key && *link == NULL)
			(*link = value_new(step.key ? JSON_OBJECT : JSON_ARRAY))->key = key;
		if (r == 0)
			r = step_down(&link, &step, make, err);
		if (r != 0)
			return r;
		key = step.key;
	}
	*out_link = link;
	*out_key = key;
	return 0;
}

/* ---- commands ---- */

static int put(struct value **root, const char *path, struct value *value, struct err *err)
{
	struct value **link;
	char *key;
	int r = find(root, path, true, &link, &key, err);

	if (r != 0)
		return r;
	value->key = key;
	value->next = *link ? (*link)->next : NULL;
	*link = value;
	return 0;
}

static int append(struct value **root, const char *path, struct value *value, struct err *err)
{
	struct value **link;
	char *key;
	int r = find(root, path, true, &link, &key, err);

	if (r != 0)
		return r;
	if (!*link)
		(*link = value_new(JSON_ARRAY))->key = key;
	if ((*link)->type != JSON_ARRAY)
		return err_bad(err, ERR_USAGE, "\"%s\" is not an array", path);
	for (link = &(*link)->first; *link;)
		link = &(*link)->next;
	*link = value;
	return 0;
}

static int take_away(struct value **root, const char *path, struct err *err)
{
	struct value **link;
	char *key;
	int r = find(root, path, false, &link, &key, err);

	if (r == 0)
		*link = (*link)->next;
	return r < 0 ? r : 0;
}

static int get(struct value **root, const char *path, struct err *err)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	struct value **link;
	char *key;
	int r = find(root, path, false, &link, &key, err);

	if (r != 0)
		return r;
	if ((*link)->type == JSON_STRING)
		strbuf_adds(&out, (*link)->text);
	else
		write_value(&out, *link, 0);
	puts(strbuf_str(&out));
	return 0;
}

static int edit(struct value **root, char **words, struct err *err)
{
	struct value *value;
	int r;

	if (strcmp(words[0], "del") == 0)
		return take_away(root, words[1], err);
	r = value_parse(words[2], strlen(words[2]), &value, err);
	if (r < 0)
		return err_in(err, "\"%s\"", words[2]);
	return strcmp(words[0], "set") == 0 ? put(root, words[1], value, err)
					    : append(root, words[1], value, err);
}

static int save(const char *path, const struct value *root, struct err *err)
{
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	struct stat st;
	int r = host_stat(AT_FDCWD, path, &st, 0, err);

	if (r < 0)
		return r;
	if (!root)
		return err_bad(err, ERR_USAGE, "nothing would be left");
	write_value(&out, root, 0);
	strbuf_adds(&out, "\n");
	return host_replace(AT_FDCWD, path, out.data, out.len, st.st_mode & 07777, err);
}

static int load(const char *path, struct value **out_root, struct err *err)
{
	auto_free char *text = NULL;
	size_t len;
	int r;

	if (strcmp(path, "-") == 0)
		r = host_read_fd(STDIN_FILENO, "standard input", SIZE_LIMIT, &text, &len, err);
	else
		r = host_read(AT_FDCWD, path, SIZE_LIMIT, &text, &len, err);
	if (r < 0)
		return r;
	r = value_parse(text, len, out_root, err);
	return r < 0 ? err_in(err, "%s", path) : 0;
}

static bool usage_fits(int argc, char **argv)
{
	if (argc < 4)
		return false;
	if (strcmp(argv[2], "get") == 0)
		return argc == 4;
	if (strcmp(argv[1], "-") == 0)
		return false;
	if (strcmp(argv[2], "del") == 0)
		return argc == 4;
	return argc == 5 && (strcmp(argv[2], "set") == 0 || strcmp(argv[2], "append") == 0);
}

int main(int argc, char **argv)
{
	struct value *root = NULL;
	struct err err = { 0 };
	int r;

	if (!usage_fits(argc, argv)) {
		fputs("usage: jsonedit FILE set|append PATH JSON | FILE del PATH | FILE|- get "
		      "PATH\n",
			stderr);
		return 2;
	}
	r = load(argv[1], &root, &err);
	if (r == 0 && strcmp(argv[2], "get") == 0) {
		r = get(&root, argv[3], &err);
	} else if (r == 0) {
		r = edit(&root, argv + 2, &err);
		if (r == 0)
			r = save(argv[1], root, &err);
	}
	if (r < 0)
		fprintf(stderr, "jsonedit: %s\n", err.msg);
	return r == 0 ? 0 : 1;
}
