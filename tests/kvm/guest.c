/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel of some thousand instructions for tests/kvm/machine: what a driver does, well and badly,
 * without an operating system.  It runs where a real kernel would take hours.
 *
 * Entered by PVH in 32-bit mode; goes to 64-bit mode on pages that map the first 4 GiB onto
 * themselves, and does what the last word of its command line says.  It talks on the serial port:
 * "ok TEXT" or "not ok TEXT" lines, and ends by turning the machine off.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL 0x3f8
#define APIC 0xfee00000ull
#define VECTOR 0x40

__asm__(".pushsection .note.pvh, \"a\", @note\n"
	".long 4, 8, 18\n"
	".asciz \"Xen\"\n"
	".quad start\n"
	".popsection\n"
	".pushsection .text.start, \"ax\"\n"
	".code32\n"
	".globl start\n"
	"start:\n"
	"	movl $stack_end, %esp\n"
	"	movl %ebx, start_info\n"
	/* PML4[0] -> PDPT, PDPT[0..3] -> four directories of 2 MiB pages. */
	"	movl $pages + 0x1003, pages\n"
	"	movl $4, %ecx\n"
	"	movl $pages + 0x2003, %eax\n"
	"	movl $pages + 0x1000, %edi\n"
	"1:	movl %eax, (%edi)\n"
	"	addl $0x1000, %eax\n"
	"	addl $8, %edi\n"
	"	loop 1b\n"
	"	movl $2048, %ecx\n"
	"	movl $0x83, %eax\n"
	"	movl $pages + 0x2000, %edi\n"
	"2:	movl %eax, (%edi)\n"
	"	addl $0x200000, %eax\n"
	"	addl $8, %edi\n"
	"	loop 2b\n"
	"	movl $pages, %eax\n"
	"	movl %eax, %cr3\n"
	"	movl $0x20, %eax\n"
	"	movl %eax, %cr4\n"
	"	movl $0xc0000080, %ecx\n"
	"	movl $0x100, %eax\n"
	"	xorl %edx, %edx\n"
	"	wrmsr\n"
	"	movl $0x80000011, %eax\n"
	"	movl %eax, %cr0\n"
	"	lgdt gdt_pointer\n"
	"	ljmp $8, $long_mode\n"
	".code64\n"
	"long_mode:\n"
	"	movl $16, %eax\n"
	"	movl %eax, %ds\n"
	"	movl %eax, %es\n"
	"	movl %eax, %ss\n"
	"	movq $stack_end, %rsp\n"
	"	call guest_main\n"
	"3:	hlt\n"
	"	jmp 3b\n"
	"on_interrupt:\n"
	"	incl interrupts\n"
	"	pushq %rax\n"
	"	movl $0xfee000b0, %eax\n"
	"	movl $0, (%rax)\n"
	"	popq %rax\n"
	"	iretq\n"
	".balign 8\n"
	"gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	"gdt_pointer: .word 23\n"
	"	.quad gdt\n"
	".popsection\n");

void on_interrupt(void);
void guest_main(void);
uint8_t pages[6 * 4096] __attribute__((aligned(4096)));
uint8_t stack[16384] __attribute__((aligned(16)));
__asm__(".globl stack_end\n.set stack_end, stack + 16384\n");
uint32_t start_info;
volatile uint32_t interrupts;

/* PVH's, as far as it is looked at. */
struct info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, command_line, rsdp, map;
	uint32_t map_count;
};

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void say(const char *text)
{
	while (*text)
		out8(SERIAL, *text++);
}

static void check(bool good, const char *what)
{
	say(good ? "ok " : "not ok ");
	say(what);
	say("\n");
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void off(void)
{
	out8(0x600, 5 << 2 | 1 << 5);
}

/* PCI: slot 1 is the console. */

static uint32_t config_address(unsigned int slot, unsigned int offset)
{
	return 0x80000000u | slot << 11 | offset;
}

static uint32_t config_read(unsigned int slot, unsigned int offset)
{
	out32(0xcf8, config_address(slot, offset));
	return in32(0xcfc);
}

static void config_write(unsigned int slot, unsigned int offset, uint32_t value)
{
	out32(0xcf8, config_address(slot, offset));
	out32(0xcfc, value);
}

/* The console by its modern transport; the parts' offsets are read from the capabilities. */
static volatile struct virtio_pci_common_cfg *common;
static volatile uint32_t *msix;
static volatile uint8_t *notify;

static void find_parts(unsigned int slot)
{
	uint32_t base = config_read(slot, PCI_BASE_ADDRESS_0) & ~15u;
	unsigned int at = config_read(slot, PCI_CAPABILITY_LIST) & 0xff;

	config_write(slot, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (; at; at = config_read(slot, at) >> 8 & 0xff) {
		uint32_t head = config_read(slot, at);
		uint32_t offset = config_read(slot, at + 8);

		if ((head & 0xff) == PCI_CAP_ID_MSIX) {
			msix = (uint32_t *)(uintptr_t)(base + (config_read(slot, at + 4) & ~7u));
			config_write(slot, at, (uint32_t)PCI_MSIX_FLAGS_ENABLE << 16);
		} else if (head >> 24 == VIRTIO_PCI_CAP_COMMON_CFG) {
			common = (struct virtio_pci_common_cfg *)(uintptr_t)(base + offset);
		} else if (head >> 24 == VIRTIO_PCI_CAP_NOTIFY_CFG) {
			notify = (uint8_t *)(uintptr_t)(base + offset);
		}
	}
}

/* Vector @i of the device interrupts this processor. */
static void set_vector(unsigned int i)
{
	msix[4 * i] = APIC;
	msix[4 * i + 1] = 0;
	msix[4 * i + 2] = VECTOR;
	msix[4 * i + 3] = 0;
}

/* One queue of eight descriptors. */
#define SIZE 8
struct queue {
	struct vring_desc desc[SIZE] __attribute__((aligned(16)));
	struct {
		uint16_t flags, idx, ring[SIZE], event;
	} avail __attribute__((aligned(4)));
	struct {
		uint16_t flags, idx;
		struct vring_used_elem ring[SIZE];
		uint16_t event;
	} used __attribute__((aligned(4)));
	uint16_t seen;
	unsigned int index;
};

static struct queue queues[6];
static uint8_t buffers[6][256];

static void clear(volatile void *p, size_t size)
{
	for (volatile uint8_t *b = p; size--; b++)
		*b = 0;
}

static void set_queue(struct queue *q, unsigned int index)
{
	clear(q, sizeof(*q));
	q->index = index;
	common->queue_select = index;
	common->queue_size = SIZE;
	common->queue_msix_vector = 1;
	common->queue_desc_lo = (uintptr_t)q->desc;
	common->queue_desc_hi = 0;
	common->queue_avail_lo = (uintptr_t)&q->avail;
	common->queue_avail_hi = 0;
	common->queue_used_lo = (uintptr_t)&q->used;
	common->queue_used_hi = 0;
	common->queue_enable = 1;
}

static void kick(const struct queue *q)
{
	*(volatile uint16_t *)(notify + 4 * q->index) = q->index;
}

static void add(struct queue *q, uint16_t head)
{
	q->avail.ring[q->avail.idx % SIZE] = head;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&q->avail.idx, q->avail.idx + 1, __ATOMIC_SEQ_CST);
}

/* Sends or offers a buffer. */
static void give(struct queue *q, void *buf, uint32_t len, bool writable)
{
	q->desc[0] =
		(struct vring_desc){ (uintptr_t)buf, len, writable ? VRING_DESC_F_WRITE : 0, 0 };
	add(q, 0);
	kick(q);
}

/* Waits, with interrupts, until the device has used a buffer; returns its length. */
static uint32_t await(struct queue *q)
{
	uint32_t len;

	for (;;) {
		__asm__ volatile("cli");
		if (__atomic_load_n(&q->used.idx, __ATOMIC_ACQUIRE) != q->seen)
			break;
		__asm__ volatile("sti; hlt");
	}
	__asm__ volatile("sti");
	len = q->used.ring[q->seen % SIZE].len;
	q->seen++;
	return len;
}

static void reset(void)
{
	common->device_status = 0;
	while (common->device_status)
		;
}

/* Until FEATURES_OK. */
static void negotiate(void)
{
	reset();
	common->device_status = VIRTIO_CONFIG_S_ACKNOWLEDGE;
	common->device_status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	common->guest_feature_select = 0;
	common->guest_feature = 1 << VIRTIO_CONSOLE_F_MULTIPORT;
	common->guest_feature_select = 1;
	common->guest_feature = 1 << (VIRTIO_F_VERSION_1 - 32);
	common->device_status = common->device_status | VIRTIO_CONFIG_S_FEATURES_OK;
}

static void drive(void)
{
	negotiate();
	for (unsigned int i = 0; i < 6; i++)
		set_queue(&queues[i], i);
	common->device_status = common->device_status | VIRTIO_CONFIG_S_DRIVER_OK;
}

static void tell(uint32_t port, uint16_t event, uint16_t value)
{
	struct virtio_console_control *m = (void *)buffers[3];

	*m = (struct virtio_console_control){ port, event, value };
	give(&queues[3], m, sizeof(*m), false);
	await(&queues[3]);
}

/* What it can be told to do. */

static void do_boot(void)
{
	const struct info *info = (void *)(uintptr_t)start_info;
	const uint64_t *map = (void *)(uintptr_t)info->map;

	check(info->magic == 0x336ec578 && info->version == 1, "start info");
	check(info->map_count >= 3 && map[0] == 0 && map[1] == 0xa0000, "memory map");
	check(*(const uint64_t *)(uintptr_t)info->rsdp == 0x2052545020445352, "RSDP");
	check(info->modules == 1, "initramfs");
	if (info->modules == 1) {
		const uint64_t *module = (void *)(uintptr_t)info->module_list;

		check(module[1] == 20 && equal((char *)(uintptr_t)module[0], "one"),
			"first archive");
		check(equal((char *)(uintptr_t)module[0] + 8, "second"), "second archive");
	}
}

static void do_pci(void)
{
	uint32_t window;

	check(config_read(0, 0) == 0x00081b36, "host bridge");
	check(config_read(1, 0) == 0x10431af4, "console");
	check(config_read(2, 0) == 0x10441af4, "rng");
	check(config_read(3, 0) == 0x10451af4, "balloon");
	check(config_read(4, 0) == 0xffffffff, "an empty slot");
	window = config_read(1, PCI_BASE_ADDRESS_0);
	config_write(1, PCI_BASE_ADDRESS_0, 0xffffffff);
	check(config_read(1, PCI_BASE_ADDRESS_0) == 0xffff8000, "size of the window");
	config_write(1, PCI_BASE_ADDRESS_0, window);
	config_write(1, 0, 0);
	check(config_read(1, 0) == 0x10431af4, "identity cannot be written");
	out32(0xcf8, 0x80010800);
	check(in32(0xcfc) == 0xffffffff, "no second bus");
	out32(0xcf8, 0x80000900);
	check(in32(0xcfc) == 0xffffffff, "no second function");
	check(*(volatile uint32_t *)(uintptr_t)0xdffffff0 == 0xffffffff, "empty address");
}

/* Names the ports, then echoes what the host sends in capitals until a line says "end". */
static void do_echo(void)
{
	bool end = false;

	drive();
	check(common->device_status == 15, "status");
	give(&queues[2], buffers[2], 256, true);
	tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	check(await(&queues[2]) == 8 && ((uint16_t *)buffers[2])[2] == VIRTIO_CONSOLE_PORT_ADD,
		"a port is announced");
	check(interrupts, "interrupts come");
	tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	while (!end) {
		uint32_t len;

		give(&queues[4], buffers[4], 256, true);
		len = await(&queues[4]);
		end = len >= 3 && buffers[4][0] == 'e' && buffers[4][1] == 'n';
		for (uint32_t i = 0; i < len; i++)
			buffers[5][i] = buffers[4][i] - (buffers[4][i] >= 'a' ? 32 : 0);
		give(&queues[5], buffers[5], len, false);
		await(&queues[5]);
	}
	check(end, "echo");
}

/* Is the device in need of a reset after what was done? */
static bool needs_reset(void)
{
	for (unsigned int i = 0; i < 100000; i++)
		if (common->device_status & VIRTIO_CONFIG_S_NEEDS_RESET)
			return true;
	return false;
}

/* Puts one bad chain onto the control queue and says what came of it. */
static void bad(const char *what, struct vring_desc first, struct vring_desc second)
{
	struct queue *q = &queues[3];

	drive();
	q->desc[0] = first;
	q->desc[1] = second;
	add(q, 0);
	kick(q);
	check(needs_reset(), what);
}

static void do_hostile(void)
{
	struct queue *q = &queues[3];
	const struct vring_desc none = { 0 };
	const uint64_t here = (uintptr_t)buffers[3];

	negotiate();
	common->queue_select = 3;
	common->queue_size = 0;
	common->queue_enable = 1;
	check(!common->queue_enable, "a queue of size 0");
	negotiate();
	common->queue_select = 3;
	common->queue_size = 7;
	common->queue_enable = 1;
	check(!common->queue_enable, "a queue of size 7");
	negotiate();
	common->queue_select = 3;
	common->queue_size = 0x8000;
	common->queue_enable = 1;
	check(!common->queue_enable, "a queue of size 32768");
	negotiate();
	common->queue_select = 3;
	common->queue_desc_hi = 0xffffffff;
	common->queue_enable = 1;
	check(!common->queue_enable, "rings outside of memory");

	drive();
	common->queue_select = 3;
	common->queue_size = 4;
	common->queue_desc_lo = 0;
	common->queue_used_hi = 0xffff;
	check(common->queue_size == SIZE && common->queue_desc_lo == (uint32_t)(uintptr_t)q->desc &&
			!common->queue_used_hi,
		"a running queue cannot be moved");
	common->queue_select = 0xffff;
	common->queue_size = 4;
	common->queue_enable = 1;
	check(!common->queue_enable && !common->queue_size, "a queue that is not there");
	tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	check(common->device_status == 15, "the device still works");

	bad("buffer outside of memory", (struct vring_desc){ ~0ull - 15, 32, 0, 0 }, none);
	bad("buffer that ends outside", (struct vring_desc){ here, 0xffffffff, 0, 0 }, none);
	bad("next outside of the table", (struct vring_desc){ here, 8, VRING_DESC_F_NEXT, 99 },
		none);
	bad("chain without end", (struct vring_desc){ here, 8, VRING_DESC_F_NEXT, 1 },
		(struct vring_desc){ here, 8, VRING_DESC_F_NEXT, 0 });
	bad("readable behind writable",
		(struct vring_desc){ here, 8, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1 },
		(struct vring_desc){ here, 8, 0, 0 });
	bad("indirect without the feature",
		(struct vring_desc){ here, 16, VRING_DESC_F_INDIRECT, 0 }, none);
	drive();
	__atomic_store_n(&q->avail.idx, SIZE + 1, __ATOMIC_SEQ_CST);
	kick(q);
	check(needs_reset(), "available index jumps");
	drive();
	add(q, 1000);
	kick(q);
	check(needs_reset(), "available entry outside of the table");

	drive();
	tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	check(common->device_status == 15, "a reset makes it work again");
}

static const struct {
	const char *word;
	void (*run)(void);
} deeds[] = {
	{ "boot", do_boot },
	{ "pci", do_pci },
	{ "echo", do_echo },
	{ "hostile", do_hostile },
};

static void set_interrupts(void)
{
	static uint64_t idt[2 * (VECTOR + 1)];
	static struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer;
	uint64_t at = (uintptr_t)on_interrupt;

	idt[2 * VECTOR] = (at & 0xffff) | 8ull << 16 | 0x8e00ull << 32 | (at >> 16 & 0xffff) << 48;
	idt[2 * VECTOR + 1] = at >> 32;
	pointer.limit = sizeof(idt) - 1;
	pointer.base = (uintptr_t)idt;
	__asm__ volatile("lidt %0" : : "m"(pointer));
	*(volatile uint32_t *)(APIC + 0xf0) = 0x1ff; /* on; spurious vector 255 */
}

void guest_main(void)
{
	const struct info *info = (void *)(uintptr_t)start_info;
	const char *word = (char *)(uintptr_t)info->command_line;

	for (const char *p = word; *p; p++)
		if (*p == ' ')
			word = p + 1;
	if (equal(word, "reset"))
		out8(0x64, 0xfe);
	if (equal(word, "fault"))
		__asm__ volatile("ud2"); /* without an IDT */
	while (equal(word, "spin"))
		__asm__ volatile("pause");
	if (equal(word, "sleep"))
		__asm__ volatile("cli; hlt");
	set_interrupts();
	find_parts(1);
	for (unsigned int i = 0; i < 3; i++)
		set_vector(i);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (equal(word, deeds[i].word))
			deeds[i].run();
	say("end\n");
	off();
}
