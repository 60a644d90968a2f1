// SPDX-License-Identifier: Apache-2.0
/*
 * The virtio-fs device: FUSE requests by virtqueue (virtio 1.2, 5.11).
 *
 * Theory of operation.  Any of the device's threads serves any request of any queue, start to end; a
 * request that waits for the host's disk keeps one thread.  Each thread has an epoll of its own over
 * the queues' kicks, exclusively, so that a kick wakes one idle thread; a thread that took a request
 * and sees another behind it wakes the next before it serves its own.
 *
 * A reset waits until no thread is within a request (the lock "serving", held for reading while one
 * is), and forgets all that the guest knew.
 */
#include <errno.h>
#include <linux/virtio_fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "kvm/fs.h"
#include "kvm/virtio.h"
#include "kvm/vm.h"

/* One for what must not wait behind requests (FORGET), and one for requests: the threads share it. */
#define QUEUES 2
/* A request of 1 MiB is 256 pages and a few more. */
#define QUEUE_SIZE 512
#define THREADS_DEFAULT 4
#define DESCRIPTORS (1u << 20)

struct fs_thread {
	struct fs_device *dev;
	pthread_t thread;
	int epoll; /* owned, as is what follows */
	struct fs_worker *worker;
};

struct fs_device {
	struct virtio_device virtio;
	struct vm *vm;
	struct fs *fs; /* owned */
	unsigned int thread_count, threads_made;
	struct fs_thread threads[VM_FS_THREADS_MAX];
	int stop; /* eventfd */
	pthread_rwlock_t serving;
};

/* Serves one request of @q; 0: there is none. */
static int serve_one(struct fs_device *dev, struct fs_worker *worker, struct virtq *q)
{
	struct virtq_chain chain;
	int r;

	pthread_rwlock_rdlock(&dev->serving);
	r = virtq_pop(q, &chain);
	if (r > 0) {
		size_t len;

		/* Kicks come for what follows from here on; what is there already was kicked for. */
		if (virtq_kicks_on(q))
			eventfd_write(q->kick, 1);
		len = fs_serve(worker, chain.iov, chain.readable, chain.iov + chain.readable,
			chain.writable);
		virtq_push(q, &chain, (uint32_t)len);
		virtq_notify(q);
	}
	pthread_rwlock_unlock(&dev->serving);
	return r;
}

static void serve_queue(struct fs_device *dev, struct fs_worker *worker, struct virtq *q)
{
	eventfd_t kicks;

	if (eventfd_read(q->kick, &kicks) < 0 && errno != EAGAIN)
		return;
	do {
		while (serve_one(dev, worker, q) > 0)
			;
	} while (virtq_kicks_on(q));
}

static int watch(int epoll, int fd, uint32_t events, struct virtq *q)
{
	struct epoll_event event = { .events = events, .data.ptr = q };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* All that the thread will need: once it serves, it only works on files. */
static int thread_prepare(void *arg, struct err *err)
{
	struct fs_thread *t = arg;
	struct fs_device *dev = t->dev;
	int r = t->epoll = epoll_create1(EPOLL_CLOEXEC);

	r = r < 0 ? -errno : watch(t->epoll, dev->stop, EPOLLIN, NULL);
	for (unsigned int i = 0; r == 0 && i < QUEUES; i++)
		r = watch(t->epoll, dev->virtio.queues[i].kick, EPOLLIN | EPOLLEXCLUSIVE,
			&dev->virtio.queues[i]);
	if (r < 0)
		return err_sys(err, -r, "watch the queues of a shared file system");
	return fs_worker_new(dev->fs, &t->worker, err);
}

static void thread_main(void *arg)
{
	struct fs_thread *t = arg;

	for (;;) {
		struct epoll_event event;
		/* epoll_pwait for the reason that io.c has. */
		int n = epoll_pwait(t->epoll, &event, 1, -1, NULL);

		if (n < 0 && errno != EINTR)
			BUG("epoll_pwait of a thread of the file server");
		if (n == 1 && !event.data.ptr)
			return;
		if (n == 1)
			serve_queue(t->dev, t->worker, event.data.ptr);
	}
}

static void thread_release(struct fs_thread *t)
{
	fs_worker_free(t->worker);
	fd_close(&t->epoll);
}

static int device_init(struct virtio_device *virtio, struct io *io, struct err *err)
{
	struct fs_device *dev = (struct fs_device *)virtio;

	(void)io;
	for (; dev->threads_made < dev->thread_count; dev->threads_made++) {
		struct fs_thread *t = &dev->threads[dev->threads_made];
		const struct vm_work work = { thread_prepare, thread_main, t };
		char name[16];
		int r;

		*t = (struct fs_thread){ .dev = dev, .epoll = FD_NONE };
		snprintf(name, sizeof(name), "fs %u", dev->threads_made);
		r = vm_thread_start(dev->vm, VM_THREAD_FS, name, &work, &t->thread, err);
		if (r < 0) {
			thread_release(t);
			return r;
		}
	}
	return 0;
}

static void device_reset(struct virtio_device *virtio)
{
	struct fs_device *dev = (struct fs_device *)virtio;

	pthread_rwlock_wrlock(&dev->serving);
	fs_reset(dev->fs);
	pthread_rwlock_unlock(&dev->serving);
}

static void device_release(struct virtio_device *virtio)
{
	struct fs_device *dev = (struct fs_device *)virtio;

	if (dev->threads_made > 0)
		eventfd_write(dev->stop, 1);
	for (unsigned int i = 0; i < dev->threads_made; i++) {
		pthread_join(dev->threads[i].thread, NULL);
		thread_release(&dev->threads[i]);
	}
	fs_free(dev->fs);
	fd_close(&dev->stop);
	pthread_rwlock_destroy(&dev->serving);
	free(dev);
}

static const struct virtio_device_ops fs_ops = {
	.name = "fs",
	.id = VIRTIO_ID_FS,
	.pci_class = 0x018000,
	.own_threads = true,
	.init = device_init,
	.release = device_release,
	.reset = device_reset,
};

static struct fs_device *device_new(const struct vm_fs_config *config)
{
	struct fs_device *dev = xcalloc(1, sizeof(*dev));
	struct virtio_fs_config space = { .num_request_queues = QUEUES - 1 };
	pthread_rwlockattr_t attr;

	dev->thread_count = config->threads ? config->threads : THREADS_DEFAULT;
	if (dev->thread_count > VM_FS_THREADS_MAX)
		dev->thread_count = VM_FS_THREADS_MAX;
	pthread_rwlockattr_init(&attr);
	/* A guest that keeps the queue full must not keep the reset of its device waiting. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&dev->serving, &attr);
	pthread_rwlockattr_destroy(&attr);
	dev->virtio.ops = &fs_ops;
	dev->virtio.queue_count = QUEUES;
	dev->virtio.queue_size = QUEUE_SIZE;
	memcpy(space.tag, config->tag, strnlen(config->tag, sizeof(space.tag)));
	memcpy(dev->virtio.config, &space, sizeof(space));
	dev->virtio.config_len = sizeof(space);
	return dev;
}

/* Each file that the guest knows is a descriptor: as many as the host lets this process have. */
static void raise_descriptor_limit(void)
{
	struct rlimit wanted = { DESCRIPTORS, DESCRIPTORS }, now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0 || now.rlim_cur >= DESCRIPTORS)
		return;
	/* Above the hard limit with CAP_SYS_RESOURCE only; what there is then has to do. */
	if (now.rlim_max < DESCRIPTORS && setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	now.rlim_cur = now.rlim_max < DESCRIPTORS ? now.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &now);
}

int vm_attach_fs(struct vm *vm, const struct vm_fs_config *config, struct err *err)
{
	struct fs_config server = {
		.tree_fd = config->tree_fd,
		.descriptors_fd = config->descriptors_fd,
		.private_tree = config->private_tree,
		.read_only = config->read_only,
		.locks = config->locks,
		.max_nodes = config->max_files,
		.max_handles = config->max_open,
	};
	struct fs_device *dev = device_new(config);
	int r;

	raise_descriptor_limit();
	dev->vm = vm;
	dev->stop = eventfd(0, EFD_CLOEXEC);
	r = dev->stop < 0 ? err_sys(err, errno, "eventfd") : 0;
	if (r < 0)
		fd_close(&server.tree_fd);
	else
		r = fs_new(&server, &dev->fs, err);
	if (r < 0) {
		device_release(&dev->virtio);
		return err_in(err, "shared file system \"%s\"", config->tag);
	}
	return vm_attach(vm, &dev->virtio, err);
}
