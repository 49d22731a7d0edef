#include "parse/block.h"

#define STATE_BEGUN 0 /* the byte order mark is behind us */

/* Is the line at the start of text one of a block: of '#', or empty? It may go on behind text. */
static bool in_block(struct str text)
{
    return text.ptr[0] == '#' || text.ptr[0] == '\n' ||
           (text.ptr[0] == '\r' && (text.len == 1 || text.ptr[1] == '\n'));
}

/* Length of the lines of a block at the start of data; the last may lack its line end. */
static size_t block_len(struct str data)
{
    size_t len = 0;
    while (len < data.len && in_block(str_skip(data, len)))
        len += str_index(str_skip(data, len), '\n') + 1;
    return len < data.len ? len : data.len;
}

static bool has_line(struct str block, struct str start)
{
    struct str line;
    while (str_cut_line(&block, &line))
        if (str_starts(line, start))
            return true;
    return false;
}

/*
 * Where the next line that starts with '#' begins, past the first line; text.len when there is
 * none.
 */
static size_t next_block(struct str text)
{
    for (size_t at = 1; at < text.len; at++) {
        at += str_index(str_skip(text, at), '#');
        if (at < text.len && text.ptr[at - 1] == '\n')
            return at;
    }
    return text.len;
}

size_t block_cut(struct cutter *cutter, struct str data, bool last, struct str fields,
                 struct str *ret_body)
{
    *ret_body = str_first(data, 0);
    if (cutter->state[CUT_LINE_SKIP])
        return parse_cut_lines(cutter, str_first(data, str_index(data, '\n') + 1), last, ret_body);
    if (data.len < 3 && !last)
        return 0;
    struct str rest = cutter->state[STATE_BEGUN] ? data : lines_skip_bom(data);
    struct str block = str_first(rest, block_len(rest));
    if (block.len == rest.len && !last && block.len <= BLOCK_SIZE_MAX)
        return 0; /* it may go on */
    cutter->state[STATE_BEGUN] = 1;
    bool first = cutter->header.len == 0 && str_index(block, '#') < block.len;
    if (first || has_line(block, fields)) {
        cutter->header.len = 0;
        buf_add_str(&cutter->header, str_first(block, BLOCK_SIZE_MAX));
    }
    size_t before = data.len - rest.len + block.len;
    rest = str_skip(rest, block.len);
    size_t next = next_block(rest);
    return before +
           parse_cut_lines(cutter, str_first(rest, next), next < rest.len || last, ret_body);
}

int block_run(struct parser *parser, const struct chunk *chunk, struct sink *sink,
              lines_event_fn *event)
{
    struct lines lines;
    struct line line;
    int status = 0;
    lines_start(&lines, chunk, sink);
    while (status >= 0 && lines_next(&lines, &line))
        if (line.text.ptr[0] != '#')
            status = lines_run_one(parser, &line, sink, event);
    return status < 0 ? status : 0;
}
