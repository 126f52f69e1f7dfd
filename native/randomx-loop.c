// The plainest hash loop on librandomx: what p2p-miner's own loop is measured against.
//
// usage: randomx-loop [--key HEX] [--cpus LIST] [--flags N] [--memory full|light] [--pages huge|thp|normal]
//
// LIST names one logical CPU per thread ("0,1"); N is a sum of RANDOMX_FLAG_* values, by default the recommended ones.
// Commands come line by line on stdin, and every command answers with one JSON object on stdout:
//
//   dataset         releases the dataset, allocates it and computes all items   { "datasetSeconds": s }
//   hash SECONDS    hashes on all threads for that long    { "hashes": n, "seconds": s, "hashrate": h }
//
// `hash` in full mode builds the dataset first when there is none. The program ends with its input.
#define _GNU_SOURCE
#include <ctype.h>
#include <pthread.h>
#include <randomx.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_THREADS = 1024, MAX_KEY = 60, BLOB_SIZE = 76, NONCE_OFFSET = 39 };

static const size_t huge_page = 2 << 20;

enum pages { PAGES_HUGE, PAGES_TRANSPARENT, PAGES_NORMAL };

struct worker {
    pthread_t thread;
    int index;
    randomx_vm *vm;
    uint64_t hashes;
    double seconds;
};

static randomx_flags flags;
static enum pages pages = PAGES_NORMAL;
static bool full = true;
static unsigned char key[MAX_KEY];
static size_t key_size = 32;
static int cpus[MAX_THREADS];
static int thread_count = 1;

static randomx_cache *cache;
static randomx_dataset *dataset;
static struct worker workers[MAX_THREADS];
static pthread_barrier_t start_line;
static atomic_bool stop;

static void fail(const char *what) {
    fprintf(stderr, "randomx-loop: %s\n", what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static randomx_flags memory_flag(void) {
    return pages == PAGES_HUGE ? RANDOMX_FLAG_LARGE_PAGES : RANDOMX_FLAG_DEFAULT;
}

// Asks for transparent huge pages behind every large private mapping. The library hides where its cache and scratchpads
// are, so it looks at the whole process; right after an allocation nothing in it has been touched yet.
static void advise_huge_pages(void) {
    if (pages != PAGES_TRANSPARENT)
        return;
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps)
        return;
    char line[512];
    while (fgets(line, sizeof line, maps)) {
        uintptr_t start, end;
        char access[5];
        unsigned long inode;
        if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &start, &end, access, &inode) == 4 && !strcmp(access, "rw-p") &&
            inode == 0 && end - start >= huge_page)
            madvise((void *)start, end - start, MADV_HUGEPAGE);
    }
    fclose(maps);
}

// The kilobytes of this process that huge pages of either kind back.
static unsigned long huge_kilobytes(void) {
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
    if (!rollup)
        return 0;
    char line[256];
    unsigned long value, sum = 0;
    while (fgets(line, sizeof line, rollup))
        if (sscanf(line, "AnonHugePages: %lu", &value) == 1 || sscanf(line, "Private_Hugetlb: %lu", &value) == 1)
            sum += value;
    fclose(rollup);
    return sum;
}

static void pin(int index) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpus[index], &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
        fail("cannot pin a thread; name CPUs of this machine with --cpus");
}

static void run_on_all(void *(*work)(void *)) {
    for (int i = 0; i < thread_count; i++) {
        workers[i].index = i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            fail("cannot start a thread");
    }
    for (int i = 0; i < thread_count; i++)
        pthread_join(workers[i].thread, NULL);
}

static void *fill_part(void *argument) {
    struct worker *self = argument;
    pin(self->index);
    unsigned long items = randomx_dataset_item_count();
    unsigned long first = items * (unsigned long)self->index / (unsigned long)thread_count;
    unsigned long end = items * ((unsigned long)self->index + 1) / (unsigned long)thread_count;
    randomx_init_dataset(dataset, cache, first, end - first);
    return NULL;
}

static void destroy_vms(void) {
    for (int i = 0; i < thread_count; i++) {
        if (workers[i].vm)
            randomx_destroy_vm(workers[i].vm);
        workers[i].vm = NULL;
    }
}

static double build_dataset(void) {
    destroy_vms();
    if (dataset)
        randomx_release_dataset(dataset);
    double start = now();
    dataset = randomx_alloc_dataset(memory_flag());
    if (!dataset)
        fail("cannot allocate the dataset; use --pages normal, or reserve huge pages");
    advise_huge_pages();
    run_on_all(fill_part);
    return now() - start;
}

static void create_vms(void) {
    randomx_flags vm_flags = flags | memory_flag() | (full ? RANDOMX_FLAG_FULL_MEM : RANDOMX_FLAG_DEFAULT);
    for (int i = 0; i < thread_count; i++) {
        workers[i].vm = randomx_create_vm(vm_flags, full ? NULL : cache, full ? dataset : NULL);
        if (!workers[i].vm)
            fail("cannot create a virtual machine with these flags");
    }
    advise_huge_pages();
}

static void set_nonce(unsigned char *blob, uint32_t nonce) {
    for (int i = 0; i < 4; i++)
        blob[NONCE_OFFSET + i] = (unsigned char)(nonce >> (8 * i));
}

static void *hash_until_stopped(void *argument) {
    struct worker *self = argument;
    pin(self->index);
    unsigned char blob[BLOB_SIZE] = {0};
    unsigned char hash[RANDOMX_HASH_SIZE];
    uint32_t nonce = (uint32_t)self->index << 24;
    uint64_t hashes = 0;
    blob[0] = 16;

    pthread_barrier_wait(&start_line);
    double start = now();
    set_nonce(blob, nonce++);
    randomx_calculate_hash_first(self->vm, blob, sizeof blob);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        set_nonce(blob, nonce++);
        randomx_calculate_hash_next(self->vm, blob, sizeof blob, hash);
        hashes++;
    }
    randomx_calculate_hash_last(self->vm, hash);
    self->hashes = hashes + 1;
    self->seconds = now() - start;
    return NULL;
}

static void *stop_after(void *seconds) {
    pthread_barrier_wait(&start_line);
    double rest = *(double *)seconds;
    struct timespec span = {(time_t)rest, (long)((rest - (double)(time_t)rest) * 1e9)};
    nanosleep(&span, NULL);
    atomic_store(&stop, true);
    return NULL;
}

static void hash_for(double seconds) {
    if (full && !dataset)
        build_dataset();
    if (!workers[0].vm)
        create_vms();
    pthread_t timer;
    atomic_store(&stop, false);
    pthread_barrier_init(&start_line, NULL, (unsigned)thread_count + 1);
    if (pthread_create(&timer, NULL, stop_after, &seconds) != 0)
        fail("cannot start a thread");
    run_on_all(hash_until_stopped);
    pthread_join(timer, NULL);
    pthread_barrier_destroy(&start_line);

    uint64_t hashes = 0;
    double rate = 0, longest = 0;
    for (int i = 0; i < thread_count; i++) {
        hashes += workers[i].hashes;
        rate += (double)workers[i].hashes / workers[i].seconds;
        longest = workers[i].seconds > longest ? workers[i].seconds : longest;
    }
    printf("{ \"hashes\": %llu, \"seconds\": %.4f, \"hashrate\": %.3f, \"hugePageKiB\": %lu }\n",
           (unsigned long long)hashes, longest, rate, huge_kilobytes());
}

static void parse_key(const char *hex) {
    key_size = strlen(hex) / 2;
    if (strlen(hex) % 2 || key_size < 1 || key_size > MAX_KEY)
        fail("--key takes 1 to 60 bytes in hex");
    for (size_t i = 0; i < key_size; i++) {
        unsigned value;
        if (!isxdigit((unsigned char)hex[2 * i]) || sscanf(hex + 2 * i, "%2x", &value) != 1)
            fail("--key takes 1 to 60 bytes in hex");
        key[i] = (unsigned char)value;
    }
}

static void parse_cpus(const char *list) {
    thread_count = 0;
    while (*list) {
        char *end;
        long cpu = strtol(list, &end, 10);
        if (end == list || cpu < 0 || cpu >= CPU_SETSIZE || thread_count == MAX_THREADS || (*end && *end != ','))
            fail("--cpus takes CPU numbers with commas between them, one per thread");
        cpus[thread_count++] = (int)cpu;
        list = *end ? end + 1 : end;
    }
    if (thread_count == 0)
        fail("--cpus takes CPU numbers with commas between them, one per thread");
}

static void parse_arguments(int count, char **arguments) {
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : "";
        if (!strcmp(name, "--key"))
            parse_key(value);
        else if (!strcmp(name, "--cpus"))
            parse_cpus(value);
        else if (!strcmp(name, "--flags"))
            flags = (randomx_flags)strtoul(value, NULL, 10);
        else if (!strcmp(name, "--memory") && (!strcmp(value, "full") || !strcmp(value, "light")))
            full = !strcmp(value, "full");
        else if (!strcmp(name, "--pages") && !strcmp(value, "huge"))
            pages = PAGES_HUGE;
        else if (!strcmp(name, "--pages") && !strcmp(value, "thp"))
            pages = PAGES_TRANSPARENT;
        else if (!strcmp(name, "--pages") && !strcmp(value, "normal"))
            pages = PAGES_NORMAL;
        else
            fail("unknown option; usage: [--key HEX] [--cpus LIST] [--flags N] [--memory full|light] [--pages huge|thp|normal]");
    }
}

int main(int count, char **arguments) {
    flags = randomx_get_flags();
    parse_arguments(count, arguments);
    setvbuf(stdout, NULL, _IOLBF, 0);

    cache = randomx_alloc_cache(flags | memory_flag());
    if (!cache)
        fail("cannot allocate the cache; use --pages normal, or reserve huge pages");
    advise_huge_pages();
    randomx_init_cache(cache, key, key_size);

    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        double seconds;
        if (sscanf(line, "hash %lf", &seconds) == 1 && seconds > 0 && seconds <= 3600)
            hash_for(seconds);
        else if (full && !strncmp(line, "dataset", 7)) {
            double built = build_dataset();
            printf("{ \"datasetSeconds\": %.4f, \"hugePageKiB\": %lu }\n", built, huge_kilobytes());
        } else
            fail("commands: 'hash SECONDS' (at most 3600) and, with --memory full, 'dataset'");
    }
    destroy_vms();
    if (dataset)
        randomx_release_dataset(dataset);
    randomx_release_cache(cache);
    return 0;
}
