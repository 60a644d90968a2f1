// SPDX-License-Identifier: Apache-2.0
/*
 * The kvm mode: the parent's half of a machine's making, and the commands on a container that has
 * one.  These are messages to its monitor (control.h), which asks the guest.
 */
#include "runtime/isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/sys.h"
#include "oci/json.h"
#include "oci/jsonw.h"
#include "runtime/creation.h"
#include "runtime/execution.h"
#include "runtime/kvm/cage.h"
#include "runtime/kvm/control.h"
#include "runtime/kvm/machine.h"
#include "runtime/kvm/message.h"
#include "runtime/kvm/stub.h"
#include "runtime/terminal.h"

/* ---- terminals ---- */

/*
 * A terminal of the host that is nothing but a pipe with a window size: the one that the container
 * sees, with all it does to its lines, is the guest's.
 */
static int open_terminal(int *out_master, int *out_slave, struct err *err)
{
	auto_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	auto_close int slave = FD_NONE;
	struct termios mode;
	int unlock = 0;

	if (master < 0)
		return err_sys(err, errno, "open \"/dev/ptmx\"");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, errno, "ioctl TIOCSPTLCK");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, errno, "ioctl TIOCGPTPEER");
	if (tcgetattr(slave, &mode) < 0)
		return err_sys(err, errno, "tcgetattr of a new terminal");
	cfmakeraw(&mode);
	if (tcsetattr(slave, TCSANOW, &mode) < 0)
		return err_sys(err, errno, "tcsetattr of a new terminal");
	*out_master = take_fd(&master);
	*out_slave = take_fd(&slave);
	return 0;
}

static void set_size(int terminal, const struct spec_console_size *size)
{
	struct winsize ws = { 0 };

	if (!size || !(size->height || size->width))
		return;
	ws.ws_row = size->height;
	ws.ws_col = size->width;
	ioctl(terminal, TIOCSWINSZ, &ws); /* the guest's own has it by config.json */
}

/* ---- create and run ---- */

static int kvm_check(const struct creation *c, struct err *err)
{
	const struct container_create_options *o = c->options;
	const char *option = o->preserve_fds ? "--preserve-fds"
		: o->listen_fds		     ? "LISTEN_FDS"
		: o->no_pivot		     ? "--no-pivot"
					     : NULL;

	if (!option)
		return config_refuse(c->spec, err);
	err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
		"%s: not possible with --isolation kvm: descriptors, sockets and mounts of the "
		"host are not in the guest",
		option);
	return err_result(err);
}

static char *join(const spec_strings *words)
{
	auto_(strbuf) struct strbuf text = STRBUF_INIT;

	list_foreach (word, words)
		strbuf_addf(&text, "%s%s", text.len ? " " : "", *word);
	return text.len ? strbuf_take(&text) : NULL;
}

static void on_progress(const char *text, void *arg)
{
	(void)arg;
	log_info("%s", text);
}

/* Kernel, initramfs and /dev/kvm, by the host's paths. */
static int plan_files(
	struct machine *m, const struct spec *spec, const char *kernel, struct err *err)
{
	auto_close int program = host_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, err);
	struct guest_request request = {
		.kernel = spec->vm && spec->vm->kernel_path ? spec->vm->kernel_path : kernel,
		.agent_fd = program,
		.progress = on_progress,
	};
	int r = program;

	if (r >= 0)
		r = m->kvm_fd = vm_probe(err);
	if (r >= 0)
		r = guest_prepare(&request, &m->files, err);
	if (r >= 0 && spec->vm && spec->vm->kernel_initrd)
		r = m->initrd_fd = host_open(AT_FDCWD, spec->vm->kernel_initrd, O_RDONLY, 0, err);
	return r < 0 ? err_in(err, "--isolation kvm") : 0;
}

/* One that this kernel lacks is none. */
static void read_limits(struct rlimit limits[RLIM_NLIMITS])
{
	for (int type = 0; type < RLIM_NLIMITS; type++)
		if (getrlimit((__rlimit_resource_t)type, &limits[type]) < 0)
			limits[type] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
}

static int plan_request(struct creation *c, struct machine *m, struct err *err)
{
	struct rlimit limits[RLIM_NLIMITS];
	char hostname[256] = "";
	auto_free char *config = NULL;
	struct config_guest guest = {
		.spec = c->spec,
		.text = c->config,
		.len = c->config_len,
		.rootfs = c->rootfs,
		.limits = limits,
	};
	struct message_create message = {
		.id = c->container.dir.id,
		.bundle = c->bundle,
		.umask = c->rt->umask,
		.root_flags = (uint32_t)rootfs_root_flags(c->rootfs),
		.terminal = c->spec->process && c->spec->process->terminal,
		.plain_output = !c->options->console_socket,
		.no_new_keyring = c->options->no_new_keyring,
		.notify = c->notify,
		.debug = log_debugging(),
	};
	int r;

	read_limits(limits);
	/* A namespace of its own begins with the host's name, too, unless a sysctl gives it one; one
	 * that is joined has a name. */
	if (!ns_sysctl_has(&c->spec->linux_->sysctl, "kernel/hostname")) {
		r = ns_hostname(&c->ns, hostname, sizeof(hostname), err);
		if (r < 0)
			return r;
		guest.hostname = hostname;
	}
	r = config_for_guest(&guest, &config, err);
	if (r < 0)
		return r;
	message.config = config;
	m->request = message_create_format(&message);
	return 0;
}

static int plan_terminal(struct creation *c, struct machine *m, struct err *err)
{
	int r;

	if (!c->launch.init.terminal)
		return 0;
	r = open_terminal(&c->launch.terminal, &m->terminal, err);
	if (r == 0)
		set_size(m->terminal, c->spec->process->console_size);
	return r;
}

static int kvm_plan(struct creation *c, struct err *err)
{
	struct machine *m = xcalloc(1, sizeof(*m));
	long host_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int r;

	*m = (struct machine){
		.kvm_fd = FD_NONE,
		.files = GUEST_FILES_INIT,
		.initrd_fd = FD_NONE,
		.control_fd = FD_NONE,
		.terminal = FD_NONE,
		.descriptors_fd = FD_NONE,
		.port = FD_NONE,
	};
	c->machine = m;
	c->launch.init.machine = m;
	c->process.process = c->spec->process; /* the host's killer weighs the machine, too */
	r = config_size(
		c->spec, host_cpus > 0 ? (unsigned int)host_cpus : 1, VM_CPUS_MAX, &m->size, err);
	if (r < 0)
		return r;
	config_host_resources(
		c->spec->linux_->resources, &m->size, &m->host_memory, &m->host_resources);
	c->resources = &m->host_resources;
	c->devices = &config_host_devices;
	c->container.state.memory_limit = m->size.memory - CONFIG_GUEST_RESERVE;
	for (size_t i = 0; i < c->spec->mounts.count; i++)
		m->has_volumes |= rootfs_is_exported(c->rootfs, i);
	m->parameters = c->spec->vm ? join(&c->spec->vm->kernel_parameters) : NULL;
	r = plan_files(m, c->spec, c->rt->kernel, err);
	return r < 0 ? r : plan_request(c, m, err);
}

static int kvm_clone(struct creation *c, struct err *err)
{
	struct machine *m = c->machine;
	int r = plan_terminal(c, m, err);

	if (r < 0)
		return r;
	r = m->control_fd = host_bind_unix(c->container.dir.fd, STATE_CONTROL, SOCK_SEQPACKET, err);
	c->launch.explain = cage_explain;
	if (r >= 0)
		r = creation_clone(c, err);
	fd_close(&m->terminal);
	fd_close(&m->control_fd);
	return r < 0 ? r : 0;
}

static void kvm_release(struct creation *c)
{
	struct machine *m = c->machine;

	if (!m)
		return;
	fd_close(&m->kvm_fd);
	fd_close(&m->initrd_fd);
	fd_close(&m->control_fd);
	fd_close(&m->terminal);
	guest_files_release(&m->files);
	free(m->parameters);
	free(m->request);
	free(m);
	c->machine = NULL;
}

/* Without waiting for an answer, since a machine that is about to be started by run serves nobody
 * yet: its monitor takes what came before the start first. */
static int kvm_notify_listen(struct container *c, struct err *err)
{
	const struct control_msg msg = { .type = CONTROL_NOTIFY };
	auto_close int conn = control_connect(c, err);
	auto_close int own = FD_NONE, guest = FD_NONE;
	int ends[2], r;

	if (conn < 0)
		return conn;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return err_sys(err, errno, "socketpair");
	own = ends[0];
	guest = ends[1];
	r = control_send(conn, &msg, &guest, 1, err);
	return r < 0 ? r : take_fd(&own);
}

/* ---- commands ---- */

static int send_network(
	struct container *c, const struct ns_guest_network *network, struct err *err)
{
	struct control_msg msg = { .type = CONTROL_NETWORK };
	auto_close int text = control_file(network->text, network->len, err);
	int fds[CONTROL_FDS_MAX] = { text };

	if (text < 0)
		return text;
	for (size_t i = 0; i < network->count; i++) {
		const struct ns_guest_link *link = &network->links[i];

		msg.links[i].mtu = (uint16_t)link->mtu;
		memcpy(msg.links[i].mac, link->mac, sizeof(link->mac));
		fds[1 + i] = link->tap_fd;
	}
	return control_call(c, &msg, fds, 1 + network->count, err);
}

/* Some engines make the network when the container is there already. */
static int kvm_starting(struct container *c, struct err *err)
{
	struct ns_guest_network network;
	int r;

	if (annotations_say_sandbox(&c->state.annotations))
		return 0;
	r = ns_guest_take_new(c->pidfd, &network, err);
	if (r == -EPERM && c->rootless) {
		/* Its user namespace is for its own processes to enter. */
		log_debug("network devices that came after the creation are not looked for: %s",
			err->msg);
		err_drop(err);
		r = 0;
	}
	if (r == 0 && network.count)
		r = send_network(c, &network, err);
	ns_guest_network_release(&network);
	return r < 0 ? err_in(err, "network") : 0;
}

static int kvm_kill(struct container *c, int signal, bool all, struct err *err)
{
	const struct control_msg msg = { .type = CONTROL_SIGNAL,
		.signal = { .signal = signal, .all = all } };
	enum container_status status;
	auto_close int fd = FD_NONE;
	int r = container_status_full(c, &status, err);

	if (r == 0 && all && status == CONTAINER_STOPPED)
		return 0; /* as in the native mode */
	if (r == 0)
		r = container_require_process(c, err);
	if (r < 0)
		return r;
	/* Who is frozen cannot pass it on; and natively SIGKILL ends a frozen process, too. */
	if (signal == SIGKILL && status == CONTAINER_PAUSED) {
		r = sys_pidfd_send_signal(c->pidfd, SIGKILL);
		return r < 0 && r != -ESRCH ? err_sys(err, -r, "kill the machine") : 0;
	}
	if (status != CONTAINER_PAUSED) {
		r = control_call(c, &msg, NULL, 0, err);
		if (r != -ECONNRESET)
			return r;
		err_drop(err); /* the signal has ended it before the answer came */
		return 0;
	}
	/* It is passed on when the machine goes on. */
	fd = control_connect(c, err);
	return fd < 0 ? fd : control_send(fd, &msg, NULL, 0, err);
}

static int query(struct container *c, enum control_type type, char **out_data, size_t *out_len,
	struct err *err)
{
	const struct control_msg msg = { .type = type };
	auto_close int file = control_file(NULL, 0, err);
	int r = file < 0 ? file : control_call(c, &msg, &file, 1, err);

	if (r == 0 && lseek(file, 0, SEEK_SET) < 0)
		r = err_sys(err, errno, "lseek the answer");
	return r < 0 ? r
		     : host_read_fd(file, "the machine's answer", FRAME_ANSWER_MAX, out_data,
			       out_len, err);
}

static int is_paused(struct container *c, struct err *err)
{
	enum container_status status;
	int r = container_status_full(c, &status, err);

	return r < 0 ? r : status == CONTAINER_PAUSED;
}

/* A machine that stands still answers nothing. */
static int refuse_paused(struct container *c, const char *what, struct err *err)
{
	int r = is_paused(c, err);

	if (r <= 0)
		return r;
	err_bad(err, ERR_STATE, "%s: container \"%s\" is paused, and its machine with it", what,
		c->dir.id);
	err_hint(err, "resume it first");
	return err_result(err);
}

static int kvm_ps_table(struct container *c, char **out_text, struct err *err)
{
	auto_free char *text = NULL;
	int r = container_require_process(c, err);

	if (r == 0)
		r = refuse_paused(c, "ps: the processes of the guest", err);
	if (r < 0)
		return r;
	r = query(c, CONTROL_PS, &text, NULL, err);
	if (r < 0)
		return r;
	/* Names of processes of the guest: not for the terminal to obey. */
	frame_clean_lines(text);
	*out_text = take_ptr(&text);
	return 0;
}

/*
 * The virtual processors stop first and the guest is told, so that it does not take the pause for a
 * hang; then the cgroup is frozen, which is also how the pause is recorded.
 */
static int kvm_freeze(struct container *c, bool freeze, struct err *err)
{
	const struct control_msg pause = { .type = CONTROL_PAUSE };
	const struct control_msg resume = { .type = CONTROL_RESUME };
	struct cgroup *cgroup = NULL;
	struct err lost;
	int r = container_cgroup(c, &cgroup, err);

	if (r == 0 && freeze)
		r = control_call(c, &pause, NULL, 0, err);
	if (r == 0)
		r = cgroup_freeze(cgroup, freeze, err);
	if (r == 0 && !freeze)
		return control_call(c, &resume, NULL, 0, err);
	if (r < 0 && freeze && control_call(c, &resume, NULL, 0, &lost) < 0)
		err_drop(&lost); /* the first error is the one to tell */
	return r;
}

/* The members of the guest's own statistics; its text is not trusted and written anew. */
static int put_guest_stats(struct container *c, struct jsonw *w, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	auto_free char *text = NULL;
	size_t len;
	int r = query(c, CONTROL_STATS, &text, &len, err);

	if (r == 0)
		r = json_parse(text, len, FRAME_ANSWER_MAX, &doc, err);
	if (r < 0)
		return err_in(err, "the statistics of the guest");
	json_foreach (member, json_root(doc))
		if (member->key && strcmp(member->key, "machine") != 0)
			jsonw_copy(w, member->key, member);
	return 0;
}

static int put_host_stats(struct container *c, struct jsonw *w, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	auto_free char *text = NULL;
	struct cgroup *cgroup = NULL;
	int r = container_cgroup(c, &cgroup, err);

	if (r < 0 || !cgroup_path(cgroup)[0])
		return r;
	r = cgroup_stats_format(cgroup, &text, err);
	if (r == 0)
		r = json_parse(text, strlen(text), FRAME_ANSWER_MAX, &doc, err);
	if (r == 0)
		jsonw_copy(w, "machine", json_root(doc));
	return r;
}

/* While the machine stands still only the host has something to tell. */
static int kvm_stats(struct container *c, char **out_json, struct err *err)
{
	auto_(jsonw) struct jsonw *w = jsonw_new(false);
	int paused, r = paused = is_paused(c, err);

	jsonw_object(w, NULL);
	if (paused == 0)
		r = put_guest_stats(c, w, err);
	if (r >= 0)
		r = put_host_stats(c, w, err);
	jsonw_end(w);
	return r < 0 ? r : jsonw_finish(take_ptr(&w), out_json, err);
}

/* The connection, at which each count comes as a message. */
static int kvm_oom_watch(struct container *c, struct err *err)
{
	const struct control_msg msg = { .type = CONTROL_OOM };
	auto_close int fd = control_connect(c, err);
	int r = fd < 0 ? fd : control_send(fd, &msg, NULL, 0, err);

	return r < 0 ? r : take_fd(&fd);
}

/* The machine's last word may come after it has ended. */
static int kvm_oom_count(struct container *c, int watch, uint64_t *io_count, struct err *err)
{
	struct control_msg msg;

	(void)c, (void)err;
	for (;;) {
		ssize_t n = recv(watch, &msg, sizeof(msg), MSG_DONTWAIT);

		if (n == (ssize_t)sizeof(msg) && msg.type == CONTROL_OOM)
			*io_count = msg.count;
		else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return 1;
		else if (errno == EAGAIN)
			return 0;
	}
}

/* ---- exec ---- */

static bool same_label(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Labels are on the machine's process: all of the guest has the same. */
static int refuse_exec(const struct execution *e, struct err *err)
{
	static const struct spec_process none;
	const struct spec_process *first = e->spec->process ? e->spec->process : &none;

	if (e->options->preserve_fds)
		return err_bad_errno(err, ERR_USAGE, EOPNOTSUPP,
			"--preserve-fds: not possible with --isolation kvm: descriptors of the "
			"host are not in the guest");
	if (e->options->process_file && config_refuse_process(&e->process, err) < 0)
		return err_result(err);
	if (!same_label(e->process.apparmor_profile, first->apparmor_profile))
		return err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
			"process.apparmorProfile \"%s\": not possible with --isolation kvm: the "
			"machine's process has one profile for all that runs in it",
			e->process.apparmor_profile);
	if (!same_label(e->process.selinux_label, first->selinux_label))
		return err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
			"process.selinuxLabel \"%s\": not possible with --isolation kvm: the "
			"machine's process has one label for all that runs in it",
			e->process.selinux_label);
	return 0;
}

/* The configuration's, and the caller's for the others, as natively: the guest's document has those of
 * who has created the container.  Returns how many they are. */
static size_t all_limits(const struct spec_process *process, const struct rlimit *callers,
	struct spec_rlimit out[RLIM_NLIMITS])
{
	size_t count = 0;

	for (int type = 0; type < RLIM_NLIMITS; type++) {
		struct spec_rlimit limit = { type, callers[type].rlim_cur, callers[type].rlim_max };

		list_foreach (given, &process->rlimits)
			if (given->type == type)
				limit = *given;
		if (names_of(&rlimit_names, type))
			out[count++] = limit;
	}
	return count;
}

static struct spec_console_size window_of_caller(void)
{
	int terminal = terminal_of_caller(STDIN_FILENO, STDOUT_FILENO);
	struct winsize size = { 0 };

	if (terminal >= 0)
		ioctl(terminal, TIOCGWINSZ, &size);
	return (struct spec_console_size){ .height = size.ws_row, .width = size.ws_col };
}

static int exec_text(struct execution *e, mode_t mask, char **out_text, struct err *err)
{
	const struct container_exec_options *o = e->options;
	auto_free char *file = NULL, *process = NULL;
	struct message_exec message = {
		.terminal = e->process.terminal,
		.plain_output = !o->console_socket,
		.no_new_privs = o->no_new_privs,
		.ignore_paused = o->ignore_paused,
		.user = o->user,
		.cwd = o->cwd,
		.cgroup = o->cgroup,
		.umask = mask,
	};
	struct rlimit limits[RLIM_NLIMITS];
	struct spec_rlimit all[RLIM_NLIMITS];
	size_t len;
	int r = 0;

	if (e->process.terminal && !o->console_socket)
		message.window = window_of_caller();
	read_limits(limits);
	if (o->process_file) {
		r = host_read(AT_FDCWD, o->process_file, SPEC_SIZE_MAX, &file, &len, err);
		if (r == 0)
			r = config_process_for_guest(
				file, len, o->process_file, limits, &process, err);
		message.process = process;
	} else {
		message.args.items = (const char **)(uintptr_t)o->args;
		message.args.count = o->arg_count;
		message.env.items = (const char **)(uintptr_t)o->env;
		message.env.count = o->env_count;
		message.caps.items = (const char **)(uintptr_t)o->caps;
		message.caps.count = o->cap_count;
		message.gids.items = (uint32_t *)(uintptr_t)o->additional_gids;
		message.gids.count = o->gid_count;
		message.rlimits.items = all;
		message.rlimits.count = all_limits(&e->process, limits, all);
	}
	if (r == 0)
		*out_text = message_exec_format(&message);
	return r;
}

static int kvm_exec_plan(struct execution *e, const struct runtime *rt, struct err *err)
{
	auto_free char *text = NULL;
	struct stub *stub = xcalloc(1, sizeof(*stub));
	int r = refuse_exec(e, err);

	*stub = (struct stub){ .control = FD_NONE, .body = FD_NONE, .terminal = FD_NONE };
	e->stub = stub;
	e->launch.init.stub = stub;
	if (r == 0)
		r = exec_text(e, rt->umask, &text, err);
	if (r == 0)
		r = stub->body = control_file(text, strlen(text), err);
	if (r >= 0)
		r = stub->control = control_connect(&e->container, err);
	if (r >= 0 && e->process.terminal)
		r = open_terminal(&e->launch.terminal, &stub->terminal, err);
	if (r < 0)
		return r;
	if (stub->terminal >= 0)
		set_size(stub->terminal, e->process.console_size);
	/* It ends with the container. */
	return execution_find_cgroup(e, NULL, err);
}

static int kvm_exec_clone(struct execution *e, struct err *err)
{
	int r = launch_clone(&e->launch, err);

	stub_close(e->stub);
	return r;
}

static void kvm_exec_release(struct execution *e)
{
	if (e->stub)
		stub_close(e->stub);
	free(e->stub);
	e->stub = NULL;
}

/* What the guest is to change, while the host's limits can still be put back. */
struct guest_update {
	struct container *container;
	const char *text;
};

static int update_guest(void *arg, struct err *err)
{
	const struct control_msg msg = { .type = CONTROL_UPDATE };
	const struct guest_update *update = arg;
	auto_close int body = control_file(update->text, strlen(update->text), err);

	return body < 0 ? body : control_call(update->container, &msg, &body, 1, err);
}

static int kvm_update(struct container *c, const struct spec_resources *resources, const char *json,
	size_t len, struct err *err)
{
	struct cgroup *cgroup = NULL;
	struct spec_resources host;
	auto_free char *text = NULL;
	struct guest_update guest = { .container = c };
	const struct cgroup_along along = { update_guest, &guest };
	bool asks_guest;
	int r;

	/* The machine keeps the size that it was started with. */
	if (resources->memory && resources->memory->limit.set &&
		(resources->memory->limit.v < 0 ||
			(uint64_t)resources->memory->limit.v > c->state.memory_limit)) {
		err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP,
			"resources.memory.limit: %lld is more than the %llu bytes that the machine "
			"of container \"%s\" was started for",
			(long long)resources->memory->limit.v,
			(unsigned long long)c->state.memory_limit, c->dir.id);
		err_hint(err, "a machine cannot grow yet: give the largest limit at create");
		return err_result(err);
	}
	config_host_update(resources, &host);
	r = config_resources_for_guest(json, len, &text, err);
	asks_guest = r == 0 && strcmp(text, "{}") != 0;
	guest.text = text;
	if (asks_guest)
		r = refuse_paused(c, "update", err);
	if (r == 0)
		r = container_cgroup(c, &cgroup, err);
	return r < 0 ? r
		     : cgroup_update(cgroup, &host, c->rootless, asks_guest ? &along : NULL, err);
}

const struct isolation isolation_kvm = {
	.mode = ISOLATION_KVM,
	.phases = INIT_KVM,
	.check = kvm_check,
	.plan = kvm_plan,
	.clone = kvm_clone,
	.release = kvm_release,
	.starting = kvm_starting,
	.own_terminals = true,
	.own_notify = true,
	.notify_listen = kvm_notify_listen,
	.kill = kvm_kill,
	.ps_table = kvm_ps_table,
	.freeze = kvm_freeze,
	.update = kvm_update,
	.stats = kvm_stats,
	.oom_watch = kvm_oom_watch,
	.oom_count = kvm_oom_count,
	.exec_plan = kvm_exec_plan,
	.exec_clone = kvm_exec_clone,
	.exec_release = kvm_exec_release,
};
