/*
 * tls: an identity (certificate chain and key) for servers, from files or self-made for localhost, read again when the
 * files change; and who the peer of a session is (GnuTLS).
 *
 * Threads: an identity is shared; reload and take may be called from any thread. GnuTLS sessions belong to one
 * thread at a time.
 */
#ifndef JAGA_IO_TLS_H
#define JAGA_IO_TLS_H

#include <gnutls/gnutls.h>

#include "base/err.h"
#include "base/str.h"

/* What every server of ours speaks: TLS 1.2 and 1.3 (RFC 8996 retires what is older). */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"
#define TLS_FINGERPRINT_MAX 96 /* bytes of a fingerprint's text, with its NUL */
#define TLS_NAME_MAX 256

struct tls_identity;
struct tls_credentials;

struct tls_identity_options {
    const char *certificate; /* PEM file of the chain */
    const char *key;         /* PEM file, not encrypted */
    /* PEM file: whose client certificates are taken; NULL: none are asked for */
    const char *client_ca;
    bool make; /* make a certificate for localhost and this host's name where there is none */
};

/* NULL: *err says which file and why. The options' texts are copied. */
struct tls_identity *tls_identity_open(const struct tls_identity_options *options, struct err *err);
void tls_identity_free(struct tls_identity *identity);

/*
 * Reads the files again if they changed. 1: changed; 0: as before; -errno: *err says why, once per change of
 * the files, and the old identity stays.
 */
int tls_identity_reload(struct tls_identity *identity, struct err *err);

/* SHA-256 of the certificate as "ab:cd:...": for people to compare, and for pinning. */
void tls_identity_fingerprint(struct tls_identity *identity,
                              char ret_text[static TLS_FINGERPRINT_MAX]);

/*
 * Credentials for a new session; they live until the returned reference is dropped with
 * tls_credentials_drop(), so a session that is under way survives a reload.
 */
struct tls_credentials *tls_credentials_take(struct tls_identity *identity);
void tls_credentials_drop(struct tls_credentials *credentials); /* NULL: nothing */

/*
 * Makes a server's session, before its handshake, present these credentials and ask for a client
 * certificate where there is a CA for them. They must outlive the session. 0 or -ENOMEM.
 */
int tls_session_use(gnutls_session_t session, const struct tls_credentials *credentials);

/*
 * Name of the peer's verified certificate (first DNS name, else common name), NUL-terminated, or -ENOENT
 * without one, -EACCES where it does not verify. For sessions of our server, after the handshake.
 */
int tls_peer_name(gnutls_session_t session, char *ret_name, size_t room);

#endif
