#include "base/test.h"
#include "readiness/judge.h"

#include "base/time.h"

#define SECOND TIME_SECOND_US
#define END (100 * SECOND)

/* Two steps at one agency: the first has events from second 10 to 12, the second silences a source at second 50. */
struct world {
    struct str expect[1], silent[1], also[1];
    struct drill_agency agencies[1];
    struct drill_source sources[1];
    struct drill_step steps[2];
    struct drill drill;
    struct judge_step facts[2];
};

static void set_up(struct world *world)
{
    *world = (struct world){
        .expect = {STR("rule-1")},
        .silent = {STR("source.silent")},
        .also = {STR("Beside It")},
        .agencies = {{.name = STR("health")}},
        .sources = {{.name = STR("servers")}},
        .facts =
            {{.first = 10 * SECOND, .last = 12 * SECOND, .events = 3},
             {.first = 50 * SECOND, .last = 50 * SECOND, .silenced = true, .knows_rhythm = true}},
    };
    world->steps[0] = (struct drill_step){.silence = SIZE_MAX,
                                          .expect = world->expect,
                                          .n_expect = 1,
                                          .also = world->also,
                                          .n_also = 1};
    world->steps[1] = (struct drill_step){.silence = 0, .expect = world->silent, .n_expect = 1};
    world->drill = (struct drill){.agencies = world->agencies,
                                  .n_agencies = 1,
                                  .sources = world->sources,
                                  .n_sources = 1,
                                  .steps = world->steps,
                                  .n_steps = 2};
}

/* A finding of rule-1, of the first step's events. */
static struct judge_finding finding(void)
{
    return (struct judge_finding){.kind = STR("rule"),
                                  .rule = STR("rule-1"),
                                  .title = STR("First"),
                                  .agency = STR("health"),
                                  .first = 11 * SECOND,
                                  .last = 11 * SECOND,
                                  .created = 13 * SECOND,
                                  .updated = 13 * SECOND};
}

static void judge_one(struct world *world, struct judge_finding *one)
{
    judge(&world->drill, world->facts, one, 1, END);
}

static void a_step_is_detected_by_a_rule_that_it_names(void **state)
{
    struct world world;
    struct judge_finding one = finding();
    (void)state;
    set_up(&world);
    judge_one(&world, &one);
    assert_int_equal(world.facts[0].verdict, JUDGE_DETECTED);
    assert_int_equal(world.facts[0].after_us, 3 * SECOND);
    assert_int_equal(one.step, 0);
    assert_false(judge_is_false(&one));
    assert_int_equal(world.facts[1].verdict, JUDGE_MISSED);
}

static void the_first_finding_of_several_tells_the_time(void **state)
{
    struct world world;
    struct judge_finding both[2] = {finding(), finding()};
    (void)state;
    set_up(&world);
    both[0].created = both[0].updated = 30 * SECOND;
    judge(&world.drill, world.facts, both, 2, END);
    assert_int_equal(world.facts[0].by, 1);
    assert_int_equal(world.facts[0].after_us, 3 * SECOND);
}

static void a_finding_of_another_rule_agency_or_time_is_false(void **state)
{
    struct world world;
    struct judge_finding wrong[3] = {finding(), finding(), finding()};
    (void)state;
    wrong[0].rule = STR("rule-2");
    wrong[1].agency = STR("transport");
    wrong[2].first = wrong[2].last = 15 * SECOND;
    for (size_t i = 0; i < 3; i++) {
        set_up(&world);
        judge_one(&world, &wrong[i]);
        assert_true(judge_is_false(&wrong[i]));
        assert_int_equal(world.facts[0].verdict, JUDGE_MISSED);
    }
}

static void what_may_stand_beside_is_neither_a_detection_nor_false(void **state)
{
    struct world world;
    struct judge_finding one = finding();
    (void)state;
    set_up(&world);
    one.rule = STR("rule-2");
    one.title = STR("beside it");
    judge_one(&world, &one);
    assert_false(judge_is_false(&one));
    assert_int_equal(world.facts[0].verdict, JUDGE_MISSED);
}

static void a_finding_that_was_open_before_counts_from_when_it_grew(void **state)
{
    struct world world;
    struct judge_finding one = finding();
    (void)state;
    set_up(&world);
    one.first = one.created = 1 * SECOND;
    one.updated = 14 * SECOND;
    judge_one(&world, &one);
    assert_int_equal(world.facts[0].verdict, JUDGE_DETECTED);
    assert_int_equal(world.facts[0].after_us, 4 * SECOND);
}

static struct judge_finding silence(int64_t updated)
{
    return (struct judge_finding){.kind = STR("source"),
                                  .rule = STR("source.silent"),
                                  .agency = STR("health"),
                                  .source = STR("servers"),
                                  .first = updated,
                                  .last = updated,
                                  .created = updated,
                                  .updated = updated};
}

static void a_silence_is_found_where_the_rhythm_is_known(void **state)
{
    struct world world;
    struct judge_finding one = silence(58 * SECOND);
    (void)state;
    set_up(&world);
    judge_one(&world, &one);
    assert_int_equal(world.facts[1].verdict, JUDGE_DETECTED);
    assert_int_equal(world.facts[1].after_us, 8 * SECOND);
    world.facts[1].knows_rhythm = false;
    judge(&world.drill, world.facts, NULL, 0, END);
    assert_int_equal(world.facts[1].verdict, JUDGE_UNJUDGED);
}

static void sources_that_fall_silent_with_the_end_of_the_drill_are_not_false(void **state)
{
    struct world world;
    struct judge_finding late = silence(END + SECOND), early = silence(60 * SECOND);
    (void)state;
    set_up(&world);
    late.source = early.source = STR("others");
    judge_one(&world, &late);
    assert_false(judge_is_false(&late));
    judge_one(&world, &early);
    assert_true(judge_is_false(&early));
}

static void steps_that_nothing_should_find_and_steps_that_never_were_are_told_apart(void **state)
{
    struct world world;
    (void)state;
    set_up(&world);
    world.steps[0].n_expect = 0;
    world.facts[1] = (struct judge_step){.first = TIME_UNSET, .last = TIME_UNSET};
    judge(&world.drill, world.facts, NULL, 0, END);
    assert_int_equal(world.facts[0].verdict, JUDGE_BLIND);
    assert_int_equal(world.facts[1].verdict, JUDGE_NOT_RUN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_detected_by_a_rule_that_it_names),
        cmocka_unit_test(the_first_finding_of_several_tells_the_time),
        cmocka_unit_test(a_finding_of_another_rule_agency_or_time_is_false),
        cmocka_unit_test(what_may_stand_beside_is_neither_a_detection_nor_false),
        cmocka_unit_test(a_finding_that_was_open_before_counts_from_when_it_grew),
        cmocka_unit_test(a_silence_is_found_where_the_rhythm_is_known),
        cmocka_unit_test(sources_that_fall_silent_with_the_end_of_the_drill_are_not_false),
        cmocka_unit_test(steps_that_nothing_should_find_and_steps_that_never_were_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
