#include "cli/hunt_rules.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/engine.h"

static void free_engine(void *owner)
{
    engine_free(owner);
    free(owner);
}

/* One that is refused refuses all: what is not looked for must not look like what was not found. */
static int check(const struct engine *engine, struct err *err)
{
    if (engine->set.refusals.len) {
        const struct err *wrong = &engine->set.refusals.items[0].err;
        return err_at(err, -EINVAL, wrong->line, wrong->column, "%s", wrong->message);
    }
    return engine->set.rules.len ? 0
                                 : err_set(err, -EINVAL, "there are no rules in what was given");
}

int hunt_rules_make(void *context, struct str text, struct hunt_rules *ret_rules, struct err *err)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return err_set(err, -ENOMEM, "no memory for rules");
    int code = engine_open(engine, context);
    if (code == EXIT_DONE)
        code = engine_read_text(engine, text);
    int status =
        code == EXIT_DONE ? check(engine, err) : err_set(err, -ENOMEM, "the rules can't be read");
    if (status == 0 && engine_compile(engine) != EXIT_DONE)
        status = err_set(err, -ENOMEM, "the rules can't be compiled");
    if (status < 0) {
        free_engine(engine);
        return status;
    }
    *ret_rules = (struct hunt_rules){
        .set = &engine->set,
        .ruleset = engine->ruleset,
        .datasets = engine->datasets,
        .fields = &engine->fields,
        .owner = engine,
        .free = free_engine,
    };
    return 0;
}
