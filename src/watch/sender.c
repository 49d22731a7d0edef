#include "watch/sender.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/time.h"
#include "base/vec.h"
#include "io/clock.h"
#include "watch/intern.h"
#include "watch/peer.h"

enum identity_kind { IDENTITY_TOKEN, IDENTITY_CERTIFICATE, IDENTITY_PEER, IDENTITY_KINDS };

/* Who may be known, and what that grants now. */
struct identity {
    enum identity_kind kind;
    unsigned char hash[TOKEN_HASH]; /* of a token */
    struct str name;                /* of a certificate, in small letters */
    struct peer_net net;            /* of a peer */
    _Atomic(struct grant *) grant;
    uint64_t round; /* of loading, when it was last there */
    struct identity *next;
};

/* How much of the table an agency has. */
struct agency_room {
    uint32_t n;
    struct sender *other;
};

struct senders {
    uint32_t partitions;
    uint64_t seed; /* of the tables: nobody outside can choose names that collide */
    struct intern names;
    struct sender **all; /* by number */
    _Atomic uint32_t n;
    uint32_t n_named; /* of them, those that are no overflow */
    _Atomic uint64_t unknown, overflowed;
    struct intern identities[IDENTITY_KINDS];
    _Atomic bool has_bits[2][PEER_BITS_MAX + 1]; /* prefixes that rules have, of IPv4 and IPv6 */

    pthread_mutex_t loading; /* held while tokens are taken from the ledger; before `lock` */
    pthread_mutex_t lock;    /* of all additions, and of what is below */
    struct arena arena;
    struct map agency_ids;
    VEC(struct agency_room) agencies;
    struct identity *first;
    uint64_t rounds[IDENTITY_KINDS];
};

struct senders *senders_new(uint32_t partitions)
{
    struct senders *senders = calloc(1, sizeof(*senders));
    if (!senders)
        return NULL;
    senders->all = calloc(SENDERS_MAX + SENDERS_OTHERS_MAX, sizeof(struct sender *));
    if (!senders->all || sodium_init() < 0) {
        free((void *)senders->all);
        free(senders);
        return NULL;
    }
    senders->partitions = partitions ? partitions : 1;
    randombytes_buf(&senders->seed, sizeof(senders->seed));
    pthread_mutex_init(&senders->loading, NULL);
    pthread_mutex_init(&senders->lock, NULL);
    arena_init(&senders->arena, SIZE_MAX);
    return senders;
}

void senders_free(struct senders *senders)
{
    if (!senders)
        return;
    intern_free(&senders->names);
    for (size_t i = 0; i < IDENTITY_KINDS; i++)
        intern_free(&senders->identities[i]);
    map_free(&senders->agency_ids);
    vec_free(&senders->agencies);
    arena_free(&senders->arena);
    pthread_mutex_destroy(&senders->lock);
    pthread_mutex_destroy(&senders->loading);
    free((void *)senders->all);
    free(senders);
}

/* ---- names ---- */

struct sender_key {
    struct str agency, source;
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label_byte(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
}

/* The label itself where it is good; else a good one, in `room`. */
static struct str repair_label(struct str label, char room[static SENDER_LABEL_MAX])
{
    size_t good = 0;
    while (good < label.len && is_label_byte(label.ptr[good]))
        good++;
    if (good == label.len && label.len > 0 && label.len <= SENDER_LABEL_MAX &&
        is_alnum(label.ptr[0]))
        return label;

    struct str rest = label;
    while (rest.len && !is_alnum(rest.ptr[0]))
        rest = str_skip(rest, 1);
    if (rest.len == 0)
        return STR("unknown");
    size_t len = rest.len <= SENDER_LABEL_MAX ? rest.len : SENDER_LABEL_MAX - 9;
    for (size_t i = 0; i < len; i++)
        room[i] = is_label_byte(rest.ptr[i]) ? rest.ptr[i] : '_';
    if (len < rest.len) {
        static const char digits[] = "0123456789abcdef";
        uint64_t hash = hash_text(label);
        room[len++] = '-';
        for (unsigned i = 0; i < 8; i++)
            room[len++] = digits[hash >> (4 * i) & 15];
    }
    return str_of(room, len);
}

static uint64_t hash_key(const struct senders *senders, const struct sender_key *key)
{
    return hash_mix(hash_bytes(key->agency.ptr, key->agency.len, senders->seed),
                    hash_bytes(key->source.ptr, key->source.len, senders->seed));
}

static bool same_sender(const void *item, const void *key)
{
    const struct sender *sender = item;
    const struct sender_key *names = key;
    return str_eq(sender->source, names->source) && str_eq(sender->agency, names->agency);
}

static struct sender *find_sender(const struct senders *senders, const struct sender_key *key)
{
    return intern_get(&senders->names, hash_key(senders, key), same_sender, key);
}

/* Under the lock. */
static struct agency_room *agency_room(struct senders *senders, struct str agency)
{
    uint32_t id = map_get(&senders->agency_ids, agency);
    if (id != MAP_NONE)
        return &senders->agencies.items[id];
    struct str copy = arena_copy(&senders->arena, agency);
    if (!copy.ptr || vec_push(&senders->agencies, (struct agency_room){0}) < 0)
        return NULL;
    if (map_put(&senders->agency_ids, copy, (uint32_t)senders->agencies.len - 1) < 0) {
        senders->agencies.len--;
        return NULL;
    }
    return &senders->agencies.items[senders->agencies.len - 1];
}

/* Under the lock. The hashes of the partition have no seed: it is the same after every start. */
static struct sender *new_sender(struct senders *senders, const struct sender_key *key)
{
    uint32_t number = atomic_load(&senders->n);
    struct sender *sender = arena_zero(&senders->arena, 1, sizeof(*sender));
    if (!sender || number == SENDERS_MAX + SENDERS_OTHERS_MAX)
        return NULL;
    sender->agency = arena_copy(&senders->arena, key->agency);
    sender->source = arena_copy(&senders->arena, key->source);
    if (!sender->agency.ptr || !sender->source.ptr)
        return NULL;
    sender->number = number;
    sender->partition =
        (uint32_t)(hash_mix(hash_text(key->agency), hash_text(key->source)) % senders->partitions);
    if (intern_add(&senders->names, hash_key(senders, key), sender) < 0)
        return NULL;
    senders->all[number] = sender;
    atomic_store_explicit(&senders->n, number + 1, memory_order_release);
    return sender;
}

/* Under the lock: the agency's sender of all the names there was no room for. */
static struct sender *other_sender(struct senders *senders, struct agency_room *room,
                                   struct str agency)
{
    struct sender_key key = {agency, STR("other")};
    atomic_fetch_add(&senders->overflowed, 1);
    if (!room->other)
        room->other = find_sender(senders, &key);
    if (!room->other)
        room->other = new_sender(senders, &key);
    return room->other;
}

/* Under the lock. */
static struct sender *intern_locked(struct senders *senders, const struct sender_key *key)
{
    struct sender *sender = find_sender(senders, key);
    if (sender)
        return sender;
    struct agency_room *room = agency_room(senders, key->agency);
    if (!room)
        return NULL;
    if (senders->n_named == SENDERS_MAX || room->n == SENDERS_AGENCY_MAX)
        return other_sender(senders, room, key->agency);
    sender = new_sender(senders, key);
    if (sender) {
        senders->n_named++;
        room->n++;
    }
    return sender;
}

struct sender *senders_intern(struct senders *senders, struct str agency, struct str source)
{
    char agency_room[SENDER_LABEL_MAX], source_room[SENDER_LABEL_MAX];
    struct sender_key key = {repair_label(agency, agency_room), repair_label(source, source_room)};
    struct sender *sender = find_sender(senders, &key);
    if (sender)
        return sender;
    pthread_mutex_lock(&senders->lock);
    sender = intern_locked(senders, &key);
    pthread_mutex_unlock(&senders->lock);
    return sender;
}

struct sender *senders_get(struct senders *senders, struct grant *grant, struct str source)
{
    return grant->sender ? grant->sender : senders_intern(senders, grant->agency, source);
}

void senders_each(struct senders *senders, void (*each)(void *context, struct sender *sender),
                  void *context)
{
    uint32_t n = atomic_load_explicit(&senders->n, memory_order_acquire);
    for (uint32_t i = 0; i < n; i++)
        each(context, senders->all[i]);
}

uint64_t senders_overflowed(const struct senders *senders)
{
    return atomic_load(&senders->overflowed);
}

/* ---- grants ---- */

static bool same_identity(const void *item, const void *key)
{
    const struct identity *a = item, *b = key;
    switch (a->kind) {
    case IDENTITY_TOKEN:
        return sodium_memcmp(a->hash, b->hash, TOKEN_HASH) == 0;
    case IDENTITY_CERTIFICATE:
        return str_eq(a->name, b->name);
    default:
        return peer_net_eq(&a->net, &b->net);
    }
}

static uint64_t hash_identity(const struct senders *senders, const struct identity *identity)
{
    switch (identity->kind) {
    case IDENTITY_TOKEN:
        return hash_bytes(identity->hash, TOKEN_HASH, senders->seed);
    case IDENTITY_CERTIFICATE:
        return hash_bytes(identity->name.ptr, identity->name.len, senders->seed);
    default:
        return hash_mix(peer_net_hash(&identity->net), senders->seed);
    }
}

static struct identity *find_identity(const struct senders *senders, const struct identity *wanted)
{
    return intern_get(&senders->identities[wanted->kind], hash_identity(senders, wanted),
                      same_identity, wanted);
}

static void withdraw(struct identity *identity)
{
    struct grant *grant = atomic_load(&identity->grant);
    if (grant)
        atomic_store(&grant->withdrawn, true);
}

/* The grant of an identity that is known (NULL: it is not), unless it was taken back. */
static struct grant *valid_grant(struct identity *identity, int64_t now)
{
    struct grant *grant = identity ? atomic_load(&identity->grant) : NULL;
    if (!grant)
        return NULL;
    if (grant->expires != TIME_UNSET && now >= grant->expires)
        atomic_store(&grant->withdrawn, true);
    return atomic_load(&grant->withdrawn) ? NULL : grant;
}

static struct grant *counted(struct senders *senders, struct grant *grant)
{
    if (!grant)
        atomic_fetch_add(&senders->unknown, 1);
    return grant;
}

static bool same_grant(const struct grant *grant, const struct token *token)
{
    return str_eq(grant->id, token->id) && grant->role == token->role &&
           str_eq(grant->agency, token->agency) && str_eq(grant->source, token->source) &&
           grant->rate == token->rate && grant->expires == token->expires;
}

/* Under the lock. */
static struct grant *new_grant(struct senders *senders, const struct token *token)
{
    struct grant *grant = arena_zero(&senders->arena, 1, sizeof(*grant));
    if (!grant)
        return NULL;
    grant->id = arena_copy(&senders->arena, token->id);
    grant->agency = arena_copy(&senders->arena, token->agency);
    grant->source = arena_copy(&senders->arena, token->source);
    if (!grant->id.ptr || !grant->agency.ptr || !grant->source.ptr)
        return NULL;
    grant->role = token->role;
    grant->rate = token->rate;
    grant->expires = token->expires;
    if (token->role == TOKEN_SEND && token->source.len) {
        grant->sender = intern_locked(senders, &(struct sender_key){grant->agency, grant->source});
        if (!grant->sender)
            return NULL;
    }
    return grant;
}

/* Under the lock: a copy of `wanted` in the table. */
static struct identity *new_identity(struct senders *senders, const struct identity *wanted)
{
    struct identity *identity = arena_zero(&senders->arena, 1, sizeof(*identity));
    if (!identity)
        return NULL;
    identity->kind = wanted->kind;
    memcpy(identity->hash, wanted->hash, TOKEN_HASH);
    identity->net = wanted->net;
    identity->name = arena_copy(&senders->arena, wanted->name);
    if (!identity->name.ptr || intern_add(&senders->identities[wanted->kind],
                                          hash_identity(senders, identity), identity) < 0)
        return NULL;
    if (identity->kind == IDENTITY_PEER)
        atomic_store(&senders->has_bits[identity->net.family == 6][identity->net.bits], true);
    identity->next = senders->first;
    senders->first = identity;
    return identity;
}

/* What `wanted` grants from now on. What it granted before is withdrawn, unless it is the same. */
static int put_grant(struct senders *senders, const struct identity *wanted,
                     const struct token *token)
{
    int status = -ENOMEM;
    pthread_mutex_lock(&senders->lock);
    struct identity *identity = find_identity(senders, wanted);
    struct grant *old = identity ? atomic_load(&identity->grant) : NULL;
    if (old && !atomic_load(&old->withdrawn) && same_grant(old, token)) {
        identity->round = senders->rounds[wanted->kind];
        status = 0;
        goto out;
    }
    struct grant *grant = new_grant(senders, token);
    if (!grant)
        goto out;
    if (!identity)
        identity = new_identity(senders, wanted);
    if (!identity)
        goto out;
    withdraw(identity);
    atomic_store(&identity->grant, grant);
    identity->round = senders->rounds[wanted->kind];
    status = 0;
out:
    pthread_mutex_unlock(&senders->lock);
    return status;
}

static bool token_is_good(const struct token *token)
{
    return token->role == TOKEN_SEND && label_ok(token->agency) &&
           (token->source.len == 0 || label_ok(token->source));
}

/* Names of hosts are compared without case (RFC 4343). */
static struct str small_letters(struct str name, char room[static SENDER_NAME_MAX])
{
    for (size_t i = 0; i < name.len; i++)
        room[i] =
            (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] | 0x20 : name.ptr[i]);
    return str_of(room, name.len);
}

int senders_add_certificate(struct senders *senders, struct str name, const struct token *grant)
{
    char room[SENDER_NAME_MAX];
    if (name.len == 0 || name.len > sizeof(room) || !token_is_good(grant))
        return -EINVAL;
    struct identity wanted = {.kind = IDENTITY_CERTIFICATE, .name = small_letters(name, room)};
    return put_grant(senders, &wanted, grant);
}

int senders_add_peer(struct senders *senders, struct str cidr, const struct token *grant)
{
    struct identity wanted = {.kind = IDENTITY_PEER};
    if (peer_net_parse(cidr, &wanted.net) < 0 || !token_is_good(grant))
        return -EINVAL;
    return put_grant(senders, &wanted, grant);
}

/* The next round of loading: what is not put during it is withdrawn at its end. */
static void begin_round(struct senders *senders, enum identity_kind kind)
{
    pthread_mutex_lock(&senders->lock);
    senders->rounds[kind]++;
    pthread_mutex_unlock(&senders->lock);
}

static void end_round(struct senders *senders, enum identity_kind kind)
{
    pthread_mutex_lock(&senders->lock);
    for (struct identity *identity = senders->first; identity; identity = identity->next)
        if (identity->kind == kind && identity->round != senders->rounds[kind])
            withdraw(identity);
    pthread_mutex_unlock(&senders->lock);
}

void senders_reload_begin(struct senders *senders)
{
    begin_round(senders, IDENTITY_CERTIFICATE);
    begin_round(senders, IDENTITY_PEER);
}

void senders_reload_end(struct senders *senders)
{
    end_round(senders, IDENTITY_CERTIFICATE);
    end_round(senders, IDENTITY_PEER);
}

struct loading {
    struct senders *senders;
    int64_t now;
};

static int load_token(void *context, const struct token *token)
{
    const struct loading *loading = context;
    struct identity wanted = {.kind = IDENTITY_TOKEN};
    if (token->revoked || (token->expires != TIME_UNSET && loading->now >= token->expires))
        return 0;
    memcpy(wanted.hash, token->hash, TOKEN_HASH);
    return put_grant(loading->senders, &wanted, token);
}

/*
 * One at a time: of two that overlap, the one that ends first would withdraw what the other has not come to yet,
 * and the one that read first could bring back what was revoked since.
 */
int senders_load_tokens(struct senders *senders, struct ledger *ledger)
{
    struct loading loading = {senders, clock_now_us()};
    pthread_mutex_lock(&senders->loading);
    begin_round(senders, IDENTITY_TOKEN);
    int status = token_list(ledger, load_token, &loading);
    if (status == 0)
        end_round(senders, IDENTITY_TOKEN);
    pthread_mutex_unlock(&senders->loading);
    return status;
}

struct grant *senders_by_token(struct senders *senders, struct str text, int64_t now)
{
    struct identity wanted = {.kind = IDENTITY_TOKEN};
    token_hash(text, wanted.hash);
    return counted(senders, valid_grant(find_identity(senders, &wanted), now));
}

struct grant *senders_by_certificate(struct senders *senders, struct str name)
{
    char room[SENDER_NAME_MAX];
    struct identity wanted = {.kind = IDENTITY_CERTIFICATE};
    if (name.len == 0 || name.len > sizeof(room))
        return counted(senders, NULL);
    wanted.name = small_letters(name, room);
    return counted(senders, valid_grant(find_identity(senders, &wanted), clock_now_us()));
}

struct grant *senders_by_peer(struct senders *senders, const struct sockaddr *address)
{
    struct identity wanted = {.kind = IDENTITY_PEER};
    struct peer_net net;
    if (peer_net_of(address, &net) < 0)
        return counted(senders, NULL);
    const _Atomic bool *has_bits = senders->has_bits[net.family == 6];
    for (unsigned bits = net.bits + 1u; bits-- > 0;) {
        if (!atomic_load_explicit(&has_bits[bits], memory_order_relaxed))
            continue;
        wanted.net = peer_net_around(net, bits);
        struct grant *grant = valid_grant(find_identity(senders, &wanted), clock_now_us());
        if (grant)
            return grant;
    }
    return counted(senders, NULL);
}

uint64_t senders_unknown(const struct senders *senders)
{
    return atomic_load(&senders->unknown);
}

/* ---- rate ---- */

#define NANO INT64_C(1000000000)
#define COST_MAX ((uint64_t)NANO * 86400)

/*
 * The generic cell rate algorithm (ITU-T I.371, annex A): the bucket is the time, in ns, at which all that
 * has passed is paid for. It may run one second ahead of now.
 */
bool grant_take(struct grant *grant, uint64_t n, int64_t ticks_us, uint32_t *ret_wait_ms)
{
    *ret_wait_ms = 0;
    if (grant->rate == 0 || n == 0)
        return true;
    uint64_t cost;
    if (__builtin_mul_overflow(n, (uint64_t)NANO, &cost) || cost / grant->rate > COST_MAX)
        cost = COST_MAX;
    else
        cost /= grant->rate;

    int64_t now = ticks_us * 1000, paid = atomic_load(&grant->bucket), until;
    int64_t ahead = cost < (uint64_t)NANO ? NANO - (int64_t)cost : 0;
    do {
        if (paid > now + ahead) {
            *ret_wait_ms = (uint32_t)((paid - now - ahead + 999999) / 1000000);
            return false;
        }
        until = (paid > now ? paid : now) + (int64_t)cost;
    } while (!atomic_compare_exchange_weak(&grant->bucket, &paid, until));
    return true;
}
