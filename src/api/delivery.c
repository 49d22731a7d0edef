#include "api/delivery.h"

#include <errno.h>
#include <stdio.h>

#include "io/clock.h"

struct delivery *delivery_new(struct api_request *request, const struct delivery_door *door,
                              enum format_id format)
{
    struct arena *arena = request_arena(request);
    struct delivery *delivery = arena_zero(arena, 1, sizeof(*delivery));
    void *context = arena_zero(arena, 1, door->context_size);
    if (!delivery || !context) {
        door->refuse(request, 503, "no memory for the request");
        return NULL;
    }
    delivery->request = request;
    delivery->door = door;
    delivery->format = format;
    delivery->context = context;
    return delivery;
}

static void release(struct delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->n_lanes; i++)
        intake_batch_free(&delivery->lanes[i]->own);
    delivery->door->release(delivery->context);
}

void delivery_refuse(struct delivery *delivery, unsigned status, const char *reason)
{
    delivery->door->refuse(delivery->request, status, reason);
    release(delivery);
}

static struct sender *sender_of(struct delivery *delivery, struct str source)
{
    const struct api_options *options = request_options(delivery->request);
    return senders_get(options->senders, request_grant(delivery->request), source);
}

bool delivery_admit(struct delivery *delivery, uint64_t n, struct str source)
{
    uint32_t wait_ms;
    char seconds[16];
    if (grant_take(request_grant(delivery->request), n, clock_ticks_us(), &wait_ms))
        return true;
    struct sender *sender = sender_of(delivery, source);
    if (sender)
        atomic_fetch_add(&sender->account.throttled, 1);
    snprintf(seconds, sizeof(seconds), "%u", wait_ms / 1000 + 1);
    request_set_header(delivery->request, "Retry-After", seconds);
    delivery_refuse(delivery, 429, "more events than this sender may send");
    return false;
}

static struct delivery_lane *add_lane(struct delivery *delivery, struct str source, struct str hint)
{
    const struct api_options *options = request_options(delivery->request);
    struct delivery_lane *lane = arena_zero(request_arena(delivery->request), 1, sizeof(*lane));
    struct sender *sender = lane ? sender_of(delivery, source) : NULL;
    if (!sender)
        return NULL;
    lane->batch = delivery->n_lanes == 0 ? request_batch(delivery->request) : &lane->own;
    lane->source = source;
    lane->hint = hint;
    lane->delivery = delivery;
    intake_begin(lane->batch, options->intake, sender, delivery->door->door, delivery->format,
                 request_peer(delivery->request), hint);
    delivery->lanes[delivery->n_lanes++] = lane;
    return lane;
}

struct delivery_lane *delivery_lane(struct delivery *delivery, struct str source, struct str hint,
                                    uint32_t *ret_number)
{
    uint32_t n = delivery->n_lanes;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = (delivery->last + i) % n;
        struct delivery_lane *lane = delivery->lanes[at];
        if (!str_eq(lane->source, source) || !str_eq(lane->hint, hint))
            continue;
        *ret_number = delivery->last = at;
        return lane;
    }
    if (n == DELIVERY_LANES_MAX) {
        delivery_refuse(delivery, 413, "events of too many sources in one request");
        return NULL;
    }
    struct delivery_lane *lane = add_lane(delivery, source, hint);
    if (!lane)
        delivery_refuse(delivery, 503, "no memory for the request");
    *ret_number = delivery->last = n;
    return lane;
}

/* All lanes are through: the first error is the request's. */
static void resumed(struct api_request *request)
{
    struct delivery *delivery = request_context(request);
    int status = 0;
    delivery->repeated = delivery->n_lanes > 0;
    for (uint32_t i = 0; i < delivery->n_lanes; i++) {
        const struct intake_result *result = &delivery->lanes[i]->result;
        status = status ? status : result->status;
        delivery->stored += result->stored;
        delivery->rejected += result->rejected;
        delivery->repeated = delivery->repeated && result->repeated;
    }
    if (status == 0) {
        delivery->door->answer(delivery);
        release(delivery);
    } else {
        bool busy = status == -EAGAIN;
        request_set_header(request, "Retry-After", busy ? "1" : "10");
        delivery_refuse(delivery, busy ? 429 : 503,
                        busy ? "too much is waiting to be stored; come back soon"
                             : "events can't be stored now; come back later");
    }
}

static void one_is_through(struct delivery *delivery)
{
    if (atomic_fetch_sub(&delivery->pending, 1) == 1)
        request_resume(delivery->request);
}

static void lane_done(void *context, const struct intake_result *result)
{
    struct delivery_lane *lane = context;
    lane->result = *result;
    one_is_through(lane->delivery);
}

void delivery_send(struct delivery *delivery)
{
    atomic_store(&delivery->pending, delivery->n_lanes + 1);
    request_suspend(delivery->request, resumed, delivery);
    for (uint32_t i = 0; i < delivery->n_lanes; i++) {
        struct delivery_lane *lane = delivery->lanes[i];
        int status = intake_submit(lane->batch, lane_done, lane);
        if (status < 0)
            lane_done(lane, &(struct intake_result){.status = status});
        intake_batch_free(&lane->own);
    }
    one_is_through(delivery);
}
