#include <stdio.h>

#include "base/buf.h"
#include "base/test.h"
#include "lake/merkle.h"

enum { LEAVES = 70 };

static unsigned char leaves[LEAVES][LAKE_HASH], scratch[LEAVES][LAKE_HASH];

static void make_leaf(uint64_t offset, struct str raw, unsigned char *ret_hash)
{
    merkle_leaf(
        &(struct lake_leaf){
            .partition = 3,
            .offset = offset,
            .time = -5,
            .agency = STR("MOH"),
            .source = STR("dc01"),
            .dataset = STR("windows_sysmon"),
            .format = STR("json"),
            .raw = raw,
        },
        ret_hash);
}

static int make_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEAVES; i++)
        make_leaf(i, STR("{}"), leaves[i]);
    return 0;
}

static void root_of(size_t n, unsigned char *ret_root)
{
    memcpy(scratch, leaves, n * LAKE_HASH);
    merkle_root(scratch, n, ret_root);
}

static void every_event_of_a_block_leads_to_its_root(void **state)
{
    (void)state;
    for (size_t n = 1; n <= LEAVES; n++) {
        unsigned char root[LAKE_HASH], reached[LAKE_HASH];
        struct merkle_tree tree;
        root_of(n, root);
        assert_int_equal(merkle_tree_make((const unsigned char(*)[LAKE_HASH])leaves, n, &tree), 0);
        for (size_t i = 0; i < n; i++) {
            struct lake_path path;
            merkle_tree_path(&tree, i, &path);
            assert_true(merkle_path_root(&path, leaves[i], reached));
            assert_memory_equal(reached, root, LAKE_HASH);
        }
        merkle_tree_free(&tree);
    }
}

static void another_event_place_or_hash_leads_elsewhere(void **state)
{
    (void)state;
    unsigned char root[LAKE_HASH], reached[LAKE_HASH];
    struct lake_path path;
    struct merkle_tree tree;
    root_of(21, root);
    assert_int_equal(merkle_tree_make((const unsigned char(*)[LAKE_HASH])leaves, 21, &tree), 0);
    for (uint32_t i = 0; i < 21; i++) {
        merkle_tree_path(&tree, i, &path);
        assert_true(merkle_path_root(&path, leaves[(i + 1) % 21], reached));
        assert_memory_not_equal(reached, root, LAKE_HASH);
        for (uint32_t other = 0; other < 22; other++) {
            struct lake_path moved = path;
            moved.index = other;
            if (other != i && merkle_path_root(&moved, leaves[i], reached))
                assert_memory_not_equal(reached, root, LAKE_HASH);
        }
        path.hashes[path.n - 1][5] ^= 1;
        assert_true(merkle_path_root(&path, leaves[i], reached));
        assert_memory_not_equal(reached, root, LAKE_HASH);
        path.n--;
        assert_false(merkle_path_root(&path, leaves[i], reached));
    }
    merkle_tree_free(&tree);
}

static bool leads_to(const struct merkle_part *part, const unsigned char *root)
{
    unsigned char reached[LAKE_HASH];
    return merkle_part_root(part, reached) && memcmp(reached, root, LAKE_HASH) == 0;
}

/* Every third, every fifth ...: with the others they lead to the root, with fewer or more of them they do not. */
static void some_events_and_the_others_lead_to_the_root(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= LEAVES; n++) {
        unsigned char root[LAKE_HASH], some[LEAVES][LAKE_HASH];
        struct merkle_tree tree;
        root_of(n, root);
        assert_int_equal(merkle_tree_make((const unsigned char(*)[LAKE_HASH])leaves, n, &tree), 0);
        for (uint32_t step = 1; step <= n; step++) {
            uint32_t at[LEAVES], len = 0;
            struct buf others = {0};
            for (uint32_t i = step / 2; i < n; i += step, len++) {
                at[len] = i;
                memcpy(some[len], leaves[i], LAKE_HASH);
            }
            merkle_tree_others(&tree, at, len, &others);
            struct merkle_part part = {n, at, (const unsigned char(*)[LAKE_HASH])some, len,
                                       buf_str(&others)};
            assert_true(leads_to(&part, root));
            some[len - 1][7] ^= 1;
            assert_false(leads_to(&part, root));
            some[len - 1][7] ^= 1;
            part.n--;
            assert_false(leads_to(&part, root));
            part.n++;
            part.others.len -= part.others.len ? LAKE_HASH : 0;
            assert_int_equal(leads_to(&part, root), others.len == 0);
            at[len - 1] = n;
            part.others.len = others.len;
            assert_false(leads_to(&part, root));
            buf_free(&others);
        }
        merkle_tree_free(&tree);
    }
}

static void the_others_of_one_event_are_its_path(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= LEAVES; n++) {
        struct merkle_tree tree;
        assert_int_equal(merkle_tree_make((const unsigned char(*)[LAKE_HASH])leaves, n, &tree), 0);
        for (uint32_t i = 0; i < n; i++) {
            struct buf others = {0}, of_path = {0};
            struct lake_path path;
            merkle_tree_path(&tree, i, &path);
            merkle_path_others(&path, &of_path);
            merkle_tree_others(&tree, &i, 1, &others);
            assert_true(str_eq(buf_str(&others), buf_str(&of_path)));
            buf_free(&others);
            buf_free(&of_path);
        }
        merkle_tree_free(&tree);
    }
}

/* The bytes are a promise to those who verify with tools of their own: computed with Python's hashlib. */
static void hashes_are_those_of_the_documented_bytes(void **state)
{
    (void)state;
    unsigned char hash[LAKE_HASH], root[LAKE_HASH];
    char hex[2 * LAKE_HASH + 1];
    make_leaf(258, STR("a\nb"), hash);
    for (size_t i = 0; i < LAKE_HASH; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(hex, "0e06395e4dca8231d2530f797b130e2756c859da8bf07416f437dfcbb2ec986b");
    root_of(3, root);
    for (size_t i = 0; i < LAKE_HASH; i++)
        snprintf(hex + 2 * i, 3, "%02x", root[i]);
    assert_string_equal(hex, "d85f1d3fded08b7e54201108a507b455455d88ec5c24451aed1f343443701117");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_of_a_block_leads_to_its_root),
        cmocka_unit_test(another_event_place_or_hash_leads_elsewhere),
        cmocka_unit_test(some_events_and_the_others_lead_to_the_root),
        cmocka_unit_test(the_others_of_one_event_are_its_path),
        cmocka_unit_test(hashes_are_those_of_the_documented_bytes),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
