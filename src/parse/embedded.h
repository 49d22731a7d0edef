/*
 * embedded: a record that stands as text in a member or a cell of another one, as exports,
 * queues and collectors wrap them:
 *
 *     {"result":{"_raw":"<Event ..>","host":"h"}}                      Splunk
 *     {"logEvents":[{"id":"1","message":"{\"eventName\":..}"}]}        CloudWatch
 *     RecordId,Operation,AuditData                                     Microsoft 365
 *     1,New-InboxRule,"{""Workload"":""Exchange"",..}"
 *
 *     {"message":"<34>Oct 11 22:14:15 h su: ..","host.name":"relay"}   OpenTelemetry, Splunk's collector
 *
 * The text is taken apart and its fields stand in its place. Where the inner and the outer record
 * have a field of the same name the inner one's counts: it is closer to the source.
 */
#ifndef JAGA_PARSE_EMBEDDED_H
#define JAGA_PARSE_EMBEDDED_H

#include "parse/parser.h"

/* May a member or column of that name hold a record as text? */
bool embedded_names(struct str name);

/*
 * Opens the first field of the event under construction that holds a record as text, if one does:
 * an object of JSON, a rendered Windows event, the EventData of one, Sysmon's message, a line of
 * syslog (with its priority; or its time, a host and a program), one of an access log, CEF, LEEF, or a record of the
 * audit trail.
 */
void embedded_open(struct parser *parser);

#endif
