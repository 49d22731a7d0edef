/*
 * snare: Windows events as the Snare agent sends them, tab-separated:
 *
 *     MSWinEventLog 1 Security 33 Tue Jan 02 15:04:05 2024 4624 Microsoft-Windows-Security-Auditing
 *     user N/A Success Audit DC01 Logon <data> An account was successfully logged on. ... 1234
 *
 * Yields the names Windows events have elsewhere: Channel, EventID, Provider_Name, User, Keywords
 * (Snare's event log type), Computer, Task, EventData (data string), Message, and EventRecordID
 * from the counter at the end. The time is the sender's local time and taken as UTC.
 */
#include <errno.h>

#include "parse/number.h"
#include "parse/payload.h"

/* The parts behind the word MSWinEventLog, in their order; NULL is not kept. */
static const char *const PARTS[] = {
    NULL,             /* criticality */
    "Channel",  NULL, /* Snare's own counter */
    NULL,             /* time */
    "EventID",  "Provider_Name",
    "User",     NULL, /* type of the SID */
    "Keywords", "Computer",
    "Task",     "EventData",
    "Message",  "EventRecordID",
};

#define PART_TIME 3
#define PART_EVENT_ID 4
#define PART_LAST_NEEDED 9 /* Computer: with fewer parts it is something else */
#define N_PARTS (sizeof(PARTS) / sizeof(*PARTS))

int snare_add(struct parser *parser, struct str text, unsigned flags)
{
    struct str parts[N_PARTS], word = STR("MSWinEventLog\t");
    size_t start = str_find(text, word), n = 0;
    if (start == SIZE_MAX)
        return -EINVAL;
    struct str rest = str_skip(text, start + word.len);
    while (n < N_PARTS && str_cut(&rest, '\t', &parts[n]))
        n++;
    if (n <= PART_LAST_NEEDED || number_type(parts[PART_EVENT_ID]) != VALUE_INT)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!PARTS[i] || parts[i].len == 0)
            continue;
        parser_add(parser, str_from_c(PARTS[i]), parts[i], number_type(parts[i]), flags);
    }
    (void)time_parse(parts[PART_TIME], &parser->event.time); /* else the header's stays */
    return 0;
}
