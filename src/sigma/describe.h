/*
 * describe: predicates and hostile text in words, for people; see also eval.h.
 */
#ifndef JAGA_SIGMA_DESCRIBE_H
#define JAGA_SIGMA_DESCRIBE_H

#include "sigma/eval.h"

/* Text as people may see it: shortened, control characters and broken bytes made visible. */
void describe_text(struct str text, struct buf *out);

#endif
