/* Between the files that train with AMX: the forms of a layer that tiles read, and the tiles. */
#ifndef IQLUT_TRAIN_AMX_H
#define IQLUT_TRAIN_AMX_H

#include <immintrin.h>
#include <string.h>

#include "train_isa.h"

#define TILE_SIDE 16       /* rows of an AMX tile, and its columns of four bytes */
#define TWO_TILES 32       /* rows or columns that are computed at a time */
#define TILE_BYTES 1024    /* of rows of 64 bytes */
#define INT8_PER_ROW 64    /* of a tile */
#define BFLOATS_PER_ROW 32 /* likewise */

typedef uint16_t bfloat;

/* Lengths of a layer. The pixels that it reads are those of the patch and of the replicated border,
 * row by row. A tap is a constant distance between them. */
typedef struct {
    int before, border; /* pixels of the border: before the patch, and in all, k - 1 */
    int pitch;          /* pixels of a row with its border */
    int pixels;         /* of all rows, rounded up to TWO_TILES */
    int hats;           /* channels_in * levels: the weights of a pixel */
    int gaps;           /* channels_in * (levels - 1) */
    int row;            /* floats of a row of the table (train_isa.h), rounded up to TWO_TILES */
    int outputs;        /* channels_out, rounded up to a tile */
} amx_sizes;

static inline amx_sizes amx_sizes_of(const iqlut_train_view *l) {
    const int border = l->kernel - 1, pitch = l->w + border;
    return (amx_sizes){
        .before = iqlut_before(l->kernel),
        .border = border,
        .pitch = pitch,
        .pixels = iqlut_round_up((l->h + border) * pitch, TWO_TILES),
        .hats = l->channels_in * l->levels,
        .gaps = l->channels_in * (l->levels - 1),
        .row = iqlut_round_up(iqlut_train_row_wholes(l->shape) * IQLUT_TRAIN_WHOLE, TWO_TILES),
        .outputs = iqlut_round_up(l->channels_out, TILE_SIDE)};
}

/* The form of a layer: entries in tiles [taps][outputs / TILE_SIDE][hats / INT8_PER_ROW], with
 * those of four successive hats side by side; and rises in tiles
 * [gaps / TILE_SIDE][row / BFLOATS_PER_ROW], with two successive values of a row side by side. */
static inline size_t amx_entry_tiles(const amx_sizes *s) {
    return (size_t)(s->outputs / TILE_SIDE) *
           (size_t)(iqlut_round_up(s->hats, INT8_PER_ROW) / INT8_PER_ROW);
}

static inline size_t amx_rise_tiles(const amx_sizes *s) {
    return (size_t)(iqlut_round_up(s->gaps, TILE_SIDE) / TILE_SIDE) *
           (size_t)(s->row / BFLOATS_PER_ROW);
}

static inline const int8_t *amx_entries(const iqlut_train_view *l) { return l->form; }

/* Where the rises begin, in bfloats. */
static inline size_t amx_rises_at(const iqlut_train_view *l, const amx_sizes *s) {
    const size_t taps = (size_t)(l->kernel * l->kernel);
    return taps * amx_entry_tiles(s) * TILE_BYTES / sizeof(bfloat);
}

/* Tells the compiler that what was written is read by tile instructions, which it does not see. */
static inline void amx_written(void) { __asm__ volatile("" ::: "memory"); }

static inline void amx_begin(void) {
    static const struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } eight_whole_tiles = {
        1,
        0,
        {0},
        {64, 64, 64, 64, 64, 64, 64, 64},
        {TILE_SIDE, TILE_SIDE, TILE_SIDE, TILE_SIDE, TILE_SIDE, TILE_SIDE, TILE_SIDE, TILE_SIDE}};
    amx_written();
    _tile_loadconfig(&eight_whole_tiles);
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
    _tile_stored(1, at + TILE_SIDE * bytes, bytes);
    if (!both) return;
    _tile_stored(2, at + 64, bytes);
    _tile_stored(3, at + TILE_SIDE * bytes + 64, bytes);
}

/* The first `count` of 32 lanes, or all; cast to __mmask16, of 16. */
static inline __mmask32 amx_first(int count) {
    return count >= BFLOATS_PER_ROW ? 0xffffffffu : count <= 0 ? 0 : (1u << count) - 1;
}

static inline bfloat amx_to_bfloat(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bfloat)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* A block of pixels. */
typedef struct {
    const bfloat *padded; /* gradients of F from its first pixel on */
    bfloat *gathered;     /* [pixels][row]: those of all sums that a pixel's rows enter */
    bfloat *pairs;        /* the same in tiles [row / TILE_SIDE][pixels / BFLOATS_PER_ROW], with two
                           * successive pixels side by side */
    int pixels;           /* a multiple of TWO_TILES */
} amx_block;

/* amx_gather.c: gradients of F with zeros before each row, which also end the row before it, and
 * rows of zeros before and after all. */
size_t amx_padded_values(const iqlut_train_view *, const amx_sizes *);
void amx_pad(const iqlut_train_view *, const amx_sizes *, const float *grad_acc, bfloat *padded);
void amx_gather(const iqlut_train_view *, const amx_sizes *, const amx_block *);

/* amx_backward.c */
size_t amx_backward_bytes(const iqlut_train_view *);
void amx_backward(const iqlut_train_pass *);

#endif
