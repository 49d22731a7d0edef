/* What opening makes of segment files that are torn, damaged, missing or not ours. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "spool/local.h"
#include "spool/spool_test.h"

static const struct spool_ops *const ops = &spool_local;
static const char *place;
static struct spool *spool;

static int set_up(void **state)
{
    (void)state;
    place = test_folder();
    spool = NULL;
    test_disk_set(0, 0, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_disk_open();
    if (spool)
        ops->close(spool);
    test_folder_remove(place);
    return 0;
}

static void open_spool(void)
{
    struct err err = {0};
    const struct spool_options options = {.partitions = 2, .segment_size = SEGMENT_SIZE_MIN};
    spool = spool_local_open(place, &options, &test_disk, &err);
    if (!spool)
        fail_msg("%s", err.message);
}

static void close_spool(void)
{
    ops->close(spool);
    spool = NULL;
}

/* It does not open, and says so with these words in it. */
static void expect_refusal(const char *words)
{
    struct err err = {0};
    assert_null(ops->open(place, &(struct spool_options){0}, &err));
    assert_true(err.code < 0);
    if (!strstr(err.message, words))
        fail_msg("'%s' is not in '%s'", words, err.message);
}

static const char *path_of(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static const char *segment_path(uint64_t number)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, number);
    return path_of(name);
}

static struct buf read_segment(uint64_t number)
{
    struct buf bytes = {0};
    assert_int_equal(file_read(segment_path(number), 1 << 24, &bytes), 0);
    return bytes;
}

static void write_segment(uint64_t number, struct str bytes)
{
    assert_int_equal(file_write(segment_path(number), bytes), 0);
}

static uint64_t append(uint32_t partition, const char *prefix, uint32_t n)
{
    struct spool_batch batch = test_batch(prefix, n);
    struct spool_receipt receipt = test_append(ops, spool, partition, &batch);
    assert_int_equal(receipt.status, 0);
    return receipt.offset;
}

static uint64_t next_of(uint32_t partition)
{
    uint64_t first, next;
    ops->bounds(spool, partition, &first, &next);
    return next;
}

static uint64_t torn(void)
{
    struct spool_stats stats;
    ops->stats(spool, &stats);
    return stats.torn;
}

/* The text of all events of a partition, "|" for a damaged place. */
static const char *all_of(uint32_t partition)
{
    static char text[1 << 16];
    size_t len = 0;
    struct spool_reader *reader = ops->reader_new(spool, partition, 0);
    struct spool_batch batch;
    uint64_t offset, wants = 0;
    int status;
    while ((status = ops->read(reader, &batch, &offset)) != 0) {
        assert_true(status == 1 || status == -EBADMSG);
        assert_true(offset >= wants);
        for (uint32_t i = 0; status == 1 && i < batch.n; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s ",
                                    STR_ARG(spool_event(&batch, i)));
        if (status == -EBADMSG)
            text[len++] = '|';
        wants = status == 1 ? offset + batch.n : offset;
    }
    text[len] = '\0';
    ops->reader_free(reader);
    return text;
}

/* Where a text is in a segment. */
static size_t find_text(const struct buf *bytes, const char *text)
{
    size_t at = str_find(buf_str(bytes), str_from_c(text));
    assert_true(at != SIZE_MAX);
    return at;
}

static void a_torn_tail_is_cut_exactly(void **state)
{
    (void)state;
    open_spool();
    append(0, "first", 2);
    close_spool();
    struct buf before = read_segment(0);
    open_spool();
    append(0, "second", 3);
    close_spool();
    struct buf whole = read_segment(0);
    for (size_t len = before.len; len < whole.len; len++) {
        write_segment(0, str_of(whole.ptr, len));
        open_spool();
        assert_int_equal(torn(), len - before.len);
        assert_string_equal(all_of(0), "first-0 first-1 ");
        assert_int_equal(append(0, "again", 1), 2);
        close_spool();
        open_spool();
        assert_int_equal(torn(), 0);
        assert_string_equal(all_of(0), "first-0 first-1 again-0 ");
        close_spool();
    }
    buf_free(&before);
    buf_free(&whole);
}

static void a_tail_of_zeros_or_of_anything_is_cut(void **state)
{
    (void)state;
    open_spool();
    append(1, "good", 1);
    close_spool();
    for (int filling = 0; filling < 2; filling++) {
        struct buf bytes = read_segment(0);
        size_t len = bytes.len;
        for (int i = 0; i < 5000; i++)
            buf_add_byte(&bytes, (char)(filling * i * 7));
        write_segment(0, buf_str(&bytes));
        open_spool();
        assert_int_equal(torn(), bytes.len - len);
        assert_string_equal(all_of(1), "good-0 ");
        close_spool();
        buf_free(&bytes);
    }
}

/*
 * A power cut may lose any part of a group and keep the rest. Nothing of the group was acknowledged: all of it
 * goes, and its producer may send it again.
 */
static void a_group_with_a_hole_is_cut_whole(void **state)
{
    (void)state;
    struct test_answers *answers = test_answers_new();
    open_spool();
    test_disk_shut();
    struct spool_batch batch = test_batch("before", 1);
    batch.producer = 5;
    batch.sequence = 1;
    assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
    test_disk_await_sync();
    static const char *const names[] = {"a", "b", "c", "d"};
    for (uint32_t i = 0; i < 4; i++) {
        batch = test_batch(names[i], 1);
        batch.producer = 5;
        batch.sequence = 2 + i;
        assert_int_equal(test_append_to(answers, ops, spool, i % 2, &batch), 0);
    }
    test_disk_open();
    test_answers_wait(answers, 5);
    struct spool_stats stats;
    ops->stats(spool, &stats);
    assert_int_equal(stats.commits, 2);
    test_answers_free(answers);
    close_spool();

    struct buf whole = read_segment(0);
    for (size_t i = 0; i < 5; i++) {
        char text[8];
        snprintf(text, sizeof(text), "%s-0\n", i < 4 ? names[i] : "d");
        char *byte = whole.ptr + find_text(&whole, text);
        *byte = (char)(*byte ^ 1);
        write_segment(0, str_of(whole.ptr, whole.len - (i == 4 ? 8 : 0)));
        *byte = (char)(*byte ^ 1);
        open_spool();
        assert_true(torn() > 0);
        assert_string_equal(all_of(0), "before-0 ");
        assert_string_equal(all_of(1), "");
        batch = test_batch("a", 1);
        batch.producer = 5;
        batch.sequence = 2;
        assert_false(test_append(ops, spool, 0, &batch).repeated);
        assert_string_equal(all_of(0), "before-0 a-0 ");
        close_spool();
    }
    buf_free(&whole);
}

static void damage_before_a_later_commit_is_kept_and_told(void **state)
{
    (void)state;
    open_spool();
    append(0, "one", 2);
    append(0, "two", 3);
    append(1, "other", 1);
    append(0, "three", 1);
    close_spool();
    struct buf whole = read_segment(0);
    size_t event = find_text(&whole, "two-1");
    size_t head = event / 8 * 8;
    while (memcmp(whole.ptr + head, "JSR1", 4) != 0)
        head -= 8;
    const size_t places[] = {event, head + 13, head + 40};
    for (size_t i = 0; i < 3; i++) {
        char *byte = whole.ptr + places[i];
        *byte = (char)(*byte ^ 0x20);
        write_segment(0, buf_str(&whole));
        *byte = (char)(*byte ^ 0x20);
        open_spool();
        assert_int_equal(torn(), 0);
        assert_string_equal(all_of(0), "one-0 one-1 |three-0 ");
        assert_string_equal(all_of(1), "other-0 ");
        assert_int_equal(next_of(0), 6);
        struct spool_reader *reader = ops->reader_new(spool, 0, 3);
        struct spool_batch batch;
        uint64_t offset = 0;
        assert_int_equal(ops->read(reader, &batch, &offset), -EBADMSG);
        assert_int_equal(offset, 5);
        assert_int_equal(ops->read(reader, &batch, &offset), 1);
        assert_int_equal(offset, 5);
        ops->reader_free(reader);
        close_spool();
    }
    buf_free(&whole);
}

/*
 * Who chooses the bytes of an event must not be able to make records of them, even where it can guess the position
 * and a damage hides the record around it.
 */
static void an_event_that_holds_a_record_is_never_taken_for_one(void **state)
{
    (void)state;
    open_spool();
    append(0, "real", 1);
    close_spool();
    struct buf bytes = read_segment(0);
    size_t outer = bytes.len, inner = outer + RECORD_HEAD + 8;
    buf_free(&bytes);

    struct spool_batch forged = test_batch("forged", 1);
    char event[1024] = "pad."; /* behind one end of an event: the record in it is aligned */
    uint32_t size = record_batch_size(&forged), end = 4 + size + 1;
    char *record = malloc(size);
    assert_non_null(record);
    record_batch_write(record, 0, &forged);
    record_place(record, inner, 2, 0, true);
    memcpy(event + 4, record, size);
    event[end - 1] = '\n';
    free(record);
    struct spool_batch batch = {.n = 1, .ends = &end, .bytes = event};
    open_spool();
    assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    append(0, "last", 1);
    close_spool();

    bytes = read_segment(0);
    assert_int_equal(find_text(&bytes, "forged"), inner + RECORD_HEAD + 4);
    bytes.ptr[outer + 20] ^= 1;
    write_segment(0, buf_str(&bytes));
    buf_free(&bytes);
    open_spool();
    assert_string_equal(all_of(0), "real-0 |last-0 ");
}

/* Five segments: in each a small batch, and a large one that leaves no room for another small one. */
static void fill_segments(void)
{
    open_spool();
    for (int i = 0; i < 5; i++) {
        char prefix[8];
        snprintf(prefix, sizeof(prefix), "s%d", i);
        append(0, prefix, 1);
        struct spool_batch batch = test_batch_of_size(65100);
        assert_int_equal(test_append(ops, spool, 1, &batch).status, 0);
    }
    assert_string_equal(all_of(0), "s0-0 s1-0 s2-0 s3-0 s4-0 ");
    close_spool();
    assert_int_equal(access(segment_path(4), F_OK), 0);
}

static void segments_are_read_one_after_the_other(void **state)
{
    (void)state;
    fill_segments();
    open_spool();
    assert_string_equal(all_of(0), "s0-0 s1-0 s2-0 s3-0 s4-0 ");
    assert_int_equal(append(0, "s5", 1), 5);
    assert_string_equal(all_of(0), "s0-0 s1-0 s2-0 s3-0 s4-0 s5-0 ");
}

static void damage_of_an_older_segment_costs_only_what_it_hits(void **state)
{
    (void)state;
    fill_segments();
    struct buf whole = read_segment(2);
    const size_t places[] = {find_text(&whole, "s2-0"), 3, 70}; /* an event; the head of the file */
    for (size_t i = 0; i < 3; i++) {
        char *byte = whole.ptr + places[i];
        *byte = (char)(*byte ^ 1);
        write_segment(2, buf_str(&whole));
        *byte = (char)(*byte ^ 1);
        open_spool();
        assert_string_equal(all_of(0), "s0-0 s1-0 |s3-0 s4-0 ");
        assert_int_equal(next_of(0), 5);
        close_spool();
    }
    buf_free(&whole);
    assert_int_equal(unlink(segment_path(2)), 0);
    open_spool();
    assert_string_equal(all_of(0), "s0-0 s1-0 |s3-0 s4-0 ");
}

static void what_lies_behind_the_end_of_an_older_segment_was_never_acknowledged(void **state)
{
    (void)state;
    fill_segments();
    struct buf first = read_segment(1), second = read_segment(2);
    buf_add(&first, second.ptr, second.len);
    write_segment(1, buf_str(&first));
    buf_free(&first);
    buf_free(&second);
    open_spool();
    assert_string_equal(all_of(0), "s0-0 s1-0 s2-0 s3-0 s4-0 ");
}

static void producers_are_known_after_their_segments_are_gone(void **state)
{
    (void)state;
    open_spool();
    for (uint64_t i = 1; i <= 20; i++) {
        struct spool_batch batch = test_batch_of_size(30 << 10);
        batch.producer = i;
        batch.sequence = 100 + i;
        assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    }
    close_spool();
    for (uint64_t number = 0; number < 9; number++)
        assert_int_equal(unlink(segment_path(number)), 0);
    open_spool();
    for (uint64_t i = 1; i <= 20; i++) {
        struct spool_batch batch = test_batch("again", 1);
        batch.producer = i;
        batch.sequence = 100 + i;
        assert_true(test_append(ops, spool, 0, &batch).repeated);
        batch.sequence++;
        assert_false(test_append(ops, spool, 0, &batch).repeated);
    }
}

static void a_second_process_is_refused(void **state)
{
    (void)state;
    open_spool();
    expect_refusal("another process has this spool open");
    close_spool();
    open_spool();
}

static void a_folder_of_others_is_refused(void **state)
{
    (void)state;
    assert_int_equal(file_write(path_of("thesis.tex"), STR("words")), 0);
    expect_refusal("'thesis.tex'");
    assert_int_equal(unlink(path_of("thesis.tex")), 0);
    open_spool();
    close_spool();
    /* In a spool it does no harm. */
    assert_int_equal(file_write(path_of("notes"), STR("words")), 0);
    open_spool();
}

static void a_segment_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    assert_int_equal(file_write(segment_path(0), STR("not a segment at all")), 0);
    expect_refusal("no segment of a spool");
    assert_int_equal(unlink(segment_path(0)), 0);
    fill_segments();
    struct buf bytes = read_segment(2);
    write_segment(3, buf_str(&bytes));
    expect_refusal("under a wrong name");
    buf_free(&bytes);

    const char *mine = place;
    place = test_folder();
    fill_segments();
    bytes = read_segment(3);
    test_folder_remove(place);
    place = mine;
    write_segment(3, buf_str(&bytes));
    expect_refusal("belongs to another spool");
    buf_free(&bytes);
}

static void damaged_offsets_of_consumers_are_refused_with_their_line(void **state)
{
    (void)state;
    open_spool();
    append(0, "x", 1);
    ops->consumer_put(spool, STR("a"), 0, 1);
    close_spool();
    assert_int_equal(file_write(path_of(CONSUMERS_FILE), STR("a\t0\t1\nb\t0\n")), 0);
    struct err err = {0};
    assert_null(ops->open(place, &(struct spool_options){0}, &err));
    assert_int_equal(err.line, 2);
    assert_non_null(strstr(err.message, CONSUMERS_FILE));
    /* An offset that was never given out is brought back to the end. */
    assert_int_equal(file_write(path_of(CONSUMERS_FILE), STR("a\t0\t100\n")), 0);
    open_spool();
    uint64_t offset;
    assert_int_equal(ops->consumer_get(spool, STR("a"), 0, &offset), 0);
    assert_int_equal(offset, 1);
}

/* Runs in a child that is nobody: root may write everywhere. */
static int open_as_nobody(const char *words)
{
    pid_t child = fork();
    if (child == 0) {
        struct err err = {0};
        if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(2);
        struct spool *opened = ops->open(place, &(struct spool_options){0}, &err);
        _exit(opened == NULL && strstr(err.message, words) ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static void a_folder_without_rights_is_refused(void **state)
{
    (void)state;
    assert_int_equal(chmod(place, 0555), 0);
    assert_int_equal(open_as_nobody("cannot write there: Permission denied"), 0);
    assert_int_equal(chmod(place, 0000), 0);
    assert_int_equal(open_as_nobody("Permission denied"), 0);
    assert_int_equal(chmod(place, 0700), 0);

    const char *folder = place;
    char *inside = NULL;
    assert_true(asprintf(&inside, "%s/a-file", folder) > 0);
    assert_int_equal(file_write(inside, STR("")), 0);
    place = inside;
    expect_refusal("Not a directory");
    place = folder;
    unlink(inside);
    free(inside);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(a_torn_tail_is_cut_exactly),
        ROW(a_tail_of_zeros_or_of_anything_is_cut),
        ROW(a_group_with_a_hole_is_cut_whole),
        ROW(damage_before_a_later_commit_is_kept_and_told),
        ROW(an_event_that_holds_a_record_is_never_taken_for_one),
        ROW(segments_are_read_one_after_the_other),
        ROW(damage_of_an_older_segment_costs_only_what_it_hits),
        ROW(what_lies_behind_the_end_of_an_older_segment_was_never_acknowledged),
        ROW(producers_are_known_after_their_segments_are_gone),
        ROW(a_second_process_is_refused),
        ROW(a_folder_of_others_is_refused),
        ROW(a_segment_that_is_not_ours_is_refused),
        ROW(damaged_offsets_of_consumers_are_refused_with_their_line),
        ROW(a_folder_without_rights_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
