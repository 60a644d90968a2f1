# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkvm.a
if KVM
libkvm_a_SOURCES = \
	%D%/io.c %D%/io.h \
	%D%/memory.c %D%/memory.h \
	%D%/virtio.h \
	%D%/virtqueue.c %D%/virtqueue.h \
	%D%/vm.h
else
libkvm_a_SOURCES = %D%/absent.c %D%/vm.h
endif
