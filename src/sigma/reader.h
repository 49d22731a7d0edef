/*
 * reader: what the files that turn YAML into rules share; not for others (rule.h is the public
 * face). A document under work refers to the YAML tree of its file, in the scratch arena, and
 * builds its result in the set's arena.
 *
 *     sigma_set_add ─▶ YAML ─▶ actions ─▶ document ─┬▶ meta_read
 *                 (document.c)                      ├▶ rule_read ─▶ selection ─▶ item ─▶ modifiers
 *                                                   │           └▶ condition_read
 *                                                   ├▶ correlation_read
 *                                                   └▶ filter_read
 *     sigma_set_link ─▶ doubled ids ─▶ filters ─▶ correlations          (link.c)
 *
 * All functions here return 0, -ENOMEM, or another negative code with the document's err filled.
 */
#ifndef JAGA_SIGMA_READER_H
#define JAGA_SIGMA_READER_H

#include "base/yaml.h"
#include "sigma/rule.h"

#define SIGMA_SCRATCH_MAX ((size_t)512 << 20) /* bytes of one file's tree and values under work */

/* The values of one placeholder. */
struct placeholder {
    struct str *values;
    uint32_t n_values;
};

/* A reference to a rule or correlation, by id or name. */
struct reference {
    struct str text;
    uint32_t line, column;
    struct sigma_rule *rule; /* known already (legacy aggregations); else NULL until linked */
};

/* An alias of a correlation: what `name` is called in the events of one source. */
struct pending_alias {
    struct str name;
    struct str reference; /* id or name of the source */
    struct str field;
    uint32_t line, column;
};

/* How far the resolution of a correlation has come. */
enum pending_state { PENDING_UNTOUCHED, PENDING_UNDER_WAY, PENDING_TAKEN, PENDING_REFUSED };

struct pending_correlation {
    struct sigma_correlation *correlation;
    struct reference *references; /* become its sources, in this order */
    uint32_t n_references;
    struct str *group_by;
    uint32_t n_group_by;
    struct pending_alias *aliases;
    uint32_t n_aliases;
    bool sources_generate; /* the document's `generate` */
    enum pending_state state;
};

struct pending_filter {
    struct sigma_meta meta;
    struct logsource logsource;
    bool any; /* every rule of the logsource */
    struct reference *references;
    uint32_t n_references;
    struct sigma_selection *selections;
    uint32_t n_selections;
    struct sigma_node *condition;
    bool keywords;
};

/* One document that was taken; exactly one pointer is set. */
struct entry {
    struct sigma_rule *rule;
    struct pending_correlation *correlation;
    struct pending_filter *filter;
};

struct sigma_reader {
    struct arena scratch;
    struct map placeholder_index; /* name → placeholders */
    VEC(struct placeholder) placeholders;
    VEC(struct entry) entries;      /* in the order they were read */
    VEC(struct sigma_node *) stack; /* children waiting for their parent, see node_close() */
};

/* One document under work. */
struct document {
    struct sigma_set *set;
    struct sigma_reader *reader;
    const struct yaml_node *root;
    struct str origin;
    struct err *err;
    uint32_t n_nodes;
    bool keywords;
};

/* set.c: gives back the working state; nothing can be read after it. */
void reader_close(struct sigma_set *set);

/* document.c */

/* Fills the document's err with a place and returns -EINVAL. */
#define document_error(doc, at, ...)                                                               \
    err_at((doc)->err, -EINVAL, (at)->line, (at)->column, __VA_ARGS__)
int document_no_memory(struct document *doc);

/* A copy in the set's arena. */
int document_copy(struct document *doc, struct str text, struct str *ret_copy);

/* A field's name as events have it: without spaces, copied. The one place that says so. */
int document_field_name(struct document *doc, struct str name, struct str *ret_name);

/* A scalar, or a list of scalars, as texts; NULL and null are none. `what` names it in messages. */
int document_texts(struct document *doc, const struct yaml_node *node, const char *what,
                   struct str **ret_texts, uint32_t *ret_count);

/* The same as references; nothing at all is an error. */
int document_references(struct document *doc, const struct yaml_node *node, const char *what,
                        struct reference **ret_references, uint32_t *ret_count);

/* meta.c */
int meta_read(struct document *doc, struct sigma_meta *ret_meta);

/* detection.c */
int logsource_read(struct document *doc, struct logsource *ret_logsource);
int rule_read(struct document *doc);

/*
 * Every selection of a `detection` or `filter` map; the keys `skip` (NULL-terminated) are none.
 */
int selections_read(struct document *doc, const struct yaml_node *map, const char *const *skip,
                    struct sigma_selection **ret_selections, uint32_t *ret_count);

/* node.c */
int sigma_node_new(struct document *doc, enum sigma_node_kind kind, uint32_t line,
                   struct sigma_node **ret_node);

/* Pushes a child that waits for node_close(). */
int node_push(struct document *doc, struct sigma_node *node);

/*
 * AND or OR of the nodes pushed since the stack had `base` entries; a single one stands for
 * itself. At least one must have been pushed.
 */
int node_close(struct document *doc, enum sigma_node_kind kind, size_t base, uint32_t line,
               struct sigma_node **ret_node);
int node_not(struct document *doc, struct sigma_node *child, uint32_t line,
             struct sigma_node **ret_node);

/* item.c: one line of a selection, `field|modifier|..: values`; a NULL key is a keyword list. */
int item_read(struct document *doc, const struct yaml_node *key, const struct yaml_node *value,
              struct sigma_node **ret_node);

/* correlation_read.c, filter.c, legacy.c */
int correlation_read(struct document *doc);
int filter_read(struct document *doc);

/* Reads what stands behind the '|' of an old condition, and adds rule and correlation. */
int legacy_read(struct document *doc, struct sigma_rule *rule, const struct yaml_node *condition,
                struct str aggregation, const struct yaml_node *timeframe);

int document_add_rule(struct document *doc, struct sigma_rule *rule);
int document_add_correlation(struct document *doc, struct pending_correlation *correlation);

/* "15m" in microseconds, by the units of Sigma (s m h d w M y). */
int timespan_read(struct document *doc, const struct yaml_node *node, int64_t *ret_us);

/* link.c: adds a refusal about something that was read before. Returns 0 or -ENOMEM. */
int refuse_meta(struct sigma_set *set, const struct sigma_meta *meta, const struct err *err);
int refuse(struct sigma_set *set, struct str origin, struct str title, struct str id,
           const struct err *err);

/* Does the filter apply to that rule? */
bool filter_fits(const struct pending_filter *filter, const struct sigma_rule *rule);

/* Conjoins the filter to the rule's condition. 0 or -ENOMEM. */
int filter_apply(struct sigma_set *set, const struct pending_filter *filter,
                 struct sigma_rule *rule);

#endif
