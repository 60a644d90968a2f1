// SPDX-License-Identifier: Apache-2.0
/*
 * The command line: every invocation that engines make (docs: the compatibility contract) must
 * reach the runtime with the right values.  The runtime's façade is replaced by functions that
 * write down what they are given.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "cmd/commands.h"
#include "cmd/options.h"
#include "runtime/container.h"
#include "runtime/self.h"

static struct strbuf called; /* what the façade was given, "verb name=value ..." */
static char default_root[PATH_MAX];

static void record_start(const char *verb, const struct runtime *rt, const char *id)
{
	static const char *const managers[] = { "cgroupfs", "systemd", "disabled" };

	strbuf_adds(&called, verb);
	if (strcmp(rt->root, default_root) != 0)
		strbuf_addf(&called, " root=%s", rt->root);
	if (rt->cgroup_manager != CGROUP_MANAGER_CGROUPFS)
		strbuf_addf(&called, " cgroups=%s", managers[rt->cgroup_manager]);
	if (id)
		strbuf_addf(&called, " id=%s", id);
}

static void record_text(const char *name, const char *value)
{
	if (value)
		strbuf_addf(&called, " %s=%s", name, value);
}

static void record_flag(const char *name, bool value)
{
	if (value)
		strbuf_addf(&called, " %s", name);
}

static void record_number(const char *name, unsigned int value)
{
	if (value)
		strbuf_addf(&called, " %s=%u", name, value);
}

static void record_create(
	const char *verb, const struct runtime *rt, const struct container_create_options *o)
{
	record_start(verb, rt, o->id);
	record_text("bundle", o->bundle);
	record_text("config", o->config_file);
	record_text("console", o->console_socket);
	record_text("pidfd", o->pidfd_socket);
	record_text("pid-file", o->pid_file);
	record_flag("no-pivot", o->no_pivot);
	record_flag("no-new-keyring", o->no_new_keyring);
	record_number("listen-fds", o->listen_fds);
	record_number("preserve-fds", o->preserve_fds);
	record_text("notify", o->notify_socket);
	record_flag("detach", o->detach);
	record_flag("keep", o->keep);
}

/* ---- the façade ---- */

int self_protect(char **argv, struct err *err)
{
	(void)argv;
	(void)err;
	strbuf_adds(&called, "protect ");
	return 0;
}

int container_create(
	const struct runtime *rt, const struct container_create_options *options, struct err *err)
{
	(void)err;
	record_create("create", rt, options);
	return 0;
}

int container_run(const struct runtime *rt, const struct container_create_options *options,
	int *out_status, struct err *err)
{
	(void)err;
	record_create("run", rt, options);
	*out_status = 42;
	return 0;
}

int container_start(
	const struct runtime *rt, const char *id, const char *notify_socket, struct err *err)
{
	record_start("start", rt, id);
	record_text("notify", notify_socket);
	if (strcmp(id, "missing") == 0)
		return err_bad(err, ERR_NO_CONTAINER, "container \"%s\"", id);
	return 0;
}

int container_kill(const struct runtime *rt, const char *id, int sig, bool all, struct err *err)
{
	(void)err;
	record_start("kill", rt, id);
	strbuf_addf(&called, " signal=%d", sig);
	record_flag("all", all);
	return 0;
}

int container_delete(const struct runtime *rt, const char *id, unsigned int flags, struct err *err)
{
	(void)err;
	record_start("delete", rt, id);
	record_flag("force", flags & CONTAINER_DELETE_FORCE);
	record_flag("strict", flags & CONTAINER_DELETE_STRICT);
	return 0;
}

int container_state(const struct runtime *rt, const char *id, char **out_json, struct err *err)
{
	(void)err;
	record_start("state", rt, id);
	*out_json = xstrdup("{\"id\":\"c1\"}");
	return 0;
}

int container_list(const struct runtime *rt, struct container_info **out_list, size_t *out_count,
	struct err *err)
{
	static const char *const ids[] = { "db", "web-frontend" };
	struct container_info *list = xcalloc(2, sizeof(*list));

	(void)err;
	record_start("list", rt, NULL);
	for (size_t i = 0; i < 2; i++)
		list[i] = (struct container_info){
			.id = xstrdup(ids[i]),
			.status = i ? "running" : "stopped",
			.pid = i ? 4711 : 0,
			.bundle = xstrdup("/b"),
			.created = xstrdup("2026-01-02T03:04:05Z"),
			.owner = xstrdup("root"),
			.json = xasprintf("{\"id\":\"%s\"}", ids[i]),
		};
	*out_list = list;
	*out_count = 2;
	return 0;
}

void container_list_free(struct container_info *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].id);
		free(list[i].bundle);
		free(list[i].created);
		free(list[i].owner);
		free(list[i].json);
	}
	free(list);
}

int container_ps_table(const struct runtime *rt, const char *id, char **out_text, struct err *err)
{
	(void)rt, (void)id, (void)out_text, (void)err;
	return 1;
}

int container_pids(const struct runtime *rt, const char *id, pid_t **out_pids, size_t *out_count,
	struct err *err)
{
	(void)err;
	record_start("pids", rt, id);
	*out_pids = xcalloc(2, sizeof(pid_t));
	(*out_pids)[0] = getpid();
	(*out_pids)[1] = 2147483646;
	*out_count = 2;
	return 0;
}

int container_pause(const struct runtime *rt, const char *id, struct err *err)
{
	(void)err;
	record_start("pause", rt, id);
	return 0;
}

int container_resume(const struct runtime *rt, const char *id, struct err *err)
{
	(void)err;
	record_start("resume", rt, id);
	return 0;
}

int container_update(
	const struct runtime *rt, const char *id, const char *json, size_t len, struct err *err)
{
	(void)err;
	record_start("update", rt, id);
	strbuf_addf(&called, " %.*s", (int)len, json);
	return 0;
}

int container_events(const struct runtime *rt, const char *id, bool once, int interval_ms,
	int (*print)(void *arg, const char *line, struct err *err), void *arg, struct err *err)
{
	record_start("events", rt, id);
	record_flag("once", once);
	strbuf_addf(&called, " interval=%d", interval_ms);
	return print(arg, "{\"type\":\"stats\"}", err);
}

int container_exec(const struct runtime *rt, const struct container_exec_options *o,
	int *out_status, struct err *err)
{
	(void)err;
	record_start("exec", rt, o->id);
	record_text("process", o->process_file);
	record_text("console", o->console_socket);
	record_text("pidfd", o->pidfd_socket);
	record_text("pid-file", o->pid_file);
	record_flag("tty", o->tty);
	record_flag("detach", o->detach);
	record_flag("no-new-privs", o->no_new_privs);
	record_flag("ignore-paused", o->ignore_paused);
	record_text("user", o->user);
	record_text("cwd", o->cwd);
	record_text("apparmor", o->apparmor);
	record_text("label", o->process_label);
	record_text("cgroup", o->cgroup);
	for (size_t i = 0; i < o->env_count; i++)
		record_text("env", o->env[i]);
	for (size_t i = 0; i < o->cap_count; i++)
		record_text("cap", o->caps[i]);
	for (size_t i = 0; i < o->gid_count; i++)
		record_number("gid", o->additional_gids[i]);
	record_number("preserve-fds", o->preserve_fds);
	for (size_t i = 0; i < o->arg_count; i++)
		strbuf_addf(&called, " [%s]", o->args[i]);
	*out_status = 7;
	return 0;
}

/* ---- running command lines ---- */

static char dir[] = "/tmp/test_cmd_options.XXXXXX"; /* the working directory */

static char *slurp(const char *file)
{
	char buf[65536];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, buf, sizeof(buf));
	assert_true(len >= 0);
	close(fd);
	return xstrndup(buf, (size_t)len);
}

static int redirect(int fd, const char *file)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	int to = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(saved >= 0 && to >= 0);
	assert_int_equal(dup2(to, fd), fd);
	close(to);
	return saved;
}

static void restore(int fd, int saved)
{
	assert_int_equal(dup2(saved, fd), fd);
	close(saved);
}

/* Splits @line at blanks ("''" is an empty word) and runs it; *out and *err_text are what was
 * written. */
static int run_line(const char *line, char **out, char **err_text)
{
	auto_free char *copy = xasprintf("ringwall %s", line);
	char *argv[64], *rest = copy;
	struct err err;
	size_t argc = 0;
	int status, saved_out, saved_err;

	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
		argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	argv[argc] = NULL;
	strbuf_release(&called);
	fflush(stdout);
	saved_out = redirect(STDOUT_FILENO, "stdout");
	saved_err = redirect(STDERR_FILENO, "stderr");
	status = cli_main(argv);
	restore(STDERR_FILENO, saved_err);
	restore(STDOUT_FILENO, saved_out);
	assert_int_equal(log_open(&(struct log_options){ .file = NULL }, &err), 0);
	*out = slurp("stdout");
	*err_text = slurp("stderr");
	return status;
}

static void assert_called(const char *line, const char *expected, int expected_status)
{
	auto_free char *out = NULL, *err_text = NULL;
	int status = run_line(line, &out, &err_text);

	if (status != expected_status || strcmp(strbuf_str(&called), expected) != 0)
		fail_msg("ringwall %s\nexpected: %s (%d)\ngot:      %s (%d)\n%s", line, expected,
			expected_status, strbuf_str(&called), status, err_text);
	assert_string_equal(err_text, "");
}

/* A wrong command line: status 64, nothing called, and @text on standard error. */
static void assert_usage(const char *line, const char *text)
{
	auto_free char *out = NULL, *err_text = NULL;
	int status = run_line(line, &out, &err_text);

	if (status != 64 ||
		strcmp(strbuf_str(&called) + strspn(strbuf_str(&called), "protect "), "") ||
		!strstr(err_text, text))
		fail_msg("ringwall %s\nexpected: %s (64)\ngot:      %s (%d) called %s", line, text,
			err_text, status, strbuf_str(&called));
	assert_string_equal(out, "");
}

/* The default root depends on who runs the test: it is learnt here, and must be one of the two. */
static void test_default_root(void **state)
{
	auto_free char *user_root = xasprintf("%s/ringwall", dir);
	auto_free char *out = NULL, *err_text = NULL;
	const char *root;

	(void)state;
	assert_int_equal(run_line("start c1", &out, &err_text), 0);
	assert_memory_equal(strbuf_str(&called), "start root=", 11);
	root = strbuf_str(&called) + 11;
	snprintf(default_root, sizeof(default_root), "%.*s", (int)strcspn(root, " "), root);
	if (geteuid() != 0)
		assert_string_equal(default_root, user_root);
	else if (strcmp(default_root, user_root) != 0)
		assert_string_equal(default_root, "/run/ringwall");

	/* only a directory of our own is taken: others could have put states there */
	if (strcmp(default_root, user_root) == 0) {
		auto_free char *out2 = NULL, *err_text2 = NULL;

		assert_int_equal(chmod(dir, 0777), 0);
		assert_int_equal(run_line("start c1", &out2, &err_text2), 1);
		assert_non_null(strstr(err_text2, "$XDG_RUNTIME_DIR"));
		assert_non_null(strstr(err_text2, "--root"));
		assert_int_equal(chmod(dir, 0700), 0);
	}
}

static int enter(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_FDS");
	for (int fd = 3; fd < 6; fd++) /* what --preserve-fds passes on */
		if (dup2(null, fd) < 0)
			return -1;
	return !mkdtemp(dir) || chdir(dir) < 0 || setenv("XDG_RUNTIME_DIR", dir, 1) < 0 ? -1 : 0;
}

static int leave(void **state)
{
	static const char *const files[] = { "stdout", "stderr", "log.json", "oci-log",
		"runc-log.json", "res.json", "config.json" };

	(void)state;
	strbuf_release(&called);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlink(files[i]);
	return chdir("/") < 0 || rmdir(dir) < 0 ? -1 : 0;
}

/* ---- what engines run ---- */

static void test_containerd(void **state)
{
	(void)state;
#define G "--root /run/containerd/runc/k8s --log log.json --log-format json "
	assert_called(G "create --bundle /b --pid-file /b/init.pid c1",
		"protect create root=/run/containerd/runc/k8s id=c1 bundle=/b pid-file=/b/init.pid",
		0);
	assert_called(G
		"--systemd-cgroup create --bundle /b --pid-file /b/init.pid --console-socket "
		"/s --no-pivot --no-new-keyring c1",
		"protect create root=/run/containerd/runc/k8s cgroups=systemd id=c1 bundle=/b "
		"console=/s pid-file=/b/init.pid no-pivot no-new-keyring",
		0);
	assert_called(G "create --bundle /b --pidfd-socket /p --detach --preserve-fds 3 c1",
		"protect create root=/run/containerd/runc/k8s id=c1 bundle=/b pidfd=/p "
		"preserve-fds=3",
		0);
	assert_called(G "start c1", "start root=/run/containerd/runc/k8s id=c1", 0);
	assert_called(G "kill c1 15", "kill root=/run/containerd/runc/k8s id=c1 signal=15", 0);
	assert_called(
		G "kill --all c1 9", "kill root=/run/containerd/runc/k8s id=c1 signal=9 all", 0);
	assert_called(G "delete c1", "delete root=/run/containerd/runc/k8s id=c1", 0);
	assert_called(G "delete --force c1", "delete root=/run/containerd/runc/k8s id=c1 force", 0);
	assert_called(G "exec --process /tmp/runc-process1 --console-socket /s --detach --pid-file "
			"/b/e.pid c1",
		"protect exec root=/run/containerd/runc/k8s id=c1 process=/tmp/runc-process1 "
		"console=/s "
		"pid-file=/b/e.pid detach",
		7);
	assert_called(G "pause c1", "pause root=/run/containerd/runc/k8s id=c1", 0);
	assert_called(G "resume c1", "resume root=/run/containerd/runc/k8s id=c1", 0);
	assert_called(G "ps --format json c1", "pids root=/run/containerd/runc/k8s id=c1", 0);
	assert_called("--debug --rootless=true state c1", "state id=c1", 0);
	assert_called("--rootless=false --debug=false delete c1", "delete id=c1", 0);
	assert_called("create -no-subreaper -no-pivot --bundle /b c1",
		"protect create id=c1 bundle=/b no-pivot", 0);
#undef G
}

static void test_go_runc(void **state)
{
	(void)state;
	assert_called("list --format=json", "list", 0);
	assert_called("state c1", "state id=c1", 0);
	assert_called("events --stats c1", "events id=c1 once interval=5000", 0);
	assert_called("events --interval=5s c1", "events id=c1 interval=5000", 0);
	assert_called("run --bundle /b --detach c1", "protect run id=c1 bundle=/b detach", 42);
}

static void test_buildkit(void **state)
{
	(void)state;
#define G "--log runc-log.json --log-format json "
	assert_called(G "run --bundle /b --no-pivot --keep c1",
		"protect run id=c1 bundle=/b no-pivot keep", 42);
	assert_called(
		G "exec --process f --pid-file p c1", "protect exec id=c1 process=f pid-file=p", 7);
	assert_called(G "kill c1 9", "kill id=c1 signal=9", 0);
#undef G
}

static void test_podman(void **state)
{
	(void)state;
#define A "--log-format=json --log oci-log "
	assert_called("--systemd-cgroup " A "create --bundle /b --pid-file /p --no-pivot "
		      "--no-new-keyring --preserve-fds 2 --console-socket /s c1",
		"protect create cgroups=systemd id=c1 bundle=/b console=/s pid-file=/p no-pivot "
		"no-new-keyring preserve-fds=2",
		0);
	/* conmon's flag first, podman's own after it: the more exact one counts in any order */
	assert_called("--systemd-cgroup " A "--cgroup-manager disabled create --bundle /b c1",
		"protect create cgroups=disabled id=c1 bundle=/b", 0);
	assert_called("--cgroup-manager=disabled --systemd-cgroup start c1",
		"start cgroups=disabled id=c1", 0);
	assert_called(A
		"exec --pid-file /p --process f --detach --preserve-fds 1 --console-socket /s "
		"c1",
		"protect exec id=c1 process=f console=/s pid-file=/p detach preserve-fds=1", 7);
	assert_called("kill c1 15", "kill id=c1 signal=15", 0);
	assert_called("delete --force c1", "delete id=c1 force", 0);
	assert_called("delete --strict c1", "delete id=c1 strict", 0);
	assert_called("kill --all c1 9", "kill id=c1 signal=9 all", 0);
#undef A
}

static void test_crio_and_buildah(void **state)
{
	(void)state;
	assert_called("--root /run/runc --systemd-cgroup kill -a c1 9",
		"kill root=/run/runc cgroups=systemd id=c1 signal=9 all", 0);
	assert_called("--root=/run/runc state c1", "state root=/run/runc id=c1", 0);
	assert_called("exec --process f c1", "protect exec id=c1 process=f", 7);
	assert_called("kill c1", "kill id=c1 signal=15", 0);
	assert_called("kill c1 SIGKILL", "kill id=c1 signal=9", 0);
	assert_called("kill c1 KILL", "kill id=c1 signal=9", 0);
}

static void test_update(void **state)
{
	static const char json[] = "{\"pids\":{\"limit\":7}}";
	int fd = open("res.json", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

	(void)state;
	assert_int_equal(write(fd, json, strlen(json)), strlen(json));
	assert_called("update --resources=res.json c1", "update id=c1 {\"pids\":{\"limit\":7}}", 0);
	for (int form = 0; form < 2; form++) {
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
		assert_called(form ? "update --resources=- c1" : "update --resources - c1",
			"update id=c1 {\"pids\":{\"limit\":7}}", 0);
	}
	if (saved >= 0)
		restore(STDIN_FILENO, saved);
	close(fd);

	assert_called("update --memory 64m --memory-swap -1 --pids-limit 20 c1",
		"update id=c1 "
		"{\"memory\":{\"limit\":67108864,\"swap\":-1},\"pids\":{\"limit\":20}}",
		0);
	assert_called("update --cpu-share 512 --cpu-quota=-1 --cpu-period 100000 --cpu-burst 0 "
		      "--cpu-idle 1 --cpuset-cpus 0-1 --cpuset-mems 0 --blkio-weight 500 c1",
		"update id=c1 {\"cpu\":{\"shares\":512,\"quota\":-1,\"period\":100000,\"burst\":0,"
		"\"idle\":1,\"cpus\":\"0-1\",\"mems\":\"0\"},\"blockIO\":{\"weight\":500}}",
		0);
	assert_called("update --cpuset-cpus 0\"\\ c1",
		"update id=c1 {\"cpu\":{\"cpus\":\"0\\\"\\\\\"}}", 0);
	assert_called("update c1 --memory 1048576 --memory-reservation 512KiB",
		"update id=c1 {\"memory\":{\"limit\":1048576,\"reservation\":524288}}", 0);
	assert_usage("update c1", "no limit given");
	assert_usage("update -r res.json --memory 1g c1", "--resources");
}

/* ---- the forms of options ---- */

static void test_exec_forms(void **state)
{
	(void)state;
	assert_called("exec c1 sh -c true", "protect exec id=c1 [sh] [-c] [true]", 7);
	assert_called("exec -t c1 ls --tty -d", "protect exec id=c1 tty [ls] [--tty] [-d]", 7);
	assert_called("exec c1 -- ls -- x", "protect exec id=c1 [ls] [--] [x]", 7);
	assert_called("exec -td c1 ls", "protect exec id=c1 tty detach [ls]", 7);
	assert_called("exec -tu1000:5 -e A=1 -eB=2 --env C=3 --env=D= c1 env",
		"protect exec id=c1 tty user=1000:5 env=A=1 env=B=2 env=C=3 env=D= [env]", 7);
	assert_called("exec -u=7 -env X=1 -cwd=/w c1 pwd",
		"protect exec id=c1 user=7 cwd=/w env=X=1 [pwd]", 7);
	assert_called("exec -c CAP_KILL --cap CAP_CHOWN -g 5 --additional-gids 6,7 c1 id",
		"protect exec id=c1 cap=CAP_KILL cap=CAP_CHOWN gid=5 gid=6 gid=7 [id]", 7);
	assert_called(
		"exec --apparmor p --process-label l --no-new-privs --cgroup sub --ignore-paused "
		"--pidfd-socket /s c1 id",
		"protect exec id=c1 pidfd=/s no-new-privs ignore-paused apparmor=p label=l "
		"cgroup=sub [id]",
		7);
	assert_called("exec --tty=false --detach=true c1 id", "protect exec id=c1 detach [id]", 7);
	assert_usage("exec c1", "no command given");
	assert_usage("exec -g x c1 id", "list of numeric ids");
}

static void test_forms(void **state)
{
	(void)state;
	assert_called("run -b/b -f my.json -d c1",
		"protect run id=c1 bundle=/b config=my.json detach", 42);
	assert_called("run c1 -b /b", "protect run id=c1 bundle=/b", 42);
	assert_called("run -- -c1", "protect run id=-c1", 42);
	assert_called("create --bundle --keep c1", "protect create id=c1 bundle=--keep", 0);
	assert_called("-cgroup-manager systemd start c1", "start cgroups=systemd id=c1", 0);
	assert_called("events --interval 100ms c1", "events id=c1 interval=100", 0);
	assert_called("events --interval 2m c1", "events id=c1 interval=120000", 0);
	assert_called("events --interval 1h1m1.5s c1", "events id=c1 interval=3661500", 0);
	assert_called("events --interval 3 c1", "events id=c1 interval=3000", 0);
	assert_usage("events --interval 0 c1", "at least 1ms");
	assert_usage("events --interval 5x c1", "duration");
	assert_usage("events --interval '' c1", "duration");
	assert_usage("events --interval 999999h c1", "24 days");
	assert_usage("update --memory 1q c1", "a size");
	assert_usage("update --memory 9223372036854775807k c1", "63 bits");
	assert_usage("update --memory -2 c1", "a size");
	assert_usage("update --pids-limit 1x c1", "whole number");
	assert_usage("update --cpu-share -1 c1", "not negative");
	assert_usage("create --preserve-fds -1 c1", "whole number");
	assert_usage("create --preserve-fds 4294967295 c1", "whole number");
}

static void test_usage_errors(void **state)
{
	auto_free char *out = NULL, *err_text = NULL;

	(void)state;
	assert_usage("", "unknown command \"\"");
	assert_usage("--debug", "no command given");
	assert_usage("strat c1", "did you mean \"start\"?");
	assert_usage("checkpoint --help", "unknown command \"checkpoint\"");
	assert_usage("create --bundel /b c1", "did you mean \"--bundle\"?");
	assert_usage("--rot /r list", "did you mean \"--root\"?");
	assert_usage("create -x c1", "unknown option \"-x\"");
	assert_usage("create --bundle", "option \"--bundle\" requires an argument");
	assert_usage("create -b", "option \"-b\" requires an argument");
	assert_usage("create", "create: missing arguments");
	assert_usage("start a b", "start: too many arguments");
	assert_usage("list -f xml", "\"xml\" is not one of table|json");
	assert_usage("create --no-pivot=maybe c1", "true or false");
	assert_usage("create --help=1 c1", "takes no argument");
	assert_usage("--cgroup-manager foo list", "cgroupfs|systemd|disabled");
	assert_usage("--root '' list", "--root");
	assert_usage("kill c1 NOSUCH", "NOSUCH");

	/* a failure of the operation is status 1, of exec 255: see the manual page */
	assert_int_equal(run_line("start missing", &out, &err_text), 1);
	assert_non_null(strstr(err_text, "container does not exist"));
}

/* The error of a wrong command line reaches the log file too: engines read nothing else. */
static void test_usage_error_log(void **state)
{
	auto_free char *out = NULL, *err_text = NULL, *log = NULL;

	(void)state;
	unlink("log.json");
	assert_int_equal(
		run_line("--log log.json --log-format json create --bogus c", &out, &err_text), 64);
	log = slurp("log.json");
	assert_non_null(strstr(log,
		"{\"level\":\"error\",\"msg\":\"create: unknown option "
		"\\\"--bogus\\\" (see"));
	assert_ptr_equal(strchr(log, '\n'), log + strlen(log) - 1);
}

/* What a service manager gives: descriptors from 3 on, and a socket to say "ready" to. */
static void test_service_manager(void **state)
{
	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", "@n", 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", "2", 1), 0);
	for (int fd = 3; fd < 7; fd++)
		assert_int_equal(dup2(STDERR_FILENO, fd), fd); /* without close-on-exec */
	assert_called("create --preserve-fds 1 c1",
		"protect create id=c1 listen-fds=2 preserve-fds=1 notify=@n", 0);
	/* all of them go to the container, and only they */
	assert_int_equal(fcntl(5, F_GETFD), 0);
	assert_int_equal(fcntl(6, F_GETFD), FD_CLOEXEC);
	close(6);
	assert_called("start c1", "start id=c1 notify=@n", 0);
	assert_int_equal(setenv("LISTEN_FDS", "2x", 1), 0);
	assert_called("run c1", "protect run id=c1 notify=@n", 42);
	assert_int_equal(unsetenv("LISTEN_FDS"), 0);
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);

	/* a number that is not open would be given to a file of ours */
	assert_int_equal(close(5), 0);
	assert_usage("exec --preserve-fds 3 c1 true", "descriptor 5");
	assert_int_equal(dup2(3, 5), 5);
}

static void test_regex(void **state)
{
	(void)state;
	assert_called("kill --regex ^web HUP", "listkill id=web-frontend signal=1", 0);
	assert_called("delete -rf .", "listdelete id=db forcedelete id=web-frontend force", 0);
	assert_called("delete --regex -f nothing", "list", 0);
	assert_usage("kill --regex ( TERM", "--regex");
}

static void test_output(void **state)
{
	auto_free char *table = NULL, *json = NULL, *ids = NULL, *pids = NULL, *stats = NULL;
	auto_free char *version = NULL, *err_text[6] = { NULL };
	auto_free char *expected = xasprintf("[%d,2147483646]\n", getpid());

	(void)state;
	assert_int_equal(run_line("list", &table, &err_text[0]), 0);
	assert_string_equal(table,
		"ID             PID    STATUS    BUNDLE   CREATED                OWNER\n"
		"db             0      stopped   /b       2026-01-02T03:04:05Z   root\n"
		"web-frontend   4711   running   /b       2026-01-02T03:04:05Z   root\n");
	assert_int_equal(run_line("list -f json", &json, &err_text[1]), 0);
	assert_string_equal(json, "[{\"id\":\"db\"},\n{\"id\":\"web-frontend\"}]\n");
	assert_int_equal(run_line("list -q", &ids, &err_text[2]), 0);
	assert_string_equal(ids, "db\nweb-frontend\n");
	assert_int_equal(run_line("ps -f json c1", &pids, &err_text[3]), 0);
	assert_string_equal(pids, expected);
	assert_int_equal(run_line("events --stats c1", &stats, &err_text[4]), 0);
	assert_string_equal(stats, "{\"type\":\"stats\"}\n");
	/* docker looks for "version" and "spec:", go-runc for the line form */
	assert_int_equal(run_line("--version", &version, &err_text[5]), 0);
	assert_memory_equal(version, "ringwall version ", 17);
	assert_non_null(strstr(version, "\nspec: 1."));
	for (size_t i = 0; i < ARRAY_SIZE(err_text); i++) {
		assert_string_equal(err_text[i], "");
		free(err_text[i]);
		err_text[i] = NULL;
	}
}

static void test_help(void **state)
{
	static const char *const lines[] = { "--help", "-h", "-?", "help", "help exec", "--usage" };
	auto_free char *out = NULL, *err_text = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		auto_free char *text = NULL, *errors = NULL;

		assert_int_equal(run_line(lines[i], &text, &errors), 0);
		assert_memory_equal(text, "Usage: ringwall ", 16);
		assert_string_equal(errors, "");
	}
	for (size_t i = 0; i < verb_count; i++) {
		auto_free char *line = xasprintf("%s --help", verbs[i]->name);
		auto_free char *text = NULL, *errors = NULL;

		assert_int_equal(run_line(line, &text, &errors), 0);
		assert_non_null(strstr(text, verbs[i]->name));
		for (size_t j = 0; j < verbs[i]->options.count; j++)
			assert_non_null(strstr(text, verbs[i]->options.rows[j].name));
	}
	assert_int_equal(run_line("--help", &out, &err_text), 0);
	assert_null(strstr(out, "dump-tables"));
	assert_non_null(strstr(out, "  update "));
}

/* ---- the tables ---- */

static void check_table(const char *owner, const struct option_table *table, size_t target_size)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option *row = &table->rows[i];
		bool flag = row->kind == OPTION_FLAG || row->kind >= OPTION_HELP;

		if (!row->name || strlen(row->name) < 2 || !row->help || !*row->help)
			fail_msg("%s: row %zu is incomplete", owner, i);
		if (flag != !row->arg)
			fail_msg("%s --%s: argument and kind do not fit", owner, row->name);
		if ((row->kind == OPTION_CHOICE) && !strchr(row->arg, '|'))
			fail_msg("%s --%s: a choice of one", owner, row->name);
		if (row->kind < OPTION_HELP && row->offset >= target_size)
			fail_msg("%s --%s: outside of the options", owner, row->name);
		if (row->help[strlen(row->help) - 1] == '.')
			fail_msg("%s --%s: full stop", owner, row->name);
		if (table != &options_common && option_find(&options_common, row->name))
			fail_msg("%s --%s: is a common option", owner, row->name);
		for (size_t j = 0; j < i; j++) {
			const struct option *other = &table->rows[j];

			if (strcmp(other->name, row->name) == 0 ||
				(row->short_name && other->short_name == row->short_name) ||
				(row->kind < OPTION_HELP && other->kind < OPTION_HELP &&
					other->offset == row->offset))
				fail_msg(
					"%s: --%s and --%s collide", owner, other->name, row->name);
		}
		if (row->short_name == 'h' || row->short_name == '?')
			assert_ptr_equal(table, &options_common);
	}
}

static void test_tables(void **state)
{
	(void)state;
	check_table("common", &options_common, 0);
	check_table("global", &global_options, sizeof(struct global_options));
	for (size_t i = 0; i < verb_count; i++) {
		const struct verb *verb = verbs[i];

		if (!verb->name || !verb->args || !verb->summary || !verb->about || !verb->run)
			fail_msg("verb %zu is incomplete", i);
		assert_true(verb->args_max >= verb->args_min);
		assert_true(verb->failure_status != 0);
		assert_ptr_equal(verb_find(verb->name), verb);
		check_table(verb->name, &verb->options, verb->options_size);
	}
	assert_null(verb_find("nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_root), /* first: the others rely on it */
		cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_go_runc),
		cmocka_unit_test(test_buildkit),
		cmocka_unit_test(test_podman),
		cmocka_unit_test(test_crio_and_buildah),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_exec_forms),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_usage_error_log),
		cmocka_unit_test(test_service_manager),
		cmocka_unit_test(test_regex),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
