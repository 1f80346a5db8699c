/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter of foreign programs inside a build's root (binfmt_misc, flags PF).
 *
 * Called as: dispatch PATH ARGV0 ARGS…  (argv[0] is this program's own path.)
 * Programs whose output does not depend on their own architecture have a twin in the helper, a native
 * root of the same suite: LEND/<real path> exists for those, and the twin runs under the helper's
 * own loader. All others run under the emulator.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE "/run/nodebake"
#define LEND BASE "/lend"
#define HELPER BASE "/helper"
#define LOADER BASE "/loader"
#define EMULATOR BASE "/emulator"
#define LIBRARIES HELPER "/usr/lib/" MULTIARCH

int main(int argc, char **argv, char **envp)
{
    char real[PATH_MAX], mark[2 * PATH_MAX], twin[2 * PATH_MAX];
    if (argc < 3)
        return 127;
    char **call = calloc(argc + 8, sizeof *call);
    if (!call)
        return 127;
    int n = 0;
    int lent = 0;
    if (realpath(argv[1], real)) {
        snprintf(mark, sizeof mark, LEND "%s", real);
        lent = access(mark, F_OK) == 0;
    }
    if (lent) {
        snprintf(twin, sizeof twin, HELPER "%s", real);
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
    for (int i = 3; i < argc; i++)
        call[n++] = argv[i];
    execve(call[0], call, envp);
    fprintf(stderr, "dispatch: %s: %s\n", call[0], strerror(errno));
    return 127;
}
