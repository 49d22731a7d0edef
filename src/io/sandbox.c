#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

/*
 * Landlock's interface (Linux, userspace-api/landlock), spelt out because the headers of the
 * build machine may be older than the kernel this runs on. Call numbers are the same everywhere.
 */
#define CALL_LANDLOCK_CREATE_RULESET 444
#define CALL_LANDLOCK_ADD_RULE 445
#define CALL_LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_VERSION_FLAG 1u
#define LANDLOCK_RULE_BENEATH 1
#define LANDLOCK_READ_FILE (1ull << 2)
#define LANDLOCK_READ_DIR (1ull << 3)
#define LANDLOCK_FS_ABI1 ((1ull << 13) - 1) /* execute, write, read, remove, make .. */
#define LANDLOCK_FS_REFER (1ull << 13)      /* ABI 2 */
#define LANDLOCK_FS_TRUNCATE (1ull << 14)   /* ABI 3 */
#define LANDLOCK_FS_IOCTL_DEV (1ull << 15)  /* ABI 5 */
#define LANDLOCK_NET_TCP 3ull               /* ABI 4: bind, connect */
#define LANDLOCK_SCOPE_ALL 3ull             /* ABI 6: abstract sockets, signals */

struct landlock_ruleset {
    uint64_t fs, net, scope;
};

struct landlock_beneath {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

static void add_item(struct buf *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_item(struct buf *list, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (list->len)
        buf_add_c(list, ", ");
    buf_add_c(list, text);
}

static int allow_path(int ruleset, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    int status = 0;
    if (fd < 0)
        return 0; /* what is not there cannot be read; the scan reports it */
    if (fstat(fd, &st) < 0) {
        status = -errno;
    } else {
        struct landlock_beneath rule = {LANDLOCK_READ_FILE, fd};
        if (S_ISDIR(st.st_mode))
            rule.access |= LANDLOCK_READ_DIR;
        if (syscall(CALL_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_BENEATH, &rule, 0) < 0)
            status = -errno;
    }
    close(fd);
    return status;
}

/* Returns the ABI that is in force, or -errno. */
static int enter_landlock(const char *const *paths)
{
    long abi = syscall(CALL_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_FLAG);
    if (abi < 1)
        return abi < 0 ? -errno : -ENOSYS;
    struct landlock_ruleset wanted = {.fs = LANDLOCK_FS_ABI1};
    size_t size = sizeof(wanted.fs);
    if (abi >= 2)
        wanted.fs |= LANDLOCK_FS_REFER;
    if (abi >= 3)
        wanted.fs |= LANDLOCK_FS_TRUNCATE;
    if (abi >= 4) {
        wanted.net = LANDLOCK_NET_TCP;
        size = 2 * sizeof(uint64_t);
    }
    if (abi >= 5)
        wanted.fs |= LANDLOCK_FS_IOCTL_DEV;
    if (abi >= 6) {
        wanted.scope = LANDLOCK_SCOPE_ALL;
        size = 3 * sizeof(uint64_t);
    }
    int ruleset = (int)syscall(CALL_LANDLOCK_CREATE_RULESET, &wanted, size, 0);
    if (ruleset < 0)
        return -errno;
    int status = 0;
    for (size_t i = 0; status == 0 && paths[i]; i++)
        status = allow_path(ruleset, paths[i]);
    if (status == 0 && syscall(CALL_LANDLOCK_RESTRICT_SELF, ruleset, 0) < 0)
        status = -errno;
    close(ruleset);
    return status < 0 ? status : (int)abi;
}

/* Plain use of memory, time, threads and open files. Everything else is refused with EPERM. */
static const int allowed_calls[] = {
    SCMP_SYS(brk),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(close),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(fstatfs),
    SCMP_SYS(fsync),
    SCMP_SYS(futex),
    SCMP_SYS(getcpu),
    SCMP_SYS(getdents64),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(lseek),
    SCMP_SYS(lstat),
    SCMP_SYS(madvise),
    SCMP_SYS(membarrier),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(nanosleep),
    SCMP_SYS(newfstatat),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pread64),
    SCMP_SYS(read),
    SCMP_SYS(readlink),
    SCMP_SYS(readv),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(stat),
    SCMP_SYS(statx),
    SCMP_SYS(sysinfo),
    SCMP_SYS(tgkill),
    SCMP_SYS(time),
    SCMP_SYS(uname),
    SCMP_SYS(write),
    SCMP_SYS(writev),
};

/* No scan ever needs these: whoever calls them has taken over the process. */
static const int deadly_calls[] = {
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(bind),
    SCMP_SYS(bpf),
    SCMP_SYS(connect),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(listen),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(ptrace),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(vfork),
    SCMP_SYS(io_uring_setup),
};

/* Calls that are allowed with some arguments only. */
static int add_conditional(scmp_filter_ctx filter)
{
    const scmp_datum_t writing =
        O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY) | O_APPEND;
    const scmp_datum_t thread = CLONE_VM | CLONE_THREAD;
    int status = 0;
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
    /*
     * Its flags are behind a pointer that a filter cannot follow: the C
     * library falls back to clone.
     */
    status |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_EQ, TIOCGWINSZ, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                               SCMP_A2(SCMP_CMP_EQ, 0, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                               SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
    return status ? -EINVAL : 0;
}

static int enter_seccomp(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return -ENOMEM;
    /* The filter reads nothing secret: without this, older kernels slow every thread down. */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    int status = add_conditional(filter);
    for (size_t i = 0; status == 0 && i < sizeof(allowed_calls) / sizeof(allowed_calls[0]); i++)
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    for (size_t i = 0; status == 0 && i < sizeof(deadly_calls) / sizeof(deadly_calls[0]); i++)
        status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly_calls[i], 0);
    if (status == 0)
        status = seccomp_load(filter);
    seccomp_release(filter);
    return status;
}

void sandbox_enter(const struct sandbox_options *options, struct sandbox_report *ret_report)
{
    struct sandbox_report *report = ret_report;
    *report = (struct sandbox_report){0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        add_item(&report->applied, "no_new_privs");
    else
        add_item(&report->missing, "no_new_privs (%s)", strerror(errno));
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) == 0)
        add_item(&report->applied, "no core dumps");
#ifdef SANITIZED
    (void)options;
    (void)enter_landlock;
    (void)enter_seccomp;
    add_item(&report->missing, "Landlock and seccomp (a build with sanitizers)");
#else
    int landlock = enter_landlock(options->paths);
    if (landlock > 0)
        add_item(&report->applied, "Landlock %d", landlock);
    else
        add_item(&report->missing, "Landlock (%s)", strerror(-landlock));
    int seccomp = enter_seccomp();
    if (seccomp == 0)
        add_item(&report->applied, "seccomp");
    else
        add_item(&report->missing, "seccomp (%s)", strerror(-seccomp));
    report->open = landlock < 0 && seccomp < 0;
#endif
}
