/* Backward by tiles: the gradients of entries and of signals of one layer (amx.c). */
#include <string.h>

#include "amx.h"

#define BLOCK 256 /* pixels that are taken at a time */

/* What backward works in. */
typedef struct {
    bfloat *padded;   /* gradients of F (amx_gather.c) */
    uint8_t *signals; /* [channels][pixels] */
    bfloat *hats;  /* of a block, in tiles [hats / SIDE][pixels / HALVES], in whole tiles twice */
    float *slopes; /* [32][gaps]: gathered gradients x rises */
    amx_block block;
} rooms;

static int most_pixels(const amx_sizes *s) { return s->pixels < BLOCK ? s->pixels : BLOCK; }

/* Where each part of `rooms` begins, in bytes, and where the last ends. */
static void lay_out(const iqlut_train_view *l, const amx_sizes *s, size_t at[7]) {
    const size_t pixels = (size_t)most_pixels(s), row = (size_t)s->row;
    const size_t sizes[] = {sizeof(bfloat) * amx_padded_values(l, s),
                            (size_t)l->channels_in * (size_t)s->pixels + HALVES,
                            sizeof(bfloat) * pixels * (size_t)up(s->hats, 2 * SIDE),
                            sizeof(float) * 2 * SIDE * (size_t)up(s->gaps, SIDE),
                            sizeof(bfloat) * pixels * row,
                            sizeof(bfloat) * pixels * row};
    at[0] = 0;
    for (int i = 0; i < 6; i++) at[i + 1] = at[i] + iqlut_whole_lines(sizes[i]);
}

static rooms rooms_in(char *memory, const iqlut_train_view *l, const amx_sizes *s) {
    size_t at[7];
    lay_out(l, s, at);
    return (rooms){
        .padded = (bfloat *)(memory + at[0]),
        .signals = (uint8_t *)(memory + at[1]),
        .hats = (bfloat *)(memory + at[2]),
        .slopes = (float *)(memory + at[3]),
        .block = {.gathered = (bfloat *)(memory + at[4]), .pairs = (bfloat *)(memory + at[5])}};
}

size_t amx_backward_bytes(const iqlut_train_view *l) {
    const amx_sizes s = amx_sizes_of(l);
    size_t at[7];
    lay_out(l, &s, at);
    return at[6];
}

/* ---- hats ---- */

/* The signals of a channel lie together, in the grid of pixels; those of unused ones are 0. */
static void spread_signals(const iqlut_train_view *l, const amx_sizes *s, const uint8_t *signal,
                           uint8_t *signals) {
    const int c = l->channels_in, w = l->w;
    memset(signals, 0, (size_t)c * (size_t)s->pixels + HALVES);
    for (int py = 0; py < l->h + s->border; py++) {
        const uint8_t *row = signal + (size_t)iqlut_clamp_index(py - s->before, l->h) * w * c;
        for (int i = 0; i < c; i++, row++) {
            uint8_t *to = signals + (size_t)i * s->pixels + (size_t)py * s->pitch;
            for (int x = 0; x < w; x++) to[s->before + x] = row[(size_t)x * c];
            for (int x = 0; x < s->before; x++) to[x] = row[0];
            for (int x = s->before + w; x < w + s->border; x++) to[x] = row[(size_t)(w - 1) * c];
        }
    }
}

/* A table of 256 bytes. */
typedef struct {
    __m512i part[4];
} bytes_table;

static bytes_table table_of(const uint8_t *bytes) {
    bytes_table t;
    for (int i = 0; i < 4; i++) t.part[i] = _mm512_loadu_si512(bytes + i * 64);
    return t;
}

IQLUT_INLINE __m512i look_up(const bytes_table *t, __m512i at) {
    const __m512i low = _mm512_permutex2var_epi8(t->part[0], at, t->part[1]);
    const __m512i high = _mm512_permutex2var_epi8(t->part[2], at, t->part[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high);
}

/* t / ONE in bfloat16, of 64 values of which 0 to ONE are used. */
static bytes_table fractions(void) {
    bfloat values[2 * HALVES];
    for (int t = 0; t < 2 * HALVES; t++) {
        const float value = (float)t / IQLUT_ONE;
        memcpy(&values[t], (const char *)&value + 2, 2);
    }
    bytes_table table = {0};
    for (int i = 0; i < 2; i++) table.part[i] = _mm512_loadu_si512(values + i * HALVES);
    return table;
}

/* Where 32 pixels of a row of hats lie. */
static bfloat *hats_at(const rooms *r, int row, int pixel) {
    const size_t tile =
        (size_t)(row / SIDE) * (size_t)(r->block.pixels / HALVES) + (size_t)(pixel / HALVES);
    return r->hats + tile * (TILE_BYTES / 2) + row % SIDE * HALVES;
}

/* Rows of hats of the pixels of a block from `start` on: a row for each level of each channel. */
static void write_hats(const iqlut_train_view *l, const amx_sizes *s, const rooms *r, int start) {
    uint8_t above[IQLUT_SIGNALS];
    for (int i = 0; i < IQLUT_SIGNALS; i++) above[i] = (uint8_t)(l->weights[i] >> 8);
    const bytes_table codes = table_of(l->code), ts = table_of(above), values = fractions();
    const __m512i one = _mm512_set1_epi16(IQLUT_ONE);
    for (int c = 0; c < l->channels_in; c++) {
        const uint8_t *signals = r->signals + (size_t)c * s->pixels + start;
        for (int p = 0; p < r->block.pixels; p += HALVES) {
            const __m512i at =
                _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(signals + p)));
            const __m512i code = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(look_up(&codes, at)));
            const __m512i t = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(look_up(&ts, at)));
            const __m512i upper = _mm512_permutex2var_epi16(values.part[0], t, values.part[1]);
            const __m512i lower =
                _mm512_permutex2var_epi16(values.part[0], _mm512_sub_epi16(one, t), values.part[1]);
            int row = c * l->levels;
            __mmask32 before = 0;
            for (int level = 0; level < l->levels; level++, row++) {
                const __mmask32 here =
                    _mm512_cmpeq_epi16_mask(code, _mm512_set1_epi16((short)level));
                const __m512i hat = _mm512_maskz_mov_epi16(here, lower);
                _mm512_storeu_si512(hats_at(r, row, p), _mm512_mask_mov_epi16(hat, before, upper));
                before = here;
            }
        }
    }
    for (int row = s->hats; row < up(s->hats, 2 * SIDE); row++)
        for (int p = 0; p < r->block.pixels; p += HALVES)
            _mm512_storeu_si512(hats_at(r, row, p), _mm512_setzero_si512());
}

/* ---- products ---- */

/* grads->rows += transposed hats x gathered gradients. */
static void grad_rows(const iqlut_train_view *l, const amx_sizes *s, const rooms *r, float *rows) {
    const int deep = r->block.pixels / HALVES;
    const size_t column = (size_t)deep * TILE_BYTES;
    float sums[2 * SIDE][2 * SIDE];
    for (int hat = 0; hat < s->hats; hat += 2 * SIDE)
        for (int n = 0; n < l->stride; n += 2 * SIDE) {
            const char *pairs = (const char *)r->block.pairs + (size_t)(n / SIDE) * column;
            const int both = n + SIDE < l->stride;
            amx_zero();
            const amx_rows hats = {(const char *)r->hats + (size_t)(hat / SIDE) * column, 64,
                                   column, TILE_BYTES};
            AMX_MULTIPLY(_tile_dpbf16ps, hats, pairs, both ? pairs + column : NULL, deep)
            amx_store(sums, 2 * SIDE, both);
            for (int i = 0; i < 2 * SIDE && hat + i < s->hats; i++)
                for (int o = 0; o < (both + 1) * SIDE; o += SIDE) {
                    float *to = rows + (size_t)(hat + i) * l->stride + n + o;
                    _mm512_storeu_ps(
                        to, _mm512_add_ps(_mm512_loadu_ps(to), _mm512_loadu_ps(sums[i] + o)));
                }
        }
}

/* Of each channel of a pixel, the slope at its level: added to the gradients of its signal. */
static void add_slopes(const iqlut_train_pass *pass, const bytes_table *codes, const float *slopes,
                       size_t place) {
    const iqlut_train_view *l = pass->layer;
    const int c = l->channels_in, gaps = l->levels - 1;
    const uint8_t *signal = pass->signal + place * (size_t)c;
    float *grad = pass->grad_signal + place * (size_t)c;
    const __m512i steps =
        _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                           _mm512_set1_epi32(gaps));
    for (int i = 0; i < c; i += SIDE) {
        const __mmask16 some = (__mmask16)amx_first(c - i < SIDE ? c - i : SIDE);
        const __m512i at = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(some, signal + i));
        const __m512i code = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(look_up(codes, at)));
        const __m512 slope = _mm512_mask_i32gather_ps(
            _mm512_setzero_ps(), some, _mm512_add_epi32(steps, code), slopes + (size_t)i * gaps, 4);
        const __m512 sum = _mm512_add_ps(_mm512_maskz_loadu_ps(some, grad + i), slope);
        _mm512_mask_storeu_ps(grad + i, some, sum);
    }
}

static void grad_signals(const iqlut_train_pass *pass, const amx_sizes *s, const rooms *r,
                         int start) {
    const iqlut_train_view *l = pass->layer;
    const bytes_table codes = table_of(l->code);
    const int deep = s->row / HALVES, gaps = up(s->gaps, SIDE);
    const size_t column = (size_t)deep * TILE_BYTES;
    const size_t row = (size_t)s->row * sizeof(bfloat);
    for (int p = 0; p < r->block.pixels; p += 2 * SIDE) {
        const amx_rows gathered = {(const char *)r->block.gathered + (size_t)p * row, row,
                                   SIDE * row, 64};
        for (int n = 0; n < gaps; n += 2 * SIDE) {
            const char *rises = (const char *)amx_rises(l, s) + (size_t)(n / SIDE) * column;
            const int both = n + SIDE < gaps;
            amx_zero();
            AMX_MULTIPLY(_tile_dpbf16ps, gathered, rises, both ? rises + column : NULL, deep)
            amx_store(r->slopes + n, gaps, both);
        }
        for (int i = 0; i < 2 * SIDE; i++) {
            const int y = (start + p + i) / s->pitch, x = (start + p + i) % s->pitch;
            if (x >= l->w + s->border || y >= l->h + s->border) continue;
            const size_t place = (size_t)(iqlut_clamp_index(y - s->before, l->h) * l->w +
                                          iqlut_clamp_index(x - s->before, l->w));
            add_slopes(pass, &codes, r->slopes + (size_t)i * gaps, place);
        }
    }
}

void amx_backward(const iqlut_train_pass *pass) {
    const iqlut_train_view *l = pass->layer;
    const amx_sizes s = amx_sizes_of(l);
    rooms r = rooms_in((char *)pass->work, l, &s);
    const int most = most_pixels(&s);
    amx_pad(l, &s, pass->grad_acc, r.padded);
    spread_signals(l, &s, pass->signal, r.signals);
    amx_begin();
    for (int start = 0; start < s.pixels; start += most) {
        r.block.padded = r.padded + (size_t)start * l->channels_out;
        r.block.pixels = s.pixels - start < most ? s.pixels - start : most;
        amx_gather(l, &s, &r.block);
        write_hats(l, &s, &r, start);
        grad_rows(l, &s, &r, pass->grads->rows);
        if (pass->grad_signal) grad_signals(pass, &s, &r, start);
    }
    _tile_release();
}
