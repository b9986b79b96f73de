/* AMX, the products of tiles of Intel's servers since Sapphire Rapids, for layers of many channels.
 * There, products of whole matrices are faster than touching two levels only.
 *
 * The hats of a pixel are the weights of all levels of all its channels: ONE - t and t at the two
 * levels that a signal lies between, 0 elsewhere. With one row for each pixel that a layer reads,
 *
 *     F is the sum over taps of hats x entries, in int8, exactly;
 *     the gradients of the entries are the transposed hats x the gathered gradients of F;
 *     the gradients of the signals are the gathered gradients of F x rises, of which a channel
 *     takes that of its level.
 *
 * The last two are products of bfloat16 with sums in float32: hats are exact, gradients of F and
 * rises have 8 significant bits. All else is taken from avx512.c. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "amx.h"

#define LEAST_CHANNELS 16 /* fewer: avx512.c is faster */
#define MOST_LEVELS 16    /* likewise: so many weights are 0 */

/* Linux lets a process use tiles, in all of its threads, once it has asked for them. */
static int allowed(void) {
    const long ask = 0x1023, tiles = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    return !syscall(SYS_arch_prctl, ask, tiles);
}

static int suits(const iqlut_train_view *l) {
    return l->channels_in >= LEAST_CHANNELS && l->channels_out >= LEAST_CHANNELS &&
           l->levels <= MOST_LEVELS;
}

/* ---- the form of a layer ---- */

static size_t form_bytes(const iqlut_train_view *l) {
    if (!suits(l)) return 0;
    const amx_sizes s = amx_sizes_of(l);
    return amx_rises_at(l, &s) * sizeof(bfloat) + amx_rise_tiles(&s) * TILE_BYTES;
}

/* The entries of a channel, level `hat` of all, to their place in the tiles of a tap. */
static void pack_entries(const iqlut_train_view *l, const amx_sizes *s, int hat, int8_t *entries) {
    const int level = hat % l->levels, gap = level < l->levels - 1 ? level : level - 1;
    const size_t deep = (size_t)iqlut_round_up(s->hats, INT8_PER_ROW) / INT8_PER_ROW;
    const int8_t *row = l->pairs +
                        (size_t)(hat / l->levels * (l->levels - 1) + gap) * l->pair_stride +
                        (level - gap);
    for (int tap = 0; tap < l->kernel * l->kernel; tap++) {
        int8_t *tiles = entries + (size_t)tap * amx_entry_tiles(s) * TILE_BYTES;
        const int outputs = iqlut_train_tap_outputs(l->shape, tap);
        const int8_t *from = row + 2 * iqlut_train_tap_at(l->shape, tap);
        for (int o = 0; o < outputs; o++)
            tiles[((size_t)(o / TILE_SIDE) * deep + hat / INT8_PER_ROW) * TILE_BYTES +
                  hat % INT8_PER_ROW / 4 * 64 + o % TILE_SIDE * 4 + hat % 4] = from[2 * o];
    }
}

/* The rises of a channel from a level to the next, `gap` of all, to their place in the tiles. */
static void pack_rises(const iqlut_train_view *l, const amx_sizes *s, int gap, bfloat *rises) {
    const float *row = l->rises + (size_t)gap * l->stride;
    bfloat *tiles =
        rises + (size_t)(gap / TILE_SIDE) * (size_t)(s->row / BFLOATS_PER_ROW) * (TILE_BYTES / 2);
    for (int n = 0; n < l->stride; n++)
        tiles[(size_t)(n / BFLOATS_PER_ROW) * (TILE_BYTES / 2) + n % BFLOATS_PER_ROW / 2 * 32 +
              gap % TILE_SIDE * 2 + n % 2] = amx_to_bfloat(row[n]);
}

static void pack_form(const iqlut_train_view *l, void *form) {
    const amx_sizes s = amx_sizes_of(l);
    memset(form, 0, form_bytes(l));
    for (int hat = 0; hat < s.hats; hat++) pack_entries(l, &s, hat, form);
    bfloat *rises = (bfloat *)form + amx_rises_at(l, &s);
    for (int gap = 0; gap < s.gaps; gap++) pack_rises(l, &s, gap, rises);
}

/* ---- forward ---- */

static int hat_bytes(const amx_sizes *s) { return iqlut_round_up(s->hats, INT8_PER_ROW); }

/* Tiles that begin at the last outputs read beyond the pixels of the layer. */
static size_t forward_bytes(const iqlut_train_view *l) {
    const amx_sizes s = amx_sizes_of(l);
    const int pixels = iqlut_round_up(l->h * s.pitch, TWO_TILES) + s.border * s.pitch + s.border;
    return (size_t)pixels * (size_t)hat_bytes(&s);
}

static void pixel_hats(const iqlut_train_view *l, const uint8_t *signal, uint8_t *row, int bytes) {
    memset(row, 0, (size_t)bytes);
    for (int c = 0; c < l->channels_in; c++, row += l->levels)
        memcpy(row + l->code[signal[c]], &l->weights[signal[c]], 2);
}

/* The hats of all pixels that the layer reads, pixel by pixel. */
static void hats_by_pixel(const iqlut_train_view *l, const amx_sizes *s, const uint8_t *signal,
                          uint8_t *hats) {
    const int bytes = hat_bytes(s), before = s->before, w = l->w, h = l->h;
    const size_t line = (size_t)s->pitch * (size_t)bytes;
    for (int y = 0; y < h; y++) {
        uint8_t *row = hats + (size_t)(y + before) * line, *first = row + (size_t)before * bytes;
        for (int x = 0; x < w; x++, signal += l->channels_in)
            pixel_hats(l, signal, first + (size_t)x * bytes, bytes);
        const uint8_t *last = first + (size_t)(w - 1) * bytes;
        for (int x = 0; x < before; x++) memcpy(row + (size_t)x * bytes, first, (size_t)bytes);
        for (int x = before + w; x < w + s->border; x++)
            memcpy(row + (size_t)x * bytes, last, (size_t)bytes);
    }
    const uint8_t *first = hats + (size_t)before * line, *last = first + (size_t)(h - 1) * line;
    for (int y = 0; y < before; y++) memcpy(hats + (size_t)y * line, first, line);
    for (int y = before + h; y < h + s->border; y++) memcpy(hats + (size_t)y * line, last, line);
}

/* F of the outputs from `output` on, of 32 pixels from `pixel` on, from whole sums. */
static void write_sums(const iqlut_train_pass *pass, const amx_sizes *s,
                       int32_t sums[TWO_TILES][TWO_TILES], int pixel, int output) {
    const iqlut_train_view *l = pass->layer;
    const int d = l->channels_out, count = d - output < TWO_TILES ? d - output : TWO_TILES;
    int y = pixel / s->pitch, x = pixel % s->pitch;
    for (int p = 0; p < TWO_TILES; p++, x++) {
        if (x == s->pitch) x = 0, y++;
        if (x >= l->w || y >= l->h) continue;
        float *to = pass->acc + ((size_t)y * l->w + x) * d + output;
        for (int o = 0; o < count; o += TILE_SIDE) {
            const __mmask16 some = (__mmask16)amx_first(count - o);
            const __m512 whole = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums[p] + o));
            const __m512 unit = _mm512_maskz_loadu_ps(some, l->unit + output + o);
            _mm512_mask_storeu_ps(to + o, some, _mm512_mul_ps(whole, unit));
        }
    }
}

static void forward(const iqlut_train_pass *pass) {
    const iqlut_train_view *l = pass->layer;
    if (!suits(l)) {
        iqlut_train_avx512.forward(pass);
        return;
    }
    const amx_sizes s = amx_sizes_of(l);
    const size_t bytes = (size_t)hat_bytes(&s);
    const int deep = hat_bytes(&s) / INT8_PER_ROW, k = l->kernel;
    const size_t column = (size_t)deep * TILE_BYTES;
    uint8_t *hats = (uint8_t *)pass->work;
    int32_t sums[TWO_TILES][TWO_TILES];
    hats_by_pixel(l, &s, pass->signal, hats);
    amx_begin();
    for (int pixel = 0; pixel < l->h * s.pitch; pixel += TWO_TILES)
        for (int o = 0; o < s.outputs; o += TWO_TILES) {
            const int both = o + TILE_SIDE < s.outputs;
            const int8_t *entries = amx_entries(l) + (size_t)(o / TILE_SIDE) * column;
            amx_zero();
            for (int tap = 0; tap < k * k; tap++) {
                const int from = pixel + tap / k * s.pitch + tap % k;
                const amx_rows rows = {hats + (size_t)from * bytes, bytes, TILE_SIDE * bytes,
                                       INT8_PER_ROW};
                AMX_MULTIPLY(_tile_dpbusd, rows, entries, both ? entries + column : NULL, deep)
                entries += amx_entry_tiles(&s) * TILE_BYTES;
            }
            amx_store(sums, TWO_TILES, both);
            write_sums(pass, &s, sums, pixel, o);
        }
    _tile_release();
}

/* ---- the instruction set ---- */

static size_t work_bytes(const iqlut_train_view *l) {
    if (!suits(l)) return 0;
    const size_t forward = forward_bytes(l), backward = amx_backward_bytes(l);
    return forward > backward ? forward : backward;
}

static void backward(const iqlut_train_pass *pass) {
    if (suits(pass->layer) && !pass->grads->knots) amx_backward(pass);
    else iqlut_train_avx512.backward(pass);
}

static void gate_forward(const iqlut_train_pass *pass) { iqlut_train_avx512.gate_forward(pass); }
static void gate_backward(const iqlut_train_pass *pass) { iqlut_train_avx512.gate_backward(pass); }
static float loss(const iqlut_train_error *error) { return iqlut_train_avx512.loss(error); }

const iqlut_train_isa iqlut_train_amx = {.name = "amx",
                                         .needs = IQLUT_CPU_AMX,
                                         .allowed = allowed,
                                         .form_bytes = form_bytes,
                                         .pack_form = pack_form,
                                         .work_bytes = work_bytes,
                                         .forward = forward,
                                         .gate_forward = gate_forward,
                                         .gate_backward = gate_backward,
                                         .backward = backward,
                                         .loss = loss};
