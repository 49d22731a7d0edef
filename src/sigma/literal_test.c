#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#include "base/utf8.h"
#include "sigma/literal.h"

#define LITERALS_MAX 300

static uint32_t noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* A set of literals and the hits of one value, ready for questions. */
struct bench {
    struct arena arena;
    struct literal literals[LITERALS_MAX];
    uint32_t n;
    struct literal_set set;
    uint32_t stamps[LITERALS_MAX], ids[LITERALS_MAX];
    struct literal_hits hits;
};

static void add(struct bench *bench, enum literal_op op, struct str text)
{
    bench->literals[bench->n++] = (struct literal){.op = op, .text = text};
}

static void build(struct bench *bench)
{
    struct arena work;
    arena_init(&work, 1 << 24);
    arena_init(&bench->arena, 1 << 24);
    assert_int_equal(
        literal_set_build(&bench->set, bench->literals, 0, bench->n, &bench->arena, &work), 0);
    arena_free(&work);
    bench->hits = (struct literal_hits){.stamps = bench->stamps, .ids = bench->ids};
}

static void match(struct bench *bench, struct str value)
{
    bench->hits.epoch++;
    bench->hits.n = 0;
    literal_set_match(&bench->set, value, utf8_is_ascii(value), &bench->hits);
}

static bool hit(const struct bench *bench, uint32_t id)
{
    return bench->stamps[id] == bench->hits.epoch;
}

static bool fits_plainly(const struct literal *literal, struct str value)
{
    switch (literal->op) {
    case LITERAL_EXACT:
        return str_eq(value, literal->text);
    case LITERAL_PREFIX:
        return str_starts(value, literal->text);
    case LITERAL_SUFFIX:
        return str_ends(value, literal->text);
    default:
        return str_find(value, literal->text) != SIZE_MAX;
    }
}

static void each_way_of_fitting_is_found_once(void **state)
{
    (void)state;
    struct bench bench = {0};
    add(&bench, LITERAL_EXACT, STR("c:\\windows\\system32\\cmd.exe"));
    add(&bench, LITERAL_SUFFIX, STR("\\cmd.exe"));
    add(&bench, LITERAL_SUFFIX, STR("e"));
    add(&bench, LITERAL_PREFIX, STR("c:\\"));
    add(&bench, LITERAL_CONTAINS, STR("system32"));
    add(&bench, LITERAL_CONTAINS, STR("dows"));
    add(&bench, LITERAL_EXACT, STR(""));
    add(&bench, LITERAL_CONTAINS, STR("system64"));
    build(&bench);
    match(&bench, STR("c:\\windows\\system32\\cmd.exe"));
    assert_int_equal(bench.hits.n, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_true(hit(&bench, i));
    match(&bench, STR(""));
    assert_int_equal(bench.hits.n, 1);
    assert_true(hit(&bench, 6));
    match(&bench, STR("dows dows dows"));
    assert_int_equal(bench.hits.n, 1);
    arena_free(&bench.arena);
}

static void short_texts_are_found_at_both_ends_and_between(void **state)
{
    (void)state;
    struct bench bench = {0};
    add(&bench, LITERAL_CONTAINS, STR("|"));
    add(&bench, LITERAL_CONTAINS, STR("-d"));
    add(&bench, LITERAL_CONTAINS, STR("xyz"));
    build(&bench);
    match(&bench, STR("|"));
    assert_true(bench.hits.n == 1 && hit(&bench, 0));
    match(&bench, STR("-d |"));
    assert_true(bench.hits.n == 2 && hit(&bench, 0) && hit(&bench, 1));
    match(&bench, STR("- dxyz"));
    assert_true(bench.hits.n == 1 && hit(&bench, 2));
    match(&bench, STR("wxy"));
    assert_int_equal(bench.hits.n, 0);
    arena_free(&bench.arena);
}

static void short_texts_that_are_not_ascii_are_found_in_values_that_are_not(void **state)
{
    (void)state;
    struct bench bench = {0};
    add(&bench, LITERAL_CONTAINS, STR("–"));
    add(&bench, LITERAL_CONTAINS, STR("´"));
    build(&bench);
    assert_false(bench.set.short_ascii);
    match(&bench, STR("cmd –enc"));
    assert_true(bench.hits.n == 1 && hit(&bench, 0));
    match(&bench, STR("cmd -enc"));
    assert_int_equal(bench.hits.n, 0);
    arena_free(&bench.arena);
}

static void hashes_are_found_behind_their_sign_and_nowhere_else(void **state)
{
    (void)state;
    struct bench bench = {0};
    add(&bench, LITERAL_CONTAINS, STR("md5=0123456789abcdef0123456789abcdef"));
    add(&bench, LITERAL_CONTAINS, STR("imphash=0123456789abcdef0123456789abcdef"));
    add(&bench, LITERAL_EXACT, STR("md5=none"));
    build(&bench);
    assert_true(bench.set.anchored);
    match(&bench, STR("sha1=77,md5=0123456789abcdef0123456789abcdef,imphash=00"));
    assert_int_equal(bench.hits.n, 1);
    assert_true(hit(&bench, 0));
    /* Contains is contains: no comma has to stand in front. */
    match(&bench, STR("ximphash=0123456789abcdef0123456789abcdef0"));
    assert_int_equal(bench.hits.n, 1);
    assert_true(hit(&bench, 1));
    match(&bench, STR("==md5=md5=none==0123456789"));
    assert_int_equal(bench.hits.n, 0);
    match(&bench, STR("md5=none"));
    assert_int_equal(bench.hits.n, 1);
    arena_free(&bench.arena);
}

/* Words of few letters, so that they meet; with '=' now and then. */
static struct str word(uint64_t *seed, char *room, size_t min, size_t max, bool anchors)
{
    size_t len = min + noise(seed) % (max - min + 1);
    for (size_t i = 0; i < len; i++)
        room[i] = (char)(anchors && noise(seed) % 8 == 0 ? '=' : 'a' + noise(seed) % 2);
    return str_of(room, len);
}

static void random_sets_agree_with_plain_comparison(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 300; round++) {
        struct bench bench = {0};
        char texts[LITERALS_MAX][24];
        uint32_t n = 1 + noise(&seed) % LITERALS_MAX;
        for (uint32_t i = 0; i < n; i++) {
            enum literal_op op = noise(&seed) % 4;
            size_t min = op != LITERAL_EXACT;
            add(&bench, op, word(&seed, texts[i], min, 20, round % 2));
        }
        build(&bench);
        for (int k = 0; k < 60; k++) {
            char room[64];
            struct str value = word(&seed, room, 0, sizeof(room) - 1, round % 2);
            match(&bench, value);
            for (uint32_t i = 0; i < n; i++)
                assert_int_equal(hit(&bench, i), fits_plainly(&bench.literals[i], value));
        }
        arena_free(&bench.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_of_fitting_is_found_once),
        cmocka_unit_test(short_texts_are_found_at_both_ends_and_between),
        cmocka_unit_test(short_texts_that_are_not_ascii_are_found_in_values_that_are_not),
        cmocka_unit_test(hashes_are_found_behind_their_sign_and_nowhere_else),
        cmocka_unit_test(random_sets_agree_with_plain_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
