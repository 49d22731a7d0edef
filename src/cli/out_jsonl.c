/* out_jsonl: one OCSF 1.8 Detection Finding (class 2004) per line, as scan/ocsf.h writes it. */
#include "cli/out_style.h"

#include <stdlib.h>

#include "scan/ocsf.h"

struct jsonl {
    FILE *stream;
    struct buf line;
    const struct attack *attack;
};

static void *jsonl_begin(const struct out_options *options)
{
    struct jsonl *jsonl = calloc(1, sizeof(*jsonl));
    if (!jsonl)
        return NULL;
    jsonl->stream = options->stream;
    jsonl->attack = options->attack;
    return jsonl;
}

static void jsonl_finding(void *state, const struct finding *finding)
{
    struct jsonl *jsonl = state;
    struct buf *line = &jsonl->line;
    struct ocsf_options options = {.attack = jsonl->attack};
    buf_clear(line);
    ocsf_write(&options, finding, line);
    buf_add_byte(line, '\n');
    if (!line->failed)
        fwrite(line->ptr, 1, line->len, jsonl->stream);
}

static void jsonl_end(void *state, const struct out_summary *summary)
{
    struct jsonl *jsonl = state;
    (void)summary;
    buf_free(&jsonl->line);
    free(jsonl);
}

const struct out_format out_jsonl = {
    .name = "jsonl",
    .about = "one OCSF 1.8 Detection Finding per line",
    .begin = jsonl_begin,
    .finding = jsonl_finding,
    .end = jsonl_end,
};
