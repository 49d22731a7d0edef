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

static bool is_going(const struct goings *goings, const struct share *share)
{
    for (size_t i = 0; i < goings->len; i++)
        if (goings->items[i].table == share->table &&
            str_eq(goings->items[i].agency, share->agency))
            return true;
    return false;
}

/* Rows of one share go; their hashes stay. Inside a transaction. */
static int remove_rows(struct lake *lake, const struct day *day, const struct going *going,
                       struct err *err)
{
    struct buf sql = {0}, agency = {0};
    struct str dataset = lake->tables.items[going->table]->name;
    lake_quote_text(&agency, going->agency);
    buf_printf(&sql, "INSERT INTO \"%s\"._removed SELECT _block, _key, _part, ", day->name);
    add_leaf_call(&sql, dataset);
    buf_printf(&sql, " FROM \"%s\".", day->name);
    lake_quote_name(&sql, dataset);
    buf_printf(&sql, " WHERE _agency = %.*s; DELETE FROM \"%s\".", STR_ARG(buf_str(&agency)),
               day->name);
    lake_quote_name(&sql, dataset);
    buf_printf(
        &sql,
        " WHERE _agency = %.*s; DELETE FROM \"%s\"._shares WHERE agency = %.*s AND dataset = ",
        STR_ARG(buf_str(&agency)), day->name, STR_ARG(buf_str(&agency)));
    lake_quote_text(&sql, dataset);
    buf_add_byte(&sql, '\0');
    int status = sql.failed || agency.failed
                     ? err_set(err, -ENOMEM, "no memory")
                     : statement_run_text(lake, lake->writer, buf_str(&sql), err);
    buf_free(&sql);
    buf_free(&agency);
    return status;
}

static int remove_parts(struct lake *lake, struct day *day, const struct goings *goings,
                        struct err *err)
{
    int status = day->loaded ? 0 : day_load(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "BEGIN");
    for (size_t i = 0; status == 0 && i < goings->len; i++)
        status = remove_rows(lake, day, &goings->items[i], err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        struct err ignored;
        (void)statement_run(lake, lake->writer, &ignored, "ROLLBACK");
        return status;
    }
    return day_recover(lake, day, err);
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

/* Removes shares of a day. */
static int remove_shares(struct lake *lake, struct day *day, const struct goings *goings,
                         const struct lake_witness *witness, struct lake_removed *removed,
                         struct err *err)
{
    uint64_t rows = 0, held = 0;
    bool whole = true;
    for (size_t i = 0; i < day->shares.len; i++) {
        if (is_going(goings, &day->shares.items[i]))
            rows += day->shares.items[i].rows;
        else
            whole = whole && day->shares.items[i].rows == 0;
    }
    if (goings->len == 0)
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

static bool any_or(struct str wanted, struct str text)
{
    return wanted.len == 0 || str_eq(wanted, text);
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
        for (size_t k = 0; status == 0 && k < day->shares.len; k++) {
            const struct share *share = &day->shares.items[k];
            if (any_or(part->agency, share->agency) &&
                any_or(part->dataset, lake->tables.items[share->table]->name) &&
                vec_push(&goings, (struct going){share->table, share->agency}) < 0)
                status = err_set(err, -ENOMEM, "no memory");
        }
        if (status == 0)
            status = remove_shares(lake, day, &goings, witness, &removed, err);
        vec_free(&goings);
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

static uint64_t share_size(const struct lake *lake, const struct day *day,
                           const struct share *share)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < day->shares.len; i++)
        bytes += day->shares.items[i].bytes;
    double part = bytes ? (double)share->bytes / (double)bytes : 0;
    return (uint64_t)(part * (double)day_size(lake, day));
}

/* By the last time of the share: days without a date age too. */
static bool is_old(const struct lake_rule *rule, const struct share *share, int64_t now)
{
    return rule->days > 0 && share->last / TIME_DAY_US + rule->days < now / TIME_DAY_US;
}

/* Newest first, what has no date last: the newest are kept as long as there is room. */
static int compare_days(const void *a, const void *b)
{
    const struct day *x = *(struct day *const *)a, *y = *(struct day *const *)b;
    int64_t left = x->number == INT64_MAX ? -1 : x->number;
    int64_t right = y->number == INT64_MAX ? -1 : y->number;
    return (left < right) - (left > right);
}

static int retain_day(struct lake *lake, struct day *day, const struct lake_rule *rules, size_t n,
                      uint64_t *sizes, int64_t now, const struct lake_witness *witness,
                      struct lake_removed *removed, struct err *err)
{
    struct goings goings = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < day->shares.len; i++) {
        const struct share *share = &day->shares.items[i];
        const struct lake_rule *rule = rule_of(lake, rules, n, share);
        if (!rule || share->rows == 0)
            continue;
        uint64_t *size = &sizes[rule - rules];
        *size += share_size(lake, day, share);
        bool over = rule->size > 0 && *size > rule->size;
        if ((over || is_old(rule, share, now)) &&
            vec_push(&goings, (struct going){share->table, share->agency}) < 0)
            status = err_set(err, -ENOMEM, "no memory");
    }
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
    struct day **days = malloc((n_days + 1) * sizeof(*days));
    uint64_t *sizes = calloc(n + 1, sizeof(*sizes));
    int status = days && sizes ? 0 : err_set(err, -ENOMEM, "no memory");
    if (status == 0 && n_days > 0) {
        memcpy(days, lake->days.items, n_days * sizeof(struct day *));
        qsort(days, n_days, sizeof(struct day *), compare_days);
    }
    int first = 0;
    for (size_t i = 0; status == 0 && i < n_days; i++) {
        if (is_held(days[i]))
            continue;
        struct err problem = {0};
        int one = retain_day(lake, days[i], rules, n, sizes, now, witness, &removed, &problem);
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
