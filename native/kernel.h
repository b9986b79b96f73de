/* What the parts of the kernel share; see docs/kernel.md for the shape of the whole. */
#ifndef IQLUT_KERNEL_H
#define IQLUT_KERNEL_H

#include "iqlut.h"

#define ONE 32    /* arithmetic.ONE */
#define PERIOD 64 /* lanes after which the constants of every layer repeat; also the step of requantise */
#define ALIGNMENT 64
#define KERNEL_MAX 3
#define GROUPS_MAX 64
#define PARTS_MAX (KERNEL_MAX + 1)        /* partial rows of a group: one for each row of taps, and one set apart */
#define ROWS_MAX (GROUPS_MAX * PARTS_MAX) /* partial rows of an output row */

#define INLINE static inline __attribute__((always_inline))
/* Before a loop: unroll it wholly if the number of rounds is known, so that arrays of vectors become registers.
 * Builds with sanitizers define it as nothing: what they add to each round would be compiled a hundred times. */
#if !defined UNROLL && defined __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#pragma clang diagnostic ignored "-Wpass-failed" /* where the number is not known */
#elif !defined UNROLL
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* What one signal value means to a layer: where its row is, and how to blend it with the next. */
typedef struct {
    uint32_t offset;  /* bytes from the row of code 0 */
    uint32_t weights; /* in the form of the instruction set */
} iqlut_entry;

/* A layer packed. Outputs are padded to `lanes`, 8, 16, 32 or 64, and looked up in blocks of 8 or 16 lanes,
 * as many as hold outputs.
 * The input channels are split into groups so small that, for any signals, the blends of a group
 * summed over one row of taps fit int16; of 3x3 taps the last tap of the middle row may be set apart for that. */
typedef struct {
    int channels_in, channels_out, kernel, before, after, acc_shift, shift;
    int lanes, block, blocks, groups, group_channels;
    int vector_lanes;             /* lanes of the vectors that its rows are packed for */
    int codes;                    /* levels - 1 */
    int apart;                    /* whether part KERNEL_MAX holds the last tap of the middle row, which lacks it */
    int paired;                   /* a row is for two channels, and partial rows are int32; otherwise int16 */
    int partial_bytes;            /* of one lane of a partial row */
    size_t row_bytes, pass_bytes; /* one row; all rows of one (group, block) */
    uint8_t *rows; /* [group][block][code][channel][row_bytes], paired [block][code][code][pair][row_bytes] */
    _Alignas(ALIGNMENT) iqlut_entry entries[256];
    _Alignas(ALIGNMENT) uint8_t curve[2][256]; /* signal to code and fraction, for `prepare` */
    /* For each lane, repeated to PERIOD: what is added to the sum of the partial rows (the rounding half
     * of round_shift, and what the packing took away), then the constants of arithmetic.requantise. */
    _Alignas(ALIGNMENT) int32_t centre[PERIOD];
    _Alignas(ALIGNMENT) int32_t bias[PERIOD];
    _Alignas(ALIGNMENT) int16_t gain_skip[PERIOD][2];
    int skips; /* whether any skip is not 0 */
} iqlut_packed;

/* What a vector look-up of the curve found for each signal of a row: the bytes (ONE - fraction, fraction), and the
 * offset of its row in units of ALIGNMENT; of a paired layer, one offset for each pair of signals. */
typedef struct {
    uint16_t *weights, *offsets;
} iqlut_keys;

/* One walk over a row of pixels: `group_channels` channels, `block` outputs. */
typedef struct {
    const iqlut_packed *layer;
    const uint8_t *rows;
    const uint8_t *signal; /* the first channel of the group, at the first pixel */
    iqlut_keys keys;       /* the same, where the instruction set has `prepare` */
    int stride;            /* signals from a pixel to the next */
    int count;             /* pixels of a row of output */
} iqlut_pass;

/* A row of a picture taken apart as by colour.split: luma, red - green, blue - green. */
typedef struct {
    uint8_t *luma;
    int16_t *red, *blue;
} iqlut_colours;

/* What becomes `scale` rows of colours: a row of `count` pixels with its neighbours, and its enlarged luma. */
typedef struct {
    const int16_t *red[5], *blue[5]; /* two rows before to two rows after, whose pixels -2 .. count + 1 exist */
    const uint8_t *luma;             /* `scale` rows, luma_stride apart */
    int64_t luma_stride;
    int count;
    int32_t *tall; /* to work in: count + 4 and, twice, scale * count */
    int16_t *wide_red, *wide_blue;
    uint8_t *out; /* triples */
    int64_t out_stride;
} iqlut_join;

/* What a row holds: bytes (below, above) for each lane; for each vector of lanes, bytes below and then bytes above; or
 * for each vector int16 ONE * below and then above - below. */
enum { ROW_PAIRS, ROW_SPLIT, ROW_WIDE };

typedef struct {
    const char *name;
    int vector_lanes; /* int16 lanes of the vectors its rows are packed for */
    int row_form;
    int paired_lanes; /* int32 lanes of the vectors of paired layers; 0 if it has none */
    int sets_apart;   /* whether expand can */

    /* The keys of a row of `count` signals, rounded up to PERIOD; NULL where expand reads the signals themselves. */
    void (*prepare)(const iqlut_packed *layer, const uint8_t *signal, int count, iqlut_keys keys);

    /* The blends of `pass->count + kernel - 1` pixels, summed over channels and over each row of taps:
     * `out[i][x * lanes]` is the sum for the pixel x and the tap row i, or what is set apart. Writes up to 2 pixels
     * before `out`. */
    void (*expand)(const iqlut_pass *pass, void *const *out);

    /* arithmetic.requantise of the sum of `row_count` partial rows, `count` lanes rounded up to PERIOD.
     * The skip signal is `skip`, or where that is NULL `base`. */
    void (*requantise)(const iqlut_packed *layer, const void *const *rows, int row_count, const uint8_t *skip,
                       const int16_t *base, uint8_t *out, int count);

    /* arithmetic.bilinear for all phases: base[x * lanes + phase], x in 0..count, from three luma rows
     * whose pixel -1 and pixel `count` exist. */
    void (*bilinear)(int scale, const uint8_t *const luma[3], int16_t *base, int lanes, int count);

    /* The pixel shuffle: phases[x * lanes + phase] to `scale` rows of `out`. */
    void (*shuffle)(int scale, const uint8_t *phases, int lanes, int count, uint8_t *out, int64_t out_stride);

    /* colour.split of `count` pixels of 3 or 4 channels, and colour.join. */
    void (*split)(const uint8_t *pixels, int channels, int count, iqlut_colours to);
    void (*join)(int scale, const iqlut_join *join);
} iqlut_isa;

extern const iqlut_isa iqlut_isa_portable;
#ifdef IQLUT_NEON
extern const iqlut_isa iqlut_isa_neon;
#endif
#ifdef IQLUT_X86
extern const iqlut_isa iqlut_isa_avx2, iqlut_isa_avx512, iqlut_isa_avx512vnni;
#endif

struct iqlut_plan {
    const iqlut_isa *isa;
    int scale, layer_count;
    iqlut_packed *layers;
    _Atomic(void *) spare; /* a workspace of an earlier call, for the next one to take */
};

void *iqlut_allocate(size_t bytes); /* ALIGNMENT-aligned and zeroed; NULL if there is no memory */
void iqlut_release(void *memory);

/* kernel_pack.c: 0, or -1 if there was no memory. */
int iqlut_pack(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa);

/* kernel_stream.c */
typedef struct {
    const iqlut_plan *plan;
    iqlut_picture picture;
    uint8_t *out;
    int64_t out_stride;
} iqlut_job;

size_t iqlut_workspace_bytes(const iqlut_job *job, int columns);
/* Rows top..bottom and columns left..right of the low-resolution plane. */
void iqlut_upscale_tile(const iqlut_job *job, void *workspace, int64_t top, int64_t bottom, int64_t left,
                        int64_t right);

#endif
