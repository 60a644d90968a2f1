/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the control thread makes everything; vCPU threads run the guest and answer
 * its accesses (bus.c); the I/O thread works the devices' queues.  Threads are made last, when
 * nothing is left to be opened, and are joined by vm_stop() in the order vCPUs, then I/O, so that
 * what the guest sent before it ended is delivered.
 *
 * The machine's state is in struct vm and what it holds by value: guest memory, device and
 * transport structures, and the registers that KVM can be asked for.
 */
#include "kvm/vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "base/strbuf.h"
#include "kvm/balloon.h"
#include "kvm/console.h"
#include "kvm/machine.h"
#include "kvm/rng.h"

#define STACK_SIZE (256 << 10)
/* In the text of how the machine ended. */
#define PLACES_SHOWN 8
/* Pages that Intel's processors need for real mode: in the hole, above the local APICs. */
#define IDENTITY_MAP 0xfeffc000ull
#define TSS_ADDRESS 0xfeffd000ull

const bool vm_is_built = true;

/* What the machine is built on. */
static const struct {
	int capability;
	const char *what;
} needed[] = {
	{ KVM_CAP_IRQCHIP, "an interrupt controller in the kernel" },
	{ KVM_CAP_USER_MEMORY, "memory of the process" },
	{ KVM_CAP_EXT_CPUID, "processor identification" },
	{ KVM_CAP_IOEVENTFD, "ioeventfd" },
	{ KVM_CAP_SIGNAL_MSI, "message-signalled interrupts" },
	{ KVM_CAP_IMMEDIATE_EXIT, "immediate exit" },
	{ KVM_CAP_MP_STATE, "processor states" },
};

static const char *const end_names[] = {
	[VM_END_NONE] = "running",
	[VM_END_STOPPED] = "stopped",
	[VM_END_POWEROFF] = "powered off",
	[VM_END_RESET] = "reset",
	[VM_END_PANIC] = "kernel panic",
	[VM_END_TRIPLE_FAULT] = "triple fault",
	[VM_END_FAILED] = "failed",
};

const char *vm_end_name(enum vm_end end)
{
	return end_names[end];
}

static bool has(int kvm, int capability)
{
	return ioctl(kvm, KVM_CHECK_EXTENSION, (unsigned long)capability) > 0;
}

static int check_kvm(int fd, struct err *err)
{
	int version = ioctl(fd, KVM_GET_API_VERSION, 0);

	if (version != KVM_API_VERSION)
		return err_bad_errno(err, ERR_SYSTEM, ENOTSUP,
			"/dev/kvm speaks version %d of its interface, not %d", version,
			KVM_API_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!has(fd, needed[i].capability))
			return err_bad_errno(
				err, ERR_SYSTEM, ENOTSUP, "/dev/kvm has no %s", needed[i].what);
	return 0;
}

int vm_probe(struct err *err)
{
	auto_close int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int r;

	if (fd < 0) {
		r = errno;
		err_sys(err, r, "open \"/dev/kvm\"");
		if (r == ENOENT || r == ENODEV || r == ENXIO)
			err_hint(err,
				"load the module kvm_intel or kvm_amd; virtualization may be "
				"switched off in the firmware, or this is a virtual machine "
				"without nested virtualization");
		else if (r == EACCES || r == EPERM)
			err_hint(err, "members of the group kvm may use it");
		return err_result(err);
	}
	r = check_kvm(fd, err);
	return r < 0 ? r : take_fd(&fd);
}

/* Ends. */

/* One line of what the kernel said when it panicked; false: it did not. */
static bool panic_line(struct vm *vm, char *out, size_t size)
{
	static const char said[] = "Kernel panic - not syncing: ";
	auto_free char *tail = xmalloc(16384);
	const char *at = NULL;

	log_ring_tail(&vm->log, tail, 16384);
	for (const char *p = tail; (p = strstr(p, said)); p++)
		at = p;
	if (!at)
		return false;
	snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

/* Where the vCPUs were, as many as there is room for, before what happened to one of them.  Its own
 * place is lost on AMD's processors: KVM has reset it. */
static void add_places(struct vm *vm, char *text, size_t size)
{
	auto_(strbuf) struct strbuf places = STRBUF_INIT;
	auto_free char *what = xstrdup(text);

	for (unsigned int i = 0; i < vm->config.cpus && i < PLACES_SHOWN; i++)
		strbuf_addf(&places, "%s0x%llx", i ? ", " : "vCPUs at ",
			(unsigned long long)vm->vcpus[i].last_ip);
	snprintf(text, size, "%s%s; %s", strbuf_str(&places),
		vm->config.cpus > PLACES_SHOWN ? ", ..." : "", what);
}

/* With run_lock: makes every vCPU look at vm->wanted. */
static void kick_all(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->config.cpus; i++)
		if (vm->vcpus[i].started)
			vcpu_kick(&vm->vcpus[i]);
}

void vm_ended(struct vm *vm, enum vm_end end, const char *fmt, ...)
{
	uint64_t one = 1;
	va_list ap;

	pthread_mutex_lock(&vm->run_lock);
	if (vm->result.end == VM_END_NONE) {
		vm->result.end = end;
		va_start(ap, fmt);
		vsnprintf(vm->result.text, sizeof(vm->result.text), fmt, ap);
		va_end(ap);
		(void)!write(vm->end_fd, &one, sizeof(one));
	}
	__atomic_store_n(&vm->wanted, RUN_STOP, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&vm->run_changed);
	kick_all(vm);
	pthread_mutex_unlock(&vm->run_lock);
}

int vm_end_fd(const struct vm *vm)
{
	return vm->end_fd;
}

void vm_result(struct vm *vm, struct vm_result *out_result)
{
	pthread_mutex_lock(&vm->run_lock);
	*out_result = vm->result;
	pthread_mutex_unlock(&vm->run_lock);
}

size_t vm_console_tail(struct vm *vm, char *buf, size_t size)
{
	return log_ring_tail(&vm->log, buf, size);
}

/* Threads. */

struct thread_start {
	struct vm *vm;
	enum vm_thread kind;
	const char *name;
	const struct vm_work *work;
	struct err *err;
	int result; /* of prepare() and thread_enter(); with lock, when done */
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void *thread_main(void *arg)
{
	struct thread_start *s = arg;
	const struct vm_work work = *s->work;
	int r = 0;

	prctl(PR_SET_NAME, s->name);
	if (work.prepare)
		r = work.prepare(work.arg, s->err);
	if (r == 0 && s->vm->config.thread_enter)
		r = s->vm->config.thread_enter(s->kind, s->vm->config.thread_arg, s->err);
	pthread_mutex_lock(&s->lock);
	s->result = r;
	s->done = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	/* s is gone from here on. */
	if (r == 0)
		work.run(work.arg);
	return NULL;
}

int vm_thread_start(struct vm *vm, enum vm_thread kind, const char *name,
	const struct vm_work *work, pthread_t *out_thread, struct err *err)
{
	struct thread_start s = {
		.vm = vm,
		.kind = kind,
		.name = name,
		.work = work,
		.err = err,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int r;

	/* Signals are the control thread's; a vCPU opens its own again. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	r = pthread_create(&thread, &attributes, thread_main, &s);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return err_sys(err, r, "pthread_create of \"%s\"", name);
	pthread_mutex_lock(&s.lock);
	while (!s.done)
		pthread_cond_wait(&s.changed, &s.lock);
	pthread_mutex_unlock(&s.lock);
	if (s.result < 0) {
		pthread_join(thread, NULL);
		return err_in(err, "thread \"%s\"", name);
	}
	*out_thread = thread;
	return 0;
}

bool vm_may_run(struct vm *vm)
{
	bool go;

	if (__atomic_load_n(&vm->wanted, __ATOMIC_SEQ_CST) == RUN_GO)
		return true;
	pthread_mutex_lock(&vm->run_lock);
	vm->parked++;
	pthread_cond_broadcast(&vm->run_changed);
	while (vm->wanted == RUN_PAUSE)
		pthread_cond_wait(&vm->run_changed, &vm->run_lock);
	vm->parked--;
	go = vm->wanted == RUN_GO;
	pthread_mutex_unlock(&vm->run_lock);
	return go;
}

static void vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	sigset_t open;

	sigemptyset(&open);
	sigaddset(&open, VCPU_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &open, NULL);
	vcpu_thread(v);
	pthread_mutex_lock(&v->vm->run_lock);
	v->vm->running--;
	pthread_cond_broadcast(&v->vm->run_changed);
	pthread_mutex_unlock(&v->vm->run_lock);
}

static void io_main(void *arg)
{
	io_run(&((struct vm *)arg)->io);
}

static void kicked(struct io_source *source, uint32_t events)
{
	struct kick *k = source->owner;
	struct virtio_device *dev = k->dev;
	uint64_t count;

	(void)events;
	(void)!read(source->fd, &count, sizeof(count));
	pthread_mutex_lock(&dev->lock);
	if (dev->active && !(dev->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		dev->ops->process(dev, k->queue);
	pthread_mutex_unlock(&dev->lock);
}

/* Building. */

static void signal_msi(void *arg, uint64_t address, uint32_t data)
{
	struct vm *vm = arg;
	struct kvm_msi msi = { .address_lo = address, .address_hi = address >> 32, .data = data };

	/* What the guest wrote into its own table may be no interrupt: nothing happens then. */
	(void)ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
}

static int connect_kicks(struct vm *vm, const struct virtio_pci *t, struct err *err)
{
	for (unsigned int i = 0; i < t->dev->queue_count; i++) {
		struct kvm_ioeventfd e = {
			.addr = virtio_pci_kick_address(t, i),
			/* Any length: Intel's processors then need not decode the instruction. */
			.len = vm->any_length ? 0 : 2,
			.fd = t->dev->queues[i].kick,
		};

		if (ioctl(vm->fd, KVM_IOEVENTFD, &e) < 0)
			return err_sys(err, errno, "KVM_IOEVENTFD");
	}
	return 0;
}

static int watch_kicks(
	struct vm *vm, struct virtio_device *dev, struct kick *kicks, struct err *err)
{
	for (unsigned int i = 0; i < dev->queue_count; i++) {
		struct kick *k = &kicks[i];
		int r;

		k->dev = dev;
		k->queue = i;
		k->source = (struct io_source){
			.fd = dev->queues[i].kick, .events = EPOLLIN, .ready = kicked, .owner = k
		};
		r = io_watch(&vm->io, &k->source, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The last before the guest may find it: what it does from now on is served. */
static int start_device(struct vm *vm, unsigned int index, struct err *err)
{
	struct virtio_device *dev = vm->devices[index]->dev;
	int r = 0;

	if (dev->ops->init)
		r = dev->ops->init(dev, &vm->io, err);
	if (r == 0 && !dev->ops->own_threads) {
		vm->kicks[index] = xcalloc(dev->queue_count, sizeof(*vm->kicks[index]));
		r = watch_kicks(vm, dev, vm->kicks[index], err);
	}
	return r < 0 ? err_in(err, "virtual %s", dev->ops->name) : 0;
}

/* With bus_lock when the machine runs: the guest finds the device when it is complete. */
static int attach(struct vm *vm, struct virtio_device *dev, struct err *err)
{
	struct msi_sink sink = { signal_msi, vm };
	unsigned int index = vm->device_count;
	int r;

	if (index == VM_DEVICES_MAX) {
		dev->ops->release(dev);
		return err_bad_errno(
			err, ERR_OTHER, ENOSPC, "the machine has no room for another device");
	}
	dev->vm = vm;
	r = virtio_pci_new(dev, &vm->memory, &vm->pci, sink, &vm->devices[index], err);
	if (r < 0)
		return r;
	vm->device_count++;
	r = connect_kicks(vm, vm->devices[index], err);
	return r == 0 && vm->started ? start_device(vm, index, err) : r;
}

int vm_attach(struct vm *vm, struct virtio_device *dev, struct err *err)
{
	int r;

	pthread_mutex_lock(&vm->bus_lock);
	r = attach(vm, dev, err);
	pthread_mutex_unlock(&vm->bus_lock);
	return r;
}

static int add_memory(struct vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->memory.count; i++) {
		const struct memory_region *r = &vm->memory.regions[i];
		struct kvm_userspace_memory_region slot = {
			.slot = i,
			.guest_phys_addr = r->gpa,
			.memory_size = r->size,
			.userspace_addr = (uintptr_t)r->host,
		};

		if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
			return err_sys(err, errno, "KVM_SET_USER_MEMORY_REGION of %llu MiB",
				(unsigned long long)r->size >> 20);
	}
	return 0;
}

static int create_in_kvm(struct vm *vm, int kvm, struct err *err)
{
	unsigned long identity_map = IDENTITY_MAP;

	do {
		vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	} while (vm->fd < 0 && errno == EINTR);
	if (vm->fd < 0) {
		vm->fd = FD_NONE;
		return err_sys(err, errno, "KVM_CREATE_VM");
	}
	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0 ||
		ioctl(vm->fd, KVM_SET_TSS_ADDR, (unsigned long)TSS_ADDRESS) < 0)
		return err_sys(err, errno, "KVM_SET_TSS_ADDR");
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return err_sys(err, errno, "KVM_CREATE_IRQCHIP");
	vm->tsc_deadline = has(kvm, KVM_CAP_TSC_DEADLINE_TIMER);
	vm->any_length = has(kvm, KVM_CAP_IOEVENTFD_ANY_LENGTH);
	return add_memory(vm, err);
}

static int create_vcpus(struct vm *vm, int kvm, struct err *err)
{
	auto_free struct cpuid *supported = xcalloc(1, sizeof(*supported));
	int mmap_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (mmap_size < 0)
		return err_sys(err, errno, "KVM_GET_VCPU_MMAP_SIZE");
	supported->count = CPUID_ENTRIES_MAX;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, supported) < 0)
		return err_sys(err, errno, "KVM_GET_SUPPORTED_CPUID");
	for (unsigned int i = 0; i < vm->config.cpus; i++) {
		int r = vcpu_init(&vm->vcpus[i], vm, i, supported, mmap_size, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The devices that every machine has. */
static int attach_own(struct vm *vm, struct err *err)
{
	struct virtio_device *rng, *balloon;
	int r;

	r = vm_attach(vm, vm->console, err);
	if (r < 0) {
		vm->console = NULL;
		return r;
	}
	rng = rng_new();
	r = vm_attach(vm, rng, err);
	if (r < 0)
		return r;
	balloon = balloon_new();
	r = vm_attach(vm, balloon, err);
	if (r < 0)
		return r;
	vm->balloon = balloon;
	return 0;
}

static int build(struct vm *vm, int kvm, struct err *err)
{
	int r;

	r = io_init(&vm->io, err);
	if (r < 0)
		return r;
	vm->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->end_fd < 0)
		return err_sys(err, errno, "eventfd");
	r = memory_init(&vm->memory, vm->config.memory, err);
	if (r < 0)
		return r;
	r = create_in_kvm(vm, kvm, err);
	if (r < 0)
		return r;
	r = attach_own(vm, err);
	if (r < 0)
		return r;
	return create_vcpus(vm, kvm, err);
}

static int check_config(const struct vm_config *config, struct err *err)
{
	if (!config->cpus || config->cpus > VM_CPUS_MAX)
		return err_bad_errno(err, ERR_CONFIG, EINVAL,
			"%u vCPUs: a machine has from 1 to %u", config->cpus, VM_CPUS_MAX);
	if (config->port_count > VM_PORTS_MAX || config->initrd_count > VM_INITRDS_MAX)
		BUG("a machine's configuration beyond its limits");
	return 0;
}

int vm_create(const struct vm_config *config, struct vm **out_vm, struct err *err)
{
	auto_close int opened = FD_NONE;
	struct vm *vm = xcalloc(1, sizeof(*vm));
	int kvm = config->kvm_fd;
	int r;

	vm->config = *config;
	vm->fd = vm->end_fd = vm->io.epoll = vm->io.wake = FD_NONE;
	for (unsigned int i = 0; i < VM_CPUS_MAX; i++)
		vm->vcpus[i].fd = FD_NONE;
	pthread_mutex_init(&vm->bus_lock, NULL);
	pthread_mutex_init(&vm->run_lock, NULL);
	pthread_cond_init(&vm->run_changed, NULL);
	log_ring_init(&vm->log, config->console_fd);
	pci_init(&vm->pci);
	/* It owns the ports' descriptors, also when nothing else succeeds. */
	vm->console = console_new(config->ports, config->port_count, &vm->log);
	r = check_config(config, err);
	if (r < 0)
		goto fail;
	if (kvm < 0) {
		opened = r = vm_probe(err);
		if (r < 0)
			goto fail;
		kvm = opened;
	}
	r = build(vm, kvm, err);
	if (r < 0)
		goto fail;
	*out_vm = vm;
	return 0;
fail:
	if (vm->console && !vm->device_count)
		vm->console->ops->release(vm->console);
	vm_free(vm);
	return err_in(err, "virtual machine");
}

int vm_boot(struct vm *vm, struct err *err)
{
	const struct boot_command_line options = {
		.full = vm->config.full_boot,
		.serial = vm->config.serial,
		.parameters = vm->config.parameters,
	};
	char line[BOOT_COMMAND_LINE_SIZE];
	const struct boot_source source = {
		.kernel_fd = vm->config.kernel_fd,
		.initrd_fds = vm->config.initrd_fds,
		.initrd_count = vm->config.initrd_count,
		.command_line = line,
		.cpus = vm->config.cpus,
	};
	int r;

	r = boot_command_line(&options, line, err);
	if (r == 0)
		r = boot_load(&source, &vm->memory, &vm->entry, err);
	if (r == 0)
		r = vcpu_set_entry(&vm->vcpus[0], &vm->entry, err);
	if (r < 0)
		return err_in(err, "virtual machine");
	vm->booted = true;
	return 0;
}

/* Running. */

static int start_devices(struct vm *vm, struct err *err)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < vm->device_count; i++)
		r = start_device(vm, i, err);
	return r;
}

static void nothing(int sig)
{
	(void)sig;
}

static int start_vcpus(struct vm *vm, struct err *err)
{
	struct sigaction action = { .sa_handler = nothing };

	sigemptyset(&action.sa_mask);
	if (sigaction(VCPU_SIGNAL, &action, NULL) < 0)
		return err_sys(err, errno, "sigaction");
	/* They stay parked until all of them are there. */
	vm->wanted = RUN_PAUSE;
	for (unsigned int i = 0; i < vm->config.cpus; i++) {
		struct vcpu *v = &vm->vcpus[i];
		const struct vm_work work = { .run = vcpu_main, .arg = v };
		char name[16];
		int r;

		snprintf(name, sizeof(name), "vcpu %u", i);
		r = vm_thread_start(vm, VM_THREAD_VCPU, name, &work, &v->thread, err);
		if (r < 0)
			return r;
		pthread_mutex_lock(&vm->run_lock);
		v->started = true;
		vm->running++;
		pthread_mutex_unlock(&vm->run_lock);
	}
	return 0;
}

/* With run_lock.  A machine that stops does nothing else any more. */
static void set_wanted(struct vm *vm, enum run_state wanted)
{
	if (vm->wanted != RUN_STOP)
		__atomic_store_n(&vm->wanted, wanted, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&vm->run_changed);
}

int vm_start(struct vm *vm, struct err *err)
{
	const struct vm_work io = { .run = io_main, .arg = vm };
	int r;

	if (!vm->booted || vm->started)
		BUG("vm_start() of a machine that was not booted, or runs");
	r = start_devices(vm, err);
	if (r == 0)
		r = vm_thread_start(vm, VM_THREAD_IO, "io", &io, &vm->io_thread, err);
	if (r == 0) {
		vm->io_started = true;
		r = start_vcpus(vm, err);
	}
	if (r < 0) {
		vm_stop(vm);
		return err_in(err, "virtual machine");
	}
	vm->started = true;
	pthread_mutex_lock(&vm->run_lock);
	set_wanted(vm, RUN_GO);
	pthread_mutex_unlock(&vm->run_lock);
	return 0;
}

int vm_pause(struct vm *vm, struct err *err)
{
	if (!vm->started)
		return err_bad(err, ERR_STATE, "virtual machine: it was not started");
	pthread_mutex_lock(&vm->run_lock);
	set_wanted(vm, RUN_PAUSE);
	kick_all(vm);
	while (vm->parked < vm->running && vm->wanted == RUN_PAUSE)
		pthread_cond_wait(&vm->run_changed, &vm->run_lock);
	pthread_mutex_unlock(&vm->run_lock);
	return 0;
}

int vm_resume(struct vm *vm, struct err *err)
{
	if (!vm->started)
		return err_bad(err, ERR_STATE, "virtual machine: it was not started");
	pthread_mutex_lock(&vm->run_lock);
	/* A vCPU that runs would keep its ioctls waiting for as long as it stays in the guest. */
	if (vm->wanted == RUN_PAUSE) {
		/* Tells the guest that its time went on without it.  EINVAL: no kvmclock. */
		for (unsigned int i = 0; i < vm->config.cpus; i++)
			(void)ioctl(vm->vcpus[i].fd, KVM_KVMCLOCK_CTRL, 0);
		set_wanted(vm, RUN_GO);
	}
	pthread_mutex_unlock(&vm->run_lock);
	return 0;
}

/* A thread may be kicked by another one until both have left the guest for good. */
static void join_vcpus(struct vm *vm)
{
	pthread_mutex_lock(&vm->run_lock);
	while (vm->running)
		pthread_cond_wait(&vm->run_changed, &vm->run_lock);
	pthread_mutex_unlock(&vm->run_lock);
	for (unsigned int i = 0; i < vm->config.cpus; i++) {
		if (vm->vcpus[i].started)
			pthread_join(vm->vcpus[i].thread, NULL);
		vm->vcpus[i].started = false;
	}
}

void vm_stop(struct vm *vm)
{
	bool was_started; /* and not stopped before */

	vm_ended(vm, VM_END_STOPPED, "stopped");
	join_vcpus(vm);
	was_started = vm->started;
	vm->started = false;
	if (vm->io_started) {
		io_stop(&vm->io);
		pthread_join(vm->io_thread, NULL);
		vm->io_started = false;
	}
	if (vm->console)
		console_close(vm->console);
	if (vm->result.end == VM_END_RESET &&
		panic_line(vm, vm->result.text, sizeof(vm->result.text)))
		vm->result.end = VM_END_PANIC;
	if (vm->result.end == VM_END_TRIPLE_FAULT && was_started)
		add_places(vm, vm->result.text, sizeof(vm->result.text));
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->started)
		vm_stop(vm);
	for (unsigned int i = 0; i < vm->device_count; i++) {
		virtio_pci_free(vm->devices[i]);
		free(vm->kicks[i]);
	}
	for (unsigned int i = 0; i < VM_CPUS_MAX; i++)
		vcpu_release(&vm->vcpus[i]);
	fd_close(&vm->fd);
	memory_release(&vm->memory);
	io_release(&vm->io);
	fd_close(&vm->end_fd);
	free(vm);
}

void vm_stats(struct vm *vm, struct vm_stats *out_stats)
{
	*out_stats = (struct vm_stats){ 0 };
	balloon_stats(vm->balloon, out_stats);
	for (unsigned int i = 0; i < vm->config.cpus; i++)
		out_stats->exits += __atomic_load_n(&vm->vcpus[i].exits, __ATOMIC_RELAXED);
}

int vm_set_balloon(struct vm *vm, uint64_t bytes, struct err *err)
{
	if (bytes > vm->memory.size)
		return err_bad_errno(err, ERR_CONFIG, EINVAL,
			"a balloon of %llu bytes: the guest has %llu", (unsigned long long)bytes,
			(unsigned long long)vm->memory.size);
	balloon_set(vm->balloon, bytes);
	return 0;
}
