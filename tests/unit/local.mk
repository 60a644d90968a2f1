# SPDX-License-Identifier: Apache-2.0
# One program a source file: no privileges, less than a second, linked to its layer and those below.

if CMOCKA
UNIT_TESTS = \
	%D%/test_base_channel \
	%D%/test_base_err \
	%D%/test_base_hostfile \
	%D%/test_base_log \
	%D%/test_base_names \
	%D%/test_base_num \
	%D%/test_base_path \
	%D%/test_base_procfs \
	%D%/test_base_stamp \
	%D%/test_base_strbuf \
	%D%/test_cgroups_bus \
	%D%/test_cgroups_devices \
	%D%/test_cgroups_gvariant \
	%D%/test_cgroups_keys \
	%D%/test_cgroups_limits \
	%D%/test_cgroups_unit \
	%D%/test_cgroups_where \
	%D%/test_cmd_options \
	%D%/test_filter_compile \
	%D%/test_filter_differential \
	%D%/test_filter_podman \
	%D%/test_hook \
	%D%/test_namespaces_idmap \
	%D%/test_namespaces_plan \
	%D%/test_namespaces_sysctl \
	%D%/test_notify \
	%D%/test_oci_default \
	%D%/test_oci_features \
	%D%/test_oci_fields \
	%D%/test_oci_json \
	%D%/test_oci_jsonw \
	%D%/test_oci_names \
	%D%/test_oci_reference \
	%D%/test_oci_signal \
	%D%/test_oci_spec_config \
	%D%/test_oci_spec_linux \
	%D%/test_oci_spec_values \
	%D%/test_oci_state \
	%D%/test_process_plan \
	%D%/test_process_resolve \
	%D%/test_rootfs_node \
	%D%/test_rootfs_options \
	%D%/test_rootfs_plan \
	%D%/test_runtime_bpf \
	%D%/test_runtime_cage \
	%D%/test_runtime_frame \
	%D%/test_runtime_guest_config \
	%D%/test_runtime_session \
	%D%/test_terminal

if KVM
UNIT_TESTS += \
	%D%/test_kvm_boot \
	%D%/test_kvm_cpuid \
	%D%/test_kvm_devices \
	%D%/test_kvm_fs_directories \
	%D%/test_kvm_fs_files \
	%D%/test_kvm_fs_names \
	%D%/test_kvm_guest \
	%D%/test_kvm_memory \
	%D%/test_kvm_net \
	%D%/test_kvm_pci \
	%D%/test_kvm_virtqueue \
	%D%/test_runtime_monitor

%C%_test_kvm_boot_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_boot_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_cpuid_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_cpuid_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_devices_SOURCES = %D%/test_kvm_devices.c %D%/kvm_driver.h
%C%_test_kvm_devices_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_devices_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_fs_directories_SOURCES = %D%/test_kvm_fs_directories.c %D%/fs_tree.h %D%/fuse_client.h
%C%_test_kvm_fs_directories_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_fs_directories_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_fs_files_SOURCES = %D%/test_kvm_fs_files.c %D%/fs_tree.h %D%/fuse_client.h
%C%_test_kvm_fs_files_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_fs_files_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_fs_names_SOURCES = %D%/test_kvm_fs_names.c %D%/fs_tree.h %D%/fuse_client.h
%C%_test_kvm_fs_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_fs_names_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_guest_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_guest_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_memory_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_memory_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_net_SOURCES = %D%/test_kvm_net.c %D%/kvm_driver.h
%C%_test_kvm_net_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_net_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_pci_SOURCES = %D%/test_kvm_pci.c %D%/kvm_driver.h
%C%_test_kvm_pci_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_pci_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_kvm_virtqueue_SOURCES = %D%/test_kvm_virtqueue.c %D%/kvm_driver.h
%C%_test_kvm_virtqueue_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_kvm_virtqueue_LDADD = $(KVM_LIBS) $(CMOCKA_LIBS)
%C%_test_runtime_monitor_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_runtime_monitor_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)

%C%_test_base_channel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_channel_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_err_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_err_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_hostfile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_hostfile_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_log_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_log_LDADD = $(BASE_LIBS) $(YAJL_LIBS) $(CMOCKA_LIBS)
%C%_test_base_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_names_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_num_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_num_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_path_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_path_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_procfs_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_procfs_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_stamp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_stamp_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_base_strbuf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_base_strbuf_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
%C%_test_cgroups_devices_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_devices_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cgroups_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_keys_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cgroups_limits_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_limits_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cgroups_bus_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_bus_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cgroups_gvariant_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_gvariant_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cgroups_unit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_unit_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cgroups_where_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cgroups_where_LDADD = libcgroups.a $(OCI_LIBS) -lm $(CMOCKA_LIBS)
%C%_test_cmd_options_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_cmd_options_LDADD = libcmd.a $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_filter_compile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_filter_compile_SOURCES = %D%/test_filter_compile.c %D%/filter_machine.h
%C%_test_filter_compile_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_filter_differential_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_filter_differential_SOURCES = %D%/test_filter_differential.c %D%/filter_machine.h
%C%_test_filter_differential_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_filter_podman_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_filter_podman_SOURCES = %D%/test_filter_podman.c %D%/filter_machine.h
%C%_test_filter_podman_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_hook_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_hook_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_namespaces_idmap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_namespaces_idmap_LDADD = libnamespaces.a $(OCI_LIBS) $(NL_LIBS) $(CMOCKA_LIBS)
%C%_test_namespaces_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_namespaces_plan_LDADD = libnamespaces.a $(OCI_LIBS) $(NL_LIBS) $(CMOCKA_LIBS)
%C%_test_namespaces_sysctl_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_namespaces_sysctl_LDADD = libnamespaces.a $(OCI_LIBS) $(NL_LIBS) $(CMOCKA_LIBS)
%C%_test_notify_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_notify_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_default_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_default_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_features_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_features_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_fields_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_fields_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_json_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_json_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_jsonw_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_jsonw_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_names_LDADD = $(OCI_LIBS) $(CAP_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_reference_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_reference_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_signal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_signal_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_spec_config_SOURCES = %D%/test_oci_spec_config.c %D%/spec_rows.h
%C%_test_oci_spec_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_spec_config_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_spec_linux_SOURCES = %D%/test_oci_spec_linux.c %D%/spec_rows.h
%C%_test_oci_spec_linux_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_spec_linux_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_spec_values_SOURCES = %D%/test_oci_spec_values.c %D%/spec_rows.h
%C%_test_oci_spec_values_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_spec_values_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_oci_state_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_oci_state_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_process_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_process_plan_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_process_resolve_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_process_resolve_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_rootfs_node_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_rootfs_node_LDADD = librootfs.a $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_rootfs_options_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_rootfs_options_LDADD = librootfs.a $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_rootfs_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_rootfs_plan_LDADD = librootfs.a $(OCI_LIBS) $(CMOCKA_LIBS)
%C%_test_runtime_bpf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_runtime_bpf_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_runtime_cage_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_runtime_cage_SOURCES = %D%/test_runtime_cage.c %D%/filter_machine.h
%C%_test_runtime_cage_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_runtime_frame_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_runtime_frame_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_runtime_guest_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_runtime_guest_config_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_runtime_session_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_runtime_session_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
%C%_test_terminal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_terminal_LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
else
TESTS += %D%/none.sh
endif
dist_check_SCRIPTS += %D%/none.sh
