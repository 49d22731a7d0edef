/*
 * CSV (RFC 4180) with a header, or with --columns; what separates cells is a comma, a semicolon or a TAB, whichever makes
 * the most of the header. A column is known by many names, since every feed has its own; a
 * column that is called like a type ("sha256") holds values of that type. Comments begin with "#"; where the
 * header itself is one, it is the last before the rows.
 *
 * This is also how a feed is kept: the columns of feed_csv_header, whose values are canonical already.
 */
#include "intel/csv.h"

#include "intel/feed_take.h"

#define COLUMNS_MAX 64
#define ROW_MAX (64u << 10) /* bytes of a row without its line end */

enum column {
    COLUMN_OTHER,
    COLUMN_VALUE,
    COLUMN_TYPE,
    COLUMN_SOURCE,
    COLUMN_ID,
    COLUMN_LABEL,
    COLUMN_CONFIDENCE,
    COLUMN_TLP,
    COLUMN_FROM,
    COLUMN_UNTIL,
    COLUMN_SEEN,
    COLUMN_ALLOW,
    COLUMN_COUNT
};

static const struct {
    const char *name;
    enum column column;
} COLUMN_NAMES[] = {
    {"value", COLUMN_VALUE},
    {"indicator", COLUMN_VALUE},
    {"ioc", COLUMN_VALUE},
    {"ioc_value", COLUMN_VALUE},
    {"indicator_value", COLUMN_VALUE},
    {"observable", COLUMN_VALUE},
    {"type", COLUMN_TYPE},
    {"ioc_type", COLUMN_TYPE},
    {"indicator_type", COLUMN_TYPE},
    {"source", COLUMN_SOURCE},
    {"id", COLUMN_ID},
    {"ioc_id", COLUMN_ID},
    {"uuid", COLUMN_ID},
    {"label", COLUMN_LABEL},
    {"threat", COLUMN_LABEL},
    {"malware", COLUMN_LABEL},
    {"malware_printable", COLUMN_LABEL},
    {"comment", COLUMN_LABEL},
    {"description", COLUMN_LABEL},
    {"name", COLUMN_LABEL},
    {"confidence", COLUMN_CONFIDENCE},
    {"confidence_level", COLUMN_CONFIDENCE},
    {"score", COLUMN_CONFIDENCE},
    {"tlp", COLUMN_TLP},
    {"from", COLUMN_FROM},
    {"valid_from", COLUMN_FROM},
    {"first_seen", COLUMN_FROM},
    {"first_seen_utc", COLUMN_FROM},
    {"firstseen", COLUMN_FROM},
    {"dateadded", COLUMN_FROM},
    {"until", COLUMN_UNTIL},
    {"valid_until", COLUMN_UNTIL},
    {"expires", COLUMN_UNTIL},
    {"expiration", COLUMN_UNTIL},
    {"last_seen", COLUMN_SEEN},
    {"last_seen_utc", COLUMN_SEEN},
    {"last_online", COLUMN_SEEN},
    {"allow", COLUMN_ALLOW},
};

const char feed_csv_header[] =
    "allow,type,value,source,id,label,confidence,tlp,valid_from,valid_until\n";

struct columns {
    enum column kinds[COLUMNS_MAX];
    enum indicator_type types[COLUMNS_MAX]; /* of VALUE columns called like a type */
    size_t count;
    bool useful; /* there is a value among them */
};

static const char separators[] = {',', ';', '\t'};
#define SEPARATORS (sizeof(separators))

/* A row's fields: in the text itself, or where quotes are doubled, in `unquoted`. */
struct row {
    char separator;
    struct str fields[COLUMNS_MAX];
    size_t count;
    struct buf unquoted;
};

static enum column column_by_name(struct str name, enum indicator_type *ret_type)
{
    struct feed_type type;
    *ret_type = INDICATOR_NONE;
    for (size_t i = 0; i < sizeof(COLUMN_NAMES) / sizeof(COLUMN_NAMES[0]); i++)
        if (str_eq_ascii_nocase(name, str_from_c(COLUMN_NAMES[i].name)))
            return COLUMN_NAMES[i].column;
    if (str_eq_ascii_nocase(name, STR("dst_ip")) || str_eq_ascii_nocase(name, STR("ip_address")))
        name = STR("ip");
    if (!feed_type_by_name(name, &type) || type.composite)
        return COLUMN_OTHER;
    *ret_type = type.type;
    return COLUMN_VALUE;
}

/* White space around a cell. */
static bool is_space(const struct row *row, char c)
{
    return c == ' ' || (c == '\t' && row->separator != '\t');
}

/* A quoted field at *rest: its text, and *rest behind it. False: it has no end. */
static bool read_quoted(struct str *rest, struct row *row, struct str *ret_field)
{
    size_t start = row->unquoted.len, i = 1;
    bool doubled = false;
    for (; i < rest->len; i++) {
        if (rest->ptr[i] != '"')
            continue;
        if (i + 1 == rest->len || rest->ptr[i + 1] != '"')
            break;
        doubled = true;
        i++;
    }
    if (i >= rest->len)
        return false;
    struct str text = str_of(rest->ptr + 1, i - 1);
    *rest = str_skip(*rest, i + 1);
    *ret_field = text;
    if (!doubled)
        return true;
    /* The buffer has room for the whole row: it does not move. */
    for (size_t k = 0; k < text.len; k++) {
        buf_add_byte(&row->unquoted, text.ptr[k]);
        k += text.ptr[k] == '"';
    }
    *ret_field = str_of(row->unquoted.ptr + start, row->unquoted.len - start);
    return !row->unquoted.failed;
}

/*
 * The next row of *rest, which may span lines inside quotes. 1, 0 at the end, -EINVAL for a quote without an
 * end or a row past ROW_MAX: *rest is then behind that line.
 */
static int read_row(struct str *rest, struct row *row, uint32_t *line)
{
    if (rest->len == 0)
        return 0;
    struct str cursor = str_first(*rest, ROW_MAX), after = *rest, skipped;
    size_t row_max = cursor.len;
    str_cut_line(&after, &skipped);
    row->count = 0;
    buf_clear(&row->unquoted);
    if (!buf_reserve(&row->unquoted, row_max))
        return -ENOMEM;
    for (;;) {
        struct str field;
        while (cursor.len && is_space(row, cursor.ptr[0]))
            cursor = str_skip(cursor, 1);
        if (cursor.len && cursor.ptr[0] == '"') {
            if (!read_quoted(&cursor, row, &field))
                goto bad;
            while (cursor.len && is_space(row, cursor.ptr[0]))
                cursor = str_skip(cursor, 1);
        } else {
            size_t len = 0;
            while (len < cursor.len && cursor.ptr[len] != row->separator && cursor.ptr[len] != '\n')
                len++;
            field = str_trim(str_first(cursor, len));
            cursor = str_skip(cursor, len);
        }
        if (row->count < COLUMNS_MAX)
            row->fields[row->count++] = field;
        if (cursor.len && cursor.ptr[0] == '\r')
            cursor = str_skip(cursor, 1);
        if (cursor.len == 0 || cursor.ptr[0] == '\n')
            break;
        if (cursor.ptr[0] != row->separator)
            goto bad;
        cursor = str_skip(cursor, 1);
    }
    if (cursor.len == 0 && row_max < rest->len)
        goto bad;
    size_t taken = (size_t)(cursor.ptr - rest->ptr) + (cursor.len > 0);
    for (size_t i = 0; i < taken; i++)
        *line += rest->ptr[i] == '\n';
    *rest = str_skip(*rest, taken);
    return 1;
bad:
    ++*line;
    *rest = after;
    return -EINVAL;
}

/* A row that holds values is no header, though its types may be called like columns. */
static void read_names(const struct row *row, struct columns *columns)
{
    bool values = false;
    memset(columns, 0, sizeof(*columns));
    columns->count = row->count;
    for (size_t i = 0; i < row->count; i++) {
        struct str name = row->fields[i];
        columns->kinds[i] = column_by_name(name, &columns->types[i]);
        columns->useful = columns->useful || columns->kinds[i] == COLUMN_VALUE;
        values = values || indicator_guess(name) != INDICATOR_NONE;
    }
    columns->useful = columns->useful && !values;
}

/* The names in a line, if it is a header, read with the separator that makes the most of them. */
static void read_header_line(struct str line, struct row *row, struct columns *ret_columns)
{
    char best = separators[0];
    for (size_t i = 0; i < SEPARATORS; i++) {
        uint32_t ignored = 0;
        struct str cells = line;
        struct columns names;
        row->separator = separators[i];
        if (read_row(&cells, row, &ignored) != 1)
            continue;
        read_names(row, &names);
        if (names.useful && (!ret_columns->useful || names.count > ret_columns->count)) {
            *ret_columns = names;
            best = separators[i];
        }
    }
    row->separator = best;
}

/*
 * The header in front of *rest, which is moved to the first row: the first line that is no comment, else
 * the last comment that reads like one. A semicolon in front is how lists begin a comment.
 */
static bool read_header(struct str *rest, struct row *row, struct columns *columns, uint32_t *line)
{
    struct str next = *rest, text;
    char separator = separators[0];
    columns->useful = false;
    while (str_cut_line(&next, &text)) {
        struct columns names = {0};
        bool comment = text.len && text.ptr[0] == '#';
        struct str cells = comment ? str_skip(text, 1) : text;
        if (str_trim(cells).len && text.ptr[0] != ';')
            read_header_line(cells, row, &names);
        if (names.useful) {
            *columns = names;
            separator = row->separator;
        }
        if (!comment && !names.useful && str_trim(text).len)
            break; /* a row */
        *rest = next;
        ++*line;
        if (!comment && names.useful)
            break;
    }
    row->separator = separator;
    return columns->useful;
}

/* What separates the cells of rows without a header: what makes as many of the first as there are columns. */
static char find_separator(struct str bytes, const struct columns *columns)
{
    struct row row = {0};
    struct str text;
    char separator = separators[0];
    while (str_cut_line(&bytes, &text) && (str_trim(text).len == 0 || text.ptr[0] == '#'))
        ;
    for (size_t i = SEPARATORS; i-- > 0;) {
        uint32_t ignored = 0;
        struct str cells = text;
        row.separator = separators[i];
        if (read_row(&cells, &row, &ignored) == 1 && row.count == columns->count)
            separator = separators[i];
    }
    buf_free(&row.unquoted);
    return separator;
}

/* "value,type,-,label" */
static bool read_columns_option(struct str option, struct columns *columns)
{
    struct row row = {0};
    struct str name;
    while (row.count < COLUMNS_MAX && str_cut(&option, ',', &name))
        row.fields[row.count++] = str_trim(name);
    read_names(&row, columns);
    return columns->useful;
}

static bool probe(struct str bytes)
{
    struct row row = {0};
    struct columns columns;
    uint32_t line = 0;
    bool found = read_header(&bytes, &row, &columns, &line);
    buf_free(&row.unquoted);
    /* A single column is a list with a title: only what can be nothing else. */
    return found && (columns.count > 1 || columns.kinds[0] == COLUMN_VALUE);
}

static void read_time(struct str text, int64_t *time)
{
    int64_t read;
    if (text.len && time_parse(text, &read) == 0)
        *time = read;
}

static void read_confidence(struct feed_reader *reader, struct str text, uint8_t *confidence)
{
    double number;
    if (text.len == 0)
        return;
    if (str_to_double(text, &number) == 0 && number >= 0 && number <= 100)
        *confidence = (uint8_t)number;
    else
        feed_refuse(reader, FEED_CONFIDENCE, text);
}

/* A line that our own allow-lists are kept as: its kind in `allow`, the types it is about in `type`. */
static int take_allow(struct feed_reader *reader, struct str kind, struct str types,
                      struct str value)
{
    struct intel_allow allow = {.kind = ALLOW_KINDS, .value = value};
    struct str name;
    for (int i = 0; i < ALLOW_KINDS; i++)
        if (str_eq(kind, str_from_c(allow_kind_names[i])))
            allow.kind = (enum allow_kind)i;
    while (str_cut(&types, ' ', &name))
        allow.types |= UINT32_C(1) << indicator_type_by_name(name);
    if (allow.kind == ALLOW_KINDS) {
        feed_refuse(reader, FEED_BAD_ALLOW, value);
        return 0;
    }
    return feed_allow(reader, &allow);
}

/* The row's cells by what they are; the first of each kind that is not empty counts. */
static int take_row(struct feed_reader *reader, const struct columns *columns,
                    const struct row *row)
{
    struct str cells[COLUMN_COUNT] = {{0}};
    struct feed_said said = FEED_SAID_NOTHING;
    struct feed_type type = {.type = INDICATOR_NONE};
    int status = 0;
    for (size_t i = 0; i < columns->count && i < row->count; i++)
        if (cells[columns->kinds[i]].len == 0)
            cells[columns->kinds[i]] = row->fields[i];
    if (cells[COLUMN_ALLOW].len)
        return take_allow(reader, cells[COLUMN_ALLOW], cells[COLUMN_TYPE], cells[COLUMN_VALUE]);
    if (cells[COLUMN_TYPE].len && !feed_type_by_name(cells[COLUMN_TYPE], &type)) {
        feed_refuse(reader, FEED_NO_TYPE, cells[COLUMN_TYPE]);
        return 0;
    }
    said.source = cells[COLUMN_SOURCE];
    said.id = cells[COLUMN_ID];
    said.label = cells[COLUMN_LABEL];
    read_confidence(reader, cells[COLUMN_CONFIDENCE], &said.confidence);
    tlp_by_name(cells[COLUMN_TLP], &said.tlp);
    read_time(cells[COLUMN_FROM], &said.from);
    read_time(cells[COLUMN_UNTIL], &said.until);
    read_time(cells[COLUMN_SEEN], &said.seen);
    for (size_t i = 0; status == 0 && i < columns->count && i < row->count; i++) {
        if (columns->kinds[i] != COLUMN_VALUE || row->fields[i].len == 0)
            continue;
        /* A column that is called like a type is of it, whatever the row's type is. */
        struct feed_type own = {.type = columns->types[i]};
        status = feed_take_typed(reader, own.type != INDICATOR_NONE ? &own : &type, row->fields[i],
                                 &said);
    }
    return status;
}

static int read_csv(struct str bytes, const struct feed_options *options,
                    const struct feed_sink *sink, struct feed_report *report, struct err *err)
{
    struct feed_reader reader = {options, sink, report, err, 0};
    struct columns columns = {0};
    struct row row = {0};
    int status = 0;
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_skip(bytes, 3);
    if (options->columns.len ? !read_columns_option(options->columns, &columns)
                             : !read_header(&bytes, &row, &columns, &reader.line))
        status = err_set(err, -EINVAL, "no column holds values: name the columns");
    else if (options->columns.len)
        row.separator = find_separator(bytes, &columns);
    while (status == 0 && bytes.len) {
        struct str line = bytes;
        uint32_t next = reader.line;
        if (bytes.ptr[0] == '#' || bytes.ptr[0] == '\n' || bytes.ptr[0] == '\r') {
            str_cut_line(&bytes, &line);
            reader.line++;
            continue;
        }
        int got = read_row(&bytes, &row, &next);
        reader.line++;
        if (got == 1)
            status = take_row(&reader, &columns, &row);
        else if (got == -EINVAL)
            feed_refuse(&reader, FEED_NO_VALUE, str_first(line, str_index(line, '\n')));
        else
            status = got;
        reader.line = next;
    }
    buf_free(&row.unquoted);
    return status;
}

const struct feed_format feed_csv = {
    .name = "csv",
    .about = "CSV with a header, or with named columns",
    .probe = probe,
    .read = read_csv,
};

/* ---- how feeds are kept ---- */

static void add_cell(struct buf *out, struct str text, char after)
{
    buf_add_csv(out, text);
    buf_add_byte(out, after);
}

static void add_time(struct buf *out, int64_t time, char after)
{
    char text[TIME_TEXT_MAX];
    struct str cell = {0};
    if (time != TIME_UNSET)
        cell = str_of(text, time_format(time, text));
    add_cell(out, cell, after);
}

void feed_csv_add_indicator(struct buf *out, const struct indicator *indicator)
{
    buf_add_byte(out, ',');
    add_cell(out, str_from_c(indicator_type_names[indicator->type]), ',');
    add_cell(out, indicator->value, ',');
    add_cell(out, indicator->source, ',');
    add_cell(out, indicator->id, ',');
    add_cell(out, indicator->label, ',');
    if (indicator->confidence != INDICATOR_CONFIDENCE_UNSET)
        buf_add_u64(out, indicator->confidence);
    buf_add_byte(out, ',');
    add_cell(out, str_from_c(tlp_names[indicator->tlp]), ',');
    add_time(out, indicator->from, ',');
    add_time(out, indicator->until, '\n');
}

void feed_csv_add_allow(struct buf *out, const struct intel_allow *allow)
{
    bool first = true;
    add_cell(out, str_from_c(allow_kind_names[allow->kind]), ',');
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++)
        if (allow->types >> i & 1) {
            buf_add_c(out, first ? "" : " ");
            buf_add_c(out, indicator_type_names[i]);
            first = false;
        }
    buf_add_byte(out, ',');
    add_cell(out, allow->value, ',');
    buf_add_c(out, ",,,,,,\n");
}
