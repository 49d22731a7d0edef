/*
 * cisco: the body of Cisco's messages, "%FACILITY-SEVERITY-MNEMONIC: text" (IOS, NX-OS, ASA; a
 * facility may have parts: %SEC-LOGIN-5-...). Yields cisco.facility, cisco.severity (a digit, 0 to
 * 7) and cisco.mnemonic (for an ASA its message number), and the text's key=value pairs, if any.
 */
#include <errno.h>

#include "parse/pairs.h"
#include "parse/payload.h"

#define CISCO_REACH 128 /* bytes of a message in which the '%' must be */

static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return s.len > 0;
}

/* "SEC-LOGIN-5-LOGIN_SUCCESS": facility, severity, mnemonic. */
static bool split(struct str code, struct str ret_parts[static 3])
{
    for (size_t i = 1; i + 3 < code.len; i++) {
        if (code.ptr[i] != '-' || code.ptr[i + 2] != '-' || code.ptr[i + 1] < '0' ||
            code.ptr[i + 1] > '7')
            continue;
        ret_parts[0] = str_first(code, i);
        ret_parts[1] = str_of(code.ptr + i + 1, 1);
        ret_parts[2] = str_skip(code, i + 3);
        return is_word(code);
    }
    return false;
}

int cisco_add(struct parser *parser, struct str text, unsigned flags)
{
    struct str parts[3], start = str_first(text, CISCO_REACH);
    for (size_t at = str_index(start, '%'); at < start.len;
         at += 1 + str_index(str_skip(start, at + 1), '%')) {
        struct str code = str_skip(text, at + 1);
        size_t end = str_index(code, ':');
        if (end > CISCO_REACH || end == code.len || !split(str_first(code, end), parts))
            continue;
        parser_add(parser, STR("cisco.facility"), parts[0], VALUE_STRING, flags);
        parser_add(parser, STR("cisco.severity"), parts[1], VALUE_INT, 0);
        parser_add(parser, STR("cisco.mnemonic"), parts[2], VALUE_STRING, flags);
        (void)pairs_add(parser, str_skip(code, end + 1), flags); /* few have any */
        return 0;
    }
    return -EINVAL;
}
