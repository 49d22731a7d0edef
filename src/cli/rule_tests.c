#include "cli/rule_tests.h"

#include <errno.h>
#include <unistd.h>

#include "base/yaml.h"
#include "io/file.h"

#define INFO_MAX (1u << 20) /* bytes of an info.yml */

static const char *const twin_endings[] = {".evtx", ".json", ".ndjson", ".jsonl", ".xml"};

void rule_tests_init(struct rule_tests *tests)
{
    *tests = (struct rule_tests){0};
    arena_init(&tests->arena, RULE_TESTS_MEMORY_MAX);
}

void rule_tests_free(struct rule_tests *tests)
{
    vec_free(&tests->tests);
    arena_free(&tests->arena);
}

/* Everything before the last slash: "" for a bare name, "/" for a name in the root. */
static struct str folder_of(struct str path)
{
    size_t len = path.len;
    while (len > 0 && path.ptr[len - 1] != '/')
        len--;
    return str_first(path, len > 1 ? len - 1 : len);
}

static struct str base_of(struct str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return str_skip(path, at);
}

static bool exists(const struct rule_tests *tests, const char *path)
{
    return tests->content ? content_find(tests->content, str_from_c(path)) != NULL
                          : access(path, F_OK) == 0;
}

/* folder/name when there is such a file, or NULL. */
static const char *existing(struct rule_tests *tests, struct str folder, struct str name)
{
    struct arena *arena = &tests->arena;
    struct str path = folder.len ? arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name))
                                 : arena_copy(arena, name);
    return path.ptr && exists(tests, path.ptr) ? path.ptr : NULL;
}

/* A test names its file as seen from its repository's root: beside the info.yml, else upwards. */
static const char *find_file(struct rule_tests *tests, struct str info, struct str path)
{
    struct str folder = folder_of(info);
    const char *found = existing(tests, folder, base_of(path));
    for (;;) {
        if (!found)
            found = existing(tests, folder, path);
        if (found || folder.len == 0 || str_eq(folder, STR("/")))
            return found;
        folder = folder_of(folder);
    }
}

static int push_test(struct rule_tests *tests, struct rule_test test)
{
    if (tests->content && test.file)
        test.bytes = content_find(tests->content, str_from_c(test.file))->bytes;
    return vec_push(&tests->tests, test);
}

/* The same events in other formats, beside the file. */
static int add_twins(struct rule_tests *tests, struct rule_test test)
{
    struct str file = str_from_c(test.file);
    size_t dot = file.len;
    while (dot > 0 && file.ptr[dot - 1] != '.' && file.ptr[dot - 1] != '/')
        dot--;
    if (dot == 0 || file.ptr[dot - 1] != '.')
        return 0;
    struct str stem = str_first(file, dot - 1), own = str_skip(file, dot - 1);
    for (size_t i = 0; i < sizeof(twin_endings) / sizeof(twin_endings[0]); i++) {
        struct str path = arena_printf(&tests->arena, "%.*s%s", STR_ARG(stem), twin_endings[i]);
        if (!path.ptr)
            return -ENOMEM;
        if (str_eq(own, str_from_c(twin_endings[i])) || !exists(tests, path.ptr))
            continue;
        test.file = path.ptr;
        test.twin = true;
        if (push_test(tests, test) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_test(struct rule_tests *tests, const struct yaml_node *node,
                    const struct yaml_node *rules, struct str info, struct err *err)
{
    const struct yaml_node *count = yaml_get(node, "match_count");
    struct rule_test test = {
        .info = info,
        .name = yaml_text(yaml_get(node, "name")),
        .wanted = yaml_text(yaml_get(node, "path")),
        .count = RULE_TEST_AT_LEAST_ONCE,
    };
    if (count && !yaml_is_int(count, &test.count))
        return err_at(err, -EINVAL, count->line, count->column, "match_count is no number");
    if (test.wanted.len == 0)
        return err_at(err, -EINVAL, node->line, node->column, "a test without a path");
    test.file = find_file(tests, info, test.wanted);
    for (uint32_t i = 0; i < rules->count; i++) {
        test.rule = yaml_text(yaml_get(rules->items[i], "id"));
        test.title = yaml_text(yaml_get(rules->items[i], "title"));
        if (test.rule.len == 0)
            return err_at(err, -EINVAL, rules->items[i]->line, rules->items[i]->column,
                          "a rule without an id");
        if (push_test(tests, test) < 0 || (test.file && add_twins(tests, test) < 0))
            return err_set(err, -ENOMEM, "no memory");
    }
    return 0;
}

static int add_info(struct rule_tests *tests, struct str yaml, struct str info, struct err *err)
{
    struct yaml_node **documents;
    size_t n;
    int status = info.ptr ? yaml_parse(yaml, &tests->arena, &documents, &n, err)
                          : err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; status == 0 && i < n; i++) {
        const struct yaml_node *rules = yaml_get(documents[i], "rule_metadata");
        const struct yaml_node *list = yaml_get(documents[i], "regression_tests_info");
        if (!rules || rules->kind != YAML_LIST || !list || list->kind != YAML_LIST)
            return err_set(err, -EINVAL, "no lists rule_metadata and regression_tests_info");
        for (uint32_t j = 0; status == 0 && j < list->count; j++)
            status = add_test(tests, list->items[j], rules, info, err);
    }
    return status;
}

int rule_tests_add(struct rule_tests *tests, const char *info_path, struct err *err)
{
    struct buf bytes = {0};
    int status = file_read(info_path, INFO_MAX, &bytes);
    if (status < 0)
        err_set(err, status, "%s", strerror(-status));
    else
        status =
            add_info(tests, buf_str(&bytes), arena_copy(&tests->arena, str_from_c(info_path)), err);
    buf_free(&bytes);
    return status;
}

int rule_tests_add_content(struct rule_tests *tests, const struct content *content,
                           const struct content_file *info, struct err *err)
{
    tests->content = content;
    int status = add_info(tests, info->bytes, info->name, err);
    tests->content = NULL;
    return status;
}
