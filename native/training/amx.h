/* Between the files that train with AMX: the forms of a layer that tiles read, and the tiles. */
#ifndef IQLUT_TRAIN_AMX_H
#define IQLUT_TRAIN_AMX_H

#include <immintrin.h>

#include "train_isa.h"

#define SIDE 16         /* rows of a tile, and its columns of four bytes */
#define TILE_BYTES 1024 /* of rows of 64 bytes */
#define QUARTERS 64     /* int8 in a row of a tile */
#define HALVES 32       /* bfloat16 in a row of a tile */

typedef uint16_t bfloat;

static inline int up(int n, int unit) { return (n + unit - 1) / unit * unit; }

/* Lengths of a layer. The pixels that it reads lie in rows of `pitch`: those of the patch, the
 * replicated border, and k - 1 unused ones, so that the pixel of a tap is a constant distance away.
 */
typedef struct {
    int before, border; /* pixels of the border: before the patch, and in all, k - 1 */
    int pitch, pixels;  /* in whole tiles, twice */
    int hats;           /* levels of all inputs */
    int gaps;           /* levels but the last, of all inputs */
    int row;            /* floats of a row (train_isa.h), in whole tiles, twice */
    int outputs;        /* in whole tiles */
} amx_sizes;

static inline amx_sizes amx_sizes_of(const iqlut_train_view *l) {
    const int border = l->kernel - 1, pitch = l->w + 2 * border;
    return (amx_sizes){.before = iqlut_before(l->kernel),
                       .border = border,
                       .pitch = pitch,
                       .pixels = up((l->h + border) * pitch, 2 * SIDE),
                       .hats = l->channels_in * l->levels,
                       .gaps = l->channels_in * (l->levels - 1),
                       .row = up(iqlut_train_row_wholes(l->shape) * IQLUT_TRAIN_WHOLE, 2 * SIDE),
                       .outputs = up(l->channels_out, SIDE)};
}

/* The form of a layer: entries [taps][outputs / SIDE][hats / QUARTERS] tiles of four rows of hats
 * side by side; rises [gaps / SIDE][row / HALVES] tiles of two floats of a row side by side. */
static inline size_t amx_entry_tiles(const amx_sizes *s) {
    return (size_t)(s->outputs / SIDE) * (size_t)(up(s->hats, QUARTERS) / QUARTERS);
}

static inline size_t amx_rise_tiles(const amx_sizes *s) {
    return (size_t)(up(s->gaps, SIDE) / SIDE) * (size_t)(s->row / HALVES);
}

static inline const int8_t *amx_entries(const iqlut_train_view *l) { return l->form; }

static inline const bfloat *amx_rises(const iqlut_train_view *l, const amx_sizes *s) {
    const size_t taps = (size_t)(l->kernel * l->kernel);
    return (const bfloat *)(amx_entries(l) + taps * amx_entry_tiles(s) * TILE_BYTES);
}

static inline void amx_begin(void) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int t = 0; t < 8; t++) shape.row_bytes[t] = 64, shape.rows[t] = SIDE;
    _tile_loadconfig(&shape);
}

/* 32 rows of tiles at `at`, whose rows are `row` bytes apart, those of the lower tiles `down` bytes
 * below them, and the next two tiles at `next`. */
typedef struct {
    const void *at;
    size_t row, down, next;
} amx_rows;

/* Adds to tiles 0 to 3 the product of 32 rows with two columns of `count` tiles at `b` and `c`, or
 * with one, to tiles 0 and 1, where c is NULL. */
#define AMX_MULTIPLY(product, rows, b, c, count)                         \
    for (int t_ = 0; t_ < (count); t_++) {                               \
        const char *a_ = (const char *)(rows).at + t_ * (rows).next;     \
        _tile_loadd(4, a_, (rows).row);                                  \
        _tile_loadd(5, a_ + (rows).down, (rows).row);                    \
        _tile_loadd(6, (const char *)(b) + (size_t)t_ * TILE_BYTES, 64); \
        product(0, 4, 6);                                                \
        product(1, 5, 6);                                                \
        if (!(c)) continue;                                              \
        _tile_loadd(7, (const char *)(c) + (size_t)t_ * TILE_BYTES, 64); \
        product(2, 4, 7);                                                \
        product(3, 5, 7);                                                \
    }

static inline void amx_zero(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* Tiles 0 to 3, or 0 and 1, to 32 rows of `row` values of four bytes at `to`. */
static inline void amx_store(void *to, int row, int both) {
    char *at = to;
    const size_t bytes = (size_t)row * 4;
    _tile_stored(0, at, bytes);
    _tile_stored(1, at + SIDE * bytes, bytes);
    if (!both) return;
    _tile_stored(2, at + 64, bytes);
    _tile_stored(3, at + SIDE * bytes + 64, bytes);
}

/* The first `count` of 32 lanes, or all. */
static inline __mmask32 amx_first(int count) {
    return count >= HALVES ? 0xffffffffu : count <= 0 ? 0 : (1u << count) - 1;
}

/* Some pixels, in whole tiles twice: the gradients of F from the first of them on, and the gathered
 * gradients of all that their rows are added to, as [pixels][row], and in tiles
 * [row / SIDE][pixels / HALVES] of two pixels side by side. */
typedef struct {
    const bfloat *padded;
    bfloat *gathered, *pairs;
    int pixels;
} amx_block;

/* amx_gather.c: gradients of F with a border of zeros, of which each row has one side. */
size_t amx_padded_values(const iqlut_train_view *, const amx_sizes *);
void amx_pad(const iqlut_train_view *, const amx_sizes *, const float *grad_acc, bfloat *padded);
void amx_gather(const iqlut_train_view *, const amx_sizes *, const amx_block *);

/* amx_backward.c */
size_t amx_backward_bytes(const iqlut_train_view *);
void amx_backward(const iqlut_train_pass *);

#endif
