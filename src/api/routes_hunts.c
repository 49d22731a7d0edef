/* Hunts: a question in KQL or SQL, answered as it is computed; those that run; and an end to one. */
#include <jansson.h>

#include "api/hunts.h"
#include "api/members.h"
#include "api/rest.h"
#include "api/saved_hunts.h"
#include "base/time.h"
#include "io/clock.h"

#define WISH_PARAMETERS_MAX 64

/* Texts of the wish, as they were sent; NULL pointers: absent. */
struct asked {
    struct str query, hunt, language, from, until, now, time;
    uint64_t rows, bytes;
    bool explain;
    struct hunt_parameter parameters[WISH_PARAMETERS_MAX];
    uint32_t n_parameters;
};

/* ---- what is said of a value ---- */

/* An instant, or how long ago. */
static bool read_instant(struct api_request *request, const char *name, struct str text,
                         int64_t *ret_time)
{
    int64_t duration;
    if (text.len == 0 || time_parse(text, ret_time) == 0)
        return true;
    if (time_parse_duration(text, &duration) == 0) {
        *ret_time = clock_now_us() - duration;
        return true;
    }
    request_problem(request, 400,
                    "'%s' is a time, such as 2026-11-22T06:00:00Z, or how long ago: 2d", name);
    return false;
}

static bool read_language(struct api_request *request, struct str text,
                          enum hunt_language *ret_language)
{
    *ret_language = HUNT_KQL;
    if (text.len == 0)
        return true;
    for (int i = 0; i < HUNT_LANGUAGES; i++)
        if (str_eq(text, str_from_c(hunt_language_names[i]))) {
            *ret_language = (enum hunt_language)i;
            return true;
        }
    request_problem(request, 400, "'language' is kql, sql or sigma");
    return false;
}

static bool read_limits(struct api_request *request, const struct asked *asked,
                        struct hunt_limits *ret_limits)
{
    const struct api_options *options = request_options(request);
    *ret_limits = (struct hunt_limits){.rows = asked->rows, .bytes = asked->bytes};
    if (asked->rows > options->hunt_rows_max || asked->bytes > HUNT_BYTES_MAX) {
        request_problem(request, 400, "a hunt has at most %llu rows and %llu bytes",
                        (unsigned long long)options->hunt_rows_max,
                        (unsigned long long)HUNT_BYTES_MAX);
        return false;
    }
    if (asked->time.len == 0)
        return true;
    if (time_parse_duration(asked->time, &ret_limits->time_us) == 0 && ret_limits->time_us > 0 &&
        ret_limits->time_us <= options->hunt_time_max_us)
        return true;
    request_problem(request, 400, "'time' is a duration up to %llds, such as 30s",
                    (long long)(options->hunt_time_max_us / TIME_SECOND_US));
    return false;
}

static enum hunt_form wanted_form(const struct api_request *request)
{
    struct str accept = request_header(request, "Accept");
    bool frames = str_find(accept, STR("application/x-ndjson")) != SIZE_MAX;
    bool csv = str_find(accept, STR("text/csv")) != SIZE_MAX;
    return frames ? HUNT_NDJSON : csv ? HUNT_CSV : HUNT_JSON;
}

/* The text of the saved hunt that is asked for, and its parameters checked. False: a problem was replied. */
static bool read_saved(struct api_request *request, const struct asked *asked,
                       struct hunt_wish *wish)
{
    struct saved_view view;
    struct err err = {0};
    if (asked->hunt.len == 0)
        return true;
    if (asked->query.len || asked->language.len) {
        request_problem(request, 400,
                        "a saved hunt has its query: 'query' and 'language' do not go "
                        "with 'hunt'");
        return false;
    }
    if (!saved_view_find(request, asked->hunt, &view))
        return false;
    wish->text = view.hunt->text;
    if (saved_parameters_check(view.hunt, asked->parameters, asked->n_parameters, &err) == 0)
        return true;
    request_problem(request, 400, "%s", err.message);
    return false;
}

/* now() of the query; what is later is not seen. */
static bool read_now(struct api_request *request, const struct asked *asked, struct hunt_wish *wish)
{
    if (!read_instant(request, "now", asked->now, &wish->now_us))
        return false;
    if (wish->now_us && wish->now_us < wish->last)
        wish->last = wish->now_us;
    return true;
}

static void start(struct api_request *request, const struct asked *asked)
{
    struct hunt_wish wish = {
        .text = asked->query,
        .form = wanted_form(request),
        .explain = asked->explain,
        .first = INT64_MIN,
        .last = INT64_MAX,
        .parameters = asked->parameters,
        .n_parameters = asked->n_parameters,
    };
    if (!read_saved(request, asked, &wish))
        return;
    if (str_trim(wish.text).len == 0)
        request_problem(request, 400, "there is no query");
    else if (read_language(request, asked->language, &wish.language) &&
             read_instant(request, "from", asked->from, &wish.first) &&
             read_instant(request, "until", asked->until, &wish.last) &&
             read_now(request, asked, &wish) && read_limits(request, asked, &wish.limits))
        hunts_start(request, &wish);
}

/* ---- a body that is the query ---- */

static void start_text(struct api_request *request)
{
    struct asked asked = {
        .query = request_body(request),
        .language = request_query(request, "language"),
        .from = request_query(request, "from"),
        .until = request_query(request, "until"),
        .time = request_query(request, "time"),
        .explain = str_eq(request_query(request, "explain"), STR("true")),
    };
    if (rest_query_number(request, "rows", 1, request_options(request)->hunt_rows_max, &asked.rows))
        start(request, &asked);
}

/* ---- a body that is JSON ---- */

/* A member that is a text, a number, a boolean, or an object of its own. */
enum member_kind { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_BOOLEAN, MEMBER_LIMITS, MEMBER_PARAMETERS };

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset; /* in struct asked */
};

static const struct member limit_members[] = {
    {"rows", MEMBER_NUMBER, offsetof(struct asked, rows)},
    {"bytes", MEMBER_NUMBER, offsetof(struct asked, bytes)},
    {"time", MEMBER_TEXT, offsetof(struct asked, time)},
    {0},
};

static const struct member members[] = {
    {"query", MEMBER_TEXT, offsetof(struct asked, query)},
    {"hunt", MEMBER_TEXT, offsetof(struct asked, hunt)},
    {"language", MEMBER_TEXT, offsetof(struct asked, language)},
    {"from", MEMBER_TEXT, offsetof(struct asked, from)},
    {"until", MEMBER_TEXT, offsetof(struct asked, until)},
    {"now", MEMBER_TEXT, offsetof(struct asked, now)},
    {"explain", MEMBER_BOOLEAN, offsetof(struct asked, explain)},
    {"limits", MEMBER_LIMITS, 0},
    {"parameters", MEMBER_PARAMETERS, 0},
    {0},
};

static const char *read_members(const json_t *object, const struct member *known,
                                struct asked *asked, const char **ret_name);

/* Values of parameters: texts as they are, all else as JSON writes it. NULL, or what is wrong. */
static const char *read_parameters(const json_t *object, struct asked *asked)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object) || json_object_size(object) > WISH_PARAMETERS_MAX)
        return "is an object of values";
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (!json_is_string(value))
            return "has values that are texts: 7d, true, 42";
        asked->parameters[asked->n_parameters++] = (struct hunt_parameter){
            str_from_c(name), str_of(json_string_value(value), json_string_length(value))};
    }
    return NULL;
}

static const char *read_value(const struct member *member, const json_t *value, struct asked *asked,
                              const char **ret_name)
{
    void *to = (char *)asked + member->offset;
    switch (member->kind) {
    case MEMBER_TEXT:
        if (!json_is_string(value))
            return "is a text";
        *(struct str *)to = str_of(json_string_value(value), json_string_length(value));
        return NULL;
    case MEMBER_NUMBER:
        if (!json_is_integer(value) || json_integer_value(value) < 1)
            return "is a number of 1 or more";
        *(uint64_t *)to = (uint64_t)json_integer_value(value);
        return NULL;
    case MEMBER_BOOLEAN:
        if (!json_is_boolean(value))
            return "is true or false";
        *(bool *)to = json_is_true(value);
        return NULL;
    case MEMBER_LIMITS:
        return json_is_object(value) ? read_members(value, limit_members, asked, ret_name)
                                     : "is an object of limits";
    case MEMBER_PARAMETERS:
        return read_parameters(value, asked);
    }
    return NULL;
}

/* NULL, or what is wrong with the member *ret_name. */
static const char *read_members(const json_t *object, const struct member *known,
                                struct asked *asked, const char **ret_name)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct member *member = known;
        while (member->name && strcmp(member->name, name) != 0)
            member++;
        *ret_name = name;
        if (!member->name)
            return "is no member of a hunt";
        const char *problem =
            json_is_null(value) ? NULL : read_value(member, value, asked, ret_name);
        if (problem)
            return problem;
    }
    return NULL;
}

static void start_json(struct api_request *request)
{
    struct asked asked = {0};
    struct str body = request_body(request);
    const char *name = "";
    json_error_t error;
    json_t *json = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        request_problem(request, 400, "a JSON object is expected: %s",
                        json ? "it is another value" : error.text);
    } else {
        const char *problem = read_members(json, members, &asked, &name);
        if (problem)
            request_problem(request, 400, "'%.64s' %s", name, problem);
        else
            start(request, &asked); /* copies what it needs */
    }
    json_decref(json);
}

static bool has_lake(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    if (options->lake && options->hunt_tables)
        return true;
    request_problem(request, 404, "this centre keeps no events to hunt in");
    return false;
}

static void handle_hunt(struct api_request *request)
{
    if (!has_lake(request))
        return;
    if (str_starts(request_header(request, "Content-Type"), STR("application/json")))
        start_json(request);
    else
        start_text(request);
}

/* ---- those that run ---- */

static void handle_list(struct api_request *request)
{
    struct buf json = {0};
    rest_list_begin(&json, "hunts");
    hunts_list(request, &json);
    rest_list_reply(request, 0, &json);
}

static void handle_cancel(struct api_request *request)
{
    if (hunts_cancel(request, request_segment(request, 0)))
        request_reply(request, 204, NULL, STR(""));
    else
        request_problem(request, 404, "no such hunt of yours runs");
}

static const struct api_parameter parameters[] = {
    {"language", "string",
     "kql (the default), sql, or sigma: rules, whose events are "
     "the rows; for a body that is the query.",
     false},
    {"from", "string", "Only events at this time or later; also how long ago: 2d.", false},
    {"until", "string", "Only events before this time.", false},
    {"rows", "integer", "Rows of all results, 1 to 1000000; 10000 unless told.", false},
    {"time", "string", "How long it may take, up to 3600s; 60s unless told.", false},
    {"explain", "string", "true: the plan, not the rows.", false},
    {0},
};

const struct api_route routes_hunts[] = {
    {"POST", "/api/v1/hunts", API_READ, handle_hunt,
     "Asks all stored events a question. With Accept: application/x-ndjson the answer comes as "
     "frames while "
     "it is computed, with text/csv as CSV, otherwise as one JSON object. A body of another type "
     "than "
     "application/json is the query itself. In JSON, 'hunt' asks a saved hunt by its id.",
     parameters, "HuntResult", "Hunt", NULL},
    {"GET", "/api/v1/hunts", API_READ, handle_list, "Lists the caller's hunts that run.", NULL,
     "HuntList", NULL, NULL},
    {"DELETE", "/api/v1/hunts/{id}", API_READ, handle_cancel,
     "Cancels a hunt of the caller: its answer ends with a problem.", NULL, NULL, NULL, NULL},
    {0},
};
