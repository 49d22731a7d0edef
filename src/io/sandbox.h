/*
 * sandbox: what a process gives up before it reads the first hostile byte. From then on
 * it reads the files it was pointed at, writes what is already open, and starts threads; nothing
 * else.
 *
 *     no_new_privs   no more privileges, ever
 *     rlimits        no core dump with evidence in it
 *     Landlock       files: read only, and only beneath the paths given (kernel 5.13)
 *     seccomp        system calls: an allow list; a socket or another program ends the process
 *
 * What the kernel or the container refuses is left out and named in the report: a weaker sandbox is
 * no reason not to look at the evidence. Called once, by the only thread.
 */
#ifndef JAGA_IO_SANDBOX_H
#define JAGA_IO_SANDBOX_H

#include "base/buf.h"

struct sandbox_options {
    const char *const *paths; /* still readable, with all beneath them; NULL-terminated */
};

struct sandbox_report {
    struct buf applied; /* "no_new_privs, no core, Landlock 3, seccomp" */
    struct buf missing; /* "seccomp (Operation not permitted)"; empty: nothing */
    bool open;          /* neither files nor system calls are restricted, though they should be */
};

/* Enters; what could not be had is in the report, whose buffers the caller frees. */
void sandbox_enter(const struct sandbox_options *options, struct sandbox_report *ret_report);

#endif
