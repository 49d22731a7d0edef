#include "lake/lines.h"

#include <errno.h>

#include "base/time.h"

int lines_name(struct lines *lines, struct str name)
{
    buf_add_json(&lines->names, name);
    return lines->names.failed ? -ENOMEM : vec_push(&lines->ends, lines->names.len);
}

static void add_value(struct buf *line, const struct lake_vector *vector, uint32_t row)
{
    char time[TIME_TEXT_MAX];
    switch (vector->kind) {
    case LAKE_BOOLEAN:
        buf_add_c(line, vector->integers[row] ? "true" : "false");
        break;
    case LAKE_INTEGER:
        buf_add_i64(line, vector->integers[row]);
        break;
    case LAKE_DOUBLE:
        buf_printf(line, "%.17g", vector->doubles[row]);
        break;
    case LAKE_TIME:
        buf_add_json(line, str_of(time, time_format(vector->integers[row], time)));
        break;
    case LAKE_JSON:
        buf_add_str(line, vector->texts[row]);
        break;
    case LAKE_BYTES:
        buf_add_byte(line, '"');
        for (size_t i = 0; i < vector->texts[row].len; i++)
            buf_printf(line, "%02x", (unsigned char)vector->texts[row].ptr[i]);
        buf_add_byte(line, '"');
        break;
    default:
        buf_add_json(line, vector->texts[row]);
    }
}

static void add_line(struct lines *lines, const struct lake_chunk *chunk, uint32_t row)
{
    struct buf *text = &lines->text;
    char before = '{';
    for (uint32_t k = 0; k < chunk->n_columns; k++) {
        if (lake_is_null(&chunk->columns[k], row))
            continue;
        size_t start = k ? lines->ends.items[k - 1] : 0;
        buf_add_byte(text, before);
        buf_add(text, lines->names.ptr + start, lines->ends.items[k] - start);
        buf_add_byte(text, ':');
        add_value(text, &chunk->columns[k], row);
        before = ',';
    }
    buf_add_c(text, "}\n");
}

int lines_end(struct lines *lines, int (*write)(void *context, struct str bytes), void *context,
              struct err *err)
{
    int status = lines->text.failed     ? -ENOMEM
                 : lines->text.len == 0 ? 0
                                        : write(context, buf_str(&lines->text));
    buf_clear(&lines->text);
    return status < 0 && !err->code ? err_set(err, status, "%s", strerror(-status)) : status;
}

int lines_add(struct lines *lines, const struct lake_chunk *chunk,
              int (*write)(void *context, struct str bytes), void *context, struct err *err)
{
    int status = 0;
    for (uint32_t i = 0; status >= 0 && i < chunk->n_rows; i++) {
        add_line(lines, chunk, i);
        if (lines->text.len >= LINES_PIECE)
            status = lines_end(lines, write, context, err);
    }
    return status;
}

void lines_free(struct lines *lines)
{
    buf_free(&lines->text);
    buf_free(&lines->names);
    vec_free(&lines->ends);
}
