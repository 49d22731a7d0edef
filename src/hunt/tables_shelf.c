#include "hunt/tables_shelf.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct issue {
    struct tables *tables;
    uint32_t holders; /* hunts, and the shelf where it is the newest */
    struct issue *older;
};

struct tables_shelf {
    pthread_mutex_t lock;
    struct issue *newest;
};

static struct issue *issue_new(struct tables *tables, struct issue *older)
{
    struct issue *issue = malloc(sizeof(*issue));
    if (issue)
        *issue = (struct issue){tables, 1, older};
    return issue;
}

struct tables_shelf *tables_shelf_new(struct tables *tables)
{
    struct tables_shelf *shelf = calloc(1, sizeof(*shelf));
    struct issue *issue = issue_new(tables, NULL);
    if (!shelf || !issue) {
        free(shelf);
        free(issue);
        return NULL;
    }
    pthread_mutex_init(&shelf->lock, NULL);
    shelf->newest = issue;
    return shelf;
}

/* Under the lock. */
static void let_go(struct tables_shelf *shelf, const struct tables *tables)
{
    struct issue **place = &shelf->newest;
    while ((*place)->tables != tables)
        place = &(*place)->older;
    struct issue *issue = *place;
    if (--issue->holders > 0)
        return;
    *place = issue->older;
    tables_free(issue->tables);
    free(issue);
}

void tables_shelf_free(struct tables_shelf *shelf)
{
    if (!shelf)
        return;
    let_go(shelf, shelf->newest->tables);
    pthread_mutex_destroy(&shelf->lock);
    free(shelf);
}

int tables_shelf_put(struct tables_shelf *shelf, struct tables *tables)
{
    pthread_mutex_lock(&shelf->lock);
    struct issue *before = shelf->newest, *issue = issue_new(tables, before);
    if (issue) {
        shelf->newest = issue;
        let_go(shelf, before->tables);
    }
    pthread_mutex_unlock(&shelf->lock);
    return issue ? 0 : -ENOMEM;
}

const struct tables *tables_shelf_take(struct tables_shelf *shelf)
{
    pthread_mutex_lock(&shelf->lock);
    struct issue *issue = shelf->newest;
    issue->holders++;
    pthread_mutex_unlock(&shelf->lock);
    return issue->tables;
}

void tables_shelf_give(struct tables_shelf *shelf, const struct tables *tables)
{
    if (!tables)
        return;
    pthread_mutex_lock(&shelf->lock);
    let_go(shelf, tables);
    pthread_mutex_unlock(&shelf->lock);
}
