#include "watch/live_test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "spool/spool_test.h"

static const char DATASET[] =
    "name: door\n"
    "recognise: [{kind: {present: true}}]\n"
    "time: at\n"
    "host: host\n"
    "user: user\n"
    "logsources: [{product: door}]\n"
    "fields: {host: {type: host}, user: {type: user}, from: {type: ip}}\n";

static const char RULES[] =
    "title: Forced\nid: 5d1c0a10-0000-4000-8000-000000000001\nlevel: high\ntags: [attack.t1110]\n"
    "logsource: {product: door}\ndetection: {s: {kind: forced}, condition: s}\n"
    "---\n"
    "title: Opened\nname: opened\nid: 5d1c0a10-0000-4000-8000-000000000002\nlevel: informational\n"
    "logsource: {product: door}\ndetection: {s: {kind: opened}, condition: s}\n"
    "---\n"
    "title: Failed\nname: failed\nid: 5d1c0a10-0000-4000-8000-000000000003\n"
    "logsource: {product: door}\ndetection: {s: {kind: failed}, condition: s}\n"
    "---\n"
    "title: Many\nid: 5d1c0a10-0000-4000-8000-000000000004\nlevel: high\n"
    "correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 5m, "
    "condition: {gte: 3}}\n"
    "---\n"
    "title: Entered\nid: 5d1c0a10-0000-4000-8000-000000000005\nlevel: critical\n"
    "correlation: {type: temporal_ordered, rules: [failed, opened], group-by: [user], "
    "timespan: 5m, generate: true}\n";

static _Atomic int64_t now_us = TEST_START;
static _Atomic int versions;
const struct live_agency *test_agencies;
size_t test_n_agencies;
struct intel *test_intel;

/* ---- versions ---- */

struct made_version {
    struct live_version live;
    struct fields fields;
    struct sigma_set set;
};

static void version_free(struct live_version *live)
{
    struct made_version *version = live->owner;
    ruleset_free(live->ruleset);
    sigma_set_free(&version->set);
    datasets_free(live->datasets);
    fields_free(&version->fields);
    free(version);
    atomic_fetch_sub(&versions, 1);
}

struct live_version *test_version(const char *more)
{
    struct made_version *version = calloc(1, sizeof(*version));
    struct err err = {0};
    assert_non_null(version);
    assert_int_equal(fields_init(&version->fields), 0);
    struct datasets *datasets = datasets_new(&version->fields);
    assert_non_null(datasets);
    assert_int_equal(datasets_add(datasets, STR(DATASET), STR("door.yaml"), &err), 0);
    assert_int_equal(sigma_set_init(&version->set), 0);
    assert_int_equal(sigma_set_add(&version->set, STR(RULES), STR("rules.yml")), 0);
    if (more)
        assert_int_equal(sigma_set_add(&version->set, str_from_c(more), STR("more.yml")), 0);
    assert_int_equal(sigma_set_link(&version->set), 0);
    assert_int_equal(version->set.refusals.len, 0);
    assert_int_equal(ruleset_collect_fields(&version->set, &version->fields), 0);
    assert_int_equal(datasets_freeze(datasets), 0);
    version->live = (struct live_version){
        .set = &version->set,
        .datasets = datasets,
        .fields = &version->fields,
        .intel = test_intel,
        .agencies = test_agencies,
        .n_agencies = test_n_agencies,
        .owner = version,
        .free = version_free,
    };
    version->live.ruleset = ruleset_build(&version->set, &version->fields, datasets,
                                          &(struct ruleset_options){0}, &err);
    assert_non_null(version->live.ruleset);
    atomic_fetch_add(&versions, 1);
    return &version->live;
}

int test_versions(void)
{
    return atomic_load(&versions);
}

/* ---- the world ---- */

static int64_t clock_of_test(void)
{
    return atomic_load(&now_us);
}

void world_set_now(int64_t now)
{
    atomic_store(&now_us, now);
}

void world_open_spool(struct world *world)
{
    struct spool_options options = {.partitions = TEST_PARTITIONS, .now = clock_of_test};
    world->spool = test_open(&spool_local, world->spool_place, &options);
    world->options.spool = world->spool;
}

void world_close_spool(struct world *world)
{
    spool_local.close(world->spool);
    world->spool = NULL;
}

void world_open(struct world *world)
{
    struct err err = {0};
    struct ledger_options options = {.create = true, .now = clock_of_test};
    *world = (struct world){.folder = "/tmp/jaga-live-XXXXXX"};
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->spool_place, sizeof(world->spool_place), "%s/spool", world->folder);
    (void)snprintf(world->ledger_url, sizeof(world->ledger_url), "sqlite:%s/ledger.db",
                   world->folder);
    (void)snprintf(world->key, sizeof(world->key), "%s/journal.key", world->folder);
    struct ledger *ledger = ledger_open(world->ledger_url, &options, &err);
    if (!ledger)
        fail_msg("%s", err.message);
    ledger_close(ledger);
    world->options = (struct live_options){
        .engine = &spool_local,
        .ledger = world->ledger_url,
        .threads = 2,
        .disorder_us = TEST_DISORDER,
        .fold_us = TEST_FOLD,
        .snapshot_us = 1,
        .now = clock_of_test,
    };
    world_set_now(TEST_START);
    world_open_spool(world);
}

void world_close(struct world *world)
{
    char path[192];
    if (world->spool)
        world_close_spool(world);
    test_folder_remove(strdup(world->spool_place)); /* which frees it */
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
                                        "journal.key"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", world->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(world->folder), 0);
    assert_int_equal(test_versions(), 0);
}

const char *test_event(const char *kind, const char *host, const char *user, int64_t time)
{
    static char text[8][256];
    static unsigned turn;
    char at[TIME_TEXT_MAX];
    char *to = text[turn++ % 8];
    at[time_format(time, at)] = '\0';
    (void)snprintf(to, sizeof(*text),
                   "{\"kind\":\"%s\",\"host\":\"%s\",\"user\":\"%s\",\"at\":\"%s\"}\n", kind, host,
                   user, at);
    return to;
}

void world_append(struct world *world, uint32_t partition, const char *agency, int64_t received,
                  const char *lines)
{
    uint32_t ends[1024], n = 0;
    for (const char *at = lines; *at && n < 1024; at++)
        if (*at == '\n')
            ends[n++] = (uint32_t)(at - lines) + 1;
    struct spool_batch batch = {
        .agency = str_from_c(agency),
        .source = STR("doors"),
        .received = received,
        .n = n,
        .ends = ends,
        .bytes = lines,
    };
    assert_int_equal(test_append(&spool_local, world->spool, partition, &batch).status, 0);
}

struct live *world_start(struct world *world)
{
    struct err err = {0};
    struct live *live = live_start(&world->options, test_version(NULL), &err);
    if (!live)
        fail_msg("%s", err.message);
    return live;
}

void test_nap(void)
{
    struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
}

void world_await(struct live *live, int64_t until)
{
    struct live_stats stats;
    for (live_stats(live, &stats); stats.lag || (until && stats.correlated < until);
         live_stats(live, &stats))
        test_nap();
}

void world_run(struct world *world, int64_t until)
{
    struct live *live = world_start(world);
    world_set_now(until);
    world_await(live, until - TEST_DISORDER - 2 * TEST_SECOND);
    live_stop(live);
}

/* ---- findings ---- */

struct listing {
    struct ledger *events; /* NULL: not wanted */
    char *lines[4096];
    size_t n;
    struct buf line;
};

static int add_event(void *context, const struct ledger_event *event)
{
    struct listing *listing = context;
    buf_printf(&listing->line, " %u.%llu", event->partition, (unsigned long long)event->offset);
    return 0;
}

static int add_finding(void *context, const struct ledger_finding *finding)
{
    struct listing *listing = context;
    static const struct ledger_scope everything = {.all = true};
    struct buf *line = &listing->line;
    buf_clear(line);
    buf_printf(line, "%.*s|%.*s|%.*s|%.*s|%llu|%llu|%lld|%lld|", STR_ARG(finding->title),
               STR_ARG(finding->agency), STR_ARG(finding->host), STR_ARG(finding->user),
               (unsigned long long)finding->count, (unsigned long long)finding->throttled,
               (long long)((finding->first - TEST_START) / TEST_SECOND),
               (long long)((finding->last - TEST_START) / TEST_SECOND));
    if (listing->events)
        assert_int_equal(
            finding_events(listing->events, &everything, finding->id, add_event, listing), 0);
    buf_add(line, "\n", 2);
    listing->lines[listing->n++] = strdup(line->ptr);
    return listing->n < 4096 ? 0 : -E2BIG;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *world_findings(const struct world *world, bool events)
{
    struct listing listing = {0};
    struct err err = {0};
    struct ledger_options options = {.read_only = true};
    struct ledger_scope everything = {.all = true};
    struct finding_query query = {
        .kind = -1, .status = -1, .from = TIME_UNSET, .to = TIME_UNSET, .limit = LEDGER_PAGE_MAX};
    struct buf cursor = {0}, all = {0};
    struct ledger *ledger = ledger_open(world->ledger_url, &options, &err);
    assert_non_null(ledger);
    listing.events = events ? ledger_open(world->ledger_url, &options, &err) : NULL;
    do {
        struct buf next = {0};
        query.cursor = buf_str(&cursor);
        assert_int_equal(finding_list(ledger, &everything, &query, add_finding, &listing, &next),
                         0);
        buf_free(&cursor);
        cursor = next;
    } while (cursor.len);
    qsort(listing.lines, listing.n, sizeof(*listing.lines), compare_lines);
    for (size_t i = 0; i < listing.n; i++) {
        buf_add_c(&all, listing.lines[i]);
        free(listing.lines[i]);
    }
    buf_add_byte(&all, '\0');
    buf_free(&cursor);
    buf_free(&listing.line);
    ledger_close(ledger);
    ledger_close(listing.events);
    return all.ptr;
}
