/*
 * metrics: figures in the text format of Prometheus, version 0.0.4. Names end with their unit; counters with _total.
 */
#ifndef JAGA_API_METRICS_H
#define JAGA_API_METRICS_H

#include "api/server.h"

/* Appends all there is: of the server, the spools, detection, senders, sources, and who else asked to. */
void metrics_write(struct api *api, struct buf *out);

/* metrics_centre.c: of what stands behind the server. */
void metrics_write_centre(struct api *api, struct buf *out);

/* The two lines before a family's values; and a family of one value. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *about);
void metrics_one(struct buf *out, const char *name, const char *type, const char *about,
                 uint64_t value);

/* A text as the value of a label, with its quotes. */
void metrics_label(struct buf *out, struct str value);

#endif
