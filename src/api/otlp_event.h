/*
 * otlp_event: what the two readers of OTLP (otlp_protobuf.c, otlp_json.c) share: the event that a record becomes.
 */
#ifndef JAGA_API_OTLP_EVENT_H
#define JAGA_API_OTLP_EVENT_H

#include "api/otlp.h"

#define OTLP_PROBLEM_DEPTH "lists and maps within each other, too deep"

/* What a LogRecord says beside its body and attributes. Texts are JSON text without quotes. */
struct otlp_record {
    uint64_t time_ns, observed_ns; /* since 1970; 0: not set */
    int64_t severity;
    struct str severity_text, event_name, trace_id, span_id;
    struct str raw;
    const char *problem; /* met while its values were written */
};

int otlp_read_protobuf(struct otlp *otlp, struct str body);
int otlp_read_json(struct otlp *otlp, struct str body);

/*
 * A member of a resource or scope: start it, write the value as JSON to about->text, end it with what came of that: a
 * value that is too deep (-E2BIG) becomes null. The name is JSON text, or any text with `plain`.
 */
void otlp_about_clear(struct otlp_about *about);
int otlp_about_begin(struct otlp_about *about, struct str name, bool plain);
int otlp_about_end(struct otlp_about *about, int status);

/* An event: begin, write members to otlp->flat, end. -E2BIG, -ENOMEM. */
void otlp_event_begin(struct otlp *otlp);
int otlp_event_end(struct otlp *otlp, const struct otlp_record *record);

#endif
