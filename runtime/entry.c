// SPDX-License-Identifier: Apache-2.0
/*
 * The program's first instructions, before those of libc: a short cut to runtime/self.c's second
 * start.
 *
 * Commands that bring a process of ours into a container execute the program again, from a file
 * that cannot be written (security rule R6).  libc's own start is the larger part of a start,
 * mostly cpuid instructions, which trap in every virtual machine; so what can be done without libc
 * is done before it, and libc starts once.  This decides nothing: whatever is unusual is left to
 * self_protect(), which also looks at the outcome.
 *
 * Nothing here may use libc, thread-local storage or a pointer in static data: none of it is set up
 * yet.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>

#define DIR_MAX 200
#define ENV_MAX 1024

__asm__(".text\n"
	".globl entry_start\n"
	".type entry_start, @function\n"
	"entry_start:\n"
	"	endbr64\n"
	"	push %rdx\n" /* for _start */
	"	lea 8(%rsp), %rdi\n"
	"	sub $8, %rsp\n"
	"	call entry_protect\n"
	"	add $8, %rsp\n"
	"	pop %rdx\n"
	"	jmp _start\n"
	".size entry_start, . - entry_start\n");

void entry_protect(const uintptr_t *stack);

static inline long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static int starts_with(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return *prefix == '\0';
}

static int equals(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* A word that only looks like the verb costs a second start and nothing else. */
static int has_verb(char *const *argv)
{
	for (; *argv; argv++)
		if (equals(*argv, "run") || equals(*argv, "create") || equals(*argv, "exec"))
			return 1;
	return 0;
}

/* "/usr/bin/ringwall" becomes "/usr/bin:/sys/class"; *out_name: where "ringwall" stands in
 * @path. */
static int lower_dirs(const char *path, long len, char *out, long *out_name)
{
	const char *rest = ":/sys/class";
	long slash = -1, n = 0;

	for (long i = 0; i < len; i++) {
		if (path[i] == ':' || path[i] == '\\')
			return 0;
		if (path[i] == '/')
			slash = i;
	}
	if (slash <= 0)
		return 0;
	for (; n < slash; n++)
		out[n] = path[n];
	while (*rest)
		out[n++] = *rest++;
	out[n] = '\0';
	*out_name = slash + 1;
	return 1;
}

static long open_sealed(const char *dirs, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long mount = -1, fd = -1, fs = call(__NR_fsopen, (long)"overlay", FSOPEN_CLOEXEC, 0, 0, 0);

	if (fs < 0)
		return fs;
	if (call(__NR_fsconfig, fs, FSCONFIG_SET_STRING, (long)"lowerdir", (long)dirs, 0) == 0 &&
		call(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0) == 0)
		mount = call(__NR_fsmount, fs, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0);
	call(__NR_close, fs, 0, 0, 0, 0);
	if (mount < 0)
		return mount;
	fd = call(__NR_openat2, mount, (long)name, (long)&how, sizeof(how), 0);
	call(__NR_close, mount, 0, 0, 0, 0);
	return fd;
}

/* @stack: argc, argv, NULL, envp, NULL, auxiliary vector (System V ABI, "Process
 * Initialization"). */
__attribute__((no_stack_protector, used)) void entry_protect(const uintptr_t *stack)
{
	char *const *argv = (char *const *)(stack + 1);
	char *const *envp = argv + stack[0] + 1;
	const char *new_env[ENV_MAX + 2];
	char path[DIR_MAX + 1], dirs[DIR_MAX + 32];
	const Elf64_auxv_t *aux;
	long count = 0, name, len, fd;

	if (stack[0] < 2 || !has_verb(argv + 1))
		return;
	for (; envp[count]; count++) {
		if (count == ENV_MAX || starts_with(envp[count], "RINGWALL_SEALED="))
			return;
		new_env[count] = envp[count];
	}
	new_env[count] = "RINGWALL_SEALED=1";
	new_env[count + 1] = NULL;
	for (aux = (const Elf64_auxv_t *)(envp + count + 1); aux->a_type != AT_NULL; aux++)
		if (aux->a_type == AT_EUID && aux->a_un.a_val != 0)
			return; /* who may not need it */
	len = call(__NR_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, DIR_MAX, 0);
	if (len <= 0 || len == DIR_MAX)
		return;
	path[len] = '\0';
	if (!lower_dirs(path, len, dirs, &name))
		return;
	fd = open_sealed(dirs, path + name);
	if (fd < 0)
		return;
	call(__NR_execveat, fd, (long)"", (long)argv, (long)new_env, AT_EMPTY_PATH);
	call(__NR_close, fd, 0, 0, 0, 0);
}
