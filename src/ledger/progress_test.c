#include "base/test.h"
#include "ledger/ledger_test.h"
#include "ledger/progress.h"

#include <errno.h>
#include <stdlib.h>

static void progress_is_kept_by_consumer_and_partition(void **state)
{
    struct scratch *scratch = *state;
    uint64_t offset = 7;
    assert_int_equal(progress_get(scratch->ledger, STR("detect"), 0, &offset), -ENOENT);
    assert_int_equal(offset, 7);
    assert_int_equal(progress_put(scratch->ledger, STR("detect"), 0, 10), 0);
    assert_int_equal(progress_put(scratch->ledger, STR("detect"), 1, 11), 0);
    assert_int_equal(progress_put(scratch->ledger, STR("lake"), 0, 12), 0);
    assert_int_equal(progress_put(scratch->ledger, STR("detect"), 0, 20), 0);
    scratch_reopen(scratch);
    assert_int_equal(progress_get(scratch->ledger, STR("detect"), 0, &offset), 0);
    assert_int_equal(offset, 20);
    assert_int_equal(progress_get(scratch->ledger, STR("detect"), 1, &offset), 0);
    assert_int_equal(offset, 11);
    assert_int_equal(progress_get(scratch->ledger, STR("lake"), 0, &offset), 0);
    assert_int_equal(offset, 12);
    assert_whole(scratch->ledger);
}

static void findings_and_progress_are_committed_together_or_not_at_all(void **state)
{
    struct scratch *scratch = *state;
    struct ledger_match match = test_match(TEST_NOW);
    uint64_t offset, change;
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    assert_int_equal(ledger_begin(scratch->ledger, STR("detect"), STR("round")), 0);
    assert_int_equal(finding_take(scratch->ledger, &match, &is_new, &taken, id), 0);
    assert_int_equal(progress_put(scratch->ledger, STR("detect"), 0, 10), 0);
    ledger_abort(scratch->ledger);
    assert_int_equal(progress_get(scratch->ledger, STR("detect"), 0, &offset), -ENOENT);
    assert_int_equal(finding_change(scratch->ledger, &change), 0);
    assert_int_equal(change, 0);
}

static void a_blob_is_replaced_whole(void **state)
{
    struct scratch *scratch = *state;
    struct buf out = {0};
    size_t size = (size_t)3 << 20;
    char *large = malloc(size);
    assert_non_null(large);
    for (size_t i = 0; i < size; i++)
        large[i] = (char)(i * 31);
    assert_int_equal(blob_get(scratch->ledger, STR("state"), &out), -ENOENT);
    assert_int_equal(blob_put(scratch->ledger, STR("state"), str_of(large, size)), 0);
    scratch_reopen(scratch);
    assert_int_equal(blob_get(scratch->ledger, STR("state"), &out), 0);
    assert_int_equal(out.len, size);
    assert_memory_equal(out.ptr, large, size);
    buf_clear(&out);
    assert_int_equal(blob_put(scratch->ledger, STR("state"), str_of("a\0b", 3)), 0);
    assert_int_equal(blob_get(scratch->ledger, STR("state"), &out), 0);
    assert_str(buf_str(&out), "a\0b");
    buf_clear(&out);
    assert_int_equal(blob_put(scratch->ledger, STR("state"), STR("")), 0);
    assert_int_equal(blob_get(scratch->ledger, STR("state"), &out), 0);
    assert_int_equal(out.len, 0);
    assert_whole(scratch->ledger);
    buf_free(&out);
    free(large);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(progress_is_kept_by_consumer_and_partition),
        TEST(findings_and_progress_are_committed_together_or_not_at_all),
        TEST(a_blob_is_replaced_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
