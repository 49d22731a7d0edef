/* The tail with a clock of the test's own: seconds pass between two calls, and no test waits. */
#include "ship/tail.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "base/time.h"

#define SETTLED_S 30 /* by then everything was looked at, and what is gone forgotten */

struct world {
    char folder[64];
    char log[96], old[96], other[96]; /* app.log, app.log.1, fresh: only the first is followed */
    const char *followed[2];
    struct tail_options options;
    struct positions positions;
    struct tail *tail;
    int64_t ticks;
    struct buf read; /* what came, in its order */
    char said[256];  /* the last message */
};

static void say(void *context, const char *path, int code, const char *what)
{
    struct world *world = context;
    (void)path;
    snprintf(world->said, sizeof(world->said), "%s", what ? what : strerror(-code));
}

static void start(struct world *world)
{
    world->tail = tail_new(&world->options, &world->positions);
    assert_non_null(world->tail);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    if (!world)
        return -1;
    snprintf(world->folder, sizeof(world->folder), "/tmp/jaga-tail-XXXXXX");
    if (!mkdtemp(world->folder))
        return -1;
    snprintf(world->log, sizeof(world->log), "%s/app.log", world->folder);
    snprintf(world->old, sizeof(world->old), "%s/app.log.1", world->folder);
    snprintf(world->other, sizeof(world->other), "%s/fresh", world->folder);
    world->followed[0] = world->log;
    world->options =
        (struct tail_options){.paths = world->followed, .n_paths = 1, .say = say, .context = world};
    world->ticks = TIME_SECOND_US;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    tail_free(world->tail);
    positions_free(&world->positions);
    buf_free(&world->read);
    unlink(world->log);
    unlink(world->old);
    unlink(world->other);
    int status = rmdir(world->folder);
    free(world);
    return status;
}

static void put(const char *path, int flags, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    close(fd);
}

static void append(const char *path, const char *text)
{
    put(path, O_APPEND, str_from_c(text));
}

/* In place: the file stays the same one. */
static void truncate_to(const char *path, const char *text)
{
    put(path, O_TRUNC, str_from_c(text));
}

/* Takes what there is, as often as a second passes. What was read since the last call, valid until the next. */
static struct str read_for(struct world *world, int seconds)
{
    buf_clear(&world->read);
    for (int i = 0; i < seconds; i++) {
        struct tail_piece piece;
        int status;
        while ((status = tail_next(world->tail, world->ticks, &piece)) == 1) {
            buf_add_str(&world->read, piece.unwanted ? (struct str){0} : piece.body);
            assert_int_equal(tail_take(world->tail, &piece), 0);
            buf_free(&piece.cutter.header);
        }
        assert_int_equal(status, 0);
        world->ticks += TIME_SECOND_US;
    }
    return buf_str(&world->read);
}

static void whole_lines_come_as_the_file_grows(void **state)
{
    struct world *world = *state;
    append(world->log, "one\ntwo\n");
    start(world);
    assert_str(read_for(world, 1), "one\ntwo\n");
    assert_str(read_for(world, SETTLED_S), "");
    append(world->log, "three\n");
    assert_str(read_for(world, 2), "three\n");
}

static void half_a_line_waits_for_its_end(void **state)
{
    struct world *world = *state;
    append(world->log, "one\nha");
    start(world);
    assert_str(read_for(world, 2), "one\n");
    append(world->log, "lf");
    assert_str(read_for(world, 2), "");
    append(world->log, " a line\n");
    assert_str(read_for(world, 2), "half a line\n");
}

static void half_a_line_that_nothing_follows_is_taken_for_whole(void **state)
{
    struct world *world = *state;
    append(world->log, "one\nhalf");
    start(world);
    assert_str(read_for(world, SETTLED_S), "one\nhalf");
    append(world->log, " more\n");
    assert_str(read_for(world, 2), " more\n");
}

static void a_renamed_file_is_read_to_its_end_before_the_new_one(void **state)
{
    struct world *world = *state;
    append(world->log, "one\n");
    start(world);
    assert_str(read_for(world, 1), "one\n");
    append(world->log, "two\n");
    assert_int_equal(rename(world->log, world->old), 0);
    append(world->log, "four\n");
    append(world->old, "three\n"); /* its writer has it open still */
    assert_str(read_for(world, 8), "two\nthree\nfour\n");
    append(world->old, "late\n");
    assert_str(read_for(world, 2), "late\n");
    read_for(world, SETTLED_S);
    assert_int_equal(world->positions.files.len, 1); /* the renamed one is forgotten */
    append(world->old, "too late\n");
    append(world->log, "five\n");
    assert_str(read_for(world, SETTLED_S), "five\n");
}

static void a_removed_file_is_read_to_its_end(void **state)
{
    struct world *world = *state;
    append(world->log, "one\n");
    start(world);
    assert_str(read_for(world, 1), "one\n");
    append(world->log, "two\n");
    assert_int_equal(unlink(world->log), 0);
    assert_str(read_for(world, SETTLED_S), "two\n");
    assert_int_equal(world->positions.files.len, 0);
}

static void a_file_that_takes_the_name_of_another_is_read_from_its_start(void **state)
{
    struct world *world = *state;
    append(world->log, "one\n");
    start(world);
    assert_str(read_for(world, 1), "one\n");
    append(world->log, "two\n");
    append(world->other, "one\nthree\n"); /* begins like the old one */
    assert_int_equal(rename(world->other, world->log), 0);
    assert_str(read_for(world, SETTLED_S), "two\none\nthree\n");
    assert_int_equal(world->positions.files.len, 1);
}

static void a_truncated_file_is_read_from_its_start(void **state)
{
    struct world *world = *state;
    append(world->log, "one\ntwo\n");
    start(world);
    assert_str(read_for(world, 1), "one\ntwo\n");
    truncate_to(world->log, "");
    assert_str(read_for(world, 3), "");
    append(world->log, "new\n");
    assert_str(read_for(world, 3), "new\n");
}

static void truncation_is_found_out_though_the_file_has_grown_past_the_place(void **state)
{
    struct world *world = *state;
    append(world->log, "one\ntwo\n");
    start(world);
    assert_str(read_for(world, 1), "one\ntwo\n");
    truncate_to(world->log, "three\nfour\nfive\n");
    assert_str(read_for(world, 3), "three\nfour\nfive\n");
}

static void what_a_truncated_file_had_is_read_from_its_copy(void **state)
{
    struct world *world = *state;
    append(world->log, "one\n");
    start(world);
    assert_str(read_for(world, 1), "one\n");
    append(world->old, "one\ntwo\n");
    truncate_to(world->log, "three, and longer than before\n");
    assert_str(read_for(world, SETTLED_S), "two\nthree, and longer than before\n");
}

/* The log and its copy, with one line read and two more in both. */
static void copy_with_more(struct world *world)
{
    world->followed[1] = world->old;
    world->options.n_paths = 2;
    append(world->log, "one\n");
    start(world);
    assert_str(read_for(world, 1), "one\n");
    append(world->log, "two\nthree\n");
    append(world->old, "one\ntwo\nthree\n");
}

static void a_copy_that_is_followed_too_comes_once(void **state)
{
    struct world *world = *state;
    copy_with_more(world);
    assert_str(read_for(world, SETTLED_S), "two\nthree\n");
    truncate_to(world->log, "four\n");
    assert_str(read_for(world, SETTLED_S), "four\n");
}

static void a_copy_that_is_followed_too_has_what_the_truncated_file_had(void **state)
{
    struct world *world = *state;
    copy_with_more(world);
    truncate_to(world->log, "four\n");
    assert_str(read_for(world, SETTLED_S), "two\nthree\nfour\n");
}

static void a_new_tail_knows_the_copies_of_the_one_before(void **state)
{
    struct world *world = *state;
    copy_with_more(world);
    assert_str(read_for(world, SETTLED_S), "two\nthree\n");
    append(world->log, "four\n");
    assert_str(read_for(world, SETTLED_S), "four\n");
    tail_free(world->tail);
    start(world);
    assert_str(read_for(world, SETTLED_S), "");
}

static void once_knows_a_copy_too(void **state)
{
    struct world *world = *state;
    copy_with_more(world);
    tail_free(world->tail);
    world->options.once = true;
    truncate_to(world->log, "four\n");
    start(world);
    struct str read = read_for(world, 2);
    assert_int_equal(read.len, strlen("two\nthree\nfour\n"));
    assert_true(tail_done(world->tail));
}

static void a_copy_that_grows_is_a_file_of_its_own(void **state)
{
    struct world *world = *state;
    copy_with_more(world);
    assert_str(read_for(world, SETTLED_S), "two\nthree\n");
    append(world->old, "four\n");
    assert_str(read_for(world, SETTLED_S), "four\n");
}

static void a_new_tail_goes_on_from_the_positions(void **state)
{
    struct world *world = *state;
    append(world->log, "one\n");
    start(world);
    assert_str(read_for(world, 1), "one\n");
    tail_free(world->tail);
    append(world->log, "two\n");
    assert_int_equal(rename(world->log, world->old), 0);
    append(world->log, "three\n");
    start(world);
    /* It is found under its new name, though that is not followed. */
    assert_str(read_for(world, SETTLED_S), "two\nthree\n");
}

static void a_line_that_is_too_long_is_passed_over_and_counted(void **state)
{
    struct world *world = *state;
    struct buf long_line = {0};
    for (size_t i = 0; i <= TAIL_LINE_MAX; i++)
        buf_add_byte(&long_line, 'x');
    append(world->log, "one\n");
    put(world->log, O_APPEND, buf_str(&long_line));
    append(world->log, "x\ntwo\n");
    start(world);
    assert_str(read_for(world, 2), "one\ntwo\n");
    assert_int_equal(tail_lines_skipped(world->tail), 1);
    assert_non_null(strstr(world->said, "longer than 1 MiB"));
    buf_free(&long_line);
}

static void from_the_end_only_what_is_added_comes(void **state)
{
    struct world *world = *state;
    world->options.from_end = true;
    append(world->log, "old\nha");
    start(world);
    assert_str(read_for(world, 2), "");
    append(world->log, "lf\nnew\n");
    assert_str(read_for(world, 2), "half\nnew\n");
}

static void once_ends_where_the_file_does(void **state)
{
    struct world *world = *state;
    world->options.once = true;
    append(world->log, "one\nhalf");
    start(world);
    assert_false(tail_done(world->tail));
    assert_str(read_for(world, 1), "one\nhalf");
    assert_true(tail_done(world->tail));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(whole_lines_come_as_the_file_grows),
        TEST(half_a_line_waits_for_its_end),
        TEST(half_a_line_that_nothing_follows_is_taken_for_whole),
        TEST(a_renamed_file_is_read_to_its_end_before_the_new_one),
        TEST(a_removed_file_is_read_to_its_end),
        TEST(a_file_that_takes_the_name_of_another_is_read_from_its_start),
        TEST(a_truncated_file_is_read_from_its_start),
        TEST(truncation_is_found_out_though_the_file_has_grown_past_the_place),
        TEST(what_a_truncated_file_had_is_read_from_its_copy),
        TEST(a_copy_that_is_followed_too_comes_once),
        TEST(a_copy_that_is_followed_too_has_what_the_truncated_file_had),
        TEST(a_new_tail_knows_the_copies_of_the_one_before),
        TEST(once_knows_a_copy_too),
        TEST(a_copy_that_grows_is_a_file_of_its_own),
        TEST(a_new_tail_goes_on_from_the_positions),
        TEST(a_line_that_is_too_long_is_passed_over_and_counted),
        TEST(from_the_end_only_what_is_added_comes),
        TEST(once_ends_where_the_file_does),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
