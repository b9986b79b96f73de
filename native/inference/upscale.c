/* A call: its tiles, and the threads that take them. */
#include <stdatomic.h>
#include <string.h>

#include "../shared/threads.h"
#include "plan.h"

#define TILE_COLUMNS 512 /* keeps the rows of all layers in the L2 cache */
#define STRIP_ROWS_MIN 8

/* The tiles of a call, `across` in each of `down` strips, and the next one that nobody works on. */
typedef struct {
    iqlut_job job;
    int64_t across, down;
    _Atomic int64_t next;
    size_t workspace_bytes; /* of each thread */
    uint8_t *workspaces;
} tiling;

/* Where section `index` of `sections` nearly equal ones of `size` begins. */
static int64_t cut(int64_t size, int64_t index, int64_t sections) {
    const int64_t rest = size % sections;
    return size / sections * index + (index < rest ? index : rest);
}

static void take_tiles(void *shared, int index) {
    tiling *t = shared;
    uint8_t *workspace = t->workspaces + (size_t)index * t->workspace_bytes;
    const int64_t h = t->job.picture.h, w = t->job.picture.w;
    int64_t n;
    while (!iqlut_stopped(&t->job) && (n = atomic_fetch_add(&t->next, 1)) < t->across * t->down) {
        const int64_t strip = n / t->across, column = n % t->across;
        const iqlut_rectangle tile = {cut(h, strip, t->down), cut(h, strip + 1, t->down),
                                      cut(w, column, t->across), cut(w, column + 1, t->across)};
        iqlut_upscale_tile(&t->job, workspace, &tile);
    }
}

/* A workspace starts with its size. It is zeroed once, so that rounding up never reads what was
 * never written. */
static uint8_t *take_workspaces(iqlut_plan *plan, size_t bytes) {
    uint8_t *spare = atomic_exchange(&plan->spare, NULL);
    size_t have = 0;
    if (spare) memcpy(&have, spare, sizeof have);
    if (have >= bytes) return spare;
    iqlut_release(spare);
    uint8_t *fresh = iqlut_allocate_zeroed(IQLUT_LINE + bytes);
    if (fresh) memcpy(fresh, &bytes, sizeof bytes);
    return fresh;
}

int iqlut_upscale(iqlut_plan *plan, const iqlut_picture *picture, const iqlut_result *result,
                  int threads, const volatile int32_t *stop) {
    const int64_t h = picture->h, w = picture->w;
    tiling all = {.job = {plan, *picture, *result, stop}};
    if (picture->channels != 1 && picture->channels != 3 && picture->channels != 4)
        return IQLUT_BAD_PICTURE_CHANNELS;
    if (h < 1 || w < 1) return IQLUT_OK;
    if (plan->tables) return iqlut_reference(&all.job);
    all.across = (w + TILE_COLUMNS - 1) / TILE_COLUMNS;
    all.down = (h + STRIP_ROWS_MIN - 1) / STRIP_ROWS_MIN;
    threads = iqlut_useful_threads(threads, IQLUT_THREADS_MAX);
    all.down = all.down < threads ? all.down : threads;
    if (all.across * all.down < threads) threads = (int)(all.across * all.down);
    all.workspace_bytes = iqlut_workspace_bytes(&all.job, (int)((w + all.across - 1) / all.across));
    uint8_t *block = take_workspaces(plan, all.workspace_bytes * (size_t)threads);
    if (!block) return IQLUT_NO_MEMORY;
    all.workspaces = block + IQLUT_LINE;
    iqlut_run_threads(threads, take_tiles, &all);
    iqlut_release(atomic_exchange(&plan->spare, block));
    return iqlut_stopped(&all.job) ? IQLUT_STOPPED : IQLUT_OK;
}
