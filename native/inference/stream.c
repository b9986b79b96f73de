/* Streams one tile of a plane through all layers, a row at a time.
 *
 * Each layer keeps the last two rows of its input and, for each row i of its taps, the partial rows
 * that outputs still to come need: kernel - i of them. A paired layer adds its tap rows to a row of
 * sums for each row of output in progress instead. A tile computes the halo around itself that
 * lies inside the image, and every layer uses edge replication at the borders of the image, so a
 * tile's pixels are those of the whole.
 */
#include <string.h>

#include "tile.h"

static uint8_t *signal_row(const line *l, int64_t y) {
    return l->signal + (y % SIGNAL_ROWS) * l->signal_bytes + FRONT;
}

/* Row number `slot` of the partial rows, or of the rows of sums, of a part. */
static uint8_t *kept_row(const line *l, int part, int64_t slot) {
    return l->partial[part] + (size_t)slot * l->partial_bytes + FRONT;
}

/* Partial row number `row` of a group of a part, of the input row `y`. */
static uint8_t *partial_row(const line *l, int part, int group, int row, int64_t y) {
    const iqlut_packed *p = part_at(l->packed, part);
    const int kept = rows_in_progress(p), before = row * kept - row * (row - 1) / 2;
    return kept_row(l, part, group * rows_kept(p) + before + y % (kept - tap_row_of(row)));
}

/* Of a paired part: the sums of output row `y`, and the spare row. */
static uint8_t *sums_row(const line *l, int part, int64_t y) {
    return kept_row(l, part, y % rows_in_progress(part_at(l->packed, part)));
}

static uint8_t *spare_row(const line *l, int part) {
    return kept_row(l, part, rows_in_progress(part_at(l->packed, part)));
}

static int is_last_input(const tile *t, int64_t y) { return y == t->job->picture.h - 1; }

static int reads_spare_row(const tile *t, const iqlut_packed *p, int64_t y) {
    return p->kernel > 1 && (is_last_input(t, y) || is_last_input(t, y + 1));
}

/* Where the tap rows of the input row `y` go. The row above the image repeats its first row, so
 * output row 0 begins with tap row 0 of that row, which has just been stored at to[0]. The row
 * below repeats its last row, whose last tap row therefore belongs to two rows of output: it is
 * kept in the spare row, which requantisation adds to both. */
static void place_sums(const tile *t, const line *l, int part, int64_t y, iqlut_tap_rows *rows) {
    const int kernel = part_at(l->packed, part)->kernel, before = iqlut_before(kernel);
    for (int i = 0; i < kernel; i++) {
        const int64_t to = y + before - i;
        const int is_kept = is_last_input(t, y) && i > 0 && i == kernel - 1;
        /* Rows of output above the tile are not computed, so anything may be added there. */
        rows->to[i] = is_kept || to < l->first_output ? spare_row(l, part) : sums_row(l, part, to);
    }
    rows->addend = rows->to[y == 0 && before ? 0 : 1];
    if (is_last_input(t, y)) memset(spare_row(l, part) - FRONT, 0, l->partial_bytes);
}

static void place_partial_rows(const line *l, int part, int group, int64_t y,
                               iqlut_tap_rows *rows) {
    for (int i = 0; i < rows_made(part_at(l->packed, part)); i++)
        rows->to[i] = partial_row(l, part, group, i, y);
}

/* Repeats the pixels at the borders of the image, which this row of input reaches or not. */
static void pad(const tile *t, const line *l, uint8_t *row) {
    const size_t pixel = (size_t)l->input_stride;
    const size_t width = (size_t)(l->input_last - l->input_first);
    if (l->input_first == 0) memcpy(row - pixel, row, pixel);
    if (l->input_last == t->job->picture.w)
        memcpy(row + width * pixel, row + (width - 1) * pixel, pixel);
}

/* From a block of outputs to the next. */
static void move_on(iqlut_tap_rows *rows, int bytes) {
    for (int i = 0; i < IQLUT_PARTIALS_MAX; i++)
        if (rows->to[i]) rows->to[i] = (uint8_t *)rows->to[i] + bytes;
    if (rows->addend) rows->addend = (const uint8_t *)rows->addend + bytes;
}

static void expand_part(const tile *t, const line *l, int part, int64_t y) {
    const iqlut_packed *p = part_at(l->packed, part);
    const iqlut_isa *isa = &t->job->plan->isa;
    const int count = (int)(l->last - l->first), stride = l->input_stride;
    const int64_t left = l->first - iqlut_before(p->kernel) - l->input_first;
    const ptrdiff_t start = (ptrdiff_t)left * stride;
    const uint8_t *signal = signal_row(l, y) + start;
    /* The last group may read past its pixel. */
    const int surplus = p->groups * p->group_channels - p->channels_in;
    if (isa->prepare) isa->prepare(p, signal, (count + p->kernel - 1) * stride + surplus, t->keys);
    for (int g = 0; g < p->groups; g++) {
        iqlut_tap_rows rows = {{NULL}, NULL};
        if (p->paired) place_sums(t, l, part, y, &rows);
        else place_partial_rows(l, part, g, y, &rows);
        for (int b = 0; b < p->blocks; b++) {
            const int first = g * p->group_channels;
            const iqlut_pass pass = {p,
                                     p->rows + (size_t)(g * p->blocks + b) * p->pass_bytes,
                                     signal + first,
                                     {t->keys.weights + first, t->keys.offsets + first},
                                     stride,
                                     count,
                                     b * p->block};
            isa->expand(&pass, &rows);
            move_on(&rows, p->block * p->partial_bytes);
        }
    }
}

static void expand_row(const tile *t, const line *l, int64_t y) {
    for (int part = 0; part < part_count(l->packed); part++) expand_part(t, l, part, y);
}

/* Each of `count` signals, `stride` apart, `lanes` times. */
IQLUT_INLINE void spread(const uint8_t *signal, int stride, int64_t count, uint8_t *to,
                         const int lanes) {
    for (int64_t x = 0; x < count; x++, to += lanes) {
        const uint64_t eight = signal[x * stride] * 0x0101010101010101u;
        for (int n = 0; n < lanes; n += 8) memcpy(to + n, &eight, 8);
    }
}

/* The signal that the skip of a block reads: its input, spread over the outputs if it has one
 * channel. */
static const uint8_t *skip_row(const tile *t, const line *l, int64_t y) {
    const iqlut_packed *p = l->packed;
    const uint8_t *signal = signal_row(l, y) + (l->first - l->input_first) * l->input_stride;
    if (p->skips && p->channels_in > 1) return signal;
    const int64_t count = l->last - l->first;
    if (p->skips && p->lanes == 8) spread(signal, l->input_stride, count, t->skip + FRONT, 8);
    else if (p->skips) spread(signal, l->input_stride, count, t->skip + FRONT, p->lanes);
    return t->skip + FRONT;
}

/* Lists the rows of a part that output row `y` is the sum of. */
static void list_rows(const tile *t, const line *l, int part, int64_t y, iqlut_requantise *row) {
    const iqlut_packed *p = part_at(l->packed, part);
    if (p->paired) {
        row->rows[row->row_count++] = sums_row(l, part, y);
        if (reads_spare_row(t, p, y)) row->rows[row->row_count++] = spare_row(l, part);
        return;
    }
    for (int g = 0; g < p->groups; g++)
        for (int i = 0; i < rows_made(p); i++) {
            const int64_t from = y + tap_row_of(i) - iqlut_before(p->kernel);
            row->rows[row->row_count++] =
                partial_row(l, part, g, i, iqlut_clamp_index(from, t->job->picture.h));
        }
}

/* `skip` is the signal that the skip reads; NULL: the bilinear base. */
static void requantise_row(const tile *t, const line *l, int64_t y, const uint8_t *skip,
                           uint8_t *out) {
    const iqlut_packed *p = l->packed;
    iqlut_requantise row;
    row.layer = p, row.skip = skip, row.out = out;
    row.base = skip ? NULL : t->base + FRONT / sizeof(int16_t);
    row.count = (int)(l->last - l->first) * p->lanes;
    row.row_count = 0;
    for (int n = 0; n < part_count(p); n++) list_rows(t, l, n, y, &row);
    t->job->plan->isa.requantise(&row);
}

/* A row of luma from column `first` on, with the pixel before it and the pixel after its `count`,
 * if inside. */
static void copy_luma(const tile *t, int64_t y, int64_t first, int64_t count, uint8_t *row) {
    const iqlut_picture *picture = &t->job->picture;
    const uint8_t *from =
        t->ring ? iqlut_colours_at(t->ring, y).luma : picture->pixels + y * picture->stride;
    const int64_t origin = t->ring ? t->ring->first : 0;
    memcpy(row, from + (first - origin), (size_t)count);
    row[-1] = from[iqlut_clamp_index(first - 1, picture->w) - origin];
    row[count] = from[iqlut_clamp_index(first + count, picture->w) - origin];
}

/* The bilinear base of the last layer's row. */
static void base_row(const tile *t, const line *l, int64_t y) {
    const iqlut_plan *plan = t->job->plan;
    const int count = (int)(l->last - l->first);
    iqlut_bilinear row = {.base = t->base + FRONT / sizeof(int16_t),
                          .scale = plan->scale,
                          .lanes = l->packed->lanes,
                          .count = count};
    for (int i = 0; i < 3; i++) {
        uint8_t *luma = t->luma[i] + FRONT;
        copy_luma(t, iqlut_clamp_index(y + i - 1, t->job->picture.h), l->first, count, luma);
        row.luma[i] = luma;
    }
    plan->isa.bilinear(&row);
}

/* The last layer's row to `scale` rows of the result. */
static void finish_row(const tile *t, const line *l, int64_t y) {
    const iqlut_job *job = t->job;
    const int scale = job->plan->scale;
    uint8_t *phases = t->phases + FRONT;
    if (t->ring) iqlut_take_colours(t, y + IQLUT_CUBIC_REACH);
    base_row(t, l, y);
    requantise_row(t, l, y, NULL, phases);
    uint8_t *out = job->result.pixels + y * scale * job->result.stride;
    out += l->first * scale * (t->ring ? 3 : 1);
    iqlut_shuffle row = {.phases = phases,
                         .scale = scale,
                         .lanes = l->packed->lanes,
                         .count = (int)(l->last - l->first),
                         .out = t->ring ? t->bright : out,
                         .out_stride = t->ring ? t->join.luma_stride : job->result.stride};
    job->plan->isa.shuffle(&row);
    if (t->ring) iqlut_add_colours(t, y, out);
}

/* Takes in the rows that row `y` of layer `index` still lacks, from the layer before, and computes
 * it. */
static void produce(const tile *t, int index, int64_t y) {
    line *l = &t->lines[index];
    const int64_t needed = at_most(y + l->packed->after, t->job->picture.h - 1);
    const int64_t width = l->input_last - l->input_first;
    /* A stopped tile computes with rows that it lacks; nobody reads its result. */
    for (; l->next_input <= needed && !iqlut_stopped(t->job); l->next_input++) {
        uint8_t *row = signal_row(l, l->next_input);
        if (index) {
            produce(t, index - 1, l->next_input);
        } else {
            if (t->ring) iqlut_take_colours(t, l->next_input);
            copy_luma(t, l->next_input, l->input_first, width, row);
        }
        pad(t, l, row);
        expand_row(t, l, l->next_input);
    }
    if (index == t->job->plan->layer_count - 1) finish_row(t, l, y);
    else requantise_row(t, l, y, skip_row(t, l, y), signal_row(l + 1, y));
}

/* The taps off the centre write the lanes of their outputs only, but all lanes are added. */
static void clear_unused_lanes(const line *l) {
    const iqlut_packed *p = l->packed->spatial;
    if (p && p->blocks * p->block < p->lanes) memset(l->partial[1], 0, partial_rows_bytes(l, p));
}

void iqlut_upscale_tile(const iqlut_job *job, void *workspace, const iqlut_rectangle *place) {
    const int last_layer = job->plan->layer_count - 1;
    tile t = {.job = job};
    iqlut_lay_out(&t, workspace, place->right - place->left);
    for (int index = 0; index <= last_layer; index++) clear_unused_lanes(&t.lines[index]);
    int64_t first_row = place->top, first = place->left, last = place->right;
    for (int index = last_layer; index >= 0; index--) {
        line *l = &t.lines[index];
        l->first = first, l->last = last, l->first_output = first_row;
        first = l->input_first = at_least(0, first - l->packed->before);
        last = l->input_last = at_most(job->picture.w, last + l->packed->after);
        first_row = l->next_input = at_least(0, first_row - l->packed->before);
    }
    if (t.ring) iqlut_begin_colours(&t, place);
    for (int64_t y = place->top; y < place->bottom && !iqlut_stopped(job); y++)
        produce(&t, last_layer, y);
}
