/*
 * centre: `jaga serve` under load, for the benchmarks of the whole: started with all rules given, sent 1 kB Windows
 * events by four bulk clients over TLS, clients and centre on the same machine. What fails ends the program.
 */
#ifndef JAGA_BENCH_CENTRE_H
#define JAGA_BENCH_CENTRE_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define CENTRE_EVENTS_OF_REQUEST 500

void centre_die(const char *what);

/* With the folder FOLDER/data; `rules`: files and folders. */
void centre_start(const char *jaga, const char *folder, bool lake, char **rules, int n_rules);
/* Asks it to stop, and waits until it did. */
void centre_stop(void);

/* All of /metrics: what is "since the last look" begins anew. */
void centre_metrics(struct buf *ret_text);
/* A figure of it, summed over its labels; -1: there is none. */
double centre_figure(const struct buf *text, const char *name);
/* Both. */
double centre_metric(const char *name);
/* A line of its /proc/PID/status, in MiB: "VmRSS:", "VmHWM:". */
double centre_memory(const char *key);
double centre_processor_seconds(void);

/* A request with the administrator's token, or the sender's; *ret_headers is the caller's to free. */
enum centre_token { CENTRE_ADMIN, CENTRE_SENDER };
CURL *centre_request(const char *path, enum centre_token token, struct curl_slist **ret_headers);
/* For CURLOPT_WRITEFUNCTION: into a struct buf. */
size_t centre_collect(char *bytes, size_t size, size_t n, void *context);

/* One event of about 1 kB, as two lines of a bulk request; `canary`: one that a rule waits for. Negative: none. */
void centre_add_event(struct buf *out, uint64_t *random, int64_t canary);
/* Sends a request of n events until it is taken, or the load ends. */
void centre_post(CURL *curl, const struct buf *body, uint32_t n);

/* The clients. */
struct centre_load {
    _Atomic uint64_t rate; /* events per second of all clients; 0: as fast as it takes */
    _Atomic bool paused, stop;
    _Atomic uint64_t acknowledged, retried;
};
extern struct centre_load centre_load;

void centre_load_start(uint64_t rate);
/* Sets `stop`, and waits for the clients. */
void centre_load_stop(void);

#endif
