/* The functions of iqlut.h for check.c, out of a library that is loaded while the program runs:
 * the file that the environment variable IQLUT_LIBRARY names, such as the library of a wheel. */
#include <stdio.h>
#include <stdlib.h>

#include "inference/iqlut.h"

#ifdef _WIN32
#include <windows.h>

static void *open_library(const char *path) { return (void *)LoadLibraryA(path); }
static void *look_up(void *library, const char *name) {
    return (void *)GetProcAddress((HMODULE)library, name);
}
#else
#include <dlfcn.h>

static void *open_library(const char *path) { return dlopen(path, RTLD_NOW); }
static void *look_up(void *library, const char *name) { return dlsym(library, name); }
#endif

/* The function of this name; ends the program if there is none. */
static void *loaded(const char *name) {
    static void *library;
    const char *path = getenv("IQLUT_LIBRARY");
    if (!library && path) library = open_library(path);
    void *found = library ? look_up(library, name) : NULL;
    if (found) return found;
    fprintf(stderr, "IQLUT_LIBRARY is %s, expected a library with %s; name that of a wheel\n",
            path ? path : "not set", name);
    exit(2);
}
#define LOADED(name) ((__typeof__(name) *)loaded(#name))

const char *iqlut_instruction_set(int index) { return LOADED(iqlut_instruction_set)(index); }

int iqlut_plan_create(const iqlut_tables *tables, const char *isa, iqlut_plan **plan,
                      iqlut_problem *problem) {
    return LOADED(iqlut_plan_create)(tables, isa, plan, problem);
}

void iqlut_plan_free(iqlut_plan *plan) { LOADED(iqlut_plan_free)(plan); }

int iqlut_upscale(iqlut_plan *plan, const iqlut_picture *picture, const iqlut_result *result,
                  int threads, const volatile int32_t *stop) {
    return LOADED(iqlut_upscale)(plan, picture, result, threads, stop);
}
