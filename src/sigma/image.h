/*
 * image: a linked set of rules as bytes, and back: a warm start without YAML. An image is
 * of this program's version and of one key, which the caller makes of everything that went
 * into the set (the bytes of all rule files and placeholders, in order).
 *
 *     image:  [magic | version | key | length | checksum] [set]
 *
 * Bytes of any kind are safe to load: an image is used when it is whole, or not at all.
 */
#ifndef JAGA_SIGMA_IMAGE_H
#define JAGA_SIGMA_IMAGE_H

#include "base/buf.h"
#include "sigma/rule.h"

/*
 * Writes a linked set, before ruleset_build(), which may add refusals. Returns 0, -ENOMEM, or
 * -E2BIG for a set that is not worth it: too many nodes once shared trees are written out.
 */
int sigma_set_save(const struct sigma_set *set, uint64_t key, struct buf *out);

/*
 * Fills a set that sigma_set_init() made and nothing was added to; it is then linked. Returns 0,
 * -ESTALE for an image of another key or version, -EBADMSG for a damaged one, or -ENOMEM; the set is
 * then still empty. The bytes are copied.
 */
int sigma_set_load(struct sigma_set *set, struct str image, uint64_t key);

#endif
