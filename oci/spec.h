/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of oci/: the documents of the OCI runtime specification 1.3 as plain structures. Any
 * folder above may include it.
 *
 * Members carry the specification's names.  Strings and lists belong to the document they were read
 * from and live as long as it.  A string that is absent is NULL, an absent object is NULL, an
 * absent list has count 0; where absent differs from zero the member is an opt_ value.  Names with
 * a fixed set of values (namespace types, capabilities, actions ...) are already numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/names.h"

struct json_doc; /* oci/json.h */

struct opt_bool {
	bool set;
	bool v;
};

struct opt_i64 {
	bool set;
	int64_t v;
};

struct opt_u64 {
	bool set;
	uint64_t v;
};

struct opt_u32 {
	bool set;
	uint32_t v;
};

/* One entry of a string map, in the order of the document. */
struct spec_pair {
	const char *key;
	const char *value;
};

typedef LIST_OF(const char *) spec_strings;
typedef LIST_OF(struct spec_pair) spec_pairs;

/* ---- config.md ---- */

struct spec_root {
	const char *path;
	bool readonly;
};

/* uidMappings, gidMappings: of namespaces and of id-mapped mounts */
struct spec_idmap {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

typedef LIST_OF(struct spec_idmap) spec_idmaps;

struct spec_mount {
	const char *destination;
	const char *type; /* NULL: absent */
	const char *source; /* NULL: absent */
	spec_strings options;
	spec_idmaps uid_mappings;
	spec_idmaps gid_mappings;
};

struct spec_user {
	struct opt_u32 uid;
	struct opt_u32 gid;
	struct opt_u32 umask;
	LIST_OF(uint32_t) additional_gids;
	const char *username; /* Windows; ignored */
};

struct spec_rlimit {
	int type; /* RLIMIT_* */
	uint64_t soft;
	uint64_t hard;
};
/* Its members: for documents that have such a list, too (oci/fields.h). */
extern const struct fields spec_rlimit_fields;

/* One bit mask over capability numbers for each set; 0 when the set is absent.  Names that the
 * kernel's header does not know are in @unknown, each once (a warning, config.md "Linux
 * Process"). */
struct spec_capabilities {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
	spec_strings unknown;
};

struct spec_scheduler {
	int policy; /* SCHED_* */
	int32_t nice;
	int32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

struct spec_io_priority {
	int class_; /* IOPRIO_CLASS_* */
	int64_t priority;
};

struct spec_exec_cpu_affinity {
	const char *initial; /* cpuset list text, validated: "0-3,7" */
	const char *final;
};

struct spec_console_size {
	uint16_t height;
	uint16_t width;
};

struct spec_process {
	bool terminal;
	struct spec_console_size *console_size;
	struct spec_user user;
	spec_strings args;
	const char *command_line; /* Windows; ignored */
	spec_strings env; /* "NAME=value" */
	const char *cwd;
	struct spec_capabilities *capabilities; /* NULL: no capability at all */
	LIST_OF(struct spec_rlimit) rlimits;
	struct opt_bool no_new_privileges;
	const char *apparmor_profile;
	struct opt_i64 oom_score_adj;
	struct spec_scheduler *scheduler;
	const char *selinux_label;
	struct spec_io_priority *io_priority;
	struct spec_exec_cpu_affinity *exec_cpu_affinity;
};

struct spec_hook {
	const char *path;
	spec_strings args; /* empty: the path alone */
	spec_strings env;
	struct opt_i64 timeout; /* seconds, > 0 when set */
};

typedef LIST_OF(struct spec_hook) spec_hook_list;

enum hook_kind { /* the order in which they run */
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KIND_COUNT
};

/* ---- config-linux.md ---- */

enum ns_type { /* the order in which they are joined and made */
	NS_USER,
	NS_PID,
	NS_NETWORK,
	NS_IPC,
	NS_UTS,
	NS_CGROUP,
	NS_TIME,
	NS_MOUNT,
	NS_COUNT
};

struct spec_namespace {
	bool listed; /* false: inherited from the runtime */
	const char *path; /* NULL: a new one */
};

struct spec_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_device {
	const char *path;
	mode_t type; /* S_IFCHR (c, u), S_IFBLK, S_IFIFO */
	int64_t major;
	int64_t minor;
	struct opt_u32 file_mode; /* permission bits; unset: 0666 */
	struct opt_u32 uid;
	struct opt_u32 gid;
};

typedef LIST_OF(struct spec_device) spec_devices;

struct spec_net_device {
	const char *host_name; /* the key */
	const char *name; /* NULL: keep; may hold %d */
};

#define DEVICE_ACCESS_READ 1u
#define DEVICE_ACCESS_WRITE 2u
#define DEVICE_ACCESS_MKNOD 4u

struct spec_device_rule {
	bool allow;
	char type; /* 'a', 'b', 'c' */
	int64_t major; /* -1: any */
	int64_t minor; /* -1: any */
	unsigned int access; /* DEVICE_ACCESS_*; absent in the document: all */
};

struct spec_memory {
	struct opt_i64 limit;
	struct opt_i64 reservation;
	struct opt_i64 swap;
	struct opt_i64 kernel;
	struct opt_i64 kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer;
	struct opt_bool use_hierarchy;
	struct opt_bool check_before_update;
};

struct spec_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota;
	struct opt_u64 burst;
	struct opt_u64 period;
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	const char *cpus;
	const char *mems;
	struct opt_i64 idle;
};

struct spec_weight_device {
	int64_t major;
	int64_t minor;
	struct opt_u32 weight;
	struct opt_u32 leaf_weight;
};

struct spec_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate;
};

typedef LIST_OF(struct spec_throttle_device) spec_throttle_devices;

struct spec_block_io {
	struct opt_u32 weight;
	struct opt_u32 leaf_weight;
	LIST_OF(struct spec_weight_device) weight_device;
	spec_throttle_devices throttle_read_bps_device;
	spec_throttle_devices throttle_write_bps_device;
	spec_throttle_devices throttle_read_iops_device;
	spec_throttle_devices throttle_write_iops_device;
};

struct spec_hugepage_limit {
	const char *page_size; /* "2MB", validated */
	uint64_t limit;
};

struct spec_interface_priority {
	const char *name;
	uint32_t priority;
};

struct spec_network {
	struct opt_u32 class_id;
	LIST_OF(struct spec_interface_priority) priorities;
};

struct spec_rdma {
	const char *device; /* the key */
	struct opt_u32 hca_handles;
	struct opt_u32 hca_objects;
};

struct spec_resources {
	LIST_OF(struct spec_device_rule) devices;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	struct opt_i64 pids_limit;
	struct spec_block_io *block_io;
	LIST_OF(struct spec_hugepage_limit) hugepage_limits;
	struct spec_network *network;
	LIST_OF(struct spec_rdma) rdma;
	spec_pairs unified; /* cgroup v2 file name (checked: no '/') and content, in order */
};

struct spec_intel_rdt {
	const char *clos_id;
	const char *l3_cache_schema;
	const char *mem_bw_schema;
	spec_strings schemata;
	struct opt_bool enable_monitoring;
};

struct spec_memory_policy {
	int mode; /* MPOL_* */
	const char *nodes; /* NULL or "": none */
	unsigned int flags; /* MPOL_F_* */
};

struct spec_seccomp_arg {
	uint32_t index; /* 0 .. 5 */
	uint64_t value;
	uint64_t value_two;
	int op; /* enum scmp_compare */
};

struct spec_seccomp_rule {
	spec_strings names; /* at least one */
	uint32_t action; /* SECCOMP_RET_* without data */
	struct opt_u32 errno_ret;
	LIST_OF(struct spec_seccomp_arg) args;
};

struct spec_seccomp {
	uint32_t default_action; /* SECCOMP_RET_* without data */
	struct opt_u32 default_errno_ret;
	LIST_OF(uint32_t) architectures; /* SCMP_ARCH_* values (AUDIT_ARCH_* but for x32) */
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
	bool flags_given; /* the list stood in the document, empty perhaps */
	const char *listener_path;
	const char *listener_metadata;
	LIST_OF(struct spec_seccomp_rule) syscalls;
};

struct spec_personality {
	unsigned long domain; /* PER_LINUX, PER_LINUX32 */
};

struct spec_linux {
	struct spec_namespace namespaces[NS_COUNT];
	struct spec_time_offset *time_monotonic;
	struct spec_time_offset *time_boottime;
	spec_devices devices;
	LIST_OF(struct spec_net_device) net_devices;
	const char *cgroups_path;
	spec_idmaps uid_mappings;
	spec_idmaps gid_mappings;
	spec_pairs sysctl;
	struct spec_resources *resources;
	unsigned long rootfs_propagation; /* MS_SHARED ... MS_UNBINDABLE, perhaps | MS_REC; 0 */
	struct spec_seccomp *seccomp;
	struct spec_intel_rdt *intel_rdt;
	struct spec_memory_policy *memory_policy;
	spec_strings masked_paths;
	spec_strings readonly_paths;
	const char *mount_label;
	struct spec_personality *personality;
};

/* ---- config-vm.md ---- */

struct spec_iomem {
	struct opt_u64 first_gfn; /* unset: the same as @first_mfn */
	uint64_t first_mfn;
	uint64_t nr_mfns;
};

/* Paths are in the runtime's mount namespace, and absolute but for @device_tree. */
struct spec_vm {
	const char *hypervisor_path; /* NULL: our own */
	spec_strings hypervisor_parameters;
	const char *kernel_path; /* never NULL */
	spec_strings kernel_parameters;
	const char *kernel_initrd;
	const char *image_path; /* NULL: no image */
	const char *image_format; /* "raw" when an image has none */
	struct opt_i64 vcpus; /* > 0 */
	struct opt_i64 memory; /* bytes, > 0 */
	const char *device_tree;
	spec_strings dtdevs;
	LIST_OF(struct spec_iomem) iomems;
	LIST_OF(uint32_t) irqs;
};

/* config.json: the whole document */
struct spec {
	struct json_doc *doc; /* owns all strings and lists */
	const char *oci_version;
	struct spec_root *root; /* never NULL */
	LIST_OF(struct spec_mount) mounts;
	struct spec_process *process; /* may be NULL: then start is an error (runtime.md, Start) */
	const char *hostname;
	const char *domainname;
	spec_hook_list hooks[HOOK_KIND_COUNT];
	spec_pairs annotations;
	struct spec_linux *linux_; /* never NULL: an absent object reads as an empty one */
	struct spec_vm *vm;
};

/*
 * Reads and checks a config.json text (@len bytes; copied).  @name is used in messages
 * ("config.json"). Errors name line and property path: `config.json: line 3:
 * linux.resources.memory.limit: expected integer, got string`.  Unknown properties are ignored
 * (with a debug message); wrong types, invalid values, sizes over the limits, NUL bytes, duplicate
 * keys and trailing text are errors (config.md, "Extensibility" and "Valid values").  Does not look
 * at the host.
 */
int spec_parse(const char *text, size_t len, const char *name, struct spec **out_spec,
	struct err *err) MUST_USE;
void spec_free(struct spec *spec);
DEFINE_AUTO_PTR(spec, spec_free);

/* The largest config.json that is read, in bytes. */
#define SPEC_SIZE_MAX (16u << 20)

/*
 * The rules that need more than one property (oci/check.c), each with its line and property path:
 * id maps and user namespace, mounts without a mount namespace ...  Called by spec_parse().
 */
int spec_check(const struct spec *spec, struct err *err) MUST_USE;

/* `exec --process FILE`: an OCI process object.  Owned by a holder that frees all at once. */
struct spec_process_doc {
	struct json_doc *doc;
	struct spec_process process;
};

int spec_process_parse(const char *text, size_t len, const char *name,
	struct spec_process_doc **out_process, struct err *err) MUST_USE;
void spec_process_free(struct spec_process_doc *process);
DEFINE_AUTO_PTR(spec_process_doc, spec_process_free);

/* `update --resources FILE`: a linux.resources object. */
struct spec_resources_doc {
	struct json_doc *doc;
	struct spec_resources resources;
};

int spec_resources_parse(const char *text, size_t len, const char *name,
	struct spec_resources_doc **out_resources, struct err *err) MUST_USE;
void spec_resources_free(struct spec_resources_doc *resources);
DEFINE_AUTO_PTR(spec_resources_doc, spec_resources_free);

/* The value of an annotation, or NULL. */
const char *spec_annotation(const struct spec *spec, const char *key);

/* True when the container has a new namespace of this type, or joins one by path. */
static inline bool spec_has_ns(const struct spec *spec, enum ns_type type)
{
	return spec->linux_->namespaces[type].listed;
}

/* ---- the state document (runtime.md, "State"; also what hooks get on stdin) ---- */

struct spec_state {
	const char *id;
	const char *status; /* "creating", "created", "running", "stopped"; "paused" on `state` */
	pid_t pid; /* 0: left out (stopped) */
	const char *bundle; /* absolute */
	const char *rootfs; /* absolute; an extension that engines read; NULL: left out */
	const char *created; /* RFC 3339; NULL: left out */
	const char *owner; /* user name or number; NULL: left out */
	const spec_pairs *annotations;
};

/* The version of the state document that we write, and the range of config versions accepted. */
#define OCI_STATE_VERSION "1.3.0"
#define OCI_VERSION_MIN "1.0.0"
#define OCI_VERSION_MAX "1.3.0"

/* The state as JSON; @pretty indents it and adds nothing else.  Heap string without a newline. */
char *spec_state_format(const struct spec_state *state, bool pretty);

/* The seccomp listener's container process state (config-linux.md, "The Container Process State"):
 * @fd_name is "seccompFd"; @pid the container process as seen by the runtime. */
char *spec_seccomp_state_format(const struct spec_state *state, pid_t pid, const char *metadata);

struct features_options {
	const char *version;
	const char *commit; /* NULL or "": unknown */
	bool has_kvm; /* this build has the KVM mode */
	bool kvm; /* the document is that of the KVM mode */
};

/* `features` (features.md), JSON, indented. */
char *spec_features_format(const struct features_options *options);

/* `spec`: the default config.json of a new bundle; @rootless adds a user namespace mapping the caller;
 * @kvm: the KVM mode can run it, which cannot share the host's network. */
char *spec_default_format(bool rootless, bool kvm, uid_t uid, gid_t gid);

/* All properties, mount options and annotations that are known, as Markdown (`dump-tables`).  Heap
 * string. */
char *spec_reference_format(void);

/* ---- name tables (oci/names.c) ---- */

extern const struct names ns_names; /* spec name -> enum ns_type */
extern const struct names capability_names; /* "CAP_CHOWN" -> number */
extern const struct names rlimit_names;
extern const struct names signal_names; /* "SIGTERM" -> number; real-time ones are computed */
extern const struct names seccomp_action_names;
extern const struct names seccomp_operator_names;
extern const struct names seccomp_arch_names;
extern const struct names seccomp_flag_names;
extern const struct names scheduler_policy_names;
extern const struct names scheduler_flag_names;
extern const struct names io_class_names;
extern const struct names propagation_names;
extern const struct names memory_policy_mode_names;
extern const struct names memory_policy_flag_names;
extern const struct names personality_names;
extern const struct names hook_names; /* "prestart" -> enum hook_kind */

/* Kernel facts of a namespace type: its CLONE_ flag and its name under /proc/<pid>/ns. */
struct ns_kind {
	enum ns_type type;
	uint64_t clone_flag;
	const char *proc_name; /* "mnt" */
};
extern const struct ns_kind ns_kinds[NS_COUNT]; /* indexed by enum ns_type */

/*
 * A signal by name ("KILL", "SIGKILL", "sigkill", "RTMIN+1", "SIGRTMAX") or number (1 .. 64).
 * Returns 0 or -EINVAL with err set.
 */
int signal_parse(const char *text, int *out_signal, struct err *err) MUST_USE;

/* Mount options (config.md, "Mounts").  What an option does to a mount: */
enum mount_option_kind {
	MOUNT_OPTION_FLAG, /* MS_* flag of the mount: set or cleared */
	MOUNT_OPTION_RECURSIVE, /* MOUNT_ATTR_* on the whole tree (rro, rnosuid ...) */
	MOUNT_OPTION_PROPAGATION, /* MS_SHARED ... with or without MS_REC */
	MOUNT_OPTION_BIND, /* bind, rbind */
	MOUNT_OPTION_IDMAP, /* idmap, ridmap */
	MOUNT_OPTION_TMPCOPYUP,
	MOUNT_OPTION_COPY_SYMLINK, /* crun's copy-symlink, src-nofollow, dest-nofollow */
	MOUNT_OPTION_SRC_NOFOLLOW,
	MOUNT_OPTION_DEST_NOFOLLOW,
	MOUNT_OPTION_IGNORED, /* accepted without effect: "defaults", "loud" ... as mount(8) */
};

/* An option acts as flags = (flags & ~clear) | set.  For MOUNT_OPTION_RECURSIVE both are
 * MOUNT_ATTR_* and @clear holds the whole of MOUNT_ATTR__ATIME where the access time changes, as
 * mount_setattr(2) wants it in attr_clr. */
struct mount_option {
	const char *name;
	enum mount_option_kind kind;
	uint64_t set; /* MS_* or MOUNT_ATTR_* to set; MS_REC for ridmap */
	uint64_t clear; /* to clear */
	const char *doc;
};

extern const struct mount_option mount_options[];
extern const size_t mount_option_count;
/* The row of @name, or NULL: then it is data for the file system. */
const struct mount_option *mount_option_find(const char *name);

/* Annotations that change what we do (oci/annotations.c). */
#define ANNOTATION_ISOLATION "run.ringwall.isolation"
#define ANNOTATION_HANDLER "run.oci.handler"
#define ANNOTATION_CRI_TYPE "io.kubernetes.cri.container-type"
#define ANNOTATION_CRIO_TYPE "io.kubernetes.cri-o.ContainerType"

struct annotation {
	const char *key; /* ends in '.': a prefix */
	bool unsafe; /* listed in features' potentiallyUnsafeConfigAnnotations */
	const char *doc;
};
extern const struct annotation annotations[];
extern const size_t annotation_count;

#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"

/* True for the container that only holds the namespaces of a pod ("infra", "pause"). */
bool annotations_say_sandbox(const spec_pairs *pairs);
/* True for a container of such a pod. */
bool annotations_say_in_pod(const spec_pairs *pairs);

/* True when an action is SCMP_ACT_NOTIFY; otherwise the listener is to be ignored (config-linux.md). */
bool spec_seccomp_notifies(const struct spec_seccomp *seccomp);

/* True when the process is to keep the supplementary groups of the runtime's caller. */
bool spec_keeps_groups(const struct spec *spec);
