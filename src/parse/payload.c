#include "parse/payload.h"

#include "parse/pairs.h"

#define PAIRS_MIN 2 /* key=value pairs that make free text worth taking apart */

struct payload {
    bool (*fits)(struct str message);
    int (*add)(struct parser *parser, struct str message, unsigned flags);
};

/* An object, also behind the cookie of CEE (lumberjack). */
static struct str object_of(struct str message)
{
    if (str_starts(message, STR("@cee:")))
        message = str_trim(str_skip(message, 5));
    return message;
}

static bool is_object(struct str message)
{
    message = object_of(message);
    return message.len > 1 && message.ptr[0] == '{' && message.ptr[message.len - 1] == '}';
}

static int object_add(struct parser *parser, struct str message, unsigned flags)
{
    (void)flags;
    return json_add_object(parser, STR(""), object_of(message));
}

static bool is_xml_event(struct str message)
{
    return str_starts(message, STR("<Event"));
}

static int xml_add(struct parser *parser, struct str message, unsigned flags)
{
    (void)flags;
    return xml_add_event(parser, message);
}

static bool is_cef(struct str message)
{
    return str_starts(message, STR("CEF:"));
}

static bool is_leef(struct str message)
{
    return str_starts(message, STR("LEEF:"));
}

/*
 * "type=SYSCALL msg=audit(", as audisp writes; "[1.5] audit: type=1400 audit(", as the kernel does.
 */
static bool is_audit(struct str message)
{
    if (message.len && message.ptr[0] == '[')
        message = str_trim(str_skip(message, str_index(message, ']') + 1));
    return str_starts(message, STR("type=")) || str_starts(message, STR("node=")) ||
           str_starts(message, STR("audit: type=")) || str_starts(message, STR("audit("));
}

/* Behind the name of its host, in Snare's own files. */
static bool is_snare(struct str message)
{
    struct str word = STR("MSWinEventLog\t");
    return str_starts(message, word) ||
           str_starts(str_skip(message, str_index(str_first(message, 128), '\t') + 1), word);
}

static bool is_cisco(struct str message)
{
    return str_index(str_first(message, 96), '%') < message.len;
}

static bool is_pairs(struct str message)
{
    return pairs_count(message, PAIRS_MIN) == PAIRS_MIN;
}

/* The first whose shape it is takes the message. */
static const struct payload PAYLOADS[] = {
    {is_object, object_add}, {is_xml_event, xml_add}, {is_cef, cef_add},     {is_leef, leef_add},
    {is_audit, auditd_add},  {is_snare, snare_add},   {is_cisco, cisco_add}, {is_pairs, pairs_add},
};

void payload_add(struct parser *parser, struct str message, unsigned flags)
{
    for (size_t i = 0; i < sizeof(PAYLOADS) / sizeof(*PAYLOADS); i++)
        if (PAYLOADS[i].fits(message) && PAYLOADS[i].add(parser, message, flags) == 0)
            return;
}
