#include "api/syslog_frame.h"

#include "base/time.h"

#define HEAD_MAX (SYSLOG_COUNT_DIGITS + 2) /* bytes that tell how a message is framed */
#define SEARCH_STEP 512 /* bytes searched for a trailer at a time: there are two to look for */
#define TIME_3164_LEN 15

enum framing { FRAMING_MORE, FRAMING_COUNT, FRAMING_LINE };

/* How is the message framed that starts with `head`? A count gives its value and the bytes it takes. */
static enum framing look(struct str head, bool lines, uint64_t *ret_count, size_t *ret_len)
{
    uint64_t count = 0;
    size_t i = 0;
    while (i < head.len && i < SYSLOG_COUNT_DIGITS && head.ptr[i] >= '0' && head.ptr[i] <= '9')
        count = count * 10 + (uint64_t)(head.ptr[i++] - '0');
    if (i == head.len)
        return FRAMING_MORE;
    if (i == 0 || head.ptr[0] == '0' || head.ptr[i] != ' ')
        return FRAMING_LINE;
    if (i + 1 == head.len)
        return FRAMING_MORE;
    if (lines && head.ptr[i + 1] != '<')
        return FRAMING_LINE;
    *ret_count = count;
    *ret_len = i + 1;
    return FRAMING_COUNT;
}

static bool is_trailer(char c)
{
    return c == '\n' || c == '\0';
}

/* Index of the first LF or NUL, or s.len. */
static size_t find_trailer(struct str s)
{
    for (size_t at = 0; at < s.len; at += SEARCH_STEP) {
        struct str part = str_first(str_skip(s, at), SEARCH_STEP);
        size_t line = str_index(part, '\n');
        size_t zero = str_index(str_first(part, line), '\0');
        if (zero < part.len)
            return at + zero;
    }
    return s.len;
}

static struct str take(struct str *rest, uint64_t n)
{
    struct str taken = str_first(*rest, n < rest->len ? (size_t)n : rest->len);
    *rest = str_skip(*rest, taken.len);
    return taken;
}

/* The message ends here: without the line end that some put behind it all the same. */
static enum syslog_framed finish(struct syslog_frame *frame, struct str message,
                                 struct str *ret_message)
{
    frame->begun = frame->counted = frame->skipping = false;
    frame->want = 0;
    while (message.len &&
           (is_trailer(message.ptr[message.len - 1]) || message.ptr[message.len - 1] == '\r'))
        message.len--;
    *ret_message = message;
    return SYSLOG_MESSAGE;
}

/*
 * Finds out how the next message is framed. False: more bytes are needed; those there are, few, are kept.
 */
static bool begin(struct syslog_frame *frame, struct str *rest)
{
    char head[HEAD_MAX];
    uint64_t count = 0;
    size_t head_len = 0, kept = frame->partial.len;
    while (kept == 0 && rest->len && (is_trailer(rest->ptr[0]) || rest->ptr[0] == '\r'))
        *rest = str_skip(*rest, 1);
    struct str more = str_first(*rest, HEAD_MAX - kept);
    if (kept)
        memcpy(head, frame->partial.ptr, kept);
    if (more.len)
        memcpy(head + kept, more.ptr, more.len);
    switch (look(str_of(head, kept + more.len), frame->lines, &count, &head_len)) {
    case FRAMING_MORE:
        buf_add_str(&frame->partial, take(rest, more.len));
        frame->failed |= frame->partial.failed;
        return false;
    case FRAMING_COUNT:
        buf_clear(&frame->partial); /* all of it belongs to the count */
        take(rest, head_len - kept);
        frame->counted = true;
        frame->want = count;
        break;
    case FRAMING_LINE:
        frame->lines = true;
        break;
    }
    frame->begun = true;
    return true;
}

/* Passes over the rest of a message that was too long. False: it goes on. */
static bool skip(struct syslog_frame *frame, struct str *rest)
{
    struct str none;
    if (frame->counted) {
        frame->want -= take(rest, frame->want).len;
        if (frame->want)
            return false;
    } else {
        size_t end = find_trailer(*rest);
        bool ended = end < rest->len;
        take(rest, end + 1);
        if (!ended)
            return false;
    }
    finish(frame, (struct str){0}, &none);
    return true;
}

/* What a message holds past the limit is not kept; its beginning tells which it was. */
static enum syslog_framed give_up(struct syslog_frame *frame, struct str head,
                                  struct str *ret_message)
{
    frame->skipping = true;
    *ret_message = head;
    return SYSLOG_TOO_LONG;
}

static enum syslog_framed next_counted(struct syslog_frame *frame, struct str *rest, size_t max,
                                       struct str *ret_message)
{
    if (frame->partial.len + frame->want > max) {
        struct str here = str_first(*rest, (size_t)(frame->want < max ? frame->want : max));
        return give_up(frame, frame->partial.len ? buf_str(&frame->partial) : here, ret_message);
    }
    if (frame->partial.len == 0 && rest->len >= frame->want)
        return finish(frame, take(rest, frame->want), ret_message);
    struct str more = take(rest, frame->want);
    buf_add_str(&frame->partial, more);
    frame->want -= more.len;
    return frame->want ? SYSLOG_MORE : finish(frame, buf_str(&frame->partial), ret_message);
}

static enum syslog_framed next_line(struct syslog_frame *frame, struct str *rest, size_t max,
                                    struct str *ret_message)
{
    size_t end = find_trailer(*rest);
    bool ended = end < rest->len;
    if (frame->partial.len + end > max) {
        struct str head = frame->partial.len ? buf_str(&frame->partial) : str_first(*rest, max);
        return give_up(frame, head, ret_message);
    }
    if (ended && frame->partial.len == 0)
        return finish(frame, take(rest, end + 1), ret_message);
    buf_add_str(&frame->partial, take(rest, ended ? end + 1 : end));
    return ended ? finish(frame, buf_str(&frame->partial), ret_message) : SYSLOG_MORE;
}

enum syslog_framed syslog_frame_next(struct syslog_frame *frame, struct str *rest, size_t max,
                                     struct str *ret_message)
{
    enum syslog_framed framed = SYSLOG_MORE;
    if (frame->skipping) {
        buf_free(&frame->partial);
        if (!skip(frame, rest))
            return SYSLOG_MORE;
    } else if (!frame->begun && frame->partial.len && frame->ended) {
        buf_free(&frame->partial);
    }
    frame->ended = false;
    if (!frame->begun && !begin(frame, rest))
        return SYSLOG_MORE;
    framed = frame->counted ? next_counted(frame, rest, max, ret_message)
                            : next_line(frame, rest, max, ret_message);
    frame->failed |= frame->partial.failed;
    frame->ended = framed == SYSLOG_MESSAGE;
    return framed;
}

struct str syslog_frame_end(const struct syslog_frame *frame)
{
    bool open = !frame->ended && !frame->skipping;
    return open ? buf_str(&frame->partial) : (struct str){0};
}

enum syslog_framed syslog_frame_drop(struct syslog_frame *frame, struct str *ret_message)
{
    return give_up(frame, buf_str(&frame->partial), ret_message);
}

void syslog_frame_free(struct syslog_frame *frame)
{
    buf_free(&frame->partial);
}

/* ---- who wrote it ---- */

static struct str take_word(struct str *rest)
{
    struct str word = str_first(*rest, str_index(*rest, ' '));
    *rest = str_skip(*rest, word.len + 1);
    return word;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "2026-11-21T10:00:00..." */
static bool is_iso_time(struct str word)
{
    return word.len >= 19 && is_digit(word.ptr[0]) && word.ptr[4] == '-' && word.ptr[7] == '-' &&
           word.ptr[10] == 'T' && word.ptr[13] == ':';
}

/* A name, or is it the tag of a message without one ("su:", "su[42]:")? */
static bool is_hostname(struct str word)
{
    if (word.len == 0 || str_eq(word, STR("-")))
        return false;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.ptr[i];
        bool last = i + 1 == word.len;
        if (c <= ' ' || c > '~' || c == '[' || c == '<' || (c == ':' && last))
            return false;
    }
    return true;
}

struct str syslog_hostname(struct str message)
{
    struct str rest = message, word;
    int64_t time;
    if (rest.len && rest.ptr[0] == '<') {
        size_t end = str_index(str_first(rest, 5), '>');
        if (end == 5 || end == rest.len)
            return STR("");
        rest = str_skip(rest, end + 1);
    }
    if (time_parse_rfc3164(str_first(rest, TIME_3164_LEN), 0, &time) == TIME_3164_LEN &&
        rest.len > TIME_3164_LEN && rest.ptr[TIME_3164_LEN] == ' ') {
        rest = str_skip(rest, TIME_3164_LEN + 1);
    } else {
        word = take_word(&rest);
        if (word.len >= 1 && word.len <= 3 && is_digit(word.ptr[0])) /* RFC 5424's VERSION */
            word = take_word(&rest);
        if (!is_iso_time(word) && !str_eq(word, STR("-")))
            return STR("");
    }
    word = take_word(&rest);
    return is_hostname(word) ? word : STR("");
}
