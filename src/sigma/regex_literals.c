/* Which strings must stand in a text for a regular expression to match it. */
#include "base/buf.h"
#include "base/utf8.h"
#include "sigma/regex.h"
#include "sigma/text.h"

#define GROUPS_DEPTH_MAX 16
#define ALTERNATIVES_MAX 64

/* Strings of which one must be there; len 0: nothing is known. */
struct needs {
    struct str items[ALTERNATIVES_MAX];
    uint32_t len;
    size_t shortest;
};

struct scanner {
    const char *at, *end;
    struct arena *arena;
    size_t min;
    bool failed; /* a construction we don't follow: nothing is known of the whole */
};

static void scan_alternatives(struct scanner *scanner, unsigned depth, struct needs *ret_needs);

static void needs_improve(struct needs *best, const struct needs *other)
{
    if (other->len == 0)
        return;
    bool longer = other->shortest > best->shortest;
    if (best->len == 0 || longer || (other->shortest == best->shortest && other->len < best->len))
        *best = *other;
}

/* A run of literal characters has ended: is it the best we know of this sequence? */
static void end_run(struct scanner *scanner, struct buf *run, struct needs *best)
{
    if (run->len >= scanner->min && run->len > best->shortest && !run->failed) {
        struct str copy = arena_copy(scanner->arena, buf_str(run));
        if (copy.ptr)
            *best = (struct needs){.items = {copy}, .len = 1, .shortest = copy.len};
    }
    buf_clear(run);
}

static void drop_last_character(struct buf *run)
{
    while (run->len > 0 && ((unsigned char)run->ptr[run->len - 1] & 0xc0) == 0x80)
        run->len--;
    if (run->len > 0)
        run->len--;
}

/* [...], from behind its '[' to behind its ']'. */
static void skip_class(struct scanner *scanner)
{
    const char *s = scanner->at;
    if (s < scanner->end && *s == '^')
        s++;
    if (s < scanner->end && *s == ']')
        s++;
    for (; s < scanner->end && *s != ']'; s++) {
        if (*s == '\\' && s + 1 < scanner->end)
            s++;
        else if (*s == '[' && s + 1 < scanner->end && (s[1] == ':' || s[1] == '.' || s[1] == '='))
            break; /* a POSIX class; rare enough not to follow */
    }
    if (s >= scanner->end || *s != ']')
        scanner->failed = true;
    else
        scanner->at = s + 1;
}

enum quantifier { QUANTIFIER_NONE, QUANTIFIER_SOME, QUANTIFIER_MAYBE };

/* What follows an atom; `{` counts as "maybe none", whatever it says. */
static enum quantifier scan_quantifier(struct scanner *scanner)
{
    if (scanner->at >= scanner->end)
        return QUANTIFIER_NONE;
    char c = *scanner->at;
    if (c == '{') {
        const char *close = memchr(scanner->at, '}', (size_t)(scanner->end - scanner->at));
        scanner->failed |= !close;
        scanner->at = close ? close + 1 : scanner->end;
    } else if (c == '*' || c == '?' || c == '+') {
        scanner->at++;
    } else {
        return QUANTIFIER_NONE;
    }
    if (scanner->at < scanner->end && (*scanner->at == '?' || *scanner->at == '+'))
        scanner->at++; /* lazy, possessive */
    return c == '+' ? QUANTIFIER_SOME : QUANTIFIER_MAYBE;
}

/* An escape, from behind its '\\'. True: it stands for the character itself, still to be read. */
static bool scan_escape(struct scanner *scanner)
{
    static const char ATOMS[] = "dDwWsSbBAzZhHvVRXnrtfea";
    if (scanner->at >= scanner->end) {
        scanner->failed = true;
        return false;
    }
    unsigned char c = (unsigned char)*scanner->at;
    bool word = (unsigned)((c | 0x20) - 'a') < 26u || (unsigned)(c - '0') < 10u;
    if (!word && c < 0x80)
        return true;
    scanner->failed |= c == '\0' || !strchr(ATOMS, c);
    scanner->at++;
    return false;
}

/* "(?:" and inline flags other than x are followed; everything else behind "(?" is not. */
static bool scan_group_start(struct scanner *scanner, bool *ret_flags_only)
{
    const char *s = scanner->at;
    *ret_flags_only = false;
    if (s < scanner->end && *s == '*') {
        scanner->failed = true;
        return false;
    }
    if (s >= scanner->end || *s != '?')
        return true;
    for (s++; s < scanner->end && (*s == 'i' || *s == 'm' || *s == 's' || *s == '-'); s++)
        ;
    if (s >= scanner->end || (*s != ':' && *s != ')')) {
        scanner->failed = true;
        return false;
    }
    *ret_flags_only = *s == ')';
    scanner->at = s + 1;
    return true;
}

static void scan_group(struct scanner *scanner, unsigned depth, struct needs *best)
{
    bool flags_only;
    if (!scan_group_start(scanner, &flags_only) || flags_only)
        return;
    struct needs inner = {0};
    scan_alternatives(scanner, depth + 1, &inner);
    if (scanner->at >= scanner->end) {
        scanner->failed = true;
        return;
    }
    scanner->at++; /* the ')' */
    if (scan_quantifier(scanner) != QUANTIFIER_MAYBE)
        needs_improve(best, &inner);
}

/* One character that stands for itself, and its quantifier. */
static void scan_character(struct scanner *scanner, struct buf *run, struct needs *best)
{
    uint32_t code_point;
    size_t len =
        utf8_decode(str_of(scanner->at, (size_t)(scanner->end - scanner->at)), &code_point);
    buf_add(run, scanner->at, len);
    scanner->at += len;
    enum quantifier quantifier = scan_quantifier(scanner);
    if (quantifier == QUANTIFIER_MAYBE)
        drop_last_character(run);
    if (quantifier != QUANTIFIER_NONE)
        end_run(scanner, run, best);
}

/* Up to '|', ')' or the end. */
static void scan_sequence(struct scanner *scanner, unsigned depth, struct needs *best)
{
    struct buf run = {0};
    *best = (struct needs){0};
    while (scanner->at < scanner->end && !scanner->failed) {
        char c = *scanner->at;
        if (c == '|' || c == ')')
            break;
        bool literal = !strchr("\\[(.^$*+?{", c) || c == '\0';
        if (!literal) {
            scanner->at++;
            literal = c == '\\' && scan_escape(scanner);
        }
        if (literal) {
            scan_character(scanner, &run, best);
            continue;
        }
        end_run(scanner, &run, best);
        if (c == '*' || c == '+' || c == '?' || c == '{')
            scanner->failed = true;
        else if (c == '[')
            skip_class(scanner);
        if (c == '(')
            scan_group(scanner, depth, best);
        else if (!scanner->failed)
            scan_quantifier(scanner);
    }
    end_run(scanner, &run, best);
    buf_free(&run);
}

static void scan_alternatives(struct scanner *scanner, unsigned depth, struct needs *ret_needs)
{
    bool known = true;
    *ret_needs = (struct needs){.shortest = SIZE_MAX};
    if (depth > GROUPS_DEPTH_MAX)
        scanner->failed = true;
    while (!scanner->failed) {
        struct needs sequence;
        scan_sequence(scanner, depth, &sequence);
        known &= sequence.len > 0 && ret_needs->len + sequence.len <= ALTERNATIVES_MAX;
        for (uint32_t i = 0; known && i < sequence.len; i++)
            ret_needs->items[ret_needs->len++] = sequence.items[i];
        if (sequence.shortest < ret_needs->shortest)
            ret_needs->shortest = sequence.shortest;
        if (scanner->at >= scanner->end || *scanner->at != '|')
            break;
        scanner->at++;
    }
    if (!known || scanner->failed)
        *ret_needs = (struct needs){0};
}

uint32_t regex_literals(struct str pattern, size_t min, struct arena *arena, struct str *ret_texts,
                        uint32_t max)
{
    struct scanner scanner = {
        .at = pattern.ptr, .end = pattern.ptr + pattern.len, .arena = arena, .min = min};
    struct needs needs;
    bool ascii;
    if (pattern.len == 0 || utf8_valid(pattern) < pattern.len)
        return 0;
    scan_alternatives(&scanner, 0, &needs);
    if (scanner.failed || scanner.at < scanner.end || needs.len > max)
        return 0;
    for (uint32_t i = 0; i < needs.len; i++) {
        ret_texts[i] = text_fold(needs.items[i], arena, &ascii);
        if (!ret_texts[i].ptr || ret_texts[i].len < min)
            return 0; /* U+212A, three bytes, folds to one */
    }
    return needs.len;
}
