/*
 * json: the parts of the JSON reader (RFC 8259), which turns text into slots in one pass
 * without a tree.
 *
 *     json.c          the format's row; a chunk's records, one after the other
 *     json_cut.c      where a stream may be cut
 *     json_scan.c     .. by its structure: strings, objects, lists
 *     json_wrapper.c  .. inside objects that hold the records in a list
 *     json_walk.c     one object ─▶ slots
 *     json_keys.c     members' names: from the bytes in the text to a dotted name and its field
 *     json_shape.c    the shapes that Windows events come in ─▶ the names Sigma rules use
 *     json_roles.c    .. where an event's XML became objects
 *     json_check.c    is a text one object? without reading it
 */
#ifndef JAGA_PARSE_JSON_H
#define JAGA_PARSE_JSON_H

#include "parse/parser.h"

#define JSON_DEPTH_MAX 128                /* objects and lists within each other */
#define JSON_KEYS_MAX 32768               /* distinct paths kept; then the cache starts over */
#define JSON_KEYS_SIZE ((size_t)48 << 20) /* bytes of that cache */
#define JSON_KEY_LEN_MAX 1024             /* bytes of a member's name; a longer one is cut */
#define JSON_PATTERN_SIZE 32              /* bytes compared at once */
#define JSON_LISTS_MAX 16                 /* lists of records within each other */
#define JSON_SNIFF_SIZE PARSE_PROBE_SIZE

/* The build of a function that this machine runs best; see json_simd.h. */
#ifdef JSON_HAVE_AVX2
#define JSON_BEST(function) (__builtin_cpu_supports("avx2") ? function##_avx2 : function##_base)
#else
#define JSON_BEST(function) function##_base
#endif

/* How a record's names are to be read; see json_shape.c. */
enum json_shape {
    SHAPE_NATIVE,      /* names are what they are */
    SHAPE_EVENT_XML,   /* the event's XML as an object: Event.System.Provider.#attributes.Name */
    SHAPE_WINLOG,      /* Winlogbeat 7 and later: winlog.event_data.Image */
    SHAPE_BEAT,        /* Winlogbeat up to 6: event_data.Image, log_name */
    SHAPE_FLAT,        /* one level: SourceName, Hostname, EventID, Image */
    SHAPE_FLAT_SOURCE, /* the same with Source for SourceName */
    SHAPE_NXLOG,       /* the same by NXLog, which renders Opcode and Keywords its own way */
    SHAPE_OTEL,        /* OpenTelemetry's windowseventlog receiver: event_id.id, provider.name */
    SHAPE_COUNT
};

/* A shape, inside an envelope (a hit of Elasticsearch, a result of Splunk) or not. */
#define JSON_VARIANTS (2 * SHAPE_COUNT)
#define JSON_VARIANT(shape, enveloped) (2u * (unsigned)(shape) + ((enveloped) ? 1u : 0u))

/* What is left to do with a slot once the record's shape is known. */
enum json_role {
    ROLE_PLAIN,
    ROLE_DROP,      /* no value of the event: a name space */
    ROLE_QUIET,     /* structure: no slot when it is empty */
    ROLE_DATA_NAME, /* <Data Name="..">: names the slot beside it */
    ROLE_DATA_TEXT, /* the text of <Data> */
    ROLE_KEYWORDS,  /* 64 flags as a signed number, or the names of some */
    ROLE_LEVEL,     /* "Information" for 4 */
};

/* The presence of a name as evidence for a shape. The other bits are in json_shape.c. */
#define JSON_HINT_CUT 0x80000000u  /* the name was too long and has been cut */
#define JSON_HINT_LIST 0x40000000u /* may be the list of records in a wrapper */
#define JSON_HINT_TEXT 0x20000000u /* may hold a record as text; see embedded.h */

/*
 * One path of the stream, with what probably comes next:
 *
 *     owner ──first──▶ key ──follow──▶ key ──follow──▶ ..     as in the event before
 *                       └──first──▶ its own members, when its value is an object
 *
 * A key that found no room in the cache is temporary: it lives in the event's scratch arena,
 * and no key of the cache points to it.
 */
struct json_key {
    char pattern[JSON_PATTERN_SIZE]; /* "Image": with quotes and colon */
    uint32_t pattern_mask;           /* a bit per byte of it; 0: too long to be compared so */
    uint32_t pattern_len;
    uint32_t hints;
    bool temporary;
    struct json_key *follow;
    struct json_key *first;
    const struct name *names[JSON_VARIANTS]; /* NULL: not yet asked for */
    uint8_t roles[JSON_VARIANTS];
    const struct json_key *owner;
    struct str raw;    /* the member's name as in the text, escapes and all */
    struct str path;   /* the dotted name as the source gives it, without spaces */
    size_t prefix_len; /* of path.ptr: what the names of its members begin with */
};

struct json_keys {
    struct arena arena;
    struct json_key root;     /* owner of the members of a record */
    struct json_key prefixes; /* owner of json_add_object()'s prefixes */
    struct json_key spare;    /* without a name, for when memory is spent */
    struct json_key **cells;  /* open addressing over (owner, raw) */
    uint32_t count;
    bool full;        /* start over at the next event */
    uint64_t used_by; /* parser->begun of the event that last used it */
};

/* An object or list that the walk is inside. */
struct json_frame {
    struct json_key *owner;
    struct json_key **link; /* where the guess of the next member's key is */
    char closer;            /* '}' or ']' */
    uint8_t flags;          /* SLOT_ARRAY inside a list */
};

struct json_reader;
typedef const char *json_walk_fn(struct json_reader *reader, const char *start, const char *end);

/* A parser's state of FORMAT_JSON. */
struct json_reader {
    struct parser *parser;
    json_walk_fn *walk;
    const char *end; /* of the bytes the walk may look at */
    bool lines;      /* a line end is no white space: it ends the record */
    struct json_frame *top;
    uint32_t hints;      /* of all names of this record */
    uint32_t hints_last; /* of the record before */
    uint32_t variant;    /* that the slots are named by */
    const char *error;   /* why the walk stopped; NULL: it did not */
    const char *error_at;
    struct json_keys keys;
    struct json_key *slot_keys[EVENT_SLOTS_MAX + 1]; /* the key of each slot */
    struct json_frame frames[JSON_DEPTH_MAX + 1];
};

/*
 * Reads the object that starts at `start` ('{') and adds its values as slots. Returns the
 * place behind it, or NULL with reader->error and reader->error_at. Members are named under
 * frames[0].owner, which the caller sets.
 */
json_walk_fn json_walk_base, json_walk_avx2;

/*
 * Is `text` one object that the walk can read, with nothing but white space around it? NULL, or why not
 * (a constant). For doors, which take or refuse a record before it is kept.
 */
const char *json_check(struct str text);

typedef const char *json_check_fn(struct str text);
json_check_fn json_check_base, json_check_avx2;

int json_keys_init(struct json_keys *keys);
void json_keys_free(struct json_keys *keys);

/*
 * Before the first key of an event: forgets the cache when it is full and
 * this event has no names of it.
 */
void json_keys_begin(struct json_reader *reader);

/* The key of member `raw` of `owner`; never NULL: a last resort is a key without a name. */
struct json_key *json_keys_get(struct json_reader *reader, struct json_key *owner, struct str raw);

/* The key's name for reader->variant, resolved now. Never NULL. */
const struct name *json_keys_name(struct json_reader *reader, struct json_key *key);

/* What the presence of `path` says about the record's shape. */
uint32_t json_shape_hints(struct str path);

/* The variant that the hints of all of a record's paths together tell. */
uint32_t json_shape_variant(uint32_t hints);

/* The name of `path` in a variant, in the arena or part of `path`; ptr NULL when that is spent. */
struct str json_shape_name(struct str path, uint32_t variant, struct arena *arena,
                           uint8_t *ret_role);

/* The same for SHAPE_EVENT_XML. */
struct str json_event_xml_name(struct str path, struct arena *arena, uint8_t *ret_role);

/* Pairs, converts or drops the slots from `first` on that have a role; see json_roles.c. */
void json_roles_apply(struct json_reader *reader, uint32_t first);

/* Once a record is read: names its slots from `first` on by the shape it turned out to have. */
void json_shape_finish(struct json_reader *reader, uint32_t first);

static inline bool json_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* White space, the comma between records, and RFC 7464's record separator. */
static inline bool json_is_between(char c)
{
    return json_is_space(c) || c == ',' || c == 0x1E;
}

/*
 * Structure without values: finds where a record ends, in broken ones too. A line end
 * ends a string (RFC 8259 allows none inside), and a '{' that starts a line where no value may
 * stand starts a new record.
 */
struct json_scan {
    uint32_t depth;
    bool in_string;
    bool escaped;    /* the next byte stands behind a backslash */
    char before;     /* the last byte of meaning before the data; 0: none */
    bool line_start; /* the byte before the data was a line end */
};

/*
 * Scans from data[at] on until depth is 0 outside of strings (once a byte is taken): the place
 * behind, and *scan zero again, or data.len.
 */
typedef size_t json_scan_fn(struct json_scan *scan, struct str data, size_t at);
json_scan_fn json_scan_base, json_scan_avx2;

static inline size_t json_scan_run(struct json_scan *scan, struct str data, size_t at)
{
    return JSON_BEST(json_scan)(scan, data, at);
}

/* The last byte of meaning before data[at]. */
static inline char json_scan_before(const struct json_scan *scan, struct str data, size_t at)
{
    while (at > 0)
        if (!json_is_space(data.ptr[--at]))
            return data.ptr[at];
    return scan->before;
}

/* May a value stand behind this byte of meaning? */
static inline bool json_can_precede_value(char c)
{
    return c == ',' || c == ':' || c == '[' || c == '{';
}

/* Does the '{' at data[at], inside a record, start a line where no value may stand? */
static inline bool json_scan_starts_anew(const struct json_scan *scan, struct str data, size_t at)
{
    bool line_start = at > 0 ? data.ptr[at - 1] == '\n' : scan->line_start;
    return line_start && !json_can_precede_value(json_scan_before(scan, data, at));
}

/* Is that where it stopped, or did the data end? */
static inline bool json_scan_done(const struct json_scan *scan)
{
    return scan->depth == 0 && !scan->in_string;
}

/* What an object is that holds records in a list: {"Records":[..]}, {"hits":{"hits":[..]}} .. */
enum json_wrapper { WRAPPER_NO, WRAPPER_YES, WRAPPER_MORE /* bytes needed to tell */ };

/*
 * Looks at the object at the start of `data`. WRAPPER_YES: *ret_inside is the length up to behind
 * the list's '[', *ret_depth how many objects are to be closed behind its ']'.
 */
enum json_wrapper json_wrapper_find(struct str data, size_t *ret_inside, uint32_t *ret_depth);

/* May `name` be the member of an object that holds its records? */
bool json_wrapper_names(struct str name);

/* Does the text start like UTF-16 (RFC 8259, section 8.1 wants UTF-8)? */
bool json_is_utf16(struct str head);

/* The end of what stands at data[at], which is neither an object nor a list nor white space. */
size_t json_junk_end(struct str data, size_t at);

size_t json_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body);

/* UTF-8's byte order mark, which RFC 8259, section 8.1 lets a reader ignore. */
#define JSON_BOM STR("\xEF\xBB\xBF")

/* In chunk->header, what parse() can't see in its chunk: */
#define JSON_HEADER_LINES STR("lines") /* every record is a line */
#define JSON_HEADER_OPEN STR("open")   /* the stream ended inside a list of records */
#define JSON_HEADER_UTF16 STR("utf16") /* it is no UTF-8 */

#endif
