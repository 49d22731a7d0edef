/* Sources: who sends, what became of it, and whether it is well. */
#include <stdlib.h>

#include "api/account_json.h"
#include "api/members.h"
#include "api/rest.h"
#include "base/map.h"
#include "base/vec.h"
#include "io/clock.h"

#define PAGE_MAX 1000
#define PAGE_DEFAULT 100

/* A source: its account, what its health says, or both. */
struct source {
    struct str agency, name;
    struct str key;              /* "agency/name": labels hold no slash */
    const struct sender *sender; /* NULL: it has not sent since the start */
    bool has_state;
    struct source_state state; /* without its texts */
};

struct sources {
    struct api_request *request;
    struct str agency; /* only of this one; empty: any */
    VEC(struct source) rows;
    struct map by_key;
    bool failed;
};

static bool is_visible(const struct sources *sources, struct str agency)
{
    if (sources->agency.len && !str_eq(agency, sources->agency))
        return false;
    return ledger_scope_has(request_scope(sources->request), agency);
}

/* The row of a source, made if need be; NULL: not the caller's, or no memory. */
static struct source *row_of(struct sources *sources, struct str agency, struct str name)
{
    struct arena *arena = request_arena(sources->request);
    if (!is_visible(sources, agency))
        return NULL;
    struct str key = arena_printf(arena, "%.*s/%.*s", STR_ARG(agency), STR_ARG(name));
    uint32_t at = key.ptr ? map_get(&sources->by_key, key) : MAP_NONE;
    if (at != MAP_NONE)
        return &sources->rows.items[at];
    at = (uint32_t)sources->rows.len;
    struct source row = {
        .agency = str_first(key, agency.len), .name = str_skip(key, agency.len + 1), .key = key};
    if (!key.ptr || vec_push(&sources->rows, row) < 0 || map_put(&sources->by_key, key, at) < 0) {
        sources->failed = true;
        return NULL;
    }
    return &sources->rows.items[at];
}

static void add_sender(void *context, struct sender *sender)
{
    struct source *row = row_of(context, sender->agency, sender->source);
    if (row)
        row->sender = sender;
}

static void add_state(void *context, const struct source_state *state)
{
    struct source *row = row_of(context, state->agency, state->source);
    if (row) {
        row->has_state = true;
        row->state = *state;
    }
}

static int by_key(const void *a, const void *b)
{
    const struct source *left = a, *right = b;
    return str_compare(left->key, right->key);
}

static void write_health(struct buf *out, const struct source *source)
{
    const struct source_state *state = &source->state;
    member_key(out, "health");
    if (!source->has_state) {
        buf_add_c(out, "null");
        return;
    }
    buf_add_byte(out, '{');
    member_bool(out, "silent", state->silent);
    member_bool(out, "slow", state->slow);
    member_bool(out, "backwards", state->backwards);
    member_bool(out, "drifting", state->drifting);
    member_time(out, "first_seen", state->first_seen);
    member_time(out, "last_seen", state->last_seen);
    member_time(out, "last_event", state->last_event);
    member_double(out, "rate_per_minute", state->rate);
    member_key(out, "usual_per_minute");
    if (state->usual < 0)
        buf_add_c(out, "null");
    else
        buf_printf(out, "%.6g", state->usual);
    member_double(out, "silence_after_seconds", (double)state->gap_us / 1e6);
    member_double(out, "declared_every_seconds", (double)state->expect_us / 1e6);
    member_double(out, "clock_offset_seconds", (double)state->offset_us / 1e6);
    buf_add_byte(out, '}');
}

static void write_source(struct buf *out, const struct source *source)
{
    struct account_sums sums = {0};
    if (source->sender)
        account_read(source->sender, &sums);
    member_row_begin(out);
    member_str(out, "agency", source->agency);
    member_str(out, "source", source->name);
    account_json_write(out, &sums);
    write_health(out, source);
    member_row_end(out);
}

/* The sources behind `after` by key, at most `limit`. Where there are more: the key of the last one. */
static struct str write_page(const struct sources *sources, struct str after, uint64_t limit,
                             struct buf *out)
{
    struct str last = {0};
    uint64_t n = 0;
    for (size_t i = 0; i < sources->rows.len; i++) {
        const struct source *source = &sources->rows.items[i];
        if (str_compare(source->key, after) <= 0)
            continue;
        if (n++ == limit)
            return last;
        last = source->key;
        write_source(out, source);
    }
    return (struct str){0};
}

static void handle_sources(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    struct sources sources = {.request = request, .agency = request_query(request, "agency")};
    uint64_t limit = PAGE_DEFAULT;
    if (!rest_query_number(request, "limit", 1, PAGE_MAX, &limit))
        return;
    senders_each(options->senders, add_sender, &sources);
    if (options->health)
        health_each(options->health, clock_now_us(), add_state, &sources);
    if (sources.rows.len)
        qsort(sources.rows.items, sources.rows.len, sizeof(*sources.rows.items), by_key);
    struct buf json = {.failed = sources.failed};
    rest_list_begin(&json, "sources");
    struct str cursor = write_page(&sources, request_query(request, "cursor"), limit, &json);
    rest_page_reply(request, 0, &json, cursor);
    map_free(&sources.by_key);
    vec_free(&sources.rows);
}

static const struct api_parameter parameters[] = {
    {"agency", "string", "Only of this agency.", false},
    {"limit", "integer", "Sources in an answer, 1 to 1000; 100 unless told.", false},
    {"cursor", "string", "Of the answer before: what comes next.", false},
    {0},
};

const struct api_route routes_sources[] = {
    {"GET", "/api/v1/sources", API_READ, handle_sources,
     "Lists sources with their loss account and their health.", parameters, "SourceList", NULL,
     NULL},
    {0},
};
