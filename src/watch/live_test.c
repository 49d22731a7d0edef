/* Live detection between a real spool and a real ledger. */
#include "watch/live_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "intel/builder.h"
#include "ledger/journal.h"

static int64_t at(int64_t seconds)
{
    return TEST_START + seconds * TEST_SECOND;
}

static void assert_findings(const struct world *world, bool events, const char *expected)
{
    char *findings = world_findings(world, events);
    assert_string_equal(findings, expected);
    free(findings);
}

static void what_rules_match_becomes_findings_that_fold_by_host_and_user(void **state)
{
    (void)state;
    struct world world;
    char lines[1024];
    world_open(&world);
    (void)snprintf(lines, sizeof(lines), "%s%s%s%s", test_event("forced", "gate", "ann", at(1)),
                   test_event("closed", "gate", "ann", at(2)),
                   test_event("forced", "GATE", "ann", at(3)),
                   test_event("forced", "gate", "bob", at(4)));
    world_append(&world, 0, "moh", at(5), lines);
    world_append(&world, 1, "mot", at(5), test_event("forced", "gate", "ann", at(1)));
    world_append(&world, 0, "moh", at(2000), test_event("forced", "gate", "ann", at(2000)));
    world_run(&world, at(3000));
    assert_findings(&world, true,
                    "Forced|moh|gate|ann|1|0|2000|2000| 0.4\n"
                    "Forced|moh|gate|ann|2|0|1|3| 0.0 0.2\n"
                    "Forced|moh|gate|bob|1|0|4|4| 0.3\n"
                    "Forced|mot|gate|ann|1|0|1|1| 1.0\n");
    world_close(&world);
}

static void correlations_come_true_within_an_agency_and_show_their_events(void **state)
{
    (void)state;
    struct world world;
    world_open(&world);
    world_append(&world, 0, "moh", at(5), test_event("failed", "gate", "ann", at(1)));
    world_append(&world, 1, "moh", at(5), test_event("failed", "yard", "Ann", at(3)));
    world_append(&world, 2, "mot", at(5), test_event("failed", "dock", "ann", at(3)));
    world_append(&world, 1, "moh", at(9), test_event("failed", "yard", "ann", at(2)));
    world_append(&world, 0, "moh", at(9), test_event("opened", "gate", "ann", at(8)));
    world_run(&world, at(3000));
    assert_findings(&world, true,
                    "Entered|moh|gate|ann|1|0|8|8| 0.0 1.1 1.0 0.1\n"
                    "Many|moh|yard|Ann|1|0|3|3| 0.0 1.1 1.0\n"
                    "Opened|moh|gate|ann|1|0|8|8| 0.1\n");
    world_close(&world);
}

static void what_comes_too_late_or_is_from_the_future_does_not_correlate(void **state)
{
    (void)state;
    struct world world;
    struct live_stats stats;
    world_open(&world);
    world_append(&world, 0, "moh", at(100), test_event("failed", "gate", "ann", at(99)));
    world_append(&world, 0, "moh", at(100), test_event("failed", "gate", "ann", at(39)));
    world_append(&world, 0, "moh", at(100), test_event("failed", "gate", "ann", at(161)));
    world_append(&world, 0, "moh", at(100), test_event("forced", "gate", "ann", at(7200)));
    struct live *live = world_start(&world);
    world_set_now(at(3000));
    world_await(live, at(2900));
    live_stats(live, &stats);
    live_stop(live);
    assert_int_equal(stats.correlation_late, 1);
    assert_int_equal(stats.correlation_ahead, 1);
    assert_int_equal(stats.correlation_hits, 1);
    assert_findings(&world, false, "Forced|moh|gate|ann|1|0|7200|7200|\n");
    world_close(&world);
}

/* Each partition is ahead of the other for one user, by more than the disorder: one of them is read first. */
static void a_partition_that_is_read_later_makes_nothing_late(void **state)
{
    (void)state;
    static const struct {
        uint32_t partition;
        const char *user;
        int64_t time;
    } events[] = {
        {0, "bob", 990}, {0, "bob", 995}, {0, "ann", 1200},
        {1, "ann", 990}, {1, "ann", 995}, {1, "bob", 1200},
    };
    struct world world;
    world_open(&world);
    world.options.threads = 1;
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        world_append(&world, events[i].partition, "moh", at(events[i].time),
                     test_event("failed", "gate", events[i].user, at(events[i].time)));
    world_run(&world, at(3000));
    assert_findings(&world, false,
                    "Many|moh|gate|ann|1|0|1200|1200|\nMany|moh|gate|bob|1|0|1200|1200|\n");
    world_close(&world);
}

static void correlations_recover_when_the_clock_was_ahead(void **state)
{
    (void)state;
    struct world world;
    struct live_stats stats;
    world_open(&world);
    struct live *live = world_start(&world);
    world_set_now(at(1000000));
    world_await(live, at(999900));
    world_set_now(at(10));
    do {
        test_nap();
        live_stats(live, &stats);
    } while (stats.correlated > at(10));
    for (int i = 0; i < 3; i++)
        world_append(&world, 0, "moh", at(10), test_event("failed", "gate", "ann", at(i)));
    world_set_now(at(3000));
    world_await(live, at(2900));
    live_stop(live);
    assert_findings(&world, false, "Many|moh|gate|ann|1|0|2|2|\n");
    world_close(&world);
}

static void past_the_throttle_matches_are_counted_together(void **state)
{
    (void)state;
    struct world world;
    struct live_stats stats;
    world_open(&world);
    world.options.throttle = 3;
    world.options.threads = 1;
    for (int i = 0; i < 10; i++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "user%d", i < 3 ? 0 : i);
        world_append(&world, 0, "moh", at(30), test_event("forced", "gate", user, at(i)));
    }
    struct live *live = world_start(&world);
    world_await(live, 0);
    live_stats(live, &stats);
    live_stop(live);
    assert_int_equal(stats.matches, 10);
    assert_int_equal(stats.throttled, 7);
    assert_findings(&world, false, "Forced|moh|gate|user0|3|0|0|2|\nForced|moh|||7|7|3|9|\n");
    world_close(&world);
}

static void an_agency_gets_what_it_wants(void **state)
{
    (void)state;
    static const struct str without[] = {{"attack.t1110", 12}};
    static const struct live_agency agencies[] = {
        {.name = {"moh", 3}, .without = without, .n_without = 1},
        {.name = {"mot", 3}, .level = SIGMA_HIGH},
    };
    struct world world;
    struct live_stats stats;
    world_open(&world);
    test_agencies = agencies;
    test_n_agencies = 2;
    static const char *const names[] = {"moh", "mot", "moe"};
    for (uint32_t i = 0; i < 3; i++) {
        world_append(&world, i, names[i], at(3), test_event("forced", "gate", "ann", at(1)));
        world_append(&world, i, names[i], at(3), test_event("opened", "gate", "ann", at(2)));
    }
    struct live *live = world_start(&world);
    world_await(live, 0);
    live_stats(live, &stats);
    live_stop(live);
    test_n_agencies = 0;
    assert_int_equal(stats.excepted, 2);
    assert_findings(&world, false,
                    "Forced|moe|gate|ann|1|0|1|1|\n"
                    "Forced|mot|gate|ann|1|0|1|1|\n"
                    "Opened|moe|gate|ann|1|0|2|2|\n"
                    "Opened|moh|gate|ann|1|0|2|2|\n");
    world_close(&world);
}

static int note_used(void *context, const struct exception *exception)
{
    *(uint64_t *)context = exception->used;
    return 0;
}

static void an_exception_takes_its_agencys_matches_away_until_it_is_removed(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    struct ledger_options options = {.create = true};
    struct ledger_scope everything = {.all = true};
    struct live_stats stats;
    struct exception exception = {
        .agency = STR("moh"),
        .filter = STR("title: The cleaner\nlogsource: {product: door}\n"
                      "filter: {rules: [5d1c0a10-0000-4000-8000-000000000001], "
                      "s: {user: ann}, condition: not s}\n"),
        .reason = STR("cleans"),
        .author = STR("chief"),
        .expires = TIME_UNSET,
    };
    char id[EXCEPTION_ID_MAX];
    uint64_t used = 0;
    world_open(&world);
    struct ledger *ledger = ledger_open(world.ledger_url, &options, &err);
    struct live *live = world_start(&world);
    assert_int_equal(exception_add(ledger, &exception, id), 0);
    live_reload_exceptions(live);
    for (stats.excepted = 0; stats.excepted == 0; live_stats(live, &stats)) {
        world_append(&world, 0, "moh", at(3), test_event("forced", "gate", "ann", at(1)));
        world_await(live, 0);
    }
    live_stop(live);
    live = world_start(&world); /* read at the start, too */
    world_append(&world, 0, "moh", at(3), test_event("forced", "gate", "ann", at(2)));
    world_append(&world, 0, "moh", at(3), test_event("forced", "gate", "bob", at(2)));
    world_append(&world, 0, "mot", at(3), test_event("forced", "gate", "ann", at(2)));
    world_await(live, 0);
    live_stop(live);
    char *findings = world_findings(&world, false);
    assert_non_null(strstr(findings, "Forced|moh|gate|bob|1|0|2|2|\nForced|mot|gate|ann|1|0|2|2|"));
    assert_null(strstr(findings, "|ann|1|0|1|2|"));
    free(findings);
    assert_int_equal(exception_list(ledger, &everything, note_used, &used), 0);
    assert_int_equal(used, 2);
    ledger_close(ledger);
    world_close(&world);
}

static void nothing_is_lost_while_the_ledger_is_locked(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    struct ledger_options options = {.create = true};
    struct live_stats stats;
    world_open(&world);
    struct ledger *other = ledger_open(world.ledger_url, &options, &err);
    struct live *live = world_start(&world);
    world_append(&world, 0, "moh", at(1), test_event("forced", "gate", "ann", at(1)));
    world_await(live, 0);
    assert_int_equal(ledger_begin(other, STR("test"), STR("hold")), 0);
    for (int i = 2; i < 400; i++)
        world_append(&world, (uint32_t)i % TEST_PARTITIONS, "moh", at(i),
                     test_event("forced", "gate", "ann", at(i)));
    do {
        test_nap();
        live_stats(live, &stats);
    } while (stats.ledger_errors == 0);
    assert_int_equal(ledger_commit(other), 0);
    world_await(live, 0);
    live_stop(live);
    ledger_close(other);
    assert_findings(&world, false, "Forced|moh|gate|ann|399|0|1|399|\n");
    world_close(&world);
}

static void indicators_in_events_become_findings_of_the_indicator_and_host(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    struct buf file = {0};
    struct live_stats stats;
    struct indicator indicator = {.type = INDICATOR_IPV4,
                                  .value = STR("192.0.2.7"),
                                  .source = STR("cert"),
                                  .label = STR("Thief C2"),
                                  .confidence = 90,
                                  .tlp = TLP_AMBER,
                                  .from = TIME_UNSET,
                                  .until = TIME_UNSET};
    world_open(&world);
    struct intel_builder *builder = intel_builder_new(TEST_START);
    assert_int_equal(intel_builder_add(builder, &indicator), 0);
    assert_int_equal(intel_builder_finish(builder, &file), 0);
    intel_builder_free(builder);
    test_intel = intel_open(buf_str(&file), &err);
    assert_non_null(test_intel);
    world_append(&world, 0, "moh", at(3),
                 "{\"kind\":\"closed\",\"host\":\"gate\",\"from\":\"192.0.2.7\"}\n"
                 "{\"kind\":\"closed\",\"host\":\"gate\",\"from\":\"192.0.2.8\"}\n"
                 "{\"kind\":\"closed\",\"host\":\"gate\",\"from\":\"192.0.2.7\"}\n"
                 "{\"kind\":\"closed\",\"host\":\"yard\",\"from\":\"192.0.2.7\"}\n");
    struct live *live = world_start(&world);
    world_await(live, 0);
    live_stats(live, &stats);
    live_stop(live);
    assert_int_equal(stats.indicator_matches, 3);
    assert_findings(&world, true,
                    "Thief C2: ipv4 192.0.2.7|moh|gate||2|0|3|3| 0.0 0.2\n"
                    "Thief C2: ipv4 192.0.2.7|moh|yard||1|0|3|3| 0.3\n");
    intel_close(test_intel);
    test_intel = NULL;
    buf_free(&file);
    world_close(&world);
}

/* ---- much, and damage ---- */

#define LARGE_EVENTS 300
#define LARGE_SIZE 50000

static void a_batch_that_finds_much_is_handed_over_in_pieces(void **state)
{
    (void)state;
    struct world world;
    struct buf lines = {0};
    char *padding = malloc(LARGE_SIZE);
    assert_non_null(padding);
    memset(padding, 'x', LARGE_SIZE);
    world_open(&world);
    world.options.threads = 1;
    for (int i = 0; i < LARGE_EVENTS; i++)
        buf_printf(&lines, "{\"kind\":\"forced\",\"host\":\"h%03d\",\"padding\":\"%.*s\"}\n", i,
                   LARGE_SIZE, padding);
    buf_add_byte(&lines, '\0');
    world_append(&world, 0, "moh", at(1), lines.ptr);
    struct live *live = world_start(&world);
    world_await(live, 0);
    live_stop(live);
    buf_clear(&lines);
    for (int i = 0; i < LARGE_EVENTS; i++)
        buf_printf(&lines, "Forced|moh|h%03d||1|0|1|1| 0.%d\n", i, i);
    buf_add_byte(&lines, '\0');
    assert_findings(&world, true, lines.ptr);
    buf_free(&lines);
    free(padding);
    world_close(&world);
}

static _Atomic bool is_damaged;

/* The spool, but for its first event, which can't be read. */
static int read_damaged(struct spool_reader *reader, struct spool_batch *ret_batch,
                        uint64_t *ret_offset)
{
    int r = spool_local.read(reader, ret_batch, ret_offset);
    if (r != 1 || !is_damaged || *ret_offset != 0)
        return r;
    *ret_offset = 1;
    return -EBADMSG;
}

static void a_damaged_place_of_the_spool_is_passed_and_counted(void **state)
{
    (void)state;
    struct spool_ops damaged = spool_local;
    struct world world;
    struct live_stats stats;
    world_open(&world);
    damaged.read = read_damaged;
    world.options.engine = &damaged;
    is_damaged = true;
    world_append(&world, 0, "moh", at(1), test_event("forced", "gate", "ann", at(1)));
    world_append(&world, 0, "moh", at(2), test_event("forced", "gate", "ann", at(2)));
    struct live *live = world_start(&world);
    world_await(live, 0);
    live_stats(live, &stats);
    live_stop(live);
    is_damaged = false;
    assert_int_equal(stats.damaged, 1);
    assert_int_equal(stats.gone, 1);
    assert_findings(&world, true, "Forced|moh|gate|ann|1|0|2|2| 0.1\n");
    world_close(&world);
}

static void the_journal_is_signed_at_the_end(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    struct journal_report report;
    world_open(&world);
    world.options.journal_key = world.key;
    world_append(&world, 0, "moh", at(1), test_event("forced", "gate", "ann", at(1)));
    struct live *live = world_start(&world);
    world_await(live, 0);
    live_stop(live);
    struct ledger *ledger =
        ledger_open(world.ledger_url, &(struct ledger_options){.read_only = true}, &err);
    assert_non_null(ledger);
    assert_int_equal(journal_verify(ledger, NULL, &report, &err), 0);
    assert_true(report.entries > 0);
    assert_int_equal(report.unsigned_after, report.entries);
    ledger_close(ledger);
    world_close(&world);
}

/* ---- versions ---- */

#define STREAM_BATCHES 400

static void *stream(void *context)
{
    struct world *world = context;
    for (int i = 0; i < STREAM_BATCHES; i++) {
        char lines[2048];
        size_t len = 0;
        for (int k = 0; k < 10; k++)
            len += (size_t)snprintf(
                lines + len, sizeof(lines) - len, "%s",
                test_event(k % 2 ? "forced" : "failed", "gate", "ann", at(i / 10)));
        world_append(world, (uint32_t)i % TEST_PARTITIONS, "moh", at(i / 10), lines);
    }
    return NULL;
}

static void rules_are_swapped_under_a_stream_and_each_event_counts_once(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    struct live_stats stats;
    pthread_t thread;
    world_open(&world);
    struct live *live = world_start(&world);
    assert_int_equal(pthread_create(&thread, NULL, stream, &world), 0);
    for (int i = 0; i < 50; i++) {
        const char *more = i % 2 ? "title: Closed\nlogsource: {product: door}\n"
                                   "detection: {s: {kind: closed}, condition: s}\n"
                                 : NULL;
        uint64_t before;
        live_stats(live, &stats);
        before = stats.version;
        assert_int_equal(live_swap(live, test_version(more), &err), 0);
        for (; stats.version == before; live_stats(live, &stats))
            test_nap();
    }
    pthread_join(thread, NULL);
    world_set_now(at(3000));
    world_await(live, at(2900));
    live_stats(live, &stats);
    live_stop(live);
    assert_int_equal(stats.version, 51);
    assert_int_equal(stats.matches, STREAM_BATCHES * 5);
    assert_int_equal(stats.events, STREAM_BATCHES * 10);
    assert_int_equal(stats.correlation_hits, STREAM_BATCHES * 5);
    assert_findings(&world, false,
                    "Forced|moh|gate|ann|2000|0|0|39|\nMany|moh|gate|ann|1|0|0|0|\n");
    world_close(&world);
}

static void note_rule(void *context, const struct live_rule *rule)
{
    buf_printf(context, "%.*s %llu\n", STR_ARG(rule->title), (unsigned long long)rule->matches);
}

static void it_tells_what_rules_found_and_how_soon(void **state)
{
    (void)state;
    struct world world;
    struct live_stats stats;
    struct buf rules = {0};
    uint64_t in_buckets = 0;
    world_open(&world);
    world_set_now(at(10));
    world_append(&world, 0, "moh", at(10), test_event("opened", "gate", "ann", at(1)));
    for (int i = 0; i < 3; i++)
        world_append(&world, 0, "moh", at(9), test_event("forced", "gate", "ann", at(1)));
    struct live *live = world_start(&world);
    world_await(live, 0);
    do {
        test_nap();
        live_stats(live, &stats);
    } while (stats.findings + stats.folded < 4);
    assert_int_equal(live_rules(live, LIVE_BY_MATCHES, 10, note_rule, &rules), 2);
    live_stop(live);
    buf_add_byte(&rules, '\0');
    assert_string_equal(rules.ptr, "Forced 3\nOpened 1\n");
    buf_free(&rules);
    for (size_t i = 0; i < LIVE_LATENCY_BUCKETS; i++)
        in_buckets += stats.latency[i];
    assert_int_equal(in_buckets, 4);
    assert_int_equal(stats.latency[0], 1);
    assert_int_equal(stats.latency_sum_us, 3 * TEST_SECOND);
    assert_int_equal(stats.findings, 2);
    assert_int_equal(stats.folded, 2);
    world_close(&world);
}

static void note_cost(void *context, const struct live_rule *rule)
{
    assert_true(rule->ns > 0);
    assert_true(rule->asked >= LIVE_SAMPLE_EVERY);
    note_rule(context, rule);
}

static void what_rules_cost_is_sampled(void **state)
{
    (void)state;
    struct world world;
    struct live_stats stats;
    struct buf rules = {0};
    world_open(&world);
    world_set_now(at(10));
    for (int i = 0; i < 2 * LIVE_SAMPLE_EVERY; i++)
        world_append(&world, 0, "moh", at(9), test_event("forced", "gate", "ann", at(1)));
    struct live *live = world_start(&world);
    do {
        test_nap();
        live_stats(live, &stats);
    } while (stats.matches < 2 * LIVE_SAMPLE_EVERY);
    assert_true(live_rules(live, LIVE_BY_COST, 1, note_cost, &rules) == 1);
    live_stop(live);
    assert_str(buf_str(&rules), "Forced 512\n");
    buf_free(&rules);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rules_cost_is_sampled),
        cmocka_unit_test(what_rules_match_becomes_findings_that_fold_by_host_and_user),
        cmocka_unit_test(correlations_come_true_within_an_agency_and_show_their_events),
        cmocka_unit_test(what_comes_too_late_or_is_from_the_future_does_not_correlate),
        cmocka_unit_test(a_partition_that_is_read_later_makes_nothing_late),
        cmocka_unit_test(correlations_recover_when_the_clock_was_ahead),
        cmocka_unit_test(past_the_throttle_matches_are_counted_together),
        cmocka_unit_test(an_agency_gets_what_it_wants),
        cmocka_unit_test(an_exception_takes_its_agencys_matches_away_until_it_is_removed),
        cmocka_unit_test(nothing_is_lost_while_the_ledger_is_locked),
        cmocka_unit_test(indicators_in_events_become_findings_of_the_indicator_and_host),
        cmocka_unit_test(a_batch_that_finds_much_is_handed_over_in_pieces),
        cmocka_unit_test(a_damaged_place_of_the_spool_is_passed_and_counted),
        cmocka_unit_test(the_journal_is_signed_at_the_end),
        cmocka_unit_test(rules_are_swapped_under_a_stream_and_each_event_counts_once),
        cmocka_unit_test(it_tells_what_rules_found_and_how_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
