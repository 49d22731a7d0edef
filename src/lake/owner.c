/*
 * Which fields an agency has sent of a dataset, in the order in which it first did. Names of fields may tell as much as
 * their values, so a caller is shown those of its agencies only, and in their order.
 */
#include <errno.h>
#include <stdlib.h>

#include "lake/duckdb.h"

static bool has(const struct owner *owner, uint32_t index)
{
    return owner->has[index / 64] >> index % 64 & 1;
}

static int add(struct owner *owner, uint32_t index)
{
    if (vec_push(&owner->columns, (uint16_t)index) < 0)
        return -ENOMEM;
    owner->has[index / 64] |= UINT64_C(1) << index % 64;
    return 0;
}

static struct owner *find(const struct table *table, struct str agency)
{
    for (size_t i = 0; i < table->owners.len; i++)
        if (str_eq(table->owners.items[i]->agency, agency))
            return table->owners.items[i];
    return NULL;
}

static struct owner *owner_new(struct table *table, struct str agency)
{
    struct owner *owner = calloc(1, sizeof(*owner));
    char *name = malloc(agency.len + 1);
    if (!owner || !name || vec_push(&table->owners, owner) < 0) {
        free(owner);
        free(name);
        return NULL;
    }
    if (agency.len > 0)
        memcpy(name, agency.ptr, agency.len);
    owner->agency = str_of(name, agency.len);
    return owner;
}

/* Of a row that is put: most often that of the last one. */
static struct owner *find_or_add(struct lake *lake, struct table *table, struct str agency)
{
    struct owner *owner = table->last_owner;
    if (!owner || !str_eq(owner->agency, agency))
        owner = find(table, agency);
    if (!owner) {
        pthread_mutex_lock(&lake->lock);
        owner = owner_new(table, agency);
        lake->version++;
        pthread_mutex_unlock(&lake->lock);
    }
    table->last_owner = owner;
    return owner;
}

int owners_note(struct lake *lake, struct table *table, struct str agency,
                const uint64_t seen[static LAKE_COLUMNS_MAX / 64], const struct gathered_row *row)
{
    struct owner *owner = find_or_add(lake, table, agency);
    uint64_t new = 0;
    for (size_t i = 0; owner && i < LAKE_COLUMNS_MAX / 64; i++)
        new |= seen[i] & ~owner->has[i];
    if (!owner || !new)
        return owner ? 0 : -ENOMEM;
    int status = 0;
    pthread_mutex_lock(&lake->lock);
    for (uint32_t i = 0; status == 0 && i < row->n_cells; i++)
        if (!has(owner, row->cells[i].column))
            status = add(owner, row->cells[i].column);
    lake->version++;
    pthread_mutex_unlock(&lake->lock);
    return status;
}

void owners_free(struct table *table)
{
    for (size_t i = 0; i < table->owners.len; i++) {
        struct owner *owner = table->owners.items[i];
        vec_free(&owner->columns);
        free((void *)(uintptr_t)owner->agency.ptr);
        free(owner);
    }
    vec_free(&table->owners);
}

bool owners_have(const struct table *table, const struct lake_scope *scope)
{
    bool owned = scope->all;
    for (size_t i = 0; !owned && i < scope->n; i++)
        owned = find(table, scope->agencies[i]) != NULL;
    return owned;
}

size_t owners_columns(const struct table *table, const struct lake_scope *scope,
                      uint16_t ret_columns[static LAKE_COLUMNS_MAX])
{
    struct owner listed = {0};
    size_t n = 0;
    for (; scope->all && n < table->columns.len; n++)
        ret_columns[n] = (uint16_t)n;
    for (size_t i = 0; !scope->all && i < scope->n; i++) {
        const struct owner *owner = find(table, scope->agencies[i]);
        for (size_t k = 0; owner && k < owner->columns.len; k++) {
            uint16_t index = owner->columns.items[k];
            if (has(&listed, index) || index >= table->columns.len)
                continue;
            listed.has[index / 64] |= UINT64_C(1) << index % 64;
            ret_columns[n++] = index;
        }
    }
    return n;
}

/* ---- in the catalogue: first a row without a field, as there may be none, then one for each ---- */

bool owners_are_saved(const struct table *table)
{
    for (size_t i = 0; i < table->owners.len; i++)
        if (table->owners.items[i]->n_saved != table->owners.items[i]->columns.len + 1)
            return false;
    return true;
}

void owners_set_saved(struct table *table)
{
    for (size_t i = 0; i < table->owners.len; i++)
        table->owners.items[i]->n_saved = (uint32_t)table->owners.items[i]->columns.len + 1;
}

int owners_save(struct lake *lake, uint32_t number, struct err *err)
{
    const struct table *table = lake->tables.items[number];
    int status = 0;
    for (size_t i = 0; i < table->owners.len; i++) {
        const struct owner *owner = table->owners.items[i];
        for (uint32_t k = owner->n_saved; status == 0 && k <= owner->columns.len; k++)
            status = statement_ask(lake, lake->writer,
                                   STR("INSERT INTO lake.fields VALUES ($1, $2, $3, $4)"),
                                   (struct lake_value[]){
                                       {.kind = LAKE_INTEGER, .integer = number},
                                       {.kind = LAKE_TEXT, .text = owner->agency},
                                       {.kind = LAKE_INTEGER, .integer = k},
                                       {.kind = k ? LAKE_INTEGER : LAKE_NULL,
                                        .integer = k ? owner->columns.items[k - 1] : 0},
                                   },
                                   4, NULL, NULL, err);
    }
    return status;
}

static int load_row(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t number = (uint64_t)chunk->columns[0].integers[i];
        bool first = lake_is_null(&chunk->columns[2], i);
        uint64_t index = first ? 0 : (uint64_t)chunk->columns[2].integers[i];
        if (number >= lake->tables.len || index >= LAKE_COLUMNS_MAX)
            return -EBADMSG;
        struct table *table = lake->tables.items[number];
        struct owner *owner = find(table, chunk->columns[1].texts[i]);
        if (!owner)
            owner = owner_new(table, chunk->columns[1].texts[i]);
        if (!owner || (!first && add(owner, (uint32_t)index) < 0))
            return -ENOMEM;
        owner->n_saved = (uint32_t)owner->columns.len + 1;
    }
    return 0;
}

int owners_load(struct lake *lake, struct err *err)
{
    return statement_ask(lake, lake->writer,
                         STR("SELECT dataset, agency, field FROM lake.fields ORDER BY dataset, "
                             "agency, position"),
                         NULL, 0, load_row, lake, err);
}

int owners_assume(struct lake *lake)
{
    int status = 0;
    for (size_t i = 0; i < lake->tables.len; i++)
        if (lake->tables.items[i]->owners.len > 0)
            return 0;
    for (size_t i = 0; i < lake->days.len; i++) {
        const struct day *day = lake->days.items[i];
        for (size_t k = 0; status == 0 && k < day->shares.len; k++) {
            struct table *table = lake->tables.items[day->shares.items[k].table];
            if (find(table, day->shares.items[k].agency))
                continue;
            struct owner *owner = owner_new(table, day->shares.items[k].agency);
            status = owner ? 0 : -ENOMEM;
            for (uint32_t c = 0; status == 0 && c < table->columns.len; c++)
                status = add(owner, c);
        }
    }
    return status;
}
