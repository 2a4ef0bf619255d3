/* Fails, or kills the process group, at the Nth call that changes a file.
 *
 * Preloaded into a command and all that it starts (LD_PRELOAD). The processes count together,
 * in a file that they share (FAULT_PLAN, laid out as `struct plan`; tests/faults/harness.py
 * writes and reads it). Each counted call leaves a line in there, so that a report can say at which
 * call it was: the Nth one is the same in each run. A line begins with a '+' if the call takes
 * room on the disk, then with a '!' if it failed without our doing.
 *
 * Counted are calls that change what is on the disk: files and directories that are made,
 * written, renamed, linked, removed, cut, flushed to the disk, or get another mode or time.
 * Pipes, terminals and the three standard streams are not.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

enum { KILL = 1, TORN, FULL, EIO_ONCE, DEAD };
enum { LINES = 4096, WIDTH = 240, LONGEST = 220 };

struct plan {
    int64_t count; /* calls so far */
    int64_t at;    /* the call at which it happens, from 1; 0 for never */
    int64_t kind;  /* one of the above */
    int64_t armed; /* whether calls are counted at all */
    char lines[LINES][WIDTH];
};

static struct plan *plan;
static __thread int64_t latest; /* this thread's call, 0 for one that is not counted */

__attribute__((constructor)) static void start(void)
{
    const char *name = getenv("FAULT_PLAN");
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int fd = name ? real(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *found = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (found != MAP_FAILED)
        plan = found;
    close(fd);
}

static _Noreturn void die(void)
{
    kill(0, SIGKILL);
    for (;;)
        pause();
}

/* Count one call. Returns the error that it is to fail with, 0 for none, -1 for "torn": write
 * half of it, then die. `grows` says whether it takes room: a full disk still removes files. */
static int due(const char *call, const char *path, int grows)
{
    latest = 0;
    if (!plan || !plan->armed)
        return 0;
    int64_t now = __atomic_add_fetch(&plan->count, 1, __ATOMIC_SEQ_CST);
    if (now <= LINES) {
        latest = now;
        snprintf(plan->lines[now - 1], WIDTH, "%c %s %s", grows ? '+' : ' ', call,
                 strlen(path) > LONGEST ? path + strlen(path) - LONGEST : path);
    }
    if (!plan->at || now < plan->at)
        return 0;
    switch (plan->kind) {
    case KILL:
        die();
    case TORN:
        if (!strcmp(call, "write") || !strcmp(call, "pwrite"))
            return -1;
        die();
    case FULL:
        return grows ? ENOSPC : 0;
    case EIO_ONCE:
        return now == plan->at ? EIO : 0;
    case DEAD:
        return EIO;
    }
    return 0;
}

/* Note of a call that is over whether it failed by itself, and changed nothing. */
static int over(int status)
{
    if (latest && status < 0)
        plan->lines[latest - 1][1] = '!';
    return status;
}

/* Whether a descriptor is a file's; its path then. */
static int is_file(int fd, char *path)
{
    struct stat found;
    char link[64];
    int saved = errno, is = fd > 2 && !fstat(fd, &found) && S_ISREG(found.st_mode);
    if (is) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, 4095);
        path[length < 0 ? 0 : length] = 0;
    }
    errno = saved;
    return is;
}

/* A path below an open folder, from the root. */
static const char *below(int at, const char *path, char *whole)
{
    char link[64];
    int saved = errno;
    if (at == AT_FDCWD || *path == '/')
        return path;
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, whole, 2047);
    snprintf(whole + (length < 0 ? 0 : length), 2048, "/%s", path);
    errno = saved;
    return whole;
}

#define REAL(name) __typeof__(&name) real = dlsym(RTLD_NEXT, #name)
#define FAIL_IF_DUE(call, path, grows, failed)                                                   \
    do {                                                                                         \
        int fault = due(call, path, grows);                                                      \
        if (fault) {                                                                             \
            errno = fault;                                                                       \
            return failed;                                                                       \
        }                                                                                        \
    } while (0)
#define FAIL_IF_FILE(call, fd, grows, failed)                                                    \
    do {                                                                                         \
        char path[4096];                                                                         \
        if (is_file(fd, path))                                                                   \
            FAIL_IF_DUE(call, path, grows, failed);                                              \
    } while (0)

/* Files that are opened. */

static int makes(int flags, const char *path)
{
    int device = !strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9);
    return flags & (O_CREAT | O_TRUNC) && !device;
}

#define OPEN(name)                                                                               \
    int name(const char *path, int flags, ...)                                                   \
    {                                                                                            \
        mode_t mode = 0;                                                                         \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                   \
            va_list rest;                                                                        \
            va_start(rest, flags);                                                               \
            mode = va_arg(rest, mode_t);                                                         \
            va_end(rest);                                                                        \
        }                                                                                        \
        REAL(name);                                                                              \
        if (makes(flags, path))                                                                  \
            FAIL_IF_DUE("open", path, 1, -1);                                                    \
        else                                                                                     \
            latest = 0;                                                                          \
        return over(real(path, flags, mode));                                                    \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                             \
    int name(int at, const char *path, int flags, ...)                                           \
    {                                                                                            \
        mode_t mode = 0;                                                                         \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                   \
            va_list rest;                                                                        \
            va_start(rest, flags);                                                               \
            mode = va_arg(rest, mode_t);                                                         \
            va_end(rest);                                                                        \
        }                                                                                        \
        REAL(name);                                                                              \
        char whole[4096];                                                                        \
        if (makes(flags, path))                                                                  \
            FAIL_IF_DUE("open", below(at, path, whole), 1, -1);                                  \
        else                                                                                     \
            latest = 0;                                                                          \
        return over(real(at, path, flags, mode));                                                \
    }
OPENAT(openat)
OPENAT(openat64)

#define CREAT(name)                                                                              \
    int name(const char *path, mode_t mode)                                                      \
    {                                                                                            \
        REAL(name);                                                                              \
        FAIL_IF_DUE("open", path, 1, -1);                                                        \
        return real(path, mode);                                                                 \
    }
CREAT(creat)
CREAT(creat64)

#define FOPEN(name)                                                                              \
    FILE *name(const char *path, const char *mode)                                               \
    {                                                                                            \
        REAL(name);                                                                              \
        if (*mode != 'r' && makes(O_CREAT, path))                                                \
            FAIL_IF_DUE("open", path, 1, NULL);                                                  \
        return real(path, mode);                                                                 \
    }
FOPEN(fopen)
FOPEN(fopen64)

/* What is written. A stream writes when it is flushed or closed. */

ssize_t write(int fd, const void *data, size_t size)
{
    char path[4096];
    REAL(write);
    if (plan && plan->armed && is_file(fd, path)) {
        int fault = due("write", path, 1);
        if (fault == -1) {
            real(fd, data, size / 2);
            die();
        }
        if (fault) {
            errno = fault;
            return -1;
        }
    }
    return real(fd, data, size);
}

#define PWRITE(name, offset_type)                                                                \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset)                      \
    {                                                                                            \
        char path[4096];                                                                         \
        REAL(name);                                                                              \
        if (plan && plan->armed && is_file(fd, path)) {                                          \
            int fault = due("pwrite", path, 1);                                                  \
            if (fault == -1) {                                                                   \
                real(fd, data, size / 2, offset);                                                \
                die();                                                                           \
            }                                                                                    \
            if (fault) {                                                                         \
                errno = fault;                                                                   \
                return -1;                                                                       \
            }                                                                                    \
        }                                                                                        \
        return real(fd, data, size, offset);                                                     \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    FAIL_IF_FILE("writev", fd, 1, -1);
    return real(fd, parts, count);
}

#define SENDFILE(name, offset_type)                                                              \
    ssize_t name(int to, int from, offset_type *offset, size_t size)                             \
    {                                                                                            \
        REAL(name);                                                                              \
        FAIL_IF_FILE("sendfile", to, 1, -1);                                                     \
        return real(to, from, offset, size);                                                     \
    }
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size, unsigned flags)
{
    REAL(copy_file_range);
    FAIL_IF_FILE("copy_file_range", to, 1, -1);
    return real(from, a, to, b, size, flags);
}

int fflush(FILE *stream)
{
    REAL(fflush);
    if (stream && __fpending(stream))
        FAIL_IF_FILE("fflush", fileno(stream), 1, EOF);
    return real(stream);
}

int fclose(FILE *stream)
{
    char path[4096];
    REAL(fclose);
    int fault = 0;
    if (__fpending(stream) && is_file(fileno(stream), path))
        fault = due("fclose", path, 1);
    if (fault == -1)
        die();
    if (fault)
        __fpurge(stream);
    int status = real(stream);
    if (!fault)
        return status;
    errno = fault;
    return EOF;
}

/* The rest fails with -1: calls on a path, and on a descriptor. */

#define ON_PATH(name, parameters, arguments, call, at, path, grows)                              \
    int name parameters                                                                          \
    {                                                                                            \
        char whole[4096];                                                                        \
        REAL(name);                                                                              \
        FAIL_IF_DUE(call, below(at, path, whole), grows, -1);                                    \
        return over(real arguments);                                                             \
    }
#define ON_FILE(name, parameters, arguments, call, fd, grows)                                    \
    int name parameters                                                                          \
    {                                                                                            \
        REAL(name);                                                                              \
        FAIL_IF_FILE(call, fd, grows, -1);                                                       \
        return real arguments;                                                                   \
    }

ON_FILE(ftruncate, (int fd, off_t size), (fd, size), "ftruncate", fd, 0)
ON_FILE(ftruncate64, (int fd, off64_t size), (fd, size), "ftruncate", fd, 0)
ON_FILE(fsync, (int fd), (fd), "fsync", fd, 1)
ON_FILE(fdatasync, (int fd), (fd), "fsync", fd, 1)

/* Names that are made, moved and removed. */

ON_PATH(rename, (const char *from, const char *to), (from, to), "rename", AT_FDCWD, to, 0)
ON_PATH(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to),
        "rename", b, to, 0)
ON_PATH(renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
        (a, from, b, to, flags), "rename", b, to, 0)
ON_PATH(link, (const char *from, const char *to), (from, to), "link", AT_FDCWD, to, 1)
ON_PATH(linkat, (int a, const char *from, int b, const char *to, int flags),
        (a, from, b, to, flags), "link", b, to, 1)
ON_PATH(symlink, (const char *from, const char *to), (from, to), "symlink", AT_FDCWD, to, 1)
ON_PATH(symlinkat, (const char *from, int at, const char *to), (from, at, to),
        "symlink", at, to, 1)
ON_PATH(unlink, (const char *path), (path), "unlink", AT_FDCWD, path, 0)
ON_PATH(unlinkat, (int at, const char *path, int flags), (at, path, flags),
        flags & AT_REMOVEDIR ? "rmdir" : "unlink", at, path, 0)
ON_PATH(remove, (const char *path), (path), "unlink", AT_FDCWD, path, 0)
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), "mkdir", AT_FDCWD, path, 1)
ON_PATH(mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), "mkdir", at, path, 1)
ON_PATH(rmdir, (const char *path), (path), "rmdir", AT_FDCWD, path, 0)

/* Modes and times. */

ON_PATH(chmod, (const char *path, mode_t mode), (path, mode), "chmod", AT_FDCWD, path, 0)
ON_PATH(fchmodat, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags),
        "chmod", at, path, 0)
ON_FILE(fchmod, (int fd, mode_t mode), (fd, mode), "chmod", fd, 0)
ON_PATH(utime, (const char *path, const struct utimbuf *times), (path, times),
        "utime", AT_FDCWD, path, 0)
ON_PATH(utimes, (const char *path, const struct timeval times[2]), (path, times),
        "utime", AT_FDCWD, path, 0)
ON_PATH(utimensat, (int at, const char *path, const struct timespec times[2], int flags),
        (at, path, times, flags), "utime", at, path, 0)
ON_FILE(futimens, (int fd, const struct timespec times[2]), (fd, times), "utime", fd, 0)
