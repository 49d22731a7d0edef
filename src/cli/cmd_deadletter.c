/* jaga deadletter list, show, replay: what a running centre has rejected, over its interface. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/centre_client.h"

#define PAGE "1000" /* letters asked for at once */

/* The number that the command line names. False: complained. */
static bool read_offset(const struct cli *cli, const char *argument, uint64_t *ret_offset)
{
    struct str text = str_from_c(argument);
    if (str_to_u64(text, ret_offset) == 0)
        return true;
    cli_complain(cli, "'%.*s' is no number of a dead letter", STR_ARG(text));
    return false;
}

/* ---- list ---- */

static int print_letter(const json_t *letter)
{
    char *line = json_dumps(letter, JSON_COMPACT);
    if (!line)
        return -ENOMEM;
    int status = puts(line) < 0 ? -EPIPE : 0;
    free(line);
    return status;
}

/* One page; *offset is where the next one begins. 1: there may be more; 0: no; or an error, told. */
static int list_page(const struct cli *cli, uint64_t *offset, int *ret_code)
{
    char path[128];
    size_t i;
    json_t *letter;
    int status = 0;
    snprintf(path, sizeof(path), "/api/v1/deadletters?limit=" PAGE "&offset=%llu",
             (unsigned long long)*offset);
    json_t *answer = centre_ask(cli, "GET", path, STR(""), ret_code);
    if (!answer)
        return -EIO;
    json_array_foreach(json_object_get(answer, "letters"), i, letter)
    {
        if (status == 0)
            status = print_letter(letter);
    }
    json_int_t next = json_integer_value(json_object_get(answer, "next"));
    if (status < 0)
        *ret_code = EXIT_BROKEN;
    else if (next > (json_int_t)*offset)
        status = 1;
    *offset = (uint64_t)next;
    json_decref(answer);
    return status;
}

static int list(const struct cli *cli)
{
    uint64_t offset = 0;
    int code = EXIT_DONE, status;
    if (!centre_is_named(cli))
        return EXIT_USAGE;
    do {
        status = list_page(cli, &offset, &code);
    } while (status > 0);
    return status < 0 ? code : EXIT_DONE;
}

/* ---- show ---- */

/* The bytes that the letter has, exactly. 0, -EBADMSG or -ENOMEM. */
static int letter_bytes(const json_t *letter, struct buf *out)
{
    const json_t *base64 = json_object_get(letter, "base64");
    const json_t *event = json_object_get(letter, "event");
    size_t len = json_string_length(base64), n = 0;
    if (!json_is_string(base64)) {
        buf_add(out, json_string_value(event), json_string_length(event));
        return out->failed ? -ENOMEM : 0;
    }
    char *end = buf_reserve(out, len);
    if (!end)
        return -ENOMEM;
    if (sodium_base642bin((unsigned char *)end, len, json_string_value(base64), len, NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return -EBADMSG;
    out->len += n;
    return 0;
}

static int show(const struct cli *cli)
{
    uint64_t offset;
    char path[128];
    struct buf bytes = {0};
    int code;
    if (!centre_is_named(cli) || !read_offset(cli, cli->settings.paths.items[0], &offset))
        return EXIT_USAGE;
    snprintf(path, sizeof(path), "/api/v1/deadletters?limit=1&offset=%llu",
             (unsigned long long)offset);
    json_t *answer = centre_ask(cli, "GET", path, STR(""), &code);
    if (!answer)
        return code;
    code = EXIT_DONE;
    const json_t *letter = json_array_get(json_object_get(answer, "letters"), 0);
    if (!letter || (uint64_t)json_integer_value(json_object_get(letter, "offset")) != offset) {
        cli_complain(cli, "there is no dead letter %llu", (unsigned long long)offset);
        code = EXIT_REFUSED;
    } else if (letter_bytes(letter, &bytes) < 0 ||
               fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len) {
        cli_complain(cli, "the dead letter cannot be written");
        code = EXIT_BROKEN;
    }
    buf_free(&bytes);
    json_decref(answer);
    return code;
}

/* ---- replay ---- */

static int replay(const struct cli *cli)
{
    int worst = EXIT_DONE;
    if (!centre_is_named(cli))
        return EXIT_USAGE;
    for (size_t i = 0; i < cli->settings.paths.len; i++) {
        uint64_t offset;
        char path[128];
        int code;
        if (!read_offset(cli, cli->settings.paths.items[i], &offset))
            return EXIT_USAGE;
        snprintf(path, sizeof(path), "/api/v1/deadletters/%llu/replay", (unsigned long long)offset);
        json_t *answer = centre_ask(cli, "POST", path, STR(""), &code);
        if (answer)
            printf("%llu is stored as %lld.%lld\n", (unsigned long long)offset,
                   (long long)json_integer_value(json_object_get(answer, "partition")),
                   (long long)json_integer_value(json_object_get(answer, "offset")));
        worst = answer || worst != EXIT_DONE ? worst : code;
        json_decref(answer);
    }
    return worst;
}

/* ---- rows ---- */

static const char *const options[] = {"ship:to",  "token-file", "ca", "fingerprint",
                                      "insecure", "quiet",      NULL};

#define PROSE                                                                                      \
    "Dead letters are what the doors of a centre took and found malformed: each is kept with its " \
    "reason and who sent it. The token is a reader's, who sees its agencies, or for replay an "    \
    "administrator's.\n"

const struct command cmd_deadletter_list = {
    .name = "deadletter list",
    .about = "List what a running centre has rejected, a JSON object a line, oldest first.",
    .prose = PROSE,
    .options = options,
    .run = list,
};

const struct command cmd_deadletter_show = {
    .name = "deadletter show",
    .arguments = "NUMBER",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Write the bytes of a dead letter, exactly.",
    .prose = PROSE "NUMBER is the offset that the list says.",
    .options = options,
    .run = show,
};

const struct command cmd_deadletter_replay = {
    .name = "deadletter replay",
    .arguments = "NUMBER...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Send dead letters through the doors again, as the source they were from.",
    .prose = PROSE "A letter that is still malformed is refused and stays; so does one that is "
                   "stored, and to send it twice stores it twice.",
    .options = options,
    .run = replay,
};
