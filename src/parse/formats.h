/*
 * formats: the rows of the table of formats (format.c). A format is one file that defines
 * one of these, and one row there.
 */
#ifndef JAGA_PARSE_FORMATS_H
#define JAGA_PARSE_FORMATS_H

#include "parse/parse.h"

extern const struct format format_evtx;
extern const struct format format_json;
extern const struct format format_xml;
extern const struct format format_syslog;
extern const struct format format_cef;
extern const struct format format_leef;
extern const struct format format_kv;
extern const struct format format_csv;
extern const struct format format_zeek;
extern const struct format format_auditd;
extern const struct format format_access;
extern const struct format format_w3c;
extern const struct format format_journal;
extern const struct format format_plain;

#endif
