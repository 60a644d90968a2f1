/* SPDX-License-Identifier: Apache-2.0 */
/* The machine from inside: what its threads share.  For the files of kvm/ only. */
#pragma once

#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>

#include "kvm/boot.h"
#include "kvm/cpuid.h"
#include "kvm/io.h"
#include "kvm/log-ring.h"
#include "kvm/memory.h"
#include "kvm/pci.h"
#include "kvm/serial.h"
#include "kvm/virtio-pci.h"
#include "kvm/vm.h"

/* Interrupts KVM_RUN; its handler does nothing. */
#define VCPU_SIGNAL (SIGRTMIN + 1)

struct vcpu {
	struct vm *vm;
	unsigned int index;
	int fd; /* owned */
	struct kvm_run *run; /* shared with the kernel */
	size_t run_size;
	pthread_t thread;
	bool started;
	uint64_t exits;
	uint64_t last_ip; /* where it was when its thread ended */
};

/* What the control thread wants of the vCPUs. */
enum run_state { RUN_GO, RUN_PAUSE, RUN_STOP };

/* A queue's kick on the I/O thread. */
struct kick {
	struct virtio_device *dev;
	unsigned int queue;
	struct io_source source;
};

#define VM_DEVICES_MAX (PCI_SLOTS - 1)

struct vm {
	struct vm_config config; /* pointers in it are not used after vm_boot() */
	int fd; /* of the machine in KVM; owned */
	struct memory memory;
	struct boot_entry entry;
	bool booted, started;
	bool tsc_deadline, any_length; /* what KVM has */

	/* The bus: what a vCPU's accesses to ports and to memory that is none lead to. */
	pthread_mutex_t bus_lock;
	struct pci pci;
	struct serial serial;

	struct virtio_pci *devices[VM_DEVICES_MAX]; /* owned */
	unsigned int device_count;
	struct virtio_device *console, *balloon; /* borrowed from devices */
	struct log_ring log;

	struct io io;
	struct kick *kicks[VM_DEVICES_MAX]; /* of each device; owned */
	pthread_t io_thread;
	bool io_started;

	struct vcpu vcpus[VM_CPUS_MAX];

	/* Going, pausing, stopping. */
	pthread_mutex_t run_lock;
	pthread_cond_t run_changed;
	enum run_state wanted; /* also read without the lock */
	unsigned int parked; /* vCPUs that wait for RUN_GO */
	unsigned int running; /* vCPU threads that have not ended */

	struct vm_result result; /* with run_lock */
	int end_fd; /* eventfd; owned */
};

/* vcpu.c */

/* Makes vCPU @index in KVM: its processor identification and mapping. */
int vcpu_init(struct vcpu *v, struct vm *vm, unsigned int index, const struct cpuid *supported,
	int mmap_size, struct err *err) MUST_USE;
void vcpu_release(struct vcpu *v);
/* Sets the registers of the first vCPU to the kernel's entry. */
int vcpu_set_entry(struct vcpu *v, const struct boot_entry *entry, struct err *err) MUST_USE;
/* The body of the thread of the vCPU @arg. */
void vcpu_thread(void *arg);
/* Makes the vCPU leave KVM_RUN, now or when it enters it next; any thread. */
void vcpu_kick(struct vcpu *v);

/* bus.c: an access by a vCPU; takes the bus lock. */

void bus_port(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write);
void bus_memory(struct vm *vm, uint64_t gpa, void *data, uint32_t len, bool write);

/* vm.c */

/* The machine has ended; the first reason counts.  Any thread. */
void vm_ended(struct vm *vm, enum vm_end end, const char *fmt, ...) PRINTF(3, 4);
/* For a vCPU's thread before each entry: waits while the machine is paused; false: it stops. */
bool vm_may_run(struct vm *vm);
