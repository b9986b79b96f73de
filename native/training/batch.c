/* Entry points of the training library: threads share the patches of a batch. */
#include <stdlib.h>
#include <string.h>

#include "../shared/threads.h"
#include "call.h"

/* The fastest that this machine can run, or the one of that name; NULL where there is none. */
static const iqlut_train_isa *find_isa(const char *name) {
    static const iqlut_train_isa *const isas[] = {
#ifdef IQLUT_AMX
        &iqlut_train_amx,
#endif
#ifdef IQLUT_X86
        &iqlut_train_avx512,
        &iqlut_train_avx2,
#endif
        &iqlut_train_portable,
    };
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        if (iqlut_cpu_has(isas[i]->needs) && (!name || !strcmp(name, isas[i]->name)) &&
            (!isas[i]->allowed || isas[i]->allowed()))
            return isas[i];
    return NULL;
}

static void take_patches(void *shared, int index) {
    iqlut_train_job *job = (iqlut_train_job *)shared + index;
    const iqlut_train_batch *b = job->call->batch;
    for (int patch = index; patch < b->patches; patch += b->threads) iqlut_train_patch(job, patch);
}

/* The gradients of row `r`, a channel at a level, to where Python wants them; 0 for missing
 * taps. */
static void hand_over_row(const iqlut_train_view *l, const float *rows, int r, float *grad_lut) {
    const int taps = l->kernel * l->kernel, d = l->channels_out;
    const int has_all = !l->shape.few_in || r / l->levels < l->shape.few_in;
    const float *from = rows + (size_t)r * l->stride;
    float *to = grad_lut + (size_t)r * taps * d;
    for (int tap = 0; tap < taps; tap++, to += d) {
        int outputs = iqlut_train_tap_outputs(l->shape, tap);
        if (!has_all && !iqlut_train_is_centre(l->shape, tap)) outputs = 0;
        memcpy(to, from + iqlut_train_tap_at(l->shape, tap), sizeof(float) * (size_t)outputs);
        memset(to + outputs, 0, sizeof(float) * (size_t)(d - outputs));
    }
}

/* The sums of all threads of one layer to where Python wants the gradients. */
static void hand_over(const iqlut_train_call *call, const iqlut_train_job *jobs, int layer) {
    const iqlut_train_view *l = &call->tables[layer].view;
    const iqlut_train_layer *to = &call->batch->layers[layer];
    const iqlut_train_grads *sums = &jobs[0].sums[layer];
    for (int t = 1; t < call->batch->threads; t++)
        for (size_t n = 0, all = iqlut_train_sums(l); n < all; n++)
            sums->rows[n] += jobs[t].sums[layer].rows[n];
    const size_t outputs = (size_t)l->channels_out;
    for (int r = 0; r < l->channels_in * l->levels; r++)
        hand_over_row(l, sums->rows, r, to->grad_lut);
    if (to->grad_knots) memcpy(to->grad_knots, sums->knots, sizeof(float) * (size_t)l->levels);
    if (!to->gain) return;
    memcpy(to->grad_gain, sums->gain, sizeof(float) * outputs);
    memcpy(to->grad_skip, sums->skip, sizeof(float) * outputs);
}

static int prepare_job(const iqlut_train_call *call, iqlut_train_job *job) {
    job->call = call;
    job->memory = iqlut_allocate(sizeof(float) * iqlut_train_lay_out(job));
    if (!job->memory) return IQLUT_NO_MEMORY;
    iqlut_train_lay_out(job);
    size_t sums = 0;
    for (int i = 0; i < call->batch->layer_count; i++)
        sums += iqlut_train_sums(&call->tables[i].view);
    if (iqlut_train_goes_back(call)) memset(job->memory, 0, sizeof(float) * sums);
    return IQLUT_OK;
}

static int run_jobs(const iqlut_train_call *call) {
    const iqlut_train_batch *b = call->batch;
    iqlut_train_job *jobs = calloc((size_t)b->threads, sizeof *jobs);
    int code = jobs ? IQLUT_OK : IQLUT_NO_MEMORY;
    for (int t = 0; t < b->threads && !code; t++) code = prepare_job(call, &jobs[t]);
    if (!code) iqlut_run_threads(b->threads, take_patches, jobs);
    for (int i = 0; i < b->layer_count && !code && iqlut_train_goes_back(call); i++)
        hand_over(call, jobs, i);
    for (int t = 0; jobs && t < b->threads; t++) iqlut_release(jobs[t].memory);
    free(jobs);
    return code;
}

static int check(const iqlut_train_batch *b, const iqlut_train_loss *loss, iqlut_problem *problem) {
    const iqlut_model_shape model = {b->scale, b->layer_count, b->layers, sizeof *b->layers};
    const int side = b->h < b->w ? b->h : b->w, most = (side - 1) / 2;
    int code = iqlut_check_limits(&model, problem);
    if (!code && loss && (loss->margin < 0 || loss->margin > most))
        code = iqlut_fail(problem, (iqlut_problem){IQLUT_BAD_MARGIN, -1, loss->margin, 0, most});
    return code;
}

/* Fills what is left of `call`, whose batch is set, and runs it. */
static int run(iqlut_train_call *call, iqlut_problem *problem) {
    iqlut_train_batch own = *call->batch;
    own.threads = iqlut_useful_threads(own.threads, own.patches);
    call->batch = &own;
    call->isa = find_isa(own.isa);
    int code = call->isa ? IQLUT_OK : IQLUT_NO_INSTRUCTION_SET;
    for (int i = 0; i < own.layer_count && !code; i++) code = iqlut_train_pack(call, i);
    if (!code) code = run_jobs(call);
    for (int i = 0; i < own.layer_count; i++) iqlut_train_free(&call->tables[i]);
    return code ? iqlut_fail(problem, (iqlut_problem){.code = code}) : IQLUT_OK;
}

/* What one of the entry points asks for, as in iqlut_train_call. */
typedef struct {
    float *residual;
    const iqlut_train_loss *loss;
    const float *grad_residual;
    float *losses;
} request;

static int do_call(const iqlut_train_batch *batch, request asked, iqlut_problem *problem) {
    int code = check(batch, asked.loss, problem);
    if (code) return code;
    iqlut_train_call *call = calloc(1, sizeof *call);
    if (!call) return iqlut_fail(problem, (iqlut_problem){.code = IQLUT_NO_MEMORY});
    call->batch = batch;
    call->residual = asked.residual;
    call->loss = asked.loss;
    call->grad_residual = asked.grad_residual;
    call->losses = asked.losses;
    code = run(call, problem);
    free(call);
    return code;
}

int iqlut_train_residual(const iqlut_train_batch *batch, float *residual, iqlut_problem *problem) {
    return do_call(batch, (request){.residual = residual}, problem);
}

int iqlut_train_gradients(const iqlut_train_batch *batch, const float *grad_residual,
                          iqlut_problem *problem) {
    return do_call(batch, (request){.grad_residual = grad_residual}, problem);
}

int iqlut_train_losses(const iqlut_train_batch *batch, const iqlut_train_loss *loss, float *losses,
                       iqlut_problem *problem) {
    return do_call(batch, (request){.loss = loss, .losses = losses}, problem);
}
