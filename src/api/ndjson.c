#include "api/ndjson.h"

#include <errno.h>

#include "parse/json_cursor.h"

/* Formats that are lines without a header before them. */
static const enum format_id FORMATS[] = {
    FORMAT_JSON, FORMAT_SYSLOG, FORMAT_CEF,    FORMAT_LEEF,  FORMAT_KV,
    FORMAT_XML,  FORMAT_AUDITD, FORMAT_ACCESS, FORMAT_PLAIN,
};

bool ndjson_format(struct str name, enum format_id *ret_format)
{
    const struct format *format = format_by_name(name);
    for (size_t i = 0; format && i < sizeof(FORMATS) / sizeof(*FORMATS); i++)
        if (format->id == FORMATS[i]) {
            *ret_format = format->id;
            return true;
        }
    return false;
}

static int add(struct ndjson *ndjson, struct str text)
{
    if (ndjson->items.len == NDJSON_ITEMS_MAX)
        return -E2BIG;
    return vec_push(&ndjson->items, text);
}

static int read_lines(struct ndjson *ndjson, struct str body)
{
    struct str line;
    int status = 0;
    while (status == 0 && str_cut_line(&body, &line))
        if (str_trim(line).len > 0)
            status = add(ndjson, line);
    return status;
}

/* A list of objects; `at` is behind its '['. */
static int read_list(struct ndjson *ndjson, struct str body, size_t at)
{
    at = json_skip_space(body, at);
    bool more = at < body.len && body.ptr[at] != ']';
    while (more) {
        size_t end = json_object_end(body, at);
        if (end == 0)
            return -EINVAL;
        int status = add(ndjson, str_of(body.ptr + at, end - at));
        if (status < 0)
            return status;
        at = json_skip_space(body, end);
        more = at < body.len && body.ptr[at] == ',';
        at = more ? json_skip_space(body, at + 1) : at;
    }
    bool ends = at < body.len && body.ptr[at] == ']' && json_skip_space(body, at + 1) == body.len;
    return ends ? 0 : -EINVAL;
}

int ndjson_read(struct ndjson *ndjson, enum format_id format, struct str body)
{
    size_t start = json_skip_space(body, 0);
    bool list = format == FORMAT_JSON && start < body.len && body.ptr[start] == '[';
    return list ? read_list(ndjson, body, start + 1) : read_lines(ndjson, body);
}

void ndjson_free(struct ndjson *ndjson)
{
    vec_free(&ndjson->items);
}

void ndjson_write(struct buf *out, struct str text)
{
    while (text.len > 0) {
        size_t line = str_index(text, '\n');
        buf_add_str(out, str_first(text, line));
        if (line < text.len)
            buf_add_byte(out, ' ');
        text = str_skip(text, line + 1);
    }
}
