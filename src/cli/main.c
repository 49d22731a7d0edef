/* jaga: reads the command line, prepares signals and the terminal, runs one command. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal.h"
#include "io/file.h"
#include "io/log.h"

/* Set by a signal; the only thing a handler may touch. */
static volatile sig_atomic_t stop_asked;

static void on_stop(int signal_number)
{
    /* The second one means it. */
    if (stop_asked)
        signal(signal_number, SIG_DFL);
    stop_asked = 1;
}

static void prepare_signals(void)
{
    /* No SA_RESTART: a read from a pipe that says nothing must come back. */
    struct sigaction action = {.sa_handler = on_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* writing says EPIPE instead, and the scan ends in order */
    file_guard();
}

static void say(const struct cli *cli, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void say(const struct cli *cli, const char *format, va_list args)
{
    if (cli->logs) {
        char text[LOG_VALUE_MAX];
        vsnprintf(text, sizeof(text), format, args);
        log_say(LOG_WARN, "jaga", "%s", text);
        return;
    }
    fputs(cli->colour_err ? "\033[1mjaga:\033[0m " : "jaga: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void cli_say(const struct cli *cli, const char *format, ...)
{
    va_list args;
    if (cli->settings.quiet)
        return;
    va_start(args, format);
    say(cli, format, args);
    va_end(args);
}

void cli_complain(const struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(cli, format, args);
    va_end(args);
}

/* The command line for reports: printable, one line. */
static char *join_arguments(int argc, char **argv)
{
    struct buf text = {0};
    for (int i = 0; i < argc; i++)
        buf_printf(&text, "%s%s", i ? " " : "", i ? argv[i] : "jaga");
    buf_add_byte(&text, '\0');
    for (char *at = text.ptr; at && *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    return text.failed ? NULL : text.ptr;
}

static int usage(const char *message, const char *command)
{
    fprintf(stderr, "jaga: %s\nTry: jaga %s%s--help\n", message, command ? command : "",
            command ? " " : "");
    return EXIT_USAGE;
}

static int check_paths(const struct command *command, const struct settings *settings,
                       struct err *err)
{
    if (settings->paths.len < command->paths_min)
        return err_set(err, -EINVAL, "%s needs %s", command->name, command->arguments);
    if (settings->paths.len > command->paths_max)
        return err_set(err, -EINVAL, "'%s' is one argument too many",
                       settings->paths.items[command->paths_max]);
    return 0;
}

static int run(struct cli *cli, const struct command *command)
{
    cli->terminal_out = isatty(STDOUT_FILENO) && !cli->settings.write;
    cli->terminal_err = isatty(STDERR_FILENO);
    enum colour_when when = (enum colour_when)cli->settings.colour;
    cli->colour_out = terminal_colour(when, cli->terminal_out);
    cli->colour_err = terminal_colour(when, cli->terminal_err);
    int code = command->run(cli);
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && code != EXIT_BROKEN) {
        cli_complain(cli, "cannot write to standard output: %s", strerror(errno));
        code = EXIT_BROKEN;
    }
    return stop_asked && !command->until_stopped ? EXIT_INTERRUPTED : code;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* jaga help [COMMAND], jaga GROUP --help: those that name no one command to parse options of. */
static int help(int argc, char **argv)
{
    struct err err = {0};
    int words;
    if (argc == 0) {
        help_write(stdout, NULL);
        return EXIT_DONE;
    }
    if (argc == 1 && help_write_group(stdout, str_from_c(argv[0])))
        return EXIT_DONE;
    const struct command *command = command_find(argc, argv, &words, &err);
    if (!command)
        return usage(err.message, NULL);
    help_write(stdout, command);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct cli cli = {.stop = &stop_asked};
    int words;
    setlocale(LC_CTYPE, "C.UTF-8"); /* names in archives */
    prepare_signals();
    if (argc < 2) {
        help_write(stderr, NULL);
        return EXIT_USAGE;
    }
    if (asks_for_help(argv[1]))
        return help(argc - 2, argv + 2);
    if (argc == 3 && asks_for_help(argv[2]) && help_write_group(stdout, str_from_c(argv[1])))
        return EXIT_DONE;
    if (strcmp(argv[1], "--version") == 0)
        return cmd_version.run(&cli);
    const struct command *command = command_find(argc - 1, argv + 1, &words, &err);
    if (!command)
        return usage(err.message, NULL);
    if (options_parse(command->options, argc - 1 - words, argv + 1 + words, &cli.settings, &err) <
        0)
        return usage(err.message, command->name);
    int code = EXIT_DONE;
    char *line = join_arguments(argc, argv);
    cli.command_line = line ? line : "jaga";
    if (cli.settings.help)
        help_write(stdout, command);
    else if (check_paths(command, &cli.settings, &err) < 0)
        code = usage(err.message, command->name);
    else
        code = run(&cli, command);
    free(line);
    options_free(&cli.settings);
    return code;
}
