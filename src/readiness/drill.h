/*
 * drill: a described exercise: agencies with their machines and sources, the ordinary telemetry of a working day, and an
 * intrusion in ordered steps, each with what should find it. docs/drills.md has the format of the files.
 *
 *     library: shapes (an event of a product, with names to fill in), noise (weighted events in those shapes)
 *        ▲
 *     drill: agencies ─┬─ populations: machines, each with its host, address, user ..
 *                      └─ sources: a door, a population, a noise, a rate
 *            steps: when, where, which technique, events, expected rules
 *
 * All of it is read once and never changes; it lives in the arenas of the library and of the drill.
 */
#ifndef JAGA_READINESS_DRILL_H
#define JAGA_READINESS_DRILL_H

#include "base/yaml.h"
#include "readiness/text.h"

#define DRILL_MEMORY_MAX (64u << 20)               /* bytes of a drill; of a library */
#define DRILL_MEMBERS_MAX 10000                    /* machines of a population */
#define DRILL_AGENCIES_MAX 64                      /* of a library */
#define DRILL_REPEAT_MAX 10000                     /* of an event in a step */
#define DRILL_LENGTH_MAX_US INT64_C(2592000000000) /* 30 days */
#define DRILL_RATE_MAX 600000                      /* events a minute of a source */

/* ---- the library ---- */

enum value_kind { VALUE_TEXT, VALUE_LIST, VALUE_MAP };

/* What becomes JSON. */
struct drill_value {
    enum value_kind kind;
    bool plain; /* VALUE_TEXT: number, truth value or null, unless a placeholder says otherwise */
    struct text text;
    struct str *keys; /* VALUE_MAP */
    struct drill_value *items;
    size_t n;
};

/* An event of a product. */
struct drill_shape {
    struct str name;
    struct text_scope defaults;
    struct drill_value event; /* a map: a JSON object; a text: a line */
};

/* One event in a shape. */
struct drill_emit {
    const struct drill_shape *shape;
    struct text_scope with;
    uint64_t weight; /* of noise, among the others */
    uint32_t line, column;
};

struct drill_noise {
    struct str name;
    struct drill_emit *emits;
    size_t n;
    uint64_t weight; /* of all together */
};

struct drill_library {
    struct arena arena;
    struct drill_shape *shapes;
    size_t n_shapes;
    struct drill_noise *noises;
    size_t n_noises;
    const struct yaml_pair *agencies[DRILL_AGENCIES_MAX]; /* name and description */
    size_t n_agencies;
};

void drill_library_init(struct drill_library *library);
void drill_library_free(struct drill_library *library);

/* Adds the shapes and noises of one file, whose names are new. `text` is not needed afterwards. */
int drill_library_add(struct drill_library *library, struct str text, struct err *err);

const struct drill_shape *drill_library_shape(const struct drill_library *library, struct str name);
/* An agency that drills name; NULL: there is none. */
const struct yaml_node *drill_library_agency(const struct drill_library *library, struct str name);
const struct drill_noise *drill_library_noise(const struct drill_library *library, struct str name);

/* ---- the drill ---- */

/* How events of a source travel. */
enum drill_door {
    DOOR_DRILL_ELASTIC,
    DOOR_DRILL_HEC,
    DOOR_DRILL_HEC_RAW, /* lines as they are */
    DOOR_DRILL_OTLP,
    DOOR_DRILL_NDJSON,
};
extern const char *const drill_door_names[];

struct drill_population {
    struct str name;
    size_t count;
    struct text_scope *members; /* count of them */
};

struct drill_source {
    struct str name;
    size_t agency; /* index */
    enum drill_door door;
    struct str kind;                           /* sourcetype, index or service name at the door */
    const struct drill_population *population; /* NULL: none */
    const struct drill_noise *noise;           /* NULL: silent but for steps */
    double rate;                               /* events a minute in working hours */
    double night;                              /* factor at other times */
    uint32_t line, column;
};

struct drill_agency {
    struct str name, title;
    struct text_scope vars;
    struct drill_population *populations;
    size_t n_populations;
};

/* Events of a step: `repeat` of them, each `every` after the one before. */
struct drill_act {
    struct drill_emit emit;
    size_t source;                   /* index */
    const struct text_scope *member; /* NULL: none */
    uint64_t repeat;
    int64_t every_us, after_us; /* after_us: behind the act before it */
};

struct drill_step {
    struct str name, what, technique;
    int64_t at_us;
    size_t agency;
    struct drill_act *acts;
    size_t n_acts;
    size_t silence; /* index of a source that says nothing from here on; SIZE_MAX: none */
    /* ids or titles of rules: one is enough; none: a blind spot that is known */
    struct str *expect;
    size_t n_expect;
    struct str *also; /* what may be found beside */
    size_t n_also;
    uint32_t line, column;
};

struct drill {
    struct arena arena;
    struct str name, title, about;
    int64_t start_us;  /* nominal clock: µs into a week that begins on Monday */
    int64_t length_us; /* nominal */
    struct text_scope vars;
    struct str *indicators;
    size_t n_indicators;
    struct drill_agency *agencies;
    size_t n_agencies;
    struct drill_source *sources;
    size_t n_sources;
    struct drill_step *steps; /* in the order of at_us */
    size_t n_steps;
};

/*
 * Reads a drill and tries every text of it once. 0, or a code with *err: the place in `text`. The library outlives the
 * drill; `text` is not needed afterwards.
 */
int drill_read(struct drill *drill, const struct drill_library *library, struct str text,
               struct err *err);
void drill_free(struct drill *drill);

/* ---- events ---- */

/*
 * Makes the scopes of an event: what is set later in this list gives way: `with` of the event, the machine, the drill, the
 * agency, the defaults of the shape. `vars` stands for the drill's own, filled in once for a run.
 */
void drill_scopes(const struct drill_emit *emit, const struct text_scope *member,
                  const struct text_scope *vars, const struct drill_agency *agency,
                  struct text_filling *filling);

/* Appends the event, one line without its end. 0, -EINVAL or -ENOMEM with *err. */
int drill_write_event(const struct drill_emit *emit, struct text_filling *filling, struct buf *out,
                      struct err *err);

#endif
