#include "base/test.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/tls.h"

static char folder[64];
static char certificate[96], key[96], other_certificate[96], other_key[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/jaga-tls-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
    snprintf(key, sizeof(key), "%s/key.pem", folder);
    snprintf(other_certificate, sizeof(other_certificate), "%s/other-cert.pem", folder);
    snprintf(other_key, sizeof(other_key), "%s/other-key.pem", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(certificate);
    unlink(key);
    unlink(other_certificate);
    unlink(other_key);
    return rmdir(folder);
}

static struct tls_identity *open_made(const char *certificate_path, const char *key_path)
{
    struct err err = {0};
    struct tls_identity_options options = {certificate_path, key_path, NULL, true};
    struct tls_identity *identity = tls_identity_open(&options, &err);
    if (!identity)
        print_message("%s\n", err.message);
    return identity;
}

static gnutls_x509_crt_t read_certificate(const char *path)
{
    struct buf pem = {0};
    assert_int_equal(file_read(path, 1 << 20, &pem), 0);
    gnutls_x509_crt_t made;
    assert_int_equal(gnutls_x509_crt_init(&made), 0);
    gnutls_datum_t bytes = {(unsigned char *)pem.ptr, (unsigned)pem.len};
    assert_int_equal(gnutls_x509_crt_import(made, &bytes, GNUTLS_X509_FMT_PEM), 0);
    buf_free(&pem);
    return made;
}

static void a_made_identity_is_for_this_machine_and_its_key_is_private(void **state)
{
    (void)state;
    struct tls_identity *identity = open_made(certificate, key);
    assert_non_null(identity);
    struct stat info;
    assert_int_equal(stat(key, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);

    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    gnutls_x509_crt_t made = read_certificate(certificate);
    assert_true(gnutls_x509_crt_check_hostname(made, "localhost"));
    assert_true(gnutls_x509_crt_check_hostname(made, "127.0.0.1"));
    assert_true(gnutls_x509_crt_check_hostname(made, "::1"));
    assert_true(gnutls_x509_crt_check_hostname(made, host));
    assert_false(gnutls_x509_crt_check_hostname(made, "example.org"));
    unsigned bits;
    assert_int_equal(gnutls_x509_crt_get_pk_algorithm(made, &bits), GNUTLS_PK_ECDSA);
    assert_int_equal(bits, 256);
    gnutls_x509_crt_deinit(made);
    tls_identity_free(identity);
}

static void an_identity_that_is_there_is_used_again(void **state)
{
    (void)state;
    struct tls_identity *first = open_made(certificate, key);
    struct tls_identity *second = open_made(certificate, key);
    char first_text[TLS_FINGERPRINT_MAX], second_text[TLS_FINGERPRINT_MAX];
    tls_identity_fingerprint(first, first_text);
    tls_identity_fingerprint(second, second_text);
    assert_int_equal(strlen(first_text), 95);
    assert_string_equal(first_text, second_text);
    tls_identity_free(first);
    tls_identity_free(second);
}

static void a_new_pair_is_taken_and_a_mismatched_one_is_not(void **state)
{
    (void)state;
    struct err err = {0};
    struct tls_identity *identity = open_made(certificate, key);
    tls_identity_free(open_made(other_certificate, other_key));
    char before[TLS_FINGERPRINT_MAX], after[TLS_FINGERPRINT_MAX];
    tls_identity_fingerprint(identity, before);
    assert_int_equal(tls_identity_reload(identity, &err), 0);

    struct tls_credentials *held = tls_credentials_take(identity);
    assert_int_equal(rename(other_certificate, certificate), 0);
    assert_int_equal(tls_identity_reload(identity, &err), -EINVAL);
    assert_non_null(strstr(err.message, "does not belong to"));
    assert_int_equal(tls_identity_reload(identity, &err), 0); /* said once */
    tls_identity_fingerprint(identity, after);
    assert_string_equal(before, after);

    assert_int_equal(rename(other_key, key), 0);
    assert_int_equal(tls_identity_reload(identity, &err), 1);
    tls_identity_fingerprint(identity, after);
    assert_string_not_equal(before, after);

    /* What a session holds survives. */
    gnutls_session_t session;
    gnutls_certificate_credentials_t raw;
    gnutls_datum_t first;
    assert_int_equal(gnutls_init(&session, GNUTLS_SERVER), 0);
    assert_int_equal(tls_session_use(session, held), 0);
    assert_int_equal(gnutls_credentials_get(session, GNUTLS_CRD_CERTIFICATE, (void **)&raw), 0);
    assert_int_equal(gnutls_certificate_get_crt_raw(raw, 0, 0, &first), 0);
    gnutls_deinit(session);
    tls_credentials_drop(held);
    tls_identity_free(identity);
}

static void what_is_missing_or_no_pem_is_named(void **state)
{
    (void)state;
    struct err err = {0};
    struct tls_identity_options options = {"/nowhere/cert.pem", key, NULL, false};
    assert_null(tls_identity_open(&options, &err));
    assert_non_null(strstr(err.message, "can't read the certificate /nowhere/cert.pem"));

    tls_identity_free(open_made(certificate, key));
    options = (struct tls_identity_options){certificate, certificate, NULL, false};
    assert_null(tls_identity_open(&options, &err));
    assert_non_null(strstr(err.message, certificate));

    assert_int_equal(file_write(other_key, STR("nothing\n")), 0);
    options = (struct tls_identity_options){certificate, key, other_key, false};
    assert_null(tls_identity_open(&options, &err));
    assert_non_null(strstr(err.message, "holds no certificate"));

    /* Half a pair is never completed: it would replace what somebody still needs. */
    options = (struct tls_identity_options){certificate, "/nowhere/key.pem", NULL, true};
    assert_null(tls_identity_open(&options, &err));
    assert_non_null(strstr(err.message, "can't read the key /nowhere/key.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_made_identity_is_for_this_machine_and_its_key_is_private,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_identity_that_is_there_is_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_pair_is_taken_and_a_mismatched_one_is_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_or_no_pem_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
