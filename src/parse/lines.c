#include "parse/lines.h"

#include "base/utf8.h"

#define BOM "\xEF\xBB\xBF"

unsigned lines_flags(struct str text)
{
    return utf8_is_ascii(text) ? 0 : SLOT_UNCHECKED;
}

struct str lines_skip_bom(struct str text)
{
    return str_starts(text, STR(BOM)) ? str_skip(text, sizeof(BOM) - 1) : text;
}

void lines_start(struct lines *lines, const struct chunk *chunk, struct sink *sink)
{
    struct str body = chunk->offset == 0 ? lines_skip_bom(chunk->body) : chunk->body;
    *lines = (struct lines){.start = chunk->body.ptr, .rest = body, .sink = sink};
}

bool lines_next(struct lines *lines, struct line *ret_line)
{
    struct str text;
    do {
        const char *start = lines->rest.ptr;
        if (!str_cut_line(&lines->rest, &text))
            return false;
        ret_line->offset = (uint64_t)(start - lines->start);
        lines->record += text.len > 0;
        if (text.len > PARSE_RECORD_MAX) {
            parser_error(lines->sink, ret_line->offset, lines->record,
                         "the line is longer than a record may be; it is skipped");
            text.len = 0;
        }
    } while (text.len == 0);
    ret_line->text = text;
    ret_line->record = lines->record;
    ret_line->flags = lines_flags(text);
    return true;
}

int lines_run_one(struct parser *parser, const struct line *line, struct sink *sink,
                  lines_event_fn *event)
{
    parser_begin(parser, line->record, line->offset, line->text);
    const char *wrong = event(parser, line);
    if (wrong)
        parser_error(sink, line->offset, line->record, wrong);
    return parser_end(parser, sink);
}

int lines_run(struct parser *parser, const struct chunk *chunk, struct sink *sink,
              lines_event_fn *event)
{
    struct lines lines;
    struct line line;
    int status = 0;
    lines_start(&lines, chunk, sink);
    while (status >= 0 && lines_next(&lines, &line))
        status = lines_run_one(parser, &line, sink, event);
    return status < 0 ? status : 0;
}

int lines_probe(struct str head, bool (*fits)(struct str line))
{
    int lines = 0, known = 0;
    struct str line, rest = lines_skip_bom(head);
    while (lines < LINES_PROBE_MAX && str_cut_line(&rest, &line)) {
        bool cut = rest.len == 0 && head.len >= PARSE_PROBE_SIZE;
        if (line.len == 0 || (cut && lines > 0))
            continue;
        lines++;
        known += fits(line);
    }
    return lines ? known * 100 / lines : 0;
}
