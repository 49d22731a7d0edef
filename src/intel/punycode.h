/*
 * punycode: a label of a domain name in any script as the ASCII that is asked of DNS (RFC 3492, RFC 5890's
 * A-label). Pure.
 */
#ifndef JAGA_INTEL_PUNYCODE_H
#define JAGA_INTEL_PUNYCODE_H

#include "base/str.h"

/*
 * Writes "xn--..." for a label of valid UTF-8 that is already folded to lower case. Returns its
 * length, or 0: longer than `max`.
 */
size_t punycode_label(struct str label, char *ret_bytes, size_t max);

#endif
