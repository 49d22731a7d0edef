#include "lake/exported.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/utf8.h"
#include "io/file.h"
#include "lake/duckdb.h"
#include "lake/lines.h"

bool exported_is_parquet(const char *path)
{
    return str_ends(str_from_c(path), STR(".parquet"));
}

/* ---- a Parquet file, and an instance of DuckDB that reads nothing else ---- */

struct parquet {
    const struct duck *duck;
    int file;
    struct duck_database *database;
    struct duck_connection *connection;
    struct duck_prepared *prepared;
    struct duck_pending *pending;
    struct duck_result result;
    bool executed; /* there is a result to destroy */
};

/* The problem that DuckDB describes, without the descriptor and our SQL. */
static int parquet_fail(const char *problem, struct err *err)
{
    struct str text = str_from_c(problem ? problem : "it is no Parquet file");
    text = str_first(text, str_find(text, STR(" '/proc/self/fd/")));
    text = str_first(text, str_index(text, '\n'));
    return err_set(err, statement_code(problem ? problem : ""), "%.*s", STR_ARG(text));
}

static int run_sql(struct parquet *parquet, const char *sql, struct err *err)
{
    struct duck_result result;
    int status = 0;
    if (parquet->duck->query(parquet->connection, sql, &result) != DUCK_OK)
        status = statement_fail(err, parquet->duck->result_error(&result));
    parquet->duck->destroy_result(&result);
    return status;
}

/* In memory: nothing is spilled, and nothing is left behind. */
static int open_instance(struct parquet *parquet, const struct lake_options *options,
                         struct err *err)
{
    const struct duck *duck = parquet->duck;
    struct duck_config *config = NULL;
    char memory[32], *problem = NULL;
    int status = 0;
    snprintf(memory, sizeof(memory), "%" PRIu64 "B",
             options->memory ? options->memory : EXPORTED_MEMORY);
    if (duck->create_config(&config) != DUCK_OK)
        return err_set(err, -ENOMEM, "no memory");
    if (duck->set_config(config, "memory_limit", memory) != DUCK_OK ||
        duck->set_config(config, "temp_directory", "") != DUCK_OK)
        status = err_set(err, -EINVAL, "the library refuses its settings");
    else if (duck->open_ext(NULL, &parquet->database, config, &problem) != DUCK_OK)
        status = statement_fail(err, problem);
    else if (duck->connect(parquet->database, &parquet->connection) != DUCK_OK)
        status = err_set(err, -ENOMEM, "no memory");
    duck->free(problem);
    duck->destroy_config(&config);
    return status;
}

static void parquet_close(struct parquet *parquet)
{
    const struct duck *duck = parquet->duck;
    if (parquet->executed)
        duck->destroy_result(&parquet->result);
    if (parquet->pending)
        duck->destroy_pending(&parquet->pending);
    if (parquet->prepared)
        duck->destroy_prepare(&parquet->prepared);
    if (parquet->connection)
        duck->disconnect(&parquet->connection);
    if (parquet->database)
        duck->close(&parquet->database);
    if (parquet->file >= 0)
        close(parquet->file);
}

/*
 * The file goes by its descriptor: a name might be a pattern for several. From then on SQL reads nothing else, and
 * cannot change that.
 */
static int parquet_open(const char *path, const struct lake_options *options,
                        struct parquet *ret_parquet, struct err *err)
{
    char sql[512];
    *ret_parquet = (struct parquet){.duck = duck_load(options->library, err), .file = -1};
    if (!ret_parquet->duck)
        return err->code;
    ret_parquet->file = open(path, O_RDONLY | O_CLOEXEC);
    if (ret_parquet->file < 0)
        return err_set(err, -errno, "%s", strerror(errno));
    snprintf(sql, sizeof(sql),
             "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET "
             "allowed_paths = ['/proc/self/fd/%d']; SET enable_external_access = false; SET "
             "lock_configuration = true",
             ret_parquet->file);
    int status = open_instance(ret_parquet, options, err);
    if (status == 0)
        status = run_sql(ret_parquet, sql, err);
    if (status < 0)
        parquet_close(ret_parquet);
    return status;
}

/* Columns of all rows, as they are in the file. */
static int parquet_select(struct parquet *parquet, const char *columns, struct err *err)
{
    const struct duck *duck = parquet->duck;
    char sql[1024];
    snprintf(sql, sizeof(sql), "SELECT %s FROM read_parquet('/proc/self/fd/%d')", columns,
             parquet->file);
    if (duck->prepare(parquet->connection, sql, &parquet->prepared) != DUCK_OK)
        return parquet_fail(duck->prepare_error(parquet->prepared), err);
    if (duck->pending_prepared_streaming(parquet->prepared, &parquet->pending) != DUCK_OK)
        return parquet_fail(duck->pending_error(parquet->pending), err);
    parquet->executed = true;
    if (duck->execute_pending(parquet->pending, &parquet->result) != DUCK_OK)
        return parquet_fail(duck->result_error(&parquet->result), err);
    return 0;
}

/* ---- its rows as lines ---- */

struct lining {
    struct lines lines;
    int (*write)(void *context, struct str lines);
    void *context;
    struct err *err;
};

static int take_lines(void *context, const struct lake_chunk *chunk)
{
    struct lining *lining = context;
    return lines_add(&lining->lines, chunk, lining->write, lining->context, lining->err);
}

int exported_write_lines(const char *path, const struct lake_options *options,
                         int (*write)(void *context, struct str lines), void *context,
                         struct err *err)
{
    struct parquet parquet;
    struct lining lining = {.write = write, .context = context, .err = err};
    int status = parquet_open(path, options, &parquet, err);
    if (status < 0)
        return err_in(err, str_from_c(path));
    status = parquet_select(&parquet, "*", err);
    size_t n = status == 0 ? parquet.duck->column_count(&parquet.result) : 0;
    for (size_t i = 0; status == 0 && i < n; i++)
        if (lines_name(&lining.lines, str_from_c(parquet.duck->column_name(&parquet.result, i))) <
            0)
            status = err_set(err, -ENOMEM, "no memory");
    if (status == 0)
        status = statement_take(parquet.duck, &parquet.result, take_lines, &lining, err);
    if (status == 0)
        status = lines_end(&lining.lines, write, context, err);
    lines_free(&lining.lines);
    parquet_close(&parquet);
    return status < 0 ? err_in(err, str_from_c(path)) : status;
}

/* ---- its rows as events ---- */

struct events {
    int (*each)(void *context, const struct exported_row *row);
    void *context;
    struct exported_row row;
    struct arena arena; /* of one row */
};

/* What an event is made of, as the file has it; what is NULL is empty. */
struct told {
    struct str id, agency, source, dataset, format, raw, bytes;
    bool has_bytes;
    int64_t key, part, time, received;
};

/* The name of what does not fit the rest; NULL: all does. */
static const char *make_leaf(struct events *events, const struct told *told)
{
    struct lake_leaf *leaf = &events->row.leaf;
    const struct lake_id id = {leaf->partition, leaf->offset, leaf->part};
    if (!events->row.has_id)
        return "its _id is none";
    if (told->key != lake_key(&id) || told->part != id.part)
        return "its _key and _part are not those of its _id";
    if (told->has_bytes) { /* _raw is what can be read of them */
        struct str text = utf8_repair(told->bytes, &events->arena);
        if (!text.ptr)
            return "its _bytes are too long";
        if (!str_eq(text, told->raw))
            return "its _raw is not the text of its _bytes";
    }
    leaf->time = told->time;
    leaf->received = told->received;
    leaf->agency = told->agency;
    leaf->source = told->source;
    leaf->dataset = told->dataset;
    leaf->format = told->format;
    leaf->raw = told->has_bytes ? told->bytes : told->raw;
    return NULL;
}

static int hand_out(struct events *events, const char *wrong, const struct told *told)
{
    struct lake_id id = {0};
    events->row.number++;
    events->row.id = told->id;
    events->row.has_id = lake_id_parse(told->id, &id) == 0;
    events->row.leaf =
        (struct lake_leaf){.partition = id.partition, .offset = id.offset, .part = id.part};
    events->row.wrong = wrong ? wrong : make_leaf(events, told);
    int status = events->each(events->context, &events->row);
    arena_reset(&events->arena);
    return status < 0 ? status : 0;
}

/* ---- of Parquet ---- */

enum {
    OF_ID,
    OF_KEY,
    OF_PART,
    OF_TIME,
    OF_RECEIVED,
    OF_AGENCY,
    OF_SOURCE,
    OF_DATASET,
    OF_FORMAT,
    OF_RAW,
    OF_BYTES
};

static const char leaf_columns[] =
    "_id::VARCHAR, _key::BIGINT, _part::BIGINT, _time::TIMESTAMP, _received::TIMESTAMP, "
    "_agency::VARCHAR, _source::VARCHAR, _dataset::VARCHAR, _format::VARCHAR, _raw::VARCHAR, "
    "_bytes::BLOB";

static struct str text_at(const struct lake_vector *vector, uint32_t row)
{
    return lake_is_null(vector, row) ? STR("") : vector->texts[row];
}

static int64_t number_at(const struct lake_vector *vector, uint32_t row)
{
    return lake_is_null(vector, row) ? -1 : vector->integers[row];
}

static int take_events(void *context, const struct lake_chunk *chunk)
{
    const struct lake_vector *columns = chunk->columns;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < chunk->n_rows; i++) {
        const struct told told = {
            .id = text_at(&columns[OF_ID], i),
            .agency = text_at(&columns[OF_AGENCY], i),
            .source = text_at(&columns[OF_SOURCE], i),
            .dataset = text_at(&columns[OF_DATASET], i),
            .format = text_at(&columns[OF_FORMAT], i),
            .raw = text_at(&columns[OF_RAW], i),
            .bytes = text_at(&columns[OF_BYTES], i),
            .has_bytes = !lake_is_null(&columns[OF_BYTES], i),
            .key = number_at(&columns[OF_KEY], i),
            .part = number_at(&columns[OF_PART], i),
            .time = number_at(&columns[OF_TIME], i),
            .received = number_at(&columns[OF_RECEIVED], i),
        };
        status = hand_out(context, NULL, &told);
    }
    return status;
}

static int read_parquet(const char *path, const struct lake_options *options, struct events *events,
                        struct err *err)
{
    struct parquet parquet;
    int status = parquet_open(path, options, &parquet, err);
    if (status < 0)
        return status;
    status = parquet_select(&parquet, leaf_columns, err);
    if (status == 0)
        status = statement_take(parquet.duck, &parquet.result, take_events, events, err);
    parquet_close(&parquet);
    return status;
}

/* ---- of NDJSON ---- */

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

static int64_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* In the one spelling that an export has. */
static bool time_of(const json_t *object, const char *name, int64_t *ret_time)
{
    char text[TIME_TEXT_MAX];
    struct str told = text_of(object, name);
    return time_parse(told, ret_time) == 0 &&
           str_eq(told, str_of(text, time_format(*ret_time, text)));
}

static bool bytes_of(struct events *events, struct str hex, struct str *ret_bytes)
{
    char *bytes = arena_bytes(&events->arena, hex.len / 2 + 1);
    for (size_t i = 0; bytes && i + 1 < hex.len; i += 2) {
        int high = str_hex_digit(hex.ptr[i]), low = str_hex_digit(hex.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (char)(high << 4 | low);
    }
    *ret_bytes = str_of(bytes, hex.len / 2);
    return bytes && hex.len % 2 == 0;
}

static int take_object(struct events *events, const json_t *object)
{
    struct told told = {
        .id = text_of(object, "_id"),
        .agency = text_of(object, "_agency"),
        .source = text_of(object, "_source"),
        .dataset = text_of(object, "_dataset"),
        .format = text_of(object, "_format"),
        .raw = text_of(object, "_raw"),
        .has_bytes = json_object_get(object, "_bytes"),
        .key = number_of(object, "_key"),
        .part = number_of(object, "_part"),
    };
    const char *wrong = NULL;
    if (!time_of(object, "_time", &told.time) || !time_of(object, "_received", &told.received))
        wrong = "its _time or _received is no time as exports have them";
    else if (told.has_bytes && !bytes_of(events, text_of(object, "_bytes"), &told.bytes))
        wrong = "its _bytes are none";
    return hand_out(events, wrong, &told);
}

/* A name that is there twice would say one thing to us and another to somebody else. */
static int take_line(struct events *events, struct str line)
{
    static const struct told nothing = {0};
    json_error_t problem;
    json_t *object =
        json_loadb(line.ptr, line.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &problem);
    int status = json_is_object(object) ? take_object(events, object)
                                        : hand_out(events, "it is no JSON object", &nothing);
    json_decref(object);
    return status;
}

static int read_lines(const char *path, struct events *events, struct err *err)
{
    struct file_map map;
    struct str line;
    int status = file_map_path(path, &map);
    if (status < 0)
        return err_set(err, status, "%s", strerror(-status));
    for (struct str rest = map.bytes; status == 0 && str_cut_line(&rest, &line);)
        status = take_line(events, line);
    if (status == 0 && file_shrank(&map))
        status = err_set(err, -EIO, "it became shorter while it was read");
    file_unmap(&map);
    return status;
}

int exported_read(const char *path, const struct lake_options *options,
                  int (*each)(void *context, const struct exported_row *row), void *context,
                  struct err *err)
{
    struct events events = {.each = each, .context = context};
    arena_init(&events.arena, 4 * (size_t)LAKE_TEXT_MAX);
    int status = exported_is_parquet(path) ? read_parquet(path, options, &events, err)
                                           : read_lines(path, &events, err);
    arena_free(&events.arena);
    if (status < 0 && !err->code)
        err_set(err, status, "%s", strerror(-status));
    return status < 0 ? err_in(err, str_from_c(path)) : 0;
}
