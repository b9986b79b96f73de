/* What the code asks of the compiler: GCC or Clang. */
#ifndef IQLUT_COMPILER_H
#define IQLUT_COMPILER_H

#define IQLUT_INLINE static inline __attribute__((always_inline))
#define IQLUT_NOINLINE __attribute__((noinline))

/* `for (...)`, unrolled wholly if the number of rounds is known, so that arrays of vectors become
 * registers. Builds with sanitizers define IQLUT_UNROLL as nothing: what they add to each round
 * would be compiled a hundred times. */
#define IQLUT_FOR_UNROLLED(...) IQLUT_UNROLL for (__VA_ARGS__)
#if !defined IQLUT_UNROLL && defined __clang__
#define IQLUT_UNROLL _Pragma("clang loop unroll(full)")
#pragma clang diagnostic ignored "-Wpass-failed" /* where the number is not known */
#elif !defined IQLUT_UNROLL
#define IQLUT_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
