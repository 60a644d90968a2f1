#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Security rule R1, by machine: a path is resolved by base/path.c (in the container) or base/hostfile.c
# (of the host) and nowhere else.  Path system calls with anything but a literal are errors elsewhere,
# unless a comment within the call says why it is right: /* path: a validated single name */.
# Also bans functions of libc that overflow, guess, load libraries or read the locale.

# shellcheck disable=SC1091 # the checks lie beside each other
. "$(dirname "$0")/lib.sh"

free="base/path.c base/hostfile.c base/sys.c"

paths="open:1 openat:2 creat:1 mkdir:1 mkdirat:2 mkfifo:1 mkfifoat:2 mknod:1 mknodat:2
	mount:1,2 umount:1 umount2:1 chown:1 lchown:1 fchownat:2 chmod:1 fchmodat:2
	access:1 faccessat:2 eaccess:1 euidaccess:1 symlink:2 symlinkat:3 link:1,2 linkat:2,4
	unlink:1 unlinkat:2 rmdir:1 remove:1 rename:1,2 renameat:2,4 renameat2:2,4
	stat:1 lstat:1 fstatat:2 statx:2 readlink:1 readlinkat:2 truncate:1 utimensat:2
	chdir:1 chroot:1 opendir:1 fopen:1 freopen:1 scandir:1 nftw:1 ftw:1 statfs:1 statvfs:1
	getxattr:1 lgetxattr:1 setxattr:1 lsetxattr:1 removexattr:1 lremovexattr:1 listxattr:1
	mkdtemp:1 mkstemp:1 mkostemp:1 inotify_add_watch:2 name_to_handle_at:2
	execve:1 execv:1 execvp:1 execvpe:1 execl:1 execlp:1 execveat:2 posix_spawn:2
	sys_openat2:2 sys_open_tree:2 sys_move_mount:2,4 sys_mount_setattr:2 sys_fspick:2
	sys_pivot_root:1,2 sys_execveat:2"

# Everywhere, tests too: what overflows or races by its nature.
unsafe="strcpy strcat stpcpy sprintf vsprintf strtok gets alloca tmpnam tempnam mktemp"

# In the program: numbers are parsed by base/num.h; programs are executed with an exact environment; a
# static program must not look up names or load libraries; descriptors are born close-on-exec; the
# texts of errors and of times are our own; system calls that libc lacks live in base/sys.c.
static_only="atoi atol atoll atof system popen
	getpwnam getpwuid getgrnam getgrgid getpwnam_r getpwuid_r getgrnam_r getgrgid_r
	getgrouplist initgroups getaddrinfo gethostbyname dlopen iconv_open setlocale
	strerror strerror_r perror realpath canonicalize_file_name dup sockaddr_un
	localtime localtime_r gmtime gmtime_r syscall"

status=0
exceptions=0

# run PROGRAM WORDS FREE FILE...
run() {
	program=$1
	words=$2
	free_files=$3
	shift 3
	[ $# -gt 0 ] || return 0
	result=$(awk -v paths="$(echo "$paths" | tr '\n\t' '  ')" \
		-v words="$(echo "$words" | tr '\n\t' '  ')" \
		-v free="$free_files" -v program="$program" \
		-f tests/checks/banned.awk "$@") || {
		echo "banned: awk failed"
		exit 1
	}
	echo "$result" | sed '$d'
	counts=$(echo "$result" | tail -n 1)
	[ "${counts% *}" -eq 0 ] || status=1
	exceptions=$((exceptions + ${counts#* }))
}

# shellcheck disable=SC2046 # names of our folders hold no blanks
all=$(sources '[ch]' $(program_folders))
# realpath, sockaddr_un and syscall are what these two are for.
guarded=$(echo "$all" | grep -v -x -e base/hostfile.c -e base/sys.c)
# shellcheck disable=SC2086 # nor do those of our files
run 1 "$unsafe $static_only" "$free" $guarded
run 0 "$unsafe" "" base/hostfile.c base/sys.c
# shellcheck disable=SC2046
run 0 "$unsafe" "" $(sources '[ch]' tests)

echo "banned: $exceptions exceptions (/* path: ... */)"
exit "$status"
