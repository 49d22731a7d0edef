/*
 * rule: Sigma rules as trees (Sigma specification 2.1.0: rules, correlations,
 * filters). A set is read from YAML texts, linked once, and then immutable; all
 * its memory is one arena. Modifiers, wildcards, escapes and placeholders are resolved when
 * read, so that the tree holds nothing but boolean nodes over predicates.
 *
 *     sigma_set ─▶ rules[] ─▶ selections[] {name, node}
 *                          └▶ condition ─▶ AND ─▶ REF selection ─▶ OR ─▶ PREDICATE Image endswith
 * .. └▶ NOT ─▶ REF filter ..
 *
 * A rule is exact or refused: a refusal names file, line, column and reason.
 */
#ifndef JAGA_SIGMA_RULE_H
#define JAGA_SIGMA_RULE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "event/dataset.h"

#define SIGMA_NONE UINT32_MAX
#define SIGMA_NODES_MAX 100000    /* nodes of one rule */
#define SIGMA_DEPTH_MAX 64        /* of a condition */
#define SIGMA_FILE_MAX (4u << 20) /* bytes of one rule file */

enum sigma_op {
    SIGMA_EXACT,    /* the whole value equals `text` */
    SIGMA_PREFIX,   /* ... starts with it */
    SIGMA_SUFFIX,   /* ... ends with it */
    SIGMA_CONTAINS, /* ... contains it */
    SIGMA_WILDCARD, /* matches `parts`, anchored at both ends */
    SIGMA_REGEX,    /* `text` is found in the value (not anchored); `regex_flags` */
    SIGMA_CIDR,     /* the value is an address in `address`/`prefix_bits` */
    SIGMA_NUMBER,   /* the value is a number equal to `number`, or its text equals `text` */
    SIGMA_LESS,
    SIGMA_LESS_EQUAL,
    SIGMA_GREATER,
    SIGMA_GREATER_EQUAL, /* than `number` */
    SIGMA_BOOL,          /* the value is the boolean `number` (0, 1), or its text */
    SIGMA_NULL,          /* the field is absent or null */
    SIGMA_EMPTY,         /* the field is there with the empty string */
    SIGMA_EXISTS,        /* the field is there (`number` 1) or not (0) */
    SIGMA_FIELD_EQUAL,
    SIGMA_FIELD_PREFIX,
    SIGMA_FIELD_SUFFIX,
    SIGMA_FIELD_CONTAINS, /* against the field `text` */
    SIGMA_TIME_PART,      /* the `time_part` of the value, an instant, in `number_op` relation to
                             `number` */
};

enum sigma_time_part {
    SIGMA_MINUTE,
    SIGMA_HOUR,
    SIGMA_DAY,
    SIGMA_WEEK,
    SIGMA_MONTH,
    SIGMA_YEAR,
};

enum sigma_part_kind { SIGMA_LITERAL, SIGMA_ANY_ONE, SIGMA_ANY_RUN };

/* A piece of a wildcard pattern; `?` is one code point, `*` any number. */
struct sigma_part {
    enum sigma_part_kind kind;
    struct str text; /* of a literal; case-folded unless the predicate is cased */
};

enum sigma_regex_flags { SIGMA_RE_NOCASE = 1, SIGMA_RE_MULTILINE = 2, SIGMA_RE_DOTALL = 4 };

/*
 * One test of one field. A field with several values passes when any of them does
 * (NULL, and EXISTS 0, when there is none). An empty field name is a keyword: any
 * value of the event, which SIGMA_CONTAINS or SIGMA_WILDCARD may find in, passes.
 * Text is valid UTF-8 and, unless `cased`, simple-case-folded: fold values before comparing.
 */
struct sigma_predicate {
    enum sigma_op op;
    bool cased;
    uint8_t regex_flags;
    uint8_t prefix_bits;
    bool ipv6;
    uint8_t address[16];
    enum sigma_time_part time_part;
    enum sigma_op number_op; /* of SIGMA_TIME_PART: NUMBER, LESS .. GREATER_EQUAL */
    double number;
    struct str field; /* as the rule spells it */
    struct str text;
    struct sigma_part *parts;
    uint32_t n_parts;
};

enum sigma_node_kind {
    SIGMA_AND,
    SIGMA_OR,
    SIGMA_NOT,
    SIGMA_PREDICATE,
    SIGMA_REF,
    SIGMA_TRUE,
    SIGMA_FALSE
};

struct sigma_node {
    enum sigma_node_kind kind;
    uint32_t line; /* in the rule's file, for explain */
    uint32_t count;
    struct sigma_node **children;      /* AND, OR: count of them; NOT: one */
    struct sigma_predicate *predicate; /* PREDICATE */
    struct sigma_selection *selection; /* REF */
};

struct sigma_selection {
    struct str name;
    struct sigma_node *node;
    uint32_t line;
};

enum sigma_level {
    SIGMA_LEVEL_NONE,
    SIGMA_INFORMATIONAL,
    SIGMA_LOW,
    SIGMA_MEDIUM,
    SIGMA_HIGH,
    SIGMA_CRITICAL
};

/* What a document says about itself; shared by rules, correlations and filters. */
struct sigma_meta {
    struct str id;   /* UUID as written; may be empty */
    struct str name; /* the `name` attribute, for references */
    struct str title;
    struct str description, status, author, date, modified, license;
    struct str *tags;
    uint32_t n_tags;
    struct str *references;
    uint32_t n_references;
    struct str *falsepositives;
    uint32_t n_falsepositives;
    struct str *fields;
    uint32_t n_fields;
    enum sigma_level level;
    struct str origin; /* path of the file */
    uint32_t line;     /* where the document starts */
};

struct sigma_rule {
    struct sigma_meta meta;
    struct logsource logsource;
    struct sigma_selection *selections;
    uint32_t n_selections;
    struct sigma_node *condition; /* several conditions are their OR; filters are already applied */
    struct str condition_text;
    bool generate; /* a match is a finding; false where only correlations use it */
    bool keywords; /* some predicate has no field */
};

enum sigma_correlation_type {
    SIGMA_EVENT_COUNT,
    SIGMA_VALUE_COUNT,
    SIGMA_TEMPORAL,
    SIGMA_TEMPORAL_ORDERED,
    SIGMA_VALUE_SUM,
    SIGMA_VALUE_AVG,
    SIGMA_VALUE_PERCENTILE,
    SIGMA_VALUE_MEDIAN,
};

/* What a correlation counts: a rule, or another correlation. */
struct sigma_source {
    bool correlation;
    uint32_t index; /* in sigma_set.rules or .correlations */
};

/* One field a correlation groups by, and its name in each source (aliases resolved). */
struct sigma_group_field {
    struct str name;
    struct str *by_source; /* n_sources of them */
};

/* One bound of a correlation's condition; all must hold. */
struct sigma_bound {
    enum sigma_op op; /* SIGMA_NUMBER (eq), LESS .. GREATER_EQUAL; neq as `negated` NUMBER */
    bool negated;
    double number;
};

struct sigma_correlation {
    struct sigma_meta meta;
    enum sigma_correlation_type type;
    struct sigma_source *sources; /* each listed rule once, in the rule's order */
    uint32_t n_sources;
    struct sigma_group_field *group_by;
    uint32_t n_group_by;
    int64_t timespan_us;
    struct sigma_bound *bounds;
    uint32_t n_bounds;
    struct sigma_node
        *expression;    /* extended temporal condition over sources: REF nodes; NULL: all of them */
    struct str *fields; /* VALUE_*: counted or summed fields */
    uint32_t n_fields;
    double percentile; /* VALUE_PERCENTILE: 0 to 100 */
    bool generate;     /* sources stay findings of their own */
};

/* A document that was not taken, and why. */
struct sigma_refusal {
    struct str origin;
    struct str title; /* may be empty */
    struct str id;    /* may be empty */
    struct err err;
};

struct sigma_set {
    struct arena arena;
    VEC(struct sigma_rule *) rules;
    VEC(struct sigma_correlation *) correlations;
    VEC(struct sigma_refusal) refusals;
    uint32_t n_documents; /* = rules + correlations + filters + refusals (documents that are no rule
                             at all are counted in n_other) */
    uint32_t n_filters;
    uint32_t n_other;            /* documents without detection, correlation or filter: not rules */
    struct sigma_reader *reader; /* working state until sigma_set_link() */
};

/* Returns 0 or -ENOMEM. */
int sigma_set_init(struct sigma_set *set);
void sigma_set_free(struct sigma_set *set);

/*
 * Placeholders for `expand`: a YAML map name → value or list of values, or the same under
 * `vars:`. Before the first sigma_set_add(). 0, or a code with *err filled.
 */
int sigma_set_placeholders(struct sigma_set *set, struct str yaml, struct err *err);

/*
 * Reads every document of one rule file. What can't be taken is added to refusals.
 * Returns 0, or -ENOMEM. `origin` and `yaml` are copied where needed.
 */
int sigma_set_add(struct sigma_set *set, struct str yaml, struct str origin);

/* Applies filters, resolves correlations, refuses what stays unresolved and doubled ids. 0 or
 * -ENOMEM. */
int sigma_set_link(struct sigma_set *set);

const char *sigma_level_name(enum sigma_level level); /* "high"; "" for none */
bool sigma_level_parse(struct str text, enum sigma_level *ret_level);

#endif
