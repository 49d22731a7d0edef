/*
 * kv: lines of key=value pairs (pairs.h has the grammar), as firewalls and logfmt write them.
 *
 *     date=2026-11-21 time=10:02:03 tz="+0800" devname="fw1" type="event" user="admin"
 *
 * Yields the keys as they are; a line without any pair is an event with `message`. Time:
 * FortiGate's eventtime, else date and time with tz, else the first of time, ts, timestamp that is
 * one.
 */
#include <errno.h>

#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/pairs.h"
#include "parse/payload.h"

#define KV_PROBE_PAIRS 3 /* in a line that is recognised */

static struct str value_of(struct event *event, const char *name)
{
    struct slot *slot = event_find_name(event, str_from_c(name));
    return slot ? str_of(slot->text, slot->text_len) : STR("");
}

/* date=2026-11-21 time=10:02:03 tz="+0800" */
static bool time_from_parts(struct event *event, struct str date, struct str clock)
{
    char text[TIME_TEXT_MAX];
    struct str zone = value_of(event, "tz");
    if (date.len == 0 || date.len + clock.len + zone.len + 1 > sizeof(text))
        return false;
    memcpy(text, date.ptr, date.len);
    text[date.len] = 'T';
    memcpy(text + date.len + 1, clock.ptr, clock.len);
    if (zone.len)
        memcpy(text + date.len + 1 + clock.len, zone.ptr, zone.len);
    return time_parse(str_of(text, date.len + 1 + clock.len + zone.len), &event->time) == 0;
}

static void set_time(struct event *event)
{
    static const char *const fields[] = {"time", "ts", "timestamp"};
    struct str clock = value_of(event, "time");
    if (time_parse(value_of(event, "eventtime"), &event->time) == 0)
        return;
    if (clock.len && time_from_parts(event, value_of(event, "date"), clock))
        return;
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (time_parse(value_of(event, fields[i]), &event->time) == 0)
            return;
}

int pairs_add(struct parser *parser, struct str text, unsigned flags)
{
    struct pairs pairs;
    struct pair pair;
    uint32_t before = parser->event.n_slots;
    pairs_start(&pairs, text);
    while (pairs_next(&pairs, &pair))
        parser_add(parser, pair.key, pairs_value(&pair, &parser->scratch), VALUE_STRING, flags);
    if (parser->event.n_slots == before)
        return -EINVAL;
    if (parser->event.time == TIME_UNSET)
        set_time(&parser->event);
    return 0;
}

/* Pairs make up the line: it starts with one, and there are several. */
static bool is_pairs(struct str line)
{
    struct pairs pairs;
    struct pair pair;
    pairs_start(&pairs, line);
    return pairs_next(&pairs, &pair) && pair.key.ptr == line.ptr &&
           pairs_count(line, KV_PROBE_PAIRS) == KV_PROBE_PAIRS;
}

static int kv_probe(struct str head)
{
    int sure = lines_probe(head, is_pairs);
    return sure >= 60 ? 70 : 0;
}

static const char *kv_event(struct parser *parser, const struct line *line)
{
    if (pairs_add(parser, line->text, line->flags) < 0) {
        parser_add(parser, STR("message"), line->text, VALUE_STRING, line->flags);
        return NULL;
    }
    names_mark_lists(parser);
    return NULL;
}

static int kv_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    return lines_run(parser, chunk, sink, kv_event);
}

const struct format format_kv = {.id = FORMAT_KV,
                                 .name = "kv",
                                 .about = "lines of key=value pairs: FortiGate, logfmt and others",
                                 .probe = kv_probe,
                                 .cut = parse_cut_lines,
                                 .parse = kv_parse};
