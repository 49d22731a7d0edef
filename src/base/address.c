#include "base/address.h"

#include <arpa/inet.h>

static bool parse_ipv4(struct str s, struct address *address)
{
    for (int i = 0; i < 4; i++) {
        unsigned number = 0;
        size_t digits = 0;
        while (digits < s.len && s.ptr[digits] >= '0' && s.ptr[digits] <= '9' && digits < 4)
            number = number * 10 + (unsigned)(s.ptr[digits++] - '0');
        if (digits == 0 || number > 255 || (digits > 1 && s.ptr[0] == '0'))
            return false;
        address->bytes[i] = (uint8_t)number;
        s = str_skip(s, digits);
        if (i < 3 && (s.len == 0 || s.ptr[0] != '.'))
            return false;
        s = str_skip(s, i < 3);
    }
    return s.len == 0;
}

bool address_parse(struct str s, struct address *ret_address)
{
    struct address address = {0};
    char text[INET6_ADDRSTRLEN];
    if (s.len == 0 || s.len >= sizeof(text))
        return false;
    if (str_index(s, ':') == s.len) {
        if (!parse_ipv4(s, &address))
            return false;
    } else {
        memcpy(text, s.ptr, s.len);
        text[s.len] = '\0';
        if (strlen(text) != s.len || inet_pton(AF_INET6, text, address.bytes) != 1)
            return false;
        address.ipv6 = true;
    }
    *ret_address = address;
    return true;
}

size_t address_format(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX])
{
    int family = address->ipv6 ? AF_INET6 : AF_INET;
    return inet_ntop(family, address->bytes, ret_text, ADDRESS_TEXT_MAX) ? strlen(ret_text) : 0;
}

void address_mask(struct address *address, unsigned bits)
{
    for (unsigned i = 0; i < sizeof(address->bytes); i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
        if (kept < 8)
            address->bytes[i] &= (uint8_t)(0xff00u >> kept);
    }
}

bool address_in_network(const struct address *address, const struct address *network, unsigned bits)
{
    if (address->ipv6 != network->ipv6)
        return false;
    if (memcmp(address->bytes, network->bytes, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || (address->bytes[bits / 8] ^ network->bytes[bits / 8]) >> (8 - rest) == 0;
}

bool address_parse_network(struct str s, struct address *ret_network, unsigned *ret_bits,
                           const char **ret_problem)
{
    size_t slash = str_index(s, '/');
    struct address network;
    if (!address_parse(str_first(s, slash), &network)) {
        *ret_problem = "it does not begin with an IPv4 or IPv6 address";
        return false;
    }
    unsigned width = network.ipv6 ? 128 : 32;
    int64_t bits = width;
    if (slash < s.len) {
        struct str number = str_skip(s, slash + 1);
        if (number.len == 0 || number.len > 3 || number.ptr[0] < '0' || number.ptr[0] > '9' ||
            str_to_i64(number, &bits) < 0 || bits > width) {
            *ret_problem = network.ipv6 ? "the prefix length is not a number from 0 to 128"
                                        : "the prefix length is not a number from 0 to 32";
            return false;
        }
    }
    struct address masked = network;
    address_mask(&masked, (unsigned)bits);
    if (memcmp(masked.bytes, network.bytes, sizeof(masked.bytes)) != 0) {
        *ret_problem = "it has bits set behind its prefix";
        return false;
    }
    *ret_network = network;
    *ret_bits = (unsigned)bits;
    return true;
}
