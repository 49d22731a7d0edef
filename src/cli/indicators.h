/*
 * indicators: files of feeds and what is built of them, for commands and for the centre.
 *
 *     DATA/intel/feeds/NAME.csv     a feed as it was taken, canonical (intel/csv.h)
 *     DATA/intel/allow/NAME.csv     an allow-list
 *     DATA/intel/indicators.jint    built of both; replaced at once, by rename
 *
 * Feeds and allow-lists are read twice where they can hold both: what is allowed is known before the first indicator.
 */
#ifndef JAGA_CLI_INDICATORS_H
#define JAGA_CLI_INDICATORS_H

#include "cli/cli.h"
#include "intel/feed.h"
#include "io/file.h"

#define INTEL_FOLDER "intel"
#define INTEL_ALLOW_FOLDER "allow" /* in it */

/* A built file, mapped. */
struct indicators {
    struct intel *intel; /* NULL: none */
    struct file_map map;
    struct buf built; /* instead of the map: it was built in memory */
};

/*
 * Maps and opens a built file. 0, -ENOENT, or another -errno with *err. The file is to be replaced, never changed: then
 * the mapping stays what it was. Where somebody cuts it off all the same, what is gone reads as zeros, in which nothing
 * is found.
 */
int indicators_open(const char *path, struct indicators *ret_indicators, struct err *err);
void indicators_close(struct indicators *indicators);

/*
 * Builds DATA/intel/indicators.jint anew from the feeds and allow-lists of the data folder; what has expired by now is
 * left out. One process at a time; others wait. 0 or -errno with *err.
 */
int indicators_build(const char *data, struct intel_builder_stats *ret_stats, struct err *err);

/*
 * Feed files as one set in memory. `complain` gets a sentence per file that cannot be read. 0, or -errno with *err where
 * nothing could be built.
 */
int indicators_build_memory(const struct cli *cli, const text_list *files,
                            struct indicators *ret_indicators,
                            struct intel_builder_stats *ret_stats, struct err *err);

/* Reads one file of any feed format. 0 or -errno with *err. */
int indicators_read_feed(const char *path, const struct feed_options *options,
                         const struct feed_sink *sink, struct feed_report *report, struct err *err);

/* What a feed is called that nobody named: its file or folder, without the folders around it and its ending. */
struct str indicators_feed_name(const char *path);

/* Is the file one that was built? */
bool indicators_is_built(const char *path);

/*
 * Takes feeds into the data folder under one name, in place of what was under it. Does not build. 0 or -errno with
 * *err; then nothing has changed. -EBADMSG: a file cannot be read as a feed; -ENODATA: there was nothing to take, and
 * *report says what was not usable.
 */
int indicators_take(const char *data, const char *name, const text_list *files,
                    const struct feed_options *options, struct feed_report *report,
                    struct err *err);

/* Forgets a feed. -ENOENT: there is none of that name. Does not build. */
int indicators_forget(const char *data, const char *name, struct err *err);

/* The names of feeds and allow-lists: calls `each` with name and path, sorted. 0 or -errno. */
int indicators_each(const char *data, bool allow,
                    int (*each)(void *context, const char *name, const char *path), void *context,
                    struct err *err);

#endif
