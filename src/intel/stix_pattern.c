#include "intel/stix_pattern.h"

#include "intel/canonical.h"

/* What a part of a pattern comes to. Its facts, if it has any, are the last in pattern->facts. */
enum outcome_kind {
    OUTCOME_FACTS,     /* any one of them is enough */
    OUTCOME_TYPE,      /* "dst_ref.type = 'ipv4-addr'": said by the value beside it as well */
    OUTCOME_DIRECTORY, /* the folder of a file */
    OUTCOME_REFUSED,
};

struct outcome {
    enum outcome_kind kind;
    size_t first;              /* of its facts */
    struct str directory;      /* of DIRECTORY */
    enum feed_refusal refusal; /* of REFUSED */
};

struct parser {
    struct str text, rest;
    struct arena *arena;
    struct stix_pattern *pattern;
    struct err *err;
    unsigned depth;
};

static int read_observations(struct parser *parser, struct outcome *ret_outcome);
static int read_comparisons(struct parser *parser, struct outcome *ret_outcome);

/* ---- words ---- */

static int expected(struct parser *parser, const char *what)
{
    return err_at(parser->err, -EINVAL, 1, (uint32_t)(parser->text.len - parser->rest.len) + 1,
                  "expected %s", what);
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static void skip_space(struct parser *parser)
{
    while (parser->rest.len && memchr(" \t\r\n", parser->rest.ptr[0], 4))
        parser->rest = str_skip(parser->rest, 1);
}

/* Takes a mark if it comes next. */
static bool take_mark(struct parser *parser, const char *mark)
{
    struct str text = str_from_c(mark);
    skip_space(parser);
    if (!str_starts(parser->rest, text))
        return false;
    parser->rest = str_skip(parser->rest, text.len);
    return true;
}

/* Takes a whole word if it comes next. Keywords are in capitals (9.1). */
static bool take_word(struct parser *parser, const char *word)
{
    struct str text = str_from_c(word);
    skip_space(parser);
    if (!str_starts(parser->rest, text) ||
        (parser->rest.len > text.len && is_word_byte(parser->rest.ptr[text.len])))
        return false;
    parser->rest = str_skip(parser->rest, text.len);
    return true;
}

static int enter(struct parser *parser)
{
    if (++parser->depth > STIX_DEPTH_MAX)
        return expected(parser, "fewer parentheses within each other");
    return 0;
}

/* '...' with \' and \\ (9.2). */
static int read_string(struct parser *parser, struct str *ret_text)
{
    size_t i = 1;
    bool escaped = false;
    for (; i < parser->rest.len && parser->rest.ptr[i] != '\''; i++)
        if (parser->rest.ptr[i] == '\\') {
            escaped = true;
            i++;
        }
    if (i >= parser->rest.len)
        return expected(parser, "the end of the text, a quotation mark");
    struct str text = str_of(parser->rest.ptr + 1, i - 1);
    parser->rest = str_skip(parser->rest, i + 1);
    if (escaped) {
        char *bytes = arena_bytes(parser->arena, text.len);
        size_t len = 0;
        if (!bytes)
            return err_set(parser->err, -ENOMEM, "no memory for a pattern");
        for (size_t k = 0; k < text.len; k++) {
            k += text.ptr[k] == '\\';
            bytes[len++] = text.ptr[k];
        }
        text = str_of(bytes, len);
    }
    *ret_text = text;
    return 0;
}

/* A literal: text, or a number, a boolean, t'...', h'...', b'...', whose text is left as it is. */
static int read_literal(struct parser *parser, struct str *ret_text)
{
    size_t len = 0;
    skip_space(parser);
    if (parser->rest.len && parser->rest.ptr[0] == '\'')
        return read_string(parser, ret_text);
    if (parser->rest.len > 1 && parser->rest.ptr[1] == '\'' && strchr("thb", parser->rest.ptr[0])) {
        parser->rest = str_skip(parser->rest, 1);
        return read_string(parser, ret_text);
    }
    while (len < parser->rest.len &&
           (is_word_byte(parser->rest.ptr[len]) || strchr("+.", parser->rest.ptr[len])) &&
           parser->rest.ptr[len])
        len++;
    if (len == 0)
        return expected(parser, "a value");
    *ret_text = str_first(parser->rest, len);
    parser->rest = str_skip(parser->rest, len);
    return 0;
}

/* network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' (9.7) */
static int read_path(struct parser *parser, struct str *ret_path)
{
    size_t len = 0;
    bool colon = false;
    skip_space(parser);
    while (len < parser->rest.len) {
        char c = parser->rest.ptr[len];
        if (c == '\'' || c == '"') {
            size_t end = str_index(str_skip(parser->rest, len + 1), c);
            if (len + 1 + end >= parser->rest.len)
                return expected(parser, "the end of a quoted name");
            len += end + 2;
            continue;
        }
        if (c == '[') {
            len += str_index(str_skip(parser->rest, len), ']') + 1;
            continue;
        }
        if (!is_word_byte(c) && c != '.' && c != ':')
            break;
        colon = colon || c == ':';
        len++;
    }
    if (!colon || len > parser->rest.len)
        return expected(parser, "a path like file:name");
    *ret_path = str_first(parser->rest, len);
    parser->rest = str_skip(parser->rest, len);
    return 0;
}

/* ---- paths ---- */

#define PATH_MAX_BYTES 128

static const struct {
    const char *path;
    enum indicator_type type;
} PATHS[] = {
    {"ipv4-addr:value", INDICATOR_IPV4},
    {"ipv6-addr:value", INDICATOR_IPV6},
    {"network-traffic:src_ref.value", INDICATOR_IPV4},
    {"network-traffic:dst_ref.value", INDICATOR_IPV4},
    {"domain-name:value", INDICATOR_DOMAIN},
    {"domain-name:resolves_to_refs.value", INDICATOR_IPV4},
    {"url:value", INDICATOR_URL},
    {"email-addr:value", INDICATOR_EMAIL},
    {"email-message:from_ref.value", INDICATOR_EMAIL},
    {"email-message:sender_ref.value", INDICATOR_EMAIL},
    {"file:name", INDICATOR_FILE_NAME},
    {"process:name", INDICATOR_FILE_NAME},
    {"process:image_ref.name", INDICATOR_FILE_NAME},
    {"process:binary_ref.name", INDICATOR_FILE_NAME},
    {"network-traffic:extensions.http-request-ext.request_header.user-agent", INDICATOR_USER_AGENT},
};

/* What has hashes (STIX 2.1, 10.6). */
static const char *const HASHED[] = {"file:hashes.", "artifact:hashes.", "x509-certificate:hashes.",
                                     "process:image_ref.hashes.", "process:binary_ref.hashes."};

static const struct {
    const char *name;
    enum indicator_type type;
} HASHES[] = {
    {"md5", INDICATOR_MD5},        {"sha-1", INDICATOR_SHA1},    {"sha1", INDICATOR_SHA1},
    {"sha-256", INDICATOR_SHA256}, {"sha256", INDICATOR_SHA256},
};

/* Lower case, without quotes and indices. */
static struct str plain_path(struct str path, char ret_bytes[static PATH_MAX_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < path.len && len < PATH_MAX_BYTES; i++) {
        char c = path.ptr[i];
        if (c == '[') {
            i += str_index(str_skip(path, i), ']');
            continue;
        }
        if (c != '\'' && c != '"')
            ret_bytes[len++] = (char)(c + (((unsigned char)(c - 'A') < 26) << 5));
    }
    return str_of(ret_bytes, len);
}

enum indicator_type stix_path_type(struct str path)
{
    char bytes[PATH_MAX_BYTES];
    path = plain_path(path, bytes);
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++)
        if (str_eq(path, str_from_c(PATHS[i].path)))
            return PATHS[i].type;
    for (size_t i = 0; i < sizeof(HASHED) / sizeof(HASHED[0]); i++) {
        struct str prefix = str_from_c(HASHED[i]);
        if (!str_starts(path, prefix))
            continue;
        for (size_t k = 0; k < sizeof(HASHES) / sizeof(HASHES[0]); k++)
            if (str_eq(str_skip(path, prefix.len), str_from_c(HASHES[k].name)))
                return HASHES[k].type;
    }
    return INDICATOR_NONE;
}

/* ---- comparisons: what is inside [ ] ---- */

static struct outcome refused(struct parser *parser, size_t first, enum feed_refusal refusal)
{
    parser->pattern->facts.len = first;
    return (struct outcome){.kind = OUTCOME_REFUSED, .first = first, .refusal = refusal};
}

/* An alternative that is not to be: counted. */
static void count_refusal(struct parser *parser, const struct outcome *outcome)
{
    if (outcome->kind == OUTCOME_REFUSED)
        parser->pattern->refused[outcome->refusal]++;
    else if (outcome->kind != OUTCOME_FACTS)
        parser->pattern->refused[FEED_NO_TYPE]++;
}

/* What `path = value` says. */
static int say_equal(struct parser *parser, struct str path, struct str value,
                     struct outcome *outcome)
{
    char bytes[PATH_MAX_BYTES];
    struct str plain = plain_path(path, bytes);
    enum indicator_type type = stix_path_type(path);
    if (type == INDICATOR_IPV4 && indicator_guess_address(value) == INDICATOR_NONE &&
        str_starts(plain, STR("network-traffic:")))
        type = INDICATOR_DOMAIN;
    if (type != INDICATOR_NONE) {
        outcome->kind = OUTCOME_FACTS;
        return vec_push(&parser->pattern->facts, (struct stix_fact){type, value}) < 0
                   ? err_set(parser->err, -ENOMEM, "no memory for a pattern")
                   : 0;
    }
    if (str_ends(plain, STR("_ref.type")) || str_ends(plain, STR("_refs.type"))) {
        outcome->kind = OUTCOME_TYPE;
    } else if (str_eq(plain, STR("file:parent_directory_ref.path"))) {
        outcome->kind = OUTCOME_DIRECTORY;
        outcome->directory = value;
    } else {
        *outcome = refused(parser, outcome->first, FEED_NO_TYPE);
    }
    return 0;
}

static int read_set(struct parser *parser, struct str path, struct outcome *outcome)
{
    struct str value;
    bool facts = true;
    if (!take_mark(parser, "("))
        return expected(parser, "'('");
    do {
        struct outcome one = {.first = parser->pattern->facts.len};
        int status = read_literal(parser, &value);
        if (status == 0)
            status = say_equal(parser, path, value, &one);
        if (status < 0)
            return status;
        facts = facts && one.kind == OUTCOME_FACTS;
    } while (take_mark(parser, ","));
    if (!take_mark(parser, ")"))
        return expected(parser, "',' or ')'");
    outcome->kind = OUTCOME_FACTS;
    if (!facts)
        *outcome = refused(parser, outcome->first, FEED_NO_TYPE);
    return 0;
}

/* path [NOT] operator value (9.6) */
static int read_test(struct parser *parser, struct outcome *outcome)
{
    static const char *const OTHERS[] = {"!=", "<=", ">=", "<>", "<", ">"};
    static const char *const WORDS[] = {"LIKE", "MATCHES", "ISSUPERSET"};
    struct str path, value;
    bool exists = take_word(parser, "EXISTS");
    int status = read_path(parser, &path);
    if (status < 0 || exists) {
        *outcome = refused(parser, outcome->first, FEED_OPERATOR);
        return status;
    }
    bool negated = take_word(parser, "NOT"), other = false;
    for (size_t i = 0; !other && i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
        other = take_mark(parser, OTHERS[i]);
    for (size_t i = 0; !other && i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
        other = take_word(parser, WORDS[i]);
    if (!other && take_word(parser, "IN")) {
        status = read_set(parser, path, outcome);
    } else {
        /* An address is a network of one: to be in it is what an indicator of a network means. */
        bool equal = !other && (take_mark(parser, "=") || take_word(parser, "ISSUBSET"));
        if (!other && !equal)
            return expected(parser, "a comparison");
        status = read_literal(parser, &value);
        if (status == 0 && equal)
            status = say_equal(parser, path, value, outcome);
    }
    if (status == 0 && (negated || other))
        *outcome = refused(parser, outcome->first, FEED_OPERATOR);
    return status;
}

static bool is_digest(enum indicator_type type)
{
    return type == INDICATOR_MD5 || type == INDICATOR_SHA1 || type == INDICATOR_SHA256;
}

/* The only fact of an outcome, or NULL. `end`: of its facts. */
static struct stix_fact *only_fact(struct parser *parser, const struct outcome *outcome, size_t end)
{
    bool only = outcome->kind == OUTCOME_FACTS && end - outcome->first == 1;
    return only ? &parser->pattern->facts.items[outcome->first] : NULL;
}

/* A folder and a name are a path. */
static int join_path(struct parser *parser, struct str folder, struct stix_fact *name)
{
    bool windows = str_index(folder, '\\') < folder.len || str_index(folder, ':') < folder.len;
    bool ended = folder.len && memchr("/\\", folder.ptr[folder.len - 1], 2);
    struct str path = arena_printf(parser->arena, "%.*s%s%.*s", STR_ARG(folder),
                                   ended     ? ""
                                   : windows ? "\\"
                                             : "/",
                                   STR_ARG(name->value));
    if (!path.ptr)
        return err_set(parser->err, -ENOMEM, "no memory for a pattern");
    *name = (struct stix_fact){INDICATOR_FILE_PATH, path};
    return 0;
}

/* Both at once: only where that is one fact after all. */
static int both(struct parser *parser, struct outcome *left, const struct outcome *right)
{
    struct stix_pattern *pattern = parser->pattern;
    struct stix_fact *a = only_fact(parser, left, right->first);
    struct stix_fact *b = only_fact(parser, right, pattern->facts.len);
    if (left->kind == OUTCOME_REFUSED || right->kind == OUTCOME_REFUSED) {
        bool first = left->kind == OUTCOME_REFUSED;
        *left = refused(parser, left->first, first ? left->refusal : right->refusal);
        return 0;
    }
    if (right->kind == OUTCOME_TYPE)
        return 0;
    if (left->kind == OUTCOME_TYPE) {
        size_t first = left->first; /* a type has no facts: the right one's begin where its would */
        *left = *right;
        left->first = first;
        return 0;
    }
    if (a && b && is_digest(a->type) && is_digest(b->type)) {
        if (b->type > a->type) /* in the order of their strength */
            *a = *b;
        pattern->facts.len--;
        return 0;
    }
    if (a && right->kind == OUTCOME_DIRECTORY && a->type == INDICATOR_FILE_NAME)
        return join_path(parser, right->directory, a);
    if (b && left->kind == OUTCOME_DIRECTORY && b->type == INDICATOR_FILE_NAME) {
        struct str folder = left->directory;
        *left = (struct outcome){.kind = OUTCOME_FACTS, .first = left->first};
        return join_path(parser, folder, b);
    }
    *left = refused(parser, left->first, FEED_CONJUNCTION);
    return 0;
}

/* Either: the facts of both lie one after the other. */
static void either(struct parser *parser, struct outcome *left, const struct outcome *right)
{
    if (right->kind != OUTCOME_FACTS) {
        count_refusal(parser, right);
    } else if (left->kind != OUTCOME_FACTS) {
        size_t first = left->first;
        count_refusal(parser, left);
        *left = *right;
        left->first = first;
    }
}

/* AND binds more tightly than OR (9.5). `one` reads an operand. */
static int read_and(struct parser *parser, struct outcome *outcome,
                    int (*one)(struct parser *parser, struct outcome *outcome), bool observations)
{
    int status = one(parser, outcome);
    while (status == 0 && take_word(parser, "AND")) {
        struct outcome right = {.first = parser->pattern->facts.len};
        status = one(parser, &right);
        if (status == 0 && observations)
            *outcome = refused(parser, outcome->first, FEED_CONJUNCTION);
        else if (status == 0)
            status = both(parser, outcome, &right);
    }
    return status;
}

static int read_comparison(struct parser *parser, struct outcome *outcome)
{
    outcome->first = parser->pattern->facts.len;
    if (!take_mark(parser, "("))
        return read_test(parser, outcome);
    int status = enter(parser);
    if (status == 0)
        status = read_comparisons(parser, outcome);
    parser->depth--;
    if (status == 0 && !take_mark(parser, ")"))
        return expected(parser, "')', AND or OR");
    return status;
}

static int read_comparisons(struct parser *parser, struct outcome *outcome)
{
    outcome->first = parser->pattern->facts.len;
    int status = read_and(parser, outcome, read_comparison, false);
    while (status == 0 && take_word(parser, "OR")) {
        struct outcome right = {.first = parser->pattern->facts.len};
        status = read_and(parser, &right, read_comparison, false);
        if (status == 0)
            either(parser, outcome, &right);
    }
    return status;
}

/* ---- observations: [ ] and what joins them (9.4) ---- */

static int read_qualifiers(struct parser *parser, struct outcome *outcome)
{
    struct str value;
    int status = 0;
    for (;;) {
        if (take_word(parser, "WITHIN")) {
            status = read_literal(parser, &value); /* one observation is within any time */
            if (status == 0 && !take_word(parser, "SECONDS"))
                return expected(parser, "SECONDS");
        } else if (take_word(parser, "REPEATS")) {
            status = read_literal(parser, &value);
            if (status == 0 && !take_word(parser, "TIMES"))
                return expected(parser, "TIMES");
            if (status == 0 && !str_eq(value, STR("1")))
                *outcome = refused(parser, outcome->first, FEED_QUALIFIER);
        } else if (take_word(parser, "START")) {
            status = read_literal(parser, &value);
            if (status == 0 && !take_word(parser, "STOP"))
                return expected(parser, "STOP");
            if (status == 0)
                status = read_literal(parser, &value);
            if (status == 0)
                *outcome = refused(parser, outcome->first, FEED_QUALIFIER);
        } else {
            return 0;
        }
        if (status < 0)
            return status;
    }
}

static int read_observation(struct parser *parser, struct outcome *outcome)
{
    outcome->first = parser->pattern->facts.len;
    bool group = take_mark(parser, "(");
    if (!group && !take_mark(parser, "["))
        return expected(parser, "'[' or '('");
    int status = enter(parser);
    if (status == 0)
        status = group ? read_observations(parser, outcome) : read_comparisons(parser, outcome);
    parser->depth--;
    if (status == 0 && !take_mark(parser, group ? ")" : "]"))
        return expected(parser, group ? "')', AND, OR or FOLLOWEDBY" : "']', AND or OR");
    return status < 0 ? status : read_qualifiers(parser, outcome);
}

static int read_alternatives(struct parser *parser, struct outcome *outcome)
{
    outcome->first = parser->pattern->facts.len;
    int status = read_and(parser, outcome, read_observation, true);
    while (status == 0 && take_word(parser, "OR")) {
        struct outcome right = {.first = parser->pattern->facts.len};
        status = read_and(parser, &right, read_observation, true);
        if (status == 0)
            either(parser, outcome, &right);
    }
    return status;
}

static int read_observations(struct parser *parser, struct outcome *outcome)
{
    outcome->first = parser->pattern->facts.len;
    int status = read_alternatives(parser, outcome);
    while (status == 0 && take_word(parser, "FOLLOWEDBY")) {
        struct outcome right = {.first = parser->pattern->facts.len};
        status = read_alternatives(parser, &right);
        if (status == 0)
            *outcome = refused(parser, outcome->first, FEED_CONJUNCTION);
    }
    return status;
}

int stix_pattern_read(struct str text, struct arena *arena, struct stix_pattern *pattern,
                      struct err *err)
{
    struct parser parser = {text, text, arena, pattern, err, 0};
    struct outcome outcome = {0};
    pattern->facts.len = 0;
    memset(pattern->refused, 0, sizeof(pattern->refused));
    if (text.len > STIX_PATTERN_MAX)
        return err_set(err, -EINVAL, "a pattern of more than %u bytes", STIX_PATTERN_MAX);
    int status = read_observations(&parser, &outcome);
    skip_space(&parser);
    if (status == 0 && parser.rest.len)
        status = expected(&parser, "AND, OR, FOLLOWEDBY or the end");
    if (status == 0)
        count_refusal(&parser, &outcome);
    return status;
}

void stix_pattern_free(struct stix_pattern *pattern)
{
    vec_free(&pattern->facts);
}
