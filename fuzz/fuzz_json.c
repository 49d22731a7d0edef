/*
 * JSON: the stream at once and in steps, by the fastest walk and by the plainest, must give the
 * same events; what is written of an event must be read as one event again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse/formats.h"
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct output {
    struct sink sink;
    struct buf events; /* a line each */
    uint64_t count, errors;
};

static void check(bool holds, const char *what, const struct output *a, const struct output *b)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n%.*s--\n%.*s", what, STR_ARG(buf_str(&a->events)),
            STR_ARG(buf_str(&b->events)));
    abort();
}

static int take_event(struct sink *sink, struct event *event)
{
    struct output *output = (struct output *)sink;
    for (uint32_t i = 0; i < event->n_slots; i++)
        event_text(event, &event->slots[i]);
    size_t start = output->events.len, inside;
    uint32_t depth;
    event_write_json(event, &output->events);
    /* A record whose text was opened may be left with a list alone, which is a wrapper if read. */
    struct str line = str_skip(buf_str(&output->events), start);
    if (json_wrapper_find(line, &inside, &depth) == WRAPPER_YES) {
        output->events.len = start;
        return 0;
    }
    buf_add_byte(&output->events, '\n');
    output->count++;
    return 0;
}

static void take_error(struct sink *sink, const struct parse_error *error)
{
    (void)error;
    ((struct output *)sink)->errors++;
}

/* Parses a copy that ends where the chunk ends. */
static void parse_copy(struct parser *parser, struct chunk chunk, struct sink *sink)
{
    char *copy = malloc(chunk.body.len ? chunk.body.len : 1);
    if (!copy)
        return;
    if (chunk.body.len)
        memcpy(copy, chunk.body.ptr, chunk.body.len);
    chunk.body.ptr = copy;
    parser_run(parser, &format_json, &chunk, sink);
    free(copy);
}

static struct output read_all(struct parser *parser, struct str stream, size_t step)
{
    struct output output = {.sink = {take_event, take_error}};
    struct cutter cutter = {.format = &format_json};
    size_t at = 0, arrived = 0;
    while (at < stream.len) {
        struct chunk chunk = {0};
        bool last = arrived == stream.len;
        struct str window = str_of(stream.ptr + at, arrived - at);
        size_t taken = format_json.cut(&cutter, window, last, &chunk.body);
        if (taken == 0 && last)
            abort();
        if (taken == 0) {
            arrived = stream.len - arrived < step ? stream.len : arrived + step;
            continue;
        }
        chunk.header = buf_str(&cutter.header);
        parse_copy(parser, chunk, &output.sink);
        at += taken;
    }
    buf_free(&cutter.header);
    return output;
}

/* An output read as a stream of lines. */
static struct output read_again(struct parser *parser, const struct output *output)
{
    struct output again = {.sink = {take_event, take_error}};
    struct chunk chunk = {.header = JSON_HEADER_LINES, .body = buf_str(&output->events)};
    parse_copy(parser, chunk, &again.sink);
    return again;
}

/* Parsers live for the whole run, as in the program: what they remember is tested as well. */
static struct parser *new_parser(bool plainest)
{
    static struct fields fields;
    static const struct parse_options options;
    if (!fields.names.len && fields_init(&fields) < 0)
        return NULL;
    struct parser *parser = parser_new(&fields, &options);
    struct output none = {.sink = {take_event, take_error}};
    if (!parser)
        return NULL;
    parser_run(parser, &format_json, &(struct chunk){0}, &none.sink);
    struct json_reader *reader = parser->format_state[FORMAT_JSON];
    if (plainest)
        reader->walk = json_walk_base;
    return parser;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct parser *fast, *plain;
    fast = fast ? fast : new_parser(false);
    plain = plain ? plain : new_parser(true);
    if (size == 0 || !fast || !plain)
        return 0;
    struct str stream = str_of((const char *)data, size);
    format_json.probe(stream);
    struct output whole = read_all(fast, stream, SIZE_MAX);
    struct output stepped = read_all(plain, stream, 1 + data[size - 1] % 61);
    check(str_eq(buf_str(&whole.events), buf_str(&stepped.events)), "cut differently", &whole,
          &stepped);
    check((whole.errors > 0) == (stepped.errors > 0), "silent in one", &whole, &stepped);
    struct output again = read_again(fast, &whole);
    check(again.errors == 0 && again.count == whole.count, "not read again", &whole, &again);
    buf_free(&again.events);
    buf_free(&stepped.events);
    buf_free(&whole.events);
    return 0;
}
