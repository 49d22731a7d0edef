#include "watch/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/vec.h"
#include "ledger/journal.h"
#include "watch/proof.h"

#define PAGE 64 /* entries read together */

/* ---- what goes ---- */

int audit_note_going(void *context, const struct lake_going *going)
{
    struct ledger *ledger = context;
    struct buf note = {0};
    buf_add_c(&note, "{\"day\":");
    buf_add_json(&note, going->day);
    buf_printf(&note, ",\"last\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"whole\":%s}", going->last,
               going->rows, going->whole ? "true" : "false");
    int status = note.failed ? -ENOMEM : ledger_begin(ledger, STR("jaga"), AUDIT_REMOVE_ACTION);
    if (status == 0) {
        status = journal_note(ledger, AUDIT_REMOVE_TOPIC, buf_str(&note));
        if (status == 0)
            status = ledger_commit(ledger);
        else
            ledger_abort(ledger);
    }
    buf_free(&note);
    return status;
}

/* ---- the state of an audit ---- */

/* What the journal says went of a day, and what is gone. */
struct day {
    char name[LAKE_DAY_TEXT_MAX];
    uint64_t whole;   /* blocks up to this one went with the day; 0: none */
    uint64_t noted;   /* rows that went since, by the journal */
    uint64_t removed; /* .. by the lake */
};

/* A block of the journal that the lake has not, and no note read so far takes. */
struct missing {
    char day[LAKE_DAY_TEXT_MAX];
    struct lake_block block; /* its day is the text above */
};

struct auditing {
    const struct audit *audit;
    struct audit_report report;
    VEC(struct day) days;
    VEC(struct missing) missing;
    struct lake_block *blocks; /* of the lake, a page of them */
    VEC(char) day_names;       /* of these, LAKE_DAY_TEXT_MAX bytes each */
    size_t n_blocks, at;
    uint64_t read_to; /* seq of the last one read */
    bool all_read;
    uint64_t noted; /* seq of the last block in the journal */
};

static struct day *day_of(struct auditing *auditing, struct str name)
{
    for (size_t i = 0; i < auditing->days.len; i++)
        if (str_eq(str_from_c(auditing->days.items[i].name), name))
            return &auditing->days.items[i];
    struct day day = {0};
    if (name.len >= sizeof(day.name))
        return NULL;
    memcpy(day.name, name.ptr, name.len);
    return vec_push(&auditing->days, day) < 0 ? NULL
                                              : &auditing->days.items[auditing->days.len - 1];
}

static bool is_asked_for(const struct auditing *auditing, struct str day)
{
    return auditing->audit->day.len == 0 || str_eq(auditing->audit->day, day);
}

static int fault(struct auditing *auditing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fault(struct auditing *auditing, const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    size_t n = len < 0 ? 0 : (size_t)len < sizeof(sentence) ? (size_t)len : sizeof(sentence) - 1;
    auditing->report.faults++;
    return auditing->audit->fault(auditing->audit->context, str_of(sentence, n));
}

#define BLOCK_FORMAT                                                                               \
    "%.*s: block %" PRIu64 " (events %" PRIu32 ".%" PRIu64 " to %" PRIu32 ".%" PRIu64 ")"
#define BLOCK_ARG(block)                                                                           \
    STR_ARG((block)->day), (block)->seq, (block)->partition, (block)->first, (block)->partition,   \
        (block)->next - 1

/* ---- events against their blocks ---- */

static int take_fault(void *context, const struct lake_fault *found)
{
    struct auditing *auditing = context;
    const struct lake_block *block = &found->block;
    if (block->count == 0)
        return fault(auditing,
                     "%.*s: %" PRIu64 " events say they are of block %" PRIu64
                     ", which there is not",
                     STR_ARG(block->day), found->rows, block->seq);
    if (found->rows != block->count)
        return fault(auditing, BLOCK_FORMAT " has %" PRIu64 " events, and was stored with %" PRIu32,
                     BLOCK_ARG(block), found->rows, block->count);
    return fault(auditing, BLOCK_FORMAT " has an event that is not as it was stored",
                 BLOCK_ARG(block));
}

static int take_day(void *context, struct str name, const struct lake_check *check)
{
    struct auditing *auditing = context;
    struct day *day = day_of(auditing, name);
    if (!day)
        return -ENOMEM;
    day->removed = check->removed;
    return auditing->audit->day_done(auditing->audit->context, name, check);
}

static int check_events(struct auditing *auditing, struct err *err)
{
    const struct audit *audit = auditing->audit;
    const struct lake_verifier verifier = {take_fault, take_day, auditing};
    int status =
        audit->ops->verify(audit->lake, audit->day, &verifier, &auditing->report.check, err);
    return status == -EBADMSG && auditing->report.check.bad_blocks ? 0 : status;
}

/* ---- the journal's notes ---- */

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return str_of(json_string_value(value), json_string_length(value));
}

static uint64_t number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

struct reading {
    struct auditing *auditing;
    struct str action; /* of entries that are looked at */
    const char *topic;
    int (*each)(struct auditing *auditing, const json_t *note);
    uint64_t last; /* seq of the last entry read */
};

static int read_entry(void *context, const struct journal_entry *entry)
{
    struct reading *reading = context;
    reading->last = entry->seq;
    if (!str_eq(entry->action, reading->action))
        return 0;
    json_t *body = json_loadb(entry->body.ptr, entry->body.len, 0, NULL);
    const json_t *list = json_object_get(json_object_get(body, reading->topic), "list");
    int status = 0;
    for (size_t i = 0; status == 0 && i < json_array_size(list); i++)
        status = reading->each(reading->auditing, json_array_get(list, i));
    json_decref(body);
    return status;
}

static int read_journal(struct reading *reading)
{
    uint64_t before;
    int status;
    do {
        before = reading->last;
        status = journal_list(reading->auditing->audit->ledger, before, PAGE, read_entry, reading);
    } while (status == 0 && reading->last != before);
    return status;
}

static int take_going(struct auditing *auditing, const json_t *note)
{
    struct day *day = day_of(auditing, text_of(note, "day"));
    if (!day)
        return -ENOMEM;
    bool whole = json_is_true(json_object_get(note, "whole"));
    day->noted = whole ? 0 : day->noted + number_of(note, "rows");
    if (whole && number_of(note, "last") > day->whole)
        day->whole = number_of(note, "last");
    return 0;
}

/* From its start: what was read before is forgotten. */
static int read_goings(struct auditing *auditing)
{
    struct reading reading = {auditing, AUDIT_REMOVE_ACTION, AUDIT_REMOVE_TOPIC, take_going, 0};
    for (size_t i = 0; i < auditing->days.len; i++)
        auditing->days.items[i].whole = auditing->days.items[i].noted = 0;
    return read_journal(&reading);
}

/* ---- blocks of the lake against those of the journal ---- */

static int keep_block(void *context, const struct lake_block *block)
{
    struct auditing *auditing = context;
    char name[LAKE_DAY_TEXT_MAX] = "";
    memcpy(name, block->day.ptr, block->day.len);
    for (size_t i = 0; i < sizeof(name); i++)
        if (vec_push(&auditing->day_names, name[i]) < 0)
            return -ENOMEM;
    auditing->blocks[auditing->n_blocks++] = *block;
    auditing->read_to = block->seq;
    return 0;
}

/* The next block of the lake; *ret_block NULL: that was the last. */
static int look_at_block(struct auditing *auditing, const struct lake_block **ret_block)
{
    const struct audit *audit = auditing->audit;
    if (auditing->at == auditing->n_blocks && !auditing->all_read) {
        auditing->at = auditing->n_blocks = auditing->day_names.len = 0;
        int status = audit->ops->blocks(audit->lake, auditing->read_to, keep_block, auditing);
        if (status < 0)
            return status;
        auditing->all_read = auditing->n_blocks == 0;
        for (size_t i = 0; i < auditing->n_blocks; i++)
            auditing->blocks[i].day = str_from_c(auditing->day_names.items + i * LAKE_DAY_TEXT_MAX);
    }
    *ret_block = auditing->at < auditing->n_blocks ? &auditing->blocks[auditing->at] : NULL;
    return 0;
}

/* Blocks of the lake before `seq`, which the journal does not name. */
static int pass_unknown(struct auditing *auditing, uint64_t seq,
                        const struct lake_block **ret_block)
{
    int status;
    while ((status = look_at_block(auditing, ret_block)) == 0 && *ret_block &&
           (*ret_block)->seq < seq) {
        if (is_asked_for(auditing, (*ret_block)->day))
            status = fault(auditing, BLOCK_FORMAT " is not in the journal: it was put there",
                           BLOCK_ARG(*ret_block));
        if (status < 0)
            return status;
        auditing->at++;
    }
    return status;
}

static bool same_root(const struct lake_block *block, struct str hex)
{
    char text[2 * LAKE_HASH + 1];
    for (size_t i = 0; i < LAKE_HASH; i++)
        snprintf(text + 2 * i, 3, "%02x", block->root[i]);
    return str_eq(hex, str_from_c(text));
}

static bool same_block(const struct lake_block *block, const json_t *note)
{
    return str_eq(block->day, text_of(note, "day")) &&
           block->partition == number_of(note, "partition") &&
           block->first == number_of(note, "first") && block->next == number_of(note, "next") &&
           block->count == number_of(note, "count") && same_root(block, text_of(note, "root"));
}

static int miss(struct auditing *auditing, const json_t *note, uint64_t seq)
{
    struct missing missing = {.block = {.seq = seq,
                                        .first = number_of(note, "first"),
                                        .next = number_of(note, "next"),
                                        .partition = (uint32_t)number_of(note, "partition")}};
    struct str name = text_of(note, "day");
    const struct day *day = day_of(auditing, name);
    if (!day)
        return -ENOMEM;
    if (seq <= day->whole) {
        auditing->report.taken++;
        return 0;
    }
    memcpy(missing.day, name.ptr, name.len);
    return vec_push(&auditing->missing, missing) < 0 ? -ENOMEM : 0;
}

static int take_block(struct auditing *auditing, const json_t *note)
{
    uint64_t seq = number_of(note, "seq");
    const struct lake_block *block;
    auditing->noted = seq;
    int status = pass_unknown(auditing, seq, &block);
    if (status < 0)
        return status;
    bool there = block && block->seq == seq;
    if (there)
        auditing->at++;
    if (!is_asked_for(auditing, text_of(note, "day")))
        return 0;
    auditing->report.blocks++;
    if (!there)
        return miss(auditing, note, seq);
    return same_block(block, note)
               ? 0
               : fault(auditing, BLOCK_FORMAT " is another than the journal names",
                       BLOCK_ARG(block));
}

static int compare_blocks(struct auditing *auditing)
{
    struct reading reading = {auditing, PROOF_ACTION, PROOF_TOPIC, take_block, 0};
    const struct lake_block *block = NULL;
    int status = read_journal(&reading);
    for (; status == 0 && (status = look_at_block(auditing, &block)) == 0 && block; auditing->at++)
        auditing->report.pending += is_asked_for(auditing, block->day);
    return status;
}

/* ---- what is gone ---- */

/* Notes that were made while blocks were compared count, too. */
static int judge_missing(struct auditing *auditing)
{
    int status = read_goings(auditing);
    for (size_t i = 0; status == 0 && i < auditing->missing.len; i++) {
        struct missing *missing = &auditing->missing.items[i];
        missing->block.day = str_from_c(missing->day);
        const struct day *day = day_of(auditing, missing->block.day);
        if (day && missing->block.seq <= day->whole)
            auditing->report.taken++;
        else
            status = fault(auditing, BLOCK_FORMAT " is gone, and the journal does not say why",
                           BLOCK_ARG(&missing->block));
    }
    for (size_t i = 0; status == 0 && i < auditing->days.len; i++) {
        const struct day *day = &auditing->days.items[i];
        if (day->removed > day->noted)
            status = fault(auditing,
                           "%s: %" PRIu64 " events are marked as removed, the journal knows of "
                           "%" PRIu64,
                           day->name, day->removed, day->noted);
    }
    return status;
}

int audit_run(const struct audit *audit, struct audit_report *ret_report, struct err *err)
{
    struct auditing auditing = {.audit = audit};
    struct journal_report journal = {0};
    auditing.blocks = malloc(LAKE_BLOCKS_MAX * sizeof(*auditing.blocks));
    int status = auditing.blocks ? journal_verify(audit->ledger, audit->key, &journal, err)
                                 : err_set(err, -ENOMEM, "no memory");
    auditing.report.signed_to = journal.unsigned_after;
    if (status == 0)
        status = check_events(&auditing, err);
    if (status == 0)
        status = read_goings(&auditing);
    if (status == 0)
        status = compare_blocks(&auditing);
    if (status == 0)
        status = judge_missing(&auditing);
    if (status < 0 && !err->code)
        err_set(err, status, "%s", strerror(-status));
    if (status == 0 && auditing.report.faults)
        status = err_set(err, -EBADMSG, "the lake is not what the journal says: %" PRIu64 " faults",
                         auditing.report.faults);
    *ret_report = auditing.report;
    vec_free(&auditing.days);
    vec_free(&auditing.missing);
    vec_free(&auditing.day_names);
    free(auditing.blocks);
    return status;
}
