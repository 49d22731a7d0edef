/*
 * The check of one object at the doors must agree with the reader: what passes is read to its end, what does not
 * is not. The fastest build and the plainest must give the same reason.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse/formats.h"
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_event(struct sink *sink, struct event *event)
{
    (void)sink, (void)event;
    return 0;
}

static void take_error(struct sink *sink, const struct parse_error *error)
{
    (void)sink, (void)error;
}

static struct json_reader *new_reader(void)
{
    static struct fields fields;
    static const struct parse_options options;
    struct sink sink = {take_event, take_error};
    if (fields_init(&fields) < 0)
        return NULL;
    struct parser *parser = parser_new(&fields, &options);
    if (!parser)
        return NULL;
    parser_run(parser, &format_json, &(struct chunk){0}, &sink);
    return parser->format_state[FORMAT_JSON];
}

/* Is the text one object by the reader? */
static bool is_read(struct json_reader *reader, struct str text)
{
    text = str_trim(text);
    if (text.len == 0 || text.ptr[0] != '{')
        return false;
    parser_begin(reader->parser, 1, 0, text);
    json_keys_begin(reader);
    reader->frames[0].owner = &reader->keys.root;
    const char *end = reader->walk(reader, text.ptr, text.ptr + text.len);
    return end == text.ptr + text.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_reader *reader;
    reader = reader ? reader : new_reader();
    if (!reader || size == 0)
        return 0;
    struct str text = str_of((const char *)data, size);
    /* str_trim() takes more than JSON's white space off. */
    if (memchr(data, '\v', size) || memchr(data, '\f', size))
        return 0;
    const char *reason = json_check(text), *plain = json_check_base(text);
    if (is_read(reader, text) != (reason == NULL) || (reason == NULL) != (plain == NULL) ||
        (reason && strcmp(reason, plain) != 0)) {
        fprintf(stderr, "check: %s, plain: %s\n", reason ? reason : "-", plain ? plain : "-");
        abort();
    }
    return 0;
}
