/*
 * What goes: whole files where nothing of a day stays, else rows, whose hashes are kept, so that their blocks still prove
 * what is left. Held events are copied to the held file first.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lake/hold.h"
#include "lake/proof.h"

bool goings_write(const struct goings *goings, uint32_t table, struct buf *sql)
{
    bool any = false;
    for (size_t i = 0; i < goings->len; i++) {
        const struct going *going = &goings->items[i];
        if (going->table != table)
            continue;
        buf_add_c(sql, any ? " OR _agency = " : " AND (_agency = ");
        lake_quote_text(sql, going->agency);
        if (going->before < INT64_MAX)
            buf_printf(sql, " AND _received < make_timestamp(%" PRId64 ")", going->before);
        any = true;
    }
    if (any)
        buf_add_byte(sql, ')');
    return any;
}

/* Rows of a dataset go; their hashes stay. Inside a transaction. */
static int remove_rows(struct lake *lake, const struct day *day, uint32_t table,
                       const struct goings *goings, struct err *err)
{
    struct buf sql = {0}, going = {0};
    struct str dataset = lake->tables.items[table]->name;
    if (goings_write(goings, table, &going)) {
        buf_printf(&sql, "INSERT INTO \"%s\"._removed SELECT _block, _key, _part, ", day->name);
        add_leaf_call(&sql, dataset);
        buf_printf(&sql, " FROM \"%s\".", day->name);
        lake_quote_name(&sql, dataset);
        buf_printf(&sql, " WHERE true%.*s;", STR_ARG(buf_str(&going)));
        day_write_removal(day, dataset, buf_str(&going), &sql);
    }
    sql.failed |= going.failed;
    buf_free(&going);
    return statement_run_built(lake, lake->writer, &sql, err);
}

static int remove_parts(struct lake *lake, struct day *day, const struct goings *goings,
                        struct err *err)
{
    uint64_t before = shares_bytes(&day->shares);
    int status = day->loaded ? 0 : day_load(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "BEGIN");
    for (uint32_t i = 0; status == 0 && i < day->tables.len; i++)
        status = remove_rows(lake, day, i, goings, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    status = day_recover(lake, day, err);
    return status < 0
               ? status
               : compact_note(lake, day, day->gone + before - shares_bytes(&day->shares), err);
}

static int tell_witness(const struct lake_witness *witness, const struct day *day, bool whole,
                        uint64_t rows, struct err *err)
{
    const struct lake_going going = {
        .day = str_from_c(day->name), .whole = whole, .last = day->seq_last, .rows = rows};
    int status = witness ? witness->note(witness->context, &going) : 0;
    return status < 0
               ? err_set(err, status, "%s stays: what goes of it could not be noted", day->name)
               : 0;
}

/* Removes what goes of a day. */
static int remove_shares(struct lake *lake, struct day *day, const struct goings *goings,
                         const struct lake_witness *witness, struct lake_removed *removed,
                         struct err *err)
{
    uint64_t rows = 0, all = 0, held = 0;
    for (size_t i = 0; i < goings->len; i++)
        rows += goings->items[i].rows;
    for (size_t i = 0; i < day->shares.len; i++)
        all += day->shares.items[i].rows;
    bool whole = rows == all;
    if (rows == 0)
        return 0;
    if (day->n_rows > 0)
        return err_set(err, -EBUSY, "%s: events were put and not committed", day->name);
    int status = hold_copy(lake, day, goings, &held, err);
    if (status == 0)
        status = tell_witness(witness, day, whole, rows, err);
    if (status == 0 && whole) {
        status = leave_begin(lake, day, err);
        removed->days += status == 0;
    } else if (status == 0) {
        status = remove_parts(lake, day, goings, err);
    }
    if (status == 0) {
        removed->rows += rows;
        removed->held += held;
    }
    return status;
}

static struct going going_whole(const struct share *share)
{
    return (struct going){share->table, share->agency, INT64_MAX, share->rows};
}

static bool is_held(const struct day *day)
{
    return strcmp(day->name, "held") == 0;
}

int keep_drop(struct lake *lake, const struct lake_part *part, const struct lake_witness *witness,
              struct lake_removed *ret_removed, struct err *err)
{
    struct lake_removed removed = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < lake->days.len; i++) {
        struct day *day = lake->days.items[i];
        struct goings goings = {0};
        if (is_held(day) || !any_or(part->day, str_from_c(day->name)))
            continue;
        status = day_make_sure(lake, day, err);
        for (size_t k = 0; status == 0 && k < day->shares.len; k++) {
            const struct share *share = &day->shares.items[k];
            if (any_or(part->agency, share->agency) &&
                any_or(part->dataset, lake->tables.items[share->table]->name) &&
                vec_push(&goings, going_whole(share)) < 0)
                status = err_set(err, -ENOMEM, "no memory");
        }
        if (status == 0)
            status = remove_shares(lake, day, &goings, witness, &removed, err);
        vec_free(&goings);
        struct err ignored; /* the room is taken a while longer */
        if (status == 0)
            (void)compact_day(lake, day, &ignored);
    }
    *ret_removed = removed;
    return status;
}

/* Retention. */

static const struct lake_rule *rule_of(const struct lake *lake, const struct lake_rule *rules,
                                       size_t n, const struct share *share)
{
    for (size_t i = 0; i < n; i++)
        if (any_or(rules[i].agency, share->agency) &&
            any_or(rules[i].dataset, lake->tables.items[share->table]->name))
            return &rules[i];
    return NULL;
}

/* What was received before this is too old for the rule. */
static int64_t oldest_kept(const struct lake_rule *rule, int64_t now)
{
    return (now / TIME_DAY_US - rule->days) * TIME_DAY_US;
}

/* Rows that go of a day without a date, counted by agency. */
struct counting {
    uint32_t table;
    struct goings *goings;
};

static int take_counts(void *context, const struct lake_chunk *chunk)
{
    const struct counting *counting = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        for (size_t k = 0; k < counting->goings->len; k++) {
            struct going *going = &counting->goings->items[k];
            if (going->table == counting->table &&
                str_eq(going->agency, chunk->columns[0].texts[i]))
                going->rows = (uint64_t)chunk->columns[1].integers[i];
        }
    return 0;
}

static int count_going(struct lake *lake, const struct day *day, struct goings *goings,
                       struct err *err)
{
    struct reading reading;
    int status = reading_open(lake, str_from_c(day->name), &reading, err);
    if (status < 0)
        return status;
    for (uint32_t i = 0; status == 0 && i < day->tables.len; i++) {
        struct counting counting = {i, goings};
        struct buf sql = {0};
        buf_printf(&sql, "SELECT _agency, count(*) FROM \"%s\".", day->name);
        lake_quote_name(&sql, lake->tables.items[i]->name);
        buf_add_c(&sql, " WHERE true");
        if (goings_write(goings, i, &sql)) {
            buf_add_c(&sql, " GROUP BY 1");
            status = reading_ask(&reading, &sql, take_counts, &counting, err);
        }
        buf_free(&sql);
    }
    reading_close(&reading);
    return status;
}

/* Times of events that are far from their arrival say nothing of their age: it is that of their arrival. */
static int retain_day(struct lake *lake, struct day *day, const struct lake_rule *rules, size_t n,
                      uint64_t *sizes, int64_t now, const struct lake_witness *witness,
                      struct lake_removed *removed, struct err *err)
{
    struct goings goings = {0};
    bool uncounted = false;
    int status = day_make_sure(lake, day, err);
    double density = day_density(lake, day);
    for (size_t i = 0; status == 0 && i < day->shares.len; i++) {
        const struct share *share = &day->shares.items[i];
        const struct lake_rule *rule = rule_of(lake, rules, n, share);
        if (!rule || share->rows == 0)
            continue;
        uint64_t *size = &sizes[rule - rules];
        *size += (uint64_t)(density * (double)share->bytes);
        struct going going = going_whole(share);
        bool over = rule->size > 0 && *size > rule->size;
        bool aged = rule->days > 0 && (!day_has_date(day) || share->last < oldest_kept(rule, now));
        if (aged && !over && !day_has_date(day)) {
            going.before = oldest_kept(rule, now);
            going.rows = 0;
            uncounted = true;
        }
        if ((over || aged) && vec_push(&goings, going) < 0)
            status = err_set(err, -ENOMEM, "no memory");
    }
    if (status == 0 && uncounted)
        status = count_going(lake, day, &goings, err);
    if (status == 0)
        status = remove_shares(lake, day, &goings, witness, removed, err);
    vec_free(&goings);
    return status;
}

int keep_retain(struct lake *lake, const struct lake_rule *rules, size_t n, int64_t now,
                const struct lake_witness *witness, struct lake_removed *ret_removed,
                struct err *err)
{
    struct lake_removed removed = {0};
    size_t n_days = lake->days.len;
    struct day **days = days_sorted(lake);
    uint64_t *sizes = calloc(n + 1, sizeof(*sizes));
    int status = days && sizes ? 0 : err_set(err, -ENOMEM, "no memory");
    int first = 0;
    bool compacted = false;
    for (size_t i = 0; status == 0 && i < n_days; i++) {
        if (is_held(days[i]))
            continue;
        struct err problem = {0}, ignored;
        int one = retain_day(lake, days[i], rules, n, sizes, now, witness, &removed, &problem);
        /* One at a time, for events wait meanwhile; what fails is tried again with the next look. */
        if (one == 0 && !compacted)
            compacted = compact_day(lake, days[i], &ignored) == 1;
        if (one < 0 && first == 0) {
            first = one;
            *err = problem;
        }
        if (one == -ENOMEM)
            break;
    }
    free(days);
    free(sizes);
    *ret_removed = removed;
    return status < 0 ? status : first;
}
