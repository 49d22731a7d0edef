/*
 * parse, parse-where, parse-kv: columns out of text, by a regular expression made of the pattern.
 */
#include "hunt/op.h"
#include "hunt/regex_groups.h"

/* The regular expression, and which group of it each column is. */
struct pattern {
    struct buf regex;
    uint32_t n_groups;
    uint32_t *groups; /* by piece; 0: none */
    bool flexible;    /* kind=regex: texts are regular expressions */
};

static void add_quoted(struct buf *regex, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("\\.+*?()|[]{}^$-/", text.ptr[i]) && text.ptr[i])
            buf_add_byte(regex, '\\');
        buf_add_byte(regex, text.ptr[i]);
    }
}

static const char *group_of(enum kql_type type, bool last)
{
    switch (type) {
    case KQL_INT:
    case KQL_LONG:
        return "\\s*([+-]?\\d+)\\s*";
    case KQL_REAL:
    case KQL_DECIMAL:
        return "\\s*([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)\\s*";
    case KQL_BOOL:
        return "\\s*((?i:true|false|0|1))\\s*";
    default:
        return last ? "(.*)" : "(.*?)";
    }
}

static void add_piece(struct pattern *pattern, const struct kql_piece_list *pieces, uint32_t index,
                      bool relaxed)
{
    const struct kql_piece *piece = &pieces->items[index];
    bool last = index + 1 == pieces->len;
    switch (piece->kind) {
    case KQL_PIECE_STAR:
        buf_add_c(&pattern->regex, last ? "" : ".*?");
        break;
    case KQL_PIECE_TEXT:
        if (pattern->flexible) {
            buf_printf(&pattern->regex, "(?:%.*s)", STR_ARG(piece->text));
            pattern->n_groups += regex_groups_count(piece->text);
        } else
            add_quoted(&pattern->regex, piece->text);
        break;
    case KQL_PIECE_COLUMN:
        buf_add_c(&pattern->regex, group_of(relaxed ? KQL_STRING : piece->column.type, last));
        pattern->groups[index] = ++pattern->n_groups;
        break;
    }
}

static struct str build(struct hunt_bind *bind, const struct kql_operator *op,
                        struct pattern *pattern)
{
    const struct kql_piece_list *pieces = &op->parse.pieces;
    pattern->flexible = op->parse.kind == KQL_PARSE_REGEX;
    pattern->groups = bind_alloc(bind, pieces->len, sizeof(*pattern->groups));
    if (!pattern->flexible)
        buf_add_c(&pattern->regex, "(?s)^");
    else if (op->parse.flags.len)
        buf_printf(&pattern->regex, "(?%.*s)", STR_ARG(op->parse.flags));
    for (uint32_t i = 0; i < pieces->len; i++)
        add_piece(pattern, pieces, i, op->parse.kind == KQL_PARSE_RELAXED);
    return bind_keep(bind, &pattern->regex);
}

/* regexp_extract() gives the groups as a struct, whose members are named g1, g2 ... */
static struct str group_names(struct hunt_bind *bind, uint32_t n)
{
    struct buf buf = {0};
    for (uint32_t i = 1; i <= n; i++)
        buf_printf(&buf, "%s'g%u'", i > 1 ? ", " : "", i);
    return bind_keep(bind, &buf);
}

static void add_columns(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel,
                        const struct pattern *pattern, struct column *groups)
{
    struct column_list refs = {0};
    column_list_add(bind, &refs, groups);
    for (uint32_t i = 0; i < op->parse.pieces.len; i++) {
        const struct kql_column *made = &op->parse.pieces.items[i].column;
        if (!pattern->groups[i])
            continue;
        struct hunt_value value = bind_value(
            KQL_STRING, hunt_text(bind, "%.*s['g%u']", STR_ARG(groups->sql), pattern->groups[i]));
        value = hunt_convert(bind, value, made->type == KQL_TYPE_NONE ? KQL_STRING : made->type);
        field_set(bind, &rel->fields, made->name.text,
                  rel_compute(bind, rel, made->name.text, &value, &refs));
    }
}

static int op_parse(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct column_list refs = {0}, text_refs = {0};
    struct hunt_value text;
    int status = bind_over(bind, rel, op->parse.expr, &refs, &text);
    if (status < 0)
        return status;
    rel->fields = field_list_copy(bind, &rel->fields);
    text = hunt_convert(bind, text, KQL_STRING);
    struct column *subject = rel_column(bind, rel, STR("text"), &text, &refs);
    column_list_add(bind, &text_refs, subject);
    struct pattern pattern = {0};
    struct str regex = hunt_quote(bind, build(bind, op, &pattern));
    if (op->kind == KQL_PARSE_WHERE)
        rel_filter(
            bind, rel,
            hunt_text(bind, "regexp_matches(%.*s, %.*s)", STR_ARG(subject->sql), STR_ARG(regex)),
            &text_refs);
    if (pattern.n_groups == 0)
        return 0;
    struct hunt_value groups = bind_value(
        KQL_STRING, hunt_text(bind, "regexp_extract(%.*s, %.*s, [%.*s])", STR_ARG(subject->sql),
                              STR_ARG(regex), STR_ARG(group_names(bind, pattern.n_groups))));
    add_columns(bind, op, rel, &pattern,
                rel_compute(bind, rel, STR("groups"), &groups, &text_refs));
    return 0;
}

/* ---- parse-kv ---- */

/* What it is told: texts; quotes and escapes may come several times. */
struct pairs {
    struct str pair, value, regex;
    struct buf quotes, escapes; /* JSON texts with commas; bytes */
    bool greedy;
};

static void read_pairs(const struct kql_operator *op, struct pairs *ret)
{
    *ret = (struct pairs){0};
    for (uint32_t i = 0; i < op->parse_kv.properties.len; i++) {
        const struct kql_property *property = &op->parse_kv.properties.items[i];
        const struct kql_expr *value = property->values.items[0];
        struct str name = property->name.text;
        bool literal = value->kind == KQL_LITERAL && !value->literal.null;
        struct str text =
            literal && value->literal.type == KQL_STRING ? value->literal.text : (struct str){0};
        if (str_eq(name, STR("pair_delimiter")))
            ret->pair = text;
        else if (str_eq(name, STR("kv_delimiter")))
            ret->value = text;
        else if (str_eq(name, STR("regex")))
            ret->regex = text;
        else if (str_eq(name, STR("escape")))
            buf_add_str(&ret->escapes, text);
        else if (str_eq(name, STR("greedy")))
            ret->greedy = literal && value->literal.type == KQL_BOOL && value->literal.boolean;
        else if (str_eq(name, STR("quote"))) {
            buf_add_c(&ret->quotes, ret->quotes.len ? "," : "");
            buf_add_json(&ret->quotes, text);
        }
    }
}

/* An array of the texts of all keys, as SQL. */
static struct str pairs_by_delimiter(struct hunt_bind *bind, const struct kql_operator *op,
                                     struct str text, const struct pairs *pairs)
{
    struct buf options = {0};
    buf_add_byte(&options, '[');
    buf_add_json(&options, pairs->pair);
    buf_add_byte(&options, ',');
    buf_add_json(&options, pairs->value);
    buf_add_byte(&options, ',');
    buf_add_json(&options, buf_str(&pairs->escapes));
    buf_printf(&options, ",%s,[%.*s],[", pairs->greedy ? "true" : "false",
               STR_ARG(buf_str(&pairs->quotes)));
    for (uint32_t i = 0; i < op->parse_kv.columns.len; i++) {
        buf_add_c(&options, i ? "," : "");
        buf_add_json(&options, op->parse_kv.columns.items[i].name.text);
    }
    buf_add_c(&options, "]]");
    struct str quoted = hunt_quote(bind, bind_keep(bind, &options));
    return hunt_text(bind, "kql_parse_kv(%.*s, %.*s)", STR_ARG(text), STR_ARG(quoted));
}

/* The keys are what the first group of the regular expression matches, the values the second. */
static struct str pairs_by_regex(struct hunt_bind *bind, const struct kql_operator *op,
                                 struct str text, struct str regex)
{
    struct str values = {"", 0};
    for (uint32_t i = 0; i < op->parse_kv.columns.len; i++)
        values = hunt_text(bind,
                           "%.*s%sregexp_extract_all(%.*s, %.*s, 2)[list_position(list_transform("
                           "regexp_extract_all(%.*s, %.*s, 1), lambda k: trim(k)), %.*s)]",
                           STR_ARG(values), i ? ", " : "", STR_ARG(text), STR_ARG(regex),
                           STR_ARG(text), STR_ARG(regex),
                           STR_ARG(hunt_quote(bind, op->parse_kv.columns.items[i].name.text)));
    return hunt_text(bind, "to_json([%.*s])", STR_ARG(values));
}

static int check_pairs(struct hunt_bind *bind, const struct kql_operator *op,
                       const struct pairs *pairs)
{
    if (pairs->regex.len && regex_groups_count(pairs->regex) != 2)
        return hunt_refuse(bind, op->place,
                           "parse-kv takes a regex with two groups, of the key and of the value");
    if (!pairs->regex.len && (pairs->pair.len == 0) != (pairs->value.len == 0))
        return hunt_refuse(bind, op->place, "parse-kv is told both its delimiters, or none");
    return 0;
}

static int op_parse_kv(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct column_list refs = {0}, list_refs = {0};
    struct hunt_value text;
    struct pairs pairs;
    read_pairs(op, &pairs);
    int status = check_pairs(bind, op, &pairs);
    if (status == 0)
        status = bind_over(bind, rel, op->parse_kv.expr, &refs, &text);
    if (status < 0)
        goto out;
    text = hunt_convert(bind, text, KQL_STRING);
    struct str sql = pairs.regex.len
                         ? pairs_by_regex(bind, op, text.sql, hunt_quote(bind, pairs.regex))
                         : pairs_by_delimiter(bind, op, text.sql, &pairs);
    struct hunt_value list = bind_value(KQL_DYNAMIC, sql);
    struct column *values = rel_compute(bind, rel, STR("values"), &list, &refs);
    column_list_add(bind, &list_refs, values);
    struct field_list fields = field_list_copy(bind, &rel->fields);
    for (uint32_t i = 0; i < op->parse_kv.columns.len; i++) {
        const struct kql_column *column = &op->parse_kv.columns.items[i];
        struct hunt_value value =
            bind_value(KQL_STRING, hunt_text(bind, "json_extract_string(%.*s, '$[%u]')",
                                             STR_ARG(values->sql), i));
        value = hunt_convert(bind, value, column->type);
        field_set(bind, &fields, column->name.text,
                  rel_compute(bind, rel, column->name.text, &value, &list_refs));
    }
    rel->fields = fields;
out:
    buf_free(&pairs.quotes);
    buf_free(&pairs.escapes);
    return status;
}

const struct op_row op_rows_parse[] = {
    {KQL_PARSE, op_parse},
    {KQL_PARSE_WHERE, op_parse},
    {KQL_PARSE_KV, op_parse_kv},
    {0, NULL},
};
