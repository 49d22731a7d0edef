/*
 * text_punycode: names in the letters that DNS takes (RFC 3492). A domain has each of its labels for itself, those that are not
 * ASCII with "xn--" in front. False: it is no punycode, or its text no UTF-8; `out` may have got some of it.
 */
#ifndef JAGA_HUNT_TEXT_PUNYCODE_H
#define JAGA_HUNT_TEXT_PUNYCODE_H

#include "base/buf.h"

#define PUNYCODE_POINTS_MAX 4096 /* code points of a text: both ways are quadratic */

bool text_punycode_encode(struct str text, struct buf *out);
bool text_punycode_decode(struct str code, struct buf *out);

/* Of all labels of a domain. */
bool text_punycode_encode_domain(struct str domain, struct buf *out);
bool text_punycode_decode_domain(struct str domain, struct buf *out);

#endif
