/* An event is proved by its path, the journal and a signature, and by nothing that was changed. */
#include "watch/proof.h"

#include <stdlib.h>

#include "watch/live_test.h"

#define BLOCKS 12
#define LEAVES 5

struct scene {
    struct world world;
    struct ledger *ledger;
    struct lake_leaf leaves[LEAVES];
    struct lake_block block;
    struct lake_path paths[LEAVES];
};

static void note(struct scene *scene, struct str action, const char *topic, struct str json)
{
    assert_int_equal(ledger_begin(scene->ledger, STR("jaga"), action), 0);
    assert_int_equal(journal_note(scene->ledger, topic, json), 0);
    assert_int_equal(ledger_commit(scene->ledger), 0);
}

/* Five events in the block of that number. */
static void make_block(struct scene *scene, uint64_t seq)
{
    static const char *const raws[LEAVES] = {"a", "b", "", "d", "\xff\n"};
    unsigned char hashes[LEAVES][LAKE_HASH];
    for (size_t i = 0; i < LEAVES; i++) {
        scene->leaves[i] = (struct lake_leaf){.partition = 3,
                                              .offset = seq * LEAVES + i,
                                              .time = TEST_START,
                                              .received = TEST_START + 1,
                                              .agency = STR("moh"),
                                              .source = STR("doors"),
                                              .dataset = STR("door"),
                                              .format = STR("json"),
                                              .raw = str_from_c(raws[i])};
        merkle_leaf(&scene->leaves[i], hashes[i]);
    }
    struct merkle_tree tree;
    assert_int_equal(merkle_tree_make((const unsigned char(*)[LAKE_HASH])hashes, LEAVES, &tree), 0);
    for (size_t i = 0; i < LEAVES; i++)
        merkle_tree_path(&tree, i, &scene->paths[i]);
    merkle_tree_free(&tree);
    scene->block = (struct lake_block){.seq = seq,
                                       .day = STR("2026-11-21"),
                                       .partition = 3,
                                       .first = seq * LEAVES,
                                       .next = seq * LEAVES + LEAVES,
                                       .count = LEAVES};
    merkle_root(hashes, LEAVES, scene->block.root);
}

/* Two blocks an entry, other entries between them, a signature behind every fourth block. */
static void scene_open(struct scene *scene)
{
    struct err err = {0};
    world_open(&scene->world);
    struct ledger_options options = {.create = true, .key = scene->world.key};
    scene->ledger = ledger_open(scene->world.ledger_url, &options, &err);
    assert_non_null(scene->ledger);
    for (uint64_t seq = 1; seq <= BLOCKS; seq += 2) {
        struct buf both = {0};
        make_block(scene, seq);
        proof_write_block(&both, &scene->block);
        buf_add_byte(&both, ',');
        make_block(scene, seq + 1);
        proof_write_block(&both, &scene->block);
        for (uint64_t i = 0; i < seq; i++)
            note(scene, STR("other"), "other", STR("1"));
        note(scene, PROOF_ACTION, PROOF_TOPIC, buf_str(&both));
        if (seq % 4 == 3) {
            note(scene, STR("other"), "other", STR("2"));
            assert_int_equal(journal_sign(scene->ledger), 0);
        }
        buf_free(&both);
    }
}

static void scene_close(struct scene *scene)
{
    ledger_close(scene->ledger);
    world_close(&scene->world);
}

static int prove(struct scene *scene, uint64_t seq, size_t leaf, struct proof *ret_proof,
                 struct err *err)
{
    make_block(scene, seq);
    const struct lake_event event = {
        .leaf = scene->leaves[leaf], .block = scene->block, .path = scene->paths[leaf]};
    assert_int_equal(proof_take(&event, ret_proof), 0);
    return proof_complete(scene->ledger, ret_proof, err);
}

static void every_event_of_every_block_is_proved(void **state)
{
    (void)state;
    struct scene scene;
    struct proof proof;
    struct err err = {0};
    scene_open(&scene);
    for (uint64_t seq = 1; seq <= BLOCKS; seq++) {
        for (size_t leaf = 0; leaf < LEAVES; leaf++) {
            assert_int_equal(prove(&scene, seq, leaf, &proof, &err), 0);
            assert_int_equal(proof_check(&proof, &err), 0);
            assert_true(proof.n_entries >= 2);
            proof_free(&proof);
        }
    }
    scene_close(&scene);
}

static void a_block_that_the_journal_does_not_have_is_told(void **state)
{
    (void)state;
    struct scene scene;
    struct proof proof;
    struct err err = {0};
    scene_open(&scene);
    assert_int_equal(prove(&scene, BLOCKS + 1, 0, &proof, &err), -ENOENT);
    proof_free(&proof);
    struct buf block = {0};
    proof_write_block(&block, &scene.block);
    note(&scene, PROOF_ACTION, PROOF_TOPIC, buf_str(&block));
    buf_free(&block);
    assert_int_equal(prove(&scene, BLOCKS + 1, 0, &proof, &err), -EAGAIN);
    proof_free(&proof);
    assert_int_equal(journal_sign(scene.ledger), 0);
    assert_int_equal(prove(&scene, BLOCKS + 1, 0, &proof, &err), 0);
    assert_int_equal(proof.n_entries, 1);
    assert_int_equal(proof_check(&proof, &err), 0);
    proof_free(&proof);
    scene_close(&scene);
}

/* What else was done in the meantime is none of the business of who gets the proof. */
static void entries_without_roots_are_sealed(void **state)
{
    (void)state;
    struct scene scene;
    struct proof proof;
    struct err err = {0};
    struct buf document = {0};
    scene_open(&scene);
    assert_int_equal(prove(&scene, 5, 2, &proof, &err), 0);
    for (size_t i = 0; i < proof.n_entries; i++)
        assert_int_equal(!proof.entries[i].sealed, str_eq(proof.entries[i].action, PROOF_ACTION));
    assert_true(proof.entries[1].sealed);
    proof_write(&proof, &document);
    assert_int_equal(str_find(buf_str(&document), STR("other")), SIZE_MAX);
    buf_free(&document);
    proof_free(&proof);
    scene_close(&scene);
}

/* The proof once more, with one thing of it changed. */
#define ASSERT_REFUSED(change)                                                                     \
    do {                                                                                           \
        struct err refused_err = {0};                                                              \
        assert_int_equal(prove(&scene, 5, 2, &proof, &refused_err), 0);                            \
        struct journal_entry *entries = (struct journal_entry *)(uintptr_t)proof.entries;          \
        (void)entries;                                                                             \
        change;                                                                                    \
        assert_int_equal(proof_check(&proof, &refused_err), -EBADMSG);                             \
        proof_free(&proof);                                                                        \
    } while (0)

static void nothing_of_a_proof_can_be_changed(void **state)
{
    (void)state;
    struct scene scene;
    struct proof proof;
    scene_open(&scene);
    ASSERT_REFUSED(proof.leaf.raw = STR("x"));
    ASSERT_REFUSED(proof.leaf.agency = STR("mot"));
    ASSERT_REFUSED(proof.leaf.source = STR("door"));
    ASSERT_REFUSED(proof.leaf.time++);
    ASSERT_REFUSED(proof.leaf.received--);
    ASSERT_REFUSED(proof.leaf.offset++);
    ASSERT_REFUSED(proof.leaf.part++);
    ASSERT_REFUSED(proof.path.index++);
    ASSERT_REFUSED(proof.path.hashes[0][0] ^= 1);
    ASSERT_REFUSED(proof.block.root[31] ^= 1);
    ASSERT_REFUSED(proof.block.seq++);
    ASSERT_REFUSED(proof.block.day = STR("2026-11-22"));
    ASSERT_REFUSED(proof.before[0] ^= 1);
    ASSERT_REFUSED(proof.n_entries--);
    ASSERT_REFUSED(proof.n_entries = 0);
    ASSERT_REFUSED(entries[0].action = STR("other"));
    ASSERT_REFUSED(entries[0].time++);
    ASSERT_REFUSED(entries[1].content[31] ^= 1);
    ASSERT_REFUSED(entries[1].sealed = false);
    ASSERT_REFUSED(entries[1].seq++);
    ASSERT_REFUSED(proof.signature.signature[0] ^= 1);
    ASSERT_REFUSED(proof.signature.key[0] ^= 1);
    ASSERT_REFUSED(proof.signature.time++);
    ASSERT_REFUSED(proof.signature.seq++);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_of_every_block_is_proved),
        cmocka_unit_test(entries_without_roots_are_sealed),
        cmocka_unit_test(a_block_that_the_journal_does_not_have_is_told),
        cmocka_unit_test(nothing_of_a_proof_can_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
