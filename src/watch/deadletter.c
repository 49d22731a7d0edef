#include "watch/deadletter.h"

#include <errno.h>

static struct dead_letter letter_of(const struct spool_batch *batch, uint64_t first, uint32_t i)
{
    struct str event = spool_event(batch, i);
    size_t reason = str_index(event, '\n');
    return (struct dead_letter){
        .offset = first + i,
        .agency = batch->agency,
        .source = batch->source,
        .peer = batch->peer,
        .hint = batch->hint,
        .reason = str_first(event, reason),
        .door = batch->door < DOOR_COUNT ? (enum door)batch->door : DOOR_NONE,
        .received = batch->received,
        .format = batch->format < FORMAT_COUNT ? (enum format_id)batch->format : FORMAT_UNKNOWN,
        .bytes = str_skip(event, reason + 1),
    };
}

/* The next batch; damaged places and what retention took are passed over. As spool's read(). */
static int read_batch(const struct spool_ops *engine, struct spool_reader *reader,
                      struct spool_batch *ret_batch, uint64_t *ret_first)
{
    int status;
    do {
        status = engine->read(reader, ret_batch, ret_first);
    } while (status == -ERANGE || status == -EBADMSG);
    return status;
}

int deadletter_list(const struct spool_ops *engine, struct spool *dead,
                    const struct ledger_scope *scope, uint64_t offset, uint32_t limit,
                    int (*each)(void *context, const struct dead_letter *letter), void *context,
                    uint64_t *ret_next)
{
    uint64_t first, next = offset;
    uint32_t given = 0, seen = 0;
    struct spool_batch batch;
    int status = 1;
    struct spool_reader *reader = engine->reader_new(dead, 0, offset);
    if (!reader)
        return -ENOMEM;
    while (status > 0 && given < limit && seen < DEADLETTER_SCAN_MAX) {
        status = read_batch(engine, reader, &batch, &first);
        uint32_t i = status > 0 && first < offset ? (uint32_t)(offset - first) : 0;
        bool mine = status > 0 && ledger_scope_has(scope, batch.agency);
        if (status > 0 && !mine) {
            seen += batch.n - i;
            next = first + batch.n;
        }
        for (; status > 0 && mine && i < batch.n && given < limit; i++, given++, seen++) {
            struct dead_letter letter = letter_of(&batch, first, i);
            next = letter.offset + 1;
            int stop = each(context, &letter);
            if (stop < 0)
                status = stop;
        }
    }
    engine->reader_free(reader);
    if (status >= 0)
        *ret_next = next;
    return status < 0 ? status : 0;
}

static int replay(struct intake *intake, const struct dead_letter *letter, intake_done *done,
                  void *context)
{
    struct senders *senders = intake_options(intake)->senders;
    struct sender *sender = senders_intern(senders, letter->agency, letter->source);
    struct intake_batch batch = {0};
    if (!sender)
        return -ENOMEM;
    intake_begin(&batch, intake, sender, DOOR_REPLAY, letter->format, letter->peer, letter->hint);
    /* What is rejected again is not kept a second time. */
    int status = intake_flaw(&batch, letter->bytes) ? -EBADMSG : 0;
    if (status == 0) {
        intake_add(&batch, letter->bytes);
        status = intake_submit(&batch, done, context);
    }
    intake_batch_free(&batch);
    return status;
}

int deadletter_replay(struct intake *intake, const struct ledger_scope *scope, uint64_t offset,
                      intake_done *done, void *context)
{
    const struct intake_options *options = intake_options(intake);
    struct spool_batch batch;
    uint64_t first;
    struct spool_reader *reader = options->engine->reader_new(options->dead, 0, offset);
    if (!reader)
        return -ENOMEM;
    int status = options->engine->read(reader, &batch, &first);
    if (status == 0 || status == -ERANGE || status == -EBADMSG)
        status = -ENOENT;
    if (status > 0 && (offset < first || offset - first >= batch.n))
        status = -ENOENT;
    if (status > 0 && !ledger_scope_has(scope, batch.agency))
        status = -ENOENT;
    if (status > 0) {
        struct dead_letter letter = letter_of(&batch, first, (uint32_t)(offset - first));
        status = replay(intake, &letter, done, context);
    }
    options->engine->reader_free(reader);
    return status;
}
