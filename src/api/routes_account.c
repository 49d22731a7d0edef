/* The loss account, summed up: what became of every event that was received. */
#include <stdlib.h>

#include "api/account_json.h"
#include "api/api.h"
#include "api/members.h"
#include "base/vec.h"

#define EQUATION "received = stored + repeated + rejected + failed + in_flight"

struct agency {
    struct str name;
    uint64_t sources;
    struct account_sums sums;
};

/* The agencies that the caller may see, by name. */
struct agencies {
    struct agency *items;
    size_t len, cap;
    const struct ledger_scope *scope;
    struct str wanted; /* only this one; empty: any */
    bool failed;
};

static bool is_visible(const struct agencies *agencies, struct str name)
{
    if (agencies->wanted.len && !str_eq(agencies->wanted, name))
        return false;
    return ledger_scope_has(agencies->scope, name);
}

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct agency *)a)->name, ((const struct agency *)b)->name);
}

/* A row per sender at first; rows of one agency are added up once they are sorted. */
static void add_sender(void *context, struct sender *sender)
{
    struct agencies *agencies = context;
    struct agency row = {.name = sender->agency, .sources = 1};
    if (!is_visible(agencies, sender->agency))
        return;
    account_read(sender, &row.sums);
    if (vec_push(agencies, row) < 0)
        agencies->failed = true;
}

static void add_up(struct agencies *agencies)
{
    size_t n = 0;
    if (agencies->len)
        qsort(agencies->items, agencies->len, sizeof(*agencies->items), by_name);
    for (size_t i = 0; i < agencies->len; i++) {
        struct agency *last = n ? &agencies->items[n - 1] : NULL;
        const struct agency *row = &agencies->items[i];
        if (last && str_eq(last->name, row->name)) {
            account_add(&last->sums, &row->sums);
            last->sources++;
        } else {
            agencies->items[n++] = *row;
        }
    }
    agencies->len = n;
}

static void write_answer(struct buf *out, const struct agencies *agencies,
                         const struct senders *senders)
{
    struct account_sums total = {0};
    buf_add_c(out, "{\"equation\":\"" EQUATION "\",\"agencies\":[");
    for (size_t i = 0; i < agencies->len; i++) {
        const struct agency *agency = &agencies->items[i];
        account_add(&total, &agency->sums);
        member_row_begin(out);
        member_str(out, "agency", agency->name);
        member_u64(out, "sources", agency->sources);
        account_json_write(out, &agency->sums);
        member_row_end(out);
    }
    buf_add_byte(out, ']');
    account_json_write(out, &total);
    if (agencies->scope->all)
        member_u64(out, "unknown", senders_unknown(senders));
    buf_add_byte(out, '}');
}

static void handle_account(struct api_request *request)
{
    struct senders *senders = request_options(request)->senders;
    struct agencies agencies = {.scope = request_scope(request),
                                .wanted = request_query(request, "agency")};
    struct buf json = {0};
    senders_each(senders, add_sender, &agencies);
    add_up(&agencies);
    json.failed = agencies.failed;
    write_answer(&json, &agencies, senders);
    request_reply_json(request, 200, &json);
    buf_free(&json);
    vec_free(&agencies);
}

static const struct api_parameter parameters[] = {
    {"agency", "string", "Only of this agency.", false},
    {0},
};

const struct api_route routes_account[] = {
    {"GET", "/api/v1/account", API_READ, handle_account,
     "Sums up the loss account of the caller's agencies; of each source: /api/v1/sources.",
     parameters, "AccountSums", NULL, NULL},
    {0},
};
