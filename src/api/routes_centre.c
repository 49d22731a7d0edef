/* The centre itself: what runs, what its rules have matched, and the journal of what was done. */
#include "api/account_json.h"
#include "api/members.h"
#include "api/rest.h"
#include "api/server.h"
#include "io/clock.h"
#include "ledger/journal.h"

#define RULES_DEFAULT 50 /* of an answer */
#define RULES_MAX 1000
#define ENTRIES_DEFAULT 100
#define ENTRIES_MAX 1000

/* ---- what runs ---- */

static void write_spool(struct buf *out, const char *key, const struct spool_ops *engine,
                        struct spool *spool)
{
    struct spool_stats stats;
    engine->stats(spool, &stats);
    member_key(out, key);
    buf_add_byte(out, '{');
    member_u64(out, "events", stats.events);
    member_u64(out, "bytes", stats.bytes);
    member_u64(out, "size", stats.size);
    member_u64(out, "pending", stats.pending);
    member_u64(out, "removed", stats.removed);
    member_c(out, "problem", stats.error ? strerror(-stats.error) : "");
    buf_add_byte(out, '}');
}

static void write_live(struct buf *out, struct live *live)
{
    struct live_stats stats;
    live_stats(live, &stats);
    member_key(out, "live");
    buf_add_byte(out, '{');
    member_u64(out, "events", stats.events);
    member_u64(out, "lag", stats.lag);
    member_u64(out, "matches", stats.matches);
    member_u64(out, "findings", stats.findings);
    member_u64(out, "folded", stats.folded);
    member_u64(out, "throttled", stats.throttled);
    member_u64(out, "excepted", stats.excepted);
    member_u64(out, "rules_version", stats.version);
    buf_add_byte(out, '}');
}

static void write_lake(struct buf *out, const struct api_options *options)
{
    struct store_stats filling;
    struct lake_stats lake;
    store_stats(options->store, &filling);
    options->lake_engine->stats(options->lake, &lake);
    member_key(out, "lake");
    buf_add_byte(out, '{');
    member_u64(out, "events", filling.events);
    member_u64(out, "rows", filling.rows);
    member_u64(out, "unrecognised", filling.unrecognised);
    member_u64(out, "lag", filling.lag);
    member_u64(out, "days", lake.days);
    member_u64(out, "size", lake.size);
    member_u64(out, "queries", lake.runs_active);
    member_c(out, "problem", filling.error ? strerror(-filling.error) : "");
    buf_add_byte(out, '}');
}

struct own_account {
    const struct ledger_scope *scope;
    struct account_sums sums;
};

static void add_sender(void *context, struct sender *sender)
{
    struct own_account *own = context;
    struct account_sums sums = {0};
    if (!ledger_scope_has(own->scope, sender->agency))
        return;
    account_read(sender, &sums);
    account_add(&own->sums, &sums);
}

/* Figures that don't tell agencies apart: for who may read all. */
static void write_whole(struct buf *out, const struct api *api)
{
    const struct api_options *options = &api->options;
    member_u64(out, "connections", atomic_load(&api->n_connections));
    if (options->engine && options->spool)
        write_spool(out, "spool", options->engine, options->spool);
    if (options->engine && options->dead)
        write_spool(out, "dead_letters", options->engine, options->dead);
    if (options->live)
        write_live(out, options->live);
    if (options->store)
        write_lake(out, options);
}

static void handle_status(struct api_request *request)
{
    const struct api *api = request_api(request);
    struct own_account own = {.scope = request_scope(request)};
    struct buf json = {0};
    if (api->options.senders)
        senders_each(api->options.senders, add_sender, &own);
    buf_add_byte(&json, '{');
    member_c(&json, "version", JAGA_VERSION);
    member_bool(&json, "ready", atomic_load(&api->ready));
    member_time(&json, "started", api->started);
    member_time(&json, "now", clock_now_us());
    account_json_write(&json, &own.sums);
    if (own.scope->all)
        write_whole(&json, api);
    buf_add_byte(&json, '}');
    request_reply_json(request, 200, &json);
    buf_free(&json);
}

static void add_rule(void *context, const struct live_rule *rule)
{
    struct buf *out = context;
    member_row_begin(out);
    member_str(out, "id", rule->id);
    member_str(out, "title", rule->title);
    member_u64(out, "matches", rule->matches);
    member_u64(out, "throttled", rule->throttled);
    member_row_end(out);
}

static void handle_rules(struct api_request *request)
{
    struct live *live = request_options(request)->live;
    struct buf json = {0};
    uint64_t limit = RULES_DEFAULT;
    if (!rest_query_number(request, "limit", 1, RULES_MAX, &limit))
        return;
    rest_list_begin(&json, "rules");
    if (live)
        live_rules(live, LIVE_BY_MATCHES, (size_t)limit, add_rule, &json);
    rest_list_reply(request, 0, &json);
}

/* ---- the journal ---- */

static int add_entry(void *context, const struct journal_entry *entry)
{
    struct buf *out = context;
    member_row_begin(out);
    member_u64(out, "seq", entry->seq);
    member_time(out, "time", entry->time);
    member_str(out, "actor", entry->actor);
    member_str(out, "action", entry->action);
    member_raw(out, "body", entry->body, "{}");
    member_key(out, "hash");
    buf_add_byte(out, '"');
    for (size_t i = 0; i < JOURNAL_HASH; i++)
        buf_printf(out, "%02x", entry->hash[i]);
    buf_add_byte(out, '"');
    return member_row_end(out);
}

static void handle_journal(struct api_request *request)
{
    struct buf json = {0};
    uint64_t after = 0, limit = ENTRIES_DEFAULT;
    if (!rest_query_number(request, "after", 0, INT64_MAX, &after) ||
        !rest_query_number(request, "limit", 1, ENTRIES_MAX, &limit))
        return;
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    rest_list_begin(&json, "entries");
    int status = journal_list(ledger, after, (uint32_t)limit, add_entry, &json);
    rest_list_reply(request, status, &json);
}

static const struct api_parameter none[] = {{0}};

static const struct api_parameter rules_parameters[] = {
    {"limit", "integer", "Rules in the answer, 1 to 1000; 50 unless told.", false},
    {0},
};

static const struct api_parameter journal_parameters[] = {
    {"after", "integer", "Only entries behind this number.", false},
    {"limit", "integer", "Entries in the answer, 1 to 1000; 100 unless told.", false},
    {0},
};

const struct api_route routes_centre[] = {
    {"GET", "/api/v1/status", API_READ, handle_status,
     "What runs, and how it does: the account of the caller's agencies, and for who may read all "
     "the "
     "figures of the whole.",
     none, "Status", NULL, NULL},
    {"GET", "/api/v1/rules/top", API_WHOLE, handle_rules,
     "What rules have matched since they were loaded, the most first.", rules_parameters,
     "RuleList", NULL, NULL},
    {"GET", "/api/v1/journal", API_ADMIN, handle_journal,
     "What was done, in order, with the hashes that prove it.", journal_parameters, "JournalList",
     NULL, NULL},
    /* What the interface does not have is refused in its own words, not in those of a door. */
    {NULL, "/api/*", API_PUBLIC, NULL, NULL, NULL, NULL, NULL, NULL},
    {0},
};
