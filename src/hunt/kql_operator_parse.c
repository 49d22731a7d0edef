/* Operators that take text apart. */
#include "hunt/kql_operators.h"

/* ---- parse, parse-where -------------------------------------------------------------------- */

static bool read_flags(struct kql_parser *parser, struct kql_operator *op)
{
    struct kql_name flags = {0};
    if (!kql_option_name(parser, op, "flags", &flags))
        return false;
    for (size_t i = 0; i < flags.text.len; i++)
        if (!strchr("Uims", flags.text.ptr[i]))
            return kql_error(parser, flags.place, "flags are letters of U, i, m, s");
    op->parse.flags = flags.text;
    return true;
}

/* name:type */
static bool read_column(struct kql_parser *parser, struct kql_column *column)
{
    return kql_read_name(parser, "a column", &column->name) &&
           (!kql_take_symbol(parser, ":") || kql_read_type(parser, &column->type));
}

static bool read_pieces(struct kql_parser *parser, struct kql_piece_list *list)
{
    uint32_t tokens;
    for (;;) {
        struct kql_piece piece = {.place = kql_peek(parser, 0)->place};
        bool hidden;
        if (kql_take_symbol(parser, "*")) {
            piece.kind = KQL_PIECE_STAR;
        } else if (kql_peek(parser, 0)->kind == KQL_TOKEN_STRING) {
            piece.kind = KQL_PIECE_TEXT;
            if (!kql_read_string(parser, &piece.text, &hidden))
                return false;
        } else if (kql_ahead_name(parser, 0, &tokens)) {
            piece.kind = KQL_PIECE_COLUMN;
            if (!read_column(parser, &piece.column))
                return false;
        } else {
            return list->len || kql_expected(parser, "'*', a string or a column");
        }
        if (!kql_push(parser, list, piece))
            return false;
    }
}

static bool read_parse(struct kql_parser *parser, struct kql_operator *op)
{
    static const char *const kinds[] = {
        [KQL_PARSE_SIMPLE] = "simple",
        [KQL_PARSE_REGEX] = "regex",
        [KQL_PARSE_RELAXED] = "relaxed",
        NULL,
    };
    unsigned kind = KQL_PARSE_SIMPLE;
    if (!kql_option_word(parser, op, "kind", kinds, &kind) || !read_flags(parser, op))
        return false;
    op->parse.kind = (enum kql_parse_kind)kind;
    return kql_read_expr(parser, &op->parse.expr) && kql_read_word(parser, "with") &&
           read_pieces(parser, &op->parse.pieces);
}

static void print_column(struct kql_printer *printer, const struct kql_column *column)
{
    kql_put_name(printer, column->name.text);
    if (column->type != KQL_TYPE_NONE) {
        kql_put(printer, ":");
        kql_put_type(printer, column->type);
    }
}

static void print_parse(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->parse.expr);
    kql_put(printer, " with");
    for (uint32_t i = 0; i < op->parse.pieces.len; i++) {
        const struct kql_piece *piece = &op->parse.pieces.items[i];
        kql_put(printer, piece->kind == KQL_PIECE_STAR ? " *" : " ");
        if (piece->kind == KQL_PIECE_TEXT)
            kql_put_string(printer, piece->text);
        else if (piece->kind == KQL_PIECE_COLUMN)
            print_column(printer, &piece->column);
    }
}

/* ---- parse-kv ------------------------------------------------------------------------------ */

static bool read_parse_kv(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_expr(parser, &op->parse_kv.expr) && kql_read_word(parser, "as") &&
           kql_read_schema(parser, &op->parse_kv.columns, NULL) &&
           (!kql_take_word(parser, "with") ||
            kql_read_properties(parser, &op->parse_kv.properties));
}

static void print_parse_kv(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->parse_kv.expr);
    kql_put(printer, " as ");
    kql_put_schema(printer, &op->parse_kv.columns, false);
    if (op->parse_kv.properties.len) {
        kql_put(printer, " with (");
        kql_put_properties(printer, &op->parse_kv.properties);
        kql_put(printer, ")");
    }
}

static const char *const parse_options[] = {"kind", "flags", NULL};

const struct kql_operator_row kql_operators_parse[] = {
    {"parse", KQL_PARSE, 0, parse_options, read_parse, print_parse,
     "parse [kind=simple|regex|relaxed] COLUMN with * \"TEXT\" NAME:TYPE .. *"},
    {"parse-where", KQL_PARSE_WHERE, 0, parse_options, read_parse, print_parse,
     "parse-where [kind=simple|regex|relaxed] COLUMN with * \"TEXT\" NAME:TYPE .. *"},
    {"parse-kv", KQL_PARSE_KV, 0, NULL, read_parse_kv, print_parse_kv,
     "parse-kv COLUMN as (NAME:TYPE, ..) with (pair_delimiter=TEXT, kv_delimiter=TEXT, ..)"},
    {0},
};
