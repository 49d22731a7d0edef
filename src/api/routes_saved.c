/* Saved hunts: what there is and how it went, keeping one, changing it, and running it. */
#include <errno.h>

#include "api/members.h"
#include "api/rest.h"
#include "api/saved_hunts.h"
#include "base/map.h"
#include "base/time.h"
#include "base/vec.h"

#define HUNT_MEMORY_MAX ((size_t)16 << 20) /* of one that is read for a list */

static bool has_hunts(struct api_request *request)
{
    if (request_options(request)->schedule)
        return true;
    request_problem(request, 404, "this centre keeps no events to hunt in");
    return false;
}

/* ---- one, by its id or the name of its file ---- */

static bool copy_kept(struct arena *arena, struct kept_hunt *kept)
{
    kept->id = arena_copy(arena, kept->id);
    kept->owner = arena_copy(arena, kept->owner);
    kept->agencies = arena_copy(arena, kept->agencies);
    kept->text = arena_copy(arena, kept->text);
    return kept->id.ptr && kept->owner.ptr && kept->agencies.ptr && kept->text.ptr;
}

bool saved_view_find(struct api_request *request, struct str id, struct saved_view *ret_view)
{
    struct arena *arena = request_arena(request);
    struct err err = {0};
    *ret_view = (struct saved_view){0};
    if (!has_hunts(request))
        return false;
    ret_view->hunt = saved_set_find(request_options(request)->saved_hunts, id);
    if (ret_view->hunt)
        return true;
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return false;
    int status = kept_hunt_get(ledger, request_scope(request), id, &ret_view->kept);
    if (status < 0) {
        request_ledger_problem(request, status);
        return false;
    }
    /* It was checked when it was saved; tables may have changed since, which running it says. */
    if (copy_kept(arena, &ret_view->kept) &&
        saved_read(arena, ret_view->kept.text, NULL, &ret_view->hunt, &err) == 0)
        return true;
    request_problem(request, 503, "the hunt can't be read: %s", err.message);
    return false;
}

/* ---- as JSON ---- */

static void write_words(struct buf *out, const char *key, const struct saved_words *words)
{
    member_key(out, key);
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < words->len; i++) {
        member_comma(out);
        buf_add_json(out, words->items[i].text);
    }
    buf_add_byte(out, ']');
}

/* The members that a list and a single one have. `kept` NULL: shipped. */
static void write_hunt(struct buf *out, const struct saved_hunt *hunt, const struct kept_hunt *kept)
{
    member_str(out, "id", hunt->id);
    member_str(out, "title", hunt->title);
    member_c(out, "level", sigma_level_name(hunt->level));
    write_words(out, "attack", &hunt->attack);
    member_u64(out, "every", (uint64_t)(hunt->every_us / TIME_SECOND_US));
    member_c(out, "scope", hunt->central ? "centre" : "agency");
    member_bool(out, "finding", hunt->finds);
    member_str(out, "origin", kept ? STR("") : hunt->origin);
    member_str(out, "owner", kept ? kept->owner : STR(""));
    member_str(out, "agencies", kept ? kept->agencies : STR("*"));
    member_time(out, "changed", kept ? kept->changed : TIME_UNSET);
}

/* ---- how their last runs went, over the caller's agencies ---- */

struct outcomes {
    uint64_t n[HUNT_FAILED + 1];
    int64_t ended; /* of the latest */
};

struct tally {
    struct arena *arena;
    struct map hunts; /* id ─▶ place in `outcomes` */
    VEC(struct outcomes) outcomes;
};

static int count_run(void *context, const struct hunt_run *run)
{
    struct tally *tally = context;
    uint32_t place = map_get(&tally->hunts, run->hunt);
    if (place == MAP_NONE) {
        struct str id = arena_copy(tally->arena, run->hunt);
        place = (uint32_t)tally->outcomes.len;
        if (!id.ptr || vec_push(&tally->outcomes, ((struct outcomes){.ended = TIME_UNSET})) < 0 ||
            map_put(&tally->hunts, id, place) < 0)
            return -ENOMEM;
    }
    struct outcomes *outcomes = &tally->outcomes.items[place];
    outcomes->n[run->outcome]++;
    outcomes->ended = run->ended > outcomes->ended ? run->ended : outcomes->ended;
    return 0;
}

static void write_outcomes(const struct tally *tally, struct str id, struct buf *out)
{
    struct outcomes none = {.ended = TIME_UNSET};
    uint32_t place = map_get(&tally->hunts, id);
    const struct outcomes *outcomes = place == MAP_NONE ? &none : &tally->outcomes.items[place];
    member_key(out, "outcomes");
    buf_add_byte(out, '{');
    for (unsigned i = 0; i <= HUNT_FAILED; i++)
        member_u64(out, hunt_outcome_name((enum hunt_outcome)i), outcomes->n[i]);
    buf_add_byte(out, '}');
    member_time(out, "ended", outcomes->ended);
}

/* ---- the list ---- */

struct listing {
    struct buf *out;
    struct tally tally;
    struct arena arena; /* of the hunt at hand */
};

static int list_hunt(struct listing *listing, const struct saved_hunt *hunt,
                     const struct kept_hunt *kept)
{
    member_row_begin(listing->out);
    write_hunt(listing->out, hunt, kept);
    write_outcomes(&listing->tally, hunt->id, listing->out);
    return member_row_end(listing->out);
}

static int list_kept(void *context, const struct kept_hunt *kept)
{
    struct listing *listing = context;
    const struct saved_hunt *hunt;
    struct err err = {0};
    arena_reset(&listing->arena);
    int status = saved_read(&listing->arena, kept->text, NULL, &hunt, &err);
    return status < 0 ? status : list_hunt(listing, hunt, kept);
}

static void handle_list(struct api_request *request)
{
    struct ledger *ledger = has_hunts(request) ? request_ledger(request) : NULL;
    if (!ledger)
        return;
    const struct saved_set *set = request_options(request)->saved_hunts;
    struct buf json = {0};
    struct listing listing = {.out = &json, .tally = {.arena = request_arena(request)}};
    arena_init(&listing.arena, HUNT_MEMORY_MAX);
    rest_list_begin(&json, "hunts");
    int status = hunt_run_list(ledger, request_scope(request), STR(""), count_run, &listing.tally);
    for (size_t i = 0; status == 0 && i < saved_set_count(set); i++)
        status = list_hunt(&listing, saved_set_get(set, i), NULL);
    if (status == 0)
        status = kept_hunt_list(ledger, request_scope(request), list_kept, &listing);
    rest_list_reply(request, status, &json);
    arena_free(&listing.arena);
    map_free(&listing.tally.hunts);
    vec_free(&listing.tally.outcomes);
}

/* ---- one ---- */

static int add_run(void *context, const struct hunt_run *run)
{
    struct buf *out = context;
    member_row_begin(out);
    member_str(out, "agency", run->agency);
    member_c(out, "outcome", hunt_outcome_name(run->outcome));
    member_time(out, "due", run->due);
    member_time(out, "ended", run->ended);
    member_u64(out, "time_us", (uint64_t)run->time_us);
    member_u64(out, "rows", run->rows);
    member_u64(out, "findings", run->findings);
    member_str(out, "problem", run->problem);
    return member_row_end(out);
}

static void write_parameters(struct buf *out, const struct saved_hunt *hunt)
{
    struct buf value = {0};
    member_key(out, "parameters");
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < hunt->n_parameters; i++) {
        const struct kql_parameter *parameter = &hunt->parameters[i];
        buf_clear(&value);
        kql_print_expr(&value, parameter->value);
        member_row_begin(out);
        member_str(out, "name", parameter->name.text);
        member_c(out, "type", tables_type_name(parameter->type));
        member_str(out, "default", buf_str(&value));
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, ']');
    out->failed |= value.failed;
    buf_free(&value);
}

static void reply_hunt(struct api_request *request, const struct saved_view *view)
{
    struct ledger *ledger = request_ledger(request);
    const struct saved_hunt *hunt = view->hunt;
    struct buf json = {0};
    if (!ledger)
        return;
    buf_add_byte(&json, '{');
    write_hunt(&json, hunt, view->kept.id.len ? &view->kept : NULL);
    member_str(&json, "description", hunt->description);
    member_str(&json, "author", hunt->author);
    member_str(&json, "date", hunt->date);
    write_words(&json, "tables", &hunt->tables);
    write_words(&json, "falsepositives", &hunt->falsepositives);
    write_words(&json, "references", &hunt->references);
    write_parameters(&json, hunt);
    member_str(&json, "text", hunt->text);
    member_key(&json, "runs");
    buf_add_byte(&json, '[');
    int status = hunt_run_list(ledger, request_scope(request), hunt->id, add_run, &json);
    buf_add_c(&json, "]}");
    if (status < 0)
        request_ledger_problem(request, status);
    else
        request_reply_json(request, 200, &json);
    buf_free(&json);
}

static void handle_one(struct api_request *request)
{
    struct saved_view view;
    if (saved_view_find(request, request_segment(request, 0), &view))
        reply_hunt(request, &view);
}

/* ---- changes ---- */

static bool is_admin(const struct api_request *request)
{
    return request_grant(request)->role == TOKEN_ADMIN;
}

/* The agencies of the caller, as a text. */
static struct str own_agencies(struct api_request *request)
{
    const struct ledger_scope *scope = request_scope(request);
    struct buf text = {0};
    for (size_t i = 0; !scope->all && i < scope->n; i++) {
        buf_add_c(&text, i ? "," : "");
        buf_add_str(&text, scope->agencies[i]);
    }
    struct str copy = arena_copy(request_arena(request), scope->all ? STR("*") : buf_str(&text));
    buf_free(&text);
    return copy;
}

/* The text as a hunt. False: a problem was replied. */
static bool read_text(struct api_request *request, struct str text,
                      const struct saved_hunt **ret_hunt)
{
    const struct api_options *options = request_options(request);
    struct err err = {0};
    int status = saved_read(request_arena(request), text, options->attack, ret_hunt, &err);
    if (status == 0) {
        const struct tables *tables = tables_shelf_take(options->hunt_tables);
        status = saved_check(*ret_hunt, tables, &err);
        tables_shelf_give(options->hunt_tables, tables);
    }
    if (status < 0 && err.line)
        request_problem(request, 400, "line %u, column %u: %s", err.line, err.column, err.message);
    else if (status < 0)
        request_problem(request, status == -ENOMEM ? 503 : 400, "%s", err.message);
    return status == 0;
}

/*
 * {"text": ..., "agencies": ...} of the body. Whoever only reads keeps hunts for the own agencies, to be run by hand: a
 * schedule takes the centre's time, and findings are everybody's.
 */
static bool read_hunt(struct api_request *request, struct saved_view *ret_view)
{
    struct kept_hunt *kept = &ret_view->kept;
    *ret_view = (struct saved_view){0};
    const struct rest_member members[] = {
        {"text", .ret_text = &kept->text}, {"agencies", .ret_text = &kept->agencies}, {0}};
    if (!rest_body_read(request, members) || !read_text(request, kept->text, &ret_view->hunt))
        return false;
    kept->id = ret_view->hunt->id;
    kept->owner = request_grant(request)->id;
    if (kept->agencies.len == 0)
        kept->agencies = own_agencies(request);
    if (!kept_hunt_in_scope(request_scope(request), kept->agencies)) {
        request_problem(request, 403, "the token does not see all of these agencies");
        return false;
    }
    if (!is_admin(request) && (ret_view->hunt->every_us || ret_view->hunt->finds)) {
        request_problem(request, 403,
                        "'every' and 'finding' are an administrator's: without them, the hunt can "
                        "be kept and run by hand");
        return false;
    }
    if (!saved_set_find(request_options(request)->saved_hunts, kept->id))
        return true;
    request_problem(request, 409, "the id '%.64s' means a hunt that is shipped", kept->id.ptr);
    return false;
}

static void handle_add(struct api_request *request)
{
    struct saved_view view;
    struct buf json = {0};
    if (!has_hunts(request) || !read_hunt(request, &view))
        return;
    struct ledger *ledger = rest_change_begin(request, "hunt.add");
    if (!ledger || !rest_change_end(request, ledger, kept_hunt_add(ledger, &view.kept)))
        return;
    buf_add_byte(&json, '{');
    member_str(&json, "id", view.kept.id);
    member_str(&json, "agencies", view.kept.agencies);
    buf_add_byte(&json, '}');
    request_reply_json(request, 201, &json);
    buf_free(&json);
}

/* May the caller change it? False: a problem was replied. */
static bool find_own(struct api_request *request, struct saved_view *ret_view)
{
    if (!saved_view_find(request, request_segment(request, 0), ret_view))
        return false;
    if (ret_view->kept.id.len == 0)
        request_problem(request, 403,
                        "the hunt is shipped, or in a file: it can't be changed here");
    else if (!is_admin(request) && !str_eq(ret_view->kept.owner, request_grant(request)->id))
        request_problem(request, 403, "the hunt is somebody else's");
    else
        return true;
    return false;
}

static void handle_change(struct api_request *request)
{
    struct saved_view before, view, kept;
    if (!find_own(request, &before) || !read_hunt(request, &view))
        return;
    if (!str_eq(view.kept.id, before.kept.id)) {
        request_problem(request, 400, "the text is of another hunt: its id is '%.64s'",
                        view.kept.id.ptr);
        return;
    }
    struct ledger *ledger = rest_change_begin(request, "hunt.change");
    if (!ledger)
        return;
    int status = kept_hunt_change(ledger, request_scope(request), &view.kept);
    if (rest_change_end(request, ledger, status) && saved_view_find(request, view.kept.id, &kept))
        reply_hunt(request, &kept);
}

static void handle_remove(struct api_request *request)
{
    struct saved_view view;
    if (!find_own(request, &view))
        return;
    struct ledger *ledger = rest_change_begin(request, "hunt.remove");
    if (!ledger)
        return;
    int status = kept_hunt_remove(ledger, request_scope(request), view.kept.id);
    if (rest_change_end(request, ledger, status))
        request_reply(request, 204, NULL, STR(""));
}

/* ---- runs ---- */

static void handle_run(struct api_request *request)
{
    struct saved_view view;
    if (!saved_view_find(request, request_segment(request, 0), &view))
        return;
    int status = schedule_ask(request_options(request)->schedule, view.hunt->id);
    if (status < 0) {
        request_set_header(request, "Retry-After", "30");
        request_problem(request, status == -EAGAIN ? 429 : 503, "too many hunts wait to be run");
        return;
    }
    request_reply(request, 204, NULL, STR(""));
}

static const struct api_parameter none[] = {{0}};

const struct api_route routes_saved[] = {
    {"GET", "/api/v1/saved-hunts", API_READ, handle_list,
     "Lists saved hunts, those that are shipped and those that are kept, and how they went.", none,
     "SavedHuntList", NULL, NULL},
    {"POST", "/api/v1/saved-hunts", API_READ, handle_add,
     "Keeps a hunt: its file, whose header says what it is for. One that is scheduled or makes "
     "findings is an administrator's.",
     none, "NewSavedHunt", "SavedHuntRequest", NULL},
    {"POST", "/api/v1/saved-hunts/{id}/run", API_ADMIN, handle_run,
     "Runs a hunt for every agency soon, and makes its rows findings. To see its rows: POST "
     "/api/v1/hunts with its id.",
     none, NULL, NULL, NULL},
    {"GET", "/api/v1/saved-hunts/{id}", API_READ, handle_one,
     "A saved hunt with its text, its parameters, and its last run for each agency.", none,
     "SavedHuntDetail", NULL, NULL},
    {"PUT", "/api/v1/saved-hunts/{id}", API_READ, handle_change,
     "Changes a hunt that is the caller's own, or, for an administrator, any that is kept.", none,
     "SavedHuntDetail", "SavedHuntRequest", NULL},
    {"DELETE", "/api/v1/saved-hunts/{id}", API_READ, handle_remove,
     "Removes a hunt that is kept; its findings stay.", none, NULL, NULL, NULL},
    {0},
};
