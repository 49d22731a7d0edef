/*
 * evaluate ipv4_lookup, ipv6_lookup: rows joined with the networks of a table that their address is in. Every address is
 * looked up once, under each length of prefix that the table has, so that the engine can join by hash:
 *
 *     rows ─▶ addresses, each once ──┐
 *                                   JOIN ── lengths, each once ── JOIN ── networks by length and masked address
 *     rows ─────────────────────────────────────────────────────── JOIN by address
 */
#include "hunt/op.h"

struct lookup {
    const struct kql_expr *call;
    const char *mask;   /* function of an address and a length: the network, as text or number */
    const char *length; /* function of an address or network: the length of its prefix */
    struct rel table;
    struct column *network, *bits; /* of the table */
    struct column *address;        /* of the rows */
    bool unmatched;                /* rows without a network stay */
};

static struct column *compute(struct hunt_bind *bind, struct rel *rel, const char *name,
                              enum kql_type type, struct str sql, struct column *of,
                              struct column *also)
{
    struct column_list refs = {0};
    struct hunt_value value = bind_value(type, sql);
    column_list_add(bind, &refs, of);
    if (also)
        column_list_add(bind, &refs, also);
    return rel_compute(bind, rel, str_from_c(name), &value, &refs);
}

/* The arguments that are `name = value`, or columns that both tables have. */
static int read_options(struct hunt_bind *bind, struct lookup *lookup)
{
    const struct kql_named_list *arguments = &lookup->call->call.arguments;
    for (uint32_t i = 3; i < arguments->len; i++) {
        const struct kql_named *argument = &arguments->items[i];
        const struct kql_expr *value = argument->expr;
        bool boolean = value->kind == KQL_LITERAL && value->literal.type == KQL_BOOL;
        if (argument->names.len ? str_eq(argument->names.items[0].text, STR("return_unmatched"))
                                : boolean)
            lookup->unmatched = boolean && value->literal.boolean;
        else if (argument->names.len || value->kind != KQL_NAME)
            return hunt_refuse(bind, argument->place,
                               "%.*s() takes names of columns here, and return_unmatched = true",
                               STR_ARG(lookup->call->call.name));
    }
    return 0;
}

/* Which address a row has, and what network a row of the table is. */
static int bind_sides(struct hunt_bind *bind, struct rel *rel, struct lookup *lookup)
{
    const struct kql_named_list *arguments = &lookup->call->call.arguments;
    struct column_list refs = {0}, table_refs = {0};
    struct hunt_value address, network;
    int status = bind_tabular(bind, arguments->items[0].expr, &lookup->table);
    if (status == 0)
        status = bind_over(bind, rel, arguments->items[1].expr, &refs, &address);
    if (status == 0)
        status = bind_over(bind, &lookup->table, arguments->items[2].expr, &table_refs, &network);
    if (status < 0)
        return status;
    address = hunt_convert(bind, address, KQL_STRING);
    network = hunt_convert(bind, network, KQL_STRING);
    lookup->address = rel_column(bind, rel, STR("address"), &address, &refs);
    struct column *text = rel_column(bind, &lookup->table, STR("network"), &network, &table_refs);
    lookup->bits =
        compute(bind, &lookup->table, "bits", KQL_LONG,
                hunt_text(bind, "%s(%.*s)", lookup->length, STR_ARG(text->sql)), text, NULL);
    lookup->network = compute(bind, &lookup->table, "masked", KQL_LONG,
                              hunt_text(bind, "%s(%.*s, %.*s)", lookup->mask, STR_ARG(text->sql),
                                        STR_ARG(lookup->bits->sql)),
                              text, lookup->bits);
    return 0;
}

/* One column of a relation, each of its values once. */
static struct rel distinct(struct hunt_bind *bind, struct rel *rel, struct column *column,
                           struct column **ret)
{
    struct group group;
    struct column_list refs = {0};
    group_begin(bind, rel, &group);
    column_list_add(bind, &refs, column);
    *ret = group_key_column(bind, &group, STR("key"), column_value(column), &refs);
    return group_end(&group);
}

/* A column of `rel` under another name for the time in which the relation is renamed. */
static void carry(struct hunt_bind *bind, struct rel *rel, struct column *column)
{
    field_add(bind, &rel->fields, STR("looked up"), column);
}

static struct column *take_carried(struct rel *rel)
{
    return rel->fields.items[--rel->fields.len].column;
}

/* Each address with the rows of the table whose network it is in. */
static struct rel matches(struct hunt_bind *bind, struct rel *rows, struct lookup *lookup,
                          struct column **ret_address)
{
    struct rel input = rel_again(bind, rows), table, lengths;
    struct column *length;
    struct rel addresses = distinct(bind, &input, take_carried(&input), ret_address);
    carry(bind, &lookup->table, lookup->bits);
    carry(bind, &lookup->table, lookup->network);
    rel_share(bind, &lookup->table);
    lengths = table = rel_again(bind, &lookup->table);
    struct rel again = rel_again(bind, &lookup->table);
    (void)take_carried(&again);
    lengths = distinct(bind, &again, take_carried(&again), &length);
    struct column *network = take_carried(&table), *bits = take_carried(&table);
    struct column_list needs = {0};
    column_list_add(bind, &needs, *ret_address);
    column_list_add(bind, &needs, length);
    struct str address = (*ret_address)->sql;
    struct rel pairs = rel_join(
        bind, &addresses, &lengths, "JOIN",
        hunt_text(bind, "%s(%.*s) >= %.*s", lookup->length, STR_ARG(address), STR_ARG(length->sql)),
        &needs);
    column_list_add(bind, &needs, network);
    column_list_add(bind, &needs, bits);
    struct rel found =
        rel_join(bind, &pairs, &table, "JOIN",
                 hunt_text(bind, "%.*s = %.*s AND %.*s = %s(%.*s, %.*s)", STR_ARG(bits->sql),
                           STR_ARG(length->sql), STR_ARG(network->sql), lookup->mask,
                           STR_ARG(address), STR_ARG(length->sql)),
                 &needs);
    found.fields = table.fields;
    return found;
}

static int lookup_rows(struct hunt_bind *bind, struct rel *rel, struct lookup *lookup)
{
    const struct kql_named_list *arguments = &lookup->call->call.arguments;
    struct column *address;
    struct column_list needs = {0};
    carry(bind, rel, lookup->address);
    rel_share(bind, rel);
    struct rel rows = rel_again(bind, rel);
    struct rel found = matches(bind, rel, lookup, &address);
    struct column *of_rows = take_carried(&rows);
    struct str condition =
        hunt_text(bind, "%.*s = %.*s", STR_ARG(of_rows->sql), STR_ARG(address->sql));
    column_list_add(bind, &needs, of_rows);
    column_list_add(bind, &needs, address);
    for (uint32_t i = 3; i < arguments->len; i++) {
        const struct kql_expr *name = arguments->items[i].expr;
        struct hunt_value left, right;
        if (name->kind != KQL_NAME || arguments->items[i].names.len)
            continue;
        int status = bind_over(bind, &rows, name, &needs, &left);
        if (status == 0)
            status = bind_over(bind, &found, name, &needs, &right);
        if (status < 0)
            return status;
        condition =
            hunt_text(bind, "%.*s AND %.*s = %.*s", STR_ARG(condition),
                      STR_ARG(bind_filled(bind, &left)), STR_ARG(bind_filled(bind, &right)));
    }
    *rel =
        rel_join(bind, &rows, &found, lookup->unmatched ? "LEFT JOIN" : "JOIN", condition, &needs);
    for (uint32_t i = 0; i < found.fields.len; i++) {
        struct column *column = found.fields.items[i].column;
        column->filled = column->filled && !lookup->unmatched;
        field_add_unique(bind, &rel->fields, found.fields.items[i].name, column);
    }
    return 0;
}

int op_ip_lookup(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct lookup lookup = {.call = op->evaluate.call};
    bool ipv6 = str_eq(lookup.call->call.name, STR("ipv6_lookup"));
    lookup.mask = ipv6 ? "kql_parse_ipv6" : "kql_parse_ipv4";
    lookup.length = ipv6 ? "kql_ipv6_netmask_suffix" : "kql_ipv4_netmask_suffix";
    if (lookup.call->call.arguments.len < 3)
        return hunt_refuse(bind, lookup.call->place,
                           "%.*s() takes a table, a column with addresses, and the table's column "
                           "with networks",
                           STR_ARG(lookup.call->call.name));
    int status = read_options(bind, &lookup);
    if (status == 0)
        status = bind_sides(bind, rel, &lookup);
    return status < 0 ? status : lookup_rows(bind, rel, &lookup);
}
