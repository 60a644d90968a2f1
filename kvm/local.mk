# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkvm.a
if KVM
libkvm_a_SOURCES = \
	%D%/acpi.c %D%/acpi.h \
	%D%/balloon.c %D%/balloon.h \
	%D%/boot.c %D%/boot.h \
	%D%/bus.c \
	%D%/cache.c %D%/cache.h \
	%D%/console.c %D%/console.h \
	%D%/cpio.c %D%/cpio.h \
	%D%/cpuid.c %D%/cpuid.h \
	%D%/decompress.c %D%/decompress.h \
	%D%/fs.c %D%/fs.h %D%/fs-internal.h \
	%D%/fs-attr.c \
	%D%/fs-device.c \
	%D%/fs-dir.c \
	%D%/fs-file.c \
	%D%/fs-inode.c \
	%D%/fs-lock.c \
	%D%/fs-names.c \
	%D%/fs-table.c \
	%D%/guest.c %D%/guest.h \
	%D%/io.c %D%/io.h \
	%D%/iov.c %D%/iov.h \
	%D%/kernel.c %D%/kernel.h \
	%D%/log-ring.c %D%/log-ring.h \
	%D%/machine.h \
	%D%/memory.c %D%/memory.h \
	%D%/modules.c %D%/modules.h \
	%D%/net.c %D%/net.h \
	%D%/pci.c %D%/pci.h \
	%D%/rng.c %D%/rng.h \
	%D%/serial.c %D%/serial.h \
	%D%/vcpu.c \
	%D%/virtio-pci.c %D%/virtio-pci.h %D%/virtio.h \
	%D%/virtqueue.c %D%/virtqueue.h \
	%D%/vm.c %D%/vm.h
else
libkvm_a_SOURCES = %D%/absent.c %D%/guest.h %D%/vm.h
endif
