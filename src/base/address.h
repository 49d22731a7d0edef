/*
 * address: IPv4 and IPv6 addresses as bytes, and networks in CIDR notation (RFC 4632, 4291).
 * Pure functions.
 */
#ifndef JAGA_BASE_ADDRESS_H
#define JAGA_BASE_ADDRESS_H

#include "base/str.h"

struct address {
    uint8_t bytes[16]; /* network order; IPv4 in the first four, the others 0 */
    bool ipv6;
};

/*
 * The whole of s as an address: dotted quads of decimal numbers without leading zeros, or RFC 4291
 * text. False for anything else (brackets, ports, zone ids). An IPv4-mapped IPv6 address is IPv6.
 */
bool address_parse(struct str s, struct address *ret_address);

#define ADDRESS_TEXT_MAX 48

/* The one text of an address (RFC 5952: lower case, the longest run of zeros as "::"); its length. */
size_t address_format(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX]);

/* Sets all but the first `bits` bits to zero. */
void address_mask(struct address *address, unsigned bits);

/* Are the first `bits` bits of the two the same, and their families? */
bool address_in_network(const struct address *address, const struct address *network,
                        unsigned bits);

/*
 * "10.0.0.0/8", "fc00::/7", or a single address. On failure false, and *ret_problem says why, as
 * the rest of a sentence.
 */
bool address_parse_network(struct str s, struct address *ret_network, unsigned *ret_bits,
                           const char **ret_problem);

#endif
