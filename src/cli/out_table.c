/*
 * out_table: the report for reading at a terminal. Findings that say the same (rule,
 * host, user, details) fold into one line with a count; lines are in the order of time, a summary
 * follows: levels, rules, hosts, what was read and what could not be.
 */
#include "cli/out_style.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"

#define TABLE_LINES_MAX 20000        /* folded lines kept; findings past it are only counted */
#define TABLE_MEMORY_MAX (64u << 20) /* bytes of their text */
#define TABLE_TOP 10                 /* rules and hosts in the summary */
#define TABLE_ERRORS_SHOWN 10        /* without --verbose */
#define TABLE_DETAILS_WIDE 160       /* columns of details where nothing limits them */
#define TABLE_VALUE_COLUMNS 120
#define TABLE_NARROW 112 /* columns of a terminal below which a finding takes two lines */

struct table_line {
    const struct sigma_meta *meta;
    struct str host, user, details;
    int64_t first, last; /* TIME_UNSET: undated */
    uint64_t count;
    size_t order; /* of arrival, for findings of one instant */
};

struct table {
    struct out_options options;
    struct arena arena;
    struct map seen; /* key → index into lines */
    VEC(struct table_line) lines;
    struct buf key;
    uint64_t unlisted; /* findings past the limits */
};

static void *table_begin(const struct out_options *options)
{
    struct table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->options = *options;
    arena_init(&table->arena, TABLE_MEMORY_MAX);
    return table;
}

static void count(struct table_line *line, const struct finding *finding)
{
    line->count++;
    time_extend(&line->first, &line->last, finding_time(finding));
}

/* A new line whose key (and all its text) is copied; false when a limit is spent. */
static bool add_line(struct table *table, const struct finding *finding, size_t host_at,
                     size_t user_at, size_t details_at)
{
    struct str key = arena_copy(&table->arena, buf_str(&table->key));
    if (!key.ptr || table->lines.len == TABLE_LINES_MAX)
        return false;
    struct table_line line = {
        .meta = finding->meta,
        .host = str_of(key.ptr + host_at, user_at - host_at - 1),
        .user = str_of(key.ptr + user_at, details_at - user_at - 1),
        .details = str_skip(key, details_at),
        .first = TIME_UNSET,
        .last = TIME_UNSET,
        .order = table->lines.len,
    };
    count(&line, finding);
    if (vec_push(&table->lines, line) < 0)
        return false;
    if (map_put(&table->seen, key, (uint32_t)(table->lines.len - 1)) < 0)
        table->lines.len--;
    return true;
}

static void table_finding(void *state, const struct finding *finding)
{
    struct table *table = state;
    struct buf *key = &table->key;
    const struct finding_event *event = finding->event;

    /* The key is the line's text: meta pointer, host, user, details, NUL between them. */
    buf_clear(key);
    buf_add(key, &finding->meta, sizeof(finding->meta));
    size_t host_at = key->len;
    style_printable(key, event ? event->host : (struct str){0}, 64);
    buf_add_byte(key, '\0');
    size_t user_at = key->len;
    style_printable(key, event ? event->user : (struct str){0}, 64);
    buf_add_byte(key, '\0');
    size_t details_at = key->len;
    style_details(finding, 3, TABLE_VALUE_COLUMNS, key);
    if (key->failed) {
        table->unlisted++;
        return;
    }
    uint32_t index = map_get(&table->seen, buf_str(key));
    if (index != MAP_NONE)
        count(&table->lines.items[index], finding);
    else if (!add_line(table, finding, host_at, user_at, details_at))
        table->unlisted++;
}

static int by_time(const void *left, const void *right)
{
    const struct table_line *a = left, *b = right;
    /* Undated lines come last. */
    uint64_t a_time = a->first == TIME_UNSET ? UINT64_MAX : (uint64_t)a->first + (1ull << 63);
    uint64_t b_time = b->first == TIME_UNSET ? UINT64_MAX : (uint64_t)b->first + (1ull << 63);
    if (a_time != b_time)
        return a_time < b_time ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/*
 * How the columns share the width: time and level are fixed, host and rule
 * as wide as they need within bounds.
 */
struct columns {
    size_t host, rule, details;
};

static size_t code_points(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static struct columns choose_columns(const struct table *table)
{
    struct columns columns = {4, 4, TABLE_DETAILS_WIDE};
    size_t width = table->options.width;
    for (size_t i = 0; i < table->lines.len; i++) {
        size_t host = code_points(table->lines.items[i].host);
        size_t rule = code_points(table->lines.items[i].meta->title);
        if (host > columns.host)
            columns.host = host;
        if (rule > columns.rule)
            columns.rule = rule;
    }
    size_t host_max = width && width < 140 ? 16 : 28, rule_max = width && width < 140 ? 36 : 56;
    if (columns.host > host_max)
        columns.host = host_max;
    if (columns.rule > rule_max)
        columns.rule = rule_max;
    /* time 19, level 8, count 7, five gaps of two */
    size_t fixed = 19 + 8 + 7 + 10 + columns.host + columns.rule;
    if (width)
        columns.details = width > fixed + 12 ? width - fixed : 12;
    return columns;
}

static void add_cell(struct buf *out, struct str text, size_t columns)
{
    size_t used = style_printable(out, text, columns);
    for (; used < columns + 2; used++)
        buf_add_byte(out, ' ');
}

static bool is_narrow(const struct table *table)
{
    return table->options.width && table->options.width < TABLE_NARROW;
}

/* In a narrow terminal: the rule takes the first line's rest, host and details the second. */
static struct columns choose_narrow_columns(const struct table *table)
{
    /* time 19, level 8, count 7, three gaps of two; an indent of four */
    size_t width = table->options.width, fixed = 19 + 8 + 7 + 6;
    return (struct columns){
        .rule = width > fixed + 12 ? width - fixed : 12,
        .details = width > 4 + 12 ? width - 4 : 12,
    };
}

static void end_line(struct buf *out)
{
    while (out->len && out->ptr[out->len - 1] == ' ')
        out->len--;
    buf_add_byte(out, '\n');
}

static void write_line(const struct table *table, const struct table_line *line,
                       const struct columns *columns, struct buf *out)
{
    bool colour = table->options.colour;
    char time[TIME_TEXT_MAX], count[32] = "";
    style_time(line->first, time);
    buf_printf(out, "%s%-19s%s  ", style_dim(colour), time, style_reset(colour));
    if (line->count > 1) {
        char number[32];
        style_count(line->count, number);
        snprintf(count, sizeof(count), "×%.29s", number);
    }
    buf_printf(out, "%s%-8s%s  ", style_colour(line->meta->level, colour),
               style_level_short(line->meta->level), style_reset(colour));
    if (!is_narrow(table))
        add_cell(out, line->host, columns->host);
    buf_add_c(out, style_bold(colour));
    add_cell(out, line->meta->title, columns->rule);
    buf_add_c(out, style_reset(colour));
    /* × is two bytes for one column. */
    buf_printf(out, "%*s  ", count[0] ? 8 : 7, count);
    if (!is_narrow(table)) {
        style_printable(out, line->details, columns->details);
        end_line(out);
        return;
    }
    end_line(out);
    buf_add_c(out, "    ");
    size_t used = style_printable(out, line->host, columns->details);
    if (used && line->details.len && used + 3 < columns->details) {
        buf_add_c(out, " · ");
        used += 3;
    }
    if (used < columns->details)
        style_printable(out, line->details, columns->details - used);
    end_line(out);
}

static void write_heads(const struct table *table, const struct columns *columns, struct buf *out)
{
    bool colour = table->options.colour;
    buf_printf(out, "%s%-19s  %-8s  ", style_dim(colour), "First seen (UTC)", "Level");
    if (!is_narrow(table))
        add_cell(out, STR("Host"), columns->host);
    add_cell(out, STR("Rule"), columns->rule);
    buf_printf(out, "%7s%s%s\n", "Count", is_narrow(table) ? "" : "  Details", style_reset(colour));
}

static void write_lines(struct table *table, struct buf *out)
{
    if (table->lines.len == 0)
        return;
    struct columns columns =
        is_narrow(table) ? choose_narrow_columns(table) : choose_columns(table);
    qsort(table->lines.items, table->lines.len, sizeof(table->lines.items[0]), by_time);
    write_heads(table, &columns, out);
    for (size_t i = 0; i < table->lines.len; i++) {
        write_line(table, &table->lines.items[i], &columns, out);
        if (out->len > 65536) {
            fwrite(out->ptr, 1, out->len, table->options.stream);
            buf_clear(out);
        }
    }
    buf_add_byte(out, '\n');
}

static void heading(struct buf *out, const char *name, bool colour)
{
    buf_printf(out, "%s%-12s%s", style_bold(colour), name, style_reset(colour));
}

static void write_levels(const struct table *table, const struct out_summary *summary,
                         struct buf *out)
{
    bool colour = table->options.colour, first = true;
    heading(out, "Findings", colour);
    style_add_count(out, summary->findings);
    if (summary->findings == 0) {
        buf_add_c(out, "\n");
        return;
    }
    buf_add_c(out, " in ");
    style_add_count(out, table->lines.len);
    buf_add_c(out, table->lines.len == 1 ? " line: " : " lines: ");
    for (int level = SIGMA_CRITICAL; level >= 0; level--) {
        if (!summary->by_level[level])
            continue;
        buf_add_c(out, first ? "" : " · ");
        first = false;
        buf_printf(out, "%s%s%s ", style_colour((enum sigma_level)level, colour),
                   style_level((enum sigma_level)level), style_reset(colour));
        style_add_count(out, summary->by_level[level]);
    }
    buf_add_c(out, "\n");
    if (table->unlisted) {
        buf_add_c(out, "            ");
        style_add_count(out, table->unlisted);
        buf_add_c(out, " more are counted but not listed (too many for a table: use -o jsonl)\n");
    }
}

static void write_rules(const struct table *table, const struct out_summary *summary,
                        struct buf *out)
{
    /* heading 12, level 8, count 8, gaps of one and two */
    size_t width = table->options.width, title_max = width > 31 + 12 ? width - 31 : 90;
    if (title_max > 90)
        title_max = 90;
    for (size_t i = 0; i < summary->n_rules && i < TABLE_TOP; i++) {
        const struct out_rule_count *rule = &summary->rules[i];
        bool colour = table->options.colour;
        heading(out, i ? "" : "Rules", colour);
        buf_printf(out, "%s%-8s%s ", style_colour(rule->meta->level, colour),
                   style_level_short(rule->meta->level), style_reset(colour));
        char number[32];
        style_count(rule->count, number);
        buf_printf(out, "%8s  ", number);
        style_printable(out, rule->meta->title, title_max);
        buf_add_byte(out, '\n');
    }
    if (summary->n_rules > TABLE_TOP)
        buf_printf(out, "            and %zu rules more\n", summary->n_rules - TABLE_TOP);
}

static void write_hosts(const struct table *table, const struct out_summary *summary,
                        struct buf *out)
{
    for (size_t i = 0; i < summary->n_hosts && i < TABLE_TOP; i++) {
        const struct out_host_count *host = &summary->hosts[i];
        char number[32];
        heading(out, i ? "" : "Hosts", table->options.colour);
        style_count(host->count, number);
        buf_printf(out, "%-8s %8s  ", "", number);
        style_printable(out, host->host.len ? host->host : STR("(no host)"), 60);
        for (int level = SIGMA_CRITICAL; level >= SIGMA_HIGH; level--)
            if (host->by_level[level])
                buf_printf(out, "  %s%llu %s%s",
                           style_colour((enum sigma_level)level, table->options.colour),
                           (unsigned long long)host->by_level[level],
                           style_level((enum sigma_level)level),
                           style_reset(table->options.colour));
        buf_add_byte(out, '\n');
    }
    if (summary->n_hosts > TABLE_TOP)
        buf_printf(out, "            and %zu hosts more\n", summary->n_hosts - TABLE_TOP);
}

static void write_read(const struct table *table, const struct out_summary *summary,
                       struct buf *out)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    double seconds = summary->seconds > 1e-6 ? summary->seconds : 1e-6;
    heading(out, "Read", table->options.colour);
    style_add_count(out, summary->inputs);
    buf_add_c(out, summary->inputs == 1 ? " input, " : " inputs, ");
    style_add_count(out, summary->events);
    buf_printf(out, " events, %.1f MB in %.2f s%s", (double)summary->bytes / 1e6, summary->seconds,
               is_narrow(table) ? "\n            (" : " (");
    style_add_count(out, (uint64_t)((double)summary->events / seconds));
    buf_printf(out, " events/s, %.0f MB/s, %u thread%s)%s\n",
               (double)summary->bytes / 1e6 / seconds, summary->threads,
               summary->threads == 1 ? "" : "s", summary->interrupted ? ", interrupted" : "");
    if (summary->first != TIME_UNSET) {
        style_time(summary->first, first);
        style_time(summary->last, last);
        heading(out, "Time", table->options.colour);
        buf_printf(out, "%s to %s UTC\n", first, last);
    }
    heading(out, "Rule set", table->options.colour);
    style_add_count(out, summary->rules_loaded);
    buf_add_c(out, " loaded");
    if (summary->rules_refused) {
        buf_add_c(out, ", ");
        style_add_count(out, summary->rules_refused);
        buf_add_c(out, " refused (`jaga rules check` says why)");
    }
    buf_add_byte(out, '\n');
}

static void write_limits(const struct out_summary *summary, struct buf *out)
{
    struct out_limit limits[OUT_LIMITS_MAX];
    size_t n = out_limits(summary, limits);
    for (size_t i = 0; i < n; i++) {
        buf_add_c(out, "            ");
        style_add_count(out, limits[i].count);
        buf_printf(out, " %s\n", limits[i].text);
    }
}

static void write_errors(const struct table *table, const struct out_summary *summary,
                         struct buf *out)
{
    size_t shown = summary->n_errors;
    if (!table->options.verbose && shown > TABLE_ERRORS_SHOWN)
        shown = TABLE_ERRORS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct out_error *error = &summary->errors[i];
        heading(out, i ? "" : "Not read", table->options.colour);
        style_printable(out, error->path, 160);
        if (error->offset != OUT_NO_PLACE)
            buf_printf(out, " at byte %llu", (unsigned long long)error->offset);
        if (error->record)
            buf_printf(out, ", record %llu", (unsigned long long)error->record);
        buf_add_c(out, ": ");
        style_printable(out, error->message, 200);
        buf_add_byte(out, '\n');
    }
    if (summary->errors_total > shown) {
        buf_add_c(out, "            and ");
        style_add_count(out, summary->errors_total - shown);
        buf_printf(out, " errors more%s\n",
                   table->options.verbose ? "" : " (--verbose shows up to 1,000)");
    }
}

static void table_end(void *state, const struct out_summary *summary)
{
    struct table *table = state;
    struct buf out = {0};
    write_lines(table, &out);
    write_levels(table, summary, &out);
    write_rules(table, summary, &out);
    write_hosts(table, summary, &out);
    write_read(table, summary, &out);
    write_limits(summary, &out);
    write_errors(table, summary, &out);
    fwrite(out.ptr, 1, out.len, table->options.stream);
    buf_free(&out);
    buf_free(&table->key);
    map_free(&table->seen);
    vec_free(&table->lines);
    arena_free(&table->arena);
    free(table);
}

const struct out_format out_table = {
    .name = "table",
    .about = "for reading: repeats folded, a summary at the end",
    .begin = table_begin,
    .finding = table_finding,
    .end = table_end,
};
