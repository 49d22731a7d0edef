/* What was rejected at the doors: a list, and one sent through them again. */
#include <errno.h>
#include <sodium.h>

#include "api/members.h"
#include "api/rest.h"
#include "base/utf8.h"
#include "watch/deadletter.h"

#define LETTERS_DEFAULT 100 /* of an answer */
#define LETTERS_MAX 1000
#define LETTERS_SIZE ((size_t)4 << 20) /* an answer that is larger takes no more letters */

/* ---- the list ---- */

struct listing {
    struct buf json;
    uint64_t next; /* behind the last letter in it */
    bool full;
};

/* Bytes that are no UTF-8 are given in base64 (RFC 4648, section 4) too. */
static void add_bytes(struct buf *out, struct str bytes)
{
    member_str(out, "event", bytes);
    if (utf8_valid(bytes) == bytes.len) {
        member_raw(out, "base64", STR("null"), "");
        return;
    }
    size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    member_key(out, "base64");
    buf_add_byte(out, '"');
    char *end = buf_reserve(out, size);
    if (end) {
        sodium_bin2base64(end, size, (const unsigned char *)bytes.ptr, bytes.len,
                          sodium_base64_VARIANT_ORIGINAL);
        out->len += size - 1;
    }
    buf_add_byte(out, '"');
}

static int add_letter(void *context, const struct dead_letter *letter)
{
    struct listing *listing = context;
    struct buf *out = &listing->json;
    const struct format *format = format_get(letter->format);
    member_row_begin(out);
    member_u64(out, "offset", letter->offset);
    member_time(out, "received", letter->received);
    member_str(out, "agency", letter->agency);
    member_str(out, "source", letter->source);
    member_str(out, "peer", letter->peer);
    member_str(out, "hint", letter->hint);
    member_c(out, "door", door_names[letter->door]);
    member_c(out, "format", format ? format->name : "");
    member_str(out, "reason", letter->reason);
    add_bytes(out, letter->bytes);
    listing->next = letter->offset + 1;
    listing->full = out->len >= LETTERS_SIZE;
    int status = member_row_end(out);
    return status == 0 && listing->full ? -ECANCELED : status;
}

static void handle_list(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    uint64_t offset = 0, limit = LETTERS_DEFAULT;
    if (!rest_query_number(request, "offset", 0, INT64_MAX, &offset) ||
        !rest_query_number(request, "limit", 1, LETTERS_MAX, &limit))
        return;
    struct listing listing = {.next = offset};
    rest_list_begin(&listing.json, "letters");
    int status = deadletter_list(options->engine, options->dead, request_scope(request), offset,
                                 (uint32_t)limit, add_letter, &listing, &listing.next);
    if (status < 0 && !listing.full) {
        request_problem(request, 503, "the dead letters cannot be read: %s", strerror(-status));
    } else {
        buf_printf(&listing.json, "],\"next\":%llu}", (unsigned long long)listing.next);
        request_reply_json(request, 200, &listing.json);
    }
    buf_free(&listing.json);
}

/* ---- one again ---- */

static void refuse(struct api_request *request, int status)
{
    switch (status) {
    case -ENOENT:
        request_problem(request, 404, "there is no such dead letter");
        break;
    case -EBADMSG:
        request_problem(request, 422, "it is still malformed");
        break;
    case -EAGAIN:
        request_set_header(request, "Retry-After", "1");
        request_problem(request, 429, "too much is waiting to be stored; come back soon");
        break;
    default:
        request_set_header(request, "Retry-After", "10");
        request_problem(request, 503, "events can't be stored now: %s", strerror(-status));
    }
}

/* In the request's memory. */
struct replay {
    struct api_request *request;
    struct intake_result result;
};

static void resumed(struct api_request *request)
{
    const struct replay *replay = request_context(request);
    struct buf json = {0};
    if (replay->result.status < 0) {
        refuse(request, replay->result.status);
        return;
    }
    buf_add_byte(&json, '{');
    member_u64(&json, "partition", replay->result.partition);
    member_u64(&json, "offset", replay->result.offset);
    buf_add_byte(&json, '}');
    request_reply_json(request, 200, &json);
    buf_free(&json);
}

static void replayed(void *context, const struct intake_result *result)
{
    struct replay *replay = context;
    replay->result = *result;
    request_resume(replay->request);
}

static void handle_replay(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    struct replay *replay = arena_zero(request_arena(request), 1, sizeof(*replay));
    uint64_t offset;
    if (!replay || str_to_u64(request_segment(request, 0), &offset) < 0) {
        refuse(request, replay ? -ENOENT : -ENOMEM);
        return;
    }
    replay->request = request;
    request_suspend(request, resumed, replay);
    int status =
        deadletter_replay(options->intake, request_scope(request), offset, replayed, replay);
    if (status < 0)
        replayed(replay, &(struct intake_result){.status = status});
}

static const struct api_parameter parameters[] = {
    {"offset", "integer", "The first letter wanted; 0, the oldest there is, where it is absent.",
     false},
    {"limit", "integer", "At most so many, 1 to 1000; 100 where it is absent.", false},
    {0},
};

const struct api_route routes_deadletters[] = {
    {"GET", "/api/v1/deadletters", API_READ, handle_list,
     "Lists events that were rejected, oldest first, each with the reason.", parameters,
     "DeadLetterList", NULL, NULL},
    {"POST", "/api/v1/deadletters/{offset}/replay", API_ADMIN, handle_replay,
     "Sends one through the doors again, as the source it was from; 422 while it is still "
     "malformed. It stays in the list.",
     NULL, "Replayed", NULL, NULL},
    {0},
};
