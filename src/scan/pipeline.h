/*
 * pipeline: inputs → streams → chunks → threads → results in order. What is done
 * with an event is the job's business: `cat` prints it, `scan` matches it, `rules test` counts it.
 *
 *         owner's thread                           threads             owner's thread
 *     walk ─▶ input ─▶ format, cut ─▶ ring ─▶ parse ─▶ job.event() ─▶ job.chunk(), job.error(),
 *                                  (bounded)                          job.stream()
 *                                                                     in the order of the input
 *
 * Results come in an order that does not depend on the number of threads. Memory is bounded
 * by the ring: chunks under way × (chunk + its result), whatever the size of the input. With one
 * thread nothing is queued or locked. A mapped file is not copied.
 */
#ifndef JAGA_SCAN_PIPELINE_H
#define JAGA_SCAN_PIPELINE_H

#include <signal.h>

#include "io/input.h"
#include "parse/parse.h"

#define SCAN_CHUNK_SIZE (512u << 10) /* bytes given to a thread at a time; a record may be longer */
#define SCAN_CHUNK_ERRORS_MAX 256 /* errors of a chunk kept with their text; others are counted */
#define SCAN_RING_PER_THREAD 3    /* chunks under way */

/* One stream of an input, and how far it has been delivered. */
struct scan_stream {
    struct str path;             /* "a.zip:b/c.json" */
    uint64_t number;             /* from 0, in the order of the input */
    const struct format *format; /* NULL: it could not be opened */
    struct parse_options options;
    uint64_t bytes;   /* of it, unpacked, up to the chunk that is delivered */
    uint64_t records; /* before the chunk that is delivered */
    uint64_t events;
    uint64_t errors;
};

/* A piece of a stream, seen by job.chunk() once it is done. */
struct scan_chunk {
    const struct scan_stream *stream;
    uint64_t offset;      /* of the chunk in the stream: add it to event.offset */
    uint64_t record_base; /* add it to event.record: 0 where records are numbered by their source */
    uint64_t events;
    uint64_t events_cut; /* of them: those that lost values to a limit */
    void *result;
};

struct scan_error {
    const struct scan_stream *stream;
    uint64_t offset; /* bytes from the stream's start; SCAN_NO_PLACE: the stream as a whole */
    uint64_t record; /* 0: unknown */
    struct str message;
};

#define SCAN_NO_PLACE UINT64_MAX

struct scan_totals {
    uint64_t streams;         /* that were read */
    uint64_t streams_failed;  /* that have at least one error, or could not be opened */
    uint64_t streams_skipped; /* beneath folders and in archives: neither logs nor text */
    uint64_t bytes;           /* of streams, unpacked */
    uint64_t events;
    uint64_t events_cut; /* events that lost values to a limit of their format */
    uint64_t errors;
    uint64_t file_bytes; /* of the files of the walk that are behind us: for progress */
    bool interrupted;    /* options.stop was set */
};

struct scan_job {
    void *context;

    /* What each thread needs; NULL: no memory. Called in the owner's thread. */
    void *(*thread_new)(void *context);
    void (*thread_free)(void *thread);

    /* What a chunk's events leave behind; made once per place in the ring and used again. */
    void *(*result_new)(void *context);
    void (*result_free)(void *result);

    /* In a thread: a chunk begins (empty the result); each of its events. Negative: stop the run. */
    void (*begin)(void *thread, void *result);
    int (*event)(void *thread, void *result, struct event *event);

    /* In the owner's thread, in order. Negative stops the run. NULL: not wanted. */
    int (*chunk)(void *context, const struct scan_chunk *chunk);
    void (*error)(void *context, const struct scan_error *error);
    void (*stream)(void *context, const struct scan_stream *stream); /* its end */
    void (*progress)(void *context, const struct scan_totals *totals);
};

struct scan_options {
    unsigned threads;            /* 1: everything in the owner's thread */
    const struct format *format; /* NULL: recognise each stream */
    bool recover;                /* of parse_options */
    struct unpack_limits limits;
    size_t chunk_size;                 /* 0: SCAN_CHUNK_SIZE */
    const volatile sig_atomic_t *stop; /* not 0: finish what is under way; may be NULL */
};

/*
 * Runs the files of a walk through the job. Events know the names in `fields`. 0, the
 * job's negative status, or -ENOMEM. What could not be read is reported to the job and counted.
 */
int scan_run(const struct scan_job *job, const struct scan_options *options,
             const struct fields *fields, const struct walk *walk, struct scan_totals *ret_totals);

#endif
