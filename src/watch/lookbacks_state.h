/*
 * lookbacks_state: what the files of the look-backs share.
 *
 *     lookbacks.c         which rules are new; the thread
 *     lookback_news.c     which indicators are new
 *     lookback_job.c      one look: its windows, newest first, then correlations, then verdicts
 *     lookback_verdict.c  what is there of each agency, and what a look says of it
 */
#ifndef JAGA_WATCH_LOOKBACKS_STATE_H
#define JAGA_WATCH_LOOKBACKS_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "hunt/lookback.h"
#include "intel/news.h"
#include "io/file.h"
#include "sigma/digest.h"
#include "watch/live_state.h"
#include "watch/lookbacks.h"

#define LOOKBACKS_KNOWN                                                                            \
    STR("lookback.rules") /* blob: digests of the rules that have looked, or need not */
#define LOOKBACKS_IMAGE                                                                            \
    STR("lookback.indicators") /* blob: signature of the image whose indicators have looked, or need not; 0: none */
#define LOOKBACKS_INDICATORS "indicators" /* what they are called where rules have ids */
#define LOOKBACKS_INDICATOR                                                                        \
    "indicator "                 /* what one of them is called: "indicator domain evil.example" */
#define LOOKBACKS_LOOK_US 500000 /* between two looks at the ledger */
#define LOOKBACKS_RETRY_US 1000000
#define LOOKBACKS_NICE 10
#define NEWS_LIST_MAX 64 /* name of a list of indicators */

/* What an image of indicators has that the one before it had not. */
struct found_news {
    bool done;                /* it was found out */
    uint64_t before, now;     /* signatures of the images; 0: none */
    char list[NEWS_LIST_MAX]; /* its list, in the folder; empty: nothing is new */
    struct buf row;           /* of the JSON list of rules */
};

struct lookbacks {
    struct lookbacks_options options;
    pthread_t thread;
    bool started;
    struct ledger *ledger; /* of the thread */

    pthread_mutex_t lock;
    pthread_cond_t woken;
    struct ledger *noting;        /* of changed() */
    struct live_version *version; /* the newest; held */
    struct found_news found;      /* by lookbacks_prepare(), for the version that takes over next */
    char running_id[LOOKBACK_ID_MAX]; /* the look that runs; empty: none */
    struct lookback *running;         /* what it is about, that a stop or a cancel ends; or NULL */
    bool cancelled;                   /* the look that runs */
    bool stopping, wake, told;        /* told: changed() has been called */
    bool unsaved;                     /* the version's indicators are not in the folder yet */

    struct lookback_screens *screens;

    _Atomic uint64_t n_done, n_cancelled, n_failed, n_matches, n_candidates, n_lost;
};

/* Indicators of a look: the list of them, mapped. */
struct job_news {
    struct file_map map;
    struct intel_news *news; /* NULL: it has none */
};

/* What the lake has of an agency and a dataset in a day. */
struct job_share {
    struct str day, dataset, agency; /* in the job's arena */
    uint64_t rows;
};

/* first <= time < last */
struct job_window {
    int64_t first, last;
    uint64_t rows; /* that it passes, of datasets that are looked into */
};

/* Matches of a rule in events of an agency, since the last transaction. */
struct job_matches {
    struct str rule, agency;
    uint64_t n;
    int64_t first, last;
};

struct job {
    struct lookbacks *lookbacks;
    struct kept_lookback kept; /* its texts are in the arena */
    struct arena arena;
    struct live_version *version; /* the live's */
    struct live *live;            /* idle: rules, exceptions, folds, the transaction */
    struct lookback *lookback;
    bool *rules;        /* by number: found by the look */
    bool *bases;        /* by number: counted by correlations of the look */
    bool *correlations; /* by number: of the look */
    uint64_t *offsets;
    uint32_t n_offsets;
    bool any_rule, any_correlation;
    bool *all;       /* by number: rules and bases, for verdicts */
    struct str list; /* name of the list of its indicators; empty: it has none */
    struct job_news news;

    VEC(struct job_share) shares;
    VEC(struct job_window) windows; /* newest first */
    VEC(struct job_matches) matches;
    struct map match_ids; /* "rule agency" → matches */
    struct buf text;
    int64_t reached;         /* time of the last event that was handed over */
    uint64_t known;          /* matches that findings had already */
    bool verdicts;           /* the transaction writes them, and ends the look */
    struct spool_batch from; /* whose event is at hand */
};

/* The newest version, held; NULL: there is none yet. */
struct live_version *take_version(struct lookbacks *lookbacks);

/* Runs a look that waits, or goes on with one. 0: it has ended, in the ledger too; -ECANCELED: stop; -errno: later. */
int lookback_job_run(struct lookbacks *lookbacks, struct str id);

/* ---- lookback_news.c ---- */

/*
 * What is new among the indicators of a version; nothing where none is, or on the first start. Where an earlier call of
 * lookbacks_prepare() found it out, that is taken. 0 or -errno. The list is a look's, or is to be discarded.
 */
int news_find(struct lookbacks *lookbacks, const struct live_version *version, bool past,
              struct found_news *ret_found);
void news_discard(const struct lookbacks *lookbacks, struct found_news *found);

/* In the transaction: its indicators are known from now on. */
int news_put(struct lookbacks *lookbacks, const struct live_version *version);

/* Has them in the folder, so that the next start can tell what is new. */
void news_save(struct lookbacks *lookbacks, const struct live_version *version);

/* The list of that name; nothing where the version has no indicators. 0 or the code of *err. */
int news_open(const struct lookbacks *lookbacks, struct str list, const struct intel *intel,
              struct job_news *ret_news, struct err *err);
void news_close(struct job_news *news);

/* The look is done with it. */
void news_remove(const struct lookbacks *lookbacks, struct str list);

/* Before anything looks: removes the lists of looks that were done, or never noted, when the centre was killed. */
void news_sweep(const struct lookbacks *lookbacks, struct ledger *ledger);

/* ---- lookback_verdict.c ---- */

/* What the lake has, and the windows of that. 0 or -ENOMEM. */
int job_read_shares(struct job *job);

/* Notes a match. 0 or -ENOMEM. */
int job_note(struct job *job, struct str rule, struct str agency, int64_t time);

/* The same for an indicator: of all of them, and of this one where there are not too many. */
int job_note_indicator(struct job *job, const struct indicator *indicator, struct str agency,
                       int64_t time);

/* Since the last transaction; what is counted twice counts once. */
uint64_t job_count_matches(const struct job *job);

/* In the transaction: matches since the last one. job_forget() once it is done. */
int job_put_matches(struct job *job, struct ledger *ledger);
void job_forget(struct job *job);

/* In the transaction: what is to be said of each rule and agency. */
int job_put_verdicts(struct job *job, struct ledger *ledger);

#endif
