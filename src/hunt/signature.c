#include "hunt/signature.h"

static const struct {
    const char *name;
    enum kql_type type;
} type_names[] = {
    {"bool", KQL_BOOL},         {"int", KQL_INT},           {"long", KQL_LONG},
    {"real", KQL_REAL},         {"decimal", KQL_DECIMAL},   {"string", KQL_STRING},
    {"datetime", KQL_DATETIME}, {"timespan", KQL_TIMESPAN}, {"dynamic", KQL_DYNAMIC},
    {"guid", KQL_GUID},
};

static bool find_type(struct str name, enum kql_type *ret_type)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (str_eq(name, str_from_c(type_names[i].name))) {
            *ret_type = type_names[i].type;
            return true;
        }
    return false;
}

static bool take_suffix(struct str *text, const char *suffix)
{
    *text = str_trim(*text);
    if (!str_ends(*text, str_from_c(suffix)))
        return false;
    *text = str_trim(str_first(*text, text->len - strlen(suffix)));
    return true;
}

static bool take_prefix(struct str *text, const char *prefix)
{
    if (!str_starts(*text, str_from_c(prefix)))
        return false;
    *text = str_trim(str_skip(*text, strlen(prefix)));
    return true;
}

static bool read_kind(struct str text, struct parameter *parameter)
{
    if (str_eq(text, STR("number")))
        parameter->kind = PARAMETER_NUMBER;
    else if (str_eq(text, STR("scalar")))
        parameter->kind = PARAMETER_SCALAR;
    else if (str_eq(text, STR("same")))
        parameter->kind = PARAMETER_SAME;
    else if (str_eq(text, STR("type")))
        parameter->kind = PARAMETER_TYPE;
    else
        return find_type(text, &parameter->type);
    return true;
}

/* name: const type... = SQL */
static bool read_parameter(struct str text, struct parameter *parameter)
{
    struct str rest = text;
    if (!str_cut(&rest, ':', &parameter->name))
        return false;
    parameter->name = str_trim(parameter->name);
    size_t equals = str_index(rest, '=');
    if (equals < rest.len) {
        parameter->fallback = str_trim(str_skip(rest, equals + 1));
        parameter->optional = true;
        rest = str_first(rest, equals);
    }
    rest = str_trim(rest);
    parameter->optional = take_suffix(&rest, "?") || parameter->optional;
    parameter->repeated = take_suffix(&rest, "...");
    parameter->constant = take_prefix(&rest, "const ");
    parameter->raw = take_prefix(&rest, "raw ");
    return parameter->name.len && read_kind(rest, parameter);
}

static bool read_result(struct str text, struct signature *signature)
{
    if (str_eq(text, STR("$1")))
        signature->result = RESULT_FIRST;
    else if (str_eq(text, STR("same")))
        signature->result = RESULT_SAME;
    else if (str_eq(text, STR("any")))
        signature->result = RESULT_ANY;
    else
        return find_type(text, &signature->type);
    return true;
}

bool signature_read(const char *text, struct signature *ret)
{
    struct str all = str_from_c(text);
    size_t open = str_index(all, '('), close = all.len;
    while (close > 0 && all.ptr[close - 1] != ')')
        close--;
    if (open + 1 > close || open == all.len)
        return false;
    *ret = (struct signature){.name = str_first(all, open)};
    struct str list = str_first(str_skip(all, open + 1), close - open - 2), part;
    while (list.len && str_cut(&list, ',', &part)) {
        if (ret->n_parameters == SIGNATURE_PARAMETERS_MAX || ret->repeated)
            return false;
        struct parameter *parameter = &ret->parameters[ret->n_parameters++];
        if (!read_parameter(part, parameter))
            return false;
        ret->n_needed += !parameter->optional;
        ret->repeated = parameter->repeated;
    }
    return read_result(str_trim(str_skip(all, close)), ret);
}
