/*
 * The account over restarts. What was counted is saved now and then, as text; what was stored since is counted again from
 * the spools, so that `stored` and `rejected` are exact also after a kill. The other numbers are as they were saved.
 *
 *     account 1
 *     spool PARTITION OFFSET                 events before it are counted
 *     dead OFFSET
 *     source AGENCY SOURCE NUMBERS ...       one a line, words with a tab between
 */
#include <errno.h>
#include <inttypes.h>

#include "watch/account.h"

#define HEAD STR("account\t1")

/* Numbers of a source, in their order. */
static const size_t members[] = {
    offsetof(struct account, stored),    offsetof(struct account, stored_until),
    offsetof(struct account, rejected),  offsetof(struct account, rejected_until),
    offsetof(struct account, repeated),  offsetof(struct account, failed),
    offsetof(struct account, throttled), offsetof(struct account, refused),
    offsetof(struct account, bytes),
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static _Atomic uint64_t *member(struct account *account, size_t i)
{
    return (_Atomic uint64_t *)(void *)((char *)account + members[i]);
}

/* ---- to text ---- */

/* A number and the offset up to which it counts, as they were at one moment: see account_count(). */
static void add_pair(struct buf *out, const _Atomic uint64_t *number, const _Atomic uint64_t *until)
{
    uint64_t n, before, after = atomic_load(until);
    do {
        before = after;
        n = atomic_load(number);
        after = atomic_load(until);
    } while (before != after || after == ACCOUNT_COUNTING);
    buf_printf(out, "\t%" PRIu64 "\t%" PRIu64, n, after);
}

static void add_source(void *context, struct sender *sender)
{
    struct buf *out = context;
    struct account *account = &sender->account;
    if (atomic_load(&account->received) == 0 && atomic_load(&account->throttled) == 0 &&
        atomic_load(&account->refused) == 0)
        return;
    buf_printf(out, "source\t%.*s\t%.*s", STR_ARG(sender->agency), STR_ARG(sender->source));
    add_pair(out, &account->stored, &account->stored_until);
    add_pair(out, &account->rejected, &account->rejected_until);
    for (size_t i = 4; i < N_MEMBERS; i++)
        buf_printf(out, "\t%" PRIu64, atomic_load(member(account, i)));
    buf_printf(out, "\t%" PRId64 "\n", atomic_load(&account->last));
}

int account_save(struct senders *senders, struct intake *intake, struct buf *out)
{
    const struct intake_options *options = intake_options(intake);
    uint32_t partitions = options->engine->partitions(options->spool);
    buf_add_str(out, HEAD);
    buf_add_byte(out, '\n');
    /* Before the sources: what they count beyond these places says so itself. */
    for (uint32_t i = 0; i < partitions; i++)
        buf_printf(out, "spool\t%" PRIu32 "\t%" PRIu64 "\n", i,
                   atomic_load(intake_counted(intake, i)));
    buf_printf(out, "dead\t%" PRIu64 "\n", atomic_load(intake_counted_dead(intake)));
    senders_each(senders, add_source, out);
    return out->failed ? -ENOMEM : 0;
}

void account_let_go(struct intake *intake)
{
    const struct intake_options *options = intake_options(intake);
    uint32_t partitions = options->engine->partitions(options->spool);
    for (uint32_t i = 0; i < partitions; i++)
        (void)options->engine->consumer_put(options->spool, ACCOUNT_CONSUMER, i,
                                            atomic_load(intake_counted(intake, i)));
}

/* ---- from text ---- */

static bool take_number(struct str *line, uint64_t *ret_number)
{
    struct str word;
    return str_cut(line, '\t', &word) && str_to_u64(word, ret_number) == 0;
}

static int take_source(struct senders *senders, struct str line)
{
    uint64_t numbers[N_MEMBERS + 1];
    struct str agency, source;
    if (!str_cut(&line, '\t', &agency) || !str_cut(&line, '\t', &source))
        return -EBADMSG;
    for (size_t i = 0; i <= N_MEMBERS; i++)
        if (!take_number(&line, &numbers[i]))
            return -EBADMSG;
    struct sender *sender = senders_intern(senders, agency, source);
    if (!sender)
        return -ENOMEM;
    for (size_t i = 0; i < N_MEMBERS; i++)
        atomic_store(member(&sender->account, i), numbers[i]);
    atomic_store(&sender->account.last, (int64_t)numbers[N_MEMBERS]);
    return 0;
}

static int take_line(struct senders *senders, struct intake *intake, struct str line)
{
    const struct intake_options *options = intake_options(intake);
    struct str word;
    uint64_t partition, offset;
    if (!str_cut(&line, '\t', &word))
        return -EBADMSG;
    if (str_eq(word, STR("source")))
        return take_source(senders, line);
    if (str_eq(word, STR("dead"))) {
        if (!take_number(&line, &offset))
            return -EBADMSG;
        atomic_store(intake_counted_dead(intake), offset);
        return 0;
    }
    if (!str_eq(word, STR("spool")) || !take_number(&line, &partition) ||
        !take_number(&line, &offset) || partition >= options->engine->partitions(options->spool))
        return -EBADMSG;
    atomic_store(intake_counted(intake, (uint32_t)partition), offset);
    return 0;
}

/* ---- what was stored since ---- */

/* One partition of a spool, and where a source's account has its number of that. */
struct catching_up {
    struct senders *senders;
    const struct spool_ops *engine;
    struct spool *spool;
    uint32_t partition;
    size_t number, until; /* in struct account */
    _Atomic uint64_t *counted;
};

static int count_batch(const struct catching_up *catching, const struct spool_batch *batch,
                       uint64_t offset)
{
    struct sender *sender = senders_intern(catching->senders, batch->agency, batch->source);
    if (!sender)
        return -ENOMEM;
    char *account = (char *)&sender->account;
    _Atomic uint64_t *number = (_Atomic uint64_t *)(void *)(account + catching->number);
    _Atomic uint64_t *until = (_Atomic uint64_t *)(void *)(account + catching->until);
    if (offset >= atomic_load(until)) {
        account_count(number, until, offset, batch->n);
        if (batch->received > atomic_load(&sender->account.last))
            atomic_store(&sender->account.last, batch->received);
    }
    atomic_store(catching->counted, offset + batch->n);
    return 0;
}

static int catch_up(const struct catching_up *catching)
{
    struct spool_batch batch;
    uint64_t first, next, offset;
    catching->engine->bounds(catching->spool, catching->partition, &first, &next);
    if (atomic_load(catching->counted) >= next) {
        atomic_store(catching->counted, next); /* of another spool, if it was beyond */
        return 0;
    }
    struct spool_reader *reader = catching->engine->reader_new(catching->spool, catching->partition,
                                                               atomic_load(catching->counted));
    int status = reader ? 1 : -ENOMEM;
    /* What is damaged or gone can't be counted: it goes on behind it. */
    while (status == 1 || status == -ERANGE || status == -EBADMSG) {
        status = catching->engine->read(reader, &batch, &offset);
        if (status == 1 && count_batch(catching, &batch, offset) < 0)
            status = -ENOMEM;
    }
    if (reader)
        catching->engine->reader_free(reader);
    return status;
}

/* What an earlier process received is no news of this one. */
static void add_up(void *context, struct sender *sender)
{
    struct account *account = &sender->account;
    (void)context;
    account->received_before = atomic_load(&account->stored) + atomic_load(&account->repeated) +
                               atomic_load(&account->rejected) + atomic_load(&account->failed);
    account->turned_before = atomic_load(&account->throttled) + atomic_load(&account->refused);
    atomic_store(&account->received, account->received_before);
}

int account_load(struct senders *senders, struct intake *intake, struct str bytes)
{
    const struct intake_options *options = intake_options(intake);
    uint32_t partitions = options->engine->partitions(options->spool);
    struct str line;
    int status = 0;
    if (bytes.len > 0 && (!str_cut_line(&bytes, &line) || !str_eq(line, HEAD)))
        status = -EBADMSG;
    while (status == 0 && str_cut_line(&bytes, &line))
        status = take_line(senders, intake, line);
    for (uint32_t i = 0; status == 0 && i < partitions; i++)
        status = catch_up(&(struct catching_up){
            .senders = senders,
            .engine = options->engine,
            .spool = options->spool,
            .partition = i,
            .number = offsetof(struct account, stored),
            .until = offsetof(struct account, stored_until),
            .counted = intake_counted(intake, i),
        });
    if (status == 0)
        status = catch_up(&(struct catching_up){
            .senders = senders,
            .engine = options->engine,
            .spool = options->dead,
            .number = offsetof(struct account, rejected),
            .until = offsetof(struct account, rejected_until),
            .counted = intake_counted_dead(intake),
        });
    senders_each(senders, add_up, NULL);
    return status;
}
