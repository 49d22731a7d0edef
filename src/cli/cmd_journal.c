/* jaga journal verify, list: what was done, and the proof that nobody has changed it. */
#include <errno.h>

#include "base/time.h"
#include "cli/cli.h"
#include "cli/data_folder.h"
#include "ledger/journal.h"

static int verify(const struct cli *cli)
{
    struct journal_report report = {0};
    struct err err;
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    int status = journal_verify(ledger, cli->settings.public_key, &report, &err);
    if (status < 0) {
        cli_complain(cli, "%s", err.message);
        code = status == -EINVAL                      ? EXIT_USAGE
               : status == -EBADMSG && report.bad_seq ? EXIT_REFUSED
                                                      : EXIT_BROKEN;
    } else {
        printf("%llu entries, whole; %llu signatures", (unsigned long long)report.entries,
               (unsigned long long)report.signatures);
        if (report.signatures)
            printf(" by %s, the last on entry %llu", report.key,
                   (unsigned long long)report.unsigned_after);
        printf("\n");
    }
    ledger_close(ledger);
    return code;
}

static int print_entry(void *context, const struct journal_entry *entry)
{
    struct buf out = {0};
    char time[TIME_TEXT_MAX];
    time_format(entry->time, time);
    *(uint64_t *)context = entry->seq;
    buf_printf(&out, "{\"seq\":%llu,\"time\":\"%s\",\"time_us\":%lld,\"actor\":",
               (unsigned long long)entry->seq, time, (long long)entry->time);
    buf_add_json(&out, entry->actor);
    buf_add_c(&out, ",\"action\":");
    buf_add_json(&out, entry->action);
    buf_add_c(&out, ",\"body\":");
    buf_add_json(&out, entry->body);
    buf_add_c(&out, ",\"hash\":\"");
    for (size_t i = 0; i < JOURNAL_HASH; i++)
        buf_printf(&out, "%02x", entry->hash[i]);
    buf_add_c(&out, "\"}\n");
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
    return ferror(stdout) ? -EPIPE : 0;
}

#define PAGE 1000 /* entries read at a time: a slow reader of ours does not hold the ledger */

static int list(const struct cli *cli)
{
    uint64_t after = cli->settings.after, before;
    int status, code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    do {
        before = after;
        status = journal_list(ledger, after, PAGE, print_entry, &after);
    } while (status == 0 && after != before && !*cli->stop);
    if (status < 0 && !ferror(stdout)) {
        cli_complain(cli, "%s", ledger_problem(ledger));
        code = EXIT_BROKEN;
    }
    ledger_close(ledger);
    return code;
}

static const char *const verify_options[] = {"data", "public-key", NULL};
static const char *const list_options[] = {"data", "after", NULL};

const struct command cmd_journal_verify = {
    .name = "journal verify",
    .about = "Prove that the journal is as it was written: every hash, every signature.",
    .prose = "When an entry was changed, moved or taken away, it is named and the exit code is 4. "
             "Entries behind the last signature are proved only to fit together. A copy of the "
             "public key, kept elsewhere and given with --public-key, proves who has signed.",
    .options = verify_options,
    .run = verify,
};

const struct command cmd_journal_list = {
    .name = "journal list",
    .about = "Write the journal as JSON lines, with what is needed to check its hashes.",
    .prose =
        "A hash is SHA-256 over \"jaga.journal.2\", the hash before (32 bytes; zeros at "
        "first), seq and time_us (8 bytes each), and the SHA-256 of actor, action and body, "
        "each behind its length (4 bytes); numbers are big-endian. `body` is the text that was "
        "hashed, itself JSON.",
    .options = list_options,
    .run = list,
};
