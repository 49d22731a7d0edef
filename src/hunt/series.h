/*
 * series: arrays of numbers at equal steps, as the functions of KQL on them read and write them. What is no number is missing: NaN
 * here, null outside.
 */
#ifndef JAGA_HUNT_SERIES_H
#define JAGA_HUNT_SERIES_H

#include "base/buf.h"

/* A vec (base/vec.h). */
struct series {
    double *items;
    size_t len, cap;
};

/* The numbers of a JSON array, behind those that are there; false: no memory. Not an array: none. */
bool series_read(struct str array, struct series *series);

/* A number as JSON, 5.0 where it is whole; what is not finite as null. */
void series_put_number(struct buf *buf, double number);

/* [1.0,2.5] */
void series_put(struct buf *buf, const double *items, size_t n);

/* How much y is like itself `lag` later, but for its trend: -1 to 1. */
double series_autocorrelation(const double *y, size_t n, size_t lag);

#endif
