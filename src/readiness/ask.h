/* ask: questions to a centre's interface, and its answers as JSON. */
#ifndef JAGA_READINESS_ASK_H
#define JAGA_READINESS_ASK_H

#include <jansson.h>

#include "ship/client.h"

/*
 * Asks until there is an answer. `body`: JSON, or NULL. *ret_answer, which may be NULL, is the caller's; an answer without a
 * body is JSON null. 0; -EACCES, -ENOENT, -EINVAL or -EIO: what the centre refused, in its own words in *err; or as
 * client_deliver().
 */
int ask(struct client *client, const char *method, const char *path, const char *body,
        json_t **ret_answer, struct err *err);

/* A text, an instant (TIME_UNSET: there is none) and a number of an object. Texts live as long as it. */
struct str ask_text(const json_t *object, const char *name);
int64_t ask_time(const json_t *object, const char *name);
uint64_t ask_number(const json_t *object, const char *name);

#endif
