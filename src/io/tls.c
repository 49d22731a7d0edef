#include "io/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"

#define PEM_MAX (1u << 20) /* bytes of a PEM file */
#define MADE_DAYS 3650     /* how long a self-made certificate lasts */

enum { FILE_CERTIFICATE, FILE_KEY, FILE_CLIENT_CA, FILE_COUNT };
static const char *const file_kinds[FILE_COUNT] = {"certificate", "key", "client CA"};

struct tls_credentials {
    _Atomic unsigned references;
    gnutls_certificate_credentials_t raw;
    bool asks; /* for a client certificate */
    char fingerprint[TLS_FINGERPRINT_MAX];
};

/* What tells one version of a file from the next. */
struct file_mark {
    struct timespec changed;
    off_t size;
    ino_t inode;
};

struct tls_identity {
    char *paths[FILE_COUNT]; /* NULL: there is none */
    pthread_mutex_t lock;    /* of what follows */
    struct tls_credentials *current;
    struct file_mark marks[FILE_COUNT];
};

/* ---- credentials from files ---- */

void tls_credentials_drop(struct tls_credentials *credentials)
{
    if (!credentials || atomic_fetch_sub(&credentials->references, 1) != 1)
        return;
    if (credentials->raw)
        gnutls_certificate_free_credentials(credentials->raw);
    free(credentials);
}

static int read_pem(const char *path, int kind, struct buf *out, struct err *err)
{
    int status = file_read(path, PEM_MAX, out);
    if (status == 0 && out->failed)
        status = -ENOMEM;
    if (status < 0)
        return err_set(err, status, "can't read the %s %s: %s", file_kinds[kind], path,
                       strerror(-status));
    return 0;
}

static gnutls_datum_t datum(const struct buf *buf)
{
    return (gnutls_datum_t){(unsigned char *)buf->ptr, (unsigned)buf->len};
}

/* "ab:cd:..." of the chain's first certificate. */
static int take_fingerprint(struct tls_credentials *credentials)
{
    gnutls_datum_t first;
    if (gnutls_certificate_get_crt_raw(credentials->raw, 0, 0, &first) < 0)
        return -EINVAL;
    unsigned char digest[32];
    size_t size = sizeof(digest);
    if (gnutls_fingerprint(GNUTLS_DIG_SHA256, &first, digest, &size) < 0)
        return -EINVAL;
    for (size_t i = 0; i < size; i++)
        snprintf(credentials->fingerprint + 3 * i, 4, i + 1 < size ? "%02x:" : "%02x", digest[i]);
    return 0;
}

static int load_pair(const struct tls_identity *identity, struct tls_credentials *credentials,
                     struct err *err)
{
    struct buf certificate = {0}, key = {0};
    int status = read_pem(identity->paths[FILE_CERTIFICATE], FILE_CERTIFICATE, &certificate, err);
    if (status == 0)
        status = read_pem(identity->paths[FILE_KEY], FILE_KEY, &key, err);
    if (status < 0)
        goto out;
    gnutls_datum_t certificate_pem = datum(&certificate), key_pem = datum(&key);
    int made = gnutls_certificate_set_x509_key_mem(credentials->raw, &certificate_pem, &key_pem,
                                                   GNUTLS_X509_FMT_PEM);
    if (made == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        status = err_set(err, -EINVAL, "the key %s does not belong to the certificate %s",
                         identity->paths[FILE_KEY], identity->paths[FILE_CERTIFICATE]);
    else if (made < 0 || take_fingerprint(credentials) < 0)
        status = err_set(err, -EINVAL, "the certificate %s or its key %s can't be used: %s",
                         identity->paths[FILE_CERTIFICATE], identity->paths[FILE_KEY],
                         gnutls_strerror(made < 0 ? made : GNUTLS_E_CERTIFICATE_ERROR));
out:
    if (key.ptr)
        gnutls_memset(key.ptr, 0, key.cap);
    buf_free(&key);
    buf_free(&certificate);
    return status;
}

static int load_client_ca(const struct tls_identity *identity, struct tls_credentials *credentials,
                          struct err *err)
{
    const char *path = identity->paths[FILE_CLIENT_CA];
    if (!path)
        return 0;
    struct buf pem = {0};
    int status = read_pem(path, FILE_CLIENT_CA, &pem, err);
    if (status == 0) {
        gnutls_datum_t authorities = datum(&pem);
        int n = gnutls_certificate_set_x509_trust_mem(credentials->raw, &authorities,
                                                      GNUTLS_X509_FMT_PEM);
        if (n <= 0)
            status = err_set(err, -EINVAL, "the client CA %s holds no certificate: %s", path,
                             n < 0 ? gnutls_strerror(n) : "it is empty");
        credentials->asks = n > 0;
    }
    buf_free(&pem);
    return status;
}

static int load(const struct tls_identity *identity, struct tls_credentials **ret_credentials,
                struct err *err)
{
    struct tls_credentials *credentials = calloc(1, sizeof(*credentials));
    if (!credentials || gnutls_certificate_allocate_credentials(&credentials->raw) < 0) {
        free(credentials);
        return err_set(err, -ENOMEM, "no memory for TLS");
    }
    credentials->references = 1;
    int status = load_pair(identity, credentials, err);
    if (status == 0)
        status = load_client_ca(identity, credentials, err);
    if (status < 0) {
        tls_credentials_drop(credentials);
        return status;
    }
    *ret_credentials = credentials;
    return 0;
}

static void mark_files(const struct tls_identity *identity, struct file_mark marks[FILE_COUNT])
{
    for (int i = 0; i < FILE_COUNT; i++) {
        struct stat info;
        marks[i] = (struct file_mark){0};
        if (identity->paths[i] && stat(identity->paths[i], &info) == 0)
            marks[i] = (struct file_mark){info.st_mtim, info.st_size, info.st_ino};
    }
}

static bool marks_differ(const struct file_mark *a, const struct file_mark *b)
{
    for (int i = 0; i < FILE_COUNT; i++) {
        if (a[i].changed.tv_sec != b[i].changed.tv_sec ||
            a[i].changed.tv_nsec != b[i].changed.tv_nsec || a[i].size != b[i].size ||
            a[i].inode != b[i].inode)
            return true;
    }
    return false;
}

/* ---- a certificate of our own ---- */

static int name_certificate(gnutls_x509_crt_t certificate)
{
    char host[TLS_NAME_MAX] = "";
    if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
        memcpy(host, "localhost", sizeof("localhost"));
    const struct in_addr ipv4 = {htonl(INADDR_LOOPBACK)};
    int status = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, host,
                                               (unsigned)strnlen(host, 64)); /* RFC 5280: ub 64 */
    if (status >= 0)
        status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost",
                                                      strlen("localhost"), GNUTLS_FSAN_SET);
    if (status >= 0 && strcmp(host, "localhost") != 0)
        status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, host,
                                                      (unsigned)strlen(host), GNUTLS_FSAN_APPEND);
    if (status >= 0)
        status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, &ipv4,
                                                      sizeof(ipv4), GNUTLS_FSAN_APPEND);
    if (status >= 0)
        status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
                                                      &in6addr_loopback, sizeof(in6addr_loopback),
                                                      GNUTLS_FSAN_APPEND);
    return status;
}

static int fill_certificate(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
    unsigned char serial[16];
    unsigned char key_id[64];
    size_t key_id_size = sizeof(key_id);
    time_t now = (time_t)(clock_now_us() / 1000000);
    int status = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive (RFC 5280, 4.1.2.2) */
    if (status >= 0)
        status = gnutls_x509_crt_set_version(certificate, 3);
    if (status >= 0)
        status = gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
    if (status >= 0)
        status = gnutls_x509_crt_set_activation_time(certificate, now - 86400);
    if (status >= 0)
        status = gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)MADE_DAYS * 86400);
    if (status >= 0)
        status = name_certificate(certificate);
    if (status >= 0)
        status = gnutls_x509_crt_set_key(certificate, key);
    if (status >= 0)
        status =
            gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, key_id, &key_id_size);
    if (status >= 0)
        status = gnutls_x509_crt_set_subject_key_id(certificate, key_id, key_id_size);
    if (status >= 0)
        status = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    if (status >= 0)
        status = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (status >= 0)
        status = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (status >= 0)
        status = gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
    return status;
}

/* A new file, readable by its owner only, complete or not there. */
static int write_private(const char *path, const gnutls_datum_t *pem, struct err *err)
{
    int status = 0;
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.new", path) < 0)
        return err_set(err, -ENOMEM, "no memory");
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        status = -errno;
        goto out;
    }
    status = file_write_fd_durable(fd, str_of((const char *)pem->data, pem->size));
    close(fd);
    if (status == 0 && rename(temporary, path) < 0)
        status = -errno;
    if (status < 0)
        unlink(temporary);
out:
    if (status < 0)
        err_set(err, status, "can't write %s: %s", path, strerror(-status));
    free(temporary);
    return status;
}

/* Makes both files (the key first, so that there is never a certificate without one). */
static int make_pair(const struct tls_identity *identity, struct err *err)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t key_pem = {0}, certificate_pem = {0};
    int made = gnutls_x509_privkey_init(&key);
    if (made >= 0)
        made = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (made >= 0)
        made = gnutls_x509_crt_init(&certificate);
    if (made >= 0)
        made = fill_certificate(certificate, key);
    if (made >= 0)
        made = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                                 &key_pem);
    if (made >= 0)
        made = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_pem);
    int status = 0;
    if (made < 0)
        status = err_set(err, -EIO, "can't make a certificate: %s", gnutls_strerror(made));
    if (status == 0)
        status = write_private(identity->paths[FILE_KEY], &key_pem, err);
    if (status == 0)
        status = write_private(identity->paths[FILE_CERTIFICATE], &certificate_pem, err);
    if (key_pem.data)
        gnutls_memset(key_pem.data, 0, key_pem.size);
    gnutls_free(key_pem.data);
    gnutls_free(certificate_pem.data);
    if (certificate)
        gnutls_x509_crt_deinit(certificate);
    if (key)
        gnutls_x509_privkey_deinit(key);
    return status;
}

/* ---- the identity ---- */

static bool is_missing(const char *path)
{
    struct stat info;
    return stat(path, &info) < 0 && errno == ENOENT;
}

static int copy_paths(struct tls_identity *identity, const struct tls_identity_options *options)
{
    const char *const paths[FILE_COUNT] = {options->certificate, options->key, options->client_ca};
    for (int i = 0; i < FILE_COUNT; i++) {
        identity->paths[i] = paths[i] ? strdup(paths[i]) : NULL;
        if (paths[i] && !identity->paths[i])
            return -ENOMEM;
    }
    return 0;
}

struct tls_identity *tls_identity_open(const struct tls_identity_options *options, struct err *err)
{
    struct tls_identity *identity = calloc(1, sizeof(*identity));
    if (!identity) {
        err_set(err, -ENOMEM, "no memory for TLS");
        return NULL;
    }
    pthread_mutex_init(&identity->lock, NULL);
    int status = copy_paths(identity, options);
    if (status < 0) {
        err_set(err, status, "no memory for TLS");
        goto fail;
    }
    if (options->make && is_missing(options->certificate) && is_missing(options->key) &&
        make_pair(identity, err) < 0)
        goto fail;
    mark_files(identity, identity->marks);
    if (load(identity, &identity->current, err) < 0)
        goto fail;
    return identity;
fail:
    tls_identity_free(identity);
    return NULL;
}

void tls_identity_free(struct tls_identity *identity)
{
    if (!identity)
        return;
    tls_credentials_drop(identity->current);
    for (int i = 0; i < FILE_COUNT; i++)
        free(identity->paths[i]);
    pthread_mutex_destroy(&identity->lock);
    free(identity);
}

int tls_identity_reload(struct tls_identity *identity, struct err *err)
{
    struct tls_credentials *fresh = NULL;
    struct file_mark marks[FILE_COUNT];
    pthread_mutex_lock(&identity->lock);
    mark_files(identity, marks);
    int status = marks_differ(marks, identity->marks);
    if (status == 1) {
        memcpy(identity->marks, marks, sizeof(marks));
        int loaded = load(identity, &fresh, err);
        if (loaded < 0) {
            status = loaded;
        } else {
            struct tls_credentials *old = identity->current;
            identity->current = fresh;
            tls_credentials_drop(old);
        }
    }
    pthread_mutex_unlock(&identity->lock);
    return status;
}

void tls_identity_fingerprint(struct tls_identity *identity,
                              char ret_text[static TLS_FINGERPRINT_MAX])
{
    pthread_mutex_lock(&identity->lock);
    memcpy(ret_text, identity->current->fingerprint, TLS_FINGERPRINT_MAX);
    pthread_mutex_unlock(&identity->lock);
}

struct tls_credentials *tls_credentials_take(struct tls_identity *identity)
{
    pthread_mutex_lock(&identity->lock);
    struct tls_credentials *credentials = identity->current;
    atomic_fetch_add(&credentials->references, 1);
    pthread_mutex_unlock(&identity->lock);
    return credentials;
}

int tls_session_use(gnutls_session_t session, const struct tls_credentials *credentials)
{
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials->raw) < 0)
        return -ENOMEM;
    gnutls_certificate_server_set_request(session, credentials->asks ? GNUTLS_CERT_REQUEST
                                                                     : GNUTLS_CERT_IGNORE);
    return 0;
}

/* ---- the peer ---- */

/* A name with a NUL inside could pass for its first part. */
static bool is_whole(const char *name, size_t len)
{
    return len > 0 && !memchr(name, '\0', len);
}

static int certificate_name(gnutls_x509_crt_t certificate, char *ret_name, size_t room)
{
    for (unsigned i = 0;; i++) {
        size_t len = room - 1;
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, ret_name, &len, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (type != GNUTLS_SAN_DNSNAME || !is_whole(ret_name, len))
            continue;
        ret_name[len] = '\0';
        return 0;
    }
    size_t len = room;
    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret_name,
                                      &len) < 0 ||
        !is_whole(ret_name, len))
        return -EACCES;
    ret_name[len] = '\0'; /* GnuTLS counted room for it */
    return 0;
}

int tls_peer_name(gnutls_session_t session, char *ret_name, size_t room)
{
    unsigned n;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
    if (!chain || n == 0 || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509)
        return -ENOENT;
    unsigned problems;
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
                                     (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &problems) < 0 || problems != 0)
        return -EACCES;
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) < 0)
        return -EACCES;
    int status = -EACCES;
    if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) >= 0)
        status = certificate_name(certificate, ret_name, room);
    gnutls_x509_crt_deinit(certificate);
    return status;
}
