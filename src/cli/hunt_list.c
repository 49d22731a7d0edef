/*
 * A result as a list: what has more columns than a terminal is read row by row.
 *
 *     ── 1 ──────────────────────────────
 *     Computer     WS1
 *     CommandLine  powershell.exe -enc JABz
 *                  AGUAbgBkAA==
 */
#include <stdlib.h>

#include "cli/hunt_out.h"
#include "cli/out_style.h"

#define NAME_MAX_COLUMNS 32
#define VALUE_MIN_COLUMNS 16
#define RULE_COLUMNS 60 /* where nothing limits the width */
#define GAP 2

struct list {
    struct buf *out;
    const struct hunt_kept *result;
    const struct hunt_look *look;
    bool *used;   /* of each column: some row has a value */
    size_t names; /* columns of the widest name */
};

static bool has_text(const struct hunt_kept *result, size_t row, uint32_t column)
{
    return result->rows[row][column].text.len > 0;
}

static size_t name_columns(const struct list *list, uint32_t column)
{
    size_t columns = style_exact(NULL, list->result->head.columns[column].name, 0, "");
    return columns < NAME_MAX_COLUMNS ? columns : NAME_MAX_COLUMNS;
}

/* Which columns are shown, and how wide their names are. Returns how many are not. */
static uint32_t look_at_columns(struct list *list)
{
    uint32_t unused = 0;
    for (uint32_t c = 0; c < list->result->head.n_columns; c++) {
        for (size_t r = 0; r < list->result->n && !list->used[c]; r++)
            list->used[c] = has_text(list->result, r, c);
        unused += !list->used[c];
        if (list->used[c] && name_columns(list, c) > list->names)
            list->names = name_columns(list, c);
    }
    return unused;
}

static void add_rule(const struct list *list, size_t row)
{
    const char *line = list->look->ascii ? "-" : "─";
    size_t columns = list->look->width ? list->look->width : RULE_COLUMNS;
    char number[32];
    size_t used = style_count(row + 1, number) + 4;
    buf_printf(list->out, "%s%s%s %s ", style_dim(list->look->colour), line, line, number);
    for (; used < columns; used++)
        buf_add_c(list->out, line);
    buf_printf(list->out, "%s\n", style_reset(list->look->colour));
}

/* As many lines as the value needs, under each other. */
static void add_value(const struct list *list, struct str value)
{
    size_t before = list->names + GAP;
    size_t columns = list->look->width > before + VALUE_MIN_COLUMNS ? list->look->width - before
                     : list->look->width                            ? VALUE_MIN_COLUMNS
                                                                    : 0;
    do {
        style_exact_line(list->out, &value, columns);
        buf_add_byte(list->out, '\n');
        style_spaces(list->out, value.len ? before : 0);
    } while (value.len);
}

static void add_row(const struct list *list, size_t row)
{
    const char *ellipsis = list->look->ascii ? "~" : "…";
    add_rule(list, row);
    for (uint32_t c = 0; c < list->result->head.n_columns; c++) {
        if (!list->used[c] || !has_text(list->result, row, c))
            continue;
        buf_add_c(list->out, style_bold(list->look->colour));
        size_t used =
            style_exact(list->out, list->result->head.columns[c].name, NAME_MAX_COLUMNS, ellipsis);
        buf_add_c(list->out, style_reset(list->look->colour));
        style_spaces(list->out, list->names + GAP - used);
        add_value(list, list->result->rows[row][c].text);
    }
}

void hunt_list_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look)
{
    struct list list = {out, result, look, calloc(result->head.n_columns + 1u, 1), 0};
    if (!list.used) {
        out->failed = true;
        return;
    }
    uint32_t unused = look_at_columns(&list);
    for (size_t r = 0; r < result->n; r++)
        add_row(&list, r);
    if (unused > 0 && result->n > 0)
        buf_printf(out, "%s%u column%s without a value left out%s\n", style_dim(look->colour),
                   unused, unused == 1 ? "" : "s", style_reset(look->colour));
    hunt_foot_write(out, result, look);
    free(list.used);
}
