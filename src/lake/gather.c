/* Rows as they are put: copied, their values brought to the types of their columns, hashed for their block. */
#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "lake/duckdb.h"

static bool label_fits(struct str label)
{
    return label.len <= LAKE_LABEL_MAX && utf8_valid(label) == label.len;
}

/* A dataset is a table: names are compared without case, and '_' begins the names of our own tables. */
static bool dataset_fits(struct str dataset)
{
    if (dataset.len == 0 || dataset.ptr[0] == '_')
        return false;
    for (size_t i = 0; i < dataset.len; i++)
        if (dataset.ptr[i] == '\0' || (dataset.ptr[i] >= 'A' && dataset.ptr[i] <= 'Z'))
            return false;
    return label_fits(dataset);
}

static bool row_fits(const struct lake_row *row)
{
    return row->id.partition < LAKE_PARTITIONS_MAX && row->id.offset <= LAKE_OFFSET_MAX &&
           row->id.part <= UINT16_MAX && dataset_fits(row->dataset) && label_fits(row->agency) &&
           label_fits(row->source) && label_fits(row->format) && row->raw.len <= LAKE_TEXT_MAX &&
           row->received != TIME_UNSET;
}

static void add_json_value(struct buf *out, const struct lake_cell *cell)
{
    double number;
    bool plain = cell->kind == LAKE_JSON ||
                 (cell->kind == LAKE_BOOLEAN &&
                  (str_eq(cell->text, STR("true")) || str_eq(cell->text, STR("false")))) ||
                 ((cell->kind == LAKE_INTEGER || cell->kind == LAKE_DOUBLE) &&
                  str_to_double(cell->text, &number) == 0);
    if (cell->kind == LAKE_NULL)
        buf_add_c(out, "null");
    else if (plain)
        buf_add_str(out, cell->text);
    else
        buf_add_json(out, cell->text);
}

static void add_extra(struct lake *lake, struct buf *extra, struct str name, struct str json)
{
    buf_add_byte(extra, extra->len ? ',' : '{');
    buf_add_json(extra, name);
    buf_add_byte(extra, ':');
    buf_add_str(extra, json);
    lake->filling.extra++;
}

/* How many cells from this one on are one list. */
static uint32_t list_length(const struct lake_cell *cells, uint32_t n)
{
    uint32_t length = 1;
    while (length < n && cells[length].list && str_eq(cells[length].name, cells[0].name))
        length++;
    return length;
}

/* A value for a column; false: it does not fit there. */
static bool take_value(const struct lake_cell *cell, enum lake_kind kind,
                       struct gathered_cell *ret_value)
{
    ret_value->kind = (uint8_t)kind;
    switch (kind) {
    case LAKE_BOOLEAN:
        ret_value->integer = str_eq(cell->text, STR("true"));
        return ret_value->integer || str_eq(cell->text, STR("false"));
    case LAKE_INTEGER:
        return str_to_i64(cell->text, &ret_value->integer) == 0;
    case LAKE_DOUBLE:
        return str_to_double(cell->text, &ret_value->number) == 0;
    default:
        return true;
    }
}

/* UTF-8 in the arena. */
static struct str copy_text(struct arena *arena, struct str text)
{
    return utf8_valid(text) == text.len ? arena_copy(arena, text) : utf8_repair(text, arena);
}

static bool continues_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/*
 * The text where the copy of `raw` has it; NULL: it is no part of it. Most values are: they are copied with it, and are
 * UTF-8 if it is and they do not begin or end within a character.
 */
static const char *find_in_copy(struct str text, struct str raw, struct str copy)
{
    uintptr_t at = (uintptr_t)text.ptr - (uintptr_t)raw.ptr;
    if ((uintptr_t)text.ptr < (uintptr_t)raw.ptr || at > raw.len || text.len > raw.len - at ||
        text.len == 0)
        return NULL;
    bool whole = !continues_character(text.ptr[0]) &&
                 (at + text.len == raw.len || !continues_character(text.ptr[text.len]));
    return whole ? copy.ptr + at : NULL;
}

static int take_text(struct lake *lake, const struct lake_row *row,
                     const struct gathered_row *gathered, struct str text,
                     struct gathered_cell *value)
{
    struct str copy = {0};
    value->text = gathered->bytes.ptr ? NULL : find_in_copy(text, row->raw, gathered->raw);
    value->len = (uint32_t)text.len;
    if (value->text)
        return 0;
    copy = copy_text(&lake->gathered, text);
    value->text = copy.ptr;
    value->len = (uint32_t)copy.len;
    return copy.ptr ? 0 : -ENOBUFS;
}

/* Texts of one row while they are put together. */
struct workspace {
    struct buf json, extra;
};

static int take_cells(struct lake *lake, struct table *table, const struct lake_row *row,
                      struct workspace *work, struct gathered_row *gathered)
{
    struct gathered_cell *cells = arena_alloc(&lake->gathered, row->n_cells * sizeof(*cells) + 1);
    if (!cells)
        return -ENOBUFS;
    gathered->cells = cells;
    uint64_t seen[LAKE_COLUMNS_MAX / 64] = {0}; /* columns that have their value */
    uint32_t step;
    for (uint32_t i = 0; i < row->n_cells; i += step) {
        const struct lake_cell *cell = &row->cells[i];
        struct lake_cell list = *cell;
        uint32_t index = 0;
        step = 1;
        if (cell->list) {
            step = list_length(cell, row->n_cells - i);
            buf_clear(&work->json);
            for (uint32_t k = 0; k < step; k++) {
                buf_add_byte(&work->json, k ? ',' : '[');
                add_json_value(&work->json, &cell[k]);
            }
            buf_add_byte(&work->json, ']');
            list.text = buf_str(&work->json);
            list.kind = LAKE_JSON;
            cell = &list;
        } else if (cell->kind == LAKE_NULL) {
            continue;
        }
        struct gathered_cell *value = &cells[gathered->n_cells];
        struct lake_column *column = schema_column(lake, table, cell, &index);
        if (column && !(seen[index / 64] >> index % 64 & 1) &&
            take_value(cell, column->kind, value)) {
            value->column = (uint16_t)index;
            seen[index / 64] |= UINT64_C(1) << index % 64;
            if (value->kind == LAKE_TEXT && take_text(lake, row, gathered, cell->text, value) < 0)
                return -ENOBUFS;
            gathered->n_cells++;
            continue;
        }
        if (!cell->list) {
            buf_clear(&work->json);
            add_json_value(&work->json, cell);
        }
        add_extra(lake, &work->extra, cell->name, buf_str(&work->json));
    }
    if (work->json.failed || work->extra.failed)
        return -ENOMEM;
    if (work->extra.len > 0) {
        buf_add_byte(&work->extra, '}');
        gathered->extra = arena_copy(&lake->gathered, buf_str(&work->extra));
    }
    if (work->extra.len > 0 && !gathered->extra.ptr)
        return -ENOBUFS;
    return owners_note(lake, table, row->agency, seen, gathered);
}

/* A label is most often that of the row before. */
static struct str copy_label(struct arena *arena, struct str label, struct str *last)
{
    if (!last->ptr || !str_eq(label, *last))
        *last = arena_copy(arena, label);
    return *last;
}

static int take_texts(struct lake *lake, const struct lake_row *row, struct gathered_row *gathered)
{
    struct arena *arena = &lake->gathered;
    gathered->agency = copy_label(arena, row->agency, &lake->last_agency);
    gathered->source = copy_label(arena, row->source, &lake->last_source);
    gathered->format = copy_label(arena, row->format, &lake->last_format);
    gathered->raw = copy_text(arena, row->raw);
    if (gathered->raw.ptr && !str_eq(gathered->raw, row->raw)) {
        gathered->bytes = arena_copy(arena, row->raw);
        if (!gathered->bytes.ptr)
            return -ENOBUFS;
    }
    return gathered->agency.ptr && gathered->source.ptr && gathered->format.ptr && gathered->raw.ptr
               ? 0
               : -ENOBUFS;
}

static struct leaves *leaves_of(struct day *day, uint32_t partition)
{
    for (size_t i = 0; i < day->leaves.len; i++)
        if (day->leaves.items[i].partition == partition)
            return &day->leaves.items[i];
    if (vec_push(&day->leaves, (struct leaves){.partition = partition}) < 0)
        return NULL;
    return &day->leaves.items[day->leaves.len - 1];
}

/* -EINVAL: not behind the event before it. */
static int add_leaf(struct day *day, const struct lake_row *row, struct gathered_row *gathered)
{
    struct leaves *leaves = leaves_of(day, row->id.partition);
    if (!leaves || vec_reserve(&leaves->hashes, leaves->hashes.len + 1) < 0)
        return -ENOMEM;
    if (leaves->hashes.len == 0)
        leaves->first = row->id.offset;
    else if (row->id.offset < leaves->last ||
             (row->id.offset == leaves->last && row->id.part <= leaves->last_part))
        return -EINVAL;
    gathered->leaves = (uint32_t)(leaves - day->leaves.items);
    leaves->last = row->id.offset;
    leaves->last_part = row->id.part;
    merkle_leaf(
        &(struct lake_leaf){
            .partition = row->id.partition,
            .offset = row->id.offset,
            .part = row->id.part,
            .time = gathered->time,
            .received = gathered->received,
            .agency = row->agency,
            .source = row->source,
            .dataset = row->dataset,
            .format = row->format,
            .raw = row->raw,
        },
        leaves->hashes.items[leaves->hashes.len++].bytes);
    return 0;
}

static bool is_there(const struct day *day, const struct lake_id *id)
{
    for (size_t i = 0; i < day->progress.len; i++)
        if (day->progress.items[i].partition == id->partition)
            return id->offset < day->progress.items[i].next;
    return false;
}

static void count_share(struct share *share, const struct lake_row *row, int64_t time)
{
    share->rows++;
    share->bytes += row->raw.len;
    time_extend(&share->first, &share->last, time);
}

/* Where the row goes; the table and day of the last one are the most likely. */
static int find_place(struct lake *lake, const struct lake_row *row, int64_t time,
                      uint32_t *ret_number)
{
    struct table *table = lake->last_table;
    *ret_number = lake->last_number;
    if (!table || !str_eq(table->name, row->dataset))
        table = schema_find(lake, row->dataset, ret_number);
    if (!table)
        table = schema_add(lake, row->dataset, ret_number);
    struct day *day = day_of(lake, time, row->received);
    if (!table || !day)
        return -ENOMEM;
    if (!day->loaded) {
        struct err err;
        int status = day_load(lake, day, &err);
        if (status < 0)
            return status;
    }
    lake->last_table = table;
    lake->last_number = *ret_number;
    lake->last_day = day;
    return 0;
}

int gather_put(struct lake *lake, const struct lake_row *row)
{
    if (!row_fits(row))
        return -EINVAL;
    int64_t time = row->time == TIME_UNSET ? row->received : row->time;
    uint32_t number;
    int status = find_place(lake, row, time, &number);
    if (status < 0)
        return status;
    struct day *day = lake->last_day;
    if (!lake->importing && is_there(day, &row->id)) {
        lake->filling.repeated++;
        return 0;
    }
    struct workspace work = {0};
    struct day_table *place = day_table(lake, day, number);
    struct gathered_row gathered = {
        .key = lake_key(&row->id),
        .part = row->id.part,
        .time = time,
        .received = row->received,
    };
    if (!place || vec_reserve(&place->rows, place->rows.len + 1) < 0)
        status = -ENOMEM;
    if (status == 0)
        status = take_texts(lake, row, &gathered);
    if (status == 0)
        status = take_cells(lake, lake->last_table, row, &work, &gathered);
    struct share *share = status == 0 ? share_of(&day->gathered, number, row->agency) : NULL;
    if (status == 0)
        status = share ? add_leaf(day, row, &gathered) : -ENOMEM;
    buf_free(&work.json);
    buf_free(&work.extra);
    if (status < 0)
        return status;
    (void)vec_push(&place->rows, gathered);
    count_share(share, row, time);
    day->n_rows++;
    lake->filling.gathered += row->raw.len;
    atomic_store(&lake->gathered_bytes, lake->filling.gathered);
    return 0;
}

void gather_forget(struct lake *lake)
{
    for (size_t i = 0; i < lake->days.len; i++) {
        struct day *day = lake->days.items[i];
        for (size_t k = 0; k < day->tables.len; k++)
            day->tables.items[k].rows.len = 0;
        for (size_t k = 0; k < day->leaves.len; k++)
            day->leaves.items[k].hashes.len = 0;
        shares_free(&day->gathered);
        day->n_rows = 0;
    }
    arena_reset(&lake->gathered);
    lake->last_agency = lake->last_source = lake->last_format = (struct str){0};
    lake->filling.gathered = 0;
    atomic_store(&lake->gathered_bytes, 0);
}
