#include "sigma/navigator.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "base/yaml.h"

static const char table[] = "# comment\n"
                            "kind,id,name,tactics\n"
                            "version,19.2,,\n"
                            "tactic,TA0002,Execution,execution\n"
                            "tactic,TA0005,Stealth,stealth\n"
                            "technique,T1059,Command and Scripting Interpreter,execution\n"
                            "technique,T1059.001,PowerShell,\n"
                            "technique,T1127,Trusted Developer Utilities,execution stealth\r\n"
                            "technique,T1685,Disable or Modify Tools,stealth\n"
                            "renamed,T1086,T1059.001,\n"
                            "renamed,T1562.001,T1685,\n"
                            "renamed,T1562.006,T1685,\n"
                            "renamed,defense-evasion,stealth,\n";

#define RULE(title, level, tags)                                                                   \
    "title: " title "\nlogsource: {category: process_creation}\nlevel: " level "\ntags: [" tags    \
    "]\ndetection: {sel: {Image: a}, condition: sel}\n"

static void read_table(struct attack *attack)
{
    struct err err = {0};
    if (attack_read(attack, STR(table), &err) < 0)
        fail_msg("line %u: %s", err.line, err.message);
}

static void read_rules(struct sigma_set *set, const char *yaml)
{
    assert_int_equal(sigma_set_init(set), 0);
    assert_int_equal(sigma_set_add(set, str_from_c(yaml), STR("test.yml")), 0);
    assert_int_equal(sigma_set_link(set), 0);
    if (set->refusals.len)
        fail_msg("%s", set->refusals.items[0].err.message);
}

static void techniques_are_found_by_tag_also_by_older_ones(void **state)
{
    (void)state;
    struct attack attack;
    char id[ATTACK_ID_MAX];
    read_table(&attack);
    assert_str(attack.version, "19.2");
    assert_true(attack_tag_technique(STR("attack.t1059.001"), id));
    assert_string_equal(id, "T1059.001");
    assert_true(attack_tag_technique(STR("Attack.T1059"), id));
    assert_string_equal(id, "T1059");
    const char *const none[] = {"attack.t1059.01", "attack.t10599",     "attack.execution", "t1059",
                                "attack.",         "attack.t1059.0010", "attack.s0002",     ""};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        assert_false(attack_tag_technique(str_from_c(none[i]), id));
    assert_str(attack_find(&attack, STR("T1086"))->name, "PowerShell");
    assert_null(attack_find(&attack, STR("T9999")));
    assert_int_equal(attack_find(&attack, STR("T1059.001"))->tactics, 1);
    assert_int_equal(attack_find(&attack, STR("T1127"))->tactics, 3);
    attack_free(&attack);
}

static void tactics_are_found_by_tag_with_either_dash(void **state)
{
    (void)state;
    struct attack attack;
    read_table(&attack);
    assert_int_equal(attack_tag_tactic(&attack, STR("attack.execution")), 0);
    assert_int_equal(attack_tag_tactic(&attack, STR("attack.Stealth")), 1);
    assert_int_equal(attack_tag_tactic(&attack, STR("attack.defense_evasion")), 1);
    assert_int_equal(attack_tag_tactic(&attack, STR("attack.t1059")), MAP_NONE);
    assert_int_equal(attack_tag_tactic(&attack, STR("stealth")), MAP_NONE);
    attack_free(&attack);
}

static void a_bad_table_is_refused_with_its_line(void **state)
{
    (void)state;
    const char *const bad[] = {
        "version,1,,\nfish,T1059,x,\n", "version,1,,\ntechnique,T1059,x,nowhere\n",
        "\ntechnique,T1059.001,x,\n",   "#\ntechnique,S0001,x,\n",
        "#\nrenamed,T1059,T1060,\n",    "#\ntechnique,T1059\n",
        "#\ntechnique,T1059,x,,more\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct attack attack;
        struct err err = {0};
        assert_int_equal(attack_read(&attack, str_from_c(bad[i]), &err), -EINVAL);
        assert_int_equal(err.line, 2);
        assert_true(err.message[0] != '\0');
    }
}

/* ---- the layer, held against the rules of the format ---- */

static void expect_number(const struct yaml_node *node)
{
    int64_t number;
    assert_non_null(node);
    assert_true(yaml_is_int(node, &number));
}

static void expect_text(const struct yaml_node *node)
{
    assert_non_null(node);
    assert_int_equal(node->kind, YAML_SCALAR);
    assert_false(node->plain); /* quoted */
}

static void expect_pairs(const struct yaml_node *list, const char *first, const char *second)
{
    assert_non_null(list);
    assert_int_equal(list->kind, YAML_LIST);
    for (uint32_t i = 0; i < list->count; i++) {
        expect_text(yaml_get(list->items[i], first));
        expect_text(yaml_get(list->items[i], second));
    }
}

static void expect_valid_technique(const struct yaml_node *technique)
{
    static const char *const known[] = {"techniqueID", "score", "enabled", "comment", "metadata"};
    struct str id = yaml_text(yaml_get(technique, "techniqueID"));
    assert_true(id.len == 5 || id.len == 9);
    assert_int_equal(id.ptr[0], 'T');
    bool enabled;
    assert_true(yaml_is_bool(yaml_get(technique, "enabled"), &enabled) && enabled);
    expect_text(yaml_get(technique, "comment"));
    expect_pairs(yaml_get(technique, "metadata"), "name", "value");
    if (yaml_get(technique, "score"))
        expect_number(yaml_get(technique, "score"));
    for (uint32_t i = 0; i < technique->count; i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
            found |= str_eq(technique->pairs[i].key->text, str_from_c(known[k]));
        assert_true(found);
    }
}

/* JSON is YAML: the tree of the layer, in the arena, after a look at all that 4.5 demands. */
static const struct yaml_node *read_layer(struct str json, struct arena *arena)
{
    struct yaml_node **documents;
    size_t n;
    int64_t min, max;
    struct err err = {0};
    if (yaml_parse(json, arena, &documents, &n, &err) < 0)
        fail_msg("line %u: %s", err.line, err.message);
    assert_int_equal(n, 1);
    const struct yaml_node *layer = documents[0];
    expect_text(yaml_get(layer, "name"));
    expect_text(yaml_get(layer, "description"));
    assert_str(yaml_text(yaml_get(layer, "domain")), "enterprise-attack");
    const struct yaml_node *versions = yaml_get(layer, "versions");
    assert_str(yaml_text(yaml_get(versions, "layer")), "4.5");
    assert_str(yaml_text(yaml_get(versions, "attack")), "19");
    expect_text(yaml_get(versions, "navigator"));
    const struct yaml_node *gradient = yaml_get(layer, "gradient");
    assert_true(yaml_get(gradient, "colors")->count >= 2);
    assert_true(yaml_is_int(yaml_get(gradient, "minValue"), &min));
    assert_true(yaml_is_int(yaml_get(gradient, "maxValue"), &max));
    assert_true(max > min);
    expect_pairs(yaml_get(layer, "legendItems"), "label", "color");
    expect_pairs(yaml_get(layer, "metadata"), "name", "value");
    assert_str(yaml_text(yaml_get(yaml_get(layer, "layout"), "aggregateFunction")), "sum");
    const struct yaml_node *techniques = yaml_get(layer, "techniques");
    assert_int_equal(techniques->kind, YAML_LIST);
    for (uint32_t i = 0; i < techniques->count; i++)
        expect_valid_technique(techniques->items[i]);
    return layer;
}

/* "T1059.001=2 T1127=1": the scores of the layer. */
static void expect_scores(const struct yaml_node *layer, const char *expected)
{
    struct buf scores = {0};
    const struct yaml_node *techniques = yaml_get(layer, "techniques");
    for (uint32_t i = 0; i < techniques->count; i++) {
        const struct yaml_node *technique = techniques->items[i];
        buf_printf(&scores, "%s%.*s=%.*s", i ? " " : "",
                   STR_ARG(yaml_text(yaml_get(technique, "techniqueID"))),
                   STR_ARG(yaml_text(yaml_get(technique, "score"))));
    }
    buf_add_byte(&scores, '\0');
    assert_string_equal(scores.ptr, expected);
    buf_free(&scores);
}

static const char rules[] =
    RULE("Second", "high", "attack.t1059.001, attack.t1086, attack.execution") "---\n" /**/
    RULE("First \\\"quoted\\\"", "low", "attack.t1059.001, attack.t1127") "---\n"      /**/
    RULE("Tools", "critical", "attack.t1562.001, attack.t1562.006") "---\n"            /**/
    RULE("Gone", "low", "attack.t9999") "---\n"                                        /**/
    RULE("None", "low", "attack.stealth");

static void a_layer_scores_each_technique_with_its_rules(void **state)
{
    (void)state;
    struct attack attack;
    struct sigma_set set;
    struct buf out = {0};
    struct arena arena;
    struct navigator_summary summary;
    struct navigator_options options = {.name = STR("cover \"1\""), .description = STR("a\nb")};
    arena_init(&arena, 1 << 20);
    read_table(&attack);
    read_rules(&set, rules);
    assert_int_equal(navigator_write(&set, &attack, &options, &out, &summary), 0);
    const struct yaml_node *layer = read_layer(buf_str(&out), &arena);
    expect_scores(layer, "T1059.001=2 T1127=1 T1685=1 T9999=1");
    const struct yaml_node *first = yaml_get(layer, "techniques")->items[0];
    assert_str(yaml_text(yaml_get(first, "comment")), "First \\\"quoted\\\"\nSecond");
    assert_int_equal(summary.rules, 5);
    assert_int_equal(summary.untagged, 1);
    assert_int_equal(summary.techniques, 2);
    assert_int_equal(summary.subtechniques, 1);
    assert_int_equal(summary.unknown, 1);
    assert_int_equal(summary.techniques_all, 3);
    assert_int_equal(summary.subtechniques_all, 1);
    sigma_set_free(&set);
    attack_free(&attack);
    arena_free(&arena);
    buf_free(&out);
}

static void a_layer_can_weigh_by_level_or_count_findings(void **state)
{
    (void)state;
    struct attack attack;
    struct sigma_set set;
    struct arena arena;
    struct navigator_finding findings[] = {
        {STR("T1086"), 3}, {STR("T1059.001"), 4}, {STR("T1059"), 1}, {STR("nonsense and long"), 9}};
    struct navigator_options options = {.score = NAVIGATOR_BY_LEVEL};
    arena_init(&arena, 1 << 20);
    read_table(&attack);
    read_rules(&set, rules);
    struct buf out = {0};
    assert_int_equal(navigator_write(&set, &attack, &options, &out, NULL), 0);
    expect_scores(read_layer(buf_str(&out), &arena), "T1059.001=6 T1127=2 T1685=5 T9999=2");
    buf_clear(&out);
    options = (struct navigator_options){
        .score = NAVIGATOR_BY_FINDINGS, .findings = findings, .n_findings = 4};
    assert_int_equal(navigator_write(&set, &attack, &options, &out, NULL), 0);
    /* techniques with rules and no findings are there without a score */
    expect_scores(read_layer(buf_str(&out), &arena), "T1059=1 T1059.001=7 T1127= T1685= T9999=");
    sigma_set_free(&set);
    attack_free(&attack);
    arena_free(&arena);
    buf_free(&out);
}

static void no_rules_are_a_valid_layer_too(void **state)
{
    (void)state;
    struct attack attack;
    struct sigma_set set;
    struct buf out = {0};
    struct arena arena;
    struct navigator_options options = {0};
    arena_init(&arena, 1 << 20);
    read_table(&attack);
    assert_int_equal(sigma_set_init(&set), 0);
    assert_int_equal(navigator_write(&set, &attack, &options, &out, NULL), 0);
    expect_scores(read_layer(buf_str(&out), &arena), "");
    sigma_set_free(&set);
    attack_free(&attack);
    arena_free(&arena);
    buf_free(&out);
}

/* The table that jaga carries: whole, and with a place in the matrix for everything. */
static void the_table_we_ship_is_read(void **state)
{
    (void)state;
    struct attack attack;
    struct err err = {0};
    struct buf text = {0};
    FILE *file = fopen(ATTACK_TABLE, "rb");
    assert_non_null(file);
    char *room = buf_reserve(&text, ATTACK_BYTES_MAX / 2);
    text.len = fread(room, 1, ATTACK_BYTES_MAX / 2, file);
    (void)fclose(file);
    if (attack_read(&attack, buf_str(&text), &err) < 0)
        fail_msg("line %u: %s", err.line, err.message);
    assert_int_equal(attack.tactics.len, 15);
    assert_int_equal(attack.techniques.len, 222 + 475); /* ATT&CK 19.2 */
    for (size_t i = 0; i < attack.techniques.len; i++) {
        const struct attack_technique *technique = &attack.techniques.items[i];
        assert_true(technique->tactics != 0);
        assert_true(technique->name.len > 0);
        assert_ptr_equal(attack_find(&attack, technique->id), technique);
        if (i > 0)
            assert_true(str_compare(technique[-1].id, technique->id) < 0);
    }
    assert_str(attack_find(&attack, STR("T1562.001"))->id, "T1685");
    attack_free(&attack);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(techniques_are_found_by_tag_also_by_older_ones),
        cmocka_unit_test(tactics_are_found_by_tag_with_either_dash),
        cmocka_unit_test(a_bad_table_is_refused_with_its_line),
        cmocka_unit_test(a_layer_scores_each_technique_with_its_rules),
        cmocka_unit_test(a_layer_can_weigh_by_level_or_count_findings),
        cmocka_unit_test(no_rules_are_a_valid_layer_too),
        cmocka_unit_test(the_table_we_ship_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
