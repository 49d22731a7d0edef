#include "base/metric.h"

void metric_head(struct buf *out, const char *name, const char *type, const char *about)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, type);
}

static void add_label(struct buf *out, const struct metric_label *label)
{
    buf_add_c(out, label->name);
    buf_add_c(out, "=\"");
    for (size_t i = 0; i < label->value.len; i++) {
        char c = label->value.ptr[i];
        if (c == '\\' || c == '"' || c == '\n')
            buf_add_byte(out, '\\');
        buf_add_byte(out, c == '\n' ? 'n' : c);
    }
    buf_add_byte(out, '"');
}

/* All of a line but its value. */
static void begin_line(struct buf *out, const char *name, struct metric_labels labels)
{
    buf_add_c(out, name);
    for (size_t i = 0; i < labels.n; i++) {
        buf_add_byte(out, i ? ',' : '{');
        add_label(out, &labels.items[i]);
    }
    buf_add_c(out, labels.n ? "} " : " ");
}

void metric_add(struct buf *out, const char *name, struct metric_labels labels, uint64_t value)
{
    begin_line(out, name, labels);
    buf_add_u64(out, value);
    buf_add_byte(out, '\n');
}

void metric_add_real(struct buf *out, const char *name, struct metric_labels labels, double value,
                     unsigned decimals)
{
    begin_line(out, name, labels);
    buf_printf(out, "%.*f\n", (int)decimals, value);
}

void metric_one(struct buf *out, const char *name, const char *type, const char *about,
                uint64_t value)
{
    metric_head(out, name, type, about);
    metric_add(out, name, METRIC_PLAIN, value);
}
