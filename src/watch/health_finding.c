/* What health says of a source, as a finding: an OCSF 1.8 Detection Finding (class 2004) of a statistical analytic. */
#include <errno.h>

#include "base/hash.h"
#include "base/time.h"
#include "sigma/rule.h"
#include "watch/health_inside.h"

#define FOLD_US (7 * TIME_DAY_US) /* an open one is the same for as long */

static const struct {
    const char *name, *rule, *title;
    enum sigma_level level;
    int severity_id; /* .. as OCSF has it */
    const char *severity;
} checks[CHECK_COUNT] = {
    [CHECK_SILENT] = {"silent", "source.silent", "Source silent", SIGMA_HIGH, 4, "High"},
    [CHECK_SLOW] = {"slow", "source.slow", "Source slow", SIGMA_MEDIUM, 3, "Medium"},
    [CHECK_BACKWARDS] = {"backwards", "source.backwards", "Source goes back in time", SIGMA_MEDIUM,
                         3, "Medium"},
    [CHECK_DRIFT] = {"drift", "source.drift", "Clock of source is wrong", SIGMA_MEDIUM, 3,
                     "Medium"},
};

const char *health_check_name(enum health_check check)
{
    return checks[check].name;
}

enum health_check health_check_of(struct str rule)
{
    unsigned check = 0;
    while (check < CHECK_COUNT && !str_eq(str_from_c(checks[check].rule), rule))
        check++;
    return (enum health_check)check;
}

/* "3d 4h", "12m 30s": the two largest units. */
static void add_duration(struct buf *out, int64_t us)
{
    static const struct {
        int64_t seconds;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    int64_t seconds = (us < 0 ? -us : us) / TIME_SECOND_US;
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds)
        i++;
    buf_printf(out, "%lld%c", (long long)(seconds / units[i].seconds), units[i].letter);
    seconds %= units[i].seconds;
    if (i < 3 && seconds >= units[i + 1].seconds)
        buf_printf(out, " %lld%c", (long long)(seconds / units[i + 1].seconds),
                   units[i + 1].letter);
}

/* One sentence on what is the case and what would be usual. */
static void add_description(struct buf *out, enum health_check check,
                            const struct source_state *state, int64_t now)
{
    switch (check) {
    case CHECK_SILENT:
        if (state->last_seen == TIME_UNSET) {
            buf_add_c(out, "It has never sent anything, and was declared to send at least every ");
            add_duration(out, state->expect_us);
            break;
        }
        buf_add_c(out, "It has sent nothing for ");
        add_duration(out, now - state->last_seen);
        buf_add_c(out, state->expect_us
                           ? "; it was declared to send at least every "
                           : "; in its usual hours it is never silent for longer than ");
        add_duration(out, state->gap_us);
        break;
    case CHECK_SLOW:
        buf_printf(out, "It sends %.1f events a minute; usual for this hour are %.1f", state->rate,
                   state->usual);
        break;
    case CHECK_BACKWARDS:
        buf_add_c(out, "Its events are older than those it sent before, again and again");
        break;
    default:
        buf_add_c(out, "The times in its events are ");
        add_duration(out, state->offset_us);
        buf_add_c(out, state->offset_us < 0 ? " behind the time of receipt, steadily"
                                            : " ahead of the time of receipt, steadily");
    }
}

/* A UUID of version 8 (RFC 9562, 5.8: custom): of the fold and the time it was raised. */
static void add_uid(struct buf *out, struct str fold, int64_t now)
{
    unsigned long long high = hash_bytes(fold.ptr, fold.len, (uint64_t)now);
    unsigned long long low = hash_bytes(fold.ptr, fold.len, ~(uint64_t)now);
    high = (high & ~0xf000ull) | 0x8000ull;
    low = (low & ~(3ull << 62)) | 2ull << 62;
    buf_printf(out, "\"uid\":\"%08llx-%04llx-%04llx-%04llx-%012llx\"", high >> 32,
               high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffffull);
}

/* OCSF counts in milliseconds. */
static void add_time(struct buf *out, const char *key, int64_t time_us)
{
    if (time_us != TIME_UNSET)
        buf_printf(out, ",\"%s\":%lld", key, (long long)(time_us / 1000));
}

static void add_document(struct buf *out, enum health_check check, const struct source_state *state,
                         struct str title, struct str fold, int64_t now)
{
    struct buf description = {0};
    add_description(&description, check, state, now);
    buf_add_c(out, "{\"activity_id\":1,\"activity_name\":\"Create\",\"category_uid\":2,"
                   "\"category_name\":\"Findings\",\"class_uid\":2004,"
                   "\"class_name\":\"Detection Finding\",\"type_uid\":200401,"
                   "\"type_name\":\"Detection Finding: Create\",\"status_id\":1,"
                   "\"status\":\"New\",\"is_alert\":true");
    add_time(out, "time", now);
    buf_printf(out, ",\"severity_id\":%d,\"severity\":\"%s\",", checks[check].severity_id,
               checks[check].severity);
    buf_add_c(out, "\"metadata\":{\"version\":\"1.8.0\",\"product\":{\"name\":\"jaga\","
                   "\"vendor_name\":\"jaga\",\"version\":\"" JAGA_VERSION "\"},\"tenant_uid\":");
    buf_add_json(out, state->agency);
    buf_add_c(out, "},\"finding_info\":{");
    add_uid(out, fold, now);
    buf_add_c(out, ",\"title\":");
    buf_add_json(out, title);
    buf_add_c(out, ",\"desc\":");
    buf_add_json(out, buf_str(&description));
    add_time(out, "first_seen_time", now);
    add_time(out, "last_seen_time", now);
    buf_add_c(out, ",\"analytic\":{\"type_id\":3,\"type\":\"Statistical\","
                   "\"category\":\"Source health\",\"uid\":");
    buf_add_json(out, str_from_c(checks[check].rule));
    buf_add_c(out, ",\"name\":");
    buf_add_json(out, str_from_c(checks[check].title));
    buf_add_c(out, "}},\"evidences\":[{\"data\":{\"agency\":");
    buf_add_json(out, state->agency);
    buf_add_c(out, ",\"source\":");
    buf_add_json(out, state->source);
    add_time(out, "last_seen", state->last_seen);
    add_time(out, "last_event", state->last_event);
    buf_printf(out, ",\"rate\":%.3f", state->rate);
    if (state->usual >= 0)
        buf_printf(out, ",\"usual\":%.3f", state->usual);
    buf_printf(out, ",\"silence_max\":%lld,\"offset\":%lld}}]}", (long long)(state->gap_us / 1000),
               (long long)(state->offset_us / 1000));
    out->failed |= description.failed;
    buf_free(&description);
}

static int raise_finding(struct ledger *ledger, enum health_check check,
                         const struct source_state *state, struct str fold, int64_t now)
{
    struct buf title = {0}, document = {0};
    char id[FINDING_ID_MAX];
    bool is_new, taken;
    int status = -ENOMEM;
    buf_printf(&title, "%s: %.*s/%.*s", checks[check].title, STR_ARG(state->agency),
               STR_ARG(state->source));
    if (!title.failed)
        add_document(&document, check, state, buf_str(&title), fold, now);
    if (!title.failed && !document.failed)
        status = finding_take(ledger,
                              &(struct ledger_match){.kind = FINDING_SOURCE,
                                                     .agency = state->agency,
                                                     .rule = str_from_c(checks[check].rule),
                                                     .title = buf_str(&title),
                                                     .level = (uint8_t)checks[check].level,
                                                     .source = state->source,
                                                     .tags = STR("[]"),
                                                     .fold = fold,
                                                     .fold_us = FOLD_US,
                                                     .time = now,
                                                     .seen = now,
                                                     .ocsf = buf_str(&document),
                                                     .count = 1},
                              &is_new, &taken, id);
    buf_free(&title);
    buf_free(&document);
    return status;
}

int health_tell(struct ledger *ledger, enum health_check check, const struct source_state *state,
                bool raise, int64_t now)
{
    struct buf fold = {0};
    buf_printf(&fold, "source/%s/%.*s/%.*s", checks[check].name, STR_ARG(state->agency),
               STR_ARG(state->source));
    int status = -ENOMEM;
    if (!fold.failed && raise)
        status = raise_finding(ledger, check, state, buf_str(&fold), now);
    else if (!fold.failed)
        status = finding_clear(ledger, buf_str(&fold), now);
    buf_free(&fold);
    /* Somebody has closed it by hand. */
    return status == -ENOENT ? 0 : status;
}
