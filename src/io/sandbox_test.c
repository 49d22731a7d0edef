#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sandbox.h"

/* What a child says with its exit code. */
enum { WENT_WELL = 10, WAS_REFUSED, IS_WEAK, WENT_WRONG };

static bool strong; /* does this machine give us both Landlock and seccomp? */

static char folder[] = "/tmp/jaga-sandbox-test-XXXXXX";

/* Enters the sandbox around the folder in a child, does `act` there, and returns how the child ended. */
static int in_sandbox(int (*act)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const char *paths[] = {folder, NULL};
        struct sandbox_report report;
        sandbox_enter(&(struct sandbox_options){paths}, &report);
        _exit(report.missing.len ? IS_WEAK : act());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int act_nothing(void)
{
    return WENT_WELL;
}

static const char *inside(void)
{
    static char path[64];
    snprintf(path, sizeof(path), "%s/file", folder);
    return path;
}

static int opened(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    return fd >= 0 ? WENT_WELL : errno == EPERM || errno == EACCES ? WAS_REFUSED : WENT_WRONG;
}

static int act_read_inside(void)
{
    return opened(inside(), O_RDONLY);
}

static int act_read_outside(void)
{
    return opened("/etc/passwd", O_RDONLY);
}

static int act_write_inside(void)
{
    return opened(inside(), O_WRONLY);
}

static int act_create(void)
{
    return opened(inside(), O_RDWR | O_CREAT | O_EXCL);
}

static int act_make_code(void)
{
    void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? WAS_REFUSED : WENT_WELL;
}

static int act_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
    return WENT_WELL;
}

static int act_exec(void)
{
    char *arguments[] = {NULL};
    execve("/bin/true", arguments, arguments);
    return WENT_WELL;
}

static void *thread_main(void *argument)
{
    return argument;
}

static int act_threads(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_main, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return WENT_WRONG;
    void *memory = malloc(64u << 20);
    free(memory);
    return memory ? WENT_WELL : WENT_WRONG;
}

static void assert_ends(int (*act)(void), int code)
{
    int status = in_sandbox(act);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_killed(int (*act)(void))
{
    int status = in_sandbox(act);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void needs_a_strong_sandbox(void)
{
    if (!strong) {
        print_message("skipped: this build or this kernel has no full sandbox\n");
        skip();
    }
}

static void what_was_pointed_at_can_be_read_and_nothing_else(void **state)
{
    (void)state;
    needs_a_strong_sandbox();
    assert_ends(act_read_inside, WENT_WELL);
    assert_ends(act_read_outside, WAS_REFUSED);
}

static void nothing_can_be_written(void **state)
{
    (void)state;
    needs_a_strong_sandbox();
    assert_ends(act_write_inside, WAS_REFUSED);
    assert_ends(act_create, WAS_REFUSED);
}

static void memory_cannot_become_code(void **state)
{
    (void)state;
    needs_a_strong_sandbox();
    assert_ends(act_make_code, WAS_REFUSED);
}

static void sockets_and_other_programs_end_the_process(void **state)
{
    (void)state;
    needs_a_strong_sandbox();
    assert_killed(act_socket);
    assert_killed(act_exec);
}

static void threads_and_memory_still_work(void **state)
{
    (void)state;
    needs_a_strong_sandbox();
    assert_ends(act_threads, WENT_WELL);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    FILE *file = fopen(inside(), "w");
    if (!file || fclose(file) != 0)
        return -1;
    int status = in_sandbox(act_nothing);
    strong = WIFEXITED(status) && WEXITSTATUS(status) == WENT_WELL;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return unlink(inside()) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_pointed_at_can_be_read_and_nothing_else),
        cmocka_unit_test(nothing_can_be_written),
        cmocka_unit_test(memory_cannot_become_code),
        cmocka_unit_test(sockets_and_other_programs_end_the_process),
        cmocka_unit_test(threads_and_memory_still_work),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
