/* A result as a table of the terminal. */
#include <stdlib.h>

#include "cli/hunt_out.h"
#include "cli/out_style.h"
#include "hunt/value.h"

#define GAP 2
#define COLUMN_MIN 8       /* a column is not cut below it */
#define COLUMN_SHORT 24    /* what is no wider is left whole */
#define COLUMN_LONG_MIN 16 /* .. as long as wider ones can be cut to this */
#define COLUMN_WIDE 200    /* where nothing limits the width */
#define CELL_LOOKED 1024   /* bytes of a cell that its width is measured by */

static size_t width_of(struct str text)
{
    return style_exact(NULL, str_first(text, CELL_LOOKED), 0, "");
}

static void measure(const struct hunt_kept *result, size_t *widths)
{
    for (uint32_t c = 0; c < result->head.n_columns; c++) {
        widths[c] = width_of(result->head.columns[c].name);
        for (size_t r = 0; r < result->n; r++) {
            size_t width = width_of(result->rows[r][c].text);
            if (width > widths[c])
                widths[c] = width;
        }
        if (widths[c] > COLUMN_WIDE)
            widths[c] = COLUMN_WIDE;
        if (widths[c] == 0)
            widths[c] = 1;
    }
}

/* The widest column that may give more; n: none may. */
static uint32_t widest_of(const size_t *widths, const size_t *floors, uint32_t n)
{
    uint32_t widest = n;
    for (uint32_t i = 0; i < n; i++)
        if (widths[i] > floors[i] && (widest == n || widths[i] > widths[widest]))
            widest = i;
    return widest;
}

/*
 * Takes from the widest column, one by one, until all fit. What is short, such as a time or a host, is cut only when long
 * texts can't give more. False: they don't fit.
 */
static bool squeeze(size_t *widths, size_t *floors, uint32_t n, size_t width)
{
    size_t sum = n > 0 ? (size_t)GAP * (n - 1) : 0;
    for (uint32_t i = 0; i < n; i++) {
        floors[i] = widths[i] > COLUMN_SHORT ? COLUMN_LONG_MIN : widths[i];
        sum += widths[i];
    }
    for (int hard = 0; hard < 2; hard++) {
        uint32_t widest;
        while (sum > width && (widest = widest_of(widths, floors, n)) < n) {
            widths[widest]--;
            sum--;
        }
        for (uint32_t i = 0; i < n; i++)
            floors[i] = COLUMN_MIN;
    }
    return sum <= width;
}

/* A table that is being written. */
struct grid {
    struct buf *out;
    const struct hunt_head *head;
    const struct hunt_look *look;
    const size_t *widths;
};

static void add_cell(const struct grid *grid, uint32_t c, struct str text)
{
    struct buf cell = {0};
    bool last = c + 1 == grid->head->n_columns;
    bool right = value_is_number(grid->head->columns[c].type);
    size_t width = grid->widths[c];
    size_t used = style_exact(&cell, text, width, grid->look->ascii ? "~" : "…");
    size_t rest = width > used ? width - used : 0;
    style_spaces(grid->out, right ? rest : 0);
    buf_add_str(grid->out, buf_str(&cell));
    style_spaces(grid->out, last ? 0 : (right ? 0 : rest) + GAP);
    grid->out->failed |= cell.failed;
    buf_free(&cell);
}

static void add_names(const struct grid *grid)
{
    buf_add_c(grid->out, style_bold(grid->look->colour));
    for (uint32_t c = 0; c < grid->head->n_columns; c++)
        add_cell(grid, c, grid->head->columns[c].name);
    buf_add_c(grid->out, style_reset(grid->look->colour));
    buf_add_byte(grid->out, '\n');
}

static void add_rule(const struct grid *grid)
{
    buf_add_c(grid->out, style_dim(grid->look->colour));
    for (uint32_t c = 0; c < grid->head->n_columns; c++) {
        for (size_t i = 0; i < grid->widths[c]; i++)
            buf_add_c(grid->out, grid->look->ascii ? "-" : "─");
        style_spaces(grid->out, c + 1 == grid->head->n_columns ? 0 : GAP);
    }
    buf_add_c(grid->out, style_reset(grid->look->colour));
    buf_add_byte(grid->out, '\n');
}

void hunt_foot_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look)
{
    buf_add_c(out, style_dim(look->colour));
    style_add_count(out, result->n);
    buf_printf(out, " row%s%s%s\n", result->n == 1 ? "" : "s",
               result->cut ? ", cut: there are more (--rows)" : "", style_reset(look->colour));
}

void hunt_table_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look)
{
    const struct hunt_head *head = &result->head;
    size_t *widths = calloc(2 * (head->n_columns + 1u), sizeof(*widths));
    const struct grid grid = {out, head, look, widths};
    if (!widths) {
        out->failed = true;
        return;
    }
    measure(result, widths);
    if (look->width > 0 &&
        !squeeze(widths, widths + head->n_columns, head->n_columns, look->width)) {
        hunt_list_write(out, result, look);
    } else {
        add_names(&grid);
        add_rule(&grid);
        for (size_t r = 0; r < result->n; r++) {
            for (uint32_t c = 0; c < head->n_columns; c++)
                add_cell(&grid, c, result->rows[r][c].text);
            buf_add_byte(out, '\n');
        }
        hunt_foot_write(out, result, look);
    }
    free(widths);
}
