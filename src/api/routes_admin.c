/* What administrators do: tokens, exceptions, the state of the centre, its journal. */
#include <errno.h>
#include <jansson.h>

#include "api/members.h"
#include "api/server.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "ledger/exception.h"
#include "ledger/journal.h"
#include "sigma/rule.h"

#define RULES_MAX 1000   /* of an answer */
#define JOURNAL_MAX 1000 /* entries of an answer */

/* ---- what the handlers share ---- */

/* Ends the transaction that `status` is of; 0, or what went wrong. */
static int finish(struct ledger *ledger, int status)
{
    if (status == 0)
        return ledger_commit(ledger);
    ledger_abort(ledger);
    return status;
}

/* The body as a JSON object; NULL: a problem was replied. */
static json_t *read_object(struct api_request *request)
{
    struct str body = request_body(request);
    json_error_t problem;
    json_t *json = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &problem);
    if (json_is_object(json))
        return json;
    request_problem(request, 400, "a JSON object is expected: %s",
                    json ? "it is another value" : problem.text);
    json_decref(json);
    return NULL;
}

/* Is every member known? False: a problem was replied. */
static bool check_members(struct api_request *request, json_t *object, const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], name) != 0)
            i++;
        if (!known[i]) {
            request_problem(request, 400, "there is no member '%.64s' here", name);
            return false;
        }
    }
    return true;
}

/* A text, empty where it is absent. Borrowed from the object. False: a problem was replied. */
static bool read_text(struct api_request *request, const json_t *object, const char *name,
                      struct str *ret_text)
{
    const json_t *value = json_object_get(object, name);
    *ret_text = STR("");
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value)) {
        request_problem(request, 400, "'%s' is not a text", name);
        return false;
    }
    *ret_text = str_of(json_string_value(value), json_string_length(value));
    return true;
}

/* "expires": RFC 3339, or absent for never. False: a problem was replied. */
static bool read_expires(struct api_request *request, const json_t *object, int64_t *ret_expires)
{
    struct str text;
    *ret_expires = TIME_UNSET;
    if (!read_text(request, object, "expires", &text))
        return false;
    if (text.len == 0)
        return true;
    if (time_parse(text, ret_expires) < 0 || *ret_expires <= clock_now_us()) {
        request_problem(request, 400, "'expires' is no time that is still to come");
        return false;
    }
    return true;
}

/* A number in the query, within [0, max]. False: a problem was replied. */
static bool read_number(struct api_request *request, const char *name, uint64_t max,
                        uint64_t *number)
{
    struct str text = request_query(request, name);
    if (!text.ptr || (str_to_u64(text, number) == 0 && *number <= max))
        return true;
    request_problem(request, 400, "'%s' is a number up to %llu", name, (unsigned long long)max);
    return false;
}

/* ---- tokens ---- */

static int add_token(void *context, const struct token *token)
{
    struct buf *out = context;
    member_comma(out);
    buf_add_byte(out, '{');
    member_str(out, "id", token->id);
    member_c(out, "role", token_role_name(token->role));
    member_str(out, "agency", token->agency);
    member_str(out, "source", token->source);
    member_u64(out, "rate", token->rate);
    member_str(out, "note", token->note);
    member_time(out, "created", token->created);
    member_time(out, "expires", token->expires);
    member_bool(out, "revoked", token->revoked);
    buf_add_byte(out, '}');
    return out->failed ? -ENOMEM : 0;
}

static void handle_tokens(struct api_request *request)
{
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    struct buf json = {0};
    buf_add_c(&json, "{\"tokens\":[");
    int status = token_list(ledger, add_token, &json);
    buf_add_c(&json, "]}");
    if (status < 0)
        request_ledger_problem(request, status);
    else
        request_reply_json(request, 200, &json);
    buf_free(&json);
}

static bool read_role(struct api_request *request, const json_t *object, enum token_role *ret_role)
{
    struct str text;
    if (!read_text(request, object, "role", &text))
        return false;
    for (int role = TOKEN_SEND; role <= TOKEN_ADMIN; role++) {
        if (str_eq(text, str_from_c(token_role_name((enum token_role)role)))) {
            *ret_role = (enum token_role)role;
            return true;
        }
    }
    request_problem(request, 400, "'role' is send, read or admin");
    return false;
}

static bool read_token(struct api_request *request, json_t *object, struct token *ret_token)
{
    static const char *const known[] = {"role", "agency",  "source", "rate",
                                        "note", "expires", NULL};
    const json_t *rate = json_object_get(object, "rate");
    *ret_token = (struct token){0};
    if (!check_members(request, object, known) || !read_role(request, object, &ret_token->role) ||
        !read_text(request, object, "agency", &ret_token->agency) ||
        !read_text(request, object, "source", &ret_token->source) ||
        !read_text(request, object, "note", &ret_token->note) ||
        !read_expires(request, object, &ret_token->expires))
        return false;
    if (rate && (!json_is_integer(rate) || json_integer_value(rate) < 0)) {
        request_problem(request, 400, "'rate' is a number of events per second");
        return false;
    }
    ret_token->rate = (uint64_t)json_integer_value(rate);
    if (ret_token->role == TOKEN_ADMIN && ret_token->agency.len == 0)
        ret_token->agency = STR("*");
    return true;
}

/* Doors know of it at once. */
static void tokens_changed(struct api_request *request, struct ledger *ledger)
{
    int status = senders_load_tokens(request_options(request)->senders, ledger);
    if (status < 0)
        log_say(LOG_ERROR, "api.tokens", "the tokens can't be read again: %s", strerror(-status));
}

static void handle_token_add(struct api_request *request)
{
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX];
    struct token token;
    struct ledger *ledger = NULL;
    json_t *object = read_object(request);
    if (!object)
        return;
    if (read_token(request, object, &token))
        ledger = request_ledger(request);
    if (ledger) {
        int status = ledger_begin(ledger, request_grant(request)->id, STR("token.add"));
        if (status == 0)
            status = token_add(ledger, &token, text, id);
        status = finish(ledger, status);
        if (status < 0) {
            request_ledger_problem(request, status);
        } else {
            struct buf json = {0};
            buf_add_byte(&json, '{');
            member_c(&json, "id", id);
            member_c(&json, "token", text);
            buf_add_byte(&json, '}');
            tokens_changed(request, ledger);
            request_reply_json(request, 201, &json);
            buf_free(&json);
        }
    }
    json_decref(object);
}

static void handle_token_revoke(struct api_request *request)
{
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    int status = ledger_begin(ledger, request_grant(request)->id, STR("token.revoke"));
    if (status == 0)
        status = token_revoke(ledger, request_segment(request, 0));
    status = finish(ledger, status);
    if (status < 0) {
        request_ledger_problem(request, status);
        return;
    }
    tokens_changed(request, ledger);
    request_reply(request, 204, NULL, STR(""));
}

/* ---- exceptions ---- */

static int add_exception(void *context, const struct exception *exception)
{
    struct buf *out = context;
    member_comma(out);
    buf_add_byte(out, '{');
    member_str(out, "id", exception->id);
    member_str(out, "agency", exception->agency);
    member_str(out, "filter", exception->filter);
    member_str(out, "reason", exception->reason);
    member_str(out, "author", exception->author);
    member_time(out, "created", exception->created);
    member_time(out, "expires", exception->expires);
    member_u64(out, "used", exception->used);
    buf_add_byte(out, '}');
    return out->failed ? -ENOMEM : 0;
}

static void handle_exceptions(struct api_request *request)
{
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    struct buf json = {0};
    buf_add_c(&json, "{\"exceptions\":[");
    int status = exception_list(ledger, request_scope(request), add_exception, &json);
    buf_add_c(&json, "]}");
    if (status < 0)
        request_ledger_problem(request, status);
    else
        request_reply_json(request, 200, &json);
    buf_free(&json);
}

/* Is it one Sigma filter? False: a problem was replied, with the place. */
static bool check_filter(struct api_request *request, struct str yaml)
{
    struct sigma_set set;
    struct sigma_alone_filter filter;
    if (sigma_set_init(&set) < 0) {
        request_problem(request, 503, "no memory");
        return false;
    }
    bool taken = false;
    if (sigma_set_add(&set, yaml, STR("filter")) < 0)
        request_problem(request, 503, "no memory");
    else if (set.refusals.len)
        request_problem(request, 400, "'filter', line %u: %s", set.refusals.items[0].err.line,
                        set.refusals.items[0].err.message);
    else if (set.n_documents != 1 || sigma_set_filter(&set, &filter) < 0)
        request_problem(request, 400, "'filter' is not one Sigma filter");
    else
        taken = true;
    sigma_set_free(&set);
    return taken;
}

static bool read_exception(struct api_request *request, json_t *object,
                           struct exception *ret_exception)
{
    static const char *const known[] = {"agency", "filter", "reason", "expires", NULL};
    *ret_exception = (struct exception){.author = request_grant(request)->id};
    return check_members(request, object, known) &&
           read_text(request, object, "agency", &ret_exception->agency) &&
           read_text(request, object, "filter", &ret_exception->filter) &&
           read_text(request, object, "reason", &ret_exception->reason) &&
           read_expires(request, object, &ret_exception->expires) &&
           check_filter(request, ret_exception->filter);
}

static void exceptions_changed(struct api_request *request)
{
    struct live *live = request_options(request)->live;
    if (live)
        live_reload_exceptions(live);
}

static void handle_exception_add(struct api_request *request)
{
    char id[40];
    struct exception exception;
    struct ledger *ledger = NULL;
    json_t *object = read_object(request);
    if (!object)
        return;
    if (read_exception(request, object, &exception))
        ledger = request_ledger(request);
    if (ledger) {
        int status = ledger_begin(ledger, exception.author, STR("exception.add"));
        if (status == 0)
            status = exception_add(ledger, &exception, id);
        status = finish(ledger, status);
        if (status < 0) {
            request_ledger_problem(request, status);
        } else {
            struct buf json = {0};
            buf_add_byte(&json, '{');
            member_c(&json, "id", id);
            buf_add_byte(&json, '}');
            exceptions_changed(request);
            request_reply_json(request, 201, &json);
            buf_free(&json);
        }
    }
    json_decref(object);
}

static void handle_exception_remove(struct api_request *request)
{
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    int status = ledger_begin(ledger, request_grant(request)->id, STR("exception.remove"));
    if (status == 0)
        status = exception_remove(ledger, request_segment(request, 0));
    status = finish(ledger, status);
    if (status < 0) {
        request_ledger_problem(request, status);
        return;
    }
    exceptions_changed(request);
    request_reply(request, 204, NULL, STR(""));
}

/* ---- the state of the centre ---- */

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

static void handle_status(struct api_request *request)
{
    const struct api *api = request_api(request);
    const struct api_options *options = request_options(request);
    struct buf json = {0};
    buf_add_byte(&json, '{');
    member_c(&json, "version", JAGA_VERSION);
    member_bool(&json, "ready", atomic_load(&api->ready));
    member_time(&json, "started", api->started);
    member_time(&json, "now", clock_now_us());
    member_u64(&json, "connections", atomic_load(&api->n_connections));
    if (options->engine && options->spool)
        write_spool(&json, "spool", options->engine, options->spool);
    if (options->engine && options->dead)
        write_spool(&json, "dead_letters", options->engine, options->dead);
    if (options->live)
        write_live(&json, options->live);
    buf_add_byte(&json, '}');
    request_reply_json(request, 200, &json);
    buf_free(&json);
}

static void add_rule(void *context, const struct live_rule *rule)
{
    struct buf *out = context;
    member_comma(out);
    buf_add_byte(out, '{');
    member_str(out, "id", rule->id);
    member_str(out, "title", rule->title);
    member_u64(out, "matches", rule->matches);
    member_u64(out, "throttled", rule->throttled);
    buf_add_byte(out, '}');
}

static void handle_rules(struct api_request *request)
{
    uint64_t limit = 50;
    struct live *live = request_options(request)->live;
    struct buf json = {0};
    if (!read_number(request, "limit", RULES_MAX, &limit))
        return;
    buf_add_c(&json, "{\"rules\":[");
    if (live)
        live_rules(live, LIVE_BY_MATCHES, (size_t)limit, add_rule, &json);
    buf_add_c(&json, "]}");
    request_reply_json(request, 200, &json);
    buf_free(&json);
}

/* ---- the journal ---- */

static int add_entry(void *context, const struct journal_entry *entry)
{
    struct buf *out = context;
    member_comma(out);
    buf_add_byte(out, '{');
    member_u64(out, "seq", entry->seq);
    member_time(out, "time", entry->time);
    member_str(out, "actor", entry->actor);
    member_str(out, "action", entry->action);
    member_raw(out, "body", entry->body, "{}");
    member_key(out, "hash");
    buf_add_byte(out, '"');
    for (size_t i = 0; i < JOURNAL_HASH; i++)
        buf_printf(out, "%02x", entry->hash[i]);
    buf_add_c(out, "\"}");
    return out->failed ? -ENOMEM : 0;
}

static void handle_journal(struct api_request *request)
{
    uint64_t after = 0, limit = 100;
    if (!read_number(request, "after", INT64_MAX, &after) ||
        !read_number(request, "limit", JOURNAL_MAX, &limit))
        return;
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    struct buf json = {0};
    buf_add_c(&json, "{\"entries\":[");
    int status = journal_list(ledger, after, (uint32_t)limit, add_entry, &json);
    buf_add_c(&json, "]}");
    if (status < 0)
        request_ledger_problem(request, status);
    else
        request_reply_json(request, 200, &json);
    buf_free(&json);
}

static const struct api_parameter none[] = {{0}};

static const struct api_parameter rules_parameters[] = {
    {"limit", "integer", "Rules in the answer, at most 1000; 50 unless told.", false},
    {0},
};

static const struct api_parameter journal_parameters[] = {
    {"after", "integer", "Only entries behind this number.", false},
    {"limit", "integer", "Entries in the answer, at most 1000; 100 unless told.", false},
    {0},
};

const struct api_route routes_admin[] = {
    {"GET", "/api/v1/status", API_READ, handle_status, "What runs, and how it does.", none,
     "Status", NULL, NULL},
    {"GET", "/api/v1/rules/top", API_READ, handle_rules,
     "What rules have matched since they were loaded, the most first.", rules_parameters,
     "RuleList", NULL, NULL},
    {"GET", "/api/v1/tokens", API_ADMIN, handle_tokens, "Lists tokens; none can be read back.",
     none, "TokenList", NULL, NULL},
    {"POST", "/api/v1/tokens", API_ADMIN, handle_token_add,
     "Makes a token; the answer is the only place where it is shown.", none, "NewToken",
     "TokenRequest", NULL},
    {"DELETE", "/api/v1/tokens/{id}", API_ADMIN, handle_token_revoke, "Revokes a token at once.",
     none, NULL, NULL, NULL},
    {"GET", "/api/v1/exceptions", API_READ, handle_exceptions,
     "Lists what is not to be found: Sigma filters with their reason.", none, "ExceptionList", NULL,
     NULL},
    {"POST", "/api/v1/exceptions", API_ADMIN, handle_exception_add, "Adds an exception.", none,
     "NewException", "ExceptionRequest", NULL},
    {"DELETE", "/api/v1/exceptions/{id}", API_ADMIN, handle_exception_remove,
     "Takes an exception away.", none, NULL, NULL, NULL},
    {"GET", "/api/v1/journal", API_ADMIN, handle_journal,
     "What was done, in order, with the hashes that prove it.", journal_parameters, "JournalList",
     NULL, NULL},
    {0},
};
