/* The gradients of F as tiles read them: each pixel gathers those of all that its rows are added to
 * (amx_backward.c). */
#include <string.h>

#include "amx.h"

/* At most 32 outputs of a tap: how far from a pixel their gradients of F lie, and where they go to
 * in its row. Where more are stored than read, these are 0. */
typedef struct {
    ptrdiff_t from;
    int to;
    __mmask32 read, stored;
} row_part;

#define PARTS_MOST                         \
    (IQLUT_KERNEL_MAX * IQLUT_KERNEL_MAX * \
     ((IQLUT_CHANNELS_MAX + BFLOATS_PER_ROW) / BFLOATS_PER_ROW + 1))

size_t amx_padded_values(const iqlut_train_view *l, const amx_sizes *s) {
    const int pixels = s->pixels + s->border * s->pitch + s->border;
    return (size_t)pixels * (size_t)l->channels_out;
}

void amx_pad(const iqlut_train_view *l, const amx_sizes *s, const float *grad_acc, bfloat *padded) {
    const int d = l->channels_out, line = l->w * d;
    memset(padded, 0, sizeof(bfloat) * amx_padded_values(l, s));
    for (int y = 0; y < l->h; y++, grad_acc += line) {
        bfloat *to = padded + ((size_t)(y + s->border) * s->pitch + s->border) * d;
        for (int n = 0; n < line; n += TILE_SIDE) {
            const __mmask16 some = (__mmask16)amx_first(line - n);
            const __m512 values = _mm512_maskz_loadu_ps(some, grad_acc + n);
            _mm256_mask_storeu_epi16(to + n, some, (__m256i)_mm512_cvtneps_pbh(values));
        }
    }
}

/* The parts of a row, which leave no gap: the last part of a tap fills what follows it with 0. */
static int parts_of(const iqlut_train_view *l, const amx_sizes *s, row_part *parts) {
    const int k = l->kernel, taps = k * k, d = l->channels_out;
    int count = 0;
    for (int tap = 0; tap < taps; tap++) {
        const int outputs = iqlut_train_tap_outputs(l->shape, tap);
        const int at = iqlut_train_tap_at(l->shape, tap);
        const ptrdiff_t pixels = (s->border - tap / k) * s->pitch + s->border - tap % k;
        int end = at + outputs;
        if (tap == taps - 1) end = s->row;
        else if (l->shape.few_in && iqlut_train_is_centre(l->shape, tap))
            end = iqlut_train_tap_at(l->shape, 0);
        for (int o = 0; at + o < end; o += BFLOATS_PER_ROW)
            parts[count++] =
                (row_part){pixels * d + o, at + o, amx_first(outputs - o), amx_first(end - at - o)};
    }
    return count;
}

/* The rows of all pixels, one after the other. */
static void write_rows(const iqlut_train_view *l, const amx_sizes *s, const amx_block *block) {
    const bfloat *from = block->padded;
    bfloat *to = block->gathered;
    row_part parts[PARTS_MOST];
    const int count = parts_of(l, s, parts);
    for (int p = 0; p < block->pixels; p++, from += l->channels_out, to += s->row)
        for (int i = 0; i < count; i++) {
            const __m512i values = _mm512_maskz_loadu_epi16(parts[i].read, from + parts[i].from);
            _mm512_mask_storeu_epi16(to + parts[i].to, parts[i].stored, values);
        }
}

static void write_pairs(const amx_sizes *s, const amx_block *block) {
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const size_t column = (size_t)(block->pixels / BFLOATS_PER_ROW) * (TILE_BYTES / 2);
    for (int p = 0; p < block->pixels; p += 2) {
        const bfloat *first = block->gathered + (size_t)p * s->row, *second = first + s->row;
        bfloat *to = block->pairs + (size_t)(p / BFLOATS_PER_ROW) * (TILE_BYTES / 2) +
                     p % BFLOATS_PER_ROW / 2 * 32;
        for (int n = 0; n < s->row; n += TILE_SIDE, to += column) {
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
