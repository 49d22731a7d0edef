#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "ledger/journal_key.h"

/* The file holds the 32 bytes of the private key's seed (RFC 8032, 5.1.5) in hex and a newline. */
#define SEED_HEX (2 * crypto_sign_SEEDBYTES)

/*
 * A new key appears whole or not at all, and never in the place of another: it is written under
 * another name and linked.
 */
static int make_file(const char *path)
{
    char temporary[4096], text[SEED_HEX + 1];
    unsigned char seed[crypto_sign_SEEDBYTES];
    int len = snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof(temporary))
        return -ENAMETOOLONG;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    randombytes_buf(seed, sizeof(seed));
    sodium_bin2hex(text, sizeof(text), seed, sizeof(seed));
    text[SEED_HEX] = '\n';
    int status = file_write_fd_durable(fd, str_of(text, sizeof(text)));
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(text, sizeof(text));
    close(fd);
    /* Where another process has made one meanwhile, its key is the key. */
    if (status == 0 && link(temporary, path) < 0 && errno != EEXIST)
        status = -errno;
    unlink(temporary);
    return status;
}

static int check_rights(int fd, const char *path, struct err *err)
{
    struct stat info;
    if (fstat(fd, &info) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return err_set(err, -EINVAL, "%s: the journal's key is no regular file", path);
    if (info.st_mode & 077)
        return err_set(err, -EPERM,
                       "%s: others may read or write the journal's key (mode %04o); make it 0600",
                       path, (unsigned)info.st_mode & 07777);
    return 0;
}

static int read_seed(int fd, const char *path, unsigned char *ret_seed, struct err *err)
{
    char text[SEED_HEX + 2];
    size_t len = 0;
    ssize_t got = 0;
    while (len < sizeof(text) && (got = read(fd, text + len, sizeof(text) - len)) > 0)
        len += (size_t)got;
    size_t taken = 0;
    const char *end = text;
    bool ok =
        got >= 0 && (len == SEED_HEX || (len == SEED_HEX + 1 && text[SEED_HEX] == '\n')) &&
        sodium_hex2bin(ret_seed, crypto_sign_SEEDBYTES, text, SEED_HEX, NULL, &taken, &end) == 0 &&
        taken == crypto_sign_SEEDBYTES && end == text + SEED_HEX;
    sodium_memzero(text, sizeof(text));
    return ok ? 0
              : err_set(err, -EINVAL, "%s: a journal's key is %d hex digits", path, (int)SEED_HEX);
}

struct journal_key *journal_key_open(const char *path, bool create, struct err *err)
{
    struct journal_key *key = NULL;
    unsigned char seed[crypto_sign_SEEDBYTES];
    int status = create && access(path, F_OK) < 0 ? make_file(path) : 0;
    int fd = status < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        status = status < 0 ? status : -errno;
        err_set(err, status, "%s: %s", path, strerror(-status));
        return NULL;
    }
    if (check_rights(fd, path, err) < 0 || read_seed(fd, path, seed, err) < 0)
        goto out;
    key = sodium_malloc(sizeof(*key));
    if (!key)
        err_set(err, -ENOMEM, "no memory");
    else
        crypto_sign_seed_keypair(key->public_key, key->secret_key, seed);
out:
    sodium_memzero(seed, sizeof(seed));
    close(fd);
    return key;
}

void journal_key_free(struct journal_key *key)
{
    sodium_free(key);
}
