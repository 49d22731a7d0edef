/* Rows of a saved hunt as findings, by the mapping in its header. */
#include <errno.h>

#include "base/nearest.h"
#include "base/time.h"
#include "hunt/dynamic.h"
#include "hunt/kql_literal.h"
#include "hunt/saved.h"
#include "hunt/value.h"

#define NONE UINT32_MAX
#define AGENCY STR("_agency")

/* A title is texts and columns by turns. */
struct piece {
    struct str text;
    uint32_t column; /* behind the text; NONE: none */
};

struct saved_mapping {
    const struct saved_hunt *hunt;
    const struct hunt_column *columns;
    uint32_t n_columns;
    struct piece *pieces;
    uint32_t n_pieces;
    uint32_t time, level, source, events, agency; /* columns, or NONE */
    uint32_t about[SAVED_ABOUT_COUNT];
    uint32_t *entity;
};

/* ---- columns ---- */

static uint32_t column_of(const struct saved_mapping *mapping, struct str name)
{
    for (uint32_t i = 0; i < mapping->n_columns; i++)
        if (str_eq(mapping->columns[i].name, name))
            return i;
    return NONE;
}

static int no_column(const struct saved_mapping *mapping, const struct saved_word *word,
                     struct str name, struct err *err)
{
    struct nearest nearest;
    nearest_begin(&nearest, name);
    for (uint32_t i = 0; i < mapping->n_columns; i++)
        nearest_offer(&nearest, mapping->columns[i].name);
    return err_at(err, -EINVAL, word->line, word->column,
                  "the query's result has no column '%.*s'%s%.*s%s", STR_ARG(str_first(name, 80)),
                  nearest.found.len ? "; did you mean '" : "", STR_ARG(nearest.found),
                  nearest.found.len ? "'?" : "");
}

/* The column that a word names; NONE where nothing is said. */
static int bind_word(const struct saved_mapping *mapping, const struct saved_word *word,
                     uint32_t *ret_column, struct err *err)
{
    *ret_column = word->text.len ? column_of(mapping, word->text) : NONE;
    if (word->text.len && *ret_column == NONE)
        return no_column(mapping, word, word->text, err);
    return 0;
}

static int bind_time(struct saved_mapping *mapping, struct err *err)
{
    const struct saved_word *word = &mapping->hunt->finding.time;
    int status = bind_word(mapping, word, &mapping->time, err);
    if (status < 0)
        return status;
    if (!word->text.len) {
        mapping->time = column_of(mapping, STR("Timestamp"));
        if (mapping->time == NONE)
            mapping->time = column_of(mapping, STR("TimeGenerated"));
    }
    if (mapping->time == NONE || mapping->columns[mapping->time].type == KQL_DATETIME)
        return 0;
    if (!word->text.len) /* a column that only happens to have the name */
        mapping->time = NONE;
    return word->text.len ? err_at(err, -EINVAL, word->line, word->column,
                                   "the column '%.*s' is a %s, not a datetime", STR_ARG(word->text),
                                   tables_type_name(mapping->columns[mapping->time].type))
                          : 0;
}

/* A central hunt says of each row whose it is. */
static int bind_agency(struct saved_mapping *mapping, struct err *err)
{
    mapping->agency = mapping->hunt->central ? column_of(mapping, AGENCY) : NONE;
    if (!mapping->hunt->central || mapping->agency != NONE)
        return 0;
    const struct saved_word *word = &mapping->hunt->finding.entity.items[0];
    return err_at(err, -EINVAL, word->line, word->column,
                  "with 'scope: centre' a row says whose it is: the result has no column _agency");
}

static struct piece *add_piece(struct saved_mapping *mapping, struct str text)
{
    mapping->pieces[mapping->n_pieces] = (struct piece){text, NONE};
    return &mapping->pieces[mapping->n_pieces++];
}

/* "text {Column} text"; the hunt's own title is only text. */
static int bind_title(struct arena *arena, struct saved_mapping *mapping, struct err *err)
{
    const struct saved_word *word = &mapping->hunt->finding.title;
    struct str rest = word->text;
    uint32_t n = 2;
    for (size_t i = 0; i < rest.len; i++)
        n += rest.ptr[i] == '{';
    mapping->pieces = arena_zero(arena, n, sizeof(*mapping->pieces));
    if (!mapping->pieces)
        return err_set(err, -ENOMEM, "no memory for a saved hunt");
    if (!word->text.len)
        add_piece(mapping, mapping->hunt->title);
    while (rest.len) {
        size_t open = str_index(rest, '{');
        bool column = open < rest.len;
        struct piece *piece = add_piece(mapping, str_first(rest, open));
        rest = str_skip(rest, open + 1);
        if (!column)
            break;
        size_t close = str_index(rest, '}');
        struct str name = str_trim(str_first(rest, close));
        piece->column = column_of(mapping, name);
        if (piece->column == NONE)
            return no_column(mapping, word, name, err);
        rest = str_skip(rest, close + 1);
    }
    return 0;
}

static int bind_columns(struct arena *arena, struct saved_mapping *mapping, struct err *err)
{
    const struct saved_finding *finding = &mapping->hunt->finding;
    mapping->entity = arena_zero(arena, finding->entity.len, sizeof(*mapping->entity));
    if (!mapping->entity)
        return err_set(err, -ENOMEM, "no memory for a saved hunt");
    int status = bind_word(mapping, &finding->level, &mapping->level, err);
    if (status == 0)
        status = bind_word(mapping, &finding->source, &mapping->source, err);
    if (status == 0)
        status = bind_word(mapping, &finding->events, &mapping->events, err);
    for (uint32_t i = 0; status == 0 && i < finding->entity.len; i++)
        status = bind_word(mapping, &finding->entity.items[i], &mapping->entity[i], err);
    for (uint32_t i = 0; status == 0 && i < SAVED_ABOUT_COUNT; i++)
        status = bind_word(mapping, &finding->about[i], &mapping->about[i], err);
    return status;
}

const struct saved_mapping *saved_mapping_new(struct arena *arena, const struct saved_hunt *hunt,
                                              const struct hunt_column *columns, uint32_t n,
                                              struct err *err)
{
    struct saved_mapping *mapping = arena_zero(arena, 1, sizeof(*mapping));
    if (!mapping) {
        err_set(err, -ENOMEM, "no memory for a saved hunt");
        return NULL;
    }
    *mapping = (struct saved_mapping){.hunt = hunt, .columns = columns, .n_columns = n};
    int status = bind_title(arena, mapping, err);
    if (status == 0)
        status = bind_columns(arena, mapping, err);
    if (status == 0)
        status = bind_time(mapping, err);
    if (status == 0)
        status = bind_agency(mapping, err);
    return status == 0 ? mapping : NULL;
}

/* ---- rows ---- */

/* Empty: null, or nothing is said. */
static struct str cell_text(const struct hunt_cell *cells, uint32_t column)
{
    return column == NONE || cells[column].null ? STR("") : cells[column].text;
}

static struct str write_title(const struct saved_mapping *mapping, const struct hunt_cell *cells,
                              struct arena *arena, struct buf *room)
{
    buf_clear(room);
    for (uint32_t i = 0; i < mapping->n_pieces; i++) {
        buf_add_str(room, mapping->pieces[i].text);
        buf_add_str(room, cell_text(cells, mapping->pieces[i].column));
    }
    return arena_copy(arena, buf_str(room));
}

static struct str write_entity(const struct saved_mapping *mapping, const struct hunt_cell *cells,
                               struct arena *arena, struct buf *room)
{
    buf_clear(room);
    buf_add_byte(room, '[');
    for (uint32_t i = 0; i < mapping->hunt->finding.entity.len; i++) {
        if (i)
            buf_add_byte(room, ',');
        buf_add_json(room, cell_text(cells, mapping->entity[i]));
    }
    buf_add_byte(room, ']');
    return arena_copy(arena, buf_str(room));
}

/* An id, or a list of them as JSON. What is no id is left out. */
static void read_events(struct str text, struct buf *room, struct saved_match *match)
{
    struct str key, value;
    struct json_cursor walk = json_cursor_of(text);
    if (lake_id_parse(str_trim(text), &match->events[0]) == 0)
        match->n_events = 1;
    while (match->n_events < SAVED_EVENTS_MAX && json_cursor_next(&walk, &key, &value))
        match->n_events +=
            lake_id_parse(dynamic_text(value, room), &match->events[match->n_events]) == 0;
}

int saved_match_read(const struct saved_mapping *mapping, const struct hunt_cell *cells,
                     struct arena *arena, struct saved_match *ret_match)
{
    struct saved_match match = {.time = TIME_UNSET, .level = mapping->hunt->level};
    struct buf room = {0};
    int64_t ticks;
    struct str level = cell_text(cells, mapping->level);
    (void)sigma_level_parse(level, &match.level); /* what is no level leaves the hunt's */
    if (kql_datetime_read(cell_text(cells, mapping->time), &ticks) == 0)
        match.time = ticks / KQL_TICKS_PER_US;
    match.agency = cell_text(cells, mapping->agency);
    match.source = cell_text(cells, mapping->source);
    for (uint32_t i = 0; i < SAVED_ABOUT_COUNT; i++)
        match.about[i] = cell_text(cells, mapping->about[i]);
    match.title = write_title(mapping, cells, arena, &room);
    match.entity = write_entity(mapping, cells, arena, &room);
    read_events(cell_text(cells, mapping->events), &room, &match);
    buf_clear(&room);
    if (match.time != TIME_UNSET)
        buf_add_i64(&room, match.time);
    else
        saved_row_write(mapping->columns, mapping->n_columns, cells, &room);
    match.evidence = arena_copy(arena, buf_str(&room));
    bool whole = !room.failed && match.title.ptr && match.entity.ptr && match.evidence.ptr;
    buf_free(&room);
    if (!whole)
        return -ENOMEM;
    *ret_match = match;
    return 0;
}

void saved_row_write(const struct hunt_column *columns, uint32_t n, const struct hunt_cell *cells,
                     struct buf *json)
{
    bool first = true;
    buf_add_byte(json, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (cells[i].null)
            continue;
        if (!first)
            buf_add_byte(json, ',');
        first = false;
        buf_add_json(json, columns[i].name);
        buf_add_byte(json, ':');
        value_write_json(json, columns[i].type, cells[i].text, false);
    }
    buf_add_byte(json, '}');
}
