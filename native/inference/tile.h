/* A tile on its way through all layers: what it keeps of each, and where that lies in memory. */
#ifndef IQLUT_TILE_H
#define IQLUT_TILE_H

#include "cubic.h"
#include "plan.h"

#define SIGNAL_ROWS 2 /* rows of input that a layer keeps */
/* Bytes before each row: the pixel to the left, and what expand writes ahead of the first. And
 * after: the pixel to the right, what expand writes behind the last, and up to IQLUT_PERIOD lanes
 * of rounding up. */
#define FRONT 512
#define SLACK 512

/* A layer. */
typedef struct {
    const iqlut_packed *packed;
    /* Rows of input, and partial rows or rows of sums of each part of the layer, FRONT included. */
    uint8_t *signal, *partial[2];
    size_t signal_bytes, partial_bytes; /* of one row */
    int input_stride;                   /* bytes of a pixel of input */
    int64_t first, last;                /* columns of output */
    int64_t input_first, input_last;    /* columns of input */
    int64_t first_output;               /* the first row of output */
    int64_t next_input;                 /* the next row of input to take in */
} line;

/* Of a picture with colours: the rows that were taken apart and are still read. */
typedef struct {
    uint8_t *rows; /* luma, red - green and blue - green of each, FRONT included */
    int count;     /* rows kept */
    size_t luma_bytes, bytes;
    int64_t first, last; /* columns */
    int64_t next;        /* the next row to take apart */
} colour_ring;

typedef struct {
    const iqlut_job *job;
    line *lines;
    colour_ring *ring; /* NULL for a plane of luma */
    iqlut_join join;
    uint8_t *bright; /* `scale` rows of upscaled luma, where colours are to be added */
    /* Padded rows: luma around a row, a broadcast skip, the last signal. */
    uint8_t *luma[3], *skip, *phases;
    iqlut_keys keys; /* of a row of input, only while it is expanded */
    int16_t *base;
} tile;

static inline int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

/* Parts of a layer: itself, and its spatial part if it has one. */
static inline int part_count(const iqlut_packed *p) { return p->spatial ? 2 : 1; }
static inline const iqlut_packed *part_at(const iqlut_packed *p, int part) {
    return part ? p->spatial : p;
}

/* What is set apart is kept as long as the middle row of taps. */
static inline int tap_row_of(int row) { return row == IQLUT_APART ? 1 : row; }

/* Rows of output in progress: from the first row of input that is added to one to the last row of
 * input that the whole layer, of which this may be a part, waits for. */
static inline int rows_in_progress(const iqlut_packed *p) {
    return iqlut_before(p->kernel) + p->after + 1;
}

/* Partial rows of a group that one row of input makes, and how many are kept in all: that of the
 * first row of taps for each row of output in progress, each of the others for one less. */
static inline int rows_made(const iqlut_packed *p) { return p->kernel + (p->apart ? 1 : 0); }
static inline int rows_kept(const iqlut_packed *p) {
    const int first = rows_in_progress(p);
    return p->kernel * first - p->kernel * (p->kernel - 1) / 2 + (p->apart ? first - 1 : 0);
}

/* Bytes of the partial rows of one part of a layer; or, of a paired one, of a row of sums for each
 * row of output in progress and a spare one. */
static inline size_t partial_rows_bytes(const line *l, const iqlut_packed *part) {
    const int rows = part->paired ? rows_in_progress(part) + 1 : part->groups * rows_kept(part);
    return (size_t)rows * l->partial_bytes;
}

/* tile_memory.c: lays a tile out in `memory` or, if that is NULL, only counts the bytes. */
size_t iqlut_lay_out(tile *t, uint8_t *memory, int64_t columns);

/* tile_colour.c: where a tile's colours begin; rows up to `y` taken apart, pixels outside the image
 * repeating its border; row `y` of the ring, from its column `first` on; upscaled luma of row `y`
 * and the colours around it to `scale` rows of the result. */
void iqlut_begin_colours(const tile *t, const iqlut_rectangle *place);
void iqlut_take_colours(const tile *t, int64_t y);
iqlut_colours iqlut_colours_at(const colour_ring *ring, int64_t y);
void iqlut_add_colours(const tile *t, int64_t y, uint8_t *out);

#endif
