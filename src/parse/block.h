/*
 * block: cutting of formats whose lines stand under blocks of '#' lines that say what
 * the columns are (Zeek, W3C). A file may have several such blocks, and each holds for what
 * follows:
 *
 *     #fields a b │ 1 2 │ 3 4 │ #fields b a │ 2 1
 *     header ─────┴▶ chunk ▶ chunk  header ─┴▶ chunk
 */
#ifndef JAGA_PARSE_BLOCK_H
#define JAGA_PARSE_BLOCK_H

#include "parse/lines.h"

#define BLOCK_SIZE_MAX (1u << 20) /* bytes of one block; of a longer one the rest is skipped */

/*
 * cut() of such a format. A block with a line that starts with `fields` replaces the header
 * that was in force; others ("#close") change nothing.
 */
size_t block_cut(struct cutter *cutter, struct str data, bool last, struct str fields,
                 struct str *ret_body);

/* parse() of such a format, once it has read chunk->header: each line but those of '#' an event. */
int block_run(struct parser *parser, const struct chunk *chunk, struct sink *sink,
              lines_event_fn *event);

#endif
