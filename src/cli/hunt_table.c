/* A result as a table of the terminal. */
#include <stdlib.h>

#include "cli/hunt_out.h"
#include "cli/out_style.h"
#include "hunt/value.h"

#define GAP 2
#define COLUMN_MIN 8    /* a column is not cut below it */
#define COLUMN_WIDE 200 /* where nothing limits the width */
#define CELL_LOOKED 400 /* code points of a cell that its width is measured by */

static size_t points(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < CELL_LOOKED; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static void measure(const struct hunt_kept *result, size_t *widths)
{
    for (uint32_t c = 0; c < result->head.n_columns; c++) {
        widths[c] = points(result->head.columns[c].name);
        for (size_t r = 0; r < result->n; r++) {
            size_t width = points(result->rows[r][c].text);
            if (width > widths[c])
                widths[c] = width;
        }
        if (widths[c] > COLUMN_WIDE)
            widths[c] = COLUMN_WIDE;
        if (widths[c] == 0)
            widths[c] = 1;
    }
}

/* Takes from the widest column, one by one, until all fit or none may give more. */
static void squeeze(size_t *widths, uint32_t n, size_t width)
{
    for (;;) {
        size_t sum = n > 0 ? (size_t)GAP * (n - 1) : 0;
        uint32_t widest = 0;
        for (uint32_t i = 0; i < n; i++) {
            sum += widths[i];
            if (widths[i] > widths[widest])
                widest = i;
        }
        if (sum <= width || widths[widest] <= COLUMN_MIN)
            return;
        widths[widest]--;
    }
}

static void add_spaces(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_byte(out, ' ');
}

static void add_cell(struct buf *out, struct str text, size_t width, bool right, bool last)
{
    struct buf cell = {0};
    size_t used = style_printable(&cell, text, width);
    size_t rest = width > used ? width - used : 0;
    add_spaces(out, right ? rest : 0);
    buf_add_str(out, buf_str(&cell));
    add_spaces(out, last ? 0 : (right ? 0 : rest) + GAP);
    buf_free(&cell);
}

static bool is_right(const struct hunt_head *head, uint32_t column)
{
    return value_is_number(head->columns[column].type);
}

static void add_names(struct buf *out, const struct hunt_head *head, const size_t *widths,
                      bool colour)
{
    buf_add_c(out, style_bold(colour));
    for (uint32_t c = 0; c < head->n_columns; c++)
        add_cell(out, head->columns[c].name, widths[c], is_right(head, c),
                 c + 1 == head->n_columns);
    buf_add_c(out, style_reset(colour));
    buf_add_byte(out, '\n');
}

static void add_rule(struct buf *out, const struct hunt_head *head, const size_t *widths,
                     bool colour)
{
    buf_add_c(out, style_dim(colour));
    for (uint32_t c = 0; c < head->n_columns; c++) {
        for (size_t i = 0; i < widths[c]; i++)
            buf_add_c(out, "─");
        add_spaces(out, c + 1 == head->n_columns ? 0 : GAP);
    }
    buf_add_c(out, style_reset(colour));
    buf_add_byte(out, '\n');
}

static void add_foot(struct buf *out, const struct hunt_kept *result, bool colour)
{
    char count[32];
    style_count(result->n, count);
    buf_printf(out, "%s%s row%s%s%s\n", style_dim(colour), count, result->n == 1 ? "" : "s",
               result->cut ? ", cut: there are more (--rows)" : "", style_reset(colour));
}

void hunt_table_write(struct buf *out, const struct hunt_kept *result, size_t width, bool colour)
{
    const struct hunt_head *head = &result->head;
    size_t *widths = calloc(head->n_columns + 1u, sizeof(*widths));
    if (!widths) {
        out->failed = true;
        return;
    }
    measure(result, widths);
    if (width > 0)
        squeeze(widths, head->n_columns, width);
    add_names(out, head, widths, colour);
    add_rule(out, head, widths, colour);
    for (size_t r = 0; r < result->n; r++) {
        for (uint32_t c = 0; c < head->n_columns; c++)
            add_cell(out, result->rows[r][c].text, widths[c], is_right(head, c),
                     c + 1 == head->n_columns);
        buf_add_byte(out, '\n');
    }
    add_foot(out, result, colour);
    free(widths);
}
