/* Where the centre listens: HTTP and syslog. */
#include <errno.h>

#include "cli/centre_inside.h"
#include "cli/hunt_rules.h"

static void set_api(struct centre *centre, struct api *api)
{
    pthread_mutex_lock(&centre->published);
    centre->api = api;
    pthread_mutex_unlock(&centre->published);
}

int centre_start_api(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    size_t n = 0;
    struct api_listener *listeners = arena_zero(
        &centre->arena, settings->listen.len + settings->listen_plain.len + 1, sizeof(*listeners));
    if (!listeners)
        return err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; i < settings->listen.len; i++)
        listeners[n++].address = settings->listen.items[i];
    for (size_t i = 0; i < settings->listen_plain.len; i++)
        listeners[n++] = (struct api_listener){settings->listen_plain.items[i], true};
    if (n == 0)
        listeners[n++].address = "127.0.0.1:8443";
    const struct api_options options = {
        .listeners = listeners,
        .n_listeners = n,
        .identity = centre->identity,
        .threads = (unsigned)settings->jobs,
        .connections_max = (uint32_t)settings->connections,
        .body_max = settings->body_max,
        .request_us = settings->request_time,
        .senders = centre->senders,
        .intake = centre->intake,
        .live = centre->live,
        .lake_engine = centre->lake_engine,
        .lake = centre->lake,
        .store = centre->store,
        .lookbacks = centre->lookbacks,
        .hunts_max = (uint32_t)settings->hunts_max,
        .hunt_memory = settings->hunt_memory,
        .hunt_rows_max = settings->hunt_rows_max,
        .hunt_time_max_us = settings->hunt_time_max,
        .hunt_tables = centre_hunt_tables(centre),
        .rules = hunt_rules_make,
        .rules_context = &centre->cli,
        .geo = centre_hunt_geo(centre),
        .saved_hunts = centre_saved_hunts(centre),
        .attack = centre_attack(centre),
        .schedule = centre->schedule,
        .health = centre->health,
        .engine = centre->engine,
        .spool = centre->spool,
        .dead = centre->dead,
        .ledger = centre->ledger_url,
        .elastic_version = settings->elastic_version,
    };
    struct api *api = api_start(&options, err);
    if (api && centre->lookbacks)
        api_add_metrics(api, lookbacks_metrics, centre->lookbacks);
    if (api && centre->syslog)
        api_add_metrics(api, syslog_door_metrics, centre->syslog);
    if (api && centre->store)
        api_add_metrics(api, store_metrics, centre->store);
    if (api && centre->schedule)
        api_add_metrics(api, schedule_metrics, centre->schedule);
    set_api(centre, api);
    centre->n_listeners = n;
    centre->listeners = listeners;
    return api ? 0 : err->code;
}

void centre_stop_api(struct centre *centre)
{
    struct api *api = centre->api;
    set_api(centre, NULL);
    api_stop(api);
}

static size_t add_listeners(struct syslog_listener *listeners, size_t n, const text_list *addresses,
                            enum syslog_kind kind)
{
    for (size_t i = 0; i < addresses->len; i++)
        listeners[n++] = (struct syslog_listener){addresses->items[i], kind};
    return n;
}

int centre_start_syslog(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    size_t n = settings->syslog_udp.len + settings->syslog_tcp.len + settings->syslog_tls.len;
    struct syslog_listener *listeners = arena_zero(&centre->arena, n + 1, sizeof(*listeners));
    if (!listeners)
        return err_set(err, -ENOMEM, "no memory");
    n = add_listeners(listeners, 0, &settings->syslog_udp, SYSLOG_UDP);
    n = add_listeners(listeners, n, &settings->syslog_tcp, SYSLOG_TCP);
    n = add_listeners(listeners, n, &settings->syslog_tls, SYSLOG_TLS);
    if (n == 0)
        return 0;
    const struct syslog_options options = {
        .listeners = listeners,
        .n_listeners = n,
        .identity = centre->identity,
        .senders = centre->senders,
        .intake = centre->intake,
        .connections_max = (uint32_t)settings->connections,
    };
    centre->syslog = syslog_door_start(&options, err);
    centre->syslog_listeners = listeners;
    centre->n_syslog_listeners = n;
    return centre->syslog ? 0 : err->code;
}

void centre_stop_syslog(struct centre *centre)
{
    syslog_door_stop(centre->syslog);
}

static const char *const syslog_kind_names[] = {
    [SYSLOG_UDP] = "syslog-udp", [SYSLOG_TCP] = "syslog-tcp", [SYSLOG_TLS] = "syslog-tls"};

void centre_introduce(const struct centre *centre, FILE *out)
{
    char fingerprint[TLS_FINGERPRINT_MAX];
    fprintf(out, "jaga keeps watch.\n\n  data         %s\n", centre->cli.settings.data);
    for (size_t i = 0; i < centre->n_listeners; i++)
        fprintf(out, "  %-12s %s://%s\n", i ? "" : "listening",
                centre->listeners[i].plain ? "http" : "https", api_address(centre->api, i));
    for (size_t i = 0; i < centre->n_syslog_listeners; i++)
        fprintf(out, "  %-12s %s://%s\n", "", syslog_kind_names[centre->syslog_listeners[i].kind],
                syslog_door_address(centre->syslog, i));
    tls_identity_fingerprint(centre->identity, fingerprint);
    fprintf(out, "  certificate  sha256 %s\n", fingerprint);
    if (centre->admin_token[0])
        fprintf(out,
                "  token        %s\n\nThis is the administrator's token; it is not shown again. "
                "Make one for each shipper:\n"
                "  jaga token add --data %s send AGENCY SOURCE\n",
                centre->admin_token, centre->cli.settings.data);
    fputc('\n', out);
    fflush(out);
}
