/* Events of a drill: shapes filled in, as one line of JSON or of text. */
#include "readiness/drill.h"

#include <errno.h>

void drill_scopes(const struct drill_emit *emit, const struct text_scope *member,
                  const struct text_scope *vars, const struct drill_agency *agency,
                  struct text_filling *filling)
{
    const struct text_scope none = {0};
    text_filling_restart(filling);
    filling->scopes[0] = emit->with;
    filling->scopes[1] = member ? *member : none;
    filling->scopes[2] = *vars;
    filling->scopes[3] = agency->vars;
    filling->scopes[4] = emit->shape->defaults;
}

static int write_text(const struct drill_value *value, struct text_filling *filling,
                      struct buf *out, struct err *err)
{
    struct buf text = {0};
    bool number;
    int status = text_fill(&value->text, filling, &text, &number, err);
    if (status == 0 && (number || value->plain))
        buf_add_str(out, buf_str(&text));
    else if (status == 0)
        buf_add_json(out, buf_str(&text));
    buf_free(&text);
    return status;
}

static int write_value(const struct drill_value *value, struct text_filling *filling,
                       struct buf *out, struct err *err)
{
    bool map = value->kind == VALUE_MAP;
    int status = 0;
    if (value->kind == VALUE_TEXT)
        return write_text(value, filling, out, err);
    buf_add_byte(out, map ? '{' : '[');
    for (size_t i = 0; status == 0 && i < value->n; i++) {
        if (i)
            buf_add_byte(out, ',');
        if (map) {
            buf_add_json(out, value->keys[i]);
            buf_add_byte(out, ':');
        }
        status = write_value(&value->items[i], filling, out, err);
    }
    buf_add_byte(out, map ? '}' : ']');
    return status;
}

int drill_write_event(const struct drill_emit *emit, struct text_filling *filling, struct buf *out,
                      struct err *err)
{
    const struct drill_value *event = &emit->shape->event;
    bool number;
    int status = event->kind == VALUE_TEXT ? text_fill(&event->text, filling, out, &number, err)
                                           : write_value(event, filling, out, err);
    if (status == 0 && out->failed)
        status = err_set(err, -ENOMEM, "no memory");
    return status;
}
