/* The entry points: choice of the instruction set, plans, and threads over tiles. */
#include "kernel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32 /* on Windows everything runs on the calling thread for now */
#include <pthread.h>
#endif

#define TILE_COLUMNS 512 /* keeps the rows of all layers in the second cache */
#define STRIP_ROWS_MIN 8
#define THREADS_MAX 256

static const iqlut_isa *const isas[] = {
    &iqlut_isa_portable,
#ifdef IQLUT_NEON
    &iqlut_isa_neon,
#endif
#ifdef IQLUT_X86
    &iqlut_isa_avx2,
    &iqlut_isa_avx512,
    &iqlut_isa_avx512vnni,
#endif
};
enum { ISA_COUNT = sizeof isas / sizeof *isas };

static int runs_here(const iqlut_isa *isa) {
#ifdef IQLUT_X86
    __builtin_cpu_init();
    if (isa == &iqlut_isa_avx2) return __builtin_cpu_supports("avx2");
    const int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (isa == &iqlut_isa_avx512) return avx512;
    if (isa == &iqlut_isa_avx512vnni)
        return avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
#endif
#ifdef IQLUT_NEON
    if (isa == &iqlut_isa_neon) return 1; /* every AArch64 has it */
#endif
    return isa == &iqlut_isa_portable;
}

const char *iqlut_instruction_set(int index) {
    for (int i = 0; i < ISA_COUNT; i++)
        if (runs_here(isas[i]) && index-- == 0) return isas[i]->name;
    return NULL;
}

static const iqlut_isa *find_isa(const char *name) {
    const iqlut_isa *found = NULL;
    for (int i = 0; i < ISA_COUNT; i++)
        if (runs_here(isas[i]) && (!name || !strcmp(name, isas[i]->name))) found = isas[i];
    return found;
}

/* The address that calloc gave is kept in front of the aligned one. */
void *iqlut_allocate(size_t bytes) {
    char *raw = calloc(1, bytes + ALIGNMENT + sizeof(void *));
    if (!raw) return NULL;
    const uintptr_t aligned = ((uintptr_t)raw + sizeof(void *) + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    memcpy((char *)aligned - sizeof(void *), &raw, sizeof(void *));
    return (void *)aligned;
}

void iqlut_release(void *memory) {
    void *raw = NULL;
    if (memory) memcpy(&raw, (char *)memory - sizeof(void *), sizeof(void *));
    free(raw);
}

iqlut_plan *iqlut_plan_create(const iqlut_tables *tables, const char *isa_name) {
    const iqlut_isa *isa = find_isa(isa_name);
    iqlut_plan *plan = isa ? calloc(1, sizeof *plan) : NULL;
    if (!plan) return NULL;
    plan->isa = isa;
    plan->scale = tables->scale;
    plan->layer_count = tables->layer_count;
    plan->layers = iqlut_allocate((size_t)tables->layer_count * sizeof *plan->layers);
    int failed = !plan->layers;
    for (int l = 0; l < tables->layer_count && !failed; l++)
        failed = iqlut_pack(&plan->layers[l], &tables->layers[l], isa);
    if (!failed) return plan;
    iqlut_plan_free(plan);
    return NULL;
}

void iqlut_plan_free(iqlut_plan *plan) {
    if (!plan) return;
    for (int l = 0; plan->layers && l < plan->layer_count; l++) iqlut_release(plan->layers[l].rows);
    iqlut_release(plan->layers);
    iqlut_release(atomic_load(&plan->spare));
    free(plan);
}

const char *iqlut_plan_isa(const iqlut_plan *plan) { return plan->isa->name; }

/* The tiles of a plane, `across` in each of `down` strips, and the next one that nobody works on. */
typedef struct {
    iqlut_job job;
    int64_t across, down;
    _Atomic int64_t next;
    size_t workspace_bytes; /* of each thread */
    uint8_t *workspaces;
} work;

typedef struct {
    work *work;
    int index;
} worker;

/* Where part `part` of `parts` nearly equal parts of `size` begins. */
static int64_t cut(int64_t size, int64_t part, int64_t parts) {
    const int64_t rest = size % parts;
    return size / parts * part + (part < rest ? part : rest);
}

static void *run(void *argument) {
    const worker *self = argument;
    work *w = self->work;
    const iqlut_job *job = &w->job;
    for (int64_t n; (n = atomic_fetch_add(&w->next, 1)) < w->across * w->down;) {
        const int64_t strip = n / w->across, column = n % w->across;
        iqlut_upscale_tile(job, w->workspaces + (size_t)self->index * w->workspace_bytes,
                           cut(job->picture.h, strip, w->down), cut(job->picture.h, strip + 1, w->down),
                           cut(job->picture.w, column, w->across), cut(job->picture.w, column + 1, w->across));
    }
    return NULL;
}

/* Runs `threads` workers, the first on the calling thread; if one cannot be started, the others do its share. */
static void run_all(work *w, int threads) {
#ifdef _WIN32
    (void)threads;
    run(&(worker){w, 0});
#else
    worker workers[THREADS_MAX];
    pthread_t handles[THREADS_MAX];
    int started = 1;
    for (; started < threads; started++) {
        workers[started] = (worker){w, started};
        if (pthread_create(&handles[started], NULL, run, &workers[started])) break;
    }
    run(&(worker){w, 0});
    for (int i = 1; i < started; i++) pthread_join(handles[i], NULL);
#endif
}

/* A workspace block starts with its size. Zeroed once, so that rounding up never reads what was never written. */
static uint8_t *take_workspaces(iqlut_plan *plan, size_t bytes) {
    uint8_t *spare = atomic_exchange(&plan->spare, NULL);
    size_t have = 0;
    if (spare) memcpy(&have, spare, sizeof have);
    if (have >= bytes) return spare;
    iqlut_release(spare);
    uint8_t *fresh = iqlut_allocate(ALIGNMENT + bytes);
    if (fresh) memcpy(fresh, &bytes, sizeof bytes);
    return fresh;
}

int iqlut_upscale(iqlut_plan *plan, const iqlut_picture *picture, uint8_t *out, int64_t out_stride, int threads) {
    const int64_t h = picture->h, w = picture->w;
    work all = {.job = {plan, *picture, out, out_stride}};
    if (h < 1 || w < 1) return 0;
    threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    all.across = (w + TILE_COLUMNS - 1) / TILE_COLUMNS;
    all.down = (h + STRIP_ROWS_MIN - 1) / STRIP_ROWS_MIN;
    all.down = all.down < threads ? all.down : threads;
    if (all.across * all.down < threads) threads = (int)(all.across * all.down);
    all.workspace_bytes = iqlut_workspace_bytes(&all.job, (int)((w + all.across - 1) / all.across));
    uint8_t *block = take_workspaces(plan, all.workspace_bytes * (size_t)threads);
    if (!block) return -1;
    all.workspaces = block + ALIGNMENT;
    run_all(&all, threads);
    iqlut_release(atomic_exchange(&plan->spare, block));
    return 0;
}
