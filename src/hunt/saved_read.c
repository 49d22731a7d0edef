/* The file of a saved hunt: its header, then the query that the whole file is. */
#include <errno.h>

#include "base/time.h"
#include "base/yaml.h"
#include "hunt/saved.h"

#define TREE_MAX ((size_t)8 << 20) /* bytes of the header's tree */

const struct saved_about_name saved_about_names[SAVED_ABOUT_COUNT] = {
    [SAVED_HOST] = {"host", FIELD_HOST},
    [SAVED_USER] = {"user", FIELD_USER},
    [SAVED_IP] = {"ip", FIELD_IP},
    [SAVED_DOMAIN] = {"domain", FIELD_DOMAIN},
    [SAVED_URL] = {"url", FIELD_URL},
    [SAVED_EMAIL] = {"email", FIELD_EMAIL},
    [SAVED_PROCESS] = {"process", FIELD_PATH},
    [SAVED_COMMAND] = {"command", FIELD_COMMAND},
    [SAVED_FILE] = {"file", FIELD_PATH},
    [SAVED_HASH] = {"hash", FIELD_HASH},
    [SAVED_REGISTRY] = {"registry", FIELD_REGISTRY},
};

struct reader {
    struct arena *arena;
    const struct attack *attack;
    struct saved_hunt *hunt;
    struct err *err;
};

static int no_memory(struct reader *reader)
{
    return err_set(reader->err, -ENOMEM, "no memory for a saved hunt");
}

static int wrong(struct reader *reader, const struct yaml_node *node, const char *expected)
{
    return err_at(reader->err, -EINVAL, node->line, node->column, "expected %s", expected);
}

/* ---- values ---- */

static int read_word(struct reader *reader, const struct yaml_node *node,
                     struct saved_word *ret_word)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0)
        return wrong(reader, node, "a text");
    struct str copy = arena_copy(reader->arena, node->text);
    if (!copy.ptr)
        return no_memory(reader);
    *ret_word = (struct saved_word){copy, node->line, node->column};
    return 0;
}

static int read_text(struct reader *reader, const struct yaml_node *node, struct str *ret_text)
{
    struct saved_word word;
    int status = read_word(reader, node, &word);
    if (status == 0)
        *ret_text = word.text;
    return status;
}

/* A list, or its only member. */
static int read_words(struct reader *reader, const struct yaml_node *node,
                      struct saved_words *ret_words)
{
    uint32_t n = node->kind == YAML_LIST ? node->count : 1;
    if (n > SAVED_LIST_MAX)
        return err_at(reader->err, -E2BIG, node->line, node->column,
                      "a list of %u, at most %d are taken", n, SAVED_LIST_MAX);
    struct saved_word *items = arena_zero(reader->arena, n + 1u, sizeof(*items));
    int status = items ? 0 : no_memory(reader);
    for (uint32_t i = 0; status == 0 && i < n; i++)
        status = read_word(reader, node->kind == YAML_LIST ? node->items[i] : node, &items[i]);
    if (status == 0)
        *ret_words = (struct saved_words){items, n};
    return status;
}

/* What every member of the header is read by. */
typedef int read_value(struct reader *reader, const struct yaml_node *node);

static int read_title(struct reader *reader, const struct yaml_node *node)
{
    return read_text(reader, node, &reader->hunt->title);
}

static bool is_id(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && (i == 0 || !strchr("._-", c)))
            return false;
    }
    return id.len > 0 && id.len <= SAVED_ID_MAX;
}

static int read_id(struct reader *reader, const struct yaml_node *node)
{
    if (!is_id(yaml_text(node)))
        return wrong(reader, node, "a UUID, or another word of at most 64 letters, digits, . _ -");
    return read_text(reader, node, &reader->hunt->id);
}

static int read_description(struct reader *reader, const struct yaml_node *node)
{
    return read_text(reader, node, &reader->hunt->description);
}

static int read_author(struct reader *reader, const struct yaml_node *node)
{
    return read_text(reader, node, &reader->hunt->author);
}

static int read_date(struct reader *reader, const struct yaml_node *node)
{
    int64_t time;
    if (yaml_text(node).len != 10 || time_parse(yaml_text(node), &time) < 0)
        return wrong(reader, node, "a date, such as 2026-11-22");
    return read_text(reader, node, &reader->hunt->date);
}

static bool is_attack(const struct attack *attack, struct str id)
{
    for (size_t i = 0; i < attack->tactics.len; i++)
        if (str_eq(attack->tactics.items[i].id, id))
            return true;
    const struct attack_technique *technique = attack_find(attack, id);
    return technique && str_eq(technique->id, id);
}

static int read_attack(struct reader *reader, const struct yaml_node *node)
{
    struct saved_words *words = &reader->hunt->attack;
    int status = read_words(reader, node, words);
    for (uint32_t i = 0; status == 0 && reader->attack && i < words->len; i++)
        if (!is_attack(reader->attack, words->items[i].text))
            return err_at(reader->err, -EINVAL, words->items[i].line, words->items[i].column,
                          "ATT&CK %.*s has no technique or tactic '%.*s'",
                          STR_ARG(reader->attack->version), STR_ARG(words->items[i].text));
    return status;
}

static int read_level(struct reader *reader, const struct yaml_node *node)
{
    if (!sigma_level_parse(yaml_text(node), &reader->hunt->level))
        return wrong(reader, node, "a level: informational, low, medium, high, critical");
    return 0;
}

static int read_tables(struct reader *reader, const struct yaml_node *node)
{
    return read_words(reader, node, &reader->hunt->tables);
}

static int read_every(struct reader *reader, const struct yaml_node *node)
{
    int64_t every;
    if (time_parse_duration(yaml_text(node), &every) < 0 || every < SAVED_EVERY_MIN_US ||
        every > SAVED_EVERY_MAX_US)
        return wrong(reader, node, "how often it runs, from 1m to 400d: 15m, 6h, 1d");
    reader->hunt->every_us = every;
    return 0;
}

static int read_scope(struct reader *reader, const struct yaml_node *node)
{
    reader->hunt->central = str_eq(yaml_text(node), STR("centre"));
    if (!reader->hunt->central && !str_eq(yaml_text(node), STR("agency")))
        return wrong(reader, node, "agency or centre");
    return 0;
}

static int read_falsepositives(struct reader *reader, const struct yaml_node *node)
{
    return read_words(reader, node, &reader->hunt->falsepositives);
}

static int read_references(struct reader *reader, const struct yaml_node *node)
{
    return read_words(reader, node, &reader->hunt->references);
}

/* ---- the mapping ---- */

/* Members of `finding` that are one column each, beside those of saved_about_names. */
static const struct {
    const char *key;
    size_t offset;
} finding_words[] = {
    {"title", offsetof(struct saved_finding, title)},
    {"time", offsetof(struct saved_finding, time)},
    {"level", offsetof(struct saved_finding, level)},
    {"source", offsetof(struct saved_finding, source)},
    {"events", offsetof(struct saved_finding, events)},
};

#define N_FINDING_WORDS (sizeof(finding_words) / sizeof(finding_words[0]))
#define ENTITY "entity"

static struct saved_word *finding_word(struct saved_finding *finding, struct str key)
{
    for (size_t i = 0; i < N_FINDING_WORDS; i++)
        if (str_eq(str_from_c(finding_words[i].key), key))
            return (struct saved_word *)((char *)finding + finding_words[i].offset);
    size_t about = 0;
    while (!str_eq(str_from_c(saved_about_names[about].key), key))
        about++;
    return &finding->about[about];
}

static int check_finding_keys(struct reader *reader, const struct yaml_node *node)
{
    const char *keys[N_FINDING_WORDS + SAVED_ABOUT_COUNT + 2] = {ENTITY};
    size_t n = 1;
    for (size_t i = 0; i < N_FINDING_WORDS; i++)
        keys[n++] = finding_words[i].key;
    for (size_t i = 0; i < SAVED_ABOUT_COUNT; i++)
        keys[n++] = saved_about_names[i].key;
    return yaml_only_keys(node, keys, reader->err);
}

static int read_finding(struct reader *reader, const struct yaml_node *node)
{
    struct saved_finding *finding = &reader->hunt->finding;
    int status = check_finding_keys(reader, node);
    for (uint32_t i = 0; status == 0 && i < node->count; i++) {
        struct str key = node->pairs[i].key->text;
        const struct yaml_node *value = node->pairs[i].value;
        status = str_eq(key, STR(ENTITY)) ? read_words(reader, value, &finding->entity)
                                          : read_word(reader, value, finding_word(finding, key));
    }
    if (status == 0 && finding->entity.len == 0)
        status = err_at(reader->err, -EINVAL, node->line, node->column,
                        "'entity' is missing: the columns that make a row the same finding as an "
                        "earlier one");
    reader->hunt->finds = true;
    return status;
}

/* ---- the header ---- */

static const struct member {
    const char *key;
    read_value *read;
    bool required;
} members[] = {
    {"title", read_title, true},
    {"id", read_id, true},
    {"description", read_description, true},
    {"level", read_level, true},
    {"author", read_author, false},
    {"date", read_date, false},
    {"attack", read_attack, false},
    {"tables", read_tables, false},
    {"every", read_every, false},
    {"scope", read_scope, false},
    {"finding", read_finding, false},
    {"falsepositives", read_falsepositives, false},
    {"references", read_references, false},
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static int read_members(struct reader *reader, const struct yaml_node *root)
{
    const char *keys[N_MEMBERS + 1] = {NULL};
    for (size_t i = 0; i < N_MEMBERS; i++)
        keys[i] = members[i].key;
    int status = yaml_only_keys(root, keys, reader->err);
    for (size_t i = 0; status == 0 && i < N_MEMBERS; i++) {
        const struct yaml_node *value = yaml_get(root, members[i].key);
        if (value)
            status = members[i].read(reader, value);
        else if (members[i].required)
            status = err_at(reader->err, -EINVAL, root->line, root->column, "'%s' is missing",
                            members[i].key);
    }
    return status;
}

/*
 * The leading comment as YAML, with blanks in the place of the slashes: an indented map, whose lines and columns are
 * those of the file.
 */
static int take_header(struct str text, struct buf *yaml, struct err *err)
{
    struct str line;
    while (str_starts(text, STR("//")) && str_cut_line(&text, &line)) {
        buf_add_c(yaml, "  ");
        buf_add_str(yaml, str_skip(line, 2));
        buf_add_byte(yaml, '\n');
        if (yaml->len > SAVED_HEADER_MAX)
            return err_set(err, -E2BIG, "the header has more than %u bytes", SAVED_HEADER_MAX);
    }
    if (yaml->failed)
        return err_set(err, -ENOMEM, "no memory for a saved hunt");
    return yaml->len ? 0
                     : err_at(err, -EINVAL, 1, 1,
                              "the file begins with its header: lines of '// key: value'");
}

static int read_header(struct reader *reader)
{
    struct arena tree;
    struct buf yaml = {0};
    struct yaml_node **documents;
    size_t n = 0;
    arena_init(&tree, TREE_MAX);
    int status = take_header(reader->hunt->text, &yaml, reader->err);
    if (status == 0)
        status = yaml_parse(buf_str(&yaml), &tree, &documents, &n, reader->err);
    if (status == 0 && (n != 1 || !documents[0]))
        status =
            err_at(reader->err, -EINVAL, 1, 1, "the header is one map: lines of '// key: value'");
    if (status == 0)
        status = read_members(reader, documents[0]);
    arena_free(&tree);
    buf_free(&yaml);
    return status;
}

/* ---- the query ---- */

static int wrong_place(struct reader *reader, struct kql_place place, const char *what)
{
    return err_at(reader->err, -EINVAL, place.line, place.column, "%s", what);
}

static int take_parameters(struct reader *reader, const struct kql_parameter_list *list)
{
    if (reader->hunt->parameters)
        return wrong_place(reader, list->items[0].name.place, "query_parameters are declared once");
    for (uint32_t i = 0; i < list->len; i++) {
        const struct kql_parameter *parameter = &list->items[i];
        if (parameter->tabular)
            return wrong_place(reader, parameter->name.place, "a parameter is a scalar");
        if (!parameter->value)
            return wrong_place(reader, parameter->name.place,
                               "a parameter of a saved hunt has a default: name:type = value");
    }
    reader->hunt->parameters = list->items;
    reader->hunt->n_parameters = list->len;
    return 0;
}

static int read_query(struct reader *reader)
{
    struct kql_query_list queries;
    uint32_t results = 0;
    int status = kql_parse_all(reader->arena, reader->hunt->text, &queries, reader->err);
    if (status < 0)
        return status;
    if (queries.len != 1)
        return wrong_place(reader, queries.items[1]->place,
                           "a saved hunt is one query: this is another one");
    reader->hunt->query = queries.items[0];
    for (uint32_t i = 0; status == 0 && i < queries.items[0]->statements.len; i++) {
        const struct kql_statement *statement = queries.items[0]->statements.items[i];
        if (statement->kind == KQL_PARAMETERS)
            status = take_parameters(reader, &statement->parameters);
        if (statement->kind == KQL_EXPRESSION && ++results > 1)
            status = wrong_place(reader, statement->place, "a saved hunt has one result");
    }
    if (status == 0 && results == 0)
        status = wrong_place(reader, queries.items[0]->place, "the query has no result");
    return status;
}

int saved_read(struct arena *arena, struct str text, const struct attack *attack,
               const struct saved_hunt **ret_hunt, struct err *err)
{
    struct saved_hunt *hunt = arena_zero(arena, 1, sizeof(*hunt));
    struct reader reader = {arena, attack, hunt, err};
    if (!hunt)
        return no_memory(&reader);
    if (text.len > KQL_TEXT_MAX)
        return err_set(err, -E2BIG, "a hunt has at most %u bytes", KQL_TEXT_MAX);
    hunt->text = arena_copy(arena, text);
    if (!hunt->text.ptr)
        return no_memory(&reader);
    int status = read_header(&reader);
    if (status == 0)
        status = read_query(&reader);
    if (status == 0)
        *ret_hunt = hunt;
    return status;
}
