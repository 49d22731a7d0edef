/*
 * zeek: Zeek's tab-separated logs, with the header that says separator, columns and types.
 *
 *     #separator \x09
 *     #set_separator ,      #empty_field (empty)      #unset_field -      #path conn
 *     #fields  ts    uid     id.orig_h  ...  tags
 *     #types   time  string  addr       ...  set[string]
 *
 * Events are those that Zeek's JSON writer gives (with ISO 8601 times): `_path`, then the columns
 * that are set. Numbers and booleans have their type, sets and vectors are lists, an element that
 * is not set is null, times are ISO 8601 with microseconds, trailing zeros of a fraction are left
 * out, bytes that are no text stay as \x01. What these logs do not say cannot be equal: doubles and
 * intervals have six digits where JSON has all, and a list of one empty string is an empty list.
 * Time: the column ts.
 */
#include <errno.h>
#include <math.h>

#include "parse/block.h"
#include "parse/escape.h"
#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/number.h"

#define ZEEK_COLUMNS_MAX 1024 /* Zeek's own logs have up to 60 */
/* Bytes of the names of one header that are not as they came. */
#define ZEEK_NAMES_SIZE (1u << 20)
#define ZEEK_SECONDS_MAX 9e12        /* what microseconds in 64 bits can hold */
#define ISO_PREFIX_LEN 20            /* "2026-11-21T10:00:00." */
#define ISO_LEN (ISO_PREFIX_LEN + 7) /* and "123456Z" */

enum zeek_type { ZEEK_TEXT, ZEEK_NUMBER, ZEEK_REAL, ZEEK_BOOL, ZEEK_TIME };

struct zeek_column {
    struct name name;
    enum zeek_type type;
    bool list;
};

/* The header in force. Its strings point into the chunk's header, or into `names`. */
struct zeek_state {
    struct arena names;
    struct name path_name;
    struct str set_separator, empty, unset, path;
    char separator;
    uint32_t n_columns;
    uint32_t time_column; /* UINT32_MAX: none */
    int64_t iso_second;   /* whose text iso_prefix is; many events share theirs */
    char iso_prefix[ISO_PREFIX_LEN];
    bool ready;
    struct zeek_column columns[ZEEK_COLUMNS_MAX];
};

static void zeek_free(void *state)
{
    arena_free(&((struct zeek_state *)state)->names);
}

static struct zeek_state *zeek_state(struct parser *parser)
{
    static const char *const names[] = {"_path"};
    struct zeek_state *state = parser_state(parser, FORMAT_ZEEK, sizeof(*state), zeek_free);
    if (state && !state->ready) {
        names_resolve(&state->path_name, names, 1, parser->fields);
        arena_init(&state->names, ZEEK_NAMES_SIZE);
        state->iso_second = INT64_MIN;
        state->ready = true;
    }
    return state;
}

static const struct escape ESCAPES[] = {{'\\', '\\'}, {0}};

static enum zeek_type type_of(struct str text)
{
    static const struct {
        struct str text;
        enum zeek_type type;
    } types[] = {
        {{"count", 5}, ZEEK_NUMBER}, {{"int", 3}, ZEEK_NUMBER},    {{"port", 4}, ZEEK_NUMBER},
        {{"double", 6}, ZEEK_REAL},  {{"interval", 8}, ZEEK_REAL}, {{"bool", 4}, ZEEK_BOOL},
        {{"time", 4}, ZEEK_TIME},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (str_eq(text, types[i].text))
            return types[i].type;
    return ZEEK_TEXT;
}

static void read_types(struct zeek_state *state, struct str rest)
{
    struct str text;
    for (uint32_t i = 0; i < state->n_columns && str_cut(&rest, state->separator, &text); i++) {
        struct zeek_column *column = &state->columns[i];
        size_t open = str_index(text, '[');
        column->list =
            open < text.len && (str_starts(text, STR("set[")) || str_starts(text, STR("vector[")));
        if (column->list && text.ptr[text.len - 1] == ']')
            text = str_of(text.ptr + open + 1, text.len - open - 2);
        column->type = type_of(text);
        if (column->type == ZEEK_TIME && state->time_column == UINT32_MAX &&
            str_eq(str_of(column->name.ptr, column->name.len), STR("ts")))
            state->time_column = i;
    }
}

static void read_fields(struct zeek_state *state, const struct parser *parser, struct str rest)
{
    struct str text;
    while (state->n_columns < ZEEK_COLUMNS_MAX && str_cut(&rest, state->separator, &text))
        state->columns[state->n_columns++] = (struct zeek_column){
            .name = names_column(text, parser->fields, &state->names), .type = ZEEK_TEXT};
}

/* What stands behind the word of a header line and one separator. */
static bool is_line(const struct zeek_state *state, struct str line, struct str word,
                    struct str *ret_value)
{
    if (!str_starts(line, word))
        return false;
    line = str_skip(line, word.len);
    if (line.len == 0 || (line.ptr[0] != state->separator && line.ptr[0] != ' '))
        return false;
    *ret_value = str_skip(line, 1);
    return true;
}

static void read_header(struct zeek_state *state, const struct parser *parser, struct str header)
{
    struct str line, value;
    arena_reset(&state->names);
    state->separator = '\t';
    state->set_separator = STR(",");
    state->empty = STR("(empty)");
    state->unset = STR("-");
    state->path = STR("");
    state->n_columns = 0;
    state->time_column = UINT32_MAX;
    while (str_cut_line(&header, &line)) {
        if (is_line(state, line, STR("#separator"), &value)) {
            value = escape_undo(value, ESCAPES, ESCAPE_HEX_ALL, &state->names);
            state->separator = value.len ? value.ptr[0] : '\t';
        } else if (is_line(state, line, STR("#set_separator"), &value)) {
            state->set_separator = value;
        } else if (is_line(state, line, STR("#empty_field"), &value)) {
            state->empty = value;
        } else if (is_line(state, line, STR("#unset_field"), &value)) {
            state->unset = value;
        } else if (is_line(state, line, STR("#path"), &value)) {
            state->path = value;
        } else if (is_line(state, line, STR("#fields"), &value)) {
            state->n_columns = 0;
            state->time_column = UINT32_MAX;
            read_fields(state, parser, value);
        } else if (is_line(state, line, STR("#types"), &value)) {
            read_types(state, value);
        }
    }
}

/* "1521911720.613421", and "2.385616957e+09" far from now; false for anything else. */
static bool read_time(struct str text, int64_t *ret_us)
{
    double seconds;
    if (number_type(text) == VALUE_STRING)
        return false;
    if (time_parse(text, ret_us) == 0)
        return true;
    if (str_to_double(text, &seconds) < 0 || !(fabs(seconds) < ZEEK_SECONDS_MAX))
        return false;
    *ret_us = (int64_t)(seconds * (double)TIME_SECOND_US);
    return true;
}

/* As Zeek's JSON writer prints a time; an empty str where the arena is spent. */
static struct str iso_text(struct zeek_state *state, int64_t time_us, struct arena *arena)
{
    int64_t second = time_us / TIME_SECOND_US, micro = time_us % TIME_SECOND_US;
    if (micro < 0) {
        micro += TIME_SECOND_US;
        second--;
    }
    if (second != state->iso_second) {
        char text[TIME_TEXT_MAX];
        /* A fraction makes time_format() write the point; years that are not four digits have their
         * own form. */
        if (time_format(second * TIME_SECOND_US + 1, text) != ISO_LEN)
            return arena_copy(arena, str_of(text, time_format(time_us, text)));
        memcpy(state->iso_prefix, text, ISO_PREFIX_LEN);
        state->iso_second = second;
    }
    char *out = arena_bytes(arena, ISO_LEN);
    if (!out)
        return STR("");
    memcpy(out, state->iso_prefix, ISO_PREFIX_LEN);
    for (int i = 5; i >= 0; i--, micro /= 10)
        out[ISO_PREFIX_LEN + i] = (char)('0' + micro % 10);
    out[ISO_LEN - 1] = 'Z';
    return str_of(out, ISO_LEN);
}

/* "60.000000" → "60.0", as JSON writers print it. */
static struct str trim_zeros(struct str text)
{
    size_t point = str_index(text, '.');
    if (point == text.len || text.ptr[text.len - 1] != '0')
        return text;
    while (text.len > point + 2 && text.ptr[text.len - 1] == '0')
        text.len--;
    return text;
}

/* One value that is set, of a column or of an element of its list. */
static void add_value(struct parser *parser, struct zeek_state *state,
                      const struct zeek_column *column, struct str text, unsigned flags)
{
    enum value_type type = VALUE_STRING;
    int64_t time_us;
    switch (column->type) {
    case ZEEK_NUMBER:
    case ZEEK_REAL:
        type = number_type(text);
        if (type == VALUE_FLOAT)
            text = trim_zeros(text);
        break;
    case ZEEK_BOOL:
        if (str_eq(text, STR("T")) || str_eq(text, STR("F"))) {
            type = VALUE_BOOL;
            text = text.ptr[0] == 'T' ? STR("true") : STR("false");
        }
        break;
    case ZEEK_TIME:
        if (!read_time(text, &time_us))
            break;
        text = iso_text(state, time_us, &parser->scratch);
        if ((uint32_t)(column - state->columns) == state->time_column)
            parser->event.time = time_us;
        break;
    case ZEEK_TEXT:
        text = escape_undo(text, ESCAPES, ESCAPE_HEX_TEXT, &parser->scratch);
        break;
    }
    parser_add_named(parser, &column->name, text, type, flags);
}

/* A set or a vector: one slot for each element. */
static void add_list(struct parser *parser, struct zeek_state *state,
                     const struct zeek_column *column, struct str text, unsigned flags)
{
    char separator = state->set_separator.len ? state->set_separator.ptr[0] : ',';
    struct str element;
    while (str_cut(&text, separator, &element)) {
        if (str_eq(element, state->unset))
            parser_add_named(parser, &column->name, STR(""), VALUE_NULL, SLOT_ARRAY);
        else if (str_eq(element, state->empty))
            parser_add_named(parser, &column->name, STR(""), VALUE_STRING, SLOT_ARRAY);
        else
            add_value(parser, state, column, element, flags | SLOT_ARRAY);
    }
}

/*
 * The text before the next separator; false behind the last. As str_cut(), in the innermost loop.
 */
static inline bool take_value(struct str *rest, char separator, struct str *ret_text)
{
    if (!rest->ptr)
        return false;
    const char *end = memchr(rest->ptr, separator, rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    *ret_text = str_of(rest->ptr, len);
    *rest = end ? str_of(end + 1, rest->len - len - 1) : str_of(NULL, 0);
    return true;
}

static const char *zeek_event(struct parser *parser, const struct line *line)
{
    struct zeek_state *state = zeek_state(parser);
    struct str text, rest = line->text;
    uint32_t i = 0;
    if (state->path.len)
        parser_add_named(parser, &state->path_name, state->path, VALUE_STRING, SLOT_UNCHECKED);
    for (; take_value(&rest, state->separator, &text); i++) {
        const struct zeek_column *column = &state->columns[i];
        if (i == state->n_columns)
            return "more values than the header has fields; the rest is left out";
        if (str_eq(text, state->unset))
            continue;
        if (str_eq(text, state->empty))
            parser_add_named(parser, &column->name, STR(""),
                             column->list ? VALUE_EMPTY_LIST : VALUE_STRING, 0);
        else if (column->list)
            add_list(parser, state, column, text, line->flags);
        else
            add_value(parser, state, column, text, line->flags);
    }
    return i < state->n_columns ? "fewer values than the header has fields" : NULL;
}

static int zeek_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct zeek_state *state = zeek_state(parser);
    if (!state)
        return -ENOMEM;
    read_header(state, parser, chunk->header);
    return block_run(parser, chunk, sink, zeek_event);
}

static int zeek_probe(struct str head)
{
    head = lines_skip_bom(head);
    if (str_starts(head, STR("#separator ")))
        return 100;
    return str_starts(head, STR("#fields\t")) ? 95 : 0;
}

static size_t zeek_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    return block_cut(cutter, data, last, STR("#fields"), ret_body);
}

const struct format format_zeek = {.id = FORMAT_ZEEK,
                                   .name = "zeek",
                                   .about = "Zeek's tab-separated logs (its JSON is `json`)",
                                   .probe = zeek_probe,
                                   .cut = zeek_cut,
                                   .parse = zeek_parse};
