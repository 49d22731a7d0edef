/*
 * The OpenAPI 3.1 document, made from the rows of the tables and the schemas of content/api/schemas.json. Two members
 * of a schema are for us: "x-media-type" (else application/json) and "x-status" (else 200).
 */
#include "api/openapi.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/content.h"

#define NAME_MAX_BYTES 128

static int set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value);
}

/* "get_api_v1_findings_id": unique, as method and path are. */
static void operation_id(const struct api_route *row, char ret_id[static NAME_MAX_BYTES])
{
    size_t n = 0;
    for (const char *c = row->method; *c && n < NAME_MAX_BYTES - 2; c++)
        ret_id[n++] = (char)(*c | 0x20);
    for (const char *c = row->path; *c && n < NAME_MAX_BYTES - 2; c++) {
        bool letter = (*c | 0x20) >= 'a' && (*c | 0x20) <= 'z';
        if (letter || (*c >= '0' && *c <= '9'))
            ret_id[n++] = *c;
        else if (*c == '/')
            ret_id[n++] = '_';
    }
    ret_id[n] = '\0';
}

static json_t *reference(const char *schema)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema);
}

/* {"application/json":{"schema":...}} */
static json_t *content_of(json_t *schemas, const char *schema)
{
    json_t *known = json_object_get(schemas, schema);
    const char *type = json_string_value(json_object_get(known, "x-media-type"));
    json_t *content = json_object();
    set(content, type ? type : "application/json", json_pack("{s:o}", "schema", reference(schema)));
    return content;
}

static json_t *query_parameter(const struct api_parameter *parameter)
{
    bool is_time = strcmp(parameter->type, "date-time") == 0;
    json_t *schema = json_pack("{s:s}", "type", is_time ? "string" : parameter->type);
    if (is_time)
        set(schema, "format", json_string("date-time"));
    return json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", parameter->name, "in", "query",
                     "description", parameter->about, "required", (int)parameter->required,
                     "schema", schema);
}

/* Those of the query, and each {name} of the path. */
static json_t *parameters_of(const struct api_route *row)
{
    json_t *list = json_array();
    struct str rest = str_from_c(row->path), segment;
    while (str_cut(&rest, '/', &segment)) {
        if (!str_starts(segment, STR("{")) || segment.len < 3)
            continue;
        json_t *name = json_stringn(segment.ptr + 1, segment.len - 2);
        json_array_append_new(list, json_pack("{s:o, s:s, s:b, s:{s:s}}", "name", name, "in",
                                              "path", "required", 1, "schema", "type", "string"));
    }
    for (const struct api_parameter *row_of = row->parameters; row_of && row_of->name; row_of++)
        json_array_append_new(list, query_parameter(row_of));
    return list;
}

static json_t *responses_of(json_t *schemas, const struct api_route *row)
{
    json_t *problem = json_pack("{s:s, s:{s:{s:o}}}", "description", "A problem.", "content",
                                "application/problem+json", "schema", reference("Problem"));
    json_t *responses = json_pack("{s:o}", "default", problem);
    if (!row->answer) {
        set(responses, "204", json_pack("{s:s}", "description", "Done."));
        return responses;
    }
    char status[16];
    json_t *known = json_object_get(json_object_get(schemas, row->answer), "x-status");
    snprintf(status, sizeof(status), "%d", known ? (int)json_integer_value(known) : 200);
    set(responses, status,
        json_pack("{s:s, s:o}", "description", "Done.", "content",
                  content_of(schemas, row->answer)));
    return responses;
}

static json_t *operation_of(json_t *schemas, const struct api_route *row)
{
    static const char *const who[] = {[API_SEND] = "A token that sends.",
                                      [API_READ] = "A token that reads.",
                                      [API_WHOLE] = "A token that reads all agencies.",
                                      [API_ADMIN] = "An administrator's token."};
    char id[NAME_MAX_BYTES];
    operation_id(row, id);
    json_t *operation =
        json_pack("{s:s, s:s, s:o, s:o}", "operationId", id, "summary", row->summary, "parameters",
                  parameters_of(row), "responses", responses_of(schemas, row));
    if (row->body)
        set(operation, "requestBody",
            json_pack("{s:b, s:o}", "required", 1, "content", content_of(schemas, row->body)));
    if (row->access == API_PUBLIC)
        set(operation, "security", json_array());
    else
        set(operation, "description", json_string(who[row->access]));
    return operation;
}

static json_t *paths_of(const struct route_slot *slots, size_t n, json_t *schemas)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < n; i++) {
        const struct api_route *row = slots[i].row;
        if (!row->summary || !row->method)
            continue;
        char method[16] = "";
        for (size_t c = 0; row->method[c] && c < sizeof(method) - 1; c++)
            method[c] = (char)(row->method[c] | 0x20);
        json_t *path = json_object_get(paths, row->path);
        if (!path) {
            path = json_object();
            set(paths, row->path, path);
        }
        set(path, method, operation_of(schemas, row));
    }
    return paths;
}

static json_t *read_schemas(struct err *err)
{
    struct content content;
    json_t *schemas = NULL;
    if (content_open(&content, NULL, err) < 0)
        return NULL;
    const struct content_file *file = content_find(&content, STR("api/schemas.json"));
    json_error_t problem = {0};
    if (file)
        schemas = json_loadb(file->bytes.ptr, file->bytes.len, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(schemas))
        err_set(err, -EINVAL, "api/schemas.json: %s", file ? problem.text : "it is not there");
    content_close(&content);
    return schemas;
}

int openapi_write(const struct route_slot *slots, size_t n, struct buf *out, struct err *err)
{
    json_t *schemas = read_schemas(err);
    if (!json_is_object(schemas)) {
        json_decref(schemas);
        return err->code;
    }
    json_t *paths = paths_of(slots, n, schemas);
    json_t *document = json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:[{s:[]}, {s:[]}], s:o, s:{s:o, s:{s:{s:s, s:s}, "
        "s:{s:s, s:s, s:s}}}}",
        "openapi", "3.1.0", "info", "title", "jaga", "version", JAGA_VERSION, "description",
        "Events in, findings out. Shippers' own protocols are served beside this interface.",
        "servers", "url", "/", "security", "bearer", "basic", "paths", paths, "components",
        "schemas", schemas, "securitySchemes", "bearer", "type", "http", "scheme", "bearer",
        "basic", "type", "http", "scheme", "basic", "description",
        "Any user; the password is the token.");
    char *text = json_dumps(document, JSON_COMPACT);
    if (text)
        buf_add_c(out, text);
    free(text);
    json_decref(document);
    return text && !out->failed ? 0 : err_set(err, -ENOMEM, "no memory for the OpenAPI document");
}
