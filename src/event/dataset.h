/*
 * dataset: what we know of a source. How its events are recognised, which Sigma
 * logsources they provide, which of its fields carry the names Sigma uses, the
 * fields' types, their ECS and OCSF names, and where the time is. Read from
 * the YAML files of content/datasets (docs/datasets.md describes every key).
 *
 * A set of datasets is immutable once frozen, except for its table of routes, which grows as
 * new combinations appear and is safe for all threads.
 *
 *     event ──(discriminating fields)──▶ dataset ──(event id, tags)──▶ route
 *     route = the set of logsources this event provides; the key of a bucket of rules
 */
#ifndef JAGA_EVENT_DATASET_H
#define JAGA_EVENT_DATASET_H

#include "base/err.h"
#include "event/event.h"
#include "event/fields.h"

#define DATASET_NONE UINT32_MAX
#define ROUTE_NONE UINT32_MAX
#define ROUTES_MAX 65536 /* distinct routes; events that need a further one are unrouted */
#define ROUTE_LOGSOURCES_MAX 16
#define DATASET_FORMATS_MAX 64

struct logsource {
    struct str product; /* empty: not said */
    struct str category;
    struct str service;
};

/*
 * Does a rule that asks for `wanted` apply to events that provide
 * `provided`? Empty parts of wanted match all.
 */
bool logsource_provides(const struct logsource *provided, const struct logsource *wanted);

enum field_type {
    FIELD_TEXT,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_BOOLEAN,
    FIELD_TIME,
    FIELD_IP,
    FIELD_PORT,
    FIELD_DOMAIN,
    FIELD_URL,
    FIELD_EMAIL,
    FIELD_HASH,
    FIELD_HASHES,
    FIELD_PATH,
    FIELD_COMMAND,
    FIELD_USER,
    FIELD_HOST,
    FIELD_PROCESS_ID,
    FIELD_GUID,
    FIELD_SID,
    FIELD_REGISTRY,
    FIELD_AGENT,
    FIELD_JA3,
    FIELD_JA4,
    FIELD_ANSWERS, /* of DNS: names and addresses */
};

struct dataset_field {
    uint32_t field;
    enum field_type type;
    struct str ecs;   /* empty: none */
    struct str ocsf;  /* empty: none */
    struct str about; /* one sentence; empty: none */
};

/* Sigma's name for a native field, for some event ids only where `event_ids` is not empty. */
struct dataset_alias {
    uint32_t sigma;  /* the field a rule names */
    uint32_t native; /* the field the event carries */
    struct str *event_ids;
    uint32_t n_event_ids;
};

struct dataset {
    struct str name;
    struct str title;
    struct str about;        /* a few sentences; empty: none */
    uint32_t event_id_field; /* splits rules into buckets; FIELD_NONE: does not */
    uint32_t *time_fields;   /* first that is there wins */
    uint32_t n_time_fields;
    uint32_t *host_fields; /* for reports; first that is there wins */
    uint32_t n_host_fields;
    uint32_t *user_fields;
    uint32_t n_user_fields;
    struct dataset_alias *aliases;
    uint32_t n_aliases;
    struct dataset_field *fields;
    uint32_t n_fields;
    struct str origin; /* file it was read from */
};

/* One way to look at events: what a bucket of rules is compiled for. */
struct route {
    uint32_t dataset;
    struct str event_id;   /* value of the dataset's event id field; empty: none */
    bool any_event_id;     /* the table was full: rules for every event id apply */
    uint32_t n_logsources; /* at most ROUTE_LOGSOURCES_MAX */
    const struct logsource *logsources;
};

struct datasets; /* opaque */

/*
 * An empty set over `fields`, which it adds its names to; both live with
 * the caller. NULL: no memory.
 */
struct datasets *datasets_new(struct fields *fields);
void datasets_free(struct datasets *datasets);

/*
 * The names of the values of event.format, for recognisers that ask for `_format`: names[id], NULL
 * for an id without one; at most DATASET_FORMATS_MAX. Before the first datasets_add(). The names
 * outlive the set (they are string constants of the parsers).
 */
void datasets_name_formats(struct datasets *datasets, const char *const *names, size_t count);

/*
 * Adds the datasets described by one YAML file, one per document. `origin` is its path for
 * messages; both are copied where needed. Returns 0, -ENOMEM, -EINVAL with *err saying where,
 * -EEXIST for a second one of the same name. Datasets of earlier documents stay added.
 */
int datasets_add(struct datasets *datasets, struct str yaml, struct str origin, struct err *err);

/*
 * A rule asks for this logsource. Once told, the set knows the words that matter in tags and takes
 * others as not said, so that hostile or merely chatty `service` fields make no routes. Call it
 * for every rule before datasets_freeze(), or for none. 0 or -ENOMEM.
 */
int datasets_want(struct datasets *datasets, const struct logsource *wanted);

/*
 * Sorts the recognisers; no datasets_add() after it, no datasets_recognise() before it.
 * Returns 0 or -ENOMEM.
 */
int datasets_freeze(struct datasets *datasets);

/* The dictionary given to datasets_new(). */
const struct fields *datasets_fields(const struct datasets *datasets);

uint32_t datasets_count(const struct datasets *datasets);
const struct dataset *datasets_get(const struct datasets *datasets, uint32_t index);

/* DATASET_NONE when there is none of that name. */
uint32_t datasets_find(const struct datasets *datasets, struct str name);

/*
 * Sets event->dataset and event->route, and adds the values its dataset derives (SLOT_DERIVED)
 * where event->slots_max leaves room. Called once per event, by any thread; the cost is that of a
 * few comparisons.
 *
 * An event may carry `product`, `category` and `service` of its own. They are its logsource when
 * no dataset recognises it, or when the one that does provides that product and the event also
 * says category or service; its dataset still gives aliases and time. What is neither recognised
 * nor tagged keeps DATASET_NONE and ROUTE_NONE: no rule applies to it.
 */
void datasets_recognise(struct datasets *datasets, struct event *event);

/* Events that got no route because ROUTES_MAX was spent, since datasets_new(). */
uint64_t datasets_unrouted(const struct datasets *datasets);

/* The route of that number; lives as long as the set. */
const struct route *datasets_route(const struct datasets *datasets, uint32_t route);
uint32_t datasets_route_count(const struct datasets *datasets);

/* Does the dataset of that index provide such a logsource, to some of its events? */
bool datasets_provided_by(const struct datasets *datasets, uint32_t index,
                          const struct logsource *wanted);

/* The same, to events of that event id? */
bool datasets_event_id_fits(const struct datasets *datasets, uint32_t index,
                            const struct logsource *wanted, struct str event_id);

/*
 * The logsource that the dataset provides to its events of that event id and to no others: one with a category; with an
 * empty id, to all of its events. False: there is none.
 */
bool datasets_logsource(const struct datasets *datasets, uint32_t index, struct str event_id,
                        struct logsource *ret_logsource);

/* Does the dataset have a word for that field: describes it, derives it, has it as an alias? */
bool datasets_know_field(const struct datasets *datasets, uint32_t index, uint32_t field);

/*
 * How many ways the dataset has to derive that field (FIELD_NONE: any field) for some of its events; for the first `max`
 * of them a field that an event must then have, in ret_needs. FIELD_NONE: none can be named.
 */
uint32_t datasets_derive(const struct datasets *datasets, uint32_t index, uint32_t field,
                         uint32_t *ret_needs, uint32_t max);

/* Does any dataset provide such a logsource? */
bool datasets_provide(const struct datasets *datasets, const struct logsource *wanted);

/*
 * The native fields a rule's field stands for on a route: the field itself first, then its
 * aliases. Returns how many were written to ret_fields (at most max).
 */
uint32_t datasets_resolve(const struct datasets *datasets, const struct route *route,
                          uint32_t sigma_field, uint32_t *ret_fields, uint32_t max);

/*
 * The event's instant: set by its reader, or from the dataset's time fields
 * (remembered); TIME_UNSET if none.
 */
int64_t datasets_time(const struct datasets *datasets, struct event *event);

/* Host and user of an event for reports; empty where unknown. */
struct str datasets_host(const struct datasets *datasets, struct event *event);
struct str datasets_user(const struct datasets *datasets, struct event *event);

/* Type and standard names of a field in a dataset, or NULL. */
const struct dataset_field *datasets_field(const struct datasets *datasets, uint32_t dataset,
                                           uint32_t field);

#endif
