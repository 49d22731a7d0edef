/*
 * evtx_build: writes EVTX files, for tests and for sample data. Whole events of
 * named fields (evtx_build_event()), or single tokens where a test needs something unusual:
 *
 *     struct evtx_builder builder = {0};
 *     evtx_build_record(&builder, 1, time_us);
 *     evtx_build_template(&builder, 7);
 *     evtx_build_open(&builder, "Event", EVTX_NO_DEPENDENCY, false);
 *     evtx_build_content(&builder);
 *     evtx_build_substitution(&builder, 0, EVTX_STRING, true);
 *     evtx_build_close(&builder);
 *     evtx_build_template_end(&builder);
 *     evtx_build_values(&builder, values, 1);
 *     evtx_build_record_end(&builder);
 *     struct str file = evtx_build_finish(&builder);   // valid until evtx_build_free()
 *
 * Chunks are begun as they fill up; a name or a template that a chunk has already is
 * referred to. What does not fit into a chunk, or memory, makes file.failed true.
 */
#ifndef JAGA_PARSE_EVTX_BUILD_H
#define JAGA_PARSE_EVTX_BUILD_H

#include "base/buf.h"
#include "base/vec.h"

#define EVTX_NO_DEPENDENCY 0xFFFF
#define EVTX_BUILD_DEPTH 32

struct evtx_build_value {
    uint8_t type; /* enum evtx_type */
    const void *bytes;
    uint16_t size;
};

/* Where something lies in the chunk, by what it is. */
struct evtx_build_place {
    uint64_t key;
    uint32_t offset;
};

struct evtx_builder {
    struct buf file;
    size_t chunk;  /* offset of the current chunk; 0: none yet */
    size_t record; /* offset of the current record, and of the last */
    uint64_t first_id, last_id;
    uint64_t next_id;
    size_t definition;              /* offset of the template being written; 0: none */
    size_t sizes[EVTX_BUILD_DEPTH]; /* offsets of the sizes of the open elements */
    size_t attributes;              /* offset of the size of the attribute list; 0: none */
    unsigned depth;
    VEC(struct evtx_build_place) names;
    VEC(struct evtx_build_place) templates;
};

struct evtx_build_field {
    const char *name;
    const char *text; /* UTF-8 */
};

/* One event as Windows writes it; what is NULL or 0 is left out or gets a plain default. */
struct evtx_build_event {
    const char *provider, *channel, *computer;
    uint16_t event_id;
    uint8_t level;
    uint64_t record; /* 0: one more than the last */
    int64_t time_us;
    const struct evtx_build_field *fields; /* of EventData; strings */
    size_t n_fields;
};

void evtx_build_event(struct evtx_builder *builder, const struct evtx_build_event *event);

/* The file so far, complete with checksums; valid until the next call on the builder. */
struct str evtx_build_finish(struct evtx_builder *builder);
void evtx_build_free(struct evtx_builder *builder);

/* A record and its fragment header. */
void evtx_build_record(struct evtx_builder *builder, uint64_t id, int64_t time_us);
void evtx_build_record_end(struct evtx_builder *builder);

/* A fragment header, as every fragment begins. */
void evtx_build_fragment(struct evtx_builder *builder);

/*
 * An instance of template `id`. True: its definition goes here, up to evtx_build_template_end().
 * False: the chunk has it; values follow.
 */
bool evtx_build_template(struct evtx_builder *builder, uint32_t id);
void evtx_build_template_end(struct evtx_builder *builder);
void evtx_build_values(struct evtx_builder *builder, const struct evtx_build_value *values,
                       size_t n_values);

/* Elements; `attributes` announces a list of them. Content or empty ends the tag. */
void evtx_build_open(struct evtx_builder *builder, const char *name, uint16_t dependency,
                     bool attributes);
void evtx_build_attribute(struct evtx_builder *builder, const char *name);
void evtx_build_content(struct evtx_builder *builder);
void evtx_build_empty(struct evtx_builder *builder);
void evtx_build_close(struct evtx_builder *builder);

/* Parts of text. */
void evtx_build_text(struct evtx_builder *builder, const char *text);
void evtx_build_substitution(struct evtx_builder *builder, uint16_t index, uint8_t type,
                             bool optional);

/* Bytes as they are: for what no function writes. */
void evtx_build_bytes(struct evtx_builder *builder, const void *bytes, size_t size);
void evtx_build_u16(struct evtx_builder *builder, uint16_t number);
void evtx_build_u32(struct evtx_builder *builder, uint32_t number);

/* Where in its chunk the next byte goes. */
uint32_t evtx_build_offset(const struct evtx_builder *builder);

/* A name reference, the name inline where the chunk does not have it yet. */
void evtx_build_name(struct evtx_builder *builder, const char *name);

#endif
