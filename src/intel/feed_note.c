#include "intel/feed_test.h"

static void note_time(struct buf *out, const char *key, int64_t time)
{
    char text[TIME_TEXT_MAX];
    if (time == TIME_UNSET)
        return;
    buf_add_c(out, key);
    buf_add_str(out, str_of(text, time_format(time, text)));
}

static void note_text(struct buf *out, const char *key, struct str text)
{
    if (text.len == 0)
        return;
    buf_add_c(out, key);
    buf_add_str(out, text);
}

static int note_indicator(void *context, const struct indicator *indicator)
{
    struct buf *out = &((struct feed_notes *)context)->text;
    buf_add_c(out, indicator_type_names[indicator->type]);
    buf_add_byte(out, ' ');
    buf_add_str(out, indicator->value);
    if (indicator->confidence != INDICATOR_CONFIDENCE_UNSET)
        buf_printf(out, " conf=%u", indicator->confidence);
    note_text(out, " tlp=", str_from_c(tlp_names[indicator->tlp]));
    note_text(out, " label=", indicator->label);
    note_text(out, " id=", indicator->id);
    if (!str_eq(indicator->source, STR("test")))
        note_text(out, " source=", indicator->source);
    note_time(out, " from=", indicator->from);
    note_time(out, " until=", indicator->until);
    buf_add_byte(out, '\n');
    return 0;
}

static int note_allow(void *context, const struct intel_allow *allow)
{
    struct buf *out = &((struct feed_notes *)context)->text;
    buf_printf(out, "allow %s", allow_kind_names[allow->kind]);
    for (int i = 0; i < INDICATOR_COUNT; i++)
        if (allow->types >> i & 1)
            note_text(out, " ", str_from_c(indicator_type_names[i]));
    note_text(out, " : ", allow->value);
    buf_add_byte(out, '\n');
    return 0;
}

void feed_read_text(struct feed_notes *notes, const char *format, const char *text,
                    const struct feed_options *options)
{
    const struct feed_options defaults = FEED_OPTIONS;
    struct feed_sink sink = {notes, note_indicator, note_allow};
    memset(notes, 0, sizeof(*notes));
    const struct feed_format *found = feed_recognise(str_from_c(text));
    assert_string_equal(found->name, format);
    notes->status = found->read(str_from_c(text), options ? options : &defaults, &sink,
                                &notes->report, &notes->err);
    buf_add_byte(&notes->text, '\0');
}

void feed_notes_free(struct feed_notes *notes)
{
    buf_free(&notes->text);
}

void assert_notes(const struct feed_notes *notes, const char *lines)
{
    assert_string_equal(notes->text.ptr, lines);
}
