#include <errno.h>
#include <sodium.h>

#include "api/server.h"
#include "io/clock.h"

#define AUTHORIZATION_MAX 4096 /* bytes of the header's value that are looked at */

/* Base64 with or without its padding (RFC 4648, 4; clients differ). ptr NULL: it is none. */
static struct str from_base64(struct str text, struct arena *arena)
{
    while (str_ends(text, STR("=")))
        text.len--;
    char *out = arena_bytes(arena, text.len + 1);
    size_t len;
    if (!out || sodium_base642bin((unsigned char *)out, text.len + 1, text.ptr, text.len, NULL,
                                  &len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return (struct str){0};
    return str_of(out, len);
}

/* "name:secret", as Basic (RFC 7617) and Elasticsearch's API keys write it: the secret is the token. */
static struct str after_colon(struct str pair)
{
    size_t colon = str_index(pair, ':');
    return colon < pair.len ? str_skip(pair, colon + 1) : (struct str){0};
}

struct str auth_token(struct str header, struct arena *arena)
{
    static const struct {
        struct str scheme;
        bool packed;
    } schemes[] = {
        {{"bearer", 6}, false}, /* RFC 6750 */
        {{"basic", 5}, true},
        {{"apikey", 6}, true},
        {{"splunk", 6}, false},
    };
    header = str_trim(header);
    if (header.len > AUTHORIZATION_MAX)
        return (struct str){0};
    size_t space = str_index(header, ' ');
    struct str scheme = str_first(header, space), value = str_trim(str_skip(header, space));
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!str_eq_ascii_nocase(scheme, schemes[i].scheme))
            continue;
        struct str token = schemes[i].packed ? after_colon(from_base64(value, arena)) : value;
        return token.len ? token : (struct str){0};
    }
    return (struct str){0};
}

/* The verified name of the connection's certificate; found out once. Empty: none. */
static struct str certificate_of(struct api_connection *connection)
{
    if (connection->plain)
        return (struct str){0};
    if (!connection->certificate_asked) {
        connection->certificate_asked = true;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection->raw, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        if (!info || tls_peer_name(info->tls_session, connection->certificate,
                                   sizeof(connection->certificate)) < 0)
            connection->certificate[0] = '\0';
    }
    return str_from_c(connection->certificate);
}

static unsigned refuse_unknown(struct api_request *request)
{
    request->api->counts.unknown++;
    request_set_header(request, "WWW-Authenticate", "Bearer realm=\"jaga\"");
    return 401;
}

static unsigned find_grant(struct api_request *request, const char **ret_reason)
{
    struct api *api = request->api;
    struct peer *peer = request->connection->peer;
    struct str header = request_header(request, "Authorization");
    if (!header.ptr) {
        struct str name = certificate_of(request->connection);
        if (name.len)
            request->grant = senders_by_certificate(api->options.senders, name);
        *ret_reason = name.len ? "no sender has this certificate" : "a token is wanted";
        return request->grant ? 0 : refuse_unknown(request);
    }
    struct str token = auth_token(header, &request->arena);
    int64_t ticks = clock_ticks_us();
    uint32_t wait_s;
    if (!peers_may_try(api->peers, peer, token, ticks, &wait_s)) {
        char seconds[16];
        snprintf(seconds, sizeof(seconds), "%u", wait_s);
        request_set_header(request, "Retry-After", seconds);
        api->counts.guessing++;
        *ret_reason = "this address has shown too many tokens that are not known";
        return 429;
    }
    if (token.len)
        request->grant = senders_by_token(api->options.senders, token, clock_now_us());
    if (!request->grant) {
        peers_failed(peer, ticks);
        *ret_reason = "this token is not known";
        return refuse_unknown(request);
    }
    peers_succeeded(api->peers, peer, token);
    return 0;
}

static bool reads_all(const struct grant *grant)
{
    return grant->role == TOKEN_ADMIN || str_eq(grant->agency, STR("*"));
}

/* Which agencies a token may see: "a,b", or "*" for all. */
static int fill_scope(struct api_request *request)
{
    struct grant *grant = request->grant;
    struct ledger_scope *scope = &request->scope;
    scope->all = reads_all(grant);
    if (scope->all)
        return 0;
    struct str *agencies = arena_zero(&request->arena, LEDGER_AGENCIES_MAX, sizeof(*agencies));
    if (!agencies)
        return -ENOMEM;
    struct str rest = grant->agency, name;
    while (scope->n < LEDGER_AGENCIES_MAX && str_cut(&rest, ',', &name)) {
        name = str_trim(name);
        if (name.len)
            agencies[scope->n++] = name;
    }
    scope->agencies = agencies;
    return 0;
}

/* An administrator belongs to no agency, so nobody could say whose events his are. */
static bool role_may(const struct grant *grant, enum api_access access)
{
    switch (grant->role) {
    case TOKEN_SEND:
        return access == API_SEND;
    case TOKEN_READ:
        return access == API_READ || (access == API_WHOLE && reads_all(grant));
    case TOKEN_ADMIN:
        return access != API_SEND;
    }
    return false;
}

unsigned auth_check(struct api_request *request, const char **ret_reason)
{
    enum api_access access = request->slot->row->access;
    if (access == API_PUBLIC)
        return 0;
    unsigned status = find_grant(request, ret_reason);
    if (status)
        return status;
    enum token_role role = request->grant->role;
    if (!role_may(request->grant, access)) {
        *ret_reason = access == API_SEND && role == TOKEN_ADMIN
                          ? "an administrator belongs to no agency: events want the token of one"
                      : access == API_SEND  ? "this token may not send events"
                      : access == API_READ  ? "this token may not read"
                      : access == API_WHOLE ? "a token that reads all agencies is wanted"
                                            : "an administrator's token is wanted";
        return 403;
    }
    if (access != API_SEND && fill_scope(request) < 0) {
        *ret_reason = "no memory";
        return 500;
    }
    return 0;
}
