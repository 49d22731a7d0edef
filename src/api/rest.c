#include "api/rest.h"

#include <jansson.h>

#include "api/members.h"
#include "base/time.h"
#include "io/clock.h"

bool rest_query_number(struct api_request *request, const char *name, uint64_t min, uint64_t max,
                       uint64_t *number)
{
    struct str text = request_query(request, name);
    uint64_t n;
    if (!text.ptr)
        return true;
    if (str_to_u64(text, &n) < 0 || n < min || n > max) {
        request_problem(request, 400, "'%s' is a number from %llu to %llu", name,
                        (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *number = n;
    return true;
}

/* ---- bodies ---- */

static bool read_text(struct api_request *request, const char *name, const json_t *value,
                      struct str *ret_text)
{
    *ret_text = STR("");
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value)) {
        request_problem(request, 400, "'%s' is not a text", name);
        return false;
    }
    *ret_text = arena_copy(request_arena(request),
                           str_of(json_string_value(value), json_string_length(value)));
    if (!ret_text->ptr)
        request_problem(request, 503, "no memory");
    return ret_text->ptr;
}

static bool read_texts(struct api_request *request, const char *name, const json_t *value,
                       struct rest_texts *ret_texts)
{
    if (value && !json_is_array(value)) {
        request_problem(request, 400, "'%s' is not a list of texts", name);
        return false;
    }
    size_t n = json_array_size(value);
    *ret_texts = (struct rest_texts){
        arena_zero(request_arena(request), n + 1, sizeof(*ret_texts->items)), n};
    if (!ret_texts->items) {
        request_problem(request, 503, "no memory");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!read_text(request, name, json_array_get(value, i), &ret_texts->items[i]))
            return false;
    return true;
}

static bool read_number(struct api_request *request, const char *name, const json_t *value,
                        uint64_t *ret_number)
{
    if (value && (!json_is_integer(value) || json_integer_value(value) < 0)) {
        request_problem(request, 400, "'%s' is a number of 0 or more", name);
        return false;
    }
    *ret_number = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_expiration(struct api_request *request, const char *name, const json_t *value,
                            int64_t *ret_expiration)
{
    struct str text;
    *ret_expiration = TIME_UNSET;
    if (!read_text(request, name, value, &text))
        return false;
    if (text.len == 0)
        return true;
    if (time_parse(text, ret_expiration) < 0 || *ret_expiration <= clock_now_us()) {
        request_problem(request, 400, "'%s' is no time that is still to come", name);
        return false;
    }
    return true;
}

static bool read_member(struct api_request *request, const struct rest_member *member,
                        const json_t *value)
{
    if (member->ret_text)
        return read_text(request, member->name, value, member->ret_text);
    if (member->ret_texts)
        return read_texts(request, member->name, value, member->ret_texts);
    if (member->ret_number)
        return read_number(request, member->name, value, member->ret_number);
    return read_expiration(request, member->name, value, member->ret_expiration);
}

static bool read_members(struct api_request *request, json_t *object,
                         const struct rest_member *members)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const struct rest_member *member = members;
        while (member->name && strcmp(member->name, name) != 0)
            member++;
        if (!member->name) {
            request_problem(request, 400, "there is no member '%.64s' here", name);
            return false;
        }
    }
    for (const struct rest_member *member = members; member->name; member++)
        if (!read_member(request, member, json_object_get(object, member->name)))
            return false;
    return true;
}

bool rest_body_read(struct api_request *request, const struct rest_member *members)
{
    struct str body = request_body(request);
    json_error_t error;
    json_t *json = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &error);
    bool taken = json_is_object(json);
    if (taken)
        taken = read_members(request, json, members);
    else
        request_problem(request, 400, "a JSON object is expected: %s",
                        json ? "it is another value" : error.text);
    json_decref(json);
    return taken;
}

/* ---- changes ---- */

struct ledger *rest_change_begin(struct api_request *request, const char *action)
{
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return NULL;
    int status = ledger_begin(ledger, request_grant(request)->id, str_from_c(action));
    if (status == 0)
        return ledger;
    request_ledger_problem(request, status);
    return NULL;
}

bool rest_change_end(struct api_request *request, struct ledger *ledger, int status)
{
    if (status == 0)
        status = ledger_commit(ledger);
    else
        ledger_abort(ledger);
    if (status < 0)
        request_ledger_problem(request, status);
    return status == 0;
}

/* ---- lists ---- */

void rest_list_begin(struct buf *json, const char *name)
{
    buf_add_byte(json, '{');
    member_key(json, name);
    buf_add_byte(json, '[');
}

static void reply(struct api_request *request, int status, struct buf *json)
{
    buf_add_byte(json, '}');
    if (status < 0 && !json->failed)
        request_ledger_problem(request, status);
    else
        request_reply_json(request, 200, json);
    buf_free(json);
}

void rest_list_reply(struct api_request *request, int status, struct buf *json)
{
    buf_add_byte(json, ']');
    reply(request, status, json);
}

void rest_page_reply(struct api_request *request, int status, struct buf *json, struct str cursor)
{
    buf_add_byte(json, ']');
    if (cursor.len)
        member_str(json, "cursor", cursor);
    else
        member_raw(json, "cursor", cursor, "null");
    reply(request, status, json);
}
