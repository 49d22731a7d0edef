#include "watch/health.h"

#include <errno.h>
#include <stdlib.h>

#include "base/metric.h"
#include "base/time.h"
#include "watch/health_inside.h"

#define MINUTE_US (60 * TIME_SECOND_US)
#define OPEN_PAGE 500 /* findings asked for at once */

struct health *health_new(const struct health_options *options)
{
    struct health *health = calloc(1, sizeof(*health));
    if (!health)
        return NULL;
    struct health_options *o = &health->options;
    *o = *options;
    o->silence_min_us = o->silence_min_us ? o->silence_min_us : 5 * MINUTE_US;
    o->learn_us = o->learn_us ? o->learn_us : 60 * MINUTE_US;
    o->drift_us = o->drift_us ? o->drift_us : 5 * MINUTE_US;
    o->backwards_us = o->backwards_us ? o->backwards_us : 10 * MINUTE_US;
    o->slow_ratio = o->slow_ratio > 0 ? o->slow_ratio : 0.1;
    pthread_mutex_init(&health->lock, NULL);
    arena_init(&health->arena, SIZE_MAX);
    return health;
}

void health_free(struct health *health)
{
    if (!health)
        return;
    for (size_t i = 0; i < health->sources.len; i++)
        source_free(health->sources.items[i]);
    vec_free(&health->sources);
    vec_free(&health->by_number);
    vec_free(&health->expects);
    map_free(&health->ids);
    arena_free(&health->arena);
    pthread_mutex_destroy(&health->lock);
    free(health);
}

/* ---- sources ---- */

struct source *health_source(struct health *health, struct str agency, struct str source)
{
    char name[2 * SENDER_LABEL_MAX + 1];
    if (agency.len > SENDER_LABEL_MAX || source.len > SENDER_LABEL_MAX)
        return NULL;
    memcpy(name, agency.ptr, agency.len);
    name[agency.len] = '/';
    memcpy(name + agency.len + 1, source.ptr, source.len);
    struct str key = {name, agency.len + 1 + source.len};
    uint32_t id = map_get(&health->ids, key);
    if (id != MAP_NONE)
        return health->sources.items[id];
    if (health->sources.len >= HEALTH_SOURCES_MAX)
        return NULL;

    struct source *made = arena_zero(&health->arena, 1, sizeof(*made));
    struct str copy = arena_copy(&health->arena, key);
    if (!made || !copy.ptr || vec_push(&health->sources, made) < 0)
        return NULL;
    if (map_put(&health->ids, copy, (uint32_t)health->sources.len - 1) < 0) {
        health->sources.len--;
        return NULL;
    }
    source_init(made, health->looked);
    made->name = copy;
    made->agency = str_first(copy, agency.len);
    made->source = str_skip(copy, agency.len + 1);
    for (size_t i = 0; i < health->expects.len; i++)
        if (str_eq(health->expects.items[i].agency, agency))
            made->expect_agency_us = health->expects.items[i].every_us;
    return made;
}

/* The source of a sender; NULL: there is no room. */
static struct source *meet(struct health *health, const struct sender *sender)
{
    while (health->by_number.len <= sender->number)
        if (vec_push(&health->by_number, NULL) < 0)
            return NULL;
    struct source **place = &health->by_number.items[sender->number];
    if (!*place) {
        *place = health_source(health, sender->agency, sender->source);
        if (*place)
            (*place)->sender = sender;
    }
    return *place;
}

static void meet_sender(void *context, struct sender *sender)
{
    meet(context, sender);
}

static int expect_of_agency(struct health *health, struct str agency, int64_t every_us)
{
    struct agency_expect *expects = health->expects.items;
    size_t i = 0;
    while (i < health->expects.len && !str_eq(expects[i].agency, agency))
        i++;
    if (i == health->expects.len) {
        struct str copy = arena_copy(&health->arena, agency);
        if (!copy.ptr || vec_push(&health->expects, (struct agency_expect){copy, 0}) < 0)
            return -ENOMEM;
    }
    health->expects.items[i].every_us = every_us;
    for (size_t j = 0; j < health->sources.len; j++)
        if (str_eq(health->sources.items[j]->agency, agency))
            health->sources.items[j]->expect_agency_us = every_us;
    return 0;
}

int health_expect(struct health *health, struct str agency, struct str source, int64_t every_us)
{
    int status = 0;
    pthread_mutex_lock(&health->lock);
    if (str_eq(source, STR("*"))) {
        status = expect_of_agency(health, agency, every_us);
    } else {
        struct source *declared = health_source(health, agency, source);
        if (declared)
            declared->expect_us = every_us;
        else
            status = -ENOMEM;
    }
    pthread_mutex_unlock(&health->lock);
    return status;
}

void health_expect_nothing(struct health *health)
{
    pthread_mutex_lock(&health->lock);
    health->expects.len = 0;
    for (size_t i = 0; i < health->sources.len; i++)
        health->sources.items[i]->expect_us = health->sources.items[i]->expect_agency_us = 0;
    pthread_mutex_unlock(&health->lock);
}

void health_note(struct health *health, const struct sender *sender, int64_t received, uint32_t n,
                 int64_t first, int64_t last)
{
    pthread_mutex_lock(&health->lock);
    struct source *source = meet(health, sender);
    if (source && n > 0 && first != TIME_UNSET)
        times_note(&source->times, received, last, health->options.drift_us,
                   health->options.backwards_us);
    pthread_mutex_unlock(&health->lock);
}

/* ---- looks ---- */

/* What the account of a source says since the last look. */
static struct source_news news_of(struct source *source, int64_t now, int64_t watched)
{
    struct source_news news = {.now = now, .watched = watched};
    if (!source->sender)
        return news;
    const struct account *account = &source->sender->account;
    uint64_t received = atomic_load(&account->received) - account->received_before;
    uint64_t turned =
        atomic_load(&account->throttled) + atomic_load(&account->refused) - account->turned_before;
    news.n = received - source->received;
    news.spoke = news.n > 0 || turned != source->turned;
    if (news.n > 0)
        source->last_seen = atomic_load(&account->last);
    source->received = received;
    source->turned = turned;
    return news;
}

struct change {
    struct source *source;
    enum health_check check;
    bool raise;
};

struct changes {
    struct change items[HEALTH_FINDINGS_MAX];
    size_t n;
};

/* What the ledger has to be told, as far as there is room. */
static void collect(const struct health *health, struct changes *changes)
{
    for (size_t i = 0; i < health->sources.len; i++) {
        struct source *source = health->sources.items[i];
        for (unsigned check = 0; check < CHECK_COUNT; check++)
            if (source->raised[check] != source->told[check] && changes->n < HEALTH_FINDINGS_MAX)
                changes->items[changes->n++] =
                    (struct change){source, (enum health_check)check, source->raised[check]};
    }
}

static int look_at_all(struct health *health, int64_t now)
{
    int status = 0;
    int64_t since = now - health->looked;
    bool away = !health->woken || since < 0 || since > HEALTH_STALL_US;
    if (health->options.senders)
        senders_each(health->options.senders, meet_sender, health);
    for (size_t i = 0; i < health->sources.len; i++) {
        struct source *source = health->sources.items[i];
        if (away)
            source_excuse(source, since);
        struct source_news news = news_of(source, now, away ? 0 : since);
        if (source_look(source, &health->options, &news) < 0)
            status = -ENOMEM;
    }
    health->looked = now;
    health->woken = true;
    return status;
}

/* One transaction for all. */
static int tell_all(struct health *health, struct ledger *ledger, const struct changes *changes,
                    int64_t now)
{
    int status = ledger_begin(ledger, STR("health"), STR("sources.look"));
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && i < changes->n; i++) {
        const struct change *change = &changes->items[i];
        pthread_mutex_lock(&health->lock);
        struct source_state state = health_state(health, change->source, now);
        pthread_mutex_unlock(&health->lock);
        status = health_tell(ledger, change->check, &state, change->raise, now);
    }
    if (status == 0)
        return ledger_commit(ledger);
    ledger_abort(ledger);
    return status;
}

static int recall(void *context, const struct ledger_finding *finding)
{
    struct health *health = context;
    enum health_check check = health_check_of(finding->rule);
    if (check == CHECK_COUNT)
        return 0;
    pthread_mutex_lock(&health->lock);
    struct source *source = health_source(health, finding->agency, finding->source);
    if (source)
        source->raised[check] = source->told[check] = true;
    pthread_mutex_unlock(&health->lock);
    return 0;
}

/* Findings that are open, whatever was saved: they have to be cleared one day. */
static int recall_all(struct health *health, struct ledger *ledger)
{
    struct finding_query query = {.kind = FINDING_SOURCE,
                                  .status = FINDING_OPEN,
                                  .from = TIME_UNSET,
                                  .to = TIME_UNSET,
                                  .limit = OPEN_PAGE};
    struct buf cursor = {0}, next = {0};
    int status;
    do {
        query.cursor = buf_str(&cursor);
        buf_clear(&next);
        status = finding_list(ledger, &(struct ledger_scope){.all = true}, &query, recall, health,
                              &next);
        buf_clear(&cursor);
        buf_add_str(&cursor, buf_str(&next));
    } while (status == 0 && cursor.len > 0 && !cursor.failed);
    buf_free(&cursor);
    buf_free(&next);
    return status;
}

int health_look(struct health *health, struct ledger *ledger, int64_t now)
{
    int status = health->woken ? 0 : recall_all(health, ledger);
    struct changes *changes = status < 0 ? NULL : calloc(1, sizeof(*changes));
    if (!changes)
        return status < 0 ? status : -ENOMEM;
    pthread_mutex_lock(&health->lock);
    int learnt = look_at_all(health, now);
    collect(health, changes);
    pthread_mutex_unlock(&health->lock);

    if (changes->n)
        status = tell_all(health, ledger, changes, now);
    pthread_mutex_lock(&health->lock);
    for (size_t i = 0; status == 0 && i < changes->n; i++)
        changes->items[i].source->told[changes->items[i].check] = changes->items[i].raise;
    pthread_mutex_unlock(&health->lock);
    free(changes);
    return status < 0 ? status : learnt;
}

/* ---- what is known ---- */

struct source_state health_state(const struct health *health, const struct source *source,
                                 int64_t now)
{
    double hour = source_hour(source), usual = source_usual(source, now);
    return (struct source_state){
        .agency = source->agency,
        .source = source->source,
        .first_seen = source->first_seen,
        .last_seen = source->last_seen,
        .last_event = source->times.newest,
        .rate = hour < 0 ? 0 : hour / 60,
        .usual = usual < 0 ? -1 : usual / 60,
        .gap_us = source_silence_max(source, &health->options, now),
        .expect_us = source_expect(source),
        .offset_us = source->times.median,
        .silent = source->raised[CHECK_SILENT],
        .slow = source->raised[CHECK_SLOW],
        .backwards = source->raised[CHECK_BACKWARDS],
        .drifting = source->raised[CHECK_DRIFT],
    };
}

void health_each(struct health *health, int64_t now,
                 void (*each)(void *context, const struct source_state *state), void *context)
{
    pthread_mutex_lock(&health->lock);
    for (size_t i = 0; i < health->sources.len; i++) {
        struct source_state state = health_state(health, health->sources.items[i], now);
        each(context, &state);
    }
    pthread_mutex_unlock(&health->lock);
}

void health_write_metrics(struct health *health, struct buf *out)
{
    size_t n[CHECK_COUNT] = {0};
    pthread_mutex_lock(&health->lock);
    size_t known = health->sources.len;
    for (size_t i = 0; i < known; i++)
        for (unsigned check = 0; check < CHECK_COUNT; check++)
            n[check] += health->sources.items[i]->raised[check];
    pthread_mutex_unlock(&health->lock);

    metric_one(out, "jaga_sources", "gauge", "Sources whose health is watched.", known);
    metric_head(out, "jaga_sources_raised", "gauge", "Sources with a finding, by check.");
    for (unsigned check = 0; check < CHECK_COUNT; check++)
        metric_add(
            out, "jaga_sources_raised",
            METRIC_LABELS({"check", str_from_c(health_check_name((enum health_check)check))}),
            n[check]);
}
