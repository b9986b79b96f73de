/* A patch passes all layers, and back, while it is in the cache. */
#include <string.h>

#include "call.h"

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* What a layer's functions work in. */
static size_t work_floats(const iqlut_train_isa *isa, const iqlut_train_view *l) {
    const size_t own = isa->work_bytes ? iqlut_whole_lines(isa->work_bytes(l)) / sizeof(float) : 0;
    const size_t k = (size_t)l->kernel - 1, h = (size_t)l->h, w = (size_t)l->w;
    const size_t strip = (w + k) * l->pair_stride / 2; /* forward: a row of pixels */
    const size_t padded = (h + 2 * k) * (w + 2 * k) * l->channels_out; /* backward */
    return larger(own, larger(strip, (size_t)IQLUT_TRAIN_TILE * l->stride + padded));
}

size_t iqlut_train_sums(const iqlut_train_view *l) {
    const size_t rows = (size_t)l->channels_in * l->levels * l->stride;
    return iqlut_train_whole(rows + l->levels + 2 * (size_t)l->channels_out);
}

/* Where the gradients of a layer are summed. */
static iqlut_train_grads grads_at(float *rows, const iqlut_train_view *l, int with_knots) {
    float *knots = rows + (size_t)l->channels_in * l->levels * l->stride, *gain = knots + l->levels;
    return (iqlut_train_grads){rows, with_knots ? knots : NULL, gain, gain + l->channels_out};
}

size_t iqlut_train_lay_out(iqlut_train_job *j) {
    const iqlut_train_batch *b = j->call->batch;
    const int backward = iqlut_train_goes_back(j->call);
    const size_t pixels = (size_t)b->h * b->w;
    size_t at = 0, work = iqlut_train_loss_floats(b), widest = 0;
    for (int i = 0; i < b->layer_count; i++) { /* the sums first: they alone begin as 0 */
        const iqlut_train_view *l = &j->call->tables[i].view;
        if (j->memory) j->sums[i] = grads_at(j->memory + at, l, b->layers[i].grad_knots != NULL);
        if (backward) at += iqlut_train_sums(l);
        work = larger(work, work_floats(j->call->isa, l));
        widest = larger(widest, larger((size_t)l->channels_in, (size_t)l->channels_out));
    }
    for (int i = 0; i < b->layer_count; i++) {
        const size_t values = pixels * (size_t)j->call->tables[i].view.channels_out;
        if (j->memory) j->acc[i] = j->memory + at;
        at += iqlut_train_whole(values);
        if (j->memory) j->signal[i + 1] = (uint8_t *)(j->memory + at);
        at += iqlut_train_whole((values + 3) / 4);
    }
    for (int i = 0; i < 3 && backward; i++, at += iqlut_train_whole(pixels * widest))
        if (j->memory) j->grads[i] = j->memory + at;
    if (j->memory) j->work = j->memory + at;
    return at + iqlut_train_whole(work);
}

static iqlut_train_pass pass_of(const iqlut_train_job *j, int layer) {
    const iqlut_train_layer *parameters = &j->call->batch->layers[layer];
    return (iqlut_train_pass){.layer = &j->call->tables[layer].view,
                              .gain = parameters->gain,
                              .skip = parameters->skip,
                              .signal = j->signal[layer],
                              .acc = j->acc[layer],
                              .next = j->signal[layer + 1],
                              .work = j->work};
}

static void forward(iqlut_train_job *j, int patch) {
    const iqlut_train_batch *b = j->call->batch;
    j->signal[0] = (uint8_t *)b->luma + (size_t)patch * b->h * b->w;
    for (int i = 0; i < b->layer_count; i++) {
        const iqlut_train_pass pass = pass_of(j, i);
        j->call->isa->forward(&pass);
        if (i < b->layer_count - 1) j->call->isa->gate_forward(&pass);
    }
}

/* From the gradients of the residual, in grads[0]. */
static void backward(iqlut_train_job *j) {
    const iqlut_train_batch *b = j->call->batch;
    const iqlut_train_isa *isa = j->call->isa;
    const size_t pixels = (size_t)b->h * b->w;
    const int last = b->layer_count - 1;
    float *grad_next = j->grads[0], *grad_signal = j->grads[2];
    for (int i = last; i >= 0; i--) {
        iqlut_train_pass pass = pass_of(j, i);
        pass.grads = &j->sums[i];
        pass.grad_next = grad_next;
        pass.grad_acc = i < last ? j->grads[1] : grad_next;
        pass.grad_signal = i ? grad_signal : NULL;
        if (i < last) isa->gate_backward(&pass);
        else if (i) memset(grad_signal, 0, sizeof(float) * pixels * pass.layer->channels_in);
        isa->backward(&pass);
        float *free_now = grad_next;
        grad_next = grad_signal;
        grad_signal = free_now;
    }
}

void iqlut_train_patch(iqlut_train_job *j, int patch) {
    const iqlut_train_call *call = j->call;
    const iqlut_train_batch *b = call->batch;
    const size_t values = (size_t)b->h * b->w * b->scale * b->scale, from = patch * values;
    forward(j, patch);
    const float *residual = j->acc[b->layer_count - 1];
    if (call->residual) memcpy(call->residual + from, residual, sizeof(float) * values);
    if (call->loss) {
        const iqlut_train_error error = {.batch = b,
                                         .loss = call->loss,
                                         .patch = patch,
                                         .residual = residual,
                                         .scratch = j->grads[1],
                                         .work = j->work,
                                         .grad = j->grads[0]};
        call->losses[patch] = call->isa->loss(&error);
    } else if (call->grad_residual) {
        memcpy(j->grads[0], call->grad_residual + from, sizeof(float) * values);
    } else {
        return;
    }
    backward(j);
}
