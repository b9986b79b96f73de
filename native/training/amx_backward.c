/* Backward by tiles: the gradients of entries and of signals of one layer (amx.c). */
#include <string.h>

#include "../shared/byte_table.h"
#include "amx.h"

#define BLOCK 256 /* pixels that are taken at a time */

/* What backward works in. */
typedef struct {
    bfloat *padded;   /* gradients of F (amx_gather.c) */
    uint8_t *signals; /* [channels][pixels] */
    bfloat *hats;     /* of a block, in tiles [hats / TILE_SIDE][pixels / BFLOATS_PER_ROW] */
    float *slopes;    /* [32][gaps]: gathered gradients x rises */
    amx_block block;
} workspace;

static int most_pixels(const amx_sizes *s) { return s->pixels < BLOCK ? s->pixels : BLOCK; }

/* Where each part of `workspace` begins, in bytes, and where the last ends. */
static void lay_out(const iqlut_train_view *l, const amx_sizes *s, size_t at[7]) {
    const size_t pixels = (size_t)most_pixels(s), row = (size_t)s->row;
    const size_t sizes[] = {sizeof(bfloat) * amx_padded_values(l, s),
                            (size_t)l->channels_in * (size_t)s->pixels,
                            sizeof(bfloat) * pixels * (size_t)iqlut_round_up(s->hats, TWO_TILES),
                            sizeof(float) * TWO_TILES * (size_t)iqlut_round_up(s->gaps, TILE_SIDE),
                            sizeof(bfloat) * pixels * row,
                            sizeof(bfloat) * pixels * row};
    at[0] = 0;
    for (int i = 0; i < 6; i++) at[i + 1] = at[i] + iqlut_whole_lines(sizes[i]);
}

static workspace workspace_in(char *memory, const iqlut_train_view *l, const amx_sizes *s) {
    size_t at[7];
    lay_out(l, s, at);
    return (workspace){
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

/* The signals of a channel lie together; those of pixels after the last are 0. */
static void spread_signals(const iqlut_train_view *l, const amx_sizes *s, const uint8_t *signal,
                           uint8_t *signals) {
    const int c = l->channels_in, w = l->w;
    memset(signals, 0, (size_t)c * (size_t)s->pixels);
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

/* t / ONE in bfloat16, of 64 values of which 0 to ONE are used. */
typedef struct {
    __m512i halves[2];
} fraction_table;

static fraction_table fractions(void) {
    bfloat values[2][BFLOATS_PER_ROW];
    for (int t = 0; t < 2 * BFLOATS_PER_ROW; t++)
        values[t / BFLOATS_PER_ROW][t % BFLOATS_PER_ROW] = amx_to_bfloat((float)t / IQLUT_ONE);
    return (fraction_table){{_mm512_loadu_si512(values[0]), _mm512_loadu_si512(values[1])}};
}

IQLUT_INLINE __m512i fractions_of(const fraction_table *table, __m512i t) {
    return _mm512_permutex2var_epi16(table->halves[0], t, table->halves[1]);
}

/* Where 32 pixels of a row of hats lie. */
static bfloat *hats_at(const workspace *r, int row, int pixel) {
    const size_t tile = (size_t)(row / TILE_SIDE) * (size_t)(r->block.pixels / BFLOATS_PER_ROW) +
                        (size_t)(pixel / BFLOATS_PER_ROW);
    return r->hats + tile * (TILE_BYTES / 2) + row % TILE_SIDE * BFLOATS_PER_ROW;
}

/* Rows of hats of the pixels of a block from `start` on: a row for each level of each channel. */
static void hats_by_level(const iqlut_train_view *l, const amx_sizes *s, const workspace *r,
                          int start) {
    uint8_t above[IQLUT_SIGNALS];
    for (int i = 0; i < IQLUT_SIGNALS; i++) above[i] = (uint8_t)(l->weights[i] >> 8);
    const iqlut_byte_table codes = iqlut_load_table(l->code), ts = iqlut_load_table(above);
    const fraction_table values = fractions();
    const __m512i one = _mm512_set1_epi16(IQLUT_ONE);
    for (int c = 0; c < l->channels_in; c++) {
        const uint8_t *signals = r->signals + (size_t)c * s->pixels + start;
        for (int p = 0; p < r->block.pixels; p += BFLOATS_PER_ROW) {
            const __m512i at =
                _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(signals + p)));
            const __m512i code =
                _mm512_cvtepu8_epi16(_mm512_castsi512_si256(iqlut_look_up_bytes(&codes, at)));
            const __m512i t =
                _mm512_cvtepu8_epi16(_mm512_castsi512_si256(iqlut_look_up_bytes(&ts, at)));
            const __m512i upper = fractions_of(&values, t);
            const __m512i lower = fractions_of(&values, _mm512_sub_epi16(one, t));
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
    for (int row = s->hats; row < iqlut_round_up(s->hats, TWO_TILES); row++)
        for (int p = 0; p < r->block.pixels; p += BFLOATS_PER_ROW)
            _mm512_storeu_si512(hats_at(r, row, p), _mm512_setzero_si512());
}

/* ---- products ---- */

/* grads->rows += transposed hats x gathered gradients. */
static void grad_rows(const iqlut_train_view *l, const amx_sizes *s, const workspace *r,
                      float *rows) {
    const int deep = r->block.pixels / BFLOATS_PER_ROW;
    const size_t column = (size_t)deep * TILE_BYTES;
    float sums[TWO_TILES][TWO_TILES];
    for (int hat = 0; hat < s->hats; hat += TWO_TILES)
        for (int n = 0; n < l->stride; n += TWO_TILES) {
            const char *pairs = (const char *)r->block.pairs + (size_t)(n / TILE_SIDE) * column;
            const int both = n + TILE_SIDE < l->stride;
            amx_zero();
            const amx_rows hats = {(const char *)r->hats + (size_t)(hat / TILE_SIDE) * column, 64,
                                   column, TILE_BYTES};
            AMX_MULTIPLY(_tile_dpbf16ps, hats, pairs, both ? pairs + column : NULL, deep)
            amx_store(sums, TWO_TILES, both);
            for (int i = 0; i < TWO_TILES && hat + i < s->hats; i++)
                for (int o = 0; o < (both + 1) * TILE_SIDE; o += TILE_SIDE) {
                    float *to = rows + (size_t)(hat + i) * l->stride + n + o;
                    _mm512_storeu_ps(
                        to, _mm512_add_ps(_mm512_loadu_ps(to), _mm512_loadu_ps(sums[i] + o)));
                }
        }
}

/* Of each channel of a pixel, the slope at its level: added to the gradients of its signal. */
static void add_slopes(const iqlut_train_pass *pass, const iqlut_byte_table *codes,
                       const float *slopes, size_t place) {
    const iqlut_train_view *l = pass->layer;
    const int c = l->channels_in, gaps = l->levels - 1;
    const uint8_t *signal = pass->signal + place * (size_t)c;
    float *grad = pass->grad_signal + place * (size_t)c;
    const __m512i steps =
        _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                           _mm512_set1_epi32(gaps));
    for (int i = 0; i < c; i += TILE_SIDE) {
        const __mmask16 some = (__mmask16)amx_first(c - i);
        const __m512i at = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(some, signal + i));
        const __m512i code =
            _mm512_cvtepu8_epi32(_mm512_castsi512_si128(iqlut_look_up_bytes(codes, at)));
        const __m512 slope = _mm512_mask_i32gather_ps(
            _mm512_setzero_ps(), some, _mm512_add_epi32(steps, code), slopes + (size_t)i * gaps, 4);
        const __m512 sum = _mm512_add_ps(_mm512_maskz_loadu_ps(some, grad + i), slope);
        _mm512_mask_storeu_ps(grad + i, some, sum);
    }
}

static void grad_signals(const iqlut_train_pass *pass, const amx_sizes *s, const workspace *r,
                         int start) {
    const iqlut_train_view *l = pass->layer;
    const iqlut_byte_table codes = iqlut_load_table(l->code);
    const int deep = s->row / BFLOATS_PER_ROW, gaps = iqlut_round_up(s->gaps, TILE_SIDE);
    const size_t column = (size_t)deep * TILE_BYTES;
    const size_t row = (size_t)s->row * sizeof(bfloat);
    for (int p = 0; p < r->block.pixels; p += TWO_TILES) {
        const amx_rows gathered = {(const char *)r->block.gathered + (size_t)p * row, row,
                                   TILE_SIDE * row, 64};
        for (int n = 0; n < gaps; n += TWO_TILES) {
            const char *rises = (const char *)((const bfloat *)l->form + amx_rises_at(l, s)) +
                                (size_t)(n / TILE_SIDE) * column;
            const int both = n + TILE_SIDE < gaps;
            amx_zero();
            AMX_MULTIPLY(_tile_dpbf16ps, gathered, rises, both ? rises + column : NULL, deep)
            amx_store(r->slopes + n, gaps, both);
        }
        for (int i = 0; i < TWO_TILES; i++) {
            const int y = (start + p + i) / s->pitch, x = (start + p + i) % s->pitch;
            if (y >= l->h + s->border) break;
            const size_t place = (size_t)(iqlut_clamp_index(y - s->before, l->h) * l->w +
                                          iqlut_clamp_index(x - s->before, l->w));
            add_slopes(pass, &codes, r->slopes + (size_t)i * gaps, place);
        }
    }
}

void amx_backward(const iqlut_train_pass *pass) {
    const iqlut_train_view *l = pass->layer;
    const amx_sizes s = amx_sizes_of(l);
    workspace r = workspace_in((char *)pass->work, l, &s);
    const int most = most_pixels(&s);
    amx_pad(l, &s, pass->grad_acc, r.padded);
    spread_signals(l, &s, pass->signal, r.signals);
    amx_begin();
    for (int start = 0; start < s.pixels; start += most) {
        r.block.padded = r.padded + (size_t)start * l->channels_out;
        r.block.pixels = s.pixels - start < most ? s.pixels - start : most;
        amx_gather(l, &s, &r.block);
        hats_by_level(l, &s, &r, start);
        amx_written();
        grad_rows(l, &s, &r, pass->grads->rows);
        if (pass->grad_signal) grad_signals(pass, &s, &r, start);
    }
    _tile_release();
}
