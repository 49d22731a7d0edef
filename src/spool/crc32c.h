/*
 * crc32c: the CRC-32C of iSCSI (Castagnoli; RFC 3720 section 12.1), by the processor's instruction where it has
 * one (SSE 4.2, ARMv8 CRC), found out at run time, and by table elsewhere. Pure; safe from any thread.
 */
#ifndef JAGA_SPOOL_CRC32C_H
#define JAGA_SPOOL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t len);

/* The same without the processor's help: what the other is tested against. */
uint32_t crc32c_by_table(const void *bytes, size_t len);

#endif
