/*
 * Functions of KQL on strings. Positions and lengths count code points, from 0.
 */
#include "base/utf8.h"
#include "hunt/bind.h"
#include "hunt/dynamic.h"
#include "hunt/native.h"
#include "hunt/regex_groups.h"
#include "hunt/terms.h"

#define REPEATS_MAX 1024 /* of strrep(), as documented */
#define GROUP_MAX 9      /* that the engine extracts */

/* ---- positions ---- */

/* The byte at which code point `index` begins, or text.len. */
static size_t byte_of(struct str text, int64_t index)
{
    size_t at = 0;
    while (index > 0 && at < text.len) {
        for (at++; at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80;)
            at++;
        index--;
    }
    return at;
}

static int64_t count_points(struct str text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* A negative index counts from the end, and stops at the beginning. */
static int64_t from_start(struct str text, int64_t index)
{
    if (index >= 0)
        return index;
    int64_t count = count_points(text);
    return index < -count ? 0 : count + index;
}

NATIVE(substring)
{
    struct str text = native_text(call, 0, row);
    int64_t length = native_integer(call, 2, row);
    text = str_skip(text, byte_of(text, from_start(text, native_integer(call, 1, row))));
    call->put_text(call, row, str_first(text, byte_of(text, length)));
}

/*
 * indexof(text, match, start, length, occurrence). The length counts anew behind each occurrence that is passed, as in
 * the reference's examples.
 */
/* Where the delimiter stands at or after `at`, or the length of the text. */
static size_t next_delimiter(struct str text, struct str delimiter, size_t at)
{
    size_t found = str_find(str_skip(text, at), delimiter);
    return found == SIZE_MAX ? text.len : at + found;
}

static int64_t count_parts(struct str text, struct str delimiter)
{
    int64_t n = 1;
    for (size_t at = 0; (at = next_delimiter(text, delimiter, at)) < text.len; at += delimiter.len)
        n++;
    return n;
}

/* kql_part(text, delimiter, n): what split(text, delimiter)[n] is; NULL where there are fewer parts. */
NATIVE(part)
{
    struct str text = native_text(call, 0, row), delimiter = native_text(call, 1, row);
    int64_t n = native_integer(call, 2, row);
    size_t at = 0;
    const char *last = NULL;
    if (n == -1 && delimiter.len == 1 && text.len > 0) {
        last = memrchr(text.ptr, delimiter.ptr[0], text.len);
        call->put_text(call, row, last ? str_skip(text, (size_t)(last - text.ptr) + 1) : text);
        return;
    }
    if (n < 0)
        n += count_parts(text, delimiter);
    size_t end = next_delimiter(text, delimiter, at);
    for (; n > 0 && end < text.len; n--) {
        at = end + delimiter.len;
        end = next_delimiter(text, delimiter, at);
    }
    if (n != 0)
        call->put_null(call, row);
    else
        call->put_text(call, row, str_first(str_skip(text, at), end - at));
}

NATIVE(index_of)
{
    struct str text = native_text(call, 0, row);
    struct terms_needle needle = terms_needle(native_text(call, 1, row), false);
    int64_t length = native_integer(call, 3, row), left = native_integer(call, 4, row);
    if (length < -1 || left < 0) {
        call->put_null(call, row);
        return;
    }
    size_t at = byte_of(text, from_start(text, native_integer(call, 2, row)));
    for (;; at++) {
        struct str rest = str_skip(text, at);
        struct str window = str_first(rest, length < 0 ? rest.len : byte_of(rest, length));
        size_t found = at <= text.len ? terms_find(window, &needle, 0) : SIZE_MAX;
        if (found == SIZE_MAX) {
            call->integers[row] = -1;
            return;
        }
        at += found;
        if (--left <= 0)
            break;
    }
    call->integers[row] = count_points(str_first(text, at));
}

/* ---- text from text ---- */

NATIVE(repeat)
{
    struct str text = native_text(call, 0, row), delimiter = native_text(call, 2, row);
    int64_t times = native_integer(call, 1, row);
    struct buf buf = {0};
    for (int64_t i = 0; i < times && i < REPEATS_MAX; i++) {
        if (i)
            buf_add_str(&buf, delimiter);
        buf_add_str(&buf, text);
    }
    native_put(call, row, &buf);
}

NATIVE(join_array)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct str key, value, delimiter = native_text(call, 1, row);
    struct buf buf = {0}, room = {0};
    bool first = true;
    while (!walk.object && json_cursor_next(&walk, &key, &value)) {
        if (!first)
            buf_add_str(&buf, delimiter);
        first = false;
        if (dynamic_kind(value) != DYNAMIC_NULL)
            buf_add_str(&buf, dynamic_text(value, &room));
    }
    buf_free(&room);
    native_put(call, row, &buf);
}

/* What `point` becomes: nothing (0) where there is no list; the last of a shorter list for all behind it. */
static struct str translated(struct str search, struct str replacement, struct str point)
{
    int64_t index = 0;
    for (; search.len; index++) {
        uint32_t ignored;
        size_t len = utf8_decode(search, &ignored);
        if (str_eq(str_first(search, len), point))
            break;
        search = str_skip(search, len);
    }
    if (search.len == 0)
        return point;
    int64_t count = count_points(replacement);
    replacement = str_skip(replacement, byte_of(replacement, index < count ? index : count - 1));
    return str_first(replacement, byte_of(replacement, 1));
}

NATIVE(translate)
{
    struct str text = native_text(call, 2, row);
    struct buf buf = {0};
    while (text.len) {
        uint32_t ignored;
        size_t len = utf8_decode(text, &ignored);
        buf_add_str(&buf, translated(native_text(call, 0, row), native_text(call, 1, row),
                                     str_first(text, len)));
        text = str_skip(text, len);
    }
    native_put(call, row, &buf);
}

/* Each of a list of texts by the one at its place in another, one after the other. */
NATIVE(replace_strings)
{
    struct json_cursor lookups = json_cursor_of(native_text(call, 1, row));
    struct json_cursor rewrites = json_cursor_of(native_text(call, 2, row));
    struct buf text = {0}, next = {0}, room = {0}, other = {0};
    struct str key, lookup, rewrite;
    buf_add_str(&text, native_text(call, 0, row));
    while (json_cursor_next(&lookups, &key, &lookup) &&
           json_cursor_next(&rewrites, &key, &rewrite)) {
        struct terms_needle needle = terms_needle(dynamic_text(lookup, &room), false);
        struct str all = buf_str(&text);
        size_t from = 0, at;
        buf_clear(&next);
        while (needle.text.len && (at = terms_find(all, &needle, from)) != SIZE_MAX) {
            buf_add(&next, all.ptr + from, at - from);
            buf_add_str(&next, dynamic_text(rewrite, &other));
            from = at + needle.text.len;
        }
        buf_add_str(&next, str_skip(all, from));
        struct buf swapped = text;
        text = next;
        next = swapped;
    }
    buf_free(&next);
    buf_free(&room);
    buf_free(&other);
    native_put(call, row, &text);
}

const struct lake_function hunt_string_natives[] = {
    {.name = "kql_part",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER},
     .call = part},
    {.name = "kql_substring",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER},
     .call = substring},
    {.name = "kql_indexof",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER, LAKE_INTEGER},
     .call = index_of},
    {.name = "kql_strrep",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT, LAKE_INTEGER, LAKE_TEXT},
     .call = repeat},
    {.name = "kql_strcat_array",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = join_array},
    {.name = "kql_translate",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_TEXT},
     .call = translate},
    {.name = "kql_replace_strings",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_TEXT},
     .call = replace_strings},
    {0},
};

/* ---- the rows ---- */

/* extract(regex, group, text [, typeof(t)]) */
static int emit_extract(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    int64_t group = call->args[1].literal.integer;
    if (group < 0 || group > GROUP_MAX)
        return hunt_refuse(bind, call->place, "extract() takes capture groups 0 to %d", GROUP_MAX);
    struct hunt_value text = {.type = KQL_STRING, .filled = true};
    if (!call->args[0].constant)
        bind->uncertain = true; /* a value that is no regular expression */
    text.sql = hunt_text(bind, "regexp_extract(%.*s, %.*s, %d)", STR_ARG(call->args[2].sql),
                         STR_ARG(call->args[0].sql), (int)group);
    *ret = call->n_args > 3 ? hunt_convert(bind, text, call->args[3].type) : text;
    return 0;
}

/* The groups that extract_all() takes: those of its array, by number or name, or all. Returns how many; 0: wrong. */
static unsigned chosen_groups(const struct hunt_call *call, unsigned ret_groups[static GROUP_MAX])
{
    struct str regex = call->args[0].literal.text;
    unsigned all = regex_groups_count(regex), n = 0;
    if (call->n_args == 2) {
        for (; n < all && n < GROUP_MAX; n++)
            ret_groups[n] = n + 1;
        return all > GROUP_MAX ? 0 : n;
    }
    const struct kql_expr *list = call->args[1].json;
    for (uint32_t i = 0; list && list->kind == KQL_ARRAY && i < list->exprs.len; i++) {
        const struct kql_literal *item = &list->exprs.items[i]->literal;
        bool literal = list->exprs.items[i]->kind == KQL_LITERAL && !item->null && n < GROUP_MAX;
        int64_t group = 0;
        if (literal && item->type == KQL_STRING)
            group = regex_groups_find(regex, item->text);
        else if (literal && (item->type == KQL_LONG || item->type == KQL_INT))
            group = item->integer;
        if (group < 1 || group > all || group > GROUP_MAX)
            return 0;
        ret_groups[n++] = (unsigned)group;
    }
    return n;
}

/* All matches: texts where one group is wanted, else lists of texts. NULL where nothing matches. */
static int emit_extract_all(struct hunt_bind *bind, const struct hunt_call *call,
                            struct hunt_value *ret)
{
    unsigned groups[GROUP_MAX], n = chosen_groups(call, groups);
    if (n == 0)
        return hunt_refuse(bind, call->place,
                           "extract_all() takes a regular expression with 1 to %d capture groups, "
                           "and of these the ones that are listed",
                           GROUP_MAX);
    struct str regex = call->args[0].sql, text = call->args[call->n_args - 1].sql;
    struct str all = hunt_text(bind, "regexp_extract_all(%.*s, %.*s, %u)", STR_ARG(text),
                               STR_ARG(regex), groups[0]);
    struct str list = all;
    if (n > 1) {
        struct str parts = {"", 0};
        for (unsigned i = 0; i < n; i++)
            parts = hunt_text(bind, "%.*s%sregexp_extract_all(%.*s, %.*s, %u)[i]", STR_ARG(parts),
                              i > 0 ? ", " : "", STR_ARG(text), STR_ARG(regex), groups[i]);
        list = hunt_text(bind, "list_transform(range(1, len(%.*s) + 1), lambda i: [%.*s])",
                         STR_ARG(all), STR_ARG(parts));
    }
    ret->sql = hunt_text(bind, "(CASE WHEN len(%.*s) > 0 THEN to_json(%.*s) END)", STR_ARG(all),
                         STR_ARG(list));
    return 0;
}

static int emit_countof(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    bool regex = call->n_args > 2 && str_eq(call->args[2].literal.text, STR("regex"));
    if (call->n_args > 2 && !regex && !str_eq(call->args[2].literal.text, STR("normal")))
        return hunt_refuse(bind, call->place, "countof() counts 'normal' or 'regex'");
    ret->sql = hunt_fill(bind, regex ? "len(regexp_extract_all($1, $2))" : "kql_countof($1, $2)",
                         call->args, 2, (struct str){0});
    ret->filled = true;
    return 0;
}

#define TRIM_START(text, regex) "regexp_replace(" text ", '^(?:' || " regex " || ')+', '')"
#define TRIM_END(text, regex) "regexp_replace(" text ", '(?:' || " regex " || ')+$', '')"

/* A part of it can be had without the others, but for an empty delimiter, which is every character's. */
static int emit_split(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    const struct hunt_value *delimiter = &call->args[1];
    ret->sql = hunt_fill(bind, "to_json(string_split($1, $2))", call->args, 2, (struct str){0});
    if (delimiter->constant && delimiter->literal.type == KQL_STRING && delimiter->literal.text.len)
        ret->split = call->args;
    return 0;
}

const struct hunt_function hunt_string_scalars[] = {
    {"strlen(text: string) long", .sql = "length($1)", .filled = true, .naming = HUNT_NAMED_PREFIX},
    {"string_size(text: string) long", .sql = "strlen($1)", .filled = true,
     .naming = HUNT_NAMED_PREFIX},
    {"substring(text: string, start: long, length: long = 2147483647) string",
     .sql = "kql_substring($1, $2, $3)"},
    {"strcat_delim(delimiter: string, part: string...) string", .sql = "concat_ws($1, $2*)",
     .filled = true},
    {"strcat_array(array: dynamic, delimiter: string) string", .sql = "kql_strcat_array($1, $2)"},
    {"strrep(text: string, times: long, delimiter: string = '') string",
     .sql = "kql_strrep($1, $2, $3)"},
    {"strcmp(a: string, b: string) int",
     .sql = "(CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 ELSE 0 END)", .filled = true},
    {"tolower(text: string) string", .sql = "lower($1)", .filled = true},
    {"toupper(text: string) string", .sql = "upper($1)", .filled = true},
    {"reverse(text: string) string", .sql = "reverse($1)", .filled = true},
    {"split(text: string, delimiter: string) dynamic", .emit = emit_split, .filled = true,
     .naming = HUNT_NAMED_BY_FIRST},
    {"split(text: string, delimiter: string, index: long) dynamic",
     .sql =
         "(CASE WHEN $3 >= 0 THEN to_json(list_slice(string_split($1, $2), $3 + 1, $3 + 1)) END)",
     .naming = HUNT_NAMED_BY_FIRST},
    {"indexof(text: string, match: string, start: long = 0, length: long = -1, occurrence: long = "
     "1) long",
     .sql = "kql_indexof($1, $2, $3, $4, $5)"},
    {"indexof_regex(text: string, regex: string) long",
     .sql = "(CASE WHEN regexp_matches($1, $2) THEN length(regexp_extract($1, '^((?s:.*?))(?:' || "
            "$2 || ')', 1)) ELSE -1 END)",
     .filled = true},
    {"countof(text: string, search: string, kind: const string?) long", .emit = emit_countof},
    {"trim(regex: string, text: string) string", .sql = TRIM_END(TRIM_START("$2", "$1"), "$1"),
     .filled = true},
    {"trim_start(regex: string, text: string) string", .sql = TRIM_START("$2", "$1"),
     .filled = true},
    {"trim_end(regex: string, text: string) string", .sql = TRIM_END("$2", "$1"), .filled = true},
    {"replace_string(text: string, lookup: string, rewrite: string) string",
     .sql = "replace($1, $2, $3)", .filled = true},
    {"replace_strings(text: string, lookups: dynamic, rewrites: dynamic) string",
     .sql = "kql_replace_strings($1, $2, $3)"},
    {"replace_regex(text: string, regex: string, rewrite: string) string",
     .sql = "regexp_replace($1, $2, $3, 'g')", .filled = true},
    {"replace(regex: string, rewrite: string, text: string) string",
     .sql = "regexp_replace($3, $1, $2, 'g')", .filled = true},
    {"extract(regex: string, group: const long, text: string) string", .emit = emit_extract},
    {"extract(regex: string, group: const long, text: string, type: type) any",
     .emit = emit_extract},
    {"extract_all(regex: const string, text: string) dynamic", .emit = emit_extract_all},
    {"extract_all(regex: const string, groups: const dynamic, text: string) dynamic",
     .emit = emit_extract_all},
    {"extractall(regex: const string, text: string) dynamic", .emit = emit_extract_all},
    {"extractall(regex: const string, groups: const dynamic, text: string) dynamic",
     .emit = emit_extract_all},
    {"translate(search: string, replacement: string, text: string) string",
     .sql = "kql_translate($1, $2, $3)"},
    {"notempty(value: raw string) bool", .sql = "coalesce($1 <> '', false)", .filled = true},
    {"assert(condition: bool, message: const string) bool",
     .sql = "(CASE WHEN $1 THEN true ELSE error($2) END)", .filled = true},
    {"isutf8(text: string) bool", .sql = "($1 IS NOT NULL)", .filled = true},
    {"regex_quote(text: string) string", .sql = "regexp_escape($1)"},
    {"new_guid() guid", .sql = "CAST(uuid() AS VARCHAR)", .filled = true},
    {"isascii(text: string) bool", .sql = "(strlen($1) = length($1))", .filled = true},
    {0},
};
