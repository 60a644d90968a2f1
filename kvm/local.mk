# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkvm.a
if KVM
libkvm_a_SOURCES = \
	%D%/acpi.c %D%/acpi.h \
	%D%/balloon.c %D%/balloon.h \
	%D%/boot.c %D%/boot.h \
	%D%/bus.c \
	%D%/console.c %D%/console.h \
	%D%/cpuid.c %D%/cpuid.h \
	%D%/io.c %D%/io.h \
	%D%/log-ring.c %D%/log-ring.h \
	%D%/machine.h \
	%D%/memory.c %D%/memory.h \
	%D%/pci.c %D%/pci.h \
	%D%/rng.c %D%/rng.h \
	%D%/serial.c %D%/serial.h \
	%D%/vcpu.c \
	%D%/virtio-pci.c %D%/virtio-pci.h %D%/virtio.h \
	%D%/virtqueue.c %D%/virtqueue.h \
	%D%/vm.c %D%/vm.h
else
libkvm_a_SOURCES = %D%/absent.c %D%/vm.h
endif
