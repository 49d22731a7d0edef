#include "ship/position.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"

static void fill(struct positions *positions)
{
    positions->producer = 0xfeedfacecafebeef;
    positions->sequence = 41;
    struct position *file = positions_add(positions);
    file->kind = POSITION_CONVERT;
    file->format = FORMAT_CSV;
    file->device = 7;
    file->inode = UINT64_MAX;
    file->copy = true;
    file->offset = 1000;
    file->head_len = 1000;
    file->head_hash = 5;
    file->tail_len = 256;
    file->tail_hash = 6;
    file->state[1] = 9;
    buf_add_c(&file->header, "host,user\nend 1\n");
    assert_int_equal(position_set_path(file, STR("/var/log/a\nfile 1 b.log")), 0);
    struct position_part part = {.format = FORMAT_JSON, .packed = true, .events = 2};
    buf_add(&part.bytes, "\x1f\0\n", 3);
    assert_int_equal(vec_push(&positions->parts, part), 0);
}

static void what_was_written_is_read(void **state)
{
    struct positions positions = {0}, again = {0};
    struct buf text = {0}, twice = {0};
    (void)state;
    fill(&positions);
    positions_write(&positions, &text);
    assert_int_equal(positions_parse(buf_str(&text), &again), 0);
    positions_write(&again, &twice);
    assert_int_equal(text.len, twice.len);
    assert_memory_equal(text.ptr, twice.ptr, text.len);
    assert_int_equal(again.sequence, 41);
    assert_str(again.files.items[0]->path, "/var/log/a\nfile 1 b.log");
    assert_true(again.files.items[0]->copy);
    assert_str(buf_str(&again.files.items[0]->header), "host,user\nend 1\n");
    assert_int_equal(again.parts.items[0].bytes.len, 3);
    positions_free(&positions);
    positions_free(&again);
    buf_free(&text);
    buf_free(&twice);
}

static void what_was_cut_or_changed_is_never_taken_for_whole(void **state)
{
    struct positions positions = {0}, again = {0};
    struct buf text = {0};
    (void)state;
    fill(&positions);
    positions_write(&positions, &text);
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(positions_parse(str_of(text.ptr, len), &again), -EINVAL);
    for (size_t i = 0; i < text.len; i++) {
        text.ptr[i] ^= 1;
        assert_int_equal(positions_parse(buf_str(&text), &again), -EINVAL);
        text.ptr[i] ^= 1;
    }
    assert_int_equal(again.files.len, 0);
    positions_free(&positions);
    buf_free(&text);
}

static void a_folder_belongs_to_one_sender_and_keeps_its_producer(void **state)
{
    char folder[] = "/tmp/jaga-position-XXXXXX", path[64];
    struct positions positions = {0}, again = {0};
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    int fd = positions_open(folder, &positions, &err);
    assert_true(fd >= 0);
    assert_true(positions.producer != 0);
    assert_int_equal(positions_save(fd, &positions), 0);
    assert_int_equal(positions_open(folder, &again, &err), -EWOULDBLOCK);
    close(fd);
    fd = positions_open(folder, &again, &err);
    assert_true(fd >= 0);
    assert_true(again.producer == positions.producer);
    close(fd);
    positions_free(&positions);
    positions_free(&again);
    snprintf(path, sizeof(path), "%s/positions", folder);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_was_cut_or_changed_is_never_taken_for_whole),
        cmocka_unit_test(a_folder_belongs_to_one_sender_and_keeps_its_producer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
