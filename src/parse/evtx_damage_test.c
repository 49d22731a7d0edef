/* EVTX that is damaged, cut off, or made to harm its reader. */
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "parse/collect_test.h"
#include "parse/evtx.h"
#include "parse/evtx_build.h"
#include "parse/evtx_sample_test.h"

/* Parses a whole file; what came of it is in the collection, to be freed. */
static struct collection parse_with(struct str file, struct parse_options options)
{
    return collect(&format_evtx, file, &options, SIZE_MAX);
}

static struct collection parse(struct str file)
{
    return parse_with(file, (struct parse_options){0});
}

/* A file of so many events. */
static struct str many_events(struct evtx_builder *builder, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        char command[64];
        snprintf(command, sizeof(command), "run %u", i);
        sample_event(builder, i, command);
    }
    return evtx_build_finish(builder);
}

/* A copy of the file that a test may damage. */
static struct buf damaged_copy(struct str file)
{
    struct buf copy = {0};
    buf_add_str(&copy, file);
    assert_false(copy.failed);
    return copy;
}

/* The offset of record number `index`, from 0, in the first chunk. */
static size_t record_offset(const struct buf *file, unsigned index)
{
    size_t at = 4096 + 512;
    while (index--)
        at += evtx_u32((const unsigned char *)file->ptr + at + 4);
    return at;
}

static void a_wrong_file_header_is_no_obstacle(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct buf file = damaged_copy(many_events(&builder, 300));
    memset(file.ptr + 8, 0xFF, 32);
    memset(file.ptr + 42, 0, 90);
    struct collection got = parse(buf_str(&file));
    assert_int_equal(got.count, 300);
    collection_free(&got);
    memset(file.ptr, 0, 8);
    assert_ptr_equal(format_recognise(buf_str(&file)), &format_evtx);
    got = parse(str_skip(buf_str(&file), 4096));
    assert_int_equal(got.count, 300);
    assert_int_equal(got.errors.len, 0);
    collection_free(&got);
    buf_free(&file);
    evtx_build_free(&builder);
}

static void a_damaged_record_is_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct str good = many_events(&builder, 10);
    char expected[128];

    struct buf file = damaged_copy(good);
    size_t at = record_offset(&file, 4);
    file.ptr[at + 24 + 4] = 0x77; /* not a token */
    struct collection got = parse(buf_str(&file));
    assert_int_equal(got.count, 9);
    snprintf(expected, sizeof(expected), "%zu 5: an unknown BinXml token\n", at);
    assert_string_equal(got.errors.ptr, expected);
    collection_free(&got);
    buf_free(&file);

    file = damaged_copy(good);
    memset(file.ptr + at, 0, 8);
    got = parse(buf_str(&file));
    assert_int_equal(got.count, 9);
    snprintf(expected, sizeof(expected), "%zu 0: damaged record: its header makes no sense\n", at);
    assert_string_equal(got.errors.ptr, expected);
    collection_free(&got);
    buf_free(&file);
    evtx_build_free(&builder);
}

static void records_of_another_time_behind_damage_are_left_alone(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct buf file = damaged_copy(many_events(&builder, 10));
    size_t at = record_offset(&file, 4);
    memset(file.ptr + at, 0x55, 8);
    for (unsigned i = 5; i < 10; i++) {
        size_t later = at + evtx_u32((const unsigned char *)builder.file.ptr + at + 4);
        file.ptr[later + 8 + 3] = 1; /* a high record number */
        at = later;
    }
    struct collection got = parse(buf_str(&file));
    assert_int_equal(got.count, 4);
    assert_int_equal(got.n_errors, 1);
    collection_free(&got);
    got = parse_with(buf_str(&file), (struct parse_options){.recover = true});
    assert_int_equal(got.count, 9);
    collection_free(&got);
    buf_free(&file);
    evtx_build_free(&builder);
}

static void a_file_cut_off_anywhere_is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct str file = many_events(&builder, 20);
    unsigned count = 0;
    for (size_t len = 0; len < 4096 + 65536; len += len < 4096 + 512 + 12000 ? 97 : 5001) {
        struct collection got = parse(str_first(file, len));
        assert_true(got.count >= count);
        count = got.count;
        if (len > 0 && count < 20)
            assert_true(got.n_errors == 1 || len == 4096 || got.n_errors == 0);
        collection_free(&got);
    }
    assert_int_equal(count, 20);
    evtx_build_free(&builder);
}

static void a_file_cut_off_between_chunks_says_that_its_end_is_missing(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct str file = many_events(&builder, 300);
    size_t chunks = (file.len - 4096) / EVTX_CHUNK_SIZE;
    assert_true(chunks >= 2);
    for (size_t kept = 0; kept < chunks; kept++) {
        struct collection got = parse(str_first(file, 4096 + kept * EVTX_CHUNK_SIZE));
        assert_int_equal(got.n_errors, 1);
        assert_non_null(strstr(got.errors.ptr, "before the last of the chunks"));
        assert_true((got.count > 0) == (kept > 0));
        collection_free(&got);
    }
    evtx_build_free(&builder);
}

static void zeros_are_no_damage_and_anything_else_is(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct buf file = damaged_copy(many_events(&builder, 10));
    char *room = buf_reserve(&file, 3 * EVTX_CHUNK_SIZE);
    memset(room, 0, 3 * EVTX_CHUNK_SIZE);
    file.len += 3 * EVTX_CHUNK_SIZE;
    struct collection got = parse(buf_str(&file));
    assert_int_equal(got.count, 10);
    assert_int_equal(got.n_errors, 0);
    collection_free(&got);
    file.ptr[file.len - EVTX_CHUNK_SIZE - 7] = 1;
    got = parse(buf_str(&file));
    assert_int_equal(got.count, 10);
    assert_string_equal(got.errors.ptr, "135168 0: no chunk where one should be\n");
    collection_free(&got);
    buf_free(&file);
    evtx_build_free(&builder);
}

static void an_empty_log_has_no_events(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct collection got = parse(evtx_build_finish(&builder));
    assert_int_equal(got.count, 0);
    assert_int_equal(got.n_errors, 0);
    collection_free(&got);
    got = parse(STR(""));
    assert_int_equal(got.count, 0);
    assert_int_equal(got.n_errors, 0);
    collection_free(&got);
    evtx_build_free(&builder);
}

static void recovery_finds_records_in_slack_once(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct buf file = damaged_copy(many_events(&builder, 10));
    /* The chunk forgets its last four records; one of them was also read. */
    size_t end = record_offset(&file, 6), last = record_offset(&file, 5);
    size_t slack =
        record_offset(&file, 9) + evtx_u32((unsigned char *)file.ptr + record_offset(&file, 9) + 4);
    memcpy(file.ptr + slack, file.ptr + last, end - last);
    for (size_t i = 0; i < 4; i++) {
        file.ptr[4096 + 44 + i] = (char)((last - 4096) >> 8 * i);
        file.ptr[4096 + 48 + i] = (char)((end - 4096) >> 8 * i);
    }
    struct collection got = parse(buf_str(&file));
    assert_int_equal(got.count, 6);
    collection_free(&got);
    got = parse_with(buf_str(&file), (struct parse_options){.recover = true});
    assert_int_equal(got.count, 10);
    assert_int_equal(got.n_errors, 0);
    collection_free(&got);
    buf_free(&file);
    evtx_build_free(&builder);
}

static void chunks_that_lost_their_place_or_their_header_are_found(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct str file = many_events(&builder, 10);
    struct buf moved = {0};
    buf_add_str(&moved, str_first(file, 4096));
    buf_add_str(&moved, STR("not a chunk ElfChnk\0 at all"));
    buf_add_str(&moved, str_skip(file, 4096));
    struct collection got = parse(buf_str(&moved));
    assert_int_equal(got.count, 10);
    assert_string_equal(got.errors.ptr, "4096 0: no chunk where one should be\n");
    collection_free(&got);
    buf_free(&moved);

    struct buf beheaded = damaged_copy(file);
    memset(beheaded.ptr + 4096, 'x', 512);
    got = parse(buf_str(&beheaded));
    assert_int_equal(got.count, 0);
    assert_int_equal(got.n_errors, 1);
    collection_free(&got);
    got = parse_with(buf_str(&beheaded), (struct parse_options){.recover = true});
    assert_int_equal(got.count, 10);
    collection_free(&got);
    buf_free(&beheaded);
    evtx_build_free(&builder);
}

/* Whatever is in the record, the reader says why it does not take it. */
static void assert_refused(struct evtx_builder *builder, const char *why)
{
    struct collection got = parse(evtx_build_finish(builder));
    assert_int_equal(got.count, 0);
    assert_int_equal(got.n_errors, 1);
    assert_non_null(strstr(got.errors.ptr, why));
    collection_free(&got);
    evtx_build_free(builder);
}

static void elements_nested_too_deep_are_refused(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    for (int i = 0; i < 1000; i++) {
        evtx_build_open(&builder, "E", EVTX_NO_DEPENDENCY, false);
        evtx_build_content(&builder);
    }
    evtx_build_record_end(&builder);
    assert_refused(&builder, "nested too deep");
}

static void fragments_nested_too_deep_are_refused(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    size_t sizes[20];
    for (int i = 0; i < 20; i++) {
        if (i)
            evtx_build_fragment(&builder);
        if (evtx_build_template(&builder, 5)) {
            evtx_build_open(&builder, "E", EVTX_NO_DEPENDENCY, false);
            evtx_build_content(&builder);
            evtx_build_substitution(&builder, 0, EVTX_BINXML, false);
            evtx_build_close(&builder);
            evtx_build_template_end(&builder);
        }
        evtx_build_u32(&builder, 1);
        sizes[i] = builder.file.len;
        evtx_build_u16(&builder, 0);
        evtx_build_u16(&builder, EVTX_BINXML);
    }
    for (int i = 0; i < 20; i++) {
        size_t size = builder.file.len - sizes[i] - 4;
        builder.file.ptr[sizes[i]] = (char)size;
        builder.file.ptr[sizes[i] + 1] = (char)(size >> 8);
    }
    evtx_build_record_end(&builder);
    assert_refused(&builder, "nested too deep");
}

static void a_value_used_thousands_of_times_is_refused(void **state)
{
    (void)state;
    static char bytes[8000];
    struct evtx_build_value value = {EVTX_BINARY, bytes, sizeof(bytes)};
    struct evtx_builder builder = {0};
    begin_data(&builder);
    for (int i = 0; i < 1500; i++) {
        evtx_build_open(&builder, "E", EVTX_NO_DEPENDENCY, false);
        evtx_build_content(&builder);
        evtx_build_substitution(&builder, 0, EVTX_BINARY, false);
        evtx_build_close(&builder);
    }
    finish_data(&builder, &value, 1);
    assert_refused(&builder, "too often");
}

static void what_points_outside_the_chunk_is_refused(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    evtx_build_bytes(&builder, "\x01\0\0\0\0\xF0\xFF\xFF\xFF\x02\x04", 11);
    evtx_build_record_end(&builder);
    assert_refused(&builder, "a name lies outside the chunk");

    evtx_build_record(&builder, 1, A_TIME);
    evtx_build_bytes(&builder, "\x0C\x01\0\0\0\0\xF0\xFF\xFF\xFF\0\0\0\0", 14);
    evtx_build_record_end(&builder);
    assert_refused(&builder, "a template lies outside the chunk");

    begin_data(&builder);
    add_data(&builder, "X", 0);
    evtx_build_close(&builder);
    evtx_build_close(&builder);
    evtx_build_template_end(&builder);
    evtx_build_bytes(&builder, "\x01\0\0\0\xFF\xFF\x01\0", 8);
    evtx_build_record_end(&builder);
    assert_refused(&builder, "a value ends outside its record");
}

static void a_value_refers_to_no_template_that_is_itself(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    uint32_t at = evtx_build_offset(&builder);
    evtx_build_bytes(&builder, "\x0C\x01\0\0\0\0", 6);
    evtx_build_u32(&builder, at); /* its definition is the instance */
    evtx_build_record_end(&builder);
    struct collection got = parse(evtx_build_finish(&builder));
    assert_int_equal(got.count, 0);
    assert_int_equal(got.n_errors, 1);
    collection_free(&got);
    evtx_build_free(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_file_header_is_no_obstacle),
        cmocka_unit_test(a_damaged_record_is_reported_and_the_rest_is_read),
        cmocka_unit_test(records_of_another_time_behind_damage_are_left_alone),
        cmocka_unit_test(a_file_cut_off_anywhere_is_read_as_far_as_it_goes),
        cmocka_unit_test(a_file_cut_off_between_chunks_says_that_its_end_is_missing),
        cmocka_unit_test(zeros_are_no_damage_and_anything_else_is),
        cmocka_unit_test(an_empty_log_has_no_events),
        cmocka_unit_test(recovery_finds_records_in_slack_once),
        cmocka_unit_test(chunks_that_lost_their_place_or_their_header_are_found),
        cmocka_unit_test(elements_nested_too_deep_are_refused),
        cmocka_unit_test(fragments_nested_too_deep_are_refused),
        cmocka_unit_test(a_value_used_thousands_of_times_is_refused),
        cmocka_unit_test(what_points_outside_the_chunk_is_refused),
        cmocka_unit_test(a_value_refers_to_no_template_that_is_itself),
    };
    return cmocka_run_group_tests_name("parse/evtx_damage", tests, NULL, NULL);
}
