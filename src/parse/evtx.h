/*
 * evtx: the parts of the EVTX reader among themselves. Windows event logs, as far as
 * [MS-EVEN6] 2.2.12 to 2.2.18 (BinXml) specifies them; the file around it after what the
 * files show.
 *
 *     file    [header 4 KiB][chunk 64 KiB][chunk]..
 *     chunk   [header 512: tables, checksums][record][record]..[free]
 *     record  "**\0\0" size id time  BinXml  size
 *     BinXml  fragment header, template instance = template offset + values
 *
 *     template definition ──compile──▶ program: [name, where its value comes from] ..
 *     instance's values ─────run─────▶ slots
 *
 * Offsets in BinXml count from the chunk's start. Names and templates lie once in a
 * chunk, inline where they are first used; programs are kept across chunks and files.
 */
#ifndef JAGA_PARSE_EVTX_H
#define JAGA_PARSE_EVTX_H

#include "base/map.h"
#include "base/vec.h"
#include "parse/parser.h"
#include "parse/winevent.h"

#define EVTX_CHUNK_SIZE 65536u
#define EVTX_CHUNK_HEADER 512u
#define EVTX_RECORD_HEADER 24u
#define EVTX_RECORD_MIN 28u /* header and the size once more */

#define EVTX_ELEMENTS_DEPTH 32         /* elements within each other in one fragment */
#define EVTX_FRAGMENTS_DEPTH 8         /* fragments within values of fragments */
#define EVTX_OPS_MAX 8192              /* of one program */
#define EVTX_PROGRAMS_MAX 4096         /* kept; past it all are forgotten */
#define EVTX_PROGRAMS_SIZE (32u << 20) /* bytes of those */
#define EVTX_VARIANTS_MAX 16       /* programs of one template GUID tried before compiling anew */
#define EVTX_WORK_BASE (64u << 10) /* bytes of values and ops rendered for one record, about .. */
#define EVTX_WORK_PER_BYTE 32u     /* .. and for each byte it has */
#define EVTX_TEMPLATE_WORK (4u << 20) /* bytes of definitions compared, compiled for a chunk */
#define EVTX_RECENT 64                /* templates a chunk finds without look-up; a power of two */

#define EVTX_FRAGMENT_HEADER 4    /* token, major and minor version, flags */
#define EVTX_INSTANCE_HEADER 10   /* token, version, template id, offset of its definition */
#define EVTX_DEFINITION_HEADER 24 /* offset of the next, GUID, size */

/* Tokens of BinXml ([MS-EVEN6] 2.2.12). */
enum evtx_token {
    EVTX_TOKEN_EOF = 0x00,
    EVTX_TOKEN_OPEN = 0x01,
    EVTX_TOKEN_CLOSE_OPEN = 0x02,
    EVTX_TOKEN_CLOSE_EMPTY = 0x03,
    EVTX_TOKEN_END = 0x04,
    EVTX_TOKEN_VALUE = 0x05,
    EVTX_TOKEN_ATTRIBUTE = 0x06,
    EVTX_TOKEN_CDATA = 0x07,
    EVTX_TOKEN_CHAR_REF = 0x08,
    EVTX_TOKEN_ENTITY_REF = 0x09,
    EVTX_TOKEN_PI_TARGET = 0x0A,
    EVTX_TOKEN_PI_DATA = 0x0B,
    EVTX_TOKEN_TEMPLATE = 0x0C,
    EVTX_TOKEN_SUBSTITUTION = 0x0D,
    EVTX_TOKEN_OPTIONAL_SUBSTITUTION = 0x0E,
    EVTX_TOKEN_FRAGMENT = 0x0F,
    EVTX_TOKEN_MORE = 0x40, /* flag: attributes follow, or another part */
};

/* Value types ([MS-EVEN6] 2.2.14 names them in its ABNF). */
enum evtx_type {
    EVTX_NULL = 0x00,
    EVTX_STRING = 0x01,
    EVTX_ANSI = 0x02,
    EVTX_INT8 = 0x03,
    EVTX_UINT8 = 0x04,
    EVTX_INT16 = 0x05,
    EVTX_UINT16 = 0x06,
    EVTX_INT32 = 0x07,
    EVTX_UINT32 = 0x08,
    EVTX_INT64 = 0x09,
    EVTX_UINT64 = 0x0A,
    EVTX_REAL32 = 0x0B,
    EVTX_REAL64 = 0x0C,
    EVTX_BOOL = 0x0D,
    EVTX_BINARY = 0x0E,
    EVTX_GUID = 0x0F,
    EVTX_SIZE_T = 0x10,
    EVTX_FILETIME = 0x11,
    EVTX_SYSTEMTIME = 0x12,
    EVTX_SID = 0x13,
    EVTX_HEX32 = 0x14,
    EVTX_HEX64 = 0x15,
    EVTX_HANDLE = 0x20,
    EVTX_BINXML = 0x21,
    EVTX_XML = 0x23,
    EVTX_TYPES = 0x24,
    EVTX_ARRAY = 0x80, /* flag: values of the type one after another */
};

/* One value of a template instance; its bytes lie in the chunk. */
struct evtx_value {
    const unsigned char *bytes;
    uint32_t size;
    uint8_t type; /* enum evtx_type, perhaps with EVTX_ARRAY; any byte in hostile files */
};

/* A part of some text: a literal, or a value where `value` is not EVTX_LITERAL. */
#define EVTX_LITERAL UINT16_MAX
struct evtx_piece {
    struct evtx_piece *next;
    struct str literal;
    uint16_t value;
};

enum evtx_op_kind {
    EVTX_OP_LITERAL, /* the slot is ready */
    EVTX_OP_VALUE,   /* the slot's text is one value */
    EVTX_OP_TEXT,    /* ... is pieces put together; perhaps its name too */
    EVTX_OP_SKIP,    /* on to `target` where the value is null: an element that depends on it */
};

struct evtx_op {
    uint8_t kind;                       /* enum evtx_op_kind */
    bool omit_null;                     /* no slot where the value is null */
    bool time;                          /* the event's time */
    uint16_t value;                     /* index into the instance's values */
    uint32_t target;                    /* of EVTX_OP_SKIP */
    struct slot slot;                   /* name and flags; the text of a literal */
    const struct evtx_piece *pieces;    /* of EVTX_OP_TEXT */
    const struct evtx_piece *name;      /* of EVTX_OP_TEXT: the name's pieces, or NULL */
    const struct winevent_scope *scope; /* what a fragment in the value is inside of */
};

/*
 * What a definition must look like to mean a program again: bytes that are the
 * same, then a name by its characters (the offset may differ), or four bytes that may
 * differ (sizes, which depend on whether names are inline).
 */
struct evtx_segment {
    const unsigned char *fixed;
    const unsigned char *name; /* UTF-16LE; NULL: four bytes that don't matter */
    uint32_t fixed_len;
    uint32_t name_len; /* bytes */
};

struct evtx_program {
    struct evtx_op *ops;
    uint32_t n_ops;
    /* Of a kept template's program only: */
    struct evtx_segment *segments;
    uint32_t n_segments;
    struct winevent_scope scope; /* that its root element is in */
    unsigned char guid[16];
    uint32_t next; /* another program of the same GUID; MAP_NONE: none */
};

/* A template as the current chunk refers to it. */
struct evtx_recent {
    const struct evtx_program *program;
    const struct winevent_scope *scope;
    uint32_t definition; /* offset in the chunk */
};

/* What tells a record from another one. */
struct evtx_seen {
    uint64_t id, time;
};

/* The reader's own state in a parser. */
struct evtx_state {
    struct arena arena; /* programs and what they point to */
    struct map by_guid; /* GUID → index of its newest program */
    VEC(struct evtx_program *) programs;
    struct evtx_recent recent[EVTX_RECENT];
    /* For building one program; kept for their memory. */
    VEC(struct evtx_op) ops;
    VEC(struct evtx_segment) segments;
    VEC(struct evtx_seen) seen; /* records of this chunk, where carving must not repeat them */
};

/* The chunk being read, and the record in it. */
struct evtx_chunk {
    struct parser *parser;
    struct evtx_state *state;
    const unsigned char *bytes;
    uint32_t len;           /* at most EVTX_CHUNK_SIZE */
    uint32_t work;          /* what this record may still cost */
    uint32_t template_work; /* what is left of EVTX_TEMPLATE_WORK */
    const char *error;      /* why the record can't be read; NULL: it can */
};

/*
 * A name at `offset` ([MS-EVEN6] 2.2.12 Name): its UTF-16LE characters and
 * the bytes it takes there.
 */
struct evtx_name {
    const unsigned char *utf16;
    uint32_t size; /* of utf16, bytes */
    uint32_t taken;
};
bool evtx_name_at(const struct evtx_chunk *chunk, uint32_t offset, struct evtx_name *ret_name);

/* A run of BinXml to compile, in chunk offsets. */
struct evtx_source {
    uint32_t at, end;
    bool definition; /* of a template: its elements carry dependency ids */
    const struct winevent_scope *scope;
};

/*
 * Compiles the elements at source->at into ops in `arena`, and segments where the source is a
 * definition. Moves source->at behind them. NULL with chunk->error set.
 */
struct evtx_program *evtx_compile(struct evtx_chunk *chunk, struct evtx_source *source,
                                  struct arena *arena);

/*
 * The program of the template whose definition is at `offset`, kept or
 * compiled. NULL with chunk->error set.
 */
const struct evtx_program *evtx_template(struct evtx_chunk *chunk, uint32_t offset,
                                         const struct winevent_scope *scope);

/* Forgets what belongs to the last chunk, and all programs once there are too many. */
void evtx_state_next_chunk(struct evtx_state *state);
void evtx_state_free(void *state);

/* Adds the slots of the fragment [at, end) to the parser's event. False with chunk->error set. */
bool evtx_run_fragment(struct evtx_chunk *chunk, uint32_t at, uint32_t end,
                       const struct winevent_scope *scope, unsigned depth);

/* No value: omitted where Windows omits it. An empty string is a value. */
static inline bool evtx_value_is_null(const struct evtx_value *value)
{
    return value->type == EVTX_NULL || (value->size == 0 && value->type != EVTX_STRING);
}

/* Room that evtx_value_text() needs for a value of `size` bytes. */
static inline size_t evtx_value_room(size_t size)
{
    return 3 * size + 64;
}

/*
 * The text of a value that is no array and no fragment: numbers in decimal or 0x hex, GUIDs without
 * braces, times as ISO 8601 with microseconds, binary in hex. A value whose size is not its type's
 * gives its bytes in hex. Returns the bytes written to `out`.
 */
size_t evtx_value_text(const struct evtx_value *value, char *out, enum value_type *ret_type);

/* UTF-16LE up to its first NUL as UTF-8: at most 3 bytes a unit. Returns the bytes written. */
size_t evtx_utf16_text(const unsigned char *utf16, size_t units, char *out);

/* Takes the next element of an array value, moving it on; false at its end. */
bool evtx_array_next(struct evtx_value *array, struct evtx_value *ret_element);

static inline uint16_t evtx_u16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t evtx_u32(const unsigned char *bytes)
{
    return (uint32_t)evtx_u16(bytes) | (uint32_t)evtx_u16(bytes + 2) << 16;
}

static inline uint64_t evtx_u64(const unsigned char *bytes)
{
    return (uint64_t)evtx_u32(bytes) | (uint64_t)evtx_u32(bytes + 4) << 32;
}

#endif
