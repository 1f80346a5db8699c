/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter of foreign programs inside a build's root (binfmt_misc, flags PF).
 *
 * Called as: dispatch PATH ARGV0 ARGS…  (argv[0] is this program's own path.)
 * Programs whose output does not depend on their own architecture have a twin in the helper, a native
 * root of the same suite: LEND/<real path> exists for those, and the twin runs under the helper's
 * own loader. All others run under the emulator.
 *
 * It stands before each of some thousand starts, and a C library would take longer to get ready than
 * all of this: hence none, and the few system calls by hand.
 */
#define _GNU_SOURCE /* O_PATH */
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/syscall.h>

#define BASE "/run/nodebake"
#define LEND BASE "/lend"
#define HELPER BASE "/helper"
#define LOADER BASE "/loader"
#define EMULATOR BASE "/emulator"
#define LIBRARIES HELPER "/usr/lib/" MULTIARCH

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");

static long kernel(long number, long a, long b, long c, long d)
{
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl begin\n");

static long kernel(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#else
#error "no system calls known for this machine"
#endif

/* Append `text` at `end` if it fits below `limit`; the new end, NULL when it does not fit. */
static char *append(char *end, const char *limit, const char *text)
{
    while (end && *text)
        end = end < limit ? (*end = *text++, end + 1) : NULL;
    if (end)
        *end = '\0';
    return end;
}

/* Where `path` leads, all links followed, in `real`; 0 when that is not known. */
static int resolve(const char *path, char *real, size_t size)
{
    char name[32] = "/proc/self/fd/", digits[12], *end = digits + sizeof digits - 1;
    long descriptor = kernel(SYS_openat, AT_FDCWD, (long)path, O_PATH | O_CLOEXEC, 0);
    if (descriptor < 0)
        return 0;
    *end = '\0';
    do
        *--end = '0' + descriptor % 10;
    while (descriptor /= 10);
    append(name + 14, name + sizeof name - 1, end);
    long length = kernel(SYS_readlinkat, AT_FDCWD, (long)name, (long)real, size - 1);
    if (length <= 0 || length >= (long)size - 1)
        return 0;
    real[length] = '\0';
    return 1;
}

static int lent(const char *real)
{
    char mark[2 * PATH_MAX];
    const char *limit = mark + sizeof mark - 1;
    if (!append(append(mark, limit, LEND), limit, real))
        return 0;
    return kernel(SYS_faccessat, AT_FDCWD, (long)mark, 0, 0) == 0;
}

__attribute__((noreturn)) void begin(long *stack)
{
    static const char failed[] = "dispatch: the interpreter of a foreign program cannot be started\n";
    long argc = stack[0], n = 0;
    char **argv = (char **)(stack + 1), **envp = argv + argc + 1;
    char real[PATH_MAX], twin[2 * PATH_MAX];
    char *call[argc + 8];
    if (argc >= 3) {
        if (resolve(argv[1], real, sizeof real) && lent(real)) {
            append(append(twin, twin + sizeof twin - 1, HELPER), twin + sizeof twin - 1, real);
            call[n++] = LOADER;
            call[n++] = "--argv0";
            call[n++] = argv[2];
            call[n++] = "--library-path";
            call[n++] = LIBRARIES ":" LIBRARIES "/systemd";
            call[n++] = twin;
        } else {
            call[n++] = EMULATOR;
            call[n++] = "-0";
            call[n++] = argv[2];
            call[n++] = argv[1];
        }
        for (long i = 3; i <= argc; i++)
            call[n++] = argv[i];
        kernel(SYS_execve, (long)call[0], (long)call, (long)envp, 0);
    }
    kernel(SYS_write, 2, (long)failed, sizeof failed - 1, 0);
    for (;;)
        kernel(SYS_exit, 127, 0, 0, 0);
}
