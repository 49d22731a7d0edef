/*
 * finding: what a scan found, copied out of the event it was found in. One event that
 * several rules match is copied once and shared by their findings.
 *
 *     finding ─┬▶ rule (or correlation, or indicator) and its meta
 *              ├▶ finding_event: path, record, time, host, user, fields, the event as JSON
 *              └▶ finding_correlated (correlations only): window, count, group
 *                   └▶ finding_event[]: events of the window
 *
 * Everything here lives for the length of the call that hands it over: who needs more copies. Text
 * is valid UTF-8, but hostile: escape it for the output's syntax and for the terminal.
 */
#ifndef JAGA_SCAN_FINDING_H
#define JAGA_SCAN_FINDING_H

#include "event/dataset.h"
#include "intel/intel.h"
#include "sigma/rule.h"

/* One value of an event. A list gives several with the same name, one after the other. */
struct finding_field {
    struct str name; /* as the source gives it */
    struct str text;
    enum value_type type;
    enum field_type kind;                /* FIELD_TEXT where the dataset says nothing */
    const struct dataset_field *dataset; /* its ECS and OCSF names; NULL: not described */
};

/* The event a finding is about. */
struct finding_event {
    struct str path;               /* "host.zip:logs/Security.evtx" */
    uint64_t record;               /* in its source: EVTX record id, else from 1 in the stream */
    uint64_t offset;               /* bytes from the stream's start */
    int64_t time;                  /* µs UTC; TIME_UNSET: the event carries none */
    const struct dataset *dataset; /* NULL: not recognised */
    struct str event_id;           /* value of the dataset's event id field; empty: none */
    struct str host, user;         /* empty: unknown */
    struct str json;               /* the event as one JSON object */
    const struct finding_field *fields; /* every value, in the order of the source */
    uint32_t n_fields;
};

/* What a correlation adds. */
struct finding_correlated {
    int64_t first, last; /* µs: the first and the last event of the window */
    uint64_t count;      /* events in it */
    double value;        /* what the condition compared */
    const struct str *group_names;
    const struct str *group_values;
    uint32_t n_groups;
    /*
     * Some of the events, oldest first (CORRELATE_EVENTS_MAX). Those whose copies had to make room
     * for others are left out.
     */
    const struct finding_event *events;
    uint32_t n_events;
};

/* One of rule, correlation and indicator is there; none: it is a row of a saved hunt, with the row as its event. */
struct finding {
    uint32_t index; /* in sigma_set.rules or .correlations; of indicators: by their metas */
    const struct sigma_meta *meta; /* lives as long as the rules; of an indicator: as the detect */
    struct str title;              /* its own; empty: that of the meta */
    const struct sigma_rule *rule;
    const struct sigma_correlation *correlation;
    const struct intel_match *indicator;         /* which, and the field it stood in */
    const struct finding_event *event;           /* NULL: a correlation whose events are gone */
    const struct finding_correlated *correlated; /* of a correlation */
};

/* The finding's instant: the event's, or the end of a correlation's window; TIME_UNSET: none. */
static inline int64_t finding_time(const struct finding *finding)
{
    if (finding->correlated)
        return finding->correlated->last;
    return finding->event ? finding->event->time : TIME_UNSET;
}

#endif
