#include "parse/formats.h"

static const struct format *const FORMATS[FORMAT_COUNT] = {
    [FORMAT_EVTX] = &format_evtx,       [FORMAT_JSON] = &format_json,
    [FORMAT_XML] = &format_xml,         [FORMAT_SYSLOG] = &format_syslog,
    [FORMAT_CEF] = &format_cef,         [FORMAT_LEEF] = &format_leef,
    [FORMAT_KV] = &format_kv,           [FORMAT_CSV] = &format_csv,
    [FORMAT_ZEEK] = &format_zeek,       [FORMAT_AUDITD] = &format_auditd,
    [FORMAT_ACCESS] = &format_access,   [FORMAT_W3C] = &format_w3c,
    [FORMAT_JOURNAL] = &format_journal, [FORMAT_PLAIN] = &format_plain,
};

const struct format *format_get(enum format_id id)
{
    return (unsigned)id < FORMAT_COUNT ? FORMATS[id] : NULL;
}

const struct format *format_by_name(struct str name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (FORMATS[i] && str_eq(name, str_from_c(FORMATS[i]->name)))
            return FORMATS[i];
    return NULL;
}

/* The surest wins; among equals the one that stands first in enum format_id. */
const struct format *format_recognise(struct str head)
{
    const struct format *best = FORMATS[FORMAT_PLAIN];
    int surest = 0;
    head = str_first(head, PARSE_PROBE_SIZE);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        int sure = FORMATS[i] ? FORMATS[i]->probe(head) : 0;
        if (sure > surest) {
            best = FORMATS[i];
            surest = sure;
        }
    }
    return best;
}
