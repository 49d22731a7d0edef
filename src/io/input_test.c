#include "base/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/content.h"
#include "io/input.h"

static char folder[] = "/tmp/jaga-io-test-XXXXXX";
static char path_text[256];

static const char *path_of(const char *name)
{
    snprintf(path_text, sizeof(path_text), "%s/%s", folder, name);
    return path_text;
}

static void write_file(const char *name, struct str bytes)
{
    assert_int_equal(file_write(path_of(name), bytes), 0);
}

/* An archive in memory: a format and a filter of libarchive, members as name, content pairs. */
static struct buf pack(int format, int filter, const char *const *members)
{
    struct buf out = {0};
    size_t cap = 8u << 20, used = 0;
    char *to = buf_reserve(&out, cap);
    struct archive *archive = archive_write_new();
    assert_int_equal(archive_write_set_format(archive, format), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(archive, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(archive, to, cap, &used), ARCHIVE_OK);
    for (; members[0]; members += 2) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[0]);
        archive_entry_set_size(entry, (la_int64_t)strlen(members[1]));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, 1600000000, 0);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        archive_write_data(archive, members[1], strlen(members[1]));
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    out.len = used;
    return out;
}

/* Everything an input says, as text: "path=content;" and "path!error;". */
static void read_all(const char *name, const struct unpack_limits *limits, struct buf *out)
{
    static const struct unpack_limits standard = {UNPACK_BYTES_MAX, UNPACK_RATIO_MAX,
                                                  UNPACK_MEMBERS_MAX};
    struct walk_file file = {.path = path_of(name), .given = true};
    struct err err = {0};
    struct input *input = input_open(&file, limits ? limits : &standard, &err);
    struct input_stream stream;
    int status;
    buf_clear(out);
    assert_non_null(input);
    while ((status = input_next(input, &stream, &err)) != 0) {
        struct str shown = str_skip(stream.path, strlen(folder) + 1);
        buf_add_str(out, shown);
        if (status < 0) {
            buf_printf(out, "!%s;", err.message);
            continue;
        }
        buf_add_byte(out, '=');
        buf_add_str(out, stream.map.bytes);
        char bytes[1000];
        ssize_t got = 0;
        while (!stream.map.bytes.ptr && (got = input_read(input, bytes, sizeof(bytes), &err)) > 0)
            if (out->len < 4096)
                buf_add(out, bytes, (size_t)got);
        if (got < 0)
            buf_printf(out, "!%s", err.message);
        buf_add_byte(out, ';');
        file_unmap(&stream.map);
    }
    input_close(input);
}

static void a_plain_file_is_one_stream(void **state)
{
    struct buf out = {0};
    (void)state;
    write_file("a.gz", STR("no gzip at all"));
    read_all("a.gz", NULL, &out);
    assert_str(buf_str(&out), "a.gz=no gzip at all;");
    write_file("empty", STR(""));
    read_all("empty", NULL, &out);
    assert_str(buf_str(&out), "empty=;");
    buf_free(&out);
}

static void compressed_files_are_opened_by_content(void **state)
{
    static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ,
                                  ARCHIVE_FILTER_ZSTD};
    struct buf out = {0};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct buf packed =
            pack(ARCHIVE_FORMAT_RAW, filters[i], (const char *[]){"x", "hello", NULL});
        write_file("log.txt", buf_str(&packed));
        read_all("log.txt", NULL, &out);
        assert_str(buf_str(&out), "log.txt=hello;");
        buf_free(&packed);
    }
    buf_free(&out);
}

static void archives_give_their_members_and_what_is_packed_in_them(void **state)
{
    struct buf out = {0};
    (void)state;
    struct buf tar = pack(ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP,
                          (const char *[]){"d/one", "1", "two", "22", NULL});
    write_file("t", buf_str(&tar));
    read_all("t", NULL, &out);
    assert_str(buf_str(&out), "t:d/one=1;t:two=22;");

    struct buf zip = pack(ARCHIVE_FORMAT_ZIP, ARCHIVE_FILTER_NONE,
                          (const char *[]){"x.json", "{}", "y", "yy", NULL});
    write_file("z", buf_str(&zip));
    read_all("z", NULL, &out);
    assert_str(buf_str(&out), "z:x.json={};z:y=yy;");
    buf_free(&tar);
    buf_free(&zip);
    buf_free(&out);
}

static void what_is_read_before_the_damage_counts(void **state)
{
    struct buf out = {0};
    char *text = malloc(300001);
    (void)state;
    for (size_t i = 0; i < 300000; i++)
        text[i] = (char)('a' + (i * i / 7 + i) % 26);
    text[300000] = '\0';
    struct buf packed =
        pack(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_GZIP, (const char *[]){"x", text, NULL});
    write_file("cut", str_first(buf_str(&packed), packed.len / 2));
    read_all("cut", NULL, &out);
    assert_true(out.len > 4000);
    assert_int_not_equal(str_find(buf_str(&out), STR("!archive is damaged")), SIZE_MAX);
    assert_memory_equal(out.ptr, "cut=", 4);
    assert_memory_equal(out.ptr + 4, text, 4000);
    buf_free(&packed);
    buf_free(&out);
    free(text);
}

static void limits_stop_an_archive_with_a_word(void **state)
{
    struct buf out = {0};
    (void)state;
    struct buf tar = pack(ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP,
                          (const char *[]){"a", "1", "b", "2", "c", "3", NULL});
    write_file("t", buf_str(&tar));
    read_all("t", &(struct unpack_limits){100, 1000, 2}, &out);
    assert_str(buf_str(&out), "t:a=1;t:b=2;t!archive has more than 2 members (--unpack-members);");
    read_all("t", &(struct unpack_limits){1, 1000, 10}, &out);
    assert_int_not_equal(str_find(buf_str(&out), STR("(--unpack-max)")), SIZE_MAX);
    buf_free(&tar);
    buf_free(&out);
}

static void a_bomb_is_told_by_its_ratio(void **state)
{
    struct buf out = {0};
    size_t len = 4u << 20;
    char *zeros = calloc(1, len + 1);
    (void)state;
    memset(zeros, '0', len);
    const char *members[2 * 20 + 1] = {0};
    for (size_t i = 0; i < 20; i++) {
        members[2 * i] = "m";
        members[2 * i + 1] = zeros;
    }
    struct buf packed = pack(ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_XZ, members);
    write_file("bomb", buf_str(&packed));
    read_all("bomb", NULL, &out);
    assert_int_not_equal(str_find(buf_str(&out), STR("taken for a zip bomb")), SIZE_MAX);
    read_all("bomb", &(struct unpack_limits){UNPACK_BYTES_MAX, 1000000, 100}, &out);
    assert_int_equal(str_find(buf_str(&out), STR("taken for a zip bomb")), SIZE_MAX);
    buf_free(&packed);
    buf_free(&out);
    free(zeros);
}

static unsigned walk_errors;

static void on_walk_error(void *context, const char *path, int code)
{
    (void)context;
    (void)path;
    (void)code;
    walk_errors++;
}

static void a_walk_is_sorted_and_follows_no_links(void **state)
{
    struct walk walk;
    struct buf names = {0};
    (void)state;
    mkdir(path_of("w"), 0755);
    mkdir(path_of("w/b"), 0755);
    mkdir(path_of("w/a"), 0755);
    write_file("w/z", STR("1"));
    write_file("w/a/2", STR("22"));
    write_file("w/a/1", STR(""));
    write_file("w/b/1", STR("1"));
    assert_int_equal(symlink("..", path_of("w/a/loop")), 0);
    assert_int_equal(mkfifo(path_of("w/fifo"), 0644), 0);
    walk_init(&walk, on_walk_error, NULL);
    walk_errors = 0;
    assert_int_equal(walk_add(&walk, path_of("w/")), 0);
    assert_int_equal(walk_add(&walk, path_of("nothing here")), 0);
    for (size_t i = 0; i < walk.files.len; i++)
        buf_printf(&names, "%s ", walk.files.items[i].path + strlen(folder) + 1);
    assert_str(buf_str(&names), "w/z w/a/1 w/a/2 w/b/1 ");
    assert_int_equal(walk.bytes, 4);
    assert_int_equal(walk.links_skipped, 1);
    assert_int_equal(walk.special_skipped, 1);
    assert_int_equal(walk_errors, 1);
    buf_free(&names);
    walk_free(&walk);
}

static void a_file_that_shrinks_reads_as_zeros_and_tells(void **state)
{
    struct file_map map;
    char *bytes = calloc(1, 20000);
    (void)state;
    memset(bytes, 'x', 20000);
    write_file("shrinks", str_of(bytes, 20000));
    int fd = open(path_of("shrinks"), O_RDWR);
    assert_int_equal(file_guard(), 0);
    assert_int_equal(file_map(fd, 20000, &map), 0);
    assert_int_equal(map.bytes.ptr[19999], 'x');
    assert_false(file_shrank(&map));
    assert_int_equal(ftruncate(fd, 100), 0);
    assert_int_equal(map.bytes.ptr[10], 'x');
    assert_int_equal(map.bytes.ptr[19999], 0);
    assert_true(file_shrank(&map));
    file_unmap(&map);
    close(fd);
    free(bytes);
}

static void a_folder_replaces_the_content_area_by_area(void **state)
{
    struct content own, mixed;
    struct err err;
    (void)state;
    assert_int_equal(content_open(&own, NULL, &err), 0);
    assert_non_null(content_find(&own, STR("README.md")));
    mkdir(path_of("c"), 0755);
    mkdir(path_of("c/datasets"), 0755);
    write_file("c/datasets/mine.yaml", STR("name: mine\n"));
    assert_int_equal(content_open(&mixed, path_of("c"), &err), 0);
    size_t datasets = 0;
    for (size_t i = 0; i < mixed.files.len; i++)
        datasets += str_starts(mixed.files.items[i].name, STR("datasets/"));
    assert_int_equal(datasets, 1);
    assert_str(content_find(&mixed, STR("datasets/mine.yaml"))->bytes, "name: mine\n");
    assert_non_null(content_find(&mixed, STR("README.md")));
    content_close(&own);
    content_close(&mixed);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

/* Removes everything this test has made; names are known, nothing else is in there. */
static int remove_folder(void **state)
{
    static const char *const names[] = {
        "w/a/1",      "w/a/2", "w/a/loop", "w/a",   "w/b/1",
        "w/b",        "w/z",   "w/fifo",   "w",     "c/datasets/mine.yaml",
        "c/datasets", "c",     "a.gz",     "empty", "log.txt",
        "t",          "z",     "cut",      "bomb",  "shrinks",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(path_of(names[i]));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_is_one_stream),
        cmocka_unit_test(compressed_files_are_opened_by_content),
        cmocka_unit_test(archives_give_their_members_and_what_is_packed_in_them),
        cmocka_unit_test(what_is_read_before_the_damage_counts),
        cmocka_unit_test(limits_stop_an_archive_with_a_word),
        cmocka_unit_test(a_bomb_is_told_by_its_ratio),
        cmocka_unit_test(a_walk_is_sorted_and_follows_no_links),
        cmocka_unit_test(a_file_that_shrinks_reads_as_zeros_and_tells),
        cmocka_unit_test(a_folder_replaces_the_content_area_by_area),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
