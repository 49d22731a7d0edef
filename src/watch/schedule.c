#include "watch/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/metric.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/schedule_state.h"

#define TICK_US TIME_SECOND_US
#define RETRY_US (5 * TIME_SECOND_US) /* after an error of the ledger */
#define NICENESS 10
#define KEPT_MEMORY_MAX ((size_t)1 << 30)
#define NAMES_MEMORY_MAX ((size_t)16 << 20)

static const struct ledger_scope everything = {.all = true};

int64_t schedule_due(int64_t last, int64_t every_us, int64_t lag_us, int64_t now)
{
    int64_t ripe = now - lag_us;
    if (every_us <= 0)
        return TIME_UNSET;
    if (last == TIME_UNSET || last > now + every_us) /* never, or the clock was set back */
        return ripe;
    if (ripe < last || (ripe - last) / every_us == 0)
        return TIME_UNSET;
    return last + (ripe - last) / every_us * every_us;
}

/* ---- the hunts ---- */

static bool is_stopping(struct schedule *schedule)
{
    pthread_mutex_lock(&schedule->lock);
    bool stopping = schedule->stopping;
    pthread_mutex_unlock(&schedule->lock);
    return stopping;
}

static int add_hunt(struct schedule *schedule, const struct saved_hunt *hunt, struct str agencies)
{
    struct scheduled *scheduled = arena_zero(&schedule->arena, 1, sizeof(*scheduled));
    if (!scheduled)
        return -ENOMEM;
    scheduled->hunt = hunt;
    scheduled->agencies = arena_copy(&schedule->arena, agencies);
    int status = scheduled->agencies.ptr
                     ? schedule_describe(&schedule->arena, schedule->options.attack, scheduled)
                     : -ENOMEM;
    scheduled->rule.number = (uint32_t)schedule->hunts.len;
    if (status == 0)
        status = vec_push(&schedule->hunts, scheduled);
    return status < 0 ? status : vec_push(&schedule->rules.rules, &scheduled->rule);
}

static int check_kept(struct schedule *schedule, const struct saved_hunt *hunt, struct err *err)
{
    const struct tables *tables = tables_shelf_take(schedule->options.tables);
    int status = saved_check(hunt, tables, err);
    tables_shelf_give(schedule->options.tables, tables);
    return status;
}

/* A hunt that fits the tables no more, or whose id means one that is shipped now, is left out and logged. */
static int add_kept(void *context, const struct kept_hunt *kept)
{
    struct schedule *schedule = context;
    const struct saved_hunt *hunt;
    struct err err = {0};
    int status = saved_read(&schedule->arena, kept->text, schedule->options.attack, &hunt, &err);
    if (status == 0)
        status = check_kept(schedule, hunt, &err);
    if (status == 0 && saved_set_find(schedule->options.hunts, kept->id))
        status = err_set(&err, -EEXIST, "its id means a hunt that is shipped");
    if (status == 0)
        return add_hunt(schedule, hunt, kept->agencies);
    struct log_line line;
    log_begin(&line, LOG_WARN, "hunt.bad");
    log_str(&line, "hunt", kept->id);
    log_c(&line, "problem", err.message);
    log_end(&line);
    schedule->counts.bad++;
    return 0;
}

static void forget_hunts(struct schedule *schedule)
{
    exceptions_free(schedule->exceptions);
    schedule->exceptions = NULL;
    vec_free(&schedule->hunts);
    vec_free(&schedule->rules.rules);
    arena_free(&schedule->arena);
    schedule->counts.bad = 0;
}

/* What is shipped, what is kept, and the exceptions from both. */
static int read_hunts(struct schedule *schedule, struct err *err)
{
    const struct saved_set *shipped = schedule->options.hunts;
    uint32_t bad = 0;
    int status = 0;
    forget_hunts(schedule);
    for (size_t i = 0; status == 0 && i < saved_set_count(shipped); i++)
        status = add_hunt(schedule, saved_set_get(shipped, i), STR("*"));
    if (status == 0)
        status = kept_hunt_list(schedule->ledger, &everything, add_kept, schedule);
    if (status < 0)
        return err_set(err, status, "the saved hunts can't be read: %s",
                       ledger_problem(schedule->ledger));
    schedule->counts.hunts = schedule->hunts.len;
    schedule->exceptions =
        exceptions_load(schedule->ledger, &schedule->rules, schedule->options.datasets, &bad, err);
    return schedule->exceptions ? 0 : err->code;
}

/* Reads them again where the ledger has changed. */
static int refresh_hunts(struct schedule *schedule, struct err *err)
{
    uint64_t version;
    if (ledger_version(schedule->ledger, &version) < 0)
        return err_set(err, -EIO, "%s", ledger_problem(schedule->ledger));
    if (version == schedule->version && schedule->exceptions)
        return 0;
    int status = read_hunts(schedule, err);
    if (status == 0)
        schedule->version = version;
    return status;
}

/* ---- what agencies want different ---- */

static void choices_free(struct schedule_choices *choices)
{
    if (choices)
        arena_free(&choices->arena);
    free(choices);
}

static bool copy_agency(struct arena *arena, const struct live_agency *from,
                        struct live_agency *ret_agency)
{
    struct str *without = arena_zero(arena, from->n_without + 1, sizeof(*without));
    for (size_t i = 0; without && i < from->n_without; i++)
        without[i] = arena_copy(arena, from->without[i]);
    *ret_agency = (struct live_agency){.name = arena_copy(arena, from->name),
                                       .level = from->level,
                                       .without = without,
                                       .n_without = from->n_without};
    return arena->refused == 0;
}

static struct schedule_choices *choices_new(const struct live_agency *agencies, size_t n)
{
    struct schedule_choices *choices = calloc(1, sizeof(*choices));
    if (!choices)
        return NULL;
    arena_init(&choices->arena, NAMES_MEMORY_MAX);
    choices->agencies = arena_zero(&choices->arena, n + 1, sizeof(*choices->agencies));
    for (; choices->agencies && choices->n < n; choices->n++)
        if (!copy_agency(&choices->arena, &agencies[choices->n], &choices->agencies[choices->n]))
            break;
    if (choices->n == n && choices->agencies)
        return choices;
    choices_free(choices);
    return NULL;
}

int schedule_set_agencies(struct schedule *schedule, const struct live_agency *agencies, size_t n)
{
    struct schedule_choices *choices = choices_new(agencies, n);
    if (!choices)
        return -ENOMEM;
    pthread_mutex_lock(&schedule->lock);
    struct schedule_choices *before = schedule->next; /* nobody has used it yet */
    schedule->next = choices;
    pthread_mutex_unlock(&schedule->lock);
    choices_free(before);
    return 0;
}

static void take_choices(struct schedule *schedule)
{
    pthread_mutex_lock(&schedule->lock);
    struct schedule_choices *next = schedule->next;
    schedule->next = NULL;
    pthread_mutex_unlock(&schedule->lock);
    if (!next)
        return;
    choices_free(schedule->choices);
    schedule->choices = next;
}

/* ---- the agencies ---- */

static int add_agency(void *context, const struct lake_share *share)
{
    struct schedule *schedule = context;
    for (size_t i = 0; i < schedule->agencies.len; i++)
        if (str_eq(schedule->agencies.items[i], share->agency))
            return 0;
    struct str name = arena_copy(&schedule->names, share->agency);
    return name.ptr ? vec_push(&schedule->agencies, name) : -ENOMEM;
}

static int refresh_agencies(struct schedule *schedule, struct err *err)
{
    int64_t ticks = clock_ticks_us();
    const struct lake_part all = {0};
    bool known = schedule->agencies.len > 0;
    if (known && ticks - schedule->looked < SCHEDULE_AGENCIES_US)
        return 0;
    schedule->looked = ticks;
    schedule->agencies.len = 0;
    arena_reset(&schedule->names);
    if (schedule->options.engine->shares(schedule->options.lake, &all, add_agency, schedule) < 0)
        return err_set(err, -EIO, "the agencies of the lake can't be read");
    return 0;
}

/* ---- the runs ---- */

/* The place of a hunt's last run for an agency; made if need be. MAP_NONE: no memory. */
static uint32_t run_place(struct schedule *schedule, struct str hunt, struct str agency)
{
    struct buf key = {0};
    buf_add_str(&key, hunt);
    buf_add_byte(&key, '\n');
    buf_add_str(&key, agency);
    uint32_t place = key.failed ? MAP_NONE : map_get(&schedule->runs, buf_str(&key));
    if (place == MAP_NONE && !key.failed && vec_push(&schedule->dues, TIME_UNSET) == 0) {
        place = (uint32_t)schedule->dues.len - 1;
        struct str kept = arena_copy(&schedule->keys, buf_str(&key));
        if (!kept.ptr || map_put(&schedule->runs, kept, place) < 0)
            place = MAP_NONE;
    }
    buf_free(&key);
    return place;
}

static int add_run(void *context, const struct hunt_run *run)
{
    struct schedule *schedule = context;
    uint32_t place = run_place(schedule, run->hunt, run->agency);
    if (place == MAP_NONE)
        return -ENOMEM;
    schedule->dues.items[place] = run->due;
    return 0;
}

/* `asked`: now, whenever it is due. */
static int run_for(struct schedule *schedule, const struct scheduled *scheduled, struct str agency,
                   bool asked)
{
    uint32_t place = run_place(schedule, scheduled->hunt->id, agency);
    if (place == MAP_NONE)
        return -ENOMEM;
    int64_t now = schedule->options.now(), *last = &schedule->dues.items[place];
    int64_t due =
        asked ? now : schedule_due(*last, scheduled->hunt->every_us, schedule->options.lag_us, now);
    if (due == TIME_UNSET)
        return 0;
    int status = schedule_run(schedule, scheduled, agency, due);
    if (status == 0)
        *last = due;
    return status;
}

static bool has_agency(struct str agencies, struct str agency)
{
    struct str one;
    if (str_eq(agencies, STR("*")))
        return true;
    while (str_cut(&agencies, ',', &one))
        if (str_eq(one, agency))
            return true;
    return false;
}

static int run_hunt(struct schedule *schedule, const struct scheduled *scheduled, bool asked)
{
    if (scheduled->hunt->central)
        return run_for(schedule, scheduled, STR(""), asked);
    int status = 0;
    for (size_t i = 0; status == 0 && i < schedule->agencies.len; i++)
        if (has_agency(scheduled->agencies, schedule->agencies.items[i]))
            status = run_for(schedule, scheduled, schedule->agencies.items[i], asked);
    return status;
}

/* The id of a hunt that was asked for, until it is dropped. NULL: none. */
static const char *next_asked(struct schedule *schedule)
{
    pthread_mutex_lock(&schedule->lock);
    const char *id = schedule->asked.len ? schedule->asked.items[0] : NULL;
    schedule->stats = schedule->counts;
    pthread_mutex_unlock(&schedule->lock);
    return id;
}

static void drop_asked(struct schedule *schedule)
{
    pthread_mutex_lock(&schedule->lock);
    free(schedule->asked.items[0]);
    schedule->asked.len--;
    memmove(schedule->asked.items, schedule->asked.items + 1, schedule->asked.len * sizeof(char *));
    pthread_mutex_unlock(&schedule->lock);
}

/* One that could not be recorded is run again, as those that are due are. */
static int run_asked(struct schedule *schedule, struct err *err)
{
    int status = 0;
    for (const char *id; status == 0 && (id = next_asked(schedule));) {
        schedule->agencies.len = 0; /* whoever asks wants those that came just now, too */
        status = refresh_agencies(schedule, err);
        for (size_t i = 0; status == 0 && i < schedule->hunts.len; i++)
            if (str_eq_ascii_nocase(schedule->hunts.items[i]->hunt->id, str_from_c(id)))
                status = run_hunt(schedule, schedule->hunts.items[i], true);
        if (status == 0)
            drop_asked(schedule);
    }
    return status;
}

static int look(struct schedule *schedule, struct err *err)
{
    take_choices(schedule);
    int status = refresh_hunts(schedule, err);
    if (status == 0)
        status = refresh_agencies(schedule, err);
    if (status == 0)
        status = run_asked(schedule, err);
    for (size_t i = 0; status == 0 && !schedule->options.idle && i < schedule->hunts.len; i++) {
        status = run_hunt(schedule, schedule->hunts.items[i], false);
        if (status == 0)
            status = run_asked(schedule, err); /* whoever asks does not wait for all that are due */
    }
    if (status < 0 && !err->code)
        err_set(err, status, "%s", ledger_problem(schedule->ledger));
    return status;
}

/* ---- the thread ---- */

/* For less where it is stopped, or somebody asks; but a ledger that is away is not tried again without a pause. */
static void rest(struct schedule *schedule, bool failed)
{
    int64_t until = clock_ticks_us() + (failed ? RETRY_US : TICK_US);
    int status = 0;
    pthread_mutex_lock(&schedule->lock);
    schedule->stats = schedule->counts;
    while (status == 0 && !schedule->stopping && (failed || schedule->asked.len == 0))
        status = clock_wait(&schedule->changed, &schedule->lock, until);
    pthread_mutex_unlock(&schedule->lock);
}

static void *work(void *context)
{
    struct schedule *schedule = context;
    int said = 0;
    setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread alone, on Linux */
    while (!is_stopping(schedule)) {
        struct err err = {0};
        int status = look(schedule, &err);
        if (status < 0 && status != -ECANCELED) {
            schedule->counts.errors++;
            if (said != status)
                log_say(LOG_ERROR, "hunt.schedule", "%s", err.message);
        }
        said = status;
        rest(schedule, status < 0);
    }
    return NULL;
}

/* ---- start and stop ---- */

static void free_all(struct schedule *schedule)
{
    forget_hunts(schedule);
    if (schedule->ledger)
        ledger_close(schedule->ledger);
    for (size_t i = 0; i < schedule->asked.len; i++)
        free(schedule->asked.items[i]);
    vec_free(&schedule->asked);
    choices_free(schedule->choices);
    choices_free(schedule->next);
    vec_free(&schedule->agencies);
    vec_free(&schedule->dues);
    map_free(&schedule->runs);
    arena_free(&schedule->names);
    arena_free(&schedule->keys);
    pthread_cond_destroy(&schedule->changed);
    pthread_mutex_destroy(&schedule->lock);
    free(schedule);
}

static int open_ledger(struct schedule *schedule, struct err *err)
{
    const struct ledger_options options = {
        .create = true, .key = schedule->options.journal_key, .now = schedule->options.now};
    schedule->ledger = ledger_open(schedule->options.ledger, &options, err);
    if (!schedule->ledger)
        return err->code;
    if (hunt_run_list(schedule->ledger, &everything, STR(""), add_run, schedule) < 0)
        return err_set(err, -EIO, "%s", ledger_problem(schedule->ledger));
    return refresh_hunts(schedule, err);
}

struct schedule *schedule_start(const struct schedule_options *options, struct err *err)
{
    struct schedule *schedule = calloc(1, sizeof(*schedule));
    if (!schedule) {
        err_set(err, -ENOMEM, "no memory for the saved hunts");
        return NULL;
    }
    schedule->options = *options;
    if (options->lag_us == 0)
        schedule->options.lag_us = SCHEDULE_LAG_US;
    if (options->lag_us < 0)
        schedule->options.lag_us = 0;
    if (!options->now)
        schedule->options.now = clock_now_us;
    arena_init(&schedule->arena, KEPT_MEMORY_MAX);
    arena_init(&schedule->names, NAMES_MEMORY_MAX);
    arena_init(&schedule->keys, NAMES_MEMORY_MAX);
    pthread_mutex_init(&schedule->lock, NULL);
    clock_condition_init(&schedule->changed);
    schedule->choices = choices_new(options->agencies, options->n_agencies);
    schedule->options.agencies = NULL;
    int status = schedule->choices ? open_ledger(schedule, err)
                                   : err_set(err, -ENOMEM, "no memory for the saved hunts");
    if (status == 0) {
        status = pthread_create(&schedule->thread, NULL, work, schedule);
        if (status != 0)
            err_set(err, -status, "cannot start a thread: %s", strerror(status));
    }
    if (status == 0)
        return schedule;
    free_all(schedule);
    return NULL;
}

void schedule_stop(struct schedule *schedule)
{
    if (!schedule)
        return;
    pthread_mutex_lock(&schedule->lock);
    schedule->stopping = true;
    if (schedule->asking)
        hunt_asking_cancel(schedule->asking);
    pthread_cond_signal(&schedule->changed);
    pthread_mutex_unlock(&schedule->lock);
    pthread_join(schedule->thread, NULL);
    free_all(schedule);
}

/* ---- questions ---- */

int schedule_ask(struct schedule *schedule, struct str id)
{
    char *copy = str_dup(id);
    if (!copy)
        return -ENOMEM;
    pthread_mutex_lock(&schedule->lock);
    int status =
        schedule->asked.len < SCHEDULE_ASKED_MAX ? vec_push(&schedule->asked, copy) : -EAGAIN;
    pthread_cond_signal(&schedule->changed);
    pthread_mutex_unlock(&schedule->lock);
    if (status < 0)
        free(copy);
    return status;
}

void schedule_stats(struct schedule *schedule, struct schedule_stats *ret_stats)
{
    pthread_mutex_lock(&schedule->lock);
    *ret_stats = schedule->stats;
    pthread_mutex_unlock(&schedule->lock);
}

void schedule_metrics(void *context, struct buf *out)
{
    struct schedule_stats stats;
    schedule_stats(context, &stats);
    metric_head(out, "jaga_saved_hunt_runs_total", "counter", "Runs of saved hunts, by outcome.");
    for (unsigned i = 0; i <= HUNT_FAILED; i++)
        metric_add(out, "jaga_saved_hunt_runs_total",
                   METRIC_LABELS({"outcome", str_from_c(hunt_outcome_name(i))}), stats.runs[i]);
    metric_head(out, "jaga_saved_hunt_seconds_total", "counter", "Time that they took together.");
    metric_add_real(out, "jaga_saved_hunt_seconds_total", METRIC_PLAIN, (double)stats.time_us / 1e6,
                    3);
    metric_one(out, "jaga_saved_hunt_rows_total", "counter", "Rows that they gave.", stats.rows);
    metric_one(out, "jaga_saved_hunt_findings_total", "counter",
               "Rows that opened a finding or counted on one.", stats.findings);
    metric_one(out, "jaga_saved_hunt_known_total", "counter", "Rows that were found before.",
               stats.known);
    metric_one(out, "jaga_saved_hunt_excepted_total", "counter",
               "Rows that exceptions or an agency's choice took away.", stats.excepted);
    metric_one(out, "jaga_saved_hunt_errors_total", "counter",
               "Failures to record a run; it is run again.", stats.errors);
    metric_one(out, "jaga_saved_hunts", "gauge", "Hunts that can be run.", stats.hunts);
    metric_one(out, "jaga_saved_hunts_bad", "gauge", "Hunts that are kept and can't be used.",
               stats.bad);
}
