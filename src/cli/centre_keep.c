/* What the centre keeps: its folder, certificate, ledger, spool and dead letters. */
#include <errno.h>
#include <sys/stat.h>

#include "cli/centre_inside.h"
#include "cli/data_folder.h"
#include "cli/indicators.h"

const char *centre_path(struct centre *centre, const char *path)
{
    return data_path(&centre->cli.settings, path, &centre->arena);
}

const char *centre_url(struct centre *centre, const char *url)
{
    return data_url(&centre->cli.settings, url, &centre->arena);
}

static int make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
    return 0;
}

int centre_start_folders(struct centre *centre, struct err *err)
{
    static const char *const folders[] = {"tls", INTEL_FOLDER, NULL};
    int status = make_folder(centre->cli.settings.data, err);
    for (size_t i = 0; status == 0 && folders[i]; i++)
        status = make_folder(centre_path(centre, folders[i]), err);
    return status;
}

int centre_start_identity(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    if (!settings->certificate != !settings->key)
        return err_set(err, -EINVAL, "certificate and key are given together, or neither");
    const struct tls_identity_options options = {
        .certificate = settings->certificate ? settings->certificate
                                             : centre_path(centre, "tls/certificate.pem"),
        .key = settings->key ? settings->key : centre_path(centre, "tls/key.pem"),
        .client_ca = settings->client_ca,
        .make = !settings->certificate,
    };
    centre->identity = tls_identity_open(&options, err);
    return centre->identity ? 0 : err->code;
}

void centre_stop_identity(struct centre *centre)
{
    tls_identity_free(centre->identity);
}

int centre_start_ledger(struct centre *centre, struct err *err)
{
    centre->ledger_url = centre_url(centre, centre->cli.settings.ledger);
    centre->journal_key = centre_path(centre, "journal.key");
    if (!centre->ledger_url || !centre->journal_key)
        return err_set(err, -ENOMEM, "no memory");
    const struct ledger_options options = {.create = true, .key = centre->journal_key};
    centre->ledger = ledger_open(centre->ledger_url, &options, err);
    return centre->ledger ? 0 : err->code;
}

void centre_stop_ledger(struct centre *centre)
{
    ledger_close(centre->ledger);
}

static int count_admin(void *context, const struct token *token)
{
    *(size_t *)context += token->role == TOKEN_ADMIN;
    return 0;
}

/*
 * A ledger that never had an administrator gets the one token that can make all others. The last part to
 * start: a token made by a start that fails would never be shown.
 */
int centre_start_token(struct centre *centre, struct err *err)
{
    const struct token admin = {.role = TOKEN_ADMIN,
                                .agency = STR("*"),
                                .note = STR("made at the first start"),
                                .expires = TIME_UNSET};
    char id[TOKEN_TEXT_MAX];
    size_t n = 0;
    int status = token_list(centre->ledger, count_admin, &n);
    if (status == 0 && n == 0)
        status = token_add(centre->ledger, &admin, centre->admin_token, id);
    if (status == 0 && n == 0)
        status = senders_load_tokens(centre->senders, centre->ledger);
    return status < 0 ? err_set(err, status, "%s", ledger_problem(centre->ledger)) : 0;
}

int centre_start_spool(struct centre *centre, struct err *err)
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
    const char *url = centre_url(centre, settings->spool);
    if (!url)
        return err_set(err, -ENOMEM, "no memory");
    centre->engine = spool_engine(str_from_c(url), &place);
    if (!centre->engine)
        return err_set(err, -EINVAL, "spool: '%s' is none of: local:DIR", settings->spool);
    centre->spool = centre->engine->open(place.ptr, &options, err);
    return centre->spool ? 0 : err->code;
}

void centre_stop_spool(struct centre *centre)
{
    if (centre->spool)
        centre->engine->close(centre->spool);
}

/* Rejected events have a quota of their own, so that garbage cannot push events out. */
int centre_start_dead(struct centre *centre, struct err *err)
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
    centre->dead = spool_local.open(centre_path(centre, "deadletters"), &options, err);
    return centre->dead ? 0 : err->code;
}

void centre_stop_dead(struct centre *centre)
{
    if (centre->dead)
        spool_local.close(centre->dead);
}
