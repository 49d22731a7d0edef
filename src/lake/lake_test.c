#include "lake/lake_test.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

static struct buf answer;
static struct err failure;

bool test_library(void)
{
    const char *library = getenv("JAGA_DUCKDB");
    if (!library || access(library, R_OK) == 0)
        return true;
    printf("%s is missing: tools/duckdb.sh fetches it\n", library);
    return false;
}

const char *test_place(void)
{
    char *folder = NULL;
    const char *base = getenv("TMPDIR");
    assert_true(asprintf(&folder, "%s/jaga-lake-XXXXXX", base ? base : "/tmp") > 0);
    assert_non_null(mkdtemp(folder));
    return folder;
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

void test_place_remove(const char *place)
{
    nftw(place, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free((void *)(uintptr_t)place);
    buf_free(&answer);
}

struct lake *test_open(const struct lake_ops *ops, const char *place,
                       const struct lake_options *options)
{
    struct err err = {0};
    struct lake *lake = ops->open(place, options, &err);
    if (!lake)
        fail_msg("%s", err.message);
    return lake;
}

struct lake_cell test_cell(const char *name, enum lake_kind kind, const char *text)
{
    return (struct lake_cell){
        .name = str_from_c(name),
        .text = str_from_c(text),
        .kind = (uint8_t)kind,
        .column = (uint8_t)kind,
    };
}

struct lake_row test_row(uint64_t offset, int64_t time, struct lake_cell cells[static 2])
{
    static const char *const images[] = {"C:\\Windows\\System32\\cmd.exe",
                                         "C:\\Windows\\explorer.exe", "C:\\a.exe"};
    cells[0] = test_cell("Image", LAKE_TEXT, images[offset % 3]);
    cells[1] = test_cell("EventID", LAKE_INTEGER, offset % 2 ? "1" : "22");
    return (struct lake_row){
        .id = {.offset = offset},
        .time = time,
        .received = time + TIME_SECOND_US,
        .agency = STR("MOH"),
        .source = STR("dc01"),
        .dataset = STR("windows_sysmon"),
        .format = STR("json"),
        .raw = STR("{\"EventID\":1}"),
        .cells = cells,
        .n_cells = 2,
    };
}

void test_commit(const struct lake_ops *ops, struct lake *lake, uint32_t partition, uint64_t next)
{
    struct err err = {0};
    if (ops->commit(lake, &(struct lake_progress){partition, next}, 1, &err) < 0)
        fail_msg("%s", err.message);
}

void test_fill(const struct lake_ops *ops, struct lake *lake, uint64_t offset, uint32_t n,
               int64_t time)
{
    for (uint32_t i = 0; i < n; i++) {
        struct lake_cell cells[2];
        struct lake_row row = test_row(offset + i, time + i * TIME_SECOND_US, cells);
        assert_int_equal(ops->put(lake, &row), 0);
    }
    test_commit(ops, lake, 0, offset + n);
}

static void add_value(const struct lake_vector *vector, uint32_t row)
{
    char time[TIME_TEXT_MAX];
    if (lake_is_null(vector, row)) {
        buf_add_c(&answer, "NULL");
        return;
    }
    switch (vector->kind) {
    case LAKE_BOOLEAN:
        buf_add_c(&answer, vector->integers[row] ? "true" : "false");
        break;
    case LAKE_INTEGER:
        buf_add_i64(&answer, vector->integers[row]);
        break;
    case LAKE_DOUBLE:
        buf_printf(&answer, "%g", vector->doubles[row]);
        break;
    case LAKE_TIME:
        buf_add(&answer, time, time_format(vector->integers[row], time));
        break;
    default:
        buf_add_str(&answer, vector->texts[row]);
    }
}

static int take(const struct lake_ops *ops, struct lake_run *run)
{
    struct lake_chunk chunk;
    int status;
    while ((status = ops->next(run, &chunk, &failure)) == 1)
        for (uint32_t i = 0; i < chunk.n_rows; i++) {
            if (answer.len)
                buf_add_byte(&answer, '\n');
            for (uint32_t k = 0; k < chunk.n_columns; k++) {
                if (k)
                    buf_add_byte(&answer, '|');
                add_value(&chunk.columns[k], i);
            }
        }
    return status;
}

int test_ask_fails(const struct lake_ops *ops, struct lake *lake, const struct lake_query *query,
                   const char **ret_message)
{
    struct lake_run *run = NULL;
    buf_clear(&answer);
    failure = (struct err){0};
    int status = ops->ask(lake, query, &run, &failure);
    if (status == 0)
        status = take(ops, run);
    ops->done(run);
    buf_add_byte(&answer, '\0');
    *ret_message = failure.message;
    return status;
}

const char *test_ask_query(const struct lake_ops *ops, struct lake *lake,
                           const struct lake_query *query)
{
    const char *message;
    if (test_ask_fails(ops, lake, query, &message) < 0)
        fail_msg("%s", message);
    return answer.ptr;
}

const struct lake_source test_source = {
    .name = {"t", 1},
    .dataset = {"windows_sysmon", 14},
    .first = INT64_MIN,
    .last = INT64_MAX,
};

struct lake_query test_query(const char *sql)
{
    return (struct lake_query){
        .sql = str_from_c(sql), .sources = &test_source, .n_sources = 1, .scope = TEST_ALL};
}

const char *test_ask(const struct lake_ops *ops, struct lake *lake, const char *sql)
{
    const struct lake_query query = test_query(sql);
    return test_ask_query(ops, lake, &query);
}
