/*
 * xml: rendered Windows events among the files of the XML reader. No general XML: no DTD, no
 * entities but the five of XML 1.0 (4.6) and character references, no namespaces; whatever a
 * document asks to be fetched or expanded is refused.
 */
#ifndef JAGA_PARSE_XML_H
#define JAGA_PARSE_XML_H

#include "parse/parser.h"

#define XML_DEPTH_MAX 32      /* elements within each other */
#define XML_ATTRIBUTES_MAX 64 /* of one element */

/* Does an <Event> start tag begin here? */
bool xml_at_event(struct str text);

/* What xml_read_event() found. */
struct xml_event {
    size_t len;        /* bytes of the element, where it is whole */
    size_t error_at;   /* offset of what is wrong */
    const char *error; /* what is wrong; NULL: nothing */
    uint64_t record;   /* EventRecordID, 0 where there is none */
};

/*
 * Reads the <Event> element at the start of `text` and adds its slots to the event under
 * construction; sets its time. `flags` are those of slots whose text lies in `text`
 * (SLOT_UNCHECKED, or 0 where it is known to be UTF-8). Returns 0, or -EINVAL with the error in
 * *ret_event.
 */
int xml_read_event(struct parser *parser, struct str text, unsigned flags,
                   struct xml_event *ret_event);

#endif
