/*
 * look: everything an intel says about one value, by what the value is: an address is also in networks, a name has
 * parents, a URL has a host. What is found goes to a callback; allow-listed values are not given.
 *
 * Looking only asks: questions of many values wait for memory together, and are answered by look_finish(), or
 * earlier where there is no more room for them.
 */
#ifndef JAGA_INTEL_LOOK_H
#define JAGA_INTEL_LOOK_H

#include "intel/canonical.h"
#include "intel/image.h"

#define LOOK_QUESTIONS_MAX 64
#define LOOK_TEXT_MAX (8 * INDICATOR_VALUE_MAX)

struct look_question {
    struct image_probe probe;
    enum indicator_type type;
    uint32_t origin;
    uint32_t network; /* of an address: the narrowest around it, or IMAGE_NO_PARENT */
    struct str value; /* of a text canonical, else as it was written */
    struct str whole; /* of a name: that whose parent it is, or itself */
};

struct look {
    const struct intel *intel;
    struct arena *arena; /* values that are found */
    uint32_t present;    /* bits 1 << enum indicator_type: what there are indicators of */
    uint32_t origin;     /* of what is looked at: found() is told */

    /* `value`: the indicator's, in the arena. */
    void (*found)(struct look *look, uint32_t origin, enum indicator_type type, struct str value,
                  uint32_t meta);

    size_t n_questions, text_len;
    struct look_question questions[LOOK_QUESTIONS_MAX];
    char text[LOOK_TEXT_MAX]; /* canonical values of the questions */
};

#define LOOK_BIT(type) (UINT32_C(1) << (type))
#define LOOK_ADDRESS                                                                               \
    (LOOK_BIT(INDICATOR_IPV4) | LOOK_BIT(INDICATOR_IPV6) | LOOK_BIT(INDICATOR_CIDR4) |             \
     LOOK_BIT(INDICATOR_CIDR6))
#define LOOK_NAME (LOOK_ADDRESS | LOOK_BIT(INDICATOR_DOMAIN) | LOOK_BIT(INDICATOR_HOST))
#define LOOK_URL (LOOK_NAME | LOOK_BIT(INDICATOR_URL))
#define LOOK_DIGEST                                                                                \
    (LOOK_BIT(INDICATOR_MD5) | LOOK_BIT(INDICATOR_SHA1) | LOOK_BIT(INDICATOR_SHA256))
#define LOOK_EMAIL (LOOK_NAME | LOOK_BIT(INDICATOR_EMAIL))
#define LOOK_PATH (LOOK_BIT(INDICATOR_FILE_NAME) | LOOK_BIT(INDICATOR_FILE_PATH))

/* Ready for use, without reading more of it than it has to: a look is large. */
void look_init(struct look *look, const struct intel *intel, struct arena *arena);

/* Answers what was asked. */
void look_finish(struct look *look);

/* Each takes a value as events write it, which lives until look_finish(); what is no such value finds nothing. */
void look_address(struct look *look, struct str text); /* also with a port; lists with commas */
void look_name(struct look *look, struct str text);    /* a name or an address */
void look_url(struct look *look, struct str text);
void look_urls_within(struct look *look, struct str text); /* every "scheme://..." in a text */
void look_answers(struct look *look, struct str text);     /* of DNS: "type: 5 a.b;::1;" */
void look_digest(struct look *look, struct str text);      /* also "0x..." and "aa:bb:..." */
void look_digests(struct look *look, struct str text);     /* "SHA256=...,MD5=...,IMPHASH=..." */
void look_email(struct look *look, struct str text);       /* one or several, with names */
void look_path(struct look *look, struct str text);
void look_as(struct look *look, enum indicator_type type, struct str text); /* as that type only */

/* As a field of that type is looked at (match.c); a text lives until look_finish(). */
void look_field(struct look *look, enum field_type type, struct str text);

#endif
