#include "cli/centre.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "api/syslog.h"
#include "cli/config.h"
#include "io/changes.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"
#include "io/tls.h"
#include "ledger/journal.h"
#include "ledger/progress.h"

#define FILES_LOOK_US (2 * TIME_SECOND_US)
#define PATHS_MAX (1u << 20)

struct centre {
    struct cli cli; /* its settings may come from the file */
    const char *const *taken;
    struct config config;
    struct arena arena; /* paths */
    const char *config_path, *ledger_url, *journal_key;

    struct tls_identity *identity;
    struct ledger *ledger; /* of the owner's thread */
    struct senders *senders;
    const struct spool_ops *engine;
    struct spool *spool, *dead;
    struct intake *intake;
    struct health *health;
    struct live *live;
    struct syslog_door *syslog;

    pthread_mutex_t published; /* holds `api` while a thread of detection tells it something */
    struct api *api;
    const struct api_listener *listeners;
    const struct syslog_listener *syslog_listeners;
    size_t n_listeners, n_syslog_listeners;

    char admin_token[TOKEN_TEXT_MAX]; /* empty: there were tokens before */
    uint64_t ledger_version;
    uint64_t files;                        /* signature of what a reload reads */
    int64_t looked_us, saved_us, files_us; /* ticks */
};

/* ---- paths ---- */

/* A path in the data folder, unless it is absolute. Lives as long as the centre; NULL: no memory. */
static const char *in_data(struct centre *centre, const char *path)
{
    if (path[0] == '/')
        return path;
    return arena_printf(&centre->arena, "%s/%s", centre->cli.settings.data, path).ptr;
}

/* "sqlite:ledger.db" with its path in the data folder. */
static const char *url_in_data(struct centre *centre, const char *url)
{
    const char *colon = strchr(url, ':');
    if (!colon)
        return url;
    const char *path = in_data(centre, colon + 1);
    return path ? arena_printf(&centre->arena, "%.*s%s", (int)(colon + 1 - url), url, path).ptr
                : NULL;
}

static int make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
    return 0;
}

static void free_centre(struct centre *centre)
{
    options_free(&centre->cli.settings);
    config_free(&centre->config);
    arena_free(&centre->arena);
    pthread_mutex_destroy(&centre->published);
    free(centre);
}

/* ---- the parts ---- */

static int start_folders(struct centre *centre, struct err *err)
{
    static const char *const folders[] = {"tls", "intel", NULL};
    int status = make_folder(centre->cli.settings.data, err);
    for (size_t i = 0; status == 0 && folders[i]; i++)
        status = make_folder(in_data(centre, folders[i]), err);
    return status;
}

static int start_identity(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    if (!settings->certificate != !settings->key)
        return err_set(err, -EINVAL, "certificate and key are given together, or neither");
    const struct tls_identity_options options = {
        .certificate =
            settings->certificate ? settings->certificate : in_data(centre, "tls/certificate.pem"),
        .key = settings->key ? settings->key : in_data(centre, "tls/key.pem"),
        .client_ca = settings->client_ca,
        .make = !settings->certificate,
    };
    centre->identity = tls_identity_open(&options, err);
    return centre->identity ? 0 : -EINVAL;
}

static void stop_identity(struct centre *centre)
{
    tls_identity_free(centre->identity);
}

static int count_token(void *context, const struct token *token)
{
    (void)token;
    (*(size_t *)context)++;
    return 0;
}

/* A new ledger gets the one token that can make all others. */
static int make_first_token(struct centre *centre, struct err *err)
{
    const struct token admin = {.role = TOKEN_ADMIN,
                                .agency = STR("*"),
                                .note = STR("made at the first start"),
                                .expires = TIME_UNSET};
    char id[TOKEN_TEXT_MAX];
    size_t n = 0;
    int status = token_list(centre->ledger, count_token, &n);
    if (status == 0 && n == 0)
        status = token_add(centre->ledger, &admin, centre->admin_token, id);
    return status < 0 ? err_set(err, status, "%s", ledger_problem(centre->ledger)) : 0;
}

static int start_ledger(struct centre *centre, struct err *err)
{
    centre->ledger_url = url_in_data(centre, centre->cli.settings.ledger);
    centre->journal_key = in_data(centre, "journal.key");
    if (!centre->ledger_url || !centre->journal_key)
        return err_set(err, -ENOMEM, "no memory");
    const struct ledger_options options = {.create = true, .key = centre->journal_key};
    centre->ledger = ledger_open(centre->ledger_url, &options, err);
    return centre->ledger ? make_first_token(centre, err) : -EINVAL;
}

static void stop_ledger(struct centre *centre)
{
    ledger_close(centre->ledger);
}

static void say_bad_sender(const struct config_source *source, struct str text)
{
    struct log_line line;
    log_begin(&line, LOG_WARN, "config.sender");
    log_u64(&line, "line", source->line);
    log_str(&line, "value", text);
    log_c(&line, "msg", "neither an address, a network nor a name of a certificate; left out");
    log_end(&line);
}

/* Rules of the configuration, and all tokens. */
static int load_senders(struct centre *centre, const struct config *config)
{
    senders_reload_begin(centre->senders);
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct config_source *source = &config->sources[i];
        const struct token grant = {.role = TOKEN_SEND,
                                    .agency = source->agency,
                                    .source = source->source,
                                    .rate = source->rate,
                                    .expires = TIME_UNSET};
        for (size_t j = 0; j < source->n_peers; j++)
            if (senders_add_peer(centre->senders, source->peers[j], &grant) < 0)
                say_bad_sender(source, source->peers[j]);
        for (size_t j = 0; j < source->n_certificates; j++)
            if (senders_add_certificate(centre->senders, source->certificates[j], &grant) < 0)
                say_bad_sender(source, source->certificates[j]);
    }
    senders_reload_end(centre->senders);
    return senders_load_tokens(centre->senders, centre->ledger);
}

static int start_senders(struct centre *centre, struct err *err)
{
    uint32_t partitions = centre->engine->partitions(centre->spool);
    centre->senders = senders_new(partitions);
    if (!centre->senders)
        return err_set(err, -ENOMEM, "no memory");
    int status = load_senders(centre, &centre->config);
    return status < 0 ? err_set(err, status, "%s", ledger_problem(centre->ledger)) : 0;
}

static void stop_senders(struct centre *centre)
{
    senders_free(centre->senders);
}

static int start_spool(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    const struct spool_options options = {
        .partitions = (uint32_t)settings->partitions,
        .size_max = settings->spool_quota,
        .keep_size = settings->spool_keep_size,
        .keep_us = settings->spool_keep,
        .pending_max = settings->spool_pending,
    };
    struct str place;
    const char *url = url_in_data(centre, settings->spool);
    if (!url)
        return err_set(err, -ENOMEM, "no memory");
    centre->engine = spool_engine(str_from_c(url), &place);
    if (!centre->engine)
        return err_set(err, -EINVAL, "spool: '%s' is none of: local:DIR", settings->spool);
    centre->spool = centre->engine->open(place.ptr, &options, err);
    return centre->spool ? 0 : -EINVAL;
}

static void stop_spool(struct centre *centre)
{
    centre->engine->close(centre->spool);
}

/* Rejected events have a quota of their own, so that garbage cannot push events out. */
static int start_dead(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    const struct spool_options options = {
        .partitions = 1,
        .segment_size = 16u << 20,
        .size_max = settings->spool_quota / 16,
        .keep_size = settings->spool_keep_size / 16,
        .keep_us = settings->spool_keep,
        .pending_max = settings->spool_pending,
    };
    centre->dead = spool_local.open(in_data(centre, "deadletters"), &options, err);
    return centre->dead ? 0 : -EINVAL;
}

static void stop_dead(struct centre *centre)
{
    spool_local.close(centre->dead);
}

static int start_intake(struct centre *centre, struct err *err)
{
    const struct intake_options options = {
        .engine = centre->engine,
        .spool = centre->spool,
        .dead = centre->dead,
        .senders = centre->senders,
    };
    centre->intake = intake_new(&options);
    return centre->intake ? 0 : err_set(err, -ENOMEM, "no memory");
}

static void stop_intake(struct centre *centre)
{
    intake_free(centre->intake);
}

static void set_api(struct centre *centre, struct api *api)
{
    pthread_mutex_lock(&centre->published);
    centre->api = api;
    pthread_mutex_unlock(&centre->published);
}

static int start_api(struct centre *centre, struct err *err)
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
        .health = centre->health,
        .engine = centre->engine,
        .spool = centre->spool,
        .dead = centre->dead,
        .ledger = centre->ledger_url,
        .elastic_version = settings->elastic_version,
    };
    struct api *api = api_start(&options, err);
    set_api(centre, api);
    centre->n_listeners = n;
    centre->listeners = listeners;
    return api ? 0 : -EINVAL;
}

static void stop_api(struct centre *centre)
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

static int start_syslog(struct centre *centre, struct err *err)
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
    return centre->syslog ? 0 : -EINVAL;
}

static void stop_syslog(struct centre *centre)
{
    if (centre->syslog)
        syslog_door_stop(centre->syslog);
}

/* ---- where it is ---- */

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
                "  jaga token add --data %s --agency NAME --source NAME\n",
                centre->admin_token, centre->cli.settings.data);
    fputc('\n', out);
    fflush(out);
}

/* ---- together ---- */

/* Started from the first to the last, stopped from the last to the first. */
static const struct part {
    const char *name;
    int (*start)(struct centre *centre, struct err *err);
    void (*stop)(struct centre *centre);
} parts[] = {
    {"data", start_folders, NULL},           {"certificate", start_identity, stop_identity},
    {"ledger", start_ledger, stop_ledger},   {"spool", start_spool, stop_spool},
    {"dead letters", start_dead, stop_dead}, {"senders", start_senders, stop_senders},
    {"intake", start_intake, stop_intake},   {"api", start_api, stop_api},
    {"syslog", start_syslog, stop_syslog},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static void stop_parts(struct centre *centre, size_t n)
{
    while (n-- > 0)
        if (parts[n].stop)
            parts[n].stop(centre);
}

static int start_parts(struct centre *centre)
{
    struct err err = {0};
    for (size_t i = 0; i < N_PARTS; i++) {
        if (parts[i].start(centre, &err) == 0)
            continue;
        log_say(LOG_ERROR, "serve.failed", "%s: %s", parts[i].name, err.message);
        stop_parts(centre, i);
        return EXIT_BROKEN;
    }
    return EXIT_DONE;
}

/* Reads the file, if there is one: --config must be there, jaga.yaml of the data folder need not. */
static int read_config(struct centre *centre, struct settings *settings, struct config *config)
{
    struct buf text = {0};
    struct err err = {0};
    int status = file_read(centre->config_path, CONFIG_SIZE_MAX, &text);
    if (status == -ENOENT && !settings->config)
        status = 0;
    else if (status < 0)
        log_say(LOG_ERROR, "config.unreadable", "%s: %s", centre->config_path, strerror(-status));
    if (status == 0) {
        status = config_parse(buf_str(&text), centre->taken, settings, config, &err);
        if (status < 0)
            log_say(LOG_ERROR, "config.wrong", "%s:%u:%u: %s", centre->config_path, err.line,
                    err.column, err.message);
    }
    buf_free(&text);
    return status;
}

static uint64_t signature_of_files(struct centre *centre)
{
    const struct settings *settings = &centre->cli.settings;
    uint64_t signature = changes_signature(0, centre->config_path);
    for (size_t i = 0; i < settings->rules.len; i++)
        signature = changes_signature(signature, settings->rules.items[i]);
    if (settings->content)
        signature = changes_signature(signature, settings->content);
    if (settings->placeholders)
        signature = changes_signature(signature, settings->placeholders);
    return signature;
}

struct centre *centre_start(const struct cli *cli, const char *const *taken, int *ret_code)
{
    struct centre *centre = calloc(1, sizeof(*centre));
    if (!centre) {
        *ret_code = EXIT_BROKEN;
        return NULL;
    }
    centre->cli = *cli;
    centre->taken = taken;
    if (options_copy(&cli->settings, &centre->cli.settings) < 0) {
        free(centre);
        *ret_code = EXIT_BROKEN;
        return NULL;
    }
    pthread_mutex_init(&centre->published, NULL);
    arena_init(&centre->arena, PATHS_MAX);
    centre->config_path =
        cli->settings.config ? cli->settings.config : in_data(centre, "jaga.yaml");
    *ret_code =
        read_config(centre, &centre->cli.settings, &centre->config) < 0 ? EXIT_USAGE : EXIT_DONE;
    if (*ret_code == EXIT_DONE) {
        log_set_level((enum log_level)centre->cli.settings.log_level);
        centre->files = signature_of_files(centre);
        *ret_code = start_parts(centre);
    }
    if (*ret_code != EXIT_DONE) {
        free_centre(centre);
        return NULL;
    }
    api_set_ready(centre->api, true);
    return centre;
}

void centre_stop(struct centre *centre)
{
    api_set_ready(centre->api, false);
    stop_parts(centre, N_PARTS);
    free_centre(centre);
}

/* ---- while it runs ---- */

static void reload_senders(struct centre *centre, const struct config *config)
{
    if (load_senders(centre, config) < 0)
        log_say(LOG_ERROR, "reload.senders", "not all senders are known: %s",
                ledger_problem(centre->ledger));
}

static void reload_identity(struct centre *centre)
{
    struct err err = {0};
    int status = tls_identity_reload(centre->identity, &err);
    if (status < 0)
        log_say(LOG_ERROR, "reload.certificate", "the old one stays: %s", err.message);
    if (status <= 0)
        return;
    char fingerprint[TLS_FINGERPRINT_MAX];
    tls_identity_fingerprint(centre->identity, fingerprint);
    log_say(LOG_INFO, "reload.certificate", "sha256 %s", fingerprint);
}

/* Addresses and sizes are what they were at the start; agencies, sources and what is read may change. */
void centre_reload(struct centre *centre)
{
    struct settings scratch;
    struct config config = {0};
    if (options_copy(&centre->cli.settings, &scratch) < 0)
        return;
    centre->files = signature_of_files(centre);
    reload_identity(centre);
    if (read_config(centre, &scratch, &config) == 0) {
        reload_senders(centre, &config);
    }
    options_free(&scratch);
    config_free(&config);
}

static void look_at_ledger(struct centre *centre)
{
    uint64_t version;
    if (ledger_version(centre->ledger, &version) < 0 || version == centre->ledger_version)
        return;
    centre->ledger_version = version;
    if (senders_load_tokens(centre->senders, centre->ledger) < 0)
        log_say(LOG_ERROR, "tokens.unreadable", "%s", ledger_problem(centre->ledger));
}

void centre_tick(struct centre *centre)
{
    int64_t now = clock_ticks_us();
    look_at_ledger(centre);
    if (now - centre->files_us >= FILES_LOOK_US) {
        centre->files_us = now;
        if (signature_of_files(centre) != centre->files)
            centre_reload(centre);
        else
            reload_identity(centre);
    }
}
