/*
 * Functions of KQL on addresses. An address may have a prefix ("10.1.2.3/8"), which masks it.
 */
#include "base/address.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"

struct network {
    struct address address;
    unsigned bits;
};

/* An address, or one with a prefix; of the family wanted, where IPv6 takes IPv4 too, as ::ffff:a.b.c.d. */
static bool read_network(struct str text, bool ipv6, struct network *ret)
{
    const char *problem;
    struct network network;
    if (!address_parse_network(str_trim(text), &network.address, &network.bits, &problem)) {
        size_t slash = str_index(text, '/');
        int64_t bits;
        if (slash == text.len ||
            !address_parse(str_trim(str_first(text, slash)), &network.address) ||
            str_to_i64(str_skip(text, slash + 1), &bits) < 0 || bits < 0 ||
            bits > (network.address.ipv6 ? 128 : 32))
            return false;
        network.bits = (unsigned)bits;
    }
    if (network.address.ipv6 && !ipv6)
        return false;
    if (ipv6 && !network.address.ipv6) {
        struct address mapped = {.ipv6 = true};
        mapped.bytes[10] = mapped.bytes[11] = 0xff;
        memcpy(mapped.bytes + 12, network.address.bytes, 4);
        network = (struct network){mapped, network.bits + 96};
    }
    *ret = network;
    return true;
}

static bool take_network(struct lake_call *call, uint32_t argument, uint32_t row, bool ipv6,
                         struct network *ret)
{
    if (read_network(native_text(call, argument, row), ipv6, ret))
        return true;
    call->put_null(call, row);
    return false;
}

static int64_t as_number(const struct address *address)
{
    return (int64_t)address->bytes[0] << 24 | address->bytes[1] << 16 | address->bytes[2] << 8 |
           address->bytes[3];
}

/* The two, masked by the shortest of their prefixes and `bits`: less, 0, more. False: one is no address. */
static bool compare(struct lake_call *call, uint32_t row, bool ipv6, int *ret_order)
{
    struct network a, b;
    int64_t bits = native_integer(call, 2, row);
    if (!take_network(call, 0, row, ipv6, &a) || !take_network(call, 1, row, ipv6, &b))
        return false;
    unsigned shortest = a.bits < b.bits ? a.bits : b.bits;
    if (bits >= 0 && bits < shortest)
        shortest = (unsigned)bits;
    address_mask(&a.address, shortest);
    address_mask(&b.address, shortest);
    *ret_order = memcmp(a.address.bytes, b.address.bytes, sizeof(a.address.bytes));
    return true;
}

static void put_compared(struct lake_call *call, uint32_t row, bool ipv6)
{
    int order = 0;
    if (compare(call, row, ipv6, &order))
        call->integers[row] = (order > 0) - (order < 0);
}

static void put_matched(struct lake_call *call, uint32_t row, bool ipv6)
{
    int order = 1;
    compare(call, row, ipv6, &order);
    call->booleans[row] = order == 0;
}

NATIVE(ipv4_compare)
{
    put_compared(call, row, false);
}

NATIVE(ipv6_compare)
{
    put_compared(call, row, true);
}

NATIVE(ipv4_is_match)
{
    put_matched(call, row, false);
}

NATIVE(ipv6_is_match)
{
    put_matched(call, row, true);
}

/* ---- ranges ---- */

static bool inside(const struct network *network, const struct network *range)
{
    return network->bits >= range->bits &&
           address_in_network(&network->address, &range->address, range->bits);
}

static void put_in_range(struct lake_call *call, uint32_t row, bool ipv6)
{
    struct network network, range;
    call->booleans[row] = take_network(call, 0, row, ipv6, &network) &&
                          take_network(call, 1, row, ipv6, &range) && inside(&network, &range);
}

NATIVE(ipv4_is_in_range)
{
    put_in_range(call, row, false);
}

NATIVE(ipv6_is_in_range)
{
    put_in_range(call, row, true);
}

static bool in_ranges(const struct network *network, struct str ranges, bool ipv6)
{
    struct json_cursor walk = json_cursor_of(ranges);
    struct str key, value;
    struct buf room = {0};
    bool found = false;
    while (!found && json_cursor_next(&walk, &key, &value)) {
        struct network range;
        if (dynamic_kind(value) == DYNAMIC_ARRAY)
            found = in_ranges(network, value, ipv6);
        else
            found =
                read_network(dynamic_text(value, &room), ipv6, &range) && inside(network, &range);
    }
    buf_free(&room);
    return found;
}

/* The second argument is an array of ranges, and of such arrays (one level: DuckDB's JSON bounds its depth). */
static void put_in_any_range(struct lake_call *call, uint32_t row, bool ipv6)
{
    struct network network;
    call->booleans[row] = take_network(call, 0, row, ipv6, &network) &&
                          in_ranges(&network, native_text(call, 1, row), ipv6);
}

NATIVE(ipv4_is_in_any_range)
{
    put_in_any_range(call, row, false);
}

NATIVE(ipv6_is_in_any_range)
{
    put_in_any_range(call, row, true);
}

/* RFC 1918 */
NATIVE(ipv4_is_private)
{
    static const struct network ranges[] = {
        {{{10}, false}, 8}, {{{172, 16}, false}, 12}, {{{192, 168}, false}, 16}};
    struct network network;
    bool found = false;
    if (take_network(call, 0, row, false, &network))
        for (size_t i = 0; !found && i < sizeof(ranges) / sizeof(ranges[0]); i++)
            found = inside(&network, &ranges[i]);
    call->booleans[row] = found;
}

/* ---- forms ---- */

/* parse_ipv4_mask(ip, bits): as a number, masked. */
NATIVE(parse_ipv4)
{
    struct network network;
    int64_t bits = native_integer(call, 1, row);
    if (!take_network(call, 0, row, false, &network))
        return;
    if (bits >= 0 && bits < network.bits)
        network.bits = (unsigned)bits;
    address_mask(&network.address, network.bits);
    call->integers[row] = as_number(&network.address);
}

NATIVE(ipv4_netmask_suffix)
{
    struct network network;
    if (take_network(call, 0, row, false, &network))
        call->integers[row] = network.bits;
}

NATIVE(ipv6_netmask_suffix)
{
    struct network network;
    if (take_network(call, 0, row, true, &network))
        call->integers[row] = network.bits;
}

/* format_ipv4(ip or number, bits), and with its mask; '' where it is none. */
static void put_ipv4(struct lake_call *call, uint32_t row, bool mask)
{
    struct str text = native_text(call, 0, row);
    int64_t bits = native_integer(call, 1, row), number;
    struct network network = {.bits = 32};
    if (str_to_i64(text, &number) == 0 && number >= 0 && number <= UINT32_MAX) {
        for (int i = 0; i < 4; i++)
            network.address.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    } else if (!read_network(text, false, &network)) {
        bits = -1;
    }
    if (bits < 0 || bits > 32) {
        call->put_null(call, row);
        return;
    }
    char formatted[ADDRESS_TEXT_MAX];
    struct buf buf = {0};
    network.bits = bits < network.bits ? (unsigned)bits : network.bits;
    address_mask(&network.address, network.bits);
    buf_add(&buf, formatted, address_format(&network.address, formatted));
    if (mask)
        buf_printf(&buf, "/%u", network.bits);
    native_put(call, row, &buf);
}

NATIVE(format_ipv4)
{
    put_ipv4(call, row, false);
}

NATIVE(format_ipv4_mask)
{
    put_ipv4(call, row, true);
}

/* The fewest networks that make up a range: each as large as its first address and what is left allow. */
NATIVE(range_to_networks)
{
    struct network first, last;
    struct buf buf = {0};
    if (!take_network(call, 0, row, false, &first) || !take_network(call, 1, row, false, &last))
        return;
    int64_t at = as_number(&first.address), end = as_number(&last.address);
    buf_add_byte(&buf, '[');
    while (at <= end) {
        int64_t size = at ? at & -at : INT64_C(1) << 32;
        int bits = 0;
        while (size > end - at + 1)
            size >>= 1;
        for (int64_t left = size; left > 1; left >>= 1)
            bits++;
        buf_printf(&buf, "%s\"%d.%d.%d.%d/%d\"", buf.len > 1 ? "," : "", (int)(at >> 24),
                   (int)(at >> 16 & 255), (int)(at >> 8 & 255), (int)(at & 255), 32 - bits);
        at += size;
    }
    buf_add_byte(&buf, ']');
    native_put(call, row, &buf);
}

/* parse_ipv6_mask(ip, bits): all eight groups, in hex of four digits. */
NATIVE(parse_ipv6)
{
    struct network network;
    int64_t bits = native_integer(call, 1, row);
    if (!take_network(call, 0, row, true, &network))
        return;
    address_mask(&network.address,
                 bits >= 0 && bits < network.bits ? (unsigned)bits : network.bits);
    struct buf buf = {0};
    for (int i = 0; i < 16; i += 2)
        buf_printf(&buf, "%s%02x%02x", i ? ":" : "", network.address.bytes[i],
                   network.address.bytes[i + 1]);
    native_put(call, row, &buf);
}

/* ---- in text ---- */

static bool is_part(char byte)
{
    return (unsigned char)((byte | 0x20) - 'a') < 26 || (unsigned char)(byte - '0') < 10;
}

/*
 * Is there an address in text that is `wanted`, or begins with it where that ends with a dot? One is divided
 * from letters and digits around it.
 */
static bool has_address(struct str text, struct str wanted)
{
    struct address address;
    bool prefix = wanted.len && wanted.ptr[wanted.len - 1] == '.';
    if (!prefix && !address_parse(wanted, &address))
        return false;
    for (size_t at = 0; at < text.len; at++) {
        size_t found = str_find(str_skip(text, at), wanted);
        if (found == SIZE_MAX)
            return false;
        at += found;
        size_t end = at;
        while (end < text.len &&
               ((text.ptr[end] >= '0' && text.ptr[end] <= '9') || text.ptr[end] == '.'))
            end++;
        bool divided = (at == 0 || !(is_part(text.ptr[at - 1]) || text.ptr[at - 1] == '.')) &&
                       (end == text.len || !is_part(text.ptr[end]));
        struct str whole = str_of(text.ptr + at, end - at);
        if (whole.len && whole.ptr[whole.len - 1] == '.')
            whole.len--;
        if (divided && address_parse(whole, &address) && (prefix || whole.len == wanted.len))
            return true;
    }
    return false;
}

NATIVE(has_ipv4)
{
    struct str wanted = native_text(call, 1, row);
    call->booleans[row] =
        !str_ends(wanted, STR(".")) && has_address(native_text(call, 0, row), wanted);
}

NATIVE(has_ipv4_prefix)
{
    call->booleans[row] = has_address(native_text(call, 0, row), native_text(call, 1, row));
}

NATIVE(has_any_ipv4_prefix)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 1, row));
    struct str key, value;
    struct buf room = {0};
    bool found = false;
    while (!found && json_cursor_next(&walk, &key, &value))
        found = has_address(native_text(call, 0, row), dynamic_text(value, &room));
    buf_free(&room);
    call->booleans[row] = found;
}

#define TEXTS(name_, result_, call_)                                                               \
    {                                                                                              \
        .name = name_, .result = result_, .parameters = {LAKE_TEXT, LAKE_TEXT}, .call = call_      \
    }
#define TEXT_BITS(name_, result_, call_)                                                           \
    {                                                                                              \
        .name = name_, .result = result_, .parameters = {LAKE_TEXT, LAKE_INTEGER}, .call = call_   \
    }
#define TWO_BITS(name_, result_, call_)                                                            \
    {                                                                                              \
        .name = name_, .result = result_, .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER},      \
        .call = call_                                                                              \
    }

const struct lake_function hunt_ip_natives[] = {
    TWO_BITS("kql_ipv4_compare", LAKE_INTEGER, ipv4_compare),
    TWO_BITS("kql_ipv6_compare", LAKE_INTEGER, ipv6_compare),
    TWO_BITS("kql_ipv4_is_match", LAKE_BOOLEAN, ipv4_is_match),
    TWO_BITS("kql_ipv6_is_match", LAKE_BOOLEAN, ipv6_is_match),
    TEXTS("kql_ipv4_is_in_range", LAKE_BOOLEAN, ipv4_is_in_range),
    TEXTS("kql_ipv6_is_in_range", LAKE_BOOLEAN, ipv6_is_in_range),
    TEXTS("kql_ipv4_is_in_any_range", LAKE_BOOLEAN, ipv4_is_in_any_range),
    TEXTS("kql_ipv6_is_in_any_range", LAKE_BOOLEAN, ipv6_is_in_any_range),
    {.name = "kql_ipv4_is_private",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT},
     .call = ipv4_is_private},
    TEXT_BITS("kql_parse_ipv4", LAKE_INTEGER, parse_ipv4),
    {.name = "kql_ipv4_netmask_suffix",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT},
     .call = ipv4_netmask_suffix},
    {.name = "kql_ipv6_netmask_suffix",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT},
     .call = ipv6_netmask_suffix},
    TEXT_BITS("kql_format_ipv4", LAKE_TEXT, format_ipv4),
    TEXT_BITS("kql_format_ipv4_mask", LAKE_TEXT, format_ipv4_mask),
    TEXT_BITS("kql_parse_ipv6", LAKE_TEXT, parse_ipv6),
    TEXTS("kql_ipv4_range_to_cidr_list", LAKE_JSON, range_to_networks),
    TEXTS("kql_has_ipv4", LAKE_BOOLEAN, has_ipv4),
    TEXTS("kql_has_ipv4_prefix", LAKE_BOOLEAN, has_ipv4_prefix),
    TEXTS("kql_has_any_ipv4_prefix", LAKE_BOOLEAN, has_any_ipv4_prefix),
    {0},
};

/* f(ip, range, range ...) or f(ip, dynamic([...])): all as one array. */
static int emit_any(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    struct str list = {"", 0};
    for (uint32_t i = 1; i < call->n_args; i++)
        list = hunt_text(bind, "%.*s%s%.*s", STR_ARG(list), i > 1 ? ", " : "",
                         STR_ARG(hunt_element(bind, call->args[i])));
    bool array = call->n_args == 2 && call->args[1].type == KQL_DYNAMIC;
    struct str name = str_starts(call->name, STR("has")) ? STR("has_any_ipv4_prefix") : call->name;
    ret->sql = hunt_text(bind, array ? "kql_%.*s(%.*s, %.*s)" : "kql_%.*s(%.*s, json_array(%.*s))",
                         STR_ARG(name), STR_ARG(call->args[0].sql), STR_ARG(list));
    return 0;
}

const struct hunt_function hunt_ip_scalars[] = {
    {"ipv4_compare(a: string, b: string, bits: long = 32) int",
     .sql = "kql_ipv4_compare($1, $2, $3)"},
    {"ipv4_is_match(a: string, b: string, bits: long = 32) bool",
     .sql = "kql_ipv4_is_match($1, $2, $3)"},
    {"ipv4_is_in_range(ip: string, range: string) bool", .sql = "kql_ipv4_is_in_range($1, $2)"},
    {"ipv4_is_in_any_range(ip: string, ranges: scalar...) bool", .emit = emit_any},
    {"ipv4_is_private(ip: string) bool", .sql = "kql_ipv4_is_private($1)"},
    {"ipv4_netmask_suffix(ip: string) long", .sql = "kql_ipv4_netmask_suffix($1)"},
    {"parse_ipv4(ip: string) long", .sql = "kql_parse_ipv4($1, 32)"},
    {"parse_ipv4_mask(ip: string, bits: long) long", .sql = "kql_parse_ipv4($1, $2)"},
    {"format_ipv4(ip: string, bits: long = 32) string", .sql = "kql_format_ipv4($1, $2)"},
    {"format_ipv4_mask(ip: string, bits: long = 32) string", .sql = "kql_format_ipv4_mask($1, $2)"},
    {"ipv4_range_to_cidr_list(first: string, last: string) dynamic",
     .sql = "kql_ipv4_range_to_cidr_list($1, $2)"},
    {"ipv6_compare(a: string, b: string, bits: long = 128) int",
     .sql = "kql_ipv6_compare($1, $2, $3)"},
    {"ipv6_is_match(a: string, b: string, bits: long = 128) bool",
     .sql = "kql_ipv6_is_match($1, $2, $3)"},
    {"ipv6_is_in_range(ip: string, range: string) bool", .sql = "kql_ipv6_is_in_range($1, $2)"},
    {"ipv6_is_in_any_range(ip: string, ranges: scalar...) bool", .emit = emit_any},
    {"parse_ipv6(ip: string) string", .sql = "kql_parse_ipv6($1, 128)"},
    {"parse_ipv6_mask(ip: string, bits: long) string", .sql = "kql_parse_ipv6($1, $2)"},
    {"has_ipv4(text: string, ip: string) bool", .sql = "kql_has_ipv4($1, $2)"},
    {"has_ipv4_prefix(text: string, prefix: string) bool", .sql = "kql_has_ipv4_prefix($1, $2)"},
    {"has_any_ipv4(text: string, ip: scalar...) bool", .emit = emit_any},
    {"has_any_ipv4_prefix(text: string, prefix: scalar...) bool", .emit = emit_any},
    {0},
};
