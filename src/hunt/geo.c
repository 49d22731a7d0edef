#include "hunt/geo.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/address.h"

struct geo {
    MMDB_s file;
};

int geo_open(const char *path, struct geo **ret_geo, struct err *err)
{
    struct geo *geo = calloc(1, sizeof(*geo));
    if (!geo)
        return err_set(err, -ENOMEM, "no memory");
    int status = MMDB_open(path, MMDB_MODE_MMAP, &geo->file);
    if (status != MMDB_SUCCESS) {
        free(geo);
        if (status == MMDB_FILE_OPEN_ERROR)
            return err_set(err, -ENOENT, "%s: there is no such file, or it can't be read", path);
        return err_set(err, -EINVAL, "%s: %s", path, MMDB_strerror(status));
    }
    *ret_geo = geo;
    return 0;
}

void geo_close(struct geo *geo)
{
    if (!geo)
        return;
    MMDB_close(&geo->file);
    free(geo);
}

/* ::ffff:a.b.c.d is what IPv6 sockets call an IPv4 address (RFC 4291, 2.5.5.2). */
static bool is_mapped(const struct address *address)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return address->ipv6 && memcmp(address->bytes, prefix, sizeof(prefix)) == 0;
}

static void to_socket(const struct address *address, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (address->ipv6 && !is_mapped(address)) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
        six->sin6_family = AF_INET6;
        memcpy(&six->sin6_addr, address->bytes, 16);
    } else {
        struct sockaddr_in *four = (struct sockaddr_in *)ret;
        four->sin_family = AF_INET;
        memcpy(&four->sin_addr, address->bytes + (address->ipv6 ? 12 : 0), 4);
    }
}

static void add_name(struct buf *json, const char *name)
{
    buf_printf(json, "%s\"%s\":", buf_str(json).ptr[json->len - 1] == '{' ? "" : ",", name);
}

/* The members of what was found that KQL has, and where MaxMind's databases keep them. */
static int write_members(MMDB_entry_s *entry, struct buf *json)
{
    static const struct {
        const char *name;
        const char *path[5];
    } members[] = {
        {"country", {"country", "names", "en", NULL}},
        {"state", {"subdivisions", "0", "names", "en", NULL}},
        {"city", {"city", "names", "en", NULL}},
        {"latitude", {"location", "latitude", NULL}},
        {"longitude", {"location", "longitude", NULL}},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        MMDB_entry_data_s data;
        int status = MMDB_aget_value(entry, &data, members[i].path);
        if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
            continue;
        if (status != MMDB_SUCCESS)
            return -EBADMSG;
        if (!data.has_data)
            continue;
        if (data.type == MMDB_DATA_TYPE_UTF8_STRING) {
            add_name(json, members[i].name);
            buf_add_json(json, str_of(data.utf8_string, data.data_size));
        } else if (data.type == MMDB_DATA_TYPE_DOUBLE) {
            add_name(json, members[i].name);
            buf_printf(json, "%.10g", data.double_value);
        }
    }
    return 0;
}

int geo_write(const struct geo *geo, struct str text, struct buf *json)
{
    struct address address;
    int status = 0, error = MMDB_SUCCESS;
    size_t began = json->len;
    buf_add_byte(json, '{');
    if (address_parse(str_trim(text), &address)) {
        struct sockaddr_storage socket;
        to_socket(&address, &socket);
        MMDB_lookup_result_s found =
            MMDB_lookup_sockaddr(&geo->file, (const struct sockaddr *)&socket, &error);
        if (error != MMDB_SUCCESS && error != MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
            status = -EBADMSG;
        else if (error == MMDB_SUCCESS && found.found_entry)
            status = write_members(&found.entry, json);
    }
    if (status < 0)
        json->len = began;
    else
        buf_add_byte(json, '}');
    return status;
}
