#include "intel/feed_take.h"

#include "base/utf8.h"

const struct feed_format *const feed_formats[] = {
    &feed_stix, &feed_warninglist, &feed_misp, &feed_misp_manifest, &feed_csv, &feed_list, NULL,
};

const char *const feed_refusal_texts[FEED_REFUSALS] = {
    [FEED_NO_VALUE] = "not a value of its type",
    [FEED_NO_TYPE] = "of a type that is not looked for in events",
    [FEED_TOO_LONG] = "too long",
    [FEED_LANGUAGE] = "patterns in another language than STIX's",
    [FEED_PATTERN] = "patterns that cannot be read",
    [FEED_CONJUNCTION] = "patterns that need several facts at once",
    [FEED_OPERATOR] = "comparisons other than equality",
    [FEED_QUALIFIER] = "patterns that count, or want an order or a time",
    [FEED_REVOKED] = "revoked or deleted",
    [FEED_NOT_TO_DETECT] = "not meant for detection (to_ids)",
    [FEED_CONTEXT] = "observables beside indicators",
    [FEED_BAD_ALLOW] = "lines of an allow-list that cannot be read",
    [FEED_CONFIDENCE] = "confidences that are no number from 0 to 100",
};

const struct feed_format *feed_recognise(struct str bytes)
{
    size_t i = 0;
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_skip(bytes, 3);
    while (feed_formats[i + 1] && !feed_formats[i]->probe(bytes))
        i++;
    return feed_formats[i];
}

void feed_refuse(struct feed_reader *reader, enum feed_refusal refusal, struct str text)
{
    struct feed_report *report = reader->report;
    if (report->refused[refusal]++ > 0)
        return;
    size_t len = text.len < FEED_EXAMPLE_MAX ? text.len : FEED_EXAMPLE_MAX;
    if (len)
        memcpy(report->examples[refusal].text, text.ptr, len);
    report->examples[refusal].len = (uint32_t)len;
    report->examples[refusal].line = reader->line;
}

static bool is_address(enum indicator_type type)
{
    return type == INDICATOR_IPV4 || type == INDICATOR_IPV6 || type == INDICATOR_CIDR4 ||
           type == INDICATOR_CIDR6;
}

/* Types in which people write [.] and hxxp. */
static bool is_defanged(enum indicator_type type)
{
    return is_address(type) || type == INDICATOR_NONE || type == INDICATOR_DOMAIN ||
           type == INDICATOR_HOST || type == INDICATOR_URL || type == INDICATOR_EMAIL;
}

int feed_allow(struct feed_reader *reader, const struct intel_allow *allow)
{
    int status = reader->sink->allow(reader->sink->context, allow);
    if (status == -EINVAL) {
        feed_refuse(reader, FEED_BAD_ALLOW, allow->value);
        return 0;
    }
    reader->report->allowed += status == 0;
    return status;
}

/* One value of an allow-list without kinds: a network is one, a name stands for itself. */
static int allow_value(struct feed_reader *reader, enum indicator_type type, struct str value)
{
    struct intel_allow allow = {.types = UINT32_C(1) << type, .value = value};
    if (type == INDICATOR_CIDR4 || type == INDICATOR_CIDR6)
        allow.kind = ALLOW_NETWORK;
    else if (type == INDICATOR_DOMAIN)
        allow.kind = ALLOW_HOST_NAME;
    if (type == INDICATOR_DOMAIN)
        allow.types |= UINT32_C(1) << INDICATOR_HOST | UINT32_C(1) << INDICATOR_URL;
    return feed_allow(reader, &allow);
}

static void fill(const struct feed_reader *reader, const struct feed_said *said,
                 struct indicator *indicator)
{
    const struct feed_options *options = reader->options;
    indicator->source = said->source.len ? said->source : options->source;
    indicator->id = said->id;
    indicator->label = str_trim(said->label);
    indicator->confidence =
        said->confidence == INDICATOR_CONFIDENCE_UNSET ? options->confidence : said->confidence;
    indicator->tlp = said->tlp == TLP_NONE ? options->tlp : said->tlp;
    indicator->from = said->from == TIME_UNSET ? options->from : said->from;
    indicator->until = said->until == TIME_UNSET ? options->until : said->until;
    int64_t seen = said->seen == TIME_UNSET ? said->from : said->seen;
    if (indicator->until == TIME_UNSET && options->lifetime && seen != TIME_UNSET &&
        seen < INT64_MAX - options->lifetime)
        indicator->until = seen + options->lifetime;
}

int feed_take(struct feed_reader *reader, enum indicator_type type, struct str text,
              const struct feed_said *said)
{
    char plain[INDICATOR_VALUE_MAX], bytes[INDICATOR_VALUE_MAX];
    struct indicator indicator = {0};
    struct str whole = text;
    if (type == INDICATOR_NONE)
        type = reader->options->type;
    if (text.len > INDICATOR_VALUE_MAX ||
        (is_defanged(type) && !indicator_refang(text, plain, &text))) {
        feed_refuse(reader, FEED_TOO_LONG, whole);
        return 0;
    }
    if (type == INDICATOR_NONE)
        type = indicator_guess(text);
    else if (is_address(type))
        type = indicator_guess_address(text);
    if (!indicator_canonical(type, text, bytes, &indicator.value) ||
        utf8_valid(indicator.value) < indicator.value.len) {
        feed_refuse(reader, FEED_NO_VALUE, whole);
        return 0;
    }
    if (reader->options->allow)
        return allow_value(reader, type, indicator.value);
    indicator.type = type;
    fill(reader, said, &indicator);
    int status = reader->sink->indicator(reader->sink->context, &indicator);
    reader->report->taken += status == 0;
    return status;
}

/* ---- what others call types ---- */

static const struct {
    const char *name;
    struct feed_type type;
} TYPE_NAMES[] = {
    /* MISP's types of attributes (misp-objects and core format, "types") */
    {"ip-src", {.type = INDICATOR_IPV4}},
    {"ip-dst", {.type = INDICATOR_IPV4}},
    {"ip-src|port", {.type = INDICATOR_IPV4, .composite = true}},
    {"ip-dst|port", {.type = INDICATOR_IPV4, .composite = true}},
    {"domain", {.type = INDICATOR_DOMAIN}},
    {"domain|ip", {INDICATOR_DOMAIN, INDICATOR_IPV4, true}},
    {"hostname", {.type = INDICATOR_HOST}},
    {"hostname|port", {.type = INDICATOR_HOST, .composite = true}},
    {"url", {.type = INDICATOR_URL}},
    {"uri", {.type = INDICATOR_URL}},
    {"link", {.type = INDICATOR_URL}},
    {"md5", {.type = INDICATOR_MD5}},
    {"sha1", {.type = INDICATOR_SHA1}},
    {"sha256", {.type = INDICATOR_SHA256}},
    {"filename", {.type = INDICATOR_FILE_NAME}},
    {"filename|md5", {INDICATOR_NONE, INDICATOR_MD5, true}},
    {"filename|sha1", {INDICATOR_NONE, INDICATOR_SHA1, true}},
    {"filename|sha256", {INDICATOR_NONE, INDICATOR_SHA256, true}},
    {"malware-sample", {INDICATOR_NONE, INDICATOR_MD5, true}},
    {"email", {.type = INDICATOR_EMAIL}},
    {"email-src", {.type = INDICATOR_EMAIL}},
    {"email-dst", {.type = INDICATOR_EMAIL}},
    {"email-reply-to", {.type = INDICATOR_EMAIL}},
    {"user-agent", {.type = INDICATOR_USER_AGENT}},
    {"http-user-agent", {.type = INDICATOR_USER_AGENT}},
    {"ja3-fingerprint-md5", {.type = INDICATOR_JA3}},
    {"ja4-plus", {.type = INDICATOR_JA4}},
    {"x509-fingerprint-md5", {.type = INDICATOR_MD5}},
    {"x509-fingerprint-sha1", {.type = INDICATOR_SHA1}},
    {"x509-fingerprint-sha256", {.type = INDICATOR_SHA256}},
    /* STIX's observables */
    {"ipv4-addr", {.type = INDICATOR_IPV4}},
    {"ipv6-addr", {.type = INDICATOR_IPV6}},
    {"domain-name", {.type = INDICATOR_DOMAIN}},
    {"email-addr", {.type = INDICATOR_EMAIL}},
    /* What else stands in CSV feeds */
    {"ip", {.type = INDICATOR_IPV4}},
    {"ipaddress", {.type = INDICATOR_IPV4}},
    {"cidr", {.type = INDICATOR_CIDR4}},
    {"ip:port", {.type = INDICATOR_IPV4}},
    {"fqdn", {.type = INDICATOR_HOST}},
    {"filepath", {.type = INDICATOR_FILE_PATH}},
    {"path", {.type = INDICATOR_FILE_PATH}},
    {"md5_hash", {.type = INDICATOR_MD5}},
    {"sha1_hash", {.type = INDICATOR_SHA1}},
    {"sha256_hash", {.type = INDICATOR_SHA256}},
    {"filehash-md5", {.type = INDICATOR_MD5}},
    {"filehash-sha1", {.type = INDICATOR_SHA1}},
    {"filehash-sha256", {.type = INDICATOR_SHA256}},
    {"ja3_fingerprint", {.type = INDICATOR_JA3}},
    {"useragent", {.type = INDICATOR_USER_AGENT}},
};

bool feed_type_by_name(struct str name, struct feed_type *ret_type)
{
    for (size_t i = 0; i < sizeof(TYPE_NAMES) / sizeof(TYPE_NAMES[0]); i++)
        if (str_eq_ascii_nocase(name, str_from_c(TYPE_NAMES[i].name))) {
            *ret_type = TYPE_NAMES[i].type;
            return true;
        }
    enum indicator_type type = indicator_type_by_name(name);
    if (type != INDICATOR_NONE)
        *ret_type = (struct feed_type){.type = type};
    return type != INDICATOR_NONE;
}

int feed_take_typed(struct feed_reader *reader, const struct feed_type *type, struct str text,
                    const struct feed_said *said)
{
    if (!type->composite)
        return feed_take(reader, type->type, text, said);
    size_t bar = str_index(text, '|');
    int status = 0;
    if (type->type != INDICATOR_NONE)
        status = feed_take(reader, type->type, str_first(text, bar), said);
    if (status == 0 && type->second != INDICATOR_NONE)
        status = feed_take(reader, type->second, str_skip(text, bar + 1), said);
    return status;
}
