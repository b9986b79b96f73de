/* Entry points of the training kernel: a patch passes all layers, and back, while it is in the cache; threads share the
 * patches of a batch. */
#include "train.h"

#include "iqlut.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 64
#define LAYERS_MAX 256

/* The fastest kernel that this machine can run, or the one of that name; NULL where there is none. */
static const iqlut_train_kernel *kernel_of(const char *isa) {
#ifdef IQLUT_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && (!isa || !strcmp(isa, "avx512")))
        return &iqlut_train_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && (!isa || !strcmp(isa, "avx2")))
        return &iqlut_train_avx2;
#endif
    return !isa || !strcmp(isa, "portable") ? &iqlut_train_portable : NULL;
}

/* One call's arguments, shared by its threads; thread `index` takes patches index, index + threads, ... */
typedef struct {
    const iqlut_train_batch *batch;
    const iqlut_train_kernel *kernel;
    iqlut_train_table tables[LAYERS_MAX];
    float *residual;               /* where it goes, or NULL */
    const iqlut_train_loss *loss;  /* where gradients come from: this, */
    const float *grad_residual;    /* or this; neither: forward only */
    float *losses;                 /* [patches] */
} call;

/* What a thread works in. Each layer's signal and F stay until the patch comes back to it. */
typedef struct {
    const call *call;
    int index;
    float *memory, *work, *acc[LAYERS_MAX], *grads[3];
    uint8_t *signal[LAYERS_MAX + 1];
    iqlut_train_grads sums[LAYERS_MAX];
} job;

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t whole_lines(size_t floats) { return (floats + 15) / 16 * 16; }

/* What a layer's functions work in. */
static size_t work_floats(const iqlut_train_view *l) {
    const size_t k = (size_t)l->kernel - 1;
    const size_t strip = (l->w + k) * l->pair_stride / 2; /* forward: a row of pixels */
    const size_t tile = IQLUT_TRAIN_TILE * l->stride + (l->h + 2 * k) * (l->w + 2 * k) * l->channels_out; /* backward */
    return larger(strip, tile);
}

static size_t gradient_floats(const iqlut_train_view *l) {
    return whole_lines((size_t)l->channels_in * l->levels * l->stride + l->levels + 2 * l->channels_out);
}

/* Divides the memory of a thread among its parts; with memory NULL only says how much is wanted, in floats. */
static size_t lay_out(job *j, int backward) {
    const iqlut_train_batch *b = j->call->batch;
    const size_t pixels = (size_t)b->h * b->w;
    size_t at = 0, work = 0, widest = 0;
    for (int i = 0; i < b->layer_count; i++) { /* the sums first: they alone begin as 0 */
        const iqlut_train_view *l = &j->call->tables[i].view;
        float *rows = j->memory + at;
        float *knots = rows + (size_t)l->channels_in * l->levels * l->stride, *gain = knots + l->levels;
        j->sums[i] = (iqlut_train_grads){rows, b->layers[i].grad_knots ? knots : NULL, gain, gain + l->channels_out};
        if (backward) at += gradient_floats(l);
        work = larger(work, work_floats(l));
        widest = larger(widest, larger(l->channels_in, l->channels_out));
    }
    for (int i = 0; i < b->layer_count; i++) {
        const iqlut_train_view *l = &j->call->tables[i].view;
        j->acc[i] = j->memory + at;
        at += whole_lines(pixels * l->channels_out);
        j->signal[i + 1] = (uint8_t *)(j->memory + at);
        at += whole_lines((pixels * l->channels_out + 3) / 4);
    }
    for (int i = 0; i < 3 && backward; i++, at += whole_lines(pixels * widest)) j->grads[i] = j->memory + at;
    j->work = j->memory + at;
    return at + whole_lines(work);
}

static void forward(job *j, int patch) {
    const call *a = j->call;
    const iqlut_train_batch *b = a->batch;
    const int last = b->layer_count - 1;
    j->signal[0] = (uint8_t *)b->luma + (size_t)patch * b->h * b->w;
    for (int i = 0; i <= last; i++) {
        const iqlut_train_view *l = &a->tables[i].view;
        const iqlut_train_gate gate = {b->layers[i].gain, b->layers[i].skip};
        a->kernel->forward(l, j->signal[i], j->work, j->acc[i]);
        if (i < last) a->kernel->gate_forward(l, &gate, j->signal[i], j->acc[i], j->signal[i + 1]);
    }
}

/* From the gradients of the residual, in grads[0]. */
static void backward(job *j) {
    const call *a = j->call;
    const iqlut_train_batch *b = a->batch;
    const int last = b->layer_count - 1;
    float *grad_out = j->grads[0], *grad_acc = j->grads[1], *grad_signal = j->grads[2];
    for (int i = last; i >= 0; i--) {
        const iqlut_train_view *l = &a->tables[i].view;
        const iqlut_train_gate gate = {b->layers[i].gain, b->layers[i].skip};
        const float *from = i < last ? grad_acc : grad_out;
        float *to = i ? grad_signal : NULL;
        if (i < last)
            a->kernel->gate_backward(l, &gate, j->signal[i], j->signal[i + 1], j->acc[i], grad_out, &j->sums[i], grad_acc, to);
        else if (to) memset(to, 0, sizeof(float) * (size_t)b->h * b->w * l->channels_in);
        a->kernel->backward(l, j->signal[i], from, j->work, &j->sums[i], to);
        float *next = grad_out;
        grad_out = grad_signal;
        grad_signal = next;
    }
}

static void *work_on(void *argument) {
    job *j = argument;
    const call *a = j->call;
    const iqlut_train_batch *b = a->batch;
    const size_t values = (size_t)b->h * b->w * b->layers[b->layer_count - 1].channels_out;
    for (int patch = j->index; patch < b->patches; patch += b->threads) {
        forward(j, patch);
        const float *residual = j->acc[b->layer_count - 1];
        if (a->residual) memcpy(a->residual + patch * values, residual, sizeof(float) * values);
        if (a->loss) a->losses[patch] = a->kernel->loss(b, a->loss, patch, residual, j->grads[1], j->grads[0]);
        else if (a->grad_residual) memcpy(j->grads[0], a->grad_residual + patch * values, sizeof(float) * values);
        else continue;
        backward(j);
    }
    return NULL;
}

/* Thread 0 is the caller; the work of one that does not start is done here. */
static void run(int threads, job *jobs) {
    pthread_t thread[THREADS_MAX];
    int started = 1;
    for (; started < threads; started++)
        if (pthread_create(&thread[started], NULL, work_on, &jobs[started])) break;
    for (int rest = started; rest < threads; rest++) work_on(&jobs[rest]);
    work_on(&jobs[0]);
    for (int i = 1; i < started; i++) pthread_join(thread[i], NULL);
}

/* The sums of all threads to where Python wants the gradients. */
static void hand_over(const call *a, const job *jobs) {
    const iqlut_train_batch *b = a->batch;
    for (int i = 0; i < b->layer_count; i++) {
        const iqlut_train_view *l = &a->tables[i].view;
        const iqlut_train_layer *to = &b->layers[i];
        const iqlut_train_grads *sums = &jobs[0].sums[i];
        for (int t = 1; t < b->threads; t++)
            for (size_t n = 0, all = gradient_floats(l); n < all; n++) sums->rows[n] += jobs[t].sums[i].rows[n];
        const size_t row = (size_t)l->kernel * l->kernel * l->channels_out, count = (size_t)l->channels_in * l->levels;
        for (size_t r = 0; r < count; r++) memcpy(to->grad_lut + r * row, sums->rows + r * l->stride, sizeof(float) * row);
        if (to->grad_knots) memcpy(to->grad_knots, sums->knots, sizeof(float) * l->levels);
        if (!to->gain) continue;
        memcpy(to->grad_gain, sums->gain, sizeof(float) * l->channels_out);
        memcpy(to->grad_skip, sums->skip, sizeof(float) * l->channels_out);
    }
}

static int pack_all(call *a) {
    int failed = 0;
    for (int i = 0; i < a->batch->layer_count; i++)
        failed |= iqlut_train_pack(a->batch, &a->batch->layers[i], &a->tables[i]);
    return failed;
}

static int with_jobs(call *a) {
    const int threads = a->batch->threads, backward = a->loss || a->grad_residual;
    job *jobs = calloc((size_t)threads, sizeof *jobs);
    if (!jobs) return 1;
    size_t sums = 0;
    for (int i = 0; i < a->batch->layer_count; i++) sums += gradient_floats(&a->tables[i].view);
    int failed = 0;
    for (int t = 0; t < threads; t++) {
        jobs[t].call = a;
        jobs[t].index = t;
        jobs[t].memory = iqlut_train_lines(lay_out(&jobs[t], backward));
        if (!jobs[t].memory) failed = 1;
        else lay_out(&jobs[t], backward);
        if (!failed && backward) memset(jobs[t].memory, 0, sizeof(float) * sums);
    }
    if (!failed) run(threads, jobs);
    if (!failed && backward) hand_over(a, jobs);
    for (int t = 0; t < threads; t++) iqlut_train_free_lines(jobs[t].memory);
    free(jobs);
    return failed;
}

static int do_call(const iqlut_train_batch *batch, float *residual, const float *grad_residual,
                   const iqlut_train_loss *loss, float *losses) {
    iqlut_train_batch own = *batch;
    const int most = own.patches < THREADS_MAX ? own.patches : THREADS_MAX;
    own.threads = own.threads < 1 ? 1 : own.threads > most ? most : own.threads;
    const iqlut_train_kernel *kernel = kernel_of(own.isa);
    if (!kernel) return 2;
    call *a = own.layer_count <= LAYERS_MAX ? calloc(1, sizeof *a) : NULL;
    if (!a) return 1;
    a->batch = &own;
    a->kernel = kernel;
    a->residual = residual;
    a->grad_residual = grad_residual;
    a->loss = loss;
    a->losses = losses;
    const int failed = pack_all(a) || with_jobs(a);
    for (int i = 0; i < own.layer_count; i++) iqlut_train_free(&a->tables[i]);
    free(a);
    return failed;
}

/* residual (patches, h, w, scale * scale) in units of x. 0, or 1 without memory and
 * 2 without such an instruction set; so are the others. */
IQLUT_API int iqlut_train_residual(const iqlut_train_batch *batch, float *residual) {
    return do_call(batch, residual, NULL, NULL, NULL);
}

/* The gradients of the layers, from those of the residual. */
IQLUT_API int iqlut_train_gradients(const iqlut_train_batch *batch, const float *grad_residual) {
    return do_call(batch, NULL, grad_residual, NULL, NULL);
}

/* The gradients of the layers for the mean loss of the batch, which is the sum of losses (patches,). */
IQLUT_API int iqlut_train_losses(const iqlut_train_batch *batch, const iqlut_train_loss *loss, float *losses) {
    return do_call(batch, NULL, NULL, loss, losses);
}
