/*
 * make_evtx: writes an EVTX file from text on standard input, for samples and tests. An event is a
 * block of name=value lines; blocks are parted by empty lines. Provider_Name, EventID, Level,
 * Channel, Computer, EventRecordID and TimeCreated_SystemTime go to System, all others to
 * EventData.
 *
 *     make_evtx <events.txt >events.evtx
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "parse/evtx_build.h"

#define FIELDS_MAX 64

struct block {
    struct evtx_build_event event;
    struct evtx_build_field fields[FIELDS_MAX];
};

/* Both NUL-terminated. False: a number or a time that is none, or too many fields. */
static bool set_field(struct block *block, const char *name, const char *value)
{
    struct evtx_build_event *event = &block->event;
    struct str key = str_from_c(name), text = str_from_c(value);
    uint64_t number = 0;
    if (str_eq(key, STR("Provider_Name")))
        event->provider = value;
    else if (str_eq(key, STR("Channel")))
        event->channel = value;
    else if (str_eq(key, STR("Computer")))
        event->computer = value;
    else if (str_eq(key, STR("TimeCreated_SystemTime")))
        return time_parse(text, &event->time_us) == 0;
    else if (str_eq(key, STR("EventRecordID")))
        return str_to_u64(text, &event->record) == 0;
    else if (str_eq(key, STR("EventID"))) {
        if (str_to_u64(text, &number) < 0 || number > UINT16_MAX)
            return false;
        event->event_id = (uint16_t)number;
    } else if (str_eq(key, STR("Level"))) {
        if (str_to_u64(text, &number) < 0 || number > UINT8_MAX)
            return false;
        event->level = (uint8_t)number;
    } else {
        if (event->n_fields == FIELDS_MAX)
            return false;
        block->fields[event->n_fields++] = (struct evtx_build_field){name, value};
    }
    return true;
}

static void end_block(struct evtx_builder *builder, struct block *block)
{
    if (block->event.provider || block->event.n_fields) {
        block->event.fields = block->fields;
        evtx_build_event(builder, &block->event);
    }
    *block = (struct block){0};
}

static bool build(struct evtx_builder *builder, struct buf *text)
{
    struct block block = {0};
    unsigned number = 0;
    for (char *line = text->ptr, *next; line < text->ptr + text->len; line = next) {
        char *end = memchr(line, '\n', (size_t)(text->ptr + text->len - line));
        next = end ? end + 1 : text->ptr + text->len;
        if (!end)
            end = next;
        *end = 0; /* the buffer has a byte more */
        number++;
        char *equals = strchr(line, '=');
        if (*line == 0) {
            end_block(builder, &block);
            continue;
        }
        if (equals)
            *equals = 0;
        if (!equals || !set_field(&block, line, equals + 1)) {
            fprintf(stderr, "make_evtx: line %u: not a field that can be written\n", number);
            return false;
        }
    }
    end_block(builder, &block);
    return true;
}

int main(void)
{
    struct buf text = {0};
    char block[65536];
    for (size_t len; (len = fread(block, 1, sizeof(block), stdin)) > 0;)
        buf_add(&text, block, len);
    buf_add_byte(&text, 0);
    text.len -= !text.failed;
    struct evtx_builder builder = {0};
    bool good = !text.failed && build(&builder, &text);
    struct str file = good ? evtx_build_finish(&builder) : (struct str){0};
    good = good && file.len && fwrite(file.ptr, 1, file.len, stdout) == file.len;
    evtx_build_free(&builder);
    buf_free(&text);
    return good ? 0 : 1;
}
