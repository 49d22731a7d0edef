#include "base/test.h"
#include "readiness/text.h"

#include <errno.h>

#include "base/time.h"

#define WHEN INT64_C(1789963204500000) /* 2026-09-21T04:00:04.5Z */

struct world {
    struct arena arena;
    struct random random;
    struct text_filling filling;
    struct buf out;
    struct err err;
    bool number;
};

static void set_up(struct world *world)
{
    *world = (struct world){.random = {42}};
    arena_init(&world->arena, 1 << 20);
    world->filling.random = &world->random;
    world->filling.time_us = WHEN;
    world->filling.n = 7;
}

static void tear_down(struct world *world)
{
    text_filling_free(&world->filling);
    buf_free(&world->out);
    arena_free(&world->arena);
}

static int compile(struct world *world, const char *source, struct text *ret_text)
{
    return text_compile(str_from_c(source), 3, 5, &world->arena, ret_text, &world->err);
}

/* What `source` becomes. */
static struct str fill(struct world *world, const char *source)
{
    struct text text;
    buf_clear(&world->out);
    assert_int_equal(compile(world, source, &text), 0);
    assert_int_equal(text_fill(&text, &world->filling, &world->out, &world->number, &world->err),
                     0);
    return buf_str(&world->out);
}

static void a_text_without_placeholders_stays_as_it_is(void **state)
{
    struct world world;
    (void)state;
    set_up(&world);
    assert_str(fill(&world, "a } b | c"), "a } b | c");
    assert_str(fill(&world, "{{x} {{{{"), "{x} {{");
    assert_str(fill(&world, ""), "");
    tear_down(&world);
}

static void functions_make_what_they_say(void **state)
{
    struct world world;
    (void)state;
    set_up(&world);
    assert_str(fill(&world, "{time}"), "2026-09-21T04:00:04.500Z");
    assert_str(fill(&world, "{time:clf}"), "21/Sep/2026:04:00:04 +0000");
    assert_str(fill(&world, "{time:sysmon}"), "2026-09-21 04:00:04.500");
    assert_str(fill(&world, "{epoch}"), "1789963204.500000");
    assert_true(world.number);
    assert_str(fill(&world, "{n} {n:3}"), "7 007");
    assert_str(fill(&world, "{int:5-5}"), "5");
    assert_false(world.number);
    assert_str(fill(&world, "{number:5-5}"), "5");
    assert_true(world.number);
    assert_str(fill(&world, "x{number:5-5}"), "x5");
    assert_false(world.number);
    assert_int_equal(fill(&world, "{hex:12}").len, 12);
    assert_int_equal(fill(&world, "{guid}").len, 38);
    assert_int_equal(fill(&world, "{uuid}").len, 36);
    tear_down(&world);
}

static void a_choice_is_one_of_its_texts_and_may_have_placeholders(void **state)
{
    struct world world;
    bool seen[3] = {false};
    (void)state;
    set_up(&world);
    for (int i = 0; i < 200; i++) {
        struct str got = fill(&world, "{pick:a||{int:4-4}{pick:b}}");
        seen[0] |= str_eq(got, STR("a"));
        seen[1] |= got.len == 0;
        seen[2] |= str_eq(got, STR("4b"));
        assert_true(str_eq(got, STR("a")) || got.len == 0 || str_eq(got, STR("4b")));
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    tear_down(&world);
}

static void a_name_says_the_same_in_all_places_of_an_event_and_another_in_the_next(void **state)
{
    struct world world;
    struct text_binding binding = {.name = STR("id")};
    (void)state;
    set_up(&world);
    assert_int_equal(compile(&world, "{hex:16}", &binding.text), 0);
    world.filling.scopes[2] = (struct text_scope){&binding, 1};
    struct str both = fill(&world, "{id}{id}");
    assert_int_equal(both.len, 32);
    assert_memory_equal(both.ptr, both.ptr + 16, 16);
    char before[16];
    memcpy(before, both.ptr, 16);
    text_filling_restart(&world.filling);
    assert_memory_not_equal(fill(&world, "{id}").ptr, before, 16);
    tear_down(&world);
}

static void the_first_scope_that_has_a_name_counts(void **state)
{
    struct world world;
    struct text_binding near = {.name = STR("user"), .plain = true}, far = {.name = STR("user")};
    (void)state;
    set_up(&world);
    assert_int_equal(compile(&world, "1", &near.text), 0);
    assert_int_equal(compile(&world, "far", &far.text), 0);
    world.filling.scopes[0] = (struct text_scope){&near, 1};
    world.filling.scopes[1] = (struct text_scope){&far, 1};
    assert_str(fill(&world, "{user}"), "1");
    assert_true(world.number); /* a plain value is no text */
    tear_down(&world);
}

static void what_cannot_be_compiled_is_refused_with_its_place(void **state)
{
    static const char *const wrong[] = {"{",           "{}",
                                        "a{b",         "{int:2-1}",
                                        "{int:x}",     "{hex:0}",
                                        "{hex:4097}",  "{nofun:1}",
                                        "{a b}",       "{time:noon}",
                                        "{pick:}",     "{guid:1}",
                                        "{pick:a|{b}", "{int:0-18446744073709551615}"};
    struct world world;
    struct text text;
    (void)state;
    set_up(&world);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        world.err = (struct err){0};
        assert_int_equal(compile(&world, wrong[i], &text), -EINVAL);
        assert_int_equal(world.err.line, 3);
        assert_int_equal(world.err.column, 5);
    }
    tear_down(&world);
}

static void a_name_without_a_value_or_that_needs_itself_is_refused(void **state)
{
    struct world world;
    struct text_binding binding = {.name = STR("loop")};
    struct text text;
    (void)state;
    set_up(&world);
    assert_int_equal(compile(&world, "{loop}", &binding.text), 0);
    world.filling.scopes[0] = (struct text_scope){&binding, 1};
    assert_int_equal(
        text_fill(&binding.text, &world.filling, &world.out, &world.number, &world.err), -EINVAL);
    assert_int_equal(compile(&world, "{absent}", &text), 0);
    assert_int_equal(text_fill(&text, &world.filling, &world.out, &world.number, &world.err),
                     -EINVAL);
    assert_non_null(strstr(world.err.message, "absent"));
    tear_down(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_without_placeholders_stays_as_it_is),
        cmocka_unit_test(functions_make_what_they_say),
        cmocka_unit_test(a_choice_is_one_of_its_texts_and_may_have_placeholders),
        cmocka_unit_test(a_name_says_the_same_in_all_places_of_an_event_and_another_in_the_next),
        cmocka_unit_test(the_first_scope_that_has_a_name_counts),
        cmocka_unit_test(what_cannot_be_compiled_is_refused_with_its_place),
        cmocka_unit_test(a_name_without_a_value_or_that_needs_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
