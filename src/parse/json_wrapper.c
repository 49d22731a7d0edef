#include "parse/json.h"

/* Bytes of a member's name; no name below is as long. */
#define WRAPPER_NAME_MAX 32

/* Members that hold records, and of whom they are. */
static const struct str list_names[] = {
    {"Records", 7},   /* CloudTrail, S3 notifications */
    {"records", 7},   /* Azure Monitor, Firehose */
    {"value", 5},     /* Microsoft Graph, Office 365 */
    {"entries", 7},   /* Google Cloud Logging */
    {"Events", 6},    /* CloudTrail lookup-events */
    {"events", 6},    /* CloudWatch filter-log-events */
    {"hits", 4},      /* Elasticsearch */
    {"items", 5},     /* Google Workspace reports, Kubernetes' lists */
    {"results", 7},   /* Splunk's REST interface */
    {"logEvents", 9}, /* CloudWatch subscriptions */
};

/* Members that may stand before the list, and are no values of the records. */
static const struct str preamble_names[] = {
    {"@odata.context", 14},
    {"@odata.count", 12},
    {"@odata.nextLink", 15},
    {"NextToken", 9},
    {"nextToken", 9},
    {"nextPageToken", 13},
    {"nextLink", 8},
    {"_scroll_id", 10},
    {"took", 4},
    {"timed_out", 9},
    {"terminated_early", 16},
    {"_shards", 7},
    {"_clusters", 9},
    {"total", 5},
    {"max_score", 9},
    {"kind", 4},
    {"etag", 4},
    {"apiVersion", 10},
    {"metadata", 8},
    {"preview", 7},
    {"init_offset", 11},
    {"messages", 8},
    {"fields", 6},
    {"post_process_count", 18},
    {"messageType", 11},
    {"owner", 5},
    {"logGroup", 8},
    {"logStream", 9},
    {"subscriptionFilters", 19},
};

static bool is_one_of(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

bool json_wrapper_names(struct str name)
{
    return is_one_of(name, list_names, sizeof(list_names) / sizeof(list_names[0]));
}

/* Index of the next byte that is no white space, or data.len. */
static size_t skip_space(struct str data, size_t at)
{
    while (at < data.len && json_is_space(data.ptr[at]))
        at++;
    return at;
}

/* Behind the value at data[at]; data.len where it does not end in data. */
static size_t skip_value(struct str data, size_t at)
{
    char c = data.ptr[at];
    if (c == '{' || c == '[' || c == '"') {
        struct json_scan scan = {0};
        return json_scan_run(&scan, data, at);
    }
    while (at < data.len && data.ptr[at] != ',' && data.ptr[at] != '}' && data.ptr[at] != ']' &&
           data.ptr[at] != '"' && !json_is_space(data.ptr[at]))
        at++;
    return at;
}

/*
 * Reads `"name" :` at data[*at] and moves *at to the value; false: it is not there, or data
 * ended (*at is data.len).
 */
static bool take_name(struct str data, size_t *at, struct str *ret_name)
{
    *at = skip_space(data, *at);
    if (*at == data.len || data.ptr[*at] != '"')
        return false;
    struct str rest = str_first(str_skip(data, *at + 1), WRAPPER_NAME_MAX);
    *ret_name = str_first(rest, str_index(rest, '"'));
    *at = skip_space(data, *at + ret_name->len + 2);
    if (*at >= data.len || data.ptr[*at] != ':') {
        *at = *at > data.len ? data.len : *at;
        return false;
    }
    *at = skip_space(data, *at + 1);
    return *at < data.len;
}

/* Is the list whose '[' is at data[at] one of objects? */
static enum json_wrapper list_of_objects(struct str data, size_t at, size_t *ret_inside)
{
    size_t element = skip_space(data, at + 1);
    if (element == data.len)
        return WRAPPER_MORE;
    *ret_inside = at + 1;
    return data.ptr[element] == '{' || data.ptr[element] == ']' ? WRAPPER_YES : WRAPPER_NO;
}

enum json_wrapper json_wrapper_find(struct str data, size_t *ret_inside, uint32_t *ret_depth)
{
    bool cut = data.len < JSON_SNIFF_SIZE;
    enum json_wrapper unknown = cut ? WRAPPER_MORE : WRAPPER_NO;
    data = str_first(data, JSON_SNIFF_SIZE);
    uint32_t depth = 1;
    size_t at = 1;
    for (;;) {
        struct str name;
        if (!take_name(data, &at, &name))
            return at == data.len ? unknown : WRAPPER_NO;
        if (json_wrapper_names(name) && data.ptr[at] == '[') {
            *ret_depth = depth;
            enum json_wrapper is = list_of_objects(data, at, ret_inside);
            return is == WRAPPER_MORE ? unknown : is;
        }
        if (str_eq(name, STR("hits")) && data.ptr[at] == '{' && depth == 1) {
            depth++;
            at++;
            continue;
        }
        if (!is_one_of(name, preamble_names, sizeof(preamble_names) / sizeof(preamble_names[0])))
            return WRAPPER_NO;
        at = skip_space(data, skip_value(data, at));
        if (at == data.len)
            return unknown;
        if (data.ptr[at] != ',')
            return WRAPPER_NO;
        at++;
    }
}
