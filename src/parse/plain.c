/*
 * plain: text of no known format, one event per line with the whole line as `message`. It
 * takes what no other format wants.
 */
#include "parse/formats.h"
#include "parse/lines.h"

static int plain_probe(struct str head)
{
    (void)head;
    return 1;
}

static const char *plain_event(struct parser *parser, const struct line *line)
{
    parser_add(parser, STR("message"), line->text, VALUE_STRING, line->flags);
    return NULL;
}

static int plain_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    return lines_run(parser, chunk, sink, plain_event);
}

const struct format format_plain = {.id = FORMAT_PLAIN,
                                    .name = "plain",
                                    .about = "lines of any text, as `message`",
                                    .probe = plain_probe,
                                    .cut = parse_cut_lines,
                                    .parse = plain_parse};
