/* An event as a row of the lake: its values by native name, in the column that its dataset's field types say. */
#include <errno.h>
#include <stdlib.h>

#include "watch/store_state.h"

/* ---- columns ---- */

static uint8_t column_of(enum field_type type)
{
    switch (type) {
    case FIELD_INTEGER:
    case FIELD_PORT:
    case FIELD_PROCESS_ID:
        return LAKE_INTEGER;
    case FIELD_NUMBER:
        return LAKE_DOUBLE;
    case FIELD_BOOLEAN:
        return LAKE_BOOLEAN;
    default:
        return LAKE_TEXT; /* also times and addresses: as text they are exact */
    }
}

/* By id of the field; NULL: no memory, or no dataset, and every column is TEXT. */
static const uint8_t *columns_of(struct store *store, uint32_t number)
{
    if (number == DATASET_NONE)
        return NULL;
    if (store->columns[number])
        return store->columns[number];
    uint8_t *columns = malloc(fields_count(store->version->fields));
    if (!columns)
        return NULL;
    memset(columns, LAKE_TEXT, fields_count(store->version->fields));
    const struct dataset *dataset = datasets_get(store->version->datasets, number);
    for (uint32_t i = 0; i < dataset->n_fields; i++)
        columns[dataset->fields[i].field] = column_of(dataset->fields[i].type);
    store->columns[number] = columns;
    return columns;
}

int store_row_equip(struct store *store)
{
    store->cells = calloc(EVENT_SLOTS_MAX, sizeof(*store->cells));
    store->columns = calloc(datasets_count(store->version->datasets) + 1, sizeof(*store->columns));
    return store->cells && store->columns ? 0 : -ENOMEM;
}

void store_row_strip(struct store *store)
{
    for (uint32_t i = 0; store->columns && i < datasets_count(store->version->datasets); i++)
        free(store->columns[i]);
    free(store->columns);
    free(store->cells);
    store->columns = NULL;
    store->cells = NULL;
}

/* ---- values ---- */

static void make_cell(struct event *event, struct slot *slot, const uint8_t *columns,
                      struct lake_cell *ret_cell)
{
    static const uint8_t kinds[] = {
        [VALUE_STRING] = LAKE_TEXT,    [VALUE_INT] = LAKE_INTEGER, [VALUE_FLOAT] = LAKE_DOUBLE,
        [VALUE_BOOL] = LAKE_BOOLEAN,   [VALUE_NULL] = LAKE_NULL,   [VALUE_EMPTY_LIST] = LAKE_JSON,
        [VALUE_EMPTY_MAP] = LAKE_JSON,
    };
    *ret_cell = (struct lake_cell){
        .name = str_of(slot->name, slot->name_len),
        .text = event_text(event, slot),
        .field = slot->field,
        .kind = kinds[slot->type],
        .column = columns && slot->field != FIELD_NONE ? columns[slot->field] : LAKE_TEXT,
        .list = slot->flags & SLOT_ARRAY,
    };
    if (slot->type == VALUE_EMPTY_LIST)
        ret_cell->text = STR("[]");
    else if (slot->type == VALUE_EMPTY_MAP)
        ret_cell->text = STR("{}");
}

void store_row_make(struct store *store, struct event *event, struct lake_row *ret_row)
{
    struct datasets *datasets = store->version->datasets;
    const struct spool_batch *batch = store->batch.batch;
    uint32_t n = 0;
    datasets_recognise(datasets, event);
    const uint8_t *columns = columns_of(store, event->dataset);
    for (uint32_t i = 0; i < event->n_slots; i++)
        if (!(event->slots[i].flags & SLOT_DERIVED) && n < EVENT_SLOTS_MAX)
            make_cell(event, &event->slots[i], columns, &store->cells[n++]);
    struct str raw = event->raw;
    if (raw.len == 0 && n > 0) { /* a binary format */
        buf_clear(&store->raw);
        event_write_json(event, &store->raw);
        raw = store->raw.failed ? raw : buf_str(&store->raw);
    }
    const struct format *format = format_get((enum format_id)event->format);
    *ret_row = (struct lake_row){
        .time = datasets_time(datasets, event),
        .received = batch->received,
        .agency = batch->agency,
        .source = batch->source,
        .dataset = event->dataset == DATASET_NONE ? STR(LAKE_UNRECOGNISED)
                                                  : datasets_get(datasets, event->dataset)->name,
        .format = str_from_c(format ? format->name : store->batch.format),
        .raw = raw,
        .cells = store->cells,
        .n_cells = n,
    };
}

/* ---- copies ---- */

static bool copy(struct arena *arena, struct str *text)
{
    if (text->len)
        *text = arena_copy(arena, *text);
    return text->len == 0 || text->ptr;
}

bool store_row_copy(struct arena *arena, const struct lake_row *row, struct lake_row *ret_copy)
{
    struct lake_cell *cells = arena_alloc(arena, (row->n_cells + 1) * sizeof(*cells));
    *ret_copy =
        *row; /* labels are the batch's and the version's: they live longer than the batch */
    ret_copy->cells = cells;
    bool room = cells && copy(arena, &ret_copy->raw);
    for (uint32_t i = 0; room && i < row->n_cells; i++) {
        cells[i] = row->cells[i];
        room = copy(arena, &cells[i].name) && copy(arena, &cells[i].text);
    }
    return room;
}
