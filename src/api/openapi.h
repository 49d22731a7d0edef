/* openapi: the description of the interface for programs, made from the rows that are served. */
#ifndef JAGA_API_OPENAPI_H
#define JAGA_API_OPENAPI_H

#include "api/server.h"

/* Appends the document. 0 or -errno with *err. */
int openapi_write(const struct route_slot *slots, size_t n, struct buf *out, struct err *err);

#endif
