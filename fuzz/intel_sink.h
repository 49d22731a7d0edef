/*
 * intel_sink: reads a feed into a builder, as a program does, and holds what comes to its promise: a value that is
 * handed over is canonical, and found again in what is built of it.
 */
#ifndef JAGA_FUZZ_INTEL_SINK_H
#define JAGA_FUZZ_INTEL_SINK_H

#include "intel/feed.h"

void intel_sink_read(const struct feed_format *format, struct str text);

#endif
