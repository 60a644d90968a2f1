/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of kvm/: a virtual machine over /dev/kvm that boots a Linux kernel.  It knows nothing
 * of containers.
 *
 * The way of a machine:
 *
 *	vm_create()	/dev/kvm, memory, vCPUs, console, balloon, rng; every descriptor is opened
 *	vm_attach_...()	further devices
 *	vm_boot()	kernel, initramfs, boot tables are in the guest's memory
 *	(here the caller locks itself in: namespaces, root, capabilities)
 *	vm_start()	makes the threads; the guest runs
 *	...		the caller serves the other ends of the ports and waits for vm_end_fd()
 *	vm_stop()	or the guest ends by itself
 *	vm_result()	why it ended
 *	vm_free()
 *
 * One thread, the control thread, calls all of these.  After vm_boot() nothing opens a path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

struct vm;

/* The kinds of threads, for their seccomp filters. */
enum vm_thread {
	VM_THREAD_CONTROL, /* the caller's own: never passed to the hook */
	VM_THREAD_VCPU,
	VM_THREAD_IO, /* console, network, balloon, rng */
	VM_THREAD_FS, /* workers of a shared file tree */
	VM_THREAD_COUNT
};

#define VM_CPUS_MAX 64
#define VM_PORTS_MAX 8
#define VM_INITRDS_MAX 8

/* A port of the guest's console device: /dev/vport0pN, and /sys/class/virtio-ports/vport0pN/name. */
struct vm_port {
	const char *name; /* at most 31 bytes */
	/*
	 * The machine's end of a stream socket pair; owned by the machine from vm_create() on, also
	 * when that fails.  The machine makes it non-blocking.  What the guest writes is read at the
	 * other end and the other way round; neither side buffers more than the socket does.  The
	 * other end reads end of file when the machine has ended.
	 */
	int fd;
};

struct vm_config {
	unsigned int cpus; /* 1 .. VM_CPUS_MAX */
	uint64_t memory; /* bytes */
	int kvm_fd; /* an open /dev/kvm, borrowed; FD_NONE: opened by vm_create() */

	int kernel_fd; /* borrowed, read by vm_boot(): an ELF vmlinux with a PVH note, or a bzImage */
	int initrd_fds[VM_INITRDS_MAX]; /* borrowed: archives, concatenated in this order */
	unsigned int initrd_count;
	const char *parameters; /* appended to the kernel's command line; NULL: none */
	bool full_boot; /* leave out the list of initcalls that a container does not need */
	bool nested; /* show the guest the processor's virtualization */
	bool serial; /* a serial port at COM1 whose output goes to console_fd too; kernel log from
		      * the first line, "earlycon" */

	struct vm_port ports[VM_PORTS_MAX];
	unsigned int port_count;
	int console_fd; /* the guest's hvc0 is copied there; borrowed; FD_NONE: only kept in the ring.
			 * Output that it does not take at once is dropped. */

	/*
	 * Called on each thread that the machine makes before it touches anything of the guest:
	 * takes from the thread what its kind does not need (capabilities, system calls).  An
	 * error ends vm_start() with it.  NULL: none.
	 */
	int (*thread_enter)(enum vm_thread thread, void *arg, struct err *err);
	void *thread_arg;
};

/* False when the program was configured without machines: then all of this fails, and says so. */
extern const bool vm_is_built;

/*
 * Whether this host can run a machine: opens /dev/kvm, asks its version and capabilities.  Returns
 * the open descriptor for vm_config.kvm_fd, or the error with what a person can do about it.
 */
int vm_probe(struct err *err) MUST_USE;

int vm_create(const struct vm_config *config, struct vm **out_vm, struct err *err) MUST_USE;

/* A directory tree of the host that the guest can mount: "mount -t virtiofs TAG ...". */
struct vm_fs_config {
	const char *tag; /* at most 36 bytes */
	int tree_fd; /* the directory, O_PATH will do; owned by the machine, also when this fails */
	int descriptors_fd; /* of procfs_descriptors(), borrowed; FD_NONE: /proc/self/fd, from which
			     * ".." leads to what else a procfs tells of this process */
	/*
	 * Nobody but this guest writes files that it uses: it caches what they hold, and writes back
	 * late.  Names and attributes, and all of mounts within the tree, are looked at again after a
	 * second.
	 */
	bool private_tree;
	bool read_only; /* besides what mounts within the tree are */
	bool locks; /* POSIX and flock locks hold on the host too, but nobody waits for them */
	unsigned int threads; /* that serve: 1 .. VM_FS_THREADS_MAX; 0: 4 */
	/* How many files the guest may know and have open at a time: each is a descriptor of this
	 * process; 0: a part of RLIMIT_NOFILE, such that two shared trees leave some. */
	uint32_t max_files, max_open;
};
#define VM_FS_THREADS_MAX 16
/*
 * Before vm_boot(), in the process that is to run the machine.
 * The server acts with the capabilities of the process; it wants CHOWN, DAC_OVERRIDE,
 * DAC_READ_SEARCH, FOWNER, FSETID, SETUID, SETGID and SETFCAP.  What lacks one fails with EPERM in
 * the guest.  Raises the soft limit of descriptors (RLIMIT_NOFILE), and the hard one if it may.
 */
int vm_attach_fs(struct vm *vm, const struct vm_fs_config *config, struct err *err) MUST_USE;

/* A network interface whose frames go to and come from a tap. */
struct vm_net_config {
	int tap_fd; /* made with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR; owned by the machine, also when
		     * this fails */
	uint8_t mac[6];
	uint16_t mtu; /* 0: the driver's choice */
};
/*
 * Before vm_boot(), or while the machine runs: then the guest has to be told to look at its bus
 * again (Linux: /sys/bus/pci/rescan).  One that could not be attached to a running machine stays as
 * a device that does nothing.
 */
int vm_attach_net(struct vm *vm, const struct vm_net_config *config, struct err *err) MUST_USE;

/* Puts the kernel, the archives and the tables where the guest will find them. */
int vm_boot(struct vm *vm, struct err *err) MUST_USE;
/* Makes the threads and lets the guest run. */
int vm_start(struct vm *vm, struct err *err) MUST_USE;

/*
 * Stops all vCPUs where they are, and lets them go on.  The guest's clocks go on meanwhile, as they
 * do for frozen processes; it is told that it was stopped, so that its watchdogs stay quiet.
 * Devices finish what they were asked for.  Both return when it is so; doing it twice is fine.
 */
int vm_pause(struct vm *vm, struct err *err) MUST_USE;
int vm_resume(struct vm *vm, struct err *err) MUST_USE;

/* How a machine ended. */
enum vm_end {
	VM_END_NONE, /* it runs, or was not started */
	VM_END_STOPPED, /* by vm_stop() */
	VM_END_POWEROFF, /* the guest turned itself off */
	VM_END_RESET, /* the guest asked for a reset: reboot(2), or a panic whose text was lost */
	VM_END_PANIC, /* the guest's kernel panicked; text has its message */
	VM_END_TRIPLE_FAULT,
	VM_END_FAILED, /* KVM or the machine itself failed; text says how */
};

struct vm_result {
	enum vm_end end;
	char text[256]; /* one line, printable; for a person */
};

/* Becomes readable, and stays so, when the machine has ended.  Borrowed. */
int vm_end_fd(const struct vm *vm);
/* Ends the machine if it runs, and waits for its threads; a second time nothing happens. */
void vm_stop(struct vm *vm);
void vm_result(struct vm *vm, struct vm_result *out_result);
/* The name of an end: "powered off". */
const char *vm_end_name(enum vm_end end);
void vm_free(struct vm *vm);
DEFINE_AUTO_PTR(vm, vm_free);

/*
 * Copies the newest @size - 1 bytes of the guest's kernel log, NUL-terminated, every byte that is not
 * printable or a line end made '?'.  Returns its length.
 */
size_t vm_console_tail(struct vm *vm, char *buf, size_t size);

/* What the machine counted; free at any time. */
struct vm_stats {
	uint64_t exits; /* of all vCPUs to this process */
	uint64_t memory_given_back; /* bytes that the guest reported as free */
	uint64_t balloon; /* bytes that the guest has given to the balloon */
	/* From the guest's balloon driver, as old as its last answer; 0 until it answered. */
	uint64_t guest_total, guest_free, guest_available;
};
void vm_stats(struct vm *vm, struct vm_stats *out_stats);

/* Asks the guest to give @bytes of its memory back (0: none); it does as far as it can. */
int vm_set_balloon(struct vm *vm, uint64_t bytes, struct err *err) MUST_USE;
