/*
 * net: addresses as people write them, and sockets that listen. For doors and the API; nothing here blocks but
 * the look-up of a name, which happens at the start.
 */
#ifndef JAGA_IO_NET_H
#define JAGA_IO_NET_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

#define NET_TEXT_MAX 64 /* bytes of an address as text, with its NUL */

struct net_address {
    struct sockaddr_storage bytes;
    socklen_t len;
};

/*
 * "127.0.0.1:8443", "[::1]:6514", "name:514", ":514" (every address of the machine, IPv6 and IPv4); port 0
 * lets the kernel choose. 0, or -EINVAL with *err.
 */
int net_address_parse(struct str text, struct net_address *ret_address, struct err *err);

/* "127.0.0.1:8443" or "[::1]:6514"; IPv4 within IPv6 is written as IPv4. */
void net_address_format(const struct sockaddr *address, char ret_text[static NET_TEXT_MAX]);

/* The same without the port: "127.0.0.1", "::1". */
void net_host_format(const struct sockaddr *address, char ret_text[static NET_TEXT_MAX]);

/*
 * A bound socket, SOCK_STREAM (listening) or SOCK_DGRAM, that does not block and is closed on exec. Its
 * number, or -errno with *err. The caller closes it.
 */
int net_listen(const struct net_address *address, int type, struct err *err);

/* Where it is bound, with the port that the kernel chose. 0 or -errno. */
int net_bound(int fd, struct net_address *ret_address);

#endif
