/* Which chart render asks for, and what stands around it. */
#include "cli/hunt_chart.h"

#include <math.h>

#include "cli/out_style.h"

#define NAME_MAX_COLUMNS 32

/* The first is for results that ask for none, and have a time. */
static const struct chart_kind kinds[] = {
    {"timechart", true, true, false, chart_draw_lines},
    {"anomalychart", true, true, false, chart_draw_lines},
    {"linechart", false, true, false, chart_draw_lines},
    {"areachart", false, true, false, chart_draw_areas},
    {"stackedareachart", false, true, true, chart_draw_areas},
    {"scatterchart", false, true, false, chart_draw_points},
    {"columnchart", false, false, false, chart_draw_columns},
    {"barchart", false, false, false, chart_draw_bars},
    {"piechart", false, false, false, chart_draw_shares},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct chart_kind *find_kind(struct str word)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (str_eq_ascii_nocase(word, str_from_c(kinds[i].word)))
            return &kinds[i];
    return NULL;
}

/* What suits a result of which nothing is said. */
static const struct chart_kind *guess_kind(const struct hunt_kept *result)
{
    for (uint32_t c = 0; c < result->head.n_columns; c++)
        if (result->head.columns[c].type == KQL_DATETIME)
            return find_kind(STR("timechart"));
    return find_kind(STR("barchart"));
}

/* ---- colours and marks ---- */

const char *chart_paint(const struct chart *chart, size_t series)
{
    static const char *const colours[CHART_SERIES_MAX] = {
        "\033[36m", "\033[33m", "\033[35m", "\033[32m", "\033[31m", "\033[34m",
        "\033[96m", "\033[93m", "\033[95m", "\033[92m", "\033[91m", "\033[94m"};
    return chart->look.colour ? colours[series % CHART_SERIES_MAX] : "";
}

const char *chart_alarm(const struct chart *chart)
{
    return chart->look.colour ? "\033[1;31m" : "";
}

bool chart_is_marked(const struct chart *chart)
{
    return !chart->look.colour && chart->series.len > 1;
}

const char *chart_mark(const struct chart *chart, size_t series)
{
    static const char *const marks[CHART_SERIES_MAX] = {"●", "▲", "□", "✚", "○", "△",
                                                        "◇", "×", "▽", "■", "◎", "☆"};
    static const char *const letters[CHART_SERIES_MAX] = {"*", "+", "o", "x", "#", "@",
                                                          "%", "=", "&", "$", "?", "~"};
    if (chart->look.ascii)
        return letters[series % CHART_SERIES_MAX];
    return chart_is_marked(chart) ? marks[series % CHART_SERIES_MAX] : "■";
}

const char *chart_fill(const struct chart *chart, size_t series)
{
    static const char *const fills[CHART_SERIES_MAX] = {"█", "░", "▓", "▒", "▚", "═",
                                                        "╳", "║", "▤", "╱", "•", "·"};
    if (chart->look.ascii)
        return chart->series.len > 1 ? chart_mark(chart, series) : "#";
    return chart_is_marked(chart) ? fills[series % CHART_SERIES_MAX] : "█";
}

/* ---- render's words ---- */

static void read_wishes(struct chart_wishes *wishes, const struct hunt_render *render)
{
    *wishes = (struct chart_wishes){.legend = true, .ymin = (double)NAN, .ymax = (double)NAN};
    for (uint32_t i = 0; render && i < render->n_properties; i++) {
        struct str name = render->names[i], value = render->values[i];
        const struct {
            struct str name;
            struct str *text;
        } texts[] = {
            {STR("title"), &wishes->title},
            {STR("xtitle"), &wishes->xtitle},
            {STR("ytitle"), &wishes->ytitle},
            {STR("xcolumn"), &wishes->xcolumn},
            {STR("ycolumns"), &wishes->ycolumns},
            {STR("series"), &wishes->series},
            {STR("anomalycolumns"), &wishes->anomalies},
        };
        for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
            if (str_eq_ascii_nocase(name, texts[t].name))
                *texts[t].text = value;
        if (str_eq(name, STR("legend")))
            wishes->legend = !str_eq(value, STR("hidden"));
        else if (str_eq(name, STR("accumulate")))
            wishes->accumulate = str_eq(value, STR("true"));
        else if (str_eq(name, STR("ymin")))
            str_to_double(value, &wishes->ymin);
        else if (str_eq(name, STR("ymax")))
            str_to_double(value, &wishes->ymax);
        else if (str_eq(name, STR("kind"))) {
            wishes->percent = str_eq(value, STR("stacked100"));
            wishes->stacked = wishes->percent || str_eq(value, STR("stacked"));
        }
    }
}

/* ---- around the picture ---- */

static void add_text(struct buf *out, const struct chart *chart, struct str text, const char *style)
{
    if (text.len == 0)
        return;
    buf_add_c(out, style);
    style_exact(out, text, chart->look.width, chart->look.ascii ? "~" : "…");
    buf_printf(out, "%s\n", style_reset(chart->look.colour));
}

/* "■ WS1  ■ WS2", on as many lines as it takes. */
static void add_legend(struct buf *out, const struct chart *chart, const struct chart_kind *kind)
{
    size_t used = 0;
    for (size_t s = 0; s < chart->series.len; s++) {
        struct str name = chart->series.items[s].name;
        size_t columns = style_exact(NULL, name, 0, "");
        columns = (columns < NAME_MAX_COLUMNS ? columns : NAME_MAX_COLUMNS) + 4;
        if (used > 0 && used + columns > chart->look.width) {
            buf_add_byte(out, '\n');
            used = 0;
        }
        bool filled = kind->draw != chart_draw_lines && kind->draw != chart_draw_points;
        buf_printf(out, "%s%s%s%s ", used ? "  " : "", chart_paint(chart, s),
                   filled ? chart_fill(chart, s) : chart_mark(chart, s),
                   style_reset(chart->look.colour));
        style_exact(out, name, NAME_MAX_COLUMNS, chart->look.ascii ? "~" : "…");
        used += columns;
    }
    if (chart->has_marks)
        buf_printf(out, "  %s%s%s anomaly", chart_alarm(chart), chart->look.ascii ? "!" : "◆",
                   style_reset(chart->look.colour));
    if (chart->series_left_out > 0)
        buf_printf(out, "  %sand %zu with less%s", style_dim(chart->look.colour),
                   chart->series_left_out, style_reset(chart->look.colour));
    buf_add_byte(out, '\n');
}

static void add_chart(struct buf *out, struct chart *chart, const struct chart_kind *kind,
                      const struct hunt_kept *result)
{
    add_text(out, chart, chart->wishes.title, style_bold(chart->look.colour));
    add_text(out, chart, chart->wishes.ytitle, style_dim(chart->look.colour));
    kind->draw(out, chart);
    if (chart->wishes.legend && (chart->series.len > 1 || kind->ordered))
        add_legend(out, chart, kind);
    if (result->cut)
        hunt_foot_write(out, result, &chart->look);
}

bool hunt_chart_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look)
{
    const struct hunt_render *render = result->head.render;
    struct str word = render ? render->chart : STR("");
    const struct chart_kind *kind = word.len ? find_kind(word) : guess_kind(result);
    bool is_card = str_eq_ascii_nocase(word, STR("card"));
    struct chart chart = {.look = *look};
    if (result->n == 0 || (!kind && !is_card))
        return false;
    read_wishes(&chart.wishes, render);
    chart.look.width = look->width == 0                ? CHART_WIDTH_DEFAULT
                       : look->width < CHART_WIDTH_MIN ? CHART_WIDTH_MIN
                                                       : look->width;
    if (is_card) {
        add_text(out, &chart, chart.wishes.title, style_bold(look->colour));
        chart_draw_cards(out, result, &chart.look);
        return true;
    }
    chart.wishes.stacked |= kind->stacked;
    bool drawn = chart_read(&chart, result, kind);
    chart.wishes.stacked = chart.wishes.stacked && chart.series.len > 1;
    if (drawn)
        add_chart(out, &chart, kind, result);
    chart_free(&chart);
    return drawn;
}
