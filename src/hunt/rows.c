#include "hunt/rows.h"

#include "hunt/value.h"

void rows_add_csv_names(struct buf *out, const struct hunt_head *head)
{
    for (uint32_t i = 0; i < head->n_columns; i++) {
        buf_add_c(out, i ? "," : "");
        buf_add_csv(out, head->columns[i].name);
    }
    buf_add_c(out, "\r\n");
}

void rows_add_csv(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells)
{
    struct buf room = {0};
    for (uint32_t i = 0; i < head->n_columns; i++) {
        buf_add_c(out, i ? "," : "");
        buf_add_csv(out, value_shown(head->columns[i].type, cells[i].text, &room));
    }
    buf_free(&room);
    buf_add_c(out, "\r\n");
}

static void add_value(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells,
                      uint32_t i)
{
    value_write_json(out, head->columns[i].type, cells[i].text, cells[i].null);
}

void rows_add_object(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells)
{
    for (uint32_t i = 0; i < head->n_columns; i++) {
        buf_add_byte(out, i ? ',' : '{');
        buf_add_json(out, head->columns[i].name);
        buf_add_byte(out, ':');
        add_value(out, head, cells, i);
    }
    buf_add_c(out, head->n_columns ? "}\n" : "{}\n");
}

void rows_add_array(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells)
{
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < head->n_columns; i++) {
        buf_add_c(out, i ? "," : "");
        add_value(out, head, cells, i);
    }
    buf_add_byte(out, ']');
}

void rows_add_columns(struct buf *out, const struct hunt_head *head)
{
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < head->n_columns; i++) {
        buf_add_c(out, i ? ",{\"name\":" : "{\"name\":");
        buf_add_json(out, head->columns[i].name);
        buf_printf(out, ",\"type\":\"%s\"}", tables_type_name(head->columns[i].type));
    }
    buf_add_byte(out, ']');
}

void rows_add_render(struct buf *out, const struct hunt_render *render)
{
    if (!render || render->chart.len == 0) {
        buf_add_c(out, "null");
        return;
    }
    buf_add_c(out, "{\"chart\":");
    buf_add_json(out, render->chart);
    for (uint32_t i = 0; i < render->n_properties; i++) {
        buf_add_byte(out, ',');
        buf_add_json(out, render->names[i]);
        buf_add_byte(out, ':');
        buf_add_json(out, render->values[i]);
    }
    buf_add_byte(out, '}');
}
