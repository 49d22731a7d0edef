/*
 * payload: what stands inside the message of a syslog line or a journal entry, when it
 * is of a known shape. Each row recognises its shape by the message's first bytes and adds
 * slots to the event under construction; the message itself stays `message`.
 */
#ifndef JAGA_PARSE_PAYLOAD_H
#define JAGA_PARSE_PAYLOAD_H

#include "parse/lines.h"

/* The event of a line that other formats carry behind a syslog header (syslog.c). */
const char *syslog_event(struct parser *parser, const struct line *line);

/*
 * Does the text begin like a line of syslog with a time and no priority, like one of an access log? By a look at a few
 * bytes, which stand there as they are also where the text is escaped.
 */
bool syslog_looks_dated(struct str text);
bool access_looks(struct str text);

/* Adds what is inside `message`, if anything; `flags` are those of slots with its text. */
void payload_add(struct parser *parser, struct str message, unsigned flags);

/*
 * The shapes, each in its format's file. They add slots from `text`, and return 0, or -EINVAL where
 * it is not of their shape (nothing was added then).
 */
int syslog_add(struct parser *parser, struct str text, unsigned flags);
int access_add(struct parser *parser, struct str text, unsigned flags);
int cef_add(struct parser *parser, struct str text, unsigned flags);
int leef_add(struct parser *parser, struct str text, unsigned flags);
int auditd_add(struct parser *parser, struct str text, unsigned flags);
int cisco_add(struct parser *parser, struct str text, unsigned flags);
int snare_add(struct parser *parser, struct str text, unsigned flags);
int pairs_add(struct parser *parser, struct str text, unsigned flags);

#endif
