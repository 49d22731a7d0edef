#include "parse/evtx_build.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"
#include "base/utf8.h"
#include "parse/evtx.h"

#define FILE_HEADER_SIZE 4096u
#define RECORD_ROOM 20000u /* what a chunk must have free for a record to begin in it */
#define FILETIME_UNIX_US UINT64_C(11644473600000000)

/* The CRC-32 of gzip (RFC 1952, section 8), a bit at a time: nobody waits for it here. */
static uint32_t crc32_of(uint32_t crc, const char *bytes, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void put_number(char *at, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (char)(number >> 8 * i);
}

/* Overwrites bytes written before. */
static void patch(struct evtx_builder *builder, size_t at, uint64_t number, size_t size)
{
    if (!builder->file.failed)
        put_number(builder->file.ptr + at, number, size);
}

static void add_number(struct evtx_builder *builder, uint64_t number, size_t size)
{
    char bytes[8];
    put_number(bytes, number, size);
    buf_add(&builder->file, bytes, size);
}

static void add_zeros(struct evtx_builder *builder, size_t count)
{
    char *room = buf_reserve(&builder->file, count);
    if (!room)
        return;
    memset(room, 0, count);
    builder->file.len += count;
}

void evtx_build_bytes(struct evtx_builder *builder, const void *bytes, size_t size)
{
    buf_add(&builder->file, bytes, size);
}

void evtx_build_u16(struct evtx_builder *builder, uint16_t number)
{
    add_number(builder, number, 2);
}

void evtx_build_u32(struct evtx_builder *builder, uint32_t number)
{
    add_number(builder, number, 4);
}

static void add_byte(struct evtx_builder *builder, unsigned byte)
{
    add_number(builder, byte, 1);
}

uint32_t evtx_build_offset(const struct evtx_builder *builder)
{
    return (uint32_t)(builder->file.len - builder->chunk);
}

/* Code units of UTF-8 text. */
static size_t utf16_units(struct str text)
{
    size_t units = 0;
    while (text.len) {
        uint32_t code_point;
        text = str_skip(text, utf8_decode(text, &code_point));
        units += code_point > 0xFFFF ? 2 : 1;
    }
    return units;
}

static void add_utf16(struct evtx_builder *builder, struct str text)
{
    while (text.len) {
        uint32_t code_point;
        text = str_skip(text, utf8_decode(text, &code_point));
        if (code_point > 0xFFFF) {
            add_number(builder, 0xD800 + ((code_point - 0x10000) >> 10), 2);
            code_point = 0xDC00 + ((code_point - 0x10000) & 0x3FF);
        }
        add_number(builder, code_point, 2);
    }
}

/* The offset remembered for `key`, or 0. */
static uint32_t find_place(const struct evtx_build_place *places, size_t count, uint64_t key)
{
    for (size_t i = 0; i < count; i++)
        if (places[i].key == key)
            return places[i].offset;
    return 0;
}

static void finish_chunk(struct evtx_builder *builder)
{
    size_t chunk = builder->chunk;
    if (!chunk || builder->file.failed)
        return;
    uint32_t free_space = evtx_build_offset(builder);
    if (free_space > EVTX_CHUNK_SIZE) {
        builder->file.failed = true;
        return;
    }
    add_zeros(builder, EVTX_CHUNK_SIZE - free_space);
    if (builder->file.failed)
        return;
    char *bytes = builder->file.ptr + chunk;
    memcpy(bytes, "ElfChnk", 8);
    put_number(bytes + 8, builder->first_id, 8);
    put_number(bytes + 16, builder->last_id, 8);
    put_number(bytes + 24, builder->first_id, 8);
    put_number(bytes + 32, builder->last_id, 8);
    put_number(bytes + 40, 128, 4);
    put_number(bytes + 44, builder->record - chunk, 4);
    put_number(bytes + 48, free_space, 4);
    put_number(bytes + 52, crc32_of(0, bytes + EVTX_CHUNK_HEADER, free_space - EVTX_CHUNK_HEADER),
               4);
    put_number(bytes + 120, 1, 4);
    uint32_t crc = crc32_of(0, bytes, 120);
    put_number(bytes + 124, crc32_of(crc, bytes + 128, EVTX_CHUNK_HEADER - 128), 4);
    builder->chunk = 0;
}

static void begin_chunk(struct evtx_builder *builder)
{
    if (builder->file.len == 0)
        add_zeros(builder, FILE_HEADER_SIZE);
    builder->chunk = builder->file.len;
    builder->first_id = builder->last_id = 0;
    builder->names.len = builder->templates.len = 0;
    add_zeros(builder, EVTX_CHUNK_HEADER);
}

struct str evtx_build_finish(struct evtx_builder *builder)
{
    if (builder->file.len == 0)
        begin_chunk(builder);
    finish_chunk(builder);
    if (builder->file.failed)
        return (struct str){0};
    char *bytes = builder->file.ptr;
    uint64_t chunks = (builder->file.len - FILE_HEADER_SIZE) / EVTX_CHUNK_SIZE;
    memcpy(bytes, "ElfFile", 8);
    put_number(bytes + 16, chunks - 1, 8);
    put_number(bytes + 24, builder->next_id, 8);
    put_number(bytes + 32, 128, 4);
    put_number(bytes + 36, 1, 2);
    put_number(bytes + 38, 3, 2);
    put_number(bytes + 40, FILE_HEADER_SIZE, 2);
    put_number(bytes + 42, chunks, 2);
    put_number(bytes + 124, crc32_of(0, bytes, 120), 4);
    return buf_str(&builder->file);
}

void evtx_build_free(struct evtx_builder *builder)
{
    buf_free(&builder->file);
    vec_free(&builder->names);
    vec_free(&builder->templates);
    *builder = (struct evtx_builder){0};
}

void evtx_build_fragment(struct evtx_builder *builder)
{
    evtx_build_bytes(builder, "\x0F\x01\x01\x00", 4);
}

void evtx_build_record(struct evtx_builder *builder, uint64_t id, int64_t time_us)
{
    if (builder->chunk && EVTX_CHUNK_SIZE - evtx_build_offset(builder) < RECORD_ROOM)
        finish_chunk(builder);
    if (!builder->chunk)
        begin_chunk(builder);
    if (!builder->first_id)
        builder->first_id = id;
    builder->last_id = id;
    builder->next_id = id + 1;
    builder->record = builder->file.len;
    evtx_build_bytes(builder, "**\0\0", 4);
    add_number(builder, 0, 4);
    add_number(builder, id, 8);
    add_number(builder, ((uint64_t)time_us + FILETIME_UNIX_US) * 10, 8);
    evtx_build_fragment(builder);
}

void evtx_build_record_end(struct evtx_builder *builder)
{
    add_byte(builder, 0);
    while ((builder->file.len - builder->record) % 8 != 4)
        add_byte(builder, 0);
    size_t size = builder->file.len - builder->record + 4;
    add_number(builder, size, 4);
    patch(builder, builder->record + 4, size, 4);
}

bool evtx_build_template(struct evtx_builder *builder, uint32_t id)
{
    uint32_t known = find_place(builder->templates.items, builder->templates.len, id);
    add_byte(builder, 0x0C);
    add_byte(builder, 1);
    evtx_build_u32(builder, id);
    if (known) {
        evtx_build_u32(builder, known);
        return false;
    }
    uint32_t offset = evtx_build_offset(builder) + 4;
    evtx_build_u32(builder, offset);
    if (vec_push(&builder->templates, ((struct evtx_build_place){id, offset})) < 0)
        builder->file.failed = true;
    builder->definition = builder->file.len;
    evtx_build_u32(builder, 0);
    evtx_build_u32(builder, id);
    evtx_build_bytes(builder, "jaga sample.", 12);
    evtx_build_u32(builder, 0);
    evtx_build_fragment(builder);
    return true;
}

void evtx_build_template_end(struct evtx_builder *builder)
{
    add_byte(builder, 0);
    patch(builder, builder->definition + 20, builder->file.len - builder->definition - 24, 4);
    builder->definition = 0;
}

void evtx_build_values(struct evtx_builder *builder, const struct evtx_build_value *values,
                       size_t n_values)
{
    evtx_build_u32(builder, (uint32_t)n_values);
    for (size_t i = 0; i < n_values; i++) {
        evtx_build_u16(builder, values[i].size);
        add_byte(builder, values[i].type);
        add_byte(builder, 0);
    }
    for (size_t i = 0; i < n_values; i++)
        evtx_build_bytes(builder, values[i].bytes, values[i].size);
}

void evtx_build_name(struct evtx_builder *builder, const char *name)
{
    struct str text = str_from_c(name);
    uint64_t key = hash_text(text);
    uint32_t known = find_place(builder->names.items, builder->names.len, key);
    if (known) {
        evtx_build_u32(builder, known);
        return;
    }
    uint32_t offset = evtx_build_offset(builder) + 4;
    evtx_build_u32(builder, offset);
    if (vec_push(&builder->names, ((struct evtx_build_place){key, offset})) < 0)
        builder->file.failed = true;
    evtx_build_u32(builder, 0);
    uint32_t hash = 0;
    for (size_t i = 0; i < text.len; i++)
        hash = hash * 65599 + (unsigned char)text.ptr[i];
    evtx_build_u16(builder, (uint16_t)hash);
    evtx_build_u16(builder, (uint16_t)utf16_units(text));
    add_utf16(builder, text);
    evtx_build_u16(builder, 0);
}

static void end_attributes(struct evtx_builder *builder)
{
    if (builder->attributes)
        patch(builder, builder->attributes, builder->file.len - builder->attributes - 4, 4);
    builder->attributes = 0;
}

void evtx_build_open(struct evtx_builder *builder, const char *name, uint16_t dependency,
                     bool attributes)
{
    add_byte(builder, attributes ? 0x41 : 0x01);
    if (builder->definition)
        evtx_build_u16(builder, dependency);
    if (builder->depth < EVTX_BUILD_DEPTH)
        builder->sizes[builder->depth] = builder->file.len;
    builder->depth++;
    evtx_build_u32(builder, 0);
    evtx_build_name(builder, name);
    if (attributes) {
        builder->attributes = builder->file.len;
        evtx_build_u32(builder, 0);
    }
}

void evtx_build_attribute(struct evtx_builder *builder, const char *name)
{
    add_byte(builder, 0x06);
    evtx_build_name(builder, name);
}

static void end_element(struct evtx_builder *builder)
{
    if (builder->depth == 0)
        return;
    builder->depth--;
    if (builder->depth < EVTX_BUILD_DEPTH)
        patch(builder, builder->sizes[builder->depth],
              builder->file.len - builder->sizes[builder->depth] - 4, 4);
}

void evtx_build_content(struct evtx_builder *builder)
{
    end_attributes(builder);
    add_byte(builder, 0x02);
}

void evtx_build_empty(struct evtx_builder *builder)
{
    end_attributes(builder);
    add_byte(builder, 0x03);
    end_element(builder);
}

void evtx_build_close(struct evtx_builder *builder)
{
    add_byte(builder, 0x04);
    end_element(builder);
}

void evtx_build_text(struct evtx_builder *builder, const char *text)
{
    add_byte(builder, 0x05);
    add_byte(builder, EVTX_STRING);
    evtx_build_u16(builder, (uint16_t)utf16_units(str_from_c(text)));
    add_utf16(builder, str_from_c(text));
}

void evtx_build_substitution(struct evtx_builder *builder, uint16_t index, uint8_t type,
                             bool optional)
{
    add_byte(builder, optional ? 0x0E : 0x0D);
    evtx_build_u16(builder, index);
    add_byte(builder, type);
}

/* <name>%index</name>, depending on the value. */
static void add_value_element(struct evtx_builder *builder, const char *name, uint16_t index,
                              uint8_t type)
{
    evtx_build_open(builder, name, index, false);
    evtx_build_content(builder);
    evtx_build_substitution(builder, index, type, true);
    evtx_build_close(builder);
}

/* <name attribute='%index'/> */
static void add_value_attribute(struct evtx_builder *builder, const char *name,
                                const char *attribute, uint16_t index, uint8_t type)
{
    evtx_build_open(builder, name, EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(builder, attribute);
    evtx_build_substitution(builder, index, type, true);
    evtx_build_empty(builder);
}

enum system_value { PROVIDER, EVENT_ID, LEVEL, TIME, RECORD, CHANNEL, COMPUTER, DATA, N_VALUES };

static void add_system_template(struct evtx_builder *builder)
{
    evtx_build_open(builder, "Event", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(builder, "xmlns");
    evtx_build_text(builder, "http://schemas.microsoft.com/win/2004/08/events/event");
    evtx_build_content(builder);
    evtx_build_open(builder, "System", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(builder);
    add_value_attribute(builder, "Provider", "Name", PROVIDER, EVTX_STRING);
    add_value_element(builder, "EventID", EVENT_ID, EVTX_UINT16);
    add_value_element(builder, "Level", LEVEL, EVTX_UINT8);
    add_value_attribute(builder, "TimeCreated", "SystemTime", TIME, EVTX_FILETIME);
    add_value_element(builder, "EventRecordID", RECORD, EVTX_UINT64);
    add_value_element(builder, "Channel", CHANNEL, EVTX_STRING);
    add_value_element(builder, "Computer", COMPUTER, EVTX_STRING);
    evtx_build_close(builder);
    evtx_build_substitution(builder, DATA, EVTX_BINXML, true);
    evtx_build_close(builder);
    evtx_build_template_end(builder);
}

/* Writes the value's bytes where `size`, written before, is patched to say how many. */
static void add_text_value(struct evtx_builder *builder, size_t spec, const char *text)
{
    size_t before = builder->file.len;
    add_utf16(builder, str_from_c(text ? text : ""));
    patch(builder, spec, builder->file.len - before, 2);
}

static void add_spec(struct evtx_builder *builder, uint16_t size, uint8_t type)
{
    evtx_build_u16(builder, size);
    add_byte(builder, type);
    add_byte(builder, 0);
}

/* The fragment of EventData: a template by its field names, and their texts. */
static void add_data(struct evtx_builder *builder, const struct evtx_build_event *event)
{
    uint64_t names = 0;
    for (size_t i = 0; i < event->n_fields; i++)
        names = hash_mix(names, hash_text(str_from_c(event->fields[i].name)));
    evtx_build_fragment(builder);
    if (evtx_build_template(builder, (uint32_t)names | 1)) {
        evtx_build_open(builder, "EventData", EVTX_NO_DEPENDENCY, false);
        evtx_build_content(builder);
        for (size_t i = 0; i < event->n_fields; i++) {
            evtx_build_open(builder, "Data", EVTX_NO_DEPENDENCY, true);
            evtx_build_attribute(builder, "Name");
            evtx_build_text(builder, event->fields[i].name);
            evtx_build_content(builder);
            evtx_build_substitution(builder, (uint16_t)i, EVTX_STRING, false);
            evtx_build_close(builder);
        }
        evtx_build_close(builder);
        evtx_build_template_end(builder);
    }
    evtx_build_u32(builder, (uint32_t)event->n_fields);
    size_t spec = builder->file.len;
    for (size_t i = 0; i < event->n_fields; i++)
        add_spec(builder, 0, EVTX_STRING);
    for (size_t i = 0; i < event->n_fields; i++)
        add_text_value(builder, spec + 4 * i, event->fields[i].text);
    add_byte(builder, 0);
}

void evtx_build_event(struct evtx_builder *builder, const struct evtx_build_event *event)
{
    uint64_t id = event->record ? event->record : builder->next_id ? builder->next_id : 1;
    evtx_build_record(builder, id, event->time_us);
    if (evtx_build_template(builder, 2))
        add_system_template(builder);
    evtx_build_u32(builder, N_VALUES);
    size_t spec = builder->file.len;
    add_spec(builder, 0, EVTX_STRING);
    add_spec(builder, 2, EVTX_UINT16);
    add_spec(builder, 1, EVTX_UINT8);
    add_spec(builder, 8, EVTX_FILETIME);
    add_spec(builder, 8, EVTX_UINT64);
    add_spec(builder, 0, EVTX_STRING);
    add_spec(builder, 0, EVTX_STRING);
    add_spec(builder, 0, event->n_fields ? EVTX_BINXML : EVTX_NULL);
    add_text_value(builder, spec + 4 * PROVIDER, event->provider);
    add_number(builder, event->event_id, 2);
    add_number(builder, event->level, 1);
    add_number(builder, ((uint64_t)event->time_us + FILETIME_UNIX_US) * 10, 8);
    add_number(builder, id, 8);
    add_text_value(builder, spec + 4 * CHANNEL, event->channel);
    add_text_value(builder, spec + 4 * COMPUTER, event->computer);
    size_t data = builder->file.len;
    if (event->n_fields)
        add_data(builder, event);
    patch(builder, spec + 4 * DATA, builder->file.len - data, 2);
    evtx_build_record_end(builder);
}
