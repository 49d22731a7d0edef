/*
 * rule: Sigma rules as trees (Sigma specification 2.1.0: rules, correlations,
 * filters). A set is read from YAML texts, linked once, and then immutable; all
 * its memory is one arena. Modifiers, wildcards, escapes and placeholders are resolved when
 * read, so that the tree holds nothing but boolean nodes over predicates.
 *
 *     sigma_set ─▶ rules[] ─┬▶ selections[] {name, node ─▶ OR ─▶ PREDICATE Image endswith ..}
 *                           └▶ condition ─▶ AND ─┬▶ REF selection
 *                                                └▶ NOT ─▶ REF filter
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
#define SIGMA_DEPTH_MAX 64        /* of a condition: brackets and nots within each other */
#define SIGMA_TREE_DEPTH_MAX 512  /* of a whole tree: what the two limits above allow */
#define SIGMA_EXPANSION_MAX 20000 /* alternatives that one value's modifiers may make of it */
#define SIGMA_FILTERS_MAX 64      /* filters that one rule may have */
#define SIGMA_CHAIN_MAX 16        /* correlations over correlations over .. */
#define SIGMA_SOURCES_MAX 1000    /* rules of one correlation */
#define SIGMA_MEMORY_MAX ((size_t)4 << 30) /* bytes of a set */
#define SIGMA_FILE_MAX (4u << 20)          /* bytes of one rule file */

/*
 * What a predicate tests. "Text" below compares without case unless the predicate is `cased`
 * (Unicode simple case folding). A value that is null or an empty list or map has no text and is
 * no number: only NULL and EXISTS can hold for it.
 */
enum sigma_op {
    SIGMA_EXACT,    /* the whole text equals `text` */
    SIGMA_PREFIX,   /* ... starts with it */
    SIGMA_SUFFIX,   /* ... ends with it */
    SIGMA_CONTAINS, /* ... contains it */
    SIGMA_WILDCARD, /* ... matches `parts`, anchored at both ends; one ANY_RUN alone: any text */
    SIGMA_REGEX,    /* `text` is found in the value (not anchored), by `regex_flags` alone */
    SIGMA_CIDR,     /* the value is an address in `address`/`prefix_bits` */
    /*
     * The value is a number equal to `number`, or its text is `text`, the rule's spelling. Numbers
     * too large for a double to be exact are SIGMA_EXACT.
     */
    SIGMA_NUMBER,
    SIGMA_LESS, /* the value is a number in this relation to `number` */
    SIGMA_LESS_EQUAL,
    SIGMA_GREATER,
    SIGMA_GREATER_EQUAL,
    SIGMA_BOOL,        /* the text is "true" (`number` 1) or "false" (0) */
    SIGMA_NULL,        /* the field is absent, or all its values are null */
    SIGMA_EMPTY,       /* the text is empty, but there */
    SIGMA_EXISTS,      /* the field is there, whatever its value (`number` 1), or not (0) */
    SIGMA_FIELD_EQUAL, /* the text equals that of a value of the field `text` */
    SIGMA_FIELD_PREFIX,
    SIGMA_FIELD_SUFFIX,
    SIGMA_FIELD_CONTAINS,
    SIGMA_TIME_PART, /* `time_part` (UTC) of the value, an instant, is `number_op` `number` */
};

#define SIGMA_EXACT_NUMBER_MAX 9007199254740992.0 /* 2^53; a SIGMA_NUMBER is below it */

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
 * One test of one field. A field with several values passes when any of them does (NULL, and
 * EXISTS 0, when none speaks against it). On an absent field everything but those two is false.
 *
 * An empty field name is a keyword: the event passes when the text of any of its values does. Its
 * op is CONTAINS, WILDCARD (which then begins and ends with ANY_RUN) or REGEX.
 *
 * `text` and literals are valid UTF-8 and, unless `cased`, case-folded: fold values before
 * comparing. REGEX text and field names are as the rule spells them.
 */
struct sigma_predicate {
    enum sigma_op op;
    bool cased;
    uint8_t regex_flags;
    uint8_t prefix_bits;
    bool ipv6;
    uint8_t address[16]; /* network order; IPv4 in the first four */
    enum sigma_time_part time_part;
    enum sigma_op number_op; /* of SIGMA_TIME_PART: NUMBER, LESS .. GREATER_EQUAL */
    double number;
    struct str field; /* without spaces: events' names have none either */
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

/* A tree; nodes are immutable and may be shared. Depth: at most SIGMA_TREE_DEPTH_MAX. */
struct sigma_node {
    enum sigma_node_kind kind;
    uint32_t line; /* in the rule's file, for explain */
    uint32_t count;
    uint32_t index;                    /* REF: which selection; in a correlation, which source */
    struct sigma_node **children;      /* AND, OR: count of them, at least one; NOT: one */
    struct sigma_predicate *predicate; /* PREDICATE */
    struct sigma_selection *selection; /* REF in a rule: &rule->selections[index] */
};

struct sigma_selection {
    struct str name;
    struct sigma_node *node; /* never REF */
    uint32_t line;
    bool used; /* the condition refers to it */
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
    struct str description, status, author, date, modified, license, taxonomy;
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
    uint32_t id_line;  /* where its id stands; documents of one `action: global` share it */
};

struct sigma_rule {
    struct sigma_meta meta;
    uint32_t number; /* its index in sigma_set.rules, once linked */
    struct logsource logsource;
    struct sigma_selection *selections; /* also those of its filters */
    uint32_t n_selections;
    struct sigma_node *condition; /* several conditions are their OR; filters are already applied */
    struct str condition_text;    /* several: joined by " or "; without the filters */
    uint32_t n_filters;           /* applied to it */
    bool generate;                /* a match is a finding; false where only correlations use it */
    bool derived;  /* made out of another document's legacy aggregation: no document of its own */
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

/*
 * What comes true depends on the type: EVENT_COUNT bounds the number of events, VALUE_COUNT that
 * of distinct values of `fields` (taken together), TEMPORAL and TEMPORAL_ORDERED that of distinct
 * sources seen, the others the sum, average, percentile or median of the field's numbers.
 */
struct sigma_correlation {
    struct sigma_meta meta;
    uint32_t number; /* its index in sigma_set.correlations, once linked */
    enum sigma_correlation_type type;
    struct sigma_source *sources; /* in the order of `rules`; none is there twice */
    uint32_t n_sources;
    struct sigma_group_field *group_by;
    uint32_t n_group_by;
    int64_t timespan_us;
    struct sigma_bound *bounds; /* temporal types: none unless the document says some */
    uint32_t n_bounds;
    /*
     * Temporal types: the extended condition, REF nodes being sources by
     * `index`. NULL, and no bounds either: all sources.
     */
    struct sigma_node *expression;
    struct str expression_text;
    struct str *fields; /* VALUE_*: counted or summed fields */
    uint32_t n_fields;
    double percentile; /* VALUE_PERCENTILE: 0 to 100 */
    bool generate;     /* coming true is a finding; false where only other correlations use it */
};

/* A filter that was taken; what it says is in the conditions of the rules it was applied to. */
struct sigma_filter {
    struct sigma_meta meta;
    struct logsource logsource;
    bool any;           /* it is for every rule of its logsource */
    uint32_t n_rules;   /* it was applied to */
    uint32_t n_unknown; /* rules that it names and that are not there, or not of its logsource */
};

/* A document that was not taken, and why. */
struct sigma_refusal {
    struct str origin;
    struct str title; /* may be empty */
    struct str id;    /* may be empty */
    struct err err;
};

/*
 * The counters add up: n_documents + n_derived + n_unfit = rules + correlations + filters + refusals.
 */
struct sigma_set {
    struct arena arena;
    VEC(struct sigma_rule *) rules;
    VEC(struct sigma_correlation *) correlations; /* each after those it counts, once linked */
    VEC(struct sigma_refusal) refusals;
    VEC(struct sigma_filter) filters;
    uint32_t n_documents;
    uint32_t n_derived; /* rules made out of legacy aggregations, beside their correlation */
    uint32_t n_unfit;   /* rules that the matcher refused later; they are in `rules` too */
    uint32_t n_other;   /* documents that are no rule at all, not counted above */
    struct sigma_reader *reader; /* working state until sigma_set_link() */
};

/* Returns 0 or -ENOMEM. */
int sigma_set_init(struct sigma_set *set);
void sigma_set_free(struct sigma_set *set);

/*
 * Placeholders for `expand`: a YAML map name → value or list of values, or the same under
 * `vars:`. Values may hold wildcards. Before the first sigma_set_add(); a name given again
 * replaces the earlier one. Returns 0, or a code with *err filled.
 */
int sigma_set_placeholders(struct sigma_set *set, struct str yaml, struct err *err);

/*
 * Reads every document of one rule file. What can't be taken is added to refusals.
 * Returns 0, or -ENOMEM. `origin` and `yaml` are copied where needed. Order matters: of two
 * documents with the same id the later one is refused.
 */
int sigma_set_add(struct sigma_set *set, struct str yaml, struct str origin);

/*
 * Applies filters, resolves correlations, refuses what stays unresolved and doubled ids. Once,
 * after the last sigma_set_add(). Returns 0 or -ENOMEM.
 */
int sigma_set_link(struct sigma_set *set);

/* A filter to be asked about matches by itself, of rules that it is not applied to. */
struct sigma_alone_filter {
    struct sigma_meta meta;
    struct logsource logsource;   /* of the rules it is for; empty parts: any */
    bool any;                     /* for every rule of the logsource; else for these: */
    const struct str *references; /* ids or names */
    uint32_t n_references;
    const struct sigma_node *condition; /* false: it takes the match away (sigma_eval_node()) */
};

/* The first filter read into a set, before sigma_set_link(). Lives as long as the set. -ENOENT; -ENOMEM. */
int sigma_set_filter(struct sigma_set *set, struct sigma_alone_filter *ret_filter);

/* Is it for that rule, of whatever set? */
bool sigma_filter_for(const struct sigma_alone_filter *filter, const struct sigma_rule *rule);

const char *sigma_level_name(enum sigma_level level); /* "high"; "" for none */
bool sigma_level_parse(struct str text, enum sigma_level *ret_level);

#endif
