/*
 * A plain list: one value a line, "#", ";" and "//" begin comments. Also lines of hosts files ("0.0.0.0 name") and of
 * ad blockers ("||name^"), which block lists come as.
 */
#include "intel/feed_take.h"

#define BINARY_LOOK 65536 /* bytes in which a NUL says that it is no text */

static bool probe(struct str bytes)
{
    (void)bytes;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The line without the comment at its end: a mark behind white space. */
static struct str without_comment(struct str line)
{
    for (size_t i = 0; i + 1 < line.len; i++)
        if (is_space(line.ptr[i]) && (line.ptr[i + 1] == '#' || line.ptr[i + 1] == ';'))
            return str_first(line, i);
    return line;
}

static struct str first_word(struct str line)
{
    size_t len = 0;
    while (len < line.len && !is_space(line.ptr[len]))
        len++;
    return str_first(line, len);
}

static struct str value_of(const struct feed_reader *reader, struct str line)
{
    enum indicator_type type = reader->options->type;
    if (type == INDICATOR_FILE_NAME || type == INDICATOR_FILE_PATH || type == INDICATOR_USER_AGENT)
        return line; /* may have spaces */
    line = str_trim(without_comment(line));
    if (str_starts(line, STR("||")) && str_ends(line, STR("^")))
        return str_of(line.ptr + 2, line.len - 3);
    struct str word = first_word(line), rest = str_trim(str_skip(line, word.len));
    bool hosts_file = str_eq(word, STR("0.0.0.0")) || str_eq(word, STR("127.0.0.1")) ||
                      str_eq(word, STR("::1")) || str_eq(word, STR("::"));
    if (hosts_file && rest.len)
        return first_word(rest);
    /* Only names of files and programs have spaces: a guess needs all of the line. */
    return type == INDICATOR_NONE && indicator_guess(word) == INDICATOR_NONE ? line : word;
}

static bool is_comment(struct str line)
{
    return line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';' || str_starts(line, STR("//"));
}

static int read_list(struct str bytes, const struct feed_options *options,
                     const struct feed_sink *sink, struct feed_report *report, struct err *err)
{
    struct feed_reader reader = {options, sink, report, err, 0};
    static const struct feed_said nothing = FEED_SAID_NOTHING;
    struct str line;
    int status = 0;
    /* What is no document of any other kind comes here, also what is no text. */
    struct str look = str_first(bytes, BINARY_LOOK);
    if (str_index(look, '\0') < look.len)
        return err_set(err, -EINVAL, "it is no text: binary, or UTF-16");
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_skip(bytes, 3);
    while (status == 0 && str_cut_line(&bytes, &line)) {
        reader.line++;
        line = str_trim(line);
        if (!is_comment(line))
            status = feed_take(&reader, INDICATOR_NONE, value_of(&reader, line), &nothing);
    }
    return status;
}

const struct feed_format feed_list = {
    .name = "list",
    .about = "plain lists: one value a line, # comments",
    .probe = probe,
    .read = read_list,
};
