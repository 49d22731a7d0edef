/*
 * batch_reader: a batch of the spool as parsed events, each with its place in the batch.
 *
 *     batch:  [event 0\n][event 1\n][event 2\n]      spool events, as they were sent
 *                  ▼          ├──────┐
 *     parsed:   0 part 0   1 part 0  1 part 1         one line may wrap several records
 *
 * For one thread. Nothing is allocated per event.
 */
#ifndef JAGA_WATCH_BATCH_READER_H
#define JAGA_WATCH_BATCH_READER_H

#include "parse/parse.h"
#include "spool/spool.h"

/* A parsed event: the spool event it stands in, and which of that one's records it is, from 0. */
struct batch_place {
    uint32_t index;
    uint32_t part;
};

/* A negative return stops the reading and is its return. */
typedef int batch_event(void *context, struct event *event, struct batch_place place);

/* Something in spool event `index` could not be read. */
typedef void batch_error(void *context, uint32_t index);

struct batch_reader {
    struct sink sink; /* first: the parser hands it back */
    struct parser *parser;
    batch_event *event;
    batch_error *error; /* NULL: errors are only counted */
    void *context;

    /* the batch that is read */
    const struct spool_batch *batch;
    uint32_t from, to;
    uint32_t base; /* bytes of the batch before the chunk that is parsed */
    struct batch_place place;
    bool placed; /* `place` is of an event of this batch */

    uint64_t errors; /* records that could not be read, since batch_reader_init() */
};

/* Over a frozen dictionary that outlives it. 0 or -ENOMEM. */
int batch_reader_init(struct batch_reader *reading, const struct fields *fields, batch_event *event,
                      void *context);
void batch_reader_free(struct batch_reader *reading);

/* Parses the spool events `from` to `to` − 1 of a batch. 0, or what event() returned. */
int batch_reader_run(struct batch_reader *reading, const struct spool_batch *batch, uint32_t from,
                     uint32_t to);

/* The format that a batch is read as. */
const struct format *batch_format(const struct spool_batch *batch);

/* During event(): the spool event that the last of the event's bytes stand in; place.index where they are not the batch's. */
uint32_t batch_reader_last(const struct batch_reader *reading, const struct event *event);

#endif
