/*
 * tls: an identity (certificate chain and key) for servers, from files or self-made for localhost, read again when the
 * files change; and sessions of a server over a socket that does not block (GnuTLS).
 */
#ifndef JAGA_IO_TLS_H
#define JAGA_IO_TLS_H

#include <gnutls/gnutls.h>

#include "base/err.h"
#include "base/str.h"

struct tls_identity;

struct tls_identity_options {
    const char *certificate; /* PEM file of the chain */
    const char *key;         /* PEM file, not encrypted */
    const char
        *client_ca; /* PEM file: whose client certificates are taken; NULL: none are asked for */
    bool make;      /* make a certificate for localhost and this host's name where there is none */
};

/* NULL: *err says which file and why. */
struct tls_identity *tls_identity_open(const struct tls_identity_options *options, struct err *err);
void tls_identity_free(struct tls_identity *identity);

/* Reads the files again if they changed; on failure the old one stays and *err says why. 1: changed. */
int tls_identity_reload(struct tls_identity *identity, struct err *err);

/* SHA-256 of the certificate as "ab:cd:...": for people to compare, and for pinning. */
const char *tls_identity_fingerprint(const struct tls_identity *identity);

/*
 * Credentials for a new session; they live until the returned reference is dropped with
 * tls_credentials_drop(), so a session that is under way survives a reload.
 */
struct tls_credentials *tls_credentials_take(struct tls_identity *identity);
void tls_credentials_drop(struct tls_credentials *credentials);
gnutls_certificate_credentials_t tls_credentials_raw(const struct tls_credentials *credentials);

/*
 * Name of the peer's verified certificate (first DNS name, else common name), or -ENOENT without one,
 * -EACCES where it does not verify. For sessions of our server.
 */
int tls_peer_name(gnutls_session_t session, char *ret_name, size_t room);

#endif
