/* What an instruction set offers, and the form of packed tables that it reads; docs/kernel.md has
 * the shape of the whole. */
#ifndef IQLUT_ISA_H
#define IQLUT_ISA_H

#include "../shared/arithmetic.h"
#include "../shared/bilinear.h"
#include "../shared/compiler.h"
#include "../shared/cpu.h"
#include "../shared/memory.h"
#include "iqlut.h"

#define IQLUT_PERIOD 64 /* lanes after which a layer's constants repeat; the step of requantise */
#define IQLUT_GROUPS_MAX IQLUT_CHANNELS_MAX /* of input channels: none is empty */
/* Partial rows of a group: one for each row of taps, and APART, of a tap set apart. */
#define IQLUT_APART IQLUT_KERNEL_MAX
#define IQLUT_PARTIALS_MAX (IQLUT_KERNEL_MAX + 1)
/* Of an output row: one for each group of the part of the centre, and those of the other part. */
#define IQLUT_ROWS_MAX (IQLUT_GROUPS_MAX * (1 + IQLUT_PARTIALS_MAX))

/* What one signal value means to a layer: where its row is, and how to blend it with the next. */
typedef struct {
    uint32_t offset;  /* bytes from the row of code 0 */
    uint32_t weights; /* in the form of the instruction set */
} iqlut_key;

/* The form of a paired layer of 3x3 taps that leaves out rows and taps (pack_compact.c).
 *
 * Of a layer of a symmetric model, the table of the members 2f and 2f + 1 of each orbit of input
 * channels, the frame f, is that of the members 0 and 1 with taps and outputs in another order, so
 * the rows of frame 0 serve all. The orders of taps are those of the eight flips and rotations, of
 * four frames, or of the rotations, of two; with the negative, twice as many frames have these
 * orders again. A layer without symmetry is one frame.
 *
 * The first rows of a pair of codes have all taps, for the first `block` outputs, and the tap at
 * the centre for all outputs. The other rows have the latter only. */
enum { IQLUT_ROTATIONS = 2, IQLUT_FLIPS_ROTATIONS = 4, IQLUT_FRAMES_MAX = 8 };
typedef struct {
    int tap_orders;      /* IQLUT_FLIPS_ROTATIONS, IQLUT_ROTATIONS or 1 */
    int frames;          /* as many, or twice as many */
    int block;           /* 8, 16 or 24 */
    int centre_vectors;  /* of a row */
    int full_rows, rows; /* of a pair of codes; those with all taps, and all */
} iqlut_compact;

/* Vectors of 16 lanes of a row before those of the centre. Of 24 outputs, 16 have a vector for each
 * tap. Of the last 8, opposite taps share one, because they are opposite in every frame. */
IQLUT_INLINE int iqlut_outer_vectors(const int block) {
    return block / 16 * 8 + block % 16 / 8 * 4;
}

/* The lane of a tap and an output in a row with all taps. */
IQLUT_INLINE int iqlut_compact_lane(const int block, const int tap, const int output) {
    const int wide = block / 16 * 16;
    if (tap == 4) return iqlut_outer_vectors(block) * 16 + output;
    if (output < wide) return (tap < 4 ? tap : tap - 1) * 16 + output;
    return wide * 8 + (tap < 4 ? tap * 16 : (8 - tap) * 16 + 8) + output - wide;
}

/* A layer packed, or a part of it. If every output of a layer of 3x3 taps has only their middle
 * row or only their middle column, a row of the layer consists of *lines*: of as many outputs as a
 * vector has lanes, the taps to the left or above, those at the centre, and those to the right or
 * below (pack_lines.c).
 *
 * * A layer of 3x3 taps that has taps off the centre only between its first inputs and its first
 * outputs is packed as two parts whose sums are added: `spatial` holds all taps between those, and
 * the layer itself the tap at the centre between all others.
 *
 * * Outputs are padded to `lanes`, 8, 16, 32 or 64, and looked up in blocks of 8 or 16 lanes, or
 * of more in paired layers of lines, as many as hold outputs. The input channels are split into
 * groups so small that, for any signals, the blends of a group summed over one row of taps fit
 * int16; of 3x3 taps the last tap of the middle row may be set apart for that. */
typedef struct iqlut_packed {
    struct iqlut_packed *spatial; /* the other part, or NULL */
    int channels_in, channels_out, kernel, acc_shift, shift;
    int before, after; /* rows and columns that the whole layer reads around a pixel */
    int lanes, block, blocks, groups, group_channels;
    int vector_lanes;      /* lanes of the vectors that its rows are packed for */
    int codes;             /* levels - 1 */
    int apart;             /* whether the last tap of the middle row is in IQLUT_APART */
    int paired;            /* a row is for two channels, partial rows are int32, not int16 */
    int lines;             /* whether its rows consist of lines; then it has no other form */
    iqlut_compact compact; /* paired, in this form; or zeros */
    int partial_bytes;     /* of one lane of a partial row */
    size_t row_bytes;      /* of one row, with all taps */
    size_t code_bytes, pass_bytes; /* all rows of a code, or pair of codes; of one (group, block) */
    /* [group][block][code][channel][row_bytes], or paired [block][code][code][pair][row_bytes], or
     * compact, where rows of the centre are shorter */
    uint8_t *rows;
    /* Where the lanes of a vector come from when sums in the order of a frame are put into that of
     * the frame before; and the same with the halves of the vector swapped. */
    _Alignas(IQLUT_LINE) int32_t frame_lanes[IQLUT_FRAMES_MAX][2][16];
    _Alignas(IQLUT_LINE) iqlut_key key_of_signal[IQLUT_SIGNALS];
    _Alignas(IQLUT_LINE) uint8_t curve[2][IQLUT_SIGNALS]; /* code and fraction, for `prepare` */
    /* For each lane, repeated to IQLUT_PERIOD: what is added to the sum of the partial rows (the
     * rounding half of round_shift, and what the packing took away), then the constants of
     * arithmetic.requantise. */
    _Alignas(IQLUT_LINE) int32_t sum_offset[IQLUT_PERIOD];
    _Alignas(IQLUT_LINE) int32_t bias[IQLUT_PERIOD];
    _Alignas(IQLUT_LINE) int16_t gain_skip[IQLUT_PERIOD][2];
    /* Of lines: -1 for each output that has a column, 0 for one that has a row. */
    _Alignas(IQLUT_LINE) int16_t in_columns[IQLUT_PERIOD + IQLUT_PERIOD / 2];
    int skips; /* whether any skip is not 0 */
} iqlut_packed;

/* What a vector look-up of the curve found for each signal of a row: the bytes (ONE - fraction,
 * fraction), and the offset of its row in units of IQLUT_LINE; of a paired layer, one offset for
 * each pair of signals. */
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
    int first_output;      /* of the block */
} iqlut_pass;

/* Where the sums of each tap row go, and those of the tap that is set apart. Of a paired layer,
 * tap row 1 is added to what is at `addend`, which is to[1] or to[0], and tap row 2 to what is at
 * to[2]. So of each pixel, the sum of tap row 0 is stored before `addend` is read. */
typedef struct {
    void *to[IQLUT_PARTIALS_MAX];
    const void *addend;
} iqlut_tap_rows;

/* A row of sums to a row of signals: `count` lanes, rounded up to IQLUT_PERIOD. */
typedef struct {
    const iqlut_packed *layer;
    const void *rows[IQLUT_ROWS_MAX]; /* `row_count` partial rows */
    int row_count, count;
    const uint8_t *skip; /* the skip signal; or, in the last layer, */
    const int16_t *base; /* the bilinear base, else NULL */
    uint8_t *out;
} iqlut_requantise;

/* The pixel shuffle: phases[x * lanes + phase] to `scale` rows of `out`. */
typedef struct {
    const uint8_t *phases;
    int scale, lanes, count;
    uint8_t *out;
    int64_t out_stride;
} iqlut_shuffle;

/* A row of a picture taken apart as by colour.split: luma, red - green, blue - green. */
typedef struct {
    uint8_t *luma;
    int16_t *red, *blue;
} iqlut_colours;

/* What becomes `scale` rows of colours: a row of `count` pixels with its neighbours, and its
 * upscaled luma. */
typedef struct {
    const int16_t *red[5], *blue[5]; /* rows -2 .. 2, whose pixels -2 .. count + 1 exist */
    const uint8_t *luma;             /* `scale` rows, luma_stride apart */
    int64_t luma_stride;
    int count;
    int32_t *tall; /* to work in: count + 4 and, twice, scale * count */
    int16_t *wide_red, *wide_blue;
    uint8_t *out; /* triples */
    int64_t out_stride;
} iqlut_join;

/* A row of samples that becomes one phase of rows of the upscaled plane: the five rows around it
 * with their weights, and `count` samples of `bytes` bytes. */
typedef struct {
    const void *rows[IQLUT_CUBIC_TAPS];
    int32_t down[IQLUT_CUBIC_TAPS];
    const iqlut_cubic_weights *along;
    int scale, bytes, count, sample_max;
    int32_t *tall; /* to work in: count + IQLUT_CUBIC_BEFORE + IQLUT_CUBIC_AFTER */
    void *out;     /* scale * count samples */
} iqlut_cubic_row;

/* What a row holds: bytes (below, above) for each lane; for each vector of lanes, bytes below and
 * then bytes above; or for each vector int16 ONE * below and then above - below. */
enum { IQLUT_ROW_PAIRS, IQLUT_ROW_SPLIT, IQLUT_ROW_WIDE };

typedef struct iqlut_isa {
    const char *name;
    uint32_t needs;   /* features of the CPU */
    int vector_lanes; /* int16 lanes of the vectors its rows are packed for */
    int row_form;
    int paired_lanes; /* int32 lanes of the vectors of paired layers; 0 if it has none */
    int paired_bytes; /* the most that the rows of a pass of a paired layer may take */
    int compacts;     /* whether expand can take compact layers, and paired ones of lines */
    int has_lines;    /* whether expand can take layers of lines that are not paired */
    int sets_apart;   /* whether expand can */
    /* Whose functions it uses where it has none, or NULL. With 0 vector_lanes, it also has the form
     * of rows and the layers of the other: all fields above. */
    const struct iqlut_isa *otherwise;

    /* The keys of a row of `count` signals, rounded up to IQLUT_PERIOD; NULL where expand reads the
     * signals themselves. */
    void (*prepare)(const iqlut_packed *layer, const uint8_t *signal, int count, iqlut_keys keys);

    /* The blends of `pass->count + kernel - 1` pixels, summed over channels and over each row of
     * taps: `rows->to[i][x * lanes]` becomes the sum for the pixel x and the tap row i, or what is
     * set apart; of a paired layer with i > 0, added to what was there or at `addend`. Reads and
     * writes up to 2 pixels before these rows and 1 after them. */
    void (*expand)(const iqlut_pass *pass, const iqlut_tap_rows *rows);

    void (*requantise)(const iqlut_requantise *row); /* arithmetic.requantise */
    void (*bilinear)(const iqlut_bilinear *row);     /* arithmetic.bilinear */
    void (*shuffle)(const iqlut_shuffle *row);

    /* colour.split of `count` pixels of 3 or 4 channels, and colour.join. */
    void (*split)(const uint8_t *pixels, int channels, int count, iqlut_colours to);
    void (*join)(int scale, const iqlut_join *join);

    void (*upscale_samples)(const iqlut_cubic_row *row); /* cubic.upscale */
} iqlut_isa;

extern const iqlut_isa iqlut_isa_portable;
#ifdef IQLUT_NEON
extern const iqlut_isa iqlut_isa_neon;
#endif
#ifdef IQLUT_NEON_DOT
extern const iqlut_isa iqlut_isa_neondot;
#endif
#ifdef IQLUT_X86
extern const iqlut_isa iqlut_isa_avx2, iqlut_isa_avx512, iqlut_isa_avx512vnni;
extern const iqlut_isa iqlut_isa_avx512vbmi;
/* What avx512vnni does with compact layers, and with those of lines. */
void iqlut_expand_compact(const iqlut_pass *pass, const iqlut_tap_rows *rows);
void iqlut_expand_lines(const iqlut_pass *pass, const iqlut_tap_rows *rows);
#endif

#endif
