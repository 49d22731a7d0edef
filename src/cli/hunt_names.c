#include "cli/hunt_names.h"

#include <stdlib.h>

#include "base/vec.h"
#include "hunt/function.h"
#include "hunt/kql_lexer.h"

#define COLUMNS_MEMORY_MAX ((size_t)8 << 20) /* of all tables; more are not offered */

/* The columns of one table, as they were when it was asked for them. */
struct named_table {
    struct str name;
    struct kql_offer_list columns; /* only name and help */
};

struct hunt_names {
    struct hunt_session *session;
    struct kql_names kql;
    struct arena arena;
    VEC(struct named_table *) tables;
};

/* ---- tables and functions ---- */

static void offer_tables(void *context, struct kql_offers *offers)
{
    const struct hunt_names *names = context;
    const struct tables *tables = hunt_session_tables(names->session);
    for (uint32_t i = 0; i < tables_count(tables); i++) {
        const struct table *table = tables_get(tables, i);
        kql_offers_add(offers, KQL_OFFER_TABLE, table->name, table->about);
    }
}

static void offer_functions(void *context, struct kql_offers *offers)
{
    size_t count;
    const struct hunt_function_table *tables = hunt_function_tables(&count);
    (void)context;
    for (size_t i = 0; i < count; i++)
        for (const struct hunt_function *row = tables[i].rows; row->signature; row++)
            if (kql_is_identifier(hunt_function_name(row))) /* no names of our own */
                kql_offers_add(offers, KQL_OFFER_FUNCTION, hunt_function_name(row),
                               str_from_c(row->signature));
}

/* ---- columns ---- */

struct gathering {
    struct arena *arena;
    struct named_table *table;
};

static int gather_begin(void *context, const struct hunt_head *head)
{
    (void)context;
    return head->n_columns == 2 ? 0 : -EINVAL;
}

static int gather_row(void *context, const struct hunt_cell *cells)
{
    struct gathering *gathering = context;
    const struct kql_offer column = {KQL_OFFER_COLUMN, arena_copy(gathering->arena, cells[0].text),
                                     arena_copy(gathering->arena, cells[1].text)};
    bool whole = column.text.ptr && column.help.ptr &&
                 kql_offer_push(gathering->arena, &gathering->table->columns, column);
    return whole ? 0 : -ENOMEM;
}

static int gather_end(void *context, bool cut)
{
    (void)context, (void)cut;
    return 0;
}

/* Of a name that is no table, or that nobody answers for now, there is nothing to offer. */
static const struct named_table *ask_for_columns(struct hunt_names *names, struct str name)
{
    struct err err = {0};
    struct buf query = {0};
    struct named_table *table = arena_zero(&names->arena, 1, sizeof(*table));
    struct gathering gathering = {&names->arena, table};
    const struct hunt_sink sink = {gather_begin, gather_row, gather_end, &gathering};
    if (!table)
        return NULL;
    table->name = arena_copy(&names->arena, name);
    buf_add_str(&query, name);
    buf_add_c(&query, " | getschema | project ColumnName, ColumnType");
    int status =
        query.failed || !table->name.ptr || vec_reserve(&names->tables, names->tables.len + 1) < 0
            ? -ENOMEM
            : hunt_session_collect(names->session, buf_str(&query), &sink, &err);
    buf_free(&query);
    if (status < 0)
        return NULL;
    names->tables.items[names->tables.len++] = table;
    return table;
}

static const struct named_table *find_table(struct hunt_names *names, struct str name)
{
    for (size_t i = 0; i < names->tables.len; i++)
        if (str_eq(names->tables.items[i]->name, name))
            return names->tables.items[i];
    bool known = tables_find(hunt_session_tables(names->session), name) != NULL;
    return known ? ask_for_columns(names, name) : NULL;
}

static void offer_columns(void *context, struct str name, struct kql_offers *offers)
{
    const struct named_table *table = find_table(context, name);
    uint32_t n_own;
    const struct table_column *own = tables_own_columns(&n_own);
    if (!table)
        return;
    for (uint32_t i = 0; i < table->columns.len; i++)
        kql_offers_add(offers, KQL_OFFER_COLUMN, table->columns.items[i].text,
                       table->columns.items[i].help);
    for (uint32_t i = 0; i < n_own; i++)
        kql_offers_add(offers, KQL_OFFER_COLUMN, own[i].name,
                       str_from_c(tables_type_name(own[i].type)));
}

struct hunt_names *hunt_names_new(struct hunt_session *session)
{
    struct hunt_names *names = calloc(1, sizeof(*names));
    if (!names)
        return NULL;
    names->session = session;
    names->kql = (struct kql_names){names, offer_tables, offer_columns, offer_functions};
    arena_init(&names->arena, COLUMNS_MEMORY_MAX);
    return names;
}

void hunt_names_free(struct hunt_names *names)
{
    if (!names)
        return;
    vec_free(&names->tables);
    arena_free(&names->arena);
    free(names);
}

const struct kql_names *hunt_names_kql(const struct hunt_names *names)
{
    return &names->kql;
}
