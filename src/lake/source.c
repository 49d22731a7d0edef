#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lake/duckdb.h"

#define ID_SQL                                                                                     \
    "(_key >> 48) || '.' || (_key & 281474976710655) || "                                          \
    "CASE WHEN _part = 0 THEN '' ELSE '.' || _part END AS _id"

/* Those that are asked for, or all that the caller has. */
static void add_columns(struct buf *sql, const struct table *table, const struct day_table *place,
                        const struct lake_source *source, const struct lake_scope *scope)
{
    uint16_t own[LAKE_COLUMNS_MAX];
    bool all = source->n_columns == 0;
    size_t n = !all ? source->n_columns : table ? owners_columns(table, scope, own) : 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t index = all     ? own[i]
                         : table ? map_get(&table->by_field, source->columns[i])
                                 : MAP_NONE;
        const struct lake_column *column = index < MAP_NONE && table && index < table->columns.len
                                               ? &table->columns.items[index]
                                               : NULL;
        struct str name = column ? column->name : source->columns[i];
        buf_add_c(sql, ", ");
        if (!column || !place || index >= place->n_columns)
            buf_printf(sql, "NULL::%s AS ", schema_type(column ? column->kind : LAKE_TEXT));
        lake_quote_name(sql, name);
    }
}

/*
 * Several agencies are asked for with a function, which the engine evaluates once for each entry of a dictionary; IN
 * would be a comparison of every row with each of them.
 */
void source_add_agencies(struct buf *sql, const struct lake_scope *scope)
{
    if (scope->all)
        return;
    if (scope->n == 0)
        buf_add_c(sql, " AND false");
    else if (scope->n == 1)
        buf_add_c(sql, " AND _agency = ");
    for (size_t i = 0; i < scope->n; i++) {
        if (scope->n > 1)
            buf_add_c(sql, i ? ", " : " AND list_contains([");
        lake_quote_text(sql, scope->agencies[i]);
    }
    if (scope->n > 1)
        buf_add_c(sql, "], _agency)");
}

void source_add_times(struct buf *sql, int64_t first, int64_t last)
{
    if (first != INT64_MIN)
        buf_printf(sql, " AND _time >= make_timestamp(%" PRId64 ")", first);
    if (last != INT64_MAX)
        buf_printf(sql, " AND _time < make_timestamp(%" PRId64 ")", last);
}

static int by_key(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The time bounds say which parts of the day are read; keys are looked up in a list in their order (function.c). */
static void add_spots(struct buf *sql, const struct lake_source *source, int64_t first,
                      int64_t last)
{
    int64_t from = last, until = first;
    size_t n = 0;
    int64_t *keys = calloc(source->n_spots + 1, sizeof(*keys));
    for (size_t i = 0; keys && i < source->n_spots; i++) {
        int64_t time = source->spots[i].time;
        if (time < first || time > last)
            continue;
        keys[n++] = source->spots[i].key;
        from = time < from ? time : from;
        until = time > until ? time : until;
    }
    if (keys)
        qsort(keys, n, sizeof(*keys), by_key);
    sql->failed = sql->failed || !keys;
    buf_printf(sql,
               " AND _time >= make_timestamp(%" PRId64 ") AND _time <= make_timestamp(%" PRId64
               ") AND jaga_among(_key, unhex('",
               from, until);
    for (size_t i = 0; i < n * sizeof(*keys); i++)
        buf_printf(sql, "%02x", ((const unsigned char *)keys)[i]);
    buf_add_c(sql, "'))");
    free(keys);
}

static void add_day(struct buf *sql, const struct day *day, const struct table *table,
                    uint32_t number, const struct lake_source *source,
                    const struct lake_scope *scope)
{
    int64_t first, last;
    buf_add_c(sql, "SELECT _time, " ID_SQL ", _key, _part, _received, _agency, _source, ");
    lake_quote_text(sql, source->dataset);
    buf_add_c(sql, " AS _dataset, _format, _raw, _bytes, _extra");
    add_columns(sql, table, &day->tables.items[number], source, scope);
    buf_printf(sql, " FROM \"%s\".", day->name);
    lake_quote_name(sql, table->name);
    buf_add_c(sql, " WHERE true");
    /* A time that no row of the day passes is not asked for: but rows may come while the query runs. */
    (void)day_times(day, number, &first, &last);
    source_add_times(sql, day->open || first < source->first ? source->first : INT64_MIN,
                     day->open || last >= source->last ? source->last : INT64_MAX);
    if (source->spots)
        add_spots(sql, source, first, last);
    source_add_agencies(sql, scope);
}

static void add_nothing(struct buf *sql, const struct table *table,
                        const struct lake_source *source, const struct lake_scope *scope)
{
    buf_add_c(sql, "SELECT NULL::TIMESTAMP AS _time, NULL::VARCHAR AS _id, NULL::BIGINT AS _key, "
                   "NULL::USMALLINT AS _part, NULL::TIMESTAMP AS _received, NULL::VARCHAR AS "
                   "_agency, NULL::VARCHAR AS _source, NULL::VARCHAR AS _dataset, NULL::VARCHAR AS "
                   "_format, NULL::VARCHAR AS _raw, NULL::BLOB AS _bytes, NULL::VARCHAR AS _extra");
    add_columns(sql, table, NULL, source, scope);
    buf_add_c(sql, " WHERE false");
}

static bool may_see(const struct lake_scope *scope, struct str agency)
{
    for (size_t i = 0; !scope->all && i < scope->n; i++)
        if (str_eq(scope->agencies[i], agency))
            return true;
    return scope->all;
}

static bool has_spot(const struct lake_source *source, const struct share *share)
{
    for (size_t i = 0; i < source->n_spots; i++)
        if (source->spots[i].time >= share->first && source->spots[i].time <= share->last)
            return true;
    return false;
}

/* Does the day have rows of the dataset that the caller may see, in that time? */
static bool concerns(const struct day *day, uint32_t number, const struct lake_source *source,
                     const struct lake_scope *scope)
{
    if (number >= day->tables.len || !day->tables.items[number].exists)
        return false;
    for (size_t i = 0; i < day->shares.len; i++) {
        const struct share *share = &day->shares.items[i];
        if (share->table == number && share->rows > 0 && share->last >= source->first &&
            share->first < source->last && may_see(scope, share->agency) &&
            (!source->spots || has_spot(source, share)))
            return true;
    }
    return false;
}

bool source_has(struct lake *lake, const struct lake_source *source, const struct lake_scope *scope)
{
    uint32_t number;
    bool has = false;
    pthread_mutex_lock(&lake->lock);
    const struct table *table = schema_find(lake, source->dataset, &number);
    for (size_t i = lake->days.len; table && !has && i-- > 0;)
        has = concerns(lake->days.items[i], number, source, scope);
    pthread_mutex_unlock(&lake->lock);
    return has;
}

int source_pin(struct lake *lake, struct day *day, struct pins *pins, struct err *err)
{
    int status = day_attach(lake, day, err);
    if (status == 0 && vec_push(pins, day) < 0)
        status = err_set(err, -ENOMEM, "no memory");
    if (status == 0)
        day->pins++;
    return status;
}

/*
 * What may fail on a value must not see rows outside of the scope, or its failure tells of them. A filter may be moved
 * below another one, but not below a sample, which would be one of other rows: of all rows, it costs next to nothing. What
 * can't fail stands below it, with the scope, where it chooses what is read.
 */
static void begin_barrier(struct buf *sql)
{
    buf_add_c(sql, "SELECT * FROM (SELECT * FROM (");
}

static void end_barrier(struct buf *sql, const struct lake_source *source)
{
    buf_add_c(sql, ")");
    if (source->where.len) {
        buf_add_c(sql, " WHERE ");
        buf_add_str(sql, source->where);
    }
    buf_add_c(sql, ") TABLESAMPLE SYSTEM (100 PERCENT)");
}

/*
 * The days that concern a source; to be freed. The newest is first, so that a query for any few rows gives the last ones
 * and need not look further.
 */
static struct day **find_days(const struct lake *lake, uint32_t number,
                              const struct lake_source *source, const struct lake_scope *scope,
                              size_t *ret_n)
{
    struct day **days = calloc(lake->days.len + 1, sizeof(struct day *));
    size_t n = 0;
    for (size_t i = 0; days && i < lake->days.len; i++)
        if (concerns(lake->days.items[i], number, source, scope))
            days[n++] = lake->days.items[i];
    if (days)
        qsort(days, n, sizeof(struct day *), day_compare);
    *ret_n = n;
    return days;
}

int source_pin_days(struct lake *lake, const struct lake_source *source,
                    const struct lake_scope *scope, struct pins *pins, struct err *err)
{
    uint32_t number;
    size_t n = 0;
    int status = 0;
    pthread_mutex_lock(&lake->lock);
    struct day **days = NULL;
    if (schema_find(lake, source->dataset, &number) &&
        !(days = find_days(lake, number, source, scope, &n)))
        status = err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; status == 0 && i < n; i++)
        status = source_pin(lake, days[i], pins, err);
    pthread_mutex_unlock(&lake->lock);
    free(days);
    return status;
}

int source_write(struct lake *lake, const struct lake_source *source,
                 const struct lake_query *query, struct pins *pins, struct buf *sql,
                 struct err *err)
{
    const struct lake_scope *scope = &query->scope;
    bool barrier = !scope->all && !query->certain;
    uint32_t number = 0;
    int status = 0;
    size_t n = 0;
    struct day **days = NULL;
    pthread_mutex_lock(&lake->lock);
    const struct table *table = schema_find(lake, source->dataset, &number);
    if (table && !(days = find_days(lake, number, source, scope, &n)))
        status = err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; status == 0 && i < n; i++) {
        status = source_pin(lake, days[i], pins, err);
        if (status < 0)
            break;
        if (i)
            buf_add_c(sql, " UNION ALL ");
        else if (barrier)
            begin_barrier(sql);
        add_day(sql, days[i], table, number, source, scope);
    }
    if (status == 0 && n == 0)
        add_nothing(sql, table, source, scope);
    else if (barrier)
        end_barrier(sql, source);
    pthread_mutex_unlock(&lake->lock);
    free(days);
    if (status == 0 && sql->failed)
        status = err_set(err, -ENOMEM, "no memory");
    return status;
}

void pins_release(struct lake *lake, struct pins *pins)
{
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; i < pins->len; i++) {
        pins->items[i]->pins--;
        leave_unpinned(lake, pins->items[i]);
    }
    pthread_mutex_unlock(&lake->lock);
    vec_free(pins);
}
