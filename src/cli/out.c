#include "cli/out.h"

const struct out_format *const out_formats[] = {
    &out_table, &out_jsonl, &out_csv, &out_timesketch, &out_html, NULL,
};

const struct out_format *out_format_by_name(struct str name)
{
    for (size_t i = 0; out_formats[i]; i++)
        if (str_eq(name, str_from_c(out_formats[i]->name)))
            return out_formats[i];
    return NULL;
}
