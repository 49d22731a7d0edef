/*
 * csv: how feeds and allow-lists are kept: rows that the CSV reader reads again, under feed_csv_header.
 */
#ifndef JAGA_INTEL_CSV_H
#define JAGA_INTEL_CSV_H

#include "intel/builder.h"

extern const char feed_csv_header[]; /* with its line end */

void feed_csv_add_indicator(struct buf *out, const struct indicator *indicator);
void feed_csv_add_allow(struct buf *out, const struct intel_allow *allow);

#endif
