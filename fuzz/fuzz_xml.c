/* Rendered Windows events: as a stream in one piece and in small steps, and as a syslog message. */
#include "parse_all.h"

#include "parse/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str stream = str_of((const char *)data, size);
    struct parse_options options = {0};
    struct fields fields;
    parse_all(&format_xml, stream, &options, SIZE_MAX);
    parse_all(&format_xml, stream, &options, 7);
    if (fields_init(&fields) < 0)
        return 0;
    struct parser *parser = parser_new(&fields, &options);
    if (parser) {
        parser_begin(parser, 1, 0, stream);
        xml_add_event(parser, stream);
    }
    parser_free(parser);
    fields_free(&fields);
    return 0;
}
