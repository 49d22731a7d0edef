/*
 * EVTX against real files, where they are at hand: the argument is the folder of test data. Skips,
 * saying so, where it is absent.
 */
#include "base/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "parse/collect_test.h"

static const char *data_folder;

/* Two paths joined, to be freed. */
static char *path_of(const char *folder, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

/* The folder within the data, to be freed, or the test is skipped. */
static char *folder_or_skip(const char *name)
{
    struct stat st;
    char *folder = path_of(data_folder ? data_folder : "", name);
    if (stat(folder, &st) < 0) {
        print_message("skipped: no test data at %s\n", folder);
        free(folder);
        skip();
    }
    return folder;
}

static bool read_file(const char *path, struct buf *file)
{
    FILE *in = fopen(path, "rb");
    char block[65536];
    if (!in)
        return false;
    for (size_t len; (len = fread(block, 1, sizeof(block), in)) > 0;)
        buf_add(file, block, len);
    fclose(in);
    return !file->failed;
}

static struct collection read_events(const char *path)
{
    struct buf file = {0};
    if (!read_file(path, &file))
        fail_msg("%s cannot be read", path);
    struct collection got = collect(format_recognise(buf_str(&file)), buf_str(&file),
                                    &(struct parse_options){0}, SIZE_MAX);
    buf_free(&file);
    return got;
}

/*
 * In one file two pages never written lie before the chunk's last records; the reference stops
 * there without a word, and so do we, with one: that is one error more.
 */
static void every_listed_file_gives_its_records_and_errors(void **state)
{
    (void)state;
    char *folder = folder_or_skip("evtx/parser"), *list_path = path_of(folder, "expected.csv");
    struct buf list = {0};
    assert_true(read_file(list_path, &list));
    free(list_path);
    struct str rest = buf_str(&list), line, name, records, errors;
    str_cut_line(&rest, &line);
    while (str_cut_line(&rest, &line)) {
        uint64_t n_records = 0, n_errors = 0;
        assert_true(str_cut(&line, ',', &name) && str_cut(&line, ',', &records));
        errors = line;
        assert_int_equal(str_to_u64(records, &n_records), 0);
        assert_int_equal(str_to_u64(errors, &n_errors), 0);
        char *file;
        assert_true(asprintf(&file, "%s/%.*s", folder, STR_ARG(name)) > 0);
        struct collection got = read_events(file);
        if (strstr(got.errors.ptr, "unwritten space"))
            n_errors++;
        if (got.count != n_records || got.n_errors != n_errors)
            fail_msg("%s: %u records, %u errors; expected %llu, %llu", file, got.count,
                     got.n_errors, (unsigned long long)n_records, (unsigned long long)n_errors);
        collection_free(&got);
        free(file);
    }
    buf_free(&list);
    free(folder);
}

static unsigned attack_files, attack_records, attack_errors;

static int count_attack(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    if (type != FTW_F || !str_ends(str_from_c(path), STR(".evtx")))
        return 0;
    struct collection got = read_events(path);
    attack_files++;
    attack_records += got.count;
    attack_errors += got.n_errors;
    collection_free(&got);
    return 0;
}

static void every_record_of_the_attack_samples_is_read(void **state)
{
    (void)state;
    char *folder = folder_or_skip("evtx/attack-samples");
    nftw(folder, count_attack, 16, FTW_PHYS);
    free(folder);
    assert_int_equal(attack_files, 277);
    assert_int_equal(attack_records, 8255);
    assert_int_equal(attack_errors, 0);
}

/* The events of a file as sorted lines of name=value, to compare two forms of one log. */
struct lines {
    struct sink sink;
    struct buf text;
};

static int by_text(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    return str_compare(*x, *y);
}

/*
 * evtx_dump, which wrote the JSON, drops white space at the end of values, gives times to what
 * its version does, and writes null for elements that Windows leaves out. One file was edited by
 * hand: Explorer.exe for EXE; so case does not count.
 */
static struct str comparable(struct str name, struct str text)
{
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == 'Z'))
        text.len--;
    if (str_eq(name, STR("TimeCreated_SystemTime")))
        text = str_first(text, 26);
    return text;
}

static int add_lines(struct sink *sink, struct event *event)
{
    struct lines *lines = (struct lines *)sink;
    VEC(struct str) all = {0};
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        struct str name = str_of(slot->name, slot->name_len);
        struct str text = comparable(name, event_text(event, slot));
        if (slot->type == VALUE_NULL)
            continue;
        struct str line = arena_printf(event->scratch, "%.*s=%.*s", STR_ARG(name), STR_ARG(text));
        assert_int_equal(vec_push(&all, line), 0);
    }
    qsort(all.items, all.len, sizeof(*all.items), by_text);
    for (size_t i = 0; i < all.len; i++) {
        buf_add_str(&lines->text, all.items[i]);
        buf_add_byte(&lines->text, '\n');
    }
    vec_free(&all);
    return 0;
}

static void no_error(struct sink *sink, const struct parse_error *error)
{
    (void)sink;
    fail_msg("%s", error->message);
}

static struct buf lines_of(const char *path)
{
    struct lines lines = {.sink = {add_lines, no_error}};
    struct buf file = {0};
    struct fields fields;
    assert_true(read_file(path, &file));
    assert_int_equal(fields_init(&fields), 0);
    struct parser *parser = parser_new(&fields, &(struct parse_options){0});
    const struct format *format = format_recognise(buf_str(&file));
    struct cutter cutter = {.format = format};
    struct chunk chunk = {0};
    for (struct str rest = buf_str(&file); rest.len;) {
        size_t taken = format->cut(&cutter, rest, true, &chunk.body);
        chunk.header = buf_str(&cutter.header);
        assert_int_equal(parser_run(parser, format, &chunk, &lines.sink), 0);
        rest = str_skip(rest, taken);
    }
    buf_free(&cutter.header);
    parser_free(parser);
    fields_free(&fields);
    buf_free(&file);
    buf_add_byte(&lines.text, 0);
    return lines.text;
}

static unsigned pairs;

static int compare_pair(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    struct stat json_st;
    char *json;
    struct str name = str_from_c(path);
    if (type != FTW_F || !str_ends(name, STR(".evtx")))
        return 0;
    assert_true(asprintf(&json, "%.*s.json", (int)name.len - 5, path) > 0);
    if (stat(json, &json_st) < 0) {
        free(json);
        return 0;
    }
    struct buf from_evtx = lines_of(path), from_json = lines_of(json);
    if (strcasecmp(from_evtx.ptr, from_json.ptr) != 0)
        fail_msg("%s and its JSON differ:\n%s\n%s", path, from_evtx.ptr, from_json.ptr);
    buf_free(&from_evtx);
    buf_free(&from_json);
    free(json);
    pairs++;
    return 0;
}

static void an_event_is_the_same_from_evtx_and_from_json(void **state)
{
    (void)state;
    char *folder = folder_or_skip("sigma/regression_data");
    nftw(folder, compare_pair, 16, FTW_PHYS);
    free(folder);
    assert_true(pairs > 0);
}

int main(int argc, char **argv)
{
    data_folder = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_listed_file_gives_its_records_and_errors),
        cmocka_unit_test(every_record_of_the_attack_samples_is_read),
        cmocka_unit_test(an_event_is_the_same_from_evtx_and_from_json),
    };
    return cmocka_run_group_tests_name("parse/evtx_samples", tests, NULL, NULL);
}
