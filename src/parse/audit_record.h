/*
 * audit_record: one line of the Linux audit trail, taken apart. auditd.c joins the
 * records of one event; syslog carries single ones (audisp, the kernel's own printk).
 *
 *     node=web1 type=EXECVE msg=audit(1732154400.123:4567): argc=2 a0="cat" a1=2F657463
 *               ──────┬────     ─────────────┬───────────  ──────────────┬──────────────
 *                    type                    id                         body
 */
#ifndef JAGA_PARSE_AUDIT_RECORD_H
#define JAGA_PARSE_AUDIT_RECORD_H

#include "parse/parser.h"

struct audit_record {
    struct str node; /* empty: none */
    struct str type; /* SYSCALL, PATH ...; a number is given its name where it has one */
    struct str id;   /* "1732154400.123:4567" */
    struct str msg;  /* "audit(1732154400.123:4567)" */
    struct str body;
    bool addresses; /* of a SYSCALL that an EXECVE goes with: a0 to a3 are addresses, left out */
};

/* Takes a line apart; false where it is none. Everything points into `line` or into constants. */
bool audit_record_read(struct str line, struct audit_record *ret_record);

/* The instant of an id; TIME_UNSET where it is none. */
int64_t audit_record_time(struct str id);

/*
 * Adds the fields of a record's body: values that the kernel wrote as hex because they may hold
 * anything are decoded (comm, exe, name, cwd, proctitle with spaces between arguments, EXECVE's a0,
 * a1 ...), pieces of a long argument are joined, msg='...' is opened, and a system call that auditd
 * did not name is (SYSCALL). Repeated names are the caller's to mark.
 */
void audit_record_add(struct parser *parser, const struct audit_record *record, unsigned flags);

#endif
