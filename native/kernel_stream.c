/* Streams one tile of a plane through all layers, a row at a time.
 *
 * Each layer keeps the last two rows of its input and, for each row i of its taps, the partial rows that outputs
 * still to come need: kernel - i of them. A tile computes the halo around itself that lies inside the image; outside
 * the image every tap reads the nearest pixel inside, in every layer, so a tile's pixels are those of the whole.
 */
#include <string.h>

#include "kernel.h"

#define SIGNAL_ROWS 2
#define CHROMA_REACH 2 /* of the bicubic kernel that enlarges colours */
#define FRONT 512 /* bytes before each row: the pixel to the left, and what expand writes ahead of the first */
#define SLACK 512 /* and after: the pixel to the right, and up to PERIOD lanes of rounding up */

typedef struct {
    const iqlut_packed *packed;
    uint8_t *signal, *partial;          /* rows of input and of partial sums, FRONT included */
    size_t signal_bytes, partial_bytes; /* of one row */
    int input_stride;                   /* bytes of a pixel of input */
    int64_t first, last;                /* columns of output */
    int64_t input_first, input_last;    /* columns of input */
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
    colour_ring *ring;
    iqlut_join join;
    uint8_t *bright; /* `scale` rows of enlarged luma, where colours are to be added */
    uint8_t *luma[3], *skip, *phases; /* padded rows: luma around a row, a broadcast skip, the last signal */
    iqlut_keys keys;                  /* of a row of input, only while it is expanded */
    int16_t *base;
} tile;

static int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t clamp(int64_t y, int64_t h) { return at_least(0, at_most(y, h - 1)); }

static size_t row_bytes(int64_t columns, size_t pixel_bytes) {
    const size_t bytes = FRONT + (size_t)columns * pixel_bytes + SLACK;
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* What is set apart is kept as long as the middle row of taps. */
static int tap_row_of(int part) { return part == KERNEL_MAX ? 1 : part; }
static int parts(const iqlut_packed *p) { return p->kernel + (p->apart ? 1 : 0); }
static int partial_count(const iqlut_packed *p) {
    return p->kernel * (p->kernel + 1) / 2 + (p->apart ? p->kernel - 1 : 0);
}

#define TAKE(pointer, type, bytes) (pointer = memory ? (type *)(memory + used) : NULL, used += (bytes))

/* What lay_out does for colours. A row is kept until the bicubic kernel, two rows on, has read it. */
static size_t lay_out_colours(tile *t, uint8_t *memory, int64_t columns) {
    const iqlut_plan *plan = t->job->plan;
    size_t used = 0;
    int after = 0;
    for (int l = 0; l < plan->layer_count; l++) after += plan->layers[l].after;
    const int64_t columns_in = columns + 2 * plan->layer_count + 2 * CHROMA_REACH, columns_out = columns * plan->scale;
    colour_ring ring = {.count = (after > CHROMA_REACH ? after : CHROMA_REACH) + CHROMA_REACH + 1,
                        .luma_bytes = row_bytes(columns_in, 1)};
    ring.bytes = ring.luma_bytes + 2 * row_bytes(columns_in, sizeof(int16_t));
    TAKE(t->ring, colour_ring, (sizeof ring + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    TAKE(ring.rows, uint8_t, (size_t)ring.count * ring.bytes);
    TAKE(t->bright, uint8_t, (size_t)plan->scale * row_bytes(columns_out, 1));
    TAKE(t->join.tall, int32_t, row_bytes(columns_in, sizeof(int32_t)));
    TAKE(t->join.wide_red, int16_t, row_bytes(columns_out, sizeof(int16_t)));
    TAKE(t->join.wide_blue, int16_t, row_bytes(columns_out, sizeof(int16_t)));
    if (memory) *t->ring = ring;
    t->join.luma = t->bright, t->join.luma_stride = (int64_t)row_bytes(columns_out, 1);
    return used;
}

/* Lays the parts of a tile out in `memory` (or, if that is NULL, only counts them). */
static size_t lay_out(tile *t, uint8_t *memory, int64_t columns) {
    const iqlut_plan *plan = t->job->plan;
    size_t used = t->job->picture.channels > 1 ? lay_out_colours(t, memory, columns) : 0, stride_max = 1;
    columns += 2 * plan->layer_count;
    TAKE(t->lines, line, (plan->layer_count * sizeof(line) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    for (int l = 0; l < plan->layer_count; l++) {
        const iqlut_packed *packed = &plan->layers[l];
        const int stride = l ? plan->layers[l - 1].lanes : 1;
        stride_max = (size_t)stride > stride_max ? (size_t)stride : stride_max;
        const size_t signal_bytes = row_bytes(columns, (size_t)stride);
        const size_t partial_bytes = row_bytes(columns, (size_t)(packed->partial_bytes * packed->lanes));
        uint8_t *signal, *partial;
        TAKE(signal, uint8_t, SIGNAL_ROWS * signal_bytes);
        TAKE(partial, uint8_t, (size_t)packed->groups * (size_t)partial_count(packed) * partial_bytes);
        if (memory)
            t->lines[l] = (line){.packed = packed,
                                 .signal = signal,
                                 .partial = partial,
                                 .input_stride = stride,
                                 .signal_bytes = signal_bytes,
                                 .partial_bytes = partial_bytes};
    }
    for (int i = 0; i < 3; i++) TAKE(t->luma[i], uint8_t, row_bytes(columns, 1));
    TAKE(t->skip, uint8_t, row_bytes(columns, PERIOD));
    TAKE(t->phases, uint8_t, row_bytes(columns, 16));
    TAKE(t->keys.weights, uint16_t, row_bytes(columns, stride_max * sizeof(uint16_t)));
    TAKE(t->keys.offsets, uint16_t, row_bytes(columns, stride_max * sizeof(uint16_t)));
    TAKE(t->base, int16_t, row_bytes(columns, 16 * sizeof(int16_t)));
    return used;
}

size_t iqlut_workspace_bytes(const iqlut_job *job, int columns) {
    tile t = {.job = job};
    return lay_out(&t, NULL, columns);
}

static uint8_t *signal_row(const line *l, int64_t y) { return l->signal + (y % SIGNAL_ROWS) * l->signal_bytes + FRONT; }

/* The partial row of input row `y` for a group and a part; kernel less its tap row of them are kept. */
static uint8_t *partial_row(const line *l, int group, int part, int64_t y) {
    const int kernel = l->packed->kernel;
    const int before = part * kernel - part * (part - 1) / 2;
    const int64_t slot = group * partial_count(l->packed) + before + y % (kernel - tap_row_of(part));
    return l->partial + (size_t)slot * l->partial_bytes + FRONT;
}

/* Repeats the pixels at the borders of the image, which this row of input reaches or not. */
static void pad(const tile *t, const line *l, uint8_t *row) {
    const size_t pixel = (size_t)l->input_stride, width = (size_t)(l->input_last - l->input_first);
    if (l->input_first == 0) memcpy(row - pixel, row, pixel);
    if (l->input_last == t->job->picture.w) memcpy(row + width * pixel, row + (width - 1) * pixel, pixel);
}

static void expand_row(const tile *t, const line *l, int64_t y) {
    const iqlut_packed *p = l->packed;
    const iqlut_isa *isa = t->job->plan->isa;
    const int count = (int)(l->last - l->first), stride = l->input_stride;
    const uint8_t *signal = signal_row(l, y) + (ptrdiff_t)(l->first - p->before - l->input_first) * stride;
    const int surplus = p->groups * p->group_channels - p->channels_in; /* the last group may read past its pixel */
    if (isa->prepare) isa->prepare(p, signal, (count + p->kernel - 1) * stride + surplus, t->keys);
    for (int g = 0; g < p->groups; g++)
        for (int b = 0; b < p->blocks; b++) {
            const int first = g * p->group_channels;
            const iqlut_pass pass = {p,
                                     p->rows + (size_t)(g * p->blocks + b) * p->pass_bytes,
                                     signal + first,
                                     {t->keys.weights + first, t->keys.offsets + first},
                                     stride,
                                     count};
            void *out[PARTS_MAX] = {NULL};
            for (int i = 0; i < parts(p); i++) out[i] = partial_row(l, g, i, y) + b * p->block * p->partial_bytes;
            isa->expand(&pass, out);
        }
}

/* Each of `count` signals, `stride` apart, `lanes` times. */
INLINE void spread(const uint8_t *signal, int stride, int64_t count, uint8_t *to, const int lanes) {
    for (int64_t x = 0; x < count; x++, to += lanes) {
        const uint64_t eight = signal[x * stride] * 0x0101010101010101u;
        for (int n = 0; n < lanes; n += 8) memcpy(to + n, &eight, 8);
    }
}

/* The signal that the skip of a block reads: its input, spread over the outputs if it has one channel. */
static const uint8_t *skip_row(const tile *t, const line *l, int64_t y) {
    const iqlut_packed *p = l->packed;
    const uint8_t *signal = signal_row(l, y) + (l->first - l->input_first) * l->input_stride;
    if (p->skips && p->channels_in > 1) return signal;
    const int64_t count = l->last - l->first;
    if (p->skips && p->lanes == 8) spread(signal, l->input_stride, count, t->skip + FRONT, 8);
    else if (p->skips) spread(signal, l->input_stride, count, t->skip + FRONT, p->lanes);
    return t->skip + FRONT;
}

static void requantise_row(const tile *t, const line *l, int64_t y, const uint8_t *skip, const int16_t *base,
                           uint8_t *out) {
    const iqlut_packed *p = l->packed;
    const void *rows[ROWS_MAX];
    int count = 0;
    for (int g = 0; g < p->groups; g++)
        for (int i = 0; i < parts(p); i++)
            rows[count++] = partial_row(l, g, i, clamp(y + tap_row_of(i) - p->before, t->job->picture.h));
    t->job->plan->isa->requantise(p, rows, count, skip, base, out, (int)(l->last - l->first) * p->lanes);
}

/* Row `y` of the ring, from its column `first` on. */
static iqlut_colours colours_at(const colour_ring *ring, int64_t y) {
    uint8_t *luma = ring->rows + (size_t)(y % ring->count) * ring->bytes + FRONT, *red = luma + ring->luma_bytes;
    return (iqlut_colours){luma, (int16_t *)red, (int16_t *)(red + (ring->bytes - ring->luma_bytes) / 2)};
}

/* Takes the rows up to `y` apart; pixels outside the image repeat its border. */
static void take_colours(const tile *t, int64_t y) {
    colour_ring *ring = t->ring;
    const iqlut_picture *from = &t->job->picture;
    const int64_t left = at_least(0, ring->first), right = at_most(from->w, ring->last);
    for (; ring->next <= at_most(y, from->h - 1); ring->next++) {
        iqlut_colours row = colours_at(ring, ring->next);
        row.luma += left - ring->first, row.red += left - ring->first, row.blue += left - ring->first;
        const uint8_t *pixels = from->pixels + ring->next * from->stride + left * from->channels;
        t->job->plan->isa->split(pixels, from->channels, (int)(right - left), row);
        for (int64_t x = ring->first - left; x < 0; x++) row.red[x] = row.red[0], row.blue[x] = row.blue[0];
        for (int64_t x = right - left; x < ring->last - left; x++)
            row.red[x] = row.red[right - left - 1], row.blue[x] = row.blue[right - left - 1];
    }
}

/* A row of the image from `first` on, with the pixel before it and the pixel after its `count`, if inside. */
static void copy_luma(const tile *t, int64_t y, int64_t first, int64_t count, uint8_t *row) {
    const iqlut_picture *picture = &t->job->picture;
    const uint8_t *from = t->ring ? colours_at(t->ring, y).luma : picture->pixels + y * picture->stride;
    const int64_t origin = t->ring ? t->ring->first : 0;
    memcpy(row, from + (first - origin), (size_t)count);
    row[-1] = from[clamp(first - 1, picture->w) - origin];
    row[count] = from[clamp(first + count, picture->w) - origin];
}

/* The enlarged luma of row `y` and the colours around it to `scale` rows of the image. */
static void add_colours(const tile *t, int64_t first, int64_t count, int64_t y, uint8_t *out) {
    iqlut_join join = t->join;
    for (int k = 0; k < 5; k++) {
        const iqlut_colours row = colours_at(t->ring, clamp(y + k - CHROMA_REACH, t->job->picture.h));
        join.red[k] = row.red + (first - t->ring->first), join.blue[k] = row.blue + (first - t->ring->first);
    }
    join.count = (int)count, join.out = out, join.out_stride = t->job->out_stride;
    t->job->plan->isa->join(t->job->plan->scale, &join);
}

/* The last layer's row to `scale` rows of the image. */
static void finish_row(const tile *t, const line *l, int64_t y) {
    const iqlut_job *job = t->job;
    const int scale = job->plan->scale, lanes = l->packed->lanes, count = (int)(l->last - l->first);
    uint8_t *rows[3], *phases = t->phases + FRONT;
    int16_t *base = t->base + FRONT / sizeof(int16_t);
    if (t->ring) take_colours(t, y + CHROMA_REACH);
    for (int i = 0; i < 3; i++) {
        rows[i] = t->luma[i] + FRONT;
        copy_luma(t, clamp(y + i - 1, job->picture.h), l->first, count, rows[i]);
    }
    job->plan->isa->bilinear(scale, (const uint8_t *const *)rows, base, lanes, count);
    requantise_row(t, l, y, NULL, base, phases);
    uint8_t *out = job->out + y * scale * job->out_stride + l->first * scale * (t->ring ? 3 : 1);
    if (t->ring) {
        job->plan->isa->shuffle(scale, phases, lanes, count, t->bright, t->join.luma_stride);
        add_colours(t, l->first, count, y, out);
    } else {
        job->plan->isa->shuffle(scale, phases, lanes, count, out, job->out_stride);
    }
}

/* Takes in the rows that row `y` of layer `index` still lacks, from the layer before, and computes it. */
static void produce(const tile *t, int index, int64_t y) {
    line *l = &t->lines[index];
    const int64_t needed = at_most(y + l->packed->after, t->job->picture.h - 1);
    for (; l->next_input <= needed; l->next_input++) {
        if (index) {
            produce(t, index - 1, l->next_input);
        } else {
            if (t->ring) take_colours(t, l->next_input);
            copy_luma(t, l->next_input, l->input_first, l->input_last - l->input_first,
                      signal_row(l, l->next_input));
        }
        pad(t, l, signal_row(l, l->next_input));
        expand_row(t, l, l->next_input);
    }
    if (index == t->job->plan->layer_count - 1) {
        finish_row(t, l, y);
    } else {
        const line *next = l + 1;
        requantise_row(t, l, y, skip_row(t, l, y), NULL, signal_row(next, y));
    }
}

void iqlut_upscale_tile(const iqlut_job *job, void *workspace, int64_t top, int64_t bottom, int64_t left,
                        int64_t right) {
    tile t = {.job = job};
    lay_out(&t, workspace, right - left);
    int64_t first_row = top, first = left, last = right;
    for (int index = job->plan->layer_count - 1; index >= 0; index--) {
        line *l = &t.lines[index];
        l->first = first, l->last = last;
        first = l->input_first = at_least(0, first - l->packed->before);
        last = l->input_last = at_most(job->picture.w, last + l->packed->after);
        first_row = l->next_input = at_least(0, first_row - l->packed->before);
    }
    if (t.ring) {
        t.ring->first = first - CHROMA_REACH, t.ring->last = last + CHROMA_REACH;
        t.ring->next = at_least(0, at_most(first_row, top - CHROMA_REACH));
    }
    for (int64_t y = top; y < bottom; y++) produce(&t, job->plan->layer_count - 1, y);
}
