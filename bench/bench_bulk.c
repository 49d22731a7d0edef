/*
 * How fast the Elasticsearch door reads and answers: bodies of bulk requests taken apart, every document checked and
 * put into a batch for the spool, and the reply written. One core, without network and spool. Prints a line:
 * events, bytes an event, GB/s, events/s, best of the rounds.
 *
 *     bench_bulk FILE [ROUNDS]     a file of JSON lines, one document each
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/elastic_bulk.h"
#include "watch/intake.h"
#include "measure.h"

#define REQUEST_EVENTS 2000 /* as shippers send by default, about */

/* The next request's body; false at the end of the documents. */
static bool fill(struct buf *body, struct str *documents)
{
    struct str line;
    buf_clear(body);
    for (int i = 0; i < REQUEST_EVENTS && str_cut_line(documents, &line); i++) {
        buf_add_c(body, "{\"create\":{\"_index\":\"logs-windows.sysmon-default\"}}\n");
        buf_add_str(body, line);
        buf_add_byte(body, '\n');
    }
    return body->len > 0;
}

/* One request as the door does it. Returns its events; 0: it was refused. */
static size_t serve(struct str body, struct intake_batch *batch, struct sender *sender,
                    struct buf *reply)
{
    struct bulk bulk = {0};
    struct bulk_filter filter;
    struct bulk_place place = {0, 0};
    struct err err;
    buf_clear(reply);
    if (bulk_read(&bulk, body, STR(""), &err) < 0) {
        fprintf(stderr, "bench_bulk: %s\n", err.message);
        return 0;
    }
    bulk_filter_read(&filter, STR("errors,items.*.error,items.*.status"));
    intake_begin(batch, NULL, sender, DOOR_ELASTIC, FORMAT_JSON, STR("127.0.0.1"), STR("logs"));
    for (size_t i = 0; i < bulk.items.len; i++) {
        bulk.items.items[i].nth = batch->head.n;
        if (!intake_add(batch, bulk.items.items[i].document))
            bulk.items.items[i].outcome = BULK_MALFORMED;
    }
    bulk_write_reply(reply, &bulk, &filter, &place, 1);
    size_t events = bulk.items.len;
    bulk_free(&bulk);
    return events;
}

int main(int argc, char **argv)
{
    struct str documents = argc > 1 ? measure_read(argv[1]) : (struct str){0};
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    static struct sender sender;
    struct intake_batch batch = {0};
    struct buf body = {0}, reply = {0};
    double best = 0;
    size_t events = 0;
    if (documents.len == 0) {
        fprintf(stderr, "usage: bench_bulk FILE [ROUNDS]\n");
        return 2;
    }
    for (int round = 0; round < rounds; round++) {
        struct str rest = documents;
        double seconds = 0;
        events = 0;
        while (fill(&body, &rest)) {
            double start = measure_now();
            events += serve(buf_str(&body), &batch, &sender, &reply);
            seconds += measure_now() - start;
        }
        if (round == 0 || seconds < best)
            best = seconds;
    }
    printf("bulk: %zu events, %.0f bytes each: %.2f GB/s, %.0f events/s\n", events,
           (double)documents.len / (double)events, (double)documents.len / best / 1e9,
           (double)events / best);
    measure_free(documents);
    buf_free(&body);
    intake_batch_free(&batch);
    buf_free(&reply);
    return 0;
}
