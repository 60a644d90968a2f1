// SPDX-License-Identifier: Apache-2.0
/* kvm/pci.c and kvm/virtio-pci.c: the bus, and a driver that does its steps in the wrong order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/kvm_driver.h"

#define QUEUES 3

static struct {
	struct virtio_device virtio;
	unsigned int activated, resets, processed, released, written;
	bool had_queue; /* at its reset */
	uint32_t last_offset;
} device;

static void on_activate(struct virtio_device *dev)
{
	(void)dev;
	device.activated++;
}

static void on_reset(struct virtio_device *dev)
{
	for (unsigned int i = 0; i < dev->queue_count; i++)
		device.had_queue |= dev->queues[i].state.enabled;
	device.resets++;
}

static void on_write(struct virtio_device *dev, uint32_t offset, const void *data, uint32_t len)
{
	(void)dev;
	(void)data;
	(void)len;
	device.written++;
	device.last_offset = offset;
}

static void on_process(struct virtio_device *dev, unsigned int index)
{
	struct virtq_chain chain;

	device.processed++;
	while (virtq_pop(&dev->queues[index], &chain) > 0)
		virtq_push(&dev->queues[index], &chain, 1);
	virtq_notify(&dev->queues[index]);
}

static void on_release(struct virtio_device *dev)
{
	(void)dev;
	device.released++;
}

static const struct virtio_device_ops ops = {
	.name = "test",
	.id = 42,
	.pci_class = 0x010203,
	.release = on_release,
	.activate = on_activate,
	.reset = on_reset,
	.config_write = on_write,
	.process = on_process,
};

static struct driver d;

static int setup(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	device.virtio.ops = &ops;
	device.virtio.offered = 1ull << 5 | 1ull << 40;
	device.virtio.queue_count = QUEUES;
	device.virtio.queue_size = 64;
	device.virtio.config_len = 12;
	memcpy(device.virtio.config, "abcdefghijkl", 12);
	driver_attach(&d, &device.virtio);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	driver_detach(&d);
	assert_int_equal(device.released, 1);
	return 0;
}

static void configuration(void **state)
{
	static const uint8_t types[] = { VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_CAP_ISR_CFG,
		VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_CAP_NOTIFY_CFG };
	unsigned int at = driver_config(&d, PCI_CAPABILITY_LIST, 1), i;
	uint32_t value = 0x01;

	(void)state;
	assert_int_equal(driver_config(&d, PCI_VENDOR_ID, 2), 0x1af4);
	assert_int_equal(driver_config(&d, PCI_DEVICE_ID, 2), 0x1040 + 42);
	assert_int_equal(driver_config(&d, PCI_CLASS_REVISION, 4), 0x01020301);
	assert_int_equal(
		driver_config(&d, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, PCI_STATUS_CAP_LIST);
	for (i = 0; i < 4; i++, at = driver_config(&d, at + 1, 1)) {
		assert_int_equal(driver_config(&d, at, 1), PCI_CAP_ID_VNDR);
		assert_int_equal(driver_config(&d, at + 3, 1), types[i]);
	}
	assert_int_equal(driver_config(&d, at, 1), PCI_CAP_ID_MSIX);
	assert_int_equal(driver_config(&d, at + 2, 2), QUEUES);
	assert_int_equal(driver_config(&d, at + 1, 1), 0);
	/* Only what may be written can be written. */
	for (i = 0; i < 256; i += 4)
		driver_set_config(&d, i, 0, 4);
	assert_int_equal(driver_config(&d, PCI_VENDOR_ID, 4), (0x1040 + 42) << 16 | 0x1af4);
	assert_int_equal(driver_config(&d, PCI_CAPABILITY_LIST, 1), 0x40);
	assert_int_equal(driver_config(&d, PCI_BASE_ADDRESS_0, 4), 0);
	driver_set_config(&d, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	assert_int_equal(driver_config(&d, PCI_BASE_ADDRESS_0, 4), 0xffff8000);
	driver_set_config(&d, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	assert_int_equal(driver_config(&d, PCI_BASE_ADDRESS_1, 4), 0);
	driver_set_config(&d, PCI_ROM_ADDRESS, 0xffffffff, 4);
	assert_int_equal(driver_config(&d, PCI_ROM_ADDRESS, 4), 0);
	/* Decoding is off: nobody is there. */
	assert_false(pci_memory(&d.pci, d.window, &value, 1, false));
}

static void windows(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(d.window, PCI_WINDOW);
	/* An access must lie wholly within the window. */
	assert_false(pci_memory(&d.pci, d.window - 1, &value, 2, false));
	assert_false(pci_memory(&d.pci, d.window + 0x7fff, &value, 2, false));
	assert_true(pci_memory(&d.pci, d.window + 0x7ff8, &value, 8, false));
	assert_false(pci_memory(&d.pci, UINT64_MAX, &value, 8, false));
	/* It can be moved, to the top as well. */
	driver_set_config(&d, PCI_BASE_ADDRESS_0, 0xffff8000, 4);
	assert_false(pci_memory(&d.pci, d.window, &value, 8, false));
	assert_true(pci_memory(&d.pci, 0xfffffff8, &value, 8, false));
	assert_false(pci_memory(&d.pci, 0xfffffffc, &value, 8, false));
	driver_set_config(&d, PCI_BASE_ADDRESS_0, d.window, 4);
}

static void features(void **state)
{
	(void)state;
	driver_write(&d, VIRTIO_PCI_COMMON_DFSELECT, 0, 4);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_DF, 4), 1 << 5 | 1 << 28 | 1 << 29);
	driver_write(&d, VIRTIO_PCI_COMMON_DFSELECT, 1, 4);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_DF, 4), 1 << 8 | 1);
	driver_write(&d, VIRTIO_PCI_COMMON_DFSELECT, 2, 4);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_DF, 4), 0);
	/* What was not offered is not accepted. */
	assert_int_equal(driver_negotiate(&d, UINT64_MAX), 11);
	assert_true(device.virtio.features ==
		(1ull << 5 | 1ull << 28 | 1ull << 29 | 1ull << 32 | 1ull << 40));
	/* And not afterwards. */
	driver_write(&d, VIRTIO_PCI_COMMON_GFSELECT, 0, 4);
	driver_write(&d, VIRTIO_PCI_COMMON_GF, 0, 4);
	assert_true(device.virtio.features & 1ull << 5);
	/* A driver of old devices is refused. */
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 11, 1);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 3);
	/* DRIVER_OK without FEATURES_OK, and together with it. */
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 7, 1);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 3);
	driver_write(&d, VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	driver_write(&d, VIRTIO_PCI_COMMON_GF, 1, 4);
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 15, 1);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 11);
	assert_int_equal(device.activated, 0);
	/* Bits cannot be taken back, unknown ones not be set. */
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 0x71, 1);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 11);
}

static void steps(void **state)
{
	uint32_t size;

	(void)state;
	/* A queue before the features. */
	assert_false(driver_enable(&d, 0, 8));
	driver_negotiate(&d, 0);
	assert_true(driver_enable(&d, 0, 8));
	assert_false(driver_enable(&d, 1, 128));
	assert_true(device.virtio.status & VIRTIO_CONFIG_S_NEEDS_RESET);
	driver_start(&d, 0, 8);
	assert_int_equal(device.activated, 1);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 15);
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 15, 1);
	assert_int_equal(device.activated, 1);
	/* CVE-2026-5747: what a queue is stays so while it is used. */
	driver_write(&d, VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	for (uint32_t reg = VIRTIO_PCI_COMMON_Q_SIZE; reg < 0x38; reg += 2) {
		if (reg == VIRTIO_PCI_COMMON_Q_MSIX)
			continue;
		driver_write(&d, reg, 0, 2);
		driver_write(&d, reg, 0, 4);
		driver_write(&d, reg, 0xffffffff, 4);
		driver_write(&d, reg, 0xffffffffffffffff, 8);
	}
	size = driver_read(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2);
	assert_int_equal(size, 8);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 4), DRIVER_RINGS);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_USEDLO, 4), DRIVER_RINGS + 0x8000);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_USEDHI, 4), 0);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	/* A queue that does not exist. */
	driver_write(&d, VIRTIO_PCI_COMMON_Q_SELECT, QUEUES, 2);
	driver_write(&d, VIRTIO_PCI_COMMON_Q_SIZE, 4, 2);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
	driver_write(&d, VIRTIO_PCI_COMMON_Q_SELECT, 0xffff, 2);
	driver_write(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	/* A reset undoes it all. */
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	assert_int_equal(device.resets, 1);
	assert_false(device.had_queue); /* from which its threads could still take something */
	driver_write(&d, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	assert_int_equal(device.resets, 1);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 64);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
}

static void queues_and_interrupts(void **state)
{
	uint8_t isr;

	(void)state;
	driver_start(&d, 0, 8);
	driver_desc(&d.queues[1], 0, DRIVER_BUFFERS, 8, VRING_DESC_F_WRITE, 0);
	driver_offer(&d.queues[1], 0);
	driver_kick(&d, 1);
	assert_int_equal(driver_used(&d.queues[1])->len, 1);
	assert_int_equal(d.interrupts, 1);
	assert_int_equal(d.last_data, 0x102);
	assert_int_equal(d.last_address, 0xfee00000);
	isr = driver_read(&d, 0x1000, 1);
	assert_int_equal(isr, 1);
	assert_int_equal(driver_read(&d, 0x1000, 1), 0);
	/* Masked: held back, shown as pending, and sent when unmasked. */
	driver_write(&d, 0x400c + 2 * 16, 1, 4);
	driver_offer(&d.queues[1], 0);
	driver_kick(&d, 1);
	assert_int_equal(d.interrupts, 1);
	assert_int_equal(driver_read(&d, 0x5000, 4), 1 << 2);
	driver_write(&d, 0x400c + 2 * 16, 0, 4);
	assert_int_equal(d.interrupts, 2);
	assert_int_equal(driver_read(&d, 0x5000, 4), 0);
	/* Changed configuration. */
	driver_write(&d, VIRTIO_PCI_COMMON_MSIX, 0, 2);
	pthread_mutex_lock(&device.virtio.lock);
	virtio_config_changed(&device.virtio);
	pthread_mutex_unlock(&device.virtio.lock);
	assert_int_equal(d.last_data, 0x100);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_CFGGENERATION, 1), 1);
	/* A vector that is not there. */
	driver_write(&d, VIRTIO_PCI_COMMON_Q_SELECT, 1, 2);
	driver_write(&d, VIRTIO_PCI_COMMON_Q_MSIX, QUEUES + 1, 2);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
	driver_write(&d, VIRTIO_PCI_COMMON_MSIX, 0xfffe, 2);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
	/* A broken queue: the device asks for a reset, once, and is left alone until then. */
	driver_offer(&d.queues[2], 99);
	driver_kick(&d, 2);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 0x4f);
	device.processed = 0;
	driver_kick(&d, 0);
	assert_int_equal(device.processed, 0);
	driver_start(&d, 0, 8);
	assert_int_equal(driver_read(&d, VIRTIO_PCI_COMMON_STATUS, 1), 15);
}

static void registers_of_all_sizes(void **state)
{
	static const uint32_t lengths[] = { 1, 2, 4, 8 };

	(void)state;
	driver_start(&d, 0, 8);
	/* Every access that a guest can make: none may reach outside, which the sanitizers see. */
	for (uint32_t offset = 0; offset < 0x8000; offset += offset < 0x100 ? 1 : 0x3d)
		for (size_t i = 0; i < 4; i++) {
			uint64_t value = UINT64_MAX;

			(void)pci_memory(&d.pci, d.window + offset, &value, lengths[i], false);
			if (offset != VIRTIO_PCI_COMMON_STATUS)
				(void)pci_memory(
					&d.pci, d.window + offset, &value, lengths[i], true);
		}
	for (uint32_t offset = 0x2000; offset < 0x2020; offset++)
		for (size_t i = 0; i < 4; i++) {
			uint64_t value = 0;

			device.written = 0;
			(void)pci_memory(&d.pci, d.window + offset, &value, lengths[i], true);
			assert_int_equal(device.written,
				offset - 0x2000 + lengths[i] <= 12 && lengths[i] < 8);
		}
	assert_int_equal(driver_read(&d, 0x2000 + 8, 4), 0x6c6b6a69);
	assert_int_equal(driver_read(&d, 0x2000 + 10, 4), 0);
	for (uint16_t port = PCI_PORT_ADDRESS; port < PCI_PORT_DATA + 4; port++)
		for (size_t i = 0; i < 3; i++) {
			uint32_t value = 0x800008fc;

			pci_port(&d.pci, PCI_PORT_ADDRESS, &value, 4, true);
			pci_port(&d.pci, port, &value, lengths[i], false);
			pci_port(&d.pci, port, &value, lengths[i], true);
		}
}

static void a_full_bus(void **state)
{
	static struct pci_function functions[PCI_SLOTS];
	struct err err = { 0 };
	struct pci pci;

	(void)state;
	pci_init(&pci);
	for (unsigned int i = 0; i < PCI_SLOTS - 1; i++) {
		pci_function_init(&functions[i], 1, 2, 3, 4, 5);
		functions[i].bar_size = i % 2 ? 4096 : 0x100000;
		assert_int_equal(pci_attach(&pci, &functions[i], &err), 0);
		assert_int_equal(pci_window(&functions[i]) % functions[i].bar_size, 0);
	}
	assert_int_equal(pci_attach(&pci, &functions[PCI_SLOTS - 1], &err), -ENOSPC);
	pci_init(&pci);
	pci_function_init(&functions[0], 1, 2, 3, 4, 5);
	functions[0].bar_size = 0x20000000;
	assert_int_equal(pci_attach(&pci, &functions[0], &err), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(windows, setup, teardown),
		cmocka_unit_test_setup_teardown(features, setup, teardown),
		cmocka_unit_test_setup_teardown(steps, setup, teardown),
		cmocka_unit_test_setup_teardown(queues_and_interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(registers_of_all_sizes, setup, teardown),
		cmocka_unit_test(a_full_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
