/*
 * Functions of KQL that take apart what other languages wrote: URLs, paths, command lines, versions, user agents.
 */
#include <stdlib.h>

#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"
#include "hunt/text_kv.h"
#include "hunt/text_parse.h"
#include "hunt/text_xml.h"

static void put_parsed(struct lake_call *call, uint32_t row,
                       void (*parse)(struct str text, struct buf *json))
{
    struct buf json = {0};
    parse(native_text(call, 0, row), &json);
    native_put(call, row, &json);
}

NATIVE(parse_url)
{
    put_parsed(call, row, text_parse_url);
}

NATIVE(parse_query)
{
    put_parsed(call, row, text_parse_query);
}

NATIVE(parse_path)
{
    put_parsed(call, row, text_parse_path);
}

NATIVE(parse_command_line)
{
    put_parsed(call, row, text_parse_command_line);
}

NATIVE(parse_csv)
{
    put_parsed(call, row, text_parse_csv);
}

NATIVE(parse_xml)
{
    struct buf json = {0};
    if (text_parse_xml(native_text(call, 0, row), &json)) {
        native_put(call, row, &json);
        return;
    }
    buf_free(&json);
    call->put_null(call, row);
}

NATIVE(parse_version)
{
    struct buf digits = {0};
    if (text_parse_version(native_text(call, 0, row), &digits)) {
        native_put(call, row, &digits);
        return;
    }
    buf_free(&digits);
    call->put_null(call, row);
}

/* ---- parse-kv ---- */

struct kv_call {
    struct text_kv how;
    struct str keys[TEXT_KV_KEYS_MAX];
    size_t n_keys;
    struct buf texts[TEXT_KV_KEYS_MAX + TEXT_KV_QUOTES_MAX + 3]; /* unescaped */
    size_t n_texts;
};

static struct str next_text(struct kv_call *kv, struct str value)
{
    return dynamic_text(value, &kv->texts[kv->n_texts++]);
}

/* ["pair delimiter", "value delimiter", "escapes", greedy, ["quotes" ...], ["key" ...]] */
static void read_kv(struct kv_call *kv, struct str options)
{
    struct json_cursor walk = json_cursor_of(options), list;
    struct str key, value, item;
    for (unsigned i = 0; json_cursor_next(&walk, &key, &value); i++) {
        if (i < 3)
            *(i == 0   ? &kv->how.pair
              : i == 1 ? &kv->how.value
                       : &kv->how.escapes) = next_text(kv, value);
        else if (i == 3)
            kv->how.greedy = str_eq(value, STR("true"));
        for (list = json_cursor_of(value); json_cursor_next(&list, &key, &item);)
            if (i == 4 && kv->how.n_quotes < TEXT_KV_QUOTES_MAX)
                kv->how.quotes[kv->how.n_quotes++] = next_text(kv, item);
            else if (i == 5 && kv->n_keys < TEXT_KV_KEYS_MAX)
                kv->keys[kv->n_keys++] = next_text(kv, item);
    }
}

/* kql_parse_kv(text, options): the options are the same in all rows of a query. */
static void parse_kv(struct lake_call *call)
{
    struct kv_call *kv = calloc(1, sizeof(*kv));
    if (!kv) {
        call->refuse(call, "no memory for the keys of parse-kv");
        return;
    }
    if (call->n_rows > 0)
        read_kv(kv, native_text(call, 1, 0));
    for (uint32_t row = 0; row < call->n_rows; row++) {
        struct buf json = {0};
        text_parse_kv(native_text(call, 0, row), &kv->how, kv->keys, kv->n_keys, &json);
        native_put(call, row, &json);
    }
    for (size_t i = 0; i < kv->n_texts; i++)
        buf_free(&kv->texts[i]);
    free(kv);
}

/* ---- user agents ---- */

static void put_group(struct buf *json, const char *name, const char *const *keys,
                      const struct str *const *values, size_t n)
{
    buf_printf(json, "%s\"%s\":{", json->len ? "," : "{", name);
    for (size_t i = 0; i < n; i++) {
        buf_printf(json, "%s\"%s\":", i ? "," : "", keys[i]);
        buf_add_json(json, *values[i]);
    }
    buf_add_byte(json, '}');
}

static bool wants(struct str what, const char *word)
{
    return str_find(what, str_from_c(word)) != SIZE_MAX;
}

/* parse_user_agent(text, "browser" or a list of browser, os, device) */
NATIVE(parse_agent)
{
    static const char *const versions[] = {"Family", "MajorVersion", "MinorVersion", "Patch",
                                           "PatchMinor"};
    static const char *const device[] = {"Family", "Brand", "Model"};
    static const struct str other = {"Other", 5};
    struct agent agent;
    struct str what = native_text(call, 1, row);
    struct buf json = {0};
    text_parse_agent(native_text(call, 0, row), &agent);
    const struct str *browser[] = {agent.browser.len ? &agent.browser : &other,
                                   &agent.browser_version[0], &agent.browser_version[1],
                                   &agent.browser_version[2]};
    const struct str *system[] = {agent.system.len ? &agent.system : &other,
                                  &agent.system_version[0], &agent.system_version[1],
                                  &agent.system_version[2], &agent.system_version[3]};
    const struct str *machine[] = {agent.device.len ? &agent.device : &other, &agent.brand,
                                   &agent.model};
    if (wants(what, "browser"))
        put_group(&json, "Browser", versions, browser, 4);
    if (wants(what, "os"))
        put_group(&json, "OperatingSystem", versions, system, 5);
    if (wants(what, "device"))
        put_group(&json, "Device", device, machine, 3);
    buf_add_c(&json, json.len ? "}" : "{}");
    native_put(call, row, &json);
}

#define PARSER(name_, call_)                                                                       \
    {                                                                                              \
        .name = name_, .result = LAKE_JSON, .parameters = {LAKE_TEXT}, .call = call_               \
    }

const struct lake_function hunt_text_parse_natives[] = {
    PARSER("kql_parse_url", parse_url),
    PARSER("kql_parse_urlquery", parse_query),
    PARSER("kql_parse_path", parse_path),
    PARSER("kql_parse_command_line", parse_command_line),
    PARSER("kql_parse_csv", parse_csv),
    PARSER("kql_parse_xml", parse_xml),
    {.name = "kql_parse_kv",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = parse_kv},
    {.name = "kql_parse_version",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT},
     .call = parse_version},
    {.name = "kql_parse_user_agent",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = parse_agent},
    {0},
};

const struct hunt_function hunt_text_parse_scalars[] = {
    {"parse_url(url: string) dynamic", .sql = "kql_parse_url($1)"},
    {"parseurl(url: string) dynamic", .sql = "kql_parse_url($1)"},
    {"parse_urlquery(query: string) dynamic", .sql = "kql_parse_urlquery($1)"},
    {"parse_path(path: string) dynamic", .sql = "kql_parse_path($1)"},
    {"parse_command_line(text: string, kind: string = 'windows') dynamic",
     .sql = "kql_parse_command_line($1)"},
    {"parse_csv(record: string) dynamic", .sql = "kql_parse_csv($1)",
     .naming = HUNT_NAMED_BY_FIRST},
    {"parse_xml(xml: string) dynamic", .sql = "kql_parse_xml($1)", .naming = HUNT_NAMED_BY_FIRST},
    {"parseurlquery(query: string) dynamic", .sql = "kql_parse_urlquery($1)"},
    {"parse_version(version: string) decimal",
     .sql = "TRY_CAST(kql_parse_version($1) AS DECIMAL(38,9))"},
    {"parse_user_agent(text: string, what: string = 'browser os device') dynamic",
     .sql = "kql_parse_user_agent($1, $2)"},
    {0},
};
