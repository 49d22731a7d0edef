#include "base/test.h"
#include "ledger/kept_hunt.h"
#include "ledger/ledger_test.h"

#include <errno.h>

static const struct ledger_scope *scope_of(struct str *agencies, size_t n)
{
    static struct ledger_scope scope;
    scope = (struct ledger_scope){.agencies = agencies, .n = n};
    return &scope;
}

static struct kept_hunt hunt_of(const char *id, const char *agencies)
{
    return (struct kept_hunt){.id = str_from_c(id),
                              .owner = STR("t-anna"),
                              .agencies = str_from_c(agencies),
                              .text = STR("Syslog | take 1")};
}

static int count_hunt(void *context, const struct kept_hunt *hunt)
{
    (void)hunt;
    ++*(unsigned *)context;
    return 0;
}

static unsigned seen(struct ledger *ledger, const struct ledger_scope *scope)
{
    unsigned n = 0;
    assert_int_equal(kept_hunt_list(ledger, scope, count_hunt, &n), 0);
    return n;
}

static void a_hunt_is_kept_until_it_is_removed(void **state)
{
    struct scratch *scratch = *state;
    struct kept_hunt hunt = hunt_of("h-1", "moh"), kept;
    uint64_t version, later;
    assert_int_equal(ledger_version(scratch->ledger, &version), 0);
    assert_int_equal(kept_hunt_add(scratch->ledger, &hunt), 0);
    assert_int_equal(kept_hunt_add(scratch->ledger, &hunt), -EEXIST);
    assert_int_equal(ledger_version(scratch->ledger, &later), 0);
    assert_true(later > version);
    scratch_reopen(scratch);
    test_now += 5;
    hunt.text = STR("Syslog | take 2");
    hunt.owner = STR("t-bert");
    assert_int_equal(kept_hunt_change(scratch->ledger, &test_all, &hunt), 0);
    assert_int_equal(kept_hunt_get(scratch->ledger, &test_all, hunt.id, &kept), 0);
    assert_str(kept.text, "Syslog | take 2");
    assert_str(kept.owner, "t-anna");
    assert_int_equal(kept.changed - kept.created, 5);
    assert_int_equal(kept_hunt_remove(scratch->ledger, &test_all, hunt.id), 0);
    assert_int_equal(kept_hunt_remove(scratch->ledger, &test_all, hunt.id), -ENOENT);
    assert_int_equal(kept_hunt_change(scratch->ledger, &test_all, &hunt), -ENOENT);
    assert_whole(scratch->ledger);
}

/* Who may not see all agencies of a hunt does not hear that it exists. */
static void a_hunt_exists_for_those_who_see_all_of_its_agencies(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct str agencies[] = {STR("moh"), STR("mod")};
    struct kept_hunt both = hunt_of("both", "moh,mod"), one = hunt_of("one", "moh"),
                     all = hunt_of("all", "*"), kept;
    assert_int_equal(kept_hunt_add(ledger, &both), 0);
    assert_int_equal(kept_hunt_add(ledger, &one), 0);
    assert_int_equal(kept_hunt_add(ledger, &all), 0);
    assert_int_equal(seen(ledger, &test_all), 3);
    assert_int_equal(seen(ledger, scope_of(agencies, 2)), 2);
    assert_int_equal(seen(ledger, scope_of(agencies, 1)), 1);
    assert_int_equal(seen(ledger, scope_of(agencies + 1, 1)), 0);
    assert_int_equal(kept_hunt_get(ledger, scope_of(agencies, 1), both.id, &kept), -ENOENT);
    assert_int_equal(kept_hunt_remove(ledger, scope_of(agencies, 1), both.id), -ENOENT);
    assert_int_equal(kept_hunt_change(ledger, scope_of(agencies, 1), &both), -ENOENT);
    assert_int_equal(seen(ledger, &test_all), 3);
}

static void what_is_no_hunt_is_refused(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    static const char *const bad[] = {"", "moh,", "a b", "*,moh"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kept_hunt hunt = hunt_of("h", bad[i]);
        assert_int_equal(kept_hunt_add(ledger, &hunt), -EINVAL);
    }
    struct kept_hunt empty = {.id = STR("h"), .agencies = STR("*")};
    assert_int_equal(kept_hunt_add(ledger, &empty), -EINVAL);
}

static int add_rows(void *context, const struct hunt_run *run)
{
    *(uint64_t *)context += run->rows;
    return 0;
}

static void the_last_run_of_each_agency_is_kept(void **state)
{
    struct scratch *scratch = *state;
    struct str moh = STR("moh");
    uint64_t rows = 0, mine = 0;
    struct hunt_run run = {.hunt = STR("h-1"), .agency = moh, .due = 1, .rows = 100};
    assert_int_equal(hunt_run_put(scratch->ledger, &run), 0);
    run.rows = 10;
    assert_int_equal(hunt_run_put(scratch->ledger, &run), 0);
    run.agency = STR("mod");
    run.rows = 1;
    assert_int_equal(hunt_run_put(scratch->ledger, &run), 0);
    run.agency = STR(""); /* over all: not for who sees some */
    run.rows = 1000;
    assert_int_equal(hunt_run_put(scratch->ledger, &run), 0);
    scratch_reopen(scratch);
    assert_int_equal(hunt_run_list(scratch->ledger, &test_all, STR("h-1"), add_rows, &rows), 0);
    assert_int_equal(rows, 1011);
    assert_int_equal(hunt_run_list(scratch->ledger, scope_of(&moh, 1), STR(""), add_rows, &mine),
                     0);
    assert_int_equal(mine, 10);
    assert_whole(scratch->ledger);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hunt_is_kept_until_it_is_removed),
        TEST(a_hunt_exists_for_those_who_see_all_of_its_agencies),
        TEST(what_is_no_hunt_is_refused),
        TEST(the_last_run_of_each_agency_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
