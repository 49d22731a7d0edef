#include "intel/builder.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/utf8.h"
#include "intel/canonical.h"
#include "intel/gather.h"

#define ALLOW_MATCH_LIMIT 100000 /* steps of one regular expression over one value */

const char *const allow_kind_names[ALLOW_KINDS] = {"exact", "hostname", "cidr", "substring",
                                                   "regex"};

/* A part of an allow-list that no table holds: asked of each indicator. */
struct allow_pattern {
    enum allow_kind kind;
    uint32_t types;
    struct str text;   /* of a substring, folded; in the metas' arena */
    pcre2_code *regex; /* of a regular expression */
};

struct intel_builder {
    int64_t now;
    struct gathered gathered;
    VEC(struct allow_pattern) patterns;
    pcre2_match_data *match_data;
    pcre2_match_context *match_context;

    /* The allow-list, in the shape that is looked up; made before the first indicator. */
    struct buf allow_file;
    struct intel *allow;

    struct image_meta last; /* the meta that the last indicator had, and its number */
    uint32_t last_number;
    struct str last_texts[3]; /* source, id, label, in last_bytes */
    char last_bytes[INDICATOR_SOURCE_MAX + 2 * INDICATOR_LABEL_MAX];

    struct intel_builder_stats stats;
};

struct intel_builder *intel_builder_new(int64_t now)
{
    struct intel_builder *builder = calloc(1, sizeof(*builder));
    if (!builder)
        return NULL;
    builder->now = now;
    builder->last_number = UINT32_MAX;
    builder->match_data = pcre2_match_data_create(1, NULL);
    builder->match_context = pcre2_match_context_create(NULL);
    if (!builder->match_data || !builder->match_context ||
        metas_init(&builder->gathered.metas) < 0) {
        intel_builder_free(builder);
        return NULL;
    }
    pcre2_set_match_limit(builder->match_context, ALLOW_MATCH_LIMIT);
    return builder;
}

void intel_builder_free(struct intel_builder *builder)
{
    if (!builder)
        return;
    for (int set = 0; set < IMAGE_SETS; set++) {
        for (int i = 0; i < IMAGE_TABLES; i++)
            vec_free(&builder->gathered.sets[set].tables[i]);
        for (int i = 0; i < IMAGE_FAMILIES; i++)
            vec_free(&builder->gathered.sets[set].networks[i]);
    }
    for (size_t i = 0; i < builder->patterns.len; i++)
        pcre2_code_free(builder->patterns.items[i].regex);
    vec_free(&builder->patterns);
    pcre2_match_data_free(builder->match_data);
    pcre2_match_context_free(builder->match_context);
    intel_close(builder->allow);
    buf_free(&builder->allow_file);
    buf_free(&builder->gathered.texts);
    metas_free(&builder->gathered.metas);
    free(builder);
}

/* ---- values ---- */

static int add_text(struct gathered *gathered, struct record_list *records, struct str value,
                    uint32_t meta)
{
    struct record record = {.high = image_hash_of_text(value),
                            .low = IMAGE_TEXT_AT(gathered->texts.len, value.len),
                            .meta = meta};
    buf_add_str(&gathered->texts, value);
    return gathered->texts.failed ? -ENOMEM : vec_push(records, record);
}

static int add_network(struct network_list *networks, const struct address *address, unsigned bits,
                       uint32_t meta)
{
    struct image_network network = {.meta = meta, .parent = IMAGE_NO_PARENT, .bits = bits};
    memcpy(network.address, address->bytes, sizeof(network.address));
    return vec_push(networks, network);
}

/* A canonical value into the set. -EINVAL: it is not. */
static int add_value(struct gathered *gathered, enum image_set set, unsigned table,
                     struct str value, uint32_t meta)
{
    struct gathered_set *to = &gathered->sets[set];
    struct record_list *records = &to->tables[table];
    if (value.len == 0 || value.len > INDICATOR_VALUE_MAX)
        return -EINVAL;
    if (records->len >= UINT32_MAX)
        return -E2BIG;
    if (image_is_network(table)) {
        struct address address;
        unsigned bits;
        const char *problem;
        if (!address_parse_network(value, &address, &bits, &problem) ||
            address.ipv6 != (table == INDICATOR_CIDR6))
            return -EINVAL;
        return add_network(&to->networks[address.ipv6], &address, bits, meta);
    }
    if (image_is_text(table))
        return add_text(gathered, records, value, meta);
    struct image_key key;
    if (!image_key_of_value((enum indicator_type)table, value, &key))
        return -EINVAL;
    return vec_push(records, (struct record){key.high, key.low, meta});
}

/* ---- allow-lists ---- */

/* The table in which an allowed value of that type stands, for that kind; INDICATOR_NONE: in none. */
static unsigned allow_table(enum allow_kind kind, unsigned type)
{
    bool name = type == INDICATOR_DOMAIN || type == INDICATOR_HOST;
    if (kind == ALLOW_HOST_NAME)
        return name ? INDICATOR_DOMAIN : type == INDICATOR_URL ? IMAGE_URL_HOSTS : INDICATOR_NONE;
    return name ? INDICATOR_HOST : type;
}

static int allow_network(struct gathered *gathered, struct str value)
{
    char bytes[INDICATOR_VALUE_MAX];
    enum indicator_type type = indicator_guess_address(value);
    switch (type) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6: {
        struct address address;
        bool ipv6 = type == INDICATOR_IPV6;
        if (!indicator_address(str_first(value, str_index(value, '/')), &address))
            return -EINVAL;
        return add_network(&gathered->sets[IMAGE_ALLOW].networks[ipv6], &address, ipv6 ? 128 : 32,
                           0);
    }
    case INDICATOR_CIDR4:
    case INDICATOR_CIDR6:
        if (!indicator_canonical(type, value, bytes, &value))
            return -EINVAL;
        return add_value(gathered, IMAGE_ALLOW, type, value, 0);
    default:
        return -EINVAL;
    }
}

/* For each type that the value can be. -EINVAL: it can be none of them. */
static int allow_value(struct gathered *gathered, const struct intel_allow *allow)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct str value;
    int status = -EINVAL;
    for (unsigned type = INDICATOR_NONE + 1; type < INDICATOR_COUNT; type++) {
        unsigned table = allow_table(allow->kind, type);
        enum indicator_type spelling =
            table == IMAGE_URL_HOSTS ? INDICATOR_DOMAIN : (enum indicator_type)type;
        if (!(allow->types >> type & 1) || table == INDICATOR_NONE ||
            !indicator_canonical(spelling, allow->value, bytes, &value))
            continue;
        status = add_value(gathered, IMAGE_ALLOW, table, value, 0);
        if (status < 0)
            return status;
    }
    return status;
}

static int allow_pattern(struct intel_builder *builder, const struct intel_allow *allow,
                         struct err *err)
{
    struct allow_pattern pattern = {.kind = allow->kind, .types = allow->types};
    if (builder->patterns.len >= ALLOW_PATTERNS_MAX)
        return err_set(err, -EINVAL, "more than %d substrings and regular expressions",
                       ALLOW_PATTERNS_MAX);
    if (allow->kind == ALLOW_SUBSTRING) {
        char folded[INDICATOR_VALUE_MAX];
        if (allow->value.len == 0 || allow->value.len > INDICATOR_VALUE_MAX / 3 * 2 - 4 ||
            utf8_valid(allow->value) < allow->value.len)
            return err_set(err, -EINVAL, "no text to look for");
        pattern.text = arena_copy(&builder->gathered.metas.arena,
                                  str_of(folded, utf8_fold_text(allow->value, folded)));
        if (!pattern.text.ptr)
            return err_set(err, -ENOMEM, "no memory for allow-lists");
    } else {
        int code;
        PCRE2_SIZE offset;
        struct str text = allow->value;
        /* Warning lists write /.../ and /.../i around some. */
        if (str_ends(text, STR("/i")))
            text.len--;
        if (text.len >= 2 && text.ptr[0] == '/' && text.ptr[text.len - 1] == '/')
            text = str_of(text.ptr + 1, text.len - 2);
        pattern.regex =
            pcre2_compile((PCRE2_SPTR)text.ptr, text.len, PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C,
                          &code, &offset, NULL);
        if (!pattern.regex) {
            char message[128] = "";
            pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof(message));
            return err_set(err, -EINVAL, "no regular expression: %s", message);
        }
    }
    if (vec_push(&builder->patterns, pattern) < 0) {
        pcre2_code_free(pattern.regex);
        return err_set(err, -ENOMEM, "no memory for allow-lists");
    }
    return 0;
}

int intel_builder_allow(struct intel_builder *builder, const struct intel_allow *allow,
                        struct err *err)
{
    int status = -EINVAL;
    if (builder->allow)
        return err_set(err, -EINVAL, "an allow-list comes before the indicators");
    switch (allow->kind) {
    case ALLOW_EXACT:
    case ALLOW_HOST_NAME:
        status = allow_value(&builder->gathered, allow);
        break;
    case ALLOW_NETWORK:
        status = allow_network(&builder->gathered, allow->value);
        break;
    case ALLOW_SUBSTRING:
    case ALLOW_REGEX:
        return allow_pattern(builder, allow, err);
    case ALLOW_KINDS:
        break;
    }
    if (status == -EINVAL)
        return err_set(err, status, "no value of a type that the list is about");
    return status < 0 ? err_set(err, status, "no memory for allow-lists") : 0;
}

/* The allow-list so far, as a file of its own. */
static int close_allow(struct intel_builder *builder)
{
    struct err err;
    int status = assemble(&builder->gathered);
    if (status == 0)
        status = layout_write(&builder->gathered, builder->now, &builder->allow_file);
    builder->gathered.merged = 0;
    if (status == 0) {
        builder->allow = intel_open(buf_str(&builder->allow_file), &err);
        status = builder->allow ? 0 : err.code;
    }
    return status;
}

static bool pattern_matches(struct intel_builder *builder, const struct allow_pattern *pattern,
                            struct str value)
{
    char folded[INDICATOR_VALUE_MAX];
    if (pattern->kind == ALLOW_REGEX)
        return pcre2_match(pattern->regex, (PCRE2_SPTR)value.ptr, value.len, 0, 0,
                           builder->match_data, builder->match_context) >= 0;
    if (value.len > INDICATOR_VALUE_MAX / 3 * 2 - 4 || utf8_valid(value) < value.len)
        return str_find(value, pattern->text) != SIZE_MAX;
    return str_find(str_of(folded, utf8_fold_text(value, folded)), pattern->text) != SIZE_MAX;
}

static bool is_allowed(struct intel_builder *builder, const struct indicator *indicator)
{
    if (image_allows(builder->allow, indicator->type, indicator->value))
        return true;
    for (size_t i = 0; i < builder->patterns.len; i++) {
        const struct allow_pattern *pattern = &builder->patterns.items[i];
        if (pattern->types >> indicator->type & 1 &&
            pattern_matches(builder, pattern, indicator->value))
            return true;
    }
    return false;
}

/* ---- indicators ---- */

/* The first `max` bytes of a text, without a broken character at the end. */
static struct str cut_text(struct str text, size_t max)
{
    if (text.len <= max)
        return text;
    size_t len = max;
    while (len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_first(text, len);
}

/* Most indicators of a feed say the same besides their value: that is noticed without a look-up. */
static bool same_as_last(const struct intel_builder *builder, const struct str texts[3],
                         const struct image_meta *meta)
{
    const struct image_meta *last = &builder->last;
    return builder->last_number != UINT32_MAX && last->confidence == meta->confidence &&
           last->tlp == meta->tlp && last->from == meta->from && last->until == meta->until &&
           str_eq(texts[0], builder->last_texts[0]) && str_eq(texts[1], builder->last_texts[1]) &&
           str_eq(texts[2], builder->last_texts[2]);
}

static void remember(struct intel_builder *builder, const struct str texts[3],
                     const struct image_meta *meta, uint32_t number)
{
    size_t len = 0;
    for (int i = 0; i < 3; i++) {
        if (texts[i].len)
            memcpy(builder->last_bytes + len, texts[i].ptr, texts[i].len);
        builder->last_texts[i] = str_of(builder->last_bytes + len, texts[i].len);
        len += texts[i].len;
    }
    builder->last = *meta;
    builder->last_number = number;
}

static int find_meta(struct intel_builder *builder, const struct indicator *indicator,
                     uint32_t *ret_number)
{
    struct metas *metas = &builder->gathered.metas;
    struct str texts[3] = {cut_text(indicator->source, INDICATOR_SOURCE_MAX),
                           cut_text(indicator->id, INDICATOR_LABEL_MAX),
                           cut_text(indicator->label, INDICATOR_LABEL_MAX)};
    struct image_meta meta = {
        .from = indicator->from,
        .until = indicator->until,
        .confidence = indicator->confidence,
        .tlp = (uint8_t)indicator->tlp,
    };
    if (same_as_last(builder, texts, &meta)) {
        *ret_number = builder->last_number;
        return 0;
    }
    int status = metas_string(metas, texts[0], &meta.source);
    if (status == 0)
        status = metas_string(metas, texts[1], &meta.id);
    if (status == 0)
        status = metas_string(metas, texts[2], &meta.label);
    if (status == 0)
        status = metas_add(metas, &meta, ret_number);
    if (status == 0)
        remember(builder, texts, &meta, *ret_number);
    return status;
}

int intel_builder_add(struct intel_builder *builder, const struct indicator *indicator)
{
    uint32_t meta;
    int status = builder->allow ? 0 : close_allow(builder);
    if (status < 0)
        return status;
    if (indicator->type <= INDICATOR_NONE || indicator->type >= INDICATOR_COUNT)
        return -EINVAL;
    builder->stats.added++;
    if (indicator->until != TIME_UNSET && indicator->until <= builder->now) {
        builder->stats.expired++;
        return 0;
    }
    if (is_allowed(builder, indicator)) {
        builder->stats.allowed++;
        return 0;
    }
    status = find_meta(builder, indicator, &meta);
    if (status == 0)
        status = add_value(&builder->gathered, IMAGE_INDICATORS, indicator->type, indicator->value,
                           meta);
    if (status < 0)
        builder->stats.added--;
    return status;
}

int intel_builder_finish(struct intel_builder *builder, struct buf *ret_file)
{
    int status = builder->allow ? 0 : close_allow(builder);
    if (status == 0)
        status = assemble(&builder->gathered);
    if (status < 0)
        return status;
    builder->stats.merged = builder->gathered.merged;
    builder->stats.kept = builder->stats.added - builder->stats.allowed - builder->stats.expired -
                          builder->stats.merged;
    return layout_write(&builder->gathered, builder->now, ret_file);
}

void intel_builder_stats(const struct intel_builder *builder, struct intel_builder_stats *ret_stats)
{
    *ret_stats = builder->stats;
}
