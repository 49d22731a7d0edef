/* The saved hunts that jaga ships, over the tables that it ships. */
#include "base/test.h"

#include <errno.h>

#include "hunt/saved.h"
#include "hunt/world_test.h"

static struct world world;
static struct attack attack;

static int load(void **state)
{
    (void)state;
    struct err err = {0};
    world_load(&world);
    const struct content_file *csv = content_find(&world.content, STR("attack/enterprise.csv"));
    assert_non_null(csv);
    assert_int_equal(attack_read(&attack, csv->bytes, &err), 0);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    attack_free(&attack);
    world_unload(&world);
    return 0;
}

/* Loading checks each: its header, its query, its columns, its ATT&CK, and that no id comes twice. */
static struct saved_set *load_hunts(void)
{
    struct err err = {0};
    struct saved_set *set = saved_set_new();
    assert_non_null(set);
    if (saved_set_load(set, &world.content, &attack, world.tables, &err) < 0)
        fail_msg("%s", err.message);
    return set;
}

static void every_shipped_hunt_compiles_and_its_id_is_its_own(void **state)
{
    (void)state;
    struct saved_set *set = load_hunts();
    assert_true(saved_set_count(set) >= 2);
    for (size_t i = 0; i < saved_set_count(set); i++) {
        const struct saved_hunt *hunt = saved_set_get(set, i);
        assert_ptr_equal(saved_set_find(set, hunt->id), hunt);
    }
    saved_set_free(set);
}

/* People decide by these whether a hunt is worth its time. */
static void every_shipped_hunt_says_what_it_is_for(void **state)
{
    (void)state;
    struct saved_set *set = load_hunts();
    for (size_t i = 0; i < saved_set_count(set); i++) {
        const struct saved_hunt *hunt = saved_set_get(set, i);
        bool whole = hunt->attack.len && hunt->tables.len && hunt->falsepositives.len &&
                     hunt->author.len && hunt->date.len && hunt->id.len == 36 &&
                     hunt->description.len >= 80;
        if (!whole)
            fail_msg("%.*s: a shipped hunt has attack, tables, falsepositives, author, date, a "
                     "UUID and a description that explains",
                     STR_ARG(hunt->origin));
    }
    saved_set_free(set);
}

static void add_copy(struct saved_set *set, const struct saved_hunt *hunt, const char *id,
                     struct str origin)
{
    struct err err = {0};
    struct buf text = {0};
    size_t place = str_find(hunt->text, hunt->id);
    buf_add_str(&text, str_first(hunt->text, place));
    buf_add_c(&text, id);
    buf_add_str(&text, str_skip(hunt->text, place + hunt->id.len));
    assert_int_equal(saved_set_add(set, buf_str(&text), origin, &attack, world.tables, &err), 0);
    buf_free(&text);
}

/* The documents call shipped hunts by the names of their files. */
static void a_hunt_is_found_by_the_name_of_its_file(void **state)
{
    (void)state;
    struct saved_set *set = load_hunts();
    const struct saved_hunt *rare = saved_set_find(set, STR("rare_program"));
    assert_non_null(rare);
    assert_str(saved_name(rare->origin), "rare_program");
    assert_null(saved_set_find(set, STR("rare_program.kql")));
    assert_null(saved_set_find(set, STR("")));

    /* A copy in a folder of its own goes before the one that is shipped, and an id before any name. */
    add_copy(set, rare, "own", STR("mine/rare_program.kql"));
    assert_str(saved_set_find(set, STR("rare_program"))->id, "own");
    assert_ptr_equal(saved_set_find(set, rare->id), rare);
    add_copy(set, rare, "rare_program", STR("mine/other.kql"));
    assert_str(saved_set_find(set, STR("rare_program"))->id, "rare_program");
    saved_set_free(set);
}

static void a_second_hunt_of_an_id_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct saved_set *set = load_hunts();
    const struct saved_hunt *hunt = saved_set_get(set, 0);
    assert_int_equal(saved_set_add(set, hunt->text, STR("again.kql"), &attack, world.tables, &err),
                     -EEXIST);
    saved_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_hunt_compiles_and_its_id_is_its_own),
        cmocka_unit_test(every_shipped_hunt_says_what_it_is_for),
        cmocka_unit_test(a_hunt_is_found_by_the_name_of_its_file),
        cmocka_unit_test(a_second_hunt_of_an_id_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
