// SPDX-License-Identifier: Apache-2.0
/*
 * Mount options: from the list of the configuration to attributes, propagation and parameters of
 * the file system.  Pure; runs in the parent.
 *
 * Two things differ from mount(2).  An option that is not given changes nothing: a bind mount keeps
 * the flags of its source unless "dev", "exec", "rw" ... ask to clear one, so locked flags of a
 * parent user namespace need no special care.  And the flags of the superblock (sync, lazytime ...)
 * are parameters. iversion and silent have no counterpart in the new mount interface: the first is
 * the file system's own choice since Linux 4.16, the second only quietens the kernel's log.
 */
#include "rootfs/internal.h"

#include <string.h>

/* MS_* of the option table: an attribute of the mount, or a parameter of the superblock. */
static const struct {
	unsigned long flag;
	uint64_t attr;
	const char *param;
} flag_rows[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY, NULL },
	{ MS_NOSUID, MOUNT_ATTR_NOSUID, NULL },
	{ MS_NODEV, MOUNT_ATTR_NODEV, NULL },
	{ MS_NOEXEC, MOUNT_ATTR_NOEXEC, NULL },
	{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME, NULL },
	{ MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW, NULL },
	{ MS_SYNCHRONOUS, 0, "sync" },
	{ MS_DIRSYNC, 0, "dirsync" },
	{ MS_MANDLOCK, 0, "mand" },
	{ MS_LAZYTIME, 0, "lazytime" },
};

/* What stands in @options while they are read: flags set and flags explicitly cleared. */
struct flag_state {
	unsigned long set;
	unsigned long cleared;
};

static void param_add(struct mount_request *request, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct fs_param *param;

	request->params =
		xrealloc_array(request->params, request->param_count + 1, sizeof(*request->params));
	param = &request->params[request->param_count++];
	if (!equals) {
		param->key = xstrndup(text, len);
		param->value = NULL;
		return;
	}
	param->key = xstrndup(text, (size_t)(equals - text));
	param->value = xstrndup(equals + 1, len - (size_t)(equals + 1 - text));
}

/* An SELinux context may hold commas: "...:s0:c124,c675". */
static bool is_context(const char *text)
{
	return strncmp(text, "context=", 8) == 0 || strncmp(text, "fscontext=", 10) == 0 ||
		strncmp(text, "defcontext=", 11) == 0 || strncmp(text, "rootcontext=", 12) == 0;
}

/* One string of data may hold several parameters, as with mount(2); "\," is part of a value. */
static void params_add(struct mount_request *request, const char *text)
{
	const char *start = text;

	if (is_context(text)) {
		param_add(request, text, strlen(text));
		return;
	}
	for (const char *p = text;; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			continue;
		}
		if (*p != ',' && *p != '\0')
			continue;
		if (p > start)
			param_add(request, start, (size_t)(p - start));
		if (*p == '\0')
			return;
		start = p + 1;
	}
}

static int propagation_add(
	struct mount_request *request, const char *name, unsigned long flags, struct err *err)
{
	if (request->propagation_count == MOUNT_PROPAGATIONS)
		return err_bad(err, ERR_CONFIG, "option \"%s\": more than %d kinds of propagation",
			name, MOUNT_PROPAGATIONS);
	request->propagation[request->propagation_count++] = flags;
	return 0;
}

static void flag_add(struct flag_state *state, const struct mount_option *option)
{
	state->set = (state->set & ~(unsigned long)option->clear) | (unsigned long)option->set;
	state->cleared &= ~(unsigned long)(option->set | option->clear);
	if (!option->set) /* a flag that another one replaces was not asked away */
		state->cleared |= (unsigned long)option->clear;
}

/* The table's rows clear the whole field of access times, as mount_setattr(2) wants it. */
static void tree_add(struct mount_request *request, const struct mount_option *option)
{
	request->tree_set = (request->tree_set & ~option->clear) | option->set;
	request->tree_clear = (request->tree_clear & ~option->set) | option->clear;
}

static int option_add(
	struct mount_request *request, struct flag_state *state, const char *name, struct err *err)
{
	const struct mount_option *option = mount_option_find(name);

	if (!option) {
		/* crun's own form; ignoring it as data of a bind mount would drop the id map. */
		if (strncmp(name, "idmap=", 6) == 0 || strncmp(name, "ridmap=", 7) == 0) {
			(void)err_bad(err, ERR_CONFIG, "option \"%s\": not supported", name);
			err_hint(err, "give uidMappings and gidMappings of the mount instead");
			return err_result(err);
		}
		params_add(request, name);
		return 0;
	}
	switch (option->kind) {
	case MOUNT_OPTION_FLAG:
		flag_add(state, option);
		break;
	case MOUNT_OPTION_RECURSIVE:
		tree_add(request, option);
		break;
	case MOUNT_OPTION_PROPAGATION:
		return propagation_add(request, name, (unsigned long)option->set, err);
	case MOUNT_OPTION_BIND:
		request->bind = true;
		request->recursive = option->set & MS_REC;
		break;
	case MOUNT_OPTION_IDMAP:
		request->idmap = true;
		request->idmap_recursive = option->set & MS_REC;
		break;
	case MOUNT_OPTION_TMPCOPYUP:
		request->tmpcopyup = true;
		break;
	case MOUNT_OPTION_COPY_SYMLINK:
		request->copy_symlink = true;
		break;
	case MOUNT_OPTION_SRC_NOFOLLOW:
		request->src_nofollow = true;
		break;
	case MOUNT_OPTION_DEST_NOFOLLOW:
		request->dest_nofollow = true;
		break;
	case MOUNT_OPTION_IGNORED:
		break;
	}
	return 0;
}

/* Only a wish changes the access time: "norelatime" and "nostrictatime" just take one back. */
static void atime_finish(struct mount_request *request, const struct flag_state *state)
{
	if (state->set & MS_NOATIME)
		request->attr_set |= MOUNT_ATTR_NOATIME;
	else if (state->set & MS_STRICTATIME)
		request->attr_set |= MOUNT_ATTR_STRICTATIME;
	else if (!(state->set & MS_RELATIME) && !(state->cleared & MS_NOATIME))
		return;
	request->attr_clear |= MOUNT_ATTR__ATIME; /* relatime is 0 in the field */
}

static void flags_finish(struct mount_request *request, const struct flag_state *state)
{
	request->remount = state->set & MS_REMOUNT;
	request->flags = state->set & ~(unsigned long)MS_REMOUNT;
	for (size_t i = 0; i < ARRAY_SIZE(flag_rows); i++) {
		if (state->set & flag_rows[i].flag) {
			request->attr_set |= flag_rows[i].attr;
			if (flag_rows[i].param && !request->bind)
				params_add(request, flag_rows[i].param);
		}
		if (state->cleared & flag_rows[i].flag)
			request->attr_clear |= flag_rows[i].attr;
	}
	atime_finish(request, state);
}

int mount_request_parse(
	const spec_strings *options, struct mount_request *out_request, struct err *err)
{
	struct flag_state state = { 0 };

	memset(out_request, 0, sizeof(*out_request));
	list_foreach (option, options) {
		int r = option_add(out_request, &state, *option, err);

		if (r < 0)
			return r;
	}
	flags_finish(out_request, &state);
	return 0;
}

void mount_request_flatten(struct mount_request *request)
{
	request->attr_set = (request->attr_set & ~request->tree_clear) | request->tree_set;
	request->attr_clear = (request->attr_clear & ~request->tree_set) | request->tree_clear;
	request->tree_set = 0;
	request->tree_clear = 0;
}

void mount_request_release(struct mount_request *request)
{
	for (size_t i = 0; i < request->param_count; i++) {
		free(request->params[i].key);
		free(request->params[i].value);
	}
	free(request->params);
	request->params = NULL;
	request->param_count = 0;
}
