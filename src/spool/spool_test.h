/*
 * spool_test: what the tests of every engine share: batches made of numbers, appends that are waited for, folders
 * that go away, and the conformance tests themselves.
 */
#ifndef JAGA_SPOOL_SPOOL_TEST_H
#define JAGA_SPOOL_SPOOL_TEST_H

#include "base/test.h"
#include "spool/disk.h"
#include "spool/spool.h"

/* A batch of `n` events "PREFIX-0\n", "PREFIX-1\n" ...; lives until the next call in the same thread. */
struct spool_batch test_batch(const char *prefix, uint32_t n);

/* The same with one event of `len` bytes. */
struct spool_batch test_batch_of_size(uint32_t len);

/* Appends and waits until it is answered: the receipt; its status is also what append refused with. */
struct spool_receipt test_append(const struct spool_ops *ops, struct spool *spool,
                                 uint32_t partition, const struct spool_batch *batch);

/* Appends that are answered later. */
struct test_answers;
struct test_answers *test_answers_new(void);
void test_answers_free(struct test_answers *answers); /* all must be answered */
int test_append_to(struct test_answers *answers, const struct spool_ops *ops, struct spool *spool,
                   uint32_t partition, const struct spool_batch *batch);
/* Waits until `n` are answered; receipt `i` in the order of answers. */
void test_answers_wait(struct test_answers *answers, size_t n);
size_t test_answers_count(struct test_answers *answers);
const struct spool_receipt *test_answer(struct test_answers *answers, size_t i);

/* A new empty folder, and its removal with the files in it. */
const char *test_folder(void);
void test_folder_remove(const char *folder);

struct spool *test_open(const struct spool_ops *ops, const char *place,
                        const struct spool_options *options);

/*
 * A disk that does what the test says: the errno with which its calls fail (0: they work), and a gate that holds
 * every sync while it is shut, so that what is appended meanwhile becomes one group.
 */
extern const struct disk test_disk;
void test_disk_set(int write_error, int sync_error, int reserve_error);
void test_disk_shut(void);
void test_disk_await_sync(void); /* until a sync waits at the shut gate */
void test_disk_open(void);

/* Runs what every engine must pass on places that `make_place` makes. Failures as cmocka counts them. */
int spool_conformance(const struct spool_ops *ops, const char *(*make_place)(void),
                      void (*remove_place)(const char *place));

#endif
