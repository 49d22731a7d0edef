#include "watch/health.h"

#include <errno.h>
#include <stdlib.h>

#include "base/test.h"
#include "base/time.h"
#include "ledger/ledger_test.h"

#define SECOND TIME_SECOND_US
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* A centre whose clock the test turns, minute by minute. */
struct world {
    struct scratch scratch;
    struct senders *senders;
    struct health *health;
    int64_t now;
    uint64_t random;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    if (!world)
        return -1;
    scratch_open(&world->scratch);
    world->senders = senders_new(8);
    world->health = health_new(&(struct health_options){.senders = world->senders});
    world->now = time_from_civil(2026, 11, 2, 0, 0, 0, 0); /* a Monday */
    world->random = 1;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    health_free(world->health);
    senders_free(world->senders);
    scratch_close(&world->scratch);
    free(world);
    return 0;
}

/* 0 to 1, the same in every run. */
static double chance(struct world *world)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (double)(world->random >> 11) / 9007199254740992.0;
}

static struct sender *sender_of(struct world *world, const char *source)
{
    return senders_intern(world->senders, STR("health"), str_from_c(source));
}

static void speak(struct world *world, struct sender *sender, uint64_t n)
{
    if (n == 0)
        return;
    atomic_fetch_add(&sender->account.received, n);
    atomic_store(&sender->account.last, world->now);
}

static void look(struct world *world)
{
    assert_int_equal(health_look(world->health, world->scratch.ledger, world->now), 0);
}

/* How many events a source sends in the minute that begins now. */
typedef uint64_t pattern(struct world *world);

/* Lets `sender` (NULL: nobody) speak by `traffic` for a while. */
static void run(struct world *world, struct sender *sender, pattern *traffic, int64_t length)
{
    for (int64_t end = world->now + length; world->now < end; world->now += MINUTE) {
        if (sender)
            speak(world, sender, traffic(world));
        look(world);
    }
}

static int count_one(void *context, const struct ledger_finding *finding)
{
    (void)finding;
    ++*(unsigned *)context;
    return 0;
}

/* Findings of a rule with a status (-1: any). */
static unsigned count(struct world *world, const char *rule, int status)
{
    unsigned n = 0;
    struct buf cursor = {0};
    struct finding_query query = {.rule = str_from_c(rule),
                                  .kind = -1,
                                  .status = status,
                                  .from = TIME_UNSET,
                                  .to = TIME_UNSET,
                                  .limit = LEDGER_PAGE_MAX};
    assert_int_equal(finding_list(world->scratch.ledger, &test_all, &query, count_one, &n, &cursor),
                     0);
    buf_free(&cursor);
    return n;
}

static unsigned count_all(struct world *world)
{
    return count(world, "", -1);
}

/* Nobody speaks until the finding is open, at most so long: how long it took. */
static int64_t wait_for(struct world *world, const char *rule, int64_t most)
{
    int64_t start = world->now;
    while (count(world, rule, FINDING_OPEN) == 0) {
        assert_true(world->now - start <= most);
        look(world);
        world->now += MINUTE;
    }
    return world->now - start;
}

static uint64_t every_minute(struct world *world)
{
    (void)world;
    return 10;
}

static uint64_t now_and_then(struct world *world)
{
    return chance(world) < 0.4 ? 1 : 0;
}

static uint64_t in_working_hours(struct world *world)
{
    struct time_parts parts;
    time_to_parts(world->now, &parts);
    bool works = parts.weekday >= 1 && parts.weekday <= 5 && parts.hour >= 9 && parts.hour < 18;
    return works && chance(world) < 0.8 ? 5 : 0;
}

static uint64_t once_a_day(struct world *world)
{
    return world->now % DAY == 2 * HOUR ? 100 : 0;
}

static uint64_t a_hundred(struct world *world)
{
    return 50 + (uint64_t)(chance(world) * 100);
}

static uint64_t five(struct world *world)
{
    (void)world;
    return 5;
}

/* ---- silence ---- */

static void a_source_that_falls_silent_is_found_and_clears_when_it_speaks(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run(world, dns, every_minute, 2 * HOUR);
    assert_int_equal(count_all(world), 0);
    assert_in_range(wait_for(world, "source.silent", HOUR), 5 * MINUTE, 8 * MINUTE);
    run(world, NULL, NULL, HOUR);
    assert_int_equal(count_all(world), 1);
    run(world, dns, every_minute, MINUTE);
    assert_int_equal(count(world, "source.silent", FINDING_CLEARED), 1);
    assert_int_equal(count_all(world), 1);
}

struct seen_finding {
    struct buf title, ocsf;
    uint8_t level;
    enum finding_kind kind;
};

static int see(void *context, const struct ledger_finding *finding)
{
    struct seen_finding *seen = context;
    buf_add_str(&seen->title, finding->title);
    buf_add_str(&seen->ocsf, finding->ocsf);
    seen->kind = finding->kind;
    assert_str(finding->agency, "health");
    assert_str(finding->source, "dns");
    return 0;
}

static void the_finding_says_what_is_the_case(void **state)
{
    struct world *world = *state;
    struct seen_finding seen = {0};
    struct buf cursor = {0};
    run(world, sender_of(world, "dns"), every_minute, 2 * HOUR);
    wait_for(world, "source.silent", HOUR);
    struct finding_query query = {.kind = -1, .status = -1, .from = TIME_UNSET, .to = TIME_UNSET};
    assert_int_equal(finding_list(world->scratch.ledger, &test_all, &query, see, &seen, &cursor),
                     0);
    assert_str(buf_str(&seen.title), "Source silent: health/dns");
    assert_int_equal(seen.kind, FINDING_SOURCE);
    assert_true(str_find(buf_str(&seen.ocsf), STR("\"class_uid\":2004")) != SIZE_MAX);
    assert_true(str_find(buf_str(&seen.ocsf),
                         STR("\"desc\":\"It has sent nothing for 6m; in its usual hours it is "
                             "never silent for longer than 5m\"")) != SIZE_MAX);
    buf_free(&seen.title);
    buf_free(&seen.ocsf);
    buf_free(&cursor);
}

static void irregular_traffic_raises_nothing(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "app"), now_and_then, 14 * DAY);
    assert_int_equal(count_all(world), 0);
}

static void nights_and_weekends_are_no_silence_once_learnt(void **state)
{
    struct world *world = *state;
    struct sender *desk = sender_of(world, "desk");
    run(world, desk, in_working_hours, 7 * DAY);
    unsigned learning = count_all(world);
    assert_true(learning <= 3);
    run(world, desk, in_working_hours, 21 * DAY);
    assert_int_equal(count_all(world), learning);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 0);
}

static void a_source_of_working_hours_that_dies_at_work_is_found_at_once(void **state)
{
    struct world *world = *state;
    struct sender *desk = sender_of(world, "desk");
    run(world, desk, in_working_hours, 23 * DAY + 11 * HOUR); /* Wednesday 11:00 */
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 0);
    wait_for(world, "source.silent", 20 * MINUTE);
}

static void a_source_of_working_hours_that_dies_at_night_is_found_in_the_morning(void **state)
{
    struct world *world = *state;
    struct sender *desk = sender_of(world, "desk");
    run(world, desk, in_working_hours, 22 * DAY + 22 * HOUR);  /* Tuesday 22:00 */
    wait_for(world, "source.silent", 12 * HOUR + 30 * MINUTE); /* Wednesday 10:30 */
}

static void a_source_that_speaks_once_a_day_is_given_its_time(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "backup"), once_a_day, 30 * DAY);
    assert_int_equal(count_all(world), 0);
    assert_in_range(wait_for(world, "source.silent", 4 * DAY), DAY, 3 * DAY);
}

static void outages_are_not_learnt_as_usual(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run(world, dns, every_minute, 8 * DAY);
    for (int i = 0; i < 3; i++) {
        wait_for(world, "source.silent", 30 * MINUTE);
        run(world, NULL, NULL, 6 * HOUR);
        run(world, dns, every_minute, 2 * HOUR);
    }
    assert_int_equal(count_all(world), 3);
}

static void a_young_source_is_not_judged(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "new"), every_minute, 30 * MINUTE);
    run(world, NULL, NULL, 20 * MINUTE);
    assert_int_equal(count_all(world), 0);
}

static void who_is_turned_away_is_not_silent(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run(world, dns, every_minute, 2 * HOUR);
    for (int i = 0; i < 60; i++, world->now += MINUTE) {
        atomic_fetch_add(i % 2 ? &dns->account.throttled : &dns->account.refused, 1);
        look(world);
    }
    assert_int_equal(count(world, "source.silent", -1), 0);
}

/* ---- declared ---- */

static void a_declared_source_is_held_to_it(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    assert_int_equal(health_expect(world->health, STR("health"), STR("dns"), 30 * MINUTE), 0);
    run(world, dns, every_minute, 5 * MINUTE);
    assert_in_range(wait_for(world, "source.silent", HOUR), 30 * MINUTE, 32 * MINUTE);
    run(world, dns, every_minute, MINUTE);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 0);
    health_expect_nothing(world->health);
    run(world, NULL, NULL, HOUR);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 0);
}

static void a_declared_source_that_never_spoke_is_silent(void **state)
{
    struct world *world = *state;
    assert_int_equal(health_expect(world->health, STR("health"), STR("dns"), 10 * MINUTE), 0);
    assert_in_range(wait_for(world, "source.silent", HOUR), 10 * MINUTE, 12 * MINUTE);
}

static void what_is_declared_for_an_agency_holds_for_each_of_its_sources(void **state)
{
    struct world *world = *state;
    struct sender *a = sender_of(world, "a");
    assert_int_equal(health_expect(world->health, STR("health"), STR("*"), 10 * MINUTE), 0);
    assert_int_equal(health_expect(world->health, STR("health"), STR("slow"), DAY), 0);
    struct sender *others = senders_intern(world->senders, STR("finance"), STR("b"));
    run(world, a, every_minute, MINUTE);
    speak(world, others, 1);
    speak(world, sender_of(world, "slow"), 1);
    run(world, NULL, NULL, 12 * HOUR);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 1);
}

/* ---- gaps of our own ---- */

/* The centre is stopped and started again, later. */
static void restart(struct world *world, int64_t length)
{
    struct buf saved = {0};
    assert_int_equal(health_save(world->health, &saved), 0);
    health_free(world->health);
    senders_free(world->senders);
    world->senders = senders_new(8);
    world->health = health_new(&(struct health_options){.senders = world->senders});
    assert_int_equal(health_load(world->health, buf_str(&saved)), 0);
    buf_free(&saved);
    world->now += length;
}

static void a_centre_that_was_down_finds_nobody_silent_for_it(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "dns"), every_minute, 2 * DAY);
    restart(world, 2 * DAY);
    run(world, NULL, NULL, 4 * MINUTE); /* it takes them a while to come back */
    run(world, sender_of(world, "dns"), every_minute, HOUR);
    assert_int_equal(count_all(world), 0);
}

static void a_source_that_does_not_come_back_after_a_restart_is_silent(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "dns"), every_minute, 2 * DAY);
    restart(world, 2 * DAY);
    wait_for(world, "source.silent", 10 * MINUTE);
}

static void silence_adds_up_over_restarts(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "dns"), every_minute, 2 * DAY);
    for (int i = 0; i < 4; i++) {
        run(world, NULL, NULL, 3 * MINUTE);
        restart(world, HOUR);
    }
    run(world, NULL, NULL, MINUTE);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 1);
}

static void a_finding_is_cleared_by_the_centre_that_was_started_since(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "dns"), every_minute, 2 * HOUR);
    wait_for(world, "source.silent", HOUR);
    restart(world, HOUR);
    run(world, NULL, NULL, HOUR);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 1);
    run(world, sender_of(world, "dns"), every_minute, MINUTE);
    assert_int_equal(count(world, "source.silent", FINDING_CLEARED), 1);
}

static void a_finding_is_cleared_though_the_state_was_lost(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "dns"), every_minute, 2 * HOUR);
    wait_for(world, "source.silent", HOUR);
    health_free(world->health);
    world->health = health_new(&(struct health_options){.senders = NULL});
    run(world, NULL, NULL, HOUR);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 1);
    struct sender *dns = sender_of(world, "dns");
    speak(world, dns, 1);
    health_note(world->health, dns, world->now, 1, world->now, world->now);
    look(world);
    assert_int_equal(count(world, "source.silent", FINDING_CLEARED), 1);
    assert_int_equal(count_all(world), 1);
}

static void a_machine_that_slept_finds_nobody_silent_for_it(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run(world, dns, every_minute, 2 * HOUR);
    world->now += 8 * HOUR;
    run(world, NULL, NULL, 3 * MINUTE);
    run(world, dns, every_minute, HOUR);
    assert_int_equal(count_all(world), 0);
}

static void a_clock_of_ours_that_is_set_back_does_not_blind_us(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run(world, dns, every_minute, 5 * HOUR);
    world->now -= 3 * HOUR;
    run(world, dns, every_minute, HOUR);
    assert_int_equal(count_all(world), 0);
    wait_for(world, "source.silent", 10 * MINUTE);
}

static void keep_state(void *context, const struct source_state *state)
{
    *(struct source_state *)context = *state;
}

/* ---- slow ---- */

static void a_source_that_slows_down_is_found_and_clears_at_its_old_rate(void **state)
{
    struct world *world = *state;
    struct sender *app = sender_of(world, "app");
    run(world, app, a_hundred, 3 * DAY);
    assert_int_equal(count_all(world), 0);
    run(world, app, five, 70 * MINUTE);
    assert_int_equal(count(world, "source.slow", FINDING_OPEN), 1);
    run(world, app, five, 3 * HOUR);
    run(world, app, a_hundred, HOUR);
    assert_int_equal(count(world, "source.slow", FINDING_CLEARED), 1);
    run(world, app, a_hundred, 7 * DAY);
    assert_int_equal(count_all(world), 1);
}

static uint64_t busy_by_day(struct world *world)
{
    int64_t hour = world->now % DAY / HOUR;
    bool day = hour >= 8 && hour < 20;
    return (uint64_t)((day ? 1000 : 20) * (0.5 + chance(world)));
}

static void a_quiet_night_is_not_slow_once_learnt(void **state)
{
    struct world *world = *state;
    struct sender *app = sender_of(world, "app");
    run(world, app, busy_by_day, 14 * DAY);
    assert_int_equal(count_all(world), 0);
    run(world, app, five, 14 * HOUR);
    assert_int_equal(count(world, "source.slow", FINDING_OPEN), 1);
}

static void one_busy_hour_does_not_make_the_next_week_slow(void **state)
{
    struct world *world = *state;
    struct sender *app = sender_of(world, "app");
    run(world, app, five, 3 * DAY);
    for (int i = 0; i < 60; i++) {
        speak(world, app, 100000);
        run(world, app, five, MINUTE);
    }
    run(world, app, five, 14 * DAY);
    assert_int_equal(count_all(world), 0);
}

/* ---- times ---- */

/* Events with times `offset` from now, for a while. */
static void run_times(struct world *world, struct sender *sender, int64_t offset, int64_t spread,
                      int64_t length)
{
    for (int64_t end = world->now + length; world->now < end; world->now += MINUTE) {
        int64_t time = world->now + offset - (int64_t)(chance(world) * (double)spread);
        speak(world, sender, 3);
        health_note(world->health, sender, world->now, 3, time - SECOND, time);
        look(world);
    }
}

static void a_clock_that_is_off_is_found_and_clears_when_it_is_right(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run_times(world, dns, 0, 10 * SECOND, 2 * HOUR);
    assert_int_equal(count_all(world), 0);
    run_times(world, dns, 10 * MINUTE, 10 * SECOND, 30 * MINUTE);
    assert_int_equal(count(world, "source.drift", FINDING_OPEN), 1);
    run_times(world, dns, 10 * MINUTE, 10 * SECOND, DAY);
    run_times(world, dns, 0, 10 * SECOND, HOUR);
    assert_int_equal(count(world, "source.drift", FINDING_CLEARED), 1);
    assert_int_equal(count_all(world), 1);
}

static void local_time_taken_for_utc_is_found(void **state)
{
    struct world *world = *state;
    run_times(world, sender_of(world, "dns"), 8 * HOUR, 10 * SECOND, HOUR);
    assert_int_equal(count(world, "source.drift", FINDING_OPEN), 1);
    assert_int_equal(count_all(world), 1);
}

static void slow_delivery_is_no_wrong_clock(void **state)
{
    struct world *world = *state;
    run_times(world, sender_of(world, "cloud"), -8 * MINUTE, 9 * MINUTE, DAY);
    assert_int_equal(count_all(world), 0);
}

static void old_events_read_in_are_no_wrong_clock(void **state)
{
    struct world *world = *state;
    struct sender *import = sender_of(world, "import");
    int64_t old = time_from_civil(2020, 1, 1, 0, 0, 0, 0);
    for (int i = 0; i < 120; i++, world->now += MINUTE, old += HOUR) {
        speak(world, import, 100);
        health_note(world->health, import, world->now, 100, old, old + HOUR);
        look(world);
    }
    assert_int_equal(count_all(world), 0);
}

static void a_clock_that_jumps_back_is_found(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    run_times(world, dns, 0, 10 * SECOND, 2 * HOUR);
    run_times(world, dns, -40 * MINUTE, 10 * SECOND, 3 * MINUTE);
    assert_int_equal(count(world, "source.backwards", FINDING_OPEN), 1);
    run_times(world, dns, 0, 10 * SECOND, 2 * HOUR);
    assert_int_equal(count(world, "source.backwards", FINDING_CLEARED), 1);
    assert_int_equal(count(world, "source.backwards", -1), 1);
}

static void one_late_batch_is_no_jump(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    for (int i = 0; i < 20; i++) {
        run_times(world, dns, 0, 10 * SECOND, HOUR);
        run_times(world, dns, -2 * HOUR, 10 * SECOND, MINUTE);
    }
    assert_int_equal(count_all(world), 0);
}

static void times_beyond_reason_are_ignored(void **state)
{
    struct world *world = *state;
    struct sender *dns = sender_of(world, "dns");
    static const int64_t times[] = {INT64_MAX, INT64_MIN + 1, 0, -1, INT64_MIN};
    for (int i = 0; i < 100; i++, world->now += MINUTE) {
        speak(world, dns, 1);
        health_note(world->health, dns, world->now, 1, times[i % 5], times[(i + 1) % 5]);
        look(world);
    }
    assert_int_equal(count(world, "source.drift", -1), 0);
}

/* ---- state ---- */

static void what_was_learnt_is_the_same_after_a_restart(void **state)
{
    struct world *world = *state;
    struct buf before = {0}, after = {0};
    struct sender *desk = sender_of(world, "desk");
    run(world, desk, in_working_hours, 10 * DAY);
    run_times(world, sender_of(world, "dns"), -MINUTE, 10 * SECOND, 3 * HOUR);
    assert_int_equal(health_save(world->health, &before), 0);
    struct health *again = health_new(&(struct health_options){0});
    assert_int_equal(health_load(again, buf_str(&before)), 0);
    assert_int_equal(health_save(again, &after), 0);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));

    for (size_t len = 0; len < before.len; len++)
        assert_int_equal(health_load(again, str_first(buf_str(&before), len)), -EBADMSG);
    health_free(again);
    buf_free(&before);
    buf_free(&after);
}

static void the_rhythm_outlives_a_restart(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "desk"), in_working_hours, 15 * DAY);
    unsigned learning = count_all(world);
    for (int i = 0; i < 7; i++) {
        restart(world, MINUTE);
        run(world, sender_of(world, "desk"), in_working_hours, DAY);
    }
    assert_int_equal(count_all(world), learning);
}

static void what_the_ledger_could_not_take_is_told_again(void **state)
{
    struct world *world = *state;
    run(world, sender_of(world, "dns"), every_minute, 2 * HOUR);
    scratch_sql(&world->scratch, "ALTER TABLE finding RENAME TO lost");
    for (int i = 0; i < 20; i++, world->now += MINUTE)
        health_look(world->health, world->scratch.ledger, world->now);
    assert_true(health_look(world->health, world->scratch.ledger, world->now) < 0);
    scratch_sql(&world->scratch, "ALTER TABLE lost RENAME TO finding");
    look(world);
    assert_int_equal(count(world, "source.silent", FINDING_OPEN), 1);
}

static void what_is_known_of_a_source_can_be_asked(void **state)
{
    struct world *world = *state;
    struct source_state known = {0};
    struct sender *dns = sender_of(world, "dns");
    int64_t start = world->now;
    run_times(world, dns, 2 * SECOND, 0, 2 * DAY);
    health_each(world->health, world->now, keep_state, &known);
    assert_str(known.agency, "health");
    assert_str(known.source, "dns");
    assert_int_equal(known.first_seen, start);
    assert_int_equal(known.last_seen, world->now - MINUTE);
    assert_int_equal(known.offset_us, 2 * SECOND);
    assert_int_equal(known.gap_us, 5 * MINUTE);
    assert_in_range((int)(known.rate * 10), 29, 31);
    assert_in_range((int)(known.usual * 10), 29, 31);
    assert_false(known.silent);
}

static void figures_say_how_many_sources_are_raised(void **state)
{
    struct world *world = *state;
    struct buf out = {0};
    assert_int_equal(health_expect(world->health, STR("health"), STR("dns"), 5 * MINUTE), 0);
    run(world, NULL, NULL, HOUR);
    health_write_metrics(world->health, &out);
    assert_str(buf_str(&out), "# HELP jaga_sources Sources whose health is watched.\n"
                              "# TYPE jaga_sources gauge\n"
                              "jaga_sources 1\n"
                              "# HELP jaga_sources_raised Sources with a finding, by check.\n"
                              "# TYPE jaga_sources_raised gauge\n"
                              "jaga_sources_raised{check=\"silent\"} 1\n"
                              "jaga_sources_raised{check=\"slow\"} 0\n"
                              "jaga_sources_raised{check=\"backwards\"} 0\n"
                              "jaga_sources_raised{check=\"drift\"} 0\n");
    buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_source_that_falls_silent_is_found_and_clears_when_it_speaks),
        TEST(the_finding_says_what_is_the_case),
        TEST(figures_say_how_many_sources_are_raised),
        TEST(irregular_traffic_raises_nothing),
        TEST(nights_and_weekends_are_no_silence_once_learnt),
        TEST(a_source_of_working_hours_that_dies_at_work_is_found_at_once),
        TEST(a_source_of_working_hours_that_dies_at_night_is_found_in_the_morning),
        TEST(a_source_that_speaks_once_a_day_is_given_its_time),
        TEST(outages_are_not_learnt_as_usual),
        TEST(a_young_source_is_not_judged),
        TEST(who_is_turned_away_is_not_silent),
        TEST(a_declared_source_is_held_to_it),
        TEST(a_declared_source_that_never_spoke_is_silent),
        TEST(what_is_declared_for_an_agency_holds_for_each_of_its_sources),
        TEST(a_centre_that_was_down_finds_nobody_silent_for_it),
        TEST(a_source_that_does_not_come_back_after_a_restart_is_silent),
        TEST(silence_adds_up_over_restarts),
        TEST(a_finding_is_cleared_by_the_centre_that_was_started_since),
        TEST(a_finding_is_cleared_though_the_state_was_lost),
        TEST(a_machine_that_slept_finds_nobody_silent_for_it),
        TEST(a_clock_of_ours_that_is_set_back_does_not_blind_us),
        TEST(a_source_that_slows_down_is_found_and_clears_at_its_old_rate),
        TEST(a_quiet_night_is_not_slow_once_learnt),
        TEST(one_busy_hour_does_not_make_the_next_week_slow),
        TEST(a_clock_that_is_off_is_found_and_clears_when_it_is_right),
        TEST(local_time_taken_for_utc_is_found),
        TEST(slow_delivery_is_no_wrong_clock),
        TEST(old_events_read_in_are_no_wrong_clock),
        TEST(a_clock_that_jumps_back_is_found),
        TEST(one_late_batch_is_no_jump),
        TEST(times_beyond_reason_are_ignored),
        TEST(what_was_learnt_is_the_same_after_a_restart),
        TEST(the_rhythm_outlives_a_restart),
        TEST(what_the_ledger_could_not_take_is_told_again),
        TEST(what_is_known_of_a_source_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
