#include "cli/config.h"

#include <errno.h>

#include "base/yaml.h"
#include "cli/option_value.h"
#include "ledger/token.h"
#include "watch/peer.h"

#define ARENA_MAX (256u << 20)
#define CONFIG_DAYS_MAX 36500

struct reading {
    struct config *config;
    struct settings *settings;
    const char *const *taken;
    struct err *err;
};

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory");
}

static int refuse(const struct reading *reading, const struct yaml_node *at, const char *what)
{
    return err_at(reading->err, -EINVAL, at->line, at->column, "%s", what);
}

/* ---- values ---- */

/* A scalar, or a list of scalars, as an array of texts. */
static int read_texts(const struct reading *reading, const struct yaml_node *node,
                      const struct str **ret_texts, size_t *ret_n)
{
    const struct yaml_node *const *items =
        node->kind == YAML_LIST ? (const struct yaml_node *const *)node->items : &node;
    size_t n = node->kind == YAML_LIST ? node->count : 1;
    struct str *texts = arena_zero(&reading->config->arena, n + 1, sizeof(*texts));
    if (!texts)
        return no_memory(reading->err);
    for (size_t i = 0; i < n; i++) {
        if (items[i]->kind != YAML_SCALAR || items[i]->text.len == 0)
            return refuse(reading, items[i], "expected a text here");
        texts[i] = items[i]->text;
    }
    *ret_texts = texts;
    *ret_n = n;
    return 0;
}

static int read_text(const struct reading *reading, const struct yaml_node *node,
                     struct str *ret_text)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0)
        return refuse(reading, node, "expected a text here");
    *ret_text = node->text;
    return 0;
}

static int read_label(const struct reading *reading, const struct yaml_node *node,
                      struct str *ret_label)
{
    int status = read_text(reading, node, ret_label);
    if (status == 0 && !label_ok(*ret_label))
        return refuse(reading, node,
                      "a name here has letters, digits, '.', '_' and '-', and at most 64 of them");
    return status;
}

/* ---- agencies and sources: a table of keys each ---- */

struct key {
    const char *name;
    int (*read)(const struct reading *reading, const struct yaml_node *node, void *to);
};

static int agency_name(const struct reading *reading, const struct yaml_node *node, void *to)
{
    return read_label(reading, node, &((struct config_agency *)to)->name);
}

static int agency_title(const struct reading *reading, const struct yaml_node *node, void *to)
{
    return read_text(reading, node, &((struct config_agency *)to)->title);
}

static int agency_level(const struct reading *reading, const struct yaml_node *node, void *to)
{
    enum sigma_level level;
    if (sigma_level_parse(yaml_text(node), &level)) {
        ((struct config_agency *)to)->level = (uint8_t)level;
        return 0;
    }
    return refuse(reading, node, "expected informational, low, medium, high or critical");
}

static int agency_without(const struct reading *reading, const struct yaml_node *node, void *to)
{
    struct config_agency *agency = to;
    return read_texts(reading, node, &agency->without, &agency->n_without);
}

static const struct key agency_keys[] = {
    {"name", agency_name},
    {"title", agency_title},
    {"level", agency_level},
    {"without", agency_without},
    {NULL, NULL},
};

static int source_agency(const struct reading *reading, const struct yaml_node *node, void *to)
{
    return read_label(reading, node, &((struct config_source *)to)->agency);
}

static int source_source(const struct reading *reading, const struct yaml_node *node, void *to)
{
    return read_label(reading, node, &((struct config_source *)to)->source);
}

static int source_expect(const struct reading *reading, const struct yaml_node *node, void *to)
{
    if (time_parse_duration(yaml_text(node), &((struct config_source *)to)->expect_us) < 0)
        return refuse(reading, node, "expected a duration such as 90s, 5m or 1d");
    return 0;
}

static int source_rate(const struct reading *reading, const struct yaml_node *node, void *to)
{
    if (str_to_u64(yaml_text(node), &((struct config_source *)to)->rate) < 0)
        return refuse(reading, node, "expected a number of events per second");
    return 0;
}

static int source_peer(const struct reading *reading, const struct yaml_node *node, void *to)
{
    struct config_source *source = to;
    struct peer_net net;
    int status = read_texts(reading, node, &source->peers, &source->n_peers);
    for (size_t i = 0; status == 0 && i < source->n_peers; i++)
        if (peer_net_parse(source->peers[i], &net) < 0)
            return refuse(reading, node->kind == YAML_LIST ? node->items[i] : node,
                          "expected an address or a network such as 10.1.0.0/16");
    return status;
}

static int source_certificate(const struct reading *reading, const struct yaml_node *node, void *to)
{
    struct config_source *source = to;
    return read_texts(reading, node, &source->certificates, &source->n_certificates);
}

static const struct key source_keys[] = {
    {"agency", source_agency},
    {"source", source_source},
    {"expect", source_expect},
    {"rate", source_rate},
    {"peer", source_peer},
    {"certificate", source_certificate},
    {NULL, NULL},
};

static int retention_agency(const struct reading *reading, const struct yaml_node *node, void *to)
{
    return read_label(reading, node, &((struct config_retention *)to)->agency);
}

static int retention_dataset(const struct reading *reading, const struct yaml_node *node, void *to)
{
    return read_label(reading, node, &((struct config_retention *)to)->dataset);
}

static int retention_days(const struct reading *reading, const struct yaml_node *node, void *to)
{
    uint64_t days;
    if (str_to_u64(yaml_text(node), &days) < 0 || days == 0 || days > CONFIG_DAYS_MAX)
        return refuse(reading, node, "expected a number of days, 1 to 36500");
    ((struct config_retention *)to)->days = (uint32_t)days;
    return 0;
}

static int retention_size(const struct reading *reading, const struct yaml_node *node, void *to)
{
    static const struct option_row size = {.name = "size", .min = 1 << 20, .max = INT64_MAX};
    struct err err = {0};
    if (node->kind != YAML_SCALAR ||
        value_size(&size, node->text.ptr, &((struct config_retention *)to)->size, &err) < 0)
        return refuse(reading, node, "expected a size of 1M or more, such as 500G");
    return 0;
}

static const struct key retention_keys[] = {
    {"agency", retention_agency},
    {"dataset", retention_dataset},
    {"days", retention_days},
    {"size", retention_size},
    {NULL, NULL},
};

static int read_item(const struct reading *reading, const struct yaml_node *node,
                     const struct key *keys, void *to)
{
    if (!node || node->kind != YAML_MAP)
        return node ? refuse(reading, node, "expected keys and values here")
                    : err_set(reading->err, -EINVAL, "an item of a list is empty");
    for (uint32_t i = 0; i < node->count; i++) {
        const struct key *key = keys;
        while (key->name && !str_eq(node->pairs[i].key->text, str_from_c(key->name)))
            key++;
        if (!key->name)
            return err_at(reading->err, -EINVAL, node->pairs[i].key->line,
                          node->pairs[i].key->column, "'%.*s' is not known here",
                          STR_ARG(node->pairs[i].key->text));
        int status = key->read(reading, node->pairs[i].value, to);
        if (status < 0)
            return status;
    }
    return 0;
}

static bool agency_is_known(const struct config *config, struct str name)
{
    for (size_t i = 0; i < config->n_agencies; i++)
        if (str_eq(config->agencies[i].name, name))
            return true;
    return false;
}

static int read_agencies(const struct reading *reading, const struct yaml_node *list)
{
    struct config *config = reading->config;
    if (list->kind != YAML_LIST || list->count > CONFIG_AGENCIES_MAX)
        return refuse(reading, list, "expected a list of agencies, at most 10,000");
    config->agencies = arena_zero(&config->arena, list->count + 1, sizeof(*config->agencies));
    if (!config->agencies)
        return no_memory(reading->err);
    for (uint32_t i = 0; i < list->count; i++) {
        struct config_agency *agency = &config->agencies[i];
        int status = read_item(reading, list->items[i], agency_keys, agency);
        if (status < 0)
            return status;
        if (agency->name.len == 0)
            return refuse(reading, list->items[i], "an agency needs a name");
        if (agency_is_known(config, agency->name))
            return refuse(reading, list->items[i], "this agency is there twice");
        config->n_agencies++;
    }
    return 0;
}

static int read_sources(const struct reading *reading, const struct yaml_node *list)
{
    struct config *config = reading->config;
    if (list->kind != YAML_LIST || list->count > CONFIG_SOURCES_MAX)
        return refuse(reading, list, "expected a list of sources, at most 100,000");
    config->sources = arena_zero(&config->arena, list->count + 1, sizeof(*config->sources));
    if (!config->sources)
        return no_memory(reading->err);
    for (uint32_t i = 0; i < list->count; i++) {
        struct config_source *source = &config->sources[config->n_sources++];
        int status = read_item(reading, list->items[i], source_keys, source);
        if (status < 0)
            return status;
        source->line = list->items[i]->line;
        if (source->agency.len == 0)
            return refuse(reading, list->items[i], "a source needs its agency");
    }
    return 0;
}

static int read_retention(const struct reading *reading, const struct yaml_node *list)
{
    struct config *config = reading->config;
    if (list->kind != YAML_LIST || list->count > CONFIG_RETENTION_MAX)
        return refuse(reading, list, "expected a list of rules of retention, at most 10,000");
    config->retention = arena_zero(&config->arena, list->count + 1, sizeof(*config->retention));
    if (!config->retention)
        return no_memory(reading->err);
    for (uint32_t i = 0; i < list->count; i++) {
        struct config_retention *rule = &config->retention[config->n_retention++];
        int status = read_item(reading, list->items[i], retention_keys, rule);
        if (status < 0)
            return status;
        rule->line = list->items[i]->line;
    }
    return 0;
}

/* ---- settings ---- */

static const char *taken_word(const void *context, size_t index)
{
    return ((const char *const *)context)[index];
}

static const struct option_row *find_setting(const struct reading *reading, struct str name)
{
    for (const char *const *word = reading->taken; *word; word++)
        if (str_eq(name, str_from_c(*word)))
            return option_find(name);
    return NULL;
}

static int set_one(const struct reading *reading, const struct option_row *row,
                   const struct yaml_node *node)
{
    struct err err = {0};
    bool on;
    if (node->kind != YAML_SCALAR)
        return refuse(reading, node, "expected one value here");
    if (!row->argument) {
        if (!yaml_is_bool(node, &on))
            return refuse(reading, node, "expected true or false");
        return on ? option_set(reading->settings, row, NULL, reading->err) : 0;
    }
    /* Texts of a tree end with NUL: they are copies of an arena. */
    if (option_set(reading->settings, row, node->text.ptr, &err) < 0)
        return err_at(reading->err, -EINVAL, node->line, node->column, "%s", err.message);
    return 0;
}

static int read_setting(const struct reading *reading, const struct yaml_pair *pair)
{
    const struct option_row *row = find_setting(reading, pair->key->text);
    int status = 0;
    if (!row) {
        const char *near = options_nearest(pair->key->text, taken_word, reading->taken);
        return err_at(reading->err, -EINVAL, pair->key->line, pair->key->column,
                      "there is no setting '%.*s'%s%s%s", STR_ARG(pair->key->text),
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (option_given(reading->settings, row))
        return 0;
    if (pair->value->kind != YAML_LIST)
        return set_one(reading, row, pair->value);
    if (row->parse != value_list)
        return refuse(reading, pair->value, "expected one value here, not a list");
    for (uint32_t i = 0; status == 0 && i < pair->value->count; i++)
        status = set_one(reading, row, pair->value->items[i]);
    return status;
}

int config_parse(struct str text, const char *const *taken, struct settings *settings,
                 struct config *ret_config, struct err *err)
{
    struct reading reading = {ret_config, settings, taken, err};
    struct yaml_node **documents;
    size_t n;
    *ret_config = (struct config){0};
    arena_init(&ret_config->arena, ARENA_MAX);
    int status = yaml_parse(text, &ret_config->arena, &documents, &n, err);
    if (status < 0 || n == 0 || !documents[0])
        return status;
    if (n > 1 || documents[0]->kind != YAML_MAP)
        return refuse(&reading, documents[0], "expected one document, a map of settings");
    for (uint32_t i = 0; status == 0 && i < documents[0]->count; i++) {
        const struct yaml_pair *pair = &documents[0]->pairs[i];
        if (str_eq(pair->key->text, STR("agencies")))
            status = read_agencies(&reading, pair->value);
        else if (str_eq(pair->key->text, STR("sources")))
            status = read_sources(&reading, pair->value);
        else if (str_eq(pair->key->text, STR("retention")))
            status = read_retention(&reading, pair->value);
        else
            status = read_setting(&reading, pair);
    }
    return status;
}

void config_free(struct config *config)
{
    arena_free(&config->arena);
    *config = (struct config){0};
}
