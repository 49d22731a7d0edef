#include <errno.h>
#include <sodium.h>

#include "base/time.h"
#include "ledger/finding.h"
#include "ledger/inside.h"

/*
 * A cursor is where the last page ended, sealed with the ledger's secret together with the query it belongs to:
 *
 *     version (1) │ value of the sort column (8) │ number of the finding (8) │ seal (16)
 */
#define CURSOR_VERSION 1
#define CURSOR_SEALED 17
#define CURSOR_SEAL 16
#define CURSOR_LEN (CURSOR_SEALED + CURSOR_SEAL)

#define FILTERS_MAX 16 /* values of the filters, the cursor and the limit */

static const char *const sort_columns[] = {
    [FINDING_BY_CHANGE] = "f.change",
    [FINDING_BY_LAST] = "f.last_time",
    [FINDING_BY_LEVEL] = "f.level",
    [FINDING_BY_COUNT] = "f.matches",
};

/* The columns that read_finding() reads, and the tables they come from. */
#define COLUMNS                                                                                    \
    "f.number, f.id, f.change, f.kind, f.status, f.level, f.matches, f.throttled, f.first_time, "  \
    "f.last_time, f.created, f.updated, f.agency, f.rule, f.host, f.account, f.source, t.title, "  \
    "t.tags, t.ocsf"
#define SORT_COLUMN 20 /* where a list has its sort column */
#define TABLES " FROM finding f JOIN finding_text t ON t.finding = f.number"

static void read_finding(const struct db_ops *ops, struct db_rows *rows,
                         struct ledger_finding *ret_finding)
{
    *ret_finding = (struct ledger_finding){
        .id = ops->text(rows, 1),
        .change = (uint64_t)ops->integer(rows, 2),
        .kind = (enum finding_kind)ops->integer(rows, 3),
        .status = (enum finding_status)ops->integer(rows, 4),
        .level = (uint8_t)ops->integer(rows, 5),
        .count = (uint64_t)ops->integer(rows, 6),
        .throttled = (uint64_t)ops->integer(rows, 7),
        .first = ops->integer(rows, 8),
        .last = ops->integer(rows, 9),
        .created = ops->integer(rows, 10),
        .updated = ops->integer(rows, 11),
        .agency = ops->text(rows, 12),
        .rule = ops->text(rows, 13),
        .host = ops->text(rows, 14),
        .user = ops->text(rows, 15),
        .source = ops->text(rows, 16),
        .title = ops->text(rows, 17),
        .tags = ops->text(rows, 18),
        .ocsf = ops->text(rows, 19),
    };
}

/* ---- cursors ---- */

static void seal_text(crypto_generichash_state *state, struct str text)
{
    uint64_t len = text.len;
    crypto_generichash_update(state, (const unsigned char *)&len, sizeof(len));
    crypto_generichash_update(state, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
}

/* The seal of a cursor's first bytes: only this ledger makes it, and only for this query. */
static int make_seal(struct ledger *ledger, const struct finding_query *query,
                     const unsigned char cursor[static CURSOR_SEALED],
                     unsigned char ret_seal[static CURSOR_SEAL])
{
    const struct db_ops *ops = ledger->db->ops;
    const int64_t numbers[] = {query->kind, query->status,   query->level_min,
                               query->from, query->to,       (int64_t)query->change_after,
                               query->sort, query->ascending};
    struct db_rows *rows;
    crypto_generichash_state state;
    int status =
        ledger_ask(ledger, STR("SELECT value FROM secret WHERE name = 'cursor'"), NULL, 0, &rows);
    if (status == 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct str secret = ops->text(rows, 0);
        size_t len = secret.len < crypto_generichash_KEYBYTES_MAX ? secret.len
                                                                  : crypto_generichash_KEYBYTES_MAX;
        crypto_generichash_init(&state, (const unsigned char *)secret.ptr, len, CURSOR_SEAL);
        crypto_generichash_update(&state, cursor, CURSOR_SEALED);
        crypto_generichash_update(&state, (const unsigned char *)numbers, sizeof(numbers));
        seal_text(&state, query->agency);
        seal_text(&state, query->rule);
        seal_text(&state, query->host);
        seal_text(&state, query->user);
        seal_text(&state, query->source);
        seal_text(&state, query->text);
        crypto_generichash_final(&state, ret_seal, CURSOR_SEAL);
    } else if (status == 0) {
        status = ledger_refuse(ledger, -EBADMSG, "the ledger has lost its secret of cursors");
    }
    ledger_done(ledger, rows);
    return status < 0 ? status : 0;
}

struct place {
    int64_t value, number;
};

static int write_cursor(struct ledger *ledger, const struct finding_query *query,
                        const struct place *place, struct buf *out)
{
    unsigned char cursor[CURSOR_LEN] = {CURSOR_VERSION};
    char text[sodium_base64_ENCODED_LEN(CURSOR_LEN, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    memcpy(cursor + 1, &place->value, 8);
    memcpy(cursor + 9, &place->number, 8);
    int status = make_seal(ledger, query, cursor, cursor + CURSOR_SEALED);
    if (status < 0)
        return status;
    sodium_bin2base64(text, sizeof(text), cursor, sizeof(cursor),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_add_c(out, text);
    return out->failed ? ledger_fail(ledger, -ENOMEM) : 0;
}

static int read_cursor(struct ledger *ledger, const struct finding_query *query,
                       struct place *ret_place)
{
    unsigned char cursor[CURSOR_LEN], seal[CURSOR_SEAL];
    size_t len = 0;
    if (sodium_base642bin(cursor, sizeof(cursor), query->cursor.ptr, query->cursor.len, NULL, &len,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len != CURSOR_LEN || cursor[0] != CURSOR_VERSION)
        return ledger_refuse(ledger, -EINVAL, "this is no cursor");
    int status = make_seal(ledger, query, cursor, seal);
    if (status < 0)
        return status;
    if (sodium_memcmp(seal, cursor + CURSOR_SEALED, CURSOR_SEAL) != 0)
        return ledger_refuse(ledger, -EINVAL, "this is no cursor of this query");
    memcpy(&ret_place->value, cursor + 1, 8);
    memcpy(&ret_place->number, cursor + 9, 8);
    return 0;
}

/* ---- the query ---- */

/* SQL made of constant fragments, and the values of its parameters. */
struct select {
    struct buf sql;
    struct buf pattern; /* of LIKE */
    struct db_value values[LEDGER_AGENCIES_MAX + FILTERS_MAX];
    size_t n;
};

/* Adds " AND <test> ?n". */
static void add_test(struct select *select, const char *test, struct db_value value)
{
    select->values[select->n++] = value;
    buf_printf(&select->sql, " AND %s ?%zu", test, select->n);
}

static void add_text_test(struct select *select, const char *test, struct str text)
{
    if (text.len)
        add_test(select, test, db_text(text));
}

/* "%part%" of the title, folded as titles are; what LIKE would take for itself is escaped. */
static int add_title_test(struct ledger *ledger, struct select *select, struct str text)
{
    struct search_text folded;
    if (text.len == 0)
        return 0;
    int status = search_fold(ledger, text, &folded);
    if (status < 0)
        return status;
    buf_add_byte(&select->pattern, '%');
    for (size_t i = 0; i < folded.len; i++) {
        char c = folded.bytes[i];
        if (c == '%' || c == '_' || c == '\\')
            buf_add_byte(&select->pattern, '\\');
        buf_add_byte(&select->pattern, c);
    }
    buf_add_byte(&select->pattern, '%');
    if (select->pattern.failed)
        return ledger_fail(ledger, -ENOMEM);
    add_test(select, "t.title_folded LIKE", db_text(buf_str(&select->pattern)));
    buf_add_c(&select->sql, " ESCAPE '\\'");
    return 0;
}

static int add_filters(struct ledger *ledger, const struct finding_query *query,
                       struct select *select)
{
    add_text_test(select, "f.rule =", query->rule);
    add_text_test(select, "f.host =", query->host);
    add_text_test(select, "f.account =", query->user);
    add_text_test(select, "f.source =", query->source);
    if (query->kind >= 0)
        add_test(select, "f.kind =", db_integer(query->kind));
    if (query->status >= 0)
        add_test(select, "f.status =", db_integer(query->status));
    if (query->level_min)
        add_test(select, "f.level >=", db_integer(query->level_min));
    if (query->from != TIME_UNSET)
        add_test(select, "f.last_time >=", db_integer(query->from));
    if (query->to != TIME_UNSET)
        add_test(select, "f.last_time <", db_integer(query->to));
    if (query->change_after)
        add_test(
            select, "f.change >",
            db_integer(query->change_after > INT64_MAX ? INT64_MAX : (int64_t)query->change_after));
    return add_title_test(ledger, select, query->text);
}

/* Starts behind the cursor: (column, number) past that of the last finding. */
static int add_cursor(struct ledger *ledger, const struct finding_query *query,
                      struct select *select)
{
    struct place place = {0};
    if (query->cursor.len == 0)
        return 0;
    int status = read_cursor(ledger, query, &place);
    if (status < 0)
        return status;
    select->values[select->n++] = db_integer(place.value);
    select->values[select->n++] = db_integer(place.number);
    buf_printf(&select->sql, " AND (%s, f.number) %s (?%zu, ?%zu)", sort_columns[query->sort],
               query->ascending ? ">" : "<", select->n - 1, select->n);
    return 0;
}

/*
 * The caller's agencies, and the one it asks for. One agency's findings lie together in an index, in the order of
 * their last match and of their level. Those of several are not in any order, and changes are read
 * from a number on: there the index of the sort column is the one to walk, and an expression keeps the engine
 * from choosing that of the agency.
 */
static int add_agencies(struct ledger *ledger, const struct ledger_scope *scope,
                        const struct finding_query *query, struct select *select)
{
    bool together = query->sort != FINDING_BY_CHANGE;
    int status =
        scope_add(ledger, scope, together && scope->n == 1 ? "f.agency" : "(f.agency || '')",
                  &select->sql, select->values, &select->n);
    if (status == 0)
        add_text_test(select, together ? "f.agency =" : "(f.agency || '') =", query->agency);
    return status;
}

static int build(struct ledger *ledger, const struct ledger_scope *scope,
                 const struct finding_query *query, uint32_t limit, struct select *select)
{
    const char *column = sort_columns[query->sort];
    const char *order = query->ascending ? "ASC" : "DESC";
    buf_printf(&select->sql, "SELECT " COLUMNS ", %s" TABLES " WHERE ", column);
    int status = add_agencies(ledger, scope, query, select);
    if (status == 0)
        status = add_filters(ledger, query, select);
    if (status == 0)
        status = add_cursor(ledger, query, select);
    if (status < 0)
        return status;
    select->values[select->n++] = db_integer((int64_t)limit + 1); /* is there more? */
    buf_printf(&select->sql, " ORDER BY %s %s, f.number %s LIMIT ?%zu", column, order, order,
               select->n);
    return select->sql.failed ? ledger_fail(ledger, -ENOMEM) : 0;
}

/* Hands out at most `limit` rows; *ret_more: there was one more, and *ret_place is of the last handed out. */
static int walk(struct ledger *ledger, const struct select *select, uint32_t limit,
                int (*each)(void *context, const struct ledger_finding *finding), void *context,
                bool *ret_more, struct place *ret_place)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    uint32_t taken = 0;
    int status = ledger_ask(ledger, buf_str(&select->sql), select->values, select->n, &rows);
    *ret_more = false;
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct ledger_finding finding;
        *ret_more = taken++ == limit;
        if (*ret_more) {
            status = 0;
            break;
        }
        read_finding(ops, rows, &finding);
        *ret_place = (struct place){ops->integer(rows, SORT_COLUMN), ops->integer(rows, 0)};
        status = each(context, &finding);
    }
    ledger_done(ledger, rows);
    return status;
}

int finding_list(struct ledger *ledger, const struct ledger_scope *scope,
                 const struct finding_query *query,
                 int (*each)(void *context, const struct ledger_finding *finding), void *context,
                 struct buf *ret_cursor)
{
    uint32_t limit = query->limit ? query->limit : 50;
    struct select select = {.n = 0};
    struct place place = {0};
    bool more = false;
    if (query->sort > FINDING_BY_COUNT || limit > LEDGER_PAGE_MAX)
        return ledger_refuse(ledger, -EINVAL, "a page has at most %d findings", LEDGER_PAGE_MAX);
    int status = finding_settle(ledger);
    if (status == 0)
        status = build(ledger, scope, query, limit, &select);
    if (status == 0)
        status = walk(ledger, &select, limit, each, context, &more, &place);
    if (status == 0 && more)
        status = write_cursor(ledger, query, &place, ret_cursor);
    buf_free(&select.sql);
    buf_free(&select.pattern);
    return status;
}

/* ---- one ---- */

/* Texts of a row that outlive it. */
static int keep_texts(struct ledger *ledger, struct ledger_finding *finding)
{
    struct str *const texts[] = {&finding->id,     &finding->agency, &finding->rule,
                                 &finding->title,  &finding->host,   &finding->user,
                                 &finding->source, &finding->tags,   &finding->ocsf};
    answer_begin(ledger);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        int status = answer_copy(ledger, *texts[i], texts[i]);
        if (status < 0)
            return status;
    }
    return 0;
}

int finding_get(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                struct ledger_finding *ret_finding)
{
    struct select select = {.values = {db_text(id)}, .n = 1};
    struct ledger_finding finding;
    struct db_rows *rows = NULL;
    buf_add_c(&select.sql, "SELECT " COLUMNS TABLES " WHERE f.id = ?1 AND ");
    int status = scope_add(ledger, scope, "f.agency", &select.sql, select.values, &select.n);
    if (status == 0)
        status = select.sql.failed ? ledger_fail(ledger, -ENOMEM) : finding_settle(ledger);
    if (status == 0)
        status = ledger_ask(ledger, buf_str(&select.sql), select.values, select.n, &rows);
    if (status == 0 && (status = ledger_next(ledger, rows)) > 0) {
        read_finding(ledger->db->ops, rows, &finding);
        status = keep_texts(ledger, &finding);
    } else if (status == 0) {
        status = ledger_refuse(ledger, -ENOENT, "there is no finding '%.*s'",
                               STR_ARG(str_first(id, FINDING_ID_MAX)));
    }
    ledger_done(ledger, rows);
    buf_free(&select.sql);
    if (status == 0)
        *ret_finding = finding;
    return status;
}

int finding_events(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                   int (*each)(void *context, const struct ledger_event *event), void *context)
{
    const struct db_ops *ops = ledger->db->ops;
    struct select select = {.values = {db_text(id)}, .n = 1};
    struct db_rows *rows = NULL;
    bool found = false;
    /* A finding without events still is one row. */
    buf_add_c(&select.sql, "SELECT e.ordinal IS NOT NULL, e.partition_number, e.spool_offset, "
                           "e.time, e.json FROM finding f "
                           "LEFT JOIN finding_event e ON e.finding = f.number "
                           "WHERE f.id = ?1 AND ");
    int status = scope_add(ledger, scope, "f.agency", &select.sql, select.values, &select.n);
    buf_add_c(&select.sql, " ORDER BY e.ordinal");
    if (status == 0)
        status = select.sql.failed
                     ? ledger_fail(ledger, -ENOMEM)
                     : ledger_ask(ledger, buf_str(&select.sql), select.values, select.n, &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        found = true;
        if (!ops->integer(rows, 0))
            continue;
        struct ledger_event event = {
            .partition = (uint32_t)ops->integer(rows, 1),
            .offset = (uint64_t)ops->integer(rows, 2),
            .time = ops->integer(rows, 3),
            .json = ops->text(rows, 4),
        };
        status = each(context, &event);
    }
    if (status == 0 && !found)
        status = ledger_refuse(ledger, -ENOENT, "there is no finding '%.*s'",
                               STR_ARG(str_first(id, FINDING_ID_MAX)));
    ledger_done(ledger, rows);
    buf_free(&select.sql);
    return status;
}

int finding_change(struct ledger *ledger, uint64_t *ret_change)
{
    int64_t change;
    int status = ledger_number(ledger, STR("SELECT value FROM counter WHERE name = 'change'"), NULL,
                               0, &change);
    if (status == 0)
        *ret_change = ledger->change ? ledger->change : (uint64_t)change;
    return status;
}
