// SPDX-License-Identifier: Apache-2.0
/* config-vm.md. */
#include "oci/tables.h"

#include "oci/values.h"

#define ABSOLUTE .refuse = value_refuse_relative

static const struct field hypervisor_rows[] = {
	FIELD_STR("path", struct spec_vm, hypervisor_path, .flags = FIELD_REQUIRED, ABSOLUTE,
		.doc = "program that manages the virtual machine, absolute"),
	FIELD_TEXTS("parameters", struct spec_vm, hypervisor_parameters, .doc = "its parameters"),
};
static const struct fields hypervisor_fields = FIELDS(hypervisor_rows, struct spec_vm, NULL);

static const struct field kernel_rows[] = {
	FIELD_STR("path", struct spec_vm, kernel_path, .flags = FIELD_REQUIRED, ABSOLUTE,
		.doc = "kernel, absolute"),
	FIELD_TEXTS("parameters", struct spec_vm, kernel_parameters, .doc = "its command line"),
	FIELD_STR("initrd", struct spec_vm, kernel_initrd, ABSOLUTE,
		.doc = "initial RAM disk, absolute"),
};
static const struct fields kernel_fields = FIELDS(kernel_rows, struct spec_vm, NULL);

/* The text calls `format` required and says what its absence means: it is not insisted on. */
static int check_image(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	struct spec_vm *vm = object;

	(void)doc, (void)node, (void)err;
	if (!vm->image_format)
		vm->image_format = "raw";
	return 0;
}

static const struct field image_rows[] = {
	FIELD_STR("path", struct spec_vm, image_path, .flags = FIELD_REQUIRED, ABSOLUTE,
		.doc = "root image, absolute"),
	FIELD_STR("format", struct spec_vm, image_format, .refuse = value_refuse_image_format,
		.doc = "raw, qcow2, vdi, vmdk or vhd; unset: raw"),
};
static const struct fields image_fields = FIELDS(image_rows, struct spec_vm, check_image);

static const struct field iomem_rows[] = {
	FIELD_MAYBE_U64("firstGFN", struct spec_iomem, first_gfn,
		.doc = "guest frame number; unset: firstMFN"),
	FIELD_UINT64("firstMFN", struct spec_iomem, first_mfn, .flags = FIELD_REQUIRED,
		.doc = "host page number"),
	FIELD_UINT64("nrMFNs", struct spec_iomem, nr_mfns, .flags = FIELD_REQUIRED,
		.doc = "number of pages"),
};
static const struct fields iomem_fields = FIELDS(iomem_rows, struct spec_iomem, NULL);

static const struct field hw_config_rows[] = {
	FIELD_STR("deviceTree", struct spec_vm, device_tree,
		.doc = "device tree given to the machine"),
	FIELD_MAYBE_I64("vcpus", struct spec_vm, vcpus, .min = 1, .max = UINT32_MAX,
		.doc = "number of virtual CPUs"),
	FIELD_MAYBE_I64("memory", struct spec_vm, memory, .min = 1, .max = INT64_MAX,
		.doc = "bytes of memory"),
	FIELD_TEXTS("dtdevs", struct spec_vm, dtdevs, .doc = "device tree nodes to pass through"),
	FIELD_STRUCTS("iomems", struct spec_vm, iomems, struct spec_iomem, &iomem_fields,
		.doc = "I/O memory to pass through"),
	FIELD_NUMBERS("irqs", struct spec_vm, irqs, .doc = "interrupts to pass through"),
};
static const struct fields hw_config_fields = FIELDS(hw_config_rows, struct spec_vm, NULL);

/* The sections share one structure: each is read into the whole of it. */
static const struct field vm_rows[] = {
	FIELD_PART("hypervisor", &hypervisor_fields, .doc = "the hypervisor"),
	FIELD_PART("kernel", &kernel_fields, .flags = FIELD_REQUIRED, .doc = "the guest's kernel"),
	FIELD_PART("image", &image_fields, .doc = "the guest's own root file system"),
	FIELD_PART("hwConfig", &hw_config_fields, .since = "1.3", .doc = "the machine"),
};
const struct fields vm_fields = FIELDS(vm_rows, struct spec_vm, NULL);
