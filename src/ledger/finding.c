#include "ledger/finding.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/time.h"
#include "ledger/inside.h"

#define NAME_HASH 16    /* bytes kept of a fold or once text */
#define FOLD_CELLS 4096 /* a power of two */
#define FOLDS_MAX 3072  /* cells in use: three quarters */

/* An open finding as far as a match changes it. */
struct folded {
    int64_t number;
    char id[FINDING_ID_MAX];
    int64_t change, updated, level, matches, throttled, kept, first, last;
    uint64_t more; /* matches folded by the open transaction */
    bool raised;   /* so was the level */
};

/*
 * What the open transaction folds stays in memory and is written once, before it is read or committed. A cell
 * is the newest open finding of its fold text: the one whose last match is latest.
 *
 *     cells: [fold hash | finding] × FOLD_CELLS, linear probing by the hash's first bytes
 */
struct fold_table {
    size_t used;
    uint64_t matches;          /* taken by the open transaction */
    uint16_t order[FOLDS_MAX]; /* the cells in use, as they came */
    struct fold_cell {
        unsigned char fold[NAME_HASH];
        struct folded finding; /* number 0: the cell is free */
    } cells[FOLD_CELLS];
};

static void name_hash(struct str text, unsigned char ret_hash[static NAME_HASH])
{
    crypto_generichash(ret_hash, NAME_HASH, (const unsigned char *)(text.len ? text.ptr : ""),
                       text.len, NULL, 0);
}

static struct db_value hash_value(const unsigned char hash[static NAME_HASH])
{
    return db_bytes(str_of((const char *)hash, NAME_HASH));
}

static int64_t add_clamped(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* Numbers of changes rise within the transaction; finding_flush() writes the last. */
static int change_next(struct ledger *ledger, int64_t *ret_change)
{
    if (ledger->change == 0) {
        int64_t last;
        int status = ledger_number(ledger, STR("SELECT value FROM counter WHERE name = 'change'"),
                                   NULL, 0, &last);
        if (status < 0)
            return status;
        ledger->change = (uint64_t)last;
    }
    *ret_change = (int64_t)++ledger->change;
    return 0;
}

/* ---- what stays in memory ---- */

static int note_fold(struct ledger *ledger, const struct folded *finding, uint64_t matches)
{
    struct buf note = {0};
    buf_printf(&note, "[\"%s\",%llu]", finding->id, (unsigned long long)matches);
    return journal_note_buf(ledger, "finding.fold", &note);
}

static int write_folded(struct ledger *ledger, struct folded *finding)
{
    if (finding->more == 0)
        return 0;
    int status =
        ledger_run(ledger,
                   STR("UPDATE finding SET change = ?2, matches = ?3, throttled = ?4, kept = ?5, "
                       "first_time = ?6, last_time = ?7, updated = ?8 WHERE number = ?1"),
                   DB_VALUES(db_integer(finding->number), db_integer(finding->change),
                             db_integer(finding->matches), db_integer(finding->throttled),
                             db_integer(finding->kept), db_integer(finding->first),
                             db_integer(finding->last), db_integer(finding->updated)),
                   NULL);
    /* Apart, because it is rare and would touch two indexes more. */
    if (status == 0 && finding->raised)
        status =
            ledger_run(ledger, STR("UPDATE finding SET level = ?2 WHERE number = ?1"),
                       DB_VALUES(db_integer(finding->number), db_integer(finding->level)), NULL);
    if (status == 0)
        status = note_fold(ledger, finding, finding->more);
    finding->more = 0;
    finding->raised = false;
    return status;
}

static void empty_cells(struct fold_table *folds)
{
    for (size_t i = 0; i < folds->used; i++)
        folds->cells[folds->order[i]].finding.number = 0;
    folds->used = 0;
}

int finding_settle(struct ledger *ledger)
{
    struct fold_table *folds = ledger->folds;
    int status = 0;
    if (!ledger->open || !folds)
        return 0;
    for (size_t i = 0; i < folds->used && status == 0; i++)
        status = write_folded(ledger, &folds->cells[folds->order[i]].finding);
    empty_cells(folds);
    return status;
}

int finding_flush(struct ledger *ledger)
{
    int status = finding_settle(ledger);
    if (status == 0 && ledger->change)
        status = ledger_run(ledger, STR("UPDATE counter SET value = ?1 WHERE name = 'change'"),
                            DB_VALUES(db_integer((int64_t)ledger->change)), NULL);
    if (status == 0 && ledger->folds && ledger->folds->matches) {
        struct buf note = {0};
        buf_add_u64(&note, ledger->folds->matches);
        status = journal_note_buf(ledger, "finding.matches", &note);
    }
    return status;
}

void finding_forget(struct ledger *ledger)
{
    if (!ledger->folds)
        return;
    empty_cells(ledger->folds);
    ledger->folds->matches = 0;
}

/* The cell of a fold hash, or the free one where it would be; there is always room for one more. */
static int cell_get(struct ledger *ledger, const unsigned char fold[static NAME_HASH],
                    struct fold_cell **ret_cell)
{
    struct fold_table *folds = ledger->folds;
    uint32_t start;
    if (folds->used == FOLDS_MAX) {
        int status = finding_settle(ledger);
        if (status < 0)
            return status;
    }
    memcpy(&start, fold, sizeof(start));
    size_t at = start & (FOLD_CELLS - 1);
    while (folds->cells[at].finding.number && memcmp(folds->cells[at].fold, fold, NAME_HASH) != 0)
        at = (at + 1) & (FOLD_CELLS - 1);
    *ret_cell = &folds->cells[at];
    return 0;
}

static void cell_set(struct ledger *ledger, struct fold_cell *cell,
                     const unsigned char fold[static NAME_HASH], const struct folded *finding)
{
    struct fold_table *folds = ledger->folds;
    if (cell->finding.number == 0)
        folds->order[folds->used++] = (uint16_t)(cell - folds->cells);
    memcpy(cell->fold, fold, NAME_HASH);
    cell->finding = *finding;
}

/* ---- taking a match ---- */

/* A finding that is opened is named with the hash of what it says. */
static int note_open(struct ledger *ledger, const struct ledger_match *match, const char *id)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];
    struct buf note = {0};
    crypto_hash_sha256(hash, (const unsigned char *)(match->ocsf.len ? match->ocsf.ptr : ""),
                       match->ocsf.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    buf_add_c(&note, "{\"agency\":");
    buf_add_json(&note, text_cut(match->agency));
    buf_printf(&note, ",\"id\":\"%s\",\"ocsf\":\"%s\",\"rule\":", id, hex);
    buf_add_json(&note, text_cut(match->rule));
    buf_add_byte(&note, '}');
    return journal_note_buf(ledger, "finding.open", &note);
}

static int check(struct ledger *ledger, const struct ledger_match *match)
{
    if (match->count == 0 || match->count > INT64_MAX)
        return ledger_refuse(ledger, -EINVAL, "a match stands for one at least");
    if (match->throttled > match->count)
        return ledger_refuse(ledger, -EINVAL, "more matches were throttled than there were");
    if (match->fold_us < 0)
        return ledger_refuse(ledger, -EINVAL, "a window of less than no time");
    if (match->ocsf.len > LEDGER_JSON_MAX)
        return ledger_refuse(ledger, -E2BIG, "the OCSF text of a finding has %zu bytes",
                             match->ocsf.len);
    for (uint32_t i = 0; i < match->n_events; i++)
        if (match->events[i].json.len > LEDGER_JSON_MAX)
            return ledger_refuse(ledger, -E2BIG, "an event of a finding has %zu bytes",
                                 match->events[i].json.len);
    return 0;
}

/* *ret_first: its `once` was not there, or it has none. */
static int take_once(struct ledger *ledger, const struct ledger_match *match, bool *ret_first)
{
    unsigned char hash[NAME_HASH];
    uint64_t changed = 1;
    int status = 0;
    if (match->once.len) {
        name_hash(match->once, hash);
        status =
            ledger_run(ledger, STR("INSERT INTO once (name) VALUES (?1) ON CONFLICT DO NOTHING"),
                       DB_VALUES(hash_value(hash)), &changed);
    }
    *ret_first = changed > 0;
    return status;
}

/* The newest open finding of a fold with a match, or a time between its matches, between the two: 1, 0 (none) or -errno. */
static int find_open(struct ledger *ledger, const unsigned char fold[static NAME_HASH],
                     int64_t from, int64_t to, struct folded *ret_finding)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    int status = ledger_ask(
        ledger,
        STR("SELECT number, id, level, matches, throttled, kept, first_time, last_time "
            "FROM finding WHERE fold = ?1 AND status = 0 AND last_time >= ?2 AND first_time <= ?3 "
            "ORDER BY last_time DESC, number DESC LIMIT 1"),
        DB_VALUES(hash_value(fold), db_integer(from), db_integer(to)), &rows);
    if (status < 0)
        return status;
    status = ledger_next(ledger, rows);
    if (status > 0) {
        struct str id = str_first(ops->text(rows, 1), FINDING_ID_MAX - 1);
        *ret_finding = (struct folded){
            .number = ops->integer(rows, 0),
            .level = ops->integer(rows, 2),
            .matches = ops->integer(rows, 3),
            .throttled = ops->integer(rows, 4),
            .kept = ops->integer(rows, 5),
            .first = ops->integer(rows, 6),
            .last = ops->integer(rows, 7),
        };
        memcpy(ret_finding->id, id.ptr, id.len);
    }
    ledger_done(ledger, rows);
    return status;
}

/* Adds the match's events behind those kept, up to the limit. */
static int keep_events(struct ledger *ledger, const struct ledger_match *match,
                       struct folded *finding)
{
    for (uint32_t i = 0; i < match->n_events && finding->kept < LEDGER_EVENTS_MAX; i++) {
        const struct ledger_event *event = &match->events[i];
        int status = ledger_run(
            ledger,
            STR("INSERT INTO finding_event (finding, ordinal, partition_number, spool_offset, "
                "time, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
            DB_VALUES(db_integer(finding->number), db_integer(finding->kept),
                      db_integer(event->partition), db_integer((int64_t)event->offset),
                      db_integer(event->time), db_text(event->json)),
            NULL);
        if (status < 0)
            return status;
        finding->kept++;
    }
    return 0;
}

static int fold_into(struct ledger *ledger, const struct ledger_match *match, int64_t time,
                     struct folded *finding)
{
    int status = change_next(ledger, &finding->change);
    if (status == 0)
        status = keep_events(ledger, match, finding);
    if (status < 0)
        return status;
    finding->matches = add_clamped(finding->matches, (int64_t)match->count);
    finding->throttled = add_clamped(finding->throttled, (int64_t)match->throttled);
    finding->updated = match->seen;
    finding->more += match->count;
    if (match->level > finding->level) {
        finding->level = match->level;
        finding->raised = true;
    }
    if (time < finding->first)
        finding->first = time;
    if (time > finding->last)
        finding->last = time;
    return 0;
}

static int insert_text(struct ledger *ledger, const struct ledger_match *match, int64_t number)
{
    struct search_text folded;
    int status = search_fold(ledger, match->title, &folded);
    if (status < 0)
        return status;
    return ledger_run(ledger,
                      STR("INSERT INTO finding_text (finding, title, title_folded, tags, ocsf) "
                          "VALUES (?1, ?2, ?3, ?4, ?5)"),
                      DB_VALUES(db_integer(number), db_text(text_cut(match->title)),
                                db_text(str_of(folded.bytes, folded.len)), db_text(match->tags),
                                db_text(match->ocsf)),
                      NULL);
}

static int open_new(struct ledger *ledger, const struct ledger_match *match, int64_t time,
                    const unsigned char *fold, struct folded *finding)
{
    int64_t change;
    int64_t kept = match->n_events < LEDGER_EVENTS_MAX ? match->n_events : LEDGER_EVENTS_MAX;
    int status = change_next(ledger, &change);
    if (status < 0)
        return status;
    *finding = (struct folded){
        .number = change,
        .level = match->level,
        .matches = (int64_t)match->count,
        .throttled = (int64_t)match->throttled,
        .first = time,
        .last = time,
    };
    id_make("f-", match->seen, finding->id);
    status = ledger_run(
        ledger,
        STR("INSERT INTO finding (number, id, change, kind, status, level, matches, throttled, "
            "kept, first_time, last_time, created, updated, fold, agency, rule, host, account, "
            "source) VALUES (?1, ?2, ?1, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?9, ?10, ?11, ?12, "
            "?13, ?14, ?15)"),
        DB_VALUES(db_integer(change), db_text(str_from_c(finding->id)), db_integer(match->kind),
                  db_integer(match->level), db_integer((int64_t)match->count),
                  db_integer((int64_t)match->throttled), db_integer(kept), db_integer(time),
                  db_integer(match->seen), hash_value(fold), db_text(text_cut(match->agency)),
                  db_text(text_cut(match->rule)), db_text(text_cut(match->host)),
                  db_text(text_cut(match->user)), db_text(text_cut(match->source))),
        NULL);
    if (status == 0)
        status = insert_text(ledger, match, change);
    if (status == 0)
        status = keep_events(ledger, match, finding);
    return status < 0 ? status : note_open(ledger, match, finding->id);
}

/*
 * A match from before the newest finding's window: an older one may be its own, and if not, the one it opens is not
 * the newest either. Rare, and so without the table.
 */
static int take_late(struct ledger *ledger, const struct ledger_match *match, int64_t time,
                     const unsigned char fold[static NAME_HASH], bool *ret_new,
                     struct folded *finding)
{
    int status = find_open(ledger, fold, add_clamped(time, -match->fold_us),
                           add_clamped(time, match->fold_us), finding);
    if (status < 0)
        return status;
    *ret_new = status == 0;
    if (*ret_new)
        return open_new(ledger, match, time, fold, finding);
    status = fold_into(ledger, match, time, finding);
    return status < 0 ? status : write_folded(ledger, finding);
}

/* Folds into the newest open finding of the match's fold text, or opens one. */
static int take_folding(struct ledger *ledger, const struct ledger_match *match, int64_t time,
                        const unsigned char fold[static NAME_HASH], bool *ret_new,
                        struct folded *ret_finding)
{
    struct fold_cell *cell;
    int status = cell_get(ledger, fold, &cell);
    if (status == 0 && cell->finding.number == 0) {
        struct folded newest;
        status = find_open(ledger, fold, INT64_MIN, INT64_MAX, &newest);
        if (status > 0)
            cell_set(ledger, cell, fold, &newest);
    }
    if (status < 0)
        return status;
    struct folded *newest = cell->finding.number ? &cell->finding : NULL;
    if (newest && add_clamped(time, match->fold_us) < newest->first) {
        status = write_folded(ledger, newest);
        return status < 0 ? status : take_late(ledger, match, time, fold, ret_new, ret_finding);
    }
    *ret_new = !newest || add_clamped(time, -match->fold_us) > newest->last;
    if (!*ret_new) {
        status = fold_into(ledger, match, time, newest);
        *ret_finding = *newest;
        return status;
    }
    status = newest ? write_folded(ledger, newest) : 0;
    if (status == 0)
        status = open_new(ledger, match, time, fold, ret_finding);
    if (status == 0)
        cell_set(ledger, cell, fold, ret_finding);
    return status;
}

static int take(struct ledger *ledger, const struct ledger_match *match, bool *ret_new,
                bool *ret_taken, struct folded *ret_finding)
{
    unsigned char fold[NAME_HASH];
    int64_t time = match->time == TIME_UNSET ? match->seen : match->time;
    int status = take_once(ledger, match, ret_taken);
    if (status < 0 || !*ret_taken)
        return status;
    name_hash(match->fold, fold);
    ledger->folds->matches += match->count;
    if (match->fold.len)
        return take_folding(ledger, match, time, fold, ret_new, ret_finding);
    *ret_new = true;
    return open_new(ledger, match, time, fold, ret_finding);
}

int finding_take(struct ledger *ledger, const struct ledger_match *match, bool *ret_new,
                 bool *ret_taken, char ret_id[static FINDING_ID_MAX])
{
    struct folded finding = {0};
    bool own, is_new = false, taken = false;
    int status = check(ledger, match);
    if (status < 0)
        return status;
    if (!ledger->folds && !(ledger->folds = calloc(1, sizeof(*ledger->folds))))
        return ledger_fail(ledger, -ENOMEM);
    status = change_begin(ledger, STR("jaga"), "finding.take", &own);
    if (status < 0)
        return status;
    status = change_end(ledger, own, take(ledger, match, &is_new, &taken, &finding));
    if (status < 0)
        return status;
    *ret_new = is_new;
    *ret_taken = taken;
    memcpy(ret_id, finding.id, sizeof(finding.id));
    return 0;
}

/* ---- status ---- */

static const char *const status_names[] = {
    [FINDING_OPEN] = "open", [FINDING_CLEARED] = "cleared", [FINDING_CLOSED] = "closed"};

static int update_status(struct ledger *ledger, int64_t number, const char *id,
                         enum finding_status to, struct str actor, int64_t now)
{
    int64_t change;
    struct buf note = {0};
    int status = change_next(ledger, &change);
    if (status == 0)
        status = ledger_run(
            ledger,
            STR("UPDATE finding SET status = ?2, change = ?3, updated = ?4 WHERE number = ?1"),
            DB_VALUES(db_integer(number), db_integer(to), db_integer(change), db_integer(now)),
            NULL);
    if (status < 0)
        return status;
    buf_printf(&note, "[\"%s\",\"%s\",", id, status_names[to]);
    buf_add_json(&note, text_cut(actor));
    buf_add_byte(&note, ']');
    return journal_note_buf(ledger, "finding.status", &note);
}

/* The first open finding of a fold hash: 1, 0 or -errno. */
static int first_open(struct ledger *ledger, const unsigned char *fold, int64_t *ret_number,
                      char ret_id[static FINDING_ID_MAX])
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    int status = ledger_ask(ledger,
                            STR("SELECT number, id FROM finding WHERE fold = ?1 AND status = 0 "
                                "ORDER BY last_time LIMIT 1"),
                            DB_VALUES(hash_value(fold)), &rows);
    if (status < 0)
        return status;
    status = ledger_next(ledger, rows);
    if (status > 0) {
        struct str id = str_first(ops->text(rows, 1), FINDING_ID_MAX - 1);
        *ret_number = ops->integer(rows, 0);
        memcpy(ret_id, id.ptr, id.len);
        ret_id[id.len] = '\0';
    }
    ledger_done(ledger, rows);
    return status;
}

int finding_clear(struct ledger *ledger, struct str fold, int64_t now)
{
    unsigned char hash[NAME_HASH];
    char id[FINDING_ID_MAX];
    int64_t number;
    uint64_t cleared = 0;
    bool own;
    int status = change_begin(ledger, STR("jaga"), "finding.clear", &own);
    if (status < 0)
        return status;
    status = finding_settle(ledger);
    name_hash(fold, hash);
    while (status == 0 && (status = first_open(ledger, hash, &number, id)) > 0) {
        status = update_status(ledger, number, id, FINDING_CLEARED, STR("jaga"), now);
        cleared++;
    }
    if (status == 0 && cleared == 0)
        status = ledger_refuse(ledger, -ENOENT, "no such finding is open");
    return change_end(ledger, own, status);
}

int finding_set_status(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                       enum finding_status status, struct str actor)
{
    struct db_value values[1 + LEDGER_AGENCIES_MAX] = {db_text(id)};
    char known[FINDING_ID_MAX];
    int64_t number = 0;
    size_t n = 1;
    bool own;
    struct buf sql = {0};
    if (status > FINDING_CLOSED || id.len >= sizeof(known))
        return ledger_refuse(ledger, status > FINDING_CLOSED ? -EINVAL : -ENOENT,
                             "no such finding or status");
    buf_add_c(&sql, "SELECT number FROM finding WHERE id = ?1 AND ");
    int result = scope_add(ledger, scope, "agency", &sql, values, &n);
    if (result == 0)
        result = change_begin(ledger, actor, "finding.status", &own);
    if (result < 0)
        goto out;
    result = sql.failed ? ledger_fail(ledger, -ENOMEM) : finding_settle(ledger);
    if (result == 0)
        result = ledger_number(ledger, buf_str(&sql), values, n, &number);
    if (result == -ENOENT)
        ledger_refuse(ledger, -ENOENT, "there is no finding '%.*s'", STR_ARG(id));
    if (result == 0) {
        memcpy(known, id.ptr, id.len);
        known[id.len] = '\0';
        result = update_status(ledger, number, known, status, actor, ledger->now());
    }
    result = change_end(ledger, own, result);
out:
    buf_free(&sql);
    return result;
}

int finding_has(struct ledger *ledger, struct str fold, uint32_t partition, uint64_t offset,
                int64_t time, int64_t created)
{
    unsigned char hash[NAME_HASH];
    int64_t one;
    int status = finding_settle(ledger);
    if (status < 0)
        return status;
    name_hash(fold, hash);
    status = ledger_number(
        ledger,
        STR("SELECT 1 FROM finding WHERE fold = ?1 AND created < ?5 AND first_time <= ?4 AND "
            "last_time >= ?4 AND (kept < matches OR EXISTS (SELECT 1 FROM finding_event WHERE "
            "finding = finding.number AND partition_number = ?2 AND spool_offset = ?3)) LIMIT 1"),
        DB_VALUES(hash_value(hash), db_integer(partition), db_integer((int64_t)offset),
                  db_integer(time), db_integer(created)),
        &one);
    return status == -ENOENT ? 0 : status == 0 ? 1 : status;
}
