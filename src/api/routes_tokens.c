/* Tokens: who may send, who may ask. */
#include "api/members.h"
#include "api/rest.h"
#include "io/log.h"
#include "ledger/token.h"

static int add_token(void *context, const struct token *token)
{
    struct buf *out = context;
    member_row_begin(out);
    member_str(out, "id", token->id);
    member_c(out, "role", token_role_name(token->role));
    member_str(out, "agency", token->agency);
    member_str(out, "source", token->source);
    member_u64(out, "rate", token->rate);
    member_str(out, "note", token->note);
    member_time(out, "created", token->created);
    member_time(out, "expires", token->expires);
    member_bool(out, "revoked", token->revoked);
    return member_row_end(out);
}

static void handle_list(struct api_request *request)
{
    struct buf json = {0};
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    rest_list_begin(&json, "tokens");
    rest_list_reply(request, token_list(ledger, add_token, &json), &json);
}

static bool read_role(struct api_request *request, struct str name, enum token_role *ret_role)
{
    for (int role = TOKEN_SEND; role <= TOKEN_ADMIN; role++) {
        if (str_eq(name, str_from_c(token_role_name((enum token_role)role)))) {
            *ret_role = (enum token_role)role;
            return true;
        }
    }
    request_problem(request, 400, "'role' is send, read or admin");
    return false;
}

static bool read_token(struct api_request *request, struct token *ret_token)
{
    struct str role;
    *ret_token = (struct token){0};
    const struct rest_member members[] = {
        {"role", .ret_text = &role},
        {"agency", .ret_text = &ret_token->agency},
        {"source", .ret_text = &ret_token->source},
        {"rate", .ret_number = &ret_token->rate},
        {"note", .ret_text = &ret_token->note},
        {"expires", .ret_expiration = &ret_token->expires},
        {0},
    };
    if (!rest_body_read(request, members) || !read_role(request, role, &ret_token->role))
        return false;
    if (ret_token->role == TOKEN_ADMIN && ret_token->agency.len == 0)
        ret_token->agency = STR("*");
    return true;
}

/* Doors know of it at once. */
static void tokens_changed(struct api_request *request, struct ledger *ledger)
{
    int status = senders_load_tokens(request_options(request)->senders, ledger);
    if (status < 0)
        log_say(LOG_ERROR, "api.tokens", "the tokens can't be read again: %s", strerror(-status));
}

static void handle_add(struct api_request *request)
{
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX];
    struct token token;
    struct buf json = {0};
    if (!read_token(request, &token))
        return;
    struct ledger *ledger = rest_change_begin(request, "token.add");
    if (!ledger || !rest_change_end(request, ledger, token_add(ledger, &token, text, id)))
        return;
    tokens_changed(request, ledger);
    buf_add_byte(&json, '{');
    member_c(&json, "id", id);
    member_c(&json, "token", text);
    buf_add_byte(&json, '}');
    request_reply_json(request, 201, &json);
    buf_free(&json);
}

static void handle_revoke(struct api_request *request)
{
    struct ledger *ledger = rest_change_begin(request, "token.revoke");
    if (!ledger ||
        !rest_change_end(request, ledger, token_revoke(ledger, request_segment(request, 0))))
        return;
    tokens_changed(request, ledger);
    request_reply(request, 204, NULL, STR(""));
}

static const struct api_parameter none[] = {{0}};

const struct api_route routes_tokens[] = {
    {"GET", "/api/v1/tokens", API_ADMIN, handle_list, "Lists tokens; none can be read back.", none,
     "TokenList", NULL, NULL},
    {"POST", "/api/v1/tokens", API_ADMIN, handle_add,
     "Makes a token; the answer is the only place where it is shown.", none, "NewToken",
     "TokenRequest", NULL},
    {"DELETE", "/api/v1/tokens/{id}", API_ADMIN, handle_revoke, "Revokes a token at once.", none,
     NULL, NULL, NULL},
    {0},
};
