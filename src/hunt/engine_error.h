/*
 * engine_error: what the engine says of a query that it can't run, in words of a hunter. The kinds of its errors, its types and its
 * excerpts of generated SQL say nothing to somebody who wrote KQL; who wrote SQL gets the place in it.
 */
#ifndef JAGA_HUNT_ENGINE_ERROR_H
#define JAGA_HUNT_ENGINE_ERROR_H

#include "base/err.h"

/* Changes the message of an err that a lake filled, and its place where that is known. `sql`: the caller wrote the SQL. */
void engine_error_explain(struct err *err, bool sql);

#endif
