/*
 * config: the centre's one configuration file, YAML. Settings are the options of `jaga serve` by their
 * names; the command line goes before them. Beside them stand the agencies and their sources:
 *
 *     listen: [0.0.0.0:8443]
 *     fold: 30m
 *     agencies:
 *       - name: health
 *         level: medium                 findings below are not wanted
 *         without: [attack.t1033]       ids, tags or titles of rules
 *     sources:
 *       - agency: health
 *         source: dns
 *         expect: 5m                    silent past this
 *         peer: [10.1.0.0/16]           syslog senders that need no certificate
 *         certificate: [dns1.health.gov.example]
 *         rate: 5000                    events per second
 *     retention:                        of the lake; the first that fits says it
 *       - agency: health                any, where it is not said
 *         dataset: windows_sysmon       the same
 *         days: 400                     for ever, where it is not said
 *         size: 2T                      of all that it fits; no limit, where it is not said
 */
#ifndef JAGA_CLI_CONFIG_H
#define JAGA_CLI_CONFIG_H

#include "base/arena.h"
#include "cli/options.h"

#define CONFIG_SIZE_MAX (4u << 20)
#define CONFIG_AGENCIES_MAX 10000
#define CONFIG_SOURCES_MAX 100000
#define CONFIG_RETENTION_MAX 10000

struct config_agency {
    struct str name, title;
    uint8_t level;             /* enum sigma_level; 0: any */
    const struct str *without; /* rules */
    size_t n_without;
};

struct config_source {
    struct str agency;
    struct str source; /* empty: all of the agency, each by its own name */
    int64_t expect_us; /* 0: not declared */
    uint64_t rate;     /* events per second; 0: no limit */
    const struct str *peers, *certificates;
    size_t n_peers, n_certificates;
    uint32_t line;
};

struct config_retention {
    struct str agency, dataset; /* empty: any */
    uint32_t days;              /* 0: for ever */
    uint64_t size;              /* bytes; 0: no limit */
    uint32_t line;
};

/* Everything lives in the arena. */
struct config {
    struct arena arena;
    struct config_agency *agencies;
    struct config_source *sources;
    struct config_retention *retention;
    size_t n_agencies, n_sources, n_retention;
};

/*
 * Reads the text of a file. Settings that the command line has not given are set; `taken` (ended by
 * NULL) names those a file may have. 0, or -EINVAL, -E2BIG, -ENOMEM with the place in *err; then settings may
 * hold some of it. The config outlives the settings.
 */
int config_parse(struct str text, const char *const *taken, struct settings *settings,
                 struct config *ret_config, struct err *err);
void config_free(struct config *config);

#endif
