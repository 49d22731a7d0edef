/* jaga datasets list, show: the sources jaga knows and the names their events have. */
#include "cli/cli.h"
#include "cli/engine.h"

static const char *const type_names[] = {
    [FIELD_TEXT] = "text",       [FIELD_INTEGER] = "integer",   [FIELD_NUMBER] = "number",
    [FIELD_BOOLEAN] = "boolean", [FIELD_TIME] = "time",         [FIELD_IP] = "address",
    [FIELD_PORT] = "port",       [FIELD_DOMAIN] = "domain",     [FIELD_URL] = "url",
    [FIELD_EMAIL] = "e-mail",    [FIELD_HASH] = "hash",         [FIELD_HASHES] = "hashes",
    [FIELD_PATH] = "path",       [FIELD_COMMAND] = "command",   [FIELD_USER] = "user",
    [FIELD_HOST] = "host",       [FIELD_PROCESS_ID] = "pid",    [FIELD_GUID] = "guid",
    [FIELD_SID] = "sid",         [FIELD_REGISTRY] = "registry", [FIELD_AGENT] = "user agent",
    [FIELD_JA3] = "ja3",         [FIELD_JA4] = "ja4",           [FIELD_ANSWERS] = "answers",
};

static int list(const struct cli *cli)
{
    struct engine engine;
    int code = engine_open(&engine, cli);
    for (uint32_t i = 0; code == EXIT_DONE && i < datasets_count(engine.datasets); i++) {
        const struct dataset *dataset = datasets_get(engine.datasets, i);
        printf("%-32.*s %4u fields  %.*s\n", STR_ARG(dataset->name), dataset->n_fields,
               STR_ARG(dataset->title));
    }
    engine_free(&engine);
    return code;
}

static void show_fields(const struct engine *engine, const struct dataset *dataset)
{
    printf("\n%-34s %-10s %-38s %-34s %s\n", "Field", "Type", "ECS", "OCSF", "About");
    for (uint32_t i = 0; i < dataset->n_fields; i++) {
        const struct dataset_field *field = &dataset->fields[i];
        printf("%-34.*s %-10s %-38.*s %-34.*s %.*s\n",
               STR_ARG(fields_name(&engine->fields, field->field)), type_names[field->type],
               STR_ARG(field->ecs), STR_ARG(field->ocsf), STR_ARG(field->about));
    }
}

static void show_aliases(const struct engine *engine, const struct dataset *dataset)
{
    if (dataset->n_aliases)
        printf("\nNames that rules use, and the field of the event they stand for:\n");
    for (uint32_t i = 0; i < dataset->n_aliases; i++) {
        const struct dataset_alias *alias = &dataset->aliases[i];
        printf("  %.*s = %.*s", STR_ARG(fields_name(&engine->fields, alias->sigma)),
               STR_ARG(fields_name(&engine->fields, alias->native)));
        for (uint32_t j = 0; j < alias->n_event_ids; j++)
            printf("%s%.*s", j ? ", " : "  (event ids ", STR_ARG(alias->event_ids[j]));
        puts(alias->n_event_ids ? ")" : "");
    }
}

static int show(const struct cli *cli)
{
    struct engine engine;
    struct str name = str_from_c(cli->settings.paths.items[0]);
    int code = engine_open(&engine, cli);
    if (code == EXIT_DONE) {
        uint32_t index = datasets_find(engine.datasets, name);
        if (index == DATASET_NONE) {
            cli_complain(cli, "there is no dataset '%.*s' (jaga datasets list)", STR_ARG(name));
            code = EXIT_USAGE;
        } else {
            const struct dataset *dataset = datasets_get(engine.datasets, index);
            printf("%.*s: %.*s\n", STR_ARG(dataset->name), STR_ARG(dataset->title));
            if (dataset->about.len)
                printf("%.*s\n", STR_ARG(dataset->about));
            show_fields(&engine, dataset);
            show_aliases(&engine, dataset);
        }
    }
    engine_free(&engine);
    return code;
}

static const char *const options[] = {"content", NULL};

const struct command cmd_datasets_list = {
    .name = "datasets list",
    .about = "List the sources of events that jaga knows.",
    .options = options,
    .run = list,
};

const struct command cmd_datasets_show = {
    .name = "datasets show",
    .arguments = "NAME",
    .paths_min = 1,
    .paths_max = 1,
    .about =
        "Show the fields of a dataset: type, names in ECS and OCSF, and the names Sigma rules use.",
    .options = options,
    .run = show,
};
