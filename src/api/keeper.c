/*
 * The thread that looks at clocks: libmicrohttpd knows how long a connection was silent, not that a request of one
 * byte a second never ends. Each connection has a deadline; past it its socket is shut down, which its
 * own thread then sees as the end of the stream. A row leaves the list, under the lock, before its
 * descriptor is closed, so the keeper never shuts down somebody else's.
 */

#include "api/server.h"
#include "api/event_stream.h"
#include "api/outflow.h"
#include "io/clock.h"
#include "io/log.h"

#define LOOK_EVERY_US INT64_C(100000) /* also the most that a stream waits for news */
#define IDENTITY_EVERY_US INT64_C(5000000)
#define IDLE_PRESSED_US INT64_C(10000000) /* of idle connections where there are nearly too many */

void connection_add(struct api *api, struct api_connection *connection)
{
    pthread_mutex_lock(&api->lock);
    connection->next = api->connections;
    if (connection->next)
        connection->next->previous = connection;
    api->connections = connection;
    api->n_connections++;
    pthread_mutex_unlock(&api->lock);
}

void connection_remove(struct api *api, struct api_connection *connection)
{
    pthread_mutex_lock(&api->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        api->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    api->n_connections--;
    pthread_mutex_unlock(&api->lock);
}

static bool is_past(const struct api *api, const struct api_connection *connection, int64_t ticks,
                    int64_t less_us)
{
    int64_t deadline = atomic_load(&connection->deadline);
    if (deadline == DEADLINE_NONE)
        return false;
    return deadline - (atomic_load(&connection->idle) ? less_us : 0) <= ticks ||
           atomic_load(&api->stop_by) <= ticks;
}

/* With the lock. */
static void shut_late_ones(struct api *api, int64_t ticks)
{
    const struct api_options *options = &api->options;
    bool pressed = api->n_connections > options->connections_max - options->connections_max / 4;
    int64_t less_us =
        pressed && options->idle_us > IDLE_PRESSED_US ? options->idle_us - IDLE_PRESSED_US : 0;
    for (struct api_connection *row = api->connections; row; row = row->next) {
        if (row->late || !is_past(api, row, ticks, less_us))
            continue;
        row->late = true;
        if (!atomic_load(&row->idle))
            api->counts.late++;
        shutdown(row->fd, SHUT_RDWR);
    }
}

void api_reload_identity(struct api *api)
{
    struct err err = {0};
    struct log_line line;
    int status = api->options.identity ? tls_identity_reload(api->options.identity, &err) : 0;
    if (status < 0)
        log_say(LOG_ERROR, "reload.certificate", "the old one stays: %s", err.message);
    if (status <= 0)
        return;
    char fingerprint[TLS_FINGERPRINT_MAX];
    tls_identity_fingerprint(api->options.identity, fingerprint);
    log_begin(&line, LOG_INFO, "reload.certificate");
    log_c(&line, "sha256", fingerprint);
    log_end(&line);
}

static void *keep(void *argument)
{
    struct api *api = argument;
    int64_t identity_at = clock_ticks_us() + IDENTITY_EVERY_US;
    pthread_mutex_lock(&api->lock);
    while (!api->keeper_stops) {
        clock_wait(&api->changed, &api->lock, clock_ticks_us() + LOOK_EVERY_US);
        int64_t ticks = clock_ticks_us();
        shut_late_ones(api, ticks);
        pthread_mutex_unlock(&api->lock);
        event_streams_look(api, ticks);
        outflows_look(api, ticks);
        if (ticks >= identity_at) {
            api_reload_identity(api);
            identity_at = ticks + IDENTITY_EVERY_US;
        }
        pthread_mutex_lock(&api->lock);
    }
    pthread_mutex_unlock(&api->lock);
    return NULL;
}

int keeper_start(struct api *api)
{
    int status = pthread_create(&api->keeper, NULL, keep, api);
    api->has_keeper = status == 0;
    return -status;
}

void keeper_stop(struct api *api)
{
    if (!api->has_keeper)
        return;
    pthread_mutex_lock(&api->lock);
    api->keeper_stops = true;
    pthread_cond_broadcast(&api->changed);
    pthread_mutex_unlock(&api->lock);
    pthread_join(api->keeper, NULL);
    api->has_keeper = false;
}
