/*
 * Datasets from YAML (docs/datasets.md describes every key). A document is read into a
 * draft, checked whole, and only then added to the set.
 */
#include "event/dataset_set.h"

#include <stdlib.h>

#include "base/yaml.h"

#define PRIORITY_DEFAULT 50
#define READ_ARENA_MAX ((size_t)64 << 20) /* the tree of one file */

/* What a condition adds to the specificity of an alternative. */
#define SPECIFICITY_VALUE 10
#define SPECIFICITY_PREFIX 6
#define SPECIFICITY_FORMAT 2
#define SPECIFICITY_PRESENT 1

struct reader {
    struct datasets *datasets;
    struct err *err;
    struct str origin; /* in the set's arena */
    struct arena scratch;
};

struct field_vec {
    uint32_t *items;
    size_t len;
    size_t cap;
};

struct draft {
    struct dataset_entry *entry;
    struct field_vec time, host, user;
    VEC(struct dataset_alias) aliases;
    VEC(struct dataset_field) fields;
    VEC(struct provision) provisions;
    VEC(struct derive) derives;
    VEC(struct alternative) alternatives;
    const struct dataset_entry *base;
    bool fallback;
};

static const char *const FIELD_TYPES[] = {
    [FIELD_TEXT] = "text",       [FIELD_INTEGER] = "integer",   [FIELD_NUMBER] = "number",
    [FIELD_BOOLEAN] = "boolean", [FIELD_TIME] = "time",         [FIELD_IP] = "ip",
    [FIELD_PORT] = "port",       [FIELD_DOMAIN] = "domain",     [FIELD_URL] = "url",
    [FIELD_EMAIL] = "email",     [FIELD_HASH] = "hash",         [FIELD_HASHES] = "hashes",
    [FIELD_PATH] = "path",       [FIELD_COMMAND] = "command",   [FIELD_USER] = "user",
    [FIELD_HOST] = "host",       [FIELD_PROCESS_ID] = "pid",    [FIELD_GUID] = "guid",
    [FIELD_SID] = "sid",         [FIELD_REGISTRY] = "registry", [FIELD_AGENT] = "agent",
    [FIELD_JA3] = "ja3",         [FIELD_JA4] = "ja4",           [FIELD_ANSWERS] = "answers",
};

static int no_memory(struct reader *reader)
{
    return err_set(reader->err, -ENOMEM, "out of memory");
}

static int wrong(struct reader *reader, const struct yaml_node *node, const char *expected)
{
    return err_at(reader->err, -EINVAL, node->line, node->column, "expected %s", expected);
}

/* A scalar's text, kept by the set. */
static int read_text(struct reader *reader, const struct yaml_node *node, struct str *ret_text)
{
    if (!node || node->kind != YAML_SCALAR)
        return node ? wrong(reader, node, "a text") : no_memory(reader);
    struct str copy = arena_copy(&reader->datasets->arena, node->text);
    if (!copy.ptr)
        return no_memory(reader);
    *ret_text = copy;
    return 0;
}

/* A text, or a list of texts. */
static int read_texts(struct reader *reader, const struct yaml_node *node, struct str **ret_texts,
                      uint32_t *ret_count)
{
    uint32_t count = node->kind == YAML_LIST ? node->count : 1;
    struct str *texts = arena_zero(&reader->datasets->arena, count ? count : 1, sizeof(*texts));
    if (!texts)
        return no_memory(reader);
    for (uint32_t i = 0; i < count; i++) {
        int status = read_text(reader, node->kind == YAML_LIST ? node->items[i] : node, &texts[i]);
        if (status < 0)
            return status;
    }
    *ret_texts = texts;
    *ret_count = count;
    return 0;
}

static int read_field(struct reader *reader, const struct yaml_node *node, uint32_t *ret_field)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0)
        return wrong(reader, node, "the name of a field");
    *ret_field = fields_add(reader->datasets->fields, node->text);
    return *ret_field == FIELD_NONE ? no_memory(reader) : 0;
}

/* The value of `key` in a map that must have it. */
static int require(struct reader *reader, const struct yaml_node *map, const char *key,
                   struct yaml_node **ret_value)
{
    if (map->kind != YAML_MAP)
        return wrong(reader, map, "a map");
    *ret_value = yaml_get(map, key);
    if (!*ret_value)
        return err_at(reader->err, -EINVAL, map->line, map->column, "'%s' is missing", key);
    return 0;
}

static int add_condition(struct reader *reader, struct id_list *list, uint32_t condition)
{
    if (condition == CONDITION_NONE)
        return err_set(reader->err, -ENOMEM, "out of memory, or more than %d conditions",
                       CONDITIONS_MAX);
    return id_list_add(&reader->datasets->arena, list, condition) < 0 ? no_memory(reader) : 0;
}

/* {present: true}, {present: false}, {prefix: text or list}. */
static int read_test(struct reader *reader, uint32_t field, const struct yaml_node *test,
                     struct requirement *need, uint32_t *specificity)
{
    static const char *const KEYS[] = {"present", "prefix", NULL};
    int status = yaml_only_keys(test, KEYS, reader->err);
    if (status < 0)
        return status;
    const struct yaml_node *present = yaml_get(test, "present");
    const struct yaml_node *prefix = yaml_get(test, "prefix");
    if (!present == !prefix)
        return wrong(reader, test, "one of 'present' and 'prefix'");
    if (prefix) {
        struct str *texts;
        uint32_t n;
        status = read_texts(reader, prefix, &texts, &n);
        if (status < 0)
            return status;
        *specificity += SPECIFICITY_PREFIX;
        return add_condition(
            reader, &need->all,
            datasets_condition(reader->datasets, CONDITION_PREFIX, field, texts, n));
    }
    bool wanted;
    if (!yaml_is_bool(present, &wanted))
        return wrong(reader, present, "true or false");
    *specificity += SPECIFICITY_PRESENT;
    return add_condition(reader, wanted ? &need->all : &need->none,
                         datasets_condition(reader->datasets, CONDITION_PRESENT, field, NULL, 0));
}

/* A map field → value, list of values, or test; all of them have to hold. */
static int read_requirement(struct reader *reader, const struct yaml_node *map,
                            struct requirement *need, uint32_t *specificity)
{
    if (map->kind != YAML_MAP || map->count == 0)
        return wrong(reader, map, "a map of fields and values");
    for (uint32_t i = 0; i < map->count; i++) {
        const struct yaml_node *value = map->pairs[i].value;
        uint32_t field, n;
        struct str *texts;
        int status = read_field(reader, map->pairs[i].key, &field);
        if (status == 0 && value->kind == YAML_MAP)
            status = read_test(reader, field, value, need, specificity);
        else if (status == 0 && (status = read_texts(reader, value, &texts, &n)) == 0) {
            *specificity += str_eq(yaml_text(map->pairs[i].key), STR("_format"))
                                ? SPECIFICITY_FORMAT
                                : SPECIFICITY_VALUE;
            status = add_condition(
                reader, &need->all,
                datasets_condition(reader->datasets, CONDITION_ONE_OF, field, texts, n));
        }
        if (status < 0)
            return status;
    }
    return 0;
}

static int read_name(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_text(reader, node, &draft->entry->dataset.name);
}

static int read_title(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_text(reader, node, &draft->entry->dataset.title);
}

static int read_about(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_text(reader, node, &draft->entry->dataset.about);
}

static int read_priority(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    int64_t priority;
    if (!yaml_is_int(node, &priority) || priority < 0 || priority > 100)
        return wrong(reader, node, "a number from 0 to 100");
    draft->entry->priority = (uint32_t)priority;
    return 0;
}

static int read_fallback(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    if (!yaml_is_bool(node, &draft->fallback))
        return wrong(reader, node, "true or false");
    return 0;
}

static int read_extends(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    uint32_t base = datasets_find(reader->datasets, yaml_text(node));
    if (base == DATASET_NONE)
        return wrong(reader, node, "the name of a dataset read before (files go by their names)");
    draft->base = reader->datasets->entries.items[base];
    return 0;
}

static int read_recognise(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    uint32_t count = node->kind == YAML_LIST ? node->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct yaml_node *map = node->kind == YAML_LIST ? node->items[i] : node;
        struct alternative alternative = {0};
        int status = read_requirement(reader, map, &alternative.need, &alternative.specificity);
        if (status < 0)
            return status;
        if (alternative.need.all.count == 0)
            return wrong(reader, map, "something that is present");
        if (vec_push(&draft->alternatives, alternative) < 0)
            return no_memory(reader);
    }
    return 0;
}

static int read_event_id(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_field(reader, node, &draft->entry->dataset.event_id_field);
}

/* One name or a list of names. */
static int read_fields(struct reader *reader, const struct yaml_node *node,
                       struct field_vec *fields)
{
    uint32_t count = node->kind == YAML_LIST ? node->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t field;
        int status = read_field(reader, node->kind == YAML_LIST ? node->items[i] : node, &field);
        if (status < 0)
            return status;
        if (vec_push(fields, field) < 0)
            return no_memory(reader);
    }
    return 0;
}

static int read_time(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_fields(reader, node, &draft->time);
}

static int read_host(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_fields(reader, node, &draft->host);
}

static int read_user(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    return read_fields(reader, node, &draft->user);
}

/* `service: '{event_id}'` stands for the event id's value; `services` lists those known. */
static int read_services(struct reader *reader, const struct yaml_node *map,
                         struct provision *provision)
{
    const struct yaml_node *services = yaml_get(map, "services");
    provision->service_is_event_id = str_eq(provision->logsource.service, STR("{event_id}"));
    if (!provision->service_is_event_id)
        return services ? wrong(reader, services, "'services' only with service: '{event_id}'") : 0;
    return services ? read_texts(reader, services, &provision->services, &provision->n_services)
                    : 0;
}

static int read_provision(struct reader *reader, const struct yaml_node *map,
                          struct provision *provision)
{
    static const char *const KEYS[] = {"product", "category", "service", "services", "when", NULL};
    static const char *const PARTS[] = {"product", "category", "service"};
    struct str *texts[] = {&provision->logsource.product, &provision->logsource.category,
                           &provision->logsource.service};
    int status = yaml_only_keys(map, KEYS, reader->err);
    for (size_t i = 0; status == 0 && i < 3; i++) {
        const struct yaml_node *node = yaml_get(map, PARTS[i]);
        if (node)
            status = read_text(reader, node, texts[i]);
    }
    if (status == 0)
        status = read_services(reader, map, provision);
    const struct yaml_node *when = status == 0 ? yaml_get(map, "when") : NULL;
    uint32_t ignored = 0;
    return when ? read_requirement(reader, when, &provision->when, &ignored) : status;
}

static int read_logsources(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    if (node->kind != YAML_LIST || node->count > PROVISIONS_MAX)
        return wrong(reader, node, "a list of at most 64 logsources");
    for (uint32_t i = 0; i < node->count; i++) {
        struct provision provision = {0};
        int status = read_provision(reader, node->items[i], &provision);
        if (status < 0)
            return status;
        if (vec_push(&draft->provisions, provision) < 0)
            return no_memory(reader);
    }
    return 0;
}

/* Sigma name → native name, or several of them. */
static int read_alias(struct reader *reader, struct draft *draft, const struct yaml_pair *pair,
                      struct dataset_alias alias)
{
    struct field_vec natives = {0};
    int status = read_field(reader, pair->key, &alias.sigma);
    if (status == 0)
        status = read_fields(reader, pair->value, &natives);
    for (size_t i = 0; status == 0 && i < natives.len; i++) {
        alias.native = natives.items[i];
        if (vec_push(&draft->aliases, alias) < 0)
            status = no_memory(reader);
    }
    vec_free(&natives);
    return status;
}

static int read_aliases(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    static const char *const KEYS[] = {"events", "fields", NULL};
    if (node->kind != YAML_LIST)
        return wrong(reader, node, "a list of {events, fields}");
    for (uint32_t i = 0; i < node->count; i++) {
        const struct yaml_node *group = node->items[i];
        struct yaml_node *fields;
        struct dataset_alias alias = {0};
        int status = yaml_only_keys(group, KEYS, reader->err);
        if (status == 0)
            status = require(reader, group, "fields", &fields);
        if (status == 0 && fields->kind != YAML_MAP)
            status = wrong(reader, fields, "a map of Sigma names and native names");
        const struct yaml_node *events = status == 0 ? yaml_get(group, "events") : NULL;
        if (events)
            status = read_texts(reader, events, &alias.event_ids, &alias.n_event_ids);
        for (uint32_t k = 0; status == 0 && k < fields->count; k++)
            status = read_alias(reader, draft, &fields->pairs[k], alias);
        if (status < 0)
            return status;
    }
    return 0;
}

/* "{SubjectDomainName}\{SubjectUserName}": literals and fields in braces. */
static int read_format(struct reader *reader, const struct yaml_node *node, struct derive *derive)
{
    struct str format;
    int status = read_text(reader, node, &format);
    derive->parts = arena_zero(&reader->datasets->arena, DERIVE_PARTS_MAX, sizeof(*derive->parts));
    if (status == 0 && !derive->parts)
        status = no_memory(reader);
    while (status == 0 && format.len) {
        struct derive_part part = {0};
        size_t open = str_index(format, '{');
        if (derive->n_parts == DERIVE_PARTS_MAX)
            return wrong(reader, node, "fewer pieces");
        if (open > 0) {
            part.text = str_first(format, open);
            format = str_skip(format, open);
        } else {
            size_t close = str_index(format, '}');
            if (close == format.len || close == 1)
                return wrong(reader, node, "a field's name in braces");
            part.field =
                fields_add(reader->datasets->fields, str_first(str_skip(format, 1), close - 1));
            if (part.field == FIELD_NONE)
                return no_memory(reader);
            format = str_skip(format, close + 1);
        }
        derive->parts[derive->n_parts++] = part;
    }
    return status;
}

/* `join: {stem: a, count: argc}` is the fields a0, a1, .. as many as argc says. */
static int read_join(struct reader *reader, const struct yaml_node *node, struct derive *derive)
{
    static const char *const KEYS[] = {"stem", "count", NULL};
    struct yaml_node *stem = NULL, *count = NULL;
    int status = yaml_only_keys(node, KEYS, reader->err);
    if (status == 0)
        status = require(reader, node, "stem", &stem);
    if (status == 0)
        status = require(reader, node, "count", &count);
    if (status == 0)
        status = read_field(reader, count, &derive->count);
    if (status < 0)
        return status;
    derive->kind = DERIVE_JOIN;
    derive->parts = arena_zero(&reader->datasets->arena, DERIVE_PARTS_MAX, sizeof(*derive->parts));
    for (unsigned i = 0; derive->parts && i < DERIVE_PARTS_MAX; i++) {
        struct str name = arena_printf(&reader->scratch, "%.*s%u", STR_ARG(yaml_text(stem)), i);
        uint32_t field = name.ptr ? fields_add(reader->datasets->fields, name) : FIELD_NONE;
        if (field == FIELD_NONE)
            return no_memory(reader);
        derive->parts[derive->n_parts++] = (struct derive_part){.field = field};
    }
    return derive->parts ? 0 : no_memory(reader);
}

/* `list: args` is every value of the field, with spaces between; `guid: id` its other spelling. */
static int read_one_field(struct reader *reader, const struct yaml_node *node,
                          struct derive *derive, enum derive_kind kind)
{
    derive->kind = kind;
    derive->parts = arena_zero(&reader->datasets->arena, 1, sizeof(*derive->parts));
    derive->n_parts = 1;
    return derive->parts ? read_field(reader, node, &derive->parts[0].field) : no_memory(reader);
}

static int read_table(struct reader *reader, const struct yaml_node *map,
                      struct derive_value **ret_values, uint32_t *ret_count)
{
    if (map->kind != YAML_MAP)
        return wrong(reader, map, "a map of texts");
    struct derive_value *values =
        arena_zero(&reader->datasets->arena, map->count ? map->count : 1, sizeof(*values));
    if (!values)
        return no_memory(reader);
    for (uint32_t i = 0; i < map->count; i++) {
        int status = read_text(reader, map->pairs[i].key, &values[i].from);
        if (status == 0)
            status = read_text(reader, map->pairs[i].value, &values[i].to);
        if (status < 0)
            return status;
    }
    *ret_values = values;
    *ret_count = map->count;
    return 0;
}

static int read_derive(struct reader *reader, const struct yaml_node *map, struct derive *derive)
{
    static const char *const KEYS[] = {"field", "events", "format",   "join", "list",
                                       "guid",  "values", "prefixes", NULL};
    struct yaml_node *field;
    int status = yaml_only_keys(map, KEYS, reader->err);
    if (status == 0)
        status = require(reader, map, "field", &field);
    if (status == 0)
        status = read_field(reader, field, &derive->field);
    if (status < 0)
        return status;
    derive->name = fields_name(reader->datasets->fields, derive->field);
    const struct yaml_node *format = yaml_get(map, "format"), *join = yaml_get(map, "join");
    const struct yaml_node *list = yaml_get(map, "list"), *events = yaml_get(map, "events");
    const struct yaml_node *guid = yaml_get(map, "guid");
    const struct yaml_node *values = yaml_get(map, "values");
    const struct yaml_node *prefixes = yaml_get(map, "prefixes");
    if (!!format + !!join + !!list + !!guid != 1)
        return wrong(reader, map, "one of 'format', 'join', 'list' and 'guid'");
    status = format ? read_format(reader, format, derive)
             : join ? read_join(reader, join, derive)
             : list ? read_one_field(reader, list, derive, DERIVE_LIST)
                    : read_one_field(reader, guid, derive, DERIVE_GUID);
    if (status == 0 && events)
        status = read_texts(reader, events, &derive->event_ids, &derive->n_event_ids);
    if (status == 0 && values)
        status = read_table(reader, values, &derive->values, &derive->n_values);
    if (status == 0 && prefixes)
        status = read_table(reader, prefixes, &derive->prefixes, &derive->n_prefixes);
    return status;
}

static int read_derives(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    if (node->kind != YAML_LIST)
        return wrong(reader, node, "a list of derived fields");
    for (uint32_t i = 0; i < node->count; i++) {
        struct derive derive = {0};
        int status = read_derive(reader, node->items[i], &derive);
        if (status < 0)
            return status;
        if (vec_push(&draft->derives, derive) < 0)
            return no_memory(reader);
    }
    return 0;
}

static int read_type(struct reader *reader, const struct yaml_node *node, enum field_type *ret_type)
{
    for (size_t i = 0; i < sizeof(FIELD_TYPES) / sizeof(FIELD_TYPES[0]); i++)
        if (str_eq(yaml_text(node), str_from_c(FIELD_TYPES[i]))) {
            *ret_type = (enum field_type)i;
            return 0;
        }
    return wrong(reader, node, "a type of field (docs/datasets.md lists them)");
}

static int read_field_row(struct reader *reader, const struct yaml_pair *pair,
                          struct dataset_field *field)
{
    static const char *const KEYS[] = {"type", "ecs", "ocsf", "about", NULL};
    const struct yaml_node *map = pair->value;
    int status = read_field(reader, pair->key, &field->field);
    if (status == 0)
        status = yaml_only_keys(map, KEYS, reader->err);
    if (status < 0)
        return status;
    const struct yaml_node *type = yaml_get(map, "type"), *ecs = yaml_get(map, "ecs");
    const struct yaml_node *ocsf = yaml_get(map, "ocsf"), *about = yaml_get(map, "about");
    if (type)
        status = read_type(reader, type, &field->type);
    if (status == 0 && ecs)
        status = read_text(reader, ecs, &field->ecs);
    if (status == 0 && ocsf)
        status = read_text(reader, ocsf, &field->ocsf);
    if (status == 0 && about)
        status = read_text(reader, about, &field->about);
    return status;
}

static int read_field_rows(struct reader *reader, struct draft *draft, const struct yaml_node *node)
{
    if (node->kind != YAML_MAP)
        return wrong(reader, node, "a map of fields");
    for (uint32_t i = 0; i < node->count; i++) {
        struct dataset_field field = {0};
        int status = read_field_row(reader, &node->pairs[i], &field);
        if (status < 0)
            return status;
        if (vec_push(&draft->fields, field) < 0)
            return no_memory(reader);
    }
    return 0;
}

/* What a key of a dataset is read by. */
static const struct {
    const char *key;
    int (*read)(struct reader *reader, struct draft *draft, const struct yaml_node *node);
} KEYS[] = {
    {"name", read_name},           {"title", read_title},       {"about", read_about},
    {"priority", read_priority},   {"fallback", read_fallback}, {"extends", read_extends},
    {"recognise", read_recognise}, {"event_id", read_event_id}, {"time", read_time},
    {"host", read_host},           {"user", read_user},         {"logsources", read_logsources},
    {"aliases", read_aliases},     {"derive", read_derives},    {"fields", read_field_rows},
};

static int read_keys(struct reader *reader, struct draft *draft, const struct yaml_node *root)
{
    for (uint32_t i = 0; i < root->count; i++) {
        const struct yaml_node *key = root->pairs[i].key;
        size_t k = 0, n = sizeof(KEYS) / sizeof(KEYS[0]);
        while (k < n && !str_eq(yaml_text(key), str_from_c(KEYS[k].key)))
            k++;
        if (k == n)
            return err_at(reader->err, -EINVAL, key->line, key->column, "unknown key '%.*s'",
                          STR_ARG(yaml_text(key)));
        int status = KEYS[k].read(reader, draft, root->pairs[i].value);
        if (status < 0)
            return status;
    }
    if (draft->entry->dataset.name.len == 0)
        return err_at(reader->err, -EINVAL, root->line, root->column, "'name' is missing");
    return 0;
}

static int inherit_fields(struct field_vec *to, const uint32_t *fields, uint32_t n_fields)
{
    for (uint32_t i = 0; to->len < n_fields && i < n_fields; i++)
        if (vec_push(to, fields[i]) < 0)
            return -ENOMEM;
    return 0;
}

static bool has_field(const struct draft *draft, uint32_t field)
{
    for (size_t i = 0; i < draft->fields.len; i++)
        if (draft->fields.items[i].field == field)
            return true;
    return false;
}

/* What the draft does not say itself, its base says. Recognition and logsources are its own. */
static int inherit(struct draft *draft)
{
    const struct dataset *base = &draft->base->dataset;
    struct dataset *own = &draft->entry->dataset;
    int status = 0;
    if (own->event_id_field == FIELD_NONE)
        own->event_id_field = base->event_id_field;
    if (draft->time.len == 0)
        status = inherit_fields(&draft->time, base->time_fields, base->n_time_fields);
    if (status == 0 && draft->host.len == 0)
        status = inherit_fields(&draft->host, base->host_fields, base->n_host_fields);
    if (status == 0 && draft->user.len == 0)
        status = inherit_fields(&draft->user, base->user_fields, base->n_user_fields);
    for (uint32_t i = 0; status == 0 && i < base->n_aliases; i++)
        status = vec_push(&draft->aliases, base->aliases[i]);
    for (uint32_t i = 0; status == 0 && i < draft->base->n_derives; i++)
        status = vec_push(&draft->derives, draft->base->derives[i]);
    for (uint32_t i = 0; status == 0 && i < base->n_fields; i++)
        if (!has_field(draft, base->fields[i].field))
            status = vec_push(&draft->fields, base->fields[i]);
    return status;
}

/* Conditions of logsources that the event id does not decide become part of the route's key. */
static int note_dynamic(struct reader *reader, struct dataset_entry *entry,
                        const struct id_list *conditions)
{
    struct datasets *datasets = reader->datasets;
    for (uint32_t i = 0; i < conditions->count; i++) {
        uint32_t field = datasets->conditions.items[conditions->ids[i]].field;
        if (field == entry->dataset.event_id_field)
            continue;
        if (id_list_add(&datasets->arena, &entry->dynamic, conditions->ids[i]) < 0)
            return no_memory(reader);
    }
    return entry->dynamic.count <= DYNAMIC_MAX
               ? 0
               : err_set(reader->err, -EINVAL, "more than %d conditions besides the event id",
                         DYNAMIC_MAX);
}

/* A vector's items, in the set's arena; NULL: no memory. */
static void *settle(struct reader *reader, const void *items, size_t len, size_t size)
{
    void *copy = arena_zero(&reader->datasets->arena, len ? len : 1, size);
    if (copy && len)
        memcpy(copy, items, len * size);
    return copy;
}

#define SETTLE(reader, vec, ret_count)                                                             \
    (*(ret_count) = (uint32_t)(vec)->len,                                                          \
     settle((reader), (vec)->items, (vec)->len, sizeof(*(vec)->items)))

static int by_field(const void *left, const void *right)
{
    const struct dataset_field *a = left, *b = right;
    return a->field < b->field ? -1 : a->field > b->field;
}

static int settle_draft(struct reader *reader, struct draft *draft)
{
    struct dataset_entry *entry = draft->entry;
    struct dataset *dataset = &entry->dataset;
    if (draft->fields.len)
        qsort(draft->fields.items, draft->fields.len, sizeof(draft->fields.items[0]), by_field);
    dataset->time_fields = SETTLE(reader, &draft->time, &dataset->n_time_fields);
    dataset->host_fields = SETTLE(reader, &draft->host, &dataset->n_host_fields);
    dataset->user_fields = SETTLE(reader, &draft->user, &dataset->n_user_fields);
    dataset->aliases = SETTLE(reader, &draft->aliases, &dataset->n_aliases);
    dataset->fields = SETTLE(reader, &draft->fields, &dataset->n_fields);
    entry->provisions = SETTLE(reader, &draft->provisions, &entry->n_provisions);
    entry->derives = SETTLE(reader, &draft->derives, &entry->n_derives);
    if (!dataset->time_fields || !dataset->host_fields || !dataset->user_fields ||
        !dataset->aliases || !dataset->fields || !entry->provisions || !entry->derives)
        return no_memory(reader);
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < entry->n_provisions; i++) {
        status = note_dynamic(reader, entry, &entry->provisions[i].when.all);
        if (status == 0)
            status = note_dynamic(reader, entry, &entry->provisions[i].when.none);
    }
    return status;
}

/* Puts a finished draft into the set. */
static int add_draft(struct reader *reader, struct draft *draft)
{
    struct datasets *datasets = reader->datasets;
    struct dataset_entry *entry = draft->entry;
    uint32_t index = (uint32_t)datasets->entries.len;
    if (datasets_find(datasets, entry->dataset.name) != DATASET_NONE)
        return err_set(reader->err, -EEXIST, "a second dataset '%.*s'",
                       STR_ARG(entry->dataset.name));
    if (index >= DATASETS_MAX)
        return err_set(reader->err, -EINVAL, "more than %d datasets", DATASETS_MAX);
    entry->event_id_keep = KEPT_MAX;
    if (entry->dataset.event_id_field != FIELD_NONE) {
        entry->event_id_keep = datasets_keep(datasets, entry->dataset.event_id_field);
        if (entry->event_id_keep == KEPT_MAX)
            return err_set(reader->err, -EINVAL, "more than %d different event id fields",
                           KEPT_MAX);
    }
    if (vec_reserve(&datasets->entries, (size_t)index + 1) < 0 ||
        vec_reserve(&datasets->alternatives, datasets->alternatives.len + draft->alternatives.len) <
            0 ||
        map_put(&datasets->names, entry->dataset.name, index) < 0)
        return no_memory(reader);
    datasets->entries.items[datasets->entries.len++] = entry;
    for (size_t i = 0; i < draft->alternatives.len; i++) {
        struct alternative alternative = draft->alternatives.items[i];
        alternative.dataset = index;
        alternative.priority = entry->priority;
        alternative.order = (uint32_t)datasets->alternatives.len;
        datasets->alternatives.items[datasets->alternatives.len++] = alternative;
    }
    if (draft->fallback)
        datasets->fallback = index;
    return 0;
}

static void free_draft(struct draft *draft)
{
    vec_free(&draft->time);
    vec_free(&draft->host);
    vec_free(&draft->user);
    vec_free(&draft->aliases);
    vec_free(&draft->fields);
    vec_free(&draft->provisions);
    vec_free(&draft->derives);
    vec_free(&draft->alternatives);
}

static int read_document(struct reader *reader, const struct yaml_node *root)
{
    if (root->kind != YAML_MAP)
        return wrong(reader, root, "a map that describes a dataset");
    struct draft draft = {
        .entry = arena_zero(&reader->datasets->arena, 1, sizeof(struct dataset_entry))};
    if (!draft.entry)
        return no_memory(reader);
    draft.entry->dataset.origin = reader->origin;
    draft.entry->priority = PRIORITY_DEFAULT;
    int status = read_keys(reader, &draft, root);
    if (status == 0 && draft.base && inherit(&draft) < 0)
        status = no_memory(reader);
    if (status == 0)
        status = settle_draft(reader, &draft);
    if (status == 0)
        status = add_draft(reader, &draft);
    free_draft(&draft);
    return status;
}

int datasets_add(struct datasets *datasets, struct str yaml, struct str origin, struct err *err)
{
    struct reader reader = {.datasets = datasets, .err = err};
    struct yaml_node **documents;
    size_t count;
    arena_init(&reader.scratch, READ_ARENA_MAX);
    reader.origin = arena_copy(&datasets->arena, origin);
    int status = reader.origin.ptr ? yaml_parse(yaml, &reader.scratch, &documents, &count, err)
                                   : no_memory(&reader);
    for (size_t i = 0; status == 0 && i < count; i++)
        if (documents[i])
            status = read_document(&reader, documents[i]);
    arena_free(&reader.scratch);
    return status;
}
