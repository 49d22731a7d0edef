#include "sigma/engine_random.h"

#include <errno.h>

#include "base/utf8.h"

#define DEPTH_MAX 4
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char ENGINE_RANDOM_DATASETS[] =
    "name: first\n"
    "recognise:\n"
    "- {EventID: {present: true}}\n"
    "event_id: EventID\n"
    "logsources:\n"
    "- {product: p, service: s, category: c, when: {EventID: 1}}\n"
    "- {product: p, service: t, when: {EventID: 7}}\n"
    "- {product: p}\n"
    "aliases:\n"
    "- {events: [1], fields: {A: B}}\n"
    "- {fields: {C: [D, E]}}\n";

static const char *const FIELDS[] = {"A", "B", "C", "D", "E", "EventID", "Hashes"};

/* Values and, cut to pieces, the texts of rules. */
static const char *const TEXTS[] = {
    "",
    "1",
    "7",
    "42",
    "42.0",
    "-3",
    "true",
    "False",
    "abc",
    "ABCabcABC",
    "C:\\Windows\\System32\\cmd.exe",
    "c:\\windows\\system32\\PowerShell.EXE -enc AAAA",
    "10.1.2.3",
    "fe80::1",
    "Ärger mit Straße",
    "äRGER",
    "жук ЖУК",
    "SHA1=0123456789abcdef,MD5=fedcba98",
    "MD5=FEDCBA98",
    "2026-03-04T05:06:07Z",
    "line one\nline two",
    "a longer value that does not end before the vectors of sixteen bytes begin to matter: abc",
};

static const char *const REGEXES[] = {"^c:\\\\.*\\.exe",
                                      "abc|42",
                                      "[a-z]+=[0-9A-F]+",
                                      "^line two$",
                                      "Ä.ger",
                                      "(?i)enc",
                                      "power(shell)? ",
                                      ".",
                                      "^$",
                                      "x?"};

static const struct logsource LOGSOURCES[] = {
#define S(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    {S("p"), S(""), S("")},  {S("p"), S("c"), S("")}, {S(""), S("c"), S("")},
    {S("p"), S(""), S("t")}, {S("q"), S(""), S("")},  {S(""), S("c"), S("s")},
    {S(""), S("c2"), S("")},
#undef S
};

uint32_t choose(struct choices *choices, uint32_t n)
{
    if (!choices->ptr) {
        choices->seed = choices->seed * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)(choices->seed >> 33) % n;
    }
    if (choices->ptr == choices->end)
        return 0;
    return *choices->ptr++ % n;
}

static struct str pick(struct choices *choices, const char *const *list, size_t count)
{
    return str_from_c(list[choose(choices, (uint32_t)count)]);
}

/* A piece of one of TEXTS that is valid UTF-8, folded unless `cased`. */
static struct str piece(struct choices *choices, struct arena *arena, bool cased)
{
    struct str text = pick(choices, TEXTS, COUNT(TEXTS));
    if (choose(choices, 3) > 0 && text.len > 0) {
        text = str_skip(text, choose(choices, (uint32_t)text.len));
        text = str_first(text, 1 + choose(choices, (uint32_t)text.len));
    }
    while (text.len > 0 && ((unsigned char)text.ptr[0] & 0xc0) == 0x80)
        text = str_skip(text, 1);
    text = str_first(text, utf8_valid(text));
    char *bytes = arena_bytes(arena, 2 * text.len + 4);
    if (!bytes || cased)
        return text;
    return str_of(bytes, utf8_fold_text(text, bytes));
}

static int fill_wildcard(struct choices *choices, struct arena *arena, struct sigma_predicate *is)
{
    uint32_t n = 1 + choose(choices, 5);
    is->parts = arena_zero(arena, n + 2, sizeof(*is->parts));
    if (!is->parts)
        return -ENOMEM;
    if (is->field.len == 0)
        is->parts[is->n_parts++].kind = SIGMA_ANY_RUN;
    for (uint32_t i = 0; i < n; i++) {
        struct sigma_part *part = &is->parts[is->n_parts++];
        part->kind = choose(choices, 3);
        if (part->kind != SIGMA_LITERAL)
            continue;
        part->text = piece(choices, arena, is->cased);
        if (part->text.len == 0)
            part->kind = SIGMA_ANY_ONE;
    }
    if (is->field.len == 0)
        is->parts[is->n_parts++].kind = SIGMA_ANY_RUN;
    return 0;
}

static int fill_text(struct choices *choices, struct arena *arena, struct sigma_predicate *is)
{
    is->cased = choose(choices, 4) == 0;
    is->text = piece(choices, arena, is->cased);
    if (is->text.len == 0)
        is->op = is->field.len ? SIGMA_EMPTY : SIGMA_REGEX;
    if (is->op == SIGMA_REGEX)
        is->text = STR("a");
    return 0;
}

static void fill_regex(struct choices *choices, struct sigma_predicate *is)
{
    is->text = pick(choices, REGEXES, COUNT(REGEXES));
    is->regex_flags = (uint8_t)choose(choices, 8);
}

static void fill_network(struct choices *choices, struct sigma_predicate *is)
{
    static const uint8_t V4[4] = {10, 1, 2, 3}, V6[2] = {0xfe, 0x80};
    is->ipv6 = choose(choices, 2);
    is->prefix_bits = (uint8_t)choose(choices, is->ipv6 ? 17 : 33);
    memcpy(is->address, is->ipv6 ? V6 : V4, is->ipv6 ? sizeof(V6) : sizeof(V4));
    for (unsigned bit = is->prefix_bits; bit < 128; bit++)
        is->address[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

static void fill_number(struct choices *choices, struct arena *arena, struct sigma_predicate *is)
{
    static const double NUMBERS[] = {0, 1, 7, 42, -3, 2026, 3.5};
    is->number = NUMBERS[choose(choices, COUNT(NUMBERS))];
    if (is->op == SIGMA_NUMBER)
        is->text = arena_printf(arena, "%g", is->number);
}

static int fill(struct choices *choices, struct arena *arena, struct sigma_predicate *is)
{
    switch (is->op) {
    case SIGMA_EXACT:
    case SIGMA_PREFIX:
    case SIGMA_SUFFIX:
    case SIGMA_CONTAINS:
        return fill_text(choices, arena, is);
    case SIGMA_WILDCARD:
        is->cased = choose(choices, 4) == 0;
        return fill_wildcard(choices, arena, is);
    case SIGMA_REGEX:
        fill_regex(choices, is);
        return 0;
    case SIGMA_CIDR:
        fill_network(choices, is);
        return 0;
    case SIGMA_BOOL:
    case SIGMA_EXISTS:
        is->number = choose(choices, 2);
        return 0;
    case SIGMA_FIELD_EQUAL:
    case SIGMA_FIELD_PREFIX:
    case SIGMA_FIELD_SUFFIX:
    case SIGMA_FIELD_CONTAINS:
        is->cased = choose(choices, 2);
        is->text = pick(choices, FIELDS, COUNT(FIELDS));
        return 0;
    case SIGMA_TIME_PART:
        is->time_part = choose(choices, SIGMA_YEAR + 1);
        is->number_op = SIGMA_NUMBER + choose(choices, 5);
        is->number = choose(choices, 10);
        return 0;
    default:
        fill_number(choices, arena, is);
        return 0;
    }
}

static struct sigma_node *random_predicate(struct choices *choices, struct arena *arena)
{
    static const enum sigma_op KEYWORD_OPS[] = {SIGMA_CONTAINS, SIGMA_WILDCARD, SIGMA_REGEX};
    struct sigma_node *node = arena_zero(arena, 1, sizeof(*node));
    struct sigma_predicate *is = arena_zero(arena, 1, sizeof(*is));
    if (!node || !is)
        return NULL;
    if (choose(choices, 12) == 0) {
        is->op = KEYWORD_OPS[choose(choices, COUNT(KEYWORD_OPS))];
    } else {
        is->field = pick(choices, FIELDS, COUNT(FIELDS));
        is->op = choose(choices, 2) ? choose(choices, SIGMA_WILDCARD + 1)
                                    : choose(choices, SIGMA_TIME_PART + 1);
    }
    *node = (struct sigma_node){.kind = SIGMA_PREDICATE, .predicate = is};
    return fill(choices, arena, is) < 0 ? NULL : node;
}

static struct sigma_node *random_node(struct choices *choices, struct arena *arena, unsigned depth)
{
    uint32_t kind = choose(choices, 8);
    if (depth == DEPTH_MAX || kind >= 5)
        return random_predicate(choices, arena);
    struct sigma_node *node = arena_zero(arena, 1, sizeof(*node));
    if (!node)
        return NULL;
    node->kind = kind < 2 ? SIGMA_AND : kind < 4 ? SIGMA_OR : SIGMA_NOT;
    if (choose(choices, 40) == 0) {
        node->kind = choose(choices, 2) ? SIGMA_TRUE : SIGMA_FALSE;
        return node;
    }
    node->count = node->kind == SIGMA_NOT ? 1 : 1 + choose(choices, 4);
    node->children = arena_zero(arena, node->count, sizeof(*node->children));
    for (uint32_t i = 0; node->children && i < node->count; i++)
        if (!(node->children[i] = random_node(choices, arena, depth + 1)))
            return NULL;
    return node->children ? node : NULL;
}

int random_rule(struct choices *choices, struct sigma_set *set)
{
    struct sigma_rule *rule = arena_zero(&set->arena, 1, sizeof(*rule));
    if (!rule)
        return -ENOMEM;
    rule->logsource = LOGSOURCES[choose(choices, COUNT(LOGSOURCES))];
    rule->condition = random_node(choices, &set->arena, 0);
    rule->number = (uint32_t)set->rules.len;
    return rule->condition ? vec_push(&set->rules, rule) : -ENOMEM;
}

void random_event(struct choices *choices, const struct fields *fields, struct event *event,
                  struct slot slots[static RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX])
{
    static const char *const NAMES[] = {"A",       "B",      "C",     "D",       "E",
                                        "EventID", "Hashes", "other", "category"};
    struct arena *scratch = event->scratch;
    *event = (struct event){.slots = slots,
                            .n_slots = choose(choices, RANDOM_SLOTS_MAX + 1),
                            .slots_max = RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX,
                            .route = ROUTE_NONE,
                            .dataset = DATASET_NONE,
                            .time = TIME_UNSET,
                            .scratch = scratch};
    arena_reset(scratch);
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct str name = pick(choices, NAMES, COUNT(NAMES));
        struct str text = pick(choices, TEXTS, COUNT(TEXTS));
        enum value_type type =
            choose(choices, 10) == 0 ? choose(choices, VALUE_EMPTY_MAP + 1) : VALUE_STRING;
        if (str_eq(name, STR("EventID")))
            text = choose(choices, 2) ? STR("1") : STR("7");
        if (str_eq(name, STR("category")))
            text = choose(choices, 2) ? STR("c") : STR("c2");
        if (type >= VALUE_NULL)
            text = STR("");
        slots[i] = (struct slot){.name = name.ptr,
                                 .name_len = (uint16_t)name.len,
                                 .text = text.ptr,
                                 .text_len = (uint32_t)text.len,
                                 .field = fields_find(fields, name),
                                 .type = (uint8_t)type};
        if (choose(choices, 8) == 0 && memchr(text.ptr, '\\', text.len) == NULL)
            slots[i].flags = SLOT_ESCAPED; /* without any escape in it */
    }
}
