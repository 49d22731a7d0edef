/*
 * audit_names: names of the numbers in audit records (linux/audit.h, and the system call
 * tables of Linux 6.1).
 */
#ifndef JAGA_PARSE_AUDIT_NAMES_H
#define JAGA_PARSE_AUDIT_NAMES_H

#include "base/str.h"

/* "1300" → "SYSCALL"; an empty str for a number without a name here. Lives for ever. */
struct str audit_type_name(struct str number);

/* arch "c000003e" (x86-64) or "c00000b7" (AArch64) and "59" → "execve"; empty as above. */
struct str audit_syscall_name(struct str arch, struct str number);

#endif
