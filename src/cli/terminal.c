#include "cli/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DRAW_EVERY_US 100000
#define SHOW_AFTER_US 300000 /* what is done at once needs no progress */
#define BAR_WIDTH 24

bool terminal_colour(enum colour_when when, bool terminal)
{
    if (when != COLOUR_AUTO)
        return when == COLOUR_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return terminal && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

unsigned terminal_width(FILE *stream)
{
    struct winsize size;
    if (!isatty(fileno(stream)) || ioctl(fileno(stream), TIOCGWINSZ, &size) < 0)
        return 0;
    return size.ws_col;
}

/* The order in which POSIX looks at them (Base Definitions, 8.2). */
bool terminal_ascii(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *locale = getenv(variables[i]);
        if (locale && *locale)
            return !strcasestr(locale, "utf-8") && !strcasestr(locale, "utf8");
    }
    return false;
}

int64_t terminal_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

void progress_start(struct progress *progress, bool on, uint64_t total)
{
    *progress = (struct progress){.on = on, .started = terminal_clock(), .total = total};
    progress->drawn = progress->started;
}

/* 1234567 as "1.2 M events". */
static void write_short(FILE *out, double number, const char *unit)
{
    static const char *const steps[] = {"", "k", "M", "G", "T", "P"};
    size_t step = 0;
    while (number >= 1000 && step + 1 < sizeof(steps) / sizeof(steps[0])) {
        number /= 1000;
        step++;
    }
    fprintf(out, "%.*f %s%s%s", number < 10 && step ? 1 : 0, number, steps[step], step ? " " : "",
            unit);
}

static void write_remaining(FILE *out, double seconds)
{
    if (seconds >= 3600)
        fprintf(out, "%.0f h %02d min left", seconds / 3600, (int)(seconds / 60) % 60);
    else if (seconds >= 60)
        fprintf(out, "%d min %02d s left", (int)(seconds / 60), (int)seconds % 60);
    else
        fprintf(out, "%.0f s left", seconds + 0.5);
}

void progress_show(struct progress *progress, uint64_t bytes, uint64_t events, uint64_t findings)
{
    if (!progress->on)
        return;
    int64_t now = terminal_clock();
    if (now - progress->drawn < DRAW_EVERY_US || now - progress->started < SHOW_AFTER_US)
        return;
    progress->drawn = now;
    progress->visible = true;
    double seconds = (double)(now - progress->started) / (double)TIME_SECOND_US;
    double part = progress->total ? (double)bytes / (double)progress->total : 0;
    fputs("\r\033[K", stderr);
    if (progress->total) {
        fputc('[', stderr);
        for (int i = 0; i < BAR_WIDTH; i++)
            fputc(i < part * BAR_WIDTH ? '=' : ' ', stderr);
        fprintf(stderr, "] %3.0f %%  ", part > 1 ? 100 : part * 100);
    }
    write_short(stderr, (double)events, "events  ");
    write_short(stderr, (double)events / seconds, "events/s  ");
    if (findings) {
        write_short(stderr, (double)findings, "findings  ");
    }
    if (part > 0.01 && part < 1)
        write_remaining(stderr, seconds / part - seconds);
    fflush(stderr);
}

void progress_hide(struct progress *progress)
{
    if (!progress->visible)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->visible = false;
}
