#include "cli/hunt_out.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "cli/hunt_watch.h"
#include "cli/out_style.h"
#include "hunt/rows.h"
#include "hunt/value.h"

#define FLUSH_BYTES 65536

const char *const hunt_out_names[HUNT_OUT_COUNT] = {"table", "csv", "jsonl", "chart", "list"};

struct hunt_out {
    struct hunt_out_options options;
    struct hunt_sink sink;
    const struct hunt_head *head;
    struct buf text; /* lines that are not written yet */
    struct arena arena;
    VEC(const struct hunt_cell *) rows; /* in the arena */
};

static int flush(struct hunt_out *out)
{
    const struct hunt_out_options *options = &out->options;
    struct str text = buf_str(&out->text);
    int status = 0;
    if (out->text.failed)
        status = -ENOMEM;
    else if (text.len > 0 && options->watch)
        status = hunt_watch_print(options->watch, options->file, text);
    else if (text.len > 0 && fwrite(text.ptr, 1, text.len, options->file) < text.len)
        status = -errno;
    buf_clear(&out->text);
    return status;
}

static bool is_kept(const struct hunt_out *out)
{
    return out->options.form != HUNT_OUT_CSV && out->options.form != HUNT_OUT_JSONL;
}

static int begin(void *context, const struct hunt_head *head)
{
    struct hunt_out *out = context;
    out->head = head;
    out->rows.len = 0;
    arena_reset(&out->arena);
    if (head->index > 0 && out->options.form != HUNT_OUT_JSONL)
        buf_add_c(&out->text, is_kept(out) ? "\n" : "\r\n");
    if (out->options.form == HUNT_OUT_CSV)
        rows_add_csv_names(&out->text, head);
    return 0;
}

/* A table is laid out once its widths are known. */
static int keep(struct hunt_out *out, const struct hunt_cell *cells)
{
    uint32_t n = out->head->n_columns;
    struct hunt_cell *copy = arena_zero(&out->arena, n + 1u, sizeof(*copy));
    struct buf room = {0};
    bool whole = copy && vec_reserve(&out->rows, out->rows.len + 1) == 0;
    for (uint32_t i = 0; whole && i < n; i++) {
        struct str text = value_shown(out->head->columns[i].type, cells[i].text, &room);
        copy[i] = (struct hunt_cell){arena_copy(&out->arena, text), cells[i].null};
        whole = copy[i].text.ptr != NULL;
    }
    buf_free(&room);
    if (!whole)
        return -ENOMEM;
    out->rows.items[out->rows.len++] = copy;
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    struct hunt_out *out = context;
    if (is_kept(out))
        return keep(out, cells);
    if (out->options.form == HUNT_OUT_CSV)
        rows_add_csv(&out->text, out->head, cells);
    else
        rows_add_object(&out->text, out->head, cells);
    return out->text.len < FLUSH_BYTES && !out->text.failed ? 0 : flush(out);
}

static void lay_out(struct hunt_out *out, const struct hunt_kept *result)
{
    const struct hunt_out_options *options = &out->options;
    struct str chart = result->head.render ? result->head.render->chart : STR("");
    bool draw =
        options->form == HUNT_OUT_CHART || (options->form == HUNT_OUT_TABLE && chart.len > 0);
    if (options->form == HUNT_OUT_LIST)
        hunt_list_write(&out->text, result, &options->look);
    else if (!draw || !hunt_chart_write(&out->text, result, &options->look))
        hunt_table_write(&out->text, result, &options->look);
}

static int end(void *context, bool cut)
{
    struct hunt_out *out = context;
    const struct hunt_kept result = {*out->head, out->rows.items, out->rows.len, cut};
    if (is_kept(out))
        lay_out(out, &result);
    return flush(out);
}

struct hunt_out *hunt_out_new(const struct hunt_out_options *options)
{
    struct hunt_out *out = calloc(1, sizeof(*out));
    if (!out)
        return NULL;
    out->options = *options;
    out->sink = (struct hunt_sink){begin, row, end, out};
    arena_init(&out->arena, HUNT_KEPT_MAX);
    return out;
}

void hunt_out_free(struct hunt_out *out)
{
    if (!out)
        return;
    buf_free(&out->text);
    arena_free(&out->arena);
    vec_free(&out->rows);
    free(out);
}

const struct hunt_sink *hunt_out_sink(struct hunt_out *out)
{
    return &out->sink;
}

void hunt_place_write(struct buf *out, struct str query, uint32_t line, uint32_t column)
{
    struct str text = STR("");
    for (uint32_t i = 0; i < line; i++)
        if (!str_cut_line(&query, &text))
            return;
    if (line == 0)
        return;
    size_t columns = style_exact(NULL, str_first(text, column > 0 ? column - 1 : 0), 0, "");
    buf_add_c(out, "  ");
    style_exact(out, text, 0, "");
    buf_add_c(out, "\n  ");
    for (size_t i = 0; i < columns; i++)
        buf_add_byte(out, ' ');
    buf_add_c(out, "^\n");
}
