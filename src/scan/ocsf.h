/*
 * ocsf: a finding as an OCSF 1.8 Detection Finding (class 2004), one JSON object without a line end. The event
 * itself is under evidences[].data with its native names. The finding's uid is derived from rule, path and record, so
 * that the same finding gets the same uid every time.
 */
#ifndef JAGA_SCAN_OCSF_H
#define JAGA_SCAN_OCSF_H

#include "base/buf.h"
#include "scan/finding.h"
#include "sigma/attack.h"

struct ocsf_options {
    const struct attack *attack; /* names of techniques; NULL: ids only */
    struct str tenant;           /* whose finding it is: metadata.tenant_uid; empty: not said */
    bool placed; /* the events' JSON says where they are from; else it is led by _source (path), */
                 /* _record and _dataset */
};

/* Appends the finding. */
void ocsf_write(const struct ocsf_options *options, const struct finding *finding, struct buf *out);

#endif
