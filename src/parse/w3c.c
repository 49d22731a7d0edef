/*
 * w3c: W3C Extended Log File Format, as IIS, proxies, the Windows firewall and Exchange write it.
 *
 *     #Software: Microsoft Internet Information Services 10.0
 *     #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs(User-Agent) sc-status
 *     2026-11-21 02:00:00 192.0.2.1 GET /a b=c 443 Mozilla/5.0+(X11) 200
 *
 * Yields the names of #Fields as they are. "-" is a value that is not there. Values are apart by
 * spaces or tabs, by commas where #Fields is (Exchange), and may be quoted. IIS writes a space
 * inside a value as '+': that is undone in cs(User-Agent), and only there, because a URL may have a
 * plus of its own. Time: date (or #Date's) and time, date-time, or timestamp; UTC, as the
 * specification says.
 */
#include <errno.h>

#include "parse/block.h"
#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/number.h"

#define W3C_COLUMNS_MAX 512       /* IIS has 22, proxies up to 100 */
#define W3C_NAMES_SIZE (1u << 20) /* bytes of the names of one header that are not as they came */
#define W3C_TIME_SIZE 48          /* a date, a space, a time */

enum w3c_kind { W3C_TEXT, W3C_NUMBER, W3C_AGENT, W3C_DATE, W3C_TIME, W3C_INSTANT };

struct w3c_column {
    struct name name;
    enum w3c_kind kind;
};

/* The header in force. Its strings point into the chunk's header, or into `names`. */
struct w3c_state {
    struct arena names;
    bool ready;
    char separator;  /* ' ' stands for tabs too */
    struct str date; /* of #Date */
    uint32_t n_columns;
    struct w3c_column columns[W3C_COLUMNS_MAX];
};

static void w3c_free(void *state)
{
    arena_free(&((struct w3c_state *)state)->names);
}

static struct w3c_state *w3c_state(struct parser *parser)
{
    struct w3c_state *state = parser_state(parser, FORMAT_W3C, sizeof(*state), w3c_free);
    if (state && !state->ready) {
        arena_init(&state->names, W3C_NAMES_SIZE);
        state->ready = true;
    }
    return state;
}

static enum w3c_kind kind_of(struct str name)
{
    static const struct {
        const char *name;
        enum w3c_kind kind;
    } kinds[] = {
        {"date", W3C_DATE},
        {"time", W3C_TIME},
        {"date-time", W3C_INSTANT},
        {"timestamp", W3C_INSTANT},
        {"cs(User-Agent)", W3C_AGENT},
        {"sc-status", W3C_NUMBER},
        {"sc-substatus", W3C_NUMBER},
        {"sc-win32-status", W3C_NUMBER},
        {"sc-bytes", W3C_NUMBER},
        {"cs-bytes", W3C_NUMBER},
        {"time-taken", W3C_NUMBER},
        {"s-port", W3C_NUMBER},
        {"c-port", W3C_NUMBER},
        {"cs-uri-port", W3C_NUMBER},
        {"src-port", W3C_NUMBER},
        {"dst-port", W3C_NUMBER},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (str_eq(name, str_from_c(kinds[i].name)))
            return kinds[i].kind;
    return W3C_TEXT;
}

/* The next value of a line: quoted, or up to the separator. False at the end. */
static bool take_value(struct str *rest, char separator, struct str *ret_value)
{
    if (separator == ' ')
        while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
            *rest = str_skip(*rest, 1);
    if (rest->len == 0)
        return false;
    if (rest->ptr[0] == '"') {
        struct str inside = str_skip(*rest, 1);
        size_t end = str_index(inside, '"');
        bool closes = end + 1 >= inside.len || inside.ptr[end + 1] == separator ||
                      inside.ptr[end + 1] == '\t';
        if (end < inside.len && closes) {
            *ret_value = str_first(inside, end);
            *rest = str_skip(inside, end + 2);
            return true;
        }
    }
    size_t end = 0;
    if (separator == ' ')
        while (end < rest->len && rest->ptr[end] != ' ' && rest->ptr[end] != '\t')
            end++;
    else
        end = str_index(*rest, separator);
    *ret_value = str_first(*rest, end);
    *rest = str_skip(*rest, end + 1);
    return true;
}

static void read_fields(struct w3c_state *state, const struct parser *parser, struct str rest)
{
    struct str text;
    state->n_columns = 0;
    state->separator = str_index(rest, ',') < rest.len ? ',' : ' ';
    while (state->n_columns < W3C_COLUMNS_MAX && take_value(&rest, state->separator, &text)) {
        text = str_trim(text);
        state->columns[state->n_columns++] = (struct w3c_column){
            .name = names_column(text, parser->fields, &state->names), .kind = kind_of(text)};
    }
}

static void read_header(struct w3c_state *state, const struct parser *parser, struct str header)
{
    struct str line;
    arena_reset(&state->names);
    state->n_columns = 0;
    state->separator = ' ';
    state->date = STR("");
    while (str_cut_line(&header, &line)) {
        if (str_starts(line, STR("#Fields:")))
            read_fields(state, parser, str_trim(str_skip(line, 8)));
        else if (str_starts(line, STR("#Date:")))
            state->date = str_first(str_trim(str_skip(line, 6)), 10);
    }
}

/* "Mozilla/5.0+(X11)" → "Mozilla/5.0 (X11)" */
static struct str agent_text(struct str text, struct arena *arena)
{
    char *bytes = str_index(text, '+') < text.len ? arena_bytes(arena, text.len) : NULL;
    for (size_t i = 0; bytes && i < text.len; i++)
        bytes[i] = text.ptr[i] == '+' ? ' ' : text.ptr[i];
    return bytes ? str_of(bytes, text.len) : text;
}

static void set_time(struct parser *parser, struct str date, struct str time)
{
    char text[W3C_TIME_SIZE];
    if (date.len == 0 || time.len == 0 || date.len + time.len + 1 > sizeof(text))
        return;
    memcpy(text, date.ptr, date.len);
    text[date.len] = ' ';
    memcpy(text + date.len + 1, time.ptr, time.len);
    (void)time_parse(str_of(text, date.len + 1 + time.len), &parser->event.time);
}

static const char *w3c_event(struct parser *parser, const struct line *line)
{
    const struct w3c_state *state = w3c_state(parser);
    struct str value, rest = line->text, date = state->date, time = STR("");
    uint32_t i = 0;
    for (; take_value(&rest, state->separator, &value); i++) {
        if (i == state->n_columns)
            return "more values than #Fields names; the rest is left out";
        const struct w3c_column *column = &state->columns[i];
        enum value_type type = VALUE_STRING;
        if (value.len == 0 || str_eq(value, STR("-")))
            continue;
        if (column->kind == W3C_NUMBER)
            type = number_type(value);
        else if (column->kind == W3C_AGENT)
            value = agent_text(value, &parser->scratch);
        else if (column->kind == W3C_DATE)
            date = value;
        else if (column->kind == W3C_TIME)
            time = value;
        else if (column->kind == W3C_INSTANT)
            (void)time_parse(value, &parser->event.time); /* else it has none */
        parser_add_named(parser, &column->name, value, type, line->flags);
    }
    if (parser->event.time == TIME_UNSET)
        set_time(parser, date, time);
    return i < state->n_columns && state->separator == ' ' ? "fewer values than #Fields names"
                                                           : NULL;
}

static int w3c_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct w3c_state *state = w3c_state(parser);
    if (!state)
        return -ENOMEM;
    read_header(state, parser, chunk->header);
    return block_run(parser, chunk, sink, w3c_event);
}

static int w3c_probe(struct str head)
{
    static const char *const starts[] = {"#Fields:", "#Software:", "#Version:", "#Date:"};
    head = lines_skip_bom(head);
    for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
        if (str_starts(head, str_from_c(starts[i])))
            return 95;
    return 0;
}

static size_t w3c_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    return block_cut(cutter, data, last, STR("#Fields:"), ret_body);
}

const struct format format_w3c = {.id = FORMAT_W3C,
                                  .name = "w3c",
                                  .about =
                                      "W3C extended logs: IIS, proxies, Windows firewall, Exchange",
                                  .probe = w3c_probe,
                                  .cut = w3c_cut,
                                  .parse = w3c_parse};
