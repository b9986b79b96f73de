/* A plan, and what the files that make and run it share. */
#ifndef IQLUT_PLAN_H
#define IQLUT_PLAN_H

#include "isa.h"

struct iqlut_plan {
    iqlut_isa isa;
    int scale, layer_count;
    iqlut_packed *layers;
    iqlut_tables *tables;  /* a copy, of "reference" alone, which has no packed layers */
    _Atomic(void *) spare; /* a workspace of an earlier call, for the next one to take */
};

/* plan.c: the instruction set of this name, or the fastest, with what it leaves to others. Whether
 * there is one. */
int iqlut_choose_isa(const char *name, iqlut_isa *isa);

/* What one call does. */
typedef struct {
    const iqlut_plan *plan;
    iqlut_picture picture;
    iqlut_result result;
    const volatile int32_t *stop; /* NULL, or what another thread sets to stop the call */
} iqlut_job;

static inline int iqlut_stopped(const iqlut_job *job) { return job->stop && *job->stop; }

/* Where a tile is: rows top..bottom and columns left..right of the low-resolution plane. */
typedef struct {
    int64_t top, bottom, left, right;
} iqlut_rectangle;

/* An entry of a layer: input channel, level, tap in the order of rows, output channel. */
static inline int iqlut_entry_at(const iqlut_layer *l, int c, int level, int tap, int d) {
    const int taps = l->shape.kernel * l->shape.kernel;
    return l->lut[((c * l->shape.levels + level) * taps + tap) * l->shape.channels_out + d];
}

/* pack.c: a layer; what it allocated; and a layer or a part of it in one piece. */
int iqlut_pack(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa);
void iqlut_free_packed(iqlut_packed *packed);
int iqlut_pack_part(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa);

/* pack_shape.c: whether a layer in one piece would have the compact form. */
int iqlut_packs_compact(const iqlut_layer *layer, const iqlut_isa *isa);

/* pack_compact.c: gives a paired layer of 3x3 taps its compact form, if it has one with room. */
int iqlut_try_compact(iqlut_packed *packed, const iqlut_layer *layer);

/* pack_lines.c: whether a layer is one of lines, which is then noted; and the lane of a tap and an
 * output of a block in a row of lines, less than 0 if the output lacks the tap. */
int iqlut_find_lines(iqlut_packed *packed, const iqlut_layer *layer);
int iqlut_line_lane(const iqlut_packed *p, int tap, int block, int output);

/* pack_spatial.c: how many of the first inputs and of the first outputs there are taps between, off
 * the centre of 3x3, and whether that is fewer than all; and such a layer packed as two parts. */
typedef struct {
    int inputs, outputs, are_few;
} iqlut_spatial;
iqlut_spatial iqlut_find_spatial(const iqlut_layer *layer);
int iqlut_pack_parts(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa,
                     const iqlut_spatial *spatial);

/* stream.c */
size_t iqlut_workspace_bytes(const iqlut_job *job, int columns);
void iqlut_upscale_tile(const iqlut_job *job, void *workspace, const iqlut_rectangle *tile);

/* tables_copy.c */
iqlut_tables *iqlut_copy_tables(const iqlut_tables *tables);
void iqlut_free_tables(iqlut_tables *tables);

/* reference.c: the name of its mode, and the whole call. */
#define IQLUT_REFERENCE "reference"
int iqlut_reference(const iqlut_job *job);

#endif
