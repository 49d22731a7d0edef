#include "readiness/ask.h"

#include <errno.h>

#include "base/time.h"

static int refusal(unsigned status)
{
    return status == 401 || status == 403 ? -EACCES
           : status == 404                ? -ENOENT
           : status < 500                 ? -EINVAL
                                          : -EIO;
}

int ask(struct client *client, const char *method, const char *path, const char *body,
        json_t **ret_answer, struct err *err)
{
    const struct client_request request = {.method = method,
                                           .path = path,
                                           .type = body ? "application/json" : NULL,
                                           .body = str_from_c(body)};
    struct client_reply reply = {0};
    int status = client_deliver(client, &request, &reply, err);
    json_t *answer = NULL;
    if (status == 0) {
        answer = reply.body.len ? json_loadb(reply.body.ptr, reply.body.len, 0, NULL) : json_null();
        if (reply.status >= 300 || !answer) {
            struct str detail = ask_text(answer, "detail");
            status = err_set(err, reply.status >= 300 ? refusal(reply.status) : -EIO,
                             "%s %s: the centre answers %u%s%.*s", method, path, reply.status,
                             detail.len ? ": " : "", STR_ARG(str_first(detail, 160)));
        }
    }
    client_reply_free(&reply);
    if (status == 0 && ret_answer)
        *ret_answer = answer;
    else
        json_decref(answer);
    return status;
}

struct str ask_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

int64_t ask_time(const json_t *object, const char *name)
{
    int64_t time_us = TIME_UNSET;
    return time_parse(ask_text(object, name), &time_us) == 0 ? time_us : TIME_UNSET;
}

uint64_t ask_number(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));
    return number > 0 ? (uint64_t)number : 0;
}
