/*
 * The values of one row, each as a card:
 *
 *     ╭ failed logons ╮  ╭ hosts ╮
 *     │ 1,204         │  │ 7     │
 *     ╰───────────────╯  ╰───────╯
 */
#include "cli/hunt_chart.h"
#include "cli/out_style.h"
#include "hunt/value.h"

#define GAP 2
#define CARD_MAX_COLUMNS 32 /* of what stands in it */
#define FRAME 4             /* columns around it */

struct frame {
    const char *line, *side, *above_left, *above_right, *below_left, *below_right;
};

static const struct frame frames[] = {{"─", "│", "╭", "╮", "╰", "╯"},
                                      {"-", "|", "+", "+", "+", "+"}};

struct cards {
    const struct hunt_kept *result;
    const struct hunt_look *look;
    const struct frame *frame;
};

/* The value as it is shown: whole numbers with commas. */
static size_t write_value(struct buf *out, const struct cards *cards, uint32_t column)
{
    struct str text = cards->result->rows[0][column].text;
    enum kql_type type = cards->result->head.columns[column].type;
    char count[32];
    uint64_t number;
    bool whole = (type == KQL_INT || type == KQL_LONG) && str_to_u64(text, &number) == 0;
    return style_exact(out, whole ? str_of(count, style_count(number, count)) : text,
                       CARD_MAX_COLUMNS, cards->look->ascii ? "~" : "…");
}

static size_t write_name(struct buf *out, const struct cards *cards, uint32_t column)
{
    return style_exact(out, cards->result->head.columns[column].name, CARD_MAX_COLUMNS,
                       cards->look->ascii ? "~" : "…");
}

static size_t width_of(const struct cards *cards, uint32_t column)
{
    struct buf text = {0};
    size_t name = write_name(&text, cards, column), value = write_value(&text, cards, column);
    buf_free(&text);
    return name > value ? name : value;
}

static void add_line(struct buf *out, const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_c(out, line);
}

/* One of the three lines of a card. */
static void write_line(struct buf *out, const struct cards *cards, uint32_t column, int line)
{
    const struct frame *frame = cards->frame;
    const char *dim = style_dim(cards->look->colour), *reset = style_reset(cards->look->colour);
    size_t width = width_of(cards, column);
    if (line == 0) {
        buf_printf(out, "%s%s%s ", dim, frame->above_left, reset);
        size_t used = write_name(out, cards, column);
        buf_printf(out, "%s ", dim);
        add_line(out, frame->line, width - used);
        buf_printf(out, "%s%s", frame->above_right, reset);
    } else if (line == 1) {
        buf_printf(out, "%s%s%s %s", dim, frame->side, reset, style_bold(cards->look->colour));
        size_t used = write_value(out, cards, column);
        buf_add_c(out, reset);
        style_spaces(out, width - used + 1);
        buf_printf(out, "%s%s%s", dim, frame->side, reset);
    } else {
        buf_printf(out, "%s%s", dim, frame->below_left);
        add_line(out, frame->line, width + 2);
        buf_printf(out, "%s%s", frame->below_right, reset);
    }
}

void chart_draw_cards(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look)
{
    const struct cards cards = {result, look, &frames[look->ascii]};
    uint32_t n = result->head.n_columns;
    for (uint32_t from = 0, to; from < n; from = to) {
        size_t used = 0;
        for (to = from; to < n; to++) {
            used += width_of(&cards, to) + FRAME + (to > from ? GAP : 0);
            if (to > from && used > look->width)
                break;
        }
        for (int line = 0; line < 3; line++) {
            for (uint32_t c = from; c < to; c++) {
                style_spaces(out, c > from ? GAP : 0);
                write_line(out, &cards, c, line);
            }
            buf_add_byte(out, '\n');
        }
    }
}
