/*
 * csv: tables of text (RFC 4180) whose first record names the columns. Cells may be quoted, with ""
 * for a quote, and hold line breaks then. The delimiter is the one of , ; TAB | that the first
 * record has most of, or what Excel's "sep=;" line says; PowerShell's "#TYPE" line is passed over.
 *
 *     EventID,Computer,Message          chunk's header: [delimiter][first record]
 *     4624,dc01,"An account
 *     was logged on"
 *
 * Yields the columns by their names without spaces, all as text; a column without a name is
 * column1, column2 ... by its place. A record with too few or too many cells is reported and kept
 * with what is there.
 */
#include <errno.h>

#include "parse/embedded.h"
#include "parse/formats.h"
#include "parse/json.h"
#include "parse/lines.h"
#include "parse/names.h"

#define CSV_COLUMNS_MAX 1024
#define CSV_NAMES_SIZE (4u << 20) /* bytes of the names of one header that are not as they came */
#define CSV_HEADER_MAX (1u << 20) /* bytes of the first record */
#define CSV_PROBE_RECORDS 20

#define STATE_BEGUN 0 /* the first record is behind us */
#define STATE_DELIMITER 1

static const char DELIMITERS[] = {',', '\t', ';', '|'};

struct csv_state {
    struct arena names;
    bool ready;
    bool repeats;  /* two columns have the same name */
    bool carriers; /* a column may hold records as text */
    char delimiter;
    uint32_t n_columns;
    struct name columns[CSV_COLUMNS_MAX];
};

static void csv_free(void *state)
{
    arena_free(&((struct csv_state *)state)->names);
}

static struct csv_state *csv_state(struct parser *parser)
{
    struct csv_state *state = parser_state(parser, FORMAT_CSV, sizeof(*state), csv_free);
    if (state && !state->ready) {
        arena_init(&state->names, CSV_NAMES_SIZE);
        state->ready = true;
    }
    return state;
}

/*
 * Where a quoted cell ends: the index of its closing quote in `text`, which starts behind the
 * opening one. A quote closes unless another follows it. text.len: it does not close.
 */
static size_t quote_end(struct str text)
{
    size_t at = 0;
    for (;;) {
        at += str_index(str_skip(text, at), '"');
        if (at + 1 >= text.len || text.ptr[at + 1] != '"')
            return at < text.len ? at : text.len;
        at += 2;
    }
}

/* Does a quote at `at` open a cell: is it the first byte of one? */
static bool opens(struct str text, size_t at, char delimiter)
{
    return at == 0 || text.ptr[at - 1] == delimiter || text.ptr[at - 1] == '\n';
}

/*
 * How a walk over whole records ended: CSV_OPEN inside a cell that more text may close, CSV_NEVER
 * in one too long.
 */
enum csv_end { CSV_WHOLE, CSV_OPEN, CSV_NEVER };

/*
 * Walks quotes from a record's start. Sets *ret_len to the length of all whole records, or of the
 * first where `one`. Otherwise than CSV_WHOLE: the record behind these has a quoted cell that does
 * not close.
 */
static enum csv_end walk(struct str text, char delimiter, bool one, size_t *ret_len)
{
    size_t at = 0; /* outside quotes */
    *ret_len = 0;
    while (at < text.len) {
        struct str rest = str_skip(text, at);
        size_t quote = str_index(rest, '"');
        struct str bare = str_first(rest, quote);
        const char *end = NULL;
        if (bare.len)
            end = one ? memchr(bare.ptr, '\n', bare.len) : memrchr(bare.ptr, '\n', bare.len);
        if (end)
            *ret_len = (size_t)(end - text.ptr) + 1;
        if (quote == rest.len || (one && end))
            return CSV_WHOLE;
        at += quote;
        if (!opens(text, at, delimiter)) {
            at++;
            continue;
        }
        struct str inside = str_skip(text, at + 1);
        size_t close = quote_end(inside);
        if (close > PARSE_RECORD_MAX)
            return CSV_NEVER;
        if (close == inside.len)
            return CSV_OPEN;
        at += close + 2;
    }
    return CSV_WHOLE;
}

/*
 * Length of the first record of `text`, with its line end. A quoted cell that never closes would
 * swallow what follows: such a record ends with its line, and *ret_open says so.
 */
static size_t record_len(struct str text, char delimiter, bool *ret_open)
{
    size_t len, line = str_index(text, '\n');
    struct str first = str_first(text, line + 1);
    *ret_open = false;
    if (str_index(first, '"') == first.len)
        return first.len;
    *ret_open = walk(text, delimiter, true, &len) != CSV_WHOLE && len == 0;
    if (*ret_open)
        return first.len;
    return len ? len : text.len;
}

/* The delimiter that a first record has most of, outside quotes; 0 when it has none of them. */
static char sniff(struct str record)
{
    size_t counts[sizeof(DELIMITERS)] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < record.len; i++) {
        quoted ^= record.ptr[i] == '"';
        for (size_t d = 0; d < sizeof(DELIMITERS) && !quoted; d++)
            counts[d] += record.ptr[i] == DELIMITERS[d];
    }
    for (size_t d = 1; d < sizeof(DELIMITERS); d++)
        if (counts[d] > counts[best])
            best = d;
    return counts[best] ? DELIMITERS[best] : '\0';
}

/* Length of the lines before the first record: "sep=;", "#TYPE ...", empty ones. */
static size_t preamble_len(struct str data, char *ret_delimiter)
{
    size_t len = 0;
    for (;;) {
        struct str rest = str_skip(data, len), line;
        if (!str_cut_line(&rest, &line))
            return len;
        if (str_starts(line, STR("sep=")) && line.len == 5)
            *ret_delimiter = line.ptr[4];
        else if (line.len > 0 && !str_starts(line, STR("#TYPE ")))
            return len;
        len = data.len - rest.len;
    }
}

/* Takes the first record into cutter->header; returns the bytes it took, 0 for more bytes. */
static size_t cut_header(struct cutter *cutter, struct str data, bool last)
{
    char delimiter = '\0';
    bool open;
    struct str body = lines_skip_bom(data);
    size_t bom = data.len - body.len, before = preamble_len(body, &delimiter);
    struct str record = str_skip(body, before);
    if (delimiter == '\0')
        delimiter = sniff(str_first(record, str_index(record, '\n')));
    if (delimiter == '\0')
        delimiter = ',';
    size_t len = record_len(record, delimiter, &open);
    bool ended = len > 0 && record.ptr[len - 1] == '\n';
    if ((open || !ended) && !last && data.len < CSV_HEADER_MAX)
        return 0;
    buf_add_byte(&cutter->header, delimiter);
    buf_add_str(&cutter->header, str_first(str_first(record, len), CSV_HEADER_MAX));
    cutter->state[STATE_BEGUN] = 1;
    cutter->state[STATE_DELIMITER] = (unsigned char)delimiter;
    cutter->state[CUT_LINE_SKIP] = !ended && !last;
    return bom + before + len;
}

static size_t csv_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    size_t header = 0, len;
    *ret_body = str_first(data, 0);
    if (data.len == 0)
        return 0;
    if (cutter->state[CUT_LINE_SKIP])
        return parse_cut_lines(cutter, str_first(data, str_index(data, '\n') + 1), last, ret_body);
    if (!cutter->state[STATE_BEGUN]) {
        header = cut_header(cutter, data, last);
        if (header == 0 || cutter->state[CUT_LINE_SKIP])
            return header;
    }
    struct str rest = str_skip(data, header);
    enum csv_end end = walk(rest, (char)cutter->state[STATE_DELIMITER], false, &len);
    if (last)
        len = rest.len;
    else if (len == 0 && end == CSV_NEVER)
        len = str_index(rest, '\n') + 1; /* as record_len() will decide: its line */
    else if (len == 0 && end == CSV_WHOLE && rest.len > PARSE_RECORD_MAX)
        return header + parse_cut_lines(cutter, rest, false, ret_body);
    *ret_body = str_first(rest, len);
    return header + ret_body->len;
}

/* Text between quotes with "" for a quote. */
static struct str undouble(struct str text, struct arena *arena)
{
    size_t at = str_index(text, '"'), len = 0;
    char *bytes = at < text.len ? arena_bytes(arena, text.len) : NULL;
    if (!bytes)
        return text;
    for (size_t i = 0; i < text.len; i++) {
        bytes[len++] = text.ptr[i];
        i += text.ptr[i] == '"' && i + 1 < text.len && text.ptr[i + 1] == '"';
    }
    return str_of(bytes, len);
}

/* The next cell of a record without its line end; false at the end. */
static bool take_cell(struct str *rest, char delimiter, struct arena *arena, struct str *ret_cell)
{
    if (!rest->ptr)
        return false;
    if (rest->len == 0 || rest->ptr[0] != '"')
        return str_cut(rest, delimiter, ret_cell);
    struct str junk, inside = str_skip(*rest, 1);
    size_t end = quote_end(inside);
    *ret_cell = undouble(str_first(inside, end), arena);
    if (end + 1 >= inside.len) {
        *rest = (struct str){0};
        return true;
    }
    *rest = str_skip(inside, end + 1);
    str_cut(rest, delimiter, &junk);
    return true;
}

/* A record without its line end. */
static struct str trim_end(struct str record)
{
    record.len -= record.len && record.ptr[record.len - 1] == '\n';
    record.len -= record.len && record.ptr[record.len - 1] == '\r';
    return record;
}

static bool has_repeats(const struct csv_state *state)
{
    for (uint32_t i = 0; i < state->n_columns; i++)
        for (uint32_t j = 0; j < i; j++)
            if (state->columns[i].len == state->columns[j].len &&
                memcmp(state->columns[i].ptr, state->columns[j].ptr, state->columns[i].len) == 0)
                return true;
    return false;
}

/* Tables of Windows events (EvtxECmd, Export-Csv, Log Analytics) have names as such JSON has. */
static void name_by_shape(struct csv_state *state, const struct fields *fields)
{
    uint32_t hints = 0;
    uint8_t role;
    for (uint32_t i = 0; i < state->n_columns; i++)
        hints |= json_shape_hints(str_of(state->columns[i].ptr, state->columns[i].len));
    for (uint32_t i = 0; i < state->n_columns; i++) {
        struct str old = str_of(state->columns[i].ptr, state->columns[i].len);
        struct str name = json_shape_name(old, json_shape_variant(hints), &state->names, &role);
        if (name.ptr && name.len > 0)
            state->columns[i] = names_column(name, fields, &state->names);
    }
}

static void read_header(struct csv_state *state, const struct parser *parser, struct str header)
{
    struct str cell, rest = trim_end(str_skip(header, 1));
    arena_reset(&state->names);
    state->n_columns = 0;
    state->delimiter = header.len ? header.ptr[0] : ',';
    while (state->n_columns < CSV_COLUMNS_MAX &&
           take_cell(&rest, state->delimiter, &state->names, &cell)) {
        uint32_t place = state->n_columns + 1;
        if (str_trim(cell).len == 0)
            cell = arena_printf(&state->names, "column%u", place);
        state->columns[state->n_columns++] = names_column(cell, parser->fields, &state->names);
    }
    name_by_shape(state, parser->fields);
    state->repeats = has_repeats(state);
    state->carriers = false;
    for (uint32_t i = 0; i < state->n_columns; i++)
        state->carriers |= embedded_names(str_of(state->columns[i].ptr, state->columns[i].len));
}

static const char *add_row(struct parser *parser, const struct csv_state *state, struct str record)
{
    struct str cell, rest = record;
    unsigned flags = lines_flags(record);
    uint32_t i = 0;
    for (; take_cell(&rest, state->delimiter, &parser->scratch, &cell); i++) {
        if (i == state->n_columns)
            return "more cells than the first record; the rest is left out";
        parser_add_named(parser, &state->columns[i], cell, VALUE_STRING, flags);
    }
    return i < state->n_columns ? "fewer cells than the first record" : NULL;
}

static int csv_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct csv_state *state = csv_state(parser);
    struct str rest = chunk->body;
    uint64_t number = 0;
    if (!state)
        return -ENOMEM;
    read_header(state, parser, chunk->header);
    while (rest.len > 0) {
        bool open;
        uint64_t offset = (uint64_t)(rest.ptr - chunk->body.ptr);
        size_t len = record_len(rest, state->delimiter, &open);
        struct str record = trim_end(str_first(rest, len));
        rest = str_skip(rest, len);
        if (record.len == 0)
            continue;
        number++;
        if (open)
            parser_error(sink, offset, number, "a quote that never closes; the record is its line");
        if (record.len > PARSE_RECORD_MAX) {
            parser_error(sink, offset, number, "longer than a record may be; it is skipped");
            continue;
        }
        parser_begin(parser, number, offset, record);
        const char *wrong = add_row(parser, state, record);
        if (wrong)
            parser_error(sink, offset, number, wrong);
        if (state->repeats)
            names_mark_lists(parser);
        if (state->carriers)
            embedded_open(parser);
        int status = parser_end(parser, sink);
        if (status < 0)
            return status;
    }
    return 0;
}

/*
 * Could this be a column's name? Short, starts like a word, has nothing of a sentence or a value in
 * it.
 */
static bool is_column_name(struct str cell)
{
    struct str text = str_trim(cell);
    if (text.len == 0 || text.len > 80)
        return false;
    char first = (char)(text.ptr[0] | 0x20);
    if (!(first >= 'a' && first <= 'z') && text.ptr[0] != '_' && text.ptr[0] != '@' &&
        (unsigned char)text.ptr[0] < 0x80)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (memchr("=<>{}\"'\\;!", text.ptr[i], 11))
            return false;
    return true;
}

/* Cells of a record; 0 when one of a first record is no name. */
static unsigned count_cells(struct str record, char delimiter, bool names, struct arena *arena)
{
    unsigned cells = 0;
    struct str cell;
    while (take_cell(&record, delimiter, arena, &cell)) {
        cells++;
        if (names && !is_column_name(cell))
            return 0;
    }
    return cells;
}

/* Names in the first record, and as many cells in those that follow. */
static int csv_probe(struct str head)
{
    char delimiter = '\0';
    bool open;
    struct arena arena;
    struct str rest = lines_skip_bom(head);
    rest = str_skip(rest, preamble_len(rest, &delimiter));
    if (delimiter == '\0')
        delimiter = sniff(str_first(rest, str_index(rest, '\n')));
    if (delimiter == '\0')
        return 0;
    arena_init(&arena, 2 * PARSE_PROBE_SIZE);
    size_t len = record_len(rest, delimiter, &open);
    unsigned columns = count_cells(trim_end(str_first(rest, len)), delimiter, true, &arena);
    unsigned records = 0, even = 0;
    while (columns > 1 && records < CSV_PROBE_RECORDS) {
        rest = str_skip(rest, len);
        len = record_len(rest, delimiter, &open);
        bool cut = len == rest.len && head.len >= PARSE_PROBE_SIZE;
        if (rest.len == 0 || open || cut)
            break;
        records++;
        even += count_cells(trim_end(str_first(rest, len)), delimiter, false, &arena) == columns;
    }
    arena_free(&arena);
    if (records == 0) /* a table of no rows, or of one longer than the head */
        return columns > 2 ? 30 : 0;
    if (even * 4 < records * 3)
        return 0;
    return columns > 2 || records > 2 ? 60 : 30;
}

const struct format format_csv = {.id = FORMAT_CSV,
                                  .name = "csv",
                                  .about = "tables with a first record of names: , ; TAB or |",
                                  .probe = csv_probe,
                                  .cut = csv_cut,
                                  .parse = csv_parse};
