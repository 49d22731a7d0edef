/*
 * What callers ask of findings: cursors, texts and labels come from outside. Whatever they hold, the answer is a list or
 * "no cursor", each finding in it has the text that was asked for, and none is another agency's.
 *
 *     input: one byte of switches, then lines: cursor, agency, host, text
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "base/utf8.h"
#include "ledger/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FOLDED_MAX 8192

static struct ledger *ledger;
static char folder[] = "/tmp/jaga-fuzz-XXXXXX";

static void clean_up(void)
{
    static const char *const files[] = {"l.db", "l.db-wal", "l.db-shm"};
    char path[64];
    ledger_close(ledger);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void fill(void)
{
    static const struct {
        const char *agency, *title;
    } rows[] = {{"moh", "Whoami"},
                {"moh", "100% sure_thing"},
                {"mof", "\\back\\slash"},
                {"mof", "Ärger ǅ"},
                {"mha", ""},
                {"mha", "%_%"}};
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ledger_match match = {.agency = str_from_c(rows[i].agency),
                                     .title = str_from_c(rows[i].title),
                                     .host = STR("h"),
                                     .level = (uint8_t)i,
                                     .time = (int64_t)i,
                                     .count = i + 1};
        if (finding_take(ledger, &match, &is_new, &taken, id) < 0)
            abort();
    }
}

static void open_once(void)
{
    struct err err;
    char url[64];
    struct ledger_options options = {.create = true};
    if (ledger)
        return;
    if (!mkdtemp(folder))
        abort();
    snprintf(url, sizeof(url), "sqlite:%s/l.db", folder);
    ledger = ledger_open(url, &options, &err);
    if (!ledger)
        abort();
    atexit(clean_up);
    fill();
}

/* As titles are searched: repaired, folded, NUL as a space. */
static struct str fold(struct str text, struct arena *arena, char *room)
{
    size_t len = utf8_fold_text(utf8_repair(text, arena), room);
    for (size_t i = 0; i < len; i++)
        if (room[i] == '\0')
            room[i] = ' ';
    return str_of(room, len);
}

static int check(void *context, const struct ledger_finding *finding)
{
    const struct finding_query *query = context;
    static char title[FOLDED_MAX], wanted[FOLDED_MAX];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    if (str_eq(finding->agency, STR("mha")) ||
        (query->agency.len && !str_eq(finding->agency, query->agency)))
        abort();
    if (query->text.len && str_find(fold(finding->title, &arena, title),
                                    fold(query->text, &arena, wanted)) == SIZE_MAX)
        abort();
    arena_free(&arena);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str agencies[] = {{"moh", 3}, {"mof", 3}};
    static const struct ledger_scope scope = {.agencies = agencies, .n = 2};
    struct str rest = str_of((const char *)data, size);
    struct buf cursor = {0};
    if (size < 1 || size > 1024)
        return 0;
    struct finding_query query = {
        .kind = -1,
        .status = data[0] & 1 ? 0 : -1,
        .level_min = data[0] >> 1 & 3,
        .from = TIME_UNSET,
        .to = TIME_UNSET,
        .sort = (enum finding_sort)(data[0] >> 3 & 3),
        .ascending = data[0] >> 5 & 1,
        .limit = 2,
    };
    rest = str_skip(rest, 1);
    str_cut(&rest, '\n', &query.cursor);
    str_cut(&rest, '\n', &query.agency);
    str_cut(&rest, '\n', &query.host);
    query.text = rest;
    open_once();
    int status = finding_list(ledger, &scope, &query, check, &query, &cursor);
    if (status != 0 && status != -EINVAL)
        abort();
    /* A cursor that was given out is taken back. */
    if (cursor.len) {
        struct buf next = {0};
        query.cursor = buf_str(&cursor);
        if (finding_list(ledger, &scope, &query, check, &query, &next) != 0)
            abort();
        buf_free(&next);
    }
    buf_free(&cursor);
    return 0;
}
