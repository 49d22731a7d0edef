/*
 * saved_files: saved hunts as commands and the centre find them: those of the content, then files and folders that
 * --hunts names; and those of a running centre.
 */
#ifndef JAGA_CLI_SAVED_FILES_H
#define JAGA_CLI_SAVED_FILES_H

#include "cli/engine.h"
#include "hunt/saved.h"

/*
 * Reads and checks all of them over the engine's datasets; `engine` has its content and its ATT&CK. EXIT_DONE, or the exit
 * code after saying what is wrong, with its place. saved_set_free() and tables_free() are due in each case.
 */
int saved_files_load(const struct engine *engine, struct tables **ret_tables,
                     struct saved_set **ret_hunts);

/*
 * Reads and checks what is beneath the paths (of folders those that end in .kql) and adds it. *ret_bad counts what was
 * refused, each with its place said.
 */
int saved_files_add(const struct cli *cli, struct saved_set *set, const text_list *paths,
                    const struct attack *attack, const struct tables *tables, uint32_t *ret_bad);

/*
 * Sends a request about a centre's saved hunt (`id` empty: about all) and says what went wrong. `after` follows the id in the
 * path. The exit code.
 */
int saved_send(const struct cli *cli, const char *method, const char *id, const char *after,
               struct str body);

/* An id as it stands in a path (RFC 3986, 2.1). */
void saved_id_add(struct buf *path, struct str id);

#endif
