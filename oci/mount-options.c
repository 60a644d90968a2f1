// SPDX-License-Identifier: Apache-2.0
/*
 * Mount options (config.md, "Linux mount options"): what each name sets and clears.  rootfs/
 * applies them; `features` lists them.  A name that is not here is data for the file system.
 *
 * Options act in the order of the list, so one that contradicts an earlier one takes it back: the
 * kinds of access time exclude each other.  For mount_setattr(2) a change of the access time must
 * clear the whole field MOUNT_ATTR__ATIME; value 0 of the field is relatime, the kernel's default.
 */
#include "oci/spec.h"

#include <linux/mount.h>
#include <string.h>

#include "base/sys.h"

/* clang-format off */
#define F MOUNT_OPTION_FLAG
#define R MOUNT_OPTION_RECURSIVE
#define P MOUNT_OPTION_PROPAGATION

#define RATIMES MOUNT_ATTR__ATIME

const struct mount_option mount_options[] = {
	{ "async", F, 0, MS_SYNCHRONOUS, "writes need not reach the medium at once" },
	{ "atime", F, 0, MS_NOATIME, "access times are kept, by the kernel's default" },
	{ "bind", MOUNT_OPTION_BIND, MS_BIND, 0, "bind mount" },
	{ "defaults", MOUNT_OPTION_IGNORED, 0, 0, "no effect" },
	{ "dev", F, 0, MS_NODEV, "device nodes work" },
	{ "diratime", F, 0, MS_NODIRATIME, "access times of directories are kept" },
	{ "dirsync", F, MS_DIRSYNC, 0, "changes of directories reach the medium at once" },
	{ "exec", F, 0, MS_NOEXEC, "programs can be executed" },
	{ "iversion", F, MS_I_VERSION, 0, "inodes count their changes" },
	{ "lazytime", F, MS_LAZYTIME, 0, "times are written late" },
	{ "loud", F, 0, MS_SILENT, "the kernel logs mount errors" },
	{ "mand", F, MS_MANDLOCK, 0, "mandatory locks (no effect since Linux 5.15)" },
	{ "noatime", F, MS_NOATIME, MS_RELATIME | MS_STRICTATIME, "no access times" },
	{ "nodev", F, MS_NODEV, 0, "device nodes do not work" },
	{ "nodiratime", F, MS_NODIRATIME, 0, "no access times of directories" },
	{ "noexec", F, MS_NOEXEC, 0, "no program can be executed" },
	{ "noiversion", F, 0, MS_I_VERSION, "inodes do not count their changes" },
	{ "nolazytime", F, 0, MS_LAZYTIME, "times are written soon" },
	{ "nomand", F, 0, MS_MANDLOCK, "no mandatory locks" },
	{ "norelatime", F, 0, MS_RELATIME, "takes relatime back" },
	{ "nostrictatime", F, 0, MS_STRICTATIME, "takes strictatime back" },
	{ "nosuid", F, MS_NOSUID, 0, "set-id bits and file capabilities do not work" },
	{ "nosymfollow", F, MS_NOSYMFOLLOW, 0, "symbolic links are not followed" },
	{ "private", P, MS_PRIVATE, 0, "mounts do not propagate" },
	{ "ratime", R, 0, RATIMES, "recursive atime" },
	{ "rbind", MOUNT_OPTION_BIND, MS_BIND | MS_REC, 0, "bind mount of a whole tree" },
	{ "rdev", R, 0, MOUNT_ATTR_NODEV, "recursive dev" },
	{ "rdiratime", R, 0, MOUNT_ATTR_NODIRATIME, "recursive diratime" },
	{ "relatime", F, MS_RELATIME, MS_NOATIME | MS_STRICTATIME,
		"access times are kept roughly" },
	{ "remount", F, MS_REMOUNT, 0, "changes the options of what is mounted" },
	{ "rexec", R, 0, MOUNT_ATTR_NOEXEC, "recursive exec" },
	{ "rnoatime", R, MOUNT_ATTR_NOATIME, RATIMES, "recursive noatime" },
	{ "rnodev", R, MOUNT_ATTR_NODEV, 0, "recursive nodev" },
	{ "rnodiratime", R, MOUNT_ATTR_NODIRATIME, 0, "recursive nodiratime" },
	{ "rnoexec", R, MOUNT_ATTR_NOEXEC, 0, "recursive noexec" },
	{ "rnorelatime", R, 0, 0, "recursive norelatime: the kernel's default stays" },
	{ "rnostrictatime", R, 0, RATIMES, "recursive nostrictatime" },
	{ "rnosuid", R, MOUNT_ATTR_NOSUID, 0, "recursive nosuid" },
	{ "rnosymfollow", R, MOUNT_ATTR_NOSYMFOLLOW, 0, "recursive nosymfollow" },
	{ "ro", F, MS_RDONLY, 0, "read-only" },
	{ "rprivate", P, MS_PRIVATE | MS_REC, 0, "private, for a whole tree" },
	{ "rrelatime", R, MOUNT_ATTR_RELATIME, RATIMES, "recursive relatime" },
	{ "rro", R, MOUNT_ATTR_RDONLY, 0, "recursive ro" },
	{ "rrw", R, 0, MOUNT_ATTR_RDONLY, "recursive rw" },
	{ "rshared", P, MS_SHARED | MS_REC, 0, "shared, for a whole tree" },
	{ "rslave", P, MS_SLAVE | MS_REC, 0, "slave, for a whole tree" },
	{ "rstrictatime", R, MOUNT_ATTR_STRICTATIME, RATIMES, "recursive strictatime" },
	{ "rsuid", R, 0, MOUNT_ATTR_NOSUID, "recursive suid" },
	{ "rsymfollow", R, 0, MOUNT_ATTR_NOSYMFOLLOW, "recursive symfollow" },
	{ "runbindable", P, MS_UNBINDABLE | MS_REC, 0, "unbindable, for a whole tree" },
	{ "rw", F, 0, MS_RDONLY, "writable" },
	{ "shared", P, MS_SHARED, 0, "mounts propagate both ways" },
	{ "silent", F, MS_SILENT, 0, "the kernel does not log mount errors" },
	{ "slave", P, MS_SLAVE, 0, "mounts propagate into the container only" },
	{ "strictatime", F, MS_STRICTATIME, MS_NOATIME | MS_RELATIME,
		"access times are always kept" },
	{ "suid", F, 0, MS_NOSUID, "set-id bits and file capabilities work" },
	{ "symfollow", F, 0, MS_NOSYMFOLLOW, "symbolic links are followed" },
	{ "sync", F, MS_SYNCHRONOUS, 0, "writes reach the medium at once" },
	{ "tmpcopyup", MOUNT_OPTION_TMPCOPYUP, 0, 0,
		"a tmpfs starts with a copy of what it covers" },
	{ "unbindable", P, MS_UNBINDABLE, 0, "private, and cannot be bind mounted" },
	{ "idmap", MOUNT_OPTION_IDMAP, 0, 0, "id-mapped mount" },
	{ "ridmap", MOUNT_OPTION_IDMAP, MS_REC, 0, "id-mapped mount of a whole tree" },
	/* Known to mount(8), where they speak to mount -a and not to the kernel. */
	{ "auto", MOUNT_OPTION_IGNORED, 0, 0, "no effect" },
	{ "noauto", MOUNT_OPTION_IGNORED, 0, 0, "no effect" },
	{ "nouser", MOUNT_OPTION_IGNORED, 0, 0, "no effect" },
	{ "_netdev", MOUNT_OPTION_IGNORED, 0, 0, "no effect" },
	/* Known to crun. */
	{ "copy-symlink", MOUNT_OPTION_COPY_SYMLINK, 0, 0,
		"a source that is a symbolic link is copied as one" },
	{ "src-nofollow", MOUNT_OPTION_SRC_NOFOLLOW, 0, 0,
		"a source that is a symbolic link is bind mounted itself" },
	{ "dest-nofollow", MOUNT_OPTION_DEST_NOFOLLOW, 0, 0,
		"a destination that is a symbolic link is mounted over itself" },
};
/* clang-format on */

const size_t mount_option_count = sizeof(mount_options) / sizeof(mount_options[0]);

const struct mount_option *mount_option_find(const char *name)
{
	for (const struct mount_option *row = mount_options;
		row < mount_options + mount_option_count; row++)
		if (row->name[0] == name[0] && strcmp(row->name, name) == 0)
			return row;
	return NULL;
}
