/*
 * attack: the names of MITRE ATT&CK: tactics in the order of the matrix, techniques and their
 * tactics. Read from content/attack/enterprise.csv; immutable, all its memory is one arena.
 *
 *     tactics[]     Reconnaissance … Impact          (bit i of technique.tactics is tactics[i])
 *     techniques[]  T1059 ◀─parent─ T1059.001
 *     renamed       T1562.001 ─▶ T1685               (what older versions called it)
 */
#ifndef JAGA_SIGMA_ATTACK_H
#define JAGA_SIGMA_ATTACK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"

#define ATTACK_TACTICS_MAX 32
#define ATTACK_TECHNIQUES_MAX 65536
#define ATTACK_ID_MAX 10            /* "T1059.001" and its NUL */
#define ATTACK_BYTES_MAX (8u << 20) /* memory of the table */

struct attack_tactic {
    struct str id;   /* TA0001 */
    struct str tag;  /* initial-access */
    struct str name; /* Initial Access */
};

struct attack_technique {
    struct str id;    /* T1059.001 */
    struct str name;  /* PowerShell */
    uint32_t parent;  /* index of T1059; of a technique itself: MAP_NONE */
    uint32_t tactics; /* bits; a sub-technique has those of its parent */
};

struct attack {
    struct arena arena;
    struct str version; /* "19.2" */
    VEC(struct attack_tactic) tactics;
    VEC(struct attack_technique) techniques; /* by id, ascending */
    struct map ids;                          /* id of a technique or an older one → index */
    struct map tags;                         /* tag of a tactic or an older one → index */
};

/* Reads the table (the text is copied). 0, -EINVAL with line and reason in *err, or -ENOMEM. */
int attack_read(struct attack *attack, struct str csv, struct err *err);
void attack_free(struct attack *attack);

/*
 * The technique that a tag ("attack.t1059.001", any case) names, as "T1059.001" with a NUL. False
 * when the tag names none. What it says need not exist.
 */
bool attack_tag_technique(struct str tag, char ret_id[static ATTACK_ID_MAX]);

/* The technique of that id, or what stands for it now; NULL: unknown. */
const struct attack_technique *attack_find(const struct attack *attack, struct str id);

/* The index of the tactic that a tag names ("attack.initial-access", with - or _), or MAP_NONE. */
uint32_t attack_tag_tactic(const struct attack *attack, struct str tag);

#endif
