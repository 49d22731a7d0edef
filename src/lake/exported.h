/*
 * exported: the events of a file that an export made (lake.h), read without a lake: NDJSON, or Parquet by its name's
 * end. Parquet is read by DuckDB in memory, with SQL that can open no other file. Rows come in the order of the file.
 *
 * Functions return 0 or -errno and put a sentence into *err (never NULL): -EBADMSG, -EINVAL: it is no such file; a
 * negative return of a callback ends the reading and is returned.
 */
#ifndef JAGA_LAKE_EXPORTED_H
#define JAGA_LAKE_EXPORTED_H

#include "lake/lake.h"

#define EXPORTED_MEMORY (UINT64_C(1) << 30) /* for data, where the options do not say */

bool exported_is_parquet(const char *path);

/* The rows of a Parquet file as an export to NDJSON has them, in pieces of whole lines. */
int exported_write_lines(const char *path, const struct lake_options *options,
                         int (*write)(void *context, struct str lines), void *context,
                         struct err *err);

/* An event of the file. Texts live for the length of the call that hands it over. */
struct exported_row {
    uint64_t number;   /* from 1; of NDJSON: of its line */
    struct str id;     /* as it is written */
    const char *wrong; /* why it is no event; NULL: it is one */
    bool has_id;
    struct lake_leaf leaf; /* all of it, or what its _id says where that is one */
};

/* All rows, with what is hashed of each. */
int exported_read(const char *path, const struct lake_options *options,
                  int (*each)(void *context, const struct exported_row *row), void *context,
                  struct err *err);

#endif
