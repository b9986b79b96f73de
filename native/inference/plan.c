/* Plans: choice of the instruction set, limits, packing. */
#include "plan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const iqlut_isa *const isas[] = {
    &iqlut_isa_portable,
#ifdef IQLUT_NEON
    &iqlut_isa_neon,
#endif
#ifdef IQLUT_NEON_DOT
    &iqlut_isa_neondot,
#endif
#ifdef IQLUT_X86
    &iqlut_isa_avx2,     &iqlut_isa_avx512, &iqlut_isa_avx512vnni, &iqlut_isa_avx512vbmi,
#endif
};
enum { ISA_COUNT = sizeof isas / sizeof *isas };

static const iqlut_isa reference = {.name = IQLUT_REFERENCE};

const char *iqlut_instruction_set(int index) {
    for (int i = 0; i < ISA_COUNT; i++)
        if (iqlut_cpu_has(isas[i]->needs) && index-- == 0) return isas[i]->name;
    return NULL;
}

static const iqlut_isa *find_isa(const char *name) {
    if (name && !strcmp(name, IQLUT_REFERENCE)) return &reference;
    const iqlut_isa *found = NULL;
    for (int i = 0; i < ISA_COUNT; i++)
        if (iqlut_cpu_has(isas[i]->needs) && (!name || !strcmp(name, isas[i]->name)))
            found = isas[i];
    return found;
}

/* An instruction set with what it leaves to another. */
static iqlut_isa completed(const iqlut_isa *isa) {
    if (!isa->otherwise) return *isa;
    const iqlut_isa other = completed(isa->otherwise);
    iqlut_isa whole = isa->vector_lanes ? *isa : other;
    whole.name = isa->name, whole.needs = isa->needs;
    whole.prepare = isa->prepare ? isa->prepare : other.prepare;
    whole.expand = isa->expand ? isa->expand : other.expand;
    whole.requantise = isa->requantise ? isa->requantise : other.requantise;
    whole.bilinear = isa->bilinear ? isa->bilinear : other.bilinear;
    whole.shuffle = isa->shuffle ? isa->shuffle : other.shuffle;
    whole.split = isa->split ? isa->split : other.split;
    whole.join = isa->join ? isa->join : other.join;
    whole.upscale_samples = isa->upscale_samples ? isa->upscale_samples : other.upscale_samples;
    return whole;
}

int iqlut_choose_isa(const char *name, iqlut_isa *isa) {
    const iqlut_isa *found = find_isa(name);
    if (found) *isa = completed(found);
    return found != NULL;
}

static int fill(iqlut_plan *plan, const iqlut_tables *tables) {
    if (!strcmp(plan->isa.name, IQLUT_REFERENCE)) {
        plan->tables = iqlut_copy_tables(tables);
        return plan->tables ? IQLUT_OK : IQLUT_NO_MEMORY;
    }
    const size_t bytes = (size_t)tables->layer_count * sizeof *plan->layers;
    plan->layers = iqlut_allocate_zeroed(bytes);
    int code = plan->layers ? IQLUT_OK : IQLUT_NO_MEMORY;
    for (int l = 0; l < tables->layer_count && !code; l++)
        code = iqlut_pack(&plan->layers[l], &tables->layers[l], &plan->isa);
    return code;
}

int iqlut_plan_create(const iqlut_tables *tables, const char *isa_name, iqlut_plan **plan,
                      iqlut_problem *problem) {
    *plan = NULL;
    const iqlut_model_shape model = {tables->scale, tables->layer_count, tables->layers,
                                     sizeof *tables->layers};
    int code = iqlut_check_limits(&model, problem);
    if (code) return code;
    iqlut_isa isa;
    if (!iqlut_choose_isa(isa_name, &isa))
        return iqlut_fail(problem, (iqlut_problem){.code = IQLUT_NO_INSTRUCTION_SET});
    iqlut_plan *made = calloc(1, sizeof *made);
    if (!made) return iqlut_fail(problem, (iqlut_problem){.code = IQLUT_NO_MEMORY});
    made->isa = isa;
    made->scale = tables->scale;
    made->layer_count = tables->layer_count;
    code = fill(made, tables);
    if (!code) *plan = made;
    else iqlut_plan_free(made);
    return code ? iqlut_fail(problem, (iqlut_problem){.code = code}) : IQLUT_OK;
}

void iqlut_plan_free(iqlut_plan *plan) {
    if (!plan) return;
    for (int l = 0; plan->layers && l < plan->layer_count; l++) iqlut_free_packed(&plan->layers[l]);
    iqlut_release(plan->layers);
    iqlut_free_tables(plan->tables);
    iqlut_release(atomic_load(&plan->spare));
    free(plan);
}

const char *iqlut_plan_isa(const iqlut_plan *plan) { return plan->isa.name; }
