#include "base/test.h"

#include "scan/evidence.h"

static struct finding_event event_with(char *json, size_t len)
{
    return (struct finding_event){.path = STR("a.json"), .record = len, .json = {json, len}};
}

static void an_event_comes_back_as_it_was(void **state)
{
    struct evidence evidence;
    struct finding_field field = {.name = STR("Image"), .text = STR("C:\\x.exe")};
    struct finding_event event = {.path = STR("p"),
                                  .host = STR("h"),
                                  .user = STR("u"),
                                  .json = STR("{}"),
                                  .fields = &field,
                                  .n_fields = 1};
    (void)state;
    evidence_init(&evidence, 1u << 20);
    uint64_t mark = evidence_add(&evidence, &event);
    field.text = STR("gone");
    const struct finding_event *kept = evidence_get(&evidence, mark);
    assert_str(kept->host, "h");
    assert_str(kept->json, "{}");
    assert_int_equal(kept->n_fields, 1);
    assert_str(kept->fields[0].text, "C:\\x.exe");
    assert_null(evidence_get(&evidence, mark + 1));
    evidence_free(&evidence);
}

static void the_oldest_go_when_memory_is_spent(void **state)
{
    struct evidence evidence;
    static char json[1000];
    uint64_t mark = 0;
    (void)state;
    evidence_init(&evidence, 100000);
    for (size_t i = 0; i < 5000; i++) {
        struct finding_event event = event_with(json, 1 + i % sizeof(json));
        mark = evidence_add(&evidence, &event);
        assert_true(evidence.size <= 100000);
    }
    assert_null(evidence_get(&evidence, 0));
    assert_int_equal(evidence_get(&evidence, mark)->json.len, 1 + 4999 % sizeof(json));
    assert_int_equal(evidence_get(&evidence, mark - 20)->json.len, 1 + 4979 % sizeof(json));
    evidence_free(&evidence);
}

static void one_event_larger_than_the_memory_is_still_kept(void **state)
{
    struct evidence evidence;
    static char json[1000];
    (void)state;
    evidence_init(&evidence, 10);
    struct finding_event event = event_with(json, sizeof(json));
    uint64_t first = evidence_add(&evidence, &event), second = evidence_add(&evidence, &event);
    assert_null(evidence_get(&evidence, first));
    assert_non_null(evidence_get(&evidence, second));
    evidence_free(&evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_as_it_was),
        cmocka_unit_test(the_oldest_go_when_memory_is_spent),
        cmocka_unit_test(one_event_larger_than_the_memory_is_still_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
