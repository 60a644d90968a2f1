// SPDX-License-Identifier: Apache-2.0
/*
 * The network device: frames between the guest and a tap (virtio 1.2, 5.1), on the I/O thread.
 *
 * Theory of operation.  Both sides put a struct virtio_net_hdr_v1 before each frame (TUNSETVNETHDRSZ),
 * so segments of up to 64 KiB and missing checksums pass through as the guest's driver or the host's
 * kernel made them.  To the tap, frames go from the guest's memory by writev(2); the host's kernel
 * copies the header before it looks at it.  From the tap they are read into memory of ours and
 * copied to the guest's buffers, which may be any size: how many a frame takes is known only then.
 *
 * A frame for which the guest has too few buffers waits here and the tap is not read, until the guest
 * adds some: nothing is lost that the tap would keep, and no frame can make another wait for ever.
 * Each turn does a bounded number of frames, so that no other device waits for a flood.
 */
#include "kvm/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "base/mem.h"

#define RX 0
#define TX 1
#define QUEUE_SIZE 256
#define HEADER sizeof(struct virtio_net_hdr_v1)
/* The largest frame: an IP packet with its Ethernet header and a VLAN tag. */
#define FRAME_MAX (65535 + 18)
/* A driver's buffers hold at least an ordinary frame: a frame takes no more of them than this. */
#define BUFFERS_MAX 64
/* Frames of one turn. */
#define TURN 128

#define F(name) (1ull << VIRTIO_NET_F_##name)

/* Tap offloads, and the guest's features that allow them: what it can receive. */
static const struct {
	uint64_t feature;
	unsigned int offload;
} offloads[] = {
	{ F(GUEST_CSUM), TUN_F_CSUM },
	{ F(GUEST_TSO4), TUN_F_TSO4 },
	{ F(GUEST_TSO6), TUN_F_TSO6 },
	{ F(GUEST_ECN), TUN_F_TSO_ECN },
};

struct net {
	struct virtio_device virtio;
	int tap; /* owned */
	struct io *io;
	struct io_source source;
	/* The frame that was read from the tap and did not find its place yet: its length with the
	 * header, 0: none. */
	size_t len;
	/* The buffers that it has so far: their first bytes are filled. */
	struct virtq_chain first; /* where the header is */
	struct {
		uint16_t head;
		uint32_t generation, written;
	} held[BUFFERS_MAX];
	unsigned int held_count;
	size_t placed; /* bytes of the frame in them */
	uint8_t frame[HEADER + FRAME_MAX];
	struct virtq_chain chain; /* of the turn */
};

static struct net *net_of(struct virtio_device *dev)
{
	return (struct net *)dev;
}

/* ---- to the guest ---- */

static bool mergeable(const struct net *net)
{
	return net->virtio.features & F(MRG_RXBUF);
}

static void drop_frame(struct net *net)
{
	net->len = net->placed = 0;
	net->held_count = 0;
}

/* Gives the held buffers to the guest: a frame, or nothing when it is to be dropped. */
static void give(struct net *net, bool dropped)
{
	struct virtq *q = &net->virtio.queues[RX];
	uint16_t count = (uint16_t)net->held_count;

	/* The only field that the tap does not know. */
	if (!dropped && count > 0)
		virtq_chain_write(&net->first, offsetof(struct virtio_net_hdr_v1, num_buffers),
			&count, sizeof(count));
	for (unsigned int i = 0; i < net->held_count; i++) {
		net->chain.head = net->held[i].head;
		net->chain.generation = net->held[i].generation;
		net->chain.writable_len = net->held[i].written;
		virtq_fill(q, &net->chain, dropped ? 0 : net->held[i].written);
	}
	virtq_publish(q);
	drop_frame(net);
}

/* Finds buffers for the frame.  1: it is with the guest, or gone; 0: there are too few. */
static int place(struct net *net)
{
	struct virtq *q = &net->virtio.queues[RX];

	while (net->placed < net->len) {
		struct virtq_chain *chain = net->held_count == 0 ? &net->first : &net->chain;
		size_t n;
		int r;

		if (net->held_count == (mergeable(net) ? BUFFERS_MAX : 1)) {
			give(net, true);
			return 1;
		}
		r = virtq_pop(q, chain);
		if (r <= 0)
			return r;
		n = virtq_chain_write(chain, 0, net->frame + net->placed, net->len - net->placed);
		net->held[net->held_count].head = chain->head;
		net->held[net->held_count].generation = chain->generation;
		net->held[net->held_count++].written = (uint32_t)n;
		net->placed += n;
		/* Without room for the header a buffer is none. */
		if (net->held_count == 1 && n < HEADER) {
			give(net, true);
			return 1;
		}
	}
	give(net, false);
	return 1;
}

/* Reads a frame from the tap: 1, or 0 when there is none. */
static int read_frame(struct net *net)
{
	ssize_t n = read(net->tap, net->frame, sizeof(net->frame));

	if (n < (ssize_t)HEADER)
		return 0;
	net->len = (size_t)n;
	net->placed = 0;
	net->held_count = 0;
	return 1;
}

/* False: the guest has to add buffers first. */
static bool receive(struct net *net)
{
	struct virtq *q = &net->virtio.queues[RX];
	bool room = true;

	for (int i = 0; i < TURN; i++) {
		if (net->len == 0 && !read_frame(net))
			break;
		virtq_kicks_off(q);
		if (place(net) > 0)
			continue;
		/* It may have added some since. */
		if (virtq_kicks_on(q))
			continue;
		room = false;
		break;
	}
	virtq_notify(q);
	return room;
}

static void tap_ready(struct io_source *source, uint32_t events)
{
	struct net *net = source->owner;

	(void)events;
	pthread_mutex_lock(&net->virtio.lock);
	/* An interface that was taken away reports an error for ever. */
	if ((events & (EPOLLERR | EPOLLHUP)) && !(events & EPOLLIN))
		io_unwatch(net->io, source);
	else if (!net->virtio.active || !receive(net))
		io_want(net->io, source, 0);
	pthread_mutex_unlock(&net->virtio.lock);
}

/* ---- from the guest ---- */

static void send_frame(struct net *net, const struct virtq_chain *chain)
{
	if (chain->readable_len <= HEADER || chain->readable_len > HEADER + FRAME_MAX)
		return;
	/* A tap that cannot take the frame, or a header that makes no sense: the frame is lost, as on
	 * any wire. */
	while (writev(net->tap, chain->iov, (int)chain->readable) < 0 && errno == EINTR)
		;
}

static void transmit(struct net *net)
{
	struct virtq *q = &net->virtio.queues[TX];
	int sent = 0;

	do {
		virtq_kicks_off(q);
		while (sent < TURN && virtq_pop(q, &net->chain) > 0) {
			send_frame(net, &net->chain);
			virtq_push(q, &net->chain, 0);
			sent++;
		}
		virtq_notify(q);
		if (sent == TURN) {
			/* The rest in another turn, after the other devices'. */
			eventfd_write(q->kick, 1);
			return;
		}
	} while (virtq_kicks_on(q));
}

static void net_process(struct virtio_device *dev, unsigned int index)
{
	struct net *net = net_of(dev);

	if (index == TX)
		transmit(net);
	else if (net->source.watched) /* a frame may wait here with nothing behind it in the tap */
		io_want(net->io, &net->source, receive(net) ? EPOLLIN : 0);
}

/* ---- life cycle ---- */

static void net_activate(struct virtio_device *dev)
{
	struct net *net = net_of(dev);
	unsigned int wanted = 0;

	for (size_t i = 0; i < ARRAY_SIZE(offloads); i++)
		if (dev->features & offloads[i].feature)
			wanted |= offloads[i].offload;
	/* A host that cannot hand big frames over hands small ones over. */
	if (ioctl(net->tap, TUNSETOFFLOAD, wanted) < 0)
		ioctl(net->tap, TUNSETOFFLOAD, 0);
	if (net->source.watched)
		io_want(net->io, &net->source, EPOLLIN);
}

static void net_reset(struct virtio_device *dev)
{
	/* What was held is stale: the driver's buffers are its own again. */
	drop_frame(net_of(dev));
}

static int net_init(struct virtio_device *dev, struct io *io, struct err *err)
{
	struct net *net = net_of(dev);

	net->io = io;
	net->source = (struct io_source){ .fd = net->tap, .ready = tap_ready, .owner = net };
	return io_watch(io, &net->source, err);
}

static void net_release(struct virtio_device *dev)
{
	struct net *net = net_of(dev);

	fd_close(&net->tap);
	free(net);
}

static const struct virtio_device_ops net_ops = {
	.name = "net",
	.id = VIRTIO_ID_NET,
	.pci_class = 0x020000,
	.init = net_init,
	.release = net_release,
	.activate = net_activate,
	.reset = net_reset,
	.process = net_process,
};

/* The tap hands frames over with the header that the guest wants, and does not make us wait. */
static int prepare_tap(int tap, struct err *err)
{
	int header = HEADER, little = 1, flags = fcntl(tap, F_GETFL);
	struct ifreq request = { 0 };

	if (flags < 0 || fcntl(tap, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(err, errno, "make the tap non-blocking");
	if (ioctl(tap, TUNGETIFF, &request) < 0)
		return err_sys(err, errno, "TUNGETIFF");
	if ((request.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) !=
		(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
		return err_bad_errno(err, ERR_OTHER, EINVAL,
			"the tap was not made with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR");
	if (ioctl(tap, TUNSETVNETHDRSZ, &header) < 0)
		return err_sys(err, errno, "TUNSETVNETHDRSZ");
	if (ioctl(tap, TUNSETVNETLE, &little) < 0)
		return err_sys(err, errno, "TUNSETVNETLE");
	return 0;
}

struct virtio_device *net_new(const struct vm_net_config *config)
{
	struct net *net = xcalloc(1, sizeof(*net));
	struct virtio_net_config space = { .status = VIRTIO_NET_S_LINK_UP, .mtu = config->mtu };

	net->tap = config->tap_fd;
	net->virtio.ops = &net_ops;
	net->virtio.queue_count = 2;
	net->virtio.queue_size = QUEUE_SIZE;
	net->virtio.offered = F(MAC) | F(STATUS) | F(MRG_RXBUF) | F(CSUM) | F(GUEST_CSUM) |
		F(HOST_TSO4) | F(HOST_TSO6) | F(HOST_ECN) | F(GUEST_TSO4) | F(GUEST_TSO6) |
		F(GUEST_ECN) | (config->mtu ? F(MTU) : 0);
	memcpy(space.mac, config->mac, sizeof(space.mac));
	memcpy(net->virtio.config, &space, sizeof(space));
	net->virtio.config_len = sizeof(space);
	return &net->virtio;
}

int vm_attach_net(struct vm *vm, const struct vm_net_config *config, struct err *err)
{
	struct virtio_device *dev = net_new(config);

	if (prepare_tap(config->tap_fd, err) < 0) {
		net_release(dev);
		return err_in(err, "virtual network interface");
	}
	return vm_attach(vm, dev, err);
}
