#include "readiness/run.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "io/clock.h"
#include "readiness/ask.h"
#include "readiness/carry.h"

#define FLUSH_US 200000     /* noise is held this long, to travel in batches */
#define STEP_FLUSH_US 20000 /* .. and the intrusion, so that the time to detect is the centre's */
#define NAP_US 20000        /* between two looks at the clock */
#define LOOK_EVERY_US 500000
#define SETTLE_US 2000000                 /* without a change, once everything is found */
#define PATIENCE_US (60 * TIME_SECOND_US) /* with a centre that has answered and does no more */
#define MEMORY_MAX (256u << 20)

struct run {
    const struct drill *drill;
    const struct run_options *options;
    struct run_result *result;
    struct client *client;
    struct carrier *carriers; /* one for each source */
    const char **tokens;      /* likewise: paths that revoke them; NULL: none was made */
    int64_t ahead_us;         /* the centre's clock − ours */
    uint64_t before;          /* number of the newest change before the start */
    uint64_t newest;          /* .. and of the newest that was read */
    struct err *err;
};

static bool is_stopped(const struct run *run)
{
    return run->options->stop && *run->options->stop;
}

static int no_memory(const struct run *run)
{
    return err_set(run->err, -ENOMEM, "no memory");
}

static struct client_options client_options(const struct run *run)
{
    struct client_options options = run->options->client;
    options.patience_us = PATIENCE_US;
    return options;
}

static struct str agency_of(const struct run *run, size_t source)
{
    return run->drill->agencies[run->drill->sources[source].agency].name;
}

/* ---- what the centre says ---- */

/* A centre that does not answer at all will not do so by waiting: one try, before anything is made there. */
static int meet(struct run *run)
{
    const struct client_request request = {.method = "GET", .path = "/healthz"};
    struct client_reply reply = {0};
    int status = client_send(run->client, &request, &reply, run->err);
    client_reply_free(&reply);
    return status;
}

/* How far its clock is ahead of ours. */
static int look_at_clock(struct run *run)
{
    json_t *answer;
    int64_t asked = clock_now_us();
    int status = ask(run->client, "GET", "/api/v1/status", NULL, &answer, run->err);
    if (status < 0)
        return status;
    int64_t theirs = ask_time(answer, "now"), ours = asked + (clock_now_us() - asked) / 2;
    run->ahead_us = theirs == TIME_UNSET ? 0 : theirs - ours;
    json_decref(answer);
    return 0;
}

/* Everything that is stored has been matched. */
static int look_at_lag(struct run *run, bool *ret_done)
{
    json_t *answer;
    int status = ask(run->client, "GET", "/api/v1/status", NULL, &answer, run->err);
    if (status < 0)
        return status;
    const json_t *live = json_object_get(answer, "live");
    *ret_done = live && ask_number(live, "lag") == 0;
    json_decref(answer);
    return 0;
}

/* Calls `each` for every member `list` of the answers to a query that comes in pages. */
static int each_page(struct run *run, const char *path, const char *list,
                     int (*each)(struct run *run, const json_t *item))
{
    struct buf query = {0}, cursor = {0};
    int status = 0;
    do {
        json_t *answer = NULL, *item;
        size_t i;
        buf_clear(&query);
        buf_printf(&query, "%s%s%.*s", path, cursor.len ? "&cursor=" : "",
                   STR_ARG(buf_str(&cursor)));
        buf_add_byte(&query, '\0');
        buf_clear(&cursor);
        status = query.failed ? no_memory(run)
                              : ask(run->client, "GET", query.ptr, NULL, &answer, run->err);
        json_array_foreach(json_object_get(answer, list), i, item)
        {
            if (status == 0)
                status = each(run, item);
        }
        if (status == 0)
            client_escape(ask_text(answer, "cursor"), &cursor);
        json_decref(answer);
    } while (status == 0 && cursor.len && !is_stopped(run));
    buf_free(&query);
    buf_free(&cursor);
    return status;
}

/* The newest change of all, before the drill begins. */
static int look_at_change(struct run *run)
{
    json_t *answer;
    int status = ask(run->client, "GET", "/api/v1/findings?sort=change&order=desc&limit=1", NULL,
                     &answer, run->err);
    if (status < 0)
        return status;
    run->before = ask_number(json_array_get(json_object_get(answer, "findings"), 0), "change");
    json_decref(answer);
    return 0;
}

static size_t source_index(const struct run *run, struct str agency, struct str name)
{
    size_t i = 0;
    while (i < run->drill->n_sources &&
           !(str_eq(agency, agency_of(run, i)) && str_eq(name, run->drill->sources[i].name)))
        i++;
    return i;
}

/* What an account has now; what it had before is taken off at the start. */
static int take_account(struct run *run, const json_t *item)
{
    size_t i = source_index(run, ask_text(item, "agency"), ask_text(item, "source"));
    const json_t *account = json_object_get(item, "account");
    const json_t *health = json_object_get(item, "health");
    if (i == run->drill->n_sources)
        return 0;
    run->result->sources[i].stored = ask_number(account, "stored");
    run->result->sources[i].rejected = ask_number(account, "rejected");
    for (size_t k = 0; k < run->drill->n_steps; k++)
        if (run->drill->steps[k].silence == i)
            run->result->steps[k].knows_rhythm =
                json_number_value(json_object_get(health, "silence_after_seconds")) > 0 ||
                json_number_value(json_object_get(health, "declared_every_seconds")) > 0;
    return 0;
}

static int look_at_accounts(struct run *run, const struct run_source *before)
{
    int status = each_page(run, "/api/v1/sources?limit=1000", "sources", take_account);
    for (size_t i = 0; status == 0 && i < run->drill->n_sources; i++) {
        struct run_source *source = &run->result->sources[i];
        source->sent = run->carriers[i].sent;
        source->stored -= source->stored < before[i].stored ? source->stored : before[i].stored;
        source->rejected -=
            source->rejected < before[i].rejected ? source->rejected : before[i].rejected;
    }
    return status;
}

static struct str keep(struct run *run, const json_t *item, const char *name)
{
    return arena_copy(&run->result->texts, ask_text(item, name));
}

static int64_t our_time(const struct run *run, const json_t *item, const char *name)
{
    int64_t theirs = ask_time(item, name);
    return theirs == TIME_UNSET ? theirs : theirs - run->ahead_us;
}

/* A finding that changed since the start, in an agency of the drill. */
static int take_finding(struct run *run, const json_t *item)
{
    uint64_t change = ask_number(item, "change");
    struct str agency = ask_text(item, "agency");
    size_t i = 0;
    while (i < run->drill->n_agencies && !str_eq(agency, run->drill->agencies[i].name))
        i++;
    if (change <= run->before || i == run->drill->n_agencies ||
        str_eq(ask_text(item, "status"), STR("closed")))
        return 0;
    struct judge_finding finding = {
        .id = keep(run, item, "id"),
        .kind = keep(run, item, "kind"),
        .rule = keep(run, item, "rule"),
        .title = keep(run, item, "title"),
        .level = keep(run, item, "level"),
        .agency = keep(run, item, "agency"),
        .source = keep(run, item, "source"),
        .host = keep(run, item, "host"),
        .count = ask_number(item, "count"),
        .first = ask_time(item, "first"),
        .last = ask_time(item, "last"),
        .created = our_time(run, item, "created"),
        .updated = our_time(run, item, "updated"),
        .step = JUDGE_NO_STEP,
    };
    if (run->result->findings.len == RUN_FINDINGS_MAX)
        return err_set(run->err, -E2BIG, "more than %d findings", RUN_FINDINGS_MAX);
    if (change > run->newest)
        run->newest = change;
    return finding.host.ptr && vec_push(&run->result->findings, finding) == 0 ? 0 : no_memory(run);
}

static int look_at_findings(struct run *run)
{
    run->result->findings.len = 0;
    arena_reset(&run->result->texts);
    int status = each_page(run, "/api/v1/findings?sort=change&order=desc&limit=1000", "findings",
                           take_finding);
    if (status == 0)
        judge(run->drill, run->result->steps, run->result->findings.items,
              run->result->findings.len, run->result->end_us);
    return status;
}

/* ---- senders ---- */

/* A token of the source's own, and the client that shows it. */
static int open_source(struct run *run, size_t i)
{
    const struct drill_source *source = &run->drill->sources[i];
    struct client_options options = client_options(run);
    struct buf path = {0};
    json_t *answer = NULL;
    json_t *wanted = json_pack("{s:s, s:s%, s:s%, s:s}", "role", "send", "agency",
                               agency_of(run, i).ptr, agency_of(run, i).len, "source",
                               source->name.ptr, source->name.len, "note", "drill");
    char *body = json_dumps(wanted, JSON_COMPACT);
    json_decref(wanted);
    if (!body)
        return no_memory(run);
    int status = ask(run->client, "POST", "/api/v1/tokens", body, &answer, run->err);
    free(body);
    if (status == 0) {
        buf_add_c(&path, "/api/v1/tokens/");
        client_escape(ask_text(answer, "id"), &path);
        run->tokens[i] = arena_copy(&run->result->arena, buf_str(&path)).ptr;
        options.token = arena_copy(&run->result->arena, ask_text(answer, "token")).ptr;
        options.token_file = NULL;
        struct client *client = client_new(&options, run->err);
        if (!client || !run->tokens[i] || !options.token)
            status = run->err->code ? run->err->code : no_memory(run);
        carrier_open(&run->carriers[i], source, client);
    }
    buf_free(&path);
    json_decref(answer);
    return status;
}

/* Tokens are revoked also when the drill was stopped. */
static void close_sources(struct run *run)
{
    struct client_options options = run->options->client;
    struct err ignored = {0};
    options.stop = NULL;
    struct client *client = client_new(&options, &ignored);
    for (size_t i = 0; i < run->drill->n_sources; i++) {
        const struct client_request request = {.method = "DELETE", .path = run->tokens[i]};
        struct client_reply reply = {0};
        if (run->tokens[i] && client)
            client_send(client, &request, &reply, &ignored);
        client_reply_free(&reply);
        carrier_close(&run->carriers[i]);
    }
    client_free(client);
}

/* ---- events ---- */

static int send_all(struct run *run)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < run->drill->n_sources; i++)
        status = carrier_send(&run->carriers[i], run->err);
    return status;
}

/* Waits for an event's time, and sends what is held meanwhile. */
static int wait_until(struct run *run, int64_t time_us, int64_t *next_flush)
{
    int status = 0;
    for (;;) {
        int64_t now = clock_now_us();
        if (status < 0 || is_stopped(run))
            return status;
        if (now >= *next_flush) {
            status = send_all(run);
            *next_flush = now + FLUSH_US;
        } else if (now >= time_us) {
            return status;
        } else {
            struct timespec nap = {0, NAP_US * 1000};
            nanosleep(&nap, NULL);
        }
    }
}

/* Notes an event of a step, and tells of the step's first. */
static void note_step(struct run *run, const struct play_event *event)
{
    struct judge_step *fact = &run->result->steps[event->step];
    if (fact->first == TIME_UNSET && run->options->say)
        run->options->say(run->options->context, event->step,
                          event->time_us - run->result->start_us);
    time_extend(&fact->first, &fact->last, event->time_us);
    if (event->text.len == 0)
        fact->silenced = true;
    else
        fact->events++;
}

static int emit(struct run *run, const struct play_event *event, int64_t *next_flush)
{
    struct carrier *carrier = &run->carriers[event->source];
    bool staged = event->step != PLAY_NOISE;
    if (staged)
        note_step(run, event);
    if (event->text.len == 0)
        return carrier_send(carrier, run->err);
    if (staged)
        run->result->staged++;
    else
        run->result->noise++;
    if (carrier_add(carrier, event->text, event->time_us) < 0)
        return no_memory(run);
    int64_t soon = clock_now_us() + STEP_FLUSH_US;
    if (staged && *next_flush > soon)
        *next_flush = soon;
    return carrier->held == CARRY_EVENTS_MAX ? carrier_send(carrier, run->err) : 0;
}

static int emit_all(struct run *run)
{
    const struct play_options options = {.seed = run->options->seed,
                                         .start_us = clock_now_us(),
                                         .duration_us = run->options->duration_us,
                                         .noise = run->options->noise};
    struct play *play = play_new(run->drill, &options, run->err);
    struct play_event event;
    int64_t next_flush = options.start_us + FLUSH_US;
    int status = play ? 1 : run->err->code;
    run->result->start_us = options.start_us;
    while (status > 0 && !is_stopped(run)) {
        status = play_next(play, &event, run->err);
        if (status <= 0)
            break;
        int waited = wait_until(run, event.time_us, &next_flush);
        if (waited == 0 && !is_stopped(run))
            waited = emit(run, &event, &next_flush);
        status = waited < 0 ? waited : 1;
    }
    play_free(play);
    if (status >= 0)
        status = send_all(run);
    run->result->end_us = clock_now_us();
    return status < 0 ? status : 0;
}

/* ---- the end ---- */

static bool is_all_found(const struct run *run)
{
    return run_count(run->drill, run->result, JUDGE_MISSED) == 0;
}

/* Until everything is matched and what is expected is found and nothing changes any more; or the wait is over. */
static int wait_for_findings(struct run *run, const struct run_source *before)
{
    int64_t end = clock_ticks_us() + run->options->wait_us, quiet = clock_ticks_us();
    int status = 0;
    for (uint64_t newest = 0; status == 0;) {
        bool worked = false;
        status = look_at_lag(run, &worked);
        if (status == 0)
            status = look_at_accounts(run, before);
        if (status == 0)
            status = look_at_findings(run);
        int64_t now = clock_ticks_us();
        run->result->worked = worked;
        if (run->newest != newest || !worked)
            quiet = now;
        newest = run->newest;
        bool settled = worked && is_all_found(run) && now - quiet >= SETTLE_US &&
                       run_accounts_agree(run->drill, run->result);
        if (settled || now >= end || is_stopped(run))
            break;
        struct timespec nap = {0, LOOK_EVERY_US * 1000};
        nanosleep(&nap, NULL);
    }
    run->result->judged_us = clock_now_us();
    return status;
}

static int prepare(struct run *run)
{
    struct arena *arena = &run->result->arena;
    const struct drill *drill = run->drill;
    run->result->steps = arena_zero(arena, drill->n_steps + 1, sizeof(*run->result->steps));
    run->result->sources = arena_zero(arena, drill->n_sources + 1, sizeof(*run->result->sources));
    run->carriers = arena_zero(arena, drill->n_sources + 1, sizeof(*run->carriers));
    run->tokens = arena_zero(arena, drill->n_sources + 1, sizeof(*run->tokens));
    if (!run->result->steps || !run->result->sources || !run->carriers || !run->tokens)
        return no_memory(run);
    for (size_t i = 0; i < drill->n_steps; i++)
        run->result->steps[i].first = run->result->steps[i].last = TIME_UNSET;
    struct client_options client = client_options(run);
    run->client = client_new(&client, run->err);
    return run->client ? 0 : run->err->code;
}

int drill_run(const struct drill *drill, const struct run_options *options,
              struct run_result *ret_result, struct err *err)
{
    struct run run = {.drill = drill, .options = options, .result = ret_result, .err = err};
    *ret_result = (struct run_result){0};
    arena_init(&ret_result->arena, MEMORY_MAX);
    arena_init(&ret_result->texts, MEMORY_MAX);
    int status = prepare(&run);
    if (status < 0)
        return status;
    struct run_source *before =
        arena_zero(&ret_result->arena, drill->n_sources + 1, sizeof(*before));
    status = before ? meet(&run) : no_memory(&run);
    if (status == 0)
        status = look_at_clock(&run);
    if (status == 0)
        status = look_at_change(&run);
    if (status == 0)
        status = look_at_accounts(&run, before);
    for (size_t i = 0; status == 0 && i < drill->n_sources; i++)
        before[i] = ret_result->sources[i];
    for (size_t i = 0; status == 0 && i < drill->n_sources; i++)
        status = open_source(&run, i);
    if (status == 0)
        status = emit_all(&run);
    if (status == 0)
        status = wait_for_findings(&run, before);
    ret_result->stopped = is_stopped(&run);
    close_sources(&run);
    client_free(run.client);
    return status;
}

void run_result_free(struct run_result *result)
{
    vec_free(&result->findings);
    arena_free(&result->texts);
    arena_free(&result->arena);
}

size_t run_count(const struct drill *drill, const struct run_result *result,
                 enum judge_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < drill->n_steps; i++)
        n += result->steps[i].verdict == verdict;
    return n;
}

size_t run_count_false(const struct run_result *result)
{
    size_t n = 0;
    for (size_t i = 0; i < result->findings.len; i++)
        n += judge_is_false(&result->findings.items[i]);
    return n;
}

bool run_accounts_agree(const struct drill *drill, const struct run_result *result)
{
    for (size_t i = 0; i < drill->n_sources; i++)
        if (result->sources[i].stored != result->sources[i].sent || result->sources[i].rejected)
            return false;
    return true;
}
