#include "api/ledgers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct ledgers {
    const char *url;
    pthread_mutex_t lock;
    pthread_cond_t given;
    unsigned max, open, n_idle;
    struct ledger *idle[];
};

struct ledgers *ledgers_new(const char *url, unsigned max)
{
    struct ledgers *ledgers = calloc(1, sizeof(*ledgers) + max * sizeof(struct ledger *));
    if (!ledgers)
        return NULL;
    ledgers->url = url;
    ledgers->max = max;
    pthread_mutex_init(&ledgers->lock, NULL);
    pthread_cond_init(&ledgers->given, NULL);
    return ledgers;
}

void ledgers_free(struct ledgers *ledgers)
{
    if (!ledgers)
        return;
    for (unsigned i = 0; i < ledgers->n_idle; i++)
        ledger_close(ledgers->idle[i]);
    pthread_cond_destroy(&ledgers->given);
    pthread_mutex_destroy(&ledgers->lock);
    free(ledgers);
}

struct ledger *ledgers_take(struct ledgers *ledgers, struct err *err)
{
    struct ledger *ledger = NULL;
    pthread_mutex_lock(&ledgers->lock);
    while (ledgers->n_idle == 0 && ledgers->open == ledgers->max)
        pthread_cond_wait(&ledgers->given, &ledgers->lock);
    if (ledgers->n_idle)
        ledger = ledgers->idle[--ledgers->n_idle];
    else
        ledgers->open++;
    pthread_mutex_unlock(&ledgers->lock);
    if (ledger)
        return ledger;

    struct ledger_options options = {0};
    ledger = ledgers->url ? ledger_open(ledgers->url, &options, err) : NULL;
    if (!ledger) {
        if (!ledgers->url)
            err_set(err, -ENOENT, "there is no ledger");
        pthread_mutex_lock(&ledgers->lock);
        ledgers->open--;
        pthread_cond_signal(&ledgers->given);
        pthread_mutex_unlock(&ledgers->lock);
    }
    return ledger;
}

void ledgers_give(struct ledgers *ledgers, struct ledger *ledger)
{
    pthread_mutex_lock(&ledgers->lock);
    ledgers->idle[ledgers->n_idle++] = ledger;
    pthread_cond_signal(&ledgers->given);
    pthread_mutex_unlock(&ledgers->lock);
}
