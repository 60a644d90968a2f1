// SPDX-License-Identifier: Apache-2.0
/* state.json.  What can be read is written again and read back the same. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/hostfile.h"
#include "runtime/state.h"

static struct state_dir dir = STATE_DIR_INIT;
static char path[] = "/tmp/ringwall-fuzz.XXXXXX";

static void remove_dir(void)
{
	struct err ignored;

	(void)!host_unlink(dir.fd, STATE_FILE, 0, &ignored);
	(void)!host_unlink(AT_FDCWD, path, AT_REMOVEDIR, &ignored);
}

static void make_dir(void)
{
	static char id[] = "fuzz";

	FUZZ_CHECK(mkdtemp(path));
	dir.id = id;
	dir.path = path;
	dir.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FUZZ_CHECK(dir.fd >= 0);
	atexit(remove_dir);
}

static char *content(void)
{
	struct err err = { 0 };
	char *text = NULL;

	FUZZ_CHECK(host_read(dir.fd, STATE_FILE, 1u << 22, &text, NULL, &err) == 0);
	return text;
}

/* Written once, it stays as it is for ever. */
static void check_stable(const struct state *state)
{
	struct state again = { 0 };
	struct err err = { 0 };
	char *first, *second;

	fuzz_check_outcome(state_write(&dir, state, &err), &err);
	if (err.num)
		return; /* as text it is longer than what was read */
	first = content();
	fuzz_check_outcome(state_read(&dir, &again, &err), &err);
	if (err.num == 0) {
		FUZZ_CHECK(again.pid == state->pid && again.phase == state->phase);
		FUZZ_CHECK(again.annotations.count == state->annotations.count);
		FUZZ_CHECK(state_write(&dir, &again, &err) == 0);
		second = content();
		FUZZ_CHECK(strcmp(first, second) == 0);
		free(second);
		state_release(&again);
	}
	free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state state = { 0 };
	struct err err = { 0 };
	int r, fd;

	if (dir.fd < 0)
		make_dir();
	fd = openat(dir.fd, STATE_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
	r = state_read(&dir, &state, &err);
	fuzz_check_outcome(r, &err);
	if (r == 0)
		check_stable(&state);
	state_release(&state);
	return 0;
}
