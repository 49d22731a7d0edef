#include "watch/account.h"

#include <stdlib.h>

#include "base/metric.h"
#include "base/vec.h"

void account_read(const struct sender *sender, struct account_sums *ret_sums)
{
    const struct account *account = &sender->account;
    *ret_sums = (struct account_sums){
        .received = atomic_load(&account->received),
        .stored = atomic_load(&account->stored),
        .repeated = atomic_load(&account->repeated),
        .rejected = atomic_load(&account->rejected),
        .failed = atomic_load(&account->failed),
        .in_flight = atomic_load(&account->in_flight),
        .throttled = atomic_load(&account->throttled),
        .refused = atomic_load(&account->refused),
        .bytes = atomic_load(&account->bytes),
        .last = atomic_load(&account->last),
    };
}

void account_add(struct account_sums *sums, const struct account_sums *more)
{
    sums->received += more->received;
    sums->stored += more->stored;
    sums->repeated += more->repeated;
    sums->rejected += more->rejected;
    sums->failed += more->failed;
    sums->in_flight += more->in_flight;
    sums->throttled += more->throttled;
    sums->refused += more->refused;
    sums->bytes += more->bytes;
    sums->last = more->last > sums->last ? more->last : sums->last;
}

/* ---- metrics ---- */

static const struct family {
    const char *name, *type, *about;
    size_t offset; /* of the number in the sums */
} families[] = {
    {"jaga_events_received_total", "counter", "Events that a door let in.",
     offsetof(struct account_sums, received)},
    {"jaga_events_stored_total", "counter", "Events durable in the spool.",
     offsetof(struct account_sums, stored)},
    {"jaga_events_repeated_total", "counter", "Events that had been stored before.",
     offsetof(struct account_sums, repeated)},
    {"jaga_events_rejected_total", "counter", "Malformed events, kept as dead letters.",
     offsetof(struct account_sums, rejected)},
    {"jaga_events_failed_total", "counter", "Events that could not be stored; the sender was told.",
     offsetof(struct account_sums, failed)},
    {"jaga_events_in_flight", "gauge", "Events received and not yet durable.",
     offsetof(struct account_sums, in_flight)},
    {"jaga_events_throttled_total", "counter", "Turned away by the sender's rate, never received.",
     offsetof(struct account_sums, throttled)},
    {"jaga_events_refused_total", "counter", "Turned away for overload or size, never received.",
     offsetof(struct account_sums, refused)},
    {"jaga_events_bytes_total", "counter", "Bytes of events received.",
     offsetof(struct account_sums, bytes)},
};

struct series {
    struct str agency, source;
    struct account_sums sums;
};

struct series_list {
    struct series *items;
    size_t len, cap;
    bool failed;
};

static void add_series(void *context, struct sender *sender)
{
    struct series_list *list = context;
    struct series series = {.agency = sender->agency, .source = sender->source};
    account_read(sender, &series.sums);
    if (vec_push(list, series) < 0)
        list->failed = true;
}

static int by_volume(const void *a, const void *b)
{
    const struct series *x = a, *y = b;
    if (x->sums.received != y->sums.received)
        return x->sums.received < y->sums.received ? 1 : -1;
    int order = str_compare(x->agency, y->agency);
    return order ? order : str_compare(x->source, y->source);
}

/* Those that sent most, and one that stands for the rest. */
static void keep_most(struct series_list *list)
{
    qsort(list->items, list->len, sizeof(*list->items), by_volume);
    if (list->len <= ACCOUNT_SERIES_MAX)
        return;
    struct series rest = {.agency = STR("*"), .source = STR("*")};
    for (size_t i = ACCOUNT_SERIES_MAX; i < list->len; i++)
        account_add(&rest.sums, &list->items[i].sums);
    list->items[ACCOUNT_SERIES_MAX] = rest;
    list->len = ACCOUNT_SERIES_MAX + 1;
}

static void add_family(struct buf *out, const struct family *family, const struct series_list *list)
{
    metric_head(out, family->name, family->type, family->about);
    for (size_t i = 0; i < list->len; i++) {
        const struct series *series = &list->items[i];
        uint64_t number;
        memcpy(&number, (const char *)&series->sums + family->offset, sizeof(number));
        metric_add(out, family->name,
                   METRIC_LABELS({"agency", series->agency}, {"source", series->source}), number);
    }
}

void account_write_metrics(struct senders *senders, struct buf *out)
{
    struct series_list list = {0};
    senders_each(senders, add_series, &list);
    if (list.failed) {
        out->failed = true;
    } else {
        metric_one(out, "jaga_senders", "gauge", "Sources known, of all agencies.", list.len);
        metric_one(out, "jaga_senders_unknown_total", "counter",
                   "Tokens, certificates and peers that were not known.", senders_unknown(senders));
        metric_one(out, "jaga_senders_overflowed_total", "counter",
                   "Names of sources that found no room and were taken as \"other\".",
                   senders_overflowed(senders));
        if (list.len)
            keep_most(&list);
        for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
            add_family(out, &families[i], &list);
    }
    vec_free(&list);
}
