/*
 * geo: where addresses are, from a file in MaxMind's format (MMDB) that somebody keeps beside the centre. Nothing is
 * asked over the network.
 *
 * The file is mapped as long as it is open, so it is replaced by renaming another over it, and taken at the next start.
 * Looking up is safe from any thread.
 */
#ifndef JAGA_HUNT_GEO_H
#define JAGA_HUNT_GEO_H

#include "base/buf.h"
#include "base/err.h"

struct geo;

/* 0, or -errno with *err: the file is not there, or no such file. */
int geo_open(const char *path, struct geo **ret_geo, struct err *err);
void geo_close(struct geo *geo); /* NULL is allowed */

/*
 * Appends what geo_info_from_ip_address() gives: a JSON object with those of country, state, city, latitude and
 * longitude that are known; {} where the address is none or not in the file. 0, or -EBADMSG: the file is damaged.
 */
int geo_write(const struct geo *geo, struct str address, struct buf *json);

#endif
