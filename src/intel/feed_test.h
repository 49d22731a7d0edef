/* feed_test: a sink that writes down what a feed holds, one line each, and a reader of one text. */
#ifndef JAGA_INTEL_FEED_TEST_H
#define JAGA_INTEL_FEED_TEST_H

#include "base/test.h"

#include "intel/feed.h"

struct feed_notes {
    struct buf text;
    struct feed_report report;
    struct err err;
    int status;
};

#define FEED_OPTIONS                                                                               \
    {                                                                                              \
        .source = STR("test"), .confidence = INDICATOR_CONFIDENCE_UNSET, .from = TIME_UNSET,       \
        .until = TIME_UNSET                                                                        \
    }

/*
 * Reads a feed by the format it is recognised as, which must be `format`. Lines: "type value" and what else is
 * set: "conf=", "tlp=", "label=", "id=", "source=", "from=", "until="; of allow-lists "allow kind types value".
 */
void feed_read_text(struct feed_notes *notes, const char *format, const char *text,
                    const struct feed_options *options);
void feed_notes_free(struct feed_notes *notes);

/* The notes are these lines. */
void assert_notes(const struct feed_notes *notes, const char *lines);

#endif
