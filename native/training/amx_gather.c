/* The gradients of F as tiles read them: each pixel gathers those of all that its rows are added to
 * (amx_backward.c). */
#include <string.h>

#include "amx.h"

/* A part of at most 32 outputs of a tap: where a pixel's gradients of F lie from `from` on, and go
 * to in its row. What is stored may be longer than what is read: then it is filled with 0. */
typedef struct {
    ptrdiff_t from;
    int to;
    __mmask32 read, stored;
} piece;

#define PIECES_MOST \
    (IQLUT_KERNEL_MAX * IQLUT_KERNEL_MAX * ((IQLUT_CHANNELS_MAX + HALVES) / HALVES + 1))

size_t amx_padded_values(const iqlut_train_view *l, const amx_sizes *s) {
    const int pixels = s->pixels + s->border * s->pitch + s->border;
    return (size_t)pixels * (size_t)l->channels_out + HALVES;
}

void amx_pad(const iqlut_train_view *l, const amx_sizes *s, const float *grad_acc, bfloat *padded) {
    const int d = l->channels_out, line = l->w * d;
    memset(padded, 0, sizeof(bfloat) * amx_padded_values(l, s));
    for (int y = 0; y < l->h; y++, grad_acc += line) {
        bfloat *to = padded + ((size_t)(y + s->border) * s->pitch + s->border) * d;
        for (int n = 0; n < line; n += SIDE) {
            const __mmask16 some = (__mmask16)amx_first(line - n < SIDE ? line - n : SIDE);
            const __m512 values = _mm512_maskz_loadu_ps(some, grad_acc + n);
            _mm256_mask_storeu_epi16(to + n, some, (__m256i)_mm512_cvtneps_pbh(values));
        }
    }
}

/* The parts of a row, in their order there, so that each fills the gap until the next. */
static int pieces_of(const iqlut_train_view *l, const amx_sizes *s, piece *pieces) {
    const int k = l->kernel, taps = k * k, centre = taps / 2, few = l->shape.few_in;
    int count = 0;
    for (int n = 0; n < taps; n++) {
        const int tap = !few ? n : n == 0 ? centre : n - (n <= centre);
        const int outputs = iqlut_train_tap_outputs(l->shape, tap);
        const int at = iqlut_train_tap_at(l->shape, tap);
        int end = s->row;
        if (few && n == 0) end = iqlut_train_wholes(outputs) * IQLUT_TRAIN_WHOLE;
        else if (n < taps - 1) end = at + outputs;
        const ptrdiff_t away = (s->border - tap / k) * s->pitch + s->border - tap % k;
        for (int o = 0; at + o < end; o += HALVES)
            pieces[count++] = (piece){away * l->channels_out + o, at + o, amx_first(outputs - o),
                                      amx_first(end - at - o)};
    }
    return count;
}

/* The rows of all pixels, one after the other. */
static void write_rows(const iqlut_train_view *l, const amx_sizes *s, const amx_block *block) {
    const bfloat *from = block->padded;
    bfloat *to = block->gathered;
    piece pieces[PIECES_MOST];
    const int count = pieces_of(l, s, pieces);
    for (int p = 0; p < block->pixels; p++, from += l->channels_out, to += s->row)
        for (int i = 0; i < count; i++) {
            const __m512i values = _mm512_maskz_loadu_epi16(pieces[i].read, from + pieces[i].from);
            _mm512_mask_storeu_epi16(to + pieces[i].to, pieces[i].stored, values);
        }
}

static void write_pairs(const amx_sizes *s, const amx_block *block) {
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const size_t column = (size_t)(block->pixels / HALVES) * (TILE_BYTES / 2);
    for (int p = 0; p < block->pixels; p += 2) {
        const bfloat *first = block->gathered + (size_t)p * s->row, *second = first + s->row;
        bfloat *to = block->pairs + (size_t)(p / HALVES) * (TILE_BYTES / 2) + p % HALVES / 2 * 32;
        for (int n = 0; n < s->row; n += SIDE, to += column) {
            const __m256i a = _mm256_loadu_si256((const __m256i *)(first + n));
            const __m256i b = _mm256_loadu_si256((const __m256i *)(second + n));
            const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
            _mm512_storeu_si512(to, _mm512_permutexvar_epi16(order, both));
        }
    }
}

void amx_gather(const iqlut_train_view *l, const amx_sizes *s, const amx_block *block) {
    write_rows(l, s, block);
    write_pairs(s, block);
}
