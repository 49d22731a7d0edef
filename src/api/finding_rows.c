#include "api/finding_rows.h"

#include <errno.h>

#include "api/findings.h"
#include "api/members.h"
#include "base/time.h"
#include "hunt/ask.h"

struct rows {
    struct buf *json;
    uint32_t n;
};

static int add_finding(void *context, const struct ledger_finding *finding)
{
    struct rows *rows = context;
    member_comma(rows->json);
    finding_write(rows->json, finding, true);
    member_raw(rows->json, "ocsf", finding->ocsf, "null");
    buf_add_byte(rows->json, '}');
    rows->n++;
    return rows->json->failed ? -ENOMEM : 0;
}

int finding_rows_write(struct ledger *ledger, const struct ledger_scope *scope, struct buf *json)
{
    struct rows rows = {json, 0};
    struct finding_query query = {
        .kind = -1,
        .status = -1,
        .from = TIME_UNSET,
        .to = TIME_UNSET,
        .sort = FINDING_BY_LAST,
        .limit = LEDGER_PAGE_MAX,
    };
    struct buf cursor = {0}, next = {0};
    int status = 0;
    buf_add_byte(json, '[');
    do {
        buf_clear(&next);
        status = finding_list(ledger, scope, &query, add_finding, &rows, &next);
        struct buf used = cursor;
        cursor = next;
        next = used;
        query.cursor = buf_str(&cursor);
    } while (status == 0 && cursor.len > 0 && rows.n < HUNT_FINDINGS_MAX);
    buf_add_byte(json, ']');
    buf_free(&cursor);
    buf_free(&next);
    return status < 0 ? status : json->failed ? -ENOMEM : 0;
}
