/* jaga lake verify: the lake against the signed journal, of a running centre or of a folder whose centre has ended. */
#include <errno.h>
#include <inttypes.h>

#include "cli/centre_client.h"
#include "cli/data_folder.h"
#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "ship/client.h"
#include "watch/audit.h"

/* What is printed, from wherever it comes. */
struct auditing {
    const struct cli *cli;
    struct audit_report report;
    struct buf line; /* of a centre's answer */
    bool done;
};

static int print_fault(void *context, struct str sentence)
{
    struct buf out = {0};
    (void)context;
    style_printable(&out, sentence, 0);
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    return 0;
}

static int look_at_stop(void *context, struct str day, const struct lake_check *check)
{
    const struct auditing *auditing = context;
    (void)day;
    (void)check;
    return *auditing->cli->stop ? -ECANCELED : 0;
}

static void print_report(const struct audit_report *report)
{
    printf("%" PRIu64 " events in %" PRIu64 " blocks; the journal names %" PRIu64
           ", of which %" PRIu64 " went with their day; %" PRIu64
           " events went by themselves, and left their hashes\n",
           report->check.rows, report->check.blocks, report->blocks, report->taken,
           report->check.removed);
    if (report->pending)
        printf("%" PRIu64 " blocks are not in the journal yet\n", report->pending);
    if (report->faults)
        printf("%" PRIu64 " faults\n", report->faults);
}

/* ---- a folder ---- */

static int verify_folder(struct auditing *auditing)
{
    const struct cli *cli = auditing->cli;
    struct lake_folder folder;
    struct err err = {0};
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    code = lake_folder_open(cli, &folder);
    if (code == EXIT_DONE) {
        const struct audit audit = {
            .ops = folder.ops,
            .lake = folder.lake,
            .ledger = ledger,
            .key = cli->settings.public_key,
            .day = cli->settings.day ? str_from_c(cli->settings.day) : STR(""),
            .fault = print_fault,
            .day_done = look_at_stop,
            .context = auditing,
        };
        int status = audit_run(&audit, &auditing->report, &err);
        auditing->done = status == 0 || auditing->report.faults;
        lake_folder_close(&folder);
        if (auditing->done)
            print_report(&auditing->report);
        if (status < 0)
            code = *cli->stop ? EXIT_INTERRUPTED : lake_folder_complain(cli, status, &err);
    }
    ledger_close(ledger);
    return code;
}

/* ---- a centre: frames, one a line ---- */

static uint64_t number(const json_t *frame, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(frame, name));
}

static void take_frame(struct auditing *auditing, struct str line)
{
    json_t *frame = json_loadb(line.ptr, line.len, 0, NULL);
    const json_t *sentence = json_object_get(frame, "fault");
    if (sentence)
        (void)print_fault(auditing,
                          str_of(json_string_value(sentence), json_string_length(sentence)));
    if (json_is_true(json_object_get(frame, "done"))) {
        auditing->done = true;
        auditing->report = (struct audit_report){
            .check = {.blocks = number(frame, "blocks"),
                      .rows = number(frame, "rows"),
                      .removed = number(frame, "removed")},
            .blocks = number(frame, "noted"),
            .pending = number(frame, "pending"),
            .taken = number(frame, "taken"),
            .faults = number(frame, "faults"),
        };
    }
    json_decref(frame);
}

static int take_bytes(void *context, struct str bytes)
{
    struct auditing *auditing = context;
    struct str line;
    buf_add_str(&auditing->line, bytes);
    struct str rest = buf_str(&auditing->line);
    while (str_index(rest, '\n') < rest.len && str_cut_line(&rest, &line))
        take_frame(auditing, line);
    struct buf left = {0};
    buf_add_str(&left, rest);
    buf_free(&auditing->line);
    auditing->line = left;
    return left.failed ? -ENOMEM : 0;
}

static int verify_centre(struct auditing *auditing)
{
    const struct cli *cli = auditing->cli;
    struct buf path = {0};
    buf_add_c(&path, "/api/v1/lake/verify");
    if (cli->settings.day) {
        buf_add_c(&path, "?day=");
        client_escape(str_from_c(cli->settings.day), &path);
    }
    buf_add_byte(&path, '\0');
    int code = path.failed ? EXIT_BROKEN
                           : centre_fetch(cli, "GET", path.ptr, STR(""), take_bytes, auditing);
    if (code == EXIT_DONE && !auditing->done) {
        cli_complain(cli, "the centre's answer ends in the middle");
        code = EXIT_BROKEN;
    }
    if (code == EXIT_DONE)
        print_report(&auditing->report);
    if (code == EXIT_DONE && auditing->report.faults) {
        cli_complain(cli, "the lake is not what the journal says");
        code = EXIT_REFUSED;
    }
    buf_free(&path);
    buf_free(&auditing->line);
    return code;
}

static int verify(const struct cli *cli)
{
    struct auditing auditing = {.cli = cli};
    return cli->settings.to_url ? verify_centre(&auditing) : verify_folder(&auditing);
}

static const char *const options[] = {
    LAKE_FOLDER_OPTIONS, CENTRE_CLIENT_OPTIONS, "ledger", "public-key", "day", NULL};

const struct command cmd_lake_verify = {
    .name = "lake verify",
    .about = "Prove that the lake has what was stored, by the signed journal.",
    .prose =
        "The hash of every event and the root of every block are computed anew and compared with "
        "the roots in the journal, whose chain and signatures are checked before. What was "
        "changed, removed or added is named, and the exit code is 4. What retention and `jaga "
        "lake drop` took is in the journal, too. `jaga verify event` proves a single event.\n"
        "A folder's journal is checked with --public-key, from a copy kept elsewhere, where "
        "it is given.",
    .options = options,
    .run = verify,
};
