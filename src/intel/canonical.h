/*
 * canonical: the one spelling under which a value is kept and looked up. Feeds and events go through the same
 * functions, so that two spellings of one thing meet. Pure functions, no memory but the caller's.
 *
 *     ipv4, ipv6    RFC 5952; an IPv4-mapped IPv6 address is the IPv4 address; brackets, port and zone go
 *     cidr4, cidr6  RFC 4632; bits behind the prefix are cleared
 *     domain, host  lower case, no dots around it, "*." goes; other scripts become xn-- (RFC 3492)
 *     url           RFC 3986, 6.2.2 and 6.2.3: scheme and host in lower case, no default port, no empty path, no
 *                   dot segments, %41 is A, %c3 is %C3, other scripts escaped; no fragment. Without a scheme:
 *                   "//host/path", any scheme
 *     hashes        lower case
 *     email         lower case, without "Name <>" and mailto:
 *     file-name     the last part of a path, without case
 *     file-path     a Windows path (drive, backslash, %VARIABLE%): without case, '\' for '/'; others as they are
 *     ja3, ja4      lower case
 *     user-agent    without white space around it
 */
#ifndef JAGA_INTEL_CANONICAL_H
#define JAGA_INTEL_CANONICAL_H

#include "base/address.h"
#include "intel/intel.h"

#define INDICATOR_VALUE_MAX 2048 /* bytes of a canonical value; longer ones are refused */
#define DOMAIN_LENGTH_MAX 253    /* RFC 1035, 2.3.4, without the final dot */
#define DOMAIN_LABEL_MAX 63

/*
 * `text` as a value of that type, written to ret_bytes. False, and ret_value untouched: it is none. `text` may be any
 * bytes.
 */
bool indicator_canonical(enum indicator_type type, struct str text,
                         char ret_bytes[static INDICATOR_VALUE_MAX], struct str *ret_value);

/*
 * Undoes what people write so that nobody clicks: hxxp://, [.], (dot), [at], [:]. Writes at most
 * INDICATOR_VALUE_MAX bytes; false: it is longer.
 */
bool indicator_refang(struct str text, char ret_bytes[static INDICATOR_VALUE_MAX],
                      struct str *ret_text);

/* What a refanged text is by its looks, or INDICATOR_NONE. Never HOST, JA3 or USER_AGENT: they look like others. */
enum indicator_type indicator_guess(struct str text);

/* Which of the four types of addresses and networks the text is, or INDICATOR_NONE. */
enum indicator_type indicator_guess_address(struct str text);

/*
 * An address as events write it: with brackets, port or zone, IPv4-mapped. False: none.
 */
bool indicator_address(struct str text, struct address *ret_address);

/* The bytes of a hexadecimal digest, where text is exactly 2 * size digits. */
bool indicator_digest(struct str text, uint8_t *ret_bytes, size_t size);

/* MD5, SHA-1 or SHA-256 by the number of digits, or INDICATOR_NONE. */
enum indicator_type indicator_digest_type(struct str text);

/* The host of a canonical URL, without port and brackets. */
struct str indicator_url_host(struct str url);

/* The last part of a path of any system. */
struct str indicator_file_name(struct str path);

#endif
