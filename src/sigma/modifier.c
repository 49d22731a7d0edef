#include "base/address.h"
#include "base/buf.h"
#include "sigma/operand.h"

/* Arguments of change_open. */
enum opening { OPEN_BEFORE = 1, OPEN_AFTER = 2 };

/* contains, startswith, endswith: wildcards at the ends. A search by regex is open anyway. */
static int change_open(struct item *item, struct operand *operand, int argument)
{
    bool before = argument & OPEN_BEFORE, after = argument & OPEN_AFTER;
    if (operand->kind == OPERAND_FIELD) {
        operand->before = operand->before || before;
        operand->after = operand->after || after;
        return 0;
    }
    if (operand->kind == OPERAND_REGEX)
        return 0;
    if (pattern_open(&item->doc->reader->scratch, before, after, &operand->pattern) < 0)
        return document_no_memory(item->doc);
    return 0;
}

static int change_cased(struct item *item, struct operand *operand, int argument)
{
    (void)item;
    (void)argument;
    operand->predicate.cased = true;
    return 0;
}

static int change_regex(struct item *item, struct operand *operand, int argument)
{
    (void)item;
    (void)argument;
    operand->kind = OPERAND_REGEX;
    return 0;
}

static int change_regex_flag(struct item *item, struct operand *operand, int argument)
{
    (void)item;
    operand->predicate.regex_flags |= (uint8_t)argument;
    return 0;
}

static int change_network(struct item *item, struct operand *operand, int argument)
{
    (void)argument;
    struct address network;
    unsigned bits;
    const char *problem;
    if (!address_parse_network(operand->spelling, &network, &bits, &problem))
        return document_error(item->doc, operand->at, "'%.*s' is no network: %s",
                              STR_ARG(str_first(operand->spelling, 60)), problem);
    operand->kind = OPERAND_NETWORK;
    operand->predicate.op = SIGMA_CIDR;
    operand->predicate.ipv6 = network.ipv6;
    operand->predicate.prefix_bits = (uint8_t)bits;
    memcpy(operand->predicate.address, network.bytes, sizeof(network.bytes));
    return 0;
}

static int change_compare(struct item *item, struct operand *operand, int argument)
{
    if (operand->kind == OPERAND_TIME_PART) {
        if (operand->predicate.number_op != SIGMA_NUMBER)
            return modifier_error(item, "the part of a time is compared already");
        operand->predicate.number_op = (enum sigma_op)argument;
        return 0;
    }
    operand->kind = OPERAND_COMPARISON;
    operand->predicate.op = (enum sigma_op)argument;
    return 0;
}

static int change_time_part(struct item *item, struct operand *operand, int argument)
{
    double number = operand->predicate.number;
    if (number != (double)(int64_t)number)
        return document_error(item->doc, operand->at, "'%.*s' takes a whole number",
                              STR_ARG(item->modifier));
    operand->kind = OPERAND_TIME_PART;
    operand->predicate.op = SIGMA_TIME_PART;
    operand->predicate.time_part = (enum sigma_time_part)argument;
    operand->predicate.number_op = SIGMA_NUMBER;
    return 0;
}

static int change_field_reference(struct item *item, struct operand *operand, int argument)
{
    (void)argument;
    if (pattern_has_wildcards(&operand->pattern))
        return document_error(item->doc, operand->at,
                              "a field reference has no wildcards (contains, startswith and "
                              "endswith come behind fieldref)");
    operand->spelling = pattern_text(&item->doc->reader->scratch, &operand->pattern);
    if (!operand->spelling.ptr)
        return document_no_memory(item->doc);
    if (operand->spelling.len == 0)
        return document_error(item->doc, operand->at, "a field reference names a field");
    operand->kind = OPERAND_FIELD;
    return 0;
}

static int change_exists(struct item *item, struct operand *operand, int argument)
{
    (void)item;
    (void)argument;
    operand->kind = OPERAND_EXISTS;
    operand->predicate.op = SIGMA_EXISTS;
    return 0;
}

static void item_all(struct item *item)
{
    item->all = true;
}

static void item_negate(struct item *item)
{
    item->negated = true;
}

#define TAKES_OPENING (OPERAND_TEXT | OPERAND_REGEX | OPERAND_FIELD)
#define TAKES_COMPARING (OPERAND_NUMBER | OPERAND_TIME_PART)

/*
 * Every modifier (modifiers appendix 2.1.0) and pySigma's other names for some. One that works on
 * the line as a whole may stand anywhere; the others change each value in turn.
 */
static const struct modifier {
    const char *name;
    unsigned takes;       /* kinds of operand; 0: works on the line */
    bool unmodified_only; /* no modifier may have changed the value before */
    modifier_change *change;
    int argument;
    void (*line)(struct item *item);
} modifiers[] = {
    {"all", 0, false, NULL, 0, item_all},
    {"neq", 0, false, NULL, 0, item_negate},
    {"contains", TAKES_OPENING, false, change_open, OPEN_BEFORE | OPEN_AFTER, NULL},
    {"startswith", TAKES_OPENING, false, change_open, OPEN_AFTER, NULL},
    {"endswith", TAKES_OPENING, false, change_open, OPEN_BEFORE, NULL},
    {"cased", OPERAND_TEXT, false, change_cased, 0, NULL},
    {"windash", OPERAND_TEXT, false, change_windash, 0, NULL},
    {"expand", OPERAND_TEXT | OPERAND_REGEX, false, change_expand, 0, NULL},
    {"base64", OPERAND_TEXT, false, change_base64, 0, NULL},
    {"base64offset", OPERAND_TEXT, false, change_base64offset, 0, NULL},
    {"wide", OPERAND_TEXT, false, change_utf16, UTF16_LITTLE, NULL},
    {"utf16le", OPERAND_TEXT, false, change_utf16, UTF16_LITTLE, NULL},
    {"utf16be", OPERAND_TEXT, false, change_utf16, UTF16_BIG, NULL},
    {"utf16", OPERAND_TEXT, false, change_utf16, UTF16_MARKED, NULL},
    {"fieldref", OPERAND_TEXT, false, change_field_reference, 0, NULL},
    {"exists", OPERAND_BOOL, true, change_exists, 0, NULL},
    {"re", OPERAND_TEXT | OPERAND_NUMBER | OPERAND_BOOL, true, change_regex, 0, NULL},
    {"i", OPERAND_REGEX, false, change_regex_flag, SIGMA_RE_NOCASE, NULL},
    {"ignorecase", OPERAND_REGEX, false, change_regex_flag, SIGMA_RE_NOCASE, NULL},
    {"m", OPERAND_REGEX, false, change_regex_flag, SIGMA_RE_MULTILINE, NULL},
    {"multiline", OPERAND_REGEX, false, change_regex_flag, SIGMA_RE_MULTILINE, NULL},
    {"s", OPERAND_REGEX, false, change_regex_flag, SIGMA_RE_DOTALL, NULL},
    {"dotall", OPERAND_REGEX, false, change_regex_flag, SIGMA_RE_DOTALL, NULL},
    {"cidr", OPERAND_TEXT, true, change_network, 0, NULL},
    {"lt", TAKES_COMPARING, false, change_compare, SIGMA_LESS, NULL},
    {"lte", TAKES_COMPARING, false, change_compare, SIGMA_LESS_EQUAL, NULL},
    {"gt", TAKES_COMPARING, false, change_compare, SIGMA_GREATER, NULL},
    {"gte", TAKES_COMPARING, false, change_compare, SIGMA_GREATER_EQUAL, NULL},
    {"minute", OPERAND_NUMBER, false, change_time_part, SIGMA_MINUTE, NULL},
    {"hour", OPERAND_NUMBER, false, change_time_part, SIGMA_HOUR, NULL},
    {"day", OPERAND_NUMBER, false, change_time_part, SIGMA_DAY, NULL},
    {"week", OPERAND_NUMBER, false, change_time_part, SIGMA_WEEK, NULL},
    {"month", OPERAND_NUMBER, false, change_time_part, SIGMA_MONTH, NULL},
    {"year", OPERAND_NUMBER, false, change_time_part, SIGMA_YEAR, NULL},
};

static const struct modifier *find_modifier(struct str name)
{
    for (size_t i = 0; i < sizeof(modifiers) / sizeof(*modifiers); i++)
        if (str_eq(name, str_from_c(modifiers[i].name)))
            return &modifiers[i];
    return NULL;
}

/* "text, a regular expression or a field reference" */
static void describe_kinds(unsigned kinds, char *text, size_t size)
{
    struct buf list = {0};
    for (unsigned kind = 1; kind <= OPERAND_EXISTS; kind <<= 1) {
        if (!(kinds & kind))
            continue;
        kinds &= ~kind;
        if (list.len)
            buf_add_c(&list, kinds ? ", " : " or ");
        buf_add_c(&list, operand_kind_name((enum operand_kind)kind));
    }
    size_t len = list.len < size ? list.len : size - 1;
    if (len)
        memcpy(text, list.ptr, len);
    text[len] = '\0';
    buf_free(&list);
}

static int change_operand(struct item *item, const struct modifier *modifier,
                          struct operand *operand)
{
    if (modifier->takes & operand->kind)
        return modifier->change(item, operand, modifier->argument);
    char taken[120];
    describe_kinds(modifier->takes, taken, sizeof(taken));
    return document_error(
        item->doc, operand->at, "'%.*s' takes %s, not %s%s", STR_ARG(item->modifier), taken,
        operand_kind_name(operand->kind),
        operand->kind == OPERAND_NUMBER && (modifier->takes & OPERAND_TEXT) ? " (quote it)" : "");
}

int modifier_apply(struct item *item, struct str name, uint32_t column)
{
    item->modifier = str_first(name, 40);
    item->column = column;
    const struct modifier *modifier = find_modifier(name);
    if (!modifier)
        return modifier_error(item, "there is no modifier '%.*s'", STR_ARG(item->modifier));
    if (modifier->line) {
        modifier->line(item);
        return 0;
    }
    if (modifier->unmodified_only && item->transformed)
        return modifier_error(item, "'%.*s' must come before the modifiers that change the value",
                              STR_ARG(item->modifier));
    for (uint32_t i = 0; i < item->count; i++) {
        item->alternatives = 0;
        struct operand *next;
        for (struct operand *operand = item->values[i]; operand; operand = next) {
            next = operand->next; /* alternatives that it makes now are not changed again */
            int status = change_operand(item, modifier, operand);
            if (status < 0)
                return status;
        }
    }
    item->transformed++;
    return 0;
}
