/*
 * The same events give the same findings, counts and events of findings: in one go, with any number of threads,
 * and however often detection was stopped or killed on the way.
 */
#include "watch/live_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 200
#define END (TEST_START + 20000 * TEST_SECOND)

/* Events of one agency and host: they stay in their partition, so that their order is kept. */
struct made_batch {
    uint32_t partition, n;
    const char *agency;
    int64_t received;
    char lines[2048];
};

static uint64_t rng_state;

static uint32_t random_below(uint32_t n)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)(rng_state >> 33) % n;
}

static void make_batches(struct made_batch *batches)
{
    static const char *const agencies[] = {"moh", "mot"}, *const hosts[] = {"gate", "yard", "dock"};
    static const char *const kinds[] = {"forced", "opened", "failed", "failed", "closed"};
    static const char *const users[] = {"ann", "Ann", "bob", "cid"};
    int64_t time = TEST_START;
    for (uint32_t i = 0; i < BATCHES; i++) {
        struct made_batch *batch = &batches[i];
        uint32_t agency = random_below(2), host = random_below(3);
        size_t len = 0;
        *batch = (struct made_batch){.n = 1 + random_below(6), .agency = agencies[agency]};
        batch->partition = (agency * 3 + host) % TEST_PARTITIONS;
        for (uint32_t k = 0; k < batch->n; k++) {
            int64_t at = time - random_below(40) * TEST_SECOND; /* within the disorder */
            if (random_below(20) == 0)
                at -= 90 * TEST_SECOND; /* too late for correlations */
            len += (size_t)snprintf(
                batch->lines + len, sizeof(batch->lines) - len, "%s",
                test_event(kinds[random_below(5)], hosts[host], users[random_below(4)], at));
            time += random_below(random_below(10) ? 10 : 400) * TEST_SECOND;
        }
        batch->received = time;
    }
}

/* How many batches the spool has. */
static uint32_t count_stored(const struct world *world, const struct made_batch *batches)
{
    uint64_t expected[TEST_PARTITIONS] = {0}, first, next;
    for (uint32_t i = 0; i < BATCHES; i++) {
        uint32_t partition = batches[i].partition;
        spool_local.bounds(world->spool, partition, &first, &next);
        if (expected[partition] >= next)
            return i;
        expected[partition] += batches[i].n;
    }
    return BATCHES;
}

/* Opens the spool; it is the time at which the last batch came. */
static void open_stored(struct world *world, const struct made_batch *batches)
{
    world_open_spool(world);
    uint32_t n = count_stored(world, batches);
    world_set_now(n ? batches[n - 1].received : TEST_START);
}

/* Appends what the spool has not got yet, batch by batch, as time goes by. */
static void append_rest(struct world *world, const struct made_batch *batches, bool slowly)
{
    for (uint32_t i = count_stored(world, batches); i < BATCHES; i++) {
        const struct made_batch *batch = &batches[i];
        world_set_now(batch->received);
        world_append(world, batch->partition, batch->agency, batch->received, batch->lines);
        if (slowly)
            test_nap();
    }
}

static char *findings_of_one_go(const struct made_batch *batches, unsigned threads)
{
    struct world world;
    world_open(&world);
    world.options.threads = threads;
    append_rest(&world, batches, false);
    world_run(&world, END);
    char *findings = world_findings(&world, true);
    world_close(&world);
    return findings;
}

static void the_number_of_threads_does_not_matter(void **state)
{
    (void)state;
    static struct made_batch batches[BATCHES];
    for (uint64_t round = 1; round <= 4; round++) {
        rng_state = round * 0x9e3779b97f4a7c15u;
        make_batches(batches);
        char *one = findings_of_one_go(batches, 1), *four = findings_of_one_go(batches, 4);
        assert_string_equal(one, four);
        assert_true(strlen(one) > 1000); /* else the test would prove little */
        free(one);
        free(four);
    }
}

static void *die_soon(void *context)
{
    struct timespec life = {.tv_nsec = *(long *)context};
    nanosleep(&life, NULL);
    _exit(0);
}

/* In a process of its own: goes on where the last one was killed, and is killed. */
static void run_until_killed(struct world *world, const struct made_batch *batches)
{
    long life_ns = (long)random_below(250000) * 1000;
    pthread_t thread;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) {
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return;
    }
    if (pthread_create(&thread, NULL, die_soon, &life_ns) != 0)
        _exit(1);
    open_stored(world, batches);
    (void)world_start(world);
    append_rest(world, batches, true);
    for (;;)
        pause();
}

/* The same, but told to stop. */
static void run_until_stopped(struct world *world, const struct made_batch *batches)
{
    struct timespec life = {.tv_nsec = (long)random_below(100000) * 1000};
    open_stored(world, batches);
    struct live *live = world_start(world);
    append_rest(world, batches, false);
    nanosleep(&life, NULL);
    live_stop(live);
    world_close_spool(world);
}

static void killed_at_any_moment_it_goes_on_as_if_nothing_had_been(void **state)
{
    (void)state;
    static struct made_batch batches[BATCHES];
    for (uint64_t round = 1; round <= 4; round++) {
        struct world world;
        rng_state = round * 0x9e3779b97f4a7c15u;
        make_batches(batches);
        char *expected = findings_of_one_go(batches, 1);
        world_open(&world);
        world_close_spool(&world);
        for (int kills = 0; kills < 8; kills++) {
            world.options.threads = 1 + random_below(3);
            world.options.snapshot_us = random_below(2) ? 1 : random_below(400000);
            run_until_killed(&world, batches);
        }
        run_until_stopped(&world, batches);
        open_stored(&world, batches);
        append_rest(&world, batches, false);
        world_run(&world, END);
        char *findings = world_findings(&world, true);
        assert_string_equal(findings, expected);
        free(findings);
        free(expected);
        world_close(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(killed_at_any_moment_it_goes_on_as_if_nothing_had_been),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
