/*
 * text_parse: texts of other languages taken apart, as KQL's parse_url(), parse_path() ... do: each gives JSON. Bytes
 * come from outside; none of it reads outside of the text.
 */
#ifndef JAGA_HUNT_TEXT_PARSE_H
#define JAGA_HUNT_TEXT_PARSE_H

#include "base/buf.h"

/* {"Scheme":..,"Host":..,"Port":..,"Path":..,"Username":..,"Password":..,"Query Parameters":{..},"Fragment":..} */
void text_parse_url(struct str text, struct buf *json);

/* {"Query Parameters":{..}} of "a=1&b=2". */
void text_parse_query(struct str text, struct buf *json);

/* {"Scheme":..,"RootPath":..,"DirectoryPath":..,"DirectoryName":..,"Filename":..,"Extension":..,"AlternateDataStreamName":..} */
void text_parse_path(struct str text, struct buf *json);

/* The arguments of a Windows command line, as CommandLineToArgvW has them: an array of texts. */
void text_parse_command_line(struct str text, struct buf *json);

/* The fields of one record of CSV (RFC 4180): an array of texts. */
void text_parse_csv(struct str text, struct buf *json);

/* "1.2.3.4" as the digits of a number that orders versions; false: it is none. */
bool text_parse_version(struct str text, struct buf *digits);

/* What a browser says of itself: its family and version, that of its system, and the device. */
struct agent {
    struct str browser, browser_version[3];
    struct str system, system_version[4];
    struct str device, brand, model;
};

/* Texts point into `text`, or live for ever; empty: not known. */
void text_parse_agent(struct str text, struct agent *ret_agent);

#endif
