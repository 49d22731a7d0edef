#include "spool/record.h"

#include <errno.h>
#include <stdlib.h>

#include "base/test.h"
#include "spool/crc32c.h"
#include "spool/producers.h"

static void the_checksum_is_crc32c(void **state)
{
    (void)state;
    char bytes[100];
    /* RFC 3720, appendix B.4. */
    memset(bytes, 0, 32);
    assert_int_equal(crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_int_equal(crc32c(bytes, 32), 0x62a8ab43);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 31);
    for (size_t from = 0; from < 9; from++)
        for (size_t len = 0; from + len <= sizeof(bytes); len++)
            assert_int_equal(crc32c(bytes + from, len), crc32c_by_table(bytes + from, len));
}

static const uint32_t ends[] = {4, 5, 9};
static const struct spool_batch batch = {
    .agency = {"MOF", 3},
    .source = {"proxy", 5},
    .received = -5,
    .producer = UINT64_MAX,
    .sequence = 7,
    .format = 9,
    .door = 1,
    .n = 3,
    .ends = ends,
    .bytes = "one\n\nfor\n",
};

/* A placed record of `batch`; to be freed. */
static char *make_record(uint32_t *ret_size)
{
    uint32_t size = record_batch_size(&batch);
    char *bytes = malloc(size);
    assert_non_null(bytes);
    record_batch_write(bytes, 6, &batch);
    record_place(bytes, 1234, 42, 16, true);
    *ret_size = size;
    return bytes;
}

static void a_record_comes_back_as_it_was(void **state)
{
    (void)state;
    uint32_t size;
    char *bytes = make_record(&size);
    struct record record;
    struct spool_batch read;
    assert_int_equal(size % RECORD_ALIGN, 0);
    assert_int_equal(record_head_read(bytes, 1234, &record), 0);
    assert_int_equal(record.size, size);
    assert_int_equal(record.partition, 6);
    assert_int_equal(record.offset, 42);
    assert_int_equal(record.back, 16);
    assert_int_equal(record_body_check(bytes, &record), 0);
    assert_int_equal(record_batch_read(bytes, &record, &read), 0);
    assert_str(read.agency, "MOF");
    assert_str(read.source, "proxy");
    assert_str(read.hint, "");
    assert_true(read.received == -5);
    assert_true(read.producer == UINT64_MAX);
    assert_int_equal(read.n, 3);
    assert_str(spool_event(&read, 0), "one");
    assert_str(spool_event(&read, 1), "");
    assert_str(spool_event(&read, 2), "for");
    free(bytes);
}

static void a_record_in_another_place_is_none(void **state)
{
    (void)state;
    uint32_t size;
    char *bytes = make_record(&size);
    struct record record;
    assert_int_equal(record_head_read(bytes, 1242, &record), -EBADMSG);
    free(bytes);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    uint32_t size;
    char *bytes = make_record(&size);
    for (uint32_t bit = 0; bit < size * 8; bit++) {
        struct record record;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_true(record_head_read(bytes, 1234, &record) < 0 ||
                    record_body_check(bytes, &record) < 0);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(bytes);
}

static int set_up(void **state)
{
    struct producers *producers = calloc(1, sizeof(*producers));
    *state = producers;
    return producers ? producers_init(producers) : -1;
}

static int tear_down(void **state)
{
    producers_free(*state);
    free(*state);
    return 0;
}

static void what_was_queued_and_failed_may_come_again(void **state)
{
    struct producers *producers = *state;
    producers_queue(producers, 1, 10);
    producers_commit(producers, 1, 10);
    producers_queue(producers, 1, 11);
    producers_queue(producers, 2, 0);
    assert_true(producers_has(producers, 1, 11));
    assert_true(producers_has(producers, 2, 0));
    producers_rollback(producers);
    assert_true(producers_has(producers, 1, 10));
    assert_false(producers_has(producers, 1, 11));
    assert_false(producers_has(producers, 2, 0));
    uint64_t pairs[2][2];
    assert_int_equal(producers_copy(producers, pairs), 1);
    assert_true(pairs[0][0] == 1 && pairs[0][1] == 10);
}

static void batches_of_a_commit_become_durable_in_any_order(void **state)
{
    struct producers *producers = *state;
    for (uint64_t sequence = 1; sequence <= 3; sequence++)
        producers_queue(producers, 1, sequence);
    producers_commit(producers, 1, 3);
    producers_commit(producers, 1, 1);
    producers_commit(producers, 1, 2);
    producers_queue(producers, 1, 4);
    producers_rollback(producers);
    assert_true(producers_has(producers, 1, 3));
    assert_false(producers_has(producers, 1, 4));
}

static void the_producer_silent_longest_is_forgotten(void **state)
{
    struct producers *producers = *state;
    for (uint64_t id = 1; id <= PRODUCERS_MAX; id++) {
        assert_int_equal(producers_queue(producers, id, 5), 0);
        if (id != 3)
            producers_commit(producers, id, 5);
    }
    producers_queue(producers, 1, 6); /* 1 has spoken again, 3 waits for its commit: 2 goes */
    producers_commit(producers, 1, 6);
    assert_int_equal(producers_queue(producers, PRODUCERS_MAX + 1, 1), 0);
    assert_int_equal(producers_queue(producers, PRODUCERS_MAX + 2, 1), 0);
    assert_false(producers_has(producers, 2, 0));
    assert_false(producers_has(producers, 4, 0));
    assert_true(producers_has(producers, 1, 6));
    assert_true(producers_has(producers, 3, 5));
    assert_true(producers_has(producers, 5, 5));
    assert_true(producers_has(producers, PRODUCERS_MAX + 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_crc32c),
        cmocka_unit_test(a_record_comes_back_as_it_was),
        cmocka_unit_test(a_record_in_another_place_is_none),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test_setup_teardown(what_was_queued_and_failed_may_come_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(batches_of_a_commit_become_durable_in_any_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_producer_silent_longest_is_forgotten, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
