/*
 * Inside of dynamic values: bag.name, bag["name"], array[0], array[-1]. What is not there is null. A chain of
 * them is one path, so that the engine reads the JSON once.
 */
#include <inttypes.h>

#include "hunt/bind.h"

/* A path of the engine's: '$."a"."b"[0]'. Names that its quotes can't hold are looked up one by one. */
static bool fits_path(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '"' || name.ptr[i] == '\\' || (unsigned char)name.ptr[i] < 0x20)
            return false;
    return true;
}

static struct hunt_value extract(struct hunt_bind *bind, struct str base, struct str path)
{
    struct hunt_value value =
        bind_value(KQL_DYNAMIC, hunt_text(bind, "nullif(json_extract(%.*s, %.*s), 'null'::JSON)",
                                          STR_ARG(base), STR_ARG(path)));
    value.base = base;
    value.path = path;
    return value;
}

/* The step behind the path of `object`, if it has one: '$."a"' and ."b" are '$."a"."b"'. */
static struct hunt_value step(struct hunt_bind *bind, const struct hunt_value *object,
                              struct str step_text)
{
    struct str path = STR("$");
    struct str base = object->sql;
    if (object->base.len && str_starts(object->path, STR("'$"))) {
        base = object->base;
        path = str_first(str_skip(object->path, 1), object->path.len - 2);
        return extract(bind, base,
                       hunt_text(bind, "'%.*s%.*s'", STR_ARG(path), STR_ARG(step_text)));
    }
    return extract(bind, base, hunt_text(bind, "'%.*s%.*s'", STR_ARG(path), STR_ARG(step_text)));
}

static struct hunt_value by_name(struct hunt_bind *bind, const struct hunt_value *object,
                                 struct str name)
{
    if (!fits_path(name))
        return extract(
            bind, object->sql,
            hunt_text(bind, "concat('$.', to_json(%.*s))", STR_ARG(hunt_quote(bind, name))));
    /* The path is part of a literal of SQL: its quotes are doubled as one. */
    struct str quoted = hunt_quote(bind, name);
    quoted = str_first(str_skip(quoted, 1), quoted.len - 2);
    return step(bind, object, hunt_text(bind, ".\"%.*s\"", STR_ARG(quoted)));
}

/* One part of what is split, without making a list of all: split(Image, '\\')[-1] is in half of all published queries. */
static struct hunt_value part(struct hunt_bind *bind, const struct hunt_value *split, int64_t at)
{
    struct str text = hunt_text(bind, "kql_part(%.*s, %.*s, %" PRId64 ")", STR_ARG(split[0].sql),
                                STR_ARG(split[1].sql), at);
    struct hunt_value value =
        bind_value(KQL_DYNAMIC, hunt_text(bind, "to_json(%.*s)", STR_ARG(text)));
    value.text = text;
    return value;
}

static struct hunt_value by_value(struct hunt_bind *bind, const struct hunt_value *object,
                                  const struct hunt_value *index)
{
    if (index->constant && !index->literal.null) {
        if (index->type == KQL_STRING)
            return by_name(bind, object, index->literal.text);
        int64_t at = index->literal.integer;
        if (object->split)
            return part(bind, object->split, at);
        if (at < 0)
            return step(bind, object, hunt_text(bind, "[#%" PRId64 "]", at));
        return step(bind, object, hunt_text(bind, "[%" PRId64 "]", at));
    }
    if (index->type == KQL_STRING)
        return extract(
            bind, object->sql,
            hunt_text(bind, "concat('$.', to_json(%.*s))", STR_ARG(bind_filled(bind, index))));
    return extract(bind, object->sql, index->sql);
}

/* A string is taken for the JSON that it may hold. */
static int bind_object(struct hunt_bind *bind, const struct kql_expr *expr, struct kql_place place,
                       struct hunt_value *ret)
{
    int status = bind_scalar(bind, expr, ret);
    if (status < 0)
        return status;
    if (ret->type == KQL_STRING)
        *ret = hunt_convert(bind, *ret, KQL_DYNAMIC);
    if (ret->type != KQL_DYNAMIC)
        return hunt_refuse(bind, place, "a %.*s has no members", STR_ARG(kql_type_name(ret->type)));
    return 0;
}

int bind_member(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    struct hunt_value object, index;
    if (op_scan_names(bind, expr))
        return op_scan_value(bind, expr, ret);
    const struct kql_expr *inner =
        expr->kind == KQL_MEMBER ? expr->member.object : expr->index.object;
    int status = bind_object(bind, inner, expr->place, &object);
    if (status < 0)
        return status;
    if (expr->kind == KQL_MEMBER) {
        *ret = by_name(bind, &object, expr->member.name);
        return 0;
    }
    status = bind_scalar(bind, expr->index.index, &index);
    if (status < 0)
        return status;
    if (index.type == KQL_DYNAMIC)
        index = hunt_convert(bind, index, KQL_STRING);
    if (index.type == KQL_INT)
        index = bind_as(bind, index, KQL_LONG);
    if (index.type != KQL_STRING && index.type != KQL_LONG)
        return hunt_refuse(bind, expr->index.index->place,
                           "an index is a whole number or a name, not a %.*s",
                           STR_ARG(kql_type_name(index.type)));
    *ret = by_value(bind, &object, &index);
    return 0;
}
