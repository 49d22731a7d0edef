/*
 * evtx_sample_test: records that tests of the EVTX reader are made of.
 */
#ifndef JAGA_PARSE_EVTX_SAMPLE_TEST_H
#define JAGA_PARSE_EVTX_SAMPLE_TEST_H

#include "parse/evtx_build.h"

#define A_TIME INT64_C(1763757444123456) /* 2025-11-21T20:37:24.123456Z */

/* A record of one template: <Event><EventData> .. up to finish_data(). */
void begin_data(struct evtx_builder *builder);
void finish_data(struct evtx_builder *builder, const struct evtx_build_value *values,
                 size_t n_values);

/* <Data Name='name'>%index</Data> */
void add_data(struct evtx_builder *builder, const char *name, uint16_t index);

/* A Sysmon process creation. */
void sample_event(struct evtx_builder *builder, uint64_t record, const char *command);

#endif
