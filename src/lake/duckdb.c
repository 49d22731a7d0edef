#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/clock.h"
#include "lake/run.h"

#define LOCK_FILE "lock"
#define VERSION 1 /* of what is on disk */

#define MEMORY_DEFAULT (UINT64_C(1) << 30)
#define TEMPORARY_DEFAULT (UINT64_C(8) << 30)
#define FAR_PAST_DAYS_DEFAULT 400
#define FAR_AHEAD_DAYS_DEFAULT 2

static void fill_options(struct lake_options *options)
{
    if (options->memory == 0)
        options->memory = MEMORY_DEFAULT;
    if (options->temporary == 0)
        options->temporary = TEMPORARY_DEFAULT;
    if (options->gathered_max == 0)
        options->gathered_max = GATHERED_MAX_DEFAULT;
    if (options->far_past_days == 0)
        options->far_past_days = FAR_PAST_DAYS_DEFAULT;
    if (options->far_ahead_days == 0)
        options->far_ahead_days = FAR_AHEAD_DAYS_DEFAULT;
    if (options->threads == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        options->threads = processors > 0 ? (unsigned)processors : 1;
    }
}

static int make_folders(struct lake *lake, const char *place, struct err *err)
{
    char path[PATH_MAX];
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot make the folder: %s", place, strerror(errno));
    lake->place = realpath(place, NULL);
    if (!lake->place)
        return err_set(err, -errno, "%s: %s", place, strerror(errno));
    if (snprintf(path, sizeof(path), "%s/temporary", lake->place) >= (int)sizeof(path))
        return err_set(err, -ENAMETOOLONG, "%s: %s", place, strerror(ENAMETOOLONG));
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot make the folder: %s", path, strerror(errno));
    return 0;
}

/* The owner writes its process number into the lock, for the message that others get. */
static int lock_folder(struct lake *lake, struct err *err)
{
    char path[PATH_MAX], owner[24] = "";
    snprintf(path, sizeof(path), "%s/" LOCK_FILE, lake->place);
    lake->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lake->lock_file < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (flock(lake->lock_file, LOCK_EX | LOCK_NB) < 0) {
        ssize_t len = pread(lake->lock_file, owner, sizeof(owner) - 1, 0);
        struct str text = str_trim(str_of(owner, len > 0 ? (size_t)len : 0));
        return err_set(err, -EBUSY, "%s: process %.*s has this lake open", lake->place,
                       STR_ARG(text));
    }
    int len = snprintf(owner, sizeof(owner), "%ld\n", (long)getpid());
    if (ftruncate(lake->lock_file, 0) < 0 || pwrite(lake->lock_file, owner, (size_t)len, 0) != len)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

static int set_config(struct lake *lake, struct duck_config *config, const char *name,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

static int set_config(struct lake *lake, struct duck_config *config, const char *name,
                      const char *format, ...)
{
    char *value;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&value, format, arguments);
    va_end(arguments);
    if (len < 0)
        return -ENOMEM;
    enum duck_state state = lake->duck->set_config(config, name, value);
    free(value);
    return state == DUCK_OK ? 0 : -EINVAL;
}

static int open_instance(struct lake *lake, struct err *err)
{
    const struct duck *duck = lake->duck;
    const struct lake_options *options = &lake->options;
    struct duck_config *config = NULL;
    char *problem = NULL;
    int status = duck->create_config(&config) == DUCK_OK ? 0 : -ENOMEM;
    if (status == 0)
        status = set_config(lake, config, "memory_limit", "%zuB", (size_t)options->memory);
    if (status == 0)
        status = set_config(lake, config, "threads", "%u", options->threads);
    if (status == 0)
        status = set_config(lake, config, "temp_directory", "%s/temporary", lake->place);
    if (status == 0)
        status =
            set_config(lake, config, "max_temp_directory_size", "%zuB", (size_t)options->temporary);
    /* Blocks stay mapped: to give their pages back and get them anew took a third of the filler's time. */
    if (status == 0)
        status =
            set_config(lake, config, "block_allocator_memory", "%zuB", (size_t)options->memory / 2);
    /* A checkpoint rewrites the last row group of each column: rather seldom. It joins small ones when it is quiet. */
    if (status == 0)
        status = set_config(lake, config, "checkpoint_threshold", "%s", "256MB");
    if (status == 0)
        status = set_config(lake, config, "max_vacuum_tasks", "%d", 0);
    if (status < 0)
        err_set(err, status, "the library refuses its settings");
    else if (duck->open_ext(NULL, &lake->database, config, &problem) != DUCK_OK)
        status = statement_fail(err, problem);
    if (status == 0 && (duck->connect(lake->database, &lake->writer) != DUCK_OK ||
                        duck->connect(lake->database, &lake->admin) != DUCK_OK ||
                        duck->connect(lake->database, &lake->gauge) != DUCK_OK))
        status = err_set(err, -ENOMEM, "no memory");
    duck->free(problem);
    duck->destroy_config(&config);
    return status;
}

/* From here on SQL reads and writes nothing but the lake's folder, and cannot change that. */
static int lock_instance(struct lake *lake, struct err *err)
{
    struct buf sql = {0}, folder = {0};
    buf_printf(&folder, "%s/", lake->place);
    buf_add_c(&sql, "SET autoinstall_known_extensions = false; SET autoload_known_extensions = "
                    "false; SET allowed_directories = [");
    lake_quote_text(&sql, buf_str(&folder));
    buf_add_c(&sql, "]; SET enable_external_access = false; SET allowed_configs = "
                    "['enable_progress_bar', 'enable_progress_bar_print', "
                    "'max_vacuum_tasks']; SET "
                    "lock_configuration = true");
    sql.failed |= folder.failed;
    buf_free(&folder);
    return statement_run_built(lake, lake->writer, &sql, err);
}

static int read_version(void *context, const struct lake_chunk *chunk)
{
    *(int64_t *)context = chunk->columns[0].integers[0];
    return 0;
}

static int open_catalogue(struct lake *lake, struct err *err)
{
    int64_t version = 0;
    int status = catalogue_attach(lake, err);
    if (status == 0)
        status = statement_run(
            lake, lake->writer, err,
            "BEGIN; CREATE TABLE IF NOT EXISTS lake.version (version INTEGER);"
            "INSERT INTO lake.version SELECT %d WHERE NOT EXISTS (FROM lake.version);"
            "CREATE TABLE IF NOT EXISTS lake.datasets (number INTEGER, name VARCHAR);"
            "CREATE TABLE IF NOT EXISTS lake.columns (dataset INTEGER, position INTEGER, field "
            "VARCHAR, kind INTEGER, dynamic BOOLEAN);"
            "CREATE TABLE IF NOT EXISTS lake.fields (dataset INTEGER, agency VARCHAR, position "
            "INTEGER, field INTEGER);"
            "CREATE TABLE IF NOT EXISTS lake.progress (partition INTEGER, next BIGINT);"
            "CREATE TABLE IF NOT EXISTS lake.days (day VARCHAR, open BOOLEAN, seq_first BIGINT, "
            "seq_last BIGINT);"
            "CREATE TABLE IF NOT EXISTS lake.tables (day VARCHAR, dataset INTEGER, columns "
            "INTEGER);"
            "CREATE TABLE IF NOT EXISTS lake.shares (day VARCHAR, dataset INTEGER, agency VARCHAR, "
            "rows BIGINT, bytes BIGINT, first BIGINT, last BIGINT);"
            "CREATE TABLE IF NOT EXISTS lake.spans (day VARCHAR, partition INTEGER, first BIGINT, "
            "next BIGINT);"
            "CREATE TABLE IF NOT EXISTS lake.leaving (day VARCHAR);"
            "CREATE TABLE IF NOT EXISTS lake.sparse (day VARCHAR, gone BIGINT);"
            "CREATE TABLE IF NOT EXISTS lake.whole (seq BIGINT);"
            "CREATE TABLE IF NOT EXISTS lake.holds (hold VARCHAR, key BIGINT, part INTEGER);"
            "CREATE TABLE IF NOT EXISTS lake.hold_names (hold VARCHAR, reason VARCHAR, by_whom "
            "VARCHAR, since BIGINT);"
            /* Where nothing says so, what is there is whole. */
            "INSERT INTO lake.whole SELECT CASE WHEN EXISTS (FROM lake.days) THEN %" PRId64
            " ELSE 0 END WHERE NOT EXISTS (FROM lake.whole);"
            "COMMIT",
            VERSION, INT64_MAX);
    if (status == 0)
        status = statement_ask(lake, lake->writer, STR("SELECT version FROM lake.version"), NULL, 0,
                               read_version, &version, err);
    if (status == 0 && version != VERSION)
        status = err_set(err, -EBADMSG, "%s: a lake of another version of jaga", lake->place);
    return status;
}

static void lake_close(struct lake *lake)
{
    const struct duck *duck = lake->duck;
    struct err ignored;
    gather_forget(lake);
    if (lake->watching)
        (void)commit_settle(lake, &ignored);
    watcher_stop(lake);
    if (lake->writer)
        duck->disconnect(&lake->writer);
    if (lake->admin)
        duck->disconnect(&lake->admin);
    if (lake->gauge)
        duck->disconnect(&lake->gauge);
    if (lake->database)
        duck->close(&lake->database);
    for (size_t i = 0; i < lake->tables.len; i++)
        schema_free(lake->tables.items[i]);
    for (size_t i = 0; i < lake->days.len; i++)
        day_free(lake->days.items[i]);
    vec_free(&lake->tables);
    vec_free(&lake->days);
    vec_free(&lake->progress);
    arena_free(&lake->gathered);
    if (lake->lock_file >= 0)
        close(lake->lock_file);
    pthread_cond_destroy(&lake->runs_changed);
    pthread_mutex_destroy(&lake->runs_lock);
    pthread_mutex_destroy(&lake->lock);
    free(lake->place);
    free(lake);
}

static struct lake *lake_new(const struct lake_options *options)
{
    struct lake *lake = calloc(1, sizeof(*lake));
    if (!lake)
        return NULL;
    clock_condition_init(&lake->runs_changed);
    pthread_mutex_init(&lake->runs_lock, NULL);
    pthread_mutex_init(&lake->lock, NULL);
    lake->lock_file = -1;
    lake->seq = 1;
    lake->options = *options;
    fill_options(&lake->options);
    arena_init(&lake->gathered, lake->options.gathered_max);
    return lake;
}

static struct lake *lake_open(const char *place, const struct lake_options *options,
                              struct err *err)
{
    const struct duck *duck = duck_load(options->library, err);
    if (!duck)
        return NULL;
    struct lake *lake = lake_new(options);
    if (!lake) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    lake->duck = duck;
    int status = make_folders(lake, place, err);
    if (status == 0)
        status = lock_folder(lake, err);
    if (status == 0)
        compact_clear(lake);
    if (status == 0)
        status = open_instance(lake, err);
    if (status == 0)
        status = lock_instance(lake, err);
    if (status == 0)
        status = open_catalogue(lake, err);
    if (status == 0)
        status = functions_own(lake, err);
    if (status == 0)
        status = append_register(lake, err);
    if (status == 0)
        status = schema_load(lake, err);
    if (status == 0)
        status = owners_load(lake, err);
    if (status == 0)
        status = days_load(lake, err);
    if (status == 0 && (status = owners_assume(lake)) < 0)
        err_set(err, status, "no memory");
    if (status == 0 && (status = watcher_start(lake)) < 0)
        err_set(err, status, "cannot start a thread: %s", strerror(-status));
    if (status == 0)
        return lake;
    lake_close(lake);
    return NULL;
}

static int lake_progress_of(struct lake *lake, uint32_t partition, uint64_t *ret_next)
{
    int status = -ENOENT;
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; i < lake->progress.len; i++) {
        if (lake->progress.items[i].partition != partition)
            continue;
        *ret_next = lake->progress.items[i].next;
        status = 0;
    }
    pthread_mutex_unlock(&lake->lock);
    return status;
}

static int lake_datasets(struct lake *lake, const struct lake_scope *scope,
                         int (*each)(void *context, struct str dataset), void *context)
{
    int status = 0;
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; status >= 0 && i < lake->tables.len; i++)
        if (owners_have(lake->tables.items[i], scope))
            status = each(context, lake->tables.items[i]->name);
    pthread_mutex_unlock(&lake->lock);
    return status < 0 ? status : 0;
}

static int lake_columns(struct lake *lake, struct str dataset, const struct lake_scope *scope,
                        int (*each)(void *context, const struct lake_column *column), void *context)
{
    uint16_t columns[LAKE_COLUMNS_MAX];
    int status = 0;
    pthread_mutex_lock(&lake->lock);
    const struct table *table = schema_find(lake, dataset, NULL);
    bool owned = table && owners_have(table, scope);
    size_t n = owned ? owners_columns(table, scope, columns) : 0;
    for (size_t i = 0; status >= 0 && i < n; i++)
        status = each(context, &table->columns.items[columns[i]]);
    pthread_mutex_unlock(&lake->lock);
    return !owned ? -ENOENT : status < 0 ? status : 0;
}

static uint64_t lake_version(struct lake *lake)
{
    pthread_mutex_lock(&lake->lock);
    uint64_t version = lake->version;
    pthread_mutex_unlock(&lake->lock);
    return version;
}

static int day_shares(struct lake *lake, const struct day *day, const struct lake_part *part,
                      int (*each)(void *context, const struct lake_share *share), void *context)
{
    double density = day_density(lake, day);
    int status = 0;
    for (size_t i = 0; status >= 0 && i < day->shares.len; i++) {
        const struct share *share = &day->shares.items[i];
        struct lake_share out = {
            .day = str_from_c(day->name),
            .dataset = lake->tables.items[share->table]->name,
            .agency = share->agency,
            .rows = share->rows,
            .bytes = share->bytes,
            .size = (uint64_t)(density * (double)share->bytes),
            .first = share->first,
            .last = share->last,
        };
        if (share->rows > 0 && any_or(part->dataset, out.dataset) &&
            any_or(part->agency, out.agency))
            status = each(context, &out);
    }
    return status;
}

static int lake_shares(struct lake *lake, const struct lake_part *part,
                       int (*each)(void *context, const struct lake_share *share), void *context)
{
    pthread_mutex_lock(&lake->lock);
    struct day **days = days_sorted(lake);
    int status = days ? 0 : -ENOMEM;
    for (size_t i = lake->days.len; status >= 0 && i-- > 0;)
        if (any_or(part->day, str_from_c(days[i]->name)))
            status = day_shares(lake, days[i], part, each, context);
    pthread_mutex_unlock(&lake->lock);
    free(days);
    return status < 0 ? status : 0;
}

static int take_memory(void *context, const struct lake_chunk *chunk)
{
    *(uint64_t *)context = (uint64_t)chunk->columns[0].integers[0];
    return 0;
}

static void lake_stats(struct lake *lake, struct lake_stats *ret_stats)
{
    struct err ignored;
    uint64_t memory = 0;
    pthread_mutex_lock(&lake->lock);
    *ret_stats = lake->stats;
    lake->stats.commit_us_max = 0;
    for (size_t i = 0; i < lake->days.len; i++) {
        uint64_t size = day_size(lake, lake->days.items[i]);
        ret_stats->size += size;
        ret_stats->days += size > 0;
    }
    (void)statement_ask(lake, lake->admin,
                        STR("SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()"), NULL, 0,
                        take_memory, &memory, &ignored);
    ret_stats->memory = memory;
    ret_stats->gathered = atomic_load(&lake->gathered_bytes);
    pthread_mutex_lock(&lake->runs_lock);
    ret_stats->runs = lake->n_runs;
    ret_stats->runs_late = lake->n_runs_late;
    ret_stats->runs_large = lake->n_runs_large;
    ret_stats->runs_memory = lake->runs ? lake->runs_memory : 0;
    for (const struct lake_run *run = lake->runs; run; run = run->after)
        ret_stats->runs_active++;
    pthread_mutex_unlock(&lake->runs_lock);
    pthread_mutex_unlock(&lake->lock);
}

const struct lake_ops lake_duckdb = {
    .scheme = "duckdb",
    .open = lake_open,
    .close = lake_close,
    .put = gather_put,
    .commit = commit_gathered,
    .progress = lake_progress_of,
    .settle = commit_settle,
    .blocks = proof_blocks,
    .datasets = lake_datasets,
    .columns = lake_columns,
    .version = lake_version,
    .has = source_has,
    .shares = lake_shares,
    .stats = lake_stats,
    .functions = functions_register,
    .ask = run_ask,
    .result = run_result,
    .next = run_next,
    .cancel = run_cancel,
    .run_stats = run_get_stats,
    .done = run_done,
    .explain = run_explain,
    .get = lake_get_event,
    .verify = proof_verify,
    .drop = keep_drop,
    .retain = keep_retain,
    .hold = hold_add,
    .release = hold_release,
    .holds = hold_list,
    .export_ask = transfer_ask,
    .export_write = transfer_write,
    .export_proofs = excerpt_export,
    .import_from = transfer_import,
    .import_lines = transfer_import_lines,
};
