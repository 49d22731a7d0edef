#include "ship/sending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"

#define UNPACKED_MAX (1u << 30)
#define PACE_STEP_US (TIME_SECOND_US / 20)
#define ANSWER_SHOWN 200 /* bytes of a refusal that are logged */

/* Events of one format. */
struct pile {
    struct buf text;
    uint64_t events;
};

struct sending {
    struct sending_options options;
    struct pile piles[FORMAT_COUNT];
    size_t bytes;
    uint64_t events;
    int64_t pace; /* ticks: when the rate lets the next batch go */
    struct client_reply reply;
    struct sending_stats stats;
};

struct sending *sending_new(const struct sending_options *options)
{
    struct sending *sending = calloc(1, sizeof(*sending));
    if (sending)
        sending->options = *options;
    return sending;
}

void sending_free(struct sending *sending)
{
    if (!sending)
        return;
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        buf_free(&sending->piles[i].text);
    client_reply_free(&sending->reply);
    free(sending);
}

/* ---- what is added ---- */

int sending_add(struct sending *sending, enum format_id format, struct str event)
{
    struct pile *pile = &sending->piles[format];
    if (str_trim(event).len == 0)
        return 0;
    buf_add_str(&pile->text, event);
    buf_add_byte(&pile->text, '\n');
    pile->events++;
    sending->events++;
    sending->bytes += event.len + 1;
    return pile->text.failed ? -ENOMEM : 0;
}

int sending_add_lines(struct sending *sending, enum format_id format, struct str lines)
{
    struct str line;
    int status = 0;
    while (status == 0 && str_cut_line(&lines, &line))
        status = sending_add(sending, format, line);
    return status;
}

bool sending_is_full(const struct sending *sending)
{
    return sending->bytes >= sending->options.batch || sending->events >= SENDING_EVENTS_MAX;
}

bool sending_is_empty(const struct sending *sending)
{
    return sending->events == 0;
}

/* ---- requests ---- */

static void make_path(const struct sending *sending, enum format_id format, struct buf *out)
{
    const char *source = sending->options.source;
    buf_printf(out, "/api/v1/events?format=%s", format_get(format)->name);
    if (source) {
        buf_add_c(out, "&source=");
        client_escape(str_from_c(source), out);
    }
    buf_add_byte(out, '\0');
}

/* One part, until the server gives an answer that stays. Its status is in sending->reply. */
static int deliver(struct sending *sending, const struct position_part *part, struct err *err)
{
    const struct positions *positions = sending->options.positions;
    struct buf path = {0};
    make_path(sending, part->format, &path);
    struct client_request request = {
        .method = "POST",
        .path = path.ptr,
        .type = part->format == FORMAT_JSON ? "application/x-ndjson" : "text/plain",
        .body = buf_str(&part->bytes),
        .packed = part->packed,
        .producer = positions->producer,
        .sequence = positions->sequence + 1,
    };
    int status = path.failed
                     ? err_set(err, -ENOMEM, "no memory")
                     : client_deliver(sending->options.client, &request, &sending->reply, err);
    buf_free(&path);
    return status;
}

static int save(struct sending *sending, struct err *err)
{
    int status = positions_save(sending->options.dir_fd, sending->options.positions);
    return status < 0 ? err_set(err, status, "cannot save positions: %s", strerror(-status)) : 0;
}

static void drop_first(struct positions *positions)
{
    buf_free(&positions->parts.items[0].bytes);
    positions->parts.len--;
    memmove(positions->parts.items, positions->parts.items + 1,
            positions->parts.len * sizeof(*positions->parts.items));
}

/* The number behind "NAME": in a flat JSON answer; 0: there is none. */
static uint64_t number_of(struct str json, struct str name)
{
    size_t at = str_find(json, name);
    uint64_t number = 0;
    struct str rest = str_skip(json, at == SIZE_MAX ? json.len : at + name.len);
    while (rest.len && rest.ptr[0] >= '0' && rest.ptr[0] <= '9' && number < UINT64_MAX / 16) {
        number = number * 10 + (uint64_t)(rest.ptr[0] - '0');
        rest = str_skip(rest, 1);
    }
    return number;
}

static void count_answer(struct sending *sending, const struct position_part *part)
{
    uint64_t rejected = number_of(buf_str(&sending->reply.body), STR("\"rejected\":"));
    sending->stats.requests++;
    sending->stats.events += part->events;
    sending->stats.bytes += part->bytes.len;
    sending->stats.rejected += rejected;
    if (rejected)
        log_say(LOG_WARN, "ship.rejected", "the centre keeps %llu events as dead letters",
                (unsigned long long)rejected);
}

/* ---- too large for the server ---- */

static uint64_t count_lines(struct str text)
{
    uint64_t n = 0;
    struct str line;
    while (str_cut_line(&text, &line))
        n++;
    return n;
}

/* One event that the server will never take is kept here, for people. */
static int keep_refused(struct sending *sending, struct str text, struct err *err)
{
    int fd = openat(sending->options.dir_fd, SENDING_REFUSED,
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int status = fd < 0 ? -errno : file_write_fd_durable(fd, text);
    if (fd >= 0)
        close(fd);
    if (status < 0)
        return err_set(err, status, SENDING_REFUSED ": %s", strerror(-status));
    sending->stats.refused++;
    log_say(LOG_ERROR, "ship.refused",
            "an event of %zu bytes is too large for the centre; kept in " SENDING_REFUSED,
            text.len);
    drop_first(sending->options.positions);
    return 0;
}

static int make_part(const struct sending *sending, struct position_part *part, struct str text)
{
    part->events = count_lines(text);
    part->packed = sending->options.pack;
    if (!part->packed)
        buf_add_str(&part->bytes, text);
    else if (client_pack(text, &part->bytes) < 0)
        return -ENOMEM;
    return part->bytes.failed ? -ENOMEM : 0;
}

/* The first part in two; each has a sequence of its own, and the whole was not stored. */
static int split(struct sending *sending, struct str text, struct err *err)
{
    struct positions *positions = sending->options.positions;
    size_t half = text.len / 2 + str_index(str_skip(text, text.len / 2), '\n') + 1;
    if (half >= text.len) { /* the middle is in the last line: it stands alone */
        half = text.len - 1;
        while (text.ptr[half - 1] != '\n')
            half--;
    }
    struct position_part first = {.format = positions->parts.items[0].format}, second = first;
    if (make_part(sending, &first, str_first(text, half)) < 0 ||
        make_part(sending, &second, str_skip(text, half)) < 0 ||
        vec_reserve(&positions->parts, positions->parts.len + 1) < 0) {
        buf_free(&first.bytes);
        buf_free(&second.bytes);
        return err_set(err, -ENOMEM, "no memory");
    }
    struct position_part *parts = positions->parts.items;
    memmove(parts + 2, parts + 1, (positions->parts.len - 1) * sizeof(*parts));
    buf_free(&parts[0].bytes);
    parts[0] = first;
    parts[1] = second;
    positions->parts.len++;
    return save(sending, err);
}

static int make_smaller(struct sending *sending, struct err *err)
{
    const struct position_part *part = &sending->options.positions->parts.items[0];
    struct buf text = {0};
    int status = 0;
    if (part->packed)
        status = client_unpack(buf_str(&part->bytes), UNPACKED_MAX, &text);
    else
        buf_add_str(&text, buf_str(&part->bytes));
    if (status < 0 || text.failed)
        err_set(err, status < 0 ? status : -ENOMEM, "what was saved cannot be split");
    else if (part->events <= 1 || sending->options.positions->parts.len >= POSITION_PARTS_MAX)
        status = keep_refused(sending, buf_str(&text), err);
    else
        status = split(sending, buf_str(&text), err);
    buf_free(&text);
    return status;
}

/* ---- the parts that were saved, one after the other ---- */

/* The server says no and will say it again: with `once` that is the end, else somebody will mend it. */
static int refused(struct sending *sending, int status, unsigned *failures, struct err *err)
{
    if (status == 0) {
        struct str answer = str_first(str_trim(buf_str(&sending->reply.body)), ANSWER_SHOWN);
        status = err_set(err, -EACCES, "the centre refuses: %u %.*s", sending->reply.status,
                         STR_ARG(answer));
    }
    if (sending->options.once)
        return status;
    if (++*failures == 1)
        log_say(LOG_ERROR, "ship.refused", "%s", err->message);
    return client_pause(sending->options.client, *failures, sending->reply.retry_after_us) < 0
               ? err_set(err, -ECANCELED, "stopped")
               : 0;
}

static int send_parts(struct sending *sending, struct err *err)
{
    struct positions *positions = sending->options.positions;
    unsigned failures = 0;
    int status = 0;
    while (status == 0 && positions->parts.len) {
        const struct position_part *part = &positions->parts.items[0];
        status = deliver(sending, part, err);
        if (status < 0 && status != -EPROTO)
            break;
        if (status == 0 && sending->reply.status / 100 == 2) {
            count_answer(sending, part);
            positions->sequence++;
            drop_first(positions);
            failures = 0;
        } else if (status == 0 && sending->reply.status == 413) {
            status = make_smaller(sending, err);
        } else {
            status = refused(sending, status, &failures, err);
        }
    }
    return status;
}

/* Waits for the rate, then says when the next batch may go. */
static int keep_pace(struct sending *sending, uint64_t events, struct err *err)
{
    const volatile sig_atomic_t *stop = sending->options.stop;
    uint64_t rate = sending->options.rate;
    int64_t now = clock_ticks_us();
    if (rate == 0)
        return 0;
    while (now < sending->pace && !(stop && *stop)) {
        int64_t left = sending->pace - now;
        struct timespec time = {0, (long)((left < PACE_STEP_US ? left : PACE_STEP_US) * 1000)};
        nanosleep(&time, NULL);
        now = clock_ticks_us();
    }
    if (stop && *stop)
        return err_set(err, -ECANCELED, "stopped");
    sending->pace = now + (int64_t)(events * (uint64_t)TIME_SECOND_US / rate);
    return 0;
}

static int make_parts(struct sending *sending, struct err *err)
{
    struct positions *positions = sending->options.positions;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct pile *pile = &sending->piles[i];
        struct position_part part = {.format = (enum format_id)i};
        if (pile->events == 0)
            continue;
        if (make_part(sending, &part, buf_str(&pile->text)) < 0 ||
            vec_push(&positions->parts, part) < 0) {
            buf_free(&part.bytes);
            return err_set(err, -ENOMEM, "no memory");
        }
        buf_clear(&pile->text);
        pile->events = 0;
    }
    sending->events = 0;
    sending->bytes = 0;
    return 0;
}

int sending_flush(struct sending *sending, struct err *err)
{
    int status = keep_pace(sending, sending->events, err);
    if (status == 0)
        status = make_parts(sending, err);
    if (status == 0)
        status = save(sending, err);
    return status < 0 ? status : send_parts(sending, err);
}

int sending_resume(struct sending *sending, struct err *err)
{
    return send_parts(sending, err);
}

struct sending_stats sending_stats(const struct sending *sending)
{
    return sending->stats;
}
