#include "hunt/kql_infix.h"

#include <assert.h>

/* A string operator in its four forms: x !x x_cs !x_cs. */
#define FORMS(word, op)                                                                            \
    {word, {op, false, true}, KQL_STRENGTH_STRING},                                                \
        {"!" word, {op, true, true}, KQL_STRENGTH_STRING},                                         \
        {word "_cs", {op, false, false}, KQL_STRENGTH_STRING},                                     \
    {                                                                                              \
        "!" word "_cs", {op, true, false}, KQL_STRENGTH_STRING                                     \
    }

const struct kql_infix kql_infixes[] = {
    {"==", {KQL_EQUAL, false, false}, KQL_STRENGTH_EQUALITY},
    {"!=", {KQL_EQUAL, true, false}, KQL_STRENGTH_EQUALITY},
    {"<>", {KQL_EQUAL, true, false}, KQL_STRENGTH_EQUALITY},
    {"in", {KQL_IN, false, false}, KQL_STRENGTH_EQUALITY},
    {"!in", {KQL_IN, true, false}, KQL_STRENGTH_EQUALITY},
    {"in~", {KQL_IN, false, true}, KQL_STRENGTH_EQUALITY},
    {"!in~", {KQL_IN, true, true}, KQL_STRENGTH_EQUALITY},
    {"has_any", {KQL_HAS_ANY, false, true}, KQL_STRENGTH_EQUALITY},
    {"has_all", {KQL_HAS_ALL, false, true}, KQL_STRENGTH_EQUALITY},
    {"between", {KQL_BETWEEN, false, false}, KQL_STRENGTH_EQUALITY},
    {"!between", {KQL_BETWEEN, true, false}, KQL_STRENGTH_EQUALITY},
    {"<", {KQL_LESS, false, false}, KQL_STRENGTH_ORDER},
    {"<=", {KQL_LESS_EQUAL, false, false}, KQL_STRENGTH_ORDER},
    {">", {KQL_GREATER, false, false}, KQL_STRENGTH_ORDER},
    {">=", {KQL_GREATER_EQUAL, false, false}, KQL_STRENGTH_ORDER},
    {"+", {KQL_ADD, false, false}, KQL_STRENGTH_SUM},
    {"-", {KQL_SUBTRACT, false, false}, KQL_STRENGTH_SUM},
    {"*", {KQL_MULTIPLY, false, false}, KQL_STRENGTH_PRODUCT},
    {"/", {KQL_DIVIDE, false, false}, KQL_STRENGTH_PRODUCT},
    {"%", {KQL_MODULO, false, false}, KQL_STRENGTH_PRODUCT},
    {"=~", {KQL_EQUAL, false, true}, KQL_STRENGTH_STRING},
    {"!~", {KQL_EQUAL, true, true}, KQL_STRENGTH_STRING},
    FORMS("has", KQL_HAS),
    FORMS("hasprefix", KQL_HASPREFIX),
    FORMS("hassuffix", KQL_HASSUFFIX),
    FORMS("contains", KQL_CONTAINS),
    FORMS("startswith", KQL_STARTSWITH),
    FORMS("endswith", KQL_ENDSWITH),
    {"matches regex", {KQL_MATCHES_REGEX, false, false}, KQL_STRENGTH_STRING},
    {":", {KQL_COLON, false, true}, KQL_STRENGTH_STRING},
    /* Spellings of old queries. */
    {"notcontains", {KQL_CONTAINS, true, true}, KQL_STRENGTH_STRING},
    {"containscs", {KQL_CONTAINS, false, false}, KQL_STRENGTH_STRING},
    {"notcontainscs", {KQL_CONTAINS, true, false}, KQL_STRENGTH_STRING},
    {NULL, {0}, KQL_STRENGTH_NONE},
};

const struct kql_infix *kql_infix_find(struct str word)
{
    for (const struct kql_infix *row = kql_infixes; row->text; row++) {
        struct str text = str_from_c(row->text);
        if (str_eq(str_first(text, str_index(text, ' ')), word))
            return row;
    }
    return NULL;
}

const struct kql_infix *kql_infix_of(struct kql_test test)
{
    const struct kql_infix *row = kql_infixes;
    while (row->text && (row->test.op != test.op || row->test.negated != test.negated ||
                         row->test.nocase != test.nocase))
        row++;
    assert(row->text);
    return row;
}
