/* Sets of rules as bytes and back; images that are old, cut or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#include <errno.h>

#include "sigma/eval.h"
#include "sigma/image.h"

#define KEY 42

static const char RULES[] = "title: Shell\n"
                            "id: 11111111-1111-1111-1111-111111111111\n"
                            "name: shell\n"
                            "description: a rule with a bit of everything\n"
                            "tags: [attack.execution, attack.t1059]\n"
                            "references: ['https://example.org']\n"
                            "level: high\n"
                            "logsource: {product: windows, category: process_creation}\n"
                            "detection:\n"
                            "  selection:\n"
                            "    Image|endswith: ['\\cmd.exe', '\\p*wershell.exe']\n"
                            "    CommandLine|re|i: 'a+b'\n"
                            "    Port|cidr: 10.0.0.0/8\n"
                            "    Size|gte: 7\n"
                            "    Time|hour: 3\n"
                            "  filter: {User: null}\n"
                            "  words: [one, 'tw?']\n"
                            "  condition: (selection or words) and not filter\n"
                            "---\n"
                            "title: Many\n"
                            "id: 22222222-2222-2222-2222-222222222222\n"
                            "correlation:\n"
                            "  type: value_count\n"
                            "  rules: [shell]\n"
                            "  group-by: [User]\n"
                            "  timespan: 5m\n"
                            "  condition: {field: Image, gte: 3}\n"
                            "level: medium\n"
                            "---\n"
                            "title: Broken\n"
                            "logsource: {product: windows}\n"
                            "detection: {selection: {A|nonsense: 1}, condition: selection}\n"
                            "---\n"
                            "title: Not from the laboratory\n"
                            "logsource: {product: windows, category: process_creation}\n"
                            "filter:\n"
                            "  rules: [shell]\n"
                            "  selection: {Host: lab}\n"
                            "  condition: not selection\n";

static void read_rules(struct sigma_set *set)
{
    assert_int_equal(sigma_set_init(set), 0);
    assert_int_equal(sigma_set_add(set, str_from_c(RULES), STR("rules.yml")), 0);
    assert_int_equal(sigma_set_link(set), 0);
    assert_int_equal(set->rules.len, 1);
    assert_int_equal(set->correlations.len, 1);
    assert_int_equal(set->filters.len, 1);
    assert_int_equal(set->refusals.len, 1);
}

static void save(const struct sigma_set *set, struct buf *image)
{
    assert_int_equal(sigma_set_save(set, KEY, image), 0);
}

static void a_set_comes_back_whole(void **state)
{
    (void)state;
    struct sigma_set set, loaded;
    struct buf image = {0}, again = {0};
    read_rules(&set);
    save(&set, &image);
    assert_int_equal(sigma_set_init(&loaded), 0);
    assert_int_equal(sigma_set_load(&loaded, buf_str(&image), KEY), 0);
    save(&loaded, &again);
    assert_int_equal(image.len, again.len);
    assert_memory_equal(image.ptr, again.ptr, image.len);

    const struct sigma_rule *rule = loaded.rules.items[0];
    assert_true(str_eq(rule->meta.title, STR("Shell")));
    assert_true(str_eq(rule->meta.tags[1], STR("attack.t1059")));
    assert_int_equal(rule->meta.level, SIGMA_HIGH);
    assert_true(loaded.correlations.items[0]->sources[0].index == 0);
    assert_int_equal(loaded.correlations.items[0]->timespan_us, 5 * 60 * TIME_SECOND_US);
    assert_string_equal(loaded.refusals.items[0].err.message, set.refusals.items[0].err.message);
    assert_int_equal(loaded.n_documents, set.n_documents);
    sigma_set_free(&set);
    sigma_set_free(&loaded);
    buf_free(&image);
    buf_free(&again);
}

static void an_image_of_other_rules_is_stale(void **state)
{
    (void)state;
    struct sigma_set set, loaded;
    struct buf image = {0};
    read_rules(&set);
    save(&set, &image);
    assert_int_equal(sigma_set_init(&loaded), 0);
    assert_int_equal(sigma_set_load(&loaded, buf_str(&image), KEY + 1), -ESTALE);
    image.ptr[8] ^= 1; /* the version */
    assert_int_equal(sigma_set_load(&loaded, buf_str(&image), KEY), -ESTALE);
    sigma_set_free(&set);
    sigma_set_free(&loaded);
    buf_free(&image);
}

static void a_damaged_image_is_refused_and_the_set_stays_usable(void **state)
{
    (void)state;
    struct sigma_set set, loaded;
    struct buf image = {0};
    read_rules(&set);
    save(&set, &image);
    assert_int_equal(sigma_set_init(&loaded), 0);
    for (size_t i = 0; i < image.len; i++) {
        assert_int_equal(sigma_set_load(&loaded, str_of(image.ptr, i), KEY), -EBADMSG);
        image.ptr[i] ^= 0x20;
        assert_true(sigma_set_load(&loaded, buf_str(&image), KEY) < 0);
        image.ptr[i] ^= 0x20;
    }
    assert_int_equal(sigma_set_add(&loaded, str_from_c(RULES), STR("rules.yml")), 0);
    assert_int_equal(sigma_set_link(&loaded), 0);
    assert_int_equal(loaded.rules.len, 1);
    sigma_set_free(&set);
    sigma_set_free(&loaded);
    buf_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_comes_back_whole),
        cmocka_unit_test(an_image_of_other_rules_is_stale),
        cmocka_unit_test(a_damaged_image_is_refused_and_the_set_stays_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
