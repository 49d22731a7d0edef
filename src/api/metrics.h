/* metrics: all figures of the centre, for Prometheus (base/metric.h has the format). */
#ifndef JAGA_API_METRICS_H
#define JAGA_API_METRICS_H

#include "api/server.h"

/* Appends all there is: of the server, the spools, detection, senders, sources, and who else asked to. */
void metrics_write(struct api *api, struct buf *out);

/* metrics_centre.c: of what stands behind the server. */
void metrics_write_centre(struct api *api, struct buf *out);

#endif
