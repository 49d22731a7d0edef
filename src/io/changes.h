/*
 * changes: have files changed since? A signature over names, sizes and times of all files beneath a path; cheap enough to
 * be asked every few seconds for thousands of files. What changes within the clock tick of a file system and keeps its
 * size is not seen.
 */
#ifndef JAGA_IO_CHANGES_H
#define JAGA_IO_CHANGES_H

#include <stdint.h>

#define CHANGES_FILES_MAX 1000000 /* files looked at beneath one path */

/* Mixes the state of a file or folder into `signature`; one that is not there counts as a state too. */
uint64_t changes_signature(uint64_t signature, const char *path);

#endif
