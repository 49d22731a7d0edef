/* jaga token add, list, revoke: who may send events, and who may ask. */
#include "base/time.h"
#include "cli/cli.h"
#include "cli/data_folder.h"
#include "cli/out_style.h"
#include "io/clock.h"
#include "ledger/token.h"

/* ---- add ---- */

static const struct {
    const char *word;
    enum token_role role;
    size_t words_min, words_max; /* of the arguments, the role too */
} roles[] = {
    {"send", TOKEN_SEND, 2, 3},
    {"read", TOKEN_READ, 2, 2},
    {"admin", TOKEN_ADMIN, 1, 1},
};

static bool read_arguments(const struct cli *cli, struct token *token)
{
    const text_list *words = &cli->settings.paths;
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
        if (strcmp(words->items[0], roles[i].word) != 0)
            continue;
        token->role = roles[i].role;
        if (words->len > 1)
            token->agency = str_from_c(words->items[1]);
        if (words->len > 2)
            token->source = str_from_c(words->items[2]);
        return words->len >= roles[i].words_min && words->len <= roles[i].words_max;
    }
    return false;
}

static int add(const struct cli *cli)
{
    const struct settings *settings = &cli->settings;
    struct token token = {
        .rate = settings->rate, .note = str_from_c(settings->note), .expires = settings->expires};
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX], actor[ACTOR_MAX];
    int code = EXIT_DONE;
    if (!read_arguments(cli, &token)) {
        cli_complain(cli, "token add takes: send AGENCY [SOURCE], read AGENCY[,AGENCY...] or "
                          "read '*', or admin");
        return EXIT_USAGE;
    }
    struct ledger *ledger = data_ledger(cli, true, &code);
    if (!ledger)
        return code;
    int status = ledger_begin(ledger, data_actor(actor), STR("token.add"));
    if (status == 0)
        status = token_add(ledger, &token, text, id);
    if (status == 0)
        status = ledger_commit(ledger);
    if (status == 0) {
        printf("%s\n", text);
        cli_say(cli, "this is token %s; its text is not shown again", id);
    }
    return data_ledger_done(cli, ledger, status);
}

/* ---- list ---- */

static void add_time(struct buf *out, const char *name, int64_t time)
{
    char text[TIME_TEXT_MAX];
    style_time(time, text);
    buf_printf(out, "  %s %s", name, text);
}

static int print_token(void *context, const struct token *token)
{
    struct buf out = {0};
    int64_t now = *(const int64_t *)context;
    const char *state = token->revoked                                          ? "revoked"
                        : token->expires != TIME_UNSET && token->expires <= now ? "expired"
                                                                                : "valid";
    buf_printf(&out, "%.*s  %-5s  %-7s  ", STR_ARG(token->id), token_role_name(token->role), state);
    style_printable(&out, token->agency, 0);
    if (token->source.len) {
        buf_add_byte(&out, '/');
        style_printable(&out, token->source, 0);
    }
    if (token->rate)
        buf_printf(&out, "  %llu/s", (unsigned long long)token->rate);
    add_time(&out, "created", token->created);
    if (token->expires != TIME_UNSET)
        add_time(&out, "expires", token->expires);
    if (token->note.len) {
        buf_add_c(&out, "  # ");
        style_printable(&out, token->note, 0);
    }
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    return 0;
}

static int list(const struct cli *cli)
{
    int code = EXIT_DONE;
    int64_t now = clock_now_us();
    struct ledger *ledger = data_ledger(cli, false, &code);
    return ledger ? data_ledger_done(cli, ledger, token_list(ledger, print_token, &now)) : code;
}

/* ---- revoke ---- */

static int revoke_each(const struct cli *cli)
{
    return data_change_each(cli, "token.revoke", token_revoke);
}

static const char *const add_options[] = {"data", "rate", "expires", "note", "quiet", NULL};
static const char *const options[] = {"data", NULL};

const struct command cmd_token_add = {
    .name = "token add",
    .arguments = "ROLE [AGENCY [SOURCE]]",
    .paths_min = 1,
    .paths_max = 3,
    .about = "Make a token: for a shipper, for somebody who asks, or for an administrator.",
    .prose = "ROLE is send (events of AGENCY, under the name SOURCE or, without it, the name each "
             "request gives), read (findings and accounts of AGENCY, of several divided by commas, "
             "or of "
             "all with '*') or admin (everything).\n"
             "The token is written to standard output, once: the ledger keeps only its hash. A "
             "running centre knows it within seconds.",
    .options = add_options,
    .run = add,
};

const struct command cmd_token_list = {
    .name = "token list",
    .about = "List the tokens: id, role, state, agency and source, limits; never their texts.",
    .options = options,
    .run = list,
};

const struct command cmd_token_revoke = {
    .name = "token revoke",
    .arguments = "ID...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Revoke tokens by their ids, all or, where one is not known, none.",
    .options = options,
    .run = revoke_each,
};
