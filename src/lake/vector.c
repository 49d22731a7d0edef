/*
 * Columns of DuckDB's chunks as those of lake.h: integers of any width become 64 bits, texts become struct str in
 * place. What has no kind of its own becomes text in the converter's arena (scalar_text.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "lake/duckdb.h"
#include "lake/vector_text.h"

struct column {
    struct duck_logical_type *type;
    enum duck_type id;
    enum lake_kind kind;
    void *values; /* LAKE_CHUNK_ROWS of the kind's array */
};

struct converter {
    const struct duck *duck;
    struct vector_text text;
    uint32_t n;
    struct column *columns;
    struct lake_vector *vectors;
};

static const enum lake_kind kinds[] = {
    [DUCK_SQLNULL] = LAKE_NULL,      [DUCK_BOOLEAN] = LAKE_BOOLEAN,
    [DUCK_TINYINT] = LAKE_INTEGER,   [DUCK_SMALLINT] = LAKE_INTEGER,
    [DUCK_INTEGER] = LAKE_INTEGER,   [DUCK_BIGINT] = LAKE_INTEGER,
    [DUCK_UTINYINT] = LAKE_INTEGER,  [DUCK_USMALLINT] = LAKE_INTEGER,
    [DUCK_UINTEGER] = LAKE_INTEGER,  [DUCK_UBIGINT] = LAKE_JSON,
    [DUCK_HUGEINT] = LAKE_JSON,      [DUCK_UHUGEINT] = LAKE_JSON,
    [DUCK_DECIMAL] = LAKE_JSON,      [DUCK_FLOAT] = LAKE_DOUBLE,
    [DUCK_DOUBLE] = LAKE_DOUBLE,     [DUCK_TIMESTAMP] = LAKE_TIME,
    [DUCK_TIMESTAMP_TZ] = LAKE_TIME, [DUCK_TIMESTAMP_S] = LAKE_TIME,
    [DUCK_TIMESTAMP_MS] = LAKE_TIME, [DUCK_TIMESTAMP_NS] = LAKE_TIME,
    [DUCK_DATE] = LAKE_TIME,         [DUCK_TIME] = LAKE_TEXT,
    [DUCK_INTERVAL] = LAKE_TEXT,     [DUCK_VARCHAR] = LAKE_TEXT,
    [DUCK_BLOB] = LAKE_BYTES,        [DUCK_ENUM] = LAKE_TEXT,
    [DUCK_UUID] = LAKE_TEXT,         [DUCK_LIST] = LAKE_JSON,
    [DUCK_ARRAY] = LAKE_JSON,        [DUCK_STRUCT] = LAKE_JSON,
    [DUCK_MAP] = LAKE_JSON,
};

enum lake_kind duck_kind(const struct duck *duck, struct duck_logical_type *type)
{
    enum duck_type id = duck->get_type_id(type);
    if (id == DUCK_VARCHAR) {
        char *alias = duck->logical_type_get_alias(type);
        bool json = alias && strcmp(alias, "JSON") == 0;
        duck->free(alias);
        return json ? LAKE_JSON : LAKE_TEXT;
    }
    return (size_t)id < sizeof(kinds) / sizeof(kinds[0]) && kinds[id] ? kinds[id]
           : id == DUCK_SQLNULL                                       ? LAKE_NULL
                                                                      : LAKE_TEXT;
}

enum duck_type duck_type_of(enum lake_kind kind)
{
    static const enum duck_type types[] = {
        [LAKE_NULL] = DUCK_SQLNULL,  [LAKE_BOOLEAN] = DUCK_BOOLEAN, [LAKE_INTEGER] = DUCK_BIGINT,
        [LAKE_DOUBLE] = DUCK_DOUBLE, [LAKE_TEXT] = DUCK_VARCHAR,    [LAKE_TIME] = DUCK_TIMESTAMP,
        [LAKE_JSON] = DUCK_VARCHAR,  [LAKE_BYTES] = DUCK_BLOB,
    };
    return types[kind];
}

void converter_free(struct converter *converter)
{
    if (!converter)
        return;
    for (uint32_t i = 0; converter->columns && i < converter->n; i++) {
        if (converter->columns[i].type)
            converter->duck->destroy_logical_type(&converter->columns[i].type);
        free(converter->columns[i].values);
    }
    free(converter->columns);
    free(converter->vectors);
    arena_free(&converter->text.arena);
    free(converter);
}

struct converter *converter_new(const struct duck *duck, struct duck_result *result)
{
    struct converter *converter = calloc(1, sizeof(*converter));
    if (!converter)
        return NULL;
    *converter = (struct converter){.duck = duck, .n = (uint32_t)duck->column_count(result)};
    converter->text.duck = duck;
    arena_init(&converter->text.arena, SIZE_MAX);
    converter->columns = calloc(converter->n + 1, sizeof(*converter->columns));
    converter->vectors = calloc(converter->n + 1, sizeof(*converter->vectors));
    if (!converter->columns || !converter->vectors)
        goto fail;
    for (uint32_t i = 0; i < converter->n; i++) {
        struct column *column = &converter->columns[i];
        column->type = duck->column_logical_type(result, i);
        column->id = duck->get_type_id(column->type);
        column->kind = duck_kind(duck, column->type);
        column->values = malloc(LAKE_CHUNK_ROWS * sizeof(struct str));
        if (!column->values)
            goto fail;
    }
    return converter;
fail:
    converter_free(converter);
    return NULL;
}

enum lake_kind converter_kind(const struct converter *converter, size_t column)
{
    return converter->columns[column].kind;
}

/* Copies integers of another width, or of another unit, into 64 bits. */
#define WIDEN(type, expression)                                                                    \
    do {                                                                                           \
        const type *from = data;                                                                   \
        for (size_t i = 0; i < n; i++) {                                                           \
            type value = from[i];                                                                  \
            to[i] = (expression);                                                                  \
        }                                                                                          \
    } while (0)

/* Rows without a value hold anything: those of other units must not overflow. */
static int64_t scaled(int64_t value, int64_t factor)
{
    int64_t product;
    return __builtin_mul_overflow(value, factor, &product) ? (value < 0 ? INT64_MIN : INT64_MAX)
                                                           : product;
}

static bool take_integers(enum duck_type id, const void *data, size_t n, int64_t *to)
{
    switch (id) {
    case DUCK_BOOLEAN:
        WIDEN(uint8_t, value != 0);
        return true;
    case DUCK_TINYINT:
        WIDEN(int8_t, value);
        return true;
    case DUCK_SMALLINT:
        WIDEN(int16_t, value);
        return true;
    case DUCK_INTEGER:
        WIDEN(int32_t, value);
        return true;
    case DUCK_UTINYINT:
        WIDEN(uint8_t, value);
        return true;
    case DUCK_USMALLINT:
        WIDEN(uint16_t, value);
        return true;
    case DUCK_UINTEGER:
        WIDEN(uint32_t, value);
        return true;
    case DUCK_DATE:
        WIDEN(int32_t, scaled(value, TIME_DAY_US));
        return true;
    case DUCK_TIMESTAMP_S:
        WIDEN(int64_t, scaled(value, TIME_SECOND_US));
        return true;
    case DUCK_TIMESTAMP_MS:
        WIDEN(int64_t, scaled(value, 1000));
        return true;
    case DUCK_TIMESTAMP_NS:
        WIDEN(int64_t, value / 1000);
        return true;
    default:
        return false;
    }
}

static void take_column(struct converter *converter, struct column *column,
                        struct duck_vector *vector, size_t n, struct lake_vector *ret_vector)
{
    const struct duck *duck = converter->duck;
    const void *data = duck->vector_get_data(vector);
    *ret_vector =
        (struct lake_vector){.kind = column->kind, .valid = duck->vector_get_validity(vector)};
    if (column->kind == LAKE_NULL)
        return;
    if (column->id == DUCK_BIGINT || column->id == DUCK_TIMESTAMP ||
        column->id == DUCK_TIMESTAMP_TZ) {
        ret_vector->integers = data;
        return;
    }
    if (column->id == DUCK_DOUBLE) {
        ret_vector->doubles = data;
        return;
    }
    if (take_integers(column->id, data, n, column->values)) {
        ret_vector->integers = column->values;
        return;
    }
    if (column->id == DUCK_FLOAT) {
        double *to = column->values;
        for (size_t i = 0; i < n; i++)
            to[i] = (double)((const float *)data)[i];
        ret_vector->doubles = to;
        return;
    }
    struct str *texts = column->values;
    if (column->id == DUCK_VARCHAR || column->id == DUCK_BLOB) {
        const union duck_string *strings = data;
        for (size_t i = 0; i < n; i++)
            texts[i] =
                lake_is_null(ret_vector, i) ? (struct str){NULL, 0} : duck_string_str(&strings[i]);
    } else {
        for (size_t i = 0; i < n; i++)
            texts[i] = lake_is_null(ret_vector, i)
                           ? (struct str){NULL, 0}
                           : vector_text(&converter->text, column->type, vector, i);
    }
    ret_vector->texts = texts;
}

int converter_take(struct converter *converter, struct duck_data_chunk *chunk,
                   struct lake_chunk *ret_chunk)
{
    const struct duck *duck = converter->duck;
    size_t n = duck->data_chunk_get_size(chunk);
    arena_reset(&converter->text.arena);
    for (uint32_t i = 0; i < converter->n; i++)
        take_column(converter, &converter->columns[i], duck->data_chunk_get_vector(chunk, i), n,
                    &converter->vectors[i]);
    if (converter->text.failed)
        return -ENOMEM;
    *ret_chunk = (struct lake_chunk){(uint32_t)n, converter->n, converter->vectors};
    return 0;
}
