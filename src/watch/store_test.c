/* What passes the spool is in the lake: all of it, once, in order, whatever fails on the way. */
#include "watch/store.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/journal.h"
#include "watch/lake_fake_test.h"
#include "watch/live_test.h"
#include "watch/proof.h"

struct scene {
    struct world world;
    struct lake lake;
    struct store_options options;
    struct store *store;
};

/* ---- versions ---- */

static void version_free(struct store_version *version)
{
    struct live_version *live = version->owner;
    live->free(live);
    free(version);
}

static struct store_version *make_version(void)
{
    struct store_version *version = calloc(1, sizeof(*version));
    struct live_version *live = test_version(NULL);
    assert_non_null(version);
    *version = (struct store_version){live->datasets, live->fields, live, version_free};
    return version;
}

/* A dataset of another name for what was "door" before, with types. */
static void plain_version_free(struct store_version *version)
{
    datasets_free(version->datasets);
    fields_free(version->owner);
    free(version->owner);
    free(version);
}

static struct store_version *make_gate_version(void)
{
    static const char yaml[] =
        "name: gate\nrecognise: [{kind: {present: true}}]\ntime: at\n"
        "logsources: [{product: door}]\n"
        "fields: {n: {type: integer}, f: {type: number}, b: {type: boolean}, "
        "port: {type: port}, pid: {type: pid}, at: {type: time}}\n";
    struct store_version *version = calloc(1, sizeof(*version));
    struct fields *fields = calloc(1, sizeof(*fields));
    struct err err = {0};
    assert_non_null(version);
    assert_non_null(fields);
    assert_int_equal(fields_init(fields), 0);
    version->datasets = datasets_new(fields);
    if (datasets_add(version->datasets, STR(yaml), STR("gate.yaml"), &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(datasets_freeze(version->datasets), 0);
    version->fields = fields;
    version->owner = fields;
    version->free = plain_version_free;
    return version;
}

/* ---- the scene ---- */

static void scene_open(struct scene *scene)
{
    *scene = (struct scene){0};
    world_open(&scene->world);
    lake_fake_init(&scene->lake);
    scene->options = (struct store_options){
        .lake_engine = &lake_fake,
        .lake = &scene->lake,
        .engine = scene->world.options.engine,
        .spool = scene->world.spool,
        .ledger = scene->world.ledger_url,
        .journal_key = scene->world.key,
        .commit_us = 1000,
    };
}

static void scene_start(struct scene *scene, struct store_version *version)
{
    struct err err = {0};
    scene->options.spool = scene->world.spool;
    scene->store = store_start(&scene->options, version, &err);
    if (!scene->store)
        fail_msg("%s", err.message);
}

static void scene_await(struct scene *scene)
{
    struct store_stats stats;
    for (store_stats(scene->store, &stats); stats.lag; store_stats(scene->store, &stats))
        test_nap();
}

static void scene_stop(struct scene *scene)
{
    store_stop(scene->store);
    scene->store = NULL;
}

static void scene_close(struct scene *scene)
{
    store_stop(scene->store);
    lake_fake_free(&scene->lake);
    world_close(&scene->world);
}

static void append(struct scene *scene, uint32_t partition, const char *lines)
{
    world_append(&scene->world, partition, "moh", TEST_START, lines);
}

static void assert_rows(struct scene *scene, const char *expected)
{
    char *rows = lake_fake_rows(&scene->lake);
    assert_string_equal(rows, expected);
    free(rows);
}

/* ---- tests ---- */

static void everything_is_stored_once_in_order(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    append(&scene, 0, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
    scene_start(&scene, make_version());
    append(&scene, 3, "{\"other\":\"c\"}\n");
    append(&scene, 0, "{\"kind\":\"d\",\"n\":7}\n");
    scene_await(&scene);
    assert_rows(&scene, "0.0 door json moh/doors raw={\"kind\":\"a\"} kind=a:s>s\n"
                        "0.1 door json moh/doors raw={\"kind\":\"b\"} kind=b:s>s\n"
                        "0.2 door json moh/doors raw={\"kind\":\"d\",\"n\":7} kind=d:s>s n=7:i>s\n"
                        "3.0 unrecognised json moh/doors raw={\"other\":\"c\"} other=c:s>s\n");
    struct store_stats stats;
    store_stats(scene.store, &stats);
    assert_int_equal(stats.events, 4);
    assert_int_equal(stats.rows, 4);
    assert_int_equal(stats.unrecognised, 1);
    assert_int_equal(stats.unread, 0);
    uint64_t passed;
    assert_int_equal(
        scene.options.engine->consumer_get(scene.options.spool, STORE_CONSUMER, 0, &passed), 0);
    assert_int_equal(passed, 3);
    assert_int_equal(scene.lake.repeated, 0);
    scene_close(&scene);
}

static void columns_have_the_types_of_the_dataset(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    append(&scene, 0,
           "{\"kind\":\"k\",\"null\":null,\"n\":1,\"f\":2.5,\"b\":true,\"port\":\"80\",\"pid\":3,"
           "\"at\":\"x\","
           "\"list\":[\"p\",\"q\"],\"none\":[],\"empty\":{},\"x\":4}\n");
    scene_start(&scene, make_gate_version());
    scene_await(&scene);
    char *rows = lake_fake_rows(&scene.lake);
    assert_non_null(
        strstr(rows, " kind=k:s>s null=:n>s n=1:i>i f=2.5:d>d b=true:b>b port=80:s>i pid=3:i>i "
                     "at=x:s>s list=p:s>s[] list=q:s>s[] none=[]:j>s empty={}:j>s "
                     "x=4:i>s\n"));
    free(rows);
    scene_close(&scene);
}

static void what_cannot_be_read_is_stored_as_it_came(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    append(&scene, 0,
           "{\"kind\":\"a\"}\n{\"kind\":\n\n{\"kind\":\"b\"} and more\n{\"kind\":\"c\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    assert_rows(&scene, "0.0 door json moh/doors raw={\"kind\":\"a\"} kind=a:s>s\n"
                        "0.1 unrecognised json moh/doors raw={\"kind\":\n"
                        "0.2 unrecognised json moh/doors raw=\n"
                        "0.3 door json moh/doors raw={\"kind\":\"b\"} kind=b:s>s\n"
                        "0.3.1 unrecognised json moh/doors raw={\"kind\":\"b\"} and more\n"
                        "0.4 door json moh/doors raw={\"kind\":\"c\"} kind=c:s>s\n");
    struct store_stats stats;
    store_stats(scene.store, &stats);
    assert_int_equal(stats.unread, 3);
    scene_close(&scene);
}

static void records_of_a_line_are_parts_of_its_event(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    append(&scene, 1, "{\"Records\":[{\"kind\":\"a\"},{\"kind\":\"b\"}]}\n{\"kind\":\"c\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    char *rows = lake_fake_rows(&scene.lake);
    assert_non_null(strstr(rows, "1.0 door json moh/doors raw={\"kind\":\"a\"}"));
    assert_non_null(strstr(rows, "1.0.1 door json moh/doors raw={\"kind\":\"b\"}"));
    assert_non_null(strstr(rows, "1.1 door json moh/doors raw={\"kind\":\"c\"}"));
    free(rows);
    assert_int_equal(scene.lake.rows.len, 3);
    scene_close(&scene);
}

/* The second event ends before the first; and nothing of a joined record is stored twice. */
static void audit_records_that_are_mixed_come_in_order(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    append(&scene, 0,
           "type=SYSCALL msg=audit(1732154400.123:1): arch=c000003e syscall=59 comm=\"one\"\n"
           "type=SYSCALL msg=audit(1732154400.124:2): arch=c000003e syscall=59 comm=\"two\"\n"
           "type=CWD msg=audit(1732154400.124:2): cwd=\"/b\"\n"
           "type=CWD msg=audit(1732154400.123:1): cwd=\"/a\"\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    char *rows = lake_fake_rows(&scene.lake);
    assert_int_equal(scene.lake.rows.len, 2);
    assert_int_equal(strncmp(rows, "0.0 ", 4), 0);
    assert_non_null(strstr(rows, "comm=one:s>s SYSCALL=execve:s>s cwd=/a:s>s"));
    assert_non_null(strstr(rows, "\n0.1 "));
    free(rows);
    struct store_stats stats;
    store_stats(scene.store, &stats);
    assert_int_equal(stats.refused, 0);
    scene_close(&scene);
}

static void it_goes_on_where_the_lake_is(void **state)
{
    (void)state;
    struct scene scene;
    struct store_stats stats;
    scene_open(&scene);
    append(&scene, 0, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    scene_stop(&scene);
    append(&scene, 0, "{\"kind\":\"c\"}\n");
    scene.lake.progress[0] = 1; /* as after a crash between the rows and the progress */
    scene_start(&scene, make_version());
    scene_await(&scene);
    store_stats(scene.store, &stats);
    assert_int_equal(stats.events, 2);
    assert_int_equal(scene.lake.rows.len, 3);
    assert_int_equal(scene.lake.repeated, 1);
    scene_close(&scene);
}

static void a_stop_commits_what_was_put(void **state)
{
    (void)state;
    struct scene scene;
    struct store_stats stats = {0};
    scene_open(&scene);
    scene.options.commit_us = INT64_MAX;
    append(&scene, 2, "{\"kind\":\"a\"}\n");
    scene_start(&scene, make_version());
    while (stats.rows == 0) {
        test_nap();
        store_stats(scene.store, &stats);
    }
    assert_int_equal(stats.lag, 1);
    scene_stop(&scene);
    assert_int_equal(scene.lake.rows.len, 1);
    assert_int_equal(scene.lake.progress[2], 1);
    assert_true(scene.lake.settled > 0);
    scene_close(&scene);
}

static void much_is_committed_at_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene.options.commit_us = INT64_MAX;
    scene.options.commit_bytes = 20;
    append(&scene, 2, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n{\"kind\":\"c\"}\n{\"kind\":\"d\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    assert_int_equal(scene.lake.commits, 2);
    assert_int_equal(scene.lake.rows.len, 4);
    scene_close(&scene);
}

static void a_full_lake_is_committed_and_filled_on(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene.lake.full_after = 2;
    append(&scene, 2, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n{\"kind\":\"c\"}\n{\"kind\":\"d\"}\n");
    append(&scene, 1, "{\"kind\":\"e\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    assert_int_equal(scene.lake.rows.len, 5);
    assert_int_equal(scene.lake.repeated, 0);
    scene_close(&scene);
}

/* Nothing is lost while it lasts, nothing doubled by what half a commit has left. */
static void a_disk_that_fails_is_waited_for(void **state)
{
    (void)state;
    struct scene scene;
    struct store_stats stats = {0};
    scene_open(&scene);
    lake_fake_set(&scene.lake, -ENOSPC, true);
    append(&scene, 0, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
    append(&scene, 1, "{\"kind\":\"c\"}\n");
    scene_start(&scene, make_version());
    while (stats.errors < 2) {
        test_nap();
        store_stats(scene.store, &stats);
    }
    assert_int_equal(stats.error, -ENOSPC);
    assert_int_equal(stats.lag, 3);
    append(&scene, 0, "{\"kind\":\"d\"}\n");
    lake_fake_set(&scene.lake, 0, false);
    scene_await(&scene);
    store_stats(scene.store, &stats);
    assert_int_equal(stats.error, 0);
    assert_int_equal(scene.lake.rows.len, 4);
    scene_close(&scene);
}

static void new_datasets_take_over_behind_a_commit(void **state)
{
    (void)state;
    struct scene scene;
    struct store_stats stats = {0};
    scene_open(&scene);
    append(&scene, 0, "{\"kind\":\"a\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    store_swap(scene.store, make_version()); /* never used */
    store_swap(scene.store, make_gate_version());
    while (stats.version == 0) {
        append(&scene, 1, "{\"kind\":\"x\"}\n");
        test_nap();
        store_stats(scene.store, &stats);
    }
    append(&scene, 0, "{\"kind\":\"b\"}\n");
    scene_await(&scene);
    char *rows = lake_fake_rows(&scene.lake);
    assert_non_null(strstr(rows, "0.0 door "));
    assert_non_null(strstr(rows, "0.1 gate "));
    free(rows);
    store_swap(scene.store, make_version()); /* freed at the stop, if not used before */
    scene_close(&scene);
}

static int add_body(void *context, const struct journal_entry *entry)
{
    struct buf *bodies = context;
    if (str_eq(entry->action, PROOF_ACTION)) {
        buf_add_str(bodies, entry->body);
        buf_add_byte(bodies, '\n');
    }
    return 0;
}

static char *journal_of(struct scene *scene, struct journal_report *ret_report)
{
    struct err err = {0};
    struct buf bodies = {0};
    struct ledger_options options = {.read_only = true};
    struct ledger *ledger = ledger_open(scene->world.ledger_url, &options, &err);
    assert_non_null(ledger);
    assert_int_equal(journal_list(ledger, 0, 1000, add_body, &bodies), 0);
    assert_int_equal(journal_verify(ledger, NULL, ret_report, &err), 0);
    ledger_close(ledger);
    buf_add_byte(&bodies, '\0');
    return bodies.ptr;
}

static void roots_of_blocks_are_in_the_signed_journal(void **state)
{
    (void)state;
    struct scene scene;
    struct journal_report report;
    scene_open(&scene);
    append(&scene, 0, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    scene_stop(&scene);
    append(&scene, 2, "{\"kind\":\"c\"}\n");
    scene_start(&scene, make_version());
    scene_await(&scene);
    scene_stop(&scene);
    char *bodies = journal_of(&scene, &report);
#define ROOT(byte) byte byte byte byte byte byte byte byte
    assert_string_equal(
        bodies, "{\"lake.blocks\":{\"list\":[{\"count\":2,\"day\":\"2026-11-21\",\"first\":0,"
                "\"next\":2,\"partition\":0,\"root\":\"" ROOT(
                    "01010101") "\",\"seq\":1}],"
                                "\"total\":1},\"progress\":{\"list\":[[\"lake.blocks\",0,1]],"
                                "\"total\":1}}\n"
                                "{\"lake.blocks\":{\"list\":[{\"count\":1,\"day\":\"2026-11-21\","
                                "\"first\":0,"
                                "\"next\":1,\"partition\":2,\"root\":\"" ROOT(
                                    "02020202") "\",\"seq\":2}],"
                                                "\"total\":1},\"progress\":{\"list\":[[\"lake."
                                                "blocks\",0,2]],\"total\":1}}\n");
    assert_int_equal(report.unsigned_after, report.entries);
    free(bodies);
    scene_close(&scene);
}

static void retention_is_applied_by_the_filler(void **state)
{
    (void)state;
    struct scene scene;
    struct store_stats stats = {0};
    struct lake_rule rule = {.agency = STR("moh"), .dataset = STR("door"), .days = 30};
    scene_open(&scene);
    scene_start(&scene, make_version());
    assert_int_equal(store_keep(scene.store, &rule, 1), 0);
    while (stats.removed_days == 0) {
        append(&scene, 0, "{\"kind\":\"a\"}\n");
        test_nap();
        store_stats(scene.store, &stats);
    }
    assert_int_equal(stats.removed_rows, 7);
    assert_int_equal(scene.lake.retained, 1);
    scene_close(&scene);
}

static int look(void *context, struct lake *lake)
{
    *(size_t *)context = lake->rows.len;
    return -ENOENT;
}

static void work_finds_everything_put_committed(void **state)
{
    (void)state;
    struct scene scene;
    struct store_stats stats = {0};
    size_t rows = 0;
    scene_open(&scene);
    scene.options.commit_us = INT64_MAX;
    append(&scene, 0, "{\"kind\":\"a\"}\n");
    scene_start(&scene, make_version());
    while (stats.rows == 0) {
        test_nap();
        store_stats(scene.store, &stats);
    }
    assert_int_equal(store_run(scene.store, look, &rows), -ENOENT);
    assert_int_equal(rows, 1);
    scene_close(&scene);
}

static void a_lake_of_another_spool_is_refused(void **state)
{
    (void)state;
    struct scene scene;
    struct err err = {0};
    scene_open(&scene);
    append(&scene, 0, "{\"kind\":\"a\"}\n");
    scene.lake.progress[0] = 8;
    struct store_version *version = make_version();
    assert_null(store_start(&scene.options, version, &err));
    assert_non_null(strstr(err.message, "was filled from another spool"));
    version->free(version);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_stored_once_in_order),
        cmocka_unit_test(columns_have_the_types_of_the_dataset),
        cmocka_unit_test(what_cannot_be_read_is_stored_as_it_came),
        cmocka_unit_test(records_of_a_line_are_parts_of_its_event),
        cmocka_unit_test(audit_records_that_are_mixed_come_in_order),
        cmocka_unit_test(it_goes_on_where_the_lake_is),
        cmocka_unit_test(a_stop_commits_what_was_put),
        cmocka_unit_test(much_is_committed_at_once),
        cmocka_unit_test(a_full_lake_is_committed_and_filled_on),
        cmocka_unit_test(a_disk_that_fails_is_waited_for),
        cmocka_unit_test(new_datasets_take_over_behind_a_commit),
        cmocka_unit_test(roots_of_blocks_are_in_the_signed_journal),
        cmocka_unit_test(retention_is_applied_by_the_filler),
        cmocka_unit_test(work_finds_everything_put_committed),
        cmocka_unit_test(a_lake_of_another_spool_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
