/*
 * news: which indicators of an image another image did not have. A list of keys, kept until these indicators have been
 * looked for in what was received before they came; what they say is asked of the image that is in force then.
 *
 *     keys of a type, sorted │ keys of the next type ... │ trailer {keys of each type}
 *
 * A key is that of image.h, 16 bytes; of a text its hash alone, and a network is a text. Both images are walked in their
 * order and nothing of them is gathered but networks. News may be read by many threads; a screen belongs to one.
 */
#ifndef JAGA_INTEL_NEWS_H
#define JAGA_INTEL_NEWS_H

#include "intel/intel.h"

struct intel_news;
struct intel_screen;

/*
 * Hands the list to `put` piece by piece. An indicator of `before` that had expired when `now` was built is new. before NULL: nothing was there. 0 with how many there are of each type, what put()
 * returned, or -ENOMEM.
 */
int intel_news_write(const struct intel *before, const struct intel *now,
                     int (*put)(void *context, struct str bytes), void *context,
                     uint64_t ret_counts[static INDICATOR_COUNT]);

/* Over the bytes of a list, aligned to 8, and the image in force; both outlive it. NULL: *err says what is wrong. */
struct intel_news *intel_news_open(struct str bytes, const struct intel *intel, struct err *err);
void intel_news_close(struct intel_news *news); /* NULL is allowed */

/* Is the indicator of that canonical value among them? */
bool intel_news_has(const struct intel_news *news, enum indicator_type type, struct str value);

/* The types that they are of: bits 1 << enum indicator_type. */
uint32_t intel_news_types(const struct intel_news *news);

/*
 * Which of many texts hold one of them, looked at as a field of that type in an event is. Times are not asked. NULL: no
 * memory.
 */
struct intel_screen *intel_screen_new(const struct intel_news *news, enum field_type type);
void intel_screen_free(struct intel_screen *screen);

/* ret_hits[row] becomes true if it does, at the latest with finish(); until then text and hits live. */
void intel_screen_ask(struct intel_screen *screen, uint32_t row, struct str text, bool *ret_hits);
void intel_screen_finish(struct intel_screen *screen);

#endif
