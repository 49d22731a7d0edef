#include "base/test.h"
#include "base/yaml.h"

#include <errno.h>

struct parsed {
    struct arena arena;
    struct yaml_node **documents;
    size_t count;
    struct err err;
    int status;
};

static struct parsed parse(const char *text)
{
    struct parsed p = {0};
    arena_init(&p.arena, 64 << 20);
    p.status = yaml_parse(str_from_c(text), &p.arena, &p.documents, &p.count, &p.err);
    return p;
}

static void builds_a_tree_that_knows_its_lines(void **state)
{
    (void)state;
    struct parsed p = parse("title: A\ndetection:\n  selection:\n    - x\n    - 'y'\n");
    assert_int_equal(p.status, 0);
    assert_int_equal(p.count, 1);
    struct yaml_node *selection = yaml_get(yaml_get(p.documents[0], "detection"), "selection");
    assert_int_equal(selection->kind, YAML_LIST);
    assert_int_equal(selection->count, 2);
    assert_int_equal(selection->items[1]->line, 5);
    assert_int_equal(selection->items[1]->column, 7);
    assert_true(selection->items[0]->plain);
    assert_false(selection->items[1]->plain);
    assert_str(yaml_text(yaml_get(p.documents[0], "title")), "A");
    assert_null(yaml_get(p.documents[0], "absent"));
    arena_free(&p.arena);
}

static void says_where_a_key_is_unknown(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "level", NULL};
    struct parsed p = parse("a: 1\nlevle: 2\n");
    assert_int_equal(yaml_only_keys(p.documents[0], keys, &p.err), -EINVAL);
    assert_int_equal(p.err.line, 2);
    assert_string_equal(p.err.message, "unknown key 'levle'; did you mean 'level'?");
    assert_int_equal(yaml_only_keys(yaml_get(p.documents[0], "a"), keys, &p.err), -EINVAL);
    arena_free(&p.arena);
    p = parse("level: 1\n");
    assert_int_equal(yaml_only_keys(p.documents[0], keys, &p.err), 0);
    arena_free(&p.arena);
}

static void reads_several_documents_and_empty_ones(void **state)
{
    (void)state;
    struct parsed p = parse("a: 1\n---\n---\nb: 2\n");
    assert_int_equal(p.status, 0);
    assert_int_equal(p.count, 3);
    assert_null(p.documents[1]);
    assert_str(yaml_text(yaml_get(p.documents[2], "b")), "2");
    arena_free(&p.arena);
}

static void quoted_scalars_are_only_text(void **state)
{
    (void)state;
    struct parsed p = parse("[null, 'null', 42, '42', 0x10, yes, \"yes\", 1.5, -7, 1e3]");
    struct yaml_node **items = p.documents[0]->items;
    int64_t i;
    bool b;
    double d;
    assert_true(yaml_is_null(items[0]));
    assert_false(yaml_is_null(items[1]));
    assert_true(yaml_is_int(items[2], &i) && i == 42);
    assert_false(yaml_is_int(items[3], &i));
    assert_true(yaml_is_int(items[4], &i) && i == 16);
    assert_true(yaml_is_bool(items[5], &b) && b);
    assert_false(yaml_is_bool(items[6], &b));
    assert_true(yaml_is_float(items[7], &d) && d > 1.4 && d < 1.6);
    assert_true(yaml_is_int(items[8], &i) && i == -7);
    assert_false(yaml_is_int(items[9], &i));
    arena_free(&p.arena);
}

static void says_where_a_file_is_broken(void **state)
{
    (void)state;
    struct parsed p = parse("title: A\nb: [1, 2\nc: 3\n");
    assert_int_equal(p.status, -EINVAL);
    assert_int_equal(p.err.line, 3);
    assert_true(p.err.message[0]);
    arena_free(&p.arena);
    p = parse("a: 1\nb: 2\na: 3\n");
    assert_int_equal(p.status, -EINVAL);
    assert_int_equal(p.err.line, 3);
    arena_free(&p.arena);
}

static void aliases_work_but_cannot_explode(void **state)
{
    (void)state;
    struct parsed p = parse("a: &x [1, 2]\nb: *x\n");
    assert_int_equal(p.status, 0);
    assert_int_equal(yaml_get(p.documents[0], "b")->count, 2);
    arena_free(&p.arena);
    p = parse("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
              "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
              "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
              "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n");
    assert_int_equal(p.status, -E2BIG);
    arena_free(&p.arena);
    p = parse("a: *nowhere\n");
    assert_int_equal(p.status, -EINVAL);
    arena_free(&p.arena);
    p = parse("&x [ *x ]\n");
    assert_int_equal(p.status, -EINVAL);
    arena_free(&p.arena);
}

static void merge_keys_give_what_the_map_has_not_itself(void **state)
{
    (void)state;
    struct parsed p = parse("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\n"
                            "c: {y: 5, <<: *a}\nd:\n  <<: [*b, *a]\n  w: 6\ne: {'<<': *a}\n");
    assert_int_equal(p.status, 0);
    struct yaml_node *c = yaml_get(p.documents[0], "c"), *d = yaml_get(p.documents[0], "d");
    assert_int_equal(c->count, 2);
    assert_str(yaml_text(yaml_get(c, "y")), "5");
    assert_str(yaml_text(yaml_get(c, "x")), "1");
    assert_int_equal(d->count, 4);
    assert_str(yaml_text(yaml_get(d, "y")), "3");
    assert_str(yaml_text(yaml_get(d, "x")), "1");
    assert_str(yaml_text(yaml_get(d, "w")), "6");
    assert_non_null(yaml_get(yaml_get(p.documents[0], "e"), "<<"));
    arena_free(&p.arena);
    p = parse("a: {<<: text}\n");
    assert_int_equal(p.status, -EINVAL);
    arena_free(&p.arena);
    p = parse("a: {<<: [{b: 1}, c]}\n");
    assert_int_equal(p.status, -EINVAL);
    arena_free(&p.arena);
}

static void byte_order_marks_tell_the_encoding(void **state)
{
    (void)state;
    struct parsed p = parse("\xEF\xBB\xBF"
                            "title: A\nb: 1\n");
    assert_int_equal(p.status, 0);
    assert_str(yaml_text(yaml_get(p.documents[0], "title")), "A");
    arena_free(&p.arena);
    static const char utf16[] = "\xFF\xFE"
                                "a\0:\0 \0"
                                "b\0\n";
    p = (struct parsed){0};
    arena_init(&p.arena, 1 << 20);
    p.status = yaml_parse(str_of(utf16, sizeof(utf16)), &p.arena, &p.documents, &p.count, &p.err);
    assert_int_equal(p.status, 0);
    assert_str(yaml_text(yaml_get(p.documents[0], "a")), "b");
    arena_free(&p.arena);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[201] = {0};
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    struct parsed p = parse(text);
    assert_int_equal(p.status, -E2BIG);
    arena_free(&p.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_a_tree_that_knows_its_lines),
        cmocka_unit_test(says_where_a_key_is_unknown),
        cmocka_unit_test(reads_several_documents_and_empty_ones),
        cmocka_unit_test(quoted_scalars_are_only_text),
        cmocka_unit_test(says_where_a_file_is_broken),
        cmocka_unit_test(aliases_work_but_cannot_explode),
        cmocka_unit_test(merge_keys_give_what_the_map_has_not_itself),
        cmocka_unit_test(byte_order_marks_tell_the_encoding),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
