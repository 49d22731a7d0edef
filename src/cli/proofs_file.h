/* proofs_file: the file of proofs beside an export (watch/proofs.h), read back. */
#ifndef JAGA_CLI_PROOFS_FILE_H
#define JAGA_CLI_PROOFS_FILE_H

#include "watch/proofs.h"

#define PROOFS_LINE_MEMORY ((size_t)1 << 30) /* of what one line says */

/* Its name is that of the export, and this. */
#define PROOFS_FILE_ENDING ".proofs"

/*
 * Reads all of it into *proofs, which is new. 0, or the code of *err, which has the line: -EINVAL: it is no such file, or
 * not all of it; -EBADMSG: what it says does not hold.
 */
int proofs_read(struct str text, struct proofs *proofs, struct err *err);

#endif
