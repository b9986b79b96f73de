/* Entry points of the training kernel: packs the table, spreads patches over threads. */
#include "train.h"

#include "iqlut.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 64
#define LINE 64 /* bytes: rows that straddle two lines take twice as long */

typedef struct {
    void (*forward)(const iqlut_train_layer *, const uint8_t *, const float *, float *, float *);
    void (*backward)(const iqlut_train_layer *, const uint8_t *, const float *, const float *, float *, float *, float *,
                     float *);
    void (*gate_forward)(const iqlut_train_layer *, const iqlut_train_gate *, const uint8_t *, const float *, uint8_t *);
    void (*gate_backward)(const iqlut_train_layer *, const iqlut_train_gate *, const uint8_t *, const uint8_t *,
                          const float *, const float *, float *, float *);
} kernel;

#define KERNEL(isa)                                                                                                    \
    (kernel) {                                                                                                         \
        iqlut_train_forward_##isa, iqlut_train_backward_##isa, iqlut_train_gate_forward_##isa,                         \
            iqlut_train_gate_backward_##isa                                                                            \
    }

static kernel best_kernel(void) {
#ifdef IQLUT_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return KERNEL(avx512);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return KERNEL(avx2);
#endif
    return KERNEL(portable);
}

/* One call's arguments, shared by its threads; thread `index` takes patches index, index + threads, ... */
typedef struct {
    const iqlut_train_layer *layer;
    kernel kernel;
    int threads;
    const uint8_t *signal, *out_signal;
    const float *rows, *grad_out, *acc_in;
    float *acc;        /* forward: F */
    uint8_t *out;      /* forward: the next signal, or NULL for the last layer */
    float *grad_signal;
} call;

typedef struct {
    const call *call;
    int index;
    float *work, *grad_rows, *grad_knots, *grad_acc; /* of this thread alone */
    iqlut_train_gate gate;
} job;

static size_t whole_lines(size_t floats) { return (floats + 15) / 16 * 16; }

static size_t work_floats(const iqlut_train_layer *l) {
    const size_t k = (size_t)l->kernel - 1, stride = (size_t)iqlut_train_stride(l);
    const size_t strip = (l->w + k) * stride;
    const size_t tile = 128 * stride + (l->h + 2 * k) * (l->w + 2 * k) * l->channels_out;
    return whole_lines(strip > tile ? strip : tile);
}

/* `count` floats of 0 at the start of a cache line; NULL without memory. */
static float *lines(size_t count) {
    const size_t bytes = (count * sizeof(float) + LINE - 1) / LINE * LINE;
#ifdef _WIN32
    void *memory = _aligned_malloc(bytes, LINE);
#else
    void *memory = aligned_alloc(LINE, bytes);
#endif
    if (memory) memset(memory, 0, bytes);
    return memory;
}

static void free_lines(float *memory) {
#ifdef _WIN32
    _aligned_free(memory);
#else
    free(memory);
#endif
}

static float *pack_rows(const iqlut_train_layer *l, const float *lut) {
    const int row = l->kernel * l->kernel * l->channels_out, stride = iqlut_train_stride(l);
    const int count = l->channels_in * l->levels;
    float *rows = lines((size_t)count * stride);
    for (int r = 0; rows && r < count; r++) memcpy(rows + (size_t)r * stride, lut + (size_t)r * row, sizeof(float) * row);
    return rows;
}

static void *forward_job(void *argument) {
    const job *j = argument;
    const call *a = j->call;
    const iqlut_train_layer *l = a->layer;
    const size_t pixels = (size_t)l->h * l->w;
    for (int n = j->index; n < l->patches; n += a->threads) {
        const uint8_t *signal = a->signal + n * pixels * l->channels_in;
        float *acc = a->acc + n * pixels * l->channels_out;
        a->kernel.forward(l, signal, a->rows, j->work, acc);
        if (a->out) a->kernel.gate_forward(l, &j->gate, signal, acc, a->out + n * pixels * l->channels_out);
    }
    return NULL;
}

static void *backward_job(void *argument) {
    const job *j = argument;
    const call *a = j->call;
    const iqlut_train_layer *l = a->layer;
    const size_t pixels = (size_t)l->h * l->w;
    for (int n = j->index; n < l->patches; n += a->threads) {
        const size_t in = n * pixels * l->channels_in, out = n * pixels * l->channels_out;
        float *grad_signal = a->grad_signal ? a->grad_signal + in : NULL;
        const float *grad_acc = a->grad_out + out;
        if (a->out_signal) {
            a->kernel.gate_backward(l, &j->gate, a->signal + in, a->out_signal + out, a->acc_in + out, a->grad_out + out,
                                    j->grad_acc, grad_signal);
            grad_acc = j->grad_acc;
        }
        a->kernel.backward(l, a->signal + in, a->rows, grad_acc, j->work, j->grad_rows, j->grad_knots, grad_signal);
    }
    return NULL;
}

static int run(call *a, void *(*work)(void *), job *jobs) {
    pthread_t thread[THREADS_MAX];
    int started = 1;
    for (; started < a->threads; started++)
        if (pthread_create(&thread[started], NULL, work, &jobs[started])) break;
    for (int rest = started; rest < a->threads; rest++) work(&jobs[rest]);
    work(&jobs[0]);
    for (int i = 1; i < started; i++) pthread_join(thread[i], NULL);
    return 0;
}

static int thread_count(int asked, int patches) {
    const int most = patches < THREADS_MAX ? patches : THREADS_MAX;
    return asked < 1 ? 1 : asked > most ? most : asked;
}

/* F of a layer (acc: patches, h, w, d) and, unless `out` is NULL, the next signal. 0, or 1 without memory. */
IQLUT_API int iqlut_train_forward(const iqlut_train_layer *l, const uint8_t *signal, const float *lut, const float *gain,
                        const float *skip, int threads, float *acc, uint8_t *out) {
    call a = {.layer = l, .kernel = best_kernel(), .signal = signal, .acc = acc, .out = out};
    a.threads = thread_count(threads, l->patches);
    const size_t each = work_floats(l);
    float *rows = pack_rows(l, lut), *work = lines(each * a.threads);
    job jobs[THREADS_MAX];
    if (rows && work) {
        a.rows = rows;
        for (int i = 0; i < a.threads; i++) jobs[i] = (job){&a, i, work + each * i, NULL, NULL, NULL, {gain, skip, NULL, NULL}};
        run(&a, forward_job, jobs);
    }
    const int failed = !rows || !work;
    free_lines(rows);
    free_lines(work);
    return failed;
}

/* Gradients from grad_out (of the next signal in units of x, or of F where out_signal is NULL). grad_lut,
 * grad_knots, grad_gain and grad_skip are set; so is grad_signal (units of x), unless it is NULL. */
IQLUT_API int iqlut_train_backward(const iqlut_train_layer *l, const uint8_t *signal, const float *lut, const float *gain,
                         const float *skip, const float *acc, const uint8_t *out_signal, const float *grad_out,
                         int threads, float *grad_lut, float *grad_knots, float *grad_gain, float *grad_skip,
                         float *grad_signal) {
    const size_t pixels = (size_t)l->h * l->w, d = l->channels_out;
    const int stride = iqlut_train_stride(l), count = l->channels_in * l->levels;
    call a = {.layer = l, .kernel = best_kernel(), .signal = signal, .out_signal = out_signal,
              .grad_out = grad_out, .acc_in = acc, .grad_signal = grad_signal};
    a.threads = thread_count(threads, l->patches);
    const size_t table = (size_t)count * stride, levels = l->levels, each = whole_lines(table + levels + 2 * d);
    const size_t scratch = work_floats(l) + whole_lines(pixels * d);
    float *rows = pack_rows(l, lut), *sums = lines(each * a.threads), *work = lines(scratch * a.threads);
    job jobs[THREADS_MAX];
    const int failed = !rows || !sums || !work;
    if (!failed) {
        a.rows = rows;
        if (grad_signal) memset(grad_signal, 0, sizeof(float) * l->patches * pixels * l->channels_in);
        for (int i = 0; i < a.threads; i++) {
            float *mine = sums + each * i;
            float *own = work + scratch * i;
            float *grad_gate = mine + table + levels;
            jobs[i] = (job){&a, i, own, mine, mine + table, own + work_floats(l), {gain, skip, grad_gate, grad_gate + d}};
        }
        run(&a, backward_job, jobs);
        for (int i = 1; i < a.threads; i++)
            for (size_t n = 0; n < each; n++) sums[n] += sums[each * i + n];
        const int row = l->kernel * l->kernel * l->channels_out;
        for (int r = 0; r < count; r++)
            memcpy(grad_lut + (size_t)r * row, sums + (size_t)r * stride, sizeof(float) * row);
        memcpy(grad_knots, sums + table, sizeof(float) * levels);
        memcpy(grad_gain, sums + table + levels, sizeof(float) * d);
        memcpy(grad_skip, sums + table + levels + d, sizeof(float) * d);
    }
    free_lines(rows);
    free_lines(sums);
    free_lines(work);
    return failed;
}
