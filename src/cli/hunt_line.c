#include "cli/hunt_line.h"

#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/hunt_history.h"
#include "cli/hunt_offers.h"
#include "cli/hunt_text.h"
#include "cli/out_style.h"
#include "cli/terminal.h"
#include "hunt/kql_mask.h"

#define COMPLETION_MEMORY_MAX ((size_t)16 << 20)
#define PROMPT_COLUMNS 6
#define INDENT "  " /* what TAB gives at the beginning of a line */

struct hunt_line {
    struct hunt_line_options options;
    EditLine *edit;
    History *history;
    struct hunt_history *file;
    struct str before; /* of the line that is being read */
    bool interrupted;  /* Ctrl-C */
    char prompt[32];
    struct buf text;
};

/* ---- the prompt ---- */

/* libedit takes what stands between two of these for columns of width 0. */
#define NO_WIDTH '\1'

/* The space is behind the last code: libedit gives a code out with the character that follows it. */
static void set_prompt(struct hunt_line *line)
{
    bool first = line->before.len == 0;
    const char *begin = first ? "\1\033[1m\1" : "\1\033[2m\1";
    snprintf(line->prompt, sizeof(line->prompt), "%s%s%s ", line->options.colour ? begin : "",
             first ? "hunt>" : "   ->", line->options.colour ? "\1\033[0m\1" : "");
}

static char *get_prompt(EditLine *edit)
{
    struct hunt_line *line;
    el_get(edit, EL_CLIENTDATA, &line);
    return line->prompt;
}

/* Where the line that was entered begins on the terminal, in lines above the cursor; 0: it can't be reached. */
static size_t lines_above(const struct hunt_line *line)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 0;
    size_t used = PROMPT_COLUMNS + style_exact(NULL, buf_str(&line->text), 0, "");
    size_t lines = used / size.ws_col + 1;
    return lines < size.ws_row ? lines : 0;
}

/*
 * Draws the line that was entered again, in colours: libedit shows only plain text. An empty one that ended the query
 * disappears.
 */
static void redraw(const struct hunt_line *line)
{
    struct buf out = {0}, whole = {0};
    size_t lines = line->options.colour ? lines_above(line) : 0;
    if (lines == 0)
        return;
    buf_printf(&out, "\033[%zuA\r\033[J", lines);
    if (line->text.len > 0 || line->before.len == 0) {
        for (const char *at = line->prompt; *at; at++)
            if (*at != NO_WIDTH)
                buf_add_byte(&out, *at);
        buf_add_str(&whole, line->before);
        buf_add_str(&whole, buf_str(&line->text));
        hunt_text_colour(&out, buf_str(&whole), line->before.len);
        buf_add_byte(&out, '\n');
    }
    if (!out.failed && !whole.failed)
        fwrite(out.ptr, 1, out.len, stdout);
    fflush(stdout);
    buf_free(&whole);
    buf_free(&out);
}

/* ---- completion ---- */

static bool is_blank(struct str text)
{
    return str_trim(text).len == 0;
}

/* Bytes are waiting: this TAB was pasted, not pressed. */
static bool is_pasted(void)
{
    int waiting = 0;
    return ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0;
}

static int count_points(struct str s)
{
    int n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

/* Puts the text that was found in the place of the word. */
static unsigned char replace(EditLine *edit, struct str typed, struct buf *text)
{
    buf_add_byte(text, '\0');
    el_deletestr(edit, count_points(typed));
    bool inserted = !text->failed && el_insertstr(edit, text->ptr) == 0;
    return inserted ? CC_REFRESH : CC_ERROR;
}

static unsigned char complete_word(struct hunt_line *line, struct str whole, uint32_t cursor)
{
    struct arena arena;
    struct hunt_offers offers;
    struct buf text = {0};
    unsigned char result = CC_ERROR;
    arena_init(&arena, COMPLETION_MEMORY_MAX);
    if (hunt_offers_find(&arena, whole, cursor, line->options.names, line->options.commands,
                         &offers) == 0 &&
        offers.list.len > 0) {
        struct str typed = str_of(whole.ptr + offers.from, cursor - offers.from);
        hunt_offers_common(&offers, typed, &text);
        if (!str_eq(buf_str(&text), typed)) {
            result = replace(line->edit, typed, &text);
        } else {
            struct buf shown = {0};
            hunt_offers_write(&shown, &offers, terminal_width(stdout), line->options.colour);
            fputc('\n', stdout);
            if (!shown.failed)
                fwrite(shown.ptr, 1, shown.len, stdout);
            fflush(stdout);
            buf_free(&shown);
            result = CC_REDISPLAY;
        }
    }
    buf_free(&text);
    arena_free(&arena);
    return result;
}

static unsigned char complete(EditLine *edit, int key)
{
    struct hunt_line *line;
    const LineInfo *info = el_line(edit);
    struct str typed = str_of(info->buffer, (size_t)(info->cursor - info->buffer));
    struct buf whole = {0};
    (void)key;
    el_get(edit, EL_CLIENTDATA, &line);
    if (is_blank(typed) || is_pasted())
        return el_insertstr(edit, INDENT) == 0 ? CC_REFRESH : CC_ERROR;
    buf_add_str(&whole, line->before);
    buf_add(&whole, info->buffer, (size_t)(info->lastchar - info->buffer));
    unsigned char result = whole.failed ? CC_ERROR
                                        : complete_word(line, buf_str(&whole),
                                                        (uint32_t)(line->before.len + typed.len));
    buf_free(&whole);
    return result;
}

/* ---- one line ---- */

/*
 * Keys that are signals elsewhere are like others here: as a signal, one would be lost in the moment before the terminal
 * is read.
 */
static unsigned char interrupt(EditLine *edit, int key)
{
    struct hunt_line *line;
    (void)key;
    el_get(edit, EL_CLIENTDATA, &line);
    line->interrupted = true;
    return CC_EOF;
}

static unsigned char suspend(EditLine *edit, int key)
{
    (void)key;
    el_set(edit, EL_PREP_TERM, 0);
    raise(SIGTSTP);
    el_set(edit, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
}

static void set_up(struct hunt_line *line)
{
    static const char *const keys[][2] = {
        {"^I", "jaga-complete"},
        {"^C", "jaga-interrupt"},
        {"^Z", "jaga-suspend"},
        {"^R", "em-inc-search-prev"},
        {"\\e[A", "ed-search-prev-history"},
        {"\\e[B", "ed-search-next-history"},
        {"\\eOA", "ed-search-prev-history"},
        {"\\eOB", "ed-search-next-history"},
        {"\\e[1;5C", "em-next-word"},
        {"\\e[1;5D", "ed-prev-word"},
        {"\\e[3~", "ed-delete-next-char"},
    };
    el_set(line->edit, EL_CLIENTDATA, line);
    el_set(line->edit, EL_SIGNAL, 1);
    el_set(line->edit, EL_EDITOR, "emacs");
    el_set(line->edit, EL_PROMPT_ESC, get_prompt, NO_WIDTH);
    el_set(line->edit, EL_HIST, history, line->history);
    el_wset(line->edit, EL_ADDFN, L"jaga-complete", L"Completes a word of a query", complete);
    el_wset(line->edit, EL_ADDFN, L"jaga-interrupt", L"Drops what is typed", interrupt);
    el_wset(line->edit, EL_ADDFN, L"jaga-suspend", L"Waits in the background", suspend);
    el_set(line->edit, EL_SETTY, "-d", "-isig", NULL);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        el_set(line->edit, EL_BIND, keys[i][0], keys[i][1], NULL);
    el_source(line->edit, NULL); /* ~/.editrc: what its owner is used to */
}

static void enter_history(struct hunt_line *line, struct str query)
{
    HistEvent event;
    char *text = str_dup(query);
    if (text)
        history(line->history, &event, H_ENTER, text);
    free(text);
}

struct hunt_line *hunt_line_new(const struct hunt_line_options *options)
{
    HistEvent event;
    struct hunt_line *line = calloc(1, sizeof(*line));
    if (!line)
        return NULL;
    line->options = *options;
    line->file = hunt_history_open();
    line->history = history_init();
    line->edit = el_init("jaga", stdin, stdout, stderr);
    if (!line->file || !line->history || !line->edit) {
        hunt_line_free(line);
        return NULL;
    }
    history(line->history, &event, H_SETSIZE, HUNT_HISTORY_MAX);
    history(line->history, &event, H_SETUNIQUE, 1);
    for (size_t i = 0; i < hunt_history_count(line->file); i++)
        enter_history(line, hunt_history_get(line->file, i));
    set_up(line);
    return line;
}

void hunt_line_free(struct hunt_line *line)
{
    if (!line)
        return;
    if (line->edit)
        el_end(line->edit);
    if (line->history)
        history_end(line->history);
    hunt_history_close(line->file);
    buf_free(&line->text);
    free(line);
}

enum hunt_line_end hunt_line_read(struct hunt_line *line, struct str before, struct str *ret_line)
{
    int count = 0;
    line->before = before;
    set_prompt(line);
    el_resize(line->edit);
    /* Before the prompt is seen: a key that follows it is one of ours. */
    el_set(line->edit, EL_PREP_TERM, 1);
    errno = 0;
    line->interrupted = false;
    const char *text = el_gets(line->edit, &count);
    if (line->interrupted || (count < 0 && errno == EINTR))
        return HUNT_LINE_INTERRUPTED;
    if (!text || count <= 0)
        return HUNT_LINE_OVER;
    struct str entered = str_from_c(text);
    while (str_ends(entered, STR("\n")) || str_ends(entered, STR("\r")))
        entered.len--;
    buf_clear(&line->text);
    buf_add_str(&line->text, entered);
    if (!str_starts(entered, STR("\\")))
        redraw(line);
    *ret_line = buf_str(&line->text);
    return HUNT_LINE_READ;
}

void hunt_line_remember(struct hunt_line *line, struct str query)
{
    enter_history(line, query);
    /* What is not to be shown is not kept on disk either. */
    if (!kql_has_hidden(query))
        hunt_history_add(line->file, query);
}
