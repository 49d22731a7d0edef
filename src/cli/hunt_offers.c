#include "cli/hunt_offers.h"

#include <errno.h>

#include "cli/out_style.h"

#define FEW 14 /* offers that have a line each */
#define GAP 2
#define WORD_MAX_COLUMNS 40
#define WIDTH_DEFAULT 80

/* "\ta", "\columns Dev": a command, or the table behind one. */
static int find_of_command(struct arena *arena, struct str line, const struct kql_names *names,
                           const char *(*commands)(size_t index), struct hunt_offers *offers)
{
    size_t space = str_index(line, ' ');
    struct kql_completion completion;
    if (space == line.len) {
        bool whole = true;
        for (size_t i = 0; whole && commands(i); i++) {
            const struct kql_offer offer = {KQL_OFFER_WORD, str_from_c(commands(i)), STR("")};
            if (str_starts(offer.text, line))
                whole = kql_offer_push(arena, &offers->list, offer);
        }
        return whole ? 0 : -ENOMEM;
    }
    struct str rest = str_skip(line, space + 1);
    int status = kql_complete(arena, rest, (uint32_t)rest.len, names, &completion);
    if (status < 0)
        return status;
    bool tables_only = !str_starts(line, STR("\\explain "));
    offers->from += (uint32_t)(space + 1) + completion.from;
    for (uint32_t i = 0; status == 0 && i < completion.offers.len; i++) {
        const struct kql_offer *offer = &completion.offers.items[i];
        bool wanted = !tables_only || offer->kind == KQL_OFFER_TABLE;
        if (wanted && !kql_offer_push(arena, &offers->list, *offer))
            status = -ENOMEM;
    }
    return status;
}

int hunt_offers_find(struct arena *arena, struct str text, uint32_t cursor,
                     const struct kql_names *names, const char *(*commands)(size_t index),
                     struct hunt_offers *ret_offers)
{
    struct kql_completion completion;
    *ret_offers = (struct hunt_offers){0};
    if (str_starts(text, STR("\\")))
        return find_of_command(arena, str_first(text, cursor), names, commands, ret_offers);
    int status = kql_complete(arena, text, cursor, names, &completion);
    if (status == 0)
        *ret_offers = (struct hunt_offers){completion.from, completion.offers};
    return status;
}

static size_t common_length(struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.len && n < b.len &&
           str_eq_ascii_nocase(str_of(a.ptr + n, 1), str_of(b.ptr + n, 1)))
        n++;
    while (n > 0 && n < a.len && ((unsigned char)a.ptr[n] & 0xC0) == 0x80) /* no half characters */
        n--;
    return n;
}

void hunt_offers_common(const struct hunt_offers *offers, struct str typed, struct buf *out)
{
    const struct kql_offer *first = &offers->list.items[0];
    size_t n = first->text.len;
    for (uint32_t i = 1; i < offers->list.len; i++)
        n = common_length(str_first(first->text, n), offers->list.items[i].text);
    if (offers->list.len > 1 && n <= typed.len) {
        buf_add_str(out, typed); /* in the letters that were typed */
        return;
    }
    buf_add_str(out, str_first(first->text, n));
    if (offers->list.len == 1)
        buf_add_c(out, first->kind == KQL_OFFER_FUNCTION ? "("
                       : str_ends(first->text, STR("=")) ? ""
                                                         : " ");
}

static void write_few(struct buf *out, const struct hunt_offers *offers, size_t widest,
                      size_t width, bool colour)
{
    for (uint32_t i = 0; i < offers->list.len; i++) {
        const struct kql_offer *offer = &offers->list.items[i];
        size_t used = style_exact(out, offer->text, WORD_MAX_COLUMNS, "…");
        if (offer->help.len > 0 && width > widest + GAP + 8) {
            style_spaces(out, widest - used + GAP);
            buf_add_c(out, style_dim(colour));
            style_exact(out, offer->help, width - widest - GAP, "…");
            buf_add_c(out, style_reset(colour));
        }
        buf_add_byte(out, '\n');
    }
}

void hunt_offers_write(struct buf *out, const struct hunt_offers *offers, size_t width, bool colour)
{
    size_t widest = 0;
    uint32_t n = offers->list.len < HUNT_OFFERS_SHOWN ? offers->list.len : HUNT_OFFERS_SHOWN;
    width = width ? width : WIDTH_DEFAULT;
    for (uint32_t i = 0; i < n; i++) {
        size_t columns = style_exact(NULL, offers->list.items[i].text, 0, "");
        widest = columns > widest ? columns : widest;
    }
    widest = widest < WORD_MAX_COLUMNS ? widest : WORD_MAX_COLUMNS;
    if (n <= FEW) {
        write_few(out, offers, widest, width, colour);
        return;
    }
    uint32_t across = (uint32_t)(width / (widest + GAP));
    across = across ? across : 1;
    uint32_t down = (n + across - 1) / across;
    for (uint32_t row = 0; row < down; row++) {
        for (uint32_t i = row; i < n; i += down) {
            size_t used = style_exact(out, offers->list.items[i].text, WORD_MAX_COLUMNS, "…");
            style_spaces(out, i + down < n ? widest + GAP - used : 0);
        }
        buf_add_byte(out, '\n');
    }
    if (n < offers->list.len)
        buf_printf(out, "%s… and %u more%s\n", style_dim(colour), offers->list.len - n,
                   style_reset(colour));
}
