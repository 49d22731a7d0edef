#include "base/test.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/centre_test.h"
#include "base/time.h"
#include "io/file.h"
#include "io/tls.h"

#define SENDER_NAME "sender.example"

static char folder[64];
enum { SERVER, SERVER_KEY, OTHER, OTHER_KEY, CA, CLIENT, CLIENT_KEY, WRONG, WRONG_KEY, PATHS };
static char paths[PATHS][96];

static struct tls_identity *identity;

/* ---- certificates ---- */

struct pair {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

/* A certificate of `issuer`, or its own where that is NULL. */
static struct pair make_pair(const char *name, bool is_ca, const struct pair *issuer)
{
    static unsigned char serial = 1;
    struct pair pair;
    time_t now = time(NULL);
    gnutls_x509_privkey_init(&pair.key);
    gnutls_x509_privkey_generate(pair.key, GNUTLS_PK_ECDSA,
                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_init(&pair.certificate);
    gnutls_x509_crt_set_version(pair.certificate, 3);
    gnutls_x509_crt_set_serial(pair.certificate, &serial, 1);
    serial++;
    gnutls_x509_crt_set_activation_time(pair.certificate, now - 60);
    gnutls_x509_crt_set_expiration_time(pair.certificate, now + 3600);
    gnutls_x509_crt_set_dn_by_oid(pair.certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                  (unsigned)strlen(name));
    gnutls_x509_crt_set_key(pair.certificate, pair.key);
    gnutls_x509_crt_set_basic_constraints(pair.certificate, is_ca, -1);
    gnutls_x509_crt_set_key_usage(pair.certificate,
                                  is_ca ? GNUTLS_KEY_KEY_CERT_SIGN : GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (!is_ca)
        gnutls_x509_crt_set_key_purpose_oid(pair.certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0);
    const struct pair *by = issuer ? issuer : &pair;
    assert_int_equal(
        gnutls_x509_crt_sign2(pair.certificate, by->certificate, by->key, GNUTLS_DIG_SHA256, 0), 0);
    return pair;
}

static void save_pair(const struct pair *pair, const char *certificate_path, const char *key_path)
{
    gnutls_datum_t pem;
    assert_int_equal(gnutls_x509_crt_export2(pair->certificate, GNUTLS_X509_FMT_PEM, &pem), 0);
    assert_int_equal(file_write(certificate_path, str_of((char *)pem.data, pem.size)), 0);
    gnutls_free(pem.data);
    if (!key_path)
        return;
    assert_int_equal(gnutls_x509_privkey_export2(pair->key, GNUTLS_X509_FMT_PEM, &pem), 0);
    assert_int_equal(file_write(key_path, str_of((char *)pem.data, pem.size)), 0);
    gnutls_free(pem.data);
}

static void free_pair(struct pair *pair)
{
    gnutls_x509_crt_deinit(pair->certificate);
    gnutls_x509_privkey_deinit(pair->key);
}

static void make_certificates(void)
{
    struct pair authority = make_pair("authority", true, NULL);
    struct pair client = make_pair(SENDER_NAME, false, &authority);
    struct pair wrong = make_pair(SENDER_NAME, false, NULL);
    save_pair(&authority, paths[CA], NULL);
    save_pair(&client, paths[CLIENT], paths[CLIENT_KEY]);
    save_pair(&wrong, paths[WRONG], paths[WRONG_KEY]);
    free_pair(&authority);
    free_pair(&client);
    free_pair(&wrong);
}

/* ---- the server ---- */

static void handle_ok(struct api_request *request)
{
    request_reply(request, 200, "text/plain", request_peer(request));
}

static const struct api_route routes_test[] = {
    {"GET", "/public", API_PUBLIC, handle_ok, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/send", API_SEND, handle_ok, NULL, NULL, NULL, NULL, NULL},
    {0},
};
static const struct api_route *const tables_test[] = {routes_test, NULL};

static int start(void **state)
{
    (void)state;
    static const char *const names[PATHS] = {"cert.pem",       "key.pem",   "other-cert.pem",
                                             "other-key.pem",  "ca.pem",    "client.pem",
                                             "client-key.pem", "wrong.pem", "wrong-key.pem"};
    static const struct api_listener listener = {"127.0.0.1:0", false};
    struct err err = {0};
    snprintf(folder, sizeof(folder), "/tmp/jaga-api-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < PATHS; i++)
        snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder, names[i]);
    make_certificates();
    struct tls_identity_options made = {paths[SERVER], paths[SERVER_KEY], paths[CA], true};
    identity = tls_identity_open(&made, &err);
    if (!identity) {
        print_message("%s\n", err.message);
        return -1;
    }
    centre_open((struct api_options){.listeners = &listener,
                                     .n_listeners = 1,
                                     .identity = identity,
                                     .request_us = 2000000,
                                     .tables = tables_test},
                NULL);
    const struct token grant = {
        .id = STR("certificate"), .agency = STR("parks"), .expires = TIME_UNSET};
    return senders_add_certificate(centre.senders, STR(SENDER_NAME), &grant);
}

static int stop(void **state)
{
    centre_close(state);
    tls_identity_free(identity);
    for (size_t i = 0; i < PATHS; i++)
        unlink(paths[i]);
    return rmdir(folder);
}

/* ---- the client ---- */

struct ask {
    const char *ca;
    const char *certificate, *key; /* NULL: none */
    long version;                  /* CURL_SSLVERSION_..., 0: any */
};

static size_t swallow(char *bytes, size_t size, size_t n, void *context)
{
    (void)bytes, (void)context;
    return size * n;
}

/* The status of the answer, or 0 where the handshake failed. */
static long ask(const char *target, struct ask with)
{
    char url[256];
    long status = 0;
    const char *port = strrchr(centre.address, ':');
    snprintf(url, sizeof(url), "https://localhost%s%s", port, target);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, with.ca);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
    if (with.certificate) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, with.certificate);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, with.key);
    }
    if (with.version)
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, with.version);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return status;
}

static void a_client_that_trusts_the_certificate_is_served(void **state)
{
    (void)state;
    assert_int_equal(ask("/public", (struct ask){.ca = paths[SERVER]}), 200);
    assert_int_equal(
        ask("/public", (struct ask){.ca = paths[SERVER], .version = CURL_SSLVERSION_TLSv1_3}), 200);
    assert_int_equal(ask("/public", (struct ask){.ca = paths[CA]}), 0);
}

static void old_versions_of_tls_are_refused(void **state)
{
    (void)state;
    static const long versions[] = {CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            ask("/public",
                (struct ask){.ca = paths[SERVER], .version = CURL_SSLVERSION_TLSv1 | versions[i]}),
            0);
    assert_int_equal(ask("/public", (struct ask){.ca = paths[SERVER],
                                                 .version = CURL_SSLVERSION_TLSv1_2 |
                                                            CURL_SSLVERSION_MAX_TLSv1_2}),
                     200);
}

static void a_new_certificate_is_shown_without_a_restart(void **state)
{
    (void)state;
    struct err err = {0};
    struct tls_identity_options options = {paths[OTHER], paths[OTHER_KEY], NULL, true};
    tls_identity_free(tls_identity_open(&options, &err));
    struct buf other = {0};
    assert_int_equal(file_read(paths[OTHER], 1 << 20, &other), 0);
    assert_int_equal(rename(paths[OTHER_KEY], paths[SERVER_KEY]), 0);
    assert_int_equal(rename(paths[OTHER], paths[SERVER]), 0);
    assert_int_equal(tls_identity_reload(identity, &err), 1);
    assert_int_equal(ask("/public", (struct ask){.ca = paths[SERVER]}), 200);
    buf_free(&other);
}

static void a_certificate_of_the_client_is_an_identity(void **state)
{
    (void)state;
    assert_int_equal(ask("/send", (struct ask){.ca = paths[SERVER]}), 401);
    assert_int_equal(ask("/send", (struct ask){.ca = paths[SERVER],
                                               .certificate = paths[CLIENT],
                                               .key = paths[CLIENT_KEY]}),
                     200);
    assert_int_equal(ask("/send", (struct ask){.ca = paths[SERVER],
                                               .certificate = paths[WRONG],
                                               .key = paths[WRONG_KEY]}),
                     401);
}

static void what_is_no_tls_is_dropped_and_harms_nobody(void **state)
{
    (void)state;
    static const char *const first[] = {"GET /public HTTP/1.1\r\nHost: jaga\r\n\r\n", "",
                                        "\x16\x03\x01\x02"};
    for (size_t i = 0; i < 3; i++) {
        int fd = client_connect(centre.address);
        client_send(fd, str_from_c(first[i]));
        assert_true(client_is_closed(fd));
        close(fd);
    }
    assert_int_equal(ask("/public", (struct ask){.ca = paths[SERVER]}), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_that_trusts_the_certificate_is_served),
        TEST(old_versions_of_tls_are_refused),
        TEST(a_new_certificate_is_shown_without_a_restart),
        TEST(a_certificate_of_the_client_is_an_identity),
        TEST(what_is_no_tls_is_dropped_and_harms_nobody),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
