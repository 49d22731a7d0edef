/*
 * text_xml: XML as JSON, as KQL's parse_xml() has it: an element is its text, or a bag of "@attribute", "#text" and
 * elements, those of one name an array. Bytes come from outside: nothing is fetched or expanded but the entities of XML 1.0 (4.6) and
 * character references, and what else a document declares is skipped.
 */
#ifndef JAGA_HUNT_TEXT_XML_H
#define JAGA_HUNT_TEXT_XML_H

#include "base/buf.h"

#define TEXT_XML_MAX 1048576u   /* bytes, as documented */
#define TEXT_XML_DEPTH_MAX 64   /* elements within each other */
#define TEXT_XML_NODES_MAX 8192 /* elements, attributes, texts */

/* False: it is not well-formed, or passes a limit; `json` may have got some of it. */
bool text_parse_xml(struct str text, struct buf *json);

#endif
