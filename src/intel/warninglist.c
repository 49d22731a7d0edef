/*
 * MISP's warning lists: values that are known and harmless. {"type": "string|substring|hostname|cidr|regex",
 * "matching_attributes": ["ip-dst", ...], "list": [...]}. They are always allow-lists.
 */
#include "intel/feed_take.h"
#include "intel/json_tree.h"

#define PROBE_BYTES 8192

/* The types of indicators that attributes of these types become. */
static uint32_t read_types(const json_t *attributes)
{
    uint32_t types = 0;
    size_t i;
    json_t *attribute;
    json_array_foreach(attributes, i, attribute)
    {
        struct feed_type type;
        if (!feed_type_by_name(json_tree_text(attribute), &type))
            continue;
        types |= UINT32_C(1) << type.type | UINT32_C(1) << type.second;
    }
    /* Attributes of one type hold either family; a network is judged as its addresses are. */
    uint32_t addresses = UINT32_C(1) << INDICATOR_IPV4 | UINT32_C(1) << INDICATOR_IPV6 |
                         UINT32_C(1) << INDICATOR_CIDR4 | UINT32_C(1) << INDICATOR_CIDR6;
    uint32_t names = UINT32_C(1) << INDICATOR_DOMAIN | UINT32_C(1) << INDICATOR_HOST;
    if (types & addresses)
        types |= addresses;
    if (types & names)
        types |= names;
    return types & ~(UINT32_C(1) << INDICATOR_NONE);
}

static enum allow_kind read_kind(const json_t *list)
{
    static const struct {
        const char *type;
        enum allow_kind kind;
    } KINDS[] = {
        {"string", ALLOW_EXACT}, {"substring", ALLOW_SUBSTRING}, {"hostname", ALLOW_HOST_NAME},
        {"cidr", ALLOW_NETWORK}, {"regex", ALLOW_REGEX},
    };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        if (str_eq(json_tree_member(list, "type"), str_from_c(KINDS[i].type)))
            return KINDS[i].kind;
    return ALLOW_EXACT; /* MISP's own default */
}

static int read_warninglist(struct str bytes, const struct feed_options *options,
                            const struct feed_sink *sink, struct feed_report *report,
                            struct err *err)
{
    struct feed_reader reader = {options, sink, report, err, 0};
    json_t *root = json_tree(bytes, err);
    if (!root)
        return err->code;
    struct intel_allow allow = {
        .kind = read_kind(root),
        .types = read_types(json_object_get(root, "matching_attributes")),
    };
    size_t i;
    json_t *value;
    int status = 0;
    json_array_foreach(json_object_get(root, "list"), i, value)
    {
        allow.value = str_trim(json_tree_text(value));
        if (status == 0)
            status = feed_allow(&reader, &allow);
    }
    json_decref(root);
    return status;
}

static bool probe(struct str bytes)
{
    struct str start = str_trim(str_first(bytes, PROBE_BYTES));
    if (start.len == 0 || start.ptr[0] != '{')
        return false;
    /* `list` may come first and be long: what comes after it is at the end. */
    size_t tail = bytes.len > PROBE_BYTES ? bytes.len - PROBE_BYTES : 0;
    return str_find(start, STR("\"matching_attributes\"")) != SIZE_MAX ||
           str_find(str_skip(bytes, tail), STR("\"matching_attributes\"")) != SIZE_MAX;
}

const struct feed_format feed_warninglist = {
    .name = "warninglist",
    .about = "MISP warning lists: values that are harmless",
    .probe = probe,
    .read = read_warninglist,
};
