/*
 * Where a stream of JSON may be cut. A stream whose first record is an object on a line of its
 * own is cut at line ends. Every other stream is followed by its structure:
 *
 *     PLACE_TOP     {..} {..}  [       PLACE_LIST  {..},{..},..  ]      back to PLACE_TOP
 *                              {"Records":[        {..},{..},..  ]  PLACE_TAIL ,"x":1}
 *
 * and its chunks hold whole records only: what is around them is skipped here.
 */
#include "parse/json.h"

enum mode { MODE_UNKNOWN, MODE_LINES, MODE_RECORDS, MODE_UTF16 };
enum place { PLACE_TOP, PLACE_LIST, PLACE_TAIL };

/* What json_cut() keeps in cutter->state. */
struct cut_state {
    uint8_t mode;
    uint8_t place;
    uint8_t tail;  /* objects to be closed behind the list */
    bool oversize; /* inside a record that was too long */
    struct json_scan scan;
    uint64_t scanned;   /* bytes of the unconsumed data that were looked at */
    uint64_t line_skip; /* parse_cut_lines() */
};

_Static_assert(sizeof(struct cut_state) == sizeof(((struct cutter *)0)->state) &&
                   offsetof(struct cut_state, line_skip) == 3 * sizeof(uint64_t),
               "as parse_cut_lines() and struct cutter have it");

size_t json_junk_end(struct str data, size_t at)
{
    struct json_scan scan = {0};
    while (at < data.len) {
        char c = data.ptr[at];
        if (c == '"') {
            at = json_scan_run(&scan, data, at);
            continue;
        }
        if (c == '{' || c == '[' || c == ']' || c == '}' || c == '\n' || json_is_between(c))
            break;
        at++;
    }
    return at;
}

bool json_is_utf16(struct str head)
{
    if (head.len < 2)
        return false;
    unsigned char a = (unsigned char)head.ptr[0], b = (unsigned char)head.ptr[1];
    return (a == 0xFF && b == 0xFE) || (a == 0xFE && b == 0xFF) ||
           ((a == '{' || a == '[') && b == 0) || (a == 0 && (b == '{' || b == '['));
}

/* A first line that is one whole object, and no wrapper, promises lines. */
static enum mode sniff_object(struct str data, bool complete)
{
    struct json_scan scan = {0};
    size_t line = str_index(data, '\n');
    size_t end = json_scan_run(&scan, str_first(data, line), 0);
    bool whole = json_scan_done(&scan);
    if (whole) {
        size_t inside;
        uint32_t depth;
        enum json_wrapper is = json_wrapper_find(str_first(data, end), &inside, &depth);
        if (is == WRAPPER_YES)
            return MODE_RECORDS;
        for (; end < line; end++)
            if (!json_is_space(data.ptr[end]))
                return MODE_RECORDS;
        return line < data.len || complete ? MODE_LINES : MODE_UNKNOWN;
    }
    if (line + 1 >= data.len)
        return complete ? MODE_RECORDS : MODE_UNKNOWN;
    /* The first line is broken, or the record goes on below. */
    bool broken = scan.in_string || !json_can_precede_value(scan.before);
    return broken && data.ptr[line + 1] == '{' ? MODE_LINES : MODE_RECORDS;
}

/*
 * What kind of stream starts so. MODE_UNKNOWN asks for more bytes; any other answer does not change
 * with more of them.
 */
static enum mode sniff(struct str data, bool last)
{
    bool complete = last || data.len >= JSON_SNIFF_SIZE;
    data = str_first(data, JSON_SNIFF_SIZE);
    if (data.len < 4 && !complete)
        return MODE_UNKNOWN;
    if (json_is_utf16(data))
        return MODE_UTF16;
    if (str_starts(data, JSON_BOM))
        data = str_skip(data, JSON_BOM.len);
    while (data.len && json_is_between(data.ptr[0]))
        data = str_skip(data, 1);
    if (data.len == 0)
        return complete ? MODE_RECORDS : MODE_UNKNOWN;
    return data.ptr[0] == '{' ? sniff_object(data, complete) : MODE_RECORDS;
}

/* How a look at the bytes between records ended. */
enum step {
    STEP_RECORD, /* a record starts here */
    STEP_PLACE,  /* the place changes behind the bytes taken */
    STEP_MORE,   /* more bytes are needed to tell */
};

/*
 * Goes from data[*at], between records, to the next record, or to what ends this run
 * of records. *ret_step_len: the bytes that change the place.
 */
static enum step step_between(struct cut_state *state, struct str data, bool last, size_t *at,
                              size_t *ret_step_len)
{
    for (; *at < data.len; ++*at) {
        char c = data.ptr[*at];
        uint32_t depth = 0;
        *ret_step_len = 1;
        if (c == '"' || c == '{' || (c == '[' && state->place == PLACE_LIST)) {
            if (c != '{' || state->place != PLACE_TOP)
                return STEP_RECORD;
            enum json_wrapper is = json_wrapper_find(str_skip(data, *at), ret_step_len, &depth);
            if (is == WRAPPER_MORE && !last)
                return STEP_MORE;
            if (is != WRAPPER_YES)
                return STEP_RECORD;
            state->tail = (uint8_t)depth;
            state->place = PLACE_LIST;
            return STEP_PLACE;
        }
        if (c == '[') {
            state->tail = 0;
            state->place = PLACE_LIST;
            return STEP_PLACE;
        }
        if (c == ']' && state->place == PLACE_LIST) {
            state->place = state->tail ? PLACE_TAIL : PLACE_TOP;
            state->scan = (struct json_scan){.depth = state->tail};
            return STEP_PLACE;
        }
    }
    return STEP_MORE;
}

/* Anything but white space and commas? */
static bool has_content(struct str data, size_t from, size_t to)
{
    for (; from < to; from++)
        if (!json_is_between(data.ptr[from]))
            return true;
    return false;
}

/* Hands out data[start..end) as a chunk's body, and takes the bytes up to its end. */
static size_t give(struct str data, size_t start, size_t end, struct str *ret_body)
{
    *ret_body = str_first(str_skip(data, start), end - start);
    return end;
}

/* The data ends between records, the last of which ended at `whole`. */
static size_t end_between(struct str data, bool last, size_t start, size_t whole, size_t at,
                          struct str *ret_body)
{
    if (last)
        return give(data, start, data.len, ret_body);
    if (whole > start)
        return give(data, start, whole, ret_body);
    if (!has_content(data, start, at))
        return at;
    const char *line = memrchr(data.ptr + start, '\n', at - start);
    if (line)
        return give(data, start, (size_t)(line - data.ptr) + 1, ret_body);
    return at - start > JSON_SNIFF_SIZE ? give(data, start, at, ret_body) : start;
}

/* The data ends inside the record that follows `whole`. */
static size_t end_inside(struct cut_state *state, struct str data, bool last, size_t start,
                         size_t whole, struct str *ret_body)
{
    if (whole > start && !last) {
        state->scan = (struct json_scan){0};
        return give(data, start, whole, ret_body);
    }
    if (last)
        return give(data, start, data.len, ret_body);
    if (data.len - start > PARSE_RECORD_MAX) {
        state->oversize = true;
        return give(data, start, data.len, ret_body);
    }
    state->scanned = data.len - start;
    return start;
}

/* Takes what is left of a record that was too long, or of a wrapper behind its list. */
static size_t take_rest(struct cut_state *state, struct str data, size_t at)
{
    at = json_scan_run(&state->scan, data, at);
    if (json_scan_done(&state->scan)) {
        if (!state->oversize)
            state->place = PLACE_TOP;
        state->oversize = false;
    }
    return at;
}

static size_t cut_records(struct cut_state *state, struct str data, bool last, struct str *ret_body)
{
    size_t start = 0, whole = 0, at = state->scanned;
    bool inside = state->scanned > 0;
    state->scanned = 0;
    for (;;) {
        if (state->oversize || (state->place == PLACE_TAIL && !inside)) {
            at = start = whole = take_rest(state, data, at);
            if (at == data.len)
                return at;
            continue;
        }
        if (inside) {
            at = json_scan_run(&state->scan, data, at);
            if (!json_scan_done(&state->scan))
                return end_inside(state, data, last, start, whole, ret_body);
            inside = false;
            whole = at;
            continue;
        }
        struct cut_state next = *state;
        size_t step_len;
        enum step step = step_between(&next, data, last, &at, &step_len);
        if (step == STEP_MORE)
            return end_between(data, last, start, whole, at, ret_body);
        inside = step == STEP_RECORD;
        if (inside)
            continue;
        if (has_content(data, start, at))
            return give(data, start, at, ret_body);
        *state = next;
        start = whole = at += step_len;
    }
}

size_t json_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    struct cut_state state;
    memcpy(&state, cutter->state, sizeof(state));
    *ret_body = str_first(data, 0);
    size_t skip = 0;
    if (state.mode == MODE_UNKNOWN) {
        state.mode = (uint8_t)sniff(data, last);
        if (state.mode == MODE_UNKNOWN)
            return 0;
        if (state.mode == MODE_LINES)
            buf_add_str(&cutter->header, JSON_HEADER_LINES);
        if (state.mode == MODE_UTF16) { /* parse() says so once; the rest is skipped */
            buf_add_str(&cutter->header, JSON_HEADER_UTF16);
            *ret_body = str_first(data, 2);
        }
        if (str_starts(data, JSON_BOM))
            skip = JSON_BOM.len;
    }
    size_t taken = data.len;
    if (state.mode == MODE_LINES) {
        memcpy(cutter->state, &state, sizeof(state));
        taken = skip + parse_cut_lines(cutter, str_skip(data, skip), last, ret_body);
        return taken;
    }
    if (state.mode == MODE_RECORDS)
        taken = skip + cut_records(&state, str_skip(data, skip), last, ret_body);
    if (last && taken == data.len && state.place != PLACE_TOP)
        buf_add_str(&cutter->header, JSON_HEADER_OPEN);
    memcpy(cutter->state, &state, sizeof(state));
    return taken;
}
